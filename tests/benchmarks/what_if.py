"""Whole answers of what-if questions in a city of 1,000 neighbourhoods, and gaps explained."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from tests.benchmarks.inputs import CACHE, city
from tests.benchmarks.measure import Measured, Meter, report

NAME: Final = "what-if answers"
SIZES: Final = ("demo-1000",)
CHANGES: Final = 80
EXPLAINED: Final = 36
TABLES: Final = ("neighbourhoods", "gaps", "heatmap", "coverage", "figures", "drawn")


def scenario_base(size: str) -> Any:
    """Make or open the base; one of another engine is made anew."""
    from spatial.analysis import AnalysisParameters, analyse
    from spatial.scenarios import ScenarioBase
    from spatial.scenarios.keep import ScenarioFileError
    from spatial.standards import read_profile

    folder = CACHE / f"scenario-base-{size}"
    try:
        return ScenarioBase.open(folder)
    except ScenarioFileError:
        found = analyse(
            city(size), read_profile("national"), parameters=AnalysisParameters(year=2026)
        )
        ScenarioBase.from_analysis(found).save(folder)
        return ScenarioBase.open(folder)


def network_changes(base: Any, count: int) -> list[Any]:
    """Draw links, wall openings, gates closed and streets cut that can be made."""
    from shapely import LineString

    from spatial.errors import InputError
    from spatial.scenarios import BuildLink, CloseGate, CutLink, OpenWall

    rng, made = np.random.default_rng(0), []
    walls = base.arrays["obstacle_xy_m"][base.arrays["obstacle_kind"] == 0]
    homes = base.frame("neighbourhoods").geometry.representative_point()
    xy = np.column_stack([homes.x, homes.y])
    gates = base.frame("gates").index
    while len(made) < count:
        sort = len(made) % 4
        x, y = xy[rng.integers(len(xy))]
        if sort == 0:
            angle = rng.uniform(0, 2 * np.pi)
            far = x + 400 * np.cos(angle), y + 400 * np.sin(angle)
            change: Any = BuildLink(LineString([(x, y), far]))
        elif sort == 1:
            x, y = walls[rng.integers(len(walls))].mean(axis=0)
            change = OpenWall(float(x), float(y))
        elif sort == 2:
            change = CloseGate(str(rng.choice(gates)))
        else:
            x, y = base.network.node_xy_m[rng.integers(base.network.node_count)]
            change = CutLink(float(x), float(y))
        try:
            base.run([change])
        except InputError:
            continue
        made.append(change)
    return made


def answers_ours(size: str) -> None:
    """Answer network changes whole, one sheet's gaps alone, access and priority; explain gaps."""
    from spatial.scenarios import explain_gap, warm_up

    base = scenario_base(size)
    warm_up(base)
    changes, ids = network_changes(base, CHANGES), base.frame("neighbourhoods").index
    whole, sheet, more = [], [], []
    for number, change in enumerate(changes):
        whole.append(_cpu_s(lambda change=change: _read(base.run([change]))))
        result = base.run([change])
        touched = (
            ids[result.delta.near[next(iter(result.delta.near))][0][0]]
            if (result.delta.near)
            else ids[0]
        )
        sheet.append(_cpu_s(lambda result=result, id_=touched: result.gaps_of(id_)))
        if number % 8 == 0:
            result = base.run([change])
            more.append(_cpu_s(lambda result=result: (result.access, result.priority)))
    gaps = base.frame("gaps")
    missing = gaps[(gaps["status"] == "missing").to_numpy(dtype=bool) & gaps["nearest_m"].notna()]
    asked = missing.iloc[:: max(len(missing) // EXPLAINED, 1)].itertuples()
    told = [
        _cpu_s(lambda row=row: explain_gap(base, row.neighbourhood_id, row.kind, layer=row.layer))
        for row in asked
    ]
    meter = Meter()
    for name, taken in (
        (NAME, whole),
        (f"{NAME}: gaps of one", sheet),
        (f"{NAME}: access and priority", more),
        (f"{NAME}: explain", told),
    ):
        meter.parts[name] = _measured(np.median(taken))
        meter.parts[f"{name}, p95"] = _measured(np.quantile(taken, 0.95))
    report(meter, [])


def _read(result: Any) -> None:
    for table in TABLES:
        getattr(result, table)


def _cpu_s(run: Callable[[], object]) -> float:
    begun = time.process_time_ns()
    run()
    return (time.process_time_ns() - begun) / 1e9


def _measured(cpu_s: float) -> Measured:
    return Measured(float(cpu_s), float(cpu_s), 0.0)
