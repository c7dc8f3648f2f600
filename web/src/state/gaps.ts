/** The order in which a sheet lists gaps, and the bar beside each. Pure. */

import type { Gap, GapStatus, Gate, Need } from "../api/types";
import type { LonLat } from "../map/scene";

const STATUS_ORDER: readonly GapStatus[] = ["missing", "unknown", "present"];
const NEED_ORDER: readonly Need[] = ["must", "should", "listed"];
const LAYER_ORDER = ["block", "c5", "c10", "c15"];

/** Missing first, must-haves before the rest, small layers before large ones. */
export function orderGaps(gaps: readonly Gap[]): Gap[] {
  const key = (gap: Gap): number =>
    STATUS_ORDER.indexOf(gap.status) * 100 + NEED_ORDER.indexOf(gap.need) * 10 + LAYER_ORDER.indexOf(gap.layer);
  return [...gaps].sort((a, b) => key(a) - key(b) || (b.missing_m ?? 1e9) - (a.missing_m ?? 1e9) || (a.kind < b.kind ? -1 : 1));
}

/** Lengths of the bar, 0–1: the limit always stands at the middle, what is twice as far fills it. */
export function distanceBar(gap: Pick<Gap, "nearest_m" | "limit_m">): { filled: number; beyond: boolean } | null {
  if (gap.nearest_m === null || !gap.limit_m) return null;
  return { filled: Math.min(1, gap.nearest_m / (2 * gap.limit_m)), beyond: gap.nearest_m > gap.limit_m };
}

/** The open gate that is nearest to a place, in degrees stretched to metres' proportion; null without gates. */
export function gateTowards(gates: readonly Gate[], [lon, lat]: LonLat): LonLat | null {
  const stretch = Math.cos((lat * Math.PI) / 180);
  const open = gates.filter((gate) => gate.access !== "closed");
  const away = (gate: Gate): number => Math.hypot((gate.lon - lon) * stretch, gate.lat - lat);
  const nearest = (open.length > 0 ? open : gates).reduce<Gate | null>(
    (best, gate) => (best === null || away(gate) < away(best) ? gate : best),
    null,
  );
  return nearest ? [nearest.lon, nearest.lat] : null;
}

export interface LayerOfGaps {
  layer: Gap["layer"];
  rows: Gap[];
  missing: number;
}

/** Must-have kinds by layer, small layers first; present ones first within a layer. */
export function mustByLayer(gaps: readonly Gap[]): LayerOfGaps[] {
  const rank = (gap: Gap): number => ["present", "unknown", "missing"].indexOf(gap.status);
  return LAYER_ORDER.map((layer) => {
    const rows = gaps
      .filter((gap) => gap.layer === layer && gap.need === "must")
      .sort((a, b) => rank(a) - rank(b) || (a.kind < b.kind ? -1 : 1));
    return { layer: layer as Gap["layer"], rows, missing: rows.filter((gap) => gap.status === "missing").length };
  }).filter(({ rows }) => rows.length > 0);
}
