/** The answers of the API, as docs/architecture.md "The API" describes them. */

import type { StockComplex, StockDocument, StockWarning, Verdict } from "./stockTypes";

export type NeighbourhoodId = string;
export type DistrictId = string;
export type KindId = string;
export type Bounds = [west: number, south: number, east: number, north: number];

export type EligibilityClass = "eligible" | "conditional" | "excluded" | "unknown";
export type GapStatus = "present" | "missing" | "unknown";
export type Need = "must" | "should" | "listed";
export type CircleLayer = "block" | "c5" | "c10" | "c15";

/** Something with a name in both languages. */
export interface Named {
  zh: string;
  en: string;
}

export interface Note {
  key: string;
  level: "info" | "warning" | "error";
  text_zh: string;
  text_en: string;
}

export interface CityItem {
  id: string;
  name: string;
  bounds: Bounds;
  data_version: string;
  profile: string;
  engine_version: string;
  created_at: string;
  neighbourhoods: number | null;
  persons: number | null;
}

export interface Parameter {
  room: string;
  key: string;
  value: unknown;
  unit: string | null;
  zh: string;
  en: string;
  source: string | null;
  confidence: string | null;
}

export interface City extends CityItem {
  summary: Record<string, unknown>;
  notes: Note[];
  parameters: Parameter[];
  import_report: unknown;
}

export interface CatalogueLayer {
  zh: string;
  en: string;
  minutes: number | null;
  limit_m: number | null;
}

export interface CatalogueKind {
  id: KindId;
  zh: string;
  en: string;
  layer: string;
  need: Need | null;
}

export interface Catalogue {
  layers: Record<string, CatalogueLayer>;
  kinds: CatalogueKind[];
}

export interface TileLayer {
  name: string;
  zh: string;
  en: string;
  geometry: string;
  count: number;
  tiles: string | null;
  min_zoom: number;
  max_zoom: number;
}

export interface RankingRow {
  id: NeighbourhoodId;
  name: string | null;
  lon: number;
  lat: number;
  rank: number | null;
  eligibility: EligibilityClass | null;
  year_built: number | null;
  households: number | null;
  persons: number | null;
  must_missing: number | null;
  must_checked: number | null;
  gap_index: number | null;
  district_id: DistrictId | null;
  derived: string | null;
  priority: number | null;
  priority_rank: number | null;
  rank_low: number | null;
  rank_high: number | null;
}

export interface Finding {
  rule: string;
  finding: "met" | "not_met" | "excluded" | "conditional" | "flag" | "unknown" | "not_applicable";
  clause: string | null;
  evidence_zh: string | null;
  evidence_en: string | null;
  missing: string | null;
}

export interface Gate {
  id: string;
  lon: number;
  lat: number;
  source: "mapped" | "crossing" | "nearest" | null;
  access: "public" | "residents" | "closed" | "unknown" | null;
  entry_m: number | null;
}

export interface Gap {
  kind: KindId;
  layer: CircleLayer;
  need: Need;
  status: GapStatus;
  limit_m: number | null;
  nearest_facility_id: string | null;
  nearest_m: number | null;
  nearest_s: number | null;
  radius_m: number | null;
  straight_m: number | null;
  missing_m: number | null;
  short_persons: number | null;
  required_m2: number | null;
  supplied_m2: number | null;
  short_m2: number | null;
  confidence: string | null;
  facility_name: string | null;
  facility_lon: number | null;
  facility_lat: number | null;
}

export interface Circle {
  layer: CircleLayer;
  limit_m: number | null;
  area_m2: number | null;
  reached_m: number | null;
  facilities: number | null;
  persons: number | null;
}

export interface Member {
  id: NeighbourhoodId;
  name: string | null;
}

export interface District {
  id: DistrictId;
  name: string | null;
  members: Member[];
  households: number | null;
  persons: number | null;
  area_m2: number | null;
  diameter_m: number | null;
  compactness: number | null;
  subdistrict: string | null;
  must_missing: number | null;
  walls_between: number | null;
  colour: number | null;
  below_minimum: boolean | null;
}

export interface StockNear {
  id: string;
  name: string | null;
  kind: string | null;
  source: "registered" | "osm" | "leftover" | "detected";
  distance_m: number | null;
  pathway: string | null;
  kinds: KindId[];
}

