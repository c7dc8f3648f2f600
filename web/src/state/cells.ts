/** The neighbourhoods' cells as flat arrays: what lies under a point, a brush, a shape; and the lines between them. Pure.
 *
 * Coordinates are metres in a plane laid on the city's middle: straight enough for pointing, and equal everywhere on the page.
 */

export type Place = readonly [lon: number, lat: number];

/** Majority of the area, any touch, wholly inside. */
export type AreaRule = "majority" | "touch" | "inside";
export const AREA_RULES = ["majority", "touch", "inside"] as const satisfies readonly AreaRule[];

export class Plane {
  private readonly east: number;
  private readonly north = 110_574;

  constructor(readonly middle: Place) {
    this.east = 111_320 * Math.cos((middle[1] * Math.PI) / 180);
  }

  x(lon: number): number {
    return (lon - this.middle[0]) * this.east;
  }

  y(lat: number): number {
    return (lat - this.middle[1]) * this.north;
  }

  place(x: number, y: number): [number, number] {
    return [this.middle[0] + x / this.east, this.middle[1] + y / this.north];
  }
}

/** Rings of x, y, x, y …; closed without repeating the first corner. Inside is told by even-odd: holes need no mark. */
export type Shape = readonly (readonly number[])[];

export interface Cells {
  readonly plane: Plane;
  readonly count: number;
  readonly xy: Float64Array;
  /** Ring r is `xy[2 * ringStart[r]]` to `xy[2 * ringStart[r + 1]]`. */
  readonly ringStart: Int32Array;
  /** Cell c has the rings `cellStart[c]` to `cellStart[c + 1]`. */
  readonly cellStart: Int32Array;
  /** West, south, east, north of each cell. */
  readonly box: Float64Array;
  readonly area_m2: Float64Array;
  readonly perimeter_m: Float64Array;
  /** A point for the label and the brush: the middle of mass, or of the widest chord where that lies outside. */
  readonly middle: Float64Array;
  readonly grid: Grid;
}

interface Grid {
  west: number;
  south: number;
  step: number;
  columns: number;
  rows: number;
  start: Int32Array;
  cells: Int32Array;
}

/** Lay cells out; `rows[i]` is the geometry of cell i, null where a neighbourhood has none. */
export function layCells(rows: readonly (GeoJSON.Polygon | GeoJSON.MultiPolygon | null)[], middle: Place): Cells {
  const plane = new Plane(middle);
  const xy: number[] = [];
  const ringStart: number[] = [0];
  const cellStart = new Int32Array(rows.length + 1);
  const box = new Float64Array(4 * rows.length);
  rows.forEach((geometry, row) => {
    box.set([Infinity, Infinity, -Infinity, -Infinity], 4 * row);
    for (const ring of ringsOf(geometry)) {
      const last = ring.length - (closed(ring) ? 1 : 0);
      for (let at = 0; at < last; at++) {
        const [lon = 0, lat = 0] = ring[at] ?? [];
        const x = plane.x(lon);
        const y = plane.y(lat);
        xy.push(x, y);
        widen(box, row, x, y);
      }
      ringStart.push(xy.length / 2);
    }
    cellStart[row + 1] = ringStart.length - 1;
  });
  const bare = { plane, count: rows.length, xy: Float64Array.from(xy), ringStart: Int32Array.from(ringStart), cellStart, box };
  const area_m2 = new Float64Array(rows.length);
  const perimeter_m = new Float64Array(rows.length);
  const middles = new Float64Array(2 * rows.length);
  for (let row = 0; row < rows.length; row++) measure(bare, row, area_m2, perimeter_m, middles);
  return { ...bare, area_m2, perimeter_m, middle: middles, grid: gridOf(box, rows.length) };
}

const ringsOf = (geometry: GeoJSON.Polygon | GeoJSON.MultiPolygon | null): GeoJSON.Position[][] =>
  !geometry ? [] : geometry.type === "Polygon" ? geometry.coordinates : geometry.coordinates.flat();

