/** Asks the API for plans of districts. */

import type { Client } from "./client";
import type {
  Atoms,
  BlameRow,
  Edit,
  EditAnswer,
  ImportReport,
  Improved,
  Plan,
  PlanComparison,
  PlanItem,
  PlanSettings,
  ProposalList,
  Revision,
  Tag,
  Why,
  Wish,
} from "./planTypes";
import type { Job } from "./types";

const part = encodeURIComponent;

export type PlanStart = "analysis" | "empty" | { plan: string; seq: number } | { job: string; item: number };

export class Plans {
  constructor(private readonly client: Client) {}

  async list(city: string): Promise<PlanItem[]> {
    return (await this.client.get<{ items: PlanItem[] }>(`/cities/${part(city)}/plans`)).items;
  }

  create(city: string, plan: { id: string; name: string; author: string; from: PlanStart }): Promise<Plan> {
    return this.client.send("POST", `/cities/${part(city)}/plans`, plan);
  }

  /** A plan as it is, or as it was after a revision. */
  plan(city: string, id: string, at?: number, signal?: AbortSignal): Promise<Plan> {
    return this.client.get(this.path(city, id) + (at === undefined ? "" : `?at=${at}`), signal);
  }

  /** Name, status or rules: a revision too, but none to be undone. */
  change(city: string, id: string, settings: PlanSettings, author: string, head: number): Promise<Plan> {
    const body = { id: crypto.randomUUID(), author, ...settings };
    return this.client.send("PATCH", this.path(city, id), body, { headers: { "If-Match": `"${head}"` } });
  }

  async tags(city: string, id: string): Promise<Tag[]> {
    return (await this.client.get<{ items: Tag[] }>(`${this.path(city, id)}/tags`)).items;
  }

  addTag(city: string, id: string, tag: Pick<Tag, "name" | "seq" | "author">): Promise<Tag> {
    return this.client.send("POST", `${this.path(city, id)}/tags`, tag);
  }

  edit(city: string, id: string, edit: Edit, head: number, signal?: AbortSignal): Promise<EditAnswer> {
    const more = { headers: { "If-Match": `"${head}"` }, ...(signal ? { signal } : {}) };
    return this.client.send("POST", `${this.path(city, id)}/edits`, edit, more);
  }

  /** What an edit would do; nothing is stored. */
  tryEdit(city: string, id: string, edit: Edit, head: number, signal?: AbortSignal): Promise<EditAnswer> {
    const more = { headers: { "If-Match": `"${head}"` }, ...(signal ? { signal } : {}) };
    return this.client.send("POST", `${this.path(city, id)}/edits?dry_run=true`, edit, more);
  }

  revisions(city: string, id: string): Promise<Revision[]> {
    return this.client.every(`${this.client.root}${this.path(city, id)}/revisions?limit=500`);
  }

  async blame(city: string, id: string, unit: string): Promise<BlameRow[]> {
    return (await this.client.get<{ items: BlameRow[] }>(`${this.path(city, id)}/blame/${part(unit)}`)).items;
  }

  compare(city: string, a: string, b: string): Promise<PlanComparison> {
    return this.client.get(`/cities/${part(city)}/plans/compare?${new URLSearchParams({ a, b }).toString()}`);
  }

  why(city: string, id: string, unit: string, signal?: AbortSignal): Promise<Why> {
    return this.client.get(`${this.path(city, id)}/why/${part(unit)}`, signal);
  }

  improve(city: string, id: string, units: string[], locked: string[]): Promise<Improved> {
    return this.client.send("POST", `${this.path(city, id)}/improve`, { units, locked });
  }

  atoms(city: string): Promise<Atoms> {
    return this.client.get(`/cities/${part(city)}/atoms`);
  }

  /** Every cell of the city: what the map draws and the pointer meets. */
  async cells(city: string, signal?: AbortSignal): Promise<Map<string, GeoJSON.Polygon | GeoJSON.MultiPolygon>> {
    const found = new Map<string, GeoJSON.Polygon | GeoJSON.MultiPolygon>();
    const first = `${this.client.root}/cities/${part(city)}/layers/cells?limit=5000`;
    for await (const page of this.client.pages<{ features: GeoJSON.Feature[] }>(first, signal)) {
      for (const { id, geometry } of page.features) {
        if (geometry?.type === "Polygon" || geometry?.type === "MultiPolygon") found.set(String(id), geometry);
      }
    }
    return found;
  }

  propose(city: string, wish: Wish): Promise<Job> {
    return this.client.send("POST", `/cities/${part(city)}/jobs`, { kind: "proposals", ...wish });
  }

  proposals(city: string, job?: string): Promise<ProposalList> {
    return this.client.get(`/cities/${part(city)}/proposals${job === undefined ? "" : `?job=${part(job)}`}`);
  }

  import(city: string, id: string, file: File, head: number, author: string, dryRun: boolean): Promise<ImportReport> {
    const choice = new URLSearchParams({ dry_run: String(dryRun), author, name: file.name, request: crypto.randomUUID() });
    const headers = { "If-Match": `"${head}"`, "Content-Type": "application/octet-stream" };
    return this.client.upload(`${this.path(city, id)}/import?${choice.toString()}`, file, headers);
  }

  exportAddress(city: string, id: string, format: string): string {
    return `${this.client.root}${this.path(city, id)}/export?format=${format}`;
  }

  sheetAddress(city: string, id: string, paper: string, language: string): string {
    return `${this.client.root}${this.path(city, id)}/sheet.pdf?paper=${paper}&language=${language}`;
  }

  eventsAddress(city: string, id: string): string {
    return `${this.client.root}${this.path(city, id)}/events`;
  }

  private path(city: string, id: string): string {
    return `/cities/${part(city)}/plans/${part(id)}`;
  }
}
