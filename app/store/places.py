"""Questions about neighbourhoods: the ranking, and everything that one sheet shows."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Engine

from app.errors import BadRequestError, NotFoundError
from app.store.features import SHAPE, feature, feature_collection
from app.store.rows import Record, Version, current_version, read_cursor, rows, write_cursor
from app.store.stock import stock_of_place
from app.store.weighed import of_place
from spatial.dictionary import data_dictionary

__all__ = ["SORTS", "rank_places", "read_circles", "read_place", "read_reached", "require_gap"]

SORTS: Final = {
    "gap_index": "gap_index",
    "must_missing": "must_missing",
    "persons": "persons",
    "households": "households",
    "year_built": "year_built",
    "name": 'name COLLATE "C"',
    "area_m2": "area_m2",
    "priority": "priority",
}
RANKED: Final = """
WITH ranked AS (
    SELECT *, CASE WHEN gap_index IS NULL THEN NULL
        ELSE rank() OVER (ORDER BY gap_index DESC NULLS LAST, must_missing DESC NULLS LAST)
        END AS rank
    FROM linli.result_neighbourhoods WHERE version = :version
)
"""
FILTER: Final = """
    (CAST(:q AS text) IS NULL OR lower(id) = lower(CAST(:q AS text))
        OR position(lower(CAST(:q AS text)) IN lower(coalesce(name, ''))) > 0)
    AND (CAST(:eligibility AS text[]) IS NULL OR eligibility = ANY(CAST(:eligibility AS text[])))
"""
RANKING: Final = """
{ranked}
SELECT id, name, ST_X(point) AS lon, ST_Y(point) AS lat, rank, eligibility, year_built, households,
    persons, must_missing, must_checked, gap_index, district_id, derived, subdistrict, area_m2,
    priority, priority_rank, rank_low, rank_high
FROM (
    SELECT * FROM ranked WHERE {filter} AND {after}
    ORDER BY {sort} {order} NULLS LAST, id LIMIT :limit
) AS page LEFT JOIN LATERAL (
    SELECT rank_low, rank_high FROM linli.result_priority AS p
    WHERE p.version = page.version AND p.id = page.id
) AS ranges ON true, LATERAL (SELECT ST_PointOnSurface(geom) AS point) AS placed
ORDER BY {sort} {order} NULLS LAST, id
"""
COUNT: Final = """
SELECT count(*) AS total FROM linli.result_neighbourhoods WHERE version = :version AND {filter}
"""

HAS_GAP: Final = """
SELECT 1 FROM linli.result_gaps WHERE version = :version AND neighbourhood_id = :id
    AND kind = :kind AND (CAST(:layer AS text) IS NULL OR layer = :layer) LIMIT 1
"""


def rank_places(
    engine: Engine,
    city_id: str,
    *,
    sort: str,
    descending: bool,
    limit: int,
    cursor: str | None,
    eligibility: list[str] | None,
    q: str | None,
) -> tuple[list[Record], int, str | None]:
    """Return one page of the ranking, the number of all, and the cursor of the next page.

    Places without the number come last, whichever way one sorts.
    """
    if sort not in SORTS:
        raise BadRequestError(
            f"`sort` must be one of {', '.join(SORTS)}, not {sort!r}.",
            f"`sort` 应为 {'、'.join(SORTS)} 之一,不能是 {sort!r}。",
        )
    after, place = _after(sort, cursor, descending=descending)
    statement = RANKING.format(
        ranked=RANKED,
        filter=FILTER,
        after=after,
        sort=SORTS[sort],
        order="DESC" if descending else "ASC",
    )
    filters = {"q": q or None, "eligibility": eligibility or None}
    with engine.connect() as connection:
        version = current_version(connection, city_id)
        page = rows(connection, statement, version=version.key, limit=limit + 1, **filters, **place)
        total = rows(connection, COUNT.format(filter=FILTER), version=version.key, **filters)[0][
            "total"
        ]
    more = len(page) > limit
    page = page[:limit]
    following = None
    if more:
        last = page[-1]
        following = write_cursor({"s": sort, "v": last[sort], "id": last["id"]})
    return page, total, following


def _after(sort: str, cursor: str | None, *, descending: bool) -> tuple[str, dict[str, Any]]:
    """Return the condition that skips all pages before the cursor's."""
    if cursor is None:
        return "true", {}
    kind = (str, type(None)) if sort == "name" else (int, float, type(None))
    place = read_cursor(cursor, s=str, v=kind, id=str)
    if place["s"] != sort:
        raise BadRequestError(
            "The `cursor` belongs to another `sort`. Start without one.",
            "该 `cursor` 属于另一种排序;请从头查询。",
        )
    column = SORTS[sort]
    values = {"after_id": place["id"]}
    if place["v"] is None:
        return f"({column} IS NULL AND id > :after_id)", values
    beyond = "<" if descending else ">"
    return (
        f"({column} {beyond} :after OR ({column} = :after AND id > :after_id) OR {column} IS NULL)",
        {**values, "after": place["v"]},
    )