export interface Neighbour {
  id: NeighbourhoodId;
  name: string | null;
  barrier: string | null;
  walk_m: number | null;
  gap_m: number | null;
}

export interface Sheet {
  id: NeighbourhoodId;
  name: string | null;
  bounds: Bounds;
  facts: Record<string, string | number | boolean | null>;
  derived: string | null;
  eligibility: { overall: EligibilityClass | null; findings: Finding[] };
  gates: Gate[];
  gaps: Gap[];
  circles: Circle[];
  district: District | null;
  single_reason: string | null;
  stock: StockNear[];
  neighbours: Neighbour[];
  priority: PriorityRow | null;
  queue: QueueRow[];
  areas: AreaRow[];
  access: AccessRow[];
  data_version: string;
  engine_version: string;
}

export interface Coverage {
  area: string;
  kind: KindId;
  layer: CircleLayer;
  neighbourhoods: number | null;
  neighbourhoods_covered: number | null;
  persons: number | null;
  persons_covered: number | null;
  persons_unknown: number | null;
  buildings: number | null;
  buildings_covered: number | null;
}

export interface KindStatus {
  neighbourhood_id: NeighbourhoodId;
  layer: CircleLayer;
  need: Need;
  status: GapStatus;
  nearest_m: number | null;
  limit_m: number | null;
}

export interface Stock {
  id: string;
  name: string | null;
  source: string;
  asset_type: "land" | "building" | null;
  kind: string | null;
  ownership: string | null;
  owner: string | null;
  land_m2: number | null;
  floor_m2: number | null;
  inscribed_m: number | null;
  neighbourhood_id: NeighbourhoodId | null;
  pathway: string | null;
  permitted_zh: string | null;
  permitted_en: string | null;
  consent_zh: string | null;
  consent_en: string | null;
  clause: string | null;
  to_find_out: string | null;
  evidence: string | null;
  /** What the engine saw, and the share of such candidates that are true stock; null: a registered asset. */
  sign?: string | null;
  confidence?: number | null;
  verdict?: Verdict | null;
  /** The asset that a candidate became. */
  asset_id?: string | null;
  revision?: number;
  /** Kinds whose gaps it could close. */
  kinds?: KindId[];
  /** Written in the register since the last analysis. */
  edited?: boolean;
  /** The last analysis does not know it at all: it counts from the next one on. */
  added?: boolean;
  lon?: number | null;
  lat?: number | null;
}

export interface StockFit {
  stock_id: string;
  kind: KindId;
  neighbourhood_id: NeighbourhoodId;
  distance_m: number | null;
  limit_m: number | null;
  size_m2: number | null;
  needed_m2: number | null;
  size_basis: string | null;
}

export interface StockSheet extends Stock {
  fits?: StockFit[];
  documents?: StockDocument[];
  complexes?: StockComplex[];
  warnings?: StockWarning[];
  photos?: string[];
  links?: string[];
  /** What the register itself says. */
  facts?: Record<string, unknown> | null;
  /** Figures behind the evidence, name with unit. */
  measured?: Record<string, unknown> | null;
  history_count?: number;
  geometry?: GeoJSON.Geometry | null;
  [column: string]: unknown;
}

export type JobStatus = "accepted" | "running" | "successful" | "failed" | "dismissed";

export interface Job {
  id: string;
  kind: string;
  city: string;
  status: JobStatus;
  progress: number;
  step: string | null;
  message: string | null;
  data_version: string | null;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  error: { code: string; detail_en: string; detail_zh: string } | null;
}

export interface PageConfig {
  basemap: { url: string; attribution: string } | null;
}

/** A change of a scenario, as the API takes it. */
export type Change =
  | { op: "add_facility"; id: string; kind: KindId; lon: number; lat: number; capacity?: number; floor_m2?: number }
  | { op: "close_facility"; id: string }
  | { op: "resize_facility"; id: string; capacity?: number; floor_m2?: number }
  | { op: "open_gate"; lon: number; lat: number }
  | { op: "close_gate"; id: string }
  | { op: "open_wall"; lon: number; lat: number }
  | { op: "build_link"; coordinates: [number, number][] }
  | { op: "cut_link"; lon: number; lat: number }
  | { op: "change_population"; id: NeighbourhoodId; persons: number };

