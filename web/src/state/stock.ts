/** The stock of a city on the page: which is shown, what is judged, edited, drawn and asked of it. */

import { Problem } from "../api/client";
import type { Judged, Stocks } from "../api/stocks";
import type { GapSite, HeldKind, StockDuplicate, StockImport, StockRevision, StockValues, Verdict } from "../api/stockTypes";
import type { Stock, StockSheet } from "../api/types";
import type { LonLat } from "../map/scene";
import type { Mode } from "./mode";
import type { Loaded } from "./page";
import { FIRST_STOCK_CHOICE, nextToReview, type StockChoice, toReview } from "./stockFilter";
import { Store } from "./store";

export type Shape = "point" | "polygon";

/** An asset that is entered or changed, not sent yet. */
export interface Draft {
  /** Null: it is new. */
  id: string | null;
  revision: number;
  values: StockValues;
  /** What it was, so that only what differs is sent. */
  before: StockValues;
  geometry: GeoJSON.Geometry | null;
  reason: string;
  /** The edit is what the reviewer says of a candidate. */
  verdict: Verdict | null;
}

/** Corners that are being drawn. */
export interface Sketch {
  shape: Shape;
  corners: readonly LonLat[];
}

/** A list that was asked for, and for what. */
export interface Asked<Row> {
  key: string;
  list: Loaded<Row[]>;
}

export interface StockAround {
  stocks: Stocks;
  city: () => string | null;
  author: Store<string>;
  /** A name is missing: what waits for it. */
  ask: (then: () => void) => void;
  open: (mode: Mode, again?: boolean) => void;
  list: Store<Loaded<Stock[]>>;
  sheet: Store<Loaded<StockSheet> | null>;
  trouble: (problem: Problem | null) => void;
}

export class StockRoom {
  readonly choice = new Store<StockChoice>(FIRST_STOCK_CHOICE);
  /** What is shown at first, in this city. */
  readonly first = new Store<StockChoice>(FIRST_STOCK_CHOICE);
  /** What colours the assets on the map. */
  readonly by = new Store<"source" | "pathway">("source");
  readonly draft = new Store<Draft | null>(null);
  readonly sketch = new Store<Sketch | null>(null);
  readonly problem = new Store<Problem | null>(null);
  readonly busy = new Store(false);
  readonly kinds = new Store<Asked<HeldKind> | null>(null);
  readonly sites = new Store<Asked<GapSite> | null>(null);
  /** The kind of "what could go here?" whose gaps are drawn on the map. */
  readonly heldKind = new Store<string | null>(null);
  /** Entries that may be the same thing as the asset just entered, until the reader has decided. */
  readonly duplicates = new Store<{ of: string; pairs: readonly StockDuplicate[] } | null>(null);
  readonly history = new Store<Asked<StockRevision> | null>(null);
  readonly report = new Store<{ file: File; told: StockImport; done: boolean } | null>(null);
  /** The last verdict, to be told and to be counted: how many this reader gave. */
  readonly judged = new Store<{ id: string; verdict: Verdict; count: number } | null>(null);

  constructor(private readonly around: StockAround) {}

  /** Show candidates from the confidence from which a siting takes them; a choice that the reader made stays. */
  startAt(min_confidence: number): void {
    const { value: before } = this.first;
    const untouched = this.choice.value.min_confidence === before.min_confidence;
    this.first.set({ ...before, min_confidence });
    if (untouched) this.narrow({ min_confidence });
  }

  /** Another city: nothing of the one before stays. */
  forget(): void {
    this.choice.set(this.first.value);
    for (const store of [this.draft, this.sketch, this.problem, this.kinds, this.heldKind, this.sites, this.history, this.report, this.judged, this.duplicates]) store.set(null);
  }

  /** Another sheet is opened: what was asked or entered for the one before goes. */
  leave(): void {
    const { value: draft } = this.draft;
    if (draft?.id !== null) this.draft.set(null);
    if (draft?.id !== null) this.sketch.set(null);
    for (const store of [this.problem, this.kinds, this.heldKind, this.sites, this.history]) store.set(null);
  }

  narrow(part: Partial<StockChoice>): void {
    this.choice.update((before) => ({ ...before, ...part }));
  }

  /** Order by a column; the same column again: the other way round. */
  sortBy(sort: StockChoice["sort"]): void {
    const { value: now } = this.choice;
    this.narrow(now.sort === sort ? { descending: !now.descending } : { sort, descending: sort === "size" || sort === "confidence" });
  }

  get queue(): Stock[] {
    const { value } = this.around.list;
    return value.state === "here" ? toReview(value.value) : [];
  }

