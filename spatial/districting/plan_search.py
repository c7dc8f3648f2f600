"""A good legal plan where there are too many legal districts to list: search with a budget.

Joins first, each the best of all (Ward's way, with the rules); then, again and again, annealing by
single moves and *ruin and recreate*; at last the best districts of all plans seen are put together
by a set partition. Nothing here claims a bound.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.districting import plan_moves
from spatial.districting.chance import dice
from spatial.districting.modes import FixedNumber, Free, Mode, MostDistricts
from spatial.districting.problem import ROUNDING, Problem
from spatial.districting.recombine import recombine
from spatial.districting.standing import Standing, counts, standing, total_score
from spatial.districting.starts import legal_districts
from spatial.errors import InfeasibleError
from spatial.progress import Progress, silent

__all__ = ["search_plan"]

Ints = npt.NDArray[np.int64]
MOVES_PER_ATOM: Final = 1500
RUNS: Final = 6
HEATS: Final = (0.05, 0.2, 0.4)
"""First temperatures of the runs, in shares of the plan's value for one atom."""
PRICES: Final = 24
"""Halvings of the price that brings a number of districts about."""


def search_plan(
    problem: Problem,
    mode: Mode | None = None,
    *,
    start: npt.NDArray[Any] | None = None,
    seed: int = 0,
    moves: int | None = None,
    price: float = 0.0,
    progress: Progress = silent,
    cancel: Callable[[], bool] | None = None,
) -> Ints:
    """Search a plan that breaks no hard rule and scores low.

    Parameters
    ----------
    problem : Problem
    mode : Mode, optional
        :class:`~spatial.districting.modes.Free` by default.
    start : array of int, shape (atoms,), optional
        A plan to improve; −1 stands alone. What breaks a rule in it is taken apart.
    seed : int
        The same seed and budget give the same plan.
    moves : int, optional
        Budget of single moves; by default 1500 an atom. 0: joins and descent only.
    price : float
        Added for every district that counts.
    progress : Progress
    cancel : callable, optional
        Asked between runs; True ends the search with the best plan so far.

    Returns
    -------
    array of int, shape (atoms,)
        District of each atom, numbered by their first; −1: stands alone.

    Raises
    ------
    InfeasibleError
        If no plan of so many districts was found.

    Examples
    --------
    >>> row = Problem.from_arrays(np.array([[0, 1], [1, 2]]), np.array([[0.0], [0.0], [3.0]]))
    >>> search_plan(row).tolist()
    [0, 0, -1]
    """
    mode = mode or Free()
    stop = cancel or (lambda: False)
    state = dice(seed, 3)
    budget = MOVES_PER_ATOM * problem.atoms if moves is None else int(moves)
    goal = _goal(problem, mode, price)
    first = None if start is None else _labels(problem, legal_districts(problem, start))
    if isinstance(mode, FixedNumber):
        first = _with_number(problem, mode.k, goal, first, state)
    plan = _begun(problem, first, goal, fixed=isinstance(mode, FixedNumber), state=state)
    label = _runs(problem, plan, mode, budget, state, progress, stop)
    size = problem.size
    held = np.bincount(label, weights=size, minlength=1)
    names = np.where(held[label] > 1, label, -1)
    names[problem.flat.lock >= 0] = label[problem.flat.lock >= 0]
    inside = names >= 0
    names[inside] = pd.factorize(names[inside])[0]
    return names.astype(np.int64)


def _goal(problem: Problem, mode: Mode, price: float) -> npt.NDArray[np.float64]:
    """Price of a district, and what makes one count; see `Standing.goal`."""
    if not isinstance(mode, MostDistricts):
        return np.array([price, -1.0, 0.0])
    column = 2 * problem.flat.needs + problem.amounts.index(mode.amount)
    single = standing(problem, np.full(problem.atoms, -1))
    # one district more is worth more than all that the other parts could save
    reward = 1.0 + float(np.abs(single.score).sum()) + float(problem.flat.sums[:, column].size)
    return np.array([price - reward, float(column), mode.at_least * (1 - ROUNDING)])


