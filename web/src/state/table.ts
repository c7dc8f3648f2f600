/** The drawing table: who belongs to which district, and its figures, kept up to date move by move. Pure.
 *
 * A move costs what it touches: the sums of two districts, the neighbours that share with the unit moved, and the lines
 * around it. Contiguity and limits are looked at per touched district, when somebody asks.
 */

export interface Links {
  /** Neighbours of unit u: `to[start[u]]` to `to[start[u + 1]]`. */
  readonly start: Int32Array;
  readonly to: Int32Array;
}

/** v, in the same district and with the walls between open, closes the gaps `bits` of u. */
export interface Closes {
  readonly start: Int32Array;
  readonly v: Int32Array;
  readonly low: Uint32Array;
  readonly high: Uint32Array;
  /** The same pairs from v's side: units u that v may help. */
  readonly backStart: Int32Array;
  readonly back: Int32Array;
}

export interface Units {
  readonly count: number;
  readonly ids: readonly string[];
  readonly names: readonly string[];
  readonly households: Float64Array;
  readonly persons: Float64Array;
  readonly area_m2: Float64Array;
  readonly x_m: Float64Array;
  readonly y_m: Float64Array;
  readonly subdistrict: readonly (string | null)[];
  readonly missingLow: Uint32Array;
  readonly missingHigh: Uint32Array;
  readonly links: Links;
  readonly closes: Closes;
  /** Area and outline of each cell, and what a pair of neighbours share: for the compactness of what they make together. */
  readonly cell_m2: Float64Array;
  readonly outline_m: Float64Array;
  readonly touches: { readonly start: Int32Array; readonly to: Int32Array; readonly shared_m: Float64Array };
  readonly kinds: readonly string[];
}

/** Limits of a plan; null or missing: none. */
export interface Limits {
  max_households?: number | null;
  min_households?: number | null;
  max_persons?: number | null;
  min_persons?: number | null;
  max_area_m2?: number | null;
  min_area_m2?: number | null;
  max_members?: number | null;
  max_distance_m?: number | null;
  distance_basis?: string | null;
  same_subdistrict?: boolean | null;
}

export interface Figures {
  members: number;
  households: number;
  persons: number;
  area_m2: number;
  /** Isoperimetric quotient of the joined cells, 0–1. */
  compactness: number;
  /** Residents × kinds that the district's members close for each other. */
  gaps_closed_persons: number;
  /** Residents × kinds still missing. */
  gaps_open_persons: number;
}

export interface Broken {
  rule: string;
  value: number | null;
  limit: number | null;
}

const NO_FIGURES: Figures = { members: 0, households: 0, persons: 0, area_m2: 0, compactness: 0, gaps_closed_persons: 0, gaps_open_persons: 0 };

export class Table {
  /** The district of each unit, −1: none. */
  readonly district: Int32Array;
  private readonly closedLow: Uint32Array;
  private readonly closedHigh: Uint32Array;
  private readonly rows: Set<number>[] = [];
  private readonly sums: { households: number; persons: number; area_m2: number; cell_m2: number; outline_m: number; closed: number; open: number; lacking: Int32Array; changes: number }[] = [];

  constructor(
    readonly units: Units,
    district: ArrayLike<number>,
    districts: number,
  ) {
    this.district = new Int32Array(units.count).fill(-1);
    this.closedLow = new Uint32Array(units.count);
    this.closedHigh = new Uint32Array(units.count);
    this.ensure(districts);
    for (let unit = 0; unit < units.count; unit++) this.move(unit, district[unit] ?? -1);
  }

  get districts(): number {
    return this.rows.length;
  }

  /** Room for districts with higher numbers. */
  ensure(districts: number): void {
    while (this.rows.length < districts) {
      this.rows.push(new Set());
      this.sums.push({ households: 0, persons: 0, area_m2: 0, cell_m2: 0, outline_m: 0, closed: 0, open: 0, lacking: new Int32Array(this.units.kinds.length), changes: 0 });
    }
  }

  members(district: number): readonly number[] {
    return [...(this.rows[district] ?? [])].sort((a, b) => a - b);
  }

  /** Move a unit to a district (−1: to none). Tells whether anything changed. */
  move(unit: number, to: number): boolean {
    const from = this.district[unit]!;
    if (from === to) return false;
    if (from >= 0) this.leave(unit, from);
    this.district[unit] = to;
    if (to >= 0) this.enter(unit, to);
    return true;
  }

