/** Names of districts on the map. */

import type { DistrictInfo } from "../state/drawing";
import type { World } from "../state/world";

/** The names as long as nothing about them changed: another collection makes the map draw itself anew. */
export class PlanLabels {
  private made: { world: World; district: Int32Array; infos: readonly Named[]; labels: GeoJSON.FeatureCollection } | null = null;

  of(world: World, district: Int32Array, infos: readonly Named[]): GeoJSON.FeatureCollection {
    const { made } = this;
    if (made && made.world === world && sameNames(made.infos, infos) && made.district.every((slot, row) => slot === district[row])) return made.labels;
    const locked = new Set(infos.flatMap((one, slot) => (one.locked ? [slot] : [])));
    const labels = labelsOf(world, district, infos.map((one) => one.name), locked);
    this.made = { world, district: district.slice(), infos, labels };
    return labels;
  }
}

type Named = Pick<DistrictInfo, "name" | "locked">;

const sameNames = (ones: readonly Named[], others: readonly Named[]): boolean =>
  ones === others || (ones.length === others.length && ones.every((one, at) => one.name === others[at]!.name && one.locked === others[at]!.locked));

/** A point for the name of each district: in the member that lies nearest to the middle of them all. */
export function labelsOf(world: World, district: Int32Array, names: readonly string[], locked: ReadonlySet<number>): GeoJSON.FeatureCollection {
  const sums = new Map<number, { x: number; y: number; weight: number; rows: number[] }>();
  const { cell_m2 } = world.units;
  const { middle } = world.cells;
  district.forEach((slot, row) => {
    if (slot < 0) return;
    let sum = sums.get(slot);
    if (!sum) sums.set(slot, (sum = { x: 0, y: 0, weight: 0, rows: [] }));
    sum.x += middle[2 * row]! * cell_m2[row]!;
    sum.y += middle[2 * row + 1]! * cell_m2[row]!;
    sum.weight += cell_m2[row]!;
    sum.rows.push(row);
  });
  const features = [...sums].map(([slot, { x, y, weight, rows }]): GeoJSON.Feature => {
    const [mx, my] = weight > 0 ? [x / weight, y / weight] : [middle[2 * rows[0]!]!, middle[2 * rows[0]! + 1]!];
    const away = (row: number): number => Math.hypot(middle[2 * row]! - mx, middle[2 * row + 1]! - my);
    const best = rows.reduce((a, b) => (away(b) < away(a) ? b : a));
    const coordinates = world.cells.plane.place(middle[2 * best]!, middle[2 * best + 1]!);
    return { type: "Feature", properties: { name: names[slot] ?? "", area_m2: weight, locked: locked.has(slot) }, geometry: { type: "Point", coordinates } };
  });
  return { type: "FeatureCollection", features };
}
