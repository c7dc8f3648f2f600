"""Proposed plans: the problem of a stored city, plans that solve it, the best around an edit."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from app.errors import BadRequestError, ConflictError
from app.plain import Record, plain
from app.plans.clashing import clashes_of, require_minima, require_ranges, told_as_clash
from app.store.frames import read_parameters_of, read_places, read_result
from app.store.ground import GAP_COLUMNS
from app.store.rows import Version
from spatial.districting.modes import FixedNumber, Free, Mode, MostDistricts
from spatial.districting.problem import Problem
from spatial.districting.rules import AMOUNTS, DistrictRules, Weights
from spatial.errors import InfeasibleError
from spatial.plans import Draft
from spatial.progress import Progress, silent

__all__ = [
    "Asked",
    "Problems",
    "assigned",
    "improvement",
    "problem_of",
    "proposals",
    "reasons",
    "require_current",
]

TRADED: Final = (("needs", "sharing"), ("needs", "nearness"))
"""Parts of the objective between which plans are offered; the first pair that has weight."""
RECOMMENDED: Final = ("推荐方案", "Recommended")
LEANING: Final = {
    "needs": ("偏重需求相似", "Leaning to like needs"),
    "sharing": ("偏重共享补缺", "Leaning to sharing"),
    "nearness": ("偏重步行相近", "Leaning to nearness on foot"),
}
BETWEEN: Final = ("折中方案 {}", "In between {}")
ABOUT_UNITS: Final = ("must_join", "must_not_join")
MOST_KEPT: Final = 4


def problem_of(
    connection: Connection,
    version: Version,
    *,
    rules: Mapping[str, Any],
    weights: Mapping[str, float],
    draft: Draft | None = None,
    mode: Mode | None = None,
) -> Problem:
    """Return the districting problem of a stored city.

    Parameters
    ----------
    connection, version
    rules : mapping
        Parameters of the room ``districts`` that the planner chose otherwise, e.g.
        ``max_households``; ``must_join`` and ``must_not_join`` too.
    weights : mapping of part to float
        Of the parts of the objective.
    draft : Draft, optional
        A plan whose locks are kept.
    mode : Mode, optional
        What is to be looked for; its own minimum is asked too.

    Raises
    ------
    StandardsError
        If a rule is unknown or its value makes no sense.
    RulesClashError
        If rules cannot all hold; it tells the smallest sets that clash, and what to relax.
    """
    from spatial.districting.build import make_problem  # noqa: PLC0415  (loads the engine)
    from spatial.districting.sharing import sharing  # noqa: PLC0415  (loads the engine)
    from spatial.joins import shared_needs  # noqa: PLC0415  (loads the engine)

    parameters = read_parameters_of(connection, version, "districts")
    planner = {key: _ids(rules.get(key) or ()) for key in ABOUT_UNITS}
    chosen = {key: value for key, value in rules.items() if key not in ABOUT_UNITS}
    parameters = parameters.with_values(chosen, source="planner")
    planner |= _weights(parameters, weights) | _locks(draft)
    require_ranges(parameters)
    district_rules = DistrictRules.from_parameters(parameters, **planner)
    places = read_places(connection, version)
    gaps = read_result(connection, version, "gaps", GAP_COLUMNS, where="need = 'must'")
    adjacency = read_result(connection, version, "adjacency", ("a", "b", "barrier", "walk_m"))
    admitted = ["eligible", "conditional"]
    admitted += ["unknown"] if parameters["unknown_may_join"] else []
    eligible = places.frame["eligibility"].isin(admitted)
    world = (places, adjacency, eligible, district_rules)
    require_minima(*world, mode)
    pooling = sharing(
        places,
        gaps,
        adjacency,
        detour_factor=district_rules.detour_factor,
        cut_barriers=district_rules.cut_barriers,
        stock=read_result(connection, version, "stock", ("neighbourhood_id",)),
        stock_fits=read_result(connection, version, "stock_fits"),
    )
    needs = shared_needs(places, gaps)
    try:
        return make_problem(places, adjacency, needs, eligible, district_rules, sharing=pooling)
    except InfeasibleError as fault:
        raise clashes_of(fault, *world) from fault


@dataclass(frozen=True, slots=True)
class Asked:
    """What a job of proposals was asked for."""

    mode: Mode
    count: int
    seed: int

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> Asked:
        """Read the request of a job."""
        mode: Mode = Free()
        if request.get("mode") == "fixed":
            mode = FixedNumber(int(request["k"]))
        elif request.get("mode") == "most":
            mode = MostDistricts(request["amount"], float(request["at_least"]))
        return cls(mode, int(request.get("count") or 4), int(request.get("seed") or 0))


def proposals(
    problem: Problem,
    request: Mapping[str, Any],
    *,
    start: pd.Series | None = None,
    progress: Progress = silent,
) -> Record:
    """Return several good plans as plain values.

    Raises
    ------
    RulesClashError
        If there cannot be so many (or so few) districts as are asked for.
    """
    from spatial.districting.propose import propose  # noqa: PLC0415  (loads the engine)
    from spatial.districting.several import propose_several  # noqa: PLC0415  (loads the engine)

    asked = Asked.of(request)
    how: dict[str, Any] = {"start": start, "seed": asked.seed, "progress": progress}
    shared = len(problem.flat.offer) > 0
    traded = [
        pair
        for pair in TRADED
        if all(getattr(problem.weights, part) > 0 for part in pair)
        and (shared or "sharing" not in pair)
    ]
    try:
        if asked.count > 1 and traded:
            found = propose_several(problem, asked.mode, over=traded[0], count=asked.count, **how)
        else:
            found = (propose(problem, asked.mode, **how),)
    except InfeasibleError as fault:
        raise told_as_clash(fault, "k" if isinstance(asked.mode, FixedNumber) else None) from fault
    names = _names(len(found), traded[0] if traded else TRADED[-1])
    told = [_proposal(one, name) for one, name in zip(found, names, strict=True)]
    return {"items": told}


def improvement(
    problem: Problem, draft: Draft, units: Sequence[str], locked: Sequence[str]
) -> Record:
    """Return the best plan around an edit, as plain values: what would change, and the proof."""
    from spatial.districting.touch import improve_touched  # noqa: PLC0415  (loads the engine)

    ground = draft.ground
    known = set(problem.ids)
    asked = [unit for unit in units if unit in known]
    if not asked:
        raise BadRequestError(
            "None of these neighbourhoods takes part in districts.",
            "这些小区均不参与片区划分。",
        )
    plan = assigned(draft, problem)
    held = _with_new_neighbours(problem, plan, [unit for unit in locked if unit in known])
    try:
        found = improve_touched(problem, plan, asked, locked=held)
    except InfeasibleError as fault:  # what is meant to stay cannot stay within the rules
        raise told_as_clash(fault, "locked", units=held) from fault
    alive = set(ground.ids[ground.alive])
    changed = found.changed[found.changed.index.isin(alive)]
    after = changed["after"].astype(object).where(changed["after"].notna(), None)
    return {
        "assignment": {str(unit): key for unit, key in after.items()},
        "value_before": plain(found.before),
        "value": plain(found.value),
        "bound": plain(found.bound),
        "status": found.status,
        "scope": found.scope,
        "units": [str(unit) for unit in found.neighbourhoods],
    }


def _with_new_neighbours(problem: Problem, plan: pd.Series, units: Sequence[str]) -> list[str]:
    """Add to what stays its neighbours of the same district: alone it could be moved back."""
    district = plan.reindex(problem.ids).astype(object)
    district[district.isna()] = None
    rows = {unit: row for row, unit in enumerate(problem.ids)}
    start, neighbour = problem.flat.start, problem.flat.neighbour
    held = dict.fromkeys(units)
    for unit in units:
        own = district.loc[unit]
        if own is None:
            continue
        beside = problem.ids[neighbour[start[rows[unit]] : start[rows[unit] + 1]]]
        held |= dict.fromkeys(str(one) for one in beside if district.loc[one] == own)
    return list(held)


def reasons(problem: Problem, draft: Draft, unit: str) -> Record:
    """Return what a neighbourhood shares with its district, and what moving it would cost."""
    from spatial.districting.why import why_here  # noqa: PLC0415  (loads the engine)

    found = why_here(problem, assigned(draft, problem), unit)
    ground = draft.ground
    row = ground.row_of[unit]
    shares = []
    for other, told in found.shared.iterrows():
        at = ground.row_of[str(other)]
        both = int(ground.missing[row] & ground.missing[at])
        kinds = [k.split(":", 1)[0] for i, k in enumerate(ground.pooling.kinds) if both >> i & 1]
        unlike = float(told["unlike"])
        shares.append(
            {
                "unit": str(other),
                "name": ground.name[at],
                "kinds": list(dict.fromkeys(kinds)),
                "likeness": plain(1.0 / (1.0 + unlike)),
                "walk_m": plain(float(told["distance_m"])),
            }
        )
    parts = [name for name in found.moves.columns if name not in {"cost", "legal", "zh", "en"}]
    moves = [
        {
            "district": None if str(key) == "alone" else str(key),
            "cost": plain(float(told["cost"])),
            "parts": {str(part): plain(float(told[part])) for part in parts},
            "legal": bool(told["legal"]),
            "broken": [] if told["legal"] else [{"zh": told["zh"], "en": told["en"]}],
        }
        for key, told in found.moves.iterrows()
    ]
    return {"district": draft.label[row], "shares": shares, "moves": moves}


def assigned(draft: Draft, problem: Problem) -> pd.Series:
    """Return a plan as the engine takes it: district id by neighbourhood, NA alone."""
    told = draft.assignment()
    values = [told.get(unit) for unit in problem.ids]
    return pd.Series(values, index=problem.ids, dtype="string")


class Problems:
    """Problems of the cities used last: making one takes seconds, asking it milliseconds."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Problem] = OrderedDict()
        self._guard = threading.Lock()
        self._making = threading.Lock()

    def of(self, connection: Connection, version: Version, draft: Draft) -> Problem:
        """Return the problem of a plan: its rules and its locks on its data."""
        rules = _as_parameters(draft)
        key = json.dumps([version.key, rules, _lock_record(draft)], sort_keys=True)
        with self._making:
            with self._guard:
                found = self._kept.get(key)
            if found is None:
                found = problem_of(connection, version, rules=rules, weights={}, draft=draft)
            with self._guard:
                self._kept[key] = found
                self._kept.move_to_end(key)
                while len(self._kept) > MOST_KEPT:
                    self._kept.popitem(last=False)
        return found


