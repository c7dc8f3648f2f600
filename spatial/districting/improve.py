"""Improve a plan of a pool's districts once prices are good: windows, belts, programmes.

Small windows are done anew exactly; of large parts belts across the whole part come in by turns
with windows that HiGHS does anew among the districts of least reduced cost.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from spatial.districting.cover import Cover
from spatial.districting.cover_kernels import greedy_cover, reduced_costs
from spatial.districting.cut_kernels import index_cuts
from spatial.districting.polish import polish
from spatial.districting.strengthen import Prices
from spatial.districting.sweep import sweep_belts
from spatial.districting.window_kernels import by_smallest, improve_windows

__all__ = ["improve_plan"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
SEEDS: Final = 8
"""Windows of one pass that an atom is in, about."""


def improve_plan(cover: Cover, prices: Prices, reduced: Floats, best: Ints, seed: int) -> Ints:
    """Return a plan that is at least as good as the one given, and as the greedy one.

    Parameters
    ----------
    cover : Cover
    prices : Prices
    reduced : array
        Reduced cost of each district with the charges of cuts, at least 0.
    best : int array
        A plan, as numbers of the pool.
    seed : int
        Order of the windows; where belts begin.
    """
    members, start, score = cover.arrays
    greedy = greedy_cover(members, start, score, reduced, cover.atoms)
    if len(greedy) and score[greedy].sum() < score[best].sum():
        best = greedy
    if cover.atoms <= cover.effort.belted:
        best = _by_windows(cover, prices, reduced, best, seed)
        return _polished(cover, reduced, best, cover.effort.polishes, seed)
    return _by_belts(cover, prices, reduced, best, seed)


def _by_belts(cover: Cover, prices: Prices, reduced: Floats, best: Ints, seed: int) -> Ints:
    effort = cover.effort
    before, after = effort.belt_polishes
    best = _by_windows(cover, prices, reduced, best, seed)
    best = _polished(cover, reduced, best, (before,), seed)
    for turn in range(effort.belt_turns):
        value = float(cover.pool.score[best].sum())
        if value - prices.total <= effort.near * abs(value):
            break
        best = sweep_belts(
            cover.arrays,
            cover.links,
            prices,
            reduced,
            best,
            effort.belts,
            seed=seed + turn,
            over=cover.over,
        )
        best = _polished(cover, reduced, best, (after,), seed + turn)
    return best


def _by_windows(cover: Cover, prices: Prices, reduced: Floats, best: Ints, seed: int) -> Ints:
    """Do small windows anew, exactly."""
    members, start, _ = cover.arrays
    chosen = np.empty(cover.atoms, dtype=np.int64)
    for j in best:
        chosen[members[start[j] : start[j + 1]]] = j
    index = by_smallest(members, start, reduced, cover.atoms)
    paid = reduced_costs(*cover.arrays, prices.price)
    cuts, effort = prices.cuts, cover.effort
    held = (*index_cuts(cuts.atoms, cover.atoms), cuts.shares, cuts.whole, prices.charge)
    rng = np.random.default_rng(seed)
    most = np.inf if cover.atoms <= effort.belted else effort.beside_belts
    for wanted in effort.window_atoms:
        if cover.over() or wanted > most:
            break
        improve_windows(
            (members, start, reduced, paid),
            index,
            cover.links,
            held,
            chosen,
            rng.permutation(cover.atoms)[: 1 + SEEDS * cover.atoms // wanted],
            wanted,
            effort.window_branches,
        )
    return np.unique(chosen)


def _polished(
    cover: Cover, reduced: Floats, best: Ints, passes: tuple[tuple[int, int, int], ...], seed: int
) -> Ints:
    effort = cover.effort
    return polish(
        cover.pool,
        cover.links,
        reduced,
        best,
        passes,
        seconds=effort.polish_s,
        nodes=effort.nodes,
        seed=seed,
        over=cover.over,
    )
