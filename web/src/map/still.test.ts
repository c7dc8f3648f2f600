import { describe, expect, it } from "vitest";

import { Projector, rgbOf, shift, widthAt } from "./still";

describe("a colour that lies thinly on the map", () => {
  const lay = (ground: number, colour: number, weight: number): number => weight * colour + (1 - weight) * ground;

  it("becomes another by adding to some channels and taking from others, whatever lies beneath", () => {
    const [from, to] = [rgbOf("#4f86ab"), rgbOf("#d9a23b")];
    const { more, less } = shift(from, to, 0.6);
    for (const ground of [40, 128, 230]) {
      [0, 1, 2].forEach((at) => {
        const seen = lay(ground, from[at]!, 0.6);
        expect(Math.abs(seen + more[at]! - less[at]! - lay(ground, to[at]!, 0.6))).toBeLessThanOrEqual(0.5);
        expect(Math.min(more[at]!, less[at]!)).toBe(0);
      });
    }
  });

  it("stays when it does not change", () => {
    const one = rgbOf("#8b8a5e");
    expect(shift(one, one, 0.6)).toEqual({ more: [0, 0, 0], less: [0, 0, 0] });
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
