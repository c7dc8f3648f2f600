"""Compiled contours of nested layers on a grid: traced, and simplified without crossing.

A contour crosses a grid step from a point inside to a point outside. A simplified contour crosses
the same steps in the same order, each within its own gap between the other layers' crossings: so
rings stay simple, holes stay inside, and the layers stay nested, by construction. Stretches that
two layers share stay shared, vertex by vertex.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from spatial.reach.kernels import Array, Whole
from spatial.reach.raster_field import NOTHING, Field
from spatial.reach.raster_fill import Runs, grown, step_to, top_of
from spatial.reach.raster_stamp import FULL, SHARED_EDGE, TO_SHARE, WALLED

__all__ = ["Drawing", "Layers", "trace_layer"]

_jit = numba.njit(cache=True, nogil=True)

EDGE = FULL // 1000
"""No contour comes nearer to a grid point than this."""


class Drawing(NamedTuple):
    """How contours are drawn."""

    speck_m2: float  # land not reached, smaller than this, is filled
    yard_m2: float  # the same, of land that no street enters
    smooth_m: float  # how far a simplified contour may stray
    smooth_wall_m: float  # the same, along an obstacle


class Layers(NamedTuple):
    """Nested layers of a field."""

    field: Field
    layer: Array  # (wide * high,) uint8: the smallest layer that holds a point, filled
    runs: Runs  # of the filled layers
    ring_at: Array  # (wide * high, 2) int32, scratch
    limits: Array  # (l,) float64, ascending, as the costs of the field
    reach: Array  # (k, 4) uint16 of the stamps
    jump: float  # costs of neighbours on different streets that differ by more do not meet


class _Ring(NamedTuple):
    """Crossings of one ring, in order: with the inside on the left."""

    x: Array  # (n,) float64, in grid steps
    y: Array
    inner: Array  # (n, 2) float64: the end of the gap inside, and outside
    outer: Array
    fixed: Array  # (n,) bool: where two layers part or meet


@_jit
def _reach(layers: Layers, point: Whole, direction: Whole) -> Whole:
    """Share and flags of the land of a point in a direction."""
    stamp = layers.field.stamp[point]
    if stamp >= 0:
        return np.int64(layers.reach[stamp, direction])
    if stamp == NOTHING:
        return np.int64(TO_SHARE)
    return np.int64(layers.field.strip[-2 - stamp])


@_jit
def _met(near: float, far: float, code: Whole, limit: float, jump: float) -> Whole:
    """Where the contour crosses a step between two costs, in parts of the step (see FULL)."""
    share = code & TO_SHARE
    if near < far < np.inf and (far - near <= jump or not code & SHARED_EDGE):
        met = int((limit - near) / (far - near) * FULL)
        share = met if code & SHARED_EDGE else min(met, share)
    return min(max(share, EDGE), FULL - EDGE)


@_jit
def _next(layer: Array, wide: Whole, level: Whole, here: Whole, d: Whole) -> tuple[Whole, Whole]:
    """Step after a crossing, with the inside on the left."""
    left = (d + 1) & 3
    beside = here + step_to(wide, left)
    if layer[beside] > level:
        return here, left
    ahead = beside + step_to(wide, d)
    if layer[ahead] > level:
        return beside, d
    return ahead, (d + 3) & 3


@_jit
def _ring_of(  # noqa: C901
    layers: Layers, level: Whole, point: Array, side: Array, drawing: Array
) -> _Ring:
    """Place the crossings of a ring, and find the gap of each between the other layers'."""
    layer, wide, limits = layers.layer, layers.field.wide, layers.limits
    count, n = len(limits), len(point)
    x = np.empty(n, dtype=np.float64)
    y = np.empty(n, dtype=np.float64)
    inner = np.empty((n, 2), dtype=np.float64)
    outer = np.empty((n, 2), dtype=np.float64)
    shared = np.empty(n, dtype=np.int64)
    onward = np.empty(n, dtype=np.int64)
    for i in range(n):
        here, d = point[i], side[i]
        other = here + step_to(wide, d)
        code = _reach(layers, here, d)
        cost, beyond = layers.field.cost[here], layers.field.cost[other]
        mine = _met(cost, beyond, code, limits[level], layers.jump)
        bend = drawing[1] if code & WALLED else drawing[0]
        near, far = max(mine - bend, 1.0), min(mine + bend, FULL - 1.0)
        mask = 1 << level
        for k in range(np.int64(layer[here]), np.int64(min(layer[other], count))):
            if k == level:
                continue
            at = _met(cost, beyond, code, limits[k], layers.jump)
            if at == mine:
                mask |= 1 << k
            elif at < mine:
                near = max(near, mine - 0.48 * (mine - at))
            else:
                far = min(far, mine + 0.48 * (at - mine))
        dx = 1.0 if d == 0 else -1.0 if d == 2 else 0.0
        dy = 1.0 if d == 1 else -1.0 if d == 3 else 0.0
        row = here // wide
        down, left = float(layers.field.row + row), float(layers.field.column + here - row * wide)
        x[i], y[i] = left + dx * mine / FULL, down + dy * mine / FULL
        inner[i, 0], inner[i, 1] = left + dx * near / FULL, down + dy * near / FULL
        outer[i, 0], outer[i, 1] = left + dx * far / FULL, down + dy * far / FULL
        shared[i] = mask
        onward[i] = mask
        if mask != 1 << level:
            after = i + 1 if i + 1 < n else 0
            for k in range(count):
                if k != level and mask & (1 << k):
                    next_here, next_d = _next(layer, wide, k, here, d)
                    if next_here != point[after] or next_d != side[after]:
                        onward[i] &= ~(1 << k)
    fixed = np.zeros(n, dtype=np.bool_)
    for i in range(n):  # a stretch is shared only if its far end is, too
        onward[i] &= shared[i + 1 if i + 1 < n else 0]
    for i in range(n):
        fixed[i] = onward[i] != onward[i - 1] or onward[i] != shared[i]
    return _Ring(x, y, inner, outer, fixed)


