"""Gaps on a world that can be checked by eye: two neighbourhoods, a few facilities."""

from types import SimpleNamespace

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.errors import InputError, StandardsError
from spatial.gaps import facility_gaps, gap_scores, shared_supply
from spatial.standards import classify_facilities, read_profile

# Absence means missing in this world, unless a test says otherwise.
DEFAULT = read_profile("national")
PROFILE = DEFAULT.with_parameters("gaps", {"absence_means_missing": "yes"}, source="test")
CRS = 4547


def world(**columns):
    frame = gpd.GeoDataFrame(
        {"persons": [1000.0, 3000.0], "households": [400, 1000], **columns},
        geometry=[shapely.box(0, 0, 100, 100), shapely.box(1000, 0, 1100, 100)],
        index=pd.Index(["a", "b"], name="id"),
        crs=CRS,
    )
    return SimpleNamespace(frame=frame)


def places(rows):
    frame = gpd.GeoDataFrame(
        [
            {"name": None, "kind": kind, "amap_type": None, "tags": None, "access": "public",
             "floor_m2": floor, "land_m2": None, "geometry": geometry}
            for _, kind, geometry, floor in rows
        ],
        crs=CRS,
    )  # fmt: skip
    frame.index = pd.Index([row[0] for row in rows], name="id")
    return frame


FACILITIES = places(
    [
        ("k1", "kindergarten", shapely.Point(300, 50), None),
        ("s1", "community_service_station", shapely.Point(500, 50), 900.0),
        ("m1", "food_market", shapely.Point(50, 50), None),
        ("b1", "bank", shapely.Point(650, 50), None),
        ("c1", "convenience_store", shapely.Point(200, 50), None),
        ("c2", "convenience_store", shapely.Point(250, 50), None),
    ]
)
KINDS = classify_facilities(FACILITIES, PROFILE.catalogue)
NEAREST = pd.DataFrame(
    [
        ("a", "kindergarten", "k1", 250.0, 200.0),
        ("b", "kindergarten", "k1", 750.0, 600.0),
        ("a", "community_service_station", "s1", 290.0, 320.0),
        ("b", "community_service_station", "s1", 300.0, 320.0),
        ("a", "bank", "b1", 600.0, 480.0),
        ("b", "bank", "b1", 500.0, 400.0),
        ("a", "convenience_store", "c1", 110.0, 90.0),
    ],
    columns=["origin_id", "kind", "facility_id", "distance_m", "time_s"],
)
REACHED = pd.DataFrame(
    [*NEAREST.itertuples(index=False, name=None), ("a", "convenience_store", "c2", 160.0, 130.0)],
    columns=["neighbourhood_id", "kind", "facility_id", "distance_m", "time_s"],
)


@pytest.fixture
def gaps():
    return facility_gaps(
        world(), NEAREST, KINDS, FACILITIES, PROFILE, searched_m=1000, reached=REACHED
    )


def test_the_limit_itself_is_still_within_reach(gaps):
    row = gaps.loc["b:community_service_station:c5"]
    assert (row["status"], row["nearest_m"], row["limit_m"]) == ("present", 300.0, 300.0)


def test_a_kindergarten_too_far_is_missing_by_the_metres_beyond_the_limit(gaps):
    assert gaps.loc["a:kindergarten:c5", "status"] == "present"
    row = gaps.loc["b:kindergarten:c5"]
    assert row["status"] == "missing"
    assert row["missing_m"] == 450.0
    assert row["short_persons"] == 3000.0
    assert row["straight_m"] == 700.0
    assert row["radius_m"] == 300.0


def test_layers_do_not_stand_in_for_one_another(gaps):
    assert gaps.loc["a:bank:c15", "status"] == "present"
    assert gaps.loc["a:bank:c10", "status"] == "missing"
    assert gaps.loc["b:bank:c10", "status"] == "present"


def test_a_facility_inside_the_parcel_counts_though_no_way_on_foot_is_known(gaps):
    row = gaps.loc["a:food_market:c10"]
    assert (row["status"], row["basis"], row["nearest_facility_id"]) == ("present", "inside", "m1")
    assert pd.isna(row["nearest_m"])
    assert gaps.loc["b:food_market:c10", "status"] == "missing"


def test_two_shops_stand_in_for_a_supermarket_in_an_old_area_only(gaps):
    assert gaps.loc["a:supermarket:c5", "basis"] == "stand_in"
    assert gaps.loc["b:supermarket:c5", "status"] == "missing"
    strict = PROFILE.with_parameters("gaps", {"old_area_relaxations": False}, source="test")
    found = facility_gaps(
        world(), NEAREST, KINDS, FACILITIES, strict, searched_m=1000, reached=REACHED
    )
    assert found.loc["a:supermarket:c5", "status"] == "missing"


