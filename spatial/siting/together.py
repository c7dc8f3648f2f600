"""Several solves beside each other, on all cores, while one thread alone speaks with the caller."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import Final, TypeVar

from spatial.progress import silent
from spatial.siting.answer import Watch

__all__ = ["solve_chains"]

Answer = TypeVar("Answer")
Solve = Callable[[Watch, Answer | None], Answer | None]
"""One solve: what its watch lets it, from the answer before it in its chain."""
TELL_S: Final = 0.1
"""Between two tellings of progress, while nothing is done."""
LEAST_S: Final = 0.05


def solve_chains(
    chains: Sequence[Sequence[Solve[Answer]]],
    watch: Watch,
    tell: Callable[[float], object],
    *,
    cores: int | None = None,
) -> list[list[Answer | None]]:
    """Do chains of solves on all cores; in a chain each begins with the answer before it.

    What follows what is said by the chains, not by the cores: where no clock ends a solve, the
    answers are the same on any machine.

    Parameters
    ----------
    chains : sequence of sequences of callables
        Each takes a watch and the answer before it (None: the first, or none was found).
    watch : Watch
        Its effort is that of all solves together: each gets its part of the time that is left.
        Told to stop, the solves that run end with what they have, and no other begins.
    tell : callable
        Told the share that is done, from this thread; what it raises ends all solves.
    cores : int, optional
        By default all.

    Returns
    -------
    list of lists
        Answers by chain; None where a solve did not begin.

    Examples
    --------
    >>> from spatial.siting.answer import Effort
    >>> one_more = lambda watch, before: (before or 0) + 1
    >>> solve_chains([[one_more, one_more], [one_more]], Watch(Effort()), lambda share: None)
    [[1, 2], [1]]
    """
    ended, lock = threading.Event(), threading.Lock()
    count = sum(len(chain) for chain in chains)
    workers = max(1, min(cores or os.cpu_count() or 1, len(chains)))
    state = {"begun": 0, "done": 0}

    def run(chain: Sequence[Solve[Answer]]) -> list[Answer | None]:
        found: list[Answer | None] = []
        for solve in chain:
            with lock:
                waiting, first = count - state["begun"], state["begun"] == 0
                state["begun"] += 1
            if ended.is_set() and not first:
                found.append(None)
                continue
            seconds = max(LEAST_S, watch.left_s * min(workers, waiting) / waiting)
            part = Watch(replace(watch.effort, seconds=seconds), silent, ended.is_set)
            found.append(solve(part, found[-1] if found else None))
            with lock:
                state["done"] += 1
        return found

    pool = ThreadPoolExecutor(workers)
    try:
        begun = [pool.submit(run, chain) for chain in chains]
        pending: set[Future[list[Answer | None]]] = set(begun)
        while pending:
            pending = wait(pending, TELL_S, return_when=FIRST_COMPLETED)[1]
            tell(state["done"] / count)
            if watch.cancel is not None and watch.must_stop() and watch.cancelled:
                ended.set()
        return [one.result() for one in begun]
    finally:
        ended.set()
        pool.shutdown(cancel_futures=True)
