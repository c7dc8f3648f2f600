"""Where a facility is entered: a large park at the paths that lead into it, not at its middle."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.checks import require_columns, require_metric_crs, require_same_crs
from spatial.errors import InputError

__all__ = ["by_entrance", "by_facility", "facility_entrances"]


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
        Polygons of this size and more are entered where streets cross their edge; smaller ones
        (shops, schools drawn as a building) at a point inside.

    Returns
    -------
    GeoDataFrame of Point, shape (m,), m ≥ n
        Column ``facility_id``; indexed by the facility's id where it has one entrance, else by
        ``<id>#1``, ``<id>#2``, …. Every facility has at least one: a polygon that no street
        crosses is entered at a point inside.

    Examples
    --------
    >>> park = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 200, 100)], index=["p"], crs=4547)
    >>> path = gpd.GeoDataFrame(geometry=[shapely.LineString([(-50, 40), (250, 40)])], crs=4547)
    >>> entrances = facility_entrances(park, path, min_area_m2=1000)
    >>> [(i, p.x, p.y) for i, p in entrances.geometry.items()]
    [('p#1', 0.0, 40.0), ('p#2', 200.0, 40.0)]
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
    rest = np.setdiff1d(np.arange(len(facilities)), table["row"].to_numpy(dtype=int))
    inside = pd.DataFrame({"row": rest, "geometry": shapely.point_on_surface(shapes[rest])})
    table = pd.concat([inside, table[["row", "geometry"]]], ignore_index=True)
    table = table.sort_values("row", kind="stable", ignore_index=True)
    ids = facilities.index.astype("str").to_numpy()[table["row"].to_numpy(dtype=int)]
    number = table.groupby("row").cumcount().to_numpy() + 1
    single = ~np.isin(table["row"].to_numpy(dtype=int), large) | np.isin(table["row"], rest)
    labels = [i if one else f"{i}#{n}" for i, n, one in zip(ids, number, single, strict=True)]
    index = pd.Index(labels, dtype="str", name="id")
    return gpd.GeoDataFrame(
        {"facility_id": pd.Series(ids, index=index, dtype="str")},
        geometry=gpd.GeoSeries(table["geometry"].to_numpy(), index=index, crs=facilities.crs),
    )


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
        raise InputError("`ways` has neither `origin_id` nor `neighbourhood_id`.")
    require_columns(ways, ("facility_id", "kind", "distance_m"), name="ways")
    facility = entrances["facility_id"].reindex(ways["facility_id"]).to_numpy()
    table = ways.assign(facility_id=facility)
    keys = [origin, "facility_id", "kind"]
    table = table.sort_values([*keys, "distance_m"], kind="stable").drop_duplicates(keys)
    return table.sort_index().reset_index(drop=True)
