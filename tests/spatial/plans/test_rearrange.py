"""Splits, fragments, proposals: connected, balanced, and nobody is lost."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from squares import squared_ground, striped, unit

from spatial.errors import EditRefusedError, IndexMismatchError
from spatial.plans import (
    AbsorbFragments,
    Assign,
    District,
    Draft,
    Lock,
    PlanRules,
    SplitByLine,
    SplitInto,
    Take,
    Undo,
    apply,
    fragments,
)


def whole(columns=6, rows=4, **facts):
    return striped(squared_ground(columns, rows, **facts), width=columns)


def test_a_line_divides_a_district_and_the_larger_part_keeps_the_name():
    done = apply(whole(), SplitByLine("D1", shapely.LineString([(220, -50), (220, 450)])))
    now = done.draft.assignment()
    (made,) = set(done.draft.districts) - {"D1"}
    assert {key for key, district in now.items() if district == made} == {
        unit(c, r) for c in (0, 1) for r in range(4)
    }
    assert done.draft.districts[made].name == "片区1-2"


def test_a_line_that_ends_inside_is_drawn_on_straight():
    short = apply(whole(), SplitByLine("D1", shapely.LineString([(320, 180), (320, 220)])))
    long = apply(whole(), SplitByLine("D1", shapely.LineString([(320, -50), (320, 450)])))
    assert short.step.units == long.step.units


def test_a_line_that_divides_nobody_is_refused():
    for line in ([(5, -50), (5, 450)], [(-90, 0), (-90, 300)]):
        with pytest.raises(EditRefusedError, match="one side"):
            apply(whole(), SplitByLine("D1", shapely.LineString(line)))


def test_pieces_that_the_line_does_not_touch_stay_with_the_larger_part():
    apart = apply(whole(), Assign(tuple(unit(4, r) for r in range(4)), None)).draft
    done = apply(apart, SplitByLine("D1", shapely.LineString([(100, -50), (100, 450)])))
    assert set(done.step.units) == {unit(0, r) for r in range(4)}


@settings(deadline=None, max_examples=12)
@given(st.integers(2, 8), st.integers(0, 100))
def test_parts_are_connected_cover_the_district_and_are_about_equal(k, seed):
    households = np.random.default_rng(seed).integers(20, 200, 48).astype(float)
    draft = whole(8, 6, households=households)
    done = apply(draft, SplitInto("D1", k))
    assert len(done.draft.districts) == k
    assert not fragments(done.draft)
    sizes = [households[done.draft.members([key])].sum() for key in done.draft.districts]
    assert sum(sizes) == households.sum()
    assert max(sizes) < 2.5 * households.sum() / k
    assert apply(draft, SplitInto("D1", k)).step == done.step


def test_two_equal_halves_are_found_where_there_are_some():
    done = apply(whole(6, 4), SplitInto("D1", 2))
    assert sorted(len(done.draft.members([key])) for key in done.draft.districts) == [12, 12]


def test_a_chain_and_a_star_are_divided_as_far_as_they_can_be():
    chain = apply(whole(5, 1), SplitInto("D1", 5))
    assert len(chain.draft.districts) == 5
    with pytest.raises(EditRefusedError, match="cannot become"):
        apply(whole(2, 1), SplitInto("D1", 3))


def test_a_district_in_more_pieces_than_asked_for_is_refused():
    apart = apply(whole(5, 1), Assign((unit(1, 0), unit(3, 0)), None)).draft
    with pytest.raises(EditRefusedError, match="3 pieces"):
        apply(apart, SplitInto("D1", 2))
    assert len(apply(apart, SplitInto("D1", 3)).draft.districts) == 3


def test_a_fragment_goes_to_the_neighbour_with_the_longest_boundary():
    start = striped(width=3)
    broken = apply(start, Assign((unit(4, 1), unit(4, 2)), "D1")).draft
    done = apply(broken, AbsorbFragments())
    assert done.draft.assignment() == start.assignment()
    with pytest.raises(EditRefusedError, match="No district"):
        apply(start, AbsorbFragments())


def test_a_fragment_beside_a_locked_district_only_stays_where_it_is():
    broken = apply(striped(width=3), Assign((unit(5, 1),), "D1")).draft
    locked = apply(broken, Lock(locked=True, districts=("D2",))).draft
    with pytest.raises(EditRefusedError) as caught:
        apply(locked, AbsorbFragments())
    assert caught.value.rule == "no_neighbour"


def test_a_whole_proposal_keeps_the_names_of_the_districts_that_it_means():
    start = striped(width=3)
    proposal = {key: ("P1" if int(key[1]) >= 4 else "P2") for key in start.ground.ids}
    done = apply(start, Take(proposal))
    assert set(done.draft.districts) == {"D1", "D2"}
    assert done.draft.assignment()[unit(3, 0)] == "D1"
    assert len(done.step.units) == 4
    assert apply(done.draft, Undo(1, done.step)).draft.assignment() == start.assignment()


def test_one_district_of_a_proposal_leaves_all_others_their_names():
    start = striped(width=3)
    proposal = {key: ("P1" if int(key[1]) >= 4 else "P2") for key in start.ground.ids}
    done = apply(start, Take(proposal, ("P1",)))
    assert set(done.draft.districts) == {"D1", "D2", "P1"}
    assert done.draft.assignment()[unit(3, 0)] == "D2"
    assert done.draft.assignment()[unit(4, 0)] == "P1"
    swallowed = apply(done.draft, Take(dict.fromkeys(start.ground.ids, "Q"), ("Q",)))
    assert len(swallowed.draft.districts) == 1
    with pytest.raises(IndexMismatchError, match="P9"):
        apply(start, Take(proposal, ("P9",)))


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([None, "A", "B", "C"]), min_size=12, max_size=12),
    st.lists(st.sampled_from([None, "P", "Q", "R", "S"]), min_size=12, max_size=12),
)
def test_taking_a_proposal_gives_its_partition_whatever_was_before(now, then):
    ground = squared_ground(4, 3)
    draft = Draft.of(
        ground,
        dict(zip(ground.ids, now, strict=True)),
        [District(key, key) for key in "ABC"],
        rules=PlanRules(),
    )
    done = apply(draft, Take(dict(zip(ground.ids, then, strict=True))))
    found = list(done.draft.assignment().values())
    same = dict(zip(found, then, strict=True))
    assert [same[one] for one in found] == then
    assert len(set(found)) == len(set(then))
