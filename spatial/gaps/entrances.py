"""Where a facility is entered: a large park at the paths that lead into it, not at its middle."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.checks import require_columns, require_metric_crs, require_same_crs
from spatial.errors import InputError

__all__ = ["by_entrance", "by_facility", "facility_entrances"]

Objects = npt.NDArray[np.object_]


def facility_entrances(
    facilities: gpd.GeoDataFrame, streets: gpd.GeoDataFrame, *, min_area_m2: float
) -> gpd.GeoDataFrame:
    """Find the points at which facilities are entered on foot.

    Parameters
    ----------
    facilities : GeoDataFrame, shape (n,)
        Points, lines or polygons, in metres.
    streets : GeoDataFrame
        Streets and paths in the same zone; those in tunnels or on bridges lead past, not in.
    min_area_m2 : float
        Polygons of this size and more are entered where streets cross their edge (where none
        does, at the point of the edge that is nearest to a street) as well as at a point inside;
        smaller ones (shops, schools drawn as a building) only at a point inside.

    Returns
    -------
    GeoDataFrame of Point, shape (m,), m ≥ n
        Column ``facility_id``; indexed by the facility's id where it has one entrance, else by
        ``<id>#1``, ``<id>#2``, …; the first is the point inside.

    Raises
    ------
    InputError
        If an id of an entrance is that of another facility.

    Notes
    -----
    The point inside stands for open edges: a lawn is entered from the footway beside it though
    no path is drawn. Whoever attaches it tests its way against walls, so a fence still counts.

    Examples
    --------
    >>> park = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 200, 100)], index=["p"], crs=4547)
    >>> path = gpd.GeoDataFrame(geometry=[shapely.LineString([(-50, 40), (250, 40)])], crs=4547)
    >>> entrances = facility_entrances(park, path, min_area_m2=1000)
    >>> [(i, p.x, p.y) for i, p in entrances.geometry.items()]
    [('p#1', 100.0, 50.0), ('p#2', 0.0, 40.0), ('p#3', 200.0, 40.0)]
    """
    require_metric_crs(facilities, name="facilities")
    require_same_crs(facilities, streets, names=("facilities", "streets"))
    shapes = facilities.geometry.to_numpy()
    large = np.flatnonzero(shapely.area(shapes) >= min_area_m2)
    ground = streets.geometry.to_numpy()
    if "structure" in streets.columns:
        ground = ground[~streets["structure"].isin(["bridge", "tunnel"]).to_numpy(dtype=bool)]
    edges = shapely.boundary(shapes[large])
    edge, street = shapely.STRtree(ground).query(edges, predicate="intersects")
    # Where a street runs along the edge, its ends there stand for it.
    met = shapely.intersection(edges[edge], ground[street])
    along = shapely.get_dimensions(met) == 1
    met[along] = shapely.boundary(shapely.line_merge(met[along]))
    parts, which = shapely.get_parts(met, return_index=True)
    points = shapely.get_type_id(parts) == 0
    table = pd.DataFrame({"row": large[edge[which[points]]], "geometry": parts[points]})
    table["x"], table["y"] = shapely.get_x(parts[points]), shapely.get_y(parts[points])
    table = table.sort_values(["row", "x", "y"]).drop_duplicates(["row", "x", "y"])
    inside = pd.DataFrame(
        {"row": np.arange(len(shapes)), "geometry": shapely.point_on_surface(shapes)}
    )
    facing = _facing(shapes, np.setdiff1d(large, table["row"].to_numpy(dtype=int)), ground)
    table = pd.concat([inside, facing, table[["row", "geometry"]]], ignore_index=True)
    table = table.sort_values("row", kind="stable", ignore_index=True)
    ids = facilities.index.astype("str").to_numpy()[table["row"].to_numpy(dtype=int)]
    number = table.groupby("row").cumcount().to_numpy() + 1
    single = ~table["row"].duplicated(keep=False).to_numpy()
    labels = [i if one else f"{i}#{n}" for i, n, one in zip(ids, number, single, strict=True)]
    index = pd.Index(labels, dtype="str", name="id")
    if not index.is_unique:
        twice = index[index.duplicated()][0]
        raise InputError(
            f"`facilities` row {twice}: ids of this form are given to the entrances of another "
            "facility, which is large. Give the row another id.",
            zh=(
                f"facilities 第 {twice} 行:这种形式的编号用于另一处大型设施的出入口。请换一个编号。"
            ),
        )
    return gpd.GeoDataFrame(
        {"facility_id": pd.Series(ids, index=index, dtype="str")},
        geometry=gpd.GeoSeries(table["geometry"].to_numpy(), index=index, crs=facilities.crs),
    )


def _facing(shapes: Objects, rows: npt.NDArray[np.int64], ground: Objects) -> pd.DataFrame:
    """Find the point of each edge that is nearest to a street, where there is one."""
    edges = shapely.boundary(shapes[rows])
    which, street = shapely.STRtree(ground).query_nearest(edges, all_matches=False)
    ways = shapely.shortest_line(edges[which], ground[street])
    return pd.DataFrame({"row": rows[which], "geometry": shapely.get_point(ways, 0)})


def by_entrance(kinds: pd.DataFrame, entrances: gpd.GeoDataFrame) -> pd.DataFrame:
    """Give every entrance the kinds of its facility: ``facility_id`` is the entrance's id."""
    require_columns(kinds, ("facility_id", "kind"), name="kinds")
    pairs = pd.DataFrame({"entrance": entrances.index, "facility_id": entrances["facility_id"]})
    joined = pairs.reset_index(drop=True).merge(kinds, on="facility_id")
    return joined.drop(columns="facility_id").rename(columns={"entrance": "facility_id"})


def by_facility(ways: pd.DataFrame, entrances: gpd.GeoDataFrame) -> pd.DataFrame:
    """Turn ways to entrances into ways to facilities, keeping the shortest of each.

    Parameters
    ----------
    ways : DataFrame
        ``facility_id`` (of an entrance), ``kind, distance_m`` and ``origin_id`` or
        ``neighbourhood_id``, as `spatial.reach` gives them.
    entrances : GeoDataFrame
        Of `facility_entrances`.

    Returns
    -------
    DataFrame
        The same columns, one row for each origin, facility and kind.
    """
    origin = next((name for name in ("origin_id", "neighbourhood_id") if name in ways), None)
    if origin is None:
        raise InputError(
            "`ways` has neither `origin_id` nor `neighbourhood_id`.",
            zh="ways 既没有 origin_id 也没有 neighbourhood_id。",
        )
    require_columns(ways, ("facility_id", "kind", "distance_m"), name="ways")
    facility = entrances["facility_id"].reindex(ways["facility_id"]).to_numpy()
    table = ways.assign(facility_id=facility)
    keys = [origin, "facility_id", "kind"]
    order = [*keys, "distance_m", *(["time_s"] if "time_s" in table else [])]
    table = table.sort_values(order, kind="stable").drop_duplicates(keys)
    return table.sort_index().reset_index(drop=True)
