"""Sitings kept in memory between questions: the problem, the plan, and what planners tried."""

from __future__ import annotations

import base64
import binascii
import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from sqlalchemy import Engine

from app.errors import AppError, BadRequestError, NotFoundError
from app.plain import Record
from app.siting.asked import FundingAsked, ways_of
from app.siting.grounds import Grounds, SitingGround
from app.siting.problem import (
    Settled,
    asked_problem,
    budgets_of,
    plan_from,
    settled_ground,
    told_infeasible,
)
from app.siting.schemas import AgainRequest
from app.store.sitings import read_siting
from spatial.errors import InfeasibleError, SpatialError
from spatial.siting.again import edited_rules, solve_again
from spatial.siting.answer import Effort
from spatial.siting.plan import SitingPlan
from spatial.siting.problem import SitingProblem

__all__ = ["KeptSiting", "Sitings", "edit_name", "read_edit", "read_money", "read_name"]

logger = logging.getLogger(__name__)

MOST_KEPT: Final = 4
MOST_EDITS: Final = 24
CLASH_SECONDS: Final = 6.0
"""Of looking for the rules that clash."""
AGAIN_SECONDS: Final = 1.5
"""Of the search in a district; what is told of the plan takes the rest of the two seconds."""
AGAIN_PAIRS: Final = 20_000
"""Pairs of option and demand up to which that is enough; larger problems get more, up to …"""
AGAIN_MOST_SECONDS: Final = 15.0


@dataclass(frozen=True, eq=False)
class KeptSiting:
    """One finished siting, ready for questions."""

    job: str
    data_version: str
    request: Record
    kept: Record
    points: list[Record]
    ground: SitingGround
    problem: SitingProblem
    _plans: OrderedDict[str, SitingPlan] = field(default_factory=OrderedDict)
    _guard: Any = field(default_factory=threading.RLock)

    def plan(self, *, point: int | None = None, edit: str | None = None) -> SitingPlan:
        """Return the main plan, that of a point of the curve, or one that a planner changed.

        Raises
        ------
        NotFoundError
            If the curve has no such point.
        BadRequestError
            If `edit` is none of ours.
        SitingInfeasibleError
            If the planner's changes and the rules cannot all hold.
        """
        if edit is not None:
            return self._known(f"edit:{edit}", lambda: self._again(read_edit(edit)))
        if point is None:
            return self._known("main", lambda: plan_from(self.problem, self.kept))
        if not 0 <= point < len(self.points):
            raise NotFoundError(
                f"The curve has {len(self.points)} points, counted from 0; {point} is none.",
                f"曲线共有 {len(self.points)} 个点(从 0 起),没有第 {point} 个。",
            )
        return self._known(f"point:{point}", lambda: self._point(point))

    def _point(self, point: int) -> SitingPlan:
        return plan_from(self.problem, self.points[point])

    def _again(self, asked: Mapping[str, Any]) -> SitingPlan:
        """Solve again from the main plan or a point, under the weights of the request."""
        point = asked.get("point")
        begin, problem = self.plan(point=point), self.problem
        budget = budgets_of(asked)
        if budget is None and point is not None:
            budget = tuple(self.points[point]["budget_yuan"])
        if budget is not None:
            problem = problem.with_rules(budget_yuan=budget)
        self._require_known(asked)
        edit: dict[str, Any] = {
            "force": tuple(asked.get("force") or ()),
            "forbid": tuple(asked.get("forbid") or ()),
            "resize": dict(asked.get("resize") or {}),
        }
        larger = max(1.0, len(problem.row) / AGAIN_PAIRS)
        effort = Effort(seconds=min(AGAIN_SECONDS * larger, AGAIN_MOST_SECONDS))
        try:
            return solve_again(problem, begin, **edit, effort=effort)
        except InfeasibleError as fault:
            changed = problem.with_rules(edited_rules(problem, begin, **edit))
            raise told_infeasible(self.ground, changed, fault, seconds=CLASH_SECONDS) from fault

    def _require_known(self, asked: Mapping[str, Any]) -> None:
        known = set(self.problem.options.index) | set(self.problem.assets.index)
        names = [*(asked.get("force") or ()), *(asked.get("forbid") or ())]
        names += list(asked.get("resize") or {})
        strange = [name for name in names if name not in known]
        if strange:
            raise BadRequestError(
                f"`{strange[0]}` is neither an asset nor an option of this siting.",
                f"`{strange[0]}` 不是本次选址中的存量资源或选项。",
            )

    def _known(self, key: str, make: Any) -> SitingPlan:
        with self._guard:
            if key in self._plans:
                self._plans.move_to_end(key)
                return self._plans[key]
            plan: SitingPlan = make()
            self._plans[key] = plan
            while len(self._plans) > MOST_EDITS:
                self._plans.popitem(last=False)
            return plan


