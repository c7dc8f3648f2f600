/** The plan while a gesture is drawn: touched cells lie over a still of the map. */

import { cellsNear } from "../state/cells";
import { parts } from "../state/edges";
import { DISTRICT_COLOURS, GROUND } from "./palette";
import type { PlanScene, Told } from "./planScene";
import { type Box, type Line, type Outline, type Patch, type Projector, rgbOf, type Still, widthAt } from "./still";

/** Zoom, width, zoom, width …: the same on the map and on the still. */
export const PARTING_STOPS = {
  line: [10, 0.6, 12.5, 1.2, 14, 2.4, 18, 4],
  halo: [10, 1, 12.5, 2.6, 14, 5.5, 18, 9],
  cell: [12, 0.3, 15, 0.8, 18, 1.6],
} as const;
export const FILL_WEIGHT = 0.6;
export const PARTING_COLOUR = "#173f49";
export const MARK_COLOURS = ["", "#6a1b9a", "#b2182b", "#10343c"] as const;

const COLOURS = DISTRICT_COLOURS.map(rgbOf);
const ground = rgbOf(GROUND.paper);
/** The colours as they lie on the ground: what hides a line that parts nothing any more. */
const COVERS = COLOURS.map((colour) => `rgb(${colour.map((part, at) => Math.round(FILL_WEIGHT * part + (1 - FILL_WEIGHT) * ground[at]!)).join(" ")})`);

export class PlanStill {
  /** What the map was told when its picture was taken. */
  private picture: Told | null = null;
  /** The district that each cell is painted in; null: what is painted is not known, or is of no use any more. */
  private laid: ReadonlyMap<number, number> | null = null;
  private marked = "";
  private projector: Projector | null = null;
  private readonly paths = new Map<number, Path2D>();

  constructor(
    private readonly still: Still,
    private readonly cellsZoom: () => number,
  ) {}

  /** A new picture of the map was taken. */
  pictured(told: Told): void {
    this.picture = { colour: told.colour.slice(), district: told.district.slice(), parting: told.parting.slice(), signs: told.signs.slice() };
    this.laid = null;
    this.marked = "";
  }

  get ready(): boolean {
    return this.picture !== null && this.still.ready;
  }

  get active(): boolean {
    return this.still.active;
  }

  end(when: "drawn" | "now"): void {
    this.still.end(when);
  }

  /** Lay what a gesture makes different over the map.
   *
   * @param told what the map itself was told, `marks` the cells to be outlined, and how.
   */
  paint(scene: PlanScene, told: Told, marks: ReadonlyMap<number, number>): void {
    const picture = this.picture!;
    const { district } = scene;
    if (this.projector !== this.still.projector) {
      this.projector = this.still.projector;
      this.paths.clear();
      this.laid = null;
      this.marked = "";
    }
    const wanted = new Map<number, number>();
    for (let row = 0; row < district.length; row++) {
      if (district[row] !== picture.district[row] || district[row] !== told.district[row]) wanted.set(row, district[row]!);
    }
    this.outline(scene, marks);
    const changed = this.still.active && this.laid ? differing(this.laid, wanted) : null;
    if (changed?.length === 0) return;
    const within = changed && this.around(scene, changed);
    this.laid = wanted;
    const rows = within ? within.near.filter((row) => wanted.has(row)) : [...wanted.keys()];
    this.still.paint(
      rows.map((row) => this.patchOf(scene, row)),
      this.linesAround(rows, scene),
      within?.box ?? null,
    );
  }

