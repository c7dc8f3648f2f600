"""Buildings without users: no name, no address, nobody inside, while their like have them."""

from __future__ import annotations

from functools import partial
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.city.model import City, Raster
from spatial.standards.parameters import ParameterSet
from spatial.stock.detect.ground import grid_means
from spatial.stock.detect.pool import Pool, Threshold, empty_pool

__all__ = ["Traces", "dark_buildings", "latest", "on_grounds", "traces_of_use", "unused_buildings"]

Geometries = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]

KIND_OF_USE: Final = {
    "residential": "vacant_house",
    "commercial": "idle_commercial",
    "office": "idle_commercial",
    "public": "idle_state_structure",
}
EMPTY_TAGS: Final = ("disused:shop", "disused:amenity", "abandoned:amenity", "disused:office")
WALL_M: Final = 0.3
"""Outlines this near share a wall."""
DOOR_M: Final = 1.5
"""An entrance this near to an outline is one of its doors."""


class Traces:
    """Buildings that could stand empty, and the traces of use at each; row ``i`` is one.

    ``frame`` holds ``traces`` (how many of: name, address, somebody inside, mapped entrance, used
    grounds, a used wing next to it), ``vacant_tags`` (tags inside that say empty) and
    ``mapped_share`` (share of comparable buildings near by with any trace: where few are mapped,
    silence says little), ``users_share`` (share of them with somebody mapped inside) and
    ``silent_share``: how often one in use shows no trace here, as far as its like near by can tell.
    """

    def __init__(self, frame: gpd.GeoDataFrame) -> None:
        self.frame = frame


def traces_of_use(city: City, parameters: ParameterSet) -> Traces:
    """Look for traces of use at every building of a use that may stand empty.

    Parameters
    ----------
    city : City
        ``buildings``, ``facilities``, ``gates`` (doors), ``land_use``.
    parameters : ParameterSet
        Room ``stock``: ``empty_uses, user_reach_m, mapped_near_m, used_grounds``.

    Returns
    -------
    Traces
    """
    layer = city.layer("buildings")
    shapes = layer.geometry.to_numpy()
    looked = shapely.get_dimensions(shapes) == 2
    looked &= layer["use"].isin(parameters["empty_uses"]).to_numpy(dtype=bool)
    looked &= (layer["lifecycle"] == "in_use").to_numpy(dtype=bool)
    found = layer[looked]
    shapes = found.geometry.to_numpy()
    users, empty = _inside(shapes, city, parameters["user_reach_m"])
    said = found["name"].notna().to_numpy().astype(np.int64)
    said += found["address"].notna().to_numpy()
    said += users + _has_door(shapes, city) + on_grounds(shapes, city, parameters).astype(np.int64)
    said += _part_of_used_block(shapes, said > 0)
    traces = np.where(empty & (users == 0), 0, said)
    near = _near(shapes, parameters["mapped_near_m"])
    mapped_share, count = _share_of(said > 0, near)
    # one silent and one speaking neighbour more than there are: few neighbours prove little
    silent_share = ((1.0 - np.nan_to_num(mapped_share)) * count + 1.0) / (count + 2.0)
    frame = gpd.GeoDataFrame(
        {
            "name": found["name"],
            "use": found["use"],
            "floors": found["floors"],
            "floor_area_m2": found["floor_area_m2"],
            "area_m2": shapely.area(shapes),
            "traces": traces.astype(float),
            "vacant_tags": empty.astype(float),
            "mapped_share": np.nan_to_num(mapped_share),
            "users_share": np.nan_to_num(_share_of(users > 0, near)[0]),
            "silent_share": silent_share,
        },
        geometry=shapes,
        index=found.index,
        crs=city.crs,
    )
    return Traces(frame)


