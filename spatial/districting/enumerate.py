"""All legal districts of a part of the city, each with its exact score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spatial.districting.enumerate_kernels import grow_districts
from spatial.districting.problem import Problem

__all__ = ["Pool", "enumerate_districts"]


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Districts to choose from; district ``j`` is ``members[start[j]:start[j + 1]]``.

    Parameters
    ----------
    members : array of int32
        Atoms of the problem.
    start : array of int64, shape (districts + 1,)
    score : array, shape (districts,)
    complete : bool
        All legal districts of these atoms are here; otherwise there were more than the cap.
    """

    members: npt.NDArray[np.int32]
    start: npt.NDArray[np.int64]
    score: npt.NDArray[np.float64]
    complete: bool

    def __len__(self) -> int:
        return len(self.score)

    def district(self, number: int) -> npt.NDArray[np.int32]:
        """Return the atoms of one district."""
        return self.members[self.start[number] : self.start[number + 1]]

    def take(self, numbers: npt.NDArray[Any]) -> Pool:
        """Return some of the districts, in this order."""
        size = np.diff(self.start)[numbers]
        start = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
        place = np.repeat(self.start[numbers] - start[:-1], size) + np.arange(start[-1])
        return Pool(self.members[place], start, self.score[numbers], complete=False)


def enumerate_districts(problem: Problem, atoms: npt.NDArray[Any], *, cap: int) -> Pool:
    """Return every legal district made of some atoms only.

    A district is legal when it hangs together and keeps every maximum, the distance limit, street
    offices, locks and pairs kept apart; one of several atoms also keeps the minimum, where that is
    a hard rule. Every atom alone is there, even one above a maximum.

    Parameters
    ----------
    problem : Problem
    atoms : array of int
        One component, a window of one, or all.
    cap : int
        Give up when there are more.

    Returns
    -------
    Pool

    Examples
    --------
    >>> row = Problem.from_arrays(np.array([[0, 1], [1, 2]]), np.zeros((3, 1)))
    >>> pool = enumerate_districts(row, np.arange(3), cap=100)
    >>> [pool.district(j).tolist() for j in range(len(pool))]
    [[0], [0, 1], [0, 1, 2], [1], [1, 2], [2]]
    """
    roots = np.sort(np.asarray(atoms, dtype=np.int64))
    allowed = np.zeros(problem.atoms, dtype=np.bool_)
    allowed[roots] = True
    return Pool(*grow_districts(problem.flat, roots, allowed, cap))
