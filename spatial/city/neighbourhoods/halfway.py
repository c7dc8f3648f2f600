"""Lines halfway between parcels, led along the dividers where they run beside one."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

from spatial.city.neighbourhoods.beside import near_lines
from spatial.city.neighbourhoods.ridges import JOINTS_PER_M, chains, ridges

__all__ = ["along_dividers", "halfway_lines"]

STEPS_PER_M: Final = 100
"""Parcel boundaries are looked at on a grid of one centimetre."""
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
    found = near_lines(xy, dividers, within_m=BESIDE_M)
    xy, divider, place_m = found.xy_m, found.line, found.along_m
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
    dense = shapely.segmentize(shapely.boundary(shapely.simplify(parcels, HALFWAY_M)), SPACING_M)
    xy, owner = shapely.get_coordinates(dense, return_index=True)
    places, first = np.unique(
        np.round(xy * STEPS_PER_M).astype(np.int64), axis=0, return_index=True
    )
    owner = owner[first]
    if len(np.unique(owner)) < 2:
        return np.array([], dtype=object)
    low, high = places.min(axis=0), places.max(axis=0)
    origin = (low + high) // 2
    # Four far places make every region of a parcel's place a bounded one.
    far = 2 * int((high - low).max()) + int(4 * STEPS_PER_M * reach_m)
    corners = np.array([(-1, -1), (-1, 1), (1, -1), (1, 1)]) * far
    found = ridges(
        np.vstack([places - origin, corners]),
        np.r_[owner, -1, -1, -1, -1],
        scale=STEPS_PER_M,
        reach_m=reach_m,
        shortest_m=SHORTEST_M,
    )
    joint, start = chains(found, exact_m=HALFWAY_M)
    lines = (found.joint[joint] + origin * (JOINTS_PER_M // STEPS_PER_M)) / JOINTS_PER_M
    row = np.repeat(np.arange(len(start) - 1), np.diff(start))
    return np.asarray(shapely.linestrings(lines, indices=row), dtype=object)
