"""Straight distances: the grid finds what shapely measures, whatever the shapes."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.gaps.straight import Outlines, nearest_straight_m


def _areas(rng, count):
    """Return squares, rings with holes, pairs of parts and triangles, scattered over a city."""
    made = []
    for number in range(count):
        x, y = rng.uniform(-2000, 2000, 2)
        size = rng.uniform(5, 600)
        outer = shapely.Point(x, y).buffer(size, quad_segs=int(rng.integers(1, 5)))
        kind = number % 4
        if kind == 1:
            outer = outer.difference(shapely.Point(x, y).buffer(size / 2))
        if kind == 2:
            outer = shapely.union_all([outer, shapely.affinity.translate(outer, 3 * size, size)])
        made.append(shapely.box(x, y, x + size, y + 1) if kind == 3 else outer)
    return np.array(made, dtype=object)


def _places(rng, count):
    """Return points (some twice, some on one line, some far away) and a few areas."""
    xy = rng.uniform(-2500, 2500, (count, 2)).round(1)
    xy[: count // 4, 1] = 17.0
    xy[-1] = 40_000.0, -30_000.0
    points = shapely.points(np.vstack([xy, xy[:3]]))
    return np.concatenate([points, _areas(rng, count // 5)])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.booleans())
def test_the_nearest_place_is_the_one_that_shapely_finds_among_all(seed, count, only_points):
    rng = np.random.default_rng(seed)
    areas, places = _areas(rng, 12), _places(rng, count)
    if only_points:
        places = places[shapely.get_type_id(places) == shapely.GeometryType.POINT]
    every = shapely.distance(areas[:, None], places[None])
    assert np.array_equal(nearest_straight_m(Outlines(areas), places), every.min(axis=1))


def test_without_a_place_or_an_area_the_distance_is_unknown():
    areas = np.array([shapely.box(0, 0, 1, 1), None, shapely.Polygon()], dtype=object)
    nowhere = np.array([None, shapely.Point()], dtype=object)
    assert np.isnan(nearest_straight_m(Outlines(areas), nowhere)).all()
    found = nearest_straight_m(Outlines(areas), np.array([shapely.Point(4, 1)], dtype=object))
    assert found[0] == 3.0
    assert np.isnan(found[1:]).all()


@pytest.mark.parametrize(
    ("x", "y", "away_m"), [(5, 5, 5.0), (15, 5, 0.0), (30, 5, 10.0), (20, 5, 0.0)]
)
def test_what_lies_in_a_hole_is_outside_and_what_touches_is_inside(x, y, away_m):
    ring = shapely.difference(shapely.box(-10, -10, 20, 20), shapely.box(0, 0, 10, 10))
    assert nearest_straight_m(Outlines(np.array([ring])), shapely.points([[x, y]])) == away_m


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_the_nearest_area_is_the_one_that_shapely_finds_among_all(seed, count):
    rng = np.random.default_rng(seed)
    areas, places = _areas(rng, 12), _areas(rng, count)
    every = shapely.distance(areas[:, None], places[None])
    assert np.array_equal(nearest_straight_m(Outlines(areas), places), every.min(axis=1))


@pytest.mark.parametrize("turned", [False, True])
def test_an_area_inside_another_is_at_no_distance_but_one_in_its_hole_is(turned):
    ring = shapely.difference(shapely.box(-10, -10, 20, 20), shapely.box(0, 0, 10, 10))
    for other, away_m in ((shapely.box(12, 12, 14, 14), 0.0), (shapely.box(4, 3, 8, 8), 2.0)):
        one, two = (other, ring) if turned else (ring, other)
        assert nearest_straight_m(Outlines(np.array([one])), np.array([two])) == away_m
