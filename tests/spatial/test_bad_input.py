"""Input that cannot do its part: each fault gets a clear answer, and nothing is dropped."""

import geopandas as gpd
import pandas as pd
import pytest
from shapely import LineString, Point, box

from spatial.analysis import AnalysisParameters, analyse
from spatial.city import read_city
from spatial.input_notes import notes_on_capacity
from spatial.outputs import write_analysis
from spatial.standards import read_profile

WEST, SOUTH = 500_000, 3_400_000


def write(folder, layer, rows):
    frame = gpd.GeoDataFrame(rows, geometry="geometry", crs=4547)
    frame["geometry"] = frame.geometry.translate(WEST, SOUTH)
    frame.to_file(folder / f"{layer}.gpkg")


def estate(name, shape, persons):
    return {"id": name, "name": name, "persons": persons, "geometry": shape}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A street with three estates on it, a fourth far away, and something wrong in every layer."""
    folder = tmp_path_factory.mktemp("town")
    write(
        folder,
        "streets",
        [
            {"id": "s1", "highway": "residential", "geometry": LineString([(-200, 0), (1000, 0)])},
            {"id": "s2", "highway": "residential", "geometry": LineString([(0, 0), (0, 30)])},
        ],
    )
    write(
        folder,
        "neighbourhoods",
        [
            estate("n1", box(-100, 2, 100, 150), 300),
            estate("n2", box(120, 2, 300, 150), 0),
            estate("n4", box(320, 2, 500, 150), 200),
            estate("n3", box(5000, 5000, 5100, 5100), 50),
        ],
    )
    write(
        folder,
        "gates",
        [
            {"id": "g1", "kind": "gate", "geometry": Point(0, 2)},
            {"id": "in a field", "kind": "gate", "geometry": Point(3000, 3000)},
            {"id": "g3", "kind": "gate", "geometry": Point(5000, 5050)},
        ],
    )
    wall = LineString(box(-100, 2, 100, 150).exterior.coords)
    write(folder, "barriers", [{"id": "w1", "kind": "wall", "geometry": wall}])
    places = [
        ("f1", "kindergarten", None, Point(-150, 5)),
        ("far away", "kindergarten", 180, Point(9000, 9000)),
        ("f3", "龙门吊", None, Point(100, -5)),
        ("f6", "kindergarden", None, Point(100, -6)),
        ("f4", "kindergarten", -5, Point(200, -5)),
        ("f5", "kindergarten", 90, Point(250, -5)),
        ("behind the wall", "kindergarten", 30, Point(60, 60)),
    ]
    keys = ("id", "kind", "capacity", "geometry")
    write(folder, "facilities", [dict(zip(keys, row, strict=True)) for row in places])
    homes = [
        ("b1", 6, box(-10, 10, 10, 20)),
        ("b2", 6, box(5020, 5020, 5040, 5040)),
        ("b3", 0, box(150, 50, 170, 70)),
    ]
    keys = ("id", "floors", "geometry")
    rows = [dict(zip(keys, row, strict=True)) | {"use": "residential"} for row in homes]
    write(folder, "buildings", rows)
    return folder


@pytest.fixture(scope="module")
def analysis(folder):
    return run(read_city([folder]))


def run(city):
    return analyse(city, read_profile("national"), parameters=AnalysisParameters(year=2026))


def told(analysis, key):
    (note,) = [note for note in analysis.notes if note.key == key]
    return note


def test_every_row_is_read_and_none_is_dropped(analysis):
    assert all(layer.read == layer.loaded for layer in analysis.city.report.layers)
    assert sorted(analysis.tables["neighbourhoods"].index) == ["n1", "n2", "n3", "n4"]


def test_a_facility_outside_the_network_is_named_with_the_reason(analysis):
    note = told(analysis, "facilities_off_network")
    assert note.level == "warning"
    assert "far away" in note.text_en
    assert "from any street" in note.text_en
    assert "距道路超过" in note.text_zh
    assert "far away" not in set(analysis.tables["gaps"]["nearest_facility_id"].dropna())


def test_a_facility_inside_a_wall_is_entered_through_the_gate_or_named_as_behind_it(analysis):
    named = told(analysis, "facilities_off_network").text_en
    reached = set(analysis.tables["reached_facilities"]["facility_id"])
    assert ("behind the wall" in reached) != ("behind the wall" in named)


def test_a_gate_on_no_edge_is_named_with_the_neighbourhood_that_has_no_other(analysis):
    note = told(analysis, "gates_off_network")
    assert "n3#1" in note.text_en
    assert "n3" in note.text_zh
    gates = analysis.tables["neighbourhood_gates"]
    assert gates.loc["n3#1", "entry_m"] is not None
    assert gates["entry_m"].isna().to_dict()["n3#1"]
    gaps = analysis.tables["gaps"].set_index("neighbourhood_id")
    assert set(gaps.loc["n3", "status"]) == {"unknown"}


def test_a_gate_in_a_field_opens_nothing_and_is_named(analysis):
    note = told(analysis, "gates_idle")
    assert note.level == "warning"
    assert note.text_en.startswith("1 gates")
    assert "in a field" in note.text_zh


def test_a_capacity_below_zero_is_unreadable_and_a_missing_one_is_told_not_counted_as_none(
    analysis,
):
    capacity = analysis.city.layer("facilities")["capacity"]
    assert capacity.isna().to_dict() == {
        "f1": True, "far away": False, "f3": True, "f4": True, "f5": False, "f6": True,
        "behind the wall": False,
    }  # fmt: skip
    notes = [note for layer in analysis.city.report.layers for note in layer.notes]
    assert any("-5" in note.text_en for note in notes if note.key == "unreadable_values")
    missing = told(analysis, "capacity_missing")
    assert "2 of 5" in missing.text_en
    assert "幼儿园 2/5" in missing.text_zh


def test_a_neighbourhood_without_residents_is_checked_and_weighs_nothing(analysis):
    note = told(analysis, "no_residents")
    assert "n2" in note.text_en
    gaps = analysis.tables["gaps"].set_index("neighbourhood_id")
    assert "present" in set(gaps.loc["n2", "status"])
    assert (gaps.loc["n2", "short_persons"].fillna(0) == 0).all()
    assert analysis.tables["neighbourhoods"].loc["n2", "persons"] == 0


def test_a_city_without_a_single_resident_still_runs_and_says_so(analysis, tmp_path):
    homes = analysis.city.layer("neighbourhoods").assign(persons=0.0)
    empty = run(analysis.city.with_layers(neighbourhoods=homes))
    assert told(empty, "no_residents_anywhere").level == "warning"
    assert set(empty.tables["gaps"]["status"]) == set(analysis.tables["gaps"]["status"])
    write_analysis(empty, tmp_path / "out")
    assert (tmp_path / "out" / "map.html").stat().st_size > 0


def test_a_kind_unknown_to_the_catalogue_is_named_and_stays_in_the_layer(analysis):
    note = told(analysis, "unrecognised_kinds")
    assert "龙门吊(1)、" in note.text_zh + "、"
    assert "f3" in analysis.city.layer("facilities").index


def test_a_kind_that_is_spelt_alike_is_offered(analysis):
    note = told(analysis, "unrecognised_kinds")
    assert "kindergarden (1) → kindergarten?" in note.text_en
    assert "kindergarden(1)→ kindergarten?" in note.text_zh
    assert "龙门吊 (1)," in note.text_en or "龙门吊 (1);" in note.text_en


def test_access_to_places_is_unknown_where_a_capacity_is_and_exact_where_all_are_known(analysis):
    access = analysis.tables["access"].set_index("neighbourhood_id")
    assert access.loc["n1", "unknown_facilities"] == 2
    assert access.loc["n1", "two_step_per_1000"] is pd.NA
    # n4 reaches f5 alone, 90 places, which n1 (300 residents) and n4 (200) share; n2 is empty
    assert access.loc["n4", "two_step_per_1000"] == pytest.approx(1000 * 90 / 500)
    assert access.loc["n2", "two_step_per_1000"] is pd.NA


def test_buildings_that_no_way_leads_to_are_named(analysis):
    note = told(analysis, "buildings_off_network")
    assert "b2" in note.text_en


def test_a_good_city_is_told_nothing_of_this(folder):
    city = read_city([folder])
    keep = {
        "neighbourhoods": ["n1", "n4"],
        "gates": ["g1"],
        "facilities": ["f5"],
        "buildings": ["b1"],
    }
    good = city.with_layers(**{name: city.layer(name).loc[ids] for name, ids in keep.items()})
    faults = {"no_residents", "unrecognised_kinds", "capacity_missing", "gates_idle"}
    keys = {note.key for note in run(good).notes}
    assert not keys & faults
    assert not {key for key in keys if key.endswith("_off_network")}


def test_one_capacity_among_many_is_no_reason_to_warn_of_all_the_others():
    facilities = pd.DataFrame({"capacity": [40.0, None, None, None]}, index=list("abcd"))
    kinds = pd.DataFrame({"facility_id": list("abcd"), "kind": "restaurant"})
    names = {"restaurant": ("餐饮", "restaurant")}
    assert notes_on_capacity(facilities, kinds, names) == []
    most = facilities.assign(capacity=[40.0, 20.0, None, 10.0])
    assert "restaurant 1 of 4" in notes_on_capacity(most, kinds, names)[0].text_en
