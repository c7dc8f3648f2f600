"""Halfway lines: triangles, ridges and chains, against scipy's diagram and by their laws."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import Delaunay, Voronoi

from spatial.city.neighbourhoods.halfway import halfway_lines
from spatial.city.neighbourhoods.ridges import JOINTS_PER_M, chains, ridges
from spatial.city.neighbourhoods.triangles import delaunay

FAR = np.array([(-1, -1), (-1, 1), (1, -1), (1, 1)])
STEPS_PER_M = 100


def with_corners(places, far):
    return np.vstack([places, FAR * far])


@st.composite
def coarse_places(draw):
    """Places on a coarse grid: many on one line or one circle."""
    rows = draw(st.sets(st.tuples(st.integers(-6, 6), st.integers(-6, 6)), min_size=1, max_size=40))
    return np.array(sorted(rows), dtype=np.int64) * 500


def scattered(count, seed, extent=200_000):
    rng = np.random.default_rng(seed)
    return np.unique(rng.integers(-extent, extent, (count, 2)), axis=0)


@given(coarse_places())
@settings(max_examples=60, deadline=None)
def test_no_place_lies_inside_the_circle_around_a_triangle_of_others(places):
    sites = with_corners(places, 20_000)
    corner, beside = delaunay(sites)
    assert len(corner) == 2 * len(sites) - 6
    a, b, c = (sites[corner[:, k]].astype(object) for k in range(3))
    twice = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    assert (twice > 0).all()
    assert twice.sum() == 2 * 40_000**2  # they cover the square, and none twice
    for d in sites.astype(object):  # whole numbers of any length: exact
        ad, bd, cd = a - d, b - d, c - d
        square = [(one**2).sum(axis=1) for one in (ad, bd, cd)]
        inside = (
            square[0] * (bd[:, 0] * cd[:, 1] - bd[:, 1] * cd[:, 0])
            + square[1] * (cd[:, 0] * ad[:, 1] - cd[:, 1] * ad[:, 0])
            + square[2] * (ad[:, 0] * bd[:, 1] - ad[:, 1] * bd[:, 0])
        )
        assert (inside <= 0).all()
    for t, k in np.argwhere(beside >= 0):
        shared = {corner[t, (k + 1) % 3], corner[t, (k + 2) % 3]}
        assert t in beside[beside[t, k]]
        assert shared <= set(corner[beside[t, k]].tolist())


def test_triangles_of_scattered_places_are_those_of_scipy():
    sites = with_corners(scattered(3000, 1), 2_000_000)
    ours = np.sort(delaunay(sites)[0], axis=1)
    theirs = np.sort(Delaunay(sites.astype(float)).simplices, axis=1)
    assert {*map(tuple, ours.tolist())} == {*map(tuple, theirs.tolist())}


def test_ridges_of_scattered_places_are_those_of_scipys_diagram():
    places = scattered(1500, 2)
    owner = np.random.default_rng(3).integers(0, 40, len(places))
    sites, owners = with_corners(places, 4_000_000), np.r_[owner, -1, -1, -1, -1]
    reach_m = 200.0
    found = ridges(sites, owners, scale=STEPS_PER_M, reach_m=reach_m, shortest_m=0.01)
    diagram = Voronoi(sites / STEPS_PER_M)
    expected = {}
    for (a, b), ends in zip(diagram.ridge_points, diagram.ridge_vertices, strict=True):
        apart_m = np.hypot(*(sites[a] - sites[b])) / STEPS_PER_M
        if -1 in ends or min(owners[a], owners[b]) < 0 or owners[a] == owners[b]:
            continue
        xy = diagram.vertices[ends]
        offset_m = np.hypot(*(xy - (sites[a] + sites[b]) / 2 / STEPS_PER_M).T)
        near = apart_m <= 2 * reach_m and offset_m.max() < 4 * reach_m
        if near and np.hypot(*(xy[0] - xy[1])) > 0.02:
            key = tuple(sorted((owners[a], owners[b])))
            expected.setdefault(key, []).append(xy)
    lines = found.joint[found.ends] / JOINTS_PER_M
    checked = 0
    for key, pieces in expected.items():
        own = lines[(found.owners == key).all(axis=1)]
        for xy in pieces:
            same = np.abs(own - xy).max(axis=(1, 2)) < 0.011
            turned = np.abs(own - xy[::-1]).max(axis=(1, 2)) < 0.011
            assert (same | turned).sum() == 1
            checked += 1
    assert checked > 2000


@given(coarse_places(), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_places_on_one_circle_are_parted_alike_whichever_way_they_are_turned(places, chance):
    # A quarter turn changes the order of insertion, and with it the diagonals of all squares.
    owner = np.array([chance.randrange(4) for _ in places])
    turned = np.column_stack([-places[:, 1], places[:, 0]])
    order = np.lexsort((turned[:, 1], turned[:, 0]))

    def drawn(rows, of):
        sites, owners = with_corners(rows, 20_000), np.r_[of, -1, -1, -1, -1]
        found = ridges(sites, owners, scale=STEPS_PER_M, reach_m=60.0, shortest_m=0.01)
        pieces = found.joint[found.ends]
        return {
            (*pair, *sorted(map(tuple, piece)))
            for pair, piece in zip(found.owners.tolist(), pieces.tolist(), strict=True)
        }

    here, there = drawn(places, owner), drawn(turned[order], owner[order])
    back = {(a, b, *sorted((y, -x) for x, y in ends)) for a, b, *ends in there}
    assert here == back


def test_pieces_between_two_owners_become_lines_from_crossing_to_crossing():
    squares = np.array([shapely.box(x, y, x + 80, y + 80) for x in (0, 100) for y in (0, 100)])
    lines = halfway_lines(squares, 60.0)
    # Two streets, each parted at the crossing, where four owners meet: at one and the same place.
    assert len(lines) == 4
    ends = shapely.get_coordinates(shapely.get_point(lines, np.array([[0], [-1]])).ravel())
    assert (ends == (90.0, 90.0)).all(axis=1).sum() == 4
    assert shapely.get_num_coordinates(lines).tolist() == [2, 2, 2, 2]


def test_a_line_around_an_enclave_is_closed():
    inner = shapely.box(40, 40, 60, 60)
    outer = shapely.difference(shapely.box(0, 0, 100, 100), shapely.box(30, 30, 70, 70))
    lines = halfway_lines(np.array([inner, outer]), 60.0)
    assert len(lines) == 1
    assert lines[0].is_closed
    assert lines[0].hausdorff_distance(shapely.box(35, 35, 65, 65).boundary) <= 0.25


@pytest.mark.parametrize("seed", range(3))
def test_lines_keep_to_within_their_exactness_of_what_was_joined(seed):
    places = scattered(400, seed, extent=20_000)
    owner = np.r_[np.random.default_rng(seed).integers(0, 5, len(places)), -1, -1, -1, -1]
    found = ridges(
        with_corners(places, 200_000), owner, scale=STEPS_PER_M, reach_m=60.0, shortest_m=0.01
    )
    joint, start = chains(found, exact_m=0.25)
    xy_m = found.joint / JOINTS_PER_M
    row = np.repeat(np.arange(len(start) - 1), np.diff(start))
    simple = shapely.union_all(shapely.linestrings(xy_m[joint], indices=row))
    pieces = shapely.linestrings(xy_m[found.ends])
    away_m = shapely.hausdorff_distance(shapely.union_all(pieces), simple)
    assert away_m <= 0.25 + 1e-9
    whole, every = chains(found, exact_m=0.0)
    row = np.repeat(np.arange(len(every) - 1), np.diff(every))
    joined = shapely.linestrings(xy_m[whole], indices=row)
    assert shapely.length(joined).sum() == pytest.approx(shapely.length(pieces).sum())


def test_the_order_of_parcels_makes_no_difference():
    rng = np.random.default_rng(7)
    at = rng.permutation(36)[:20]
    west, south = 70 * (at % 6), 70 * (at // 6)
    shapes = shapely.box(west, south, west + 50, south + 44)
    order = rng.permutation(len(shapes))

    def drawn(parcels):
        lines = shapely.normalize(halfway_lines(parcels, 60.0))
        return sorted(shapely.to_wkt(lines, rounding_precision=6).tolist())

    assert drawn(shapes) == drawn(shapes[order])
