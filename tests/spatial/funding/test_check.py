"""Who pays what: golden cases by hand, and laws on random lines and amounts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.errors import InputError, StandardsError
from spatial.funding import (
    Loan,
    Means,
    check_funding,
    funding_lines,
    funding_sources,
    integrated_plan,
    matching_grant,
    matching_rules,
)
from spatial.standards import read_profile

NATIONAL, NINGBO = read_profile("national"), read_profile("ningbo")


def lines(*rows: tuple[str, float, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["item", "cost_yuan", "admin_district"])
    frame.index = pd.Index([f"l{row}" for row in range(len(frame))])
    return frame


def paid(check, source: str) -> float:
    return float(check.sources.loc[source, "used_yuan"])


def test_ningbo_pays_forty_per_cent_of_what_government_pays_in_the_centre() -> None:
    # centre 10 m of pipes; Fenghua 5 m; a lift of 1 m in the centre is not counted
    asked = lines(("pipes", 10e6, "海曙区"), ("pipes", 5e6, "奉化区"), ("lift", 1e6, "海曙区"))
    check = check_funding(asked, None, NINGBO, means=Means({"county": 30e6}))
    assert paid(check, "city_match") == 4e6
    by_line = check.payers[check.payers["source"] == "city_match"].set_index("line")["yuan"]
    assert by_line.to_dict() == {"l0": 4e6}
    # the lift: improvement, government at most 60 %
    assert paid(check, "county") == 6e6 + 5e6 + 0.6e6
    assert check.matching.loc[0, ["base_yuan", "grant_yuan", "paid_yuan"]].tolist() == [
        10e6,
        4e6,
        4e6,
    ]


def test_the_base_of_the_forty_per_cent_is_the_audited_account() -> None:
    asked = lines(("pipes", 10e6, "鄞州区"), ("pipes", 2e6, "鄞州区"))
    asked["audited_yuan"] = [9e6, np.nan]
    check = check_funding(asked, None, NINGBO, means=Means({"county": 30e6}))
    assert check.cost_yuan == 11e6
    assert paid(check, "city_match") == pytest.approx(0.4 * 11e6)
    told = check.findings[check.findings["rule"] == "J02"]
    assert told["lines"].tolist() == [("l1",)]


def test_the_match_shrinks_with_what_the_county_can_pay_and_is_counted_by_year() -> None:
    asked = lines(("pipes", 10e6, "海曙区"), ("pipes", 10e6, "海曙区"))
    asked["year"] = [1, 2]
    check = check_funding(asked, None, NINGBO, means=Means({"county": 3e6}))
    # 3 m of the county draw 2 m of the city: 40 % of 5 m
    assert paid(check, "city_match") == pytest.approx(2e6)
    assert check.gap_yuan == pytest.approx(15e6)
    assert np.allclose(check.matching["grant_yuan"], check.matching["paid_yuan"])


def test_a_line_of_unknown_place_is_not_counted_but_asked_for() -> None:
    check = check_funding(lines(("pipes", 1e6, "")), None, NINGBO, means=Means({"county": 1e6}))
    assert paid(check, "city_match") == 0
    asked = check.findings[(check.findings["rule"] == "J02") & check.findings["level"].eq("ask")]
    assert "administrative district" in asked["en"].iloc[0]


def test_other_cities_have_no_match() -> None:
    asked = lines(("pipes", 1e6, "海曙区"))
    check = check_funding(asked, None, NATIONAL, means=Means({"county": 1e6}))
    assert paid(check, "county") == 1e6
    assert len(check.matching) == 0


def test_a_tenth_of_the_land_income_may_be_used() -> None:
    asked = lines(("pipes", 50e6, ""))
    check = check_funding(
        asked, None, NATIONAL, means=Means({"land_income": 30e6}, land_income_yuan=200e6)
    )
    assert paid(check, "land_income") == 20e6
    assert check.findings.loc[0, ["rule", "level"]].tolist() == ["J05", "limit"]
    unnamed = check_funding(asked, None, NATIONAL, means=Means(land_income_yuan=200e6))
    assert paid(unnamed, "land_income") == 20e6


def test_central_money_for_other_things_is_a_warning_and_no_stop() -> None:
    asked = lines(("environment", 1e6, ""), ("pipes", 1e6, ""))
    check = check_funding(asked, None, NATIONAL, means=Means({"central": 5e6}))
    assert paid(check, "central") == pytest.approx(1.6e6)
    warned = check.findings[check.findings["rule"] == "J03"]
    assert warned[["level", "lines"]].values.tolist() == [["warning", ("l0",)]]


def test_companies_pay_cables_and_the_share_of_moves_must_be_set() -> None:
    asked = lines(("cables", 1e6, ""), ("line_moves", 1e6, ""))
    check = check_funding(asked, None, NATIONAL, means=Means({"utilities": 5e6}))
    assert paid(check, "utilities") == 1e6
    stopped = check.unpaid[check.unpaid["line"] == "l1"]
    assert stopped["rule"].tolist()[0] == "J15"
    own = NATIONAL.with_parameters("funding", {"utility_share_of_line_moves": 0.5}, source="county")
    half = check_funding(asked, None, own, means=Means({"utilities": 5e6}))
    assert paid(half, "utilities") == 1.5e6


def test_residents_pay_owner_shared_items_by_the_standard_of_the_county() -> None:
    asked = lines(("facade", 1e6, ""))
    means = Means({"residents_direct": 1e6})
    check = check_funding(asked, None, NATIONAL, means=means)
    assert paid(check, "residents_direct") == 0
    assert "J12" in check.unpaid["rule"].tolist()
    shares = {**NATIONAL.rooms["funding"]["resident_share_of_item"], "facade": 0.1}
    own = NATIONAL.with_parameters("funding", {"resident_share_of_item": shares}, source="county")
    assert paid(check_funding(asked, None, own, means=means), "residents_direct") == 1e5


def test_special_money_goes_to_its_own_kinds_beyond_the_share_of_the_category() -> None:
    asked = pd.DataFrame(
        {"kind": ["kindergarten", "supermarket"], "cost_yuan": [1e6, 1e6]}, index=["k", "s"]
    )
    means = Means({"special_education": 5e6, "county": 5e6})
    profile = read_profile("chongqing")
    check = check_funding(asked, None, profile, means=means)
    assert paid(check, "special_education") == 1e6
    assert check.unpaid["line"].unique().tolist() == ["s"]
    assert {"J01", "K01"} <= set(check.unpaid["rule"])


def test_income_carries_what_it_is_worth_and_not_more() -> None:
    asked = pd.DataFrame(
        {
            "kind": ["food_market", "elderly_daycare"],
            "cost_yuan": [1e6, 4e6],
            "neighbourhood_id": ["a", "b"],
            "district_id": ["d", "d"],
        },
        index=["m", "e"],
    )
    income = pd.DataFrame(
        {"yearly_yuan": [2e5], "neighbourhood_id": ["a"], "district_id": ["d"]}, index=["i"]
    )
    alone = check_funding(asked, income, NINGBO, level="neighbourhood")
    joint = check_funding(asked, income, NINGBO, level="district")
    worth = 2e5 * (0.5 / 1.05 + 0.8 / 1.05**2 + sum(1.05**-t for t in range(3, 21)))
    assert paid(alone, "operator") == 1e6
    assert paid(joint, "operator") == pytest.approx(worth, abs=0.02)
    assert joint.gap_yuan < alone.gap_yuan


def test_basic_lines_are_paid_first() -> None:
    asked = lines(("environment", 1e6, ""), ("pipes", 1e6, ""))
    check = check_funding(asked, None, NATIONAL, means=Means({"county": 1.2e6}))
    by_line = check.lines["paid_yuan"].to_dict()
    assert by_line == {"l0": pytest.approx(0.2e6), "l1": pytest.approx(1e6)}


def test_every_unpaid_line_says_what_stops_it() -> None:
    asked = lines(("environment", 1e6, ""), ("pipes", 1e6, ""), ("property_fee", 1e5, ""))
    check = check_funding(asked, None, NATIONAL)
    assert check.gap_yuan == check.cost_yuan
    assert set(check.unpaid["line"]) == {"l0", "l1", "l2"}
    assert check.unpaid["zh"].str.len().gt(3).all()
    assert check.unpaid["en"].str.contains("amount not known").any()


def test_the_fee_exemption_and_the_form_are_always_told() -> None:
    check = check_funding(lines(("pipes", 1e6, "")), None, NATIONAL, known={"stock": ("甲", "A")})
    assert "J09" in check.findings["rule"].tolist()
    assert check.form["state"].value_counts().to_dict() == {"missing": 8, "filled": 1}
    with pytest.raises(InputError, match="no part `taste`"):
        integrated_plan({"taste": ("", "")})


def test_owners_of_public_housing_are_reminded_until_they_pay() -> None:
    asked = lines(("pipes", 1e6, ""), ("pipes", 1e6, ""))
    asked["public_housing"] = [True, None]
    check = check_funding(asked, None, NATIONAL)
    told = check.findings[check.findings["rule"] == "J16"]
    assert told[["level", "lines"]].values.tolist() == [["warning", ("l0",)]]
    means = Means({"original_unit": 2e6})
    assert "J16" not in set(check_funding(asked, None, NATIONAL, means=means).findings["rule"])


def test_a_loan_beyond_the_subsidy_limits_is_told() -> None:
    loan = Loan(1e6, 0.04, 10, subsidy_share=0.03, subsidy_years=5)
    check = check_funding(lines(("pipes", 1.0, "")), None, NATIONAL, loan=loan)
    assert "J10" in check.findings["rule"].tolist()


def test_errors_name_the_line_and_the_source() -> None:
    with pytest.raises(InputError, match="row `l0`: `item` is `palace`"):
        check_funding(lines(("palace", 1.0, "")), None, NATIONAL)
    with pytest.raises(InputError, match="row `l0`: `cost_yuan` is nan"):
        check_funding(lines(("pipes", np.nan, "")), None, NATIONAL)
    with pytest.raises(InputError, match="source `city_match`"):
        check_funding(lines(("pipes", 1.0, "")), None, NATIONAL, means=Means({"city_match": 1.0}))
    with pytest.raises(InputError, match="no level `street`"):
        check_funding(lines(("pipes", 1.0, "")), None, NATIONAL, level="street")
    with pytest.raises(InputError, match="id `a` twice"):
        check_funding(pd.DataFrame({"id": ["a", "a"], "cost_yuan": [1, 2]}), None, NATIONAL)
    broken = NINGBO.with_parameters(
        "funding",
        {
            "matching": [
                {"id": "x", "source": "county", "zh": "", "en": "", "clause": "", "share": 0.4}
            ]
        },
        source="test",
    )
    with pytest.raises(StandardsError, match="rule `x`"):
        matching_rules(broken)


ITEMS = sorted(NINGBO.rooms["funding"]["items"])
GIVEN = [one.id for one in funding_sources(NINGBO) if one.amount == "given"]
random_lines = st.lists(
    st.tuples(
        st.sampled_from(ITEMS),
        st.integers(0, 10**9).map(lambda fen: fen / 100),
        st.sampled_from(["海曙区", "奉化区", "余姚市", ""]),
        st.integers(1, 3),
    ),
    min_size=1,
    max_size=7,
)


@settings(deadline=None, max_examples=40)
@given(random_lines, st.dictionaries(st.sampled_from(GIVEN), st.floats(0, 2e7), max_size=6))
def test_payers_and_gap_make_the_cost_and_no_cap_is_passed(rows, available) -> None:
    asked = pd.DataFrame(rows, columns=["item", "cost_yuan", "admin_district", "year"])
    means = Means(available, land_income_yuan=50e6)
    check = check_funding(asked, None, NINGBO, means=means)
    total = check.payers["yuan"].sum() + check.gap_yuan
    assert total == pytest.approx(check.cost_yuan, abs=0.011 * len(asked))
    by_line = check.payers.groupby("line")["yuan"].sum()
    assert (by_line <= check.lines["cost_yuan"].reindex(by_line.index) + 1e-6).all()
    capped = check.sources["cap_yuan"].notna()
    over = check.sources["used_yuan"][capped] - check.sources["cap_yuan"][capped]
    assert (over <= 1e-4).all()
    # the city's part is 40 % of the government's, counted again from the payments alone
    government = {one.id for one in funding_sources(NINGBO) if one.group == "government"}
    mine = check.payers[check.payers["source"].isin(government)]
    by_line = mine.groupby("line")["yuan"].sum().reindex(check.lines.index).fillna(0.0)
    grant = matching_grant(check.lines, by_line, matching_rules(NINGBO)[0])["grant_yuan"]
    assert paid(check, "city_match") <= grant.sum() + 0.02 * len(asked)


@settings(deadline=None, max_examples=25)
@given(random_lines, st.floats(0, 1e7), st.floats(1, 1e7))
def test_more_money_never_leaves_a_larger_gap(rows, county, more) -> None:
    asked = pd.DataFrame(rows, columns=["item", "cost_yuan", "admin_district", "year"])
    gaps = [
        check_funding(asked, None, NINGBO, means=Means({"county": amount})).gap_yuan
        for amount in (county, county + more)
    ]
    assert gaps[1] <= gaps[0] + 0.02 * len(asked)


def test_nothing_to_pay_for_is_paid_for() -> None:
    check = check_funding(lines(), None, NINGBO, means=Means({"county": 1e6}))
    assert (check.cost_yuan, check.gap_yuan, len(check.payers), len(check.unpaid)) == (0, 0, 0, 0)


def test_lines_and_means_are_left_as_they_were() -> None:
    asked = lines(("pipes", 1e6, "海曙区"))
    before = asked.copy()
    funding_lines(asked, NINGBO)
    check_funding(asked, None, NINGBO)
    pd.testing.assert_frame_equal(asked, before)


def test_a_lift_may_be_paid_from_the_maintenance_fund() -> None:
    check = check_funding(
        lines(("lift", 1e6, "")), None, NATIONAL, means=Means({"maintenance_fund": 4e5})
    )
    assert (paid(check, "maintenance_fund"), check.gap_yuan) == (4e5, 6e5)


def test_works_money_of_departments_is_dedicated_and_not_counted_in_the_share() -> None:
    means = Means({"special_departments": 5e5, "county": 1e6})
    check = check_funding(lines(("age_friendly", 1e6, "")), None, NATIONAL, means=means)
    assert (paid(check, "special_departments"), paid(check, "county")) == (5e5, 5e5)


@pytest.mark.parametrize("amount", [float("inf"), float("nan"), -1.0])
def test_amounts_that_are_no_money_are_refused(amount: float) -> None:
    asked = lines(("pipes", 1e6, ""))
    with pytest.raises(InputError, match="available_yuan"):
        check_funding(asked, None, NATIONAL, means=Means({"county": amount}))
    with pytest.raises(InputError, match="land_income_yuan"):
        check_funding(asked, None, NATIONAL, means=Means(land_income_yuan=amount))
    with pytest.raises(InputError, match="cost_yuan"):
        check_funding(asked.assign(cost_yuan=amount), None, NATIONAL)
    with pytest.raises(InputError, match="loan"):
        Loan(amount, 0.04, 5)


@pytest.mark.parametrize("amount", [float("inf"), -1.0])
def test_income_that_is_no_money_is_refused(amount: float) -> None:
    with pytest.raises(InputError, match="yearly_yuan"):
        check_funding(lines(("pipes", 1e6, "")), pd.DataFrame({"yearly_yuan": [amount]}), NATIONAL)


@pytest.mark.parametrize("year", [0, -1, 1.5, 1e300, float("inf")])
def test_a_year_that_no_plan_has_is_refused(year: float) -> None:
    with pytest.raises(InputError, match="`year`"):
        funding_lines(lines(("pipes", 1e6, "")).assign(year=year), NATIONAL)