FACTS: Final = """
SELECT id, {columns}, ST_XMin(geom) AS west, ST_YMin(geom) AS south, ST_XMax(geom) AS east,
    ST_YMax(geom) AS north
FROM linli.result_neighbourhoods WHERE version = :version AND id = :id
"""
FINDINGS: Final = """
SELECT rule, finding, clause, evidence_zh, evidence_en, missing
FROM linli.result_eligibility WHERE version = :version AND neighbourhood_id = :id
ORDER BY rule, fid
"""
GATES: Final = """
SELECT id, ST_X(geom) AS lon, ST_Y(geom) AS lat, source, access, name, entry_m, component
FROM linli.result_neighbourhood_gates WHERE version = :version AND neighbourhood_id = :id
ORDER BY id
"""
GAPS: Final = """
SELECT {columns}, f.name AS facility_name, ST_X(f.point) AS facility_lon,
    ST_Y(f.point) AS facility_lat
FROM linli.result_gaps AS g
LEFT JOIN LATERAL (
    SELECT name, ST_PointOnSurface(geom) AS point FROM linli.input_facilities
    WHERE version = g.version AND id = g.nearest_facility_id
) AS f ON true
WHERE g.version = :version AND g.neighbourhood_id = :id
ORDER BY array_position(ARRAY['missing', 'unknown', 'present'], g.status),
    array_position(ARRAY['must', 'should', 'listed'], g.need),
    array_position(ARRAY['block', 'c5', 'c10', 'c15'], g.layer), g.fid
"""
CIRCLES: Final = """
SELECT {columns}{shape}
FROM linli.result_life_circles WHERE version = :version AND neighbourhood_id = :id
ORDER BY area_m2 DESC, fid
"""
MEMBERS: Final = """
SELECT id, name FROM linli.result_neighbourhoods
WHERE version = :version AND district_id = :district ORDER BY name, id
"""
DISTRICT: Final = """
SELECT id, {columns} FROM linli.result_districts WHERE version = :version AND id = :district
"""
NEIGHBOURS: Final = """
SELECT n.id, n.name, pair.barrier, pair.walk_m, pair.gap_m, pair.shared_m
FROM (
    SELECT b AS other, barrier, walk_m, gap_m, shared_m FROM linli.result_adjacency
    WHERE version = :version AND a = :id
    UNION ALL
    SELECT a, barrier, walk_m, gap_m, shared_m FROM linli.result_adjacency
    WHERE version = :version AND b = :id
) AS pair JOIN linli.result_neighbourhoods AS n ON n.version = :version AND n.id = pair.other
ORDER BY pair.walk_m NULLS LAST, n.id
"""
REACHED: Final = """
SELECT f.id AS facility_id, r.kind, f.name, r.layer, r.distance_m, r.time_s,
    {shape} AS shape
FROM linli.result_reached_facilities AS r
JOIN linli.input_facilities AS f ON f.version = r.version AND f.id = r.facility_id
WHERE r.version = :version AND r.neighbourhood_id = :id
ORDER BY r.distance_m, f.id, r.kind
"""


