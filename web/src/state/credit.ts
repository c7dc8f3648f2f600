/** Whom the map's data is owed to, as far as the import report tells. */

import type { City } from "../api/types";
import type { MessageKey } from "../locale/zh";

/** Keys of the credits: OpenStreetMap where a source is an OSM file, the demo's own line for the demo city. */
export function creditOf(city: Pick<City, "import_report" | "name">): MessageKey[] {
  const layers: unknown = (city.import_report as { layers?: unknown } | null)?.layers;
  const sources = Array.isArray(layers) ? layers.map((one: { source?: unknown }) => String(one?.source ?? "")) : [];
  const osm = sources.some((source) => /\.osm(\.pbf|\.bz2|\.gz)?\b|openstreetmap|overpass/i.test(source));
  if (osm) return ["credit.osm", "credit.linli"];
  return sources.length === 0 ? ["credit.demo", "credit.linli"] : ["credit.operator", "credit.linli"];
}
