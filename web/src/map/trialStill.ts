/** What the change under the mouse would make different, over a still of the map: the map itself waits until it is made. */

import type { Map as MapLibre } from "maplibre-gl";

import type { GapStatus } from "../api/types";
import type { Theme } from "../state/mode";
import type { ScenarioPaint } from "../state/scenario";
import { DIFFERENCE_COLOURS } from "./palette";
import { type Line, type Patch, type Projector, rgbOf, Still } from "./still";
import { colourOfCell, colourOfPlace, fillWeight, HEAT_WEIGHT } from "./theme";

/** What colours neighbourhoods and cells at a moment. */
export interface Trial {
  theme: Theme;
  breaks: readonly number[];
  faint: boolean;
  paint: ScenarioPaint | null;
  status: ReadonlyMap<string, GapStatus> | null;
  priority: ReadonlyMap<string, number> | null;
}

interface Area {
  path: Path2D;
  outline: Path2D;
  /** What the tile tells: where the scenario says nothing. */
  value: number | null;
}

/** The property of the tiles that the scenario's number replaces. */
const SOURCES = { neighbourhoods: "gap_index", heatmap: "person_gaps" } as const;
type Source = keyof typeof SOURCES;

export class TrialStill {
  private readonly still: Still;
  private told: Trial | null = null;
  private picture: Trial | null = null;
  private shown: Trial | null = null;
  private projector: Projector | null = null;
  private readonly areas: Record<Source, Map<string, Area | null>> = { neighbourhoods: new Map(), heatmap: new Map() };

  /** @param lost is told when the map moves under a trial: it is to be drawn in earnest. */
  constructor(
    private readonly map: MapLibre,
    lost: () => void,
  ) {
    this.still = new Still(
      map,
      () => {
        this.picture = this.told;
        this.projector = null; // tiles may have come
      },
      () => {
        this.shown = null;
        lost();
      },
    );
  }

  keep(on: boolean): void {
    this.still.keep(on);
  }

  get painted(): number {
    return this.still.painted;
  }

  /** What lies over the map now; null: nothing. */
  get over(): Trial | null {
    return this.still.active ? this.shown : null;
  }

  /** The map is told this now. @param drawn whether it will be drawn anew for it. */
  tell(trial: Trial, drawn: boolean): void {
    this.told = trial;
    this.shown = null;
    this.still.end(drawn ? "drawn" : "now");
  }

  /** Lay a trial over the map. Tells whether that was possible. */
  paint(now: Trial): boolean {
    const { picture } = this;
    if (!this.still.ready || !picture || !this.told || !sameTold(picture, this.told) || picture.theme !== now.theme || picture.breaks !== now.breaks || picture.faint !== now.faint) return false;
    if (this.projector !== this.still.projector) {
      this.projector = this.still.projector;
      for (const areas of Object.values(this.areas)) areas.clear();
    }
    const patches: Patch[] = [];
    const lines: Line[] = [];
    const places = changedPlaces(picture, now);
    this.find("neighbourhoods", places);
    for (const id of places) this.place(id, picture, now, patches, lines);
    if (now.theme.kind === "heatmap") {
      const cells = [...new Set([...(picture.paint?.cells.keys() ?? []), ...(now.paint?.cells.keys() ?? [])])].filter((id) => picture.paint?.cells.get(id) !== now.paint?.cells.get(id));
      this.find("heatmap", cells);
      for (const id of cells) this.cell(id, picture, now, patches);
    }
    this.still.paint(patches, lines, null);
    this.shown = now;
    return true;
  }

  private place(id: string, picture: Trial, now: Trial, patches: Patch[], lines: Line[]): void {
    const area = this.areas.neighbourhoods.get(id);
    if (!area) return;
    const values = ({ paint, status, priority }: Trial): Parameters<typeof colourOfPlace>[2] => {
      const held = paint?.places.get(id);
      return { gap_index: held ? held.gap_index : area.value, diff: held?.diff ?? 0, status: status?.get(id) ?? null, priority: priority?.get(id) ?? null };
    };
    const [before, after] = [values(picture), values(now)];
    const colour = (of: typeof before): Patch["from"] => {
      const found = colourOfPlace(now.theme, now.breaks, of);
      return found === null ? null : rgbOf(found);
    };
    patches.push({ path: area.path, from: colour(before), to: colour(after), weight: fillWeight(now.theme, now.faint), inside: "nonzero" });
    if (after.diff !== 0) lines.push({ path: area.outline, colour: DIFFERENCE_COLOURS[after.diff < 0 ? 0 : 4], width_px: 2.4 });
    else if (before.diff !== 0) lines.push({ path: area.outline, colour: "#ffffff", width_px: 2.6, opacity: 0.9 });
  }

