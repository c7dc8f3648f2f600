"""What nobody on foot crosses off the streets: walls between their gates, water, railways."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from spatial.checks import require_columns, require_same_crs
from spatial.city.model import City
from spatial.network.near import Cells, Segments, cells_of, segments_of, touched
from spatial.standards.parameters import ParameterSet

__all__ = ["Obstacles", "all_gates", "blocking_walls", "passable"]

TOUCH_M: Final = 0.01
"""A way may begin or end on an obstacle: this much of each end is not tested."""

Objects = npt.NDArray[np.object_]


def all_gates(
    city: City, gates: gpd.GeoDataFrame | None, parameters: ParameterSet
) -> gpd.GeoDataFrame:
    """Gates that act on walls: those given, and every mapped gate that was not given.

    Parameters
    ----------
    city : City
    gates : GeoDataFrame or None
        E.g. ``Neighbourhoods.gates`` with ``access`` and ``source``; gates that were only
        inferred (``crossing``, ``nearest``) open no wall and are left out.
    parameters : ParameterSet
        Room ``walking``: an entrance (``wall_entrances``) acts only if it lies on a wall; most
        entrances lead into buildings that merely stand beside one.

    Returns
    -------
    GeoDataFrame
        Columns ``kind``, ``access`` and the geometry.
    """
    acting = _given_and_mapped(city.layer("gates")[["kind", "access", "geometry"]], gates)
    entrance = np.flatnonzero(acting["kind"].isin(parameters["wall_entrances"]))
    if not len(entrance):
        return acting
    walls = blocking_walls(city, parameters)[0]
    on_wall = shapely.STRtree(walls).query(
        acting.geometry.to_numpy()[entrance],
        predicate="dwithin",
        distance=parameters["gate_on_street_m"],
    )[0]
    beside = np.setdiff1d(entrance, entrance[on_wall])
    return acting.iloc[np.setdiff1d(np.arange(len(acting)), beside)]


def _given_and_mapped(mapped: gpd.GeoDataFrame, gates: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    if gates is None or not len(gates):
        return mapped
    require_columns(gates, ["access"], name="gates")
    require_same_crs(gates, mapped, names=("gates", "city.gates"))
    if "source" in gates:
        gates = gates[(gates["source"] == "mapped").to_numpy(dtype=bool, na_value=False)]
    if not len(gates):
        return mapped
    if not len(mapped):
        kind = pd.Series("gate", index=gates.index, dtype="string")
        return gates.assign(kind=gates.get("kind", kind))[list(mapped.columns)]
    near, distance_m = shapely.STRtree(mapped.geometry.to_numpy()).query_nearest(
        gates.geometry.to_numpy(), return_distance=True, all_matches=False
    )
    same = np.flatnonzero(distance_m <= TOUCH_M)
    known = mapped.copy()
    known.iloc[near[1][same], 1] = gates["access"].to_numpy()[near[0][same]]
    new = gates.iloc[np.setdiff1d(np.arange(len(gates)), near[0][same])]
    if not len(new):
        return known
    kind = pd.Series("gate", index=new.index, dtype="string")
    new = new.assign(kind=new.get("kind", kind))[list(mapped.columns)]
    return gpd.GeoDataFrame(pd.concat([known, new]), geometry="geometry", crs=mapped.crs)


def passable(
    gates: gpd.GeoDataFrame, parameters: ParameterSet, *, blocked_kinds: list[str]
) -> npt.NDArray[np.bool_]:
    """Whether each gate lets a walker through, shape (g,).

    Only ``closed`` closes a gate: a ``residents`` gate passes for residents, and an unknown
    one is taken as open. A bollard passes always.
    """
    # Arrow hands out its own memory, which nobody may write to
    closed = (gates["access"] == "closed").to_numpy(dtype=bool, na_value=False).copy()
    closed |= gates["kind"].isin(blocked_kinds).to_numpy(dtype=bool, na_value=False)
    free = gates["kind"].isin(parameters["passing_gates"]).to_numpy(dtype=bool, na_value=False)
    return ~closed | free


def blocking_walls(city: City, parameters: ParameterSet) -> tuple[Objects, npt.NDArray[np.int64]]:
    """Walls and fences as LineStrings, and the layer of each."""
    barriers = city.layer("barriers")
    blocks = barriers["kind"].isin(parameters["blocking_barriers"]).to_numpy(dtype=bool)
    lines = barriers.geometry.to_numpy()[blocks]
    layer = barriers["layer"].fillna(0).to_numpy(dtype=np.int64)[blocks]
    parts, row = shapely.get_parts(lines, return_index=True)
    return parts, layer[row]


@dataclass(frozen=True, eq=False)
class Obstacles:
    """Lines at ground level that a straight way may not cross.

    A wall has an opening at each gate that may be passed; streets are not looked at, for a
    way that follows streets is the network's business.
    """

    crs: pyproj.CRS
    pieces: Objects  # (k,) two-point LineStrings: small boxes make the search fast
    kind: Objects  # (k,) wall, water or railway

    @classmethod
    def from_city(
        cls, city: City, gates: gpd.GeoDataFrame | None, parameters: ParameterSet
    ) -> Obstacles:
        """Gather the obstacles of a city.

        Parameters
        ----------
        city : City
        gates : GeoDataFrame or None
            Gates that open walls, e.g. ``Neighbourhoods.gates``; mapped gates always count.
        parameters : ParameterSet
            Room ``walking``.
        """
        acting = all_gates(city, gates, parameters)
        walls, layer = blocking_walls(city, parameters)
        walls = _segments(walls[layer == 0])
        openings = acting.geometry.to_numpy()[passable(acting, parameters, blocked_kinds=[])]
        groups = {
            "wall": _without_openings(walls, openings, parameters["gate_opening_m"] / 2),
            "water": _segments(_water(city, parameters)),
            "railway": _segments(_railways(city, parameters)),
        }
        return cls(
            crs=city.crs,
            pieces=np.concatenate([*groups.values()]),
            kind=np.repeat(np.array([*groups], dtype=object), [len(g) for g in groups.values()]),
        )

    @cached_property
    def tree(self) -> shapely.STRtree:
        """Search tree of the pieces."""
        return shapely.STRtree(self.pieces)

    @cached_property
    def grid(self) -> tuple[Segments, Cells]:
        """The straight pieces by grid cell."""
        xy, row = shapely.get_coordinates(self.pieces, return_index=True)
        start = np.searchsorted(row, np.arange(len(self.pieces) + 1)).astype(np.int64)
        segments = segments_of(xy, start)
        return segments, cells_of(segments.xy)

    def ready(self) -> None:
        """Make the search trees, which are built when first asked, before threads share them."""
        if len(self.pieces):
            self.tree.query(shapely.Point(0, 0))
            _ = self.grid

    def blocks_ways(self, ways_m: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Whether each straight way (n, 4: from x, y to x, y) crosses an obstacle, shape (n,).

        The same answer as :meth:`blocks`, for many ways of which most meet nothing.
        """
        blocked = np.zeros(len(ways_m), dtype=bool)
        if not len(self.pieces) or not len(ways_m):
            return blocked
        segments, cells = self.grid
        near = np.flatnonzero(touched(segments.xy, cells, np.ascontiguousarray(ways_m)))
        if len(near):
            blocked[near] = self.blocks(shapely.linestrings(ways_m[near].reshape(-1, 2, 2)))
        return blocked

    @property
    def lines(self) -> gpd.GeoSeries:
        """The obstacles as lines, one row per piece, indexed by their kind."""
        return gpd.GeoSeries(self.pieces, index=pd.Index(self.kind, name="kind"), crs=self.crs)

    def blocks(self, lines: gpd.GeoSeries | Objects) -> npt.NDArray[np.bool_]:
        """Whether each way crosses an obstacle, shape (n,).

        A way may begin or end on an obstacle (a gate lies on its wall); a way shorter than
        two centimetres crosses nothing.

        Examples
        --------
        >>> from shapely import LineString
        >>> wall = np.array([LineString([(0, 0), (10, 0)])])
        >>> held = Obstacles(pyproj.CRS(4547), wall, np.array(["wall"], dtype=object))
        >>> over, up_to = LineString([(5, -1), (5, 1)]), LineString([(5, -1), (5, 0)])
        >>> held.blocks(np.array([over, up_to])).tolist()
        [True, False]
        """
        ways = np.asarray(lines, dtype=object)
        blocked = np.zeros(len(ways), dtype=bool)
        if not len(self.pieces) or not len(ways):
            return blocked
        long = np.flatnonzero(shapely.length(ways) > 2 * TOUCH_M)
        if len(long):
            hit = self.tree.query(_shortened(ways[long]), predicate="intersects")[0]
            blocked[long[hit]] = True
        return blocked


