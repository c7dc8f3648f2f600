"""A plan as a frozen value, and the one way in which it changes: step by step, both ways."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.errors import IndexMismatchError
from spatial.plans.ground import Ground, Objects
from spatial.plans.rules import PlanRules

__all__ = ["District", "Draft", "Step", "step_between", "take"]


@dataclass(frozen=True, slots=True)
class District:
    """A district's own facts; who belongs to it stands in `Draft.label`."""

    id: str
    name: str
    colour: int = 0
    locked: bool = False

    def to_record(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"name": self.name, "colour": self.colour, "locked": self.locked}


@dataclass(frozen=True, eq=False)
class Draft:
    """A plan: which unit belongs to which district.

    Parameters
    ----------
    ground : Ground
        The units.
    districts : mapping of id to District
    label : array of object, shape (n,)
        District id of each unit; None = unassigned. There is no "district 0".
    locked : array of bool, shape (n,)
        Units that stay where they are.
    rules : PlanRules
    """

    ground: Ground
    districts: Mapping[str, District]
    label: Objects
    locked: npt.NDArray[np.bool_]
    rules: PlanRules = field(default_factory=PlanRules)
    legal: Any = None
    """Pairs of the ground that join a district, by the rules, shape (pairs,); worked out here."""

    def __post_init__(self) -> None:
        if self.legal is None:
            object.__setattr__(self, "legal", _legal(self.ground, self.rules))

    @classmethod
    def of(
        cls,
        ground: Ground,
        assignment: Mapping[str, str | None],
        districts: Iterable[District],
        *,
        rules: PlanRules,
        locked_units: Iterable[str] = (),
    ) -> Draft:
        """Make a plan from plain values; units that are not named are unassigned."""
        label = np.full(len(ground), None, dtype=object)
        for unit, district in assignment.items():
            label[_row(ground, unit)] = district
        locked = np.zeros(len(ground), dtype=bool)
        locked[[_row(ground, unit) for unit in locked_units]] = True
        known = {district.id: district for district in districts}
        strange = {one for one in label if one is not None} - set(known)
        if strange:
            raise IndexMismatchError(
                f"Units are assigned to districts that do not exist: {sorted(strange)[:5]}.",
                zh=f"有小区被分到不存在的片区:{sorted(strange)[:5]}。",
            )
        return cls(ground, known, label, locked, rules)

    def with_rules(self, rules: PlanRules) -> Draft:
        """Return the same plan under other rules."""
        return replace(self, rules=rules, legal=None)

    def assignment(self) -> dict[str, str | None]:
        """Return district (None = unassigned) by unit, resting units left out."""
        alive = self.ground.alive
        return dict(zip(self.ground.ids[alive], self.label[alive], strict=True))

    def members(self, districts: Iterable[str]) -> npt.NDArray[np.int64]:
        """Return the rows of all units of some districts, in order."""
        wanted = set(districts)
        if len(wanted) > 8:
            code, names = pd.factorize(self.label)
            chosen = np.array([name in wanted for name in names] + [False])
            return np.flatnonzero(chosen[code])
        found = np.zeros(len(self.label), dtype=bool)
        for district in wanted:
            found |= self.label == district
        return np.flatnonzero(found)


