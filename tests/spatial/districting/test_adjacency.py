"""Who is next to whom, and what lies between."""

import geopandas as gpd
import networkx as nx
import pandas as pd
import pytest
import shapely

from spatial.city.model import City
from spatial.city.neighbourhoods import prepare_neighbourhoods
from spatial.city.read import read_city
from spatial.districting.adjacency import adjacency
from spatial.network import Obstacles, attach_points, build_network
from spatial.standards.parameters import read_parameters

CRS = 4547
PARAMETERS = read_parameters("adjacency")
LEFT, RIGHT = shapely.box(0, 0, 100, 100), shapely.box(120, 0, 220, 100)


def layer(shapes, ids, **columns):
    return gpd.GeoDataFrame(
        {name: pd.Series(values, index=ids) for name, values in columns.items()},
        geometry=gpd.GeoSeries(shapes, index=ids, crs=CRS),
    )


def neighbours(city):
    places = prepare_neighbourhoods(city, read_parameters("neighbourhoods"))
    walking = read_parameters("walking")
    network = build_network(city, walking, gates=places.gates)
    obstacles = Obstacles.from_city(city, places.gates, walking)
    gates = attach_points(network, places.gates.geometry, obstacles, max_entry_m=300.0)
    return adjacency(places, city, network, gates, PARAMETERS), places


def pair(shapes=(LEFT, RIGHT), **layers):
    places = layer(list(shapes), [f"n{i}" for i in range(len(shapes))])
    city = City.from_layers("pair", {"neighbourhoods": places, **layers}, crs=CRS)
    return neighbours(city)[0]


def upright(x):
    return shapely.LineString([(x, -50), (x, 150)])


THINGS = {
    "wall": {"barriers": layer([upright(108)], ["w"], kind=["wall"])},
    "minor_road": {"streets": layer([upright(109)], ["s"], highway=["residential"])},
    "main_road": {"streets": layer([upright(110)], ["m"], highway=["primary"])},
    "railway": {"railways": layer([upright(111)], ["r"], kind=["rail"])},
    "river": {"water": layer([upright(112)], ["v"], kind=["river"])},
}


@pytest.mark.parametrize("name", THINGS)
def test_what_lies_between_is_named(name):
    assert pair(**THINGS[name])["barrier"].tolist() == [name]


def test_the_strongest_thing_between_counts():
    both = {**THINGS["wall"], **THINGS["main_road"], **THINGS["river"]}
    assert pair(**both)["barrier"].tolist() == ["river"]


def test_nothing_between_is_none_and_the_gap_is_measured():
    row = pair().iloc[0]
    assert (row["a"], row["b"], row["barrier"], row["gap_m"]) == ("n0", "n1", "none", 20.0)
    assert row["shared_m"] >= 100
    assert pd.isna(row["walk_m"])


def test_a_wall_along_a_common_boundary_is_the_barrier():
    touching = (LEFT, shapely.box(100, 0, 200, 100))
    wall = layer([upright(100)], ["w"], kind=["wall"])
    assert pair(touching, barriers=wall)["barrier"].tolist() == ["wall"]
    assert pair(touching)["barrier"].tolist() == ["none"]


def test_far_neighbourhoods_are_not_adjacent():
    assert len(pair((LEFT, shapely.box(400, 0, 500, 100)))) == 0


def test_cells_that_meet_in_a_corner_only_are_not_adjacent_by_it():
    tiles = [shapely.box(x, y, x + 100, y + 100) for x in (0, 100) for y in (0, 100)]
    graph = pair(tiles)
    by_boundary = graph[graph["shared_m"] > 0.05]
    assert sorted(by_boundary.index) == ["n0|n1", "n0|n2", "n1|n3", "n2|n3"]


def test_the_walk_goes_from_gate_to_gate_along_the_streets():
    streets = layer(
        [
            shapely.LineString([(50, 50), (50, 200)]),
            shapely.LineString([(50, 200), (170, 200)]),
            shapely.LineString([(170, 200), (170, 50)]),
        ],
        ["up", "over", "down"],
        highway=["footway"] * 3,
    )
    assert pair(streets=streets)["walk_m"].tolist() == [100 + 120 + 100]


