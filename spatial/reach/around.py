"""What is reached around some points of a live network, and the walks to what stands there."""

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
    same_edge_key,
    to_end_key,
)
from spatial.reach.live_network import AT, LOW, LiveArcs, LivePoints

__all__ = ["reach_from", "turned", "walks_of", "wipe"]

BUCKETS: Final = 256
"""Of like keys, up to the limit."""
ROOM: Final = 4096

_jit: Any = numba.njit(cache=True, nogil=True)


@_jit
def _begin(
    arcs: LiveArcs,
    points: LivePoints,
    rows: Array,
    nodes: Array,
    forward: bool,  # noqa: FBT001
) -> tuple[Array, Array]:
    """Nodes from which a search begins, and their keys; ``FAR`` where it does not."""
    node = np.empty(2 * len(rows) + len(nodes), dtype=np.int64)
    key = np.full(len(node), FAR, dtype=np.int64)
    side = OUTWARD if forward else INWARD
    for i in range(len(rows)):
        row = rows[i]
        e = points.edge[row]
        if e < 0:
            continue
        for end in range(2):
            part = to_end_key(arcs, e, points.offset_mm[row], end, side)
            if part < FAR:
                node[2 * i + end] = arcs.edge_from[e] if end == 0 else arcs.edge_to[e]
                key[2 * i + end] = part + turned(points.entry_key[row], arcs.by_time)
    for i in range(len(nodes)):
        node[2 * len(rows) + i], key[2 * len(rows) + i] = nodes[i], 0
    return node, key


class Search(NamedTuple):
    """One search at work; its buckets are those of :mod:`spatial.reach.repair`."""

    span: Array  # (n, 2) int32
    arc: Array  # (a, 2) int64
    side: Whole  # which half of a record tells the milliseconds
    by_time: bool
    limit: Whole
    shift: Whole  # from a key to its bucket
    label: Array  # (n,) int64
    touched: Array  # (n,) int32
    entry: Array  # int64
    first: Array  # (BUCKETS,) int32


@_jit
def _spread(search: Search, bucket: Whole, count: Whole, laid: Whole) -> tuple[Whole, Whole, Whole]:
    """Spread labels bucket by bucket until none is left, or there is no room for entries."""
    span, arc, side, by_time, limit, shift, label, touched, entry, first = search
    while bucket < BUCKETS:
        at = np.int64(first[bucket])
        if at < 0:
            bucket += 1
            continue
        node = np.uint32(entry[at] & 0xFFFFFFFF)
        low, high = np.uint32(span[node, 0]), np.uint32(span[node, 1])
        if laid + np.int64(high - low) > len(entry):
            break
        first[bucket] = entry[at] >> AT
        key = label[node]
        if key >> shift != bucket:
            continue
        for a in range(low, high):
            other = np.uint32(arc[a, 1] >> AT)
            ms = arc[a, side] & LOW
            step = ((arc[a, 0] >> AT) << AT) | ms
            reached, was = key + turned(step, by_time), label[other]
            if reached > limit or reached >= was or ms == LOW:
                continue
            if was >= FAR:
                touched[count] = other
                count += 1
            label[other] = reached
            if span[other, 1] - span[other, 0] == 1:
                continue
            entry[laid] = (np.int64(first[reached >> shift]) << AT) | np.int64(other)
            first[reached >> shift] = laid
            laid += 1
    return bucket, count, laid


@_jit
def reach_from(
    arcs: LiveArcs,
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
    side = 1 if forward else 0
    shift = np.int64(0)
    while limit >> shift >= BUCKETS:
        shift += 1
    node, begin_key = _begin(arcs, points, rows, nodes, forward)
    entry = np.empty(ROOM + 2 * len(node), dtype=np.int64)
    first = np.full(BUCKETS, -1, dtype=np.int32)
    count, laid = np.int64(0), np.int64(0)
    for i in range(len(node)):
        at, key = node[i], begin_key[i]
        if key > limit or key >= label[at]:
            continue
        if label[at] >= FAR:
            touched[count] = at
            count += 1
        label[at] = key
        entry[laid] = (np.int64(first[key >> shift]) << AT) | at
        first[key >> shift] = laid
        laid += 1
    bucket = np.int64(0)
    while bucket < BUCKETS:  # the loop within works in arrays that do not grow, or it would crawl
        search = Search(
            arcs.span, arcs.arc, side, arcs.by_time, limit, shift, label, touched, entry, first
        )
        bucket, count, laid = _spread(search, bucket, count, laid)
        if bucket < BUCKETS:
            wide = np.empty(2 * len(entry), dtype=np.int64)
            wide[: len(entry)] = entry
            entry = wide
    return count


@_jit
def turned(key: Whole, by_time: bool) -> Whole:  # noqa: FBT001
    """Put milliseconds first, where that is asked."""
    if not by_time:
        return key
    return ((key & 0xFFFFFFFF) << 32) | (key >> 32)


@_jit
def walks_of(
    arcs: LiveArcs,
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
