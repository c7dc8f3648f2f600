/** How stock, chosen sites and whom they serve are drawn. */

import type { ExpressionSpecification, FilterSpecification, LayerSpecification } from "maplibre-gl";

import { signByKind } from "./facilityGroups";
import { BOLD } from "./fonts";
import type { LayerId } from "./layers";
import { GROUND, PATHWAY_COLOURS, SITING, STOCK_COLOURS } from "./palette";
import type { StockScene } from "./scene";

type Expression = ExpressionSpecification;
type Part = Record<string, unknown> & { type: LayerSpecification["type"]; source?: string };

const expression = (parts: unknown[]): Expression => parts as unknown as Expression;
const filter = (...parts: unknown[]): FilterSpecification => parts as unknown as FilterSpecification;
const registered = ["==", ["get", "source"], "registered"];
const polygon = ["==", ["geometry-type"], "Polygon"];
const point = ["==", ["geometry-type"], "Point"];
const line = ["==", ["geometry-type"], "LineString"];
const role = ["get", "role"];
const selected = (yes: number, no: number): unknown[] => ["case", ["boolean", ["feature-state", "selected"], false], yes, no];

export function stockColour(by: StockScene["by"]): Expression {
  if (by === "source") return expression(["case", registered, STOCK_COLOURS.registered, STOCK_COLOURS.candidate]);
  const { none, ...rows } = PATHWAY_COLOURS;
  return expression(["match", ["coalesce", ["get", "pathway"], ""], ...Object.entries(rows).flat(), none]);
}

/** What belongs to each layer that draws stock, beside the reader's choice. */
const KEPT: Partial<Record<LayerId, FilterSpecification>> = {
  stock: filter("==", ["geometry-type"], "Polygon"),
  stock_pattern: filter("all", polygon, ["!", registered]),
  stock_line: filter("all", polygon, registered),
  stock_line_candidate: filter("all", polygon, ["!", registered]),
  stock_point: filter("==", ["geometry-type"], "Point"),
  stock_label: filter("has", "source"),
};
export const STOCK_LAYERS = Object.keys(KEPT) as LayerId[];

/** The filter of a layer when only some assets are shown; a `match` finds an id among thousands at once. */
export function stockFilter(layer: LayerId, ids: readonly string[] | null): FilterSpecification {
  const kept = KEPT[layer]!;
  if (ids === null) return kept;
  return filter("all", kept, ids.length === 0 ? false : ["match", ["get", "id"], [...ids], true, false]);
}

const markColour = expression(["match", role, "must", SITING.must, "must_not", SITING.banned, "gap", "#b5482a", "sketch", "#6a1b9a", "open", "#6d4ea2", "pair", "#b45f06", "added", ["get", "colour"], SITING.line]);

