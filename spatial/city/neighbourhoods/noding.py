"""Noding: lines become edges that meet at their ends only, with every vertex on a grid.

Snap rounding (Hobby 1999; Goodrich et al. 1997): the squares of the grid that hold a vertex or a
crossing are hot; every line is led through the middles of the hot squares that it touches. The
rules at the rims of squares and for vertices that nearly touch a line are those of the noder in
GEOS, and so are the edges, except where a line runs exactly through the corner of a hot square:
there GEOS goes by the parts between crossings, which rounding moves to either side. Crossings and
squares are found by a grid of buckets, which takes a tenth of the time and leaves other threads
free.

References
----------
J. D. Hobby (1999), Practical segment intersection with finite precision output. Computational
Geometry 13, 199-214.
"""

# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numba
import numpy as np
import numpy.typing as npt

from spatial.city.neighbourhoods.buckets import (
    Buckets,
    bucket_sizes,
    bucketed,
    pieces_of,
    points_bucketed,
    reach_in_row,
)
from spatial.city.neighbourhoods.signs import crossing, orientation
from spatial.cores import in_order, slices

__all__ = ["Drawing", "noded"]

NEARNESS: Final = 0.01
"""A vertex nearer to a line than this share of the grid lies on it."""
PAD: Final = 2.0
"""Buckets are searched so many steps of the grid beyond a line."""
PARTS: Final = 16
"""Parts of the buckets, each looked through by one core."""
PIECES_AT_ONCE: Final = 50_000
"""Pieces led by one core."""

_jit = numba.njit(cache=True, nogil=True)
_inline = numba.njit(cache=True, nogil=True, inline="always")
Array = Any
"""Arrays inside kernels."""
Whole = Any
Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Geometries = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """Nodes on a grid, in order of x and y, and the edges between them, each once and in order."""

    step: Longs  # (n, 2) place of each node in steps of the grid
    edge: Longs  # (m, 2) rows of its ends, the smaller first
    grid_m: float

    @property
    def xy_m(self) -> Floats:
        """Place of each node, metres, shape (n, 2)."""
        return self.step / np.round(1 / self.grid_m)


