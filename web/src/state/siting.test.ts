import { describe, expect, it } from "vitest";

import { Client, type Fetch, type Problem } from "../api/client";
import type { SitingAnswer, SitingPlan, SitingSite } from "../api/sitingTypes";
import { Words } from "../locale/words";
import { curveScale, ticksOf } from "./curve";
import { changesOf, Siting } from "./siting";
import { wishFaults } from "./sitingFaults";
import { FIRST_MONEY, FIRST_SITING_WISH, fundingOf, moneyOf, requestOf, type SitingWish } from "./sitingWish";
import { countOf, decodeEdits, encodeEdits, NO_SITING_EDITS, toggled } from "./sitingEdits";
import type { SitingRef } from "./mode";
import { catchmentFeatures, demandFeatures, siteFeatures } from "./sitingMarks";
import { toldRow } from "./sitingTold";

const site = (asset: string, more: Partial<SitingSite> = {}): SitingSite => ({
  ...{ option: `${asset}/kindergarten/standard`, asset, name: null, source: "registered", kind: "kindergarten", kind_zh: "幼儿园", kind_en: "kindergarten" },
  ...{ size: "standard", size_m2: 800, year: 1, mode: null, cost_yuan: 1e6, yearly_yuan: 1e5, capacity_persons: 300.4, capacity_source: null, capacity_confidence: null, persons: 250, consent_risk_share: 0.1 },
  ...{ lon: 121, lat: 30, neighbourhood_id: null, ownership: null, pathway: null, consent_zh: null, consent_en: null, clause: null, to_find_out: null },
  ...{ documents: [], warnings: [], serves: [{ id: "n1", name: "甲", persons: 200 }] },
  ...more,
});
const plan = (chosen: SitingSite[], persons = 250): SitingPlan => ({
  ...{ value: 1, bound: 1, gap_share: 0, status: "proven_optimal", sure_zh: "", sure_en: "", persons, demand_persons: 1000, cost_yuan: 1e6, yearly_yuan: 1e5 },
  ...{ money: [], parts: [], chosen, unserved: [], unserved_total: 0, notes: [] },
});
const funding = { level: "district", cost_yuan: 1, gap_yuan: 0, sources: [], unpaid: [], matching: [], balance: [], npv_yuan: 0, payback_year: null, findings: [] };
const ANSWER: SitingAnswer = {
  ...{ data_version: "v", job: "J", current: true, request: {}, plan: plan([site("A")]), funding, rejected: [], sensitivity: [] },
  pareto: [{ budget_yuan: 1e6, cost_yuan: 9e5, persons: 100, bound: 100, status: "proven_optimal", sites: 1 }],
};
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

function panel(answers: Record<string, unknown>) {
  const sent: { path: string; body: Record<string, unknown> | null }[] = [];
  const fetch: Fetch = (path, init = {}) => {
    sent.push({ path: decodeURI(path), body: init.body ? (JSON.parse(String(init.body)) as Record<string, unknown>) : null });
    const key = Object.keys(answers).find((part) => path.includes(part));
    const answer = key === undefined ? { items: [] } : answers[key];
    return Promise.resolve(answer instanceof Response ? answer.clone() : new Response(JSON.stringify(answer), { status: 200 }));
  };
  const prepared: string[] = [];
  const troubles: Problem[] = [];
  const told: (SitingRef | null)[] = [];
  const made = new Siting({
    ...{ client: new Client(() => "zh", fetch), city: () => "城", follow: () => Promise.resolve() },
    ...{ prepare: () => void prepared.push("base"), trouble: (problem: Problem) => void troubles.push(problem) },
    shown: (siting) => void told.push(siting),
  });
  return { made, sent, prepared, troubles, told };
}
const NOBODY = { type: "FeatureCollection", features: [] };

