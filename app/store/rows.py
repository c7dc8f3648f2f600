"""Ask the database and get plain records."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from app.errors import BadRequestError, NotFoundError

__all__ = [
    "Record",
    "Version",
    "current_version",
    "find_version",
    "read_cursor",
    "rows",
    "write_cursor",
]

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Version:
    """One stored version of a city."""

    key: int
    city_id: str
    data_version: str
    engine_version: str
    srid: int


def rows(connection: Connection, statement: str, **values: Any) -> list[Record]:
    """Return all rows of an answer as dictionaries."""
    return [dict(row) for row in connection.execute(text(statement), values).mappings()]


def current_version(connection: Connection, city_id: str) -> Version:
    """Return the version of a city that everybody sees.

    Raises
    ------
    NotFoundError
        If there is no such city.
    """
    found = rows(
        connection,
        "SELECT v.key, v.city_id, v.data_version, v.engine_version, v.geographic_srid AS srid "
        "FROM linli.city AS c JOIN linli.city_version AS v ON v.key = c.current_version "
        "WHERE c.id = :city",
        city=city_id,
    )
    if not found:
        raise NotFoundError(
            f"There is no city `{city_id}`; /api/v1/cities lists those there are.",
            f"没有城市 `{city_id}`;现有城市见 /api/v1/cities。",
        )
    return Version(**found[0])


def find_version(connection: Connection, city_id: str, data_version: str) -> Version:
    """Return one kept version of a city.

    Raises
    ------
    NotFoundError
        If there is none, or it has been replaced and removed.
    """
    found = rows(
        connection,
        "SELECT key, city_id, data_version, engine_version, geographic_srid AS srid "
        "FROM linli.city_version WHERE city_id = :city AND data_version = :version",
        city=city_id,
        version=data_version,
    )
    if not found:
        raise NotFoundError(
            f"City `{city_id}` has no data version `{data_version}` (any more); "
            f"/api/v1/cities/{city_id} names the current one.",
            f"城市 `{city_id}` 没有(或已不再保留)数据版本 `{data_version}`;"
            f"当前版本见 /api/v1/cities/{city_id}。",
        )
    return Version(**found[0])


def write_cursor(place: Mapping[str, Any]) -> str:
    """Return an opaque text that names a place in a list."""
    packed = json.dumps(place, ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def read_cursor(cursor: str, **wanted: type | tuple[type, ...]) -> Record:
    """Return the place that a cursor names.

    Raises
    ------
    BadRequestError
        If it is none of ours, or of another list.

    Examples
    --------
    >>> read_cursor(write_cursor({"id": "n1"}), id=str)
    {'id': 'n1'}
    """
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as fault:
        raise _not_a_cursor() from fault
    if not isinstance(place, dict) or set(place) != set(wanted):
        raise _not_a_cursor()
    if any(not isinstance(place[name], kind) for name, kind in wanted.items()):
        raise _not_a_cursor()
    return place


def _not_a_cursor() -> BadRequestError:
    return BadRequestError(
        "This `cursor` does not belong to this list. Start without one, and follow the `next` "
        "links that the answers give.",
        "此 `cursor` 不属于该列表。请先不带 cursor 请求,再沿应答中的 next 链接翻页。",
    )
