"""Coverage by kind: how many people and buildings reach it, in the city and in each district."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.checks import require_columns
from spatial.dictionary import conform, data_dictionary
from spatial.gaps.buildings import BuildingGaps

if TYPE_CHECKING:
    from spatial.city.neighbourhoods import Neighbourhoods

__all__ = ["coverage"]

WHOLE_CITY = "city"
WITHOUT_WALK = ("inside", "stand_in")
KEYS = ["area", "kind", "layer"]


def coverage(
    gaps: pd.DataFrame,
    neighbourhoods: Neighbourhoods,
    building_nearest: pd.DataFrame | None = None,
    districts: pd.Series | None = None,
    *,
    buildings: gpd.GeoDataFrame | None = None,
    found: BuildingGaps | None = None,
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
    districts : Series, optional
        District id by neighbourhood id; missing where it is in none.
    buildings : GeoDataFrame, optional
        The city's buildings. Those that belong to a neighbourhood and are residential, or of
        unknown use, count.
    found : BuildingGaps, optional
        `building_gaps` of the same gaps, in place of `building_nearest` and `buildings`: much
        smaller for many buildings, with the same answer.

    Returns
    -------
    DataFrame
        ``results.coverage``: one row for each area (``city`` and every district), kind and layer.
        Persons count where they are known, and are missing where none are; those of whom the data
        cannot tell stand apart in ``persons_unknown``. A building counts for the district of its
        neighbourhood, and has what its neighbourhood has without a walk (inside the parcel, or
        stood in for). Buildings are missing where nothing is given of them;
        covered ones also where no building was measured and some neighbourhood is unknown.
    """
    columns = ("neighbourhood_id", "kind", "layer", "status", "limit_m", "basis")
    require_columns(gaps, columns, name="gaps")
    persons = neighbourhoods.frame["persons"].astype("Float64").astype("float64")
    rows = gaps[list(columns)].reset_index(drop=True)
    rows["persons"] = rows["neighbourhood_id"].map(persons).astype("float64")
    present = (rows["status"] == "present").to_numpy(dtype=bool)
    unknown = (rows["status"] == "unknown").to_numpy(dtype=bool)
    rows["neighbourhoods"] = 1
    rows["neighbourhoods_covered"] = present.astype("int64")
    rows["persons_covered"] = rows["persons"] * present
    rows["persons_unknown"] = rows["persons"] * unknown
    parts = [rows.assign(area=WHOLE_CITY)]
    if districts is not None:
        parts.append(
            rows.assign(area=rows["neighbourhood_id"].map(districts)).dropna(subset="area")
        )
    table = pd.concat(parts, ignore_index=True)
    table["area"] = table["area"].astype("str")
    limits = table.drop_duplicates(KEYS)[[*KEYS, "limit_m"]]
    sums = ["neighbourhoods", "neighbourhoods_covered"]
    sums += ["persons", "persons_covered", "persons_unknown"]
    # Where nobody's number is known the sum is unknown too, not 0.
    counted = table.groupby(KEYS, sort=False)[sums].sum(min_count=1).reset_index()
    if found is None and building_nearest is not None and buildings is not None:
        homes = _homes(neighbourhoods, buildings, districts)
        held = rows[present & rows["basis"].isin(WITHOUT_WALK).to_numpy(dtype=bool)]
        counted = _with_buildings(counted.merge(limits, on=KEYS), building_nearest, homes, held)
        untold = _untold(rows.assign(unknown=unknown), set(building_nearest["kind"]))
        nobody_knows = pd.MultiIndex.from_frame(counted[["kind", "layer"]]).isin(untold)
        counted.loc[nobody_knows, "buildings_covered"] = np.nan
    if found is not None:
        counted = _with_found(counted, found, districts)
        untold = _untold(rows.assign(unknown=unknown), set(found.walked_kinds))
        nobody_knows = pd.MultiIndex.from_frame(counted[["kind", "layer"]]).isin(untold)
        counted.loc[nobody_knows, "buildings_covered"] = np.nan
    counted.index = pd.Index(
        counted["area"] + ":" + counted["kind"] + ":" + counted["layer"], dtype="str"
    )
    return conform(counted, data_dictionary().results["coverage"], name="coverage")


