"""Districts with hard limits, to proven optimality: ``python -m tests.benchmarks.districts_exact``.

Synthetic cities with barriers, street offices, or nothing that cuts, and the demo city with its own
barriers and the rules of the national profile; CPU and wall seconds (compiling apart), the bound,
and how fast a part is done anew after a drag. ``--sizes 200,1000 --kinds hard,demo`` chooses.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from itertools import chain

import numpy as np
import pandas as pd

from spatial.districting.problem import Problem
from tests.benchmarks.district_worlds import (
    demo_problem,
    make_world,
    problem_of,
    study_problem,
)
from tests.benchmarks.measure import ROOT, Meter

CASES = (
    ("hard", 800.0),
    ("street", 600.0),
    ("street", 800.0),
    ("study", 600.0),
    ("open", 600.0),
    ("demo", 0.0),
)
"""Kinds, and metres between members; the demo city keeps the rules of the national profile.

study and open: nothing cuts; with needs as mixed as where the goals were found, and smoother.
"""
SIZES = (200, 1000, 5000, 10000)
DRAGS = 200
COLUMNS = {
    "units": 6,
    "kind": 7,
    "far_m": 6,
    "cpu_s": 7,
    "wall_s": 7,
    "peak_mib": 9,
    "status": 15,
    "value": 11,
    "gap_percent": 12,
    "districts": 10,
    "parts": 6,
    "broken": 7,
    "drag_p50_ms": 12,
    "drag_p95_ms": 12,
    "drag_max_ms": 12,
    "drags_proven": 13,
}
"""What is printed, and how wide."""


def propose_one(units: int, kind: str, far_m: float, seed: int) -> dict[str, object]:
    """Propose districts for one city, after a small one as a rehearsal."""
    from spatial.districting.propose import propose
    from spatial.districting.score import broken_rules

    rehearsal = ("open", 1100) if kind in {"open", "study"} else ("hard", 200)
    small = world(rehearsal[1], rehearsal[0], 450.0, seed=9)
    drags(small, propose(small).assignment, wanted=3)
    problem = world(units, kind, far_m, seed)
    meter = Meter()
    meter.start("propose")
    found = propose(problem)
    meter.stop()
    return {
        "cpu_s": round(meter.parts["propose"].cpu_s, 2),
        "wall_s": round(meter.parts["propose"].wall_s, 2),
        "peak_mib": round(meter.parts["propose"].peak_mib),
        "status": found.status,
        "value": round(found.value, 4),
        "gap_percent": round(100 * found.gap_share, 3),
        "districts": found.districts,
        "parts": len(found.by_component),
        "broken": len(broken_rules(problem, found.label)),
        **drags(problem, found.assignment),
    }


def world(units: int, kind: str, far_m: float, seed: int) -> Problem:
    """Make a city, and the problem of one kind."""
    if kind == "demo":
        return demo_problem(units)
    if kind == "study":
        return study_problem(units, "open", max_distance_m=far_m, seed=seed)[1]
    return problem_of(make_world(units, seed=seed), kind, max_distance_m=far_m)


def drags(problem: Problem, plan: pd.Series, *, wanted: int = DRAGS) -> dict[str, object]:
    """CPU milliseconds to do what a drag touched anew, and how many of the answers are proven.

    A drag takes one atom to the district of a neighbour, and both are meant to stay together; where
    that breaks a hard rule, it is refused, and that takes its time too.
    """
    from spatial.districting.proposal import labels_of
    from spatial.districting.touch import improve_touched
    from spatial.errors import InfeasibleError

    rng = np.random.default_rng(5)
    flat, label = problem.flat, labels_of(problem, plan)
    row = np.full(problem.atoms, -1)
    row[problem.atom[::-1]] = np.arange(len(problem.atom))[::-1]
    ends = np.repeat(np.arange(problem.atoms), np.diff(flat.start)), flat.neighbour
    between = (label[ends[1]] >= 0) & (label[ends[0]] != label[ends[1]])
    links = np.column_stack(ends)[between]
    spent_ms: list[float] = []
    proven = 0
    for atom, mate in row[links[rng.integers(0, len(links), wanted)]]:
        moved = plan.copy()
        moved.iloc[atom] = plan.iloc[mate]
        locked = problem.ids[[atom, mate]]
        start = time.process_time()
        try:
            found = improve_touched(problem, moved, [problem.ids[atom]], locked=locked)
            proven += found.status == "proven_optimal"
        except InfeasibleError:  # both together break a rule: that is known for certain too
            proven += 1
        spent_ms.append(1000 * (time.process_time() - start))
    middle, late, last = np.quantile(spent_ms, (0.5, 0.95, 1.0)).round(1).tolist()
    return {
        "drag_p50_ms": middle,
        "drag_p95_ms": late,
        "drag_max_ms": last,
        "drags_proven": f"{proven}/{wanted}",
    }


def numbers(text: str) -> list[int]:
    """Read ``200,1000``.

    >>> numbers("200,1000")
    [200, 1000]
    """
    return [int(part) for part in text.split(",") if part]


def words(text: str) -> list[str]:
    """Read ``hard,street``."""
    known = {kind for kind, _ in CASES}
    found = [part for part in text.split(",") if part]
    if strange := set(found) - known:
        raise argparse.ArgumentTypeError(f"{', '.join(strange)}: choose from {', '.join(known)}")
    return found


def print_row(found: dict[str, object]) -> None:
    """Print one line of the table."""
    cells = [f"{'' if found.get(k) is None else found[k]!s:>{w}}" for k, w in COLUMNS.items()]
    print(" ".join(cells), flush=True)


def main() -> None:
    """Run every case in a process of its own and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=numbers, nargs="+", default=[list(SIZES)])
    parser.add_argument("--kinds", type=words, nargs="+", default=[[kind for kind, _ in CASES]])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--one", nargs=3)
    asked = parser.parse_args()
    if asked.one:
        units, kind, far_m = asked.one
        print("\n" + json.dumps(propose_one(int(units), kind, float(far_m), asked.seed)))
        return
    print_row({name: name for name in COLUMNS})
    kinds = set(chain.from_iterable(asked.kinds))
    for units in chain.from_iterable(asked.sizes):
        for kind, far_m in CASES:
            if kind not in kinds:
                continue
            case = [str(units), kind, str(far_m)]
            command = [sys.executable, "-m", "tests.benchmarks.districts_exact"]
            command += ["--seed", str(asked.seed), "--one", *case]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
            if done.returncode:
                print(" ".join(case), "failed:", done.stderr.strip().splitlines()[-1], flush=True)
                continue
            about = {"units": units, "kind": kind, "far_m": f"{far_m:.0f}" if far_m else "rules"}
            print_row(about | json.loads(done.stdout.strip().splitlines()[-1]))


if __name__ == "__main__":
    main()