function closed(ring: GeoJSON.Position[]): boolean {
  const first = ring[0];
  const last = ring.at(-1);
  return ring.length > 1 && first?.[0] === last?.[0] && first?.[1] === last?.[1];
}

function widen(box: Float64Array, row: number, x: number, y: number): void {
  const at = 4 * row;
  if (x < box[at]!) box[at] = x;
  if (y < box[at + 1]!) box[at + 1] = y;
  if (x > box[at + 2]!) box[at + 2] = x;
  if (y > box[at + 3]!) box[at + 3] = y;
}

type Bare = Pick<Cells, "xy" | "ringStart" | "cellStart" | "box">;

/** Area, outline and middle of one cell: the shoelace over all its rings, whose holes turn the other way. */
function measure(cells: Bare, row: number, area: Float64Array, perimeter: Float64Array, middle: Float64Array): void {
  let twice = 0;
  let mx = 0;
  let my = 0;
  eachSide(cells, row, (ax, ay, bx, by) => {
    const cross = ax * by - bx * ay;
    twice += cross;
    mx += (ax + bx) * cross;
    my += (ay + by) * cross;
    perimeter[row] = perimeter[row]! + Math.hypot(bx - ax, by - ay);
  });
  area[row] = Math.abs(twice) / 2;
  let x = twice === 0 ? 0 : mx / (3 * twice);
  let y = twice === 0 ? 0 : my / (3 * twice);
  if (twice !== 0 && !holds(cells, row, x, y)) {
    y = nudge(cells.box[4 * row + 1]!, cells.box[4 * row + 3]!);
    const chords = crossings(cells, row, y);
    let widest = 0;
    for (let at = 0; at + 1 < chords.length; at += 2) {
      const width = chords[at + 1]! - chords[at]!;
      if (width <= widest) continue;
      widest = width;
      x = (chords[at]! + chords[at + 1]!) / 2;
    }
  }
  middle[2 * row] = x;
  middle[2 * row + 1] = y;
}

/** Half height, a little off: a line through corners would count them twice. */
const nudge = (south: number, north: number): number => south + (north - south) * 0.50123;

function eachSide(cells: Bare, row: number, take: (ax: number, ay: number, bx: number, by: number) => void): void {
  for (let ring = cells.cellStart[row]!; ring < cells.cellStart[row + 1]!; ring++) {
    const from = cells.ringStart[ring]!;
    const to = cells.ringStart[ring + 1]!;
    for (let at = from, before = to - 1; at < to; before = at++) {
      take(cells.xy[2 * before]!, cells.xy[2 * before + 1]!, cells.xy[2 * at]!, cells.xy[2 * at + 1]!);
    }
  }
}

/** Whether a cell holds a point (even-odd). */
export function holds(cells: Bare, row: number, x: number, y: number): boolean {
  const at = 4 * row;
  if (x < cells.box[at]! || y < cells.box[at + 1]! || x > cells.box[at + 2]! || y > cells.box[at + 3]!) return false;
  let inside = false;
  eachSide(cells, row, (ax, ay, bx, by) => {
    if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) inside = !inside;
  });
  return inside;
}

/** Where a horizontal line enters and leaves a cell, from west to east. */
function crossings(cells: Bare, row: number, y: number): number[] {
  const found: number[] = [];
  eachSide(cells, row, (ax, ay, bx, by) => {
    if (ay > y !== by > y) found.push(ax + ((y - ay) / (by - ay)) * (bx - ax));
  });
  return found.sort((a, b) => a - b);
}

