"""Payments in whole fen: from a program solved in floating point to sums that are exact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["FEN", "whole_fens"]

FEN: Final = 100.0
TINY_FEN: Final = 1e-4
"""Sums of whole fen carry errors of floating point far below this."""


def whole_fens(
    paid_yuan: npt.NDArray[np.float64],
    room_of: Sequence[npt.NDArray[np.int64]],
    weights: Sequence[npt.NDArray[np.float64]],
    bounds_yuan: npt.NDArray[np.float64],
    order: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """Round payments to the fen so that no bound is passed, then pay what the rounding left.

    Parameters
    ----------
    paid_yuan : array of float, shape (v,)
        Payments that keep the bounds but for the tolerance of the solver.
    room_of, weights : sequence of arrays, one for each payment
        Rows of the bounds that the payment uses, and with which weight; a negative weight makes
        room.
    bounds_yuan : array of float, shape (b,)
    order : array of int, shape (v,)
        In which order payments are made; those that make room stand before those that need it.

    Returns
    -------
    array of float, shape (v,)
        Yuan, whole fen.

    Examples
    --------
    Two payments into one line of 1 yuan, a little too much together:

    >>> one = np.array([0])
    >>> whole_fens(np.array([0.7000001, 0.3000002]), [one, one], [np.ones(1)] * 2,
    ...            np.array([1.0]), np.arange(2)).tolist()
    [0.7, 0.3]
    """
    left = bounds_yuan * FEN
    fens = np.zeros(len(paid_yuan))
    for asked in (np.round(paid_yuan * FEN), np.full(len(paid_yuan), np.inf)):
        for row in order:
            weight, rooms = weights[row], room_of[row]
            uses = weight > 0
            most = (left[rooms[uses]] / weight[uses]).min(initial=np.inf)
            more = np.floor(min(asked[row], most) + TINY_FEN)
            if more > 0 and np.isfinite(more):
                fens[row] += more
                left[rooms] -= weight * more
    return fens / FEN
