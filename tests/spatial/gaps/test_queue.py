"""The queue of the missing, votes of residents, and areas per head."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.dictionary import conform, data_dictionary
from spatial.gaps import area_shares, queue_of_missing, resident_demand
from spatial.standards import read_profile

PROFILE = read_profile("national")
RULES = PROFILE.rooms["gaps"]
LIMITS = {"c5": 300.0, "c10": 500.0, "c15": 1000.0}
WEIGHTS = {part: RULES[f"queue_weight_{part}"] for part in ("people", "distance", "need", "votes")}


def places(persons=(1000.0, 3000.0, 500.0)):
    names = ["东园", "西园", "西园"]
    frame = pd.DataFrame({"name": names, "persons": list(persons)}, index=["a", "b", "c"])
    return SimpleNamespace(frame=frame.assign(households=[400, None, 200]))


def gap_rows(rows):
    columns = ["neighbourhood_id", "kind", "layer", "need", "status", "nearest_m"]
    table = pd.DataFrame(rows, columns=columns)
    table["limit_m"] = table["layer"].map(LIMITS)
    table.index = [f"g{i}" for i in range(len(table))]
    return conform(table, data_dictionary().results["gaps"], name="gaps")


GAPS = gap_rows(
    [
        ("a", "kindergarten", "c5", "must", "missing", 840.0),
        ("b", "kindergarten", "c5", "must", "present", 100.0),
        ("c", "kindergarten", "c5", "must", "missing", None),
        ("a", "bank", "c10", "must", "missing", 600.0),
        ("a", "bank", "c15", "should", "missing", 600.0),
        ("b", "bank", "c10", "must", "missing", 3000.0),
        ("a", "childcare", "c5", "should", "missing", 300.5),
        ("b", "childcare", "c5", "should", "unknown", None),
    ]
)


def votes_of(rows):
    return pd.DataFrame(rows, columns=["neighbourhood_id", "kind", "votes", "households_asked"])


def demand_of(rows):
    return resident_demand(votes_of(rows), places().frame, PROFILE.catalogue)


def test_without_votes_the_score_is_the_mean_of_the_other_parts():
    table = queue_of_missing(GAPS, places(), RULES)
    row = table.loc["neighbourhood:a:kindergarten"]
    assert row["part_distance"] == pytest.approx((840 - 300) / 2700)
    assert (row["part_people"], row["part_need"]) == (1, 1)
    assert row[["votes", "vote_share", "part_votes"]].isna().all()
    known = WEIGHTS["people"] + WEIGHTS["distance"] + WEIGHTS["need"]
    score = (WEIGHTS["people"] + WEIGHTS["distance"] * 0.2 + WEIGHTS["need"]) / known
    assert row["score"] == pytest.approx(score)
    assert row["known_weight_share"] == pytest.approx(known / sum(WEIGHTS.values()))


def test_a_kind_missing_at_two_layers_stands_once_with_its_strictest_need():
    table = queue_of_missing(GAPS, places(), RULES)
    row = table.loc["neighbourhood:a:bank"]
    assert (row["layers"], row["need"], row["limit_m"]) == ("c10,c15", "must", 500.0)
    assert (table["area"] == "a").sum() == 3


def test_the_city_pools_residents_and_distances_of_those_without():
    table = queue_of_missing(GAPS, places(), RULES)
    row = table.loc["city:city:kindergarten"]
    assert (row["neighbourhoods_without"], row["persons"], row["persons_without"]) == (
        2,
        4500,
        1500,
    )
    assert row["part_people"] == pytest.approx(1500 / 4500)
    assert row["part_distance"] == pytest.approx((1000 * 0.2 + 500 * 1) / 1500)
    bank = table.loc["city:city:bank"]
    assert bank["part_people"] == pytest.approx(4000 / 4500)
    assert (bank["rank"], row["rank"]) == (1, 2)


def test_districts_count_their_own_members_only():
    districts = pd.Series({"a": "d1", "b": "d1", "c": None})
    table = queue_of_missing(GAPS, places(), RULES, districts=districts)
    row = table.loc["district:d1:kindergarten"]
    assert (row["persons"], row["persons_without"], row["neighbourhoods_without"]) == (
        4000,
        1000,
        1,
    )
    assert set(table["area"]) == {"city", "d1", "a", "b", "c"}


def test_votes_move_a_kind_up_and_those_not_asked_stay_neutral():
    demand = demand_of([("a", "托儿所", 45, 50), ("a", "kindergarten", 0, 50)])
    plain = queue_of_missing(GAPS, places(), RULES)
    asked = queue_of_missing(GAPS, places(), RULES, demand=demand)
    at = [f"neighbourhood:a:{kind}" for kind in ("kindergarten", "bank", "childcare")]
    assert plain.loc[at, "rank"].tolist() == [1, 2, 3]
    shares = asked.loc[at, "vote_share"]
    assert (shares.iloc[0], shares.iloc[2]) == (0.0, 0.9)
    assert pd.isna(shares.iloc[1])  # the survey names no bank, so nobody could vote for one
    usual = WEIGHTS["people"] + WEIGHTS["need"] + WEIGHTS["votes"] * 0.45
    usual += WEIGHTS["distance"] * 100 / 2500
    assert asked.loc[at[1], "score"] == pytest.approx(usual / sum(WEIGHTS.values()))
    assert asked.loc[at[2], "score"] > plain.loc[at[2], "score"]
    assert asked.loc[at[0], "score"] < plain.loc[at[0], "score"]
    others = ["neighbourhood:b:bank", "neighbourhood:c:kindergarten"]  # not asked
    pd.testing.assert_frame_equal(asked.loc[others], plain.loc[others])


def test_what_is_asked_for_where_the_data_cannot_tell_follows_without_a_rank():
    demand = demand_of([("b", "childcare", 10, 20)])
    table = queue_of_missing(GAPS, places(), RULES, demand=demand)
    row = table.loc["neighbourhood:b:childcare"]
    assert (row["status"], row["votes"]) == ("unknown", 10)
    assert pd.isna(row["rank"])
    assert table[table["area"] == "b"].index[-1] == "neighbourhood:b:childcare"
    assert "neighbourhood:b:childcare" not in queue_of_missing(GAPS, places(), RULES).index
    # In the city the kind is missing (to a), so it has its place there.
    assert table.loc["city:city:childcare", "rank"] == 3


@given(st.permutations(range(len(GAPS))), st.lists(st.floats(1, 5000), min_size=3, max_size=3))
@settings(deadline=None, max_examples=30)
def test_the_order_of_the_rows_changes_nothing_and_ranks_are_whole(order, persons):
    known = places(persons)
    table = queue_of_missing(GAPS, known, RULES)
    pd.testing.assert_frame_equal(table, queue_of_missing(GAPS.iloc[list(order)], known, RULES))
    for _, rows in table.groupby(["level", "area"]):
        assert rows["rank"].tolist() == list(range(1, len(rows) + 1))
        assert (rows["score"].astype(float).diff().dropna() <= 0).all()


def test_nothing_missing_is_an_empty_queue():
    full = GAPS.assign(status="present")
    assert queue_of_missing(full, places(), RULES).empty


def test_unknown_population_counts_neighbourhoods_only():
    table = queue_of_missing(GAPS, places((None, None, None)), RULES)
    row = table.loc["city:city:kindergarten"]
    assert row["neighbourhoods_without"] == 2
    assert row[["persons", "persons_without", "part_people", "part_distance"]].isna().all()
    assert row["score"] == 1  # only the need is known
    assert row["known_weight_share"] == pytest.approx(WEIGHTS["need"] / sum(WEIGHTS.values()))


def test_votes_are_shares_of_the_households_asked_or_of_the_votes_cast():
    demand = demand_of(
        [
            ("a", "kindergarten", 20, 80),
            ("a", "幼儿园", 20, 80),
            ("b", "bank", 6, None),
            ("b", "park", 2, None),
        ]
    )
    table = demand.votes.set_index(["neighbourhood_id", "kind"])
    assert table.loc[("a", "kindergarten"), ["votes", "vote_share"]].tolist() == [40, 0.5]
    assert table.loc[("b", "bank"), "vote_share"] == 0.75
    assert table["basis"].tolist() == ["households_asked", "votes_cast", "votes_cast"]
    assert demand.notes == ()


def test_rows_that_cannot_count_are_told_with_their_names():
    demand = demand_of(
        [
            ("东园", "bank", 3, 10),
            ("西园", "bank", 3, 10),  # two bear this name
            ("a", "太空港", 3, 10),
            ("a", "park", -1, 10),
            ("a", "childcare", 30, 10),
        ]
    )
    notes = {note.key: note for note in demand.notes}
    assert set(notes) == {
        "votes_without_place",
        "votes_without_kind",
        "votes_without_count",
        "votes_exceed_households",
    }
    assert "西园" in notes["votes_without_place"].text_en
    assert "太空港" in notes["votes_without_kind"].text_zh
    assert demand.asked.tolist() == ["a"]
    assert demand.votes["vote_share"].tolist() == [0.3, 1.0]


def test_areas_are_given_per_head_and_what_is_unknown_has_a_reason():
    rules = PROFILE.catalogue.area_rules
    rows = [
        (place, rule.kind, rule.layer, "must", "present", 100.0)
        for rule in rules.values()
        for place in ("a", "b", "c")
    ]
    gaps = gap_rows(rows).assign(required_m2=280.0, supplied_m2=140.0, short_m2=140.0)
    gaps.loc[gaps["neighbourhood_id"] == "c", ["supplied_m2", "short_m2"]] = np.nan
    table = area_shares(gaps, places((400.0, None, 10.0)), PROFILE)
    green = table.loc["a:green_c5"]
    assert (green["standard_m2"], green["old_factor"]) == (0.7, 0.7)
    assert green["supplied_m2_per_person"] == pytest.approx(0.35)
    assert green["supplied_m2_per_100_households"] == pytest.approx(35.0)
    care = table.loc["a:elderly_care"]
    assert (care["standard_m2"], care["old_factor"]) == (20.0, pytest.approx(2 / 3))
    assert table.loc["b:green_c5", "unknown_en"] == "residents unknown"
    assert table.loc["b:elderly_care", "unknown_en"] == "households unknown"
    assert table.loc["c:green_c5", "unknown_en"] == "a facility within reach has no known area"
    assert pd.isna(green["unknown_en"])
    new = PROFILE.with_parameters("gaps", {"old_area_relaxations": False}, source="test")
    full = area_shares(gaps, places(), new).loc["a:green_c5"]
    assert (full["standard_m2"], full["old_factor"]) == (1.0, 1.0)
