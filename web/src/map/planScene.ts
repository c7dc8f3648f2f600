/** What the map shows of a plan, and the drawing of it: geometry goes to the map once, the rest is feature-state. */

import type { ExpressionSpecification, GeoJSONSource, Map as MapLibre } from "maplibre-gl";

import type { Edges } from "../state/edges";
import { parts } from "../state/edges";
import type { World } from "../state/world";
import { DISTRICT_COLOURS } from "./palette";
import { FILL_WEIGHT, MARK_COLOURS, PARTING_COLOUR, PARTING_STOPS, PlanStill } from "./planStill";
import { Sketch } from "./sketch";
import { Still } from "./still";

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
  /** A gesture is being drawn: what it changes is not made yet. */
  gesture: boolean;
  /** Districts fill their neighbourhoods with colour; false: what colours the map otherwise, with district outlines on top. */
  filled: boolean;
  /** A tool takes the pointer. */
  tool: boolean;
}

export const PLAN_SOURCES = ["plan_cells", "plan_edges", "plan_signs", "plan_labels"] as const;

const state = (name: string, otherwise: unknown): unknown[] => ["coalesce", ["feature-state", name], otherwise];
const expression = (parts: unknown[]): ExpressionSpecification => parts as unknown as ExpressionSpecification;
const inDistrict = [">=", state("c", -2), 0];

/** Widths by zoom of lines that part districts; the others have none, and cost nothing to draw. */
const partingWidth = (stops: readonly number[]): ExpressionSpecification => {
  const on = ["boolean", ["feature-state", "on"], false];
  return expression(["interpolate", ["exponential", 1.5], ["zoom"], ...stops.map((stop, at) => (at % 2 === 0 ? stop : ["case", on, stop, 0]))]);
};

export const PLAN_PAINT = {
  line: partingWidth(PARTING_STOPS.line),
  halo: partingWidth(PARTING_STOPS.halo),
  lineColour: PARTING_COLOUR,
  cellWidth: expression(["interpolate", ["exponential", 1.5], ["zoom"], ...PARTING_STOPS.cell]),
  colour: expression(["match", state("c", -2), ...DISTRICT_COLOURS.flatMap((one, at) => [at, one]), "#ffffff"]),
  filled: expression(["case", inDistrict, FILL_WEIGHT, 0]),
  markColour: expression(["match", ["get", "mark"], 1, MARK_COLOURS[1], 2, MARK_COLOURS[2], MARK_COLOURS[3]]),
} as const;

/** What lies on a cell's colour. */
const SIGNS = ["", "unassigned", "excluded", "locked"] as const;

/** How a cell is outlined; the strongest reason wins. */
export const MARKS = { none: 0, differs: 1, fragment: 2, picked: 3 } as const;

/** What the map was told of each cell and each line. */
export interface Told {
  colour: Int8Array;
  district: Int32Array;
  parting: Uint8Array;
  /** Signs that are laid: four times the mark, and the sign. */
  signs: Uint8Array;
}

/** The plan on the map. */
export class PlanDrawer {
  private world: World | null = null;
  private told: Told = { colour: new Int8Array(0), district: new Int32Array(0), parting: new Uint8Array(0), signs: new Uint8Array(0) };
  private signs = new Uint8Array(0);
  private timer: ReturnType<typeof setTimeout> | null = null;
  private shown: PlanScene | null = null;
  private cellsZoom = 12;
  private readonly still: Still | null = null;
  private readonly gesture: PlanStill | null = null;
  private readonly sketch: Sketch | null = null;

  /** @param how `screen`: gestures are drawn on it, and signs wait for them to pause; `paper`: all at once. */
  constructor(
    private readonly map: MapLibre,
    private readonly how: "screen" | "paper" = "screen",
  ) {
    if (how === "paper") return;
    this.still = new Still(
      map,
      () => this.pictured(),
      () => this.shown && this.paint(this.shown),
    );
    this.gesture = new PlanStill(this.still, () => this.cellsZoom);
    this.sketch = new Sketch(map);
  }

  show(scene: PlanScene | null): void {
    const before = this.shown;
    this.shown = scene;
    this.still?.keep(scene !== null); // before a tool is chosen: a stroke need not wait for the map
    if (before?.drawn !== scene?.drawn) this.sketch?.show(scene?.drawn ?? collection([]));
    if (!scene) {
      if (this.timer) clearTimeout(this.timer);
      if (before) this.source("plan_labels").setData(collection([]));
      return;
    }
    if (scene.world !== this.world) this.lay(scene.world);
    if (before?.labels !== scene.labels) this.source("plan_labels").setData(scene.labels);
    if (scene.gesture && this.gesture?.ready) this.gesture.paint(scene, this.told, marksOf(scene));
    else this.paint(scene);
  }

  /** For tests: how often a gesture was painted on the still. */
  get painted(): number {
    return this.still?.painted ?? 0;
  }