class Sitings:
    """The sitings asked about last; one that is gone is read and built again."""

    def __init__(self, grounds: Grounds) -> None:
        self.grounds = grounds
        self._kept: OrderedDict[tuple[str, str], KeptSiting] = OrderedDict()
        self._guard = threading.Lock()

    def of(self, engine: Engine, city_id: str, job_id: str) -> KeptSiting:
        """Return one siting, from memory or from the database and the ground on the disk.

        Raises
        ------
        NotFoundError, SitingInfeasibleError
            If there is no such finished siting; or its rules clashed.
        ConflictError
            If what it was worked out on is no longer kept.
        """
        key = (city_id, job_id)
        with self._guard:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        told = read_siting(engine, city_id, job_id)
        whole = self.grounds.open(city_id, told["data_version"], ways_of(told["request"]))
        ground = settled_ground(whole, Settled(**told["result"]["settled"]))
        found = KeptSiting(
            job=job_id,
            data_version=told["data_version"],
            request=told["request"],
            kept=told["result"]["kept"],
            points=told["result"]["points"],
            ground=ground,
            problem=asked_problem(ground, told["request"]),
        )
        with self._guard:
            self._kept[key] = found
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return found

    def warm(self, engine: Engine, city_id: str, job_id: str) -> None:
        """Make a siting ready for questions, so that the first one need not wait for it."""
        try:
            self.of(engine, city_id, job_id).plan()
        except (AppError, SpatialError) as fault:  # whoever asks a question is told
            logger.info("siting %s is not warm: %s", job_id, fault)


def edit_name(asked: Mapping[str, Any]) -> str:
    """Return the name of what a planner asks: it holds all of it, so that it never grows old.

    Examples
    --------
    >>> read_name(edit_name({"force": ["a"], "forbid": []}))
    {'force': ['a']}
    """
    packed = json.dumps(
        {key: value for key, value in asked.items() if value not in (None, [], {})},
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def read_name(name: str) -> Record:
    """Return what a name of `edit_name` holds.

    Raises
    ------
    BadRequestError
        If it is none of ours.
    """
    try:
        asked = json.loads(base64.urlsafe_b64decode(name + "=" * (-len(name) % 4)))
    except (binascii.Error, ValueError, RecursionError) as fault:
        raise _not_ours() from fault
    if not isinstance(asked, dict):
        raise _not_ours()
    return asked


def read_edit(name: str) -> Record:
    """Return the planner's changes that a name holds; whoever wrote it, they are checked.

    Raises
    ------
    BadRequestError
        If it is none of ours.

    Examples
    --------
    >>> read_edit(edit_name({"force": ["a"], "budget_yuan": 5e6}))
    {'force': ['a'], 'budget_yuan': 5000000.0}
    """
    return _checked(AgainRequest, name)


def read_money(name: str) -> Record:
    """Return the money that a name holds; whoever wrote it, it is checked.

    Raises
    ------
    BadRequestError
        If it is none of ours.
    """
    return _checked(FundingAsked, name)


def _checked(model: type[BaseModel], name: str) -> Record:
    try:
        asked = model.model_validate(read_name(name))
    except ValidationError as fault:
        raise _not_ours() from fault
    return asked.model_dump(exclude_unset=True, exclude_none=True)


def _not_ours() -> BadRequestError:
    return BadRequestError(
        "This `edit` or `funding` is none that an answer of …/again or …/funding gave.",
        "该 edit 或 funding 不是 …/again、…/funding 应答中给出的编号。",
    )
