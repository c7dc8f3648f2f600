"""A grid of square buckets that tells which straight pieces, or places, lie near a place."""

# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numba
import numpy as np
import numpy.typing as npt
import shapely

__all__ = [
    "Buckets",
    "bucket_sizes",
    "bucketed",
    "pieces_of",
    "points_bucketed",
    "reach_in_row",
]

LONGEST: Final = 1.5
"""Buckets are so many times as wide as pieces are long on average."""

_jit = numba.njit(cache=True, nogil=True)
_inline = numba.njit(cache=True, nogil=True, inline="always")
Array = Any
"""Arrays inside kernels."""
Whole = Any
Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Geometries = npt.NDArray[np.object_]


class Buckets(NamedTuple):
    """A grid of square buckets that begins anew where it ends, so that any extent fits."""

    width: float
    mask: Whole  # buckets along one side, less one
    start: Array  # (buckets + 1,) int64
    order: Array  # int32


def bucket_sizes(pieces: Floats, *, least_m: float) -> tuple[float, int]:
    """Width of the buckets for pieces, and how many of them make a side: about two a piece."""
    length_m = np.hypot(pieces[:, 2] - pieces[:, 0], pieces[:, 3] - pieces[:, 1])
    width_m = max(LONGEST * float(length_m.mean()), least_m)
    return width_m, 1 << max(int(np.ceil(np.log2(2 * len(pieces)) / 2)), 1)


def pieces_of(lines: Geometries) -> tuple[Floats, Longs]:
    """Return the straight pieces of lines, shape (s, 4), and the line that each is of.

    Pieces of one line follow one another.

    Examples
    --------
    >>> pieces, line = pieces_of(shapely.from_wkt(["LINESTRING (0 0, 2 0, 2 1)"]))
    >>> pieces.tolist(), line.tolist()
    ([[0.0, 0.0, 2.0, 0.0], [2.0, 0.0, 2.0, 1.0]], [0, 0])
    """
    several = shapely.get_num_geometries(lines) > 1
    parts, whole = shapely.get_parts(lines[several], return_index=True)
    line = np.concatenate([np.flatnonzero(~several), np.flatnonzero(several)[whole]])
    xy, row = shapely.get_coordinates(np.concatenate([lines[~several], parts]), return_index=True)
    inner = np.flatnonzero((row[1:] == row[:-1]) & (xy[1:] != xy[:-1]).any(axis=1))
    return np.hstack([xy[inner], xy[inner + 1]]), line[row[inner]]


@_inline
def reach_in_row(
    ax: float, ay: float, bx: float, by: float, low: float, high: float
) -> tuple[float, float]:
    """Smallest and largest x of the part of a piece that lies between two heights."""
    if ay > by:
        ax, ay, bx, by = bx, by, ax, ay
    left, right = ax, bx
    if by > ay:
        slope = (bx - ax) / (by - ay)
        if low > ay:
            left = ax + slope * (min(low, by) - ay)
        if high < by:
            right = ax + slope * (max(high, ay) - ay)
    if left > right:
        left, right = right, left
    return left, right


@_jit
def bucketed(pieces: Array, width: float, mask: Whole, pad: float) -> tuple[Array, Array]:
    """Sort pieces into the buckets that they touch, or come nearer to than `pad`."""
    side = mask + 1
    start = np.zeros(side * side + 1, dtype=np.int64)
    order = np.empty(0, dtype=np.int32)
    for filling in range(2):
        for s in range(len(pieces)):
            ax, ay, bx, by = pieces[s, 0], pieces[s, 1], pieces[s, 2], pieces[s, 3]
            for row in range(
                int(np.floor((min(ay, by) - pad) / width)),
                int(np.floor((max(ay, by) + pad) / width)) + 1,
            ):
                left, right = reach_in_row(
                    ax, ay, bx, by, row * width - pad - 1e-6, (row + 1) * width + pad + 1e-6
                )
                for column in range(
                    int(np.floor((left - pad - 1e-6) / width)),
                    int(np.floor((right + pad + 1e-6) / width)) + 1,
                ):
                    bucket = (row & mask) * side + (column & mask)
                    if filling == 0:
                        start[bucket + 1] += 1
                    else:
                        start[bucket] -= 1
                        order[start[bucket]] = s
        if filling == 0:
            for bucket in range(side * side):
                start[bucket + 1] += start[bucket]
            order = np.empty(start[-1], dtype=np.int32)
            # Filled from the back: each bucket's end moves to its begin.
            for bucket in range(side * side):
                start[bucket] = start[bucket + 1]
    return start, order


@_jit
def points_bucketed(step: Array, scale: float, width: float, mask: Whole) -> tuple[Array, Array]:
    """Sort places, in steps of which `scale` make a metre, into their buckets."""
    side = mask + 1
    start = np.zeros(side * side + 1, dtype=np.int64)
    bucket = np.empty(len(step), dtype=np.int64)
    for p in range(len(step)):
        row = int(np.floor(step[p, 1] / scale / width)) & mask
        column = int(np.floor(step[p, 0] / scale / width)) & mask
        bucket[p] = row * side + column
        start[bucket[p] + 1] += 1
    for b in range(side * side):
        start[b + 1] += start[b]
    place = start[:-1].copy()
    order = np.empty(len(step), dtype=np.int32)
    for p in range(len(step)):
        order[place[bucket[p]]] = p
        place[bucket[p]] += 1
    return start, order
