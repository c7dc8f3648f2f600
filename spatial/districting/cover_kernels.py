r"""Bounds for the choice of disjoint districts that cover all atoms, and small exact searches.

*Bound.* Every atom has a price π. What a district *S* costs beyond the prices of its members is
its reduced cost :math:`r_S = c_S - \sum_{i \in S} \pi_i`. Each atom is in one chosen district,
so no plan is cheaper than

.. math:: f(\pi) = \sum_i \Big( \pi_i + \min_{S \ni i} r_S / |S| \Big),

whatever the prices [1]_. The prices are moved along a subgradient of *f* [2]_, looking mostly at
the districts that are nearly cheapest for one of their members, and at all of them now and then;
raising each price by its minimum makes every reduced cost at least 0, and f the sum of prices.

*Search.* A plan that costs *d* more than the bound uses districts whose reduced costs add up to
*d*, so only districts of at most that reduced cost can be in it. They are few, and tried in order.

References
----------
.. [1] R. Baldacci, N. Christofides, A. Mingozzi (2008), Mathematical Programming 115, 351-385.
.. [2] M. Held, P. Wolfe, H. P. Crowder (1974), Mathematical Programming 6, 62-88.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

__all__ = [
    "ascend",
    "cover_exactly",
    "greedy_cover",
    "least_shares",
    "raise_prices",
    "reduced_costs",
]

_jit: Any = numba.njit(cache=True, nogil=True)
Array = Any


@_jit
def reduced_costs(members: Array, start: Array, score: Array, price: Array) -> Array:
    """Return what each district costs beyond the prices of its members."""
    reduced = score.copy()
    for j in range(len(score)):
        for i in range(start[j], start[j + 1]):
            reduced[j] -= price[members[i]]
    return reduced


@_jit
def least_shares(members: Array, start: Array, reduced: Array, atoms: int) -> tuple[Array, Array]:
    """Least reduced cost a member, of the districts around each atom, and which one has it."""
    least = np.full(atoms, np.inf)
    which = np.full(atoms, -1, dtype=np.int64)
    for j in range(len(reduced)):
        share = reduced[j] / (start[j + 1] - start[j])
        for i in range(start[j], start[j + 1]):
            if share < least[members[i]]:
                least[members[i]] = share
                which[members[i]] = j
    return least, which


@_jit
def raise_prices(members: Array, start: Array, score: Array, price: Array) -> Array:
    """Prices for which no district has a negative reduced cost; their sum is a lower bound."""
    least, _ = least_shares(members, start, reduced_costs(members, start, score, price), len(price))
    return price + least


@_jit
def greedy_cover(members: Array, start: Array, score: Array, reduced: Array, atoms: int) -> Array:
    """Disjoint districts that cover all atoms: cheapest reduced cost a member first.

    Empty where the last atoms cannot be covered; that never happens when every atom alone is
    among the districts.
    """
    share = np.empty(len(score))
    for j in range(len(score)):
        share[j] = reduced[j] / (start[j + 1] - start[j])
    order = np.argsort(share)
    covered = np.zeros(atoms, dtype=np.bool_)
    chosen = np.empty(atoms, dtype=np.int64)
    count, left = 0, atoms
    for j in order:
        free = True
        for i in range(start[j], start[j + 1]):
            if covered[members[i]]:
                free = False
                break
        if not free:
            continue
        for i in range(start[j], start[j + 1]):
            covered[members[i]] = True
        chosen[count] = j
        count += 1
        left -= start[j + 1] - start[j]
        if left == 0:
            return chosen[:count]
    return chosen[:0]


@_jit
def _select(members: Array, start: Array, score: Array, keep: Array) -> tuple[Array, Array, Array]:
    size = 0
    for j in keep:
        size += start[j + 1] - start[j]
    some = np.empty(size, dtype=members.dtype)
    begin = np.zeros(len(keep) + 1, dtype=np.int64)
    cost = np.empty(len(keep))
    at = 0
    for k in range(len(keep)):
        j = keep[k]
        for i in range(start[j], start[j + 1]):
            some[at] = members[i]
            at += 1
        begin[k + 1] = at
        cost[k] = score[j]
    return some, begin, cost


@_jit
def _near_cheapest(
    members: Array, start: Array, reduced: Array, least: Array, wanted: int
) -> Array:
    """Districts that are nearly the cheapest of one of their members: about `wanted` of them."""
    slack = np.empty(len(reduced))
    for j in range(len(reduced)):
        share = reduced[j] / (start[j + 1] - start[j])
        best = np.inf
        for i in range(start[j], start[j + 1]):
            best = min(best, share - least[members[i]])
        slack[j] = best
    if len(slack) <= wanted:
        return np.arange(len(slack))
    limit = np.partition(slack, wanted)[wanted]
    return np.flatnonzero(slack <= limit)


@_jit
def ascend(
    members: Array, start: Array, score: Array, price: Array, value: float, rounds: int
) -> tuple[Array, float, Array]:
    """Raise the bound by a subgradient from some prices.

    Parameters
    ----------
    members, start, score : arrays
        The districts; members are 0 … atoms - 1.
    price : float array, shape (atoms,)
        To start from.
    value : float
        Of the best plan that is known.
    rounds : int
        Looks at all districts.

    Returns
    -------
    price : float array
        No reduced cost is negative.
    bound : float
        Their sum.
    chosen : int64 array
        The best plan met on the way; empty where none was better than `value`.
    """
    atoms = len(price)
    best_price, best_bound = price.copy(), -np.inf
    best_plan = np.empty(0, dtype=np.int64)
    speed, inner = 1.0, 25
    for _ in range(rounds):
        reduced = reduced_costs(members, start, score, price)
        least, _ = least_shares(members, start, reduced, atoms)
        bound = price.sum() + least.sum()
        if bound > best_bound:
            gained = bound - best_bound
            best_bound, best_price = bound, price + least
        else:
            gained = 0.0
            speed *= 0.6
            price = best_price.copy()
            continue
        gap = value - best_bound
        if gap <= 1e-9 * (1.0 + abs(value)):
            break
        price = best_price.copy()
        keep = _near_cheapest(members, start, reduced, least, 30 * atoms)
        some, begin, cost = _select(members, start, score, keep)
        plan = greedy_cover(some, begin, cost, reduced_costs(some, begin, cost, price), atoms)
        total = cost[plan].sum()
        if len(plan) > 0 and total < value - 1e-12:
            value = total
            best_plan = keep[plan]
        price = _steps(some, begin, cost, price, value, speed, inner)
        if gained < 2e-4 * gap:
            break
    return best_price, best_bound, best_plan


@_jit
def _steps(
    members: Array, start: Array, score: Array, price: Array, value: float, speed: float, steps: int
) -> Array:
    """Subgradient steps on a few districts; returns the best prices met."""
    atoms = len(price)
    best_price, best_bound = price.copy(), -np.inf
    slope, last = np.zeros(atoms), np.zeros(atoms)
    stalled = 0
    for _ in range(steps):
        reduced = reduced_costs(members, start, score, price)
        least, which = least_shares(members, start, reduced, atoms)
        bound = price.sum() + least.sum()
        if bound > best_bound + 1e-12:
            best_bound = bound
            best_price = price.copy()
            stalled = 0
        else:
            stalled += 1
            if stalled == 4:
                speed *= 0.5
                stalled = 0
        for i in range(atoms):
            slope[i] = 1.0
        for i in range(atoms):
            j = which[i]
            share = 1.0 / (start[j + 1] - start[j])
            for k in range(start[j], start[j + 1]):
                slope[members[k]] -= share
        norm = 0.0
        for i in range(atoms):
            last[i] = slope[i] + 0.6 * last[i]
            norm += last[i] * last[i]
        gap = value - bound
        if norm < 1e-12 or gap <= 0.0:
            break
        step = speed * gap / norm
        for i in range(atoms):
            price[i] += step * last[i]
    return best_price


@_jit
def cover_exactly(  # noqa: C901, PLR0912, PLR0915 - one loop: a stack of its own is its speed
    members: Array,
    start: Array,
    reduced: Array,
    paid: Array,
    fixed: float,
    atoms: int,
    budget: float,
    nodes: int,
) -> tuple[Array, float, int]:
    """Disjoint districts that cover all atoms at the least cost.

    Parameters
    ----------
    members, start, reduced : arrays
        Districts with reduced costs of at least 0.
    paid : array
    fixed : float
        A plan costs `fixed` and what is paid for its districts: never less than their reduced
        costs, and just that where there are no cuts.
    atoms : int
        Members are 0 … atoms - 1.
    budget : float
        Only plans that cost less than this are wanted.
    nodes : int
        Give up after so many branches.

    Returns
    -------
    chosen : int64 array
        The best plan; empty where none is within the budget.
    total : float
        What it costs; `budget` where there is none.
    used : int
        Branches; more than `nodes` where it gave up: then nothing is proven.
    """
    order = np.argsort(reduced)
    depth_max = atoms + 1
    # at each depth: the districts that still fit, in order of reduced cost
    lists = np.empty((depth_max, len(reduced)), dtype=np.int32)
    length = np.zeros(depth_max, dtype=np.int64)
    branch = np.full(depth_max, -1, dtype=np.int64)
    position = np.zeros(depth_max, dtype=np.int64)
    chosen = np.empty(depth_max, dtype=np.int64)
    spent = np.zeros(depth_max)
    covered = np.zeros(atoms, dtype=np.bool_)
    least, count = np.empty(atoms), np.empty(atoms, dtype=np.int64)
    best = np.empty(0, dtype=np.int64)
    for k in range(len(order)):
        lists[0, k] = order[k]
    length[0] = len(order)
    depth, used, left = 0, 0, atoms
    entering = True
    while depth >= 0:
        if entering:
            entering = False
            used += 1
            if used > nodes:
                return best, budget, used
            if left == 0:
                total = fixed
                for k in range(depth):
                    total += paid[chosen[k]]
                if total < budget:
                    budget = total
                    best = chosen[:depth].copy()
                branch[depth] = -1
                position[depth] = length[depth]
            else:
                least[:] = np.inf
                count[:] = 0
                for k in range(length[depth]):
                    j = lists[depth, k]
                    share = reduced[j] / (start[j + 1] - start[j])
                    for i in range(start[j], start[j + 1]):
                        least[members[i]] = min(least[members[i]], share)
                        count[members[i]] += 1
                bound, row = spent[depth], -1
                for i in range(atoms):
                    if covered[i]:
                        continue
                    bound += least[i]
                    if row < 0 or count[i] < count[row]:
                        row = i
                branch[depth] = row
                position[depth] = 0 if bound < budget - 1e-12 else length[depth]
        # undo what was taken here before, and take the next
        found = False
        while position[depth] < length[depth]:
            j = lists[depth, position[depth]]
            position[depth] += 1
            if spent[depth] + reduced[j] >= budget - 1e-12:
                position[depth] = length[depth]
                break
            for i in range(start[j], start[j + 1]):
                if members[i] == branch[depth]:
                    found = True
                    break
            if found:
                break
        if not found:
            depth -= 1
            if depth >= 0:
                j = chosen[depth]
                for i in range(start[j], start[j + 1]):
                    covered[members[i]] = False
                left += start[j + 1] - start[j]
            continue
        chosen[depth] = j
        for i in range(start[j], start[j + 1]):
            covered[members[i]] = True
        left -= start[j + 1] - start[j]
        spent[depth + 1] = spent[depth] + reduced[j]
        room = budget - spent[depth + 1]
        kept = 0
        for k in range(length[depth]):
            other = lists[depth, k]
            if reduced[other] >= room:
                break
            free = True
            for i in range(start[other], start[other + 1]):
                if covered[members[i]]:
                    free = False
                    break
            if free:
                lists[depth + 1, kept] = other
                kept += 1
        length[depth + 1] = kept
        depth += 1
        entering = True
    return best, budget, used
