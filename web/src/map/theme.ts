/** What colours the neighbourhoods: paint for the map and classes for the legend, from one source. */

import type { DataDrivenPropertyValueSpecification, ExpressionSpecification } from "maplibre-gl";

import type { GapStatus } from "../api/types";
import type { Theme } from "../state/mode";
import {
  AGE_BREAKS,
  AGE_COLOURS,
  DIFFERENCE_COLOURS,
  DISTRICT_COLOURS,
  ELIGIBILITY_COLOURS,
  GAP_COLOURS,
  HEAT_COLOURS,
  NO_DATA,
  PRIORITY_COLOURS,
  STATUS_COLOURS,
} from "./palette";
import type { PatternName } from "./patterns";

type Colour = DataDrivenPropertyValueSpecification<string>;

/** A number of the tile, or that of the scenario where it changes it. */
const ofScenario = (property: string): unknown[] => ["coalesce", ["feature-state", property], ["get", property]];

/** How many must-haves more are missing than today (or than in the scenario compared with). */
export const difference = ["coalesce", ["feature-state", "diff"], 0] as unknown as ExpressionSpecification;

/** A colour by classes of a number; features without the number get the colour of "no data". */
function stepped(property: string, breaks: readonly number[], colours: readonly string[]): ExpressionSpecification {
  const steps = breaks.flatMap((limit, at) => [limit, colours[at + 1] ?? NO_DATA]);
  const value = ofScenario(property);
  return ["case", ["==", value, null], NO_DATA, ["step", ["to-number", value], colours[0], ...steps]] as unknown as ExpressionSpecification;
}

function matched(value: ExpressionSpecification, colours: Record<string, string>): ExpressionSpecification {
  return ["match", value, ...Object.entries(colours).flat(), NO_DATA] as unknown as ExpressionSpecification;
}

export const districtColour = [
  "case",
  ["has", "colour"],
  ["match", ["%", ["to-number", ["get", "colour"]], 6], ...DISTRICT_COLOURS.flatMap((colour, at) => [at, colour]), NO_DATA],
  NO_DATA,
] as unknown as ExpressionSpecification;

/** Far out, a large city's neighbourhoods come as areas of like need, which know their gap index alone. */
const OVERVIEW = "#d9d2c2";
const notFarOut = (colour: ExpressionSpecification): ExpressionSpecification =>
  ["case", ["has", "overview"], OVERVIEW, colour] as unknown as ExpressionSpecification;

export function neighbourhoodColour(theme: Theme, breaks: readonly number[]): Colour {
  switch (theme.kind) {
    case "gap_index":
      return stepped("gap_index", breaks, GAP_COLOURS);
    case "priority":
      return notFarOut(stepped("priority", breaks, PRIORITY_COLOURS));
    case "year_built":
      return notFarOut(stepped("year_built", AGE_BREAKS, AGE_COLOURS));
    case "eligibility":
      return notFarOut(matched(["coalesce", ["get", "eligibility"], "unknown"], ELIGIBILITY_COLOURS));
    case "facility":
      return notFarOut(matched(["coalesce", ["feature-state", "status"], "unknown"], STATUS_COLOURS));
    case "districts":
      return notFarOut(districtColour);
    case "difference": {
      const [much, better, same, worse, worst] = DIFFERENCE_COLOURS;
      const steps = ["step", difference, much, -1, better, 0, same, 1, worse, 2, worst];
      return notFarOut(steps as unknown as ExpressionSpecification);
    }
    case "heatmap":
    case "none":
      return "#cfc6b4";
  }
}

const classOf = (value: number, breaks: readonly number[], colours: readonly string[]): string =>
  colours[breaks.filter((limit) => value >= limit).length] ?? NO_DATA;

/** What a scenario may make different of a neighbourhood. */
export interface PlaceValues {
  gap_index: number | null;
  priority: number | null;
  status: GapStatus | null;
  diff: number;
}

/** The colour that `neighbourhoodColour` comes to; null where no scenario changes it. */
export function colourOfPlace(theme: Theme, breaks: readonly number[], { gap_index, priority, status, diff }: PlaceValues): string | null {
  if (theme.kind === "gap_index") return gap_index === null ? NO_DATA : classOf(gap_index, breaks, GAP_COLOURS);
  if (theme.kind === "priority") return priority === null ? NO_DATA : classOf(priority, breaks, PRIORITY_COLOURS);
  if (theme.kind === "facility") return STATUS_COLOURS[status ?? "unknown"];
  if (theme.kind === "difference") return classOf(diff, [-1, 0, 1, 2], DIFFERENCE_COLOURS);
  return null;
}

