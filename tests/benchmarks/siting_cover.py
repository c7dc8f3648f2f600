"""Covering against a plain HiGHS model and spopt: ``python -m tests.benchmarks.siting_cover``.

Worlds: São José dos Campos (known optima); street grids with gaps, uneven population and walking
distances; walking times of the demo city. Every answer is counted again from its sites: nobody's
own word is taken. A case fails where a peer has the better answer. CPU seconds in fresh processes,
compiling apart; ``build`` is what laying out the model takes.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from tests.benchmarks.foreign import in_peer
from tests.benchmarks.inputs import kept, network
from tests.benchmarks.measure import ROOT, Measured, Meter, report

SJC = ROOT.parent / "shared" / "data" / "bench" / "sjc-mclp"
SCRIPT = Path(__file__).with_name("siting_cover_peers.py")
RESULTS = ROOT / ".local" / "benchmarks" / "siting_cover.jsonl"
PEER_LIMIT_S = 600.0
SPACING_M, JITTER_M, GAPS = 130.0, 25.0, 0.15


@dataclass(frozen=True)
class Case:
    """One task; p = 0: cover everybody who can be covered."""

    name: str
    rows: int
    sites: int
    reach: float  # metres; seconds in the demo city
    p: int
    seconds: float = 60.0
    peers: tuple[str, ...] = ("highs", "spopt")


CASES = (
    Case("sjc", 0, 0, 0.0, 0, peers=("highs",)),
    Case("max-2k", 2_000, 300, 500.0, 20),
    Case("max-2k-wide", 2_000, 300, 800.0, 15),
    Case("max-20k", 20_000, 1_000, 800.0, 100),
    Case("max-20k-wide", 20_000, 1_000, 1500.0, 50, seconds=5.0, peers=("highs",)),
    Case("max-100k", 100_000, 5_000, 800.0, 400, seconds=20.0, peers=()),
    Case("max-city-20k", 20_000, 1_000, 600.0, 50, peers=("highs",)),
    Case("max-city-20k-wide", 20_000, 1_000, 600.0, 100, seconds=20.0, peers=()),
    Case("set-2k", 2_000, 300, 800.0, 0),
    Case("set-20k", 20_000, 1_000, 1500.0, 0, seconds=2.0),
    Case("set-city-20k", 20_000, 1_000, 900.0, 0, seconds=10.0, peers=("highs",)),
)


@dataclass(frozen=True)
class World:
    """Pairs within reach, by row, nearest first."""

    start: np.ndarray
    site: np.ndarray
    cost: np.ndarray
    sites: int
    weight: np.ndarray


def street_world(rows: int, sites: int, reach_m: float, *, seed: int = 0) -> World:
    """A grid of streets with gaps; every crossing is a demand row, some are sites."""
    rng = np.random.default_rng(seed)
    wide = int(np.ceil(np.sqrt(rows)))
    y, x = np.divmod(np.arange(rows), wide)
    xy = np.column_stack([x, y]) * SPACING_M + rng.normal(0, JITTER_M, (rows, 2))
    here = np.arange(rows)
    right, up = here[(x < wide - 1) & (here + 1 < rows)], here[here + wide < rows]
    a, b = np.concatenate([right, up]), np.concatenate([right + 1, up + wide])
    kept = rng.random(len(a)) >= GAPS
    a, b = a[kept], b[kept]
    length = np.hypot(*(xy[a] - xy[b]).T)
    streets = coo_array((length, (a, b)), shape=(rows, rows)).tocsr()
    dense = np.exp(2 * np.sin(xy[:, 0] / 2700 + 1) * np.cos(xy[:, 1] / 3100))
    mean = np.minimum(2000, 123 * dense / dense.mean() * rng.gamma(2, 0.5, rows))
    weight = rng.poisson(mean).astype(np.int64)
    place = rng.choice(rows, sites, replace=False)
    found = []
    for first in range(0, sites, 250):
        metres = dijkstra(
            streets, directed=False, indices=place[first : first + 250], limit=reach_m
        )
        column, row = np.nonzero(np.isfinite(metres))
        found.append((row, column + first, metres[column, row]))
    row, column, metres = (np.concatenate(part) for part in zip(*found, strict=True))
    order = np.lexsort((metres, row))
    start = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=rows))]).astype(np.int64)
    return World(start, column[order].astype(np.int32), metres[order], sites, weight)


def city_world(rows: int, sites: int, reach_s: float) -> World:
    """Places drawn on the streets of the demo city, and the walks between them."""
    made = kept(f"cover-{rows}x{sites}-{reach_s:g}", lambda: _city_world(rows, sites, reach_s))
    return World(*made)


def _city_world(rows: int, sites: int, reach_s: float) -> tuple:
    import pandas as pd

    from spatial.network import Attachments
    from spatial.siting.pairs import pairs_on_network

    streets, rng = network("demo-200k"), np.random.default_rng(rows)
    main = np.flatnonzero(streets.node_component[streets.edge_from] == 0)

    def places(count: int) -> Attachments:
        edge = rng.choice(main, count, replace=False).astype(np.int32)
        return Attachments(
            ids=pd.RangeIndex(count),
            edge=edge,
            offset_mm=(rng.random(count) * streets.edge_length_mm[edge]).astype(np.int32),
            entry_mm=np.zeros(count, dtype=np.int32),
            xy_m=streets.node_xy_m[streets.edge_from[edge]],
            why_not=np.full(count, "", dtype=object),
        )

    pairs = pairs_on_network(streets, places(rows), places(sites), cutoff_m=reach_s, by="time")
    persons = np.maximum(1, np.round(rng.lognormal(3.0, 0.8, rows))).astype(np.int64)
    return pairs.start, pairs.site, pairs.cost, sites, persons


def worlds_of(case: Case) -> list[tuple[World, int, int | None]]:
    """World, p and known value of each instance of a case."""
    if case.name == "sjc":
        return list(sjc_worlds())
    make = city_world if "city" in case.name else street_world
    return [(make(case.rows, case.sites, case.reach), case.p, None)]


def sjc_worlds() -> list[tuple[World, int, int]]:
    """World, p and known optimum of all instances."""
    made = []
    with (SJC / "optima.csv").open() as file:
        for known in csv.DictReader(file):
            lines = (SJC / f"{known['instance']}.txt").read_text().splitlines()[1:]
            points = np.array([list(map(float, s.split()[:3])) for s in lines if s.strip()])
            apart = np.hypot(*(points[:, None, :2] - points[None, :, :2]).transpose(2, 0, 1))
            row, site = np.nonzero(apart <= float(known["radius"]))
            start = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(apart)))])
            cost = apart[row, site]
            order = np.lexsort((cost, row))
            world = World(
                start, site[order].astype(np.int32), cost[order], len(apart),
                points[:, 2].astype(np.int64),
            )  # fmt: skip
            made.append((world, int(known["p"]), int(known["optimum"])))
    return made


def ours(world: World, p: int, seconds: float) -> dict:
    from spatial.siting.answer import Effort
    from spatial.siting.covering import max_cover, set_cover
    from spatial.siting.pairs import Pairs

    began = time.process_time()
    pairs = Pairs(world.start, world.site, world.cost, world.sites)
    effort = Effort(seconds=seconds)
    if p:
        found = max_cover(pairs, world.weight, p, effort=effort)
    else:
        found = set_cover(pairs, times=np.minimum(1, pairs.counts), effort=effort)
    cpu_s = time.process_time() - began
    return {
        "cpu_s": cpu_s, "chosen": found.sites.tolist(), "bound": found.bound,
        "status": str(found.status),
    }  # fmt: skip


def build_seconds(world: World, p: int) -> float:
    """CPU seconds from pairs to a programme that a solver takes, nothing left out beforehand."""
    from spatial.siting.covering.settle import Left, programme_of
    from spatial.siting.signatures import cover_of

    for _ in range(2):  # the first time compiles
        began = time.process_time()
        cover = cover_of(world.start, world.site, world.sites)
        none = np.zeros(0, dtype=np.int64)
        left = Left(
            cover, world.weight.astype(float), np.ones(world.sites), float(p),
            np.arange(world.sites), none, 0.0,
        )  # fmt: skip
        programme_of(left)
    return time.process_time() - began


def plain_highs(world: World, p: int, seconds: float) -> dict:
    """The textbook model from arrays, one column for each row and site."""
    import highspy

    began = time.process_time()
    n, m, size = len(world.weight), world.sites, np.diff(world.start)
    lp = highspy.HighsLp()
    if p:
        entry = world.start[1:] + np.arange(n)
        index, value = np.empty(len(world.site) + n + m, np.int32), np.ones(len(world.site) + n + m)
        own = np.zeros(len(world.site) + n, dtype=bool)
        own[entry] = True
        index[: len(own)][own], index[: len(own)][~own] = m + np.arange(n), world.site
        value[: len(own)][~own] = -1.0
        index[len(own) :] = np.arange(m)
        start = np.concatenate([world.start + np.arange(n + 1), [len(index)]])
        cost = np.concatenate([np.zeros(m), -world.weight.astype(float)])
        lower, upper = np.full(n + 1, -np.inf), np.append(np.zeros(n), float(p))
    else:
        kept = size > 0
        index, value = world.site, np.ones(len(world.site))
        start = np.append(world.start[:-1][kept], world.start[-1])
        cost = np.ones(m)
        lower, upper = np.ones(kept.sum()), np.full(kept.sum(), np.inf)
    lp.num_col_, lp.num_row_ = len(cost), len(lower)
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, np.zeros(len(cost)), np.ones(len(cost))
    lp.row_lower_, lp.row_upper_ = lower, upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = start.astype(np.int32), index.astype(np.int32)
    lp.a_matrix_.value_ = value
    kinds = [highspy.HighsVarType.kInteger] * m
    lp.integrality_ = kinds + [highspy.HighsVarType.kContinuous] * (len(cost) - m)
    solver = highspy.Highs()
    for name, value in (
        ("output_flag", False), ("threads", 1), ("mip_rel_gap", 0.0), ("time_limit", seconds),
    ):  # fmt: skip
        solver.setOptionValue(name, value)
    solver.passModel(lp)
    build_s = time.process_time() - began
    solver.run()
    cpu_s = time.process_time() - began
    x = np.array(solver.getSolution().col_value)[:m]
    sign = -1 if p else 1
    return {
        "cpu_s": cpu_s, "build_s": build_s, "chosen": np.flatnonzero(x > 0.5).tolist(),
        "bound": sign * solver.getInfo().mip_dual_bound,
        "status": str(solver.getModelStatus()).split(".")[-1],
    }  # fmt: skip


def spopt(world: World, p: int, seconds: float) -> dict:
    """The peer; rows that nobody covers are left out, it refuses them."""
    kept = np.diff(world.start) > 0
    given = {
        "model": np.array("max" if p else "set"), "weight": world.weight[kept],
        "start": np.concatenate([[0], np.cumsum(np.diff(world.start)[kept])]),
        "site": world.site, "sites": np.array(world.sites), "p": np.array(p),
        "limit_s": np.array(seconds),
    }  # fmt: skip
    measured, made = in_peer(SCRIPT, given, environment="regions")
    return {
        "cpu_s": measured.cpu_s, "build_s": float(made["build_s"]), "bound": float("nan"),
        "chosen": np.flatnonzero(made["chosen"]).tolist(), "status": str(made["status"]),
    }  # fmt: skip


WHO = {"ours": ours, "highs": plain_highs, "spopt": spopt}


def value_of(world: World, chosen: list[int], p: int) -> float:
    """Count an answer from its sites alone."""
    is_open = np.zeros(world.sites, dtype=bool)
    is_open[chosen] = True
    held = np.concatenate([[0], np.cumsum(is_open[world.site])])
    covered = np.diff(held[world.start]) > 0
    if p:
        return float(world.weight[covered].sum()) if len(chosen) <= p else float("nan")
    everybody = (covered | (np.diff(world.start) == 0)).all()
    return float(len(chosen)) if everybody else float("nan")


def one(who: str, name: str, limit_s: float) -> list[dict]:
    """All instances of a case, one after another, in this process."""
    case = next(case for case in CASES if case.name == name)
    seconds = case.seconds if who == "ours" else limit_s
    worlds = worlds_of(case)
    if who == "ours":  # compiles
        ours(street_world(400, 60, 400.0), 5 if worlds[0][1] else 0, 60.0)
    lines = []
    for world, p, known in worlds:
        made = WHO[who](world, p, seconds)
        made["value"] = value_of(world, made.pop("chosen"), p)
        made["known"] = known
        if who == "ours" and p:
            made["build_s"] = build_seconds(world, p)
        lines.append(made)
    return lines


def run(who: str, name: str, limit_s: float) -> list[dict]:
    command = [sys.executable, "-m", "tests.benchmarks.siting_cover", "--one", who, name]
    command += ["--limit", str(limit_s)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{who}, {name}:\n" + "\n".join(done.stderr.splitlines()[-8:]))
    return json.loads(done.stdout.splitlines()[-1])


def compare(case: Case, limit_s: float, who: tuple[str, ...]) -> bool:
    """Print one case; False where something is wrong."""
    fine = True
    made = {name: run(name, case.name, limit_s) for name in ("ours", *case.peers) if name in who}
    for name, lines in made.items():
        cpu_s, value = sum(x["cpu_s"] for x in lines), sum(x["value"] for x in lines)
        bound = sum(x["bound"] for x in lines)
        build = sum(x.get("build_s", 0.0) for x in lines)
        statuses = sorted({x["status"] for x in lines})
        ratio = cpu_s / sum(x["cpu_s"] for x in made["ours"])
        print(
            f"{case.name:17} {name:6} {cpu_s:9.3f} s CPU (build {build:8.4f} s, {ratio:7.1f}x ours)"
            f"  value {value:12,.0f}  bound {bound:12,.0f}  {', '.join(statuses)}"
        )
        fine &= all(x["known"] in (None, x["value"]) for x in lines if name == "ours")
        own = sum(x["value"] for x in made["ours"])
        counted = not case.p and case.name != "sjc"  # sites: fewer are better
        if (value < own) if counted else (value > own):
            print(f"{case.name}: {name} is better than ours.")
            fine = False
        record = {"case": case.name, "who": name, "cpu_s": cpu_s, "build_s": build}
        record |= {"value": value, "bound": bound, "status": statuses, "limit_s": limit_s}
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        with RESULTS.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
    return fine


def work(name: str, who: str):
    """Measure one side of a case in this process, and report as the other works do."""

    def side(size: str) -> None:
        lines = one(who, size, PEER_LIMIT_S)
        if who == "ours" and any(line["known"] not in (None, line["value"]) for line in lines):
            raise RuntimeError(f"{size}: not the known optimum")
        meter = Meter()
        cpu_s = sum(line["cpu_s"] for line in lines)
        build_s = sum(line.get("build_s", 0.0) for line in lines)
        meter.parts = {
            f"{name}: build": Measured(build_s, build_s, 0.0),
            name: Measured(cpu_s, cpu_s, 0.0),
        }
        report(meter, [line["value"] for line in lines])

    return side


NAMES = ("maximal cover", "set cover")
SIZES = (("sjc", "max-2k", "max-20k", "max-city-20k"), ("set-2k",))
ALL = tuple(
    (name + extra, sizes if extra == "" else small, work(name + extra, "ours"),
     work(name + extra, who), package, sizes if extra == "" else small)
    for name, sizes in zip(NAMES, SIZES, strict=True)
    for extra, who, package in (("", "highs", "highspy"), (" (spopt)", "spopt", "spopt"))
    for small in (sizes if name == NAMES[1] else sizes[1:3],)
)  # fmt: skip
"""Name, sizes, ours, peer, its package and its sizes: the works, in the order of ``Work``."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", default=",".join(case.name for case in CASES))
    parser.add_argument("--who", default="ours,highs,spopt")
    parser.add_argument("--limit", type=float, default=120.0, help="seconds a peer may take")
    parser.add_argument("--one", nargs=2, metavar=("WHO", "CASE"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(one(*asked.one, asked.limit)))
        return 0
    wanted = asked.cases.split(",")
    results = [
        compare(case, asked.limit, tuple(asked.who.split(",")))
        for case in CASES
        if case.name in wanted
    ]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
