"""Compiled layers of a field: which grid points each layer holds, with its holes filled."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from spatial.reach.kernels import Array, Whole
from spatial.reach.raster_field import NOTHING, OUTSIDE, Field
from spatial.reach.raster_stamp import OWNED

__all__ = ["Runs", "fill_land", "grown", "layer_of", "runs_of", "step_to", "top_of"]

_jit = numba.njit(cache=True, nogil=True)


class Runs(NamedTuple):
    """Runs of points inside each layer, row after row."""

    begin: Array  # (l, room) int64: first point
    end: Array  # (l, room) int64: point after the last
    row_start: Array  # (l, high + 1) int64: runs of a row


@_jit
def layer_of(field: Field, limits: Array) -> Array:
    """Smallest layer that holds each grid point; limits ascending."""
    layer = np.empty(len(field.cost), dtype=np.uint8)
    farthest = limits[len(limits) - 1]
    for i in range(len(field.cost)):
        cost = field.cost[i]
        if cost > farthest:
            layer[i] = OUTSIDE
            continue
        k = 0
        while cost > limits[k]:
            k += 1
        layer[i] = k
    return layer


@_jit
def step_to(wide: Whole, direction: Whole) -> Whole:
    """From a grid point to its neighbour in the east, north, west or south (0 … 3)."""
    if direction == 0:
        return 1
    if direction == 1:
        return wide
    return -1 if direction == 2 else -wide


@_jit
def grown(values: Array, room: Whole) -> Array:
    """Copy into an array with more room."""
    wide = np.empty(room, dtype=values.dtype)
    wide[: len(values)] = values
    return wide


@_jit
def runs_of(layer: Array, wide: Whole, high: Whole, layers: Whole) -> Runs:
    """Find the runs of points inside each layer; the first and last column are outside."""
    row_start = np.zeros((layers, high + 1), dtype=np.int64)
    room = 8 * high + 16
    begin = np.empty((layers, room), dtype=np.int64)
    end = np.empty((layers, room), dtype=np.int64)
    count = np.zeros(layers, dtype=np.int64)
    for r in range(high):
        before: Whole = OUTSIDE
        if count.max() + wide > room:
            begin, end, room = _wider(begin), _wider(end), 2 * room
        for i in range(r * wide, (r + 1) * wide):
            now = np.int64(layer[i])
            if now == before:
                continue
            for k in range(now, min(before, layers)):
                begin[k, count[k]] = i
            for k in range(before, min(now, layers)):
                end[k, count[k]] = i
                count[k] += 1
            before = now
        row_start[:, r + 1] = count
    return Runs(begin, end, row_start)


@_jit
def _wider(values: Array) -> Array:
    wide = np.empty((values.shape[0], 2 * values.shape[1]), dtype=values.dtype)
    wide[:, : values.shape[1]] = values
    return wide


@_jit
def top_of(root: Array, item: Whole) -> Whole:
    """Find what stands for all items that hang together with this one."""
    while root[item] != item:
        root[item] = root[root[item]]
        item = root[item]
    return item


@_jit
def _gaps(runs: Runs, level: Whole, wide: Whole) -> tuple[Array, Array, Array]:
    """Find runs of points outside, and which hang together (across corners, too); 0 is around."""
    begin, end, row_start = runs.begin[level], runs.end[level], runs.row_start[level]
    rows = len(row_start) - 1
    room = row_start[rows] + rows
    first = np.empty(room, dtype=np.int64)
    after = np.empty(room, dtype=np.int64)
    root = np.arange(room)
    count = last = 0
    for r in range(rows):
        before, last = last, count
        edge = r * wide
        for i in range(row_start[r], row_start[r + 1] + 1):
            first[count] = edge
            after[count] = (r + 1) * wide
            if i < row_start[r + 1]:
                after[count] = begin[i]
                edge = end[i]
            while before < last and after[before] + wide < first[count]:
                before += 1
            other = before
            while other < last and first[other] + wide <= after[count]:
                a, b = top_of(root, count), top_of(root, other)
                root[max(a, b)] = min(a, b)
                other += 1
            count += 1
    for i in range(count):
        root[i] = root[root[i]]
    return first, after, root


@_jit
def fill_land(  # noqa: C901
    field: Field,
    layer: Array,
    runs: Runs,
    reach: Array,
    level: Whole,
    specks: float,
    yards: float,
) -> None:
    """Fill holes of a layer: specks (in grid points), and larger ones that no street enters."""
    wide = field.wide
    first, after, root = _gaps(runs, level, wide)
    size = np.zeros(len(first), dtype=np.int64)
    for i in range(len(first)):
        size[root[i]] += after[i] - first[i]
    keep = size > max(specks, yards)
    keep[0] = True  # what lies around everything
    for i in range(len(first)):
        if keep[root[i]] or size[root[i]] <= specks:
            continue
        for here in range(first[i], after[i]):
            if field.stamp[here] != NOTHING:
                keep[root[i]] = True
            for d in range(4):
                other = here + step_to(wide, d)
                if (
                    layer[other] <= level
                    and field.stamp[other] >= 0
                    and reach[field.stamp[other], (d + 2) & 3] & OWNED
                ):
                    keep[root[i]] = True
    for i in range(len(first)):
        if not keep[root[i]]:
            for here in range(first[i], after[i]):
                layer[here] = min(np.int64(layer[here]), level)
