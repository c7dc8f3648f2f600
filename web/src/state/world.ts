/** A city as the drawing table needs it: units with their links, cells and the lines between them. Made once per data version. */

import type { Atoms, OwnUnit } from "../api/planTypes";
import { type Cells, layCells } from "./cells";
import { type Edges, edgesOf } from "./edges";
import type { Closes, Units } from "./table";

export interface World {
  readonly dataVersion: string;
  readonly units: Units;
  readonly cells: Cells;
  readonly edges: Edges;
  readonly rowOf: ReadonlyMap<string, number>;
  readonly lon: readonly number[];
  readonly lat: readonly number[];
  readonly shapes: readonly (GeoJSON.Polygon | GeoJSON.MultiPolygon | null)[];
  /** Kinds of facilities by bit. */
  readonly kinds: readonly string[];
  /** Whether a neighbourhood takes part in districts at all. */
  readonly admitted: readonly boolean[];
}

type Shape = GeoJSON.Polygon | GeoJSON.MultiPolygon;

/** Put a city together.
 *
 * @param shapes the cell of each neighbourhood, by id.
 * @param names its name, by id.
 * @param cutting barriers that no district crosses.
 * @param own neighbourhoods that the plan cut in two: their halves take their place.
 */
export function makeWorld(
  atoms: Atoms,
  shapes: ReadonlyMap<string, Shape>,
  names: ReadonlyMap<string, string | null>,
  own: readonly OwnUnit[] = [],
  cutting: readonly string[] = [],
): World {
  const { units: columns } = atoms;
  const halved = new Set(own.map((one) => one.parent));
  const whole = columns.id.map((_, at) => at).filter((at) => !halved.has(columns.id[at]!));
  const ids = [...whole.map((at) => columns.id[at]!), ...own.map((one) => one.id)];
  const rowOf = new Map(ids.map((id, row) => [id, row]));
  const parentAt = new Map(columns.id.map((id, at) => [id, at]));
  const from = [...whole, ...own.map((one) => parentAt.get(one.parent) ?? -1)];
  const column = (values: readonly (number | null)[], mine: (one: OwnUnit) => number | null | undefined): Float64Array =>
    Float64Array.from(ids, (_, row) => (row < whole.length ? values[from[row]!] : mine(own[row - whole.length]!)) ?? 0);
  const drawn = ids.map((id, row) => (row < whole.length ? shapes.get(id) : own[row - whole.length]?.geometry) ?? null);
  const middle: [number, number] = [mean(columns.lon), mean(columns.lat)];
  const cells = layCells(drawn, middle);
  const edges = edgesOf(cells);
  const rows = rowsOf(columns.id, rowOf, own);
  const halves = own.map((one) => rowOf.get(one.id)!);
  const touches = touching(atoms, rows, edges, new Set(halves), ids.length);
  return {
    dataVersion: atoms.data_version,
    rowOf,
    cells,
    edges,
    shapes: drawn,
    lon: from.map((at) => columns.lon[at] ?? middle[0]),
    lat: from.map((at) => columns.lat[at] ?? middle[1]),
    kinds: atoms.kinds,
    admitted: from.map((at) => columns.eligible[at] ?? true),
    units: {
      count: ids.length,
      ids,
      names: ids.map((id, row) => (row < whole.length ? names.get(id) : own[row - whole.length]?.name) ?? id),
      households: column(columns.households, (one) => one.households),
      persons: column(columns.persons, (one) => one.persons),
      area_m2: column(columns.area_m2, (one) => one.area_m2),
      x_m: Float64Array.from(from, (at) => columns.x_m[at] ?? 0),
      y_m: Float64Array.from(from, (at) => columns.y_m[at] ?? 0),
      subdistrict: from.map((at) => columns.subdistrict[at] ?? null),
      missingLow: Uint32Array.from(from, (at) => columns.missing[at]?.[0] ?? 0),
      missingHigh: Uint32Array.from(from, (at) => columns.missing[at]?.[1] ?? 0),
      links: linksOf(atoms, rows, own, touches, rowOf, ids.length, cutting),
      closes: closesOf(atoms, rows, ids.length),
      cell_m2: Float64Array.from(ids, (_, row) => (row < whole.length ? columns.cell_m2[from[row]!] : null) ?? cells.area_m2[row]!),
      outline_m: Float64Array.from(ids, (_, row) => (row < whole.length ? columns.perimeter_m[from[row]!] : null) ?? cells.perimeter_m[row]!),
      touches,
      kinds: atoms.kinds,
    },
  };
}

const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / Math.max(1, values.length);

