"""Operations on a plan: what changes, what is left behind, what is refused."""

import pytest
from squares import squared_ground, striped, unit

from spatial.errors import EditRefusedError, IndexMismatchError, InputError
from spatial.plans import (
    Assign,
    Create,
    District,
    Draft,
    Import,
    Lock,
    Merge,
    PlanRules,
    Recolour,
    Redo,
    Rename,
    Step,
    Undo,
    apply,
    broken_rules,
    fragments,
    take,
)


def column(c, rows=4):
    return tuple(unit(c, r) for r in range(rows))


def test_an_assignment_moves_units_and_tells_both_ends():
    done = apply(striped(), Assign(column(2), "D1"))
    assert done.step.units == dict.fromkeys(column(2), ("D2", "D1"))
    assert done.touched == ("D1", "D2")
    assert not done.fragments


def test_unassigned_is_none_and_not_a_district():
    done = apply(striped(), Assign((unit(0, 0),), None))
    assert done.draft.assignment()[unit(0, 0)] is None
    assert done.touched == ("D1",)


def test_what_is_cut_off_is_reported_as_unfinished_work_and_not_refused():
    done = apply(striped(width=3), Assign(column(1), "D2"))
    loose = {(one.district, one.units) for one in done.new_fragments}
    assert loose == {("D1", column(2)), ("D2", column(1))}
    again = apply(done.draft, Assign((unit(5, 0),), None))
    assert again.fragments
    assert not again.new_fragments


def test_a_river_between_two_blocks_cuts_a_district_in_two():
    ground = squared_ground()
    rules = PlanRules(cut_barriers=("river",))
    ground.pairs.barrier[(ground.pairs.a < 4) & (ground.pairs.b >= 4)] = "river"
    (loose,) = fragments(striped(ground, rules=rules))
    assert loose.units == column(1)


def test_a_merge_empties_and_removes_the_others_and_undo_brings_them_back():
    start = striped()
    done = apply(start, Merge(("D1", "D2"), "D1"))
    assert set(done.draft.districts) == {"D1", "D3"}
    back = apply(done.draft, Undo(1, done.step))
    assert back.draft.assignment() == start.assignment()
    assert back.draft.districts == start.districts
    forth = apply(back.draft, Redo(2, back.step))
    assert forth.draft.assignment() == done.draft.assignment()


def test_a_new_district_gets_a_free_id_and_a_colour_unlike_its_neighbours():
    done = apply(striped(), Create("新片区", (unit(3, 0), unit(3, 1))))
    (made,) = set(done.draft.districts) - {"D1", "D2", "D3"}
    assert done.draft.districts[made].name == "新片区"
    assert done.draft.districts[made].colour != 0
    with pytest.raises(InputError, match="already"):
        apply(striped(), Create(district="D1"))


def test_a_locked_district_neither_loses_nor_gains_but_may_be_renamed():
    locked = apply(striped(), Lock(locked=True, districts=("D1",))).draft
    refused = [
        Assign((unit(0, 0),), "D2"),
        Assign((unit(2, 0),), "D1"),
        Assign((unit(0, 0),), None),
        Merge(("D1", "D2"), "D2"),
        Merge(("D1", "D2"), "D1"),
        Create("x", (unit(1, 1),)),
        Import({unit(1, 1): "D2"}),
    ]
    for operation in refused:
        with pytest.raises(EditRefusedError, match="locked") as caught:
            apply(locked, operation)
        assert caught.value.rule == "locked_district"
        assert caught.value.districts == ("D1",)
    renamed = apply(locked, Rename("D1", "老城")).draft
    assert renamed.districts["D1"].name == "老城"
    freed = apply(renamed, Lock(locked=False, districts=("D1",))).draft
    assert apply(freed, Assign((unit(0, 0),), "D2")).step.units


def test_a_locked_unit_stays_and_a_stroke_over_it_leaves_it_out():
    locked = apply(striped(), Lock(locked=True, units=(unit(2, 1),))).draft
    with pytest.raises(EditRefusedError) as caught:
        apply(locked, Assign(column(2), "D1"))
    assert caught.value.units == (unit(2, 1),)
    stroke = apply(locked, Assign(column(2), "D1", skip_held=True))
    assert stroke.skipped == (unit(2, 1),)
    assert len(stroke.step.units) == 3


def test_a_maximum_refuses_growing_beyond_it_and_says_so_in_words():
    draft = striped(rules=PlanRules(maximum={"members": 9}))
    assert apply(draft, Assign((unit(2, 0),), "D1")).step.units
    with pytest.raises(EditRefusedError, match="10 neighbourhoods, more than 9") as caught:
        apply(draft, Assign((unit(2, 0), unit(2, 1)), "D1"))
    assert "超过上限" in caught.value.message_zh
    trial = apply(draft, Assign((unit(2, 0), unit(2, 1)), "D1"), trial=True)
    assert trial.refused.rule == "max_members"