def read_place(engine: Engine, city_id: str, place_id: str) -> Record:
    """Return everything that the sheet of one neighbourhood shows: one question per table."""
    columns = data_dictionary().results
    with engine.connect() as connection:
        version = current_version(connection, city_id)
        facts = _facts(connection, version, place_id)
        ask = {"version": version.key, "id": place_id}
        findings = rows(connection, FINDINGS, **ask)
        gap_columns = ", ".join(f'g."{name}"' for name in columns["gaps"].columns)
        gaps = rows(connection, GAPS.format(columns=gap_columns), **ask)
        circle_columns = ", ".join(columns["life_circles"].columns)
        circles = rows(connection, CIRCLES.format(columns=circle_columns, shape=""), **ask)
        bounds = [facts.pop(side) for side in ("west", "south", "east", "north")]
        identifier = facts.pop("id")
        return {
            "id": identifier,
            "name": facts["name"],
            "bounds": bounds,
            "facts": facts,
            "derived": facts["derived"],
            "eligibility": {"overall": facts["eligibility"], "findings": findings},
            "gates": rows(connection, GATES, **ask),
            "gaps": [_without(gap, "neighbourhood_id") for gap in gaps],
            "circles": [_without(circle, "neighbourhood_id") for circle in circles],
            "district": _district(connection, version, facts["district_id"]),
            "single_reason": facts["single_reason"],
            "stock": stock_of_place(connection, version, place_id),
            "neighbours": rows(connection, NEIGHBOURS, **ask),
            **of_place(connection, version.key, identifier),
            "data_version": version.data_version,
            "engine_version": version.engine_version,
        }


def read_circles(engine: Engine, city_id: str, place_id: str) -> Record:
    """Return the life circles of a neighbourhood as GeoJSON, the largest first."""
    columns = ", ".join(data_dictionary().results["life_circles"].columns)
    shape = ", id, " + SHAPE.format(shape="geom") + " AS shape"
    with engine.connect() as connection:
        version = current_version(connection, city_id)
        _facts(connection, version, place_id)
        found = rows(
            connection,
            CIRCLES.format(columns=columns, shape=shape),
            version=version.key,
            id=place_id,
        )
    return feature_collection([feature(record) for record in found])


def read_reached(engine: Engine, city_id: str, place_id: str) -> Record:
    """Return the facilities that are reached from a neighbourhood, the nearest first."""
    statement = REACHED.format(shape=SHAPE.format(shape="ST_PointOnSurface(f.geom)"))
    with engine.connect() as connection:
        version = current_version(connection, city_id)
        _facts(connection, version, place_id)
        found = rows(connection, statement, version=version.key, id=place_id)
    features = [feature(record, identifier="facility_id") for record in found]
    return feature_collection(features)


def require_gap(engine: Engine, city_id: str, place_id: str, kind: str, layer: str | None) -> None:
    """Refuse a neighbourhood, a kind or a layer for which no gap was looked for.

    Raises
    ------
    NotFoundError
        If there is no such city, neighbourhood or checked kind.
    """
    with engine.connect() as connection:
        version = current_version(connection, city_id)
        asked = {"version": version.key, "id": place_id, "kind": kind, "layer": layer}
        if rows(connection, HAS_GAP, **asked):
            return
        _facts(connection, version, place_id)
    at = f" in layer `{layer}`" if layer else ""
    raise NotFoundError(
        f"Neighbourhood `{place_id}` was not checked for `{kind}`{at}; "
        f"/api/v1/cities/{city_id}/catalogue lists the kinds.",
        f"小区 `{place_id}` 没有检查设施类别 `{kind}`{f'(圈层 `{layer}`)' if layer else ''};"
        f"设施类别见 /api/v1/cities/{city_id}/catalogue。",
    )


def _facts(connection: Connection, version: Version, place_id: str) -> Record:
    columns = ", ".join(f'"{name}"' for name in data_dictionary().results["neighbourhoods"].columns)
    found = rows(connection, FACTS.format(columns=columns), version=version.key, id=place_id)
    if not found:
        raise NotFoundError(
            f"City `{version.city_id}` has no neighbourhood `{place_id}`.",
            f"城市 `{version.city_id}` 没有小区 `{place_id}`。",
        )
    return found[0]


def _district(connection: Connection, version: Version, district: str | None) -> Record | None:
    if district is None:
        return None
    columns = ", ".join(data_dictionary().results["districts"].columns)
    ask = {"version": version.key, "district": district}
    found = rows(connection, DISTRICT.format(columns=columns), **ask)
    if not found:
        return None
    record = found[0]
    record["member_count"] = record.pop("members")
    return {**record, "members": rows(connection, MEMBERS, **ask)}


def _without(record: Record, name: str) -> Record:
    return {key: value for key, value in record.items() if key != name}
