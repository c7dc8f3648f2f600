"""The reach of a city that may change: labels, arcs and points in one place, and back again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from spatial.errors import InputError
from spatial.network.edits import NetworkPatch
from spatial.reach.arcs import limit_key
from spatial.reach.kernels import FAR
from spatial.reach.live_network import LiveArcs, LivePoints, arc_records, seeds_at
from spatial.reach.repair import mend, roll_back
from spatial.scenarios.group_kernels import nearest_of_groups
from spatial.scenarios.live_arrays import POINT_SETS, SPARE_POINTS

__all__ = ["LiveReach", "Touched"]

Longs = npt.NDArray[np.int64]
Ints = npt.NDArray[np.int32]
Arrays = dict[str, npt.NDArray[Any]]
Columns = tuple[Longs, Longs, Longs]
NO_ROWS: Final = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Touched:
    """What one kind's repair touched: the groups of gates and the homes to be asked again."""

    places: Longs
    homes: Longs


@dataclass(slots=True, eq=False)
class _Pending:
    """What was lost and gained since the last repair, kind by kind."""

    seeds_lost: list[tuple[int, int, int]] = field(default_factory=list)
    moved: list[int] = field(default_factory=list)
    arcs_lost: list[tuple[int, int, int]] = field(default_factory=list)
    arcs_gained: list[tuple[int, int, int]] = field(default_factory=list)
    kinds_lost: dict[int, list[int]] = field(default_factory=dict)
    kinds_gained: dict[int, list[int]] = field(default_factory=dict)
    edges: set[int] = field(default_factory=set)
    everywhere: bool = False


