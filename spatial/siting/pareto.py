"""Money against people: what each further yuan brings, point by point, each with its bound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np
import pandas as pd

from spatial.errors import InfeasibleError, InputError
from spatial.progress import Progress, silent
from spatial.siting.answer import Cancel, Effort, Status, Watch, gap_share
from spatial.siting.plan import SitingPlan, plan_of
from spatial.siting.problem import SitingProblem
from spatial.siting.rules import SitingRules, SitingWeights
from spatial.siting.solver.core import NEVER, YUAN, compile_problem, worth_of
from spatial.siting.solver.greedy import greedy_years
from spatial.siting.solver.prices import Aim
from spatial.siting.solver.proof import Ready, best_plan, make_ready
from spatial.siting.together import solve_chains

__all__ = ["ParetoCurve", "pareto"]

PEOPLE: Final = SitingWeights()
SEEN: Final = 1e-9
CHAINS: Final = 4
"""Lines of points that are solved beside each other; in a line each begins with the one before."""
ROOM: Final = 1.25
"""A budget this much above what a first plan spends to serve all it can is not gone beyond."""


@dataclass(frozen=True, slots=True, eq=False)
class ParetoCurve:
    """Points of money against people, cheapest first.

    Parameters
    ----------
    frame : DataFrame
        By point: ``budget_yuan`` (of all years), ``cost_yuan``, ``persons`` newly served,
        ``people`` (weighted), ``bound`` (no plan of this budget serves more weighted persons),
        ``gap_share, status, yuan_per_person`` (of what the point adds to the one before).
    plans : tuple of SitingPlan
        One for each point.
    """

    frame: pd.DataFrame
    plans: tuple[SitingPlan, ...]

    def __repr__(self) -> str:
        """Say how far it goes."""
        last = self.frame.iloc[-1]
        return (
            f"ParetoCurve({len(self.frame)} points, up to {last['budget_yuan'] / 1e4:,.0f} 万元 "
            f"and {last['persons']:,.0f} persons, worst gap {self.frame['gap_share'].max():.4%})"
        )

    def _repr_html_(self) -> str:
        """Show it in a notebook."""
        return str(self.frame.to_html())


def pareto(
    problem: SitingProblem,
    *,
    budgets_yuan: Sequence[float] | None = None,
    points: int = 12,
    effort: Effort | None = None,
    progress: Progress = silent,
    cancel: Cancel | None = None,
) -> ParetoCurve:
    """Most people for each budget.

    Parameters
    ----------
    problem : SitingProblem
        Its rules hold at every point; its weights and order are not used: people alone count.
    budgets_yuan : sequence of float, optional
        Money of all years together; the years share it as they share the budget now (evenly
        where that has no limit).
    points : int
        Without `budgets_yuan`: so many, evenly up to the budget, or where there is none up to
        what a plan costs that serves as many as can be.
    effort : Effort, optional
        For the whole curve, by default a minute; points are solved on all cores, each in its
        part of the time left.
    progress, cancel : optional
        Cancelled, the points that are done are returned.

    Returns
    -------
    ParetoCurve
        More money never serves fewer people, and bounds never fall.

    Raises
    ------
    InputError
        If there is no budget to begin with.
    InfeasibleError
        If even the largest budget is not enough for what must be. Budgets that are too small
        for the rules are left out.
    """
    effort = effort or Effort()
    watch = Watch(effort, progress, cancel)
    ready = make_ready(compile_problem(_limited(problem)))
    totals = _totals(ready, budgets_yuan, points)
    shares = _shares(problem.rules)
    readies = [
        _with_budget(ready, tuple(float(total) * share for share in shares)) for total in totals
    ]
    refused: dict[int, InfeasibleError] = {}

    def point(at: int, part: Watch, before: SitingPlan | None) -> SitingPlan | None:
        try:
            return _point(readies[at], part, before)
        except InfeasibleError as error:
            refused[at] = error
            return None

    watch.tell("siting_pareto", 0.0)
    every = range(len(totals))
    lines = solve_chains(
        [[partial(point, at) for at in every[first::CHAINS]] for first in range(CHAINS)],
        watch,
        lambda share: watch.tell("siting_pareto", share),
    )
    found = [lines[at % CHAINS][at // CHAINS] for at in every]
    plans, spent = _rising(readies, totals, found)
    watch.tell("siting_pareto", 1.0)
    if not plans and refused:
        raise refused[max(refused)]
    return _curve(plans, spent)


def _limited(problem: SitingProblem) -> SitingProblem:
    """Give every year a limit, so that it can be moved."""
    rules = problem.rules
    if np.isfinite(rules.budget_yuan).all():
        return problem
    most = float(problem.options["cost_yuan"].sum() + problem.options["yearly_yuan"].sum())
    most *= rules.years
    return problem.with_rules(
        budget_yuan=tuple(min(money, most + 1.0) for money in rules.budget_yuan), order=()
    )


def _shares(rules: SitingRules) -> tuple[float, ...]:
    """Return each year's share of the money."""
    money = np.array(rules.budget_yuan)
    if not np.isfinite(money).all() or money.sum() <= 0:
        return (1.0 / rules.years,) * rules.years
    return tuple(float(share) for share in money / money.sum())


