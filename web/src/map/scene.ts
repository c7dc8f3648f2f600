/** What the map shows at a moment. The page makes scenes; the map draws the difference to the last one. */

import type { CircleLayer, GapStatus } from "../api/types";
import type { Language, Theme } from "../state/mode";
import type { ScenarioPaint } from "../state/scenario";
import type { Tool } from "../state/whatif";
import type { Switch } from "./layers";
import type { PlanScene } from "./planScene";

export type LonLat = [lon: number, lat: number];

export interface NearestLink {
  from: LonLat;
  to: LonLat;
  label: string;
  found: boolean;
  /** The way along the streets, where it is known. */
  path: GeoJSON.LineString | GeoJSON.MultiLineString | null;
}

/** A place that a tool points at. */
export interface Pointed {
  how: "hover" | "press" | "double" | "drag" | "drop";
  place: LonLat;
  /** The facility under the pointer. */
  facility: { id: string; place: LonLat } | null;
  /** Which tried change is under the pointer, or is being dragged. */
  tried: number | null;
  /** The gate under the pointer that people pass today. */
  gate: { id: string; place: LonLat } | null;
  /** The nearest place on a street or path, near the pointer. */
  street: LonLat | null;
  /** The neighbourhood that was pressed. */
  neighbourhood: string | null;
  /** The nearest place on a wall, or a closed gate, near the pointer. */
  snapped: { place: LonLat; gate: boolean } | null;
}

export interface CircleDrawing {
  circles: GeoJSON.FeatureCollection;
  reached: GeoJSON.FeatureCollection;
  shown: ReadonlySet<CircleLayer>;
}

/** Which assets are drawn, and what colours them. */
export interface StockScene {
  /** Null: all that the tiles hold. */
  ids: readonly string[] | null;
  by: "source" | "pathway";
}

export interface Scene {
  theme: Theme;
  breaks: readonly number[];
  on: ReadonlySet<Switch>;
  language: Language;
  selected: { layer: "neighbourhoods" | "districts" | "stock"; id: string } | null;
  /** Drawn strongly beside the selected one, as the members of a district. */
  members: readonly string[];
  hovered: string | null;
  drawing: CircleDrawing | null;
  link: NearestLink | null;
  /** For the facility theme: how each neighbourhood fares. */
  status: ReadonlyMap<string, GapStatus> | null;
  /** For the priority theme: the index of each neighbourhood. */
  priority: ReadonlyMap<string, number> | null;
  /** What a scenario makes different, painted by feature-state alone. */
  paint: ScenarioPaint | null;
  /** `paint`, `status` and `priority` are only tried: the change is under the mouse. */
  trial: boolean;
  /** What a scenario puts on the map. */
  tried: GeoJSON.FeatureCollection;
  /** What the tool under the mouse would put there. */
  pending: GeoJSON.FeatureCollection;
  /** The what-if mode takes the pointer. */
  tool: Tool | null;
  stock: StockScene;
  /** Beside the tiles: lines between assets and gaps, assets changed since the analysis, what is being drawn. */
  marks: GeoJSON.FeatureCollection;
  /** Sites of a plan, and whom they serve. */
  sites: GeoJSON.FeatureCollection;
  catchments: GeoJSON.FeatureCollection;
  /** Corners of an asset are drawn: the pointer is taken. */
  sketch: boolean;
  /** The plan that is drawn on; null: none is open. */
  plan: PlanScene | null;
}
