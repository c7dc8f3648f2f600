"""Laws of the maximal cover, against brute force on small worlds, and known optima."""

from __future__ import annotations

import csv
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.errors import InfeasibleError, InputError
from spatial.siting.answer import Effort, Status
from spatial.siting.covering import Budget, max_cover
from spatial.siting.covering.exchange import Exchange
from spatial.siting.covering.settle import Left, join_alike, show_bound
from spatial.siting.pairs import Pairs
from spatial.siting.signatures import cover_of


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def pairs_of(reach):
    return Pairs.from_matrix(np.where(reach, np.arange(reach.shape[1]), np.inf))


def random_reach(rng, n, m, share):
    return rng.random((n, m)) < share


@st.composite
def worlds(draw, rows=9, sites=8):
    n, m = draw(st.integers(1, rows)), draw(st.integers(1, sites))
    bits = draw(st.lists(st.integers(0, 2**m - 1), min_size=n, max_size=n))
    reach = np.array([[bool(b >> j & 1) for j in range(m)] for b in bits])
    whole = draw(st.booleans())
    kinds = st.integers(0, 9) if whole else st.floats(0, 9, width=16)
    weight = draw(st.lists(kinds, min_size=n, max_size=n))
    return reach, np.array(weight, dtype=float)


def most(reach, weight, cost, budget, must=(), must_not=()):
    m = reach.shape[1]
    best = -np.inf
    for size in range(m + 1):
        for sites in combinations(range(m), size):
            if set(must) - set(sites) or set(must_not) & set(sites):
                continue
            if cost[list(sites)].sum() <= budget:
                best = max(best, weight[reach[:, list(sites)].any(axis=1)].sum())
    return best


@settings(max_examples=100, deadline=None)
@given(worlds(), st.data())
def test_so_many_sites_cover_what_brute_force_covers(world, data):
    reach, weight = world
    m = reach.shape[1]
    p = data.draw(st.integers(0, m))
    must = data.draw(st.sets(st.integers(0, m - 1), max_size=min(p, 2)))
    must_not = data.draw(st.sets(st.integers(0, m - 1), max_size=m - p)) - must
    found = max_cover(
        pairs_of(reach), weight, p, must=must, must_not=must_not, effort=Effort(seconds=120)
    )
    assert found.status == Status.PROVEN_OPTIMAL
    assert found.value == pytest.approx(most(reach, weight, np.ones(m), p, must, must_not))
    assert len(found.sites) == p
    assert must <= set(found.sites.tolist())
    assert not must_not & set(found.sites.tolist())
    assert found.value == weight[reach[:, found.sites].any(axis=1)].sum()


@settings(max_examples=100, deadline=None)
@given(worlds(), st.data())
def test_a_budget_buys_what_brute_force_buys_and_is_kept(world, data):
    reach, weight = world
    m = reach.shape[1]
    kinds = data.draw(st.sampled_from([st.integers(0, 6), st.floats(0, 6, width=16)]))
    cost = np.array(data.draw(st.lists(kinds, min_size=m, max_size=m)), dtype=float)
    budget = data.draw(st.integers(0, 12))
    found = max_cover(pairs_of(reach), weight, Budget(cost, budget), effort=Effort(seconds=120))
    assert found.status == Status.PROVEN_OPTIMAL
    assert found.value == pytest.approx(most(reach, weight, cost, budget))
    assert cost[found.sites].sum() <= budget * (1 + 1e-9)


@settings(max_examples=60, deadline=None)
@given(worlds(), st.data())
def test_no_shares_whatever_bound_below_the_best(world, data):
    reach, weight = world
    m = reach.shape[1]
    p = data.draw(st.integers(1, m))
    pairs = pairs_of(reach)
    none = np.zeros(0, dtype=np.int64)
    left = Left(
        cover_of(pairs.start, pairs.site, m), weight, np.ones(m), float(p), np.arange(m), none, 0.0
    )
    left, _ = join_alike(left)
    if not len(left.sites):
        return
    share = left.weight * data.draw(st.floats(0, 1))
    for rounds in (1, 5, 100):
        shown = show_bound(left, share, 0.0, rounds)
        assert shown.limit(left) >= most(reach, weight, np.ones(m), p) * (1 - 1e-12)


def test_the_search_keeps_its_books(rng):
    reach = random_reach(rng, 80, 30, 0.12)
    weight = rng.integers(1, 20, 80).astype(float)
    cost = rng.integers(1, 5, 30).astype(float)
    pairs = pairs_of(reach)
    cover = cover_of(pairs.start, pairs.site, 30)
    search = Exchange(cover, weight, cost, 14.0, np.zeros(30, dtype=bool), seed=3, price=1.0)
    for _ in range(60):
        search.go(20, warm=10.0, cold=5.0)
        count, _, loss, is_open = search._state
        members, others, sizes, _ = search._lists
        assert sorted(members[: sizes[0]]) == np.flatnonzero(is_open).tolist()
        assert sorted(others[: sizes[1]]) == np.flatnonzero(~is_open).tolist()
        assert count.tolist() == reach[:, is_open].sum(axis=1).tolist()
        assert search._now == weight[count > 0].sum()
        once = count == 1
        for j in np.flatnonzero(is_open):
            assert loss[j] == weight[once & reach[:, j]].sum()
        assert search._left[0] == pytest.approx(14.0 - cost[is_open].sum(), abs=1e-8)
        assert search.value == weight[reach[:, search.chosen].any(axis=1)].sum()


