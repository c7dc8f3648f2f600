/** Asks the API. An answer that is no success becomes a `Problem`, whose text can be shown as it is. */

import type {
  Catalogue,
  Change,
  City,
  CityItem,
  Comparison,
  Coverage,
  District,
  EquityRow,
  Explanation,
  Job,
  KindStatus,
  Named,
  OpeningList,
  PageConfig,
  QueueRow,
  RankingRow,
  Scenario,
  ScenarioItem,
  Sheet,
  Stock,
  StockSheet,
  TileLayer,
  WhatIfAnswer,
} from "./types";

export type Fetch = (input: string, init?: RequestInit) => Promise<Response>;

/** An RFC 9457 problem. `code` is stable; `title` and `detail` are for people. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string,
    /** What else the problem tells, as both sides of a conflict. */
    readonly more: Readonly<Record<string, unknown>> = {},
  ) {
    super(detail || title);
    this.name = "Problem";
  }
}

/** Which parts of an answer are shown, and whose gaps: one neighbourhood's, or everybody's (null). */
export interface Wanted {
  only: ("neighbourhoods" | "gaps" | "heatmap" | "coverage" | "priority" | "figures" | "drawn")[];
  gapsOf: string | null;
}

/** Columns of the register that its log fills in. */
const KEPT_BY_THE_LOG: readonly string[] = ["origin", "revision"];

/** A column of the register: what may be entered. */
export interface RegisterColumn extends Named {
  name: string;
  type: string;
  unit: string | null;
  values: string[];
}

export interface Page<Row> {
  rows: Row[];
  next: string | null;
}

/** The address named by `rel="next"` in a Link header (RFC 8288), or null. */
export function nextLink(header: string | null): string | null {
  for (const part of (header ?? "").split(/,(?=\s*<)/)) {
    const match = /<([^>]*)>\s*;.*\brel="?next"?/.exec(part);
    if (match?.[1] !== undefined) return match[1];
  }
  return null;
}

export class Client {
  /** @param language sent as Accept-Language, so that problems come in the reader's language. */
  constructor(
    readonly language: () => "zh" | "en",
    private readonly fetch: Fetch = (input, init) => globalThis.fetch(input, init),
    readonly root = "/api/v1",
  ) {}

  async cities(): Promise<CityItem[]> {
    return (await this.get<{ items: CityItem[] }>("/cities")).items;
  }

  city(city: string): Promise<City> {
    return this.get(`/cities/${encodeURIComponent(city)}`);
  }

  catalogue(city: string): Promise<Catalogue> {
    return this.get(`/cities/${encodeURIComponent(city)}/catalogue`);
  }

  /** Names of the columns of the data dictionary, and the columns of the register as it is filled in. */
  async columns(): Promise<{ names: Map<string, Named>; register: RegisterColumn[] }> {
    type Layers = Record<string, { columns: Record<string, Omit<RegisterColumn, "name">> }>;
    const { inputs, results } = await this.get<{ inputs: Layers; results: Layers }>("/dictionary");
    const layers = [...Object.values(results), ...Object.values(inputs)];
    const register = Object.entries(inputs.stock_assets?.columns ?? {}).filter(([name]) => !KEPT_BY_THE_LOG.includes(name)).map(([name, column]) => ({ ...column, name, unit: column.unit ?? null, values: column.values ?? [] }));
    return { names: new Map(layers.flatMap(({ columns }) => Object.entries(columns))), register };
  }

  async layers(city: string): Promise<TileLayer[]> {
    return (await this.get<{ items: TileLayer[] }>(`/cities/${encodeURIComponent(city)}/layers`)).items;
  }

  /** Every row of the ranking, page after page; `onPage` sees what has come so far. */
  ranking(city: string, onPage: (rows: RankingRow[]) => void, signal?: AbortSignal): Promise<RankingRow[]> {
    const first = `${this.root}/cities/${encodeURIComponent(city)}/neighbourhoods?sort=gap_index&order=desc&limit=1000`;
    return this.every(first, onPage, signal);
  }

  sheet(city: string, id: string, signal?: AbortSignal): Promise<Sheet> {
    return this.get(`/cities/${encodeURIComponent(city)}/neighbourhoods/${encodeURIComponent(id)}`, signal);
  }

