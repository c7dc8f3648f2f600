/** Must-have kinds by the residents who are without. Pure. */

import type { CatalogueKind, Coverage } from "../api/types";

export interface Missed {
  row: Coverage;
  without: number;
  share: number;
}

/** One check: a kind at a layer. */
export interface Check {
  kind: string;
  layer: string;
}

export interface MostMissed {
  /** Kinds that reach some residents, most residents without first. */
  some: Missed[];
  /** Kinds of which it is known that they reach nobody. */
  nobody: Missed[];
}

/** Residents known to be without; those of whom the data cannot tell are unknown, not without. */
export function withoutPersons(row: Coverage): number {
  return Math.max(0, (row.persons ?? 0) - (row.persons_covered ?? 0) - (row.persons_unknown ?? 0));
}

/** The checks that the summary of a city names as must-haves missed, whatever shape it has. */
export function namedMissed(summary: Record<string, unknown>): Check[] {
  const named = (summary.gaps as { most_missed?: unknown } | undefined)?.most_missed;
  return Array.isArray(named) ? (named as Check[]) : [];
}

/**
 * The catalogue tells the need of a kind at its own layer alone; some kinds are must-haves at a second layer
 * too, and `named` brings those.
 */
export function mostMissed(rows: readonly Coverage[], kinds: readonly CatalogueKind[], named: readonly Check[] = []): MostMissed {
  const own = kinds.filter((kind) => kind.need === "must").map((kind) => ({ kind: kind.id, layer: kind.layer }));
  const must = new Set([...own, ...named].map(({ kind, layer }) => `${kind}/${layer}`));
  const missed = rows
    .filter((row) => must.has(`${row.kind}/${row.layer}`) && (row.persons ?? 0) > 0)
    .map((row) => ({ row, without: withoutPersons(row), share: withoutPersons(row) / (row.persons ?? 1) }))
    .filter(({ without }) => without > 0)
    .sort((a, b) => b.without - a.without || (a.row.kind < b.row.kind ? -1 : 1));
  return {
    some: missed.filter(({ row }) => (row.persons_covered ?? 0) > 0),
    nobody: missed.filter(({ row }) => (row.persons_covered ?? 0) === 0),
  };
}
