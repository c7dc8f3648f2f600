"""Good sets of sites for the capacitated models: what a set costs, and swaps of sites."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from spatial.siting.answer import Watch
from spatial.siting.capacitated.case import ROUNDING, Case
from spatial.siting.capacitated.flow import divide_demand, of_open_sites
from spatial.siting.capacitated.moves import settle

__all__ = ["Found", "Judge", "improve_sites"]

Floats = npt.NDArray[np.float64]
Longs = npt.NDArray[np.int64]
NEAR: Final = 4
"""Open sites near a closed one that are tried for it."""
SHAKES: Final = 300
SHAKEN: Final = 3
SWAP_SHARE: Final = 0.3
"""Of the time, at most this much is spent on swaps of sites before the proof is tried."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A set of sites and who goes where: amounts by pair of the case."""

    sites: Longs
    value: float  # inf: some must be served and is not, or a site holds too much
    amount: Floats  # (e,) units of demand (1 for rows without demand)


@dataclass(slots=True, eq=False)
class Judge:
    """Tells what sets of sites cost; remembers the best and what was asked before."""

    case: Case
    best: Found | None = None
    known: dict[bytes, float] = field(default_factory=dict)

    def ask(self, sites: Longs) -> float:
        """Return the cost of a set with divided service, overdear where somebody is left out.

        Of single service this is a lower bound; sets that may be better than the best are settled.
        """
        sites = np.sort(sites)
        key = sites.tobytes()
        if key not in self.known:
            self.known[key] = self._judge(sites)
        return self.known[key]

    def _judge(self, sites: Longs) -> float:
        case = self.case
        number = np.full(len(case.capacity), -1, dtype=np.int64)
        number[sites] = np.arange(len(sites))
        start, where, was = of_open_sites(case.start, case.site, number)
        unit, price, dear = case.unit_cost[was], case.unit_price.copy(), case.dear
        must = ~np.isfinite(case.price)
        price[must] = dear
        flow, unserved = divide_demand(start, where, unit, case.demand, case.capacity[sites], price)
        cost, lacking = self._of_rows_without(start, case.cost[was], flow)
        value = float(flow @ unit + unserved @ price + cost)
        lacking += float(unserved[must].sum())
        limit = np.inf if self.best is None else self.best.value
        if lacking <= 0 and value < limit:
            amount = np.zeros(len(case.site))
            amount[was] = flow
            if case.divided:
                self._keep(Found(sites, case.total(amount), amount))
            else:
                self._settled(sites, (start, where, was), flow)
        elif not case.divided and self.best is None:
            self._settled(sites, (start, where, was), flow)
        return value + lacking * dear

    def _of_rows_without(self, start: Longs, cost: Floats, flow: Floats) -> tuple[float, float]:
        """Send rows without demand to the cheapest site (pairs are sorted); cost, rows left."""
        case, total, lacking = self.case, 0.0, 0.0
        for row in np.flatnonzero(case.demand <= 0).tolist():
            first = start[row]
            served = start[row + 1] > first and cost[first] <= case.price[row]
            if served:
                flow[first] = 1.0
                total += float(cost[first])
            elif np.isfinite(case.price[row]):
                total += float(case.price[row])
            else:
                lacking += 1.0
        return total, lacking

    def _settled(self, sites: Longs, pairs: tuple[Longs, Longs, Longs], flow: Floats) -> None:
        """Give each row to one site, from the divided service on."""
        case, (start, where, was) = self.case, pairs
        rows, count = len(case.demand), len(sites)
        row = np.repeat(np.arange(rows), np.diff(start))
        table = np.full((rows, count + 1), np.inf)
        table[row, where] = case.cost[was]
        table[:, count] = case.price
        held = np.zeros((rows, count + 1))
        held[row, where] = flow
        held[:, count] = np.where(np.isfinite(case.price), 1e-12, -1.0)
        held[~np.isfinite(table)] = -1.0
        at = held.argmax(axis=1)
        if not np.isfinite(table[np.arange(rows), at]).all():
            return
        value, over = settle(table, case.demand, case.capacity[sites], at, max(case.dear / 4, 1.0))
        if over > 0 or (self.best is not None and value >= self.best.value):
            return
        pair_of = np.full(table.shape, -1, dtype=np.int64)
        pair_of[row, where] = was
        used = pair_of[np.arange(rows), at]
        amount = np.zeros(len(case.site))
        served = used >= 0
        amount[used[served]] = np.where(case.demand[served] > 0, case.demand[served], 1.0)
        self._keep(Found(sites, case.total(amount), amount))

    def take(self, sites: Longs, amount: Floats) -> None:
        """Keep an answer from elsewhere if it is better, and holds."""
        load = np.bincount(self.case.site, amount, minlength=len(self.case.capacity))
        need = self.case.demand > 0
        load -= np.bincount(
            self.case.site, amount * ~need[self.case.row], minlength=len(self.case.capacity)
        )
        if (load > self.case.capacity * (1 + ROUNDING)).any():
            return
        self._keep(Found(np.sort(sites), self.case.total(amount), amount))

    def _keep(self, found: Found) -> None:
        if self.best is None or found.value < self.best.value:
            self.best = found


