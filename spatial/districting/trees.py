"""Spanning trees of regions: the best cut of a tree splits a region, or divides two anew.

*Reallocation* splits the region that gains most and joins the two linked regions that lose least:
the number of regions stays, and a region travels across the whole map in one step. *Division*
joins two linked regions and cuts them at the best edge of a random tree, short edges first [1]_.

References
----------
.. [1] R. M. Assunção et al. (2006), International Journal of Geographical Information Science 20,
   797-811: cuts of a minimum spanning tree. The trees here are random, and cut again and again.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from spatial.districting.chance import below, uniform
from spatial.districting.held import descend, lacking, move

__all__ = ["TreeRoom", "best_cut", "divide", "divide_all", "improve", "reallocate", "tree_room"]

Array = npt.NDArray[Any]
_jit: Any = numba.njit(cache=True, nogil=True)


class TreeRoom(NamedTuple):
    """Scratch for trees of up to n units; row j is the j-th unit that the tree took in."""

    unit: Array  # (n,) int32
    up: Array  # (n,) int32 row of its parent
    place: Array  # (n,) int32 by unit: place in the fringe, -1 = not met, -2 = in the tree
    fringe: Array  # (n,) int32 units met
    fringe_up: Array  # (n,) int32
    fringe_key: Array  # (n,) float64
    below_count: Array  # (n,) float64
    below_total: Array  # (n, K) float64
    below_load: Array  # (n,) float64
    inside: Array  # (n,) bool by row: in the part that is cut off
    pair: Array  # (n,) int32 members of two regions


def tree_room(n: int, needs: int) -> TreeRoom:
    """Make room for the trees of a map of n units."""
    whole = [np.zeros(n, np.int32) for _ in range(6)]
    return TreeRoom(
        whole[0],
        whole[1],
        whole[2],
        whole[3],
        whole[4],
        np.zeros(n),
        np.zeros(n),
        np.zeros((n, needs)),
        np.zeros(n),
        np.zeros(n, np.bool_),
        whole[5],
    )


@_jit
def grow_tree(h: Any, room: Any, units: Any, m: int, noise: float, state: Any) -> int:  # noqa: C901 - one compiled pass
    """Grow a spanning tree over m linked units, short links first, lengths shaken by `noise`."""
    stamp = h.clock[0] + 1
    h.clock[0] = stamp
    for j in range(m):
        h.mark[units[j]] = stamp
        room.place[units[j]] = -1
    root = units[below(state, m)] if noise > 0.0 else units[0]
    room.fringe[0] = root
    room.fringe_up[0] = -1
    room.fringe_key[0] = 0.0
    fringe = 1
    taken = 0
    while fringe > 0:
        least = 0
        for f in range(1, fringe):
            if room.fringe_key[f] < room.fringe_key[least]:
                least = f
        i = room.fringe[least]
        room.unit[taken] = i
        room.up[taken] = room.fringe_up[least]
        room.place[i] = -2
        fringe -= 1
        if least < fringe:
            room.fringe[least] = room.fringe[fringe]
            room.fringe_up[least] = room.fringe_up[fringe]
            room.fringe_key[least] = room.fringe_key[fringe]
            room.place[room.fringe[least]] = least
        for p in range(h.start[i], h.start[i + 1]):
            j = h.neighbour[p]
            if h.mark[j] != stamp or room.place[j] == -2:
                continue
            key = h.apart[p]
            if noise > 0.0:
                key *= 1.0 + noise * uniform(state)
            at = room.place[j]
            if at == -1:
                at = fringe
                fringe += 1
                room.place[j] = at
                room.fringe[at] = j
            elif room.fringe_key[at] <= key:
                continue
            room.fringe_up[at] = taken
            room.fringe_key[at] = key
        taken += 1
    return taken


@_jit
def best_cut(h: Any, room: Any, m: int, lacking_before: float) -> Any:
    """Find the edge of the tree whose cut leaves least squares: (row, Σ |S|²/n of both parts).

    Row −1: no cut keeps the limits.
    """
    needs = h.x.shape[1]
    for j in range(m):
        i = room.unit[j]
        room.below_count[j] = 1.0
        room.below_load[j] = h.amount[i]
        for q in range(needs):
            room.below_total[j, q] = h.x[i, q]
    for j in range(m - 1, 0, -1):
        up = room.up[j]
        room.below_count[up] += room.below_count[j]
        room.below_load[up] += room.below_load[j]
        for q in range(needs):
            room.below_total[up, q] += room.below_total[j, q]
    whole_load = room.below_load[0]
    best = -1
    best_fit = -1.0
    for j in range(1, m):
        load = room.below_load[j]
        if lacking(h, load) + lacking(h, whole_load - load) > lacking_before:
            continue
        inner = 0.0
        outer = 0.0
        for q in range(needs):
            s = room.below_total[j, q]
            t = room.below_total[0, q] - s
            inner += s * s
            outer += t * t
        fit = inner / room.below_count[j] + outer / (m - room.below_count[j])
        if fit > best_fit:
            best_fit = fit
            best = j
    return best, best_fit


@_jit
def mark_part(room: Any, m: int, cut: int) -> None:
    """Tell which rows of the tree lie beyond its cut edge."""
    for j in range(m):
        room.inside[j] = j == cut or (j > 0 and room.inside[room.up[j]])


@_jit
def fit_of(h: Any, r: int) -> float:
    """|S|²/n of one region."""
    square = 0.0
    for q in range(h.x.shape[1]):
        square += h.total[r, q] * h.total[r, q]
    return square / h.members[r]


@_jit
def members_of(h: Any, r: int, into: Any, at: int) -> int:
    """Write the members of region r behind `into[:at]`; return the new length."""
    i = h.head[r]
    while i >= 0:
        into[at] = i
        at += 1
        i = h.after[i]
    return at


@_jit
def divide(h: Any, room: Any, a: int, b: int, noise: float, least: float, state: Any) -> bool:
    """Divide two linked regions anew at the best edge of a random tree, if that gains `least`."""
    m = members_of(h, a, room.pair, 0)
    m = members_of(h, b, room.pair, m)
    before = fit_of(h, a) + fit_of(h, b)
    grow_tree(h, room, room.pair, m, noise, state)
    cut, fit = best_cut(h, room, m, lacking(h, h.load[a]) + lacking(h, h.load[b]))
    if cut < 0 or fit <= before + least:
        return False
    mark_part(room, m, cut)
    # the part with more members of `a` keeps its number
    swap = 0
    for j in range(m):
        swap += 1 if (h.label[room.unit[j]] == a) == room.inside[j] else -1
    for j in range(m):
        i = room.unit[j]
        r = a if room.inside[j] == (swap > 0) else b
        if h.label[i] != r:
            move(h, i, r)
    return True


@_jit
def divide_all(h: Any, room: Any, tries: int, noise: float, least: float, state: Any) -> int:
    """Divide pairs of linked regions anew, `tries` times at random places; returns the gains."""
    made = 0
    n = h.x.shape[0]
    for _ in range(tries):
        i = below(state, n)
        degree = h.start[i + 1] - h.start[i]
        if degree == 0:
            continue
        b = h.label[h.neighbour[h.start[i] + below(state, degree)]]
        if b != h.label[i] and divide(h, room, h.label[i], b, noise, least, state):
            made += 1
    return made


@_jit
def _merge_cost(h: Any, a: int, b: int) -> float:
    square = 0.0
    for q in range(h.x.shape[1]):
        d = h.total[a, q] / h.members[a] - h.total[b, q] / h.members[b]
        square += d * d
    return square * h.members[a] * h.members[b] / (h.members[a] + h.members[b])


@_jit
def _cheapest(h: Any, r: int, cost: Any, partner: Any) -> None:
    cost[r] = np.inf
    partner[r] = -1
    stamp = h.clock[0] + 1
    h.clock[0] = stamp
    i = h.head[r]
    last = r
    while i >= 0:
        for p in range(h.start[i], h.start[i + 1]):
            s = h.label[h.neighbour[p]]
            if s == r:
                continue
            if s == last:
                continue
            last = s
            joined = lacking(h, h.load[r] + h.load[s])
            if joined > lacking(h, h.load[r]) + lacking(h, h.load[s]):
                continue
            now = _merge_cost(h, r, s)
            if now < cost[r]:
                cost[r] = now
                partner[r] = s
        i = h.after[i]


@_jit
def _best_split(
    h: Any, room: Any, r: int, trees: int, noise: float, gain: Any, part: Any, state: Any
) -> None:
    gain[r] = -np.inf
    m = members_of(h, r, room.pair, 0)
    if m < 2:
        return
    whole = fit_of(h, r)
    for tree in range(trees):
        grow_tree(h, room, room.pair, m, 0.0 if tree == 0 else noise, state)
        cut, fit = best_cut(h, room, m, lacking(h, h.load[r]))
        if cut >= 0 and fit - whole > gain[r]:
            gain[r] = fit - whole
            mark_part(room, m, cut)
            for j in range(m):
                part[room.unit[j]] = room.inside[j]


@_jit
def _best_step(gain: Any, cost: Any, partner: Any) -> Any:  # noqa: C901 - one compiled pass
    """Find the region to split and the one to join with its partner: (r, a, gain of both)."""
    k = gain.shape[0]
    split = 0
    for r in range(1, k):
        if gain[r] > gain[split]:
            split = r
    pair = -1
    for r in range(k):
        if r != split and partner[r] != split and (pair < 0 or cost[r] < cost[pair]):
            pair = r
    best, one, two = -np.inf, -1, -1
    if pair >= 0:
        best, one, two = gain[split] - cost[pair], split, pair
    pair = 0
    for r in range(1, k):
        if cost[r] < cost[pair]:
            pair = r
    other = -1
    for r in range(k):
        if r != pair and r != partner[pair] and (other < 0 or gain[r] > gain[other]):
            other = r
    if other >= 0 and gain[other] - cost[pair] > best:
        best, one, two = gain[other] - cost[pair], other, pair
    return one, two, best


@_jit
def reallocate(h: Any, room: Any, trees: int, noise: float, least: float, state: Any) -> int:  # noqa: C901 - one compiled pass
    """Split one region and join two others, best first, until no such step lowers W by `least`."""
    n, k = h.x.shape[0], h.members.shape[0]
    gain = np.empty(k)
    cost = np.empty(k)
    partner = np.empty(k, np.int32)
    part = np.zeros(n, np.bool_)
    touched = np.empty(k, np.int32)
    seen = np.zeros(k, np.int64)
    moved = np.empty(n, np.int32)
    for r in range(k):
        _best_split(h, room, r, trees, noise, gain, part, state)
        _cheapest(h, r, cost, partner)
    made = 0
    while k > 2 and made < 4 * n:
        split, a, best = _best_step(gain, cost, partner)
        if split < 0 or not best > least:
            break
        b = partner[a]
        m = members_of(h, b, moved, 0)
        for j in range(m):
            move(h, moved[j], a)
        m = members_of(h, split, moved, 0)
        for j in range(m):
            if part[moved[j]]:
                move(h, moved[j], b)
        made += 1
        count = 0
        for which in range(3):
            r = split if which == 0 else (a if which == 1 else b)
            _best_split(h, room, r, trees, noise, gain, part, state)
            i = h.head[r]
            while i >= 0:
                if seen[r] != made:
                    seen[r] = made
                    touched[count] = r
                    count += 1
                for p in range(h.start[i], h.start[i + 1]):
                    s = h.label[h.neighbour[p]]
                    if seen[s] != made:
                        seen[s] = made
                        touched[count] = s
                        count += 1
                i = h.after[i]
        for t in range(count):
            _cheapest(h, touched[t], cost, partner)
    return made


@_jit
def improve(
    h: Any,
    room: Any,
    rounds: int,
    trees: int,
    divisions: int,
    noise: float,
    least: float,
    state: Any,
) -> None:
    """Descend, reallocate and divide in turns; stops when a round gains nothing."""
    descend(h, least)
    for _ in range(rounds):
        made = reallocate(h, room, trees, noise, least, state)
        made += divide_all(h, room, divisions, noise, least, state)
        made += descend(h, least)
        if made == 0:
            break
