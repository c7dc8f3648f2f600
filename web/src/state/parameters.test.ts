import { describe, expect, it } from "vitest";

import { Words } from "../locale/words";
import { byRoom, shownParameter, type ParameterWords } from "./parameters";

const words = new Words("zh");
const told: ParameterWords = { name: words.term, unit: words.unit, number: words.number, yes: "是", no: "否", comma: "、", count: (n) => words.t("parameter.rows", { n }), pick: words.pick };
const shown = (value: unknown, unit: string | null = null) => shownParameter({ value, unit }, told);

describe("a parameter", () => {
  it("is told with its unit in the reader's language", () => {
    expect(shown(40, "m").text).toBe("40 米");
    expect(shown(12000, "yuan/m2").text).toBe("12,000 元/平方米");
    expect(shown(true).text).toBe("是");
    expect(shown(1.5).text).toBe("1.5");
  });

  it("is a percentage where it is a share, and a year where it is a year", () => {
    expect(shown(0.25, "share").text).toBe("25 %");
    expect(shown([1 / 3, 2 / 3, 1], "share").text).toBe("33.33 – 66.67 – 100 %");
    expect(shown(2000, "year").text).toBe("2000");
  });

  it("lists what stands in words, each by its name", () => {
    expect(shown(["care", "motorway"]).text).toBe("养老托育、motorway");
  });

  it("is a table where it holds a figure for each of many; nothing is an object", () => {
    const { text, lines } = shown({ care: 4200, health: 4600, office: null }, "yuan/m2");
    expect(text).toBe("2 项");
    expect(lines).toEqual([
      { name: "养老托育", text: "4,200 元/平方米" },
      { name: "医疗", text: "4,600 元/平方米" },
    ]);
    const nested = shown({ lease: { rents: true, fixed_yuan: 15000, terms: { a: { b: 1 } } }, city: { zh: "市级财政资金", en: "city budget", rank: 43 }, only: { deep: { deeper: {} } } }).lines;
    expect(nested.map((line) => line.text)).toEqual(["付租金 是、固定费用(元) 15,000", "市级财政资金", "1 项"]);
    expect(shown([["waste_yard", "care"]]).lines).toEqual([{ name: "", text: "垃圾收运场地、养老托育" }]);
  });

  it("stands with those of its room, unless it is not set", () => {
    const one = { room: "walking", key: "a", value: 1, unit: null, zh: "甲", en: "a", source: null, confidence: null };
    expect(byRoom([one, { ...one, room: "gaps", key: "b" }, { ...one, key: "c" }, { ...one, key: "d", value: null }]).map(([room, rows]) => [room, rows.map((row) => row.key)])).toEqual([
      ["walking", ["a", "c"]],
      ["gaps", ["b"]],
    ]);
  });
});
