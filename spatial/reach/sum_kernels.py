"""Compiled sums over everything within a walk, for 32 neighbouring sources at a time.

Sources that stand near one another reach nearly the same streets. A cluster of them therefore
shares one small graph: the nodes that any of them reaches. Each of its nodes has a row of 32
costs, one per source, and whole rows are lowered at once until nothing changes: the shortest
path costs of all 32, exactly. Costs are whole millimetres (or milliseconds); weights and their
products are rounded to a grid on which sums are exact, so no order of adding matters.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spatial.reach.chains import BARRED, Chains, stop_to_stop
from spatial.reach.decays import STEPS, DecayTable, smooth_weight, zone_weight
from spatial.reach.kernels import FAR, Arcs, Array, Whole, same_edge_key
from spatial.reach.kernels import _jit as jit
from spatial.reach.spread import BUCKET_ROOM, At, room_of_buckets, spread
from spatial.reach.stands import KEY_SHIFT, Links, Spots
from spatial.reach.vectors import LANES, UNREACHED, add_within, meet_rows, pull_row

__all__ = ["Local", "Places", "Sources", "Weights", "add_cluster", "local_room", "solve_cluster"]


class Sources(NamedTuple):
    """Sources in the order of their clusters; seeds are corners where a source enters the streets.

    `ways` say where a source stands (at several gates, say), for targets on the same chain.
    """

    start: Array  # (g + 1,) int64
    node: Array  # (seeds,) int32
    cost: Array  # (seeds,) int32
    way_start: Array  # (g + 1,) int64
    way: Array  # (ways,) int64 row of `spots`
    through: (
        Array  # (ways,) int32 cost of leaving by the first corner and walking the chain through
    )
    spots: Spots


class Places(NamedTuple):
    """Targets with all the ends by which they are entered, and the targets of each corner."""

    end_start: Array  # (t + 1,) int64
    end_node: Array  # (ends,) int32
    end_cost: Array  # (ends,) int32
    at_start: Array  # (n + 1,) int64
    at_place: Array  # (ends,) int32
    stop_start: Array  # (s + 1,) int64
    spots: Spots  # those on chains, by the stop to their left
    row_place: Array  # (rows,) int32 place of each of the spots
    farthest_entry: Whole  # of all spots


class Weights(NamedTuple):
    """What is summed: columns of weights, and one decay after the other."""

    value: Array  # (t, c) float64, on the grid of its column
    rounder: Array  # (c,) float64: adding and taking it off rounds a product to the grid
    decays: DecayTable
    plain: Array  # (d,) int64: limit of a decay that is all or nothing, else -1


class Local(NamedTuple):
    """Scratch of one search: arrays over all corners, kept clean between clusters."""

    near: Array  # (n,) int32, beyond the limit
    place: Array  # (n,) int32 = -1: row of a corner in the cluster
    nodes: Array  # (n + 1,) int32


@jit
def local_room(nodes: Whole, limit: Whole) -> Local:
    """Make the scratch for a network and a limit."""
    return Local(
        np.full(nodes, limit + 1, dtype=np.int32),
        np.full(nodes, -1, dtype=np.int32),
        np.empty(nodes + 1, dtype=np.int32),
    )


@jit
def walk_through(chains: Chains, spots: Spots, way: Array) -> Array:
    """Cost of each way to the first corner of its chain and on to the last one, or UNREACHED.

    Where that is within the limit, a way along the chain adds nothing to sums of all or nothing.
    """
    through = np.full(len(way), UNREACHED, dtype=np.int32)
    for k in range(len(way)):
        w = way[k]
        c = spots.chain[w]
        if spots.end[w, 0] == chains.first[c]:
            whole = spots.end_cost[w, 0] + stop_to_stop(
                chains, chains.start[c], chains.start[c + 1] - 1
            )
            through[k] = min(whole, UNREACHED)
    return through


@jit
def clean(scratch: Local, count: Whole, limit: Whole) -> None:
    """Make the scratch ready for the next search."""
    nodes, near, place = scratch.nodes, scratch.near, scratch.place
    for i in range(count):
        near[nodes[i]] = limit + 1
        place[nodes[i]] = -1


@jit
def _local_arcs(
    links: Links, scratch: Local, count: Whole, start: Array, tail: Array, cost: Array
) -> tuple[Array, Array, Array]:
    """Take the arcs between the nodes of the cluster, by row."""
    if len(start) < count + 1:
        start = np.empty(2 * count + 1, dtype=np.int64)
    nodes, place = scratch.nodes, scratch.place
    arc_start, arc = links.start, links.arc
    many = 1
    for i in range(count):
        many += arc_start[nodes[i] + 1] - arc_start[nodes[i]]
    if many > len(tail):
        tail, cost = np.empty(2 * many, dtype=np.int32), np.empty(2 * many, dtype=np.int32)
    at = At(0)
    for i in range(count):
        v = At(nodes[i])
        start[i] = at
        for a in range(At(arc_start[v]), At(arc_start[v + At(1)])):
            x = place[At(arc[a, At(0)])]
            tail[at], cost[at] = x, arc[a, At(1)]
            at += At(x >= 0)
    start[count] = at
    return start, tail, cost


class Small(NamedTuple):
    """The graph of one cluster: rows of costs, arcs arriving at and leaving each row."""

    rows: Array  # (room, 32) int32
    dirty: Array  # (room,) uint8
    in_start: Array
    in_tail: Array
    in_cost: Array
    out_start: Array
    out_head: Array
    out_cost: Array
    bucket: Array
    fill: Array


@jit
def small_room(limit: Whole) -> Small:
    """Room for a first cluster; :func:`solve_cluster` hands back more where it needs more."""
    room = 1024
    bucket, fill = room_of_buckets(limit, BUCKET_ROOM)
    return Small(
        np.empty((room, LANES), dtype=np.int32),
        np.empty(room, dtype=np.uint8),
        np.empty(room + 1, dtype=np.int64),
        np.empty(4 * room, dtype=np.int32),
        np.empty(4 * room, dtype=np.int32),
        np.empty(room + 1, dtype=np.int64),
        np.empty(4 * room, dtype=np.int32),
        np.empty(4 * room, dtype=np.int32),
        bucket,
        fill,
    )


@jit
def solve_cluster(
    forward: Links, backward: Links, sources: Sources, low: Whole, high: Whole,
    limit: Whole, scratch: Local, small: Small,
) -> tuple[Whole, Small]:  # fmt: skip
    """Costs from sources ``low:high`` (at most 32) to every node that any of them reaches.

    Row ``i`` of ``small.rows`` belongs to node ``scratch.nodes[i]``; costs beyond the limit are
    upper bounds only. Returns how many rows there are.
    """
    first, last = sources.start[low], sources.start[high]
    bucket, fill = small.bucket, small.fill
    count = -1
    while count < 0:
        count = spread(
            forward.start, forward.arc, sources.node, sources.cost, first, last, limit,
            scratch.near, scratch.nodes, bucket, fill,
        )  # fmt: skip
        if count < 0:
            bucket, fill = room_of_buckets(limit, 2 * bucket.shape[1])
    rows, dirty = small.rows, small.dirty
    if len(dirty) < count:
        rows = np.empty((2 * count, LANES), dtype=np.int32)
        dirty = np.empty(2 * count, dtype=np.uint8)
    for i in range(count):
        scratch.place[scratch.nodes[i]] = i
        dirty[i] = 0
    in_start, in_tail, in_cost = _local_arcs(
        backward, scratch, count, small.in_start, small.in_tail, small.in_cost
    )
    out_start, out_head, out_cost = _local_arcs(
        forward, scratch, count, small.out_start, small.out_head, small.out_cost
    )
    small = Small(
        rows, dirty, in_start, in_tail, in_cost, out_start, out_head, out_cost, bucket, fill
    )
    rows[:count] = UNREACHED
    for source in range(low, high):
        for s in range(sources.start[source], sources.start[source + 1]):
            i = scratch.place[sources.node[s]]
            if i >= 0:
                rows[i, source - low] = min(rows[i, source - low], sources.cost[s])
                for a in range(out_start[i], out_start[i + 1]):
                    dirty[out_head[a]] = 1
    _settle(small, count)
    return count, small


@jit
def _settle(small: Small, count: Whole) -> None:
    """Lower rows until nothing changes, sweeping outward and back."""
    rows, dirty = small.rows, small.dirty
    in_start, in_tail, in_cost = small.in_start, small.in_tail, small.in_cost
    out_start, out_head = small.out_start, small.out_head
    again, outward = True, True
    while again:
        again = False
        for k in range(count):
            i = k if outward else count - 1 - k
            if dirty[i] == 0:
                continue
            dirty[i] = 0
            low, high = in_start[i], in_start[i + 1]
            if pull_row(rows, i, in_tail, in_cost, low, high):
                again = True
                for a in range(out_start[i], out_start[i + 1]):
                    dirty[out_head[a]] = 1
        outward = not outward


@jit
def add_cluster(  # noqa: C901, PLR0912
    rows: Array, scratch: Local, count: Whole, places: Places, weights: Weights, limit: Whole,
    costs: Array, sums: Array,
) -> None:  # fmt: skip
    """Add up the weights of all places that the rows of a cluster reach, for each lane.

    `costs` is room for one row, shape (1, 32); `sums` has shape (decays × columns, 32).
    """
    value, plain, columns = weights.value, weights.plain, weights.value.shape[1]
    nodes, place = scratch.nodes, scratch.place
    at_start, at_place = places.at_start, places.at_place
    end_start, end_node, end_cost = places.end_start, places.end_node, places.end_cost
    one_limit = min(limit, plain[0]) if len(plain) == 1 and plain[0] >= 0 else -1
    for i in range(count):
        v = nodes[i]
        for j in range(at_start[v], at_start[v + 1]):
            p = at_place[j]
            if j > at_start[v] and at_place[j - 1] == p:
                continue  # two of its ways begin at this corner
            first, last = end_start[p], end_start[p + 1]
            known = 0
            one, two = -1, -1
            for e in range(first, last):
                if place[end_node[e]] >= 0:
                    if known == 0:
                        one = e
                    elif known == 1:
                        two = e
                    known += 1
            if end_node[one] != v:
                continue  # counted where its first known end stands
            if known == 1 and one_limit >= 0:
                within = one_limit - end_cost[one]
                for c in range(columns):
                    add_within(rows, i, within, value[p, c], sums, c)
                continue
            if known == 1:
                two = one
            other = place[end_node[two]]
            meet_rows(rows, i, end_cost[one], other, end_cost[two], costs)
            if known > 2:
                for e in range(two + 1, last):
                    more = place[end_node[e]]
                    if more >= 0:
                        for lane in range(LANES):
                            reached = rows[more, lane] + end_cost[e]
                            costs[0, lane] = min(costs[0, lane], reached)
            if one_limit >= 0:
                for c in range(columns):
                    add_within(costs, 0, one_limit, value[p, c], sums, c)
                continue
            _add_place(costs, p, weights, limit, sums)


@jit
def _add_place(costs: Array, p: Whole, weights: Weights, limit: Whole, sums: Array) -> None:
    """Add one place to all decays and columns."""
    value, rounder, plain = weights.value, weights.rounder, weights.plain
    columns = value.shape[1]
    share = np.empty(LANES)
    for k in range(len(plain)):
        if plain[k] >= 0:
            within = min(limit, plain[k])
            for c in range(columns):
                add_within(costs, 0, within, value[p, c], sums, k * columns + c)
            continue
        fill_shares(weights.decays, k, costs, limit, share)
        for c in range(columns):
            w, r, row = value[p, c], rounder[c], k * columns + c
            for lane in range(LANES):
                sums[row, lane] += (w * share[lane] + r) - r


@jit
def fill_shares(table: DecayTable, k: Whole, costs: Array, limit: Whole, share: Array) -> None:
    """Weights of a row of costs by one decay; 0 beyond the limit."""
    form, scale, exponent = table.form[k], table.scale[k], table.exponent[k]
    low, high = table.step_start[k], table.step_start[k + 1]
    zone_limit, zone_share = table.step_limit, table.step_weight
    for lane in range(len(share)):
        cost = costs[0, lane]
        if cost > limit:
            share[lane] = 0.0
        elif form == STEPS:
            share[lane] = zone_weight(zone_limit, zone_share, low, high, cost)
        else:
            share[lane] = smooth_weight(form, scale, exponent, cost)


@jit
def add_same_chain(  # noqa: C901, PLR0912, PLR0913, PLR0915, PLR0917
    rows: Array, scratch: Local, chains: Chains, arcs: Arcs, sources: Sources, low: Whole,
    high: Whole, places: Places, weights: Weights, limit: Whole, least: Whole, direct: Array,
    found: Array, sums: Array,
) -> None:  # fmt: skip
    """Correct the sums of a cluster for places on a source's own chains, reached inside them.

    `direct` is (t,) int64 = FAR, `found` (t,) int32; sums are exact, so what was counted by
    the way round can be taken off again. With a way round of at most `least` nothing changes.
    """
    s_left, s_right = sources.spots.left, sources.spots.right
    s_left_cost, s_right_cost = sources.spots.left_cost, sources.spots.right_cost
    s_edge, s_offset, s_entry = sources.spots.edge, sources.spots.offset_mm, sources.spots.entry
    t_left_cost, t_right_cost = places.spots.left_cost, places.spots.right_cost
    t_edge, t_offset, t_entry = places.spots.edge, places.spots.offset_mm, places.spots.entry
    stop_start, row_place = places.stop_start, places.row_place
    ahead, behind, chain_start = chains.ahead, chains.behind, chains.start
    way_start, way, through = sources.way_start, sources.way, sources.through
    s_chain = sources.spots.chain
    value, rounder, plain = weights.value, weights.rounder, weights.plain
    end_start, end_node, end_cost = places.end_start, places.end_node, places.end_cost
    place, columns = scratch.place, value.shape[1]
    pair, share = np.empty((1, 2), dtype=np.int32), np.empty(2)
    for source in range(low, high):
        lane = source - low
        hits = 0
        for k in range(way_start[source], way_start[source + 1]):
            if through[k] <= least - places.farthest_entry:
                continue
            w = way[k]
            c = s_chain[w]
            left, right, edge = s_left[w], s_right[w], s_edge[w]
            for turn in range(2):  # along the chain to both sides, as far as the limit goes
                stop = left if turn == 0 else left - 1
                while chain_start[c] <= stop < chain_start[c + 1] - 1:
                    away = np.int64(0)
                    if turn == 1:
                        away = s_left_cost[w] + behind[stop + 1] - behind[left]
                    elif stop >= right:
                        away = s_right_cost[w] + ahead[stop] - ahead[right]
                    if away > limit:
                        break
                    for r in range(stop_start[stop], stop_start[stop + 1]):
                        cost = np.int64(BARRED)
                        if edge >= 0 and edge == t_edge[r]:
                            key = same_edge_key(arcs, edge, s_offset[w], t_offset[r])
                            if key < FAR:
                                cost = (key >> KEY_SHIFT) + s_entry[w] + t_entry[r]
                        elif turn == 0:
                            cost = away + t_left_cost[r]
                        else:
                            cost = away + t_right_cost[r]
                        if cost > limit:
                            continue
                        p = row_place[r]
                        if direct[p] >= FAR:
                            found[hits] = p
                            hits += 1
                        direct[p] = min(direct[p], cost)
                    stop += 1 if turn == 0 else -1
        for h in range(hits):
            p = found[h]
            pair[0, 0] = direct[p]
            direct[p] = FAR
            old: Whole = np.int64(UNREACHED)
            for e in range(end_start[p], end_start[p + 1]):
                at = place[end_node[e]]
                if at >= 0:
                    old = min(old, np.int64(rows[at, lane]) + end_cost[e])
            pair[0, 1] = min(old, UNREACHED)
            if pair[0, 0] >= old or old <= least:
                continue
            for k in range(len(plain)):
                fill_shares(weights.decays, k, pair, limit, share)
                for c in range(columns):
                    w, r, row = value[p, c], rounder[c], k * columns + c
                    sums[row, lane] += (w * share[0] + r) - r
                    sums[row, lane] -= (w * share[1] + r) - r


@jit
def sum_clusters(  # noqa: PLR0913, PLR0917
    forward: Links, backward: Links, chains: Chains, arcs: Arcs, sources: Sources,
    cluster: Array, places: Places, weights: Weights, limit: Whole, out: Array,
) -> None:  # fmt: skip
    """Fill the sums of every source, shape (g, decays × columns), one cluster after the other."""
    scratch = local_room(len(forward.start) - 1, limit)
    small = small_room(limit)
    width = out.shape[1]
    sums = np.zeros((width, LANES))
    costs = np.empty((1, LANES), dtype=np.int32)
    direct = np.full(len(places.end_start) - 1, FAR, dtype=np.int64)
    found = np.empty(len(places.end_start) - 1, dtype=np.int32)
    # With decays of all or nothing a nearer way changes nothing where the way round is within the
    # limit; so it is for whole chains that are short enough to be walked through from one end.
    least = np.int64(limit)
    for k in range(len(weights.plain)):
        least = min(least, weights.plain[k])
    way_start, through = sources.way_start, sources.through
    for k in range(len(cluster) - 1):
        low, high = cluster[k], cluster[k + 1]
        count, small = solve_cluster(forward, backward, sources, low, high, limit, scratch, small)
        sums[:] = 0.0
        add_cluster(small.rows, scratch, count, places, weights, limit, costs, sums)
        longest = np.int64(-1)
        for j in range(way_start[low], way_start[high]):
            longest = max(longest, through[j])
        if longest + places.farthest_entry > least:
            add_same_chain(
                small.rows, scratch, chains, arcs, sources, low, high, places, weights, limit,
                least, direct, found, sums,
            )  # fmt: skip
        for source in range(low, high):
            for c in range(width):
                out[source, c] = sums[c, source - low]
        clean(scratch, count, limit)
