"""Lagrangian bound of the capacitated models: every site chooses its best knapsack of demand.

With a multiplier for "row i is served once", the sites stand alone:

    L(λ) = Σ_i λ_i + Σ_{j open} κ_j(λ),   κ_j = min Σ_i (c_ij - λ_i) x_ij,  Σ_i q_i x_ij ≤ Q_j

and the p sites of the least κ are open. Where demand may be divided κ is a fractional knapsack;
where it may not, a 0-1 knapsack by branch and bound [1]_, or its fractional bound after many nodes.
No answer costs less than L(λ), whatever λ ≥ 0.

References
----------
.. [1] E. Horowitz, S. Sahni (1974), Journal of the ACM 21, 277-292.
"""

from __future__ import annotations

from typing import Any, Final

import numba
import numpy as np

__all__ = ["knapsack", "site_values"]

Array = Any
_jit: Any = numba.njit(cache=True, nogil=True)
MAX_NODES: Final = 2_000
"""Nodes of one knapsack's search; then its fractional bound stands."""


@_jit
def _fractional(gain: Array, weight: Array, room: float, first: int) -> tuple[float, int]:
    """Fill from item `first` on; return the value with the cut item's part, and which that is."""
    value, item = 0.0, first
    while item < len(gain) and weight[item] <= room:
        value += gain[item]
        room -= weight[item]
        item += 1
    if item < len(gain):
        value += room * gain[item] / weight[item]
    return value, item


@_jit
def knapsack(gain: Array, weight: Array, room: float, nodes: int) -> tuple[float, Array]:
    """Fill a 0-1 knapsack: an upper bound of the best value, and a filling.

    Parameters
    ----------
    gain, weight : arrays of float, shape (k,)
        Sorted by gain per weight, the best first; positive.
    room : float
    nodes : int
        Steps of the search; if they do not suffice the bound is the fractional one.

    Returns
    -------
    (bound, taken)
        The filling has the value `bound` where the search ended.

    Examples
    --------
    >>> bound, taken = knapsack(np.array([6.0, 10.0, 12.0]), np.array([1.0, 2.0, 3.0]), 5.0, 100)
    >>> bound, taken.tolist()
    (22.0, [False, True, True])
    """
    count = len(gain)
    best, best_taken = -1.0, np.zeros(count, dtype=np.bool_)
    taken = np.zeros(count, dtype=np.bool_)
    value, left, item, steps = 0.0, room, 0, 0
    while True:
        steps += 1
        if steps > nodes:
            return max(_fractional(gain, weight, room, 0)[0], best), best_taken
        more, _ = _fractional(gain, weight, left, item)
        if value + more > best * (1 + 1e-12):
            while item < count and weight[item] <= left:
                taken[item] = True
                value += gain[item]
                left -= weight[item]
                item += 1
            if item < count:
                taken[item] = False
                item += 1
                if item < count:
                    continue
            if value > best:
                best = value
                best_taken[:] = taken
        last = item - 1
        while last >= 0 and not taken[last]:
            last -= 1
        if last < 0:
            return best, best_taken
        taken[last] = False
        value -= gain[last]
        left += weight[last]
        item = last + 1


@_jit
def site_values(
    multiplier: Array,
    turned: tuple[Array, Array, Array],
    cost: Array,
    demand: Array,
    capacity: Array,
    divided: bool,  # noqa: FBT001 - compiled code takes no keywords
) -> tuple[Array, Array]:
    """Fill every site's knapsack.

    Parameters
    ----------
    multiplier : array of float, shape (n,)
    turned : (begin, row, pair)
        Of `by_site`.
    cost : array of float, shape (e,)
    demand, capacity : arrays of float, shape (n,) and (m,)
    divided : bool

    Returns
    -------
    (value, share)
        κ (m,), at most 0; and how much of its row each pair would take, shape (e,).
    """
    begin, row_of, pair_of = turned
    sites = len(capacity)
    values, share = np.zeros(sites), np.zeros(len(cost))
    for site in range(sites):
        low, high = begin[site], begin[site + 1]
        gain, weight = np.empty(high - low), np.empty(high - low)
        which = np.empty(high - low, dtype=np.int64)
        count, free = 0, 0.0
        for at in range(low, high):
            row, pair = row_of[at], pair_of[at]
            worth = multiplier[row] - cost[pair]
            if worth <= 0.0:
                continue
            if demand[row] <= 0.0:
                free += worth
                share[pair] = 1.0
                continue
            gain[count], weight[count], which[count] = worth, demand[row], pair
            count += 1
        order = np.argsort(-gain[:count] / weight[:count], kind="mergesort")
        gain, weight, which = gain[order], weight[order], which[order]
        if divided:
            value, cut = _fractional(gain, weight, capacity[site], 0)
            left = capacity[site]
            for item in range(cut):
                share[which[item]] = 1.0
                left -= weight[item]
            if cut < count:
                share[which[cut]] = left / weight[cut]
        else:
            value, taken = knapsack(gain, weight, capacity[site], MAX_NODES)
            value = max(value, 0.0)
            for item in range(count):
                if taken[item]:
                    share[which[item]] = 1.0
        values[site] = -value - free
    return values, share
