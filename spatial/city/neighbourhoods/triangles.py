"""Delaunay triangles of places on a grid.

Places are put in one by one (Lawson 1977), in rounds of twice as many, each along a line that
winds through the city (Amenta, Choi & Rote 2003), so that the triangle that holds the next one is
near. On which side of a line a place lies is exact, for coordinates are whole.

References
----------
N. Amenta, S. Choi, G. Rote (2003), Incremental constructions con BRIO. Symposium on Computational
Geometry, 211-219.
C. L. Lawson (1977), Software for C1 surface interpolation. Mathematical Software III, 161-194.
"""

# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from typing import Any, Final

import numba
import numpy as np
import numpy.typing as npt

__all__ = ["delaunay"]

NOISE: Final = 1e-14
"""A place is in a circle where the determinant says so by more than this share of its parts."""
ROUND: Final = 0x9E3779B97F4A7C15
"""Odd number that spreads row numbers over all 64 bits."""

_jit = numba.njit(cache=True, nogil=True)
Array = Any
"""Arrays inside kernels."""
Whole = Any
Longs = npt.NDArray[np.int64]
Ints = npt.NDArray[np.int32]


def delaunay(places: Longs) -> tuple[Ints, Ints]:
    """Triangulate places, of which the last four are the corners of a square around the others.

    Parameters
    ----------
    places : array of int, shape (n, 2)
        Each once; coordinates below 2³⁰. The corners: south-west, north-west, south-east,
        north-east.

    Returns
    -------
    corner, beside : array, shape (2 n - 6, 3)
        Rows of `places`, against the clock; the triangle opposite to each corner, -1 for none.

    Examples
    --------
    >>> square = [[-9, -9], [-9, 9], [9, -9], [9, 9]]
    >>> corner, beside = delaunay(np.array([[0, 1], *square]))
    >>> sorted(sorted(row) for row in corner.tolist())
    [[0, 1, 2], [0, 1, 3], [0, 2, 4], [0, 3, 4]]
    """
    corner, beside = _triangulated(places, _winding(places[:-4]))
    return corner, beside


def _winding(places: Longs) -> Longs:
    """Rows in the order in which they are put in: sparse rounds first, each winding to and fro."""
    if not len(places):
        return np.empty(0, dtype=np.int64)
    spread = np.arange(1, len(places) + 1, dtype=np.uint64) * np.uint64(ROUND)
    share = (spread >> np.uint64(11)).astype(np.float64) / 2**53
    last = np.ceil(np.log2(len(places) + 1))
    turn = np.maximum(np.ceil(np.log2(np.maximum(share, 1e-300))) + last, 0.0)
    low, high = places.min(axis=0), places.max(axis=0)
    strips = np.maximum(np.sqrt(2.0 ** np.minimum(turn, last) / 2), 1.0)
    width = (high[0] - low[0] + 1) / np.floor(strips)
    strip = np.floor((places[:, 0] - low[0]) / width)
    along = np.where(strip % 2 == 0, places[:, 1], -places[:, 1])
    return np.lexsort((along, strip, turn))


@_jit
def _left_of(places: Array, a: Whole, b: Whole, p: Whole) -> Whole:
    """Twice the area of the triangle a, b, p: above 0 where p lies to the left of a to b."""
    return (places[b, 0] - places[a, 0]) * (places[p, 1] - places[a, 1]) - (
        places[b, 1] - places[a, 1]
    ) * (places[p, 0] - places[a, 0])


@_jit
def _in_circle(places: Array, a: Whole, b: Whole, c: Whole, d: Whole) -> bool:
    """Whether d lies inside the circle through a, b and c, which run against the clock."""
    ax, ay = float(places[a, 0] - places[d, 0]), float(places[a, 1] - places[d, 1])
    bx, by = float(places[b, 0] - places[d, 0]), float(places[b, 1] - places[d, 1])
    cx, cy = float(places[c, 0] - places[d, 0]), float(places[c, 1] - places[d, 1])
    bc, cb = bx * cy, by * cx
    ca, ac = cx * ay, cy * ax
    ab, ba = ax * by, ay * bx
    a2, b2, c2 = ax * ax + ay * ay, bx * bx + by * by, cx * cx + cy * cy
    det = a2 * (bc - cb) + b2 * (ca - ac) + c2 * (ab - ba)
    parts = a2 * (abs(bc) + abs(cb)) + b2 * (abs(ca) + abs(ac)) + c2 * (abs(ab) + abs(ba))
    return det > NOISE * parts


@_jit
def _set(rows: Array, t: Whole, one: Whole, two: Whole, three: Whole) -> None:
    rows[t, 0], rows[t, 1], rows[t, 2] = one, two, three


@_jit
def _replace(beside: Array, t: Whole, old: Whole, new: Whole) -> None:
    """Let a triangle know that another one now lies where `old` did."""
    if t >= 0:
        for k in range(3):
            if beside[t, k] == old:
                beside[t, k] = new


