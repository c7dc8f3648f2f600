"""Gap-free cells: every place near a neighbourhood belongs to exactly one of them.

A district is a set of cells, so cells must form a valid coverage: no overlap, and where two of
them touch they share the very same vertices. That is reached by construction. All lines that may
divide cells (parcel boundaries, street centre lines, water, rail, halves of the way between
parcels, the outer limit) are noded together once and polygonised; each face goes to one
neighbourhood as a whole; a cell is the union of its faces.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import Voronoi

from spatial.city.neighbourhoods.faces import face_owners

__all__ = ["coverage_cells", "exclusive_parcels"]

GRID_M = 0.01
"""Vertices lie on a grid of one centimetre, so that noding cannot leave slivers."""
SPACING_M = 12.0
"""Distance of the points along parcel boundaries between which halfway lines are drawn."""

HALFWAY_M = 0.25
"""Halfway lines are drawn as exactly as this."""

Geometries = npt.NDArray[np.object_]


def exclusive_parcels(parcels: Geometries) -> Geometries:
    """Return what each parcel has for itself: where two overlap, the smaller one keeps it.

    Parameters
    ----------
    parcels : array of Polygon or MultiPolygon, shape (n,)
        Surveyed outlines, valid; equal areas are decided by position.

    Returns
    -------
    array of geometry, shape (n,)
        Disjoint, on a grid of 0.01 m; empty where a parcel lies wholly under smaller ones.
    """
    snapped = shapely.set_precision(parcels, GRID_M)
    area_m2 = shapely.area(snapped)
    tree = shapely.STRtree(snapped)
    left, right = tree.query(snapped, predicate="intersects")
    smaller = (area_m2[right] < area_m2[left]) | (
        (area_m2[right] == area_m2[left]) & (right < left)
    )
    left, right = left[smaller], right[smaller]
    overlap = shapely.area(shapely.intersection(snapped[left], snapped[right], grid_size=GRID_M))
    left, right = left[overlap > 0], right[overlap > 0]
    order = np.lexsort((right, left))
    left, right = left[order], right[order]
    own = snapped.copy()
    places, start = np.unique(left, return_index=True)
    for place, smaller_ones in zip(places, np.split(right, start[1:]), strict=False):
        above = shapely.union_all(snapped[smaller_ones], grid_size=GRID_M)
        own[place] = shapely.difference(snapped[place], above, grid_size=GRID_M)
    return own


def coverage_cells(
    parcels: gpd.GeoSeries, dividers: Geometries, *, reach_m: float
) -> gpd.GeoSeries:
    """Return one cell for each parcel; together they are a valid coverage.

    Parameters
    ----------
    parcels : GeoSeries of Polygon or MultiPolygon, shape (n,)
        In metres.
    dividers : array of LineString or MultiLineString
        Street centre lines, banks and railways: space between parcels is divided along them.
    reach_m : float
        A cell reaches so far beyond its parcel, metres, where no neighbour is nearer.

    Returns
    -------
    GeoSeries of Polygon or MultiPolygon, shape (n,)
        On the parcels' index. A parcel that lies wholly under smaller ones keeps an empty polygon.
    """
    if len(parcels) == 0:
        return parcels.copy()
    own = exclusive_parcels(parcels.to_numpy())
    kept = np.flatnonzero(shapely.area(own) > 0)
    limit = shapely.union_all(shapely.buffer(own[kept], reach_m, quad_segs=4), grid_size=GRID_M)
    near = (
        dividers[np.sort(shapely.STRtree(dividers).query(limit, predicate="intersects"))]
        if len(dividers)
        else dividers
    )
    drawn = [
        shapely.boundary(own[kept]),
        [shapely.boundary(limit)],
        near,
        _halfway_lines(own[kept], reach_m),
    ]
    edges = shapely.union_all(np.concatenate(drawn), grid_size=GRID_M)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(edges)))
    shapely.prepare(limit)
    faces = faces[shapely.intersects(limit, shapely.point_on_surface(faces))]
    owner = face_owners(faces, own[kept], near, reach_m=reach_m)
    owner = np.where(owner >= 0, kept[owner], -1)
    cells = np.full(len(own), shapely.Polygon(), dtype=object)
    order = np.argsort(owner, kind="stable")
    start = np.searchsorted(owner[order], np.arange(len(own)))
    end = np.searchsorted(owner[order], np.arange(len(own)), side="right")
    for place in range(len(own)):
        mine = faces[order[start[place] : end[place]]]
        if len(mine):
            cells[place] = shapely.coverage_union_all(mine)
    return gpd.GeoSeries(cells, index=parcels.index, crs=parcels.crs)


def _halfway_lines(own: Geometries, reach_m: float) -> Geometries:
    """Lines halfway between different parcels: edges of the Voronoi diagram of their boundaries.

    Only edges nearer than `reach_m` to both parcels are drawn.
    """
    dense = shapely.segmentize(shapely.boundary(own), SPACING_M)
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
    diagram = Voronoi(np.vstack([xy - origin, corners]))
    pair = diagram.ridge_points
    ends = np.asarray(diagram.ridge_vertices)
    owners = np.r_[owner, -1, -1, -1, -1]
    wanted = (owners[pair[:, 0]] != owners[pair[:, 1]]) & (owners[pair] >= 0).all(axis=1)
    wanted &= (ends >= 0).all(axis=1)
    apart_m = np.hypot(*(diagram.points[pair[:, 0]] - diagram.points[pair[:, 1]]).T)
    wanted &= apart_m <= 2 * reach_m
    lines = diagram.vertices[ends[wanted]] + origin
    # A long edge is cut where it leaves the parcels' surroundings: nothing beyond is drawn.
    middle = (diagram.points[pair[wanted, 0]] + diagram.points[pair[wanted, 1]])[:, None] / 2
    offset = lines - (middle + origin)
    length_m = np.maximum(np.hypot(offset[..., 0], offset[..., 1])[..., None], GRID_M)
    lines = middle + origin + offset * np.minimum(1.0, 4 * reach_m / length_m)
    long_enough = np.hypot(*(lines[:, 0] - lines[:, 1]).T) > GRID_M
    between = np.sort(owners[pair[wanted]][long_enough], axis=1)
    return _merged(lines[long_enough], between)


def _merged(lines: npt.NDArray[np.float64], between: npt.NDArray[np.int64]) -> Geometries:
    """Join the short edges between the same two parcels to long lines: fewer to node."""
    order = np.lexsort((between[:, 1], between[:, 0]))
    _, group = np.unique(between[order], axis=0, return_inverse=True)
    pieces = shapely.linestrings(lines[order])
    whole = shapely.line_merge(shapely.multilinestrings(pieces, indices=group.ravel()))
    return np.asarray(shapely.simplify(shapely.get_parts(whole), HALFWAY_M), dtype=object)
