"""Work side by side on some cores where pieces that touch must keep their order.

The answer is that of one piece after another, however many cores there are and however fast.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

import numpy as np
import numpy.typing as npt

__all__ = ["earlier_that_touch", "in_turns"]

Ints = npt.NDArray[np.int64]


def earlier_that_touch(
    windows: list[Ints], beside: tuple[Ints, Ints], atoms: int
) -> list[list[int]]:
    """Return, window by window, the earlier ones it must wait for.

    Parameters
    ----------
    windows : list of arrays
        Atoms.
    beside : start, neighbour
        CSR: windows touch where an atom of one is beside an atom of the other, or is the same.
    atoms : int

    Examples
    --------
    >>> row = np.array([0, 1, 3, 4]), np.array([1, 0, 2, 1])
    >>> earlier_that_touch([np.array([0]), np.array([2]), np.array([1])], row, 3)
    [[], [], [0, 1]]
    """
    start, near = beside
    holders: list[list[int]] = [[] for _ in range(atoms)]
    found = []
    for number, window in enumerate(windows):
        reach = np.zeros(atoms, dtype=bool)
        reach[window] = True
        for i in window:
            reach[near[start[i] : start[i + 1]]] = True
        found.append(sorted({k for i in np.flatnonzero(reach).tolist() for k in holders[i]}))
        for i in window.tolist():
            holders[i].append(number)
    return found


def in_turns(work: Callable[[int], None], before: list[list[int]], *, cores: int) -> None:
    """Do pieces 0, 1, … of work, each after those named in `before`, several at a time.

    Examples
    --------
    >>> done = []
    >>> in_turns(done.append, [[], [0], [1]], cores=2)
    >>> done
    [0, 1, 2]
    """
    left = [len(some) for some in before]
    after: list[list[int]] = [[] for _ in before]
    for number, some in enumerate(before):
        for k in some:
            after[k].append(number)
    with ThreadPoolExecutor(cores) as pool:
        running: dict[Future[None], int] = {}

        def begin(numbers: list[int]) -> None:
            running.update({pool.submit(work, k): k for k in numbers})

        begin([k for k in range(len(before)) if not left[k]])
        try:
            while running:
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for number in sorted(running.pop(future) for future in _raised(done)):
                    for k in after[number]:
                        left[k] -= 1
                    begin([k for k in after[number] if not left[k]])
        finally:
            for future in running:
                future.cancel()


def _raised(done: set[Future[None]]) -> list[Future[None]]:
    """Raise what went wrong in any of them."""
    for future in done:
        future.result()
    return list(done)
