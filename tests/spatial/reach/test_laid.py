import numpy as np
import pandas as pd
import pytest
from towns import town

from spatial.errors import LayerError
from spatial.gaps import access_on_network
from spatial.reach import lay_points, lay_streets, reached_nodes, reached_points, weighted_sums


@pytest.fixture(scope="module")
def market():
    _, network, _, origins, points = town(np.random.default_rng(7), 5)
    return network, origins, points


def people(points):
    return pd.Series(np.arange(1.0, len(points) + 1), index=points.ids, name="persons")


def answers(network, origins, points, every, *, ids, by):
    """All that is asked of points, as arrays."""
    persons, seats = people(ids[1]), people(ids[0])
    sums = weighted_sums(network, origins, points, persons.to_frame(), cutoff_m=400, by=by)
    around = weighted_sums(network, every, points, persons.to_frame(), cutoff_m=400, by=by)
    nodes = reached_nodes(network, origins, cutoff_m=400, by=by)
    there = reached_points(network, origins, points, cutoff_m=400, by=by)
    back = reached_points(network, origins, points, cutoff_m=400, by=by, towards=True)
    access = access_on_network(network, points, persons, origins, seats, cutoff_m=400, by=by)
    reached = [part for one in (nodes, there, back) for part in (one.start, one.target, one.cost)]
    return [sums, around, *reached, access.access, access.ratio, access.load]


@pytest.mark.parametrize("by", ["distance", "time"])
def test_points_laid_out_beforehand_get_the_answers_of_points_that_are_not(market, by):
    network, origins, points = market
    ids = (origins, points)
    expected = answers(network, origins, points, None, ids=ids, by=by)
    streets = lay_streets(network, by=by)
    laid = [lay_points(streets, each) for each in (origins, points, None)]
    for ready in (streets, network):
        for _ in range(2):
            found = answers(ready, *laid, ids=ids, by=by)
            for one, two in zip(found, expected, strict=True):
                np.testing.assert_array_equal(one, two)


def test_points_laid_out_on_other_streets_are_laid_out_anew(market):
    network, origins, points = market
    elsewhere = [lay_points(lay_streets(network, by="time"), p) for p in (origins, points)]
    found = reached_points(network, *elsewhere, cutoff_m=400)
    expected = reached_points(network, origins, points, cutoff_m=400)
    np.testing.assert_array_equal(found.cost, expected.cost)
    assert (expected.cost > 0).any()


def test_points_are_laid_out_once(market):
    network, origins, _ = market
    laid = lay_points(network, origins)
    assert laid.ends is laid.ends
    assert lay_points(laid.streets, laid) is laid


def test_every_node_is_no_point_that_is_walked_to(market):
    network, origins, _ = market
    with pytest.raises(LayerError, match="Give attached points"):
        reached_points(network, origins, lay_points(network, None), cutoff_m=100)
