"""Sitings: the problem that was asked for, its plan, the curve, and plans told from little."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from app.errors import AppError, BadRequestError, ConflictError, SitingInfeasibleError
from app.plain import Record
from app.siting.grounds import SitingGround
from app.siting.names import names_of
from app.siting.rules import asked_rules
from spatial.errors import InfeasibleError
from spatial.siting.answer import Effort, Status
from spatial.siting.plan import SitingPlan, plan_of
from spatial.siting.problem import SitingProblem
from spatial.siting.rules import SitingRules, SitingWeights
from spatial.siting.solver.core import NEVER, compile_problem, worth_of

__all__ = [
    "Settled",
    "asked_problem",
    "budgets_of",
    "compact",
    "effort_of",
    "plan_from",
    "settled_ground",
    "told_infeasible",
]

SINCE: Final = {
    "retired": ("已从资源台账注销", "retired from the register since the analysis"),
    "rejected": ("该线索已被否决", "this candidate was rejected since the analysis"),
}
SECONDS: Final = 60.0
"""How long the main plan of a job is looked for, if the request does not say."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What was so when a siting was made, and must stay so when its plans are told again.

    Parameters
    ----------
    left_out : mapping of asset id to reason
        Retired from the register, or rejected candidates, since the analysis.
    districts : mapping of neighbourhood id to district id, optional
        Of a planner's plan, in place of the analysis' districts.
    """

    left_out: Mapping[str, str] = field(default_factory=dict)
    districts: Mapping[str, str] | None = None

    def to_record(self) -> Record:
        """Return it as plain values."""
        districts = None if self.districts is None else dict(self.districts)
        return {"left_out": dict(self.left_out), "districts": districts}


def settled_ground(ground: SitingGround, settled: Settled) -> SitingGround:
    """Return a ground without the assets that are left out, in the districts of a plan."""
    problem, places = ground.problem, ground.places
    assets, demand = problem.assets, problem.demand
    if settled.districts is not None:
        known = pd.Series(dict(settled.districts), dtype=object)
        places = places.assign(
            district_id=_by_place(places.index.to_series(), known), district_name=None
        )
        assets = assets.assign(district=_by_place(assets["neighbourhood_id"], known))
        demand = demand.assign(district=_by_place(demand["neighbourhood_id"], known))
    gone = problem.options["asset"].isin(list(settled.left_out)).to_numpy(dtype=bool)
    if gone.any() or settled.districts is not None:
        kept = replace(problem, assets=assets, demand=demand)
        problem = _without(kept, gone, settled.left_out)
    return replace(ground, problem=problem, places=places)


def asked_problem(ground: SitingGround, request: Mapping[str, Any]) -> SitingProblem:
    """Return the part of a city's problem that a job asked for, under its rules.

    Parameters
    ----------
    ground : SitingGround
        Of `settled_ground`.
    request : mapping
        As `app.schemas.JobRequest`.

    Raises
    ------
    BadRequestError
        If a kind or an area is unknown.
    InputError
        If a rule or a weight makes no sense; it says which.
    """
    whole = ground.problem
    demand = whole.demand
    kinds = request.get("kinds")
    known = set(whole.options["kind"]) | set(demand["kind"]) | set(ground.profile.catalogue.kinds)
    strange = [kind for kind in kinds or () if kind not in known]
    if strange:
        raise BadRequestError(
            f"There is no kind of facility `{strange[0]}`.", f"没有设施类别 `{strange[0]}`。"
        )
    held = np.ones(len(demand), dtype=bool)
    if kinds:
        held &= demand["kind"].isin(kinds).to_numpy(dtype=bool)
    area = request.get("area") or {}
    districts, places = area.get("districts") or [], area.get("neighbourhoods") or []
    if districts or places:
        _require_area(ground, districts, places)
        held &= (
            demand["district"].isin(districts) | demand["neighbourhood_id"].isin(places)
        ).to_numpy(dtype=bool)
    part = _part(whole, held)
    return part.with_rules(asked_rules(ground, part, request, budgets_of(request)))


def budgets_of(request: Mapping[str, Any]) -> tuple[float, ...] | None:
    """Return the money of each year that a request names; None where it names none."""
    given = request.get("budget_yuan")
    if given is None:
        return None
    years = given if isinstance(given, Sequence) else [given]
    return tuple(np.inf if one is None else float(one) for one in years)


def effort_of(request: Mapping[str, Any]) -> Effort:
    """Return how long and how far a job may search."""
    return Effort(
        seconds=float(request.get("seconds") or SECONDS),
        gap_share=float(request.get("gap_share") or 0.0),
        seed=int(request.get("seed") or 0),
    )


def compact(plan: SitingPlan, *, people_only: bool = False) -> Record:
    """Return what a plan can be told from again: the year of each chosen option, and the proof.

    Points of the curve look at people alone; their value and bound are in persons.
    """
    years = {str(key): int(year) for key, year in plan.chosen["year"].items()}
    budget = [float(one) for one in plan.problem.rules.budget_yuan]
    return {
        "budget_yuan": budget if np.isfinite(budget).all() else None,
        "people_only": people_only,
        "years": years,
        "bound": None if np.isnan(plan.bound) else float(plan.bound),
        "status": str(plan.status),
    }


def plan_from(problem: SitingProblem, told: Mapping[str, Any]) -> SitingPlan:
    """Return a plan of what `compact` kept of it."""
    if told["people_only"]:
        problem = problem.with_rules(
            budget_yuan=tuple(told["budget_yuan"]), weights=SitingWeights(), order=()
        )
    core = compile_problem(problem)
    years = np.full(len(problem.options), NEVER, dtype=np.int64)
    at = problem.options.index.get_indexer(list(told["years"]))
    years[at[at >= 0]] = np.array(list(told["years"].values()), dtype=np.int64)[at >= 0]
    year = core.standing(years)
    bound = np.nan if told["bound"] is None else float(told["bound"])
    return plan_of(
        core, year, worth_of(core, year), bound=bound, status=Status(told["status"]), cpu_s=0.0
    )


def told_infeasible(
    ground: SitingGround, problem: SitingProblem, fault: InfeasibleError, *, seconds: float
) -> AppError:
    """Return what cannot all hold: the smallest sets of rules; or that time was too short."""
    from spatial.siting.clash import why_infeasible  # noqa: PLC0415  (needed here alone)

    try:
        effort = Effort(seconds=seconds)
        found = why_infeasible(problem, effort=effort, names=names_of(ground, problem))
    except InfeasibleError:  # no time to find out
        return _too_short(fault)
    if not found:  # all of it can hold
        return _too_short(fault)
    told = [
        {
            "rules": [
                {"key": rule.key, "units": list(rule.ids), "zh": rule.zh, "en": rule.en}
                for rule in one.rules
            ],
            "units": list(dict.fromkeys(unit for rule in one.rules for unit in rule.ids)),
            "relax": list(one.relax),
            "zh": one.zh,
            "en": one.en,
        }
        for one in found
    ]
    return SitingInfeasibleError(told)


def _too_short(fault: InfeasibleError) -> ConflictError:
    return ConflictError(
        f"{fault} The time allowed was too short to tell more; start a job `siting` with more "
        "`seconds`, or ask for fewer kinds or a smaller area.",
        f"{fault.message_zh}限定的时间内无法得出更多结论;请启动 seconds 更大的选址任务,"
        "或减少设施类别、缩小范围。",
    )


def _part(whole: SitingProblem, held: npt.NDArray[np.bool_]) -> SitingProblem:
    """Return the problem of some demand rows: their kinds' options, the pairs between them."""
    demand = whole.demand[held]
    kinds = demand["kind"].unique()
    kept = whole.options["kind"].isin(kinds).to_numpy(dtype=bool)
    owner = np.repeat(np.arange(len(whole.options)), np.diff(whole.start))
    pair = kept[owner] & held[whole.row]
    new_row = np.cumsum(held) - 1
    count = np.bincount(owner[pair], minlength=len(whole.options))[kept]
    start = np.concatenate([[0], np.cumsum(count)])
    impossible = whole.impossible
    return SitingProblem.from_frames(
        whole.assets,
        whole.options[kept],
        demand,
        (start, new_row[whole.row[pair]]),
        rules=SitingRules(),
        impossible=impossible[impossible["kind"].isin(kinds).to_numpy(dtype=bool)],
    )


