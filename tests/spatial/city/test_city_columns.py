"""Columns and values of a source: read as meant, missing where unclear, and counted."""

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, Point, box

from spatial.city.columns import fill_columns, rename_columns
from spatial.city.layer_names import recognise_layer, recognise_raster
from spatial.city.recipe import FileRecipe
from spatial.city.text_values import parse_boolean, parse_number, parse_year
from spatial.dictionary import data_dictionary


def filled(layer, table, shape=None):
    spec = data_dictionary().inputs[layer]
    geometry = [shape or Point(i, 1) for i in range(len(next(iter(table.values()))))]
    frame = gpd.GeoDataFrame(table, geometry=geometry, crs=4547)
    frame.index = [str(i + 1) for i in range(len(frame))]
    renamed, unused = rename_columns(frame, spec, FileRecipe(layer=layer))
    done, notes = fill_columns(renamed, spec, source="test")
    return done, notes, unused


@pytest.mark.parametrize(
    ("text", "unit", "number"),
    [
        ("3005户", "households", 3005),
        ("1,200 户", "households", 1200),
        ("约1200", "households", 1200),
        ("１２０", "households", 120),
        ("65栋", None, 65),
        ("65栋", "households", None),
        ("6层", "floors", 6),
        ("12.5万㎡", "m2", 125_000),
        ("3亩", "m2", 2000),
        ("1.5公顷", "m2", 15_000),
        ("85%", "share", 0.85),
        ("0.3至0.5元/平米/月", "m2", None),
        ("5-6", "floors", None),
        ("六层", "floors", None),
        ("12m", "m2", None),
        ("1e3", "persons", 1000),
        (True, "persons", None),
        (float("nan"), "persons", None),
    ],
)
def test_a_number_in_dirty_text_is_read_only_where_it_is_clear(text, unit, number):
    assert parse_number(text, unit) == (None if number is None else pytest.approx(number))


@given(st.integers(0, 10**9), st.sampled_from(["户", "套", "", " 户"]))
def test_a_written_number_of_households_is_that_number(number, unit):
    assert parse_number(f"{number}{unit}", "households") == number
    assert parse_number(f"{number:,}{unit}", "households") == number


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("1980年", 1980), ("1980", 1980), (1980.0, 1980), ("1998-05-01", 1998), ("1998/5", 1998),
        ("1998年5月", 1998), ("2005年建成", 2005), ("1980年代", None), ("80年代", None),
        ("1980-1985", None), ("98", None), ("2150", None), ("建于1980", None),
    ],
)  # fmt: skip
def test_a_year_is_read_only_where_it_is_clear(text, year):
    assert parse_year(text) == year


def test_yes_and_no_in_two_languages():
    assert [parse_boolean(v) for v in ("是", "否", "Y", "no", 1, "0", "有")] == [
        True, False, True, False, True, False, True,
    ]  # fmt: skip
    assert parse_boolean("或许") is None


def test_aliases_in_any_case_and_chinese_values_are_understood():
    table = {
        "XQMC": ["甲"],
        "jcnf": ["1985年"],
        "hs": ["120户"],
        "TDXZ": ["国有"],
        "产权性质": ["房改房"],
    }
    homes, notes, unused = filled("neighbourhoods", table)
    row = homes.iloc[0]
    assert (row["name"], row.year_built, row.households) == ("甲", 1985, 120)
    assert (row.land_ownership, row.tenure) == ("state", "reform_housing")
    assert notes == ()
    assert unused == []


def test_what_cannot_be_read_is_missing_and_the_first_row_is_named():
    homes, notes, _ = filled("neighbourhoods", {"户数": ["100", "很多", "-5", "", None, "暂无"]})
    assert homes.households.isna().tolist() == [False, True, True, True, True, True]
    (note,) = notes
    assert note.level == "warning"
    assert "2 values of `households`" in note.text_en
    assert "row 2: '很多'" in note.text_en


def test_the_first_fitting_name_wins_and_the_rest_is_reported():
    places, _, unused = filled(
        "neighbourhoods", {"name": ["a"], "小区名称": ["b"], "colour": ["red"]}
    )
    assert places.name.iloc[0] == "a"
    assert set(unused) == {"小区名称", "colour"}


def test_unused_columns_of_a_facility_become_its_tags():
    places, _, unused = filled("facilities", {"name": ["甲", "乙"], "amenity": ["clinic", None]})
    assert places.tags.tolist() == [{"amenity": "clinic"}, {}]
    assert unused == []


def test_classes_of_osm_extracts_become_tags_and_structures():
    places, _, _ = filled("facilities", {"osm_id": ["1"], "fclass": ["supermarket"]})
    assert places.tags.iloc[0]["shop"] == "supermarket"
    table = {
        "fclass": ["steps", "footway", "primary"],
        "bridge": ["F", "T", "F"],
        "tunnel": ["F", "F", "T"],
    }
    streets, _, _ = filled("streets", table, LineString([(0, 0), (1, 1)]))
    assert streets.highway.tolist() == ["steps", "footway", "primary"]
    assert streets.structure.tolist() == ["ground", "bridge", "tunnel"]
    assert streets.steps.isna().tolist() == [False, True, True]


def test_codes_that_became_floats_are_text_again():
    areas, _, _ = filled("stock_assets", {"QLXZ": [101.0, 102.0], "QSDW": [3302.0, "某厂"]})
    assert areas.acquisition.tolist() == ["allocated", "granted"]
    assert areas.owner.tolist() == ["3302", "某厂"]


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("streets", "streets"), ("gis_osm_roads_free_1", "streets"), ("poa_hexgrid", "population"),
        ("某区老旧小区2023", "neighbourhoods"), ("hdb_df", "buildings"), ("围墙", "barriers"),
        ("街道界", "admin_areas"), ("街道路网", "streets"), ("bus_stops", "facilities"),
        ("现状用地", "land_use"), ("prices", None), ("restreets", None),
    ],
)  # fmt: skip
def test_a_file_name_says_its_layer(name, layer):
    found = recognise_layer(name)
    assert (found.recipe.layer if found else None) == layer


def test_a_raster_name_says_its_meaning():
    assert recognise_raster("chn_pop_2020") == "population"
    assert recognise_raster("某市高程") == "elevation"
    assert recognise_raster("ndvi") == "greenness"
    assert recognise_raster("orthophoto") is None


def test_reading_values_changes_nothing_in_the_frame_given():
    frame = gpd.GeoDataFrame({"户数": ["100户"]}, geometry=[Point(0, 1)], index=["1"], crs=4547)
    before = frame.copy(deep=True)
    spec = data_dictionary().inputs["neighbourhoods"]
    renamed, _ = rename_columns(frame, spec, FileRecipe())
    fill_columns(renamed, spec, source="test")
    pd.testing.assert_frame_equal(pd.DataFrame(frame), pd.DataFrame(before))


def test_area_codes_are_text_of_twelve_digits_and_say_the_level():
    table = {
        "XZQDM": ["330212", 330200.0, "330212001", "abc"],
        "XZQMC": ["鄞州区", "宁波市", "甲街道", "乙"],
    }
    areas, _, _ = filled("admin_areas", table, box(0, 0, 1, 1))
    assert areas.code.tolist() == ["330212000000", "330200000000", "330212001000", "abc"]
    assert areas.level.tolist() == ["county", "city", "subdistrict", "unknown"]
