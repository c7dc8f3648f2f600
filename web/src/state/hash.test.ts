import { describe, expect, it } from "vitest";

import { fromHash, stepOf, toHash } from "./hash";
import { FIRST_STATE, type Mode, type PageState, type Theme } from "./mode";

const MODES: Mode[] = [
  { kind: "city", tab: "ranking" },
  { kind: "neighbourhood", id: "红旗/1 & 2" },
  { kind: "district", id: "D#7" },
  { kind: "stock", id: "ZC0001" },
];
const THEMES: Theme[] = [{ kind: "gap_index" }, { kind: "heatmap" }, { kind: "none" }, { kind: "facility", facility: "kindergarten" }];

describe("the address", () => {
  it("gives back every state that was written to it", () => {
    for (const mode of MODES) {
      for (const theme of THEMES) {
        const state: PageState = {
          city: "邻里示范城",
          mode,
          lastTab: mode.kind === "city" ? mode.tab : "overview",
          theme,
          switched: ["buildings", "stock"],
          circles: false,
          camera: { zoom: 14.25, lat: 30.2945, lon: 120.19973 },
          language: "en",
          scenario: null, plan: null, siting: { job: "J-1", point: 3, edits: "W10" },
        };
        expect(fromHash(toHash(state))).toEqual(state);
      }
    }
  });

  it("carries what is tried: changes not yet saved, a saved scenario, two compared", () => {
    const tried: PageState["scenario"][] = [
      { kind: "draft", changes: "" },
      { kind: "draft", changes: "W3sib3AiOiJjbG9zZV9mYWNpbGl0eSJ9XQ" },
      { kind: "saved", id: "s-1" },
      { kind: "compare", a: "base", b: "s-1" },
    ];
    for (const scenario of tried) expect(fromHash(toHash({ ...FIRST_STATE, scenario }))).toEqual({ ...FIRST_STATE, scenario });
    expect(fromHash("#scenario=../x&try=<b>").scenario).toBeNull();
  });

  it("is empty for the first state", () => {
    expect(toHash(FIRST_STATE)).toBe("#");
    expect(fromHash("")).toEqual(FIRST_STATE);
  });

  it("takes the first state for what it does not understand", () => {
    const state = fromHash("#tab=secrets&theme=magic&map=a/b/c&lang=tlh&layers=../x,streets");
    expect(state).toEqual({ ...FIRST_STATE, switched: ["streets"] });
    expect(fromHash("#map=14/120/30").camera).toBeNull(); // latitude 120 does not exist
    expect(fromHash("#map=14//").camera).toBeNull();
  });

  it("makes a step of another city, tab or sheet, and of nothing else", () => {
    const first = { ...FIRST_STATE, city: "a" };
    const steps = [
      { ...first, city: "b" },
      { ...first, mode: { kind: "city", tab: "ranking" } as const },
      { ...first, mode: { kind: "district", id: "1" } as const },
      { ...first, mode: { kind: "stock", id: "1" } as const },
    ].map(stepOf);
    expect(new Set([stepOf(first), ...steps]).size).toBe(5);
    expect(stepOf({ ...first, camera: { zoom: 1, lat: 0, lon: 0 }, switched: ["stock"], language: "en" })).toBe(stepOf(first));
  });
});
