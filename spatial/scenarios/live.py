"""The reach of a city that may change: labels, arcs and points in one place, and back again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from spatial.errors import InputError
from spatial.network import Attachments, WalkNetwork
from spatial.network.edits import NetworkPatch
from spatial.reach.arcs import arcs_for, limit_key, place_points, points_by_edge
from spatial.reach.kernels import FAR
from spatial.reach.labels import NodeLabels
from spatial.reach.repair import (
    LiveArcs,
    LivePoints,
    Lost,
    best_of_points,
    groups_near,
    reach_from,
    repair,
    roll_back,
    seeds_at,
    walks_of,
    wipe,
)

__all__ = ["LiveReach", "Touched"]

SPARE_NODES: Final = 4096
SPARE_EDGES: Final = 4096
SPARE_ARCS: Final = 32_768
SPARE_POINTS: Final = 1024
SPARE_HOMES: Final = 16_384

ASKED_AT_ONCE: Final = 8192
"""Entrances up to which all are asked for their walk: that is sooner done than choosing."""

Longs = npt.NDArray[np.int64]
Ints = npt.NDArray[np.int32]
Arrays = dict[str, npt.NDArray[Any]]
NO_ROWS: Final = np.empty(0, dtype=np.int64)
POINT_SETS: Final = ("facility", "gate", "home")


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
            zip(("node", "edge", "out", "in", *POINT_SETS), take("counts").tolist(), strict=True)
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
        self._labels: list[tuple[int, Ints, Longs, Ints]] = []
        self._before = (dict(self.counts), dict(self.points))
        self._pending = _Pending()

    # -- making -----------------------------------------------------------------------------------

    @staticmethod
    def lay_out(
        network: WalkNetwork,
        labels: NodeLabels,
        points: Mapping[str, Attachments],
        groups: Mapping[str, Ints],
        *,
        place_rank: Ints,
        alive: npt.NDArray[np.bool_],
        places: int,
        buildings: int,
    ) -> Arrays:
        """Lay out everything as arrays with room to spare.

        Parameters
        ----------
        network : WalkNetwork
        labels : NodeLabels
            Of the entrances of all facilities.
        points : mapping
            ``facility`` (entrances), ``gate`` and ``home``.
        groups : mapping
            ``gate``: row of the neighbourhood, -1 for none; ``home``: row of the building.
        place_rank : array of int, shape (f,)
            Place of each entrance's facility among the facility ids.
        alive : array of bool, shape (k, f)
            Which entrance is of which kind.
        places, buildings : int
            Number of neighbourhoods and of buildings.
        """
        forward, backward = arcs_for(network), arcs_for(network, backward=True)
        counts = [network.node_count, network.edge_count, len(forward.head), len(backward.head)]
        arrays: Arrays = {
            "out_start": _roomy(forward.start[:-1], SPARE_NODES),
            "out_end": _roomy(forward.start[1:], SPARE_NODES),
            "out_head": _roomy(forward.head, SPARE_ARCS),
            "out_edge": _roomy(forward.edge, SPARE_ARCS),
            "out_key": _roomy(forward.key, SPARE_ARCS),
            "in_start": _roomy(backward.start[:-1], SPARE_NODES),
            "in_end": _roomy(backward.start[1:], SPARE_NODES),
            "in_tail": _roomy(backward.head, SPARE_ARCS),
            "in_edge": _roomy(backward.edge, SPARE_ARCS),
            "in_key": _roomy(backward.key, SPARE_ARCS),
            "edge_from": _roomy(network.edge_from, SPARE_EDGES),
            "edge_to": _roomy(network.edge_to, SPARE_EDGES),
            "edge_length_mm": _roomy(network.edge_length_mm, SPARE_EDGES),
            "edge_time_ms": _roomy(network.edge_time_ms, SPARE_EDGES),
            "label": _roomy_rows(labels.key.T, SPARE_NODES, FAR),
            "owner": _roomy_rows(labels.facility.T, SPARE_NODES, -1),
            "alive": _roomy_rows(alive, SPARE_POINTS, fill=False),
            "rank": _roomy(labels.rank.astype(np.float64), SPARE_POINTS),
            "place_rank": _roomy(place_rank.astype(np.float64), SPARE_POINTS),
        }
        for name in POINT_SETS:
            placed = place_points(network, points[name])
            on_edges = points_by_edge(points[name].edge, network.edge_count)
            counts.append(len(placed.edge))
            spare = SPARE_HOMES if name == "home" else SPARE_POINTS
            arrays |= {
                f"{name}_edge": _roomy(placed.edge, spare, -1),
                f"{name}_offset_mm": _roomy(placed.offset_mm, spare),
                f"{name}_entry_key": _roomy(placed.entry_key, spare),
                f"{name}_start": on_edges.start,
                f"{name}_order": on_edges.order,
                **_near_nodes(name, network, points[name].edge, groups.get(name)),
            }
        gate_group = groups["gate"].astype(np.int32)
        arrays |= {
            "gate_group": _roomy(gate_group, SPARE_POINTS, -1),
            "home_group": _roomy(groups["home"].astype(np.int32), SPARE_HOMES, -1),
            **_by_group("gates_of", gate_group, places),
            **_by_group("homes_of", groups["home"], buildings),
            "counts": np.array(counts, dtype=np.int64),
        }
        return arrays

    # -- changing ---------------------------------------------------------------------------------

    def close_facility(self, row: int) -> None:
        """Take an entrance out of all its kinds."""
        self._pending.seeds_lost += self._seeds([row])
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
        node, key, own = seeds_at(self.arcs, self.points["facility"], np.array(rows, np.int64))
        return list(zip(node.tolist(), key.tolist(), own.tolist(), strict=True))

    def mend(self) -> dict[int, Touched]:
        """Repair the labels of every kind that a change may have touched, and say what it did."""
        pending, self._pending = self._pending, _Pending()
        kinds = (
            range(len(self.label))
            if pending.everywhere
            else sorted(set(pending.kinds_lost) | set(pending.kinds_gained))
        )
        return {kind: self._mend_kind(kind, pending) for kind in kinds}

    def _mend_kind(self, kind: int, pending: _Pending) -> Touched:
        alive = self.alive[kind]
        lost = [seed for seed in pending.seeds_lost if self._was_of(kind, seed[2], pending)]
        gained = self._seeds([row for row in pending.moved if alive[row]])
        gained += self._seeds([r for r in pending.kinds_gained.get(kind, []) if alive[r]])
        log = repair(
            self.arcs,
            self.label[kind],
            self.owner[kind],
            self.rank,
            self.points["facility"],
            alive,
            _lost(lost, pending.arcs_lost),
            _lost(gained, pending.arcs_gained),
            self.limit,
        )
        self._labels.append((kind, *log))
        return self._touched(log[0], pending.edges)

    def _was_of(self, kind: int, row: int, pending: _Pending) -> bool:
        return bool(self.alive[kind, row]) or row in pending.kinds_lost.get(kind, [])

    def _touched(self, nodes: Ints, edges: set[int]) -> Touched:
        self._epoch += 1
        sets = (
            ("gate", self.gate_group, self._mark_place, self._found_place),
            ("home", self.home_group, self._mark_home, self._found_home),
        )
        on = np.array(sorted(edges), dtype=np.int64)
        answer = []
        for name, group, mark, found in sets:
            count = groups_near(nodes, on, self.points[name], group, mark, self._epoch, found)
            answer.append(np.sort(found[:count]))
        return Touched(*answer)

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

    def nearest_of_places(self, kind: int, places: Longs) -> tuple[Longs, Ints]:
        """Key and entrance of the nearest facility of a kind: best gate of each neighbourhood.

        Among its gates the shortest walk counts; among equals the facility that comes first,
        then the gate that does.
        """
        rows, group = self.gates_of(places)
        key, own = best_of_points(
            self.arcs,
            self.label[kind],
            self.owner[kind],
            self.rank,
            self.points["facility"],
            self.alive[kind],
            self.points["gate"],
            rows,
            self.limit,
        )
        best = np.full(len(places), FAR, dtype=np.int64)
        best_own = np.full(len(places), -1, dtype=np.int32)
        order = np.lexsort((rows, self.place_rank[own], key >> 32, group))
        _, first = np.unique(group[order], return_index=True)
        chosen = order[first]
        at = np.searchsorted(places, group[chosen])
        best[at], best_own[at] = key[chosen], own[chosen]
        best_own[best >= FAR] = -1
        return best, best_own

    def nearest_of_homes(self, kind: int, homes: Longs) -> Longs:
        """Key of the nearest facility of a kind from each of these buildings: its best way out."""
        rows, group = self.ways_of(homes)
        key, _ = best_of_points(
            self.arcs,
            self.label[kind],
            self.owner[kind],
            self.rank,
            self.points["facility"],
            self.alive[kind],
            self.points["home"],
            rows,
            self.home_limit,
        )
        best = np.full(len(homes), FAR, dtype=np.int64)
        np.minimum.at(best, np.searchsorted(homes, group), key)
        return best

    def _members(self, name: str, groups: Longs) -> Longs:
        """Points of some groups, in their order."""
        start, order = self.arrays[f"{name}_start"], self.arrays[f"{name}_order"]
        if not len(groups):
            return np.empty(0, dtype=np.int64)
        size = start[groups + 1] - start[groups]
        begin = np.repeat(start[groups] - np.cumsum(size) + size, size)
        return order[begin + np.arange(len(begin))]

    def places_that_walk_to(self, row: int, limit: int, *, by_time: bool) -> tuple[Longs, Longs]:
        """Neighbourhoods from which an entrance is reached within the limit, and their keys."""
        goals, gates = self.points["facility"], self.points["gate"]
        search = _Search(self, goals, np.array([row]), NO_ROWS, limit, by_time=by_time)
        places = self._near_places(search.nodes, [int(goals.edge[row])])
        rows, group = self.gates_of(places)
        key = search.walks(gates, rows)
        best = np.full(len(places), FAR, dtype=np.int64)
        np.minimum.at(best, np.searchsorted(places, group), key)
        return places[best < FAR], best[best < FAR]

    def places_near(self, edges: Longs, limit: int, *, by_time: bool) -> Longs:
        """Neighbourhoods from whose gates any of some edges is reached within the limit."""
        points = self.points["gate"]
        nodes = np.unique(np.concatenate([self.arcs.edge_from[edges], self.arcs.edge_to[edges]]))
        search = _Search(self, points, NO_ROWS, nodes, limit, by_time=by_time)
        search.done()
        return self._near_places(search.nodes, edges.tolist())

    def reached_from_place(
        self, place: int, among: npt.NDArray[np.bool_], limit: int, *, by_time: bool
    ) -> tuple[Longs, Longs]:
        """Entrances, of those `among`, that one neighbourhood reaches within the limit; keys."""
        rows, _ = self.gates_of(np.array([place]))
        gates, goals = self.points["gate"], self.points["facility"]
        search = _Search(self, gates, rows, NO_ROWS, limit, by_time=by_time, forward=True)
        found = np.flatnonzero(among & (goals.edge[: len(among)] >= 0))
        if len(found) > ASKED_AT_ONCE:  # of many, only those on the streets that were reached
            found = self._facilities_near(search.nodes, gates.edge[rows])
            found = found[among[found]]
        key = search.walks(goals, found)
        return found[key < FAR], key[key < FAR]

    def _facilities_near(self, nodes: Ints, edges: Longs) -> Longs:
        """Entrances on the edges that meet at some nodes, and on some edges."""
        points = self.points["facility"]
        known = nodes[nodes < len(points.near_start) - 1].astype(np.int64)
        low = points.near_start[known]
        size = points.near_start[known + 1] - low
        begin = np.repeat(low - np.cumsum(size) + size, size)
        near = points.near[begin + np.arange(len(begin))].astype(np.int64)
        own = self._on_edges(points, np.unique(edges[edges >= 0]))
        rows = np.unique(np.concatenate([near, own, points.extra]))
        return rows[points.edge[rows] >= 0]

    def _on_edges(self, points: LivePoints, edges: Longs) -> Longs:
        base = edges[edges < len(points.start) - 1]
        size = points.start[base + 1] - points.start[base]
        begin = np.repeat(points.start[base] - np.cumsum(size) + size, size)
        rows = points.order[begin + np.arange(len(begin))]
        rows = np.unique(np.concatenate([rows, points.extra]))
        return rows[np.isin(points.edge[rows], edges)]

    def _near_places(self, nodes: Ints, edges: list[int]) -> Longs:
        self._epoch += 1
        found, on = self._found_place, np.array(edges, dtype=np.int64)
        count = groups_near(
            nodes, on, self.points["gate"], self.gate_group, self._mark_place, self._epoch, found
        )
        return np.sort(found[:count])

    def scratch(self) -> tuple[Longs, Ints]:
        """Room for a search: labels, ``FAR`` everywhere, and nodes."""
        if self._scratch is None or self._touched_nodes is None:
            self._scratch = np.full(len(self.arcs.out_start), FAR, dtype=np.int64)
            self._touched_nodes = np.empty(len(self.arcs.out_start), dtype=np.int32)
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
        if nodes.max(initial=0) >= len(arcs.out_start):
            raise _too_much()
        fresh = self._arcs_by_node(edges)
        sides = (
            ("out", arcs.out_start, arcs.out_end, (arcs.out_head, arcs.out_edge, arcs.out_key)),
            ("in", arcs.in_start, arcs.in_end, (arcs.in_tail, arcs.in_edge, arcs.in_key)),
        )
        for name, start, end, columns in sides:
            at = self.counts[name]
            for node in nodes.tolist():
                low, high = int(start[node]), int(end[node])
                kept = low + np.flatnonzero(~np.isin(columns[1][low:high], gone))
                added = fresh[name].get(node, [])
                size = len(kept) + len(added)
                if at + size > len(columns[0]):
                    raise _too_much()
                for column, values in enumerate(columns):
                    more = np.array([arc[column] for arc in added], dtype=values.dtype)
                    values[at : at + size] = np.concatenate([values[kept], more])
                self._set(start, node, at)
                self._set(end, node, at + size)
                at += size
            self.counts[name] = at

    def _arcs_by_node(self, edges: Longs) -> dict[str, dict[int, list[tuple[int, int, int]]]]:
        out: dict[int, list[tuple[int, int, int]]] = {}
        into: dict[int, list[tuple[int, int, int]]] = {}
        for edge in edges.tolist():
            for tail, head, key in self._arcs_of(np.array([edge])):
                out.setdefault(tail, []).append((head, edge, key))
                into.setdefault(head, []).append((tail, edge, key))
        return {"out": out, "in": into}

    # -- and back ---------------------------------------------------------------------------------

    def undo(self) -> None:
        """Bring everything back to where it was before the first change."""
        for kind, *log in reversed(self._labels):
            roll_back(self.label[kind], self.owner[kind], *log)
        for values, at, before in reversed(self._writes):
            values[at] = before
        self._labels.clear()
        self._writes.clear()
        self._pending = _Pending()
        self.counts, self.points = dict(self._before[0]), dict(self._before[1])


class _Search:
    """One search around points or nodes; its labels stand until :meth:`done`."""

    def __init__(
        self,
        live: LiveReach,
        seeds: LivePoints,
        rows: Longs,
        nodes: Longs,
        limit: int,
        *,
        by_time: bool,
        forward: bool = False,
    ) -> None:
        self.arcs = live.arcs._replace(by_time=by_time)
        self.seeds, self.rows, self.limit, self.forward = seeds, rows, limit, forward
        self.label, touched = live.scratch()
        count = reach_from(self.arcs, seeds, rows, nodes, forward, limit, self.label, touched)
        self.nodes = touched[:count].copy()

    def walks(self, points: LivePoints, rows: Longs) -> Longs:
        """Keys of the walks between some points and the seeds; ends the search."""
        key = walks_of(
            self.arcs, self.seeds, self.rows, points, rows, self.forward, self.limit, self.label
        )
        self.done()
        return key

    def done(self) -> None:
        """Make the room ready for the next search."""
        wipe(self.label, self.nodes)


def _too_much() -> InputError:
    return InputError(
        "The scenario changes more streets than one base has room for. Make it smaller.",
        zh="方案改动的道路过多;请减少变更。",
    )


def _lost(seeds: list[tuple[int, int, int]], arcs: list[tuple[int, int, int]]) -> Lost:
    seed = np.array(seeds, dtype=np.int64).reshape(-1, 3)
    arc = np.array(arcs, dtype=np.int64).reshape(-1, 3)
    return Lost(
        np.ascontiguousarray(seed[:, 0]),
        np.ascontiguousarray(seed[:, 1]),
        seed[:, 2].astype(np.int32),
        *(np.ascontiguousarray(column) for column in arc.T),
    )


def _near_nodes(
    name: str, network: WalkNetwork, edge: Ints, group: npt.NDArray[Any] | None
) -> Arrays:
    """Gather the groups (or rows) of the points on the edges that meet at each node."""
    member = np.arange(len(edge)) if group is None else np.asarray(group)
    on = np.flatnonzero((edge >= 0) & (member >= 0))
    node = np.concatenate([network.edge_from[edge[on]], network.edge_to[edge[on]]]).astype(np.int64)
    both = np.concatenate([member[on], member[on]]).astype(np.int64)
    width = int(both.max(initial=0)) + 1
    code = np.unique(node * width + both)
    count = np.bincount(code // width, minlength=network.node_count)
    return {
        f"{name}_near_start": np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
        f"{name}_near": (code % width).astype(np.int32),
    }


def _by_group(name: str, group: Ints, groups: int) -> Arrays:
    order = np.argsort(group, kind="stable")
    order = order[np.searchsorted(group[order], 0) :]
    count = np.bincount(group[order], minlength=groups)
    return {
        f"{name}_start": np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
        f"{name}_order": order.astype(np.int64),
    }


def _roomy(values: npt.NDArray[Any], spare: int, fill: Any = 0) -> npt.NDArray[Any]:
    out = np.full((len(values) + spare, *values.shape[1:]), fill, dtype=values.dtype)
    out[: len(values)] = values
    return out


def _roomy_rows(values: npt.NDArray[Any], spare: int, fill: Any) -> npt.NDArray[Any]:
    out = np.full((values.shape[0], values.shape[1] + spare), fill, dtype=values.dtype)
    out[:, : values.shape[1]] = values
    return out
