"""Compiled field of one group: the cost of reaching each grid point along the streets."""

from __future__ import annotations

from typing import Final, NamedTuple

import numba
import numpy as np

from spatial.reach.fronts import Stamps
from spatial.reach.kernels import Arcs, Array, Placed, Whole
from spatial.reach.raster_stamp import TO_SHARE

__all__ = ["NOTHING", "OUTSIDE", "Field", "Grid", "group_field", "reached_edges", "reached_mm"]

NOTHING: Final = -1
"""Stamp of a grid point that nothing reaches."""
OUTSIDE: Final = 255
"""Layer of a grid point that no layer holds."""

_jit = numba.njit(cache=True, nogil=True)


class Grid(NamedTuple):
    """The city's grid, in metres, and how a circle is painted on it."""

    x_m: float
    y_m: float
    cell_m: float
    kerb_m: float  # land this near to a street belongs to it and costs nothing
    strip_m: float  # half width of the straight way from a gate to its street
    cost_per_m: float  # of straight ways: mm, or ms at level speed


class Field(NamedTuple):
    """A window of the grid: row after row from the south, one empty point all round."""

    column: int
    row: int
    wide: int
    high: int
    cost: Array  # (wide * high,) float32, infinite where nothing is reached
    stamp: Array  # (wide * high,) int32: row of the stamps, or -2 - row of `strip`
    strip: Array  # (s,) uint16: how far the land of straight ways goes on, to all sides


@_jit
def _walked_mm(arcs: Arcs, edge: Whole, direction: Whole, left: Whole) -> Whole:
    """How far one gets along an edge with this much left (mm, or ms when searching by time)."""
    time_ms = np.int64(arcs.edge_time_ms[edge, direction])
    if time_ms < 0 or left < 0:
        return np.int64(0)
    length = np.int64(arcs.edge_length_mm[edge])
    if arcs.by_time:
        if left >= time_ms:
            return length
        return left * length // time_ms
    return min(length, left)


@_jit
def reached_edges(
    arcs: Arcs,
    seeds: Placed,
    label: Array,
    farthest: Whole,
    touched: Array,
    oneway: Array,
    seen: Array,
    mark: Whole,
    edges: Array,
) -> Whole:
    """Write the edges that meet touched nodes or hold a seed; return how many.

    `oneway` are edges that do not leave one of their nodes. `seen` holds for each edge the
    `mark` of the last group that wrote it.
    """
    count = 0
    for node in touched:
        for a in range(arcs.start[node], arcs.start[node + 1]):
            e = arcs.edge[a]
            if seen[e] != mark:
                seen[e] = mark
                edges[count] = e
                count += 1
    for e in oneway:
        if seen[e] != mark and min(label[arcs.edge_from[e]], label[arcs.edge_to[e]]) <= farthest:
            seen[e] = mark
            edges[count] = e
            count += 1
    for e in seeds.edge:
        if e >= 0 and seen[e] != mark:
            seen[e] = mark
            edges[count] = e
            count += 1
    return count


@_jit
def reached_mm(arcs: Arcs, seeds: Placed, edges: Array, label: Array, limits: Array) -> Array:
    """Length of all reached parts within each limit, whole and partial, without overlaps.

    Parameters
    ----------
    edges : array
        Of :func:`reached_edges`.
    label : array
        Keys of the nodes, searched at least to the last limit; larger ones are not reached.
    limits : array, shape (l,)
        Costs (mm or ms), inclusive.
    """
    total = np.zeros(len(limits), dtype=np.int64)
    for e in edges:
        tail, head = label[arcs.edge_from[e]] >> 32, label[arcs.edge_to[e]] >> 32
        for k in range(len(limits)):
            total[k] += _from_ends(arcs, e, tail, head, limits[k])
    for p in range(len(seeds.edge)):  # edges with a seed once more: what begins in their midst
        e = seeds.edge[p]
        known = e < 0
        for earlier in range(p):
            known = known or seeds.edge[earlier] == e
        if known:
            continue
        tail, head = label[arcs.edge_from[e]] >> 32, label[arcs.edge_to[e]] >> 32
        for k in range(len(limits)):
            total[k] -= _from_ends(arcs, e, tail, head, limits[k])
            total[k] += _with_seeds(arcs, seeds, e, tail, head, limits[k])
    return total


@_jit
def _from_ends(arcs: Arcs, edge: Whole, tail: Whole, head: Whole, limit: Whole) -> Whole:
    """Length of an edge that is reached from its ends, whose costs are given."""
    walked = _walked_mm(arcs, edge, 0, limit - tail) + _walked_mm(arcs, edge, 1, limit - head)
    return min(np.int64(arcs.edge_length_mm[edge]), walked)


