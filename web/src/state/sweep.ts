/** Dragging a district's boundary: the line follows the pointer like a rubber band, the cells it sweeps change sides. Pure. */

import { awayFrom, type Cells, cellsIn, type Shape } from "./cells";
import { type Edges, parts } from "./edges";

/** A piece of the boundary between two districts (−1: what belongs to none) that was taken hold of. */
export interface Grip {
  readonly sides: readonly [number, number];
  readonly at: readonly [x: number, y: number];
  /** Corners of the boundary's straight pieces: ax, ay, bx, by … */
  readonly pieces: Float64Array;
}

/** Take hold of the nearest boundary within reach; null when there is none. The rim of the city cannot be dragged. */
export function gripAt(cells: Cells, edges: Edges, district: ArrayLike<number>, x: number, y: number, reach_m: number): Grip | null {
  let nearest = -1;
  let least = reach_m;
  for (const cell of nearCells(cells, x, y, reach_m)) {
    for (let at = edges.ofStart[cell]!; at < edges.ofStart[cell + 1]!; at++) {
      const edge = edges.of[at]!;
      if (edges.b[edge]! < 0 || !parts(edges, edge, district)) continue;
      const away = awayFromEdge(edges, edge, x, y);
      if (away < least) [least, nearest] = [away, edge];
    }
  }
  if (nearest < 0) return null;
  const sides = [district[edges.a[nearest]!]!, district[edges.b[nearest]!]!] as const;
  return { sides, at: [x, y], pieces: piecesBetween(edges, district, sides) };
}

function nearCells(cells: Cells, x: number, y: number, reach: number): Set<number> {
  const found = new Set<number>();
  const { grid } = cells;
  const clamp = (value: number, most: number): number => Math.max(0, Math.min(most - 1, Math.floor(value)));
  for (let row = clamp((y - reach - grid.south) / grid.step, grid.rows); row <= clamp((y + reach - grid.south) / grid.step, grid.rows); row++) {
    for (let column = clamp((x - reach - grid.west) / grid.step, grid.columns); column <= clamp((x + reach - grid.west) / grid.step, grid.columns); column++) {
      const square = row * grid.columns + column;
      for (let at = grid.start[square]!; at < grid.start[square + 1]!; at++) found.add(grid.cells[at]!);
    }
  }
  return found;
}

function awayFromEdge(edges: Edges, edge: number, x: number, y: number): number {
  let least = Infinity;
  for (let at = edges.start[edge]!; at + 1 < edges.start[edge + 1]!; at++) {
    least = Math.min(least, awayFrom(x, y, edges.xy[2 * at]!, edges.xy[2 * at + 1]!, edges.xy[2 * at + 2]!, edges.xy[2 * at + 3]!));
  }
  return least;
}

function piecesBetween(edges: Edges, district: ArrayLike<number>, [one, other]: readonly [number, number]): Float64Array {
  const pieces: number[] = [];
  for (let edge = 0; edge < edges.count; edge++) {
    const b = edges.b[edge]!;
    if (b < 0) continue;
    const [left, right] = [district[edges.a[edge]!]!, district[b]!];
    if (!((left === one && right === other) || (left === other && right === one))) continue;
    for (let at = edges.start[edge]!; at + 1 < edges.start[edge + 1]!; at++) {
      pieces.push(edges.xy[2 * at]!, edges.xy[2 * at + 1]!, edges.xy[2 * at + 2]!, edges.xy[2 * at + 3]!);
    }
  }
  return Float64Array.from(pieces);
}

/** How far along the boundary a pull is felt, for a pull of a length. */
const felt = (pull: number): number => Math.max(60, 1.6 * pull);

/** The boundary as it is pulled: the swept shape, and the line where it would lie now. */
export function pulled(grip: Grip, to: readonly [number, number]): { shape: number[][]; line: [number, number, number, number][] } {
  const [gx, gy] = grip.at;
  const dx = to[0] - gx;
  const dy = to[1] - gy;
  const reach = felt(Math.hypot(dx, dy));
  const weight = (x: number, y: number): number => {
    const share = Math.hypot(x - gx, y - gy) / reach;
    return share >= 1 ? 0 : (1 - share * share) ** 2;
  };
  const shape: number[][] = [];
  const line: [number, number, number, number][] = [];
  const { pieces } = grip;
  for (let at = 0; at + 3 < pieces.length; at += 4) {
    const [ax, ay, bx, by] = [pieces[at]!, pieces[at + 1]!, pieces[at + 2]!, pieces[at + 3]!];
    if (awayFrom(gx, gy, ax, ay, bx, by) >= reach) continue;
    const steps = Math.max(1, Math.ceil(Math.hypot(bx - ax, by - ay) / (reach / 10)));
    for (let step = 0; step < steps; step++) {
      const [px, py] = [ax + (step / steps) * (bx - ax), ay + (step / steps) * (by - ay)];
      const [qx, qy] = [ax + ((step + 1) / steps) * (bx - ax), ay + ((step + 1) / steps) * (by - ay)];
      const [wp, wq] = [weight(px, py), weight(qx, qy)];
      if (wp === 0 && wq === 0) continue;
      const moved: [number, number, number, number] = [px + wp * dx, py + wp * dy, qx + wq * dx, qy + wq * dy];
      line.push(moved);
      shape.push([px, py, qx, qy, moved[2], moved[3], moved[0], moved[1]]);
    }
  }
  return { shape, line };
}

/** Cells that change sides: most of each was swept, and it hangs together with its new district. */
export function swept(cells: Cells, edges: Edges, district: ArrayLike<number>, grip: Grip, shape: Shape): Map<number, number> {
  const [one, other] = grip.sides;
  const rows = cellsIn(cells, shape, "majority", (row) => district[row] === one || district[row] === other);
  const moves = new Map<number, number>();
  for (const row of rows) moves.set(row, district[row] === one ? other : one);
  return touching(edges, district, moves);
}

/** Only moves that reach their new district, over each other if need be. Leaving every district needs no neighbour. */
function touching(edges: Edges, district: ArrayLike<number>, moves: Map<number, number>): Map<number, number> {
  const reached = new Map<number, number>();
  const queue: number[] = [];
  const take = (row: number): void => {
    reached.set(row, moves.get(row)!);
    queue.push(row);
  };
  for (const [row, to] of moves) if (to < 0 || neighboursOf(edges, row).some((next) => district[next] === to && !moves.has(next))) take(row);
  for (let row = queue.pop(); row !== undefined; row = queue.pop()) {
    for (const next of neighboursOf(edges, row)) if (!reached.has(next) && moves.get(next) === moves.get(row)) take(next);
  }
  return reached;
}

function neighboursOf(edges: Edges, row: number): number[] {
  const found: number[] = [];
  for (let at = edges.ofStart[row]!; at < edges.ofStart[row + 1]!; at++) {
    const edge = edges.of[at]!;
    const next = edges.a[edge] === row ? edges.b[edge]! : edges.a[edge]!;
    if (next >= 0) found.push(next);
  }
  return found;
}
