import { describe, expect, it } from "vitest";

import { Client } from "../api/client";
import type { Change } from "../api/types";
import type { Pointed } from "../map/scene";
import { drawTried, Gestures } from "./gestures";
import { WhatIf } from "./whatif";

const ANSWER = { neighbourhoods: [], gaps: [], heatmap: [], coverage: [], figures: {}, drawn: { type: "FeatureCollection", features: [] }, notes: [], elapsed_ms: 0 };

function world() {
  const asked: Change[][] = [];
  const client = new Client(
    () => "en",
    (address, init) => {
      if (address.endsWith("/what-if")) asked.push((JSON.parse(String(init?.body)) as { changes: Change[] }).changes);
      return Promise.resolve(new Response(JSON.stringify(address.endsWith("/what-if") ? ANSWER : { items: [] })));
    },
  );
  const whatIf = new WhatIf({ client, city: () => "c", wanted: () => ({ only: [], gapsOf: null }), shown: () => undefined, prepare: () => undefined, trouble: () => undefined });
  whatIf.on.set(true);
  const gestures = new Gestures(whatIf);
  const point = (how: Pointed["how"], lon: number, lat: number, more: Partial<Pointed> = {}): void =>
    gestures.take({ how, place: [lon, lat], facility: null, tried: null, snapped: null, gate: null, street: null, neighbourhood: null, ...more });
  return { whatIf, gestures, point, asked, list: () => whatIf.edits.value.now };
}

describe("the tools on the map", () => {
  it("preview a facility under the pointer and add it where it is pressed", () => {
    const { whatIf, point, list } = world();
    whatIf.kind.set("park");
    whatIf.choose("add_facility");
    point("hover", 1, 2);
    expect(whatIf.preview.value).toEqual([{ op: "add_facility", id: "new-1", kind: "park", lon: 1, lat: 2 }]);
    expect(list()).toEqual([]);
    point("press", 1.00000049, 2);
    expect(list()).toEqual([{ op: "add_facility", id: "new-1", kind: "park", lon: 1, lat: 2 }]);
    expect(whatIf.preview.value).toBeNull();
  });

  it("move an added facility while it is dragged, as one step to undo", () => {
    const { whatIf, point, list } = world();
    whatIf.add(whatIf.newFacility("park", 1, 2));
    for (const lon of [3, 4, 5]) point("drag", lon, 2, { tried: 0 });
    expect(list()).toMatchObject([{ lon: 1 }]);
    point("drop", 5, 2, { tried: 0 });
    expect(list()).toMatchObject([{ lon: 5 }]);
    whatIf.undo();
    expect(list()).toMatchObject([{ lon: 1 }]);
  });

  it("close a facility that is pressed, and open it again when it is pressed once more", () => {
    const { whatIf, point, list } = world();
    whatIf.choose("close_facility");
    const facility = { id: "way/1", place: [7, 8] as [number, number] };
    point("press", 7, 8, { facility });
    expect(list()).toEqual([{ op: "close_facility", id: "way/1" }]);
    point("press", 7, 8, { facility });
    expect(list()).toEqual([]);
    point("press", 7, 8);
    expect(list()).toEqual([]);
  });

  it("close a gate like a facility, and remember where it lies", () => {
    const { whatIf, gestures, point, list } = world();
    whatIf.choose("close_gate");
    const gate = { id: "gate/1", place: [7, 8] as [number, number] };
    point("hover", 7, 8, { gate });
    expect(whatIf.preview.value).toEqual([{ op: "close_gate", id: "gate/1" }]);
    point("press", 7, 8, { gate });
    expect(list()).toEqual([{ op: "close_gate", id: "gate/1" }]);
    expect(drawTried(list(), 1, { closed: gestures.closed, corners: [], aim: null }).features).toMatchObject([{ properties: { role: "close" }, geometry: { coordinates: [7, 8] } }]);
    point("press", 7, 8, { gate });
    expect(list()).toEqual([]);
  });

  it("cut a street only near one", () => {
    const { whatIf, gestures, point, list } = world();
    whatIf.choose("cut_link");
    point("press", 1, 1);
    expect(list()).toEqual([]);
    point("hover", 1, 1, { street: [1.1, 1] });
    expect(gestures.aim.value).toEqual({ place: [1.1, 1], role: "close" });
    expect(whatIf.preview.value).toEqual([{ op: "cut_link", lon: 1.1, lat: 1 }]);
    point("press", 1, 1, { street: [1.1, 1] });
    expect(list()).toEqual([{ op: "cut_link", lon: 1.1, lat: 1 }]);
    expect(gestures.aim.value).toBeNull();
  });

  it("ask how many people live in the neighbourhood that is pressed; a second number takes the place of the first", () => {
    const { whatIf, point, list } = world();
    whatIf.choose("change_population");
    point("hover", 1, 1, { neighbourhood: "n1" });
    expect(whatIf.peopled.value).toBeNull();
    point("press", 1, 1, { neighbourhood: "n1" });
    expect(whatIf.peopled.value).toBe("n1");
    whatIf.commit(whatIf.populated("n1", 500));
    whatIf.commit(whatIf.populated("n2", 7));
    whatIf.commit(whatIf.populated("n1", 600));
    expect(list()).toEqual([
      { op: "change_population", id: "n2", persons: 7 },
      { op: "change_population", id: "n1", persons: 600 },
    ]);
    expect(whatIf.populated("n1", null)).toEqual([{ op: "change_population", id: "n2", persons: 7 }]);
  });

  it("open a wall only near one, and a gate where there is a closed one", () => {
    const { whatIf, point, list } = world();
    whatIf.choose("open_wall");
    point("press", 1, 1);
    point("press", 1, 1, { snapped: { place: [1.1, 1], gate: false } });
    point("press", 1, 1, { snapped: { place: [1.2, 1], gate: true } });
    expect(list()).toEqual([
      { op: "open_wall", lon: 1.1, lat: 1 },
      { op: "open_gate", lon: 1.2, lat: 1 },
    ]);
  });

  it("draw a path corner by corner; two presses at one place end it", () => {
    const { whatIf, gestures, point, list } = world();
    whatIf.choose("build_link");
    point("press", 1, 1);
    point("hover", 1.5, 1);
    expect(whatIf.preview.value).toEqual([{ op: "build_link", coordinates: [[1, 1], [1.5, 1]] }]);
    point("press", 2, 1);
    point("press", 2, 1);
    point("double", 2, 1);
    expect(list()).toEqual([{ op: "build_link", coordinates: [[1, 1], [2, 1]] }]);
    point("press", 3, 1);
    expect(gestures.cancel()).toBe(true);
    expect(list()).toHaveLength(1);
    expect(whatIf.tool.value).toBe("build_link"); // the first Escape ends the path, the second the tool
    gestures.cancel();
    expect(whatIf.tool.value).toBeNull();
  });

  it("are drawn: what is there, what is only tried, and a cross where something closes", () => {
    const changes: Change[] = [
      { op: "add_facility", id: "new-1", kind: "park", lon: 1, lat: 2 },
      { op: "close_facility", id: "way/1" },
      { op: "build_link", coordinates: [[0, 0], [1, 1]] },
    ];
    const drawn = drawTried(changes, 2, { closed: new Map([["way/1", [5, 6]]]), corners: [], aim: null });
    expect(drawn.features.map((one) => [one.properties?.role, one.properties?.preview])).toEqual([
      ["add", false],
      ["close", false],
      ["link", true],
    ]);
  });
});
