"""Compiled searches from one source at a time: the targets it reaches, and at which cost.

For few sources that stand apart, where clusters of lanes would share nothing. Costs are whole
millimetres or milliseconds; the answer does not depend on the order of the search.
"""

from __future__ import annotations

import numpy as np

from spatial.reach.chains import Chains
from spatial.reach.kernels import FAR, Arcs, Array, Whole, same_edge_key
from spatial.reach.kernels import _jit as jit
from spatial.reach.spread import BUCKET_ROOM, At, room_of_buckets, spread
from spatial.reach.stands import KEY_SHIFT, Links, Spots, Stands
from spatial.reach.sum_kernels import Sources
from spatial.reach.vectors import UNREACHED

__all__ = ["ball_pairs"]

FIRST_ROOM = 65536
"""Pairs for which there is room at first."""


@jit
def _wider(values: Array, room: Whole) -> Array:
    wide = np.empty(room, dtype=values.dtype)
    wide[: len(values)] = values
    return wide


@jit
def ball_pairs(  # noqa: C901, PLR0912, PLR0915
    links: Links, chains: Chains, edge_arcs: Arcs, sources: Sources, spots: Spots,
    stands: Stands, targets: Whole, limit: Whole,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """Every target within the limit of each source.

    Parameters
    ----------
    spots, stands
        Where the targets are.
    targets : int
        Numbers of targets are below this.

    Returns
    -------
    start : array, shape (g + 1,)
        Pairs of source k are ``start[k]:start[k + 1]``.
    target, cost : array of int32
    """
    link_start, link, single = links.start, links.arc, stands.single[0]
    row_start, row, far_start, far = stands.start, stands.row, stands.far_start, stands.far
    longest, most = stands.longest, stands.most
    seed_start, seed_node, seed_cost = sources.start, sources.node, sources.cost
    own_start, own = own_rows(chains, edge_arcs, sources, spots, stands)

    beyond = limit + 1
    near = np.full(len(link_start) - 1, beyond, dtype=np.int32)
    nodes = np.empty(len(near) + 1, dtype=np.int32)
    beside = np.zeros(len(near), dtype=np.bool_)
    bucket, fill = room_of_buckets(limit, BUCKET_ROOM)
    best = np.full(1 if single else targets, UNREACHED, dtype=np.int32)
    sought = len(seed_start) - 1
    start = np.zeros(sought + 1, dtype=np.int64)
    out_target, out_cost = np.empty(FIRST_ROOM, np.int32), np.empty(FIRST_ROOM, np.int32)
    rows: Whole = 0
    for k in range(sought):
        low, high = seed_start[k], seed_start[k + 1]
        count = -1
        while count < 0:
            count = spread(
                link_start, link, seed_node, seed_cost, low, high, limit, near, nodes, bucket, fill
            )
            if count < 0:
                bucket, fill = room_of_buckets(limit, 2 * bucket.shape[1])
        begin = rows
        own_low, own_high = own_start[k], own_start[k + 1]
        room = own_high - own_low + 1
        for i in range(count):
            room += most[nodes[i]]
        if rows + room > len(out_target):
            out_target = _wider(out_target, 2 * (rows + room))
            out_cost = _wider(out_cost, 2 * (rows + room))
        for j in range(own_low, own_high):
            r, v = own[j, 0], own[j, 1]
            around = min(near[v] + row[r, 1], near[row[r, 2]] + row[r, 3])
            out_target[rows], out_cost[rows] = row[r, 0], min(around, own[j, 2])
            rows += int(min(around, own[j, 2]) <= limit)
            beside[v] = beside[row[r, 2]] = True
        for i in range(count):
            v = nodes[i]
            d = near[v]
            if beside[v]:  # all but what was written above
                for r in range(row_start[v], row_start[v + 1]):
                    cost = min(d + row[r, 1], near[row[r, 2]] + row[r, 3])
                    out_target[rows], out_cost[rows] = row[r, 0], cost
                    rows += int(cost <= limit and not _listed(own, own_low, own_high, r))
            else:
                to = At(rows)
                for r in range(At(row_start[v]), At(row_start[v + 1])):
                    round_there = near[At(row[r, At(2)])] + row[r, At(3)]
                    cost = min(d + row[r, At(1)], round_there)
                    out_target[to], out_cost[to] = row[r, At(0)], cost
                    to += At(cost <= limit)
                rows = np.int64(to)
            if d + longest[v] <= limit:
                continue  # what begins at the corners that its chains come from is written there
            for f in range(far_start[v], far_start[v + 1]):
                if near[far[f, 0]] <= limit:
                    continue
                if beside[v] and _listed(own, own_low, own_high, far[f, 1]):
                    continue
                for r in range(far[f, 1], far[f, 2]):
                    out_target[rows], out_cost[rows] = row[r, 0], d + row[r, 3]
                    rows += int(d + row[r, 3] <= limit)
        if not single:
            rows = _best_of_ways(out_target, out_cost, begin, rows, best)
        start[k + 1] = rows
        for i in range(count):
            near[nodes[i]] = beyond
        for j in range(own_low, own_high):
            beside[own[j, 1]] = beside[row[own[j, 0], 2]] = False
    return start, out_target[:rows], out_cost[:rows]


@jit
def _listed(own: Array, low: Whole, high: Whole, row: Whole) -> bool:
    found = False
    for j in range(low, high):
        found = found or own[j, 0] == row
    return found


@jit
def own_rows(  # noqa: C901, PLR0912
    chains: Chains, edge_arcs: Arcs, sources: Sources, spots: Spots, stands: Stands
) -> tuple[Array, Array]:
    """Targets on the chains that sources themselves stand on, with the cost along the chain.

    Returns
    -------
    start : array, shape (g + 1,)
    own : array of int32, shape (j, 3)
        Row of the target, the corner where its chain begins, and the cost (or UNREACHED) from the
        nearest way of the source.
    """
    way_start, way, s_chain = sources.way_start, sources.way, sources.spots.chain
    s_edge, s_offset, s_entry = sources.spots.edge, sources.spots.offset_mm, sources.spots.entry
    s_left, s_right = sources.spots.left, sources.spots.right
    s_left_cost, s_right_cost = sources.spots.left_cost, sources.spots.right_cost
    t_edge, t_offset, t_entry = spots.edge, spots.offset_mm, spots.entry
    t_left, t_right = spots.left, spots.right
    t_left_cost, t_right_cost = spots.left_cost, spots.right_cost
    ahead, behind, first = chains.ahead, chains.behind, chains.first
    of_chain, spot = stands.of_chain, stands.spot
    start = np.zeros(len(way_start), dtype=np.int64)
    own = np.empty((0, 3), dtype=np.int32)
    for turn in range(2):
        if turn == 1:
            own = np.empty((start[-1], 3), dtype=np.int32)
        at = 0
        for k in range(len(way_start) - 1):
            for m in range(way_start[k], way_start[k + 1]):
                c = s_chain[way[m]]
                twice = False
                for earlier in range(way_start[k], m):
                    twice = twice or s_chain[way[earlier]] == c
                if twice:
                    continue
                if turn == 0:
                    at += of_chain[c, 1] - of_chain[c, 0]
                    continue
                for r in range(of_chain[c, 0], of_chain[c, 1]):
                    t = spot[r]
                    least = np.int64(UNREACHED)
                    for n in range(m, way_start[k + 1]):
                        w = way[n]
                        if s_chain[w] != c:
                            continue
                        if s_edge[w] >= 0 and s_edge[w] == t_edge[t]:
                            key = same_edge_key(edge_arcs, s_edge[w], s_offset[w], t_offset[t])
                            if key < FAR:
                                least = min(least, (key >> KEY_SHIFT) + s_entry[w] + t_entry[t])
                        elif t_left[t] >= s_right[w]:
                            away = s_right_cost[w] + ahead[t_left[t]] - ahead[s_right[w]]
                            least = min(least, away + t_left_cost[t])
                        else:
                            away = s_left_cost[w] + behind[t_right[t]] - behind[s_left[w]]
                            least = min(least, away + t_right_cost[t])
                    own[at, 0], own[at, 1], own[at, 2] = r, first[c], least
                    at += 1
            start[k + 1] = at
    return start, own


@jit
def _best_of_ways(
    out_target: Array, out_cost: Array, begin: Whole, till: Whole, best: Array
) -> Whole:
    """Keep of the rows ``begin:till`` the best of each target, and return where they end."""
    rows = begin
    for j in range(begin, till):
        p = out_target[j]
        if best[p] == UNREACHED:
            out_target[rows] = p
            rows += 1
        best[p] = min(best[p], out_cost[j])
    for j in range(begin, rows):
        out_cost[j] = best[out_target[j]]
        best[out_target[j]] = UNREACHED
    return rows
