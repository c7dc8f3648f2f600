"""More regions than hold enough, and then what they lack is annealed away (max-p).

Packing alone gathers surplus ball by ball. Here regions may hold too little for a while. With k
regions, single units move at random between linked regions so that the shortfall

    D = Σ_r max(0, 1 − held_r / enough)

falls: surplus and shortfall drift over the map until they meet. As long as D ≥ 1, ⌊D⌋ regions too
many were asked for; that many are dissolved. Then shortfall is gathered in few regions (a region
that lacks anything at all costs something on its own), and what is still short is *mended*: balls
of linked regions around it are cut anew along random trees, which either cures it or moves it on.
Where that does not help, the region is dissolved: one fewer, until nobody lacks anything.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numba
import numpy as np

from spatial.districting.chance import below, uniform
from spatial.districting.held import Held, connected_without, move, recount
from spatial.districting.packing import (
    ball,
    cut_leaves_first,
    join_rest,
    random_tree,
    tree_rows,
)
from spatial.progress import Progress

__all__ = ["fill_up", "shortfall"]

_jit: Any = numba.njit(cache=True, nogil=True)
HOT, WARM, COLD = 0.1, 0.01, 0.002
"""Temperatures, in shares of what is enough: a tenth of a region is easily given up at first."""
MORE: Final = 1.06
"""Regions asked for at first, as a multiple of those that packing found."""
TEMPERATURES: Final = 50
LACKING: Final = 0.2
"""What a region that lacks `SLIGHT` or more costs by itself, once shortfall is to be gathered."""
SLIGHT: Final = 0.05
BALL: Final = 6
MOVES_OF_A_BALL: Final = 30
"""Single moves that take as long as one ball."""


@_jit
def shortfall(h: Any, k: int, enough: float) -> float:
    """Sum up what regions 0 … k − 1 lack, in shares of `enough`."""
    lacking = 0.0
    for r in range(k):
        lacking += max(0.0, 1.0 - h.load[r] / enough)
    return lacking


@_jit
def _cost(share: float, lacking: float) -> float:
    if share >= 1.0:
        return 0.0
    short = 1.0 - share
    return short + lacking * min(1.0, short / SLIGHT)


@_jit
def _anneal(
    h: Any, k: int, enough: float, tries: int, heat: Any, lacking: float, state: Any
) -> float:
    """Move single units so that the cost of what is short falls: the shortfall at the end."""
    n = h.amount.shape[0]
    hot, cold = heat
    each = max(tries // TEMPERATURES, 1)
    for step in range(TEMPERATURES):
        warmth = hot * (cold / hot) ** (step / (TEMPERATURES - 1))
        for _ in range(each):
            i = below(state, n)
            degree = h.start[i + 1] - h.start[i]
            if degree == 0:
                continue
            a = h.label[i]
            b = h.label[h.neighbour[h.start[i] + below(state, degree)]]
            if a == b:
                continue
            share = h.amount[i] / enough
            a_has, b_has = h.load[a] / enough, h.load[b] / enough
            change = (
                _cost(a_has - share, lacking)
                + _cost(b_has + share, lacking)
                - _cost(a_has, lacking)
                - _cost(b_has, lacking)
            )
            if change > 1e-12 and uniform(state) >= math.exp(-change / warmth):
                continue
            if connected_without(h, i):
                move(h, i, b)
        if shortfall(h, k, enough) == 0.0:
            break
    recount(h)  # sums drift by rounding
    return shortfall(h, k, enough)


@_jit
def _far_end(h: Any, i: int) -> int:
    """Search breadth first through the region of unit i: units found, ``h.queue`` in that order."""
    r = h.label[i]
    h.clock[0] += 2
    stamp = h.clock[0]
    h.mark[i] = stamp
    h.queue[0] = i
    low, high = 0, 1
    while low < high:
        j = h.queue[low]
        low += 1
        for p in range(h.start[j], h.start[j + 1]):
            o = h.neighbour[p]
            if h.label[o] == r and h.mark[o] != stamp:
                h.mark[o] = stamp
                h.queue[high] = o
                high += 1
    return high


@_jit
def _divide_fullest(h: Any, k: int) -> bool:
    """Divide the fullest region of several units in two halves, one of them number k."""
    r = -1
    for s in range(k):
        if h.members[s] > 1.5 and (r < 0 or h.load[s] > h.load[r]):
            r = s
    if r < 0:
        return False
    m = _far_end(h, h.head[r])
    m = _far_end(h, h.queue[m - 1])
    order = h.queue[:m].copy()
    half = 0.5 * h.load[r]
    move(h, order[0], k)
    for at in range(1, m - 1):
        i = order[at]
        if h.load[k] >= half:
            break
        linked = False
        for p in range(h.start[i], h.start[i + 1]):
            if h.label[h.neighbour[p]] == k:
                linked = True
        if linked and connected_without(h, i):
            move(h, i, k)
    return True


@_jit
def _dissolve_emptiest(h: Any, k: int) -> bool:
    """Give the units of the emptiest region to linked ones, emptiest first; k − 1 are left."""
    r = 0
    for s in range(k):
        if h.load[s] < h.load[r]:
            r = s
    while h.members[r] > 0.5:
        best, to = -1, -1
        i = h.head[r]
        while i >= 0:
            for p in range(h.start[i], h.start[i + 1]):
                s = h.label[h.neighbour[p]]
                if s != r and (to < 0 or h.load[s] < h.load[to]):
                    best, to = i, s
            i = h.after[i]
        if to < 0:
            return False  # a part of the map of its own
        move(h, best, to)
    last = k - 1
    while r != last and h.head[last] >= 0:
        move(h, h.head[last], r)
    return True


@_jit
def _mend(h: Any, k: int, enough: float, balls: int, most: int, state: Any) -> int:  # noqa: C901, PLR0912 - one compiled pass
    """Cut balls around regions that lack something anew: regions at the end, never fewer.

    A ball cut into as many parts as it had regions is cured (or holds one more); with one part
    fewer, what is left around the root is the one region that lacks something: it moves on, if it
    costs no more than before.
    """
    n = h.amount.shape[0]
    links = (h.start, h.neighbour)
    heavy = h.amount >= enough
    held = np.empty(n)
    part = np.empty(n, np.int32)
    units = np.empty(n, np.int32)
    inside = np.zeros(n, np.int64)
    stamp = 3
    room = tree_rows(n)
    unit, up = room[0], room[1]
    chosen = np.empty(BALL, np.int32)
    short = np.empty(h.load.shape[0], np.int32)
    count_short, known = 0, False
    for _ in range(balls):
        if not known:
            count_short = 0
            for r in range(k):
                if h.load[r] < enough:
                    short[count_short] = r
                    count_short += 1
            known = True
        if count_short == 0:
            break
        wanted = 2 + below(state, BALL - 1)
        count, m = ball(h, short[below(state, count_short)], wanted, chosen, units, state)
        if count < 2:
            continue
        cost = 0.0
        for c in range(count):
            cost += _cost(h.load[chosen[c]] / enough, LACKING)
        for j in range(m):
            inside[units[j]] = stamp
        root = units[below(state, m)]
        random_tree(links, heavy, inside, stamp, root, uniform(state), room, state)
        stamp += 3
        parts = cut_leaves_first(h.amount, enough, m, unit, up, held, part)
        if parts >= count and k + parts - count <= most:
            join_rest(m, up, held, part)
        elif parts == count - 1 and part[0] < 0 and _cost(held[0] / enough, LACKING) <= cost:
            part[0] = parts
        else:
            continue
        for j in range(m):
            if part[j] < 0:
                part[j] = part[up[j]]
            c = part[j]
            move(h, unit[j], chosen[c] if c < count else k + c - count)
        k += max(parts - count, 0)
        known = False
    recount(h)
    return k


def fill_up(
    h: Held, enough: float, regions: int, *, tries: int, state: Any, progress: Progress
) -> int:
    """Ask for as many regions as there is room for, and end with fewer that all hold enough.

    Parameters
    ----------
    h : Held
        A map whose every part holds enough for a region; changed in place. Its rows are the most
        regions there can be.
    enough : float
        What a region holds at least; greater than 0.
    regions : int
        Regions there are: numbers below it are in use, and hold enough.
    tries : int
        Single moves tried; half of them in the one long annealing.
    state : uint64 array
    progress : Progress
        May raise to stop.

    Returns
    -------
    int
        Regions at the end. They may be fewer than before.
    """
    most = len(h.load)
    k = regions
    while k < min(most, MORE * regions + 1) and _divide_fullest(h, k):
        k += 1
    short, spent = np.inf, 0
    heat = (HOT, COLD)
    while short >= 1.0 and spent < tries // 3:
        progress("regions", spent / tries)
        short = _anneal(h, k, enough, tries // 20, heat, 0.0, state)
        spent += tries // 20 + 1
        for _ in range(int(short)):
            k -= bool(_dissolve_emptiest(h, k))
        heat = (WARM, COLD)
    progress("regions", 0.3)
    _anneal(h, k, enough, tries // 2, (HOT, COLD), 0.0, state)
    for fewer in range(k):
        if fewer:
            k -= bool(_dissolve_emptiest(h, k))
        progress("regions", 1.0 - 0.2 / (1 + fewer))
        _anneal(h, k, enough, tries // 20, (WARM, COLD), LACKING, state)
        k = _mend(h, k, enough, tries // (20 * MOVES_OF_A_BALL), most, state)
        if shortfall(h, k, enough) == 0.0:
            break
    return k
