"""Work on many geometries, a slice of them on each core, as if it were done at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from spatial.cores import in_order, slices

__all__ = ["ROWS_AT_ONCE", "by_slices"]

ROWS_AT_ONCE: Final = 20_000
"""Rows that one core works on together."""


def by_slices(
    work: Callable[..., npt.NDArray[Any]], *columns: npt.NDArray[Any], size: int = ROWS_AT_ONCE
) -> npt.NDArray[Any]:
    """Return ``work(*columns)``, where each row of the answer follows from its row alone.

    Parameters
    ----------
    work : callable
        Leaves the interpreter free while it works, as the functions of shapely do.
    *columns : array, shape (n, ...)
    size : int
        Rows of one slice.

    Examples
    --------
    >>> by_slices(np.add, np.arange(5), np.arange(5), size=2).tolist()
    [0, 2, 4, 6, 8]
    """
    count = len(columns[0])
    if count <= size:
        return work(*columns)
    parts = in_order(lambda rows: work(*(column[rows] for column in columns)), slices(count, size))
    return np.concatenate(list(parts))
