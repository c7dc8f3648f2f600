"""What a list of changes means for one city: which rows open, close, move or grow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.city.report import Note
from spatial.errors import InputError
from spatial.network import Attachments, Obstacles
from spatial.network.edits import Editor, NetworkPatch
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
from spatial.units import MM_PER_M

Longs = npt.NDArray[np.int64]

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


@dataclass(frozen=True, slots=True, eq=False)
class NewWays:
    """Ways out of buildings through a new gate; row i of `entries` is one of building `home[i]`."""

    home: Longs
    entries: Attachments


@dataclass(slots=True, eq=False)
class Plan:
    """The changed city, told as differences from the base; rows are those of the base."""

    closed: set[int] = field(default_factory=set)  # facilities
    added: dict[str, NewFacility] = field(default_factory=dict)
    sizes: dict[str, dict[str, float]] = field(default_factory=dict)  # facility id → new numbers
    persons: dict[int, float] = field(default_factory=dict)  # neighbourhood → residents
    gates_closed: set[int] = field(default_factory=set)
    gates_new: list[NewGate] = field(default_factory=list)
    ways_closed: set[int] = field(default_factory=set)  # ways out of buildings
    ways_new: list[NewWays] = field(default_factory=list)
    editor: Editor | None = None
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
    if plan.editor is not None:
        plan.patch = plan.editor.patch()
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


def _build_link(base: ScenarioBase, plan: Plan, change: BuildLink, where: _Where) -> None:
    line, snap_m = change.line, base.profile.rooms["scenarios"]["link_snap_m"]
    obstacles = base.obstacles_along(line, snap_m + 1.0)
    built = base.editor(plan).build_link(line, obstacles, snap_m=snap_m)
    if built is None:
        raise where.fault(
            f"the link joins fewer than two places of the walking network. Draw it so that it "
            f"meets two streets at ground level, or ends within {snap_m:g} m of them.",
            f"连接线没有连上两处步行道路;"
            f"请使其与两条地面道路相交,或两端距道路不超过 {snap_m:g} 米。",
        )
    crossed = obstacles.kind[np.flatnonzero(shapely.crosses(obstacles.pieces, built))]
    for kind, zh in (("wall", "围墙"), ("water", "水体"), ("railway", "铁路")):
        if (crossed == kind).any():
            plan.notes.append(
                Note(
                    "link_crosses",
                    f"第 {where.number} 项变更的连接线穿过{zh},需要开口或架桥。",
                    f"The link of change {where.number} crosses a {kind}: an opening or a bridge "
                    "is part of it.",
                )
            )
    plan.drawn.append((where.op, f"link-{where.number}", built))


def _cut_link(base: ScenarioBase, plan: Plan, change: CutLink, where: _Where) -> None:
    point, snap_m = shapely.Point(change.x_m, change.y_m), _snap_m(base)
    editor = base.editor(plan)
    rows, lines = editor.streets_near(point, snap_m)
    if not len(rows):
        raise where.fault(
            f"no street lies within {snap_m:g} m. Choose a place on a street.",
            f"{snap_m:g} 米内没有道路;请在道路上选点。",
        )
    nearest = int(np.argmin(shapely.distance(lines, point)))
    line = lines[nearest]
    along = line.project(point)
    edge = editor.edge(int(rows[nearest]))
    offset = round(along / line.length * edge.length_mm) if line.length else 0
    inside = min(max(offset, 1), edge.length_mm - 1)
    editor.sever_at(int(rows[nearest]), inside if edge.length_mm > 1 else 1)
    plan.drawn.append((where.op, f"cut-{where.number}", line.interpolate(along)))


def _open_wall(base: ScenarioBase, plan: Plan, change: OpenWall, where: _Where) -> None:
    asked, snap_m = shapely.Point(change.x_m, change.y_m), _snap_m(base)
    link_m = base.profile.rooms["walking"]["gate_link_m"]
    obstacles = base.obstacles_near(change.x_m, change.y_m, link_m + snap_m)
    walls = obstacles.pieces[obstacles.kind == "wall"]
    metres = shapely.distance(walls, asked) if len(walls) else np.array([np.inf])
    if metres.min() > snap_m:
        raise where.fault(
            f"no wall stands within {snap_m:g} m. Choose a place on a wall.",
            f"{snap_m:g} 米内没有围墙;请在围墙上选点。",
        )
    wall = walls[int(np.argmin(metres))]
    _open_at(base, plan, wall.interpolate(wall.project(asked)), obstacles, where)


def _open_gate(base: ScenarioBase, plan: Plan, change: OpenGate, where: _Where) -> None:
    asked, snap_m = shapely.Point(change.x_m, change.y_m), _snap_m(base)
    gates = base.closed_gates
    metres = shapely.distance(gates.geometry.to_numpy(), asked)
    if not len(gates) or metres.min() > snap_m:
        raise where.fault(
            f"no closed gate lies within {snap_m:g} m. Choose a closed gate; where there is "
            "only a wall, open the wall.",
            f"{snap_m:g} 米内没有关闭的门;请选择关闭的门,只有围墙时请改用开墙。",
        )
    gate = gates.iloc[int(np.argmin(metres))]
    link_m = base.profile.rooms["walking"]["gate_link_m"]
    obstacles = base.obstacles_near(gate.geometry.x, gate.geometry.y, link_m + snap_m)
    _open_at(base, plan, gate.geometry, obstacles, where)


def _open_at(
    base: ScenarioBase,
    plan: Plan,
    point: shapely.Point,
    obstacles: Obstacles,
    where: _Where,
) -> None:
    """Let walkers through at a place: a way from side to side, and gates of who lives there."""
    walking = base.profile.rooms["walking"]
    editor = base.editor(plan)
    joined = editor.join_ends(point, walking["gate_on_street_m"])
    way = None
    if not joined:
        way = editor.open_wall(point, obstacles, link_m=walking["gate_link_m"])
    gates = _new_gates(base, plan, point, where)
    if not (joined or way is not None or gates):
        raise where.fault(
            f"nothing is joined: within {walking['gate_link_m']:g} m there is no street on both "
            "sides that a straight way reaches, and no neighbourhood's outline. Choose another "
            "place, or build a link.",
            f"开口没有连通任何地方:{walking['gate_link_m']:g} 米内两侧没有可直达的道路,"
            "附近也没有小区边界;请另选位置或新建连接线。",
        )
    plan.drawn.append((where.op, f"opening-{where.number}", point if way is None else way))


def _new_gates(
    base: ScenarioBase, plan: Plan, point: shapely.Point, where: _Where
) -> list[NewGate]:
    """Make the opening a gate of every neighbourhood whose outline it touches."""
    touch_m = base.profile.rooms["scenarios"]["parcel_touch_m"]
    bounds = base.arrays["bounds_m"]
    near = np.flatnonzero(
        (bounds[:, 0] - touch_m <= point.x)
        & (bounds[:, 1] - touch_m <= point.y)
        & (bounds[:, 2] + touch_m >= point.x)
        & (bounds[:, 3] + touch_m >= point.y)
    )
    outlines = shapely.boundary(base.frame("neighbourhoods").geometry.to_numpy()[near])
    near = near[shapely.dwithin(outlines, point, touch_m)]
    entry = base.attach(f"opening-{where.number}", point.x, point.y) if len(near) else None
    if entry is None or entry.edge[0] < 0:
        return []
    gates = []
    for number, place in enumerate(near, start=1):
        id_ = f"opening-{where.number}-{number}"
        own = replace(entry, ids=pd.Index([id_], dtype="str"))
        gates.append(NewGate(id_, int(place), point.x, point.y, own))
    plan.gates_new += gates
    plan.ways_new += [_ways_through(base, gate) for gate in gates]
    return gates


def _ways_through(base: ScenarioBase, gate: NewGate) -> NewWays:
    """Find the buildings that are left straight through a new gate, as `building_access` does.

    Those without a path of their own, or to which the gate is nearer than their path, where no
    barrier hides it.
    """
    take = base.arrays.__getitem__
    homes = np.flatnonzero(take("home_place") == gate.place)
    step = take("home_xy_m")[homes] - (gate.x_m, gate.y_m)
    straight_mm = np.round(np.hypot(step[:, 0], step[:, 1]) * MM_PER_M).astype(np.int64)
    used = straight_mm < take("home_path_mm")[homes]
    homes, straight_mm = homes[used], straight_mm[used]
    if len(homes):
        far_m = float(straight_mm.max()) / MM_PER_M + 1.0
        obstacles = base.obstacles_near(gate.x_m, gate.y_m, far_m)
        there = np.full((len(homes), 2), (gate.x_m, gate.y_m))
        lines = shapely.linestrings(np.stack([take("home_xy_m")[homes], there], axis=1))
        free = ~obstacles.blocks(lines)
        homes, straight_mm = homes[free], straight_mm[free]
    entry = gate.entry
    entries = Attachments(
        ids=base.frame("homes").index[homes],
        edge=np.full(len(homes), entry.edge[0], dtype=np.int32),
        offset_mm=np.full(len(homes), entry.offset_mm[0], dtype=np.int32),
        entry_mm=(straight_mm + int(entry.entry_mm[0])).astype(np.int32),
        xy_m=take("home_xy_m")[homes],
        why_not=np.full(len(homes), "", dtype=object),
    )
    return NewWays(homes.astype(np.int64), entries)


def _close_gate(base: ScenarioBase, plan: Plan, change: CloseGate, where: _Where) -> None:
    rows = np.flatnonzero(base.frame("gates").index == change.id)
    if not len(rows):
        raise where.fault(
            f"there is no gate {change.id!r} that is open. Use the id of a neighbourhood's gate.",
            f"没有开放的门 {change.id!r};请使用小区出入口的编号。",
        )
    if set(rows.tolist()) <= plan.gates_closed:
        raise where.fault(
            f"gate {change.id!r} is closed by an earlier change. Remove one of the two.",
            f"门 {change.id!r} 已被前面的变更关闭;请删去其中一项。",
        )
    plan.gates_closed |= set(rows.tolist())
    for row in rows.tolist():
        plan.ways_closed |= set(_ways_of_gate(base, row).tolist())
    gate = base.frame("all_gates").loc[change.id]
    point = gate.geometry
    if gate["source"] == "mapped":  # one that was only inferred opens no wall
        walking = base.profile.rooms["walking"]
        wall_m = walking["gate_tolerance_m"]
        base.editor(plan).close_gate(
            point,
            base.walls_near(point.x, point.y, wall_m + 1.0),
            wall_m=wall_m,
            street_m=walking["gate_on_street_m"],
        )
    plan.drawn.append((where.op, change.id, point))


def _ways_of_gate(base: ScenarioBase, gate: int) -> Longs:
    """Ways out of buildings that lead straight through a gate."""
    take = base.arrays.__getitem__
    edge, offset = take("gate_edge")[gate], take("gate_offset_mm")[gate]
    if edge < 0:
        return np.empty(0, dtype=np.int64)
    count = len(take("way_is_straight"))
    same = take("way_is_straight") & (take("home_edge")[:count] == edge)
    rows = np.flatnonzero(same & (take("home_offset_mm")[:count] == offset))
    place = take("home_place")[take("home_group")[rows]]
    return rows[place == take("gate_group")[gate]]


def _snap_m(base: ScenarioBase) -> float:
    return float(base.profile.rooms["scenarios"]["place_snap_m"])


Resolver = Callable[["ScenarioBase", Plan, Any, _Where], None]
RESOLVERS: dict[type, Resolver] = {
    AddFacility: _add_facility,
    CloseFacility: _close_facility,
    ResizeFacility: _resize_facility,
    ChangePopulation: _change_population,
    BuildLink: _build_link,
    CutLink: _cut_link,
    OpenWall: _open_wall,
    OpenGate: _open_gate,
    CloseGate: _close_gate,
}


def drawn_frame(plan: Plan, crs: object) -> gpd.GeoDataFrame:
    """Return what the changes put on the map: ``op, id`` and the geometry."""
    return gpd.GeoDataFrame(
        {"op": [d[0] for d in plan.drawn], "id": [d[1] for d in plan.drawn]},
        geometry=gpd.GeoSeries([d[2] for d in plan.drawn], crs=crs),
        crs=crs,
    )
