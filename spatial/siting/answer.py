"""What a location model answers, how long it may take, and how sure it is."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from spatial.errors import InputError
from spatial.progress import Progress, silent
from spatial.siting.compiling import compiling_s

__all__ = ["ENDED_BY_CLOCK", "Answer", "Cancel", "Effort", "Status", "Watch", "gap_share"]

Longs = npt.NDArray[np.int64]
Cancel = Callable[[], bool]
"""Asked now and then during long work; True ends it with the best answer so far."""

ENDED_BY_CLOCK: Final = (
    "到时限结束,再算一次可能得到另一个同样合法的方案 · "
    "Ended by the clock: solved again, another plan that keeps all rules may come out."
)


class Status(StrEnum):
    """How sure an answer is.

    Examples
    --------
    >>> Status.PROVEN_OPTIMAL == "proven_optimal"
    True
    """

    PROVEN_OPTIMAL = "proven_optimal"
    """Nothing better exists, and that was shown."""
    WITHIN_BOUND = "within_bound"
    """Nothing can be better than the bound; the best may lie between."""
    NO_BOUND = "no_bound"
    """An answer that keeps every rule; nothing is known about how good it could be."""
    CANCELLED = "cancelled"
    """The caller stopped it; the answer is the best so far, and its bound holds if there is one."""


@dataclass(frozen=True, slots=True)
class Effort:
    """When a run ends: whichever of these comes first.

    Parameters
    ----------
    seconds : float
        By the clock on the wall, from the call on; the time in which loops are compiled (once on
        a machine) or fetched is not counted.
    gap_share : float
        Good enough: the answer is this near to its bound (0.003 = 0.3 %). 0: a proof.
    seed : int
        Of everything that is drawn.
    memory_mib : float
        What the search of the p-median (its tree) and the programme of the capacitated models may
        lay out at most; where it is not enough they end with the bound they have. Covering and
        the product's own model do not look at it: their arrays grow with the pairs in reach,
        which the caller holds already.
    """

    seconds: float = 60.0
    gap_share: float = 0.0
    seed: int = 0
    memory_mib: float = 4096.0

    def __post_init__(self) -> None:
        wrong = [
            name
            for name, value in (("seconds", self.seconds), ("memory_mib", self.memory_mib))
            if not value > 0
        ]
        if not 0 <= self.gap_share < 1:
            wrong.append("gap_share")
        if not self.seed >= 0:
            wrong.append("seed")
        if wrong:
            raise InputError(
                f"Effort: {', '.join(wrong)} cannot be used. Seconds and memory are greater than "
                "0, gap_share lies in [0, 1), the seed is 0 or more.",
                zh=f"Effort:{'、'.join(wrong)} 不可用。时间与内存须大于 0,gap_share 在 [0, 1) 内,"
                "seed 不得为负。",
            )

    @property
    def solver_seed(self) -> int:
        """The seed as HiGHS takes it: it refuses larger ones."""
        return self.seed % 2**31


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """Answer of a location model; row numbers are those of the input."""

    sites: Longs  # (k,) rows of the open sites, ascending
    assigned: Longs  # (n,) site row that serves each demand row; -1: none does
    value: float  # in the model's unit; a whole number where the data are whole
    bound: float  # no answer is better than this; NaN: none is known
    status: Status
    cpu_s: float
    notes: tuple[str, ...] = ()

    @property
    def gap_share(self) -> float:
        """Distance from the value to its bound, as a share of the value; NaN without a bound.

        Examples
        --------
        >>> none = np.zeros(0, dtype=np.int64)
        >>> Answer(none, none, 100.0, 99.0, Status.WITHIN_BOUND, 0.1).gap_share
        0.01
        """
        return gap_share(self.value, self.bound)


def gap_share(value: float, bound: float) -> float:
    """Distance between a value and its bound, as a share of the value.

    Examples
    --------
    >>> gap_share(100, 100), gap_share(0, 1)
    (0.0, inf)
    """
    if math.isnan(bound):
        return math.nan
    apart = abs(value - bound)
    if apart == 0:
        return 0.0
    return apart / abs(value) if value else math.inf


@dataclass(slots=True)
class Watch:
    """Looks at the clock, at the caller's wish to stop, and tells how far the work is.

    The one thing here that changes: it remembers that it was told to stop.
    """

    effort: Effort
    progress: Progress = silent
    cancel: Cancel | None = None
    cancelled: bool = False
    began_wall_s: float = field(default_factory=time.perf_counter)
    began_cpu_s: float = field(default_factory=time.thread_time)
    thread: int = field(default_factory=threading.get_ident)
    compiled_before_s: float = field(init=False)

    def __post_init__(self) -> None:
        """Begin to count what loops take to be compiled."""
        self.compiled_before_s = compiling_s(self.thread)

    @property
    def left_s(self) -> float:
        """Seconds by the clock until the effort is spent; never below 0."""
        spent_s = time.perf_counter() - self.began_wall_s
        spent_s -= compiling_s(self.thread) - self.compiled_before_s
        return max(0.0, self.effort.seconds - spent_s)

    @property
    def cpu_s(self) -> float:
        """Processor seconds of this thread since the call."""
        return time.thread_time() - self.began_cpu_s

    def must_stop(self) -> bool:
        """Tell whether time is over or the caller wants to stop."""
        if self.cancel is not None and not self.cancelled:
            self.cancelled = bool(self.cancel())
        return self.cancelled or self.left_s <= 0

    def tell(self, step: str, share: float) -> None:
        """Report how much of a step is done."""
        self.progress(step, min(1.0, max(0.0, share)))

    def enough(self, value: float, bound: float) -> bool:
        """Tell whether an answer is as near to its bound as was asked for."""
        return gap_share(value, bound) <= self.effort.gap_share

    def notes_of(self, value: float, bound: float) -> tuple[str, ...]:
        """Say that the clock ended the run: how far it came is not the same twice.

        A run that ends by itself (at a proof, or as near as was asked for) always answers alike.

        Examples
        --------
        >>> Watch(Effort(gap_share=0.1)).notes_of(10, 10.5), len(Watch(Effort()).notes_of(10, 11))
        ((), 1)
        """
        return () if self.cancelled or self.enough(value, bound) else (ENDED_BY_CLOCK,)

    def status_of(self, value: float, bound: float) -> Status:
        """Name how sure a value is, given the bound that was shown.

        Examples
        --------
        >>> str(Watch(Effort()).status_of(7, 7)), str(Watch(Effort()).status_of(7, 6.5))
        ('proven_optimal', 'within_bound')
        """
        if value == bound:
            return Status.PROVEN_OPTIMAL
        if self.cancelled:
            return Status.CANCELLED
        return Status.WITHIN_BOUND if math.isfinite(bound) else Status.NO_BOUND
