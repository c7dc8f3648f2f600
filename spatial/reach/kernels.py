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
    "ball_nodes",
    "nearest_owner",
    "owners_at_points",
    "part_key",
    "same_edge_key",
    "seeds_at_nodes",
    "to_end_key",
]

FAR: Final = 2**62
"""Key of what is not reached."""
INWARD: Final = 1
"""From the end of an edge to a place on it."""
OUTWARD: Final = 0
"""From a place on an edge to one of its ends."""
HEAP_ROOM: Final = 1024
"""Nodes for which a heap has room at first, beside the seeds."""

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
def seeds_at_nodes(
    arcs: WithEdges, points: Placed, direction: Whole, limit: Whole
) -> tuple[Array, Array, Array]:
    """Find the ends of the points' edges: node, key to get there (entry included), and point.

    `direction` is ``OUTWARD``, or ``INWARD`` for the way from the end to the point. What lies
    beyond the limit is left out.
    """
    node = np.empty(2 * len(points.edge), dtype=np.int32)
    key = np.empty(2 * len(points.edge), dtype=np.int64)
    row = np.empty(2 * len(points.edge), dtype=np.int32)
    count = 0
    for p in range(len(points.edge)):
        e = points.edge[p]
        if e < 0:
            continue
        for end in range(2):
            part = to_end_key(arcs, e, points.offset_mm[p], end, direction)
            if part >= FAR or part + points.entry_key[p] > limit:
                continue
            node[count] = arcs.edge_from[e] if end == 0 else arcs.edge_to[e]
            key[count] = part + points.entry_key[p]
            row[count] = p
            count += 1
    return node[:count], key[:count], row[:count]


@_jit
def _wider(heap_key: Array, heap_node: Array, needed: Whole) -> tuple[Array, Array]:
    room = len(heap_key)
    wide = max(2 * room, needed)
    wide_key = np.empty(wide, dtype=np.int64)
    wide_node = np.empty(wide, dtype=np.int32)
    wide_key[:room] = heap_key
    wide_node[:room] = heap_node
    return wide_key, wide_node


@_jit
def nearest_owner(
    arcs: Arcs, points: Placed, owner: Array, limit: Whole, label: Array, label_owner: Array
) -> None:
    """Smallest key from each node to any of the points, and which point (smallest `owner`).

    `arcs` are backward, so that one search from all points answers every node. Fills `label`
    and `label_owner`; nodes beyond `limit` keep ``FAR`` and -1.
    """
    label[:] = FAR
    label_owner[:] = -1
    # Backward arcs: the "way to the end" is the way from the end to the point.
    seed_node, seed_key, seed_row = seeds_at_nodes(arcs, points, OUTWARD, limit)
    heap_key = np.empty(len(seed_node) + HEAP_ROOM, dtype=np.int64)
    heap_node = np.empty(len(seed_node) + HEAP_ROOM, dtype=np.int32)
    size = 0
    for i in range(len(seed_node)):
        node, key, who = seed_node[i], seed_key[i], owner[seed_row[i]]
        if key > label[node]:
            continue
        if key == label[node]:
            label_owner[node] = min(label_owner[node], who)
            continue
        label[node] = key
        label_owner[node] = who
        size = _push(heap_key, heap_node, size, key, node)
    while size > 0:
        size = _hand_on(
            arcs.start, arcs.head, arcs.key, limit, label, label_owner, heap_key, heap_node, size
        )
        if size > 0:
            more = size + arcs.start[heap_node[0] + 1] - arcs.start[heap_node[0]]
            heap_key, heap_node = _wider(heap_key, heap_node, more)


@_jit
def _hand_on(
    start: Array, head: Array, arc_key: Array, limit: Whole, label: Array, label_owner: Array,
    heap_key: Array, heap_node: Array, size: Whole,
) -> Whole:  # fmt: skip
    """Give each node its owner; stops where the heap is too small for the ways on of its first."""
    room = len(heap_key)
    while size > 0:
        key, node = heap_key[0], heap_node[0]
        first, last = start[node], start[node + 1]
        if size + last - first > room:
            return size
        size = _pop(heap_key, heap_node, size)
        if key > label[node]:
            continue
        mine = label_owner[node]
        for a in range(first, last):
            other = head[a]
            reached = key + arc_key[a]
            if reached > limit or reached > label[other]:
                continue
            if reached == label[other]:
                label_owner[other] = min(label_owner[other], mine)
                continue
            label[other] = reached
            label_owner[other] = mine
            size = _push(heap_key, heap_node, size, reached, other)
    return size


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
def ball_nodes(
    arcs: Arcs, seeds: Placed, limit: Whole, label: Array, via: Array, touched: Array
) -> Whole:
    """Search from one group of points; return how many nodes were touched.

    `label` must be ``FAR`` everywhere on entry; ``touched[:count]`` says which rows to reset.
    `via` becomes the arc by which a node was reached, or ``-2 - row`` of the seed. For the keys
    alone :func:`spatial.reach.spread.spread_keys` is faster.
    """
    seed_node, seed_key, seed_row = seeds_at_nodes(arcs, seeds, OUTWARD, limit)
    heap_key = np.empty(len(seed_node) + HEAP_ROOM, dtype=np.int64)
    heap_node = np.empty(len(seed_node) + HEAP_ROOM, dtype=np.int32)
    count = size = 0
    for i in range(len(seed_node)):
        node, key = seed_node[i], seed_key[i]
        if key >= label[node]:
            continue
        if label[node] >= FAR:
            touched[count] = node
            count += 1
        label[node] = key
        via[node] = -2 - seed_row[i]
        size = _push(heap_key, heap_node, size, key, node)
    while size > 0:
        size, count = _walk_on(
            arcs.start, arcs.head, arcs.key, limit, label, via, touched, heap_key, heap_node,
            size, count,
        )  # fmt: skip
        if size > 0:
            more = size + arcs.start[heap_node[0] + 1] - arcs.start[heap_node[0]]
            heap_key, heap_node = _wider(heap_key, heap_node, more)
    return count


@_jit
def _walk_on(  # noqa: PLR0913, PLR0917
    start: Array, head: Array, arc_key: Array, limit: Whole, label: Array, via: Array,
    touched: Array, heap_key: Array, heap_node: Array, size: Whole, count: Whole,
) -> tuple[Whole, Whole]:  # fmt: skip
    """Search on; stops where the heap is too small for the ways on of its first."""
    room = len(heap_key)
    while size > 0:
        key, node = heap_key[0], heap_node[0]
        first, last = start[node], start[node + 1]
        if size + last - first > room:
            return size, count
        size = _pop(heap_key, heap_node, size)
        if key > label[node]:
            continue
        for a in range(first, last):
            other = head[a]
            reached = key + arc_key[a]
            if reached > limit or reached >= label[other]:
                continue
            if label[other] >= FAR:
                touched[count] = other
                count += 1
            label[other] = reached
            via[other] = a
            size = _push(heap_key, heap_node, size, reached, other)
    return size, count
