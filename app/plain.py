"""Values, rows and shapes of the engine as JSON knows them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import geopandas as gpd
import pandas as pd
import pyproj
import shapely

__all__ = ["Record", "collection", "geometry_record", "plain", "records"]

Record = dict[str, Any]


def records(frame: pd.DataFrame, *, with_index: bool = True) -> list[Record]:
    """Return rows as plain values; missing ones and numbers that are none become None.

    Examples
    --------
    >>> records(pd.DataFrame({"x": [1.5, float("nan")]}, index=["a", "b"]))
    [{'id': 'a', 'x': 1.5}, {'id': 'b', 'x': None}]
    """
    columns = {str(name): _plain_column(frame[name]) for name in frame.columns}
    if with_index:
        columns = {"id": [str(key) for key in frame.index], **columns}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def collection(frame: gpd.GeoDataFrame) -> Record:
    """Return a frame with geometry as GeoJSON in longitude/latitude."""
    rows = records(pd.DataFrame(frame.drop(columns=frame.geometry.name)), with_index=False)
    features = []
    for key, row, shape in zip(frame.index, rows, frame.geometry, strict=True):
        geometry = geometry_record(shape, frame.crs)
        features.append(
            {"type": "Feature", "id": str(key), "geometry": geometry, "properties": row}
        )
    return {"type": "FeatureCollection", "features": features}


def geometry_record(shape: Any, crs: Any) -> Record | None:
    """Return one geometry of the metric zone as GeoJSON in longitude/latitude."""
    if shape is None or shapely.is_empty(shape):
        return None
    lonlat = shapely.transform(shape, _to_degrees(crs).transform, interleaved=False)
    return shapely.geometry.mapping(lonlat)


@lru_cache(maxsize=16)
def _to_degrees(crs: Any) -> pyproj.Transformer:
    zone = pyproj.CRS.from_user_input(crs)
    return pyproj.Transformer.from_crs(zone, zone.geodetic_crs, always_xy=True)


def plain(value: Any) -> Any:
    """Return one value as JSON knows it.

    Examples
    --------
    >>> plain({"a": (float("nan"), 1), "b": pd.NA})
    {'a': [None, 1], 'b': None}
    """
    if value is None or value is pd.NA:
        return None
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not abs(value) < float("inf"):
        return None
    return value if isinstance(value, str | int | float | bool) else str(value)


def _plain_column(column: pd.Series) -> list[Any]:
    values = column.tolist()
    if column.dtype.kind in "biu":
        return values
    return [plain(value) for value in values]
