"""After an edit: the best around it, why a place is where it is, and several plans at once."""

import functools
import itertools
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from spatial.districting import touch
from spatial.districting.enumerate import enumerate_districts
from spatial.districting.modes import FixedNumber
from spatial.districting.problem import Problem
from spatial.districting.proposal import labels_of
from spatial.districting.propose import propose
from spatial.districting.rules import Weights
from spatial.districting.score import (
    broken_rules,
    district_score,
    districts_of,
    plan_parts,
    plan_score,
)
from spatial.districting.several import propose_several
from spatial.districting.touch import improve_touched
from spatial.districting.why import why_here
from spatial.errors import IndexMismatchError, InfeasibleError, InputError


def town(blocks=6, side=4, seed=0, **more):
    """Blocks of side × side places 200 m apart, cut from one another."""
    rng = np.random.default_rng(seed)
    place = np.arange(blocks * side * side).reshape(blocks, side, side)
    pairs = np.vstack(
        [
            np.column_stack([place[:, :-1].ravel(), place[:, 1:].ravel()]),
            np.column_stack([place[:, :, :-1].ravel(), place[:, :, 1:].ravel()]),
        ]
    )
    b, i, j = np.unravel_index(np.arange(place.size), place.shape)
    xy_m = np.column_stack([200.0 * i, 200.0 * j + 2000.0 * b])
    given = {
        "amounts": {"households": rng.integers(200, 900, place.size).astype(float)},
        "maximum": {"households": 3000.0, "members": 8.0},
        "max_distance_m": 650.0,
        "weights": Weights(needs=0.5, nearness=0.5, district=1.0),
    }
    return Problem.from_arrays(pairs, rng.normal(size=(place.size, 4)), xy_m=xy_m, **given | more)


def test_an_untouched_optimum_stays_as_it_is():
    problem = town()
    plan = propose(problem).assignment
    found = improve_touched(problem, plan, [20])
    assert found.changed.empty
    assert found.status == "proven_optimal"
    assert found.scope == "part"
    pd.testing.assert_series_equal(found.assignment, plan, check_names=False)


@pytest.mark.parametrize("seed", range(15))
def test_a_drag_is_kept_and_the_rest_of_its_part_is_the_best_around_it(seed):
    problem = town()
    plan = propose(problem).assignment
    label = labels_of(problem, plan)
    rng = np.random.default_rng(seed)
    flat = problem.flat
    while True:
        atom = int(rng.integers(problem.atoms))
        near = flat.neighbour[flat.start[atom] : flat.start[atom + 1]]
        mate = int(rng.choice(near))
        if label[mate] >= 0 and label[mate] != label[atom]:
            break
    moved = plan.copy()
    moved.iloc[atom] = plan.iloc[mate]
    found = improve_touched(problem, moved, [atom], locked=[atom, mate])
    after = found.assignment
    assert after.iloc[atom] == after.iloc[mate]
    assert broken_rules(problem, labels_of(problem, after)).empty
    assert found.status == "proven_optimal"
    same = problem.component == problem.component[atom]
    others = np.isin(np.arange(problem.atoms), problem.atom[~same])
    assert (after[others].fillna("") == plan[others].fillna("")).all()
    assert plan_score(problem, labels_of(problem, after)) >= propose(problem).value - 1e-9


def cheapest_that_keeps(problem, atoms, apart, together):
    """Value of the best plan of a few atoms, by trying every set of them, smallest atom first."""
    place = {int(atom): i for i, atom in enumerate(atoms)}
    pool = enumerate_districts(problem, atoms, cap=10**6)
    starting = [[] for _ in atoms]
    for j in range(len(pool)):
        members = {int(atom) for atom in pool.district(j)}
        if len(members & set(together)) in (0, len(together)) and len(members & set(apart)) < 2:
            code = sum(1 << place[atom] for atom in members)
            starting[min(place[atom] for atom in members)].append((code, float(pool.score[j])))

    @functools.cache
    def cost(left):
        if not left:
            return 0.0
        first = (left & -left).bit_length() - 1
        fitting = [some for some in starting[first] if some[0] & left == some[0]]
        return min((score + cost(left & ~code) for code, score in fitting), default=np.inf)

    return cost((1 << len(atoms)) - 1)


