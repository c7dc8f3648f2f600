"""Districts with hard limits, to proven optimality: ``python -m tests.benchmarks.districts_exact``.

Synthetic cities with barriers, street offices, or nothing that cuts; CPU seconds (compiling apart),
the bound, and how fast a part is done anew after a drag. ``--sizes 200 1000 …`` chooses.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time

import numpy as np
import pandas as pd

from tests.benchmarks.district_worlds import make_world, problem_of
from tests.benchmarks.measure import ROOT, Meter

CASES = (("hard", 800.0), ("street", 600.0), ("street", 800.0), ("open", 600.0))
SIZES = (200, 1000, 5000, 10000)
DRAGS = 200


def propose_one(units: int, kind: str, far_m: float, seed: int) -> dict[str, object]:
    """Propose districts for one city, after a small one as a rehearsal."""
    from spatial.districting.propose import propose
    from spatial.districting.score import broken_rules

    rehearsal = ("open", 360) if kind == "open" else ("hard", 200)
    propose(problem_of(make_world(rehearsal[1], seed=9), rehearsal[0], max_distance_m=450.0))
    problem = problem_of(make_world(units, seed=seed), kind, max_distance_m=far_m)
    meter = Meter()
    meter.start("propose")
    found = propose(problem)
    meter.stop()
    return {
        "cpu_s": round(meter.parts["propose"].cpu_s, 2),
        "peak_mib": round(meter.parts["propose"].peak_mib),
        "status": found.status,
        "value": round(found.value, 4),
        "gap_percent": round(100 * found.gap_share, 3),
        "districts": found.districts,
        "parts": len(found.by_component),
        "broken": len(broken_rules(problem, found.label)),
        "after_drag_ms": drags(problem, found.assignment) if kind != "open" else None,
    }


def drags(problem, plan: pd.Series) -> list[float]:
    """CPU milliseconds to do a part anew after a drag: median and 95th percentile."""
    from spatial.districting.proposal import labels_of
    from spatial.districting.touch import improve_touched

    rng = np.random.default_rng(5)
    flat, label = problem.flat, labels_of(problem, plan)
    spent_ms: list[float] = []
    while len(spent_ms) < DRAGS:
        atom = int(rng.integers(problem.atoms))
        near = flat.neighbour[flat.start[atom] : flat.start[atom + 1]]
        mates = near[(label[near] >= 0) & (label[near] != label[atom])]
        if not len(mates):
            continue
        mate = int(rng.choice(mates))
        moved = plan.copy()
        moved.iloc[atom] = plan.iloc[mate]
        start = time.process_time()
        improve_touched(problem, moved, [problem.ids[atom]], locked=problem.ids[[atom, mate]])
        spent_ms.append(1000 * (time.process_time() - start))
    return [round(float(np.quantile(spent_ms, share)), 1) for share in (0.5, 0.95)]


def main() -> None:
    """Run every case in a process of its own and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--kinds", nargs="+", default=[kind for kind, _ in CASES])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--one", nargs=3)
    asked = parser.parse_args()
    if asked.one:
        units, kind, far_m = asked.one
        print("\n" + json.dumps(propose_one(int(units), kind, float(far_m), asked.seed)))
        return
    for units in asked.sizes:
        for kind, far_m in CASES:
            if kind not in asked.kinds:
                continue
            case = [str(units), kind, str(far_m)]
            command = [sys.executable, "-m", "tests.benchmarks.districts_exact"]
            command += ["--seed", str(asked.seed), "--one", *case]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
            last = (done.stdout.strip() or done.stderr.strip()).splitlines()[-1]
            print(" ".join(case), last, flush=True)


if __name__ == "__main__":
    main()
