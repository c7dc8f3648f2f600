"""The p-median as its solver sees it: sites that may still open, and what rows cost without."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numba
import numpy as np
import numpy.typing as npt

from spatial.errors import InfeasibleError
from spatial.siting.p_median.dual import Rows
from spatial.siting.pairs import Pairs

__all__ = [
    "Median",
    "best_single",
    "cost_of",
    "narrowed",
    "reduced_median",
    "require_enough",
    "whole_numbers",
]

_jit: Any = numba.njit(cache=True, nogil=True)
Array = Any
Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
EXACT: Final = 2.0**53
"""Whole numbers up to here are exact in float64."""
FINEST: Final = 20
"""Prices are multiples of 2**-20 at the finest."""
WITHIN: Final = 1e-9
"""Values that are not whole are one number within this share."""
DEAREST: Final = 4.0
"""Prices of rows that may be left without a site go to this many times the dearest pair."""


@dataclass(frozen=True, slots=True, eq=False)
class Median:
    """A p-median whose forced sites are done with."""

    rows: Rows  # their caps are what a row costs when no free site serves it
    price_cap: Floats  # (n,) prices go no higher
    sites: int  # free ones
    count: int  # how many of them open
    whole: bool  # costs and weights are whole numbers, and sums of them exact
    grain: float
    worst: float  # a dearer answer leaves rows without a site

    def goal(self, value: float) -> float:
        """Give the number above which a bound proves that nothing is better than `value`."""
        return value - 1.0 if self.whole else value * (1.0 - WITHIN)

    def bound_of(self, bound: float, value: float) -> float:
        """Say what a bound proves: the next whole number, and never more than the value."""
        if bound > self.goal(value):
            return value
        return float(math.ceil(bound)) if self.whole else bound


def whole_numbers(values: npt.NDArray[Any]) -> bool:
    """Tell whether all numbers are whole.

    Examples
    --------
    >>> whole_numbers(np.array([1.0, 2.0])), whole_numbers(np.array([0.5]))
    (True, False)
    """
    return values.dtype.kind in "iub" or bool((values == np.floor(values)).all())


def reduced_median(
    pairs: Pairs, weight: Floats, count: int, *, opened: Mask, closed: Mask
) -> tuple[Median, Longs]:
    """Take forced sites out of a p-median.

    Parameters
    ----------
    pairs : Pairs, shape (n, m)
    weight : array of float, shape (n,)
        Rows of weight 0 are left out.
    count : int
        Sites that open, the forced ones included.
    opened, closed : array of bool, shape (m,)

    Returns
    -------
    median : Median
    free : array of int
        Rows of its sites in the input.
    """
    here = weight > 0
    allowed = ~closed
    if closed.any():
        pairs = pairs.of_sites(allowed)
    if not here.all():
        pairs = _of_rows(pairs, here)
    row_weight = np.ascontiguousarray(weight[here], dtype=np.float64)
    dearest = np.zeros(len(pairs))
    some = pairs.counts > 0
    dearest[some] = pairs.cost[pairs.start[1:][some] - 1]
    worst = float(row_weight @ dearest)
    cap = dearest.copy()
    partial = pairs.counts < allowed.sum()
    cap[partial] = np.floor(worst / row_weight[partial]) + 1.0
    rows = Rows(pairs.start, pairs.site, pairs.cost, row_weight, cap)
    free = np.flatnonzero(allowed & ~opened)
    if len(free) < len(opened):
        state = np.where(opened, 1, np.where(closed, -1, 0)).astype(np.int8)
        number = np.full(len(opened), -1, dtype=np.int32)
        number[free] = np.arange(len(free), dtype=np.int32)
        rows = narrowed(rows, state, number)
    most = float(dearest.max(initial=0.0)) * DEAREST + 1.0
    price_cap = np.minimum(rows.cap, most)
    left = count - int(opened.sum())
    whole = whole_numbers(pairs.cost) and whole_numbers(row_weight)
    largest = max(worst, float(row_weight @ price_cap) * (max(left, 1) + 1), 1.0)
    whole &= largest < EXACT
    fine = min(FINEST, math.floor(math.log2(EXACT / largest)))
    grain = 2.0**-fine if whole else 0.0
    return Median(rows, price_cap, len(free), left, whole, grain, worst), free


def _of_rows(pairs: Pairs, here: Mask) -> Pairs:
    counts = pairs.counts
    start = np.concatenate([[0], np.cumsum(counts[here])])
    kept = np.repeat(here, counts)
    return Pairs(start, pairs.site[kept], pairs.cost[kept], pairs.site_count)


@_jit
def narrowed(rows: Rows, state: Array, number: Array) -> Rows:
    """Keep the pairs with free sites that are cheaper than the nearest open one and the cap.

    Parameters
    ----------
    rows : Rows
    state : array of int8, shape (k,)
        Of the sites of `rows`: 1 open, -1 closed, 0 free.
    number : array of int32, shape (k,)
        New numbers of the free ones.
    """
    n = len(rows.start) - 1
    start = np.zeros(n + 1, dtype=np.int64)
    cap = rows.cap.copy()
    size = 0
    for i in range(n):
        for e in range(rows.start[i], rows.start[i + 1]):
            its = state[rows.site[e]]
            if its == 1:
                cap[i] = min(cap[i], rows.cost[e])
            if its == 1 or rows.cost[e] >= cap[i]:
                break
            if its == 0:
                size += 1
        start[i + 1] = size
    site = np.empty(size, dtype=np.int32)
    cost = np.empty(size, dtype=rows.cost.dtype)
    at = 0
    for i in range(n):
        e = rows.start[i]
        while at < start[i + 1]:
            if state[rows.site[e]] == 0:
                site[at], cost[at] = number[rows.site[e]], rows.cost[e]
                at += 1
            e += 1
    return Rows(start, site, cost, rows.weight, cap)


@_jit
def nearest_part(rows: Rows, most: int) -> Rows:
    """Keep so many sites of each row; what lies farther is capped by the first that is left out."""
    n = len(rows.cap)
    start = np.zeros(n + 1, dtype=np.int64)
    cap = rows.cap.copy()
    for i in range(n):
        end = min(rows.start[i + 1], rows.start[i] + most)
        if end < rows.start[i + 1]:
            cap[i] = min(cap[i], rows.cost[end])
        start[i + 1] = start[i] + end - rows.start[i]
    site = np.empty(start[n], dtype=np.int32)
    cost = np.empty(start[n], dtype=rows.cost.dtype)
    for i in range(n):
        for e in range(start[i + 1] - start[i]):
            site[start[i] + e] = rows.site[rows.start[i] + e]
            cost[start[i] + e] = rows.cost[rows.start[i] + e]
    return Rows(start, site, cost, rows.weight, cap)


@_jit
def cost_of(rows: Rows, is_open: Array) -> float:
    """Cost of all rows when these sites are open."""
    total = 0.0
    for i in range(len(rows.cap)):
        paid = rows.cap[i]
        for e in range(rows.start[i], rows.start[i + 1]):
            if rows.cost[e] >= paid:
                break
            if is_open[rows.site[e]]:
                paid = float(rows.cost[e])
                break
        total += rows.weight[i] * paid
    return total


@_jit
def best_single(rows: Rows, is_open: Array, allowed: Array) -> tuple[int, float]:
    """Find the one more site that lowers the cost most (-1: none may open), and the cost then."""
    gain = np.zeros(len(is_open))
    total = 0.0
    for i in range(len(rows.cap)):
        last = rows.start[i]
        paid = rows.cap[i]
        while last < rows.start[i + 1] and rows.cost[last] < paid:
            if is_open[rows.site[last]]:
                paid = float(rows.cost[last])
                break
            last += 1
        total += rows.weight[i] * paid
        for e in range(rows.start[i], last):
            gain[rows.site[e]] += rows.weight[i] * (paid - rows.cost[e])
    best = -1
    for j in range(len(gain)):
        if allowed[j] and (best < 0 or gain[j] > gain[best]):
            best = j
    return best, total - (gain[best] if best >= 0 else 0.0)


def require_enough(count: int, opened: Mask, closed: Mask) -> None:
    """Raise :class:`InfeasibleError` unless so many sites can open."""
    least, most = int(opened.sum()), int((~closed).sum())
    if not 1 <= count <= len(opened) or not least <= count <= most:
        raise InfeasibleError(
            f"{count} sites cannot open: {least} must, and {most} of {len(opened)} may. "
            "Change `p`, `must` or `must_not`.",
            zh=(
                f"无法恰好设置 {count} 处:必须设置 {least} 处,{len(opened)} 处中可设 {most} 处。"
                "请调整 p、must 或 must_not。"
            ),
        )
