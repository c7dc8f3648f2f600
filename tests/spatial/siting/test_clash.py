"""Rules that cannot all hold are named in a smallest set."""

import pandas as pd
from hypothesis import HealthCheck, given, settings
from small_sitings import best_value, problems

from spatial.siting.clash import _only, rules_in, why_infeasible
from spatial.siting.problem import SitingProblem
from spatial.siting.rules import KindLimit, SitingRules

SLOW = settings(
    max_examples=50, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


@given(problems(years=(1, 2)))
@SLOW
def test_a_clash_is_smallest_and_there_is_one_just_where_no_plan_exists(problem):
    def holds(keys):
        return best_value(problem.with_rules(_only(set(keys), problem.rules))) is not None

    found = why_infeasible(problem)
    assert bool(found) == (best_value(problem) is None)
    for clash in found:
        keys = set(clash.relax)
        assert not holds(keys)
        assert all(holds(keys - {key}) for key in keys)
        assert clash.zh != clash.en
    assert {key for clash in found for key in clash.relax} <= {r.key for r in rules_in(problem)}


def street(**rules):
    """Three sheds in a row, 100 m apart, that could hold a clinic."""
    names = ["s0", "s1", "s2"]
    assets = pd.DataFrame({"x_m": [0.0, 100.0, 200.0], "y_m": 0.0}, index=names)
    options = pd.DataFrame(
        {"asset": names, "kind": "clinic", "cost_yuan": 1e6, "capacity_persons": 100.0},
        index=["o0", "o1", "o2"],
    )
    demand = pd.DataFrame({"kind": "clinic", "persons": [90.0, 90.0, 500.0]}, index=["a", "b", "c"])
    reach = pd.DataFrame([("o0", "a"), ("o1", "b"), ("o2", "c")], columns=["option", "demand"])
    return SitingProblem.from_frames(assets, options, demand, reach, rules=SitingRules(**rules))


def test_spacing_against_two_sites_that_must_be():
    clash = why_infeasible(
        street(must=("o0", "s1"), spacing_m={"clinic": 150.0}, must_serve=("a",))
    )
    keys = {frozenset(one.relax) for one in clash}
    assert frozenset({"must:o0", "must:s1", "spacing:clinic"}) in keys or any(
        "spacing:clinic" in one and len(one) == 3 for one in keys
    )
    assert "150 m" in clash[0].zh


def test_money_against_a_number_of_sites():
    (clash,) = why_infeasible(
        street(budget_yuan=(1.5e6,), limits=(KindLimit("clinic", at_least=2),))
    )
    assert set(clash.relax) == {"budget", "at_least:0"}
    assert "150" in clash.en


def test_people_whom_nothing_can_hold_are_named_with_the_capacity():
    (clash,) = why_infeasible(street(must_serve=("c",)))
    assert clash.relax == ("serve:c",)
    assert "at most 100 persons" in clash.en
