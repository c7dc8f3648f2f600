import { describe, expect, test, vi } from "vitest";

import { Problem } from "../api/client";
import type { Edit, EditAnswer } from "../api/planTypes";
import { Outbox, type Sending } from "./outbox";

const edit = (id: string): Edit => ({ id, op: "assign", units: ["N1"], district: "D1", author: "王工", reason: "" });
const answer = (seq: number): EditAnswer => ({ seq, head: seq, changes: [], districts: [], fragments: [], broken: [], flips: [], rebased_from: null, skipped: [], undo: seq, redo: null });

function office(send: Sending["send"], kept: string | null = null) {
  let text = kept;
  const did: string[] = [];
  let head = 7;
  const outbox = new Outbox(
    {
      send,
      head: () => head,
      acknowledged: (one, { head: now }) => {
        head = now;
        did.push(`kept ${one.id}`);
      },
      conflict: (one) => did.push(`conflict ${one.id}`),
      refused: (one) => did.push(`refused ${one.id}`),
    },
    { read: () => text, write: (now) => (text = now) },
    [1],
  );
  return { outbox, did, shelf: () => text };
}

describe("edits on their way", () => {
  test("go one after the other, each with the head that the one before left", async () => {
    const heads: number[] = [];
    const { outbox, did, shelf } = office(async (_, head) => (heads.push(head), answer(head + 1)));
    outbox.put(edit("a"));
    outbox.put(edit("b"));
    await vi.waitFor(() => expect(did).toEqual(["kept a", "kept b"]));
    expect(heads).toEqual([7, 8]);
    expect(shelf()).toBeNull();
  });

  test("are kept while the server is away, and sent again with the same id", async () => {
    let tries = 0;
    const { outbox, did, shelf } = office(async (_, head) => {
      if (++tries < 3) throw new Problem(0, "offline", "", "");
      return answer(head + 1);
    });
    const stuck: string[] = [];
    outbox.stuck.subscribe((now) => stuck.push(`${now} ${shelf()?.includes('"a"') ?? false}`));
    outbox.put(edit("a"));
    await vi.waitFor(() => expect(did).toEqual(["kept a"]));
    expect(stuck).toContain("true true");
    expect(tries).toBe(3);
    expect(outbox.stuck.value).toBe(false);
  });

  test("outlive a reload of the page", async () => {
    const { outbox, did } = office(async (_, head) => answer(head + 1), JSON.stringify([edit("left")]));
    expect(outbox.waiting.value).toHaveLength(1);
    await outbox.run();
    expect(did).toEqual(["kept left"]);
  });

  test("stop at a conflict until it is settled; one that is refused goes, the next is sent", async () => {
    let settled = false;
    const { outbox, did } = office(async ({ id }, head) => {
      if (id === "a" && !settled) throw new Problem(412, "stale", "", "");
      if (id === "b") throw new Problem(409, "edit-refused", "", "");
      return answer(head + 1);
    });
    outbox.put(edit("a"));
    outbox.put(edit("b"));
    outbox.put(edit("c"));
    await vi.waitFor(() => expect(did).toEqual(["conflict a"]));
    await outbox.run();
    expect(did).toEqual(["conflict a"]);
    settled = true;
    outbox.resume();
    await vi.waitFor(() => expect(did).toEqual(["conflict a", "kept a", "refused b", "kept c"]));
  });

  test("a shelf that holds rubbish is an empty one", () => {
    expect(office(async () => answer(1), "{").outbox.waiting.value).toEqual([]);
    expect(office(async () => answer(1), '[{"x": 1}]').outbox.waiting.value).toEqual([]);
  });
});
