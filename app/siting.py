"""Sitings: the problem that was asked for, its plan, the curve, and plans told from little."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from app.errors import BadRequestError, SitingInfeasibleError
from app.plain import Record
from app.siting_grounds import SitingGround
from spatial.errors import InfeasibleError
from spatial.siting.answer import Effort, Status
from spatial.siting.plan import SitingPlan, plan_of
from spatial.siting.problem import SitingProblem
from spatial.siting.rules import KindLimit, SitingRules
from spatial.siting.solve_core import NEVER, compile_problem, worth_of
from spatial.siting_from_analysis import siting_rules

__all__ = [
    "asked_problem",
    "budgets_of",
    "compact",
    "effort_of",
    "plan_from",
    "told_infeasible",
]

SECONDS: Final = 60.0
"""How long the main plan of a job is looked for, if the request does not say."""


def asked_problem(ground: SitingGround, request: Mapping[str, Any]) -> SitingProblem:
    """Return the part of a city's problem that a job asked for, under its rules.

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
    return part.with_rules(_rules(ground, part, request))


def budgets_of(request: Mapping[str, Any]) -> tuple[float, ...] | None:
    """Return the money of each year that a request names; None where it names none."""
    given = request.get("budget_yuan")
    if given is None:
        return None
    return tuple(float(one) for one in given) if isinstance(given, Sequence) else (float(given),)


def effort_of(request: Mapping[str, Any]) -> Effort:
    """Return how long and how far a job may search."""
    return Effort(
        seconds=float(request.get("seconds") or SECONDS),
        gap_share=float(request.get("gap_share") or 0.0),
        seed=int(request.get("seed") or 0),
    )


def compact(plan: SitingPlan) -> Record:
    """Return what a plan can be told from again: the year of each chosen option, and the proof."""
    years = {str(key): int(year) for key, year in plan.chosen["year"].items()}
    budget = [float(one) for one in plan.problem.rules.budget_yuan]
    return {
        "budget_yuan": budget if np.isfinite(budget).all() else None,
        "years": years,
        "bound": None if np.isnan(plan.bound) else float(plan.bound),
        "status": str(plan.status),
    }


def plan_from(problem: SitingProblem, told: Mapping[str, Any]) -> SitingPlan:
    """Return a plan of what `compact` kept of it."""
    core = compile_problem(problem)
    years = np.full(len(problem.options), NEVER, dtype=np.int64)
    at = problem.options.index.get_indexer(list(told["years"]))
    years[at[at >= 0]] = np.array(list(told["years"].values()), dtype=np.int64)[at >= 0]
    year = core.standing(years)
    bound = np.nan if told["bound"] is None else float(told["bound"])
    return plan_of(
        core, year, worth_of(core, year), bound=bound, status=Status(told["status"]), cpu_s=0.0
    )


def told_infeasible(fault: InfeasibleError) -> SitingInfeasibleError:
    """Return what cannot all hold: the smallest sets of rules, or what the solver said."""
    plain = {"rules": [], "units": [], "relax": [], "zh": fault.message_zh, "en": str(fault)}
    return SitingInfeasibleError([plain])


def _part(whole: SitingProblem, held: np.ndarray) -> SitingProblem:
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


def _rules(ground: SitingGround, part: SitingProblem, request: Mapping[str, Any]) -> SitingRules:
    """Lay the planner's rules and weights over the profile's."""
    given = dict(request.get("rules") or {})
    limits = tuple(KindLimit(**one) for one in given.pop("limits", None) or ())
    planner = {name: value for name, value in given.items() if value is not None}
    for name in ("must", "must_not", "must_serve", "order"):
        if name in planner:
            planner[name] = tuple(planner[name])
    if "incompatible" in planner:
        planner["incompatible"] = tuple(tuple(pair) for pair in planner["incompatible"])
    budgets = budgets_of(request)
    if budgets is not None:
        planner["budget_yuan"] = budgets
    rules = siting_rules(ground.profile, part.options, limits=limits, **planner)
    weights = {k: v for k, v in (request.get("weights") or {}).items() if v is not None}
    return replace(rules, weights=replace(rules.weights, **weights))


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
