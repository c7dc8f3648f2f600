"""Plans as they are stored: made, listed, read at any of their revisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import numpy as np
from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Engine, text

from app.errors import ConflictError, NotFoundError
from app.store.rows import Record, current_version, rows
from spatial.plans import District, Draft, Ground, PlanRules, Step, take

__all__ = [
    "MOST_OF_A_CITY",
    "PlanRow",
    "Start",
    "count_loose",
    "create_plan",
    "find_plan",
    "find_plan_by_key",
    "insert_state",
    "list_plans",
    "next_redo",
    "next_undo",
    "read_draft",
    "steps_after",
    "unrolled",
]

MOST_OF_A_CITY: Final = 1_000
"""Plans of one city; more are more than anybody finds again."""
COLUMNS: Final = (
    "p.key, p.city_id, p.id, p.name, p.status, p.data_version, p.head, p.rules, p.origin, "
    "p.author, p.created_at, p.updated_at"
)
LOOSE: Final = """
WITH RECURSIVE loose AS (
    SELECT a.plan, a.unit_id, p.city_id, p.data_version
    FROM linli.plan_assignment AS a JOIN linli.plan AS p ON p.key = a.plan
    WHERE p.city_id = :city AND a.district_id IS NULL
), whole AS (
    SELECT l.plan, l.unit_id, l.unit_id AS place FROM loose AS l
    UNION ALL
    SELECT w.plan, w.unit_id, u.parent FROM whole AS w
    JOIN linli.plan_unit AS u ON u.plan = w.plan AND u.id = w.place
), given AS (
    SELECT v.key, v.city_id, v.data_version, coalesce((
        SELECT (one ->> 'value')::boolean FROM jsonb_array_elements(v.parameters) AS one
        WHERE one ->> 'room' = 'districts' AND one ->> 'key' = 'unknown_may_join'
    ), true) AS unknown_joins
    FROM linli.city_version AS v WHERE v.city_id = :city
)
SELECT l.plan, bool_or(
    n.id IS NOT NULL AND coalesce(n.eligibility, '') NOT IN ('eligible', 'conditional')
    AND NOT (coalesce(n.eligibility, '') = 'unknown' AND g.unknown_joins)
) AS out
FROM loose AS l
JOIN whole AS w ON w.plan = l.plan AND w.unit_id = l.unit_id
LEFT JOIN given AS g ON g.data_version = l.data_version
LEFT JOIN linli.result_neighbourhoods AS n ON n.version = g.key AND n.id = w.place
GROUP BY l.plan, l.unit_id
"""
"""Units in no district; `out` tells those that may not join one (pieces as their neighbourhood)."""
LIST: Final = """
SELECT {columns}, coalesce(d.districts, 0) AS districts, coalesce(a.unassigned, 0) AS unassigned,
    coalesce(a.excluded, 0) AS excluded
FROM linli.plan AS p
LEFT JOIN (
    SELECT plan, count(*) AS districts FROM linli.plan_district GROUP BY plan
) AS d ON d.plan = p.key
LEFT JOIN (
    SELECT plan, count(*) FILTER (WHERE NOT out) AS unassigned,
        count(*) FILTER (WHERE out) AS excluded
    FROM ({loose}) AS l GROUP BY plan
) AS a ON a.plan = p.key
WHERE p.city_id = :city ORDER BY p.updated_at DESC, p.id
"""
FIND: Final = "SELECT {columns} FROM linli.plan AS p WHERE p.city_id = :city AND p.id = :id"
CREATE: Final = """
INSERT INTO linli.plan (city_id, id, name, data_version, rules, origin, author)
VALUES (:city, :id, :name, :data_version, :rules, :origin, :author) RETURNING key
"""
ASSIGNED: Final = """
INSERT INTO linli.plan_assignment (plan, unit_id, district_id, locked)
SELECT :plan, u, d, l FROM unnest(
    CAST(:units AS text[]), CAST(:districts AS text[]), CAST(:locked AS boolean[])
) AS x(u, d, l)
"""
STEPS: Final = """
SELECT r.seq, r.op, r.author, r.reason, r.created_at, r.changes, r.undoes,
    coalesce(c.units, '[]'::jsonb) AS units
