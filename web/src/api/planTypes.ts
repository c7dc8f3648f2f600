/** What the API tells of plans: who belongs to which district, who changed it, and what could be. */

import type { NeighbourhoodId } from "./types";

export type DistrictId = string;

export interface PlanItem {
  id: string;
  name: string;
  head: number;
  status: "draft" | "review" | "approved" | "archived";
  districts: number;
  unassigned: number;
  /** In no district because they are not eligible. */
  excluded: number;
  data_version: string;
  stale: boolean;
  author: string;
  created_at: string;
  updated_at: string;
}

/** Figures of a district as the server counts them. */
export interface PlanDistrict {
  id: DistrictId;
  name: string;
  colour: number;
  locked: boolean;
  members: number;
  households: number | null;
  persons: number | null;
  area_m2: number | null;
  diameter_m: number | null;
  compactness: number | null;
  /** Residents × kinds missing, each neighbourhood for itself; and what sharing closes of it. */
  gaps_persons: number;
  gaps_closed_persons: number;
  /** Kinds that some member still misses though the members share. */
  missing: string[];
  gone?: boolean;
}

/** Limits of a plan. */
export interface PlanRules {
  maximum: Record<string, number>;
  minimum: Record<string, number>;
  max_distance_m: number | null;
  same_subdistrict: boolean;
  cut_barriers: string[];
  /** Neighbours farther apart than this on foot are not linked. */
  max_link_walk_m?: number | null;
  /** Neighbourhoods that belong in one district, group by group; pairs that never share one. */
  must_join?: NeighbourhoodId[][];
  must_not_join?: [NeighbourhoodId, NeighbourhoodId][];
  /** Families of rules that refuse an edit; the others are only told. */
  refuse: string[];
}

/** What of a plan that was begun on older data did not fit the current data as it was; lists are cut short. */
export interface Carried {
  data_version: string;
  unknown: { unit: NeighbourhoodId; district: DistrictId | null }[];
  unknown_count: number;
  added: NeighbourhoodId[];
  added_count: number;
  joined: NeighbourhoodId[];
  joined_count: number;
  dropped_rules: number;
}

export interface Fragment {
  district: DistrictId;
  units: NeighbourhoodId[];
}

export interface BrokenRule {
  rule: string;
  district: DistrictId | null;
  units: NeighbourhoodId[];
  zh: string;
  en: string;
}

/** A neighbourhood that this plan cut in two: one half. */
export interface OwnUnit {
  id: NeighbourhoodId;
  parent: NeighbourhoodId;
  name?: string | null;
  households?: number | null;
  persons?: number | null;
  area_m2?: number | null;
  geometry?: GeoJSON.Polygon | GeoJSON.MultiPolygon | null;
}

export interface Plan {
  id: string;
  name: string;
  head: number;
  seq: number;
  status: PlanItem["status"];
  author: string;
  /** What the plan began as. */
  origin?: { from: unknown; carried?: Carried } | null;
  data_version: string;
  stale: boolean;
  districts: PlanDistrict[];
  assignment: Record<NeighbourhoodId, DistrictId | null>;
  locked_units: NeighbourhoodId[];
  units: OwnUnit[];
  rules: PlanRules;
  fragments: Fragment[];
  broken: BrokenRule[];
  unassigned: number;
  /** In no district because they are not eligible. */
  excluded: number;
  undo: number | null;
  redo: number | null;
}

/** One operation; what it needs besides is told by its name. */
export type Operation =
  | { op: "assign"; units: NeighbourhoodId[]; district: DistrictId | null }
  | { op: "merge"; districts: DistrictId[]; into: DistrictId }
  | { op: "split"; district: DistrictId; line: [number, number][] }
  | { op: "split"; district: DistrictId; parts: number }
  | { op: "create"; district: DistrictId; name: string; units: NeighbourhoodId[] }
  | { op: "rename"; district: DistrictId; name: string }
  | { op: "recolour"; district: DistrictId; colour: number }
  | { op: "lock"; districts?: DistrictId[]; units?: NeighbourhoodId[]; locked: boolean }
  | { op: "absorb"; districts?: DistrictId[] }
  | { op: "split_unit"; unit: NeighbourhoodId; line: [number, number][] }
  | { op: "heal_unit"; unit: NeighbourhoodId }
  | { op: "take"; assignment: Record<NeighbourhoodId, DistrictId | null>; districts?: DistrictId[] }
  | { op: "restore"; seq: number }
  | { op: "undo"; seq?: number }
  | { op: "redo"; seq?: number };

