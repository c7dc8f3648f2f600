"""Which gaps a stock asset could close: large enough, on the right floor, near enough on foot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.checks import require_columns
from spatial.city.neighbourhoods.model import Neighbourhoods
from spatial.dictionary import conform, data_dictionary
from spatial.network import Attachments, Obstacles, WalkNetwork, attach_points
from spatial.reach import reached_facilities
from spatial.standards import Profile
from spatial.stock.find import stock_points
from spatial.stock.holding import floor_range, holdable_kinds, why_not

__all__ = ["floor_range", "holdable_kinds", "stock_fits", "why_not"]

COLUMNS: Final = (
    *("stock_id", "kind", "neighbourhood_id", "distance_m", "limit_m", "size_m2", "needed_m2"),
    "size_basis",
)


def stock_fits(
    stock: gpd.GeoDataFrame,
    neighbourhoods: Neighbourhoods,
    gates: Attachments,
    network: WalkNetwork,
    obstacles: Obstacles,
    gaps: pd.DataFrame,
    profile: Profile,
    *,
    near: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Match stock with missing facilities.

    An asset fits a gap when the kind is missing in the neighbourhood, nothing speaks against the
    kind there (`holdable_kinds`: size, site, floor, entrance, slope, uses near), and the walk
    from the neighbourhood's gates is within the gap's limit. An asset inside the neighbourhood's
    own parcel is at distance 0: residents need no gate.

    Parameters
    ----------
    stock : GeoDataFrame
        results.stock.
    neighbourhoods : Neighbourhoods
    gates : Attachments
        Usable gates on the network; ids are those of ``neighbourhoods.gates``.
    network : WalkNetwork
    obstacles : Obstacles
    gaps : DataFrame
        results.gaps.
    profile : Profile
        Catalogue with the least sizes; rooms ``fits``, ``stock`` and ``walking``.
    near : DataFrame, optional
        From `spatial.stock.nearby_uses`: uses that do not go with some kinds.

    Returns
    -------
    DataFrame
        results.stock_fits, sorted by kind, neighbourhood, distance and asset; at most
        ``max_fits_per_gap`` assets for one gap and ``max_fits_per_asset_kind`` neighbourhoods for
        one asset and kind, the nearest ones. Where a kind is missing in several layers, the
        widest limit counts.
    """
    require_columns(gaps, ["neighbourhood_id", "kind", "status", "limit_m"], name="gaps")
    parameters = profile.rooms["stock"]
    spec = data_dictionary().results["stock_fits"]
    missing = gaps[(gaps["status"] == "missing").to_numpy(dtype=bool, na_value=False)]
    missing = missing.groupby(["kind", "neighbourhood_id"], as_index=False)["limit_m"].max()
    holds = holdable_kinds(
        stock, list(profile.catalogue.kinds.values()), rules=profile.rooms["fits"], near=near
    )
    holds = holds[holds["kind"].isin(missing["kind"])]
    walks = _near(stock, neighbourhoods, gates, network, obstacles, missing, holds, profile)
    reach = _Near.of(walks)
    found = []
    for kind, gap in missing.groupby("kind", sort=True):
        pairs = reach.fitting(gap, holds[holds["kind"] == kind])
        rank = pairs.groupby("place").cumcount()
        pairs = pairs[rank < parameters["max_fits_per_gap"]]
        rank = pairs.groupby("asset").cumcount()
        found.append(reach.named(pairs[rank < parameters["max_fits_per_asset_kind"]]))
    table = pd.concat(found) if found else pd.DataFrame(columns=list(COLUMNS))
    table = table.sort_values(["kind", "neighbourhood_id", "distance_m", "stock_id"])
    table = table.reset_index(drop=True)[list(COLUMNS)]
    table.index = pd.Index([f"fit{number:07d}" for number in range(1, len(table) + 1)], dtype="str")
    return conform(table, spec, name="stock_fits")


