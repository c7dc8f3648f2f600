"""Verdicts on candidates move how sure the next ones are, and say so."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box

from spatial.city.model import City
from spatial.city.neighbourhoods.model import Neighbourhoods
from spatial.errors import StandardsError
from spatial.standards import read_profile
from spatial.stock.confidence import confidence_of
from spatial.stock.detect.detect import detect_stock
from spatial.stock.detect.pool import SIGNS
from spatial.stock.learnt import SIGN_NAMES, Verdicts, moved, shipped, sign_of, verdicts_of

CRS = 4547
PROFILE = read_profile("national")
STOCK = PROFILE.rooms["stock"]
HALLS = [box(100 * i, 0, 100 * i + 40, 30) for i in range(12)]


def layer(shapes, ids, **columns):
    return gpd.GeoDataFrame(columns, index=pd.Index(ids), geometry=list(shapes), crs=CRS)


def city_of(*, accepted=(), rejected=()):
    """A row of shops with large roofs; some were looked at."""
    ids = [f"b{i}" for i in range(12)]
    layers = {
        "buildings": layer(HALLS, ids, use=["commercial"] * 12, name=["百货"] * 12, floors=2.0)
    }
    if accepted:
        layers["stock_assets"] = layer(
            [HALLS[i] for i in accepted],
            [f"reg:found:roof:b{i}" for i in accepted],
            kind=["roof"] * len(accepted),
            origin=[f"found:roof:b{i}" for i in accepted],
        )
    if rejected:
        layers["stock_rejected"] = layer(
            [HALLS[i] for i in rejected],
            [f"found:roof:b{i}" for i in rejected],
            sign=["roof"] * len(rejected),
        )
    return City.from_layers("roofs", layers, crs=CRS)


def places():
    ids = pd.Index(["n0"])
    ground = [box(-10, -10, 1300, 60)]
    frame = gpd.GeoDataFrame({"derived": "given"}, index=ids, geometry=ground, crs=CRS)
    gates = gpd.GeoDataFrame(geometry=gpd.GeoSeries([], crs=CRS))
    return Neighbourhoods(frame, frame, gates, pd.Series(dtype="string"))


def roofs_of(city):
    known = city.layer("stock_assets").geometry.to_numpy()
    found = detect_stock(city, places(), PROFILE, known=known)
    frame = found.frame
    return frame[(frame["sign"] == "roof").to_numpy(dtype=bool)], found.notes


def test_the_id_of_a_candidate_says_by_what_it_was_found():
    for sign in set(SIGNS) - {"leftover", "lifecycle"}:
        assert sign_of(f"found:{sign}:7") == sign
    assert sign_of("found:ufo:7") is None
    assert sign_of("reg:left:n0:1") is None


def test_verdicts_are_read_from_the_register_and_from_what_was_rejected():
    told = verdicts_of(city_of(accepted=(0, 1), rejected=(1, 2)))
    assert told == {"roof": Verdicts(("found:roof:b0", "found:roof:b1"), ("found:roof:b2",))}
    assert verdicts_of(city_of()) == {}


def test_accepting_makes_surer_rejecting_less_sure_and_both_are_said():
    before, notes = roofs_of(city_of())
    assert not [note for note in notes if note.key == "stock_learnt"]
    surer, notes = roofs_of(city_of(accepted=(0, 1, 2, 3)))
    less, _ = roofs_of(city_of(rejected=(0, 1, 2, 3)))
    old = before["confidence"].astype(float)
    assert (surer["confidence"].astype(float) > old.reindex(surer.index)).all()
    assert (less["confidence"] < old["found:roof:b9"]).any()
    assert surer["evidence"].str.contains("本市 4 条核查(接受 4 条)", regex=False).all()
    assert surer["evidence_en"].str.endswith("4 verdicts here (4 accepted)").all()
    assert [note.text_en.startswith("Sign “large roofs”: 4 verdicts") for note in notes if
            note.key == "stock_learnt"] == [True]  # fmt: skip


def test_the_mean_after_the_verdicts_is_that_of_the_beta_distribution():
    before, _ = roofs_of(city_of())
    after, _ = roofs_of(city_of(accepted=(0, 1, 2), rejected=(3,)))
    said = before["confidence"].astype(float).iloc[0]  # all alike
    n = STOCK["judgement_weight_n"]
    assert after["confidence"].astype(float).to_numpy() == pytest.approx(
        (n * said + 3) / (n + 4), abs=1e-9
    )


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.floats(0.001, 0.999), min_size=1, max_size=20),
    st.integers(0, 60),
    st.integers(0, 60),
)
def test_verdicts_keep_the_order_stay_within_certainty_and_end_at_the_share_accepted(said, yes, no):
    confidence = pd.Series(said, index=[f"c{i}" for i in range(len(said))])
    told = Verdicts(tuple(f"y{i}" for i in range(yes)), tuple(f"n{i}" for i in range(no)))
    after = moved(confidence, told, STOCK, all_of=confidence.to_numpy())
    assert ((after > 0) & (after < 1)).all()
    assert (np.argsort(after, kind="stable") == np.argsort(said, kind="stable")).all() or (
        np.diff(np.sort(after)) < 1e-9
    ).any()
    if yes + no == 0:
        assert after.tolist() == said
    many = Verdicts(told.accepted * 500, told.rejected * 500)
    if yes and no and len(set(said)) == 1:
        sure = moved(confidence, many, STOCK, all_of=confidence.to_numpy())
        assert sure[0] == pytest.approx(yes / (yes + no), abs=0.01)


def test_what_was_judged_on_real_maps_moves_the_curves_towards_it():
    frame = pd.DataFrame({"area_m2": [300.0, 3000.0], "built_share": [0.05, 0.3]})
    sureness = PROFILE.rooms["stock_confidence"]
    curve = confidence_of("leftover", frame, sureness)
    said = shipped("leftover", curve, STOCK)
    # the curve did not tell good from bad there: one figure for all, between the two
    entry, n = STOCK["judged"]["leftover"], STOCK["judgement_weight_n"]
    assert said == pytest.approx((n * entry["said"] + entry["worth"]) / (n + entry["of"]))
    unused = np.array([0.2, 0.335, 0.5])
    moved_down = shipped("unused_building", unused, STOCK)
    assert (moved_down < unused).all()
    assert (np.diff(moved_down) > 0).all()
    assert shipped("greenness", unused, STOCK) is unused  # nobody judged one


def test_a_judgement_that_cannot_be_names_its_sign():
    broken = STOCK.with_values({"judged": {"roof": {"worth": 9, "of": 5}}}, source="test")
    with pytest.raises(StandardsError, match=r"stock\.judged\.roof"):
        shipped("roof", np.array([0.5]), broken)
    more = {"roof": {"worth": 9, "of": 5, "said": 0.5, "slope": 1}}
    with pytest.raises(StandardsError, match="at most `of`"):
        shipped("roof", np.array([0.5]), STOCK.with_values({"judged": more}, source="test"))


def test_a_sign_that_nobody_ever_held_against_a_real_map_says_so():
    sheds = layer([box(10, 40, 30, 60)], ["s0"], kind=["illegal"], status=["found"])
    city = city_of().with_layers(structures=sheds)
    notes = detect_stock(city, places(), PROFILE).notes
    told = [note for note in notes if note.key == "stock_never_checked"]
    assert len(told) == 1
    assert "structure" in told[0].text_en
    assert "roof" not in told[0].text_en
    assert "临时或违章构筑物" in told[0].text_zh
    assert set(SIGN_NAMES) == set(SIGNS)  # every sign has words in both languages
