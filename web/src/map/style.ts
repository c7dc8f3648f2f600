/** The style of the map: one source per tile layer, one entry per layer of the table in `layers.ts`. */

import type {
  ExpressionSpecification,
  FilterSpecification,
  LayerSpecification,
  SourceSpecification,
  StyleSpecification,
} from "maplibre-gl";

import type { PageConfig, TileLayer } from "../api/types";
import { colourByKind, signByKind } from "./facilityGroups";
import { LAYER_IDS, LAYERS_BOTTOM_UP, type LayerId } from "./layers";
import { CIRCLE_STYLES, DIFFERENCE_COLOURS, GATE_STYLES, GROUND, TRIED } from "./palette";
import { BOLD, FONT } from "./fonts";
import { PLAN_PAINT, PLAN_SOURCES } from "./planScene";
import { STOCK_PARTS } from "./stockStyle";
import { difference, districtColour, heatColour, neighbourhoodColour, neighbourhoodOpacity } from "./theme";

export const OWN_SOURCES = ["circles", "reached", "link", "tried", "marks", "sites", "catchments", ...PLAN_SOURCES] as const;
export { BOLD, FONT };

type Expression = ExpressionSpecification;
export type Part = Record<string, unknown> & { type: LayerSpecification["type"]; source?: string; labels?: boolean };

const byZoom = (...stops: number[]): Expression =>
  ["interpolate", ["exponential", 1.5], ["zoom"], ...stops] as unknown as Expression;

const ROADS = ["motorway", "trunk", "primary", "secondary", "tertiary"];
const PATHS = ["footway", "path", "steps", "pedestrian", "track", "cycleway", "corridor", "bridleway"];
const highway: Expression = ["coalesce", ["get", "highway"], "unclassified"];
const base: Expression = ["slice", highway, 0, ["case", [">=", ["index-of", "_link", highway], 0], ["index-of", "_link", highway], 99]];
const isPath = ["in", highway, ["literal", PATHS]] as Expression;

function roadWidth(extra: number): Expression {
  const width = (trunk: number, secondary: number, lane: number): unknown[] => [
    "match",
    base,
    ["motorway", "trunk", "primary"],
    trunk + extra,
    ["secondary", "tertiary"],
    secondary + extra,
    lane + extra,
  ];
  const stops = [11, width(1.6, 0.8, 0.2), 13, width(3.2, 2, 0.7), 15, width(7, 4.5, 2.4), 17, width(16, 11, 7), 19, width(36, 26, 18)];
  return ["interpolate", ["exponential", 1.4], ["zoom"], ...stops] as unknown as Expression;
}

const chosen: Expression = [
  "case",
  ["boolean", ["feature-state", "selected"], false],
  3.2,
  ["boolean", ["feature-state", "member"], false],
  2,
  ["!=", difference, 0],
  2.4,
  ["boolean", ["feature-state", "hover"], false],
  1.6,
  0,
];
const chosenColour: Expression = [
  "case",
  ["boolean", ["feature-state", "selected"], false],
  GROUND.select,
  ["<", difference, 0],
  DIFFERENCE_COLOURS[0],
  [">", difference, 0],
  DIFFERENCE_COLOURS[4],
  GROUND.select,
];
const role: Expression = ["get", "role"];
const triedColour: Expression = ["match", role, "close", TRIED.closed, TRIED.new];
const faintPreview: Expression = ["case", ["boolean", ["get", "preview"], false], 0.65, 1];

const polygons: FilterSpecification = ["==", ["geometry-type"], "Polygon"];
const lines: FilterSpecification = ["==", ["geometry-type"], "LineString"];
const points: FilterSpecification = ["==", ["geometry-type"], "Point"];
const onPoint: Expression = ["==", ["geometry-type"], "Point"];
const circleLayer: Expression = ["get", "layer"];
const circleColour = [
  "match",
  circleLayer,
  ...Object.entries(CIRCLE_STYLES).flatMap(([layer, style]) => [layer, style.colour]),
  CIRCLE_STYLES.c15.colour,
] as unknown as Expression;

const label = (size: unknown, font = FONT, more: object = {}): object => ({
  "text-field": ["get", "name"],
  "text-font": font,
  "text-size": size,
  "text-max-width": 7,
  "text-padding": 4,
  ...more,
});
const ink = (colour: string = GROUND.ink, halo = 1.4): object => ({
  "text-color": colour,
  "text-halo-color": GROUND.halo,
  "text-halo-width": halo,
});