  lifeCircles(city: string, id: string, signal?: AbortSignal): Promise<GeoJSON.FeatureCollection> {
    return this.get(`/cities/${encodeURIComponent(city)}/neighbourhoods/${encodeURIComponent(id)}/life-circles`, signal);
  }

  reachedFacilities(city: string, id: string, signal?: AbortSignal): Promise<GeoJSON.FeatureCollection> {
    return this.get(`/cities/${encodeURIComponent(city)}/neighbourhoods/${encodeURIComponent(id)}/facilities`, signal);
  }

  /** Coverage by kind, of the whole city or of one district. */
  async coverage(city: string, area = "city"): Promise<Coverage[]> {
    const path = `/cities/${encodeURIComponent(city)}/gaps?area=${encodeURIComponent(area)}`;
    return (await this.get<{ items: Coverage[] }>(path)).items;
  }

  /** Up to 5,000 features of a layer: enough to know how its values spread. */
  async sample(city: string, layer: string): Promise<GeoJSON.Feature[]> {
    const path = `/cities/${encodeURIComponent(city)}/layers/${encodeURIComponent(layer)}?limit=5000`;
    return (await this.get<GeoJSON.FeatureCollection>(path)).features;
  }

  async kindStatus(city: string, kind: string, signal?: AbortSignal): Promise<KindStatus[]> {
    const path = `/cities/${encodeURIComponent(city)}/gaps/${encodeURIComponent(kind)}`;
    return (await this.get<{ items: KindStatus[] }>(path, signal)).items;
  }

  async queue(city: string, area = "city"): Promise<QueueRow[]> {
    const path = `/cities/${encodeURIComponent(city)}/queue?area=${encodeURIComponent(area)}`;
    return (await this.get<{ items: QueueRow[] }>(path)).items;
  }

  async equity(city: string, area = "city"): Promise<EquityRow[]> {
    const path = `/cities/${encodeURIComponent(city)}/equity?area=${encodeURIComponent(area)}`;
    return (await this.get<{ items: EquityRow[] }>(path)).items;
  }

  districts(city: string): Promise<District[]> {
    return this.every(`${this.root}/cities/${encodeURIComponent(city)}/districts`);
  }

  stock(city: string): Promise<Stock[]> {
    return this.every(`${this.root}/cities/${encodeURIComponent(city)}/stock`);
  }

  stockSheet(city: string, id: string, signal?: AbortSignal): Promise<StockSheet> {
    return this.get(`/cities/${encodeURIComponent(city)}/stock/${encodeURIComponent(id)}`, signal);
  }

  async jobs(city: string): Promise<Job[]> {
    return (await this.get<{ items: Job[] }>(`/jobs?city=${encodeURIComponent(city)}`)).items;
  }

  startAnalysis(city: string, profile: string): Promise<Job> {
    return this.send("POST", `/cities/${encodeURIComponent(city)}/jobs`, { kind: "analyse", profile });
  }

  startJob(city: string, job: { kind: "scenario-base" } | { kind: "openings"; k: number; objective: string }): Promise<Job> {
    return this.send("POST", `/cities/${encodeURIComponent(city)}/jobs`, job);
  }

  /** What changes would make different. @param only the parts that are shown: the others are not computed. */
  whatIf(city: string, changes: readonly Change[], { only, gapsOf }: Wanted, signal?: AbortSignal): Promise<WhatIfAnswer> {
    const body = { changes, only, ...(gapsOf === null ? {} : { gaps_of: gapsOf }) };
    return this.send("POST", `/cities/${encodeURIComponent(city)}/what-if`, body, signal ? { signal } : {});
  }

  async scenarios(city: string): Promise<ScenarioItem[]> {
    return (await this.get<{ items: ScenarioItem[] }>(`/cities/${encodeURIComponent(city)}/scenarios`)).items;
  }

  scenario(city: string, id: string): Promise<Scenario> {
    return this.get(`/cities/${encodeURIComponent(city)}/scenarios/${encodeURIComponent(id)}`);
  }

  createScenario(city: string, scenario: { id: string; name: string; changes: Change[] }): Promise<Scenario> {
    return this.send("POST", `/cities/${encodeURIComponent(city)}/scenarios`, scenario);
  }

