"""Residents and households: control totals kept, given values kept, missing stays missing."""

import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from neighbourhood_worlds import CRS, PARAMETERS, homes, layer, prepared, world

from spatial.city.model import Raster

TILES = [shapely.box(x, 0, x + 100, 100) for x in (0, 100, 200)]


def raster(values, *, pixel_m=50.0):
    """Pixels over the three tiles from x = 0, y = 100 downwards."""
    grid = np.array(values, dtype=float)
    return Raster(grid, (pixel_m, 0, 0, 0, -pixel_m, 100), pyproj.CRS.from_epsg(CRS), "persons")


def tiles(**columns):
    return layer(TILES, ["a", "b", "c"], **columns)


@given(
    st.lists(
        st.lists(st.floats(0, 500, allow_subnormal=False), min_size=6, max_size=6),
        min_size=2,
        max_size=2,
    ),
    st.booleans(),
)
@settings(max_examples=15, deadline=None)
def test_derived_residents_sum_to_the_raster_on_the_ground_it_covers(values, with_homes):
    layers = {"neighbourhoods": tiles()}
    if with_homes:
        layers["buildings"] = homes(
            shapely.box(10, 10, 50, 20), shapely.box(110, 10, 180, 30), floors=[6.0, 3.0]
        )
    frame = prepared(world(rasters={"population": raster(values)}, **layers)).frame
    whole = float(np.sum(values))
    assert frame["persons"].sum() == pytest.approx(whole, abs=1e-6)


def test_without_buildings_each_parcel_has_the_residents_of_its_own_pixels():
    values = [[1, 2, 3, 4, 5, 6], [10, 20, 30, 40, 50, 60]]
    frame = prepared(world(rasters={"population": raster(values)}, neighbourhoods=tiles())).frame
    assert frame["persons"].tolist() == [33, 77, 121]
    assert (frame["persons_source"] == "raster").all()


def test_a_pixel_between_two_equally_near_parcels_goes_to_the_first_by_id_in_any_order():
    places = layer([shapely.box(0, 0, 100, 100), shapely.box(150, 0, 250, 100)], ["a", "b"])
    grid = Raster(
        np.array([[0.0, 7.0, 1.0]]), (50.0, 0, 50, 0, -100.0, 100), pyproj.CRS.from_epsg(CRS), "p"
    )
    for frame in (places, places.iloc[::-1]):
        found = prepared(world(rasters={"population": grid}, neighbourhoods=frame)).frame
        assert found["persons"].to_dict() == {"a": 7, "b": 1}


def test_given_residents_stay_and_the_others_share_the_rest_of_the_control_total():
    layers = {
        "neighbourhoods": tiles(persons=[50.0, None, None]),
        "buildings": homes(
            shapely.box(110, 10, 180, 30), shapely.box(210, 10, 280, 30), floors=[6.0, 3.0]
        ),
        "population": layer([shapely.box(0, 0, 300, 100)], ["p"], persons=[350.0]),
    }
    frame = prepared(world(**layers)).frame
    assert frame["persons"].tolist() == pytest.approx([50, 200, 100], abs=1e-6)
    assert frame["persons_source"].tolist() == ["given", "buildings", "buildings"]


def test_the_elderly_follow_their_share_in_the_population_layer_and_given_ones_stay():
    spots = layer(
        [shapely.box(0, 0, 150, 100), shapely.box(150, 0, 200, 100), TILES[2]],
        ["p", "q", "r"],
        persons=[300.0, 100.0, 80.0],
        elderly_persons=[60.0, 50.0, None],
    )
    given = tiles(persons=[200.0, 100.0, 50.0], elderly_persons=[11.0, None, None])
    result = prepared(world(neighbourhoods=given, population=spots))
    old = result.frame["elderly_persons"]
    # b holds a third of p (100, of them 20 old) and all of q (100, 50 old): 35 % of its 100.
    assert old.tolist()[:2] == pytest.approx([11, 35])
    assert pd.isna(old.iloc[2])  # nobody knows the ages there
    assert [n.text_en[:1] for n in result.notes if n.key == "elderly_from_population"] == ["1"]
    none = prepared(world(neighbourhoods=given, population=spots.assign(elderly_persons=None)))
    assert none.frame["elderly_persons"].isna().tolist() == [False, True, True]


def test_without_a_control_total_residents_follow_floor_area():
    city = world(neighbourhoods=tiles(), buildings=homes(shapely.box(10, 10, 45, 30), floors=[6.0]))
    frame = prepared(city).frame
    assert frame.loc["a", "persons"] == pytest.approx(35 * 20 * 6 / PARAMETERS["m2_per_person"])
    assert frame["persons"].isna().tolist() == [False, True, True]
    assert frame["persons_source"].tolist() == ["buildings", "missing", "missing"]


def test_households_of_buildings_are_summed_and_an_unknown_one_is_no_zero():
    city = world(
        neighbourhoods=tiles(),
        buildings=homes(
            shapely.box(10, 10, 45, 30),
            shapely.box(10, 40, 45, 60),
            shapely.Point(150, 50),
            households=[40, 20, None],
        ),
    )
    frame = prepared(city).frame
    assert frame["households"].iloc[0] == 60
    assert frame["households_source"].tolist() == ["buildings", "missing", "missing"]
    assert pd.isna(frame["households"].iloc[1])


def test_residents_just_beside_a_parcel_are_its_own_and_far_ones_are_said_to_live_elsewhere():
    spots = layer(
        [shapely.box(310, 0, 320, 10), shapely.box(5000, 0, 5010, 10), TILES[0]],
        ["beside", "far", "on"],
        persons=[30.0, 500.0, 100.0],
    )
    result = prepared(world(neighbourhoods=tiles(), population=spots))
    assert result.frame["persons"].fillna(0).tolist() == [100, 0, 30]
    notes = [note.text_en for note in result.notes if note.key == "residents_elsewhere"]
    assert notes == [
        "of 630 residents in the population data 500 live near no neighbourhood and are not counted"
    ]


def test_small_parcels_with_a_name_households_or_residents_are_kept():
    small = [shapely.box(x, 0, x + 10, 10) for x in range(0, 400, 100)]
    places = layer(
        small,
        ["named", "homes", "people", "scrap"],
        name=["独栋", None, None, None],
        households=[None, 12, None, None],
        persons=[None, None, 5.0, None],
    )
    result = prepared(world(neighbourhoods=places))
    assert result.frame.index.tolist() == ["homes", "named", "people"]
    assert "small_parcels_left_out" in [note.key for note in result.notes]