const greens = ["green", "park", "sports", "farmland"];
/** The first of the kinds a facility was recognised as (a text with commas). */
const kindsText: Expression = ["coalesce", ["get", "kinds"], ["get", "kind"], ""];
const comma: Expression = ["index-of", ",", kindsText];
const firstKind: Expression = ["slice", kindsText, 0, ["case", [">=", comma, 0], comma, 99]];

const planSign = (sign: string, pattern: string, opacity: number): Part => ({
  type: "fill",
  source: "plan_signs",
  filter: ["==", ["get", "sign"], sign],
  paint: { "fill-pattern": pattern, "fill-opacity": opacity, "fill-antialias": false },
});

const PARTS: Record<Exclude<LayerId, "basemap">, Part> = {
  ...STOCK_PARTS,
  land_use: {
    type: "fill",
    paint: {
      "fill-color": [
        "match",
        ["get", "use"],
        greens,
        GROUND.green,
        "residential",
        "#efeadf",
        ["commercial", "office"],
        "#f2e3dc",
        ["education", "health", "public"],
        "#e9e4ee",
        ["industrial", "railway", "military", "construction"],
        "#e6e3df",
        ["brownfield", "vacant"],
        "#e4dcc6",
        "#f0ece3",
      ],
    },
  },
  water: { type: "fill", filter: polygons, paint: { "fill-color": GROUND.water, "fill-outline-color": GROUND.waterLine } },
  water_line: {
    type: "line",
    filter: lines,
    paint: { "line-color": GROUND.water, "line-width": byZoom(11, 0.8, 15, 3, 18, 10) },
    layout: { "line-cap": "round", "line-join": "round" },
  },
  heatmap: { type: "fill", paint: { "fill-color": heatColour([1, 2, 3, 4, 5]), "fill-opacity": 0.72 }, layout: { visibility: "none" } },
  neighbourhoods: {
    type: "fill",
    paint: {
      "fill-color": neighbourhoodColour({ kind: "gap_index" }, [0.1, 0.2, 0.3, 0.4, 0.5]),
      "fill-opacity": neighbourhoodOpacity({ kind: "gap_index" }, false),
    },
  },
  neighbourhoods_pattern: { type: "fill", paint: { "fill-pattern": "hatch" }, layout: { visibility: "none" } },
  districts: { type: "fill", paint: { "fill-color": districtColour, "fill-opacity": 0.16 } },
  plan_fill: { type: "fill", source: "plan_cells", paint: { "fill-color": PLAN_PAINT.colour, "fill-opacity": PLAN_PAINT.filled, "fill-antialias": false } },
  plan_locked: planSign("locked", "studs", 0.75),
  plan_excluded: planSign("excluded", "dots", 0.55),
  plan_unassigned: planSign("unassigned", "hatch", 0.8),
  constraints: { type: "fill", filter: polygons, paint: { "fill-color": "#9c4f6b", "fill-opacity": 0.14 } },
  constraints_line: { type: "line", paint: { "line-color": "#9c4f6b", "line-width": 1.4, "line-dasharray": [3, 2] } },
  buildings: {
    type: "fill",
    filter: polygons,
    minzoom: 13,
    paint: {
      "fill-color": GROUND.building,
      "fill-opacity": byZoom(13, 0.1, 15, 0.24, 17, 0.32),
      "fill-outline-color": "#5c554a",
    },
  },
  streets_edge: {
    type: "line",
    filter: ["!", isPath],
    minzoom: 12,
    paint: { "line-color": GROUND.streetEdge, "line-width": roadWidth(1.4) },
    layout: { "line-cap": "round", "line-join": "round" },
  },
  streets: {
    type: "line",
    filter: ["!", isPath],
    paint: {
      "line-color": ["match", base, ["motorway", "trunk", "primary"], "#fff6dc", GROUND.street],
      "line-width": roadWidth(0),
    },
    layout: {
      "line-cap": "round",
      "line-join": "round",
      "line-sort-key": ["match", base, ["motorway", "trunk", "primary"], 3, ["secondary", "tertiary"], 2, 1],
    },
  },
  streets_path: {
    type: "line",
    filter: isPath,
    minzoom: 14.5,
    paint: { "line-color": "#b9ab92", "line-width": byZoom(14, 0.6, 17, 1.6, 19, 3), "line-dasharray": [2, 1.4] },
  },
  railways: { type: "line", paint: { "line-color": GROUND.rail, "line-width": byZoom(11, 0.8, 15, 2, 18, 4) } },
  railways_ties: {
    type: "line",
    minzoom: 13,
    paint: { "line-color": "#fbf9f4", "line-width": byZoom(13, 0.6, 15, 1.2, 18, 2.4), "line-dasharray": [5, 5] },
  },
  circle_fill: {
    type: "fill",
    source: "circles",
    paint: { "fill-color": circleColour, "fill-opacity": ["match", circleLayer, "c5", 0.2, "c10", 0.13, 0.09] },
  },
  barriers: {
    type: "line",
    minzoom: 14,
    paint: { "line-color": GROUND.wall, "line-width": byZoom(14, 0.7, 16, 1.5, 19, 3), "line-opacity": 0.75 },
  },
  admin_areas: { type: "line", paint: { "line-color": GROUND.admin, "line-width": 1.6, "line-dasharray": [6, 2, 1, 2] } },
  neighbourhoods_line: {
    type: "line",
    minzoom: 12,
    paint: { "line-color": "#ffffff", "line-opacity": 0.9, "line-width": byZoom(12, 0.4, 15, 1, 18, 2) },
  },
  districts_halo: {
    type: "line",
    layout: { "line-join": "round" },
    paint: { "line-color": GROUND.halo, "line-opacity": 0.8, "line-width": byZoom(10, 1, 12.5, 2.4, 14, 5, 18, 8) },
  },
  districts_line: {
    type: "line",
    layout: { "line-join": "round" },
    paint: {
      "line-color": ["case", ["boolean", ["feature-state", "selected"], false], GROUND.select, "#2e5560"],
      "line-width": ["interpolate", ["exponential", 1.5], ["zoom"], 10, 0.6, 12.5, 1, 14, ["case", ["boolean", ["feature-state", "selected"], false], 3.6, 1.9], 18, 3.6],
    },
  },
  plan_cells_line: {
    type: "line",
    source: "plan_cells",
    minzoom: 12,
    paint: { "line-color": "#ffffff", "line-opacity": 0.75, "line-width": PLAN_PAINT.cellWidth },
  },
  plan_halo: {
    type: "line",
    source: "plan_edges",
    layout: { "line-join": "miter", "line-cap": "square" }, // round ones are thrice as many triangles, of tens of thousands
    paint: { "line-color": GROUND.halo, "line-width": PLAN_PAINT.halo },
  },
  plan_line: {
    type: "line",
    source: "plan_edges",
    layout: { "line-join": "miter", "line-cap": "square" }, // round ones are thrice as many triangles, of tens of thousands
    paint: { "line-color": PLAN_PAINT.lineColour, "line-width": PLAN_PAINT.line },
  },
  plan_mark: {
    type: "line",
    source: "plan_signs",
    filter: [">", ["get", "mark"], 0],
    layout: { "line-join": "round" },
    paint: { "line-color": PLAN_PAINT.markColour, "line-width": 3, "line-offset": 1.2 },
  },
  adjacency: {
    type: "line",
    paint: {
      "line-color": [
        "match",
        ["get", "barrier"],
        "none",
        "#2f8070",
        "wall",
        "#a8694a",
        "minor_road",
        "#8b8a5e",
        ["main_road", "railway", "river"],
        "#b5482a",
        "#8f8b84",
      ],
      "line-width": ["match", ["get", "barrier"], "none", 2.6, 1.6],
    },
  },
  circle_halo: {
    type: "line",
    source: "circles",
    paint: { "line-color": GROUND.halo, "line-width": 5, "line-opacity": 0.75 },
    layout: { "line-join": "round" },
  },
  circle_line: {
    type: "line",
    source: "circles",
    layout: { "line-join": "round" },
    paint: {
      "line-color": circleColour,
      "line-width": ["match", circleLayer, "c5", 2.6, 2.2],
      "line-dasharray": ["match", circleLayer, "c5", ["literal", [1, 0]], "c10", ["literal", [4, 1.5]], ["literal", [1.5, 1.5]]],
    },
  },
  neighbourhoods_chosen: {
    type: "line",
    layout: { "line-join": "round" },
    paint: { "line-color": chosenColour, "line-width": chosen },
  },
  facilities_area: {
    type: "fill",
    minzoom: 13,
    filter: polygons,
    paint: { "fill-color": colourByKind(firstKind), "fill-opacity": 0.28, "fill-outline-color": colourByKind(firstKind) },
  },
  facilities: {
    type: "circle",
    minzoom: 13,
    filter: points,
    paint: {
      "circle-color": colourByKind(firstKind),
      "circle-radius": byZoom(13, 2, 15, 5, 16.5, 9),
      "circle-stroke-color": "#ffffff",
      "circle-stroke-width": byZoom(13, 0.5, 16, 1.6),
    },
  },
  reached: {
    type: "circle",
    source: "reached",
    paint: {
      "circle-color": colourByKind(["get", "kind"]),
      "circle-radius": byZoom(12, 2, 15, 4.6, 15.6, 7, 17, 9.5),
      "circle-stroke-color": "#ffffff",
      "circle-stroke-width": 1.2,
    },
  },
  gates: {
    type: "circle",
    minzoom: 14.5,
    paint: {
      "circle-radius": byZoom(14, 2.4, 16, 4, 18, 6),
      "circle-color": ["match", ["get", "access"], "closed", GATE_STYLES.closed.fill, GATE_STYLES.public.fill],
      "circle-stroke-width": byZoom(14, 1.2, 17, 2.4),
      "circle-stroke-color": [
        "match",
        ["get", "access"],
        "closed",
        GATE_STYLES.closed.edge,
        "residents",
        GATE_STYLES.residents.edge,
        GATE_STYLES.public.edge,
      ],
    },
  },
  link: {
    type: "line",
    source: "link",
    filter: lines,
    paint: { "line-color": ["case", ["get", "found"], "#2f8070", GROUND.link], "line-width": 2.6, "line-dasharray": [2, 1.4] },
  },
  link_end: {
    type: "circle",
    source: "link",
    filter: ["==", ["get", "role"], "end"],
    paint: {
      "circle-radius": 7,
      "circle-color": ["case", ["get", "found"], "#2f8070", GROUND.link],
      "circle-stroke-color": "#ffffff",
      "circle-stroke-width": 2.5,
    },
  },
  tried_line: {
    type: "line",
    source: "tried",
    filter: lines,
    layout: { "line-cap": "round", "line-join": "round" },
    paint: { "line-color": TRIED.new, "line-width": byZoom(11, 2, 15, 4, 18, 7), "line-opacity": faintPreview },
  },
  tried_line_core: {
    type: "line",
    source: "tried",
    filter: lines,
    layout: { "line-cap": "round", "line-join": "round" },
    paint: { "line-color": TRIED.halo, "line-width": byZoom(11, 0.6, 15, 1.2, 18, 2.4), "line-dasharray": [1, 2.4] },
  },
  tried: {
    type: "circle",
    source: "tried",
    filter: points,
    paint: {
      "circle-radius": ["match", role, ["add", "close"], 11, "corner", 4, 8],
      "circle-color": ["match", role, "add", triedColour, TRIED.halo],
      "circle-stroke-color": triedColour,
      "circle-stroke-width": ["match", role, "add", 2.5, 3],
      "circle-opacity": faintPreview,
      "circle-stroke-opacity": faintPreview,
    },
  },
  water_label: { type: "symbol", labels: true, layout: label(12, FONT, { "text-letter-spacing": 0.2 }), paint: ink("#4d7f8e", 1.2) },
  streets_label: {
    type: "symbol",
    minzoom: 13.5,
    filter: ["has", "name"],
    layout: label(byZoom(13, 10.5, 17, 13), FONT, { "symbol-placement": "line", "symbol-spacing": 420, "text-max-angle": 30 }),
    paint: ink("#6b6250", 1.6),
  },
  facilities_label: {
    type: "symbol",
    minzoom: 15.5,
    layout: {
      "text-field": signByKind(firstKind),
      "text-font": BOLD,
      "text-size": byZoom(15.5, 9, 17, 12),
      "text-allow-overlap": true,
      "text-ignore-placement": true,
    },
    // On its dot the sign is white; a facility that is an area has no dot.
    paint: {
      "text-color": ["case", onPoint, "#ffffff", colourByKind(firstKind)],
      "text-halo-color": GROUND.halo,
      "text-halo-width": ["case", onPoint, 0, 2],
    },
  },
  reached_label: {
    type: "symbol",
    source: "reached",
    minzoom: 15.6,
    layout: {
      "text-field": signByKind(["get", "kind"]),
      "text-font": BOLD,
      "text-size": byZoom(15.6, 8.5, 17, 11),
      "text-allow-overlap": true,
      "text-ignore-placement": true,
    },
    paint: { "text-color": "#ffffff" },
  },
  tried_label: {
    type: "symbol",
    source: "tried",
    filter: points,
    layout: {
      "text-field": ["match", role, "add", signByKind(["get", "kind"]), "close", "✕", "gate", "⇄", "wall", "⇄", ""] as unknown as Expression,
      "text-font": BOLD,
      "text-size": 13,
      "text-allow-overlap": true,
      "text-ignore-placement": true,
    },
    paint: { "text-color": ["match", role, "add", TRIED.halo, triedColour] },
  },
  circle_label: {
    type: "symbol",
    source: "circles",
    layout: {
      "text-field": ["get", "label"],
      "text-font": BOLD,
      "text-size": 12.5,
      "symbol-placement": "line",
      "symbol-spacing": 360,
      "text-offset": [0, -0.9],
      "text-max-angle": 40,
    },
    paint: { "text-color": circleColour, "text-halo-color": GROUND.halo, "text-halo-width": 2 },
  },
  admin_label: {
    type: "symbol",
    labels: true,
    layout: label(byZoom(10, 12, 15, 17), FONT, { "text-letter-spacing": 0.3 }),
    paint: ink("#7d7566", 2),
  },
  neighbourhoods_label: {
    type: "symbol",
    labels: true,
    minzoom: 13.8,
    layout: label(byZoom(13.8, 11, 17, 14.5)),
    paint: ink(GROUND.ink, 1.7),
  },
  districts_label: {
    type: "symbol",
    labels: true,
    maxzoom: 15.5,
    // Far out only some of many districts are named: the larger ones first, with room between them.
    layout: label(byZoom(10, 10, 12.5, 11.5, 14, 15), BOLD, {
      "text-letter-spacing": 0.06,
      "text-padding": byZoom(10, 24, 13.5, 12, 14, 4),
      "symbol-sort-key": ["-", 0, ["to-number", ["get", "area_m2"], 0]],
    }),
    paint: ink("#173f49", 2.2),
  },
  plan_label: {
    type: "symbol",
    source: "plan_labels",
    layout: {
      ...label(byZoom(10, 10, 12.5, 11.5, 14, 15), BOLD, { "text-letter-spacing": 0.06, "text-padding": byZoom(10, 16, 13.5, 6, 14, 2) }),
      "symbol-sort-key": ["-", 0, ["to-number", ["get", "area_m2"], 0]],
      "icon-image": ["case", ["get", "locked"], "lock", ""],
      "icon-anchor": "bottom",
      "icon-offset": [0, -12],
      "icon-optional": true,
    },
    paint: ink("#10343c", 2.4),
  },
  link_label: {
    type: "symbol",
    source: "link",
    filter: ["==", ["get", "role"], "label"],
    layout: {
      "text-field": ["get", "label"],
      "text-font": BOLD,
      "text-size": 13,
      "text-max-width": 20,
      "text-offset": [0, -0.9],
      "text-allow-overlap": true,
      "text-ignore-placement": true,
    },
    paint: { "text-color": "#7c2c16", "text-halo-color": GROUND.halo, "text-halo-width": 2.4 },
  },
};

