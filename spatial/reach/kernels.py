"""Compiled searches over whole-number keys: bounded Dijkstra from one group or from all at once.

Every kernel is exact: keys are whole numbers (see :mod:`spatial.reach.arcs`), ties go to the
smaller owner, and the answer does not depend on the order of the input. A kernel is one loop
without calls to Python objects, so it is longer and takes more arrays than other functions.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numba
import numpy as np

__all__ = [
    "FAR",
    "INWARD",
    "OUTWARD",
    "Arcs",
    "OnEdges",
    "Placed",
    "ball_labels",
    "ball_nodes",
    "balls",
    "nearest_owner",
    "owners_at_points",
    "part_key",
    "same_edge_key",
    "to_end_key",
]

FAR: Final = 2**62
"""Key of what is not reached."""
INWARD: Final = 1
"""From the end of an edge to a place on it."""
OUTWARD: Final = 0
"""From a place on an edge to one of its ends."""

_jit = numba.njit(cache=True, nogil=True)
_inline = numba.njit(cache=True, nogil=True, inline="always")
Array = Any
"""Arrays inside kernels; their types stand beside the fields of the tuples below."""
Whole = Any
"""Whole numbers inside kernels (64 bits)."""
WithEdges = Any
"""Whatever has the fields ``edge_…`` and ``by_time`` of :class:`Arcs`."""


class Arcs(NamedTuple):
    """Arcs with keys, forward (leaving a node) or backward (arriving at it).

    A key is ``cost · 2³² + other``: millimetres before milliseconds when searching by
    distance, the other way round by time. Keys add up along a path, and the smallest key is
    the shortest path, the fastest one among equals. Whole numbers: sums and ties are exact.
    """

    start: Array  # (n + 1,) int64
    head: Array  # (a,) int32
    edge: Array  # (a,) int32
    key: Array  # (a,) int64
    edge_from: Array  # (m,) int32
    edge_to: Array  # (m,) int32
    edge_length_mm: Array  # (m,) int32
    edge_time_ms: Array  # (m, 2) int32, in the direction of the search
    by_time: bool


class Placed(NamedTuple):
    """Attached points: edge (-1 = none), place on it, and the key of the straight entry."""

    edge: Array  # (p,) int32
    offset_mm: Array  # (p,) int32
    entry_key: Array  # (p,) int64


class OnEdges(NamedTuple):
    """Points by edge: ``order[start[e]:start[e + 1]]`` are the rows on edge e."""

    start: Array  # (m + 1,) int64
    order: Array  # (p,) int64


@_jit
def _push(heap_key: Array, heap_node: Array, size: Whole, key: Whole, node: Whole) -> Whole:
    """Add to a binary heap (arrays with room to spare) and return its size."""
    at = size
    while at > 0:
        parent = (at - 1) >> 1
        if heap_key[parent] <= key:
            break
        heap_key[at] = heap_key[parent]
        heap_node[at] = heap_node[parent]
        at = parent
    heap_key[at] = key
    heap_node[at] = node
    return size + 1


@_jit
def _pop(heap_key: Array, heap_node: Array, size: Whole) -> Whole:
    """Take the smallest off (the caller has read row 0) and return the new size."""
    size -= 1
    key = heap_key[size]
    node = heap_node[size]
    at = 0
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and heap_key[child + 1] < heap_key[child]:
            child += 1
        if heap_key[child] >= key:
            break
        heap_key[at] = heap_key[child]
        heap_node[at] = heap_node[child]
        at = child
    heap_key[at] = key
    heap_node[at] = node
    return size


@_inline
def part_key(time_ms: Whole, length_mm: Whole, part_mm: Whole, by_time: Whole) -> Whole:
    """Key of walking part of an edge: its time in proportion, rounded half up; FAR if barred."""
    if time_ms < 0:
        return FAR
    time = (2 * time_ms * part_mm + length_mm) // (2 * length_mm)
    if by_time:
        return (time << 32) | part_mm
    return (part_mm << 32) | time


@_inline
def _part_key(arcs: WithEdges, edge: Whole, direction: Whole, part_mm: Whole) -> Whole:
    time_ms = np.int64(arcs.edge_time_ms[edge, direction])
    return part_key(time_ms, np.int64(arcs.edge_length_mm[edge]), part_mm, arcs.by_time)


@_inline
def to_end_key(arcs: WithEdges, edge: Whole, offset_mm: Whole, end: Whole, inward: Whole) -> Whole:
    """Key between a place on an edge and its tail (end 0) or head (end 1).

    Inward is from that end to the place, outward from the place to that end.
    """
    part_mm = np.int64(offset_mm)
    if end == 1:
        part_mm = np.int64(arcs.edge_length_mm[edge]) - part_mm
    direction = 0 if (inward == INWARD) == (end == 0) else 1
    return _part_key(arcs, edge, direction, part_mm)


@_inline
def same_edge_key(arcs: WithEdges, edge: Whole, a_mm: Whole, b_mm: Whole) -> Whole:
    """Key of walking from a to b without leaving their edge."""
    key = FAR
    if b_mm >= a_mm:
        key = _part_key(arcs, edge, 0, np.int64(b_mm) - np.int64(a_mm))
    if b_mm <= a_mm:
        key = min(key, _part_key(arcs, edge, 1, np.int64(a_mm) - np.int64(b_mm)))
    return key


@_jit
def _wider(heap_key: Array, heap_node: Array) -> tuple[Array, Array]:
    room = len(heap_key)
    wide_key = np.empty(2 * room, dtype=np.int64)
    wide_node = np.empty(2 * room, dtype=np.int32)
    wide_key[:room] = heap_key
    wide_node[:room] = heap_node
    return wide_key, wide_node


@_jit
def nearest_owner(  # noqa: C901, PLR0912
    arcs: Arcs, points: Placed, owner: Array, limit: Whole, label: Array, label_owner: Array
) -> None:
    """Smallest key from each node to any of the points, and which point (smallest `owner`).

    `arcs` are backward, so that one search from all points answers every node. Fills `label`
    and `label_owner`; nodes beyond `limit` keep ``FAR`` and -1.
    """
    label[:] = FAR
    label_owner[:] = -1
    room = 1024
    heap_key = np.empty(room, dtype=np.int64)
    heap_node = np.empty(room, dtype=np.int32)
    size = 0
    for p in range(len(points.edge)):
        e = points.edge[p]
        if e < 0:
            continue
        for end in range(2):
            # Backward arcs: the "time to the end" is the time from the end to the point.
            part = to_end_key(arcs, e, points.offset_mm[p], end, OUTWARD)
            if part >= FAR:
                continue
            node = arcs.edge_from[e] if end == 0 else arcs.edge_to[e]
            key = part + points.entry_key[p]
            if key > limit or key > label[node]:
                continue
            if key == label[node]:
                label_owner[node] = min(label_owner[node], owner[p])
                continue
            label[node] = key
            label_owner[node] = owner[p]
            if size == room:
                heap_key, heap_node = _wider(heap_key, heap_node)
                room = len(heap_key)
            size = _push(heap_key, heap_node, size, key, node)
    while size > 0:
        key = heap_key[0]
        node = heap_node[0]
        size = _pop(heap_key, heap_node, size)
        if key > label[node]:
            continue
        mine = label_owner[node]
        for a in range(arcs.start[node], arcs.start[node + 1]):
            other = arcs.head[a]
            reached = key + arcs.key[a]
            if reached > limit or reached > label[other]:
                continue
            if reached == label[other]:
                label_owner[other] = min(label_owner[other], mine)
                continue
            label[other] = reached
            label_owner[other] = mine
            if size == room:
                heap_key, heap_node = _wider(heap_key, heap_node)
                room = len(heap_key)
            size = _push(heap_key, heap_node, size, reached, other)


@_jit
def owners_at_points(
    arcs: Arcs,
    labels: tuple[Array, Array],
    targets: Placed,
    on_edges: OnEdges,
    target_owner: Array,
    origins: Placed,
    limit: Whole,
    best: Array,
    best_owner: Array,
) -> None:
    """Read the nearest owner of each origin from the labels at both ends of its edge.

    `arcs` are forward; `labels` are those of :func:`nearest_owner`. Targets on the same edge
    are compared directly.
    """
    label, label_owner = labels
    for p in range(len(origins.edge)):
        best[p] = FAR
        best_owner[p] = -1
        e = origins.edge[p]
        if e < 0:
            continue
        for end in range(2):
            part = to_end_key(arcs, e, origins.offset_mm[p], end, OUTWARD)
            node = arcs.edge_from[e] if end == 0 else arcs.edge_to[e]
            if part >= FAR or label[node] >= FAR:
                continue
            key = part + label[node] + origins.entry_key[p]
            if key < best[p] or (key == best[p] and label_owner[node] < best_owner[p]):
                best[p] = key
                best_owner[p] = label_owner[node]
        for i in range(on_edges.start[e], on_edges.start[e + 1]):
            t = on_edges.order[i]
            direct = same_edge_key(arcs, e, origins.offset_mm[p], targets.offset_mm[t])
            if direct >= FAR:
                continue
            key = direct + targets.entry_key[t] + origins.entry_key[p]
            if key < best[p] or (key == best[p] and target_owner[t] < best_owner[p]):
                best[p] = key
                best_owner[p] = target_owner[t]
        if best[p] > limit:
            best[p] = FAR
            best_owner[p] = -1


@_jit
def ball_nodes(  # noqa: C901, PLR0912
    arcs: Arcs, seeds: Placed, limit: Whole, label: Array, via: Array, touched: Array
) -> Whole:
    """Search from one group of points; return how many nodes were touched.

    `label` must be ``FAR`` everywhere on entry; ``touched[:count]`` says which rows to reset.
    `via` becomes the arc by which a node was reached, or ``-2 - row`` of the seed.
    """
    count = 0
    room = 1024
    heap_key = np.empty(room, dtype=np.int64)
    heap_node = np.empty(room, dtype=np.int32)
    size = 0
    for p in range(len(seeds.edge)):
        e = seeds.edge[p]
        if e < 0:
            continue
        for end in range(2):
            part = to_end_key(arcs, e, seeds.offset_mm[p], end, OUTWARD)
            node = arcs.edge_from[e] if end == 0 else arcs.edge_to[e]
            if part >= FAR:
                continue
            key = part + seeds.entry_key[p]
            if key > limit or key >= label[node]:
                continue
            if label[node] >= FAR:
                touched[count] = node
                count += 1
            label[node] = key
            via[node] = -2 - p
            if size == room:
                heap_key, heap_node = _wider(heap_key, heap_node)
                room = len(heap_key)
            size = _push(heap_key, heap_node, size, key, node)
    while size > 0:
        key = heap_key[0]
        node = heap_node[0]
        size = _pop(heap_key, heap_node, size)
        if key > label[node]:
            continue
        for a in range(arcs.start[node], arcs.start[node + 1]):
            other = arcs.head[a]
            reached = key + arcs.key[a]
            if reached > limit or reached >= label[other]:
                continue
            if label[other] >= FAR:
                touched[count] = other
                count += 1
            label[other] = reached
            via[other] = a
            if size == room:
                heap_key, heap_node = _wider(heap_key, heap_node)
                room = len(heap_key)
            size = _push(heap_key, heap_node, size, reached, other)
    return count


@_jit
def ball_labels(  # noqa: C901, PLR0912, PLR0915
    arcs: Arcs, seeds: Placed, limit: Whole, label: Array, touched: Array
) -> Whole:
    """Search from one group of points as :func:`ball_nodes`, for the keys alone.

    Nodes with one way on are walked through without waiting in the heap: the keys are the same,
    the order in which nodes are touched is another.
    """
    count = 0
    room = 1024
    heap_key = np.empty(room, dtype=np.int64)
    heap_node = np.empty(room, dtype=np.int32)
    size = 0
    for p in range(len(seeds.edge)):
        e = seeds.edge[p]
        if e < 0:
            continue
        for end in range(2):
            part = to_end_key(arcs, e, seeds.offset_mm[p], end, OUTWARD)
            node = arcs.edge_from[e] if end == 0 else arcs.edge_to[e]
            if part >= FAR:
                continue
            key = part + seeds.entry_key[p]
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
        node = heap_node[0]
        size = _pop(heap_key, heap_node, size)
        if key > label[node]:
            continue
        for first in range(arcs.start[node], arcs.start[node + 1]):
            a = np.int64(first)
            reached = key + arcs.key[a]
            while True:
                other = arcs.head[a]
                if reached > limit or reached >= label[other]:
                    break
                if label[other] >= FAR:
                    touched[count] = other
                    count += 1
                label[other] = reached
                came, begin = arcs.edge[a], arcs.start[other]
                ways = arcs.start[other + 1] - begin
                if ways == 1 and arcs.edge[begin] == came:
                    break  # a dead end
                back = ways == 2 and arcs.edge[begin] == came
                if ways == 2 and (back or arcs.edge[begin + 1] == came):
                    a = begin + 1 if back else begin
                    reached += arcs.key[a]
                    continue
                if size == room:
                    heap_key, heap_node = _wider(heap_key, heap_node)
                    room = len(heap_key)
                size = _push(heap_key, heap_node, size, reached, other)
                break
    return count


@_jit
def balls(  # noqa: C901, PLR0912, PLR0915
    arcs: Arcs,
    group_start: Array,
    seeds: Placed,
    targets: Placed,
    on_edges: OnEdges,
    limit: Whole,
) -> tuple[Array, Array, Array]:
    """Every target within the limit of each group of seeds: group, target and key of each pair.

    Seeds ``group_start[g]:group_start[g + 1]`` are one group. Targets are read from the ends of
    their edge when that end is reached, and directly where a seed lies on the same edge.
    """
    nodes = len(arcs.start) - 1
    label = np.full(nodes, FAR, dtype=np.int64)
    touched = np.empty(nodes, dtype=np.int32)
    best = np.full(len(targets.edge), FAR, dtype=np.int64)
    found = np.empty(len(targets.edge), dtype=np.int32)
    out_group = np.empty(4096, dtype=np.int32)
    out_target = np.empty(4096, dtype=np.int32)
    out_key = np.empty(4096, dtype=np.int64)
    rows = 0
    for g in range(len(group_start) - 1):
        low, high = group_start[g], group_start[g + 1]
        some = Placed(seeds.edge[low:high], seeds.offset_mm[low:high], seeds.entry_key[low:high])
        count = ball_labels(arcs, some, limit, label, touched)
        hits = 0
        for i in range(count):
            node = touched[i]
            for a in range(arcs.start[node], arcs.start[node + 1]):
                e = arcs.edge[a]
                for j in range(on_edges.start[e], on_edges.start[e + 1]):
                    t = on_edges.order[j]
                    part = FAR
                    if arcs.edge_from[e] == node:
                        part = to_end_key(arcs, e, targets.offset_mm[t], 0, INWARD)
                    if arcs.edge_to[e] == node:
                        part = min(part, to_end_key(arcs, e, targets.offset_mm[t], 1, INWARD))
                    if part >= FAR:
                        continue
                    key = label[node] + part + targets.entry_key[t]
                    if key <= limit and key < best[t]:
                        if best[t] >= FAR:
                            found[hits] = t
                            hits += 1
                        best[t] = key
        for p in range(len(some.edge)):
            e = some.edge[p]
            if e < 0:
                continue
            for j in range(on_edges.start[e], on_edges.start[e + 1]):
                t = on_edges.order[j]
                direct = same_edge_key(arcs, e, some.offset_mm[p], targets.offset_mm[t])
                if direct >= FAR:
                    continue
                key = direct + some.entry_key[p] + targets.entry_key[t]
                if key <= limit and key < best[t]:
                    if best[t] >= FAR:
                        found[hits] = t
                        hits += 1
                    best[t] = key
        if rows + hits > len(out_key):
            wide = max(2 * len(out_key), rows + hits)
            out_group = _grown(out_group, wide)
            out_target = _grown(out_target, wide)
            out_key = _grown(out_key, wide)
        for i in range(hits):
            t = found[i]
            out_group[rows] = g
            out_target[rows] = t
            out_key[rows] = best[t]
            best[t] = FAR
            rows += 1
        for i in range(count):
            label[touched[i]] = FAR
    return out_group[:rows], out_target[:rows], out_key[:rows]


@_jit
def _grown(values: Array, room: Whole) -> Array:
    wide = np.empty(room, dtype=values.dtype)
    wide[: len(values)] = values
    return wide