/** Which rows stand for each of the server's units: itself, or its halves. */
function rowsOf(ids: readonly string[], rowOf: ReadonlyMap<string, number>, own: readonly OwnUnit[]): number[][] {
  const halves = new Map<string, number[]>();
  for (const one of own) halves.set(one.parent, [...(halves.get(one.parent) ?? []), rowOf.get(one.id)!]);
  return ids.map((id) => halves.get(id) ?? [rowOf.get(id)!]);
}

function linksOf(
  { links }: Atoms,
  rows: readonly number[][],
  own: readonly OwnUnit[],
  touches: Units["touches"],
  rowOf: ReadonlyMap<string, number>,
  count: number,
  cutting: readonly string[],
): Units["links"] {
  const isHalf = new Set(own.map((one) => rowOf.get(one.id)!));
  const touch = (a: number, b: number): boolean => {
    for (let at = touches.start[a]!; at < touches.start[a + 1]!; at++) if (touches.to[at] === b) return true;
    return false;
  };
  const pairs: [number, number][] = [];
  const join = (a: number, b: number): void => void pairs.push([a, b], [b, a]);
  links.a.forEach((left, at) => {
    if (!links.linked[at] || cutting.includes(links.barrier[at] ?? "")) return;
    for (const a of rows[left] ?? []) for (const b of rows[links.b[at]!] ?? []) if (!(isHalf.has(a) || isHalf.has(b)) || touch(a, b)) join(a, b);
  });
  const halves = new Map<string, number[]>();
  for (const one of own) halves.set(one.parent, [...(halves.get(one.parent) ?? []), rowOf.get(one.id)!]);
  for (const family of halves.values()) for (const a of family) for (const b of family) if (a < b && touch(a, b)) join(a, b);
  const { start, order } = grouped(pairs, count);
  return { start, to: Int32Array.from(order, (at) => pairs[at]![1]) };
}

function closesOf({ closes }: Atoms, rows: readonly number[][], count: number): Closes {
  const pairs: [number, number][] = [];
  const low: number[] = [];
  const high: number[] = [];
  closes.u.forEach((helped, at) => {
    for (const u of rows[helped] ?? []) {
      for (const v of rows[closes.v[at]!] ?? []) {
        pairs.push([u, v]);
        low.push(closes.bits[at]?.[0] ?? 0);
        high.push(closes.bits[at]?.[1] ?? 0);
      }
    }
  });
  const there = grouped(pairs, count);
  const back = grouped(
    pairs.map(([u, v]) => [v, u]),
    count,
  );
  return {
    start: there.start,
    v: Int32Array.from(there.order, (at) => pairs[at]![1]),
    low: Uint32Array.from(there.order, (at) => low[at]!),
    high: Uint32Array.from(there.order, (at) => high[at]!),
    backStart: back.start,
    back: Int32Array.from(back.order, (at) => pairs[at]![0]),
  };
}

/** Lengths that cells share: the server's, and of the halves of a neighbourhood those of the drawn lines. */
function touching({ links }: Atoms, rows: readonly number[][], edges: Edges, halves: ReadonlySet<number>, count: number): Units["touches"] {
  const pairs: [number, number][] = [];
  const shared: number[] = [];
  const add = (a: number, b: number, length: number): void => {
    pairs.push([a, b], [b, a]);
    shared.push(length, length);
  };
  links.a.forEach((left, at) => {
    const [a] = rows[left] ?? [];
    const [b] = rows[links.b[at]!] ?? [];
    const length = links.shared_m[at] ?? 0;
    if (a !== undefined && b !== undefined && length > 0 && !halves.has(a) && !halves.has(b)) add(a, b, length);
  });
  for (let edge = 0; edge < edges.count; edge++) {
    const [a, b] = [edges.a[edge]!, edges.b[edge]!];
    if (b >= 0 && (halves.has(a) || halves.has(b))) add(a, b, edges.length_m[edge]!);
  }
  const { start, order } = grouped(pairs, count);
  return { start, to: Int32Array.from(order, (at) => pairs[at]![1]), shared_m: Float64Array.from(order, (at) => shared[at]!) };
}

/** Places of pairs in order of their first number, and where each number's begin. */
function grouped(pairs: readonly (readonly [number, number])[], count: number): { start: Int32Array; order: Int32Array } {
  const start = new Int32Array(count + 1);
  for (const [first] of pairs) start[first + 1] = start[first + 1]! + 1;
  for (let at = 0; at < count; at++) start[at + 1] = start[at + 1]! + start[at]!;
  const order = new Int32Array(pairs.length);
  const next = start.slice();
  pairs.forEach(([first], at) => {
    order[next[first]!] = at;
    next[first] = next[first]! + 1;
  });
  return { start, order };
}
