/** The planner's drawing table: one plan is open, edits are shown at once and sent one after the other. */

import { type Client, Problem } from "../api/client";
import type { DistrictId, Edit, EditAnswer, Operation, Plan, PlanDistrict, PlanItem, PlanRules, PlanSettings } from "../api/planTypes";
import { Plans, type PlanStart } from "../api/plans";
import type { AreaRule } from "./cells";
import { colourDistricts } from "./colouring";
import { Latest } from "./latest";
import { Outbox } from "./outbox";
import { Store } from "./store";
import { type Broken, type Limits, Table } from "./table";
import { makeWorld, type World } from "./world";

export const PLAN_TOOLS = ["assign", "brush", "rectangle", "lasso", "polygon", "boundary", "merge", "split", "cut", "lock"] as const;
export type PlanTool = (typeof PLAN_TOOLS)[number];

/** Where a gesture brings what it takes: the district it began in, none, a new one, or one by name. */
export type Target = { kind: "start" } | { kind: "none" } | { kind: "new" } | { kind: "district"; id: DistrictId };

export interface DistrictInfo {
  id: DistrictId;
  name: string;
  colour: number;
  locked: boolean;
  /** It has no neighbourhoods and is not offered any more. */
  gone: boolean;
}

/** The server is asked at most so often while a gesture goes on, and never within a frame of it. */
const ADVICE_MS = 120;

export interface Conflict {
  edit: Edit;
  problem: Problem;
}

export interface DrawingAround {
  client: Client;
  city: () => string | null;
  names: () => ReadonlyMap<string, string | null>;
  shown: (plan: string | null) => void;
  trouble: (problem: Problem | null) => void;
  say: (text: { key: "refused" | "others" | "skipped" | "improved" | "best"; values: Record<string, string | number> }) => void;
  words: () => { newDistrict: (n: number) => string; copyOf: (name: string) => string };
  storage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
}

export class Drawing {
  readonly on = new Store(false);
  readonly list = new Store<PlanItem[] | null>(null);
  readonly plan = new Store<Plan | null>(null);
  readonly world = new Store<World | null>(null);
  readonly districts = new Store<readonly DistrictInfo[]>([]);
  readonly lockedUnits = new Store<ReadonlySet<number>>(new Set());
  readonly tool = new Store<PlanTool | null>(null);
  readonly target = new Store<Target>({ kind: "start" });
  readonly rule = new Store<AreaRule>("majority");
  readonly brush_px = new Store(22);
  /** Rows chosen in the table of neighbourhoods. */
  readonly picked = new Store<ReadonlySet<number>>(new Set());
  /** Rises with every change of who belongs where. */
  readonly tick = new Store(0);
  /** Districts whose figures the gesture changes: the live card shows these. */
  readonly touched = new Store<readonly number[]>([]);
  /** What the server says the gesture would do. */
  readonly advice = new Store<EditAnswer | null>(null);
  readonly author: Store<string>;
  /** What waits until the planner has told a name. */
  readonly asking = new Store<(() => void) | null>(null);
  /** Neighbourhoods that the last edit moved: what lies around them can be improved. */
  readonly lately = new Store<readonly string[]>([]);
  readonly reason = new Store("");
  readonly conflict = new Store<Conflict | null>(null);
  readonly outbox = new Store<Outbox | null>(null);
  readonly busy = new Store(false);
  readonly undoable = new Store<{ undo: boolean; redo: boolean }>({ undo: false, redo: false });
  /** The plan as it was: what the map shows instead of now. */
  readonly past = new Store<{ seq: number; district: Int32Array } | null>(null);
  /** Neighbourhoods that differ between two plans: drawn as changed. */
  readonly differing = new Store<ReadonlySet<number>>(new Set());
  /** Neighbourhoods that the finder leads to. */
  readonly found = new Store<ReadonlySet<number>>(new Set());
  readonly plans: Plans;
  now: Table | null = null;
  saved: Table | null = null;
  private slots = new Map<DistrictId, number>();
  private stroke = new Map<number, number>();
  private problems = new Map<number, Broken[]>();
  private events: EventSource | null = null;
  private late: { seq: number; author: string }[] = [];
  private readonly adviser: Latest<Edit, EditAnswer>;
  /** For measuring: from the pointer to the figures, in milliseconds. */
  readonly took: number[] = [];

