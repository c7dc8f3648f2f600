"""The job ``siting``: the ground where it is missing, the plan, the curve, why, and the money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from app.plain import Record, records
from app.plans.drafts import Drafts
from app.plans.proposing import require_current
from app.siting.funding import funding_record, require_funding
from app.siting.grounds import SitingGround
from app.siting.names import names_of
from app.siting.problem import Settled, asked_problem, compact, effort_of, told_infeasible
from app.siting.records import plan_record, summary_record
from app.store.plans import find_plan
from app.store.rows import Version
from app.store.sitings import stock_since
from spatial.errors import InfeasibleError
from spatial.progress import Progress
from spatial.siting.explain import SitingExplanation, explain_siting
from spatial.siting.pareto import ParetoCurve, pareto
from spatial.siting.plan import SitingPlan
from spatial.siting.solve import solve_siting

__all__ = ["settled_now", "siting_result"]

CURVE_SECONDS: Final = 60.0
CURVE_GAP: Final = 5e-4
"""Near enough for a point of a drawn curve, unless the request says how near; its gap is told."""
CLASH_SECONDS: Final = 30.0
EXPLAIN_SECONDS: Final = 30.0
MOST_REJECTED: Final = 2_000
"""Told of those that are not chosen: the ones that would help most."""


def settled_now(connection: Connection, version: Version, request: Record) -> tuple[Settled, int]:
    """Return what is so now: assets that may no longer be chosen, districts of a named plan.

    The number is that of assets written since the analysis: they count from the next one on.

    Raises
    ------
    NotFoundError, ConflictError
        If the plan is not there, or is drawn on older data.
    """
    gone, edited = stock_since(connection, version)
    name = (request.get("area") or {}).get("plan")
    if name is None:
        return Settled(gone), edited
    plan = find_plan(connection, version.city_id, name)
    require_current(plan.data_version, version, plan.name)
    told = Drafts().at_head(connection, plan).assignment()
    districts = {str(unit): str(key) for unit, key in told.items() if key is not None}
    return Settled(gone, districts), edited


def siting_result(ground: SitingGround, request: Record, progress: Progress) -> Record:
    """Solve a siting and return everything that is told of it.

    Raises
    ------
    SitingInfeasibleError
        If the rules cannot all hold; it tells which.
    CancelledError
        If the job was cancelled; nothing is stored then.
    """
    progress("siting_build", 0.0)
    require_funding(ground, request.get("funding") or {})
    problem = asked_problem(ground, request)
    watched = _Watched(progress)
    solved, explaining = (0.25, 0.7) if request.get("pareto") else (0.4, 0.4)
    try:
        plan = solve_siting(
            problem,
            effort=effort_of(request),
            progress=watched.part(0.02, solved),
            cancel=watched.stopped,
        )
    except InfeasibleError as fault:
        watched.raise_if_stopped()
        raise told_infeasible(ground, problem, fault, seconds=CLASH_SECONDS) from fault
    watched.raise_if_stopped()
    curve = None
    if request.get("pareto"):
        near = float(request.get("gap_share") or CURVE_GAP)
        curve = pareto(
            problem,
            points=int(request["pareto"]),
            effort=replace(effort_of(request), seconds=CURVE_SECONDS, gap_share=near),
            progress=watched.part(solved, explaining),
            cancel=watched.stopped,
        )
        watched.raise_if_stopped()
    explained = explain_siting(
        plan,
        effort=replace(effort_of(request), seconds=EXPLAIN_SECONDS),
        progress=_part(
            progress, explaining, 0.97
        ),  # asks no one else whether to go on: it just ends
    )
    progress("siting_funding", 0.97)
    return _told(ground, request, plan, curve, explained)


def _told(
    ground: SitingGround,
    request: Record,
    plan: SitingPlan,
    curve: ParetoCurve | None,
    explained: SitingExplanation,
) -> Record:
    asked = request.get("funding") or {}
    names = names_of(ground, plan.problem)
    why = {str(row["id"]): _called(row, "next_best", names) for row in records(explained.chosen)}
    rejected = explained.rejected.sort_values("gain_people", ascending=False, kind="stable")
    return {
        "summary": summary_record(plan),
        "plan": plan_record(plan, ground, why=why),
        "kept": compact(plan),
        "pareto": [] if curve is None else _points(curve),
        "points": [] if curve is None else [compact(one, people_only=True) for one in curve.plans],
        "funding": funding_record(plan, ground, asked),
        "rejected": _rejected(rejected.head(MOST_REJECTED), plan, names),
        "rejected_total": len(rejected),
        "sensitivity": records(explained.sensitivity, with_index=False),
    }


def _rejected(
    rows: pd.DataFrame, plan: SitingPlan, names: Mapping[str, tuple[str, str]]
) -> list[Record]:
    """Name the option where it is one: what was never an option cannot be forced."""
    options = set(plan.problem.options.index)
    told = [_called(row, "by", names) for row in records(rows)]
    return [{"option": row["id"] if row["id"] in options else None, **row} for row in told]


def _called(row: Record, of: str, names: Mapping[str, tuple[str, str]]) -> Record:
    """Put the name of the other option that a reason speaks of into its sentences."""
    other = row.get(of)
    if not isinstance(other, str) or other not in names:
        return row
    zh, en = names[other]
    return {**row, "zh": row["zh"].replace(other, zh), "en": row["en"].replace(other, en)}


def _points(curve: ParetoCurve) -> list[Record]:
    named = ["budget_yuan", "cost_yuan", "persons", "people", "bound", "gap_share", "status"]
    rows = records(curve.frame[[*named, "yuan_per_person"]], with_index=False)
    counts = [len(one.chosen) for one in curve.plans]
    return [{**row, "sites": count} for row, count in zip(rows, counts, strict=True)]


def _part(progress: Progress, begin: float, end: float) -> Progress:
    def tell(step: str, share: float) -> None:
        progress(step, begin + (end - begin) * float(np.clip(share, 0.0, 1.0)))

    return tell


class _Watched:
    """Keeps a job's wish to stop until the solver has put its things down."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._said: tuple[str, float] = ("siting_build", 0.0)
        self._stop: BaseException | None = None

    def part(self, begin: float, end: float) -> Progress:
        """Return what a piece of the work tells its progress to."""
        return _part(self._tell, begin, end)

    def stopped(self) -> bool:
        """Ask whether the job should go on."""
        self._tell(*self._said)
        return self._stop is not None

    def raise_if_stopped(self) -> None:
        """Raise what the job raised, once the solver has returned."""
        if self._stop is not None:
            raise self._stop

    def _tell(self, step: str, share: float) -> None:
        self._said = (step, share)
        if self._stop is not None:
            return
        try:
            self._progress(step, share)
        except Exception as wish:  # noqa: BLE001  (whatever it is, it is raised again)
            self._stop = wish
