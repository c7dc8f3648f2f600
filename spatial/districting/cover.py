"""What is to be covered by districts of a pool, and how long that may go on."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spatial.districting.effort import Effort
from spatial.districting.enumerate import Pool

__all__ = ["Cover", "cover_of"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Cover:
    """The pool with atoms numbered from 0, and the state of the work."""

    pool: Pool
    atoms: int
    links: tuple[Ints, npt.NDArray[np.int32]]
    effort: Effort
    ends_at: float

    @property
    def arrays(self) -> tuple[Any, Any, Floats]:
        """Members, start and score of all districts."""
        return self.pool.members, self.pool.start, self.pool.score

    def left_s(self) -> float | None:
        """Seconds left by the clock; None where there is no end."""
        if self.effort.time_limit_s is None:
            return None
        return self.ends_at - time.monotonic()

    def over(self) -> bool:
        """Whether the time is up."""
        left = self.left_s()
        return left is not None and left <= 0


def cover_of(
    pool: Pool, atoms: npt.NDArray[Any], links: Any, effort: Effort, ends_at: float
) -> Cover:
    """Return a part with its atoms numbered from 0, and the links among them.

    Parameters
    ----------
    pool : Pool
    atoms : array of int
        Numbers of the whole problem.
    links : start, neighbour
        CSR of the whole problem.
    effort : Effort
    ends_at : float
        By :func:`time.monotonic`; read where the effort has a time limit.
    """
    order = np.sort(atoms.astype(np.int64))
    place = np.full(len(links[0]) - 1, -1, dtype=np.int64)
    place[order] = np.arange(len(order))
    degree = np.diff(links[0])[order]
    row = np.repeat(np.arange(len(order)), degree)
    at = np.repeat(links[0][order], degree) + np.arange(len(row))
    at -= np.repeat(np.cumsum(degree) - degree, degree)
    other = place[links[1][at]]
    row, other = row[other >= 0], other[other >= 0]
    start = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(order)))])
    inner = Pool(place[pool.members].astype(np.int32), pool.start, pool.score, pool.complete)
    near = (start.astype(np.int64), other.astype(np.int32))
    return Cover(inner, len(order), near, effort, ends_at)