def _as_parameters(draft: Draft) -> dict[str, Any]:
    """Return the plan's own rules as parameters of the room ``districts``."""
    rules = draft.rules
    told: dict[str, Any] = {
        **{f"max_{amount}": rules.maximum.get(amount) for amount in AMOUNTS},
        **{f"min_{amount}": rules.minimum.get(amount) for amount in AMOUNTS if amount != "members"},
        "same_subdistrict": rules.same_subdistrict,
        "cut_barriers": list(rules.cut_barriers),
        "max_link_walk_m": rules.max_link_walk_m,
        "must_join": [list(group) for group in rules.must_join],
        "must_not_join": [list(pair) for pair in rules.must_not_join],
    }
    if rules.max_distance_m is not None:
        told["max_distance_m"] = rules.max_distance_m
    return told


def _lock_record(draft: Draft) -> list[list[str | None]]:
    return sorted([unit, key] for unit, key in _locks(draft).get("locks", {}).items())


def _locks(draft: Draft | None) -> dict[str, Any]:
    """Locked districts as they are, closed to others; locked units under their district's id."""
    if draft is None:
        return {}
    ground = draft.ground
    own = ground.alive & (ground.parent < 0)
    closed = {key for key, one in draft.districts.items() if one.locked}
    held = own & (draft.locked | np.isin(draft.label.astype(str), list(closed)))
    locks = dict(zip(ground.ids[held].tolist(), draft.label[held].tolist(), strict=True))
    if not locks:
        return {}
    return {"locks": locks, "closed": frozenset(closed & set(locks.values()))}


