"""Capacitated p-median and maximal covering: brute force, a plain programme, laws, and why not."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, linprog, milp

from spatial.errors import InfeasibleError, InputError
from spatial.siting.answer import Effort, Status, Watch
from spatial.siting.capacitated import capacitated_max_cover, capacitated_p_median, models
from spatial.siting.capacitated.bound import climb, open_ways
from spatial.siting.capacitated.case import case_of
from spatial.siting.capacitated.flow import divide_demand
from spatial.siting.capacitated.programme import Solved, solve_programme
from spatial.siting.capacitated.search import Judge
from spatial.siting.pairs import Pairs

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=60, deadline=None)
PATIENT = Effort(seconds=600)
"""Proofs of small cases take no time, but the first call on a machine compiles."""


def small_case(seed, *, tight=1.3):
    """Random rows, sites, costs with some pairs missing, capacities that bind."""
    rng = np.random.default_rng(seed)
    n, m = rng.integers(2, 7), rng.integers(2, 6)
    cost = rng.integers(0, 30, (n, m)).astype(float)
    cost[rng.random((n, m)) < 0.2] = np.inf
    demand = rng.integers(0, 9, n).astype(float)
    p = int(rng.integers(1, m + 1))
    mean = demand.sum() / p * tight
    capacity = np.ceil(rng.uniform(0.5, 1.5, m) * mean)
    return cost, demand, capacity, p


def priced(cost, weight):
    """Cost of serving whole rows; inf where the pair is missing."""
    return np.where(
        np.isfinite(cost), weight[:, None] * np.where(np.isfinite(cost), cost, 0), np.inf
    )


def best_median(cost, demand, capacity, p, *, weight, divided):
    """Least total cost by trying every set of sites (and every assignment); inf: none."""
    n, m = cost.shape
    total = priced(cost, weight)
    best = np.inf
    for sites in itertools.combinations(range(m), p):
        if divided:
            best = min(best, _transport(cost, demand, capacity, sites, weight))
            continue
        for at in itertools.product(sites, repeat=n):
            if all(demand[np.array(at) == j].sum() <= capacity[j] for j in sites):
                best = min(best, sum(total[i, j] for i, j in enumerate(at)))
    return best


def _transport(cost, demand, capacity, sites, weight):
    """Shares of rows by a linear programme."""
    n, k = len(demand), len(sites)
    given = priced(cost, weight)[:, list(sites)].ravel()
    reachable = np.isfinite(given)
    serve = np.kron(np.eye(n), np.ones(k))
    hold = np.hstack([demand[i] * np.eye(k) for i in range(n)])
    bounds = [(0, 1) if one else (0, 0) for one in reachable]
    found = linprog(
        np.where(reachable, given, 0), hold, capacity[list(sites)], serve, np.ones(n), bounds
    )
    return found.fun if found.status == 0 else np.inf


def best_cover(cost, demand, capacity, p, *, weight, divided):
    n, m = cost.shape
    best = 0.0
    for sites in itertools.combinations(range(m), p):
        if divided:
            near = np.isfinite(cost[:, list(sites)])
            hold = np.hstack([demand[i] * np.eye(p) for i in range(n)])
            serve = np.kron(np.eye(n), np.ones(p))
            upper = np.concatenate([capacity[list(sites)], np.ones(n)])
            bounds = [(0, 1) if one else (0, 0) for one in near.ravel()]
            value = -np.repeat(weight, p)
            found = linprog(value, np.vstack([hold, serve]), upper, bounds=bounds)
            best = max(best, -found.fun)
            continue
        for at in itertools.product((None, *sites), repeat=n):
            inside = all(j is None or np.isfinite(cost[i, j]) for i, j in enumerate(at))
            if inside and all(
                sum(demand[i] for i in range(n) if at[i] == j) <= capacity[j] for j in sites
            ):
                best = max(best, sum(weight[i] for i in range(n) if at[i] is not None))
    return best


def check_answer(answer, cost, capacity, p):
    """Whatever an answer says of its value: it must keep the rules."""
    assert len(answer.sites) == p
    assert (answer.load <= capacity * (1 + 1e-9) + 1e-9).all()
    closed = np.setdiff1d(np.arange(len(capacity)), answer.sites)
    assert (answer.load[closed] == 0).all()
    assert set(answer.service["site"]) <= set(answer.sites.tolist())
    assert np.isfinite(cost[answer.service["demand"], answer.service["site"]]).all()
    shares = answer.service.groupby("demand")["share"].sum()
    assert (shares <= 1 + 1e-9).all()


@few
@given(seeds, st.booleans())
def test_the_median_equals_brute_force(seed, divided):
    cost, demand, capacity, p = small_case(seed)
    best = best_median(cost, demand, capacity, p, weight=demand, divided=divided)
    if not np.isfinite(best):
        with pytest.raises(InfeasibleError):
            capacitated_p_median(cost, demand, capacity, p, divided=divided)
        return
    answer = capacitated_p_median(cost, demand, capacity, p, divided=divided, effort=PATIENT)
    assert answer.status == Status.PROVEN_OPTIMAL
    assert answer.value == pytest.approx(best)
    check_answer(answer, cost, capacity, p)
    assert answer.service.groupby("demand")["share"].sum().to_numpy() == pytest.approx(
        np.ones(len(demand))
    )


@few
@given(seeds, st.booleans())
def test_a_median_with_weights_of_its_own_equals_brute_force(seed, divided):
    cost, demand, capacity, p = small_case(seed, tight=1.6)
    weight = np.random.default_rng(seed + 1).uniform(0, 3, len(demand))
    best = best_median(cost, demand, capacity, p, weight=weight, divided=divided)
    if np.isfinite(best) and (demand > 0).all():
        answer = capacitated_p_median(
            cost, demand, capacity, p, weight=weight, divided=divided, effort=PATIENT
        )
        assert answer.value == pytest.approx(best)
        assert answer.bound <= best + 1e-6


@few
@given(seeds, st.booleans())
def test_the_cover_equals_brute_force(seed, divided):
    cost, demand, capacity, p = small_case(seed, tight=0.8)
    best = best_cover(cost, demand, capacity, p, weight=demand, divided=divided)
    answer = capacitated_max_cover(
        Pairs.from_matrix(cost), demand, capacity, p, divided=divided, effort=PATIENT
    )
    assert answer.status == Status.PROVEN_OPTIMAL
    assert answer.value == pytest.approx(best)
    check_answer(answer, cost, capacity, p)


@few
@given(seeds, st.booleans())
def test_a_cover_with_weights_of_its_own_equals_brute_force(seed, divided):
    cost, demand, capacity, p = small_case(seed, tight=0.8)
    demand = demand + 1
    weight = np.random.default_rng(seed + 1).uniform(0, 3, len(demand))
    best = best_cover(cost, demand, capacity, p, weight=weight, divided=divided)
    answer = capacitated_max_cover(
        Pairs.from_matrix(cost), demand, capacity, p, weight=weight, divided=divided
    )
    assert answer.value == pytest.approx(best)
    assert answer.bound >= best - 1e-6


@few
@given(seeds)
def test_forced_sites_are_open_and_forbidden_ones_closed(seed):
    cost, demand, capacity, p = small_case(seed, tight=3.0)
    cost[~np.isfinite(cost)] = 40.0
    m = len(capacity)
    must, must_not = [0], [m - 1] if p < m else []
    try:
        answer = capacitated_p_median(
            cost, demand, capacity, p, must=must, must_not=must_not, effort=PATIENT
        )
    except InfeasibleError:
        return
    assert 0 in answer.sites
    assert not set(must_not) & set(answer.sites.tolist())
    freely = capacitated_p_median(cost, demand, capacity, p, effort=PATIENT)
    assert freely.value <= answer.value


@given(seeds)
@settings(max_examples=15, deadline=None)
def test_middle_sizes_equal_a_plain_programme(seed):
    rng = np.random.default_rng(seed)
    n, m, p = 30, 8, 3
    place, site = rng.random((n, 2)), rng.random((m, 2))
    cost = np.round(100 * np.hypot(*(place[:, None] - site[None]).transpose(2, 0, 1)))
    demand = rng.integers(1, 20, n).astype(float)
    capacity = np.full(m, np.ceil(demand.sum() / p * 1.15))
    answer = capacitated_p_median(cost, demand, capacity, p, effort=PATIENT)
    assert answer.status == Status.PROVEN_OPTIMAL
    assert answer.value == pytest.approx(_plain(cost * demand[:, None], demand, capacity, p))


def _plain(cost, demand, capacity, p):
    n, m = cost.shape
    serve = np.hstack([np.zeros((n, m)), np.kron(np.eye(n), np.ones(m))])
    hold = np.hstack([-np.diag(capacity), *(demand[i] * np.eye(m) for i in range(n))])
    number = np.concatenate([np.ones(m), np.zeros(n * m)])[None]
    found = milp(
        np.concatenate([np.zeros(m), cost.ravel()]),
        constraints=[
            LinearConstraint(serve, 1, 1),
            LinearConstraint(hold, -np.inf, 0),
            LinearConstraint(number, p, p),
        ],
        integrality=np.ones(m + n * m),
        bounds=(0, 1),
        options={"mip_rel_gap": 0.0},
    )
    return found.fun


@few
@given(seeds)
def test_the_division_of_demand_is_a_cheapest_one(seed):
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(1, 8)), int(rng.integers(1, 5))
    near = rng.random((n, k)) < 0.7
    cost = rng.integers(0, 20, (n, k)).astype(float)
    demand = rng.integers(0, 9, n).astype(float)
    capacity = rng.integers(1, 15, k).astype(float)
    price = rng.integers(5, 60, n).astype(float)
    start = np.concatenate([[0], np.cumsum(near.sum(axis=1))])
    where = np.nonzero(near)[1]
    flow, unserved = divide_demand(start, where, cost[near], demand, capacity, price)
    row = np.nonzero(near)[0]
    e = len(where)
    serve, hold = np.zeros((n, e + n)), np.zeros((k, e + n))
    serve[row, np.arange(e)] = 1
    serve[np.arange(n), e + np.arange(n)] = 1
    hold[where, np.arange(e)] = 1
    plain = linprog(np.concatenate([cost[near], price]), hold, capacity, serve, demand)
    assert flow @ cost[near] + unserved @ price == pytest.approx(plain.fun)
    np.testing.assert_allclose(np.bincount(row, flow, minlength=n) + unserved, demand)


def test_a_run_that_is_stopped_says_how_far_it_may_be_from_the_best():
    rng = np.random.default_rng(5)
    n, m, p = 300, 40, 8
    cost = np.round(
        1000 * np.abs(rng.random((n, 1)) - rng.random((1, m))) + rng.random((n, m)) * 99
    )
    demand = rng.integers(1, 30, n).astype(float)
    capacity = np.full(m, np.ceil(demand.sum() / p * 1.03))
    answer = capacitated_p_median(cost, demand, capacity, p, effort=Effort(seconds=0.4))
    assert answer.status in {Status.WITHIN_BOUND, Status.PROVEN_OPTIMAL}
    assert answer.bound <= answer.value
    check_answer(answer, cost, capacity, p)
    longer = capacitated_p_median(cost, demand, capacity, p, effort=Effort(seconds=6))
    assert answer.bound <= longer.value <= answer.value
    assert longer.bound >= answer.bound


def test_a_cancelled_run_returns_what_it_has():
    rng = np.random.default_rng(6)
    cost = np.round(1000 * rng.random((200, 30)))
    demand = rng.integers(1, 30, 200).astype(float)
    capacity = np.full(30, np.ceil(demand.sum() / 6 * 1.02))
    calls = []

    def stop():
        calls.append(1)
        return len(calls) > 3

    answer = capacitated_p_median(cost, demand, capacity, 6, cancel=stop)
    assert answer.status == Status.CANCELLED
    check_answer(answer, cost, capacity, 6)


def test_more_capacity_never_costs_more():
    cost, demand, capacity, p = small_case(11, tight=2.0)
    cost[~np.isfinite(cost)] = 50.0
    values = [
        capacitated_p_median(cost, demand, capacity * grown, p).value for grown in (1.0, 1.5, 4.0)
    ]
    assert values == sorted(values, reverse=True)


def test_rows_that_no_site_can_hold_are_named():
    with pytest.raises(InfeasibleError, match="rows 1") as error:
        capacitated_p_median([[1, 2], [1, 2]], [3, 9], [5, 5], 2)
    assert "第 1 行" in error.value.message_zh


def test_too_little_capacity_in_all_is_said_with_the_number_of_sites_it_takes():
    with pytest.raises(InfeasibleError, match="at least 3 sites"):
        capacitated_p_median(np.ones((4, 4)), [5, 5, 5, 5], [8, 8, 8, 8], 2)


def test_a_corner_that_is_too_crowded_is_named_with_its_sites():
    near = np.array([[1, np.inf], [1, np.inf], [2, 1]])
    with pytest.raises(InfeasibleError, match=r"rows 0, 1, sites 0"):
        capacitated_p_median(near, [4, 4, 1], [6, 9], 2)


def test_wholes_that_cannot_be_packed_are_said_to_be_so():
    with pytest.raises(InfeasibleError, match="each as a whole"):
        capacitated_p_median(np.ones((3, 2)), [4, 4, 4], [6, 6], 2)
    answer = capacitated_p_median(np.ones((3, 2)), [4, 4, 4], [6, 6], 2, divided=True)
    assert answer.load.tolist() == [6.0, 6.0]


def test_amounts_that_make_no_sense_are_refused_by_row():
    with pytest.raises(InputError, match="`demand` row 1"):
        capacitated_p_median(np.ones((2, 2)), [1, -1], [5, 5], 1)
    with pytest.raises(InputError, match="`capacity` has shape"):
        capacitated_p_median(np.ones((2, 2)), [1, 1], [5], 1)
    with pytest.raises(InfeasibleError, match="p is 3"):
        capacitated_p_median(np.ones((2, 2)), [1, 1], [5, 5], 3)


def test_a_gap_that_is_good_enough_is_never_called_a_proof():
    cost = np.array([
        [0.1, 1.3, 1.5, 1.8], [0.6, 0.4, 1.3, 0.2], [1.2, 1.1, 1.6, 1.6],
        [1.6, 0.4, 1.2, 0.0], [0.2, 1.1, 1.9, 1.8], [1.4, 0.9, 0.7, 0.1],
    ])  # fmt: skip
    demand = np.array([0.006, 0.006, 0.005, 0.004, 0.006, 0.007])
    capacity = np.array([0.004, 0.011, 0.003, 0.005])
    best = best_cover(cost, demand, capacity, 2, weight=demand, divided=False)
    for gap_share in (0.05, 0.3):
        answer = capacitated_max_cover(
            Pairs.from_matrix(cost), demand, capacity, 2, divided=False,
            effort=replace(PATIENT, gap_share=gap_share),
        )  # fmt: skip
        assert answer.bound >= best * (1 - 1e-9)
        assert answer.gap_share <= gap_share
        assert answer.status != Status.PROVEN_OPTIMAL or answer.value == pytest.approx(best)


@pytest.mark.parametrize("seed", [3, 48, 90])
def test_ways_are_ruled_out_only_where_even_a_little_of_them_costs_too_much(seed):
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(2, 7)), int(rng.integers(2, 6))
    p = int(rng.integers(1, m + 1))
    cost, demand = rng.random((n, m)) * 20, rng.integers(1, 8, n) * 1.0
    capacity = rng.integers(3, 16, m) * 1.0
    best = best_median(cost, demand, capacity, p, weight=demand, divided=True)
    if not np.isfinite(best):
        return
    pairs = Pairs.from_matrix(cost)
    total = np.repeat(demand, pairs.counts) * pairs.cost
    case = case_of(
        pairs, total, np.full(n, np.inf), demand, capacity, p,
        must=(), must_not=(), divided=True,
    )  # fmt: skip
    dual = climb(case, Judge(case), Watch(PATIENT))
    may_open, must_open, may_use = open_ways(case, dual, best * 1.002)
    left = np.full((n, m), np.inf)
    left[case.row[may_use], case.site[may_use]] = cost[case.row[may_use], case.site[may_use]]
    again = min(
        _transport(left, demand, capacity, sites, demand)
        for sites in itertools.combinations(np.flatnonzero(may_open).tolist(), p)
        if set(np.flatnonzero(must_open)) <= set(sites)
    )
    assert again == pytest.approx(best)


def test_sums_that_are_whole_but_for_rounding_fit_in_the_bound_as_well():
    pairs = Pairs.from_matrix([[1.0, 9.0], [1.0, 9.0]])
    demand, capacity = np.array([0.1, 0.2]), np.array([0.3, 0.3])
    case = case_of(
        pairs, pairs.cost * 1.0, np.full(2, np.inf), demand, capacity, 1,
        must=(), must_not=(), divided=False,
    )  # fmt: skip
    assert climb(case, Judge(case), Watch(PATIENT)).bound <= 2 * (1 + 1e-6)


def test_where_time_ended_first_nobody_says_that_it_cannot_be(monkeypatch):
    stopped = Solved(None, np.zeros(6), np.inf, -np.inf, infeasible=False, ended=False)
    monkeypatch.setattr(models, "solve_programme", lambda *_, **__: stopped)
    with pytest.raises(InfeasibleError, match="not found in the time given") as error:
        capacitated_p_median(np.ones((3, 2)), [4, 4, 4], [6, 6], 2)
    assert "也未证明没有" in error.value.message_zh


@pytest.mark.parametrize("name", ["must", "must_not", "start"])
def test_rows_of_sites_that_are_none_are_refused(name):
    for wrong in ([1.5], [7], [-1]):
        with pytest.raises(InputError, match=f"`{name}`"):
            capacitated_p_median(np.ones((2, 2)), [1, 1], [5, 5], 1, **{name: wrong})


def test_what_the_wish_to_stop_raises_within_the_solver_comes_through():
    rng = np.random.default_rng(8)
    cost, demand = np.round(1000 * rng.random((60, 12))), rng.integers(1, 30, 60).astype(float)
    capacity = np.full(12, np.ceil(demand.sum() / 4 * 1.02))
    pairs = Pairs.from_matrix(cost)
    case = case_of(
        pairs, np.repeat(demand, pairs.counts) * pairs.cost, np.full(60, np.inf), demand, capacity,
        4, must=(), must_not=(), divided=False,
    )  # fmt: skip

    def gone():
        raise ConnectionError("the reader went away")

    with pytest.raises(ConnectionError, match="went away"):
        solve_programme(case, Watch(PATIENT, cancel=gone))
