"""Plans kept up change by change: against scores from scratch, and against the rules."""

import numpy as np
import pytest

from spatial.districting.modes import FixedNumber, MostDistricts
from spatial.districting.plan_search import search_plan
from spatial.districting.problem import Problem
from spatial.districting.rules import Weights
from spatial.districting.score import broken_rules, plan_score
from spatial.districting.state import RULES, PlanState
from spatial.errors import InfeasibleError


def town(units: int, seed: int, *, limits: bool = True) -> Problem:
    """A grid with links, places, offices and households; some rules bite."""
    rng = np.random.default_rng(seed)
    side = int(np.ceil(np.sqrt(units)))
    place = np.arange(units)
    right = place[(place % side < side - 1) & (place + 1 < units)]
    down = place[place + side < units]
    links = np.vstack([np.column_stack([right, right + 1]), np.column_stack([down, down + side])])
    links = links[rng.random(len(links)) < 0.95]
    xy_m = np.column_stack([place % side, place // side]) * 200.0 + rng.normal(0, 20, (units, 2))
    return Problem.from_arrays(
        links,
        rng.normal(0, 1, (units, 4)),
        amounts={"households": rng.integers(100, 1500, units).astype(float)},
        maximum={"households": 4000.0, "members": 7.0} if limits else None,
        minimum={"households": 1200.0} if limits and seed % 2 else None,
        xy_m=xy_m,
        max_distance_m=650.0 if limits else None,
        office=np.where(rng.random(units) < 0.1, -1, (place % side) // 5) if limits else None,
        weights=Weights(nearness=0.7, shortfall=0.5),
    )


@pytest.mark.parametrize("seed", range(4))
def test_ten_thousand_moves_score_as_from_scratch_and_name_the_rules_they_break(seed):
    rng = np.random.default_rng(seed)
    problem = town(40, seed, limits=seed < 3)
    plan = PlanState(problem, search_plan(problem, moves=0))
    for step in range(2500):
        atom, to = (int(i) for i in rng.integers(0, 40, 2))
        target = None if rng.random() < 0.2 else to
        effect = plan.move(atom, to=target)
        if step % 25 == 0 or (not effect.broken and rng.random() < 0.5):
            before = plan_score(problem, plan.label)
            legal = broken_rules(problem, plan.label).empty
            plan.apply_move(atom, to=target)
            after = plan_score(problem, plan.label)
            assert after - before == pytest.approx(effect.change, abs=1e-9)
            assert plan.value == pytest.approx(after, abs=1e-9)
            now = broken_rules(problem, plan.label)
            assert legal
            assert now.empty == (effect.broken == ()), (now, effect)
            if effect.broken:
                assert plan.undo()
                assert plan.value == pytest.approx(before, abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_merges_and_splits_score_as_from_scratch_and_can_be_undone(seed):
    rng = np.random.default_rng(seed)
    problem = town(50, seed)
    label = search_plan(problem, moves=500, seed=seed)
    plan = PlanState(problem, label)
    start = plan.value
    for _ in range(150):
        one, other = (int(i) for i in rng.integers(0, 50, 2))
        merged = plan.merge(one, other)
        before = plan.value
        joined = plan.label
        joined[joined == joined[other]] = joined[one]
        assert before + merged.change == pytest.approx(plan_score(problem, joined), abs=1e-9)
        assert (merged.broken == ()) == broken_rules(problem, joined).empty
        members = plan.members(one)
        part = members[rng.random(len(members)) < 0.5]
        if len(part):
            effect = plan.split(part)
            cut = plan.label
            cut[part] = 99
            assert before + effect.change == pytest.approx(plan_score(problem, cut), abs=1e-9)
            assert (effect.broken == ()) == broken_rules(problem, cut).empty
        plan.apply_merge(one, other)
        assert plan.value == pytest.approx(before + merged.change, abs=1e-9)
        plan.undo()
    assert plan.value == pytest.approx(start, abs=1e-9)
    np.testing.assert_array_equal(plan.label, PlanState(problem, label).label)


def test_many_moves_at_once_are_the_moves_one_by_one():
    problem = town(40, 1)
    plan = PlanState(problem, search_plan(problem, moves=0))
    rng = np.random.default_rng(0)
    atoms, to = rng.integers(0, 40, (2, 200))
    table = plan.moves(atoms, to)
    for atom, other, change, bits in zip(atoms, to, table.change, table.broken, strict=True):
        effect = plan.move(int(atom), to=int(other))
        assert effect.change == change
        assert effect.broken == tuple(name for bit, name in RULES.items() if bits & bit)


@pytest.mark.parametrize("seed", range(12))
def test_no_plan_that_is_searched_breaks_a_rule(seed):
    problem = town(30 + 12 * seed, seed)
    rng = np.random.default_rng(seed)
    start = rng.integers(-1, 9, problem.atoms) if seed % 3 == 0 else None
    quick = search_plan(problem, moves=0)
    label = search_plan(problem, start=start, moves=4000, seed=seed)
    assert broken_rules(problem, label).empty
    assert broken_rules(problem, quick).empty
    if start is None:
        assert plan_score(problem, label) <= plan_score(problem, quick) + 1e-9
    np.testing.assert_array_equal(label, search_plan(problem, start=start, moves=4000, seed=seed))


def test_as_many_districts_as_asked_for_or_the_error_says_so():
    problem = town(80, 0)
    for k in (8, 12, 16):
        label = search_plan(problem, FixedNumber(k), moves=4000)
        assert label.max() + 1 == k
        assert broken_rules(problem, label).empty
    with pytest.raises(InfeasibleError, match="No plan of 60 districts"):
        search_plan(problem, FixedNumber(60), moves=0)


def test_most_districts_all_hold_what_they_must():
    problem = town(80, 2)
    label = search_plan(problem, MostDistricts("households", 1500.0), moves=8000)
    held = np.bincount(label[label >= 0], weights=problem.amount("households")[label >= 0])
    assert broken_rules(problem, label).empty
    assert held.min() >= 1500.0
    first = search_plan(problem, MostDistricts("households", 1500.0), moves=0)
    total = problem.amount("households").sum()
    assert first.max() + 1 < len(held) <= total / 1500.0


def test_a_search_that_is_stopped_gives_the_plan_so_far():
    problem = town(60, 4)
    label = search_plan(problem, moves=10**9, cancel=lambda: True)
    np.testing.assert_array_equal(label, search_plan(problem, moves=0))
