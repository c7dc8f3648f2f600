"""One question of each sort, so that nobody waits for what is loaded or compiled once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import shapely

from spatial.errors import InputError
from spatial.scenarios.changes import (
    AddFacility,
    BuildLink,
    Change,
    CloseFacility,
    CloseGate,
    OpenWall,
)
from spatial.scenarios.explain import explain_gap

if TYPE_CHECKING:
    from spatial.scenarios.base import ScenarioBase

__all__ = ["warm_up"]

TRIED: Final = 24
"""Places of each sort that are tried until a change can be made there."""
REACH_M: Final = 60.0


def warm_up(base: ScenarioBase) -> int:
    """Ask a base one question of each sort and read every table of the answers.

    Returns
    -------
    int
        How many questions could be asked: a city without walls has none to open.
    """
    asked = sum(any(_answered(base, change) for change in sort) for sort in _sorts(base))
    gaps = base.frame("gaps")
    missing = gaps[(gaps["status"] == "missing").to_numpy(dtype=bool)]
    if len(missing):
        first = missing.iloc[0]
        explain_gap(base, first["neighbourhood_id"], first["kind"], layer=first["layer"])
        asked += 1
    return asked


def _answered(base: ScenarioBase, change: Change) -> bool:
    try:
        result = base.run((change,))
    except InputError:  # e.g. no street on both sides of this wall
        return False
    for part in ("neighbourhoods", "gaps", "heatmap", "coverage", "figures", "drawn"):
        getattr(result, part)
    return True


def _sorts(base: ScenarioBase) -> Iterator[Iterator[Change]]:
    """Give changes of each sort, of which the first that can be made is enough."""
    facilities, gates = base.frame("facilities").index, base.frame("gates").index
    if len(facilities):
        at = base.facility_point(0)
        yield iter([CloseFacility(str(facilities[0]))])
        yield iter([AddFacility("warm-up", base.facts.kinds[0], at.x, at.y)])
    yield iter([CloseGate(str(id_)) for id_ in gates[:TRIED]])
    walls = base.arrays["obstacle_xy_m"][base.arrays["obstacle_kind"] == 0]
    some = walls[:: max(len(walls) // TRIED, 1)].mean(axis=1)
    yield (OpenWall(float(x_m), float(y_m)) for x_m, y_m in some)
    nodes = base.network.node_xy_m
    lines = (
        shapely.LineString([(x_m - REACH_M, y_m - REACH_M), (x_m + REACH_M, y_m + REACH_M)])
        for x_m, y_m in nodes[:: max(len(nodes) // TRIED, 1)]
    )
    yield (BuildLink(line) for line in lines)
