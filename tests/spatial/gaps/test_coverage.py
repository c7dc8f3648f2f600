"""Coverage and heatmap: counts that add up, people placed where they live."""

from types import SimpleNamespace

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.city.model import City
from spatial.dictionary import conform, data_dictionary
from spatial.errors import InputError
from spatial.gaps import coverage, gap_heatmap
from spatial.standards import read_parameters

CRS = 4547
PARAMETERS = read_parameters("neighbourhoods")


def gap_rows(rows):
    table = pd.DataFrame(rows, columns=["neighbourhood_id", "kind", "layer", "status"])
    table = table.assign(need="must", limit_m=table["layer"].map({"c5": 300.0, "c10": 500.0}))
    table.index = [f"g{i}" for i in range(len(table))]
    return conform(table, data_dictionary().results["gaps"], name="gaps")


GAPS = gap_rows(
    [
        ("a", "kindergarten", "c5", "present"),
        ("b", "kindergarten", "c5", "missing"),
        ("c", "kindergarten", "c5", "missing"),
        ("a", "bank", "c10", "missing"),
        ("b", "bank", "c10", "missing"),
        ("c", "bank", "c10", "unknown"),
    ]
)


def world(persons=(100.0, 200.0, 300.0)):
    parcels = [shapely.box(x, 0, x + 100, 100) for x in (0, 200, 400)]
    frame = gpd.GeoDataFrame(
        {"persons": list(persons)}, geometry=parcels, index=["a", "b", "c"], crs=CRS
    )
    homes = gpd.GeoDataFrame(
        {
            "use": ["residential", "residential", "residential", "garage"],
            "floors": [6.0, 2.0, 6.0, 1.0],
        },
        geometry=[
            shapely.box(10, 10, 20, 20),
            shapely.box(10, 60, 20, 70),
            shapely.box(210, 10, 220, 20),
            shapely.box(230, 10, 240, 20),
        ],
        index=pd.Index(["h1", "h2", "h3", "g1"], name="id"),
        crs=CRS,
    )
    homes = conform(homes, data_dictionary().inputs["buildings"], name="buildings")
    city = City.from_layers("test", {"buildings": homes}, crs=CRS)
    joined = pd.Series({"h1": "a", "h2": "a", "h3": "b", "g1": "b"}, dtype="str")
    return SimpleNamespace(frame=frame, building_neighbourhood=joined), city


def test_people_and_neighbourhoods_are_counted_where_the_kind_is_present():
    table = coverage(GAPS, world()[0])
    row = table.loc["city:kindergarten:c5"]
    assert (row["neighbourhoods"], row["neighbourhoods_covered"]) == (3, 1)
    assert (row["persons"], row["persons_covered"], row["persons_unknown"]) == (600, 100, 0)
    assert table.loc["city:bank:c10", "persons_unknown"] == 300
    assert pd.isna(row["buildings_covered"])


def test_districts_count_their_members_and_sum_to_the_city_where_all_belong():
    districts = pd.Series({"a": "d1", "b": "d1", "c": "d2"})
    table = coverage(GAPS, world()[0], districts=districts)
    assert table.loc["d1:kindergarten:c5", "persons"] == 300
    assert table.loc["d2:kindergarten:c5", "persons_covered"] == 0
    for column in ("persons", "persons_covered", "neighbourhoods", "neighbourhoods_covered"):
        parts = table[(table["area"] != "city") & (table["kind"] == "bank")]
        assert parts[column].sum() == table.loc["city:bank:c10", column]


def test_a_neighbourhood_in_no_district_counts_for_the_city_only():
    table = coverage(GAPS, world()[0], districts=pd.Series({"a": "d1", "b": None, "c": None}))
    assert set(table["area"]) == {"city", "d1"}
    assert table.loc["d1:bank:c10", "neighbourhoods"] == 1


def test_people_of_whom_no_number_is_known_are_unknown_not_nobody():
    columns = ["persons", "persons_covered", "persons_unknown"]
    assert coverage(GAPS, world(persons=(None, None, None))[0])[columns].isna().all(axis=None)
    some = coverage(GAPS, world(persons=(None, 200.0, 300.0))[0])
    assert some.loc["city:kindergarten:c5", columns].tolist() == [500, 0, 0]


