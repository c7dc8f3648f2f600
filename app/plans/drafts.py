"""Plans kept in memory between edits, brought up to date from the log before each use."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final

from sqlalchemy import Connection

from app.store.ground import read_ground
from app.store.plan_units import read_halves
from app.store.plans import PlanRow, read_draft, steps_after
from app.store.rows import Version, find_version
from spatial.errors import IndexMismatchError
from spatial.plans import Draft, Ground, PlanRules, take, with_halves

__all__ = ["Drafts"]

MOST_STEPS: Final = 200
"""A plan that is further behind is read from its tables instead."""


class Drafts:
    """The plans used last, and the ground that they are drawn on.

    The database decides: a plan in memory is only a quicker way to the state at the head that
    the caller's transaction sees.

    Parameters
    ----------
    keep_grounds, keep_plans : int
        So many of each stay in memory.
    """

    def __init__(self, *, keep_grounds: int = 3, keep_plans: int = 64) -> None:
        self.keep_grounds = keep_grounds
        self.keep_plans = keep_plans
        self._grounds: OrderedDict[int, Ground] = OrderedDict()
        self._plans: OrderedDict[int, tuple[int, Draft]] = OrderedDict()
        self._guard = threading.Lock()
        self._reading = threading.Lock()

    def ground(self, connection: Connection, version: Version) -> Ground:
        """Return what plans of one data version are drawn on."""
        found = self._known_ground(version.key)
        if found is not None:
            return found
        with self._reading:  # two questions at once read it once
            found = self._known_ground(version.key) or read_ground(connection, version)
            with self._guard:
                self._grounds[version.key] = found
                while len(self._grounds) > self.keep_grounds:
                    self._grounds.popitem(last=False)
        return found

    def at_head(self, connection: Connection, plan: PlanRow) -> Draft:
        """Return a plan at the head that its row names."""
        with self._guard:
            seq, draft = self._plans.get(plan.key, (-1, None))
        if draft is None or not plan.head - MOST_STEPS <= seq <= plan.head:
            draft = self._read(connection, plan)
        elif seq < plan.head:
            try:
                for one in steps_after(connection, plan, seq):
                    draft = take(draft, one["step"])
            except IndexMismatchError:  # e.g. units that were divided since
                draft = self._read(connection, plan)
        rules = PlanRules.from_record(plan.rules)
        if rules != draft.rules:
            draft = draft.with_rules(rules)
        self.keep(plan.key, plan.head, draft)
        return draft

    def keep(self, key: int, seq: int, draft: Draft) -> None:
        """Remember a plan's state, unless a later one is known already."""
        with self._guard:
            known = self._plans.get(key)
            if known is None or known[0] <= seq:
                self._plans[key] = (seq, draft)
            self._plans.move_to_end(key)
            while len(self._plans) > self.keep_plans:
                self._plans.popitem(last=False)

    def forget_all(self) -> None:
        """Read plans anew when they are asked for next."""
        with self._guard:
            self._plans.clear()

    def _known_ground(self, key: int) -> Ground | None:
        with self._guard:
            if key in self._grounds:
                self._grounds.move_to_end(key)
            return self._grounds.get(key)

    def _read(self, connection: Connection, plan: PlanRow) -> Draft:
        version = find_version(connection, plan.city_id, plan.data_version)
        ground = self.ground(connection, version)
        halves = read_halves(connection, plan)
        return read_draft(connection, plan, with_halves(ground, halves) if halves else ground)
