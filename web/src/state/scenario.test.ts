import { describe, expect, it } from "vitest";

import type { ChangedPlace, Gap, RankingRow } from "../api/types";
import { betterAndWorse, isBetter, moveGaps, moveRows, paintOf, ranks } from "./scenario";

const row = (id: string, missing: number, rank: number): RankingRow =>
  ({ id, must_missing: missing, must_checked: 4, gap_index: missing / 4, rank }) as RankingRow;
const place = (id: string, missing: number, before: number): ChangedPlace => ({
  id,
  must_missing: missing,
  must_missing_before: before,
  must_checked: 4,
  gap_index: missing / 4,
  gap_index_before: before / 4,
});
const ROWS = [row("a", 3, 1), row("b", 2, 2), row("c", 2, 2), row("d", 0, 4)];

describe("a scenario's answer", () => {
  it("ranks as the server does: equals share a rank, the next one counts them", () => {
    expect([...ranks(ROWS).values()]).toEqual([1, 2, 2, 4]);
    expect(ranks([{ id: "x", gap_index: null, must_missing: null }]).size).toBe(0);
  });

  it("moves the rows that it changes, and those that they pass", () => {
    const moved = moveRows(ROWS, [place("a", 1, 3)]);
    expect(moved.map((one) => [one.id, one.rank_before, one.rank])).toEqual([
      ["a", 1, 3],
      ["b", 2, 1],
      ["c", 2, 1],
      ["d", 4, 4],
    ]);
    expect(moved[0]?.missing_before).toBe(3);
  });

  it("without changes leaves every row as it is", () => {
    expect(moveRows(ROWS, []).every((one) => one.rank === one.rank_before && one.missing_before === one.must_missing)).toBe(true);
  });

  it("puts changed gaps in their places and keeps those of today beside them", () => {
    const gaps = [
      { kind: "k", layer: "c5", status: "missing", nearest_facility_id: "f", facility_name: "F", nearest_m: 400 },
      { kind: "k", layer: "c10", status: "present", nearest_facility_id: "f", facility_name: "F", nearest_m: 400 },
    ] as Gap[];
    const now = { neighbourhood_id: "a", kind: "k", layer: "c5", status: "present", nearest_m: 90, nearest_s: 80, nearest_facility_id: "new-1" } as const;
    const [first, second] = moveGaps(gaps, [now, { ...now, neighbourhood_id: "b", layer: "c10" }], "a");
    expect([first?.status, first?.before?.status, first?.facility_name]).toEqual(["present", "missing", null]);
    expect(second).toBe(gaps[1]);
  });

  it("counts the neighbourhoods that get better and worse", () => {
    const paint = paintOf({ neighbourhoods: [place("a", 1, 3), place("b", 3, 2), place("c", 2, 2)], heatmap: [{ id: "h" }, { id: "i", person_gaps: 4 }] });
    expect(betterAndWorse(paint)).toEqual({ better: 1, worse: 1 });
    expect([...paint.cells]).toEqual([["i", 4]]);
  });

  it("knows of which figures less is better", () => {
    expect(isBetter("persons_beyond_limit", 5, 3)).toBe(true);
    expect(isBetter("persons_covered", 5, 3)).toBe(false);
    expect(isBetter("persons_covered", 5, 5)).toBeNull();
  });
});
