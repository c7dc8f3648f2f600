"""What the engine says of assets as they are written: pathway, place, what they could hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sqlalchemy import Connection

from app.errors import BadRequestError
from app.plain import plain, records
from app.store import stock_near
from app.store.copy import plain_json
from app.store.frames import city_crs
from app.store.rows import Record, Version
from spatial.city.model import City
from spatial.dictionary import conform, data_dictionary
from spatial.standards import Profile, read_profile
from spatial.stock import holdable_kinds, pathway
from spatial.stock.evidence import registered_stock
from spatial.stock.leftover import inscribed_diameter_m

__all__ = [
    "distances_to",
    "frame_of",
    "inside_of",
    "near_of",
    "read_shape",
    "shown_and_fits",
    "standards_of",
]

CIRCLE_TOLERANCE_M: Final = 0.5
FARTHEST_M: Final = 50_000.0
"""From the middle of the city's zone box an asset may lie; farther away is a slip."""
TYPES: Final = ("Point", "Polygon", "MultiPolygon", "LineString")
FIT_COLUMNS: Final = (
    *("stock_id", "kind", "neighbourhood_id", "distance_m", "limit_m", "size_m2", "needed_m2"),
    "size_basis",
)
Asset = tuple[Mapping[str, Any], Mapping[str, Any]]
"""Its row of the register, and its GeoJSON geometry."""


@lru_cache(maxsize=8)
def standards_of(profile: str) -> Profile:
    """Return a policy profile; read once per process."""
    return read_profile(profile)


def read_shape(given: Mapping[str, Any], bounds: Sequence[float | None]) -> Record:
    """Check the GeoJSON geometry of an asset.

    Parameters
    ----------
    given : dict
        GeoJSON geometry in longitude/latitude.
    bounds : sequence of 4 float
        Of the city, degrees.

    Raises
    ------
    BadRequestError
        If it is no sound geometry, or not in or near the city.
    """
    try:
        shape = shapely.from_geojson(plain_json(dict(given)))
    except shapely.errors.GEOSException as fault:
        raise _bad_shape("it cannot be read", "无法识别") from fault
    if given.get("type") not in TYPES:
        raise _bad_shape(
            f"a {given.get('type')} is not taken; give a Point, Polygon, MultiPolygon or "
            "LineString",
            f"不支持 {given.get('type')};请给 Point、Polygon、MultiPolygon 或 LineString",
        )
    corners = shapely.get_coordinates(shape)
    if shape.is_empty or not np.isfinite(corners).all():
        raise _bad_shape("it has no coordinates", "没有坐标")
    if (np.abs(corners) > (180.0, 90.0)).any():
        raise _bad_shape("it is not in longitude and latitude", "坐标不是经纬度")
    if not shape.is_valid:
        why = shapely.is_valid_reason(shape)
        raise _bad_shape(f"it is not valid ({why}); draw it again", f"几何无效({why}),请重画")
    west, south, east, north = (np.nan if side is None else float(side) for side in bounds)
    margin = FARTHEST_M / 111_320.0
    x, y = shape.centroid.x, shape.centroid.y
    if x < west - 2 * margin or x > east + 2 * margin or y < south - margin or y > north + margin:
        raise _bad_shape(
            f"({x:.5f}, {y:.5f}) is more than {FARTHEST_M / 1000:.0f} km from the city",
            f"({x:.5f}, {y:.5f}) 距该城市超过 {FARTHEST_M / 1000:.0f} km",
        )
    # plain coordinates of the plane: heights and members of other formats are left out
    return plain(shapely.geometry.mapping(shapely.force_2d(shape)))


def frame_of(connection: Connection, version: Version, assets: Mapping[str, Asset]) -> Any:
    """Return assets as ``inputs.stock_assets`` in the city's zone."""
    spec = data_dictionary().inputs["stock_assets"]
    index = pd.Index(list(assets), dtype="str", name="id")
    facts = [asset[0] for asset in assets.values()]
    table = pd.DataFrame(
        {
            name: pd.Series([one.get(name) for one in facts], index=index, dtype=column.dtype)
            for name, column in spec.columns.items()
        },
        index=index,
    )
    shapes = shapely.from_geojson([plain_json(dict(asset[1])) for asset in assets.values()])
    frame = gpd.GeoDataFrame(table, geometry=shapes, crs=version.srid)
    return frame.to_crs(city_crs(connection, version))


def shown_and_fits(
    connection: Connection, version: Version, assets: Mapping[str, Asset]
) -> dict[str, tuple[Record, list[Record]]]:
    """Compute for each asset its row of ``results.stock`` and the gaps that it could close.

    Notes
    -----
    What a walking network is needed for waits for the next analysis: ``access_m`` is missing, and
    distances of fits are estimates, the straight way to the nearest open gate times the detour
    factor of the districts' parameters.
    """
    if not assets:
        return {}
    stock = _stock_rows(connection, version, assets)
    fits = _fits(connection, version, stock, {key: asset[1] for key, asset in assets.items()})
    rows = records(pd.DataFrame(stock.drop(columns=stock.geometry.name)))
    shown = {row.pop("id"): row for row in rows}
    by_asset: dict[str, list[Record]] = {key: [] for key in assets}
    for row in records(fits, with_index=False):
        by_asset[row["stock_id"]].append(row)
    return {key: (shown[key], by_asset[key]) for key in assets}


def near_of(
    connection: Connection, version: Version, shapes: Mapping[str, Any]
) -> tuple[Profile, pd.DataFrame]:
    """Return the standards of a version, and the uses near each asset that some kinds avoid."""
    profile = standards_of(stock_near.profile_of(connection, version))
    avoided = profile.rooms["fits"]["incompatible_m"]
    near = stock_near.near_uses_of(
        connection,
        version,
        shapes,
        uses={use for of_kind in avoided.values() for use in of_kind},
        widest_m=max((m for of_kind in avoided.values() for m in of_kind.values()), default=0.0),
    )
    return profile, near


