/** Sitings on the page: what is wished, the run, its plans, what the planner changes, what is drawn. */

import { type Client, Problem } from "../api/client";
import { Plans } from "../api/plans";
import type { DistrictId, PlanItem } from "../api/planTypes";
import { Sitings, type Which } from "../api/sitings";
import type { Funding, SitingAnswer, FundingAnswer, FundingAsked, SitingClash, SitingEdits, SitingPlan, SitingRun } from "../api/sitingTypes";
import type { LonLat } from "../map/scene";
import type { Change, Job } from "../api/types";
import { Latest } from "./latest";
import type { SitingRef } from "./mode";
import { paintOf, type ScenarioPaint } from "./scenario";
import { countOf, decodeEdits, encodeEdits, NO_SITING_EDITS, toggled } from "./sitingEdits";
import { moneyFaults } from "./sitingFaults";
import { FIRST_MONEY, FIRST_SITING_WISH, fundingOf, moneyOf, type MoneyWish, requestOf, type SitingWish } from "./sitingWish";
import { asProblem } from "./stock";
import { Store } from "./store";
import { isMissing } from "./whatif";

/** The plan's facilities as changes of a scenario. */
export function changesOf(plan: Pick<SitingPlan, "chosen">): Change[] {
  return plan.chosen.map((site, at): Change => ({
    ...{ op: "add_facility", id: `site-${at + 1}`, kind: site.kind, lon: site.lon, lat: site.lat },
    ...(site.size_m2 !== null ? { floor_m2: site.size_m2 } : {}),
    ...(site.capacity_persons !== null && Number.isFinite(site.capacity_persons) ? { capacity: Math.round(site.capacity_persons) } : {}),
  }));
}

export interface SitingAround {
  client: Client;
  city: () => string | null;
  /** Follow a job until it ends. */
  follow: (job: Job) => Promise<void>;
  /** The state from which scenarios are computed is missing: a job makes it. */
  prepare: () => void;
  trouble: (problem: Problem) => void;
  /** Which siting the address names from now on. */
  shown: (siting: SitingRef | null) => void;
}

/** A district that a siting may be asked for. */
export interface SitingArea {
  id: DistrictId;
  name: string;
  members: number;
}

interface Shown {
  plan: SitingPlan;
  funding: Funding;
}

export class Siting {
  readonly wish = new Store<SitingWish>(FIRST_SITING_WISH);
  readonly runs = new Store<readonly SitingRun[]>([]);
  /** Plans whose districts may count instead of those of the analysis. */
  readonly plans = new Store<readonly PlanItem[]>([]);
  /** Districts of the plan that is wished; null: those of the analysis, or not read yet. */
  readonly areas = new Store<readonly SitingArea[] | null>(null);
  readonly answer = new Store<SitingAnswer | null>(null);
  /** The plan that is shown: of the run, of a point of its curve, or solved again. */
  readonly shown = new Store<Shown | null>(null);
  readonly point = new Store<number | null>(null);
  readonly edits = new Store<SitingEdits>(NO_SITING_EDITS);
  /** The name under which the service knows the changed plan. */
  readonly edit = new Store<string | null>(null);
  /** The plan before the planner's changes, to tell what they cost. */
  readonly before = new Store<SitingPlan | null>(null);
  readonly took_ms = new Store<number | null>(null);
  readonly catchments = new Store<GeoJSON.FeatureCollection | null>(null);
  readonly chosen = new Store<string | null>(null);
  /** Where the sites of a plan that was just opened lie: the map shows them once. */
  readonly toFit = new Store<readonly LonLat[] | null>(null);
  readonly heat = new Store<"before" | "after">("before");
  readonly paint = new Store<ScenarioPaint | null>(null);
  readonly preparing = new Store(false);
  /** What a press on an asset of the map means. */
  readonly picking = new Store<"must" | "must_not" | null>(null);
  readonly clashes = new Store<readonly SitingClash[]>([]);
  readonly problem = new Store<Problem | null>(null);
  readonly busy = new Store(false);
  readonly running = new Store(false);
  /** Who pays with the money that the planner filled in since; null: as the siting was asked. */
  readonly paid = new Store<FundingAnswer | null>(null);
  readonly paidProblem = new Store<Problem | null>(null);
  readonly sitings: Sitings;
  private readonly drawn: Plans;
  /** The job that is open, or on its way. */
  private opening: string | null = null;
  /** The planner filled in money: it stays, whichever siting is opened. */
  private spent = false;
  private readonly payer: Latest<{ asked: FundingAsked; which: Which; job: string }, FundingAnswer>;
  private readonly solver: Latest<{ edits: SitingEdits; point: number | null; job: string }, Shown & { edit: string; elapsed_ms: number }>;

