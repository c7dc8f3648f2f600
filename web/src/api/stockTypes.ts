/** What the API tells about stock: land and buildings that lie idle, or may. */

import type { KindId, NeighbourhoodId } from "./types";

export type Verdict = "accept" | "reject" | "correct";

/** Values of a register entry; only those named are changed. */
export type StockValues = Record<string, string | number | boolean | null>;

/** A document or a vote that the way of using an asset needs. */
export interface StockDocument {
  order: number | null;
  document: string;
  choice?: string | null;
  who_zh?: string | null;
  who_en?: string | null;
  votes_zh?: string | null;
  votes_en?: string | null;
  clause: string | null;
  zh: string;
  en: string;
}

/** What a constraint that the asset touches means. */
export interface StockWarning {
  clause?: string | null;
  zh: string;
  en: string;
}

/** Functions that one building can hold together. */
export interface StockComplex {
  kinds: KindId[] | string;
  /** Three functions or more. */
  is_complex?: boolean;
  floor_m2: number | null;
  zh?: string | null;
  en?: string | null;
}

/** A gap that a kind in this place would close. */
export interface ClosedGap {
  neighbourhood_id: NeighbourhoodId;
  name: string | null;
  persons: number | null;
  distance_m: number | null;
}

/** One line of "what could go here?". */
export interface HeldKind {
  kind: KindId;
  fits: boolean | null;
  reason: string | null;
  has: number | string | null;
  needs: number | string | null;
  zh: string | null;
  en: string | null;
  /** Every reason for a no. */
  reasons?: { zh: string; en: string }[];
  gaps: ClosedGap[];
  persons: number | null;
  cost_yuan: number | null;
  cost_confidence?: string | null;
}

/** One line of "where could it go?". */
export interface GapSite {
  stock_id: string;
  name: string | null;
  asset_kind?: string | null;
  /** How the distance is known: inside, walked on the streets, or estimated. */
  basis?: "inside" | "walk" | "estimate" | null;
  fits: boolean | null;
  distance_m: number | null;
  persons: number | null;
  cost_yuan: number | null;
  pathway: string | null;
  zh: string | null;
  en: string | null;
}

/** An asset, or the verdict on a candidate, as the log keeps it. */
export interface KeptStock {
  values: StockValues | null;
  retired: boolean;
  verdict: Verdict | null;
  asset_id: string | null;
  geometry: GeoJSON.Geometry | null;
}

export interface StockRevision {
  revision: number;
  op: string;
  author: string;
  reason: string | null;
  created_at: string;
  before: KeptStock | null;
  after: KeptStock | null;
}

export interface StockIssue {
  row: number | null;
  column: string | null;
  value: unknown;
  zh: string;
  en: string;
}

export interface StockDuplicate {
  one: string;
  other: string;
  one_name?: string | null;
  other_name?: string | null;
  why: string;
  distance_m: number | null;
  likeness: number | null;
  zh?: string | null;
  en?: string | null;
}

export interface StockImport {
  rows: number;
  added: number;
  changed: number;
  unchanged: number;
  refused: number;
  /** The lists may be cut: how many there are in all. */
  issue_count: number;
  duplicate_count: number;
  issues: StockIssue[];
  duplicates: StockDuplicate[];
  ids: string[];
}
