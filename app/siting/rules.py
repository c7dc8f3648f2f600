"""The rules that a planner asks of a siting, laid over those of the profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.errors import BadRequestError
from app.siting.grounds import SitingGround
from spatial.siting.problem import SitingProblem
from spatial.siting.rules import KindLimit, SitingRules
from spatial.siting_from_analysis import siting_rules

__all__ = ["asked_rules"]


def asked_rules(
    ground: SitingGround,
    part: SitingProblem,
    request: Mapping[str, Any],
    budget_yuan: tuple[float, ...] | None,
) -> SitingRules:
    """Lay the planner's rules and weights over the profile's.

    Parameters
    ----------
    ground : SitingGround
    part : SitingProblem
        The part of the city's problem that is asked about.
    request : mapping
        As `app.schemas.JobRequest`.
    budget_yuan : tuple of float, optional

    Raises
    ------
    BadRequestError
        If a rule names a kind, a district or a gap that is not there; it says which.
    """
    given = dict(request.get("rules") or {})
    planner = {name: value for name, value in given.items() if value is not None}
    for name in ("must", "must_not", "order"):
        if name in planner:
            planner[name] = tuple(planner[name])
    kinds = {*part.options["kind"], *part.demand["kind"]}
    planner["limits"] = _limits(ground, kinds, part, given.get("limits") or ())
    if "must_serve" in planner:
        planner["must_serve"] = _demand_rows(ground, part, planner["must_serve"])
    if "incompatible" in planner:
        _require_kinds(
            ground, "incompatible", [one for pair in given["incompatible"] for one in pair]
        )
        pairs = (tuple(pair) for pair in planner["incompatible"])
        planner["incompatible"] = tuple(pair for pair in pairs if {*pair} <= kinds)
    for name in ("spacing_m", "least_share"):
        if name in planner:
            _require_kinds(ground, name, planner[name])
            planner[name] = {kind: one for kind, one in planner[name].items() if kind in kinds}
    if budget_yuan is not None:
        planner["budget_yuan"] = budget_yuan
    rules = siting_rules(ground.profile, part.options, **planner)
    weights = {k: v for k, v in (request.get("weights") or {}).items() if v is not None}
    return replace(rules, weights=replace(rules.weights, **weights))


def _limits(
    ground: SitingGround,
    kinds: set[str],
    part: SitingProblem,
    asked: Sequence[Mapping[str, Any]],
) -> tuple[KindLimit, ...]:
    """Return the limits; a maximum of what cannot be built anyway is kept to without asking."""
    _require_kinds(ground, "limits", [one["kind"] for one in asked])
    districts = {*ground.places["district_id"].dropna(), *part.assets["district"].dropna()}
    limits = []
    for one in asked:
        limit = KindLimit(**{name: value for name, value in one.items() if value is not None})
        called = ground.profile.catalogue.kinds[limit.kind]
        if limit.district is not None and limit.district not in districts:
            raise BadRequestError(
                f"`limits`: there is no district `{limit.district}` in this city.",
                f"数量限制(limits):本市没有片区 `{limit.district}`。",
            )
        if limit.at_most is not None and limit.at_most < limit.at_least:
            raise BadRequestError(
                f"`limits`, {called.en}: at least {limit.at_least} and at most {limit.at_most} "
                "cannot both hold.",
                f"数量限制(limits)“{called.zh}”:至少 {limit.at_least} 处、至多 {limit.at_most} 处"
                "互相矛盾。",
            )
        if limit.kind in kinds:
            limits.append(limit)
        elif limit.at_least:
            raise BadRequestError(
                f"`limits`: at least {limit.at_least} of {called.en} are asked for, but no asset "
                "could hold one, or it is not among the kinds of this siting.",
                f"数量限制(limits):要求“{called.zh}”至少 {limit.at_least} 处,但没有存量资源放得下"
                "这类设施,或它不在本次要补的设施之列。",
            )
    return tuple(limits)


def _demand_rows(
    ground: SitingGround, part: SitingProblem, asked: Sequence[str]
) -> tuple[str, ...]:
    """Return demand rows by their ids, or by neighbourhood and kind."""
    demand = part.demand
    pairs = demand["neighbourhood_id"].astype(str) + ":" + demand["kind"].astype(str)
    whole = pairs + ":" + demand["layer"].astype(str)
    found: dict[str, None] = {}
    for one in asked:
        rows = [one] if one in demand.index else list(demand.index[(pairs == one) | (whole == one)])
        if not rows:
            place, _, rest = one.partition(":")
            kind = ground.profile.catalogue.kinds.get(rest.partition(":")[0])
            name = ground.places["name"].get(place)
            where = name if isinstance(name, str) else place
            what_zh, what_en = (rest, rest) if kind is None else (kind.zh, kind.en)
            raise BadRequestError(
                f"`must_serve`: {where} has no gap of {what_en} in this siting. Take it off the "
                "list, or add the kind and the area to the siting.",
                f"必须补上(must_serve):本次选址的范围和类别里,“{where}”没有“{what_zh}”的缺口。"
                "请从清单中去掉,或把该类别、该范围加入本次选址。",
            )
        found.update(dict.fromkeys(map(str, rows)))
    return tuple(found)


def _require_kinds(ground: SitingGround, rule: str, kinds: Any) -> None:
    for kind in kinds:
        if kind not in ground.profile.catalogue.kinds:
            raise BadRequestError(
                f"`{rule}`: there is no kind of facility `{kind}`.",
                f"{rule}:没有设施类别 `{kind}`。",
            )
