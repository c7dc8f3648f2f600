"""Every way in which neighbourhoods are derived, on small worlds."""

import numpy as np
import pandas as pd
import pytest
import shapely
import shapely.ops
from neighbourhood_worlds import PARAMETERS, grid, homes, layer, prepared, slabs, streets, world

from spatial.city.neighbourhoods.blocks import BlockSizes, join_blocks
from spatial.city.neighbourhoods.walled import closed_gaps

SETBACK_M = PARAMETERS["street_setback_m"]


def square_wall(x, y, side_m, gate_m=0.0):
    """A square wall; with a gate it stops short of its start."""
    ring = shapely.box(x, y, x + side_m, y + side_m).exterior
    return shapely.ops.substring(ring, 0, ring.length - gate_m)


def walls(*lines):
    return layer(list(lines), [f"w{n}" for n in range(len(lines))], kind=["wall"] * len(lines))


def test_residential_land_use_comes_first_under_its_name_and_marked():
    land = layer(
        [shapely.box(0, 0, 150, 150), shapely.box(200, 0, 300, 100)],
        ["home", "works"],
        name=["和平里", "纺织厂"],
        use=["residential", "industrial"],
    )
    frame = prepared(world(land_use=land)).frame
    assert frame.index.tolist() == ["home"]
    assert frame["name"].tolist() == ["和平里"]
    assert frame["derived"].tolist() == ["delineated"]


def test_large_residential_land_is_divided_along_its_streets_and_stays_apart_at_main_roads():
    land = layer([shapely.box(0, 0, 600, 400)], ["big"], use=["residential"])
    ways = grid(6, 4, 100, main_columns=(2,))
    frame = prepared(world(land_use=land, streets=ways)).frame
    assert len(frame) > 4
    assert all(name.startswith("big/") for name in frame.index)
    assert (frame["derived"] == "delineated").all()
    assert not frame.geometry.crosses(shapely.LineString([(200, -10), (200, 410)])).any()
    assert frame.geometry.area.max() <= PARAMETERS["block_area_m2"][1]
    assert shapely.box(0, 0, 600, 400).covers(shapely.union_all(frame.geometry.to_numpy()))


def test_large_land_that_no_street_divides_stays_whole():
    land = layer([shapely.box(0, 0, 600, 400)], ["big"], use=["residential"])
    assert prepared(world(land_use=land)).frame.index.tolist() == ["big"]


def test_nameless_given_land_too_large_is_divided_but_one_with_a_name_is_not():
    shape = shapely.box(0, 0, 600, 400)
    ways = grid(6, 4, 100)
    bare = prepared(world(neighbourhoods=layer([shape], ["big"]), streets=ways))
    assert len(bare.frame) > 1
    assert (bare.frame["derived"] == "delineated").all()
    assert "large_land_divided" in [note.key for note in bare.notes]
    named = layer([shape], ["big"], name=["大院"])
    whole = prepared(world(neighbourhoods=named, streets=ways)).frame
    assert whole.index.tolist() == ["big"]
    assert whole["derived"].tolist() == ["given"]


@pytest.mark.parametrize("gate_m", [0.0, 8.0])
def test_a_wall_with_homes_inside_becomes_a_neighbourhood(gate_m):
    city = world(
        barriers=walls(square_wall(0, 0, 120, gate_m), square_wall(300, 0, 120)),
        buildings=homes(shapely.box(20, 20, 80, 32)),
    )
    frame = prepared(city).frame
    assert len(frame) == 1
    assert frame.geometry.iloc[0].equals(shapely.box(0, 0, 120, 120))
    assert frame["derived"].tolist() == ["delineated"]
    assert frame.index[0].startswith("walled-")


def test_a_wall_with_a_wide_opening_encloses_nothing():
    city = world(
        barriers=walls(square_wall(0, 0, 120, 60.0)), buildings=homes(shapely.box(20, 20, 80, 32))
    )
    assert len(prepared(city).frame) == 0


def test_walls_on_three_sides_and_a_street_on_the_fourth_enclose_a_neighbourhood():
    wall = shapely.LineString([(0, 0), (0, 100), (100, 100), (100, 0)])
    city = world(
        barriers=walls(wall),
        streets=streets([(-100, 0), (200, 0)]),
        buildings=homes(shapely.box(20, 20, 80, 32)),
    )
    frame = prepared(city).frame
    assert [shape.area for shape in frame.geometry] == pytest.approx([10_000])


def test_a_fence_inside_the_wall_does_not_make_a_second_neighbourhood():
    city = world(
        barriers=walls(square_wall(0, 0, 120), square_wall(60, 60, 30)),
        buildings=homes(shapely.box(10, 10, 50, 22), shapely.box(65, 65, 85, 85)),
    )
    assert prepared(city).frame.geometry.area.tolist() == [120**2]


def test_walls_add_only_what_land_use_does_not_hold():
    land = layer([shapely.box(0, 0, 150, 150)], ["home"], use=["residential"])
    city = world(
        land_use=land,
        barriers=walls(square_wall(10, 10, 120), square_wall(300, 0, 120)),
        buildings=homes(shapely.box(20, 20, 80, 32), shapely.box(320, 20, 380, 32)),
    )
    frame = prepared(city).frame
    assert sorted(name.split("-")[0] for name in frame.index) == ["home", "walled"]


def test_an_end_that_stops_short_of_another_wall_is_closed_onto_it():
    wall, other = shapely.LineString([(0, 5), (0, 50)]), shapely.LineString([(-50, 0), (50, 0)])
    links = closed_gaps(np.array([wall, other]), 8.0)
    assert [line.wkt for line in links] == ["LINESTRING (0 5, 0 0)"]


