"""What of a given plan can be kept: its legal districts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from spatial.districting.problem import Problem
from spatial.districting.score import districts_of
from spatial.districting.score_kernels import legal

__all__ = ["legal_districts", "pieces"]

Ints = npt.NDArray[np.int64]


def legal_districts(problem: Problem, label: npt.NDArray) -> list[Ints]:
    """Return the districts of a plan, each legal, covering every atom.

    One that falls into pieces is taken as its pieces; one that breaks another rule, as atoms
    that stand alone.

    Examples
    --------
    >>> row = Problem.from_arrays(np.array([[0, 1], [1, 2]]), np.zeros((3, 1)))
    >>> [d.tolist() for d in legal_districts(row, np.array([7, -1, 7]))]
    [[0], [1], [2]]
    """
    inside = np.zeros(problem.atoms, dtype=np.bool_)
    kept: list[Ints] = []
    for members in districts_of(label):
        for piece in pieces(problem, members):
            stack = np.zeros(len(piece), dtype=np.int64)
            if legal(problem.flat, piece, inside, stack):
                kept.append(piece)
            else:
                kept += list(piece[:, None])
    return sorted(kept, key=lambda district: int(district[0]))


def pieces(problem: Problem, members: Ints) -> list[Ints]:
    """Return the connected pieces of some atoms."""
    if len(members) < 2:
        return [members]
    flat = problem.flat
    place = {int(atom): i for i, atom in enumerate(members)}
    ends = [
        (i, place[int(other)])
        for i, atom in enumerate(members)
        for other in flat.neighbour[flat.start[atom] : flat.start[atom + 1]]
        if int(other) in place
    ]
    first, second = np.array(ends, dtype=np.int64).reshape(-1, 2).T
    graph = coo_array((np.ones(len(first)), (first, second)), shape=(len(members),) * 2)
    count, piece = connected_components(graph, directed=False)
    return [members[piece == number] for number in range(count)]