def _begun(problem: Problem, label: Ints | None, goal: Any, *, fixed: bool, state: Any) -> Standing:
    plan = standing(problem, np.full(problem.atoms, -1) if label is None else label, goal)
    if label is None:
        everybody = np.arange(problem.atoms, dtype=np.int64)
        plan_moves.join_all(plan, everybody, 0.0, state)
    plan_moves.dissolve_short(plan)  # of a start, too: it may hold less than this mode asks for
    _descend(plan, fixed=fixed)
    return plan


def _descend(plan: Standing, *, fixed: bool) -> None:
    atoms = np.arange(len(plan.label), dtype=np.int64)
    plan_moves.descend_plan(plan, atoms, np.ones(len(atoms), np.bool_), fixed)


def _runs(
    problem: Problem,
    plan: Standing,
    mode: Mode,
    budget: int,
    state: Any,
    progress: Progress,
    stop: Callable[[], bool],
) -> Ints:
    fixed = isinstance(mode, FixedNumber)
    atoms = problem.atoms
    seen = [_plain(plan.label)]
    best, value = seen[0], total_score(plan)
    for run in range(RUNS if budget > 0 and atoms > 1 else 0):
        progress("districts", run / RUNS)
        if stop():
            break
        plan = standing(problem, best, plan.goal)
        if run:
            unit = float(np.abs(plan.score).sum()) / atoms + 1e-12
            hot = HEATS[run % len(HEATS)] * unit
            plan_moves.anneal_plan(plan, budget // RUNS, hot, 0.02 * hot, fixed, state)
            _descend(plan, fixed=fixed)
            seen.append(_plain(plan.label))
        plan_moves.recreate(plan, max(budget // (100 * RUNS), 1), fixed, 0.6, state)
        seen.append(_plain(plan.label))
        now = total_score(plan)
        if now < value - 1e-12:
            best, value = seen[-1], now
    cost = partial(_costs, problem, plan.goal)
    if fixed:  # as many districts count as asked for: a plan with other numbers alone may not
        return best
    return recombine(seen, cost, same_number=False) if len(seen) > 1 else best


def _costs(problem: Problem, goal: Any, label: Ints, regions: int) -> npt.NDArray[np.float64]:
    plan = standing(problem, label, goal)
    return plan.score[:regions]


def _plain(label: npt.NDArray[Any]) -> Ints:
    return pd.factorize(label)[0].astype(np.int64)


def _labels(problem: Problem, districts: list[Ints]) -> Ints:
    label = np.full(problem.atoms, -1, np.int64)
    for number, members in enumerate(districts):
        label[members] = number
    return label


def _number(plan: Standing) -> int:
    return sum(
        bool(counts(plan, plan.total[d], plan.lock_of[d])) for d in np.flatnonzero(plan.members)
    )


def _with_number(problem: Problem, k: int, goal: Any, start: Ints | None, state: Any) -> Ints:
    """Find a plan in which `k` districts count: by a price, then what is above dissolves."""
    if start is not None and _number(standing(problem, start, goal)) == k:
        return start
    single = standing(problem, np.full(problem.atoms, -1), goal)
    low = high = 1.0 + float(np.abs(single.score).sum())
    low = -low
    best: Standing | None = None
    for _ in range(PRICES):
        price = 0.5 * (low + high)
        trial = _begun(
            problem, None, np.array([goal[0] + price, *goal[1:]]), fixed=False, state=state
        )
        found = _number(trial)
        if found >= k and (best is None or found <= _number(best)):
            best = trial
        if found == k:
            break
        low, high = (price, high) if found > k else (low, price)
    if best is None:
        raise InfeasibleError(
            f"No plan of {k} districts was found within the rules. Ask for fewer.",
            zh=f"在规则内未找到 {k} 个片区的方案。请减少个数。",
        )
    plan = standing(problem, best.label, goal)
    order = np.argsort(plan.members, kind="stable")
    extra = _number(plan) - k
    label = plan.label.astype(np.int64)
    for d in order:
        if extra <= 0:
            break
        if plan.members[d] > 1 and plan.lock_of[d] < 0 and (problem.size[label == d] == 1).all():
            label[label == d] = -1
            extra -= 1
    if extra > 0:
        raise InfeasibleError(
            f"No plan of {k} districts was found: {_number(plan)} are locked or tied together.",
            zh=f"未找到 {k} 个片区的方案:{_number(plan)} 个已锁定或绑定。",
        )
    return label
