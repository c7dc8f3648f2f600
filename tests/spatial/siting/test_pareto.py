"""The curve of money against people: exact, monotone, each point with its bound."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from small_sitings import best_value, problems, town

from spatial.errors import InfeasibleError, InputError
from spatial.siting.answer import Status
from spatial.siting.broken_rules import broken_rules
from spatial.siting.pareto import _curve, pareto
from spatial.siting.rules import SitingWeights
from spatial.siting.solve import solve_siting

SLOW = settings(
    max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
BUDGETS = (2e5, 5e5, 9e5)


@given(problems(years=(1, 2)))
@SLOW
def test_every_point_is_the_most_people_that_its_money_buys(problem):
    problem = problem.with_rules(weights=SitingWeights())
    try:
        curve = pareto(problem, budgets_yuan=BUDGETS)
    except InfeasibleError:
        best = [best_value(plan_problem(problem, money)) for money in BUDGETS]
        assert best == [None] * 3
        return
    frame = curve.frame
    assert (np.diff(frame["people"]) >= 0).all()
    assert (np.diff(frame["bound"]) >= 0).all()
    for (_, point), plan in zip(frame.iterrows(), curve.plans, strict=True):
        best = best_value(plan_problem(problem, point["budget_yuan"]))
        assert point["people"] == pytest.approx(best, abs=1e-5)
        assert point["status"] == "proven_optimal"
        assert broken_rules(plan.problem, plan).empty


def plan_problem(problem, money):
    years = problem.rules.budget_yuan
    total = sum(years)
    shares = [b / total if total else 1 / len(years) for b in years]
    return problem.with_rules(
        replace(problem.rules, budget_yuan=tuple(money * share for share in shares))
    )


@given(problems(years=(1,)))
@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
def test_budgets_that_cannot_be_are_refused(problem):
    with pytest.raises(InputError, match="finite"):
        pareto(problem, budgets_yuan=[np.inf])
    with pytest.raises(InputError, match="at least one"):
        pareto(problem, points=0)


def test_a_point_without_a_bound_takes_that_of_more_money_and_says_so():
    problem = town(assets=6, places=30, budget_yuan=(1e6,))
    small, large = (solve_siting(problem.with_rules(budget_yuan=(b,))) for b in (5e5, 1e6))
    unsure = replace(small, bound=np.nan, status=Status.NO_BOUND)
    first, last = _curve([unsure, large], [5e5, 1e6]).plans
    assert first.bound == last.bound
    assert first.status == (
        Status.PROVEN_OPTIMAL if first.bound <= first.value else Status.WITHIN_BOUND
    )


def test_where_there_is_no_money_the_curve_has_one_point():
    problem = town(assets=6, places=30, budget_yuan=(0.0,))
    assert len(pareto(problem, points=12).plans) == 1