  constructor(private readonly around: DrawingAround) {
    this.plans = new Plans(around.client);
    this.author = new Store(around.storage.getItem("linli.author") ?? "");
    this.author.subscribe((name) => name && around.storage.setItem("linli.author", name));
    this.adviser = new Latest(
      (edit, signal) => this.plans.tryEdit(this.city, this.planId, edit, this.plan.value?.head ?? 0, signal),
      (answer) => this.stroke.size > 0 && this.advice.set(answer),
      () => this.advice.set(null),
      1500,
      ADVICE_MS,
    );
  }

  get city(): string {
    return this.around.city() ?? "";
  }

  private get planId(): string {
    return this.plan.value?.id ?? "";
  }

  get limits(): Limits {
    return limitsOf(this.plan.value?.rules ?? null);
  }

  /** Read-only: the past is shown, or the plan is approved or put away. */
  get frozen(): boolean {
    const { value: plan } = this.plan;
    return this.past.value !== null || plan === null || plan.status === "approved" || plan.status === "archived";
  }

  async enter(id: string | null): Promise<void> {
    this.on.set(true);
    this.around.shown(id);
    await this.reload();
    if (id !== null && id !== "") await this.open(id);
  }

  leave(): void {
    this.close();
    this.on.set(false);
    this.around.shown(null);
  }

  async reload(): Promise<void> {
    try {
      this.list.set(await this.plans.list(this.city));
    } catch (reason) {
      this.around.trouble(asProblem(reason));
    }
  }

  async create(name: string, from: PlanStart): Promise<boolean> {
    try {
      const plan = await this.plans.create(this.city, { id: newId(), name, author: this.author.value || "—", from });
      await this.reload();
      await this.open(plan.id);
      return true;
    } catch (reason) {
      this.around.trouble(asProblem(reason));
      return false;
    }
  }

  async open(id: string): Promise<void> {
    this.close();
    this.busy.set(true);
    try {
      const plan = await this.plans.plan(this.city, id);
      await this.furnish(plan);
      this.outbox.set(this.newOutbox(id));
      this.take(plan);
      this.around.shown(id);
      this.listen(id);
      void this.outbox.value?.run();
    } catch (reason) {
      this.around.trouble(asProblem(reason));
      this.around.shown(null);
    } finally {
      this.busy.set(false);
    }
  }

  /** Put the plan away; the list stays. */
  close(): void {
    this.events?.close();
    this.events = null;
    this.outbox.value?.close();
    this.outbox.set(null);
    this.adviser.drop();
    this.plan.set(null);
    this.now = this.saved = null;
    this.stroke.clear();
    this.slots.clear();
    this.problems.clear();
    this.districts.set([]);
    this.tool.set(null);
    this.past.set(null);
    this.conflict.set(null);
    this.touched.set([]);
    this.advice.set(null);
    this.picked.set(new Set());
    this.lately.set([]);
    this.differing.set(new Set());
    this.found.set(new Set());
    this.tick.update((tick) => tick + 1);
  }

  /** Another city: nothing of this one may be reused. */
  forget(): void {
    this.close();
    this.world.set(null);
    this.list.set(null);
    this.on.set(false);
  }

  slotOf(id: DistrictId | null | undefined): number {
    return id === null || id === undefined ? -1 : (this.slots.get(id) ?? -1);
  }

  infoOf(slot: number): DistrictInfo | null {
    return this.districts.value[slot] ?? null;
  }

  /** The district of each unit as the map shows it. */
  get shownDistrict(): Int32Array | null {
    return this.past.value?.district ?? this.now?.district ?? null;
  }

  /** What a district breaks; looked at again only after it changed. */
  broken(slot: number): readonly Broken[] {
    if (!this.now) return [];
    let found = this.problems.get(slot);
    if (!found) this.problems.set(slot, (found = this.now.broken(slot, this.limits)));
    return found;
  }

  /** Neighbourhoods that could be in a district, and are in none. */
  unassigned(): number[] {
    const { value: world } = this.world;
    return world && this.now ? this.now.unassigned().filter((row) => world.admitted[row]) : [];
  }

