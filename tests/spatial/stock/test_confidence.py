"""Confidence: monotone curves, honest on held-back candidates, and never beyond what was learnt."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box

from spatial.errors import StandardsError
from spatial.standards import read_parameters
from spatial.stock.confidence import (
    Curve,
    Term,
    calibrate,
    confidence_of,
    curve_of,
    labels,
    reliability,
    truth_found,
)
from spatial.stock.detect.pool import SIGNS

SURENESS = read_parameters("stock_confidence")


def world(seed, count=4000, weight=1.5):
    """Candidates whose chance of being true grows with the logarithm of their area."""
    rng = np.random.default_rng(seed)
    area = rng.lognormal(6, 0.8, count)
    noise = rng.normal(0, 1, count)
    chance = 1 / (1 + np.exp(-(weight * (np.log(area) - 6) - 0.5)))
    return pd.DataFrame({"area_m2": area, "noise": noise}), rng.random(count) < chance


def test_a_curve_finds_the_chance_that_made_the_truth():
    frame, true = world(1)
    curve = calibrate("roof", frame, true, [("area_m2", "log", 1), ("noise", "linear", 0)])
    assert curve.terms[0].weight == pytest.approx(1.5, abs=0.15)
    assert abs(curve.terms[1].weight) < 0.12
    held, truth = world(2)
    check = reliability(curve.of(held), truth, bins=8)
    assert (check.bins["said"] - check.bins["true"]).abs().max() < 0.07
    assert check.brier < check.brier_of_base - 0.02


def test_on_what_it_was_fitted_to_the_mean_confidence_is_the_share_that_is_true():
    frame, true = world(3)
    curve = calibrate("roof", frame, true, [("area_m2", "log", 1)])
    assert curve.of(frame).mean() == pytest.approx(true.mean(), abs=1e-3)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 9999), st.floats(-2, 2))
def test_a_term_never_goes_against_its_direction(seed, weight):
    frame, true = world(seed, count=300, weight=weight)
    curve = calibrate("roof", frame, true, [("area_m2", "log", -1), ("noise", "linear", 1)])
    for term in curve.terms:
        assert term.weight * {"area_m2": -1, "noise": 1}[term.measure] >= 0


def test_nothing_is_extrapolated_and_the_unknown_counts_as_the_centre():
    curve = Curve("roof", 0.3, (Term("area_m2", "log", 2.0, 6.0, 200.0, 2000.0),))
    said = curve.of(pd.DataFrame({"area_m2": [200.0, 1.0, 2000.0, 9e9, np.nan]}))
    assert said[0] == said[1]
    assert said[2] == said[3]
    assert said[4] == pytest.approx(1 / (1 + np.exp(-0.3)))


def test_all_true_and_none_true_stay_within_certainty():
    frame, _ = world(5, count=200)
    for share in (np.ones(200, dtype=bool), np.zeros(200, dtype=bool)):
        said = calibrate("roof", frame, share, [("area_m2", "log", 0)]).of(frame)
        assert ((said > 0) & (said < 1)).all()
        assert abs(said.mean() - share.mean()) < 0.02


def test_a_candidate_is_true_where_idle_things_of_its_sort_cover_half_of_it():
    truth = gpd.GeoDataFrame(
        {"what": ["land", "building", "land"], "real": [True, True, False]},
        geometry=[box(0, 0, 10, 10), box(20, 0, 30, 10), box(40, 0, 50, 10)],
        crs=4547,
    )
    found = gpd.GeoDataFrame(
        {
            "sign": ["leftover", "leftover", "leftover", "unused_building", "lifecycle"],
            "asset_type": ["land", "land", "land", "building", "land"],
        },
        geometry=[
            box(0, 0, 10, 19),  # half and more
            box(0, 0, 10, 21),  # less than half
            box(40, 0, 50, 10),  # a decoy
            box(20, 0, 30, 10),
            box(20, 0, 30, 10),  # land where only a building is idle
        ],
        crs=4547,
    )
    assert labels(found, truth).tolist() == [True, False, False, True, False]
    assert truth_found(truth, found).tolist() == [True, True]
    assert truth_found(truth, found.iloc[2:3]).tolist() == [False, False]


def test_every_sign_has_a_curve_that_was_checked_on_cities_kept_back():
    for sign in SIGNS:
        curve = curve_of(sign, SURENESS)
        value = SURENESS[sign]
        assert all(term.low <= term.high for term in curve.terms)
        assert value["checked_on"] >= 30
        # no worse than saying the same of all of them, but for chance
        assert value["brier"] <= value["brier_of_base"] + 0.01


def test_a_broken_curve_names_its_sign():
    broken = SURENESS.with_values({"roof": {"terms": {}}}, source="test")
    with pytest.raises(StandardsError, match=r"stock_confidence\.roof"):
        confidence_of("roof", pd.DataFrame({"area_m2": [1.0]}), broken)