  /** What some cells and the lines around them cover of the canvas, and all cells that show there. */
  private around({ world: { cells } }: PlanScene, rows: readonly number[]): { box: Box; near: number[] } {
    let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const row of rows) {
      west = Math.min(west, cells.box[4 * row]!);
      south = Math.min(south, cells.box[4 * row + 1]!);
      east = Math.max(east, cells.box[4 * row + 2]!);
      north = Math.max(north, cells.box[4 * row + 3]!);
    }
    const projector = this.projector!;
    const margin_px = 2 + Math.max(widthAt(projector.zoom, PARTING_STOPS.halo), widthAt(projector.zoom, PARTING_STOPS.line));
    const pixelsOf = (x: number, y: number): [number, number] => {
      const [lon, lat] = cells.plane.place(x, y);
      return [projector.x(lon), projector.y(lat)];
    };
    const [[left, bottom], [right, top]] = [pixelsOf(west, south), pixelsOf(east, north)];
    const margin_m = (2 * margin_px) / (pixelsOf(1, 0)[0] - pixelsOf(0, 0)[0]);
    const near = cellsNear(cells, west - margin_m, south - margin_m, east + margin_m, north + margin_m);
    return { box: [left - margin_px, top - margin_px, right + margin_px, bottom + margin_px], near };
  }

  /** Outline the cells that the map does not outline so already. */
  private outline(scene: PlanScene, marks: ReadonlyMap<number, number>): void {
    const { signs } = this.picture!;
    const marked = [...marks].filter(([row, mark]) => mark !== signs[row]! >> 2);
    const told = marked.join(" ");
    if (this.still.active && told === this.marked) return;
    this.marked = told;
    const outlineOf = (mark: number): Outline => ({
      d: marked.filter(([, one]) => one === mark).map(([row]) => this.projector!.outline(ringsOf(scene, row))).join(""),
      colour: MARK_COLOURS[mark] ?? "",
      width_px: 3,
    });
    this.still.outline([...new Set(marked.map(([, mark]) => mark))].sort().map(outlineOf));
  }

  private patchOf(scene: PlanScene, row: number): Patch {
    const slot = scene.district[row]!;
    const before = this.picture!.colour[row]!;
    const from = scene.filled && before >= 0 ? COLOURS[before]! : null;
    const to = scene.filled && slot >= 0 ? COLOURS[(scene.colours[slot] ?? 0) % COLOURS.length]! : null;
    return { path: this.pathOf(scene, row), from, to, weight: FILL_WEIGHT, inside: "evenodd" };
  }

  /** Lines around cells: those that part districts now, and over those that did before. */
  private linesAround(rows: readonly number[], scene: PlanScene): Line[] {
    const { district, colours, world } = scene;
    const { edges } = world;
    const { zoom } = this.projector!;
    const [line_px, halo_px, cell_px] = [widthAt(zoom, PARTING_STOPS.line), widthAt(zoom, PARTING_STOPS.halo), widthAt(zoom, PARTING_STOPS.cell)];
    const parting = new Path2D();
    const covers = new Map<string, Path2D>();
    const seen = new Set<number>();
    for (const row of rows) {
      for (let at = edges.ofStart[row]!; at < edges.ofStart[row + 1]!; at++) {
        const edge = edges.of[at]!;
        if (seen.has(edge)) continue;
        seen.add(edge);
        if (parts(edges, edge, district)) parting.addPath(this.edgePath(scene, edge));
        else if (this.picture!.parting[edge] === 1) {
          const slot = district[row]!;
          const cover = slot >= 0 && scene.filled ? COVERS[(colours[slot] ?? 0) % COVERS.length]! : GROUND.paper;
          if (!covers.has(cover)) covers.set(cover, new Path2D());
          covers.get(cover)!.addPath(this.edgePath(scene, edge));
        }
      }
    }
    const lines: Line[] = [...covers].map(([colour, path]) => ({ path, colour, width_px: Math.max(halo_px, line_px) }));
    if (zoom >= this.cellsZoom()) for (const path of covers.values()) lines.push({ path, colour: "#ffffff", width_px: cell_px, opacity: 0.75 });
    lines.push({ path: parting, colour: GROUND.halo, width_px: halo_px }, { path: parting, colour: PARTING_COLOUR, width_px: line_px });
    return lines;
  }

  private pathOf(scene: PlanScene, row: number): Path2D {
    let path = this.paths.get(row);
    if (!path) this.paths.set(row, (path = this.projector!.path(ringsOf(scene, row), true)));
    return path;
  }

  private edgePath({ world }: PlanScene, edge: number): Path2D {
    const { edges, cells } = world;
    const places: [number, number][] = [];
    for (let at = edges.start[edge]!; at < edges.start[edge + 1]!; at++) places.push(cells.plane.place(edges.xy[2 * at]!, edges.xy[2 * at + 1]!));
    return this.projector!.path([places], false);
  }
}

function ringsOf({ world }: PlanScene, row: number): GeoJSON.Position[][] {
  const shape = world.shapes[row];
  if (!shape) return [];
  return shape.type === "Polygon" ? shape.coordinates : shape.coordinates.flat();
}

/** Rows that two maps do not tell alike. */
const differing = (ones: ReadonlyMap<number, number>, others: ReadonlyMap<number, number>): number[] => [
  ...[...others.keys()].filter((row) => ones.get(row) !== others.get(row)),
  ...[...ones.keys()].filter((row) => !others.has(row)),
];
