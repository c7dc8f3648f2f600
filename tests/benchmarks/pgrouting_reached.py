"""Reached sets with pgRouting, in a PostGIS cluster that is started for it and thrown away."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import numpy as np
import psycopg

from app.cluster import private
from tests.benchmarks.foreign import report_as
from tests.benchmarks.inputs import network
from tests.benchmarks.measure import Measured
from tests.benchmarks.nearest import CUTOFF_M, short
from tests.benchmarks.sums import REACHED, inputs

NAME = REACHED + " (pgRouting)"
ARCS = "SELECT id, source, target, cost FROM arcs"
REACHED_SQL = """
    SELECT from_v, count(*) FROM pgr_drivingDistance(%s, %s::bigint[], %s::float, true)
    GROUP BY from_v ORDER BY from_v
"""


def reached_pgrouting(size: str) -> None:
    """All 1,000 sources in one call, so that the graph is read and built once for them."""
    net = network(size)
    sources = inputs(net)["sources"].tolist()
    with tempfile.TemporaryDirectory(prefix="linli-pgr-") as home:
        server = private.start(home, environment={**os.environ, "DATABASE_URL": ""})
        try:
            # libpq's own form: the driver's name is of no use to it
            with psycopg.connect(server.url.replace("+psycopg", ""), autocommit=True) as connection:
                measured, counts = _measured(connection, net, sources)
        finally:
            private.stop(home)
    report_as(REACHED, measured, short(counts))


def _measured(connection, net, sources: list[int]) -> tuple[Measured, np.ndarray]:
    try:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pgrouting CASCADE")
    except psycopg.Error as fault:
        raise RuntimeError(
            f"pgRouting is not installed here (postgresql-…-pgrouting): {fault}"
        ) from fault
    connection.execute("CREATE TABLE arcs (id bigint, source bigint, target bigint, cost float8)")
    tail = np.repeat(np.arange(net.node_count), np.diff(net.arc_start))
    rows = zip(tail.tolist(), net.arc_head.tolist(), net.arc_length_mm.tolist(), strict=True)
    with connection.cursor().copy("COPY arcs FROM STDIN") as copy:
        for number, (source, target, mm) in enumerate(rows):
            copy.write_row((number, source, target, float(mm)))
    connection.execute("VACUUM ANALYZE arcs")
    backend = connection.info.backend_pid
    taken = []
    for _ in range(3):
        cpu, wall = _cpu_s(backend), time.perf_counter()
        found = connection.execute(REACHED_SQL, (ARCS, sources, CUTOFF_M * 1000.0)).fetchall()
        taken.append((_cpu_s(backend) - cpu, time.perf_counter() - wall))
    cpu, wall = sorted(taken)[1]
    return Measured(cpu, wall, _peak_mib(backend)), np.array([count for _, count in found])


def _cpu_s(process: int) -> float:
    """CPU of the process that serves the connection; what the client does is not counted."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak_mib(process: int) -> float:
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return float("nan")
