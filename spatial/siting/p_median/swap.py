"""Local search for the p-median: one site closes, another opens, as long as that helps.

What a swap changes is put together from three sums [1]_ [2]_: what everybody gains when site *j*
opens; what those lose whose site *r* closes, if they go to their second nearest; and, of that
loss, what they are spared because *j* has opened. The first two are kept or made in one pass over
the demand near *j*; the third is other than zero only where *r* and *j* have demand in common.

References
----------
.. [1] R. Whitaker (1983), INFOR 21, 95-108.
.. [2] M. G. C. Resende, R. F. Werneck (2007), European Journal of Operational Research 177, 54-68.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np

from spatial.siting.p_median.dual import Rows

__all__ = ["Near", "improve", "near_of"]

_jit: Any = numba.njit(cache=True, nogil=True)
Array = Any
"""Arrays inside kernels; their types stand beside the fields of the tuples below."""


class Near(NamedTuple):
    """Rows as a search looks at them."""

    start: Array  # (n + 1,) int64
    site: Array  # (e,) int32
    cost: Array  # (e,) int32 or float64
    weight: Array  # (n,) float64
    beyond: Array  # (n,) float64: what a row costs when none of its sites is open
    by_start: Array  # (m + 1,) int64: the same pairs by site
    by_row: Array  # (e,) int32
    by_cost: Array  # (e,) as cost


def near_of(rows: Rows, sites: int) -> Near:
    """Lay out rows that speak of so many sites for a search."""
    return Near(*rows, *_by_site(rows.start, rows.site, rows.cost, sites))


@_jit
def _by_site(begin: Array, site: Array, cost: Array, site_count: int) -> tuple[Array, Array, Array]:
    """Turn the pairs of each row into pairs of each site, rows ascending."""
    start = np.zeros(site_count + 1, dtype=np.int64)
    for e in range(len(site)):
        start[site[e] + 1] += 1
    for j in range(site_count):
        start[j + 1] += start[j]
    place = start[:-1].copy()
    row = np.empty(start[-1], dtype=np.int32)
    by_cost = np.empty(start[-1], dtype=cost.dtype)
    for i in range(len(begin) - 1):
        for e in range(begin[i], begin[i + 1]):
            at = place[site[e]]
            row[at], by_cost[at] = i, cost[e]
            place[site[e]] = at + 1
    return start, row, by_cost


@_jit
def _two_nearest(near: Near, is_open: Array, i: int) -> tuple[int, float, float]:
    """Nearest open site of a row (-1: none), its cost, and the cost of the second one."""
    first, first_cost = -1, near.beyond[i]
    for e in range(near.start[i], near.start[i + 1]):
        cost = float(near.cost[e])
        if cost >= near.beyond[i]:
            break
        if is_open[near.site[e]]:
            if first >= 0:
                return first, first_cost, cost
            first, first_cost = near.site[e], cost
    return first, first_cost, near.beyond[i]


@_jit
def improve(near: Near, is_open: Array, begin: int) -> float:
    """Swap sites until no swap of two helps.

    Parameters
    ----------
    near : Near
    is_open : array of bool, shape (m,)
        Changed in place; as many are open afterwards as before.
    begin : int
        The site that is tried first; they are tried in turn, and a swap that helps is made at
        once, with the best site to close.

    Returns
    -------
    float
        The cost of all rows, with `near` as it is.
    """
    n, m = len(near.beyond), len(is_open)
    first = np.empty(n, dtype=np.int64)
    one, two = np.empty(n), np.empty(n)
    loss, spared = np.zeros(m), np.zeros(m)
    value = 0.0
    for i in range(n):
        first[i], one[i], two[i] = _two_nearest(near, is_open, i)
        value += near.weight[i] * one[i]
        if first[i] >= 0:
            loss[first[i]] += near.weight[i] * (two[i] - one[i])
    opened = np.flatnonzero(is_open)
    tried, j = 0, begin
    while tried < m and len(opened):
        j = j + 1 if j + 1 < m else 0
        tried += 1
        if is_open[j]:
            continue
        gain = _gain(near, first, one, two, j, spared)
        best = 0
        for k in range(1, len(opened)):
            if loss[opened[k]] - spared[opened[k]] < loss[opened[best]] - spared[opened[best]]:
                best = k
        closed = opened[best]
        helps = gain - loss[closed] + spared[closed]
        _forget(near, first, j, spared)
        if helps > 1e-9 * value:
            is_open[j], is_open[closed], opened[best] = True, False, j
            value -= helps
            _swapped(near, is_open, first, one, two, loss, j, closed)
            tried = 0
    return value


@_jit
def _gain(near: Near, first: Array, one: Array, two: Array, j: int, spared: Array) -> float:
    """Return what is gained when `j` opens, and note what of each site's loss is spared then."""
    gain = 0.0
    for e in range(near.by_start[j], near.by_start[j + 1]):
        i, cost = near.by_row[e], near.by_cost[e]
        if cost >= two[i]:
            continue
        if cost < one[i]:
            gain += near.weight[i] * (one[i] - cost)
            if first[i] >= 0:
                spared[first[i]] += near.weight[i] * (two[i] - one[i])
        elif first[i] >= 0:
            spared[first[i]] += near.weight[i] * (two[i] - cost)
    return gain


@_jit
def _forget(near: Near, first: Array, j: int, spared: Array) -> None:
    """Set to zero again what was spared."""
    for e in range(near.by_start[j], near.by_start[j + 1]):
        if first[near.by_row[e]] >= 0:
            spared[first[near.by_row[e]]] = 0.0


@_jit
def _swapped(
    near: Near, is_open: Array, first: Array, one: Array, two: Array, loss: Array, j: int, r: int
) -> None:
    """Bring the two nearest of each row up to date, around the site that opened and the other."""
    for part in range(2):
        changed = j if part == 0 else r
        for e in range(near.by_start[changed], near.by_start[changed + 1]):
            i, cost = near.by_row[e], near.by_cost[e]
            if cost > two[i] or (part == 0 and cost >= two[i]):
                continue
            if first[i] >= 0:
                loss[first[i]] -= near.weight[i] * (two[i] - one[i])
            first[i], one[i], two[i] = _two_nearest(near, is_open, i)
            if first[i] >= 0:
                loss[first[i]] += near.weight[i] * (two[i] - one[i])
    loss[r] = 0.0
