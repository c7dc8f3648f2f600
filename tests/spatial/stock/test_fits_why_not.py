"""Why not: what can be held is exactly what nothing speaks against, and every no has its words."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.city.model import City
from spatial.standards import read_profile
from spatial.stock.holding import holdable_kinds, why_not
from spatial.stock.nearby import city_uses, nearby_uses
from spatial.stock.reasons import REASONS, USES

PROFILE = read_profile("national")
KINDS = list(PROFILE.catalogue.kinds.values())
RULES = PROFILE.rooms["fits"]
ONE = PROFILE.catalogue.kinds


def stock_of(*rows):
    columns = {
        "asset_type": "string",
        "kind": "string",
        "land_m2": "Float64",
        "floor_m2": "Float64",
        "floor_level": "Int64",
        "own_entrance": "boolean",
        "inscribed_m": "Float64",
        "slope_share": "Float64",
    }
    frame = pd.DataFrame([{**dict.fromkeys(columns), **row} for row in rows])
    frame.index = [f"a{number}" for number in range(len(frame))]
    return frame.astype(columns)


def reasons(row, kind, near=None):
    table = why_not(stock_of(row), [ONE[kind]], rules=RULES, near=near)
    return table["reason"].dropna().tolist()


@st.composite
def worlds(draw):
    maybe = st.none()
    row = st.fixed_dictionaries(
        {
            "asset_type": st.sampled_from(["land", "building", None]),
            "kind": st.sampled_from(["basement", "corner_land", "idle_commercial", "roof", None]),
            "land_m2": maybe | st.floats(0, 6_000),
            "floor_m2": maybe | st.floats(0, 6_000),
            "floor_level": maybe | st.integers(-2, 6),
            "own_entrance": st.sampled_from([True, False, None]),
            "inscribed_m": maybe | st.floats(0, 60),
            "slope_share": maybe | st.floats(0, 0.3),
        }
    )
    rows = draw(st.lists(row, min_size=1, max_size=6))
    pair = st.tuples(st.integers(0, len(rows) - 1), st.sampled_from(sorted(USES)), st.floats(0, 80))
    near = pd.DataFrame(
        [(f"a{one}", use, m) for one, use, m in draw(st.lists(pair, max_size=4))],
        columns=["stock_id", "use", "distance_m"],
    ).astype({"stock_id": "str", "use": "str", "distance_m": "float64"})
    return stock_of(*rows), near


@settings(max_examples=40, deadline=None)
@given(worlds())
def test_what_can_be_held_is_what_has_no_reason_against_it(world):
    stock, near = world
    holds = holdable_kinds(stock, KINDS, rules=RULES, near=near)
    told = why_not(stock, KINDS, rules=RULES, near=near)
    yes = told[told["fits"]]
    assert set(zip(holds["stock_id"], holds["kind"], strict=True)) == set(
        zip(yes["stock_id"], yes["kind"], strict=True)
    )
    no = told[~told["fits"]]
    pairs = len(yes) + len(no.drop_duplicates(["stock_id", "kind"]))
    assert pairs == len(stock) * len(KINDS)
    assert yes["reason"].isna().all()
    assert no["reason"].isin(REASONS).all()
    assert not told["zh"].str.contains("{", regex=False).any()
    assert not no["en"].str.contains("nan|None", regex=True).any()
    with_figures = no[no["has"].notna() & no["needs"].notna()]
    too_much = with_figures["reason"].isin(["too_steep", "wrong_floor"])
    assert (with_figures["has"] < with_figures["needs"])[~too_much].all()


@settings(max_examples=30, deadline=None)
@given(worlds(), st.floats(1, 3))
def test_a_larger_asset_never_holds_less(world, factor):
    stock, near = world
    larger = stock.assign(
        **{column: stock[column] * factor for column in ("land_m2", "floor_m2", "inscribed_m")}
    )
    before = holdable_kinds(stock, KINDS, rules=RULES, near=near)
    after = holdable_kinds(larger, KINDS, rules=RULES, near=near)
    assert set(map(tuple, before[["stock_id", "kind"]].to_numpy())) <= set(
        map(tuple, after[["stock_id", "kind"]].to_numpy())
    )


SHOP = {"asset_type": "building", "kind": "ground_floor_shop", "floor_m2": 4_000, "floor_level": 1}
LAND = {"asset_type": "land", "kind": "corner_land", "land_m2": 900, "inscribed_m": 20}


@pytest.mark.parametrize(
    ("row", "kind", "expected"),
    [
        (SHOP, "community_health_station", []),
        ({**SHOP, "floor_level": 2}, "community_health_station", ["wrong_floor"]),
        (
            {**SHOP, "own_entrance": False, "floor_m2": 100},
            "community_health_station",
            ["too_small", "no_own_entrance"],
        ),
        (SHOP, "kindergarten", ["own_site"]),
        (
            {"asset_type": "building", "kind": "other", "floor_m2": 3_000, "land_m2": 800},
            "kindergarten",
            ["site_too_small"],
        ),
        (SHOP, "small_sports_ground", ["needs_land"]),
        (LAND, "small_sports_ground", []),
        ({**LAND, "inscribed_m": 9}, "small_sports_ground", ["too_narrow"]),
        ({**LAND, "slope_share": 0.12}, "small_sports_ground", ["too_steep"]),
        (LAND, "supermarket", ["needs_building"]),
        (LAND, "metro_station", ["not_on_stock"]),
        ({"asset_type": "building", "kind": "roof", "floor_m2": 500}, "supermarket", ["roof"]),
        ({"asset_type": "building", "kind": "other"}, "supermarket", ["area_unknown"]),
        ({"kind": "other", "floor_m2": 500}, "supermarket", ["type_unknown"]),
        (
            {"asset_type": "building", "kind": "basement", "floor_m2": 500, "floor_level": -1},
            "elderly_daycare",
            ["wrong_floor"],
        ),
    ],
)
def test_each_rule_by_hand(row, kind, expected):
    assert reasons(row, kind) == expected


def test_a_yes_names_what_has_to_be_looked_at():
    table = why_not(stock_of({**SHOP, "floor_level": None}), [ONE["community_health_station"]])
    assert table["fits"].tolist() == [True]
    assert "待核实:所在楼层、独立出入口" in table["zh"][0]
    assert (table["has"][0], table["needs"][0]) == (4_000, 120)


def test_a_nursery_keeps_away_from_fuel_and_waste_as_far_as_the_rule_says():
    zone = 4547
    stock = gpd.GeoDataFrame(
        stock_of({**SHOP, "floor_m2": 400}), geometry=[shapely.Point(0, 0)], crs=zone
    )
    facilities = gpd.GeoDataFrame(
        {
            "name": ["加油站", "收集站"],
            "kind": [None, "waste_station"],
            "tags": [{"amenity": "fuel"}, None],
        },
        index=["f1", "f2"],
        geometry=[shapely.Point(49.9, 0), shapely.Point(0, 25)],
        crs=zone,
    )
    land = gpd.GeoDataFrame(
        {"use": ["industrial"]}, index=["l1"], geometry=[shapely.box(30, 5, 60, 60)], crs=zone
    )
    city = City.from_layers("two", {"facilities": facilities, "land_use": land}, crs=zone)
    near = nearby_uses(stock, city_uses(city, PROFILE.catalogue, RULES), RULES)
    assert dict(zip(near["use"], near["distance_m"].round(1), strict=True)) == {
        "fuel_station": 49.9,
        "industrial": 30.4,
        "waste_station": 25.0,
    }
    table = why_not(stock, [ONE["childcare"]], rules=RULES, near=near)
    assert table["reason"].tolist() == [
        "incompatible",
        "incompatible",
    ]  # at 25 m waste is far enough
    assert "距加油加气站 49.9 m,托儿所" in table["zh"][0]
    assert np.isclose(table["has"].astype(float), [49.9, 30.4], atol=0.05).all()


def test_every_use_and_kind_of_the_rules_is_known():
    for kind, uses in RULES["incompatible_m"].items():
        assert kind in ONE
        for use in uses:
            assert use in USES
            assert use in ONE or use in {"fuel_station", "industrial"}
    for key in ("site", "max_slope_share"):
        assert set(RULES[key]) <= set(ONE)
    assert set(RULES["complex_core_kinds"]) <= set(RULES["complex_kinds"]) <= set(ONE)
