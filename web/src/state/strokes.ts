/** What the pointer does on the drawing table: every gesture shows its moves at once and ends in one edit. */

import type { Operation } from "../api/planTypes";
import { awayFrom, cellAt, cellsAlong, cellsIn, type Shape } from "./cells";
import type { Drawing } from "./drawing";
import { Store } from "./store";
import { type Grip, gripAt, pulled, swept } from "./sweep";

type LonLat = [lon: number, lat: number];
type XY = readonly [x: number, y: number];

export interface PlanPointed {
  how: "down" | "move" | "up" | "hover" | "double" | "leave";
  place: LonLat;
  metresPerPixel: number;
  /** On the page, in pixels. */
  client: { x: number; y: number };
  shift: boolean;
  alt: boolean;
}

const GRIP_PX = 12;
const NOTHING: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };

export class Strokes {
  /** The gesture itself: lasso, brush, the boundary that is pulled. */
  readonly drawn = new Store<GeoJSON.FeatureCollection>(NOTHING);
  /** Corners of the polygon that is being drawn. */
  readonly corners = new Store<readonly LonLat[]>([]);
  /** The district that a merge begins with. */
  readonly mergeFrom = new Store<number>(-1);
  readonly pointed = new Store<number>(-1);
  /** Where the brush is on the page. */
  readonly brushAt = new Store<{ x: number; y: number } | null>(null);
  /** Neighbourhoods that locks kept where they are. */
  readonly held = new Store(0);
  private begun: XY | null = null;
  private last: XY | null = null;
  private trail: LonLat[] = [];
  private moves = new Map<number, number>();
  private to = -1;
  private grip: Grip | null = null;
  private frame: number | null = null;
  private next: PlanPointed | null = null;

  constructor(private readonly drawing: Drawing) {
    // Moves are noted by row. A cut or heal by somebody else numbers the rows anew: begin again.
    drawing.world.subscribe(() => {
      this.end();
      this.mergeFrom.set(-1);
    });
  }

  get active(): boolean {
    return this.begun !== null || this.corners.value.length > 0;
  }

  /** Take what the pointer did; moves come at most once a frame. */
  take(pointed: PlanPointed): void {
    if (pointed.how === "move" || pointed.how === "hover") {
      if (this.next?.how === "move" && this.next !== pointed && this.drawing.tool.value === "brush") this.act(this.next);
      this.next = pointed;
      this.frame ??= requestAnimationFrame(() => this.flush());
      return;
    }
    this.flush();
    this.act(pointed);
  }

  /** Give up what is being drawn; tells whether there was anything. */
  cancel(): boolean {
    const busy = this.active || this.mergeFrom.value >= 0 || this.drawing.tool.value !== null;
    if (!this.active && this.mergeFrom.value < 0) this.drawing.tool.set(null);
    this.end();
    this.mergeFrom.set(-1);
    this.drawing.cancelStroke();
    return busy;
  }

  /** The last corner goes. */
  stepBack(): void {
    this.corners.update((corners) => corners.slice(0, -1));
    this.showPolygon(null);
  }

  finishPolygon(): void {
    const corners = this.corners.value;
    if (corners.length >= 3) this.byShape([ringOf(this, corners)], corners[0]!);
    this.commit();
  }

  private flush(): void {
    if (this.frame !== null) cancelAnimationFrame(this.frame);
    this.frame = null;
    const { next } = this;
    this.next = null;
    if (next) this.act(next);
  }

  private act(pointed: PlanPointed): void {
    const { tool } = this.drawing;
    if (!this.drawing.world.value || !this.drawing.now || this.drawing.frozen) return;
    const at = this.xy(pointed.place);
    this.brushAt.set(pointed.how === "leave" || tool.value !== "brush" ? null : pointed.client);
    if (pointed.how === "leave") {
      this.pointed.set(-1);
      if (!this.begun) this.show([]);
      return;
    }
    this.pointed.set(cellAt(this.drawing.world.value.cells, ...at));
    if (pointed.alt && pointed.how === "down") return this.pickTarget(at);
    switch (tool.value) {
      case "assign":
        return this.assign(pointed);
      case "brush":
        return this.brush(pointed, at);
      case "rectangle":
      case "lasso":
        return this.drag(pointed, at, tool.value);
      case "polygon":
        return this.polygon(pointed);
      case "boundary":
        return this.boundary(pointed, at);
      case "merge":
        return this.merge(pointed, at);
      case "split":
      case "cut":
        return this.split(pointed, at);
      case "lock":
        return this.lock(pointed);
      case null:
        return;
    }
  }

