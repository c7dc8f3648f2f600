"""Compiled searches from one source at a time: the targets it reaches, or the nodes.

For few sources that stand apart, where clusters of lanes would share nothing. Costs are whole
millimetres or milliseconds; the answer does not depend on the order of the search.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spatial.reach.chains import Chains, CostArcs, by_code
from spatial.reach.kernels import FAR, Arcs, Array, Whole, same_edge_key
from spatial.reach.kernels import _jit as jit
from spatial.reach.spread import room_of_buckets, spread
from spatial.reach.streets import KEY_SHIFT, Spots
from spatial.reach.sum_kernels import Places, Sources
from spatial.reach.vectors import UNREACHED

__all__ = ["Stands", "ball_nodes_of", "ball_pairs", "stand_along"]


@jit
def _wider(values: Array, room: Whole) -> Array:
    wide = np.empty(room, dtype=values.dtype)
    wide[: len(values)] = values
    return wide


class Stands(NamedTuple):
    """Targets by the chain they stand on, in groups: one group for each chain with any."""

    beside_start: Array  # (n + 1,) int64
    beside: Array  # int32 groups with an end at each corner
    first: Array  # (g,) int32 corner
    last: Array  # (g,) int32
    start: Array  # (g + 1,) int64 rows of each group
    at_first: Array  # (r,) int32 cost between the first corner and the target
    at_last: Array  # (r,) int32
    place: Array  # (r,) int32
    row: Array  # (r,) int64 row of the spots
    group: Array  # (c,) int32 group of each chain, -1 = none
    single: Array  # (1,) bool: no place has more than one row


@jit
def stand_along(  # noqa: C901, PLR0912
    chains: Chains, spots: Spots, row_place: Array, places: Whole, corners: Whole
) -> Stands:
    """Sort targets by chain."""
    usable = np.full(len(row_place), -1, dtype=np.int64)
    ways = np.zeros(places, dtype=np.int32)
    single = np.ones(1, dtype=np.bool_)
    for r in range(len(row_place)):
        if row_place[r] >= 0 and spots.chain[r] >= 0:
            usable[r] = spots.chain[r]
            ways[row_place[r]] += 1
            if ways[row_place[r]] > 1:
                single[0] = False
    chain_start, row = by_code(usable, len(chains.first))
    group = np.full(len(chains.first), -1, dtype=np.int32)
    groups = 0
    for c in range(len(chains.first)):
        if chain_start[c + 1] > chain_start[c]:
            group[c] = groups
            groups += 1
    first, last = np.empty(groups, dtype=np.int32), np.empty(groups, dtype=np.int32)
    start = np.zeros(groups + 1, dtype=np.int64)
    at_first = np.full(len(row), UNREACHED, dtype=np.int32)
    at_last = np.full(len(row), UNREACHED, dtype=np.int32)
    place = np.empty(len(row), dtype=np.int32)
    beside_start = np.zeros(corners + 1, dtype=np.int64)
    for c in range(len(chains.first)):
        g = group[c]
        if g < 0:
            continue
        first[g], last[g] = chains.first[c], chains.last[c]
        start[g + 1] = chain_start[c + 1]
        beside_start[first[g] + 1] += 1
        if last[g] != first[g]:
            beside_start[last[g] + 1] += 1
        for i in range(chain_start[c], chain_start[c + 1]):
            r = row[i]
            place[i] = row_place[r]
            for k in range(2):
                if spots.end[r, k] == first[g]:
                    at_first[i] = min(at_first[i], spots.end_cost[r, k])
                if spots.end[r, k] == last[g]:
                    at_last[i] = min(at_last[i], spots.end_cost[r, k])
    for v in range(corners):
        beside_start[v + 1] += beside_start[v]
    fill = beside_start[:-1].copy()
    beside = np.empty(beside_start[corners], dtype=np.int32)
    for g in range(groups):
        beside[fill[first[g]]] = g
        fill[first[g]] += 1
        if last[g] != first[g]:
            beside[fill[last[g]]] = g
            fill[last[g]] += 1
    return Stands(
        beside_start, beside, first, last, start, at_first, at_last, place, row, group, single
    )


@jit
def ball_pairs(  # noqa: C901, PLR0912, PLR0915
    arcs: CostArcs, chains: Chains, edge_arcs: Arcs, sources: Sources, places: Places,
    stands: Stands, limit: Whole,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """Every target within the limit of each source.

    Returns
    -------
    start : array, shape (g + 1,)
        Pairs of source k are ``start[k]:start[k + 1]``.
    place, cost : array of int32
    """
    beside_start, beside, first, last = (
        stands.beside_start, stands.beside, stands.first, stands.last,
    )  # fmt: skip
    row_start, at_first, at_last = stands.start, stands.at_first, stands.at_last
    place, row, group, single = stands.place, stands.row, stands.group, stands.single[0]
    t_left, t_left_cost = places.spots.left, places.spots.left_cost
    t_right_cost, t_edge = places.spots.right_cost, places.spots.edge
    t_offset, t_entry = places.spots.offset_mm, places.spots.entry
    s_chain, s_left, s_right = sources.spots.chain, sources.spots.left, sources.spots.right
    s_left_cost, s_right_cost = sources.spots.left_cost, sources.spots.right_cost
    s_edge, s_offset, s_entry = sources.spots.edge, sources.spots.offset_mm, sources.spots.entry
    seed_start, seed_node, seed_cost = sources.start, sources.node, sources.cost
    way_start, way = sources.way_start, sources.way
    ahead, behind = chains.ahead, chains.behind

    arc_start, arc_head, arc_cost = arcs.start, arcs.head, arcs.cost
    near = np.full(len(arc_start) - 1, UNREACHED, dtype=np.int32)
    nodes = np.empty(len(near), dtype=np.int32)
    bucket = room_of_buckets(limit)
    fill = np.zeros(len(bucket), dtype=np.int32)
    best = np.full(1 if single else len(places.end_start) - 1, UNREACHED, dtype=np.int32)
    sought = len(seed_start) - 1
    start = np.zeros(sought + 1, dtype=np.int64)
    out_place, out_cost = np.empty(65536, dtype=np.int32), np.empty(65536, dtype=np.int32)
    rows = 0
    for k in range(sought):
        low, high = seed_start[k], seed_start[k + 1]
        count, bucket = spread(
            arc_start, arc_head, arc_cost, seed_node, seed_cost, low, high, limit, near, nodes,
            bucket, fill,
        )  # fmt: skip
        begin = rows
        own_low, own_high = way_start[k], way_start[k + 1]
        for i in range(count):
            v = nodes[i]
            for b in range(beside_start[v], beside_start[v + 1]):
                g = beside[b]
                one = near[first[g]]
                if first[g] != v and one < UNREACHED:
                    continue  # written at its first corner
                own = False
                for m in range(own_low, own_high):
                    own = own or group[s_chain[way[m]]] == g
                if own:
                    continue  # a chain with a source on it comes last
                two = near[last[g]]
                if rows + row_start[g + 1] - row_start[g] >= len(out_place):
                    room = 2 * (rows + row_start[g + 1] - row_start[g])
                    out_place, out_cost = _wider(out_place, room), _wider(out_cost, room)
                for r in range(row_start[g], row_start[g + 1]):
                    cost = np.int32(min(one + at_first[r], two + at_last[r]))
                    out_place[rows], out_cost[rows] = place[r], cost
                    rows += 1 if cost <= limit else 0
        for m in range(own_low, own_high):
            c = s_chain[way[m]]
            g = group[c]
            twice = False
            for earlier in range(own_low, m):
                twice = twice or s_chain[way[earlier]] == c
            if g < 0 or twice:
                continue
            if rows + row_start[g + 1] - row_start[g] >= len(out_place):
                room = 2 * (rows + row_start[g + 1] - row_start[g])
                out_place, out_cost = _wider(out_place, room), _wider(out_cost, room)
            one, two = near[first[g]], near[last[g]]
            for r in range(row_start[g], row_start[g + 1]):
                t = row[r]
                least = np.int64(min(one + at_first[r], two + at_last[r]))
                for n in range(m, own_high):
                    w = way[n]
                    if s_chain[w] != c:
                        continue
                    if s_edge[w] == t_edge[t]:
                        key = same_edge_key(edge_arcs, s_edge[w], s_offset[w], t_offset[t])
                        if key < FAR:
                            least = min(least, (key >> KEY_SHIFT) + s_entry[w] + t_entry[t])
                    elif t_left[t] >= s_right[w]:
                        away = s_right_cost[w] + ahead[t_left[t]] - ahead[s_right[w]]
                        least = min(least, away + t_left_cost[t])
                    else:
                        away = s_left_cost[w] + behind[t_left[t] + 1] - behind[s_left[w]]
                        least = min(least, away + t_right_cost[t])
                if least <= limit:
                    out_place[rows], out_cost[rows] = place[r], least
                    rows += 1
        if not single:  # of the ways into one place the best
            till, rows = rows, begin
            for j in range(begin, till):
                p = out_place[j]
                if best[p] == UNREACHED:
                    out_place[rows] = p
                    rows += 1
                best[p] = min(best[p], out_cost[j])
            for j in range(begin, rows):
                out_cost[j] = best[out_place[j]]
                best[out_place[j]] = UNREACHED
        start[k + 1] = rows
        for i in range(count):
            near[nodes[i]] = UNREACHED
    return start, out_place[:rows], out_cost[:rows]


@jit
def ball_nodes_of(  # noqa: C901, PLR0912, PLR0915
    arcs: CostArcs, chains: Chains, by_corner: tuple[Array, Array], corner_node: Array,
    sources: Sources, limit: Whole,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """Every node within the limit of each source, and its cost: `start`, `node`, `cost`."""
    first, last, chain_start = chains.first, chains.last, chains.start
    node_at, ahead, behind = chains.node, chains.ahead, chains.behind
    beside_start, beside = by_corner
    s_chain, s_left, s_right = sources.spots.chain, sources.spots.left, sources.spots.right
    s_left_cost, s_right_cost = sources.spots.left_cost, sources.spots.right_cost
    seed_start, seed_node, seed_cost = sources.start, sources.node, sources.cost
    way_start, way = sources.way_start, sources.way

    arc_start, arc_head, arc_cost = arcs.start, arcs.head, arcs.cost
    near = np.full(len(arc_start) - 1, UNREACHED, dtype=np.int32)
    nodes = np.empty(len(near), dtype=np.int32)
    bucket = room_of_buckets(limit)
    fill = np.zeros(len(bucket), dtype=np.int32)
    groups = len(seed_start) - 1
    start = np.zeros(groups + 1, dtype=np.int64)
    out_node, out_cost = np.empty(4096, dtype=np.int32), np.empty(4096, dtype=np.int32)
    rows = 0
    for k in range(groups):
        low, high = seed_start[k], seed_start[k + 1]
        count, bucket = spread(
            arc_start, arc_head, arc_cost, seed_node, seed_cost, low, high, limit, near, nodes,
            bucket, fill,
        )  # fmt: skip
        own_low, own_high = way_start[k], way_start[k + 1]
        for i in range(count + own_high - own_low):
            v = -1
            if i < count:
                v = nodes[i]
                if rows == len(out_node):
                    out_node, out_cost = _wider(out_node, 2 * rows), _wider(out_cost, 2 * rows)
                out_node[rows] = corner_node[v]
                out_cost[rows] = near[v]
                rows += 1
                b_low, b_high = beside_start[v], beside_start[v + 1]
            else:
                b_low, b_high = i - count, i - count + 1
            for b in range(b_low, b_high):
                c = beside[b] if v >= 0 else s_chain[way[own_low + b]]
                if v >= 0 and first[c] != v and near[first[c]] < UNREACHED:
                    continue  # written at its first corner
                own = False
                for m in range(own_low, own_high):
                    own = own or (s_chain[way[m]] == c and (v >= 0 or m < own_low + b))
                if own:
                    continue  # a chain with a source on it comes last, once
                size = chain_start[c + 1] - chain_start[c]
                if rows + size > len(out_node):
                    room = 2 * (rows + size)
                    out_node, out_cost = _wider(out_node, room), _wider(out_cost, room)
                one, two = np.int64(near[first[c]]), np.int64(near[last[c]])
                for s in range(chain_start[c] + 1, chain_start[c + 1] - 1):
                    cost = min(one + ahead[s], two + behind[s])
                    if v < 0:
                        for m in range(own_low, own_high):
                            w = way[m]
                            if s_chain[w] != c:
                                continue
                            if s >= s_right[w]:
                                straight = s_right_cost[w] + ahead[s] - ahead[s_right[w]]
                                cost = min(cost, straight)
                            if s <= s_left[w]:
                                straight = s_left_cost[w] + behind[s] - behind[s_left[w]]
                                cost = min(cost, straight)
                    out_node[rows], out_cost[rows] = node_at[s], cost
                    rows += 1 if cost <= limit else 0
        start[k + 1] = rows
        for i in range(count):
            near[nodes[i]] = UNREACHED
    return start, out_node[:rows], out_cost[:rows]
