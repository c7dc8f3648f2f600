"""Real cities: the same answers as networkx, walls and gates that act."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from oracle import distances_mm, split_graph

from spatial.city.read import read_city
from spatial.network import Obstacles, attach_points, build_network
from spatial.reach import life_circles, nearest_facilities, reached_facilities
from spatial.standards.parameters import read_parameters

WALKING = read_parameters("walking")


@pytest.fixture(scope="module", params=["wudaokou/wudaokou.osm", "helsinki/helsinki.osm.pbf"])
def town(request, shared_data):
    city = read_city([shared_data / request.param])
    network = build_network(city, WALKING)
    obstacles = Obstacles.from_city(city, None, WALKING)

    def attach(layer, count):
        frame = city.layer(layer)
        frame = frame.iloc[:: max(len(frame) // count, 1)]
        places = gpd.GeoSeries(frame.geometry.representative_point(), index=frame.index)
        return attach_points(network, places, obstacles, max_entry_m=200.0)

    return network, obstacles, attach("buildings", 25), attach("facilities", 200)


@pytest.mark.real
def test_reach_in_a_real_city_is_that_of_networkx_to_the_millimetre(town):
    network, _, homes, facilities = town
    kind = [f"kind {row % 5}" for row in range(len(facilities))]
    kinds = pd.DataFrame({"facility_id": facilities.ids, "kind": kind})
    graph = split_graph(network, homes, facilities)
    nearest = nearest_facilities(network, homes, facilities, kinds, cutoff_m=1000.0)
    got = nearest.set_index(["origin_id", "kind"])["distance_m"].mul(1000).round().astype(int)
    group = pd.Series(homes.ids, index=homes.ids, name="group")
    reached = reached_facilities(network, homes, group, facilities, kinds, cutoff_m=1000.0)
    found = reached.set_index(["group", "facility_id"])["distance_m"].mul(1000).round().astype(int)
    expected_nearest, expected_reached = {}, {}
    for row, home in enumerate(homes.ids):
        for node, distance in distances_mm(graph, 0, row).items():
            if isinstance(node, tuple) and node[0] == 1 and distance <= 1_000_000:
                expected_reached[home, facilities.ids[node[1]]] = distance
                key = (home, kind[node[1]])
                expected_nearest[key] = min(expected_nearest.get(key, distance), distance)
    assert len(expected_reached) > 500
    assert got.to_dict() == expected_nearest
    assert found.to_dict() == expected_reached


@pytest.mark.real
def test_walls_and_gates_of_a_real_city_act(town):
    network, _, _, facilities = town
    assert network.report["walls_cut_streets"] > 0
    assert network.report["gates_opened_walls"] > 0
    assert network.report["main_length_share"] > 0.95
    assert (facilities.edge >= 0).mean() > 0.9


@pytest.mark.real
def test_life_circles_of_a_real_city_are_valid_and_nested(town):
    network, obstacles, homes, _ = town
    group = pd.Series(homes.ids, index=homes.ids, name="group")
    limits = {"c5": 300.0, "c10": 500.0, "c15": 1000.0}
    circles = life_circles(network, homes, group, limits, obstacles, street_front_m=25.0)
    assert circles.geometry.is_valid.all()
    area = circles.pivot_table(index="neighbourhood_id", columns="layer", values="area_m2")
    assert (np.diff(area[["c5", "c10", "c15"]].to_numpy(dtype=float), axis=1) >= -1e-6).all()
    assert (circles["area_m2"] < np.pi * (circles["limit_m"] + 25) ** 2).all()