  private xy([lon, lat]: LonLat): XY {
    const { plane } = this.drawing.world.value!.cells;
    return [plane.x(lon), plane.y(lat)];
  }

  private place(x: number, y: number): LonLat {
    return this.drawing.world.value!.cells.plane.place(x, y);
  }

  /** The district under a place, which gestures then extend. */
  private pickTarget(at: XY): void {
    const row = cellAt(this.drawing.world.value!.cells, ...at);
    const info = row < 0 ? null : this.drawing.infoOf(this.drawing.now!.district[row]!);
    this.drawing.target.set(info ? { kind: "district", id: info.id } : { kind: "none" });
  }

  /** Where a gesture that begins at a row brings what it takes. */
  private goal(row: number): number {
    const { value: target } = this.drawing.target;
    if (target.kind === "none") return -1;
    if (target.kind === "new") return this.drawing.newDistrict();
    if (target.kind === "district") return this.drawing.slotOf(target.id);
    return row < 0 ? -1 : this.drawing.now!.district[row]!;
  }

  private assign({ how }: PlanPointed): void {
    const row = this.pointed.value;
    if (row < 0 || how === "double") return;
    if (how === "down") {
      const to = this.drawing.target.value.kind === "start" ? this.besides(row) : this.goal(row);
      this.begun = [0, 0];
      this.moves = new Map([[row, to]]);
      this.preview();
    } else if (how === "up" && this.begun) this.commit();
  }

  /** The neighbouring district with the longest line in common: where a click brings a neighbourhood that names no goal. */
  private besides(row: number): number {
    const { edges } = this.drawing.world.value!;
    const { district } = this.drawing.now!;
    const shared = new Map<number, number>();
    for (let at = edges.ofStart[row]!; at < edges.ofStart[row + 1]!; at++) {
      const edge = edges.of[at]!;
      const other = edges.a[edge] === row ? edges.b[edge]! : edges.a[edge]!;
      if (other < 0 || district[other]! < 0 || district[other] === district[row]) continue;
      shared.set(district[other]!, (shared.get(district[other]!) ?? 0) + edges.length_m[edge]!);
    }
    return [...shared].sort((a, b) => b[1] - a[1])[0]?.[0] ?? district[row]!;
  }

  private brush({ how, metresPerPixel }: PlanPointed, at: XY): void {
    const radius = this.drawing.brush_px.value * metresPerPixel;
    if (how === "down") {
      this.begun = at;
      this.last = at;
      this.to = this.goal(this.pointed.value);
      this.moves = new Map();
    }
    if (this.begun && how !== "double") {
      for (const row of cellsAlong(this.drawing.world.value!.cells, this.last ?? at, at, radius)) this.moves.set(row, this.to);
      this.last = at;
      this.preview();
    }
    if (how === "up") this.commit();
  }

  private drag({ how, place }: PlanPointed, at: XY, tool: "rectangle" | "lasso"): void {
    if (how === "down") {
      this.begun = at;
      this.trail = [place];
      this.to = -1;
      return;
    }
    if (!this.begun || how === "hover" || how === "double") return;
    if (tool === "lasso") this.trail.push(place);
    const [bx, by] = this.begun;
    const ring = tool === "lasso" ? this.trail.flatMap((one) => this.xy(one)) : [bx, by, at[0], by, at[0], at[1], bx, at[1]];
    this.byShape([ring], this.trail[0]!);
    const corners = tool === "lasso" ? this.trail : [this.place(bx, by), this.place(at[0], by), this.place(...at), this.place(bx, at[1])];
    this.show([area(corners)]);
    if (how === "up") this.commit();
  }

  private polygon({ how, place }: PlanPointed): void {
    const corners = this.corners.value;
    if (how === "down") {
      const last = corners.at(-1);
      if (!last || Math.hypot(...minus(this.xy(last), this.xy(place))) > 1) this.corners.set([...corners, place]);
      this.showPolygon(place);
    } else if (how === "double") this.finishPolygon();
    else if (how === "hover" || how === "move") this.showPolygon(place);
  }