  /** Open the next candidate that nobody judged. */
  next(): boolean {
    const { value } = this.around.sheet;
    const now = value?.state === "here" ? value.value : null;
    const following = nextToReview(this.queue, now?.id ?? null, now?.confidence ?? null);
    if (!following || following.id === now?.id) return false;
    this.around.open({ kind: "stock", id: following.id });
    return true;
  }

  /** Accept or reject the open candidate, and go on to the next one. */
  async judge(verdict: "accept" | "reject", reason = ""): Promise<void> {
    const { value } = this.around.sheet;
    if (value?.state !== "here" || this.busy.value) return;
    if (!this.around.author.value) return this.around.ask(() => void this.judge(verdict, reason));
    const { id, confidence, revision } = value.value;
    const following = nextToReview(this.queue, id, confidence ?? null);
    const made = await this.sent(() => this.around.stocks.judge(this.city, id, { author: this.around.author.value, reason, verdict }, revision ?? 0));
    if (!made) return;
    this.counted(id, verdict);
    if (following && following.id !== id) this.around.open({ kind: "stock", id: following.id });
    else this.around.open({ kind: "stock", id: made.id }, true); // the last one: what became of it
  }

  /** Begin to change the open asset; a candidate is corrected by it. */
  edit(columns: readonly string[], verdict: Verdict | null = null): void {
    const { value } = this.around.sheet;
    if (value?.state !== "here") return;
    const { value: one } = value;
    const values = Object.fromEntries(columns.map((name) => [name, plain(one.facts?.[name] ?? one[name])]));
    this.problem.set(null);
    this.draft.set({ id: one.id, revision: one.revision ?? 0, values, before: values, geometry: null, reason: "", verdict });
  }

  /** Begin a new asset: its place is drawn first. */
  begin(shape: Shape): void {
    this.problem.set(null);
    this.draft.set({ id: null, revision: 0, values: { asset_type: "land" }, before: {}, geometry: null, reason: "", verdict: null });
    this.sketch.set({ shape, corners: [] });
  }

  redraw(shape: Shape): void {
    this.sketch.set({ shape, corners: [] });
  }

  fill(part: Partial<Pick<Draft, "values" | "reason">>): void {
    this.draft.update((draft) => draft && { ...draft, ...part, values: { ...draft.values, ...part.values } });
  }

  /** A corner was pressed on the map. */
  corner(place: LonLat): void {
    const { value: sketch } = this.sketch;
    if (!sketch) return;
    if (sketch.shape === "point") {
      this.sketch.set(null);
      this.draft.update((draft) => draft && { ...draft, geometry: { type: "Point", coordinates: place } });
      return;
    }
    const last = sketch.corners.at(-1);
    if (last && last[0] === place[0] && last[1] === place[1]) return;
    this.sketch.set({ ...sketch, corners: [...sketch.corners, place] });
  }

  /** Close the polygon; false: there are too few corners. */
  close(): boolean {
    const { value: sketch } = this.sketch;
    if (sketch?.shape !== "polygon" || sketch.corners.length < 3) return false;
    const ring = [...sketch.corners, sketch.corners[0]!];
    this.sketch.set(null);
    this.draft.update((draft) => draft && { ...draft, geometry: { type: "Polygon", coordinates: [ring] } });
    return true;
  }

  /** One corner back; with none left, drawing ends. True: there was something to take back. */
  stepBack(): boolean {
    const { value: sketch } = this.sketch;
    if (!sketch) return false;
    this.sketch.set(sketch.corners.length > 0 ? { ...sketch, corners: sketch.corners.slice(0, -1) } : null);
    return true;
  }

  drop(): void {
    this.draft.set(null);
    this.sketch.set(null);
    this.problem.set(null);
  }

  /** Send what was entered. */
  async save(): Promise<boolean> {
    const { value: draft } = this.draft;
    if (!draft || this.busy.value) return false;
    if (!this.around.author.value) {
      this.around.ask(() => void this.save());
      return false;
    }
    const { stocks, author } = this.around;
    const signed = { author: author.value, reason: draft.reason };
    const values = differing(draft);
    const made = await this.sent(() => {
      if (draft.id === null) return stocks.create(this.city, { id: newId(), ...signed, values, geometry: draft.geometry! });
      if (draft.verdict) return stocks.judge(this.city, draft.id, { ...signed, verdict: draft.verdict, values, ...(draft.geometry ? { geometry: draft.geometry } : {}) }, draft.revision);
      return stocks.change(this.city, draft.id, { ...signed, values, ...(draft.geometry ? { geometry: draft.geometry } : {}) }, draft.revision);
    });
    if (!made) return false;
    if (draft.id !== null && draft.verdict) this.counted(draft.id, draft.verdict);
    this.drop();
    this.around.open({ kind: "stock", id: made.id || draft.id || "" }, true);
    if (draft.id === null) this.duplicates.set(made.duplicates?.length ? { of: made.id, pairs: made.duplicates } : null);
    return true;
  }

