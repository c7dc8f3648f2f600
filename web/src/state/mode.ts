/** What the reader is looking at. One union, so that no two of them can be open at once. */

export type CityTab = "overview" | "ranking" | "facilities" | "districts" | "stock" | "siting";
export const CITY_TABS = ["overview", "ranking", "facilities", "districts", "stock", "siting"] as const satisfies readonly CityTab[];

export type Mode =
  | { kind: "city"; tab: CityTab }
  | { kind: "neighbourhood"; id: string }
  | { kind: "district"; id: string }
  | { kind: "stock"; id: string };

/** What colours the neighbourhoods. */
export type Theme =
  | { kind: "gap_index" }
  | { kind: "priority" }
  | { kind: "eligibility" }
  | { kind: "year_built" }
  | { kind: "districts" }
  | { kind: "heatmap" }
  | { kind: "difference" }
  | { kind: "facility"; facility: string }
  | { kind: "none" };

/** What is tried: changes not yet saved (as a short text), a saved scenario, or two beside each other. */
export type ScenarioRef =
  | { kind: "draft"; changes: string }
  | { kind: "saved"; id: string }
  | { kind: "compare"; a: string; b: string };

/** The siting that is shown: its job, the point of its curve, and what the planner changed (as a short text; empty: nothing). */
export interface SitingRef {
  job: string;
  point: number | null;
  edits: string;
}

export type Language = "zh" | "en";

/** The place on the map: zoom, latitude, longitude. */
export type Camera = { zoom: number; lat: number; lon: number };

export interface PageState {
  city: string | null;
  mode: Mode;
  /** The city tab to go back to from a sheet. */
  lastTab: CityTab;
  theme: Theme;
  /** Layers that differ from what is shown at first. */
  switched: readonly string[];
  circles: boolean;
  camera: Camera | null;
  language: Language;
  /** The what-if mode; null: the city as it is. */
  scenario: ScenarioRef | null;
  /** The plan on the drawing table; empty: the list of plans; null: the table is put away. */
  plan: string | null;
  /** The open siting; null: none. */
  siting: SitingRef | null;
}

export const FIRST_STATE: PageState = {
  city: null,
  mode: { kind: "city", tab: "overview" },
  lastTab: "overview",
  theme: { kind: "gap_index" },
  switched: [],
  circles: true,
  camera: null,
  language: "zh",
  scenario: null,
  plan: null,
  siting: null,
};
