"""Priority: parts that can be checked by hand, an index that is their mean, ranks that hold."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.dictionary import conform, data_dictionary
from spatial.errors import InputError, StandardsError
from spatial.gaps import priority_frame, priority_parts, rank_stability, resident_demand
from spatial.standards import read_profile

PROFILE = read_profile("national")
RULES = PROFILE.rooms["gaps"]
PARTS = ("gaps", "distance", "area", "people", "elderly", "age", "safety", "votes")


def places(ids=("a", "b"), **columns):
    facts = {
        "name": None,
        "persons": 1500.0,
        "elderly_persons": None,
        "year_built": None,
        "danger_buildings": None,
        "building_count": None,
        "joined_buildings": 10,
    }
    return SimpleNamespace(frame=pd.DataFrame({**facts, **columns}, index=list(ids)))


def gap_rows(rows):
    columns = ["neighbourhood_id", "kind", "status", "nearest_m", "required_m2", "short_m2"]
    table = pd.DataFrame(rows, columns=columns).assign(layer="c5", need="must", limit_m=300.0)
    table.index = [f"g{i}" for i in range(len(table))]
    return conform(table, data_dictionary().results["gaps"], name="gaps")


GAPS = gap_rows(
    [
        ("a", "kindergarten", "missing", 975.0, None, None),
        ("a", "park", "missing", None, 400.0, 300.0),
        ("a", "elderly_daycare", "present", 100.0, 100.0, 0.0),
        ("a", "bank", "unknown", None, None, None),
        ("b", "kindergarten", "present", 10.0, None, None),
    ]
)


def test_every_part_can_be_computed_by_hand():
    known = places(elderly_persons=[225.0, None], year_built=[1976, 2030], danger_buildings=[1, 0])
    votes = pd.DataFrame(
        {
            "neighbourhood_id": ["a", "a", "a"],
            "kind": ["kindergarten", "bank", "nowhere"],
            "votes": [30.0, 10.0, 5.0],
            "households_asked": [50, 50, 50],
        }
    )
    demand = resident_demand(votes, known.frame, PROFILE.catalogue)
    parts = priority_parts(GAPS, known, RULES, year=2026, demand=demand)
    a = parts.loc["a"]
    assert a["gaps"] == pytest.approx(2 / 3)
    assert a["distance"] == pytest.approx(((975 - 300) / 2700 + 1) / 2)
    assert a["area"] == pytest.approx((0.75 + 0) / 2)
    assert a["people"] == pytest.approx(0.5)  # 1500 of 3000
    assert a["elderly"] == pytest.approx(0.5)  # 15 % of 30 %
    assert a["age"] == 1.0  # fifty years
    assert a["safety"] == 1.0  # one building of ten
    assert a["votes"] == pytest.approx(0.75)
    b = parts.loc["b"]
    assert (b["gaps"], b["distance"], b["age"], b["safety"]) == (0, 0, 0, 0)
    assert b[["area", "elderly", "votes"]].isna().all()


def test_the_index_is_the_mean_of_what_is_known_and_unknown_where_that_is_too_little():
    parts = pd.DataFrame(np.nan, index=["a", "b", "c"], columns=list(PARTS))
    parts.loc["a"] = 0.5
    parts.loc["b", ["gaps", "people", "age"]] = [1.0, 0.0, 0.0]
    parts.loc["c", "votes"] = 1.0
    table, _ = priority_frame(parts, RULES)
    assert table.loc["a", "priority"] == pytest.approx(0.5)
    assert table.loc["b", "priority"] == pytest.approx(0.30 / 0.55)
    assert table.loc["b", "known_weight_share"] == pytest.approx(0.55)
    assert table.loc["c", ["priority", "rank", "rank_low", "rank_high"]].isna().all()
    assert table.loc[["a", "b"], "rank"].tolist() == [2, 1]


def test_equal_neighbourhoods_share_the_better_rank():
    parts = pd.DataFrame(0.5, index=["a", "b", "c"], columns=list(PARTS))
    parts.loc["c"] = 0.1
    table, stability = priority_frame(parts, RULES)
    assert table["rank"].tolist() == [1, 1, 3]
    assert stability.kendall_tau == pytest.approx(1.0)


def test_weights_are_data_of_the_profile_and_bad_ones_are_refused():
    parts = pd.DataFrame(0.0, index=["a", "b"], columns=list(PARTS))
    parts.loc["a", "gaps"], parts.loc["b", "age"] = 1.0, 1.0
    changed = PROFILE.with_parameters(
        "gaps", {"priority_weight_age": 0.9, "priority_weight_gaps": 0.1}, source="test"
    )
    assert priority_frame(parts, RULES)[0]["rank"].tolist() == [1, 2]
    assert priority_frame(parts, changed.rooms["gaps"])[0]["rank"].tolist() == [2, 1]
    broken = PROFILE.with_parameters("gaps", {"priority_weight_age": -1}, source="test")
    with pytest.raises(StandardsError, match="priority_weight_age"):
        priority_frame(parts, broken.rooms["gaps"])
    nothing = {f"priority_weight_{part}": 0 for part in PARTS}
    empty = PROFILE.with_parameters("gaps", nothing, source="test")
    with pytest.raises(StandardsError, match="above 0"):
        priority_frame(parts, empty.rooms["gaps"])


TABLES = st.lists(
    st.lists(st.one_of(st.floats(0, 1), st.none()), min_size=3, max_size=3), min_size=1, max_size=14
)


@given(TABLES, st.floats(0, 1), st.integers(0, 5))
@settings(deadline=None, max_examples=50)
def test_a_rank_lies_between_its_lowest_and_highest(rows, change, seed):
    parts = pd.DataFrame(rows, columns=["x", "y", "z"], dtype=float)
    weights = {"x": 0.5, "y": 0.3, "z": 0.2}
    held = rank_stability(parts, weights, change_share=change, draws=20, seed=seed)
    filled = parts.fillna(0) @ pd.Series(weights)
    share = parts.notna() @ pd.Series(weights)
    own = (filled / share.where(share > 0)).fillna(0).round(9).rank(ascending=False, method="min")
    assert (held.ranks["rank_low"] <= own).all()
    assert (own <= held.ranks["rank_high"]).all()
    assert held.ranks["rank_high"].max() <= len(rows)
    again = rank_stability(parts, weights, change_share=change, draws=20, seed=seed)
    pd.testing.assert_frame_equal(held.ranks, again.ranks)


def test_weights_that_do_not_change_keep_every_rank():
    rng = np.random.default_rng(3)
    parts = pd.DataFrame(rng.random((40, 3)), columns=["x", "y", "z"])
    held = rank_stability(parts, {"x": 5, "y": 3, "z": 2}, change_share=0.0, draws=5)
    assert (held.ranks["rank_low"] == held.ranks["rank_high"]).all()
    assert (held.kendall_tau, held.top_kept_share) == (pytest.approx(1.0), 1.0)
    loose = rank_stability(parts, {"x": 5, "y": 3, "z": 2}, change_share=1.0, draws=200)
    assert loose.kendall_tau < 1
    assert (loose.ranks["rank_high"] - loose.ranks["rank_low"]).max() > 5


def test_the_tau_is_that_of_all_pairs():
    rng = np.random.default_rng(8)
    parts = pd.DataFrame(rng.random((12, 2)), columns=["x", "y"])
    weights = np.array([0.6, 0.4])
    held = rank_stability(parts, {"x": 0.6, "y": 0.4}, change_share=0.8, draws=6, seed=4)
    drawn = weights * np.random.default_rng(4).uniform(0.2, 1.8, size=(6, 2))
    own = parts.to_numpy() @ weights
    taus = []
    for one in drawn:
        other = parts.to_numpy() @ one
        i, j = np.triu_indices(12, 1)
        taus.append(np.sign((own[i] - own[j]) * (other[i] - other[j])).mean())
    assert held.kendall_tau == pytest.approx(np.mean(taus))


def test_nothing_to_rank_and_nonsense_are_told_apart():
    none = pd.DataFrame({"x": []}, dtype=float)
    held = rank_stability(none, {"x": 1}, change_share=0.3, draws=3)
    assert held.ranks.empty
    assert np.isnan(held.kendall_tau)
    with pytest.raises(InputError, match="change_share"):
        rank_stability(none, {"x": 1}, change_share=1.5, draws=3)
    with pytest.raises(InputError, match="draws"):
        rank_stability(none, {"x": 1}, change_share=0.5, draws=0)