export interface ChangedPlace {
  id: NeighbourhoodId;
  must_missing: number | null;
  must_missing_before: number | null;
  must_checked: number | null;
  gap_index: number | null;
  gap_index_before: number | null;
}

export interface ChangedGap {
  neighbourhood_id: NeighbourhoodId;
  kind: KindId;
  layer: CircleLayer;
  status: GapStatus;
  nearest_m: number | null;
  nearest_s: number | null;
  nearest_facility_id: string | null;
}

export interface ChangedCell {
  id: string;
  person_gaps?: number | null;
}

export interface Figure {
  before: number | null;
  after: number | null;
}

export interface WhatIfAnswer {
  data_version: string;
  neighbourhoods: ChangedPlace[];
  gaps: ChangedGap[];
  heatmap: ChangedCell[];
  coverage: Record<string, unknown>[];
  /** Only where it was asked for. */
  priority?: { id: NeighbourhoodId; priority: number | null }[];
  figures: Record<string, Figure>;
  drawn: GeoJSON.FeatureCollection;
  notes: Note[];
  elapsed_ms: number;
}

export interface ScenarioItem {
  id: string;
  name: string;
  change_count: number;
  revision: number;
  data_version: string;
  created_at: string;
  updated_at: string;
}

export interface Scenario extends ScenarioItem {
  changes: Change[];
}

export interface ComparedPlace {
  id: NeighbourhoodId;
  must_missing_base: number | null;
  must_missing_a: number | null;
  must_missing_b: number | null;
  gap_index_base: number | null;
  gap_index_a: number | null;
  gap_index_b: number | null;
}

export interface Comparison {
  a: string;
  b: string;
  data_version: string;
  figures: Record<string, { base: number | null; a: number | null; b: number | null }>;
  neighbourhoods: ComparedPlace[];
}

export interface Fix {
  changes: Change[];
  gain: number | null;
  closes: boolean;
  nearest_m: number | null;
  persons: number | null;
  zh: string;
  en: string;
}

export interface Explanation {
  facility: Record<string, unknown> | null;
  path: GeoJSON.LineString | GeoJSON.MultiLineString | null;
  missing_m: number | null;
  missing_m2: number | null;
  missing_capacity: number | null;
  fixes: Fix[];
}

export interface Opening {
  id: string;
  gain: number | null;
  changes: Change[];
  geometry: GeoJSON.Geometry | null;
  zh: string | null;
  en: string | null;
}

export interface OpeningList {
  data_version: string;
  job: string | null;
  k: number | null;
  objective: "person_seconds" | "persons_covered" | null;
  total: number | null;
  bound: number | null;
  complete: boolean | null;
  items: Opening[];
}

export interface PriorityRow {
  priority: number | null;
  rank: number | null;
  rank_low: number | null;
  rank_high: number | null;
  known_weight_share: number | null;
  [part: `part_${string}`]: number | null;
}

export interface QueueRow {
  rank: number | null;
  kind: KindId;
  layers: string | null;
  need: Need | null;
  status: "missing" | "unknown";
  score: number | null;
  persons_without: number | null;
  nearest_m: number | null;
  vote_share: number | null;
  [part: `part_${string}`]: number | null;
}

export interface AreaRow {
  rule: string;
  kind: KindId | null;
  layer: CircleLayer | null;
  per: "person" | "household";
  standard_m2: number | null;
  old_factor: number | null;
  short_m2: number | null;
  supplied_m2_per_person: number | null;
  supplied_m2_per_100_households: number | null;
  unknown_zh: string | null;
  unknown_en: string | null;
}

export interface AccessRow {
  kind: KindId;
  layer: CircleLayer | null;
  measure: "capacity" | "floor" | "land";
  supply_per_1000_persons: number | null;
  standard_per_1000_persons: number | null;
  access_ratio: number | null;
  unknown_facilities: number | null;
  status: "enough" | "short" | "none" | "no_standard" | "unknown";
}

export interface EquityRow {
  kind: KindId | null;
  layer: CircleLayer | null;
  gini: number | null;
  persons_beyond_share: number | null;
  elderly_beyond_share: number | null;
  children_beyond_share: number | null;
  persons_mean_missing: number | null;
  elderly_mean_missing: number | null;
  children_mean_missing: number | null;
  unknown_zh: string | null;
  unknown_en: string | null;
}