/** The colour that `heatColour` comes to for one cell. */
export const colourOfCell = (breaks: readonly number[], person_gaps: number): string => classOf(person_gaps, breaks, HEAT_COLOURS);

/** Far out, the server sends squares of 16 × 16, then 4 × 4 cells with their sum: those are coloured by their mean cell. */
export function heatColour(breaks: readonly number[]): Colour {
  const steps = breaks.flatMap((limit, at) => [limit, HEAT_COLOURS[at + 1] ?? NO_DATA]);
  const colour = (cells: number): unknown[] => {
    const sum = ["to-number", ofScenario("person_gaps")];
    return ["step", ["/", sum, ["case", ["has", "overview"], cells, 1]], HEAT_COLOURS[0], ...steps];
  };
  return ["step", ["zoom"], colour(256), 10, colour(16)] as unknown as ExpressionSpecification;
}

export const fillWeight = (theme: Theme, faint: boolean): number => (theme.kind === "heatmap" || theme.kind === "none" ? 0.12 : faint ? 0.3 : 0.74);
export const HEAT_WEIGHT = 0.72;

/** How strongly the neighbourhoods are filled: fainter when something else is to be read. */
export function neighbourhoodOpacity(theme: Theme, faint: boolean): DataDrivenPropertyValueSpecification<number> {
  const full = fillWeight(theme, faint);
  return ["case", ["boolean", ["feature-state", "hover"], false], Math.min(1, full + 0.16), full];
}

/** The pattern that stands on the colour, by property; null when the theme has none. */
export function patternRule(theme: Theme): { property: string; patterns: Record<string, PatternName> } | null {
  if (theme.kind === "eligibility") return { property: "eligibility", patterns: { excluded: "hatch", unknown: "dots" } };
  return null;
}

export interface LegendClass {
  colour: string;
  pattern?: PatternName;
  /** A class of a number has limits; a named class has the key of its name. */
  from?: number | null;
  to?: number | null;
  name?: string;
}

export interface Legend {
  title: string;
  unit: "share" | "index" | "year" | "person_gaps" | null;
  classes: LegendClass[];
}

function ranges(breaks: readonly number[], colours: readonly string[]): LegendClass[] {
  return colours.map((colour, at) => ({ colour, from: breaks[at - 1] ?? null, to: breaks[at] ?? null }));
}

const NOTHING_KNOWN: LegendClass = { colour: NO_DATA, name: "legend.no_data" };

export function legendOf(theme: Theme, breaks: readonly number[]): Legend | null {
  switch (theme.kind) {
    case "gap_index":
      return { title: "theme.gap_index", unit: "share", classes: [...ranges(breaks, GAP_COLOURS), NOTHING_KNOWN] };
    case "priority":
      return { title: "theme.priority", unit: "index", classes: [...ranges(breaks, PRIORITY_COLOURS), NOTHING_KNOWN] };
    case "year_built":
      return { title: "theme.year_built", unit: "year", classes: [...ranges(AGE_BREAKS, AGE_COLOURS), NOTHING_KNOWN] };
    case "heatmap":
      return { title: "theme.heatmap", unit: "person_gaps", classes: ranges(breaks, HEAT_COLOURS) };
    case "difference":
      return {
        title: "theme.difference",
        unit: null,
        classes: (["much_better", "better", "same", "worse", "much_worse"] as const).map((name, at) => ({
          colour: DIFFERENCE_COLOURS[at] ?? NO_DATA,
          name: `difference.${name}`,
        })),
      };
    case "eligibility":
      return {
        title: "theme.eligibility",
        unit: null,
        classes: (["eligible", "conditional", "excluded", "unknown"] as const).map((name) => {
          const pattern = patternRule(theme)?.patterns[name];
          return { colour: ELIGIBILITY_COLOURS[name], name: `value.${name}`, ...(pattern ? { pattern } : {}) };
        }),
      };
    case "facility":
      return {
        title: "theme.facility",
        unit: null,
        classes: (["missing", "present", "unknown"] as const).map((name) => ({
          colour: STATUS_COLOURS[name],
          name: `status.${name}`,
        })),
      };
    case "districts":
      return {
        title: "theme.districts",
        unit: null,
        classes: [
          { colour: NO_DATA, name: "legend.single" },
        ],
      };
    case "none":
      return null;
  }
}