@pytest.mark.parametrize("seed", range(12))
def test_the_best_around_a_drag_is_the_best_of_all_that_keep_it(seed):
    problem = town(blocks=3, side=4, seed=seed % 3)
    plan = propose(problem).assignment
    label, flat = labels_of(problem, plan), problem.flat
    rng = np.random.default_rng(seed)
    mates = []
    while len(mates) == 0:
        atom = int(rng.integers(problem.atoms))
        near = flat.neighbour[flat.start[atom] : flat.start[atom + 1]]
        mates = near[(label[near] >= 0) & (label[near] != label[atom])]
    mate = int(mates[0])
    # a neighbour on the other side is meant to stay in the district that the atom left
    stays = [int(other) for other in near if label[other] == label[atom] >= 0][:1]
    moved = plan.copy()
    moved.iloc[atom] = plan.iloc[mate]
    found = improve_touched(problem, moved, [atom], locked=[atom, mate, *stays])
    atoms = np.flatnonzero(problem.component == problem.component[atom])
    best = cheapest_that_keeps(problem, atoms, [atom, *stays], [atom, mate])
    assert found.status == "proven_optimal"
    assert found.value == pytest.approx(best, abs=1e-9)
    assert found.bound == pytest.approx(best, abs=1e-9)
    after = labels_of(problem, found.assignment)
    assert plan_score(problem, after) == pytest.approx(
        plan_score(problem, label) + best - plan_score_of(problem, label, atoms)
    )


def plan_score_of(problem, label, atoms):
    """Value of the districts of some atoms."""
    districts = [d for d in districts_of(label) if np.isin(d, atoms).all()]
    return sum(district_score(problem, members) for members in districts)


def test_a_district_that_comes_anew_gets_an_id_that_nobody_has():
    problem = town(blocks=40, side=4, seed=1)
    plan = propose(problem).assignment
    block = problem.ids[problem.component[problem.atom] == problem.component[3]]
    dissolved = plan.copy()
    dissolved[block] = pd.NA
    found = improve_touched(problem, dissolved, [block[0]])
    new = set(found.assignment[block].dropna())
    assert new
    assert not new & set(dissolved.dropna())
    assert all(len(found.assignment[found.assignment == name]) > 1 for name in new)
    pd.testing.assert_series_equal(
        found.assignment.drop(block), plan.drop(block).astype("string"), check_names=False
    )


def test_an_edit_that_takes_too_long_to_prove_says_so(monkeypatch):
    monkeypatch.setattr(touch, "AT_ONCE", replace(touch.AT_ONCE, rounds=1, branches=1))
    problem = town()
    plan = propose(problem).assignment
    found = improve_touched(problem, plan, [20])
    exact = propose(problem)
    assert found.status == "within_bound"
    assert found.bound < found.value
    same = np.flatnonzero(problem.component == problem.component[20])
    best = plan_score_of(problem, exact.label, same)
    assert found.bound <= best + 1e-9 <= found.value + 2e-9
    assert broken_rules(problem, labels_of(problem, found.assignment)).empty


def test_what_is_locked_and_cannot_be_is_refused_with_the_rule():
    problem = town()
    plan = pd.Series("D1", index=problem.ids, dtype="string")
    with pytest.raises(InfeasibleError, match="What is locked breaks"):
        improve_touched(problem, plan, [0], locked=range(16))
    with pytest.raises(IndexMismatchError, match="take no part"):
        improve_touched(problem, plan, [1000])


def test_a_large_part_is_done_anew_in_a_window_around_the_edit():
    problem = town(blocks=1, side=14)
    plan = propose(problem).assignment
    label = labels_of(problem, plan)
    corner = pd.Series(plan, copy=True)
    corner.iloc[0] = plan.iloc[14 * 6 + 6] if label[90] >= 0 else pd.NA
    found = improve_touched(problem, corner, [0])
    assert found.scope == "window"
    assert broken_rules(problem, labels_of(problem, found.assignment)).empty


