/** What a scenario's answer does to the tables of the page. Pure. */

import type { ChangedGap, ChangedPlace, Comparison, Gap, RankingRow, WhatIfAnswer } from "../api/types";

export interface MovedRow extends RankingRow {
  /** The rank and the missing kinds of today, where the scenario changes them. */
  rank_before: number | null;
  missing_before: number | null;
}

/** What is painted on the map: by feature-state alone. */
export interface ScenarioPaint {
  places: ReadonlyMap<string, { gap_index: number | null; must_missing: number | null; diff: number }>;
  cells: ReadonlyMap<string, number | null>;
}

/** Ranks as the server gives them: by gap index, then missing must-haves; equals share a rank. */
export function ranks(rows: readonly Pick<RankingRow, "id" | "gap_index" | "must_missing">[]): Map<string, number> {
  const known = rows.filter((row) => row.gap_index !== null);
  known.sort((a, b) => (b.gap_index ?? 0) - (a.gap_index ?? 0) || (b.must_missing ?? -1) - (a.must_missing ?? -1));
  const found = new Map<string, number>();
  let rank = 0;
  known.forEach((row, at) => {
    const last = known[at - 1];
    if (!last || last.gap_index !== row.gap_index || last.must_missing !== row.must_missing) rank = at + 1;
    found.set(row.id, rank);
  });
  return found;
}

/** The ranking with the scenario's numbers, and what was before. */
export function moveRows(rows: readonly RankingRow[], changed: readonly ChangedPlace[]): MovedRow[] {
  if (changed.length === 0) return rows.map((row) => ({ ...row, rank_before: row.rank, missing_before: row.must_missing }));
  const by = new Map(changed.map((one) => [one.id, one]));
  const moved = rows.map((row): MovedRow => {
    const now = by.get(row.id);
    const before = { rank_before: row.rank, missing_before: row.must_missing };
    if (!now) return { ...row, ...before };
    return { ...row, ...before, gap_index: now.gap_index, must_missing: now.must_missing, must_checked: now.must_checked ?? row.must_checked };
  });
  const now = ranks(moved);
  for (const row of moved) row.rank = now.get(row.id) ?? null;
  return moved;
}

/** The gaps of a sheet with the scenario's in their places; `before` is what stands there today. */
export function moveGaps(gaps: readonly Gap[], changed: readonly ChangedGap[], place: string): (Gap & { before?: Gap })[] {
  const by = new Map(changed.filter((one) => one.neighbourhood_id === place).map((one) => [`${one.kind} ${one.layer}`, one]));
  return gaps.map((gap) => {
    const now = by.get(`${gap.kind} ${gap.layer}`);
    if (!now) return gap;
    const other = now.nearest_facility_id !== undefined && now.nearest_facility_id !== gap.nearest_facility_id;
    const elsewhere = other ? { facility_name: null, facility_lon: null, facility_lat: null } : {};
    return { ...gap, ...elsewhere, ...now, before: gap };
  });
}

/** What one scenario changes, against today. */
export function paintOf(answer: Pick<WhatIfAnswer, "neighbourhoods" | "heatmap">): ScenarioPaint {
  return {
    places: new Map(
      answer.neighbourhoods.map((one) => [
        one.id,
        { gap_index: one.gap_index, must_missing: one.must_missing, diff: (one.must_missing ?? 0) - (one.must_missing_before ?? 0) },
      ]),
    ),
    cells: new Map(answer.heatmap.flatMap((one) => (one.person_gaps === undefined ? [] : [[one.id, one.person_gaps] as const]))),
  };
}

/** What differs between two scenarios: the second against the first. */
export function paintOfComparison(found: Comparison): ScenarioPaint {
  return {
    places: new Map(
      found.neighbourhoods.map((one) => [
        one.id,
        {
          gap_index: one.gap_index_b,
          must_missing: one.must_missing_b,
          diff: (one.must_missing_b ?? 0) - (one.must_missing_a ?? 0),
        },
      ]),
    ),
    cells: new Map(),
  };
}

/** How many neighbourhoods get better, and how many worse. */
export function betterAndWorse(paint: ScenarioPaint): { better: number; worse: number } {
  let better = 0;
  let worse = 0;
  for (const { diff } of paint.places.values()) {
    if (diff < 0) better += 1;
    if (diff > 0) worse += 1;
  }
  return { better, worse };
}

/** Figures of which less is better; of the others more is. */
const LESS_IS_BETTER = /beyond|missing|gaps|seconds|walk|without|gini/;
export const isBetter = (name: string, before: number | null, after: number | null): boolean | null => {
  if (before === null || after === null || before === after) return null;
  return after < before === LESS_IS_BETTER.test(name);
};
