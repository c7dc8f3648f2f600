import { describe, expect, it } from "vitest";

import { Client, type Fetch } from "../api/client";
import { Stocks } from "../api/stocks";
import type { Stock, StockSheet } from "../api/types";
import type { Mode } from "./mode";
import type { Loaded } from "./page";
import { differing, StockRoom } from "./stock";
import { chooseStock, countStock, FIRST_STOCK_CHOICE, leastConfidence, narrows, nextToReview, occurring, toReview } from "./stockFilter";
import { stockMarks } from "./stockMarks";
import { assetNames } from "./stockNames";
import { Words } from "../locale/words";
import { Store } from "./store";

const asset = (id: string, more: Partial<Stock> = {}): Stock => ({
  ...{ id, name: id, source: "registered", asset_type: "land", kind: "idle_land", ownership: "state", owner: null, land_m2: 100, floor_m2: null, inscribed_m: null },
  ...{ neighbourhood_id: null, pathway: "F24", permitted_zh: null, permitted_en: null, consent_zh: null, consent_en: null, clause: null, to_find_out: null, evidence: null },
  ...more,
});
const seen = (id: string, confidence: number, more: Partial<Stock> = {}): Stock => asset(id, { source: "detected", sign: "roof", confidence, pathway: null, ...more });
const ROWS = [asset("B"), asset("A", { land_m2: 900, owner: "区房管局" }), seen("c1", 0.4), seen("c2", 0.9), seen("c3", 0.9, { verdict: "reject" })];
const ids = (rows: readonly Stock[]): string[] => rows.map(({ id }) => id);

describe("which stock is shown", () => {
  it("is all but what was rejected, by name", () => {
    expect(ids(chooseStock(ROWS, FIRST_STOCK_CHOICE))).toEqual(["A", "B", "c1", "c2"]);
    expect(narrows(FIRST_STOCK_CHOICE)).toBe(false);
  });

  it("follows every filter, and the search sees owners", () => {
    const choose = (part: Partial<typeof FIRST_STOCK_CHOICE>): string[] => ids(chooseStock(ROWS, { ...FIRST_STOCK_CHOICE, ...part }));
    expect(choose({ source: "candidate" })).toEqual(["c1", "c2"]);
    expect(choose({ pathway: "none" })).toEqual(["c1", "c2"]);
    expect(choose({ verdict: "reject" })).toEqual(["c3"]);
    expect(choose({ verdict: "open" })).toEqual(["c1", "c2"]);
    expect(choose({ verdict: "all", sign: "roof" })).toEqual(["c1", "c2", "c3"]);
    expect(choose({ text: "房管" })).toEqual(["A"]);
    expect(narrows({ ...FIRST_STOCK_CHOICE, verdict: "open" })).toBe(true);
  });

  it("keeps what is registered when candidates must be sure", () => {
    expect(ids(chooseStock(ROWS, { ...FIRST_STOCK_CHOICE, min_confidence: 0.5 }))).toEqual(["A", "B", "c2"]);
  });

  it("is ordered by a column either way", () => {
    expect(ids(chooseStock(ROWS, { ...FIRST_STOCK_CHOICE, sort: "size", descending: true }))[0]).toBe("A");
    expect(ids(chooseStock(ROWS, { ...FIRST_STOCK_CHOICE, sort: "confidence", descending: true }))).toEqual(["A", "B", "c2", "c1"]);
  });

  it("counts the values that occur, most frequent first", () => {
    expect(occurring(ROWS, "source")).toEqual([["detected", 3], ["registered", 2]]);
    expect(occurring(ROWS, "pathway")).toEqual([["none", 3], ["F24", 2]]);
  });
});

describe("the confidence from which candidates are shown", () => {
  it("is the one of the standards, and what lies below is counted apart from what is registered", () => {
    const least = leastConfidence([{ room: "siting", key: "least_confidence_share", value: 0.5 }, { room: "gaps", key: "x", value: 1 }]);
    expect([least, leastConfidence([])]).toEqual([0.5, 0]);
    expect(countStock(ROWS, least)).toEqual({ registered: 2, open: 2, below: 1, rejected: 1 });
  });
});

describe("an asset without a name", () => {
  it("is called by what it is and the neighbourhood where it lies", () => {
    const rows = [asset("A"), asset("left:7", { name: null, neighbourhood_id: "n1" }), asset("left:8", { name: null, kind: null })];
    const names = assetNames(rows, [{ id: "n1", name: "幸福里" }], new Words("zh"));
    expect([...names.values()]).toEqual(["A", "幸福里 · 闲置地", "left:8"]);
  });
});

