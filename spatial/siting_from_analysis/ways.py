"""Who can walk to which asset: from the gates, from the buildings, through a shared district."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from spatial.analysis import Analysis
from spatial.districting.sharing import pooled_links
from spatial.network import Attachments, attach_points
from spatial.reach import reached_facilities
from spatial.siting.pairs import pairs_on_network
from spatial.stock.find import stock_points
from spatial.units import MM_PER_M

if TYPE_CHECKING:
    import geopandas as gpd

    from spatial.analysis import Basis

__all__ = ["reach_of_options", "shared_ways", "ways_to_assets"]

WAYS = ("place", "asset", "distance_m")


def ways_to_assets(
    analysis: Analysis,
    basis: Basis,
    stock: gpd.GeoDataFrame,
    *,
    cutoff_m: float,
    from_buildings: bool = False,
) -> pd.DataFrame:
    """Measure the walk from neighbourhoods (or buildings) to assets.

    Parameters
    ----------
    analysis : Analysis
    basis : Basis
        ``analysis.basis``.
    stock : GeoDataFrame
        Rows of ``results.stock``; each is entered at a point on it, as a new facility there would
        be in a scenario.
    cutoff_m : float
    from_buildings : bool
        By each building's own ways out; otherwise the best of a neighbourhood's gates.

    Returns
    -------
    DataFrame
        ``place, asset, distance_m``, each pair once. Who has the asset inside the own parcel is at
        0 m, if the profile counts what is inside (parameter ``gaps.inside_counts``).
    """
    points = stock_points(stock)
    walk, walking = basis.walk, analysis.profile.rooms["walking"]
    found = [_inside(analysis, points)] if analysis.profile.rooms["gaps"]["inside_counts"] else []
    if from_buildings:
        homes = analysis.tables["building_gaps"]["neighbourhood_id"].astype("str")
        at_home = pd.DataFrame({"building": homes.index.astype("str"), "place": homes.array})
        found = [
            one.merge(at_home, on="place")
            .drop(columns="place")
            .rename(columns={"building": "place"})
            for one in found
        ]
    if len(stock) and walk.network.edge_count:
        entered = attach_points(
            walk.network,
            points,
            walk.obstacles,
            max_entry_m=walking["max_entry_m"],
            parameters=walking,
        )
        far = _from_buildings if from_buildings else _from_gates
        found.append(far(basis, entered, cutoff_m))
    nothing = pd.DataFrame({"place": [], "asset": [], "distance_m": []})
    ways = pd.concat([one for one in found if len(one)] or [nothing], ignore_index=True)
    ways = ways.sort_values(["place", "asset", "distance_m"], kind="stable")
    ways = ways.drop_duplicates(["place", "asset"])[list(WAYS)]
    return ways.astype({"place": "str", "asset": "str", "distance_m": "float64"})


def _from_gates(basis: Basis, entered: Attachments, cutoff_m: float) -> pd.DataFrame:
    walk = basis.walk
    if not len(walk.gates):
        return pd.DataFrame({"place": [], "asset": [], "distance_m": []})
    target = pd.DataFrame({"facility_id": entered.ids, "kind": "stock"})
    reached = reached_facilities(
        walk.network,
        walk.gates,
        walk.gate_neighbourhood.rename("place"),
        entered,
        target,
        cutoff_m=cutoff_m,
    )
    return reached.rename(columns={"facility_id": "asset"})


def _from_buildings(basis: Basis, entered: Attachments, cutoff_m: float) -> pd.DataFrame:
    homes = basis.walk.buildings
    pairs = pairs_on_network(basis.walk.network, homes, entered, cutoff_m=cutoff_m)
    place = pd.Index(homes.ids.astype("str")).unique()
    row = np.repeat(np.arange(len(pairs)), pairs.counts)
    return pd.DataFrame(
        {
            "place": place[row],
            "asset": pd.Index(entered.ids.astype("str"))[pairs.site],
            "distance_m": pairs.cost / MM_PER_M,
        }
    )


def _inside(analysis: Analysis, points: gpd.GeoSeries) -> pd.DataFrame:
    """Assets in the parcels of neighbourhoods."""
    parcels = analysis.tables["neighbourhoods"].geometry
    parcel, point = shapely.STRtree(points.to_numpy()).query(
        parcels.to_numpy(), predicate="intersects"
    )
    return pd.DataFrame(
        {
            "place": parcels.index.astype("str")[parcel],
            "asset": points.index.astype("str")[point],
            "distance_m": 0.0,
        }
    )


def shared_ways(
    analysis: Analysis, basis: Basis, ways: pd.DataFrame, districts: pd.Series, *, cutoff_m: float
) -> pd.DataFrame:
    """Widen the ways of neighbourhoods by those through other members of their district.

    Parameters
    ----------
    analysis : Analysis
    basis : Basis
    ways : DataFrame
        Of `ways_to_assets`, from neighbourhoods.
    districts : Series
        District by neighbourhood id.
    cutoff_m : float

    Returns
    -------
    DataFrame
        ``place, asset, distance_m, through``: the shorter of the own way (``through`` is NA) and
        of the way to another member, with the walls between members open, and on from its gates.

    Notes
    -----
    As :func:`spatial.districting.sharing.sharing` estimates it, before any wall is opened.
    """
    rules = analysis.profile.rooms["districts"]
    places = basis.places.frame.index.astype("str")
    links = pooled_links(
        basis.places,
        analysis.tables["adjacency"],
        float(rules["detour_factor"]),
        tuple(rules["cut_barriers"]),
    )
    through = [ways.assign(through=pd.Series(pd.NA, ways.index, dtype="str"))]
    district = districts.reindex(places).to_numpy(dtype=object, na_value=None)
    grouped = pd.Series(range(len(places))).groupby(district).indices.values()
    through += [
        _through(places, members, links, ways, cutoff_m) for members in grouped if len(members) > 1
    ]
    wide = pd.concat([one for one in through if len(one)] or through[:1], ignore_index=True)
    wide = wide.sort_values(["place", "asset", "distance_m"], kind="stable", na_position="first")
    return wide.drop_duplicates(["place", "asset"]).reset_index(drop=True)


def _through(
    places: pd.Index,
    members: npt.NDArray[np.int64],
    links: csr_array,
    ways: pd.DataFrame,
    cutoff_m: float,
) -> pd.DataFrame:
    """Ways of the members of one district through one another."""
    apart = dijkstra(links[members][:, members], directed=False, limit=cutoff_m)
    np.fill_diagonal(apart, np.inf)
    one, other = np.nonzero(np.isfinite(apart))
    name = places[members]
    pairs = pd.DataFrame(
        {"place": name[one], "through": name[other], "between_m": apart[one, other]}
    )
    own = ways[ways["place"].isin(name)].rename(columns={"place": "through"})
    joined = pairs.merge(own, on="through")
    joined["distance_m"] += joined.pop("between_m")
    return joined[joined["distance_m"] <= cutoff_m][[*WAYS, "through"]]


def reach_of_options(
    options: pd.DataFrame, demand: pd.DataFrame, ways: pd.DataFrame
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Join options with the demand rows of their kind that walk to their asset within the limit.

    Returns
    -------
    (start, row)
        CSR over the options in their order; rows of `demand`.
    """
    assets = pd.Index(ways["asset"].unique())
    places = pd.Index(ways["place"].unique())
    kinds = pd.Index(demand["kind"].unique())
    near = csr_array(
        (
            ways["distance_m"].to_numpy() + 1.0,  # 0 m would be no entry
            (assets.get_indexer(ways["asset"]), places.get_indexer(ways["place"])),
        ),
        shape=(len(assets), len(places)),
    )
    by_kind = [_of_kind(options, demand, near, assets, places, str(kind)) for kind in kinds]
    option = np.concatenate([np.zeros(0, np.int64), *(one for one, _ in by_kind)])
    row = np.concatenate([np.zeros(0, np.int64), *(rows for _, rows in by_kind)])
    order = np.lexsort((row, option))
    start = np.searchsorted(option[order], np.arange(len(options) + 1)).astype(np.int64)
    return start, row[order].astype(np.int32)


def _of_kind(
    options: pd.DataFrame,
    demand: pd.DataFrame,
    near: csr_array,
    assets: pd.Index,
    places: pd.Index,
    kind: str,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Pairs (option, demand row) of one kind."""
    option = np.flatnonzero((options["kind"] == kind).to_numpy(dtype=bool))
    asset = assets.get_indexer(options["asset"].iloc[option])
    option, asset = option[asset >= 0], asset[asset >= 0]
    row = np.flatnonzero((demand["kind"] == kind).to_numpy(dtype=bool))
    place = places.get_indexer(demand["place"].iloc[row])
    row, place = row[place >= 0], place[place >= 0]
    if not len(option) or not len(row):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    within = near[asset][:, place].tocoo()
    limit = demand["limit_m"].to_numpy(dtype=float)[row[within.col]]
    reached = np.where(np.isnan(limit), within.data == 1.0, within.data - 1.0 <= limit)
    return option[within.row[reached]], row[within.col[reached]]