  /** How often a district changed: what was worked out of it holds as long as this stays the same. */
  changes(district: number): number {
    return this.sums[district]?.changes ?? 0;
  }

  figures(district: number): Figures {
    const sums = this.sums[district];
    if (!sums) return NO_FIGURES;
    const quotient = sums.outline_m > 0 ? (4 * Math.PI * sums.cell_m2) / sums.outline_m ** 2 : 0;
    const { households, persons, area_m2 } = sums;
    return {
      members: this.rows[district]!.size,
      households,
      persons,
      area_m2,
      compactness: Math.min(1, quotient),
      gaps_closed_persons: sums.closed,
      gaps_open_persons: sums.open,
    };
  }

  /** Kinds that some member still lacks, though the members share: the standards that are not met. A kind that several
   * standards ask for (in 5 and in 15 minutes) is told once, in their order. */
  lacking(district: number): string[] {
    const counts = this.sums[district]?.lacking;
    return counts ? [...new Set(this.units.kinds.filter((_, kind) => counts[kind]! > 0))] : [];
  }

  /** The parts of a district that do not hang together, largest (by members) first. */
  parts(district: number): number[][] {
    const left = new Set(this.rows[district] ?? []);
    const found: number[][] = [];
    const { start, to } = this.units.links;
    for (const first of this.members(district)) {
      if (!left.delete(first)) continue;
      const part = [first];
      for (let at = 0; at < part.length; at++) {
        for (let link = start[part[at]!]!; link < start[part[at]! + 1]!; link++) {
          const next = to[link]!;
          if (left.delete(next)) part.push(next);
        }
      }
      found.push(part);
    }
    return found.sort((a, b) => b.length - a.length);
  }

  unassigned(): number[] {
    const found: number[] = [];
    this.district.forEach((district, unit) => {
      if (district < 0) found.push(unit);
    });
    return found;
  }

  /** What a district breaks, of the plan's limits. */
  broken(district: number, limits: Limits): Broken[] {
    const figures = this.figures(district);
    if (figures.members === 0) return [];
    const found: Broken[] = [];
    const amounts = { households: figures.households, persons: figures.persons, area_m2: figures.area_m2, members: figures.members };
    for (const [name, value] of Object.entries(amounts)) {
      const most = limits[`max_${name}` as keyof Limits];
      const least = limits[`min_${name}` as keyof Limits];
      if (typeof most === "number" && value > most) found.push({ rule: `max_${name}`, value, limit: most });
      if (typeof least === "number" && value < least) found.push({ rule: `min_${name}`, value, limit: least });
    }
    const widest = this.diameter(district);
    const most = limits.max_distance_m;
    if (typeof most === "number" && limits.distance_basis !== "walking" && widest > most) found.push({ rule: "max_distance_m", value: widest, limit: most });
    const offices = new Set(this.members(district).flatMap((unit) => this.units.subdistrict[unit] ?? []));
    if (limits.same_subdistrict && offices.size > 1) found.push({ rule: "same_subdistrict", value: offices.size, limit: 1 });
    const parts = this.parts(district).length;
    if (parts > 1) found.push({ rule: "contiguity", value: parts, limit: 1 });
    return found;
  }

  /** The largest straight distance between two members. */
  diameter(district: number): number {
    const { x_m, y_m } = this.units;
    const rows = hullOf([...(this.rows[district] ?? [])], x_m, y_m);
    let widest = 0;
    for (let a = 0; a < rows.length; a++) {
      for (let b = a + 1; b < rows.length; b++) {
        widest = Math.max(widest, Math.hypot(x_m[rows[a]!]! - x_m[rows[b]!]!, y_m[rows[a]!]! - y_m[rows[b]!]!));
      }
    }
    return widest;
  }

  private leave(unit: number, from: number): void {
    this.count(unit, from, -1);
    this.rows[from]!.delete(unit);
    this.district[unit] = -1;
    this.setClosed(unit, from, 0, 0, false);
    this.eachHelped(unit, (helped) => {
      if (this.district[helped] === from) this.recount(helped, from);
    });
  }

  private enter(unit: number, to: number): void {
    this.ensure(to + 1);
    this.rows[to]!.add(unit);
    this.count(unit, to, 1);
    this.recount(unit, to, true);
    this.eachHelped(unit, (helped) => {
      if (helped !== unit && this.district[helped] === to) this.recount(helped, to);
    });
  }

