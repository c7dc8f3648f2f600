"""What the command line starts: the database, a worker, the web server; and stops again."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from app import cluster
from app.main import create_app
from app.settings import Settings
from app.store import Store

__all__ = ["opened_store", "serve"]

STREAMS_STOP_S = 3
"""Streams of events never end by themselves; so long the others may take to finish."""
WORKER_STOP_S = 10.0
"""A worker that does not end by itself in this time is killed; its job is taken up again later."""


@contextmanager
def opened_store(settings: Settings) -> Iterator[Store]:
    """Give a store whose tables are up to date; a server that this call started is stopped after.

    Raises
    ------
    ClusterError
        If there is no server and none can be started.
    """
    environment = {"DATABASE_URL": settings.database_url} if settings.database_url else {}
    server = cluster.start(settings.home, environment=environment)
    try:
        store = Store(server.url, pool_size=settings.pool_size)
        try:
            store.upgrade()
            yield store
        finally:
            store.close()
    finally:
        if server.started:
            cluster.stop(settings.home)


def serve(settings: Settings, *, host: str, port: int, ready: Callable[[], None]) -> None:
    """Serve page and API until Ctrl-C, with one worker process beside it for the jobs.

    Parameters
    ----------
    settings : Settings
    host, port : str, int
        Where to listen.
    ready : callable
        Called once, when the page answers.

    Raises
    ------
    OSError
        If the port is taken.
    """
    with socket.create_server((host, port)):
        pass  # a taken port is said at once, before anything starts
    worker = subprocess.Popen([sys.executable, "-m", "app.worker"])
    config = uvicorn.Config(
        create_app(settings),
        host=host,
        port=port,
        log_level="warning",
        timeout_graceful_shutdown=STREAMS_STOP_S,
    )
    try:
        _AnnouncedServer(config, ready).run()
    finally:
        worker.terminate()
        try:
            worker.wait(WORKER_STOP_S)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()


class _AnnouncedServer(uvicorn.Server):
    """A server that tells when it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets=sockets)
        if self.started:
            self._ready()
