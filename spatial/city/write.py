"""Writing a city: one GeoPackage in longitude/latitude, grids as GeoTIFFs beside it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import geopandas as gpd
import pandas as pd
import pyogrio

from spatial.city.model import City
from spatial.city.rasters import write_raster
from spatial.dictionary import LayerSpec, data_dictionary
from spatial.errors import InputError

__all__ = ["ABOUT_LAYER", "raster_path", "write_city", "written_frame"]

ABOUT_LAYER: Final = "linli_city"
"""Table of the GeoPackage that says it is a whole city: name, metric zone, grids."""


def write_city(city: City, path: str | Path) -> Path:
    """Write a city so that ``read_city([path])`` gives the same one.

    Parameters
    ----------
    city : City
        Layers are written in its longitude/latitude, with the columns of the data dictionary and
        the id in column ``id``; empty layers are left out.
    path : str or Path
        ``….gpkg``. Grids go beside it as ``<name>_elevation.tif``, ``<name>_population.tif``.

    Returns
    -------
    Path
        The GeoPackage. It appears whole or not at all: it is made under another name first.

    Raises
    ------
    InputError
        If the path does not end in ``.gpkg`` or its folder does not exist.
    """
    target = Path(path)
    if target.suffix.lower() != ".gpkg":
        raise InputError(
            f"{target}: a city is written to a GeoPackage; end the name in .gpkg.",
            zh=f"{target}:城市写入 GeoPackage;文件名请以 .gpkg 结尾。",
        )
    if not target.parent.is_dir():
        raise InputError(
            f"{target}: the folder {target.parent} does not exist. Make it first.",
            zh=f"{target}:文件夹 {target.parent} 不存在。请先新建。",
        )
    with _workshop(target) as folder:
        made = folder / target.name
        for name, spec in data_dictionary().inputs.items():
            frame = city.layer(name)
            if len(frame):
                written = written_frame(frame, spec).to_crs(city.geographic_crs)
                kinds = written.geom_type.unique()
                pyogrio.write_dataframe(
                    written,
                    made,
                    layer=name,
                    driver="GPKG",
                    promote_to_multi=False,  # a line stays a line
                    geometry_type=str(kinds[0]) if len(kinds) == 1 else "Unknown",
                )
        for name, spec in data_dictionary().tables.items():
            table = city.table(name)
            if len(table):
                rows = table[list(spec.columns)].reset_index(names="id")
                pyogrio.write_dataframe(rows, made, layer=name, driver="GPKG")
        about = {
            "name": city.name,
            "zone": city.crs.to_wkt(),
            "rasters": json.dumps(sorted(city.rasters)),
            "dictionary": data_dictionary().version,
        }
        table = pd.DataFrame({"key": list(about), "value": list(about.values())})
        pyogrio.write_dataframe(table, made, layer=ABOUT_LAYER, driver="GPKG")
        for name, raster in city.rasters.items():
            write_raster(raster, folder / raster_path(target, name).name)
        for file in sorted(folder.iterdir(), key=lambda file: file == made):
            os.replace(file, target.parent / file.name)  # noqa: PTH105  (replaces what is there)
    return target


@contextmanager
def _workshop(target: Path) -> Iterator[Path]:
    """Give a folder on the same file system, so that renaming is one step."""
    with TemporaryDirectory(prefix=".linli-", dir=target.parent) as folder:
        yield Path(folder)


def raster_path(gpkg: Path, name: str) -> Path:
    """Return where the grid of a city's GeoPackage lies.

    Examples
    --------
    >>> raster_path(Path("out/demo.gpkg"), "elevation").as_posix()
    'out/demo_elevation.tif'
    """
    return gpkg.with_name(f"{gpkg.stem}_{name}.tif")


def written_frame(frame: gpd.GeoDataFrame, spec: LayerSpec) -> gpd.GeoDataFrame:
    """Return a frame as files hold it: the id as a column, JSON as text."""
    columns: dict[str, pd.Series] = {"id": pd.Series(frame.index, index=frame.index)}
    for column in spec.columns.values():
        values = frame[column.name]
        if column.type == "json":
            values = values.map(_json_text).astype("string")
        columns[column.name] = values
    table = pd.DataFrame(columns).reset_index(drop=True)
    return gpd.GeoDataFrame(table, geometry=frame.geometry.to_numpy(), crs=frame.crs)


def _json_text(value: object) -> str | None:
    if not isinstance(value, dict | list):
        return None
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
