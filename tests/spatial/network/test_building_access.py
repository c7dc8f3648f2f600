"""A building is left along its own paths, else straight to its gates, and never through a wall."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, box
from walking_worlds import CRS, line, places, world

from spatial.errors import IndexMismatchError
from spatial.network import Obstacles, attach_points, build_network, building_access
from spatial.standards.parameters import read_parameters

WALKING = read_parameters("walking")
PARCEL = box(0, 0, 100, 100)
OUTER = line((-50, -10), (150, -10))  # a street outside, beside the south side of the parcel


def access(city, buildings, gates, *, parcel=PARCEL, homes=None):
    """Attach gates and find the ways out of buildings; everything belongs to one parcel."""
    network = build_network(city, WALKING)
    obstacles = Obstacles.from_city(city, None, WALKING)
    parcels = gpd.GeoSeries([parcel], index=["n"], crs=CRS)
    at = attach_points(network, gates, obstacles, max_entry_m=200)
    home = pd.Series("n" if homes is None else homes, index=buildings.index, dtype="str")
    whose = pd.Series("n", index=gates.index, dtype="str")
    found = building_access(
        network, buildings, home, parcels, (at, whose), obstacles, max_entry_m=200
    )
    return network, found


def ways(found, row=0):
    """Straight metres of a building's ways out."""
    some = slice(found.start[row], found.start[row + 1])
    return sorted((found.entries.entry_mm[some] / 1000).round(3).tolist())


def test_a_building_takes_the_path_inside_its_parcel_and_not_the_nearer_street_outside():
    inner = line((50, -10), (50, 90))
    city = world(streets=[OUTER, inner])
    network, found = access(city, places((20, 5)), places((50, 0), prefix="g"))
    assert found.way_to_gate.tolist() == ["paths"]
    assert network.edge_street[found.entries.edge].tolist() == ["streets1"]
    assert ways(found) == [30.0]
    assert found.entries.offset_mm.tolist() == [15_000]


def test_without_paths_a_building_goes_straight_to_each_of_its_gates():
    city = world(streets=[OUTER])
    _, found = access(city, places((30, 40)), places((30, 0), (70, 0), prefix="g"))
    assert found.way_to_gate.tolist() == ["straight"]
    assert ways(found) == [50.0, round(np.hypot(40, 40) + 10, 3)]
    frame = found.frame()
    assert frame.loc["p0", "entry_m"] == 50.0
    assert frame.loc["p0", "entries"] == 2


def test_a_gate_hidden_by_a_wall_is_not_walked_to():
    city = world(streets=[OUTER], barriers=[line((50, 10), (90, 10))])
    _, found = access(city, places((70, 40)), places((30, 0), (70, 0), prefix="g"))
    assert ways(found) == [round(np.hypot(40, 40) + 10, 3)]


def test_a_lone_path_inside_leads_nowhere_and_is_not_used():
    city = world(streets=[OUTER, line((20, 60), (80, 60))])
    _, found = access(city, places((50, 55)), places((50, 0), prefix="g"))
    assert found.way_to_gate.tolist() == ["straight"]
    assert ways(found) == [65.0]


def test_a_gate_nearer_than_the_nearest_path_is_used_as_well():
    inner = line((90, -10), (90, 95))
    city = world(streets=[OUTER, inner])
    _, found = access(city, places((30, 20)), places((30, 0), (90, 0), prefix="g"))
    assert found.way_to_gate.tolist() == ["paths"]
    assert ways(found) == [30.0, 60.0]  # 20 m to the gate and 10 m on, or 60 m to the path


def test_a_street_that_runs_on_the_outline_counts_as_inside():
    city = world(streets=[line((-50, 0), (150, 0))])
    _, found = access(city, places((20, 30)), places((90, 0), prefix="g"))
    assert found.way_to_gate.tolist() == ["paths"]
    assert ways(found) == [30.0]


