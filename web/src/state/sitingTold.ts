/** Records of the engine in words: texts as they are given, figures with the unit that their name ends with. Pure. */

import type { Row } from "../api/sitingTypes";
import type { Words } from "../locale/words";

export interface Told {
  name: string;
  text: string;
}

const SILENT = /^(zh|en|clause|option|asset|kind|id|rule|.*_(zh|en|id))$/;

/** One figure, with its unit. */
export function toldValue(name: string, value: unknown, words: Words): string {
  if (value === null || value === undefined || value === "") return words.t("app.unknown");
  if (typeof value === "number") {
    if (name.endsWith("_yuan")) return words.yuan(value);
    if (name.endsWith("_share")) return words.share(value);
    if (name.endsWith("_m2")) return words.area(value);
    if (name.endsWith("_m")) return words.metres(value);
    if (name.includes("persons")) return words.persons(value);
    return words.number(value, Math.abs(value) < 10 ? 2 : 0);
  }
  if (typeof value === "boolean") return words.t(value ? "stock.yes" : "stock.no");
  return typeof value === "string" ? words.value(value) : JSON.stringify(value);
}

/** A record as lines: its own sentence, where it has one, says it all. */
export function toldRow(row: Row, words: Words): Told[] {
  const sentence = row[words.language];
  const lines = Object.entries(row)
    .filter(([name, value]) => !SILENT.test(name) && value !== null && value !== undefined && typeof value !== "object")
    .map(([name, value]) => ({ name: words.measure(name), text: toldValue(name, value, words) }));
  return typeof sentence === "string" && sentence !== "" ? [{ name: "", text: sentence }] : lines;
}
