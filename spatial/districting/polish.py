"""Improve a plan by windows of some hundred atoms: integer programmes of few districts each.

With a strong bound the districts of a good plan have small reduced costs. A window around an atom
takes whole districts of the plan; HiGHS chooses anew among the districts inside that have the
least reduced cost, from the plan at hand. A plan is taken only when it is cheaper.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from spatial.districting.enumerate import Pool
from spatial.districting.master import solve_cover
from spatial.districting.strengthen import limit_of
from spatial.districting.window_kernels import by_smallest, inside_window, window_around

__all__ = ["polish"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def polish(
    pool: Pool,
    links: tuple[Any, Any],
    reduced: Floats,
    best: Ints,
    passes: tuple[tuple[int, int, int], ...],
    *,
    seconds: float,
    nodes: int,
    seed: int,
    over: Callable[[], bool],
) -> Ints:
    """Return a plan that is at least as good.

    Parameters
    ----------
    pool : Pool
        Members are 0 … atoms - 1.
    links : start, neighbour
    reduced : array
        Reduced cost of each district, at least 0.
    best : int array
        The plan, as numbers of the pool.
    passes : tuple of (atoms of a window, districts an atom, windows an atom is in, about)
    seconds : float
        Wall seconds of one window at most.
    nodes : int
        Of HiGHS, in one window.
    seed : int
        Order of the windows.
    over : callable
        True: leave the rest.
    """
    atoms = len(links[0]) - 1
    chosen = np.empty(atoms, dtype=np.int64)
    for j in best:
        chosen[pool.district(int(j))] = j
    index = by_smallest(pool.members, pool.start, reduced, atoms)
    rng = np.random.default_rng(seed)
    inside, local = np.full(atoms, -1, dtype=np.int64), np.empty(atoms, dtype=np.int64)
    arrays = (pool.members, pool.start, reduced, pool.score)
    for wanted, dense, times in passes:
        limit = limit_of(reduced, dense * atoms)
        tried: set[bytes] = set()
        order, covered = rng.permutation(atoms), np.zeros(atoms, dtype=np.int64)
        for _ in range(1 + times * atoms // wanted if wanted < atoms else 1):
            middle = order[covered[order].argmin()]
            if over():
                return np.unique(chosen)
            size = window_around(links, (*arrays[:2], chosen), middle, wanted, inside, local)
            window = local[:size]
            covered[window] += 1
            now = np.unique(chosen[window])
            if now.tobytes() not in tried:
                tried.add(now.tobytes())
                numbers, _, _ = inside_window(arrays, index, inside, window, limit)
                new = _better(pool, inside, size, np.union1d(numbers, now), now, seconds, nodes)
                for j in new:
                    chosen[pool.district(int(j))] = j
            inside[window] = -1
    return np.unique(chosen)


def _better(
    pool: Pool, inside: Ints, size: int, numbers: Ints, now: Ints, seconds: float, nodes: int
) -> Ints:
    """Districts of a cheaper plan of the window; none where none was found."""
    some = pool.take(numbers)
    value = float(pool.score[now].sum())
    local = Pool(inside[some.members].astype(np.int32), some.start, some.score, complete=False)
    answer = solve_cover(
        local,
        size,
        cutoff=value,
        start=np.searchsorted(numbers, now),
        max_nodes=nodes,
        time_limit_s=seconds,
    )
    found = numbers[answer.chosen]
    if len(found) and pool.score[found].sum() < value - 1e-9 * max(1.0, abs(value)):
        return found
    return found[:0]
