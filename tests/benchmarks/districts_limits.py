"""Hard limits against peers: ``python -m tests.benchmarks.districts_limits [--maps …]``.

Ours proposes; every peer is asked for as many regions, in a process of its own with a limit of CPU
time, and judged by the same rules and the same objective: how many of its districts break a limit
or are in pieces, and our value over its own. Maps: ``study1000`` (one part, as the peers were
studied), ``studyhard1000`` (barriers cut it), ``open1000`` (smoother needs), ``demo1000`` (the demo
city with its barriers and the rules of the national profile), ``demoopen1000`` (the same where no
barrier and no street office cuts); any other number of neighbourhoods, too.

The study's penalty for districts of less than 1,500 households is not handed down. ``--shortfall``
sets ours; 1 is that of the national profile.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time

import numpy as np

from spatial.districting.problem import Problem
from spatial.districting.propose import propose
from spatial.districting.score import broken_rules, plan_score
from tests.benchmarks.district_worlds import (
    demo_problem,
    make_world,
    problem_of,
    study_problem,
)
from tests.benchmarks.districts_asked import ask, pieces_beyond
from tests.benchmarks.measure import ROOT

RESULTS = ROOT / ".local" / "benchmarks" / "limits.jsonl"
MAPS = "study1000,studyhard1000,demo200,demo1000,demo5000,demo10000,demoopen1000"
PEERS = (
    "pygeoda skater", "pygeoda redcap", "pygeoda schc", "pygeoda azp greedy", "pygeoda azp sa",
    "pygeoda azp tabu", "spopt ward", "spopt azp", "spopt kmeans", "spopt spenc",
)  # fmt: skip


def problem_named(name: str, shortfall: float) -> Problem:
    """Make the city of a name such as ``study1000``."""
    found = re.fullmatch(r"(study|studyhard|open|demo|demoopen)(\d+)", name)
    if found is None:
        raise SystemExit(f"{name}: no such map; choose from {MAPS} or other numbers")
    kind, units = found[1], int(found[2])
    if kind == "demo":
        return demo_problem(units)
    if kind == "demoopen":
        return demo_problem(units, cut_barriers=(), same_subdistrict=False)
    if kind == "open":
        return problem_of(make_world(units), "open")
    if kind == "study":
        return study_problem(units, "open", shortfall=shortfall)[1]
    return study_problem(units, "hard", max_distance_m=800.0, shortfall=shortfall)[1]


def seen_by_peers(problem: Problem) -> dict[str, np.ndarray]:
    """Links, needs (unknown ones at the mean), households and middles: all that a peer can read."""
    flat, needs = problem.flat, problem.flat.needs
    known, total = flat.sums[:, :needs], flat.sums[:, needs : 2 * needs]
    values = np.divide(total, known, out=np.zeros_like(total), where=known > 0)
    row = np.repeat(np.arange(problem.atoms), np.diff(flat.start))
    links = np.column_stack([row, flat.neighbour]).astype(np.int64)
    return {
        "links": links[links[:, 0] < links[:, 1]],
        "values": values,
        "amounts": problem.amount("households"),
        "xy_m": problem.xy_m,
    }


def compare(name: str, problem: Problem, peers: tuple[str, ...], limit_s: int) -> list[dict]:
    """Rows of ours and of every peer at the same number of districts."""
    propose(study_problem(300, "open", seed=9)[1])  # compiles
    start = time.process_time()
    found = propose(problem)
    cpu_s = time.process_time() - start
    label = found.label
    k = len(np.unique(label[label >= 0])) + int((label < 0).sum())
    about = {"map": name, "atoms": problem.atoms, "parts": len(found.by_component), "k": k}
    rows = [
        about
        | {"method": "ours", "cpu_s": round(cpu_s, 3), "value": round(found.value, 3)}
        | {"status": found.status, "illegal": broken(problem, label), "ratio": 1.0}
    ]
    arrays = seen_by_peers(problem)
    for method in peers:
        run = ask(method, arrays, limit_s=limit_s, k=k)
        if "ended" in run:
            rows.append(about | {"method": method, "error": run["ended"]})
            continue
        theirs = plan_score(problem, run["label"])
        rows.append(
            about
            | {"method": method, "cpu_s": round(run["cpu_s"], 3), "value": round(theirs, 3)}
            | {"regions": len(np.unique(run["label"])), "illegal": broken(problem, run["label"])}
            | {"pieces": pieces_beyond(arrays["links"], run["label"])[1]}
            | {"ratio": round(found.value / theirs, 4)}
        )
    return rows


def broken(problem: Problem, label: np.ndarray) -> int:
    """How many districts break a hard rule."""
    return int(broken_rules(problem, label)["district"].nunique())


def main() -> int:
    """Print a line of JSON for ours and every peer on every map, and keep them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--maps", default=MAPS)
    parser.add_argument("--peers", default=",".join(PEERS), help="comma-separated")
    parser.add_argument("--shortfall", type=float, default=1.0)
    parser.add_argument("--limit-s", type=int, default=60)
    asked = parser.parse_args()
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    peers = tuple(peer for peer in asked.peers.split(",") if peer)
    for name in asked.maps.split(","):
        problem = problem_named(name, asked.shortfall)
        for row in compare(name, problem, peers, asked.limit_s):
            line = json.dumps({"shortfall": asked.shortfall, **row})
            print(line, flush=True)
            with RESULTS.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
