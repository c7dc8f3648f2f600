"""Compiled searches from one group of points after another: the targets that each reaches.

Keys are cost and what breaks ties in one whole number, so that both are exact; where the cost alone
is asked, :mod:`spatial.reach.ball_kernels` is faster.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from spatial.reach.kernels import (
    FAR,
    INWARD,
    OUTWARD,
    Arcs,
    Array,
    OnEdges,
    Placed,
    Whole,
    same_edge_key,
    seeds_at_nodes,
)
from spatial.reach.kernels import _jit as jit
from spatial.reach.spread import BUCKET_ROOM, room_of_buckets, spread_keys

__all__ = ["Goals", "balls", "goals_of"]

COST_SHIFT: Final = 32
FIRST_ROOM: Final = 4096
"""Pairs for which there is room at first."""


class Goals(NamedTuple):
    """Targets by the nodes from which they are entered: rows ``start[v]:start[v + 1]`` of v."""

    placed: Placed
    on_edges: OnEdges
    start: Array  # (n + 1,) int32
    target: Array  # (r,) int32
    key: Array  # (r,) int64, the straight entry included


@jit
def goals_of(arcs: Arcs, placed: Placed, on_edges: OnEdges) -> Goals:
    """Lay out targets for :func:`balls`, once for many calls."""
    node, key, target = seeds_at_nodes(arcs, placed, INWARD, FAR - 1)
    start = np.zeros(len(arcs.start), dtype=np.int32)
    for i in range(len(node)):
        start[node[i] + 1] += 1
    for v in range(len(start) - 1):
        start[v + 1] += start[v]
    fill = start[:-1].copy()
    out_target, out_key = np.empty_like(target), np.empty_like(key)
    for i in range(len(node)):
        at = fill[node[i]]
        out_target[at], out_key[at] = target[i], key[i]
        fill[node[i]] += 1
    return Goals(placed, on_edges, start, out_target, out_key)


@jit
def balls(
    arcs: Arcs, group_start: Array, seeds: Placed, goals: Goals, limit: Whole
) -> tuple[Array, Array, Array]:
    """Every target within the limit of each group of seeds: group, target and key of each pair.

    Seeds ``group_start[g]:group_start[g + 1]`` are one group. Targets are read from the ends of
    their edge when that end is reached, and directly where a seed lies on the same edge.
    """
    label = np.full(len(arcs.start) - 1, limit + 1, dtype=np.int64)
    nodes = np.empty(len(arcs.start), dtype=np.int32)
    bucket, fill = room_of_buckets(limit >> COST_SHIFT, BUCKET_ROOM)
    best = np.full(len(goals.placed.edge), FAR, dtype=np.int64)
    found = np.empty(len(best), dtype=np.int32)
    out_group = np.empty(FIRST_ROOM, dtype=np.int32)
    out_target = np.empty(FIRST_ROOM, dtype=np.int32)
    out_key = np.empty(FIRST_ROOM, dtype=np.int64)
    rows: Whole = 0
    for g in range(len(group_start) - 1):
        low, high = group_start[g], group_start[g + 1]
        some = Placed(seeds.edge[low:high], seeds.offset_mm[low:high], seeds.entry_key[low:high])
        seed_node, seed_key, _ = seeds_at_nodes(arcs, some, OUTWARD, limit)
        count = -1
        while count < 0:
            count = spread_keys(
                arcs.start, arcs.head, arcs.key, seed_node, seed_key, limit, label, nodes,
                bucket, fill,
            )  # fmt: skip
            if count < 0:
                bucket, fill = room_of_buckets(limit >> COST_SHIFT, 2 * bucket.shape[1])
        hits = _direct(arcs, some, goals.placed, goals.on_edges, limit, best, found)
        hits = _entered(
            goals.start, goals.target, goals.key, limit, label, nodes[:count], best, found, hits
        )
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
    return out_group[:rows], out_target[:rows], out_key[:rows]


@jit
def _direct(
    arcs: Arcs,
    some: Placed,
    placed: Placed,
    on_edges: OnEdges,
    limit: Whole,
    best: Array,
    found: Array,
) -> Whole:
    """Targets on the edges of the seeds themselves; return how many were found."""
    hits = 0
    for p in range(len(some.edge)):
        e = some.edge[p]
        if e < 0:
            continue
        for j in range(on_edges.start[e], on_edges.start[e + 1]):
            t = on_edges.order[j]
            direct = same_edge_key(arcs, e, some.offset_mm[p], placed.offset_mm[t])
            if direct >= FAR:
                continue
            key = direct + some.entry_key[p] + placed.entry_key[t]
            if key <= limit and key < best[t]:
                if best[t] >= FAR:
                    found[hits] = t
                    hits += 1
                best[t] = key
    return hits


@jit
def _entered(
    start: Array, target: Array, entry: Array, limit: Whole, label: Array, nodes: Array,
    best: Array, found: Array, hits: Whole,
) -> Whole:  # fmt: skip
    """Targets entered from the nodes that were found, whose labels are made new for the next."""
    for v in nodes:
        d = label[v]
        label[v] = limit + 1
        for r in range(start[v], start[v + 1]):
            key = d + entry[r]
            t = target[r]
            if key <= limit and key < best[t]:
                if best[t] >= FAR:
                    found[hits] = t
                    hits += 1
                best[t] = key
    return hits


@jit
def _grown(values: Array, room: Whole) -> Array:
    wide = np.empty(room, dtype=values.dtype)
    wide[: len(values)] = values
    return wide