def _totals(ready: Ready, budgets_yuan: Sequence[float] | None, points: int) -> list[float]:
    """Return the budgets, smallest first."""
    core = ready.core
    if budgets_yuan is not None:
        given = sorted({float(money) for money in budgets_yuan})
        if not given or given[0] < 0 or not np.isfinite(given[-1]):
            raise InputError(
                f"`budgets_yuan` is {given}: give finite amounts of at least 0.",
                zh=f"budgets_yuan 为 {given}:请给出不小于 0 的有限金额。",
            )
        return given
    if points < 1:
        raise InputError(
            f"`points` is {points}: ask for at least one.", zh=f"points 为 {points}:至少取 1。"
        )
    rules = core.problem.rules
    first = greedy_years(ready, PEOPLE)
    most = float(core.cost_yuan[first != NEVER].sum())
    if rules.yearly_in_budget:
        opened = np.where(first != NEVER, rules.years - first, 0)
        most += float((core.yearly_yuan * opened).sum())
    if np.isfinite(rules.budget_yuan).all():
        most = min(float(sum(rules.budget_yuan)), most * ROOM)
    return sorted({most * (at + 1) / points for at in range(points)})


def _with_budget(ready: Ready, budget_yuan: tuple[float, ...]) -> Ready:
    """Return the same rows with other money."""
    core = ready.core
    problem = core.problem.with_rules(budget_yuan=budget_yuan, order=())
    there = np.cumsum(budget_yuan) if problem.rules.carry_over else np.array(budget_yuan)
    upper = ready.structure.upper.copy()
    upper[ready.structure.rule == "budget"] = there / YUAN
    return Ready(replace(core, problem=problem), replace(ready.structure, upper=upper))


def _point(ready: Ready, watch: Watch, before: SitingPlan | None) -> SitingPlan:
    """Most people for one budget; never fewer than for the smaller budget before."""
    core = ready.core
    start = None if before is None else core.standing(before.years)
    try:
        year, bound = best_plan(ready, Aim(PEOPLE), watch, start)
        worth = worth_of(core, year)
    except InfeasibleError:
        if start is None or not watch.must_stop():
            raise
        year, bound, worth = start, np.nan, worth_of(core, start)
    if start is not None:
        was = worth_of(core, start)
        if was.value(PEOPLE) > worth.value(PEOPLE):
            year, worth = start, was
    value = worth.value(PEOPLE)
    bound = value if bound - value <= SEEN * max(1.0, abs(value)) else bound
    status = watch.status_of(value, bound)
    notes = watch.notes_of(value, bound)
    return plan_of(core, year, worth, bound=bound, status=status, cpu_s=watch.cpu_s, notes=notes)


def _rising(
    readies: Sequence[Ready], totals: Sequence[float], found: Sequence[SitingPlan | None]
) -> tuple[list[SitingPlan], list[float]]:
    """Return the plans that were found and their money; none serves fewer than for less money."""
    plans: list[SitingPlan] = []
    spent: list[float] = []
    for ready, total, plan in zip(readies, totals, found, strict=True):
        if plan is None:
            continue
        best = plan
        if plans and plans[-1].value > plan.value:
            core = ready.core
            year = core.standing(plans[-1].years)
            best = plan_of(
                core,
                year,
                worth_of(core, year),
                bound=plan.bound,
                status=plan.status,
                cpu_s=plan.cpu_s,
            )
        plans.append(best)
        spent.append(float(total))
    return plans, spent


def _status(plan: SitingPlan, value: float, bound: float) -> Status:
    """Say how sure a point is, by the bound that the points of more money leave it."""
    if bound <= value:
        return Status.PROVEN_OPTIMAL
    has_one_now = plan.status == Status.NO_BOUND and np.isfinite(bound)
    return Status.WITHIN_BOUND if has_one_now else plan.status


def _curve(plans: list[SitingPlan], spent: list[float]) -> ParetoCurve:
    """Lay the points out; a bound for more money holds for less as well."""
    people = np.array([plan.parts.loc["people", "value"] for plan in plans])
    bound = np.array([plan.bound for plan in plans])
    bound = np.fmin.accumulate(bound[::-1])[::-1]
    bound = np.where(np.isnan(bound), np.nan, np.maximum(bound, people))
    plans = [
        replace(plan, value=float(value), bound=float(most), status=_status(plan, value, most))
        for plan, value, most in zip(plans, people, bound, strict=True)
    ]
    cost = np.array([plan.parts.loc["money", "value"] for plan in plans])
    persons = np.array([plan.newly_persons for plan in plans])
    more, dearer = np.diff(persons, prepend=0.0), np.diff(cost, prepend=0.0)
    each = np.divide(dearer, more, out=np.full(len(more), np.nan), where=more > 0)
    frame = pd.DataFrame(
        {
            "budget_yuan": spent,
            "cost_yuan": cost,
            "persons": persons,
            "people": people,
            "bound": bound,
            "gap_share": [gap_share(v, b) for v, b in zip(people, bound, strict=True)],
            "status": [str(plan.status) for plan in plans],
            "yuan_per_person": each,
        },
        index=pd.RangeIndex(len(plans), name="point"),
    )
    return ParetoCurve(frame, tuple(plans))