def _by_place(places: pd.Series, districts: pd.Series) -> pd.Series:
    found = places.map(districts).astype(object)
    return found.where(found.notna(), None)


def _without(
    problem: SitingProblem, gone: npt.NDArray[np.bool_], why: Mapping[str, str]
) -> SitingProblem:
    """Return a problem without some options; they are told among what is impossible."""
    lost = problem.options[gone]
    reasons = lost["asset"].map(dict(why))
    told = pd.DataFrame(
        {
            **{name: lost[name].to_numpy() for name in ("asset", "kind", "size")},
            "reason": reasons.to_numpy(),
            "zh": reasons.map({key: zh for key, (zh, _) in SINCE.items()}).to_numpy(),
            "en": reasons.map({key: en for key, (_, en) in SINCE.items()}).to_numpy(),
        }
    )
    owner = np.repeat(np.arange(len(problem.options)), np.diff(problem.start))
    count = np.diff(problem.start)[~gone]
    return SitingProblem.from_frames(
        problem.assets,
        problem.options[~gone],
        problem.demand,
        (np.concatenate([[0], np.cumsum(count)]), problem.row[~gone[owner]]),
        impossible=pd.concat([problem.impossible, told], ignore_index=True),
    )


def _require_area(ground: SitingGround, districts: Sequence[str], places: Sequence[str]) -> None:
    for asked, known, en, zh in (
        (districts, set(ground.places["district_id"].dropna()), "district", "片区"),
        (places, set(ground.places.index), "neighbourhood", "小区"),
    ):
        strange = [one for one in asked if one not in known]
        if strange:
            raise BadRequestError(
                f"`area`: there is no {en} `{strange[0]}` in this city.",
                f"area:本市没有{zh} `{strange[0]}`。",
            )
