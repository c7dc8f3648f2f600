"""Store an analysis: one transaction, seen by everybody at once or not at all."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import psycopg
import pyproj
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import Engine

from app.errors import StoreError
from app.store.copy import copy_layer, copy_rows, plain_json
from app.store.labels import copy_labels
from app.store.names import city_id_from
from app.store.overview import copy_overviews
from app.store.tables import INPUT_TABLES, RESULT_TABLES, SCHEMA
from app.store.tile_layers import TILE_LAYERS
from spatial.city.model import City
from spatial.city.report import Note
from spatial.dictionary import data_dictionary
from spatial.progress import Progress, silent
from spatial.standards import Profile, classify_facilities

if TYPE_CHECKING:
    from spatial.analysis import Analysis

__all__ = ["save_analysis"]


def save_analysis(
    engine: Engine,
    analysis: Analysis,
    *,
    city_id: str | None = None,
    keep_versions: int = 3,
    progress: Progress = silent,
) -> str:
    """Store an analysis with its city, and make it what everybody sees.

    Parameters
    ----------
    engine : Engine
        Of a database whose tables are up to date.
    analysis : Analysis
        With the tables of the data dictionary.
    city_id : str, optional
        Default: made from the city's name.
    keep_versions : int
        So many data versions of the city are kept, this one among them.
    progress : Progress
        Told how far the storing is; may raise :class:`CancelledError`.

    Returns
    -------
    str
        The city's id.

    Notes
    -----
    Storing the same ``data_version`` again writes nothing, and makes it the current one.
    """
    chosen = city_id or city_id_from(analysis.city.name)
    with engine.begin() as outer:
        connection: Any = outer.connection.driver_connection
        connection.execute("SET LOCAL statement_timeout = 0")
        _lock_city(connection, chosen, analysis.city.name)
        key = _find_version(connection, chosen, analysis.data_version)
        if key is None:
            key = _write_version(connection, chosen, analysis)
            _write_everything(connection, key, analysis, progress)
        connection.execute(
            "UPDATE linli.city SET current_version = %s, name = %s WHERE id = %s",
            [key, analysis.city.name, chosen],
        )
        _prune(connection, chosen, key, keep_versions)
    return chosen


def _lock_city(connection: psycopg.Connection[Any], city_id: str, name: str) -> None:
    """Create the city if need be, and let nobody else store it meanwhile."""
    try:
        connection.execute(
            "INSERT INTO linli.city (id, name) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            [city_id, name],
        )
    except psycopg.errors.CheckViolation as fault:
        raise StoreError(
            f"`{city_id}` is no city id: give 1 to 80 characters.",
            f"“{city_id}”不能作城市编号:须为 1 至 80 个字符。",
        ) from fault
    connection.execute("SELECT 1 FROM linli.city WHERE id = %s FOR UPDATE", [city_id])


def _find_version(
    connection: psycopg.Connection[Any], city_id: str, data_version: str
) -> int | None:
    found = connection.execute(
        "SELECT key FROM linli.city_version WHERE city_id = %s AND data_version = %s",
        [city_id, data_version],
    ).fetchone()
    return found[0] if found else None


def _write_version(connection: psycopg.Connection[Any], city_id: str, analysis: Analysis) -> int:
    city, places = analysis.city, analysis.tables["neighbourhoods"]
    west, south, east, north = _bounds(city, analysis.tables)
    record = {
        "city_id": city_id,
        "data_version": analysis.data_version,
        "engine_version": analysis.engine_version,
        "profile": analysis.profile.id,
        "crs": city.crs.to_wkt(),
        "geographic_srid": _srid(city),
        "west": west,
        "south": south,
        "east": east,
        "north": north,
        "neighbourhoods": len(places),
        "persons": float(places["persons"].sum()) if places["persons"].notna().any() else None,
        "counts": _json(_counts(analysis)),
        "choices": _json(asdict(analysis.parameters)),
        "summary": _json(analysis.summary),
        "notes": _json([_note(note) for note in analysis.notes]),
        "parameters": _json(_parameters(analysis.profile)),
        "catalogue": _json(_catalogue(analysis.profile)),
        "import_report": _json(city.report.to_dict()),
    }
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING key").format(
        sql.Identifier(SCHEMA, "city_version"),
        sql.SQL(", ").join(map(sql.Identifier, record)),
        sql.SQL(", ").join(map(sql.Placeholder, record)),
    )
    row = connection.execute(statement, record).fetchone()
    assert row is not None
    return row[0]


def _write_everything(
    connection: psycopg.Connection[Any], key: int, analysis: Analysis, progress: Progress
) -> None:
    srid = _srid(analysis.city)
    work = [
        *((table, _input(analysis.city, name)) for name, table in INPUT_TABLES.items()),
        *((table, analysis.tables[name]) for name, table in RESULT_TABLES.items()),
    ]
    points = {layer.table.name for layer in TILE_LAYERS.values() if layer.as_points}
    total = sum(len(frame) for _, frame in work) or 1
    written = 0
    for table, frame in work:
        progress("store", written / total)
        as_points = table.name in points
        copy_layer(connection, table, frame, version=key, srid=srid, drawn_as_points=as_points)
        written += len(frame)
    copy_rows(
        connection,
        "raster",
        ["version", "name", "rows", "columns", "transform", "crs", "unit", "values_zlib"],
        _raster_rows(key, analysis.city),
    )
    copy_rows(
        connection,
        "facility_kind",
        ["version", "facility_id", "kind", "match"],
        _kind_rows(key, analysis),
    )
    copy_labels(connection, key)
    copy_overviews(connection, key, analysis)
    for name in [*(table.name for table, _ in work), "tile_overview", "tile_label"]:
        connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(SCHEMA, name)))
    progress("store", 1.0)


def _input(city: City, name: str) -> pd.DataFrame:
    """Return an input layer, or an input table without geometry."""
    return city.table(name) if name in data_dictionary().tables else city.layer(name)


def _kind_rows(key: int, analysis: Analysis) -> Iterator[tuple[Any, ...]]:
    kinds = classify_facilities(analysis.city.layer("facilities"), analysis.profile.catalogue)
    kinds = kinds.drop_duplicates(["facility_id", "kind"])
    for facility, kind, match in zip(
        kinds["facility_id"], kinds["kind"], kinds["match"], strict=True
    ):
        yield key, str(facility), str(kind), str(match)


def _raster_rows(key: int, city: City) -> Iterator[tuple[Any, ...]]:
    for name, raster in city.rasters.items():
        rows, columns = raster.values.shape
        packed = zlib.compress(np.ascontiguousarray(raster.values, dtype="<f8").tobytes(), 3)
        transform = plain_json(list(raster.transform))
        yield key, name, rows, columns, transform, raster.crs.to_wkt(), raster.unit, packed


def _prune(connection: psycopg.Connection[Any], city_id: str, current: int, keep: int) -> None:
    # what a plan is drawn on stays as long as the plan
    connection.execute(
        "DELETE FROM linli.city_version WHERE city_id = %s AND key <> %s AND data_version NOT IN "
        "(SELECT data_version FROM linli.plan WHERE city_id = %s) AND key NOT IN "
        "(SELECT key FROM linli.city_version WHERE city_id = %s AND key <> %s "
        "ORDER BY key DESC LIMIT %s)",
        [city_id, current, city_id, city_id, current, keep - 1],
    )


def _srid(city: City) -> int:
    code = city.geographic_crs.to_epsg()
    if code not in {4326, 4490}:
        raise StoreError(
            f"City `{city.name}` is kept in {city.geographic_crs.name}; the store takes "
            "EPSG:4490 (China) or EPSG:4326.",
            f"城市“{city.name}”的经纬度坐标系为 {city.geographic_crs.name};"
            "数据库只存 EPSG:4490(中国)或 EPSG:4326。",
        )
    return code


def _bounds(city: City, tables: Mapping[str, Any]) -> tuple[float, float, float, float]:
    places = tables["neighbourhoods"]
    west, south, east, north = places.total_bounds if len(places) else city.bounds_m
    project = pyproj.Transformer.from_crs(city.crs, city.geographic_crs, always_xy=True)
    return project.transform_bounds(west, south, east, north)


def _counts(analysis: Analysis) -> dict[str, Any]:
    return {
        "inputs": {name: len(_input(analysis.city, name)) for name in INPUT_TABLES},
        "results": {name: len(analysis.tables[name]) for name in RESULT_TABLES},
    }


def _note(note: Note) -> dict[str, str]:
    return {
        "key": note.key,
        "level": note.level,
        "text_zh": note.text_zh,
        "text_en": note.text_en,
    }


def _parameters(profile: Profile) -> list[dict[str, Any]]:
    return [
        {"room": room, **asdict(parameter)}
        for room, parameters in profile.rooms.items()
        for parameter in parameters.parameters.values()
    ]


def _catalogue(profile: Profile) -> dict[str, Any]:
    layers = {
        name: {
            "zh": layer.zh,
            "en": layer.en,
            "minutes": layer.minutes,
            "limit_m": layer.limit_m,
            "source": layer.source,
            "confidence": layer.limit.confidence,
        }
        for name, layer in profile.catalogue.layers.items()
    }
    kinds = [
        {
            "id": kind.id,
            "zh": kind.zh,
            "en": kind.en,
            "layer": kind.layer,
            "need": kind.need,
            "limit_m": layers[kind.layer]["limit_m"] if kind.layer in layers else None,
            "radius_m": kind.radius_m,
            "floor_min_m2": kind.floor_min_m2,
            "land_min_m2": kind.land_min_m2,
            "source": kind.source,
            "confidence": kind.confidence,
        }
        for kind in profile.catalogue.kinds.values()
    ]
    return {
        "profile": {"id": profile.id, "zh": profile.zh, "en": profile.en},
        "layers": layers,
        "kinds": kinds,
    }


def _json(value: Any) -> Jsonb:
    return Jsonb(value, dumps=plain_json)
