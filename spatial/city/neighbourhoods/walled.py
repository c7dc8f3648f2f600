"""Land enclosed by walls and fences, where homes stand in it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely

from spatial.city.model import City
from spatial.city.neighbourhoods.blocks import street_lines
from spatial.standards.parameters import ParameterSet

__all__ = ["closed_gaps", "walled_land"]

Geometries = npt.NDArray[np.object_]
NEAR_WALL_M = 0.5
"""An outline this near a wall runs along it."""


def walled_land(city: City, homes: Geometries, parameters: ParameterSet) -> Geometries:
    """Return land closed by walls, or for the most part by walls and else by streets, with homes.

    Openings up to ``wall_gap_m`` (gates) are closed in thought. Of walled land inside walled land
    the outer one is the neighbourhood, unless it is larger than any block.

    Parameters
    ----------
    city : City
    homes : array of geometry, shape (h,)
        Residential buildings; at least one must stand inside.
    parameters : ParameterSet
        Room ``neighbourhoods``.

    Returns
    -------
    array of Polygon, shape (n,)
        Disjoint, in the order of their position.
    """
    barriers = city.layer("barriers")
    chosen = barriers["kind"].isin(parameters["enclosing_kinds"])
    walls = barriers.geometry.to_numpy()[chosen.to_numpy(dtype=bool)]
    if len(walls) == 0 or len(homes) == 0:
        return np.array([], dtype=object)
    walls = np.append(walls, closed_gaps(walls, parameters["wall_gap_m"]))
    spots = shapely.STRtree(shapely.point_on_surface(homes))
    closed = _lived_in(_faces(walls), spots, parameters)
    streets = street_lines(city, parameters["cell_divider_classes"])
    mixed = _faces(np.concatenate([walls, streets])) if len(streets) else closed[:0]
    if len(mixed):
        beside = shapely.buffer(shapely.union_all(walls), NEAR_WALL_M)
        rims = shapely.boundary(mixed)
        walled_share = shapely.length(shapely.intersection(rims, beside)) / shapely.length(rims)
        mixed = _lived_in(mixed[walled_share >= parameters["walled_share"]], spots, parameters)
    # A closed wall goes before one that needs a street to close it; the outer before the inner.
    found = np.concatenate([closed, mixed])
    rank = np.r_[np.zeros(len(closed)), np.ones(len(mixed))]
    order = np.lexsort((-shapely.area(found), rank))
    return _in_order(_disjoint(found[order]))


def closed_gaps(walls: Geometries, gap_m: float) -> Geometries:
    """Straight lines across openings: from each loose end to other loose ends, else other walls.

    Examples
    --------
    >>> wall = shapely.LineString([(0, 0), (40, 0), (40, 40), (0, 40), (0, 6)])
    >>> [line.wkt for line in closed_gaps(np.array([wall]), 8.0)]
    ['LINESTRING (0 0, 0 6)']
    """
    parts = shapely.get_parts(shapely.line_merge(shapely.union_all(walls)))
    open_parts = parts[~shapely.is_closed(parts)]
    ends = np.concatenate([shapely.get_point(open_parts, 0), shapely.get_point(open_parts, -1)])
    if len(ends) == 0:
        return np.array([], dtype=object)
    _, back, count = np.unique(
        shapely.get_coordinates(ends),
        axis=0,
        return_inverse=True,
        return_counts=True,
    )
    own = np.tile(np.arange(len(open_parts)), 2)
    loose = np.flatnonzero(count[back.ravel()] == 1)
    spots, own = ends[loose], own[loose]
    one, other = shapely.STRtree(spots).query(spots, predicate="dwithin", distance=gap_m)
    pair = one < other
    links = shapely.shortest_line(spots[one[pair]], spots[other[pair]])
    # Ends that meet no other end stop short of a wall in its middle.
    lonely = np.setdiff1d(np.arange(len(spots)), np.r_[one[pair], other[pair]])
    end, wall = shapely.STRtree(parts).query(spots[lonely], predicate="dwithin", distance=gap_m)
    own_row = np.searchsorted(np.flatnonzero(~shapely.is_closed(parts)), wall)
    open_wall = ~shapely.is_closed(parts)[wall]
    mine = open_wall & (own_row == own[lonely][end])
    stubs = shapely.shortest_line(spots[lonely][end[~mine]], parts[wall[~mine]])
    return np.asarray(np.concatenate([links, stubs[shapely.length(stubs) > 0]]), dtype=object)


def _faces(lines: Geometries) -> Geometries:
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(shapely.union_all(lines))))
    return np.asarray(shapely.polygons(shapely.get_exterior_ring(faces)), dtype=object)


def _lived_in(faces: Geometries, spots: shapely.STRtree, parameters: ParameterSet) -> Geometries:
    most_m2 = parameters["block_area_m2"][1]
    area_m2 = shapely.area(faces)
    faces = faces[(area_m2 >= parameters["min_parcel_m2"]) & (area_m2 <= most_m2)]
    held = np.unique(spots.query(faces, predicate="contains")[0])
    return np.asarray(faces[held], dtype=object)


def _disjoint(faces: Geometries) -> Geometries:
    """Keep each face that overlaps none before it."""
    left, right = shapely.STRtree(faces).query(faces, predicate="intersects")
    common = shapely.area(shapely.intersection(faces[left], faces[right])) > NEAR_WALL_M
    keep = np.ones(len(faces), dtype=bool)
    before: dict[int, list[int]] = {}
    for late, early in zip(left[common].tolist(), right[common].tolist(), strict=True):
        if early < late:
            before.setdefault(late, []).append(early)
    for face in range(len(faces)):
        keep[face] = not any(keep[other] for other in before.get(face, []))
    return np.asarray(faces[keep], dtype=object)


def _in_order(faces: Geometries) -> Geometries:
    at = shapely.get_coordinates(shapely.point_on_surface(faces)).reshape(-1, 2)
    return np.asarray(faces[np.lexsort((at[:, 1], at[:, 0]))], dtype=object)
