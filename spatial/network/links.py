"""Ways that no street draws: straight across squares, and through gates without a street."""

from __future__ import annotations

from functools import partial
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from spatial.network.near import boxes_of_points
from spatial.network.obstacles import Obstacles
from spatial.network.strands import Strands, insert_points, with_strands
from spatial.standards.parameters import ParameterSet

__all__ = ["INSIDE_M", "inside_edge_m", "with_gate_links", "with_square_links"]

INSIDE_M: Final = 0.1
"""A way to a street is tested up to this far inside it, so that the end of a street at a wall is
entered from its own side only."""

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Objects = npt.NDArray[np.object_]
NO_STREET: Final = -1


def inside_edge_m(
    along_m: npt.NDArray[np.float64], length_m: npt.NDArray[np.float64], depth_m: float = INSIDE_M
) -> npt.NDArray[np.float64]:
    """Move places off the two ends of their line, at most to its middle.

    Examples
    --------
    >>> inside_edge_m(np.array([0.0, 3.0, 0.02]), np.array([10.0, 10.0, 0.1])).tolist()
    [0.1, 3.0, 0.05]
    """
    depth = np.minimum(depth_m, length_m / 2)
    return np.clip(along_m, depth, length_m - depth)


def with_square_links(
    strands: Strands, is_square: Bools, obstacles: Obstacles, *, limit: int
) -> tuple[Strands, int]:
    """Link the connections of each square in straight lines that stay inside it.

    Parameters
    ----------
    strands : Strands
    is_square : array of bool, shape (s,)
        Whether a strand is the outline of a square; an open outline is left alone.
    obstacles : Obstacles
        A link that would cross one is left out.
    limit : int
        Squares with more connections are walked along their outline only.
    """
    count = np.bincount(strands.node, minlength=1)
    ends, nodes, streets = [], [], []
    squares = np.flatnonzero(is_square)
    order = squares[np.argsort(strands.street[squares], kind="stable")]
    first_of = np.unique(strands.street[order], return_index=True)[1]
    for group in np.split(order, first_of[1:]):
        rings = [ring for ring in map(partial(_ring, strands), group) if len(ring)]
        if not rings:
            continue
        area = _area([shapely.polygons(strands.xy_m[np.append(r, r[0])]) for r in rings])
        doors = np.concatenate([_doors(strands, ring, count) for ring in rings])
        if not 2 <= len(doors) <= limit:
            continue
        first, second = np.triu_indices(len(doors), k=1)
        xy = np.stack([strands.xy_m[doors[first]], strands.xy_m[doors[second]]], axis=1)
        chords = shapely.linestrings(xy)
        inside = shapely.covers(area, chords) & ~obstacles.blocks(chords)
        pair = np.stack([strands.node[doors[first]], strands.node[doors[second]]], axis=1)
        ends.append(xy[inside])
        nodes.append(pair[inside])
        streets.append(np.full(int(inside.sum()), strands.street[group[0]]))
    if not streets:
        return strands, 0
    street = np.concatenate(streets)
    return with_strands(strands, np.concatenate(ends), np.concatenate(nodes), street), len(street)


def _ring(strands: Strands, strand: int) -> Ints:
    """Vertices of a closed strand, each once; none if it is open or too short for a ring."""
    ring = np.arange(strands.start[strand], strands.start[strand + 1] - 1)
    closed = len(ring) >= 3 and strands.node[ring[0]] == strands.node[ring[-1] + 1]
    return ring if closed else ring[:0]


def _doors(strands: Strands, ring: Ints, count: Ints) -> Ints:
    """Vertices of a ring where another street meets it."""
    usual = np.ones(len(ring), dtype=np.int64)
    usual[0] = 2  # a ring comes back to its first vertex
    return ring[count[strands.node[ring]] > usual]


def _area(parts: list[shapely.Polygon]) -> shapely.Geometry:
    """Join the rings of one square: a ring inside another is a hole in it."""
    area = shapely.Polygon()
    for part in sorted(map(shapely.make_valid, parts), key=shapely.area, reverse=True):
        area = shapely.symmetric_difference(area, part)
    return area