function gridOf(box: Float64Array, count: number): Grid {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let row = 0; row < count; row++) {
    if (!(box[4 * row]! <= box[4 * row + 2]!)) continue;
    west = Math.min(west, box[4 * row]!);
    south = Math.min(south, box[4 * row + 1]!);
    east = Math.max(east, box[4 * row + 2]!);
    north = Math.max(north, box[4 * row + 3]!);
  }
  if (!Number.isFinite(west)) [west, south, east, north] = [0, 0, 1, 1];
  const step = Math.max(1, Math.sqrt(((east - west) * (north - south)) / Math.max(1, count)));
  const columns = Math.floor((east - west) / step) + 1;
  const rows = Math.floor((north - south) / step) + 1;
  const grid: Grid = { west, south, step, columns, rows, start: new Int32Array(columns * rows + 1), cells: new Int32Array(0) };
  const visit = (take: (square: number, row: number) => void): void => {
    for (let row = 0; row < count; row++) {
      if (!(box[4 * row]! <= box[4 * row + 2]!)) continue;
      squares(grid, box[4 * row]!, box[4 * row + 1]!, box[4 * row + 2]!, box[4 * row + 3]!, (square) => take(square, row));
    }
  };
  visit((square) => (grid.start[square + 1] = grid.start[square + 1]! + 1));
  for (let at = 0; at < columns * rows; at++) grid.start[at + 1] = grid.start[at + 1]! + grid.start[at]!;
  grid.cells = new Int32Array(grid.start[columns * rows]!);
  const next = grid.start.slice();
  visit((square, row) => {
    grid.cells[next[square]!] = row;
    next[square] = next[square]! + 1;
  });
  return grid;
}

function squares(grid: Grid, west: number, south: number, east: number, north: number, take: (square: number) => void): void {
  const clamp = (value: number, most: number): number => Math.max(0, Math.min(most - 1, Math.floor(value)));
  const left = clamp((west - grid.west) / grid.step, grid.columns);
  const right = clamp((east - grid.west) / grid.step, grid.columns);
  const low = clamp((south - grid.south) / grid.step, grid.rows);
  const high = clamp((north - grid.south) / grid.step, grid.rows);
  for (let y = low; y <= high; y++) for (let x = left; x <= right; x++) take(y * grid.columns + x);
}

/** Cells whose box meets a box; each once, in rising order. */
export function cellsNear(cells: Cells, west: number, south: number, east: number, north: number): number[] {
  const found = new Set<number>();
  const { grid, box } = cells;
  squares(grid, west, south, east, north, (square) => {
    for (let at = grid.start[square]!; at < grid.start[square + 1]!; at++) {
      const row = grid.cells[at]!;
      const off = box[4 * row]! > east || box[4 * row + 1]! > north || box[4 * row + 2]! < west || box[4 * row + 3]! < south;
      if (!off) found.add(row);
    }
  });
  return [...found].sort((a, b) => a - b);
}

/** The cell under a point, or −1. */
export function cellAt(cells: Cells, x: number, y: number): number {
  return cellsNear(cells, x, y, x, y).find((row) => holds(cells, row, x, y)) ?? -1;
}

/** Cells that a round brush takes on its way: its middle passes over them, or it covers theirs. */
export function cellsAlong(cells: Cells, from: readonly [number, number], to: readonly [number, number], radius: number): number[] {
  const [ax, ay] = from;
  const [bx, by] = to;
  const box = [Math.min(ax, bx) - radius, Math.min(ay, by) - radius, Math.max(ax, bx) + radius, Math.max(ay, by) + radius] as const;
  const length = Math.hypot(bx - ax, by - ay);
  const steps = Math.max(1, Math.ceil(length / 8));
  return cellsNear(cells, ...box).filter((row) => {
    if (awayFrom(cells.middle[2 * row]!, cells.middle[2 * row + 1]!, ax, ay, bx, by) <= radius) return true;
    for (let step = 0; step <= steps; step++) {
      const share = step / steps;
      if (holds(cells, row, ax + share * (bx - ax), ay + share * (by - ay))) return true;
    }
    return false;
  });
}

/** How far a point is from a straight line between two. */
export function awayFrom(x: number, y: number, ax: number, ay: number, bx: number, by: number): number {
  const dx = bx - ax;
  const dy = by - ay;
  const length2 = dx * dx + dy * dy;
  const share = length2 === 0 ? 0 : Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / length2));
  return Math.hypot(x - ax - share * dx, y - ay - share * dy);
}