  constructor(private readonly around: SitingAround) {
    this.sitings = new Sitings(around.client);
    this.drawn = new Plans(around.client);
    this.payer = new Latest(
      ({ asked, which, job }, signal) => this.sitings.funding(this.city, job, { ...asked, ...which }, signal),
      (told) => {
        this.paidProblem.set(null);
        this.paid.set(told);
      },
      (reason) => this.paidProblem.set(asProblem(reason)),
    );
    this.solver = new Latest(
      ({ edits, point, job }, signal) => this.sitings.again(this.city, job, edits, point ?? undefined, signal),
      ({ plan, funding, edit, elapsed_ms }) => {
        this.busy.set(this.solver.waits);
        this.took_ms.set(elapsed_ms);
        this.edit.set(edit);
        this.show({ plan, funding });
      },
      (reason) => {
        this.busy.set(false);
        this.refused(reason);
      },
    );
  }

  forget(): void {
    this.close();
    this.spent = false;
    this.wish.set(FIRST_SITING_WISH);
    this.runs.set([]);
    this.plans.set([]);
    this.areas.set(null);
  }

  /** Put the result away; the wish stays. */
  close(): void {
    this.clear();
    this.around.shown(null);
  }

  private clear(): void {
    this.opening = null;
    if (!this.spent) this.want({ money: FIRST_MONEY });
    this.solver.drop();
    this.payer.drop();
    for (const store of [this.answer, this.paid, this.paidProblem, this.shown, this.point, this.edit, this.before, this.took_ms, this.catchments, this.chosen, this.toFit, this.paint, this.picking, this.problem]) store.set(null);
    this.edits.set(NO_SITING_EDITS);
    this.heat.set("before");
    this.clashes.set([]);
    this.busy.set(false);
  }

  want(part: Partial<SitingWish>): void {
    this.wish.update((before) => ({ ...before, ...part }));
  }

  /** Fill in how much money there is: who pays is told anew, nothing is solved again. */
  spend(part: Partial<MoneyWish>): void {
    this.spent = true;
    this.want({ money: { ...this.wish.value.money, ...part } });
    this.pay();
  }

  /** Ask who pays for the plan that is shown, where the money is not that of its request. */
  private pay(): void {
    const [{ value: answer }, { money }] = [this.answer, this.wish.value];
    if (!answer || moneyFaults(money).size > 0) return;
    const asked = fundingOf(money);
    if (JSON.stringify(asked) === JSON.stringify(fundingOf(moneyOf(answer.request.funding)))) {
      this.payer.drop();
      this.paidProblem.set(null);
      return this.paid.set(null);
    }
    this.payer.put({ asked, which: this.which, job: answer.job });
  }

  /** Demand or rule out an asset, in the wish. */
  mark(how: "must" | "must_not", id: string): void {
    const { value: wish } = this.wish;
    const other = how === "must" ? "must_not" : "must";
    const was = wish[how].includes(id);
    this.want({ [other]: wish[other].filter((one) => one !== id), [how]: was ? wish[how].filter((one) => one !== id) : [...wish[how], id] });
  }

  async reload(): Promise<void> {
    try {
      this.runs.set(await this.sitings.list(this.city));
    } catch (reason) {
      this.around.trouble(asProblem(reason));
    }
  }

  /** Read the plans of districts that a siting may be asked with. */
  async loadPlans(): Promise<void> {
    try {
      this.plans.set(await this.drawn.list(this.city));
    } catch (reason) {
      this.around.trouble(asProblem(reason));
    }
  }

