"""A belt swept from end to end gives the best plan of it, or keeps the one at hand."""

import numpy as np
import pytest

from spatial.districting.cover_kernels import raise_prices, reduced_costs
from spatial.districting.cut_kernels import index_cuts
from spatial.districting.effort import Effort
from spatial.districting.enumerate import enumerate_districts
from spatial.districting.partition import solve_partition
from spatial.districting.problem import Problem
from spatial.districting.strengthen import no_cuts, strengthen
from spatial.districting.sweep import sweep_belts
from spatial.districting.sweep_kernels import SPAN, depths, line_of, sweep_line
from tests.spatial.districting.test_cuts import best_value, pool_of, ring


def never():
    """Nothing ends the work."""
    return False


def grid(seed, rows, columns):
    rng = np.random.default_rng(seed)
    number = np.arange(rows * columns).reshape(rows, columns)
    across = np.stack([number[:, :-1].ravel(), number[:, 1:].ravel()], axis=1)
    along = np.stack([number[:-1].ravel(), number[1:].ravel()], axis=1)
    return Problem.from_arrays(
        np.vstack([across, along]),
        rng.normal(size=(rows * columns, 2)),
        amounts={"households": rng.integers(200, 700, rows * columns).astype(float)},
        maximum={"households": 1500.0},
    )


def swept(problem, passes, *, seed=0, sweeps=((6, 4), (14, 4))):
    """Return value and bound after belts over the plan in which everybody stands alone."""
    _, arrays, links = pool_of(problem)
    price = raise_prices(*arrays, np.zeros(problem.atoms))
    prices, reduced = strengthen(arrays, links, price, sweeps, over=never)
    alone = np.flatnonzero(np.diff(arrays[1]) == 1)
    found = sweep_belts(arrays, links, prices, reduced, alone, passes, seed=seed, over=never)
    covered = np.concatenate([arrays[0][arrays[1][j] : arrays[1][j + 1]] for j in found])
    assert sorted(covered.tolist()) == list(range(problem.atoms))
    return float(arrays[2][found].sum()), float(arrays[2][alone].sum()), prices.total


@pytest.mark.parametrize("seed", range(10))
def test_one_belt_over_all_with_all_beginnings_kept_is_the_best_plan(seed):
    problem = ring(seed, 13)
    pool, _, _ = pool_of(problem)
    value, _, _ = swept(problem, ((1000, 100_000, 2000),), seed=seed)
    assert value == pytest.approx(best_value(pool, 13), abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_belts_never_make_a_plan_dearer_nor_cheaper_than_the_bound(seed):
    problem = grid(seed, 9, 12)
    narrow, alone, bound = swept(problem, ((3, 4, 5), (4, 20, 50)), seed=seed)
    assert bound - 1e-6 <= narrow < alone


def test_with_more_beginnings_kept_the_answer_of_a_line_is_the_best_and_says_so():
    problem = grid(5, 4, 12)
    _, (members, start, score), links = pool_of(problem)
    price = raise_prices(members, start, score, np.zeros(48))
    reduced = np.maximum(reduced_costs(members, start, score, price), 0)
    line = line_of(*links, np.arange(48))
    place = np.argsort(line)[members]
    place = place[np.lexsort((place, np.repeat(np.arange(len(score)), np.diff(start))))]
    order = np.lexsort((reduced, place[start[:-1]]))
    places = np.concatenate([place[start[j] : start[j + 1]] for j in order])
    begin = np.concatenate([[0], np.cumsum(np.diff(start)[order])])
    assert (np.maximum.reduceat(places, begin[:-1]) - places[begin[:-1]] < SPAN).all()
    none = no_cuts()
    answers = []
    for keep in (1, 10, 5000):
        found, excess, whole = sweep_line(
            48,
            (places, begin, reduced[order], reduced[order]),
            index_cuts(none.atoms, 48),
            (none.atoms, none.shares, none.whole, np.zeros(0)),
            1e9,
            keep,
        )
        assert score[order[found]].sum() == pytest.approx(price.sum() + excess)
        answers.append((excess, whole))
    best = solve_partition(
        enumerate_districts(problem, np.arange(48), cap=100_000), np.arange(48), links
    )
    assert best.proven
    assert [whole for _, whole in answers] == [False, False, True]
    assert answers[-1][0] + price.sum() == pytest.approx(best.value, abs=1e-6)
    assert answers[0][0] >= answers[1][0] >= answers[2][0]


def test_a_district_longer_than_a_mask_keeps_its_words_apart():
    # a row in which two atoms far apart share a district: places 0 and 200, and 130 between
    line = 201
    alone = np.arange(line)
    places = np.concatenate([[0, 130, 200], alone])
    begin = np.concatenate([[0], 3 + np.arange(line + 1)])
    cost = np.concatenate([[0.5], np.ones(line)])
    order = np.lexsort((cost, places[begin[:-1]]))
    flat = np.concatenate([places[begin[j] : begin[j + 1]] for j in order])
    size = np.diff(begin)[order]
    starts = np.concatenate([[0], np.cumsum(size)])
    none = no_cuts()
    found, excess, whole = sweep_line(
        line,
        (flat, starts, cost[order], cost[order]),
        index_cuts(none.atoms, line),
        (none.atoms, none.shares, none.whole, np.zeros(0)),
        1e9,
        10,
    )
    assert excess == pytest.approx(line - 3 + 0.5)
    assert whole
    assert len(found) == line - 2


def test_atoms_that_are_not_linked_stand_in_the_line_all_the_same():
    start, neighbour = np.array([0, 1, 2, 2, 3, 4]), np.array([1, 0, 4, 3], dtype=np.int32)
    assert sorted(line_of(start, neighbour, np.arange(5)).tolist()) == [0, 1, 2, 3, 4]
    assert depths(start, neighbour, 4).tolist() == [2, 3, 4, 1, 0]


def test_a_part_that_is_belted_keeps_its_rules_and_its_bound():
    problem = grid(7, 10, 12)
    pool, arrays, links = pool_of(problem)
    effort = Effort(
        large=0,
        rounds=3,
        belted=50,
        belts=((4, 8, 100),),
        belt_polishes=((30, 4, 2), (40, 4, 2)),
        near=0.0,
    )
    found = solve_partition(pool, np.arange(120), links, effort=effort)
    assert np.bincount(pool.take(found.chosen).members, minlength=120).tolist() == [1] * 120
    assert found.bound <= found.value + 1e-9
    assert found.value == pytest.approx(arrays[2][found.chosen].sum())
    usual = solve_partition(pool, np.arange(120), links)
    assert found.bound <= usual.value + 1e-6
    assert usual.bound <= found.value + 1e-6
