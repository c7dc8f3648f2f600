/** The plan while a gesture is drawn: touched cells lie over a still of the map. */

import { parts } from "../state/edges";
import { DISTRICT_COLOURS, GROUND } from "./palette";
import type { PlanScene, Told } from "./planScene";
import { type Line, type Patch, type Projector, rgbOf, type Still, widthAt } from "./still";

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
  private readonly laid = new Map<number, number>();
  private readonly parting = new Set<number>();
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
    this.laid.clear();
    this.parting.clear();
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
   * @param told what the map itself was told, `marks` how each cell is to be outlined.
   */
  paint(scene: PlanScene, told: Told, marks: (row: number) => number): void {
    const picture = this.picture!;
    const { district } = scene;
    if (this.projector !== this.still.projector) {
      this.projector = this.still.projector;
      this.paths.clear();
      this.laid.clear();
    }
    const rows: number[] = [];
    const marked: number[] = [];
    for (let row = 0; row < district.length; row++) {
      if (district[row] !== picture.district[row] || district[row] !== told.district[row]) rows.push(row);
      const mark = marks(row);
      if (mark > 0 && mark !== picture.signs[row]! >> 2) marked.push(row);
    }
    const marksNow = marked.join(" ");
    const kept = rows.filter((row) => this.laid.get(row) === district[row]).length;
    const more = this.still.active && kept === this.laid.size && marksNow === this.marked;
    if (more && kept === rows.length) return;
    if (!more) {
      this.laid.clear();
      this.parting.clear();
    }
    const fresh = more ? rows.filter((row) => !this.laid.has(row)) : rows;
    for (const row of fresh) this.laid.set(row, district[row]!);
    this.marked = marksNow;
    const lines = this.linesAround(fresh, scene);
    for (const row of more ? [] : marked) lines.push({ path: this.pathOf(scene, row), colour: MARK_COLOURS[marks(row)] ?? "", width_px: 3 });
    this.still.paint(
      fresh.map((row) => this.patchOf(scene, row)),
      lines,
      more,
    );
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
        if (parts(edges, edge, district)) {
          this.parting.add(edge);
          parting.addPath(this.edgePath(scene, edge));
        } else if (this.picture!.parting[edge] === 1 || this.parting.delete(edge)) {
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

  private pathOf({ world }: PlanScene, row: number): Path2D {
    let path = this.paths.get(row);
    if (!path) {
      const shape = world.shapes[row];
      const rings = !shape ? [] : shape.type === "Polygon" ? shape.coordinates : shape.coordinates.flat();
      this.paths.set(row, (path = this.projector!.path(rings, true)));
    }
    return path;
  }

  private edgePath({ world }: PlanScene, edge: number): Path2D {
    const { edges, cells } = world;
    const places: [number, number][] = [];
    for (let at = edges.start[edge]!; at < edges.start[edge + 1]!; at++) places.push(cells.plane.place(edges.xy[2 * at]!, edges.xy[2 * at + 1]!));
    return this.projector!.path([places], false);
  }
}
