r"""Bounds for the p-median by prices of demand.

*Problem.* :math:`\min \sum_{ij} w_i c_{ij} x_{ij}` where every demand is served once
(:math:`\sum_j x_{ij} = 1`), by an open site (:math:`x_{ij} \le y_j`), and *p* sites are open.

*Bound.* Let a row pay the price :math:`\mu_i` for each unit of its weight instead of having to be
served [1]_. An open site then earns :math:`\rho_j = \sum_i w_i \min(0, c_{ij} - \mu_i)`, and

.. math:: L(\mu) = \sum_i w_i \mu_i + \text{the sum of the } p \text{ least } \rho_j

is never above the optimum, whatever the prices. A row that surely costs no more than
:math:`\bar c_i` (it has an open site at that cost) pays no more than that: capping its price loses
nothing. Only pairs that are cheaper than the price of their row count, so a pass over the sorted
pairs of a row ends at its price.

*Prices* follow a deflected subgradient [2]_: a row that no open site wants raises its price, one
that several want lowers it, in steps of a share of the distance to the best known value [3]_.

*Exactly.* With whole costs and weights the prices are kept to multiples of a power of two so
fine that every sum is exact in float64; then a bound above *U* - 1 proves that nothing is better
than *U*.

References
----------
.. [1] G. Cornuejols, M. L. Fisher, G. L. Nemhauser (1977), Management Science 23, 789-810.
.. [2] P. M. Camerini, L. Fratta, F. Maffioli (1975), Mathematical Programming Study 3, 26-34.
.. [3] J. E. Beasley (1993), European Journal of Operational Research 65, 383-399.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np

__all__ = ["Aim", "Ascent", "Pace", "Rows", "ascend", "choose"]

_jit: Any = numba.njit(cache=True, nogil=True)
Array = Any
KEPT: float = 0.7
"""Share of the last direction that is kept in the next."""
RECENT: float = 0.1
"""Share of the last step in how often a site was chosen."""
NOTHING: float = 1e-5
"""A better bound counts as none when it is this share of the way to the target, or less."""
STANDSTILL: float = 1e-3
"""Steps shorter than this end the ascent."""


class Rows(NamedTuple):
    """The pairs with sites that may still open, by demand row, nearest first."""

    start: Array  # (n + 1,) int64
    site: Array  # (e,) int32: 0 … k - 1
    cost: Array  # (e,) int32 or float64; below the cap of its row
    weight: Array  # (n,) float64
    cap: Array  # (n,) float64: what a row costs at most, whichever sites open


class Aim(NamedTuple):
    """What a bound is wanted for."""

    target: float  # the best value known: steps are measured on it
    goal: float  # a bound above this is enough
    grain: float  # prices are multiples of it; 0: any


class Pace(NamedTuple):
    """How the prices move."""

    steps: int  # at most so many
    stride: float  # first step, as a share of the way to the target; halved at a standstill
    patience: int  # steps without a better bound until then


class Ascent(NamedTuple):
    """Where the prices led."""

    bound: float  # the best bound
    price: Array  # (n,) float64: the prices that gave it
    earned: Array  # (k,) float64: ρ of each site at these prices
    share: Array  # (k,) float64: how much of the late steps a site was chosen
    steps: int
    stride: float  # where it stands now


@_jit
def choose(earned: Array, count: int, chosen: Array) -> float:
    """Mark the sites with the least ρ, as many as open, and return their sum."""
    chosen[:] = 0.0
    if count == 0:
        return 0.0
    limit = np.partition(earned, count - 1)[count - 1]
    total, left = 0.0, count
    for j in range(len(earned)):
        if earned[j] < limit:
            chosen[j] = 1.0
            total += earned[j]
            left -= 1
    for j in range(len(earned)):
        if left and earned[j] == limit:
            chosen[j] = 1.0
            total += earned[j]
            left -= 1
    return total


@_jit
def ascend(rows: Rows, sites: int, count: int, price: Array, aim: Aim, pace: Pace) -> Ascent:
    """Raise the bound by moving the prices.

    Parameters
    ----------
    rows : Rows
    sites : int
        How many sites the rows speak of.
    count : int
        How many of them open.
    price : array of float, shape (n,)
        To begin with; not changed.
    aim : Aim
    pace : Pace
    """
    n = len(price)
    now, best_price, direction = price.copy(), np.empty(n), np.zeros(n)
    earned, best_earned = np.zeros(sites), np.zeros(sites)
    chosen, share = np.zeros(sites), np.zeros(sites)
    prices = _move(rows, now, direction, 0.0, aim.grain, earned)
    best, idle, step, stride = -np.inf, 0, 0, pace.stride
    while True:
        bound = prices + choose(earned, count, chosen)
        idle += 1
        if bound > best:
            if bound > best + NOTHING * (aim.target - best):
                idle = 0
            best = bound
            best_price[:] = now
            best_earned[:] = earned
        for j in range(sites):
            share[j] += RECENT * (chosen[j] - share[j])
        if idle >= pace.patience:
            stride, idle = 0.5 * stride, 0
        step += 1
        if best > aim.goal or step >= pace.steps or stride < STANDSTILL:
            break
        length = _turn(rows, now, chosen, direction)
        if length == 0.0:
            break
        reach = stride * (aim.target - bound) / length
        prices = _move(rows, now, direction, reach, aim.grain, earned)
    return Ascent(best, best_price, best_earned, share, step, stride)


@_jit
def _turn(rows: Rows, price: Array, chosen: Array, direction: Array) -> float:
    """Turn the direction towards the subgradient, and return its weighted square."""
    length = 0.0
    for i in range(len(price)):
        wanted = 0.0
        for e in range(rows.start[i], rows.start[i + 1]):
            if rows.cost[e] >= price[i]:
                break
            wanted += chosen[rows.site[e]]
        # A row at its cap is served by what the cap stands for.
        slope = 1.0 - wanted
        if slope > 0.0 and price[i] >= rows.cap[i]:
            slope = 0.0
        direction[i] = KEPT * direction[i] + slope
        length += rows.weight[i] * direction[i] * direction[i]
    return length


@_jit
def _move(
    rows: Rows, price: Array, direction: Array, reach: float, grain: float, earned: Array
) -> float:
    """Move the prices, fill in what sites earn then (ρ), and return the sum of the prices.

    Prices stay within 0 and the caps, and go down to multiples of the grain (0: any).
    """
    earned[:] = 0.0
    prices = 0.0
    for i in range(len(price)):
        now = min(max(price[i] + reach * direction[i], 0.0), rows.cap[i])
        if grain > 0.0:
            now = np.floor(now / grain) * grain
        price[i] = now
        prices += rows.weight[i] * now
        for e in range(rows.start[i], rows.start[i + 1]):
            cost = rows.cost[e]
            if cost >= now:
                break
            earned[rows.site[e]] += rows.weight[i] * (cost - now)
    return prices
