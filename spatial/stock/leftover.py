"""Leftover land, computed: what of a neighbourhood's cell nothing known stands on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.city.model import City
from spatial.city.neighbourhoods.model import Neighbourhoods
from spatial.city.report import Note
from spatial.cores import in_order, slices
from spatial.progress import Progress, silent
from spatial.standards.parameters import ParameterSet
from spatial.stock.detect.ground import elongation, frontage_m, slopes, street_bands
from spatial.stock.detect.pool import Pool, Threshold, kept_rows

__all__ = [
    "Leftover",
    "cut_free",
    "inscribed_diameter_m",
    "leftover_land",
    "leftover_pool",
    "occupied",
    "opened",
]

Geometries = npt.NDArray[np.object_]
GRID_M = 1e-6
"""Grid on which an overlay is tried again."""
CHUNK = 100
"""Cells cut together by one core."""
POLYGONS = (3, 6)
CIRCLE_TOLERANCE_SHARE = 0.05
"""The inscribed circle is found to this share of the least diameter asked for."""
SMALLEST_SHARE: Final = 0.5
LARGEST_TIMES: Final = 2.0
THRESHOLDS: Final = (
    Threshold("min_area_m2", "area_m2", "at_least"),
    Threshold("max_area_m2", "area_m2", "at_most"),
    Threshold("min_circle_m", "circle_m", "at_least"),
    Threshold("max_slope_share", "slope_share", "at_most"),
    Threshold("max_elongation", "strip_elongation", "at_most"),
    Threshold("max_elongation_wide", "wide_elongation", "at_most"),
    Threshold("min_frontage_m", "frontage_asked_m", "at_least"),
    Threshold("max_front_share", "front_share", "at_most"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Leftover:
    """Pieces of leftover land, and what must be said about them."""

    frame: gpd.GeoDataFrame
    notes: tuple[Note, ...]


def leftover_land(
    city: City,
    neighbourhoods: Neighbourhoods,
    parameters: ParameterSet,
    *,
    taken: Geometries | None = None,
    progress: Progress = silent,
) -> Leftover:
    """Cut everything known out of each cell, and keep the pieces that are of use.

    That is :func:`leftover_pool`, and of it what passes all thresholds.
    """
    pool = leftover_pool(city, neighbourhoods, parameters, taken=taken, progress=progress)
    kept = pool.frame[kept_rows(pool, parameters)]
    kept = kept.assign(evidence=pd.array(pool.words(kept)[0], dtype="string"))
    return Leftover(kept, pool.notes)


def leftover_pool(
    city: City,
    neighbourhoods: Neighbourhoods,
    parameters: ParameterSet,
    *,
    taken: Geometries | None = None,
    blocked: Geometries | None = None,
    progress: Progress = silent,
) -> Pool:
    """Cut everything known out of each cell, and measure the pieces.

    Parameters
    ----------
    city : City
    neighbourhoods : Neighbourhoods
        ``cells`` to cut, ``frame`` with the parcels: land inside a given parcel is the owners'
        common land. Land between parcels has an unknown owner, and so has land inside an outline
        that was delineated or buffered: that is no red line.
    parameters : ParameterSet
        Room ``stock``.
    taken : array of geometry, optional
        Stock that is known already, e.g. registered land; cut out too.
    blocked : array of geometry, optional
        What :func:`occupied` gathers, where it is at hand.
    progress : Progress

    Returns
    -------
    Pool
        Rows of results.stock, indexed ``left:<neighbourhood>:<number>``, the largest piece of a
        neighbourhood first. A piece is free of parts narrower than ``min_width_m`` (morphological
        opening [1]_). Its thresholds ask for a circle of ``min_circle_m``, for ``min_area_m2``
        and at most ``max_area_m2``, for ``min_frontage_m`` of street where it lies outside every
        parcel, for a slope of at most ``max_slope_share``, for ``max_elongation`` (where it is
        ``wide_enough_m``, for ``max_elongation_wide``), and for ``max_front_share``. Pieces down to
        half of the least and up to twice the largest area are measured, so that one sees what
        other thresholds would keep.

    Notes
    -----
    A cell without any mapped building is left out and noted: nothing drawn does not mean nothing
    there. So is a cell with a building known as a point only: its footprint is not known. So are
    pieces above ``max_area_m2``.

    References
    ----------
    .. [1] J. Serra (1982), Image Analysis and Mathematical Morphology, Academic Press.
    """
    cells = neighbourhoods.cells.geometry.to_numpy()
    built = np.zeros(len(cells), dtype=bool)
    houses = city.layer("buildings").geometry.to_numpy()
    if len(houses):
        drawn = shapely.get_dimensions(houses) == 2
        house, cell = shapely.STRtree(cells).query(houses, predicate="intersects")
        built[cell[drawn[house]]] = True
        built[cell[~drawn[house]]] = False  # a point hides how much ground its building covers
    blocked = occupied(city, parameters) if blocked is None else blocked
    if taken is not None:
        blocked = np.concatenate([blocked, taken[shapely.get_dimensions(taken) == 2]])
    parcels = neighbourhoods.frame.geometry.reindex(neighbourhoods.cells.index).to_numpy()
    tree = shapely.STRtree(blocked)
    tree.query(shapely.Point(0, 0))  # it must be complete before threads ask it

    def cut(rows: npt.NDArray[np.int64]) -> tuple[Geometries, npt.NDArray[np.int64]]:
        free = cut_free(cells[rows], blocked, tree)
        inside = shapely.intersection(free, parcels[rows])
        between = shapely.difference(free, parcels[rows])
        return opened(np.concatenate([inside, between]), parameters["min_width_m"])

    rows = np.flatnonzero(built)
    chunks = [rows[part] for part in slices(len(rows), CHUNK)]
    pieces, cell = np.empty(0, dtype=object), np.empty(0, dtype=np.int64)
    within = np.empty(0, dtype=bool)
    found = [(pieces, cell, within)]
    for some, (made, owner) in zip(chunks, in_order(cut, chunks), strict=True):
        found.append((made, some[owner % len(some)], owner < len(some)))
        progress("stock", 0.8 * len(found) / (len(chunks) + 1))
    pieces, cell, within = (np.concatenate(part) for part in zip(*found, strict=True))
    area_m2 = shapely.area(pieces)
    too_large = int((area_m2 > parameters["max_area_m2"]).sum())
    looked = area_m2 >= SMALLEST_SHARE * parameters["min_area_m2"]
    looked &= area_m2 <= LARGEST_TIMES * parameters["max_area_m2"]
    frame = _frame(neighbourhoods, pieces[looked], cell[looked], within[looked], parameters)
    shapes = frame.geometry.to_numpy()
    inside = frame["inside_red_line"].fillna(value=True).to_numpy(dtype=bool)
    frame["frontage_m"] = frontage_m(
        shapes, street_bands(city, parameters, fronts=True), reach_m=parameters["frontage_reach_m"]
    )
    # a narrow strip is a verge or lies between two slabs; a wide one may be longer, up to a point
    wide = (frame["circle_m"] >= parameters["wide_enough_m"]).to_numpy()
    frame["strip_elongation"] = frame["elongation"].where(~wide, np.nan)
    frame["wide_elongation"] = frame["elongation"].where(wide, np.nan)
    frame["front_share"] = frame["frontage_m"] / np.maximum(shapely.length(shapes), 1e-9)
    # a yard inside a parcel needs no street; a piece between parcels is a verge without one
    frame["frontage_asked_m"] = frame["frontage_m"].where(~inside, np.nan)
    frame["slope_share"] = slopes(shapes, city)
    frame["built_share"] = _built_share(shapes, houses, parameters["built_near_m"])
    progress("stock", 1.0)
    return Pool(
        "leftover",
        frame,
        measures=(
            "area_m2",
            "circle_m",
            "frontage_m",
            "slope_share",
            "elongation",
            "built_share",
            "front_share",
        ),
        thresholds=THRESHOLDS,
        words=partial(_words, clearance_m=parameters["building_clearance_m"]),
        notes=_notes(int((~built).sum()), too_large, parameters),
    )


def occupied(city: City, parameters: ParameterSet) -> Geometries:
    """Gather what nothing new can stand on: buildings, streets, water, used land, walls."""
    streets, half_m = street_bands(city, parameters)
    water = city.layer("water")
    water = water[(water["layer"].fillna(0) >= 0).to_numpy(dtype=bool)]
    drawn = shapely.get_dimensions(water.geometry.to_numpy()) == 2
    wet_m = water["width_m"].fillna(parameters["water_line_width_m"]).to_numpy(dtype=float) / 2
    rail = city.layer("railways")
    rail = rail[(rail["structure"] != "tunnel").to_numpy(dtype=bool, na_value=True)]
    land_use = city.layer("land_use")
    used = land_use["use"].isin(parameters["used_land"]).to_numpy(dtype=bool)
    places = city.layer("facilities").geometry.to_numpy()
    buildings = city.layer("buildings")
    standing = buildings[
        (buildings["lifecycle"] != "demolished").to_numpy(dtype=bool, na_value=True)
    ]
    parts = (
        _around(standing.geometry.to_numpy(), parameters["building_clearance_m"]),
        _around(streets, half_m),
        _around(
            water.geometry.to_numpy(),
            np.where(drawn, 0.0, wet_m) + parameters["water_clearance_m"],
        ),
        _around(rail.geometry.to_numpy(), parameters["railway_clearance_m"]),
        _around(city.layer("barriers").geometry.to_numpy(), parameters["wall_clearance_m"]),
        land_use.geometry.to_numpy()[used],
        places[np.isin(shapely.get_type_id(places), POLYGONS)],
    )
    return np.concatenate(parts)


def inscribed_diameter_m(polygons: Geometries, *, tolerance_m: float) -> npt.NDArray[np.float64]:
    """Diameter of the largest circle inside each polygon; 0 for lines and points.

    Examples
    --------
    >>> square = np.array([shapely.box(0, 0, 20, 20)])
    >>> inscribed_diameter_m(square, tolerance_m=0.1).round().tolist()
    [20.0]
    """
    diameter_m = np.zeros(len(polygons))
    areal = shapely.get_dimensions(polygons) == 2
    if areal.any():
        radius = shapely.maximum_inscribed_circle(polygons[areal], tolerance=tolerance_m)
        diameter_m[areal] = 2 * shapely.length(radius)
    return diameter_m


def _around(geometry: Geometries, distance_m: float | npt.NDArray[np.float64]) -> Geometries:
    """Outlines at a distance; a few corners a quarter are enough, rounded outwards."""
    buffered: Geometries = shapely.buffer(geometry, distance_m, quad_segs=3)
    return buffered


def cut_free(cells: Geometries, blocked: Geometries, tree: shapely.STRtree) -> Geometries:
    """Cut out of each cell whatever of `blocked` touches it (`tree` is of `blocked`)."""
    place, hit = tree.query(cells, predicate="intersects")
    order = np.lexsort((hit, place))
    place, hit = place[order], hit[order]
    bounds = np.searchsorted(place, np.arange(len(cells) + 1))
    free = cells.copy()
    for row in range(len(cells)):
        here = blocked[hit[bounds[row] : bounds[row + 1]]]
        if len(here):
            free[row] = shapely.difference(cells[row], shapely.union_all(here))
    return free


def _shared(first: Geometries, second: Geometries) -> Geometries:
    """Intersect row by row; where the overlay fails on nearly equal lines, on a micrometre grid."""
    try:
        return np.asarray(shapely.intersection(first, second), dtype=object)
    except shapely.errors.GEOSException:
        shared = np.empty(len(first), dtype=object)
        for row, pair in enumerate(zip(first, second, strict=True)):
            try:
                shared[row] = shapely.intersection(*pair)
            except shapely.errors.GEOSException:
                shared[row] = shapely.intersection(*pair, grid_size=GRID_M)
        return shared


def opened(free: Geometries, width_m: float) -> tuple[Geometries, npt.NDArray[np.int64]]:
    """Pieces without their narrow parts, and the row that each comes from."""
    core = shapely.buffer(free, -width_m / 2, join_style="mitre")
    grown = _shared(shapely.buffer(core, width_m / 2, quad_segs=4), free)
    parts, owner = shapely.get_parts(grown, return_index=True)
    areal = shapely.get_type_id(parts) == 3
    return parts[areal], owner[areal].astype(np.int64)


def _frame(
    neighbourhoods: Neighbourhoods,
    pieces: Geometries,
    cell: npt.NDArray[np.int64],
    within: npt.NDArray[np.bool_],
    parameters: ParameterSet,
) -> gpd.GeoDataFrame:
    area_m2 = shapely.area(pieces)
    x, y = shapely.get_coordinates(shapely.centroid(pieces)).T if len(pieces) else ([], [])
    order = np.lexsort((np.round(y, 3), np.round(x, 3), -np.round(area_m2, 3), cell))
    pieces, cell, within, area_m2 = pieces[order], cell[order], within[order], area_m2[order]
    circle_m = inscribed_diameter_m(
        pieces, tolerance_m=CIRCLE_TOLERANCE_SHARE * parameters["min_circle_m"]
    )
    place = neighbourhoods.cells.index[cell]
    number = pd.Series(cell).groupby(cell).cumcount().to_numpy() + 1
    surveyed = (neighbourhoods.frame["derived"].reindex(place) == "given").to_numpy(dtype=bool)
    red_line = pd.Series(within, dtype="boolean").mask(~surveyed).array
    index = pd.Index(
        [f"left:{key}:{n}" for key, n in zip(place, number, strict=True)], dtype="str", name="id"
    )
    return gpd.GeoDataFrame(
        {
            "source": "leftover",
            "asset_type": "land",
            "kind": "small_piece",
            "ownership": np.where(within & surveyed, "owners_common", "unknown"),
            "land_m2": pd.array(area_m2, dtype="Float64"),
            "inscribed_m": pd.array(circle_m, dtype="Float64"),
            "neighbourhood_id": pd.array(place, dtype="string"),
            "inside_red_line": red_line,
            "area_m2": area_m2,
            "circle_m": circle_m,
            "elongation": elongation(area_m2, circle_m),
        },
        index=index,
        geometry=pieces,
        crs=neighbourhoods.cells.crs,
    )


def _built_share(shapes: Geometries, houses: Geometries, near_m: float) -> npt.NDArray[np.float64]:
    """Share of the surroundings that buildings cover: a courtyard has them on all sides."""
    around = shapely.box(*_widened(shapely.bounds(shapes), near_m).T)
    ground_m2 = shapely.area(around) - shapely.area(shapes)
    tree = shapely.STRtree(houses)
    shape, house = tree.query(around)
    west, south, east, north = shapely.bounds(around[shape]).T
    low = shapely.bounds(houses[house])
    # by boxes: near enough for a share, and a hundred times sooner than by outlines
    wide = np.clip(np.minimum(east, low[:, 2]) - np.maximum(west, low[:, 0]), 0, None)
    tall = np.clip(np.minimum(north, low[:, 3]) - np.maximum(south, low[:, 1]), 0, None)
    whole = (low[:, 2] - low[:, 0]) * (low[:, 3] - low[:, 1])
    filled = shapely.area(houses[house]) / np.maximum(whole, 1e-9)
    covered = np.bincount(shape, wide * tall * filled, minlength=len(shapes))
    return np.clip(covered / np.maximum(ground_m2, 1e-9), 0.0, 1.0)


def _widened(bounds: npt.NDArray[np.float64], by_m: float) -> npt.NDArray[np.float64]:
    return bounds + np.array([-by_m, -by_m, by_m, by_m])


def _words(rows: gpd.GeoDataFrame, *, clearance_m: float) -> tuple[list[str], list[str]]:
    """Say where each piece lies and how large it is."""
    surveyed = rows["inside_red_line"].notna().to_numpy()
    inside = rows["inside_red_line"].fillna(value=False).to_numpy(dtype=bool)
    side_zh = np.where(inside, "小区用地内", "小区用地之间")
    side_zh = np.where(surveyed, side_zh, "小区界线为推定,红线不详")
    side_en = np.where(inside, "inside the parcel", "between parcels")
    side_en = np.where(surveyed, side_en, "boundary derived, red line not known")
    figures = list(
        zip(rows["area_m2"], rows["circle_m"], rows["frontage_m"], rows["slope_share"], strict=True)
    )
    zh = [
        f"推算余地:{side},距建筑不小于 {clearance_m:g} m,面积 {area:.0f} m²,"
        f"内切圆直径 {circle:.0f} m,临街 {front:.0f} m"
        + ("" if np.isnan(slope) else f",坡度 {100 * slope:.0f} %")
        for side, (area, circle, front, slope) in zip(side_zh, figures, strict=True)
    ]
    en = [
        f"leftover: {side}, at least {clearance_m:g} m from buildings, {area:.0f} m², "
        f"largest circle {circle:.0f} m across, {front:.0f} m of street front"
        + ("" if np.isnan(slope) else f", slope {100 * slope:.0f} %")
        for side, (area, circle, front, slope) in zip(side_en, figures, strict=True)
    ]
    return zh, en


def _notes(unbuilt: int, too_large: int, parameters: ParameterSet) -> tuple[Note, ...]:
    notes = []
    if unbuilt:
        notes.append(
            Note(
                "leftover_no_buildings",
                f"{unbuilt} 个小区单元内没有已测绘轮廓的建筑,未推算余地。",
                f"{unbuilt} cells hold no building with a mapped outline; no leftover land there.",
            )
        )
    if too_large:
        limit = f"{parameters['max_area_m2']:g} m²"
        notes.append(
            Note(
                "leftover_too_large",
                f"{too_large} 块余地大于 {limit},更可能是用途未测绘的土地,未列入。",
                f"{too_large} pieces above {limit} are rather land of unmapped use; left out.",
            )
        )
    return tuple(notes)
