import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { en } from "./en";
import { languageOf, Words } from "./words";
import { zh } from "./zh";

const keys = Object.keys(zh) as (keyof typeof zh)[];

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    if (/locale\/((plan|stock|siting|parameter)\.)?(zh|en)\.ts$/.test(path)) return [];
    return /\.(ts|svelte)$/.test(entry.name) && !entry.name.endsWith(".test.ts") ? [readFileSync(path, "utf8")] : [];
  });
}

describe("the two languages", () => {
  it("have the same keys, none empty", () => {
    expect(Object.keys(en).sort()).toEqual([...keys].sort());
    for (const key of keys) expect([zh[key], en[key]].every((text) => text.trim() !== ""), key).toBe(true);
  });

  it("have the same places in every text", () => {
    const places = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();
    for (const key of keys) expect(places(en[key]), key).toEqual(places(zh[key]));
  });

  it("are not mixed: no Chinese in English texts except names", () => {
    const allowed = new Set(["app.language", "credit.linli"]);
    for (const key of keys) if (!allowed.has(key)) expect(en[key], key).not.toMatch(/\p{Script=Han}/u);
  });

  it("have no text that the page never shows", () => {
    const all = sources("src").join("\n");
    const built = /^(value|circle|need|status|layer|group|fact|theme|tab|layers|legend\.(unit|gate|plan)|sheet\.(derived|gaps)|profile|live|step|difference|figure|pathway|part|supply|equity|try\.(hint|did|tab|add|close|open|build)|sign|size|mode|level|measure|field|op|source|walkers|room|unit|term|stock\.(verdict|filter|col|by)|plan\.(tab|tool|hint|rule|said|figure|broken|status|import|op|mode|limit|part))[._]/;
    for (const key of keys) expect(built.test(key) || all.includes(`"${key}"`), `${key} is shown nowhere`).toBe(true);
  });

  it("have a text for every value of the data dictionary that the page shows", () => {
    const yaml = readFileSync("../data/dictionary.yaml", "utf8");
    const shown = ["tenure", "land_ownership", "ownership", "eligibility", "single_reason", "barrier", "persons_source", "finding", "access"];
    for (const column of shown) {
      const lines = yaml.split("\n").filter((line) => line.trim().startsWith(`${column}: {`) && line.includes("values: ["));
      expect(lines.length, column).toBeGreaterThan(0);
      for (const line of lines) {
        const values = /values: \[([^\]]*)\]/.exec(line)?.[1]?.split(",") ?? [];
        for (const value of values.map((one) => one.trim().replaceAll('"', ""))) {
          if (["customers", "private"].includes(value)) continue; // access of facilities: not shown
          expect(`value.${value}` in zh, `${column}: ${value}`).toBe(true);
        }
      }
    }
  });
});

describe("a year of a siting", () => {
  it("is the first where the service says 0, as in the form, the sentences and the export", () => {
    expect(new Words("zh").planYear(0)).toBe("第 1 年");
    expect(new Words("en").planYear(1)).toBe("Year 2");
  });
});

describe("money that is lost", () => {
  it("has its minus before the sign of the currency", () => {
    expect(new Words("en").yuan(-16_710_000)).toBe("−¥16.71 million");
    expect(new Words("zh").yuan(-16_710_000)).toBe("-1,671 万元");
  });
});

describe("a clause", () => {
  it("names its document in the reader's language, without the numbers of our own list", () => {
    expect(new Words("zh").clause("J07: S0 七3")).toBe("《可复制政策机制清单(第三批)》 七3");
    expect(new Words("zh").clause("J11, J12: S1 三(三), S2 四(一)")).toBe("宁波行动计划(征求意见稿) 三(三), 渝府办发〔2021〕82号 四(一)");
    expect(new Words("en").clause("民法典 278(9)")).toBe("民法典 278(9)");
  });
});

describe("steps of an analysis", () => {
  it("have a text each, as the engine names them", () => {
    const engine = readFileSync("../spatial/analysis/run.py", "utf8");
    const stages = /^STAGES: Final = \{\n([^}]*)\}/m.exec(engine)?.[1] ?? "";
    const names = [...stages.matchAll(/^ +"(\w+)":/gm)].map((match) => match[1]);
    expect(names.length).toBeGreaterThan(5);
    for (const name of names) expect(`step.${name}` in zh, name).toBe(true);
  });

  it("of a siting have one, too", () => {
    const files = ["../spatial/siting", "../app"].flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".py")).map((name) => `${folder}/${name}`));
    const told = files.flatMap((file) => [...readFileSync(file, "utf8").matchAll(/(?:tell|progress)\(\s*"(siting_\w+)"/g)].map((match) => match[1]!));
    expect(new Set(told).size).toBeGreaterThan(5);
    for (const name of told) expect(`step.${name}` in zh, name).toBe(true);
  });
});

describe("words", () => {
  const [chinese, english] = [new Words("zh"), new Words("en")];

  it("say unknown for what is missing, never 0 or no", () => {
    for (const say of [chinese.number, chinese.metres, chinese.area, chinese.share, chinese.value]) expect(say(null)).toBe("未知");
    expect(english.number(NaN)).toBe("unknown");
    expect(english.metres(0)).toBe("0 m");
  });

  it("carry units, and change to the larger one in time", () => {
    expect(chinese.metres(640.4)).toBe("640 米");
    expect(english.metres(12_340)).toBe("12.3 km");
    expect(chinese.area(820)).toBe("820 平方米");
    expect(english.area(25_000)).toBe("2.5 ha");
    expect(english.area(3_400_000)).toBe("3.4 km²");
    expect(english.share(0.125)).toBe("13 %");
  });

  it("fill places, and leave alone what is not given", () => {
    expect(english.t("rank.count_of", { n: 3, total: 100 })).toBe("3 of 100 neighbourhoods");
    expect(english.t("rank.count_of", { n: 3 })).toContain("{total}");
  });

  it("start in Chinese unless the browser asks for English first", () => {
    expect(languageOf(["zh-TW", "en"])).toBe("zh");
    expect(languageOf(["en-GB", "zh-CN"])).toBe("en");
    expect(languageOf(["de-DE"])).toBe("zh");
    expect(languageOf([])).toBe("zh");
  });
});
