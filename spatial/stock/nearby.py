"""Uses near an asset that do not go with some kinds of facility."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.checks import require_columns, require_same_crs
from spatial.city.model import City
from spatial.standards import Catalogue, classify_facilities
from spatial.standards.parameters import ParameterSet

__all__ = ["city_uses", "nearby_uses"]

INDUSTRIAL: Final = "industrial"


def city_uses(city: City, catalogue: Catalogue, rules: ParameterSet) -> gpd.GeoDataFrame:
    """Gather the places of a city that some kinds of facility keep away from.

    Parameters
    ----------
    city : City
        ``facilities`` (kinds of the catalogue, fuel stations by their tags), ``land_use``.
    catalogue : Catalogue
        How facilities are recognised.
    rules : ParameterSet
        Room ``fits``: ``incompatible_m`` names the uses.

    Returns
    -------
    GeoDataFrame
        ``use`` and the place; only uses that ``incompatible_m`` names.
    """
    named = {use for uses in rules["incompatible_m"].values() for use in uses}
    parts = [part for part in _parts(city, catalogue) if len(part)]
    if not parts:
        return gpd.GeoDataFrame({"use": []}, geometry=gpd.GeoSeries([], crs=city.crs), crs=city.crs)
    found = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=city.crs)
    return found[found["use"].isin(named).to_numpy(dtype=bool)].reset_index(drop=True)


def nearby_uses(
    stock: gpd.GeoDataFrame, uses: gpd.GeoDataFrame, rules: ParameterSet
) -> pd.DataFrame:
    """Measure how near each asset lies to such uses, as the crow flies, outline to outline.

    Parameters
    ----------
    stock : GeoDataFrame
        Assets, in metres.
    uses : GeoDataFrame
        From `city_uses`, in the same CRS.
    rules : ParameterSet
        Room ``fits``: the largest distance of ``incompatible_m`` is looked at.

    Returns
    -------
    DataFrame
        ``stock_id, use, distance_m``: one row per asset and use within that distance, the
        nearest one, sorted.
    """
    require_same_crs(stock, uses, names=("stock", "uses"))
    require_columns(uses, ["use"], name="uses")
    distances = [m for of_kind in rules["incompatible_m"].values() for m in of_kind.values()]
    widest_m = max(distances, default=0.0)
    shapes, places = stock.geometry.to_numpy(), uses.geometry.to_numpy()
    asset, place = shapely.STRtree(places).query(shapes, predicate="dwithin", distance=widest_m)
    table = pd.DataFrame(
        {
            "stock_id": stock.index.astype("str").to_numpy(dtype=object)[asset],
            "use": uses["use"].to_numpy(dtype=object)[place],
            "distance_m": shapely.distance(shapes[asset], places[place]),
        }
    )
    nearest = table.groupby(["stock_id", "use"], as_index=False)["distance_m"].min()
    return nearest.astype({"stock_id": "str", "use": "str", "distance_m": "float64"})


def _parts(city: City, catalogue: Catalogue) -> Iterator[gpd.GeoDataFrame]:
    facilities = city.layer("facilities")
    kinds = classify_facilities(facilities, catalogue)
    shapes = facilities.geometry.reindex(kinds["facility_id"]).to_numpy()
    yield gpd.GeoDataFrame(
        {"use": kinds["kind"].to_numpy(dtype=object)}, geometry=shapes, crs=city.crs
    )
    tags = facilities["tags"].to_numpy(dtype=object)
    fuel = np.array(
        [isinstance(one, dict) and one.get("amenity") == "fuel" for one in tags], dtype=bool
    )
    yield _all("fuel_station", facilities[fuel], city)
    land = city.layer("land_use")
    yield _all(
        INDUSTRIAL, land[(land["use"] == INDUSTRIAL).to_numpy(dtype=bool, na_value=False)], city
    )


def _all(use: str, frame: gpd.GeoDataFrame, city: City) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"use": [use] * len(frame)}, geometry=frame.geometry.to_numpy(), crs=city.crs
    )
