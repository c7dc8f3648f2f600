"""Life circles: what can be reached on foot from the gates, and the land along it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.cores import in_order
from spatial.errors import LayerError
from spatial.network.attach import Attachments
from spatial.network.graph import WalkNetwork
from spatial.network.obstacles import Obstacles
from spatial.progress import Progress, silent
from spatial.reach.arcs import By, arcs_for, limit_key, place_points
from spatial.reach.contour import Drawing
from spatial.reach.fronts import StreetFronts
from spatial.reach.groups import Groups, group_points
from spatial.reach.kernels import Arcs, Placed
from spatial.reach.raster_circles import draw_groups
from spatial.reach.raster_field import Grid
from spatial.standards.parameters import ParameterSet, read_parameters
from spatial.units import MM_PER_M, MS_PER_S

__all__ = ["circle_fronts", "life_circles"]

BATCH: Final = 128
"""Groups drawn by one thread at a time."""

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Objects = npt.NDArray[np.object_]


def circle_fronts(
    network: WalkNetwork,
    obstacles: Obstacles,
    *,
    street_front_m: float | None = None,
    parameters: ParameterSet | None = None,
    entrances: Sequence[Attachments] = (),
) -> StreetFronts:
    """Find the land along the streets once, for many calls of :func:`life_circles`.

    Parameters
    ----------
    network : WalkNetwork
    obstacles : Obstacles
        A circle does not reach behind them off the streets.
    street_front_m : float, optional
        Depth to each side of a reached street that is drawn.
    parameters : ParameterSet, optional
        Room ``walking``; by default the national values.
    entrances : sequence of Attachments
        E.g. of buildings and of facilities. One that lies deeper than the front is joined to its
        street by a narrow strip along its straight way, and so drawn inside where it is reached.
    """
    walking = parameters or read_parameters("walking")
    return StreetFronts.of(
        network,
        obstacles,
        street_front_m=walking["street_front_m"] if street_front_m is None else street_front_m,
        passage_half_width_m=walking["passage_half_width_m"],
        cell_m=walking["circle_cell_m"],
        entrances=entrances,
    )


def life_circles(  # noqa: PLR0913
    network: WalkNetwork,
    gates: Attachments,
    gate_neighbourhood: pd.Series,
    limits: Mapping[str, float],
    obstacles: Obstacles,
    *,
    by: By = "distance",
    street_front_m: float | None = None,
    parameters: ParameterSet | None = None,
    fronts: StreetFronts | None = None,
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
    street_front_m : float, optional
        Depth to each side of a reached street that is drawn; by default that of `parameters`.
    parameters : ParameterSet, optional
        Room ``walking``: how circles are drawn; by default the national values.
    fronts : StreetFronts, optional
        Of :func:`circle_fronts` on the same network, where circles are drawn more than once.
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
        If no limit is given, or the fronts are those of another network.

    Notes
    -----
    A walk starts at all gates of the neighbourhood with the entry counted. A place belongs to
    the circle if it lies within `street_front_m` of its own street (the nearest one that a
    straight way reaches without crossing an obstacle) and the walk to there plus the straight
    way is within the limit: the rule by which points are attached to streets. The places are
    those of a grid, the outline between them is where the limit, the depth, the obstacle or the
    land of another street is met. It is a drawing: whether a facility is reached is answered by
    the network, never by the polygon. See ``docs/methods/life-circles.md``.
    """
    if not limits:
        raise LayerError(
            "No limit was given; pass e.g. {'c5': 300.0, 'c10': 500.0}.",
            zh="没有给出限值;请传入如 {'c5': 300.0, 'c10': 500.0}。",
        )
    walking = parameters or read_parameters("walking")
    layers = sorted(limits, key=lambda layer: (limits[layer], layer))
    groups = group_points(gates, gate_neighbourhood, name="gate_neighbourhood")
    if fronts is None:
        fronts = circle_fronts(
            network, obstacles, street_front_m=street_front_m, parameters=walking
        )
    if len(fronts.stamps.start) != network.edge_count + 1:
        raise LayerError(
            "`fronts` are those of another network; make them with circle_fronts.",
            zh="fronts 属于另一个路网;请用 circle_fronts 生成。",
        )
    job = _Job.of(network, gates, groups, fronts, walking, by=by)
    costs = np.array([limit_key(limits[layer]) >> 32 for layer in layers], dtype=np.int64)
    drawn: list[_Drawn] = []
    for part in job.run(costs):
        drawn.append(part)
        progress("circles", min(len(drawn) * BATCH / len(groups.names), 1.0))
    return _frame(drawn, groups, layers, limits, by=by, network=network)


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """Circles of some groups: row i is layer ``layer[i]`` of group ``group[i]``."""

    group: Longs
    layer: Longs
    reached_mm: Longs
    shape: Objects


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """Everything that a thread needs to draw some groups."""

    arcs: Arcs
    fronts: StreetFronts
    grid: Grid
    drawing: Drawing
    start: Longs
    seeds: Placed
    seed_xy: Floats
    place_xy: Floats

    @classmethod
    def of(
        cls,
        network: WalkNetwork,
        gates: Attachments,
        groups: Groups,
        fronts: StreetFronts,
        walking: ParameterSet,
        *,
        by: By,
    ) -> _Job:
        edge = gates.edge[groups.rows]
        along_m = gates.offset_mm[groups.rows] / MM_PER_M
        place = shapely.line_interpolate_point(network.edge_lines(edge), along_m)
        per_m = float(MM_PER_M) if by == "distance" else MS_PER_S / network.speed_m_per_s
        return cls(
            arcs=arcs_for(network, by=by),
            fronts=fronts,
            grid=Grid(
                *fronts.origin_m,
                fronts.cell_m,
                min(float(walking["circle_kerb_m"]), fronts.depth_m),
                fronts.passage_m,
                per_m,
            ),
            drawing=Drawing(
                float(walking["circle_speck_m2"]),
                float(walking["circle_yard_m2"]),
                float(walking["circle_smooth_m"]),
                float(walking["circle_smooth_wall_m"]),
            ),
            start=groups.start,
            seeds=groups.take(place_points(network, gates, by=by)),
            seed_xy=gates.xy_m[groups.rows],
            place_xy=shapely.get_coordinates(place).reshape(-1, 2),
        )

    def run(self, costs: Longs) -> Iterator[_Drawn]:
        """Draw all groups, in order."""
        firsts = list(range(0, len(self.start) - 1, BATCH))
        yield from in_order(lambda first: self._draw(first, costs), firsts)

    def _draw(self, first: int, costs: Longs) -> _Drawn:
        start = self.start[first : first + BATCH + 1]
        here = slice(int(start[0]), int(start[-1]))
        xy, rings, reached = draw_groups(
            self.arcs,
            self.fronts.stamps,
            self.grid,
            self.drawing,
            start - start[0],
            Placed(*(values[here] for values in self.seeds)),
            self.seed_xy[here],
            self.place_xy[here],
            costs,
        )
        group, layer, shape = _polygons(xy, rings)
        return _Drawn(group + first, layer, reached[group, layer], shape)


