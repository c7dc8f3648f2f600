"""Tell the readers of a plan what others do: one database connection for all of them."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any, Final

import psycopg
from anyio.to_thread import run_sync

from app import cluster
from app.errors import BusyError
from app.store.edits import CHANNEL
from app.store.rows import Record

__all__ = ["MOST_LISTENERS", "Hub"]

logger = logging.getLogger(__name__)

MOST_LISTENERS: Final = 1_000
"""Open streams of one web process; each costs a socket and a small queue, no thread."""
HEARTBEAT_S: Final = 15.0
RECONNECT_S: Final = 1.0
Reader = Callable[[int, int], list[Record]]
"""Revisions of a plan (its key) after one, as they are told."""


class Hub:
    """Streams of all plans in one process.

    Parameters
    ----------
    read : callable
        Gives the revisions of a plan after a number, oldest first, not too many at once.
    """

    def __init__(self, read: Reader, *, heartbeat_s: float = HEARTBEAT_S) -> None:
        self._read = read
        self._heartbeat_s = heartbeat_s
        self._listeners: dict[int, set[asyncio.Queue[int]]] = {}
        self._count = 0

    async def listen(self, url: str) -> None:
        """Hear what is written to plans, for ever; what was missed while away is made up for."""
        arguments = cluster.connect_arguments(url)
        while True:
            try:
                connection = await psycopg.AsyncConnection.connect(
                    **arguments, autocommit=True, connect_timeout=10
                )
                async with connection:
                    await connection.execute(f"LISTEN {CHANNEL}".encode())
                    for key in list(self._listeners):
                        self._wake(key)
                    async for told in connection.notifies():
                        self._wake(int(told.payload.partition(":")[0]))
            except psycopg.OperationalError as fault:
                logger.warning("plans cannot be listened to just now: %s", fault)
            await asyncio.sleep(RECONNECT_S)

    def require_room(self) -> None:
        """Raise `BusyError` if too many listen already."""
        if self._count >= MOST_LISTENERS:
            raise BusyError(
                f"{MOST_LISTENERS} readers listen already. Ask for the plan now and then instead.",
                f"已有 {MOST_LISTENERS} 个实时连接,请改为定时读取方案。",
            )

    async def stream(self, key: int, head: int, after: int | None) -> AsyncIterator[str]:
        """Yield server-sent events of one plan: hello, then every revision, each once, in order.

        Parameters
        ----------
        key : int
            Of the plan.
        head : int
            Its revision when the reader asked.
        after : int, optional
            The last revision that the reader knows; default: `head`.
        """
        queue: asyncio.Queue[int] = asyncio.Queue(1)  # one mark is enough: there is something new
        self._listeners.setdefault(key, set()).add(queue)
        self._count += 1
        last = head if after is None else min(after, head)
        try:
            yield event("hello", {"head": head})
            queue.put_nowait(key)  # what came between the reader's question and now
            while True:
                try:
                    await asyncio.wait_for(queue.get(), self._heartbeat_s)
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                while found := await run_sync(self._read, key, last):  # a few at a time
                    for one in found:
                        last = one["seq"]
                        yield event("revision", one, number=last)
        finally:
            self._count -= 1
            mine = self._listeners.get(key, set())
            mine.discard(queue)
            if not mine:
                self._listeners.pop(key, None)

    def _wake(self, key: int) -> None:
        for queue in self._listeners.get(key, ()):
            with suppress(asyncio.QueueFull):
                queue.put_nowait(key)


def event(name: str, data: Any, *, number: int | None = None) -> str:
    r"""Return one server-sent event.

    Examples
    --------
    >>> event("hello", {"head": 3})
    'event: hello\ndata: {"head": 3}\n\n'
    """
    told = json.dumps(data, ensure_ascii=False)
    head = "" if number is None else f"id: {number}\n"
    return f"{head}event: {name}\ndata: {told}\n\n"