@_jit
def _triangulated(places: Array, order: Array) -> tuple[Array, Array]:
    n = len(places)
    corner = np.empty((max(2 * n - 6, 2), 3), dtype=np.int32)
    beside = np.empty_like(corner)
    south_west, north_west, south_east, north_east = n - 4, n - 3, n - 2, n - 1
    _set(corner, 0, south_west, south_east, north_east)
    _set(beside, 0, -1, 1, -1)
    _set(corner, 1, south_west, north_east, north_west)
    _set(beside, 1, -1, -1, 0)
    count = 2
    stack = np.empty(64, dtype=np.int64)
    t = np.int64(0)
    for p in order:
        t, on_edge = _holder(places, corner, beside, t, p)
        if on_edge < 0:
            _split(corner, beside, t, count, p)
            stack[0], stack[1], stack[2] = t, count, count + 1
            height = 3
        else:
            u = _split_edge(corner, beside, t, on_edge, count, p)
            stack[0], stack[1], stack[2], stack[3] = t, count, u, count + 1
            height = 4
        count += 2
        while height > 0:
            height -= 1
            one = stack[height]
            other = _flip(places, corner, beside, one)
            if other >= 0:
                if height + 2 > len(stack):
                    longer = np.empty(2 * len(stack), dtype=np.int64)
                    longer[:height] = stack[:height]
                    stack = longer
                stack[height], stack[height + 1] = one, other
                height += 2
    return corner[:count], beside[:count]


@_jit
def _holder(places: Array, corner: Array, beside: Array, t: Whole, p: Whole) -> tuple[Whole, Whole]:
    """Walk to the triangle that holds a place; also the corner opposite to the edge it is on."""
    turn = 0
    while True:
        on_edge = -1
        outside = -1
        for k in range(3):
            side = (k + turn) % 3
            left = _left_of(places, corner[t, (side + 1) % 3], corner[t, (side + 2) % 3], p)
            if left < 0:
                outside = side
                break
            if left == 0:
                on_edge = side
        if outside < 0:
            return t, on_edge
        t = np.int64(beside[t, outside])
        turn += 1


@_jit
def _split(corner: Array, beside: Array, t: Whole, new: Whole, p: Whole) -> None:
    """Put a place into a triangle: three triangles, in each of which it is the last corner."""
    a, b, c = corner[t, 0], corner[t, 1], corner[t, 2]
    by_a, by_b, by_c = beside[t, 0], beside[t, 1], beside[t, 2]
    _set(corner, t, a, b, p)
    _set(beside, t, new, new + 1, by_c)
    _set(corner, new, b, c, p)
    _set(beside, new, new + 1, t, by_a)
    _set(corner, new + 1, c, a, p)
    _set(beside, new + 1, t, new, by_b)
    _replace(beside, by_a, t, new)
    _replace(beside, by_b, t, new + 1)


@_jit
def _split_edge(corner: Array, beside: Array, t: Whole, k: Whole, new: Whole, p: Whole) -> Whole:
    """Put a place on an edge: four triangles; return the one that lay on the other side."""
    top, a, b = corner[t, k], corner[t, (k + 1) % 3], corner[t, (k + 2) % 3]
    by_a, by_b = beside[t, (k + 1) % 3], beside[t, (k + 2) % 3]
    u = np.int64(beside[t, k])
    j = 0
    while beside[u, j] != t:
        j += 1
    d = corner[u, j]  # the other triangle is d, b, a
    below_b, below_a = beside[u, (j + 1) % 3], beside[u, (j + 2) % 3]
    _set(corner, t, top, a, p)
    _set(beside, t, new + 1, new, by_b)
    _set(corner, new, b, top, p)
    _set(beside, new, t, u, by_a)
    _set(corner, u, d, b, p)
    _set(beside, u, new, new + 1, below_a)
    _set(corner, new + 1, a, d, p)
    _set(beside, new + 1, u, t, below_b)
    _replace(beside, by_a, t, new)
    _replace(beside, below_b, u, new + 1)
    return u


@_jit
def _flip(places: Array, corner: Array, beside: Array, t: Whole) -> Whole:
    """Turn the edge opposite to the last corner, if the place beyond is too near; -1 if not."""
    u = np.int64(beside[t, 2])
    if u < 0:
        return -1
    j = 0
    while beside[u, j] != t:
        j += 1
    a, b, p, d = corner[t, 0], corner[t, 1], corner[t, 2], corner[u, j]
    if not _in_circle(places, a, b, p, d):
        return -1
    t_by_a, t_by_b = beside[t, 0], beside[t, 1]
    u_by_b, u_by_a = beside[u, (j + 1) % 3], beside[u, (j + 2) % 3]
    _set(corner, t, a, d, p)
    _set(beside, t, u, t_by_b, u_by_b)
    _set(corner, u, d, b, p)
    _set(beside, u, t_by_a, t, u_by_a)
    _replace(beside, u_by_b, u, t)
    _replace(beside, t_by_a, t, u)
    return u
