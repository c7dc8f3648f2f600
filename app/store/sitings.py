"""Sitings as jobs left them: each found is stored whole, with its job, or not at all."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Engine

from app.errors import NotFoundError, SitingInfeasibleError
from app.store import jobs
from app.store.features import DECIMALS
from app.store.rows import Record, Version, current_version, find_version, rows
from app.store.tables import RESULT_TABLES

__all__ = ["list_sitings", "read_shapes", "read_siting", "stock_since"]

LIST: Final = """
SELECT id AS job, data_version, finished_at, request, result->'summary' AS summary
FROM linli.job WHERE city_id = :city AND kind = 'siting' AND result IS NOT NULL
ORDER BY finished_at DESC, id LIMIT :limit
"""
SINCE: Final = """
SELECT a.id, CASE WHEN a.retired THEN 'retired' WHEN a.verdict = 'reject' THEN 'rejected' END AS why
FROM linli.stock_asset AS a
LEFT JOIN linli.input_stock_assets AS i ON i.version = :version AND i.id = a.id
WHERE a.city_id = :city AND (a.retired OR a.verdict = 'reject'
    OR a.facts IS NOT NULL AND i.revision IS DISTINCT FROM a.revision)
"""
SHAPES: Final = """
SELECT id, ST_AsGeoJSON(ST_ForcePolygonCCW(geom), {decimals}) AS shape
FROM linli.{table} WHERE version = :version AND id = ANY(:ids)
"""


def list_sitings(engine: Engine, city_id: str, *, limit: int) -> list[Record]:
    """Return the runs of a city, the newest first, without their sites."""
    with engine.connect() as connection:
        version = current_version(connection, city_id)
        found = rows(connection, LIST, city=city_id, limit=limit)
    return [
        {**one, **one["summary"], "current": one["data_version"] == version.data_version}
        for one in found
    ]


def read_siting(engine: Engine, city_id: str, job_id: str) -> Record:
    """Return id, request, data version and result of one finished siting.

    Raises
    ------
    SitingInfeasibleError
        If its rules could not all hold; it tells which.
    NotFoundError
        If there is none.
    """
    found = jobs.result_record(engine, city_id, job_id, kind="siting")
    if found is not None:
        with engine.connect() as connection:
            now = current_version(connection, city_id).data_version
        return found | {"current": found["data_version"] == now}
    error = jobs.error_of(engine, city_id, job_id, kind="siting")
    if error.get("clashes"):
        raise SitingInfeasibleError(error["clashes"])
    raise NotFoundError(
        f"City `{city_id}` has no finished siting `{job_id}`.",
        f"城市 `{city_id}` 没有已完成的选址任务 `{job_id}`。",
    )


def stock_since(connection: Connection, version: Version) -> tuple[dict[str, str], int]:
    """Return what edits of the register since a version mean for sitings on it.

    Returns
    -------
    dict
        Assets that may no longer be chosen: id to ``retired`` or ``rejected``.
    int
        How many assets were written since: they count from the next analysis on.
    """
    found = rows(connection, SINCE, city=version.city_id, version=version.key)
    gone = {one["id"]: one["why"] for one in found if one["why"] is not None}
    return gone, sum(one["why"] is None for one in found)


def read_shapes(
    engine: Engine, city_id: str, data_version: str, table: str, ids: list[str]
) -> dict[str, Any]:
    """Return GeoJSON text of the geometry of some rows of a result table, by id."""
    with engine.connect() as connection:
        version = find_version(connection, city_id, data_version)
        statement = SHAPES.format(decimals=DECIMALS, table=RESULT_TABLES[table].name)
        found = rows(connection, statement, version=version.key, ids=ids)
    return {one["id"]: one["shape"] for one in found}
