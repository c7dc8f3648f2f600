"""Frames onto a map: simplified, limited, labelled, and said so when not all of it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import folium
import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.maps.offline import OfflineMap

__all__ = ["MAX_FEATURES", "add_layer", "blank_map"]

MAX_FEATURES: Final = 12_000
"""More than this in one layer makes browsers slow; its name then says how many are left out."""
DRAWN_TOLERANCE_M: Final = 1.0
"""Outlines are simplified by this much for drawing only."""
DEGREE_DIGITS: Final = 6
"""About 0.1 m: finer digits only make the file larger."""

WHOLE: Final = ("persons", "households", "land_m2")
"""Columns that people count in whole numbers."""
SAID: Final = {
    "given": "给定 given",
    "delineated": "推定 delineated",
    "buffered": "缓冲推定 buffered",
    "eligible": "可纳入 eligible",
    "conditional": "有条件 conditional",
    "excluded": "不纳入 excluded",
    "unknown": "未知 unknown",
    "registered": "登记 registered",
    "osm": "地图线索 map evidence",
    "leftover": "推算余地 leftover land",
    "detected": "其他线索 other signs",
}
"""Values of the data dictionary in words for people."""

Style = Callable[[dict[str, Any]], dict[str, Any]]


def blank_map(frame: gpd.GeoDataFrame | gpd.GeoSeries) -> folium.Map:
    """Return an empty offline map that shows the extent of a frame.

    Examples
    --------
    >>> from shapely import Point
    >>> blank_map(gpd.GeoSeries([Point(500000, 3300000)], crs=4549)).location  # doctest: +SKIP
    """
    west, south, east, north = frame.to_crs(4326).total_bounds
    drawn = OfflineMap(((south + north) / 2, (west + east) / 2))
    drawn.fit_bounds([[south, west], [north, east]])
    return drawn


def add_layer(
    onto: folium.Map,
    frame: gpd.GeoDataFrame,
    *,
    name: str,
    style: Style | Mapping[str, Any],
    fields: Mapping[str, str] | None = None,
    show: bool = True,
    point_radius: float = 3.5,
) -> None:
    """Draw a frame on a map as a layer that can be switched.

    Parameters
    ----------
    frame : GeoDataFrame, shape (n,)
        In any declared CRS. Above `MAX_FEATURES` rows the largest (or first) are drawn.
    name : str
        Shown in the layer list; the number left out is added to it.
    style : callable or mapping
        Leaflet path options, fixed or by feature.
    fields : mapping of column to caption, optional
        Shown when the pointer rests on a feature.
    """
    drawn = frame[~frame.geometry.is_empty & frame.geometry.notna()]
    left_out = max(len(drawn) - MAX_FEATURES, 0)
    if left_out:
        sizes = drawn.geometry.area + drawn.geometry.length
        drawn = drawn.loc[sizes.nlargest(MAX_FEATURES).index]
        name = f"{name} (+{left_out})"
    if drawn.empty:
        return
    captions = dict(fields or {})
    shapes = (
        drawn.geometry.simplify(DRAWN_TOLERANCE_M).to_crs(4326).set_precision(10**-DEGREE_DIGITS)
    )
    table = gpd.GeoDataFrame(
        {column: _readable(drawn[column]) for column in captions},
        geometry=shapes.to_numpy(),
        crs=4326,
    )
    paint: Style = style if callable(style) else _always(dict(style))
    folium.GeoJson(
        table.to_json(drop_id=True),
        name=name,
        show=show,
        style_function=paint,
        marker=folium.CircleMarker(radius=point_radius, weight=0.6, fill=True, fill_opacity=0.9),
        tooltip=(
            folium.GeoJsonTooltip(
                list(captions),
                aliases=list(captions.values()),
                sticky=False,
                style="white-space: normal; min-width: 220px; max-width: 320px;",
            )
            if captions
            else None
        ),
        zoom_on_click=False,
    ).add_to(onto)


def _always(options: dict[str, Any]) -> Style:
    """Return a style that is the same for every feature."""
    return lambda _feature: options


def _readable(values: pd.Series) -> list[Any]:
    """Plain values for GeoJSON: a missing value is shown as such, numbers are rounded."""
    digits = 0 if str(values.name) in WHOLE else 2
    if pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype):
        numbers = values.astype("Float64").to_numpy(dtype=float, na_value=np.nan)
        return [
            None if np.isnan(v) else (int(v) if v == int(v) else round(v, digits)) for v in numbers
        ]
    return ["未知 unknown" if pd.isna(v) else SAID.get(str(v), str(v)) for v in values]
