"""What is loaded and compiled once, done in the background before somebody waits for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from importlib import import_module
from typing import Final

__all__ = ["Warming", "warm_districts", "warm_stock"]

logger = logging.getLogger(__name__)

CLOSE_WAIT_S: Final = 2.0

WarmUp = Callable[[Callable[[], bool]], object]
"""Does the work; asks now and then whether to stop."""


def warm_districts(stop: Callable[[], bool]) -> int:
    """Ask the search for districts one question of each sort."""
    from spatial.districting.warm import warm_up  # noqa: PLC0415  (loads the engine)

    return warm_up(stop=stop)


def warm_stock(stop: Callable[[], bool]) -> None:
    """Load what tells of one asset: the engine's rooms, and the national standards."""
    import_module("app.stock.answers")
    if not stop():
        import_module("app.stock.writing").standards_of("national")


class Warming:
    """One run in the background for each process, however often it is begun.

    Parameters
    ----------
    warm_up : callable
    """

    def __init__(self, warm_up: WarmUp = warm_districts) -> None:
        self._warm_up = warm_up
        self._guard = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Begin in the background, the first time; return at once."""
        with self._guard:
            if self._thread is not None or self._stop.is_set():
                return
            # a daemon: nobody who ends the process waits for a compilation
            self._thread = threading.Thread(target=self._run, name="warming", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop at the next question; what cannot be stopped is left behind after a moment."""
        self._stop.set()
        with self._guard:
            thread = self._thread
        if thread is not None:
            thread.join(CLOSE_WAIT_S)

    def _run(self) -> None:
        try:
            self._warm_up(self._stop.is_set)
        except Exception:  # whoever asks a question is told; here nobody asked
            logger.exception("something is not warm: %s", self._warm_up)
