import { describe, expect, test } from "vitest";

import { town } from "../state/smallTown";
import type { World } from "../state/world";
import { PlanLabels } from "./planLabels";

describe("names of districts", () => {
  const names = [
    { name: "甲", locked: false },
    { name: "乙", locked: false },
  ];
  const world = town(4, 2) as unknown as World;

  test("stay the same collection while nothing about them changed", () => {
    const labels = new PlanLabels();
    const first = labels.of(world, Int32Array.from([0, 0, 1, 1, 0, 0, 1, 1]), names);
    expect(first.features.map((one) => one.properties?.name)).toEqual(["甲", "乙"]);
    expect(labels.of(world, Int32Array.from([0, 0, 1, 1, 0, 0, 1, 1]), names.map((one) => ({ ...one })))).toBe(first);
  });

  test("are made anew when a neighbourhood, a name or a lock changed, also in the very array given before", () => {
    const labels = new PlanLabels();
    const district = Int32Array.from([0, 0, 1, 1, 0, 0, 1, 1]);
    const first = labels.of(world, district, names);
    district[1] = 1;
    const second = labels.of(world, district, names);
    expect(second).not.toBe(first);
    expect(second.features[1]!.properties?.area_m2).toBeGreaterThan(first.features[1]!.properties?.area_m2);
    const third = labels.of(world, district, [names[0]!, { name: "丙", locked: true }]);
    expect(third.features[1]!.properties).toMatchObject({ name: "丙", locked: true });
  });
});
