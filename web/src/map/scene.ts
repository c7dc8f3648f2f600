/** What the map shows at a moment. The page makes scenes; the map draws the difference to the last one. */

import type { CircleLayer, GapStatus } from "../api/types";
import type { Language, Theme } from "../state/mode";
import type { Switch } from "./layers";

export type LonLat = [lon: number, lat: number];

export interface NearestLink {
  from: LonLat;
  to: LonLat;
  label: string;
  found: boolean;
}

export interface CircleDrawing {
  circles: GeoJSON.FeatureCollection;
  reached: GeoJSON.FeatureCollection;
  shown: ReadonlySet<CircleLayer>;
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
}
