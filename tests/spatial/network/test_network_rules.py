import numpy as np
import pandas as pd
import pyproj
import pytest
from shapely import LineString, Point, Polygon
from walking_worlds import CRS, layer, line, reachable, world

from spatial.city.model import Raster
from spatial.network import Obstacles, build_network
from spatial.network.access import closed_reasons, residential_areas
from spatial.network.obstacles import passable
from spatial.network.slope import elevation_at, tobler_pace
from spatial.network.strands import insert_points, strands_from_lines
from spatial.standards.parameters import read_parameters

WALKING = read_parameters("walking")
ESTATE = Polygon([(-10, -10), (110, -10), (110, 10), (-10, 10)])


def reason(*, highway="footway", foot=None, access=None, estate=False, excluded=(), **more):
    columns = {"highway": [highway], "foot": [foot], "access": [access]}
    columns |= {name: [value] for name, value in more.items()}
    land = ([ESTATE], {"use": ["residential"]}) if estate else []
    city = world(streets=([line((0, 0), (100, 0))], columns), land_use=land)
    return closed_reasons(
        city.layer("streets"), residential_areas(city), WALKING, excluded=list(excluded)
    )[0]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, ""),
        ({"highway": "residential"}, ""),
        ({"highway": "trunk"}, ""),
        ({"highway": "motorway"}, "class"),
        ({"highway": "motorway", "foot": "yes"}, ""),
        ({"highway": "construction", "foot": "yes"}, "class"),
        ({"highway": "raceway"}, "class"),
        ({"foot": "no"}, "foot"),
        ({"foot": "no", "estate": True}, "foot"),
        ({"access": "no"}, "access"),
        ({"access": "no", "foot": "designated"}, ""),
        ({"access": "private"}, "private"),
        ({"access": "private", "foot": "permissive"}, ""),
        ({"access": "private", "estate": True}, ""),
        ({"foot": "private"}, "private"),
        ({"foot": "private", "estate": True}, ""),
        ({"access": "destination"}, ""),
        ({"highway": "steps", "excluded": ["steps"]}, "profile"),
        ({"highway": "footway", "steps": True, "excluded": ["steps"]}, "profile"),
    ],
)
def test_foot_access_follows_the_table(tags, expected):
    assert reason(**tags) == expected


def slope_city(metres_per_metre, **columns):
    """Make a street of 100 m towards the east on a plane that rises to the east."""
    east = np.arange(-100.0, 300.0, 10.0)
    values = np.tile(east * metres_per_metre, (40, 1))
    grid = Raster(values, (10.0, 0.0, -105.0, 0.0, -10.0, 205.0), pyproj.CRS(CRS), "m")
    streets = ([line((0, 0), (100, 0))], {name: [value] for name, value in columns.items()})
    return world(streets=streets, rasters={"elevation": grid})


def test_walking_uphill_takes_longer_by_tobler_and_both_ways_differ():
    network = build_network(slope_city(0.1), WALKING)
    up, down = np.exp(3.5 * (0.15 - 0.05)), np.exp(3.5 * (0.05 - 0.05))
    level_ms = 100_000 / 1.2
    times = network.edge_time_ms[0].tolist()
    if network.node_xy_m[network.edge_from[0]][0] > 50:
        times = times[::-1]
    assert times == pytest.approx([level_ms * up, level_ms * down], abs=2)
    assert network.edge_length_mm.tolist() == [100_000]


def test_a_level_street_and_a_bridge_take_the_speed_of_the_walker():
    level = build_network(slope_city(0.0), WALKING)
    bridge = build_network(slope_city(0.1, structure="bridge", layer=1), WALKING)
    assert level.edge_time_ms.tolist() == bridge.edge_time_ms.tolist() == [[83_333, 83_333]]


def test_streets_beyond_the_elevation_model_count_as_level_and_are_told():
    city = slope_city(0.1)
    far = layer("streets", [line((5000, 0), (5100, 0))])
    network = build_network(city.with_layers(streets=far), WALKING)
    assert network.edge_time_ms.tolist() == [[83_333, 83_333]]
    assert network.report["edges_without_elevation"] == 1


def test_elevation_is_read_between_the_middles_of_cells():
    grid = Raster(
        np.array([[0.0, 10.0], [20.0, 30.0]]), (30, 0, 0, 0, -30, 60), pyproj.CRS(CRS), "m"
    )
    heights = elevation_at(
        grid, np.array([[15.0, 45.0], [30.0, 30.0], [99, 99]]), grid.crs, window_m=20
    )
    assert heights[:2].tolist() == [0.0, 15.0]
    assert np.isnan(heights[2])


