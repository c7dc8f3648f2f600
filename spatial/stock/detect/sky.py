"""Land that satellites see run wild or lie bare: greenness, land cover, built share."""

from __future__ import annotations

from functools import partial
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import rasterio
import shapely
from rasterio.features import shapes as outlines

from spatial.city.model import City, Raster
from spatial.standards.parameters import ParameterSet
from spatial.stock.detect.ground import elongation, frontage_m, grid_means, slopes, street_bands
from spatial.stock.detect.pool import Pool, Threshold, empty_pool
from spatial.stock.detect.used import latest
from spatial.stock.leftover import cut_free, inscribed_diameter_m, opened

__all__ = ["bare_land", "greened_land"]

Geometries = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]

LAND_MEASURES: Final = ("area_m2", "circle_m", "elongation", "slope_share", "cells")
LAND_THRESHOLDS: Final = (
    Threshold("min_area_m2", "area_m2", "at_least"),
    Threshold("max_area_m2", "area_m2", "at_most"),
    Threshold("min_circle_m", "circle_m", "at_least"),
    Threshold("max_elongation", "elongation", "at_most"),
    Threshold("min_cells", "cells", "at_least"),
)
LOOSE: Final = 0.75
"""Cells down to this share of a limit are measured, so that one sees what it drops."""


def greened_land(
    city: City, parameters: ParameterSet, blocked: Geometries, tree: shapely.STRtree
) -> Pool:
    """Measure land that turned green between two years, off everything that is used.

    Parameters
    ----------
    city : City
        Two grids or more ``greenness_<year>``: the first and the last count. The later one may lie
        on another grid: it is read where the cells of the first have their middles.
    parameters : ParameterSet
        Room ``stock``: ``min_greenness, min_greenness_rise``.
    blocked, tree
        What nothing new can stand on, and the tree of it.

    Returns
    -------
    Pool
        ``rise`` is how much greenness grew beyond the city's median (another season, another
        sensor move all cells alike), ``greenness`` what it is now.
    """
    names = sorted(name for name in city.rasters if name.startswith("greenness_"))
    if len(names) < 2:
        return empty_pool("greenness", city.crs)
    first, last = city.rasters[names[0]], city.rasters[names[-1]]
    now = _resampled(last, first)
    change = now - first.values
    rise = change - (np.nanmedian(change) if np.isfinite(change).any() else 0.0)
    mask = (rise >= LOOSE * parameters["min_greenness_rise"]) & (
        now >= LOOSE * parameters["min_greenness"]
    )
    frame = _pieces(city, parameters, mask, first, (blocked, tree), sign="greenness")
    frame["rise"] = grid_means(
        frame.geometry.to_numpy(), Raster(rise, first.transform, first.crs, "1"), city.crs
    )
    frame["greenness"] = grid_means(
        frame.geometry.to_numpy(), Raster(now, first.transform, first.crs, "1"), city.crs
    )
    years = f"{names[0].rpartition('_')[2]}–{names[-1].rpartition('_')[2]}"
    return Pool(
        "greenness",
        frame,
        measures=(*LAND_MEASURES, "rise", "greenness"),
        thresholds=(
            *LAND_THRESHOLDS,
            Threshold("min_greenness_rise", "rise", "at_least"),
            Threshold("min_greenness", "greenness", "at_least"),
        ),
        words=partial(_green_words, years=years),
    )


def bare_land(
    city: City, parameters: ParameterSet, blocked: Geometries, tree: shapely.STRtree
) -> Pool:
    """Measure land that lies bare, or where buildings have gone, off everything that is used.

    Uses the latest grid ``land_cover_<year>`` (codes ``bare_codes``) and, of two grids
    ``built_<year>``, where the built share fell by ``min_built_fall``.
    """
    cover = latest(city, "land_cover")
    built = sorted(name for name in city.rasters if name.startswith("built_"))
    if cover is None and len(built) < 2:
        return empty_pool("land_cover", city.crs)
    if cover is not None:
        grid = city.rasters[cover]
        bare = np.isin(grid.values, parameters["bare_codes"])
    else:
        grid = city.rasters[built[0]]
        bare = np.zeros(grid.values.shape, dtype=bool)
    if len(built) > 1:
        before, after = city.rasters[built[0]], city.rasters[built[-1]]
        fall = before.values - _resampled(after, before)
        gone = Raster(fall, before.transform, before.crs, "share")
        bare |= _resampled(gone, grid) >= parameters["min_built_fall"]
    frame = _pieces(city, parameters, bare, grid, (blocked, tree), sign="land_cover")
    share = Raster(bare.astype(float), grid.transform, grid.crs, "share")
    frame["bare_share"] = grid_means(frame.geometry.to_numpy(), share, city.crs)
    year = (cover or built[-1]).rpartition("_")[2]
    return Pool(
        "land_cover",
        frame,
        measures=(*LAND_MEASURES, "bare_share"),
        thresholds=(*LAND_THRESHOLDS, Threshold("min_bare_share", "bare_share", "at_least")),
        words=partial(_bare_words, year=year),
    )


