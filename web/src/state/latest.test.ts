import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Latest } from "./latest";

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function asked(duration: (input: number) => number, patience?: number, rest?: number) {
  const begun: number[] = [];
  const answered: number[] = [];
  const failed: unknown[] = [];
  const latest = new Latest<number, number>(
    async (input, signal) => {
      begun.push(input);
      await wait(duration(input));
      if (signal.aborted) throw new DOMException("", "AbortError");
      if (input < 0) throw new Error("no");
      return input;
    },
    (output) => answered.push(output),
    (reason) => failed.push(reason),
    patience,
    rest,
  );
  return { latest, begun, answered, failed };
}

describe("the newest question", () => {
  it("is asked when the one before is answered; those between are never asked", async () => {
    const { latest, begun, answered } = asked(() => 20);
    for (const input of [1, 2, 3, 4]) latest.put(input);
    await wait(80);
    expect(begun).toEqual([1, 4]);
    expect(answered).toEqual([1, 4]);
  });

  it("does not wait for an older one that takes too long", async () => {
    const { latest, answered } = asked((input) => (input === 1 ? 200 : 5), 30);
    latest.put(1);
    latest.put(2);
    await wait(300);
    expect(answered).toEqual([2]);
  });

  it("is told when it fails, and the next one is asked all the same", async () => {
    const { latest, answered, failed } = asked(() => 5);
    latest.put(-1);
    await wait(20);
    latest.put(5);
    await wait(20);
    expect(failed).toHaveLength(1);
    expect(answered).toEqual([5]);
  });

  describe("with a rest", () => {
    beforeEach(() => void vi.useFakeTimers());
    afterEach(() => void vi.useRealTimers());

    it("leaves that long between two questions, however fast the answers are, and asks the last one", async () => {
      const { latest, begun } = asked(() => 1, undefined, 60);
      latest.put(1);
      expect(begun).toEqual([]); // not in the middle of what puts it
      await vi.advanceTimersByTimeAsync(1);
      for (const input of [2, 3, 4, 5, 6]) {
        latest.put(input);
        await vi.advanceTimersByTimeAsync(10);
      }
      expect(begun).toEqual([1]);
      await vi.advanceTimersByTimeAsync(20);
      expect(begun).toEqual([1, 6]);
    });

    it("asks nothing when it is told to forget meanwhile", async () => {
      const { latest, begun } = asked(() => 1, undefined, 20);
      latest.put(1);
      latest.drop();
      await vi.advanceTimersByTimeAsync(60);
      expect(begun).toEqual([]);
    });
  });
});
