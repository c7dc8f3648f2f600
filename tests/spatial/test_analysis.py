"""The whole path on small worlds: what holds from the files to the gaps."""

import geopandas as gpd
import pytest
from shapely import LineString, Point, box

from spatial.analysis import AnalysisParameters, analyse
from spatial.city.raw import RawLayer
from spatial.city.read import assemble_city
from spatial.standards import read_profile

CRS = 4547
WEST, SOUTH = 500_000, 3_400_000


def raw(layer, shapes, **columns):
    frame = gpd.GeoDataFrame(columns, geometry=shapes, crs=CRS)
    frame.index = [f"{layer}-{row}" for row in range(len(frame))]
    return RawLayer(layer, "test", frame.set_geometry(frame.translate(WEST, SOUTH)))


def village(*, buildings):
    """A street from a neighbourhood's gate at 0 m through a park from 250 m to 850 m."""
    layers = [
        raw("streets", [LineString([(-200, 0), (1000, 0)])], highway=["residential"]),
        raw("neighbourhoods", [box(-100, 2, 100, 150)], name=["红旗新村"]),
        raw("gates", [Point(0, 2)], kind=["gate"]),
        raw(
            "facilities",
            [box(250, -100, 850, 100), box(-150, -30, -140, -20), box(60, 140, 260, 340)],
            tags=[{"leisure": "park"}, {"amenity": "kindergarten"}, {"leisure": "pitch"}],
        ),
    ]
    if buildings:
        layers.append(raw("buildings", [box(-10, 10, 10, 20)], use=["residential"], floors=[6]))
    return analyse(
        assemble_city("test", layers, zone=CRS),
        read_profile("national"),
        parameters=AnalysisParameters(year=2026),
    )


@pytest.fixture(scope="module")
def analysis():
    return village(buildings=True)


def row_of(analysis, kind, layer):
    gaps = analysis.tables["gaps"]
    (found,) = gaps[(gaps["kind"] == kind) & (gaps["layer"] == layer)].to_dict("records")
    return found


def test_a_park_whose_near_entrance_is_within_the_limit_is_there_though_its_middle_is_not(analysis):
    park = analysis.city.layer("facilities").geometry["facilities-0"]
    assert park.representative_point().x - WEST > 500
    found = row_of(analysis, "park", "c5")
    assert found["limit_m"] == 300
    assert found["status"] == "present"
    assert found["nearest_facility_id"] == "facilities-0"
    assert found["nearest_m"] == pytest.approx(252, abs=1)


def test_the_way_by_air_is_measured_to_the_outline(analysis):
    assert row_of(analysis, "park", "c5")["straight_m"] == pytest.approx(150, abs=0.1)


def test_an_area_that_reaches_into_the_parcel_with_less_than_half_is_not_inside(analysis):
    pitch = row_of(analysis, "large_sports_ground", "c15")
    assert pitch["straight_m"] == 0
    assert pitch["nearest_m"] > 60


def test_every_facility_that_results_name_is_one_of_the_city(analysis):
    known = set(analysis.city.layer("facilities").index)
    assert set(analysis.tables["reached_facilities"]["facility_id"]) == known
    assert set(analysis.tables["gaps"]["nearest_facility_id"].dropna()) == known
    reached = analysis.tables["reached_facilities"]
    assert not reached.duplicated(["neighbourhood_id", "facility_id", "kind"]).any()


def test_buildings_near_an_entrance_have_the_park_too(analysis):
    table = analysis.tables["coverage"].set_index(["kind", "layer"])
    assert table.loc[("park", "c5"), "buildings_covered"] == 1


def test_what_could_not_be_applied_to_districts_and_land_is_told_in_both_languages(analysis):
    told = {note.key: note for note in village(buildings=False).notes}
    limits = told["limits_not_applied"]
    assert "户数" in limits.text_zh
    assert "households" in limits.text_en
    assert limits.level == "warning"
    assert "leftover_no_buildings" in told
    assert "limits_not_applied" not in {note.key for note in analysis.notes}


def test_given_kinds_that_the_catalogue_does_not_know_are_named_and_counted(analysis):
    facilities = raw(
        "facilities",
        [Point(150, 10), Point(160, 10), Point(170, 10)],
        kind=["龙门吊", "龙门吊", "kindergarten"],
    )
    layers = [
        raw("streets", [LineString([(-200, 0), (1000, 0)])], highway=["residential"]),
        raw("neighbourhoods", [box(-100, 2, 100, 150)], name=["红旗新村"]),
        facilities,
    ]
    found = analyse(
        assemble_city("test", layers, zone=CRS),
        read_profile("national"),
        parameters=AnalysisParameters(year=2026),
    )
    told = {note.key: note for note in found.notes}["unrecognised_kinds"]
    assert told.level == "warning"
    assert "龙门吊(2)" in told.text_zh
    assert "龙门吊 (2)" in told.text_en
    assert "kindergarten" not in told.text_en
    assert "unrecognised_kinds" not in {note.key for note in analysis.notes}


def test_the_table_of_buildings_says_how_each_is_left(analysis):
    (building,) = analysis.tables["building_gaps"].to_dict("records")
    assert building["way_to_gate"] == "straight"  # no path is mapped inside the parcel
    assert building["entry_m"] == pytest.approx(15.0)  # 13 m to the gate, 2 m on to the street