export const STOCK_PARTS = {
  catchment_fill: {
    type: "fill",
    source: "catchments",
    filter: polygon,
    paint: { "fill-color": SITING.served, "fill-opacity": ["case", ["boolean", ["get", "chosen"], false], 0.5, 0.26] },
  },
  catchment_line: {
    type: "line",
    source: "catchments",
    layout: { "line-join": "round", "line-cap": "round" },
    paint: {
      "line-color": SITING.served,
      "line-width": ["case", ["boolean", ["get", "chosen"], false], 2.6, 1.4],
      "line-opacity": ["case", ["==", ["geometry-type"], "Polygon"], 0.9, 0.75],
    },
  },
  stock: {
    type: "fill",
    filter: KEPT.stock,
    paint: { "fill-color": stockColour("source"), "fill-opacity": ["case", registered, 0.72, ["interpolate", ["linear"], ["coalesce", ["get", "confidence"], 0.5], 0, 0.2, 1, 0.55]] },
  },
  stock_pattern: { type: "fill", filter: KEPT.stock_pattern, minzoom: 13, paint: { "fill-pattern": "hatch", "fill-opacity": 0.9 } },
  stock_line: { type: "line", filter: KEPT.stock_line, paint: { "line-color": "#3b265f", "line-width": selected(3.2, 1.2) } },
  stock_line_candidate: {
    type: "line",
    filter: KEPT.stock_line_candidate,
    paint: { "line-color": "#3b265f", "line-width": selected(3.2, 1.2), "line-dasharray": [3, 2] },
  },
  stock_point: {
    type: "circle",
    filter: KEPT.stock_point,
    paint: {
      "circle-color": stockColour("source"),
      "circle-opacity": ["case", registered, 1, 0.45],
      "circle-radius": selected(8, 5),
      "circle-stroke-color": ["case", registered, "#ffffff", "#3b265f"],
      "circle-stroke-width": ["case", registered, 1.4, 1.2],
    },
  },
  mark_area: { type: "fill", source: "marks", filter: polygon, paint: { "fill-color": markColour, "fill-opacity": 0.18 } },
  mark_line: {
    type: "line",
    source: "marks",
    filter: ["!", point],
    layout: { "line-join": "round", "line-cap": "round" },
    paint: { "line-color": markColour, "line-width": ["match", role, "sketch", 2.4, 1.8], "line-dasharray": [2, 1.6] },
  },
  mark_point: {
    type: "circle",
    source: "marks",
    filter: point,
    paint: {
      "circle-radius": ["match", role, "corner", 4, "edited", 10, "must_not", 10, "must", 10, 6],
      "circle-color": ["match", role, ["edited", "must", "must_not"], "rgba(255,255,255,0)", "corner", "#ffffff", markColour],
      "circle-stroke-color": ["match", role, "corner", "#6a1b9a", ["edited", "added"], "#3b265f", ["must", "must_not"], markColour, "#ffffff"],
      "circle-stroke-width": ["match", role, ["must", "must_not"], 3.2, ["edited", "added"], 1.6, 2],
    },
  },
  site_link: {
    type: "line",
    source: "sites",
    filter: line,
    layout: { "line-cap": "round" },
    paint: { "line-color": SITING.line, "line-width": 1.6, "line-opacity": 0.75 },
  },
  site_halo: {
    type: "circle",
    source: "sites",
    filter: ["all", point, ["==", role, "site"]],
    paint: { "circle-radius": ["case", ["boolean", ["get", "chosen"], false], 19, 15], "circle-color": SITING.halo, "circle-opacity": ["case", ["boolean", ["get", "chosen"], false], 1, 0.75] },
  },
  site: {
    type: "circle",
    source: "sites",
    filter: point,
    paint: {
      "circle-radius": ["match", role, "site", 11, 6],
      "circle-color": ["match", role, "site", SITING.site, "#ffffff"],
      "circle-stroke-color": ["match", role, "site", "#ffffff", SITING.banned],
      "circle-stroke-width": 2,
    },
  },
  stock_label: {
    type: "symbol",
    filter: KEPT.stock_label,
    minzoom: 15.5,
    layout: {
      "text-field": [
        "case",
        ["all", ["!", registered], ["has", "confidence"]],
        ["concat", ["coalesce", ["get", "pathway"], "?"], " ", ["to-string", ["round", ["*", 100, ["to-number", ["get", "confidence"]]]]], "%"],
        ["coalesce", ["get", "pathway"], "?"],
      ],
      "text-font": BOLD,
      "text-size": 11.5,
      "text-padding": 2,
      "text-offset": ["case", point, ["literal", [0, 1.2]], ["literal", [0, 0]]],
    },
    paint: { "text-color": "#3b265f", "text-halo-color": GROUND.halo, "text-halo-width": 1.8 },
  },
  mark_label: {
    type: "symbol",
    source: "marks",
    filter: ["has", "label"],
    layout: { "text-field": ["get", "label"], "text-font": BOLD, "text-size": 12, "text-offset": ["match", role, ["must", "must_not"], ["literal", [0, 0]], ["literal", [0, 1.2]]], "text-allow-overlap": true },
    paint: { "text-color": markColour, "text-halo-color": GROUND.halo, "text-halo-width": 2.2 },
  },
  site_label: {
    type: "symbol",
    source: "sites",
    filter: ["all", point, ["==", role, "site"]],
    layout: { "text-field": signByKind(expression(["get", "kind"])), "text-font": BOLD, "text-size": 12.5, "text-allow-overlap": true, "text-padding": 9 },
    paint: { "text-color": "#ffffff" },
  },
} as const satisfies Partial<Record<LayerId, Part>>;
