"""A maximal cover piece by piece: what is settled for good, and what is left to decide.

A bound that is near the value says of most sites whether the best answer has them; rows that open
sites cover are done with. What is left is smaller: rows become alike, sites are outdone by others,
and the bound comes nearer. So settling and bounding take turns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from spatial.siting.covering.max_cover_bound import (
    PARTS,
    bound_of_shares,
    lower_shares,
    price_of_money,
    worth_of_sites,
)
from spatial.siting.covering.programme import Rows
from spatial.siting.signatures import Cover, contained_in_another, same_rows

__all__ = ["Left", "Shown", "join_alike", "programme_of", "show_bound", "without"]

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
LARGEST: Final = 2.0**62
SAME: Final = 1e-9
"""Sums that are not whole are one number within this share."""


@dataclass(frozen=True, slots=True, eq=False)
class Left:
    """What is left to decide of a maximal cover."""

    cover: Cover
    weight: Floats  # (rows,)
    cost: Floats  # (sites,) greater than 0
    budget: float
    sites: Longs  # (sites,) their numbers in the whole problem
    opened: Longs  # numbers of sites that are settled: open
    paid_for: float  # weight that those cover

    @property
    def whole_weights(self) -> bool:
        """Whether all values are whole numbers."""
        return _whole(self.weight) and self.weight.sum() * PARTS < LARGEST

    @property
    def same_cost(self) -> bool:
        """Whether sites are merely counted."""
        return bool((self.cost == self.cost[:1]).all())

    def step(self, value: float) -> float:
        """Return by how much another answer must be greater to be better."""
        return 1.0 if self.whole_weights else SAME * max(1.0, abs(value))


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A bound, and what each site is worth beyond its price, in parts of `unit`."""

    bound: Any  # in parts, of what is left (without what is paid for)
    beyond: Any  # (sites,)
    share: Floats  # (rows,)
    unit: int
    price: float  # of money, in weight
    settled: npt.NDArray[np.int8]  # (sites,) 1 open, -1 closed in any better answer

    def limit(self, left: Left) -> float:
        """Return what no choice can cover more than; whole where weights are."""
        top = float(self.bound // self.unit) if self.unit > 1 else float(self.bound)
        if self.unit == 1:
            top += SAME / 1000 * abs(top)
            if left.whole_weights:
                top = float(np.floor(top))
        return left.paid_for + top


def _whole(values: Floats) -> bool:
    return bool((values == np.floor(values)).all())


def join_alike(left: Left, share: Floats | None = None) -> tuple[Left, Floats | None]:
    """Join rows that the same sites cover, drop what cannot matter, sites that others outdo."""
    useful = (np.diff(left.cover.begin) > 0) & (left.cost <= left.budget * (1 + SAME))
    cover = left.cover.part(np.ones(left.cover.row_count, dtype=bool), useful)
    first, group = same_rows(cover.start, cover.site)
    weight = np.bincount(group, left.weight, minlength=len(first)).astype(np.float64)
    kept = (np.diff(cover.start)[first] > 0) & (weight > 0)
    rows = np.zeros(cover.row_count, dtype=bool)
    rows[first[kept]] = True
    cover = cover.part(rows, np.ones(cover.site_count, dtype=bool))
    cost, sites = left.cost[useful], left.sites[useful]
    better = ~contained_in_another(cover.begin, cover.row, cover.start, cover.site, cost)
    cover = cover.part(np.ones(cover.row_count, dtype=bool), better)
    if share is not None:
        share = np.bincount(group, share, minlength=len(first)).astype(np.float64)[kept]
    made = Left(
        cover, weight[kept], cost[better], left.budget, sites[better], left.opened, left.paid_for
    )
    return made, share


def show_bound(left: Left, share: Floats | None, target: float, rounds: int) -> Shown:
    """Bound what is left, and round the sums safely.

    Parameters
    ----------
    left : Left
    share : array of float, shape (rows,), optional
        Where to begin.
    target : float
        A value that was reached, of the whole problem.
    rounds : int
    """
    weight, cost, arrays = left.weight, left.cost, left.cover.arrays
    begin = weight / 2 if share is None else np.minimum(share, weight)
    money = (float(left.budget), int(left.same_cost))
    reached = target - left.paid_for
    goal = (reached, reached + left.step(target))
    share, _, settled = lower_shares(arrays, weight, cost, money, begin.copy(), goal, rounds)
    price, _ = price_of_money(worth_of_sites(arrays, share), cost, *money)
    counted = left.same_cost
    if not left.whole_weights or not (counted or (_whole(cost) and left.budget < LARGEST / PARTS)):
        worth = worth_of_sites(arrays, share)
        bound, beyond = bound_of_shares(worth, weight, share, cost, price, left.budget)
        return Shown(bound, beyond, share, 1, price, settled)
    costs = np.ones(len(cost)) if counted else cost
    budget = np.floor(left.budget / cost[0] * (1 + SAME)) if counted else np.floor(left.budget)
    exact = np.rint(share * PARTS).astype(np.int64)
    worth = worth_of_sites(arrays, exact)
    price_parts = int(price_of_money(worth.astype(float), costs, budget, money[1])[0])
    bound, beyond = bound_of_shares(
        worth, weight.astype(np.int64) * PARTS, exact, costs.astype(np.int64),
        price_parts, int(budget),
    )  # fmt: skip
    return Shown(bound, beyond, share, PARTS, price, settled)


def without(left: Left, shown: Shown, value: float) -> tuple[Left, Floats]:
    """Settle the sites that any answer better than `value` must have, or cannot have."""
    room = shown.bound - (value + left.step(value) - left.paid_for) * shown.unit
    opened = (shown.beyond > room) | (shown.settled > 0)
    closed = ((-shown.beyond > room) | (shown.settled < 0)) & ~opened
    rows = np.zeros(left.cover.row_count, dtype=bool)
    rows[left.cover.row[np.repeat(opened, np.diff(left.cover.begin))]] = True
    free = ~opened & ~closed
    rest = Left(
        left.cover.part(~rows, free),
        left.weight[~rows],
        left.cost[free],
        left.budget - float(left.cost[opened].sum()),
        left.sites[free],
        np.concatenate([left.opened, left.sites[opened]]),
        left.paid_for + float(left.weight[rows].sum()),
    )
    return rest, shown.share[~rows]


def programme_of(left: Left) -> tuple[Floats, Rows, npt.NDArray[np.int64]]:
    """Lay out what is left as a programme: costs of columns, rows, and which rows have a column.

    Columns are the sites, then the rows that two sites or more cover, each at most 1 and at most
    the sum of its sites. The weight of a row with one site goes to that site.
    """
    cover, size = left.cover, np.diff(left.cover.start)
    several = np.flatnonzero(size > 1)
    alone = size == 1
    cost = np.zeros(cover.site_count + len(several))
    single = cover.site[np.repeat(alone, size)]
    cost[: cover.site_count] = -np.bincount(single, left.weight[alone], minlength=cover.site_count)
    cost[cover.site_count :] = -left.weight[several]
    length = size[several]
    start = np.concatenate([[0], np.cumsum(length + 1)])
    total = int(start[-1])
    index = np.empty(total + cover.site_count, dtype=np.int64)
    value = np.full(total + cover.site_count, -1.0)
    ends = start[1:] - 1
    inner = np.ones(total, dtype=bool)
    inner[ends] = False
    index[:total][inner] = cover.site[np.repeat(size > 1, size)]
    index[ends] = cover.site_count + np.arange(len(several))
    value[ends] = 1.0
    index[total:], value[total:] = np.arange(cover.site_count), left.cost
    lower = np.full(len(several) + 1, -np.inf)
    upper = np.append(np.zeros(len(several)), left.budget * (1 + SAME / 100))
    rows = Rows(np.append(start, total + cover.site_count), index, value, lower, upper)
    return cost, rows, several
