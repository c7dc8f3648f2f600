import { describe, expect, it } from "vitest";

import type { RankingRow } from "../api/types";
import { chooseRows, FIRST_CHOICE, visibleRows } from "./ranking";

function row(id: string, more: Partial<RankingRow> = {}): RankingRow {
  return {
    id,
    name: id,
    lon: 120,
    lat: 30,
    rank: 1,
    eligibility: "eligible",
    year_built: 1990,
    households: 100,
    persons: 300,
    must_missing: 1,
    must_checked: 10,
    gap_index: 0.1,
    district_id: null,
    priority: null,
    priority_rank: null,
    rank_low: null,
    rank_high: null,
    derived: "given",
    ...more,
  };
}

const ROWS = [
  row("c", { persons: null, year_built: 1985, rank: 3, eligibility: "excluded" }),
  row("a", { persons: 50, year_built: null, rank: 1, name: "红旗新村" }),
  row("b", { persons: 900, year_built: 2001, rank: 2, eligibility: null }),
];
const ids = (rows: RankingRow[]): string => rows.map(({ id }) => id).join("");

describe("the ranking table", () => {
  it("puts missing values last in both directions", () => {
    expect(ids(chooseRows(ROWS, { ...FIRST_CHOICE, sort: "persons" }))).toBe("abc");
    expect(ids(chooseRows(ROWS, { ...FIRST_CHOICE, sort: "persons", descending: true }))).toBe("bac");
    expect(ids(chooseRows(ROWS, { ...FIRST_CHOICE, sort: "year_built", descending: true }))).toBe("bca");
  });

  it("filters by name, by id and by eligibility; nothing said counts as unknown", () => {
    expect(ids(chooseRows(ROWS, { ...FIRST_CHOICE, text: "红旗" }))).toBe("a");
    expect(ids(chooseRows(ROWS, { ...FIRST_CHOICE, text: " C " }))).toBe("c");
    expect(ids(chooseRows(ROWS, { ...FIRST_CHOICE, eligibility: "unknown" }))).toBe("b");
    expect(chooseRows(ROWS, { ...FIRST_CHOICE, text: "nothing" })).toEqual([]);
  });

  it("keeps an order that does not depend on how the rows came", () => {
    const same = ["b", "a", "c"].map((id) => row(id));
    expect(ids(chooseRows(same, FIRST_CHOICE))).toBe("abc");
    expect(ids(chooseRows([...same].reverse(), FIRST_CHOICE))).toBe("abc");
  });

  it("draws only the rows on the screen, and all of a short table", () => {
    expect(visibleRows(0, 400, 40, 10_000)).toEqual([0, 18]);
    expect(visibleRows(200_000, 400, 40, 10_000)).toEqual([4992, 5018]);
    expect(visibleRows(0, 400, 40, 3)).toEqual([0, 3]);
    expect(visibleRows(9_999, 400, 40, 3)).toEqual([3, 3]); // scrolled before the filter made it short
    for (let scrolled = 0; scrolled < 4000; scrolled += 37) {
      const [first, end] = visibleRows(scrolled, 400, 40, 100);
      expect(first * 40).toBeLessThanOrEqual(scrolled);
      expect(end === 100 || end * 40 >= scrolled + 400).toBe(true);
    }
  });
});