def distances_to(
    connection: Connection,
    version: Version,
    shapes: Mapping[str, Any],
    inside: Mapping[str, str | None],
    profile: Profile,
    *,
    widest_m: float,
) -> pd.DataFrame:
    """Estimate the walk from each asset to the neighbourhoods around it.

    Parameters
    ----------
    shapes : mapping
        Asset → GeoJSON.
    inside : mapping
        Asset → neighbourhood in whose red line it lies, which is at 0 m.
    widest_m : float
        Walks up to here.

    Returns
    -------
    DataFrame
        ``stock_id, neighbourhood_id, distance_m, basis``: ``inside`` (0 m), ``walk`` (measured by
        the analysis on streets), ``estimate`` (straight way times the detour factor).
    """
    detour = profile.rooms["districts"]["detour_factor"]
    around = stock_near.reach_of(connection, version, shapes, widest_m=widest_m / detour)
    walked = stock_near.walks_of(connection, version, list(shapes))
    around = around.merge(walked, how="outer", on=["stock_id", "neighbourhood_id"])
    own = around["stock_id"].map(inside) == around["neighbourhood_id"]
    known = around["walk_m"].notna()
    distance_m = around["walk_m"].fillna(around["straight_m"] * detour).mask(own, 0.0)
    basis = np.select([own, known], ["inside", "walk"], "estimate")
    found = around[["stock_id", "neighbourhood_id"]].assign(distance_m=distance_m, basis=basis)
    at_home = pd.DataFrame(
        [(key, place, 0.0, "inside") for key, place in inside.items() if place is not None],
        columns=found.columns,
    )
    parts = [part for part in (found, at_home) if len(part)]
    if not parts:
        return found
    every = pd.concat(parts, ignore_index=True)
    return every.drop_duplicates(["stock_id", "neighbourhood_id"]).reset_index(drop=True)


def _stock_rows(connection: Connection, version: Version, assets: Mapping[str, Asset]) -> Any:
    frame = frame_of(connection, version, assets)
    city = City.from_layers(
        "register", {"stock_assets": frame}, crs=frame.crs, geographic_crs=version.srid
    )
    stock = registered_stock(city)
    shapes = {key: asset[1] for key, asset in assets.items()}
    found = stock_near.places_of(connection, version, shapes)
    places = [found[key] for key in stock.index]
    place = pd.Series([one["parcel"] or one["cell"] for one in places], stock.index, dtype="string")
    surveyed = np.array([one["derived"] == "given" for one in places], dtype=bool)
    inside = pd.Series([one["parcel"] is not None for one in places], stock.index, dtype="boolean")
    given = stock["inside_red_line"].astype("boolean")
    land = (stock["asset_type"] == "land").to_numpy(dtype=bool, na_value=False)
    circle = np.full(len(stock), np.nan)
    circle[land] = inscribed_diameter_m(
        stock.geometry.to_numpy()[land], tolerance_m=CIRCLE_TOLERANCE_M
    )
    circle_m = pd.Series(circle, stock.index, dtype="Float64")
    stock = stock.assign(
        neighbourhood_id=place,
        inside_red_line=given.fillna(inside.where(surveyed)),
        inscribed_m=circle_m.mask(circle_m.isna() | (circle_m <= 0)),
        constraints=pd.Series([one["constraints"] for one in places], stock.index, dtype="string"),
    )
    return conform(stock.join(pathway(stock)), data_dictionary().results["stock"], name="register")


def _fits(
    connection: Connection, version: Version, stock: Any, shapes: Mapping[str, Any]
) -> pd.DataFrame:
    profile, near = near_of(connection, version, shapes)
    kinds = list(profile.catalogue.kinds.values())
    holds = holdable_kinds(stock, kinds, rules=profile.rooms["fits"], near=near)
    gaps = stock_near.gaps_of(connection, version)
    inside = inside_of(stock)
    widest_m = gaps["limit_m"].max()
    if holds.empty or gaps.empty or pd.isna(widest_m):
        return pd.DataFrame(columns=list(FIT_COLUMNS))
    reach = distances_to(connection, version, shapes, inside, profile, widest_m=float(widest_m))
    every = holds.merge(gaps, on="kind").merge(reach, on=["stock_id", "neighbourhood_id"])
    # a kind without a walking limit (a block's own) must lie in the neighbourhood itself
    fits = every["distance_m"] <= every["limit_m"].fillna(0.0)
    every = every[fits.to_numpy(dtype=bool)]
    every = every.sort_values(["kind", "distance_m", "neighbourhood_id", "stock_id"])
    rank = every.groupby(["stock_id", "kind"]).cumcount()
    most = profile.rooms["stock"]["max_fits_per_asset_kind"]
    return every[(rank < most).to_numpy()].reset_index(drop=True)[list(FIT_COLUMNS)]


def inside_of(stock: pd.DataFrame) -> dict[str, str | None]:
    """Return for each asset the neighbourhood in whose red line it lies."""
    within = stock["inside_red_line"].astype("boolean").fillna(value=False).to_numpy(dtype=bool)
    places = stock["neighbourhood_id"].to_list()
    return {
        str(key): (str(place) if own and not pd.isna(place) else None)
        for key, place, own in zip(stock.index, places, within, strict=True)
    }


def _bad_shape(why: str, why_zh: str) -> BadRequestError:
    return BadRequestError(f"`geometry`: {why}.", f"`geometry`:{why_zh}。")
