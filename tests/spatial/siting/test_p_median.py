"""The p-median against brute force, published optima, and the laws of its bound."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from siting_worlds import pmed_instance, pmed_optima

from spatial.errors import InfeasibleError, InputError
from spatial.siting.answer import Effort, Status
from spatial.siting.p_median import p_median
from spatial.siting.p_median.dual import Aim, Pace, ascend
from spatial.siting.p_median.reduced import cost_of, reduced_median
from spatial.siting.p_median.swap import improve, near_of
from spatial.siting.p_median.tree import settle
from spatial.siting.pairs import Pairs

MANY = settings(max_examples=150, deadline=None, derandomize=True)
FEW = settings(max_examples=60, deadline=None, derandomize=True)
QUICK = (1, 2, 5, 6, 8, 11, 14, 16, 17, 20)


@st.composite
def worlds(draw, *, missing=True):
    """Draw costs (ties abound), weights, p, and sites that must or must not open."""
    n, m = draw(st.integers(1, 12)), draw(st.integers(1, 9))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    cost = rng.integers(0, draw(st.sampled_from([2, 6, 1000])), (n, m)).astype(float)
    if draw(st.booleans()):  # on a line, as walks are
        place = rng.integers(0, 60, n + m)
        cost = np.abs(place[:n, None] - place[n:]).astype(float)
    if missing and draw(st.booleans()):
        cost[rng.random((n, m)) < 0.35] = np.inf
    weight = rng.integers(0, 5, n)
    p = draw(st.integers(1, m))
    said = rng.integers(0, 6, m) if draw(st.booleans()) else np.ones(m)
    return cost, weight, p, np.flatnonzero(said == 0).tolist(), np.flatnonzero(said == 5).tolist()


def brute(cost, weight, p, must, must_not):
    """Least value by trying every set; inf where none serves all rows that weigh something."""
    best = np.inf
    rows = weight > 0
    for sites in itertools.combinations(range(cost.shape[1]), p):
        if set(must) <= set(sites) and not set(must_not) & set(sites):
            nearest = cost[:, sites].min(axis=1)[rows]
            best = min(best, float((weight[rows] * nearest).sum()))
    return best


def assert_answers(answer, cost, weight, p, must, must_not):
    """Check an answer by itself: rules, assignment, value."""
    assert len(answer.sites) == p == len(set(answer.sites.tolist()))
    assert set(must) <= set(answer.sites.tolist())
    assert not set(must_not) & set(answer.sites.tolist())
    nearest = cost[:, answer.sites].min(axis=1)
    served = np.isfinite(nearest)
    np.testing.assert_array_equal(answer.assigned >= 0, served)
    assert served[weight > 0].all()
    assert np.isin(answer.assigned[served], answer.sites).all()
    paid = cost[np.flatnonzero(served), answer.assigned[served]]
    np.testing.assert_array_equal(paid, nearest[served])
    assert answer.value == pytest.approx((weight[served] * paid).sum(), rel=1e-12)


@MANY
@given(worlds())
def test_small_worlds_are_solved_as_by_trying_every_set(drawn):
    cost, weight, p, must, must_not = drawn
    wanted = brute(*drawn)
    if np.isinf(wanted):
        with pytest.raises(InfeasibleError):
            p_median(cost, weight, p, must=must, must_not=must_not)
        return
    answer = p_median(cost, weight, p, must=must, must_not=must_not)
    assert_answers(answer, cost, *drawn[1:])
    assert (answer.value, answer.bound) == (wanted, wanted)
    assert answer.status == Status.PROVEN_OPTIMAL
    assert isinstance(answer.value, int)
    assert isinstance(answer.bound, int)


@FEW
@given(worlds(missing=False), st.floats(0.001, 1000))
def test_numbers_that_are_not_whole_are_proven_too(drawn, unit):
    cost, weight, p, must, must_not = drawn
    if not len(must) <= p <= cost.shape[1] - len(must_not):
        return
    cost, weight = cost * unit + 1 / 7, weight + 0.3
    answer = p_median(cost, weight, p, must=must, must_not=must_not)
    assert_answers(answer, cost, weight, p, must, must_not)
    assert answer.value == pytest.approx(brute(cost, weight, p, must, must_not), rel=1e-9, abs=0)
    assert answer.status == Status.PROVEN_OPTIMAL
    assert "1e-9" in answer.notes[0]


@FEW
@given(worlds(), st.integers(0, 3))
def test_any_start_leads_to_the_same_value(drawn, seed):
    cost, weight, p, must, must_not = drawn
    wanted = brute(*drawn)
    if np.isinf(wanted):
        return
    begin = np.flatnonzero(np.random.default_rng(seed).random(cost.shape[1]) < 0.5)
    answer = p_median(
        cost, weight, p, must=must, must_not=must_not, start=begin, effort=Effort(seed=seed)
    )
    assert answer.value == wanted


@pytest.mark.real
@pytest.mark.parametrize("number", QUICK)
def test_published_optima_are_reached_and_proven(shared_data, number):
    cost, p = pmed_instance(shared_data, number)
    answer = p_median(cost, None, p)
    assert (answer.value, answer.bound) == (pmed_optima(shared_data)[number],) * 2
    assert answer.status == Status.PROVEN_OPTIMAL


def plane(seed, n=300, m=60):
    rng = np.random.default_rng(seed)
    people, sites = rng.random((n, 2)), rng.random((m, 2))
    cost = np.round(1000 * np.linalg.norm(people[:, None] - sites, axis=2)).astype(np.int64)
    return cost, rng.integers(1, 30, n)


def test_one_more_site_never_costs_more():
    cost, weight = plane(1)
    values = [p_median(cost, weight, p).value for p in range(1, 61)]
    assert values == sorted(values, reverse=True)
    assert values[-1] == (weight * cost.min(axis=1)).sum()


def test_the_order_of_rows_and_sites_changes_nothing():
    cost, weight = plane(2)
    rng = np.random.default_rng(0)
    rows, sites = rng.permutation(len(cost)), rng.permutation(cost.shape[1])
    here = p_median(cost, weight, 7)
    there = p_median(cost[rows][:, sites], weight[rows], 7)
    assert here.value == there.value


def test_the_same_call_gives_the_same_answer():
    cost, weight = plane(3)
    one, two = p_median(cost, weight, 9), p_median(cost, weight, 9)
    np.testing.assert_array_equal(one.sites, two.sites)
    np.testing.assert_array_equal(one.assigned, two.assigned)


@pytest.mark.parametrize("after", [0, 1, 2, 4, 8])
def test_a_run_that_is_stopped_says_so_and_its_bound_holds(after):
    cost, weight = plane(4, n=400, m=120)
    best = p_median(cost, weight, 12)
    assert best.status == Status.PROVEN_OPTIMAL
    asked = itertools.count()
    answer = p_median(cost, weight, 12, cancel=lambda: next(asked) >= after)
    assert_answers(answer, cost, weight, 12, [], [])
    assert answer.bound <= best.value <= answer.value
    assert answer.status in (Status.CANCELLED, Status.PROVEN_OPTIMAL)
    assert (answer.status == Status.PROVEN_OPTIMAL) == (answer.bound == answer.value)


def test_time_that_is_over_is_never_called_optimal():
    cost, weight = plane(5, n=2000, m=300)
    answer = p_median(cost, weight, 20, effort=Effort(seconds=1e-6))
    assert answer.status == Status.WITHIN_BOUND
    assert 0 < answer.bound < answer.value
    assert answer.gap_share == pytest.approx((answer.value - answer.bound) / answer.value)


def test_a_gap_that_is_good_enough_ends_the_run():
    cost, weight = plane(5, n=2000, m=300)
    answer = p_median(cost, weight, 20, effort=Effort(gap_share=0.05))
    assert answer.gap_share <= 0.05
    assert answer.bound <= p_median(cost, weight, 20).value <= answer.value


def test_progress_rises_and_ends_within_one():
    shares = []
    cost, weight = plane(6)
    p_median(cost, weight, 7, progress=lambda step, share: shares.append((step, share)))
    assert shares
    assert {step for step, _ in shares} == {"siting"}
    assert all(0 <= share <= 1 for _, share in shares)


def test_numbers_too_large_for_exact_sums_are_said_to_be_so():
    cost, weight = plane(7, n=40, m=12)
    answer = p_median(cost * 10**9, weight * 10**9, 3)
    assert answer.status == Status.PROVEN_OPTIMAL
    assert answer.notes
    assert answer.value == pytest.approx(p_median(cost, weight, 3).value * 1e18, rel=1e-12)


def test_a_row_without_a_site_in_reach_is_named():
    cost = np.array([[1, np.inf, np.inf], [1, 1, 1], [np.inf, np.inf, 2]])
    with pytest.raises(InfeasibleError, match="rows 0\\."):
        p_median(cost, None, 1, must_not=[0])
    with pytest.raises(InfeasibleError, match="rows 0\\.") as caught:
        p_median(cost, [3, 1, 2], 1, must=[2])
    assert "第 0 行" in caught.value.message_zh
    assert p_median(cost, [0, 1, 1], 1, must=[2]).assigned.tolist() == [-1, 2, 2]


def test_too_few_sites_for_all_rows_are_an_error_that_names_one_left():
    cost = np.where(np.eye(6, dtype=bool), 0.0, np.inf)
    with pytest.raises(InfeasibleError, match="at best 2 stay without one"):
        p_median(cost, None, 4)
    assert p_median(cost, None, 6).value == 0


def test_whether_nothing_serves_all_or_nothing_was_found_are_told_apart():
    triangle = np.where(np.eye(3, dtype=bool), np.inf, 1.0)  # half of each site serves every row
    cost = np.full((6, 6), np.inf)
    cost[:3, :3] = cost[3:, 3:] = triangle
    with pytest.raises(InfeasibleError, match="No 3 sites serve all rows: at best 1 stay"):
        p_median(cost, None, 3)
    with pytest.raises(InfeasibleError, match="nor was it shown that there are none"):
        p_median(cost, None, 3, cancel=lambda: True)
    assert p_median(cost, None, 4).value == 6


def test_wrong_input_is_refused():
    with pytest.raises(InputError, match="weight"):
        p_median([[1, 2]], [-1], 1)
    with pytest.raises(InfeasibleError, match="3 sites cannot open"):
        p_median([[1, 2]], None, 3)
    with pytest.raises(InfeasibleError, match="must open and must not"):
        p_median([[1, 2]], None, 1, must=[0], must_not=[0])
    with pytest.raises(InputError, match="`start` names site 7"):
        p_median([[1, 2]], None, 1, start=[7])


def test_pairs_and_their_matrix_give_one_answer():
    cost, weight = plane(8)
    near = np.where(cost <= 500, cost, np.inf)
    one = p_median(Pairs.from_matrix(cost, cutoff=500), weight, 10)
    two = p_median(near, weight, 10)
    assert (one.value, one.bound, one.status) == (two.value, two.bound, Status.PROVEN_OPTIMAL)


@st.composite
def hard_worlds(draw):
    """Draw costs that obey no triangle: the bound of the prices stays far below the optimum."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, m = draw(st.integers(15, 40)), draw(st.integers(9, 13))
    cost = rng.integers(0, draw(st.sampled_from([4, 30, 1000])), (n, m)).astype(float)
    cost[rng.random((n, m)) < draw(st.sampled_from([0.0, 0.2]))] = np.inf
    said = rng.integers(0, 12, m)
    must, must_not = np.flatnonzero(said == 0)[:2].tolist(), np.flatnonzero(said == 11)[:2].tolist()
    return cost, rng.integers(1, 9, n), draw(st.integers(3, 6)), must, must_not


