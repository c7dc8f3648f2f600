"""A city straight from OpenStreetMap online, through osmnx, by the same rules as from a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import requests
import shapely

from spatial.city.model import City
from spatial.city.osm_tags import INTERESTING_KEYS
from spatial.city.raw import RawLayer
from spatial.city.read import assemble_city
from spatial.city.read_osm import OsmCollector
from spatial.errors import InputError
from spatial.progress import Progress, silent

__all__ = ["Place", "city_from_place", "layers_from_features"]

Place = str | tuple[float, float, float] | tuple[float, float, float, float]
NOT_TAGS: Final = frozenset({"geometry", "nodes", "ways"})


def city_from_place(
    place: Place, *, name: str | None = None, zone: Any = None, progress: Progress = silent
) -> City:
    """Read a city from OpenStreetMap's Overpass service; needs a connection.

    Parameters
    ----------
    place : str, (lon, lat, radius_m) or (west, south, east, north)
        A name that Nominatim knows, a circle (its bounding box), or a box in degrees.
    name : str, optional
        What to call the city; else the place.
    zone : CRS, EPSG code or zone number, optional
        As in `read_city`.
    progress : callable
        Told ``("read", share)``.

    Returns
    -------
    City
        The same layers, ids and columns as `read_city` gives for an extract of that area.

    Raises
    ------
    InputError
        If the place is not known, or the service does not answer.
    """
    progress("read", 0.0)
    features = _download(place)
    progress("read", 0.5)
    label = name or (place if isinstance(place, str) else "place")
    layers = layers_from_features(features, source=f"OpenStreetMap: {label}")
    return assemble_city(label, layers, zone=zone, progress=progress)


def _download(place: Place) -> gpd.GeoDataFrame:
    import osmnx  # noqa: PLC0415  (slow to import, and only needed online)
    from osmnx._errors import InsufficientResponseError, ResponseStatusCodeError  # noqa: PLC0415

    tags: dict[str, bool | str | list[str]] = dict.fromkeys(INTERESTING_KEYS, True)
    try:
        with _without_cache(osmnx.settings):
            if isinstance(place, str):
                return osmnx.features_from_place(place, tags)
            if len(place) == 3:
                lon, lat, radius_m = place
                return osmnx.features_from_point((lat, lon), tags, dist=radius_m)
            return osmnx.features_from_bbox(place, tags)
    except (InsufficientResponseError, TypeError) as error:
        raise InputError(
            f"OpenStreetMap knows nothing at {place!r}: {error}. Check the spelling, or give a box "
            "(west, south, east, north) in degrees.",
            zh=(
                f"OpenStreetMap 找不到 {place!r}:{error}。请检查拼写,或给出经纬度范围(西、"
                "南、东、北)。"
            ),
        ) from error
    except (requests.RequestException, ResponseStatusCodeError, ConnectionError) as error:
        raise InputError(
            f"The OpenStreetMap service does not answer ({error}). Try later, or download an "
            "extract (.osm.pbf) and read the file.",
            zh=(f"OpenStreetMap 服务无响应({error})。请稍后再试,或下载数据(.osm.pbf)后读取文件。"),
        ) from error


@contextmanager
def _without_cache(settings: Any) -> Iterator[None]:
    """Keep osmnx from leaving a cache folder wherever the program was started."""
    before = settings.use_cache
    settings.use_cache = False
    try:
        yield
    finally:
        settings.use_cache = before


def layers_from_features(features: gpd.GeoDataFrame, *, source: str) -> tuple[RawLayer, ...]:
    """Turn osmnx features (index: element, id; one column per tag) into raw layers."""
    collector = OsmCollector()
    columns = [str(c) for c in features.columns if c not in NOT_TAGS]
    cells = features[columns].to_numpy(dtype=object)
    known = pd.notna(cells)
    shapes = features.geometry.to_numpy()
    for row, (element, number) in enumerate(features.index):
        tags = {columns[i]: str(cells[row, i]) for i in np.flatnonzero(known[row])}
        _take(collector, f"{element}/{number}", tags, shapes[row])
    return collector.layers(source)


def _take(collector: OsmCollector, osm_id: str, tags: dict[str, str], shape: Any) -> None:
    dimension = shapely.get_dimensions(shape)
    if osm_id.startswith("node/"):
        collector.add_point(osm_id, tags, _wkb(shape))
    elif osm_id.startswith("relation/"):
        collector.await_area(osm_id, tags, from_way=False)
        if dimension == 2:
            collector.add_area(osm_id, tags, _wkb(shape), from_way=False)
    else:
        line = shapely.boundary(shape) if dimension == 2 else shape
        closed = bool(shapely.is_ring(line))
        if closed and tags.get("area") != "no":
            ring = shapely.polygons(shapely.linearrings(shapely.get_coordinates(line)))
            collector.await_area(osm_id, tags, from_way=True)
            collector.add_area(osm_id, tags, _wkb(ring), from_way=True)
        collector.add_line(osm_id, tags, _wkb(line), closed=closed)


def _wkb(shape: Any) -> bytes:
    written: bytes = shapely.to_wkb(shape)
    return written
