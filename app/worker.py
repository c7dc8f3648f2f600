"""The worker: ``python -m app.worker``, beside the web server.

Two processes. The outer one gives the signs of life, restarts the inner one when it dies, and ends
it when a cancelled job does not stop by itself; the inner one does the work. So a job that takes
all memory, or that computes for minutes without a pause, harms nobody else.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

import psycopg

from app import cluster
from app.jobs import DATABASE_AWAY, JobRunner, StopWorker, analyse_again, run_claimed, runner
from app.scenarios.bases import Bases
from app.settings import Settings
from app.store import Store, jobs
from app.warming import Warming

__all__ = ["main", "supervise", "work"]

logger = logging.getLogger(__name__)

CANCEL_GRACE_S: Final = 15.0
"""A cancelled job that has not stopped after this time is ended by force."""
RESTART_PAUSE_S: Final = 1.0
STOP_GRACE_S: Final = 8.0
A_YEAR_S: Final = 3.2e7


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the outer worker process, or (``--inner``) the inner one."""
    parser = argparse.ArgumentParser(prog="python -m app.worker", description=__doc__)
    parser.add_argument("--inner", metavar="NAME", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s worker %(levelname)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    settings = Settings()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    store = _open(settings)
    try:
        if options.inner:
            outer = os.getppid()
            warming = Warming()
            work(
                store,
                options.inner,
                poll_s=settings.poll_s,
                stopping=lambda: stop.is_set() or os.getppid() != outer,
                run=runner(Bases.of(settings)),
                idle=warming.begin,
            )
            warming.close()
        else:
            name = f"{socket.gethostname()}-{uuid.uuid4().hex[:8]}"
            command = [sys.executable, "-m", "app.worker", "--inner", name]
            supervise(store, name, command, lease_s=settings.lease_s, stop=stop)
    finally:
        store.close()
    return 0


def work(
    store: Store,
    name: str,
    *,
    poll_s: float,
    stopping: Callable[[], bool],
    run: JobRunner = analyse_again,
    idle: Callable[[], None] = lambda: None,
) -> None:
    """Take jobs and do them, one after another, until `stopping`; call `idle` before waiting."""
    unsettled = False
    while not stopping():
        try:
            if unsettled:
                jobs.requeue_lost(store.engine, lease_s=A_YEAR_S, worker=name)
                unsettled = False
            job = jobs.claim(store.engine, name)
            if job is None:
                idle()
                _wait_for_call(store, poll_s)
                continue
            logger.info("job %s: %s of %s", job["id"], job["kind"], job["city"])
            run_claimed(store, job, name, run=run, stopping=stopping)
        except StopWorker:
            return
        except DATABASE_AWAY as fault:
            logger.warning("the database does not answer: %s", fault)
            unsettled = True
            time.sleep(poll_s)


def supervise(
    store: Store, name: str, command: Sequence[str], *, lease_s: float, stop: threading.Event
) -> None:
    """Keep the inner process `command` alive, and tell the database that it is, until `stop`."""
    inner = _start(command)
    cancelled_since: dict[str, float] = {}
    try:
        while not stop.wait(min(lease_s / 4, 2.0)):
            try:
                running = jobs.beat(store.engine, name)
                jobs.requeue_lost(store.engine, lease_s=lease_s)
            except DATABASE_AWAY as fault:
                logger.warning("the database does not answer: %s", fault)
                continue
            if _overdue(running, cancelled_since):
                logger.warning("a cancelled job does not stop by itself; its process is ended")
                inner.kill()
                inner.wait()
            if inner.poll() is not None:
                logger.warning("the working process ended (%s); starting another", inner.returncode)
                jobs.requeue_lost(store.engine, lease_s=lease_s, worker=name)
                stop.wait(RESTART_PAUSE_S)
                inner = _start(command)
    finally:
        _end(inner)
        with suppress(*DATABASE_AWAY):
            jobs.give_back(store.engine, name)


def _overdue(running: list[dict], since: dict[str, float]) -> bool:
    now = time.monotonic()
    asked = {job["id"] for job in running if job["cancel_asked"]}
    for gone in set(since) - asked:
        del since[gone]
    for identifier in asked:
        since.setdefault(identifier, now)
    return any(now - begun > CANCEL_GRACE_S for begun in since.values())


def _start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command)  # noqa: S603  (this very program)


def _end(inner: subprocess.Popen[bytes]) -> None:
    inner.terminate()
    try:
        inner.wait(STOP_GRACE_S)
    except subprocess.TimeoutExpired:
        inner.kill()
        inner.wait()


def _open(settings: Settings) -> Store:
    named = {"DATABASE_URL": settings.database_url} if settings.database_url else {}
    url = cluster.start(settings.home, environment=named).url
    store = Store(url, pool_size=2, keep_versions=settings.keep_versions)
    store.upgrade()
    return store


def _wait_for_call(store: Store, poll_s: float) -> None:
    """Sleep until somebody puts a job into the queue, at most `poll_s`."""
    arguments = cluster.connect_arguments(store.url)
    with psycopg.connect(**arguments, autocommit=True, connect_timeout=10) as connection:
        connection.execute(f"LISTEN {jobs.CHANNEL}".encode())
        for _ in connection.notifies(timeout=poll_s, stop_after=1):
            return


if __name__ == "__main__":
    sys.exit(main())
