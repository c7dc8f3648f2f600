"""The siting solver equals brute force, keeps every rule, and says how sure it is."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from small_sitings import best_in_order, best_value, problems, town

from spatial.errors import CancelledError, InfeasibleError
from spatial.siting.answer import Effort, Status, Watch
from spatial.siting.broken_rules import broken_rules
from spatial.siting.problem import SitingProblem
from spatial.siting.rules import SitingRules
from spatial.siting.solve import solve_siting
from spatial.siting.solver.core import compile_problem, worth_of
from spatial.siting.solver.prices import Aim
from spatial.siting.solver.proof import best_plan, make_ready

SLOW = settings(
    max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


@given(problems())
@SLOW
def test_the_best_of_all_plans_is_found_and_proven(problem):
    best = best_value(problem)
    if best is None:
        with pytest.raises(InfeasibleError):
            solve_siting(problem)
        return
    plan = solve_siting(problem)
    assert plan.value == pytest.approx(best, abs=1e-5)
    assert plan.status == Status.PROVEN_OPTIMAL
    assert plan.bound == plan.value
    assert plan.parts["weighted"].sum() == pytest.approx(plan.value, abs=1e-9)
    assert broken_rules(problem, plan).empty


@given(problems())
@SLOW
def test_prices_from_a_few_options_lose_nothing(problem):
    """Pricing, narrowing and widening, which only large problems need, give the same best plan."""
    best = best_value(problem)
    ready = make_ready(compile_problem(problem))
    aim, watch = Aim(problem.rules.weights), Watch(Effort())
    if best is None:
        with pytest.raises(InfeasibleError):
            best_plan(ready, aim, watch, None, direct=-1)
        return
    year, bound = best_plan(ready, aim, watch, None, direct=-1)
    value = worth_of(ready.core, year).value(aim.weights)
    assert value == pytest.approx(best, abs=1e-5)
    assert bound == pytest.approx(best, abs=1e-5)


@given(problems(years=(1, 2), order=True))
@SLOW
def test_a_lexicographic_order_is_kept_part_by_part(problem):
    best = best_in_order(problem)
    if best is None:
        with pytest.raises(InfeasibleError):
            solve_siting(problem)
        return
    plan = solve_siting(problem)
    values = plan.parts["value"]
    signed = [values[k] * (1 if k == "people" else -1) for k in problem.rules.order]
    assert signed == pytest.approx(best, abs=1e-4)
    assert plan.status == Status.PROVEN_OPTIMAL
    assert broken_rules(problem, plan).empty


def test_a_run_that_is_stopped_gives_a_plan_that_keeps_the_rules_and_says_so():
    problem = town(budget_yuan=(2e6,), spacing_m={"clinic": 300.0})
    plan = solve_siting(problem, cancel=lambda: True)
    assert plan.status == Status.CANCELLED
    assert len(plan.chosen) > 0
    assert broken_rules(problem, plan).empty
    assert np.isnan(plan.bound) or plan.bound >= plan.value


def test_more_money_is_never_worse_and_the_gap_asked_for_is_kept():
    values, bounds = [], []
    for money in (5e5, 1e6, 2e6):
        problem = town(budget_yuan=(money,))
        plan = solve_siting(problem, effort=Effort(seconds=20.0, gap_share=0.01))
        assert plan.gap_share <= 0.01
        assert broken_rules(problem, plan).empty
        values.append(plan.value)
        bounds.append(plan.bound)
    assert values[1] >= values[0] * 0.99
    assert bounds[0] <= values[2]
    assert values[2] >= values[1] * 0.99


def test_progress_is_told_and_what_it_raises_comes_through():
    told = []
    solve_siting(town(budget_yuan=(5e5,)), progress=lambda step, share: told.append((step, share)))
    assert {step for step, _ in told} >= {"siting_build"}
    assert all(0 <= share <= 1 for _, share in told)

    def stop(step, _share):
        raise CancelledError(step)

    with pytest.raises(CancelledError):
        solve_siting(town(budget_yuan=(5e5,)), progress=stop)


def test_the_same_problem_gives_the_same_plan():
    one, other = (solve_siting(town(budget_yuan=(8e5,))) for _ in range(2))
    pd.testing.assert_frame_equal(one.chosen, other.chosen)
    assert one.bound == other.bound


def one_site(weight, **rules):
    """Two places of ten persons, one site that holds ten."""
    return SitingProblem.from_frames(
        pd.DataFrame(index=["a"]),
        pd.DataFrame(
            {"asset": "a", "kind": "clinic", "cost_yuan": 1e5, "capacity_persons": 10.0},
            index=["o"],
        ),
        pd.DataFrame({"kind": "clinic", "persons": 10.0, "weight": weight}, index=["d", "e"]),
        pd.DataFrame({"option": "o", "demand": ["d", "e"]}),
        rules=SitingRules(**rules),
    )


def test_those_who_must_be_served_are_even_where_nobody_weighs_anything():
    problem = one_site([0.0, 0.0], must_serve=("e",))
    plan = solve_siting(problem)
    assert plan.served["served_persons"].tolist() == [0.0, 10.0]
    assert broken_rules(problem, plan).empty


def test_weights_that_differ_in_the_last_digit_do_not_join_who_must_be_served_with_who_need_not():
    problem = one_site([1.0, np.nextafter(1.0, 2.0)], must_serve=("d",))
    assert solve_siting(problem).served["served_persons"].tolist() == [10.0, 0.0]


def test_an_option_that_can_be_had_in_a_distant_year_is_not_had_now():
    problem = one_site([1.0, 1.0])
    never = SitingProblem.from_frames(
        problem.assets, problem.options.assign(earliest_year=1e30), problem.demand,
        (problem.start, problem.row),
    )  # fmt: skip
    assert solve_siting(never).chosen.empty


def test_any_share_of_nobody_is_served():
    problem = one_site([1.0, 1.0], least_share={"clinic": 0.5})
    nobody = SitingProblem.from_frames(
        problem.assets, problem.options, problem.demand.assign(persons=0.0),
        (problem.start, problem.row), rules=problem.rules,
    )  # fmt: skip
    plan = solve_siting(nobody)
    assert plan.chosen.empty
    assert broken_rules(nobody, plan).empty
    assert not solve_siting(problem).chosen.empty
