"""Walking time of streets: level speed, stairs, and slope by Tobler's function."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from scipy import ndimage

from spatial.city.model import Raster
from spatial.standards.parameters import ParameterSet

__all__ = ["elevation_at", "slope_factors", "tobler_pace"]

Floats = npt.NDArray[np.float64]


def tobler_pace(slope: Floats, *, steepness: float, offset: float) -> Floats:
    """Time factor of a slope (rise over run, uphill positive); level is 1.

    v(s) = v₀ exp(-a |s + b|), so the factor is exp(a (|s + b| - b))      Tobler (1993)

    Examples
    --------
    >>> tobler_pace(np.array([0.0, 0.1, -0.05]), steepness=3.5, offset=0.05).round(3).tolist()
    [1.0, 1.419, 0.839]
    """
    return np.exp(steepness * (np.abs(slope + offset) - offset))


def elevation_at(raster: Raster, xy: Floats, crs: pyproj.CRS, *, window_m: float) -> Floats:
    """Elevation at points of the city's zone, bilinear, smoothed over `window_m`; NaN outside.

    Parameters
    ----------
    raster : Raster
        Elevation in metres.
    xy : array, shape (p, 2)
        In `crs`.
    window_m : float
        Grids finer than this are averaged over it first.
    """
    to_grid = pyproj.Transformer.from_crs(crs, raster.crs, always_xy=True)
    x, y = to_grid.transform(xy[:, 0], xy[:, 1])
    a, b, c, d, e, f = raster.transform
    det = a * e - b * d
    col = (e * (x - c) - b * (y - f)) / det - 0.5  # values stand for the middles of cells
    row = (-d * (x - c) + a * (y - f)) / det - 0.5
    values = np.asarray(raster.values, dtype=np.float64)
    cells = math.floor(window_m / _cell_m(raster))
    if cells > 1:
        values = ndimage.uniform_filter(values, size=cells, mode="nearest")
    return ndimage.map_coordinates(values, [row, col], order=1, mode="constant", cval=np.nan)


def _cell_m(raster: Raster) -> float:
    """Side of a grid cell in metres (of its height, for longitude/latitude)."""
    side = math.hypot(raster.transform[1], raster.transform[4])
    return side * 111_320.0 if raster.crs.is_geographic else side * _unit_m(raster.crs)


def _unit_m(crs: pyproj.CRS) -> float:
    return float(crs.axis_info[0].unit_conversion_factor)


def slope_factors(
    lines: npt.NDArray[np.object_],
    level: npt.NDArray[np.bool_],
    raster: Raster,
    crs: pyproj.CRS,
    parameters: ParameterSet,
) -> tuple[Floats, int]:
    """Time factors of edges along and against, shape (m, 2), and how many lack an elevation.

    Parameters
    ----------
    lines : array of LineString, shape (m,)
    level : array of bool, shape (m,)
        Edges without slope: bridges and tunnels do not follow the ground, and stairs have a
        factor of their own.
    raster : Raster
        Elevation in metres.
    crs : CRS
        Of `lines`.
    parameters : ParameterSet
        Room ``walking``.

    Notes
    -----
    An edge is cut into equal pieces of about ``slope_window_m``; each piece has the slope
    between its ends. Edges without elevation count as level.
    """
    factors = np.ones((len(lines), 2))
    rows = np.flatnonzero(~level)
    if not len(rows):
        return factors, 0
    window_m = parameters["slope_window_m"]
    length = shapely.length(lines[rows])
    pieces = np.maximum(np.floor(length / window_m), 1).astype(np.int64)
    owner = np.repeat(np.arange(len(rows)), pieces + 1)
    step = np.arange(len(owner)) - np.repeat(np.cumsum(pieces + 1) - pieces - 1, pieces + 1)
    at = shapely.line_interpolate_point(lines[rows][owner], step / pieces[owner], normalized=True)
    height = elevation_at(raster, shapely.get_coordinates(at), crs, window_m=window_m)
    inner = np.flatnonzero(owner[1:] == owner[:-1])
    of = owner[inner]
    run = np.maximum(length / pieces, window_m / 2)[of]  # the noise of short edges is no slope
    slope = (height[inner + 1] - height[inner]) / run
    bound = parameters["max_slope"]
    slope = np.clip(slope, -bound, bound)
    unknown = np.bincount(of, weights=np.isnan(slope), minlength=len(rows)) > 0
    slope = np.nan_to_num(slope)
    shape = {"steepness": parameters["tobler_steepness"], "offset": parameters["tobler_offset"]}
    for column, signed in enumerate((slope, -slope)):
        pace = np.bincount(of, weights=tobler_pace(signed, **shape), minlength=len(rows)) / pieces
        factors[rows, column] = np.where(unknown, 1.0, pace)
    return factors, int(unknown.sum())