def test_a_building_that_walls_part_from_every_gate_takes_the_street_and_says_so():
    wall = [line((0, 50), (100, 50)), line((0, 50), (0, 100))]
    city = world(streets=[OUTER, line((-50, 110), (150, 110)), line((150, -10), (150, 110))],
                 barriers=wall)  # fmt: skip
    _, found = access(city, places((50, 90)), places((50, 0), prefix="g"))
    assert found.way_to_gate.tolist() == ["street"]
    assert ways(found) == [20.0]


def test_a_building_walled_in_says_why_it_has_no_way():
    ring = [line((10, 10), (10, 20), (20, 20), (20, 10), (10, 10))]
    city = world(streets=[OUTER], barriers=ring)
    _, found = access(city, places((15, 15)), places((50, 0), prefix="g"))
    assert found.way_to_gate.tolist() == ["none"]
    assert found.entries.edge.tolist() == [-1]
    assert found.entries.why_not.tolist() == ["every way crosses a barrier"]
    assert np.isnan(found.frame().loc["p0", "entry_m"])


def test_a_building_of_no_neighbourhood_takes_the_nearest_street():
    city = world(streets=[OUTER])
    _, found = access(city, places((30, 40)), places((30, 0), prefix="g"), homes=[pd.NA])
    assert found.way_to_gate.tolist() == ["street"]
    assert ways(found) == [50.0]


def test_no_buildings_have_no_ways():
    _, found = access(world(streets=[OUTER]), places(), places((30, 0), prefix="g"))
    assert (len(found.entries), len(found.frame())) == (0, 0)


def test_buildings_and_their_neighbourhoods_must_be_the_same_rows():
    city = world(streets=[OUTER])
    network = build_network(city, WALKING)
    obstacles = Obstacles.from_city(city, None, WALKING)
    at = attach_points(network, places((0, 0)), obstacles, max_entry_m=200)
    with pytest.raises(IndexMismatchError):
        building_access(
            network,
            places((1, 1)),
            pd.Series(["n"], index=["other"]),
            gpd.GeoSeries([PARCEL], index=["n"], crs=CRS),
            (at, pd.Series(["n"], index=at.ids)),
            obstacles,
            max_entry_m=200,
        )


def compounds(seed):
    """Two walled parcels beside a street, with random paths, gates, walls and buildings."""
    rng = np.random.default_rng(seed)
    outlines = [box(0, 0, 100, 100), box(110, 0, 200, 90)]
    streets = [LineString([(x, -10), (x + 55, -10)]) for x in (-55, 0, 55, 110, 165)]
    for outline in outlines:
        low_x, low_y, high_x, high_y = outline.bounds
        for _ in range(rng.integers(0, 3)):
            x, y = rng.uniform(low_x, high_x), rng.uniform(low_y, high_y)
            reach = rng.uniform(-20, 40)
            ways = [LineString([(x, -10), (x, y)]), LineString([(x, y), (x + reach, y + reach)])]
            streets += ways if rng.random() < 0.7 else ways[1:]
    walls = [LineString(rng.uniform(0, 200, (2, 2)).round(1)) for _ in range(rng.integers(0, 4))]
    walls += [outline.boundary for outline in outlines if rng.random() < 0.5]
    spots = [Point(rng.uniform(0, 100), 0), Point(100, 50), Point(rng.uniform(110, 200), 0)]
    whose = ["a", "a", "b"]
    city = world(streets=streets, barriers=walls, gates=(spots, {"access": ["public"] * 3}))
    gates = gpd.GeoSeries(spots, index=["g0", "g1", "g2"], crs=CRS)
    parcels = gpd.GeoSeries(outlines, index=["a", "b"], crs=CRS)
    xy = rng.uniform([0, 0], [200, 100], (6, 2)).round(2)
    buildings = places(*map(tuple, xy), prefix="h")
    homes = pd.Series(np.where(xy[:, 0] < 105, "a", "b"), index=buildings.index)
    return city, parcels, gates, pd.Series(whose, index=gates.index), buildings, homes


