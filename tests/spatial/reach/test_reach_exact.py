from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from oracle import distances_mm, fastest_ms, split_graph
from towns import WALKING, town, towns
from walking_worlds import CRS, line, places, world

from spatial.errors import IndexMismatchError, StandardsError
from spatial.network import Obstacles, attach_points, build_network
from spatial.reach import (
    nearest_facilities,
    path_between,
    reached_facilities,
    walk_between,
)

FEW = settings(max_examples=25, deadline=None, derandomize=True)
CUTOFF_M = 350.0


def kinds_of(facilities):
    kinds = [("even" if row % 2 else "odd") for row in range(len(facilities))]
    frame = pd.DataFrame({"facility_id": facilities.ids, "kind": kinds})
    twice = pd.DataFrame({"facility_id": facilities.ids[:3], "kind": "special"})
    return pd.concat([frame, twice], ignore_index=True)


def mm(metres):
    return np.round(np.asarray(metres) * 1000).astype(int)


@FEW
@given(towns())
def test_every_nearest_facility_and_its_distance_is_that_of_networkx(drawn):
    _, network, _, origins, facilities = drawn
    kinds = kinds_of(facilities)
    graph = split_graph(network, origins, facilities)
    answer = nearest_facilities(network, origins, facilities, kinds, cutoff_m=CUTOFF_M)
    found = {(row.origin_id, row.kind): row for row in answer.itertuples()}
    assert len(found) == len(answer)
    for origin, origin_id in enumerate(origins.ids):
        reach = distances_mm(graph, 0, origin)
        for kind, group in kinds.groupby("kind"):
            rows = facilities.ids.get_indexer(group["facility_id"])
            near = {row: reach[1, row] for row in rows if (1, row) in reach}
            best = min(near.values(), default=np.inf)
            row = found.get((origin_id, kind))
            if best > CUTOFF_M * 1000:
                assert row is None
                continue
            assert mm(row.distance_m) == best
            assert near[facilities.ids.get_loc(row.facility_id)] == best


@FEW
@given(towns())
def test_the_fastest_facility_takes_the_time_of_networkx(drawn):
    _, network, _, origins, facilities = drawn
    kinds = pd.DataFrame({"facility_id": facilities.ids, "kind": "any"})
    answer = nearest_facilities(network, origins, facilities, kinds, cutoff_m=400.0, by="time")
    times = answer.set_index("origin_id")["time_s"]
    for origin, origin_id in enumerate(origins.ids):
        best = min(fastest_ms(network, origins, origin, facilities).values(), default=np.inf)
        if best <= 400_000:
            assert mm(times[origin_id]) == best
        else:
            assert origin_id not in times.index


@FEW
@given(towns())
def test_the_reached_set_of_a_group_is_that_of_networkx(drawn):
    _, network, _, origins, facilities = drawn
    group = pd.Series(np.arange(len(origins)) % 3, index=origins.ids, name="home").astype(str)
    kinds = pd.DataFrame({"facility_id": facilities.ids, "kind": "any"})
    answer = reached_facilities(network, origins, group, facilities, kinds, cutoff_m=CUTOFF_M)
    graph = split_graph(network, origins, facilities)
    expected = {}
    for origin in range(len(origins)):
        for node, distance in distances_mm(graph, 0, origin).items():
            if isinstance(node, tuple) and node[0] == 1 and distance <= CUTOFF_M * 1000:
                key = (group.iloc[origin], facilities.ids[node[1]])
                expected[key] = min(expected.get(key, distance), distance)
    got = {(row.home, row.facility_id): int(mm(row.distance_m)) for row in answer.itertuples()}
    assert got == expected


@FEW
@given(towns())
def test_walks_between_groups_are_those_of_networkx(drawn):
    _, network, _, origins, facilities = drawn
    home = pd.Series(np.arange(len(origins)) % 2, index=origins.ids).astype(str)
    shop = pd.Series(np.arange(len(facilities)) % 4, index=facilities.ids).astype(str)
    pairs = pd.DataFrame({"a": ["0", "1", "1", "none"], "b": ["3", "2", "3", "1"]})
    answer = walk_between(network, origins, home, facilities, shop, pairs, cutoff_m=CUTOFF_M)
    graph = split_graph(network, origins, facilities)
    for pair in answer.itertuples():
        best = min(
            (
                distances_mm(graph, 0, origin).get((1, row), np.inf)
                for origin in np.flatnonzero(home == pair.a)
                for row in np.flatnonzero(shop == pair.b)
            ),
            default=np.inf,
        )
        if best <= CUTOFF_M * 1000:
            assert mm(pair.walk_m) == best
        else:
            assert pair.walk_m is pd.NA


@FEW
@given(towns())
def test_a_path_is_as_long_as_its_distance_and_crosses_no_wall_but_at_gates(drawn):
    _, network, obstacles, origins, facilities = drawn
    kinds = pd.DataFrame({"facility_id": facilities.ids, "kind": "any"})
    answer = nearest_facilities(network, origins, facilities, kinds, cutoff_m=500.0)
    for row in answer.itertuples():
        path = path_between(
            network,
            origins,
            origins.ids.get_loc(row.origin_id),
            facilities,
            facilities.ids.get_loc(row.facility_id),
        )
        assert path.length == pytest.approx(row.distance_m, abs=0.02)
        for pair in pairwise(path.coords):
            step = np.array([shapely.LineString(pair)], dtype=object)
            if obstacles.blocks(step)[0]:  # only through a gate's tolerance of 3 m, or along a wall
                met = shapely.intersection(step[0], obstacles.pieces)
                far = shapely.distance(met, GATES(drawn))
                assert (np.isnan(far) | (far <= 3.0)).all()


