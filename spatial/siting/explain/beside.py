"""What plans beside a known one are worth: only kinds in which they differ are served anew."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spatial.siting.solver.core import NEVER, Core, Worth, parts_of
from spatial.siting.solver.service import serve

__all__ = ["Beside", "beside"]

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Beside:
    """A known plan and what it is worth; no site serves two kinds, so each kind is by itself."""

    core: Core
    year: Longs
    worth: Worth
    site_kind: Longs  # of options' sites, then of what stands; -1: reaches nobody

    def worth_of(self, year: Longs) -> Worth:
        """Return what a plan is worth, as :func:`worth_of` does to the last digit; without flow."""
        served = self.worth.served.copy()
        for kind in np.unique(self.core.kind[year != self.year]):
            self._serve_anew(served, year, int(kind))
        flow = np.zeros((self.core.years, 0))
        return Worth(served, flow, parts_of(self.core, year, served))

    def _serve_anew(self, served: Floats, year: Longs, kind: int) -> None:
        """Put in who of a kind is served in each year."""
        core = self.core
        groups = np.flatnonzero(core.group_kind == kind)
        if not len(groups):
            return
        number = np.zeros(len(core.persons), dtype=np.int32)
        number[groups] = np.arange(len(groups))
        mine, chosen = self.site_kind == kind, year != NEVER
        for t in range(core.years):
            last_wanted = t == core.years - 1 and core.wanted.any()
            if t and not (chosen & (year == t)).any() and not last_wanted:
                served[t, groups] = served[t - 1, groups]
                continue
            room = np.zeros(core.sites + len(core.old_capacity))
            now = chosen & (year <= t)
            np.add.at(room, core.site[now], core.capacity[now])
            room[core.sites :] = core.old_capacity
            first = core.first_served if last_wanted else core.weight
            sites = np.flatnonzero(mine & (room > 0))
            many = core.start[sites + 1] - core.start[sites]
            start = np.concatenate([[0], np.cumsum(many)])
            pair = np.arange(start[-1]) + np.repeat(core.start[sites] - start[:-1], many)
            served[t, groups] = serve(
                start, number[core.group[pair]], room[sites], core.persons[groups], first[groups]
            )[0]


def beside(core: Core, year: Longs, worth: Worth) -> Beside:
    """Make ready to compare plans with a known one."""
    kind = np.full(len(core.start) - 1, -1, dtype=np.int64)
    reaching = np.flatnonzero(np.diff(core.start) > 0)
    kind[reaching] = core.group_kind[core.group[core.start[reaching]]]
    return Beside(core, year, worth, kind)