describe("a wish", () => {
  it("that says nothing asks for every gap without a limit", () => {
    expect(requestOf(FIRST_SITING_WISH)).toEqual({ pareto: 12, seed: 0 });
  });

  it("is sent in yuan, with its rules, weights and area", () => {
    const wish = { ...FIRST_SITING_WISH, kinds: ["park"], budget_wan: [500, null, 20], must: ["A"], spacing_m: { park: 300 }, weights: { risk: 5 }, districts: ["D1"] };
    const asked = requestOf(wish);
    expect(asked).toMatchObject({ kinds: ["park"], rules: { must: ["A"], spacing_m: { park: 300 } }, weights: { risk: 5 }, area: { districts: ["D1"] } });
    expect(asked.budget_yuan).toEqual([5_000_000, null, 200_000]);
    expect(asked.rules).not.toHaveProperty("must_not");
  });

  it("carries every rule in the service's words, shares as shares, and who walks", () => {
    const wish: SitingWish = {
      ...FIRST_SITING_WISH,
      limits: [{ kind: "park", at_least: 1, at_most: 2, district: "D1" }, { kind: "canteen", at_least: null, at_most: 3, district: "" }],
      least_percent: { park: 80 },
      must_serve: [{ place: "n1", kind: "park" }],
      incompatible: [["park", "canteen"]],
      walkers: "sharing",
    };
    const asked = requestOf(wish);
    expect(asked.rules).toEqual({
      ...{ limits: [{ kind: "park", at_least: 1, at_most: 2, district: "D1" }, { kind: "canteen", at_most: 3 }] },
      ...{ least_share: { park: 0.8 }, must_serve: ["n1:park"], incompatible: [["park", "canteen"]] },
    });
    expect([asked.sharing, asked.demand]).toEqual([true, undefined]);
    expect(requestOf({ ...wish, walkers: "buildings" }).demand).toBe("buildings");
    expect(requestOf({ ...FIRST_SITING_WISH, incompatible: [] }).rules).toEqual({ incompatible: [] }); // none, not those of the standards
  });

  it("names the plan whose districts count; sharing stands beside the analysis' own only", () => {
    const wish: SitingWish = { ...FIRST_SITING_WISH, plan: "p1" };
    expect(requestOf(wish).area).toEqual({ plan: "p1" });
    expect(requestOf({ ...wish, districts: ["D9"] }).area).toEqual({ districts: ["D9"], plan: "p1" });
    expect([...wishFaults(wish).keys()]).toEqual([]);
    expect(wishFaults({ ...wish, walkers: "sharing" }).get("walkers")).toBe("fault.sharing_plan");
  });

  it("carries money in yuan, and reads it back", () => {
    const money = { ...FIRST_MONEY, level: "city" as const, available_wan: { lottery: 30, county: null }, loan_wan: 100, loan_rate_percent: 3.5 };
    const asked = fundingOf(money);
    expect(asked).toEqual({ level: "city", available_yuan: { lottery: 300_000 }, loan: { amount_yuan: 1e6, rate_share: expect.closeTo(0.035, 12) as number, years: 10, grace_years: 0 } });
    expect(fundingOf(moneyOf(asked))).toEqual(asked);
    expect(fundingOf(FIRST_MONEY)).toEqual({});
  });

  it("says at the field what is wrong with it", () => {
    const wrong: SitingWish = {
      ...FIRST_SITING_WISH,
      kinds: ["park"],
      budget_wan: [-1, null],
      limits: [{ kind: "park", at_least: 3, at_most: 2, district: "" }, { kind: "park", at_least: null, at_most: null, district: "" }, { kind: "park", at_least: 1.5, at_most: null, district: "" }, { kind: "canteen", at_least: 1, at_most: null, district: "" }],
      least_percent: { park: 120 },
      must_serve: [{ place: "", kind: "park" }],
      incompatible: [["park", "park"]],
      spacing_m: { park: NaN },
      weights: { risk: -2 },
      money: { ...FIRST_MONEY, available_wan: { lottery: -3 }, loan_wan: 5, loan_years: 4, loan_grace_years: 4 },
    };
    expect(Object.fromEntries(wishFaults(wrong))).toEqual({
      ...{ "budget.0": "fault.amount", "limit.0": "fault.limit_order", "limit.1": "fault.limit_empty", "limit.2": "fault.whole", "limit.3": "fault.not_among" },
      ...{ "share.park": "fault.percent", "serve.0": "fault.place", "apart.0": "fault.same", "spacing.park": "fault.metres", "weight.risk": "fault.weight" },
      ...{ "source.lottery": "fault.amount", loan_grace: "fault.loan_grace" },
    });
    expect(wishFaults(FIRST_SITING_WISH).size).toBe(0);
  });

  it("never demands and rules out the same asset", () => {
    const { made } = panel({});
    made.mark("must", "A");
    made.mark("must_not", "A");
    expect([made.wish.value.must, made.wish.value.must_not]).toEqual([[], ["A"]]);
    made.mark("must_not", "A");
    expect(made.wish.value.must_not).toEqual([]);
  });
});