def test_homes_that_stand_together_are_a_cluster_and_streets_part_them():
    city = world(
        buildings=homes(*slabs(0, 0, 4), *slabs(100, 0, 4), shapely.box(900, 0, 950, 10)),
        streets=streets([(75, -200), (75, 300)]),
    )
    result = prepared(city)
    assert len(result.frame) == 2
    assert result.frame["joined_buildings"].tolist() == [4, 4]
    assert (result.frame["derived"] == "delineated").all()
    assert result.building_neighbourhood.isna().sum() == 1


def test_homes_outside_the_land_use_are_not_lost():
    land = layer([shapely.box(-10, -10, 60, 120)], ["home"], use=["residential"])
    city = world(land_use=land, buildings=homes(*slabs(0, 0, 4), *slabs(500, 0, 4)))
    result = prepared(city)
    assert len(result.frame) == 2
    assert result.building_neighbourhood.notna().all()


def test_points_with_households_are_single_buildings_even_beside_drawn_ones():
    city = world(
        buildings=homes(*slabs(0, 0, 3), shapely.Point(500, 0), households=[None, None, None, 100])
    )
    frame = prepared(city).frame
    single = frame[frame["kind"] == "single_building"]
    assert single["households"].tolist() == [100]
    assert single["derived"].tolist() == ["buffered"]
    # 100 households at 60 m² each
    assert single.geometry.area.iloc[0] == pytest.approx(6000, rel=0.05)
    assert len(frame) == 2


def people(*rows):
    spots, persons = zip(*rows, strict=True)
    ids = [f"p{n}" for n in range(len(rows))]
    return layer([shapely.Point(spot) for spot in spots], ids, persons=list(persons))


def test_small_street_blocks_join_until_they_have_the_size_of_one():
    city = world(streets=grid(8, 8, 60))
    frame = prepared(city).frame
    area_m2 = frame.geometry.area
    # Nobody knows where people live: only the area counts.
    assert 4 <= len(frame) <= 64 * 3600 / PARAMETERS["block_target_m2"]
    assert area_m2.max() <= PARAMETERS["block_area_m2"][1]
    assert area_m2.min() > PARAMETERS["block_target_m2"] / 2
    assert (frame["derived"] == "delineated").all()


def test_blocks_are_never_joined_across_a_main_road_a_river_or_a_railway():
    lines = {
        "streets": {},
        "water": {"water": layer([shapely.LineString([(90, -50), (90, 410)])], ["r"])},
        "railways": {"railways": layer([shapely.LineString([(90, -50), (90, 410)])], ["t"])},
    }
    for name, more in lines.items():
        ways = grid(6, 6, 60, main_columns=(3,) if name == "streets" else ())
        frame = prepared(world(streets=ways, **more)).frame
        at = 180 if name == "streets" else 90
        line = shapely.LineString([(at, -100), (at, 500)])
        assert len(frame) > 1
        assert not frame.geometry.intersects(line).any(), name


def test_joining_stops_at_the_most_residents():
    row = np.array([shapely.box(x, 0, x + 100, 100) for x in range(0, 400, 100)])
    sizes = BlockSizes(enough_m2=30_000, most_m2=160_000, enough_persons=1000, most_persons=3000)
    none = np.array([], dtype=object)
    persons = np.array([2500.0, 600.0, 600.0, 600.0])
    assert join_blocks(row, none, persons, sizes).tolist() == [0, 1, 1, 1]


def test_blocks_without_residents_are_no_neighbourhoods_and_residents_are_conserved():
    spots = [((x, y), 400.0 if x < 300 else 0.0) for x in (75, 225, 375) for y in (75, 225)]
    result = prepared(world(streets=grid(3, 2, 150), population=people(*spots)))
    assert result.frame["persons"].sum() == pytest.approx(1600, abs=1e-6)
    assert (result.frame.geometry.bounds["maxx"] < 300).all()
    assert (result.frame["persons_source"] == "population_layer").all()


def test_the_order_of_streets_and_people_changes_no_block():
    city = world(
        streets=grid(7, 5, 70, main_columns=(3,)),
        population=people(*[((x, y), 300.0) for x in (50, 250, 450) for y in (60, 180, 300)]),
    )
    turned = city.with_layers(
        streets=city.layer("streets").iloc[::-1], population=city.layer("population").iloc[::-1]
    )
    one, two = prepared(city).frame, prepared(turned).frame
    assert one.index.tolist() == two.index.tolist()
    assert shapely.equals(one.geometry.to_numpy(), two.geometry.to_numpy()).all()
    pd.testing.assert_series_equal(one["persons"], two["persons"])


def test_blocks_keep_off_the_streets_by_the_setback():
    ways = grid(1, 1, 200)
    frame = prepared(world(streets=ways)).frame
    inner = shapely.box(SETBACK_M, SETBACK_M, 200 - SETBACK_M, 200 - SETBACK_M)
    assert frame.geometry.iloc[0].equals(inner)


def test_a_named_estate_inside_divided_land_keeps_its_ground_to_itself():
    places = layer(
        [shapely.box(0, 0, 600, 400), shapely.box(120, 120, 180, 180)],
        ["big", "estate"],
        name=[None, "小院"],
    )
    frame = prepared(world(neighbourhoods=places, streets=grid(6, 4, 100))).frame
    others = frame.drop("estate").geometry.to_numpy()
    assert shapely.area(shapely.intersection(others, places.geometry["estate"])).max() == 0
    assert frame.geometry["estate"].equals(places.geometry["estate"])