def test_a_district_beyond_its_maximum_may_shrink_and_be_divided_step_by_step():
    draft = striped(width=3, rules=PlanRules(maximum={"members": 4}))
    assert {one.rule for one in broken_rules(draft)} == {"max_members"}
    smaller = apply(draft, Assign((unit(2, 0),), None)).draft
    halved = apply(smaller, Create("half", (*column(0), unit(1, 0))))
    assert len(halved.broken) == 2
    with pytest.raises(EditRefusedError):
        apply(halved.draft, Assign((unit(2, 0),), "D1"))


@pytest.mark.parametrize(
    ("rules", "rule"),
    [
        ({"max_distance_m": 350}, "max_distance_m"),
        ({"same_subdistrict": True}, "subdistrict"),
        ({"must_not_join": [["n1-0", "n2-0"]]}, "apart:n1-0|n2-0"),
        ({}, "excluded"),
    ],
)
def test_every_refusing_rule_refuses_unless_the_plan_only_reports_it(rules, rule):
    office = ["甲街道" if c < 2 else "乙街道" for c in range(6) for _ in range(4)]
    state = ["excluded" if (c, r) == (2, 0) else "eligible" for c in range(6) for r in range(4)]
    ground = squared_ground(subdistrict=office, eligibility=state)
    move = Assign((unit(2, 0),), "D1")
    draft = Draft.of(
        ground,
        {**dict.fromkeys((*column(0), *column(1)), "D1")},
        [District("D1", "一")],
        rules=PlanRules.from_record({"refuse": ["distance", "subdistrict", "apart"], **rules}),
    )
    if rule == "excluded":
        draft = draft.with_rules(PlanRules(refuse=("excluded",)))
    with pytest.raises(EditRefusedError) as caught:
        apply(draft, move)
    assert caught.value.rule == rule
    told = apply(draft.with_rules(PlanRules.from_record({**rules, "refuse": []})), move)
    assert rule in {one.rule for one in told.broken}


def test_together_and_minimum_are_reported_only():
    rules = PlanRules(minimum={"households": 900}, must_join=(("n0-0", "n2-0"),))
    found = {(one.rule, one.district) for one in broken_rules(striped(rules=rules))}
    assert found == {
        *(("min_households", key) for key in ("D1", "D2", "D3")),
        *(("together:n0-0|n2-0", key) for key in ("D1", "D2")),
    }


def test_a_revision_is_not_taken_back_where_somebody_changed_the_same_since():
    first = apply(striped(), Assign(column(2), "D1"))
    second = apply(first.draft, Assign((unit(2, 3),), "D3"))
    with pytest.raises(EditRefusedError, match="changed again") as caught:
        apply(second.draft, Undo(1, first.step))
    assert caught.value.units == (unit(2, 3),)
    other = apply(first.draft, Recolour("D3", 4))
    assert apply(other.draft, Undo(1, first.step)).draft.assignment() == striped().assignment()


def test_undoing_a_creation_is_refused_while_others_belong_to_the_new_district():
    made = apply(striped(), Create("x", (unit(2, 0),), "X"))
    more = apply(made.draft, Assign((unit(2, 1),), "X"))
    with pytest.raises(EditRefusedError):
        apply(more.draft, Undo(1, made.step))


def test_taking_back_an_older_revision_asks_the_rules_taking_back_the_newest_does_not():
    limited = PlanRules(maximum={"members": 8})
    freed = apply(striped(), Assign((unit(0, 0),), None))
    filled = apply(freed.draft, Assign((unit(2, 0),), "D1"))
    under = filled.draft.with_rules(limited)
    with pytest.raises(EditRefusedError, match="9 neighbourhoods"):
        apply(under, Undo(1, freed.step, older=True))
    over = apply(striped(), Assign((unit(2, 0),), "D1"))
    less = apply(over.draft, Assign((unit(2, 0),), None))
    assert apply(less.draft.with_rules(limited), Undo(2, less.step)).step.units


def test_a_file_makes_the_districts_that_it_names_and_leaves_the_others():
    done = apply(striped(), Import({unit(0, 0): "甲", unit(0, 1): None}, {"甲": "甲片区"}))
    assert done.draft.districts["甲"].name == "甲片区"
    assert done.draft.assignment()[unit(0, 1)] is None
    assert done.draft.assignment()[unit(0, 2)] == "D1"


def test_a_step_fits_only_the_plan_that_it_starts_from():
    start = striped()
    done = apply(start, Assign(column(2), "D1"))
    assert take(done.draft, done.step.reversed()).assignment() == start.assignment()
    with pytest.raises(IndexMismatchError, match="n2-0"):
        take(done.draft, done.step)
    record = done.step.to_record()
    assert Step.from_record(done.step.units, record) == done.step


@pytest.mark.parametrize(
    "operation",
    [
        Assign(("nowhere",), "D1"),
        Assign((unit(0, 0),), "D9"),
        Merge(("D1", "D9"), "D1"),
        Rename("D9", "x"),
        Lock(locked=True, districts=("D9",)),
    ],
)
def test_what_does_not_exist_is_named(operation):
    with pytest.raises(IndexMismatchError, match=r"nowhere|D9"):
        apply(striped(), operation)