describe("a plan", () => {
  it("becomes changes of a scenario, capacities in whole persons", () => {
    expect(changesOf(plan([site("A")]))).toEqual([{ op: "add_facility", id: "site-1", kind: "kindergarten", lon: 121, lat: 30, floor_m2: 800, capacity: 300 }]);
    expect(changesOf(plan([site("A", { size_m2: null, capacity_persons: null })]))[0]).not.toHaveProperty("capacity");
  });

  it("says no more than what is proven, and rounds its gap up", () => {
    const words = new Words("zh");
    expect(words.sure({ status: "proven_optimal", gap_share: 0 })).toBe("已证明最优");
    expect(words.sure({ status: "within_bound", gap_share: 0.00101 })).toContain("0.11%");
    expect(words.sure({ status: "no_bound", gap_share: null })).toContain("没有界");
    expect(words.sure({ status: "cancelled", gap_share: null })).toContain("中止");
  });

  it("is opened with its catchments; a point of the curve is shown in its place, and left again", async () => {
    const other = plan([site("B")], 100);
    const { made, sent } = panel({ catchments: NOBODY, "points/0": { point: 0, plan: other, funding }, "sitings/J": ANSWER });
    await made.open("J");
    expect(made.shown.value?.plan.persons).toBe(250);
    await made.pick(0);
    expect(made.shown.value?.plan.chosen[0]?.asset).toBe("B");
    await settled();
    expect(sent.some(({ path }) => path.endsWith("/catchments?point=0"))).toBe(true);
    expect(made.exportAddress("xlsx")).toContain("format=xlsx&point=0");
    await made.pick(null);
    expect(made.shown.value?.plan.persons).toBe(250);
  });

  it("is solved again with what is forced and forbidden, and taken back", async () => {
    const other = plan([site("B")], 240);
    const { made, sent } = panel({ again: { edit: "e1", plan: other, funding, elapsed_ms: 320 }, catchments: NOBODY, "sitings/J": ANSWER });
    await made.open("J");
    made.press("forbid", "A");
    expect(made.busy.value).toBe(true);
    await settled();
    expect(sent.find(({ path }) => path.endsWith("/again"))?.body).toEqual({ force: [], forbid: ["A"], resize: {} });
    expect(made.shown.value?.plan.persons).toBe(240);
    expect(made.before.value?.persons).toBe(250);
    expect([made.busy.value, made.which]).toEqual([false, { edit: "e1" }]);
    made.press("forbid", "A"); // free again
    await settled();
    expect([made.shown.value?.plan.persons, made.edit.value]).toEqual([250, null]);
  });

  it("whose changes clash keeps standing, with the rules that clash", async () => {
    const refusal = new Response(JSON.stringify({ code: "siting-infeasible", clashes: [{ zh: "超出预算", en: "over budget" }] }), { status: 409 });
    const { made } = panel({ again: refusal, catchments: NOBODY, "sitings/J": ANSWER });
    await made.open("J");
    made.press("force", "Z");
    await settled();
    expect(made.clashes.value).toEqual([{ zh: "超出预算", en: "over budget" }]);
    expect(made.shown.value?.plan.persons).toBe(250);
  });

  it("is shown on the heatmap through the scenario engine, which may have to be prepared first", async () => {
    const missing = new Response(JSON.stringify({ code: "scenario-base-missing" }), { status: 409 });
    const answers: Record<string, unknown> = { "what-if": missing, catchments: NOBODY, "sitings/J": ANSWER };
    const { made, prepared } = panel(answers);
    await made.open("J");
    await made.showHeat("after");
    expect([prepared, made.preparing.value]).toEqual([["base"], true]);
    answers["what-if"] = { neighbourhoods: [], heatmap: [{ id: "c", person_gaps: 3 }] };
    made.prepared();
    await settled();
    expect(made.paint.value?.cells.get("c")).toBe(3);
    await made.showHeat("before");
    expect(made.paint.value).toBeNull();
  });
});