def _polygons(xy: Floats, rings: Longs) -> tuple[Longs, Longs, Objects]:
    """Put rings together: group and layer of each circle, and its Polygon or MultiPolygon."""
    if not len(rings):
        return rings[:, 0], rings[:, 1], np.empty(0, dtype=object)
    group, layer, part, is_hole, end = rings.T
    lines = shapely.linearrings(xy, indices=np.repeat(np.arange(len(end)), np.diff(end, prepend=0)))
    order = np.lexsort((is_hole, part, layer, group))  # the outer ring of a part comes first
    key = rings[order][:, :3]
    opens = np.ones(len(key), dtype=bool)
    opens[1:] = (key[1:] != key[:-1]).any(axis=1)
    pieces = shapely.polygons(lines[order], indices=np.cumsum(opens) - 1)
    key = key[opens][:, :2]
    opens = np.ones(len(key), dtype=bool)
    opens[1:] = (key[1:] != key[:-1]).any(axis=1)
    circle = np.cumsum(opens) - 1
    shapes = shapely.multipolygons(pieces, indices=circle)
    single = np.bincount(circle) == 1
    shapes[single] = pieces[opens][single]
    return key[opens, 0], key[opens, 1], shapes


def _frame(
    drawn: list[_Drawn],
    groups: Groups,
    layers: list[str],
    limits: Mapping[str, float],
    *,
    by: By,
    network: WalkNetwork,
) -> gpd.GeoDataFrame:
    whole = np.empty(0, dtype=np.int64)
    group = np.concatenate([whole, *(part.group for part in drawn)])
    number = np.concatenate([whole, *(part.layer for part in drawn)])
    reached_mm = np.concatenate([whole, *(part.reached_mm for part in drawn)])
    shapes = np.concatenate([np.empty(0, dtype=object), *(part.shape for part in drawn)])
    names = groups.names[group].astype(str) if len(group) else []
    layer = np.array(layers)[number]
    limit = pd.array(np.array([float(limits[name]) for name in layers])[number], dtype="Float64")
    nothing = pd.array([pd.NA] * len(group), dtype="Float64")
    frame = gpd.GeoDataFrame(
        {
            "neighbourhood_id": pd.array(list(names), dtype="string"),
            "layer": pd.array(list(layer), dtype="string"),
            "limit_m": limit if by == "distance" else nothing,
            "limit_s": limit if by == "time" else nothing,
            "reached_m": pd.array(reached_mm / MM_PER_M, dtype="Float64"),
            "area_m2": pd.array(shapely.area(shapes), dtype="Float64"),
            "facilities": pd.array([pd.NA] * len(group), dtype="Int64"),
            "persons": nothing,
        },
        geometry=gpd.GeoSeries(shapes, crs=network.crs),
        crs=network.crs,
    )
    ids = [f"{name}/{level}" for name, level in zip(names, layer, strict=True)]
    return frame.set_index(pd.Index(ids, dtype="str", name="id"))
