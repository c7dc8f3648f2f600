"""An edit by the designer is kept, and the rest is solved again."""

import pytest
from hypothesis import HealthCheck, assume, given, settings
from small_sitings import best_value, problems

from spatial.errors import InfeasibleError, InputError
from spatial.siting.again import solve_again
from spatial.siting.answer import Effort
from spatial.siting.broken_rules import broken_rules
from spatial.siting.solve import solve_siting

SLOW = settings(
    max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
MINUTE = Effort(seconds=60.0)


def solved(problem):
    try:
        return solve_siting(problem)
    except InfeasibleError:
        return None


@given(problems())
@SLOW
def test_what_is_forced_is_in_and_what_is_forbidden_is_out(problem):
    plan = solved(problem)
    assume(plan is not None and len(plan.chosen) > 0)
    out = str(plan.chosen.index[0])
    rest = problem.options.index.difference(plan.chosen.index)
    assume(len(rest) > 0)
    forced = str(rest[0])
    try:
        edited = solve_again(problem, plan, force=(forced,), forbid=(out,), effort=MINUTE)
    except InfeasibleError:
        rules = {"must": (*problem.rules.must, forced), "must_not": problem.rules.must_not}
        rules["must"] = tuple(m for m in rules["must"] if m != out)
        rules["must_not"] = tuple(
            m
            for m in (*rules["must_not"], out)
            if m not in (forced, problem.options.loc[forced, "asset"])
        )
        assert best_value(problem.with_rules(**rules)) is None
        return
    assert forced in edited.chosen.index
    assert out not in edited.chosen.index
    assert edited.value == pytest.approx(best_value(edited.problem), abs=1e-5)
    assert broken_rules(edited.problem, edited).empty


@given(problems())
@SLOW
def test_an_asset_takes_the_size_that_is_asked_for(problem):
    plan = solved(problem)
    assume(plan is not None)
    sizes = problem.options.groupby(["asset", "kind"])["size"].transform("size")
    held = [o for o in plan.chosen.index if sizes[o] > 1]
    assume(held)
    one = held[0]
    size = "1" if problem.options.loc[one, "size"] == "0" else "0"
    try:
        edited = solve_again(problem, plan, resize={one: size}, effort=MINUTE)
    except InfeasibleError:
        return
    mine = edited.chosen[edited.chosen["asset"] == problem.options.loc[one, "asset"]]
    assert size in mine.loc[mine["kind"] == problem.options.loc[one, "kind"], "size"].tolist()
    with pytest.raises(InputError, match="it can be"):
        solve_again(problem, plan, resize={one: "huge"})