def improve_sites(judge: Judge, order: Longs, watch: Watch) -> None:
    """Swap sites while that helps, then shake the best set and do so again.

    Parameters
    ----------
    judge : Judge
        With a best answer.
    order : array of int
        Sites worth trying where they are closed, the most promising first.
    watch : Watch
        Its seed draws the shakes.
    """
    if judge.best is None:
        return
    rng = np.random.default_rng(watch.effort.seed)
    ends_s = watch.left_s * (1 - SWAP_SHARE)
    nearest = _nearest_rows(judge.case)
    _local(judge, judge.best.sites, order, nearest, (watch, ends_s))
    for _ in range(SHAKES):
        if watch.must_stop() or watch.left_s < ends_s:
            return
        shaken = _shaken(judge.case, judge.best.sites, rng)
        _local(judge, shaken, order, nearest, (watch, ends_s))


def _local(
    judge: Judge,
    sites: Longs,
    order: Longs,
    nearest: list[Longs],
    until: tuple[Watch, float],
) -> Longs:
    """Take swaps that lower the cost of divided service, as long as there are any."""
    watch, ends_s = until
    value, moved = judge.ask(sites), True
    while moved:
        moved = False
        for new in order.tolist():
            if watch.must_stop() or watch.left_s < ends_s:
                return sites
            if new in sites:
                continue
            for old in _rivals(judge.case, sites, nearest[new]):
                other = np.sort(np.append(sites[sites != old], new))
                found = judge.ask(other)
                if found < value:
                    sites, value, moved = other, found, True
                    break
    return sites


def _shaken(case: Case, sites: Longs, rng: np.random.Generator) -> Longs:
    """Exchange a few open sites for closed ones drawn at random."""
    free = sites[~case.must[sites]]
    closed = np.setdiff1d(np.flatnonzero(case.allowed), sites)
    count = min(SHAKEN, len(free), len(closed))
    gone = rng.choice(free, count, replace=False)
    come = rng.choice(closed, count, replace=False)
    return np.sort(np.append(np.setdiff1d(sites, gone), come))


def _nearest_rows(case: Case) -> list[Longs]:
    """Rows that reach each site, the cheapest first."""
    order = np.lexsort((case.unit_cost, case.site))
    ends = np.searchsorted(case.site[order], np.arange(len(case.capacity) + 1))
    row = case.row[order]
    return [row[low:high] for low, high in itertools.pairwise(ends.tolist())]


def _rivals(case: Case, sites: Longs, rows: Longs) -> Longs:
    """Open sites, not forced, that are nearest to the rows nearest to a closed one."""
    number = np.full(len(case.capacity), -1, dtype=np.int64)
    number[sites] = np.arange(len(sites))
    start, where, _ = of_open_sites(case.start, case.site, number)
    near = rows[: max(20, 2 * len(case.demand) // max(case.p, 1))]
    near = near[start[near + 1] > start[near]]
    overlap = np.bincount(where[start[near]], case.demand[near], minlength=len(sites))
    free = np.flatnonzero(~case.must[sites])
    return sites[free[np.argsort(-overlap[free], kind="stable")[: NEAR + 1]]]
