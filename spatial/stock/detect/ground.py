"""What is measured of any piece of land: street frontage, slope, shape, and means of a grid."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyproj
import rasterio
import shapely
from rasterio.features import rasterize

from spatial.city.model import City, Raster
from spatial.standards.parameters import ParameterSet

__all__ = ["elongation", "frontage_m", "grid_means", "slope_grid", "slopes", "street_bands"]

Geometries = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]

STEP_M: Final = 4.0
"""An outline is looked at every so many metres."""


def street_bands(
    city: City, parameters: ParameterSet, *, fronts: bool = False
) -> tuple[Geometries, Floats]:
    """Streets at ground level as lines, and how far from its middle each reaches, metres.

    Parameters
    ----------
    city : City
    parameters : ParameterSet
        Room ``stock``.
    fronts : bool
        Only streets on which a plot has a front: not the ways of ``no_front`` (footways, steps …).

    Returns
    -------
    array of geometry, array of float, shape (n,)
        The half width is that of the street (given, or by class) and ``street_margin_m``.
    """
    streets = city.layer("streets")
    ground = streets["layer"].fillna(0).to_numpy(dtype=float) >= 0
    ground &= (streets["structure"] != "tunnel").to_numpy(dtype=bool, na_value=True)
    if fronts:
        ground &= ~streets["highway"].isin(parameters["no_front"]).to_numpy(dtype=bool)
    streets = streets[ground]
    by_class = streets["highway"].map(parameters["street_width_m"]).astype("Float64")
    width_m = streets["width_m"].fillna(by_class).fillna(parameters["default_street_width_m"])
    half_m = width_m.to_numpy(dtype=float) / 2 + parameters["street_margin_m"]
    return streets.geometry.to_numpy(), half_m


def frontage_m(polygons: Geometries, bands: tuple[Geometries, Floats], *, reach_m: float) -> Floats:
    """Length of each outline that lies along a street.

    The outline is looked at every few metres: a place counts when the edge of a street is within
    `reach_m`.

    Parameters
    ----------
    polygons : array of geometry, shape (n,)
    bands : array of line, array of float
        Of :func:`street_bands`.
    reach_m : float
        Widest strip between a street's edge and a plot that has a front on it.

    Returns
    -------
    array of float, shape (n,)
        Metres, to the nearest step of about 4 m.

    Examples
    --------
    >>> plot = np.array([shapely.box(0, 0, 40, 20)])
    >>> street = np.array([shapely.LineString([(-50, -6), (90, -6)])])
    >>> frontage_m(plot, (street, np.array([4.0])), reach_m=3.0).tolist()
    [40.0]
    """
    streets, half_m = bands
    if not len(polygons) or not len(streets):
        return np.zeros(len(polygons))
    rings, owner = shapely.get_rings(polygons, return_index=True)
    long_m = shapely.length(rings)
    count = np.maximum(1, np.round(long_m / STEP_M)).astype(np.int64)
    row = np.repeat(np.arange(len(rings)), count)
    number = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    share = (number + 0.5) / count[row]
    points = shapely.line_interpolate_point(rings[row], share, normalized=True)
    # only the outlines near a street are looked at place by place
    near = shapely.STRtree(polygons).query(streets, predicate="dwithin", distance=half_m + reach_m)[
        1
    ]
    asked = np.zeros(len(polygons), dtype=bool)
    asked[near] = True
    along = np.zeros(len(points), dtype=bool)
    looked = np.flatnonzero(asked[owner[row]])
    if len(looked):
        tree = shapely.STRtree(points[looked])
        found = tree.query(streets, predicate="dwithin", distance=half_m + reach_m)[1]
        along[looked[found]] = True
    each_m = (long_m / count)[row]
    along_m = np.bincount(owner[row], each_m * along, minlength=len(polygons))
    return np.asarray(along_m, dtype=np.float64)


def elongation(area_m2: Floats, circle_m: Floats) -> Floats:
    """How long and narrow a piece is: its area in squares of its largest circle's diameter.

    1 for a square, n for a strip n times as long as wide; NaN where there is no circle.
    """
    square_m2 = np.where(circle_m > 0, circle_m, np.nan) ** 2
    return np.asarray(area_m2 / square_m2, dtype=np.float64)


def slope_grid(elevation: Raster) -> Raster:
    """Slope of the ground, rise over run, by central differences; NaN beside unknown ground.

    The grid must be in metres; of a geographic grid a degree is taken at its middle latitude.
    """
    a, _, _, _, e, f = elevation.transform
    rows = elevation.values.shape[0]
    across_m, down_m = abs(a), abs(e)
    if elevation.crs.is_geographic:
        degree_m = pyproj.Geod(ellps="WGS84").line_length([0, 0], [-0.5, 0.5])
        middle = np.radians(f + e * rows / 2)
        across_m, down_m = across_m * degree_m * np.cos(middle), down_m * degree_m
    if min(elevation.values.shape) < 2:
        return Raster(
            np.full(elevation.values.shape, np.nan), elevation.transform, elevation.crs, "share"
        )
    down, across = np.gradient(elevation.values, down_m, across_m)
    return Raster(np.hypot(down, across), elevation.transform, elevation.crs, "share")


def slopes(shapes: Geometries, city: City) -> Floats:
    """Mean slope under each shape by the city's elevation; NaN where there is none."""
    elevation = city.rasters.get("elevation")
    if elevation is None:
        return np.full(len(shapes), np.nan)
    return grid_means(shapes, slope_grid(elevation), city.crs)


def grid_means(shapes: Geometries, grid: Raster, crs: pyproj.CRS) -> Floats:
    """Mean of a grid over each shape; of a shape smaller than a cell, the cell that holds it.

    Parameters
    ----------
    shapes : array of geometry, shape (n,)
        In `crs`; they should hardly overlap (a cell counts for one shape).
    grid : Raster
    crs : CRS
        The city's zone.

    Returns
    -------
    array of float, shape (n,)
        NaN where the grid knows nothing.
    """
    if not len(shapes):
        return np.zeros(0)
    placed = _projected(shapes, crs, grid.crs)
    rows, columns = grid.values.shape
    transform = rasterio.Affine(*grid.transform)
    label = rasterize(
        zip(placed, range(1, len(placed) + 1), strict=True),
        out_shape=(rows, columns),
        transform=transform,
        dtype="int32",
    )
    known = (label > 0) & ~np.isnan(grid.values)
    count = np.bincount(label[known], minlength=len(shapes) + 1)[1:]
    total = np.bincount(label[known], grid.values[known], minlength=len(shapes) + 1)[1:]
    means = np.full(len(shapes), np.nan)
    np.divide(total, count, out=means, where=count > 0)
    small = np.flatnonzero(count == 0)
    xy = shapely.get_coordinates(shapely.centroid(placed[small]))
    back = ~transform
    column = np.floor(back.a * xy[:, 0] + back.b * xy[:, 1] + back.c).astype(np.int64)
    row = np.floor(back.d * xy[:, 0] + back.e * xy[:, 1] + back.f).astype(np.int64)
    inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
    means[small[inside]] = grid.values[row[inside], column[inside]]
    return means


def _projected(shapes: Geometries, crs: pyproj.CRS, target: pyproj.CRS) -> Geometries:
    if crs == target:
        return shapes
    turn = pyproj.Transformer.from_crs(crs, target, always_xy=True)
    moved: Geometries = shapely.transform(shapes, turn.transform, interleaved=False)
    return moved