  /** Neighbourhoods cut off from the larger part of their district, part by part. */
  fragments(): { slot: number; rows: number[] }[] {
    const { now } = this;
    if (!now || this.past.value) return [];
    return this.districts.value.flatMap((_, slot) =>
      this.broken(slot).some((one) => one.rule === "contiguity")
        ? now.parts(slot).slice(1).map((rows) => ({ slot, rows }))
        : [],
    );
  }

  /** Whether a neighbourhood may go to a district: locks neither lose nor gain, what takes no part is not taken. */
  mayMove(row: number, to: number): boolean {
    if (!this.now || this.lockedUnits.value.has(row)) return false;
    const from = this.stroke.get(row) ?? this.now.district[row]!;
    if (to >= 0 && !this.world.value!.admitted[row] && (this.plan.value?.rules.refuse ?? []).includes("excluded")) return false;
    return !(this.infoOf(from)?.locked ?? false) && !(this.infoOf(to)?.locked ?? false);
  }

  /** Show moves that are not made yet, in place of those shown before. Tells how many a lock forbids. */
  preview(moves: ReadonlyMap<number, number>): number {
    const { now } = this;
    if (!now) return 0;
    const begun = performance.now();
    let locked = 0;
    for (const [row, before] of this.stroke) {
      if (moves.has(row)) continue;
      this.moveNow(row, before);
      this.stroke.delete(row);
    }
    for (const [row, to] of moves) {
      if (!this.mayMove(row, to)) {
        locked++;
        continue;
      }
      if (!this.stroke.has(row)) {
        if (now.district[row] === to) continue;
        this.stroke.set(row, now.district[row]!);
      }
      this.moveNow(row, to);
    }
    this.showTouched();
    this.took.push(performance.now() - begun);
    if (this.took.length > 2000) this.took.shift();
    return locked;
  }

  /** Ask the server what the shown moves would do: rules, standards that flip. */
  ask(operation: Operation): void {
    if (this.stroke.size === 0) return;
    this.adviser.put({ ...operation, id: crypto.randomUUID(), author: this.author.value || "—", reason: "" });
  }

  cancelStroke(): void {
    this.adviser.drop();
    this.preview(new Map());
    this.touched.set([]);
    this.advice.set(null);
  }

  get strokeSize(): number {
    return this.stroke.size;
  }

  /** The district of a row without the shown moves. */
  beforeStroke(row: number): number {
    return this.stroke.get(row) ?? this.now!.district[row]!;
  }

  /** The district of every row without the shown moves. */
  beforeAll(): Int32Array {
    const district = this.now!.district.slice();
    for (const [row, before] of this.stroke) district[row] = before;
    return district;
  }

  /** Rows of the shown moves, by where they go. */
  strokeByTarget(): Map<number, number[]> {
    const by = new Map<number, number[]>();
    for (const row of this.stroke.keys()) {
      const to = this.now!.district[row]!;
      const rows = by.get(to);
      if (rows) rows.push(row);
      else by.set(to, [row]);
    }
    return by;
  }

  /** Make the shown moves: one edit for each district that gains. */
  commitStroke(reason = ""): void {
    this.adviser.drop();
    for (const [to, rows] of this.strokeByTarget()) {
      const units = rows.map((row) => this.world.value!.units.ids[row]!);
      const info = this.infoOf(to);
      const isNew = info !== null && !this.plan.value!.districts.some((one) => one.id === info.id) && !this.isPending(info.id);
      if (info && isNew) this.edit({ op: "create", district: info.id, name: info.name, units }, reason);
      else this.edit({ op: "assign", units, district: info?.id ?? null }, reason);
    }
  }

  /** Change the plan: shown at once where that is possible, sent, taken back when it is refused. */
  edit(operation: Operation, reason = ""): void {
    if (this.frozen) return;
    if (!this.author.value) return this.asking.set(() => this.edit(operation, reason));
    const { value: outbox } = this.outbox;
    const why = reason || this.reason.value;
    this.reason.set("");
    this.around.trouble(null);
    // What differed from another plan, and what the finder led to, is another matter after this.
    if (operation.op !== "lock") this.differing.set(new Set());
    this.found.set(new Set());
    this.stroke.clear();
    this.lately.set(operation.op === "assign" || operation.op === "create" ? operation.units : []);
    outbox?.put({ ...operation, id: crypto.randomUUID(), author: this.author.value, reason: why });
    this.rebuild();
    this.advice.set(null);
    this.recolour();
  }