def _untold(rows: pd.DataFrame, measured: set[str]) -> list[tuple[str, str]]:
    """Kinds and layers of which nobody can say how many buildings have them."""
    unknown = rows.groupby(["kind", "layer"], sort=False)["unknown"].agg(["any", "all"])
    known_ways = unknown.index.get_level_values("kind").isin(list(measured))
    untold = unknown["all"] | (unknown["any"] & ~known_ways)
    return [(str(kind), str(layer)) for kind, layer in unknown.index[untold]]


def _with_found(
    counted: pd.DataFrame, found: BuildingGaps, districts: pd.Series | None
) -> pd.DataFrame:
    """Count the buildings that have each kind, by the answers of `building_gaps`."""
    area = pd.Series(None, index=found.ids, dtype="object")
    if districts is not None:
        area = found.neighbourhood_id.map(districts).astype("object")
    code, names = pd.factorize(area)  # -1: in no district
    areas = pd.Index([WHOLE_CITY, *names])
    placed = code >= 0
    total = np.concatenate([[len(code)], np.bincount(code[placed], minlength=len(names))])
    has = [
        np.concatenate([[own.sum()], np.bincount(code[placed & own], minlength=len(names))])
        for own in found.present.T
    ]
    of_check = np.array(has).reshape(len(found.checks), len(areas))
    at = areas.get_indexer(counted["area"])
    check = pd.MultiIndex.from_frame(found.checks[["kind", "layer"]].astype("str"))
    row = check.get_indexer(pd.MultiIndex.from_frame(counted[["kind", "layer"]].astype("str")))
    known = (at >= 0) & (row >= 0)
    return counted.assign(
        buildings=np.where(at >= 0, total[at], 0),
        buildings_covered=np.where(known, of_check[row, at], 0).astype("float64"),
    )


def _homes(
    neighbourhoods: Neighbourhoods, buildings: gpd.GeoDataFrame, districts: pd.Series | None
) -> pd.DataFrame:
    """Give ``neighbourhood_id`` and ``area`` (district; missing where in none) of every home."""
    home_of = neighbourhoods.building_neighbourhood.reindex(buildings.index)
    lived_in = buildings["use"].isin(["residential", "unknown"]).to_numpy(dtype=bool)
    home_of = home_of[lived_in & home_of.notna().to_numpy()].astype("object")
    area = pd.Series(None, index=home_of.index, dtype="object")
    if districts is not None:
        area = home_of.map(districts).astype("object")
    return pd.DataFrame({"neighbourhood_id": home_of, "area": area})


def _with_buildings(
    counted: pd.DataFrame,
    building_nearest: pd.DataFrame,
    homes: pd.DataFrame,
    held: pd.DataFrame,
) -> pd.DataFrame:
    """Count homes within the layer's limit of a kind, or in a neighbourhood that holds it."""
    code, names = pd.factorize(homes["area"])  # -1: in no district
    place, places = pd.factorize(homes["neighbourhood_id"])
    areas = pd.Index([WHOLE_CITY, *names])
    total = np.concatenate([[len(homes)], np.bincount(code[code >= 0], minlength=len(names))])
    at = homes.index.get_indexer(building_nearest["origin_id"])
    distance = building_nearest["distance_m"].to_numpy(dtype=float)
    by_kind = building_nearest.groupby("kind").indices
    holding = held.groupby(["kind", "layer"])["neighbourhood_id"].agg(list).to_dict()
    area_of = areas.get_indexer(counted["area"])
    limits = counted["limit_m"].to_numpy(dtype=float, na_value=np.nan)
    covered = np.zeros(len(counted), dtype="float64")
    for (kind, layer), rows in counted.groupby(["kind", "layer"]).indices.items():
        has = np.isin(place, pd.Index(places).get_indexer(holding.get((kind, layer), [])))
        near = by_kind.get(kind)
        if near is not None:
            reaching = at[near[distance[near] <= limits[rows[0]]]]
            has[reaching[reaching >= 0]] = True
        here = np.bincount(code[has & (code >= 0)], minlength=len(names))
        covered[rows] = np.concatenate([[has.sum()], here])[area_of[rows]]
    buildings = np.where(area_of >= 0, total[area_of], 0)
    return counted.assign(
        buildings=buildings, buildings_covered=np.where(area_of >= 0, covered, 0.0)
    )
