"""Capacity per neighbourhood on a world that can be checked by hand."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from spatial.gaps import facility_access
from spatial.standards import read_profile

DEFAULT = read_profile("national")
PROFILE = DEFAULT.with_parameters("access", {"method": "two_step"}, source="test")


def homes(**columns):
    frame = pd.DataFrame(
        {"persons": [1000.0, 3000.0, 500.0], **columns}, index=pd.Index(["a", "b", "c"])
    )
    return SimpleNamespace(frame=frame)


def sites(**columns):
    none = [None, None, None]
    frame = pd.DataFrame(
        {"capacity": none, "floor_m2": none, "land_m2": none, **columns}, index=["f", "g", "h"]
    )
    return frame.astype("Float64")


KINDS = pd.DataFrame({"facility_id": ["f", "g", "h"], "kind": ["kindergarten"] * 2 + ["childcare"]})
REACHED = pd.DataFrame(
    {
        "neighbourhood_id": ["a", "b", "b", "a", "b"],
        "facility_id": ["f", "f", "g", "h", "h"],
        "kind": ["kindergarten"] * 3 + ["childcare"] * 2,
        "distance_m": [100.0, 250.0, 299.0, 50.0, 301.0],
    }
)


def test_places_are_shared_among_those_who_reach_them_and_held_against_the_standard():
    table = facility_access(homes(), sites(capacity=[200.0, 90.0, 9.0]), KINDS, REACHED, PROFILE)
    assert list(table.index) == [
        f"{home}:{kind}" for kind in ("childcare", "kindergarten") for home in "abc"
    ]
    care = table.loc["a:childcare"]
    assert care["two_step_per_1000"] == pytest.approx(9.0)  # b is a metre too far away
    assert care["standard_per_1000_persons"] == 4.5
    assert care["access_ratio"] == pytest.approx(2.0)
    assert care["status"] == "enough"
    assert table.loc["b:childcare", "status"] == "none"
    school = table.loc["b:kindergarten"]
    assert school["two_step_per_1000"] == pytest.approx(200 / 4 + 90 / 3)
    assert school["status"] == "no_standard"
    assert school["facilities"] == 2


def test_what_is_handed_out_of_each_kind_is_what_stands_there_by_every_method():
    table = facility_access(homes(), sites(capacity=[200.0, 90.0, 9.0]), KINDS, REACHED, DEFAULT)
    for name in ("two_step", "enhanced_two_step", "three_step", "gravity"):
        given = table["served_persons"] * table[f"{name}_per_1000"] / 1000
        totals = given.groupby(table["kind"]).sum()
        np.testing.assert_allclose(totals["kindergarten"], 290)
        np.testing.assert_allclose(totals["childcare"], 9)


def test_children_compete_for_kindergartens_where_their_number_is_known():
    table = facility_access(
        homes(children_persons=[100.0, 600.0, 50.0]),
        sites(capacity=[210.0, 90.0, 9.0]), KINDS, REACHED, PROFILE,
    )  # fmt: skip
    row = table.loc["a:kindergarten"]
    assert row["demand_basis"] == "children"
    assert row["two_step_per_1000"] == pytest.approx(300.0)
    assert row["supply_per_1000_persons"] == pytest.approx(30.0)
    partly = facility_access(
        homes(children_persons=[100.0, None, 50.0]),
        sites(capacity=[210.0, 90.0, 9.0]), KINDS, REACHED, PROFILE,
    )  # fmt: skip
    assert (partly["demand_basis"] == "persons").all()


def test_a_kindergarten_of_unknown_capacity_makes_unknown_what_it_touches():
    table = facility_access(homes(), sites(capacity=[200.0, None, 9.0]), KINDS, REACHED, PROFILE)
    assert table.loc["a:kindergarten", "two_step_per_1000"] == pytest.approx(50.0)
    assert table.loc["b:kindergarten", "status"] == "unknown"
    assert table.loc["b:kindergarten", "unknown_facilities"] == 1
    assert pd.isna(table.loc["b:kindergarten", "supply_per_1000_persons"])


def test_without_capacities_floor_areas_are_shared_and_held_against_the_least_size():
    table = facility_access(
        homes(), sites(floor_m2=[4000.0, 1200.0, None]), KINDS, REACHED, PROFILE
    )
    row = table.loc["a:kindergarten"]
    assert set(table["kind"]) == {"kindergarten"}, "nothing is known of the nursery"
    assert row["measure"] == "floor"
    assert row["standard_basis"] == "one_per_area"
    assert row["standard_per_1000_persons"] == pytest.approx(3150 / 12)
    assert row["access_ratio"] == pytest.approx(1000 / (3150 / 12))


def test_neighbourhoods_that_nobody_could_walk_from_are_unknown():
    table = facility_access(
        homes(), sites(capacity=[200.0, 90.0, 9.0]), KINDS, REACHED, PROFILE,
        measured=pd.Index(["a", "b"]),
    )  # fmt: skip
    assert table.loc["c:kindergarten", "status"] == "unknown"
    assert pd.isna(table.loc["c:kindergarten", "two_step_per_1000"])


def test_an_empty_neighbourhood_has_no_number_per_resident_and_takes_nothing():
    table = facility_access(
        homes(persons=[0.0, 3000.0, 500.0]), sites(capacity=[200.0, 90.0, 9.0]), KINDS, REACHED,
        PROFILE,
    )  # fmt: skip
    assert table.loc["a:childcare", "status"] == "unknown"  # nobody shares it
    assert table.loc["b:kindergarten", "two_step_per_1000"] == pytest.approx(290 / 3)


def test_a_city_without_any_known_capacity_gives_an_empty_table():
    table = facility_access(homes(), sites(), KINDS, REACHED, PROFILE)
    assert table.empty
    assert "access_ratio" in table.columns