def test_tobler_is_fastest_slightly_downhill():
    slopes = np.linspace(-0.5, 0.5, 1001)
    pace = tobler_pace(slopes, steepness=3.5, offset=0.05)
    assert slopes[np.argmin(pace)] == pytest.approx(-0.05)


def test_inserted_points_lie_on_their_line_and_close_ones_take_the_vertex():
    strands = strands_from_lines(
        np.array([LineString([(0, 0), (10, 0), (10, 10)]), LineString([(0, 5), (0, 9)])]),
        np.array([0, 1]),
    )
    grown, vertex = insert_points(
        strands, np.array([1, 0, 0, 0, 0]), np.array([2.0, 15.0, 10.004, 4.0, 4.001])
    )
    assert grown.xy_m[vertex].tolist() == [[0, 7], [10, 5], [10, 0], [4, 0], [4, 0]]
    assert [shape.length for shape in grown.lines()] == [20.0, 4.0]
    assert len(grown.xy_m) == 5 + 3


def test_a_street_in_a_ring_around_a_wall_stays_one_piece():
    ring = line((0, 0), (100, 0), (100, 100), (0, 100), (0, 0))
    city = world(streets=[ring], barriers=[line((20, 20), (80, 80))])
    assert build_network(city, WALKING).edge_length_mm.tolist() == [400_000]


def test_gates_given_by_neighbourhoods_add_to_the_mapped_ones_and_inferred_ones_open_nothing():
    streets = [line((0, 0), (100, 0)), line((0, 50), (100, 50))]
    city = world(streets=streets, barriers=[line((50, -20), (50, 80))], gates=[Point(50, 0)])
    gates = layer("g", [Point(50, 50)], access=["residents"], source=["crossing"])
    inferred = build_network(city, WALKING, gates=gates)
    assert reachable(inferred, (0, 0), (100, 0))
    assert not reachable(inferred, (0, 50), (100, 50))
    mapped = build_network(city, WALKING, gates=gates.assign(source="mapped"))
    assert reachable(mapped, (0, 50), (100, 50))
    shut = layer("g", [Point(50, 0)], access=["closed"], source=["mapped"])
    assert not reachable(build_network(city, WALKING, gates=shut), (0, 0), (100, 0))


def test_gates_whose_access_is_arrow_text_are_judged_like_any_others():
    spots = [Point(0, 0), Point(9, 0), Point(20, 0)]
    gates = layer("gates", spots, access=["closed", "open", None], kind="gate")
    gates["access"] = gates["access"].astype(pd.StringDtype("pyarrow"))
    assert passable(gates, WALKING, blocked_kinds=[]).tolist() == [False, True, True]
    plain = gates.assign(access=gates["access"].astype("str"))
    assert passable(plain, WALKING, blocked_kinds=["gate"]).tolist() == [False, False, False]


def test_a_wheelchair_does_not_pass_a_stile():
    city = world(
        streets=[line((0, 0), (100, 0))],
        barriers=[line((50, -20), (50, 20))],
        gates=([Point(50, 0)], {"kind": ["stile"]}),
    )
    assert reachable(build_network(city, WALKING), (0, 0), (100, 0))
    assert not reachable(build_network(city, WALKING, profile="wheelchair"), (0, 0), (100, 0))


def test_obstacles_are_walls_without_their_gates_wide_water_and_ground_rails():
    city = world(
        barriers=([line((0, 0), (100, 0)), line((0, 9), (9, 9))], {"kind": ["wall", "ditch"]}),
        gates=[Point(50, 0)],
        water=([line((0, 20), (100, 20)), line((0, 30), (100, 30))], {"kind": ["river", "stream"]}),
        railways=(
            [line((0, 40), (100, 40)), line((0, 50), (100, 50)), line((0, 60), (100, 60))],
            {"kind": ["rail", "tram", "subway"], "structure": ["ground", "ground", "tunnel"]},
        ),
    )
    obstacles = Obstacles.from_city(city, None, WALKING)
    lengths = obstacles.lines.length.groupby(level="kind").sum().round(6).to_dict()
    assert lengths == {"railway": 100.0, "wall": 97.0, "water": 100.0}


@pytest.mark.parametrize(("away_m", "opens"), [(0.0, True), (2.0, False)])
def test_an_entrance_opens_a_wall_only_if_it_lies_on_it(away_m, opens):
    city = world(
        streets=[line((0, 0), (100, 0))],
        barriers=[line((50, -20), (50, 20))],
        gates=([Point(50 + away_m, 0)], {"kind": ["entrance"]}),
    )
    assert reachable(build_network(city, WALKING), (0, 0), (100, 0)) is np.bool_(opens)