  private showPolygon(pointer: LonLat | null): void {
    const corners = [...this.corners.value, ...(pointer ? [pointer] : [])];
    if (this.corners.value.length === 0) return this.show([]);
    if (corners.length >= 3) this.byShape([ringOf(this, corners)], corners[0]!);
    this.show(corners.length >= 3 ? [area(corners)] : [line([corners])]);
  }

  /** What a shape takes by the chosen rule goes to where the gesture began. */
  private byShape(shape: Shape, first: LonLat): void {
    const { cells } = this.drawing.world.value!;
    const row = cellAt(cells, ...this.xy(first));
    // A gesture that makes a district asks for it once.
    if (this.moves.size === 0 || this.drawing.target.value.kind !== "new") this.to = this.goalBefore(row);
    this.moves = new Map(cellsIn(cells, shape, this.drawing.rule.value).map((one) => [one, this.to]));
    this.preview();
  }

  /** The goal by what the first cell was before this gesture moved it. */
  private goalBefore(row: number): number {
    if (this.drawing.target.value.kind !== "start") return this.goal(row);
    return row < 0 ? -1 : this.drawing.beforeStroke(row);
  }

  private boundary({ how, metresPerPixel }: PlanPointed, at: XY): void {
    const { cells, edges } = this.drawing.world.value!;
    const { district } = this.drawing.now!;
    if (how === "hover" || how === "down") {
      const grip = gripAt(cells, edges, district, ...at, GRIP_PX * metresPerPixel);
      if (how === "down") {
        this.grip = grip;
        this.begun = grip ? at : null;
      }
      this.show(grip ? [line(this.near(grip, at, 90 * metresPerPixel), "grip")] : []);
      return;
    }
    if (!this.grip || !this.begun || how === "double") return;
    const { shape, line: rubber } = pulled(this.grip, at);
    this.moves = swept(cells, edges, this.drawing.beforeAll(), this.grip, shape);
    this.preview();
    this.show([line(rubber.map(([ax, ay, bx, by]) => [this.place(ax, ay), this.place(bx, by)]), "rubber")]);
    if (how === "up") this.commit();
  }

  /** The piece of a boundary near the pointer: what would be taken hold of. */
  private near(grip: Grip, at: XY, reach: number): LonLat[][] {
    const found: LonLat[][] = [];
    const { pieces } = grip;
    for (let one = 0; one + 3 < pieces.length; one += 4) {
      const [ax, ay, bx, by] = [pieces[one]!, pieces[one + 1]!, pieces[one + 2]!, pieces[one + 3]!];
      if (awayFrom(...at, ax, ay, bx, by) <= reach) found.push([this.place(ax, ay), this.place(bx, by)]);
    }
    return found;
  }

  private merge({ how }: PlanPointed, at: XY): void {
    const row = this.pointed.value;
    const slot = row < 0 ? -1 : this.drawing.now!.district[row]!;
    if (how === "down" && slot >= 0 && this.mergeFrom.value < 0) {
      this.begun = at;
      this.mergeFrom.set(slot);
      return;
    }
    if ((how === "up" || how === "down") && this.mergeFrom.value >= 0 && slot >= 0 && slot !== this.mergeFrom.value) {
      const [one, other] = [this.drawing.infoOf(this.mergeFrom.value), this.drawing.infoOf(slot)];
      this.mergeFrom.set(-1);
      this.begun = null;
      if (one && other) this.drawing.edit({ op: "merge", districts: [one.id, other.id], into: one.id });
    } else if (how === "up") this.begun = null; // the second district is pressed next
  }

  private split({ how, place }: PlanPointed, at: XY): void {
    if (how === "down") {
      this.begun = at;
      this.trail = [place];
      return;
    }
    if (!this.begun || how === "hover" || how === "double") return;
    this.trail.push(place);
    this.show([line([this.trail], "cut")]);
    if (how !== "up") return;
    const operation = this.drawing.tool.value === "cut" ? this.cutUnit() : this.cutDistrict();
    this.end();
    if (operation) this.drawing.edit(operation);
  }

