"""What holds for a city as a whole and its user should know: what is missing, far away, shifted."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from spatial.city.model import City
from spatial.city.report import Note
from spatial.city.shift import suspect_shift

__all__ = ["MIDDLE_LAYERS", "near_bounds_m", "notes_on_city"]

FAR_FROM_CITY_M: Final = 200_000.0
MIDDLE_LAYERS: Final = ("neighbourhoods", "streets", "buildings", "facilities", "land_use")
"""The first of these that is there says where the middle of the city lies."""


def near_bounds_m(city: City) -> tuple[float, float, float, float]:
    """Return the bounds of the city (west, south, east, north) without what lies far away."""
    west, south, east, north = city.bounds_m
    x, y = _centre(city)
    return (
        max(west, x - FAR_FROM_CITY_M),
        max(south, y - FAR_FROM_CITY_M),
        min(east, x + FAR_FROM_CITY_M),
        min(north, y + FAR_FROM_CITY_M),
    )


def notes_on_city(city: City) -> list[Note]:
    """Return the notes on a city that has been read, the empty list if all is well."""
    notes = []
    if city.layer("streets").empty:
        notes.append(
            Note(
                "no_streets",
                "没有道路数据:无法计算步行距离、生活圈和设施缺口。",
                "There are no streets: walking distances, life circles and gaps cannot be "
                "computed. Add an OSM file or a street layer.",
                "warning",
            )
        )
    if city.layer("facilities").empty:
        notes.append(
            Note(
                "no_facilities",
                "没有设施数据:无法判断设施缺口,缺项不等于没有设施。",
                "There are no facilities: gaps cannot be told, for what is not in the data may "
                "well exist. Add a facility layer or an OSM file.",
                "warning",
            )
        )
    notes += [note for note in (_elsewhere(city, name) for name in city.rasters) if note]
    notes += [note for note in (_far_away(city, layer) for layer in city.layers) if note]
    for layer in ("facilities", "neighbourhoods", "buildings", "gates"):
        suspected = suspect_shift(city.layer(layer), city.layer("streets"), layer=layer)
        if suspected is not None:
            notes.append(suspected)
    return notes


def _elsewhere(city: City, name: str) -> Note | None:
    """Warn of a grid that does not touch the city."""
    grid = city.rasters[name]
    rows, columns = grid.values.shape
    a, b, c, d, e, f = grid.transform
    corners = np.array([(0, 0), (columns, 0), (columns, rows), (0, rows)])
    x = a * corners[:, 0] + b * corners[:, 1] + c
    y = d * corners[:, 0] + e * corners[:, 1] + f
    to_zone = pyproj.Transformer.from_crs(grid.crs, city.crs, always_xy=True)
    outline = shapely.Polygon(np.column_stack(to_zone.transform(x, y)))
    if shapely.intersects(outline, shapely.box(*city.bounds_m)):
        return None
    return Note(
        "raster_elsewhere",
        f"栅格 {name} 与城市范围不相交,未起作用。",
        f"The {name} grid does not touch the city and has no effect; check its CRS.",
        "warning",
    )


def _far_away(city: City, layer: str) -> Note | None:
    """Warn of rows far from the middle of the city: wrong coordinates, most likely."""
    frame = city.layer(layer)
    if frame.empty:
        return None
    bounds = frame.bounds.to_numpy()
    middle = (bounds[:, :2] + bounds[:, 2:]) / 2
    far = np.abs(middle - _centre(city)).max(axis=1) > FAR_FROM_CITY_M
    if not far.any():
        return None
    first = frame.index[far][0]
    return Note(
        "far_from_city",
        f"图层 {layer} 有 {int(far.sum())} 行离城市中心超过 {FAR_FROM_CITY_M / 1000:.0f} 公里,"
        f"例如 {first};请核对坐标。",
        f"Layer `{layer}`: {int(far.sum())} rows lie more than "
        f"{FAR_FROM_CITY_M / 1000:.0f} km from "
        f"the middle of the city, e.g. {first}; check their coordinates.",
        "warning",
    )


def _centre(city: City) -> npt.NDArray[np.float64]:
    leading = next(
        (city.layer(layer) for layer in MIDDLE_LAYERS if len(city.layer(layer))),
        next(frame for frame in city.layers.values() if len(frame)),
    )
    bounds = leading.bounds.to_numpy()
    centre: npt.NDArray[np.float64] = np.median((bounds[:, :2] + bounds[:, 2:]) / 2, axis=0)
    return centre
