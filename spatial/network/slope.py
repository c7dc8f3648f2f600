"""Walking time on slopes: by Tobler's function, by a table of a standard, or not at all."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyproj
from scipy import ndimage

from spatial.city.model import Raster
from spatial.errors import StandardsError
from spatial.network.lines import lengths_m
from spatial.standards.parameters import ParameterSet

__all__ = ["Slopes", "elevation_at", "pace_of_slope", "slope_factors", "tobler_pace"]

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


def pace_of_slope(slope: Floats, parameters: ParameterSet) -> Floats:
    """Time factor of a slope by the method that the parameters name.

    Parameters
    ----------
    slope : array
        Rise over run, uphill positive.
    parameters : ParameterSet
        ``slope_method``: ``tobler`` (:func:`tobler_pace` with ``tobler_steepness`` and
        ``tobler_offset``), ``table`` (the factor of the last row of ``slope_table`` that the
        slope reaches; 1 below the first) or ``none``.

    Raises
    ------
    StandardsError
        If the method is unknown, or the table does not rise.
    """
    method = parameters["slope_method"]
    if method == "tobler":
        shape = {"steepness": parameters["tobler_steepness"], "offset": parameters["tobler_offset"]}
        return tobler_pace(slope, **shape)
    if method == "none":
        return np.ones(len(slope))
    if method != "table":
        raise StandardsError(
            f"`walking.slope_method` is {method!r}; use tobler, table or none.",
            zh=f"walking.slope_method 为 {method!r};请用 tobler、table 或 none。",
        )
    table = np.asarray(parameters["slope_table"], dtype=float).reshape(-1, 2)
    if not len(table) or (np.diff(table[:, 0]) <= 0).any() or (table[:, 1] <= 0).any():
        raise StandardsError(
            "`walking.slope_table` must list [slope, time factor] with rising slopes and factors "
            f"above 0, not {table.tolist()}.",
            zh=(
                "walking.slope_table 应按坡度递增列出 [坡度, 耗时倍数],倍数须大于 0;"
                f"现为 {table.tolist()}。"
            ),
        )
    row = np.searchsorted(table[:, 0], slope, side="right")
    return np.append(1.0, table[:, 1])[row]


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


@dataclass(frozen=True, slots=True, eq=False)
class Slopes:
    """What the ground does to the walk along each edge."""

    factor: Floats  # (m, 2) time along and against, level = 1
    steepest: Floats  # (m,) steepest slope, rise over run, up or down; 0 where not known
    unknown: int  # edges without elevation


def slope_factors(
    lines: tuple[Floats, npt.NDArray[np.int64]],
    level: npt.NDArray[np.bool_],
    raster: Raster,
    crs: pyproj.CRS,
    parameters: ParameterSet,
) -> Slopes:
    """Time factors and steepest slope of edges.

    Parameters
    ----------
    lines : (array, shape (v, 2); array of int, shape (m + 1,))
        Vertices of the edges, one edge after the other, and where each begins.
    level : array of bool, shape (m,)
        Edges without slope: bridges and tunnels do not follow the ground, and stairs have a
        factor of their own.
    raster : Raster
        Elevation in metres.
    crs : CRS
        Of `lines`.
    parameters : ParameterSet
        Room ``walking``: ``slope_method`` (:func:`pace_of_slope`), ``slope_window_m``,
        ``max_slope``.

    Notes
    -----
    An edge is cut into equal pieces of about ``slope_window_m``; each piece has the slope
    between its ends. Edges without elevation count as level.
    """
    xy, start = lines
    found = Slopes(np.ones((len(level), 2)), np.zeros(len(level)), 0)
    rows = np.flatnonzero(~level)
    if not len(rows):
        return found
    window_m = parameters["slope_window_m"]
    length = lengths_m(xy, start)[rows]
    pieces = np.maximum(np.floor(length / window_m), 1).astype(np.int64)
    owner = np.repeat(np.arange(len(rows)), pieces + 1)
    step = np.arange(len(owner)) - np.repeat(np.cumsum(pieces + 1) - pieces - 1, pieces + 1)
    at = _places(xy, start, rows[owner], step / pieces[owner])
    height = elevation_at(raster, at, crs, window_m=window_m)
    inner = np.flatnonzero(owner[1:] == owner[:-1])
    of = owner[inner]
    run = np.maximum(length / pieces, window_m / 2)[of]  # the noise of short edges is no slope
    slope = (height[inner + 1] - height[inner]) / run
    bound = parameters["max_slope"]
    slope = np.clip(slope, -bound, bound)
    unknown = np.bincount(of, weights=np.isnan(slope), minlength=len(rows)) > 0
    slope = np.nan_to_num(slope)
    for column, signed in enumerate((slope, -slope)):
        paces = pace_of_slope(signed, parameters)
        pace = np.bincount(of, weights=paces, minlength=len(rows)) / pieces
        found.factor[rows, column] = np.where(unknown, 1.0, pace)
    begin = np.cumsum(pieces) - pieces
    found.steepest[rows] = np.where(unknown, 0.0, np.maximum.reduceat(np.abs(slope), begin))
    return replace(found, unknown=int(unknown.sum()))


def _places(
    xy: Floats, start: npt.NDArray[np.int64], line: npt.NDArray[np.int64], share: Floats
) -> Floats:
    """Places at a share (0-1) of the length of lines, shape (p, 2); lines in rising order."""
    step = np.zeros(len(xy))
    step[1:] = np.hypot(np.diff(xy[:, 0]), np.diff(xy[:, 1]))
    step[start[:-1]] = 1.0  # lines lie on one ruler with a metre between them
    ruler = np.cumsum(step)
    low, high = ruler[start[line]], ruler[start[line + 1] - 1]
    asked = np.minimum(low + share * (high - low), high)
    return np.stack([np.interp(asked, ruler, xy[:, 0]), np.interp(asked, ruler, xy[:, 1])], axis=1)
