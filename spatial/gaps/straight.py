"""Straight distance from areas to the nearest of many places: found by a grid, measured exactly."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely

from spatial.gaps.straight_areas import nearest_area
from spatial.reach.kernels import Array
from spatial.reach.kernels import _jit as jit

__all__ = ["Outlines", "nearest_straight_m"]

PER_CELL: Final = 2.0
"""Places in a cell of the grid, on average."""
AREAS: Final = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)

Objects = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]


class Outlines:
    """Areas laid out for many searches: all their rings as one row of points."""

    def __init__(self, shapes: Objects) -> None:
        self.shapes = shapes
        parts, area = shapely.get_parts(shapes, return_index=True)
        rings, part = shapely.get_rings(parts, return_index=True)
        xy, ring = shapely.get_coordinates(rings, return_index=True)
        last = np.ones(len(ring), dtype=bool)
        last[:-1] = ring[1:] != ring[:-1]
        begins = np.flatnonzero(~last)
        self.boxes = shapely.bounds(shapes)
        self.pieces = np.hstack([xy[begins], xy[begins + 1]])
        owner = area[part[ring[begins]]]
        self.start = np.searchsorted(owner, np.arange(len(shapes) + 1))


def nearest_straight_m(outlines: Outlines, places: Objects) -> Floats:
    """Distance from each area to the nearest place, 0 where one lies inside or touches.

    Parameters
    ----------
    outlines : Outlines, shape (n,)
        Of polygons or multipolygons.
    places : array of geometries, shape (p,)
        Points or areas; those that are missing or empty do not count.

    Returns
    -------
    array of float, shape (n,)
        Metres; NaN where there is no place or no area.

    Notes
    -----
    Points are sought ring by ring of a grid, areas by their boxes and pieces; the distance to the
    one found is shapely's own.

    Examples
    --------
    >>> squares = shapely.box([0, 100], [0, 0], [10, 110], [10, 10])
    >>> nearest_straight_m(Outlines(squares), shapely.points([[13.0, 14.0], [105.0, 5.0]])).tolist()
    [5.0, 0.0]
    """
    away = np.full(len(outlines.shapes), np.nan)
    held = ~(shapely.is_missing(places) | shapely.is_empty(places))
    is_point = shapely.get_type_id(places) == shapely.GeometryType.POINT
    points, others = places[held & is_point], places[held & ~is_point]
    if len(points):
        xy = shapely.get_coordinates(points)
        row = _nearest_point(outlines.pieces, outlines.start, outlines.boxes, xy, *_grid(xy))
        found = np.flatnonzero(row >= 0)
        away[found] = shapely.distance(outlines.shapes[found], points[row[found]])
    if len(others) and np.isin(shapely.get_type_id(others), AREAS).all():
        laid = Outlines(others)
        row = nearest_area(
            outlines.pieces, outlines.start, outlines.boxes, laid.pieces, laid.start, laid.boxes
        )
        found = np.flatnonzero(row >= 0)
        metres = shapely.distance(outlines.shapes[found], others[row[found]])
        away[found] = np.fmin(away[found], metres)
    elif len(others):  # lines and mixtures: whoever calls with them has few
        tree = shapely.STRtree(others)
        (area, _), metres = tree.query_nearest(
            outlines.shapes, return_distance=True, all_matches=False
        )
        away[area] = np.fmin(away[area], metres)
    return away


def _grid(xy: Floats) -> tuple[Floats, float, npt.NDArray[np.int64], Array, Array]:
    """Sort points by the cell of a square grid: corner, side, shape, first row of a cell, rows."""
    low, span = xy.min(axis=0), np.ptp(xy, axis=0)
    side = max(float(np.sqrt(PER_CELL * max(span[0], 1.0) * max(span[1], 1.0) / len(xy))), 1.0)
    side = max(side, float(span.max()) / (1.0 + len(xy)))  # points on one line: no empty millions
    shape = (span // side).astype(np.int64) + 1
    cell = ((xy - low) // side).astype(np.int64)
    code = cell[:, 1] * shape[0] + cell[:, 0]
    order = np.argsort(code, kind="stable")
    start = np.searchsorted(code[order], np.arange(shape.prod() + 1))
    return low, side, shape, start, order


@jit
def _away(pieces: Array, begin: Any, end: Any, x: float, y: float) -> float:
    """Square of the distance from a point to an area; 0 inside."""
    best = np.inf
    inside = False
    for i in range(begin, end):  # rings are closed: the end of a piece is the start of another
        ux, uy = x - pieces[i, 0], y - pieces[i, 1]
        dx, dy = pieces[i, 2] - pieces[i, 0], pieces[i, 3] - pieces[i, 1]
        beside, along = ux * dy - uy * dx, ux * dx + uy * dy
        if (uy < 0) != (uy < dy) and (beside < 0) == (dy > 0):
            inside = not inside
        if along <= 0:
            best = min(best, ux * ux + uy * uy)
            continue
        square = dx * dx + dy * dy
        if along < square and beside * beside < best * square:
            best = beside * beside / square
    return 0.0 if inside else best


@jit
def _nearest_point(  # noqa: C901, PLR0912
    pieces: Array,
    start: Array,
    boxes: Array,
    xy: Array,
    low: Array,
    side: float,
    shape: Array,
    cell_start: Array,
    order: Array,
) -> Array:
    """Row of the point nearest to each area, the first among equals; -1 for an empty area."""
    out = np.full(len(start) - 1, -1, dtype=np.int64)
    across, up = shape[0], shape[1]
    for area in range(len(out)):
        begin, end = start[area], start[area + 1]
        if begin == end:
            continue
        x0, y0, x1, y1 = boxes[area]
        # Cells of the area's own box first, then frame after frame around it.
        c0, c1 = int(np.floor((x0 - low[0]) / side)), int(np.floor((x1 - low[0]) / side))
        r0, r1 = int(np.floor((y0 - low[1]) / side)), int(np.floor((y1 - low[1]) / side))
        best, row = np.inf, -1
        frame = max(0, c0 - (across - 1), -c1, r0 - (up - 1), -r1)  # the first that has cells
        first = True
        while True:
            left, right, bottom, top = c0 - frame, c1 + frame, r0 - frame, r1 + frame
            if row >= 0:  # what lies in this frame or beyond is at least so far from the box
                least = min(x0 - low[0] - (left + 1) * side, low[0] + right * side - x1)
                least = min(least, y0 - low[1] - (bottom + 1) * side)
                least = min(least, low[1] + top * side - y1)
                if least > 0 and least * least > best:
                    break
            for r in range(max(bottom, 0), min(top, up - 1) + 1):
                whole = first or r in (bottom, top)
                step = 1 if whole or right == left else right - left
                c = left
                while c <= right:
                    if 0 <= c < across:
                        cell = r * across + c
                        for k in range(cell_start[cell], cell_start[cell + 1]):
                            p = order[k]
                            px, py = xy[p, 0], xy[p, 1]
                            ox = max(x0 - px, 0.0, px - x1)
                            oy = max(y0 - py, 0.0, py - y1)
                            if ox * ox + oy * oy > best:
                                continue
                            away = _away(pieces, begin, end, px, py)
                            if away < best or (away == best and p < row):
                                best, row = away, p
                    elif whole and c < 0:
                        c = -1  # straight to the grid
                    elif whole:
                        break
                    c += step
            first = False
            if left <= 0 and bottom <= 0 and right >= across - 1 and top >= up - 1:
                break
            frame += 1
        out[area] = row
    return out
