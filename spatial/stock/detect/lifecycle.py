"""Tags and land-use codes that say idle (life cycle), as a sign with measures."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.city.model import City
from spatial.standards.parameters import ParameterSet
from spatial.stock.detect.pool import Pool, Threshold
from spatial.stock.evidence import idle_buildings, idle_land

__all__ = ["tagged_stock"]


def tagged_stock(city: City, parameters: ParameterSet) -> Pool:
    """Measure buildings and land whose tags or land-use code say idle.

    ``named`` is 1 where a building still has a name or an address: tags outlive what they say.
    """
    buildings, land = idle_buildings(city, parameters), idle_land(city, parameters)
    layer = city.layer("buildings").reindex(buildings["of"])
    named = (layer["name"].notna() | layer["address"].notna()).to_numpy(dtype=float)
    frame = pd.concat(
        [buildings.assign(named=named, is_land=0.0), land.assign(named=np.nan, is_land=1.0)]
    )
    frame = gpd.GeoDataFrame(frame, geometry="geometry", crs=city.crs)
    frame["area_m2"] = shapely.area(frame.geometry.to_numpy())
    return Pool(
        "lifecycle",
        frame,
        measures=("area_m2", "named", "is_land"),
        thresholds=(Threshold("min_evidence_m2", "area_m2", "at_least"),),
        words=_words,
    )


def _words(rows: gpd.GeoDataFrame) -> tuple[list[str], list[str]]:
    return list(rows["said_zh"]), list(rows["said_en"])
