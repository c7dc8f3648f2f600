"""Cheapest division of demand among open sites with capacities, by shortest augmenting paths.

Rows of demand are let in one after another. Each is carried along the cheapest path: to a site
with room, or to a full one that hands somebody on to another site, and so forth; or it stays
unserved at its price. After every row the division of the rows so far is cheapest [1]_.

References
----------
.. [1] R. K. Ahuja, T. L. Magnanti, J. B. Orlin (1993), Network Flows, section 9.7.
"""

from __future__ import annotations

from typing import Any, Final

import numba
import numpy as np

__all__ = ["by_site", "divide_demand", "of_open_sites"]

Array = Any
_jit: Any = numba.njit(cache=True, nogil=True)
NOISE: Final = 1e-9
"""Amounts and costs below this share of the largest are rounding."""


@_jit
def by_site(start: Array, site: Array, sites: int) -> tuple[Array, Array, Array]:
    """Turn pairs round: (begin, row, pair), where those of site j are ``begin[j]:begin[j + 1]``."""
    count = np.zeros(sites + 1, dtype=np.int64)
    for pair in range(len(site)):
        count[site[pair] + 1] += 1
    begin = np.cumsum(count)
    filled = begin[:-1].copy()
    row_of = np.empty(len(site), dtype=np.int64)
    pair_of = np.empty(len(site), dtype=np.int64)
    for row in range(len(start) - 1):
        for pair in range(start[row], start[row + 1]):
            at = filled[site[pair]]
            row_of[at], pair_of[at] = row, pair
            filled[site[pair]] = at + 1
    return begin, row_of, pair_of


@_jit
def of_open_sites(start: Array, site: Array, number: Array) -> tuple[Array, Array, Array]:
    """Keep the pairs with open sites: (start, number of the site, pair it was).

    Parameters
    ----------
    start, site : arrays of int, shape (n + 1,) and (pairs,)
    number : array of int, shape (m,)
        New number of each open site, -1 of a closed one.
    """
    held = 0
    for pair in range(len(site)):
        held += number[site[pair]] >= 0
    inner = np.zeros(len(start), dtype=np.int64)
    where = np.empty(held, dtype=np.int64)
    was = np.empty(held, dtype=np.int64)
    at = 0
    for row in range(len(start) - 1):
        for pair in range(start[row], start[row + 1]):
            if number[site[pair]] >= 0:
                where[at], was[at] = number[site[pair]], pair
                at += 1
        inner[row + 1] = at
    return inner, where, was


@_jit
def _hand_on(
    site: int, flow: Array, pairs: Any, turned: Any, price: Array, arc: Array, arc_at: Array
) -> None:
    """Find what it costs a full site to hand one unit on to each other site, or to nobody."""
    start, where, cost = pairs
    begin, row_of, pair_of = turned
    nobody = arc.shape[0]
    arc[site, :] = np.inf
    for at in range(begin[site], begin[site + 1]):
        here, row = pair_of[at], row_of[at]
        if flow[here] <= 0.0:
            continue
        if price[row] - cost[here] < arc[site, nobody]:
            arc[site, nobody], arc_at[site, nobody] = price[row] - cost[here], at
        for there in range(start[row], start[row + 1]):
            step, other = cost[there] - cost[here], where[there]
            if other != site and step < arc[site, other]:
                arc[site, other], arc_at[site, other] = step, at


@_jit
def _cheapest_end(full: Array, distance: Array, before: Array, arc: Array, slack: float) -> int:
    """Spread the distances over the full sites and return where the cheapest path ends."""
    sites = len(full)
    moved, rounds = True, 0
    while moved and rounds <= sites:
        moved = False
        rounds += 1
        for one in range(sites):
            if full[one] and distance[one] < np.inf:
                for other in range(sites + 1):
                    if distance[one] + arc[one, other] < distance[other] - slack:
                        distance[other] = distance[one] + arc[one, other]
                        before[other] = one
                        moved = True
    end = sites
    for one in range(sites):
        if not full[one] and distance[one] < distance[end]:
            end = one
    return end


