"""Figures of districts: of those that an edit touched, in time that grows with them alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.districting.rules import AMOUNTS
from spatial.plans.ground import Ground
from spatial.plans.model import Draft

__all__ = ["FIGURES", "closed_by_sharing", "district_figures", "sums_against_limits"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bits = npt.NDArray[np.uint64]
FIGURES: Final = {
    "members": None,
    "households": "households",
    "persons": "persons",
    "area_m2": "m2",
    "diameter_m": "m",
    "compactness": "share",
    "gaps_persons": "persons",
    "gaps_closed_persons": "persons",
}
"""Figures of a district, with their units."""


def district_figures(draft: Draft, districts: Iterable[str] | None = None) -> pd.DataFrame:
    """Figures of districts, in the order asked for (default: all, sorted).

    Parameters
    ----------
    draft : Draft
    districts : iterable of str, optional

    Returns
    -------
    DataFrame, shape (d, figures)
        Indexed by district id, ``members`` 0 where nobody belongs to it.

        ``households``, ``persons``: sums of what is known, NaN where nothing is.
        ``area_m2``: of the parcels. ``diameter_m``: largest distance between middles of members.
        ``compactness``: isoperimetric quotient 4πA/P² of the joined cells, 0–1.
        ``gaps_persons``: residents times must-have kinds that they miss, each neighbourhood for
        itself. ``gaps_closed_persons``: the part of it that closes when the members share their
        facilities and stock and open the walls between them.
        ``missing``: kinds (bits of ``ground.pooling.kinds``) that some member still misses then.
    """
    order = pd.Index(sorted(draft.districts) if districts is None else list(districts), dtype="str")
    rows = draft.members(order)
    ground = draft.ground
    code = order.get_indexer(pd.Index(draft.label[rows], dtype="object"))
    d = len(order)

    def known_sum(values: Floats) -> Floats:
        known = np.isfinite(values)
        total = np.bincount(code, weights=np.where(known, values, 0.0), minlength=d)
        return np.where(np.bincount(code[known], minlength=d) > 0, total, np.nan)

    closed = closed_by_sharing(draft, rows)
    missing = ground.missing[rows]
    persons = np.nan_to_num(ground.persons[rows])
    still = np.zeros(d, dtype=np.uint64)
    np.bitwise_or.at(still, code, missing & ~closed)
    return pd.DataFrame(
        {
            "members": np.bincount(code, minlength=d),
            "households": known_sum(ground.households[rows]),
            "persons": known_sum(ground.persons[rows]),
            "area_m2": np.bincount(code, weights=ground.area_m2[rows], minlength=d),
            "diameter_m": _diameter_m(ground.xy_m[rows], code, d),
            "compactness": _compactness(draft, rows, code, d),
            "gaps_persons": np.bincount(
                code, weights=persons * np.bitwise_count(missing), minlength=d
            ),
            "gaps_closed_persons": np.bincount(
                code, weights=persons * np.bitwise_count(closed), minlength=d
            ),
            "missing": still,
        },
        index=pd.Index(order, name="id"),
    )


def closed_by_sharing(draft: Draft, rows: Ints) -> Bits:
    """Kinds that units miss but have once their district shares, as bits, shape (m,)."""
    ground = draft.ground
    closed = np.zeros(len(draft.label), dtype=np.uint64)
    unit, other, pair = ground.pooled.of(rows)
    if len(unit):
        code = pd.factorize(draft.label)[0]
        same = (code[unit] == code[other]) & (code[unit] >= 0) & ground.alive[other]
        np.bitwise_or.at(closed, unit[same], ground.pooling.bits[pair[same]])
    return closed[rows] & ground.missing[rows]


def sums_against_limits(ground: Ground, rows: Ints, code: Ints, d: int) -> Floats:
    """Amounts of districts as limits see them (unknown sizes estimated), shape (d, amounts)."""
    return np.column_stack(
        [
            np.bincount(code, weights=ground.limited[rows, column], minlength=d)
            for column in range(len(AMOUNTS))
        ]
    )


def _compactness(draft: Draft, rows: Ints, code: Ints, d: int) -> Floats:
    """4πA/P²: a boundary between two members is none of the district's (it is passed twice)."""
    ground = draft.ground
    area_m2 = np.bincount(code, weights=ground.cell_m2[rows], minlength=d)
    length_m = np.bincount(code, weights=ground.perimeter_m[rows], minlength=d)
    place = np.full(len(draft.label), -1, dtype=np.int64)
    place[rows] = code
    unit, other, pair = ground.around.of(rows)
    inner = place[unit] == place[other]
    length_m -= np.bincount(
        place[unit[inner]], weights=ground.pairs.shared_m[pair[inner]], minlength=d
    )
    return np.divide(4 * np.pi * area_m2, length_m**2, out=np.full(d, np.nan), where=length_m > 0)


def _diameter_m(xy_m: Floats, code: Ints, d: int) -> Floats:
    """Largest distance between two members: it is one between corners of their convex hull."""
    found = np.zeros(d)
    order = np.argsort(code, kind="stable")
    start = np.searchsorted(code[order], np.arange(d + 1))
    for district in np.flatnonzero(np.diff(start) > 1):
        xy = xy_m[order[start[district] : start[district + 1]]]
        if len(xy) > 50:
            xy = shapely.get_coordinates(shapely.convex_hull(shapely.multipoints(xy)))
        gap = xy[:, None, :] - xy[None, :, :]
        found[district] = np.sqrt((gap**2).sum(axis=2).max())
    return found
