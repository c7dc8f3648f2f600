"""Random numbers for compiled searches: a state that is passed on, never a global seed."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

__all__ = ["below", "dice", "uniform"]

_jit: Any = numba.njit(cache=True, nogil=True)


def dice(seed: int, stream: int = 0) -> npt.NDArray[np.uint64]:
    """Return the state of a generator, shape (1,); the same seed and stream, the same numbers.

    Examples
    --------
    >>> dice(7, 1).shape
    (1,)
    """
    mixed = (_scattered(seed) + stream * 0xD1B54A32D192ED03 + 0x2545F4914F6CDD1D) % 2**64
    return np.array([mixed], np.uint64)


def _scattered(seed: int) -> int:
    """Spread seeds: those side by side would else give the same numbers, shifted by one."""
    z = seed % 2**64
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
    return z ^ (z >> 31)


@_jit
def _next(state: Any) -> Any:
    """Splitmix64: G. L. Steele, D. Lea, C. H. Flood (2014), OOPSLA, 453-472."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@_jit
def uniform(state: Any) -> float:
    """Return a number in [0, 1)."""
    return np.float64(_next(state) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@_jit
def below(state: Any, n: int) -> Any:
    """Return a whole number in 0 … n − 1, n below 2³²."""
    return np.int64(((_next(state) >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32))
