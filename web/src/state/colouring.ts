/** Colours for districts: neighbours differ, and nobody's colour changes without need. Pure. */

import type { Edges } from "./edges";

export const COLOURS = 6;

/** A colour for each district.
 *
 * @param kept the colours as they are; where two neighbours have the same, the one with fewer neighbours changes.
 */
export function colourDistricts(edges: Edges, district: ArrayLike<number>, kept: readonly number[], colours = COLOURS): number[] {
  const neighbours = kept.map(() => new Set<number>());
  for (let edge = 0; edge < edges.count; edge++) {
    const b = edges.b[edge]!;
    if (b < 0) continue;
    const [one, other] = [district[edges.a[edge]!]!, district[b]!];
    if (one < 0 || other < 0 || one === other) continue;
    neighbours[one]?.add(other);
    neighbours[other]?.add(one);
  }
  const found = kept.map((colour) => ((colour % colours) + colours) % colours);
  const order = found.map((_, slot) => slot).sort((a, b) => neighbours[b]!.size - neighbours[a]!.size || a - b);
  const settled = new Set<number>();
  for (const slot of order) {
    const taken = [...neighbours[slot]!].filter((next) => settled.has(next)).map((next) => found[next]!);
    if (taken.includes(found[slot]!)) found[slot] = freest(taken, [...neighbours[slot]!].map((next) => found[next]!), colours);
    settled.add(slot);
  }
  return found;
}

/** The colour that no settled neighbour has, and the fewest of all neighbours. */
function freest(taken: readonly number[], around: readonly number[], colours: number): number {
  const cost = (colour: number): number => 1000 * taken.filter((one) => one === colour).length + around.filter((one) => one === colour).length;
  let best = 0;
  for (let colour = 1; colour < colours; colour++) if (cost(colour) < cost(best)) best = colour;
  return best;
}