describe("the address of a siting", () => {
  const other = plan([site("B")], 240);
  const answers = { "points/2": { point: 2, plan: other, funding }, again: { edit: "e1", plan: other, funding, elapsed_ms: 3 }, catchments: NOBODY, "sitings/J": ANSWER };

  it("follows what is shown", async () => {
    const { made, told } = panel(answers);
    await made.open("J");
    await made.pick(2);
    made.press("forbid", "A");
    const edits = encodeEdits({ force: [], forbid: ["A"], resize: {} });
    expect(told).toEqual([{ job: "J", point: null, edits: "" }, { job: "J", point: 2, edits: "" }, { job: "J", point: 2, edits }]);
    made.close();
    expect(told.at(-1)).toBeNull();
  });

  it("brings back the point and the changes of whoever shared it; going back in the browser takes them away again", async () => {
    const { made, sent } = panel(answers);
    const edits = encodeEdits({ force: ["C"], forbid: [], resize: {} });
    await made.enter({ job: "J", point: 2, edits }, { fit: false });
    await settled();
    expect(sent.find(({ path }) => path.endsWith("/again"))?.body).toEqual({ force: ["C"], forbid: [], resize: {}, point: 2 });
    expect([made.point.value, made.toFit.value]).toEqual([2, null]);
    await made.enter({ job: "J", point: null, edits: "" }, { fit: false });
    expect([made.point.value, made.edits.value, made.shown.value?.plan.persons]).toEqual([null, NO_SITING_EDITS, 250]);
    await made.enter(null, { fit: false });
    expect(made.answer.value).toBeNull();
  });

  it("lets the map go to the sites once: when the plan is opened, not when it is changed", async () => {
    const { made } = panel(answers);
    await made.open("J");
    expect(made.toFit.value).toEqual([[121, 30]]);
    made.toFit.set(null); // the map went there
    made.press("forbid", "A");
    await settled();
    await made.pick(2);
    expect(made.toFit.value).toBeNull();
  });

  it("that somebody garbled changes nothing", () => {
    for (const text of ["", "x", "W10", "e30", btoa('[["a"],[1],{}]')]) expect(decodeEdits(text)).toEqual(NO_SITING_EDITS);
  });
});

describe("who pays", () => {
  const paid = { asked: "m1", funding: { ...funding, gap_yuan: 7 } };

  it("is told anew for other money, for the plan that is shown, and goes into the export", async () => {
    const { made, sent } = panel({ "J/funding": paid, catchments: NOBODY, "points/0": { point: 0, plan: plan([site("B")]), funding }, "sitings/J": ANSWER });
    await made.open("J");
    made.spend({ available_wan: { lottery: 20 } });
    await settled();
    expect(sent.filter(({ path }) => path.endsWith("/funding")).map(({ body }) => body)).toEqual([{ available_yuan: { lottery: 200_000 } }]);
    expect(made.paid.value?.funding.gap_yuan).toBe(7);
    expect(made.exportAddress("xlsx")).toContain("funding=m1");
    await made.pick(0);
    await settled();
    expect(sent.filter(({ path }) => path.endsWith("/funding")).at(-1)?.body).toEqual({ available_yuan: { lottery: 200_000 }, point: 0 });
    expect(sent.some(({ path }) => path.endsWith("/again"))).toBe(false);
  });

  it("of another siting is the money of its own request, unless the planner filled some in", async () => {
    const asked = { ...ANSWER, request: { funding: { available_yuan: { lottery: 500_000 } } } };
    const { made, sent } = panel({ "J/funding": paid, "K/funding": paid, catchments: NOBODY, "sitings/J": asked, "sitings/K": ANSWER });
    await made.open("J");
    expect(made.wish.value.money.available_wan).toEqual({ lottery: 50 });
    await made.open("K");
    expect(made.wish.value.money).toEqual(FIRST_MONEY);
    await settled();
    expect(sent.some(({ path }) => path.endsWith("/funding"))).toBe(false);
    made.spend({ level: "city" });
    await made.open("J");
    await settled();
    expect(sent.filter(({ path }) => path.endsWith("/funding")).at(-1)?.body).toEqual({ level: "city" });
  });

  it("is that of the request again when the money is taken back, and is not asked for money that makes no sense", async () => {
    const { made, sent } = panel({ "J/funding": paid, catchments: NOBODY, "sitings/J": ANSWER });
    await made.open("J");
    made.spend({ available_wan: { lottery: -1 } });
    made.spend({ available_wan: {} });
    await settled();
    expect(sent.some(({ path }) => path.endsWith("/funding"))).toBe(false);
    expect(made.paid.value).toBeNull();
  });
});