@FEW
@given(hard_worlds())
def test_hard_worlds_are_solved_by_branching_as_by_trying_every_set(drawn):
    wanted = brute(*drawn)
    cost, weight, p, must, must_not = drawn
    if np.isinf(wanted):
        with pytest.raises(InfeasibleError):
            p_median(cost, weight, p, must=must, must_not=must_not)
        return
    answer = p_median(cost, weight, p, must=must, must_not=must_not)
    assert_answers(answer, cost, weight, p, must, must_not)
    assert (answer.value, answer.bound) == (wanted, wanted)


def rows_of(cost, weight):
    pairs = Pairs.from_matrix(cost)
    none = np.zeros(cost.shape[1], dtype=bool)
    return reduced_median(pairs, weight.astype(float), 4, opened=none, closed=none)[0]


@FEW
@given(hard_worlds(), st.integers(1, 60))
def test_no_prices_give_a_bound_above_the_optimum(drawn, steps):
    cost, weight, *_ = drawn
    cost = np.where(np.isfinite(cost), cost, 900.0)
    best = brute(cost, weight, 4, [], [])
    median = rows_of(cost, weight)
    price = np.random.default_rng(steps).uniform(0, 1200, len(cost))
    aim = Aim(best, np.inf, median.grain)
    found = ascend(median.rows, median.sites, 4, price, aim, Pace(steps, 1.0, 5))
    assert found.bound <= best
    by_hand = (weight * found.price).sum() + np.sort(
        (weight[:, None] * np.minimum(0, cost - found.price[:, None])).sum(axis=0)
    )[:4].sum()
    assert found.bound == by_hand


