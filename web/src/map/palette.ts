/** The colours of the map. Sequences grow darker one way only; classes also differ by pattern or sign. */

import type { EligibilityClass, GapStatus } from "../api/types";

/** Light to dark, six steps: how much is missing. */
export const GAP_COLOURS = ["#fbf3d9", "#f6d894", "#eab355", "#d4852f", "#aa551d", "#733012"] as const;

/** Light to dark, six steps: people who miss something. */
export const HEAT_COLOURS = ["#f4e9f1", "#e0bfd9", "#c78dbb", "#a55b99", "#7a3577", "#4b1a50"] as const;

/** Light to dark, six steps: what is to be renewed first. */
export const PRIORITY_COLOURS = ["#e8f2ee", "#bfddd4", "#8dc2bb", "#559da1", "#2c7080", "#143f55"] as const;

/** Old to new. */
export const AGE_COLOURS = ["#6b3d2e", "#a8694a", "#d3a97d", "#e8dcc4", "#b9cdd0", "#7ba3ad"] as const;
export const AGE_BREAKS = [1980, 1990, 2000, 2005, 2015] as const;

/** Six district colours, told apart by the colour-blind too; neighbours get different ones from the server. */
export const DISTRICT_COLOURS = ["#4f86ab", "#d9a23b", "#5b9c84", "#b9799f", "#c8704f", "#8b8a5e"] as const;

export const ELIGIBILITY_COLOURS: Record<EligibilityClass, string> = {
  eligible: "#2f8070",
  conditional: "#d9a23b",
  excluded: "#8f8b84",
  unknown: "#e3ddd0",
};

export const STATUS_COLOURS: Record<GapStatus, string> = {
  missing: "#b5482a",
  present: "#8dbcae",
  unknown: "#e3ddd0",
};

/** Much better, better, as today, worse, much worse: blue to red, which the colour-blind tell apart. */
export const DIFFERENCE_COLOURS = ["#2166ac", "#8fc0dd", "#efece4", "#f2a583", "#b2182b"] as const;

/** What a scenario adds, opens, builds; and what it closes. */
export const TRIED = { new: "#6a1b9a", closed: "#b2182b", halo: "#ffffff" } as const;

/** Life circles: the nearest is the darkest; each has its own dash as well. */
export const CIRCLE_STYLES = {
  c5: { colour: "#0f4c5c", dash: [1, 0] },
  c10: { colour: "#2c7a8b", dash: [4, 1.5] },
  c15: { colour: "#6aa9b5", dash: [1.5, 1.5] },
  block: { colour: "#0b3640", dash: [1, 0] },
} as const;

/** Stock by where it comes from; candidates also wear hatching and dashes. */
export const STOCK_COLOURS = { registered: "#6d4ea2", candidate: "#b39ad6" } as const;

/** The colour of one asset in the list, and on the map where the tiles do not know it. */
export const assetColour = ({ source, pathway }: { source: string; pathway: string | null }, by: "source" | "pathway"): string =>
  by === "source" ? STOCK_COLOURS[source === "registered" ? "registered" : "candidate"] : (PATHWAY_COLOURS[pathway ?? "none"] ?? PATHWAY_COLOURS.none!);

/** Rows of the decision table, told apart by the colour-blind too; close by, the row's number stands on the asset. */
export const PATHWAY_COLOURS: Readonly<Record<string, string>> = {
  F21: "#0072b2",
  F22: "#7cc3ec",
  F23: "#009e73",
  F24: "#e69f00",
  F26: "#d55e00",
  F27: "#cc79a7",
  F28: "#efe35c",
  none: "#cfc8b8",
};

/** Chosen sites and what is asked of an asset. */
export const SITING = { site: "#0b3640", halo: "#ffd24d", must: "#b45f06", banned: "#6f675a", line: "#0b3640", served: "#2f7fa3" } as const;

/** Gates: who may pass. */
export const GATE_STYLES = {
  public: { edge: "#0f4c5c", fill: "#ffffff" },
  residents: { edge: "#a8694a", fill: "#ffffff" },
  closed: { edge: "#b5482a", fill: "#b5482a" },
} as const;

export const NO_DATA = "#e3ddd0";

export const GROUND = {
  paper: "#f5f2ea",
  water: "#c9dde3",
  waterLine: "#a9c8d1",
  green: "#dbe6cd",
  street: "#ffffff",
  streetEdge: "#d8d1c2",
  path: "#cfc6b4",
  rail: "#8f8b84",
  building: "#6f675a",
  wall: "#6e4a3a",
  admin: "#7d7566",
  ink: "#1d2b30",
  halo: "#fbf9f4",
  select: "#10343c",
  link: "#b5482a",
} as const;

/** Limits between six classes at round fifths of the data (quantiles rounded to `step`), rising and distinct. */
export function classBreaks(values: readonly number[], step: number): number[] {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  const breaks: number[] = [];
  for (let fifth = 1; fifth <= 5; fifth++) {
    const at = sorted[Math.floor(((sorted.length - 1) * fifth) / 6)];
    const round = at === undefined ? fifth * step : Math.round(at / step) * step;
    const last = breaks.at(-1) ?? 0;
    breaks.push(Number(Math.max(round, last + step).toFixed(6)));
  }
  return breaks;
}

/** Limits between six classes at sixths of the data, each rounded to one figure that reads well (1, 2, 3, 5 × 10ⁿ). */
export function roundBreaks(values: readonly number[]): number[] {
  const sorted = values.filter((value) => value > 0).sort((a, b) => a - b);
  const breaks: number[] = [];
  for (let sixth = 1; sixth <= 5; sixth++) {
    const at = sorted[Math.floor(((sorted.length - 1) * sixth) / 6)] ?? 10 * sixth;
    const last = breaks.at(-1) ?? 0;
    let round = readable(at);
    for (let more = at; round <= last; more = Math.max(more, round) * 1.1) round = readable(more * 1.1);
    breaks.push(round);
  }
  return breaks;
}

function readable(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const digit = [1, 1.5, 2, 3, 4, 5, 6, 8, 10].reduce((best, one) =>
    Math.abs(one - value / power) < Math.abs(best - value / power) ? one : best,
  );
  return Number((digit * power).toPrecision(3));
}
