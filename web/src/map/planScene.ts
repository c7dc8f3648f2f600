/** What the map shows of a plan, and the drawing of it: geometry goes to the map once, the rest is feature-state. */

import type { ExpressionSpecification, GeoJSONSource, Map as MapLibre } from "maplibre-gl";

import type { Edges } from "../state/edges";
import { parts } from "../state/edges";
import type { World } from "../state/world";
import { DISTRICT_COLOURS } from "./palette";

export interface PlanScene {
  world: World;
  /** The district of each unit, −1: none. The array itself may change: `tick` tells when. */
  district: Int32Array;
  tick: number;
  colours: readonly number[];
  lockedDistricts: ReadonlySet<number>;
  lockedUnits: ReadonlySet<number>;
  picked: ReadonlySet<number>;
  /** Cut off from the rest of their district. */
  fragments: ReadonlySet<number>;
  /** Differ between two plans or revisions. */
  differing: ReadonlySet<number>;
  labels: GeoJSON.FeatureCollection;
  drawn: GeoJSON.FeatureCollection;
  /** Districts fill their neighbourhoods with colour; false: what colours the map otherwise, with district outlines on top. */
  filled: boolean;
  /** A tool takes the pointer. */
  tool: boolean;
}

export const PLAN_SOURCES = ["plan_cells", "plan_edges", "plan_labels", "plan_drawn"] as const;

const state = (name: string, otherwise: unknown): unknown[] => ["coalesce", ["feature-state", name], otherwise];
const expression = (parts: unknown[]): ExpressionSpecification => parts as unknown as ExpressionSpecification;
const inDistrict = [">=", state("c", -2), 0];

export const PLAN_PAINT = {
  colour: expression(["match", state("c", -2), ...DISTRICT_COLOURS.flatMap((one, at) => [at, one]), "#ffffff"]),
  filled: expression(["case", inDistrict, 0.6, 0]),
  excluded: expression(["case", ["==", state("c", -2), -3], 0.55, 0]),
  unassigned: expression(["case", ["==", state("c", -2), -1], 0.8, 0]),
  locked: expression(["case", ["boolean", ["feature-state", "l"], false], 0.75, 0]),
  parting: expression(["case", ["boolean", ["feature-state", "on"], false], 1, 0]),
  markColour: expression(["match", state("m", 0), 1, "#6a1b9a", 2, "#b2182b", 3, "#10343c", "#000000"]),
  markWidth: expression(["match", state("m", 0), 1, 3, 2, 3, 3, 3, 0]),
} as const;

/** How a cell is outlined; the strongest reason wins. */
export const MARKS = { none: 0, differs: 1, fragment: 2, picked: 3 } as const;

/** The plan on the map. */
export class PlanDrawer {
  private world: World | null = null;
  private colour = new Int8Array(0);
  private marks = new Uint8Array(0);
  private district = new Int32Array(0);
  private parting = new Uint8Array(0);
  private shown: PlanScene | null = null;

  constructor(private readonly map: MapLibre) {}

  show(scene: PlanScene | null): void {
    const before = this.shown;
    this.shown = scene;
    if (!scene) {
      if (before) for (const name of ["plan_labels", "plan_drawn"] as const) this.source(name).setData(collection([]));
      return;
    }
    if (scene.world !== this.world) this.lay(scene.world);
    if (before?.labels !== scene.labels) this.source("plan_labels").setData(scene.labels);
    if (before?.drawn !== scene.drawn) this.source("plan_drawn").setData(scene.drawn);
    this.paint(scene);
  }

  private source(name: (typeof PLAN_SOURCES)[number]): GeoJSONSource {
    return this.map.getSource(name) as GeoJSONSource;
  }

  /** Cells and lines go to the map: only when the city or its data change. */
  private lay(world: World): void {
    this.world = world;
    const { units, edges, shapes } = world;
    this.map.removeFeatureState({ source: "plan_cells" });
    this.map.removeFeatureState({ source: "plan_edges" });
    this.source("plan_cells").setData(collection(shapes.flatMap((geometry, id) => (geometry ? [{ type: "Feature", id, properties: { row: id }, geometry } as GeoJSON.Feature] : []))));
    this.source("plan_edges").setData(collection(linesOf(world, edges)));
    this.colour = new Int8Array(units.count).fill(-2);
    this.marks = new Uint8Array(units.count);
    this.district = new Int32Array(units.count).fill(-2);
    this.parting = new Uint8Array(edges.count);
  }