class LiveReach:
    """Labels of all nodes for all kinds, on a network that may change and change back.

    `arrays` hold everything with room to spare, so that they can lie on disk; nothing here is a
    frame. Whoever calls holds a lock: changes are made in place and undone by :meth:`undo`.
    """

    def __init__(self, arrays: Arrays, *, search_m: float, home_m: float) -> None:
        self.arrays = arrays
        self.limit = limit_key(search_m)
        self.home_limit = limit_key(home_m)
        take = arrays.__getitem__
        self.arcs: Any = LiveArcs._make([*map(take, LiveArcs._fields[:-1]), False])
        self.label: Longs = take("label")
        self.owner: Ints = take("owner")
        self.alive: npt.NDArray[np.bool_] = take("alive")
        self.paired: npt.NDArray[np.bool_] = take("paired")
        self.rank: npt.NDArray[np.float64] = take("rank")
        self.place_rank: npt.NDArray[np.float64] = take("place_rank")
        self.points = {
            name: LivePoints._make(
                [*(take(f"{name}_{part}") for part in LivePoints._fields[:-1]), NO_ROWS]
            )
            for name in POINT_SETS
        }
        self.gate_group: Ints = take("gate_group")
        self.home_group: Ints = take("home_group")
        self.counts = dict(
            zip(("node", "edge", "arc", *POINT_SETS), take("counts").tolist(), strict=True)
        )
        places = int(take("gates_of_start").shape[0] - 1)
        self._mark_place = np.zeros(places, dtype=np.int64)
        homes = int(take("homes_of_start").shape[0] - 1)
        self._mark_home = np.zeros(homes, dtype=np.int64)
        self._found_place = np.empty(max(places, 1), dtype=np.int64)
        self._found_home = np.empty(max(homes, 1), dtype=np.int64)
        self._epoch = 0
        self._scratch: Longs | None = None
        self._touched_nodes: Ints | None = None
        self._writes: list[tuple[npt.NDArray[Any], Any, Any]] = []
        self._labels: list[tuple[Longs, Longs, Ints, Longs, Ints]] = []
        self._before = (dict(self.counts), dict(self.points))
        self._pending = _Pending()

    # -- changing ---------------------------------------------------------------------------------

    def close_facility(self, row: int) -> None:
        """Take an entrance out of all its kinds."""
        self._pending.seeds_lost += self._seeds([row])
        self._set(self.paired, row, value=False)
        kinds = np.flatnonzero(self.alive[:, row])
        for kind in kinds.tolist():
            self._set(self.alive, (kind, row), value=False)
            self._pending.kinds_lost.setdefault(kind, []).append(row)
        edge = int(self.points["facility"].edge[row])
        if edge >= 0:
            self._pending.edges.add(edge)

    def add_facility(
        self,
        place: tuple[int, int, int],
        kinds: Iterable[int],
        *,
        rank: float,
        place_rank: float,
    ) -> int:
        """Add an entrance (edge, offset, key of its entry) of some kinds; return its row."""
        row = self._add_point("facility", place)
        self._set(self.paired, row, value=True)
        self._set(self.rank, row, rank)
        self._set(self.place_rank, row, place_rank)
        for kind in kinds:
            self._set(self.alive, (kind, row), value=True)
            self._pending.kinds_gained.setdefault(int(kind), []).append(row)
        if place[0] >= 0:
            self._pending.edges.add(place[0])
        return row

    def close_gate(self, row: int) -> None:
        """Let nobody begin a walk at a gate."""
        self._set(self.gate_group, row, -1)

    def add_gate(self, place: tuple[int, int, int], group: int) -> int:
        """Let the residents of a neighbourhood begin their walks at a new gate."""
        row = self._add_point("gate", place)
        self._set(self.gate_group, row, group)
        return row

    def close_way(self, row: int) -> None:
        """Take a way out of a building away."""
        self._set(self.home_group, row, -1)

    def add_way(self, place: tuple[int, int, int], home: int) -> int:
        """Give a building another way out."""
        row = self._add_point("home", place)
        self._set(self.home_group, row, home)
        return row

    def _add_point(self, name: str, place: tuple[int, int, int]) -> int:
        points, row = self.points[name], self.counts[name]
        if row >= len(points.edge):
            raise InputError(
                f"A scenario adds at most {SPARE_POINTS} facilities or gates; make it smaller.",
                zh=f"一个方案最多新增 {SPARE_POINTS} 处设施或门;请减少变更。",
            )
        for values, value in zip(points[:3], place, strict=True):
            self._set(values, row, value)
        self.counts[name] = row + 1
        self._also(name, row)
        return row

    def _also(self, name: str, row: int) -> None:
        points = self.points[name]
        self.points[name] = points._replace(extra=np.append(points.extra, np.int64(row)))

    def _set(self, values: npt.NDArray[Any], at: Any, value: Any) -> None:
        before = values[at]
        self._writes.append(
            (values, at, before.copy() if isinstance(before, np.ndarray) else before)
        )
        values[at] = value

    # -- mending ----------------------------------------------------------------------------------

    def _seeds(self, rows: list[int]) -> list[tuple[int, int, int]]:
        """Node, key and row of the two ends from which each of these entrances is reached."""
        if not rows:
            return []
        placed = self.points["facility"][:3]
        node, key, own = seeds_at(self.arcs, *placed, np.array(rows, np.int64))
        return list(zip(node.tolist(), key.tolist(), own.tolist(), strict=True))

    def mend(self, only: Iterable[int] | None = None) -> dict[int, Touched]:
        """Repair the labels of every kind that a change may have touched, and say what it did.

        With `only`, of these kinds alone: nothing else may be asked before :meth:`undo`.
        """
        pending, self._pending = self._pending, _Pending()
        some = set(pending.kinds_lost) | set(pending.kinds_gained)
        kinds = list(range(len(self.label))) if pending.everywhere else sorted(some)
        if only is not None:
            kinds = [kind for kind in kinds if kind in set(only)]
        if not kinds:
            return {}
        new = sorted({row for rows in pending.kinds_gained.values() for row in rows})
        closed = [(kind, row) for kind, rows in pending.kinds_lost.items() for row in rows]
        edges = np.array(sorted(pending.edges), dtype=np.int64)
        asked = np.array(kinds, dtype=np.int64)
        log_start, log_node, log_key, log_owner, place_start, place, home_start, home = mend(
            *self.arcs,
            *self.points["facility"],
            *_columns(pending.seeds_lost),
            *_columns(pending.arcs_lost),
            *_columns([*self._seeds(pending.moved), *self._seeds(new)]),
            *_columns(pending.arcs_gained),
            *np.array(closed, dtype=np.int64).reshape(-1, 2).T.copy(),
            self.label,
            self.owner,
            self.rank,
            self.alive,
            asked,
            self.limit,
            edges,
            *(*self.points["gate"], self.gate_group, self._mark_place, self._found_place),
            *(*self.points["home"], self.home_group, self._mark_home, self._found_home),
            self._epoch + 1,
        )
        self._epoch += len(kinds)
        self._labels.append((asked, log_start, log_node, log_key, log_owner))
        return {
            kind: Touched(
                np.sort(place[place_start[at] : place_start[at + 1]]),
                np.sort(home[home_start[at] : home_start[at + 1]]),
            )
            for at, kind in enumerate(kinds)
        }

    # -- asking -----------------------------------------------------------------------------------

    def gates_of(self, places: Longs) -> tuple[Longs, Longs]:
        """Rows of the gates of some neighbourhoods, and the neighbourhood of each."""
        return self._rows_of("gate", self.gate_group, places)

    def ways_of(self, homes: Longs) -> tuple[Longs, Longs]:
        """Rows of the ways out of some buildings, and the building of each."""
        return self._rows_of("home", self.home_group, homes)

    def _rows_of(self, name: str, groups: Ints, asked: Longs) -> tuple[Longs, Longs]:
        rows = self._members(f"{name}s_of", asked)
        extra = self.points[name].extra
        new = extra[(extra >= self._before[0][name]) & np.isin(groups[extra], asked)]
        rows = np.concatenate([rows, new])
        group = groups[rows]
        return rows[group >= 0], group[group >= 0].astype(np.int64)

    def nearest_of_places(self, asked: Mapping[int, Longs]) -> dict[int, tuple[Longs, Ints]]:
        """Key and entrance of the nearest facility of some kinds: best gate of neighbourhoods.

        Among its gates the shortest walk counts; among equals the facility that comes first,
        then the gate that does.
        """
        return self._nearest("gate", self.gate_group, asked, self.limit, by_key=False)

    def nearest_of_homes(self, asked: Mapping[int, Longs]) -> dict[int, Longs]:
        """Key of the nearest facility of some kinds from buildings: the best way out of each."""
        found = self._nearest("home", self.home_group, asked, self.home_limit, by_key=True)
        return {kind: key for kind, (key, _) in found.items()}

    def _nearest(
        self, name: str, group: Ints, asked: Mapping[int, Longs], limit: int, *, by_key: bool
    ) -> dict[int, tuple[Longs, Ints]]:
        kinds = [kind for kind, groups in asked.items() if len(groups)]
        if not kinds:
            return {}
        take = self.arrays.__getitem__
        start = np.cumsum([0, *(len(asked[kind]) for kind in kinds)]).astype(np.int64)
        key, own = nearest_of_groups(
            *self.arcs,
            *(self.label, self.owner, self.alive, self.rank, self.place_rank),
            *self.points["facility"],
            *self.points[name],
            *(take(f"{name}s_of_start"), take(f"{name}s_of_order"), group, self._before[0][name]),
            *(np.array(kinds, np.int64), start, np.concatenate([asked[kind] for kind in kinds])),
            *(limit, by_key),
        )
        ends = start.tolist()
        return {
            kind: (key[low:high], own[low:high])
            for kind, low, high in zip(kinds, ends[:-1], ends[1:], strict=True)
        }

    def _members(self, name: str, groups: Longs) -> Longs:
        """Points of some groups, in their order."""
        start, order = self.arrays[f"{name}_start"], self.arrays[f"{name}_order"]
        if not len(groups):
            return np.empty(0, dtype=np.int64)
        size = start[groups + 1] - start[groups]
        begin = np.repeat(start[groups] - np.cumsum(size) + size, size)
        return order[begin + np.arange(len(begin))]

    def _on_edges(self, points: LivePoints, edges: Longs) -> Longs:
        base = edges[edges < len(points.start) - 1]
        size = points.start[base + 1] - points.start[base]
        begin = np.repeat(points.start[base] - np.cumsum(size) + size, size)
        rows = points.order[begin + np.arange(len(begin))]
        rows = np.unique(np.concatenate([rows, points.extra]))
        return rows[np.isin(points.edge[rows], edges)]

    def entrances_on(self, edges: Longs) -> Longs:
        """Entrances that stand on some edges."""
        return self._on_edges(self.points["facility"], edges)

    def places_on(self, edges: Longs) -> Longs:
        """Neighbourhoods of the gates that stand on some edges."""
        group = self.gate_group[self._on_edges(self.points["gate"], edges)]
        return np.unique(group[group >= 0]).astype(np.int64)

    def gate_members(self) -> tuple[Longs, Longs, Ints, int]:
        """Gates of every neighbourhood, as the compiled searches take them."""
        take = self.arrays.__getitem__
        known = self._before[0]["gate"]
        return take("gates_of_start"), take("gates_of_order"), self.gate_group, known

    def scratch(self) -> tuple[Longs, Ints]:
        """Room for a search: labels, ``FAR`` everywhere, and nodes."""
        if self._scratch is None or self._touched_nodes is None:
            self._scratch = np.full(len(self.arcs.span), FAR, dtype=np.int64)
            self._touched_nodes = np.empty(len(self.arcs.span), dtype=np.int32)
        return self._scratch, self._touched_nodes

    # -- the network ------------------------------------------------------------------------------

    def apply_patch(self, patch: NetworkPatch) -> None:
        """Change the network, and move the points of the edges that changed."""
        if patch.nodes != self.counts["node"] or patch.edges != self.counts["edge"]:
            raise InputError("This patch is of another network.", zh="该路网变更不属于此路网。")
        new = patch.edge >= patch.edges
        old_rows = patch.edge[~new]
        pending = self._pending
        pending.everywhere = True
        pending.edges |= set(patch.edge.tolist())
        pending.arcs_lost += self._arcs_of(old_rows)
        points = self.points["facility"]
        rows = self._on_edges(points, old_rows).tolist()
        pending.seeds_lost += self._seeds(rows)
        pending.moved += rows
        ends = np.concatenate([self.arcs.edge_from[old_rows], self.arcs.edge_to[old_rows]])
        for name in ("edge_from", "edge_to", "edge_length_mm", "edge_time_ms"):
            values = getattr(self.arcs, name)
            if patch.edge.max(initial=0) >= len(values):
                raise _too_much()
            self._set(values, patch.edge, getattr(patch, name))
        nodes = np.concatenate([ends, patch.edge_from, patch.edge_to])
        self._move_points(patch)
        pending.arcs_gained += self._arcs_of(patch.edge)
        self._relay(np.unique(nodes), old_rows, patch.edge)

    def _arcs_of(self, edges: Longs) -> list[tuple[int, int, int]]:
        """Tail, head and key of the arcs of some edges."""
        arcs, found = self.arcs, []
        for edge in edges.tolist():
            ends = int(arcs.edge_from[edge]), int(arcs.edge_to[edge])
            for way in range(2):
                ms = int(arcs.edge_time_ms[edge, way])
                if ms >= 0:
                    key = (int(arcs.edge_length_mm[edge]) << 32) | ms
                    found.append((ends[way], ends[1 - way], key))
        return found

    def _move_points(self, patch: NetworkPatch) -> None:
        cut = np.array(sorted(patch.pieces), dtype=np.int64)
        for name in POINT_SETS:
            points = self.points[name]
            for row in self._on_edges(points, cut).tolist():
                was = int(points.edge[row]), int(points.offset_mm[row])
                edge, offset = patch.moved(*was)
                self._set(points.offset_mm, row, offset)
                if edge != was[0]:
                    self._set(points.edge, row, edge)
                    self._also(name, row)

    def _relay(self, nodes: Longs, gone: Longs, edges: Longs) -> None:
        """Lay the arcs of some nodes anew, behind all others."""
        arcs = self.arcs
        if nodes.max(initial=0) >= len(arcs.span):
            raise _too_much()
        records, of_edge = arcs.arc, arcs.arc_edge
        node, record, edge = self._ends_of(edges)
        at = self.counts["arc"]
        for one in nodes.tolist():
            old = slice(*arcs.span[one])
            kept, new = ~np.isin(of_edge[old], gone), node == one
            after = at + int(kept.sum()) + int(new.sum())
            if after > len(records):
                raise _too_much()
            self._set(records, slice(at, after), np.concatenate([records[old][kept], record[new]]))
            self._set(of_edge, slice(at, after), np.concatenate([of_edge[old][kept], edge[new]]))
            self._set(arcs.span, one, (at, after))
            at = after
        self.counts["arc"] = at

    def _ends_of(self, edges: Longs) -> tuple[Ints, Longs, Longs]:
        """Both ends of some edges: the node, its record and the edge."""
        arcs = self.arcs
        tail, head, mm = arcs.edge_from[edges], arcs.edge_to[edges], arcs.edge_length_mm[edges]
        there, back = arcs.edge_time_ms[edges].T
        records = arc_records(mm, back, there, head), arc_records(mm, there, back, tail)
        return (
            np.concatenate([tail, head]),
            np.concatenate(records),
            np.concatenate([edges, edges]),
        )

    # -- and back ---------------------------------------------------------------------------------

    def undo(self) -> None:
        """Bring everything back to where it was before the first change."""
        for log in reversed(self._labels):
            roll_back(self.label, self.owner, *log)
        for values, at, before in reversed(self._writes):
            values[at] = before
        self._labels.clear()
        self._writes.clear()
        self._pending = _Pending()
        self.counts, self.points = dict(self._before[0]), dict(self._before[1])


def _too_much() -> InputError:
    return InputError(
        "The scenario changes more streets than one base has room for. Make it smaller.",
        zh="方案改动的道路过多;请减少变更。",
    )


def _columns(rows: list[tuple[int, int, int]]) -> Columns:
    table = np.array(rows, dtype=np.int64).reshape(-1, 3)
    first, second, third = (np.ascontiguousarray(column) for column in table.T)
    return first, second, third
