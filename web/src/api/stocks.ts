/** Asks the API for stock: the register, its candidates, and what they could hold. */

import type { Client } from "./client";
import type { GapSite, HeldKind, StockDuplicate, StockImport, StockRevision, StockValues, Verdict } from "./stockTypes";
import type { Stock, StockSheet } from "./types";

const part = encodeURIComponent;

/** Who changes something, and why. */
export interface Signed {
  author: string;
  reason: string;
}

/** What came of a change: at least which asset it was. */
export type Judged = Pick<Stock, "id"> & Partial<Stock> & { duplicates?: StockDuplicate[] };

export interface NewAsset extends Signed {
  id: string;
  values: StockValues;
  geometry: GeoJSON.Geometry;
}

export class Stocks {
  constructor(private readonly client: Client) {}

  list(city: string): Promise<Stock[]> {
    return this.client.every(`${this.client.root}${this.path(city)}?limit=5000`);
  }

  sheet(city: string, id: string, signal?: AbortSignal): Promise<StockSheet> {
    return this.client.get(this.path(city, id), signal);
  }

  async kinds(city: string, id: string, signal?: AbortSignal): Promise<HeldKind[]> {
    return (await this.client.get<{ items: HeldKind[] }>(`${this.path(city, id)}/kinds`, signal)).items;
  }

  async sites(city: string, kind: string, neighbourhood: string, signal?: AbortSignal): Promise<GapSite[]> {
    const path = `/cities/${part(city)}/gaps/${part(kind)}/sites?neighbourhood=${part(neighbourhood)}`;
    return (await this.client.get<{ items: GapSite[] }>(path, signal)).items;
  }

  async history(city: string, id: string): Promise<StockRevision[]> {
    return (await this.client.get<{ items: StockRevision[] }>(`${this.path(city, id)}/history`)).items;
  }

  /** The answer also tells which entries may be the same thing. */
  create(city: string, asset: NewAsset): Promise<StockSheet & { duplicates?: StockDuplicate[] }> {
    return this.client.send("POST", this.path(city), asset);
  }

  /** @param revision the one that was read: another one's changes are never overwritten. */
  change(city: string, id: string, edit: Signed & { values: StockValues; geometry?: GeoJSON.Geometry }, revision: number): Promise<StockSheet> {
    return this.client.send("PUT", this.path(city, id), { id: crypto.randomUUID(), ...edit }, matching(revision));
  }

  /** Take an asset out of the register; it stays in the history. */
  retire(city: string, id: string, signed: Signed, revision: number): Promise<StockSheet> {
    return this.client.send("DELETE", this.path(city, id), { id: crypto.randomUUID(), ...signed }, matching(revision));
  }

  /** Say what a candidate is; the answer is the asset that it became, or itself where it was rejected. */
  async judge(city: string, id: string, verdict: Signed & { verdict: Verdict; values?: StockValues; geometry?: GeoJSON.Geometry }, revision: number): Promise<Judged> {
    type Told = { stock_id: string; verdict: Verdict; revision: number; asset: Stock | null };
    const told = await this.client.send<Told>("POST", `${this.path(city, id)}/verdict`, { id: crypto.randomUUID(), ...verdict }, matching(revision));
    return told.asset ?? { id: told.stock_id, verdict: told.verdict, revision: told.revision };
  }

  import(city: string, file: File, author: string, dryRun: boolean): Promise<StockImport> {
    const choice = new URLSearchParams({ dry_run: String(dryRun), author, name: file.name, request: crypto.randomUUID() });
    return this.client.upload(`${this.path(city)}/import?${choice.toString()}`, file, { "Content-Type": "application/octet-stream" });
  }

  templateAddress(city: string, format: "xlsx" | "csv"): string {
    return `${this.client.root}${this.path(city)}/template?format=${format}`;
  }

  private path(city: string, id?: string): string {
    return `/cities/${part(city)}/stock${id === undefined ? "" : `/${part(id)}`}`;
  }
}

const matching = (revision: number): { headers: Record<string, string> } => ({ headers: { "If-Match": `"${revision}"` } });