describe("the review", () => {
  it("goes from the surest candidate on, and round at the end", () => {
    const queue = toReview(ROWS);
    expect(ids(queue)).toEqual(["c2", "c1"]);
    expect(nextToReview(queue, "c2")?.id).toBe("c1");
    expect(nextToReview(queue, "c1")?.id).toBe("c2");
    expect(nextToReview(queue.slice(0, 1), "c2")).toBeNull();
    expect(nextToReview(queue, "gone", 0.6)?.id).toBe("c1"); // behind the one that left the queue
  });
});

/** A room whose service is a table of answers; what was sent is kept. */
function room(answers: (path: string, init: RequestInit) => unknown, author = "王工") {
  const sent: { path: string; method: string; body: Record<string, unknown>; match: string | null }[] = [];
  const fetch: Fetch = (path, init = {}) => {
    const headers = new Headers(init.headers);
    if (init.method) sent.push({ path, method: init.method, body: JSON.parse(String(init.body ?? "{}")) as Record<string, unknown>, match: headers.get("If-Match") });
    const answer = answers(path, init);
    if (answer instanceof Response) return Promise.resolve(answer);
    return Promise.resolve(new Response(JSON.stringify(answer), { status: 200 }));
  };
  const opened: Mode[] = [];
  const asked: (() => void)[] = [];
  const list = new Store<Loaded<Stock[]>>({ state: "here", value: [...ROWS] });
  const sheet = new Store<Loaded<StockSheet> | null>(null);
  const name = new Store(author);
  const made = new StockRoom({
    ...{ stocks: new Stocks(new Client(() => "zh", fetch)), city: () => "城", author: name, ask: (then: () => void) => void asked.push(then) },
    ...{ open: (mode: Mode) => void opened.push(mode), list, sheet, trouble: () => undefined },
  });
  return { made, sent, opened, asked, list, sheet, name };
}
const here = (one: Stock): Loaded<StockSheet> => ({ state: "here", value: { ...one, revision: 3 } as StockSheet });

describe("a verdict", () => {
  it("is sent with author, reason and the revision that was read, and leads to the next candidate", async () => {
    const { made, sent, opened, sheet, list } = room((path) => (path.includes("verdict") ? { stock_id: "c2", verdict: "accept", revision: 1, asset: asset("reg:c2") } : { items: ROWS.filter((one) => one.id !== "c2") }));
    sheet.set(here(ROWS[3]!));
    await made.judge("accept", "现场看过");
    const { path, method, body, match } = sent[0]!;
    expect([path, method, match]).toEqual(["/api/v1/cities/%E5%9F%8E/stock/c2/verdict", "POST", '"3"']);
    expect(body).toMatchObject({ author: "王工", reason: "现场看过", verdict: "accept" });
    expect(opened).toEqual([{ kind: "stock", id: "c1" }]);
    await new Promise((resolve) => setTimeout(resolve));
    expect(list.value.state === "here" && list.value.value.length).toBe(4);
    expect(made.judged.value).toEqual({ id: "c2", verdict: "accept", count: 1 });
  });

  it("waits for a name where none is known", async () => {
    const { made, sent, asked, sheet, name } = room(() => ({ items: [] }), "");
    sheet.set(here(ROWS[3]!));
    await made.judge("reject");
    expect(sent).toEqual([]);
    name.set("李工");
    asked[0]!();
    await new Promise((resolve) => setTimeout(resolve));
    expect(sent[0]!.body).toMatchObject({ author: "李工", verdict: "reject" });
  });

  it("that the service refuses stays, with its reason", async () => {
    const refusal = new Response(JSON.stringify({ code: "revision-mismatch", title: "已被修改", detail: "张工刚刚改过" }), { status: 412 });
    const { made, opened, sheet } = room(() => refusal);
    sheet.set(here(ROWS[3]!));
    await made.judge("accept");
    expect(made.problem.value?.detail).toBe("张工刚刚改过");
    expect(opened).toEqual([]);
  });
});