def test_floor_area_is_shared_by_households_and_the_shortfall_follows(gaps):
    a, b = (gaps.loc[f"{n}:community_service_station:c5"] for n in "ab")
    assert a["required_m2"] == pytest.approx(120.0)  # 30 m² per 100 of 400 households
    assert a["supplied_m2"] == pytest.approx(900 * 400 / 1400)
    assert a["supplied_m2"] + b["supplied_m2"] == pytest.approx(900.0)
    assert a["short_m2"] == 0.0


def test_an_absent_kind_is_missing_where_kinds_were_given_and_unknown_where_they_were_not():
    absent = ("judicial_office", "c15")
    others = [kind.id for kind in PROFILE.catalogue.kinds.values() if kind.id != absent[0]]
    far = places([(f"x{i}", k, shapely.Point(9e4, 9e4), None) for i, k in enumerate(others)])
    register = pd.concat([FACILITIES, far])
    listed = classify_facilities(register, PROFILE.catalogue)
    found = facility_gaps(world(), NEAREST, listed, register, DEFAULT, searched_m=1000)
    assert found.loc[f"a:{':'.join(absent)}", "status"] == "missing"
    # Five kinds of a hundred do not claim to be a register of everything.
    some = facility_gaps(world(), NEAREST, KINDS, FACILITIES, DEFAULT, searched_m=1000)
    assert some.loc[f"a:{':'.join(absent)}", "status"] == "unknown"
    guessed = facility_gaps(
        world(), NEAREST, KINDS.assign(match="tags"), FACILITIES, DEFAULT, searched_m=1000
    )
    row = guessed.loc[f"a:{':'.join(absent)}"]
    assert row["status"] == "unknown"
    assert pd.isna(row["short_persons"])
    told = PROFILE.with_parameters("gaps", {"absence_means_missing": "yes"}, source="test")
    found = facility_gaps(
        world(), NEAREST, KINDS.assign(match="tags"), FACILITIES, told, searched_m=1000
    )
    assert found.loc[f"a:{':'.join(absent)}", "status"] == "missing"
    wrong = PROFILE.with_parameters("gaps", {"absence_means_missing": "maybe"}, source="test")
    with pytest.raises(StandardsError, match="maybe"):
        facility_gaps(world(), NEAREST, KINDS, FACILITIES, wrong, searched_m=1000)


def mapped_markets(count, persons):
    """Status of market and kindergarten of b, with `count` far markets mapped, none given."""
    far = [(f"x{i}", "food_market", shapely.Point(9e4 + i, 9e4), None) for i in range(count)]
    city = places([*far, ("k1", "kindergarten", shapely.Point(300, 50), None)])
    kinds = classify_facilities(city, PROFILE.catalogue)
    kinds = kinds.assign(match=kinds["kind"].map({"food_market": "tags", "kindergarten": "given"}))
    found = facility_gaps(world(persons=persons), NEAREST, kinds, city, DEFAULT, searched_m=1000)
    return found.loc[["b:food_market:c10", "b:kindergarten:c5"], "status"].tolist()


def test_few_mapped_facilities_for_many_people_leave_absence_unknown_unless_the_kind_was_given():
    # A ten-minute area holds up to 25,000 residents; half of four markets for 100,000 are two.
    many = [40_000.0, 60_000.0]
    assert mapped_markets(1, many) == ["unknown", "missing"]
    assert mapped_markets(2, many) == ["missing", "missing"]
    assert mapped_markets(1, [1000.0, 3000.0]) == ["missing", "missing"]


def test_where_nobody_knows_the_population_a_number_of_facilities_is_believed():
    assert mapped_markets(2, [None, None]) == ["unknown", "missing"]
    assert mapped_markets(3, [None, None]) == ["missing", "missing"]
    # The unknown neighbourhood counts like the known one: 120,000 residents need three.
    assert mapped_markets(2, [None, 60_000.0]) == ["unknown", "missing"]


def test_every_need_of_the_catalogue_is_checked_once_for_every_neighbourhood(gaps):
    checks = {(kind.id, layer) for kind, layer, _ in PROFILE.catalogue.checks()}
    for _, rows in gaps.groupby("neighbourhood_id"):
        assert set(zip(rows["kind"], rows["layer"], strict=True)) == checks
        assert len(rows) == len(checks)
    assert "lift" not in set(gaps["kind"])


def test_unknown_population_leaves_the_people_without_unknown():
    found = facility_gaps(
        world(persons=[None, 3000.0]), NEAREST, KINDS, FACILITIES, PROFILE, searched_m=1000
    )
    assert pd.isna(found.loc["a:bank:c10", "short_persons"])
    assert found.loc["a:bank:c15", "short_persons"] == 0.0


