"""GeoTIFF grids: elevation and population."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import pyproj
import rasterio
from rasterio.errors import RasterioError

from spatial.city.crs import geographic_crs, guess_crs
from spatial.city.model import Raster
from spatial.city.report import Note
from spatial.dictionary import data_dictionary
from spatial.errors import CRSError, InputError

__all__ = ["read_raster", "write_raster"]

USABLE: Final = {"elevation": (-500.0, 9000.0), "population": (0.0, np.inf)}
"""Values outside (lowest land, highest mountain; negative people) are marks for "nothing known"."""


def read_raster(
    path: Path, name: str, *, crs: pyproj.CRS | None = None
) -> tuple[Raster, tuple[Note, ...]]:
    """Read the first band of a GeoTIFF.

    Parameters
    ----------
    path : Path
        The file.
    name : {"elevation", "population"}
        What the numbers are.
    crs : CRS, optional
        For a file that declares none.

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
            values = file.read(1, masked=True).astype(float).filled(np.nan)
            transform, declared, bands = file.transform, file.crs, file.count
    except RasterioError as error:
        raise InputError(f"{path.name} is no readable raster: {error}") from error
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
    low, high = USABLE[name]
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
    found = pyproj.CRS.from_user_input(declared) if declared else (crs or _guess(transform, path))
    six = (transform.a, transform.b, transform.c, transform.d, transform.e, transform.f)
    unit = str(data_dictionary().rasters[name]["unit"])
    return Raster(values, tuple(float(v) for v in six), found, unit), tuple(notes)  # type: ignore[arg-type]


def _guess(transform: Any, path: Path) -> pyproj.CRS:
    corner = np.array([[transform.c, transform.f]])
    found = guess_crs(corner)
    if found is None or isinstance(found, str) or transform.is_identity:
        raise CRSError(f"{path.name} declares no CRS. Give `source_crs`, or georeference it.")
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
