/** Proposals of districts: what is wished, the job that looks for them, and what is done with them. */

import { Problem } from "../api/client";
import type { Clash, Proposal, ProposalList, Wish } from "../api/planTypes";
import type { Drawing } from "./drawing";
import { Store } from "./store";

export const FIRST_WISH: Wish = { mode: "free", rules: {}, weights: {}, count: 4, seed: 0 };

export class Proposals {
  readonly wish = new Store<Wish>(FIRST_WISH);
  readonly found = new Store<ProposalList | null>(null);
  readonly clashes = new Store<readonly Clash[]>([]);
  readonly running = new Store(false);
  readonly problem = new Store<Problem | null>(null);

  constructor(private readonly around: { drawing: Drawing; start: (wish: Wish) => Promise<void> }) {}

  /** Look for plans. @param improve the open plan is where it begins; what it locks stays. */
  async run(improve: boolean): Promise<void> {
    const { plan } = this.around.drawing;
    this.problem.set(null);
    this.clashes.set([]);
    this.running.set(true);
    try {
      const { value: wish } = this.wish;
      await this.around.start({ ...wish, ...(improve && plan.value ? { plan: plan.value.id } : {}) });
    } catch (reason) {
      this.problem.set(asProblem(reason));
    } finally {
      this.running.set(false);
    }
  }

  /** A job is done: read what it found, or which rules clash. */
  async done(job?: string): Promise<void> {
    const { drawing } = this.around;
    try {
      const found = await drawing.plans.proposals(drawing.city, job);
      this.found.set(found);
      this.clashes.set([]);
    } catch (reason) {
      const problem = asProblem(reason);
      if (problem.code === "rules-clash") this.clashes.set((problem.more.clashes ?? []) as Clash[]);
      else if (problem.status !== 404) this.problem.set(problem);
    }
  }

  /** Take a proposal, or one district of it, into the open plan. */
  take(proposal: Proposal, district?: string): void {
    const { drawing } = this.around;
    drawing.edit({ op: "take", assignment: proposal.assignment, ...(district === undefined ? {} : { districts: [district] }) });
  }

  /** A plan of its own from a proposal. */
  async keep(proposal: number, name: string): Promise<boolean> {
    const { value: list } = this.found;
    return list?.job ? this.around.drawing.create(name, { job: list.job, item: proposal }) : false;
  }
}

function asProblem(reason: unknown): Problem {
  if (reason instanceof Problem) return reason;
  return new Problem(0, "unexpected", "", reason instanceof Error ? reason.message : String(reason));
}
