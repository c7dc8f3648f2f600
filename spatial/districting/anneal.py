"""Simulated annealing of regions: single moves at falling temperature, contiguity kept throughout.

A rise ΔW is taken with probability exp(−ΔW/T) [1]_. The random threshold is drawn first, so a
move that is too dear costs two means and no search; contiguity is asked last.

References
----------
.. [1] S. Kirkpatrick, C. D. Gelatt, M. P. Vecchi (1983), Science 220, 671-680.
"""

from __future__ import annotations

import math
from typing import Any

import numba

from spatial.districting.chance import below, uniform
from spatial.districting.held import change_of_move, connected_without, move, worse_limits

__all__ = ["anneal"]

_jit: Any = numba.njit(cache=True, nogil=True)


@_jit
def anneal(h: Any, moves: int, hot: float, cold: float, state: Any) -> int:
    """Try `moves` single moves while the temperature falls from `hot` to `cold`.

    Parameters
    ----------
    h : Held
        Changed in place.
    moves : int
    hot, cold : float
        Temperatures in units of W, greater than 0.
    state : uint64 array
        Random state.

    Returns
    -------
    int
        Moves made.
    """
    n = h.x.shape[0]
    made = 0
    stride = 256
    steps = max(moves // stride, 1)
    factor = (cold / hot) ** (1.0 / steps)
    heat = hot
    for _ in range(steps):
        for _ in range(stride):
            i = below(state, n)
            first = h.start[i]
            degree = h.start[i + 1] - first
            if degree == 0:
                continue
            b = h.label[h.neighbour[first + below(state, degree)]]
            a = h.label[i]
            if a == b or h.members[a] < 1.5:
                continue
            change = change_of_move(h, i, b)
            if change > 0.0 and (
                change > 16.0 * heat or change > -heat * math.log(1.0 - uniform(state))
            ):
                continue
            if worse_limits(h, i, b) > 0.0 or not connected_without(h, i):
                continue
            move(h, i, b)
            made += 1
        heat *= factor
    return made
