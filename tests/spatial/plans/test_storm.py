"""Whatever is done to a plan, in whatever order: nobody is lost, no lock and no rule is broken."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from squares import squared_ground, striped

from spatial.errors import EditRefusedError, IndexMismatchError, InputError
from spatial.plans import (
    AbsorbFragments,
    Assign,
    Create,
    Import,
    Lock,
    Merge,
    PlanRules,
    SplitByLine,
    SplitInto,
    Take,
    Undo,
    apply,
    broken_rules,
    fragments,
    take,
)
from spatial.plans.pieces import pieces_of

RULES = PlanRules(
    maximum={"members": 10, "households": 1_200},
    max_distance_m=450,
    must_not_join=(("n0-0", "n1-1"), ("n2-2", "n3-2")),
    cut_barriers=("river",),
)


def ground():
    made = squared_ground(6, 4, households=np.linspace(50, 150, 24))
    made.pairs.barrier[::7] = "river"
    return made


def operation(rng, draft):
    keys = sorted(draft.districts) or ["D1"]
    ids = draft.ground.ids.to_numpy()
    some = tuple(rng.choice(ids, rng.integers(1, 5), replace=False).tolist())
    one, two = (str(key) for key in rng.choice(keys, 2))
    x, y = rng.uniform(-50, 650, 2), rng.uniform(-50, 450, 2)
    line = shapely.LineString(np.column_stack([x, y]))
    anywhere = {str(u): rng.choice([*keys, "Z1", "Z2", None]) for u in ids}
    return [
        lambda: Assign(some, one),
        lambda: Assign(some, None),
        lambda: Assign(some, one, skip_held=True),
        lambda: Create(units=some, skip_held=True),
        lambda: Merge((one,), two),
        lambda: SplitByLine(one, line),
        lambda: SplitInto(one, int(rng.integers(2, 4))),
        AbsorbFragments,
        lambda: Lock(bool(rng.integers(0, 2)), (one,), some[:1]),
        lambda: Lock(False, tuple(keys), tuple(ids.tolist())),
        lambda: Import({u: anywhere[u] for u in some}),
        lambda: Take(anywhere),
    ][rng.integers(0, 12)]()


def breaches(draft):
    return {(one.rule, one.district): one.by for one in broken_rules(draft)}


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_any_order_of_edits_keeps_locks_rules_and_units(seed):
    rng = np.random.default_rng(seed)
    draft = striped(ground(), rules=RULES)
    everybody = set(draft.assignment())
    log, states = [], [draft]
    for _ in range(40):
        wanted = operation(rng, draft)
        try:
            done = apply(draft, wanted)
        except (EditRefusedError, IndexMismatchError, InputError):
            trial_never_raises_a_refusal(draft, wanted)
            continue
        before, after = draft.assignment(), done.draft.assignment()
        assert set(after) == everybody
        for unit in everybody:
            row = draft.ground.row_of[unit]
            moved = before[unit] != after[unit]
            assert moved == (unit in done.step.units)
            held = draft.locked[row] or any(
                key in draft.districts and draft.districts[key].locked
                for key in (before[unit], after[unit])
            )
            assert not (moved and held)
        assert set(after.values()) - {None} <= set(done.draft.districts)
        assert take(done.draft, done.step.reversed()).assignment() == before
        assert apply(done.draft, Undo(1, done.step)).draft.districts == draft.districts or any(
            one.locked for one in done.draft.districts.values()
        )
        old = breaches(draft)
        for key, by in breaches(done.draft).items():
            assert by <= max(old.values(), default=0) + 1e-9, key  # only what was broken before
        whole = {(one.district, one.units) for one in fragments(done.draft)}
        touched = {(one.district, one.units) for one in done.fragments}
        assert touched == {one for one in whole if one[0] in done.touched}
        draft = done.draft
        log.append(done.step)
        states.append(draft)
    again = states[0]
    for step, state in zip(log, states[1:], strict=True):
        again = take(again, step)
        assert again.assignment() == state.assignment()
        assert again.districts == state.districts


def trial_never_raises_a_refusal(draft, wanted):
    try:
        told = apply(draft, wanted, trial=True)
    except (EditRefusedError, IndexMismatchError, InputError):
        return  # it makes no sense in itself, or nothing is there to do
    assert told.refused is not None


@pytest.mark.parametrize("seed", range(5))
def test_pieces_are_those_of_a_plain_walk(seed):
    rng = np.random.default_rng(seed)
    draft = striped(ground(), rules=RULES)
    for _ in range(10):
        wanted = Assign(tuple(rng.choice(draft.ground.ids, 3, replace=False)), f"D{seed % 3 + 1}")
        draft = apply(draft.with_rules(PlanRules(cut_barriers=("river",))), wanted).draft
    rows = np.arange(len(draft.ground))
    piece = pieces_of(draft, rows)
    pairs = draft.ground.pairs
    linked = {}
    for a, b, legal in zip(pairs.a.tolist(), pairs.b.tolist(), draft.legal, strict=True):
        if legal and draft.label[a] == draft.label[b] and draft.label[a] is not None:
            linked.setdefault(a, set()).add(b)
            linked.setdefault(b, set()).add(a)
    for row in rows.tolist():
        reached, waiting = {row}, [row]
        while waiting:
            new = linked.get(waiting.pop(), set()) - reached
            reached |= new
            waiting += sorted(new)
        assert {int(one) for one in np.flatnonzero(piece == piece[row])} == reached
