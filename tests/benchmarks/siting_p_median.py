"""The p-median to proof: OR-Library, its larger sizes drawn anew, and walks of the demo city."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.benchmarks.foreign import in_peer
from tests.benchmarks.inputs import SHARED_DATA, kept, network
from tests.benchmarks.measure import Measured, Meter, report
from tests.spatial.siting.siting_worlds import pmed_instance, pmed_optima, shortest_paths

NAME = "p-median"
HIGHSPY = "p-median (highspy)"
SCRIPT = Path(__file__).parent / "siting_p_median_peers.py"
SUPPLIED = range(1, 21)
DRAWN = range(21, 41)
DRAWN_NODES = (500,) * 5 + (600,) * 5 + (700,) * 4 + (800,) * 3 + (900,) * 3
DRAWN_P = (5, 10, 50, 100, 167, 5, 10, 60, 120, 200, 5, 10, 70, 140, 5, 10, 80, 5, 10, 90)
SINGLE = tuple(f"pmed{number}" for number in (1, 6, 11, 16))
FAMILIES = {"pmed1-20": SUPPLIED, "pmed21-40 drawn": DRAWN}
CITY = {"2000x300": (2_000, 300), "20000x1000": (20_000, 1_000)}
CITY_GAP = 0.003
PEER_LIMIT_S = 300
ALL_REACHED_M = 100_000.0


def drawn(number: int) -> tuple[np.ndarray, int]:
    """Draw an instance of the size of pmed21 … pmed40, in the manner of the library.

    A random tree and random edges, n²/50 of them, of length 1 … 100.
    """
    n, p = DRAWN_NODES[number - 21], DRAWN_P[number - 21]
    rng = np.random.default_rng(number)
    order = rng.permutation(n)
    tree = np.column_stack([order[1:], order[rng.integers(0, np.arange(1, n))]])
    more = rng.integers(0, n, (2 * n * n // 50, 2))
    more = np.sort(more[more[:, 0] != more[:, 1]], axis=1)
    ends = np.unique(np.vstack([np.sort(tree, axis=1), more]), axis=0, return_index=True)
    ends = np.vstack([np.sort(tree, axis=1), more])[np.sort(ends[1])][: n * n // 50]
    return shortest_paths(n, np.column_stack([ends, rng.integers(1, 101, len(ends))])), p


def instances(size: str) -> list[tuple[int, np.ndarray, int]]:
    """Number, costs and p of what a size stands for."""
    numbers = FAMILIES.get(size) or [int(size.removeprefix("pmed"))]
    made = [(n, pmed_instance(SHARED_DATA, n) if n in SUPPLIED else drawn(n)) for n in numbers]
    return [(number, cost, p) for number, (cost, p) in made]


def ours(name: str):
    """Prove the optimum of every instance; a value that is not the published one ends it."""

    def run(size: str) -> None:
        from spatial.siting.p_median import p_median
        from spatial.siting.pairs import Pairs

        given, optima = instances(size), pmed_optima(SHARED_DATA)
        _warm()
        meter, values = Meter(), []
        meter.start(f"{name}: build")
        for _, cost, _ in given:
            Pairs.from_matrix(cost)
        meter.start(name)
        for number, cost, p in given:
            answer = p_median(cost, None, p)
            if answer.status != "proven_optimal" or answer.bound != answer.value:
                raise RuntimeError(f"pmed{number}: {answer.bound} … {answer.value}")
            if answer.value != optima.get(number, answer.value):
                raise RuntimeError(f"pmed{number}: {answer.value}, published {optima[number]}")
            values.append(answer.value)
        report(meter, values)

    return run


def _warm() -> None:
    """Compile."""
    from spatial.siting.p_median import p_median

    cost = np.random.default_rng(0).integers(0, 1000, (40, 14))
    p_median(cost, None, 4)


def peer(name: str, method: str):
    """Solve a single instance with a peer."""

    def run(size: str) -> None:
        ((_, cost, p),) = instances(size)
        given = {"method": np.array(method), "cost": cost, "weight": np.ones(len(cost)),
                 "p": np.array(p), "limit_s": np.array(PEER_LIMIT_S)}  # fmt: skip
        measured, made = in_peer(SCRIPT, given, environment="regions")
        meter = Meter()
        build = float(made["build_cpu_s"])
        meter.parts = {
            f"{name}: build": Measured(build, build, measured.peak_mib),
            name: measured,
        }
        report(meter, [int(made["value"])])

    return run


def city_pairs(size: str) -> dict[str, np.ndarray]:
    """Walking times of the demo city in milliseconds between places on its streets, and weights."""
    return kept(f"p-median-{size}", lambda: _city_pairs(*CITY[size]))


def _city_pairs(demands: int, sites: int) -> dict[str, np.ndarray]:
    import pandas as pd

    from spatial.network import Attachments
    from spatial.siting.pairs import pairs_on_network

    net, rng = network("demo-200k"), np.random.default_rng(demands)
    main = np.flatnonzero(net.node_component[net.edge_from] == 0)

    def places(count: int) -> Attachments:
        edge = rng.choice(main, count, replace=False).astype(np.int32)
        along = (rng.random(count) * net.edge_length_mm[edge]).astype(np.int32)
        return Attachments(
            ids=pd.RangeIndex(count),
            edge=edge,
            offset_mm=along,
            entry_mm=np.zeros(count, dtype=np.int32),
            xy_m=net.node_xy_m[net.edge_from[edge]],
            why_not=np.full(count, "", dtype=object),
        )

    pairs = pairs_on_network(net, places(demands), places(sites), cutoff_m=ALL_REACHED_M, by="time")
    persons = np.maximum(1, np.round(rng.lognormal(3.0, 0.8, demands))).astype(np.int64)
    return {"start": pairs.start, "site": pairs.site, "cost": pairs.cost, "persons": persons}


def of_city(name: str, p: int, gap_share: float):
    """Solve on the walks of the demo city, to the proof or a gap."""

    def run(size: str) -> None:
        from spatial.siting.answer import Effort
        from spatial.siting.p_median import p_median
        from spatial.siting.pairs import Pairs

        made = city_pairs(size)
        pairs = Pairs(made["start"], made["site"], made["cost"], CITY[size][1])
        _warm()
        meter = Meter()
        meter.start(name)
        effort = Effort(seconds=120, gap_share=gap_share)
        answer = p_median(pairs, made["persons"], p, effort=effort)
        meter.stop()
        if not answer.gap_share <= gap_share:
            raise RuntimeError(f"{answer.status}, gap {answer.gap_share:.5f}")
        report(meter, [answer.value, answer.bound])

    return run


CITY_WORKS = (
    (f"{NAME} p=20", "2000x300", 20, 0.0),
    (f"{NAME} p=50", "20000x1000", 50, CITY_GAP),
    (f"{NAME} p=200", "20000x1000", 200, CITY_GAP),
    (f"{NAME} p=200 proven", "20000x1000", 200, 0.0),
)
ALL = (
    (NAME, (*SINGLE[:3], *FAMILIES), ours(NAME), peer(NAME, "spopt"), "spopt", SINGLE[:3]),
    (HIGHSPY, SINGLE, ours(HIGHSPY), peer(HIGHSPY, "highspy"), "highspy", SINGLE),
    *((name, (size,), of_city(name, p, gap), None, "", ()) for name, size, p, gap in CITY_WORKS),
)
"""Name, sizes, ours, peer, its package and its sizes: the works, in the order of ``Work``."""
