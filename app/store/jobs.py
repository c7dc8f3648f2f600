"""Jobs: long work that waits in a table until a worker takes it up."""

from __future__ import annotations

import uuid
from typing import Any, Final

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Engine, text

from app.errors import ConflictError, NotFoundError
from app.store.rows import Record, current_version, rows

__all__ = [
    "CHANNEL",
    "MAX_ATTEMPTS",
    "ask_to_cancel",
    "beat",
    "claim",
    "enqueue",
    "error_of",
    "finish",
    "give_back",
    "latest_result",
    "list_jobs",
    "read_job",
    "report",
    "requeue_lost",
    "result_of",
    "result_record",
]

CHANNEL: Final = "linli_jobs"
"""Workers listen here, so that a new job does not wait for the next look."""
MAX_ATTEMPTS: Final = 2
"""A job whose worker died is tried once more; then it has failed."""
COLUMNS: Final = (
    "id, kind, city_id AS city, request, status, progress, step, message, data_version, "
    "created_at, started_at, finished_at, error"
)
ENQUEUE: Final = """
INSERT INTO linli.job (id, kind, city_id, request) VALUES (:id, :kind, :city, :request)
"""
SAME: Final = """
SELECT {columns} FROM linli.job WHERE city_id = :city AND kind = :kind AND request = :request
    AND status IN ('accepted', 'running') AND NOT cancel_asked
ORDER BY created_at LIMIT 1
"""
LIST: Final = """
SELECT {columns} FROM linli.job WHERE CAST(:city AS text) IS NULL OR city_id = :city
ORDER BY created_at DESC, id LIMIT :limit
"""
READ: Final = "SELECT {columns} FROM linli.job WHERE id = :id"
CLAIM: Final = """
UPDATE linli.job SET status = 'running', worker = :worker, attempts = attempts + 1, progress = 0,
    step = NULL, started_at = now(), seen_at = now()
WHERE id = (
    SELECT id FROM linli.job WHERE status = 'accepted' AND NOT EXISTS (
        SELECT 1 FROM linli.job AS other
        WHERE other.city_id = job.city_id AND other.status = 'running'
    )
    ORDER BY created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING {columns}
"""
REPORT: Final = """
UPDATE linli.job SET progress = greatest(progress, :progress), step = :step, seen_at = now()
WHERE id = :id AND worker = :worker AND status = 'running' RETURNING cancel_asked
"""
FINISH: Final = """
UPDATE linli.job SET status = :status, finished_at = now(), error = :error, message = :message,
    data_version = :data_version, result = :result,
    progress = CASE WHEN :status = 'successful' THEN 100 ELSE progress END
WHERE id = :id AND worker = :worker AND status = 'running'
"""
LATEST: Final = """
SELECT id, request, result FROM linli.job WHERE city_id = :city AND kind = :kind
    AND status = 'successful' AND data_version = :data_version AND result IS NOT NULL
ORDER BY finished_at DESC, id LIMIT 1
"""
GIVE_BACK: Final = """
UPDATE linli.job SET status = 'accepted', worker = NULL, attempts = attempts - 1
WHERE worker = :worker AND status = 'running' AND (CAST(:id AS text) IS NULL OR id = :id)
"""
BEAT: Final = """
UPDATE linli.job SET seen_at = now() WHERE worker = :worker AND status = 'running'
RETURNING id, cancel_asked, extract(epoch FROM now() - started_at)::float8 AS running_s
"""
LOST: Final = """
UPDATE linli.job SET
    status = CASE WHEN cancel_asked THEN 'dismissed' WHEN attempts < :most THEN 'accepted'
        ELSE 'failed' END,
    finished_at = CASE WHEN cancel_asked OR attempts >= :most THEN now() END,
    worker = NULL,
    error = CASE WHEN NOT cancel_asked AND attempts >= :most THEN CAST(:error AS jsonb) END
WHERE status = 'running' AND (
    worker = CAST(:worker AS text) OR seen_at < now() - make_interval(secs => :lease_s)
)
RETURNING id, status
"""
CANCEL: Final = """
UPDATE linli.job SET cancel_asked = true,
    status = CASE WHEN status = 'accepted' THEN 'dismissed' ELSE status END,
    finished_at = CASE WHEN status = 'accepted' THEN now() ELSE finished_at END
WHERE id = :id AND status IN ('accepted', 'running') RETURNING id
"""
DIED: Final = {
    "code": "worker-died",
    "detail_en": "The worker process ended without a word, twice (most often: out of memory).",
    "detail_zh": "工作进程两次意外终止(多因内存不足)。",
}


def enqueue(engine: Engine, city_id: str, *, kind: str, request: Record) -> Record:
    """Put a job into the queue and wake the workers; one that waits or runs is not put twice.

    Raises
    ------
    NotFoundError
        If there is no such city.
    """
    values: dict[str, Any] = {"city": city_id, "kind": kind, "request": Jsonb(request)}
    with engine.begin() as connection:
        current_version(connection, city_id)
        connection.execute(
            text("SELECT 1 FROM linli.city WHERE id = :city FOR UPDATE"), {"city": city_id}
        )
        same = rows(connection, SAME.format(columns=COLUMNS), **values)
        if same:
            return same[0]
        identifier = uuid.uuid4().hex
        connection.execute(text(ENQUEUE), {**values, "id": identifier})
        connection.execute(text(f"NOTIFY {CHANNEL}"))
    return read_job(engine, identifier)