FROM linli.plan_revision AS r
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_array(unit_id, before, after) ORDER BY unit_id) AS units
    FROM linli.plan_change WHERE plan = r.plan AND seq = r.seq
) AS c ON true
WHERE r.plan = :plan AND r.seq > :after AND r.seq <= :until ORDER BY r.seq
"""
NEXT_UNDO: Final = """
SELECT seq FROM linli.plan_revision AS r WHERE plan = :plan AND seq <= :until
    AND op NOT IN ('undo', 'settings')
    AND NOT EXISTS (
        SELECT 1 FROM linli.plan_revision AS u
        WHERE u.plan = r.plan AND u.undoes = r.seq AND u.seq <= :until
    )
ORDER BY seq DESC LIMIT 1
"""
NEXT_REDO: Final = """
SELECT seq FROM linli.plan_revision AS r WHERE plan = :plan AND op = 'undo' AND seq <= :until
    AND NOT EXISTS (
        SELECT 1 FROM linli.plan_revision AS u
        WHERE u.plan = r.plan AND u.undoes = r.seq AND u.seq <= :until
    )
    AND seq > coalesce((
        SELECT max(seq) FROM linli.plan_revision
        WHERE plan = :plan AND op NOT IN ('undo', 'redo', 'settings') AND seq <= :until
    ), 0)
ORDER BY seq DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One plan's own row."""

    key: int
    city_id: str
    id: str
    name: str
    status: str
    data_version: str
    head: int
    rules: Record
    origin: Record
    author: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Start:
    """The state that a new plan begins with."""

    assignment: Mapping[str, str | None]
    districts: Iterable[District]
    locked_units: frozenset[str]
    rules: PlanRules
    origin: Record


def list_plans(engine: Engine, city_id: str) -> list[Record]:
    """Return the plans of a city, the one changed last first."""
    with engine.connect() as connection:
        current = current_version(connection, city_id).data_version
        found = rows(connection, LIST.format(columns=COLUMNS, loose=LOOSE), city=city_id)
    return [{**one, "stale": one["data_version"] != current} for one in found]


def find_plan(connection: Connection, city_id: str, plan_id: str, *, lock: bool = False) -> PlanRow:
    """Return a plan's row; with `lock`, nobody else changes the plan before the caller is done.

    Raises
    ------
    NotFoundError
        If the city has no such plan.
    """
    statement = FIND.format(columns=COLUMNS) + (" FOR UPDATE" if lock else "")
    found = rows(connection, statement, city=city_id, id=plan_id)
    if not found:
        current_version(connection, city_id)
        raise NotFoundError(
            f"City `{city_id}` has no plan `{plan_id}`.", f"城市 `{city_id}` 没有方案 `{plan_id}`。"
        )
    return PlanRow(**found[0])


def find_plan_by_key(connection: Connection, key: int) -> PlanRow:
    """Return a plan's row by its key."""
    statement = "SELECT {columns} FROM linli.plan AS p WHERE p.key = :key"
    found = rows(connection, statement.format(columns=COLUMNS), key=key)
    if not found:
        raise NotFoundError("The plan is gone, with its city.", "该方案已随城市一并删除。")
    return PlanRow(**found[0])


def create_plan(
    connection: Connection, city_id: str, plan_id: str, *, name: str, author: str, start: Start
) -> PlanRow:
    """Store a new plan on the city's current data; the same one sent twice is stored once.

    Raises
    ------
    ConflictError
        If another plan has this id, or the city has more than enough of them.
    """
    version = current_version(connection, city_id)
    lock = "SELECT 1 FROM linli.city WHERE id = :city FOR UPDATE"
    connection.execute(text(lock), {"city": city_id})
    there = rows(connection, FIND.format(columns=COLUMNS), city=city_id, id=plan_id)
    if there:
        asked = (there[0]["origin"].get("from"), there[0]["author"])
        same = asked == (start.origin.get("from"), author)
        if same:
            return PlanRow(**there[0])
        raise ConflictError(
            f"There is already a plan `{plan_id}`; give the new one another id.",
            f"方案 `{plan_id}` 已存在;请换用新的 id。",
        )
    count = "SELECT count(*) AS n FROM linli.plan WHERE city_id = :city"
    if rows(connection, count, city=city_id)[0]["n"] >= MOST_OF_A_CITY:
        raise ConflictError(
            f"City `{city_id}` has {MOST_OF_A_CITY} plans, the most that are kept.",
            f"城市 `{city_id}` 已有 {MOST_OF_A_CITY} 个方案,达到上限。",
        )
    values: Record = {"city": city_id, "id": plan_id, "name": name, "author": author}
    values |= {"data_version": version.data_version}
    values |= {"rules": Jsonb(start.rules.to_record()), "origin": Jsonb(start.origin)}
    key = connection.execute(text(CREATE), values).scalar_one()
    insert_state(connection, key, start)
    return find_plan(connection, city_id, plan_id)


