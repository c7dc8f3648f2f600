/** The what-if mode: changes are tried, listed, saved, compared; the answers follow the mouse. */

import { type Client, Problem, type Wanted } from "../api/client";
import type {
  Change,
  Comparison,
  Explanation,
  OpeningList,
  Scenario,
  ScenarioItem,
  WhatIfAnswer,
} from "../api/types";
import { begin, decodeChanges, edit, type Edits, encodeChanges, freshId, NO_EDITS, redo, roundPlace, undo, without } from "./edits";
import { Latest } from "./latest";
import type { ScenarioRef } from "./mode";
import { paintOf, paintOfComparison, type ScenarioPaint } from "./scenario";
import { Store } from "./store";

export const TOOLS = ["add_facility", "close_facility", "open_wall", "close_gate", "build_link", "cut_link", "change_population"] as const;
export type Tool = (typeof TOOLS)[number];

/** What the mode needs of the page around it. */
export interface Around {
  client: Client;
  city: () => string | null;
  /** What is shown now. */
  wanted: (changes: readonly Change[]) => Wanted;
  /** The address follows. */
  shown: (ref: ScenarioRef | null) => void;
  /** The state from which scenarios are computed is missing: a job makes it. */
  prepare: () => void;
  trouble: (problem: Problem) => void;
}

interface Question {
  changes: readonly Change[];
  asked: number;
}

export class WhatIf {
  readonly on = new Store(false);
  readonly tool = new Store<Tool | null>(null);
  readonly kind = new Store<string | null>(null);
  /** The neighbourhood whose residents are to be another number. */
  readonly peopled = new Store<string | null>(null);
  readonly edits = new Store<Edits>(NO_EDITS);
  /** The change under the mouse, not yet part of the list; or the list with one change being moved. */
  readonly preview = new Store<readonly Change[] | null>(null);
  readonly answer = new Store<WhatIfAnswer | null>(null);
  readonly problem = new Store<Problem | null>(null);
  readonly preparing = new Store(false);
  readonly busy = new Store(false);
  readonly paint = new Store<ScenarioPaint | null>(null);
  readonly saved = new Store<Scenario | null>(null);
  readonly list = new Store<ScenarioItem[]>([]);
  readonly compared = new Store<Comparison | null>(null);
  readonly openings = new Store<OpeningList | null>(null);
  readonly explanation = new Store<{ key: string; found: Explanation | null; problem: Problem | null } | null>(null);
  private readonly latest: Latest<Question, WhatIfAnswer>;
  /** For measuring: from the question to the answer, in milliseconds. */
  readonly took: number[] = [];

  constructor(private readonly around: Around) {
    this.latest = new Latest(
      ({ changes }, signal) => this.around.client.whatIf(this.city(), changes, this.around.wanted(changes), signal),
      (answer, { asked, changes }) => {
        this.took.push(performance.now() - asked);
        if (this.took.length > 500) this.took.shift();
        this.busy.set(this.latest.waits);
        this.problem.set(null);
        this.preparing.set(false);
        this.answer.set(answer);
        this.paint.set(changes.length === 0 ? null : paintOf(answer));
      },
      (reason) => this.refused(reason),
    );
  }

  /** Whether the list differs from what is saved under its name. */
  get changed(): boolean {
    return asText(this.edits.value.now) !== asText(this.saved.value?.changes ?? []);
  }

  /** Enter the mode, with what an address names. */
  async enter(ref: ScenarioRef = { kind: "draft", changes: "" }): Promise<void> {
    this.on.set(true);
    void this.reload();
    if (ref.kind === "saved") await this.openSaved(ref.id);
    else if (ref.kind === "compare") await this.compare(ref.a, ref.b);
    else {
      this.saved.set(null);
      this.edits.set(begin(decodeChanges(ref.changes) ?? []));
      this.ask();
    }
  }

  leave(): void {
    this.latest.drop();
    this.on.set(false);
    this.tool.set(null);
    this.peopled.set(null);
    this.preview.set(null);
    this.answer.set(null);
    this.paint.set(null);
    this.problem.set(null);
    this.compared.set(null);
    this.saved.set(null);
    this.edits.set(NO_EDITS);
    this.around.shown(null);
  }

  choose(tool: Tool | null): void {
    this.tool.set(tool);
    this.peopled.set(null);
    this.hover(null);
  }

  /** Try the list with what is under the mouse; null: without. */
  hover(changes: readonly Change[] | null): void {
    if (changes === null && this.preview.value === null) return;
    this.preview.set(changes);
    this.ask();
  }

  add(...changes: Change[]): void {
    this.commit([...this.edits.value.now, ...changes]);
  }

  /** Changes of a proposal, with ids that none of the list has. */
  attempt(changes: readonly Change[]): void {
    if (!this.on.value) {
      this.on.set(true);
      void this.reload();
    }
    let now = [...this.edits.value.now];
    for (const change of changes) now = [...now, change.op === "add_facility" ? { ...change, id: freshId(now) } : change];
    this.commit(now);
  }

  commit(changes: readonly Change[]): void {
    this.preview.set(null);
    this.compared.set(null);
    this.edits.update((edits) => edit(edits, changes));
    this.ask();
    this.tellAddress();
  }

  remove(at: number): void {
    this.commit(without(this.edits.value.now, at));
  }

  undo(): void {
    this.edits.update(undo);
    this.ask();
    this.tellAddress();
  }