def test_scores_count_only_what_must_be_and_is_known(gaps):
    scores = gap_scores(gaps)
    must = gaps[(gaps["need"] == "must") & (gaps["neighbourhood_id"] == "b")]
    assert scores.loc["b", "must_checked"] == len(must)
    assert scores.loc["b", "must_missing"] == (must["status"] == "missing").sum()
    assert scores.loc["b", "gap_index"] == pytest.approx(
        scores.loc["b", "must_missing"] / scores.loc["b", "must_checked"]
    )
    nothing = gap_scores(gaps.assign(status="unknown"))
    assert nothing.loc["a", "must_checked"] == 0
    assert nothing.loc["a", ["must_missing", "gap_index"]].isna().all()


def test_searching_less_far_than_the_limits_is_refused():
    with pytest.raises(InputError, match="searched to 500 m"):
        facility_gaps(world(), NEAREST, KINDS, FACILITIES, PROFILE, searched_m=500)


def test_a_city_without_facilities_is_unknown_throughout():
    none = FACILITIES.iloc[:0]
    found = facility_gaps(
        world(), NEAREST.iloc[:0], classify_facilities(none, DEFAULT.catalogue), none, DEFAULT,
        searched_m=1000,
    )  # fmt: skip
    assert set(found["status"]) == {"unknown"}
    assert gap_scores(found)["must_checked"].eq(0).all()


def test_a_city_without_neighbourhoods_has_no_gaps():
    none = SimpleNamespace(frame=world().frame.iloc[:0])
    found = facility_gaps(none, NEAREST.iloc[:0], KINDS, FACILITIES, PROFILE, searched_m=1000)
    assert found.empty
    assert gap_scores(found).empty


@st.composite
def sharing(draw):
    people = draw(st.lists(st.floats(1, 1e4), min_size=1, max_size=6))
    areas = draw(st.lists(st.floats(0, 1e4), min_size=1, max_size=5))
    pairs = [(i, j) for i in range(len(people)) for j in range(len(areas))]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True))
    reached = pd.DataFrame(
        [(f"n{i}", f"f{j}") for i, j in chosen], columns=["neighbourhood_id", "facility_id"]
    )
    demand = pd.Series(people, index=[f"n{i}" for i in range(len(people))])
    return reached, demand, pd.Series(areas, index=[f"f{j}" for j in range(len(areas))])


@given(sharing())
@settings(deadline=None, max_examples=60)
def test_what_is_handed_out_is_what_is_reached(case):
    reached, demand, supply = case
    handed = shared_supply(reached, demand, supply)
    assert handed.sum() == pytest.approx(supply[sorted(set(reached["facility_id"]))].sum())


@given(sharing(), st.floats(0, 1e4))
@settings(deadline=None, max_examples=60)
def test_more_area_never_lowers_what_anyone_gets(case, more):
    reached, demand, supply = case
    before = shared_supply(reached, demand, supply)
    after = shared_supply(reached, demand, supply + more)
    assert (after >= before - 1e-6).all()


def test_an_unknown_area_leaves_those_who_reach_it_unknown_and_nobody_else():
    reached = pd.DataFrame({"neighbourhood_id": ["a", "a", "b"], "facility_id": ["f", "g", "f"]})
    handed = shared_supply(
        reached, pd.Series({"a": 1.0, "b": 1.0, "c": 5.0}), pd.Series({"f": 8.0, "g": None})
    )
    assert pd.isna(handed["a"])
    assert handed["b"] == 4.0
    assert handed["c"] == 0.0


def test_the_green_of_a_large_park_counts_for_its_own_layer_alone():
    park = places([("p", "park", shapely.box(200, 0, 500, 200), None)])  # 6 ha
    kinds = classify_facilities(park, PROFILE.catalogue)
    assert set(kinds["kind"]) == {"park", "park_10min", "park_15min"}
    near = pd.DataFrame({"kind": kinds["kind"], "facility_id": "p"}).assign(
        origin_id="a", neighbourhood_id="a", distance_m=200.0, time_s=150.0
    )
    found = facility_gaps(world(), near, kinds, park, PROFILE, searched_m=1000, reached=near)
    assert found.loc["a:park:c5", ["status", "supplied_m2"]].tolist() == ["present", 0.0]
    assert found.loc["a:park_15min:c15", "supplied_m2"] == pytest.approx(60000.0)
    assert found.loc["a:park_15min:c15", "required_m2"] == pytest.approx(1400.0)


def test_where_no_way_could_be_measured_only_what_lies_inside_is_known():
    found = facility_gaps(
        world(), NEAREST.iloc[:0], KINDS, FACILITIES, PROFILE, searched_m=1000,
        measured=pd.Index(["b"]),
    )  # fmt: skip
    assert found.loc["a:food_market:c10", "status"] == "present"
    assert found.loc["a:bank:c10", "status"] == "unknown"
    assert found.loc["b:bank:c10", "status"] == "missing"
