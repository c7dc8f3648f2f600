"""Gates: where a neighbourhood is left on foot, each marked how it is known."""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.city.model import City
from spatial.city.neighbourhoods.blocks import street_lines
from spatial.standards.parameters import ParameterSet

__all__ = ["neighbourhood_gates"]

Geometries = npt.NDArray[np.object_]
ON_WAY_M: Final = 0.5
"""A gate this near a street stands on it."""
NO_GATE_KINDS = ("bollard",)
"""Mapped things that stand in a way but are no way out of a neighbourhood."""


def neighbourhood_gates(
    places: gpd.GeoDataFrame, city: City, parameters: ParameterSet
) -> gpd.GeoDataFrame:
    """Return the gates of every neighbourhood.

    Mapped gates on (or said to belong to) the boundary come first (``mapped``). A neighbourhood
    without a usable one is left where walkable streets cross its boundary with no wall there
    (``crossing``), else at the point of the boundary nearest to a street (``nearest``).

    Parameters
    ----------
    places : GeoDataFrame of Polygon, shape (n,)
        Parcels, indexed by neighbourhood id.

    Returns
    -------
    GeoDataFrame of Point, shape (g,)
        ``neighbourhood_id``, ``source``, ``access``, ``name``; ids ``<neighbourhood>#<number>``.
    """
    lines = _walkable(city, parameters)
    mapped = _mapped(places, city, parameters)
    usable = mapped.loc[mapped["access"] != "closed", "neighbourhood_id"].unique()
    without = places[~places.index.isin(usable)]
    crossing = _crossings(without, lines, city, parameters)
    without = without[~without.index.isin(crossing["neighbourhood_id"].unique())]
    gates = pd.concat(
        [mapped, crossing, _nearest(without, lines, city, parameters["gate_search_m"])],
        ignore_index=True,
    )
    gates = gates.sort_values(["neighbourhood_id", "x", "y", "source"], kind="stable")
    number = gates.groupby("neighbourhood_id").cumcount() + 1
    ids = gates["neighbourhood_id"].astype("str") + "#" + number.astype("str")
    return gpd.GeoDataFrame(
        gates[["neighbourhood_id", "source", "access", "name"]].set_axis(ids, axis="index"),
        geometry=gpd.points_from_xy(gates["x"], gates["y"]),
        crs=places.crs,
    ).rename_axis("id")


def _walkable(city: City, parameters: ParameterSet) -> Geometries:
    """Streets at ground level that people on foot may use, in the order of their ids."""
    streets = city.layer("streets").sort_index()
    foot = streets["foot"].fillna(streets["access"]).fillna("")
    allowed = foot.isin(["yes", "designated", "permissive", "destination"])
    closed = streets["highway"].isin(parameters["unwalkable_classes"]) & ~allowed
    closed |= foot.isin(["no", "use_sidepath"])
    closed |= streets["structure"].isin(["tunnel", "bridge"])
    return np.asarray(streets.geometry.to_numpy()[~closed.to_numpy(dtype=bool)], dtype=object)


def _rows(
    ids: Any, points: Geometries, *, source: str, access: Any = "unknown", name: Any = None
) -> pd.DataFrame:
    """One row a gate, in plain columns."""
    return pd.DataFrame(
        {
            "neighbourhood_id": pd.array(ids, dtype="string"),
            "source": source,
            "access": access,
            "name": pd.array(np.full(len(points), pd.NA) if name is None else name, dtype="string"),
            "x": shapely.get_x(points),
            "y": shapely.get_y(points),
        }
    )


def _mapped(places: gpd.GeoDataFrame, city: City, parameters: ParameterSet) -> pd.DataFrame:
    """Gates on the boundary, on a street that crosses it near by, or said to belong to it."""
    gates = city.layer("gates")
    gates = gates[~gates["kind"].isin(NO_GATE_KINDS)]
    points = gates.geometry.to_numpy()
    edges = shapely.boundary(places.geometry.to_numpy())
    gate, place = shapely.STRtree(edges).query(
        points, predicate="dwithin", distance=parameters["gate_tolerance_m"]
    )
    beyond = _along_street(points, edges, city, parameters["gate_along_m"])
    beyond = beyond[:, ~np.isin(beyond[0], gate)]  # a gate on a boundary is no other's gate
    gate, place = np.r_[gate, beyond[0]], np.r_[place, beyond[1]]
    named = gates["neighbourhood_id"].isin(places.index).to_numpy(dtype=bool)
    keep = ~named[gate]  # a gate that names its neighbourhood belongs to it alone
    ids = np.r_[places.index.to_numpy()[place[keep]], gates["neighbourhood_id"].to_numpy()[named]]
    rows = np.r_[gate[keep], np.flatnonzero(named)]
    chosen = gates.iloc[rows]
    return _rows(
        ids,
        points[rows],
        source="mapped",
        access=chosen["access"].to_numpy(dtype=object),
        name=chosen["name"].array,
    )


