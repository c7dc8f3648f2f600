/** The page's state in its address, so that a link shows what its sender saw. */

import { CITY_TABS, FIRST_STATE, type CityTab, type Mode, type PageState, type ScenarioRef, type SitingRef, type Theme } from "./mode";

const SIMPLE_THEMES = ["gap_index", "priority", "eligibility", "year_built", "districts", "heatmap", "difference", "none"] as const;

/** Write the state as a hash; what is as at first is left out. */
export function toHash(state: PageState): string {
  const parts = new URLSearchParams();
  if (state.city) parts.set("city", state.city);
  if (state.mode.kind === "city") {
    if (state.mode.tab !== "overview") parts.set("tab", state.mode.tab);
  } else {
    parts.set(state.mode.kind, state.mode.id);
  }
  if (state.theme.kind === "facility") parts.set("lacks", state.theme.facility);
  else if (state.theme.kind !== FIRST_STATE.theme.kind) parts.set("theme", state.theme.kind);
  if (state.switched.length > 0) parts.set("layers", [...state.switched].sort().join(","));
  if (!state.circles) parts.set("circles", "0");
  if (state.camera) {
    const { zoom, lat, lon } = state.camera;
    parts.set("map", `${zoom.toFixed(2)}/${lat.toFixed(5)}/${lon.toFixed(5)}`);
  }
  if (state.language !== FIRST_STATE.language) parts.set("lang", state.language);
  if (state.scenario?.kind === "draft") parts.set("try", state.scenario.changes);
  if (state.scenario?.kind === "saved") parts.set("scenario", state.scenario.id);
  if (state.scenario?.kind === "compare") parts.set("compare", `${state.scenario.a},${state.scenario.b}`);
  if (state.plan !== null) parts.set("plan", state.plan);
  if (state.siting) {
    parts.set("siting", state.siting.job);
    if (state.siting.point !== null) parts.set("point", String(state.siting.point));
    if (state.siting.edits !== "") parts.set("edits", state.siting.edits);
  }
  return "#" + parts.toString().replaceAll("%2F", "/").replaceAll("%2C", ",");
}

/** What makes a step of the browser's history: another city, tab, sheet or siting. Camera and layers do not. */
export function stepOf({ city, mode, siting }: PageState): string {
  return `${city ?? ""}/${mode.kind}/${mode.kind === "city" ? mode.tab : mode.id}/${siting?.job ?? ""}`;
}

/** Read a hash; what it does not say, or says wrongly, is as at first. */
export function fromHash(hash: string, language: PageState["language"] = FIRST_STATE.language): PageState {
  const parts = new URLSearchParams(hash.replace(/^#/, ""));
  const mode = readMode(parts);
  const lang = parts.get("lang");
  return {
    city: parts.get("city"),
    mode,
    lastTab: mode.kind === "city" ? mode.tab : "overview",
    theme: readTheme(parts),
    switched: (parts.get("layers") ?? "").split(",").filter((name) => /^[a-z_]+$/.test(name)),
    circles: parts.get("circles") !== "0",
    camera: readCamera(parts.get("map")),
    language: lang === "zh" || lang === "en" ? lang : language,
    scenario: readScenario(parts),
    plan: /^[A-Za-z0-9_-]{0,64}$/.test(parts.get("plan") ?? "?") ? parts.get("plan") : null,
    siting: readSiting(parts),
  };
}

function readMode(parts: URLSearchParams): Mode {
  for (const kind of ["neighbourhood", "district", "stock"] as const) {
    const id = parts.get(kind);
    if (id) return { kind, id };
  }
  const tab = parts.get("tab") as CityTab | null;
  return { kind: "city", tab: tab && CITY_TABS.includes(tab) ? tab : "overview" };
}

const ID = /^[A-Za-z0-9_-]{1,64}$/;

function readScenario(parts: URLSearchParams): ScenarioRef | null {
  const [a = "", b = ""] = (parts.get("compare") ?? "").split(",");
  if (ID.test(a) && ID.test(b)) return { kind: "compare", a, b };
  const id = parts.get("scenario");
  if (id && ID.test(id)) return { kind: "saved", id };
  const changes = parts.get("try");
  return changes !== null && /^[A-Za-z0-9_-]*$/.test(changes) ? { kind: "draft", changes } : null;
}

function readSiting(parts: URLSearchParams): SitingRef | null {
  const job = parts.get("siting");
  if (job === null || !ID.test(job)) return null;
  const [point, edits] = [parts.get("point") ?? "", parts.get("edits") ?? ""];
  return { job, point: /^\d{1,3}$/.test(point) ? Number(point) : null, edits: /^[A-Za-z0-9_-]*$/.test(edits) ? edits : "" };
}

function readTheme(parts: URLSearchParams): Theme {
  const facility = parts.get("lacks");
  if (facility) return { kind: "facility", facility };
  const theme = SIMPLE_THEMES.find((kind) => kind === parts.get("theme"));
  return theme ? { kind: theme } : FIRST_STATE.theme;
}

function readCamera(text: string | null): PageState["camera"] {
  const [zoom, lat, lon] = (text ?? "").split("/").map((part) => (part === "" ? NaN : Number(part)));
  if (zoom === undefined || lat === undefined || lon === undefined) return null;
  const right = zoom >= 0 && zoom <= 24 && Math.abs(lat) <= 85.06 && Math.abs(lon) <= 180;
  return right ? { zoom, lat, lon } : null;
}
