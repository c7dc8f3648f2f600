"""Every real city runs through the whole path in one call; no figure moves unnoticed."""

import json
import runpy
from pathlib import Path

import pytest
import shapely

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "make_city_goldens.py"))
CITIES = SCRIPT["CITIES"]

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def analysed(shared_data):
    """Analyse each city once for all tests of this file."""
    done = {}

    def analysis_of(city):
        if city not in done:
            done[city] = SCRIPT["analysed"](city, shared_data)
        return done[city]

    return analysis_of


@pytest.mark.parametrize("city", CITIES)
def test_counts_are_the_golden_ones(city, analysed):
    golden = json.loads(SCRIPT["GOLDEN"].read_text(encoding="utf-8"))[city]
    assert json.loads(json.dumps(SCRIPT["golden_figures"](analysed(city)))) == golden


@pytest.mark.parametrize("city", CITIES)
def test_cells_are_a_valid_coverage(city, analysed):
    cells = analysed(city).tables["cells"].geometry.to_numpy()
    assert shapely.coverage_is_valid(cells)


@pytest.mark.parametrize("city", CITIES)
def test_import_counts_add_up(city, analysed):
    for layer in analysed(city).summary["import"].values():
        assert layer["read"] == layer["loaded"] + layer["refused"] + layer["merged"]


@pytest.mark.parametrize("city", CITIES)
def test_every_neighbourhood_is_in_a_district_or_has_a_reason(city, analysed):
    places = analysed(city).tables["neighbourhoods"]
    assert (places["district_id"].notna() ^ places["single_reason"].notna()).all()


def test_the_six_named_areas_of_wudaokou_appear_under_their_names(analysed):
    names = set(analysed("wudaokou").tables["neighbourhoods"]["name"].dropna())
    assert {
        "新林院",
        "荷清苑教师住宅区",
        "西院",
        "西王庄小区",
        "清华大学西北小区",
        "华清嘉园小区",
    } <= names


def test_walls_and_gates_act_in_wudaokou(analysed):
    report = analysed("wudaokou").network.report
    assert report["walls_cut_streets"] > 0
    assert report["gates_opened_walls"] > 0


def test_a_city_without_streets_says_so_and_claims_no_gap(analysed):
    hangzhou = analysed("hangzhou-west")
    assert "no_streets" in hangzhou.summary["warnings"]
    assert len(hangzhou.tables["life_circles"]) == 0
    assert set(hangzhou.tables["gaps"]["status"]) <= {"unknown", "present"}


def test_points_of_wuhan_are_marked_as_derived(analysed):
    places = analysed("wuhan").tables["neighbourhoods"]
    assert set(places["derived"]) <= {"buffered", "delineated"}
    assert len(places) > 700


def test_single_buildings_of_singapore_keep_year_and_households(analysed):
    places = analysed("singapore-hdb").tables["neighbourhoods"]
    assert (places["kind"] == "single_building").all()
    assert places["year_built"].between(1937, 2022).all()
    assert places["households"].sum() == pytest.approx(1_112_052, rel=0.01)
