"""The audit of a whole city by stages and sizes: ``python -m tests.benchmarks.audit``.

From a city that was read to everything that says who lacks what: neighbourhoods with their cells
and gates, the walking network, entries of gates, facilities and buildings; nearest facilities of
all kinds from gates and buildings; life circles of three layers as polygons with everything reached
in them; gaps of neighbourhoods and of buildings; competition for capacity by all four floating
catchment methods; queue, priority, equity and coverage; the heatmap. Districts and stock are no
part of it. The same functions in the same order as `spatial.analysis.analyse`: as there, circles
are drawn beside everything that follows the network (marked + in the table, where the seconds of
the processor hold both), and what is left of them is waited for at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict

import numpy as np

from tests.benchmarks.inputs import DENSE, RUN_KEY, city, sources
from tests.benchmarks.measure import ROOT, Measured, Meter, in_fresh_process, report

NAME = "audit"
SIZES = tuple(DENSE)
OUT = ROOT / "build" / "bench"
WHOLE = f"{NAME}: all of it"
GOAL_S, GOAL_MIB = 60.0, 4096.0


def audit(size: str) -> None:
    """Measure every stage of the audit of one city."""
    from spatial.analysis import AnalysisParameters, ground, missing, reach
    from spatial.analysis.run import Run
    from spatial.cores import beside
    from spatial.gaps import coverage, gap_heatmap, weigh_gaps
    from spatial.memory import give_back
    from spatial.progress import silent
    from spatial.standards import read_profile

    the_city, profile = city(size), read_profile("national")
    run = Run(the_city, profile, AnalysisParameters(year=2026), silent)
    meter = Meter()

    def stage(name: str) -> None:
        give_back()  # as `analyse` does after a stage
        meter.start(f"{NAME}: {name}")

    stage("neighbourhoods")
    places = ground.neighbourhoods(run)
    stage("network and entries")
    walk = ground.walk_of(run, places)
    with beside() as aside:
        stage("kinds+")
        drawn = aside.begin(lambda told: reach.drawn(run, walk, told))
        kinds = reach.kinds_of(run)
        stage("nearest+")
        nearest = reach.nearest(run, walk, kinds)
        stage("reached+")
        reached, living = reach.reached(run, walk, kinds, places)
        stage("gaps+")
        gaps = missing.gaps_of(run, places, nearest, kinds, walk, reached)
        homes = missing.gaps_of_buildings(run, places, walk, nearest, gaps)
        stage("2SFCA+")
        access = missing.access(run, places, kinds, reached, walk)
        stage("heatmap+")
        lived = missing.lived(run, places)
        heat = gap_heatmap(
            places,
            gaps,
            the_city,
            profile.rooms["neighbourhoods"],
            cell_m=profile.rooms["gaps"]["heatmap_cell_m"],
            buildings=homes,
            lived=lived,
        )
        stage("queue, priority, equity+")
        buildings, demand = the_city.layer("buildings"), missing.demanded(run, places)
        weighed = weigh_gaps(
            gaps, places, profile, buildings, homes, demand=demand, year=2026, lived=lived
        )
        covered = coverage(gaps, places, found=homes)
        stage("the rest of the circles")
        circles = reach.circles(run, drawn, reached, living)
    meter.stop()
    parts = meter.parts.values()
    meter.parts[WHOLE] = Measured(
        sum(part.cpu_s for part in parts),
        sum(part.wall_s for part in parts),
        max(part.peak_mib for part in parts),
    )
    tables = (circles, reached, gaps, access, heat, weighed.queue, covered)
    report(meter, [walk.network.edge_count, len(buildings), *map(len, tables)])


def main() -> int:
    """Audit the dense demo city at several sizes, and draw how time and memory grow."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.audit", description=__doc__)
    parser.add_argument("--sizes", default=",".join(SIZES), help="comma-separated")
    asked = parser.parse_args().sizes.split(",")
    os.environ[RUN_KEY] = sources()
    made: dict[str, dict[str, Measured]] = {}
    whole: dict[str, Measured] = {}
    for size in asked:
        in_fresh_process("prepare", "city", size)
        in_fresh_process(NAME, "ours", SIZES[0])  # compiled kernels are kept from here on
        made[size], _ = in_fresh_process(NAME, "ours", size)
        whole[size] = made[size].pop(WHOLE)
        print(_line(size, whole[size], made[size]), flush=True)
    counts = np.array([DENSE[size][1] for size in made], dtype=float)
    cpu_s = np.array([part.cpu_s for part in whole.values()])
    if len(made) > 1:
        power = np.polyfit(np.log(counts), np.log(cpu_s), 1)[0]
        beyond = np.polyfit(np.log(counts), np.log(cpu_s / np.log(counts)), 1)[0]
        print(f"CPU grows as buildings^{power:.2f}, as (n log n)^1 times n^{beyond - 1:+.2f}")
    OUT.mkdir(parents=True, exist_ok=True)
    kept = {size: {name: asdict(part) for name, part in made[size].items()} for size in made}
    (OUT / "audit.json").write_text(json.dumps(kept, indent=1), encoding="utf-8")
    draw(whole)
    return 0


def _line(size: str, whole: Measured, parts: dict[str, Measured]) -> str:
    stages = ", ".join(
        f"{name.removeprefix(f'{NAME}: ')} {p.wall_s:.1f}" for name, p in parts.items()
    )
    return (
        f"{size}: whole audit {whole.wall_s:.1f} s wall (goal {GOAL_S:.0f} for 10,000 "
        f"neighbourhoods), {whole.cpu_s:.1f} s CPU, {whole.peak_mib:,.0f} MiB; "
        f"wall by stage, + with circles drawn beside: {stages}"
    )


def draw(whole: dict[str, Measured]) -> None:
    """Plot seconds and memory against the number of buildings, beside n log n."""
    from matplotlib.figure import Figure

    counts = np.array([DENSE[size][1] for size in whole], dtype=float)
    figure = Figure(figsize=(11, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, style in (("cpu_s", "o-"), ("wall_s", "s-")):
        total = [getattr(part, name) for part in whole.values()]
        left.plot(counts, total, style, label={"cpu_s": "CPU", "wall_s": "wall clock"}[name])
    law = counts * np.log(counts)
    first = next(iter(whole.values())).wall_s
    left.plot(counts, first * law / law[0], "k:", label="n log n from the smallest")
    left.axhline(GOAL_S, color="tab:red", lw=0.8, label="goal for 300,000 buildings")
    left.set(xscale="log", yscale="log", xlabel="buildings", ylabel="seconds", title="Time")
    left.legend()
    peak = [part.peak_mib for part in whole.values()]
    right.plot(counts, peak, "o-", label="highest memory, Python and city included")
    right.axhline(GOAL_MIB, color="tab:red", lw=0.8, label="goal")
    right.set(xlabel="buildings", ylabel="MiB", title="Memory", ylim=(0, None))
    right.legend()
    figure.savefig(OUT / "audit.svg")
    figure.savefig(OUT / "audit.png", dpi=120)


if __name__ == "__main__":
    sys.exit(main())
