"""How much a destination still counts when it is farther away."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from spatial.errors import StandardsError
from spatial.reach.kernels import Array
from spatial.reach.kernels import _jit as jit

__all__ = [
    "Decay",
    "exponential",
    "gaussian",
    "gaussian_to_zero",
    "inverse_power",
    "linear",
    "steps",
    "within",
]

Floats = npt.NDArray[np.float64]
Form = Literal["steps", "linear", "exponential", "gaussian", "gaussian_to_zero", "inverse_power"]

STEPS: Final = 0
LINEAR: Final = 1
EXPONENTIAL: Final = 2
GAUSSIAN: Final = 3
GAUSSIAN_TO_ZERO: Final = 4
INVERSE_POWER: Final = 5
_CODES: Final = {
    "steps": STEPS,
    "linear": LINEAR,
    "exponential": EXPONENTIAL,
    "gaussian": GAUSSIAN,
    "gaussian_to_zero": GAUSSIAN_TO_ZERO,
    "inverse_power": INVERSE_POWER,
}
AT_LIMIT: Final = math.exp(-0.5)
"""What the plain Gaussian still is at its bandwidth; the one that goes to zero takes it off."""
PER_UNIT: Final = 0.001
"""Metres of a millimetre, seconds of a millisecond."""


@dataclass(frozen=True, slots=True)
class Decay:
    """A weight between 0 and 1 that falls with distance (metres) or time (seconds).

    Call it with an array of costs. Make one with :func:`within`, :func:`steps`, :func:`linear`,
    :func:`exponential`, :func:`gaussian`, :func:`gaussian_to_zero` or :func:`inverse_power`.
    """

    form: Form
    scale: float = 1.0
    exponent: float = 1.0
    limits: tuple[float, ...] = ()
    weights: tuple[float, ...] = ()

    def __call__(self, cost: Any) -> Floats:
        """Weight of each cost; a cost that is missing weighs nothing."""
        d = np.asarray(cost, dtype=np.float64)
        if self.form == "steps":
            # A limit holds to the thousandth, as everywhere: 300.0004 m is within 300 m.
            whole = np.rint(d / PER_UNIT)
            at = np.searchsorted(np.rint(np.array(self.limits) / PER_UNIT), whole)
            weight = np.append(self.weights, 0.0)[at]
        elif self.form == "linear":
            weight = np.maximum(1.0 - d / self.scale, 0.0)
        elif self.form == "exponential":
            weight = np.exp(-d / self.scale)
        elif self.form == "gaussian":
            weight = np.exp(-0.5 * (d / self.scale) ** 2)
        elif self.form == "gaussian_to_zero":
            bell = np.exp(-0.5 * (d / self.scale) ** 2)
            weight = np.maximum((bell - AT_LIMIT) / (1.0 - AT_LIMIT), 0.0)
        else:
            weight = (np.maximum(d, self.scale) / self.scale) ** -self.exponent
        answer: Floats = np.where(np.isnan(d), 0.0, weight)
        return answer


def within(limit: float) -> Decay:
    """All or nothing: 1 up to the limit (inclusive), then 0.

    Examples
    --------
    >>> within(300)([0, 300, 301]).tolist()
    [1.0, 1.0, 0.0]
    """
    return steps([limit], [1.0])


def steps(limits: Sequence[float], weights: Sequence[float]) -> Decay:
    """One weight for each zone: ``weights[k]`` up to ``limits[k]`` (inclusive), 0 beyond the last.

    Examples
    --------
    >>> steps([300, 500, 1000], [1.0, 0.68, 0.22])([250, 500, 999, 1001]).tolist()
    [1.0, 0.68, 0.22, 0.0]
    """
    rising = all(a < b for a, b in pairwise(limits))
    falling = all(a >= b for a, b in pairwise(weights))
    inside = all(0 <= weight <= 1 for weight in weights)
    if not limits or len(limits) != len(weights) or min(limits) < 0 or not rising:
        raise StandardsError(
            f"Zones need as many weights as limits, and limits that rise: limits {list(limits)}, "
            f"weights {list(weights)}.",
            zh=f"分区须有同样多的权重,且界限递增:界限 {list(limits)},权重 {list(weights)}。",
        )
    if not (falling and inside):
        raise StandardsError(
            f"Weights of zones fall from at most 1 to at least 0, not {list(weights)}.",
            zh=f"分区权重应由不大于 1 递减至不小于 0,不能是 {list(weights)}。",
        )
    return Decay("steps", limits=tuple(map(float, limits)), weights=tuple(map(float, weights)))


def linear(limit: float) -> Decay:
    """Fall straight from 1 to 0 at the limit: ``1 - d / limit``.

    Examples
    --------
    >>> linear(1000)([0, 250, 1000, 2000]).tolist()
    [1.0, 0.75, 0.0, 0.0]
    """
    return Decay("linear", scale=_positive(limit, "limit"))


def exponential(scale: float) -> Decay:
    """``exp(-d / scale)``: the scale is the cost at which 37 % are left (1/β of the textbooks)."""
    return Decay("exponential", scale=_positive(scale, "scale"))


def gaussian(bandwidth: float) -> Decay:
    """``exp(-(d / bandwidth)² / 2)``: 61 % are left at the bandwidth, 14 % at twice of it."""
    return Decay("gaussian", scale=_positive(bandwidth, "bandwidth"))


def gaussian_to_zero(limit: float) -> Decay:
    """Gaussian that reaches 0 at the limit: ``(exp(-(d/limit)²/2) - exp(-1/2)) / (1 - exp(-1/2))``.

    References
    ----------
    .. [1] D. Dai (2010), Health & Place 16, 1038-1052.
    """
    return Decay("gaussian_to_zero", scale=_positive(limit, "limit"))


def inverse_power(exponent: float, *, nearest: float) -> Decay:
    """``(d / nearest) ** -exponent``, and 1 up to `nearest`, so that a distance of 0 stays finite.

    Examples
    --------
    >>> inverse_power(2, nearest=100)([0, 100, 200]).tolist()
    [1.0, 1.0, 0.25]
    """
    return Decay(
        "inverse_power",
        scale=_positive(nearest, "nearest"),
        exponent=_positive(exponent, "exponent"),
    )


def _positive(value: float, name: str) -> float:
    if not value > 0 or not math.isfinite(value):
        raise StandardsError(
            f"`{name}` of a decay must be more than 0, not {value!r}.",
            zh=f"衰减函数的 `{name}` 须大于 0,不能是 {value!r}。",
        )
    return float(value)


class DecayTable(NamedTuple):
    """Decays as the kernels see them; costs in thousandths."""

    form: Array  # (d,) int64
    scale: Array  # (d,) float64, metres or seconds
    exponent: Array  # (d,) float64
    step_start: Array  # (d + 1,) int64
    step_limit: Array  # (s,) int64, mm or ms
    step_weight: Array  # (s,) float64


def decay_table(decays: Sequence[Decay]) -> DecayTable:
    """Bring decays into arrays."""
    limits = [np.rint(np.array(decay.limits) / PER_UNIT) for decay in decays]
    return DecayTable(
        form=np.array([_CODES[decay.form] for decay in decays], dtype=np.int64),
        scale=np.array([decay.scale for decay in decays]),
        exponent=np.array([decay.exponent for decay in decays]),
        step_start=np.cumsum([0, *(len(some) for some in limits)]).astype(np.int64),
        step_limit=np.concatenate([*limits, np.empty(0)]).astype(np.int64),
        step_weight=np.concatenate([*(decay.weights for decay in decays), np.empty(0)]),
    )


@jit
def zone_weight(step_limit: Array, step_weight: Array, low: int, high: int, cost: int) -> float:
    """Weight of one cost in thousandths, by zones ``low:high``."""
    for k in range(low, high):
        if cost <= step_limit[k]:
            return float(step_weight[k])
    return 0.0


@jit
def smooth_weight(form: int, scale: float, exponent: float, cost: int) -> float:
    """Weight of one cost in thousandths, by a formula."""
    d = cost * PER_UNIT
    if form == LINEAR:
        return max(1.0 - d / scale, 0.0)
    if form == EXPONENTIAL:
        return math.exp(-d / scale)
    if form == GAUSSIAN:
        return math.exp(-0.5 * (d / scale) ** 2)
    if form == GAUSSIAN_TO_ZERO:
        bell = math.exp(-0.5 * (d / scale) ** 2)
        return max((bell - AT_LIMIT) / (1.0 - AT_LIMIT), 0.0)
    return float((max(d, scale) / scale) ** -exponent)
