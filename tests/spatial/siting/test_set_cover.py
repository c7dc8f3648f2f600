"""Laws of the set cover, against brute force on small worlds."""

from __future__ import annotations

import importlib
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.errors import InfeasibleError, InputError
from spatial.siting.answer import Effort, Status
from spatial.siting.covering import set_cover
from spatial.siting.covering.reduction import reduce_cover
from spatial.siting.covering.set_cover_bound import UNIT, bound_of_prices
from spatial.siting.covering.weighting import CoverSearch, greedy_sites
from spatial.siting.pairs import Pairs
from spatial.siting.signatures import cover_of, same_rows


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def pairs_of(reach):
    """Pairs of a matrix of bools; the cost is the site's number, so the order is by site."""
    cost = np.where(reach, np.arange(reach.shape[1]), np.inf)
    return Pairs.from_matrix(cost)


@st.composite
def worlds(draw, rows=9, sites=8):
    n, m = draw(st.integers(1, rows)), draw(st.integers(1, sites))
    bits = draw(st.lists(st.integers(1, 2**m - 1), min_size=n, max_size=n))
    return np.array([[bool(b >> j & 1) for j in range(m)] for b in bits])


def cheapest(reach, cost, need, must=(), must_not=()):
    m = reach.shape[1]
    best = np.inf
    for size in range(m + 1):
        for sites in combinations(range(m), size):
            if set(must) - set(sites) or set(must_not) & set(sites):
                continue
            if (reach[:, list(sites)].sum(axis=1) >= need).all():
                best = min(best, cost[list(sites)].sum())
    return best


@settings(max_examples=120, deadline=None)
@given(worlds(), st.data())
def test_small_worlds_equal_brute_force(reach, data):
    n, m = reach.shape
    whole = data.draw(st.booleans())
    kinds = st.integers(0, 5) if whole else st.floats(0.25, 5, width=16)
    cost = np.array(data.draw(st.lists(kinds, min_size=m, max_size=m)), dtype=float)
    need = np.array(data.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)))
    must = data.draw(st.sets(st.integers(0, m - 1), max_size=1))
    must_not = data.draw(st.sets(st.integers(0, m - 1), max_size=1)) - must
    best = cheapest(reach, cost, need, must, must_not)
    ask = {"cost": cost, "times": need, "must": must, "must_not": must_not}
    if not np.isfinite(best):
        with pytest.raises(InfeasibleError):
            set_cover(pairs_of(reach), **ask)
        return
    found = set_cover(pairs_of(reach), **ask, effort=Effort(seconds=120))
    assert found.status == Status.PROVEN_OPTIMAL
    assert found.value == pytest.approx(best, rel=1e-9)
    assert (reach[:, found.sites].sum(axis=1) >= need).all()
    assert must <= set(found.sites.tolist())
    assert not must_not & set(found.sites.tolist())


@settings(max_examples=60, deadline=None)
@given(worlds(rows=12, sites=9))
def test_what_is_left_out_changes_no_optimum(reach):
    n, m = reach.shape
    pairs = pairs_of(reach)
    cost, need = np.ones(m), np.ones(n, dtype=np.int64)
    part = reduce_cover(cover_of(pairs.start, pairs.site, m), need, cost, np.ones(m, dtype=bool))
    left = np.zeros((part.cover.row_count, part.cover.site_count), dtype=bool)
    left[np.repeat(np.arange(len(left)), np.diff(part.cover.start)), part.cover.site] = True
    rest = cheapest(left, np.ones(left.shape[1]), np.ones(len(left)))
    assert len(part.opened) + rest == cheapest(reach, cost, need)


@settings(max_examples=60, deadline=None)
@given(worlds(), st.data())
def test_no_prices_whatever_lie_above_the_cheapest_cover(reach, data):
    n, m = reach.shape
    pairs = pairs_of(reach)
    prices = data.draw(st.lists(st.integers(0, 2 * UNIT), min_size=n, max_size=n))
    cover = cover_of(pairs.start, pairs.site, m)
    units = np.full(m, UNIT, dtype=np.int64)
    need = np.ones(n, dtype=np.int64)
    low, _ = bound_of_prices(cover.arrays, need, units, np.array(prices, dtype=np.int64))
    assert low <= UNIT * cheapest(reach, np.ones(m), need)


