"""What is called the best plan is the best: compared with trying every plan of small worlds."""

import numpy as np
import pytest

from spatial.districting.assemble import Limits, Units, assemble
from spatial.districting.effort import Effort
from spatial.districting.enumerate import enumerate_districts
from spatial.districting.modes import FixedNumber, MostDistricts
from spatial.districting.parts import part_of, solve_part_number
from spatial.districting.pooling import Pooling
from spatial.districting.problem import Problem
from spatial.districting.propose import propose
from spatial.districting.rules import Weights
from spatial.districting.score import (
    broken_rules,
    district_parts,
    district_score,
    plan_parts,
    plan_score,
)
from spatial.errors import InfeasibleError

WEIGHTS = Weights(
    needs=1.0,
    nearness=0.7,
    sharing=0.5,
    compactness=0.3,
    balance=0.2,
    district=0.8,
    shortfall=0.6,
)


def small_world(seed, units=7):
    """A random map with every kind of rule, at neighbourhood level."""
    import pandas as pd

    rng = np.random.default_rng(seed)
    xy_m = rng.uniform(0, 700, (units, 2))
    far = np.hypot(*(xy_m[:, None] - xy_m[None]).transpose(2, 0, 1))
    first, second = np.triu_indices(units, k=1)
    near = far[first, second] < rng.uniform(250, 420)
    first, second = first[near], second[near]
    values = rng.normal(size=(units, 3))
    values[rng.random(values.shape) < 0.1] = np.nan
    pairs = np.argwhere(rng.random((units, units)) < 0.4)
    apart = rng.integers(0, units, (2, 2)) if seed % 3 == 0 else np.zeros((0, 2), dtype=np.int64)
    apart = apart[apart[:, 0] != apart[:, 1]]
    lock = np.full(units, -1)
    lock[: seed % 3] = np.arange(seed % 3)
    return Units(
        ids=pd.Index([f"n{i}" for i in range(units)]),
        values=values,
        first=first,
        second=second,
        link_m=far[first, second],
        amounts={
            "households": rng.integers(50, 900, units).astype(float),
            "members": np.ones(units),
        },
        xy_m=xy_m,
        area_m2=rng.uniform(1e4, 4e4, units),
        inertia_m4=rng.uniform(1e7, 4e8, units),
        office=rng.integers(-1, 2, units) if seed % 2 else np.full(units, -1),
        atom=np.arange(units),
        lock=lock,
        labels=tuple(f"L{i}" for i in range(seed % 3)),
        closed=np.array([i == 1 for i in range(seed % 3)], dtype=bool),
        alone=np.arange(units) == (6 if seed % 5 == 0 else -1),
        apart=apart.astype(np.int64),
        pooling=Pooling(
            kinds=("clinic", "school"),
            row=pairs[:, 0],
            other=pairs[:, 1],
            bits=rng.integers(0, 4, len(pairs)).astype(np.uint64),
            persons=rng.integers(100, 2000, units).astype(float),
        ),
    )


def small_problem(seed, units=7):
    limits = Limits(
        maximum={"households": 1500.0, "members": 5.0},
        minimum={"households": 600.0},
        hard_minimum=seed % 4 == 0,
        max_distance_m=450.0 if seed % 7 else None,
        balance_of="households",
    )
    return assemble(small_world(seed, units), limits, WEIGHTS)


def partitions(items):
    if not items:
        yield []
        return
    head, *tail = items
    for rest in partitions(tail):
        yield [[head], *rest]
        for i, block in enumerate(rest):
            yield [*rest[:i], [head, *block], *rest[i + 1 :]]


def label_of(plan, atoms):
    label = np.full(atoms, -1)
    for number, members in enumerate(plan):
        label[members] = number
    return label


def legal_sets(problem):
    """All legal districts, by testing every subset with the rules' own words."""
    found = {}
    for code in range(1, 1 << problem.atoms):
        members = np.array([i for i in range(problem.atoms) if code >> i & 1])
        label = np.full(problem.atoms, -1)
        label[members] = 0
        if broken_rules(problem, label).empty:
            found[tuple(members.tolist())] = district_score(problem, members)
    return found


def legal_plans(problem, sets):
    for plan in partitions(list(range(problem.atoms))):
        keys = [tuple(sorted(members)) for members in plan]
        if all(key in sets for key in keys):
            yield keys, sum(sets[key] for key in keys)


def counts(problem, key):
    return len(key) > 1 or problem.flat.lock[key[0]] >= 0


@pytest.mark.parametrize("seed", range(40))
def test_every_legal_district_is_listed_once_with_its_score(seed):
    problem = small_problem(seed)
    sets = legal_sets(problem)
    pool = enumerate_districts(problem, np.arange(problem.atoms), cap=10_000)
    listed = [tuple(sorted(pool.district(j).tolist())) for j in range(len(pool))]
    assert len(set(listed)) == len(listed)
    assert set(listed) == set(sets)
    np.testing.assert_allclose(pool.score, [sets[key] for key in listed], atol=1e-9)


