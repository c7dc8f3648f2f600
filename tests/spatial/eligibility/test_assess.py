"""Facts from layers: parcels laid over plans and heritage, grades of joined buildings."""

from types import SimpleNamespace

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from spatial.city.model import City
from spatial.dictionary import conform, data_dictionary
from spatial.eligibility import assess
from spatial.standards import read_profile

CRS = 4547


def layer(name, rows):
    frame = gpd.GeoDataFrame(rows, crs=CRS)
    frame.index = pd.Index(frame.pop("id").astype("str"), name="id")
    return conform(frame, data_dictionary().inputs[name], name=name)


def parcels(**columns):
    rows = [
        {"id": f"n{i}", "name": f"小区{i}", "geometry": shapely.box(200 * i, 0, 200 * i + 100, 100)}
        for i in range(5)
    ]
    frame = gpd.GeoDataFrame(rows, crs=CRS).set_index("id").assign(**columns)
    return conform(frame, data_dictionary().results["neighbourhoods"], name="neighbourhoods")


def plan(id_, kind, box, *, name=None, year=None):
    return {"id": id_, "kind": kind, "name": name, "year": year, "geometry": shapely.box(*box)}


@pytest.fixture
def case():
    constraints = layer(
        "constraints",
        [
            plan("e1", "expropriation", (0, 0, 80, 100), name="东门征收", year=2028),
            plan("e2", "expropriation", (200, 0, 230, 100), name="西门征收", year=2027),
            plan("h1", "heritage_quarter", (400, 0, 425, 100), name="秀山街区"),
            # Two plans that overlap one another: together 60 % of n3, not 100 %.
            plan("r1", "rebuild", (600, 0, 650, 100)),
            plan("r2", "rebuild", (610, 0, 660, 100)),
            # Only touches n4's boundary.
            plan("h2", "heritage_building", (900, 0, 950, 100), name="邻街老宅"),
        ],
    )
    buildings = layer(
        "buildings",
        [
            {"id": "b1", "safety_grade": "D", "geometry": shapely.box(410, 10, 420, 20)},
            {"id": "b2", "safety_grade": "B", "geometry": shapely.box(820, 10, 830, 20)},
        ],
    )
    city = City.from_layers("test", {"constraints": constraints, "buildings": buildings}, crs=CRS)
    frame = parcels(year_built=[1990, 1990, 1990, 1990, None])
    joined = pd.Series({"b1": "n2", "b2": "n4"}, dtype="str")
    return SimpleNamespace(frame=frame, building_neighbourhood=joined), city


def assessed(case, profile="linxia", year=2026):
    lacking = pd.Series({"n0": 3, "n1": 0}, dtype="Int64")
    neighbourhoods, city = case
    return assess(neighbourhoods, city, read_profile(profile), must_missing=lacking, year=year)


def test_a_plan_over_most_of_the_parcel_excludes_and_over_a_part_makes_conditional(case):
    table, verdict = assessed(case)
    assert verdict["n0"] == "excluded"
    assert table.loc["n0:A09", "finding"] == "excluded"
    assert "80%" in table.loc["n0:A09", "evidence_zh"]
    assert "东门征收" in table.loc["n0:A09", "evidence_zh"]
    assert "2028" in table.loc["n0:A09", "evidence_en"]
    assert verdict["n1"] == "conditional"
    assert table.loc["n0:A09", "clause"] == "S3 三(一)"


def test_overlapping_plans_are_not_counted_twice(case):
    table, verdict = assessed(case)
    assert "60%" in table.loc["n3:A10", "evidence_zh"]
    assert verdict["n3"] == "excluded"


def test_heritage_is_flagged_with_its_name_and_share_and_excludes_nobody(case):
    table, verdict = assessed(case)
    assert table.loc["n2:A16", "finding"] == "flag"
    assert "25.0%" in table.loc["n2:A16", "evidence_en"]
    assert "秀山街区" in table.loc["n2:A16", "evidence_zh"]
    assert verdict["n2"] == "eligible"


def test_what_only_touches_the_boundary_does_not_lie_in_the_parcel(case):
    table, _ = assessed(case)
    assert "邻街老宅" not in table.loc["n4:A15", "evidence_zh"]


def test_grades_of_joined_buildings_tell_of_danger(case):
    table, _ = assessed(case)
    assert table.loc["n2:A17", "finding"] == "flag"
    assert table.loc["n4:A17", "finding"] == "met"
    assert table.loc["n0:A17", "finding"] == "unknown"


def test_an_unknown_year_is_unknown_and_says_what_to_find_out(case):
    table, verdict = assessed(case)
    assert verdict["n4"] == "unknown"
    assert table.loc["n4:A01", "missing"] == "year_built"
    assert "year_built" in table.loc["n4:A14", "missing"]


def test_every_rule_has_a_row_for_every_neighbourhood(case):
    table, verdict = assessed(case)
    assert len(table) == 17 * len(verdict)
    assert table.index.is_unique
    assert verdict.index.tolist() == case[0].frame.index.tolist()
    gate = table[table["rule"] == "A14"].set_index("neighbourhood_id")["finding"]
    assert (gate.replace("met", "eligible") == verdict).all()


def test_a_city_without_constraints_or_buildings_is_judged_by_its_years(case):
    neighbourhoods = SimpleNamespace(
        frame=case[0].frame, building_neighbourhood=pd.Series(dtype="str")
    )
    city = City.from_layers("bare", {}, crs=CRS)
    table, verdict = assess(
        neighbourhoods,
        city,
        read_profile("national"),
        must_missing=pd.Series(dtype="Int64"),
        year=2026,
    )
    assert verdict.tolist() == ["eligible"] * 4 + ["unknown"]
    assert table.loc["n0:A09", "finding"] == "unknown"
    assert "A09、A10、A11 尚待查明" in table.loc["n0:A14", "evidence_zh"]
    assert "A09, A10, A11 still to be found out" in table.loc["n0:A14", "evidence_en"]


def test_a_class_nobody_gave_is_unknown_is_told_where_it_excludes_and_blocks_nobody(case):
    table, verdict = assessed(case, profile="ningbo")
    assert table.loc["n2:A06", "finding"] == "unknown"
    assert table.loc["n2:A08", "finding"] == "unknown"
    assert table.loc["n2:A08", "missing"] == "kind"
    assert verdict["n2"] == "eligible"
    assert "A08、A11 尚待查明" in table.loc["n2:A14", "evidence_zh"]
    # Where villas are only a flag, an unknown class is no open exclusion.
    national, _ = assessed(case, profile="national")
    assert "A08" not in national.loc["n2:A14", "evidence_zh"]
