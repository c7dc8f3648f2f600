"""Leftover land, computed: what of a neighbourhood's cell nothing known stands on."""

from __future__ import annotations

from dataclasses import dataclass

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

__all__ = ["Leftover", "inscribed_diameter_m", "leftover_land", "occupied"]

Geometries = npt.NDArray[np.object_]
GRID_M = 1e-6
"""Grid on which an overlay is tried again."""
CHUNK = 100
"""Cells cut together by one core."""
POLYGONS = (3, 6)
CIRCLE_TOLERANCE_SHARE = 0.05
"""The inscribed circle is found to this share of the least diameter asked for."""


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
    progress : Progress

    Returns
    -------
    Leftover
        Rows of results.stock, indexed ``left:<neighbourhood>:<number>``, the largest piece of a
        neighbourhood first. A piece is free of parts narrower than ``min_width_m`` (morphological
        opening [1]_), holds a circle of ``min_circle_m`` and has ``min_area_m2``.

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
    blocked = occupied(city, parameters)
    if taken is not None:
        blocked = np.concatenate([blocked, taken[shapely.get_dimensions(taken) == 2]])
    parcels = neighbourhoods.frame.geometry.reindex(neighbourhoods.cells.index).to_numpy()
    tree = shapely.STRtree(blocked)
    tree.query(shapely.Point(0, 0))  # it must be complete before threads ask it

    def cut(rows: npt.NDArray[np.int64]) -> tuple[Geometries, npt.NDArray[np.int64]]:
        free = _cut(cells[rows], blocked, tree)
        inside = shapely.intersection(free, parcels[rows])
        between = shapely.difference(free, parcels[rows])
        return _opened(np.concatenate([inside, between]), parameters["min_width_m"])

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
    too_large = area_m2 > parameters["max_area_m2"]
    keep = (area_m2 >= parameters["min_area_m2"]) & ~too_large
    circle_m = np.zeros(len(pieces))
    circle_m[keep] = inscribed_diameter_m(
        pieces[keep], tolerance_m=CIRCLE_TOLERANCE_SHARE * parameters["min_circle_m"]
    )
    keep &= circle_m >= parameters["min_circle_m"]
    frame = _frame(
        neighbourhoods, pieces[keep], cell[keep], within[keep], circle_m[keep], parameters
    )
    progress("stock", 1.0)
    return Leftover(frame, _notes(int((~built).sum()), int(too_large.sum()), parameters))


def occupied(city: City, parameters: ParameterSet) -> Geometries:
    """Gather what nothing new can stand on: buildings, streets, water, used land, walls."""
    streets = city.layer("streets")
    ground = streets["layer"].fillna(0).to_numpy(dtype=float) >= 0
    ground &= (streets["structure"] != "tunnel").to_numpy(dtype=bool, na_value=True)
    streets = streets[ground]
    by_class = streets["highway"].map(parameters["street_width_m"]).astype("Float64")
    width_m = streets["width_m"].fillna(by_class).fillna(parameters["default_street_width_m"])
    half_m = width_m.to_numpy(dtype=float) / 2 + parameters["street_margin_m"]
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
        _around(streets.geometry.to_numpy(), half_m),
        _around(water.geometry.to_numpy(), np.where(drawn, 0.0, wet_m)),
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


def _cut(cells: Geometries, blocked: Geometries, tree: shapely.STRtree) -> Geometries:
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


def _opened(free: Geometries, width_m: float) -> tuple[Geometries, npt.NDArray[np.int64]]:
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
    circle_m: npt.NDArray[np.float64],
    parameters: ParameterSet,
) -> gpd.GeoDataFrame:
    area_m2 = shapely.area(pieces)
    x, y = shapely.get_coordinates(shapely.centroid(pieces)).T if len(pieces) else ([], [])
    order = np.lexsort((np.round(y, 3), np.round(x, 3), -np.round(area_m2, 3), cell))
    pieces, cell, within = pieces[order], cell[order], within[order]
    area_m2, circle_m = area_m2[order], circle_m[order]
    place = neighbourhoods.cells.index[cell]
    number = pd.Series(cell).groupby(cell).cumcount().to_numpy() + 1
    surveyed = (neighbourhoods.frame["derived"].reindex(place) == "given").to_numpy(dtype=bool)
    side_of = np.where(within, "小区用地内", "小区用地之间")
    where = np.where(surveyed, side_of, "小区界线为推定,红线不详")
    red_line = pd.Series(within, dtype="boolean").mask(~surveyed).array
    clearance = f"{parameters['building_clearance_m']:g}"
    evidence = [
        f"推算余地:{side},距建筑不小于 {clearance} m,面积 {area:.0f} m²,内切圆直径 {circle:.0f} m"
        for side, area, circle in zip(where, area_m2, circle_m, strict=True)
    ]
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
            "evidence": pd.array(evidence, dtype="string"),
        },
        index=index,
        geometry=pieces,
        crs=neighbourhoods.cells.crs,
    )


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