def test_an_edit_in_a_city_of_thousands_is_answered_at_once():
    problem = town(blocks=120, side=5, seed=3)
    plan = propose(problem).assignment
    rng = np.random.default_rng(0)
    spent_s = []
    for atom in rng.integers(0, problem.atoms, 20):
        moved = plan.copy()
        moved.iloc[atom] = pd.NA
        start = time.process_time()
        found = improve_touched(problem, moved, [atom], locked=[atom])
        spent_s.append(time.process_time() - start)
        assert broken_rules(problem, labels_of(problem, found.assignment)).empty
    assert np.quantile(spent_s, 0.95) < 0.1


def test_moves_cost_what_the_plan_would_lose():
    problem = town()
    plan = propose(problem)
    for name in problem.ids[:16]:
        why = why_here(problem, plan.assignment, name)
        legal = why.moves[why.moves["legal"]]
        assert (legal["cost"] >= -1e-9).all()  # the plan is the best there is
        for target, row in legal.iterrows():
            moved = plan.assignment.copy()
            if target == "alone":
                moved[name] = pd.NA
            elif str(target).isdigit():
                moved[name] = moved[int(target)] = "new"
            else:
                moved[name] = target
            value = plan_score(problem, labels_of(problem, moved))
            assert value - plan.value == pytest.approx(row["cost"], abs=1e-8)
    mates = plan.assignment.index[plan.assignment == plan.assignment.dropna().iloc[0]]
    why = why_here(problem, plan.assignment, mates[0])
    assert set(why.shared.index) == {str(mate) for mate in mates[1:]}
    assert (why.shared["distance_m"] <= 650).all()
    with pytest.raises(IndexMismatchError, match="no part"):
        why_here(problem, plan.assignment, "nobody")


def test_several_plans_are_distinct_and_none_is_beaten():
    problem = town()
    plans = propose_several(problem, over=("needs", "nearness"), count=4)
    assert len(plans) >= 2
    views = []
    for plan in plans:
        weighted = plan_parts(problem, plan.label)["weighted"]
        views.append((weighted.drop("nearness").sum(), weighted.drop("needs").sum()))
    assert views == sorted(views)
    assert all(a[1] > b[1] for a, b in itertools.pairwise(views))
    assert min(plan_score(problem, plan.label) for plan in plans) == pytest.approx(
        propose(problem).value
    )
    assert all(broken_rules(problem, plan.label).empty for plan in plans)
    with pytest.raises(InputError, match="weight of sharing is 0"):
        propose_several(problem, over=("needs", "sharing"))


def test_a_start_keeps_its_ids_and_is_never_made_worse():
    problem = town(blocks=2)
    first = propose(problem)
    names = first.assignment.replace({"D001": "北片"})
    again = propose(problem, start=names)
    assert again.assignment.equals(names)
    assert again.value == pytest.approx(first.value)


def test_stopping_early_keeps_the_start_and_is_not_called_optimal():
    problem = town()
    start = propose(problem).assignment
    found = propose(problem, start=start, cancel=lambda: True)
    assert found.status == "cancelled"
    assert found.assignment.equals(start)
    assert propose(problem, FixedNumber(12), cancel=lambda: True).status == "cancelled"


def test_the_id_of_a_locked_district_is_its_alone():
    pairs = np.column_stack([np.arange(3), np.arange(1, 4)])
    problem = Problem.from_arrays(pairs, np.zeros((4, 1)), maximum={"members": 3.0})
    flat = problem.flat._replace(lock=np.array([0, -1, -1, -1]))
    problem = replace(problem, flat=flat, labels=("北片",))
    plan = pd.Series("北片", index=problem.ids, dtype="string")
    after = touch._named(problem, plan, [np.array([0]), np.array([1, 2, 3])])
    assert after.tolist() == ["北片", "D001", "D001", "D001"]
