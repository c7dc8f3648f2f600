"""Gap-free cells: every place near a neighbourhood belongs to exactly one of them.

A district is a set of cells, so cells must form a valid coverage: no overlap, and where two of
them touch they share the very same vertices. That is reached by construction. All lines that may
divide cells (parcel boundaries, street centre lines, water, rail, halves of the way between
parcels, the outer limit) are noded together once and polygonised; each face goes to one
neighbourhood as a whole; a cell is the union of its faces.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from spatial.city.neighbourhoods.faces import face_owners, sides_of
from spatial.city.neighbourhoods.halfway import along_dividers, halfway_lines
from spatial.city.neighbourhoods.noding import Drawing, noded
from spatial.city.neighbourhoods.planar import Faces, faces_of, some_faces

__all__ = ["coverage_cells", "exclusive_parcels"]

GRID_M = 0.01
"""Vertices lie on a grid of one centimetre, so that noding cannot leave slivers."""

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
    # Both leave the interpreter free.
    with ThreadPoolExecutor(1) as aside:
        around = aside.submit(_limit, own[kept], reach_m)
        halfway = halfway_lines(own[kept], reach_m)
        limit = around.result()
    near = (
        dividers[np.sort(shapely.STRtree(dividers).query(limit, predicate="intersects"))]
        if len(dividers)
        else dividers
    )
    drawn = [
        shapely.boundary(own[kept]),
        [shapely.boundary(limit)],
        near,
        along_dividers(halfway, near),
    ]
    drawing = noded(np.concatenate(drawn), grid_m=GRID_M)
    faces = faces_of(drawing)
    shapely.prepare(limit)
    # On one core: threads may not share a prepared geometry, which GEOS fills as it is asked.
    near_parcels = shapely.intersects(limit, shapely.point_on_surface(faces.polygons))
    faces = some_faces(faces, near_parcels)
    owner = face_owners(
        faces.polygons, own[kept], near, reach_m=reach_m, edges=sides_of(drawing, faces)
    )
    cells = np.full(len(own), shapely.Polygon(), dtype=object)
    places, shapes = _united(drawing, faces, owner)
    cells[kept[places]] = shapes
    return gpd.GeoSeries(cells, index=parcels.index, crs=parcels.crs)


def _united(
    drawing: Drawing, faces: Faces, owner: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], Geometries]:
    """Return the owners of any faces, and each one's faces as one shape: no edge inside is left."""
    sides = np.append(owner, -1)[faces.side]
    rim = sides[:, 0] != sides[:, 1]
    outlines = Drawing(drawing.step, drawing.edge[faces.edge[rim]], drawing.grid_m)
    united = faces_of(outlines)
    holder = np.full(len(united.polygons), -1, dtype=np.int64)
    for side in range(2):
        bounded = united.side[:, side] >= 0
        holder[united.side[bounded, side]] = sides[rim][united.edge[bounded], side]
    order = np.argsort(holder, kind="stable")
    order = order[holder[order] >= 0]
    places, start, count = np.unique(holder[order], return_index=True, return_counts=True)
    shapes = united.polygons[order[start]]
    many = np.flatnonzero(np.repeat(count, count) > 1)
    several = np.flatnonzero(count > 1)
    if len(several):
        rows = np.repeat(np.arange(len(several)), count[several])
        shapes[several] = shapely.multipolygons(united.polygons[order[many]], indices=rows)
    return places, shapes


def _limit(parcels: Geometries, reach_m: float) -> shapely.Geometry:
    """Everything near a parcel.

    Off the grid, which parcels remember unless told otherwise: noding puts it there later, and
    the union takes a quarter of the time.
    """
    free = shapely.set_precision(parcels, 0.0)
    return shapely.union_all(shapely.buffer(free, reach_m, quad_segs=4))