def GATES(drawn):  # noqa: N802
    gates = drawn[0].layer("gates")
    return shapely.multipoints(gates.geometry.to_numpy()[(gates["access"] != "closed").to_numpy()])


def small_town():
    streets = [line((0, 0), (100, 0)), line((100, 0), (200, 0)), line((100, 0), (100, 90))]
    city = world(streets=streets)
    return build_network(city, WALKING), Obstacles.from_city(city, None, WALKING)


def attach(xy, prefix, town_=None):
    network, obstacles = town_ or small_town()
    return attach_points(network, places(*xy, prefix=prefix), obstacles, max_entry_m=100.0)


def test_two_points_on_one_edge_are_as_far_apart_as_their_places():
    network, _ = small_town()
    answer = nearest_facilities(
        network,
        attach([(20, 5)], "o"),
        attach([(60, -3)], "f"),
        pd.DataFrame({"facility_id": ["f0"], "kind": ["k"]}),
        cutoff_m=48.0,
    )
    assert answer["distance_m"].tolist() == [48.0]  # 5 + 40 + 3, and the cutoff is inclusive
    assert answer["time_s"].tolist() == pytest.approx([40.0], abs=0.003)


def test_equal_distances_go_to_the_smaller_id_whatever_the_order():
    network, _ = small_town()
    origins = attach([(100, 0)], "o")
    for order in ([(70, 0), (130, 0)], [(130, 0), (70, 0)]):
        facilities = attach(order, "f")
        kinds = pd.DataFrame({"facility_id": ["f1", "f0"], "kind": "k"})
        answer = nearest_facilities(network, origins, facilities, kinds, cutoff_m=100.0)
        assert answer["facility_id"].tolist() == ["f0"]


def test_a_larger_cutoff_never_loses_a_facility():
    _, network, _, origins, facilities = town(np.random.default_rng(3), 4)
    group = pd.Series("home", index=origins.ids)
    kinds = kinds_of(facilities)
    met = [
        set(reached_facilities(network, origins, group, facilities, kinds, cutoff_m=m).facility_id)
        for m in (50.0, 150.0, 400.0)
    ]
    assert met[0] <= met[1] <= met[2]


def test_what_cannot_be_meant_is_refused():
    network, _ = small_town()
    points = attach([(0, 0)], "g")
    kinds = pd.DataFrame({"facility_id": ["elsewhere"], "kind": ["k"]})
    with pytest.raises(IndexMismatchError, match="elsewhere"):
        nearest_facilities(network, points, points, kinds, cutoff_m=10.0)
    good = pd.DataFrame({"facility_id": ["g0"], "kind": ["k"]})
    with pytest.raises(StandardsError, match="0 or more"):
        nearest_facilities(network, points, points, good, cutoff_m=-1.0)
    with pytest.raises(IndexMismatchError, match="origin_group"):
        reached_facilities(
            network, points, pd.Series(["x"], index=["h0"]), points, good, cutoff_m=1.0
        )


def test_nothing_asked_is_nothing_answered():
    network, obstacles = small_town()
    none = attach_points(network, gpd.GeoSeries([], crs=CRS), obstacles, max_entry_m=10.0)
    empty = pd.DataFrame({"facility_id": [], "kind": []})
    answer = nearest_facilities(network, none, none, empty, cutoff_m=10.0)
    assert answer.columns.tolist() == ["origin_id", "kind", "facility_id", "distance_m", "time_s"]
    assert answer.empty
    group = pd.Series([], dtype="str", index=none.ids)
    assert reached_facilities(network, none, group, none, empty, cutoff_m=10.0).empty


def test_a_city_without_streets_reaches_nothing_and_does_not_fail():
    city = world()
    network, obstacles = build_network(city, WALKING), Obstacles.from_city(city, None, WALKING)
    points = attach_points(network, places((0, 0), (5, 5)), obstacles, max_entry_m=10.0)
    group = pd.Series(["a", "b"], index=points.ids, name="neighbourhood_id")
    kinds = pd.DataFrame({"facility_id": ["p0"], "kind": ["k"]})
    assert nearest_facilities(network, points, points, kinds, cutoff_m=50.0).empty
    reached = reached_facilities(network, points, group, points, kinds, cutoff_m=50.0)
    assert reached.columns[0] == "neighbourhood_id"
    assert reached.empty
    pairs = pd.DataFrame({"a": ["a"], "b": ["b"]})
    walks = walk_between(network, points, group, points, group, pairs, cutoff_m=50.0)
    assert walks["walk_m"].isna().all()
    assert path_between(network, points, 0, points, 1) is None


def test_a_path_on_one_street_goes_straight_from_place_to_place():
    network, _ = small_town()
    path = path_between(network, attach([(80, 5)], "o"), 0, attach([(20, 5)], "f"), 0)
    assert list(path.coords) == [(80, 5), (80, 0), (20, 0), (20, 5)]
