"""Divide one neighbourhood by a line, with its data; sums are kept to the digit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.districting.pooling import Pooling
from spatial.districting.rules import AMOUNTS
from spatial.errors import EditRefusedError
from spatial.plans.divide import cut_faces
from spatial.plans.ground import Ground, Pairs

__all__ = ["Half", "apportioned", "split_unit", "with_halves"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
TINY: Final = 1e-6
LEAST_SHARE: Final = 1e-3
"""A piece with less of the parcel than this is a slip of the pen."""


@dataclass(frozen=True, slots=True)
class Half:
    """One of the two pieces of a divided neighbourhood."""

    id: str
    parent: str
    households: float
    persons: float
    area_m2: float
    share: float
    """Of the residents' floor area (of the land, where no buildings are known)."""
    parcel: shapely.Geometry
    cell: shapely.Geometry

    def facts(self) -> dict[str, float | None]:
        """Return the numbers as plain JSON values."""
        numbers = {
            "households": self.households,
            "persons": self.persons,
            "area_m2": self.area_m2,
            "share": self.share,
        }
        return {key: None if np.isnan(value) else value for key, value in numbers.items()}


def split_unit(
    ground: Ground,
    unit: str,
    line: shapely.LineString,
    buildings: gpd.GeoDataFrame,
    *,
    ids: tuple[str, str],
) -> tuple[Half, Half]:
    """Divide a unit by a line into two, the larger first.

    Households, persons and land are apportioned: people by the residents' floor area on either
    side, land by the parcel's geometry. Households stay whole numbers.

    Parameters
    ----------
    ground : Ground
    unit : str
    line : LineString
        In the ground's metres; its ends are drawn on straight until they leave the neighbourhood.
    buildings : GeoDataFrame
        Geometry and ``floor_area_m2`` of the buildings in which people live.
    ids : tuple of two str
        Of the pieces.

    Raises
    ------
    EditRefusedError
        If the line does not divide the neighbourhood into exactly two.
    """
    row = ground.row_of[unit]
    cell, parcel = ground.cells[row], ground.parcels[row]
    faces = _two_faces(cell, line, parcel, unit)
    parcels = [shapely.intersection(parcel, face) for face in faces]
    land = np.array([shapely.area(one) for one in parcels])
    if (land < LEAST_SHARE * land.sum()).any():
        raise _not_two(unit)
    floor_m2 = _floors_beside(buildings, faces)
    by_floor = floor_m2.sum() > 0
    share = floor_m2 / floor_m2.sum() if by_floor else land / land.sum()
    households = apportioned(float(ground.households[row]), share, whole=True)
    persons = apportioned(float(ground.persons[row]), share, whole=True)
    area_m2 = apportioned(float(ground.area_m2[row]), land / land.sum(), whole=False)
    one, two = (
        Half(
            ids[i],
            unit,
            float(households[i]),
            float(persons[i]),
            float(area_m2[i]),
            float(share[i]),
            parcels[i],
            faces[i],
        )
        for i in (0, 1)
    )
    return one, two


def apportioned(total: float, share: Floats, *, whole: bool) -> Floats:
    """Hand out a number by shares; the parts sum up to it exactly, NaN stays NaN.

    Parameters
    ----------
    total : float
    share : array, shape (k,)
        Sums to 1.
    whole : bool
        All parts but the first are whole numbers (all, where the total is one), by the largest
        remainder.

    Examples
    --------
    >>> apportioned(101.0, np.array([0.5, 0.5]), whole=True).tolist()
    [51.0, 50.0]
    >>> apportioned(0.3, np.array([2 / 3, 1 / 3]), whole=False).sum().item()
    0.3
    """
    if np.isnan(total):
        return np.full(len(share), np.nan)
    if total < TINY:  # too little to be divided: less than a millionth
        return np.r_[total, np.zeros(len(share) - 1)]
    unit = 1.0 if whole else 2.0 ** (np.floor(np.log2(total)) - 40)
    exact = share * total / unit
    parts = np.floor(exact)
    rest = round(np.floor(total / unit) - parts.sum())
    order = np.lexsort((np.arange(len(share)), -(exact - parts)))
    parts[order[:rest]] += 1
    parts *= unit
    parts[0] = total - parts[1:].sum()  # exact: all parts are multiples of one power of two
    return parts


def with_halves(ground: Ground, halves: Sequence[Half]) -> Ground:
    """Return the ground with the pieces of divided units behind the others, not yet alive.

    Pieces share what their neighbourhood misses; what it offers stays with the larger piece.
    Links and boundaries go to the piece that lies along them.
    """
    for at in range(0, len(halves), 2):
        ground = _with_pair(ground, (halves[at], halves[at + 1]))
    return ground


