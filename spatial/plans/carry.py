"""A plan carried over to other units: usually those of a city that was analysed anew."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from spatial.plans.model import Draft
from spatial.plans.rules import PlanRules

__all__ = ["Carried", "carry"]


@dataclass(frozen=True, slots=True)
class Carried:
    """What of a plan fits other units, and what does not.

    Parameters
    ----------
    assignment : dict of unit to district or None
        Of all new units.
    locked_units : frozenset of str
    rules : PlanRules
        Without groups and pairs about neighbourhoods that are gone.
    unknown : tuple of (unit, district or None)
        Neighbourhoods of the plan that are not there any more.
    added : tuple of str
        New units that the plan did not know; they belong to no district.
    joined : tuple of str
        Neighbourhoods that were divided in the plan, whole again: in the district of most of
        their area.
    dropped_rules : int
        Groups of ``must_join`` and pairs of ``must_not_join`` that went, or lost a member.
    """

    assignment: dict[str, str | None]
    locked_units: frozenset[str]
    rules: PlanRules
    unknown: tuple[tuple[str, str | None], ...]
    added: tuple[str, ...]
    joined: tuple[str, ...]
    dropped_rules: int


def carry(draft: Draft, units: Collection[str]) -> Carried:
    """Carry a plan over to other units, neighbourhood by neighbourhood, by their ids.

    Parameters
    ----------
    draft : Draft
    units : collection of str
        Neighbourhoods that there are now.

    Returns
    -------
    Carried
        Every district of the plan goes on, also one that lost all of its members.
    """
    then, locked, joined = _neighbourhoods(draft)
    wanted = [str(unit) for unit in units]
    there = set(wanted)
    rules, dropped = _rules(draft.rules, there)
    return Carried(
        assignment={unit: then.get(unit) for unit in wanted},
        locked_units=frozenset(locked & there),
        rules=rules,
        unknown=tuple(sorted((u, d) for u, d in then.items() if u not in there)),
        added=tuple(sorted(there - set(then))),
        joined=tuple(sorted(joined & there)),
        dropped_rules=dropped,
    )


def _neighbourhoods(draft: Draft) -> tuple[dict[str, str | None], set[str], set[str]]:
    """District of every neighbourhood, pieces taken together; which are locked, and divided."""
    ground = draft.ground
    area_m2 = np.nan_to_num(ground.area_m2)
    root = np.arange(len(ground))
    while (ground.parent[root] >= 0).any():  # a piece may have been divided again
        root = np.where(ground.parent[root] >= 0, ground.parent[root], root)
    held: dict[int, dict[str | None, float]] = {}
    locked: dict[int, bool] = {}
    divided: set[int] = set()
    for row in np.flatnonzero(ground.alive).tolist():
        of = int(root[row])
        area = held.setdefault(of, {})
        key = draft.label[row]
        area[key] = area.get(key, 0.0) + float(area_m2[row])
        locked[of] = locked.get(of, True) and bool(draft.locked[row])
        if of != row:
            divided.add(of)
    names = ground.ids
    then = {
        str(names[of]): max(sorted(area, key=str), key=area.__getitem__)
        for of, area in held.items()
    }
    return (
        then,
        {str(names[of]) for of, is_locked in locked.items() if is_locked},
        {str(names[of]) for of in divided},
    )


def _rules(rules: PlanRules, there: Collection[str]) -> tuple[PlanRules, int]:
    groups = [tuple(unit for unit in group if unit in there) for group in rules.must_join]
    pairs = tuple(pair for pair in rules.must_not_join if set(pair) <= set(there))
    changed = sum(one != now for one, now in zip(rules.must_join, groups, strict=True))
    kept = tuple(group for group in groups if len(group) > 1)
    lost = len(rules.must_not_join) - len(pairs)
    return replace(rules, must_join=kept, must_not_join=pairs), changed + lost
