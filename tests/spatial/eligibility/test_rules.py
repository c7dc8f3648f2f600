"""Every rule met, not met and unknown; truth tables by hand; what is not known is never "no"."""

from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.eligibility import Facts, Overlap, findings_of, overall
from spatial.standards import list_profiles, read_profile

POLICY = {name: read_profile(name).eligibility for name in list_profiles()}
YEAR = 2026


def finding(rule, profile, **facts):
    return findings_of(Facts(**facts), POLICY[profile], year=YEAR)[rule].finding


def verdict(profile, **facts):
    return overall(findings_of(Facts(**facts), POLICY[profile], year=YEAR))


def area(kind, share, *, year=None, name="甲"):
    return {
        "overlaps": {kind: Overlap(share=share, names=(name,), years=(year,))},
        "mapped": frozenset({kind}),
    }


def mapped(*kinds):
    return {"mapped": frozenset(kinds)}


CASES = [
    # rule, profile, facts, finding
    ("A01", "national", {"year_built": 2000}, "met"),
    ("A01", "national", {"year_built": 2001}, "not_met"),
    ("A01", "national", {}, "unknown"),
    ("A02", "ningbo", {"land_ownership": "collective"}, "excluded"),
    ("A02", "ningbo", {"land_ownership": "state", **mapped("shantytown_plan")}, "met"),
    ("A02", "ningbo", {"land_ownership": "state"}, "unknown"),
    ("A02", "ningbo", {}, "unknown"),
    ("A02", "ningbo", area("collective_land", 0.9), "excluded"),
    ("A02", "ningbo", area("collective_land", 0.3), "conditional"),
    ("A02", "ningbo", area("collective_land", 0.01), "unknown"),
    ("A02", "ningbo", {"land_ownership": "state", **area("shantytown_plan", 0.8)}, "excluded"),
    ("A02", "ningbo", {"land_ownership": "state", **area("shantytown_plan", 0.2)}, "conditional"),
    ("A02", "chongqing", {"land_ownership": "collective"}, "not_applicable"),
    ("A03", "ningbo", {"year_built": 1995}, "not_applicable"),
    (
        "A03",
        "ningbo",
        {"year_built": 2003, "must_missing": 5, "resident_will_share": 0.9},
        "conditional",
    ),
    ("A03", "ningbo", {"year_built": 2003, "must_missing": 5}, "unknown"),
    ("A03", "ningbo", {"year_built": 2003, "resident_will_share": 0.9}, "unknown"),
    ("A03", "ningbo", {"year_built": 2003, "must_missing": 0}, "not_met"),
    ("A03", "ningbo", {"year_built": 2003, "resident_will_share": 0.2}, "not_met"),
    (
        "A03",
        "ningbo",
        {
            "year_built": 2003,
            "must_missing": 5,
            "resident_will_share": 0.9,
            "utilities_incomplete": False,
        },
        "not_met",
    ),
    (
        "A03",
        "chongqing",
        {"year_built": 2003, "must_missing": 5, "resident_will_share": 0.9},
        "not_applicable",
    ),
    ("A04", "chongqing", {"year_built": 2000}, "not_applicable"),
    ("A04", "chongqing", {"year_built": 2005}, "conditional"),
    ("A04", "chongqing", {"year_built": 2005, "upkeep_lost": True}, "conditional"),
    (
        "A04",
        "chongqing",
        {"year_built": 2005, "upkeep_lost": False, "utilities_incomplete": False},
        "not_met",
    ),
    ("A04", "chongqing", {"year_built": 2006}, "not_met"),
    ("A04", "chongqing", {}, "unknown"),
    ("A04", "linxia", {"year_built": 2003}, "not_applicable"),
    (
        "A05",
        "linxia",
        {
            "upkeep_lost": True,
            "utilities_incomplete": True,
            "must_missing": 2,
            "resident_will_share": 0.8,
        },
        "met",
    ),
    ("A05", "linxia", {"upkeep_lost": True}, "unknown"),
    ("A05", "linxia", {"upkeep_lost": False}, "conditional"),
    ("A05", "ningbo", {"upkeep_lost": False}, "not_applicable"),
    ("A06", "linxia", {"kind": "single_building"}, "met"),
    ("A06", "ningbo", {"kind": "single_building"}, "conditional"),
    ("A06", "ningbo", {"kind": "neighbourhood"}, "met"),
    ("A06", "ningbo", {}, "unknown"),
    ("A06", "ningbo", {"building_count": 1}, "unknown"),
    ("A06", "ningbo", {"building_count": 4}, "met"),
    ("A07", "ningbo", {"tenure": "resettlement"}, "conditional"),
    ("A07", "national", {"tenure": "social"}, "flag"),
    ("A07", "ningbo", {"tenure": "commercial"}, "met"),
    ("A07", "ningbo", {"tenure": "mixed"}, "unknown"),
    ("A07", "ningbo", {}, "unknown"),
    ("A08", "ningbo", {"kind": "villa"}, "excluded"),
    ("A08", "national", {"kind": "villa"}, "flag"),
    ("A08", "ningbo", {"kind": "neighbourhood"}, "met"),
    ("A08", "ningbo", {}, "unknown"),
    ("A08", "ningbo", {"building_count": 4}, "unknown"),
    ("A09", "linxia", {"expropriation_year": 2031}, "excluded"),
    ("A09", "linxia", {"expropriation_year": 2032}, "met"),
    ("A09", "linxia", {"expropriation_year": 2020}, "unknown"),
    ("A09", "linxia", {}, "unknown"),
    ("A09", "linxia", mapped("expropriation"), "met"),
    ("A09", "linxia", area("expropriation", 0.7, year=2028), "excluded"),
    ("A09", "linxia", area("expropriation", 0.7), "unknown"),
    ("A09", "linxia", area("expropriation", 0.2, year=2028), "conditional"),
    ("A09", "linxia", area("expropriation", 0.01, year=2028), "met"),
    ("A09", "linxia", area("expropriation", 0.7, year=2040), "met"),
    ("A09", "ningbo", area("expropriation", 0.7, year=2040), "excluded"),
    ("A09", "ningbo", area("expropriation", 0.7), "excluded"),
    ("A10", "linxia", {"rebuild_planned": True}, "excluded"),
    ("A10", "linxia", {"rebuild_planned": False}, "met"),
    ("A10", "linxia", {}, "unknown"),
    ("A10", "linxia", area("rebuild", 0.6), "excluded"),
    ("A10", "linxia", area("rebuild", None), "conditional"),
    ("A10", "linxia", mapped("rebuild"), "met"),
    ("A11", "linxia", {"past_shantytown_renewal": True}, "excluded"),
    ("A11", "linxia", {"past_shantytown_renewal": False}, "met"),
    ("A11", "linxia", area("shantytown_done", 0.9), "excluded"),
    ("A11", "linxia", {}, "unknown"),
    ("A12", "linxia", {"tenure": "military"}, "met"),
    ("A12", "linxia", {"tenure": "commercial"}, "not_applicable"),
    ("A12", "linxia", {}, "unknown"),
    ("A13", "linxia", {"past_central_subsidy": "节能改造,三供一业"}, "flag"),
    ("A13", "linxia", {"past_central_subsidy": "无"}, "met"),
    ("A13", "linxia", {"past_renewal_year": 2015}, "unknown"),
    ("A15", "national", area("ancient_tree", None), "flag"),
    ("A15", "national", mapped("heritage_building", "ancient_tree"), "met"),
    ("A15", "national", mapped("heritage_building"), "unknown"),
    ("A16", "national", area("heritage_quarter", 0.001), "flag"),
    ("A16", "national", {}, "unknown"),
    ("A16", "national", mapped("heritage_quarter", "heritage_building", "ancient_tree"), "met"),
    ("A17", "national", {"danger_buildings": 2}, "flag"),
    ("A17", "national", {"danger_buildings": 0}, "met"),
    ("A17", "national", {"danger_buildings": 0, "dangerous_seen": 1}, "flag"),
    ("A17", "national", {"ungraded": 0}, "met"),
    ("A17", "national", {"ungraded": 3}, "unknown"),
    ("A17", "national", {}, "unknown"),
]


