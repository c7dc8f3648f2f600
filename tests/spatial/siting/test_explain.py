"""An explanation says what can be checked by solving without, instead, and again."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from small_sitings import every_plan, problems, town, worth

from spatial.errors import CancelledError, InfeasibleError
from spatial.siting.answer import Effort, Watch
from spatial.siting.explain import explain_siting
from spatial.siting.explain.beside import beside
from spatial.siting.explain.bounded import still_near
from spatial.siting.problem import SitingProblem
from spatial.siting.rules import SitingRules, SitingWeights
from spatial.siting.solve import solve_siting
from spatial.siting.solver.core import NEVER, compile_problem, worth_of
from spatial.siting.solver.proof import make_ready

SLOW = settings(
    max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


@given(problems(years=(1, 2)))
@SLOW
def test_losses_are_those_of_the_plan_without_and_of_the_best_swap(problem):
    try:
        plan = solve_siting(problem)
    except InfeasibleError:
        assume(condition=False)
    found = explain_siting(plan, sensitivity=False)
    options = problem.options.index
    assert sorted([*found.chosen.index, *found.rejected.index]) == sorted(options)
    assert not (found.rejected["reason"] == "open_question").any()
    plans = [(chosen, worth(parts, problem.rules.weights)) for chosen, parts in every_plan(problem)]
    mine = dict(plan.chosen["year"])
    for one, row in found.chosen.iterrows():
        rest = {o: t for o, t in mine.items() if o != one}
        without = [value for chosen, value in plans if chosen == rest]
        if without and not problem.rules.must_serve and not problem.rules.least_share:
            assert plan.value - without[0] == pytest.approx(row["lost_value"], abs=1e-6)
        swaps = [
            value
            for chosen, value in plans
            if len(chosen) == len(mine) and rest.items() <= chosen.items() and one not in chosen
        ]
        if swaps and row["next_best"] is not None and not problem.rules.least_share:
            assert plan.value - max(swaps) <= row["next_loss"] + 1e-6


def street():
    """Four sheds: the second is near the first, the third dear, the fourth reaches nobody."""
    names = ["s0", "s1", "s2", "s3"]
    assets = pd.DataFrame({"x_m": [0.0, 50.0, 500.0, 900.0], "y_m": 0.0}, index=names)
    options = pd.DataFrame(
        {
            "asset": [*names, "s0"],
            "kind": "clinic",
            "size": [*["standard"] * 4, "dear"],
            "cost_yuan": [4e5, 3e5, 9e5, 1e5, 5e5],
        },
        index=["o0", "o1", "o2", "o3", "o4"],
    )
    demand = pd.DataFrame({"kind": "clinic", "persons": [300.0, 100.0, 200.0]}, index=list("abc"))
    pairs = [("o0", "a"), ("o0", "b"), ("o1", "a"), ("o2", "c"), ("o4", "a"), ("o4", "b")]
    reach = pd.DataFrame(pairs, columns=["option", "demand"])
    impossible = pd.DataFrame(
        [("s3", "park", "standard", "too_small", "面积不够", "too small")],
        columns=["asset", "kind", "size", "reason", "zh", "en"],
    )
    rules = SitingRules(budget_yuan=(8e5,), weights=SitingWeights(money_per_yuan=1e-6))
    return SitingProblem.from_frames(
        assets, options, demand, reach, rules=rules, impossible=impossible
    )


def test_every_rejected_option_has_its_reason_and_numbers():
    plan = solve_siting(street())
    assert plan.chosen.index.tolist() == ["o0"]
    found = explain_siting(plan)
    reason = found.rejected["reason"]
    assert reason["o1"] == "no_gain"
    assert reason["o2"] == "over_budget"
    assert reason["o3"] == "no_demand"
    assert reason["o4"] == "dominated"
    assert found.rejected.loc["o4", "by"] == "o0"
    assert reason["s3:park:standard"] == "too_small"
    assert found.rejected.loc["o2", "gain_people"] == 200
    assert "400,000 are left" in found.rejected.loc["o2", "en"]
    assert found.chosen.loc["o0", "lost_people"] == 400
    assert found.chosen.loc["o0", "next_best"] == "o1"
    assert found.chosen.loc["o0", "next_loss"] == pytest.approx(100 - 0.1)


def test_more_money_is_shown_to_bring_what_it_brings():
    problem = street().with_rules(budget_yuan=(11e5,))
    found = explain_siting(solve_siting(problem)).sensitivity
    money = found[found["change"] == "budget"].set_index("factor")
    assert (np.diff(money["people"]) >= 0).all()
    assert money.loc[1.25, "people"] == 600
    assert money.loc[1.25, "new"] == ("o2",)


@given(problems(), st.integers(0, 2**32 - 1))
@SLOW
def test_plans_beside_a_known_one_are_worth_what_they_are_worth_from_scratch(problem, seed):
    core = compile_problem(problem)
    rng = np.random.default_rng(seed)

    def some_years():
        return np.where(rng.random(len(core.option)) < 0.5, core.earliest, NEVER)

    known = some_years()
    near = beside(core, known, worth_of(core, known))
    for _ in range(4):
        year = some_years()
        found, wanted = near.worth_of(year), worth_of(core, year)
        assert (found.served == wanted.served).all()
        assert found.parts == wanted.parts


def test_progress_is_told_all_along_and_a_wish_to_stop_is_heard_everywhere():
    plan = solve_siting(town(budget_yuan=(8e6,)), effort=Effort(seconds=2.0, gap_share=0.02))
    told = []
    few = Effort(seconds=0.2)
    explain_siting(plan, effort=few, progress=lambda _step, share: told.append(share))
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)
    assert sum(share < 0.3 for share in told) >= len(plan.chosen)
    assert sum(0.3 <= share < 0.4 for share in told) >= 5
    solving_again = sum(share < 0.4 for share in told)
    for stop_at in (0, 3, len(plan.chosen) + 3, solving_again + 2):
        asked = []

        def stop(stop_at=stop_at, asked=asked):
            asked.append(None)
            return len(asked) > stop_at

        with pytest.raises(CancelledError):
            explain_siting(plan, effort=few, cancel=stop)
        assert len(asked) == stop_at + 1


@given(problems(years=(1, 2)), st.sampled_from(["money_per_yuan", "risk", "running_per_yuan"]))
@SLOW
def test_no_plan_is_worth_more_under_other_weights_than_the_bound_told_without_solving(
    problem, name
):
    try:
        plan = solve_siting(problem)
    except InfeasibleError:
        assume(condition=False)
    before = problem.rules.weights
    for factor in (0.5, 2.0):
        weights = replace(before, **{name: getattr(before, name) * factor})
        other = problem.with_rules(weights=weights)
        watch = Watch(Effort(gap_share=0.99))
        found = still_near(make_ready(compile_problem(other)), plan, watch)
        best = max(worth(parts, weights) for _, parts in every_plan(other))
        if found is None:  # so far off that nothing is said
            continue
        assert found.chosen["year"].to_dict() == plan.chosen["year"].to_dict()
        assert found.bound >= best - 1e-6 * max(1.0, abs(best))
        assert found.value <= best + 1e-6 * max(1.0, abs(best))


def test_what_a_change_cannot_touch_stays_without_being_solved():
    problem = street().with_rules(
        weights=SitingWeights(money_per_yuan=1e-6, risk=5.0, waiting_per_person_year=0.01)
    )
    plan = solve_siting(problem)
    found = explain_siting(plan).sensitivity.set_index(["change", "factor"])
    untouched = [("waiting", 0.5), ("waiting", 2.0), ("risk", 2.0)]
    assert (found.loc[untouched, "kept"] == len(plan.chosen)).all()
    assert (found.loc[untouched, "status"] == "proven_optimal").all()
    assert (found.loc[untouched, "value"] == plan.value).all()
    assert found.loc[("budget", 0.8), "people"] < plan.parts.loc["people", "value"] + 1e-9


def test_an_explanation_is_the_same_again_and_agrees_with_solving_anew():
    problem = town(assets=12, places=50, budget_yuan=(3e6,))
    plan = solve_siting(problem, effort=Effort(seconds=60.0))
    one, other = (explain_siting(plan, effort=Effort(seconds=60.0)) for _ in range(2))
    pd.testing.assert_frame_equal(one.sensitivity, other.sensitivity)
    for row in one.sensitivity.itertuples():
        if row.change != "budget":
            continue
        money = tuple(row.factor * part for part in problem.rules.budget_yuan)
        best = solve_siting(
            problem.with_rules(budget_yuan=money), effort=Effort(seconds=60.0, gap_share=1e-4)
        )
        assert best.value * (1 - 1.2e-3) <= row.value <= best.bound * (1 + 1e-9)
