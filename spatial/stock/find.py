"""All stock of a city in one table: registered, evidence, leftover; with pathway and access."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.city.model import City
from spatial.city.neighbourhoods.model import Neighbourhoods
from spatial.dictionary import conform, data_dictionary
from spatial.errors import InputError
from spatial.network import Obstacles, WalkNetwork, attach_points
from spatial.progress import Progress, silent
from spatial.standards import Profile
from spatial.stock.detect.detect import detect_stock
from spatial.stock.evidence import registered_stock
from spatial.stock.leftover import inscribed_diameter_m
from spatial.stock.pathway import pathway
from spatial.stock.rejected import without_rejected
from spatial.units import MM_PER_M

__all__ = ["find_stock", "stock_points"]

CIRCLE_TOLERANCE_M = 0.5


def find_stock(
    city: City,
    neighbourhoods: Neighbourhoods,
    profile: Profile,
    obstacles: Obstacles,
    network: WalkNetwork,
    *,
    progress: Progress = silent,
) -> gpd.GeoDataFrame:
    """Find stock land and buildings, and say what may be done with each.

    Parameters
    ----------
    city : City
    neighbourhoods : Neighbourhoods
    profile : Profile
        Rooms ``stock`` and ``walking``.
    obstacles : Obstacles
    network : WalkNetwork
        For ``access_m``: the straight way from the asset to the network.
    progress : Progress

    Returns
    -------
    GeoDataFrame
        results.stock: registered assets under their own ids, then candidates by sign (see
        :func:`spatial.stock.detect_stock`), each with its confidence; registered assets have no
        ``sign`` and no ``confidence``. A place appears once: a candidate on a registered asset is
        left out, and so is one that somebody has rejected. ``attrs["notes"]`` holds what must be
        said about the detection.

    Raises
    ------
    CRSError
        If city and neighbourhoods are in different zones.
    InputError
        If a registered id looks like one that is made here.
    """
    registered = registered_stock(city)
    detection = detect_stock(
        city, neighbourhoods, profile, known=registered.geometry.to_numpy(), progress=progress
    )
    candidates = without_rejected(
        detection.frame,
        city.layer("stock_rejected"),
        overlap_share=profile.rooms["stock"]["overlap_share"],
    )
    frames = [frame for frame in (registered, candidates) if len(frame)]
    joined = gpd.GeoDataFrame(
        pd.concat(frames) if frames else registered, geometry="geometry", crs=city.crs
    )
    if not joined.index.is_unique:
        twice = joined.index[joined.index.duplicated()][0]
        raise InputError(
            f"`stock_assets` row {twice}: the id is also that of stock found here. "
            "Ids that begin with `osm:`, `left:` or `found:` are Linli's; give it another one.",
            zh=(
                f"stock_assets 第 {twice} 行:编号与此处发现的存量重复。以 osm:、left: 或 "
                "found: 开头的编号由 Linli 使用;请换一个。"
            ),
        )
    joined = _placed(joined, neighbourhoods)
    joined = joined.join(pathway(joined))
    joined["constraints"] = _constraints(joined, city)
    joined["access_m"] = _access_m(joined, network, obstacles, profile)
    stock: gpd.GeoDataFrame = conform(joined, data_dictionary().results["stock"], name="stock")
    stock.attrs["notes"] = detection.notes
    return stock


def stock_points(stock: gpd.GeoDataFrame) -> gpd.GeoSeries:
    """Where each asset is entered from: a point on it."""
    return gpd.GeoSeries(
        shapely.point_on_surface(stock.geometry.to_numpy()), index=stock.index, crs=stock.crs
    )


def _placed(stock: gpd.GeoDataFrame, neighbourhoods: Neighbourhoods) -> gpd.GeoDataFrame:
    """Fill in which neighbourhood holds it, on which side of the red line, and the circle."""
    points = stock_points(stock).to_numpy()
    known = stock.get("neighbourhood_id", pd.Series(pd.NA, stock.index)).astype("string")
    cell = _first_holding(neighbourhoods.cells, points).set_axis(stock.index)
    parcel = _first_holding(neighbourhoods.frame, points).set_axis(stock.index)
    place = known.fillna(parcel).fillna(cell)
    inside = pd.Series(parcel.notna() & (parcel == place).fillna(value=False), dtype="boolean")
    surveyed = neighbourhoods.frame.index[neighbourhoods.frame["derived"] == "given"]
    given = stock.get("inside_red_line", pd.Series(pd.NA, stock.index)).astype("boolean")
    circle_m = stock.get("inscribed_m", pd.Series(pd.NA, stock.index)).astype("Float64")
    land = (stock["asset_type"] == "land").to_numpy(dtype=bool, na_value=False)
    open_land = circle_m.isna().to_numpy() & land
    measured = inscribed_diameter_m(
        stock.geometry.to_numpy()[open_land], tolerance_m=CIRCLE_TOLERANCE_M
    )
    found = circle_m.copy()
    found[open_land] = np.where(measured > 0, measured, np.nan)
    found = found.mask(found.isna())
    return stock.assign(
        neighbourhood_id=place,
        # an outline that was derived is no red line, and outside every cell nothing is known of one
        inside_red_line=given.fillna(inside.where(place.isin(surveyed))),
        inscribed_m=found,
    )


def _first_holding(areas: gpd.GeoDataFrame, points: npt.NDArray[np.object_]) -> pd.Series:
    point, area = shapely.STRtree(areas.geometry.to_numpy()).query(points, predicate="intersects")
    names = pd.Series(pd.NA, index=range(len(points)), dtype="string")
    order = np.lexsort((area, point))
    first = np.unique(point[order], return_index=True)
    names.iloc[first[0]] = areas.index[area[order][first[1]]].astype("str")
    return names


def _constraints(stock: gpd.GeoDataFrame, city: City) -> pd.Series:
    """Kinds of constraint areas that an asset touches: protection rules and plans apply there."""
    areas = city.layer("constraints")
    asset, area = shapely.STRtree(areas.geometry.to_numpy()).query(
        stock.geometry.to_numpy(), predicate="intersects"
    )
    hits = pd.DataFrame({"asset": asset, "kind": areas["kind"].to_numpy()[area]})
    hits = hits.dropna().drop_duplicates().sort_values(["asset", "kind"])
    kinds = hits.groupby("asset")["kind"].agg(", ".join)
    return pd.Series(kinds.reindex(range(len(stock))).to_numpy(), stock.index, dtype="string")


def _access_m(
    stock: gpd.GeoDataFrame, network: WalkNetwork, obstacles: Obstacles, profile: Profile
) -> pd.Series:
    if not network.edge_count or not len(stock):
        return pd.Series(pd.NA, index=stock.index, dtype="Float64")
    walking = profile.rooms["walking"]
    entered = attach_points(
        network, stock_points(stock), obstacles, max_entry_m=walking["max_entry_m"]
    )
    entry_m = np.where(entered.edge >= 0, entered.entry_mm / MM_PER_M, np.nan)
    return pd.Series(entry_m, stock.index).astype("Float64").mask(entered.edge < 0)
