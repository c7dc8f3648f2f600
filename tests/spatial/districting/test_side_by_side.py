"""Windows raised side by side give what they give one after another."""

import threading
import time

import numpy as np
import pytest

from spatial.districting.cover_kernels import raise_prices
from spatial.districting.cut_kernels import PATTERNS, beside, by_atom
from spatial.districting.cut_search import choose, grow_cuts, triples
from spatial.districting.enumerate import enumerate_districts
from spatial.districting.problem import Problem
from spatial.districting.strengthen import strengthen
from spatial.districting.turns import earlier_that_touch, in_turns
from spatial.errors import SpatialError


def grid(seed, side):
    rng = np.random.default_rng(seed)
    number = np.arange(side * side).reshape(side, side)
    links = np.vstack(
        [
            np.column_stack([number[:, :-1].ravel(), number[:, 1:].ravel()]),
            np.column_stack([number[:-1].ravel(), number[1:].ravel()]),
        ]
    )
    return Problem.from_arrays(links, rng.normal(size=(side * side, 2)), maximum={"members": 3.0})


def arrays_of(problem):
    pool = enumerate_districts(problem, np.arange(problem.atoms), cap=100_000)
    return pool.members, pool.start, pool.score


@pytest.mark.parametrize("seed", range(2))
def test_the_answer_is_the_same_bit_by_bit_on_any_number_of_cores(seed):
    problem = grid(seed, 14)
    arrays = arrays_of(problem)
    links = (problem.flat.start, problem.flat.neighbour)
    price = raise_prices(*arrays, np.zeros(problem.atoms))
    found = [
        strengthen(arrays, links, price, ((12, 3), (30, 3)), over=lambda: False, cores=cores)
        for cores in (1, 2, 5)
    ]
    assert found[0][0].total > price.sum() + 1e-3
    assert len(found[0][0].cuts) > 0
    for prices, reduced in found[1:]:
        assert np.array_equal(prices.price, found[0][0].price)
        assert np.array_equal(prices.charge, found[0][0].charge)
        assert np.array_equal(prices.cuts.atoms, found[0][0].cuts.atoms)
        assert np.array_equal(reduced, found[0][1])


def test_windows_wait_for_those_that_a_district_joins_them_with_and_for_no_others():
    problem = grid(1, 6)
    members, start, _ = arrays_of(problem)
    begin, around = by_atom(members, start, 36)
    rng = np.random.default_rng(2)
    windows = [rng.permutation(36)[:3] for _ in range(12)]
    before = earlier_that_touch(windows, beside(members, start, begin, around, 36), 36)
    for late, window in enumerate(windows):
        for early in range(late):
            joined = any(
                np.isin(members[start[j] : start[j + 1]], window).any()
                and np.isin(members[start[j] : start[j + 1]], windows[early]).any()
                for j in range(len(start) - 1)
            )
            assert (early in before[late]) == joined


def test_work_that_touches_keeps_its_order_and_the_rest_runs_at_the_same_time():
    before = [[], [], [0], [0, 1], [2], [], [5, 3]]
    ended, lock = [], threading.Lock()
    meet = threading.Barrier(2, timeout=20)

    def work(number):
        if number < 2:
            meet.wait()  # 0 and 1 can only go on together
        time.sleep(0.001 * (7 - number))
        with lock:
            assert set(before[number]) <= set(ended)
            ended.append(number)

    in_turns(work, before, cores=2)
    assert sorted(ended) == list(range(7))


def test_an_error_in_one_piece_is_raised_and_what_waits_for_it_is_not_begun():
    begun = []

    def work(number):
        begun.append(number)
        if number == 0:
            raise SpatialError("broken", zh="坏了")

    with pytest.raises(SpatialError, match="broken"):
        in_turns(work, [[], [0]], cores=2)
    assert begun == [0]


def fractional(seed, atoms, districts):
    rng = np.random.default_rng(seed)
    rows = [np.sort(rng.permutation(atoms)[: rng.integers(1, 5)]) for _ in range(districts)]
    start = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    return np.concatenate(rows), start, rng.random(districts) * 0.6, rows


@pytest.mark.parametrize(("shares", "whole"), PATTERNS)
@pytest.mark.parametrize("seed", range(4))
def test_a_grown_cut_is_broken_by_just_what_is_said(shares, whole, seed):
    members, start, part, rows = fractional(seed, 9, 25)
    seeds, _ = triples(members, start, part, 9, -0.5)
    assert len(seeds)
    grown, excess = grow_cuts(members, start, part, 9, seeds, np.array(shares), whole)
    for row, much in zip(grown, excess, strict=True):
        assert len(set(row.tolist())) == len(shares)
        share = dict(zip(row.tolist(), shares, strict=True))
        left = sum(
            x * (sum(share.get(int(i), 0) for i in some) // whole)
            for x, some in zip(part, rows, strict=True)
        )
        assert much == pytest.approx(left - sum(shares) // whole)


def test_of_many_cuts_the_first_are_chosen_few_around_an_atom_and_none_twice():
    rows = np.array([[0, 1, 2], [2, 1, 0], [0, 1, 3], [0, 4, 5], [6, 7, 8]])
    shares = np.ones_like(rows)
    taken = choose(rows, shares, np.full(5, 2), np.array([0, 1, 2, 3, 4]), 9, 2)
    assert taken.tolist() == [0, 2, 4]