def _weights(parameters: Any, weights: Mapping[str, float]) -> dict[str, Any]:
    if not weights:
        return {}
    known = [field.name for field in fields(Weights)]
    strange = sorted(set(weights) - set(known))
    if strange:
        raise BadRequestError(
            f"There are no weights {', '.join(strange)}; there are {', '.join(known)}.",
            f"没有权重 {'、'.join(strange)};可用 {'、'.join(known)}。",
        )
    standard = DistrictRules.from_parameters(parameters).weights
    given = {name: float(weights.get(name, getattr(standard, name))) for name in known}
    return {"weights": Weights(**given)}


def _ids(groups: Any) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(str(unit) for unit in group) for group in groups)


def _names(count: int, traded: tuple[str, str]) -> list[tuple[str, str]]:
    """Names of plans, in the order of `propose_several`: from the one part to the other."""
    if count == 1:
        return [RECOMMENDED]
    middle = [(BETWEEN[0].format(i), BETWEEN[1].format(i)) for i in range(1, count - 1)]
    return [LEANING[traded[0]], *middle, LEANING[traded[1]]]


def _proposal(found: Any, name: tuple[str, str]) -> Record:
    parts = found.parts.reset_index() if "part" not in found.parts.columns else found.parts
    assignment = found.assignment.astype(object).where(found.assignment.notna(), None)
    return {
        "name_zh": name[0],
        "name_en": name[1],
        "districts": int(found.districts),
        "districts_bound": plain(found.districts_bound),
        "alone": int(found.assignment.isna().sum()),
        "value": plain(float(found.value)),
        "bound": plain(float(found.bound)),
        "gap_share": plain(float(found.gap_share)),
        "status": found.status,
        "family_zh": found.family["zh"],
        "family_en": found.family["en"],
        "parts": [
            {str(key): plain(value) for key, value in row.items()}
            for row in parts.to_dict("records")
        ],
        "assignment": {str(unit): key for unit, key in assignment.items()},
        "reported": [
            {
                "kind": row["kind"],
                "units": list(row["neighbourhoods"])[:100],
                "zh": row["zh"],
                "en": row["en"],
            }
            for row in found.reported.to_dict("records")
        ],
    }


def require_current(plan_version: str, version: Version, plan_name: str) -> None:
    """Raise `ConflictError` if a plan is drawn on older data than the city's."""
    if plan_version != version.data_version:
        raise ConflictError(
            f"Plan “{plan_name}” is drawn on older data. Copy it to the current data first.",
            f"方案“{plan_name}”基于旧数据绘制,请先复制到当前数据。",
        )
