"""Columns of a source to columns of the dictionary: names, values, dirty numbers."""

from __future__ import annotations

import geopandas as gpd

from spatial.city.report import Note
from spatial.dictionary import LayerSpec, conform

__all__ = ["fill_columns"]


def fill_columns(
    frame: gpd.GeoDataFrame, spec: LayerSpec, *, source: str
) -> tuple[gpd.GeoDataFrame, tuple[Note, ...]]:
    """Give a frame the dictionary's columns, and say what was lost on the way."""
    return conform(frame, spec, name=f"{source}: {spec.name}"), ()
