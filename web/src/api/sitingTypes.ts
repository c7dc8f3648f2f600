/** What the API takes and answers about sitings: which asset becomes which facility. */

import type { DistrictId, KindId, NeighbourhoodId } from "./types";

export type SitingStatus = "proven_optimal" | "within_bound" | "no_bound" | "cancelled";
export const SITING_PARTS = ["people", "money", "running", "waiting", "risk"] as const;
export type SitingPart = (typeof SITING_PARTS)[number];

/** A record whose columns the engine names; texts come in both languages. */
export type Row = Record<string, unknown>;

export interface SitingWeights {
  people?: number;
  money_per_yuan?: number;
  running_per_yuan?: number;
  waiting_per_person_year?: number;
  risk?: number;
}

export interface SitingRules {
  carry_over?: boolean;
  yearly_in_budget?: boolean;
  must?: string[];
  must_not?: string[];
  spacing_m?: Record<KindId, number>;
  limits?: KindLimit[];
  /** Pairs of kinds that share no asset. */
  incompatible?: [KindId, KindId][];
  /** `neighbourhood:kind`: everybody there is served. */
  must_serve?: string[];
  least_share?: Record<KindId, number>;
  order?: SitingPart[];
}

/** At least and at most so many of a kind, in all or in one district. */
export interface KindLimit {
  kind: KindId;
  at_least?: number;
  at_most?: number;
  district?: DistrictId;
}

/** How much money there is, as far as it is known. */
export interface FundingAsked {
  level?: FundingLevel;
  available_yuan?: Record<string, number>;
  land_income_yuan?: number;
  admin_district?: string;
  loan?: { amount_yuan: number; rate_share?: number; years?: number; grace_years?: number };
}

export const FUNDING_LEVELS = ["neighbourhood", "community", "district", "city"] as const;
export type FundingLevel = (typeof FUNDING_LEVELS)[number];

/** What is asked of a siting. */
export interface SitingRequest {
  kinds?: KindId[];
  /** Of each year; null: no limit. */
  budget_yuan?: (number | null)[];
  rules?: SitingRules;
  weights?: SitingWeights;
  area?: { districts?: DistrictId[]; plan?: string };
  /** Who walks; neighbourhoods where it does not say. */
  demand?: "neighbourhoods" | "buildings";
  sharing?: boolean;
  funding?: FundingAsked;
  pareto?: number;
  seed?: number;
  seconds?: number;
}

export interface SitingRun {
  job: string;
  data_version: string;
  current: boolean;
  finished_at: string | null;
  request: SitingRequest;
  sites: number;
  cost_yuan: number;
  persons: number;
  status: SitingStatus;
  gap_share: number | null;
}

export interface SitingDocument {
  order: number;
  document: string;
  who_zh?: string | null;
  who_en?: string | null;
  votes_zh?: string | null;
  votes_en?: string | null;
  clause?: string | null;
  zh: string;
  en: string;
}

export interface ServedPlace {
  id: NeighbourhoodId;
  name: string | null;
  persons: number;
}

/** A chosen option: what, where, when, for how much, with whose consent, serving whom. */
export interface SitingSite {
  option: string;
  asset: string;
  name: string | null;
  source: string | null;
  kind: KindId;
  kind_zh: string;
  kind_en: string;
  size: string;
  size_m2: number | null;
  year: number;
  mode: string | null;
  cost_yuan: number;
  yearly_yuan: number;
  capacity_persons: number | null;
  capacity_source: string | null;
  capacity_confidence: string | null;
  persons: number;
  consent_risk_share: number;
  lon: number;
  lat: number;
  neighbourhood_id: NeighbourhoodId | null;
  ownership: string | null;
  pathway: string | null;
  consent_zh: string | null;
  consent_en: string | null;
  clause: string | null;
  to_find_out: string | null;
  documents: SitingDocument[];
  warnings: Row[];
  serves: ServedPlace[];
  why?: Row | null;
}

export interface PlanPart {
  part: string;
  zh: string;
  en: string;
  unit: string;
  weight: number;
  value: number;
  weighted: number;
}

export interface PlanYear {
  year: number;
  budget_yuan: number | null;
  spent_yuan: number;
  running_yuan: number;
  left_yuan: number | null;
}

export interface SitingPlan {
  value: number;
  bound: number | null;
  gap_share: number | null;
  status: SitingStatus;
  sure_zh: string;
  sure_en: string;
  persons: number;
  demand_persons: number;
  cost_yuan: number;
  yearly_yuan: number;
  money: PlanYear[];
  parts: PlanPart[];
  chosen: SitingSite[];
  unserved: { demand: string; place: NeighbourhoodId; name: string | null; kind: KindId; layer: string | null; persons: number; unserved_persons: number; options_in_reach: number }[];
  unserved_total: number;
  notes: string[];
}

export interface CurvePoint {
  budget_yuan: number | null;
  cost_yuan: number;
  persons: number;
  bound: number | null;
  status: SitingStatus;
  sites: number;
}

export interface SourcePaid {
  source: string;
  zh: string;
  en: string;
  group: string;
  clause: string;
  cap_yuan: number | null;
  known: boolean;
  used_yuan: number;
}

export interface Funding {
  level: string;
  cost_yuan: number;
  gap_yuan: number;
  sources: SourcePaid[];
  unpaid: Row[];
  matching: Row[];
  balance: Row[];
  npv_yuan: number;
  payback_year: number | null;
  findings: Row[];
}

/** The problem solved again with other money or another weight. */
export interface Sensitivity {
  /** `budget`, or a part of the objective. */
  change: string;
  factor: number;
  people: number | null;
  money_yuan: number | null;
  /** How many choices stay. */
  kept: number;
  gone: string[];
  new: string[];
  status: SitingStatus | "infeasible";
}

export interface SitingAnswer {
  data_version: string;
  job: string;
  current: boolean;
  request: SitingRequest;
  plan: SitingPlan;
  pareto: CurvePoint[];
  funding: Funding;
  rejected: Row[];
  rejected_total?: number;
  sensitivity: Sensitivity[];
  /** Edits of the register that the analysis does not know yet. */
  stock_edits?: number;
}

export interface SitingPoint {
  point: number;
  plan: SitingPlan;
  funding: Funding;
}

/** The planner's changes to a plan. */
export interface SitingEdits {
  force: string[];
  forbid: string[];
  resize: Record<string, string>;
}

export interface AgainAnswer {
  edit: string;
  plan: SitingPlan;
  funding: Funding;
  elapsed_ms: number;
}

/** Who pays for a plan with other money. */
export interface FundingAnswer {
  /** The name under which the export knows that money. */
  asked: string;
  funding: Funding;
}

export interface Adopted {
  id: string;
  name: string;
}

/** Rules that cannot all hold, and what to relax. */
export interface SitingClash {
  zh: string;
  en: string;
  relax?: string[];
}
