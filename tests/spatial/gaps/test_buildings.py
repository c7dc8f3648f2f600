"""Gaps of single buildings: each by its own way, against a plain reading."""

from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.city.model import City
from spatial.dictionary import conform, data_dictionary
from spatial.errors import IndexMismatchError
from spatial.gaps import building_gaps, coverage, gap_heatmap, residents_at_home
from spatial.reach import NearestTable
from spatial.reach.kernels import FAR
from spatial.standards import read_parameters

CRS = 4547
PARAMETERS = read_parameters("neighbourhoods")
CHECKS = [("kindergarten", "c5", 300.0), ("bank", "c10", 500.0), ("bank", "c15", 1000.0)]
PLACES = ["a", "b"]


def gaps_of(status, basis):
    """Rows of results.gaps: status and basis by neighbourhood and check."""
    rows = [
        (place, kind, layer, "must", status[place][i], limit, basis[place][i])
        for place in PLACES
        for i, (kind, layer, limit) in enumerate(CHECKS)
    ]
    columns = ["neighbourhood_id", "kind", "layer", "need", "status", "limit_m", "basis"]
    table = pd.DataFrame(rows, columns=columns)
    table.index = [f"g{i}" for i in range(len(table))]
    return conform(table, data_dictionary().results["gaps"], name="gaps")


def homes_of(**columns):
    frame = gpd.GeoDataFrame(
        {"use": ["residential", "unknown", "residential", "garage"], **columns},
        geometry=[shapely.box(x, 0, x + 10, 10) for x in (0, 20, 200, 220)],
        index=pd.Index(["h1", "h2", "h3", "g1"], name="id"),
        crs=CRS,
    )
    return conform(frame, data_dictionary().inputs["buildings"], name="buildings")


def world(persons=(100.0, 40.0), **columns):
    frame = gpd.GeoDataFrame(
        {"persons": list(persons)},
        geometry=[shapely.box(0, 0, 100, 100), shapely.box(200, 0, 300, 100)],
        index=PLACES,
        crs=CRS,
    )
    joined = pd.Series({"h1": "a", "h2": "a", "h3": "b", "g1": "b"}, dtype="str")
    return SimpleNamespace(frame=frame, building_neighbourhood=joined), homes_of(**columns)


def near(rows):
    return pd.DataFrame(rows, columns=["origin_id", "kind", "distance_m"]).astype(
        {"origin_id": "str", "kind": "str", "distance_m": "float64"}
    )


WALKED = {"a": ["walk", None, "walk"], "b": [None, None, None]}
STATUS = {"a": ["present", "missing", "present"], "b": ["missing", "missing", "missing"]}


def test_a_building_answers_for_itself_not_for_its_gate():
    places, homes = world()
    ways = near([("h1", "kindergarten", 300.0), ("h2", "kindergarten", 301.0), ("h3", "bank", 700)])
    found = building_gaps(gaps_of(STATUS, WALKED), places, ways, homes)
    assert found.ids.tolist() == ["h1", "h2", "h3"]
    assert found.status.tolist() == [[0, 1, 1], [1, 1, 1], [1, 1, 0]]
    assert found.scores()["must_missing"].tolist() == [2, 3, 2]
    row = found.rows(["h2"]).set_index("kind").loc["kindergarten"]
    assert (row["status"], row["limit_m"], row["nearest_m"]) == ("missing", 300.0, 301.0)


def test_what_needs_no_walk_holds_for_every_building_of_the_neighbourhood():
    places, homes = world()
    basis = {"a": ["inside", None, "stand_in"], "b": [None, None, None]}
    found = building_gaps(gaps_of(STATUS, basis), places, near([]), homes)
    assert found.status.tolist() == [[0, 1, 0], [0, 1, 0], [1, 1, 1]]


def test_a_building_that_reaches_no_street_is_unknown_but_for_what_needs_no_walk():
    places, homes = world()
    basis = {"a": ["inside", None, "walk"], "b": [None, None, None]}
    ways = near([("h1", "bank", 10.0)])
    found = building_gaps(
        gaps_of(STATUS, basis), places, ways, homes, measured=pd.Index(["h1", "h3"])
    )
    assert found.status.tolist() == [[0, 0, 0], [0, 2, 2], [1, 1, 1]]
    assert found.scores().loc["h2"].tolist() == [0, 1]


def test_where_absence_means_nothing_a_far_building_is_unknown_and_a_near_one_has_it():
    places, homes = world()
    status = {"a": ["present", "unknown", "present"], "b": ["unknown", "unknown", "missing"]}
    ways = near([("h1", "kindergarten", 10.0), ("h1", "bank", 900.0)])
    found = building_gaps(gaps_of(status, WALKED), places, ways, homes)
    assert found.status.tolist() == [[0, 2, 0], [2, 2, 1], [2, 2, 1]]


