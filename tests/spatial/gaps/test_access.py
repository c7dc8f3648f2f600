import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.errors import IndexMismatchError, LayerError
from spatial.gaps.access import (
    METHODS,
    access_on_network,
    enhanced_two_step,
    gravity_access,
    three_step,
    two_step,
)
from spatial.reach import reached_facilities
from spatial.reach.decays import exponential, gaussian_to_zero, inverse_power, steps, within

DECAY = steps([200, 400, 800], [1.0, 0.6, 0.2])


@st.composite
def markets(draw):
    """Draw demands, supplies and the walks between some of them."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    demands, supplies = rng.integers(1, 12), rng.integers(1, 8)
    demand = pd.Series(
        rng.integers(0, 500, demands) * rng.integers(0, 2, demands).clip(0, 1).astype(float),
        index=[f"d{i}" for i in range(demands)],
    )
    demand.iloc[0] = 100.0
    supply = pd.Series(
        rng.integers(0, 90, supplies).astype(float), index=[f"s{j}" for j in range(supplies)]
    )
    met = rng.random((demands, supplies)) < 0.6
    rows, columns = np.nonzero(met)
    travel = pd.DataFrame(
        {
            "demand_id": demand.index.to_numpy()[rows],
            "supply_id": supply.index.to_numpy()[columns],
            "distance_m": rng.integers(0, 1000, len(rows)).astype(float),
        }
    )
    return travel, demand, supply


def every_method(travel, demand, supply):
    return {
        "2SFCA": two_step(travel, demand, supply, limit=500),
        "E2SFCA": enhanced_two_step(travel, demand, supply, decay=DECAY),
        "Gaussian": enhanced_two_step(travel, demand, supply, decay=gaussian_to_zero(700)),
        "3SFCA": three_step(travel, demand, supply, decay=DECAY),
        "gravity": gravity_access(travel, demand, supply, decay=inverse_power(1.2, nearest=50)),
        "exponential": gravity_access(travel, demand, supply, decay=exponential(300)),
    }


@settings(max_examples=60, deadline=None, derandomize=True)
@given(markets())
def test_what_is_handed_out_is_the_supply_that_anybody_reaches(market):
    travel, demand, supply = market
    for name, answer in every_method(travel, demand, supply).items():
        handed_out = (answer.access * demand).where(demand > 0, 0.0).sum()
        np.testing.assert_allclose(handed_out, supply[answer.load > 0].sum(), err_msg=name)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(markets())
def test_one_more_seat_never_lowers_anyones_access(market):
    travel, demand, supply = market
    more = supply.copy()
    more.iloc[0] += 1
    before, after = every_method(travel, demand, supply), every_method(travel, demand, more)
    for name in before:
        assert (after[name].access.dropna() >= before[name].access.dropna()).all()


@settings(max_examples=30, deadline=None, derandomize=True)
@given(markets())
def test_the_formulas_hold_written_out_as_matrices(market):
    travel, demand, supply = market
    distance = np.full((len(demand), len(supply)), np.inf)
    distance[
        demand.index.get_indexer(travel["demand_id"]), supply.index.get_indexer(travel["supply_id"])
    ] = travel["distance_m"]
    f = DECAY(distance)
    with np.errstate(invalid="ignore", divide="ignore"):
        g = np.nan_to_num(f / f.sum(axis=1, keepdims=True))
        for weight, answer in (
            (f, enhanced_two_step(travel, demand, supply, decay=DECAY)),
            (f * g, three_step(travel, demand, supply, decay=DECAY)),
        ):
            ratio = supply.to_numpy() / (demand.to_numpy() @ weight)
            expected = np.where(weight > 0, weight * ratio, 0.0).sum(axis=1)
            known = demand.to_numpy() > 0
            np.testing.assert_allclose(answer.access.to_numpy()[known], expected[known])


def small():
    travel = pd.DataFrame(
        {
            "demand_id": ["a", "b", "b", "c"],
            "supply_id": ["f", "f", "g", "g"],
            "distance_m": [100.0, 200.0, 300.0, 900.0],
        }
    )
    return travel, pd.Series({"a": 100, "b": 300, "c": 50}), pd.Series({"f": 40, "g": 30})


def test_an_unknown_capacity_makes_access_unknown_where_it_is_reached_and_only_there():
    travel, demand, supply = small()
    supply = supply.astype("Float64")
    supply["g"] = pd.NA
    answer = two_step(travel, demand, supply, limit=500)
    assert answer.access.isna().to_dict() == {"a": False, "b": True, "c": False}
    assert answer.access["a"] == pytest.approx(0.1)
    assert answer.access["c"] == 0.0  # reaches nothing within the limit: none, and known


def test_an_unknown_demand_is_unknown_itself_and_nobody_to_the_others():
    travel, demand, supply = small()
    demand = demand.astype("Float64")
    demand["b"] = pd.NA
    answer = two_step(travel, demand, supply, limit=500)
    assert answer.access["a"] == pytest.approx(0.4)
    assert pd.isna(answer.access["b"])
    assert answer.load["f"] == 100


def test_where_nobody_lives_access_is_that_of_a_newcomer_unless_nobody_shares_at_all():
    travel, demand, supply = small()
    demand["b"] = 0
    answer = two_step(travel, demand, supply, limit=500)
    assert pd.isna(answer.access["b"])  # g has nobody to be shared among
    near = two_step(travel[travel["supply_id"] == "f"], demand, supply, limit=500)
    assert near.access["b"] == pytest.approx(0.4)


def test_nobody_reaching_anything_is_an_answer_too():
    travel, demand, supply = small()
    answer = two_step(travel.iloc[:0], demand, supply, limit=500)
    assert answer.access.tolist() == [0, 0, 0]
    assert answer.ratio.isna().all()


def test_pairs_given_twice_unknown_ids_and_negative_numbers_are_refused_by_name():
    travel, demand, supply = small()
    with pytest.raises(LayerError, match="'a', 'f' more than once"):
        two_step(pd.concat([travel, travel.iloc[:1]]), demand, supply, limit=500)
    with pytest.raises(IndexMismatchError, match=r"no row for \['c'\]"):
        two_step(travel, demand.drop("c"), supply, limit=500)
    with pytest.raises(LayerError, match="'g' is given twice, negative"):
        two_step(travel, demand, supply.replace(30, -30), limit=500)
    with pytest.raises(LayerError, match="distance_m"):
        two_step(travel.drop(columns="distance_m"), demand, supply, limit=500)
    assert list(METHODS) == ["two_step", "enhanced_two_step", "three_step", "gravity"]


def test_a_limit_holds_to_the_millimetre():
    travel, demand, supply = small()
    travel.loc[0, "distance_m"] = 500.0004
    assert two_step(travel, demand, supply, limit=500).access["a"] > 0
    travel.loc[0, "distance_m"] = 500.001
    assert two_step(travel, demand, supply, limit=500).access["a"] == 0
    assert within(500)([np.nan]).tolist() == [0.0]


@pytest.fixture(scope="module")
def town_of_five():
    sys.path.insert(0, str(Path(__file__).parents[1] / "reach"))
    sys.path.insert(0, str(Path(__file__).parents[1] / "network"))
    from towns import town

    return town(np.random.default_rng(11), 5)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("by", ["distance", "time"])
def test_on_a_network_access_is_that_of_the_travel_table(town_of_five, method, by):
    _, network, _, homes, places = town_of_five
    rng = np.random.default_rng(3)
    demand = pd.Series(rng.integers(1, 90, len(homes)), index=homes.ids)
    supply = pd.Series(rng.integers(1, 40, len(places)), index=places.ids)
    each = pd.Series(homes.ids, index=homes.ids, name="demand_id")
    kinds = pd.DataFrame({"facility_id": places.ids, "kind": "any"})
    table = reached_facilities(network, homes, each, places, kinds, cutoff_m=400, by=by)
    table = table.rename(columns={"facility_id": "supply_id"})
    column = "distance_m" if by == "distance" else "time_s"
    function = {
        "two_step": lambda: two_step(table, demand, supply, limit=400, cost=column),
        "enhanced_two_step": lambda: enhanced_two_step(
            table, demand, supply, decay=DECAY, cost=column
        ),
        "three_step": lambda: three_step(table, demand, supply, decay=DECAY, cost=column),
        "gravity": lambda: gravity_access(table, demand, supply, decay=DECAY, cost=column),
    }[method]()
    answer = access_on_network(
        network, homes, demand, places, supply,
        cutoff_m=400, decay=None if method == "two_step" else DECAY, method=method, by=by,
    )  # fmt: skip
    attached = homes.edge >= 0
    np.testing.assert_allclose(answer.access[attached], function.access[attached], rtol=1e-12)
    assert answer.access[~attached].isna().all()
    np.testing.assert_allclose(answer.ratio, function.ratio, rtol=1e-12)
    assert (answer.access > 0).any()
