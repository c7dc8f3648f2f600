"""Laws of walking time: waits at main roads, slopes by name, and what each walker cannot use."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString
from walking_worlds import CRS, line, places, world

from spatial.city.model import Raster
from spatial.errors import StandardsError
from spatial.network import NO_PASSAGE, Obstacles, attach_points, build_network
from spatial.network.slope import pace_of_slope
from spatial.reach import nearest_facilities
from spatial.standards.parameters import read_parameters

WALKING = read_parameters("walking")
SPEED = WALKING["profiles"]["adult"]["speed_m_per_s"]
WAIT_S = {name: row["signals"] for name, row in WALKING["crossing_delay_s"].items()}
EAST_WEST = line((-300, 0), (0, 0), (300, 0))
NORTH_SOUTH = line((0, -200), (0, 0), (0, 200))


def walk(city, start, end, *, profile="adult"):
    """Metres and seconds of the fastest way from one place on a street to another."""
    network = build_network(city, WALKING, profile=profile)
    obstacles = Obstacles.from_city(city, None, WALKING)
    at = attach_points(network, places(start, prefix="a"), obstacles, max_entry_m=30)
    to = attach_points(network, places(end, prefix="b"), obstacles, max_entry_m=30)
    kinds = pd.DataFrame({"facility_id": ["b0"], "kind": "goal"})
    found = nearest_facilities(network, at, to, kinds, cutoff_m=36_000, by="time")
    return tuple(found.loc[0, ["distance_m", "time_s"]]) if len(found) else None


def crossroads(main="primary", side="residential", *, through=NORTH_SOUTH, **columns):
    highway = {"highway": [main, side], **columns}
    return world(streets=([EAST_WEST, through], highway))


@pytest.mark.parametrize("main", ["trunk", "primary", "secondary"])
@pytest.mark.parametrize(("start", "end"), [((0, -200), (0, 200)), ((0, 200), (0, -200))])
def test_a_walk_across_a_main_road_waits_once_in_both_directions(main, start, end):
    metres, seconds = walk(crossroads(main), start, end)
    assert metres == 400.0
    assert seconds == pytest.approx(400 / SPEED + WAIT_S[main], abs=0.005)


def test_a_walk_that_begins_beside_the_crossing_waits_wholly_or_not_at_all():
    _, seconds = walk(crossroads(), (0, -20), (0, 200))
    assert seconds == pytest.approx(220 / SPEED + WAIT_S["primary"], abs=0.005)
    _, seconds = walk(crossroads(), (0, -20), (0, -200))
    assert seconds == pytest.approx(180 / SPEED, abs=0.005)


def test_a_walk_along_a_main_road_does_not_wait_for_side_streets():
    _, seconds = walk(crossroads(), (-300, 0), (300, 0))
    assert seconds == pytest.approx(600 / SPEED, abs=0.005)


def test_a_side_street_that_ends_at_a_main_road_crosses_nothing():
    city = crossroads(through=line((0, -200), (0, 0)))
    _, seconds = walk(city, (0, -200), (300, 0))
    assert seconds == pytest.approx(500 / SPEED, abs=0.005)


def test_streets_of_minor_class_are_crossed_freely():
    _, seconds = walk(crossroads("residential"), (0, -200), (0, 200))
    assert seconds == pytest.approx(400 / SPEED, abs=0.005)


def test_two_main_roads_wait_for_each_other():
    city = crossroads("primary", "secondary")
    _, north = walk(city, (0, -200), (0, 200))
    _, east = walk(city, (-300, 0), (300, 0))
    assert north == pytest.approx(400 / SPEED + WAIT_S["primary"], abs=0.005)
    assert east == pytest.approx(600 / SPEED + WAIT_S["secondary"], abs=0.005)


def test_two_carriageways_are_one_crossing():
    roads = [line((-300, y), (0, y), (300, y)) for y in (0, 20)]
    side = line((0, -200), (0, 0), (0, 20), (0, 200))
    city = world(streets=([*roads, side], {"highway": ["primary", "primary", "residential"]}))
    metres, seconds = walk(city, (0, -200), (0, 200))
    assert metres == 400.0
    assert seconds == pytest.approx(400 / SPEED + WAIT_S["primary"], abs=0.005)


def test_a_bridge_over_a_main_road_waits_for_nothing():
    ways = [line((0, -200), (0, -50)), line((0, -50), (0, 50)), line((0, 50), (0, 200))]
    columns = {
        "highway": ["primary", *["residential"] * 3],
        "structure": ["ground", "ground", "bridge", "ground"],
        "layer": [0, 0, 1, 0],
    }
    city = world(streets=([EAST_WEST, *ways], columns))
    _, seconds = walk(city, (0, -200), (0, 200))
    assert seconds == pytest.approx(400 / SPEED, abs=0.005)


def test_nobody_enters_the_network_in_the_middle_of_a_crossing():
    city = crossroads()
    network = build_network(city, WALKING)
    waits = np.flatnonzero(~network.edge_open)
    assert network.edge_length_mm[waits].tolist() == [8000, 8000]
    assert network.report["main_road_crossings"] == 1
    assert int(network.edge_length_mm.sum()) == 1_000_000


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_waits_change_no_distance_and_never_shorten_a_walk(seed):
    rng = np.random.default_rng(seed)
    size = int(rng.integers(2, 5))
    streets, highway = [], []
    for n in range(size):
        streets += [line((-50, 90.0 * n), (90.0 * size, 90.0 * n))]
        streets += [line((90.0 * n, -50), (90.0 * n, 90.0 * size))]
        highway += rng.choice(["primary", "residential", "secondary", "footway"], 2).tolist()
    city = world(streets=(streets, {"highway": highway}))
    plain = world(streets=(streets, {"highway": ["residential"] * len(streets)}))
    start = (90.0 * rng.integers(0, size) + 40, 0.0)
    end = (0.0, 90.0 * rng.integers(0, size) + 40)
    network, without = build_network(city, WALKING), build_network(plain, WALKING)
    assert abs(int(network.edge_length_mm.sum()) - int(without.edge_length_mm.sum())) <= len(
        network.edge_length_mm
    )
    both, back = walk(city, start, end), walk(city, end, start)
    assert both == pytest.approx(back, abs=0.02)
    assert both[1] >= walk(plain, start, end)[1] - 0.02
    assert both[1] >= both[0] / SPEED - 0.02


def ramp(rise, *, length=200.0):
    """Ground that climbs to the east."""
    x, y = np.meshgrid(np.arange(-100, 500, 10.0), np.arange(-100, 300, 10.0)[::-1])
    height = np.clip(x, 0, length) * rise + 0 * y
    return {
        "elevation": Raster(
            values=height,
            transform=(10.0, 0.0, -105.0, 0.0, -10.0, 295.0),
            crs=pyproj.CRS(CRS),
            unit="m",
        )
    }


def slope_city(rise):
    return world(
        rasters=ramp(rise),
        streets=([line((0, 0), (200, 0)), line((0, 0), (0, 150), (200, 150), (200, 0))],
                 {"highway": ["footway", "footway"]}),
    )  # fmt: skip


def test_a_wheelchair_leaves_out_what_is_too_steep_and_nothing_else():
    limit = WALKING["profiles"]["wheelchair"]["max_slope"]
    for rise, count in ((limit * 0.95, 2), (limit * 1.3, 0)):
        network = build_network(slope_city(rise), WALKING, profile="wheelchair")
        assert network.edge_count == count
        assert network.report["edges_too_steep"] == 2 - count
        assert network.node_count == len(np.unique([*network.edge_from, *network.edge_to]))
    assert build_network(slope_city(0.3), WALKING).edge_count == 2


def test_slope_counts_by_the_method_that_is_named():
    slope = np.array([-0.2, 0.0, 0.09, 0.12])
    tobler = pace_of_slope(slope, WALKING)
    assert tobler == pytest.approx(np.exp(3.5 * (np.abs(slope + 0.05) - 0.05)))
    table = WALKING.with_values({"slope_method": "table"}, source="test")
    assert pace_of_slope(slope, table).tolist() == [1.0, 1.0, 1.0, 1.09]
    level = WALKING.with_values({"slope_method": "none"}, source="test")
    assert pace_of_slope(slope, level).tolist() == [1.0] * 4


def test_a_slope_method_that_nobody_knows_is_refused_by_name():
    wrong = WALKING.with_values({"slope_method": "naismith"}, source="test")
    with pytest.raises(StandardsError, match="'naismith'; use tobler, table or none"):
        pace_of_slope(np.zeros(1), wrong)
    wrong = WALKING.with_values(
        {"slope_method": "table", "slope_table": [[0.2, 1.1], [0.1, 1.2]]}, source="test"
    )
    with pytest.raises(StandardsError, match="rising slopes"):
        pace_of_slope(np.zeros(1), wrong)


@pytest.mark.parametrize("profile", ["elder", "child", "wheelchair"])
def test_every_other_walker_is_slower_than_an_adult(profile):
    city = crossroads()
    metres, seconds = walk(city, (0, -200), (0, 200), profile=profile)
    assert metres == 400.0
    assert seconds > walk(city, (0, -200), (0, 200))[1]


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_a_wheelchair_never_takes_stairs(seed):
    rng = np.random.default_rng(seed)
    nodes = rng.uniform(0, 500, (6, 2)).round(1)
    pairs = [(a, b) for a in range(6) for b in range(a) if rng.random() < 0.6]
    if not pairs:
        return
    streets = [LineString(nodes[[a, b]]) for a, b in pairs]
    stairs = rng.random(len(pairs)) < 0.4
    columns = {"highway": np.where(stairs, "steps", "footway").tolist(),
               "steps": (rng.random(len(pairs)) < 0.1).tolist()}  # fmt: skip
    network = build_network(world(streets=(streets, columns)), WALKING, profile="wheelchair")
    used = {str(street) for street in network.edge_street}
    barred = {f"streets{n}" for n in np.flatnonzero(stairs | np.array(columns["steps"]))}
    assert not used & barred
    assert used == {f"streets{n}" for n in range(len(pairs))} - barred


@pytest.mark.real
def test_on_real_hills_slopes_act_on_everybody_and_bar_only_the_wheelchair(shared_data):
    from spatial.city import read_city

    folder = shared_data / "porto-alegre"
    city = read_city([folder / "poa_osm.pbf", folder / "poa_elevation.tif"])
    adult = build_network(city, WALKING)
    wheelchair = build_network(city, WALKING, profile="wheelchair")
    assert wheelchair.report["edges_too_steep"] > 100
    assert wheelchair.edge_count < adult.edge_count
    assert adult.report["main_road_crossings"] > 50
    both = (adult.edge_time_ms != NO_PASSAGE).all(axis=1) & adult.edge_open
    up_down = adult.edge_time_ms[both]
    level_ms = adult.edge_length_mm[both] / SPEED
    assert (up_down.max(axis=1) >= np.floor(level_ms * 0.83)).all()
    assert (up_down[:, 0] != up_down[:, 1]).mean() > 0.5
    streets = gpd.GeoDataFrame(city.layer("streets"))
    stairs = set(streets.index[streets["highway"] == "steps"])
    assert not stairs & set(wheelchair.edge_street.tolist())
