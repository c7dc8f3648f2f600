"""Rules that clash are named in a smallest set, and relaxing any one of them ends the clash."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from spatial.city.neighbourhoods import Neighbourhoods
from spatial.districting.clash import clashes, rules_in
from spatial.districting.modes import FixedNumber, MostDistricts
from spatial.districting.rules import DistrictRules
from spatial.districting.unmet import _filled, unmet_minima


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
    words = {rule.key: (rule.zh, rule.en) for rule in rules_in(rules)}
    assert words["max_households"] == ("户数上限 1,300", "at most 1,300 households")
    assert words["cut_barriers"] == ("片区不跨主干路", "no district crosses a main road")


# a street of six with 400 households and 1000 persons each; a river after the third
FREE = DistrictRules(max_distance_m=5_000)


@pytest.mark.parametrize(
    ("changes", "mode", "keys"),
    [
        ({}, MostDistricts("households", 1_200), []),  # three of them, on each side of the river
        ({}, MostDistricts("households", 1_300), ["at_least", "cut_barriers"]),
        ({"cut_barriers": ()}, MostDistricts("households", 2_400), []),
        ({"cut_barriers": ()}, MostDistricts("households", 2_401), ["at_least"]),
        (
            {"cut_barriers": (), "max_distance_m": 150},
            MostDistricts("households", 1_300),
            ["at_least", "max_distance_m"],
        ),
        (
            {"maximum": {"persons": 2_000}},
            MostDistricts("households", 1_000),
            ["at_least", "max_persons"],
        ),
        ({"maximum": {"members": 2}}, MostDistricts("persons", 2_000), []),
        ({"minimum": {"persons": 3_001}}, None, []),  # a wish: such districts are flagged
        (
            {"minimum": {"persons": 3_001}, "keep_below_minimum": False},
            FixedNumber(2),
            ["min_persons", "cut_barriers"],
        ),
    ],
)
def test_a_minimum_out_of_reach_names_what_stands_against_it(changes, mode, keys):
    found = unmet_minima(*street(), replace(FREE, **changes), mode)
    assert [list(clash.relax) for clash in found] == ([keys] if keys else [])
    for clash in found:
        assert clash.zh != clash.en
        assert "No district can have more than" in clash.en


def test_limits_of_an_amount_that_nobody_knows_are_not_asked():
    places, adjacency, eligible = street()
    places.frame["households"] = places.frame["households"].where(places.frame["persons"] < 0)
    assert unmet_minima(places, adjacency, eligible, FREE, MostDistricts("households", 10)) == ()


def test_the_bound_is_never_below_what_a_district_holds():
    rng = np.random.default_rng(3)
    for _ in range(50):
        value, size = rng.uniform(0, 10, 8), rng.integers(0, 5, 8).astype(float)
        cap = float(rng.uniform(0, 12))
        at = np.zeros(8, dtype=np.int64)
        chosen = [[bool(bits >> i & 1) for i in range(8)] for bits in range(256)]
        best = max(value[one].sum() for one in chosen if size[one].sum() <= cap)
        assert _filled(at, value, size, cap, 1)[0] >= best - 1e-9
