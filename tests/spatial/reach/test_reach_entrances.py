"""Facilities entered at several places: the way to the best of them, as networkx finds it."""

import geopandas as gpd
import pytest
from oracle import distances_mm, split_graph

from spatial.city.read import read_city
from spatial.gaps import by_entrance, by_facility, facility_entrances
from spatial.network import Obstacles, attach_points, build_network
from spatial.reach import nearest_facilities
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
