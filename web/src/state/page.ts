/** The page's one state and what is loaded for it. Panels and map watch; only functions here change it. */

import { Client, Problem, type RegisterColumn } from "../api/client";
import { Stocks } from "../api/stocks";
import type {
  Catalogue,
  City,
  CityItem,
  Coverage,
  District,
  EquityRow,
  Gap,
  GapStatus,
  Job,
  Named,
  PageConfig,
  QueueRow,
  RankingRow,
  Sheet,
  Stock,
  StockSheet,
  TileLayer,
} from "../api/types";
import { Drawing } from "./drawing";
import { Gestures } from "./gestures";
import { fromHash, toHash } from "./hash";
import type { CityTab, Language, Mode, PageState, Theme } from "./mode";
import { Proposals } from "./proposals";
import { Siting } from "./siting";
import { StockRoom } from "./stock";
import { leastConfidence } from "./stockFilter";
import { Store } from "./store";
import { Strokes } from "./strokes";
import { WhatIf } from "./whatif";

/** Something asked for: on its way, here, or refused with the reason. */
export type Loaded<Value> =
  | { state: "loading" }
  | { state: "here"; value: Value }
  | { state: "failed"; problem: Problem };

export interface CityData {
  city: City;
  catalogue: Catalogue;
  tiles: TileLayer[];
  config: PageConfig;
}

/** Where nothing is kept: a browser without storage. */
const nowhere: Pick<Storage, "getItem" | "setItem" | "removeItem"> = { getItem: () => null, setItem: () => undefined, removeItem: () => undefined };

const LOADING = { state: "loading" } as const;

export class Page {
  readonly state: Store<PageState>;
  readonly cities = new Store<Loaded<CityItem[]>>(LOADING);
  readonly data = new Store<Loaded<CityData>>(LOADING);
  readonly ranking = new Store<{ rows: RankingRow[]; complete: boolean; problem: Problem | null }>({
    rows: [],
    complete: false,
    problem: null,
  });
  readonly coverage = new Store<Loaded<Coverage[]>>(LOADING);
  readonly queue = new Store<Loaded<QueueRow[]>>(LOADING);
  readonly equity = new Store<Loaded<EquityRow[]>>(LOADING);
  readonly districts = new Store<Loaded<District[]>>(LOADING);
  readonly stock = new Store<Loaded<Stock[]>>(LOADING);
  readonly sheet = new Store<Loaded<Sheet> | null>(null);
  readonly stockSheet = new Store<Loaded<StockSheet> | null>(null);
  readonly circles = new Store<{ circles: GeoJSON.FeatureCollection; reached: GeoJSON.FeatureCollection } | null>(null);
  readonly status = new Store<ReadonlyMap<string, GapStatus> | null>(null);
  /** Names of the data dictionary's columns, for what is still to be found out. */
  readonly columns = new Store<ReadonlyMap<string, Named>>(new Map());
  readonly registerColumns = new Store<readonly RegisterColumn[]>([]);
  readonly districtCoverage = new Store<Loaded<Coverage[]> | null>(null);
  /** Residents × missing kinds of the heatmap's cells: the limits of its classes follow from them. */
  readonly heat = new Store<readonly number[]>([]);
  readonly chosenGap = new Store<Gap | null>(null);
  readonly hovered = new Store<string | null>(null);
  readonly job = new Store<Job | null>(null);
  /** The neighbourhood opened last: marked in the ranking when one goes back to it. */
  readonly lastOpened = new Store<string | null>(null);
  /** Something asked for in passing that failed: shown until it is closed. */
  readonly trouble = new Store<Problem | null>(null);
  /** A link asked for a city that does not exist: which, and what was opened in its place. */
  readonly notice = new Store<{ asked: string; opened: string } | null>(null);
  /** What a screen reader is told. */
  readonly said = new Store<string>("");
  readonly client: Client;
  readonly whatIf: WhatIf;
  readonly gestures: Gestures;
  readonly drawing: Drawing;
  readonly strokes: Strokes;
  readonly proposals: Proposals;
  readonly stockRoom: StockRoom;
  readonly siting: Siting;
  /** The open plan is laid out for paper. */
  readonly printing = new Store(false);
  /** What the drawing table has to say: the panel puts it into words. */
  readonly tableSaid = new Store<Parameters<ConstructorParameters<typeof Drawing>[0]["say"]>[0] | null>(null);
  /** Names that the drawing table gives to what it makes, in the reader's language. */
  tableWords: ReturnType<ConstructorParameters<typeof Drawing>[0]["words"]> = {
    newDistrict: (n) => `片区${n}`,
    copyOf: (name) => `${name}(副本)`,
  };
  private asking = new AbortController();
  private cityAsking = new AbortController();

