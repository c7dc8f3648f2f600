import { expect, test } from "vitest";

import { colourDistricts } from "./colouring";
import { dice, town } from "./smallTown";

test("neighbours differ, and colours that already do stay", () => {
  const { edges } = town(12, 12);
  const roll = dice(4);
  const district = Int32Array.from({ length: 144 }, (_, at) => Math.floor((at % 12) / 2) + 6 * Math.floor(at / 24));
  const found = colourDistricts(edges, district, Array.from({ length: 36 }, () => Math.floor(roll() * 6)));
  for (let edge = 0; edge < edges.count; edge++) {
    const [a, b] = [edges.a[edge]!, edges.b[edge]!];
    if (b >= 0 && district[a] !== district[b]) expect(found[district[a]!]).not.toBe(found[district[b]!]);
  }
  expect(colourDistricts(edges, district, found)).toEqual(found);
});
