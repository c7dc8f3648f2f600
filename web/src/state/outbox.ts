/** Edits on their way to the server: one after the other, kept until they are acknowledged, also over a reload. */

import { Problem } from "../api/client";
import type { Edit, EditAnswer } from "../api/planTypes";
import { Store } from "./store";

export interface Shelf {
  read: () => string | null;
  write: (text: string | null) => void;
}

export interface Sending {
  send: (edit: Edit, head: number) => Promise<EditAnswer>;
  head: () => number;
  acknowledged: (edit: Edit, answer: EditAnswer) => void | Promise<void>;
  /** Somebody else was faster (412): decide what becomes of the edit. */
  conflict: (edit: Edit, problem: Problem) => void;
  /** A lock, a rule, a plan that is gone: the edit will never be taken. */
  refused: (edit: Edit, problem: Problem) => void;
}

const WAITS_MS = [500, 1000, 2000, 5000, 15_000] as const;

/** Whether trying again may help: no answer, or one of a server that is not well. */
const passing = (problem: Problem): boolean => problem.status === 0 || problem.status === 429 || problem.status >= 500;

export class Outbox {
  readonly waiting = new Store<readonly Edit[]>([]);
  /** The server cannot be reached; edits wait. */
  readonly stuck = new Store(false);
  private running = false;
  private halted = false;
  private failures = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly to: Sending,
    private readonly shelf: Shelf,
    private readonly waits: readonly number[] = WAITS_MS,
  ) {
    this.waiting.set(parse(shelf.read()));
  }

  put(edit: Edit): void {
    this.keep([...this.waiting.value, edit]);
    void this.run();
  }

  /** Send what waits. */
  async run(): Promise<void> {
    if (this.running || this.halted) return;
    this.running = true;
    try {
      for (let [edit] = this.waiting.value; edit && !this.halted; [edit] = this.waiting.value) {
        if (!(await this.sendOne(edit))) return;
      }
    } finally {
      this.running = false;
    }
  }

  /** Take the first edit out: it was given up, or another took its place. */
  drop(edit: Edit, ...instead: Edit[]): void {
    this.keep(this.waiting.value.flatMap((one) => (one.id === edit.id ? instead : [one])));
  }

  /** Go on after a conflict was settled. */
  resume(): void {
    this.halted = false;
    void this.run();
  }

  clear(): void {
    this.keep([]);
  }

  close(): void {
    this.halted = true;
    if (this.timer) clearTimeout(this.timer);
  }

  private async sendOne(edit: Edit): Promise<boolean> {
    try {
      const answer = await this.to.send(edit, this.to.head());
      this.failures = 0;
      this.stuck.set(false);
      await this.to.acknowledged(edit, answer);
      this.drop(edit);
      return true;
    } catch (reason) {
      const problem = reason instanceof Problem ? reason : new Problem(0, "unexpected", "", String(reason));
      if (passing(problem)) this.later();
      else if (problem.status === 412) {
        this.halted = true;
        this.to.conflict(edit, problem);
      } else {
        this.drop(edit);
        this.to.refused(edit, problem);
        return true;
      }
      return false;
    }
  }

  private later(): void {
    this.stuck.set(true);
    const wait = this.waits[Math.min(this.failures++, this.waits.length - 1)] ?? 1000;
    if (this.timer) clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.run(), wait);
  }

  private keep(edits: readonly Edit[]): void {
    this.shelf.write(edits.length > 0 ? JSON.stringify(edits) : null);
    this.waiting.set(edits);
  }
}

function parse(text: string | null): Edit[] {
  if (text === null) return [];
  try {
    const found: unknown = JSON.parse(text);
    return Array.isArray(found) ? found.filter((one): one is Edit => typeof one?.id === "string" && typeof one?.op === "string") : [];
  } catch {
    return [];
  }
}
