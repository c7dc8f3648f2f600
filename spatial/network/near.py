"""Which lines lie near a place: compiled searches on a grid over flat coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

import numba
import numpy as np
import numpy.typing as npt
import shapely

from spatial.cores import in_order, slices
from spatial.network.lines import lengths_m

__all__ = [
    "Cells",
    "Enterable",
    "Segments",
    "boxes_of_points",
    "boxes_of_segments",
    "cells_of",
    "lines_near_boxes",
    "nearest_lines",
    "places_along",
    "segments_of",
    "touched",
]

CELL_M: Final = 50.0
PLACES_AT_ONCE: Final = 25_000
"""Places that one core looks at together."""
NEAR_M: Final = 1e-6
"""Ways that pass a segment this near are looked at by the exact predicate."""

_jit = numba.njit(cache=True, nogil=True)
Array = Any
"""Arrays inside kernels; their types stand beside the fields of the tuples below."""
Whole = Any
Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Segments(NamedTuple):
    """Straight pieces of lines."""

    xy: Array  # (s, 4) float64: from, to
    line: Array  # (s,) int64: row of the line
    begin_m: Array  # (s,) float64: where it begins, from the begin of the line


class Cells(NamedTuple):
    """Segments by grid cell: ``order[start[c]:start[c + 1]]`` touch the box of cell c."""

    corner: Array  # (2,) float64
    shape: Array  # (2,) int64: columns, rows
    start: Array  # (cells + 1,) int64
    order: Array  # (k,) int32


@dataclass(frozen=True, eq=False)
class Enterable:
    """Edges, or parts of edges, that points may enter; row ``i`` of every field is one of them."""

    xy_m: Floats  # (v, 2) vertices, one line after the other
    start: Longs  # (w + 1,)
    edge: Longs  # (w,) edge of which it is a part
    owner: Longs | None = None  # (w,) who alone may enter it; None: everybody all
    is_part: bool = False  # whether some are only parts of their edges

    @cached_property
    def grid(self) -> tuple[Segments, Cells]:
        """The straight pieces of the lines, by grid cell."""
        segments = segments_of(self.xy_m, self.start)
        return segments, cells_of(segments.xy)

    @cached_property
    def length_m(self) -> Floats:
        """Length of each line."""
        return lengths_m(self.xy_m, self.start)


def segments_of(xy: Floats, start: Longs) -> Segments:
    """Cut lines that lie one after the other at every vertex."""
    inner = np.ones(max(len(xy) - 1, 0), dtype=bool)
    inner[start[1:-1] - 1] = False
    rows = np.flatnonzero(inner)
    line = np.repeat(np.arange(len(start) - 1), np.diff(start))[rows] if len(rows) else rows
    pieces = np.hstack([xy[rows], xy[rows + 1]]) if len(rows) else np.empty((0, 4))
    length = np.hypot(pieces[:, 2] - pieces[:, 0], pieces[:, 3] - pieces[:, 1])
    total = np.cumsum(length) - length
    first = np.searchsorted(line, line)  # lines come in rising order
    return Segments(pieces, line.astype(np.int64), total - total[first])


def cells_of(pieces: Floats) -> Cells:
    """Sort segments (s, 4) into grid cells, each into every cell that its box touches."""
    if not len(pieces):
        none = np.zeros(2, dtype=np.int64)
        return Cells(np.zeros(2), np.ones(2, dtype=np.int64), none, np.empty(0, dtype=np.int32))
    low = np.minimum(pieces[:, :2], pieces[:, 2:])
    high = np.maximum(pieces[:, :2], pieces[:, 2:])
    corner = low.min(axis=0)
    first = np.floor((low - corner) / CELL_M).astype(np.int64)
    last = np.floor((high - corner) / CELL_M).astype(np.int64)
    shape = last.max(axis=0) + 1
    start, order = _sorted_into_cells(first, last, shape)
    return Cells(corner, shape, start, order)


@_jit
def _sorted_into_cells(first: Array, last: Array, shape: Array) -> tuple[Array, Array]:
    start = np.zeros(shape[0] * shape[1] + 1, dtype=np.int64)
    for s in range(len(first)):
        for row in range(first[s, 1], last[s, 1] + 1):
            for column in range(first[s, 0], last[s, 0] + 1):
                start[row * shape[0] + column + 1] += 1
    for c in range(len(start) - 1):
        start[c + 1] += start[c]
    place = start[:-1].copy()
    order = np.empty(start[-1], dtype=np.int32)
    for s in range(len(first)):
        for row in range(first[s, 1], last[s, 1] + 1):
            for column in range(first[s, 0], last[s, 0] + 1):
                c = row * shape[0] + column
                order[place[c]] = s
                place[c] += 1
    return start, order


@_jit
def _nearest_on(piece: Array, x: float, y: float) -> tuple[float, float]:
    """Distance from a place to a segment, and how far along the segment it is met."""
    ax, ay = piece[0], piece[1]
    dx, dy = piece[2] - ax, piece[3] - ay
    square = dx * dx + dy * dy
    share = 0.0
    if square > 0.0:
        share = min(max(((x - ax) * dx + (y - ay) * dy) / square, 0.0), 1.0)
    if share == 1.0:
        return np.hypot(x - piece[2], y - piece[3]), np.sqrt(square)
    return np.hypot(x - (ax + share * dx), y - (ay + share * dy)), share * np.sqrt(square)


def nearest_lines(
    segments: Segments,
    cells: Cells,
    line_owner: Longs,
    xy: Floats,
    owner: Longs,
    within_m: float,
    most: int,
) -> tuple[Longs, Floats, Floats]:
    """Nearest lines of each place, at most `most`, nearest first; equals in order of their rows.

    A place looks at the lines of its own owner only; owner -1 of a line means everybody's.
    Returns line (p, most; -1 = none), distance and how far along the line it is met. Every line
    nearer than the last one found is among them.
    """

    def look(rows: slice) -> tuple[Longs, Floats, Floats]:
        found: tuple[Longs, Floats, Floats] = _nearest_lines(
            segments, cells, line_owner, xy[rows], owner[rows], float(within_m), most
        )
        return found

    if len(xy) <= PLACES_AT_ONCE:
        return look(slice(len(xy)))
    line, distance, along = zip(*in_order(look, slices(len(xy), PLACES_AT_ONCE)), strict=True)
    return np.concatenate(line), np.concatenate(distance), np.concatenate(along)


@_jit
def _nearest_lines(
    segments: Segments,
    cells: Cells,
    line_owner: Array,
    xy: Array,
    owner: Array,
    within_m: float,
    most: Whole,
) -> tuple[Array, Array, Array]:
    found = np.full((len(xy), most), -1, dtype=np.int64)
    distance = np.full((len(xy), most), np.inf)
    along = np.zeros((len(xy), most))
    rings = int(np.ceil(within_m / CELL_M))
    for p in range(len(xy)):
        x, y = xy[p, 0], xy[p, 1]
        column = int(np.floor((x - cells.corner[0]) / CELL_M))
        row = int(np.floor((y - cells.corner[1]) / CELL_M))
        for ring in range(rings + 1):
            # Whatever was not seen yet lies farther than the rings that were.
            if ring > 0 and distance[p, most - 1] <= (ring - 1) * CELL_M:
                break
            for r in range(max(row - ring, 0), min(row + ring, cells.shape[1] - 1) + 1):
                edge_row = abs(r - row) == ring
                step = 1 if edge_row or ring == 0 else 2 * ring
                for c in range(column - ring, column + ring + 1, step):
                    if c < 0 or c >= cells.shape[0]:
                        continue
                    cell = r * cells.shape[0] + c
                    for i in range(cells.start[cell], cells.start[cell + 1]):
                        s = cells.order[i]
                        line = segments.line[s]
                        if line_owner[line] >= 0 and line_owner[line] != owner[p]:
                            continue
                        d, part = _nearest_on(segments.xy[s], x, y)
                        if d > within_m or d > distance[p, most - 1]:
                            continue
                        _insert(
                            found[p], distance[p], along[p], line, d, segments.begin_m[s] + part
                        )
    return found, distance, along


@_jit
def _insert(
    found: Array, distance: Array, along: Array, line: Whole, d: float, where: float
) -> None:
    """Keep the nearest lines in order; a line once, at its nearest (first) place."""
    most = len(found)
    for k in range(most):
        if found[k] == line:
            if d > distance[k] or (d == distance[k] and where >= along[k]):
                return
            for j in range(k, most - 1):
                found[j], distance[j], along[j] = found[j + 1], distance[j + 1], along[j + 1]
            found[most - 1], distance[most - 1] = -1, np.inf
            break
    if d > distance[most - 1] or (d == distance[most - 1] and line > found[most - 1] >= 0):
        return
    at = most - 1
    while at > 0 and (distance[at - 1] > d or (distance[at - 1] == d and found[at - 1] > line)):
        found[at], distance[at], along[at] = found[at - 1], distance[at - 1], along[at - 1]
        at -= 1
    found[at], distance[at], along[at] = line, d, where


def lines_near_boxes(xy: Floats, start: Longs, boxes: Floats) -> Longs:
    """Rows of the lines that may touch a box (b, 4: west, south, east, north), in order.

    Never leaves one out that does: lines and boxes share a grid cell.
    """
    if not len(xy) or not len(boxes):
        return np.empty(0, dtype=np.int64)
    corner = xy.min(axis=0)
    shape = np.floor((xy.max(axis=0) - corner) / CELL_M).astype(np.int64) + 1
    low = np.clip(np.floor((boxes[:, :2] - corner) / CELL_M).astype(np.int64), 0, shape)
    high = np.clip(np.floor((boxes[:, 2:] - corner) / CELL_M).astype(np.int64), -1, shape - 1)
    taken = np.zeros((shape[1], shape[0]), dtype=np.int64)
    some = (low <= high).all(axis=1)
    low, high = low[some], high[some]
    wide = ((high - low) > 1).any(axis=1)
    for column, row in ((low, low), (low, high), (high, low), (high, high)):
        taken[row[:, 1], column[:, 0]] = 1  # the corners: all that most boxes touch
    for (west, south), (east, north) in zip(low[wide].tolist(), high[wide].tolist(), strict=True):
        taken[south : north + 1, west : east + 1] = 1
    total = np.zeros((shape[1] + 1, shape[0] + 1), dtype=np.int64)
    total[1:, 1:] = taken.cumsum(axis=0).cumsum(axis=1)
    cell = np.floor((xy - corner) / CELL_M).astype(np.int64)
    first = np.minimum.reduceat(cell, start[:-1])
    last = np.maximum.reduceat(cell, start[:-1]) + 1
    held = (
        total[last[:, 1], last[:, 0]]
        - total[first[:, 1], last[:, 0]]
        - total[last[:, 1], first[:, 0]]
        + total[first[:, 1], first[:, 0]]
    )
    return np.flatnonzero(held)


def boxes_of_segments(shapes: npt.NDArray[np.object_]) -> Floats:
    """Boxes (s, 4) of every straight piece of some lines, or of the outlines of areas."""
    parts = shapely.get_parts(shapely.get_parts(shapes))
    areas = shapely.get_dimensions(parts) == 2
    parts = np.concatenate([parts[~areas], shapely.get_rings(parts[areas])])
    xy, row = shapely.get_coordinates(parts, return_index=True)
    inner = np.flatnonzero(row[1:] == row[:-1])
    low, high = np.minimum(xy[inner], xy[inner + 1]), np.maximum(xy[inner], xy[inner + 1])
    return np.hstack([low, high])


def boxes_of_points(xy: Floats, within_m: float) -> Floats:
    """Boxes (p, 4) of everything at most so far from points."""
    return np.hstack([xy - within_m, xy + within_m])


def places_along(xy: Floats, start: Longs, line: Longs, along_m: Floats) -> Floats:
    """Places on lines at a distance from their begin, shape (p, 2)."""
    return _places_along(xy, start, line.astype(np.int64), along_m)


@_jit
def _places_along(xy: Array, start: Array, line: Array, along: Array) -> Array:
    out = np.empty((len(line), 2))
    for p in range(len(line)):
        first, last = start[line[p]], start[line[p] + 1] - 1
        left = along[p]
        out[p] = xy[last]
        for v in range(first, last):
            step = np.hypot(xy[v + 1, 0] - xy[v, 0], xy[v + 1, 1] - xy[v, 1])
            if left < step:
                out[p] = xy[v] + (xy[v + 1] - xy[v]) * (left / step)
                break
            left -= step
    return out


@_jit
def touched(pieces: Array, cells: Cells, ways: Array) -> Array:
    """Whether straight ways (w, 4) may meet a segment: never false for one that does."""
    out = np.zeros(len(ways), dtype=np.bool_)
    for w in range(len(ways)):
        ax, ay, bx, by = ways[w, 0], ways[w, 1], ways[w, 2], ways[w, 3]
        low_c = max(int(np.floor((min(ax, bx) - NEAR_M - cells.corner[0]) / CELL_M)), 0)
        low_r = max(int(np.floor((min(ay, by) - NEAR_M - cells.corner[1]) / CELL_M)), 0)
        high_c = int(np.floor((max(ax, bx) + NEAR_M - cells.corner[0]) / CELL_M))
        high_r = int(np.floor((max(ay, by) + NEAR_M - cells.corner[1]) / CELL_M))
        for r in range(low_r, min(high_r, cells.shape[1] - 1) + 1):
            for c in range(low_c, min(high_c, cells.shape[0] - 1) + 1):
                cell = r * cells.shape[0] + c
                for i in range(cells.start[cell], cells.start[cell + 1]):
                    if not out[w] and _may_meet(pieces[cells.order[i]], ax, ay, bx, by):
                        out[w] = True
                if out[w]:
                    break
            if out[w]:
                break
    return out


@_jit
def _may_meet(piece: Array, ax: float, ay: float, bx: float, by: float) -> bool:
    """Whether two segments come within :data:`NEAR_M`, or might by the noise of rounding."""
    cx, cy, dx, dy = piece[0], piece[1], piece[2], piece[3]
    if min(ax, bx) - NEAR_M > max(cx, dx) or max(ax, bx) + NEAR_M < min(cx, dx):
        return False
    if min(ay, by) - NEAR_M > max(cy, dy) or max(ay, by) + NEAR_M < min(cy, dy):
        return False
    return not (
        _one_side(ax, ay, bx, by, cx, cy, dx, dy) or _one_side(cx, cy, dx, dy, ax, ay, bx, by)
    )


@_jit
def _one_side(
    ax: float, ay: float, bx: float, by: float, cx: float, cy: float, dx: float, dy: float
) -> bool:
    """Whether c and d lie clearly on one side of the line through a and b."""
    ux, uy = bx - ax, by - ay
    length = np.hypot(ux, uy)
    if length == 0.0:
        return False
    first = (ux * (cy - ay) - uy * (cx - ax)) / length
    second = (ux * (dy - ay) - uy * (dx - ax)) / length
    return (first > NEAR_M and second > NEAR_M) or (first < -NEAR_M and second < -NEAR_M)
