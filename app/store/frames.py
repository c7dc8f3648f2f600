"""Stored results as the engine's frames, in the city's metric zone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import pyproj
import shapely
from sqlalchemy import Connection

from app.store.rows import Record, Version, rows
from app.store.tables import RESULT_TABLES
from spatial.dictionary import data_dictionary
from spatial.standards.parameters import Parameter, ParameterSet

if TYPE_CHECKING:
    from spatial.city.neighbourhoods import Neighbourhoods

__all__ = ["city_crs", "read_parameters_of", "read_places", "read_result"]


def read_result(
    connection: Connection,
    version: Version,
    name: str,
    columns: Sequence[str] | None = None,
    *,
    where: str = "true",
    crs: pyproj.CRS | None = None,
) -> pd.DataFrame | gpd.GeoDataFrame:
    """Return one result table, in the order in which it was made.

    Parameters
    ----------
    connection : Connection
    version : Version
    name : str
        Of a table of the dictionary's ``results``.
    columns : sequence of str, optional
        Default: all.
    where : str
        A condition of our own, no reader's text.
    crs : CRS, optional
        Give the geometry too, in this zone.
    """
    spec = data_dictionary().results[name]
    names = list(spec.columns if columns is None else columns)
    shape = "" if crs is None else ", ST_AsBinary(geom) AS shape"
    listed = "".join(f', "{column}"' for column in names)
    statement = (
        f"SELECT id{listed}{shape} FROM linli.{RESULT_TABLES[name].name} "  # noqa: S608  (own names)
        f"WHERE version = :version AND ({where}) ORDER BY fid"
    )
    found = rows(connection, statement, version=version.key)
    table = pd.DataFrame(found, columns=["id", *names, *(["shape"] if crs is not None else [])])
    index = pd.Index(table["id"], dtype="str", name="id")
    frame = pd.DataFrame(
        {
            column: pd.Series(table[column].tolist(), index=index, dtype=spec.columns[column].dtype)
            for column in names
        },
        index=index,
    )
    if crs is None:
        return frame
    shapes = shapely.from_wkb([bytes(one) for one in table["shape"]])
    return gpd.GeoDataFrame(frame, geometry=shapes, crs=version.srid).to_crs(crs)


def read_places(connection: Connection, version: Version) -> Neighbourhoods:
    """Return neighbourhoods with facts and cells; gates and buildings are left out."""
    from spatial.city.neighbourhoods import Neighbourhoods  # noqa: PLC0415  (loads the engine)

    crs = city_crs(connection, version)
    frame = read_result(connection, version, "neighbourhoods", crs=crs)
    cells = read_result(connection, version, "cells", crs=crs)
    nothing: Any = gpd.GeoDataFrame({"neighbourhood_id": []}, geometry=[], crs=crs)
    return Neighbourhoods(
        frame=frame,
        cells=cells.reindex(frame.index),
        gates=nothing,
        building_neighbourhood=pd.Series([], dtype="string"),
        notes=(),
    )


def city_crs(connection: Connection, version: Version) -> pyproj.CRS:
    """Return the metric zone in which a version was analysed."""
    statement = "SELECT crs FROM linli.city_version WHERE key = :key"
    return pyproj.CRS.from_wkt(rows(connection, statement, key=version.key)[0]["crs"])


def read_parameters_of(connection: Connection, version: Version, room: str) -> ParameterSet:
    """Return the parameters of one room with which a version was analysed."""
    statement = "SELECT parameters FROM linli.city_version WHERE key = :key"
    found: list[Record] = rows(connection, statement, key=version.key)[0]["parameters"]
    parameters = {
        one["key"]: Parameter(**{key: value for key, value in one.items() if key != "room"})
        for one in found
        if one["room"] == room
    }
    return ParameterSet(room, parameters)
