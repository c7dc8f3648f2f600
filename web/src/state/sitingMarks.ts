/** What the map draws of a siting: chosen sites, whom they serve, what is demanded of assets. Pure. */

import type { SitingEdits, SitingPlan } from "../api/sitingTypes";
import type { LonLat } from "../map/scene";

const collection = (features: GeoJSON.Feature[]): GeoJSON.FeatureCollection => ({ type: "FeatureCollection", features });
const point = (place: LonLat, properties: GeoJSON.GeoJsonProperties): GeoJSON.Feature => ({ type: "Feature", properties, geometry: { type: "Point", coordinates: place } });
/** More lines than this are a thicket: then only those of the chosen site are drawn. */
const MOST_LINKS = 60;

/** Sites with lines to whom they serve. Several kinds in one asset are one dot with the sign of the largest. */
export function siteFeatures(plan: SitingPlan, chosen: string | null, placeOf: (id: string) => LonLat | null): GeoJSON.FeatureCollection {
  const sites = new Map<string, SitingPlan["chosen"][number]>();
  for (const site of plan.chosen) {
    const before = sites.get(site.asset);
    if (!before || before.persons < site.persons) sites.set(site.asset, site);
  }
  const dots = [...sites.values()].map((site) => point([site.lon, site.lat], { role: "site", id: site.asset, kind: site.kind, chosen: site.asset === chosen }));
  const serving = plan.chosen.filter((site) => chosen === null || site.asset === chosen);
  const count = serving.reduce((sum, site) => sum + site.serves.length, 0);
  if (chosen === null && count > MOST_LINKS) return collection(dots);
  const lines = serving.flatMap((site) =>
    site.serves.flatMap((served): GeoJSON.Feature[] => {
      const to = placeOf(served.id);
      return to ? [{ type: "Feature", properties: { role: "link" }, geometry: { type: "LineString", coordinates: [[site.lon, site.lat], to] } }] : [];
    }),
  );
  return collection([...lines, ...dots]);
}

/** Neighbourhoods that sites serve, each once; those of a chosen site stand alone. One colour: whom which site serves is told by its own. */
export function catchmentFeatures(catchments: GeoJSON.FeatureCollection | null, plan: SitingPlan, chosen: string | null): GeoJSON.FeatureCollection {
  const served = new Set(plan.chosen.filter((site) => chosen === null || site.asset === chosen).flatMap((site) => site.serves.map(({ id }) => id)));
  const seen = new Set<string>();
  const features = (catchments?.features ?? []).flatMap((one): GeoJSON.Feature[] => {
    if (one.geometry?.type === "Point") return [];
    const id = String(one.properties?.neighbourhood_id ?? one.properties?.place ?? one.properties?.id ?? one.id);
    if (!served.has(id) || seen.has(id)) return [];
    seen.add(id);
    return [{ ...one, properties: { id, chosen: chosen !== null } }];
  });
  return collection(features);
}

/** Rings around assets that are demanded or ruled out. */
export function demandFeatures(must: readonly string[], mustNot: readonly string[], edits: SitingEdits, stockOf: (id: string) => LonLat | null): GeoJSON.Feature[] {
  const ring = (role: "must" | "must_not", ids: readonly string[]): GeoJSON.Feature[] =>
    [...new Set(ids)].flatMap((id) => {
      const at = stockOf(id);
      return at ? [point(at, { role, id, label: role === "must" ? "✓" : "✕" })] : [];
    });
  return [...ring("must", [...must, ...edits.force]), ...ring("must_not", [...mustNot, ...edits.forbid])];
}
