import { describe, expect, it } from "vitest";

import type { CatalogueKind, Coverage } from "../api/types";
import { mostMissed, namedMissed, withoutPersons } from "./coverage";

const row = (kind: string, persons: number, covered: number, unknown: number): Coverage => ({
  area: "city",
  kind,
  layer: "c5",
  neighbourhoods: 2,
  neighbourhoods_covered: 1,
  persons,
  persons_covered: covered,
  persons_unknown: unknown,
  buildings: null,
  buildings_covered: null,
});
const kind = (id: string, need: CatalogueKind["need"], layer = "c5"): CatalogueKind => ({ id, zh: id, en: id, layer, need });

describe("must-haves missed by most", () => {
  const kinds = [kind("clinic", "must"), kind("canteen", "must"), kind("hall", "must"), kind("shop", "should"), kind("pool", "must", "c15")];

  it("leave out what is no must-have at that layer", () => {
    const { some } = mostMissed([row("shop", 100, 1, 0), row("pool", 100, 1, 0), row("clinic", 100, 90, 0)], kinds);
    expect(some.map((one) => one.row.kind)).toEqual(["clinic"]);
  });

  it("do not count residents of whom the data cannot tell as without", () => {
    expect(withoutPersons(row("clinic", 100, 60, 30))).toBe(10);
    const { some, nobody } = mostMissed([row("clinic", 100, 60, 30), row("canteen", 100, 80, 0), row("hall", 100, 0, 100)], kinds);
    expect(some.map((one) => [one.row.kind, one.without])).toEqual([
      ["canteen", 20],
      ["clinic", 10],
    ]);
    expect(nobody).toEqual([]); // of the hall nothing is known
  });

  it("take in the second layer of a kind, which the summary names", () => {
    const named = namedMissed({ gaps: { most_missed: [{ kind: "shop", layer: "c5", persons_without: 99 }] } });
    expect(mostMissed([row("shop", 100, 1, 0)], kinds, named).some.map((one) => one.without)).toEqual([99]);
    expect(namedMissed({})).toEqual([]);
  });

  it("tell apart what reaches nobody", () => {
    expect(mostMissed([row("hall", 100, 0, 20)], kinds).nobody.map((one) => one.without)).toEqual([80]);
  });
});