def _water(city: City, parameters: ParameterSet) -> Objects:
    water = city.layer("water")
    water = water[(water["layer"].fillna(0) >= 0).to_numpy(dtype=bool)]
    shape = water.geometry.to_numpy()
    dimension = shapely.get_dimensions(shape)
    width = water["width_m"]
    wide = (width >= parameters["obstacle_water_width_m"]).to_numpy(dtype=bool, na_value=False)
    usual = water["kind"].isin(parameters["obstacle_water_lines"]).to_numpy(dtype=bool)
    drawn = (dimension == 1) & (wide | (width.isna().to_numpy() & usual))
    return np.concatenate([shapely.boundary(shape[dimension == 2]), shape[drawn]])


def _railways(city: City, parameters: ParameterSet) -> Objects:
    rails = city.layer("railways")
    ground = (rails["structure"].fillna("ground") == "ground") & (rails["layer"].fillna(0) == 0)
    kept = ground & rails["kind"].isin(parameters["obstacle_railways"])
    return rails.geometry.to_numpy()[kept.to_numpy(dtype=bool)]


def _segments(lines: Objects) -> Objects:
    """Cut lines at every vertex."""
    parts = shapely.get_parts(lines)
    xy, row = shapely.get_coordinates(parts, return_index=True)
    inner = np.flatnonzero(row[1:] == row[:-1])
    if not len(inner):
        return np.empty(0, dtype=object)
    return shapely.linestrings(np.stack([xy[inner], xy[inner + 1]], axis=1))


