"""Lines next to places: as GEOS finds them."""

import numpy as np
import shapely

from spatial.city.neighbourhoods.beside import near_lines

CITY = np.array([5e5, 3.3e6])
NO_LINES = np.array([], dtype=object)


def drawn_lines(seed, count=60):
    """Bent lines, some of two parts, at coordinates as large as a city's."""
    rng = np.random.default_rng(seed)
    shapes = []
    for number in range(count):
        start = rng.uniform(0, 300, 2) + CITY
        way = start + np.cumsum(rng.normal(0, 12, (int(rng.integers(2, 7)), 2)), axis=0)
        part = shapely.LineString(way)
        other = shapely.LineString(way + 40)
        shapes.append(shapely.MultiLineString([part, other]) if number % 5 == 0 else part)
    return np.array(shapes, dtype=object)


def test_the_nearest_line_and_the_place_on_it_are_those_of_geos():
    lines = drawn_lines(1)
    xy_m = np.random.default_rng(2).uniform(-20, 320, (5000, 2)) + CITY
    found = near_lines(xy_m, lines, within_m=2.0)
    places = shapely.points(xy_m)
    away_m = shapely.distance(places[:, None], lines[None, :])
    near = away_m.min(axis=1) <= 2.0
    assert 200 < near.sum() < 4800
    np.testing.assert_array_equal(found.line >= 0, near)
    np.testing.assert_array_equal(found.line[near], away_m[near].argmin(axis=1))
    own = lines[found.line[near]]
    along_m = shapely.line_locate_point(own, places[near])
    np.testing.assert_allclose(found.along_m[near], along_m, atol=1e-6)
    # GEOS may take the end of one part for the begin of the next: the place is checked by itself.
    there = shapely.points(found.xy_m[near])
    assert shapely.distance(there, own).max() < 1e-6
    np.testing.assert_allclose(
        shapely.distance(there, places[near]), away_m[near].min(axis=1), atol=1e-6
    )
    np.testing.assert_array_equal(found.xy_m[~near], xy_m[~near])


def test_of_equally_near_lines_the_first_is_taken_whatever_their_shape():
    cross = shapely.from_wkt(
        ["LINESTRING (5 0, 5 9)", "LINESTRING (0 0, 5 0)", "LINESTRING (5 0, 9 0)"]
    )
    found = near_lines(np.array([[5.0, -1.0], [4.0, -1.0]]), cross, within_m=1.5)
    assert found.line.tolist() == [0, 1]
    turned = near_lines(np.array([[5.0, -1.0]]), cross[::-1], within_m=1.5)
    assert turned.line.tolist() == [0]


def test_a_place_exactly_as_far_as_asked_counts():
    street = shapely.from_wkt(["LINESTRING (0 0, 10 0)"])
    assert near_lines(np.array([[3.0, 2.0]]), street, within_m=2.0).line.tolist() == [0]


def test_without_lines_or_places_nothing_is_near():
    assert near_lines(np.array([[1.0, 2.0]]), NO_LINES, within_m=2.0).line.tolist() == [-1]
    street = shapely.from_wkt(["LINESTRING (0 0, 10 0)"])
    assert near_lines(np.empty((0, 2)), street, within_m=2.0).line.tolist() == []