  private paint(scene: PlanScene): void {
    const { district, colours, lockedDistricts, lockedUnits, picked, fragments, differing } = scene;
    const { edges, admitted } = scene.world;
    const around = new Set<number>();
    for (let row = 0; row < district.length; row++) {
      const slot = district[row]!;
      const paint = slot < 0 ? (admitted[row] ? -1 : -3) : (colours[slot] ?? 0) % DISTRICT_COLOURS.length;
      const locked = lockedUnits.has(row) || lockedDistricts.has(slot);
      const mark = picked.has(row) ? MARKS.picked : fragments.has(row) ? MARKS.fragment : differing.has(row) ? MARKS.differs : MARKS.none;
      const marks = 2 * mark + (locked ? 1 : 0);
      if (paint !== this.colour[row] || marks !== this.marks[row]) {
        this.colour[row] = paint;
        this.marks[row] = marks;
        this.map.setFeatureState({ source: "plan_cells", id: row }, { c: paint, l: locked, m: mark });
      }
      if (slot === this.district[row]) continue;
      this.district[row] = slot;
      for (let at = edges.ofStart[row]!; at < edges.ofStart[row + 1]!; at++) around.add(edges.of[at]!);
    }
    for (const edge of around) {
      const now = parts(edges, edge, district) ? 1 : 0;
      if (now === this.parting[edge]) continue;
      this.parting[edge] = now;
      this.map.setFeatureState({ source: "plan_edges", id: edge }, { on: now === 1 });
    }
  }
}

const collection = (features: GeoJSON.Feature[]): GeoJSON.FeatureCollection => ({ type: "FeatureCollection", features });

function linesOf(world: World, edges: Edges): GeoJSON.Feature[] {
  return Array.from({ length: edges.count }, (_, id) => {
    const coordinates: [number, number][] = [];
    for (let at = edges.start[id]!; at < edges.start[id + 1]!; at++) coordinates.push(world.cells.plane.place(edges.xy[2 * at]!, edges.xy[2 * at + 1]!));
    return { type: "Feature", id, properties: {}, geometry: { type: "LineString", coordinates } };
  });
}

/** A point for the name of each district: in the member that lies nearest to the middle of them all. */
export function labelsOf(world: World, district: Int32Array, names: readonly string[], locked: ReadonlySet<number>): GeoJSON.FeatureCollection {
  const sums = new Map<number, { x: number; y: number; weight: number; rows: number[] }>();
  const { cell_m2 } = world.units;
  const { middle } = world.cells;
  district.forEach((slot, row) => {
    if (slot < 0) return;
    let sum = sums.get(slot);
    if (!sum) sums.set(slot, (sum = { x: 0, y: 0, weight: 0, rows: [] }));
    sum.x += middle[2 * row]! * cell_m2[row]!;
    sum.y += middle[2 * row + 1]! * cell_m2[row]!;
    sum.weight += cell_m2[row]!;
    sum.rows.push(row);
  });
  const features = [...sums].map(([slot, { x, y, weight, rows }]): GeoJSON.Feature => {
    const [mx, my] = weight > 0 ? [x / weight, y / weight] : [middle[2 * rows[0]!]!, middle[2 * rows[0]! + 1]!];
    const away = (row: number): number => Math.hypot(middle[2 * row]! - mx, middle[2 * row + 1]! - my);
    const best = rows.reduce((a, b) => (away(b) < away(a) ? b : a));
    const coordinates = world.cells.plane.place(middle[2 * best]!, middle[2 * best + 1]!);
    return { type: "Feature", properties: { name: names[slot] ?? "", area_m2: weight, locked: locked.has(slot) }, geometry: { type: "Point", coordinates } };
  });
  return collection(features);
}