@_jit
def _give(row: int, to: int, amount: float, pairs: Any, flow: Array, unserved: Array) -> None:
    start, where, _ = pairs
    if to == -1:
        unserved[row] += amount
        return
    for pair in range(start[row], start[row + 1]):
        if where[pair] == to:
            flow[pair] += amount
            return


@_jit
def _along(
    row: int,
    end: int,
    amount: float,
    before: Array,
    arc_at: Array,
    pairs: Any,
    turned: Any,
    given: tuple[Array, Array],
    dated: Array,
) -> float:
    """Move as much as the path lets through, site by site, and return how much that was."""
    sites = len(dated)
    _, row_of, pair_of = turned
    flow, unserved = given
    one = end
    while before[one] >= 0:
        amount = min(amount, flow[pair_of[arc_at[before[one], one]]])
        one = before[one]
    one = end
    while before[one] >= 0:
        giver = before[one]
        at = arc_at[giver, one]
        # What is left of a flow by rounding would be handed on in crumbs.
        left = flow[pair_of[at]] - amount
        flow[pair_of[at]] = left if left > NOISE * amount else 0.0
        _give(row_of[at], one if one < sites else -1, amount, pairs, flow, unserved)
        dated[giver] = True
        if one < sites:
            dated[one] = True
        one = giver
    _give(row, one if one < sites else -1, amount, pairs, flow, unserved)
    if one < sites:
        dated[one] = True
    return amount


@_jit
def divide_demand(
    start: Array,
    where: Array,
    cost: Array,
    demand: Array,
    capacity: Array,
    price: Array,
) -> tuple[Array, Array]:
    """Divide demand so that flow times cost and what is unserved times its price sum to the least.

    Parameters
    ----------
    start : array of int, shape (n + 1,)
        Pairs of row i are ``start[i]:start[i + 1]``.
    where : array of int, shape (pairs,)
        Site of each pair, 0 ≤ where < k; a row names a site once.
    cost : array of float, shape (pairs,)
        Of one unit of demand.
    demand : array of float, shape (n,)
        At least 0.
    capacity : array of float, shape (k,)
    price : array of float, shape (n,)
        Of one unit that stays unserved; finite, and more than any detour where all must be served.

    Returns
    -------
    (flow, unserved)
        Shape (pairs,) and (n,): units. Rows without demand get no flow.

    Examples
    --------
    Two persons at a place that reaches both sites, one at a place that reaches the first only:

    >>> start, where = np.array([0, 2, 3]), np.array([0, 1, 0])
    >>> flow, unserved = divide_demand(
    ...     start, where, np.array([1.0, 5.0, 2.0]), np.array([2.0, 1.0]), np.array([2.0, 2.0]),
    ...     np.array([99.0, 99.0]))
    >>> flow.tolist(), unserved.tolist()
    ([1.0, 1.0, 1.0], [0.0, 0.0])
    """
    sites, pairs = len(capacity), (start, where, cost)
    flow, unserved = np.zeros(len(where)), np.zeros(len(demand))
    room = capacity.astype(np.float64)
    least = NOISE * max(1.0, np.max(demand)) if len(demand) else 0.0
    slack = NOISE * max(1.0, np.max(np.abs(cost))) if len(cost) else 0.0
    turned = by_site(start, where, sites)
    arc = np.full((sites, sites + 1), np.inf)
    arc_at = np.zeros((sites, sites + 1), dtype=np.int64)
    dated = np.ones(sites, dtype=np.bool_)
    for row in range(len(demand)):
        left = demand[row]
        while left > least:
            full = room <= least
            for one in range(sites):
                if full[one] and dated[one]:
                    _hand_on(one, flow, pairs, turned, price, arc, arc_at)
                    dated[one] = False
            distance = np.full(sites + 1, np.inf)
            before = np.full(sites + 1, -1)
            distance[sites] = price[row]
            for pair in range(start[row], start[row + 1]):
                distance[where[pair]] = cost[pair]
            end = _cheapest_end(full, distance, before, arc, slack)
            amount = left if end == sites else min(left, room[end])
            amount = _along(
                row, end, amount, before, arc_at, pairs, turned, (flow, unserved), dated
            )
            if end < sites:
                room[end] -= amount
            left -= amount
    return flow, unserved
