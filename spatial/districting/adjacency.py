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
"""Parcels nearer than this touch: between them only their own wall can stand."""

Geometries = npt.NDArray[np.object_]
Rows = npt.NDArray[np.int64]


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
    river, railway, main road, minor road, wall. Where parcels touch, a wall along the shared
    boundary is the barrier.

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
    for name in reversed(BARRIERS_STRONGEST_FIRST):
        lines = _lines(name, city, parameters)
        if len(lines) == 0:
            continue
        crossed = shapely.STRtree(lines).query(links, predicate="intersects")[0]
        if name == "wall":
            crossed = np.r_[crossed, _walled(left, right, np.flatnonzero(touching), lines)]
            barrier[crossed] = name
        else:
            barrier[crossed[~touching[crossed]]] = name
    return barrier


def _walled(left: Geometries, right: Geometries, rows: Rows, walls: Geometries) -> Rows:
    """Touching pairs along whose shared boundary a wall stands."""
    shared = shapely.intersection(shapely.buffer(left[rows], 1.0), shapely.buffer(right[rows], 1.0))
    hit = shapely.STRtree(walls).query(shared, predicate="intersects")[0]
    return rows[np.unique(hit)]


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
