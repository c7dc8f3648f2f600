"""Regions against peers: ``python -m tests.benchmarks.districts_search [TASK] [--maps …]``.

Tasks: ``fixed`` (k regions, within sum of squares), ``most`` (max-p), ``balanced`` (k regions
within a band of the mean amount, the one limit of ReCom). Every peer runs in a
process of its own with a limit of CPU time; its regions are judged here, by the same functions as
ours.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from tests.benchmarks.district_worlds import demo_problem, make_world
from tests.benchmarks.districts_asked import ask
from tests.benchmarks.districts_limits import seen_by_peers
from tests.benchmarks.measure import ROOT

SHARED = ROOT.parent / "shared" / "data" / "bench" / "regions"
RESULTS = ROOT / ".local" / "benchmarks" / "regions.jsonl"
REAL: dict[str, tuple[str, tuple[str, ...], str]] = {
    "columbus": ("columbus/columbus.shp", ("HOVAL", "INC", "CRIME"), "AREA"),
    "guerry": (
        "Guerry.shp",
        ("Crm_prs", "Crm_prp", "Litercy", "Donatns", "Infants", "Suicids"),
        "Pop1831",
    ),
    "mexico": (
        "mexico/mexicojoin.shp",
        ("PCGDP1940", "PCGDP1960", "PCGDP1980", "PCGDP2000"),
        "PCGDP2000",
    ),
    "georgia": (
        "georgia/G_utm.shp",
        ("PctRural", "PctBach", "PctEld", "PctFB", "PctPov", "PctBlack"),
        "TotPop90",
    ),
    "tokyo": ("tokyo/tokyomet262.shp", ("OCC_TEC", "OWNH", "POP65", "UNEMP"), "db2564"),
    "natregimes": (
        "natregimes.shp",
        ("HR90", "RD90", "PS90", "UE90", "DV90", "MA90", "FP89", "GI89"),
        "PO90",
    ),
}
SYNTHETIC = {"city200": 200, "city1000": 1000, "city5000": 5000, "city10000": 10000}
DEMO = {"demo200": 200, "demo1000": 1000, "demo5000": 5000, "demo10000": 10000}
FIXED = (
    "pygeoda skater", "pygeoda redcap", "pygeoda schc", "pygeoda azp greedy", "pygeoda azp sa",
    "pygeoda azp sa 20", "pygeoda azp tabu", "spopt ward", "spopt azp", "spopt kmeans",
    "spopt spenc", "spopt skater",
)  # fmt: skip
MOST = ("pygeoda maxp greedy", "pygeoda maxp sa", "pygeoda maxp tabu", "spopt maxp")
BALANCED = ("gerrychain bursts 200", "gerrychain bursts 1500")
BAND = 0.6


@dataclass(frozen=True, eq=False)
class Map:
    """One instance; row i is unit i."""

    name: str
    links: np.ndarray
    values: np.ndarray
    amounts: np.ndarray
    xy_m: np.ndarray

    @property
    def units(self) -> int:
        return len(self.values)


def load(name: str) -> Map:
    """Read or make one instance; of the demo city without barriers, what hangs together."""
    if name in SYNTHETIC:
        world = make_world(SYNTHETIC[name])
        return Map(name, world.pairs, world.values, world.households, world.xy_m)
    if name in DEMO:
        seen = seen_by_peers(demo_problem(DEMO[name], cut_barriers=(), same_subdistrict=False))
        kept = largest_part(seen["links"], len(seen["values"]))
        links = (np.cumsum(kept) - 1)[seen["links"][kept[seen["links"][:, 0]]]]
        return Map(name, links, seen["values"][kept], seen["amounts"][kept], seen["xy_m"][kept])
    path, columns, amount = REAL[name]
    frame = gpd.read_file(SHARED / path)
    if name == "tokyo":
        table = pd.read_csv(SHARED / "tokyo" / "Tokyomortality.csv")
        frame = frame.join(table)
    values = frame[list(columns)].to_numpy(float)
    values = (values - values.mean(axis=0)) / values.std(axis=0)
    links = touching(frame.geometry)
    kept = largest_part(links, len(frame))
    new = np.cumsum(kept) - 1
    links = new[links[kept[links[:, 0]]]]
    middle = frame.geometry.representative_point()
    xy_m = np.column_stack([middle.x, middle.y])
    return Map(name, links, values[kept], frame[amount].to_numpy(float)[kept], xy_m[kept])


def touching(shapes: gpd.GeoSeries) -> np.ndarray:
    """Pairs of shapes with a common point (queen)."""
    pairs = shapes.sindex.query(shapes.values, predicate="intersects").T
    return pairs[pairs[:, 0] < pairs[:, 1]]


def largest_part(links: np.ndarray, units: int) -> np.ndarray:
    graph = coo_array((np.ones(len(links)), links.T), shape=(units, units))
    part = connected_components(graph, directed=False)[1]
    return part == np.bincount(part).argmax()


def pieces(links: np.ndarray, label: np.ndarray) -> int:
    """How many pieces the regions are in, beyond one each."""
    inside = links[label[links[:, 0]] == label[links[:, 1]]]
    graph = coo_array((np.ones(len(inside)), inside.T), shape=(len(label), len(label)))
    piece = connected_components(graph, directed=False)[1]
    kept = label >= 0
    return len(np.unique(piece[kept])) - len(np.unique(label[kept]))


def within(values: np.ndarray, label: np.ndarray) -> float:
    number = np.unique(label, return_inverse=True)[1]
    total = np.zeros((number.max() + 1, values.shape[1]))
    np.add.at(total, number, values)
    return float(np.square(values - (total / np.bincount(number)[:, None])[number]).sum())


def ask_peer(city: Map, method: str, *, k: int, at_least: float, seed: int, limit_s: int) -> dict:
    """One answer of a peer: CPU seconds and regions, or what went wrong."""
    arrays = {
        "links": city.links,
        "values": city.values,
        "amounts": city.amounts,
        "xy_m": city.xy_m,
    }
    made = ask(method, arrays, limit_s=limit_s, k=k, at_least=at_least, seed=seed)
    return {"error": made["ended"]} if "ended" in made else made


def timed(run: Callable[[int], np.ndarray], seeds: int) -> list[tuple[float, np.ndarray]]:
    found = []
    for seed in range(seeds):
        start = time.process_time()
        label = run(seed)
        found.append((time.process_time() - start, label))
    return found


def fixed(city: Map, peers: tuple[str, ...], seeds: int, limit_s: int) -> list[dict]:
    """K regions; every row is judged by its sum of squares."""
    from spatial.districting.land import checked_map
    from spatial.districting.regions import fixed_number

    k = max(round(city.units / 10), 2)
    land = checked_map(city.links, city.values, None)
    free = (0.0, np.inf)
    rows = []
    fixed_number(land, k, free, 50 * city.units, seed=0)  # compiles
    for budget in (0, 60, 600, 6000):
        runs = timed(
            lambda seed, b=budget: fixed_number(land, k, free, b * land.units, seed=seed).label,
            seeds,
        )
        rows.append(fixed_row(city, f"ours, {budget} moves a unit", k, runs))
    for method in peers:
        runs = [
            ask_peer(city, method, k=k, at_least=0.0, seed=seed, limit_s=limit_s)
            for seed in range(1 if steady(method) else seeds)
        ]
        wrong = [run["error"] for run in runs if "error" in run]
        if wrong:
            rows.append({"map": city.name, "method": method, "k": k, "error": wrong[0]})
        else:
            rows.append(fixed_row(city, method, k, [(run["cpu_s"], run["label"]) for run in runs]))
    return rows


def steady(method: str) -> bool:
    """Whether a method has no chance in it, or takes too long to be asked twice."""
    return method.rsplit(maxsplit=1)[-1] in {"skater", "redcap", "schc", "ward", "azp"}


def fixed_row(city: Map, method: str, k: int, runs: list[tuple[float, np.ndarray]]) -> dict:
    return {
        "map": city.name,
        "method": method,
        "k": k,
        "cpu_s": round(median(cpu for cpu, _ in runs), 5),
        "within": round(median(within(city.values, label) for _, label in runs), 4),
        "regions": sorted({len(np.unique(label)) for _, label in runs}),
        "pieces": max(pieces(city.links, label) for _, label in runs),
    }


def most_of(times: tuple[float, ...]) -> Callable[..., list[dict]]:
    """As many regions as hold each of these multiples of the mean."""

    def work(city: Map, peers: tuple[str, ...], seeds: int, limit_s: int) -> list[dict]:
        rows: list[dict] = []
        for one in times:
            found = most(city, peers, seeds, limit_s, times=one)
            rows += [row | {"times": one} for row in found]
        return rows

    return work


def most(
    city: Map, peers: tuple[str, ...], seeds: int, limit_s: int, *, times: float
) -> list[dict]:
    """As many regions as hold a multiple of the mean."""
    from spatial.districting.land import checked_map
    from spatial.districting.max_p import most_regions, most_that_hold

    at_least = times * float(city.amounts.mean())
    land = checked_map(city.links, np.zeros((city.units, 0)), city.amounts)
    bound = most_regions(city.links, city.amounts, at_least)
    most_that_hold(land, at_least, 10, seed=0)  # compiles
    rows = []
    for balls in (0, 6, 60, 600):
        runs = timed(
            lambda seed, b=balls: most_that_hold(land, at_least, b * land.units, seed=seed).label,
            seeds,
        )
        rows.append(most_row(city, f"ours, {balls} balls a unit", bound, runs, at_least))
    for method in peers:
        runs = [
            ask_peer(city, method, k=0, at_least=at_least, seed=seed, limit_s=limit_s)
            for seed in range(seeds)
        ]
        wrong = [run["error"] for run in runs if "error" in run]
        if wrong:
            rows.append({"map": city.name, "method": method, "bound": bound, "error": wrong[0]})
        else:
            given = [(run["cpu_s"], run["label"]) for run in runs]
            rows.append(most_row(city, method, bound, given, at_least))
    return rows


def most_row(city: Map, method: str, bound: int, runs: list, at_least: float) -> dict:
    short = 0
    for _, label in runs:
        number = np.unique(label[label >= 0], return_inverse=True)[1]
        held = np.bincount(number, weights=city.amounts[label >= 0])
        short = max(short, int((held < at_least * (1 - 1e-9)).sum()))
    return {
        "map": city.name,
        "method": method,
        "bound": bound,
        "cpu_s": round(median(cpu for cpu, _ in runs), 5),
        "regions": int(median(len(np.unique(label[label >= 0])) for _, label in runs)),
        "short": short,
        "pieces": max(pieces(city.links, label) for _, label in runs),
    }


def balanced(city: Map, peers: tuple[str, ...], seeds: int, limit_s: int) -> list[dict]:
    """K regions that all hold the mean, ±60 %: the only limit that ReCom knows."""
    from spatial.districting.land import checked_map
    from spatial.districting.regions import fixed_number

    k = max(round(city.units / 10), 2)
    mean = float(city.amounts.sum()) / k
    limits = ((1 - BAND) * mean, (1 + BAND) * mean)
    land = checked_map(city.links, city.values, city.amounts)
    fixed_number(land, k, limits, 50 * city.units, seed=0)  # compiles
    asked = {"map": city.name, "k": k}
    rows = []
    for budget in (0, 60, 600):
        runs = timed(
            lambda seed, b=budget: fixed_number(land, k, limits, b * land.units, seed=seed).label,
            seeds,
        )
        rows.append(fixed_row(city, f"ours, {budget} moves a unit", k, runs))
        rows[-1]["outside"] = max(outside(city, label, limits) for _, label in runs)
    for method in peers:
        run = ask_peer(city, method, k=k, at_least=0.0, seed=0, limit_s=limit_s)
        if "error" in run:
            rows.append(asked | {"method": method, "error": run["error"]})
            continue
        rows.append(fixed_row(city, method, k, [(run["cpu_s"], run["label"])]))
        rows[-1]["outside"] = outside(city, run["label"], limits)
    return rows


def outside(city: Map, label: np.ndarray, limits: tuple[float, float]) -> int:
    """How many regions hold less or more than they may."""
    held = np.bincount(np.unique(label, return_inverse=True)[1], weights=city.amounts)
    low, high = limits[0] * (1 - 1e-9), limits[1] * (1 + 1e-9)
    return int(((held < low) | (held > high)).sum())


TASKS = {
    "fixed": (fixed, FIXED),
    "most": (most_of((8.0,)), MOST),
    "balanced": (balanced, BALANCED),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=sorted(TASKS))
    parser.add_argument("--maps", default=",".join([*REAL, *SYNTHETIC, *DEMO]))
    parser.add_argument("--peers", default="", help="comma-separated; by default all")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--limit-s", type=int, default=120)
    parser.add_argument(
        "--times",
        default="8",
        help="max-p: least amounts, comma-separated, as multiples of the mean",
    )
    asked = parser.parse_args()
    work, everybody = TASKS[asked.task]
    if asked.task == "most":
        work = most_of(tuple(float(one) for one in asked.times.split(",")))
    peers = tuple(p for p in everybody if not asked.peers or p in asked.peers.split(","))
    if asked.peers == "none":
        peers = ()
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    for name in asked.maps.split(","):
        for row in work(load(name), peers, asked.seeds, asked.limit_s):
            line = json.dumps({"task": asked.task, **row})
            print(line, flush=True)
            with RESULTS.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
