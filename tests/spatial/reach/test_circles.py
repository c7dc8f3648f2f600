"""Life circles: nested, valid, cut at walls, and true to the exact search on split streets."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from oracle import distances_mm, split_graph
from towns import WALKING, town, towns
from walking_worlds import CRS, line, places, world

from spatial.errors import LayerError
from spatial.network import Obstacles, attach_points, build_network
from spatial.reach import circles, life_circles
from spatial.reach.circles import circle_fronts

FEW = settings(max_examples=25, deadline=None, derandomize=True)
LIMITS = {"a": 60.0, "b": 120.0, "c": 300.0}
FRONT_M = 25.0
CELL_M = float(WALKING["circle_cell_m"])
BARE = WALKING.with_values({"circle_yard_m2": 0.0, "circle_speck_m2": 0.0}, source="test")


def made(**layers):
    city = world(**layers)
    return build_network(city, WALKING), Obstacles.from_city(city, None, WALKING)


def one_circle(network, obstacles, *gates, limit_m, front_m=FRONT_M, **choices):
    points = attach_points(network, places(*gates), obstacles, max_entry_m=100.0)
    group = pd.Series("n", index=points.ids, name="neighbourhood_id")
    limits = {"c5": limit_m} if np.isscalar(limit_m) else limit_m
    drawn = life_circles(
        network, points, group, limits, obstacles, street_front_m=front_m, **choices
    )
    return drawn.geometry.iloc[-1]


@FEW
@given(towns())
def test_circles_are_valid_and_exactly_nested(drawn):
    _, network, obstacles, origins, _ = drawn
    group = pd.Series([f"h{row % 3}" for row in range(len(origins))], index=origins.ids)
    found = life_circles(network, origins, group, LIMITS, obstacles, street_front_m=FRONT_M)
    assert found.geometry.is_valid.all()
    assert not found.geometry.is_empty.any()
    for _, rows in found.groupby("neighbourhood_id"):
        assert rows["reached_m"].is_monotonic_increasing
        shapes = rows.geometry.to_numpy()
        assert shapely.covers(shapes[1:], shapes[:-1]).all()  # not a millimetre outside


def away_mm(network, origins, edge, offset):
    """Millimetres from the nearest origin to places on streets, by networkx."""
    count = len(edge)
    spots = type(origins)(
        ids=pd.Index([f"s{n}" for n in range(count)]),
        edge=np.asarray(edge, dtype=np.int32),
        offset_mm=np.asarray(offset, dtype=np.int32),
        entry_mm=np.zeros(count, dtype=np.int32),
        xy_m=np.zeros((count, 2)),
        why_not=np.full(count, "", dtype=object),
    )
    graph = split_graph(network, origins, spots)
    away = np.full(count, np.inf)
    for origin in range(len(origins)):
        reach = distances_mm(graph, 0, origin)
        away = np.minimum(away, [reach.get((1, n), np.inf) for n in range(count)])
    return away


@FEW
@given(towns())
def test_the_reached_length_is_that_of_the_streets_within_the_limit(drawn):
    _, network, obstacles, origins, _ = drawn
    group = pd.Series("home", index=origins.ids)
    found = life_circles(network, origins, group, LIMITS, obstacles, street_front_m=FRONT_M)
    step_mm = 500  # every half metre of every street, by an independent search
    edge = np.repeat(np.arange(network.edge_count), network.edge_length_mm // step_mm)
    first = np.concatenate([[0], np.cumsum(network.edge_length_mm // step_mm)])[:-1]
    offset = (np.arange(len(edge)) - first[edge]) * step_mm + step_mm // 2
    away = away_mm(network, origins, edge, offset)
    tail_m = (network.edge_length_mm % step_mm).sum() / 1000
    for row in found.itertuples():
        expected = (away <= row.limit_m * 1000).sum() * step_mm / 1000
        # each of the few ends of reached parts is found to half a metre
        assert abs(row.reached_m - expected) <= tail_m + 2 * network.edge_count


@FEW
@given(towns())
def test_reached_places_are_inside_and_unreached_ones_lie_outside_the_fronts(drawn):
    _, network, obstacles, origins, _ = drawn
    group = pd.Series("home", index=origins.ids)
    rng = np.random.default_rng(7)
    xy = rng.uniform(-30, 530, (80, 2))
    points = gpd.GeoSeries([shapely.Point(p) for p in xy], crs=CRS)
    spots = attach_points(network, points, obstacles, max_entry_m=FRONT_M)
    on = np.flatnonzero(spots.edge >= 0)
    away = np.full(len(xy), np.inf)
    away[on] = away_mm(network, origins, spots.edge[on], spots.offset_mm[on])
    within = away + spots.entry_mm
    found = life_circles(
        network, origins, group, LIMITS, obstacles, street_front_m=FRONT_M, parameters=BARE
    )
    main = network.node_component[network.edge_from[spots.edge]] == 0
    lines = network.edge_geometry
    for row in found.itertuples():
        gap = shapely.distance(row.geometry, points.to_numpy())
        reached = (spots.edge >= 0) & main & (within <= row.limit_m * 1000)
        assert (gap[reached] <= 1.5 * CELL_M).all()
        inside = gap == 0
        walked = _reached_lines(network, origins, row.limit_m)
        walked += [_entry(lines, origins, p) for p in range(len(origins)) if origins.edge[p] >= 0]
        near = shapely.distance(shapely.union_all(walked), points.to_numpy())
        assert (near[inside] <= FRONT_M + 1.5 * CELL_M).all()


def _reached_lines(network, origins, limit_m):
    """Parts of streets within the limit, in steps of five metres, by an independent search."""
    edge, low = [], []
    for e, length in enumerate(network.edge_length_mm):
        steps = np.arange(0, length, 5000)
        edge += [e] * len(steps)
        low += steps.tolist()
    away = away_mm(network, origins, edge, low)
    return [
        shapely.ops.substring(network.edge_geometry[e], at / 1000, at / 1000 + 5)
        for e, at, mm in zip(edge, low, away, strict=True)
        if mm <= limit_m * 1000 + 5000
    ]


def _entry(lines, origins, row):
    place = lines[origins.edge[row]].interpolate(origins.offset_mm[row] / 1000)
    return shapely.LineString([origins.xy_m[row], place])


def test_the_land_at_the_lower_end_of_one_way_stairs_is_reached_from_that_end():
    network, obstacles = made(
        streets=(
            [line((0, 0), (100, 0)), line((100, 0), (100, 60))],
            {"highway": ["footway", "steps"], "oneway_foot": ["both", "backward"]},
        )
    )
    shape = one_circle(network, obstacles, (0, 0), limit_m=150.0)
    assert shape.covers(shapely.Point(115, 0))
    assert not shape.covers(shapely.Point(100, 40))


def test_a_circle_is_the_same_in_any_order_and_in_batches_of_any_size(monkeypatch):
    _, network, obstacles, origins, _ = town(np.random.default_rng(3), 5)
    group = pd.Series([f"h{row}" for row in range(len(origins))], index=origins.ids)
    first = life_circles(network, origins, group, LIMITS, obstacles, street_front_m=FRONT_M)
    turned = np.arange(len(origins))[::-1]
    monkeypatch.setattr(circles, "BATCH", 2)
    other = life_circles(
        network,
        origins.take(turned),
        group.iloc[turned],
        LIMITS,
        obstacles,
        fronts=circle_fronts(network, obstacles, street_front_m=FRONT_M),
    )
    pd.testing.assert_frame_equal(first.drop(columns="geometry"), other.drop(columns="geometry"))
    assert (shapely.to_wkb(first.geometry) == shapely.to_wkb(other.geometry)).all()


def test_a_circle_follows_the_streets_and_ends_where_the_limit_is_met():
    network, obstacles = made(
        streets=[line((0, 0), (100, 0)), line((100, 0), (200, 0)), line((100, 0), (100, 90))]
    )
    points = attach_points(network, places((0, 0)), obstacles, max_entry_m=10.0)
    found = life_circles(
        network,
        points,
        pd.Series(["n"], index=points.ids, name="neighbourhood_id"),
        {"c15": 150.0, "c5": 40.0},
        obstacles,
        street_front_m=20.0,
    )
    assert found.index.tolist() == ["n/c5", "n/c15"]
    assert found["reached_m"].tolist() == [40.0, 200.0]
    assert found.geometry["n/c15"].covers(shapely.Point(120, 17))
    assert found.geometry["n/c5"].bounds[2] == pytest.approx(40.0, abs=0.02)
    assert found.geometry["n/c15"].bounds[2] == pytest.approx(150.0, abs=0.02)
    assert found.geometry["n/c15"].bounds[1] == pytest.approx(-20.0, abs=0.02)
    assert found["area_m2"].tolist() == pytest.approx(shapely.area(found.geometry).tolist())
    assert found["limit_s"].isna().all()
    assert found["persons"].isna().all()


@pytest.mark.parametrize("wall_y", [8.0, 10.0, 12.34])
def test_a_circle_ends_at_a_wall_on_and_between_the_points_of_the_grid(wall_y):
    network, obstacles = made(
        streets=[line((0, 0), (100, 0))], barriers=[line((-50, wall_y), (150, wall_y))]
    )
    shape = one_circle(network, obstacles, (0, 0), limit_m=90.0)
    assert shape.bounds[3] == pytest.approx(wall_y, abs=0.02)
    assert shape.bounds[1] == pytest.approx(-FRONT_M, abs=0.02)


def test_a_circle_by_time_reaches_less_on_stairs():
    network, obstacles = made(streets=([line((0, 0), (100, 0))], {"highway": ["steps"]}))
    points = attach_points(network, places((0, 0)), obstacles, max_entry_m=10.0)
    group = pd.Series(["n"], index=points.ids)
    found = life_circles(
        network,
        points,
        group,
        {"c5": 60.0},
        obstacles,
        by="time",
        street_front_m=15.0,
        parameters=WALKING.with_values({"circle_smooth_m": 0.1}, source="test"),
    )
    assert found["reached_m"].tolist() == pytest.approx([36.0], abs=0.002)  # at 0.6 m/s
    assert found["limit_s"].tolist() == [60.0]
    assert found.geometry.iloc[0].bounds[2] == pytest.approx(36.0, abs=0.02)


def square(side, at=(0.0, 0.0)):
    x, y = at
    corner = [(x, y), (x + side, y), (x + side, y + side), (x, y + side), (x, y)]
    return [line(*corner[i : i + 2]) for i in range(4)]


def test_the_inside_of_a_small_block_is_filled_and_that_of_a_large_one_is_not():
    for side, filled in ((90, True), (200, False)):
        network, obstacles = made(streets=square(side))
        shape = one_circle(network, obstacles, (0, 0), limit_m=1000.0)
        assert shape.covers(shapely.Point(side / 2, side / 2)) is filled
        assert len(shape.interiors) == (0 if filled else 1)


def test_an_unreached_court_inside_a_block_stays_a_hole():
    court = [*square(24, at=(33, 33)), line((45, 33), (45, 57))]
    network, obstacles = made(streets=[*square(90), *court], barriers=square(40, at=(25, 25)))
    shape = one_circle(network, obstacles, (0, 0), limit_m=1000.0)
    assert shape.covers(shapely.Point(10, 10))
    assert not shape.covers(shapely.Point(45, 45))
    assert shape.interiors[0].bounds == pytest.approx((25, 25, 65, 65), abs=0.6)


def test_a_bridge_is_drawn_without_the_water_beside_it():
    network, obstacles = made(
        streets=(
            [line((0, 0), (100, 0)), line((100, 0), (200, 0)), line((200, 0), (300, 0))],
            {"structure": ["ground", "bridge", "ground"], "layer": [0, 1, 0]},
        ),
        water=[shapely.box(110, -200, 190, 200)],
    )
    shape = one_circle(network, obstacles, (0, 0), limit_m=280.0)
    assert shape.geom_type == "Polygon"  # both banks hang together
    assert shape.covers(shapely.Point(250, 20))
    assert not shape.covers(shapely.Point(150, 15))


def test_an_island_of_the_network_makes_no_hole_and_is_drawn_from_its_own_gates():
    island = [line((40, 12), (60, 12)), line((50, 12), (50, 20))]
    network, obstacles = made(streets=[line((0, 0), (200, 0)), *island])
    shape = one_circle(network, obstacles, (0, 0), limit_m=150.0)
    assert shape.covers(shapely.Point(50, 12))
    far = [line((500, 300), (520, 300))]
    network, obstacles = made(streets=[line((0, 0), (200, 0)), *far])
    shape = one_circle(network, obstacles, (500, 300), limit_m=150.0)
    assert shape.bounds == pytest.approx((475, 275, 545, 325), abs=3)


def test_the_way_from_a_gate_to_its_street_is_part_of_the_circle():
    network, obstacles = made(streets=[line((0, 0), (100, 0))])
    shape = one_circle(network, obstacles, (50, 80), limit_m=100.0)
    assert shape.geom_type == "Polygon"
    assert shape.covers(line((50, 79), (50, 0)))
    assert not shape.covers(shapely.Point(65, 60))
    points = attach_points(network, places((50, 80)), obstacles, max_entry_m=100.0)
    group = pd.Series(["n"], index=points.ids)
    assert life_circles(network, points, group, {"c5": 79.0}, obstacles).empty  # no street met


def test_what_cannot_be_meant_is_refused():
    network, obstacles = made(streets=[line((0, 0), (100, 0))])
    points = attach_points(network, places((0, 0)), obstacles, max_entry_m=10.0)
    group = pd.Series(["x"], index=points.ids)
    with pytest.raises(LayerError, match="No limit"):
        life_circles(network, points, group, {}, obstacles)
    with pytest.raises(LayerError, match="above 0"):
        life_circles(network, points, group, LIMITS, obstacles, street_front_m=0.0)
    other = circle_fronts(*made(streets=square(90)))
    with pytest.raises(LayerError, match="another network"):
        life_circles(network, points, group, LIMITS, obstacles, fronts=other)


def test_nothing_to_start_from_or_to_walk_on_gives_no_circles():
    network, obstacles = made(streets=[line((0, 0), (100, 0))])
    none = attach_points(network, gpd.GeoSeries([], crs=CRS), obstacles, max_entry_m=10.0)
    group = pd.Series([], dtype="str", index=none.ids)
    assert life_circles(network, none, group, LIMITS, obstacles).empty
    network, obstacles = made()
    points = attach_points(network, places((0, 0), (5, 5)), obstacles, max_entry_m=10.0)
    group = pd.Series(["a", "b"], index=points.ids, name="neighbourhood_id")
    found = life_circles(network, points, group, LIMITS, obstacles)
    assert found.empty
    assert found.crs == network.crs


def test_a_reached_entrance_deeper_than_the_front_is_inside_and_one_not_reached_is_not():
    network, obstacles = made(streets=[line((0, 0), (600, 0))])
    deep = places((200, 90), (290, 90), (400, -30))
    homes = attach_points(network, deep, obstacles, max_entry_m=100.0)
    assert (homes.edge >= 0).all()
    walking = WALKING.with_values({"street_front_m": FRONT_M}, source="test")
    fronts = circle_fronts(network, obstacles, parameters=walking, entrances=[homes])
    bare = one_circle(network, obstacles, (100, 0), limit_m=250.0)
    drawn = one_circle(network, obstacles, (100, 0), limit_m=250.0, fronts=fronts)
    walks_m = [100 + 90, 190 + 90, 300 + 30]  # to the place on the street, and straight on
    assert [bool(drawn.intersects(point)) for point in deep] == [walk <= 250 for walk in walks_m]
    assert not bare.intersects(deep.iloc[0])
    assert drawn.is_valid
    assert drawn.area - bare.area < 90 * 4 * CELL_M  # a strip, not a block of land


@FEW
@given(towns())
def test_circles_with_strips_to_far_entrances_hold_every_reached_one_and_stay_nested(drawn):
    _, network, obstacles, origins, facilities = drawn
    group = pd.Series("home", index=origins.ids)
    bare = WALKING.with_values({"street_front_m": 12.0}, source="test")
    fronts = circle_fronts(network, obstacles, parameters=bare, entrances=[facilities])
    found = life_circles(network, origins, group, LIMITS, obstacles, fronts=fronts)
    assert found.geometry.is_valid.all()
    shapes = found.geometry.to_numpy()
    assert shapely.covers(shapes[1:], shapes[:-1]).all()
    graph = split_graph(network, origins, facilities)
    away = np.full(len(facilities), np.inf)
    for origin in range(len(origins)):
        reach = distances_mm(graph, 0, origin)
        away = np.minimum(away, [reach.get((1, n), np.inf) for n in range(len(facilities))])
    by_layer = found.set_index("layer").geometry
    for layer, limit_m in LIMITS.items():
        deep = (facilities.entry_mm > (12.0 + CELL_M) * 1000) & (facilities.edge >= 0)
        # A strip of grid points: true to a step of the grid along the way.
        for row in np.flatnonzero(deep & (away <= (limit_m - CELL_M) * 1000)):
            assert by_layer[layer].intersects(shapely.Point(facilities.xy_m[row]))
