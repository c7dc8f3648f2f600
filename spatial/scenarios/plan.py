"""What a list of changes means for one city: which rows open, close, move or grow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import geopandas as gpd
import numpy as np
import shapely

from spatial.city.report import Note
from spatial.errors import InputError
from spatial.network import Attachments
from spatial.network.edits import NetworkPatch
from spatial.scenarios.changes import (
    AddFacility,
    BuildLink,
    Change,
    ChangePopulation,
    CloseFacility,
    CloseGate,
    CutLink,
    OpenGate,
    OpenWall,
    ResizeFacility,
)

if TYPE_CHECKING:
    from spatial.scenarios.base import ScenarioBase

__all__ = ["NewFacility", "NewGate", "Plan", "resolve"]

OPS: Final[Mapping[type, str]] = {
    AddFacility: "add_facility",
    CloseFacility: "close_facility",
    ResizeFacility: "resize_facility",
    OpenGate: "open_gate",
    CloseGate: "close_gate",
    OpenWall: "open_wall",
    BuildLink: "build_link",
    CutLink: "cut_link",
    ChangePopulation: "change_population",
}


@dataclass(frozen=True, slots=True, eq=False)
class NewFacility:
    """A facility that is added, and where it is entered."""

    id: str
    kind: str
    x_m: float
    y_m: float
    capacity: float | None
    floor_m2: float | None
    entry: Attachments  # one row, on the network before it changes


@dataclass(frozen=True, slots=True, eq=False)
class NewGate:
    """An opening through which the residents of a neighbourhood begin their walks."""

    id: str
    place: int
    x_m: float
    y_m: float
    entry: Attachments  # one row, on the network before it changes


@dataclass(slots=True, eq=False)
class Plan:
    """The changed city, told as differences from the base; rows are those of the base."""

    closed: set[int] = field(default_factory=set)  # facilities
    added: dict[str, NewFacility] = field(default_factory=dict)
    sizes: dict[str, dict[str, float]] = field(default_factory=dict)  # facility id → new numbers
    persons: dict[int, float] = field(default_factory=dict)  # neighbourhood → residents
    gates_closed: set[int] = field(default_factory=set)
    gates_new: list[NewGate] = field(default_factory=list)
    patch: NetworkPatch | None = None
    drawn: list[tuple[str, str, shapely.Geometry]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


class _Where:
    """Names a change in an error."""

    def __init__(self, number: int, change: Change) -> None:
        self.number, self.op = number, OPS[type(change)]

    def fault(self, en: str, zh: str) -> InputError:
        return InputError(
            f"Change {self.number} ({self.op}): {en}", zh=f"第 {self.number} 项变更({self.op}):{zh}"
        )


def resolve(base: ScenarioBase, changes: Sequence[Change]) -> Plan:
    """Find the rows that the changes speak of, in their order.

    Raises
    ------
    InputError
        If a change names what is not there, or would change nothing; the message names the change
        by its position and says what to do.
    """
    plan = Plan()
    for number, change in enumerate(changes, start=1):
        if type(change) not in RESOLVERS:
            raise InputError(
                f"Change {number} is {change!r}, which is no change of a scenario.",
                zh=f"第 {number} 项不是方案变更:{change!r}。",
            )
        RESOLVERS[type(change)](base, plan, change, _Where(number, change))
    return plan


def _known_facility(base: ScenarioBase, plan: Plan, id_: str, where: _Where) -> int | None:
    """Row of an open facility of the base; None if it was added before."""
    if id_ in plan.added:
        return None
    row = base.facility_row(id_)
    if row is None:
        raise where.fault(
            f"there is no facility {id_!r}. Use the id of a facility of the city, or of one "
            "that an earlier change adds.",
            f"没有设施 {id_!r};请使用城市已有设施或前面新增设施的编号。",
        )
    if row in plan.closed:
        raise where.fault(
            f"facility {id_!r} is closed by an earlier change. Remove one of the two.",
            f"设施 {id_!r} 已被前面的变更关闭;请删去其中一项。",
        )
    return row


def _add_facility(base: ScenarioBase, plan: Plan, change: AddFacility, where: _Where) -> None:
    if change.kind not in base.profile.catalogue.kinds:
        raise where.fault(
            f"the catalogue has no kind {change.kind!r}. Use an id of the catalogue, "
            "e.g. kindergarten.",
            f"目录中没有设施类别 {change.kind!r};请使用目录中的编号,如 kindergarten。",
        )
    if change.id in plan.added or base.facility_row(change.id) is not None or "#" in change.id:
        raise where.fault(
            f"the id {change.id!r} is taken, or holds `#`. Give the new facility another id.",
            f"编号 {change.id!r} 已被使用或含有 `#`;请换一个编号。",
        )
    point = shapely.Point(change.x_m, change.y_m)
    entry = base.attach(change.id, change.x_m, change.y_m)
    if entry.edge[0] < 0:
        plan.notes.append(
            Note(
                "facility_not_reached",
                f"新增设施 {change.id} 附近没有可步行进入的道路,只计入其所在小区用地内。",
                f"No street leads to the new facility {change.id} ({entry.why_not[0]}): it counts "
                "only for the neighbourhood in whose parcel it lies.",
                "warning",
            )
        )
    plan.added[change.id] = NewFacility(
        change.id, change.kind, change.x_m, change.y_m, change.capacity, change.floor_m2, entry
    )
    plan.drawn.append((where.op, change.id, point))


def _close_facility(base: ScenarioBase, plan: Plan, change: CloseFacility, where: _Where) -> None:
    row = _known_facility(base, plan, change.id, where)
    plan.sizes.pop(change.id, None)
    if row is None:
        del plan.added[change.id]
        plan.drawn = [d for d in plan.drawn if d[:2] != ("add_facility", change.id)]
        plan.notes = [n for n in plan.notes if f" {change.id} " not in n.text_en]
        return
    plan.closed.add(row)
    plan.drawn.append((where.op, change.id, base.facility_point(row)))


def _resize_facility(base: ScenarioBase, plan: Plan, change: ResizeFacility, where: _Where) -> None:
    row = _known_facility(base, plan, change.id, where)
    sizes = {
        name: value
        for name, value in (("capacity", change.capacity), ("floor_m2", change.floor_m2))
        if value is not None
    }
    if not sizes:
        raise where.fault(
            "it changes nothing. Give `capacity` or `floor_m2`.",
            "没有改变任何数值;请给出 `capacity` 或 `floor_m2`。",
        )
    plan.sizes[change.id] = {**plan.sizes.get(change.id, {}), **sizes}
    if row is not None:
        plan.drawn.append((where.op, change.id, base.facility_point(row)))


def _change_population(
    base: ScenarioBase, plan: Plan, change: ChangePopulation, where: _Where
) -> None:
    row = base.place_row(change.id)
    if row is None:
        raise where.fault(
            f"there is no neighbourhood {change.id!r}. Use the id of a neighbourhood.",
            f"没有小区 {change.id!r};请使用小区编号。",
        )
    if not (np.isfinite(change.persons) and change.persons >= 0):
        raise where.fault(
            f"{change.persons!r} residents; give a number of 0 or more.",
            f"居民数为 {change.persons!r};请给出不小于 0 的数。",
        )
    plan.persons[row] = float(change.persons)


Resolver = Callable[["ScenarioBase", Plan, "Change", _Where], None]
RESOLVERS: dict[type, Resolver] = {
    AddFacility: _add_facility,  # type: ignore[dict-item]
    CloseFacility: _close_facility,  # type: ignore[dict-item]
    ResizeFacility: _resize_facility,  # type: ignore[dict-item]
    ChangePopulation: _change_population,  # type: ignore[dict-item]
}


def drawn_frame(plan: Plan, crs: object) -> gpd.GeoDataFrame:
    """Return what the changes put on the map: ``op, id`` and the geometry."""
    return gpd.GeoDataFrame(
        {"op": [d[0] for d in plan.drawn], "id": [d[1] for d in plan.drawn]},
        geometry=gpd.GeoSeries([d[2] for d in plan.drawn], crs=crs),
        crs=crs,
    )
