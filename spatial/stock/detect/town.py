"""Where the town ends: open country beside a ring road is no leftover land of a neighbourhood."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pyproj
import rasterio
import shapely
from rasterio.features import rasterize
from scipy.ndimage import distance_transform_edt

from spatial.city.model import City, Raster
from spatial.city.neighbourhoods.model import Neighbourhoods
from spatial.stock.detect.ground import grid_means
from spatial.stock.detect.pool import Pool, Threshold

__all__ = ["away_m", "built_up", "located"]

Geometries = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]

CELL_M: Final = 10.0
MOST_CELLS: Final = 4000
"""A city wider than this many cells is looked at in coarser ones."""
GUESSED_LAND: Final = ("leftover", "greenness", "land_cover")
"""Signs by which land is a candidate though nobody has said a word about it."""


def built_up(shapes: Geometries, crs: pyproj.CRS, *, gap_m: float) -> Raster | None:
    """Grid of the town: 1 within it, 0 in the open country; None where nothing is built.

    The town is what is built, with every gap narrower than `gap_m` filled in: a morphological
    closing [1]_ by a circle of half that width. It fills courtyards, streets and bays, and never
    reaches beyond a straight edge of the town.

    Parameters
    ----------
    shapes : array of geometry
        Buildings and the parcels of neighbourhoods, in metres.
    crs : CRS
        That of `shapes`.
    gap_m : float

    Returns
    -------
    Raster or None

    References
    ----------
    .. [1] J. Serra (1982), Image Analysis and Mathematical Morphology, Academic Press.

    Examples
    --------
    >>> from pyproj import CRS
    >>> two = np.array([shapely.box(0, 0, 50, 50), shapely.box(80, 0, 130, 50)])
    >>> town = built_up(two, CRS(4547), gap_m=100)
    >>> between, beyond = shapely.box(55, 10, 75, 40), shapely.box(145, 10, 165, 40)
    >>> grid_means(np.array([between, beyond]), town, CRS(4547)).tolist()
    [1.0, 0.0]
    """
    shapes = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    if not len(shapes):
        return None
    west, south, east, north = shapely.total_bounds(shapes)
    cell_m = max(CELL_M, max(east - west, north - south) / MOST_CELLS)
    edge_m = gap_m + 2 * cell_m  # so that circles that touch the town from outside have room
    west, north = west - edge_m, north + edge_m
    rows = int(np.ceil((north - south + edge_m) / cell_m))
    columns = int(np.ceil((east + edge_m - west) / cell_m))
    transform = rasterio.Affine(cell_m, 0.0, west, 0.0, -cell_m, north)
    open_land = rasterize(
        ((shape, 0) for shape in shapes),
        out_shape=(rows, columns),
        fill=1,
        transform=transform,
        all_touched=True,
        dtype="uint8",
    )
    radius_m = gap_m / 2
    middles = distance_transform_edt(open_land, sampling=cell_m) >= radius_m
    # what a circle of open land reaches is country; the cells of the town are never among it
    outside = distance_transform_edt(~middles, sampling=cell_m) < radius_m
    inside = np.where(outside & (open_land > 0), 0.0, 1.0)
    return Raster(inside, (cell_m, 0.0, float(west), 0.0, -cell_m, float(north)), crs, "share")


def away_m(shapes: Geometries, parcels: Geometries) -> Floats:
    """Distance to the nearest neighbourhood, as the crow flies, shape (n,); NaN without any.

    Examples
    --------
    >>> away_m(np.array([shapely.Point(30, 0)]), np.array([shapely.box(0, 0, 10, 10)])).tolist()
    [20.0]
    """
    away = np.full(len(shapes), np.nan)
    if len(shapes) and len(parcels):
        found, distance = shapely.STRtree(parcels).query_nearest(
            shapes, return_distance=True, all_matches=False
        )
        away[found[0]] = distance
    return away


def located(
    pool: Pool,
    city: City,
    neighbourhoods: Neighbourhoods,
    town: Raster | None,
) -> Pool:
    """Measure where the places of a pool lie, and hold that against two more thresholds.

    Parameters
    ----------
    pool : Pool
    city : City
    neighbourhoods : Neighbourhoods
    town : Raster or None
        Of :func:`built_up`.

    Returns
    -------
    Pool
        With ``away_m`` (to the nearest neighbourhood) and, of land that only its looks speak for,
        ``outside_share`` (the part of it beyond the edge of the town); ``max_away_m`` and
        ``max_outside_share`` are held against them.
    """
    if not len(pool.frame):
        return pool
    shapes = pool.frame.geometry.to_numpy()
    parcels = neighbourhoods.frame.geometry.to_numpy()
    parcels = parcels[~(shapely.is_missing(parcels) | shapely.is_empty(parcels))]
    frame = pool.frame.assign(away_m=away_m(shapes, parcels))
    thresholds, measures = [Threshold("max_away_m", "away_m", "at_most")], pool.measures
    if pool.sign in GUESSED_LAND and town is not None:
        # beyond the grid nothing is built
        within = np.nan_to_num(grid_means(shapes, town, city.crs), nan=0.0)
        frame["outside_share"] = 1.0 - within
        thresholds.append(Threshold("max_outside_share", "outside_share", "at_most"))
        measures = (*measures, "outside_share")
    return replace(pool, frame=frame, thresholds=(*pool.thresholds, *thresholds), measures=measures)