def _with_pair(ground: Ground, halves: tuple[Half, Half]) -> Ground:
    row = ground.row_of[halves[0].parent]
    n = len(ground)
    new = np.array([n, n + 1])
    cells = np.array([half.cell for half in halves], dtype=object)
    parcels = np.array([half.parcel for half in halves], dtype=object)
    people = np.array([[half.households, half.persons] for half in halves])
    land = np.array([half.area_m2 for half in halves])
    share = np.array([half.share for half in halves])
    limited = np.ones((2, len(AMOUNTS)))
    for column in (0, 1):
        known = np.isfinite(people[:, column])
        limited[:, column] = np.where(known, people[:, column], ground.limited[row, column] * share)
    limited[:, AMOUNTS.index("area_m2")] = land
    twice = [row, row]
    offers = np.r_[ground.offers, ground.offers[row], np.uint64(0)]
    return replace(
        ground,
        ids=ground.ids.append(pd.Index([half.id for half in halves], dtype="str")).rename("id"),
        name=np.r_[ground.name, _names(ground.name[row])],
        alive=np.r_[ground.alive, False, False],
        parent=np.r_[ground.parent, twice],
        households=np.r_[ground.households, people[:, 0]],
        persons=np.r_[ground.persons, people[:, 1]],
        area_m2=np.r_[ground.area_m2, land],
        limited=np.vstack([ground.limited, limited]),
        cell_m2=np.r_[ground.cell_m2, shapely.area(cells)],
        perimeter_m=np.r_[ground.perimeter_m, shapely.length(cells)],
        xy_m=np.vstack([ground.xy_m, shapely.get_coordinates(shapely.centroid(parcels))]),
        office=np.r_[ground.office, ground.office[twice]],
        admitted=np.r_[ground.admitted, ground.admitted[twice]],
        pairs=_pairs_with(ground, row, new, cells),
        pooling=_pooling_with(ground, row, people[:, 1]),
        missing=np.r_[ground.missing, ground.missing[twice]],
        offers=offers,
        parcels=np.r_[ground.parcels, parcels],
        cells=np.r_[ground.cells, cells],
    )


def _names(name: Any) -> list[Any]:
    return [None, None] if name is None else [f"{name}(甲)", f"{name}(乙)"]


def _pairs_with(ground: Ground, row: int, new: Ints, cells: Any) -> Pairs:
    """Links of the parent go to the pieces that lie along them; the pieces are linked too."""
    pairs, around = ground.pairs, ground.around
    mine = slice(around.start[row], around.start[row + 1])
    a, b, shared, at = [int(new[0])], [int(new[1])], [_common_m(cells[0], cells[1])], [-1]
    for other, pair in zip(around.other[mine].tolist(), around.pair[mine].tolist(), strict=True):
        whole_m = float(pairs.shared_m[pair])
        along = np.array([_common_m(cell, ground.cells[other]) for cell in cells])
        if along.sum() > 0:
            beside_m = whole_m * along / along.sum()
        else:  # only the parcels are near one another: the nearer piece
            gap = shapely.distance(cells, ground.cells[other])
            beside_m = np.where(np.arange(2) == int(gap.argmin()), 0.0, np.nan)
        for piece in np.flatnonzero(beside_m > 0 if along.sum() > 0 else ~np.isnan(beside_m)):
            a.append(other)
            b.append(int(new[piece]))
            shared.append(float(np.nan_to_num(beside_m[piece])))
            at.append(pair)
    source = np.array(at)
    inner = source < 0
    return Pairs(
        a=np.r_[pairs.a, np.array(a)],
        b=np.r_[pairs.b, np.array(b)],
        walk_m=np.r_[pairs.walk_m, np.where(inner, np.nan, pairs.walk_m[source])],
        barrier=np.r_[pairs.barrier, np.where(inner, "none", pairs.barrier[source])],
        shared_m=np.r_[pairs.shared_m, np.array(shared)],
        linked=np.r_[pairs.linked, inner | pairs.linked[source]],
    )


def _pooling_with(ground: Ground, row: int, persons: Floats) -> Pooling:
    pooling, n = ground.pooling, len(ground)
    needy = np.flatnonzero(pooling.row == row)
    giving = np.flatnonzero((pooling.other == row) & (pooling.row != row))
    return Pooling(
        pooling.kinds,
        np.r_[pooling.row, np.full(len(needy), n), np.full(len(needy), n + 1), pooling.row[giving]],
        np.r_[pooling.other, pooling.other[needy], pooling.other[needy], np.full(len(giving), n)],
        np.r_[pooling.bits, pooling.bits[needy], pooling.bits[needy], pooling.bits[giving]],
        np.r_[pooling.persons, persons],
    )


def _common_m(one: shapely.Geometry, other: shapely.Geometry) -> float:
    """Length of the common boundary, one tenth of a millimetre allowed for."""
    near = shapely.buffer(shapely.boundary(other), 1e-4)
    return float(shapely.length(shapely.intersection(shapely.boundary(one), near)))


def _two_faces(
    cell: shapely.Geometry, line: shapely.LineString, parcel: shapely.Geometry, unit: str
) -> list[shapely.Geometry]:
    parts = shapely.get_parts(cell)
    main = max(parts.tolist(), key=lambda part: shapely.area(shapely.intersection(part, parcel)))
    faces: list[shapely.Geometry] = list(cut_faces(main, line))
    if len(faces) != 2:
        raise _not_two(unit)
    others = [part for part in parts if part is not main]
    if others:  # islands of the same neighbourhood go with the nearer piece
        for island in others:
            near = int(np.argmin(shapely.distance(np.array(faces, dtype=object), island)))
            faces[near] = shapely.union(faces[near], island)
    return faces


def _floors_beside(buildings: gpd.GeoDataFrame, faces: Sequence[shapely.Geometry]) -> Floats:
    if not len(buildings):
        return np.zeros(len(faces))
    middle = shapely.point_on_surface(buildings.geometry.to_numpy())
    floor_m2 = np.nan_to_num(buildings["floor_area_m2"].to_numpy(dtype=np.float64, na_value=np.nan))
    return np.array([floor_m2[shapely.intersects(face, middle)].sum() for face in faces])


def _not_two(unit: str) -> EditRefusedError:
    return EditRefusedError(
        f"The line does not divide neighbourhood `{unit}` into exactly two pieces. Draw it once "
        "across.",
        zh=f"该线未能把小区 `{unit}` 恰好分成两块。请从一侧画到另一侧。",
        rule="nothing_to_split",
        units=(unit,),
    )
