"""Changes of a walking network: links built, walls opened, gates closed, streets cut.

An :class:`Editor` takes changes one after the other and gives a :class:`NetworkPatch`;
:func:`apply_patch` makes the changed network of it. Old numbers keep their meaning, and cutting an
edge loses neither a millimetre nor a millisecond.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely

from spatial.network.assemble import connected_parts, with_arcs
from spatial.network.attach import Attachments
from spatial.network.graph import NO_PASSAGE, WalkNetwork
from spatial.network.grid import SegmentGrid, edge_grid
from spatial.network.lines import lines_of
from spatial.network.links import inside_edge_m
from spatial.network.obstacles import Obstacles
from spatial.units import MM_PER_M, MS_PER_S

__all__ = ["Editor", "NetworkPatch", "apply_patch", "moved_points"]

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
BESIDE_M: Final = 1.0
"""On which side of a wall a street lies is read this far inside it."""
WALL_STEP_M: Final = 0.05
"""How far along a wall its direction at an opening is read."""
NO_STREET: Final = -1
AT_M: Final = 0.02
"""A node this close to a gate is the gate's."""


@dataclass(frozen=True, slots=True, eq=False)
class NetworkPatch:
    """What becomes of the edges of a network: rows that change, and rows behind the last one.

    A node or edge that is new has the next number; no number ever changes its meaning, so that
    what did not change need not be looked at.
    """

    nodes: int  # of the network before
    edges: int  # of the network before
    node_xy_m: Floats  # (p, 2) new nodes
    edge: Longs  # (q,) row: changed (below `edges`) or new
    edge_from: Ints  # (q,)
    edge_to: Ints  # (q,)
    edge_length_mm: Ints  # (q,)
    edge_time_ms: Ints  # (q, 2)
    edge_layer: Ints  # (q,)
    edge_open: npt.NDArray[np.bool_]  # (q,)
    edge_street_code: Ints  # (q,)
    line: npt.NDArray[np.object_]  # (q,) LineString
    pieces: Mapping[int, tuple[tuple[int, int, int], ...]]
    """What an edge was cut into: from, to (mm along it) and the row that each piece became."""

    def moved(self, edge: int, offset_mm: int) -> tuple[int, int]:
        """Find the place of a point on an edge that may have been cut: row and offset."""
        for begin, end, row in self.pieces.get(edge, ()):
            if begin <= offset_mm <= end:
                return row, offset_mm - begin
        return edge, offset_mm


@dataclass(frozen=True, slots=True, eq=False)
class _Edge:
    tail: int
    head: int
    length_mm: int
    time_ms: tuple[int, int]
    layer: int
    is_open: bool
    street: int
    line: shapely.LineString


