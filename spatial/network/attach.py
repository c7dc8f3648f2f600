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
from spatial.errors import CRSError, LayerError
from spatial.network.graph import WalkNetwork
from spatial.network.links import inside_edge_m
from spatial.network.obstacles import Obstacles
from spatial.standards.parameters import ParameterSet, read_parameters
from spatial.units import MM_PER_M

__all__ = ["Attachments", "attach_points"]

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
        raise CRSError(f"`points` are in {points.crs.name}, the network in {network.crs.name}.")
    geometry = points.geometry.to_numpy()
    wrong = shapely.get_type_id(geometry) != 0
    if wrong.any():
        raise LayerError(
            f"`points` row {points.index[wrong][0]} is no point. "
            "Give the place where it is entered, e.g. `.representative_point()`."
        )
    main_within_m = (parameters or read_parameters("walking"))["main_within_m"]
    held = Attachments(
        ids=points.index,
        edge=np.full(len(points), -1, dtype=np.int32),
        offset_mm=np.zeros(len(points), dtype=np.int32),
        entry_mm=np.zeros(len(points), dtype=np.int32),
        xy_m=shapely.get_coordinates(geometry),
        why_not=np.full(len(points), f"no edge within {max_entry_m:g} m", dtype=object),
    )
    rows = np.flatnonzero(network.edge_open)
    if not len(rows):
        return held
    tree = shapely.STRtree(network.edge_geometry[rows])
    is_main = network.node_component[network.edge_from[rows]] == 0
    is_oneway = network.edge_time_ms[rows].min(axis=1) < 0
    for begin in range(0, len(points), CHUNK):
        waiting = np.arange(begin, min(begin + CHUNK, len(points)))
        radius_m = min(FIRST_RADIUS_M, max_entry_m)
        while len(waiting):
            tried = _Ways.within(network, tree, rows, held.xy_m, waiting, radius_m)
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
            _enter(held, network, rows, tried, served)
            if radius_m >= max_entry_m:
                left = waiting[held.edge[waiting] < 0]
                seen = np.isin(left, tried.point)
                held.why_not[left[seen]] = "every way crosses a barrier"
                break
            waiting = waiting[held.edge[waiting] < 0]
            radius_m = min(2 * radius_m, max_entry_m)
    return held


@dataclass(frozen=True, slots=True, eq=False)
class _Ways:
    """Candidate ways, one row each."""

    point: npt.NDArray[np.int64]
    found: npt.NDArray[np.int64]  # row in the tree of open edges
    along_m: npt.NDArray[np.float64]
    entry_mm: npt.NDArray[np.int64]
    lines: Objects

    @classmethod
    def within(
        cls,
        network: WalkNetwork,
        tree: shapely.STRtree,
        rows: npt.NDArray[np.int64],
        xy_m: npt.NDArray[np.float64],
        waiting: npt.NDArray[np.int64],
        radius_m: float,
    ) -> _Ways:
        points = shapely.points(xy_m[waiting])
        asked, found = tree.query(points, predicate="dwithin", distance=radius_m)
        line = network.edge_geometry[rows[found]]
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
    ways: _Ways,
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
    rows: npt.NDArray[np.int64],
    ways: _Ways,
    served: npt.NDArray[np.int64],
) -> None:
    """Write the chosen ways into the arrays being filled."""
    point = ways.point[served]
    edge = rows[ways.found[served]]
    length_mm = network.edge_length_mm[edge]
    offset = np.round(ways.along_m[served] * MM_PER_M)
    held.edge[point] = edge
    held.offset_mm[point] = np.minimum(offset, length_mm)
    held.entry_mm[point] = ways.entry_mm[served]
    held.why_not[point] = ""
