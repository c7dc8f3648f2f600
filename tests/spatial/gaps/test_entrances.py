"""Entrances: a park is entered where a path crosses its edge."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from spatial.city.read import read_city
from spatial.errors import InputError
from spatial.gaps import by_entrance, by_facility, facility_entrances

CRS = 4547


def frame(shapes, **columns):
    return gpd.GeoDataFrame(columns, geometry=list(shapes.values()), index=list(shapes), crs=CRS)


PLACES = frame(
    {
        "park": shapely.box(0, 0, 300, 200),
        "lake": shapely.box(1000, 0, 1300, 200),
        "shop": shapely.Point(10, 500),
        "kiosk": shapely.box(50, 500, 60, 510),
    }
)
STREETS = frame(
    {
        "through": shapely.LineString([(-50, 100), (350, 100)]),
        "viaduct": shapely.LineString([(150, -50), (150, 250)]),
        "along": shapely.LineString([(0, 0), (0, 80)]),
        "past": shapely.LineString([(40, 505), (80, 505)]),
    },
    structure=["ground", "bridge", "ground", "ground"],
)


def test_a_park_is_entered_where_ground_streets_cross_or_end_on_its_edge():
    found = facility_entrances(PLACES, STREETS, min_area_m2=1000)
    park = found[found["facility_id"] == "park"].geometry
    assert PLACES.geometry["park"].contains(park["park#1"])
    assert {(p.x, p.y) for p in park.iloc[1:]} == {(0, 100), (300, 100), (0, 0), (0, 80)}
    assert list(park.index) == ["park#1", "park#2", "park#3", "park#4", "park#5"]


def test_points_and_small_buildings_are_entered_at_themselves():
    found = facility_entrances(PLACES, STREETS, min_area_m2=1000)
    assert found.geometry["shop"].equals(shapely.Point(10, 500))
    assert PLACES.geometry["kiosk"].contains(found.geometry["kiosk"])
    assert set(found["facility_id"]) == set(PLACES.index)
    assert found.index.is_unique


def test_a_large_area_that_no_street_crosses_is_entered_inside_or_facing_the_nearest_street():
    found = facility_entrances(PLACES, STREETS, min_area_m2=1000)
    inside, facing = found[found["facility_id"] == "lake"].geometry
    assert PLACES.geometry["lake"].contains(inside)
    assert (facing.x, facing.y) == (1000, 100)
    alone = facility_entrances(PLACES, STREETS.iloc[:0], min_area_m2=1000)
    assert PLACES.geometry["lake"].contains(alone.geometry["lake"])


def test_an_id_that_an_entrance_needs_is_refused_by_name():
    clash = frame({"park": shapely.box(0, 0, 300, 200), "park#2": shapely.Point(0, 500)})
    with pytest.raises(InputError, match="`facilities` row park#2"):
        facility_entrances(clash, STREETS, min_area_m2=1000)


def test_without_streets_or_facilities_nothing_breaks():
    assert list(facility_entrances(PLACES, STREETS.iloc[:0], min_area_m2=1).index) == list(
        PLACES.index
    )
    assert facility_entrances(PLACES.iloc[:0], STREETS, min_area_m2=1).empty


def test_the_shortest_way_to_any_entrance_is_the_way_to_the_facility():
    entrances = facility_entrances(PLACES, STREETS, min_area_m2=1000)
    kinds = pd.DataFrame(
        {"facility_id": ["park", "shop"], "kind": ["park", "bank"], "match": ["tags", "tags"]}
    )
    expanded = by_entrance(kinds, entrances)
    assert set(expanded["facility_id"]) == {*(f"park#{n}" for n in range(1, 6)), "shop"}
    ways = pd.DataFrame(
        {
            "origin_id": ["a", "a", "b", "a"],
            "kind": ["park", "park", "park", "bank"],
            "facility_id": ["park#2", "park#1", "park#4", "shop"],
            "distance_m": [90.0, 40.0, 70.0, 10.0],
            "time_s": [72.0, 32.0, 56.0, 8.0],
        }
    )
    found = by_facility(ways, entrances)
    rows = set(found[["origin_id", "facility_id", "distance_m"]].itertuples(index=False, name=None))
    assert rows == {("a", "park", 40.0), ("b", "park", 70.0), ("a", "shop", 10.0)}


@pytest.mark.real
def test_entrances_of_real_parks_lie_on_their_edges(shared_data):
    city = read_city([shared_data / "helsinki" / "helsinki.osm.pbf"])
    greens = city.layer("land_use")
    greens = greens[greens["use"].isin(["green", "park"])]
    found = facility_entrances(greens, city.layer("streets"), min_area_m2=1000)
    assert set(found["facility_id"]) == set(greens.index)
    several = found[found["facility_id"].duplicated()]  # the first is the point inside
    assert several["facility_id"].nunique() > 10
    edges = greens.geometry.boundary.reindex(several["facility_id"])
    assert (several.geometry.distance(edges.set_axis(several.index)) < 0.01).all()