def test_more_sites_never_cover_less(rng):
    reach, weight = random_reach(rng, 120, 40, 0.06), rng.integers(1, 50, 120)
    values = [max_cover(pairs_of(reach), weight, p).value for p in range(0, 41, 5)]
    assert values == sorted(values)


def test_a_run_that_is_stopped_keeps_its_bound_and_never_says_optimal(rng):
    reach, weight = random_reach(rng, 3000, 400, 0.02), rng.integers(1, 90, 3000)
    for ask in ({"effort": Effort(seconds=0.05)}, {"cancel": lambda: True}):
        found = max_cover(pairs_of(reach), weight, 20, **ask)
        assert len(found.sites) == 20
        assert found.value < found.bound
        assert found.status == (Status.CANCELLED if "cancel" in ask else Status.WITHIN_BOUND)


def test_a_good_plan_to_begin_with_is_never_made_worse(rng):
    reach, weight = random_reach(rng, 200, 60, 0.05), rng.integers(1, 50, 200)
    best = max_cover(pairs_of(reach), weight, 8)
    twice = np.hstack([reach, reach])  # the same sites once more: the given ones are outdone
    for sites in (best.sites, best.sites + 60):
        again = max_cover(pairs_of(twice), weight, 8, start=sites, cancel=lambda: True)
        assert again.value == best.value


def test_what_cannot_be_is_said():
    pairs = pairs_of(np.ones((2, 3), dtype=bool))
    with pytest.raises(InfeasibleError, match="asks for 3 sites; only 2"):
        max_cover(pairs, [1, 1], 3, must_not=[0])
    with pytest.raises(InfeasibleError, match="number 2, more than 1"):
        max_cover(pairs, [1, 1], 1, must=[0, 1])
    with pytest.raises(InfeasibleError, match="cost 9, more than 5"):
        max_cover(pairs, [1, 1], Budget([9, 1, 1], 5), must=[0])
    with pytest.raises(InputError, match="`weight` row 1 is -1"):
        max_cover(pairs, [1, -1], 1)
    with pytest.raises(InputError, match=r"`p` is 1\.5"):
        max_cover(pairs, [1, 1], 1.5)


def test_the_same_call_gives_the_same_answer(rng):
    reach, weight = random_reach(rng, 200, 60, 0.04), rng.integers(1, 50, 200)
    one, two = (max_cover(pairs_of(reach), weight, 9) for _ in range(2))
    assert one.sites.tolist() == two.sites.tolist()


@pytest.mark.real
@pytest.mark.parametrize("name", ["SJC324", "SJC500"])
def test_all_known_optima_of_sao_jose_dos_campos_are_proven(shared_data, name):
    folder = shared_data / "bench" / "sjc-mclp"
    points = [
        [float(value) for value in line.split()[:3]]
        for line in (folder / f"{name}.txt").read_text().splitlines()[1:]
        if line.strip()
    ]
    xy, weight = np.array(points)[:, :2], np.array(points)[:, 2]
    apart = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    with (folder / "optima.csv").open() as file:
        known = [row for row in csv.DictReader(file) if row["instance"] == name]
    assert known
    pairs = Pairs.from_matrix(apart, cutoff=1600)
    for row in known:
        found = max_cover(pairs.within(float(row["radius"])), weight, int(row["p"]))
        assert (found.value, str(found.status)) == (float(row["optimum"]), "proven_optimal")


def test_the_unit_of_weights_and_money_changes_neither_the_sites_nor_the_proof():
    rng = np.random.default_rng(0)
    n, m = int(rng.integers(30, 80)), int(rng.integers(20, 50))
    rng.random((n, m))
    near = (rng.random((n, m)) < 0.12) | (np.arange(m) == rng.integers(0, m, n)[:, None])
    pairs = Pairs.from_matrix(np.where(near, 1, np.nan))
    cost, weight = rng.integers(3, 30, m) / 7, rng.integers(1, 50, n) / 7
    ask = {"effort": Effort(seconds=120)}
    plain = max_cover(pairs, weight, Budget(cost, cost.sum() / 6), **ask)
    tiny = max_cover(pairs, 1e-9 * weight, Budget(1e-9 * cost, 1e-9 * cost.sum() / 6), **ask)
    assert plain.status == tiny.status == Status.PROVEN_OPTIMAL
    assert 1e9 * tiny.value == pytest.approx(plain.value, rel=1e-9)
