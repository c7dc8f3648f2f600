"""Which of many lines lies next to each of many places, and where on it: for short distances."""

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
)
from spatial.cores import in_order, slices

__all__ = ["NearLines", "near_lines"]

PLACES_AT_ONCE: Final = 100_000
"""Places looked at together by one core."""

_jit = numba.njit(cache=True, nogil=True)
Array = Any
"""Arrays inside kernels."""
Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Geometries = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class NearLines:
    """The nearest line of each place; rows follow the places."""

    line: Longs  # -1 where none is near
    along_m: Floats  # from the line's begin to its place nearest by; 0 where none is near
    xy_m: Floats  # (n, 2) that place; the place itself where no line is near


def near_lines(xy_m: Floats, lines: Geometries, *, within_m: float) -> NearLines:
    """Find the line nearest to each place, if any is near; of equally near ones the first.

    Parameters
    ----------
    xy_m : array, shape (n, 2)
    lines : array of LineString or MultiLineString
        The parts of one follow one another without way between them.
    within_m : float
        Short beside the lines: every piece is looked at from as far away.

    Examples
    --------
    >>> import shapely
    >>> street = shapely.from_wkt(["LINESTRING (0 0, 10 0, 10 10)"])
    >>> found = near_lines(np.array([[4.0, 1.0], [11.0, 5.0], [0.0, 9.0]]), street, within_m=2.0)
    >>> found.line.tolist(), found.along_m.tolist(), found.xy_m.tolist()
    ([0, 0, -1], [4.0, 15.0, 0.0], [[4.0, 0.0], [10.0, 5.0], [0.0, 9.0]])
    """
    pieces, line = pieces_of(lines)
    which = np.full(len(xy_m), -1, dtype=np.int64)
    along_m, there_m = np.zeros(len(xy_m)), xy_m.copy()
    if len(pieces) and len(xy_m):
        length_m = np.hypot(pieces[:, 2] - pieces[:, 0], pieces[:, 3] - pieces[:, 1])
        before_m = np.cumsum(length_m) - length_m
        fresh = np.r_[True, line[1:] != line[:-1]]
        before_m -= before_m[np.flatnonzero(fresh)][np.cumsum(fresh) - 1]
        width, side = bucket_sizes(pieces, least_m=4 * within_m)
        buckets = Buckets(width, side - 1, *bucketed(pieces, width, side - 1, within_m))

        def look(rows: slice) -> None:
            mine = which[rows], along_m[rows], there_m[rows]
            _look(xy_m[rows], (pieces, line, before_m), buckets, within_m, mine)

        for _ in in_order(look, slices(len(xy_m), PLACES_AT_ONCE)):
            pass
    return NearLines(which, along_m, there_m)


@_jit
def _look(
    xy: Array,
    drawn: tuple[Array, Array, Array],
    buckets: Buckets,
    within: float,
    found: tuple[Array, Array, Array],
) -> None:
    pieces, line, before = drawn
    which, along, there = found
    side = buckets.mask + 1
    for p in range(len(xy)):
        x, y = xy[p, 0], xy[p, 1]
        bucket = (int(np.floor(y / buckets.width)) & buckets.mask) * side + (
            int(np.floor(x / buckets.width)) & buckets.mask
        )
        best = within * within
        for i in range(buckets.start[bucket], buckets.start[bucket + 1]):
            s = buckets.order[i]
            ax, ay, bx, by = pieces[s, 0], pieces[s, 1], pieces[s, 2], pieces[s, 3]
            dx, dy = bx - ax, by - ay
            square = dx * dx + dy * dy
            share = ((x - ax) * dx + (y - ay) * dy) / square if square > 0.0 else 0.0
            if share <= 0.0:
                qx, qy, share = ax, ay, 0.0
            elif share >= 1.0:
                qx, qy, share = bx, by, 1.0
            else:
                qx, qy = ax + share * dx, ay + share * dy
            away = (x - qx) * (x - qx) + (y - qy) * (y - qy)
            at = before[s] + share * np.sqrt(square)
            later = line[s] > which[p] or (line[s] == which[p] and at >= along[p])
            if away > best or (away == best and which[p] >= 0 and later):
                continue
            best = away
            which[p], along[p] = line[s], at
            there[p, 0], there[p, 1] = qx, qy