  /** The name was given, or not. */
  answer(author: string | null): void {
    const { value: asked } = this.asking;
    this.asking.set(null);
    if (author === null || !asked) return this.cancelStroke();
    this.author.set(author);
    asked();
  }

  /** Change name, status or rules of the plan. */
  async change(settings: PlanSettings): Promise<void> {
    const { value: plan } = this.plan;
    if (!plan || this.past.value) return;
    if (!this.author.value) return this.asking.set(() => void this.change(settings));
    this.around.trouble(null);
    try {
      await this.plans.change(this.city, plan.id, settings, this.author.value, plan.head);
    } catch (reason) {
      this.around.trouble(asProblem(reason));
    }
    await Promise.all([this.refresh(), this.reload()]);
  }

  /** Change some rules of the plan; the others stay. */
  changeRules(some: Partial<PlanRules>): Promise<void> {
    const { value: plan } = this.plan;
    return plan ? this.change({ rules: { ...plan.rules, ...some } }) : Promise.resolve();
  }

  /** Find the best around the last edit; what that edit moved stays where the planner put it. */
  async improveAround(): Promise<void> {
    const units = [...this.lately.value];
    if (units.length === 0 || this.frozen || this.busy.value) return;
    this.busy.set(true);
    try {
      const { planId } = this;
      const found = await this.plans.improve(this.city, planId, units, units);
      if (this.planId !== planId) return;
      this.lately.set([]);
      const count = Object.keys(found.assignment).length;
      // The whole plan is sent: districts are known by what they hold, not only by what moves.
      if (count > 0) this.edit({ op: "take", assignment: { ...this.assignmentNow(), ...found.assignment } });
      this.around.say({ key: count > 0 ? "improved" : "best", values: { n: count } });
    } catch (reason) {
      this.around.trouble(asProblem(reason));
    } finally {
      this.busy.set(false);
    }
  }

  /** Move rows to a district without a gesture: the way of the table and the keyboard. */
  moveRows(rows: Iterable<number>, to: number): number {
    const skipped = this.preview(new Map([...rows].map((row) => [row, to])));
    if (this.stroke.size > 0) this.commitStroke();
    if (skipped > 0) this.around.say({ key: "skipped", values: { n: skipped } });
    return skipped;
  }

  /** Room for a district that the next edit makes. */
  newDistrict(): number {
    const unused = this.districts.value.findIndex((one, slot) => one.gone && one.id.startsWith("P-") && !this.plan.value?.districts.some((other) => other.id === one.id) && this.now!.members(slot).length === 0);
    if (unused >= 0) return unused;
    const taken = new Set(this.districts.value.map((one) => one.name));
    let number = this.districts.value.filter((one) => !one.gone).length + 1;
    while (taken.has(this.around.words().newDistrict(number))) number++;
    const slot = this.slotFor(`P-${newId()}`, { name: this.around.words().newDistrict(number), colour: number % 6, locked: false });
    this.districts.update((infos) => infos.map((one, at) => (at === slot ? { ...one, gone: true } : one)));
    return slot;
  }

  settle(how: "mine" | "theirs" | "fork"): void {
    const { value: conflict } = this.conflict;
    const { value: outbox } = this.outbox;
    this.conflict.set(null);
    if (!conflict || !outbox) return;
    if (how === "mine") void this.refresh().then(() => outbox.resume());
    else if (how === "theirs") {
      outbox.drop(conflict.edit);
      void this.refresh().then(() => outbox.resume());
    } else void this.fork(conflict.edit, outbox);
  }

  /** Read the plan again; what waits to be sent stays on top of it. */
  async refresh(): Promise<void> {
    const { planId } = this;
    if (!planId) return;
    try {
      const plan = await this.plans.plan(this.city, planId);
      if (this.planId !== planId) return;
      await this.furnish(plan);
      this.take(plan);
    } catch (reason) {
      this.around.trouble(asProblem(reason));
    }
  }