@_jit
def _with_seeds(
    arcs: Arcs, seeds: Placed, edge: Whole, tail: Whole, head: Whole, limit: Whole
) -> Whole:
    """Length of an edge that is reached from its ends or from seeds that stand on it."""
    spans = len(seeds.edge) + 2
    begin = np.empty(spans, dtype=np.int64)
    end = np.empty(spans, dtype=np.int64)
    length = np.int64(arcs.edge_length_mm[edge])
    begin[0], end[0] = 0, _walked_mm(arcs, edge, 0, limit - tail)
    begin[1], end[1] = length - _walked_mm(arcs, edge, 1, limit - head), length
    n = 2
    for p in range(len(seeds.edge)):
        if seeds.edge[p] == edge:
            left = limit - (seeds.entry_key[p] >> 32)
            offset = np.int64(seeds.offset_mm[p])
            begin[n] = max(0, offset - _walked_mm(arcs, edge, 1, left))
            end[n] = min(length, offset + _walked_mm(arcs, edge, 0, left))
            n += 1
    total = known = np.int64(0)
    for j in np.argsort(begin[:n]):
        low = max(begin[j], known)
        if end[j] > low:
            total += end[j] - low
            known = end[j]
    return total


@_jit
def _part_cost(arcs: Arcs, edge: Whole, direction: Whole, part_mm: float) -> float:
    """Cost of walking part of an edge; infinite where that is barred."""
    if part_mm == 0:
        return 0.0
    time_ms = float(arcs.edge_time_ms[edge, direction])
    if time_ms < 0:
        return np.inf
    if arcs.by_time:
        return time_ms * part_mm / max(float(arcs.edge_length_mm[edge]), 1.0)
    return part_mm


@_jit
def _label_cost(labels: tuple[Array, Whole], node: Whole) -> float:
    key = labels[0][node]
    return np.inf if key > labels[1] else float(key >> 32)


@_jit
def _window(
    seeds: Placed, seed_xy: Array, place_xy: Array, edges: Array, stamps: Stamps, grid: Grid
) -> tuple[Whole, Whole, Whole, Whole]:
    """First column and row of the window round some edges and seeds, and its columns and rows."""
    c0: Whole = np.int64(2**60)
    r0: Whole = np.int64(2**60)
    c1: Whole = np.int64(-(2**60))
    r1: Whole = np.int64(-(2**60))
    for e in edges:
        if stamps.start[e + 1] > stamps.start[e]:
            c0 = min(c0, np.int64(stamps.bounds[e, 0]))
            r0 = min(r0, np.int64(stamps.bounds[e, 1]))
            c1 = max(c1, np.int64(stamps.bounds[e, 2]))
            r1 = max(r1, np.int64(stamps.bounds[e, 3]))
    for p in range(len(seeds.edge)):
        if seeds.edge[p] < 0:
            continue
        for xy in (seed_xy[p], place_xy[p]):
            c0 = min(c0, int(np.floor((xy[0] - grid.x_m - grid.strip_m) / grid.cell_m)))
            c1 = max(c1, int(np.ceil((xy[0] - grid.x_m + grid.strip_m) / grid.cell_m)))
            r0 = min(r0, int(np.floor((xy[1] - grid.y_m - grid.strip_m) / grid.cell_m)))
            r1 = max(r1, int(np.ceil((xy[1] - grid.y_m + grid.strip_m) / grid.cell_m)))
    if c1 < c0:
        c0 = r0 = c1 = r1 = np.int64(0)
    c0, r0, c1, r1 = c0 - 1, r0 - 1, c1 + 1, r1 + 1
    return c0, r0, c1 - c0 + 1, r1 - r0 + 1


