"""Rules that clash are named in a smallest set, and relaxing any one of them ends the clash."""

from dataclasses import replace

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from spatial.city.neighbourhoods import Neighbourhoods
from spatial.districting.clash import clashes, rules_in
from spatial.districting.rules import DistrictRules


def street(houses=6):
    """Parcels in a row, 100 m each, the third behind a river."""
    ids = pd.Index([f"n{i}" for i in range(houses)], name="id")
    boxes = [shapely.box(100 * i, 0, 100 * i + 100, 100) for i in range(houses)]
    frame = gpd.GeoDataFrame(
        {
            "households": pd.array([400] * houses, dtype="Int64"),
            "persons": pd.array([1000] * houses, dtype="Int64"),
            "area_m2": [1e4] * houses,
            "subdistrict": pd.array(["甲"] * houses, dtype="string"),
        },
        index=ids,
        geometry=boxes,
        crs=4547,
    )
    adjacency = pd.DataFrame(
        {
            "a": ids[:-1],
            "b": ids[1:],
            "barrier": pd.array(["none", "none", "river", "none", "none"], dtype="string"),
            "walk_m": pd.array([120.0] * (houses - 1), dtype="Float64"),
        }
    )
    nothing = frame.iloc[:0]
    places = Neighbourhoods(frame, frame[["geometry"]], nothing, pd.Series(dtype="string"), ())
    return places, adjacency, pd.Series(data=True, index=ids)


RULES = DistrictRules(max_distance_m=450, maximum={"households": 1300})


@pytest.mark.parametrize(
    ("planner", "keys"),
    [
        ({}, []),
        ({"must_join": (("n0", "n1", "n2"),)}, []),
        (
            {"must_join": (("n0", "n1", "n2"),), "maximum": {"households": 1000, "members": 9}},
            ["must_join", "max_households"],
        ),
        ({"must_join": (("n0", "n1", "n2", "n3"),)}, ["must_join", "cut_barriers"]),
        ({"must_join": (("n2", "n3"),)}, ["must_join", "cut_barriers"]),
        (
            {"must_join": (("n0", "n1", "n2"),), "max_distance_m": 150},
            ["must_join", "max_distance_m"],
        ),
        ({"must_join": (("n3", "n5"),)}, ["must_join"]),  # they do not touch: n4 lies between
        (
            {"must_join": (("n0", "n1"),), "must_not_join": (("n1", "n0"), ("n4", "n5"))},
            ["must_join", "must_not_join"],
        ),
        (
            {"locks": {"n0": "A", "n1": "A"}, "must_not_join": (("n0", "n1"),)},
            ["must_not_join", "locks"],
        ),
        ({"locks": {"n0": None}, "must_join": (("n0", "n1"),)}, ["must_join", "locks"]),
    ],
)
def test_the_clash_names_what_clashes_and_nothing_else(planner, keys):
    world = street()
    found = clashes(*world, replace(RULES, **planner))
    if not keys:
        assert found == ()
        return
    assert list(found[0].relax) == keys
    assert found[0].zh
    assert all(rule.en in found[0].en for rule in found[0].rules)
    assert set(found[0].neighbourhoods) <= set(world[0].frame.index)


def test_two_clashes_are_both_told():
    rules = replace(RULES, must_join=(("n2", "n3"), ("n4", "n5")), must_not_join=(("n5", "n4"),))
    found = clashes(*street(), rules)
    assert sorted(tuple(sorted(clash.relax)) for clash in found) == [
        ("cut_barriers", "must_join"),
        ("must_join", "must_not_join"),
    ]


def test_every_rule_is_listed_in_words():
    rules = replace(RULES, locks={"n0": "A", "n1": None}, closed=frozenset("A"))
    keys = [rule.key for rule in rules_in(rules)]
    assert keys[:3] == ["closed", "locks", "locks"]
    assert "same_subdistrict" in keys
    assert all(rule.zh and rule.en for rule in rules_in(rules))
