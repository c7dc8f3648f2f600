"""The siting solver equals brute force, keeps every rule, and says how sure it is."""

import pytest
from hypothesis import HealthCheck, given, settings
from small_sitings import best_in_order, best_value, problems

from spatial.errors import InfeasibleError
from spatial.siting.answer import Status
from spatial.siting.broken_rules import broken_rules
from spatial.siting.solve import solve_siting

SLOW = settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
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
