import { describe, expect, it } from "vitest";

import type { Gap, Gate } from "../api/types";
import { distanceBar, gateTowards, mustByLayer, orderGaps } from "./gaps";
import { worstStatus } from "./page";

const gap = (kind: string, more: Partial<Gap> = {}): Gap => ({
  kind,
  layer: "c5",
  need: "must",
  status: "missing",
  limit_m: 300,
  nearest_facility_id: null,
  nearest_m: 450,
  nearest_s: null,
  radius_m: null,
  straight_m: null,
  missing_m: 150,
  short_persons: null,
  required_m2: null,
  supplied_m2: null,
  short_m2: null,
  confidence: null,
  facility_name: null,
  facility_lon: null,
  facility_lat: null,
  ...more,
});
const gate = (id: string, lon: number, lat: number, access: Gate["access"] = "public"): Gate => ({
  id,
  lon,
  lat,
  source: "mapped",
  access,
  entry_m: 3,
});

describe("gaps of a sheet", () => {
  it("come missing first, must-haves before the rest, the farthest first", () => {
    const gaps = [
      gap("present", { status: "present" }),
      gap("unknown", { status: "unknown" }),
      gap("should", { need: "should" }),
      gap("near", { missing_m: 20 }),
      gap("none", { missing_m: null, nearest_m: null }),
      gap("ten", { layer: "c10" }),
    ];
    expect(orderGaps(gaps).map(({ kind }) => kind)).toEqual(["none", "near", "ten", "should", "unknown", "present"]);
  });

  it("have a bar with the limit at its middle", () => {
    expect(distanceBar({ nearest_m: 300, limit_m: 300 })).toEqual({ filled: 0.5, beyond: false });
    expect(distanceBar({ nearest_m: 450, limit_m: 300 })).toEqual({ filled: 0.75, beyond: true });
    expect(distanceBar({ nearest_m: 9000, limit_m: 300 })).toEqual({ filled: 1, beyond: true });
    expect(distanceBar({ nearest_m: null, limit_m: 300 })).toBeNull();
    expect(distanceBar({ nearest_m: 5, limit_m: null })).toBeNull();
  });

  it("are counted by layer over must-haves alone", () => {
    const layers = mustByLayer([gap("a"), gap("b", { status: "present" }), gap("c", { need: "should" }), gap("d", { layer: "c15" })]);
    expect(layers.map(({ layer, rows, missing }) => [layer, rows.length, missing])).toEqual([
      ["c5", 2, 1],
      ["c15", 1, 1],
    ]);
    expect(layers[0]?.rows.map(({ kind }) => kind)).toEqual(["b", "a"]);
  });

  it("lead from the nearest gate that is open", () => {
    const gates = [gate("far", 120.01, 30), gate("near", 120.001, 30), gate("shut", 120, 30, "closed")];
    expect(gateTowards(gates, [120, 30])).toEqual([120.001, 30]);
    expect(gateTowards([gate("shut", 120, 30, "closed")], [120, 30])).toEqual([120, 30]);
    expect(gateTowards([], [120, 30])).toBeNull();
  });
});

describe("who lacks a kind", () => {
  it("is missing where either of two layers is, and unknown beats present", () => {
    const status = worstStatus([
      { neighbourhood_id: "a", status: "present" },
      { neighbourhood_id: "a", status: "missing" },
      { neighbourhood_id: "b", status: "unknown" },
      { neighbourhood_id: "b", status: "present" },
      { neighbourhood_id: "c", status: "present" },
    ]);
    expect(Object.fromEntries(status)).toEqual({ a: "missing", b: "unknown", c: "present" });
  });
});