  /** Show the plan as it was after a revision; null: as it is. */
  async showPast(seq: number | null): Promise<void> {
    if (seq === null || seq === this.plan.value?.head) return this.setPast(null);
    try {
      const plan = await this.plans.plan(this.city, this.planId, seq);
      for (const one of plan.districts) this.slotFor(one.id, one);
      this.setPast({ seq, district: this.rowsFrom(plan) });
    } catch (reason) {
      this.around.trouble(asProblem(reason));
    }
  }

  /** The district of each row in some plan; its own halves of neighbourhoods are read by their parent. */
  rowsFrom(plan: Pick<Plan, "assignment">): Int32Array {
    const { units } = this.world.value!;
    return Int32Array.from(units.ids, (id) => this.slotOf(plan.assignment[id]));
  }

  private assignmentNow(): Record<string, DistrictId | null> {
    const { ids } = this.world.value!.units;
    return Object.fromEntries(ids.map((id, row) => [id, this.infoOf(this.saved!.district[row]!)?.id ?? null]));
  }

  private setPast(past: { seq: number; district: Int32Array } | null): void {
    this.past.set(past);
    this.tool.set(null);
    this.recolour();
    this.tick.update((tick) => tick + 1);
  }

  private isPending(id: DistrictId): boolean {
    return (this.outbox.value?.waiting.value ?? []).some((edit) => edit.op === "create" && edit.district === id);
  }

  /** Atoms, cells and lines: read once per data version, again when the plan cut a neighbourhood. */
  private async furnish(plan: Plan): Promise<void> {
    const { value: world } = this.world;
    const { cut_barriers: cutting } = plan.rules;
    const halves = [...plan.units.map((one) => one.id), ...cutting].join(" ");
    if (world && world.dataVersion === plan.data_version && this.halves === halves) return;
    this.raw ??= Promise.all([this.plans.atoms(this.city), this.plans.cells(this.city)]);
    try {
      const [atoms, shapes] = await this.raw;
      this.world.set(makeWorld(atoms, shapes, this.around.names(), plan.units, cutting));
      // Rows are others now: what was chosen by row would be another neighbourhood.
      this.stroke.clear();
      this.adviser.drop();
      this.touched.set([]);
      this.advice.set(null);
      for (const chosen of [this.picked, this.found, this.differing]) chosen.set(new Set());
      this.halves = halves;
      this.now = this.saved = null;
    } finally {
      this.raw = null;
    }
  }
  private raw: Promise<[Awaited<ReturnType<Plans["atoms"]>>, Awaited<ReturnType<Plans["cells"]>>]> | null = null;
  private halves = "";

  /** Read the city's cells though no plan is open: pictures of proposals need them. */
  async look(): Promise<void> {
    if (this.world.value || this.plan.value || this.busy.value) return;
    this.raw ??= Promise.all([this.plans.atoms(this.city), this.plans.cells(this.city)]);
    try {
      const [atoms, shapes] = await this.raw;
      this.halves = "";
      this.world.set(makeWorld(atoms, shapes, this.around.names()));
    } catch (reason) {
      this.around.trouble(asProblem(reason));
    } finally {
      this.raw = null;
    }
  }

  /** Show a plan as the server has it. */
  private take(plan: Plan): void {
    const { value: world } = this.world;
    if (!world) return;
    this.plan.set(plan);
    const present = new Set(plan.districts.map((one) => one.id));
    for (const one of plan.districts) this.slotFor(one.id, one);
    this.districts.update((infos) => infos.map((one) => ({ ...one, gone: !present.has(one.id) && !this.isPending(one.id) })));
    this.lockedUnits.set(new Set(plan.locked_units.flatMap((id) => world.rowOf.get(id) ?? [])));
    const rows = this.rowsFrom(plan);
    this.saved = new Table(world.units, rows, this.districts.value.length);
    this.now ??= new Table(world.units, rows, this.districts.value.length);
    this.problems.clear();
    this.undoable.set({ undo: plan.undo !== null, redo: plan.redo !== null });
    this.rebuild();
    this.recolour();
  }

