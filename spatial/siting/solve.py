"""Solve a siting problem: to proof where time allows, else with a bound that is said."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spatial.progress import Progress, silent
from spatial.siting.answer import Cancel, Effort, Status, Watch
from spatial.siting.plan import SitingPlan, plan_of
from spatial.siting.problem import SitingProblem
from spatial.siting.rules import SitingWeights
from spatial.siting.solver.core import NEVER, compile_problem, worth_of
from spatial.siting.solver.keep import standing_years
from spatial.siting.solver.prices import Aim
from spatial.siting.solver.proof import Ready, best_plan, make_ready

__all__ = ["solve_ready", "solve_siting", "years_onto"]

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def solve_siting(
    problem: SitingProblem,
    *,
    start: SitingPlan | None = None,
    effort: Effort | None = None,
    progress: Progress = silent,
    cancel: Cancel | None = None,
) -> SitingPlan:
    """Choose options and years.

    Parameters
    ----------
    problem : SitingProblem
    start : SitingPlan, optional
        A plan to begin with; what the rules forbid of it is left out, what they call for is put
        in. It is returned if nothing better is found in time.
    effort : Effort, optional
        By default a minute, to proof.
    progress, cancel : optional
        Told and asked now and then; cancelled, the best plan so far is returned.

    Returns
    -------
    SitingPlan

    Raises
    ------
    InfeasibleError
        If no plan keeps the rules; :func:`spatial.siting.clash.why_infeasible` names them.
    """
    watch = Watch(effort or Effort(), progress, cancel)
    watch.tell("siting_build", 0.0)
    ready = make_ready(compile_problem(problem))
    return solve_ready(ready, watch, start)


def solve_ready(ready: Ready, watch: Watch, start: SitingPlan | None = None) -> SitingPlan:
    """Choose options and years of a problem that is laid out already."""
    core, rules = ready.core, ready.core.problem.rules
    years = None if start is None else standing_years(core, years_onto(start, core.problem))
    if rules.order:
        return _in_order(ready, watch, years)
    year, bound = best_plan(ready, Aim(rules.weights), watch, years)
    worth = worth_of(core, year)
    value = worth.value(rules.weights)
    bound = _no_less(bound, value)
    status = watch.status_of(value, bound)
    notes = watch.notes_of(value, bound)
    return plan_of(core, year, worth, bound=bound, status=status, cpu_s=watch.cpu_s, notes=notes)


def years_onto(plan: SitingPlan, problem: SitingProblem) -> Longs:
    """Years of a plan by the options of a problem that may differ from the plan's own.

    What the plan opens after the years of the problem is not chosen.
    """
    years = np.full(len(problem.options), NEVER, dtype=np.int64)
    at = problem.options.index.get_indexer(plan.chosen.index)
    years[at[at >= 0]] = plan.chosen["year"].to_numpy()[at >= 0]
    return np.where(years < problem.rules.years, years, NEVER)


def _no_less(bound: float, value: float) -> float:
    """Close the gap where bound and value are one number but for rounding."""
    if np.isnan(bound):
        return bound
    return value if bound - value <= 1e-9 * max(1.0, abs(value)) else bound


def _in_order(ready: Ready, watch: Watch, years: Longs | None) -> SitingPlan:
    """Make the first part of the order as good as can be, then the next, to the last."""
    core, order = ready.core, ready.core.problem.rules.order
    best: dict[str, float] = {}
    proven, first_bound = True, np.nan
    ended: tuple[str, ...] = ()
    least: tuple[tuple[str, float], ...] = ()
    for part in order:
        sign = 1.0 if part == "people" else -1.0
        weights = SitingWeights.only(part)
        year, bound = best_plan(ready, Aim(weights, least), watch, years)
        worth = worth_of(core, year)
        value = worth.value(weights)
        bound = _no_less(bound, value)
        proven &= bound == value
        ended = ended or watch.notes_of(value, bound)
        first_bound = bound if not best else first_bound
        best[part] = sign * bound
        base = float(core.baseline @ core.weight) if part == "people" else 0.0
        least = (*least, (part, value + base))
        years = year
        if watch.must_stop():
            break
    value = worth.value(SitingWeights.only(order[0]))
    first_bound = _no_less(first_bound, value)
    status = watch.status_of(value, first_bound)
    if (not proven or len(best) < len(order)) and status == Status.PROVEN_OPTIMAL:
        status = Status.CANCELLED if watch.cancelled else Status.WITHIN_BOUND
    return plan_of(
        core,
        year,
        worth,
        bound=first_bound,
        status=status,
        cpu_s=watch.cpu_s,
        best=best,
        notes=ended,
    )