  private pictured(): void {
    this.gesture?.pictured(this.told);
    if (this.shown?.gesture && this.gesture?.ready) this.gesture.paint(this.shown, this.told, marksOf(this.shown));
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
    this.source("plan_signs").setData(collection([]));
    this.signs = new Uint8Array(units.count);
    this.told = {
      colour: new Int8Array(units.count).fill(-2),
      district: new Int32Array(units.count).fill(-2),
      parting: new Uint8Array(edges.count),
      signs: new Uint8Array(units.count),
    };
    this.cellsZoom = zoomOfCells(world);
    this.map.setLayerZoomRange("plan_cells_line", this.cellsZoom, 24);
    this.map.setLayerZoomRange("plan_halo", Math.max(10, this.cellsZoom - 0.7), 24);
  }

  /** Hatching, studs and outlines have a source of their own with only the cells that need them: each is drawn over and over,
   * and most cells have none. It follows a moment after the colours. */
  private laySigns(scene: PlanScene): void {
    if (this.timer) clearTimeout(this.timer);
    const lay = (): void => {
      this.timer = null;
      const { shapes } = scene.world;
      const features: GeoJSON.Feature[] = [];
      this.signs.forEach((code, row) => {
        const geometry = shapes[row];
        if (code !== 0 && geometry) features.push({ type: "Feature", properties: { sign: SIGNS[code & 3], mark: code >> 2 }, geometry });
      });
      this.source("plan_signs").setData(collection(features));
      this.told.signs = this.signs.slice();
    };
    if (this.how === "paper") lay();
    else this.timer = setTimeout(lay, PATIENCE_MS);
  }

  private paint(scene: PlanScene): void {
    const { district, colours, lockedDistricts, lockedUnits } = scene;
    const { edges, admitted } = scene.world;
    const { told } = this;
    const marks = marksOf(scene);
    const around = new Set<number>();
    let signed = false;
    let changed = false;
    for (let row = 0; row < district.length; row++) {
      const slot = district[row]!;
      const paint = slot < 0 ? -1 : (colours[slot] ?? 0) % DISTRICT_COLOURS.length;
      const locked = lockedUnits.has(row) || lockedDistricts.has(slot);
      const code = 4 * (marks.get(row) ?? MARKS.none) + (slot < 0 ? (admitted[row] ? 1 : 2) : locked ? 3 : 0);
      if (code !== this.signs[row]) {
        this.signs[row] = code;
        signed = true;
      }
      if (paint !== told.colour[row]) {
        told.colour[row] = paint;
        changed = true;
        this.map.setFeatureState({ source: "plan_cells", id: row }, { c: paint });
      }
      if (slot === told.district[row]) continue;
      told.district[row] = slot;
      for (let at = edges.ofStart[row]!; at < edges.ofStart[row + 1]!; at++) around.add(edges.of[at]!);
    }
    if (signed) this.laySigns(scene);
    for (const edge of around) {
      const now = parts(edges, edge, district) ? 1 : 0;
      if (now === told.parting[edge]) continue;
      told.parting[edge] = now;
      changed = true;
      this.map.setFeatureState({ source: "plan_edges", id: edge }, { on: now === 1 });
    }
    this.gesture?.end(changed ? "drawn" : "now");
  }
}

/** How long signs wait for more to come. */
const PATIENCE_MS = 120;

/** The cells that are outlined, and how: later entries win. */
function marksOf({ picked, fragments, differing }: PlanScene): Map<number, number> {
  const marks = new Map<number, number>();
  for (const row of differing) marks.set(row, MARKS.differs);
  for (const row of fragments) marks.set(row, MARKS.fragment);
  for (const row of picked) marks.set(row, MARKS.picked);
  return marks;
}

/** The zoom from which a cell is wide enough (24 pixels) for a line around each. */
function zoomOfCells({ units, cells }: World): number {
  const sizes = [...units.cell_m2].filter((size) => size > 0).sort((a, b) => a - b);
  const side_m = Math.sqrt(sizes[Math.floor(sizes.length / 2)] ?? 10_000);
  const lat = cells.plane.middle[1];
  return Math.log2((24 * 40_075_016.7 * Math.cos((lat * Math.PI) / 180)) / (512 * side_m));
}

const collection = (features: GeoJSON.Feature[]): GeoJSON.FeatureCollection => ({ type: "FeatureCollection", features });

function linesOf(world: World, edges: Edges): GeoJSON.Feature[] {
  return Array.from({ length: edges.count }, (_, id) => {
    const coordinates: [number, number][] = [];
    for (let at = edges.start[id]!; at < edges.start[id + 1]!; at++) coordinates.push(world.cells.plane.place(edges.xy[2 * at]!, edges.xy[2 * at + 1]!));
    return { type: "Feature", id, properties: {}, geometry: { type: "LineString", coordinates } };
  });
}
