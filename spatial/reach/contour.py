"""Compiled contours of nested layers on a grid: filled, traced, and simplified without crossing.

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
from spatial.reach.raster_field import NOTHING, OUTSIDE, Field
from spatial.reach.raster_stamp import FULL, OWNED, SHARED_EDGE, TO_SHARE, WALLED

__all__ = ["Drawing", "fill_land", "layer_of", "trace_layer"]

_jit = numba.njit(cache=True, nogil=True)


class Drawing(NamedTuple):
    """How contours are drawn."""

    speck_m2: float  # land not reached, smaller than this, is filled
    yard_m2: float  # the same, of land that no street enters
    smooth_m: float  # how far a simplified contour may stray
    smooth_wall_m: float  # the same, along an obstacle


@_jit
def layer_of(field: Field, limits: Array) -> Array:
    """Smallest layer that holds each grid point; limits ascending."""
    layer = np.full(len(field.cost), OUTSIDE, dtype=np.uint8)
    for i in range(len(field.cost)):
        if field.cost[i] <= limits[-1]:
            k = 0
            while field.cost[i] > limits[k]:
                k += 1
            layer[i] = k
    return layer


@_jit
def _reach(field: Field, reach: Array, point: Whole, direction: Whole) -> Whole:
    """Share and flags of the land of a point in a direction."""
    stamp = field.stamp[point]
    if stamp >= 0:
        return np.int64(reach[stamp, direction])
    if stamp == NOTHING:
        return np.int64(TO_SHARE)
    return np.int64(field.strip[-2 - stamp])


@_jit
def _step(wide: Whole, direction: Whole) -> Whole:
    if direction == 0:
        return 1
    if direction == 1:
        return wide
    return -1 if direction == 2 else -wide


@_jit
def _runs(  # noqa: C901
    layer: Array, wide: Whole, high: Whole, level: Whole, inside: Whole
) -> tuple[Array, ...]:
    """Find runs of points inside (or outside), row by row, and which of them hang together.

    Points inside hang together along grid steps, points outside also across.
    """
    row_start = np.zeros(high + 1, dtype=np.int64)
    room = 4 * high + 16
    begin = np.empty(room, dtype=np.int64)
    end = np.empty(room, dtype=np.int64)
    root = np.empty(room, dtype=np.int64)
    count = 0
    margin = 0 if inside else 1
    for r in range(high):
        c = 0
        before, last = row_start[max(r - 1, 0)], row_start[r]
        while c < wide:
            if (layer[r * wide + c] <= level) != (inside == 1):
                c += 1
                continue
            first = c
            while c < wide and (layer[r * wide + c] <= level) == (inside == 1):
                c += 1
            if count == room:
                more = np.empty((3, 2 * room), dtype=np.int64)
                more[0, :room], more[1, :room], more[2, :room] = begin, end, root
                begin, end, root = more[0], more[1], more[2]
                room *= 2
            begin[count], end[count], root[count] = r * wide + first, r * wide + c, count
            while before < last and end[before] + wide + margin <= begin[count]:
                before += 1
            other = before
            while other < last and begin[other] + wide < end[count] + margin:
                a, b = count, other
                while root[a] != a:
                    root[a] = root[root[a]]
                    a = root[a]
                while root[b] != b:
                    root[b] = root[root[b]]
                    b = root[b]
                root[max(a, b)] = min(a, b)
                other += 1
            count += 1
        row_start[r + 1] = count
    for i in range(count):
        root[i] = root[root[i]]
    return begin[:count], end[:count], root[:count]


@_jit
def fill_land(
    field: Field, layer: Array, reach: Array, level: Whole, specks: float, yards: float
) -> None:
    """Fill holes of a layer: specks (in grid points), and larger ones that no street enters."""
    wide, high = field.wide, field.high
    begin, end, root = _runs(layer, wide, high, level, 0)
    size = np.zeros(len(begin), dtype=np.int64)
    for i in range(len(begin)):
        size[root[i]] += end[i] - begin[i]
    keep = size > max(specks, yards)
    keep[root[0]] = True  # what lies around everything
    for i in range(len(begin)):
        if keep[root[i]] or size[root[i]] <= specks:
            continue
        for here in range(begin[i], end[i]):
            if field.stamp[here] != NOTHING:
                keep[root[i]] = True
            for d in range(4):
                other = here + _step(wide, d)
                if (
                    layer[other] <= level
                    and field.stamp[other] >= 0
                    and reach[field.stamp[other], (d + 2) % 4] & OWNED
                ):
                    keep[root[i]] = True
    for i in range(len(begin)):
        if not keep[root[i]]:
            layer[begin[i] : end[i]] = level


@_jit
def _crossing(
    field: Field, reach: Array, here: Whole, direction: Whole, limit: float, jump: float
) -> Whole:
    """Where the contour crosses the step from a point inside to one outside, 1 … FULL - 1."""
    other = here + _step(field.wide, direction)
    code = _reach(field, reach, here, direction)
    share = code & TO_SHARE
    near, far = field.cost[here], field.cost[other]
    if near < far < np.inf and (far - near <= jump or not code & SHARED_EDGE):
        met = int((limit - near) / (far - near) * FULL)
        share = met if code & SHARED_EDGE else min(met, share)
    return min(max(share, FULL // 1000), FULL - FULL // 1000)


@_jit
def _next(layer: Array, wide: Whole, level: Whole, here: Whole, d: Whole) -> tuple[Whole, Whole]:
    """Step after a crossing, with the inside on the left."""
    left = (d + 1) % 4
    beside = here + _step(wide, left)
    if layer[beside] > level:
        return here, left
    ahead = beside + _step(wide, d)
    if layer[ahead] > level:
        return beside, d
    return ahead, (d + 3) % 4


@_jit
def _grown(values: Array, room: Whole) -> Array:
    wide = np.empty(room, dtype=values.dtype)
    wide[: len(values)] = values
    return wide


@_jit
def trace_layer(  # noqa: C901, PLR0912, PLR0915
    field: Field,
    layer: Array,
    reach: Array,
    level: Whole,
    limits: Array,
    jump: float,
    drawing: Drawing,
    cell_m: float,
) -> tuple[Array, Array, Array, Array]:
    """Rings of a layer.

    Parameters
    ----------
    field : Field
    layer : array of uint8
        Smallest layer of each point, filled.
    reach : array of uint16, shape (k, 4)
    level : int
        Layer to draw.
    limits : array of float, shape (l,)
        Ascending, as the costs of the field.
    jump : float
        Costs of neighbours on different streets that differ by more do not meet between them.
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
    wide, high = field.wide, field.high
    layers = len(limits)
    begin, _, root = _runs(layer, wide, high, level, 1)
    done = np.zeros(len(layer), dtype=np.uint8)
    room = 1024
    point = np.empty(room, dtype=np.int64)
    side = np.empty(room, dtype=np.int64)
    out = np.empty((1024, 2), dtype=np.float64)
    used = 0
    rings = 0
    ring_end = np.empty(64, dtype=np.int64)
    ring_part = np.empty(64, dtype=np.int64)
    ring_hole = np.empty(64, dtype=np.bool_)
    tolerance = drawing.smooth_m / cell_m * FULL
    wall_tolerance = drawing.smooth_wall_m / cell_m * FULL
    at = np.empty(layers, dtype=np.int64)
    for run in range(len(begin)):
        if done[begin[run]] & 4:  # the step to the west
            continue
        n = 0
        lowest = 0
        here, d = begin[run], 2
        while not done[here] & (1 << d):
            done[here] |= 1 << d
            if n == room:
                point, side, room = _grown(point, 2 * room), _grown(side, 2 * room), 2 * room
            point[n], side[n] = here, d
            if 4 * here + d < 4 * point[lowest] + side[lowest]:
                lowest = n
            n += 1
            here, d = _next(layer, wide, level, here, d)
        x = np.empty(n, dtype=np.float64)
        y = np.empty(n, dtype=np.float64)
        low = np.empty((n, 2), dtype=np.float64)  # the gap's end inside
        top = np.empty((n, 2), dtype=np.float64)  # and outside
        shared = np.empty(n, dtype=np.int64)
        onward = np.empty(n, dtype=np.int64)
        for i in range(n):
            here, d = point[i], side[i]
            other = here + _step(wide, d)
            code = _reach(field, reach, here, d)
            mine = _crossing(field, reach, here, d, limits[level], jump)
            bend = wall_tolerance if code & WALLED else tolerance
            near, far = max(mine - bend, 1.0), min(mine + bend, FULL - 1.0)
            mask = 0
            for k in range(layers):
                at[k] = -1
                if layer[here] <= k < layer[other]:
                    at[k] = (
                        mine if k == level else _crossing(field, reach, here, d, limits[k], jump)
                    )
                    if at[k] == mine:
                        mask |= 1 << k
                    elif at[k] < mine:
                        near = max(near, mine - 0.48 * (mine - at[k]))
                    else:
                        far = min(far, mine + 0.48 * (at[k] - mine))
            dx = 1.0 if d == 0 else -1.0 if d == 2 else 0.0
            dy = 1.0 if d == 1 else -1.0 if d == 3 else 0.0
            column = float(field.column + here % wide)
            row = float(field.row + here // wide)
            x[i], y[i] = column + dx * mine / FULL, row + dy * mine / FULL
            low[i, 0], low[i, 1] = column + dx * near / FULL, row + dy * near / FULL
            top[i, 0], top[i, 1] = column + dx * far / FULL, row + dy * far / FULL
            shared[i] = mask
            same = mask
            after = (i + 1) % n
            for k in range(layers):
                if k != level and mask & (1 << k):
                    next_here, next_d = _next(layer, wide, k, here, d)
                    if next_here != point[after] or next_d != side[after]:
                        same &= ~(1 << k)
            onward[i] = same
        first = -1
        for i in range(n):  # a stretch is shared only if its far end is, too
            onward[i] &= shared[(i + 1) % n]
        fixed = np.zeros(n, dtype=np.bool_)
        for i in range(n):
            if onward[i] != onward[i - 1] or onward[i] != shared[i]:
                fixed[i] = True
                if first < 0:
                    first = i
        if first < 0:
            first = lowest
            fixed[first] = True
        area = 0.0
        for i in range(n):
            j = (i + 1) % n
            area += (x[i] - x[0]) * (y[j] - y[0]) - (x[j] - x[0]) * (y[i] - y[0])
        if used + n + 1 > len(out):
            more = np.empty((2 * (used + n + 1), 2), dtype=np.float64)
            more[:used] = out[:used]
            out = more
        used = _simplified(x, y, low, top, fixed, first, out, used)
        if rings == len(ring_end):
            ring_end = _grown(ring_end, 2 * rings)
            ring_part = _grown(ring_part, 2 * rings)
            ring_hole = _grown(ring_hole, 2 * rings)
        ring_end[rings], ring_part[rings], ring_hole[rings] = used, root[run], area < 0
        rings += 1
    return out[:used], ring_end[:rings], ring_part[:rings], ring_hole[:rings]


@_jit
def _simplified(  # noqa: C901
    x: Array, y: Array, low: Array, top: Array, fixed: Array, first: Whole, out: Array, used: Whole
) -> Whole:
    """Fewest points, greedily, of a ring that passes every gap; fixed ones are kept.

    Reumann and Witkam's sleeve (1974) with a gap of its own for each crossing, kept as a cone of
    directions (Imai and Iri 1988). Returns the new count of `out`.
    """
    n = len(x)
    anchor = 0
    out[used, 0], out[used, 1] = x[first], y[first]
    used += 1
    while anchor < n:
        a = (first + anchor) % n
        ax, ay = x[a], y[a]
        b = (first + anchor + 1) % n
        fx, fy = x[b] - ax, y[b] - ay
        last = anchor + 1
        lx = ly = rx = ry = 0.0
        j = anchor + 1
        while True:
            i = (first + j) % n
            px, py = x[i] - ax, y[i] - ay
            if j > anchor + 1:
                if px * fx + py * fy <= 0:
                    break
                if rx * py - ry * px >= 0 and px * ly - py * lx >= 0:
                    last = j
            if j == n or fixed[i]:
                break
            qx, qy = low[i, 0] - ax, low[i, 1] - ay
            sx, sy = top[i, 0] - ax, top[i, 1] - ay
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
        i = (first + anchor) % n
        out[used, 0], out[used, 1] = x[i], y[i]
        used += 1
    return used
