"""Life circles: what can be reached on foot from the gates, and the land along it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.errors import LayerError
from spatial.network.attach import Attachments
from spatial.network.graph import WalkNetwork
from spatial.network.obstacles import Obstacles
from spatial.progress import Progress, silent
from spatial.reach.arcs import By, arcs_for, limit_key, place_points
from spatial.reach.fronts import EdgeFronts
from spatial.reach.groups import Groups, group_points
from spatial.reach.kernels import FAR, Placed, ball_nodes
from spatial.reach.parts import EdgeLines, cut_edges, reached_parts
from spatial.standards.parameters import read_parameters
from spatial.units import MM_PER_M

__all__ = ["life_circles"]

BATCH: Final = 64
"""Groups drawn together, which bounds the memory for their parts."""
JOIN_GRID_M: Final = 1e-4

Longs = npt.NDArray[np.int64]
Objects = npt.NDArray[np.object_]


def life_circles(
    network: WalkNetwork,
    gates: Attachments,
    gate_neighbourhood: pd.Series,
    limits: Mapping[str, float],
    obstacles: Obstacles,
    *,
    by: By = "distance",
    street_front_m: float,
    passage_half_width_m: float | None = None,
    progress: Progress = silent,
) -> gpd.GeoDataFrame:
    """Draw the life circles of every neighbourhood.

    Parameters
    ----------
    network : WalkNetwork
    gates : Attachments, shape (g,)
    gate_neighbourhood : Series of str, shape (g,)
        Neighbourhood of each gate, indexed by the gates' ids.
    limits : mapping of layer to float
        Farthest walk in metres, or in seconds when `by` is time; inclusive.
    obstacles : Obstacles
        The circle does not reach behind them off the streets.
    by : {"distance", "time"}
    street_front_m : float
        Depth to each side of a reached street that is drawn.
    passage_half_width_m : float, optional
        Half width of bridges and passages; by default the national parameter.
    progress : Progress

    Returns
    -------
    GeoDataFrame
        ``results.life_circles``, id ``neighbourhood/layer``, one row per neighbourhood with an
        attached gate and per layer that its gates reach at all; `facilities` and `persons`
        are missing, for the caller to fill. The circles of one neighbourhood are nested.

    Raises
    ------
    LayerError
        If no limit is given.

    Notes
    -----
    A walk starts at all gates of the neighbourhood with the entry counted. An edge is reached
    in part up to the exact limit. The polygon is the union of the fronts of the reached parts:
    a drawing. Whether a facility is reached is answered by the network, never by the polygon.
    """
    if not limits:
        raise LayerError(
            "No limit was given; pass e.g. {'c5': 300.0, 'c10': 500.0}.",
            zh="没有给出限值;请传入如 {'c5': 300.0, 'c10': 500.0}。",
        )
    if passage_half_width_m is None:
        passage_half_width_m = float(read_parameters("walking")["passage_half_width_m"])
    layers = sorted(limits, key=lambda layer: (limits[layer], layer))
    groups = group_points(gates, gate_neighbourhood, name="gate_neighbourhood")
    fronts = EdgeFronts(
        network, obstacles, street_front_m=street_front_m, passage_half_width_m=passage_half_width_m
    )
    lines = EdgeLines.of(network)
    reached = _each_reached(network, gates, groups, [limits[layer] for layer in layers], by=by)
    rows: list[tuple[int, int, float]] = []
    shapes: list[shapely.Geometry] = []
    group = 0
    with ThreadPoolExecutor(os.cpu_count()) as threads:  # joining polygons leaves the GIL
        while batch := list(islice(reached, BATCH)):
            for drawn in threads.map(lambda parts: _draw(parts, lines, network, fronts), batch):
                usable = [number for number, shape in enumerate(drawn) if not shape.is_empty]
                rows += [
                    (group, number, batch[group % BATCH][number].length_m) for number in usable
                ]
                shapes += [drawn[number] for number in usable]
                group += 1
            progress("circles", group / len(groups.names))
    return _frame(rows, shapes, groups, layers, limits, by=by, network=network)


def _draw(
    circles: list[_Reached], lines: EdgeLines, network: WalkNetwork, fronts: EdgeFronts
) -> list[shapely.Geometry]:
    """Draw the circles of one group, each on top of the smaller one."""
    drawn = [shapely.Polygon()]
    known = np.empty((0, 3), dtype=np.int64)
    for part in circles:
        land = _new_land(part, part.is_new(known), lines, network, fronts)
        known = part.table
        drawn.append(_polygons_only(_joined([drawn[-1], *land])))
    return drawn[1:]


def _joined(areas: list[shapely.Geometry]) -> shapely.Geometry:
    """Join areas; where rounding defeats the usual way, on a grid far finer than any map."""
    try:
        return shapely.union_all(areas)
    except shapely.errors.GEOSException:  # "TopologyException", in rare bundles of slivers
        return shapely.union_all(areas, grid_size=JOIN_GRID_M)


@dataclass(frozen=True, slots=True, eq=False)
class _Reached:
    """Reached parts of edges for one limit, and the entries walked to get there."""

    edge: Longs
    begin_mm: Longs
    end_mm: Longs
    entries: Objects  # LineStrings from gates to their edges

    @property
    def table(self) -> Longs:
        return np.stack([self.edge, self.begin_mm, self.end_mm], axis=1)

    @property
    def length_m(self) -> float:
        return float((self.end_mm - self.begin_mm).sum() / MM_PER_M)

    def is_whole(self, lines: EdgeLines) -> npt.NDArray[np.bool_]:
        return (self.begin_mm == 0) & (self.end_mm == lines.length_mm[self.edge])

    def is_new(self, known: Longs) -> npt.NDArray[np.bool_]:
        """Whether each part is more than what a smaller circle has drawn (its table)."""
        if not len(known):
            return np.ones(len(self.edge), dtype=bool)
        both = np.concatenate([known, self.table])
        order = np.lexsort(both.T)
        same = np.zeros(len(both), dtype=bool)
        same[order[1:]] = (both[order[1:]] == both[order[:-1]]).all(axis=1)
        return ~same[len(known) :]  # the sort is stable, so the known one comes first


def _each_reached(
    network: WalkNetwork, gates: Attachments, groups: Groups, limits: list[float], *, by: By
) -> Iterator[list[_Reached]]:
    """Reached parts of each group, one entry per limit (ascending)."""
    arcs = arcs_for(network, by=by)
    placed = groups.take(place_points(network, gates, by=by))
    entries = _entry_lines(network, gates, groups.rows)
    label = np.full(network.node_count, FAR, dtype=np.int64)
    via = np.empty(network.node_count, dtype=np.int32)
    touched = np.empty(network.node_count, dtype=np.int32)
    from_tail = np.full(network.edge_count, -1, dtype=np.int64)
    from_head = np.full(network.edge_count, -1, dtype=np.int64)
    keys = [limit_key(limit) for limit in limits]
    for number in range(len(groups.names)):
        low, high = groups.start[number], groups.start[number + 1]
        seeds = Placed(*(values[low:high] for values in placed))
        count = ball_nodes(arcs, seeds, keys[-1], label, via, touched)
        circles = []
        for key in keys:
            edge, begin, end = reached_parts(
                arcs, seeds, label, touched[:count], key >> 32, from_tail, from_head
            )
            usable = entries[low:high][seeds.entry_key <= key]
            circles.append(_Reached(edge, begin, end, usable))
        label[touched[:count]] = FAR
        yield circles


def _entry_lines(network: WalkNetwork, gates: Attachments, rows: Longs) -> Objects:
    """Straight ways from gates to their places on the network."""
    edge = gates.edge[rows]
    along = gates.offset_mm[rows] / MM_PER_M
    place = shapely.line_interpolate_point(network.edge_geometry[edge], along)
    ends = np.stack([gates.xy_m[rows], shapely.get_coordinates(place)], axis=1)
    return shapely.linestrings(ends) if len(rows) else np.empty(0, dtype=object)


def _new_land(
    part: _Reached,
    new: npt.NDArray[np.bool_],
    lines: EdgeLines,
    network: WalkNetwork,
    fronts: EdgeFronts,
) -> list[shapely.Geometry]:
    whole = part.is_whole(lines)
    order = np.argsort(part.edge[whole])
    kept = fronts.covering(part.edge[whole][order], new[whole][order])
    partial_rows = new & ~whole
    edge = part.edge[partial_rows]
    cut = cut_edges(lines, edge, part.begin_mm[partial_rows], part.end_mm[partial_rows])
    walked = part.entries[shapely.length(part.entries) > 0]
    narrow = np.concatenate([network.edge_open[edge], np.zeros(len(walked), dtype=bool)])
    partial = fronts.of_lines(np.concatenate([cut, walked]), narrow)
    return [*kept, *partial]


def _polygons_only(shape: shapely.Geometry) -> shapely.Geometry:
    """Drop points and lines that a union may leave."""
    if shape.geom_type in {"Polygon", "MultiPolygon"}:
        return shape
    parts = shapely.get_parts(shape)
    return shapely.union_all(parts[shapely.get_dimensions(parts) == 2])


def _frame(
    rows: list[tuple[int, int, float]],
    shapes: list[shapely.Geometry],
    groups: Groups,
    layers: list[str],
    limits: Mapping[str, float],
    *,
    by: By,
    network: WalkNetwork,
) -> gpd.GeoDataFrame:
    names = [str(groups.names[group]) for group, _, _ in rows]
    layer = [layers[number] for _, number, _ in rows]
    limit = pd.array([float(limits[name]) for name in layer], dtype="Float64")
    nothing = pd.array([pd.NA] * len(rows), dtype="Float64")
    geometry = gpd.GeoSeries(shapes, crs=network.crs)
    frame = gpd.GeoDataFrame(
        {
            "neighbourhood_id": pd.array(names, dtype="string"),
            "layer": pd.array(layer, dtype="string"),
            "limit_m": limit if by == "distance" else nothing,
            "limit_s": limit if by == "time" else nothing,
            "reached_m": pd.array([length for _, _, length in rows], dtype="Float64"),
            "area_m2": pd.array(shapely.area(geometry.to_numpy()), dtype="Float64"),
            "facilities": pd.array([pd.NA] * len(rows), dtype="Int64"),
            "persons": nothing,
        },
        geometry=geometry,
        crs=network.crs,
    )
    ids = [f"{name}/{level}" for name, level in zip(names, layer, strict=True)]
    return frame.set_index(pd.Index(ids, dtype="str", name="id"))