  /** The district that most of a drawn line crosses is the one it splits. */
  private cutDistrict(): Operation | null {
    const { district } = this.drawing.now!;
    const info = this.drawing.infoOf(this.mostCrossed((row) => district[row]!));
    return info ? { op: "split", district: info.id, line: thinned(this.trail) } : null;
  }

  /** The neighbourhood that most of a drawn line crosses is cut in two. */
  private cutUnit(): Operation | null {
    const unit = this.drawing.world.value!.units.ids[this.mostCrossed((row) => row)];
    return unit === undefined ? null : { op: "split_unit", unit, line: thinned(this.trail) };
  }

  /** What the drawn line is longest in; −1: nothing. */
  private mostCrossed(what: (row: number) => number): number {
    const { cells } = this.drawing.world.value!;
    const lengths = new Map<number, number>();
    for (let at = 1; at < this.trail.length; at++) {
      const [a, b] = [this.xy(this.trail[at - 1]!), this.xy(this.trail[at]!)];
      const length = Math.hypot(...minus(a, b));
      const steps = Math.max(1, Math.ceil(length / 10));
      for (let step = 0; step < steps; step++) {
        const share = (step + 0.5) / steps;
        const row = cellAt(cells, a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]));
        const crossed = row < 0 ? -1 : what(row);
        if (crossed >= 0) lengths.set(crossed, (lengths.get(crossed) ?? 0) + length / steps);
      }
    }
    return [...lengths].sort((a, b) => b[1] - a[1])[0]?.[0] ?? -1;
  }

  private lock({ how, shift }: PlanPointed): void {
    const row = this.pointed.value;
    if (how !== "down" || row < 0) return;
    const { drawing } = this;
    const info = drawing.infoOf(drawing.now!.district[row]!);
    if (shift || !info) drawing.edit({ op: "lock", units: [drawing.world.value!.units.ids[row]!], locked: !drawing.lockedUnits.value.has(row) });
    else drawing.edit({ op: "lock", districts: [info.id], locked: !info.locked });
  }

  private preview(): void {
    this.held.set(this.drawing.preview(this.moves));
    const [first] = this.drawing.strokeByTarget();
    if (!first) return;
    const [to, rows] = first;
    const info = this.drawing.infoOf(to);
    const units = rows.map((row) => this.drawing.world.value!.units.ids[row]!);
    const known = info === null || this.drawing.plan.value?.districts.some((one) => one.id === info.id);
    this.drawing.ask(info && !known ? { op: "create", district: info.id, name: info.name, units } : { op: "assign", units, district: info?.id ?? null });
  }

  private commit(): void {
    this.end();
    if (this.drawing.strokeSize > 0) this.drawing.commitStroke();
    else this.drawing.cancelStroke();
  }

  private end(): void {
    this.begun = this.last = null;
    this.trail = [];
    this.grip = null;
    this.moves = new Map();
    this.corners.set([]);
    this.show([]);
  }

  private show(features: GeoJSON.Feature[]): void {
    if (features.length === 0 && this.drawn.value.features.length === 0) return;
    this.drawn.set({ type: "FeatureCollection", features });
  }

  /** For `ringOf`. */
  readonly toXY = (place: LonLat): XY => this.xy(place);
}

const minus = (a: XY, b: XY): [number, number] => [a[0] - b[0], a[1] - b[1]];
const ringOf = (strokes: Strokes, corners: readonly LonLat[]): number[] => corners.flatMap((one) => strokes.toXY(one));

const area = (corners: readonly LonLat[]): GeoJSON.Feature => ({
  type: "Feature",
  properties: { role: "area" },
  geometry: { type: "Polygon", coordinates: [[...corners, corners[0]!]] },
});

const line = (parts: LonLat[][], role = "line"): GeoJSON.Feature => ({
  type: "Feature",
  properties: { role },
  geometry: { type: "MultiLineString", coordinates: parts },
});

/** At most 200 corners, evenly taken: a line by hand has thousands. */
function thinned(trail: readonly LonLat[]): LonLat[] {
  const every = Math.max(1, Math.ceil(trail.length / 200));
  return trail.filter((_, at) => at % every === 0 || at === trail.length - 1).map(([lon, lat]) => [Number(lon.toFixed(7)), Number(lat.toFixed(7))]);
}
