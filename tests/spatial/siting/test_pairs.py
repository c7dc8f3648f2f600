"""Pairs hold what a matrix or the walking network says, nearest first."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import distances_mm, split_graph
from towns import towns

from spatial.errors import InfeasibleError, InputError
from spatial.siting.pairs import Pairs, pairs_on_network

FEW = settings(max_examples=25, deadline=None, derandomize=True)


@st.composite
def matrices(draw):
    n, m = draw(st.integers(0, 7)), draw(st.integers(1, 7))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    cost = rng.integers(0, 9, (n, m)).astype(float)
    cost[rng.random((n, m)) < draw(st.sampled_from([0.0, 0.4]))] = np.inf
    if draw(st.booleans()):
        cost += 0.25
    return cost


def dense(pairs):
    cost = np.full((len(pairs), pairs.site_count), np.inf)
    for row in range(len(pairs)):
        part = slice(pairs.start[row], pairs.start[row + 1])
        cost[row, pairs.site[part]] = pairs.cost[part]
    return cost


def assert_nearest_first(pairs):
    for row in range(len(pairs)):
        part = slice(pairs.start[row], pairs.start[row + 1])
        listed = list(zip(pairs.cost[part].tolist(), pairs.site[part].tolist(), strict=True))
        assert listed == sorted(listed)


@FEW
@given(matrices())
def test_a_matrix_comes_back_and_its_pairs_stand_nearest_first(cost):
    pairs = Pairs.from_matrix(cost)
    np.testing.assert_array_equal(dense(pairs), cost)
    assert_nearest_first(pairs)


@FEW
@given(matrices())
def test_turning_twice_changes_nothing(cost):
    turned = Pairs.from_matrix(cost).transposed()
    np.testing.assert_array_equal(dense(turned), cost.T)
    assert_nearest_first(turned)
    np.testing.assert_array_equal(dense(turned.transposed()), cost)


@FEW
@given(matrices(), st.integers(0, 9))
def test_a_table_in_any_order_gives_the_pairs_of_its_matrix(cost, cutoff):
    row, site = np.nonzero(np.isfinite(cost))
    order = np.random.default_rng(len(row)).permutation(len(row))
    table = Pairs.from_table(
        np.concatenate([row[order], row]), np.concatenate([site[order], site]),
        np.concatenate([cost[row, site][order], cost[row, site] + 1]),
        demand_count=cost.shape[0], site_count=cost.shape[1],
    )  # fmt: skip
    np.testing.assert_array_equal(dense(table), cost)
    near = np.where(cost <= cutoff, cost, np.inf)
    np.testing.assert_array_equal(dense(table.within(cutoff)), near)
    np.testing.assert_array_equal(dense(Pairs.from_matrix(cost, cutoff=cutoff)), near)
    allowed = np.arange(cost.shape[1]) % 2 == 0
    np.testing.assert_array_equal(dense(table.of_sites(allowed)), np.where(allowed, cost, np.inf))


def test_whole_numbers_stay_whole_and_large_ones_are_not_cut():
    assert Pairs.from_matrix(np.array([[1, 2]])).cost.dtype == np.int32
    large = Pairs.from_matrix(np.array([[2**40, 1]]))
    assert large.cost.tolist() == [1.0, float(2**40)]


def test_wrong_input_is_refused_with_its_row():
    with pytest.raises(InputError, match="demand row 1 is -2"):
        Pairs.from_matrix([[1, 2], [3, -2]])
    with pytest.raises(InputError, match="`site` row 0 is 4"):
        Pairs.from_table([0], [4], [1], demand_count=1, site_count=3)
    with pytest.raises(InputError, match="dimensions"):
        Pairs.from_matrix([1, 2])


def test_rows_without_a_site_are_named():
    pairs = Pairs.from_matrix([[1, 2], [np.inf, np.inf], [3, 3]])
    pairs.require_all_in_reach(np.array([True, False, True]))
    with pytest.raises(InfeasibleError, match="rows 1\\."):
        pairs.require_all_in_reach()


@FEW
@given(towns())
def test_pairs_on_the_network_are_the_walks_of_networkx(drawn):
    _, network, _, demand, sites = drawn
    graph = split_graph(network, demand, sites)
    for number, (origins, goals) in enumerate(((demand, sites), (sites, demand))):
        pairs = pairs_on_network(network, origins, goals, cutoff_m=350.0)
        assert (len(pairs), pairs.site_count) == (len(origins), len(goals))
        assert_nearest_first(pairs)
        found = dense(pairs)
        for row in range(len(origins)):
            costs = distances_mm(graph, number, row)
            walk = np.array([costs.get((1 - number, k), np.inf) for k in range(len(goals))])
            np.testing.assert_array_equal(found[row], np.where(walk <= 350_000, walk, np.inf))


@pytest.mark.parametrize("cost", [np.inf, np.nan, -1.0])
def test_a_pair_of_a_table_costs_something_that_can_be_summed(cost):
    with pytest.raises(InputError, match="finite, 0 or more"):
        Pairs.from_table([0, 0], [0, 1], [1.0, cost], demand_count=1, site_count=2)