@FEW
@given(hard_worlds())
def test_sites_that_are_settled_are_so_in_every_better_answer(drawn):
    cost, weight, *_ = drawn
    cost = np.where(np.isfinite(cost), cost, 900.0)
    median = rows_of(cost, weight)
    values = {
        sites: (weight * cost[:, sites].min(axis=1)).sum()
        for sites in itertools.combinations(range(cost.shape[1]), 4)
    }
    known = sorted(values.values())[len(values) // 50]
    price = np.full(len(cost), np.median(cost) / 2)
    aim = Aim(known, np.inf, median.grain)
    found = ascend(median.rows, median.sites, 4, price, aim, Pace(80, 1.0, 5))
    state = settle(found.earned, 4, median.goal(known) - found.bound)
    for sites, value in values.items():
        if value < known:
            assert (state[list(sites)] >= 0).all()
            assert set(np.flatnonzero(state == 1)) <= set(sites)


@FEW
@given(hard_worlds(), st.integers(0, 8))
def test_after_swaps_no_swap_of_two_sites_helps(drawn, begin):
    cost, weight, *_ = drawn
    median = rows_of(cost, weight) if np.isfinite(cost).all() else None
    if median is None:
        return
    m = cost.shape[1]
    is_open = np.arange(m) < 4
    value = improve(near_of(median.rows, m), is_open, begin)
    assert is_open.sum() == 4
    assert value == cost_of(median.rows, is_open)
    assert value == (weight * cost[:, is_open].min(axis=1)).sum()
    for out, into in itertools.product(np.flatnonzero(is_open), np.flatnonzero(~is_open)):
        other = is_open.copy()
        other[[out, into]] = False, True
        assert (weight * cost[:, other].min(axis=1)).sum() >= value
