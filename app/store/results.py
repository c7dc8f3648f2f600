"""Questions about gaps and districts of a whole city."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Engine

from app.errors import NotFoundError
from app.store.rows import Record, current_version, rows
from spatial.dictionary import data_dictionary

__all__ = [
    "list_coverage",
    "list_districts",
    "read_district",
    "read_kind_gaps",
]

COVERAGE: Final = """
SELECT {columns} FROM linli.result_coverage WHERE version = :version AND area = :area
ORDER BY array_position(ARRAY['block', 'c5', 'c10', 'c15'], layer), fid
"""
KIND_GAPS: Final = """
SELECT neighbourhood_id, layer, need, status, nearest_m, limit_m
FROM linli.result_gaps WHERE version = :version AND kind = :kind
ORDER BY neighbourhood_id, array_position(ARRAY['block', 'c5', 'c10', 'c15'], layer)
"""
DISTRICTS: Final = """
SELECT d.id, {columns}, coalesce(m.list, '[]'::jsonb) AS member_list,
    ST_XMin(d.geom) AS west, ST_YMin(d.geom) AS south,
    ST_XMax(d.geom) AS east, ST_YMax(d.geom) AS north
FROM linli.result_districts AS d
LEFT JOIN (
    SELECT district_id, jsonb_agg(jsonb_build_object('id', id, 'name', name) ORDER BY name, id)
        AS list
    FROM linli.result_neighbourhoods WHERE version = :version AND district_id IS NOT NULL
    GROUP BY district_id
) AS m ON m.district_id = d.id
WHERE d.version = :version {which}
ORDER BY d.must_missing DESC NULLS LAST, d.id
"""
DISTRICT_NEIGHBOURS: Final = """
SELECT d.id, d.name, count(*) AS pairs, min(pair.walk_m) AS walk_m
FROM (
    SELECT a, b, walk_m FROM linli.result_adjacency WHERE version = :version
    UNION ALL SELECT b, a, walk_m FROM linli.result_adjacency WHERE version = :version
) AS pair
JOIN linli.result_neighbourhoods AS mine
    ON mine.version = :version AND mine.id = pair.a AND mine.district_id = :id
JOIN linli.result_neighbourhoods AS other
    ON other.version = :version AND other.id = pair.b AND other.district_id <> :id
JOIN linli.result_districts AS d ON d.version = :version AND d.id = other.district_id
GROUP BY d.id, d.name ORDER BY d.id
"""


def list_coverage(engine: Engine, city_id: str, *, area: str) -> list[Record]:
    """Return people and buildings covered by kind, for ``city`` or a district.

    Raises
    ------
    NotFoundError
        If there is no such city or district.
    """
    with engine.connect() as connection:
        version = current_version(connection, city_id)
        statement = COVERAGE.format(columns=_columns("coverage"))
        found = rows(connection, statement, version=version.key, area=area)
        if not found and area != "city":
            _require_district(connection, version.key, area)
    return found


def read_kind_gaps(engine: Engine, city_id: str, kind: str) -> list[Record]:
    """Return for every neighbourhood whether it has one kind of facility.

    Raises
    ------
    NotFoundError
        If the city was not checked for such a kind.
    """
    with engine.connect() as connection:
        version = current_version(connection, city_id)
        found = rows(connection, KIND_GAPS, version=version.key, kind=kind)
    if not found:
        raise NotFoundError(
            f"City `{city_id}` was not checked for `{kind}`; "
            f"/api/v1/cities/{city_id}/catalogue lists the kinds.",
            f"城市 `{city_id}` 没有检查设施类别 `{kind}`;"
            f"设施类别见 /api/v1/cities/{city_id}/catalogue。",
        )
    return found


def list_districts(engine: Engine, city_id: str) -> list[Record]:
    """Return all districts with their members, the neediest first."""
    with engine.connect() as connection:
        version = current_version(connection, city_id)
        statement = DISTRICTS.format(columns=_columns("districts", "d"), which="")
        return [_shaped(record) for record in rows(connection, statement, version=version.key)]


def read_district(engine: Engine, city_id: str, district_id: str) -> Record:
    """Return one district with members, coverage and neighbouring districts."""
    with engine.connect() as connection:
        version = current_version(connection, city_id)
        ask = {"version": version.key, "id": district_id}
        statement = DISTRICTS.format(columns=_columns("districts", "d"), which="AND d.id = :id")
        found = rows(connection, statement, **ask)
        if not found:
            raise _no_district(district_id)
        coverage = COVERAGE.format(columns=_columns("coverage"))
        return {
            **_shaped(found[0]),
            "coverage": rows(connection, coverage, version=version.key, area=district_id),
            "neighbours": rows(connection, DISTRICT_NEIGHBOURS, **ask),
        }


def _columns(table: str, alias: str = "") -> str:
    dot = f"{alias}." if alias else ""
    return ", ".join(f'{dot}"{name}"' for name in data_dictionary().results[table].columns)


def _shaped(record: Record) -> Record:
    bounds = [record.pop(side) for side in ("west", "south", "east", "north")]
    members = record.pop("member_list")
    return {**record, "members": members, "member_count": record["members"], "bounds": bounds}


def _require_district(connection: Any, version: int, district_id: str) -> None:
    statement = "SELECT 1 FROM linli.result_districts WHERE version = :version AND id = :id"
    if not rows(connection, statement, version=version, id=district_id):
        raise _no_district(district_id)


def _no_district(district_id: str) -> NotFoundError:
    return NotFoundError(f"There is no district `{district_id}`.", f"没有片区 `{district_id}`。")