@pytest.mark.parametrize(("rule", "profile", "facts", "expected"), CASES)
def test_each_rule_says_what_the_text_says(rule, profile, facts, expected):
    assert finding(rule, profile, **facts) == expected


def test_every_rule_is_tried_met_or_not_and_unknown_wherever_it_can_be():
    tried = {rule: {case[3] for case in CASES if case[0] == rule} for rule in {c[0] for c in CASES}}
    assert set(tried) == {f"A{n:02d}" for n in range(1, 18)} - {"A14"}
    for rule, findings in tried.items():
        assert len(findings) >= 2, rule
        assert "unknown" in findings, rule


VERDICTS = [
    # profile, facts, overall: a truth table by hand (no class given: unknown, and in nobody's way)
    ("national", {"year_built": 1985}, "eligible"),
    ("national", {}, "unknown"),
    ("national", {"year_built": 2010, "must_missing": 0}, "excluded"),
    ("national", {"year_built": 2010, "must_missing": 9}, "unknown"),
    (
        "national",
        {"year_built": 2010, "must_missing": 9, "resident_will_share": 0.95},
        "conditional",
    ),
    ("national", {"year_built": 1985, "rebuild_planned": True}, "excluded"),
    ("national", {"rebuild_planned": True}, "excluded"),
    ("national", {"year_built": 1985, "kind": "villa"}, "eligible"),
    ("national", {"year_built": 1985, "upkeep_lost": False}, "eligible"),
    ("chongqing", {"year_built": 1985, "upkeep_lost": False}, "conditional"),
    ("ningbo", {"year_built": 1985, "kind": "villa"}, "excluded"),
    ("ningbo", {"year_built": 1985, "kind": "single_building"}, "conditional"),
    ("ningbo", {"year_built": 1985, "tenure": "resettlement"}, "conditional"),
    ("ningbo", {"year_built": 1985, "land_ownership": "collective"}, "excluded"),
    ("ningbo", {"year_built": 2000}, "eligible"),
    ("ningbo", {"year_built": 2004, "must_missing": 9, "resident_will_share": 0.95}, "conditional"),
    ("ningbo", {"year_built": 2004, "must_missing": 9, "resident_will_share": 0.1}, "excluded"),
    ("chongqing", {"year_built": 2000}, "eligible"),
    ("chongqing", {"year_built": 2005}, "conditional"),
    ("chongqing", {"year_built": 2006}, "excluded"),
    (
        "chongqing",
        {"year_built": 2005, "upkeep_lost": False, "utilities_incomplete": False},
        "excluded",
    ),
    ("chongqing", {"year_built": 1990, "kind": "single_building"}, "eligible"),
    ("chongqing", {"year_built": 1990, "land_ownership": "collective"}, "eligible"),
    ("linxia", {"year_built": 2001}, "excluded"),
    ("linxia", {"year_built": 2001, "must_missing": 9, "resident_will_share": 0.95}, "excluded"),
    ("linxia", {"year_built": 1999, "expropriation_year": 2028}, "excluded"),
    ("linxia", {"year_built": 1999, "expropriation_year": 2040}, "eligible"),
    ("linxia", {"year_built": 1999, "past_shantytown_renewal": True}, "excluded"),
    ("linxia", {"year_built": 1999, **area("expropriation", 0.2, year=2028)}, "conditional"),
    (
        "linxia",
        {"year_built": 1999, "tenure": "military", "past_central_subsidy": "节能改造"},
        "eligible",
    ),
]


