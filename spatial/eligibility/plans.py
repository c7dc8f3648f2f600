"""Rules that look at planned and protected areas: A02, A09, A10, A11, A15, A16."""

from __future__ import annotations

from typing import Final

from spatial.eligibility.facts import Facts, Overlap
from spatial.eligibility.finding import Finding
from spatial.standards import EligibilityPolicy

__all__ = [
    "heritage_protected",
    "no_expropriation",
    "no_past_shantytown",
    "no_rebuilding",
    "old_buildings_and_trees",
    "on_state_land",
]

PLAN_NAMES: Final = {
    "rebuild": ("拆除新建", "demolition and rebuilding"),
    "shantytown_done": ("已实施棚改", "shanty-town renewal already done"),
}
HERITAGE_NAMES: Final = {
    "heritage_quarter": ("历史文化街区", "historic quarter"),
    "heritage_building": ("历史建筑", "historic building"),
    "ancient_tree": ("古树名木", "ancient tree"),
}


def on_state_land(facts: Facts, policy: EligibilityPolicy, _year: int) -> Finding:
    """A02: on state-owned land, and in no shanty-town plan."""
    effect = policy.rules["A02"].effect
    collective = facts.overlaps.get("collective_land")
    state = facts.overlaps.get("state_land")
    extent, zh, en = _extent(collective, policy)
    if facts.land_ownership == "collective":
        return Finding(effect, "土地为集体所有", "the land is collectively owned")
    if extent == "whole":
        return Finding(effect, f"集体土地{zh}", f"collective land: {en}")
    plan = _by_area(facts, policy, "A02", "shantytown_plan", "棚改计划范围", "shanty-town plan")
    if plan.finding in {effect, "conditional"}:
        return plan
    if extent == "part":
        return Finding("conditional", f"集体土地{zh}", f"collective land: {en}")
    on_state = facts.land_ownership == "state" or _extent(state, policy)[0] == "whole"
    missing = () if on_state else ("land_ownership",)
    if plan.finding == "unknown":
        missing = (*missing, *plan.missing)
    land = ("国有土地", "state-owned land") if on_state else ("土地性质不详", "ownership not known")
    return Finding(
        "unknown" if missing else "met", f"{land[0]};{plan.zh}", f"{land[1]}; {plan.en}", missing
    )


def no_expropriation(facts: Facts, policy: EligibilityPolicy, year: int) -> Finding:
    """A09: residents are not to be expropriated within the horizon."""
    effect = policy.rules["A09"].effect
    horizon = policy.parameters["expropriation_horizon_years"]
    overlap = facts.overlaps.get("expropriation")
    extent, area_zh, area_en = _extent(overlap, policy)
    found: list[tuple[str, int | None, str, str]] = []
    if facts.expropriation_year is not None:
        found.append(("whole", facts.expropriation_year, "登记", "as registered"))
    if extent != "none" and overlap is not None:
        found += [(extent, planned, area_zh, area_en) for planned in overlap.years]
    worst: Finding | None = None
    for size, planned, zh, en in found:
        when = "" if planned is None else f"{planned}年"
        text = (
            f"计划{when}征收,{zh}",
            f"expropriation planned{f' for {planned}' if planned else ''}, {en}",
        )
        if horizon is None or (planned is not None and year <= planned <= year + horizon):
            here = Finding(effect if size == "whole" else "conditional", *text)
        elif planned is None or planned < year:
            here = Finding(
                "unknown",
                f"{text[0]};是否仍在{horizon}年内实施待查",
                f"{text[1]}; whether it falls within {horizon} years is to be found out",
                ("expropriation_year",),
            )
        else:
            here = Finding(
                "met", f"{text[0]},超过{horizon}年", f"{text[1]}, beyond {horizon} years"
            )
        worst = here if worst is None else _worse(worst, here, effect)
    if worst is not None:
        return worst
    if "expropriation" in facts.mapped:
        return Finding("met", "不在征收计划范围", "in no expropriation area")
    return Finding(
        "unknown", "征收计划不详", "expropriation plans not known", ("expropriation_year",)
    )


def no_rebuilding(facts: Facts, policy: EligibilityPolicy, _year: int) -> Finding:
    """A10: not to be demolished and rebuilt."""
    return _by_flag(
        facts, policy, "A10", known=facts.rebuild_planned, column="rebuild_planned", kind="rebuild"
    )


def no_past_shantytown(facts: Facts, policy: EligibilityPolicy, _year: int) -> Finding:
    """A11: no shanty-town renewal was done."""
    known, column = facts.past_shantytown_renewal, "past_shantytown_renewal"
    return _by_flag(facts, policy, "A11", known=known, column=column, kind="shantytown_done")


