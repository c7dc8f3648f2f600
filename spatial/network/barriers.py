"""Where walls and closed gates cut streets, and on which side each piece of street ends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from spatial.network.near import boxes_of_points, boxes_of_segments
from spatial.network.strands import JOIN_M, Strands, insert_points
from spatial.standards.parameters import ParameterSet

__all__ = ["Cuts", "cut_at_barriers"]

RAY_M: Final = 2 * JOIN_M
"""How far along a wall its direction at a crossing is read."""
TURN: Final = 2 * np.pi

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Objects = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class Cuts:
    """Streets after walls and gates have acted."""

    strands: Strands
    gate_opened: Bools  # (g,) gates at which a street meets a wall and is not cut
    gate_passed: Bools  # (g,) those of them through which a street goes on
    walls_cut: int  # crossings of a street and a wall without an open gate
    gates_closed: int  # closed gates that lie on a street


def cut_at_barriers(
    strands: Strands,
    cuttable: Bools,
    layer: Ints,
    walls: tuple[Objects, Ints],
    gates: gpd.GeoDataFrame,
    passes: Bools,
    parameters: ParameterSet,
) -> Cuts:
    """Cut streets where they cross a wall of their layer, unless a gate opens it there.

    Parameters
    ----------
    strands : Strands
    cuttable, layer : array, shape (s,)
        Whether a strand runs at ground (a bridge or passage is not cut), and its layer.
    walls : (array of LineString, array of int)
        Walls and their layers.
    gates : GeoDataFrame, shape (g,)
    passes : array of bool, shape (g,)
        Whether each gate may be passed. The nearest gate decides.
    parameters : ParameterSet
        Room ``walking``: ``gate_tolerance_m``, ``gate_on_street_m``.
    """
    points = gates.geometry.to_numpy()
    closed_xy = shapely.get_coordinates(points[~passes])
    lines = strands.lines_near(
        np.concatenate(
            [
                boxes_of_segments(walls[0]),
                boxes_of_points(closed_xy, parameters["gate_on_street_m"]),
            ]
        )
    )
    strand, wall, place = _crossings(lines, cuttable, layer, walls)
    gate = _nearest(points, place, parameters["gate_tolerance_m"])
    at_gate = gate >= 0
    open_here = at_gate & passes[gate] if len(points) else np.zeros(len(place), dtype=bool)
    gate_opened = np.zeros(len(points), dtype=bool)
    gate_opened[gate[open_here]] = True
    gate_passed = np.zeros(len(points), dtype=bool)
    goes_on = _goes_on(strands, lines, strand[open_here], place[open_here])
    gate_passed[gate[open_here][goes_on]] = True
    strand, wall, place = strand[~open_here], wall[~open_here], place[~open_here]

    shut, shut_strand, shut_place = _closed_on_streets(
        lines, points, passes, parameters["gate_on_street_m"]
    )
    where = np.concatenate([strand, shut_strand])
    spots = np.concatenate([place, shut_place])
    if not len(where):
        return Cuts(strands, gate_opened, gate_passed, 0, 0)
    along = shapely.line_locate_point(lines[where], spots)
    strands, vertex = insert_points(strands, where, along)
    node = strands.node[vertex]
    rays = _rays(walls[0][wall], place, node[: len(strand)])
    cut = _part_sides(strands, rays, full=np.unique(node[len(strand) :]))
    return Cuts(
        cut, gate_opened, gate_passed, len(np.unique(node[: len(strand)])), len(np.unique(shut))
    )


def _goes_on(strands: Strands, lines: Objects, strand: Ints, place: Objects) -> Bools:
    """Whether a street goes on at a place, itself or by another street that begins there."""
    along = shapely.line_locate_point(lines[strand], place)
    count = np.bincount(strands.node, minlength=1)
    first = strands.node[strands.start[strand]]
    last = strands.node[strands.start[strand + 1] - 1]
    ends_here = (along <= JOIN_M) & (count[first] == 1)
    ends_here |= (along >= shapely.length(lines[strand]) - JOIN_M) & (count[last] == 1)
    return ~ends_here


def _crossings(
    lines: Objects, cuttable: Bools, layer: Ints, walls: tuple[Objects, Ints]
) -> tuple[Ints, Ints, Objects]:
    """Strand, wall and place of every point where a street meets a wall of its layer."""
    nothing = np.empty(0, dtype=np.int64)
    wall_lines, wall_layer = walls
    rows = np.flatnonzero(cuttable & (lines != None))  # noqa: E711 - an array of objects
    if not len(wall_lines) or not len(rows):
        return nothing, nothing, np.empty(0, dtype=object)
    wall, found = shapely.STRtree(lines[rows]).query(wall_lines, predicate="intersects")
    strand = rows[found]
    level = layer[strand] == wall_layer[wall]
    wall, strand = wall[level], strand[level]
    meets = shapely.intersection(lines[strand], wall_lines[wall])
    place, pair = shapely.get_parts(meets, return_index=True)
    inner, again = shapely.get_parts(place, return_index=True)  # collections hold multi-points
    place, pair = inner, pair[again]
    point = shapely.get_dimensions(place) == 0  # a street drawn on a wall is not cut along it
    return strand[pair[point]], wall[pair[point]], place[point]


def _nearest(points: Objects, asked: Objects, within_m: float) -> Ints:
    """Find the nearest point of each asked place (the first of equals), or -1."""
    nearest = np.full(len(asked), -1, dtype=np.int64)
    if len(points) and len(asked):
        row, found = shapely.STRtree(points).query_nearest(asked, max_distance=within_m)
        order = np.lexsort((found, row))
        row, found = row[order], found[order]
        first = np.unique(row, return_index=True)[1]
        nearest[row[first]] = found[first]
    return nearest


def _closed_on_streets(
    lines: Objects, points: Objects, passes: Bools, within_m: float
) -> tuple[Ints, Ints, Objects]:
    """Find closed gates that lie on a street: gate, strand and place."""
    closed = np.flatnonzero(~passes)
    if not len(closed) or not len(lines):
        nothing = np.empty(0, dtype=np.int64)
        return nothing, nothing, np.empty(0, dtype=object)
    gate, strand = shapely.STRtree(lines).query(
        points[closed], predicate="dwithin", distance=within_m
    )
    return closed[gate], strand, points[closed[gate]]


def _rays(walls: Objects, place: Objects, node: Ints) -> tuple[Ints, Floats]:
    """Node and direction of every piece of wall that leaves a crossing."""
    length = shapely.length(walls)
    at = shapely.line_locate_point(walls, place)
    ring = shapely.is_closed(walls)
    nodes, angles = [], []
    for step in (-RAY_M, RAY_M):
        to = at + step
        to = np.where(ring, np.mod(to, np.maximum(length, RAY_M)), to)
        exists = (to >= 0) & (to <= length)
        towards = shapely.line_interpolate_point(walls[exists], to[exists])
        nodes.append(node[exists])
        angles.append(
            _angle(shapely.get_coordinates(towards), shapely.get_coordinates(place[exists]))
        )
    return np.concatenate(nodes), np.concatenate(angles)


def _angle(to_xy: Floats, from_xy: Floats) -> Floats:
    step = to_xy - from_xy
    return np.mod(np.arctan2(step[:, 1], step[:, 0]), TURN)


def _part_sides(strands: Strands, rays: tuple[Ints, Floats], *, full: Ints) -> Strands:
    """Give each side of a wall a node of its own at every crossing.

    The pieces of wall that leave a crossing divide the plane into sectors; ends of streets in
    one sector stay together, so a street that only touches a wall, or a wall that ends at a
    street, cuts nothing. At the nodes of `full` (closed gates) every end stands alone.
    """
    ray_node, ray_angle = rays
    order = np.lexsort((ray_angle, ray_node))
    ray_node, ray_angle = ray_node[order], ray_angle[order]
    places = np.union1d(ray_node, full)
    vertex = np.flatnonzero(np.isin(strands.node, places))
    has_before = ~strands.is_first()[vertex]
    has_after = ~strands.is_last()[vertex]

    def sector(towards: Ints) -> Ints:
        angle = _angle(strands.xy_m[towards], strands.xy_m[vertex])
        node = strands.node[vertex]
        key = np.searchsorted(places, node) * 2 * TURN + angle
        ray_key = np.searchsorted(places, ray_node) * 2 * TURN + ray_angle
        begin = np.searchsorted(ray_node, node, side="left")
        count = np.searchsorted(ray_node, node, side="right") - begin
        passed = np.searchsorted(ray_key, key, side="right") - begin
        return np.where(count >= 2, np.mod(passed, np.maximum(count, 1)), 0)

    before = sector(np.maximum(vertex - 1, 0))
    after = sector(np.minimum(vertex + 1, len(strands.xy_m) - 1))
    alone = np.isin(strands.node[vertex], full)
    before = np.where(alone, 100 + 2 * np.arange(len(vertex)), before)
    after = np.where(alone, 101 + 2 * np.arange(len(vertex)), after)
    before, after = np.where(has_before, before, after), np.where(has_after, after, before)
    split = before != after

    copies = np.ones(len(strands.xy_m), dtype=np.int64)
    copies[vertex[split]] = 2
    source = np.repeat(np.arange(len(copies)), copies)
    first_copy = np.cumsum(copies) - copies
    last_copy = first_copy + copies - 1
    node = strands.node[source]
    span = 102 + 2 * len(vertex)
    fresh = strands.node.max() + 1
    node[last_copy[vertex]] = fresh + strands.node[vertex] * span + after
    node[first_copy[vertex]] = fresh + strands.node[vertex] * span + before
    starts = np.sort(np.concatenate([first_copy[strands.start[:-1]], last_copy[vertex[split]]]))
    return replace(
        strands,
        xy_m=strands.xy_m[source],
        node=np.unique(node, return_inverse=True)[1].astype(np.int64),
        start=np.append(starts, len(source)),
        street=strands.street[strands.strand_of_vertex[source[starts]]],
    )