@_jit
def _area(x: Array, y: Array) -> float:
    """Twice the area of a ring; below 0 if it runs clockwise."""
    area = 0.0
    for i in range(len(x)):
        area += (x[i - 1] - x[0]) * (y[i] - y[0]) - (x[i] - x[0]) * (y[i - 1] - y[0])
    return area


@_jit
def trace_layer(  # noqa: C901, PLR0912
    layers: Layers, level: Whole, drawing: Drawing, cell_m: float
) -> tuple[Array, Array, Array, Array]:
    """Trace the rings of a layer.

    Parameters
    ----------
    layers : Layers
    level : int
        Layer to draw.
    drawing : Drawing
    cell_m : float

    Returns
    -------
    xy : array, shape (v, 2)
        In grid steps from column 0 and row 0; rings closed; outer ones run counter-clockwise.
    end : array, shape (r,)
        Row in `xy` after each ring.
    part : array, shape (r,)
        Which connected part of the layer a ring bounds.
    is_hole : array of bool, shape (r,)
    """
    layer, wide = layers.layer, layers.field.wide
    count = layers.runs.row_start[level, -1]
    begin, after = layers.runs.begin[level, :count], layers.runs.end[level, :count]
    ring_at = layers.ring_at  # ring of the steps to the west and east, where runs begin and end
    for run in range(count):
        ring_at[begin[run], 0] = -1
    room = 4096
    point = np.empty(room, dtype=np.int64)
    side = np.empty(room, dtype=np.int64)
    out = np.empty((1024, 2), dtype=np.float64)
    used = 0
    end = np.empty(64, dtype=np.int64)
    is_hole = np.empty(64, dtype=np.bool_)
    rings = 0
    bends = np.array([drawing.smooth_m, drawing.smooth_wall_m]) / cell_m * FULL
    for run in range(len(begin)):  # every ring crosses a step to the west
        if ring_at[begin[run], 0] >= 0:
            continue
        n = lowest = 0
        here, d = begin[run], np.int64(2)
        while n == 0 or here != begin[run] or d != 2:
            if n == room:
                point, side, room = grown(point, 2 * room), grown(side, 2 * room), 2 * room
            if not d & 1:
                ring_at[here, 0 if d == 2 else 1] = rings
            point[n], side[n] = here, d
            if 4 * here + d < 4 * point[lowest] + side[lowest]:
                lowest = n
            n += 1
            here, d = _next(layer, wide, level, here, d)
        ring = _ring_of(layers, level, point[:n], side[:n], bends)
        first = 0
        while first < n and not ring.fixed[first]:
            first += 1
        if first == n:
            first = lowest
            ring.fixed[first] = True
        if used + n + 1 > len(out):
            more = np.empty((2 * (used + n + 1), 2), dtype=np.float64)
            more[:used] = out[:used]
            out = more
        used = _simplified(ring, first, out, used)
        if rings == len(end):
            end, is_hole = grown(end, 2 * rings), grown(is_hole, 2 * rings)
        end[rings], is_hole[rings] = used, _area(ring.x, ring.y) < 0
        rings += 1
    part = np.arange(rings)
    for run in range(len(begin)):  # both ends of a run of points bound the same part
        a = top_of(part, np.int64(ring_at[begin[run], 0]))
        b = top_of(part, np.int64(ring_at[after[run] - 1, 1]))
        part[max(a, b)] = min(a, b)
    for i in range(rings):
        part[i] = part[part[i]]
    return out[:used], end[:rings], part, is_hole[:rings]


@_jit
def _simplified(  # noqa: C901
    ring: _Ring, first: Whole, out: Array, used: Whole
) -> Whole:
    """Fewest points, greedily, of a ring that passes every gap; fixed ones are kept.

    Reumann and Witkam's sleeve (1974) with a gap of its own for each crossing, kept as a cone of
    directions (Imai and Iri 1988). Returns the new count of `out`.
    """
    x, y = ring.x, ring.y
    n = len(x)
    anchor = 0
    out[used, 0], out[used, 1] = x[first], y[first]
    used += 1
    while anchor < n:
        a = first + anchor - (n if first + anchor >= n else 0)
        ax, ay = x[a], y[a]
        b = a + 1 if a + 1 < n else 0
        fx, fy = x[b] - ax, y[b] - ay
        last = anchor + 1
        lx = ly = rx = ry = 0.0
        j = anchor + 1
        while True:
            i = first + j - (n if first + j >= n else 0)
            px, py = x[i] - ax, y[i] - ay
            if j > anchor + 1:
                if px * fx + py * fy <= 0:
                    break
                if rx * py - ry * px >= 0 and px * ly - py * lx >= 0:
                    last = j
            if j == n or ring.fixed[i]:
                break
            qx, qy = ring.inner[i, 0] - ax, ring.inner[i, 1] - ay
            sx, sy = ring.outer[i, 0] - ax, ring.outer[i, 1] - ay
            if qx * fx + qy * fy <= 0 or sx * fx + sy * fy <= 0:
                break
            if j == anchor + 1:
                lx, ly, rx, ry = qx, qy, sx, sy
            else:
                if qx * ly - qy * lx > 0:
                    lx, ly = qx, qy
                if rx * sy - ry * sx > 0:
                    rx, ry = sx, sy
            if rx * ly - ry * lx <= 0:
                break
            j += 1
        anchor = last
        i = first + anchor - (n if first + anchor >= n else 0)
        out[used, 0], out[used, 1] = x[i], y[i]
        used += 1
    return used