def _along_street(
    points: Geometries, edges: Geometries, city: City, along_m: float
) -> npt.NDArray[np.int64]:
    """Gate and place, shape (2, k), where a street leads from the one through the other's edge.

    A gate is often set back from the drawn boundary: it stands on a street that crosses the
    boundary at most `along_m` away, measured along that street.
    """
    lines = street_lines(city)
    gate, place = shapely.STRtree(edges).query(points, predicate="dwithin", distance=along_m)
    if len(lines) == 0 or len(gate) == 0:
        return np.empty((2, 0), dtype=np.int64)
    row, line = shapely.STRtree(lines).query(points[gate], predicate="dwithin", distance=ON_WAY_M)
    ways = shapely.line_merge(lines[line])
    simple = shapely.get_type_id(ways) == 1
    row, ways = row[simple], ways[simple]
    met = shapely.intersection(ways, edges[place[row]])
    crossing, way = shapely.get_parts(met, return_index=True)
    is_point = shapely.get_type_id(crossing) == 0
    crossing, way = crossing[is_point], way[is_point]
    walked_m = np.abs(
        shapely.line_locate_point(ways[way], crossing)
        - shapely.line_locate_point(ways[way], points[gate[row[way]]])
    )
    near = np.unique(row[way[walked_m <= along_m]])
    return np.stack([gate[near], place[near]]).astype(np.int64)


def _crossings(
    places: gpd.GeoDataFrame, lines: Geometries, city: City, parameters: ParameterSet
) -> pd.DataFrame:
    """Points where a street crosses the boundary, near ones merged, walls respected."""
    edges = shapely.boundary(places.geometry.to_numpy())
    place, line = shapely.STRtree(lines).query(edges, predicate="crosses")
    met = shapely.intersection(edges[place], lines[line])
    owner = place
    points, part = shapely.get_parts(met, return_index=True)
    owner = owner[part]
    is_point = shapely.get_type_id(points) == 0
    points, owner = points[is_point], owner[is_point]
    open_here = ~_at_wall(points, city, parameters["gate_tolerance_m"])
    points, owner = points[open_here], owner[open_here]
    kept = _merged(points, owner, parameters["gate_merge_m"], parameters["gate_limit"])
    return _rows(places.index.to_numpy()[owner[kept]], points[kept], source="crossing")


def _at_wall(points: Geometries, city: City, tolerance_m: float) -> npt.NDArray[np.bool_]:
    """Whether a wall stands at each point and no gate opens it."""
    walls = city.layer("barriers").geometry.to_numpy()
    gates = city.layer("gates").geometry.to_numpy()
    at_wall = np.zeros(len(points), dtype=bool)
    at_gate = np.zeros(len(points), dtype=bool)
    if len(walls) and len(points):
        found = shapely.STRtree(walls).query(points, predicate="dwithin", distance=0.5)[0]
        at_wall[found] = True
    if len(gates) and len(points):
        found = shapely.STRtree(gates).query(points, predicate="dwithin", distance=tolerance_m)[0]
        at_gate[found] = True
    return at_wall & ~at_gate


def _merged(
    points: Geometries, owner: npt.NDArray[np.int64], merge_m: float, limit: int
) -> npt.NDArray[np.int64]:
    """Rows to keep: the first of each group of near crossings, at most `limit` a neighbourhood."""
    xy = shapely.get_coordinates(points)
    order = np.lexsort((xy[:, 1], xy[:, 0], owner)) if len(points) else np.array([], dtype=int)
    kept: list[int] = []
    current, own = -1, np.empty((0, 2))
    for row in order.tolist():
        if owner[row] != current:
            current, own = int(owner[row]), np.empty((0, 2))
        far = len(own) == 0 or np.hypot(*(own - xy[row]).T).min() >= merge_m
        if far and len(own) < limit:
            own = np.vstack([own, xy[row]])
            kept.append(row)
    return np.array(kept, dtype=np.int64)


def _nearest(
    places: gpd.GeoDataFrame, lines: Geometries, city: City, search_m: float
) -> pd.DataFrame:
    """Take the point of the boundary that is nearest to a street.

    A way across a river or a railway counts only where there is no other within `search_m`.
    """
    if len(lines) == 0 or len(places) == 0:
        return _rows([], np.array([], dtype=object), source="nearest")
    edges = shapely.boundary(places.geometry.to_numpy())
    tree = shapely.STRtree(lines)
    place, line = tree.query_nearest(edges, max_distance=search_m, all_matches=False)
    ways = shapely.shortest_line(edges[place], lines[line])
    divided = np.flatnonzero(_across(ways, city))
    for row in divided.tolist():
        edge = edges[place[row]]
        around = tree.query(edge, predicate="dwithin", distance=search_m)
        others = shapely.shortest_line(edge, lines[around])
        order = np.argsort(shapely.length(others), kind="stable")
        clear = order[~_across(others[order], city)]
        if len(clear):
            ways[row] = others[clear[0]]
    return _rows(places.index.to_numpy()[place], shapely.get_point(ways, 0), source="nearest")


def _across(ways: Geometries, city: City) -> npt.NDArray[np.bool_]:
    """Whether each straight way crosses water or a railway at ground level."""
    rails, water = city.layer("railways"), city.layer("water")
    across = np.zeros(len(ways), dtype=bool)
    for shapes in (
        rails[rails["structure"] == "ground"].geometry.to_numpy(),
        water[water["layer"] >= 0].geometry.to_numpy(),
    ):
        if len(shapes):
            across[shapely.STRtree(shapes).query(ways, predicate="crosses")[0]] = True
    return across