def test_coverage_counts_the_same_buildings():
    places, homes = world()
    ways = near([("h1", "kindergarten", 300.0), ("h2", "kindergarten", 301.0), ("h3", "bank", 700)])
    basis = {"a": ["walk", None, "inside"], "b": [None, None, None]}
    gaps = gaps_of(STATUS, basis)
    found = building_gaps(gaps, places, ways, homes)
    table = coverage(gaps, places, ways, buildings=homes)
    keys = [f"city:{kind}:{layer}" for kind, layer, _ in CHECKS]
    assert table.loc[keys, "buildings_covered"].tolist() == (found.status == 0).sum(axis=0).tolist()


@pytest.mark.parametrize("status", ["missing", "unknown"])
def test_coverage_by_the_answers_of_buildings_is_that_by_their_walks(status):
    places, homes = world()
    ways = near([("h1", "kindergarten", 300.0), ("h2", "kindergarten", 301.0), ("h3", "bank", 700)])
    basis = {"a": ["walk", None, "inside"], "b": [None, None, None]}
    gaps = gaps_of({**STATUS, "b": ["missing", status, status]}, basis)
    found = building_gaps(gaps, places, ways, homes)
    for districts in (None, pd.Series({"a": "d1", "b": "d2"}), pd.Series({"a": "d1", "b": None})):
        by_walk = coverage(gaps, places, ways, districts, buildings=homes)
        pd.testing.assert_frame_equal(coverage(gaps, places, None, districts, found=found), by_walk)


def test_a_wide_table_of_walks_gives_the_same_answers_as_a_long_one():
    places, homes = world()
    ways = near([("h1", "kindergarten", 300.0), ("h2", "kindergarten", 301.0), ("h3", "bank", 700)])
    key = np.full((4, 2), FAR, dtype=np.int64)  # rows: not in the order of the buildings
    facility = np.full((4, 2), -1, dtype=np.int32)
    for row, column, mm in ((1, 1, 300_000), (2, 1, 301_000), (0, 0, 700_000)):
        key[row, column], facility[row, column] = mm << 32, 0
    ids = pd.Index(["h3", "h1", "h2", "g1"])
    wide = NearestTable(ids, ("bank", "kindergarten"), pd.Index(["f"]), key, facility, "distance")
    gaps = gaps_of(STATUS, WALKED)
    one, other = (building_gaps(gaps, places, form, homes) for form in (ways, wide))
    np.testing.assert_array_equal(one.status, other.status)
    np.testing.assert_array_equal(one.nearest_m, other.nearest_m)


def test_an_unknown_building_is_named():
    places, homes = world()
    found = building_gaps(gaps_of(STATUS, WALKED), places, near([]), homes)
    with pytest.raises(IndexMismatchError, match="g1"):
        found.rows(["g1"])


def test_residents_live_by_the_floor_area_that_their_number_was_derived_from():
    # Two houses of one footprint: six known floors, and unknown ones that are assumed.
    places, homes = world(floors=[6.0, None, 2.0, 1.0])
    assumed = PARAMETERS["floors_assumed"]
    lived = residents_at_home(places, homes, PARAMETERS)
    assert lived.loc["h2", "persons"] == pytest.approx(100 * assumed / (6 + assumed))
    assert lived.loc["h1", "share"] + lived.loc["h2", "share"] == pytest.approx(1)
    assert "g1" not in lived.index


@given(
    st.lists(st.sampled_from(["present", "missing", "unknown"]), min_size=6, max_size=6),
    st.lists(st.floats(0, 1200), min_size=6, max_size=6),
)
@settings(deadline=None, max_examples=60)
def test_the_heatmap_shows_the_truth_of_the_buildings(status, metres):
    status = {"a": status[:3], "b": status[3:]}
    basis = {p: ["walk" if s == "present" else None for s in status[p]] for p in PLACES}
    gaps = gaps_of(status, basis)
    places, homes = world(floors=[3.0, 1.0, 2.0, 1.0])
    ids = ["h1", "h2", "h3"]
    kinds = ["kindergarten", "bank"]
    ways = near([(i, k, metres[n]) for n, (i, k) in enumerate((i, k) for i in ids for k in kinds)])
    found = building_gaps(gaps, places, ways, homes)
    city = City.from_layers("test", {"buildings": homes}, crs=CRS)
    grid = gap_heatmap(places, gaps, city, PARAMETERS, cell_m=1000, buildings=found)
    people = residents_at_home(places, homes, PARAMETERS)["persons"].reindex(found.ids)
    known = (found.status != 2).any(axis=1)
    assert grid["persons"].sum() == pytest.approx(140)
    if known.any():
        expected = float((people.to_numpy()[:, None] * found.missing).sum())
        assert grid["person_gaps"].sum() == pytest.approx(expected)
    else:
        assert grid["person_gaps"].isna().all()
    share = found.share_without(people / people.sum())
    for column in range(len(CHECKS)):
        told = found.status[:2, column] != 2
        weight = people.to_numpy()[:2]
        if told.any():
            lacking = (weight * found.missing[:2, column]).sum() / (weight * told).sum()
            assert share.loc["a", column] == pytest.approx(lacking)
        else:
            assert np.isnan(share.loc["a", column])
