"""Neighbourhoods known as points: land, block or disc around each."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.city.model import City
from spatial.city.neighbourhoods.blocks import street_lines
from spatial.city.report import Note
from spatial.standards.parameters import ParameterSet

__all__ = ["around_points", "discs"]

Geometries = npt.NDArray[np.object_]
DISC_SEGMENTS: Final = 8


def around_points(
    points: gpd.GeoDataFrame, surveyed: gpd.GeoDataFrame, city: City, parameters: ParameterSet
) -> tuple[gpd.GeoDataFrame, Note]:
    """Give each point the residential land, street block or disc that it stands for."""
    centres = shapely.centroid(points.geometry.to_numpy())
    shapes = discs(centres, points["households"], city, parameters)
    derived = np.full(len(points), "buffered", dtype=object)
    blocks, in_block = _own_blocks(centres, surveyed, city, parameters)
    shapes[in_block] = blocks[in_block]
    derived[in_block] = "delineated"
    land = city.layer("land_use")
    homes = land.geometry.to_numpy()[(land["use"] == "residential").to_numpy(dtype=bool)]
    if len(homes):
        tree = shapely.STRtree(homes)
        point, home = tree.query(centres, predicate="within")
        alone = np.bincount(home, minlength=len(homes))[home] == 1
        free = ~np.isin(home, shapely.STRtree(surveyed.geometry.to_numpy()).query(homes)[0])
        chosen = alone & free
        shapes[point[chosen]] = homes[home[chosen]]
        derived[point[chosen]] = "delineated"
    frame = points.assign(derived=derived).set_geometry(
        gpd.GeoSeries(shapes, index=points.index, crs=points.crs)
    )
    counts = frame["derived"].value_counts()
    buffered, drawn = int(counts.get("buffered", 0)), int(counts.get("delineated", 0))
    return frame, Note(
        "points_given_outlines",
        f"{len(points)} 个小区只有点位:{drawn} 个取所在居住用地或围合街区,{buffered} 个按缓冲推定",
        f"{len(points)} neighbourhoods are points only: {drawn} take the residential land or the "
        f"enclosed street block that holds them, {buffered} are buffered",
        "warning",
    )


def _own_blocks(
    centres: Geometries, surveyed: gpd.GeoDataFrame, city: City, parameters: ParameterSet
) -> tuple[Geometries, npt.NDArray[np.bool_]]:
    """Street block that holds each point, set back from the street, and where there is one.

    Points that share a block divide it halfway. A block too large to be one residential block
    says little about the outline, and one with a surveyed neighbourhood is not given away.
    """
    none = np.full(len(centres), shapely.Polygon(), dtype=object)
    lines = street_lines(city, parameters["cell_divider_classes"])
    if len(lines) == 0:
        return none, np.zeros(len(centres), dtype=bool)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(shapely.union_all(lines))))
    taken = shapely.STRtree(faces).query(surveyed.geometry.to_numpy(), predicate="intersects")[1]
    faces = np.delete(faces, np.unique(taken))
    low_m2, high_m2 = parameters["block_area_m2"]
    faces = faces[(shapely.area(faces) >= low_m2) & (shapely.area(faces) <= high_m2)]
    point, face = shapely.STRtree(faces).query(centres, predicate="within")
    blocks = none
    land = shapely.buffer(faces[face], -parameters["street_setback_m"], join_style="mitre")
    blocks[point] = shapely.intersection(land, _own_regions(centres)[point])
    parts, row = shapely.get_parts(blocks, return_index=True)
    away_m = shapely.distance(parts, centres[row])
    order = np.lexsort((-shapely.area(parts), away_m, row))
    first, at = np.unique(row[order], return_index=True)
    blocks[first] = parts[order][at]
    return blocks, shapely.area(blocks) >= low_m2


def discs(
    centres: Geometries, households: pd.Series, city: City, parameters: ParameterSet
) -> Geometries:
    """Discs by households, cut halfway to the next point and at main roads."""
    homes = households.astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    by_homes_m = np.sqrt(homes * parameters["land_m2_per_household"] / np.pi)
    known = np.isfinite(by_homes_m) & (by_homes_m > 0)
    radius_m = np.where(known, by_homes_m, parameters["point_radius_m"])
    smallest_m = np.sqrt(parameters["min_parcel_m2"] / np.pi) * 1.2
    radius_m = np.maximum(radius_m, smallest_m)
    discs = shapely.buffer(centres, radius_m, quad_segs=DISC_SEGMENTS)
    discs = shapely.intersection(discs, _own_regions(centres))
    return _cut_at(discs, centres, street_lines(city, parameters["main_classes"]))


def _own_regions(centres: Geometries) -> Geometries:
    """Region nearer to each point than to any other; points at one place share it."""
    xy = shapely.get_coordinates(centres)
    places, back = np.unique(np.round(xy, 2), axis=0, return_inverse=True)
    if len(places) < 2:
        return np.full(len(centres), shapely.box(*(xy.min(0) - 1e5), *(xy.max(0) + 1e5)), object)
    window = shapely.box(*(xy.min(axis=0) - 1000), *(xy.max(axis=0) + 1000))
    regions = shapely.voronoi_polygons(shapely.multipoints(places), ordered=True, extend_to=window)
    return np.asarray(shapely.get_parts(regions)[back.ravel()], dtype=object)


def _cut_at(shapes: Geometries, centres: Geometries, lines: Geometries) -> Geometries:
    """Cut shapes along lines and keep the piece that holds (or is nearest to) the centre."""
    if len(lines) == 0:
        return shapes
    result = shapes.copy()
    tree = shapely.STRtree(lines)
    shape, line = tree.query(shapes, predicate="intersects")
    for row in np.unique(shape):
        wall = shapely.buffer(shapely.union_all(lines[line[shape == row]]), 0.5, cap_style="flat")
        pieces = shapely.get_parts(shapely.difference(shapes[row], wall))
        if len(pieces):
            result[row] = pieces[np.argmin(shapely.distance(pieces, centres[row]))]
    return result
