"""A plan of 10,000 neighbourhoods and 500 districts, over the whole API: edit, trial, read.

A city on squared paper (blocks of 100 m, every neighbour linked) in a PostGIS cluster that is
started for it and thrown away; every request goes through the app to the stored answer, the
database's own processor time apart. Median and 95th percentile.
"""

from __future__ import annotations

import os
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import pandas as pd

from tests.benchmarks.measure import Measured, Meter, report

NAME: Final = "plan edit"
TRIAL: Final = f"{NAME}: dry_run"
READ: Final = f"{NAME}: read"
SIZES: Final = ("demo-100", "demo-1000", "demo-10000")
SIDES: Final = {"demo-100": 10, "demo-1000": 30, "demo-10000": 100}
ACROSS: Final = {"demo-100": (5, 1), "demo-1000": (10, 5), "demo-10000": (25, 20)}
"""Districts from west to east and from south to north: 5, 50 and 500."""
TIMES: Final = 60
REHEARSED: Final = 5
RULES: Final = {"maximum": {"members": 60, "persons": 6_000}, "max_distance_m": 5_000}


def edits_ours(size: str) -> None:
    """Move neighbourhoods one by one, try as many moves, and read the plan as often."""
    side, (columns, rows) = SIDES[size], ACROSS[size]
    with _client(_city(side)) as client:
        path = "/api/v1/cities/grid-town/plans"
        body = {"id": "p", "name": "p", "author": "bench", "from": "empty", "rules": RULES}
        _ok(client.post(path, json=body), 201)
        assignment = {
            f"n{c}-{r}": f"D{c * columns // side:02d}{r * rows // side:02d}"
            for c in range(side)
            for r in range(side)
        }
        seq = _ok(_send(client, {"op": "import", "assignment": assignment}, 0))["seq"]
        edit_s, trial_s, read_s = [], [], []
        for number, (unit, district) in enumerate(_moves(assignment, side)):
            move = {"op": "assign", "units": [unit], "district": district}
            taken = [
                _timed(lambda move=move, seq=seq: _send(client, move, seq, "?dry_run=true")),
                _timed(lambda move=move, seq=seq: _send(client, move, seq)),
                _timed(lambda: client.get(f"{path}/p")),
            ]
            told = _ok(taken[1][0])
            if told["seq"] == seq or len(told["changes"]) != 1:
                raise RuntimeError(f"{unit} was not moved to {district}: {told}")
            seq = told["seq"]
            tried, read = _ok(taken[0][0]), _ok(taken[2][0])
            if tried["changes"] != told["changes"] or read["assignment"][unit] != district:
                raise RuntimeError(f"trial, edit and plan tell different things of {unit}")
            if number >= REHEARSED:
                for kept, (_, spent) in zip((trial_s, edit_s, read_s), taken, strict=True):
                    kept.append(spent)
        if len(read["districts"]) != columns * rows:
            raise RuntimeError(f"{len(read['districts'])} districts, not {columns * rows}")
    meter = Meter()
    for name, found in ((NAME, edit_s), (TRIAL, trial_s), (READ, read_s)):
        for suffix, share in (("", 0.5), (", p95", 0.95)):
            cpu_s, wall_s = np.quantile(np.array(found), share, axis=0)
            meter.parts[f"{name}{suffix}"] = Measured(float(cpu_s), float(wall_s), 0.0)
    report(meter, [])


def _moves(assignment: dict[str, str], side: int) -> Iterator[tuple[str, str]]:
    """Give units at the western edge of a district, each with the district west of it."""
    rng = np.random.default_rng(0)
    edge = [
        (f"n{c}-{r}", assignment[f"n{c - 1}-{r}"])
        for c in range(1, side)
        for r in range(side)
        if assignment[f"n{c}-{r}"] != assignment[f"n{c - 1}-{r}"]
    ]
    for at in rng.permutation(len(edge))[: TIMES + REHEARSED]:
        yield edge[int(at)]


def _city(side: int) -> Any:
    """Return an analysed city on squared paper, every block linked with its neighbours."""
    from spatial.dictionary import conform, data_dictionary
    from tests.app.grid_town import grid_analysis

    made = grid_analysis(side=side)
    edges = made.tables["cell_edges"]
    inner = edges[edges["b"].notna()]
    links = inner.assign(shared_m=inner["length_m"], gap_m=20.0, barrier="none")
    links = links.assign(walk_m=120.0, walk_s=90.0).drop(columns="length_m")
    links.index = pd.Index(links["a"].astype(str) + "|" + links["b"].astype(str), name="id")
    spec = data_dictionary().results["adjacency"]
    made.tables["adjacency"] = conform(links, spec, name="adjacency")
    return made


@contextmanager
def _client(analysis: Any) -> Iterator[Any]:
    from starlette.testclient import TestClient

    from app.cluster import private
    from app.main import create_app
    from app.settings import Settings
    from app.store import Store

    with tempfile.TemporaryDirectory(prefix="linli-plans-") as home:
        server = private.start(home, environment={**os.environ, "DATABASE_URL": ""})
        try:
            store = Store(server.url)
            store.upgrade()
            store.save_analysis(analysis)
            store.close()
            with TestClient(create_app(Settings(database_url=server.url))) as client:
                yield client
        finally:
            private.stop(home)


def _send(client: Any, edit: dict[str, Any], seq: int, query: str = "") -> Any:
    body = {"id": uuid.uuid4().hex, "author": "bench", **edit}
    path = f"/api/v1/cities/grid-town/plans/p/edits{query}"
    return client.post(path, json=body, headers={"If-Match": f'"{seq}"'})


def _ok(answer: Any, status: int = 200) -> dict[str, Any]:
    if answer.status_code != status:
        raise RuntimeError(f"{answer.status_code}: {answer.text[:500]}")
    return answer.json()


def _timed(ask: Any) -> tuple[Any, tuple[float, float]]:
    cpu_ns, wall_ns = time.process_time_ns(), time.perf_counter_ns()
    answer = ask()
    cpu_s, wall_s = (
        (time.process_time_ns() - cpu_ns) / 1e9,
        (time.perf_counter_ns() - wall_ns) / 1e9,
    )
    return answer, (cpu_s, wall_s)
