"""Lines halfway between parcels, led along the dividers where they run beside one."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import Delaunay

from spatial.city.neighbourhoods.slicing import ROWS_AT_ONCE, by_slices
from spatial.cores import in_order, slices

__all__ = ["along_dividers", "halfway_lines"]

SPACING_M: Final = 12.0
"""Distance of the points along parcel boundaries between which halfway lines are drawn."""
HALFWAY_M: Final = 0.25
"""Halfway lines are drawn as exactly as this."""
SHORTEST_M: Final = 0.01
"""Shorter pieces are not drawn."""
BESIDE_M: Final = 2.0
"""A halfway line so near a divider runs along it: a street is not divided lengthwise."""
MOST_DETOUR: Final = 1.5
"""A divider leads from one place to the next if it is at most so many times the straight way."""
SLACK_M: Final = 0.5
PAIRS_AT_ONCE: Final = 2_000
"""Pairs of parcels whose halfway lines one core joins together."""

Geometries = npt.NDArray[np.object_]


def along_dividers(lines: Geometries, dividers: Geometries) -> Geometries:
    """Leave to the dividers what runs along them: no slivers between a street and its middle.

    Vertices within 2 m of a divider move onto it, and where the divider itself leads from one
    vertex to the next, the piece between them is left out.

    Parameters
    ----------
    lines : array of LineString
        Halfway lines.
    dividers : array of LineString or MultiLineString
        Streets, banks, railways.

    Returns
    -------
    array of LineString
        What is left of the lines; with the dividers it parts what the lines parted.

    Examples
    --------
    >>> halfway = shapely.from_wkt(["LINESTRING (0 1, 50 0.5, 100 1, 100 40)"])
    >>> street = shapely.from_wkt(["LINESTRING (-10 0, 110 0)"])
    >>> print(along_dividers(halfway, street)[0])
    LINESTRING (100 0, 100 40)
    """
    if not len(lines) or not len(dividers):
        return lines
    xy, row = shapely.get_coordinates(lines, return_index=True)
    tree = shapely.STRtree(dividers)
    tree.query(shapely.Point(0, 0))  # the tree must be complete before threads ask it

    def onto(rows: slice) -> tuple[npt.NDArray[np.int64], ...]:
        places = shapely.points(xy[rows])
        at, which = tree.query_nearest(places, max_distance=BESIDE_M, all_matches=False)
        along_m = shapely.line_locate_point(dividers[which], places[at])
        there = shapely.line_interpolate_point(dividers[which], along_m)
        return at + rows.start, which, along_m, shapely.get_coordinates(there)

    found = zip(*in_order(onto, slices(len(xy), ROWS_AT_ONCE)), strict=True)
    at, which, along_m, there = (np.concatenate(part) for part in found)
    xy[at] = there
    divider = np.full(len(xy), -1, dtype=np.int64)
    divider[at] = which
    place_m = np.zeros(len(xy))
    place_m[at] = along_m
    straight_m = np.hypot(*np.diff(xy, axis=0).T)
    led = (divider[1:] == divider[:-1]) & (divider[1:] >= 0)
    led &= np.abs(np.diff(place_m)) <= MOST_DETOUR * straight_m + SLACK_M
    piece = np.flatnonzero((row[1:] == row[:-1]) & ~led & (straight_m > SHORTEST_M))
    if not len(piece):
        return np.array([], dtype=object)
    # Pieces that follow one another stay one line.
    fresh = np.ones(len(piece), dtype=bool)
    fresh[1:] = (np.diff(piece) != 1) | (row[piece[1:]] != row[piece[:-1]])
    line = np.cumsum(fresh) - 1
    last = np.r_[fresh[1:], True]
    vertex = np.concatenate([piece, piece[last] + 1])
    of = np.concatenate([line, line[last]])
    order = np.lexsort((vertex, of))
    return np.asarray(shapely.linestrings(xy[vertex[order]], indices=of[order]), dtype=object)


def halfway_lines(parcels: Geometries, reach_m: float) -> Geometries:
    """Lines halfway between different parcels: edges of the Voronoi diagram of their boundaries.

    Parameters
    ----------
    parcels : array of Polygon or MultiPolygon, shape (n,)
        Disjoint, in metres.
    reach_m : float
        Only edges nearer than this to both parcels are drawn.

    Returns
    -------
    array of LineString
    """
    dense = shapely.segmentize(shapely.boundary(_simplified(parcels)), SPACING_M)
    xy, owner = shapely.get_coordinates(dense, return_index=True)
    xy, first = np.unique(np.round(xy, 2), axis=0, return_index=True)
    owner = owner[first]
    if len(np.unique(owner)) < 2:
        return np.array([], dtype=object)
    west_south, east_north = xy.min(axis=0), xy.max(axis=0)
    origin = (west_south + east_north) / 2
    # Four far points make every region of a parcel's point a bounded one.
    far_m = 2 * float((east_north - west_south).max()) + 4 * reach_m
    corners = np.array([(-1, -1), (-1, 1), (1, -1), (1, 1)]) * far_m
    sites = np.vstack([xy - origin, corners])
    pair, ends = _ridges(sites)
    owners = np.r_[owner, -1, -1, -1, -1]
    wanted = (owners[pair[:, 0]] != owners[pair[:, 1]]) & (owners[pair] >= 0).all(axis=1)
    apart_m = np.hypot(*(sites[pair[:, 0]] - sites[pair[:, 1]]).T)
    wanted &= apart_m <= 2 * reach_m
    pair = pair[wanted]
    # A long edge is cut where it leaves the parcels' surroundings: nothing beyond is drawn.
    middle = (sites[pair[:, 0]] + sites[pair[:, 1]])[:, None] / 2
    offset = ends[wanted] - middle
    length_m = np.maximum(np.hypot(offset[..., 0], offset[..., 1])[..., None], SHORTEST_M)
    lines = middle + origin + offset * np.minimum(1.0, 4 * reach_m / length_m)
    long_enough = np.hypot(*(lines[:, 0] - lines[:, 1]).T) > SHORTEST_M
    between = np.sort(owners[pair][long_enough], axis=1)
    return _merged(lines[long_enough], between)


def _ridges(
    sites: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float64]]:
    """Return the bounded edges of the Voronoi diagram: two sites each, and the two ends.

    Made from the triangles: half the time of scipy's diagram, and other threads go on meanwhile.
    """
    triangles = Delaunay(sites)
    corner, beside = triangles.simplices, triangles.neighbors
    a, b, c = (sites[corner[:, k]] for k in range(3))
    b, c = b - a, c - a
    # Centre of the circle through a triangle, from its first corner.
    b2, c2 = (b**2).sum(axis=1), (c**2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        twice = 2 * (b[:, 0] * c[:, 1] - b[:, 1] * c[:, 0])
        x_m = (c[:, 1] * b2 - b[:, 1] * c2) / twice
        y_m = (b[:, 0] * c2 - c[:, 0] * b2) / twice
    centre = a + np.column_stack([x_m, y_m])
    one, side = np.nonzero(beside > np.arange(len(beside))[:, None])
    other = beside[one, side]
    pair = np.column_stack([corner[one, (side + 1) % 3], corner[one, (side + 2) % 3]])
    ends = np.stack([centre[one], centre[other]], axis=1)
    round_ones = np.isfinite(ends).all(axis=(1, 2))
    return pair[round_ones], ends[round_ones]


def _merged(lines: npt.NDArray[np.float64], between: npt.NDArray[np.int64]) -> Geometries:
    """Join the short edges between the same two parcels to long lines: fewer to node."""
    # In an order of their own: the triangles' order is chance.
    backward = np.lexsort((lines[:, :, 1], lines[:, :, 0]), axis=1)[:, 0] == 1
    lines = np.where(backward[:, None, None], lines[:, ::-1], lines)
    at = np.round(lines[:, 0], 2)
    order = np.lexsort((at[:, 1], at[:, 0], between[:, 1], between[:, 0]))
    _, group = np.unique(between[order], axis=0, return_inverse=True)
    pieces = shapely.linestrings(lines[order])
    between_two = shapely.multilinestrings(pieces, indices=group.ravel())
    whole = shapely.get_parts(by_slices(shapely.line_merge, between_two, size=PAIRS_AT_ONCE))
    return by_slices(_simplified, whole)


def _simplified(shapes: Geometries) -> Geometries:
    """Leave out what is not needed to be as exact as halfway lines are drawn."""
    return np.asarray(shapely.simplify(shapes, HALFWAY_M), dtype=object)
