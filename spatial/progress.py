"""Progress of long work: a plain callable, so that no room knows who is watching."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Progress", "silent"]

Progress = Callable[[str, float], None]
"""Called as ``progress(step, share)``: what is being done (a key, see ``app/locale``), and how
much of it, 0 to 1. It may raise :class:`spatial.errors.CancelledError` to stop the work."""


def silent(step: str, share: float) -> None:
    """Watch nothing."""
    del step, share
