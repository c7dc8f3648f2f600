"""Cash flows and joint balance, computed by hand; what joining may and may not do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.errors import InputError
from spatial.funding import Loan, cash_flow, joint_balance
from spatial.funding.balance import payback_year
from spatial.funding.income import income_lines
from spatial.funding.lines import funding_lines
from spatial.funding.loan import allowed_subsidy, loan_schedule
from spatial.standards import read_profile
from spatial.standards.parameters import ParameterSet, read_parameters

PROFILE = read_profile("national")


@pytest.fixture(scope="module")
def rules() -> ParameterSet:
    return read_parameters("funding").with_values(
        {"ramp_shares": [0.5, 1.0], "discount_share": 0.1, "horizon_years": 4}, source="test"
    )


def test_a_car_park_is_balanced_by_hand(rules: ParameterSet) -> None:
    # 1 000 000 now; 400 000 a year from year 1 (half in the first), 50 000 to run it.
    income = pd.DataFrame({"yearly_yuan": [400_000.0], "running_yuan": [50_000.0]})
    flow = cash_flow([1_000_000], income, rules)
    assert flow.frame["net_yuan"].tolist() == [-1_000_000, 150_000, 350_000, 350_000, 350_000]
    by_hand = -1_000_000 + 150_000 / 1.1 + 350_000 * (1.1**-2 + 1.1**-3 + 1.1**-4)
    assert flow.npv_yuan == pytest.approx(by_hand)
    assert flow.gap_yuan == pytest.approx(-by_hand)
    assert flow.payback_year == 4
    assert not flow.self_balanced


def test_grants_of_the_size_of_the_gap_balance_the_project(rules: ParameterSet) -> None:
    income = pd.DataFrame({"yearly_yuan": [100.0]})
    gap = cash_flow([1000], income, rules).gap_yuan
    assert cash_flow([1000], income, rules, grants_yuan=[gap]).npv_yuan == pytest.approx(0)


def test_a_loan_moves_money_in_time_and_changes_no_present_value(rules: ParameterSet) -> None:
    income = pd.DataFrame({"yearly_yuan": [400.0]})
    loan = Loan(1000, 0.05, 4, grace_years=1)
    plain, lent = cash_flow([1000], income, rules), cash_flow([1000], income, rules, loan=loan)
    assert lent.npv_yuan == plain.npv_yuan
    assert lent.frame["till_yuan"][0] == 0
    assert lent.frame["interest_yuan"].tolist() == pytest.approx([0, 50, 50, 100 / 3, 50 / 3])
    assert lent.frame["principal_yuan"].sum() == pytest.approx(1000)
    assert plain.shortest_till_yuan == -1000


def test_the_subsidy_is_held_to_five_years_and_two_per_cent(rules: ParameterSet) -> None:
    loan = Loan(1000, 0.042, 10, subsidy_share=0.025, subsidy_years=6)
    share, years, findings = allowed_subsidy(loan, rules)
    assert (share, years, [one.rule for one in findings]) == (0.02, 5, ["J10", "J10"])
    table = loan_schedule(loan, rules, years=10)
    owed = 1000 - 100 * np.arange(5)
    assert table["subsidy_yuan"].sum() == pytest.approx(0.02 * owed.sum())
    assert allowed_subsidy(Loan(1000, 0.01, 3, subsidy_share=0.02, subsidy_years=5), rules)[:2] == (
        0.01,
        3,
    )


def test_without_private_capital_there_is_no_subsidy(rules: ParameterSet) -> None:
    loan = Loan(1000, 0.04, 5, subsidy_share=0.01, subsidy_years=2, private_capital=False)
    share, _, findings = allowed_subsidy(loan, rules)
    assert share == 0
    assert findings[0].level == "limit"


def test_two_neighbourhoods_balance_together_what_one_cannot(rules: ParameterSet) -> None:
    lines = funding_lines(
        pd.DataFrame(
            {
                "item": ["pipes", "facility"],
                "cost_yuan": [500.0, 100.0],
                "neighbourhood_id": ["a", "b"],
                "district_id": ["d", "d"],
            }
        ),
        PROFILE,
    )
    income = income_lines(
        pd.DataFrame({"yearly_yuan": [300.0], "neighbourhood_id": ["b"], "district_id": ["d"]}),
        years=4,
    )
    table = joint_balance(lines, income, rules).set_index(["level", "unit"])
    worth = 150 / 1.1 + 300 * (1.1**-2 + 1.1**-3 + 1.1**-4)
    assert table.loc[("neighbourhood", "a"), "gap_yuan"] == 500
    assert table.loc[("neighbourhood", "a"), "mode"] == "public"
    assert table.loc[("neighbourhood", "b"), "npv_yuan"] == pytest.approx(worth - 100)
    assert table.loc[("district", "d"), "npv_yuan"] == pytest.approx(worth - 600)
    assert table.loc[("district", "d"), "mode"] == "self_balance"
    assert table.loc[("district", "d"), "saved_yuan"] == 500
    # what lies in no community stands with its neighbourhood alone
    assert set(table.loc["community"].index) == {"a", "b"}


def test_investment_of_the_third_year_is_discounted_twice(rules: ParameterSet) -> None:
    lines = funding_lines(pd.DataFrame({"cost_yuan": [121.0], "year": [3]}), PROFILE)
    table = joint_balance(lines, income_lines(None, years=4), rules, levels=["city"])
    assert table.loc[0, "npv_yuan"] == pytest.approx(-100)


amounts = st.lists(
    st.tuples(st.floats(0, 1e7), st.floats(0, 1e6), st.sampled_from("abcd"), st.sampled_from("xy")),
    min_size=1,
    max_size=8,
)


@settings(deadline=None, max_examples=40)
@given(amounts)
def test_together_is_never_worse_than_apart(given_: list[tuple[float, float, str, str]]) -> None:
    frame = pd.DataFrame(given_, columns=["cost_yuan", "yearly_yuan", "n", "d"])
    frame["neighbourhood_id"] = frame["d"] + frame["n"]
    frame["district_id"] = frame["d"]
    lines = funding_lines(frame, PROFILE)
    income = income_lines(frame, years=20)
    table = joint_balance(lines, income, PROFILE.rooms["funding"])
    assert (table["saved_yuan"] >= -1e-3).all()
    by_level = table.groupby("level")["npv_yuan"].sum()
    np.testing.assert_allclose(by_level, by_level.iloc[0], rtol=1e-9, atol=1e-2)
    assert (table["gap_yuan"] <= table["separate_gap_yuan"] + 1e-3).all()


def test_errors_say_what_to_give(rules: ParameterSet) -> None:
    with pytest.raises(InputError, match="longer than the grace period"):
        Loan(100, 0.04, 3, grace_years=3)
    with pytest.raises(InputError, match="horizon is 4 years"):
        cash_flow([1, 2, 3, 4, 5, 6], None, rules)
    with pytest.raises(InputError, match="`yearly_yuan` is -1"):
        cash_flow([1], pd.DataFrame({"yearly_yuan": [-1.0]}), rules)
    with pytest.raises(InputError, match=r"discount rate of 1\.5"):
        cash_flow([1], None, rules, discount_share=1.5)


def test_less_than_half_a_fen_is_no_gap() -> None:
    net = np.array([-0.8, 0.1, 0.7])
    assert net.cumsum()[-1] < 0  # a rounding of floating point
    assert payback_year(net) == 2
    rules = read_parameters("funding").with_values({"ramp_shares": [1.0]}, source="test")
    income = pd.DataFrame({"yearly_yuan": [0.1, 0.6], "end_year": [2, 2], "start_year": [1, 2]})
    flow = cash_flow([0.8], income, rules, years=2, discount_share=0.0)
    assert flow.npv_yuan < 0
    assert flow.gap_yuan == 0
    assert flow.self_balanced
