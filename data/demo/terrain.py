"""Elevation and population rasters of the demo city."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from spatial.city.model import Raster

__all__ = ["elevation_raster", "population_raster"]

Objects = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]

PLAIN_M = 6.5


def elevation_raster(
    bounds_m: tuple[float, float, float, float], hills: Objects, crs: pyproj.CRS
) -> Raster:
    """Elevation on a 20 m grid (coarser in a very large city): a plain with hills in their parks.

    A hill rises with the distance from its park's edge, so that the streets around stay flat.
    """
    x, y, transform = _grid(bounds_m, cell_m=20.0 if bounds_m[2] - bounds_m[0] < 9000 else 40.0)
    east, north = np.meshgrid(x, y)
    ground = (
        PLAIN_M
        + 1.2 * np.sin(east / 2100.0) * np.cos(north / 1700.0)
        + 0.0006 * (north - bounds_m[1])
    )
    for hill in hills:
        west, south, right, top = shapely.bounds(hill)
        rows = np.flatnonzero((y >= south) & (y <= top))
        columns = np.flatnonzero((x >= west) & (x <= right))
        if not len(rows) or not len(columns):
            continue
        part = np.ix_(rows, columns)
        points = shapely.points(east[part], north[part])
        depth = np.where(
            shapely.contains(hill, points), shapely.distance(shapely.boundary(hill), points), 0.0
        )
        widest = max(float(depth.max()), 1.0)
        ground[part] += 0.42 * widest * (1 - np.cos(np.pi * depth / widest)) / 2
    return Raster(np.round(ground, 2), transform, crs, "m")


def population_raster(
    bounds_m: tuple[float, float, float, float],
    xy_m: Floats,
    persons: npt.NDArray[np.int64],
    crs: pyproj.CRS,
) -> Raster:
    """Residents per 100 m cell; the cells sum to all residents."""
    x, y, transform = _grid(bounds_m, cell_m=100.0)
    column = np.floor((xy_m[:, 0] - transform[2]) / 100.0).astype(int)
    row = np.floor((transform[5] - xy_m[:, 1]) / 100.0).astype(int)
    cells = np.bincount(row * len(x) + column, persons, len(x) * len(y))
    return Raster(cells.astype(np.float64).reshape(len(y), len(x)), transform, crs, "persons")


def _grid(
    bounds_m: tuple[float, float, float, float], *, cell_m: float
) -> tuple[Floats, Floats, tuple[float, float, float, float, float, float]]:
    """Cell middles (y from the north) and the affine numbers of a grid that covers bounds."""
    west = np.floor(bounds_m[0] / cell_m) * cell_m
    north = np.ceil(bounds_m[3] / cell_m) * cell_m
    columns = int(np.ceil((bounds_m[2] - west) / cell_m)) + 1
    rows = int(np.ceil((north - bounds_m[1]) / cell_m)) + 1
    x = west + (np.arange(columns) + 0.5) * cell_m
    y = north - (np.arange(rows) + 0.5) * cell_m
    return x, y, (cell_m, 0.0, float(west), 0.0, -cell_m, float(north))