def unused_buildings(traces: Traces) -> Pool:
    """Measure buildings without users.

    A building is a candidate without any trace of use, of at least ``min_empty_m2``, where at
    least ``min_mapped_share`` of its like near by do show one (or a tag inside says empty).
    """
    frame = _as_stock(traces.frame, "unused_building")
    told = frame["vacant_tags"].to_numpy(dtype=float) > 0
    frame["mapped_asked_share"] = frame["mapped_share"].where(~told, np.nan)
    return Pool(
        "unused_building",
        frame,
        measures=(
            *("area_m2", "traces", "mapped_share", "users_share", "silent_share"),
            "vacant_tags",
        ),
        thresholds=(
            Threshold("min_empty_m2", "area_m2", "at_least"),
            Threshold("max_traces", "traces", "at_most"),
            Threshold("min_mapped_share", "mapped_asked_share", "at_least"),
        ),
        words=_unused_words,
    )


def dark_buildings(city: City, traces: Traces) -> Pool:
    """Measure buildings that are dark by night beside others of their use.

    ``light_ratio`` is the light at the building over the median of all buildings of its use; it
    needs a grid ``night_light_<year>``, of which the latest counts.
    """
    name = latest(city, "night_light")
    if name is None or not len(traces.frame):
        return empty_pool("night_light", city.crs)
    frame = _as_stock(traces.frame, "night_light")
    light = _around_light(frame.geometry.to_numpy(), city.rasters[name], city)
    usual = pd.Series(light).groupby(frame["use"].to_numpy(dtype=object)).transform("median")
    frame["light_ratio"] = np.where(usual > 0, light / usual.where(usual > 0), np.nan)
    known = frame[frame["light_ratio"].notna()]
    return Pool(
        "night_light",
        known,
        measures=("area_m2", "light_ratio", "traces"),
        thresholds=(
            Threshold("min_dark_m2", "area_m2", "at_least"),
            Threshold("max_light_ratio", "light_ratio", "at_most"),
            Threshold("max_dark_traces", "traces", "at_most"),
        ),
        words=partial(_dark_words, year=name.rpartition("_")[2]),
    )


def latest(city: City, kind: str) -> str | None:
    """Return the name of the latest grid of a kind, or None.

    Examples
    --------
    >>> latest(City.from_layers("x", {}, crs=4547), "night_light") is None
    True
    """
    return max((name for name in city.rasters if _is_of(name, kind)), default=None)


def _is_of(name: str, kind: str) -> bool:
    return name == kind or (name.startswith(kind + "_") and name[len(kind) + 1 :].isdigit())


def _inside(
    shapes: Geometries, city: City, reach_m: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Whether facilities are in or at each building, and whether a tag there says empty."""
    places = city.layer("facilities")
    gone = np.array([_says_empty(tags) for tags in places["tags"]], dtype=bool)
    shape, place = shapely.STRtree(places.geometry.to_numpy()).query(
        shapes, predicate="dwithin", distance=reach_m
    )
    # a place drawn as an area counts where it holds the building, not where it only adjoins
    areal = shapely.get_dimensions(places.geometry.to_numpy())[place] == 2
    middles = shapely.point_on_surface(shapes)
    held = np.ones(len(shape), dtype=bool)
    held[areal] = shapely.intersects(
        places.geometry.to_numpy()[place[areal]], middles[shape[areal]]
    )
    shape, place = shape[held], place[held]
    users = np.zeros(len(shapes), dtype=np.int64)
    users[shape[~gone[place]]] = 1
    empty = np.zeros(len(shapes), dtype=bool)
    empty[shape[gone[place]]] = True
    return users, empty


def _says_empty(tags: object) -> bool:
    if not isinstance(tags, dict):
        return False
    return tags.get("shop") == "vacant" or any(tags.get(key) for key in EMPTY_TAGS)


def _has_door(shapes: Geometries, city: City) -> npt.NDArray[np.int64]:
    gates = city.layer("gates")
    doors = gates[(gates["kind"] == "entrance").to_numpy(dtype=bool)].geometry.to_numpy()
    has = np.zeros(len(shapes), dtype=np.int64)
    has[shapely.STRtree(shapes).query(doors, predicate="dwithin", distance=DOOR_M)[1]] = 1
    return has


def _part_of_used_block(shapes: Geometries, seen: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Say which adjoin a building that shows traces: wings of one block share name and door."""
    one, other = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=WALL_M)
    part = np.zeros(len(shapes), dtype=np.int64)
    part[one[(one != other) & seen[other]]] = 1
    return part


