"""The precision of a city's coordinates: a micrometre, so that what is stored is what was read.

Coordinates are kept as longitude and latitude in files and in the database. There and back through
the projection they move by a few nanometres, enough to give the same city another fingerprint.
A city therefore stands on a grid of one micrometre in its metric zone, a thousand times finer than
the network's millimetres: the way there and back ends on the same point of that grid.
"""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

__all__ = ["GRID_DECIMALS", "on_grid"]

GRID_DECIMALS: Final = 6
"""Decimals of a metre that a coordinate has."""


def on_grid(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Round coordinates to the micrometre.

    Parameters
    ----------
    frame : GeoDataFrame, shape (n,)
        In a metric CRS; geometries may be missing.

    Returns
    -------
    GeoDataFrame, shape (n,)
        On the same index. A valid geometry that rounding would fold over stays as it was.

    Examples
    --------
    >>> frame = gpd.GeoDataFrame(geometry=[shapely.Point(500000.0000000021, 3.1234567)], crs=4547)
    >>> on_grid(frame).geometry.iloc[0].wkt
    'POINT (500000 3.123457)'
    """
    shapes = np.asarray(frame.geometry.to_numpy(), dtype=object)
    if not len(shapes):
        return frame
    rounded = np.asarray(shapely.transform(shapes, _rounded), dtype=object)
    folded = shapely.is_valid(shapes) & ~shapely.is_valid(rounded)
    rounded[folded] = shapes[folded]
    return frame.set_geometry(gpd.GeoSeries(rounded, index=frame.index, crs=frame.crs))


def _rounded(xy_m: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.round(xy_m, GRID_DECIMALS) + 0.0  # no −0.0, which has other bytes than 0.0
