"""Cuts hold for every plan, and the bounds, windows and proofs that use them stay true."""

import numpy as np
import pytest

from spatial.districting.cover_kernels import raise_prices, reduced_costs
from spatial.districting.cut_kernels import PATTERNS, index_cuts, weigh
from spatial.districting.effort import Effort
from spatial.districting.enumerate import enumerate_districts
from spatial.districting.partition import solve_partition
from spatial.districting.problem import Problem
from spatial.districting.propose import propose
from spatial.districting.strengthen import reduced_costs_of, strengthen

CUT = Effort(large=0, rounds=1, sweeps=((4, 6), (9, 6)))
"""Bounds by cuts and windows, even for the smallest part."""


def ring(seed, units):
    """Neighbourhoods in a ring with chords: its relaxation takes halves."""
    rng = np.random.default_rng(seed)
    along = np.column_stack([np.arange(units), (np.arange(units) + 1) % units])
    across = np.column_stack([np.arange(units), (np.arange(units) + 2) % units])
    links = np.vstack([along, across[rng.random(units) < 0.6]])
    return Problem.from_arrays(
        links,
        rng.normal(size=(units, 2)),
        amounts={"households": rng.integers(200, 700, units).astype(float)},
        maximum={"households": 1200.0},
    )


def pool_of(problem):
    pool = enumerate_districts(problem, np.arange(problem.atoms), cap=100_000)
    arrays = pool.members, pool.start, pool.score
    return pool, arrays, (problem.flat.start, problem.flat.neighbour)


def best_value(pool, atoms):
    """The cheapest plan by dynamic programming over sets of atoms."""
    masks = [sum(1 << int(i) for i in pool.district(j)) for j in range(len(pool))]
    value = np.full(1 << atoms, np.inf)
    value[0] = 0.0
    by_low = [[] for _ in range(atoms)]
    for j, mask in enumerate(masks):
        by_low[(mask & -mask).bit_length() - 1].append((mask, pool.score[j]))
    for done in range(1 << atoms):
        if np.isfinite(value[done]) and done + 1 < 1 << atoms:
            low = (~done & (done + 1)).bit_length() - 1
            for mask, score in by_low[low]:
                if not mask & done:
                    value[mask | done] = min(value[mask | done], value[done] + score)
    return value[-1]


@pytest.mark.parametrize("seed", range(12))
def test_the_bound_with_cuts_is_above_the_prices_and_below_every_plan(seed):
    problem = ring(seed, 13)
    pool, arrays, links = pool_of(problem)
    best = best_value(pool, 13)
    price = raise_prices(*arrays, np.zeros(13))
    prices, reduced = strengthen(arrays, links, price, CUT.sweeps, over=lambda: False)
    assert price.sum() <= prices.total + 1e-9
    assert prices.total <= best + 1e-6
    assert (prices.charge >= 0).all()
    assert reduced_costs_of(*arrays, prices).min() >= -1e-9
    assert np.allclose(reduced, np.maximum(reduced_costs_of(*arrays, prices), 0))


def test_cuts_lift_the_bound_of_an_odd_ring_where_prices_alone_cannot():
    # any two beside each other cost 1.5 together and 1 alone: halves of pairs cost 3.75 in all
    links = np.array([[i, (i + 1) % 5] for i in range(5)])
    problem = Problem.from_arrays(links, np.zeros((5, 1)), maximum={"members": 2.0})
    pool, arrays, near = pool_of(problem)
    score = np.where(np.diff(pool.start) == 2, 1.5, 1.0)
    arrays = (*arrays[:2], score)
    price = np.full(5, 0.75)
    assert reduced_costs(*arrays, price).min() == 0
    prices, _ = strengthen(arrays, near, price, ((5, 8),), over=lambda: False)
    assert prices.total == pytest.approx(4.0)  # two pairs and one alone: 1.5 + 1.5 + 1


@pytest.mark.parametrize(("shares", "whole"), PATTERNS)
def test_no_plan_of_whole_districts_breaks_a_cut(shares, whole):
    rng = np.random.default_rng(3)
    problem = ring(1, 12)
    pool, _, _ = pool_of(problem)
    rows = np.array([rng.permutation(12)[: len(shares)] for _ in range(40)])
    parts = np.tile(np.array(shares), (40, 1))
    begin, cut, times = weigh(
        pool.members, pool.start, index_cuts(rows, 12), parts, np.full(40, whole)
    )
    weight = np.zeros((len(pool), 40))
    weight[np.repeat(np.arange(len(pool)), np.diff(begin)), cut] = times
    for _ in range(50):
        free, counted = np.ones(12, dtype=bool), np.zeros(40)
        for j in rng.permutation(len(pool)):
            if free[pool.district(j)].all():
                free[pool.district(j)] = False
                counted += weight[j]
        assert not free.any()
        assert (counted <= sum(shares) // whole).all()


@pytest.mark.parametrize("seed", range(12))
def test_windows_and_cuts_prove_the_same_best_plan_as_trying_all(seed):
    problem = ring(100 + seed, 14)
    pool, _, links = pool_of(problem)
    found = solve_partition(pool, np.arange(14), links, effort=CUT, seed=seed)
    assert found.proven
    assert found.value == pytest.approx(best_value(pool, 14), abs=1e-6)
    assert found.bound == pytest.approx(found.value)
    assert np.bincount(pool.take(found.chosen).members, minlength=14).tolist() == [1] * 14


def test_a_clock_that_ran_out_leaves_a_true_bound():
    problem = ring(7, 60)
    whole = propose(problem)
    hurried = propose(problem, effort=Effort(large=0, time_limit_s=1e-6, branches=1))
    assert hurried.bound <= whole.value + 1e-6
    assert hurried.status != "proven_optimal" or hurried.value == pytest.approx(whole.value)
