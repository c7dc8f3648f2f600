"""The log of the register: every edit is one transaction, and nothing is deleted."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, text

from app.errors import ConflictError, PreconditionError, StaleError
from app.store.copy import plain_json, plain_record
from app.store.rows import Record, rows

__all__ = [
    "Edit",
    "Written",
    "first_answer",
    "keep_answer",
    "latest",
    "lock_register",
    "read_history",
    "require_seen",
    "write",
]

MOST_OF_A_CITY: Final = 50_000
"""Assets and candidates of one city with a log; no register of a city is larger."""
LATEST: Final = """
SELECT id, revision, retired, facts, verdict, asset_id, author, reason, updated_at,
    ST_AsGeoJSON(geom, 7)::jsonb AS shape
FROM linli.stock_asset WHERE city_id = :city AND id = :id
"""
WRITE: Final = """
INSERT INTO linli.stock_asset (city_id, id, revision, retired, facts, shown, fits, geom, verdict,
    asset_id, author, reason)
VALUES (:city, :id, :revision, :retired, :facts, :shown, :fits,
    ST_SetSRID(ST_GeomFromGeoJSON(CAST(:shape AS text)), :srid), :verdict, :asset_id, :author,
    :reason)
ON CONFLICT (city_id, id) DO UPDATE SET revision = :revision, retired = :retired, facts = :facts,
    shown = :shown, fits = :fits, geom = excluded.geom, verdict = :verdict, asset_id = :asset_id,
    author = :author, reason = :reason, updated_at = now()
"""
LOG: Final = """
INSERT INTO linli.stock_revision (city_id, asset_id, revision, request_id, op, author, reason,
    before, after)
