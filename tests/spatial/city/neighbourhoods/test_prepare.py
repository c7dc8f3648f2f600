"""From layers to neighbourhoods: laws on a small hand-drawn quarter."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from spatial.city.model import City
from spatial.city.neighbourhoods import prepare_neighbourhoods
from spatial.standards.parameters import read_parameters

CRS = 4547
PARAMETERS = read_parameters("neighbourhoods")


def layer(shapes, ids, **columns):
    return gpd.GeoDataFrame(
        {name: pd.Series(values, index=ids) for name, values in columns.items()},
        geometry=gpd.GeoSeries(shapes, index=ids, crs=CRS),
    )


def quarter(**changes):
    """Two parcels on either side of a street; a path enters the first."""
    layers = {
        "neighbourhoods": layer(
            [shapely.box(0, 0, 100, 100), shapely.box(120, 0, 220, 100)],
            ["west", "east"],
            households=[None, 40],
        ),
        "streets": layer(
            [
                shapely.LineString([(110, -200), (110, 300)]),
                shapely.LineString([(110, 50), (50, 50)]),
            ],
            ["main", "path"],
            highway=["residential", "footway"],
        ),
        "buildings": layer(
            [
                shapely.box(10, 10, 30, 20),
                shapely.box(10, 40, 30, 50),
                shapely.box(150, 10, 170, 20),
            ],
            ["b1", "b2", "b3"],
            use=["residential", "residential", "residential"],
            floors=[6.0, None, 4.0],
            year_built=[1985, 1991, 2003],
        ),
    }
    layers.update(changes)
    return City.from_layers("quarter", layers, crs=CRS)


def prepared(city):
    return prepare_neighbourhoods(city, PARAMETERS)


def test_each_neighbourhood_has_a_gate_marked_how_it_is_known():
    gates = prepared(quarter()).gates
    by_place = gates.set_index("neighbourhood_id")["source"]
    assert by_place.to_dict() == {"west": "crossing", "east": "nearest"}
    at = gates.geometry[gates["neighbourhood_id"] == "west"].iloc[0]
    assert (at.x, at.y) == (100, 50)


def test_a_mapped_gate_goes_before_a_crossing():
    gate = layer([shapely.Point(0, 30)], ["g"], kind=["gate"], access=["residents"])
    gates = prepared(quarter(gates=gate)).gates
    west = gates[gates["neighbourhood_id"] == "west"]
    assert west["source"].tolist() == ["mapped"]
    assert west["access"].tolist() == ["residents"]


def test_a_closed_gate_is_kept_but_does_not_count():
    gate = layer([shapely.Point(0, 30)], ["g"], kind=["gate"], access=["closed"])
    result = prepared(quarter(gates=gate))
    west = result.gates[result.gates["neighbourhood_id"] == "west"]
    assert sorted(west["source"]) == ["crossing", "mapped"]
    assert result.frame.loc["west", "gate_count"] == 1


def test_a_path_does_not_make_a_gate_where_a_wall_stands():
    wall = layer([shapely.LineString([(100, 0), (100, 100)])], ["w"], kind=["wall"])
    gates = prepared(quarter(barriers=wall)).gates
    assert "crossing" not in gates["source"].tolist()


def test_without_streets_there_are_no_gates_and_nothing_fails():
    result = prepared(quarter(streets=None))
    assert len(result.gates) == 0
    assert result.frame["gate_count"].tolist() == [0, 0]


def test_the_way_to_the_nearest_street_does_not_cross_the_river_if_another_does_not():
    streets = layer(
        [
            shapely.LineString([(-30, -200), (-30, 300)]),
            shapely.LineString([(270, -200), (270, 300)]),
        ],
        ["across", "here"],
        highway=["residential", "residential"],
    )
    river = layer([shapely.LineString([(-15, -300), (-15, 400)])], ["r"], kind=["river"])
    places = layer([shapely.box(0, 0, 100, 100)], ["west"], households=[10])
    gates = prepared(quarter(neighbourhoods=places, streets=streets, water=river)).gates
    assert gates.geometry.iloc[0].x == 100


def test_floor_area_and_buildings_are_summed_without_loss():
    result = prepared(quarter())
    assert result.building_neighbourhood.to_dict() == {"b1": "west", "b2": "west", "b3": "east"}
    floors = PARAMETERS["floors_assumed"]
    assert result.frame["residential_floor_area_m2"].to_dict() == {
        "west": 200 * 6 + 200 * floors,
        "east": 800,
    }
    assert any(note.key == "floors_assumed" for note in result.notes)


def test_a_given_neighbourhood_of_a_building_wins_over_where_it_stands():
    city = quarter()
    buildings = city.layer("buildings").assign(neighbourhood_id=[None, "east", None])
    assert prepared(city.with_layers(buildings=buildings)).building_neighbourhood["b2"] == "east"


def test_years_come_from_buildings_and_say_so():
    frame = prepared(quarter()).frame
    assert frame["year_built"].to_dict() == {"west": 1988, "east": 2003}
    assert frame["year_source"].tolist() == ["buildings", "buildings"]


def test_what_nobody_knows_stays_missing():
    result = prepared(quarter(buildings=None))
    west = result.frame.loc["west"]
    assert pd.isna(west["persons"])
    assert pd.isna(west["households"])
    assert pd.isna(west["year_built"])
    assert west["persons_source"] == "missing"


def test_residents_sum_to_the_population_layer():
    people = layer(
        [shapely.box(-10, -10, 105, 110), shapely.box(115, -10, 230, 110)],
        ["p1", "p2"],
        persons=[300.0, 100.0],
    )
    frame = prepared(quarter(population=people)).frame
    assert frame["persons"].sum() == pytest.approx(400)


def test_the_order_of_the_input_changes_nothing():
    city = quarter()
    turned = city.with_layers(
        **{name: city.layer(name).iloc[::-1] for name in ("neighbourhoods", "streets", "buildings")}
    )
    one, two = prepared(city), prepared(turned)
    pd.testing.assert_frame_equal(
        pd.DataFrame(one.frame.drop(columns="geometry").sort_index()),
        pd.DataFrame(two.frame.drop(columns="geometry").sort_index()),
    )
    assert shapely.equals_exact(
        one.cells.geometry.sort_index().to_numpy(), two.cells.geometry.sort_index().to_numpy()
    ).all()
    assert one.gates.to_wkt().equals(two.gates.to_wkt())


def test_a_neighbourhood_drawn_twice_is_left_out_and_said():
    twin = layer(
        [shapely.box(0, 0, 100, 100), shapely.box(0, 0, 100, 100)], ["a", "b"], households=[1, 1]
    )
    result = prepared(quarter(neighbourhoods=twin))
    assert result.frame.index.tolist() == ["a"]
    assert [note.key for note in result.notes if note.key == "parcels_covered"] == [
        "parcels_covered"
    ]


def test_a_point_in_an_enclosed_block_becomes_the_block_and_one_outside_a_disc():
    ring = shapely.box(0, 0, 150, 150).exterior
    streets = layer([shapely.LineString(ring)], ["ring"], highway=["residential"])
    points = layer(
        [shapely.Point(70, 70), shapely.Point(600, 70)], ["in", "out"], households=[None, None]
    )
    frame = prepared(quarter(neighbourhoods=points, streets=streets, buildings=None)).frame
    assert frame["derived"].to_dict() == {"in": "delineated", "out": "buffered"}
    setback_m = PARAMETERS["street_setback_m"]
    assert frame.geometry["in"].equals(
        shapely.box(setback_m, setback_m, 150 - setback_m, 150 - setback_m)
    )


def test_building_points_with_homes_become_single_buildings():
    homes = layer(
        [shapely.Point(0, 0), shapely.Point(30, 0), shapely.Point(500, 0)],
        ["x", "y", "z"],
        use=["residential"] * 3,
        households=[100, 100, 20],
        year_built=[1980, 1990, 2000],
    )
    result = prepared(City.from_layers("towers", {"buildings": homes}, crs=CRS))
    frame = result.frame
    assert frame["kind"].tolist() == ["single_building"] * 3
    assert frame["households"].tolist() == [100, 100, 20]
    assert (frame["derived"] == "buffered").all()
    assert shapely.area(shapely.intersection(frame.geometry["x"], frame.geometry["y"])) < 1e-6
    assert shapely.coverage_is_valid(result.cells.geometry.to_numpy())


def test_without_anything_to_go_by_there_are_none_and_a_note_says_why():
    result = prepared(City.from_layers("empty", {}, crs=CRS))
    assert len(result.frame) == 0
    assert [note.key for note in result.notes] == ["no_neighbourhoods"]


def test_blocks_are_never_shared_by_two_points():
    ring = shapely.box(0, 0, 200, 150).exterior
    streets = layer([shapely.LineString(ring)], ["ring"], highway=["residential"])
    points = layer(
        [shapely.Point(50, 70), shapely.Point(150, 70)], ["a", "b"], households=[None, None]
    )
    frame = prepared(quarter(neighbourhoods=points, streets=streets, buildings=None)).frame
    assert np.isclose(shapely.area(shapely.intersection(*frame.geometry)), 0)
    assert frame["derived"].tolist() == ["delineated", "delineated"]
