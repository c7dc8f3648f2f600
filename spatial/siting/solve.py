"""Solve a siting problem: to proof where time allows, else with a bound that is said."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse

from spatial.errors import InfeasibleError
from spatial.progress import Progress, silent
from spatial.siting.answer import Cancel, Effort, Status, Watch
from spatial.siting.plan import SitingPlan, plan_of
from spatial.siting.problem import SitingProblem
from spatial.siting.rules import SitingWeights
from spatial.siting.solve_core import NEVER, compile_problem, worth_of
from spatial.siting.solve_highs import run_programme
from spatial.siting.solve_model import Programme, lay_out

__all__ = ["solve_siting"]

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
        A plan to begin with; what the rules forbid of it is left out.
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
    core = compile_problem(problem)
    programme = lay_out(core)
    years = None if start is None else core.standing(_onto(start, problem))
    if problem.rules.order:
        return _in_order(programme, watch, years)
    weights = problem.rules.weights
    year, bound = _best(programme, weights, watch, years)
    worth = worth_of(core, year)
    value = worth.value(weights)
    bound = _no_less(bound, value)
    return plan_of(
        core,
        year,
        worth,
        bound=bound,
        status=watch.status_of(value, bound),
        cpu_s=watch.cpu_s,
    )


def _onto(plan: SitingPlan, problem: SitingProblem) -> Longs:
    """Years of a plan by the options of a problem that may differ from the plan's own."""
    years = np.full(len(problem.options), NEVER, dtype=np.int64)
    at = problem.options.index.get_indexer(plan.chosen.index)
    years[at[at >= 0]] = plan.chosen["year"].to_numpy()[at >= 0]
    return years


def _no_less(bound: float, value: float) -> float:
    """Close the gap where bound and value are one number but for rounding."""
    if np.isnan(bound):
        return bound
    return value if bound - value <= 1e-9 * max(1.0, abs(value)) else bound


def _best(
    programme: Programme,
    weights: SitingWeights,
    watch: Watch,
    years: Longs | None,
    rows: tuple[sparse.csr_array, Floats] | None = None,
) -> tuple[Longs, float]:
    """Best years of the options, and the bound."""
    core = programme.core
    base = -weights.people * float(core.baseline @ core.weight)
    objective = programme.objective(weights)
    start = None if years is None else programme.columns_of(years)
    found = run_programme(programme, objective, base, watch, start=start, rows=rows)
    if found.column is None:
        if found.infeasible:
            raise InfeasibleError(
                "No plan keeps all rules; why_infeasible(problem) names those that clash.",
                zh="没有方案能同时满足所有规则;why_infeasible(problem) 会列出冲突的规则。",
            )
        raise InfeasibleError(
            "No plan was found within the time. Give more seconds, or fewer rules.",
            zh="规定时间内没有找到可行方案。请延长时间或减少规则。",
        )
    return programme.years_of(found.column), found.bound


def _in_order(programme: Programme, watch: Watch, years: Longs | None) -> SitingPlan:
    """Make the first part of the order as good as can be, then the next, to the last."""
    core = programme.core
    rows: tuple[sparse.csr_array, Floats] | None = None
    best: dict[str, float] = {}
    proven = True
    first_bound = np.nan
    for part in core.problem.rules.order:
        sign = 1.0 if part == "people" else -1.0
        weights = SitingWeights.only(part)
        year, bound = _best(programme, weights, watch, years, rows)
        worth = worth_of(core, year)
        bound = _no_less(bound, worth.value(weights))
        proven &= bound == worth.value(weights)
        first_bound = bound if not best else first_bound
        best[part] = sign * bound
        base = float(core.baseline @ core.weight) if part == "people" else 0.0
        adds = sign * programme.parts[part]
        scale = max(1.0, float(np.abs(adds).max(initial=0.0)))
        least = sign * worth.parts[part] + base
        keep = sparse.csr_array(adds[None, :] / scale)
        level = np.array([(least - 1e-9 * max(1.0, abs(least))) / scale])
        if rows is None:
            rows = keep, level
        else:
            rows = (
                sparse.csr_array(sparse.vstack([rows[0], keep])),
                np.concatenate([rows[1], level]),
            )
        years = year
        if watch.must_stop():
            break
    proven &= len(best) == len(core.problem.rules.order)
    value = worth.value(SitingWeights.only(core.problem.rules.order[0]))
    status = watch.status_of(value, first_bound)
    if not proven and status == Status.PROVEN_OPTIMAL:
        status = Status.CANCELLED if watch.cancelled else Status.WITHIN_BOUND
    return plan_of(
        core, year, worth, bound=first_bound, status=status, cpu_s=watch.cpu_s, best=best
    )
