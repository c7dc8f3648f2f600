"""Coverage by kind: how many people and buildings reach it, in the city and in each district."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.checks import require_columns
from spatial.dictionary import conform, data_dictionary

if TYPE_CHECKING:
    from spatial.city.neighbourhoods import Neighbourhoods

__all__ = ["coverage"]

WHOLE_CITY = "city"
KEYS = ["area", "kind", "layer"]


def coverage(
    gaps: pd.DataFrame,
    neighbourhoods: Neighbourhoods,
    building_nearest: pd.DataFrame | None = None,
    *,
    buildings: gpd.GeoDataFrame | None = None,
    districts: pd.Series | None = None,
) -> pd.DataFrame:
    """Count neighbourhoods, people and residential buildings that have each kind.

    Parameters
    ----------
    gaps : DataFrame
        ``results.gaps``.
    neighbourhoods : Neighbourhoods
        ``persons`` of its frame; which buildings belong to which neighbourhood.
    building_nearest : DataFrame, optional
        ``origin_id`` (building), ``kind, facility_id, distance_m``: nearest facility of each kind
        from every residential building, within the search limit.
    buildings : GeoDataFrame, optional
        The city's buildings; those of use ``residential`` count.
    districts : Series, optional
        District id by neighbourhood id; missing where it is in none.

    Returns
    -------
    DataFrame
        ``results.coverage``: one row for each area (``city`` and every district), kind and layer.
        Persons count where they are known; those of whom the data cannot tell stand apart in
        ``persons_unknown``. A building counts for the district of its neighbourhood; buildings
        are missing where `building_nearest` or `buildings` is not given.
    """
    columns = ("neighbourhood_id", "kind", "layer", "status", "limit_m")
    require_columns(gaps, columns, name="gaps")
    persons = neighbourhoods.frame["persons"].astype("Float64").astype("float64")
    rows = gaps[list(columns)].reset_index(drop=True)
    rows["persons"] = rows["neighbourhood_id"].map(persons).astype("float64").fillna(0.0)
    present = rows["status"] == "present"
    rows["neighbourhoods"] = 1
    rows["neighbourhoods_covered"] = present.astype("int64")
    rows["persons_covered"] = rows["persons"].where(present, 0.0)
    rows["persons_unknown"] = rows["persons"].where(rows["status"] == "unknown", 0.0)
    parts = [rows.assign(area=WHOLE_CITY)]
    if districts is not None:
        parts.append(
            rows.assign(area=rows["neighbourhood_id"].map(districts)).dropna(subset="area")
        )
    table = pd.concat(parts, ignore_index=True)
    table["area"] = table["area"].astype("str")
    limits = table.drop_duplicates(KEYS)[[*KEYS, "limit_m"]]
    sums = ["neighbourhoods", "neighbourhoods_covered", "persons", "persons_covered"]
    counted = table.groupby(KEYS, sort=False)[[*sums, "persons_unknown"]].sum().reset_index()
    if building_nearest is not None and buildings is not None:
        homes = _areas_of_homes(neighbourhoods, buildings, districts)
        counted = _with_buildings(counted.merge(limits, on=KEYS), building_nearest, homes)
        told = set(rows.loc[rows["status"] != "unknown", "kind"])
        counted.loc[~counted["kind"].isin(told), "buildings_covered"] = np.nan
    counted.index = pd.Index(
        counted["area"] + ":" + counted["kind"] + ":" + counted["layer"], dtype="str"
    )
    return conform(counted, data_dictionary().results["coverage"], name="coverage")


def _areas_of_homes(
    neighbourhoods: Neighbourhoods, buildings: gpd.GeoDataFrame, districts: pd.Series | None
) -> pd.DataFrame:
    """Pair every residential building with the areas that it counts for."""
    homes = buildings.index[(buildings["use"] == "residential").to_numpy(dtype=bool)]
    parts = [pd.DataFrame({"building": homes.astype("str"), "area": WHOLE_CITY})]
    if districts is not None:
        home_of = neighbourhoods.building_neighbourhood.reindex(homes)
        within = pd.DataFrame({"building": homes.astype("str"), "area": home_of.map(districts)})
        parts.append(within.dropna(subset="area").astype("str"))
    return pd.concat(parts, ignore_index=True)


def _with_buildings(
    counted: pd.DataFrame, building_nearest: pd.DataFrame, homes: pd.DataFrame
) -> pd.DataFrame:
    total = homes.groupby("area")["building"].size()
    covered = np.zeros(len(counted), dtype="int64")
    by_kind = building_nearest.groupby("kind").indices
    origins = building_nearest["origin_id"].astype("str").to_numpy()
    distance = building_nearest["distance_m"].to_numpy(dtype=float)
    for (kind, limit), rows in counted.groupby(["kind", "limit_m"]).indices.items():
        near = by_kind.get(kind)
        if near is None:
            continue
        reaching = origins[near[distance[near] <= limit]]
        here = homes.loc[homes["building"].isin(reaching), "area"].value_counts()
        covered[rows] = counted["area"].iloc[rows].map(here).fillna(0).astype("int64")
    return counted.assign(
        buildings=counted["area"].map(total).fillna(0).astype("int64"),
        buildings_covered=covered.astype("float64"),
    )