  private slotFor(id: DistrictId, info: Pick<PlanDistrict, "name" | "colour" | "locked">): number {
    const known = this.slots.get(id);
    const { name, colour, locked } = info;
    const entry = { id, name, colour: Number(colour) || 0, locked, gone: false };
    if (known !== undefined) {
      this.districts.update((infos) => infos.map((one, at) => (at === known ? entry : one)));
      return known;
    }
    const slot = this.districts.value.length;
    this.slots.set(id, slot);
    this.districts.update((infos) => [...infos, entry]);
    this.now?.ensure(slot + 1);
    this.saved?.ensure(slot + 1);
    return slot;
  }

  private newOutbox(plan: string): Outbox {
    const key = `linli.outbox.${this.city}.${plan}`;
    const { storage } = this.around;
    return new Outbox(
      {
        send: (edit, head) => this.plans.edit(this.city, plan, edit, head),
        head: () => this.plan.value?.head ?? 0,
        acknowledged: (edit, answer) => this.acknowledged(edit, answer),
        conflict: (edit, problem) => this.conflict.set({ edit, problem }),
        refused: (edit, problem) => {
          // Pressed once too often: there is nothing to take back, and nothing is wrong.
          const idle = (edit.op === "undo" || edit.op === "redo") && problem.code === "conflict";
          if (!idle) this.around.trouble(problem);
          this.around.say({ key: "refused", values: { why: problem.detail || problem.title } });
          void this.refresh();
        },
      },
      {
        read: () => storage.getItem(key),
        write: (text) => (text === null ? storage.removeItem(key) : storage.setItem(key, text)),
      },
    );
  }

  private async acknowledged(edit: Edit, answer: EditAnswer): Promise<void> {
    const { value: plan } = this.plan;
    if (!plan || !this.saved || !this.world.value) return;
    const simple = (edit.op === "assign" || edit.op === "create") && answer.rebased_from === null && answer.head === plan.head + 1;
    const districts = new Map(plan.districts.map((one) => [one.id, one]));
    for (const one of answer.districts) {
      if (one.gone) districts.delete(one.id);
      else districts.set(one.id, { ...districts.get(one.id), ...one });
    }
    this.plan.set({ ...plan, head: answer.head, seq: answer.head, districts: [...districts.values()], undo: answer.undo, redo: answer.redo });
    if (!simple) {
      // Its effect is in the plan now: it must not be laid on top once more.
      this.outbox.value?.drop(edit);
      this.busy.set(true); // until then rows may be those of neighbourhoods before they were cut or healed
      await this.refresh();
      return this.busy.set(false);
    }
    for (const one of answer.districts) if (!one.gone) this.slotFor(one.id, one);
    const gone = new Set(answer.districts.flatMap((one) => (one.gone ? [one.id] : [])));
    if (gone.size > 0) this.districts.update((infos) => infos.map((one) => (gone.has(one.id) ? { ...one, gone: true } : one)));
    for (const { unit, after } of answer.changes) this.saved.move(this.world.value.rowOf.get(unit) ?? -1, this.slotOf(after));
    this.undoable.set({ undo: answer.undo !== null, redo: answer.redo !== null });
    if (answer.skipped.length > 0) this.around.say({ key: "skipped", values: { n: answer.skipped.length } });
    this.tick.update((tick) => tick + 1);
  }

  /** What is shown = what is saved, with what waits to be sent, with the gesture on top. */
  private rebuild(): void {
    const { now, saved } = this;
    if (!now || !saved) return;
    const wanted = saved.district.slice();
    for (const edit of this.outbox.value?.waiting.value ?? []) this.lay(edit, wanted);
    for (const row of this.stroke.keys()) wanted[row] = now.district[row]!;
    for (let row = 0; row < wanted.length; row++) if (now.district[row] !== wanted[row]) this.moveNow(row, wanted[row]!);
    this.showTouched();
    this.tick.update((tick) => tick + 1);
  }

