"""One question of each sort, so that nobody waits for what is loaded or compiled once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

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


def warm_up(base: ScenarioBase) -> int:
    """Ask a base one question of each sort and read every table of the answers.

    Returns
    -------
    int
        How many questions could be asked: a city without walls has none to open.
    """
    asked = 0
    for change in _one_of_each(base):
        try:
            result = base.run((change,))
        except InputError:  # e.g. no street on both sides of this wall
            continue
        for part in ("neighbourhoods", "gaps", "heatmap", "coverage", "figures", "drawn"):
            getattr(result, part)
        asked += 1
    gaps = base.frame("gaps")
    missing = gaps[(gaps["status"] == "missing").to_numpy(dtype=bool)]
    if len(missing):
        first = missing.iloc[0]
        explain_gap(base, first["neighbourhood_id"], first["kind"], layer=first["layer"])
        asked += 1
    return asked


def _one_of_each(base: ScenarioBase) -> Iterator[Change]:
    facilities, gates = base.frame("facilities").index, base.frame("gates").index
    if len(facilities):
        at = base.facility_point(0)
        yield CloseFacility(str(facilities[0]))
        yield AddFacility("warm-up", base.facts.kinds[0], at.x, at.y)
    walls = base.arrays["obstacle_xy_m"][base.arrays["obstacle_kind"] == 0]
    if len(walls):
        x_m, y_m = walls[len(walls) // 2].mean(axis=0)
        yield OpenWall(float(x_m), float(y_m))
    if len(gates):
        yield CloseGate(str(gates[0]))
    nodes = base.network.node_xy_m
    if len(nodes) > 1:
        x_m, y_m = nodes[0]
        yield BuildLink(shapely.LineString([(x_m - 60.0, y_m - 60.0), (x_m + 60.0, y_m + 60.0)]))
