from itertools import pairwise

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from oracle import distances_mm, fastest_ms, split_graph
from towns import town, towns

from spatial.errors import IndexMismatchError, LayerError, StandardsError
from spatial.network.attach import Attachments
from spatial.reach import weighted_sums
from spatial.reach.decays import (
    exponential,
    gaussian,
    gaussian_to_zero,
    inverse_power,
    linear,
    steps,
    within,
)
from spatial.reach.streets import lay_streets

FEW = settings(max_examples=25, deadline=None, derandomize=True)
CUTOFF_M = 350.0
DECAYS = {
    "near": within(120),
    "zones": steps([100, 200, 340], [1.0, 0.6, 0.2]),
    "linear": linear(300),
    "exponential": exponential(150),
    "gaussian": gaussian(130),
    "to zero": gaussian_to_zero(400),
    "power": inverse_power(1.5, nearest=40),
}


def weights_of(points):
    rng = np.random.default_rng(len(points))
    return pd.DataFrame(
        {
            "persons": rng.integers(0, 900, len(points)).astype(float),
            "area": rng.uniform(-1, 30, len(points)),
        },
        index=points.ids,
    )


def expected(costs, weights, decay, cutoff):
    """Sum over pairs, one after the other: costs by row of the points, in thousandths."""
    total = np.zeros(weights.shape[1])
    for row, cost in costs.items():
        if cost <= cutoff * 1000:
            total += weights.to_numpy()[row] * decay(cost / 1000)
    return total


@FEW
@given(towns())
def test_sums_from_places_on_edges_are_those_of_networkx(drawn):
    _, network, _, origins, points = drawn
    weights = weights_of(points)
    graph = split_graph(network, origins, points)
    sums = weighted_sums(network, origins, points, weights, cutoff_m=CUTOFF_M, decays=DECAYS)
    assert sums.index.equals(origins.ids)
    for row, origin in enumerate(origins.ids):
        if origins.edge[row] < 0:
            assert sums.loc[origin].isna().all()
            continue
        reach = distances_mm(graph, 0, row)
        costs = {key[1]: mm for key, mm in reach.items() if isinstance(key, tuple) and key[0] == 1}
        for name, decay in DECAYS.items():
            np.testing.assert_allclose(
                sums.loc[origin, name], expected(costs, weights, decay, CUTOFF_M), atol=1e-9
            )


@FEW
@given(towns())
def test_sums_from_every_node_are_those_of_networkx(drawn):
    _, network, _, _, points = drawn
    weights = weights_of(points)
    graph = split_graph(network, points)
    sums = weighted_sums(network, None, points, weights, cutoff_m=CUTOFF_M)
    assert len(sums) == network.node_count
    for node in range(network.node_count):
        reach = nx.single_source_dijkstra_path_length(graph, node, weight="mm")
        costs = {key[1]: mm for key, mm in reach.items() if isinstance(key, tuple) and key[0] == 0}
        np.testing.assert_allclose(
            sums.loc[node], expected(costs, weights, within(CUTOFF_M), CUTOFF_M), atol=1e-9
        )


@FEW
@given(towns())
def test_sums_by_time_are_those_of_the_fastest_ways(drawn):
    _, network, _, origins, points = drawn
    weights = weights_of(points)
    some = {"all": within(400), "gaussian": gaussian(200)}
    sums = weighted_sums(network, origins, points, weights, cutoff_m=400.0, decays=some, by="time")
    for row, origin in enumerate(origins.ids):
        if origins.edge[row] < 0:
            continue
        times = fastest_ms(network, origins, row, points)
        for name, decay in some.items():
            np.testing.assert_allclose(
                sums.loc[origin, name], expected(times, weights, decay, 400.0), atol=1e-9
            )


def grouped(points, size):
    """Let every `size` rows be ways of one place."""
    ids = pd.Index([f"g{row // size}" for row in range(len(points))])
    return Attachments(
        ids, points.edge, points.offset_mm, points.entry_mm, points.xy_m, points.why_not
    )


@FEW
@given(towns())
def test_a_place_with_several_ways_counts_once_by_its_best_way(drawn):
    _, network, _, origins, points = drawn
    homes, places = grouped(origins, 3), grouped(points, 4)
    weights = weights_of(places.take(np.arange(0, len(places), 4)))
    graph = split_graph(network, origins, points)
    some = {"all": within(1000), "exponential": exponential(200)}
    sums = weighted_sums(network, homes, places, weights, cutoff_m=CUTOFF_M, decays=some)
    for home, origin in enumerate(sums.index):
        rows = np.flatnonzero(homes.ids == origin)
        best = {}
        for row in rows[origins.edge[rows] >= 0]:
            for key, mm in distances_mm(graph, 0, int(row)).items():
                if isinstance(key, tuple) and key[0] == 1:
                    place = key[1] // 4
                    best[place] = min(best.get(place, mm), mm)
        if (origins.edge[rows] < 0).all():
            assert sums.iloc[home].isna().all()
            continue
        for name, decay in some.items():
            np.testing.assert_allclose(
                sums.loc[origin, name], expected(best, weights, decay, CUTOFF_M), atol=1e-9
            )


def test_sums_do_not_depend_on_the_order_of_points_and_origins_to_the_last_bit():
    rng = np.random.default_rng(5)
    _, network, _, origins, points = town(rng, 5)
    weights = weights_of(points)
    one = weighted_sums(network, origins, points, weights, cutoff_m=CUTOFF_M, decays=DECAYS)
    for _ in range(5):
        shuffled = points.take(rng.permutation(len(points)))
        starts = origins.take(rng.permutation(len(origins))[:5])
        again = weighted_sums(
            lay_streets(network), starts, shuffled, weights, cutoff_m=CUTOFF_M, decays=DECAYS
        )
        pd.testing.assert_frame_equal(again, one.loc[starts.ids], check_exact=True)


def test_a_longer_walk_never_finds_fewer_people():
    _, network, _, origins, points = town(np.random.default_rng(6), 5)
    weights = weights_of(points)[["persons"]]
    sums = [
        weighted_sums(network, origins, points, weights, cutoff_m=float(limit))["persons"]
        for limit in range(0, 600, 50)
    ]
    for shorter, longer in pairwise(sums):
        assert (longer.dropna() >= shorter.dropna()).all()


def test_weights_that_are_missing_or_of_other_points_are_refused_by_name():
    _, network, _, origins, points = town(np.random.default_rng(7), 3)
    weights = weights_of(points)
    with pytest.raises(IndexMismatchError, match="indexed by its id"):
        weighted_sums(network, origins, points, weights.iloc[1:], cutoff_m=100)
    weights.loc[points.ids[4], "area"] = np.nan
    with pytest.raises(LayerError, match="'area' has no number for 'f4'"):
        weighted_sums(network, origins, points, weights, cutoff_m=100)
    with pytest.raises(StandardsError, match="0 or more"):
        weighted_sums(network, origins, points, weights_of(points), cutoff_m=-1)
    with pytest.raises(StandardsError, match="too far"):
        weighted_sums(network, origins, points, weights_of(points), cutoff_m=2e6)


def test_zones_that_do_not_rise_and_scales_of_nothing_are_refused():
    with pytest.raises(StandardsError, match="rise"):
        steps([300, 200], [1, 0.5])
    with pytest.raises(StandardsError, match="fall"):
        steps([200, 300], [0.5, 1])
    with pytest.raises(StandardsError, match="more than 0"):
        gaussian(0)
