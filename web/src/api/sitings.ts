/** Asks the API for sitings. */

import type { Client } from "./client";
import type { Adopted, AgainAnswer, FundingAnswer, FundingAsked, SitingAnswer, SitingEdits, SitingPoint, SitingRequest, SitingRun } from "./sitingTypes";
import type { Job } from "./types";

const part = encodeURIComponent;

/** Which plan of a run is meant: the main one, one of the curve, or one that the planner changed. */
export interface Which {
  point?: number;
  edit?: string;
}

export class Sitings {
  constructor(private readonly client: Client) {}

  start(city: string, request: SitingRequest): Promise<Job> {
    return this.client.send("POST", `/cities/${part(city)}/jobs`, { kind: "siting", ...request });
  }

  async list(city: string): Promise<SitingRun[]> {
    return (await this.client.get<{ items: SitingRun[] }>(`/cities/${part(city)}/sitings?limit=20`)).items;
  }

  answer(city: string, job: string): Promise<SitingAnswer> {
    return this.client.get(this.path(city, job));
  }

  point(city: string, job: string, point: number): Promise<SitingPoint> {
    return this.client.get(`${this.path(city, job)}/points/${point}`);
  }

  again(city: string, job: string, edits: SitingEdits, point: number | undefined, signal?: AbortSignal): Promise<AgainAnswer> {
    const body = { ...edits, ...(point === undefined ? {} : { point }) };
    return this.client.send("POST", `${this.path(city, job)}/again`, body, signal ? { signal } : {});
  }

  funding(city: string, job: string, asked: FundingAsked & Which, signal?: AbortSignal): Promise<FundingAnswer> {
    return this.client.send("POST", `${this.path(city, job)}/funding`, asked, signal ? { signal } : {});
  }

  catchments(city: string, job: string, which: Which, asset?: string): Promise<GeoJSON.FeatureCollection> {
    return this.client.get(`${this.path(city, job)}/catchments${query({ ...which, ...(asset === undefined ? {} : { asset }) })}`);
  }

  adopt(city: string, job: string, scenario: { id: string; name: string } & Which): Promise<Adopted> {
    return this.client.send("POST", `${this.path(city, job)}/adopt`, scenario);
  }

  exportAddress(city: string, job: string, format: "gpkg" | "xlsx", which: Which & { funding?: string }): string {
    return `${this.client.root}${this.path(city, job)}/export${query({ format, ...which })}`;
  }

  private path(city: string, job: string): string {
    return `/cities/${part(city)}/sitings/${part(job)}`;
  }
}

function query(values: Record<string, string | number>): string {
  const text = new URLSearchParams(Object.entries(values).map(([name, value]) => [name, String(value)])).toString();
  return text === "" ? "" : `?${text}`;
}
