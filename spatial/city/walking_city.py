"""The quick way from an ``.osm.pbf`` file to what a walking network is made of, and no more."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from spatial.city.crs import geographic_crs, metric_zone
from spatial.city.model import City
from spatial.city.osm_places import gate, neighbourhood
from spatial.city.osm_surfaces import land_use, water
from spatial.city.osm_tags import barrier, railway, street
from spatial.city.pbf import Ways, read_pbf
from spatial.city.precision import GRID_DECIMALS
from spatial.errors import InputError

__all__ = ["read_walking_city"]

WANTED: Final = (
    "highway", "barrier", "entrance", "railway", "waterway", "natural", "landuse", "historic",
    "place", "residential",
)  # fmt: skip
READ: Final = (
    "foot", "access", "area", "layer", "bridge", "tunnel", "covered", "width", "conveying",
    "oneway:foot", "locked", "opening_hours", "water", "type",
)  # fmt: skip
Floats = npt.NDArray[np.float64]
Longs = npt.NDArray[np.int64]
Objects = npt.NDArray[np.object_]
Rule = Callable[[dict[str, str], Any], dict[str, Any] | None]
LINES: Final[dict[str, Rule]] = {
    "streets": street, "barriers": barrier, "gates": gate, "railways": railway, "water": water,
}  # fmt: skip
AREAS: Final[dict[str, Rule]] = {
    "streets": street, "water": water, "land_use": land_use, "neighbourhoods": neighbourhood,
}  # fmt: skip


def read_walking_city(path: str | Path, *, zone: Any = None) -> City:
    """Read the streets, walls, gates, water, rails and residential land of an ``.osm.pbf`` file.

    Parameters
    ----------
    path : path
    zone : CRS, optional
        Metric zone; by default that of the middle of the streets.

    Returns
    -------
    City
        With the layers that :func:`spatial.network.build_network` reads; ids read ``way/1``.
        Tags mean what they mean to :func:`spatial.city.read_city`, but names are not read, and
        areas that are relations (broad rivers, squares with holes) are left out: for a plan, read
        the city whole.

    Raises
    ------
    InputError
        If the file cannot be read, or holds no street.
    """
    path = Path(path)
    lon_lat, ways, nodes = read_pbf(path, WANTED, READ)
    tags = [dict(pairs) for pairs in ways.tags]
    used = np.zeros(len(lon_lat), dtype=bool)
    used[ways.ref[ways.ref >= 0]] = True
    used[nodes.row] = True
    rows = np.flatnonzero(used)
    middle = np.median(lon_lat[rows], axis=0) if len(rows) else None
    if middle is None or not any("highway" in combination for combination in tags):
        raise InputError(
            f"{path.name} holds no street. Is it an extract of another theme?",
            zh=f"{path.name} 中没有道路。是否为其他专题的摘录?",
        )
    crs = pyproj.CRS.from_user_input(zone) if zone is not None else metric_zone(*middle.tolist())
    to_zone = _to_zone(crs)
    xy = np.full(lon_lat.shape, np.nan)
    xy[rows] = np.round(np.stack(to_zone.transform(*lon_lat[rows].T), axis=1), GRID_DECIMALS)

    frames: dict[str, list[gpd.GeoDataFrame]] = {}
    drawn = _Drawn(ways, xy, crs)
    for layer, rule in LINES.items():
        frames.setdefault(layer, []).append(drawn.lines(tags, rule))
    for layer, rule in AREAS.items():
        frames.setdefault(layer, []).append(drawn.areas(tags, rule, layer=layer))
    kept, columns = _columns(tags, nodes.tags_of, gate, "point")
    points = gpd.GeoDataFrame(
        columns.set_axis(pd.Index([f"node/{n}" for n in nodes.id[kept].tolist()], dtype="str")),
        geometry=shapely.points(xy[nodes.row[kept]]),
        crs=crs,
    )
    frames["gates"].append(points)
    layers = {name: _joined(parts) for name, parts in frames.items()}
    return City.from_layers(
        path.name, layers, crs=crs, geographic_crs=geographic_crs(*middle.tolist())
    )


@lru_cache(maxsize=8)
def _to_zone(crs: pyproj.CRS) -> pyproj.Transformer:
    """Find the way from degrees once: looking for the best one takes longer than a small file."""
    return pyproj.Transformer.from_crs(4326, crs, always_xy=True)


def _joined(parts: list[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    full = [part for part in parts if len(part)]
    if len(full) < 2:
        return (full or parts)[0]
    joined = pd.concat(full)
    return gpd.GeoDataFrame(joined, geometry="geometry", crs=full[0].crs)


def _columns(
    tags: list[dict[str, str]], tags_of: Longs, rule: Rule, shape: str
) -> tuple[Longs, pd.DataFrame]:
    """Features to which a rule applies, and the columns that it fills."""
    made = [rule(combination, shape) for combination in tags]
    applies = np.array([columns is not None for columns in made], dtype=bool)
    kept = np.flatnonzero(applies[tags_of]) if len(tags) else np.empty(0, dtype=np.int64)
    number = np.cumsum(applies) - 1
    table = pd.DataFrame([columns for columns in made if columns is not None])
    return kept, table.take(number[tags_of[kept]])


class _Drawn:
    """Ways as lines in the metric zone; stretches without nodes in the file are left out."""

    def __init__(self, ways: Ways, xy: Floats, crs: pyproj.CRS) -> None:
        self.ways, self.crs = ways, crs
        way = np.repeat(np.arange(len(ways.id)), np.diff(ways.start))
        there = ways.ref >= 0
        breaks = np.ones(len(way), dtype=bool)
        breaks[1:] = (way[1:] != way[:-1]) | ~there[:-1]
        stretch = np.cumsum(breaks & there) if len(way) else way
        self.xy, self.way, self.stretch = xy[ways.ref[there]], way[there], stretch[there]
        first, last = ways.start[:-1], ways.start[1:] - 1
        full = np.add.reduceat(there, first) == np.diff(ways.start) if len(first) else there
        self.closed = full & (np.diff(ways.start) > 3) & (ways.ref[first] == ways.ref[last])

    def lines(self, tags: list[dict[str, str]], rule: Rule) -> gpd.GeoDataFrame:
        """Ways that a rule takes as lines."""
        kept, columns = _columns(tags, self.ways.tags_of, rule, "line")
        wanted = np.zeros(len(self.ways.id), dtype=bool)
        wanted[kept] = True
        shapes, of_way = self._shapes(wanted[self.way])
        place = np.full(len(wanted), -1, dtype=np.int64)
        place[kept] = np.arange(len(kept))
        return self._frame(of_way, columns.take(place[of_way]), shapes)

    def areas(self, tags: list[dict[str, str]], rule: Rule, *, layer: str) -> gpd.GeoDataFrame:
        """Return the closed ways that a rule takes as areas; of streets, their outlines."""
        kept, columns = _columns(tags, self.ways.tags_of, rule, "area")
        area = np.array([combination.get("area") != "no" for combination in tags], dtype=bool)
        ring = self.closed[kept] & area[self.ways.tags_of[kept]]
        kept, columns = kept[ring], columns[ring]
        if not len(kept):
            return self._frame(kept, columns, np.empty(0, dtype=object))
        wanted = np.zeros(len(self.ways.id), dtype=bool)
        wanted[kept] = True
        of_vertex = wanted[self.way]
        rings = shapely.linearrings(
            self.xy[of_vertex], indices=np.cumsum(np.diff(self.way[of_vertex], prepend=-1) > 0) - 1
        )
        shapes = shapely.polygons(rings)
        valid = shapely.is_valid(shapes)
        shapes = shapely.boundary(shapes[valid]) if layer == "streets" else shapes[valid]
        return self._frame(kept[valid], columns[valid], shapes)

    def _shapes(self, of_vertex: npt.NDArray[np.bool_]) -> tuple[Objects, Longs]:
        """Lines of the ways of some vertices, and the way of each."""
        xy, way, stretch = self.xy[of_vertex], self.way[of_vertex], self.stretch[of_vertex]
        fresh = np.ones(len(xy), dtype=bool)  # a vertex that repeats the one before adds nothing
        fresh[1:] = (stretch[1:] != stretch[:-1]) | (xy[1:] != xy[:-1]).any(axis=1)
        xy, way, stretch = xy[fresh], way[fresh], stretch[fresh]
        _, row, count = np.unique(stretch, return_inverse=True, return_counts=True)
        long = (count >= 2)[row]
        if not long.any():
            return np.empty(0, dtype=object), np.empty(0, dtype=np.int64)
        xy, way, row = xy[long], way[long], np.unique(row[long], return_inverse=True)[1]
        lines = shapely.linestrings(xy, indices=row)
        owner = way[np.flatnonzero(np.diff(row, prepend=-1))]
        ids, first, parts = np.unique(owner, return_index=True, return_counts=True)
        shapes = lines[first]
        torn = np.flatnonzero(parts > 1)
        for at in torn.tolist():
            shapes[at] = shapely.multilinestrings(lines[first[at] : first[at] + parts[at]])
        return shapes, ids

    def _frame(self, way: Longs, columns: pd.DataFrame, shapes: Objects) -> gpd.GeoDataFrame:
        ids = pd.Index([f"way/{number}" for number in self.ways.id[way].tolist()], dtype="str")
        return gpd.GeoDataFrame(columns.set_axis(ids), geometry=shapes, crs=self.crs)