@pytest.mark.parametrize(("profile", "facts", "expected"), VERDICTS)
def test_the_findings_come_to_the_verdict_of_the_truth_table(profile, facts, expected):
    assert verdict(profile, **facts) == expected


def test_evidence_gives_the_values_in_both_languages():
    facts = Facts(year_built=1987, **area("heritage_quarter", 0.25, name="秀山"))
    found = findings_of(facts, POLICY["national"], year=YEAR)
    assert "1987" in found["A01"].zh
    assert "1987" in found["A01"].en
    assert "秀山" in found["A16"].zh
    assert "25.0%" in found["A16"].en


maybe = st.none()
overlap = st.builds(
    Overlap,
    share=st.one_of(st.none(), st.floats(0.001, 1.0)),
    names=st.just(("某范围",)),
    years=st.lists(st.one_of(st.none(), st.integers(2015, 2045)), min_size=1, max_size=2).map(
        tuple
    ),
)
KINDS = (
    "heritage_quarter", "heritage_building", "ancient_tree", "expropriation", "rebuild",
    "shantytown_plan", "shantytown_done", "state_land", "collective_land",
)  # fmt: skip


@st.composite
def known(draw):
    overlaps = draw(st.dictionaries(st.sampled_from(KINDS), overlap, max_size=3))
    also = draw(st.frozensets(st.sampled_from(KINDS)))
    options = {
        "kind": st.sampled_from(["neighbourhood", "single_building", "villa"]),
        "building_count": st.integers(0, 30),
        "year_built": st.integers(1950, 2020),
        "tenure": st.sampled_from(["commercial", "social", "military", "mixed", "resettlement"]),
        "land_ownership": st.sampled_from(["state", "collective"]),
        "must_missing": st.integers(0, 20),
        "resident_will_share": st.floats(0, 1),
        "upkeep_lost": st.booleans(),
        "utilities_incomplete": st.booleans(),
        "expropriation_year": st.integers(2015, 2045),
        "rebuild_planned": st.booleans(),
        "past_shantytown_renewal": st.booleans(),
        "past_renewal_year": st.integers(1990, 2020),
        "past_central_subsidy": st.sampled_from(["无", "节能改造"]),
        "danger_buildings": st.integers(0, 3),
    }
    given_facts = {name: draw(st.one_of(maybe, values)) for name, values in options.items()}
    return Facts(**given_facts, overlaps=overlaps, mapped=also | frozenset(overlaps))