@pytest.mark.real
def test_western_hangzhou_has_the_pairs_that_a_plain_count_finds(shared_data):
    city = read_city([shared_data / "hangzhou-west"])
    graph, places = neighbours(city)
    parcels = places.frame.geometry.to_numpy()
    left, right = shapely.STRtree(parcels).query(parcels, predicate="dwithin", distance=40.0)
    assert int((left < right).sum()) == 1179
    assert int((graph["gap_m"] <= 40).sum()) == 1179
    assert graph["walk_m"].isna().all()
    whole = nx.Graph(zip(graph["a"], graph["b"], strict=True))
    assert nx.number_of_selfloops(whole) == 0
    assert whole.number_of_edges() == len(graph)


TOUCHING = (LEFT, shapely.box(100, 0, 200, 100))
ALONG = {
    "wall": {"barriers": layer([upright(102)], ["w"], kind=["wall"])},
    "minor_road": {"streets": layer([upright(100)], ["s"], highway=["residential"])},
    "main_road": {"streets": layer([upright(100)], ["m"], highway=["primary"])},
    "railway": {"railways": layer([upright(97)], ["r"], kind=["rail"])},
    "river": {"water": layer([shapely.box(96, -50, 104, 150)], ["v"], kind=["river"])},
}


@pytest.mark.parametrize("name", ALONG)
def test_what_runs_along_a_common_boundary_is_the_barrier(name):
    assert pair(TOUCHING, **ALONG[name])["barrier"].tolist() == [name]


def test_the_strongest_thing_along_a_common_boundary_counts():
    both = {**ALONG["wall"], **ALONG["main_road"], **ALONG["river"]}
    assert pair(TOUCHING, **both)["barrier"].tolist() == ["river"]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param([(0, 50), (200, 50)], id="straight across"),
        pytest.param([(100, -50), (100, 40)], id="along less than half"),
        pytest.param([(130, -50), (130, 150)], id="inside one of them"),
    ],
)
def test_a_street_that_does_not_part_touching_parcels_is_no_barrier(line):
    street = layer([shapely.LineString(line)], ["s"], highway=["primary"])
    assert pair(TOUCHING, streets=street)["barrier"].tolist() == ["none"]


def test_a_street_drawn_in_pieces_counts_as_a_whole_and_two_carriageways_not_twice():
    pieces = [shapely.LineString([(100, y), (100, y + 30)]) for y in (0, 30)]
    street = layer(pieces, ["s", "t"], highway=["secondary"] * 2)
    assert pair(TOUCHING, streets=street)["barrier"].tolist() == ["main_road"]
    double = [shapely.LineString([(x, 0), (x, 30)]) for x in (97, 103)]
    street = layer(double, ["s", "t"], highway=["secondary"] * 2)
    assert pair(TOUCHING, streets=street)["barrier"].tolist() == ["none"]


def test_a_crooked_common_boundary_is_followed():
    left = shapely.Polygon([(0, 0), (100, 0), (100, 50), (130, 50), (130, 100), (0, 100)])
    right = shapely.difference(shapely.box(0, 0, 220, 100), left)
    road = shapely.LineString([(101, -10), (101, 49), (131, 49), (131, 110)])
    street = layer([road], ["s"], highway=["residential"])
    assert pair((left, right), streets=street)["barrier"].tolist() == ["minor_road"]


@pytest.mark.parametrize(("whole", "barrier"), [(False, "none"), (True, "wall")])
def test_around_an_enclosed_parcel_the_whole_ring_counts(whole, barrier):
    inner = shapely.box(50, 50, 100, 100)
    outer = shapely.difference(shapely.box(0, 0, 200, 200), inner)
    ring = shapely.box(49, 49, 101, 101).exterior
    # A short wall around one corner, or one all around it.
    wall = ring if whole else shapely.intersection(ring, shapely.box(90, 40, 110, 60))
    wall = shapely.line_merge(wall)
    barriers = layer([wall], ["w"], kind=["wall"])
    assert pair((inner, outer), barriers=barriers)["barrier"].tolist() == [barrier]