@_jit
def group_field(
    arcs: Arcs,
    seeds: Placed,
    seed_xy: Array,
    place_xy: Array,
    labels: tuple[Array, Whole],
    edges: Array,
    stamps: Stamps,
    grid: Grid,
    scratch: tuple[Array, Array],
) -> tuple[Field, tuple[Array, Array]]:
    """Paint the cost of every grid point beside the reached edges.

    The cost is that of the walk to the point's own place on its street, plus the straight way
    from there. Parts of edges beyond the limit are painted, too, so that the contour between
    two points lies where the limit is met. Where two streets claim a point at the same cost, the
    stamp that stands first has it: the order of the search does not matter. The field lies in
    `scratch` (costs and stamps), which is handed back, larger where it had to be. `labels` are
    keys of the nodes, and the last one that counts as reached.
    """
    c0, r0, wide, high = _window(seeds, seed_xy, place_xy, edges, stamps, grid)
    if wide * high > len(scratch[0]):
        scratch = (
            np.empty(2 * wide * high, dtype=np.float32),
            np.empty(2 * wide * high, dtype=np.int32),
        )
    cost, stamp = scratch[0][: wide * high], scratch[1][: wide * high]
    cost[:] = np.inf
    stamp[:] = NOTHING
    kerb_mm = grid.kerb_m * 1000
    per_mm = grid.cost_per_m / 1000
    for e in edges:
        ends = (
            _label_cost(labels, arcs.edge_from[e]),
            _label_cost(labels, arcs.edge_to[e]),
        )
        some = (stamps.start[e], stamps.start[e + 1])
        if arcs.by_time or min(arcs.edge_time_ms[e, 0], arcs.edge_time_ms[e, 1]) < 0:
            _paint(
                arcs, e, ends, stamps.place, some, (kerb_mm, per_mm), (c0, r0, wide), cost, stamp
            )
            continue
        length = float(arcs.edge_length_mm[e])
        for i in range(some[0], some[1]):
            at = float(stamps.place[i, 2])
            reached = min(ends[0] + at, ends[1] + (length - at))
            reached += max(stamps.place[i, 3] - kerb_mm, 0.0) * per_mm
            here = (stamps.place[i, 1] - r0) * wide + stamps.place[i, 0] - c0
            if reached < cost[here] or (reached == cost[here] and i < stamp[here]):
                cost[here] = reached
                stamp[here] = i
    for p in range(len(seeds.edge)):
        e = seeds.edge[p]
        if e < 0:
            continue
        entry = float(seeds.entry_key[p] >> 32)
        for i in range(stamps.start[e], stamps.start[e + 1]):
            ahead = float(stamps.place[i, 2]) - float(seeds.offset_mm[p])
            reached = entry + _part_cost(arcs, e, 0 if ahead >= 0 else 1, abs(ahead))
            reached += max(stamps.place[i, 3] - kerb_mm, 0.0) * per_mm
            here = (stamps.place[i, 1] - r0) * wide + stamps.place[i, 0] - c0
            if reached < cost[here] or (reached == cost[here] and i < stamp[here]):
                cost[here] = reached
                stamp[here] = i
    strip = _strips(seeds, seed_xy, place_xy, grid, c0, r0, wide, cost, stamp)
    return Field(c0, r0, wide, high, cost, stamp, strip), scratch


@_jit
def _paint(
    arcs: Arcs,
    edge: Whole,
    ends: tuple[float, float],
    place: Array,
    some: tuple[int, int],
    straight: tuple[float, float],
    window: tuple[int, int, int],
    cost: Array,
    stamp: Array,
) -> None:
    """Paint beside an edge that is not walked alike from both ends, or by time."""
    length = float(arcs.edge_length_mm[edge])
    for i in range(some[0], some[1]):
        at = float(place[i, 2])
        reached = ends[0] + _part_cost(arcs, edge, 0, at)
        reached = min(reached, ends[1] + _part_cost(arcs, edge, 1, length - at))
        reached += max(place[i, 3] - straight[0], 0.0) * straight[1]
        here = (place[i, 1] - window[1]) * window[2] + place[i, 0] - window[0]
        if reached < cost[here] or (reached == cost[here] and i < stamp[here]):
            cost[here] = reached
            stamp[here] = i


@_jit
def _strips(
    seeds: Placed,
    seed_xy: Array,
    place_xy: Array,
    grid: Grid,
    c0: Whole,
    r0: Whole,
    wide: Whole,
    cost: Array,
    stamp: Array,
) -> Array:
    """Paint the straight ways from the gates to their streets, whole or not at all."""
    room = 64
    strip = np.empty(room, dtype=np.uint16)
    count = 0
    width = grid.strip_m
    for p in range(len(seeds.edge)):
        if seeds.edge[p] < 0:
            continue
        ax, ay = seed_xy[p, 0] - grid.x_m, seed_xy[p, 1] - grid.y_m
        bx, by = place_xy[p, 0] - grid.x_m, place_xy[p, 1] - grid.y_m
        length = np.hypot(bx - ax, by - ay)
        square = length * length
        entry = float(seeds.entry_key[p] >> 32)
        for r in range(
            int(np.ceil((min(ay, by) - width) / grid.cell_m)),
            int(np.floor((max(ay, by) + width) / grid.cell_m)) + 1,
        ):
            for c in range(
                int(np.ceil((min(ax, bx) - width) / grid.cell_m)),
                int(np.floor((max(ax, bx) + width) / grid.cell_m)) + 1,
            ):
                x, y = c * grid.cell_m, r * grid.cell_m
                share = (
                    ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / square if square > 0 else 0.0
                )
                share = min(max(share, 0.0), 1.0)
                away = np.hypot(ax + share * (bx - ax) - x, ay + share * (by - ay) - y)
                reached = entry + max(away - grid.kerb_m, 0.0) * grid.cost_per_m
                here = (r - r0) * wide + c - c0
                if away > width or reached >= cost[here]:
                    continue
                if count == room:
                    more = np.empty(2 * room, dtype=np.uint16)
                    more[:room] = strip
                    strip = more
                    room *= 2
                cost[here] = reached
                stamp[here] = -2 - count
                strip[count] = int(min((width - away) / grid.cell_m, 1.0) * TO_SHARE)
                count += 1
    return strip[:count]
