"""A neighbourhood is divided with its data, and healed; nothing is lost on the way."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from squares import striped, unit

from spatial.errors import EditRefusedError
from spatial.plans import Assign, HealUnit, Lock, SplitUnit, Undo, apply, district_figures
from spatial.plans.halve import apportioned

ACROSS = shapely.LineString([(130, -20), (130, 120)])
N = unit(1, 0)


def homes(*places):
    shapes = [shapely.Point(x, y) for x, y, _ in places]
    areas = [area for *_, area in places]
    return gpd.GeoDataFrame({"floor_area_m2": areas}, geometry=shapes, crs=4547)


def divided(draft=None, *places, line=ACROSS, name=N):
    return apply(draft or striped(), SplitUnit(name, line, homes(*places), seq=7))


@settings(deadline=None)
@given(
    st.one_of(st.integers(0, 10**6).map(float), st.floats(0, 1e7)),
    st.floats(0.0, 1.0),
    st.booleans(),
)
def test_parts_sum_up_to_the_digit(total, share, whole):
    parts = apportioned(total, np.array([share, 1 - share]), whole=whole)
    assert parts.sum() == total
    assert (parts >= 0).all()
    if whole and total == int(total):
        assert (parts == np.floor(parts)).all()


def test_people_are_apportioned_by_floor_area_and_land_by_land():
    done = divided(None, (110, 50, 900.0), (160, 50, 100.0))
    ground, row = done.draft.ground, done.draft.ground.row_of
    one, two = row[f"{N}~7a"], row[f"{N}~7b"]
    assert sorted([ground.households[one], ground.households[two]]) == [10, 90]
    assert sorted([ground.persons[one], ground.persons[two]]) == [30, 270]
    assert ground.area_m2[one] + ground.area_m2[two] == ground.area_m2[row[N]]
    assert ground.area_m2[one] > ground.area_m2[two]  # the larger piece first …
    assert ground.households[one] == 10  # … where few live
    assert ground.name[one] == "1-0小区(甲)"


def test_without_buildings_people_follow_the_land():
    done = divided()
    ground, row = done.draft.ground, done.draft.ground.row_of
    assert ground.households[row[f"{N}~7a"]] == 72


def test_figures_stay_and_the_pieces_can_go_to_different_districts():
    start = striped()
    done = divided(start)
    before, after = district_figures(start).loc["D1"], district_figures(done.draft).loc["D1"]
    for name in ("households", "persons", "area_m2", "compactness"):
        assert after[name] == pytest.approx(before[name])
    assert after["members"] == before["members"] + 1
    assert N not in done.draft.assignment()
    moved = apply(done.draft, Assign((f"{N}~7a",), "D2"))
    assert not moved.fragments
    alone = apply(done.draft, Assign((f"{N}~7b",), "D2"))
    assert [one.units for one in alone.new_fragments] == [(f"{N}~7b",)]  # not beside D2


def test_boundaries_of_the_pieces_are_those_of_the_whole():
    ground = divided().draft.ground
    pairs = ground.pairs
    for other, expected in ((unit(0, 0), 100.0), (unit(2, 0), 100.0), (unit(1, 1), 100.0)):
        mine = ground.row_of[other]
        pieces = {ground.row_of[f"{N}~7a"], ground.row_of[f"{N}~7b"]}
        shared = [
            m
            for a, b, m in zip(pairs.a, pairs.b, pairs.shared_m, strict=True)
            if (a == mine and b in pieces) or (b == mine and a in pieces)
        ]
        assert sum(shared) == pytest.approx(expected, abs=1e-2)


def test_healing_and_undoing_bring_the_neighbourhood_back():
    start = striped()
    done = divided(start)
    healed = apply(done.draft, HealUnit(N))
    assert healed.draft.assignment() == start.assignment()
    undone = apply(done.draft, Undo(7, done.step))
    assert undone.draft.assignment() == start.assignment()
    apart = apply(done.draft, Assign((f"{N}~7a",), "D2")).draft
    with pytest.raises(EditRefusedError, match="different districts"):
        apply(apart, HealUnit(N))
    with pytest.raises(EditRefusedError, match="not divided"):
        apply(start, HealUnit(N))
    with pytest.raises(EditRefusedError):
        apply(apart, Undo(7, done.step))


def test_a_piece_can_be_divided_again_and_all_heals_at_once():
    start = striped()
    once = divided(start).draft
    line = shapely.LineString([(165, -20), (165, 120)])
    twice = apply(once, SplitUnit(f"{N}~7a", line, homes(), seq=8)).draft
    assert len(twice.assignment()) == len(start.assignment()) + 2
    assert apply(twice, HealUnit(N)).draft.assignment() == start.assignment()


def test_what_does_not_divide_into_two_is_refused():
    loop = [(95, 50), (150, 50), (150, 20), (120, 20), (120, 150)]
    for line in ([(300, 0), (300, 90)], [(101, -20), (101, 120)], loop):
        with pytest.raises(EditRefusedError, match="exactly two"):
            divided(line=shapely.LineString(line))


def test_locked_units_and_districts_are_not_divided():
    for lock in (Lock(locked=True, units=(N,)), Lock(locked=True, districts=("D1",))):
        locked = apply(striped(), lock).draft
        with pytest.raises(EditRefusedError, match="locked"):
            divided(locked)
