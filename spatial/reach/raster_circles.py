"""Compiled life circles of many groups: search once, paint, trace every layer."""

from __future__ import annotations

import numba
import numpy as np

from spatial.reach.contour import Drawing, Layers, trace_layer
from spatial.reach.fronts import Stamps
from spatial.reach.kernels import OUTWARD, Arcs, Array, Placed, seeds_at_nodes
from spatial.reach.raster_field import Grid, group_field, reached_edges, reached_mm
from spatial.reach.raster_fill import fill_land, layer_of, runs_of
from spatial.reach.spread import BUCKET_ROOM, room_of_buckets, spread_keys

__all__ = ["draw_groups"]

_jit = numba.njit(cache=True, nogil=True)


@_jit
def _room(values: Array, needed: int) -> Array:
    if needed <= len(values):
        return values
    wide = np.empty((max(2 * len(values), needed), values.shape[1]), dtype=values.dtype)
    wide[: len(values)] = values
    return wide


@_jit
def draw_groups(
    arcs: Arcs,
    stamps: Stamps,
    grid: Grid,
    drawing: Drawing,
    group_start: Array,
    seeds: Placed,
    seed_xy: Array,
    place_xy: Array,
    limits: Array,
) -> tuple[Array, Array, Array]:
    """Life circles of some groups, as rings.

    Parameters
    ----------
    arcs : Arcs
        Forward.
    stamps : Stamps
    grid : Grid
    drawing : Drawing
    group_start : array of int, shape (g + 1,)
        Seeds ``group_start[i]:group_start[i + 1]`` are one group.
    seeds : Placed
    seed_xy, place_xy : array of float, shape (s, 2)
        The gates, and their places on the streets.
    limits : array of int, shape (l,)
        Costs (mm or ms), ascending, inclusive.

    Returns
    -------
    xy : array of float, shape (v, 2)
        Points of all closed rings, in metres.
    rings : array of int, shape (r, 5)
        Group, layer, connected part, whether it is a hole, and the row in `xy` after it.
    reached : array of int, shape (g, l)
        Millimetres of street within each limit.
    """
    groups = len(group_start) - 1
    nodes = len(arcs.start) - 1
    farthest = (limits[-1] << 32) | ((1 << 32) - 1)
    label = np.full(nodes, farthest + 1, dtype=np.int64)
    touched = np.empty(nodes + 1, dtype=np.int32)
    bucket, fill = room_of_buckets(limits[-1], BUCKET_ROOM)
    seen = np.full(len(arcs.edge_from), -1, dtype=np.int32)
    edges = np.empty(len(arcs.edge_from), dtype=np.int32)
    costs = limits.astype(np.float64)
    jump = 1.5 * grid.cell_m * grid.cost_per_m
    specks = drawing.speck_m2 / grid.cell_m**2
    yards = drawing.yard_m2 / grid.cell_m**2
    reached = np.zeros((groups, len(limits)), dtype=np.int64)
    xy = np.empty((1024 * groups, 2), dtype=np.float64)
    rings = np.empty((16 * groups + 16, 5), dtype=np.int64)
    oneway = np.flatnonzero((arcs.edge_time_ms[:, 0] < 0) | (arcs.edge_time_ms[:, 1] < 0))
    points = found = 0
    scratch = (np.empty(1024, dtype=np.float32), np.empty(1024, dtype=np.int32))
    ring_at = np.empty((1024, 2), dtype=np.int32)
    for g in range(groups):
        low, high = group_start[g], group_start[g + 1]
        some = Placed(seeds.edge[low:high], seeds.offset_mm[low:high], seeds.entry_key[low:high])
        seed_node, seed_key, _ = seeds_at_nodes(arcs, some, OUTWARD, farthest)
        count = -1
        while count < 0:
            count = spread_keys(
                arcs.start, arcs.head, arcs.key, seed_node, seed_key, farthest, label, touched,
                bucket, fill,
            )  # fmt: skip
            if count < 0:
                bucket, fill = room_of_buckets(limits[-1], 2 * bucket.shape[1])
        held = edges[
            : reached_edges(arcs, some, label, farthest, touched[:count], oneway, seen, g, edges)
        ]
        reached[g] = reached_mm(arcs, some, held, label, limits)
        field, scratch = group_field(
            arcs, some, seed_xy[low:high], place_xy[low:high], (label, farthest), held, stamps,
            grid, scratch,
        )  # fmt: skip
        for v in touched[:count]:
            label[v] = farthest + 1
        layer = layer_of(field, costs)
        runs = runs_of(layer, field.wide, field.high, len(limits))
        for k in range(len(limits)):
            fill_land(field, layer, runs, stamps.reach, k, specks, yards)
        runs = runs_of(layer, field.wide, field.high, len(limits))
        if len(layer) > len(ring_at):
            ring_at = np.empty((2 * len(layer), 2), dtype=np.int32)
        layers = Layers(field, layer, runs, ring_at, costs, stamps.reach, jump)
        for k in range(len(limits)):
            lines, end, part, is_hole = trace_layer(layers, k, drawing, grid.cell_m)
            xy = _room(xy, points + len(lines))
            rings = _room(rings, found + len(end))
            for i in range(len(lines)):
                xy[points + i, 0] = grid.x_m + lines[i, 0] * grid.cell_m
                xy[points + i, 1] = grid.y_m + lines[i, 1] * grid.cell_m
            for i in range(len(end)):
                rings[found + i, 0], rings[found + i, 1] = g, k
                rings[found + i, 2], rings[found + i, 3] = part[i], is_hole[i]
                rings[found + i, 4] = points + end[i]
            points += len(lines)
            found += len(end)
    return xy[:points].copy(), rings[:found].copy(), reached
