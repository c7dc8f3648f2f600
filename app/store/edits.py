"""One revision of a plan, written whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, text

from app.errors import StaleError, StoreError
from app.store.plans import PlanRow
from app.store.rows import Record, rows
from spatial.plans import Step

__all__ = ["CHANNEL", "Revision", "first_answer", "keep_answer", "write_revision"]

CHANNEL: Final = "linli_plans"
"""Web processes listen here, to tell the readers of a plan what happened."""
ANSWER: Final = """
SELECT seq, op, params, answer FROM linli.plan_revision
WHERE plan = :plan AND request_id = :request_id
"""
ADVANCE: Final = """
UPDATE linli.plan SET head = head + 1, updated_at = now() WHERE key = :plan AND head = :head
"""
REVISION: Final = """
INSERT INTO linli.plan_revision (plan, seq, request_id, op, params, author, reason, undoes,
    units_changed, districts, changes, answer)
VALUES (:plan, :seq, :request_id, :op, :params, :author, :reason, :undoes, :units_changed,
    :districts, :changes, '{}')
"""
CHANGES: Final = """
INSERT INTO linli.plan_change (plan, seq, unit_id, before, after)
SELECT :plan, :seq, u, b, a FROM unnest(
    CAST(:units AS text[]), CAST(:before AS text[]), CAST(:after AS text[])
) AS x(u, b, a)
"""
ASSIGN: Final = """
UPDATE linli.plan_assignment AS p SET district_id = x.a FROM unnest(
    CAST(:units AS text[]), CAST(:before AS text[]), CAST(:after AS text[])
) AS x(u, b, a)
WHERE p.plan = :plan AND p.unit_id = x.u AND p.district_id IS NOT DISTINCT FROM x.b
"""
LOCK_UNITS: Final = """
UPDATE linli.plan_assignment AS p SET locked = x.l FROM unnest(
    CAST(:units AS text[]), CAST(:locked AS boolean[])
) AS x(u, l)
WHERE p.plan = :plan AND p.unit_id = x.u AND p.locked <> x.l
"""
REVIVE: Final = """
INSERT INTO linli.plan_assignment (plan, unit_id, district_id, locked)
SELECT :plan, u, NULL, false FROM unnest(CAST(:units AS text[])) AS x(u)
"""
REST: Final = """
DELETE FROM linli.plan_assignment WHERE plan = :plan AND unit_id = ANY(CAST(:units AS text[]))
    AND district_id IS NULL
"""
DISTRICT: Final = """
INSERT INTO linli.plan_district (plan, id, name, colour, locked)
VALUES (:plan, :id, :name, :colour, :locked)
ON CONFLICT (plan, id) DO UPDATE SET name = :name, colour = :colour, locked = :locked
"""
NO_DISTRICT: Final = "DELETE FROM linli.plan_district WHERE plan = :plan AND id = :id"


@dataclass(frozen=True, slots=True)
class Revision:
    """What is written down about one change of a plan."""

    request_id: str
    op: str
    params: Mapping[str, Any]
    author: str
    reason: str
    step: Step
    undoes: int | None = None
    settings: Mapping[str, Any] | None = None
    """Name, status or rules, each as [before, after]."""


def first_answer(connection: Connection, plan: PlanRow, request_id: str) -> Record | None:
    """Return what was answered to a request that came before; None if it is new."""
    found = rows(connection, ANSWER, plan=plan.key, request_id=request_id)
    return found[0] if found else None


def write_revision(connection: Connection, plan: PlanRow, revision: Revision) -> int:
    """Write one revision and the state after it; return its number.

    Raises
    ------
    StaleError
        If the plan is not at the head that its row names.
    StoreError
        If the tables are not in the state that the step starts from.
    """
    values = {"plan": plan.key, "head": plan.head}
    if connection.execute(text(ADVANCE), values).rowcount == 0:
        raise StaleError(
            f"Plan “{plan.name}” was changed in the meantime. Read it again.",
            f"方案“{plan.name}”已被修改,请重新读取。",
        )
    seq, step = plan.head + 1, revision.step
    changes = step.to_record()
    if revision.settings:
        changes["settings"] = revision.settings
    record = {
        "plan": plan.key,
        "seq": seq,
        "request_id": revision.request_id,
        "op": revision.op,
        "params": Jsonb(dict(revision.params)),
        "author": revision.author,
        "reason": revision.reason,
        "undoes": revision.undoes,
        "units_changed": len(step.units),
        "districts": Jsonb(sorted(step.touched())),
        "changes": Jsonb(changes),
    }
    connection.execute(text(REVISION), record)
    _write_state(connection, plan.key, seq, step)
    connection.execute(
        text("SELECT pg_notify(:channel, :told)"), {"channel": CHANNEL, "told": f"{plan.key}:{seq}"}
    )
    return seq


def keep_answer(connection: Connection, plan: PlanRow, seq: int, answer: Record) -> None:
    """Keep what is answered, for the same request sent again."""
    connection.execute(
        text("UPDATE linli.plan_revision SET answer = :answer WHERE plan = :plan AND seq = :seq"),
        {"answer": Jsonb(answer), "plan": plan.key, "seq": seq},
    )


def _write_state(connection: Connection, key: int, seq: int, step: Step) -> None:
    """Bring the tables from the state before the step to the one after it, order matters."""
    for district, (_, new) in step.districts.items():
        if new is not None:
            values = {"plan": key, "id": district, **new.to_record()}
            connection.execute(text(DISTRICT), values)
    born = [unit for unit, (_, alive) in step.alive.items() if alive]
    if born:
        connection.execute(text(REVIVE), {"plan": key, "units": born})
    if step.units:
        values = {
            "plan": key,
            "seq": seq,
            "units": list(step.units),
            "before": [before for before, _ in step.units.values()],
            "after": [after for _, after in step.units.values()],
        }
        connection.execute(text(CHANGES), values)
        done = connection.execute(text(ASSIGN), values).rowcount
        _require_all(done, len(step.units))
    if step.locks:
        locked = [now for _, now in step.locks.values()]
        values = {"plan": key, "units": list(step.locks), "locked": locked}
        _require_all(connection.execute(text(LOCK_UNITS), values).rowcount, len(step.locks))
    resting = [unit for unit, (_, alive) in step.alive.items() if not alive]
    if resting:
        values = {"plan": key, "units": resting}
        _require_all(connection.execute(text(REST), values).rowcount, len(resting))
    for district, (_, new) in step.districts.items():
        if new is None:
            connection.execute(text(NO_DISTRICT), {"plan": key, "id": district})


def _require_all(done: int, wanted: int) -> None:
    if done != wanted:
        raise StoreError(
            f"Only {done} of {wanted} units are in the state that this change starts from. Nothing "
            "was written; read the plan again.",
            f"仅 {done}/{wanted} 个小区处于该改动的起始状态,未写入任何内容;请重新读取方案。",
        )