@given(known(), st.sampled_from(sorted(POLICY)), st.data())
@settings(deadline=None, max_examples=400)
def test_taking_an_input_away_never_excludes_a_neighbourhood(facts, profile, data):
    before = overall(findings_of(facts, POLICY[profile], year=YEAR))
    names = [f.name for f in fields(Facts) if getattr(facts, f.name) is not None]
    names = [
        n for n in names if n not in {"overlaps", "mapped", "dangerous_seen", "year_from_buildings"}
    ]
    if facts.overlaps and data.draw(st.booleans()):
        gone = data.draw(st.sampled_from(sorted(facts.overlaps)))
        rest = {kind: one for kind, one in facts.overlaps.items() if kind != gone}
        fewer = replace(facts, overlaps=rest, mapped=facts.mapped - {gone})
    elif names:
        fewer = replace(facts, **{data.draw(st.sampled_from(names)): None})
    else:
        return
    after = overall(findings_of(fewer, POLICY[profile], year=YEAR))
    if before != "excluded":
        assert after != "excluded"


@given(known(), st.sampled_from(sorted(POLICY)))
@settings(deadline=None, max_examples=200)
def test_what_is_unknown_names_what_must_be_found_out(facts, profile):
    for rule, one in findings_of(facts, POLICY[profile], year=YEAR).items():
        assert one.zh, rule
        assert one.en, rule
        if one.finding == "unknown":
            assert one.missing, rule
