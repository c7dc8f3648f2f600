/** Every drawn layer, from bottom to top, and which switch shows it. The order is told here and nowhere else. */

/** What the reader can switch, in two groups. */
export const SWITCHES = {
  results: ["neighbourhoods", "districts", "life_circle", "stock", "adjacency"],
  base: [
    "facilities",
    "gates",
    "walls",
    "buildings",
    "streets",
    "railways",
    "water",
    "land_use",
    "constraints",
    "admin_areas",
    "labels",
    "basemap",
  ],
} as const;

export type Switch = (typeof SWITCHES)["results" | "base"][number];

/** Shown when the page opens; a switch in the address turns one of these off, or another one on. */
export const SHOWN_AT_FIRST: ReadonlySet<Switch> = new Set<Switch>([
  "neighbourhoods",
  "districts",
  "life_circle",
  "gates",
  "walls",
  "buildings",
  "streets",
  "railways",
  "water",
  "land_use",
  "labels",
  "basemap",
]);

/** Style layers bottom up: the switch each belongs to, and the tile layer it draws (null: the page's own data). */
export const LAYERS_BOTTOM_UP = {
  basemap: { shownBy: "basemap", tile: null },
  land_use: { shownBy: "land_use", tile: "land_use" },
  water: { shownBy: "water", tile: "water" },
  water_line: { shownBy: "water", tile: "water" },
  heatmap: { shownBy: "neighbourhoods", tile: "heatmap" },
  neighbourhoods: { shownBy: "neighbourhoods", tile: "neighbourhoods" },
  neighbourhoods_pattern: { shownBy: "neighbourhoods", tile: "neighbourhoods" },
  districts: { shownBy: "districts", tile: "districts" },
  plan_fill: { shownBy: "neighbourhoods", tile: null },
  plan_locked: { shownBy: "neighbourhoods", tile: null },
  plan_excluded: { shownBy: "neighbourhoods", tile: null },
  plan_unassigned: { shownBy: "neighbourhoods", tile: null },
  constraints: { shownBy: "constraints", tile: "constraints" },
  constraints_line: { shownBy: "constraints", tile: "constraints" },
  buildings: { shownBy: "buildings", tile: "buildings" },
  streets_edge: { shownBy: "streets", tile: "streets" },
  streets: { shownBy: "streets", tile: "streets" },
  streets_path: { shownBy: "streets", tile: "streets" },
  railways: { shownBy: "railways", tile: "railways" },
  railways_ties: { shownBy: "railways", tile: "railways" },
  circle_fill: { shownBy: "life_circle", tile: null },
  barriers: { shownBy: "walls", tile: "barriers" },
  admin_areas: { shownBy: "admin_areas", tile: "admin_areas" },
  neighbourhoods_line: { shownBy: "neighbourhoods", tile: "neighbourhoods" },
  districts_halo: { shownBy: "districts", tile: "districts" },
  districts_line: { shownBy: "districts", tile: "districts" },
  plan_cells_line: { shownBy: "neighbourhoods", tile: null },
  plan_halo: { shownBy: "districts", tile: null },
  plan_line: { shownBy: "districts", tile: null },
  plan_mark: { shownBy: "neighbourhoods", tile: null },
  adjacency: { shownBy: "adjacency", tile: "adjacency" },
  circle_halo: { shownBy: "life_circle", tile: null },
  circle_line: { shownBy: "life_circle", tile: null },
  catchment_fill: { shownBy: "neighbourhoods", tile: null },
  catchment_line: { shownBy: "neighbourhoods", tile: null },
  stock: { shownBy: "stock", tile: "stock" },
  stock_pattern: { shownBy: "stock", tile: "stock" },
  stock_line: { shownBy: "stock", tile: "stock" },
  stock_line_candidate: { shownBy: "stock", tile: "stock" },
  stock_point: { shownBy: "stock", tile: "stock" },
  neighbourhoods_chosen: { shownBy: "neighbourhoods", tile: "neighbourhoods" },
  facilities_area: { shownBy: "facilities", tile: "facilities" },
  facilities: { shownBy: "facilities", tile: "facilities" },
  reached: { shownBy: "life_circle", tile: null },
  gates: { shownBy: "gates", tile: "neighbourhood_gates" },
  link: { shownBy: "neighbourhoods", tile: null },
  link_end: { shownBy: "neighbourhoods", tile: null },
  mark_area: { shownBy: "neighbourhoods", tile: null },
  mark_line: { shownBy: "neighbourhoods", tile: null },
  mark_point: { shownBy: "neighbourhoods", tile: null },
  site_link: { shownBy: "neighbourhoods", tile: null },
  site_halo: { shownBy: "neighbourhoods", tile: null },
  site: { shownBy: "neighbourhoods", tile: null },
  tried_line: { shownBy: "neighbourhoods", tile: null },
  tried_line_core: { shownBy: "neighbourhoods", tile: null },
  tried: { shownBy: "neighbourhoods", tile: null },
  water_label: { shownBy: "labels", tile: "water" },
  streets_label: { shownBy: "labels", tile: "streets" },
  facilities_label: { shownBy: "facilities", tile: "facilities" },
  reached_label: { shownBy: "life_circle", tile: null },
  circle_label: { shownBy: "life_circle", tile: null },
  admin_label: { shownBy: "admin_areas", tile: "admin_areas" },
  stock_label: { shownBy: "stock", tile: "stock" },
  neighbourhoods_label: { shownBy: "labels", tile: "neighbourhoods" },
  districts_label: { shownBy: "labels", tile: "districts" },
  plan_label: { shownBy: "labels", tile: null },
  link_label: { shownBy: "neighbourhoods", tile: null },
  mark_label: { shownBy: "neighbourhoods", tile: null },
  site_label: { shownBy: "neighbourhoods", tile: null },
  tried_label: { shownBy: "neighbourhoods", tile: null },
} as const satisfies Record<string, { shownBy: Switch; tile: string | null }>;

/** Layers of the analysis that a plan takes the place of. */
export const REPLACED_BY_PLAN: readonly string[] = ["districts", "districts_halo", "districts_line", "districts_label"];

export type LayerId = keyof typeof LAYERS_BOTTOM_UP;
export const LAYER_IDS = Object.keys(LAYERS_BOTTOM_UP) as LayerId[];

/** Which switches are on, from those that differ from the first view. */
export function switchesOn(switched: readonly string[]): Set<Switch> {
  const on = new Set<Switch>(SHOWN_AT_FIRST);
  for (const name of [...SWITCHES.results, ...SWITCHES.base]) {
    if (!switched.includes(name)) continue;
    if (on.has(name)) on.delete(name);
    else on.add(name);
  }
  return on;
}

/** The list for the address after one switch was pressed. */
export function press(switched: readonly string[], name: Switch): string[] {
  return switched.includes(name) ? switched.filter((other) => other !== name) : [...switched, name];
}
