"""Spanning trees of regions: the best cut of a tree splits a region, or divides two anew.

*Reallocation* splits the region that gains most and joins the two linked regions that lose least:
the number of regions stays, and a region travels across the whole map in one step. *Division*
joins two linked regions and cuts them at the best edge of a spanning tree, short edges first [1]_.
Both look again only at regions that changed since they last looked.

Cutting m units around their common mean, c of them on one side with sum S, lowers the sum of
squares by |S|² · m / (c (m − c)): one sum for each edge of the tree.

References
----------
.. [1] R. M. Assunção et al. (2006), International Journal of Geographical Information Science 20,
   797-811: cuts of a minimum spanning tree. The first tree here is that; the others are random.
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
_OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "_nrt": False}
_bare: Any = numba.njit(**_OPTIONS)


class TreeRoom(NamedTuple):
    """Scratch for trees of up to n units, and what is known of k regions.

    Units of a tree are numbered 0 … m − 1 in the order in which they were laid out.
    """

    # a piece of the map, laid out
    unit: Array  # (n,) int32
    place: Array  # (n,) int32 by unit of the map: its number in the piece
    start: Array  # (n + 1,) int32 links inside the piece
    neighbour: Array  # (links,) int32
    apart: Array  # (links,) float64 squared difference of the two ends
    x: Array  # (n, K) float64 around the mean of the piece
    # a tree over it
    order: Array  # (n,) int32 units as the tree took them in
    up: Array  # (n,) int32 parent
    key: Array  # (n,) float64 length of the link that would take a unit in
    fringe: Array  # (n,) int32 units met
    weight: Array  # (n,) float64 units below
    total: Array  # (n, K) float64 sums below
    load: Array  # (n,) float64
    inside: Array  # (n,) bool in the part that is cut off
    # regions
    split_gain: Array  # (k,) float64 fall of W by the best cut of a region
    part: Array  # (n,) bool by unit of the map: its side of that cut
    merge_cost: Array  # (k,) float64 rise of W by joining a region with its partner
    partner: Array  # (k,) int32
    fresh: Array  # (k,) bool
    listed: Array  # (k,) int32
    seen: Array  # (k,) int64 stamps
    moved: Array  # (n,) int32


def tree_room(units: int, links: int, needs: int, regions: int) -> TreeRoom:
    """Make room for the trees of a map and its regions."""
    return TreeRoom(
        unit=np.zeros(units, np.int32),
        place=np.zeros(units, np.int32),
        start=np.zeros(units + 1, np.int32),
        neighbour=np.zeros(links, np.int32),
        apart=np.zeros(links),
        x=np.zeros((units, needs)),
        order=np.zeros(units, np.int32),
        up=np.zeros(units, np.int32),
        key=np.zeros(units),
        fringe=np.zeros(units, np.int32),
        weight=np.zeros(units),
        total=np.zeros((units, needs)),
        load=np.zeros(units),
        inside=np.zeros(units, np.bool_),
        split_gain=np.zeros(regions),
        part=np.zeros(units, np.bool_),
        merge_cost=np.zeros(regions),
        partner=np.zeros(regions, np.int32),
        fresh=np.zeros(regions, np.bool_),
        listed=np.zeros(regions, np.int32),
        seen=np.zeros(regions, np.int64),
        moved=np.zeros(units, np.int32),
    )


@_bare
def members_of(h: Any, r: int, into: Any, at: int) -> int:
    """Write the members of region r behind `into[:at]`; return the new length."""
    i = h.head[r]
    while i >= 0:
        into[at] = i
        at += 1
        i = h.after[i]
    return at


@_bare
def lay_out(h: Any, room: Any, m: int) -> None:
    """Lay out the piece of the map that the first m of `room.unit` are: its links and values."""
    unit, place, x = room.unit, room.place, room.x
    needs = x.shape[1]
    stamp = h.clock[0] + 1
    h.clock[0] = stamp
    mean = room.total[0]
    for q in range(needs):
        mean[q] = 0.0
    for j in range(m):
        i = unit[j]
        h.mark[i] = stamp
        place[i] = j
        for q in range(needs):
            mean[q] += h.x[i, q]
    share = 1.0 / m
    for q in range(needs):
        mean[q] *= share
    at = 0
    for j in range(m):
        i = unit[j]
        room.start[j] = at
        for q in range(needs):
            x[j, q] = h.x[i, q] - mean[q]
        for p in range(h.start[i], h.start[i + 1]):
            o = h.neighbour[p]
            if h.mark[o] == stamp:
                room.neighbour[at] = place[o]
                room.apart[at] = h.apart[p]
                at += 1
    room.start[m] = at


@_bare
def grow_tree(room: Any, m: int, noise: float, state: Any) -> int:
    """Grow a spanning tree over a piece of m units, short links first, lengths shaken by `noise`.

    Returns how many units it holds: less than m where the piece does not hang together.
    """
    start, neighbour, apart = room.start, room.neighbour, room.apart
    order, up, key, fringe = room.order, room.up, room.key, room.fringe
    for j in range(m):
        key[j] = np.inf
    root = below(state, m) if noise > 0.0 else 0
    fringe[0] = root
    up[root] = -1
    met = 1
    taken = 0
    while met > 0:
        least = 0
        short = key[fringe[0]]
        for f in range(1, met):
            now = key[fringe[f]]
            if now < short:
                short = now
                least = f
        i = fringe[least]
        met -= 1
        fringe[least] = fringe[met]
        order[taken] = i
        taken += 1
        key[i] = -1.0
        for p in range(start[i], start[i + 1]):
            j = neighbour[p]
            length = apart[p]
            if length >= key[j]:
                continue
            if noise > 0.0:
                length *= 1.0 + noise * uniform(state)
                if length >= key[j]:
                    continue
            if key[j] == np.inf:
                fringe[met] = j
                met += 1
            key[j] = length
            up[j] = i
    return taken


@_bare
def best_cut(h: Any, room: Any, m: int, lacking_before: float) -> Any:
    """Find the edge of the tree whose cut lowers W most: (unit below it, fall of W).

    Unit −1: no cut keeps the limits.
    """
    needs = room.x.shape[1]
    order, up, weight, total, load = room.order, room.up, room.weight, room.total, room.load
    bounded = h.limits[0] > 0.0 or h.limits[1] < np.inf
    whole = 0.0
    for j in range(m):
        weight[j] = 1.0
        for q in range(needs):
            total[j, q] = room.x[j, q]
    if bounded:
        for j in range(m):
            load[j] = h.amount[room.unit[j]]
            whole += load[j]
    best = -1
    most = -1.0
    for t in range(m - 1, 0, -1):
        j = order[t]
        above = up[j]
        square = 0.0
        for q in range(needs):
            s = total[j, q]
            square += s * s
            total[above, q] += s
        c = weight[j]
        weight[above] += c
        if bounded:
            held = load[j]
            load[above] += held
            if lacking(h, held) + lacking(h, whole - held) > lacking_before:
                continue
        fall = square / (c * (m - c))
        if fall > most:
            most = fall
            best = j
    return best, most * m


@_bare
def mark_part(room: Any, m: int, cut: int) -> None:
    """Tell which units of the piece lie beyond its cut edge."""
    room.inside[room.order[0]] = False
    for t in range(1, m):
        j = room.order[t]
        room.inside[j] = j == cut or room.inside[room.up[j]]


@_bare
def _merge_cost(h: Any, a: int, b: int) -> float:
    square = 0.0
    n_a, n_b = h.members[a], h.members[b]
    share_a, share_b = 1.0 / n_a, 1.0 / n_b
    for q in range(h.x.shape[1]):
        d = h.total[a, q] * share_a - h.total[b, q] * share_b
        square += d * d
    return square * n_a * n_b / (n_a + n_b)


@_bare
def divide(
    h: Any, room: Any, a: int, b: int, trees: int, noise: float, least: float, state: Any
) -> bool:
    """Divide two linked regions anew at the best edge of some trees, if that gains `least`."""
    m = members_of(h, a, room.unit, 0)
    m = members_of(h, b, room.unit, m)
    if m < 3:
        return False
    lay_out(h, room, m)
    wanted = _merge_cost(h, a, b) + least
    lacked = lacking(h, h.load[a]) + lacking(h, h.load[b])
    for tree in range(trees):
        if grow_tree(room, m, 0.0 if tree == 0 else noise, state) < m:
            return False
        cut, fall = best_cut(h, room, m, lacked)
        if cut >= 0 and fall > wanted:
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
    return False


@_bare
def divide_all(h: Any, room: Any, trees: int, noise: float, least: float, state: Any) -> int:
    """Divide linked pairs of regions anew of which one is fresh; returns the gains."""
    made = 0
    fresh, seen, others = room.fresh, room.seen, room.listed
    for a in range(h.members.shape[0]):
        stamp = h.clock[0] + 1
        h.clock[0] = stamp
        count = 0
        i = h.head[a]
        while i >= 0:
            for p in range(h.start[i], h.start[i + 1]):
                b = h.label[h.neighbour[p]]
                if b > a and seen[b] != stamp and (fresh[a] or fresh[b]):
                    seen[b] = stamp
                    others[count] = b
                    count += 1
            i = h.after[i]
        for c in range(count):
            if divide(h, room, a, others[c], trees, noise, least, state):
                made += 1
    return made


@_bare
def renewed(h: Any, was: Any, fresh: Any) -> None:
    """Tell which regions lost or won a unit since the labels `was`, and write the labels there."""
    fresh[:] = False
    for i in range(was.shape[0]):
        r = h.label[i]
        if was[i] != r:
            if was[i] >= 0:
                fresh[was[i]] = True
            fresh[r] = True
            was[i] = r


@_bare
def _cheapest(h: Any, room: Any, r: int) -> None:
    """Find the linked region that region r is joined with at least cost."""
    stamp = h.clock[0] + 1
    h.clock[0] = stamp
    seen = room.seen
    seen[r] = stamp
    cost = np.inf
    partner = -1
    i = h.head[r]
    while i >= 0:
        for p in range(h.start[i], h.start[i + 1]):
            s = h.label[h.neighbour[p]]
            if seen[s] == stamp:
                continue
            seen[s] = stamp
            joined = lacking(h, h.load[r] + h.load[s])
            if joined > lacking(h, h.load[r]) + lacking(h, h.load[s]):
                continue
            now = _merge_cost(h, r, s)
            if now < cost:
                cost = now
                partner = s
        i = h.after[i]
    room.merge_cost[r] = cost
    room.partner[r] = partner


@_bare
def _best_split(h: Any, room: Any, r: int, state: Any) -> None:
    """Find the best cut of the shortest tree of region r."""
    room.split_gain[r] = -np.inf
    m = members_of(h, r, room.unit, 0)
    if m < 2:
        return
    lay_out(h, room, m)
    grow_tree(room, m, 0.0, state)
    cut, fall = best_cut(h, room, m, lacking(h, h.load[r]))
    if cut >= 0:
        room.split_gain[r] = fall
        mark_part(room, m, cut)
        for j in range(m):
            room.part[room.unit[j]] = room.inside[j]


@_bare
def _look_again(h: Any, room: Any, state: Any) -> None:
    """Work out the splits of all fresh regions, and the unions of these and those next to them."""
    k = h.members.shape[0]
    stamp = h.clock[0] + 1
    h.clock[0] = stamp
    count = 0
    for r in range(k):
        if not room.fresh[r]:
            continue
        if room.seen[r] != stamp:
            room.seen[r] = stamp
            room.listed[count] = r
            count += 1
        i = h.head[r]
        while i >= 0:
            for p in range(h.start[i], h.start[i + 1]):
                s = h.label[h.neighbour[p]]
                if room.seen[s] != stamp:
                    room.seen[s] = stamp
                    room.listed[count] = s
                    count += 1
            i = h.after[i]
    for t in range(count):
        r = room.listed[t]
        if room.fresh[r]:
            _best_split(h, room, r, state)
        _cheapest(h, room, r)


@_bare
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


@_bare
def reallocate(h: Any, room: Any, least: float, state: Any) -> int:
    """Split one region and join two others, best first, until no such step lowers W by `least`.

    Splits and unions of regions that are not in `room.fresh` stand in the room already.
    """
    n, k = h.x.shape[0], h.members.shape[0]
    moved = room.moved
    made = 0
    while k > 2 and made < 4 * n:
        _look_again(h, room, state)
        split, a, best = _best_step(room.split_gain, room.merge_cost, room.partner)
        if split < 0 or not best > least:
            break
        b = room.partner[a]
        m = members_of(h, b, moved, 0)
        for j in range(m):
            move(h, moved[j], a)
        m = members_of(h, split, moved, 0)
        for j in range(m):
            if room.part[moved[j]]:
                move(h, moved[j], b)
        made += 1
        room.fresh[:] = False
        room.fresh[a] = True
        room.fresh[b] = True
        room.fresh[split] = True
    return made


@_jit
def improve(
    h: Any, room: Any, rounds: int, trees: int, noise: float, least: float, state: Any
) -> None:
    """Descend, reallocate and divide in turns; stops when a round gains nothing."""
    n = h.x.shape[0]
    split_at = np.full(n, -1, np.int32)
    divided_at = np.full(n, -1, np.int32)
    descend(h, least)
    for _ in range(rounds):
        renewed(h, split_at, room.fresh)
        made = reallocate(h, room, least, state)
        split_at[:] = h.label
        renewed(h, divided_at, room.fresh)
        made += divide_all(h, room, trees, noise, least, state)
        made += descend(h, least)
        if made == 0:
            break
