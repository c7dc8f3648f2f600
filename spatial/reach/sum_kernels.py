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

from spatial.reach.decays import DecayTable, decay_weight
from spatial.reach.kernels import FAR, Arcs, Array, OnEdges, Placed, Whole, same_edge_key
from spatial.reach.kernels import _jit as jit
from spatial.reach.streets import KEY_SHIFT, CostArcs
from spatial.reach.vectors import LANES, UNREACHED, add_within, meet_rows, pull_row

__all__ = ["Local", "Places", "Sources", "Weights", "add_cluster", "local_room", "solve_cluster"]

BUCKET_BITS = 14
"""Costs that share a bucket of the queue differ by less than 2**14, that is 16 m or 16 s."""


class Sources(NamedTuple):
    """Sources in the order of their clusters; seeds are places where a source enters the streets.

    `ways` are the attachments of a source (several gates, say), for targets on the same edge.
    """

    start: Array  # (g + 1,) int64
    node: Array  # (seeds,) int32
    cost: Array  # (seeds,) int32
    way_start: Array  # (g + 1,) int64
    ways: Placed


class Places(NamedTuple):
    """Targets with all the ends by which they are entered, and the targets of each node."""

    end_start: Array  # (t + 1,) int64
    end_node: Array  # (ends,) int32
    end_cost: Array  # (ends,) int32
    at_start: Array  # (n + 1,) int64
    at_place: Array  # (ends,) int32
    on_edges: OnEdges  # rows of `rows` by edge
    rows: Placed
    row_place: Array  # (rows,) int32


class Weights(NamedTuple):
    """What is summed: columns of weights, and one decay after the other."""

    value: Array  # (t, c) float64, on the grid of its column
    rounder: Array  # (c,) float64: adding and taking it off rounds a product to the grid
    decays: DecayTable
    plain: Array  # (d,) int64: limit of a decay that is all or nothing, else -1


class Local(NamedTuple):
    """Scratch of one search: arrays over all nodes, kept clean between clusters."""

    near: Array  # (n,) int32 = UNREACHED
    scanned: Array  # (n,) int32 = -1
    place: Array  # (n,) int32 = -1: row of a node in the cluster
    nodes: Array  # (n,) int32
    bucket: Array  # (b,) int32 = -1


@jit
def local_room(nodes: Whole, limit: Whole) -> Local:
    """Make the scratch for a network and a limit."""
    return Local(
        np.full(nodes, UNREACHED, dtype=np.int32),
        np.full(nodes, -1, dtype=np.int32),
        np.full(nodes, -1, dtype=np.int32),
        np.empty(nodes, dtype=np.int32),
        np.full((limit >> BUCKET_BITS) + 2, -1, dtype=np.int32),
    )


@jit
def discover(  # noqa: C901
    arcs: CostArcs, seed_node: Array, seed_cost: Array, limit: Whole, scratch: Local,
    pool: Array, link: Array,
) -> tuple[Whole, Array, Array]:  # fmt: skip
    """Find the nodes within the limit of any seed, roughly nearest first, and their costs.

    Fills ``scratch.near`` (exact) and ``scratch.nodes``; the caller cleans up. A queue of
    buckets: within one bucket a node may be looked at again, so the costs are exact.
    """
    near, scanned, nodes, bucket = scratch.near, scratch.scanned, scratch.nodes, scratch.bucket
    used = 0
    count = 0
    for s in range(len(seed_node)):
        v, d = seed_node[s], seed_cost[s]
        if d <= limit and d < near[v]:
            near[v] = d
            if used == len(pool):
                pool, link = _grown(pool, 2 * used), _grown(link, 2 * used)
            pool[used] = v
            link[used] = bucket[d >> BUCKET_BITS]
            bucket[d >> BUCKET_BITS] = used
            used += 1
    for b in range(len(bucket)):
        while bucket[b] >= 0:
            v = pool[bucket[b]]
            bucket[b] = link[bucket[b]]
            d = near[v]
            if scanned[v] == d:
                continue
            if scanned[v] < 0:
                nodes[count] = v
                count += 1
            scanned[v] = d
            for a in range(arcs.start[v], arcs.start[v + 1]):
                x = arcs.head[a]
                e = d + arcs.cost[a]
                if e <= limit and e < near[x]:
                    near[x] = e
                    if used == len(pool):
                        pool, link = _grown(pool, 2 * used), _grown(link, 2 * used)
                    pool[used] = x
                    link[used] = bucket[e >> BUCKET_BITS]
                    bucket[e >> BUCKET_BITS] = used
                    used += 1
    return count, pool, link


