import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, Polygon
from walking_worlds import CRS, line, places, world

from spatial.errors import CRSError, LayerError
from spatial.network import Obstacles, attach_points, build_network
from spatial.standards.parameters import read_parameters

WALKING = read_parameters("walking")


def attached(city, *xy, max_entry_m=100.0):
    network = build_network(city, WALKING)
    obstacles = Obstacles.from_city(city, None, WALKING)
    return network, attach_points(network, places(*xy), obstacles, max_entry_m=max_entry_m)


def street_of(network, points):
    return [str(network.edge_street[e]) if e >= 0 else None for e in points.edge]


def test_a_point_enters_at_its_true_position_with_its_entry_counted():
    network, points = attached(world(streets=[line((0, 0), (100, 0))]), (30, 4), (120, 0))
    assert sorted([points.offset_mm[0], network.edge_length_mm[0] - points.offset_mm[0]]) == [
        30_000,
        70_000,
    ]
    assert points.entry_mm.tolist() == [4_000, 20_000]
    assert points.offset_mm[1] in {0, 100_000}


def test_a_wall_sends_a_point_to_the_farther_street_on_its_own_side():
    city = world(
        streets=[line((0, 0), (100, 0)), line((0, 40), (100, 40)), line((0, 0), (0, 40))],
        barriers=[line((-50, 5), (150, 5))],
        gates=[Point(0, 5)],
    )
    network, points = attached(city, (50, 10), (50, 4))
    assert street_of(network, points) == ["streets1", "streets0"]
    assert points.entry_mm.tolist() == [30_000, 4_000]


def test_a_point_enters_through_the_opening_of_a_gate_but_not_beside_it():
    city = world(
        streets=[line((0, 0), (100, 0))], barriers=[line((-50, 5), (150, 5))], gates=[Point(50, 5)]
    )
    _, points = attached(city, (50, 20), (50, 5), (60, 20))
    assert points.edge.tolist() == [0, 0, -1]
    assert points.why_not.tolist() == ["", "", "every way crosses a barrier"]


def test_the_end_of_a_street_at_a_wall_is_entered_from_its_own_side_only():
    city = world(streets=[line((0, 0), (100, 0))], barriers=[line((50, -200), (50, 200))])
    network, points = attached(city, (49, 1), (51, 1))
    ends = [network.edge_geometry[e].bounds for e in points.edge]
    assert ends[0][2] == pytest.approx(50)
    assert ends[1][0] == pytest.approx(50)


def test_nobody_enters_across_water_or_rails_or_onto_a_bridge():
    lake = Polygon([(-50, 5), (150, 5), (150, 15), (-50, 15)])
    streets = (
        [line((0, 0), (100, 0)), line((0, 24), (100, 24))],
        {"structure": ["ground", "bridge"], "layer": [0, 1]},
    )
    network, points = attached(world(streets=streets, water=[lake]), (50, 20), (50, 4))
    assert street_of(network, points) == [None, "streets0"]
    city = world(streets=[line((0, 0), (100, 0))], railways=[line((-50, -5), (150, -5))])
    network, points = attached(city, (50, -9), (50, -3))
    assert street_of(network, points) == [None, "streets0"]


def test_the_main_component_goes_before_a_nearer_island():
    city = world(
        streets=[line((0, 0), (100, 0)), line((100, 0), (100, 90)), line((40, 20), (60, 20))]
    )
    network, points = attached(city, (50, 15))
    assert street_of(network, points) == ["streets0"]
    strict = WALKING.with_values({"main_within_m": 5.0}, source="test")
    obstacles = Obstacles.from_city(city, None, WALKING)
    again = attach_points(
        network, places((50, 15)), obstacles, max_entry_m=100.0, parameters=strict
    )
    assert street_of(network, again) == ["streets2"]


def test_a_point_far_from_every_street_says_so():
    _, points = attached(world(streets=[line((0, 0), (100, 0))]), (0, 500), max_entry_m=100.0)
    assert points.edge.tolist() == [-1]
    assert points.why_not.tolist() == ["no edge within 100 m"]


def test_an_empty_network_attaches_nothing():
    _, points = attached(world(), (0, 0))
    assert points.edge.tolist() == [-1]


def test_points_must_be_points_in_the_networks_zone():
    city = world(streets=[line((0, 0), (100, 0))])
    network = build_network(city, WALKING)
    obstacles = Obstacles.from_city(city, None, WALKING)
    with pytest.raises(CRSError, match="the network in"):
        attach_points(
            network, places((0, 0)).set_crs(4548, allow_override=True), obstacles, max_entry_m=1
        )
    square = gpd.GeoSeries([Point(0, 0).buffer(1)], index=["school"], crs=CRS)
    with pytest.raises(LayerError, match="school is no point"):
        attach_points(network, square, obstacles, max_entry_m=1)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1))
def test_the_chosen_edge_is_the_nearest_that_can_be_seen(seed):
    rng = np.random.default_rng(seed)
    walls = [line(*rng.uniform(0, 100, (2, 2)).round(1)) for _ in range(4)]
    hub = (50.0, 50.0)  # all streets meet, so that there is one component as long as no wall cuts
    streets = [line(hub, rng.uniform(0, 100, 2).round(1)) for _ in range(5)]
    city = world(streets=streets, barriers=walls)
    network = build_network(city, WALKING)
    obstacles = Obstacles.from_city(city, None, WALKING)
    xy = rng.uniform(0, 100, (20, 2)).round(1)
    one = WALKING.with_values({"main_within_m": 0.0}, source="test")
    points = attach_points(network, places(*xy), obstacles, max_entry_m=40.0, parameters=one)
    for row, (x, y) in enumerate(xy):
        here = Point(x, y)
        seen = {}
        for edge, shape in enumerate(network.edge_geometry):
            inside = min(0.1, shape.length / 2)
            along = float(np.clip(shape.project(here), inside, shape.length - inside))
            way = line((x, y), shape.interpolate(along).coords[0])
            blocked = shapely.intersects(
                shapely.multilinestrings([w.coords[:] for w in walls]),
                _without_ends(way),
            )
            if not blocked and here.distance(shape) <= 40.0:
                seen[edge] = round(here.distance(shape) * 1000)
        if not seen:
            assert points.edge[row] == -1
        else:
            assert seen[int(points.edge[row])] == min(seen.values()) == points.entry_mm[row]


def _without_ends(way):
    if way.length <= 0.02:
        return way.interpolate(0.5, normalized=True).buffer(0)
    return line(way.interpolate(0.01).coords[0], way.interpolate(way.length - 0.01).coords[0])