def insert_state(connection: Connection, key: int, start: Start) -> None:
    """Write districts and assignment of a new plan."""
    districts = [{"plan": key, "id": d.id, **d.to_record()} for d in start.districts]
    if districts:
        statement = text(
            "INSERT INTO linli.plan_district (plan, id, name, colour, locked) "
            "VALUES (:plan, :id, :name, :colour, :locked)"
        )
        connection.execute(statement, districts)
    units = list(start.assignment)
    values = {
        "plan": key,
        "units": units,
        "districts": [start.assignment[unit] for unit in units],
        "locked": [unit in start.locked_units for unit in units],
    }
    connection.execute(text(ASSIGNED), values)


def read_draft(connection: Connection, plan: PlanRow, ground: Ground) -> Draft:
    """Return the state of a plan at its head, from its tables."""
    districts = rows(
        connection,
        "SELECT id, name, colour, locked FROM linli.plan_district WHERE plan = :plan ORDER BY id",
        plan=plan.key,
    )
    assigned = rows(
        connection,
        "SELECT unit_id, district_id, locked FROM linli.plan_assignment WHERE plan = :plan",
        plan=plan.key,
    )
    alive = ground.ids.isin([one["unit_id"] for one in assigned])
    return Draft.of(
        replace(ground, alive=alive) if (alive != ground.alive).any() else ground,
        {one["unit_id"]: one["district_id"] for one in assigned},
        [District(**one) for one in districts],
        rules=PlanRules.from_record(plan.rules),
        locked_units=[one["unit_id"] for one in assigned if one["locked"]],
    )


def count_loose(draft: Draft) -> Record:
    """Count units in no district: those that could join one, and those that may not."""
    ground = draft.ground
    loose = ground.alive & np.array([one is None for one in draft.label], dtype=bool)
    return {
        "unassigned": int((loose & ground.admitted).sum()),
        "excluded": int((loose & ~ground.admitted).sum()),
    }


def steps_after(
    connection: Connection, plan: PlanRow, after: int, until: int | None = None
) -> list[Record]:
    """Return the revisions after one, in order, each with its ``step``."""
    last = plan.head if until is None else until
    found = rows(connection, STEPS, plan=plan.key, after=after, until=last)
    for one in found:
        units = {unit: (before, now) for unit, before, now in one.pop("units")}
        one["step"] = Step.from_record(units, one.pop("changes"))
    return found


def unrolled(connection: Connection, plan: PlanRow, draft: Draft, at: int) -> Draft:
    """Return the state of a plan as it was after revision `at` (0 = as it began).

    Raises
    ------
    NotFoundError
        If there is no such revision.
    """
    if not 0 <= at <= plan.head:
        raise NotFoundError(
            f"Plan `{plan.id}` has revisions 0 to {plan.head}, not {at}.",
            f"方案 `{plan.id}` 的修订为 0 至 {plan.head},没有 {at}。",
        )
    for one in reversed(steps_after(connection, plan, at)):
        draft = take(draft, one["step"].reversed())
    return draft


def next_undo(connection: Connection, plan: PlanRow, until: int | None = None) -> int | None:
    """Return the revision that an undo would take back; None if there is none."""
    return _next(connection, NEXT_UNDO, plan, until)


def next_redo(connection: Connection, plan: PlanRow, until: int | None = None) -> int | None:
    """Return the undo that a redo would take back; None if there is none."""
    return _next(connection, NEXT_REDO, plan, until)


def _next(connection: Connection, statement: str, plan: PlanRow, until: int | None) -> int | None:
    last = plan.head if until is None else until
    found: Any = rows(connection, statement, plan=plan.key, until=last)
    return found[0]["seq"] if found else None
