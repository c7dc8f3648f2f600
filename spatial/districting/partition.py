"""The cheapest plan made of given districts, with a proof.

1. Prices by a subgradient, and for large parts by linear programmes with cuts, window by window
   (:mod:`~spatial.districting.strengthen`): a lower bound, and the reduced cost of every district.
2. A plan: greedy, the caller's own, then windows of it done anew, small ones exactly, large ones by
   HiGHS among the districts of least reduced cost; of large parts belts across the whole part, too.
3. A plan that costs *d* above the bound is made of districts with reduced costs of at most *d*.
   They are searched with *d* growing from a small share of the gap; the first plan that is found
   within *d* is the cheapest of all. Where that takes too many branches, HiGHS goes on with the
   same districts.

Nothing is called optimal because time or branches ran out: then value and bound stand apart.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from spatial.districting.cover import Cover, cover_of
from spatial.districting.cover_kernels import (
    ascend,
    cover_exactly,
    greedy_cover,
    raise_prices,
    reduced_costs,
)
from spatial.districting.effort import Effort
from spatial.districting.enumerate import Pool
from spatial.districting.improve import improve_plan
from spatial.districting.master import solve_cover
from spatial.districting.strengthen import Prices, no_cuts, strengthen

__all__ = ["PartitionProof", "partition_with_number", "solve_partition"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
EXACT: Final = 1e-9
"""Share of the value within which bound and value are the same number."""

MAX_CELLS: Final = 60_000_000
"""Districts times atoms that the exact search may hold; beyond, HiGHS does better anyway."""


@dataclass(frozen=True, slots=True, eq=False)
class PartitionProof:
    """A plan made of a pool's districts, and what is known about better ones."""

    chosen: Ints  # numbers of the pool; they cover every atom once
    value: float
    bound: float  # no plan of these districts is cheaper
    proven: bool

    @property
    def gap_share(self) -> float:
        """How far value and bound are apart, over the value."""
        return (self.value - self.bound) / max(abs(self.value), 1e-12)


def solve_partition(
    pool: Pool,
    atoms: npt.NDArray[Any],
    links: tuple[npt.NDArray[Any], npt.NDArray[Any]],
    *,
    incumbent: Ints | None = None,
    effort: Effort | None = None,
    seed: int = 0,
) -> PartitionProof:
    """Choose disjoint districts of a pool that cover all atoms at the least total score.

    Parameters
    ----------
    pool : Pool
        Every atom alone must be in it.
    atoms : array of int
        What is to be covered.
    links : start, neighbour
        CSR of the whole problem.
    incumbent : array of int, optional
        A plan to begin with, as numbers of the pool.
    effort : Effort, optional
    seed : int
        Order of the windows.

    Returns
    -------
    PartitionProof

    Examples
    --------
    >>> from spatial.districting.enumerate import enumerate_districts
    >>> from spatial.districting.problem import Problem
    >>> row = Problem.from_arrays(np.array([[0, 1], [1, 2]]), np.array([[0.0], [0.0], [3.0]]))
    >>> pool = enumerate_districts(row, np.arange(3), cap=100)
    >>> found = solve_partition(pool, np.arange(3), (row.flat.start, row.flat.neighbour))
    >>> [pool.district(j).tolist() for j in found.chosen], found.value, found.proven
    ([[0, 1], [2]], 2.0, True)
    """
    effort = effort or Effort()
    ends_at = time.monotonic() + (effort.time_limit_s or 0.0)
    cover = cover_of(pool, np.asarray(atoms), links, effort, ends_at)
    price = raise_prices(*cover.arrays, np.zeros(cover.atoms))
    best = greedy_cover(*cover.arrays, reduced_costs(*cover.arrays, price), cover.atoms)
    if incumbent is not None and pool.score[incumbent].sum() < pool.score[best].sum():
        best = np.asarray(incumbent, dtype=np.int64)
    price, bound, better = ascend(*cover.arrays, price, pool.score[best].sum(), effort.rounds)
    best = better if len(better) else best
    prices, reduced = _unstrengthened(cover, price)
    if cover.atoms > effort.large and pool.score[best].sum() - bound > EXACT * abs(bound):
        sweeps = effort.sweeps
        if cover.atoms <= max(wanted for wanted, _ in sweeps):  # one window holds it all
            sweeps = ((cover.atoms, 6 * sweeps[-1][1]),)
        prices, reduced = strengthen(cover.arrays, cover.links, price, sweeps, over=cover.over)
        if prices.total < bound:
            prices, reduced = _unstrengthened(cover, price)
        best = improve_plan(cover, prices, reduced, best, seed)
    return _proven(cover, prices, reduced, best)


