/** What assets are called where they have no name: what they are, and where they lie. Pure. */

import type { RankingRow, Stock } from "../api/types";
import type { Words } from "../locale/words";

/** Names by id. */
export function assetNames(rows: readonly Stock[], places: readonly Pick<RankingRow, "id" | "name">[], words: Words): Map<string, string> {
  const near = new Map(places.map((one) => [one.id, one.name ?? one.id]));
  return new Map(
    rows.map((one) => {
      const place = one.neighbourhood_id === null ? undefined : near.get(one.neighbourhood_id);
      const kind = one.kind ? words.value(one.kind) : one.id;
      return [one.id, one.name ?? (place ? `${place} · ${kind}` : kind)];
    }),
  );
}