def with_gate_links(
    strands: Strands,
    enterable: Bools,
    gates: gpd.GeoDataFrame,
    candidates: Ints,
    walls: Objects,
    obstacles: Obstacles,
    parameters: ParameterSet,
) -> tuple[Strands, int]:
    """Link gates that no street passes to the nearest street on each side of their wall.

    Parameters
    ----------
    strands : Strands
        Streets, already cut at the walls.
    enterable : array of bool, shape (s,)
        Strands that may be entered from the side.
    gates : GeoDataFrame, shape (g,)
    candidates : array of int
        Rows of gates that may be passed and through which no street goes.
    walls : array of LineString
    obstacles : Obstacles
        With openings at the gates.
    parameters : ParameterSet
        ``gate_tolerance_m``, ``gate_link_m``, ``gate_on_street_m``.

    Returns
    -------
    Strands, int
        The streets with their links, and the number of gates linked.
    """
    rows = np.flatnonzero(enterable)
    if not len(candidates) or not len(walls) or not len(rows):
        return strands, 0
    points = gates.geometry.to_numpy()[candidates]
    towards = _wall_direction(points, walls, parameters["gate_tolerance_m"])
    around = boxes_of_points(shapely.get_coordinates(points), parameters["gate_link_m"])
    lines = strands.lines_near(around)[rows]
    gate, strand = shapely.STRtree(lines).query(
        points, predicate="dwithin", distance=parameters["gate_link_m"]
    )
    at_wall = np.isfinite(towards[gate, 0])
    gate, strand = gate[at_wall], strand[at_wall]
    line = lines[strand]
    along = shapely.line_locate_point(line, points[gate])
    place = shapely.line_interpolate_point(line, along)
    length_m = shapely.length(line)
    tested = shapely.line_interpolate_point(line, inside_edge_m(along, length_m))
    beside = shapely.line_interpolate_point(line, inside_edge_m(along, length_m, depth_m=1.0))
    origin = shapely.get_coordinates(points)[gate]
    side = _side(towards[gate], shapely.get_coordinates(beside) - origin)
    ways = shapely.linestrings(np.stack([origin, shapely.get_coordinates(tested)], axis=1))
    free = ~obstacles.blocks(ways) & (side != 0)
    distance = shapely.distance(points[gate], place)

    order = np.lexsort((strand, distance, side, gate))
    order = order[free[order]]
    key = gate[order] * 2 + (side[order] > 0)
    chosen = order[np.unique(key, return_index=True)[1]]
    both = np.bincount(gate[chosen], minlength=len(points))[gate[chosen]] == 2
    chosen = chosen[both]
    if not len(chosen):
        return strands, 0
    strands, vertex = insert_points(strands, rows[strand[chosen]], along[chosen])
    gate_node = strands.node.max() + 1 + np.unique(gate[chosen], return_inverse=True)[1]
    xy = np.stack([origin[chosen], strands.xy_m[vertex]], axis=1)
    nodes = np.stack([gate_node, strands.node[vertex]], axis=1)
    links = np.full(len(chosen), NO_STREET, dtype=np.int64)
    return with_strands(strands, xy, nodes, links), len(chosen) // 2


def _wall_direction(points: Objects, walls: Objects, within_m: float) -> npt.NDArray[np.float64]:
    """Direction of the nearest wall at each gate, shape (g, 2); NaN where none is near."""
    direction = np.full((len(points), 2), np.nan)
    row, wall = shapely.STRtree(walls).query_nearest(
        points, max_distance=within_m, all_matches=False
    )
    line = walls[wall]
    at = shapely.line_locate_point(line, points[row])
    length = shapely.length(line)
    reach = np.minimum(0.05, length / 2)
    back = shapely.line_interpolate_point(line, np.clip(at - reach, 0, length))
    ahead = shapely.line_interpolate_point(line, np.clip(at + reach, 0, length))
    direction[row] = shapely.get_coordinates(ahead) - shapely.get_coordinates(back)
    return direction


def _side(direction: npt.NDArray[np.float64], step: npt.NDArray[np.float64]) -> Ints:
    cross = direction[:, 0] * step[:, 1] - direction[:, 1] * step[:, 0]
    return np.sign(cross).astype(np.int64)
