"""Gaps of whole cities, made with the real network, against a plain reading of what was reached."""

import pandas as pd
import pytest

from data.demo import make_demo_city
from spatial.city.neighbourhoods import prepare_neighbourhoods
from spatial.city.read import read_city
from spatial.gaps import (
    by_entrance,
    by_facility,
    coverage,
    facility_entrances,
    facility_gaps,
    gap_heatmap,
    gap_scores,
)
from spatial.network import Obstacles, attach_points, build_network
from spatial.reach import nearest_facilities, reached_facilities
from spatial.standards import classify_facilities, read_profile

PROFILE = read_profile("national")


def chain(city):
    walking = PROFILE.rooms["walking"]
    places = prepare_neighbourhoods(city, PROFILE.rooms["neighbourhoods"])
    network = build_network(city, walking, gates=places.gates)
    obstacles = Obstacles.from_city(city, places.gates, walking)
    facilities = city.layer("facilities")
    entrances = facility_entrances(facilities, city.layer("streets"), min_area_m2=1000)
    entry = {"max_entry_m": walking["max_entry_m"]}
    gates = attach_points(network, places.gates.geometry, obstacles, **entry)
    entered = attach_points(network, entrances.geometry, obstacles, **entry)
    home = places.gates["neighbourhood_id"]
    kinds = classify_facilities(facilities, PROFILE.catalogue)
    ways = by_entrance(kinds, entrances)
    near = nearest_facilities(network, gates, entered, ways, cutoff_m=1500)
    near = by_facility(near, entrances)
    near = near.assign(origin_id=home.reindex(near["origin_id"]).to_numpy())
    near = near.sort_values("distance_m").drop_duplicates(["origin_id", "kind"])
    reached = reached_facilities(network, gates, home, entered, ways, cutoff_m=1000)
    reached = by_facility(reached, entrances)
    gaps = facility_gaps(places, near, kinds, facilities, PROFILE, searched_m=1500, reached=reached)
    return city, places, kinds, reached, gaps


@pytest.fixture(scope="module")
def demo():
    return chain(make_demo_city(neighbourhoods=30, seed=5))


@pytest.fixture(scope="module")
def wudaokou(shared_data):
    return chain(read_city([shared_data / "wudaokou" / "wudaokou.osm"]))


def plain_presence(places, kinds, reached, facilities):
    """(neighbourhood, kind, layer) that have the kind, found by looping over what was reached."""
    touching = {
        (i, f)
        for i, parcel in places.frame.geometry.items()
        for f, place in facilities.geometry.items()
        if (
            parcel.intersection(place).area > place.area / 2
            if place.area
            else parcel.intersects(place)
        )
    }
    kinds_of = kinds.groupby("facility_id")["kind"].agg(set).to_dict()
    held = {(i, kind) for i, f in touching for kind in kinds_of.get(f, ())}
    present = set()
    for kind, layer, _ in PROFILE.catalogue.checks():
        limit = PROFILE.catalogue.limit_m(layer, kind.id)
        close = reached[(reached["kind"] == kind.id) & (reached["distance_m"] <= limit)]
        present |= {(i, kind.id, layer) for i in close["neighbourhood_id"]}
        present |= {(i, kind.id, layer) for i, k in held if k == kind.id}
    return present


def assert_as_plain(case):
    city, places, kinds, reached, gaps = case
    expected = plain_presence(places, kinds, reached, city.layer("facilities"))
    own = gaps[(gaps["status"] == "present") & (gaps["basis"] != "stand_in")]
    assert set(zip(own["neighbourhood_id"], own["kind"], own["layer"], strict=True)) == expected
    assert len(expected) > 0


def test_the_demo_city_has_what_a_plain_reading_finds(demo):
    assert_as_plain(demo)


@pytest.mark.real
def test_wudaokou_has_what_a_plain_reading_finds(wudaokou):
    assert_as_plain(wudaokou)


@pytest.mark.real
def test_kinds_that_openstreetmap_does_not_hold_there_are_unknown_not_missing(wudaokou):
    _, _, kinds, _, gaps = wudaokou
    absent = gaps[~gaps["kind"].isin(set(kinds["kind"]))]
    assert "judicial_office" in set(absent["kind"])
    assert set(absent["status"]) == {"unknown"}
    assert "missing" in set(gaps["status"])


def test_no_way_on_foot_is_shorter_than_the_way_by_air(demo):
    _, places, _, _, gaps = demo
    both = gaps.dropna(subset=["nearest_m", "straight_m"])
    # The straight way starts at the parcel's edge; a mapped gate may stand some metres off it.
    home = places.gates["neighbourhood_id"]
    parcels = places.frame.geometry.reindex(home).set_axis(places.gates.index)
    off_m = places.gates.geometry.distance(parcels).groupby(home).max()
    slack_m = both["neighbourhood_id"].map(off_m).astype(float) + 1.0
    assert off_m.max() < 30
    assert (both["straight_m"] <= both["nearest_m"] + slack_m).all()


def test_floor_area_handed_out_never_exceeds_what_stands_there(demo):
    city, _, kinds, _, gaps = demo
    floor = city.layer("facilities")["floor_m2"].astype("Float64")
    for rule in PROFILE.catalogue.area_rules.values():
        if rule.area == "floor":
            rows = gaps[(gaps["kind"] == rule.kind) & (gaps["layer"] == rule.layer)]
            of_kind = kinds.loc[kinds["kind"] == rule.kind, "facility_id"]
            assert rows["supplied_m2"].sum() <= floor.reindex(of_kind).sum() + 1e-6


def test_people_of_the_gaps_add_up_in_coverage_and_heatmap(demo):
    city, places, _, _, gaps = demo
    table = coverage(gaps, places, buildings=city.layer("buildings"))
    persons = places.frame["persons"].astype("Float64").sum()
    assert table["persons"].astype(float).tolist() == pytest.approx([persons] * len(table))
    short = gaps.groupby(["kind", "layer"])["short_persons"].sum()
    rest = table.set_index(["kind", "layer"])
    missing = rest["persons"] - rest["persons_covered"] - rest["persons_unknown"]
    pd.testing.assert_series_equal(
        short.astype(float), missing.reindex(short.index).astype(float), check_names=False
    )
    grid = gap_heatmap(places, gaps, city, PROFILE.rooms["neighbourhoods"], cell_m=100)
    assert float(grid["persons"].sum()) == pytest.approx(float(persons))
    must = gaps[(gaps["need"] == "must") & (gaps["status"] == "missing")]
    assert float(grid["person_gaps"].sum()) == pytest.approx(float(must["short_persons"].sum()))


def test_the_order_of_facilities_changes_nothing(demo):
    city, _, _, _, gaps = demo
    backwards = city.with_layers(facilities=city.layer("facilities").iloc[::-1])
    again = chain(backwards)[-1]
    pd.testing.assert_frame_equal(gap_scores(gaps), gap_scores(again))
    assert (gaps["status"] == again["status"]).all()
