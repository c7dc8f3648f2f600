"""Work on all cores at once, with answers that do not depend on how many there are."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["in_order", "slices"]

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
