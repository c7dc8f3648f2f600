"""Compiled searches from one source at a time: the targets it reaches, and at which cost.

For few sources that stand apart, where clusters of lanes would share nothing. Costs are whole
millimetres or milliseconds; the answer does not depend on the order of the search.
"""

from __future__ import annotations

import numpy as np

from spatial.reach.chains import Chains
from spatial.reach.kernels import FAR, Arcs, Array, Whole, same_edge_key
from spatial.reach.kernels import _jit as jit
from spatial.reach.spread import BUCKET_ROOM, room_of_buckets, spread
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
    link_start, link = links.start, links.arc
    row_start, row, far_start, far = stands.start, stands.row, stands.far_start, stands.far
    first, last, of_chain = chains.first, chains.last, stands.of_chain
    single, s_chain = stands.single[0], sources.spots.chain
    seed_start, seed_node, seed_cost = sources.start, sources.node, sources.cost
    way_start, way = sources.way_start, sources.way

    beyond = limit + 1
    near = np.full(len(link_start) - 1, beyond, dtype=np.int32)
    nodes = np.empty(len(near) + 1, dtype=np.int32)
    beside = np.zeros(len(near), dtype=np.bool_)
    bucket, fill = room_of_buckets(limit, BUCKET_ROOM)
    best = np.full(1 if single else targets, UNREACHED, dtype=np.int32)
    sought = len(seed_start) - 1
    start = np.zeros(sought + 1, dtype=np.int64)
    out_target, out_cost = np.empty(FIRST_ROOM, np.int32), np.empty(FIRST_ROOM, np.int32)
    rows = 0
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
        own_low, own_high = way_start[k], way_start[k + 1]
        room = 1
        for m in range(own_low, own_high):
            c = s_chain[way[m]]
            beside[first[c]] = beside[last[c]] = True
            room += of_chain[c, 1] - of_chain[c, 0]
        for i in range(count):
            v = nodes[i]
            room += row_start[v + 1] - row_start[v]
            for f in range(far_start[v], far_start[v + 1]):
                room += far[f, 2] - far[f, 1] if near[far[f, 0]] == beyond else 0
        if rows + room > len(out_target):
            out_target = _wider(out_target, 2 * (rows + room))
            out_cost = _wider(out_cost, 2 * (rows + room))
        for i in range(count):
            v = nodes[i]
            d = near[v]
            if not beside[v]:
                for r in range(row_start[v], row_start[v + 1]):
                    cost = min(d + row[r, 1], near[row[r, 2]] + row[r, 3])
                    out_target[rows], out_cost[rows] = row[r, 0], cost
                    rows += int(cost <= limit)
            else:  # chains with a source on them come last
                for r in range(row_start[v], row_start[v + 1]):
                    cost = min(d + row[r, 1], near[row[r, 2]] + row[r, 3])
                    own = False
                    for m in range(own_low, own_high):
                        c = s_chain[way[m]]
                        own = own or of_chain[c, 0] <= r < of_chain[c, 1]
                    out_target[rows], out_cost[rows] = row[r, 0], cost
                    rows += int(cost <= limit and not own)
            for f in range(far_start[v], far_start[v + 1]):
                if near[far[f, 0]] != beyond:
                    continue  # written where the chain begins
                own = False
                for m in range(own_low, own_high):
                    c = s_chain[way[m]]
                    own = own or of_chain[c, 0] <= far[f, 1] < of_chain[c, 1]
                for r in range(far[f, 1], far[f, 2]):
                    cost = d + row[r, 3]
                    out_target[rows], out_cost[rows] = row[r, 0], cost
                    rows += int(cost <= limit and not own)
        if own_high > own_low:
            rows = _along_own(
                chains, edge_arcs, sources, spots, stands, near, own_low, own_high, limit,
                out_target, out_cost, rows,
            )  # fmt: skip
        if not single:
            rows = _best_of_ways(out_target, out_cost, begin, rows, best)
        start[k + 1] = rows
        for i in range(count):
            near[nodes[i]] = beyond
        for m in range(own_low, own_high):
            c = s_chain[way[m]]
            beside[first[c]] = beside[last[c]] = False
    return start, out_target[:rows], out_cost[:rows]


@jit
def _along_own(  # noqa: PLR0913, PLR0917
    chains: Chains, edge_arcs: Arcs, sources: Sources, spots: Spots, stands: Stands, near: Array,
    low: Whole, high: Whole, limit: Whole, out_target: Array, out_cost: Array, rows: Whole,
) -> Whole:  # fmt: skip
    """Write the targets on the chains that a source itself stands on, by ways ``low:high``."""
    way, s_chain, s_edge = sources.way, sources.spots.chain, sources.spots.edge
    s_left, s_right = sources.spots.left, sources.spots.right
    ahead, behind, row = chains.ahead, chains.behind, stands.row
    for m in range(low, high):
        c = s_chain[way[m]]
        twice = False
        for earlier in range(low, m):
            twice = twice or s_chain[way[earlier]] == c
        if twice:
            continue
        at_first = near[chains.first[c]]
        for r in range(stands.of_chain[c, 0], stands.of_chain[c, 1]):
            t = stands.spot[r]
            least = np.int64(min(at_first + row[r, 1], near[row[r, 2]] + row[r, 3]))
            for n in range(m, high):
                w = way[n]
                if s_chain[w] != c:
                    continue
                if s_edge[w] >= 0 and s_edge[w] == spots.edge[t]:
                    key = same_edge_key(
                        edge_arcs, s_edge[w], sources.spots.offset_mm[w], spots.offset_mm[t]
                    )
                    if key < FAR:
                        between = (key >> KEY_SHIFT) + sources.spots.entry[w] + spots.entry[t]
                        least = min(least, between)
                elif spots.left[t] >= s_right[w]:
                    away = sources.spots.right_cost[w] + ahead[spots.left[t]] - ahead[s_right[w]]
                    least = min(least, away + spots.left_cost[t])
                else:
                    away = sources.spots.left_cost[w] + behind[spots.right[t]] - behind[s_left[w]]
                    least = min(least, away + spots.right_cost[t])
            out_target[rows], out_cost[rows] = row[r, 0], min(least, limit + 1)
            rows += int(least <= limit)
    return rows


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
