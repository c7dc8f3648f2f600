"""Work on all cores at once, with answers that do not depend on how many there are."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from spatial.errors import CancelledError
from spatial.progress import Progress

__all__ = ["Beside", "beside", "in_order", "slices"]

Item = TypeVar("Item")
Answer = TypeVar("Answer")
AHEAD = 2
"""Pieces of work for each core that are begun before the one that is waited for."""


def slices(count: int, size: int) -> list[slice]:
    """Cut a number of rows into pieces of equal size, the last one smaller.

    Examples
    --------
    >>> slices(5, 2)
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    return [slice(first, min(first + size, count)) for first in range(0, count, size)]


def in_order(
    work: Callable[[Item], Answer], items: list[Item], *, cores: int | None = None
) -> Iterator[Answer]:
    """Do a piece of work for every item on all cores; the answers come in the order of the items.

    Parameters
    ----------
    work : callable
        Leaves the interpreter free while it works: a compiled kernel, arrays, geometries.
    items : list
        Cut them by what they are, never by the number of cores.
    cores : int, optional
        Default: all of this machine.

    Yields
    ------
    Whatever `work` gives. Few answers are kept waiting, so that memory stays bounded. Where the
    reader stops early (cancelled, an error), what has not begun is not begun.

    Examples
    --------
    >>> list(in_order(lambda rows: rows.stop - rows.start, slices(5, 2)))
    [2, 2, 1]
    """
    count = cores or os.cpu_count() or 1
    if count == 1 or len(items) < 2:
        yield from map(work, items)
        return
    waiting: deque[Future[Answer]] = deque()
    pool = ThreadPoolExecutor(count)
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > AHEAD * count:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


class Beside:
    """Long work on a thread of its own, for what nothing need wait for; see :func:`beside`."""

    def __init__(self) -> None:
        self._left = threading.Event()

    def begin(self, work: Callable[[Progress], Answer]) -> Future[Answer]:
        """Begin work that tells its progress; where the block was left, that ends it."""
        thread = ThreadPoolExecutor(1)
        try:
            return thread.submit(work, self._go_on)
        finally:
            thread.shutdown(wait=False)

    def leave(self) -> None:
        """Let what is not done yet end at its next step."""
        self._left.set()

    def _go_on(self, step: str, share: float) -> None:
        del share
        if self._left.is_set():
            raise CancelledError(
                f"Nobody waits for `{step}` any more.", zh=f"已不再需要“{step}”的结果。"
            )


@contextmanager
def beside() -> Iterator[Beside]:
    """Let work run beside a block: ask for its answer inside; what nobody asked for ends with it.

    Examples
    --------
    >>> with beside() as aside:
    ...     begun = aside.begin(lambda progress: sum(range(5)))
    ...     begun.result()
    10
    """
    aside = Beside()
    try:
        yield aside
    finally:
        aside.leave()
