"""Scenarios as they are stored: a name and a list of changes, with a revision number."""

from __future__ import annotations

from typing import Final

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Engine, text

from app.errors import ConflictError, NotFoundError, PreconditionError, StaleError
from app.store.rows import Record, current_version, rows

__all__ = [
    "MOST_OF_A_CITY",
    "create_scenario",
    "delete_scenario",
    "list_scenarios",
    "read_scenario",
    "replace_scenario",
]

MOST_OF_A_CITY: Final = 1_000
"""Scenarios kept of one city; more are more than anybody finds again."""
COLUMNS: Final = (
    "id, name, changes, data_version, revision, created_at, updated_at, "
    "jsonb_array_length(changes) AS change_count"
)
LIST: Final = """
SELECT {columns} FROM linli.scenario WHERE city_id = :city ORDER BY updated_at DESC, id
"""
READ: Final = "SELECT {columns} FROM linli.scenario WHERE city_id = :city AND id = :id"
CREATE: Final = """
INSERT INTO linli.scenario (city_id, id, name, changes, data_version)
VALUES (:city, :id, :name, :changes, :data_version)
"""
REPLACE: Final = """
UPDATE linli.scenario SET name = :name, changes = :changes, data_version = :data_version,
    revision = revision + 1, updated_at = now()
WHERE city_id = :city AND id = :id AND revision = :seen
"""
DELETE: Final = """
DELETE FROM linli.scenario WHERE city_id = :city AND id = :id
    AND revision = coalesce(CAST(:seen AS integer), revision)
"""


def list_scenarios(engine: Engine, city_id: str) -> list[Record]:
    """Return the scenarios of a city, the one changed last first."""
    with engine.connect() as connection:
        current_version(connection, city_id)
        return rows(connection, LIST.format(columns=COLUMNS), city=city_id)


def read_scenario(engine: Engine, city_id: str, scenario_id: str) -> Record:
    """Return one scenario.

    Raises
    ------
    NotFoundError
        If the city has none with this id.
    """
    with engine.connect() as connection:
        current_version(connection, city_id)
        return _read(connection, city_id, scenario_id)


def create_scenario(
    engine: Engine, city_id: str, scenario_id: str, *, name: str, changes: list[Record]
) -> Record:
    """Store a new scenario; the same one sent twice (a lost answer) is stored once.

    Raises
    ------
    ConflictError
        If another scenario has this id, or the city has more than enough of them.
    """
    with engine.begin() as connection:
        version = current_version(connection, city_id)
        connection.execute(
            text("SELECT 1 FROM linli.city WHERE id = :city FOR UPDATE"), {"city": city_id}
        )
        there = rows(connection, READ.format(columns=COLUMNS), city=city_id, id=scenario_id)
        if there:
            if (there[0]["name"], there[0]["changes"]) == (name, changes):
                return there[0]
            raise ConflictError(
                f"There is already a scenario `{scenario_id}` with other changes; give the new one "
                "another id, or change that one with PUT.",
                f"情景 `{scenario_id}` 已存在且内容不同;请换用新的 id,或用 PUT 修改原情景。",
            )
        count = "SELECT count(*) AS n FROM linli.scenario WHERE city_id = :city"
        if rows(connection, count, city=city_id)[0]["n"] >= MOST_OF_A_CITY:
            raise ConflictError(
                f"City `{city_id}` has {MOST_OF_A_CITY} scenarios; delete some first.",
                f"城市 `{city_id}` 已有 {MOST_OF_A_CITY} 个情景,请先删除一些。",
            )
        values = {"city": city_id, "id": scenario_id, "name": name, "changes": Jsonb(changes)}
        connection.execute(text(CREATE), {**values, "data_version": version.data_version})
        return _read(connection, city_id, scenario_id)


def replace_scenario(
    engine: Engine,
    city_id: str,
    scenario_id: str,
    *,
    name: str,
    changes: list[Record],
    seen: int | None,
) -> Record:
    """Store another state of a scenario in place of the one that the writer saw.

    Raises
    ------
    PreconditionError
        If the writer did not say which state was seen.
    StaleError
        If somebody else changed it in the meantime.
    """
    with engine.begin() as connection:
        version = current_version(connection, city_id)
        now = _read(connection, city_id, scenario_id)
        if seen is None:
            raise PreconditionError(
                "Send `If-Match` with the ETag that reading the scenario gave.",
                "请在 `If-Match` 中给出读取该情景时得到的 ETag。",
            )
        values = {"city": city_id, "id": scenario_id, "name": name, "changes": Jsonb(changes)}
        values |= {"data_version": version.data_version, "seen": seen}
        if connection.execute(text(REPLACE), values).rowcount == 0:
            raise _stale(now)
        return _read(connection, city_id, scenario_id)


def delete_scenario(engine: Engine, city_id: str, scenario_id: str, *, seen: int | None) -> None:
    """Remove a scenario; if `seen` is given, only in that state."""
    with engine.begin() as connection:
        current_version(connection, city_id)
        now = _read(connection, city_id, scenario_id)
        values = {"city": city_id, "id": scenario_id, "seen": seen}
        if connection.execute(text(DELETE), values).rowcount == 0:
            raise _stale(now)


def _read(connection: Connection, city_id: str, scenario_id: str) -> Record:
    found = rows(connection, READ.format(columns=COLUMNS), city=city_id, id=scenario_id)
    if not found:
        raise NotFoundError(
            f"City `{city_id}` has no scenario `{scenario_id}`.",
            f"城市 `{city_id}` 没有情景 `{scenario_id}`。",
        )
    return found[0]


def _stale(now: Record) -> StaleError:
    return StaleError(
        f"Scenario “{now['name']}” was changed in the meantime (it is at revision "
        f"{now['revision']}). Read it again, then change it, or save yours under another name.",
        f"情景“{now['name']}”已被修改(当前为第 {now['revision']} 版)。"
        "请重新读取后再修改,或另存为新情景。",
    )