describe("an asset", () => {
  it("is changed by what differs alone", async () => {
    const { made, sent, sheet } = room((path, init) => (init.method ? ROWS[0] : { items: ROWS, path }));
    sheet.set(here(ROWS[0]!));
    made.edit(["name", "land_m2", "ownership"]);
    made.fill({ values: { land_m2: 250 }, reason: "实测" });
    expect(await made.save()).toBe(true);
    expect([sent[0]!.method, sent[0]!.match]).toEqual(["PUT", '"3"']);
    expect(sent[0]!.body).toMatchObject({ values: { land_m2: 250 }, reason: "实测", author: "王工" });
    expect(Object.keys(sent[0]!.body.values as object)).toEqual(["land_m2"]);
    expect(made.draft.value).toBeNull();
  });

  it("is drawn corner by corner: a closed ring, never of two corners", () => {
    const { made } = room(() => ({ items: [] }));
    made.begin("polygon");
    made.corner([1, 1]);
    made.corner([1, 1]); // the second press of a double one
    made.corner([2, 1]);
    expect(made.close()).toBe(false);
    made.corner([2, 2]);
    made.corner([9, 9]);
    made.stepBack();
    expect(made.close()).toBe(true);
    expect(made.draft.value?.geometry).toEqual({ type: "Polygon", coordinates: [[[1, 1], [2, 1], [2, 2], [1, 1]]] });
    expect(made.sketch.value).toBeNull();
  });

  it("that is new carries an id of its own, its values and its place", async () => {
    const { made, sent } = room((_, init) => (init.method ? ROWS[0] : { items: ROWS }));
    made.begin("point");
    made.corner([121.5, 29.9]);
    made.fill({ values: { name: "老锅炉房", floor_m2: 80 } });
    await made.save();
    expect(sent[0]!.body).toMatchObject({ values: { name: "老锅炉房", floor_m2: 80, asset_type: "land" }, geometry: { type: "Point", coordinates: [121.5, 29.9] } });
    expect(String(sent[0]!.body.id).length).toBeGreaterThan(8);
  });

  it("that may be in the register already is told with its pairs, until the reader decides", async () => {
    const pairs = [{ one: "B", other: "new", why: "place", distance_m: 3, likeness: 0.2 }];
    const { made } = room((_, init) => (init.method ? { ...asset("new"), duplicates: pairs } : { items: ROWS }));
    made.begin("point");
    made.corner([121.5, 29.9]);
    await made.save();
    expect(made.duplicates.value).toEqual({ of: "new", pairs });
    made.leave(); // to look at the other one
    expect(made.duplicates.value?.pairs).toEqual(pairs);
  });

  it("differs where a value is cleared, too", () => {
    expect(differing({ values: { a: null, b: 2, c: 3 }, before: { a: 1, b: 2 } })).toEqual({ a: null, c: 3 });
  });
});

describe("marks on the map", () => {
  const none = { edited: [], colourOf: () => "#123456", pairs: null, open: null, sketch: null, draft: null, held: null, sites: null, placeOf: () => [1, 2] as [number, number], stockOf: () => [3, 4] as [number, number] };
  it("lead from an asset to the gaps of the chosen kind, and from a gap to the assets that fit", () => {
    expect(stockMarks(none).features).toEqual([]);
    const row = { kind: "k", fits: true, reason: null, has: null, needs: null, zh: null, en: null, persons: 1, cost_yuan: null };
    const held = stockMarks({ ...none, held: { asset: ROWS[0]!, rows: [{ ...row, gaps: [{ neighbourhood_id: "n", name: null, persons: 1, distance_m: 9 }] }] } });
    expect(held.features.map((one) => one.geometry.type)).toEqual(["LineString", "Point"]);
    const site = { stock_id: "s", name: null, distance_m: 1, persons: 1, cost_yuan: null, pathway: null, zh: null, en: null };
    const sites = stockMarks({ ...none, sites: { place: "n", rows: [{ ...site, fits: true }, { ...site, fits: false }] } });
    expect(sites.features).toHaveLength(2);
  });

  it("is a point of its own where the analysis does not know the asset yet, a ring where it was changed", () => {
    const marks = stockMarks({ ...none, edited: [asset("A", { edited: true, added: true }), asset("B", { edited: true })] });
    expect(marks.features.map((one) => one.properties)).toEqual([{ role: "added", id: "A", colour: "#123456" }, { role: "edited", id: "B" }]);
  });

  it("joins entries that may be the same thing", () => {
    const marks = stockMarks({ ...none, pairs: { of: "A", others: ["B"] } });
    expect(marks.features.map((one) => [one.geometry.type, one.properties?.role])).toEqual([["LineString", "pair"], ["Point", "pair"]]);
  });
});
