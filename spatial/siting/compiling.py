"""How long compiled loops took to be made or fetched, so that no search pays for it.

A loop is compiled when it is called first (once on a machine, for minutes where others are busy)
and fetched from the disk by every process after that. That is no part of a search: a clock that
counted it would end the first one before it began. Numba tells when it takes and gives back the
lock under which it does either; a thread that waits for another to finish waits there, too.
"""

from __future__ import annotations

import threading
import time
from typing import Any, Final

from numba.core import event

__all__ = ["compiling_s"]


class _Listener(event.Listener):
    """Sums by thread; what is compiled on the way of something else is counted once."""

    def __init__(self) -> None:
        self.spent_s: dict[int, float] = {}
        self._open: dict[int, tuple[int, float]] = {}

    def on_start(self, event: Any) -> None:  # noqa: ARG002 - numba's own signature
        """Begin to count, unless this thread is counting."""
        me = threading.get_ident()
        depth, since = self._open.get(me, (0, 0.0))
        self._open[me] = (depth + 1, since if depth else time.perf_counter())

    def on_end(self, event: Any) -> None:  # noqa: ARG002 - numba's own signature
        """Add what the outermost took."""
        me = threading.get_ident()
        depth, since = self._open.pop(me, (0, 0.0))
        if depth > 1:
            self._open[me] = (depth - 1, since)
        elif depth == 1:
            self.spent_s[me] = self.spent_s.get(me, 0.0) + time.perf_counter() - since


_LISTENER: Final = _Listener()
event.register("numba:compiler_lock", _LISTENER)  # type: ignore[no-untyped-call]


def compiling_s(thread: int) -> float:
    """Return the seconds that a thread has spent until now on compiled loops being made ready."""
    return _LISTENER.spent_s.get(thread, 0.0)
