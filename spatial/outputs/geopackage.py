"""One GeoPackage with every input layer and every result, in longitude/latitude."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import pyogrio

if TYPE_CHECKING:
    from spatial.analysis import Analysis

__all__ = ["write_geopackage"]


def write_geopackage(analysis: Analysis, path: Path) -> None:
    """Write every layer of the city and every result table.

    Input layers keep their names behind ``input_`` where a result has the same name. Geometry is
    in the city's geographic CRS (EPSG:4490 in China). The `about` table says what the numbers
    depend on: data version, engine version, profile and parameters.
    """
    geographic = analysis.city.geographic_crs
    tables: dict[str, pd.DataFrame] = dict(analysis.tables)
    for name, frame in analysis.city.layers.items():
        if len(frame):
            tables[f"input_{name}" if name in tables else name] = frame
    tables |= {name: table for name, table in analysis.city.tables.items() if len(table)}
    for name, frame in tables.items():
        if isinstance(frame, gpd.GeoDataFrame):
            _write_layer(frame.to_crs(geographic), path, name)
        else:
            _write_table(frame, path, name)
    _write_table(_about(analysis), path, "about")


def _write_layer(frame: gpd.GeoDataFrame, path: Path, name: str) -> None:
    kinds = frame.geom_type.dropna().unique()
    flat = gpd.GeoDataFrame(_flat(frame.drop(columns="geometry")), geometry=frame.geometry.values)
    flat = flat.set_crs(frame.crs, allow_override=True)
    same = kinds[0] if len(kinds) == 1 else "Unknown"
    if set(kinds) in ({"Polygon", "MultiPolygon"}, {"LineString", "MultiLineString"}):
        same = next(kind for kind in kinds if kind.startswith("Multi"))
    pyogrio.write_dataframe(
        flat,
        path,
        layer=name,
        driver="GPKG",
        geometry_type=same,
        promote_to_multi=same.startswith("Multi"),
        append=path.exists(),
    )


def _write_table(frame: pd.DataFrame, path: Path, name: str) -> None:
    pyogrio.write_dataframe(_flat(frame), path, layer=name, driver="GPKG", append=path.exists())


def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns as GeoPackage can hold them: the id as a column, tags as JSON text."""
    flat = frame.reset_index(names="id") if frame.index.name == "id" else frame.reset_index()
    flat = flat.drop(columns=[c for c in ("index", "level_0") if c in flat.columns])
    for column in flat.columns:
        if flat[column].dtype == object:
            flat[column] = flat[column].map(_json_text).astype("string")
    return flat


def _json_text(value: Any) -> str | None:
    if value is None or value is pd.NA or (isinstance(value, float) and value != value):  # noqa: PLR0124
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _about(analysis: Analysis) -> pd.DataFrame:
    rows = {
        "city": analysis.city.name,
        "data_version": analysis.data_version,
        "engine_version": analysis.engine_version,
        "profile": analysis.profile.id,
        "computed_in": analysis.city.crs.to_string(),
        "parameters": json.dumps(analysis.summary["parameters"], ensure_ascii=False),
    }
    return pd.DataFrame({"key": list(rows), "value": list(rows.values())}, dtype="string")