def _near(
    stock: gpd.GeoDataFrame,
    neighbourhoods: Neighbourhoods,
    gates: Attachments,
    network: WalkNetwork,
    obstacles: Obstacles,
    missing: pd.DataFrame,
    holds: pd.DataFrame,
    profile: Profile,
) -> pd.DataFrame:
    """Measure the walk to each asset that could hold something; one of their own is at 0 m."""
    able = stock[stock.index.isin(holds["stock_id"])]
    own = able[able["inside_red_line"].fillna(value=False).to_numpy(dtype=bool)]
    own = own[own["neighbourhood_id"].notna()]
    at_home = pd.DataFrame(
        {
            "neighbourhood_id": own["neighbourhood_id"].to_numpy(dtype=object),
            "stock_id": own.index.to_numpy(dtype=object),
            "distance_m": 0.0,
            "own": True,
        }
    ).astype({"neighbourhood_id": "str", "stock_id": "str"})
    furthest_m = missing["limit_m"].max()
    walks = [at_home]
    if len(able) and network.edge_count and len(gates) and not pd.isna(furthest_m):
        walking = profile.rooms["walking"]
        entered = attach_points(
            network, stock_points(able), obstacles, max_entry_m=walking["max_entry_m"]
        )
        group = neighbourhoods.gates["neighbourhood_id"].reindex(gates.ids)
        group = group.rename("neighbourhood_id")
        target = pd.DataFrame({"facility_id": able.index, "kind": "stock"})
        reached = reached_facilities(
            network, gates, group, entered, target, cutoff_m=float(furthest_m)
        )
        reached = reached.rename(columns={"facility_id": "stock_id"}).assign(own=False)
        walks.append(reached[["neighbourhood_id", "stock_id", "distance_m", "own"]])
    return pd.concat(walks, ignore_index=True)


@dataclass(frozen=True, slots=True, eq=False)
class _Near:
    """Neighbourhoods and assets near each other, by number: each pair once, the nearest first."""

    place_ids: pd.Index  # sorted
    asset_ids: pd.Index  # sorted
    place: npt.NDArray[np.int64]
    asset: npt.NDArray[np.int64]
    distance_m: npt.NDArray[np.float64]
    own: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, walks: pd.DataFrame) -> _Near:
        """Put walks into order; of two between the same the shorter counts."""
        place, place_ids = pd.factorize(walks["neighbourhood_id"], sort=True)
        asset, asset_ids = pd.factorize(walks["stock_id"], sort=True)
        distance_m = walks["distance_m"].to_numpy(dtype=float)
        order = np.lexsort((asset, place, distance_m))
        pair = place[order].astype(np.int64) * max(len(asset_ids), 1) + asset[order]
        rows = order[np.sort(np.unique(pair, return_index=True)[1])]
        return cls(
            pd.Index(place_ids),
            pd.Index(asset_ids),
            place[rows].astype(np.int64),
            asset[rows].astype(np.int64),
            distance_m[rows],
            walks["own"].to_numpy(dtype=bool)[rows],
        )

    def fitting(self, gap: pd.DataFrame, can: pd.DataFrame) -> pd.DataFrame:
        """Pairs of a neighbourhood that lacks a kind and an asset that can hold it, in reach."""
        lacks = np.full(len(self.place_ids) + 1, -1, dtype=np.int64)
        lacks[self.place_ids.get_indexer(gap["neighbourhood_id"])] = np.arange(len(gap))
        holds = np.full(len(self.asset_ids) + 1, -1, dtype=np.int64)
        holds[self.asset_ids.get_indexer(can["stock_id"])] = np.arange(len(can))
        lacks[-1] = holds[-1] = -1  # those near nothing
        rows = np.flatnonzero((lacks[self.place] >= 0) & (holds[self.asset] >= 0))
        limit_m = gap["limit_m"].to_numpy(dtype=float, na_value=np.nan)[lacks[self.place[rows]]]
        # a kind without a walking limit (a block's own) must lie in the neighbourhood itself
        reached = np.where(
            np.isnan(limit_m), self.own[rows], self.distance_m[rows] <= limit_m
        ).astype(bool)
        rows, limit_m = rows[reached], limit_m[reached]
        size = can.iloc[holds[self.asset[rows]]]
        return pd.DataFrame(
            {
                "place": self.place[rows],
                "asset": self.asset[rows],
                "kind": size["kind"].array,
                "distance_m": self.distance_m[rows],
                "limit_m": limit_m,
                "size_m2": size["size_m2"].array,
                "needed_m2": size["needed_m2"].array,
                "size_basis": size["size_basis"].array,
            }
        )

    def named(self, pairs: pd.DataFrame) -> pd.DataFrame:
        """Give pairs the names of their neighbourhood and asset."""
        return pairs.assign(
            neighbourhood_id=self.place_ids[pairs["place"]], stock_id=self.asset_ids[pairs["asset"]]
        )
