/** Which stock is shown: one choice for the map and for the table. Pure. */

import type { Parameter, Stock } from "../api/types";

export const STOCK_SORTS = ["name", "size", "confidence", "pathway"] as const;
export type StockSort = (typeof STOCK_SORTS)[number];

export interface StockChoice {
  text: string;
  source: string;
  kind: string;
  pathway: string;
  sign: string;
  verdict: string;
  /** The least confidence of a candidate; what is registered has none and stays. */
  min_confidence: number;
  sort: StockSort;
  descending: boolean;
}

export const ALL = "all";
/** Every verdict but a rejection: what is shown at first. */
export const LIVE = "live";
/** No row of the decision table applies yet. */
export const NO_PATHWAY = "none";
export const FIRST_STOCK_CHOICE: StockChoice = {
  text: "",
  source: ALL,
  kind: ALL,
  pathway: ALL,
  sign: ALL,
  verdict: LIVE,
  min_confidence: 0,
  sort: "name",
  descending: false,
};

/** Seen by the engine, not entered by anybody. */
export const isCandidate = (one: { source: string | null }): boolean => one.source !== "registered";
export const isOpen = (one: Pick<Stock, "source" | "verdict">): boolean => isCandidate(one) && (one.verdict ?? null) === null;
export const sizeOf = (one: Pick<Stock, "floor_m2" | "land_m2">): number | null => one.floor_m2 ?? one.land_m2;

/** Whether the choice differs from what is shown at first. */
export const narrows = (choice: StockChoice, first: StockChoice = FIRST_STOCK_CHOICE): boolean =>
  choice.text.trim() !== "" || choice.min_confidence !== first.min_confidence || choice.verdict !== LIVE || ([choice.source, choice.kind, choice.pathway, choice.sign] as const).some((one) => one !== ALL);

/** The confidence from which a siting takes candidates that nobody checked; 0 where the standards do not say. */
export function leastConfidence(parameters: readonly Pick<Parameter, "room" | "key" | "value">[]): number {
  const value = parameters.find((one) => one.room === "siting" && one.key === "least_confidence_share")?.value;
  return typeof value === "number" ? value : 0;
}

/** What is registered and what is only seen by the engine, counted apart. */
export interface StockCounts {
  registered: number;
  /** Nobody has checked them. */
  open: number;
  /** Of the open ones, those that no siting takes. */
  below: number;
  rejected: number;
}

export function countStock(rows: readonly Stock[], least: number): StockCounts {
  const open = rows.filter(isOpen);
  return {
    registered: rows.filter((one) => !isCandidate(one)).length,
    open: open.length,
    below: open.filter((one) => (one.confidence ?? 0) < least).length,
    rejected: rows.filter((one) => isCandidate(one) && one.verdict === "reject").length,
  };
}

/** The rows of a choice, in its order. @param named what a row is searched by beside its own texts. */
export function chooseStock(rows: readonly Stock[], choice: StockChoice, named: (one: Stock) => string = () => ""): Stock[] {
  const wanted = choice.text.trim().toLowerCase();
  const fits = (asked: string, value: string | null | undefined): boolean => asked === ALL || (value ?? NO_PATHWAY) === asked;
  const found = rows.filter(
    (one) =>
      (choice.source === "candidate" ? isCandidate(one) : fits(choice.source, one.source)) &&
      fits(choice.kind, one.kind) &&
      fits(choice.pathway, one.pathway) &&
      fits(choice.sign, one.sign) &&
      (choice.verdict === "open" ? isOpen(one) : choice.verdict === LIVE ? one.verdict !== "reject" : fits(choice.verdict, one.verdict)) &&
      (!isCandidate(one) || choice.min_confidence === 0 || (one.confidence ?? 0) >= choice.min_confidence) &&
      (wanted === "" || `${one.name ?? ""} ${one.id} ${one.owner ?? ""} ${named(one)}`.toLowerCase().includes(wanted)),
  );
  const turn = choice.descending ? -1 : 1;
  return found.sort((a, b) => turn * order(a, b, choice.sort) || (a.id < b.id ? -1 : 1));
}

/** Rising; what is registered is surer than any candidate. */
function order(a: Stock, b: Stock, sort: StockSort): number {
  if (sort === "size") return (sizeOf(a) ?? -1) - (sizeOf(b) ?? -1);
  if (sort === "confidence") return surety(a) - surety(b);
  if (sort === "pathway") return text(a.pathway, b.pathway);
  return text(a.name, b.name);
}

const surety = (one: Stock): number => (isCandidate(one) ? (one.confidence ?? -1) : 2);

/** 2 comes before 10, as people count. */
const COLLATOR = new Intl.Collator("zh-CN", { numeric: true });

function text(a: string | null, b: string | null): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? 1 : -1;
  return COLLATOR.compare(a, b);
}

/** The values of a column that occur, most frequent first, with how many rows have them. */
export function occurring(rows: readonly Stock[], column: "source" | "kind" | "pathway" | "sign"): [value: string, count: number][] {
  const counts = new Map<string, number>();
  for (const one of rows) {
    const value = one[column] ?? (column === "pathway" ? NO_PATHWAY : null);
    if (value) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}

/** Candidates that nobody judged, the surest first. */
export function toReview(rows: readonly Stock[]): Stock[] {
  return rows.filter(isOpen).sort((a, b) => (b.confidence ?? 0) - (a.confidence ?? 0) || (a.id < b.id ? -1 : 1));
}

/** The next candidate after one of the queue; that one may have left it. */
export function nextToReview(queue: readonly Stock[], current: string | null, confidence: number | null = null): Stock | null {
  const at = queue.findIndex((one) => one.id === current);
  if (at >= 0) return queue[at + 1] ?? queue.find((one) => one.id !== current) ?? null;
  const behind = queue.find((one) => confidence !== null && ((one.confidence ?? 0) < confidence || ((one.confidence ?? 0) === confidence && one.id > (current ?? ""))));
  return behind ?? queue[0] ?? null;
}
