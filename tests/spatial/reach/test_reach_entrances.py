"""Facilities entered at several places: the way to the best of them, as networkx finds it."""

import geopandas as gpd
import pandas as pd
import pytest
from oracle import distances_mm, split_graph

from spatial.city.read import read_city
from spatial.gaps import by_entrance, by_facility, facility_entrances
from spatial.network import Obstacles, attach_points, build_network
from spatial.reach import Targets, nearest_facilities, reached_facilities, reached_places
from spatial.standards import classify_facilities, read_profile

PROFILE = read_profile("national")
WALKING = PROFILE.rooms["walking"]
CUTOFF_M = 1000.0


@pytest.mark.real
def test_the_nearest_facility_of_wudaokou_is_the_one_with_the_nearest_entrance(shared_data):
    city = read_city([shared_data / "wudaokou" / "wudaokou.osm"])
    network = build_network(city, WALKING)
    obstacles = Obstacles.from_city(city, None, WALKING)
    places, streets = city.layer("facilities"), city.layer("streets")
    entrances = facility_entrances(places, streets, min_area_m2=1000)
    assert entrances["facility_id"].duplicated().sum() > 50
    kinds = classify_facilities(places, PROFILE.catalogue)
    buildings = city.layer("buildings").iloc[::20]
    inside = gpd.GeoSeries(buildings.geometry.representative_point(), index=buildings.index)
    homes = attach_points(network, inside, obstacles, max_entry_m=200.0)
    doors = attach_points(network, entrances.geometry, obstacles, max_entry_m=200.0)

    ways = nearest_facilities(
        network, homes, doors, by_entrance(kinds, entrances), cutoff_m=CUTOFF_M
    )
    found = by_facility(ways, entrances)
    assert found["facility_id"].isin(places.index).all()
    got = found.set_index(["origin_id", "kind"])["distance_m"].mul(1000).round().astype(int)

    kinds_of = kinds.groupby("facility_id")["kind"].agg(set).to_dict()
    graph = split_graph(network, homes, doors)
    expected = {}
    for row, home in enumerate(homes.ids):
        for node, distance in distances_mm(graph, 0, row).items():
            if isinstance(node, tuple) and node[0] == 1 and distance <= CUTOFF_M * 1000:
                for kind in kinds_of.get(entrances["facility_id"].iloc[node[1]], ()):
                    expected[home, kind] = min(expected.get((home, kind), distance), distance)
    assert len(expected) > 100
    assert got.to_dict() == expected


@pytest.mark.real
@pytest.mark.parametrize("by", ["distance", "time"])
def test_entrances_folded_in_the_search_are_those_folded_afterwards(shared_data, by):
    city = read_city([shared_data / "wudaokou" / "wudaokou.osm"])
    network = build_network(city, WALKING)
    obstacles = Obstacles.from_city(city, None, WALKING)
    places = city.layer("facilities")
    entrances = facility_entrances(places, city.layer("streets"), min_area_m2=1000)
    kinds = by_entrance(classify_facilities(places, PROFILE.catalogue), entrances)
    doors = attach_points(network, entrances.geometry, obstacles, max_entry_m=200.0)
    buildings = city.layer("buildings").iloc[::12]
    inside = gpd.GeoSeries(buildings.geometry.representative_point(), index=buildings.index)
    homes = attach_points(network, inside, obstacles, max_entry_m=200.0)
    street = [f"s{i // 3}" for i in range(len(homes))]
    group = pd.Series(street, index=homes.ids, name="neighbourhood_id")
    start = (network, homes, group)
    plain = reached_facilities(*start, doors, kinds, cutoff_m=700.0, by=by)
    every = pd.DataFrame({"facility_id": homes.ids, "kind": "home"})
    targets = {
        "facilities": Targets(doors, kinds, entrances["facility_id"]),
        "homes": Targets(homes, every),
    }
    found = reached_places(*start, targets, cutoff_m=700.0, by=by)
    pd.testing.assert_frame_equal(found["facilities"], by_facility(plain, entrances))
    assert len(plain) > len(found["facilities"]) > 500
    alone = reached_facilities(*start, homes, every, cutoff_m=700.0, by=by)
    pd.testing.assert_frame_equal(found["homes"], alone)
