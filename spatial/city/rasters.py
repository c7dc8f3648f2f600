"""GeoTIFF grids: elevation, population, and what satellites see, year by year."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyproj
import rasterio
import rasterio.windows
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.windows import Window

from spatial.city.crs import geographic_crs, guess_crs
from spatial.city.layer_names import raster_kind
from spatial.city.model import Raster
from spatial.city.report import Note
from spatial.dictionary import data_dictionary
from spatial.errors import CRSError, InputError

__all__ = ["Around", "Grid", "read_raster", "write_raster"]

WHOLE_CELLS: Final = 16_000_000
MARGIN_M: Final = 2000.0
USABLE: Final = {"elevation": (-500.0, 9000.0), "population": (0.0, np.inf)}
"""Values outside (lowest land, highest mountain; negative people) are marks for "nothing known"."""


@dataclass(frozen=True, slots=True)
class Around:
    """Where the city lies: bounds (west, south, east, north) in a CRS."""

    bounds: tuple[float, float, float, float]
    crs: pyproj.CRS


Grid = Callable[[Around | None], tuple[Raster, tuple[Note, ...]]]
"""A grid that is read when it is known where the city lies."""


def read_raster(
    path: Path, name: str, around: Around | None = None, *, scale: float = 1.0
) -> tuple[Raster, tuple[Note, ...]]:
    """Read the first band of a GeoTIFF.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        What the numbers are: ``elevation``, ``population``, ``greenness_2016`` …
    around : Around, optional
        Of a file with more than 16 million cells (a whole country), and of every grid of one
        year, only what lies around the city is read, with a margin of 2 km. A window that still
        has more than 16 million cells is read coarser: means (of codes, the most frequent one).
    scale : float
        Multiply by this, e.g. 0.0001 where NDVI is stored as whole numbers.

    Returns
    -------
    Raster, tuple of Note
        NaN where the file says "no data" or holds an impossible value (then noted).

    Raises
    ------
    InputError, CRSError
        If it is no raster, or lies nowhere.
    """
    try:
        with rasterio.open(path) as file:
            declared, bands = file.crs, file.count
            found = (
                pyproj.CRS.from_user_input(declared) if declared else _guess(file.transform, path)
            )
            kind = data_dictionary().rasters[raster_kind(name) or name]
            least = 0 if kind.get("yearly") else WHOLE_CELLS
            window = _window(file, found, around, least=least)
            shape, coarser = _bounded(window, least)
            band = file.read(
                1,
                masked=True,
                window=window,
                out_shape=shape,
                resampling=Resampling.mode if kind.get("codes") else Resampling.average,
            )
            values = band.astype(float).filled(np.nan) * scale
            transform = _moved(file.transform, window, coarser)
    except RasterioError as error:
        raise InputError(
            f"{path.name} is no readable raster: {error}",
            zh=f"{path.name} 不是可读的栅格文件:{error}",
        ) from error
    notes = []
    if bands > 1:
        notes.append(
            Note(
                "bands_left_out",
                f"{path.name} 有 {bands} 个波段,只读取第一个。",
                f"{path.name} has {bands} bands; only the first is read.",
                "warning",
            )
        )
    if coarser != (1.0, 1.0):
        notes.append(
            Note(
                "raster_coarser",
                f"{path.name} 在城市范围内超过 {WHOLE_CELLS // 10_000} 万像元,已按平均值粗化读取。",
                f"{path.name} has more than {WHOLE_CELLS // 1_000_000} million cells around the "
                "city; it was read coarser, by means.",
            )
        )
    low, high = USABLE.get(name) or (kind.get("low", -np.inf), kind.get("high", np.inf))
    strange = (values < low) | (values > high) | np.isinf(values)
    if strange.any():
        values[strange] = np.nan
        notes.append(
            Note(
                "impossible_cells",
                f"{path.name}:{int(strange.sum())} 个像元数值不合理,按缺失处理。",
                f"{path.name}: {int(strange.sum())} cells hold impossible values for {name} and "
                "count as unknown.",
                "warning",
            )
        )
    unit = str(kind["unit"])
    return Raster(values, transform, found, unit), tuple(notes)


def _bounded(
    window: Window | None, least: int
) -> tuple[tuple[int, int] | None, tuple[float, float]]:
    """Rows and columns to read a window in, and how many cells become one (down, across)."""
    if window is None or least or window.width * window.height <= WHOLE_CELLS:
        return None, (1.0, 1.0)
    step = np.sqrt(window.width * window.height / WHOLE_CELLS)
    rows, columns = max(1, int(window.height / step)), max(1, int(window.width / step))
    return (rows, columns), (window.height / rows, window.width / columns)


def _window(
    file: Any, crs: pyproj.CRS, around: Around | None, *, least: int = WHOLE_CELLS
) -> Window | None:
    """Return the cells around the city, or None to read all of a grid of at most `least`."""
    if around is None or file.width * file.height <= least:
        return None
    west, south, east, north = around.bounds
    wide = (west - MARGIN_M, south - MARGIN_M, east + MARGIN_M, north + MARGIN_M)
    to_grid = pyproj.Transformer.from_crs(around.crs, crs, always_xy=True)
    window = file.window(*to_grid.transform_bounds(*wide)).round_lengths().round_offsets()
    whole = Window(0, 0, file.width, file.height)
    if not rasterio.windows.intersect(window, whole):
        return Window(0, 0, 1, 1)  # one cell elsewhere, which the notes on the city will tell
    return window.intersection(whole)


def _moved(
    transform: Any, window: Window | None, coarser: tuple[float, float] = (1.0, 1.0)
) -> tuple[float, float, float, float, float, float]:
    """Return the six affine numbers of a window of a grid."""
    column, row = (window.col_off, window.row_off) if window else (0, 0)
    a, b, d, e = transform.a, transform.b, transform.d, transform.e
    x, y = a * column + b * row + transform.c, d * column + e * row + transform.f
    down, across = coarser
    return (
        float(a * across),
        float(b * down),
        float(x),
        float(d * across),
        float(e * down),
        float(y),
    )


def _guess(transform: Any, path: Path) -> pyproj.CRS:
    corner = np.array([[transform.c, transform.f]])
    found = guess_crs(corner)
    if found is None or isinstance(found, str) or transform.is_identity:
        raise CRSError(
            f"{path.name} declares no CRS. Give `source_crs`, or georeference it.",
            zh=f"{path.name} 未声明坐标系。请给出 source_crs,或先配准。",
        )
    return (
        geographic_crs(float(corner[0, 0]), float(corner[0, 1])) if found.is_geographic else found
    )


def write_raster(raster: Raster, path: Path) -> None:
    """Write a grid as a GeoTIFF, NaN as its "no data"."""
    rows, columns = raster.values.shape
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=rows,
        width=columns,
        count=1,
        dtype="float64",
        crs=rasterio.crs.CRS.from_wkt(raster.crs.to_wkt()),
        transform=rasterio.Affine(*raster.transform),
        nodata=np.nan,
        compress="deflate",
    ) as file:
        file.write(raster.values, 1)
