"""Suspecting shifted coordinates: places that fit the streets better once unshifted."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from spatial.city.crs import in_china, shift_geometry
from spatial.city.report import Note

__all__ = ["suspect_shift"]

SAMPLE: Final = 2000
LEAST_PLACES: Final = 30
FAR_M: Final = 300.0
"""Distances are capped here, so that places beyond the street data do not decide."""
BETTER_SHARE: Final = 0.8
"""Suspected when the mean distance once unshifted is at most this share of that as given…"""
SURE_SIGMA: Final = 4.0
"""…and the gain exceeds this many standard errors of its mean."""


def suspect_shift(
    places: gpd.GeoDataFrame, streets: gpd.GeoDataFrame, *, layer: str = "facilities"
) -> Note | None:
    """Say whether places look shifted against the streets; nothing is converted.

    Facilities lie beside streets. For up to 2,000 places the distance to the nearest street is
    measured as given and after undoing GCJ-02 and BD-09; the best of the three decides, with
    the thresholds above.

    Parameters
    ----------
    places, streets : GeoDataFrame
        In one metric CRS.
    layer : str
        What to call the places in the note.

    Returns
    -------
    Note or None
        A warning with the three mean distances in metres.
    """
    if len(places) < LEAST_PLACES or streets.empty:
        return None
    degrees = places.geometry.iloc[:: max(1, len(places) // SAMPLE)].to_crs(4326)
    points = shapely.centroid(degrees.to_numpy())
    if not in_china(*np.median(shapely.get_coordinates(points), axis=0)):
        return None
    tree = shapely.STRtree(streets.geometry.to_numpy())
    as_given = _distance_m(points, tree, streets)
    best, best_m = None, as_given
    for source in ("gcj02", "bd09"):
        distance_m = _distance_m(shift_geometry(points, source), tree, streets)
        if distance_m.mean() < best_m.mean():
            best, best_m = source, distance_m
    gain_m = as_given - best_m
    error_m = gain_m.std(ddof=1) / np.sqrt(len(gain_m))
    if (
        best is None
        or best_m.mean() > BETTER_SHARE * as_given.mean()
        or gain_m.mean() < SURE_SIGMA * error_m
    ):
        return None
    return Note(
        f"{best}_suspected",
        f"图层 {layer} 可能是 {best.upper()} 坐标:到最近道路的平均距离现为 "
        f"{as_given.mean():.0f} 米,纠偏后为 {best_m.mean():.0f} 米。如属实,请声明 shifted={best}。",
        f"Layer `{layer}` may be in {best.upper()}: the mean distance to the nearest street is "
        f"{as_given.mean():.0f} m as given and {best_m.mean():.0f} m after undoing the shift. "
        f"If so, declare shifted={best}; nothing was converted.",
        "warning",
    )


def _distance_m(
    points: npt.NDArray[np.object_], tree: shapely.STRtree, streets: gpd.GeoDataFrame
) -> npt.NDArray[np.float64]:
    metric = gpd.GeoSeries(points, crs=4326).to_crs(streets.crs).to_numpy()
    nearest = streets.geometry.to_numpy()[tree.nearest(metric)]
    return np.minimum(shapely.distance(metric, nearest), FAR_M)
