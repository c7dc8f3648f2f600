"""Every row to one site, within the capacities: moves and swaps of rows at a price for overload."""

from __future__ import annotations

from typing import Any, Final

import numba
import numpy as np

__all__ = ["settle"]

Array = Any
_jit: Any = numba.njit(cache=True, nogil=True)
ROUNDS: Final = 60
DEARER: Final = 12
"""How often the price for overload is doubled before a set of sites is given up."""
NOISE: Final = 1e-9


@_jit
def _over(load: float, capacity: float) -> float:
    return max(0.0, load - capacity)


@_jit
def _best_move(
    row: int, table: Array, demand: Array, load: Array, capacity: Array, at: Array, dear: float
) -> tuple[float, int]:
    """Change of cost, overload priced, of the best other site for a row."""
    here, amount = at[row], demand[row]
    free = 0.0
    if here < len(capacity):
        free = _over(load[here], capacity[here]) - _over(load[here] - amount, capacity[here])
    best, to = 0.0, -1
    for other in range(table.shape[1]):
        if other == here or table[row, other] == np.inf:
            continue
        change = table[row, other] - table[row, here] - dear * free
        if other < len(capacity):
            more = _over(load[other] + amount, capacity[other]) - _over(
                load[other], capacity[other]
            )
            change += dear * more
        if change < best:
            best, to = change, other
    return best, to


@_jit
def _best_swap(
    row: int, table: Array, demand: Array, load: Array, capacity: Array, at: Array, dear: float
) -> tuple[float, int]:
    """Change of cost of the best swap of a row with one that another site serves."""
    here, amount = at[row], demand[row]
    sites = len(capacity)
    best, mate = 0.0, -1
    if here == sites:
        return best, mate
    over_here = _over(load[here], capacity[here])
    for other_row in range(len(at)):
        other = at[other_row]
        if other in (here, sites):
            continue
        if table[row, other] == np.inf or table[other_row, here] == np.inf:
            continue
        change = table[row, other] - table[row, here]
        change += table[other_row, here] - table[other_row, other]
        if change >= best and over_here <= 0.0:
            continue
        step = demand[other_row] - amount
        change += dear * (_over(load[here] + step, capacity[here]) - over_here)
        before = _over(load[other], capacity[other])
        change += dear * (_over(load[other] - step, capacity[other]) - before)
        if change < best:
            best, mate = change, other_row
    return best, mate


@_jit
def _round(
    table: Array, demand: Array, capacity: Array, at: Array, load: Array, dear: float
) -> int:
    """Try every row once; return how many were moved or swapped."""
    sites, moved = len(capacity), 0
    slack = NOISE * max(1.0, dear)
    for row in range(len(at)):
        gain, to = _best_move(row, table, demand, load, capacity, at, dear)
        if to >= 0 and gain < -slack:
            if at[row] < sites:
                load[at[row]] -= demand[row]
            if to < sites:
                load[to] += demand[row]
            at[row] = to
            moved += 1
            continue
        gain, mate = _best_swap(row, table, demand, load, capacity, at, dear)
        if mate >= 0 and gain < -slack:
            load[at[row]] += demand[mate] - demand[row]
            load[at[mate]] += demand[row] - demand[mate]
            at[row], at[mate] = at[mate], at[row]
            moved += 1
    return moved


@_jit
def settle(
    table: Array, demand: Array, capacity: Array, at: Array, dear: float
) -> tuple[float, float]:
    """Improve an assignment by moves and swaps until none helps and no site is overloaded.

    Parameters
    ----------
    table : array of float, shape (n, k + 1)
        Cost of each row at each open site, inf where it may not go; the last column is the price
        of leaving it (inf: it may not be left).
    demand, capacity : arrays of float, shape (n,) and (k,)
    at : array of int, shape (n,)
        Site of each row, k for none. Changed in place.
    dear : float
        First price of a unit of overload.

    Returns
    -------
    (cost, overload)
        An overload of 0: the assignment keeps all capacities.
    """
    sites = len(capacity)
    load = np.zeros(sites)
    for row in range(len(at)):
        if at[row] < sites:
            load[at[row]] += demand[row]
    overload = np.inf
    for _ in range(DEARER):
        rounds = 0
        while rounds < ROUNDS and _round(table, demand, capacity, at, load, dear) > 0:
            rounds += 1
        overload = 0.0
        for site in range(sites):
            overload += _over(load[site], capacity[site])
        if overload <= NOISE * max(1.0, capacity.max()):
            overload = 0.0
            break
        dear *= 2.0
    cost = 0.0
    for row in range(len(at)):
        cost += table[row, at[row]]
    return cost, overload
