"""What a job does: analyse a city, prepare scenarios, find openings, propose plans, site."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import psycopg
from sqlalchemy.exc import OperationalError

from app.errors import AppError, RulesClashError, problem_of
from app.scenarios.bases import Bases
from app.store import Store, jobs
from app.store.copy import plain_record
from app.store.rows import current_version, find_version
from spatial.errors import CancelledError, SpatialError
from spatial.progress import Progress
from spatial.standards import read_profile

if TYPE_CHECKING:
    from spatial.analysis import Analysis

__all__ = [
    "DATABASE_AWAY",
    "JobOutcome",
    "JobRunner",
    "StopWorker",
    "analyse_again",
    "run_claimed",
    "runner",
]

logger = logging.getLogger(__name__)

REPORT_EVERY_S: Final = 0.3
DATABASE_AWAY: Final = (OperationalError, psycopg.OperationalError)
"""SQLAlchemy's and the driver's own."""


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """What came of a job besides the data version that it worked on."""

    data_version: str
    result: dict[str, Any] | None = None


JobRunner = Callable[[Store, dict[str, Any], Progress], str | JobOutcome]
"""Does the work of one job and returns the data version that it stored, or more."""

UNFORESEEN: Final = {
    "code": "internal-error",
    "detail_en": "Something went wrong that should not. The server's log says what.",
    "detail_zh": "发生了意外错误,详见服务器日志。",
}


class StopWorker(Exception):  # noqa: N818  (a wish, not an error)
    """The worker is asked to end; its job goes back into the queue."""


def runner(bases: Bases) -> JobRunner:
    """Return what does every kind of job, with the states for scenarios in `bases`."""

    def run(store: Store, job: dict[str, Any], progress: Progress) -> str | JobOutcome:
        match job["kind"]:
            case "scenario-base":
                return prepare_scenarios(store, job, progress, bases=bases)
            case "openings":
                return find_openings(store, job, progress, bases=bases)
            case "proposals":
                return propose_plans(store, job, progress)
            case "siting":
                return find_sites(store, job, progress, bases=bases)
            case _:
                return analyse_again(store, job, progress, bases=bases)

    return run


def analyse_again(
    store: Store, job: dict[str, Any], progress: Progress, *, bases: Bases | None = None
) -> str:
    """Read a stored city, run the whole analysis with the job's choices, store the answer.

    Choices that the job does not name stay as they were in the city's current version.
    """
    analysis = _analyse(store, job, progress, until=0.85)
    stored = _part(progress, 0.85, 1.0 if bases is None else 0.93)
    store.save_analysis(analysis, city_id=job["city"], progress=stored)
    if bases is not None:
        try:
            _save_base(bases, job["city"], analysis, _part(progress, 0.93, 0.99))
        except (SpatialError, OSError):  # the analysis stands; a job of its own can make the state
            logger.exception("no state for scenarios of %s could be saved", job["city"])
    return analysis.data_version


def prepare_scenarios(
    store: Store, job: dict[str, Any], progress: Progress, *, bases: Bases
) -> str:
    """Make the state from which the scenarios of a city's current version are computed."""
    analysis = _analyse(store, job, progress, until=0.8)
    if not store.has_version(job["city"], analysis.data_version):  # another engine, other numbers
        store.save_analysis(analysis, city_id=job["city"])
    _save_base(bases, job["city"], analysis, _part(progress, 0.8, 0.99))
    return analysis.data_version


def find_openings(
    store: Store, job: dict[str, Any], progress: Progress, *, bases: Bases
) -> JobOutcome:
    """Choose the gates, wall openings and links that pay most."""
    from app.scenarios.what_if import openings_record  # noqa: PLC0415  (loads the engine)
    from spatial.scenarios import best_openings  # noqa: PLC0415  (loads the engine)

    version = store.data_version(job["city"])
    if not bases.has(job["city"], version):
        prepare_scenarios(store, job | {"request": {}}, _part(progress, 0.0, 0.6), bases=bases)
        version = store.data_version(job["city"])
    base = bases.open(job["city"], version)
    asked = job["request"]
    found = best_openings(
        base,
        asked["k"],
        objective=asked["objective"],
        progress=lambda _step, share: progress("openings", 0.6 + 0.39 * share),
    )
    return JobOutcome(version, plain_record(openings_record(found, base)))


