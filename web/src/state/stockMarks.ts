/** What the map draws beside the tiles of stock: lines between assets and gaps, changed assets, what is being drawn. Pure. */

import type { GapSite, HeldKind } from "../api/stockTypes";
import type { Stock } from "../api/types";
import type { LonLat } from "../map/scene";
import type { Draft, Sketch } from "./stock";

export interface ToMark {
  /** Written in the register since the last analysis: the tiles show them as they were, and new ones not at all. */
  edited: readonly Stock[];
  /** The colour of an asset that the tiles do not know. */
  colourOf: (one: Stock) => string;
  /** Entries that may be the same thing as the open one. */
  pairs: { of: string; others: readonly string[] } | null;
  /** The shape of the open asset, where the tiles do not know it yet. */
  open: GeoJSON.Geometry | null;
  sketch: Sketch | null;
  draft: Draft | null;
  /** "What could go here?": an asset and the kind that was chosen. */
  held: { asset: Stock; rows: readonly HeldKind[] } | null;
  /** "Where could it go?": a neighbourhood and the assets that would close its gap. */
  sites: { place: string; rows: readonly GapSite[] } | null;
  placeOf: (neighbourhood: string) => LonLat | null;
  stockOf: (asset: string) => LonLat | null;
}

const point = (place: LonLat, properties: GeoJSON.GeoJsonProperties): GeoJSON.Feature => ({ type: "Feature", properties, geometry: { type: "Point", coordinates: place } });
const line = (places: LonLat[], properties: GeoJSON.GeoJsonProperties): GeoJSON.Feature => ({ type: "Feature", properties, geometry: { type: "LineString", coordinates: places } });

export function stockMarks({ edited, colourOf, pairs, open, sketch, draft, held, sites, placeOf, stockOf }: ToMark): GeoJSON.FeatureCollection {
  const features: GeoJSON.Feature[] = [];
  for (const one of edited) {
    const at = stockOf(one.id);
    if (at) features.push(point(at, one.added ? { role: "added", id: one.id, colour: colourOf(one) } : { role: "edited", id: one.id }));
  }
  const self = pairs ? stockOf(pairs.of) : null;
  for (const other of pairs?.others ?? []) {
    const at = stockOf(other);
    if (self && at) features.push(line([self, at], { role: "pair" }), point(at, { role: "pair", id: other }));
  }
  if (open && open.type !== "Point") features.push({ type: "Feature", properties: { role: "open" }, geometry: open });
  if (draft?.geometry) features.push({ type: "Feature", properties: { role: "sketch" }, geometry: draft.geometry });
  if (sketch) {
    if (sketch.corners.length > 1) features.push(line([...sketch.corners], { role: "sketch" }));
    for (const corner of sketch.corners) features.push(point(corner, { role: "corner" }));
  }
  const from = held ? stockOf(held.asset.id) : null;
  for (const gap of held?.rows.flatMap((row) => row.gaps) ?? []) {
    const to = placeOf(gap.neighbourhood_id);
    if (from && to) features.push(line([from, to], { role: "gap" }), point(to, { role: "gap" }));
  }
  const place = sites ? placeOf(sites.place) : null;
  for (const site of sites?.rows ?? []) {
    const to = stockOf(site.stock_id);
    if (place && to && site.fits !== false) features.push(line([place, to], { role: "gap" }), point(to, { role: "gap", label: site.name ?? "" }));
  }
  return { type: "FeatureCollection", features };
}
