"""The product's own siting model: ``python -m tests.benchmarks.siting_own``.

Made towns: places and assets in clusters, eight kinds with their reach and sizes, fits, costs and
consents; 1,000 assets × 8 kinds × 20,000 demand rows is the size of the goal (0.01 % in 5 s of CPU,
building counted). The peer is the same model as one plain programme for HiGHS: no options left
out beforehand, no pricing (rows that the same sites reach are joined in both, as is fair). Both
answers are served anew and checked against every rule. CPU seconds in fresh processes; compiled
code is loaded beforehand.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from tests.benchmarks.measure import ROOT, Measured, Meter, report

SMALL_ASSETS, SMALL_PLACES = 10, 30


@dataclass(frozen=True)
class Case:
    """One town; `room`: capacities times this, 0 for none."""

    name: str
    assets: int = 1_000
    places: int = 2_500
    years: int = 1
    room: float = 0.0
    gap_share: float = 1e-4
    seconds: float = 60.0


CASES = (
    Case("district", assets=50, places=250, gap_share=0.0),
    Case("district-room", assets=50, places=250, room=10.0, gap_share=0.0),
    Case("district-years", assets=50, places=250, years=5),
    Case("city"),
    Case("city-room", room=10.0),
    Case("city-years", years=5),
)
REACH_M, NEED_M2, KINDS = (500.0, 1000.0), (100.0, 900.0), 8
SIZES = {"small": 0.5, "standard": 1.0, "large": 1.6}


def town(case: Case, seed: int = 0):
    """Return a made town's siting problem, and the CPU seconds of laying it out."""
    from spatial.siting.problem import SitingProblem
    from spatial.siting.rules import SitingRules

    rng = np.random.default_rng(seed)
    side_m = (case.places / 2500) ** 0.5 * 10_000
    centres = rng.uniform(0, side_m, (max(4, case.places // 80), 2))
    place_m = centres[rng.integers(len(centres), size=case.places)]
    place_m = place_m + rng.normal(0, 300, (case.places, 2))
    asset_m = centres[rng.integers(len(centres), size=case.assets)]
    asset_m = asset_m + rng.normal(0, 400, (case.assets, 2))
    persons = rng.lognormal(6, 0.6, case.places).round()
    floor_m2 = rng.lognormal(6.2, 0.7, case.assets).round()
    near = cKDTree(place_m)
    lines, hits = [], []
    for k in range(KINDS):
        reach_m = np.interp(k, (0, KINDS - 1), REACH_M)
        need_m2 = np.interp(k, (0, KINDS - 1), NEED_M2)
        fit = np.flatnonzero(rng.random(case.assets) < 0.6)
        for a, reached in zip(fit, near.query_ball_point(asset_m[fit], reach_m), strict=True):
            for size, times in SIZES.items():
                needs = need_m2 * times
                if needs > floor_m2[a]:
                    continue
                cost = np.round(needs * 3000 * rng.uniform(0.6, 1.4) + 2e5)
                room = 7.5 * needs * case.room / (1 + k / 2) if case.room else np.inf
                year = int(rng.integers(0, case.years)) if case.years > 1 else 0
                risk = float(rng.choice([0.0, 0.1, 0.3]))
                lines.append((f"a{a}:k{k}:{size}", f"a{a}", f"k{k}", size, cost, needs * 100,
                              room, needs, year, risk))  # fmt: skip
                hits.append(np.sort(np.array(reached, dtype=np.int64)) + k * case.places)
    names = ["id", "asset", "kind", "size", "cost_yuan", "yearly_yuan", "capacity_persons"]
    names += ["floor_m2", "earliest_year", "consent_risk_share"]
    options = pd.DataFrame(lines, columns=names).set_index("id")
    demand = pd.DataFrame(
        {
            "place": [f"p{i}" for _ in range(KINDS) for i in range(case.places)],
            "kind": [f"k{k}" for k in range(KINDS) for _ in range(case.places)],
            "persons": np.tile(persons, KINDS),
            "weight": rng.choice([1.0, 1.5, 2.0], KINDS * case.places),
        }
    )
    demand.index = pd.Index(demand["place"] + ":" + demand["kind"], name="id")
    assets = pd.DataFrame(
        {"x_m": asset_m[:, 0], "y_m": asset_m[:, 1], "floor_m2": floor_m2},
        index=[f"a{a}" for a in range(case.assets)],
    )
    money = 0.1 * float(options.groupby("asset")["cost_yuan"].mean().sum())
    rules = SitingRules(
        budget_yuan=(money / case.years,) * case.years,
        spacing_m={f"k{k}": 200.0 for k in range(KINDS)},
    )
    start = np.concatenate([[0], np.cumsum([len(hit) for hit in hits])])
    began = time.process_time()
    made = SitingProblem.from_frames(
        assets, options, demand, (start, np.concatenate(hits)), rules=rules
    )
    return made, time.process_time() - began


def run(who: str, name: str, limit_s: float) -> dict[str, object]:
    """Solve one case in this process."""
    from spatial.siting.answer import Effort, Watch
    from spatial.siting.broken_rules import broken_rules
    from spatial.siting.plan import plan_of
    from spatial.siting.solve import solve_siting
    from spatial.siting.solver.core import compile_problem, worth_of
    from spatial.siting.solver.highs import run_programme
    from spatial.siting.solver.prices import Aim
    from spatial.siting.solver.programme import lay_out
    from spatial.siting.solver.proof import best_plan, make_ready

    case = next(one for one in CASES if one.name == name)
    for years in {1, case.years}:  # loads compiled code
        tiny = town(Case("tiny", SMALL_ASSETS, SMALL_PLACES, years=years, room=case.room))[0]
        ready = make_ready(compile_problem(tiny))
        best_plan(ready, Aim(tiny.rules.weights), Watch(Effort()), None, direct=-1)
    problem, build_s = town(case)
    began = time.process_time()
    if who == "ours":
        effort = Effort(seconds=min(case.seconds, limit_s), gap_share=case.gap_share)
        plan = solve_siting(problem, effort=effort)
    else:
        core = compile_problem(problem)
        programme = lay_out(core)
        watch = Watch(Effort(seconds=limit_s))
        aim = Aim(problem.rules.weights)
        found = run_programme(programme, aim, watch, gap_share=case.gap_share)
        if found.column is None:
            return {"cpu_s": time.process_time() - began, "value": None, "bound": found.bound}
        year = programme.years_of(found.column)
        worth = worth_of(core, year)
        status = watch.status_of(worth.value(aim.weights), found.bound)
        plan = plan_of(core, year, worth, bound=found.bound, status=status, cpu_s=0.0)
    cpu_s = time.process_time() - began + build_s
    broken = broken_rules(problem, plan)
    if len(broken):
        raise RuntimeError(f"{who} {name}: breaks rules: {broken.head().to_dict('records')}")
    return {
        "cpu_s": cpu_s, "build_s": build_s, "value": plan.value, "bound": plan.bound,
        "gap_share": plan.gap_share, "status": str(plan.status), "sites": len(plan.chosen),
    }  # fmt: skip


def apart(who: str, name: str, limit_s: float) -> dict[str, object]:
    """Solve one case in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.siting_own", "--one", who, name]
    command += ["--limit", str(limit_s)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return json.loads(done.stdout.splitlines()[-1])


def work(who: str):
    """Return a side of the work for the table of all benchmarks."""

    def side(size: str) -> None:
        line = apart(who, size, 120.0)
        meter = Meter()
        meter.parts = {"own siting model": Measured(float(line["cpu_s"]), 0.0, 0.0)}
        value = line["value"]
        report(meter, None if value is None else [float(f"{value:.3g}")])

    return side


BENCHED = ("district", "district-room", "city")
ALL = (("own siting model", BENCHED, work("ours"), work("highs"), "highspy", BENCHED),)
"""Name, sizes, ours, peer, its package and its sizes: the works, in the order of ``Work``."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", default=",".join(case.name for case in CASES))
    parser.add_argument("--who", default="ours,highs")
    parser.add_argument("--limit", type=float, default=60.0, help="wall seconds for each")
    parser.add_argument("--one", nargs=2, metavar=("WHO", "CASE"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(run(*asked.one, asked.limit)))
        return 0
    worse = 0
    for name in asked.cases.split(","):
        lines = {who: apart(who, name, asked.limit) for who in asked.who.split(",")}
        for who, line in lines.items():
            print(f"{name:15} {who:6} {json.dumps(line)}", flush=True)
        values = {who: line["value"] for who, line in lines.items() if line["value"] is not None}
        bounds = [line["bound"] for line in lines.values() if line["bound"] is not None]
        if any(value > min(bounds) * (1 + 1e-6) for value in values.values()):
            raise RuntimeError(f"{name}: a value beyond a bound")
        worse += "ours" in values and values["ours"] < max(values.values()) * (1 - 1e-4)
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
