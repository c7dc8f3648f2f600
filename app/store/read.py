"""Read a stored city back, as the engine wants it."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from psycopg import sql
from sqlalchemy import Connection, Engine, Table

from app.errors import NotFoundError
from app.store.rows import Version
from app.store.stock import all_edited
from app.store.tables import INPUT_TABLES, SCHEMA
from spatial.city.model import City, Raster
from spatial.city.precision import on_grid
from spatial.city.report import ImportReport, LayerReport, Note, Refusal, Repair
from spatial.dictionary import LayerSpec, data_dictionary

__all__ = ["read_choices", "read_city", "read_register_layer"]


def read_city(engine: Engine, city_id: str) -> City:
    """Return the inputs of a city's current version, in its metric zone.

    The register of stock is as it was edited since (`app.store.stock`): edited and new assets
    with their revision, without those that were retired; rejected candidates as a layer.

    Raises
    ------
    NotFoundError
        If there is no such city.
    """
    with engine.begin() as outer:
        connection: Any = outer.connection.driver_connection
        connection.execute("SET LOCAL statement_timeout = 0")
        row = connection.execute(
            "SELECT v.key, c.name, v.crs, v.geographic_srid, v.import_report "
            "FROM linli.city c JOIN linli.city_version v ON v.key = c.current_version "
            "WHERE c.id = %s",
            [city_id],
        ).fetchone()
        if row is None:
            raise NotFoundError(f"There is no city `{city_id}`.", f"没有城市 `{city_id}`。")
        key, name, zone, srid, report = row
        crs = pyproj.CRS.from_wkt(zone)
        layers = {
            layer: _read_layer(connection, INPUT_TABLES[layer], spec, key, srid).to_crs(crs)
            for layer, spec in data_dictionary().inputs.items()
        }
        tables = {
            table: _read_table(connection, INPUT_TABLES[table], spec, key)
            for table, spec in data_dictionary().tables.items()
        }
        layers |= _edited(all_edited(connection, city_id), layers, srid, crs)
        rasters = dict(_read_rasters(connection, key))
    return City.from_layers(
        name,
        {layer: _mended(on_grid(frame)) for layer, frame in layers.items()},
        crs=crs,
        geographic_crs=srid,
        rasters=rasters,
        report=_report(report),
        tables=tables,
    )


def read_register_layer(outer: Connection, version: Version, crs: pyproj.CRS) -> gpd.GeoDataFrame:
    """Return the register of stock as it is now: as imported, with the edits since laid over it."""
    connection: Any = outer.connection.driver_connection
    layers = {
        name: _read_layer(
            connection,
            INPUT_TABLES[name],
            data_dictionary().inputs[name],
            version.key,
            version.srid,
        ).to_crs(crs)
        for name in ("stock_assets", "stock_rejected")
    }
    edited = all_edited(connection, version.city_id)
    return {**layers, **_edited(edited, layers, version.srid, crs)}["stock_assets"]


def read_choices(engine: Engine, city_id: str) -> dict[str, Any]:
    """Return the run's own choices of a city's current version, and its profile."""
    with engine.begin() as outer:
        connection: Any = outer.connection.driver_connection
        row = connection.execute(
            "SELECT v.choices, v.profile FROM linli.city c "
            "JOIN linli.city_version v ON v.key = c.current_version WHERE c.id = %s",
            [city_id],
        ).fetchone()
    if row is None:
        raise NotFoundError(f"There is no city `{city_id}`.", f"没有城市 `{city_id}`。")
    return {**row[0], "profile": row[1]}


def _read_layer(
    connection: Any, table: Table, spec: LayerSpec, version: int, srid: int
) -> gpd.GeoDataFrame:
    frame, shapes = _read_rows(connection, table, spec, version, sql.SQL("ST_AsBinary(geom)"))
    return gpd.GeoDataFrame(frame, geometry=shapely.from_wkb(shapes), crs=srid)


def _edited(
    rows: list[tuple[Any, ...]],
    layers: Mapping[str, gpd.GeoDataFrame],
    srid: int,
    crs: pyproj.CRS,
) -> dict[str, gpd.GeoDataFrame]:
    """Lay the edits of the register over the inputs: written, retired and rejected stock."""
    if not rows:
        return {}
    ids, revisions, retired, facts, verdicts, authors, reasons, signs, shapes = zip(
        *rows, strict=True
    )
    index = pd.Index(ids, dtype="str", name="id")
    geometry = gpd.GeoSeries(shapely.from_wkb(shapes), index=index, crs=srid).to_crs(crs)
    register = layers["stock_assets"]
    written = np.array([one is not None for one in facts], dtype=bool)
    standing = written & ~np.array(retired, dtype=bool)
    values = [
        {**one, "revision": number}
        for one, number, stands in zip(facts, revisions, standing, strict=True)
        if stands
    ]
    rest = register[~register.index.isin(index[written])]
    assets = _frame(values, geometry[standing], register)
    rejected = np.array([verdict == "reject" for verdict in verdicts], dtype=bool)
    said = zip(signs, authors, reasons, rejected, strict=True)
    refused = _frame(
        [
            {"sign": sign, "author": author, "reason": why}
            for sign, author, why, is_so in said
            if is_so
        ],
        geometry[rejected],
        layers["stock_rejected"],
    )
    return {"stock_assets": _together(rest, assets), "stock_rejected": refused}


def _frame(
    values: list[dict[str, Any]], geometry: gpd.GeoSeries, like: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    columns = {
        name: pd.Series(
            [one.get(name) for one in values], index=geometry.index, dtype=like[name].dtype
        )
        for name in like.columns
        if name != like.geometry.name
    }
    return gpd.GeoDataFrame(columns, geometry=geometry, crs=like.crs)


def _together(one: gpd.GeoDataFrame, other: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    parts = [part for part in (one, other) if len(part)]
    joined = pd.concat(parts) if parts else one
    return gpd.GeoDataFrame(joined, geometry="geometry", crs=one.crs)


def _read_table(connection: Any, table: Table, spec: LayerSpec, version: int) -> pd.DataFrame:
    return _read_rows(connection, table, spec, version, sql.SQL("NULL"))[0]


def _read_rows(
    connection: Any, table: Table, spec: LayerSpec, version: int, last: sql.SQL
) -> tuple[pd.DataFrame, Any]:
    """Columns of the dictionary as a frame, and one more column as it comes."""
    names = list(spec.columns)
    statement = sql.SQL("SELECT id, {}{} FROM {} WHERE version = %s ORDER BY fid")
    columns = sql.SQL("").join(sql.SQL("{}, ").format(sql.Identifier(name)) for name in names)
    rows = connection.execute(
        statement.format(columns, last, sql.Identifier(SCHEMA, table.name)), [version]
    ).fetchall()
    values = list(zip(*rows, strict=True)) or [()] * (len(names) + 2)
    index = pd.Index(values[0], dtype="str", name="id")
    frame = pd.DataFrame(
        {
            name: pd.Series(column, index=index, dtype=spec.columns[name].dtype)
            for name, column in zip(names, values[1:-1], strict=True)
        },
        index=index,
    )
    return frame, np.array(values[-1], dtype=object)


def _mended(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Mend what rounding in the projection folded over."""
    broken = ~frame.geometry.is_valid
    if not broken.any():
        return frame
    shapes = frame.geometry.to_numpy().copy()
    rows = broken.to_numpy()
    shapes[rows] = shapely.make_valid(shapes[rows], method="structure", keep_collapsed=False)
    return frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs))


def _read_rasters(connection: Any, version: int) -> list[tuple[str, Raster]]:
    rows = connection.execute(
        "SELECT name, rows, columns, transform, crs, unit, values_zlib FROM linli.raster "
        "WHERE version = %s ORDER BY name",
        [version],
    ).fetchall()
    return [
        (
            name,
            Raster(
                np.frombuffer(zlib.decompress(packed), dtype="<f8").reshape(height, width),
                tuple(transform),
                pyproj.CRS.from_wkt(crs),
                unit,
            ),
        )
        for name, height, width, transform, crs, unit, packed in rows
    ]


def _report(stored: dict[str, Any]) -> ImportReport:
    layers = tuple(
        LayerReport(
            **{
                **layer,
                "repairs": tuple(Repair(**repair) for repair in layer["repairs"]),
                "refusals": tuple(Refusal(**refusal) for refusal in layer["refusals"]),
                "notes": tuple(Note(**note) for note in layer["notes"]),
            }
        )
        for layer in stored["layers"]
    )
    return ImportReport(layers, tuple(Note(**note) for note in stored["notes"]))