@pytest.mark.parametrize("seed", range(40))
def test_the_proven_plan_is_the_best_of_all_plans(seed):
    problem = small_problem(seed)
    best = min(value for _, value in legal_plans(problem, legal_sets(problem)))
    found = propose(problem)
    assert found.status == "proven_optimal"
    assert found.value == pytest.approx(best, abs=1e-7)
    assert broken_rules(problem, found.label).empty
    assert plan_score(problem, found.label) == pytest.approx(found.value)
    assert plan_parts(problem, found.label)["weighted"].sum() == pytest.approx(found.value)


@pytest.mark.parametrize("seed", range(12))
def test_a_plan_of_k_districts_is_the_best_of_its_number(seed):
    problem = small_problem(seed)
    best = {}
    for keys, value in legal_plans(problem, legal_sets(problem)):
        k = sum(counts(problem, key) for key in keys)
        best[k] = min(value, best.get(k, np.inf))
    for k in range(problem.atoms):
        if k not in best:
            with pytest.raises(InfeasibleError, match=f"{k} districts"):
                propose(problem, FixedNumber(k))
            continue
        found = propose(problem, FixedNumber(k))
        assert found.districts == k
        assert broken_rules(problem, found.label).empty
        assert found.bound <= best[k] + 1e-7
        assert found.value >= best[k] - 1e-7
        if found.status == "proven_optimal":
            assert found.value == pytest.approx(best[k], abs=1e-6)


@pytest.mark.parametrize("seed", range(12))
def test_the_most_districts_are_the_most_and_then_the_best(seed):
    problem = small_problem(seed)
    amount, best = problem.amount("households"), (np.inf, np.inf)
    for keys, value in legal_plans(problem, legal_sets(problem)):
        enough = [amount[list(key)].sum() >= 500 for key in keys]
        if all(ok or len(key) == 1 for ok, key in zip(enough, keys, strict=True)):
            best = min(best, (-sum(enough), value))
    found = propose(problem, MostDistricts("households", 500.0))
    assert found.districts == -best[0]
    assert found.districts_bound == -best[0]
    assert found.value == pytest.approx(best[1], abs=1e-6)


@pytest.mark.parametrize("seed", range(20))
def test_the_parts_of_a_district_add_up_to_its_score(seed):
    problem = small_problem(seed)
    signs = np.array([1, 1, -1, 1, 1, 1, 1])
    for members in ([0], [0, 1, 2], list(range(7))):
        parts = district_parts(problem, np.array(members)) * problem.flat.weights * signs
        assert parts.sum() == pytest.approx(district_score(problem, np.array(members)))


def test_no_units_at_all_is_an_empty_plan():
    found = propose(Problem.from_arrays(np.zeros((0, 2)), np.zeros((0, 1))))
    assert found.value == 0
    assert found.status == "proven_optimal"
    assert found.assignment.empty


def test_no_rule_is_broken_in_hundreds_of_worlds_and_the_bound_holds():
    for seed in range(100, 400):
        problem = small_problem(seed, units=7 + seed % 9)
        mode = [None, FixedNumber(1), MostDistricts("households", 500.0)][seed % 3]
        try:
            found = propose(problem, mode, seed=seed)
        except InfeasibleError:
            assert isinstance(mode, FixedNumber)
            continue
        assert broken_rules(problem, found.label).empty, seed
        assert plan_score(problem, found.label) == pytest.approx(found.value)
        if np.isfinite(found.bound):
            assert found.bound <= found.value + 1e-9


@pytest.mark.parametrize("seed", range(1, 9))
def test_the_programme_and_the_search_prove_the_same_plan(seed):
    problem = small_problem(seed, units=13)
    searched = propose(problem)
    asked = propose(problem, effort=Effort(rounds=1, branches=1))
    assert searched.status == asked.status == "proven_optimal"
    assert searched.value == pytest.approx(asked.value, abs=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_a_number_of_one_part_is_its_best_and_the_search_for_it_ends(seed):
    problem = small_problem(seed, units=8)
    atoms = np.flatnonzero(problem.component == np.bincount(problem.component).argmax())
    part = part_of(problem, atoms, FixedNumber(1), cap=10_000)
    best = {}
    sets = {tuple(sorted(part.pool.district(j).tolist())): j for j in range(len(part.pool))}
    for plan in partitions(atoms.tolist()):
        keys = [tuple(sorted(members)) for members in plan]
        if all(key in sets for key in keys):
            numbers = [sets[key] for key in keys]
            k, value = part.counted[numbers].sum(), part.pool.score[numbers].sum()
            best[k] = min(value, best.get(k, np.inf))
    for k in range(len(atoms) + 1):
        found = solve_part_number(part, 0.0, k)
        if k not in best:
            assert found is None
            continue
        assert found.count == k
        assert found.value == pytest.approx(best[k], abs=1e-6)
    nothing = solve_part_number(part, 0.0, 1, effort=Effort(programme_s=0.0))
    assert nothing is None
