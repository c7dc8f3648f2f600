"""Making geometries usable: each row is kept, mended (and said how) or refused (and said why)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from spatial.city.raw import RawLayer
from spatial.city.report import Refusal, Repair
from spatial.dictionary import LayerSpec

__all__ = ["Repaired", "repair_layer"]

Geometries = npt.NDArray[np.object_]
Rows = npt.NDArray[np.bool_]

DIMENSION: Final = {"point": 0, "line": 1, "polygon": 2}
WANTED: Final = {0: "a point", 1: "a line", 2: "a polygon"}


@dataclass(frozen=True, slots=True, eq=False)
class Repaired:
    """Usable rows of a layer in the metric zone, and what became of the others."""

    frame: gpd.GeoDataFrame
    repairs: tuple[Repair, ...]
    refusals: tuple[Refusal, ...]
    merged: int


@dataclass(slots=True)
class _Sheet:
    """Working state of one layer: geometries by row, rows still alive, and the log."""

    names: npt.NDArray[np.object_]
    geometry: Geometries
    alive: Rows
    repairs: list[Repair] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    def refuse(self, rows: Rows, why: str, detail: str) -> None:
        """Take rows out, each with the reason."""
        rows = rows & self.alive
        self.refusals.extend(Refusal(str(name), why, detail) for name in self.names[rows])
        self.alive = self.alive & ~rows
        self.geometry[rows] = None

    def mend(self, rows: Rows, mended: Geometries, what: str, *, areas: bool = False) -> None:
        """Replace geometries of rows, and note it."""
        places = np.flatnonzero(rows & self.alive)
        before, after = shapely.area(self.geometry[places]), shapely.area(mended[places])
        for place, was_m2, is_m2 in zip(places, before, after, strict=True):
            sizes = (float(was_m2), float(is_m2)) if areas else (None, None)
            self.repairs.append(Repair(str(self.names[place]), what, *sizes))
        self.geometry[places] = mended[places]


def repair_layer(raw: RawLayer, spec: LayerSpec, zone: pyproj.CRS) -> Repaired:
    """Bring one raw layer into the metric zone and make every row usable, or refuse it.

    Parameters
    ----------
    raw : RawLayer
        With a CRS.
    spec : LayerSpec
        What the data dictionary says of the layer.
    zone : CRS
        The city's metric zone.

    Returns
    -------
    Repaired
        The frame is indexed by unique text ids; ``len(raw.frame) == len(frame) +
        len(refusals) + merged``.
    """
    frame = raw.frame
    sheet = _Sheet(
        names=frame.index.to_numpy(dtype=object),
        geometry=frame.geometry.to_numpy().copy(),
        alive=np.ones(len(frame), dtype=bool),
    )
    _require_coordinates(sheet)
    _project(sheet, frame.crs, zone)
    dimension = DIMENSION.get(spec.geometry)
    if raw.layer == "facilities":
        land_m2 = _places_and_grounds(sheet)
        if "land_m2" in frame.columns or np.isfinite(land_m2).any():
            frame = _with_land(frame, land_m2)
    elif dimension is None:
        _make_valid(sheet, None)
    else:
        _fit_dimension(sheet, dimension)
        _make_valid(sheet, dimension)
    merged = _settle_ids(sheet, frame)
    kept = frame[sheet.alive]
    index = pd.Index(sheet.names[sheet.alive].astype(str), dtype="str", name="id")
    table = pd.DataFrame(kept.drop(columns=kept.geometry.name))
    table.index = index
    usable = gpd.GeoDataFrame(
        table, geometry=gpd.GeoSeries(sheet.geometry[sheet.alive], index=index, crs=zone), crs=zone
    )
    return Repaired(usable, tuple(sheet.repairs), tuple(sheet.refusals), merged)


def _require_coordinates(sheet: _Sheet) -> None:
    geometry = sheet.geometry
    empty = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    sheet.refuse(empty, "empty_geometry", "The row has no geometry. Draw it, or leave the row out.")
    sheet.geometry = shapely.force_2d(sheet.geometry)
    origin = shapely.get_dimensions(sheet.geometry) == 0
    origin &= (shapely.get_x(sheet.geometry) == 0) & (shapely.get_y(sheet.geometry) == 0)
    sheet.refuse(
        origin,
        "zero_coordinates",
        "Both coordinates are 0, which stands for an unknown place. Look the place up.",
    )
    bounds = shapely.bounds(sheet.geometry)
    sheet.refuse(
        ~np.isfinite(bounds).all(axis=1) | _has_nan(sheet.geometry),
        "not_finite",
        "A coordinate is NaN or infinite. Correct it in the source.",
    )


def _has_nan(geometry: Geometries) -> Rows:
    """``bounds`` passes over a NaN among finite numbers, so every coordinate is looked at."""
    coordinates, owner = shapely.get_coordinates(geometry, return_index=True)
    bad = np.zeros(len(geometry), dtype=bool)
    bad[owner[~np.isfinite(coordinates).all(axis=1)]] = True
    return bad


def _project(sheet: _Sheet, crs: pyproj.CRS, zone: pyproj.CRS) -> None:
    places = np.flatnonzero(sheet.alive)
    if pyproj.CRS(crs) != zone:
        series = gpd.GeoSeries(sheet.geometry[places], crs=crs).to_crs(zone)
        sheet.geometry[places] = series.to_numpy()
    bad = np.zeros(len(sheet.alive), dtype=bool)
    bad[places] = _has_nan(sheet.geometry[places])
    sheet.refuse(
        bad,
        "outside_projection",
        f"The place cannot be drawn in {zone.name}; check its coordinates and the declared CRS.",
    )


def _fit_dimension(sheet: _Sheet, wanted: int) -> None:
    """Turn rings into polygons, outlines into lines, and mixed collections into their parts."""
    _unmix(sheet, wanted)
    dimension = shapely.get_dimensions(sheet.geometry)
    if wanted == 2:
        rings = (dimension == 1) & shapely.is_closed(sheet.geometry) & _single(sheet.geometry)
        rings &= shapely.get_num_coordinates(sheet.geometry) > 3
        _mend_by(
            sheet,
            rings,
            lambda g: shapely.polygons(shapely.linearrings(_ring_xy(g))),
            "closed_ring",
        )
    elif wanted == 1:
        _mend_by(sheet, dimension == 2, shapely.boundary, "outline_taken")
    else:
        _mend_by(sheet, dimension > 0, shapely.point_on_surface, "point_inside_taken")
        several = shapely.get_type_id(sheet.geometry) == 4
        _mend_by(sheet, several, shapely.centroid, "multipoint_centre")
    wrong = shapely.get_dimensions(sheet.geometry) != wanted
    sheet.refuse(
        wrong,
        "wrong_geometry",
        f"This layer needs {WANTED[wanted]}; the row is another kind. Move it to a fitting layer.",
    )


def _ring_xy(geometry: Any) -> Any:
    return shapely.get_coordinates(geometry)


def _single(geometry: Geometries) -> Rows:
    return shapely.get_num_geometries(geometry) == 1


def _mend_by(sheet: _Sheet, rows: Rows, change: Any, what: str) -> None:
    rows = rows & sheet.alive
    if not rows.any():
        return
    mended = sheet.geometry.copy()
    for place in np.flatnonzero(rows):  # rare: only rows that are at fault
        mended[place] = change(sheet.geometry[place])
    sheet.mend(rows, mended, what)


def _unmix(sheet: _Sheet, wanted: int | None) -> None:
    mixed = shapely.get_type_id(sheet.geometry) == 7
    if not mixed.any():
        return
    parts = sheet.geometry.copy()
    parts[mixed] = [_parts(geometry, wanted) for geometry in sheet.geometry[mixed]]
    hopeless = mixed & shapely.is_empty(parts)
    detail = "The collection holds nothing that fits this layer. Move its parts to fitting ones."
    sheet.refuse(hopeless, "wrong_geometry", detail)
    sheet.mend(mixed & ~hopeless, parts, "mixed_geometry_parts")


def _parts(geometry: Any, wanted: int | None) -> Any:
    """Return the parts of one dimension (the highest there is, if none is asked for) as one."""
    parts = shapely.get_parts(shapely.get_parts(geometry))
    while (shapely.get_type_id(parts) == 7).any():
        parts = shapely.get_parts(parts)
    dimension = shapely.get_dimensions(parts)
    if wanted is None:
        wanted = int(dimension.max(initial=0))
    fitting = parts[dimension == wanted]
    if wanted == 2:
        return shapely.union_all(fitting) if len(fitting) else shapely.Polygon()
    if wanted == 1:
        return (
            shapely.multilinestrings(shapely.get_parts(fitting))
            if len(fitting)
            else shapely.LineString()
        )
    return fitting[0] if len(fitting) else shapely.Point()


def _make_valid(sheet: _Sheet, wanted: int | None) -> None:
    _unmix(sheet, wanted)
    broken = ~shapely.is_valid(sheet.geometry) & sheet.alive
    areal = broken & (shapely.get_dimensions(sheet.geometry) == 2)
    if areal.any():
        mended = sheet.geometry.copy()
        mended[areal] = shapely.make_valid(
            sheet.geometry[areal], method="structure", keep_collapsed=False
        )
        mended[areal] = [
            _parts(g, 2) if g.geom_type == "GeometryCollection" else g for g in mended[areal]
        ]
        usable = areal & ~shapely.is_empty(mended) & (shapely.area(mended) > 0)
        sheet.mend(usable, mended, "invalid_polygon", areas=True)
    dimension = shapely.get_dimensions(sheet.geometry)
    sheet.refuse(
        (dimension == 2) & ~(shapely.is_valid(sheet.geometry) & (shapely.area(sheet.geometry) > 0)),
        "zero_area",
        "The polygon covers no area. Draw it again, or leave the row out.",
    )
    sheet.refuse(
        (dimension == 1) & ~(shapely.length(sheet.geometry) > 0),
        "zero_length",
        "The line begins and ends in one point. Draw it again, or leave the row out.",
    )
    if wanted is None:
        _mend_by(
            sheet, shapely.get_type_id(sheet.geometry) == 4, shapely.centroid, "multipoint_centre"
        )


def _places_and_grounds(sheet: _Sheet) -> npt.NDArray[np.float64]:
    """Keep points and areas, replace lines by their middle; return the areas in m², else NaN."""
    _make_valid(sheet, None)
    dimension = shapely.get_dimensions(sheet.geometry)
    lines = (dimension == 1) & sheet.alive
    sheet.geometry[lines] = [_middle(line) for line in sheet.geometry[lines]]
    return np.where((dimension == 2) & sheet.alive, shapely.area(sheet.geometry), np.nan)


def _middle(line: Any) -> Any:
    parts = shapely.get_parts(line)
    longest = parts[np.argmax(shapely.length(parts))]
    return shapely.line_interpolate_point(longest, 0.5, normalized=True)


def _with_land(frame: gpd.GeoDataFrame, land_m2: npt.NDArray[np.float64]) -> gpd.GeoDataFrame:
    """Fill in the land area of OSM facilities that are drawn as grounds, not as a building."""
    if "tags" not in frame.columns:
        return frame
    grounds = np.array(
        [isinstance(t, dict) and "building" not in t for t in frame["tags"]], dtype=bool
    )
    measured = pd.Series(np.where(grounds, land_m2, np.nan), index=frame.index).round(1)
    given = frame["land_m2"] if "land_m2" in frame.columns else pd.Series(np.nan, index=frame.index)
    filled = np.where(given.isna(), measured, pd.to_numeric(given, errors="coerce"))
    return frame.assign(land_m2=filled)


def _settle_ids(sheet: _Sheet, frame: gpd.GeoDataFrame) -> int:
    """Refuse rows whose id was there before; drop those that are the same in everything."""
    names = pd.Series(sheet.names)
    missing = names.isna().to_numpy() | (names.astype(str).str.strip() == "").to_numpy()
    for place in np.flatnonzero(missing & sheet.alive):
        sheet.names[place] = f"row {place + 1}"
        sheet.repairs.append(Repair(f"row {place + 1}", "missing_id"))
    again = np.zeros(len(names), dtype=bool)
    again[sheet.alive] = pd.Series(sheet.names[sheet.alive]).duplicated().to_numpy()
    if not again.any():
        return 0
    shapes = pd.Series(shapely.to_wkb(sheet.geometry), dtype=object)
    attributes = pd.DataFrame(frame.drop(columns=frame.geometry.name)).reset_index(drop=True)
    content = attributes.astype(str).assign(_id=sheet.names, _shape=shapes)
    same = content.duplicated().to_numpy() & again
    sheet.alive = sheet.alive & ~same
    sheet.refuse(
        again,
        "duplicate_id",
        "An earlier row has the same id but other content. Give every row its own id.",
    )
    return int(same.sum())
