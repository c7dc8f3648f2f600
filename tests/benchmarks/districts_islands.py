"""A city in 22 parts, 4 of them islands: who finishes?

``python -m tests.benchmarks.districts_islands``.
Two hundred neighbourhoods with arterials and a river that cut. 21 ways of the peers, each in a
process of its own with a limit of CPU time, and ours, on the same map: 40 regions (more than there
are parts), 10 (fewer), and as many as hold five times the mean. A region in several pieces is
broken; so is one that holds less than it should.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tests.benchmarks.district_worlds import World, make_world, problem_of
from tests.benchmarks.districts_asked import ask, pieces_beyond
from tests.benchmarks.measure import ROOT

RESULTS = ROOT / ".local" / "benchmarks" / "regions.jsonl"
UNITS, SEED, PARTS, ISLANDS = 200, 3, 22, 4
MANY, FEW = 40, 10
FIXED = (
    "pygeoda skater", "pygeoda redcap", "pygeoda redcap single", "pygeoda redcap average",
    "pygeoda schc", "pygeoda azp greedy", "pygeoda azp sa", "pygeoda azp tabu", "spopt ward",
    "sklearn ward", "spopt spenc", "spopt kmeans", "spopt skater increase", "spopt skater",
    "spopt azp",
)  # fmt: skip
MOST = (
    "pygeoda maxp greedy", "pygeoda maxp tabu", "spopt maxp single", "spopt maxp multiple",
    "spopt maxp keep", "spopt maxp drop",
)  # fmt: skip


def main() -> int:
    """Run everybody and print a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit-s", type=int, default=40)
    parser.add_argument("--few", action="store_true", help="ask the peers for 10 regions too")
    parser.add_argument("--peers", default="", help="comma-separated; by default all; `none`")
    asked = parser.parse_args()
    world = make_world(UNITS, seed=SEED)
    links = world.pairs[~world.barred]
    at_least = 5.0 * float(world.households.mean())
    wanted = [one for one in (*FIXED, *MOST) if not asked.peers or one in asked.peers.split(",")]
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    rows = [*ours(world, links, at_least)]
    for row in rows:
        show(row)
    for method in wanted:
        for k in (0,) if method in MOST else (MANY, FEW)[: 1 + asked.few]:
            show(theirs(world, links, method, k, at_least, asked.limit_s))
    return 0


def show(row: dict[str, Any]) -> None:
    """Print and keep one line."""
    line = json.dumps({"task": "islands", **row})
    print(line, flush=True)
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def ours(world: World, links: np.ndarray, at_least: float) -> Iterator[dict[str, Any]]:
    """Every way in which we make regions and districts."""
    from spatial.districting.max_p import max_p
    from spatial.districting.modes import FixedNumber, MostDistricts
    from spatial.districting.propose import propose
    from spatial.districting.regions import regionalise
    from spatial.districting.score import broken_rules

    problem = problem_of(world, "hard")
    if len(np.unique(problem.component)) != PARTS:
        raise RuntimeError("the city is not in as many parts as it should be")

    def of_plan(mode: Any) -> np.ndarray:
        found = propose(problem, mode)
        if not broken_rules(problem, found.label).empty:
            raise RuntimeError("a proposal breaks a rule")
        return found.label

    ways: dict[str, tuple[int, Callable[[], np.ndarray]]] = {
        "regionalise": (MANY, lambda: regionalise(links, world.values, MANY).label),
        "regionalise, too few": (FEW, lambda: regionalise(links, world.values, FEW).label),
        "max_p": (0, lambda: max_p(links, world.households, at_least).label),
        "propose": (0, lambda: of_plan(None)),
        "propose, fixed number": (MANY, lambda: of_plan(FixedNumber(MANY))),
        "propose, most": (0, lambda: of_plan(MostDistricts("households", at_least))),
    }
    for name, (k, run) in ways.items():
        plain = {"method": f"ours, {name}", "k": k}
        for _ in range(2):  # the first time compiles
            start = time.process_time()
            try:
                made: dict[str, Any] = {"label": run()}
            except ValueError as fault:
                made = {"ended": f"{type(fault).__name__}: {fault}"}
            made["cpu_s"] = time.process_time() - start
        least = at_least if name == "max_p" else 0.0
        yield plain | judged(world, links, made, least)


def theirs(
    world: World, links: np.ndarray, method: str, k: int, at_least: float, limit_s: int
) -> dict[str, Any]:
    """One peer."""
    arrays = {
        "links": links,
        "values": world.values,
        "amounts": world.households,
        "xy_m": world.xy_m,
    }
    least = 0.0 if k else at_least
    made = ask(method, arrays, limit_s=limit_s, k=k, at_least=least)
    return {"method": method, "k": k} | judged(world, links, made, least)


def judged(
    world: World, links: np.ndarray, made: dict[str, Any], at_least: float
) -> dict[str, Any]:
    """Say what came out: how it ended, or how many regions are broken."""
    if "ended" in made:
        return {"ended": made["ended"]}
    label = made["label"]
    if len(label) != len(world.xy_m):
        return {"ended": f"answers for {len(label)} of {len(world.xy_m)} units, unnamed"}
    broken, extra = pieces_beyond(links, label)
    number = np.unique(label[label >= 0], return_inverse=True)[1]
    held = np.bincount(number, weights=world.households[label >= 0])
    return {
        "cpu_s": round(made["cpu_s"], 4),
        "regions": len(held),
        "broken": broken,
        "extra_pieces": extra,
        "short": int((held < at_least * (1 - 1e-9)).sum()),
        "in_no_region": int((label < 0).sum()),
    }


if __name__ == "__main__":
    sys.exit(main())