/** The road classes that a planner would call roads; shown to tests and to the legend. */
export const MAIN_ROADS = ROADS;

/** Make the style of a city.
 *
 * @param tiles the city's tile layers; a layer of the table whose tiles the server does not have is left out.
 * @param origin where the tiles are asked for: MapLibre's worker needs whole addresses.
 */
export function cityStyle(tiles: readonly TileLayer[], config: PageConfig, origin: string): StyleSpecification {
  const sources: Record<string, SourceSpecification> = {};
  for (const tile of tiles) {
    if (!tile.tiles) continue;
    sources[tile.name] = {
      type: "vector",
      tiles: [new URL(tile.tiles, origin).href.replaceAll("%7B", "{").replaceAll("%7D", "}")],
      minzoom: tile.min_zoom,
      maxzoom: tile.max_zoom,
      promoteId: "id",
    };
  }
  for (const name of OWN_SOURCES) sources[name] = { type: "geojson", data: { type: "FeatureCollection", features: [] } };
  const layers: LayerSpecification[] = [{ id: "paper", type: "background", paint: { "background-color": GROUND.paper } }];
  if (config.basemap) {
    sources.basemap = { type: "raster", tiles: [config.basemap.url], tileSize: 256, attribution: config.basemap.attribution };
    layers.push({ id: "basemap", type: "raster", source: "basemap", paint: { "raster-saturation": -0.6, "raster-opacity": 0.7 } });
  }
  for (const id of LAYER_IDS) {
    if (id === "basemap") continue;
    const { labels, source: own, ...part } = PARTS[id];
    const tile: string | null = LAYERS_BOTTOM_UP[id].tile;
    const source = own ?? tile;
    if (!source || !sources[source]) continue;
    const from = own ? {} : { "source-layer": labels ? `${tile}_labels` : tile };
    layers.push({ ...part, id, source, ...from } as unknown as LayerSpecification);
  }
  return { version: 8, sources, layers };
}
