"""Where neighbourhoods lie: as given, or derived and marked so."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import shapely

from spatial.city.model import City
from spatial.city.neighbourhoods.delineate import apart, delineated, divided_land
from spatial.city.neighbourhoods.points import around_points
from spatial.city.report import Note
from spatial.standards.parameters import ParameterSet

__all__ = ["outlines"]

FACTS = (
    "name",
    "year_built",
    "households",
    "persons",
    "building_count",
    "floor_area_m2",
    "tenure",
)
"""What tells a neighbourhood from mere residential land."""


def outlines(city: City, parameters: ParameterSet) -> tuple[gpd.GeoDataFrame, list[Note]]:
    """Return every neighbourhood with a polygon, and notes on how outlines came to be.

    Given polygons stay as surveyed; only residential land without a name or any fact that is
    larger than a block may be is divided along its streets. Points become the residential land
    that holds them and no other, else the enclosed street block (both ``delineated``), else a
    disc cut at main roads and halfway to the next point (``buffered``). Without a neighbourhood
    layer they are derived: see :func:`spatial.city.neighbourhoods.delineate.delineated`.

    Parameters
    ----------
    city : City
    parameters : ParameterSet
        Room ``neighbourhoods``.

    Returns
    -------
    GeoDataFrame of Polygon or MultiPolygon, shape (n,)
        Columns of the input layer ``neighbourhoods``; ids text.
    list of Note
    """
    given = city.layer("neighbourhoods")
    if len(given) == 0:
        return delineated(city, parameters)
    dimension = shapely.get_dimensions(given.geometry.to_numpy())
    surveyed = given[dimension == 2]
    points = given[dimension < 2]
    notes: list[Note] = []
    surveyed = _large_land_divided(surveyed, city, parameters, notes)
    if len(points):
        points, note = around_points(points, surveyed, city, parameters)
        notes.append(note)
    frame = pd.concat([surveyed, points]) if len(points) else surveyed
    unknown = frame[["name", "households", "persons"]].isna().all(axis="columns")
    small = (frame.geometry.area < parameters["min_parcel_m2"]) & unknown
    if small.any():
        notes.append(
            Note(
                "small_parcels_left_out",
                f"{int(small.sum())} 个小于 {parameters['min_parcel_m2']} m² 且无名称、户数、人口的"
                "小区轮廓未采用",
                f"{int(small.sum())} outlines below {parameters['min_parcel_m2']} m² without name, "
                "households or residents left out",
                "warning",
            )
        )
    return frame[~small].sort_index(), notes


def _large_land_divided(
    surveyed: gpd.GeoDataFrame, city: City, parameters: ParameterSet, notes: list[Note]
) -> gpd.GeoDataFrame:
    """Divide nameless residential land too large for a neighbourhood; adds to `notes`."""
    bare = surveyed[list(FACTS)].isna().all(axis="columns")
    pieces, divided = divided_land(surveyed[bare], city, parameters)
    if not divided.any():
        return surveyed
    gone = surveyed.index[bare][divided]
    rest = surveyed.drop(gone)
    pieces = apart(pieces, {"given": rest})
    notes.append(
        Note(
            "large_land_divided",
            f"{len(gone)} 块无名且过大的居住用地沿道路划分为 {len(pieces)} 个小区,标为推定:"
            f"{', '.join(gone[:5])}",
            f"{len(gone)} pieces of nameless residential land, too large for a neighbourhood, are "
            f"divided along streets into {len(pieces)}, marked derived: {', '.join(gone[:5])}",
            "warning",
        )
    )
    return pd.concat([rest, pieces])