describe("edits", () => {
  it("toggle, and one way excludes the other", () => {
    const once = toggled({ force: [], forbid: ["A"], resize: {} }, "force", "A");
    expect(once).toEqual({ force: ["A"], forbid: [], resize: {} });
    expect(countOf(toggled(once, "force", "A"))).toBe(0);
  });
});

describe("what is drawn", () => {
  const placeOf = (): [number, number] => [1, 1];
  it("is one dot for an asset with several kinds, and lines to whom it serves", () => {
    const two = plan([site("A"), site("A", { kind: "park", persons: 999, option: "A/park/small", serves: [] })]);
    const { features } = siteFeatures(two, null, placeOf);
    expect(features.filter((one) => one.geometry.type === "Point").map((one) => one.properties?.kind)).toEqual(["park"]);
    expect(features.filter((one) => one.geometry.type === "LineString")).toHaveLength(1);
  });

  it("is a neighbourhood once, however many serve it; a chosen site stands alone", () => {
    const two = plan([site("A"), site("B", { serves: [{ id: "n1", name: null, persons: 300 }, { id: "n2", name: null, persons: 1 }] })]);
    const polygon = (id: string): GeoJSON.Feature => ({ type: "Feature", id, properties: { id, role: "served" }, geometry: { type: "Polygon", coordinates: [] } });
    const all = { type: "FeatureCollection" as const, features: [polygon("n1"), polygon("n1"), polygon("n2")] };
    expect(catchmentFeatures(all, two, null).features.map((one) => one.properties)).toEqual([{ id: "n1", chosen: false }, { id: "n2", chosen: false }]);
    expect(catchmentFeatures(all, two, "A").features.map((one) => one.properties)).toEqual([{ id: "n1", chosen: true }]);
  });

  it("rings what is demanded and what is ruled out", () => {
    const found = demandFeatures(["A"], ["B"], { force: ["A"], forbid: ["C"], resize: {} }, placeOf);
    expect(found.map((one) => [one.properties?.role, one.properties?.id])).toEqual([["must", "A"], ["must_not", "B"], ["must_not", "C"]]);
  });
});

describe("the curve", () => {
  it("begins at nothing on both axes and keeps its points inside", () => {
    const scale = curveScale([{ cost_yuan: 0, persons: 0 }, { cost_yuan: 2e6, persons: 500 }], { width: 400, height: 200, left: 50, right: 10, top: 10, bottom: 30 });
    expect([scale.x(0), scale.y(0)]).toEqual([50, 170]);
    expect([scale.x(2e6), scale.y(500)]).toEqual([390, 10]);
  });

  it("has round ticks", () => {
    expect(ticksOf(937, 4)).toEqual([0, 250, 500, 750]);
    expect(ticksOf(1, 4)).toEqual([0, 0.25, 0.5, 0.75, 1]);
  });
});

describe("records of the engine", () => {
  it("are told by their sentence, else with units by their names", () => {
    const told = toldRow({ zh: "少了它,250 人无处可去", en: "x", clause: "c", lost_persons: 250, cost_yuan: 20_000, empty: null }, new Words("zh"));
    expect(told.map((line) => line.text)).toEqual(["少了它,250 人无处可去"]);
    const plain = toldRow({ clause: "c", lost_persons: 250, cost_yuan: 20_000, empty: null }, new Words("zh"));
    expect(plain.map((line) => line.text)).toEqual(["250 人", "2 万元"]);
  });
});