def test_residential_buildings_count_by_their_own_distance():
    near = pd.DataFrame(
        [
            ("h1", "kindergarten", "k", 300.0),
            ("h2", "kindergarten", "k", 301.0),
            ("h3", "kindergarten", "k", 100.0),
            ("g1", "kindergarten", "k", 10.0),
        ],
        columns=["origin_id", "kind", "facility_id", "distance_m"],
    )
    neighbourhoods, city = world()
    table = coverage(
        GAPS,
        neighbourhoods,
        near,
        buildings=city.layer("buildings"),
        districts=pd.Series({"a": "d1", "b": "d2"}),
    )
    row = table.loc["city:kindergarten:c5"]
    assert (row["buildings"], row["buildings_covered"]) == (3, 2)
    assert table.loc["d1:kindergarten:c5", ["buildings", "buildings_covered"]].tolist() == [2, 1]
    assert table.loc["d2:kindergarten:c5", ["buildings", "buildings_covered"]].tolist() == [1, 1]
    # nobody walked to a bank and c cannot tell: that is not 0 buildings
    assert pd.isna(table.loc["city:bank:c10", "buildings_covered"])
    lacking = GAPS.assign(status=GAPS["status"].replace("unknown", "missing"))
    known = coverage(lacking, neighbourhoods, near, buildings=city.layer("buildings"))
    assert known.loc["city:bank:c10", "buildings_covered"] == 0


@pytest.mark.parametrize(("basis", "covered"), [("inside", 2), ("stand_in", 2), ("walk", 0)])
def test_buildings_have_what_their_neighbourhood_has_without_a_walk(basis, covered):
    gaps = GAPS.assign(basis=pd.Series(basis, GAPS.index).where(GAPS["status"] == "present"))
    none = pd.DataFrame({"origin_id": [], "kind": [], "facility_id": [], "distance_m": []}).astype(
        {"origin_id": "str", "kind": "str", "facility_id": "str", "distance_m": "float64"}
    )
    neighbourhoods, city = world()
    table = coverage(
        gaps,
        neighbourhoods,
        none,
        buildings=city.layer("buildings"),
        districts=pd.Series({"a": "d1", "b": "d2"}),
    )
    assert table.loc["city:kindergarten:c5", "buildings_covered"] == covered
    assert table.loc["d1:kindergarten:c5", "buildings_covered"] == covered
    assert table.loc["d2:kindergarten:c5", "buildings_covered"] == 0


def test_people_stand_where_the_floor_area_is():
    neighbourhoods, city = world()
    grid = gap_heatmap(neighbourhoods, GAPS, city, PARAMETERS, cell_m=50)
    # a: six floors in the southern cell, two in the northern one.
    assert grid.loc["0_0", "persons"] == pytest.approx(75)
    assert grid.loc["0_1", "persons"] == pytest.approx(25)
    # b: all in the one residential building; c has none, so its four cells share by area.
    assert grid.loc["4_0", "persons"] == pytest.approx(200)
    assert grid.loc["8_0", "persons"] == pytest.approx(75)
    assert grid["persons"].sum() == pytest.approx(600)


def test_missing_needs_are_weighted_by_people_and_the_worst_kind_is_named():
    neighbourhoods, city = world()
    grid = gap_heatmap(neighbourhoods, GAPS, city, PARAMETERS, cell_m=1000)
    assert len(grid) == 1
    row = grid.iloc[0]
    assert row["person_gaps"] == pytest.approx(100 * 1 + 200 * 2 + 300 * 1)
    assert row["missing_mean"] == pytest.approx(800 / 600)
    assert row["worst_kind"] == "kindergarten"  # 500 people; the bank is missed by 300


def test_unknown_population_is_left_out_and_a_cell_without_knowledge_says_so():
    neighbourhoods, city = world(persons=(None, 200.0, 300.0))
    grid = gap_heatmap(neighbourhoods, GAPS, city, PARAMETERS, cell_m=1000)
    assert grid["persons"].sum() == pytest.approx(500)
    dark = gap_heatmap(neighbourhoods, GAPS.assign(status="unknown"), city, PARAMETERS, cell_m=1000)
    assert dark["missing_mean"].isna().all()
    assert dark["worst_kind"].isna().all()
    nobody, _ = world(persons=(None, None, None))
    assert gap_heatmap(nobody, GAPS, city, PARAMETERS, cell_m=100).empty


def test_a_cell_of_no_size_is_refused():
    neighbourhoods, city = world()
    with pytest.raises(InputError, match="cell_m"):
        gap_heatmap(neighbourhoods, GAPS, city, PARAMETERS, cell_m=0)


@given(st.floats(7, 500), st.lists(st.floats(0.1, 1e4), min_size=3, max_size=3))
@settings(deadline=None, max_examples=25)
def test_the_grid_holds_everyone_whatever_its_size(cell_m, persons):
    neighbourhoods, city = world(persons=persons)
    grid = gap_heatmap(neighbourhoods, GAPS, city, PARAMETERS, cell_m=cell_m)
    assert grid["persons"].sum() == pytest.approx(sum(persons))
    expected = persons[0] * 1 + persons[1] * 2 + persons[2] * 1
    assert grid["person_gaps"].sum() == pytest.approx(expected)