  /** Let a plan's districts count; empty: those of the analysis. What named other districts is put away. */
  async wishPlan(plan: string): Promise<void> {
    this.want({ plan, districts: [], limits: this.wish.value.limits.map((one) => ({ ...one, district: "" as const })) });
    this.areas.set(null);
    if (plan === "") return;
    try {
      const { districts } = await this.drawn.plan(this.city, plan);
      if (this.wish.value.plan === plan) this.areas.set(districts.map(({ id, name, members }) => ({ id, name, members })));
    } catch (reason) {
      this.want({ plan: "" });
      this.around.trouble(asProblem(reason));
    }
  }

  /** Look for the best plan; it goes on in the background. */
  async run(): Promise<void> {
    this.problem.set(null);
    this.clashes.set([]);
    this.picking.set(null);
    this.running.set(true);
    try {
      await this.around.follow(await this.sitings.start(this.city, requestOf(this.wish.value)));
    } catch (reason) {
      this.refused(reason);
    } finally {
      this.running.set(false);
    }
  }

  /** A run is done, or one of before is opened: read its plan, or which rules clash.
   *
   * @param fit whether the map goes to its sites.
   */
  async open(job: string, { point = null, edits = "", fit = true }: Partial<Omit<SitingRef, "job">> & { fit?: boolean } = {}): Promise<void> {
    this.clear();
    this.opening = job;
    this.around.shown({ job, point, edits });
    try {
      const answer = await this.sitings.answer(this.city, job);
      if (this.opening !== job) return;
      this.answer.set(answer);
      // Whoever filled in nothing sees the money that this siting was asked with.
      if (!this.spent) this.want({ money: moneyOf(answer.request.funding) });
      if (point === null) this.show(answer);
      else await this.pick(point);
      if (this.opening !== job) return;
      if (fit) this.toFit.set(answer.plan.chosen.map((site) => [site.lon, site.lat]));
      const changed = decodeEdits(edits);
      if (countOf(changed) > 0 && this.shown.value) this.solveAgain(changed);
      void this.reload();
    } catch (reason) {
      if (this.opening !== job) return;
      this.close();
      this.refused(reason);
    }
  }

  /** Show what an address names; what is shown already stays as it is. */
  async enter(wanted: SitingRef | null, { fit, again = false }: { fit: boolean; again?: boolean }): Promise<void> {
    if (wanted === null) {
      if (this.opening !== null) this.close();
      return;
    }
    if (again || wanted.job !== this.opening) return this.open(wanted.job, { ...wanted, fit });
    const edits = decodeEdits(wanted.edits);
    if (wanted.point !== this.point.value) await this.pick(wanted.point);
    if (encodeEdits(edits) !== encodeEdits(this.edits.value)) this.solveAgain(edits);
  }

  /** A run came to nothing: which rules clash, or what else the service says. */
  async failed({ id, error }: Pick<Job, "id" | "error">): Promise<void> {
    if (error === null || error.code === "siting-infeasible") return this.open(id);
    const { [this.around.client.language() === "zh" ? "detail_zh" : "detail_en"]: detail } = error;
    this.problem.set(new Problem(0, error.code, "", detail));
  }

  /** Show a point of the curve; null: the plan that was asked for. */
  async pick(point: number | null): Promise<void> {
    const { value: answer } = this.answer;
    if (!answer) return;
    this.solver.drop();
    this.busy.set(false);
    this.edits.set(NO_SITING_EDITS);
    this.edit.set(null);
    this.before.set(null);
    this.point.set(point);
    this.tell();
    if (point === null) return this.show(answer);
    this.busy.set(true);
    try {
      const told = await this.sitings.point(this.city, answer.job, point);
      if (this.point.value === point) this.show(told);
    } catch (reason) {
      this.refused(reason);
    } finally {
      if (this.point.value === point) this.busy.set(false);
    }
  }

  /** Force, forbid or free an asset: the plan is solved again. */
  press(how: "force" | "forbid", id: string): void {
    this.solveAgain(toggled(this.edits.value, how, id));
  }