  constructor(hash: string, language: Language, client?: Client) {
    this.state = new Store(fromHash(hash, language));
    this.client = client ?? new Client(() => this.state.value.language);
    this.whatIf = new WhatIf({
      client: this.client,
      city: () => this.state.value.city,
      wanted: (changes) => {
        const { mode, theme } = this.state.value;
        const sheet = mode.kind === "neighbourhood" ? mode.id : null;
        const closes = changes.some((one) => (one.op === "close_facility" || one.op === "close_gate") && !this.gestures.closed.has(one.id));
        return {
          only: [
            "neighbourhoods",
            "figures",
            ...(theme.kind === "facility" || sheet !== null ? (["gaps"] as const) : []),
            ...(theme.kind === "priority" ? (["priority"] as const) : []),
            ...(theme.kind === "heatmap" ? (["heatmap"] as const) : []),
            ...(closes ? (["drawn"] as const) : []),
          ],
          gapsOf: theme.kind === "facility" ? null : sheet,
        };
      },
      shown: (scenario) => this.state.update((before) => ({ ...before, scenario })),
      prepare: () => void this.startJob({ kind: "scenario-base" }),
      trouble: (problem) => this.trouble.set(problem),
    });
    this.gestures = new Gestures(this.whatIf);
    this.drawing = new Drawing({
      client: this.client,
      city: () => this.state.value.city,
      names: () => new Map(this.ranking.value.rows.map((row) => [row.id, row.name])),
      shown: (plan) => this.state.update((before) => ({ ...before, plan })),
      trouble: (problem) => this.trouble.set(problem),
      say: (text) => this.tableSaid.set(text),
      words: () => this.tableWords,
      storage: globalThis.localStorage ?? nowhere,
    });
    this.strokes = new Strokes(this.drawing);
    this.siting = new Siting({
      client: this.client,
      city: () => this.state.value.city,
      follow: async (job) => {
        this.job.set(job);
        await this.watchJobs(this.state.value.city ?? "", this.cityAsking.signal);
      },
      prepare: () => void this.startJob({ kind: "scenario-base" }),
      trouble: (problem) => this.trouble.set(problem),
      shown: (siting) => this.state.update((before) => ({ ...before, siting })),
    });
    this.stockRoom = new StockRoom({
      stocks: new Stocks(this.client),
      city: () => this.state.value.city,
      author: this.drawing.author,
      ask: (then) => this.askAuthor(then),
      open: (mode, again) => this.open(mode, again),
      list: this.stock,
      sheet: this.stockSheet,
      trouble: (problem) => this.trouble.set(problem),
    });
    this.proposals = new Proposals({
      drawing: this.drawing,
      start: async (wish) => {
        const { city } = this.state.value;
        if (!city) return;
        this.job.set(await this.drawing.plans.propose(city, wish));
        await this.watchJobs(city, this.cityAsking.signal);
      },
    });
  }

  /** Nobody changes anything without a name: it is asked for once, then remembered. */
  private readonly askAuthor = (then: () => void): void => this.drawing.asking.set(then);

  /** The address of what is shown. */
  get hash(): string {
    return toHash(this.state.value);
  }

  async start(): Promise<void> {
    this.cities.set(LOADING);
    void this.client.columns().then(
      ({ names, register }) => {
        this.columns.set(names);
        this.registerColumns.set(register);
      },
      () => undefined, // without it the columns are shown by their own names
    );
    try {
      const cities = await this.client.cities();
      this.cities.set({ state: "here", value: cities });
      const wanted = this.state.value.city;
      const city = cities.find((one) => one.id === wanted) ?? cities[0];
      if (!city) return;
      if (wanted !== null && city.id !== wanted) this.notice.set({ asked: wanted, opened: city.name });
      await this.openCity(city.id, wanted === null || city.id === wanted);
    } catch (reason) {
      this.cities.set({ state: "failed", problem: problemOf(reason) });
    }
  }

