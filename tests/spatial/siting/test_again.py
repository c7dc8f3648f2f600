"""An edit by the designer is kept, and the rest is solved again."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from small_sitings import best_value, problems, town

from spatial.errors import InfeasibleError, InputError
from spatial.siting.again import solve_again
from spatial.siting.answer import ENDED_BY_CLOCK, Effort, Status, Watch
from spatial.siting.broken_rules import broken_rules
from spatial.siting.problem import SitingProblem
from spatial.siting.rules import KindLimit, SitingRules, SitingWeights
from spatial.siting.solve import solve_siting, years_onto
from spatial.siting.solver.core import NEVER, compile_problem, worth_of
from spatial.siting.solver.keep import keeps_rules
from spatial.siting.solver.prices import Aim
from spatial.siting.solver.proof import best_plan, make_ready

SLOW = settings(
    max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
MINUTE = Effort(seconds=60.0)
NO_TIME = Effort(seconds=1e-9)


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


@given(problems())
@SLOW
def test_without_time_the_plan_at_hand_comes_back_as_good_as_it_was(problem):
    plan = solved(problem)
    assume(plan is not None)
    again = solve_siting(problem, start=plan, effort=NO_TIME)
    assert again.value >= plan.value - 1e-9
    assert broken_rules(problem, again).empty
    assert again.status == Status.NO_BOUND
    assert np.isnan(again.bound)


@given(problems(years=(1, 2), order=True))
@SLOW
def test_without_time_the_first_of_an_order_is_no_worse_than_it_was(problem):
    plan = solved(problem)
    assume(plan is not None)
    again = solve_siting(problem, start=plan, effort=NO_TIME)
    assert again.value >= plan.value - 1e-9
    assert broken_rules(problem, again).empty


@given(problems())
@SLOW
def test_an_edit_without_time_is_kept_in_a_legal_plan_or_told_to_be_missing(problem):
    plan = solved(problem)
    assume(plan is not None and len(plan.chosen) > 0)
    out = str(plan.chosen.index[0])
    rest = problem.options.index.difference(plan.chosen.index)
    assume(len(rest) > 0)
    for forced in (str(rest[0]), str(problem.options.loc[rest[-1], "asset"])):
        try:
            edited = solve_again(problem, plan, force=(forced,), forbid=(out,), effort=NO_TIME)
        except InfeasibleError as fault:
            assert "before the end" in str(fault)  # noqa: PT017 - either answer is one
            continue
        assert forced in {*edited.chosen.index, *edited.chosen["asset"]}
        assert out not in edited.chosen.index
        assert broken_rules(edited.problem, edited).empty


@given(problems())
@SLOW
def test_time_that_ends_in_the_large_search_leaves_the_plan_at_hand(problem):
    plan = solved(problem)
    assume(plan is not None)
    ready = make_ready(compile_problem(problem))
    aim, years = Aim(problem.rules.weights), ready.core.standing(plan.years)
    for cancel_after in range(4):
        asked = iter([False] * cancel_after)
        watch = Watch(MINUTE, cancel=lambda asked=asked: next(asked, True))
        year, bound = best_plan(ready, aim, watch, years, direct=-1)
        assert keeps_rules(ready, year, aim)
        assert worth_of(ready.core, year).value(aim.weights) >= plan.value - 1e-6
        assert np.isnan(bound) or bound >= plan.value - 1e-6


def test_a_plan_is_mended_for_every_rule_that_an_edit_brings():
    problem = town(budget_yuan=(8e6,), spacing_m={"clinic": 300.0})
    plan = solve_siting(problem, effort=Effort(seconds=3.0, gap_share=0.01))
    held = plan.chosen.index[plan.chosen["kind"] == "park"]
    fewer = problem.with_rules(budget_yuan=(5e6,))
    less = solve_siting(fewer, start=plan, effort=NO_TIME)
    assert broken_rules(fewer, less).empty
    assert len(less.chosen)
    asset = str(problem.assets.index.difference(plan.chosen["asset"])[0])
    more = problem.with_rules(
        must=(asset, str(held[0])),
        must_not=(str(held[1]),),
        limits=(KindLimit("park", at_least=len(held) + 1),),
    )
    kept = solve_siting(more, start=plan, effort=NO_TIME)
    assert broken_rules(more, kept).empty
    assert len(plan.chosen.index.intersection(kept.chosen.index)) >= len(plan.chosen) - 6
    unserved = plan.served.index[
        (plan.served["served_persons"] < 1) & (plan.served["kind"] == "clinic")
    ]
    reached = problem.demand.index[np.unique(problem.row)]
    wanted = str(unserved.intersection(reached)[0])
    served = problem.with_rules(must_serve=(wanted,))
    told = solve_siting(served, start=plan, effort=NO_TIME)
    assert broken_rules(served, told).empty


def test_a_size_that_another_beats_hands_its_year_on():
    problem = town(budget_yuan=(8e6,))
    plan = solve_siting(problem, effort=Effort(seconds=3.0, gap_share=0.01))
    held = str(plan.chosen.index[0])
    options = problem.options.copy()
    beaten = f"{held}:dear"
    options.loc[beaten] = options.loc[held]
    options.loc[beaten, ["size", "cost_yuan"]] = "dear", options.loc[held, "cost_yuan"] * 1.01
    at = problem.options.index.get_loc(held)
    rows = problem.row[problem.start[at] : problem.start[at + 1]]
    wider = type(problem).from_frames(
        problem.assets,
        options,
        problem.demand,
        (np.append(problem.start, problem.start[-1] + len(rows)), np.append(problem.row, rows)),
        rules=problem.rules,
    )
    dear = solve_again(wider, plan, resize={held: "dear"}, budget_yuan=(9e6,), effort=NO_TIME)
    assert beaten in dear.chosen.index
    back = solve_siting(wider.with_rules(budget_yuan=(9e6,)), start=dear, effort=NO_TIME)
    assert held in back.chosen.index
    assert back.years[wider.options.index.get_loc(beaten)] == NEVER
    assert back.value >= dear.value


def test_what_a_plan_opens_after_the_years_that_are_left_is_not_in_it():
    problem = SitingProblem.from_frames(
        pd.DataFrame(index=["a", "b"]),
        pd.DataFrame({"asset": ["a", "b"], "kind": "clinic", "cost_yuan": 1e5}, index=["o", "q"]),
        pd.DataFrame({"kind": "clinic", "persons": [20.0, 10.0]}, index=["d", "e"]),
        pd.DataFrame({"option": ["o", "q"], "demand": ["d", "e"]}),
        rules=SitingRules(
            budget_yuan=(1e5, 1e5), weights=SitingWeights(waiting_per_person_year=0.1)
        ),
    )
    plan = solve_siting(problem)
    assert sorted(plan.chosen["year"]) == [0, 1]
    shorter = problem.with_rules(budget_yuan=(1e5,))
    assert (years_onto(plan, shorter) < 1).all()
    for seconds in (1e-9, 60.0):
        again = solve_again(problem, plan, budget_yuan=(1e5,), effort=Effort(seconds=seconds))
        assert again.chosen["year"].tolist() == [0]
        assert broken_rules(again.problem, again).empty


def test_an_edit_that_ends_by_itself_is_the_same_again_and_one_the_clock_ended_says_so():
    problem = town(assets=12, places=50, budget_yuan=(3e6,))
    plan = solve_siting(problem, effort=MINUTE)
    edit = {"forbid": (str(plan.chosen.index[0]),)}
    one, other = (solve_again(problem, plan, **edit, effort=MINUTE) for _ in range(2))
    assert one.status == Status.PROVEN_OPTIMAL
    assert one.notes == ()
    pd.testing.assert_frame_equal(one.chosen, other.chosen)
    ended = solve_again(problem, plan, **edit, effort=NO_TIME)
    assert ended.status in (Status.NO_BOUND, Status.WITHIN_BOUND)
    assert ended.notes == (ENDED_BY_CLOCK,)
