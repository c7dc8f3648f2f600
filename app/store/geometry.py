"""Geometry on its way into the database: longitude/latitude, and the flat copy for tiles."""

from __future__ import annotations

import math
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

__all__ = [
    "MERCATOR_RADIUS_M",
    "as_ewkb",
    "degrees_of",
    "mercator",
    "sound_lonlat",
    "with_few_vertices",
]

MERCATOR_RADIUS_M: Final = 6_378_137.0
"""Sphere of the web maps' projection, EPSG:3857."""
MERCATOR_LATITUDE: Final = 85.06
"""The map's square ends there; farther north the projection runs away to infinity."""
MOST_VERTICES: Final = 20_000
"""No drawn feature has more: one coastline of a million vertices must not stall every tile."""

METRES_PER_DEGREE: Final = 111_320.0

Shapes = npt.NDArray[np.object_]


def sound_lonlat(frame: gpd.GeoDataFrame, srid: int) -> Shapes:
    """Return the frame's geometry in longitude/latitude, valid, of the family that it had.

    Rounding in the projection can fold a sliver over; such a one is mended.
    """
    shapes = frame.geometry.to_crs(srid).to_numpy()
    broken = ~shapely.is_valid(shapes)
    if broken.any():
        mended = shapely.make_valid(shapes[broken], method="structure", keep_collapsed=False)
        shapes = shapes.copy()
        shapes[broken] = np.where(shapely.is_empty(mended), shapes[broken], mended)
    return shapes


def mercator(lonlat: Shapes) -> Shapes:
    """Project longitude/latitude to web Mercator metres, as the map in the browser does.

    Examples
    --------
    >>> print(mercator(np.array([shapely.Point(180, 0)], dtype=object))[0])
    POINT (20037508.342789244 0)
    """

    def project(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        latitude = np.clip(xy[:, 1], -MERCATOR_LATITUDE, MERCATOR_LATITUDE)
        x = np.radians(xy[:, 0])
        y = np.arctanh(np.sin(np.radians(latitude)))  # asinh(tan φ), exact at the equator
        return MERCATOR_RADIUS_M * np.column_stack([x, y])

    return shapely.transform(lonlat, project)


def with_few_vertices(shapes: Shapes) -> Shapes:
    """Simplify the very few shapes that have more vertices than any map can show."""
    heavy = np.flatnonzero(shapely.get_num_coordinates(shapes) > MOST_VERTICES)
    if not len(heavy):
        return shapes
    lighter = shapes.copy()
    for row in heavy:
        tolerance_m = 1.0
        while shapely.get_num_coordinates(lighter[row]) > MOST_VERTICES:
            lighter[row] = shapely.simplify(shapes[row], tolerance_m, preserve_topology=False)
            tolerance_m *= 2
    return lighter


def as_ewkb(shapes: Shapes, srid: int) -> Any:
    """Return hexadecimal EWKB, which PostGIS reads as geometry with its SRID."""
    return shapely.to_wkb(shapely.set_srid(shapes, srid), hex=True, include_srid=True)


def degrees_of(metres: float, latitude: float) -> tuple[float, float]:
    """Return how many degrees to look along and across a meridian, a little more than `metres`.

    Examples
    --------
    >>> [round(degrees, 4) for degrees in degrees_of(1_000, 60)]
    [0.0091, 0.0181]
    """
    along = 1.01 * metres / METRES_PER_DEGREE
    return along, along / max(math.cos(math.radians(min(abs(latitude), 85.0))), 0.05)
