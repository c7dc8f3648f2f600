"""Structures put up without leave, car parks larger than their need, and large flat roofs."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.city.model import City
from spatial.standards.parameters import ParameterSet
from spatial.stock.detect.pool import Pool, Threshold, empty_pool
from spatial.stock.detect.used import on_grounds

__all__ = ["parking_lots", "roofs", "structures"]

Geometries = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]

PERCENT: Final = 100.0
MOST_SPACES: Final = 3.0
"""Three spaces for each one needed say no less than thirty."""
COVERED: Final = ("underground", "multi-storey", "rooftop", "carports", "sheds", "garage_boxes")
"""Values of the tag ``parking`` that are no open ground."""


def structures(city: City) -> Pool:
    """Measure illegal and temporary structures whose ground may become free (拆违用地).

    Those with a permit are left out. ``ordered`` and ``cleared`` are 1 where that was decided.
    """
    layer = city.layer("structures")
    layer = layer[(layer["status"] != "permitted").to_numpy(dtype=bool)]
    layer = layer[shapely.get_dimensions(layer.geometry.to_numpy()) == 2]
    if not len(layer):
        return empty_pool("structure", city.crs)
    temporary = (layer["kind"] == "temporary").to_numpy(dtype=bool)
    area_m2 = shapely.area(layer.geometry.to_numpy())
    frame = gpd.GeoDataFrame(
        {
            "name": layer["name"],
            "source": "detected",
            "asset_type": "land",
            "kind": np.where(temporary, "temporary_building", "freed_land"),
            "ownership": "unknown",
            "land_m2": pd.array(area_m2, dtype="Float64"),
            "status": layer["status"],
            "what": layer["kind"],
            "area_m2": area_m2,
            "ordered": (layer["status"] == "ordered").to_numpy(dtype=float),
            "cleared": (layer["status"] == "cleared").to_numpy(dtype=float),
            "told": (layer["status"] != "unknown").to_numpy(dtype=float),
        },
        geometry=layer.geometry,
        crs=city.crs,
    )
    frame.index = pd.Index(
        [f"found:structure:{key}" for key in layer.index], dtype="str", name="id"
    )
    return Pool(
        "structure",
        frame,
        measures=("area_m2", "ordered", "cleared", "told"),
        thresholds=(Threshold("min_structure_m2", "area_m2", "at_least"),),
        words=_structure_words,
    )


def parking_lots(city: City, parameters: ParameterSet) -> Pool:
    """Measure open car parks against what is built around them.

    The need within ``parking_reach_m`` is floor area by use times ``cars_per_100_m2``; the supply
    is the capacity of all car parks there, where it is not known their area by ``space_m2``. A lot
    is a candidate where ``spaces_per_need`` is at least ``min_spaces_per_need``: most cars stand
    on plots of their own, so that mapped lots seldom meet all of the need. Lots on the grounds of
    a school, a hospital … belong to those and are no candidates.
    """
    lots, spaces = _lots(city, parameters)
    if not len(lots):
        return empty_pool("parking", city.crs)
    shapes = lots.geometry.to_numpy()
    reach_m = parameters["parking_reach_m"]
    one, other = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=reach_m)
    supply = np.bincount(one, spaces[other], minlength=len(shapes))
    buildings = city.layer("buildings")
    houses = buildings.geometry.to_numpy()
    cars = _cars(buildings, parameters)
    lot, house = shapely.STRtree(houses).query(shapes, predicate="dwithin", distance=reach_m)
    need = np.bincount(lot, cars[house], minlength=len(shapes))
    garages = houses[(buildings["use"] == "garage").to_numpy(dtype=bool)]
    beside = np.zeros(len(shapes))
    near = shapely.STRtree(garages).query(shapes, predicate="dwithin", distance=reach_m)[0]
    beside[near] = 1.0
    area_m2 = shapely.area(shapes)
    frame = gpd.GeoDataFrame(
        {
            "name": lots["name"].array,
            "source": "detected",
            "asset_type": "land",
            "kind": "other",
            "ownership": "unknown",
            "land_m2": pd.array(area_m2, dtype="Float64"),
            "area_m2": area_m2,
            "spaces": spaces,
            # without anything built near by there is no saying what it serves
            "spaces_per_need": np.where(
                need > 0, np.minimum(supply / np.maximum(need, 1e-9), MOST_SPACES), 0.0
            ),
            "beside_garage": beside,
            "on_used_grounds": on_grounds(shapes, city, parameters),
        },
        geometry=shapes,
        index=pd.Index([f"found:parking:{key}" for key in lots.index], dtype="str", name="id"),
        crs=city.crs,
    )
    return Pool(
        "parking",
        frame,
        measures=("area_m2", "spaces", "spaces_per_need", "beside_garage"),
        thresholds=(
            Threshold("min_parking_m2", "area_m2", "at_least"),
            Threshold("min_spaces_per_need", "spaces_per_need", "at_least"),
            Threshold("max_on_used_grounds", "on_used_grounds", "at_most"),
        ),
        words=_parking_words,
    )


def roofs(city: City, parameters: ParameterSet) -> Pool:
    """Measure large roofs of public and commercial buildings (F09).

    Nothing in the map says that a roof is flat: size, floors and a plain outline
    (``rectangle_share``, the share of its smallest rectangle that it fills) speak for it. Listed
    houses, places of worship and stations are left out.
    """
    layer = city.layer("buildings")
    shapes = layer.geometry.to_numpy()
    looked = shapely.area(shapes) >= parameters["min_roof_m2"] / 2
    looked &= layer["use"].isin(parameters["roof_uses"]).to_numpy(dtype=bool)
    looked &= (layer["lifecycle"] == "in_use").to_numpy(dtype=bool)
    looked[shapely.STRtree(shapes).query(_no_roofs(city), predicate="intersects")[1]] = False
    found, shapes = layer[looked], shapes[looked]
    if not len(found):
        return empty_pool("roof", city.crs)
    area_m2 = shapely.area(shapes)
    boxed_m2 = shapely.area(shapely.oriented_envelope(shapes))
    floors = found["floors"].astype("Float64")
    frame = gpd.GeoDataFrame(
        {
            "name": found["name"].array,
            "source": "detected",
            "asset_type": "building",
            "kind": "roof",
            "ownership": "unknown",
            "floor_m2": pd.array(area_m2, dtype="Float64"),
            "floor_level": (floors.round() + 1).astype("Int64").array,
            "use": found["use"].array,
            "area_m2": area_m2,
            "floors": floors.to_numpy(dtype=float, na_value=np.nan),
            "rectangle_share": np.clip(area_m2 / np.maximum(boxed_m2, 1e-9), 0, 1),
            "commercial": (found["use"] == "commercial").to_numpy(dtype=float),
            "industrial": (found["use"] == "industrial").to_numpy(dtype=float),
        },
        geometry=shapes,
        index=pd.Index([f"found:roof:{key}" for key in found.index], dtype="str", name="id"),
        crs=city.crs,
    )
    return Pool(
        "roof",
        frame,
        measures=("area_m2", "floors", "rectangle_share", "commercial", "industrial"),
        thresholds=(
            Threshold("min_roof_m2", "area_m2", "at_least"),
            Threshold("max_roof_floors", "floors", "at_most"),
            Threshold("min_rectangle_share", "rectangle_share", "at_least"),
        ),
        words=_roof_words,
    )


def _no_roofs(city: City) -> Geometries:
    """Gather what a roof that is offered has none of: listing, worship, tracks, platforms."""
    listed = city.layer("constraints")
    listed = listed[(listed["kind"] == "heritage_building").to_numpy(dtype=bool)]
    rails = city.layer("railways")
    rails = rails[(rails["structure"] != "tunnel").to_numpy(dtype=bool)]
    places = city.layer("facilities")
    holy = np.array([_is_holy_or_station(tags) for tags in places["tags"]], dtype=bool)
    return np.concatenate(
        [listed.geometry.to_numpy(), rails.geometry.to_numpy(), places[holy].geometry.to_numpy()]
    )


def _is_holy_or_station(tags: object) -> bool:
    if not isinstance(tags, dict):
        return False
    return tags.get("amenity") == "place_of_worship" or "station" in (
        tags.get("railway"),
        tags.get("public_transport"),
    )


def _lots(city: City, parameters: ParameterSet) -> tuple[gpd.GeoDataFrame, Floats]:
    """Open car parks drawn as areas, each once, and their spaces."""
    land = city.layer("land_use")
    land = land[(land["use"] == "parking").to_numpy(dtype=bool)]
    places = city.layer("facilities")
    parking = np.array(
        [_is_parking(t, k) for t, k in zip(places["tags"], places["kind"], strict=True)]
    )
    places = places[parking.astype(bool)]
    areal = shapely.get_dimensions(places.geometry.to_numpy()) == 2
    covered = np.array([_is_covered(tags) for tags in places["tags"]], dtype=bool)
    drawn = places[areal & ~covered]
    shapes = np.concatenate([land.geometry.to_numpy(), drawn.geometry.to_numpy()])
    keys = [*land.index, *drawn.index]
    names = pd.concat([land["name"], drawn["name"]]).array
    middles = shapely.point_on_surface(shapes)
    own, holder = shapely.STRtree(shapes).query(middles, predicate="intersects")
    again = np.zeros(len(shapes), dtype=bool)
    again[own[holder < own]] = True  # drawn in both layers
    _, hit = shapely.STRtree(shapes).query(
        places[covered].geometry.to_numpy(), predicate="intersects"
    )
    again[hit] = True  # under a roof or under the ground
    lots = gpd.GeoDataFrame({"name": names}, geometry=shapes, index=keys, crs=city.crs)
    lots = lots[~again & (shapely.area(shapes) > 0)]
    lots = lots[~lots.index.duplicated()]
    spaces = shapely.area(lots.geometry.to_numpy()) / parameters["space_m2"]
    told = places[places["capacity"].notna().to_numpy()]
    place, lot = shapely.STRtree(lots.geometry.to_numpy()).query(
        shapely.point_on_surface(told.geometry.to_numpy()), predicate="intersects"
    )
    spaces[lot] = told["capacity"].to_numpy(dtype=float, na_value=np.nan)[place]
    return lots, np.maximum(spaces, 0.0)


def _is_parking(tags: object, kind: object) -> bool:
    if isinstance(tags, dict) and tags.get("amenity") == "parking":
        return True
    return isinstance(kind, str) and "public_parking" in kind


def _is_covered(tags: object) -> bool:
    return isinstance(tags, dict) and tags.get("parking") in COVERED


def _cars(buildings: gpd.GeoDataFrame, parameters: ParameterSet) -> Floats:
    """Cars that the users of each building want to park."""
    foot_m2 = pd.Series(shapely.area(buildings.geometry.to_numpy()), index=buildings.index)
    floors = buildings["floors"].astype("Float64").fillna(parameters["usual_floors"])
    floor_m2 = buildings["floor_area_m2"].astype("Float64").fillna(foot_m2 * floors)
    rate = buildings["use"].map(parameters["cars_per_100_m2"]).astype("Float64")
    rate = rate.fillna(parameters["other_cars_per_100_m2"])
    return np.asarray((floor_m2 * rate / PERCENT).to_numpy(dtype=float), dtype=np.float64)


def _structure_words(rows: gpd.GeoDataFrame) -> tuple[list[str], list[str]]:
    what_zh = {"illegal": "违法建筑", "temporary": "临时建筑", "unknown": "搭建物"}
    done_zh = {"found": "已发现", "ordered": "责令拆除", "cleared": "已拆除", "unknown": "处置不详"}
    figures = list(zip(rows["what"], rows["status"], rows["area_m2"], strict=True))
    zh = [f"{what_zh[w]},{done_zh[s]},占地 {area:.0f} m²" for w, s, area in figures]
    en = [f"{w} structure, {s}, footprint {area:.0f} m²" for w, s, area in figures]
    return zh, en


def _parking_words(rows: gpd.GeoDataFrame) -> tuple[list[str], list[str]]:
    figures = list(
        zip(
            rows["area_m2"],
            rows["spaces"],
            rows["spaces_per_need"],
            rows["beside_garage"],
            strict=True,
        )
    )
    zh = [
        f"露天停车场 {area:.0f} m²,约 {spaces:.0f} 个车位,周边车位为需求的 {100 * ratio:.0f} %"
        + (",附近另有车库" if beside else "")
        for area, spaces, ratio, beside in figures
    ]
    en = [
        f"open car park of {area:.0f} m², about {spaces:.0f} spaces; spaces near by are "
        f"{100 * ratio:.0f} % of the need" + ("; a garage is near" if beside else "")
        for area, spaces, ratio, beside in figures
    ]
    return zh, en


def _roof_words(rows: gpd.GeoDataFrame) -> tuple[list[str], list[str]]:
    figures = list(zip(rows["use"], rows["area_m2"], rows["floors"], strict=True))
    zh = [
        f"大屋面:用途 {use},{area:.0f} m²" + ("" if np.isnan(n) else f",{n:.0f} 层")
        for use, area, n in figures
    ]
    en = [
        f"large roof: {use}, {area:.0f} m²" + ("" if np.isnan(n) else f", {n:.0f} floors")
        for use, area, n in figures
    ]
    return zh, en
