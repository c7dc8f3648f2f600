"""Progress on screen: one bar on a terminal, one line a stage elsewhere (logs, pipes)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from app.words import Language, say
from spatial.progress import Progress as ProgressCallback

__all__ = ["progress_shown"]


@contextmanager
def progress_shown(language: Language) -> Iterator[ProgressCallback]:
    """Give a progress callback that draws on standard error while the block runs."""
    if not sys.stderr.isatty():
        yield _Lines(language)
        return
    bar = Progress(
        TextColumn("{task.description}", justify="left"),
        BarColumn(bar_width=40),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )
    with bar:
        task = bar.add_task("", total=1.0)

        def show(step: str, share: float) -> None:
            bar.update(task, description=say(step, language), completed=share)

        yield show


class _Lines:
    """One line whenever a new stage begins."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.last = ""

    def __call__(self, step: str, share: float) -> None:
        if step != self.last:
            self.last = step
            sys.stderr.write(f"{share:4.0%} {say(step, self.language)}\n")
            sys.stderr.flush()
