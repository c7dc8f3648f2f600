import { describe, expect, it } from "vitest";

import { GAP_COLOURS, HEAT_COLOURS, NO_DATA } from "./palette";
import { colourOfCell, colourOfPlace } from "./theme";
import { withoutSeams } from "./trialStill";

const VALUES = { gap_index: null, priority: null, status: null, diff: 0 };
const BREAKS = [0.1, 0.2, 0.3, 0.4, 0.5];

describe("the colour of what is tried", () => {
  it("is that of its class: a limit belongs to the class above it", () => {
    const of = (gap_index: number | null) => colourOfPlace({ kind: "gap_index" }, BREAKS, { ...VALUES, gap_index });
    expect([0, 0.099, 0.1, 0.5, 0.9].map(of)).toEqual([GAP_COLOURS[0], GAP_COLOURS[0], GAP_COLOURS[1], GAP_COLOURS[5], GAP_COLOURS[5]]);
    expect(of(null)).toBe(NO_DATA);
    expect(colourOfCell([10, 20, 30, 40, 50], 20)).toBe(HEAT_COLOURS[2]);
  });

  it("is unknown where no scenario changes what colours the map", () => {
    expect(colourOfPlace({ kind: "year_built" }, BREAKS, VALUES)).toBeNull();
  });

  it("tells better from worse, and a missing facility from one that is there", () => {
    const diff = (value: number) => colourOfPlace({ kind: "difference" }, BREAKS, { ...VALUES, diff: value });
    expect(new Set([-2, -1, 0, 1, 2].map(diff)).size).toBe(5);
    expect(diff(-1)).toBe(diff(-0.5));
    const has = (status: "missing" | "present" | null) => colourOfPlace({ kind: "facility", facility: "park" }, BREAKS, { ...VALUES, status });
    expect(has("missing")).not.toBe(has("present"));
    expect(has(null)).not.toBe(has("present"));
  });
});

describe("the outline of an area that tiles cut", () => {
  // At zoom 4 tiles are 22.5 degrees wide; the cut lies a little beyond the border at 22.5.
  const cut = 22.5 + 22.5 / 64;
  it("leaves out the side along the cut, and nothing else", () => {
    const ring = [[20, 10], [cut, 11], [cut, 12], [20, 13], [20, 10]];
    expect(withoutSeams(ring, 4)).toEqual([
      [[20, 10], [cut, 11]],
      [[cut, 12], [20, 13], [20, 10]],
    ]);
  });

  it("is whole where no tile cuts it", () => {
    const ring = [[16, 10], [19, 10.4], [19, 12], [16, 10]];
    expect(withoutSeams(ring, 4)).toEqual([ring]);
  });
});
