/** Must-have kinds by the residents who are without. Pure. */

import type { CatalogueKind, Coverage } from "../api/types";

export interface Missed {
  row: Coverage;
  without: number;
  share: number;
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

export function mostMissed(rows: readonly Coverage[], kinds: readonly CatalogueKind[]): MostMissed {
  const must = new Set(kinds.filter((kind) => kind.need === "must").map((kind) => `${kind.id}/${kind.layer}`));
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