def old_buildings_and_trees(facts: Facts, policy: EligibilityPolicy, _year: int) -> Finding:
    """A15: old buildings and trees that must not be touched carelessly."""
    return _heritage(facts, policy, "A15", ("heritage_building", "ancient_tree"))


def heritage_protected(facts: Facts, policy: EligibilityPolicy, _year: int) -> Finding:
    """A16: historic quarters, buildings and ancient trees."""
    kinds = ("heritage_quarter", "heritage_building", "ancient_tree")
    return _heritage(facts, policy, "A16", kinds)


def _worse(first: Finding, second: Finding, effect: str) -> Finding:
    order = {effect: 0, "conditional": 1, "unknown": 2, "met": 3}
    return min(first, second, key=lambda finding: order[finding.finding])


def _extent(overlap: Overlap | None, policy: EligibilityPolicy) -> tuple[str, str, str]:
    """Say whether a constraint takes none, part or the whole of a parcel, and with which words."""
    if overlap is None:
        return "none", "", ""
    names = "、".join(overlap.names)
    zh, en = (f"({names})", f" ({names})") if names else ("", "")
    if overlap.share is None:
        return "part", f"位于用地内{zh}", f"lies inside the parcel{en}"
    if overlap.share < policy.parameters["overlap_ignored_share"]:
        return "none", "", ""
    zh, en = f"占用地{overlap.share:.0%}{zh}", f"takes {overlap.share:.0%} of the parcel{en}"
    whole = overlap.share >= policy.parameters["overlap_excludes_share"]
    return ("whole" if whole else "part"), zh, en


def _by_area(
    facts: Facts, policy: EligibilityPolicy, rule: str, kind: str, name_zh: str, name_en: str
) -> Finding:
    extent, zh, en = _extent(facts.overlaps.get(kind), policy)
    if extent != "none":
        effect = policy.rules[rule].effect if extent == "whole" else "conditional"
        return Finding(effect, f"{name_zh}{zh}", f"{name_en}: {en}")
    if kind in facts.mapped:
        return Finding("met", f"不在{name_zh}", f"no {name_en} touches it")
    return Finding("unknown", f"{name_zh}不详", f"{name_en} not known", (f"constraints:{kind}",))


def _by_flag(
    facts: Facts,
    policy: EligibilityPolicy,
    rule: str,
    *,
    known: bool | None,
    column: str,
    kind: str,
) -> Finding:
    name_zh, name_en = PLAN_NAMES[kind]
    if known:
        return Finding(policy.rules[rule].effect, f"登记:{name_zh}", f"as registered: {name_en}")
    area = _by_area(facts, policy, rule, kind, f"{name_zh}范围", name_en)
    if area.finding in {policy.rules[rule].effect, "conditional"}:
        return area
    if known is False:
        return Finding("met", f"登记:无{name_zh}", f"as registered: no {name_en}")
    if area.finding == "met":
        return area
    return Finding("unknown", f"{name_zh}情况不详", f"{name_en}: not known", (column,))


def _heritage(
    facts: Facts, policy: EligibilityPolicy, rule: str, kinds: tuple[str, ...]
) -> Finding:
    touched = [(kind, facts.overlaps[kind]) for kind in kinds if kind in facts.overlaps]
    if touched:
        parts_zh, parts_en = [], []
        for kind, overlap in touched:
            name_zh, name_en = HERITAGE_NAMES[kind]
            names = "、".join(overlap.names)
            share = "" if overlap.share is None else f"{overlap.share:.1%}"
            inner = ",".join(part for part in (names, f"占用地{share}" if share else "") if part)
            parts_zh.append(name_zh + (f"({inner})" if inner else ""))
            inner = ", ".join(
                part for part in (names, f"{share} of the parcel" if share else "") if part
            )
            parts_en.append(name_en + (f" ({inner})" if inner else ""))
        return Finding(
            policy.rules[rule].effect,
            f"涉及{'、'.join(parts_zh)},须按保护要求实施",
            f"touches {', '.join(parts_en)}; the protection rules apply",
        )
    missing = tuple(f"constraints:{kind}" for kind in kinds if kind not in facts.mapped)
    names_zh = "、".join(HERITAGE_NAMES[kind][0] for kind in kinds)
    names_en = ", ".join(HERITAGE_NAMES[kind][1] for kind in kinds)
    if missing:
        return Finding("unknown", f"{names_zh}资料不全", f"{names_en}: not all mapped", missing)
    return Finding("met", f"不涉及{names_zh}", f"touches no {names_en}")
