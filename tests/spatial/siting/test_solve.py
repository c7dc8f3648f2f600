"""The siting solver equals brute force, keeps every rule, and says how sure it is."""

import pytest
from hypothesis import HealthCheck, given, settings
from small_sitings import best_in_order, best_value, problems

from spatial.errors import InfeasibleError
from spatial.siting.answer import Effort, Status, Watch
from spatial.siting.broken_rules import broken_rules
from spatial.siting.solve import solve_siting
from spatial.siting.solve_core import compile_problem, worth_of
from spatial.siting.solve_prices import Aim
from spatial.siting.solve_proof import best_plan, make_ready

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
