"""Convex cells cut by streets: the ground plan before it is bent into a city.

The plan is drawn on a flat sheet, where every cell is convex and every street straight. A cut
gives two cells and one chord; where a chord meets another street, both hold the very same point,
so the street network is joined by construction. `data.demo.bend` then curves the sheet.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["Cell", "Chord", "Crossing", "GroundPlan", "StreetClass"]

Point = tuple[float, float]

MERGE_M = 7.0
"""Junctions closer than this on one street become one, so that no stub edges arise."""


@dataclass(frozen=True, slots=True)
class StreetClass:
    """A class of street, or of edge between two parcels."""

    highway: str  # OSM class; "" where the edge is no street (a shared wall)
    half_width_m: float  # from the centre line to the parcel's edge, pavement included


@dataclass(slots=True)
class Chord:
    """A straight street on the sheet, with every point where something joins it."""

    street: StreetClass
    name: str
    start: Point
    end: Point
    joints: list[Point] = field(default_factory=list)

    def join(self, point: Point) -> Point:
        """Add a junction, or return one that is there already."""
        nearest = min((self.start, self.end, *self.joints), key=lambda at: math.dist(point, at))
        if math.dist(point, nearest) < MERGE_M:
            return nearest
        self.joints.append(point)
        return point


@dataclass(slots=True)
class Cell:
    """A convex cell, counter-clockwise; edge ``k`` runs from corner ``k`` to the next one."""

    corners: list[Point]
    edges: list[int]  # chord of each edge
    kind: str = ""
    path: tuple[int, ...] = ()  # the cuts that led here: cells of one branch share a prefix

    @property
    def area_m2(self) -> float:
        """Area on the sheet."""
        return 0.5 * sum(
            a[0] * b[1] - b[0] * a[1]
            for a, b in zip(self.corners, self.corners[1:] + self.corners[:1], strict=True)
        )

    @property
    def centre(self) -> Point:
        """Mean of the corners."""
        n = len(self.corners)
        return (sum(p[0] for p in self.corners) / n, sum(p[1] for p in self.corners) / n)

    def holds(self, point: Point) -> bool:
        """Whether a point lies in the cell."""
        return all(
            _side(a, (b[0] - a[0], b[1] - a[1]), point) >= 0
            for a, b in zip(self.corners, self.corners[1:] + self.corners[:1], strict=True)
        )


@dataclass(frozen=True, slots=True)
class Crossing:
    """Where a line passes a strip (river, canal, railway) without cutting it."""

    strip: str
    start: Point
    end: Point
    street: StreetClass
    name: str


@dataclass(slots=True)
class GroundPlan:
    """Cells, chords and crossings of one sheet."""

    cells: list[Cell]
    chords: list[Chord]
    crossings: list[Crossing] = field(default_factory=list)

    @classmethod
    def square(cls, half_m: float, street: StreetClass, names: Sequence[str]) -> GroundPlan:
        """Start from a square bounded by four streets: south, east, north, west."""
        corners = [(-half_m, -half_m), (half_m, -half_m), (half_m, half_m), (-half_m, half_m)]
        chords = [
            Chord(street, name, a, b)
            for name, a, b in zip(names, corners, corners[1:] + corners[:1], strict=True)
        ]
        return cls([Cell(corners, [0, 1, 2, 3])], chords)

    def cut(
        self, cell: Cell, through: Point, along: Point, street: StreetClass, name: str = ""
    ) -> tuple[Cell, Cell] | None:
        """Cut one cell (which must be in the plan's care) in two, or return None if a cut misses.

        The new chord ends on the chords of the edges that it meets.
        """
        hits = _hits(cell, through, along)
        if hits is None:
            return None
        (i, p), (j, q) = hits
        p = self.chords[cell.edges[i]].join(p)
        q = self.chords[cell.edges[j]].join(q)
        if math.dist(p, q) < MERGE_M:
            return None
        number = len(self.chords)
        right = _ring([p, *_walk(cell, i, j), q], [*_edges(cell, i, j), number])
        left = _ring([q, *_walk(cell, j, i), p], [*_edges(cell, j, i), number])
        if right is None or left is None:
            return None
        self.chords.append(Chord(street, name, p, q))
        return (
            Cell(*left, kind=cell.kind, path=(*cell.path, 0)),
            Cell(*right, kind=cell.kind, path=(*cell.path, 1)),
        )

    def cut_all(
        self, through: Point, along: Point, street: StreetClass, name: str, *, keep: Sequence[str]
    ) -> None:
        """Cut every cell that a line crosses; cells of the kinds in `keep` are bridged instead."""
        cells: list[Cell] = []
        for cell in self.cells:
            if cell.kind in keep:
                hits = _hits(cell, through, along)
                cells.append(cell)
                if hits is not None:
                    (i, p), (j, q) = hits
                    start = self.chords[cell.edges[i]].join(p)
                    end = self.chords[cell.edges[j]].join(q)
                    self.crossings.append(Crossing(cell.kind, start, end, street, name))
                continue
            cells.extend(self.cut(cell, through, along, street, name) or (cell,))
        self.cells = cells

    def outline(self, cell: Cell) -> list[Point]:
        """Corners of the cell together with every joint on its edges, counter-clockwise."""
        ring: list[Point] = []
        for k, number in enumerate(cell.edges):
            a, b = cell.corners[k], cell.corners[(k + 1) % len(cell.corners)]
            chord, length = self.chords[number], math.dist(a, b)
            d = ((b[0] - a[0]) / length, (b[1] - a[1]) / length)
            inner = [
                (along, p)
                for p in (chord.start, chord.end, *chord.joints)
                if 0 < (along := (p[0] - a[0]) * d[0] + (p[1] - a[1]) * d[1]) < length
                and p not in (a, b)
            ]
            ring.append(a)
            ring.extend(p for _, p in sorted(inner))
        return ring

    def inset(self, cell: Cell, half_widths_m: Sequence[float]) -> list[Point]:
        """Return the cell's parcel: each edge moved inwards; empty where nothing is left."""
        ring = list(cell.corners)
        for k, width in enumerate(half_widths_m):
            a, b = cell.corners[k], cell.corners[(k + 1) % len(cell.corners)]
            length = math.dist(a, b)
            if length == 0:
                continue
            d = ((b[0] - a[0]) / length, (b[1] - a[1]) / length)
            ring = _clip(ring, (a[0] - d[1] * width, a[1] + d[0] * width), d)
            if len(ring) < 3:
                return []
        return ring


def _side(through: Point, along: Point, point: Point) -> float:
    return along[0] * (point[1] - through[1]) - along[1] * (point[0] - through[0])


def _hits(
    cell: Cell, through: Point, along: Point
) -> tuple[tuple[int, Point], tuple[int, Point]] | None:
    """Edge and point where the line leaves to the right, then where it comes back."""
    sides = [_side(through, along, corner) for corner in cell.corners]
    down = up = None
    for k, s in enumerate(sides):
        t = sides[(k + 1) % len(sides)]
        if (s >= 0) != (t >= 0):
            a, b = cell.corners[k], cell.corners[(k + 1) % len(sides)]
            w = s / (s - t)
            point = (a[0] + w * (b[0] - a[0]), a[1] + w * (b[1] - a[1]))
            if s >= 0:
                down = (k, point)
            else:
                up = (k, point)
    return None if down is None or up is None else (down, up)


def _walk(cell: Cell, i: int, j: int) -> list[Point]:
    """Corners passed when walking from edge ``i`` forward to edge ``j``."""
    n = len(cell.corners)
    return [cell.corners[(i + 1 + k) % n] for k in range((j - i) % n)]


def _edges(cell: Cell, i: int, j: int) -> list[int]:
    n = len(cell.edges)
    return [cell.edges[(i + k) % n] for k in range((j - i) % n + 1)]


def _ring(corners: list[Point], edges: list[int]) -> tuple[list[Point], list[int]] | None:
    """Drop edges without length; None where no area is left."""
    kept = [
        k for k in range(len(corners)) if math.dist(corners[k], corners[(k + 1) % len(corners)]) > 0
    ]
    if len(kept) < 3:
        return None
    return [corners[k] for k in kept], [edges[k] for k in kept]


def _clip(ring: list[Point], through: Point, along: Point) -> list[Point]:
    """Keep the part of a convex ring to the left of a line."""
    out: list[Point] = []
    for a, b in zip(ring, ring[1:] + ring[:1], strict=True):
        s, t = _side(through, along, a), _side(through, along, b)
        if s >= 0:
            out.append(a)
        if (s >= 0) != (t >= 0):
            w = s / (s - t)
            out.append((a[0] + w * (b[0] - a[0]), a[1] + w * (b[1] - a[1])))
    return out