@jit
def clean(scratch: Local, count: Whole) -> None:
    """Make the scratch ready for the next search."""
    for i in range(count):
        v = scratch.nodes[i]
        scratch.near[v] = UNREACHED
        scratch.scanned[v] = -1
        scratch.place[v] = -1


@jit
def _grown(values: Array, room: Whole) -> Array:
    wide = np.empty(room, dtype=values.dtype)
    wide[: len(values)] = values
    return wide


@jit
def _local_arcs(
    arcs: CostArcs, scratch: Local, count: Whole, start: Array, tail: Array, cost: Array
) -> tuple[Array, Array, Array]:
    """Take the arcs between the nodes of the cluster, by row."""
    if len(start) < count + 1:
        start = np.empty(2 * count + 1, dtype=np.int64)
    at = 0
    for i in range(count):
        v = scratch.nodes[i]
        start[i] = at
        low, high = arcs.start[v], arcs.start[v + 1]
        if at + high - low > len(tail):
            room = 2 * len(tail) + high - low
            tail, cost = _grown(tail, room), _grown(cost, room)
        for a in range(low, high):
            x = scratch.place[arcs.head[a]]
            if x >= 0:
                tail[at] = x
                cost[at] = arcs.cost[a]
                at += 1
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
    pool: Array
    link: Array


@jit
def small_room() -> Small:
    """Room for a first cluster; :func:`solve_cluster` hands back more where it needs more."""
    room = 1024
    return Small(
        np.empty((room, LANES), dtype=np.int32),
        np.empty(room, dtype=np.uint8),
        np.empty(room + 1, dtype=np.int64),
        np.empty(4 * room, dtype=np.int32),
        np.empty(4 * room, dtype=np.int32),
        np.empty(room + 1, dtype=np.int64),
        np.empty(4 * room, dtype=np.int32),
        np.empty(4 * room, dtype=np.int32),
        np.empty(4 * room, dtype=np.int32),
        np.empty(4 * room, dtype=np.int32),
    )


@jit
def solve_cluster(
    forward: CostArcs, backward: CostArcs, sources: Sources, low: Whole, high: Whole,
    limit: Whole, scratch: Local, small: Small,
) -> tuple[Whole, Small]:  # fmt: skip
    """Costs from sources ``low:high`` (at most 32) to every node that any of them reaches.

    Row ``i`` of ``small.rows`` belongs to node ``scratch.nodes[i]``; costs beyond the limit are
    upper bounds only. Returns how many rows there are.
    """
    first, last = sources.start[low], sources.start[high]
    count, pool, link = discover(
        forward, sources.node[first:last], sources.cost[first:last], limit, scratch,
        small.pool, small.link,
    )  # fmt: skip
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
        rows, dirty, in_start, in_tail, in_cost, out_start, out_head, out_cost, pool, link
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
    again, outward = True, True
    while again:
        again = False
        for k in range(count):
            i = k if outward else count - 1 - k
            if small.dirty[i] == 0:
                continue
            small.dirty[i] = 0
            low, high = small.in_start[i], small.in_start[i + 1]
            if pull_row(small.rows, i, small.in_tail, small.in_cost, low, high):
                again = True
                for a in range(small.out_start[i], small.out_start[i + 1]):
                    small.dirty[small.out_head[a]] = 1
        outward = not outward


@jit
def add_cluster(  # noqa: C901, PLR0912
    rows: Array, scratch: Local, count: Whole, places: Places, weights: Weights, limit: Whole,
    costs: Array, sums: Array,
) -> None:  # fmt: skip
    """Add up the weights of all places that the rows of a cluster reach, for each lane.

    `costs` is room for one row, shape (1, 32); `sums` has shape (decays × columns, 32).
    """
    columns = weights.value.shape[1]
    for i in range(count):
        v = scratch.nodes[i]
        for j in range(places.at_start[v], places.at_start[v + 1]):
            p = places.at_place[j]
            first, last = places.end_start[p], places.end_start[p + 1]
            known = 0
            one, two = -1, -1
            for e in range(first, last):
                if scratch.place[places.end_node[e]] >= 0:
                    if known == 0:
                        one = e
                    elif known == 1:
                        two = e
                    known += 1
            if places.end_node[one] != v:
                continue  # counted where its first known end stands
            if known == 1 and len(weights.plain) == 1 and weights.plain[0] >= 0:
                within = min(limit, weights.plain[0]) - places.end_cost[one]
                for c in range(columns):
                    add_within(rows, i, within, weights.value[p, c], sums, c)
                continue
            if known == 1:
                two = one
            other = scratch.place[places.end_node[two]]
            meet_rows(rows, i, places.end_cost[one], other, places.end_cost[two], costs)
            if known > 2:
                for e in range(two + 1, last):
                    more = scratch.place[places.end_node[e]]
                    if more >= 0:
                        for lane in range(LANES):
                            reached = rows[more, lane] + places.end_cost[e]
                            costs[0, lane] = min(costs[0, lane], reached)
            _add_place(costs, p, weights, limit, sums)


