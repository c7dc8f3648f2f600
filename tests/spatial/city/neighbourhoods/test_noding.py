"""Noding and faces: the same edges and faces as GEOS, on random drawings and a real city."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, box

from spatial.city.neighbourhoods.faces import shared_edges, sides_of
from spatial.city.neighbourhoods.noding import Drawing, noded
from spatial.city.neighbourhoods.planar import faces_of, some_faces
from spatial.city.neighbourhoods.signs import orientation

GRID_M = 0.01
# Places on the grid, beside it and exactly between two of its lines: all that rounding may do.
# Metres of a city have at most eleven decimals; GEOS loses those of 1e-70 beside 1.
coordinate = st.one_of(
    st.integers(0, 12).map(float),
    st.integers(0, 2400).map(lambda v: v / 200),
    st.floats(0, 12).map(lambda v: round(v, 12)),
)
lines_drawn = st.lists(
    st.lists(st.tuples(coordinate, coordinate), min_size=2, max_size=5, unique=True).map(
        LineString
    ),
    min_size=1,
    max_size=12,
)


def edges_of_geos(lines: np.ndarray) -> set[tuple[int, ...]]:
    whole = shapely.get_parts(shapely.union_all(lines, grid_size=GRID_M))
    xy, row = shapely.get_coordinates(whole, return_index=True)
    step = np.round(xy / GRID_M).astype(int)
    inner = np.flatnonzero(row[1:] == row[:-1])
    return {
        (*min(a, b), *max(a, b))
        for a, b in zip(
            map(tuple, step[inner].tolist()), map(tuple, step[inner + 1].tolist()), strict=True
        )
    }


def edges_of(drawing: Drawing) -> set[tuple[int, ...]]:
    return {tuple(pair) for pair in drawing.step[drawing.edge].reshape(-1, 4).tolist()}


def same_shapes(ours: np.ndarray, theirs: np.ndarray) -> bool:
    one, other = (sorted(shapely.to_wkb(shapely.normalize(some))) for some in (ours, theirs))
    return one == other


def polygonised(drawing: Drawing) -> np.ndarray:
    return shapely.get_parts(shapely.polygonize(shapely.linestrings(drawing.xy_m[drawing.edge])))


def runs_through_a_corner(lines: np.ndarray, edges: set[tuple[int, ...]]) -> bool:
    """Whether a piece of the lines runs exactly through a corner of a square that edges end in.

    Only there may edges differ: we look at the whole piece, GEOS at parts of it that end in
    crossings, which are rounded and so lie on either side of the corner by chance.
    """
    xy, row = shapely.get_coordinates(lines, return_index=True)
    inner = np.flatnonzero(row[1:] == row[:-1])
    pieces = np.hstack([xy[inner], xy[inner + 1]]) * round(1 / GRID_M)
    squares = {square for edge in edges for square in (edge[:2], edge[2:])}
    return any(
        orientation(ax, ay, bx, by, x + right, y + up) == 0
        and min(ax, bx) <= x + right <= max(ax, bx)
        for ax, ay, bx, by in pieces.tolist()
        for x, y in squares
        for right in (-0.5, 0.5)
        for up in (-0.5, 0.5)
    )


@settings(max_examples=300, deadline=None)
@given(lines_drawn)
def test_edges_are_those_of_geos(lines):
    drawn = np.array(lines, dtype=object)
    drawing = noded(drawn, grid_m=GRID_M)
    ours, theirs = edges_of(drawing), edges_of_geos(drawn)
    assert ours == theirs or runs_through_a_corner(drawn, ours ^ theirs)
    assert (drawing.edge[:, 0] < drawing.edge[:, 1]).all()


def test_a_lower_right_corner_belongs_to_no_square_on_the_way_up():
    # y = x - 1 runs through the corner (1.275, 0.275) of the hot square around (1.27, 0.28).
    lines = np.array(
        [
            LineString([(0, 0), (4.5, 1.005)]),
            LineString([(0, 0.965), (1.34, 0.25), (1, 0), (2, 1)]),
        ]
    )
    ours, theirs = edges_of(noded(lines, grid_m=GRID_M)), edges_of_geos(lines)
    assert ours - theirs == {(100, 0, 128, 28)}
    assert runs_through_a_corner(lines, ours ^ theirs)


@settings(max_examples=300, deadline=None)
@given(lines_drawn)
def test_faces_are_those_of_geos_and_know_their_edges(lines):
    drawing = noded(np.array(lines, dtype=object), grid_m=GRID_M)
    faces = faces_of(drawing)
    assert same_shapes(faces.polygons, polygonised(drawing))
    assert shapely.is_valid(faces.polygons).all()
    if not len(faces.polygons):
        return
    matched, known = shared_edges(faces.polygons), sides_of(drawing, faces)
    for name in ("left", "right", "length_m", "middle_m"):
        np.testing.assert_array_equal(getattr(matched, name), getattr(known, name))


def test_an_island_is_a_hole_in_the_smallest_face_around_it_and_a_face_itself():
    nested = np.array([box(-size, -size, size, size).exterior for size in (1, 2, 3)])
    faces = faces_of(noded(nested, grid_m=GRID_M))
    assert sorted(shapely.area(faces.polygons).tolist()) == [4.0, 12.0, 20.0]


def test_a_face_that_touches_itself_has_a_hole_there():
    inner = LineString([(0, 5), (2, 4), (2, 6), (0, 5)])
    faces = faces_of(noded(np.array([box(0, 0, 10, 10).exterior, inner]), grid_m=GRID_M))
    assert sorted(shapely.area(faces.polygons).tolist()) == [2.0, 98.0]
    assert shapely.get_num_interior_rings(faces.polygons).sum() == 1


def test_loose_ends_and_bridges_bound_nothing():
    rings = [box(0, 0, 1, 1).exterior, box(3, 0, 4, 1).exterior]
    ways = [LineString([(1, 0.5), (3, 0.5)]), LineString([(4, 1), (9, 9)])]
    faces = faces_of(noded(np.array([*rings, *ways]), grid_m=GRID_M))
    assert shapely.area(faces.polygons).tolist() == [1.0, 1.0]
    assert len(faces.edge) == 10  # the bridge cuts one side of each ring in two


def test_nothing_drawn_gives_no_faces():
    for lines in ([], [LineString([(0, 0), (0.001, 0.001)])], [LineString([(0, 0), (5, 5)])]):
        faces = faces_of(noded(np.array(lines, dtype=object), grid_m=GRID_M))
        assert len(faces.polygons) == len(faces.edge) == 0


def test_faces_that_are_not_kept_are_outside():
    lines = np.array([box(x, 0, x + 1, 1).exterior for x in range(3)])
    faces = faces_of(noded(lines, grid_m=GRID_M))
    kept = some_faces(
        faces, shapely.area(shapely.intersection(faces.polygons, box(0, 0, 2, 1))) > 0
    )
    assert len(kept.polygons) == 2
    assert len(kept.edge) == 7
    assert ((kept.side >= 0).sum(axis=1) == 2).sum() == 1


def test_a_piece_too_short_for_its_square_to_be_a_number_has_no_inside():
    tiny = LineString([(0, 0), (0, 2e-311), (0, 1)])
    assert noded(np.array([tiny]), grid_m=GRID_M).edge.tolist() == [[0, 1]]


def test_a_place_as_good_as_on_a_line_is_told_right():
    a, b = (500_000.0, 3_400_000.0), (500_000.7, 3_400_000.1)
    middle = (500_000.35, 3_400_000.05)
    exact = _exact(*a, *b, *middle)
    assert orientation(*a, *b, *middle) == exact
    for away in (1e-9, -1e-9):
        assert orientation(*a, *b, middle[0], middle[1] + away) == _exact(
            *a, *b, middle[0], middle[1] + away
        )


def _exact(*values: float) -> int:
    from fractions import Fraction

    ax, ay, bx, by, cx, cy = map(Fraction, values)
    det = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    return (det > 0) - (det < 0)


@pytest.mark.real
def test_all_streets_of_a_city_are_noded_as_by_geos(shared_data):
    import geopandas as gpd

    streets = gpd.read_parquet(shared_data / "wuhan" / "streets.parquet").to_crs(4547)
    lines = shapely.force_2d(streets.geometry.to_numpy())[:20_000]
    drawing = noded(lines, grid_m=GRID_M)
    assert edges_of(drawing) == edges_of_geos(lines)
    assert same_shapes(faces_of(drawing).polygons, polygonised(drawing))
