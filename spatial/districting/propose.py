"""Propose districts: every connected part of the city on its own, with a bound for each.

A part whose legal districts can all be listed is solved to the proven optimum; in a larger one the
plan is made of windows that are solved exactly, and no bound is claimed for it. A fixed number of
districts is found by a price on districts that is raised or lowered until the number comes out
(Lagrange): the plan at that price is then the best of its number. The most districts are found by a
reward for each that outweighs every other part of the objective.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.districting.effort import Effort
from spatial.districting.enumerate import enumerate_districts
from spatial.districting.modes import FixedNumber, Free, Mode, MostDistricts
from spatial.districting.numbers import solve_number
from spatial.districting.parts import Part, Solved, part_of, solve_part, solve_part_number
from spatial.districting.plan_search import search_plan
from spatial.districting.problem import Problem
from spatial.districting.proposal import Proposal, Status, district_ids, labels_of, reported
from spatial.districting.score import districts_of, plan_parts, plan_score
from spatial.districting.score_kernels import members_score
from spatial.districting.starts import legal_districts
from spatial.errors import CancelledError, InputError
from spatial.progress import Progress, silent

__all__ = ["propose"]

Ints = npt.NDArray[np.int64]
THREADS: Final = 2
SEARCHED: Final = 320
"""Parts of more atoms begin with a plan searched by moves."""
FAMILY: Final = {
    True: {"zh": "全部合规片区", "en": "all legal districts"},
    False: {
        "zh": "部分连片范围的合规片区过多,未逐一列出;这些范围没有下界",
        "en": "some parts have too many legal districts to list; these have no bound",
    },
}
"""What the bound is about, by whether every legal district was looked at."""


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    problem: Problem
    mode: Mode
    start: tuple[Ints, ...]
    effort: Effort
    seed: int
    given: bool
    searched: dict[float, tuple[Ints, ...]] = field(default_factory=dict)
    turn: Any = field(default_factory=Lock)

    def start_of(self, atoms: Ints) -> tuple[Ints, ...]:
        inside = np.zeros(self.problem.atoms, dtype=bool)
        inside[atoms] = True
        return tuple(district for district in self.start if inside[district[0]])


def propose(
    problem: Problem,
    mode: Mode | None = None,
    *,
    start: pd.Series | None = None,
    seed: int = 0,
    effort: Effort | None = None,
    progress: Progress = silent,
    cancel: Callable[[], bool] | None = None,
) -> Proposal:
    """Propose a plan that keeps every hard rule, as good as can be found.

    Parameters
    ----------
    problem : Problem
    mode : Mode, optional
        :class:`Free` by default.
    start : Series, optional
        A plan to improve: district id by neighbourhood, NA alone. Its districts keep their ids
        where most of their members stay; those that break a rule are taken apart.
    seed : int
        The same seed and effort give the same plan.
    effort : Effort, optional
        Its `time_limit_s` is for each part; without it only budgets end the work.
    progress : Progress
    cancel : callable, optional
        Asked between parts; True stops, and what is not yet done keeps the start, or stands
        alone; the status is then ``cancelled``.

    Returns
    -------
    Proposal

    Raises
    ------
    InfeasibleError
        If the number of districts that is asked for is not possible; it says which are.
    InputError
        If the mode is about an amount that is not there.

    Examples
    --------
    >>> row = Problem.from_arrays(np.array([[0, 1], [1, 2]]), np.array([[0.0], [0.0], [3.0]]))
    >>> found = propose(row)
    >>> found.label.tolist(), found.value, found.status
    ([0, 0, -1], 2.0, 'proven_optimal')
    """
    mode = mode or Free()
    if isinstance(mode, MostDistricts) and mode.amount not in problem.amounts:
        raise InputError(
            f"Most districts by `{mode.amount}`: there are only {', '.join(problem.amounts)}.",
            zh=f"按“{mode.amount}”求最多片区:只有 {'、'.join(problem.amounts)}。",
        )
    given = np.full(problem.atoms, -1) if start is None else labels_of(problem, start)
    districts = tuple(legal_districts(problem, given))
    task = _Task(problem, mode, districts, effort or Effort(), seed, given=start is not None)
    stop = cancel or (lambda: False)
    if isinstance(mode, FixedNumber):
        found = _of_number(task, mode.k, progress, stop)
    else:
        found = _of_parts(task, progress, stop)
    progress("districts", 1.0)
    return _proposal(task, start, found)


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """Plans of all parts; those that were not reached in time keep their start."""

    atoms: list[Ints]
    plans: list[Solved]
    whole: list[bool]  # all legal districts of the part were looked at
    bounds: list[float]  # of each part's value
    bound: float  # of the value of all
    top: int | None  # of the number of districts
    cancelled: bool


def _atoms_of_parts(problem: Problem) -> list[Ints]:
    order = np.argsort(problem.component, kind="stable")
    sizes = np.bincount(problem.component)
    return np.split(order, np.cumsum(sizes)[:-1]) if len(order) else []


def _over_parts(
    work: Callable[[Ints], Any],
    atoms: list[Ints],
    progress: Progress,
    stop: Callable[[], bool],
) -> Iterator[Any]:
    """Do the parts side by side, in order; ends early when asked to stop."""
    total, done = max(1, sum(len(some) for some in atoms)), 0
    with ThreadPoolExecutor(THREADS) as pool:
        waiting = [pool.submit(work, some) for some in atoms]
        try:
            for some, future in zip(atoms, waiting, strict=True):
                if stop():
                    return
                yield future.result()
                done += len(some)
                progress("districts", done / total)
        finally:
            for future in waiting:
                future.cancel()


def _of_parts(task: _Task, progress: Progress, stop: Callable[[], bool]) -> _Found:
    """Every part on its own: the best plan, or the most districts."""
    atoms = _atoms_of_parts(task.problem)

    def work(some: Ints) -> tuple[bool, float, Solved]:
        free = isinstance(task.mode, Free)
        if free and not task.effort.windows and not _listed(task, some):
            return False, 0.0, _found_by_moves(task, some)
        part = part_of(task.problem, some, task.mode, cap=task.effort.listed)
        reward = _reward(part) if isinstance(task.mode, MostDistricts) else 0.0
        return part.pool.complete, reward, _solve(task, part, -reward)

    plans, whole, bounds, tops = [], [], [], []
    for complete, reward, solved in _over_parts(work, atoms, progress, stop):
        plans.append(solved)
        whole.append(complete)
        top = solved.count
        if reward:
            above = (solved.value - solved.bound) / reward if complete else np.inf
            tops.append(np.floor(above + 1e-6) if complete else np.inf)
            top = int(tops[-1]) if complete else -1
        known = top == solved.count
        bounds.append(solved.bound + reward * solved.count if known else -np.inf)
    cancelled = len(plans) < len(atoms)
    for some in atoms[len(plans) :]:
        plans.append(_as_it_was(task, some))
        whole.append(False)
        bounds.append(-np.inf)
        tops.append(np.inf)
    most = isinstance(task.mode, MostDistricts) and np.isfinite(sum(tops))
    return _Found(
        atoms=atoms,
        plans=plans,
        whole=whole,
        bounds=bounds,
        bound=float(sum(bounds)),
        top=int(sum(tops)) if most else None,
        cancelled=cancelled,
    )


def _of_number(task: _Task, k: int, progress: Progress, stop: Callable[[], bool]) -> _Found:
    """Find one price for all parts at which their districts are k together."""
    atoms = _atoms_of_parts(task.problem)

    def work(some: Ints) -> Part:
        return part_of(task.problem, some, task.mode, cap=task.effort.listed)

    parts: list[Part] = list(_over_parts(work, atoms, progress, stop))
    if len(parts) < len(atoms):
        plans = [_as_it_was(task, some) for some in atoms]
        nothing = [-np.inf] * len(atoms)
        return _Found(atoms, plans, [False] * len(atoms), nothing, -np.inf, None, cancelled=True)

    def solve(part: Part, price: float) -> Solved:
        if stop():
            raise CancelledError("The search for districts was stopped.", zh="片区搜索已停止。")
        return _solve(task, part, price)

    def exactly(part: Part, price: float, count: int) -> Solved | None:
        if stop():
            raise CancelledError("The search for districts was stopped.", zh="片区搜索已停止。")
        return solve_part_number(part, price, count, effort=task.effort)

    found = solve_number(parts, k, solve, exactly)
    whole = [part.pool.complete for part in parts]
    proven = sum(plan.value for plan in found.plans) - found.bound <= 1e-7
    bounds = [plan.value if proven else -np.inf for plan in found.plans]
    return _Found(atoms, found.plans, whole, bounds, found.bound, None, cancelled=False)


def _solve(task: _Task, part: Part, price: float) -> Solved:
    start = task.start_of(part.atoms) if task.given else None
    # what is listed whole is begun from its prices: a search by moves has nothing to add
    listed = part.pool.complete and isinstance(task.mode, Free)
    if not part.pool.complete or (len(part.atoms) > SEARCHED and not listed):
        start = _searched(task, part.atoms, price)
    return solve_part(
        task.problem, part, price, task.mode, start=start, effort=task.effort, seed=task.seed
    )


def _searched(task: _Task, atoms: Ints, price: float) -> tuple[Ints, ...]:
    """Plan of a large part by moves, from the start that was given: once for all parts."""
    problem = task.problem
    with task.turn:
        if price not in task.searched:
            begin = None
            if task.given:
                begin = np.full(problem.atoms, -1, dtype=np.int64)
                for number, district in enumerate(task.start):
                    begin[district] = number
            mode = task.mode if isinstance(task.mode, MostDistricts) else Free()
            charge = 0.0 if isinstance(task.mode, MostDistricts) else price
            moves = task.effort.moves
            label = search_plan(
                problem, mode, start=begin, seed=task.seed, moves=moves, price=charge
            )
            task.searched[price] = tuple(districts_of(label))
    inside = np.zeros(problem.atoms, dtype=bool)
    inside[atoms] = True
    return tuple(found for found in task.searched[price] if inside[found[0]])


def _listed(task: _Task, atoms: Ints) -> bool:
    return enumerate_districts(task.problem, atoms, cap=task.effort.listed).complete


def _found_by_moves(task: _Task, atoms: Ints) -> Solved:
    """Plan of a part with too many legal districts to list, as the search left it."""
    districts = tuple(np.sort(found) for found in _searched(task, atoms, 0.0))
    return _given(task, districts)


def _as_it_was(task: _Task, atoms: Ints) -> Solved:
    return _given(task, task.start_of(atoms))


def _given(task: _Task, districts: tuple[Ints, ...]) -> Solved:
    value = sum(float(members_score(task.problem.flat, district)) for district in districts)
    count = sum(bool(task.problem.size[district].sum() > 1) for district in districts)
    return Solved(districts, value, -np.inf, count)


def _reward(part: Part) -> float:
    """More than all other parts of the objective together can differ in this part."""
    pool = part.pool
    size = np.diff(pool.start)
    share = np.repeat(pool.score / size, size)
    place = np.searchsorted(part.atoms, pool.members)
    most, least = np.full(len(part.atoms), -np.inf), np.full(len(part.atoms), np.inf)
    np.maximum.at(most, place, share)
    np.minimum.at(least, place, share)
    return 1.0 + float((most - least).sum())


def _proposal(task: _Task, start: pd.Series | None, found: _Found) -> Proposal:
    problem = task.problem
    label = np.full(problem.atoms, -1, dtype=np.int64)
    number = 0
    for plan in found.plans:
        for district in plan.districts:
            if problem.size[district].sum() > 1 or problem.flat.lock[district].max() >= 0:
                label[district] = number
                number += 1
    value = plan_score(problem, label)
    bound = min(found.bound, value) if np.isfinite(found.bound) else float("nan")
    tiny = 1e-7 * max(1.0, abs(value))
    rows = [
        _row(problem, atoms, plan, bound_of_part, whole=whole)
        for atoms, plan, bound_of_part, whole in zip(
            found.atoms, found.plans, found.bounds, found.whole, strict=True
        )
    ]
    status: Status = "no_bound"
    if found.cancelled:
        status = "cancelled"
    elif np.isfinite(bound):
        status = "proven_optimal" if value - bound <= tiny else "within_bound"
    counted = sum(plan.count for plan in found.plans)
    return Proposal(
        problem=problem,
        label=label,
        assignment=district_ids(problem, label, before=start),
        parts=plan_parts(problem, label),
        value=value,
        bound=value if status == "proven_optimal" else bound,
        status=status,
        family=FAMILY[all(found.whole)],
        by_component=pd.DataFrame(rows, columns=["component", "atoms", "status", "value", "bound"]),
        reported=reported(problem, label),
        districts=counted,
        districts_bound=found.top,
        seed=task.seed,
    )


def _row(
    problem: Problem, atoms: Ints, plan: Solved, bound: float, *, whole: bool
) -> tuple[int, int, str, float, float]:
    known = whole and np.isfinite(bound)
    status = "no_bound"
    if known:
        near = plan.value - bound <= 1e-7 * max(1.0, abs(plan.value))
        status = "proven_optimal" if near else "within_bound"
    lower = min(bound, plan.value) if known else float("nan")
    return int(problem.component[atoms[0]]), len(atoms), status, plan.value, lower
