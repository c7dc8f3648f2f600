"""Who reaches what, compiled: many searches in one call, and what a changed way alters."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from spatial.reach.around import reach_from, walks_of, wipe
from spatial.reach.kernels import FAR, Array, Whole
from spatial.reach.live_network import LivePoints, groups_near

__all__ = ["altered_pairs", "columns_of", "rows_of"]

AnyArcs = Any
_jit: Any = numba.njit(cache=True, nogil=True)


@_jit
def _wide(values: Array, room: Whole) -> Array:
    wide = np.empty(max(2 * len(values), room), dtype=values.dtype)
    wide[: len(values)] = values
    return wide


@_jit
def _entrances_near(  # noqa: C901, PLR0912
    points: LivePoints,
    usable: Array,
    nodes: Array,
    edges: Array,
    mark: Array,
    epoch: Whole,
    found: Array,
) -> Whole:
    """Find the entrances in use on the edges at some nodes and on some edges, each once."""
    count = 0
    for i in range(len(nodes)):
        node = nodes[i]
        if node >= len(points.near_start) - 1:
            continue
        for j in range(points.near_start[node], points.near_start[node + 1]):
            p = points.near[j]
            if mark[p] != epoch:
                mark[p] = epoch
                if usable[p] and points.edge[p] >= 0:
                    found[count] = p
                    count += 1
    for i in range(len(edges)):
        e = edges[i]
        if e < 0 or e >= len(points.start) - 1:
            continue
        for j in range(points.start[e], points.start[e + 1]):
            p = points.order[j]
            if mark[p] != epoch:
                mark[p] = epoch
                if usable[p] and points.edge[p] >= 0:
                    found[count] = p
                    count += 1
    for j in range(len(points.extra)):
        p = points.extra[j]
        if mark[p] != epoch:
            mark[p] = epoch
            if usable[p] and points.edge[p] >= 0:
                found[count] = p
                count += 1
    return count


@_jit
def rows_of(
    arcs: AnyArcs,
    gates: LivePoints,
    groups: tuple[Array, Array],
    nodes: Array,
    entrances: LivePoints,
    usable: Array,
    limit: Whole,
    scratch: tuple[Array, Array],
) -> tuple[Array, Array, Array]:
    """Search from several neighbourhoods and then from several nodes, one after the other.

    Parameters
    ----------
    arcs : LiveArcs
    gates : LivePoints
    groups : (array of int, array of int), shapes (p + 1,) and (g,)
        The gates of neighbourhood i are ``groups[1][groups[0][i]:groups[0][i + 1]]``.
    nodes : array of int, shape (q,)
    entrances : LivePoints
    usable : array of bool
        Entrances that count.
    limit : int
        Largest key that counts.
    scratch : (array of int64, array of int32)
        Labels of all nodes, ``FAR`` everywhere, and room for as many nodes.

    Returns
    -------
    (start, entrance, key)
        Row i, of a neighbourhood or of node ``nodes[i - p]``, reaches
        ``entrance[start[i]:start[i + 1]]``, in no order.
    """
    label, touched = scratch
    starts, rows = groups
    places = len(starts) - 1
    mark = np.full(len(usable), -1, dtype=np.int64)
    found = np.empty(len(usable), dtype=np.int64)
    start = np.zeros(places + len(nodes) + 1, dtype=np.int64)
    entrance = np.empty(1024, dtype=np.int64)
    key = np.empty(1024, dtype=np.int64)
    size = 0
    for i in range(places + len(nodes)):
        own, at = rows[:0], nodes[:0]
        if i < places:
            own = rows[starts[i] : starts[i + 1]]
        else:
            at = nodes[i - places : i - places + 1]
        count = reach_from(arcs, gates, own, at, True, limit, label, touched)  # noqa: FBT003
        met = _entrances_near(entrances, usable, touched[:count], gates.edge[own], mark, i, found)
        asked = found[:met]
        walks = walks_of(arcs, gates, own, entrances, asked, True, limit, label)  # noqa: FBT003
        wipe(label, touched[:count])
        if size + met > len(key):
            entrance, key = _wide(entrance, size + met), _wide(key, size + met)
        for j in range(met):
            if walks[j] < FAR:
                entrance[size], key[size] = asked[j], walks[j]
                size += 1
        start[i + 1] = size
    return start, entrance[:size], key[:size]


@_jit
def columns_of(  # noqa: C901, PLR0912
    arcs: AnyArcs,
    gates: LivePoints,
    members: tuple[Array, Array, Array, Whole],
    seeds: LivePoints,
    rows: Array,
    nodes: Array,
    limit: Whole,
    scratch: tuple[Array, Array],
) -> tuple[Array, Array, Array]:
    """Find the neighbourhoods that walk to several entrances, and then to several nodes.

    Parameters
    ----------
    arcs, gates, limit, scratch
        As in :func:`rows_of`.
    members : (start, order, group, known)
        Gates of neighbourhood i before any change: ``order[start[i]:start[i + 1]]``; the
        neighbourhood of each gate now, -1 for none; and the row from which gates are new.
    seeds : LivePoints
        Of the entrances.
    rows, nodes : array of int

    Returns
    -------
    (start, place, key)
        Column i, of entrance ``rows[i]`` or node ``nodes[i - len(rows)]``, is walked to from
        ``place[start[i]:start[i + 1]]``; the best gate of each counts.
    """
    label, touched = scratch
    of_start, order, group, known = members
    places = len(of_start) - 1
    mark = np.full(places, -1, dtype=np.int64)
    found = np.empty(places, dtype=np.int64)
    best = np.full(places, FAR, dtype=np.int64)
    start = np.zeros(len(rows) + len(nodes) + 1, dtype=np.int64)
    place = np.empty(1024, dtype=np.int64)
    key = np.empty(1024, dtype=np.int64)
    near = np.empty(len(order) + len(gates.extra), dtype=np.int64)
    one_edge = np.full(1, -1, dtype=np.int64)
    size = 0
    for i in range(len(rows) + len(nodes)):
        own, at = rows[:0], nodes[:0]
        one_edge[0] = -1
        if i < len(rows):
            own = rows[i : i + 1]
            one_edge[0] = seeds.edge[rows[i]]
        else:
            at = nodes[i - len(rows) : i - len(rows) + 1]
        count = reach_from(arcs, seeds, own, at, False, limit, label, touched)  # noqa: FBT003
        met = groups_near(touched[:count], one_edge, gates, group, mark, i, found)
        asked = 0
        for j in range(len(gates.extra)):
            gate = gates.extra[j]
            if group[gate] >= 0 and mark[group[gate]] != i:
                mark[group[gate]] = i
                found[met] = group[gate]
                met += 1
            if group[gate] >= 0 and gate >= known:
                near[asked] = gate
                asked += 1
        for j in range(met):
            for g in range(of_start[found[j]], of_start[found[j] + 1]):
                if group[order[g]] == found[j]:
                    near[asked] = order[g]
                    asked += 1
        walks = walks_of(arcs, seeds, own, gates, near[:asked], False, limit, label)  # noqa: FBT003
        wipe(label, touched[:count])
        for j in range(asked):
            best[group[near[j]]] = min(best[group[near[j]]], walks[j])
        if size + met > len(key):
            place, key = _wide(place, size + met), _wide(key, size + met)
        for j in range(met):
            if best[found[j]] < FAR:
                place[size], key[size] = found[j], best[found[j]]
                size += 1
            best[found[j]] = FAR
        start[i + 1] = size
    return start, place[:size], key[:size]


@_jit
def altered_pairs(  # noqa: C901, PLR0912
    known: tuple[Array, Array, Array],
    lost: tuple[Array, Array],
    gained: tuple[Array, Array],
    places: Array,
    entrances: Array,
    limit: Whole,
) -> tuple[Array, Array, Array, Array]:
    """Tell which pairs differ once some nodes were left by a way, or met by one.

    Parameters
    ----------
    known : (start, entrance, key)
        Pairs before: neighbourhood i reaches ``entrance[start[i]:start[i + 1]]``.
    lost, gained : (array, array) of int, shapes (nodes, places) and (nodes, entrances)
        Keys from each place to some nodes, and on from them to each entrance: `lost` before the
        change, `gained` after it; ``FAR`` beyond the limit.
    places, entrances : array of int
        Those that are looked at.
    limit : int

    Returns
    -------
    (asked, place, entrance, key)
        Places of which a walk is gone for which nothing as short stands in: they must be searched
        from again. And of all others the pairs that differ, each with its key now.

    Notes
    -----
    Let o be a key before, u the smallest sum over the lost nodes, v that over the gained ones. No
    walk is below o before, so o ≤ u. Where o < u the walk stands, and the key is now min(o, v).
    Where o = u it may be gone; whatever else stood is no shorter than o, so if v ≤ o it is v.
    Otherwise only a search tells.
    """
    start, entrance, key = known
    to_lost, from_lost = lost
    to_gained, from_gained = gained
    width = 0
    for i in range(len(entrances)):
        width = max(width, entrances[i] + 1)
    before = np.full(width, FAR, dtype=np.int64)
    asked = np.empty(len(places), dtype=np.int64)
    out_place = np.empty(1024, dtype=np.int64)
    out_entrance = np.empty(1024, dtype=np.int64)
    out_key = np.empty(1024, dtype=np.int64)
    size = 0
    again = 0
    for i in range(len(places)):
        place = places[i]
        for j in range(start[place], start[place + 1]):
            if entrance[j] < width:
                before[entrance[j]] = key[j]
        begun = size
        if size + len(entrances) > len(out_key):
            room = size + len(entrances)
            out_place, out_entrance = _wide(out_place, room), _wide(out_entrance, room)
            out_key = _wide(out_key, room)
        for e in range(len(entrances)):
            old, through_lost, through_gained = before[entrances[e]], FAR, FAR
            for node in range(len(to_gained)):
                if to_gained[node, i] < FAR and from_gained[node, e] < FAR:
                    through_gained = min(through_gained, to_gained[node, i] + from_gained[node, e])
            if through_gained > limit:
                through_gained = FAR
            if old < FAR:
                for node in range(len(to_lost)):
                    if to_lost[node, i] < FAR and from_lost[node, e] < FAR:
                        through_lost = min(through_lost, to_lost[node, i] + from_lost[node, e])
                if through_lost <= old and through_gained > old:
                    asked[again] = place
                    again += 1
                    size = begun
                    break
            if through_gained < old:
                out_place[size], out_entrance[size] = place, entrances[e]
                out_key[size] = through_gained
                size += 1
        for j in range(start[place], start[place + 1]):
            if entrance[j] < width:
                before[entrance[j]] = FAR
    return asked[:again], out_place[:size], out_entrance[:size], out_key[:size]
