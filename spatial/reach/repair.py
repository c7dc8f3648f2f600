"""Labels of nodes kept right while facilities, arcs and points change; every change can be undone.

Two compiled steps. :func:`repair` mends one kind: what hung on something lost is cleared, reseeded
from its border, and spread again together with what was gained. :func:`best_of_points` reads the
answer of points that stand on edges. Both write down nothing but what they touch.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numba
import numpy as np

from spatial.reach.kernels import (
    FAR,
    INWARD,
    OUTWARD,
    Array,
    Whole,
    _pop,
    _push,
    _wider,
    part_key,
    same_edge_key,
    to_end_key,
)

__all__ = [
    "LiveArcs",
    "LivePoints",
    "Lost",
    "best_of_points",
    "groups_near",
    "points_near",
    "points_on",
    "reach_from",
    "repair",
    "roll_back",
    "seeds_at",
    "walks_of",
    "wipe",
]

CLEARED: Final = FAR + 1
"""Key of a node that has lost its own and not yet been reached again."""
BUCKETS: Final = 256
"""Of like keys, up to the limit: with 1,080 m each is 4 to 8 m wide."""

_jit: Any = numba.njit(cache=True, nogil=True)


class LiveArcs(NamedTuple):
    """Arcs of a network that may change: each node's arcs lie at ``start[i]:end[i]``.

    There is room behind the last arc and the last edge; a node whose arcs change gets a new place
    there. ``in_*`` are the same arcs seen from where they arrive. Keys as in
    :class:`spatial.reach.kernels.Arcs`.
    """

    out_start: Array  # (n,) int64
    out_end: Array  # (n,) int64
    out_head: Array  # (a,) int32
    out_edge: Array  # (a,) int32
    out_key: Array  # (a,) int64
    in_start: Array  # (n,) int64
    in_end: Array  # (n,) int64
    in_tail: Array  # (a,) int32
    in_edge: Array  # (a,) int32
    in_key: Array  # (a,) int64
    edge_from: Array  # (m,) int32
    edge_to: Array  # (m,) int32
    edge_length_mm: Array  # (m,) int32
    edge_time_ms: Array  # (m, 2) int32
    by_time: bool


class LivePoints(NamedTuple):
    """Attached points that may move: the rows on edge e are ``order[start[e]:start[e + 1]]``.

    Rows that moved or were added stand in `extra` as well; a row counts where its `edge` says.
    """

    edge: Array  # (p,) int32; -1 = none
    offset_mm: Array  # (p,) int32
    entry_key: Array  # (p,) int64
    start: Array  # (m + 1,) int64
    order: Array  # (p,) int64
    near_start: Array  # (n + 1,) int64
    near: Array  # groups (rows, of facilities) on the edges that meet at node i
    extra: Array  # (x,) int64


class Lost(NamedTuple):
    """What a label may have hung on: seeds (owner at a node) and arcs that are gone."""

    seed_node: Array  # (s,) int64
    seed_key: Array  # (s,) int64
    seed_owner: Array  # (s,) int32
    arc_tail: Array  # (c,) int64
    arc_head: Array  # (c,) int64
    arc_key: Array  # (c,) int64


AnyArcs = Any
"""A :class:`LiveArcs`, where functions made for :class:`spatial.reach.kernels.Arcs` take it too."""


@_jit
def _more(values: Array) -> Array:
    wide = np.empty(2 * len(values), dtype=values.dtype)
    wide[: len(values)] = values
    return wide


@_jit
def _put(
    first: Array, after: Array, keys: Array, nodes: Array, count: Whole, bucket: Whole, key: Whole,
    node: Whole,
) -> None:  # fmt: skip
    """Lay a node into a bucket, as number `count` of all that were ever laid into any."""
    after[count] = first[bucket]
    keys[count] = key
    nodes[count] = node
    first[bucket] = count


@_jit
def repair(  # noqa: C901, PLR0912, PLR0915
    arcs: AnyArcs,
    label: Array,
    owner: Array,
    rank: Array,
    facilities: LivePoints,
    alive: Array,
    lost: Lost,
    gained: Lost,
    limit: Whole,
) -> tuple[Array, Array, Array]:
    """Mend the labels of one kind; return a journal: node, old label and old owner of each write.

    Parameters
    ----------
    arcs : LiveArcs
        As they are now.
    label, owner : array, shape (n,)
        Right before the change; changed in place.
    rank : array of float, shape (f,)
        Which owner goes first among equals.
    facilities, alive : LivePoints, array of bool (f,)
        Where facilities stand now, and which of them are of this kind now.
    lost, gained : Lost
        Seeds and arcs that are no more, and new ones. What changed is lost and gained.
    limit : int
        Largest key that counts.

    Notes
    -----
    Labels hang on one another by tight arcs: key(w) = key(w → u) + key(u), of one owner. All that
    hangs on something lost is cleared, so nothing wrong remains; what is read again from the
    border is a walk that exists; the spread takes nodes out of buckets of like keys, and again
    where a shorter walk turns up within a bucket. After G. Ramalingam, T. Reps (1996), Journal of
    Algorithms 21, 267-305, with whole cells in place of counts, and U. Meyer, P. Sanders (2003),
    Journal of Algorithms 49, 114-152.

    A cleared node is ``CLEARED`` until it is reached: what it was is in the journal already.
    """
    # Taken out once: reading a tuple of arrays within a loop costs more than the work.
    out_start, out_end, out_head, out_key = (
        arcs.out_start, arcs.out_end, arcs.out_head, arcs.out_key,
    )  # fmt: skip
    in_start, in_end, in_tail, in_key = arcs.in_start, arcs.in_end, arcs.in_tail, arcs.in_key
    edge_from, edge_to = arcs.edge_from, arcs.edge_to
    lengths, times = arcs.edge_length_mm, arcs.edge_time_ms
    near_start, near, extra = facilities.near_start, facilities.near, facilities.extra
    goal_edge, goal_offset, goal_entry = (
        facilities.edge, facilities.offset_mm, facilities.entry_key,
    )  # fmt: skip
    lost_seed_node, lost_seed_key, lost_seed_owner = lost.seed_node, lost.seed_key, lost.seed_owner
    lost_arc_tail, lost_arc_head, lost_arc_key = lost.arc_tail, lost.arc_head, lost.arc_key
    gained_seed_node, gained_seed_key, gained_seed_owner = (
        gained.seed_node, gained.seed_key, gained.seed_owner,
    )  # fmt: skip
    gained_arc_tail, gained_arc_head, gained_arc_key = (
        gained.arc_tail, gained.arc_head, gained.arc_key,
    )  # fmt: skip
    room = 256
    log_node = np.empty(room, dtype=np.int32)
    log_key = np.empty(room, dtype=np.int64)
    log_owner = np.empty(room, dtype=np.int32)
    logged = 0
    first = np.empty(len(lost_seed_node) + len(lost_arc_tail), dtype=np.int64)
    begun = 0
    for i in range(len(lost_seed_node)):
        node = lost_seed_node[i]
        if label[node] == lost_seed_key[i] and owner[node] == lost_seed_owner[i]:
            first[begun] = node
            begun += 1
    for i in range(len(lost_arc_tail)):
        tail, head = lost_arc_tail[i], lost_arc_head[i]
        if label[head] >= FAR or owner[tail] != owner[head]:
            continue
        if label[tail] == lost_arc_key[i] + label[head]:
            first[begun] = tail
            begun += 1
    for i in range(begun):
        node = first[i]
        if label[node] < FAR:
            if logged == room:
                log_node, log_key, log_owner = _more(log_node), _more(log_key), _more(log_owner)
                room = len(log_key)
            log_node[logged], log_key[logged], log_owner[logged] = node, label[node], owner[node]
            logged += 1
            label[node] = CLEARED
            owner[node] = -1
    done = 0
    while done < logged:
        node, key, own = log_node[done], log_key[done], log_owner[done]
        done += 1
        for a in range(in_start[node], in_end[node]):
            tail = in_tail[a]
            if owner[tail] == own and label[tail] == key + in_key[a]:
                if logged == room:
                    log_node, log_key, log_owner = _more(log_node), _more(log_key), _more(log_owner)
                    room = len(log_key)
                log_node[logged], log_key[logged], log_owner[logged] = tail, label[tail], own
                logged += 1
                label[tail] = CLEARED
                owner[tail] = -1
    cleared = logged

    shift = np.int64(0)
    while limit >> shift >= BUCKETS:
        shift += 1
    first_in = np.full(BUCKETS, -1, dtype=np.int32)
    laid_room = 256 + 2 * cleared
    laid_after = np.empty(laid_room, dtype=np.int32)
    laid_key = np.empty(laid_room, dtype=np.int64)
    laid_node = np.empty(laid_room, dtype=np.int32)
    laid = 0
    seeds = len(gained_seed_node)
    news = len(gained_arc_tail)
    border_key = np.empty(cleared, dtype=np.int64)
    border_owner = np.empty(cleared, dtype=np.int32)
    for i in range(cleared):  # before any is written: only what still stands is read
        best = FAR
        own = np.int32(-1)
        node = np.int64(log_node[i])
        for a in range(out_start[node], out_end[node]):
            head = out_head[a]
            if label[head] < FAR:
                key = out_key[a] + label[head]
                if key < best or (key == best and rank[owner[head]] < rank[own]):
                    best = key
                    own = owner[head]
        low, high = np.int64(0), np.int64(0)
        if node < len(near_start) - 1:
            low, high = near_start[node], near_start[node + 1]
        for j in range(low, high + len(extra)):
            f = np.int64(near[j]) if j < high else extra[j - high]
            e = goal_edge[f]
            if e < 0 or not alive[f]:
                continue
            for end in range(2):
                if (edge_from[e] if end == 0 else edge_to[e]) != node:
                    continue
                length = np.int64(lengths[e])
                part_mm = np.int64(goal_offset[f])
                if end == 1:
                    part_mm = length - part_mm
                part = part_key(np.int64(times[e, end]), length, part_mm, arcs.by_time)
                if part >= FAR:
                    continue
                key = part + goal_entry[f]
                if key < best or (key == best and rank[f] < rank[own]):
                    best = key
                    own = np.int32(f)
        border_key[i], border_owner[i] = best, own
    for i in range(cleared + seeds + news):
        if i < cleared:
            node = np.int64(log_node[i])
            best, own = border_key[i], border_owner[i]
        elif i < cleared + seeds:
            node = gained_seed_node[i - cleared]
            best = gained_seed_key[i - cleared]
            own = gained_seed_owner[i - cleared]
        else:
            node = gained_arc_tail[i - cleared - seeds]
            head = gained_arc_head[i - cleared - seeds]
            best, own = FAR, np.int32(-1)
            if label[head] < FAR:
                best = gained_arc_key[i - cleared - seeds] + label[head]
                own = owner[head]
        if best >= FAR or best > limit or best > label[node]:
            continue
        if best == label[node] and rank[own] >= rank[owner[node]]:
            continue
        if label[node] != CLEARED:
            if logged == room:
                log_node, log_key, log_owner = _more(log_node), _more(log_key), _more(log_owner)
                room = len(log_key)
            log_node[logged], log_key[logged], log_owner[logged] = node, label[node], owner[node]
            logged += 1
        label[node] = best
        owner[node] = own
        if laid == laid_room:
            laid_after, laid_key, laid_node = _more(laid_after), _more(laid_key), _more(laid_node)
            laid_room = len(laid_key)
        _put(first_in, laid_after, laid_key, laid_node, laid, best >> shift, best, node)
        laid += 1
    bucket = np.int64(0)
    while bucket < BUCKETS:
        at = np.int64(first_in[bucket])
        if at < 0:
            bucket += 1
            continue
        first_in[bucket] = laid_after[at]
        key = laid_key[at]
        node = np.int64(laid_node[at])
        if key > label[node]:
            continue
        own = owner[node]
        for a in range(in_start[node], in_end[node]):
            tail = np.int64(in_tail[a])
            reached = key + in_key[a]
            if reached > limit or reached > label[tail]:
                continue
            if reached == label[tail] and rank[own] >= rank[owner[tail]]:
                continue
            if label[tail] != CLEARED:
                if logged == room:
                    log_node, log_key, log_owner = _more(log_node), _more(log_key), _more(log_owner)
                    room = len(log_key)
                log_node[logged], log_key[logged], log_owner[logged] = (
                    tail,
                    label[tail],
                    owner[tail],
                )
                logged += 1
            label[tail] = reached
            owner[tail] = own
            if laid == laid_room:
                laid_after, laid_key = _more(laid_after), _more(laid_key)
                laid_node = _more(laid_node)
                laid_room = len(laid_key)
            _put(first_in, laid_after, laid_key, laid_node, laid, reached >> shift, reached, tail)
            laid += 1
    for i in range(cleared):
        if label[log_node[i]] == CLEARED:
            label[log_node[i]] = FAR
    return log_node[:logged], log_key[:logged], log_owner[:logged]


@_jit
def roll_back(
    label: Array, owner: Array, log_node: Array, log_key: Array, log_owner: Array
) -> None:
    """Undo the writes of :func:`repair`, the last one first."""
    for i in range(len(log_node) - 1, -1, -1):
        label[log_node[i]] = log_key[i]
        owner[log_node[i]] = log_owner[i]


@_jit
def points_near(
    nodes: Array, points: LivePoints, mark: Array, epoch: Whole, found: Array, count: Whole
) -> Whole:
    """Add to `found` the groups of the points on the edges that meet at these nodes.

    A group is added once: `mark` holds the last `epoch` at which it was. Returns the new count.
    Points that moved or were added are not found here; their edges are asked by `points_on`.
    """
    near_start, near = points.near_start, points.near
    known = len(near_start) - 1
    for i in range(len(nodes)):
        node = nodes[i]
        if node >= known:
            continue
        for j in range(near_start[node], near_start[node + 1]):
            group = near[j]
            if mark[group] != epoch:
                mark[group] = epoch
                found[count] = group
                count += 1
    return count


@_jit
def points_on(
    e: Whole,
    points: LivePoints,
    group: Array,
    mark: Array,
    epoch: Whole,
    found: Array,
    count: Whole,
) -> Whole:
    """Add to `found` the groups of the points on one edge, each once."""
    low, high = np.int64(0), np.int64(0)
    if e < len(points.start) - 1:
        low, high = points.start[e], points.start[e + 1]
    for j in range(low, high + len(points.extra)):
        p = points.order[j] if j < high else points.extra[j - high]
        if points.edge[p] == e and group[p] >= 0 and mark[group[p]] != epoch:
            mark[group[p]] = epoch
            found[count] = group[p]
            count += 1
    return count


@_jit
def groups_near(
    nodes: Array,
    edges: Array,
    points: LivePoints,
    group: Array,
    mark: Array,
    epoch: Whole,
    found: Array,
) -> Whole:
    """Find the groups of the points near some nodes and on some edges, each once; their number."""
    count = points_near(nodes, points, mark, epoch, found, 0)
    for i in range(len(edges)):
        if edges[i] >= 0:
            count = points_on(edges[i], points, group, mark, epoch, found, count)
    return count


@_jit
def seeds_at(arcs: AnyArcs, points: LivePoints, rows: Array) -> tuple[Array, Array, Array]:
    """Node, key and row of the two ends from which each of these points is reached."""
    node = np.empty(2 * len(rows), dtype=np.int64)
    key = np.empty(2 * len(rows), dtype=np.int64)
    own = np.empty(2 * len(rows), dtype=np.int32)
    count = 0
    for i in range(len(rows)):
        row = rows[i]
        e = points.edge[row]
        if e < 0:
            continue
        for end in range(2):
            part = to_end_key(arcs, e, points.offset_mm[row], end, INWARD)
            if part < FAR:
                node[count] = arcs.edge_from[e] if end == 0 else arcs.edge_to[e]
                key[count] = part + points.entry_key[row]
                own[count] = row
                count += 1
    return node[:count], key[:count], own[:count]


@_jit
def best_of_points(  # noqa: C901, PLR0912
    arcs: AnyArcs,
    label: Array,
    owner: Array,
    rank: Array,
    facilities: LivePoints,
    alive: Array,
    points: LivePoints,
    rows: Array,
    limit: Whole,
) -> tuple[Array, Array]:
    """Smallest key from each of these points to a facility of the kind, and which facility it is.

    As :func:`spatial.reach.kernels.owners_at_points`, for some rows. Arrays are taken out of their
    tuples once: handing a tuple on within the loop would cost more than the work.
    """
    edge_from, edge_to, by_time = arcs.edge_from, arcs.edge_to, arcs.by_time
    lengths, times = arcs.edge_length_mm, arcs.edge_time_ms
    edge, offset, entry = points.edge, points.offset_mm, points.entry_key
    goal_edge, goal_offset, goal_entry = (
        facilities.edge,
        facilities.offset_mm,
        facilities.entry_key,
    )
    on, order, extra = facilities.start, facilities.order, facilities.extra
    best = np.full(len(rows), FAR, dtype=np.int64)
    best_owner = np.full(len(rows), -1, dtype=np.int32)
    for i in range(len(rows)):
        p = rows[i]
        e = np.int64(edge[p])
        if e < 0:
            continue
        least, own = np.int64(FAR), np.int64(-1)
        length, here = np.int64(lengths[e]), np.int64(offset[p])
        for end in range(2):
            node = np.int64(edge_from[e] if end == 0 else edge_to[e])
            if label[node] >= FAR:
                continue
            part_mm = here if end == 0 else length - here
            part = part_key(np.int64(times[e, 1 - end]), length, part_mm, by_time)
            if part >= FAR:
                continue
            key = part + label[node] + entry[p]
            if key < least or (key == least and rank[owner[node]] < rank[own]):
                least, own = key, np.int64(owner[node])
        low, high = np.int64(0), np.int64(0)
        if e < len(on) - 1:
            low, high = on[e], on[e + 1]
        for j in range(low, high + len(extra)):
            f = np.int64(order[j] if j < high else extra[j - high])
            if goal_edge[f] != e or not alive[f]:
                continue
            ahead = np.int64(goal_offset[f]) - here
            direct = np.int64(FAR)
            if ahead >= 0:
                direct = part_key(np.int64(times[e, 0]), length, ahead, by_time)
            if ahead <= 0:
                direct = min(direct, part_key(np.int64(times[e, 1]), length, -ahead, by_time))
            if direct >= FAR:
                continue
            key = direct + goal_entry[f] + entry[p]
            if key < least or (key == least and rank[f] < rank[own]):
                least, own = key, f
        if least <= limit:
            best[i], best_owner[i] = least, own
    return best, best_owner


@_jit
def reach_from(  # noqa: C901, PLR0912
    arcs: AnyArcs,
    points: LivePoints,
    rows: Array,
    nodes: Array,
    forward: bool,  # noqa: FBT001
    limit: Whole,
    label: Array,
    touched: Array,
) -> Whole:
    """Search around some points and nodes together; return how many nodes were touched.

    Forward: what is reached from there; otherwise from where it is reached. `label` must be
    ``FAR`` everywhere on entry. With ``arcs.by_time`` keys are turned: milliseconds first.
    """
    count = 0
    room = 1024
    heap_key = np.empty(room, dtype=np.int64)
    heap_node = np.empty(room, dtype=np.int32)
    size = 0
    side = OUTWARD if forward else INWARD
    for i in range(2 * len(rows) + len(nodes)):
        if i < 2 * len(rows):
            row = rows[i >> 1]
            e = points.edge[row]
            if e < 0:
                continue
            part = to_end_key(arcs, e, points.offset_mm[row], i & 1, side)
            if part >= FAR:
                continue
            node = np.int64(arcs.edge_from[e] if i & 1 == 0 else arcs.edge_to[e])
            key = part + turned(points.entry_key[row], arcs.by_time)
        else:
            node, key = np.int64(nodes[i - 2 * len(rows)]), np.int64(0)
        if key > limit or key >= label[node]:
            continue
        if label[node] >= FAR:
            touched[count] = node
            count += 1
        label[node] = key
        if size == room:
            heap_key, heap_node = _wider(heap_key, heap_node)
            room = len(heap_key)
        size = _push(heap_key, heap_node, size, key, node)
    while size > 0:
        key = heap_key[0]
        node = np.int64(heap_node[0])
        size = _pop(heap_key, heap_node, size)
        if key > label[node]:
            continue
        low = arcs.out_start[node] if forward else arcs.in_start[node]
        high = arcs.out_end[node] if forward else arcs.in_end[node]
        for a in range(low, high):
            other = np.int64(arcs.out_head[a] if forward else arcs.in_tail[a])
            step = arcs.out_key[a] if forward else arcs.in_key[a]
            reached = key + turned(step, arcs.by_time)
            if reached > limit or reached >= label[other]:
                continue
            if label[other] >= FAR:
                touched[count] = other
                count += 1
            label[other] = reached
            if size == room:
                heap_key, heap_node = _wider(heap_key, heap_node)
                room = len(heap_key)
            size = _push(heap_key, heap_node, size, reached, other)
    return count


@_jit
def turned(key: Whole, by_time: bool) -> Whole:  # noqa: FBT001
    """Put milliseconds first, where that is asked."""
    if not by_time:
        return key
    return ((key & 0xFFFFFFFF) << 32) | (key >> 32)


@_jit
def walks_of(
    arcs: AnyArcs,
    seeds: LivePoints,
    seed_rows: Array,
    points: LivePoints,
    rows: Array,
    forward: bool,  # noqa: FBT001
    limit: Whole,
    label: Array,
) -> Array:
    """Key of the walk between each of these points and the nearest seed; ``FAR`` beyond the limit.

    `label` is that of :func:`reach_from` around the seeds: forward, one walks from a seed to the
    point, otherwise from the point to a seed.
    """
    best = np.full(len(rows), FAR, dtype=np.int64)
    side = INWARD if forward else OUTWARD
    for i in range(len(rows)):
        p = rows[i]
        e = points.edge[p]
        if e < 0:
            continue
        entry = turned(points.entry_key[p], arcs.by_time)
        for end in range(2):
            part = to_end_key(arcs, e, points.offset_mm[p], end, side)
            node = arcs.edge_from[e] if end == 0 else arcs.edge_to[e]
            if part < FAR and label[node] < FAR:
                best[i] = min(best[i], part + label[node] + entry)
        for j in range(len(seed_rows)):
            s = seed_rows[j]
            if seeds.edge[s] != e:
                continue
            here, there = points.offset_mm[p], seeds.offset_mm[s]
            if forward:
                here, there = there, here
            direct = same_edge_key(arcs, e, here, there)
            if direct < FAR:
                best[i] = min(best[i], direct + turned(seeds.entry_key[s], arcs.by_time) + entry)
        if best[i] > limit:
            best[i] = FAR
    return best


@_jit
def wipe(label: Array, touched: Array) -> None:
    """Make the scratch of :func:`reach_from` ready for the next search."""
    for i in range(len(touched)):
        label[touched[i]] = FAR
