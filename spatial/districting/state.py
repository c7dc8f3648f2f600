"""A plan that answers at once: what a move, merge or split would change, and which rules it breaks.

The kernels are those of the search (`standing.py`), so the drawing table and the search never
disagree. Evaluating changes nothing; `apply` does, and `undo` takes the last change back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.districting import standing as kernels
from spatial.districting.problem import Problem
from spatial.districting.standing import Standing, bare, standing
from spatial.errors import IndexMismatchError

__all__ = ["RULES", "Effect", "PlanState"]

RULES: Final = {
    kernels.CONTIGUITY: "contiguity",
    kernels.MAXIMUM: "maximum",
    kernels.MINIMUM: "minimum",
    kernels.DISTANCE: "max_distance_m",
    kernels.APART: "must_not_join",
    kernels.OFFICE: "same_subdistrict",
    kernels.LOCKED: "locks",
}
"""Bits of broken rules, in the words of `broken_rules`."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change would do.

    Parameters
    ----------
    change : float
        Of the plan's value; below 0 is better.
    contiguous : bool
        Every district that it touches stays in one piece.
    broken : tuple of str
        Hard rules that the touched districts would break, see `RULES`.
    """

    change: float
    contiguous: bool
    broken: tuple[str, ...]


class PlanState:
    """A plan whose sums are kept up change by change.

    Parameters
    ----------
    problem : Problem
    label : array of int, shape (atoms,)
        Atoms of one number share a district; −1 stands alone. It need not be legal.

    Examples
    --------
    >>> row = Problem.from_arrays(np.array([[0, 1], [1, 2]]), np.array([[0.0], [0.0], [3.0]]))
    >>> plan = PlanState(row, np.array([0, 0, -1]))
    >>> plan.value, plan.move(2, to=0)
    (2.0, Effect(change=5.0, contiguous=True, broken=()))
    >>> plan.apply_move(2, to=0); plan.value, plan.undo(), plan.value
    (7.0, True, 2.0)
    """

    def __init__(self, problem: Problem, label: npt.NDArray[Any]) -> None:
        if len(label) != problem.atoms:
            raise IndexMismatchError(
                f"`label` has {len(label)} entries; the problem has {problem.atoms} atoms.",
                zh=f"“label”有 {len(label)} 项;问题有 {problem.atoms} 个单元。",
            )
        self.problem = problem
        self._plan: Standing = standing(problem, label)
        self._undo: list[list[tuple[int, int]]] = []

    @property
    def label(self) -> npt.NDArray[np.int64]:
        """District of every atom, numbered by their first atom; a lone atom has its own."""
        return pd.factorize(self._plan.label)[0].astype(np.int64)

    @property
    def value(self) -> float:
        """Value of the plan."""
        return float(kernels.total_score(self._plan))

    def members(self, atom: int) -> npt.NDArray[np.int64]:
        """Return the atoms of an atom's district, itself included."""
        return np.flatnonzero(self._plan.label == self._plan.label[atom])

    def move(self, atom: int, *, to: int | None) -> Effect:
        """Tell what it would do to move `atom` into the district of atom `to`; None: alone."""
        target = self._target(to)
        if target < 0:
            return Effect(0.0, contiguous=True, broken=())
        return _effect(*kernels.change_of_move(self._plan, atom, target))

    def merge(self, one: int, other: int) -> Effect:
        """Tell what it would do to join the districts of two atoms."""
        a, b = self._plan.label[one], self._plan.label[other]
        return _effect(*kernels.change_of_merge(self._plan, a, b))

    def split(self, part: npt.NDArray[Any]) -> Effect:
        """Tell what it would do to make `part`, atoms of one district, a district of its own."""
        before, mine = self.value, int(part[0])
        rest = np.setdiff1d(self.members(mine), part)
        self.apply_split(part)
        broken = self._rules_of(np.append(rest[:1], mine))
        change = self.value - before
        self.undo()
        return _effect(change, broken)

    def moves(self, atoms: npt.NDArray[Any], to: npt.NDArray[Any]) -> pd.DataFrame:
        """Tell what many single moves would do, each on its own.

        Returns
        -------
        DataFrame
            ``change, broken``; `broken` as the sum of the bits of `RULES`.
        """
        change = np.zeros(len(atoms))
        broken = np.zeros(len(atoms), np.int64)
        _evaluate(self._plan, np.asarray(atoms), np.asarray(to), change, broken)
        return pd.DataFrame({"change": change, "broken": broken})

    def apply_move(self, atom: int, *, to: int | None) -> None:
        """Move an atom into the district of atom `to`; None: it stands alone."""
        self._apply(np.array([atom]), self._target(to))

    def apply_merge(self, one: int, other: int) -> None:
        """Join the district of `other` to that of `one`."""
        self._apply(self.members(other), int(self._plan.label[one]))

    def apply_split(self, part: npt.NDArray[Any]) -> None:
        """Make atoms of one district a district of their own."""
        inside = np.unique(np.asarray(part, dtype=np.int64))
        home = np.unique(self._plan.label[inside])
        if len(home) != 1:
            raise IndexMismatchError(
                f"A split is of one district; these atoms are of {len(home)}.",
                zh=f"只能拆分一个片区;这些单元属于 {len(home)} 个片区。",
            )
        if len(inside) == self._plan.members[home[0]]:
            self._undo.append([])
            return
        self._apply(inside, int(kernels.free_slot(self._plan)))

    def undo(self) -> bool:
        """Take the last change back; False where there is none."""
        if not self._undo:
            return False
        for atom, district in reversed(self._undo.pop()):
            kernels.move(self._plan, atom, district)
        return True

    def _target(self, to: int | None) -> int:
        if to is not None:
            return int(self._plan.label[to])
        return int(kernels.free_slot(self._plan)) if self._plan.frees[0] else -1  # all alone

    def _apply(self, atoms: npt.NDArray[Any], district: int) -> None:
        log = []
        for atom in atoms.tolist():
            home = int(self._plan.label[atom])
            if district < 0 or home == district:
                continue
            log.append((atom, home))
            kernels.move(self._plan, atom, district)
        self._undo.append(log)

    def _rules_of(self, atoms: npt.NDArray[Any]) -> int:
        bits = 0
        for atom in atoms.tolist():
            bits |= int(kernels.rules_of(self._plan, int(self._plan.label[atom])))
        return bits


def _effect(change: float, broken: int) -> Effect:
    names = tuple(name for bit, name in RULES.items() if broken & bit)
    return Effect(float(change), not broken & kernels.CONTIGUITY, names)


@bare
def _evaluate(plan: Any, atoms: Any, to: Any, change: Any, broken: Any) -> None:
    for k in range(atoms.shape[0]):
        change[k], broken[k] = kernels.change_of_move(plan, atoms[k], plan.label[to[k]])