@dataclass(slots=True, eq=False)
class Editor:
    """Takes changes of a network, one after the other; the network itself never changes."""

    network: WalkNetwork
    grid: SegmentGrid
    nodes: list[tuple[float, float]] = field(default_factory=list)
    changed: dict[int, _Edge] = field(default_factory=dict)
    pieces: dict[int, list[tuple[int, int, int]]] = field(default_factory=dict)
    root: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Of a piece: the edge it was cut from, and where on it the piece begins, mm."""

    @classmethod
    def of(cls, network: WalkNetwork) -> Editor:
        """Begin with an unchanged network."""
        return cls(network, edge_grid(network))

    @property
    def edge_count(self) -> int:
        """Edges before and after, the new ones counted."""
        new = [row for row in self.changed if row >= self.network.edge_count]
        return self.network.edge_count + len(new)

    def edge(self, row: int) -> _Edge:
        """Return an edge as it is now."""
        if row in self.changed:
            return self.changed[row]
        net = self.network
        return _Edge(
            int(net.edge_from[row]),
            int(net.edge_to[row]),
            int(net.edge_length_mm[row]),
            (int(net.edge_time_ms[row, 0]), int(net.edge_time_ms[row, 1])),
            int(net.edge_layer[row]),
            bool(net.edge_open[row]),
            int(net.edge_street_code[row]),
            net.edge_lines(np.array([row]))[0],
        )

    def node_xy(self, node: int) -> tuple[float, float]:
        """Where a node lies."""
        if node >= self.network.node_count:
            return self.nodes[node - self.network.node_count]
        x, y = self.network.node_xy_m[node]
        return float(x), float(y)

    # -- looking ----------------------------------------------------------------------------------

    def streets_near(
        self, shape: shapely.Geometry, within_m: float
    ) -> tuple[Longs, npt.NDArray[np.object_]]:
        """Edges at ground level that may be entered, within a distance: rows and lines."""
        west, south, east, north = shapely.bounds(shape)
        box = (west - within_m, south - within_m, east + within_m, north + within_m)
        rows = self.grid.near(box)
        net = self.network
        rows = rows[net.edge_open[rows] & (net.edge_layer[rows] == 0)]
        rows = rows[~np.isin(rows, list(self.changed))]
        lines = lines_of(net.edge_xy_m, net.edge_xy_start, rows)
        own = [(r, e) for r, e in sorted(self.changed.items()) if e.is_open and e.layer == 0]
        own = [(r, e) for r, e in own if max(e.time_ms) >= 0]
        rows = np.append(rows, np.array([r for r, _ in own], dtype=np.int64))
        lines = np.append(lines, np.array([e.line for _, e in own], dtype=object))
        near = shapely.dwithin(lines, shape, within_m) if len(lines) else np.empty(0, dtype=bool)
        return rows[near], lines[near]

    def ways_to_streets(
        self, point: shapely.Point, obstacles: Obstacles, within_m: float
    ) -> list[tuple[float, int, float, tuple[float, float]]]:
        """Streets that a straight way reaches: metres, row, metres along it, place beside."""
        rows, lines = self.streets_near(point, within_m)
        if not len(rows):
            return []
        along, length = shapely.line_locate_point(lines, point), shapely.length(lines)
        tested = shapely.line_interpolate_point(lines, inside_edge_m(along, length))
        beside = shapely.line_interpolate_point(lines, inside_edge_m(along, length, BESIDE_M))
        x, y = point.x, point.y
        ends = shapely.get_coordinates(tested)
        ways = shapely.linestrings(np.stack([np.full_like(ends, (x, y)), ends], axis=1))
        free = np.flatnonzero(~obstacles.blocks(ways))
        metres = shapely.distance(lines, point)
        order = free[np.lexsort((rows[free], metres[free]))]
        side = shapely.get_coordinates(beside) - (x, y)
        return [
            (float(metres[i]), int(rows[i]), float(along[i]), (side[i, 0], side[i, 1]))
            for i in order
        ]

    # -- changing ---------------------------------------------------------------------------------

    def new_node(self, xy: tuple[float, float]) -> int:
        """Make a node."""
        self.nodes.append(xy)
        return self.network.node_count + len(self.nodes) - 1

    def link(self, tail: int, head: int, line: shapely.LineString) -> int:
        """Make a level edge between two nodes; return its row."""
        length_mm = max(round(line.length * MM_PER_M), 1)
        per_mm = MS_PER_S / (MM_PER_M * self.network.speed_m_per_s)
        time_ms = max(round(length_mm * per_mm), 1)
        row = self.edge_count
        self.changed[row] = _Edge(
            tail,
            head,
            length_mm,
            (time_ms, time_ms),
            layer=0,
            is_open=True,
            street=NO_STREET,
            line=line,
        )
        return row

    def node_at(self, row: int, along_m: float) -> int:
        """Node at a place of an edge, which is cut there if none is."""
        edge = self.edge(row)
        offset = round(along_m / edge.line.length * edge.length_mm) if edge.line.length else 0
        return self.cut(row, min(max(offset, 0), edge.length_mm))

    def cut(self, row: int, offset_mm: int) -> int:
        """Cut an edge in two at an offset; return the node between them.

        Millimetres and milliseconds of the two add up to those of the whole: the first part has
        its share, rounded half up, the second what is left.
        """
        edge = self.edge(row)
        if offset_mm <= 0:
            return edge.tail
        if offset_mm >= edge.length_mm:
            return edge.head
        share = offset_mm / edge.length_mm
        first_line, second_line = _divided(edge.line, share)
        node = self.new_node(first_line.coords[-1])
        along, against = edge.time_ms
        first_ms = _share_ms(edge, along, offset_mm), _share_ms(edge, against, offset_mm)
        rest_ms = (
            along if along < 0 else along - first_ms[0],
            against if against < 0 else against - first_ms[1],
        )
        other = self.edge_count
        self.changed[row] = replace(
            edge, head=node, length_mm=offset_mm, time_ms=first_ms, line=first_line
        )
        self.changed[other] = replace(
            edge,
            tail=node,
            length_mm=edge.length_mm - offset_mm,
            time_ms=rest_ms,
            line=second_line,
        )
        root, begin = self.root.get(row, (row, 0))
        whole = self.pieces.setdefault(root, [(0, edge.length_mm, root)])
        at = next(i for i, piece in enumerate(whole) if piece[2] == row)
        low, high, _ = whole[at]
        whole[at : at + 1] = [(low, low + offset_mm, row), (low + offset_mm, high, other)]
        self.root[other] = (root, begin + offset_mm)
        return node

    def sever(self, row: int, along_m: float) -> None:
        """Cut an edge and let the two parts end on their own."""
        edge = self.edge(row)
        offset = round(along_m / edge.line.length * edge.length_mm) if edge.line.length else 0
        self.sever_at(row, offset)

    def sever_at(self, row: int, offset_mm: int) -> None:
        """Cut an edge at an offset, at one of its ends too, and let the parts end on their own."""
        edge = self.edge(row)
        if offset_mm <= 0:
            self.changed[row] = replace(edge, tail=self.new_node(edge.line.coords[0]))
        elif offset_mm >= edge.length_mm:
            self.changed[row] = replace(edge, head=self.new_node(edge.line.coords[-1]))
        else:
            node = self.cut(row, offset_mm)
            other = max(self.changed)
            self.changed[other] = replace(
                self.changed[other], tail=self.new_node(self.node_xy(node))
            )

    def remove(self, row: int) -> None:
        """Let nobody walk an edge any more."""
        barred = (int(NO_PASSAGE), int(NO_PASSAGE))
        self.changed[row] = replace(self.edge(row), time_ms=barred)

    # -- what planners do -------------------------------------------------------------------------

    def build_link(
        self, line: shapely.LineString, obstacles: Obstacles, *, snap_m: float
    ) -> shapely.LineString | None:
        """Build a path along a line; it joins every street that it meets at ground level.

        Parameters
        ----------
        line : LineString
            As drawn.
        obstacles : Obstacles
            An end is led on to a street only where nothing stands between.
        snap_m : float
            How far an end may be led on, metres.

        Returns
        -------
        LineString or None
            What was built; None if the line joins fewer than two places of the network.
        """
        coordinates = list(line.coords)
        first = self._led_on(coordinates[0], obstacles, snap_m)
        last = self._led_on(coordinates[-1], obstacles, snap_m)
        whole = shapely.LineString([*first[::-1], *coordinates, *last])
        rows, lines = self.streets_near(whole, 0.001)
        meets = []
        for row, street in zip(rows.tolist(), lines, strict=True):
            places = _meeting(whole, street)
            if not places:  # an end that lies on the street but for the last digit
                places = [shapely.shortest_line(whole, street).coords[0][:2]]
            for x, y in places:
                point = shapely.Point(x, y)
                meets.append((whole.project(point), row, street.project(point)))
        nodes: list[tuple[float, int]] = []
        for at, row, along in sorted(meets):
            node = self._node_on(row, along)
            if not nodes or nodes[-1][1] != node:
                nodes.append((at, node))
        if len({node for _, node in nodes}) < 2:
            return None
        for (begin, tail), (end, head) in pairwise(nodes):
            self.link(tail, head, self._between(whole, begin, end, tail, head))
        return _part(whole, nodes[0][0], nodes[-1][0])

    def _led_on(
        self, xy: tuple[float, ...], obstacles: Obstacles, snap_m: float
    ) -> list[tuple[float, float]]:
        point = shapely.Point(xy)
        for metres, row, along, _ in self.ways_to_streets(point, obstacles, snap_m):
            if metres <= 0.001:
                return []
            end = self.edge(row).line.interpolate(along)
            return [(end.x, end.y)]
        return []

    def _node_on(self, row: int, along_m: float) -> int:
        """Node at a place of an edge as it was when the place was found, cut since or not."""
        edge = self.edge(row)
        while along_m > edge.line.length + 1e-6 and row in self._next:
            along_m -= edge.line.length
            row = self._next[row]
            edge = self.edge(row)
        return self.node_at(row, along_m)

    @property
    def _next(self) -> dict[int, int]:
        """Piece that follows each piece of a cut edge."""
        return {
            here[2]: there[2] for pieces in self.pieces.values() for here, there in pairwise(pieces)
        }

    def _between(
        self, whole: shapely.LineString, begin: float, end: float, tail: int, head: int
    ) -> shapely.LineString:
        """Part of a line, its ends moved to the very nodes."""
        inner = list(_part(whole, begin, end).coords)[1:-1]
        return shapely.LineString([self.node_xy(tail), *inner, self.node_xy(head)])

    def open_wall(
        self, point: shapely.Point, obstacles: Obstacles, *, link_m: float
    ) -> shapely.LineString | None:
        """Join the nearest streets on either side of a wall through a place on it.

        Parameters
        ----------
        point : Point
            On the wall.
        obstacles : Obstacles
            The walls around; the ways to the streets cross none of them.
        link_m : float
            Longest way to a street on one side, metres.

        Returns
        -------
        LineString or None
            The way through; None if there is no free way to a street on both sides.
        """
        towards = _wall_direction(point, obstacles)
        if towards is None:
            return None
        chosen: dict[bool, tuple[float, int, float]] = {}
        for metres, row, along, (x, y) in self.ways_to_streets(point, obstacles, link_m):
            cross = towards[0] * y - towards[1] * x
            if abs(cross) > 1e-9:
                chosen.setdefault(cross > 0, (metres, row, along))
        if len(chosen) < 2:
            return None
        gate = self.new_node((point.x, point.y))
        ends = []
        for _, row, along in (chosen[False], chosen[True]):
            node = self._node_on(row, along)
            ends.append(self.node_xy(node))
            self.link(gate, node, shapely.LineString([(point.x, point.y), ends[-1]]))
        return shapely.LineString([ends[0], (point.x, point.y), ends[1]])

    def join_ends(self, point: shapely.Point, within_m: float) -> int:
        """Join all ends of streets at a place where a closed gate parted them; return how many."""
        rows, lines = self.streets_near(point, within_m)
        nodes = {
            self._node_on(row, line.project(point))
            for row, line in zip(rows.tolist(), lines, strict=True)
        }
        if len(nodes) < 2:
            return 0
        gate = self.new_node((point.x, point.y))
        for node in sorted(nodes):
            line = shapely.LineString([(point.x, point.y), self.node_xy(node)])
            self.link(gate, node, line)
        return len(nodes)

    def close_gate(
        self,
        point: shapely.Point,
        walls: npt.NDArray[np.object_],
        *,
        wall_m: float,
        street_m: float,
    ) -> int:
        """Part the streets that lead through a gate, and take away links made for it.

        Parameters
        ----------
        point : Point
            The gate.
        walls : array of LineString
            Walls near the gate, without its opening.
        wall_m, street_m : float
            A street that meets a wall this close to the gate leads through it; so does one that
            passes the gate itself this close.

        Returns
        -------
        int
            Streets parted and links taken away.
        """
        done = 0
        rows, lines = self.streets_near(point, wall_m)
        for row, line in zip(rows.tolist(), lines, strict=True):
            edge = self.edge(row)
            ends = [shapely.Point(edge.line.coords[0]), shapely.Point(edge.line.coords[-1])]
            if edge.street == NO_STREET and any(end.distance(point) <= AT_M for end in ends):
                self.remove(row)
                done += 1
                continue
            places = [
                shapely.Point(xy)
                for wall in walls
                for xy in _meeting(line, wall)
                if point.distance(shapely.Point(xy)) <= wall_m
            ]
            if not places and line.distance(point) <= street_m:
                places = [line.interpolate(line.project(point))]
            if places:
                self.sever(row, line.project(min(places, key=point.distance)))
                done += 1
        return done

    def patch(self) -> NetworkPatch | None:
        """Return all changes so far; None if there are none."""
        if not self.changed:
            return None
        rows = sorted(self.changed)
        edges = [self.changed[row] for row in rows]
        return NetworkPatch(
            nodes=self.network.node_count,
            edges=self.network.edge_count,
            node_xy_m=np.array(self.nodes, dtype=float).reshape(-1, 2),
            edge=np.array(rows, dtype=np.int64),
            edge_from=np.array([edge.tail for edge in edges], dtype=np.int32),
            edge_to=np.array([edge.head for edge in edges], dtype=np.int32),
            edge_length_mm=np.array([edge.length_mm for edge in edges], dtype=np.int32),
            edge_time_ms=np.array([edge.time_ms for edge in edges], dtype=np.int32),
            edge_layer=np.array([edge.layer for edge in edges], dtype=np.int32),
            edge_open=np.array([edge.is_open for edge in edges], dtype=bool),
            edge_street_code=np.array([edge.street for edge in edges], dtype=np.int32),
            line=np.array([edge.line for edge in edges], dtype=object),
            pieces={
                root: tuple(pieces)
                for root, pieces in self.pieces.items()
                if root < self.network.edge_count
            },
        )


def apply_patch(network: WalkNetwork, patch: NetworkPatch | None) -> WalkNetwork:
    """Make the changed network: every array anew, connected parts and arcs too."""
    if patch is None:
        return network
    new = patch.edge >= patch.edges

    def patched(name: str) -> Any:
        values = getattr(network, name).copy()
        fresh = getattr(patch, name)
        values[patch.edge[~new]] = fresh[~new]
        return np.concatenate([values, fresh[new].astype(values.dtype)])

    xy_m, start = _patched_lines(network, patch)
    node_xy = np.concatenate([network.node_xy_m, patch.node_xy_m])
    tail, head = patched("edge_from"), patched("edge_to")
    time_ms = patched("edge_time_ms")
    walked = (time_ms >= 0).any(axis=1)
    changed = replace(
        network,
        node_xy_m=node_xy,
        node_component=connected_parts(len(node_xy), tail[walked], head[walked]),
        edge_from=tail,
        edge_to=head,
        edge_length_mm=patched("edge_length_mm"),
        edge_time_ms=time_ms,
        edge_layer=patched("edge_layer"),
        edge_open=patched("edge_open"),
        edge_street_code=patched("edge_street_code"),
        edge_xy_m=xy_m,
        edge_xy_start=start,
    )
    return with_arcs(changed)


def _patched_lines(network: WalkNetwork, patch: NetworkPatch) -> tuple[Floats, Longs]:
    count = np.diff(network.edge_xy_start)
    sizes = shapely.get_num_coordinates(patch.line)
    rows = np.concatenate([count, np.zeros(int((patch.edge >= patch.edges).sum()), dtype=np.int64)])
    rows[patch.edge] = sizes
    start = np.concatenate([[0], np.cumsum(rows)]).astype(np.int64)
    xy = np.empty((start[-1], 2))
    kept = np.ones(len(rows), dtype=bool)
    kept[patch.edge] = False
    was = np.repeat(kept[: len(count)], count)
    xy[np.repeat(kept, rows)] = network.edge_xy_m[was]
    for row, line in zip(patch.edge.tolist(), patch.line, strict=True):
        xy[start[row] : start[row + 1]] = shapely.get_coordinates(line)
    return xy, start


def moved_points(points: Attachments, patch: NetworkPatch | None) -> Attachments:
    """Place attached points on the edges that theirs were cut into; the place stays the same."""
    if patch is None or not patch.pieces:
        return points
    edge, offset = points.edge.copy(), points.offset_mm.copy()
    for row in np.flatnonzero(np.isin(edge, list(patch.pieces))):
        edge[row], offset[row] = patch.moved(int(edge[row]), int(offset[row]))
    return replace(points, edge=edge, offset_mm=offset)


def _share_ms(edge: _Edge, time_ms: int, part_mm: int) -> int:
    """Time of the first part of an edge, rounded half up; barred stays barred."""
    if time_ms < 0:
        return time_ms
    return (2 * time_ms * part_mm + edge.length_mm) // (2 * edge.length_mm)


def _divided(
    line: shapely.LineString, share: float
) -> tuple[shapely.LineString, shapely.LineString]:
    """Cut a line at a share of its length; both parts have two vertices at least."""
    xy = shapely.get_coordinates(line)
    step = np.hypot(*np.diff(xy, axis=0).T)
    at = share * step.sum()
    done = np.concatenate([[0.0], np.cumsum(step)])
    low = int(np.clip(np.searchsorted(done, at, side="right") - 1, 0, len(step) - 1))
    part = (at - done[low]) / step[low] if step[low] > 0 else 0.0
    middle = xy[low] + (xy[low + 1] - xy[low]) * min(max(part, 0.0), 1.0)
    first = np.vstack([xy[: low + 1], middle])
    return shapely.LineString(first), shapely.LineString(np.vstack([middle, xy[low + 1 :]]))


def _part(line: shapely.LineString, begin_m: float, end_m: float) -> shapely.LineString:
    if end_m - begin_m <= 0:
        point = line.interpolate(begin_m)
        return shapely.LineString([point, point])
    first, _ = _divided(line, min(end_m / line.length, 1.0))
    _, second = _divided(first, min(begin_m / first.length, 1.0))
    return second


def _meeting(line: shapely.LineString, other: shapely.Geometry) -> list[tuple[float, float]]:
    """Find the points at which two lines meet; where they run together, its ends."""
    met = shapely.intersection(line, other)
    parts = shapely.get_parts(shapely.get_parts(met)) if not met.is_empty else []
    found: list[tuple[float, float]] = []
    for part in parts:
        ends = part.coords if part.geom_type == "Point" else (part.coords[0], part.coords[-1])
        found += [(xy[0], xy[1]) for xy in ends]
    return found


def _wall_direction(point: shapely.Point, obstacles: Obstacles) -> tuple[float, float] | None:
    """Direction of the wall on which a place lies."""
    walls = obstacles.pieces[obstacles.kind == "wall"]
    if not len(walls):
        return None
    wall = walls[int(np.argmin(shapely.distance(walls, point)))]
    at, reach = wall.project(point), min(WALL_STEP_M, wall.length / 2)
    back = wall.interpolate(max(at - reach, 0.0))
    ahead = wall.interpolate(min(at + reach, wall.length))
    return ahead.x - back.x, ahead.y - back.y