export type Edit = Operation & { id: string; author: string; reason: string };

export interface UnitChange {
  unit: NeighbourhoodId;
  before: DistrictId | null;
  after: DistrictId | null;
}

export interface Flip {
  district: DistrictId;
  kind: string;
  before: string;
  after: string;
  zh: string;
  en: string;
}

export interface EditAnswer {
  seq: number;
  head: number;
  changes: UnitChange[];
  districts: PlanDistrict[];
  fragments: Fragment[];
  broken: BrokenRule[];
  flips: Flip[];
  rebased_from: number | null;
  /** Locked: left where they are. */
  skipped: NeighbourhoodId[];
  undo: number | null;
  redo: number | null;
}

export interface Revision {
  seq: number;
  op: string;
  params: Record<string, unknown>;
  author: string;
  reason: string;
  created_at: string;
  undoes: number | null;
  units_changed: number;
  districts: DistrictId[];
}

export interface BlameRow {
  seq: number;
  author: string;
  reason: string;
  created_at: string;
  before: DistrictId | null;
  after: DistrictId | null;
}

/** A revision that somebody named. */
export interface Tag {
  name: string;
  seq: number;
  author: string;
  created_at: string;
}

/** The best around an edit; nothing is stored until it is taken. */
export interface Improved {
  assignment: Record<NeighbourhoodId, DistrictId | null>;
  value_before: number;
  value: number;
  bound: number | null;
  status: string;
}

/** What may be set for a whole plan. */
export interface PlanSettings {
  name?: string;
  status?: PlanItem["status"];
  rules?: PlanRules;
}

export interface PlanComparison {
  units: { id: NeighbourhoodId; a: DistrictId | null; b: DistrictId | null }[];
  figures: Record<string, { a: number | null; b: number | null }>;
}

/** Columns of equal length: unit i is entry i of each. */
export interface Atoms {
  data_version: string;
  kinds: string[];
  units: {
    id: NeighbourhoodId[];
    lon: number[];
    lat: number[];
    x_m: number[];
    y_m: number[];
    households: (number | null)[];
    persons: (number | null)[];
    area_m2: (number | null)[];
    cell_m2: (number | null)[];
    perimeter_m: (number | null)[];
    subdistrict: (string | null)[];
    missing: [number, number][];
    eligible: boolean[];
  };
  links: { a: number[]; b: number[]; shared_m: number[]; walk_m: (number | null)[]; barrier: (string | null)[]; linked: boolean[] };
  closes: { u: number[]; v: number[]; bits: [number, number][] };
}

export interface PartValue {
  part: string;
  unit: string;
  weight: number;
  value: number;
  weighted: number;
}

export interface Proposal {
  name_zh: string;
  name_en: string;
  districts: number;
  alone: number;
  value: number;
  bound: number | null;
  gap_share: number | null;
  status: "proven_optimal" | "within_bound" | "no_bound" | "cancelled";
  family_zh: string;
  family_en: string;
  parts: PartValue[];
  assignment: Record<NeighbourhoodId, DistrictId | null>;
}

export interface ProposalList {
  data_version: string;
  job: string | null;
  items: Proposal[];
}

/** Rules that cannot all hold (problem `rules-clash`); without any one of them the others can. */
export interface Clash {
  rules: { key: string; units: NeighbourhoodId[]; zh: string; en: string }[];
  units: NeighbourhoodId[];
  relax: string[];
  zh: string;
  en: string;
}

/** What a job of proposals is asked. */
export interface Wish {
  mode: "free" | "fixed" | "most";
  k?: number;
  amount?: "households" | "persons" | "area_m2" | "members";
  at_least?: number;
  rules: Record<string, number | boolean | null>;
  weights: Record<string, number>;
  count: number;
  seed: number;
  plan?: string;
}

export interface Why {
  district: DistrictId | null;
  shares: { unit: NeighbourhoodId; name: string | null; kinds: string[]; likeness: number | null; walk_m: number | null }[];
  moves: { district: DistrictId | null; cost: number | null; parts: Record<string, number>; broken: { zh: string; en: string }[] }[];
}

export interface ImportReport {
  rows: number;
  matched: number;
  unknown: string[];
  doubled: string[];
  missing: string[];
  changes: number;
  districts: number;
}
