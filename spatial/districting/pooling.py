"""Whose gaps close when a district pools what its members have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Pooling"]


@dataclass(frozen=True, slots=True, eq=False)
class Pooling:
    """Pairs of neighbourhoods of which one closes gaps of the other when they share a district.

    Parameters
    ----------
    kinds : tuple of str, at most 64
        Bit ``k`` stands for ``kinds[k]``.
    row, other : arrays of int, shape (p,)
        ``other`` offers to ``row``; both are rows of the problem's neighbourhoods.
    bits : array of uint64, shape (p,)
        Kinds that `row` misses and would then have within its limit.
    persons : array, shape (n,)
        Residents of every neighbourhood.
    """

    kinds: tuple[str, ...]
    row: npt.NDArray[np.int64]
    other: npt.NDArray[np.int64]
    bits: npt.NDArray[np.uint64]
    persons: npt.NDArray[np.float64]
