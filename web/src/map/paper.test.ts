import { expect, test } from "vitest";

import { barLength, PX_PER_MM, scaleFor, zoomFor } from "./paper";

test("the scale is the largest round one at which everything fits", () => {
  expect(scaleFor(1000, 500, { width_mm: 200, height_mm: 150 })).toBe(5000);
  expect(scaleFor(1001, 500, { width_mm: 200, height_mm: 150 })).toBe(7500);
  expect(scaleFor(10, 10, { width_mm: 200, height_mm: 150 })).toBe(500);
});

test("a millimetre of paper is as long on the ground as the scale says", () => {
  for (const lat of [0, 30, 60]) {
    const metresPerPixel = (40_075_016.7 * Math.cos((lat * Math.PI) / 180)) / (512 * 2 ** zoomFor(5000, lat));
    expect(metresPerPixel * PX_PER_MM).toBeCloseTo(5, 6);
  }
});

test("a scale bar is a round length, at most 40 mm", () => {
  for (const scale of [500, 2500, 7500, 20_000, 100_000]) {
    const length = barLength(scale);
    expect(String(length)).toMatch(/^[125]0*$/);
    expect((length * 1000) / scale).toBeLessThanOrEqual(40);
    expect((length * 1000) / scale).toBeGreaterThanOrEqual(16);
  }
});