  private lay(edit: Edit, district: Int32Array): void {
    const { rowOf } = this.world.value!;
    if (edit.op === "assign" || edit.op === "create") {
      const to = edit.op === "create" ? this.slotFor(edit.district, { name: edit.name, colour: this.infoOf(this.slotOf(edit.district))?.colour ?? 0, locked: false }) : this.slotOf(edit.district);
      for (const unit of edit.units) {
        const row = rowOf.get(unit);
        if (row !== undefined) district[row] = to;
      }
    } else if (edit.op === "merge") {
      const from = new Set(edit.districts.map((id) => this.slotOf(id)));
      const into = this.slotOf(edit.into);
      district.forEach((slot, row) => {
        if (from.has(slot)) district[row] = into;
      });
    } else if (edit.op === "take") {
      for (const [unit, id] of Object.entries(edit.assignment)) {
        const row = rowOf.get(unit);
        const to = id === null ? -1 : this.slots.get(id);
        if (row !== undefined && to !== undefined && !edit.districts) district[row] = to;
      }
    }
  }

  private moveNow(row: number, to: number): void {
    const { now } = this;
    if (!now) return;
    const from = now.district[row]!;
    if (!now.move(row, to)) return;
    this.problems.delete(from);
    this.problems.delete(to);
  }

  private showTouched(): void {
    const { now } = this;
    if (!now) return;
    const touched = new Set<number>();
    for (const [row, before] of this.stroke) {
      if (before >= 0) touched.add(before);
      if (now.district[row]! >= 0) touched.add(now.district[row]!);
    }
    if (this.stroke.size > 0 || this.touched.value.length > 0) this.touched.set([...touched].sort((a, b) => a - b));
    this.tick.update((tick) => tick + 1);
  }

  /** Neighbouring districts get different colours; a colour changes only where two would meet. */
  private recolour(): void {
    const { value: world } = this.world;
    const district = this.shownDistrict;
    if (!world || !district) return;
    const colours = colourDistricts(world.edges, district, this.districts.value.map((one) => one.colour));
    if (colours.some((colour, slot) => colour !== this.districts.value[slot]!.colour)) {
      this.districts.update((infos) => infos.map((one, slot) => ({ ...one, colour: colours[slot]! })));
    }
  }

  private async fork(edit: Edit, outbox: Outbox): Promise<void> {
    const { value: plan } = this.plan;
    if (!plan) return;
    outbox.drop(edit);
    const name = this.around.words().copyOf(plan.name);
    if (await this.create(name, { plan: plan.id, seq: plan.head })) this.outbox.value?.put(edit);
    this.rebuild();
  }

  /** Hear what others do to the plan. */
  private listen(id: string): void {
    if (typeof EventSource === "undefined") return;
    const events = new EventSource(this.plans.eventsAddress(this.city, id));
    this.events = events;
    events.addEventListener("revision", (event) => {
      const told = JSON.parse((event as MessageEvent<string>).data) as { seq: number; author: string };
      this.late.push(told);
      this.hearLate();
    });
    events.addEventListener("hello", (event) => {
      const { head } = JSON.parse((event as MessageEvent<string>).data) as { head: number };
      if (head > (this.plan.value?.head ?? head) && this.outbox.value?.waiting.value.length === 0) void this.refresh();
    });
  }

  /** While an edit is on its way nobody knows whether a revision is one's own: that is told by the answer. */
  private hearLate(): void {
    const { value: outbox } = this.outbox;
    if (!outbox) return;
    if (outbox.waiting.value.length > 0) {
      setTimeout(() => this.hearLate(), 120);
      return;
    }
    const news = this.late.filter((one) => one.seq > (this.plan.value?.head ?? Infinity));
    this.late = [];
    if (news.length === 0) return;
    this.around.say({ key: "others", values: { who: [...new Set(news.map((one) => one.author))].join("、"), n: news.length } });
    void this.refresh();
  }
}

/** The plan's rules as the table reads them. */
export function limitsOf(rules: PlanRules | null): Limits {
  if (!rules) return {};
  const named = (prefix: string, amounts: Record<string, number>): object => Object.fromEntries(Object.entries(amounts).map(([name, value]) => [`${prefix}_${name}`, value]));
  return { ...named("max", rules.maximum), ...named("min", rules.minimum), max_distance_m: rules.max_distance_m, same_subdistrict: rules.same_subdistrict };
}

export const newId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(9)), (byte) => byte.toString(36).padStart(2, "0")).join("");

function asProblem(reason: unknown): Problem {
  if (reason instanceof Problem) return reason;
  return new Problem(0, "unexpected", "", reason instanceof Error ? reason.message : String(reason));
}