def propose_plans(store: Store, job: dict[str, Any], progress: Progress) -> JobOutcome:
    """Propose several plans on a city's current data.

    Raises
    ------
    RulesClashError
        If the rules cannot all hold; the job has failed then, and tells which.
    """
    from app.plans import proposing  # noqa: PLC0415  (loads the engine)
    from app.plans.drafts import Drafts  # noqa: PLC0415  (loads the engine)
    from app.plans.planning import reading  # noqa: PLC0415  (loads the engine)
    from app.store.plans import find_plan  # noqa: PLC0415  (loads the engine)

    asked = job["request"]
    progress("read_city", 0.0)
    with reading(store.engine) as connection:
        version = current_version(connection, job["city"])
        draft = None
        if asked.get("plan"):
            plan = find_plan(connection, job["city"], asked["plan"])
            proposing.require_current(plan.data_version, version, plan.name)
            draft = Drafts().at_head(connection, plan)
        problem = proposing.problem_of(
            connection,
            version,
            rules=asked.get("rules") or {},
            weights=asked.get("weights") or {},
            draft=draft,
            mode=proposing.Asked.of(asked).mode,
        )
    start = None if draft is None else proposing.assigned(draft, problem)
    found = proposing.proposals(problem, asked, start=start, progress=_part(progress, 0.15, 0.99))
    return JobOutcome(version.data_version, plain_record(found))


def find_sites(
    store: Store, job: dict[str, Any], progress: Progress, *, bases: Bases
) -> JobOutcome:
    """Choose which asset becomes which facility, and who pays for it.

    Raises
    ------
    SitingInfeasibleError
        If the rules cannot all hold; the job has failed then, and tells which.
    """
    from app.plans.planning import reading  # noqa: PLC0415  (loads the engine)
    from app.siting.asked import ways_of  # noqa: PLC0415  (with it)
    from app.siting.grounds import Grounds, SitingGround  # noqa: PLC0415  (loads the engine)
    from app.siting.job import settled_now, siting_result  # noqa: PLC0415  (loads the engine)
    from app.siting.problem import settled_ground  # noqa: PLC0415  (loads the engine)

    grounds, ways = Grounds.beside(bases), ways_of(job["request"])
    version = store.data_version(job["city"])
    begun = 0.0
    if not grounds.has(job["city"], version, ways):
        analysis = _analyse(store, job | {"request": {}}, progress, until=0.6)
        if not store.has_version(job["city"], analysis.data_version):  # another engine
            store.save_analysis(analysis, city_id=job["city"])
        version, begun = analysis.data_version, 0.7
        progress("siting_build", 0.6)
        grounds.save(job["city"], SitingGround.of(analysis, ways=ways))
    with reading(store.engine) as connection:
        stored = find_version(connection, job["city"], version)
        settled, edited = settled_now(connection, stored, job["request"])
    ground = settled_ground(grounds.open(job["city"], version, ways), settled)
    found = siting_result(ground, job["request"], _part(progress, begun, 0.99))
    told = {**found, "settled": settled.to_record(), "stock_edits": edited}
    return JobOutcome(version, plain_record(told))


def _save_base(bases: Bases, city_id: str, analysis: Analysis, progress: Progress) -> None:
    told = _part(progress, 0.0, 0.8)
    bases.save(city_id, analysis, progress=lambda _step, share: told("scenarios", share))
    if analysis.basis is None:
        return
    from app.siting.grounds import Grounds, SitingGround  # noqa: PLC0415  (loads the engine)

    progress("siting_build", 0.8)
    try:
        Grounds.beside(bases).save(city_id, SitingGround.of(analysis))
    except (SpatialError, OSError):  # scenarios are ready; the first siting makes it again
        logger.exception("no ground for sitings of %s could be saved", city_id)


def _part(progress: Progress, begin: float, end: float) -> Progress:
    return lambda step, share: progress(step, begin + (end - begin) * share)


def _analyse(store: Store, job: dict[str, Any], progress: Progress, *, until: float) -> Analysis:
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
    return analyse(
        city,
        profile,
        parameters=AnalysisParameters(**choices),
        progress=_part(progress, 0.05, until),
    )


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
        outcome = run(store, job, _reporter(store, identifier, worker, stopping))
    except StopWorker:
        jobs.give_back(engine, worker, job_id=identifier)
        raise
    except DATABASE_AWAY:
        raise  # the caller puts the job back as soon as the database answers again
    except CancelledError:
        jobs.finish(engine, identifier, worker, status="dismissed")
    except (AppError, SpatialError) as fault:
        told: dict[str, Any] = {
            "code": problem_of(fault).code,
            "detail_en": str(fault),
            "detail_zh": fault.message_zh,
        }
        if isinstance(fault, RulesClashError):
            told["clashes"] = fault.clashes
        jobs.finish(engine, identifier, worker, status="failed", message=str(fault), error=told)
    except Exception:
        logger.exception("job %s failed", identifier)
        jobs.finish(engine, identifier, worker, status="failed", error=UNFORESEEN)
    else:
        if isinstance(outcome, str):
            outcome = JobOutcome(outcome)
        jobs.finish(
            engine,
            identifier,
            worker,
            status="successful",
            data_version=outcome.data_version,
            result=outcome.result,
        )


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
            raise CancelledError(
                f"Job {identifier} was cancelled.", zh=f"任务 {identifier} 已取消。"
            )

    return tell
