"""Equity: the Gini against all pairs, shares against a plain count, the unknown said."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.dictionary import conform, data_dictionary
from spatial.errors import InputError
from spatial.gaps import equity, weighted_gini

WEIGHTED = st.lists(st.tuples(st.floats(0, 3000), st.integers(0, 500)), min_size=1, max_size=25)


def by_all_pairs(values, weights):
    """Mean difference over twice the mean, pair by pair."""
    x, w = np.array(values, dtype=float), np.array(weights, dtype=float)
    mean = (w * x).sum() / w.sum()
    difference = (np.abs(x[:, None] - x[None]) * w[:, None] * w[None]).sum() / w.sum() ** 2
    return 0.0 if mean == 0 else difference / (2 * mean)


@given(WEIGHTED)
def test_the_gini_is_half_the_relative_mean_difference_of_all_pairs(pairs):
    values, weights = zip(*pairs, strict=True)
    if sum(weights) == 0:
        assert np.isnan(weighted_gini(values, weights))
    else:
        assert weighted_gini(values, weights) == pytest.approx(
            by_all_pairs(values, weights), abs=1e-9
        )


@given(WEIGHTED, st.floats(0.1, 50))
def test_the_gini_knows_no_unit_and_no_splitting(pairs, factor):
    values, weights = (np.array(part, dtype=float) for part in zip(*pairs, strict=True))
    whole = weighted_gini(values, weights)
    assert weighted_gini(values * factor, weights) == pytest.approx(whole, nan_ok=True, abs=1e-9)
    halves = weighted_gini(np.tile(values, 2), np.tile(weights / 2, 2))
    assert halves == pytest.approx(whole, nan_ok=True, abs=1e-9)


def test_values_below_zero_or_missing_are_refused():
    for values in ([-1.0, 2.0], [np.nan, 2.0]):
        with pytest.raises(InputError, match="leave out"):
            weighted_gini(values, [1, 1])


def places(**columns):
    frame = pd.DataFrame({"persons": [100.0, 300.0, 100.0], **columns}, index=["a", "b", "c"])
    for name in ("elderly_persons", "children_persons"):
        if name not in frame:
            frame[name] = np.nan
    return SimpleNamespace(frame=frame)


def gap_rows(rows):
    columns = ["neighbourhood_id", "kind", "layer", "need", "status", "limit_m", "nearest_m"]
    table = pd.DataFrame(rows, columns=columns)
    table.index = [f"g{i}" for i in range(len(table))]
    return conform(table, data_dictionary().results["gaps"], name="gaps")


GAPS = gap_rows(
    [
        ("a", "kindergarten", "c5", "must", "present", 300.0, 200.0),
        ("b", "kindergarten", "c5", "must", "missing", 300.0, 600.0),
        ("c", "kindergarten", "c5", "must", "missing", 300.0, None),
        ("a", "bank", "c10", "must", "missing", 500.0, 900.0),
        ("b", "bank", "c10", "must", "unknown", 500.0, None),
        ("c", "bank", "c10", "must", "present", 500.0, 100.0),
    ]
)


def test_the_walk_of_those_for_whom_none_was_found_counts_as_the_whole_search():
    row = equity(GAPS, places(), searched_m=1500).loc["city:kindergarten:c5"]
    walk, persons = [200.0, 600.0, 1500.0], [100, 300, 100]
    assert row["gini"] == pytest.approx(by_all_pairs(walk, persons))
    assert row["mean_walk_m"] == pytest.approx(700)
    assert row["not_found_share"] == pytest.approx(0.2)
    assert (row["persons"], row["persons_beyond"], row["persons_beyond_share"]) == (500, 400, 0.8)


def test_the_share_of_the_old_and_the_young_beyond_the_limit_is_theirs():
    known = places(elderly_persons=[50.0, 30.0, None], children_persons=[0.0, 60.0, 20.0])
    row = equity(GAPS, known, searched_m=1500).loc["city:kindergarten:c5"]
    assert row["elderly_beyond_share"] == pytest.approx(30 / 80)
    assert row["elderly_known_share"] == pytest.approx(0.8)
    assert row["children_beyond"] == 80
    assert row["children_beyond_share"] == 1
    assert pd.isna(row["unknown_en"])


def test_ages_that_nobody_gave_are_unknown_and_the_row_says_so():
    row = equity(GAPS, places(), searched_m=1500).loc["city:kindergarten:c5"]
    assert row[["elderly_beyond", "elderly_beyond_share", "children_beyond_share"]].isna().all()
    assert row["unknown_en"] == "elderly_persons, children_persons"
    assert row["unknown_zh"] == "缺老年人口、儿童人口"


def test_where_nobody_can_tell_nothing_is_counted():
    lost = GAPS.assign(status="unknown")
    row = equity(lost, places(), searched_m=1500).loc["city:kindergarten:c5"]
    assert row[["gini", "mean_walk_m", "persons", "persons_beyond_share"]].isna().all()
    assert row["unknown_en"] == "whether there is any of the kind"


def test_all_must_have_kinds_together_count_what_is_missing():
    known = places(elderly_persons=[50.0, 30.0, 20.0])
    row = equity(GAPS, known, searched_m=1500).loc["city:all:all"]
    # a misses the bank, b the kindergarten (its bank is unknown), c the kindergarten
    assert row["persons_mean_missing"] == pytest.approx(1.0)
    assert row["gini"] == pytest.approx(0.0)
    far = GAPS.copy()
    far.loc["g3", "status"] = "present"
    row = equity(far, known, searched_m=1500).loc["city:all:all"]
    assert row["persons_mean_missing"] == pytest.approx(0.8)
    assert row["elderly_mean_missing"] == pytest.approx(0.5)
    assert row["gini"] == pytest.approx(by_all_pairs([0, 1, 1], [100, 300, 100]))


@given(st.lists(st.tuples(st.floats(0, 1400), st.integers(1, 90)), min_size=3, max_size=3))
@settings(deadline=None, max_examples=40)
def test_a_district_is_counted_as_if_it_were_a_city(walks):
    gaps = GAPS.copy()
    gaps.loc[["g0", "g1", "g2"], "nearest_m"] = [walk for walk, _ in walks]
    known = places()
    known.frame["persons"] = [float(count) for _, count in walks]
    districts = pd.Series({"a": "d1", "b": "d1", "c": "d2"})
    both = equity(gaps, known, searched_m=1500, districts=districts)
    alone = equity(
        gaps[gaps["neighbourhood_id"].isin(["a", "b"])],
        SimpleNamespace(frame=known.frame.loc[["a", "b"]]),
        searched_m=1500,
    )
    mine = both[both["area"] == "d1"].drop(columns="area").reset_index(drop=True)
    pd.testing.assert_frame_equal(mine, alone.drop(columns="area").reset_index(drop=True))
