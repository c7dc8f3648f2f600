"""Laws of gap-free cells, on small worlds and on real outlines."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.city.neighbourhoods import coverage_cells, exclusive_parcels
from spatial.city.neighbourhoods.faces import face_owners, shared_edges

NO_LINES = np.array([], dtype=object)


def series(*shapes):
    return gpd.GeoSeries(shapes, index=[f"n{i}" for i in range(len(shapes))], crs=4547)


@st.composite
def parcels(draw):
    """Up to eight rectangles and triangles that may overlap, touch or lie apart."""
    shapes = []
    for _ in range(draw(st.integers(1, 8))):
        x, y = (draw(st.integers(0, 400)) for _ in range(2))
        width, height = (draw(st.integers(20, 200)) for _ in range(2))
        box = shapely.box(x, y, x + width, y + height)
        corner = shapely.Polygon([(x, y), (x + width, y), (x, y + height)])
        shapes.append(draw(st.sampled_from([box, corner])))
    return shapes


@given(parcels())
@settings(max_examples=25, deadline=None)
def test_cells_are_a_valid_coverage_and_hold_what_each_parcel_has_for_itself(shapes):
    street = np.array([shapely.LineString([(-100, 205), (700, 211)])], dtype=object)
    cells = coverage_cells(series(*shapes), street, reach_m=60).to_numpy()
    own = exclusive_parcels(np.array(shapes, dtype=object))
    assert shapely.coverage_is_valid(cells)
    # Noding moves a boundary by at most one step of the grid.
    lost_m2 = shapely.area(shapely.difference(own, cells))
    assert (lost_m2 <= 0.01 * shapely.length(own) + 1e-6).all()
    assert shapely.area(shapely.union_all(cells)) == pytest.approx(shapely.area(cells).sum())


@given(parcels())
@settings(max_examples=20, deadline=None)
def test_cells_reach_no_farther_than_the_limit(shapes):
    cells = coverage_cells(series(*shapes), NO_LINES, reach_m=30).to_numpy()
    around = shapely.buffer(shapely.union_all(shapes), 30.1, quad_segs=64)
    assert shapely.area(shapely.difference(shapely.union_all(cells), around)) < 1e-6


def test_land_claimed_twice_goes_to_the_smaller_parcel():
    large, small = shapely.box(0, 0, 100, 100), shapely.box(80, 80, 120, 120)
    own = exclusive_parcels(np.array([large, small], dtype=object))
    assert shapely.area(own).tolist() == [10_000 - 400, 1600]


def test_a_parcel_under_a_smaller_one_of_the_same_outline_has_nothing_left():
    twin = shapely.box(0, 0, 100, 100)
    cells = coverage_cells(series(twin, twin), NO_LINES, reach_m=20)
    assert [cell.is_empty for cell in cells] == [False, True]


def test_the_space_between_two_parcels_is_divided_along_the_street_not_halfway():
    left, right = shapely.box(0, 0, 100, 100), shapely.box(130, 0, 230, 100)
    street = np.array([shapely.LineString([(110, -200), (110, 300)])], dtype=object)
    cells = coverage_cells(series(left, right), street, reach_m=60)
    assert cells["n0"].covers(shapely.Point(109, 50))
    assert cells["n1"].covers(shapely.Point(111, 50))
    without = coverage_cells(series(left, right), NO_LINES, reach_m=60)
    assert without["n0"].covers(shapely.Point(114, 50))


def test_a_cell_ends_at_the_street_where_nothing_is_beyond():
    street = np.array([shapely.LineString([(-300, 110), (400, 110)])], dtype=object)
    cell = coverage_cells(series(shapely.box(0, 0, 100, 100)), street, reach_m=60).iloc[0]
    assert cell.bounds[3] == pytest.approx(110, abs=0.02)


def test_the_strip_between_two_carriageways_is_shared_so_that_cells_still_touch():
    lower, upper = shapely.box(0, 0, 200, 100), shapely.box(0, 140, 200, 240)
    lines = [shapely.LineString([(-300, y), (500, y)]) for y in (112, 128)]
    cells = coverage_cells(series(lower, upper), np.array(lines, dtype=object), reach_m=60)
    shared_m = shapely.intersection(cells["n0"].boundary, cells["n1"].boundary).length
    assert shared_m > 190
    assert shapely.coverage_is_valid(cells.to_numpy())


def test_moving_everything_moves_the_cells():
    shapes = [shapely.box(0, 0, 90, 50), shapely.box(100, 10, 160, 70)]
    here = coverage_cells(series(*shapes), NO_LINES, reach_m=60)
    moved = [shapely.transform(shape, lambda xy: xy + np.array([5e5, 4e6])) for shape in shapes]
    there = coverage_cells(series(*moved), NO_LINES, reach_m=60)
    assert there.area.tolist() == pytest.approx(here.area.tolist(), rel=1e-3)


def test_shared_edges_know_both_faces_and_the_outside():
    faces = np.array([shapely.box(0, 0, 2, 1), shapely.box(2, 0, 3, 1)], dtype=object)
    edges = shared_edges(faces)
    both = edges.right >= 0
    assert (edges.left[both].tolist(), edges.right[both].tolist()) == ([0], [1])
    assert edges.length_m[~both].sum() == 8.0


def test_a_face_across_the_street_belongs_to_the_parcel_on_its_own_side():
    # The middle face is nearer to the lower parcel, but the street lies between them.
    parcels = np.array([shapely.box(0, 0, 10, 10), shapely.box(0, 40, 10, 50)], dtype=object)
    faces = np.array([*parcels, shapely.box(0, 10, 10, 12), shapely.box(0, 12, 10, 25)])
    faces = np.append(faces, shapely.box(0, 25, 10, 40))
    street = np.array([shapely.LineString([(-5, 12), (15, 12)])], dtype=object)
    assert face_owners(faces, parcels, street, reach_m=60).tolist() == [0, 1, 0, 1, 1]
