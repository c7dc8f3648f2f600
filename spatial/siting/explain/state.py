"""A plan laid over its arrays: what room its rules leave, and what one more option would add."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from spatial.siting.explain.beside import Beside, beside
from spatial.siting.plan import SitingPlan
from spatial.siting.rules import SitingWeights
from spatial.siting.solver.core import NEVER, Core, Worth, worth_of
from spatial.siting.solver.kernels import gains_alone, year_that_fits
from spatial.siting.solver.proof import Ready

__all__ = ["Ground", "State", "state_of"]

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
SLACK = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """A plan (`year` of each option of the core, NEVER where not chosen), and its worth."""

    ready: Ready
    year: Longs
    worth: Worth
    weights: SitingWeights
    known: Beside

    def worth_with(self, year: Longs) -> Worth:
        """Return what a plan beside this one is worth; without flow."""
        return self.known.worth_of(year)

    def aim(self, worth: Worth) -> float:
        """Return what a plan is worth by the aim."""
        return worth.value(self.weights)

    def gains(self) -> Floats:
        """Return the weighted persons that each option would newly serve in the last year."""
        core = self.ready.core
        left = np.maximum(core.persons - self.worth.served[-1], 0.0)
        return np.asarray(
            gains_alone(core.start, core.group, left, core.weight, core.site, core.capacity)
        )

    def ground(self) -> Ground:
        """Return what each rule leaves free, and what the lower limits still want."""
        core, structure = self.ready.core, self.ready.structure
        t = np.arange(core.years)[:, None]
        is_open = ((self.year != NEVER) & (self.year <= t)).ravel()
        used = np.asarray(structure.matrix @ is_open.astype(float))
        room = np.where(np.isinf(structure.upper), np.inf, structure.upper - used)
        return Ground(core, structure.matrix.tocsc(), room, structure.lower - used)


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """Room under every rule, by which it is told whether one more option fits."""

    core: Core
    columns: sparse.csc_array
    room: Floats
    missing: Floats

    def year_for(self, o: int) -> int:
        """Return the first year in which an option could be added, NEVER if no rule lets it in.

        Lower limits that the plan misses must be met by it.
        """
        core, columns = self.core, self.columns
        rows = columns.indptr, columns.indices, columns.data, self.room
        year = int(year_that_fits(rows, len(core.option), core.years, o, int(core.earliest[o])))
        short = np.flatnonzero(self.missing > SLACK)
        if year != NEVER and len(short):
            last = (core.years - 1) * len(core.option) + o
            adds = columns[:, [last]].toarray().ravel()
            if (adds[short] < self.missing[short] - SLACK).any():
                return NEVER
        return year


def state_of(ready: Ready, plan: SitingPlan) -> State:
    """Lay a plan over its arrays."""
    core = ready.core
    year = core.standing(plan.years)
    order = core.problem.rules.order
    weights = SitingWeights.only(order[0]) if order else core.problem.rules.weights
    worth = worth_of(core, year)
    return State(ready, year, worth, weights, beside(core, year, worth))