  private cell(id: string, picture: Trial, now: Trial, patches: Patch[]): void {
    const area = this.areas.heatmap.get(id);
    if (!area) return;
    const colour = ({ paint }: Trial): Patch["from"] => rgbOf(colourOfCell(now.breaks, (paint?.cells.has(id) ? paint.cells.get(id) : area.value) ?? 0));
    patches.push({ path: area.path, from: colour(picture), to: colour(now), weight: HEAT_WEIGHT, inside: "nonzero" });
  }

  /** Outlines of areas, from the tiles: each is looked for once, as long as the map stays. */
  private find(source: Source, ids: readonly string[]): void {
    const known = this.areas[source];
    const wanted = ids.filter((id) => !known.has(id));
    if (wanted.length === 0 || !this.map.getSource(source)) return;
    const property = SOURCES[source];
    const found = this.map.querySourceFeatures(source, { sourceLayer: source, filter: ["in", ["get", "id"], ["literal", wanted]] });
    const zoom = Math.floor(this.map.getZoom());
    for (const id of wanted) known.set(id, null);
    for (const { properties, geometry } of found) {
      if (properties.overview || (geometry.type !== "Polygon" && geometry.type !== "MultiPolygon")) continue;
      const id = String(properties.id);
      let area = known.get(id);
      const value: unknown = properties[property];
      if (!area) known.set(id, (area = { path: new Path2D(), outline: new Path2D(), value: typeof value === "number" ? value : null }));
      const rings = geometry.type === "Polygon" ? geometry.coordinates : geometry.coordinates.flat();
      area.path.addPath(this.projector!.path(rings, true));
      area.outline.addPath(this.projector!.path(rings.flatMap((ring) => withoutSeams(ring, zoom)), false));
    }
  }
}

const sameTold = (one: Trial, other: Trial): boolean => one.paint === other.paint && one.status === other.status && one.priority === other.priority;

/** Neighbourhoods that are to look otherwise than on the picture. */
function changedPlaces(picture: Trial, now: Trial): string[] {
  const found = new Set<string>();
  const [before, after] = [picture.paint?.places, now.paint?.places];
  for (const id of before?.keys() ?? []) if (before?.get(id)?.gap_index !== after?.get(id)?.gap_index || before?.get(id)?.diff !== after?.get(id)?.diff) found.add(id);
  for (const id of after?.keys() ?? []) if (before?.get(id)?.gap_index !== after?.get(id)?.gap_index || before?.get(id)?.diff !== after?.get(id)?.diff) found.add(id);
  for (const of of ["status", "priority"] as const) {
    if (picture[of] === now[of]) continue;
    for (const [id, value] of now[of] ?? []) if (picture[of]?.get(id) !== value) found.add(id);
  }
  return [...found];
}

/** A ring in pieces, without the sides along which tiles cut it: no outline runs there. */
export function withoutSeams(ring: readonly GeoJSON.Position[], zoom: number): GeoJSON.Position[][] {
  const pieces: GeoJSON.Position[][] = [];
  let piece: GeoJSON.Position[] = [];
  ring.forEach((place, at) => {
    const before = ring[at - 1];
    if (before && onSeam(before, place, zoom)) {
      if (piece.length > 1) pieces.push(piece);
      piece = [];
    }
    piece.push(place);
  });
  if (piece.length > 1) pieces.push(piece);
  return pieces;
}

/** A side that runs exactly north or east, a little beyond the border of a tile. */
function onSeam([lon = 0, lat = 0]: GeoJSON.Position, [otherLon = 0, otherLat = 0]: GeoJSON.Position, zoom: number): boolean {
  const near = (share: number): boolean => Math.abs(share * 2 ** zoom - Math.round(share * 2 ** zoom)) < 0.05;
  if (Math.abs(lon - otherLon) < 1e-9) return near(0.5 + lon / 360);
  return Math.abs(lat - otherLat) < 1e-9 && near(0.5 - Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360)) / (2 * Math.PI));
}
