"""A network whose arcs and points may change, as the compiled searches see it."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numba
import numpy as np

from spatial.network.graph import WalkNetwork
from spatial.reach.kernels import FAR, INWARD, Array, Whole, part_key, to_end_key

__all__ = [
    "AT",
    "LOW",
    "LiveArcs",
    "LivePoints",
    "arc_records",
    "best_of_points",
    "groups_near",
    "packed_arcs",
    "points_near",
    "points_on",
    "seeds_at",
]

AT: Final = 32
"""By how many bits the upper half of a record of an arc stands above the lower."""
LOW: Final = (1 << AT) - 1
"""The lower half: milliseconds. All of its bits stand for a way that one may not walk."""

_jit: Any = numba.njit(cache=True, nogil=True)
AnyArcs = Any
"""A :class:`LiveArcs`, where functions made for :class:`spatial.reach.kernels.Arcs` take it too."""


class LiveArcs(NamedTuple):
    """Ways out of and into the nodes of a network that may change, both in one record.

    Those of node i are ``arc[span[i, 0]:span[i, 1]]``, one for each end of an edge there:
    ``mm · 2³² + ms`` of the walk that arrives at i, which is its key; and
    ``other end · 2³² + ms`` of the walk that leaves i. ``LOW`` stands for milliseconds where one
    may not walk. A search that comes to a record finds everything in one line of memory, in
    whichever direction it goes. There is room behind the last record and the last edge; a node
    whose ways change gets a new place there.
    """

    span: Array  # (n, 2) int32
    arc: Array  # (a, 2) int64
    arc_edge: Array  # (a,) int32
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
    near_start: Array  # (n + 1,) int32
    near: Array  # groups (rows, of facilities) on the edges that meet at node i
    meets: Array  # (n + room,) bool: whether there are any; False for nodes that are new
    extra: Array  # (x,) int64


def packed_arcs(network: WalkNetwork) -> tuple[Array, Array, Array]:
    """Lay the arcs of a network out in records: ``span``, ``arc`` and ``arc_edge``."""
    edges = np.arange(network.edge_count, dtype=np.int32)
    node = np.concatenate([network.edge_from, network.edge_to])
    order = np.argsort(node, kind="stable")
    after = np.cumsum(np.bincount(node, minlength=network.node_count)).astype(np.int32)
    span = np.column_stack([np.concatenate([[0], after[:-1]]).astype(np.int32), after])
    times = network.edge_time_ms
    arc = np.concatenate(
        [
            arc_records(network.edge_length_mm, times[:, 1], times[:, 0], network.edge_to),
            arc_records(network.edge_length_mm, times[:, 0], times[:, 1], network.edge_from),
        ]
    )
    return span, arc[order], np.concatenate([edges, edges])[order]


def arc_records(length_mm: Array, arrive_ms: Array, leave_ms: Array, other: Array) -> Array:
    """Join what is known of ways at one end of edges to records: shape (m, 2) of int64."""
    upper = np.column_stack([length_mm, other]).astype(np.int64) << AT
    return upper | (np.column_stack([arrive_ms, leave_ms]).astype(np.int64) & LOW)


@_jit
def points_near(
    nodes: Array, points: LivePoints, mark: Array, epoch: Whole, found: Array, count: Whole
) -> Whole:
    """Add to `found` the groups of the points on the edges that meet at these nodes.

    A group is added once: `mark` holds the last `epoch` at which it was. Returns the new count.
    Points that moved or were added are not found here; their edges are asked by `points_on`.
    """
    near_start, near, meets = points.near_start, points.near, points.meets
    for i in range(len(nodes)):
        node = np.uint32(nodes[i])
        if not meets[node]:
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
def seeds_at(
    arcs: AnyArcs, edge: Array, offset_mm: Array, entry_key: Array, rows: Array
) -> tuple[Array, Array, Array]:
    """Node, key and row of the two ends from which each of these points is reached."""
    node = np.empty(2 * len(rows), dtype=np.int64)
    key = np.empty(2 * len(rows), dtype=np.int64)
    own = np.empty(2 * len(rows), dtype=np.int64)
    count = 0
    for i in range(len(rows)):
        row = rows[i]
        e = edge[row]
        if e < 0:
            continue
        for end in range(2):
            part = to_end_key(arcs, e, offset_mm[row], end, INWARD)
            if part < FAR:
                node[count] = arcs.edge_from[e] if end == 0 else arcs.edge_to[e]
                key[count] = part + entry_key[row]
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