  /** @param revision the one that was read: another one's changes are never overwritten. */
  replaceScenario(city: string, id: string, state: { name: string; changes: Change[] }, revision: number): Promise<Scenario> {
    const path = `/cities/${encodeURIComponent(city)}/scenarios/${encodeURIComponent(id)}`;
    return this.send("PUT", path, state, { headers: { "If-Match": `"${revision}"` } });
  }

  async deleteScenario(city: string, id: string): Promise<void> {
    const path = `/cities/${encodeURIComponent(city)}/scenarios/${encodeURIComponent(id)}`;
    await this.ask(this.root + path, { method: "DELETE" });
  }

  compare(city: string, a: string, b: string): Promise<Comparison> {
    const choice = new URLSearchParams({ a, b }).toString();
    return this.get(`/cities/${encodeURIComponent(city)}/scenarios/compare?${choice}`);
  }

  explain(city: string, place: string, kind: string, layer: string): Promise<Explanation> {
    const path = `/cities/${encodeURIComponent(city)}/neighbourhoods/${encodeURIComponent(place)}/gaps/${encodeURIComponent(kind)}/explain`;
    return this.get(`${path}?layer=${encodeURIComponent(layer)}`);
  }

  openings(city: string): Promise<OpeningList> {
    return this.get(`/cities/${encodeURIComponent(city)}/openings`);
  }

  async cancelJob(id: string): Promise<void> {
    await this.ask(`${this.root}/jobs/${encodeURIComponent(id)}`, { method: "DELETE" });
  }

  /** What the operator set for this page; nothing set is the normal case. */
  async config(): Promise<PageConfig> {
    const answer = await this.fetch("/config.json", { headers: { Accept: "application/json" } }).catch(() => null);
    if (!answer?.ok) return { basemap: null };
    return (await answer.json().catch(() => ({ basemap: null }))) as PageConfig;
  }

  async get<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
    const answer = await this.ask(this.root + path, signal ? { signal } : {});
    return (await answer.json()) as Answer;
  }

  async send<Answer>(method: string, path: string, body: unknown, more: RequestInit = {}): Promise<Answer> {
    const headers = { "Content-Type": "application/json", ...more.headers };
    const answer = await this.ask(this.root + path, { ...more, method, headers, body: JSON.stringify(body) });
    return (await answer.json()) as Answer;
  }

  async every<Row>(first: string, onPage?: (rows: Row[]) => void, signal?: AbortSignal): Promise<Row[]> {
    const rows: Row[] = [];
    for (let address: string | null = first; address; ) {
      const answer: Response = await this.ask(address, signal ? { signal } : {});
      rows.push(...((await answer.json()) as { items: Row[] }).items);
      onPage?.(rows);
      address = nextLink(answer.headers.get("Link"));
    }
    return rows;
  }

  /** Page after page of a list, following its links. */
  async *pages<Page>(first: string, signal?: AbortSignal): AsyncGenerator<Page> {
    for (let address: string | null = first; address; ) {
      const answer: Response = await this.ask(address, signal ? { signal } : {});
      yield (await answer.json()) as Page;
      address = nextLink(answer.headers.get("Link"));
    }
  }

  /** Send a file as it is. */
  async upload<Answer>(path: string, body: Blob, headers: Record<string, string>): Promise<Answer> {
    const answer = await this.ask(this.root + path, { method: "POST", headers, body });
    return (await answer.json()) as Answer;
  }

  private async ask(address: string, init: RequestInit): Promise<Response> {
    const language = this.language() === "zh" ? "zh-CN, en;q=0.5" : "en, zh-CN;q=0.5";
    const headers = { Accept: "application/json", "Accept-Language": language, ...init.headers };
    let answer: Response;
    try {
      answer = await this.fetch(address, { ...init, headers });
    } catch (reason) {
      if (reason instanceof DOMException && reason.name === "AbortError") throw reason;
      throw new Problem(0, "offline", "", "");
    }
    if (!answer.ok) throw await problemOf(answer);
    return answer;
  }
}

async function problemOf(answer: Response): Promise<Problem> {
  type Body = Partial<Record<"code" | "title" | "detail", string>> & Record<string, unknown>;
  const body = (await answer.json().catch(() => ({}))) as Body;
  return new Problem(answer.status, body.code ?? "unknown", body.title ?? answer.statusText, body.detail ?? "", body);
}