@dataclass(frozen=True, slots=True)
class Step:
    """What one revision changed: before and after of everything, so that it can be taken back.

    Parameters
    ----------
    units : mapping of unit to (before, after)
        District ids; None = unassigned.
    districts : mapping of id to (before, after)
        None = not there.
    locks, alive : mapping of unit to (before, after)
        Locked units; units that exist (pieces of a split one, and itself).
    """

    units: Mapping[str, tuple[str | None, str | None]] = field(default_factory=dict)
    districts: Mapping[str, tuple[District | None, District | None]] = field(default_factory=dict)
    locks: Mapping[str, tuple[bool, bool]] = field(default_factory=dict)
    alive: Mapping[str, tuple[bool, bool]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.units or self.districts or self.locks or self.alive)

    def reversed(self) -> Step:
        """Return the step that takes this one back."""
        return Step(
            units={key: (after, before) for key, (before, after) in self.units.items()},
            districts={key: (after, before) for key, (before, after) in self.districts.items()},
            locks={key: (after, before) for key, (before, after) in self.locks.items()},
            alive={key: (after, before) for key, (before, after) in self.alive.items()},
        )

    def touched(self) -> set[str]:
        """Return the districts that it concerns."""
        ends = {end for pair in self.units.values() for end in pair if end is not None}
        return ends | set(self.districts)

    def to_record(self) -> dict[str, Any]:
        """Return districts, locks and alive as plain JSON values (units are kept apart)."""

        def plain(district: District | None) -> dict[str, Any] | None:
            return None if district is None else district.to_record()

        return {
            "districts": {key: [plain(a), plain(b)] for key, (a, b) in self.districts.items()},
            "locks": {key: list(pair) for key, pair in self.locks.items()},
            "alive": {key: list(pair) for key, pair in self.alive.items()},
        }

    @classmethod
    def from_record(
        cls, units: Mapping[str, tuple[str | None, str | None]], record: Mapping[str, Any]
    ) -> Step:
        """Read a step back."""

        def district(key: str, plain: dict[str, Any] | None) -> District | None:
            return None if plain is None else District(key, **plain)

        return cls(
            units=units,
            districts={
                key: (district(key, a), district(key, b))
                for key, (a, b) in record.get("districts", {}).items()
            },
            locks={key: (bool(a), bool(b)) for key, (a, b) in record.get("locks", {}).items()},
            alive={key: (bool(a), bool(b)) for key, (a, b) in record.get("alive", {}).items()},
        )


def take(draft: Draft, step: Step) -> Draft:
    """Return the plan after a step.

    Raises
    ------
    IndexMismatchError
        If the plan is not the one that the step starts from: the message names what differs.
    """
    ground = draft.ground
    label, locked, alive = draft.label.copy(), draft.locked, ground.alive
    for unit, (before, after) in step.units.items():
        row = _row(ground, unit)
        _require_same(unit, label[row], before)
        label[row] = after
    if step.locks:
        locked = locked.copy()
        for unit, (was, shall) in step.locks.items():
            row = _row(ground, unit)
            _require_same(unit, bool(locked[row]), was)
            locked[row] = shall
    if step.alive:
        alive = alive.copy()
        for unit, (was, shall) in step.alive.items():
            row = _row(ground, unit)
            _require_same(unit, bool(alive[row]), was)
            alive[row] = shall
        ground = replace(ground, alive=alive)
    districts = draft.districts
    if step.districts:
        changed = dict(districts)
        for key, (old, new) in step.districts.items():
            _require_same(key, changed.get(key), old)
            if new is None:
                del changed[key]
            else:
                changed[key] = new
        districts = changed
    return replace(draft, ground=ground, districts=districts, label=label, locked=locked)


def step_between(now: Draft, then: Draft) -> Step:
    """Return the step that leads from one state of a plan to another.

    Both stand on the same units; those that rest in one of them count as divided or healed.
    """
    ids = now.ground.ids
    moved = np.flatnonzero(now.label != then.label)
    locks = np.flatnonzero(now.locked != then.locked)
    alive = np.flatnonzero(now.ground.alive != then.ground.alive)
    keys = [*now.districts, *(key for key in then.districts if key not in now.districts)]
    return Step(
        units={str(ids[row]): (now.label[row], then.label[row]) for row in moved},
        districts={
            key: (now.districts.get(key), then.districts.get(key))
            for key in keys
            if now.districts.get(key) != then.districts.get(key)
        },
        locks={str(ids[row]): (bool(now.locked[row]), bool(then.locked[row])) for row in locks},
        alive={
            str(ids[row]): (bool(now.ground.alive[row]), bool(then.ground.alive[row]))
            for row in alive
        },
    )


def _legal(ground: Ground, rules: PlanRules) -> npt.NDArray[np.bool_]:
    pairs = ground.pairs
    legal = pairs.linked & ~np.isin(pairs.barrier.astype(str), list(rules.cut_barriers))
    if rules.max_link_walk_m is not None:
        legal &= ~(pairs.walk_m > rules.max_link_walk_m)
    return legal


def _require_same(what: str, found: Any, expected: Any) -> None:
    if found != expected:
        raise IndexMismatchError(
            f"`{what}` is {found!r} now, not {expected!r} as the step says.",
            zh=f"“{what}”现为 {found!r},与该步骤记录的 {expected!r} 不符。",
        )


def _row(ground: Ground, unit: str) -> int:
    row = ground.row_of.get(unit)
    if row is None:
        raise IndexMismatchError(
            f"There is no neighbourhood `{unit}` in this plan.", zh=f"该方案中没有小区 `{unit}`。"
        )
    return row
