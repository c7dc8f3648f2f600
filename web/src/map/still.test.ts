import { describe, expect, it } from "vitest";

import { Projector, recolour, rgbOf, wholePixels, widthAt } from "./still";

describe("a colour that lies thinly on the map", () => {
  /** As canvases multiply and dodge. */
  const apply = (seen: number, darken: number, lighten: number): number => Math.min(255, (seen * darken) / 255 / (1 - lighten / 255));

  it("becomes another on paper, to within what a channel can tell", () => {
    const [from, to, paper] = [rgbOf("#4f86ab"), rgbOf("#d9a23b"), rgbOf("#f5f2ea")];
    for (const weight of [0.12, 0.6, 0.74]) {
      const { darken, lighten } = recolour(from, to, weight);
      [0, 1, 2].forEach((at) => {
        const [seen, wanted] = [from, to].map((colour) => weight * colour[at]! + (1 - weight) * paper[at]!) as [number, number];
        expect(Math.abs(apply(seen, darken[at]!, lighten[at]!) - wanted)).toBeLessThan(2);
        expect(darken[at] === 255 || lighten[at] === 0).toBe(true);
      });
    }
  });

  it("leaves dark what is dark upon it: names can be read", () => {
    const { darken, lighten } = recolour(rgbOf("#733012"), rgbOf("#fbf3d9"), 0.74);
    for (const at of [0, 1, 2]) expect(apply(12, darken[at]!, lighten[at]!)).toBeLessThan(60);
  });

  it("stays when it does not change", () => {
    const one = rgbOf("#8b8a5e");
    expect(recolour(one, one, 0.6)).toEqual({ darken: [255, 255, 255], lighten: [0, 0, 0] });
  });
});

describe("places on the canvas", () => {
  it("lie where the map's own projection puts them", () => {
    // One degree of longitude at zoom 0 is 512 / 360 pixels; the 85.0511287798th parallel is the upper edge of the world.
    const projector = new Projector(0, [0, 0], { x: 256, y: 256 });
    expect(projector.x(180)).toBeCloseTo(512, 6);
    expect(projector.x(1) - projector.x(0)).toBeCloseTo(512 / 360, 9);
    expect(projector.y(85.0511287798)).toBeCloseTo(0, 6);
    expect(projector.y(-85.0511287798)).toBeCloseTo(512, 6);
  });

  it("keep the centre where the map has it", () => {
    const projector = new Projector(14.3, [120.2, 30.3], { x: 640, y: 402 });
    expect(projector.x(120.2)).toBeCloseTo(640, 6);
    expect(projector.y(30.3)).toBeCloseTo(402, 6);
  });
});

describe("a width between stops of zoom", () => {
  const stops = [10, 1, 12, 3, 14, 3];
  it("meets the stops, is held beyond them, and grows faster the nearer", () => {
    expect(widthAt(10, stops)).toBe(1);
    expect(widthAt(12, stops)).toBeCloseTo(3, 9);
    expect(widthAt(5, stops)).toBe(1);
    expect(widthAt(20, stops)).toBe(3);
    // (1.5 − 1) / (1.5² − 1) of the way
    expect(widthAt(11, stops)).toBeCloseTo(1 + (2 * 0.5) / 1.25, 9);
  });
});

describe("a part of the canvas", () => {
  it("is widened to whole pixels of the screen, never narrowed", () => {
    expect(wholePixels([10.2, 5.5, 20.1, 8], 1)).toEqual([10, 5, 21, 8]);
    expect(wholePixels([10.2, 5.5, 20.1, 8], 2)).toEqual([20, 11, 41, 16]);
  });
});

describe("outlines", () => {
  it("are closed rings as SVG writes them, where the map has the places", () => {
    const projector = new Projector(0, [0, 0], { x: 256, y: 256 });
    const ring = [[-180, 0], [0, 0], [90, 0]];
    expect(projector.outline([ring, ring])).toBe("M0.00 256.00L256.00 256.00L384.00 256.00Z".repeat(2));
  });
});
