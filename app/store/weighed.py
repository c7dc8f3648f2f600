"""Questions about gaps that carry weight: priority, queue, areas, access to capacity, equity."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, Engine

from app.errors import NotFoundError
from app.store.rows import Record, current_version, rows
from spatial.dictionary import data_dictionary

__all__ = ["list_equity", "list_queue", "of_place"]

PRIORITY: Final = (
    "SELECT {columns} FROM linli.result_priority WHERE version = :version AND id = :id"
)
QUEUE: Final = """
SELECT {columns} FROM linli.result_queue WHERE version = :version AND area = :area
ORDER BY rank NULLS LAST, kind LIMIT :limit
"""
AREAS: Final = """
SELECT {columns} FROM linli.result_areas WHERE version = :version AND neighbourhood_id = :id
ORDER BY fid
"""
ACCESS: Final = """
SELECT {columns} FROM linli.result_access WHERE version = :version AND neighbourhood_id = :id
ORDER BY array_position(ARRAY['none', 'short', 'unknown', 'enough', 'no_standard'], status),
    access_ratio NULLS LAST, fid
"""
EQUITY: Final = """
SELECT {columns} FROM linli.result_equity WHERE version = :version AND area = :area
ORDER BY kind IS NOT NULL, elderly_beyond DESC NULLS LAST, fid
"""
DISTRICT: Final = "SELECT 1 FROM linli.result_districts WHERE version = :version AND id = :id"
CITY: Final = "city"
QUEUE_LENGTH: Final = 50


def of_place(connection: Connection, version: int, place_id: str) -> Record:
    """Return what the sheet of a neighbourhood shows beside its gaps."""
    ask = {"version": version, "id": place_id}
    priority = rows(connection, PRIORITY.format(columns=_columns("priority")), **ask)
    queue = QUEUE.format(columns=_columns("queue"))
    return {
        "priority": priority[0] if priority else None,
        "queue": rows(connection, queue, version=version, area=place_id, limit=QUEUE_LENGTH),
        "areas": rows(connection, AREAS.format(columns=_columns("areas")), **ask),
        "access": rows(connection, ACCESS.format(columns=_columns("access")), **ask),
    }


def list_queue(engine: Engine, city_id: str, *, area: str) -> list[Record]:
    """Return which missing facility comes first, in the city, a district or a neighbourhood.

    Raises
    ------
    NotFoundError
        If there is no such city or area.
    """
    with engine.connect() as connection:
        version = current_version(connection, city_id)
        statement = QUEUE.format(columns=_columns("queue"))
        found = rows(connection, statement, version=version.key, area=area, limit=QUEUE_LENGTH)
        if not found and area != CITY:
            _require_area(connection, version.key, area)
    return found


def list_equity(engine: Engine, city_id: str, *, area: str) -> list[Record]:
    """Return how evenly people are served: all must-have kinds together first, then by kind.

    Raises
    ------
    NotFoundError
        If there is no such city or district.
    """
    with engine.connect() as connection:
        version = current_version(connection, city_id)
        statement = EQUITY.format(columns=_columns("equity"))
        found = rows(connection, statement, version=version.key, area=area)
        if not found and area != CITY:
            _require_area(connection, version.key, area)
    return found


def _columns(table: str) -> str:
    return ", ".join(f'"{name}"' for name in data_dictionary().results[table].columns)


def _require_area(connection: Connection, version: int, area: str) -> None:
    place = "SELECT 1 FROM linli.result_neighbourhoods WHERE version = :version AND id = :id"
    if not any(
        rows(connection, question, version=version, id=area) for question in (DISTRICT, place)
    ):
        raise NotFoundError(
            f"There is no district or neighbourhood `{area}`; `city` stands for the whole city.",
            f"没有片区或小区 `{area}`;`city` 表示全市。",
        )
