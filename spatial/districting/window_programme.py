"""The linear programme of one window: prices and charges as changes of those that hold.

The cost of a district is its reduced cost, and the slack of a cut costs its charge. All costs are
at least 0, so a basis of districts that cost nothing is dual feasible: the simplex method begins
where the programmes before have ended around here.
"""

from __future__ import annotations

from typing import Any, Final

import highspy
import numpy as np
import numpy.typing as npt

from spatial.districting.cut_kernels import columns, index_cuts, rows_of, some_of
from spatial.districting.cut_search import broken_cuts
from spatial.districting.cuts import Cuts, worth_of

__all__ = ["ROUNDING", "Change", "WindowProgramme"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
ROUNDING: Final = 1e-7
NOTHING: Final = 1e-9
"""Reduced cost of a district that a plan of the programme before may have used."""
SLIGHT: Final = 1e-6
"""A district of which so little is taken, or left, breaks no cut worth having."""
PRICINGS: Final = 20
"""So often districts that were missed are taken in, between two rounds of cuts."""
Change = tuple[Floats, Floats, Cuts]
"""What is added to the price of each atom and to the charge of each cut; old cuts come first."""


class WindowProgramme:
    """Districts and cuts of one window, of which ever more are in the solver.

    Parameters
    ----------
    members, start, cost : arrays
        Districts by their atoms inside, and their reduced costs, at least 0.
    atoms : int
    cuts, charge
        Those that hold already.
    """

    def __init__(
        self, members: Ints, start: Ints, cost: Floats, atoms: int, cuts: Cuts, charge: Floats
    ) -> None:
        self.members, self.start, self.cost = members, start, cost
        self.atoms, self.cuts, self.old = atoms, cuts, len(cuts)
        self.held = np.zeros(0, dtype=np.int64)
        self.inside = np.zeros(len(cost), dtype=bool)
        self.solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        for name, value in (("output_flag", False), ("threads", 1), ("presolve", "off")):
            self.solver.setOptionValue(name, value)
        self.solver.setOptionValue("solver", "simplex")
        self.solver.setOptionValue("simplex_strategy", 0)  # primal after new districts
        bound = np.concatenate([np.ones(atoms), cuts.room])
        none = np.zeros(0, dtype=np.int32)
        self.solver.addRows(len(bound), bound, bound, 0, none, none, np.zeros(0))
        if self.old:
            row = np.arange(self.old, dtype=np.int32)
            self._add_columns(charge, row, atoms + row, np.ones(self.old))

    def _add_columns(self, cost: Floats, begin: Any, row: Any, value: Floats) -> None:
        none, open_end = np.zeros(len(cost)), np.full(len(cost), highspy.kHighsInf)
        self.solver.addCols(len(cost), cost, none, open_end, len(row), begin, row, value)

    def add(self, which: Ints) -> None:
        """Take districts in."""
        which = which[~self.inside[which]]
        self.inside[which] = True
        self.held = np.concatenate([self.held, which])
        some = some_of(self.members, self.start, which)
        index = index_cuts(self.cuts.atoms, self.atoms)
        begin, row, value = columns(*some, index, self.cuts.shares, self.cuts.whole, self.atoms)
        self._add_columns(self.cost[which], begin[:-1], row, value)

    def begin_with_cheapest(self) -> None:
        """Begin with a basis of districts that cost nothing; the solver fills it up with rows."""
        status = highspy.HighsBasisStatus
        basis: Any = highspy.HighsBasis()
        basic = (self.cost[self.held] <= NOTHING).tolist()
        of_districts = [status.kBasic if free else status.kLower for free in basic]
        basis.col_status = [status.kLower] * self.old + of_districts
        basis.row_status = [status.kUpper] * (self.atoms + self.old)
        basis.valid = basis.alien = True
        self.solver.setBasis(basis)

    def _cut(self, new: Cuts) -> None:
        some = some_of(self.members, self.start, self.held)
        index = index_cuts(new.atoms, self.atoms)
        begin, district, value = rows_of(*some, index, new.shares, new.whole)
        open_end = np.full(len(new), -highspy.kHighsInf)
        column = district + np.int32(self.old)
        self.solver.addRows(len(new), open_end, new.room, len(column), begin[:-1], column, value)
        self.cuts = self.cuts.with_more(new)

    def raised(self, rounds: int) -> Change | None:
        """Return changes after rounds of cuts; None where the programme cannot be solved."""
        best: Change | None = None
        for turn in range(rounds + 1):
            found = self._solved()
            if found is None:
                break
            best = (*found, self.cuts)
            if turn == rounds:
                break
            part = np.array(self.solver.getSolution().col_value)[self.old :]
            some = (part > SLIGHT) & (part < 1.0 - SLIGHT)
            members, start = some_of(self.members, self.start, self.held[some])
            new = broken_cuts(members, start, part[some], self.atoms, only_triples=turn < 1)
            if not len(new):
                break
            self._cut(new)
        return best

    def _solved(self) -> tuple[Floats, Floats] | None:
        """Prices and charges for which no district is missed, as far as `PRICINGS` go."""
        for _ in range(PRICINGS):
            self.solver.run()
            if self.solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                return None
            dual = np.array(self.solver.getSolution().row_dual)
            price, charge = dual[: self.atoms], -dual[self.atoms :]
            charge[self.old :] = np.maximum(charge[self.old :], 0.0)
            left = self.cost - worth_of(self.members, self.start, price, charge, self.cuts)
            left[self.inside] = 0.0
            missed = np.flatnonzero(left < -ROUNDING)
            if not len(missed):
                break
            self.add(missed[np.argsort(left[missed], kind="stable")[: 2 * self.atoms]])
        return price, charge
