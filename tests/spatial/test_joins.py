"""Joins between the answers of the rooms, on tables small enough to check by eye."""

import pandas as pd

from spatial.fingerprint import fingerprint
from spatial.joins import best_of_gates, residents_met, smallest_layer, with_counts
from spatial.standards import read_profile


def test_the_best_gate_wins_and_ties_go_to_the_smaller_facility_id():
    by_gate = pd.DataFrame(
        [
            ("g1", "school", "f2", 300.0, 250.0),
            ("g2", "school", "f1", 300.0, 250.0),
            ("g2", "market", "f3", 90.0, 75.0),
        ],
        columns=["origin_id", "kind", "facility_id", "distance_m", "time_s"],
    )
    owner = pd.Series({"g1": "home", "g2": "home"})
    best = best_of_gates(by_gate, owner).set_index("kind")
    assert best.loc["school", "facility_id"] == "f1"
    assert best.loc["market", "distance_m"] == 90.0
    assert (best["origin_id"] == "home").all()


def test_a_walk_exactly_at_a_limit_is_inside_and_beyond_the_last_is_missing():
    limits = {"c15": 1000.0, "c5": 300.0, "c10": 500.0}
    walks = pd.Series([0.0, 300.0, 300.001, 500.0, 1000.0, 1000.001])
    named = smallest_layer(walks, limits)
    assert named.tolist()[:5] == ["c5", "c5", "c10", "c10", "c15"]
    assert pd.isna(named.iloc[5])


def test_residents_of_reached_places_are_summed_and_unknown_ones_left_out():
    met = pd.DataFrame(
        {
            "neighbourhood_id": ["a", "a", "a", "b"],
            "facility_id": ["b", "c", "d", "d"],
            "distance_m": [100.0, 400.0, 300.0, 500.001],
        }
    )
    persons = pd.Series({"a": 1.0, "b": 10.0, "c": 100.0, "d": pd.NA}, dtype="Float64")
    sums = residents_met(met, persons, {"c5": 300.0, "c10": 500.0}, measure="distance_m")
    assert sums.loc["a"].to_dict() == {"c5": 10.0, "c10": 110.0}
    assert "b" not in sums.index


def test_a_facility_of_two_kinds_is_counted_once_in_each_circle_that_holds_it():
    circles = pd.DataFrame(
        {"neighbourhood_id": ["a", "a", "b"], "layer": ["c5", "c10", "c10"]},
    )
    reached = pd.DataFrame(
        {
            "neighbourhood_id": ["a", "a", "a", "b"],
            "facility_id": ["f", "g", "f", "g"],
            "kind": ["park", "shop", "sport", "shop"],
            "distance_m": [200.0, 400.0, 200.0, 600.0],
        }
    )
    persons = pd.DataFrame({"c5": {"a": 3.0}, "c10": {"a": 5.0}})
    limits = {"c5": 300.0, "c10": 500.0}
    counted = with_counts(circles, reached, persons, limits, measure="distance_m")
    assert counted["facilities"].tolist() == [1, 2, 0]
    assert counted["persons"].tolist()[:2] == [3.0, 5.0]
    assert pd.isna(counted["persons"].iloc[2])


def test_the_data_version_moves_with_a_parameter_of_any_room_and_with_nothing_else():
    from spatial.city import City

    city = City.from_layers("x", {}, crs=4547)
    profile = read_profile("national")
    choices = {"year": 2026}
    same = fingerprint(city, profile, choices, "1")
    assert fingerprint(city, read_profile("national"), choices, "1") == same
    changed = profile.with_parameters("walking", {"max_entry_m": 123}, source="test")
    assert fingerprint(city, changed, choices, "1") != same
    assert fingerprint(city, profile, {"year": 2027}, "1") != same