  private eachHelped(unit: number, take: (helped: number) => void): void {
    const { backStart, back } = this.units.closes;
    for (let at = backStart[unit]!; at < backStart[unit + 1]!; at++) take(back[at]!);
  }

  private count(unit: number, district: number, sign: 1 | -1): void {
    const { households, persons, area_m2, cell_m2, outline_m, touches } = this.units;
    const sums = this.sums[district]!;
    sums.changes++;
    sums.households += sign * households[unit]!;
    sums.persons += sign * persons[unit]!;
    sums.area_m2 += sign * area_m2[unit]!;
    sums.cell_m2 += sign * cell_m2[unit]!;
    let shared = 0;
    for (let at = touches.start[unit]!; at < touches.start[unit + 1]!; at++) {
      const next = touches.to[at]!;
      if (next !== unit && this.district[next] === district) shared += touches.shared_m[at]!;
    }
    sums.outline_m += sign * (outline_m[unit]! - 2 * shared);
  }

  /** What the other members close for a unit, anew. */
  private recount(unit: number, district: number, entering = false): void {
    const { start, v, low, high } = this.units.closes;
    let newLow = 0;
    let newHigh = 0;
    for (let at = start[unit]!; at < start[unit + 1]!; at++) {
      if (this.district[v[at]!] !== district) continue;
      newLow |= low[at]!;
      newHigh |= high[at]!;
    }
    this.setClosed(unit, district, newLow & this.units.missingLow[unit]!, newHigh & this.units.missingHigh[unit]!, true, entering);
  }

  /** Write what is closed for a unit, and bring the district's sums after it. */
  private setClosed(unit: number, district: number, low: number, high: number, stays: boolean, entering = false): void {
    const { missingLow, missingHigh, persons } = this.units;
    const sums = this.sums[district]!;
    const people = persons[unit]!;
    const before = entering ? [0, 0] : [missingLow[unit]! & ~this.closedLow[unit]!, missingHigh[unit]! & ~this.closedHigh[unit]!];
    const after = stays ? [missingLow[unit]! & ~low, missingHigh[unit]! & ~high] : [0, 0];
    const closedBefore = entering ? 0 : ones(this.closedLow[unit]!) + ones(this.closedHigh[unit]!);
    sums.closed += people * ((stays ? ones(low) + ones(high) : 0) - closedBefore);
    sums.open += people * (ones(after[0]!) + ones(after[1]!) - ones(before[0]!) - ones(before[1]!));
    this.countKinds(sums.lacking, before[0]!, after[0]!, 0);
    this.countKinds(sums.lacking, before[1]!, after[1]!, 32);
    this.closedLow[unit] = low;
    this.closedHigh[unit] = high;
  }

  private countKinds(lacking: Int32Array, before: number, after: number, first: number): void {
    for (let different = before ^ after; different !== 0; different &= different - 1) {
      const bit = 31 - Math.clz32(different & -different);
      lacking[first + bit] = lacking[first + bit]! + ((after >>> bit) & 1 ? 1 : -1);
    }
  }
}

/** The units at the corners of the convex hull of some: the two farthest apart are among them (monotone chain, Andrew 1979). */
function hullOf(rows: number[], x_m: Float64Array, y_m: Float64Array): number[] {
  if (rows.length < 4) return rows;
  rows.sort((a, b) => x_m[a]! - x_m[b]! || y_m[a]! - y_m[b]!);
  const turns = (a: number, b: number, c: number): number => (x_m[b]! - x_m[a]!) * (y_m[c]! - y_m[a]!) - (y_m[b]! - y_m[a]!) * (x_m[c]! - x_m[a]!);
  const chain = (along: readonly number[]): number[] => {
    const hull: number[] = [];
    for (const row of along) {
      while (hull.length > 1 && turns(hull.at(-2)!, hull.at(-1)!, row) <= 0) hull.pop();
      hull.push(row);
    }
    return hull;
  };
  return [...new Set([...chain(rows), ...chain([...rows].reverse())])];
}

/** How many bits of a number are set. */
export function ones(bits: number): number {
  let left = bits - ((bits >>> 1) & 0x55555555);
  left = (left & 0x33333333) + ((left >>> 2) & 0x33333333);
  return Math.imul((left + (left >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