  async openCity(id: string, keepView = false): Promise<void> {
    this.cityAsking.abort();
    this.cityAsking = new AbortController();
    const { signal } = this.cityAsking;
    this.drawing.forget();
    if (!keepView) {
      this.stockRoom.forget();
      this.siting.forget();
    }
    const before = this.state.value;
    const plain: Partial<PageState> = { camera: null, scenario: null, plan: null, siting: null, mode: { kind: "city", tab: before.lastTab } };
    this.state.set({ ...before, city: id, ...(keepView ? {} : plain) });
    this.data.set(LOADING);
    this.ranking.set({ rows: [], complete: false, problem: null });
    this.heat.set([]);
    this.coverage.set(LOADING);
    this.queue.set(LOADING);
    this.equity.set(LOADING);
    this.districts.set(LOADING);
    this.stock.set(LOADING);
    try {
      const { client } = this;
      const [city, catalogue, tiles, config] = await Promise.all([
        client.city(id),
        client.catalogue(id),
        client.layers(id),
        client.config(),
      ]);
      if (signal.aborted) return;
      this.stockRoom.startAt(leastConfidence(city.parameters));
      this.data.set({ state: "here", value: { city, catalogue, tiles, config } });
    } catch (reason) {
      if (!signal.aborted) this.data.set({ state: "failed", problem: problemOf(reason) });
      return;
    }
    this.open(this.state.value.mode, true);
    this.colour(this.state.value.theme);
    const { scenario } = this.state.value;
    if (scenario) void this.whatIf.enter(scenario);
    else if (this.whatIf.on.value) this.whatIf.leave();
    const { siting, camera } = this.state.value;
    void this.siting.enter(siting, { fit: camera === null, again: true });
    await Promise.all([
      this.loadRanking(id, signal),
      load(this.coverage, () => this.client.coverage(id), signal),
      load(this.queue, () => this.client.queue(id), signal),
      load(this.equity, () => this.client.equity(id), signal),
      load(this.districts, () => this.client.districts(id), signal),
      load(this.stock, () => this.client.stock(id), signal),
      this.watchJobs(id, signal),
    ]);
    const { plan } = this.state.value;
    if (!signal.aborted && plan !== null) void this.drawing.enter(plan);
  }

  /** Whether there is such a city. */
  knows(city: string | null): boolean {
    const { value } = this.cities;
    return value.state === "here" && value.value.some((one) => one.id === city);
  }

  /** Open another city just as an address tells it; one that does not exist is told, and what is open stays. */
  follow(city: string, { mode, lastTab, theme, camera, scenario, plan, siting }: PageState): void {
    if (!this.knows(city)) {
      const { value } = this.data;
      this.notice.set({ asked: city, opened: value.state === "here" ? value.value.city.name : "" });
      this.state.update((before) => ({ ...before })); // so that the address tells what is shown
      return;
    }
    this.state.update((before) => ({ ...before, city, mode, lastTab, theme, camera, scenario, plan, siting }));
    void this.openCity(city, true);
  }

  /** Go to a mode, and ask for what it shows. */
  open(mode: Mode, again = false): void {
    const before = this.state.value;
    const same = before.mode.kind === mode.kind && "id" in mode && "id" in before.mode && before.mode.id === mode.id;
    if (same && !again) return;
    this.asking.abort();
    this.asking = new AbortController();
    const { signal } = this.asking;
    const lastTab = mode.kind === "city" ? mode.tab : before.lastTab;
    this.state.set({ ...before, mode, lastTab });
    this.chosenGap.set(null);
    this.whatIf.explanation.set(null);
    this.circles.set(null);
    this.sheet.set(null);
    this.stockSheet.set(null);
    this.stockRoom.leave();
    const { city } = before;
    if (!city) return;
    if (mode.kind === "neighbourhood") {
      this.lastOpened.set(mode.id);
      this.sheet.set(LOADING);
      void load(this.sheet, () => this.client.sheet(city, mode.id, signal), signal);
      this.whatIf.ask(); // its gaps are wanted now
      void this.loadCircles(city, mode.id, signal);
    } else if (mode.kind === "district") {
      this.districtCoverage.set(LOADING);
      void load(this.districtCoverage, () => this.client.coverage(city, mode.id), signal);
    } else if (mode.kind === "stock") {
      this.stockSheet.set(LOADING);
      void load(this.stockSheet, () => this.client.stockSheet(city, mode.id, signal), signal);
    }
  }

  /** From a sheet back to the city. */
  back(): void {
    const { mode, lastTab } = this.state.value;
    if (mode.kind !== "city") this.open({ kind: "city", tab: lastTab });
  }

  showTab(tab: CityTab): void {
    this.open({ kind: "city", tab });
  }

  colour(theme: Theme): void {
    this.state.update((before) => ({ ...before, theme }));
    const { city } = this.state.value;
    this.whatIf.ask();
    if (theme.kind === "heatmap" && city && this.heat.value.length === 0) void this.loadHeat(city);
    if (theme.kind !== "facility" || !city) return this.status.set(null);
    void this.client.kindStatus(city, theme.facility).then(
      (rows) => {
        const { theme: now } = this.state.value;
        if (now.kind !== "facility" || now.facility !== theme.facility) return;
        this.status.set(worstStatus(rows));
      },
      (reason: unknown) => this.trouble.set(problemOf(reason)),
    );
  }

  change(part: Partial<Pick<PageState, "language" | "circles" | "camera" | "switched">>): void {
    this.state.update((before) => ({ ...before, ...part }));
  }

  async analyse(profile: string): Promise<void> {
    const { city } = this.state.value;
    if (!city) return;
    try {
      this.job.set(await this.client.startAnalysis(city, profile));
      await this.watchJobs(city, this.cityAsking.signal);
    } catch (reason) {
      this.trouble.set(problemOf(reason));
    }
  }

