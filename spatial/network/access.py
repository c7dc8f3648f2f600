"""Who may walk where: the foot access table, applied to every street at once."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.city.model import City
from spatial.standards.parameters import ParameterSet

__all__ = ["WALKABLE", "closed_reasons", "residential_areas"]

WALKABLE: Final = ""
"""Reason of a street that may be walked: none."""


def residential_areas(city: City) -> npt.NDArray[np.object_]:
    """Outlines inside which private roads are walked by those who live there."""
    land = city.layer("land_use")
    homes = city.layer("neighbourhoods")
    outlines = [
        land.geometry.to_numpy()[(land["use"] == "residential").to_numpy(dtype=bool)],
        homes.geometry.to_numpy(),
    ]
    areas = np.concatenate(outlines)
    return areas[shapely.get_dimensions(areas) == 2] if len(areas) else areas


def closed_reasons(
    streets: gpd.GeoDataFrame,
    areas: npt.NDArray[np.object_],
    parameters: ParameterSet,
    *,
    excluded: list[str],
) -> npt.NDArray[np.object_]:
    """Say for each street why one may not walk it, or :data:`WALKABLE`.

    Parameters
    ----------
    streets : GeoDataFrame, shape (n,)
        Layer ``streets`` of a city.
    areas : array of Polygon
        Residential areas: private streets inside them are kept.
    parameters : ParameterSet
        Room ``walking``.
    excluded : list of str
        Classes that this walker cannot use (``steps`` also means streets tagged as stairs).

    Returns
    -------
    array of str, shape (n,)
        ``""``, ``class``, ``foot``, ``access``, ``private`` or ``profile``.

    Notes
    -----
    The order of OpenStreetMap's access tags: what is not built is closed; then ``foot``, the
    more special tag, decides; then ``access``; then the default of the class. The vehicle
    tag ``oneway`` says nothing about people on foot.
    """
    highway = _text(streets["highway"])
    foot = _text(streets["foot"])
    access = _text(streets["access"])
    allows = np.isin(foot, parameters["foot_allows"])
    private_values = parameters["access_private"]
    private = np.isin(foot, private_values) | (np.isin(access, private_values) & ~allows)
    private &= ~_inside(streets.geometry.to_numpy(), private, areas)
    is_stairs = streets["steps"].fillna(value=False).to_numpy(dtype=bool) | (highway == "steps")

    reasons = np.full(len(streets), WALKABLE, dtype=object)
    barred = np.isin(highway, excluded) | (is_stairs & ("steps" in excluded))
    reasons[barred] = "profile"
    reasons[np.isin(highway, parameters["closed_classes"]) & ~allows] = "class"
    reasons[private] = "private"
    reasons[np.isin(access, parameters["access_closes"]) & ~allows] = "access"
    reasons[np.isin(foot, parameters["foot_closes"])] = "foot"
    reasons[np.isin(highway, parameters["never_classes"])] = "class"
    return reasons


def _text(column: pd.Series) -> npt.NDArray[np.object_]:
    return column.fillna("").to_numpy(dtype=object).astype(str)


def _inside(
    lines: npt.NDArray[np.object_], asked: npt.NDArray[np.bool_], areas: npt.NDArray[np.object_]
) -> npt.NDArray[np.bool_]:
    """Whether the middle of each asked street lies in a residential area."""
    inside = np.zeros(len(lines), dtype=bool)
    rows = np.flatnonzero(asked)
    if len(rows) and len(areas):
        first = shapely.get_geometry(lines[rows], 0)
        middles = shapely.line_interpolate_point(first, 0.5, normalized=True)
        found = shapely.STRtree(areas).query(middles, predicate="intersects")[0]
        inside[rows[found]] = True
    return inside