def partition_with_number(
    pool: Pool,
    atoms: npt.NDArray[Any],
    counted: npt.NDArray[np.bool_],
    count: int,
    *,
    effort: Effort | None = None,
) -> Ints | None:
    """Choose districts that cover all atoms, of which exactly `count` are counted; None if none.

    Districts of small reduced cost are tried first, more and more of them, until the best plan
    found is proven, or all districts were tried, or HiGHS has used up the seconds of `effort`:
    then the plan need not be the best of its number, and None need not mean that there is none.
    """
    effort = effort or Effort()
    seconds = min(effort.programme_s, effort.time_limit_s or np.inf)
    ends_at = time.monotonic() + seconds
    order = np.sort(np.asarray(atoms, dtype=np.int64))
    inner = np.searchsorted(order, pool.members).astype(np.int32)
    some = Pool(inner, pool.start, pool.score, pool.complete)
    arrays = some.members, some.start, some.score
    price = raise_prices(*arrays, np.zeros(len(order)))
    start = greedy_cover(*arrays, reduced_costs(*arrays, price), len(order))
    price, bound, _ = ascend(*arrays, price, some.score[start].sum(), effort.rounds)
    reduced = np.maximum(reduced_costs(*arrays, price), 0.0)
    limit = float(np.partition(reduced, min(len(some), 4 * len(order)) - 1)[: 4 * len(order)].max())
    best: Ints | None = None
    while (left_s := ends_at - time.monotonic()) > 0:
        keep = np.flatnonzero(reduced <= limit)
        answer = solve_cover(
            some.take(keep),
            len(order),
            cutoff=np.inf,
            start=np.zeros(0, dtype=np.int64),
            max_nodes=effort.nodes,
            time_limit_s=left_s,
            number=(counted[keep], count),
        )
        found = keep[answer.chosen]
        if len(found) and (best is None or some.score[found].sum() < some.score[best].sum()):
            best = found
        # a plan with a district left out costs more than the bound and the limit together
        above = np.inf if best is None else float(some.score[best].sum()) - bound
        if len(keep) == len(some) or above <= limit * (1 + EXACT):
            break
        if best is not None and not answer.whole:
            break  # with more districts it would take longer still
        limit = max(2.5 * limit, 1e-9, above if best is not None else 0.0)
    return best


def _unstrengthened(cover: Cover, price: Floats) -> tuple[Prices, Floats]:
    reduced = np.maximum(reduced_costs(*cover.arrays, price), 0.0)
    return Prices(price, np.zeros(0), no_cuts()), reduced


def _proven(cover: Cover, prices: Prices, reduced: Floats, best: Ints) -> PartitionProof:
    """Search among the districts of small reduced cost, more and more of them."""
    score = cover.pool.score
    paid = reduced_costs(*cover.arrays, prices.price)
    fixed = float((prices.charge * prices.cuts.room).sum())
    value, bound = float(score[best].sum()), prices.total
    tiny = EXACT * max(1.0, abs(value))
    branches, base = cover.effort.branches, bound
    limit = max(0.2 * (value - bound), tiny)
    while value - bound > tiny and not cover.over():
        room = min(limit, value - base)
        keep = np.flatnonzero(reduced <= room)
        if branches <= 0 or len(keep) * cover.atoms > MAX_CELLS:
            return _by_programme(cover, reduced, (base, bound), best)
        some = cover.pool.take(keep)
        found, _, used = cover_exactly(
            some.members,
            some.start,
            reduced[keep],
            paid[keep],
            fixed,
            cover.atoms,
            room + tiny,
            branches,
        )
        if len(found) and some.score[found].sum() < value:
            best, value = keep[found], float(some.score[found].sum())
        if used > branches:
            return _by_programme(cover, reduced, (base, bound), best)
        branches -= used
        if len(found) or room >= value - base - tiny:
            return PartitionProof(best, value, value, proven=True)
        bound = base + room  # every plan with another district costs more
        limit *= 2.5
    return PartitionProof(best, value, min(bound, value), proven=value - bound <= tiny)


def _by_programme(
    cover: Cover, reduced: Floats, known: tuple[float, float], best: Ints
) -> PartitionProof:
    """Let HiGHS decide among the districts of small reduced cost, more and more of them.

    `known` are the sum of the prices, from which reduced costs count, and the bound so far.
    """
    score, effort = cover.pool.score, cover.effort
    value, (base, bound) = float(score[best].sum()), known
    if cover.atoms > effort.programme_atoms:
        return PartitionProof(best, value, min(bound, value), proven=False)
    tiny = EXACT * max(1.0, abs(value))
    size = min(len(score), 2 * cover.atoms)
    limit = float(np.partition(reduced, size - 1)[size - 1])
    nodes = effort.nodes
    while value - bound > tiny and nodes > 0 and not cover.over():
        room = min(limit, value - base)
        keep = np.flatnonzero((reduced <= room) | np.isin(np.arange(len(score)), best))
        answer = solve_cover(
            cover.pool.take(keep),
            cover.atoms,
            cutoff=value,
            start=np.searchsorted(keep, np.sort(best)),
            max_nodes=nodes,
            time_limit_s=min(effort.programme_s, cover.left_s() or effort.programme_s),
        )
        if len(answer.chosen) and score[keep[answer.chosen]].sum() < value:
            best, value = keep[answer.chosen], float(score[keep[answer.chosen]].sum())
        # a plan with any other district costs more than base + room
        bound = max(bound, min(answer.bound, base + room if room < value - base else np.inf))
        if not answer.whole:
            break
        limit *= 2.5
    return PartitionProof(best, value, min(bound, value), proven=value - bound <= tiny)
