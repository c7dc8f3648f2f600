import { describe, expect, it } from "vitest";

import type { Change } from "../api/types";
import { begin, decodeChanges, edit, encodeChanges, freshId, NO_EDITS, redo, undo, without } from "./edits";

const ADD: Change = { op: "add_facility", id: "new-1", kind: "幼儿园", lon: 121.5, lat: 29.8 };
const CLOSE: Change = { op: "close_facility", id: "way/7" };

describe("edits", () => {
  it("are undone and done again in order, and a new one ends what could be done again", () => {
    const one = edit(NO_EDITS, [ADD]);
    const two = edit(one, [ADD, CLOSE]);
    expect(undo(two).now).toEqual([ADD]);
    expect(undo(undo(two)).now).toEqual([]);
    expect(redo(undo(two))).toEqual(two);
    expect(redo(edit(undo(two), [CLOSE])).now).toEqual([CLOSE]);
    expect(undo(begin([ADD])).now).toEqual([ADD]);
  });

  it("lose with an added facility what was done to it", () => {
    const resized: Change = { op: "resize_facility", id: "new-1", capacity: 90 };
    expect(without([ADD, CLOSE, resized], 0)).toEqual([CLOSE]);
    expect(without([ADD, CLOSE, resized], 1)).toEqual([ADD, resized]);
  });

  it("give every added facility an id of its own", () => {
    expect(freshId([])).toBe("new-1");
    expect(freshId([ADD, CLOSE])).toBe("new-2");
  });

  it("go into an address and come back, unless they are too long or none", () => {
    expect(decodeChanges(encodeChanges([ADD, CLOSE]) ?? "")).toEqual([ADD, CLOSE]);
    expect(encodeChanges([ADD, CLOSE])).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(encodeChanges(Array<Change>(40).fill(ADD))).toBeNull();
    for (const text of ["", "xx", "!!", btoa("{}"), btoa('[{"a":1}]')]) expect(decodeChanges(text)).toBeNull();
  });
});