def _resampled(grid: Raster, like: Raster) -> Floats:
    """Read one grid at the middles of another's cells; NaN outside."""
    if grid.transform == like.transform and grid.values.shape == like.values.shape:
        return grid.values
    rows, columns = like.values.shape
    a, b, c, d, e, f = like.transform
    column, row = np.meshgrid(np.arange(columns) + 0.5, np.arange(rows) + 0.5)
    x, y = a * column + b * row + c, d * column + e * row + f
    if grid.crs != like.crs:
        turn = pyproj.Transformer.from_crs(like.crs, grid.crs, always_xy=True)
        x, y = turn.transform(x, y)
    back = ~rasterio.Affine(*grid.transform)
    to_column = np.floor(back.a * x + back.b * y + back.c)
    to_row = np.floor(back.d * x + back.e * y + back.f)
    high, wide = grid.values.shape
    inside = (to_column >= 0) & (to_column < wide) & (to_row >= 0) & (to_row < high)
    values = np.full(like.values.shape, np.nan)
    at = to_row[inside].astype(np.int64), to_column[inside].astype(np.int64)
    values[inside] = grid.values[at]
    return values


def _pieces(
    city: City,
    parameters: ParameterSet,
    mask: npt.NDArray[np.bool_],
    grid: Raster,
    used: tuple[Geometries, shapely.STRtree],
    *,
    sign: str,
) -> gpd.GeoDataFrame:
    """Turn marked cells into pieces of free land, without their narrow parts."""
    transform = rasterio.Affine(*grid.transform)
    found = outlines(mask.astype(np.uint8), mask=mask, transform=transform)
    marked = np.array([shapely.geometry.shape(shape) for shape, _ in found], dtype=object)
    cells = np.round(shapely.area(marked) / abs(transform.a * transform.e))
    if grid.crs != city.crs and len(marked):
        turn = pyproj.Transformer.from_crs(grid.crs, city.crs, always_xy=True)
        marked = shapely.transform(marked, turn.transform, interleaved=False)
    large = shapely.area(marked) >= parameters["min_area_m2"]
    marked, cells = marked[large], cells[large]
    free = cut_free(marked, *used) if len(marked) else marked
    pieces, owner = opened(free, parameters["min_width_m"])
    area_m2 = shapely.area(pieces)
    looked = area_m2 >= LOOSE * parameters["min_area_m2"]
    pieces, area_m2, cells = pieces[looked], area_m2[looked], cells[owner[looked]]
    circle_m = inscribed_diameter_m(pieces, tolerance_m=0.5)
    at = np.round(shapely.get_coordinates(shapely.point_on_surface(pieces))).astype(np.int64)
    frame = gpd.GeoDataFrame(
        {
            "source": "detected",
            "asset_type": "land",
            "kind": "waste_land" if sign == "greenness" else "vacant_land",
            "ownership": "unknown",
            "land_m2": pd.array(area_m2, dtype="Float64"),
            "inscribed_m": pd.array(circle_m, dtype="Float64"),
            "area_m2": area_m2,
            "circle_m": circle_m,
            "elongation": elongation(area_m2, circle_m),
            "cells": cells,
        },
        index=pd.Index([f"found:{sign}:{x}_{y}" for x, y in at], dtype="str", name="id"),
        geometry=pieces,
        crs=city.crs,
    )
    bands = street_bands(city, parameters, fronts=True)
    frame["frontage_m"] = frontage_m(pieces, bands, reach_m=parameters["frontage_reach_m"])
    frame["slope_share"] = slopes(pieces, city)
    return frame[~frame.index.duplicated()]


def _green_words(rows: gpd.GeoDataFrame, *, years: str) -> tuple[list[str], list[str]]:
    figures = list(zip(rows["area_m2"], rows["rise"], rows["greenness"], strict=True))
    zh = [
        f"植被指数 {years} 上升 {rise:.2f},现为 {now:.2f},面积 {area:.0f} m²"
        for area, rise, now in figures
    ]
    en = [
        f"greenness rose by {rise:.2f} in {years}, now {now:.2f}; {area:.0f} m²"
        for area, rise, now in figures
    ]
    return zh, en


def _bare_words(rows: gpd.GeoDataFrame, *, year: str) -> tuple[list[str], list[str]]:
    figures = list(zip(rows["area_m2"], rows["bare_share"], strict=True))
    zh = [
        f"土地覆被({year}):裸地占 {100 * share:.0f} %,面积 {area:.0f} m²" for area, share in figures
    ]
    en = [
        f"land cover ({year}): {100 * share:.0f} % bare, {area:.0f} m²" for area, share in figures
    ]
    return zh, en
