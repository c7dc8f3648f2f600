"""What happened to a plan: revisions, one neighbourhood's past, named revisions."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, text

from app.errors import ConflictError, NotFoundError
from app.store.plans import PlanRow
from app.store.rows import Record, read_cursor, rows, write_cursor

__all__ = ["add_tag", "blame", "change_settings", "list_revisions", "list_tags"]

REVISIONS: Final = """
SELECT seq, op, params, author, reason, created_at, undoes, units_changed, districts,
    changes -> 'settings' AS settings
FROM linli.plan_revision WHERE plan = :plan AND seq < :before ORDER BY seq DESC LIMIT :limit
"""
BLAME: Final = """
SELECT c.seq, r.op, r.author, r.reason, r.created_at, c.before, c.after
FROM linli.plan_change AS c JOIN linli.plan_revision AS r ON r.plan = c.plan AND r.seq = c.seq
WHERE c.plan = :plan AND c.unit_id = :unit ORDER BY c.seq DESC
"""
IS_THERE: Final = """
SELECT 1 FROM linli.plan_assignment WHERE plan = :plan AND unit_id = :unit
UNION SELECT 1 FROM linli.plan_unit WHERE plan = :plan AND (id = :unit OR parent = :unit)
"""
TAGS: Final = """
SELECT name, seq, author, created_at FROM linli.plan_tag WHERE plan = :plan ORDER BY seq DESC, name
"""
ADD_TAG: Final = """
INSERT INTO linli.plan_tag (plan, name, seq, author) VALUES (:plan, :name, :seq, :author)
ON CONFLICT DO NOTHING
"""


def list_revisions(
    connection: Connection, plan: PlanRow, *, limit: int, cursor: str | None
) -> tuple[list[Record], str | None]:
    """Return one page of a plan's revisions, newest first, and the cursor of the next."""
    before = plan.head + 1 if cursor is None else read_cursor(cursor, seq=int)["seq"]
    found = rows(connection, REVISIONS, plan=plan.key, before=before, limit=limit + 1)
    following = write_cursor({"seq": found[limit - 1]["seq"]}) if len(found) > limit else None
    page = found[:limit]
    for one in page:
        if "assignment" in one["params"]:
            one["params"] = {**one["params"], "assignment": len(one["params"]["assignment"])}
    return page, following


def blame(connection: Connection, plan: PlanRow, unit: str) -> list[Record]:
    """Return who moved a neighbourhood, when and why, newest first.

    Raises
    ------
    NotFoundError
        If the plan has no such neighbourhood.
    """
    if not rows(connection, IS_THERE, plan=plan.key, unit=unit):
        raise NotFoundError(
            f"Plan `{plan.id}` has no neighbourhood `{unit}`.",
            f"方案 `{plan.id}` 没有小区 `{unit}`。",
        )
    return rows(connection, BLAME, plan=plan.key, unit=unit)


def list_tags(connection: Connection, plan: PlanRow) -> list[Record]:
    """Return the named revisions of a plan, newest first."""
    return rows(connection, TAGS, plan=plan.key)


def add_tag(connection: Connection, plan: PlanRow, *, name: str, seq: int, author: str) -> Record:
    """Give a revision a name; the same sent twice is stored once.

    Raises
    ------
    NotFoundError
        If there is no such revision.
    ConflictError
        If another revision has this name.
    """
    if not 0 <= seq <= plan.head:
        raise NotFoundError(
            f"Plan `{plan.id}` has revisions 0 to {plan.head}, not {seq}.",
            f"方案 `{plan.id}` 的修订为 0 至 {plan.head},没有 {seq}。",
        )
    values = {"plan": plan.key, "name": name, "seq": seq, "author": author}
    connection.execute(text(ADD_TAG), values)
    (there,) = (one for one in list_tags(connection, plan) if one["name"] == name)
    if there["seq"] != seq:
        raise ConflictError(
            f"“{name}” names revision {there['seq']} already; choose another name.",
            f"“{name}”已是第 {there['seq']} 次修订的名称,请换一个。",
        )
    return there


def change_settings(connection: Connection, plan: PlanRow, settings: dict[str, Any]) -> None:
    """Write name, status or rules of a plan."""
    columns = ", ".join(f"{name} = :{name}" for name in sorted(settings))
    statement = f"UPDATE linli.plan SET {columns} WHERE key = :plan"  # noqa: S608  (own names)
    connection.execute(text(statement), {**settings, "plan": plan.key})
