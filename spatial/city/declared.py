"""Which coordinate system each source is in: declared by the file, by the user, or recognised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from spatial.city.crs import (
    Shift,
    guess_crs,
    is_geographic,
    parse_crs,
    shift_geometry,
    swapped_rows,
)
from spatial.city.raw import RawLayer
from spatial.city.report import Note, Repair
from spatial.errors import CRSError

__all__ = ["Declared", "declare_crs"]

EVERY_LAYER: Final = "*"
FULL_CIRCLE_DEG: Final = 360.0
AREA_MARGIN_DEG: Final = 5.0


@dataclass(frozen=True, slots=True)
class Declared:
    """What the user says of sources: CRS where none is declared, and shifted layers."""

    crs: Mapping[str, pyproj.CRS] = field(default_factory=dict)
    shifted: Mapping[str, Shift] = field(default_factory=dict)

    @classmethod
    def parse(cls, source_crs: Any, shifted: Any) -> Declared:
        """Read what was given to `read_city`: one value for all layers, or one per layer."""
        crs = _per_layer(source_crs)
        shifts = _per_layer(shifted)
        wrong = sorted({str(s) for s in shifts.values()} - {"gcj02", "bd09"})
        if wrong:
            raise CRSError(
                "`shifted` may be `gcj02` (AMap, Tencent) or `bd09` (Baidu), not "
                f"{', '.join(wrong)}.",
                zh=f"shifted 只能是 gcj02(高德、腾讯)或 bd09(百度),不能是 {'、'.join(wrong)}。",
            )
        return cls(
            {layer: parse_crs(value) for layer, value in crs.items()},
            cast("dict[str, Shift]", {layer: str(value) for layer, value in shifts.items()}),
        )


def _per_layer(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    return dict(value) if isinstance(value, Mapping) else {EVERY_LAYER: value}


def declare_crs(
    raws: Sequence[RawLayer], declared: Declared, *, zone: pyproj.CRS | None
) -> list[RawLayer]:
    """Give every raw layer a CRS, right its axes, and undo declared shifts.

    Raises
    ------
    CRSError
        If a layer declares no CRS and its coordinates do not say which one it is.
    """
    placed = []
    for raw in raws:
        frame, notes = raw.frame, list(raw.notes)
        if frame.crs is not None:
            _require_placeable(raw)
        if frame.crs is not None and _contradicted(frame):
            notes.append(_wrong_declaration(raw))
            frame = frame.set_crs(None, allow_override=True)
        if frame.crs is None:
            crs, note = _undeclared(replace(raw, frame=frame), declared, zone)
            frame = frame.set_crs(crs)
            notes.append(note)
        placed.append(replace(raw, frame=frame, notes=tuple(notes)))
    placed = [_with_right_axes(raw) for raw in placed]
    return [_unshifted(raw, declared) for raw in placed]


def _undeclared(
    raw: RawLayer, declared: Declared, zone: pyproj.CRS | None
) -> tuple[pyproj.CRS, Note]:
    given = declared.crs.get(raw.layer, declared.crs.get(EVERY_LAYER))
    if given is not None:
        return given, Note(
            "crs_given",
            f"{raw.source} 未声明坐标系,按给定的 {given.name} 读取。",
            f"{raw.source} declares no CRS; it is read as {given.name}, as given.",
        )
    xy = shapely.get_coordinates(raw.frame.geometry.to_numpy())
    found = guess_crs(xy[np.isfinite(xy).all(axis=1)])
    if found == "unprefixed" and zone is not None:
        found = zone
    if found is None and not len(xy):
        found = pyproj.CRS.from_epsg(4326)  # nothing to place
    if found is None or isinstance(found, str):
        what, what_zh = (
            (
                "its eastings have no zone number, so the 3-degree zone is not known",
                "横坐标不带带号,3°带未知",
            )
            if found == "unprefixed"
            else (
                "its coordinates are neither degrees nor CGCS2000 metres",
                "坐标既不是经纬度,也不是 CGCS2000 米制坐标",
            )
        )
        first = "({:.12g}, {:.12g})".format(*xy[0])
        raise CRSError(
            f"{raw.source}: layer `{raw.layer}` declares no CRS and {what} "
            f"(first coordinate {first}). Give `source_crs`, e.g. 4549 or zone {40}.",
            zh=(
                f"{raw.source}:图层 {raw.layer} 未声明坐标系,且{what_zh}(首个坐标 {first})。"
                "请给出 source_crs,如 4549 或带号 40。"
            ),
        )
    return found, Note(
        "crs_recognised",
        f"{raw.source} 未声明坐标系,由坐标数值判断为 {found.name}。",
        f"{raw.source} declares no CRS; its coordinates read as {found.name}. "
        "Give `source_crs` if that is wrong.",
        "info" if is_geographic(found) else "warning",
    )


def _require_placeable(raw: RawLayer) -> None:
    crs = pyproj.CRS(raw.frame.crs)
    try:
        pyproj.Transformer.from_crs(crs, 4326, always_xy=True)
    except pyproj.exceptions.ProjError as error:
        raise CRSError(
            f"{raw.source}: its CRS ({crs.name}) cannot be placed on Earth: {error} A city's own "
            "local system needs the survey office's parameters; ask for the data in CGCS2000.",
            zh=(
                f"{raw.source}:其坐标系({crs.name})无法定位到地球:{error} 地方独立坐标系需"
                "要测绘部门的转换参数;请索取 CGCS2000 成果。"
            ),
        ) from error


def _contradicted(frame: gpd.GeoDataFrame) -> bool:
    """Say whether coordinates cannot be in the CRS that their file declares.

    Metres declared as degrees, and degrees declared as metres: then the place they would mean lies
    outside the area for which the CRS is made, while as degrees they are a place on Earth.
    """
    crs = pyproj.CRS(frame.crs)
    xy = shapely.get_coordinates(frame.geometry.to_numpy())
    xy = xy[np.isfinite(xy).all(axis=1)]
    if not len(xy):
        return False
    x, y = (float(value) for value in np.median(xy, axis=0))
    if is_geographic(crs):
        return abs(x) > FULL_CIRCLE_DEG or abs(y) > FULL_CIRCLE_DEG
    area = crs.area_of_use
    if area is None or abs(x) > 180 or abs(y) > 180 or min(abs(x), abs(y)) > 90:
        return False
    lon, lat = pyproj.Transformer.from_crs(crs, 4326, always_xy=True).transform(x, y)
    return not (
        area.west - AREA_MARGIN_DEG <= lon <= area.east + AREA_MARGIN_DEG
        and area.south - AREA_MARGIN_DEG <= lat <= area.north + AREA_MARGIN_DEG
    )


def _wrong_declaration(raw: RawLayer) -> Note:
    name = raw.frame.crs.name
    return Note(
        "crs_contradicted",
        f"{raw.source} 声明为 {name},但坐标数值与之矛盾,已不采用该声明。",
        f"{raw.source} declares {name}, but its coordinates contradict that; the declaration is "
        "not used.",
        "warning",
    )


def _with_right_axes(raw: RawLayer) -> RawLayer:
    geometry = raw.frame.geometry.to_numpy()
    bounds = shapely.bounds(geometry)
    finite = np.isfinite(bounds).all(axis=1)
    swapped = np.zeros(len(geometry), dtype=bool)
    middle = (bounds[finite, :2] + bounds[finite, 2:]) / 2
    swapped[finite] = swapped_rows(middle, degrees=is_geographic(raw.frame.crs))
    if not swapped.any():
        return raw
    righted = geometry.copy()
    righted[swapped] = shapely.transform(geometry[swapped], _turn)
    rows = raw.frame.index[swapped]
    note = Note(
        "axes_swapped",
        f"{raw.source}:{len(rows)} 行坐标轴颠倒(纬度在前),已对调,例如 {rows[0]}。",
        f"{raw.source}: in {len(rows)} rows latitude (or northing) stood first; the axes were "
        f"turned, e.g. row {rows[0]}.",
        "warning",
    )
    frame = raw.frame.set_geometry(gpd.GeoSeries(righted, index=raw.frame.index, crs=raw.frame.crs))
    repairs = (*raw.repairs, *(Repair(str(row), "axes_swapped") for row in rows))
    return replace(raw, frame=frame, repairs=repairs, notes=(*raw.notes, note))


def _turn(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return xy[:, ::-1]


def _unshifted(raw: RawLayer, declared: Declared) -> RawLayer:
    given = declared.shifted.get(raw.layer, declared.shifted.get(EVERY_LAYER))
    source = given or raw.shifted
    if source is None or not len(raw.frame):
        return raw
    degrees = raw.frame if is_geographic(raw.frame.crs) else raw.frame.to_crs(4326)
    geometry = shift_geometry(degrees.geometry.to_numpy(), source)
    frame = degrees.set_geometry(gpd.GeoSeries(geometry, index=degrees.index, crs=degrees.crs))
    note = Note(
        f"{source}_converted",
        f"{raw.source}:{source.upper()} 坐标已按声明转换为 WGS 84(误差约 1 米)。",
        f"{raw.source}: coordinates declared as {source.upper()} were converted to WGS 84 "
        "(right to about 1 m).",
    )
    return replace(raw, frame=frame, notes=(*raw.notes, note))