  /** Another size of a chosen option; null: as the solver likes. */
  resize(option: string, size: string | null): void {
    const { [option]: _, ...others } = this.edits.value.resize;
    this.solveAgain({ ...this.edits.value, resize: size === null ? others : { ...others, [option]: size } });
  }

  undoEdits(): void {
    void this.pick(this.point.value);
  }

  choose(asset: string | null): void {
    this.chosen.set(this.chosen.value === asset ? null : asset);
  }

  /** The heatmap as it is, or as the plan would make it. */
  async showHeat(heat: "before" | "after"): Promise<void> {
    this.heat.set(heat);
    const { value: shown } = this.shown;
    if (heat === "before" || !shown) return this.paint.set(null);
    try {
      const answer = await this.around.client.whatIf(this.city, changesOf(shown.plan), { only: ["neighbourhoods", "heatmap"], gapsOf: null });
      if (this.shown.value !== shown || this.heat.value !== "after") return;
      this.preparing.set(false);
      this.paint.set(paintOf(answer));
    } catch (reason) {
      if (isMissing(reason)) {
        if (!this.preparing.value) this.around.prepare();
        return this.preparing.set(true);
      }
      this.heat.set("before");
      this.refused(reason);
    }
  }

  /** The base of scenarios stands now. */
  prepared(): void {
    if (!this.preparing.value) return;
    this.preparing.set(false);
    if (this.heat.value === "after") void this.showHeat("after");
  }

  /** Make a scenario of the plan that is shown. */
  async adopt(name: string): Promise<string | null> {
    const { value: answer } = this.answer;
    if (!answer) return null;
    try {
      const made = await this.sitings.adopt(this.city, answer.job, { id: newId(), name, ...this.which });
      return made.id;
    } catch (reason) {
      this.refused(reason);
      return null;
    }
  }

  exportAddress(format: "gpkg" | "xlsx"): string {
    const { value: paid } = this.paid;
    return this.sitings.exportAddress(this.city, this.answer.value?.job ?? "", format, { ...this.which, ...(paid ? { funding: paid.asked } : {}) });
  }

  get which(): Which {
    const [edit, point] = [this.edit.value, this.point.value];
    return edit !== null ? { edit } : point !== null ? { point } : {};
  }

  /** The address follows what is shown. */
  private tell(): void {
    if (this.opening !== null) this.around.shown({ job: this.opening, point: this.point.value, edits: encodeEdits(this.edits.value) });
  }

  private get city(): string {
    return this.around.city() ?? "";
  }

  private solveAgain(edits: SitingEdits): void {
    const { value: answer } = this.answer;
    if (!answer) return;
    if (countOf(edits) === 0) return this.undoEdits();
    if (this.before.value === null) this.before.set(this.shown.value?.plan ?? null);
    this.edits.set(edits);
    this.tell();
    this.problem.set(null);
    this.clashes.set([]);
    this.busy.set(true);
    this.solver.put({ edits, point: this.point.value, job: answer.job });
  }

  private show({ plan, funding }: Shown): void {
    this.problem.set(null);
    this.clashes.set([]);
    this.shown.set({ plan, funding });
    this.paid.set(null);
    this.pay();
    const { value: chosen } = this.chosen;
    if (chosen !== null && !plan.chosen.some((site) => site.asset === chosen)) this.chosen.set(null);
    void this.loadCatchments();
    if (this.heat.value === "after") void this.showHeat("after");
  }

  private async loadCatchments(): Promise<void> {
    const [answer, shown] = [this.answer.value, this.shown.value];
    if (!answer) return;
    try {
      const found = await this.sitings.catchments(this.city, answer.job, this.which);
      if (this.shown.value === shown) this.catchments.set(found);
    } catch (reason) {
      this.catchments.set(null);
      this.around.trouble(asProblem(reason));
    }
  }

  private refused(reason: unknown): void {
    const problem = asProblem(reason);
    if (Array.isArray(problem.more.clashes)) this.clashes.set(problem.more.clashes as SitingClash[]);
    else this.problem.set(problem);
  }
}

const newId = (): string => Array.from(crypto.getRandomValues(new Uint8Array(9)), (byte) => byte.toString(36).padStart(2, "0")).join("");
