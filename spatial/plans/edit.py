"""Do one operation to a plan: what changes, what it leaves behind, or why it is refused."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import singledispatch
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from spatial.errors import EditRefusedError, IndexMismatchError, InputError
from spatial.plans.broken import Broken, broken_rules, worse
from spatial.plans.colours import free_colour
from spatial.plans.halve import Half
from spatial.plans.model import District, Draft, Step, take
from spatial.plans.operations import (
    Assign,
    Create,
    Import,
    Lock,
    Merge,
    Operation,
    Recolour,
    Redo,
    Rename,
    Restore,
    Undo,
)
from spatial.plans.pieces import Fragment, fragments

__all__ = ["Applied", "Change", "apply", "change_labels", "new_id", "step_of"]

Ints = npt.NDArray[np.int64]
MOST_NAMED: Final = 5
RESTORING: Final = (Undo, Redo, Restore)
"""They lead to a state that stood before, whatever the rules say now; locks hold all the same."""


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """What an operation wants, before locks and rules are asked."""

    step: Step
    draft: Draft | None = None
    """The plan on the changed ground, where units were divided."""
    skipped: tuple[str, ...] = ()
    halves: tuple[Half, ...] = ()
    """New pieces of a divided unit."""


@dataclass(frozen=True, slots=True, eq=False)
class Applied:
    """A plan after an operation."""

    draft: Draft
    step: Step
    fragments: tuple[Fragment, ...]
    """Cut-off parts of the districts touched."""
    new_fragments: tuple[Fragment, ...]
    """Those of them that were none before."""
    broken: tuple[Broken, ...]
    """Rules that the districts touched break now."""
    refused: EditRefusedError | None
    """Why it would be refused; only of a trial."""
    skipped: tuple[str, ...]
    """Units left out because they are locked."""
    halves: tuple[Half, ...] = ()
    """New pieces of a divided unit."""

    @property
    def touched(self) -> tuple[str, ...]:
        """Districts that the operation concerns and that are there now, sorted."""
        return tuple(sorted(self.step.touched() & set(self.draft.districts)))


def apply(draft: Draft, operation: Operation, *, trial: bool = False) -> Applied:
    """Do an operation.

    Parameters
    ----------
    draft : Draft
    operation : Operation
    trial : bool
        Tell what would happen even if a lock or a rule refuses it.

    Returns
    -------
    Applied

    Raises
    ------
    EditRefusedError
        If a lock or a refusing rule of the plan forbids it (not in a trial).
    IndexMismatchError
        If it names units or districts that do not exist.
    InputError
        If it makes no sense.
    """
    change = propose(operation, draft)
    base = change.draft or draft
    refused = _against_locks(base, change.step)
    if refused is not None and not trial:
        raise refused
    after = take(base, change.step)
    touched = sorted(change.step.touched() & set(after.districts))
    broken = broken_rules(after, touched)
    stood = isinstance(operation, RESTORING) and not getattr(operation, "older", False)
    if refused is None and not stood:
        refused = _against_rules(worse(after, draft, broken))
        if refused is not None and not trial:
            raise refused
    loose = fragments(after, touched)
    were = {
        (one.district, one.units)
        for one in fragments(draft, change.step.touched() & set(draft.districts))
    }
    return Applied(
        draft=after,
        step=change.step,
        fragments=loose,
        new_fragments=tuple(one for one in loose if (one.district, one.units) not in were),
        broken=broken,
        refused=refused,
        skipped=change.skipped,
        halves=change.halves,
    )


@singledispatch
def propose(operation: Any, draft: Draft) -> Change:
    """Return what an operation wants to change."""
    del draft
    raise InputError(
        f"Nothing is known of the operation {type(operation).__name__}.",
        zh=f"未知的操作 {type(operation).__name__}。",
    )


@propose.register
def _assign(operation: Assign, draft: Draft) -> Change:
    if operation.district is not None:
        require_district(draft, operation.district)
    rows = rows_of(draft, operation.units)
    rows, skipped = _without_held(draft, rows, operation.district, skip=operation.skip_held)
    return Change(change_labels(draft, rows, operation.district), skipped=skipped)


@propose.register
def _create(operation: Create, draft: Draft) -> Change:
    rows = rows_of(draft, operation.units)
    rows, skipped = _without_held(draft, rows, None, skip=operation.skip_held)
    key = operation.district or new_id(draft)
    if key in draft.districts:
        raise InputError(
            f"There is already a district `{key}`; give the new one another id, or none.",
            zh=f"已有片区 `{key}`;请为新片区另取编号,或不指定编号。",
        )
    made = District(key, operation.name or key, free_colour(draft, rows))
    step = change_labels(draft, rows, key)
    return Change(replace(step, districts={key: (None, made)}), skipped=skipped)


@propose.register
def _merge(operation: Merge, draft: Draft) -> Change:
    for district in (*operation.districts, operation.into):
        require_district(draft, district)
    gone = sorted(set(operation.districts) - {operation.into})
    if not gone:
        raise InputError("A merge needs at least two districts.", zh="合并至少需要两个片区。")
    step = change_labels(draft, draft.members(gone), operation.into)
    old = {district: (draft.districts[district], None) for district in gone}
    return Change(replace(step, districts=old))


@propose.register
def _rename(operation: Rename, draft: Draft) -> Change:
    return _redescribed(draft, operation.district, name=operation.name)


@propose.register
def _recolour(operation: Recolour, draft: Draft) -> Change:
    return _redescribed(draft, operation.district, colour=operation.colour)


@propose.register
def _lock(operation: Lock, draft: Draft) -> Change:
    districts: dict[str, tuple[District | None, District | None]] = {}
    for key in operation.districts:
        was = require_district(draft, key)
        if was.locked != operation.locked:
            districts[key] = (was, replace(was, locked=operation.locked))
    rows = rows_of(draft, operation.units)
    rows = rows[draft.locked[rows] != operation.locked]
    was_now = (not operation.locked, operation.locked)
    return Change(Step(districts=districts, locks=dict.fromkeys(draft.ground.ids[rows], was_now)))


@propose.register
def _import(operation: Import, draft: Draft) -> Change:
    rows = rows_of(draft, operation.assignment)
    target = np.array(list(operation.assignment.values()), dtype=object)
    named = dict.fromkeys(one for one in target if one is not None)
    made: dict[str, tuple[District | None, District | None]] = {}
    for number, key in enumerate(key for key in named if key not in draft.districts):
        name = operation.names.get(key) or key
        made[key] = (None, District(key, name, (len(draft.districts) + number) % 6))
    return Change(step_of(draft, rows, target, made))


@propose.register
def _undo(operation: Undo, draft: Draft) -> Change:
    return _back(draft, operation.step.reversed(), operation.seq)


@propose.register
def _redo(operation: Redo, draft: Draft) -> Change:
    return _back(draft, operation.step.reversed(), operation.seq)


@propose.register
def _restore(operation: Restore, draft: Draft) -> Change:
    del draft
    return Change(operation.step)


def _back(draft: Draft, step: Step, seq: int) -> Change:
    """Take a step back, if nobody changed the same things since."""
    ground, row_of = draft.ground, draft.ground.row_of
    moved = [unit for unit, (was, _) in step.units.items() if draft.label[row_of[unit]] != was]
    moved += [u for u, (was, _) in step.locks.items() if bool(draft.locked[row_of[u]]) != was]
    moved += [u for u, (was, _) in step.alive.items() if bool(ground.alive[row_of[u]]) != was]
    others = [key for key, (was, _) in step.districts.items() if draft.districts.get(key) != was]
    for key, (_, shall) in step.districts.items():
        if shall is None and key not in others:
            rest = set(draft.ground.ids[draft.members([key])]) - set(step.units)
            moved += sorted(rest)
    if not moved and not others:
        return Change(step)
    raise EditRefusedError(
        f"Revision {seq} cannot be taken back by itself: {_named(moved + others)} changed again "
        "since. Undo the later revisions first, or restore the state before it.",
        zh=f"第 {seq} 次修订不能单独撤销:{_named(moved + others)} 之后又有改动。"
        "请先撤销其后的修订,或恢复到该修订之前的状态。",
        rule="changed_since",
        districts=tuple(others),
        units=tuple(moved),
    )


def change_labels(draft: Draft, rows: Ints, district: str | None) -> Step:
    """Return the step by which units go to one district; those that are there already stay."""
    return step_of(draft, rows, np.full(len(rows), district, dtype=object), {})


def step_of(
    draft: Draft,
    rows: Ints,
    target: npt.NDArray[np.object_],
    districts: dict[str, tuple[District | None, District | None]],
) -> Step:
    """Return the step by which units go to their target districts."""
    now = draft.label[rows]
    changed = now != target
    units = dict(
        zip(
            draft.ground.ids[rows[changed]].tolist(),
            zip(now[changed].tolist(), target[changed].tolist(), strict=True),
            strict=True,
        )
    )
    return Step(units=units, districts=districts)


def rows_of(draft: Draft, units: Iterable[str]) -> Ints:
    """Return the rows of units, each once.

    Raises
    ------
    IndexMismatchError
        If there is no such unit, or it was divided.
    """
    row_of = draft.ground.row_of
    found = dict.fromkeys(row_of.get(unit, -1) for unit in units)
    rows = np.fromiter(found, dtype=np.int64, count=len(found))
    if len(rows) and ((rows < 0).any() or not draft.ground.alive[rows].all()):
        strange = [u for u in units if u not in row_of or not draft.ground.alive[row_of[u]]]
        raise IndexMismatchError(
            f"There are no neighbourhoods {_named(strange)} in this plan (any more).",
            zh=f"该方案中没有(或已不再有)小区 {_named(strange)}。",
        )
    return rows


def require_district(draft: Draft, district: str) -> District:
    """Return a district of the plan, or raise :class:`IndexMismatchError`."""
    found = draft.districts.get(district)
    if found is None:
        raise IndexMismatchError(
            f"There is no district `{district}` in this plan (any more).",
            zh=f"该方案中没有(或已不再有)片区 `{district}`。",
        )
    return found


def new_id(draft: Draft, taken: Iterable[str | None] = ()) -> str:
    """Return the next free id of the form D001."""
    used = {*draft.districts, *(key for key in taken if key is not None)}
    numbers = [int(key[1:]) for key in used if re.fullmatch(r"D[0-9]{1,9}", key)]
    number = max(numbers, default=0) + 1
    return f"D{number:03d}"


def _redescribed(draft: Draft, district: str, **new: Any) -> Change:
    was = require_district(draft, district)
    now = replace(was, **new)
    return Change(Step(districts={district: (was, now)} if now != was else {}))


def _without_held(
    draft: Draft, rows: Ints, district: str | None, *, skip: bool
) -> tuple[Ints, tuple[str, ...]]:
    """Leave out units that are held where they are, if the gesture wants that."""
    if not skip:
        return rows, ()
    closed = {key for key, one in draft.districts.items() if one.locked}
    held = draft.locked[rows] | np.isin(draft.label[rows].astype(str), list(closed))
    if district is not None:
        held |= ~draft.ground.admitted[rows]
    held &= draft.label[rows] != district
    return rows[~held], tuple(draft.ground.ids[rows[held]].tolist())


def _against_locks(draft: Draft, step: Step) -> EditRefusedError | None:
    """Refuse what moves something locked.

    A locked unit stays where it is; a locked district neither loses nor gains.
    """
    row_of = draft.ground.row_of
    changed = {**step.units, **step.alive}
    held = [unit for unit in changed if unit in row_of and draft.locked[row_of[unit]]]
    if held:
        return EditRefusedError(
            f"{_named(held)} locked: unlock first, or leave out.",
            zh=f"{_named(held)} 已锁定:请先解锁,或从操作中去掉。",
            rule="locked_unit",
            units=tuple(held),
        )
    ends = {end for pair in step.units.values() for end in pair if end is not None}
    ends |= {key for key, (_, new) in step.districts.items() if new is None}
    closed = sorted(key for key in ends if key in draft.districts and draft.districts[key].locked)
    if closed:
        names = _named([draft.districts[key].name for key in closed])
        return EditRefusedError(
            f"District {names} is locked: it neither loses nor gains neighbourhoods.",
            zh=f"片区 {names} 已锁定:不得减少或增加小区。",
            rule="locked_district",
            districts=tuple(closed),
        )
    return None


def _against_rules(broken: tuple[Broken, ...]) -> EditRefusedError | None:
    if not broken:
        return None
    return EditRefusedError(
        " ".join(one.en for one in broken[:MOST_NAMED]),
        zh="".join(one.zh for one in broken[:MOST_NAMED]),
        rule=broken[0].rule,
        districts=tuple(dict.fromkeys(one.district for one in broken)),
        units=tuple(dict.fromkeys(unit for one in broken for unit in one.units)),
    )


def _named(things: Iterable[str]) -> str:
    things = list(things)
    more = f" … (+{len(things) - MOST_NAMED})" if len(things) > MOST_NAMED else ""
    return ", ".join(f"“{one}”" for one in things[:MOST_NAMED]) + more
