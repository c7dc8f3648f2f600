"""The rules A01–A17, each a small pure function of the facts, the policy and the year.

Rules about planned and protected areas are in `spatial.eligibility.plans`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from spatial.eligibility import plans
from spatial.eligibility.facts import Facts
from spatial.eligibility.finding import NOT_APPLICABLE, Finding
from spatial.standards import EligibilityPolicy

__all__ = ["RULE_FUNCTIONS"]

LOCAL_TENURES: Final = {
    "resettlement": "安置房",
    "social": "保障房",
    "public_rental": "公共租赁住房",
}
OWNER_TENURES: Final = {
    "enterprise": "国有企事业单位住房",
    "military": "军队或院校所属住房",
    "public_rental": "公房",
    "reform_housing": "房改房",
}
KIND_UNKNOWN: Final = Finding(
    "unknown",
    "对象类别不详(小区、单栋住宅楼或别墅)",
    "object class not known (neighbourhood, single building or villas)",
    ("kind",),
)
NO_ITEMS: Final = {"none", "no", "无", "没有", "0"}


RuleFunction = Callable[[Facts, EligibilityPolicy, int], Finding]


def completed_by_base_date(facts: Facts, policy: EligibilityPolicy, _year: int) -> Finding:
    """A01: completed by the end of the base year."""
    base = policy.parameters["base_year"]
    built = facts.year_built
    if built is None:
        return Finding(
            "unknown", "建成年份不详", "the year of completion is not known", ("year_built",)
        )
    source_zh, source_en = (
        ("(按楼栋)", " (from buildings)") if facts.year_from_buildings else ("", "")
    )
    met = built <= base
    return Finding(
        "met" if met else "not_met",
        f"{built}年建成{source_zh},{'不晚于' if met else '晚于'}{base}年底",
        f"completed in {built}{source_en}, {'by' if met else 'after'} the end of {base}",
    )


def later_but_lacking(facts: Facts, policy: EligibilityPolicy, _year: int) -> Finding:
    """A03: completed later, but functions, facilities and services lack and residents want it."""
    base = policy.parameters["base_year"]
    if facts.year_built is not None and facts.year_built <= base:
        return NOT_APPLICABLE
    will, least_will = facts.resident_will_share, policy.parameters["strong_will_share"]
    gaps, least_gaps = facts.must_missing, policy.parameters["gap_min_kinds"]
    zh = [
        "缺项数不详" if gaps is None else f"应配设施缺{gaps}项(需≥{least_gaps}项)",
        "居民意愿不详" if will is None else f"居民意愿{will:.0%}(需≥{least_will:.0%})",
        _said(
            value=facts.utilities_incomplete,
            yes="市政配套不完善",
            no="市政配套完善",
            unknown="市政配套情况不详",
        ),
    ]
    en = [
        "missing kinds unknown"
        if gaps is None
        else f"{gaps} must-have kinds missing (needs {least_gaps})",
        "residents' will unknown"
        if will is None
        else f"{will:.0%} of households in favour (needs {least_will:.0%})",
        _said(
            value=facts.utilities_incomplete,
            yes="utilities incomplete",
            no="utilities complete",
            unknown="state of utilities unknown",
        ),
    ]
    text = ";".join(zh), "; ".join(en)
    refused = (
        (gaps is not None and gaps < least_gaps)
        or (will is not None and will < least_will)
        or facts.utilities_incomplete is False
    )
    if refused:
        return Finding("not_met", *text)
    wanting = [("must_missing", gaps), ("resident_will_share", will)]
    missing = tuple(name for name, value in wanting if value is None)
    if facts.year_built is None:
        missing = ("year_built", *missing)
    if missing:
        return Finding("unknown", *text, missing)
    unproved = () if facts.utilities_incomplete else ("utilities_incomplete",)
    return Finding(policy.rules["A03"].effect, *text, unproved)


def extended_date(facts: Facts, policy: EligibilityPolicy, _year: int) -> Finding:
    """A04: completed by the extended date, living conditions poor."""
    base, last = policy.parameters["base_year"], policy.parameters["extended_year"]
    built = facts.year_built
    if built is None:
        return Finding(
            "unknown", "建成年份不详", "the year of completion is not known", ("year_built",)
        )
    if built <= base:
        return NOT_APPLICABLE
    if built > last:
        return Finding(
            "not_met",
            f"{built}年建成,晚于{last}年底",
            f"completed in {built}, later than the end of {last}",
        )
    poor = {"upkeep_lost": facts.upkeep_lost, "utilities_incomplete": facts.utilities_incomplete}
    within = f"{built}年建成,在{last}年底前", f"completed in {built}, by the end of {last}"
    if all(value is False for value in poor.values()):
        return Finding(
            "not_met", f"{within[0]};居住条件不差", f"{within[1]}; living conditions are not poor"
        )
    if any(poor.values()):
        return Finding(
            policy.rules["A04"].effect,
            f"{within[0]};居住条件较差",
            f"{within[1]}; living conditions are poor",
        )
    return Finding(
        policy.rules["A04"].effect,
        f"{within[0]};居住条件待查证",
        f"{within[1]}; poor living conditions are still to be shown",
        tuple(name for name, value in poor.items() if value is None),
    )


def run_down(facts: Facts, policy: EligibilityPolicy, _year: int) -> Finding:
    """A05: upkeep lost, utilities and services incomplete, residents strongly willing."""
    least_will = policy.parameters["strong_will_share"]
    will, gaps = facts.resident_will_share, facts.must_missing
    tests: list[tuple[str, bool | None, str, str]] = [
        ("upkeep_lost", facts.upkeep_lost, "失养失修失管", "upkeep lost"),
        (
            "utilities_incomplete",
            facts.utilities_incomplete,
            "市政配套不完善",
            "utilities incomplete",
        ),
        (
            "must_missing",
            None if gaps is None else gaps > 0,
            "服务设施不健全",
            "services incomplete",
        ),
        (
            "resident_will_share",
            None if will is None else will >= least_will,
            "居民改造意愿强烈",
            "residents strongly willing",
        ),
    ]
    zh = ";".join(
        f"{name_zh}:{_said(value=value, yes='是', no='否', unknown='不详')}"
        for _, value, name_zh, _ in tests
    )
    en = "; ".join(
        f"{name}: {_said(value=value, yes='yes', no='no', unknown='unknown')}"
        for _, value, _, name in tests
    )
    missing = tuple(column for column, value, _, _ in tests if value is None)
    if any(value is False for _, value, _, _ in tests):
        return Finding(policy.rules["A05"].effect, zh, en, missing)
    return Finding("unknown" if missing else "met", zh, en, missing)


def residential_object(facts: Facts, policy: EligibilityPolicy, _year: int) -> Finding:
    """A06: a residential neighbourhood; single buildings where the place includes them."""
    if facts.kind is None and (facts.building_count or 0) > 1:
        count = facts.building_count
        return Finding("met", f"{count}栋住宅的小区", f"a neighbourhood of {count} buildings")
    if facts.kind is None:
        return KIND_UNKNOWN
    if facts.kind != "single_building":
        return Finding("met", "住宅小区", "a residential neighbourhood")
    if policy.parameters["single_buildings_included"]:
        return Finding("met", "单栋住宅楼,可纳入", "a single residential building, included")
    return Finding(
        policy.rules["A06"].effect,
        "单栋住宅楼,当地文件未列入",
        "a single residential building, which the local text does not name",
    )


def local_option(facts: Facts, policy: EligibilityPolicy, _year: int) -> Finding:
    """A07: resettlement and social housing are for the locality to decide."""
    if facts.tenure is None or facts.tenure == "mixed":
        return Finding("unknown", "产权类型不详或混合", "tenure not known, or mixed", ("tenure",))
    if facts.tenure in LOCAL_TENURES:
        return Finding(
            policy.rules["A07"].effect,
            f"{LOCAL_TENURES[facts.tenure]}小区,由当地自行确定",
            f"{facts.tenure.replace('_', ' ')} housing: the locality decides",
        )
    return Finding("met", "非安置房、保障房", "neither resettlement nor social housing")


def no_villas(facts: Facts, policy: EligibilityPolicy, _year: int) -> Finding:
    """A08: pure villa neighbourhoods are not listed."""
    if facts.kind is None:
        return KIND_UNKNOWN
    if facts.kind == "villa":
        return Finding(policy.rules["A08"].effect, "纯别墅小区", "a pure villa neighbourhood")
    return Finding("met", "非别墅小区", "not a villa neighbourhood")


def owner_by_place(facts: Facts, _policy: EligibilityPolicy, _year: int) -> Finding:
    """A12: enterprise, public and military housing joins the local plan."""
    if facts.tenure is None:
        return Finding("unknown", "产权类型不详", "tenure not known", ("tenure",))
    if facts.tenure in OWNER_TENURES:
        return Finding(
            "met",
            f"{OWNER_TENURES[facts.tenure]},按属地原则纳入",
            f"{facts.tenure.replace('_', ' ')} housing: joins the plan of the place it lies in",
        )
    return NOT_APPLICABLE


def no_double_subsidy(facts: Facts, policy: EligibilityPolicy, _year: int) -> Finding:
    """A13: no item uses central subsidy twice."""
    items = facts.past_central_subsidy
    if items is not None and items.lower() not in NO_ITEMS:
        listed = items.replace(",", ",").replace("、", ",")
        names = [name.strip() for name in listed.split(",") if name.strip()]
        return Finding(
            policy.rules["A13"].effect,
            f"已用中央补助,不得重复:{'、'.join(names)}",
            f"central subsidy was already used; not again for: {', '.join(names)}",
        )
    if items is not None:
        return Finding("met", "未使用过中央补助", "no central subsidy was used")
    when = facts.past_renewal_year
    return Finding(
        "unknown",
        "曾用中央补助内容不详" + (f"({when}年改造过)" if when else ""),
        "items that used central subsidy not known" + (f" (renewed in {when})" if when else ""),
        ("past_central_subsidy",),
    )


def no_dangerous_building(facts: Facts, policy: EligibilityPolicy, _year: int) -> Finding:
    """A17: no dangerous building is left."""
    count = max(facts.danger_buildings or 0, facts.dangerous_seen)
    if count:
        return Finding(
            policy.rules["A17"].effect,
            f"危房{count}栋待解危",
            f"{count} dangerous buildings to be dealt with",
        )
    if facts.danger_buildings == 0 or facts.ungraded == 0:
        return Finding("met", "无危房", "no dangerous building")
    return Finding(
        "unknown",
        "房屋安全等级不详" + (f"({facts.ungraded}栋未评级)" if facts.ungraded else ""),
        "safety of the buildings not known"
        + (f" ({facts.ungraded} without a grade)" if facts.ungraded else ""),
        ("danger_buildings",),
    )


RULE_FUNCTIONS: Final[dict[str, RuleFunction]] = {
    "A01": completed_by_base_date,
    "A02": plans.on_state_land,
    "A03": later_but_lacking,
    "A04": extended_date,
    "A05": run_down,
    "A06": residential_object,
    "A07": local_option,
    "A08": no_villas,
    "A09": plans.no_expropriation,
    "A10": plans.no_rebuilding,
    "A11": plans.no_past_shantytown,
    "A12": owner_by_place,
    "A13": no_double_subsidy,
    "A15": plans.old_buildings_and_trees,
    "A16": plans.heritage_protected,
    "A17": no_dangerous_building,
}
"""A14 is the sum of the others, see `spatial.eligibility.decide`."""


def _said(*, value: bool | None, yes: str, no: str, unknown: str) -> str:
    return unknown if value is None else (yes if value else no)