def on_grounds(shapes: Geometries, city: City, parameters: ParameterSet) -> Floats:
    """Say (0 or 1) which stand on grounds used as a whole: a school, a hospital, barracks."""
    land = city.layer("land_use")
    used = land[land["use"].isin(parameters["used_grounds"]).to_numpy(dtype=bool)]
    on = np.zeros(len(shapes))
    middles = shapely.point_on_surface(shapes)
    on[shapely.STRtree(used.geometry.to_numpy()).query(middles, predicate="intersects")[0]] = 1
    return on


def _near(shapes: Geometries, near_m: float) -> tuple[npt.NDArray[np.int64], ...]:
    """Pairs of buildings with their middles within a distance, each with every other one."""
    middles = shapely.centroid(shapes)
    one, other = shapely.STRtree(middles).query(middles, predicate="dwithin", distance=near_m)
    others = one != other
    return one[others], other[others]


def _share_of(
    seen: npt.NDArray[np.bool_], near: tuple[npt.NDArray[np.int64], ...]
) -> tuple[Floats, Floats]:
    """Share of the other buildings near each of which something is true, and their number."""
    one, other = near
    count = np.bincount(one, minlength=len(seen)).astype(float)
    share = np.full(len(seen), np.nan)
    np.divide(np.bincount(one, seen[other], minlength=len(seen)), count, out=share, where=count > 0)
    return share, count


def _around_light(shapes: Geometries, grid: Raster, city: City) -> Floats:
    return grid_means(shapes, grid, city.crs)


def _as_stock(frame: gpd.GeoDataFrame, sign: str) -> gpd.GeoDataFrame:
    """Columns of results.stock for buildings found by a sign."""
    floors = frame["floors"].astype("Float64").fillna(1)
    footprint_m2 = frame["area_m2"].astype("Float64")
    stock = frame.assign(
        source="detected",
        asset_type="building",
        kind=frame["use"].map(KIND_OF_USE).fillna("other").astype("string"),
        ownership="unknown",
        floor_m2=frame["floor_area_m2"].astype("Float64").fillna(footprint_m2 * floors),
    )
    stock.index = pd.Index([f"found:{sign}:{key}" for key in frame.index], dtype="str", name="id")
    return stock


def _unused_words(rows: gpd.GeoDataFrame) -> tuple[list[str], list[str]]:
    figures = list(
        zip(rows["use"], rows["area_m2"], rows["mapped_share"], rows["vacant_tags"], strict=True)
    )
    zh = [
        f"建筑未见使用痕迹(无名称、门牌、入驻单位):用途 {use},占地 {area:.0f} m²,"
        f"周边同类建筑有痕迹的占 {100 * mapped:.0f} %" + (",内有空置标签" if told else "")
        for use, area, mapped, told in figures
    ]
    en = [
        f"no trace of use (name, address, users): {use}, footprint {area:.0f} m²; "
        f"{100 * mapped:.0f} % of its like near by show one"
        + ("; a tag inside says vacant" if told else "")
        for use, area, mapped, told in figures
    ]
    return zh, en


def _dark_words(rows: gpd.GeoDataFrame, *, year: str) -> tuple[list[str], list[str]]:
    figures = list(zip(rows["use"], rows["area_m2"], rows["light_ratio"], strict=True))
    zh = [
        f"夜间灯光({year})偏暗:为同类建筑中位数的 {100 * ratio:.0f} %,用途 {use},占地 {area:.0f} m²"
        for use, area, ratio in figures
    ]
    en = [
        f"dark by night ({year}): {100 * ratio:.0f} % of the median of its use, {use}, "
        f"footprint {area:.0f} m²"
        for use, area, ratio in figures
    ]
    return zh, en
