"""Sitings as jobs left them: each found is stored whole, with its job, or not at all."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Engine

from app.errors import NotFoundError, SitingInfeasibleError
from app.store import jobs
from app.store.features import DECIMALS
from app.store.rows import Record, current_version, find_version, rows
from app.store.tables import RESULT_TABLES

__all__ = ["list_sitings", "read_shapes", "read_siting"]

LIST: Final = """
SELECT id AS job, data_version, finished_at, request, result->'summary' AS summary
FROM linli.job WHERE city_id = :city AND kind = 'siting' AND result IS NOT NULL
ORDER BY finished_at DESC, id LIMIT :limit
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


def read_shapes(
    engine: Engine, city_id: str, data_version: str, table: str, ids: list[str]
) -> dict[str, Any]:
    """Return GeoJSON text of the geometry of some rows of a result table, by id."""
    with engine.connect() as connection:
        version = find_version(connection, city_id, data_version)
        statement = SHAPES.format(decimals=DECIMALS, table=RESULT_TABLES[table].name)
        found = rows(connection, statement, version=version.key, ids=ids)
    return {one["id"]: one["shape"] for one in found}