def _without_openings(walls: Objects, gates: Objects, half_width_m: float) -> Objects:
    if not len(walls) or not len(gates):
        return walls
    hit, gate = shapely.STRtree(gates).query(walls, predicate="dwithin", distance=half_width_m)
    if not len(hit):
        return walls
    rows, first = np.unique(hit, return_index=True)
    holes = [
        shapely.union_all(g) for g in np.split(shapely.buffer(gates[gate], half_width_m), first[1:])
    ]
    cut = _segments(shapely.difference(walls[rows], np.array(holes, dtype=object)))
    return np.concatenate([np.delete(walls, rows), cut])


def _shortened(ways: Objects) -> Objects:
    """Take :data:`TOUCH_M` off both ends (of the first and the last segment)."""
    xy, row = shapely.get_coordinates(ways, return_index=True)
    start = np.searchsorted(row, np.arange(len(ways)))
    end = np.append(start[1:], len(row)) - 1
    short = xy.copy()
    for tip, inner in ((start, start + 1), (end, end - 1)):
        step = xy[inner] - xy[tip]
        length = np.maximum(np.hypot(step[:, 0], step[:, 1]), TOUCH_M)
        short[tip] += step * (TOUCH_M / length)[:, None]
    return shapely.linestrings(short, indices=row)
