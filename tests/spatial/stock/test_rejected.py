"""What was looked at and rejected is not found again, and nothing else is lost."""

import geopandas as gpd
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.stock.rejected import without_rejected

ZONE = 4547


def frame(rows):
    return gpd.GeoDataFrame(
        {"sign": [sign for _, sign, _ in rows]},
        index=[key for key, _, _ in rows],
        geometry=[shape for *_, shape in rows],
        crs=ZONE,
    ).astype({"sign": "string"})


def left(candidates, rejected):
    return without_rejected(frame(candidates), frame(rejected), overlap_share=0.3).index.tolist()


def test_the_same_place_under_another_id_is_not_found_again():
    square = shapely.box(0, 0, 20, 20)
    shifted = shapely.box(2, 0, 22, 20)
    beside = shapely.box(16, 0, 36, 20)
    found = [("left:2", "leftover", shifted), ("left:3", "leftover", beside)]
    assert left(found, [("left:1", "leftover", square)]) == ["left:3"]


def test_another_sign_in_the_same_place_stays_unless_the_rejection_names_none():
    square = shapely.box(0, 0, 20, 20)
    found = [("r1", "roof", square)]
    assert left(found, [("left:1", "leftover", square)]) == ["r1"]
    assert left(found, [("x", None, square)]) == []


def test_points_and_the_same_id_are_known_again():
    found = [("p", "lifecycle", shapely.Point(1, 1)), ("q", "lifecycle", shapely.Point(99, 99))]
    assert left(found, [("z", "lifecycle", shapely.box(0, 0, 2, 2))]) == ["q"]
    assert left(found, [("q", "lifecycle", shapely.Point(0, 0))]) == ["p"]


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=8, unique=True)
)
def test_rejecting_all_leaves_none_and_rejecting_none_leaves_all(corners):
    found = [
        (f"c{x}-{y}", "leftover", shapely.box(10 * x, 10 * y, 10 * x + 9, 10 * y + 9))
        for x, y in corners
    ]
    assert left(found, found) == []
    assert left(found, [("far", "leftover", shapely.box(900, 900, 910, 910))]) == [
        key for key, *_ in found
    ]
