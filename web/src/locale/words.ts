/** The page's words and numbers in the reader's language. */

import type { Language } from "../state/mode";
import type { SitingStatus } from "../api/sitingTypes";
import { en } from "./en";
import { type MessageKey, zh } from "./zh";

export const MESSAGES: Record<Language, Record<MessageKey, string>> = { zh, en };
export const HTML_LANGUAGE: Record<Language, string> = { zh: "zh-CN", en: "en" };

type Values = Record<string, string | number>;

export class Words {
  private readonly numbers: Intl.NumberFormat;
  private readonly whole: Intl.NumberFormat;
  /** One per number of digits: making one takes longer than a thousand texts, and a list of districts has thousands. */
  private readonly formats = new Map<number, Intl.NumberFormat>();

  constructor(readonly language: Language) {
    this.numbers = this.format(1);
    this.whole = this.format(0);
  }

  private format(digits: number): Intl.NumberFormat {
    let found = this.formats.get(digits);
    if (!found) this.formats.set(digits, (found = new Intl.NumberFormat(HTML_LANGUAGE[this.language], { maximumFractionDigits: digits })));
    return found;
  }

  /** The text of a key, its `{places}` filled. */
  readonly t = (key: MessageKey, values: Values = {}): string =>
    MESSAGES[this.language][key].replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place));

  /** The text of a value of the data dictionary; a value without one is shown as it is. */
  readonly value = (value: string | null | undefined): string => {
    if (value === null || value === undefined || value === "") return this.t("app.unknown");
    const key = `value.${value}`;
    return key in zh ? this.t(key as MessageKey) : value;
  };

  /** What may be done with a stock asset, in a word; the row of the decision table stands beside it. */
  readonly pathway = (row: string): string => (`pathway.${row}` in zh ? this.t(`pathway.${row}` as MessageKey) : row);

  /** By what a candidate was found; a sign without a text is shown by its own name. */
  readonly sign = (sign: string): string => (`sign.${sign}` in zh ? this.t(`sign.${sign}` as MessageKey) : sign);

  /** A figure behind the evidence, as `inscribed_m`: its name, and the unit that its ending tells. */
  readonly measure = (name: string): string => (`measure.${name}` in zh ? this.t(`measure.${name}` as MessageKey) : name.replaceAll("_", " "));

  /** A column of the register: in words of its own where it has them, else those of the data dictionary. */
  readonly field = (column: { name: string; zh: string; en: string }): string =>
    `field.${column.name}` in zh ? this.t(`field.${column.name}` as MessageKey) : this.pick(column);

  /** What is known of how good a plan is: never more than what is proven. */
  readonly sure = ({ status, gap_share }: { status: SitingStatus; gap_share: number | null }): string => {
    if (status === "proven_optimal") return this.t("siting.proven");
    if (status === "cancelled" && gap_share === null) return this.t("siting.cancelled");
    if (gap_share === null || status === "no_bound") return this.t("siting.no_bound");
    const share = 100 * gap_share;
    // Rounded up: what is said is what holds.
    const digits = share < 1 ? 2 : 1;
    return this.t("siting.within", { share: (Math.ceil(share * 10 ** digits) / 10 ** digits).toFixed(digits) });
  };

  /** A year of a siting: the service counts from 0, people from 1. */
  readonly planYear = (year: number): string => this.t("siting.year", { n: year + 1 });

  readonly size = (size: string): string => (`size.${size}` in zh ? this.t(`size.${size}` as MessageKey) : size);
  readonly mode = (mode: string): string => (`mode.${mode}` in zh ? this.t(`mode.${mode}` as MessageKey) : mode.replaceAll("_", " "));
  readonly level = (level: string): string => (`level.${level}` in zh ? this.t(`level.${level}` as MessageKey) : level);

  /** A unit, or a word, of a parameter; one without a text is shown as it is. */
  readonly unit = (unit: string): string => (`unit.${unit}` in zh ? this.t(`unit.${unit}` as MessageKey) : unit);
  readonly term = (term: string): string => (`term.${term}` in zh ? this.t(`term.${term}` as MessageKey) : `value.${term}` in zh ? this.t(`value.${term}` as MessageKey) : `sign.${term}` in zh ? this.t(`sign.${term}` as MessageKey) : term);
  /** The room of the engine that a parameter steers. */
  readonly room = (room: string): string => (`room.${room}` in zh ? this.t(`room.${room}` as MessageKey) : room);

  /** What was done to an asset. */
  readonly op = (op: string): string => (`op.${op}` in zh ? this.t(`op.${op}` as MessageKey) : op);

  /** What an analysis is doing; a step without a text is shown by its own name. */
  readonly step = (name: string | null): string =>
    name === null ? "" : `step.${name}` in zh ? this.t(`step.${name}` as MessageKey) : name;

  /** The name of a policy profile; a city's own profile is shown by its id. */
  readonly profile = (id: string): string => (`profile.${id}` in zh ? this.t(`profile.${id}` as MessageKey) : id);

  /** Names of columns, from a text with commas; a column without one is shown by its own name. */
  readonly columns = (text: string, names: ReadonlyMap<string, { zh: string; en: string }>): string =>
    text
      .split(",")
      .map((name) => name.trim())
      .filter(Boolean)
      .map((name) => names.get(name)?.[this.language] ?? name)
      .join(this.language === "zh" ? "、" : ", ");

  /** A clause with the documents by their names; the numbers of our own list of requirements are left out. */
  readonly clause = (text: string): string =>
    text
      .replace(/\b[A-Z]\d{2}(?:\s*[,–、-]\s*[A-Z]?\d{2})*(?::\s*|$)/g, "")
      .replace(/\b(S[0-4])\b\s*/g, (_, code: string) => `${this.t(`source.${code}` as MessageKey)} `)
      .trim();

  /** One of a pair `{zh, en}`. */
  readonly pick = (pair: { zh: string; en: string }): string => pair[this.language];

  readonly number = (value: number | null | undefined, digits = 0): string => {
    if (value === null || value === undefined || !Number.isFinite(value)) return this.t("app.unknown");
    return this.format(digits).format(value);
  };

  readonly metres = (value: number | null | undefined): string => {
    if (value === null || value === undefined) return this.t("app.unknown");
    if (value >= 10_000) return `${this.numbers.format(value / 1000)} ${this.language === "zh" ? "公里" : "km"}`;
    return `${this.whole.format(Math.round(value))} ${this.language === "zh" ? "米" : "m"}`;
  };

  /** Square metres, as hectares from one hectare on. */
  readonly area = (value: number | null | undefined): string => {
    if (value === null || value === undefined) return this.t("app.unknown");
    if (value >= 1_000_000) return `${this.numbers.format(value / 1_000_000)} ${this.language === "zh" ? "平方公里" : "km²"}`;
    if (value >= 10_000) return `${this.numbers.format(value / 10_000)} ${this.language === "zh" ? "公顷" : "ha"}`;
    return `${this.number(value)} ${this.language === "zh" ? "平方米" : "m²"}`;
  };

  readonly persons = (value: number | null | undefined): string =>
    value === null || value === undefined ? this.t("app.unknown") : this.t("stock.persons", { n: this.number(value) });

  /** Money, in ten thousands (Chinese) or thousands and millions (English). */
  readonly yuan = (value: number | null | undefined): string => {
    if (value === null || value === undefined || !Number.isFinite(value)) return this.t("app.unknown");
    const size = Math.abs(value);
    if (this.language === "zh") return size >= 1e8 ? `${this.number(value / 1e8, 2)} 亿元` : size >= 1e4 ? `${this.number(value / 1e4, size >= 1e6 ? 0 : 1)} 万元` : `${this.number(value)} 元`;
    return `${value < 0 ? "−" : ""}¥${size >= 1e6 ? `${this.number(size / 1e6, 2)} million` : this.number(size)}`;
  };

  readonly share = (value: number | null | undefined): string => {
    if (value === null || value === undefined) return this.t("app.unknown");
    return `${Math.round(value * 100)} %`;
  };

  readonly minutes = (seconds: number | null | undefined): string =>
    seconds === null || seconds === undefined ? "" : this.t("sheet.minutes", { n: Math.max(1, Math.round(seconds / 60)) });
}

/** The language a reader wants who has not chosen one: Chinese, unless the browser prefers another language only. */
export function languageOf(preferred: readonly string[]): Language {
  const first = preferred.find((tag) => /^(zh|en)\b/i.test(tag));
  return first === undefined || /^zh/i.test(first) ? "zh" : "en";
}