  /** Take the open asset out of the register. */
  async retire(reason: string): Promise<void> {
    const { value } = this.around.sheet;
    if (value?.state !== "here") return;
    if (!this.around.author.value) return this.around.ask(() => void this.retire(reason));
    const { id, revision } = value.value;
    const made = await this.sent(() => this.around.stocks.retire(this.city, id, { author: this.around.author.value, reason }, revision ?? 0));
    if (!made) return;
    if (this.duplicates.value?.pairs.some((pair) => pair.one === id || pair.other === id)) this.duplicates.set(null);
    this.around.open({ kind: "city", tab: "stock" });
  }

  /** What could go here? */
  askKinds(id: string): Promise<void> {
    this.heldKind.set(null);
    return ask(this.kinds, id, () => this.around.stocks.kinds(this.city, id));
  }

  /** Where could it go? */
  askSites(kind: string, neighbourhood: string): Promise<void> {
    return ask(this.sites, `${neighbourhood} ${kind}`, () => this.around.stocks.sites(this.city, kind, neighbourhood));
  }

  askHistory(id: string): Promise<void> {
    return ask(this.history, id, () => this.around.stocks.history(this.city, id));
  }

  templateAddress(format: "xlsx" | "csv"): string {
    return this.around.stocks.templateAddress(this.city, format);
  }

  /** Read a file: first what it would do, then, when that is wanted, for good. */
  async import(file: File, dryRun: boolean): Promise<void> {
    if (!dryRun && !this.around.author.value) return this.around.ask(() => void this.import(file, dryRun));
    this.around.trouble(null);
    this.busy.set(true);
    try {
      const told = await this.around.stocks.import(this.city, file, this.around.author.value || "—", dryRun);
      this.report.set({ file, told, done: !dryRun });
      if (!dryRun) await this.reload();
    } catch (reason) {
      this.report.set(null);
      this.around.trouble(asProblem(reason));
    } finally {
      this.busy.set(false);
    }
  }

  async reload(): Promise<void> {
    try {
      this.around.list.set({ state: "here", value: await this.around.stocks.list(this.city) });
    } catch (reason) {
      this.around.trouble(asProblem(reason));
    }
  }

  private get city(): string {
    return this.around.city() ?? "";
  }

  private counted(id: string, verdict: Verdict): void {
    this.judged.update((before) => ({ id, verdict, count: (before?.count ?? 0) + 1 }));
  }

  /** Send a change; what the service refuses is shown where it was entered. */
  private async sent(send: () => Promise<Judged>): Promise<Judged | null> {
    this.busy.set(true);
    this.problem.set(null);
    try {
      const made = await send();
      const { value } = this.around.sheet;
      if (value?.state === "here" && value.value.id === made.id) this.around.sheet.set({ state: "here", value: { ...value.value, ...made } as StockSheet });
      this.history.set(null);
      void this.reload(); // the list follows; the card need not wait for it
      return made;
    } catch (reason) {
      this.problem.set(asProblem(reason));
      return null;
    } finally {
      this.busy.set(false);
    }
  }
}

/** What of the entered values differs from what was there; of a new asset, all that is not empty. */
export function differing({ values, before }: Pick<Draft, "values" | "before">): StockValues {
  return Object.fromEntries(Object.entries(values).filter(([name, value]) => (before[name] ?? null) !== (value ?? null)));
}

async function ask<Row>(store: Store<Asked<Row> | null>, key: string, get: () => Promise<Row[]>): Promise<void> {
  const mine = (): boolean => store.value?.key === key;
  store.set({ key, list: { state: "loading" } });
  try {
    const rows = await get();
    if (mine()) store.set({ key, list: { state: "here", value: rows } });
  } catch (reason) {
    if (mine()) store.set({ key, list: { state: "failed", problem: asProblem(reason) } });
  }
}

/** Areas to the square centimetre: no more digits than anybody measures. */
const plain = (value: unknown): string | number | boolean | null =>
  typeof value === "number" ? Number(value.toFixed(2)) : typeof value === "string" || typeof value === "boolean" ? value : null;

const newId = (): string => `asset-${crypto.randomUUID()}`;

export function asProblem(reason: unknown): Problem {
  if (reason instanceof Problem) return reason;
  return new Problem(0, "unexpected", "", reason instanceof Error ? reason.message : String(reason));
}
