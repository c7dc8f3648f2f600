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

__all__ = ["coverage_cells", "exclusive_parcels"]

GRID_M = 0.01
"""Vertices lie on a grid of one centimetre, so that noding cannot leave slivers."""
SPACING_M = 12.0
"""Distance of the points along parcel boundaries between which halfway lines are drawn."""

Geometries = npt.NDArray[np.object_]
Owners = npt.NDArray[np.int64]


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
    own = snapped.copy()
    for place in np.unique(left):
        above = shapely.union_all(snapped[right[left == place]], grid_size=GRID_M)
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
    limit = shapely.union_all(shapely.buffer(own, reach_m, quad_segs=4), grid_size=GRID_M)
    inside = shapely.union_all(own, grid_size=GRID_M)
    free = shapely.difference(limit, inside, grid_size=GRID_M)
    halves = _halfway_lines(own)
    near = (
        dividers[shapely.STRtree(dividers).query(limit, predicate="intersects")]
        if len(dividers)
        else dividers
    )
    cuts = shapely.intersection(
        shapely.union_all(np.concatenate([near, halves]), grid_size=GRID_M), free, grid_size=GRID_M
    )
    edges = shapely.union_all(
        np.concatenate([shapely.boundary(own), [shapely.boundary(limit), cuts]]), grid_size=GRID_M
    )
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(edges)))
    owner = _owners(faces, own, near, reach_m)
    cells = np.full(len(own), shapely.Polygon(), dtype=object)
    order = np.argsort(owner, kind="stable")
    start = np.searchsorted(owner[order], np.arange(len(own)))
    end = np.searchsorted(owner[order], np.arange(len(own)), side="right")
    for place in range(len(own)):
        mine = faces[order[start[place] : end[place]]]
        if len(mine):
            cells[place] = shapely.coverage_union_all(mine)
    return gpd.GeoSeries(cells, index=parcels.index, crs=parcels.crs)


def _halfway_lines(own: Geometries) -> Geometries:
    """Lines halfway between different parcels: edges of the Voronoi diagram of their boundaries."""
    dense = shapely.segmentize(shapely.boundary(own), SPACING_M)
    xy, owner = shapely.get_coordinates(dense, return_index=True)
    xy, first = np.unique(np.round(xy, 2), axis=0, return_index=True)
    owner = owner[first]
    if len(np.unique(owner)) < 2:
        return np.array([], dtype=object)
    diagram = shapely.voronoi_polygons(shapely.multipoints(xy), ordered=True)
    regions = shapely.set_precision(shapely.get_parts(diagram), GRID_M)
    order = np.argsort(owner, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(owner[order]) > 0])
    joined = [
        shapely.union_all(part, grid_size=GRID_M) for part in np.split(regions[order], starts[1:])
    ]
    return shapely.boundary(np.array(joined, dtype=object))


def _owners(faces: Geometries, own: Geometries, dividers: Geometries, reach_m: float) -> Owners:
    """Give each face to the parcel that holds it, else to the nearest one on its side; −1: none."""
    owner = np.full(len(faces), -1, dtype=np.int64)
    inner = shapely.point_on_surface(faces)
    tree = shapely.STRtree(own)
    face, parcel = tree.query(inner, predicate="intersects")
    owner[face] = parcel
    open_faces = np.flatnonzero(owner < 0)
    face, parcel = tree.query(inner[open_faces], predicate="dwithin", distance=reach_m * 1.5)
    face = open_faces[face]
    way = shapely.shortest_line(inner[face], own[parcel])
    across = np.zeros(len(face), dtype=bool)
    if len(dividers):
        hit, _ = shapely.STRtree(dividers).query(way, predicate="crosses")
        across[np.unique(hit)] = True
    order = np.lexsort((parcel, np.round(shapely.length(way), 2), across, face))
    chosen, place = np.unique(face[order], return_index=True)
    owner[chosen] = parcel[order][place]
    return owner
