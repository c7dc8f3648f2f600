"""The Lagrangian dual of a capacitated case climbed, and what it proves about sites and pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from spatial.siting.answer import Watch
from spatial.siting.capacitated.case import Case
from spatial.siting.capacitated.dual import site_values
from spatial.siting.capacitated.flow import by_site, of_open_sites
from spatial.siting.capacitated.search import Judge

__all__ = ["Dual", "climb", "near_enough", "no_better_than", "open_ways"]

Floats = npt.NDArray[np.float64]
Longs = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
MAX_STEPS: Final = 600
PATIENCE: Final = 20
LEAST_STEP: Final = 1e-3
CLIMB_SHARE: Final = 0.6
"""Of the time, at most this much is spent on the bound before swaps and the programme."""
MEMORY: Final = 0.5
"""How much of the last direction is kept."""


@dataclass(frozen=True, slots=True, eq=False)
class Dual:
    """The best multipliers and what hangs on them."""

    bound: float
    multiplier: Floats  # (n,)
    value: Floats  # (m,) κ
    opened: Longs  # (p,) the sites of the least κ


def climb(case: Case, judge: Judge, watch: Watch) -> Dual:
    """Raise the bound by steps along the violated rows; sets of sites met on the way are judged.

    The step is Polyak's, halved when the bound stands still. From each of the beginnings in turn,
    the best first: other ways meet other sets.
    """
    turned = by_site(case.start, case.site, len(case.capacity))
    begins = [_at(case, one, turned)[0] for one in _begins(case, judge)]
    begins.sort(key=lambda dual: -dual.bound)
    ends_s, best = watch.left_s * (1 - CLIMB_SHARE), begins[0]
    for begin in begins:
        found = _climb_from(case, judge, watch, (begin, turned, ends_s))
        best = max(best, found, key=lambda dual: dual.bound)
        if _closed(case, _upper(judge, best), best.bound, watch):
            break
        if watch.must_stop() or watch.left_s < ends_s:
            break
    return best


def _climb_from(case: Case, judge: Judge, watch: Watch, at: tuple[Dual, Any, float]) -> Dual:
    best, turned, ends_s = at
    length, still = 1.0, 0
    multiplier, direction = best.multiplier, np.zeros(len(best.multiplier))
    for step in range(MAX_STEPS):
        dual, share = _at(case, multiplier, turned)
        if step % 2 == 0 or dual.bound > best.bound:
            judge.ask(dual.opened)
        still = 0 if dual.bound > best.bound else still + 1
        best = max(best, dual, key=lambda one: one.bound)
        if still >= PATIENCE:
            length, still = length / 2, 0
            multiplier, direction[:] = best.multiplier.copy(), 0.0
            dual, share = _at(case, multiplier, turned)
        upper = _upper(judge, best)
        watch.tell("siting_bound", step / MAX_STEPS)
        if length < LEAST_STEP or _closed(case, upper, best.bound, watch):
            break
        if watch.must_stop() or watch.left_s < ends_s:
            break
        direction = _slope(case, dual, share) + MEMORY * direction
        size = float(direction @ direction)
        if size == 0:
            break
        gap = max(upper - dual.bound, 1e-6 * max(1.0, abs(upper)))
        multiplier = np.clip(dual.multiplier + length * gap / size * direction, 0.0, case.price)
    return best


def _begins(case: Case, judge: Judge) -> list[Floats]:
    """Where to begin: what the second cheapest site costs, of all and of the best set so far.

    That is what a row is worth to its nearest site. Where rows may be left also their price: good
    where capacity is scarcer than reach.
    """
    count = np.diff(case.start)
    at = case.start[:-1] + np.minimum(1, np.maximum(count - 1, 0))
    cost = np.append(case.cost, 0.0)[np.minimum(at, len(case.cost))]
    begins = [np.minimum(np.where(count > 0, cost, 0.0), case.price)]
    if judge.best is not None:
        begins.append(_second_open(case, judge.best.sites))
    if np.isfinite(case.price).all():
        begins.append(case.price.copy())
    return begins


def _second_open(case: Case, sites: Longs) -> Floats:
    """Cost of the second cheapest open site of each row; of the only one where there is one."""
    number = np.full(len(case.capacity), -1, dtype=np.int64)
    number[sites] = np.arange(len(sites))
    start, _, was = of_open_sites(case.start, case.site, number)
    count = np.diff(start)
    at = start[:-1] + np.minimum(1, np.maximum(count - 1, 0))
    cost = np.append(case.cost[was], 0.0)[np.minimum(at, len(was))]
    return np.minimum(np.where(count > 0, cost, 0.0), case.price)


def _at(case: Case, multiplier: Floats, turned: Any) -> tuple[Dual, Floats]:
    value, share = site_values(multiplier, turned, case.cost, case.demand, case.room, case.divided)
    rank = np.where(case.must, -np.inf, np.where(case.allowed, value, np.inf))
    opened = np.sort(np.argsort(rank, kind="stable")[: case.p])
    bound = float(multiplier.sum() + value[opened].sum())
    return Dual(bound, multiplier, value, opened), share


def _slope(case: Case, dual: Dual, share: Floats) -> Floats:
    """How often each row is missing: 1 - times served by the open sites."""
    isopen = np.zeros(len(case.capacity), dtype=bool)
    isopen[dual.opened] = True
    used = isopen[case.site]
    served = np.bincount(case.row[used], share[used], minlength=len(case.demand))
    slope = 1.0 - served
    slope[(dual.multiplier >= case.price) & (slope > 0)] = 0.0
    slope[(dual.multiplier <= 0) & (slope < 0)] = 0.0
    return np.asarray(slope)


def _upper(judge: Judge, best: Dual) -> float:
    if judge.best is not None:
        return judge.best.value
    return best.bound + max(1.0, 0.1 * abs(best.bound))


def no_better_than(case: Case, bound: float) -> float:
    """Round a bound up where every total is a whole number, with room for rounding errors."""
    if not case.whole or not np.isfinite(bound):
        return bound
    scale = float(np.abs(case.cost).max(initial=1.0)) * max(1, len(case.demand))
    return float(np.ceil(bound - 1e-6 - 1e-13 * scale))


def near_enough(case: Case, value: float, bound: float, watch: Watch) -> bool:
    """Tell whether a value is as near to a bound as was asked for, both as they are told."""
    return watch.enough(case.told(value), case.told(min(value, bound)))


def _closed(case: Case, upper: float, bound: float, watch: Watch) -> bool:
    return near_enough(case, upper, no_better_than(case, bound), watch)


def open_ways(case: Case, dual: Dual, limit: float) -> tuple[Bools, Bools, Bools]:
    """Tell which sites and pairs may be in an answer better than `limit`.

    Returns
    -------
    (may_open, must_open, may_use)
        Shape (m,), (m,) and (e,). By reduced costs: forcing the other way would cost at least
        `limit`. Where service is divided a pair may be used a little, and is ruled out only where
        even a single unit by it would cost too much.
    """
    inside = np.zeros(len(case.capacity), dtype=bool)
    inside[dual.opened] = True
    free_in, free_out = inside & ~case.must, ~inside & case.allowed
    worst = dual.value[free_in].max() if free_in.any() else -np.inf
    next_best = dual.value[free_out].min() if free_out.any() else np.inf
    extra = np.where(inside, 0.0, dual.value - worst)
    tolerance = 1e-7 * max(1.0, abs(limit))
    may_open = case.allowed & (inside | (dual.bound + extra < limit + tolerance))
    must_open = case.must | (free_in & (dual.bound - dual.value + next_best >= limit + tolerance))
    reduced = np.maximum(case.cost - dual.multiplier[case.row], 0.0) * _least_part(case)
    may_use = may_open[case.site] & (
        dual.bound + reduced + np.maximum(extra[case.site], 0.0) < limit + tolerance
    )
    return may_open, must_open, may_use


def _least_part(case: Case) -> Floats:
    """Least share of its row that a pair serves, if it serves any, in some best answer."""
    if not case.divided:
        return np.ones(len(case.site))
    units = case.demand[case.row]
    if case.whole:  # then some best answer divides by whole units
        return 1.0 / np.maximum(units, 1.0)
    return (units <= 0).astype(np.float64)