  /** Start other long work than an analysis, and follow it. */
  async startJob(job: Parameters<Client["startJob"]>[1]): Promise<void> {
    const { city } = this.state.value;
    if (!city) return;
    try {
      this.job.set(await this.client.startJob(city, job));
      await this.watchJobs(city, this.cityAsking.signal);
    } catch (reason) {
      this.trouble.set(problemOf(reason));
    }
  }

  async cancelJob(): Promise<void> {
    const job = this.job.value;
    if (job) await this.client.cancelJob(job.id).catch((reason: unknown) => this.trouble.set(problemOf(reason)));
  }

  private async loadRanking(city: string, signal: AbortSignal): Promise<void> {
    try {
      const onPage = (rows: RankingRow[]): void => this.ranking.set({ rows: [...rows], complete: false, problem: null });
      const rows = await this.client.ranking(city, onPage, signal);
      if (!signal.aborted) this.ranking.set({ rows, complete: true, problem: null });
    } catch (reason) {
      if (!signal.aborted) this.ranking.update((now) => ({ ...now, problem: problemOf(reason) }));
    }
  }

  private async loadHeat(city: string): Promise<void> {
    const cells = await this.client.sample(city, "heatmap").catch(() => []);
    if (this.state.value.city !== city) return;
    this.heat.set(cells.map((cell) => Number(cell.properties?.person_gaps)).filter((value) => value > 0));
  }

  private async loadCircles(city: string, id: string, signal: AbortSignal): Promise<void> {
    try {
      const [circles, reached] = await Promise.all([
        this.client.lifeCircles(city, id, signal),
        this.client.reachedFacilities(city, id, signal),
      ]);
      if (!signal.aborted) this.circles.set({ circles, reached });
    } catch {
      if (!signal.aborted) this.circles.set(null); // the sheet itself says that there is none
    }
  }

  /** An analysis, or a base made by another engine, gives other data: the whole city is read again. */
  private async jobDone(job: Job, city: string): Promise<void> {
    const { value } = this.data;
    const same = value.state === "here" && value.value.city.data_version === job.data_version;
    if (job.kind === "analyse" || !same) return this.openCity(city, true);
    if (job.kind === "openings") await this.whatIf.loadOpenings();
    if (job.kind === "proposals") return void this.proposals.done(job.id);
    if (job.kind === "siting") return void this.siting.open(job.id);
    this.siting.prepared();
    this.whatIf.preparing.set(false);
    const { scenario } = this.state.value;
    if (scenario?.kind === "compare") await this.whatIf.compare(scenario.a, scenario.b);
    else this.whatIf.ask();
  }

  /** Follow a running analysis until it ends; then load the city anew. */
  private async watchJobs(city: string, signal: AbortSignal): Promise<void> {
    const now = this.job.value;
    let watched: string | null = now && isOpen(now) ? now.id : null;
    while (!signal.aborted) {
      const jobs = await this.client.jobs(city).catch(() => []);
      if (signal.aborted) return;
      const job = jobs.find((one) => (watched ? one.id === watched : isOpen(one)));
      if (!job) return;
      watched = job.id;
      this.job.set(job);
      if (!isOpen(job)) {
        if (job.status === "successful") await this.jobDone(job, city);
        else if (job.kind === "siting" && job.status === "failed") await this.siting.failed(job);
        else if (job.kind === "proposals" && job.status === "failed") await this.proposals.done(job.id); // which rules clash
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}

const isOpen = (job: Job): boolean => job.status === "accepted" || job.status === "running";

/** A kind that is checked at two layers counts as missing where either is. */
export function worstStatus(rows: readonly { neighbourhood_id: string; status: GapStatus }[]): Map<string, GapStatus> {
  const order: GapStatus[] = ["present", "unknown", "missing"];
  const worst = new Map<string, GapStatus>();
  for (const { neighbourhood_id: id, status } of rows) {
    const before = worst.get(id);
    if (before === undefined || order.indexOf(status) > order.indexOf(before)) worst.set(id, status);
  }
  return worst;
}

async function load<Value>(
  store: Store<Loaded<Value>> | Store<Loaded<Value> | null>,
  ask: () => Promise<Value>,
  signal: AbortSignal,
): Promise<void> {
  const into = store as Store<Loaded<Value> | null>;
  try {
    const value = await ask();
    if (!signal.aborted) into.set({ state: "here", value });
  } catch (reason) {
    if (!signal.aborted) into.set({ state: "failed", problem: problemOf(reason) });
  }
}

export function problemOf(reason: unknown): Problem {
  if (reason instanceof Problem) return reason;
  return new Problem(0, "unexpected", "", reason instanceof Error ? reason.message : String(reason));
}