def read_job(engine: Engine, job_id: str) -> Record:
    """Return one job."""
    with engine.connect() as connection:
        found = rows(connection, READ.format(columns=COLUMNS), id=job_id)
    if not found:
        raise NotFoundError(f"There is no job `{job_id}`.", f"没有任务 `{job_id}`。")
    return found[0]


def list_jobs(engine: Engine, *, city_id: str | None, limit: int = 50) -> list[Record]:
    """Return the newest jobs, of one city or of all."""
    with engine.connect() as connection:
        return rows(connection, LIST.format(columns=COLUMNS), city=city_id, limit=limit)


def ask_to_cancel(engine: Engine, job_id: str) -> Record:
    """Dismiss a waiting job; ask a running one to stop at its next step.

    Raises
    ------
    ConflictError
        If it has ended already.
    """
    with engine.begin() as connection:
        changed = rows(connection, CANCEL, id=job_id)
    job = read_job(engine, job_id)
    if not changed:
        raise ConflictError(
            f"Job `{job_id}` has ended already ({job['status']}).",
            f"任务 `{job_id}` 已结束({job['status']})。",
        )
    return job


def claim(engine: Engine, worker: str) -> Record | None:
    """Take the oldest waiting job of a city on which nobody works; None if there is none."""
    with engine.begin() as connection:
        found = rows(connection, CLAIM.format(columns=COLUMNS), worker=worker)
    return found[0] if found else None


def report(engine: Engine, job_id: str, worker: str, *, step: str, progress: float) -> bool:
    """Write down how far a job is; return whether it should go on.

    False if it was cancelled, or taken away because this worker was thought dead.
    """
    with engine.begin() as connection:
        found = rows(connection, REPORT, id=job_id, worker=worker, step=step, progress=progress)
    return bool(found) and not found[0]["cancel_asked"]


def finish(
    engine: Engine,
    job_id: str,
    worker: str,
    *,
    status: str,
    message: str | None = None,
    error: Record | None = None,
    data_version: str | None = None,
    result: Record | None = None,
) -> None:
    """Write down how a job ended, and what came of it."""
    with engine.begin() as connection:
        values: dict[str, Any] = {"id": job_id, "worker": worker, "status": status}
        told = Jsonb(error) if error else None
        found = Jsonb(result) if result is not None else None
        values |= {"message": message, "error": told, "data_version": data_version}
        values |= {"result": found}
        connection.execute(text(FINISH), values)


def latest_result(engine: Engine, city_id: str, *, kind: str, data_version: str) -> Record | None:
    """Return id, request and result of the newest job of a kind that succeeded on these data."""
    with engine.connect() as connection:
        found = rows(connection, LATEST, city=city_id, kind=kind, data_version=data_version)
    return found[0] if found else None


def result_record(engine: Engine, city_id: str, job_id: str, *, kind: str) -> Record | None:
    """Return id, request, data version and result of one finished job; None if there is none."""
    statement = (
        "SELECT id, request, data_version, result FROM linli.job WHERE id = :id "
        "AND city_id = :city AND kind = :kind AND result IS NOT NULL"
    )
    with engine.connect() as connection:
        found = rows(connection, statement, id=job_id, city=city_id, kind=kind)
    return found[0] if found else None


def error_of(engine: Engine, city_id: str, job_id: str, *, kind: str) -> Record:
    """Return why a job failed; empty if it did not, or there is none."""
    statement = (
        "SELECT error FROM linli.job WHERE id = :id AND city_id = :city AND kind = :kind "
        "AND error IS NOT NULL"
    )
    with engine.connect() as connection:
        found = rows(connection, statement, id=job_id, city=city_id, kind=kind)
    return found[0]["error"] if found else {}


def result_of(connection: Connection, city_id: str, job_id: str) -> Record:
    """Return what came of one job of a city.

    Raises
    ------
    NotFoundError
        If there is no such job, or nothing came of it (yet).
    """
    statement = "SELECT result FROM linli.job WHERE id = :id AND city_id = :city"
    found = rows(connection, statement, id=job_id, city=city_id)
    if not found or found[0]["result"] is None:
        raise NotFoundError(
            f"City `{city_id}` has no job `{job_id}` with a result.",
            f"城市 `{city_id}` 没有已得出结果的任务 `{job_id}`。",
        )
    return found[0]["result"]


def give_back(engine: Engine, worker: str, *, job_id: str | None = None) -> None:
    """Put a job (or all) of a worker back because it is being stopped: it was never tried."""
    with engine.begin() as connection:
        connection.execute(text(GIVE_BACK), {"id": job_id, "worker": worker})
        connection.execute(text(f"NOTIFY {CHANNEL}"))


def beat(engine: Engine, worker: str) -> list[Record]:
    """Give a sign of life for a worker; return the jobs that it runs."""
    with engine.begin() as connection:
        return rows(connection, BEAT, worker=worker)


def requeue_lost(engine: Engine, *, lease_s: float, worker: str | None = None) -> list[Record]:
    """Put back the jobs of workers that died: those silent for `lease_s`, and those of `worker`."""
    with engine.begin() as connection:
        lost = rows(
            connection, LOST, lease_s=lease_s, worker=worker, most=MAX_ATTEMPTS, error=Jsonb(DIED)
        )
        if lost:
            connection.execute(text(f"NOTIFY {CHANNEL}"))
    return lost
