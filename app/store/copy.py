"""Frames into tables, by COPY: fast, streaming, and inside the caller's transaction."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import psycopg
import shapely
from psycopg import sql
from sqlalchemy import Table

from app.errors import StoreError
from app.store.geometry import as_ewkb, mercator, sound_lonlat, with_few_vertices
from app.store.tables import SCHEMA

__all__ = ["copy_layer", "copy_rows", "plain_json", "plain_record"]

CHUNK_ROWS: Final = 5_000


def copy_layer(
    connection: psycopg.Connection[Any],
    table: Table,
    frame: pd.DataFrame | gpd.GeoDataFrame,
    *,
    version: int,
    srid: int,
    drawn_as_points: bool = False,
) -> None:
    """Write one layer or result: ids from the index, missing values as NULL.

    Parameters
    ----------
    connection : psycopg.Connection
        In a transaction of the caller.
    table : Table
        Whose columns are the frame's, see `app.store.tables`.
    frame : DataFrame or GeoDataFrame
        Conforming to the data dictionary.
    version : int
        Key of the city's version.
    srid : int
        Longitude/latitude system to store geometry in, 4490 or 4326.
    drawn_as_points : bool
        Whether the flat copy for tiles holds a point inside each feature, not its outline.

    Raises
    ------
    StoreError
        If the database refuses a row; nothing of it stays.
    """
    if not len(frame):
        return
    shaped = "geom" in table.c
    names = [column.name for column in table.columns]
    facts = [name for name in names if name not in {"version", "id", "fid", "geom", "geom_3857"}]
    order = ["version", "id", "fid", *facts, *(["geom", "geom_3857"] if shaped else [])]
    shaped_srid = srid if shaped else None
    rows = _rows(frame, facts, version, shaped_srid, drawn_as_points=drawn_as_points)
    try:
        copy_rows(connection, table.name, order, rows)
    except psycopg.errors.IntegrityError as fault:
        detail = fault.diag.message_detail or ""
        raise StoreError(
            f"The database refuses a row of `{table.name}`: {fault.diag.message_primary} "
            f"{detail[:300]} Nothing was stored. This is a defect of the analysis or a reader; "
            "please report it with the input.",
            f"数据库拒绝表 {table.name} 的一行:{fault.diag.message_primary} {detail[:300]} "
            "未存入任何内容。这是分析或读取程序的缺陷,请连同数据反馈。",
        ) from fault


def copy_rows(
    connection: psycopg.Connection[Any],
    table: str,
    columns: Sequence[str],
    rows: Iterator[tuple[Any, ...]],
) -> None:
    """Stream rows into a table of our schema."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(SCHEMA, table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _rows(
    frame: pd.DataFrame,
    facts: Sequence[str],
    version: int,
    srid: int | None,
    *,
    drawn_as_points: bool,
) -> Iterator[tuple[Any, ...]]:
    for start in range(0, len(frame), CHUNK_ROWS):
        part = frame.iloc[start : start + CHUNK_ROWS]
        columns: list[Any] = [
            [version] * len(part),
            part.index.astype(str).tolist(),
            range(start + 1, start + len(part) + 1),
            *(_values(part[name]) for name in facts),
        ]
        if srid is not None:
            lonlat = sound_lonlat(part, srid)
            drawn = shapely.point_on_surface(lonlat) if drawn_as_points else lonlat
            columns += [as_ewkb(lonlat, srid), as_ewkb(with_few_vertices(mercator(drawn)), 3857)]
        yield from zip(*columns, strict=True)


def _values(column: pd.Series) -> list[Any]:
    """Return plain Python values, None where missing; anything but a scalar as JSON text."""
    missing = column.isna().to_numpy()
    values = column.astype(object).to_numpy()
    if column.dtype == object:
        values = np.array([plain_json(value) for value in values], dtype=object)
    return [None if gone else value for gone, value in zip(missing, values, strict=True)]


def plain_json(value: Any) -> str:
    """Return strict JSON; numbers that are none become null, as JSON knows no NaN.

    Examples
    --------
    >>> plain_json({"a": float("nan"), "b": (1, np.int64(2)), "c": pd.NA})
    '{"a": null, "b": [1, 2], "c": null}'
    """
    return json.dumps(_plain(value), ensure_ascii=False, allow_nan=False)


def plain_record(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record whose values are as `plain_json` writes them."""
    return json.loads(plain_json(dict(value)))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset | np.ndarray):
        return [_plain(inner) for inner in value]
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or (isinstance(value, float) and not np.isfinite(value)):
        return None
    if isinstance(value, str | int | float | bool):
        return value.replace("\x00", "") if isinstance(value, str) else value
    return str(value)
