"""Links that are missing: dead ends beside a street, parts of the network that nearly meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely

from spatial.network import Obstacles
from spatial.network.lines import lines_of

if TYPE_CHECKING:
    from spatial.scenarios.base import ScenarioBase

__all__ = ["MissingLinks", "missing_links"]

Longs = npt.NDArray[np.int64]
OBSTACLES = np.array(["wall", "water", "railway"], dtype=object)


@dataclass(frozen=True, slots=True, eq=False)
class MissingLinks:
    """Straight lines that could be built; both ends lie on edges of the network."""

    line: npt.NDArray[np.object_]
    near_parts: npt.NDArray[np.bool_]  # joins two connected parts; else a dead end
    edge: Longs  # (2, c) of either end
    offset_mm: Longs  # (2, c)

    def __len__(self) -> int:
        return len(self.line)

    def take(self, kept: npt.NDArray[Any]) -> MissingLinks:
        """Keep some of them."""
        return MissingLinks(
            self.line[kept], self.near_parts[kept], self.edge[:, kept], self.offset_mm[:, kept]
        )


def missing_links(base: ScenarioBase, around: shapely.Geometry | None = None) -> MissingLinks:
    """Find straight links from dead ends, and between parts of the network, to the next street.

    Parameters
    ----------
    base : ScenarioBase
    around : Geometry, optional
        Only links that come near it (in the city's zone).

    Notes
    -----
    A link begins at a node at ground level where a single edge ends, or at any node of a connected
    part that is not the largest; it leads to the nearest street to which the node does not belong
    (of a small part: of another part), at most ``missing_link_m`` away, and crosses no wall, water
    or railway. Walls are for openings.
    """
    net, reach_m = base.network, float(base.profile.rooms["scenarios"]["missing_link_m"])
    walked = np.asarray((net.edge_time_ms >= 0).any(axis=1))
    rows = np.flatnonzero(walked & net.edge_open & (net.edge_layer == 0))
    if around is not None:
        west, south, east, north = around.buffer(reach_m).bounds
        rows = np.intersect1d(rows, base.edges_near((west, south, east, north)))
    node, own = _beginnings(base, walked, rows)
    lines = lines_of(net.edge_xy_m, net.edge_xy_start, rows)
    points = shapely.points(net.node_xy_m[node])
    point, at = shapely.STRtree(lines).query(points, predicate="dwithin", distance=reach_m)
    edge = rows[at]
    part = net.node_component
    other_part = part[net.edge_from[edge]] != part[node[point]]
    its_own = (net.edge_from[edge] == node[point]) | (net.edge_to[edge] == node[point])
    small = part[node] != np.argmax(np.bincount(part, minlength=1))
    kept = np.where(small[point], other_part, ~its_own)
    point, at, edge = point[kept], at[kept], edge[kept]
    metres = shapely.distance(points[point], lines[at])
    order = np.lexsort((edge, metres, point))
    first = order[np.unique(point[order], return_index=True)[1]]
    point, at, edge, metres = point[first], at[first], edge[first], metres[first]
    along = shapely.line_locate_point(lines[at], points[point])
    there = shapely.get_coordinates(shapely.line_interpolate_point(lines[at], along))
    here = net.node_xy_m[node[point]]
    link = shapely.linestrings(np.stack([here, there], axis=1))
    some = metres > 0.5
    if around is not None:
        some &= shapely.dwithin(link, around, reach_m)
    some[some] &= ~_obstacles(base, link[some]).blocks(link[some])
    middle = np.round(shapely.get_coordinates(shapely.centroid(link)), 0)
    once = np.zeros(len(link), dtype=bool)
    kept_rows = np.flatnonzero(some)
    once[kept_rows[np.unique(middle[kept_rows], axis=0, return_index=True)[1]]] = True
    length = np.maximum(shapely.length(lines[at]), 1e-9)
    mm = net.edge_length_mm[edge].astype(np.int64)
    goal = np.clip(np.round(along / length * mm).astype(np.int64), 0, mm)
    begin_edge = own[point]
    begins = net.edge_from[begin_edge] == node[point]
    begin = np.where(begins, 0, net.edge_length_mm[begin_edge]).astype(np.int64)
    return MissingLinks(
        link[once],
        small[point][once],
        np.stack([begin_edge, edge])[:, once],
        np.stack([begin, goal])[:, once],
    )


def _beginnings(base: ScenarioBase, walked: npt.NDArray[Any], rows: Longs) -> tuple[Longs, Longs]:
    """Nodes at which a link may begin, and an edge of each."""
    net = base.network
    ends = np.concatenate([net.edge_from[walked], net.edge_to[walked]])
    degree = np.bincount(ends, minlength=net.node_count)
    part = net.node_component
    main = np.argmax(np.bincount(part, minlength=1))
    of_rows = np.concatenate([net.edge_from[rows], net.edge_to[rows]]).astype(np.int64)
    node, first = np.unique(of_rows, return_index=True)
    own = np.concatenate([rows, rows])[first]
    begins = (degree[node] == 1) | (part[node] != main)
    return node[begins], own[begins]


def _obstacles(base: ScenarioBase, lines: npt.NDArray[np.object_]) -> Obstacles:
    """Return the walls, waters and rails near some lines."""
    ends, kind = base.arrays["obstacle_xy_m"], base.arrays["obstacle_kind"]
    if not len(ends) or not len(lines):
        return Obstacles(base.crs, np.empty(0, dtype=object), np.empty(0, dtype=object))
    west, south, east, north = shapely.total_bounds(lines)
    low, high = ends.min(axis=1), ends.max(axis=1)
    here = ((low <= (east, north)) & (high >= (west, south))).all(axis=1)
    pieces = shapely.linestrings(ends[here]) if here.any() else np.empty(0, dtype=object)
    return Obstacles(base.crs, pieces, OBSTACLES[kind[here]])
