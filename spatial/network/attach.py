"""Points enter the network on an edge, at their true position, by a way that crosses nothing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.checks import require_metric_crs
from spatial.errors import CRSError, LayerError
from spatial.network.graph import WalkNetwork
from spatial.network.links import inside_edge_m
from spatial.network.obstacles import Obstacles
from spatial.standards.parameters import ParameterSet, read_parameters
from spatial.units import MM_PER_M

__all__ = ["Attachments", "Enterable", "attach_points", "enter_nearest", "unattached"]

FIRST_RADIUS_M: Final = 25.0
"""Search radius of the first round; it doubles until every point is served or the limit is met."""
CHUNK: Final = 20_000
"""Points looked at together, which bounds the memory of one round."""

Ints = npt.NDArray[np.int32]
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
    ways = Enterable.edges(network)
    enter_nearest(
        held,
        network,
        ways,
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


@dataclass(frozen=True, eq=False)
class Enterable:
    """Edges, or parts of edges, that points may enter; row ``i`` of every field is one of them."""

    line: Objects  # (w,) LineString
    edge: npt.NDArray[np.int64]  # (w,) edge of which it is a part
    owner: npt.NDArray[np.int64] | None = None  # (w,) who alone may enter it; None: everybody all
    is_part: bool = False  # whether some are only parts of their edges

    @classmethod
    def edges(cls, network: WalkNetwork) -> Enterable:
        """Every edge that may be entered, whole, by everybody."""
        rows = np.flatnonzero(network.edge_open)
        return cls(network.edge_lines(rows), rows)

    @cached_property
    def tree(self) -> shapely.STRtree:
        """Search tree of the lines."""
        return shapely.STRtree(self.line)


def enter_nearest(
    held: Attachments,
    network: WalkNetwork,
    ways: Enterable,
    obstacles: Obstacles,
    rows: npt.NDArray[np.int64],
    *,
    main_within_m: float,
    max_entry_m: float,
    owner: npt.NDArray[np.int64] | None = None,
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
    """
    if not len(ways.edge):
        return
    is_main = network.node_component[network.edge_from[ways.edge]] == 0
    is_oneway = network.edge_time_ms[ways.edge].min(axis=1) < 0
    for begin in range(0, len(rows), CHUNK):
        waiting = rows[begin : begin + CHUNK]
        radius_m = min(FIRST_RADIUS_M, max_entry_m)
        while len(waiting):
            tried = _Tried.within(ways, held.xy_m, waiting, radius_m, owner=owner)
            free = ~obstacles.blocks(tried.lines)
            served = _choose(
                tried,
                free,
                is_main,
                is_oneway,
                main_within_m=main_within_m,
                radius_m=radius_m,
                max_entry_m=max_entry_m,
            )
            _enter(held, network, ways, tried, served)
            if radius_m >= max_entry_m:
                left = waiting[held.edge[waiting] < 0]
                seen = np.isin(left, tried.point)
                held.why_not[left[seen]] = "every way crosses a barrier"
                break
            waiting = waiting[held.edge[waiting] < 0]
            radius_m = min(2 * radius_m, max_entry_m)


@dataclass(frozen=True, slots=True, eq=False)
class _Tried:
    """Straight ways that were tried, one row each."""

    point: npt.NDArray[np.int64]
    found: npt.NDArray[np.int64]  # row of the way that may be entered
    along_m: npt.NDArray[np.float64]  # where it is entered, from its begin
    entry_mm: npt.NDArray[np.int64]
    lines: Objects

    @classmethod
    def within(
        cls,
        ways: Enterable,
        xy_m: npt.NDArray[np.float64],
        waiting: npt.NDArray[np.int64],
        radius_m: float,
        *,
        owner: npt.NDArray[np.int64] | None,
    ) -> _Tried:
        points = shapely.points(xy_m[waiting])
        asked, found = ways.tree.query(points, predicate="dwithin", distance=radius_m)
        if owner is not None and ways.owner is not None:
            own = ways.owner[found] == owner[waiting[asked]]
            asked, found = asked[own], found[own]
        line = ways.line[found]
        along = shapely.line_locate_point(line, points[asked])
        inside = inside_edge_m(along, shapely.length(line))
        tested = shapely.get_coordinates(shapely.line_interpolate_point(line, inside))
        entry_m = shapely.distance(line, points[asked])
        way = np.stack([xy_m[waiting[asked]], tested], axis=1)
        return cls(
            point=waiting[asked],
            found=found,
            along_m=along,
            entry_mm=np.round(entry_m * MM_PER_M).astype(np.int64),
            lines=shapely.linestrings(way) if len(way) else np.empty(0, dtype=object),
        )


def _choose(
    ways: _Tried,
    free: npt.NDArray[np.bool_],
    is_main: npt.NDArray[np.bool_],
    is_oneway: npt.NDArray[np.bool_],
    *,
    main_within_m: float,
    radius_m: float,
    max_entry_m: float,
) -> npt.NDArray[np.int64]:
    """Best free way of each point that can be decided within the radius searched so far."""
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
    settled = is_main[ways.found[best]] | (radius_m >= max_entry_m)
    far = ways.entry_mm[order[first]] + main_within_m * MM_PER_M <= radius_m * MM_PER_M
    return best[settled | far]


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
        line = ways.line[tried.found[served]]
        place = shapely.line_interpolate_point(line, along_m)
        along_m = shapely.line_locate_point(network.edge_lines(edge), place)
    offset = np.round(along_m * MM_PER_M)
    held.edge[point] = edge
    held.offset_mm[point] = np.minimum(offset, network.edge_length_mm[edge])
    held.entry_mm[point] = tried.entry_mm[served]
    held.why_not[point] = ""