/** Cells that a shape takes by a rule; `among` looks at these only. */
export function cellsIn(cells: Cells, shape: Shape, rule: AreaRule, among?: (row: number) => boolean): number[] {
  const box = boxOf(shape);
  if (!box) return [];
  return cellsNear(cells, ...box).filter((row) => (among?.(row) ?? true) && taken(cells, row, shape, rule));
}

function taken(cells: Cells, row: number, shape: Shape, rule: AreaRule): boolean {
  if (rule === "majority") return shareWithin(cells, row, shape) > 0.5;
  const share = shareWithin(cells, row, shape);
  const crossed = outlinesCross(cells, row, shape);
  return rule === "touch" ? share > 0 || crossed : share > 0.5 && !crossed;
}

const LINES = 33;

/** The share of a cell's area within a shape, from 33 lines across it: at a line both are exact intervals. */
export function shareWithin(cells: Cells, row: number, shape: Shape): number {
  const south = cells.box[4 * row + 1]!;
  const north = cells.box[4 * row + 3]!;
  let all = 0;
  let within = 0;
  for (let line = 0; line < LINES; line++) {
    const y = south + ((line + 0.5) / LINES) * (north - south);
    const mine = crossings(cells, row, y);
    const theirs = crossingsOf(shape, y);
    for (let at = 0; at + 1 < mine.length; at += 2) all += mine[at + 1]! - mine[at]!;
    within += overlap(mine, theirs);
  }
  return all === 0 ? 0 : within / all;
}

function crossingsOf(shape: Shape, y: number): number[] {
  const found: number[] = [];
  for (const ring of shape) {
    const corners = ring.length / 2;
    for (let at = 0, before = corners - 1; at < corners; before = at++) {
      const ay = ring[2 * before + 1]!;
      const by = ring[2 * at + 1]!;
      if (ay > y === by > y) continue;
      const ax = ring[2 * before]!;
      found.push(ax + ((y - ay) / (by - ay)) * (ring[2 * at]! - ax));
    }
  }
  return found.sort((a, b) => a - b);
}

/** The length that two lists of intervals have in common. */
function overlap(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (let i = 0, j = 0; i + 1 < a.length && j + 1 < b.length; ) {
    sum += Math.max(0, Math.min(a[i + 1]!, b[j + 1]!) - Math.max(a[i]!, b[j]!));
    if (a[i + 1]! < b[j + 1]!) i += 2;
    else j += 2;
  }
  return sum;
}

function outlinesCross(cells: Cells, row: number, shape: Shape): boolean {
  let crossed = false;
  const [west, south, east, north] = [...cells.box.subarray(4 * row, 4 * row + 4)] as [number, number, number, number];
  for (const ring of shape) {
    const corners = ring.length / 2;
    for (let at = 0, before = corners - 1; at < corners && !crossed; before = at++) {
      const [px, py, qx, qy] = [ring[2 * before]!, ring[2 * before + 1]!, ring[2 * at]!, ring[2 * at + 1]!];
      if (Math.max(px, qx) < west || Math.min(px, qx) > east || Math.max(py, qy) < south || Math.min(py, qy) > north) continue;
      eachSide(cells, row, (ax, ay, bx, by) => {
        crossed ||= side(px, py, qx, qy, ax, ay) !== side(px, py, qx, qy, bx, by) && side(ax, ay, bx, by, px, py) !== side(ax, ay, bx, by, qx, qy);
      });
    }
  }
  return crossed;
}

const side = (ax: number, ay: number, bx: number, by: number, x: number, y: number): boolean => (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0;

/** West, south, east, north of a shape; null when it has no corner. */
export function boxOf(shape: Shape): [number, number, number, number] | null {
  const box: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const ring of shape) {
    for (let at = 0; at + 1 < ring.length; at += 2) {
      box[0] = Math.min(box[0], ring[at]!);
      box[1] = Math.min(box[1], ring[at + 1]!);
      box[2] = Math.max(box[2], ring[at]!);
      box[3] = Math.max(box[3], ring[at + 1]!);
    }
  }
  return Number.isFinite(box[0]) ? box : null;
}
