/** The ranking table: filter, order, and the part of it that is on the screen. Pure. */

import type { EligibilityClass, RankingRow } from "../api/types";

export type RankingColumn = "rank" | "priority_rank" | "name" | "gap_index" | "must_missing" | "persons" | "year_built";

export interface RankingChoice {
  text: string;
  eligibility: EligibilityClass | "all";
  sort: RankingColumn;
  descending: boolean;
}

export const FIRST_CHOICE: RankingChoice = { text: "", eligibility: "all", sort: "rank", descending: false };

const names = new Intl.Collator("zh-CN", { numeric: true });

/** Rows that fit the choice, in its order; a missing value comes last either way, ties by id. */
export function chooseRows(rows: readonly RankingRow[], choice: RankingChoice): RankingRow[] {
  const text = choice.text.trim().toLowerCase();
  const fits = (row: RankingRow): boolean =>
    (choice.eligibility === "all" || (row.eligibility ?? "unknown") === choice.eligibility) &&
    (text === "" || (row.name ?? row.id).toLowerCase().includes(text) || row.id.toLowerCase().includes(text));
  const sign = choice.descending ? -1 : 1;
  const by = choice.sort;
  return rows.filter(fits).sort((a, b) => {
    const [one, other] = [a[by], b[by]];
    if (one === null || other === null) {
      if (one !== other) return one === null ? 1 : -1;
    } else if (one !== other) {
      const order = typeof one === "string" ? names.compare(one, other as string) : one - (other as number);
      if (order !== 0) return sign * order;
    }
    return a.id < b.id ? -1 : 1;
  });
}

/** First and last row (exclusive) to draw so that the screen is filled, with some more on both sides. */
export function visibleRows(scrolled: number, height: number, rowHeight: number, count: number, more = 8): [first: number, end: number] {
  const first = Math.max(0, Math.floor(scrolled / rowHeight) - more);
  const end = Math.min(count, Math.ceil((scrolled + height) / rowHeight) + more);
  return [Math.min(first, count), Math.max(end, Math.min(first, count))];
}
