"""Compiled searches from one source at a time: the targets it reaches, or the nodes.

For few sources that stand apart, where clusters of lanes would share nothing. Costs are whole
millimetres or milliseconds; the answer does not depend on the order of the search.
"""

from __future__ import annotations

import numpy as np

from spatial.reach.chains import BARRED, Chains, CostArcs
from spatial.reach.kernels import FAR, Arcs, Array, Whole, same_edge_key
from spatial.reach.kernels import _jit as jit
from spatial.reach.streets import KEY_SHIFT
from spatial.reach.sum_kernels import Places, Sources, clean, discover, local_room
from spatial.reach.vectors import UNREACHED

__all__ = ["ball_nodes_of", "ball_pairs"]


@jit
def _wider(values: Array, room: Whole) -> Array:
    wide = np.empty(room, dtype=values.dtype)
    wide[: len(values)] = values
    return wide


@jit
def ball_pairs(  # noqa: C901, PLR0912, PLR0915
    arcs: CostArcs, chains: Chains, edge_arcs: Arcs, sources: Sources, places: Places, limit: Whole
) -> tuple[Array, Array, Array]:
    """Every target within the limit of each source.

    Returns
    -------
    start : array, shape (g + 1,)
        Pairs of source k are ``start[k]:start[k + 1]``.
    place, cost : array of int32
    """
    end_start, end_node, end_cost = places.end_start, places.end_node, places.end_cost
    at_start, at_place = places.at_start, places.at_place
    stop_start, stop_row, row_place = places.stop_start, places.stop_row, places.row_place
    t_left_cost, t_right_cost = places.spots.left_cost, places.spots.right_cost
    t_edge, t_offset, t_entry = places.spots.edge, places.spots.offset_mm, places.spots.entry
    s_chain, s_left, s_right = sources.spots.chain, sources.spots.left, sources.spots.right
    s_left_cost, s_right_cost = sources.spots.left_cost, sources.spots.right_cost
    s_edge, s_offset, s_entry = sources.spots.edge, sources.spots.offset_mm, sources.spots.entry
    seed_start, seed_node, seed_cost = sources.start, sources.node, sources.cost
    way_start, way = sources.way_start, sources.way
    ahead, behind, chain_start = chains.ahead, chains.behind, chains.start

    scratch = local_room(len(arcs.start) - 1, limit)
    near, nodes = scratch.near, scratch.nodes
    pool, link = np.empty(1024, dtype=np.int32), np.empty(1024, dtype=np.int32)
    best = np.full(len(end_start) - 1, UNREACHED, dtype=np.int32)
    groups = len(seed_start) - 1
    start = np.zeros(groups + 1, dtype=np.int64)
    out_place, out_cost = np.empty(1024, dtype=np.int32), np.empty(1024, dtype=np.int32)
    rows = 0
    for k in range(groups):
        low, high = seed_start[k], seed_start[k + 1]
        count, pool, link = discover(
            arcs, seed_node[low:high], seed_cost[low:high], limit, scratch, pool, link
        )
        begin = rows
        for i in range(count):
            v = nodes[i]
            more = at_start[v + 1] - at_start[v]
            if rows + more > len(out_place):
                room = 2 * (rows + more)
                out_place, out_cost = _wider(out_place, room), _wider(out_cost, room)
            for j in range(at_start[v], at_start[v + 1]):
                p = at_place[j]
                if best[p] < UNREACHED:
                    continue
                cost = np.int64(UNREACHED)
                for e in range(end_start[p], end_start[p + 1]):
                    cost = min(cost, np.int64(near[end_node[e]]) + end_cost[e])
                if cost <= limit:
                    best[p] = cost
                    out_place[rows] = p
                    rows += 1
        for m in range(way_start[k], way_start[k + 1]):
            w = way[m]
            c = s_chain[w]
            for turn in range(2):
                stop = s_left[w] if turn == 0 else s_left[w] - 1
                while chain_start[c] <= stop < chain_start[c + 1] - 1:
                    away = np.int64(0)
                    if turn == 1:
                        away = s_left_cost[w] + behind[stop + 1] - behind[s_left[w]]
                    elif stop >= s_right[w]:
                        away = s_right_cost[w] + ahead[stop] - ahead[s_right[w]]
                    if away > limit:
                        break
                    for j in range(stop_start[stop], stop_start[stop + 1]):
                        r = stop_row[j]
                        cost = np.int64(BARRED)
                        if s_edge[w] >= 0 and s_edge[w] == t_edge[r]:
                            key = same_edge_key(edge_arcs, s_edge[w], s_offset[w], t_offset[r])
                            if key < FAR:
                                cost = (key >> KEY_SHIFT) + s_entry[w] + t_entry[r]
                        elif turn == 0:
                            cost = away + t_left_cost[r]
                        else:
                            cost = away + t_right_cost[r]
                        p = row_place[r]
                        if cost > limit or cost >= best[p]:
                            continue
                        if best[p] == UNREACHED:
                            if rows == len(out_place):
                                out_place = _wider(out_place, 2 * rows)
                                out_cost = _wider(out_cost, 2 * rows)
                            out_place[rows] = p
                            rows += 1
                        best[p] = cost
                    stop += 1 if turn == 0 else -1
        for j in range(begin, rows):
            out_cost[j] = best[out_place[j]]
            best[out_place[j]] = UNREACHED
        start[k + 1] = rows
        clean(scratch, count)
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

    scratch = local_room(len(arcs.start) - 1, limit)
    near, nodes = scratch.near, scratch.nodes
    pool, link = np.empty(1024, dtype=np.int32), np.empty(1024, dtype=np.int32)
    groups = len(seed_start) - 1
    start = np.zeros(groups + 1, dtype=np.int64)
    out_node, out_cost = np.empty(4096, dtype=np.int32), np.empty(4096, dtype=np.int32)
    rows = 0
    for k in range(groups):
        low, high = seed_start[k], seed_start[k + 1]
        count, pool, link = discover(
            arcs, seed_node[low:high], seed_cost[low:high], limit, scratch, pool, link
        )
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
                    if cost <= limit:
                        out_node[rows] = node_at[s]
                        out_cost[rows] = cost
                        rows += 1
        start[k + 1] = rows
        clean(scratch, count)
    return start, out_node[:rows], out_cost[:rows]