def test_the_search_keeps_its_books(rng):
    reach = rng.random((60, 25)) < 0.15
    reach[np.arange(60), rng.integers(0, 25, 60)] = True
    pairs = pairs_of(reach)
    cover = cover_of(pairs.start, pairs.site, 25)
    cost, need = rng.integers(1, 4, 25).astype(float), np.ones(60, dtype=np.int64)
    none = np.zeros(25, dtype=bool)
    search = CoverSearch(
        cover, need, cost, greedy_sites(cover.arrays, need, cost, none.copy()), none
    )
    for _ in range(40):
        search.go(3)
        is_open, score, _ = search._sites
        _, count, weight, _ = search._rows
        assert count.tolist() == reach[:, is_open].sum(axis=1).tolist()
        for j in range(25):
            wanted = weight[reach[:, j] & (count <= 1 if is_open[j] else count < 1)].sum()
            assert score[j] == wanted
        assert reach[:, search.chosen].any(axis=1).all()


def test_rows_with_one_hash_and_different_sites_stay_apart(rng):
    reach = rng.random((200, 6)) < 0.5
    start = np.concatenate([[0], np.cumsum(reach.sum(axis=1))])
    first, group = same_rows(start, np.nonzero(reach)[1])
    assert (reach[first][group] == reach).all()
    assert len(first) == len(np.unique(reach, axis=0))


def test_rows_that_nobody_can_cover_are_named():
    reach = np.array([[1, 0], [0, 0], [0, 1], [0, 0]], dtype=bool)
    with pytest.raises(InfeasibleError, match="rows 1, 3"):
        set_cover(pairs_of(reach))
    with pytest.raises(InfeasibleError, match=r"rows 1, 2, 3\. Row 1 needs 1 sites and has 0"):
        set_cover(pairs_of(reach), must_not=[1])


def test_a_site_cannot_be_forced_and_forbidden():
    reach = np.ones((2, 2), dtype=bool)
    with pytest.raises(InfeasibleError, match="Site 1"):
        set_cover(pairs_of(reach), must=[1], must_not=[1])
    with pytest.raises(InputError, match="names site 2"):
        set_cover(pairs_of(reach), must=[2])
    with pytest.raises(InputError, match=r"`times` row 1 is 1\.5"):
        set_cover(pairs_of(reach), times=[1, 1.5])


def test_a_run_that_is_stopped_never_says_optimal_below_its_bound(rng):
    reach = rng.random((400, 200)) < 0.03
    reach[np.arange(400), rng.integers(0, 200, 400)] = True
    for ask in ({"effort": Effort(seconds=0.02)}, {"cancel": lambda: True}):
        found = set_cover(pairs_of(reach), **ask)
        assert reach[:, found.sites].any(axis=1).all()
        assert found.bound <= found.value
        assert (found.status == Status.PROVEN_OPTIMAL) == (found.bound == found.value)
        assert found.status != Status.NO_BOUND


def test_a_good_plan_to_begin_with_is_never_made_worse(rng):
    reach = rng.random((300, 60)) < 0.08
    reach[np.arange(300), rng.integers(0, 60, 300)] = True
    best = set_cover(pairs_of(reach))
    twice = np.hstack([reach, reach])  # the same sites once more: the given ones are outdone
    for sites in (best.sites, best.sites + 60):
        again = set_cover(pairs_of(twice), start=sites, cancel=lambda: True)
        assert again.value == best.value


def test_everybody_gets_the_nearest_open_site():
    reach = np.array([[5, 2, 9], [1, 8, 9]])
    found = set_cover(Pairs.from_matrix(reach), must=[0, 1])
    assert found.assigned.tolist() == [1, 0]


def test_the_same_call_gives_the_same_answer(rng):
    reach = rng.random((300, 60)) < 0.08
    reach[np.arange(300), rng.integers(0, 60, 300)] = True
    one, two = (set_cover(pairs_of(reach)) for _ in range(2))
    assert one.sites.tolist() == two.sites.tolist()


@pytest.mark.parametrize("size", [1e-9, 1.0, 1e13])
def test_proofs_hold_for_tiny_and_huge_costs_even_where_the_search_finds_nothing(monkeypatch, size):
    module = importlib.import_module("spatial.siting.covering.set_cover")
    monkeypatch.setattr(module, "ROUNDS", 1)
    monkeypatch.setattr(module, "greedy_sites", lambda *a: np.ones(len(a[2]), dtype=bool))
    monkeypatch.setattr(module._Work, "search", lambda *_: None)
    for seed in range(12):
        rng = np.random.default_rng(seed)
        near = rng.random((8, 7)) < 0.4
        near[np.arange(8), rng.integers(0, 7, 8)] = True
        cost = size * rng.integers(1, 9, 7)
        best = min(
            cost[list(sites)].sum()
            for count in range(1, 8)
            for sites in combinations(range(7), count)
            if near[:, list(sites)].any(axis=1).all()
        )
        pairs = Pairs.from_matrix(np.where(near, 1, np.nan))
        found = set_cover(pairs, cost=cost, effort=Effort(seconds=120))
        assert found.status == Status.PROVEN_OPTIMAL
        assert found.value == pytest.approx(best, rel=1e-9)