VALUES (:city, :id, :revision, :request_id, :op, :author, :reason, :before, :after)
"""
HISTORY: Final = """
SELECT revision, op, author, reason, created_at, before, after FROM linli.stock_revision
WHERE city_id = :city AND asset_id = :id AND revision < :before_revision
ORDER BY revision DESC LIMIT :limit
"""
ANSWER: Final = (
    "SELECT op, digest, answer FROM linli.stock_request WHERE city_id = :city AND id = :id"
)
KEEP: Final = """
INSERT INTO linli.stock_request (city_id, id, op, digest, answer)
VALUES (:city, :id, :op, :digest, :answer)
"""


@dataclass(frozen=True, slots=True)
class Edit:
    """Who does what and why, under an id that the client made."""

    request_id: str
    op: str
    author: str
    reason: str


@dataclass(frozen=True, slots=True)
class Written:
    """The state of an asset, or of a candidate with a verdict, after an edit."""

    id: str
    facts: Mapping[str, Any] | None = None
    shape: Mapping[str, Any] | None = None
    shown: Mapping[str, Any] | None = None
    fits: list[Record] | None = None
    retired: bool = False
    verdict: str | None = None
    asset_id: str | None = None


def lock_register(connection: Connection, city_id: str) -> None:
    """Let nobody else edit the register of a city until this transaction ends."""
    connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('stock:' || :city, 0))"),
        {"city": city_id},
    )


def latest(connection: Connection, city_id: str, stock_id: str) -> Record | None:
    """Return what was last written of an asset; None if nobody edited it here."""
    found = rows(connection, LATEST, city=city_id, id=stock_id)
    return found[0] if found else None


def require_seen(name: str, now: int, seen: int | None) -> None:
    """Refuse an edit of another state than the one that the writer saw.

    Raises
    ------
    PreconditionError
        If the writer did not say which.
    StaleError
        If somebody else edited it in the meantime.
    """
    if seen is None:
        raise PreconditionError(
            "Send `If-Match` with the ETag that reading the asset gave.",
            "请在 `If-Match` 中给出读取该资源时得到的 ETag。",
        )
    if seen != now:
        raise StaleError(
            f"Asset “{name}” was edited in the meantime (it is at revision {now}, not {seen}). "
            "Read it again, then edit it.",
            f"存量资源“{name}”已被修改(当前第 {now} 版,而不是第 {seen} 版)。请重新读取后再编辑。",
        )


def write(
    connection: Connection,
    city_id: str,
    srid: int,
    edit: Edit,
    written: Written,
    before: Record | None,
    *,
    revision: int,
) -> None:
    """Write the new state of an asset and its revision in the log.

    Parameters
    ----------
    before : dict, optional
        The state before, as the log keeps it; None for a new one.
    revision : int
        Of the new state; one more than before.
    """
    values = {"city": city_id, "id": written.id, "revision": revision}
    said = {"author": edit.author, "reason": edit.reason}
    connection.execute(
        text(WRITE),
        {
            **values,
            **said,
            "retired": written.retired,
            "facts": _json(written.facts),
            "shown": _json(written.shown),
            "fits": None if written.fits is None else Jsonb(written.fits, dumps=plain_json),
            "shape": None if written.shape is None else plain_json(dict(written.shape)),
            "srid": srid,
            "verdict": written.verdict,
            "asset_id": written.asset_id,
        },
    )
    after = {
        "values": written.facts,
        "geometry": written.shape,
        "retired": written.retired,
        "verdict": written.verdict,
        "asset_id": written.asset_id,
    }
    connection.execute(
        text(LOG),
        {
            **values,
            **said,
            "request_id": edit.request_id,
            "op": edit.op,
            "before": _json(before),
            "after": _json(after),
        },
    )


def read_history(
    connection: Connection, city_id: str, stock_id: str, *, before: int, limit: int
) -> list[Record]:
    """Return the revisions of an asset or candidate, the newest first."""
    ask = {"city": city_id, "id": stock_id, "before_revision": before, "limit": limit}
    return rows(connection, HISTORY, **ask)


def first_answer(
    connection: Connection, city_id: str, edit: Edit, asked: Mapping[str, Any]
) -> Record | None:
    """Return what was answered to the same request before; None if it is new.

    Raises
    ------
    ConflictError
        If the id was used for another request.
    """
    found = rows(connection, ANSWER, city=city_id, id=edit.request_id)
    if not found:
        _require_room(connection, city_id)
        return None
    if (found[0]["op"], found[0]["digest"]) != (edit.op, _digest(asked)):
        raise ConflictError(
            f"Request `{edit.request_id}` was used for another edit of the register; every edit "
            "needs an id of its own.",
            f"请求 id `{edit.request_id}` 已用于台账的另一编辑;每次编辑须有自己的 id。",
        )
    return found[0]["answer"]


def keep_answer(
    connection: Connection, city_id: str, edit: Edit, asked: Mapping[str, Any], answer: Record
) -> None:
    """Keep what is answered, for the same request sent again."""
    connection.execute(
        text(KEEP),
        {
            "city": city_id,
            "id": edit.request_id,
            "op": edit.op,
            "digest": _digest(asked),
            "answer": Jsonb(plain_record(answer)),
        },
    )


def _require_room(connection: Connection, city_id: str) -> None:
    count = "SELECT count(*) AS n FROM linli.stock_asset WHERE city_id = :city"
    if rows(connection, count, city=city_id)[0]["n"] >= MOST_OF_A_CITY:
        raise ConflictError(
            f"City `{city_id}` has {MOST_OF_A_CITY} assets that were edited here; put them into "
            "the file of the register and import it anew.",
            f"城市 `{city_id}` 在此编辑过的存量资源已达 {MOST_OF_A_CITY} 处;"
            "请写入台账文件后重新导入。",
        )


def _json(value: Mapping[str, Any] | None) -> Any:
    return None if value is None else Jsonb(dict(value), dumps=plain_json)


def _digest(asked: Mapping[str, Any]) -> str:
    return hashlib.sha256(plain_json(dict(asked)).encode()).hexdigest()
