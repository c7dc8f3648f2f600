"""What a job does: run the analysis of a stored city again, and store it as a new version."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, Final

import psycopg
from sqlalchemy.exc import OperationalError

from app.errors import AppError, problem_of
from app.store import Store, jobs
from spatial.errors import CancelledError, SpatialError
from spatial.progress import Progress
from spatial.standards import read_profile

__all__ = ["DATABASE_AWAY", "JobRunner", "StopWorker", "analyse_again", "run_claimed"]

logger = logging.getLogger(__name__)

REPORT_EVERY_S: Final = 0.3
DATABASE_AWAY: Final = (OperationalError, psycopg.OperationalError)
"""SQLAlchemy's and the driver's own."""
JobRunner = Callable[[Store, dict[str, Any], Progress], str]
"""Does the work of one job and returns the data version that it stored."""

UNFORESEEN: Final = {
    "code": "internal-error",
    "detail_en": "Something went wrong that should not. The server's log says what.",
    "detail_zh": "发生了意外错误,详见服务器日志。",
}


class StopWorker(Exception):  # noqa: N818  (a wish, not an error)
    """The worker is asked to end; its job goes back into the queue."""


def analyse_again(store: Store, job: dict[str, Any], progress: Progress) -> str:
    """Read a stored city, run the whole analysis with the job's choices, store the answer.

    Choices that the job does not name stay as they were in the city's current version.
    """
    progress("read_city", 0.0)
    kept = store.read_choices(job["city"])
    profile = read_profile(job["request"].get("profile") or kept["profile"])
    from spatial.analysis import AnalysisParameters, analyse  # noqa: PLC0415  (loads the engine)

    named = {key: value for key, value in job["request"].items() if value is not None}
    choices = {
        key: named.get(key, value)
        for key, value in kept.items()
        if key in AnalysisParameters.__dataclass_fields__
    }
    city = store.read_city(job["city"])
    analysis = analyse(
        city,
        profile,
        parameters=AnalysisParameters(**choices),
        progress=lambda step, share: progress(step, 0.05 + 0.85 * share),
    )
    store.save_analysis(
        analysis,
        city_id=job["city"],
        progress=lambda step, share: progress(step, 0.9 + 0.1 * share),
    )
    return analysis.data_version


def run_claimed(
    store: Store,
    job: dict[str, Any],
    worker: str,
    *,
    run: JobRunner = analyse_again,
    stopping: Callable[[], bool] = lambda: False,
) -> None:
    """Do a claimed job, write down how far it is, and how it ended.

    Raises
    ------
    StopWorker
        If `stopping` said so; the job is back in the queue then.
    OperationalError
        If the database went away; the job still counts as running then.
    """
    engine, identifier = store.engine, job["id"]
    try:
        data_version = run(store, job, _reporter(store, identifier, worker, stopping))
    except StopWorker:
        jobs.give_back(engine, worker, job_id=identifier)
        raise
    except DATABASE_AWAY:
        raise  # the caller puts the job back as soon as the database answers again
    except CancelledError:
        jobs.finish(engine, identifier, worker, status="dismissed")
    except (AppError, SpatialError) as fault:
        told = {
            "code": problem_of(fault).code,
            "detail_en": str(fault),
            "detail_zh": fault.message_zh,
        }
        jobs.finish(engine, identifier, worker, status="failed", message=str(fault), error=told)
    except Exception:
        logger.exception("job %s failed", identifier)
        jobs.finish(engine, identifier, worker, status="failed", error=UNFORESEEN)
    else:
        jobs.finish(engine, identifier, worker, status="successful", data_version=data_version)


def _reporter(store: Store, identifier: str, worker: str, stopping: Callable[[], bool]) -> Progress:
    told_at = 0.0
    told_step = ""

    def tell(step: str, share: float) -> None:
        nonlocal told_at, told_step
        if stopping():
            raise StopWorker
        now = time.monotonic()
        if step == told_step and now - told_at < REPORT_EVERY_S:
            return
        told_at, told_step = now, step
        percent = min(max(100.0 * share, 0.0), 99.9)
        try:
            wanted = jobs.report(store.engine, identifier, worker, step=step, progress=percent)
        except DATABASE_AWAY as fault:
            logger.warning("progress of job %s cannot be written down: %s", identifier, fault)
            return
        if not wanted:
            raise CancelledError(f"Job {identifier} was cancelled.")

    return tell