def brute_force(network, obstacles, parcel, own_gates, point):
    """Look at every edge and every gate for one building; return its sorted straight ways."""

    def free(way):
        return not obstacles.blocks(np.array([way], dtype=object))[0]

    part = network.node_component[network.edge_from]
    parts = {int(part[e]) for e in own_gates.edge if e >= 0}
    area = parcel.buffer(WALKING["parcel_tolerance_m"], quad_segs=2)
    found = []
    for edge in np.flatnonzero(network.edge_open):
        inside = network.edge_geometry[edge].intersection(area)
        for piece in getattr(inside, "geoms", [inside]):
            if piece.length == 0 or int(part[edge]) not in parts:
                continue
            depth = min(0.1, piece.length / 2)
            along = min(max(piece.project(point), depth), piece.length - depth)
            if point.distance(piece) <= 200 and free(LineString([point, piece.interpolate(along)])):
                found.append((round(point.distance(piece) * 1000), part[edge] != 0))
    best = min((mm for mm, _ in found), default=None)
    main = min((mm for mm, lonely in found if not lonely), default=None)
    if main is not None and main - best <= WALKING["main_within_m"] * 1000:
        best = main
    ways = [] if best is None else [best]
    for row in np.flatnonzero(own_gates.edge >= 0):
        gate = Point(own_gates.xy_m[row])
        mm = round(point.distance(gate) * 1000)
        if (best is None or mm < best) and free(LineString([point, gate])):
            ways.append(mm + int(own_gates.entry_mm[row]))
    return "paths" if best is not None else "straight" if ways else "else", sorted(ways)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_ways_out_are_those_of_a_brute_force(seed):
    city, parcels, gates, whose, buildings, homes = compounds(seed)
    network = build_network(city, WALKING)
    obstacles = Obstacles.from_city(city, None, WALKING)
    at = attach_points(network, gates, obstacles, max_entry_m=200)
    found = building_access(
        network, buildings, homes, parcels, (at, whose), obstacles, max_entry_m=200
    )
    for row, (home, point) in enumerate(zip(homes, buildings, strict=True)):
        own = at.take(np.flatnonzero((whose == home).to_numpy()))
        way, entries = brute_force(network, obstacles, parcels[home], own, point)
        some = slice(found.start[row], found.start[row + 1])
        if way == "else":
            assert found.way_to_gate[row] in ("street", "none")
            continue
        assert found.way_to_gate[row] == way
        assert np.allclose(sorted(found.entries.entry_mm[some]), entries, atol=1)
        assert (found.entries.ids[some] == buildings.index[row]).all()


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_every_way_out_is_where_it_says_and_crosses_nothing(seed):
    city, parcels, gates, whose, buildings, homes = compounds(seed)
    network = build_network(city, WALKING)
    obstacles = Obstacles.from_city(city, None, WALKING)
    at = attach_points(network, gates, obstacles, max_entry_m=200)
    found = building_access(
        network, buildings, homes, parcels, (at, whose), obstacles, max_entry_m=200
    )
    count = np.diff(found.start)
    paths = np.repeat(found.way_to_gate == "paths", count)
    first = np.zeros(len(paths), dtype=bool)
    first[found.start[:-1]] = True
    chosen = paths & first
    entered = found.entries.take(np.flatnonzero(chosen))
    spot = shapely.line_interpolate_point(
        network.edge_geometry[entered.edge], entered.offset_mm / 1000
    )
    origin = shapely.points(entered.xy_m)
    assert np.allclose(shapely.distance(spot, origin) * 1000, entered.entry_mm, atol=2)
    own = parcels.reindex(homes.reindex(entered.ids)).to_numpy()
    assert (shapely.distance(spot, own) <= WALKING["parcel_tolerance_m"] + 0.01).all()