  redo(): void {
    this.edits.update(redo);
    this.ask();
    this.tellAddress();
  }

  newFacility(kind: string, lon: number, lat: number): Change {
    return { op: "add_facility", id: freshId(this.edits.value.now), kind, lon: roundPlace(lon), lat: roundPlace(lat) };
  }

  /** The list with another number of residents of a neighbourhood; null: as many as today. */
  populated(id: string, persons: number | null): Change[] {
    const others = this.edits.value.now.filter((one) => one.op !== "change_population" || one.id !== id);
    return persons === null ? others : [...others, { op: "change_population", id, persons }];
  }

  /** Ask again, e.g. because another sheet was opened. */
  ask(): void {
    if (!this.on.value || this.compared.value) return;
    const changes = this.preview.value ?? this.edits.value.now;
    this.busy.set(true);
    this.latest.put({ changes, asked: performance.now() });
  }

  async reload(): Promise<void> {
    try {
      this.list.set(await this.around.client.scenarios(this.city()));
    } catch (reason) {
      this.around.trouble(asProblem(reason));
    }
  }

  /** Save the list: under its old name, or as a new scenario. */
  async save(name: string, asNew: boolean): Promise<boolean> {
    const { client } = this.around;
    const changes = [...this.edits.value.now];
    const { value: saved } = this.saved;
    try {
      const kept =
        saved && !asNew
          ? await client.replaceScenario(this.city(), saved.id, { name, changes }, saved.revision)
          : await client.createScenario(this.city(), { id: newId(), name, changes });
      this.saved.set(kept);
      this.tellAddress();
      await this.reload();
      return true;
    } catch (reason) {
      this.around.trouble(asProblem(reason));
      return false;
    }
  }

  async openSaved(id: string): Promise<void> {
    this.compared.set(null);
    try {
      const scenario = await this.around.client.scenario(this.city(), id);
      this.saved.set(scenario);
      this.edits.set(begin(scenario.changes));
      this.ask();
      this.tellAddress();
    } catch (reason) {
      this.around.trouble(asProblem(reason));
    }
  }

  async erase(id: string): Promise<void> {
    try {
      await this.around.client.deleteScenario(this.city(), id);
      if (this.saved.value?.id === id) this.saved.set(null);
      this.tellAddress();
      await this.reload();
    } catch (reason) {
      this.around.trouble(asProblem(reason));
    }
  }

  fresh(): void {
    this.saved.set(null);
    this.compared.set(null);
    this.edits.set(NO_EDITS);
    this.ask();
    this.tellAddress();
  }

  async compare(a: string, b: string): Promise<void> {
    try {
      const found = await this.around.client.compare(this.city(), a, b);
      this.latest.drop();
      this.problem.set(null);
      this.preparing.set(false);
      this.answer.set(null);
      this.compared.set(found);
      this.paint.set(paintOfComparison(found));
      this.around.shown({ kind: "compare", a, b });
    } catch (reason) {
      if (isMissing(reason)) this.refused(reason);
      else this.around.trouble(asProblem(reason));
    }
  }

  endComparison(): void {
    this.compared.set(null);
    this.paint.set(null);
    this.ask();
    this.tellAddress();
  }

  /** Why a gap is one, with changes that would close it. */
  async explain(place: string, kind: string, layer: string): Promise<void> {
    const key = `${place} ${kind} ${layer}`;
    this.explanation.set({ key, found: null, problem: null });
    const mine = (): boolean => this.explanation.value?.key === key;
    try {
      const found = await this.around.client.explain(this.city(), place, kind, layer);
      if (mine()) this.explanation.set({ key, found, problem: null });
    } catch (reason) {
      if (mine()) this.explanation.set({ key, found: null, problem: asProblem(reason) });
    }
  }

  async loadOpenings(): Promise<void> {
    try {
      this.openings.set(await this.around.client.openings(this.city()));
    } catch (reason) {
      this.around.trouble(asProblem(reason));
    }
  }

  private city(): string {
    return this.around.city() ?? "";
  }

  private tellAddress(): void {
    if (!this.on.value) return;
    const { value: saved } = this.saved;
    if (saved && !this.changed) this.around.shown({ kind: "saved", id: saved.id });
    else this.around.shown({ kind: "draft", changes: encodeChanges(this.edits.value.now) ?? "" });
  }

  private refused(reason: unknown): void {
    this.busy.set(false);
    const problem = asProblem(reason);
    if (isMissing(problem)) {
      if (!this.preparing.value) this.around.prepare();
      this.preparing.set(true);
      return;
    }
    this.problem.set(problem);
    if (this.preview.value) return; // what stands on the map stays while the mouse looks for a place
    this.answer.set(null);
    this.paint.set(null);
  }
}

export const isMissing = (reason: unknown): boolean => reason instanceof Problem && reason.code === "scenario-base-missing";

/** Changes as a text in which the order of the keys is always the same: the store keeps its own. */
const asText = (changes: readonly Change[]): string =>
  JSON.stringify(changes.map((one) => Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1))));

const newId = (): string => Array.from(crypto.getRandomValues(new Uint8Array(9)), (byte) => byte.toString(36).padStart(2, "0")).join("");

function asProblem(reason: unknown): Problem {
  if (reason instanceof Problem) return reason;
  return new Problem(0, "unexpected", "", reason instanceof Error ? reason.message : String(reason));
}
