/** The lines between cells: each once, with the cells on its two sides. District outlines are those whose sides differ. Pure. */

import type { Cells } from "./cells";

export interface Edges {
  readonly count: number;
  /** The cells on both sides; b is −1 where nothing lies beyond. */
  readonly a: Int32Array;
  readonly b: Int32Array;
  /** Line e is `xy[2 * start[e]]` to `xy[2 * start[e + 1]]`. */
  readonly start: Int32Array;
  readonly xy: Float64Array;
  readonly length_m: Float64Array;
  /** Lines around cell c: `of[ofStart[c]]` to `of[ofStart[c + 1]]`. */
  readonly ofStart: Int32Array;
  readonly of: Int32Array;
}

/** Centimetres, far enough from zero that both halves of a key are positive. */
const half = 2 ** 25;
const keyOf = (x: number, y: number): number => (Math.round(x * 100) + half) * 2 ** 26 + (Math.round(y * 100) + half);

/** Find the lines between cells: sides that two cells have in common. A coverage without gaps gives all of them. */
export function edgesOf(cells: Cells): Edges {
  const corner = new Map<number, number>();
  const corners = new Int32Array(cells.xy.length / 2);
  for (let at = 0; at < corners.length; at++) {
    const key = keyOf(cells.xy[2 * at]!, cells.xy[2 * at + 1]!);
    let id = corner.get(key);
    if (id === undefined) corner.set(key, (id = corner.size));
    corners[at] = id;
  }
  const many = corner.size;
  const owners = new Map<number, number>(); // side → its first cell, then both: first + second * cells
  const sideKey = (from: number, to: number): number => Math.min(corners[from]!, corners[to]!) * many + Math.max(corners[from]!, corners[to]!);
  eachRing(cells, (cell, from, to) => {
    for (let at = from, before = to - 1; at < to; before = at++) {
      const key = sideKey(before, at);
      const owner = owners.get(key);
      if (owner === undefined) owners.set(key, cell);
      else if (owner < cells.count && owner !== cell) owners.set(key, owner + (cell + 1) * cells.count);
    }
  });
  const otherOf = (cell: number, key: number): number => {
    const pair = owners.get(key)!;
    if (pair < cells.count) return -1;
    const first = pair % cells.count;
    const second = Math.floor(pair / cells.count) - 1;
    return first === cell ? second : first;
  };
  const lines: { a: number; b: number; from: number; corners: number[] }[] = [];
  eachRing(cells, (cell, from, to) => {
    let run: { a: number; b: number; from: number; corners: number[] } | null = null;
    for (let at = from; at < to; at++) {
      const next = at + 1 < to ? at + 1 : from;
      const other = otherOf(cell, sideKey(at, next));
      const mine = other === -1 || cell < other;
      if (run && mine && run.b === other) run.corners.push(next);
      else {
        run = mine ? { a: cell, b: other, from: at, corners: [at, next] } : null;
        if (run) lines.push(run);
      }
    }
  });
  return pack(cells, lines);
}

function eachRing(cells: Cells, take: (cell: number, from: number, to: number) => void): void {
  for (let cell = 0; cell < cells.count; cell++) {
    for (let ring = cells.cellStart[cell]!; ring < cells.cellStart[cell + 1]!; ring++) take(cell, cells.ringStart[ring]!, cells.ringStart[ring + 1]!);
  }
}

function pack(cells: Cells, lines: { a: number; b: number; corners: number[] }[]): Edges {
  const count = lines.length;
  const start = new Int32Array(count + 1);
  lines.forEach((line, at) => (start[at + 1] = start[at]! + line.corners.length));
  const xy = new Float64Array(2 * start[count]!);
  const length_m = new Float64Array(count);
  const ofStart = new Int32Array(cells.count + 1);
  lines.forEach((line, at) => {
    line.corners.forEach((corner, place) => {
      const x = cells.xy[2 * corner]!;
      const y = cells.xy[2 * corner + 1]!;
      const to = start[at]! + place;
      xy[2 * to] = x;
      xy[2 * to + 1] = y;
      if (place > 0) length_m[at] = length_m[at]! + Math.hypot(x - xy[2 * to - 2]!, y - xy[2 * to - 1]!);
    });
    for (const cell of [line.a, line.b]) if (cell >= 0) ofStart[cell + 1] = ofStart[cell + 1]! + 1;
  });
  for (let cell = 0; cell < cells.count; cell++) ofStart[cell + 1] = ofStart[cell + 1]! + ofStart[cell]!;
  const of = new Int32Array(ofStart[cells.count]!);
  const next = ofStart.slice();
  lines.forEach((line, at) => {
    for (const cell of [line.a, line.b]) {
      if (cell < 0) continue;
      of[next[cell]!] = at;
      next[cell] = next[cell]! + 1;
    }
  });
  return { count, a: Int32Array.from(lines, (one) => one.a), b: Int32Array.from(lines, (one) => one.b), start, xy, length_m, ofStart, of };
}

/** Whether a line parts two districts, by what each cell belongs to; the outer rim parts a district from nothing. */
export function parts(edges: Edges, edge: number, district: ArrayLike<number>): boolean {
  const b = edges.b[edge]!;
  const left = district[edges.a[edge]!]!;
  return b < 0 ? left >= 0 : left !== district[b]!;
}
