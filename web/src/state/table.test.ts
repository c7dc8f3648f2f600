import { describe, expect, test } from "vitest";

import { dice, town } from "./smallTown";
import { ones, Table } from "./table";

describe("the drawing table", () => {
  test("figures after a thousand moves are those of a table made anew", () => {
    const { units } = town(9, 7);
    const roll = dice(5);
    const table = new Table(units, Int32Array.from({ length: units.count }, () => Math.floor(roll() * 6) - 1), 5);
    for (let step = 0; step < 1000; step++) table.move(Math.floor(roll() * units.count), Math.floor(roll() * 7) - 1);
    const anew = new Table(units, table.district, 6);
    expect(table.districts).toBe(6);
    for (let district = 0; district < 6; district++) {
      const { compactness, ...figures } = table.figures(district);
      const { compactness: right, ...expected } = anew.figures(district);
      expect(figures).toEqual(expected);
      expect(compactness).toBeCloseTo(right, 9);
      expect(table.lacking(district)).toEqual(anew.lacking(district));
      expect(table.parts(district)).toEqual(anew.parts(district));
    }
  });

  test("the diameter is the largest distance that a look at every pair finds", () => {
    const { units } = town(9, 7);
    const roll = dice(11);
    for (let round = 0; round < 60; round++) {
      const loose = { ...units, x_m: units.x_m.map((x) => x + (round % 3) * 40 * roll()), y_m: units.y_m.map((y) => y + (round % 3) * 40 * roll()) };
      const table = new Table(loose, Int32Array.from({ length: 63 }, () => (roll() < round / 60 ? 0 : -1)), 1);
      const rows = table.members(0);
      const away = (a: number, b: number): number => Math.hypot(loose.x_m[a]! - loose.x_m[b]!, loose.y_m[a]! - loose.y_m[b]!);
      expect(table.diameter(0)).toBe(Math.max(0, ...rows.flatMap((a) => rows.map((b) => away(a, b)))));
    }
  });

  test("what was worked out of a district holds until it counts a change", () => {
    const { units } = town(8, 6);
    const roll = dice(3);
    const table = new Table(units, Int32Array.from({ length: 48 }, () => Math.floor(roll() * 6) - 1), 5);
    const told = (district: number) => [table.figures(district), table.lacking(district), table.broken(district, { max_members: 8 })];
    for (let step = 0; step < 300; step++) {
      const before = [0, 1, 2, 3, 4].map((district) => ({ changes: table.changes(district), told: told(district) }));
      table.move(Math.floor(roll() * 48), Math.floor(roll() * 6) - 1);
      const touched = before.filter(({ changes, told: was }, district) => {
        if (table.changes(district) === changes) expect(told(district)).toEqual(was);
        return table.changes(district) !== changes;
      });
      expect(touched.length).toBeLessThanOrEqual(2);
    }
  });

  test("what sharing closes is what a plain look at every pair finds", () => {
    const { units } = town(6, 6, 3);
    const roll = dice(8);
    const table = new Table(units, Int32Array.from({ length: 36 }, () => Math.floor(roll() * 4)), 4);
    let closed = 0;
    let open = 0;
    for (let u = 0; u < 36; u++) {
      let [low, high] = [0, 0];
      for (let at = units.closes.start[u]!; at < units.closes.start[u + 1]!; at++) {
        if (table.district[units.closes.v[at]!] !== table.district[u]) continue;
        low |= units.closes.low[at]!;
        high |= units.closes.high[at]!;
      }
      const lacking = [units.missingLow[u]! & ~low, units.missingHigh[u]! & ~high];
      open += units.persons[u]! * (bits(lacking[0]!) + bits(lacking[1]!));
      closed += units.persons[u]! * (bits(units.missingLow[u]! & low) + bits(units.missingHigh[u]! & high));
    }
    const all = [0, 1, 2, 3].map((district) => table.figures(district));
    expect(all.reduce((sum, one) => sum + one.gaps_closed_persons, 0)).toBe(closed);
    expect(all.reduce((sum, one) => sum + one.gaps_open_persons, 0)).toBe(open);
    expect(closed).toBeGreaterThan(0);
  });

  test("a square of four cells has the compactness of a square, a row of four less", () => {
    const { units } = town(4, 4);
    const square = new Table(units, [0, 0, -1, -1, 0, 0, ...new Array<number>(10).fill(-1)], 1);
    const row = new Table(units, [0, 0, 0, 0, ...new Array<number>(12).fill(-1)], 1);
    expect(square.figures(0).compactness).toBeCloseTo(Math.PI / 4, 1);
    expect(row.figures(0).compactness).toBeLessThan(square.figures(0).compactness);
  });

  test("corners alone do not join: such a district is in two parts and says so", () => {
    const { units } = town(3, 3);
    const table = new Table(units, [0, -1, -1, -1, 0, 0, -1, -1, -1], 1);
    expect(table.parts(0)).toEqual([[4, 5], [0]]);
    expect(table.broken(0, { max_members: 2 }).map((one) => one.rule)).toEqual(["max_members", "contiguity"]);
    table.move(1, 0);
    expect(table.parts(0)).toHaveLength(1);
  });

  test("limits are told with what is and what may be", () => {
    const { units } = town(4, 2);
    const table = new Table(units, new Int32Array(8), 1);
    const found = table.broken(0, { max_distance_m: 200, same_subdistrict: true, min_members: 1, min_persons: 10 ** 9 } as object);
    expect(found.map((one) => one.rule)).toEqual(["min_persons", "max_distance_m", "same_subdistrict"]);
    expect(found[1]?.value).toBeCloseTo(table.diameter(0), 6);
  });

  test("an empty district breaks nothing and has no figures", () => {
    const table = new Table(town(2, 2).units, [-1, -1, -1, -1], 1);
    expect(table.broken(0, { min_persons: 10 })).toEqual([]);
    expect(table.figures(0).members).toBe(0);
    expect(table.unassigned()).toEqual([0, 1, 2, 3]);
  });

  test("bits are counted", () => {
    const roll = dice(2);
    for (let turn = 0; turn < 200; turn++) {
      const value = Math.floor(roll() * 2 ** 32);
      expect(ones(value)).toBe(bits(value));
      expect(ones(value | 0)).toBe(bits(value));
    }
  });
});

const bits = (value: number): number => [...(value >>> 0).toString(2)].filter((one) => one === "1").length;
