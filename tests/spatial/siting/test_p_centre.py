"""Laws of the p-centre, against brute force on small worlds, and known optima."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import shortest_path

from spatial.errors import InfeasibleError
from spatial.siting.answer import Effort, Status
from spatial.siting.covering import max_cover, p_centre, set_cover
from spatial.siting.p_median import p_median
from spatial.siting.pairs import Pairs

PMED_CENTRES = (127, 98, 93, 74, 48, 84, 64, 55, 37, 20, 59, 51, 36, 26, 18, 47, 39, 28, 18, 13)
"""Optimal values of the p-centre on the OR-Library graphs pmed1 to pmed20, from the literature
(e.g. S. Elloumi, M. Labbé, Y. Pochet 2004, INFORMS Journal on Computing 16, 84-94)."""


def nearest_possible(cost, p, must=(), must_not=()):
    best = np.inf
    for sites in combinations(range(cost.shape[1]), p):
        if set(must) - set(sites) or set(must_not) & set(sites):
            continue
        best = min(best, cost[:, list(sites)].min(axis=1).max())
    return best


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_small_worlds_equal_brute_force(data):
    n, m = data.draw(st.integers(1, 8)), data.draw(st.integers(1, 7))
    kinds = data.draw(st.sampled_from([st.integers(0, 12), st.floats(0, 12, width=16)]))
    gaps = data.draw(st.booleans())
    values = st.one_of(kinds, st.just(np.inf)) if gaps else kinds
    rows = data.draw(st.lists(st.lists(values, min_size=m, max_size=m), min_size=n, max_size=n))
    cost = np.array(rows)
    p = data.draw(st.integers(1, m))
    must = data.draw(st.sets(st.integers(0, m - 1), max_size=min(p, 2)))
    must_not = data.draw(st.sets(st.integers(0, m - 1), max_size=m - p)) - must
    best = nearest_possible(cost, p, must, must_not)
    ask = {"must": must, "must_not": must_not, "effort": Effort(seconds=120)}
    if not np.isfinite(best):
        with pytest.raises(InfeasibleError):
            p_centre(cost, p, **ask)
        return
    found = p_centre(cost, p, **ask)
    assert (found.value, found.status) == (best, Status.PROVEN_OPTIMAL)
    assert len(found.sites) == p
    assert must <= set(found.sites.tolist())
    assert not must_not & set(found.sites.tolist())
    assert cost[:, found.sites].min(axis=1).max() == best
    assert cost[np.arange(n), found.assigned].max() == best


def test_one_more_site_never_takes_anybody_farther(town):
    values = [p_centre(town, p).value for p in range(1, 15)]
    assert values == sorted(values, reverse=True)


@pytest.fixture
def town():
    xy = np.random.default_rng(5).random((150, 2)) * 1000
    return np.rint(np.hypot(*(xy[:, None] - xy[None, :40]).transpose(2, 0, 1))).astype(int)


def test_a_run_that_is_stopped_has_a_plan_and_a_bound(town):
    best = p_centre(town, 6)
    stopped = p_centre(town, 6, cancel=lambda: True)
    assert stopped.status == Status.CANCELLED
    assert stopped.bound <= best.value <= stopped.value
    assert town[:, stopped.sites].min(axis=1).max() == stopped.value
    again = p_centre(town, 6, start=best.sites, cancel=lambda: True)
    assert again.value == best.value


def test_too_few_sites_for_the_reach_is_said(town):
    near = Pairs.from_matrix(town, cutoff=500)
    with pytest.raises(InfeasibleError, match="No 1 sites have every demand row in reach"):
        p_centre(near, 1)
    with pytest.raises(InfeasibleError, match="must lie between 2 and 40"):
        p_centre(town, 1, must=[0, 1])


@pytest.mark.real
@pytest.mark.parametrize("number", range(1, 21))
def test_known_centres_of_the_or_library_are_proven(shared_data, number):
    lines = (shared_data / "bench" / "pmed" / f"pmed{number}.txt").read_text().splitlines()
    n, _, p = map(int, lines[0].split())
    edges = pd.DataFrame([list(map(int, line.split())) for line in lines[1:] if line.strip()])
    ends = np.sort(edges[[0, 1]], axis=1) - 1
    edges = edges.assign(a=ends[:, 0], b=ends[:, 1]).drop_duplicates(["a", "b"], keep="last")
    graph = coo_array((edges[2], (edges.a, edges.b)), shape=(n, n)).tocsr()
    found = p_centre(shortest_path(graph, directed=False).astype(int), p)
    assert (found.value, str(found.status)) == (PMED_CENTRES[number - 1], "proven_optimal")


@pytest.mark.real
def test_published_values_of_san_francisco_are_reproduced(shared_data):
    folder = shared_data / "bench" / "spopt-sf"
    table = pd.read_csv(folder / "SF_network_distance_candidateStore_16_censusTract_205_new.csv")
    metres = table.pivot_table(index="DestinationName", columns="name", values="distance")
    weight = table.groupby("DestinationName")["demand"].first()
    assert metres.shape == (205, 16)
    centre = p_centre(metres.to_numpy(), 4)
    assert centre.value == pytest.approx(7403.0638, abs=5e-5)
    within = Pairs.from_matrix(metres.to_numpy(), cutoff=5000)
    assert set_cover(within).value == 8
    covered = max_cover(within, weight.to_numpy(), 4)
    assert covered.value == 875_247
    assert covered.value / weight.sum() == pytest.approx(0.91638, abs=5e-6)
    median = p_median(metres.to_numpy(), weight.to_numpy(), 4)
    assert median.value == pytest.approx(2_848_268_129.7145, abs=5e-5)
    assert {str(a.status) for a in (centre, covered, median)} == {"proven_optimal"}


def test_a_gap_is_one_of_distances_and_no_wider_than_was_asked_for():
    rng = np.random.default_rng(4)
    here, there = rng.random((60, 1, 2)), rng.random((1, 25, 2))
    walk_m = np.round(1000 * np.hypot(*np.moveaxis(here - there, -1, 0)))
    for gap_share in (0.02, 0.1, 0.3):
        found = p_centre(walk_m, 6, effort=Effort(seconds=120, gap_share=gap_share))
        assert found.gap_share <= gap_share


def test_where_nobody_is_nobody_is_far():
    found = p_centre(np.zeros((0, 3)), 2)
    assert (found.value, found.bound, len(found.sites)) == (0, 0, 2)
