"""The job ``siting``: the ground where it is missing, the plan, the curve, why, and the money."""

from __future__ import annotations

from typing import Final

import numpy as np

from app.plain import Record, plain
from app.siting import asked_problem, compact, effort_of, told_infeasible
from app.siting_funding import funding_record
from app.siting_grounds import SitingGround
from app.siting_records import plan_record, summary_record
from spatial.errors import InfeasibleError
from spatial.progress import Progress
from spatial.siting.answer import Effort
from spatial.siting.plan import SitingPlan
from spatial.siting.problem import SitingProblem
from spatial.siting.solve import solve_siting

__all__ = ["siting_result"]

POINT_SECONDS: Final = 5.0


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
    problem = asked_problem(ground, request)
    watched = _Watched(progress)
    try:
        plan = solve_siting(
            problem,
            effort=effort_of(request),
            progress=watched.part(0.02, 0.5),
            cancel=watched.stopped,
        )
    except InfeasibleError as fault:
        watched.raise_if_stopped()
        raise told_infeasible(fault) from fault
    watched.raise_if_stopped()
    points = []
    if request.get("pareto"):
        points = _curve(problem, plan, int(request["pareto"]), watched)
        watched.raise_if_stopped()
    progress("siting_funding", 0.97)
    return _told(ground, request, plan, points)


def _told(
    ground: SitingGround, request: Record, plan: SitingPlan, points: list[SitingPlan]
) -> Record:
    asked = request.get("funding") or {}
    return {
        "summary": summary_record(plan),
        "plan": plan_record(plan, ground),
        "kept": compact(plan),
        "pareto": [_point(one) for one in points],
        "points": [compact(one) for one in points],
        "funding": funding_record(plan, ground, asked),
        "rejected": [],
        "sensitivity": [],
    }


def _curve(
    problem: SitingProblem, plan: SitingPlan, count: int, watched: _Watched
) -> list[SitingPlan]:
    """Plans of money against people: budgets between nothing and what all of it would cost."""
    most = float(np.sum(problem.rules.budget_yuan))
    if not np.isfinite(most):
        most = float(plan.chosen["cost_yuan"].sum())
    shares = np.asarray(problem.rules.budget_yuan, dtype=float)
    finite = np.isfinite(shares).all() and shares.sum() > 0
    shares = shares / shares.sum() if finite else np.eye(len(shares))[0]
    found: list[SitingPlan] = []
    for step in range(1, count + 1):
        budget = tuple(float(one) for one in shares * most * step / count)
        one = solve_siting(
            problem.with_rules(budget_yuan=budget),
            start=found[-1] if found else None,
            effort=Effort(seconds=POINT_SECONDS),
            progress=watched.part(0.5 + 0.47 * (step - 1) / count, 0.5 + 0.47 * step / count),
            cancel=watched.stopped,
        )
        found.append(one)
        if watched.stopped():
            break
    return found


def _point(plan: SitingPlan) -> Record:
    return {
        "budget_yuan": float(np.sum(plan.problem.rules.budget_yuan)),
        "bound": plain(plan.bound),
        **{key: value for key, value in summary_record(plan).items() if key != "gap_share"},
    }


class _Watched:
    """Keeps a job's wish to stop until the solver has put its things down."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._said: tuple[str, float] = ("siting_build", 0.0)
        self._stop: BaseException | None = None

    def part(self, begin: float, end: float) -> Progress:
        """Return what a piece of the work tells its progress to."""

        def tell(step: str, share: float) -> None:
            self._tell(step, begin + (end - begin) * float(np.clip(share, 0.0, 1.0)))

        return tell

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
