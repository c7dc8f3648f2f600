"""Which neighbourhoods are next to one another, what lies between, and how far the walk is."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.city.model import City
from spatial.city.neighbourhoods import Neighbourhoods
from spatial.network import Attachments, WalkNetwork
from spatial.progress import Progress, silent
from spatial.reach import walk_between
from spatial.standards.parameters import ParameterSet

__all__ = ["BARRIERS_STRONGEST_FIRST", "adjacency"]

BARRIERS_STRONGEST_FIRST: Final = ("river", "railway", "main_road", "minor_road", "wall")
RIVER_KINDS: Final = ("river", "canal", "sea", "lake")
RAIL_KINDS: Final = ("rail", "light_rail")
TOUCH_M: Final = 0.05
"""Parcels nearer than this touch: what lies between them runs along the shared boundary."""
SAME_LINE_M: Final = 1.0
"""Boundaries this near are the same line, drawn twice."""

Geometries = npt.NDArray[np.object_]
Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def adjacency(
    neighbourhoods: Neighbourhoods,
    city: City,
    network: WalkNetwork,
    gates: Attachments,
    parameters: ParameterSet,
    *,
    progress: Progress = silent,
) -> gpd.GeoDataFrame:
    """Return every pair of neighbourhoods that touch or lie within the gap.

    Two neighbourhoods are adjacent when their cells share a boundary, or their parcels lie within
    ``gap_m``. The barrier is the strongest thing crossed by the shortest link between the parcels:
    river, railway, main road, minor road, wall. Where parcels touch, it is the strongest thing
    that runs along a good part (``along_share``) of their shared boundary, at most ``along_m``
    away; what merely crosses the boundary is no barrier.

    Parameters
    ----------
    neighbourhoods : Neighbourhoods
    city : City
        Water, railways, streets and walls that may lie between.
    network : WalkNetwork
    gates : Attachments
        Usable gates, on the network; ids are those of ``neighbourhoods.gates``.
    parameters : ParameterSet
        Room ``adjacency``.

    Returns
    -------
    GeoDataFrame of LineString, shape (pairs,)
        ``results.adjacency``, ids ``a|b`` with a < b, sorted. The line is the shortest link
        between the parcels, or between inner points where they touch.
    """
    parcels = neighbourhoods.frame.geometry.to_numpy()
    cells = neighbourhoods.cells.geometry.to_numpy()
    index = neighbourhoods.frame.index
    first, second = _pairs(parcels, cells, index, parameters["gap_m"])
    gap_m = shapely.distance(parcels[first], parcels[second])
    shared_m = shapely.length(
        shapely.intersection(shapely.boundary(cells[first]), shapely.boundary(cells[second]))
    )
    # Cells that meet in a single point share no boundary.
    kept = (gap_m <= parameters["gap_m"]) | (shared_m > TOUCH_M)
    first, second, gap_m, shared_m = first[kept], second[kept], gap_m[kept], shared_m[kept]
    links = shapely.shortest_line(parcels[first], parcels[second])
    touching = gap_m < TOUCH_M
    barrier = _barriers(links, parcels[first], parcels[second], touching, city, parameters)
    progress("adjacency", 0.4)
    pairs = pd.DataFrame({"a": index[first], "b": index[second]})
    owner = neighbourhoods.gates["neighbourhood_id"].loc[gates.ids]
    walks = walk_between(
        network,
        gates,
        owner,
        gates,
        owner,
        pairs,
        cutoff_m=parameters["walk_limit_m"],
    )
    progress("adjacency", 1.0)
    inner = shapely.point_on_surface(parcels)
    between = shapely.linestrings(
        np.stack([shapely.get_coordinates(inner[first]), shapely.get_coordinates(inner[second])], 1)
    )
    table = pairs.assign(
        shared_m=shared_m,
        gap_m=gap_m,
        barrier=barrier,
        walk_m=walks["walk_m"].to_numpy(),
        walk_s=walks["walk_s"].to_numpy(),
    )
    table.index = pd.Index(pairs["a"].astype("str") + "|" + pairs["b"].astype("str"), name="id")
    return gpd.GeoDataFrame(
        table, geometry=np.where(touching, between, links), crs=neighbourhoods.frame.crs
    )


def _pairs(
    parcels: Geometries, cells: Geometries, index: pd.Index, gap_m: float
) -> tuple[Rows, Rows]:
    """Rows of each adjacent pair, the smaller id first, sorted by both."""
    found = []
    for shapes, reach_m in ((parcels, gap_m), (cells, TOUCH_M)):
        tree = shapely.STRtree(shapes)
        left, right = tree.query(shapes, predicate="dwithin", distance=reach_m)
        different = left != right
        found.append(np.stack([left[different], right[different]], axis=1))
    both = np.concatenate(found)
    rank = np.argsort(np.argsort(index.to_numpy(dtype=str), kind="stable"), kind="stable")
    ordered = both[rank[both[:, 0]] < rank[both[:, 1]]]
    ordered = np.unique(ordered, axis=0)
    order = np.lexsort((rank[ordered[:, 1]], rank[ordered[:, 0]]))
    return ordered[order, 0], ordered[order, 1]


def _barriers(
    links: Geometries,
    left: Geometries,
    right: Geometries,
    touching: npt.NDArray[np.bool_],
    city: City,
    parameters: ParameterSet,
) -> npt.NDArray[np.object_]:
    """Name the strongest thing between each pair."""
    barrier = np.full(len(links), "none", dtype=object)
    rows = np.flatnonzero(touching)
    shared = _shared_lines(left[rows], right[rows])
    apart = np.flatnonzero(~touching)
    for name in reversed(BARRIERS_STRONGEST_FIRST):
        lines = _lines(name, city, parameters)
        if len(lines) == 0:
            continue
        barrier[apart[shapely.STRtree(lines).query(links[apart], predicate="intersects")[0]]] = name
        share = _share_along(shared, lines, parameters["along_m"])
        barrier[rows[share >= parameters["along_share"]]] = name
    return barrier


def _shared_lines(left: Geometries, right: Geometries) -> Geometries:
    """Boundary that touching parcels share: of the left one, what lies within a metre."""
    near = shapely.buffer(right, SAME_LINE_M, cap_style="square", join_style="mitre")
    shared = shapely.intersection(shapely.boundary(left), near)
    return np.asarray(shapely.line_merge(shared), dtype=object)


def _share_along(shared: Geometries, things: Geometries, along_m: float) -> Floats:
    """Share of each shared boundary beside which one of the things runs, 0–1.

    A thing covers the stretch between the places on the boundary nearest to its two ends, so that
    a street straight across covers nothing.
    """
    stretch, of = shapely.get_parts(shared, return_index=True)
    flat = shapely.get_type_id(stretch) == 1
    stretch, of = stretch[flat], of[flat]
    length_m = shapely.length(stretch)
    covered_m = np.zeros(len(stretch))
    zone = shapely.buffer(stretch, along_m, cap_style="flat")
    row, thing = shapely.STRtree(things).query(zone, predicate="intersects")
    pieces, pair = shapely.get_parts(
        shapely.intersection(things[thing], zone[row]), return_index=True
    )
    rims = shapely.get_dimensions(pieces) == 2
    # Of an area it counts how much of the boundary lies in it or beside it.
    beside = shapely.intersection(stretch[row[pair[rims]]], shapely.buffer(pieces[rims], along_m))
    area_lines, area_of = shapely.get_parts(beside, return_index=True)
    ways = np.concatenate([pieces[~rims], area_lines])
    owner = np.r_[row[pair[~rims]], row[pair[rims]][area_of]]
    is_line = shapely.get_type_id(ways) == 1
    ways, owner = ways[is_line], owner[is_line]
    xy, way = shapely.get_coordinates(ways, return_index=True)
    along = shapely.line_locate_point(stretch[owner[way]], shapely.points(xy))
    start, end = _pieces_between(along, way)
    owner = owner[way[:-1][way[1:] == way[:-1]]] if len(way) else owner[:0]
    for one in np.unique(owner).tolist():
        begin_m, stop_m = start[owner == one], end[owner == one]
        if shapely.is_closed(stretch[one]):
            # On a ring the short way between two places may lead over its start.
            over = stop_m - begin_m > length_m[one] / 2
            whole = np.full(int(over.sum()), length_m[one])
            begin_m, stop_m = (
                np.r_[begin_m[~over], 0.0 * whole, stop_m[over]],
                np.r_[stop_m[~over], begin_m[over], whole],
            )
        covered_m[one] = _union_m(begin_m, stop_m)
    whole_m = np.bincount(of, weights=length_m, minlength=len(shared))
    found_m = np.bincount(of, weights=covered_m, minlength=len(shared))
    return np.divide(found_m, whole_m, out=np.zeros(len(shared)), where=whole_m > TOUCH_M)


def _pieces_between(along_m: Floats, way: Rows) -> tuple[Floats, Floats]:
    """Start and end, along the boundary, of each straight piece of the ways."""
    same = way[1:] == way[:-1]
    one, two = along_m[:-1][same], along_m[1:][same]
    return np.minimum(one, two), np.maximum(one, two)


def _union_m(start_m: Floats, end_m: Floats) -> float:
    """Length covered by intervals that may overlap."""
    order = np.argsort(start_m, kind="stable")
    start_m, end_m = start_m[order], end_m[order]
    reached_m = np.r_[-np.inf, np.maximum.accumulate(end_m)[:-1]]
    return float(np.maximum(0.0, end_m - np.maximum(start_m, reached_m)).sum())


def _lines(name: str, city: City, parameters: ParameterSet) -> Geometries:
    """Geometry of one class of barrier, what runs in tunnels left out."""
    if name == "river":
        water = city.layer("water")
        chosen = water[water["kind"].isin(RIVER_KINDS) & (water["layer"] >= 0)]
    elif name == "railway":
        rails = city.layer("railways")
        chosen = rails[rails["kind"].isin(RAIL_KINDS) & (rails["structure"] != "tunnel")]
    elif name == "wall":
        chosen = city.layer("barriers")
    else:
        streets = city.layer("streets")
        classes = parameters[f"{name}_classes"]
        chosen = streets[streets["highway"].isin(classes) & (streets["structure"] != "tunnel")]
    return np.asarray(chosen.geometry.to_numpy(), dtype=object)
