import { createRequire } from "node:module";

import { describe, expect, it } from "vitest";

import type { TileLayer } from "../api/types";
import { creditOf } from "../state/credit";
import type { Theme } from "../state/mode";
import { groupOf } from "./facilityGroups";
import { LAYER_IDS, LAYERS_BOTTOM_UP, press, SHOWN_AT_FIRST, SWITCHES, switchesOn } from "./layers";
import { AGE_BREAKS, AGE_COLOURS, classBreaks, GAP_COLOURS, HEAT_COLOURS, roundBreaks } from "./palette";
import { PATTERNS } from "./patterns";
import { cityStyle } from "./style";
import { legendOf, neighbourhoodColour } from "./theme";

const require = createRequire(import.meta.url);
const { validateStyleMin, expression, latest } = require("@maplibre/maplibre-gl-style-spec");

const TILES: TileLayer[] = [...new Set(LAYER_IDS.map((id) => LAYERS_BOTTOM_UP[id].tile))].flatMap((name) =>
  name === null
    ? []
    : [{ name, zh: name, en: name, geometry: "polygon", count: 1, tiles: `/t/城/${name}/{z}/{x}/{y}.mvt`, min_zoom: 4, max_zoom: 16 }],
);
const style = cityStyle(TILES, { basemap: null }, "http://127.0.0.1:8000");

describe("the style", () => {
  it("is valid by MapLibre's own specification", () => {
    expect(validateStyleMin(style)).toEqual([]);
  });

  it("draws every layer of the table once, in its order", () => {
    const ids = style.layers.map(({ id }) => id).filter((id) => id !== "paper");
    expect(ids).toEqual(LAYER_IDS.filter((id) => id !== "basemap"));
  });

  it("names no other host and no glyph server", () => {
    expect("glyphs" in style || "sprite" in style).toBe(false);
    const hosts = JSON.stringify(style).match(/https?:\/\/[^/"]+/g) ?? [];
    expect(new Set(hosts)).toEqual(new Set(["http://127.0.0.1:8000"]));
    expect(JSON.stringify(style)).toContain("/{z}/{x}/{y}.mvt");
  });

  it("leaves out what the city has no tiles for, and puts a basemap at the bottom", () => {
    const few = cityStyle([TILES[0]!], { basemap: { url: "https://tiles.example/{z}/{x}/{y}.png", attribution: "审图号" } }, "http://a");
    expect(few.layers.map(({ id }) => id).slice(0, 2)).toEqual(["paper", "basemap"]);
    expect(few.layers.every((layer) => !("source" in layer) || layer.source in few.sources)).toBe(true);
  });
});

describe("switches", () => {
  it("turn off what is shown and on what is not, and twice is nothing", () => {
    expect(switchesOn([])).toEqual(SHOWN_AT_FIRST);
    expect(switchesOn(["streets", "stock"]).has("streets")).toBe(false);
    expect(switchesOn(["streets", "stock"]).has("stock")).toBe(true);
    expect(press(press(["stock"], "streets"), "streets")).toEqual(["stock"]);
  });

  it("every layer has one that the reader can press", () => {
    const all = new Set<string>([...SWITCHES.results, ...SWITCHES.base]);
    for (const id of LAYER_IDS) expect(all.has(LAYERS_BOTTOM_UP[id].shownBy), id).toBe(true);
  });
});

describe("classes", () => {
  it("rise and differ, also for values that are all alike or not there", () => {
    for (const values of [[], [0.3], Array(50).fill(0.2), [...Array(100)].map((_, at) => at / 100)]) {
      for (const breaks of [classBreaks(values, 0.05), roundBreaks(values.map((value) => value * 1e4))]) {
        expect(breaks).toHaveLength(5);
        expect([...breaks].sort((a, b) => a - b)).toEqual(breaks);
        expect(new Set(breaks).size).toBe(5);
      }
    }
  });

  it("split even data evenly", () => {
    const values = [...Array(601)].map((_, at) => at / 600);
    expect(classBreaks(values, 0.05)).toEqual([0.15, 0.35, 0.5, 0.65, 0.85]);
    expect(roundBreaks(values.map((value) => 6000 * value))).toEqual([1000, 2000, 3000, 4000, 5000]);
  });

  it("colour a value as the legend says", () => {
    const breaks = [0.1, 0.2, 0.3, 0.4, 0.5];
    const legend = legendOf({ kind: "gap_index" }, breaks);
    const spec = latest.paint_fill["fill-color"];
    const paint = expression.createExpression(neighbourhoodColour({ kind: "gap_index" }, breaks), spec).value;
    const colour = (gap: number | null): string =>
      String(paint.evaluate({ zoom: 14 }, { type: 3, properties: gap === null ? {} : { gap_index: gap } }));
    for (const one of legend?.classes ?? []) {
      const value = one.name ? null : (one.from ?? 0) + 0.01;
      expect(colour(value)).toBe(String(expression.createExpression(one.colour, spec).value.evaluate({ zoom: 1 }, { type: 3, properties: {} })));
    }
  });

  it("have a legend for every theme that colours", () => {
    const themes: Theme["kind"][] = ["gap_index", "heatmap", "eligibility", "year_built", "districts"];
    for (const kind of themes) expect(legendOf({ kind } as Theme, [1, 2, 3, 4, 5])?.classes.length, kind).toBeGreaterThan(0);
    expect(AGE_BREAKS.length + 1).toBe(AGE_COLOURS.length);
  });

  it("grow darker one way only, so that they are read without colours too", () => {
    const light = (hex: string): number => {
      const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255) as [number, number, number];
      return 0.2126 * r ** 2.2 + 0.7152 * g ** 2.2 + 0.0722 * b ** 2.2;
    };
    for (const colours of [GAP_COLOURS, HEAT_COLOURS]) {
      const values = colours.map(light);
      values.slice(1).forEach((value, at) => expect(value).toBeLessThan(values[at]! * 0.85));
    }
  });
});

describe("small things", () => {
  it("patterns repeat without a seam", () => {
    for (const { width, height, data } of Object.values(PATTERNS)) {
      expect(data.length).toBe(4 * width * height);
      expect(data.some((value, at) => at % 4 === 3 && value > 0)).toBe(true);
    }
  });

  it("a kind without a group is a service", () => {
    expect([groupOf("kindergarten"), groupOf("park_10min"), groupOf("new_kind")]).toEqual(["education", "green", "service"]);
  });

  it("OpenStreetMap is credited where it is the source", () => {
    const report = (source: string): unknown => ({ layers: [{ layer: "streets", source }] });
    expect(creditOf({ name: "x", import_report: report("wudaokou.osm") })).toContain("credit.osm");
    expect(creditOf({ name: "x", import_report: report("roads.gpkg") })).toEqual(["credit.operator", "credit.linli"]);
    expect(creditOf({ name: "x", import_report: { layers: [] } })).toContain("credit.demo");
  });
});
