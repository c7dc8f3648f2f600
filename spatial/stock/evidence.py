"""Stock that somebody has written down: registered assets, and tags that speak for it."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.city.model import City
from spatial.standards.parameters import ParameterSet

__all__ = ["idle_buildings", "idle_land", "osm_stock", "registered_stock"]

LAND_KINDS: Final = (
    *("vacant_land", "waste_land", "idle_land", "corner_land", "freed_land", "temporary_building"),
    *("cleared_storage", "land_awaiting_renewal", "small_piece", "public_green"),
)
BUILDING_KIND: Final = {
    "residential": "vacant_house",
    "commercial": "idle_commercial",
    "office": "idle_commercial",
}


def registered_stock(city: City) -> gpd.GeoDataFrame:
    """Assets of the city's register, as they stand there.

    Areas that are not given are measured where the outline is: land by its area, a building by
    its footprint, said in ``evidence``.

    Returns
    -------
    GeoDataFrame
        Columns of results.stock that a register can fill, and ``acquisition, core_function``.
    """
    assets = city.layer("stock_assets")
    outline = shapely.area(assets.geometry.to_numpy())
    measured = pd.Series(np.where(outline > 0, outline, np.nan), index=assets.index)
    measured = measured.astype("Float64").mask(lambda area: area.isna())
    is_land = assets["asset_type"].eq("land").fillna(assets["kind"].isin(LAND_KINDS)).astype(bool)
    kind_of = pd.Series(np.where(is_land, "land", "building"), index=assets.index, dtype="string")
    known = assets["asset_type"].notna() | assets["kind"].notna()
    use = assets["current_use"].fillna("")
    evidence = ("登记资源" + (":" + use).where(use != "", "")).astype("string")
    guessed = ~is_land & assets["floor_m2"].isna() & measured.notna()
    evidence = evidence.mask(guessed, evidence + ";建筑面积按占地一层计")
    return gpd.GeoDataFrame(
        {
            "name": assets["name"],
            "source": "registered",
            "asset_type": assets["asset_type"].fillna(kind_of.where(known)),
            "kind": assets["kind"],
            "ownership": assets["ownership"],
            "owner": assets["owner"],
            "acquisition": assets["acquisition"],
            "core_function": assets["core_function"],
            "land_m2": assets["land_m2"].fillna(measured.where(is_land)),
            "floor_m2": assets["floor_m2"].fillna(measured.where(~is_land & known)),
            "floor_level": assets["floor_level"],
            "own_entrance": assets["own_entrance"],
            "inside_red_line": assets["inside_red_line"],
            "evidence": evidence,
        },
        geometry=assets.geometry,
        crs=city.crs,
    )


def osm_stock(city: City, parameters: ParameterSet) -> gpd.GeoDataFrame:
    """List buildings and land whose tags or land-use code speak for stock.

    Parameters
    ----------
    city : City
        ``buildings`` and ``land_use`` with their life cycle.
    parameters : ParameterSet
        Room ``stock``: ``idle_states, idle_uses, idle_codes, min_evidence_m2``.

    Returns
    -------
    GeoDataFrame
        Indexed ``osm:<layer>:<id>``; ownership is unknown.
    """
    both = pd.concat([idle_buildings(city, parameters), idle_land(city, parameters)])
    frame = gpd.GeoDataFrame(both, geometry="geometry", crs=city.crs)
    frame["evidence"] = frame["said_zh"]
    area_m2 = shapely.area(frame.geometry.to_numpy())
    return frame[area_m2 >= parameters["min_evidence_m2"]]


def idle_buildings(city: City, parameters: ParameterSet) -> gpd.GeoDataFrame:
    """List buildings whose life cycle says idle, of any size; `of` is the building's id."""
    layer = city.layer("buildings")
    found = layer[layer["lifecycle"].isin(parameters["idle_states"]).to_numpy(dtype=bool)]
    found = found[shapely.area(found.geometry.to_numpy()) > 0]
    footprint_m2 = pd.Series(found.area, index=found.index, dtype="Float64")
    stopped = found["lifecycle"] == "construction_stopped"
    floors = found["floors"].mask(stopped).fillna(1)
    said = "建筑状态:" + found["lifecycle"] + ",用途:" + found["use"]
    return _evidence(
        found,
        "buildings",
        name=found["name"],
        asset_type="building",
        kind=found["use"].map(BUILDING_KIND).fillna("other").astype("string"),
        floor_m2=found["floor_area_m2"].fillna(footprint_m2 * floors),
        said_zh=said + ",占地 " + _rounded(footprint_m2) + " m²",
        said_en="tagged "
        + found["lifecycle"]
        + ", "
        + found["use"]
        + ", footprint "
        + _rounded(footprint_m2)
        + " m²",
    )


def _rounded(area_m2: pd.Series) -> pd.Series:
    return area_m2.round().astype("Int64").astype("string")


def idle_land(city: City, parameters: ParameterSet) -> gpd.GeoDataFrame:
    """List land whose use, code or life cycle says idle, of any size."""
    layer = city.layer("land_use")
    idle = layer["lifecycle"].isin(parameters["idle_states"]).to_numpy(dtype=bool)
    by_use = layer["use"].map(parameters["idle_uses"]).astype("string")
    coded = np.zeros(len(layer), dtype=bool)
    for scheme, codes in parameters["idle_codes"].items():
        coded |= (layer["scheme"].eq(scheme) & layer["code"].isin(codes)).to_numpy(
            dtype=bool, na_value=False
        )
    keep = idle | by_use.notna().to_numpy(dtype=bool) | coded
    found = layer[keep]
    kind = by_use[keep].mask(pd.Series(coded[keep], index=found.index), "vacant_land")
    said = "用地:" + found["use"] + ",状态:" + found["lifecycle"]
    said = said.where(found["code"].isna(), said + ",代码:" + found["code"].fillna(""))
    return _evidence(
        found,
        "land_use",
        name=found["name"],
        asset_type="land",
        kind=kind.fillna("idle_land"),
        land_m2=pd.Series(found.area, index=found.index, dtype="Float64"),
        said_zh=said,
        said_en="land use " + found["use"] + ", " + found["lifecycle"],
    )


def _evidence(found: gpd.GeoDataFrame, layer: str, **columns: object) -> gpd.GeoDataFrame:
    frame = gpd.GeoDataFrame(
        {"source": "osm", "ownership": "unknown", "of": found.index, **columns},
        index=found.index,
        geometry=found.geometry,
        crs=found.crs,
    )
    frame.index = pd.Index([f"osm:{layer}:{key}" for key in found.index], dtype="str", name="id")
    for column in ("land_m2", "floor_m2"):
        if column not in frame:
            frame[column] = pd.Series(pd.NA, index=frame.index, dtype="Float64")
    return frame