@jit
def _add_place(costs: Array, p: Whole, weights: Weights, limit: Whole, sums: Array) -> None:
    """Add one place to all decays and columns."""
    columns = weights.value.shape[1]
    table = weights.decays
    for k in range(len(weights.plain)):
        if weights.plain[k] >= 0:
            within = min(limit, weights.plain[k])
            for c in range(columns):
                add_within(costs, 0, within, weights.value[p, c], sums, k * columns + c)
            continue
        for lane in range(LANES):
            cost = costs[0, lane]
            if cost <= limit:
                share = decay_weight(table, k, cost)
                for c in range(columns):
                    sums[k * columns + c, lane] += on_grid(weights, p, c, share)


@jit
def on_grid(weights: Weights, p: Whole, c: Whole, share: float) -> float:
    """Product of a weight and a share, rounded to the grid of its column."""
    part = weights.value[p, c] * share
    return float((part + weights.rounder[c]) - weights.rounder[c])


@jit
def add_same_edge(  # noqa: C901, PLR0913, PLR0917
    rows: Array, lane: Whole, scratch: Local, arcs: Arcs, sources: Sources, source: Whole,
    places: Places, weights: Weights, limit: Whole, direct: Array, found: Array, sums: Array,
) -> None:  # fmt: skip
    """Correct the sums of one lane for places on its own edges, reached without leaving them.

    `direct` is (t,) int64 = FAR, `found` (t,) int32; sums are exact, so what was counted by
    the way round can be taken off again.
    """
    hits = 0
    for w in range(sources.way_start[source], sources.way_start[source + 1]):
        e = sources.ways.edge[w]
        if e < 0:
            continue
        for j in range(places.on_edges.start[e], places.on_edges.start[e + 1]):
            r = places.on_edges.order[j]
            key = same_edge_key(arcs, e, sources.ways.offset_mm[w], places.rows.offset_mm[r])
            if key >= FAR:
                continue
            cost = (key + sources.ways.entry_key[w] + places.rows.entry_key[r]) >> KEY_SHIFT
            p = places.row_place[r]
            if direct[p] >= FAR:
                found[hits] = p
                hits += 1
            direct[p] = min(direct[p], cost)
    columns = weights.value.shape[1]
    for h in range(hits):
        p = found[h]
        new = direct[p]
        direct[p] = FAR
        old: Whole = np.int64(UNREACHED)
        for e in range(places.end_start[p], places.end_start[p + 1]):
            at = scratch.place[places.end_node[e]]
            if at >= 0:
                old = min(old, np.int64(rows[at, lane]) + places.end_cost[e])
        if new >= old or new > limit:
            continue
        for k in range(len(weights.plain)):
            gain = decay_weight(weights.decays, k, new)
            loss = decay_weight(weights.decays, k, old) if old <= limit else 0.0
            for c in range(columns):
                sums[k * columns + c, lane] += on_grid(weights, p, c, gain)
                sums[k * columns + c, lane] -= on_grid(weights, p, c, loss)


@jit
def sum_clusters(
    forward: CostArcs, backward: CostArcs, arcs: Arcs, sources: Sources, cluster: Array,
    places: Places, weights: Weights, limit: Whole, out: Array,
) -> None:  # fmt: skip
    """Fill the sums of every source, shape (g, decays × columns), one cluster after the other."""
    scratch = local_room(len(forward.start) - 1, limit)
    small = small_room()
    width = out.shape[1]
    sums = np.zeros((width, LANES))
    costs = np.empty((1, LANES), dtype=np.int32)
    direct = np.full(len(places.end_start) - 1, FAR, dtype=np.int64)
    found = np.empty(len(places.end_start) - 1, dtype=np.int32)
    for k in range(len(cluster) - 1):
        low, high = cluster[k], cluster[k + 1]
        count, small = solve_cluster(forward, backward, sources, low, high, limit, scratch, small)
        sums[:] = 0.0
        add_cluster(small.rows, scratch, count, places, weights, limit, costs, sums)
        for source in range(low, high):
            if sources.way_start[source + 1] > sources.way_start[source]:
                add_same_edge(
                    small.rows, source - low, scratch, arcs, sources, source, places, weights,
                    limit, direct, found, sums,
                )  # fmt: skip
            for c in range(width):
                out[source, c] = sums[c, source - low]
        clean(scratch, count)