def noded(lines: Geometries, *, grid_m: float) -> Drawing:
    """Node lines on a grid.

    Parameters
    ----------
    lines : array of LineString or MultiLineString
        In metres.
    grid_m : float
        Distance of the grid's lines, of which a whole number makes a metre.

    Returns
    -------
    Drawing
        The edges of ``shapely.union_all(lines, grid_size=grid_m)``, cut at every vertex.

    Examples
    --------
    >>> import shapely
    >>> cross = shapely.from_wkt(["LINESTRING (0 0, 2 2)", "LINESTRING (0 2, 2 0)"])
    >>> drawing = noded(cross, grid_m=0.01)
    >>> drawing.xy_m.tolist(), drawing.edge.tolist()
    ([[0.0, 0.0], [0.0, 2.0], [1.0, 1.0], [2.0, 0.0], [2.0, 2.0]], [[0, 2], [1, 2], [2, 3], [2, 4]])
    """
    scale = float(np.round(1 / grid_m))
    pieces, _ = pieces_of(lines)
    if not len(pieces):
        return Drawing(np.empty((0, 2), dtype=np.int64), np.empty((0, 2), dtype=np.int64), grid_m)
    width, side = bucket_sizes(pieces, least_m=8 * PAD * grid_m)
    buckets = Buckets(width, side - 1, *bucketed(pieces, width, side - 1, 0.0))
    meetings = in_order(
        lambda rows: _meetings(pieces, buckets, rows.start, rows.stop, scale),
        slices(side * side, max(side * side // PARTS, 1)),
    )
    own, met = (np.concatenate(part) for part in zip(*meetings, strict=True))
    ends = np.floor(pieces.reshape(-1, 2) * scale + 0.5).astype(np.int64)
    corner = ends.min(axis=0)
    keys = np.concatenate([_key(ends - corner), _key(met - corner)])
    hot = _each_once(keys)
    step = np.column_stack([hot >> 32, hot & 0xFFFFFFFF]) + corner
    spots = Buckets(width, side - 1, *points_bucketed(step, scale, width, side - 1))
    by_piece = np.argsort(own, kind="stable")
    first = np.searchsorted(own[by_piece], np.arange(len(pieces) + 1))
    pairs = _led(pieces, step, spots, first, met[by_piece], scale)
    pairs = _each_once(pairs)
    edge = np.column_stack([pairs >> 32, pairs & 0xFFFFFFFF])
    used = np.zeros(len(step), dtype=bool)
    used[edge] = True
    number = np.cumsum(used) - 1
    return Drawing(step[used], number[edge], grid_m)


def _key(step: Longs) -> Longs:
    return (step[:, 0] << 32) | step[:, 1]


def _each_once(keys: Longs) -> Longs:
    """Sort numbers and keep each once; numpy's own way is ten times slower for so many."""
    keys = np.sort(keys)
    once = np.ones(len(keys), dtype=bool)
    once[1:] = keys[1:] != keys[:-1]
    return keys[once]


@_jit
def _grown(own: Array, met: Array) -> tuple[Array, Array]:
    more_own = np.empty(2 * len(own), dtype=np.int64)
    more_met = np.empty((2 * len(own), 2), dtype=np.int64)
    more_own[: len(own)] = own
    more_met[: len(own)] = met
    return more_own, more_met


@_jit
def _meetings(
    pieces: Array, buckets: Buckets, begin_bucket: Whole, end_bucket: Whole, scale: float
) -> tuple[Array, Array]:
    """Where pieces meet others: the piece, and the hot square through which it is led."""
    near = NEARNESS / scale
    own = np.empty(1024, dtype=np.int64)
    met = np.empty((len(own), 2), dtype=np.int64)
    count = 0
    found = np.empty((6, 3))
    for bucket in range(begin_bucket, end_bucket):
        begin, end = buckets.start[bucket], buckets.start[bucket + 1]
        for i in range(begin, end):
            a = buckets.order[i]
            ax, ay, bx, by = pieces[a, 0], pieces[a, 1], pieces[a, 2], pieces[a, 3]
            west, east = min(ax, bx) - near, max(ax, bx) + near
            south, north = min(ay, by) - near, max(ay, by) + near
            for j in range(i + 1, end):
                b = buckets.order[j]
                if a == b:
                    continue
                if max(pieces[b, 0], pieces[b, 2]) < west or min(pieces[b, 0], pieces[b, 2]) > east:
                    continue
                if max(pieces[b, 1], pieces[b, 3]) < south:
                    continue
                if min(pieces[b, 1], pieces[b, 3]) > north:
                    continue
                some = _meeting(pieces[a], pieces[b], near, found)
                if count + some > len(own):
                    own, met = _grown(own, met)
                for k in range(some):
                    own[count] = a if found[k, 0] == 0 else b
                    met[count, 0] = np.int64(np.floor(found[k, 1] * scale + 0.5))
                    met[count, 1] = np.int64(np.floor(found[k, 2] * scale + 0.5))
                    count += 1
    return own[:count], met[:count]


@_jit
def _note(found: Array, count: Whole, which: Whole, x: float, y: float) -> Whole:
    found[count, 0], found[count, 1], found[count, 2] = which, x, y
    return count + 1


@_jit
def _meeting(one: Array, other: Array, near: float, found: Array) -> Whole:  # noqa: C901
    """Where two pieces meet inside one of them; rows of `found`: which piece is led there, x, y.

    Meeting end to end is no news. A vertex next to the other piece counts as on it.
    """
    ax, ay, bx, by = one
    cx, cy, dx, dy = other
    count = 0
    if _boxes_meet(ax, ay, bx, by, cx, cy, dx, dy):
        c_side, d_side = orientation(ax, ay, bx, by, cx, cy), orientation(ax, ay, bx, by, dx, dy)
        a_side, b_side = orientation(cx, cy, dx, dy, ax, ay), orientation(cx, cy, dx, dy, bx, by)
        if c_side * d_side < 0 and a_side * b_side < 0:
            x, y = crossing(ax, ay, bx, by, cx, cy, dx, dy)
            return _note(found, _note(found, count, 0, x, y), 1, x, y)
        if c_side * d_side <= 0 and a_side * b_side <= 0:
            # Some end lies on the other piece: inside it, or on an end.
            if c_side == 0 and _inside(cx, cy, ax, ay, bx, by):
                count = _note(found, count, 0, cx, cy)
            if d_side == 0 and _inside(dx, dy, ax, ay, bx, by):
                count = _note(found, count, 0, dx, dy)
            if a_side == 0 and _inside(ax, ay, cx, cy, dx, dy):
                count = _note(found, count, 1, ax, ay)
            if b_side == 0 and _inside(bx, by, cx, cy, dx, dy):
                count = _note(found, count, 1, bx, by)
            if count > 0:
                return count
    if _beside(cx, cy, ax, ay, bx, by, near):
        count = _note(found, count, 0, cx, cy)
    if _beside(dx, dy, ax, ay, bx, by, near):
        count = _note(found, count, 0, dx, dy)
    if _beside(ax, ay, cx, cy, dx, dy, near):
        count = _note(found, count, 1, ax, ay)
    if _beside(bx, by, cx, cy, dx, dy, near):
        count = _note(found, count, 1, bx, by)
    return count


@_jit
def _boxes_meet(
    ax: float, ay: float, bx: float, by: float, cx: float, cy: float, dx: float, dy: float
) -> bool:
    if max(cx, dx) < min(ax, bx) or min(cx, dx) > max(ax, bx):
        return False
    return max(cy, dy) >= min(ay, by) and min(cy, dy) <= max(ay, by)


@_jit
def _inside(x: float, y: float, ax: float, ay: float, bx: float, by: float) -> bool:
    """Whether a place on the line through a piece is one of the piece, and not one of its ends."""
    if (x == ax and y == ay) or (x == bx and y == by):
        return False
    return min(ax, bx) <= x <= max(ax, bx) and min(ay, by) <= y <= max(ay, by)


@_jit
def _beside(x: float, y: float, ax: float, ay: float, bx: float, by: float, near: float) -> bool:
    """Whether a place lies next to the inside of a piece, and not next to one of its ends."""
    if (
        np.sqrt((x - ax) ** 2 + (y - ay) ** 2) < near
        or np.sqrt((x - bx) ** 2 + (y - by) ** 2) < near
    ):
        return False
    square = (bx - ax) ** 2 + (by - ay) ** 2
    if square == 0.0:  # shorter than any number squared
        return False
    share = ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / square
    if share <= 0.0 or share >= 1.0:
        return False
    return abs((ay - y) * (bx - ax) - (ax - x) * (by - ay)) / np.sqrt(square) < near


@_jit
def _touches(x: float, y: float, px: float, py: float, qx: float, qy: float) -> bool:
    """Whether a piece touches the square around (x, y); all in steps of the grid.

    A square's left and lower side belong to it, its right and upper one do not.
    """
    if px > qx:
        px, py, qx, qy = qx, qy, px, py
    left, right, low, high = x - 0.5, x + 0.5, y - 0.5, y + 0.5
    if px >= right or qx < left or min(py, qy) >= high or max(py, qy) < low:
        return False
    if px == qx or py == qy:
        return True
    upper_left = orientation(px, py, qx, qy, left, high)
    if upper_left == 0:
        return py >= qy
    upper_right = orientation(px, py, qx, qy, right, high)
    if upper_right == 0:
        return py <= qy
    if upper_left != upper_right:
        return True
    lower_left = orientation(px, py, qx, qy, left, low)
    if lower_left == 0 or lower_left != upper_left:
        return True
    lower_right = orientation(px, py, qx, qy, right, low)
    if lower_right == 0:
        return py >= qy
    return lower_left != lower_right or lower_right != upper_right


@_jit
def _led(
    pieces: Array, step: Array, buckets: Buckets, first: Array, met: Array, scale: float
) -> Array:
    """Pairs of hot squares, ``smaller · 2³² + larger``, through which the pieces are led."""
    pairs = np.empty(2 * len(pieces) + 64, dtype=np.int64)
    chain = np.empty(64, dtype=np.int64)
    count = 0
    for s in range(len(pieces)):
        piece = pieces[s]
        ax, ay = _step_of(piece[0], scale), _step_of(piece[1], scale)
        bx, by = _step_of(piece[2], scale), _step_of(piece[3], scale)
        if ax == bx and ay == by:
            continue
        chain, links = _hot_on(
            piece, (ax, ay, bx, by), step, buckets, met[first[s] : first[s + 1]], scale, chain
        )
        _in_order_along(chain, links, step, (ax, ay, bx, by))
        if count + links > len(pairs):
            more = np.empty(2 * len(pairs) + links, dtype=np.int64)
            more[:count] = pairs[:count]
            pairs = more
        for k in range(1, links):
            one, other = chain[k - 1], chain[k]
            if one != other:
                pairs[count] = (min(one, other) << 32) | max(one, other)
                count += 1
    return pairs[:count]


@_inline
def _step_of(value: float, scale: float) -> Whole:
    return np.int64(np.floor(value * scale + 0.5))


@_jit
def _hot_on(
    piece: Array,
    ends: tuple[Whole, Whole, Whole, Whole],
    step: Array,
    buckets: Buckets,
    met: Array,
    scale: float,
    chain: Array,
) -> tuple[Array, Whole]:
    """Gather the hot squares through which a piece is led, in no order."""
    ax, ay, bx, by = piece
    pad = PAD / scale
    west, east, south, north = min(ax, bx) - pad, max(ax, bx) + pad, min(ay, by), max(ay, by)
    far = 1.5 / scale * np.sqrt((bx - ax) ** 2 + (by - ay) ** 2)
    width = buckets.width
    links = 0
    for row in range(
        int(np.floor((south - pad) / width)), int(np.floor((north + pad) / width)) + 1
    ):
        left, right = reach_in_row(ax, ay, bx, by, row * width - pad, (row + 1) * width + pad)
        for column in range(
            int(np.floor((left - pad) / width)), int(np.floor((right + pad) / width)) + 1
        ):
            bucket = (row & buckets.mask) * (buckets.mask + 1) + (column & buckets.mask)
            for i in range(buckets.start[bucket], buckets.start[bucket + 1]):
                p = np.int64(buckets.order[i])
                x, y = step[p, 0] / scale, step[p, 1] / scale
                if x < west or x > east or y < south - pad or y > north + pad:
                    continue
                if abs((x - ax) * (by - ay) - (y - ay) * (bx - ax)) > far:
                    continue
                if _is_led(piece, ends, step[p, 0], step[p, 1], met, scale):
                    if links == len(chain):
                        longer = np.empty(2 * links, dtype=np.int64)
                        longer[:links] = chain
                        chain = longer
                    chain[links] = p
                    links += 1
    return chain, links


@_jit
def _is_led(
    piece: Array,
    ends: tuple[Whole, Whole, Whole, Whole],
    x: Whole,
    y: Whole,
    met: Array,
    scale: float,
) -> bool:
    """Whether a piece is led through a hot square: its ends', those of meetings, all it touches."""
    if (x == ends[0] and y == ends[1]) or (x == ends[2] and y == ends[3]):
        return True
    for k in range(len(met)):
        if x == met[k, 0] and y == met[k, 1]:
            return True
    return _touches(
        float(x), float(y),
        piece[0] * scale, piece[1] * scale, piece[2] * scale, piece[3] * scale,
    )  # fmt: skip


@_jit
def _in_order_along(
    chain: Array, links: Whole, step: Array, ends: tuple[Whole, Whole, Whole, Whole]
) -> None:
    """Sort squares as they follow one another on the way from a to b: by its longer direction."""
    ax, ay, bx, by = ends
    along_x = abs(bx - ax) >= abs(by - ay)
    x_sign = 1 if bx >= ax else -1
    y_sign = 1 if by >= ay else -1
    for k in range(1, links):
        p = chain[k]
        x, y = step[p, 0] * x_sign, step[p, 1] * y_sign
        at = k
        while at > 0:
            q = chain[at - 1]
            qx, qy = step[q, 0] * x_sign, step[q, 1] * y_sign
            later = (
                (qx > x or (qx == x and qy > y)) if along_x else (qy > y or (qy == y and qx > x))
            )
            if not later:
                break
            chain[at] = q
            at -= 1
        chain[at] = p
