"""Several functions in one building: the best sets, against trying everything by hand."""

from itertools import combinations

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.errors import InputError
from spatial.standards import read_profile
from spatial.stock.embedded import complexes
from spatial.stock.holding import floor_range, holdable_kinds

PROFILE = read_profile("national")
KINDS = list(PROFILE.catalogue.kinds.values())
RULES = PROFILE.rooms["fits"]
TOGETHER = RULES["complex_kinds"]
ONE = PROFILE.catalogue.kinds


def building(floor_m2, level=None, footprint=None, kind="idle_commercial"):
    table = pd.DataFrame(
        {
            "asset_type": ["building"],
            "kind": [kind],
            "land_m2": pd.array([None], dtype="Float64"),
            "floor_m2": pd.array([floor_m2], dtype="Float64"),
            "floor_level": pd.array([level], dtype="Int64"),
        },
        index=["b"],
    )
    if footprint is None:
        return table
    shape = shapely.box(0, 0, footprint, 1)
    return gpd.GeoDataFrame(table, geometry=[shape], crs=4547)


def packs(kinds, floor_m2, footprint_m2):
    """Whether functions can be divided among floors: greedily, the pickiest first."""
    if sum(ONE[kind].stock_min_m2("floor") for kind in kinds) > 0.85 * floor_m2 + 1e-9:
        return False
    if footprint_m2 is None or footprint_m2 >= floor_m2:
        return True
    storeys = [0.85 * footprint_m2] * int(-(-floor_m2 // footprint_m2) + 200)
    for kind in sorted(kinds, key=lambda one: floor_range(ONE[one])[1]):
        need = ONE[kind].stock_min_m2("floor")
        for storey in range(min(floor_range(ONE[kind])[1], len(storeys))):
            part = min(need, storeys[storey])
            storeys[storey] -= part
            need -= part
        if need > 1e-6:
            return False
    return True


def best_by_hand(stock, worth, footprint_m2=None):
    able = set(holdable_kinds(stock, KINDS, rules=RULES)["kind"]) & set(TOGETHER)
    floor_m2 = float(stock["floor_m2"].iloc[0])
    values = [
        sum(worth.get(kind, 1.0) for kind in kinds)
        for size in range(3, len(able) + 1)
        for kinds in combinations(sorted(able), size)
        if packs(kinds, floor_m2, footprint_m2)
    ]
    return max(values, default=None)


@settings(max_examples=25, deadline=None)
@given(
    floor_m2=st.integers(50, 2_500),
    level=st.sampled_from([None, 1, 2, 4]),
    footprint=st.sampled_from([None, 60, 200, 400]),
    worth=st.dictionaries(st.sampled_from(TOGETHER), st.integers(0, 9), max_size=6),
)
def test_the_first_set_is_worth_as_much_as_the_best_of_all_tried(floor_m2, level, footprint, worth):
    stock = building(floor_m2, level, footprint)
    found = complexes(stock, KINDS, rules=RULES, worth=worth)
    best = best_by_hand(stock, worth, footprint)
    assert (found["value"].iloc[0] if len(found) else None) == best
    assert found["value"].is_monotonic_decreasing
    assert found["rank"].tolist() == list(range(1, len(found) + 1))
    able = set(holdable_kinds(stock, KINDS, rules=RULES)["kind"])
    sets = [set(kinds.split(", ")) for kinds in found["kinds"]]
    for kinds, row in zip(sets, found.itertuples(), strict=True):
        assert kinds <= able
        assert len(kinds) == row.functions >= 3
        assert packs(kinds, floor_m2, footprint)
        assert row.used_m2 + row.shared_m2 + row.free_m2 == pytest.approx(floor_m2)
        assert row.free_m2 >= -1e-9
    assert not any(one < other for one in sets[1:] for other in sets[: sets.index(one)])


def test_what_must_lie_on_the_ground_shares_the_ground_floor():
    # 85 m² usable on each floor: the shop (50) and the health station (120) are too much for it
    tall = building(2_000, footprint=100)
    for kinds in complexes(tall, KINDS, rules=RULES)["kinds"]:
        assert not {"convenience_store", "community_health_station"} <= set(kinds.split(", "))
    flat = complexes(building(2_000, footprint=2_000), KINDS, rules=RULES)["kinds"].iloc[0]
    assert {"convenience_store", "community_health_station"} <= set(flat.split(", "))


def test_the_guideline_says_what_is_a_complex():
    small = complexes(building(590), KINDS, rules=RULES)
    assert len(small)
    assert not small["is_complex"].any()
    care = {"elderly_daycare": 9.0, "childcare": 9.0}
    assert complexes(building(700), KINDS, rules=RULES, worth=care)["is_complex"].iloc[0]


def test_land_and_rooms_too_small_hold_none():
    land = building(2_000).assign(asset_type="land")
    assert complexes(land, KINDS, rules=RULES).empty
    assert complexes(building(90), KINDS, rules=RULES).empty
    assert complexes(building(None), KINDS, rules=RULES).empty


def test_too_many_kinds_and_a_negative_worth_are_said():
    many = RULES.with_values({"complex_kinds": [k.id for k in KINDS]}, source="test")
    with pytest.raises(InputError, match="at most 16 can be put together"):
        complexes(building(900), KINDS, rules=many)
    with pytest.raises(InputError, match="`worth` of `childcare` is -1"):
        complexes(building(900), KINDS, rules=RULES, worth={"childcare": -1})
