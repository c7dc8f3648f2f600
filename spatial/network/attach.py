"""Points enter the network on an edge, at their true position, by a way that crosses nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.checks import require_metric_crs
from spatial.cores import in_order, slices
from spatial.errors import CRSError, LayerError
from spatial.network.graph import WalkNetwork
from spatial.network.links import inside_edge_m
from spatial.network.near import Enterable, nearest_lines, places_along
from spatial.network.obstacles import Obstacles
from spatial.standards.parameters import ParameterSet, read_parameters
from spatial.units import MM_PER_M

__all__ = ["Attachments", "attach_points", "enter_nearest", "unattached"]

FIRST_WAYS: Final = 3
"""Ways that a point tries first; most find a free one among them."""
MORE_WAYS: Final = 8
"""How many times as many it tries next."""
CHUNK: Final = 25_000
"""Points looked at together by one core, which bounds the memory of one round."""

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Objects = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class Attachments:
    """Where points enter the network; row ``i`` of every field is point ``i``."""

    ids: pd.Index  # (p,)
    edge: Ints  # (p,) edge entered; -1 = not attached
    offset_mm: Ints  # (p,) place on the edge, from edge_from
    entry_mm: Ints  # (p,) straight way from the point to the edge
    xy_m: npt.NDArray[np.float64]  # (p, 2) the points
    why_not: Objects  # (p,) "" or the reason why a point is not attached

    def __len__(self) -> int:
        return len(self.edge)

    def take(self, rows: npt.NDArray[np.int64]) -> Attachments:
        """Return the attachments of some rows."""
        return Attachments(
            ids=self.ids[rows],
            edge=self.edge[rows],
            offset_mm=self.offset_mm[rows],
            entry_mm=self.entry_mm[rows],
            xy_m=self.xy_m[rows],
            why_not=self.why_not[rows],
        )


def attach_points(
    network: WalkNetwork,
    points: gpd.GeoSeries,
    obstacles: Obstacles,
    *,
    max_entry_m: float,
    parameters: ParameterSet | None = None,
) -> Attachments:
    """Attach points to the network.

    Parameters
    ----------
    network : WalkNetwork
    points : GeoSeries of Point, shape (p,)
        In the network's CRS, indexed by id.
    obstacles : Obstacles
        The straight way from a point to its edge crosses none of them.
    max_entry_m : float
        Longest straight way, in metres.
    parameters : ParameterSet, optional
        Room ``walking``: ``main_within_m``; by default the national values.

    Returns
    -------
    Attachments, shape (p,)
        The nearest edge that may be entered and whose way is free; an edge of the main
        component if one lies at most ``main_within_m`` farther. Equal distances go to a
        two-way edge, then to the smaller one. A point that cannot enter has edge -1 and says why.

    Raises
    ------
    CRSError
        If the points are not in the network's CRS.
    LayerError
        If a geometry is not a point.

    Notes
    -----
    Only the nearest place of each edge is tried. The way is tested to a place 10 cm inside
    the edge, so the end of a street at a wall is entered from its own side.
    """
    require_metric_crs(points, name="points")
    if points.crs != network.crs:
        raise CRSError(
            f"`points` are in {points.crs.name}, the network in {network.crs.name}.",
            zh=f"points 的坐标系是 {points.crs.name},路网的是 {network.crs.name}。",
        )
    geometry = points.geometry.to_numpy()
    wrong = shapely.get_type_id(geometry) != 0
    if wrong.any():
        raise LayerError(
            f"`points` row {points.index[wrong][0]} is no point. "
            "Give the place where it is entered, e.g. `.representative_point()`.",
            zh=(
                f"points 第 {points.index[wrong][0]} 行不是点。请给出入口位置,如 "
                ".representative_point()。"
            ),
        )
    main_within_m = (parameters or read_parameters("walking"))["main_within_m"]
    held = unattached(points, f"no edge within {max_entry_m:g} m")
    enter_nearest(
        held,
        network,
        network.open_edges,
        obstacles,
        np.arange(len(points)),
        main_within_m=main_within_m,
        max_entry_m=max_entry_m,
    )
    return held


def unattached(points: gpd.GeoSeries, why: str) -> Attachments:
    """Points of which none is attached yet."""
    return Attachments(
        ids=points.index,
        edge=np.full(len(points), -1, dtype=np.int32),
        offset_mm=np.zeros(len(points), dtype=np.int32),
        entry_mm=np.zeros(len(points), dtype=np.int32),
        xy_m=shapely.get_coordinates(points.geometry.to_numpy()),
        why_not=np.full(len(points), why, dtype=object),
    )


def enter_nearest(
    held: Attachments,
    network: WalkNetwork,
    ways: Enterable,
    obstacles: Obstacles,
    rows: Longs,
    *,
    main_within_m: float,
    max_entry_m: float,
    owner: Longs | None = None,
) -> None:
    """Attach some rows of `held`, each to its nearest way by a free straight line.

    Parameters
    ----------
    held : Attachments
        Filled in place; rows that find no way keep their reason, or learn that a barrier stands
        before every way.
    network : WalkNetwork
    ways : Enterable
    obstacles : Obstacles
    rows : array of int
        Rows of `held` that look for a way.
    main_within_m, max_entry_m : float
        See :func:`attach_points`.
    owner : array of int, shape (p,)
        Who each row of `held` is: it enters only the ways of its owner.

    Notes
    -----
    The few nearest ways of all points are tried at once. Whoever finds no free one among them, or
    none of which it is sure that nothing better lies farther, tries more.
    """
    if not len(ways.edge):
        return
    is_main = network.node_component[network.edge_from[ways.edge]] == 0
    is_oneway = network.edge_time_ms[ways.edge].min(axis=1) < 0
    obstacles.ready()

    def enter(part: slice) -> None:
        waiting = rows[part]
        most = FIRST_WAYS
        while len(waiting):
            tried = _Tried.nearest(ways, held.xy_m, waiting, owner, max_entry_m, most)
            free = ~obstacles.blocks_ways(tried.ways_m)
            served = _choose(tried, free, is_main, is_oneway, main_within_m=main_within_m)
            _enter(held, network, ways, tried, served)
            left = waiting[held.edge[waiting] < 0]
            done = np.isinf(tried.seen_mm[np.searchsorted(waiting, left)])
            tested = np.isin(left, tried.point)
            held.why_not[left[done & tested]] = "every way crosses a barrier"
            waiting, most = left[~done], MORE_WAYS * most

    # Every point fills rows of its own: the parts do not meet.
    for _ in in_order(enter, slices(len(rows), CHUNK)):
        pass


@dataclass(frozen=True, slots=True, eq=False)
class _Tried:
    """Straight ways that were tried, one row each, and how far each waiting point has seen."""

    point: Longs  # (t,)
    found: Longs  # (t,) row of the way that may be entered
    along_m: Floats  # (t,) where it is entered, from its begin
    entry_mm: Longs  # (t,)
    ways_m: Floats  # (t, 4) from the point to just inside the edge
    turn: Longs  # (t,) place of the point among the waiting ones
    seen_mm: Floats  # (waiting,) every way nearer than this was tried; inf: all were

    @classmethod
    def nearest(
        cls,
        ways: Enterable,
        xy_m: Floats,
        waiting: Longs,
        owner: Longs | None,
        max_entry_m: float,
        most: int,
    ) -> _Tried:
        free = np.full(len(ways.edge), -1, dtype=np.int64)
        of_line, of_point = (free, free[:0]) if owner is None else (ways.owner, owner[waiting])
        if of_line is None:
            of_line = free
        if not len(of_point):
            of_point = np.zeros(len(waiting), dtype=np.int64)
        at = np.ascontiguousarray(xy_m[waiting])
        line, distance, along = nearest_lines(*ways.grid, of_line, at, of_point, max_entry_m, most)
        turn, rank = np.nonzero(line >= 0)
        found, along_m = line[turn, rank], along[turn, rank]
        inside = inside_edge_m(along_m, ways.length_m[found])
        tested = places_along(ways.xy_m, ways.start, found, inside)
        full = line[:, -1] >= 0
        return cls(
            point=waiting[turn],
            found=found,
            along_m=along_m,
            entry_mm=np.round(distance[turn, rank] * MM_PER_M).astype(np.int64),
            ways_m=np.hstack([at[turn], tested]),
            turn=turn,
            seen_mm=np.where(full, np.floor(distance[:, -1] * MM_PER_M) - 1, np.inf),
        )


def _choose(
    ways: _Tried,
    free: npt.NDArray[np.bool_],
    is_main: npt.NDArray[np.bool_],
    is_oneway: npt.NDArray[np.bool_],
    *,
    main_within_m: float,
) -> Longs:
    """Best free way of each point that can be decided by what was seen so far."""
    # At a junction, an edge walked both ways goes before the end of a one-way one.
    order = np.lexsort((ways.found, is_oneway[ways.found], ways.entry_mm, ways.point))
    order = order[free[order]]
    point = ways.point[order]
    main = is_main[ways.found[order]]
    nearest, first = np.unique(point, return_index=True)
    best = order[first]
    main_point, main_first = np.unique(point[main], return_index=True)
    with_main = np.searchsorted(nearest, main_point)
    in_main = order[main][main_first]
    extra_mm = ways.entry_mm[in_main] - ways.entry_mm[best[with_main]]
    prefer = extra_mm <= main_within_m * MM_PER_M
    best[with_main[prefer]] = in_main[prefer]
    # Off the main component, look on until no main edge can lie within the tolerance.
    seen_mm = ways.seen_mm[ways.turn[best]]
    beyond_mm = np.where(is_main[ways.found[best]], 0.0, main_within_m * MM_PER_M)
    return best[ways.entry_mm[best] + beyond_mm < seen_mm]


def _enter(
    held: Attachments,
    network: WalkNetwork,
    ways: Enterable,
    tried: _Tried,
    served: npt.NDArray[np.int64],
) -> None:
    """Write the chosen ways into the arrays being filled."""
    point = tried.point[served]
    edge = ways.edge[tried.found[served]]
    along_m = tried.along_m[served]
    if ways.is_part:
        found = tried.found[served]
        place = shapely.points(places_along(ways.xy_m, ways.start, found, along_m))
        along_m = shapely.line_locate_point(network.edge_lines(edge), place)
    offset = np.round(along_m * MM_PER_M)
    held.edge[point] = edge
    held.offset_mm[point] = np.minimum(offset, network.edge_length_mm[edge])
    held.entry_mm[point] = tried.entry_mm[served]
    held.why_not[point] = ""
