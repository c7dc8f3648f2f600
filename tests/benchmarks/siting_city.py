"""From a city to its siting problem, and sites with capacities: ours, and the programme as it is.

Walks are those of the demo city (`siting_p_median.city_pairs`). The peer is the same model laid
out whole and handed to HiGHS from arrays, without bound, search or reduction of ours.
"""

from __future__ import annotations

import time

import numpy as np

from tests.benchmarks.inputs import city, kept
from tests.benchmarks.measure import Meter, report

PROBLEM = "siting problem"
MEDIAN = "capacitated p-median"
DIVIDED = "capacitated p-median divided"
COVER = "capacitated cover"
CASES = {  # demands, sites, p, room to spare over need (cover: share that finds room)
    "100x20": (100, 20, 5, 1.15),
    "300x40": (300, 40, 8, 1.15),
    "600x60": (600, 60, 12, 1.15),
    "2000x300": (2000, 300, 20, 1.2),
}
COVER_MINUTES = 15
LIMIT_S = 60.0
GAP = 0.005
"""What is asked for where the proof takes longer than the limit."""


def instance(size: str, *, cover: bool):
    """Walks of the demo city among its first demands and sites, persons, and capacities."""
    from spatial.siting.pairs import Pairs
    from tests.benchmarks.siting_p_median import city_pairs

    demands, sites, p, spare = CASES[size]
    made = city_pairs("2000x300")
    every = Pairs(made["start"], made["site"], made["cost"], 300)
    row = np.repeat(np.arange(2000), every.counts)
    held = (row < demands) & (every.site < sites)
    if cover:
        held &= every.cost <= COVER_MINUTES * 60_000
    pairs = Pairs.from_table(
        row[held], every.site[held], every.cost[held], demand_count=demands, site_count=sites
    )
    persons = made["persons"][:demands].astype(float)
    factor = 0.7 if cover else spare
    capacity = np.full(sites, np.ceil(persons.sum() / p * factor))
    return pairs, persons, capacity, p


def ours(name: str):
    """Solve to the proof, or to the gap within the limit."""

    def run(size: str) -> None:
        from spatial.siting.answer import Effort
        from spatial.siting.capacitated import capacitated_max_cover, capacitated_p_median

        pairs, persons, capacity, p = instance(size, cover=name == COVER)
        model = capacitated_max_cover if name == COVER else capacitated_p_median
        divided = name != MEDIAN
        few = instance("100x20", cover=name == COVER)
        model(*few, divided=divided, effort=Effort(seconds=5))  # compiles
        meter = Meter()
        meter.start(name)
        answer = model(pairs, persons, capacity, p, divided=divided, effort=Effort(seconds=LIMIT_S))
        meter.stop()
        if not answer.gap_share <= GAP:
            raise RuntimeError(f"{answer.status}, gap {answer.gap_share:.5f}")
        report(meter, [round(answer.value)])

    return run


def plain(name: str):
    """The same model, whole, by HiGHS from arrays."""

    def run(size: str) -> None:
        from spatial.siting.answer import Effort, Watch
        from spatial.siting.capacitated.case import case_of
        from spatial.siting.capacitated.programme import solve_programme

        pairs, persons, capacity, p = instance(size, cover=name == COVER)
        nobody = np.full(len(persons), np.inf)
        cost = np.repeat(persons, pairs.counts) * pairs.cost
        if name == COVER:
            cost, nobody = np.zeros(len(pairs.site)), persons
        case = case_of(
            pairs, cost, nobody, persons, capacity, p,
            must=(), must_not=(), divided=name != MEDIAN,
        )  # fmt: skip
        meter = Meter()
        meter.start(name)
        found = solve_programme(case, Watch(Effort(seconds=2 * LIMIT_S)))
        meter.stop()
        if found.sites is None:
            raise RuntimeError("nothing found within the time")
        need = np.where(case.demand > 0, case.demand, 1.0)
        share = found.amount / need[case.row]
        total = float(share @ case.cost)
        if name == COVER:
            total = float((share * persons[case.row]).sum())
        if not found.ended:
            raise RuntimeError(f"not proven within the time: {total}, bound {found.bound}")
        report(meter, [round(total)])

    return run


def problem(size: str) -> None:
    """Make the siting problem of an analysed city: by neighbourhoods, buildings, and shared."""
    from spatial import AnalysisParameters, analyse, read_profile
    from spatial.siting_from_analysis import siting_problem

    made = kept(
        f"analysis-{size}",
        lambda: analyse(
            city(size), read_profile("national"), parameters=AnalysisParameters(year=2026)
        ),
    )
    siting_problem(made, sharing=True)  # compiles
    siting_problem(made, demand="buildings")
    meter = Meter()
    counts = []
    for name, asked in (
        (PROBLEM, {}),
        (f"{PROBLEM}: buildings", {"demand": "buildings"}),
        (f"{PROBLEM}: shared", {"sharing": True}),
    ):
        meter.start(name)
        found = siting_problem(made, **asked)
        counts.append([len(found.options), len(found.demand), len(found.row)])
    meter.stop()
    report(meter, counts)


def main() -> None:
    """Print one line for each case: ours, the programme, values and bounds."""
    for name in (MEDIAN, DIVIDED, COVER):
        for size in CASES:
            told = []
            for side in (ours(name), plain(name)):
                began = time.process_time()
                side(size)
                told.append(time.process_time() - began)
            print(name, size, *(f"{one:.2f}" for one in told))


ALL = (
    (PROBLEM, ("demo-100", "demo-1000"), problem, None, "", ()),
    *(
        (name, tuple(CASES), ours(name), plain(name), "highspy", ("100x20", "300x40"))
        for name in (MEDIAN, DIVIDED, COVER)
    ),
)
"""Name, sizes, ours, peer, its package and its sizes: the works, in the order of ``Work``."""
