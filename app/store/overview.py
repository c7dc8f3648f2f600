"""What stands in for a layer at low zoom: dissolved or counted, complete, and small.

Nothing is dropped or cut off: thousands of neighbourhoods become areas of like need, buildings and
facilities become counts per block, streets their main lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import psycopg
import shapely

from app.store.copy import copy_rows, plain_json
from app.store.geometry import as_ewkb, mercator

if TYPE_CHECKING:
    from spatial.analysis import Analysis

__all__ = ["copy_overviews", "overviews"]

MANY: Final = 1_500
"""Layers with no more features than this are drawn as they are at every zoom."""
GAP_CLASSES: Final = 5
MAIN_STREETS: Final = {
    12: ("motorway", "trunk", "primary", "secondary", "tertiary"),
    9: ("motorway", "trunk", "primary"),
}
"""Zoom up to which → classes of streets that are drawn."""
STREET_BLOCK_M: Final = 4_000.0
Overview = tuple[str, int, gpd.GeoDataFrame]


def copy_overviews(connection: psycopg.Connection[Any], version: int, analysis: Analysis) -> None:
    """Write the overviews of all layers that have one."""
    columns = ["version", "layer", "level", "fid", "properties", "geom_3857"]
    copy_rows(connection, "tile_overview", columns, _rows(version, analysis))


def _rows(version: int, analysis: Analysis) -> Iterator[tuple[Any, ...]]:
    for layer, level, frame in overviews(analysis):
        if not len(frame):
            continue
        lonlat = frame.geometry.to_crs(4326).to_numpy()
        shapes = as_ewkb(mercator(lonlat), 3857)
        facts = frame.drop(columns=frame.geometry.name).astype(object)
        records = facts.where(facts.notna(), None).to_dict("records")
        for fid, (record, shape) in enumerate(zip(records, shapes, strict=True), start=1):
            told = {key: value for key, value in record.items() if value is not None}
            yield version, layer, level, fid, plain_json({**told, "overview": True}), shape


def overviews(analysis: Analysis) -> Iterator[Overview]:
    """Yield (layer, zoom up to which it is drawn, frame in the city's zone)."""
    tables, city = analysis.tables, analysis.city
    places = tables["neighbourhoods"]
    if len(places) > MANY:
        areas = areas_of_like_need(places, tables["cells"])
        yield "cells", 11, areas
        yield "neighbourhoods", 11, areas
    heatmap = tables["heatmap"]
    if len(heatmap) > MANY:
        yield "heatmap", 12, coarser_heatmap(heatmap, factor=4)
        yield "heatmap", 9, coarser_heatmap(heatmap, factor=16)
    yield "buildings", 12, counted_by_block(city.layer("buildings"), block_m=250.0)
    yield "buildings", 9, counted_by_block(city.layer("buildings"), block_m=1_000.0)
    yield "facilities", 12, counted_points(city.layer("facilities"), block_m=400.0)
    yield "facilities", 9, counted_points(city.layer("facilities"), block_m=1_600.0)
    for level, classes in MAIN_STREETS.items():
        yield "streets", level, main_streets(city.layer("streets"), classes, level=level)


def areas_of_like_need(
    neighbourhoods: gpd.GeoDataFrame, cells: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Dissolve the cells of each street office by class of gap index.

    Returns
    -------
    GeoDataFrame
        ``subdistrict``, ``gap_index`` (mean, weighted by residents), ``must_missing`` (mean),
        ``neighbourhoods`` and ``persons``.
    """
    facts = neighbourhoods.loc[cells.index]
    index = facts["gap_index"].to_numpy(dtype=float, na_value=np.nan)
    grade = np.where(np.isnan(index), -1, np.minimum(index * GAP_CLASSES, GAP_CLASSES - 1))
    persons = facts["persons"].to_numpy(dtype=float, na_value=0.0)
    table = pd.DataFrame(
        {
            "subdistrict": facts["subdistrict"].fillna("").to_numpy(dtype=object),
            "grade": grade.astype(int),
            "persons": persons,
            "weight": np.maximum(persons, 1.0),
            "gap_index": index,
            "must_missing": facts["must_missing"].to_numpy(dtype=float, na_value=np.nan),
        }
    )
    shapes = cells.geometry.to_numpy()
    records, dissolved = [], []
    for (subdistrict, _), rows in table.groupby(["subdistrict", "grade"], sort=True):
        known = rows["gap_index"].notna()
        records.append(
            {
                "subdistrict": subdistrict or None,
                "neighbourhoods": len(rows),
                "persons": float(rows["persons"].sum()),
                "gap_index": _weighted(rows[known], "gap_index"),
                "must_missing": _weighted(rows[known], "must_missing"),
            }
        )
        dissolved.append(shapely.coverage_union_all(shapes[rows.index.to_numpy()]))
    return gpd.GeoDataFrame(pd.DataFrame(records), geometry=dissolved, crs=cells.crs)


def _weighted(rows: pd.DataFrame, column: str) -> float | None:
    if not len(rows):
        return None
    return float(np.average(rows[column], weights=rows["weight"]))


def coarser_heatmap(heatmap: gpd.GeoDataFrame, *, factor: int) -> gpd.GeoDataFrame:
    """Sum the heatmap over squares of `factor` × `factor` cells; residents are kept exactly."""
    side_m = factor * float(np.sqrt(np.median(shapely.area(heatmap.geometry.to_numpy()))))
    squares = _squares(heatmap.geometry, side_m)
    table = pd.DataFrame(
        {
            "square": squares,
            "persons": heatmap["persons"].to_numpy(dtype=float, na_value=0.0),
            "person_gaps": heatmap["person_gaps"].to_numpy(dtype=float, na_value=0.0),
        }
    )
    sums = table.groupby("square", sort=True).sum()
    people = sums["persons"].to_numpy()
    gaps = sums["person_gaps"].to_numpy()
    mean = np.divide(gaps, people, out=np.zeros_like(gaps), where=people > 0)
    sums["missing_mean"] = np.where(people > 0, mean, np.nan)
    return _on_squares(sums, side_m, heatmap.crs)


def counted_by_block(buildings: gpd.GeoDataFrame, *, block_m: float) -> gpd.GeoDataFrame:
    """Count buildings, and sum their floor area and footprint, per square block."""
    if not len(buildings):
        return gpd.GeoDataFrame({"buildings": []}, geometry=[], crs=buildings.crs)
    table = pd.DataFrame(
        {
            "square": _squares(buildings.geometry, block_m),
            "buildings": 1,
            "homes": (buildings["use"] == "residential").fillna(value=False).to_numpy(dtype=int),
            "built_share": shapely.area(buildings.geometry.to_numpy()) / block_m**2,
        }
    )
    return _on_squares(table.groupby("square", sort=True).sum(), block_m, buildings.crs)


def counted_points(facilities: gpd.GeoDataFrame, *, block_m: float) -> gpd.GeoDataFrame:
    """Count facilities per square block, at their mean position."""
    if not len(facilities):
        return gpd.GeoDataFrame({"facilities": []}, geometry=[], crs=facilities.crs)
    centre = shapely.centroid(facilities.geometry.to_numpy())
    table = pd.DataFrame(
        {
            "square": _squares(facilities.geometry, block_m),
            "facilities": 1,
            "x": shapely.get_x(centre),
            "y": shapely.get_y(centre),
        }
    ).groupby("square", sort=True)
    place = table[["x", "y"]].mean()
    counts = table[["facilities"]].sum().reset_index(drop=True)
    points = shapely.points(place["x"].to_numpy(), place["y"].to_numpy())
    return gpd.GeoDataFrame(counts, geometry=points, crs=facilities.crs)


def main_streets(
    streets: gpd.GeoDataFrame, classes: tuple[str, ...], *, level: int
) -> gpd.GeoDataFrame:
    """Join the main streets of each class, block by block, with half a pixel of detail."""
    base = streets["highway"].str.removesuffix("_link")
    chosen = streets[base.isin(classes).fillna(value=False)]
    table = pd.DataFrame(
        {
            "highway": base[chosen.index].to_numpy(dtype=object),
            "square": _squares(chosen.geometry, STREET_BLOCK_M),
        }
    )
    pixel_m = 40_075_017.0 / 512 / 2**level
    shapes = chosen.geometry.to_numpy()
    names, lines = [], []
    for (highway, _), rows in table.groupby(["highway", "square"], sort=True):
        parts = shapely.get_parts(shapes[rows.index.to_numpy()])
        joined = shapely.line_merge(shapely.multilinestrings(parts))
        names.append(highway)
        lines.append(shapely.simplify(joined, pixel_m / 2))
    return gpd.GeoDataFrame({"highway": names}, geometry=lines, crs=streets.crs)


def _squares(shapes: gpd.GeoSeries, side_m: float) -> list[tuple[int, int]]:
    """Name the square of a fixed grid that holds each shape's middle."""
    if not len(shapes):
        return []
    middle = shapely.centroid(shapes.to_numpy())
    columns = np.floor(shapely.get_x(middle) / side_m).astype(int)
    rows = np.floor(shapely.get_y(middle) / side_m).astype(int)
    return list(zip(columns.tolist(), rows.tolist(), strict=True))


def _on_squares(table: pd.DataFrame, side_m: float, crs: Any) -> gpd.GeoDataFrame:
    corner = np.array(table.index.tolist(), dtype=float).reshape(-1, 2) * side_m
    boxes = shapely.box(corner[:, 0], corner[:, 1], corner[:, 0] + side_m, corner[:, 1] + side_m)
    return gpd.GeoDataFrame(table.reset_index(drop=True), geometry=boxes, crs=crs)
