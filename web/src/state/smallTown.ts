/** A small town for tests: squares of 100 m in rows, with people, needs and what closes them. */

import { type Cells, layCells } from "./cells";
import { type Edges, edgesOf } from "./edges";
import type { Units } from "./table";

const STEP = 0.001;

export interface Town {
  cells: Cells;
  edges: Edges;
  units: Units;
}

/** A generator of numbers from 0 to 1 that is the same each time (mulberry32). */
export function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function town(columns: number, rows: number, seed = 1): Town {
  const roll = dice(seed);
  const count = columns * rows;
  const squares = Array.from({ length: count }, (_, at): GeoJSON.Polygon => {
    const west = 114 + (at % columns) * STEP;
    const south = 30 + Math.floor(at / columns) * STEP;
    const ring = [
      [west, south],
      [west + STEP, south],
      [west + STEP, south + STEP],
      [west, south + STEP],
      [west, south],
    ];
    return { type: "Polygon", coordinates: [ring] };
  });
  const cells = layCells(squares, [114, 30]);
  const edges = edgesOf(cells);
  const pairs: [number, number, number][] = [];
  for (let edge = 0; edge < edges.count; edge++) {
    const [a, b] = [edges.a[edge]!, edges.b[edge]!];
    if (b >= 0) pairs.push([a, b, edges.length_m[edge]!], [b, a, edges.length_m[edge]!]);
  }
  const near = table(count, pairs);
  const bits = (): number => Math.floor(roll() * 2 ** 32) >>> 0;
  const helps: [number, number, number][] = pairs.filter(() => roll() < 0.6).map(([u, v]) => [u, v, bits()]);
  const closes = table(count, helps);
  const back = table(
    count,
    helps.map(([u, v]) => [v, u, 0]),
  );
  const amounts = (most: number): Float64Array => Float64Array.from({ length: count }, () => Math.floor(roll() * most));
  const units: Units = {
    count,
    ids: Array.from({ length: count }, (_, at) => `N${at}`),
    names: Array.from({ length: count }, (_, at) => `小区${at}`),
    households: amounts(900),
    persons: amounts(2500),
    area_m2: amounts(30_000),
    x_m: Float64Array.from({ length: count }, (_, at) => cells.middle[2 * at]!),
    y_m: Float64Array.from({ length: count }, (_, at) => cells.middle[2 * at + 1]!),
    subdistrict: Array.from({ length: count }, (_, at) => (at % columns < columns / 2 ? "西街" : "东街")),
    missingLow: Uint32Array.from({ length: count }, bits),
    missingHigh: Uint32Array.from({ length: count }, () => bits() & 0xff),
    links: { start: near.start, to: near.to },
    closes: { start: closes.start, v: closes.to, low: Uint32Array.from(closes.value), high: Uint32Array.from(closes.value, (one) => one & 0xf0), backStart: back.start, back: back.to },
    cell_m2: cells.area_m2,
    outline_m: cells.perimeter_m,
    touches: { start: near.start, to: near.to, shared_m: Float64Array.from(near.value) },
    kinds: Array.from({ length: 40 }, (_, at) => `kind${at}`),
  };
  return { cells, edges, units };
}

/** Rows of (from, to, value) laid out by `from`. */
function table(count: number, rows: readonly [number, number, number][]): { start: Int32Array; to: Int32Array; value: number[] } {
  const sorted = [...rows].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const start = new Int32Array(count + 1);
  for (const [from] of sorted) start[from + 1] = start[from + 1]! + 1;
  for (let at = 0; at < count; at++) start[at + 1] = start[at + 1]! + start[at]!;
  return { start, to: Int32Array.from(sorted, (row) => row[1]), value: sorted.map((row) => row[2]) };
}
