/** Parameters as they are read: a figure with its unit, a list, or a table of names and figures. Pure. */

import type { Parameter } from "../api/types";

export interface ParameterLine {
  name: string;
  text: string;
}

/** What is shown of a value: a text, or lines where it holds something for each of many. */
export interface ParameterShown {
  text: string;
  lines: readonly ParameterLine[];
}

/** How words and figures are told; what has no word of its own is told as it is. */
export interface ParameterWords {
  name(id: string): string;
  unit(unit: string): string;
  number(value: number, digits: number): string;
  readonly yes: string;
  readonly no: string;
  /** Between the members of a list. */
  readonly comma: string;
  count(n: number): string;
  pick(pair: { zh: string; en: string }): string;
}

/** Units whose figures are names rather than amounts: neither grouped in thousands nor followed by the unit. */
const NAMED: readonly string[] = ["year", "code"];
const DIGITS = 4;

type Rows = Readonly<Record<string, unknown>>;
const isTable = (value: unknown): value is Rows => typeof value === "object" && value !== null && !Array.isArray(value);

/** Tell a parameter's value. */
export function shownParameter({ value, unit }: Pick<Parameter, "value" | "unit">, words: ParameterWords): ParameterShown {
  const table = isTable(value) ? Object.entries(value) : Array.isArray(value) && value.some((one) => Array.isArray(one)) ? value.map((one, at): [string, unknown] => [String(at + 1), one]) : null;
  if (table === null) return { text: flat(value, unit, words), lines: [] };
  const named = isTable(value);
  const lines = table.filter(([, one]) => one !== null).map(([id, one]) => ({ name: named ? words.name(id) : "", text: flat(one, unit, words) }));
  return { text: words.count(lines.length), lines };
}

function flat(value: unknown, unit: string | null, words: ParameterWords): string {
  if (typeof value === "boolean") return value ? words.yes : words.no;
  if (typeof value === "number") return withUnit([figure(value, unit, words)], unit, words);
  if (typeof value === "string") return words.name(value);
  if (Array.isArray(value)) {
    if (value.length > 0 && value.every((one) => typeof one === "number")) return withUnit(value.map((one: number) => figure(one, unit, words)), unit, words);
    return value.map((one) => flat(one, null, words)).join(words.comma);
  }
  if (isTable(value)) {
    const { zh, en } = value;
    if (typeof zh === "string" && typeof en === "string") return words.pick({ zh, en });
    const told = Object.entries(value).filter(([, one]) => one !== null && !isTable(one));
    if (told.length === 0) return words.count(Object.keys(value).length);
    return told.map(([id, one]) => `${words.name(id)} ${flat(one, null, words)}`).join(words.comma);
  }
  return "–";
}

function figure(value: number, unit: string | null, words: ParameterWords): string {
  if (unit !== null && NAMED.includes(unit)) return String(value);
  return unit === "share" ? words.number(100 * value, 2) : words.number(value, Math.abs(value) < 0.001 ? 8 : DIGITS);
}

function withUnit(figures: readonly string[], unit: string | null, words: ParameterWords): string {
  const joined = figures.join(" – ");
  if (unit === null || unit === "1" || NAMED.includes(unit)) return joined;
  return `${joined} ${unit === "share" ? "%" : words.unit(unit)}`;
}

/** Parameters by the room of the engine that they steer, in the order in which they come. */
export function byRoom(parameters: readonly Parameter[]): [string, Parameter[]][] {
  const rooms = new Map<string, Parameter[]>();
  for (const one of parameters) {
    if (one.value === null) continue;
    const before = rooms.get(one.room);
    if (before) before.push(one);
    else rooms.set(one.room, [one]);
  }
  return [...rooms];
}
