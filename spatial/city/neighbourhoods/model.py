"""Neighbourhoods made ready for everything that follows."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from spatial.city.report import Note

__all__ = ["Neighbourhoods"]


@dataclass(frozen=True, eq=False)
class Neighbourhoods:
    """The atoms of planning: parcels with facts, gap-free cells, gates and buildings.

    ``frame``, ``cells`` share one index, the neighbourhood ids.
    """

    frame: gpd.GeoDataFrame
    """Facts; geometry is the surveyed (or derived) parcel. Columns of ``results.neighbourhoods``
    up to ``gate_count``; later rooms fill the rest."""
    cells: gpd.GeoDataFrame
    """``results.cells``: a valid coverage."""
    gates: gpd.GeoDataFrame
    """``results.neighbourhood_gates`` without ``entry_m`` and ``component``."""
    building_neighbourhood: pd.Series
    """Neighbourhood id of each building, NA where it lies in none."""
    notes: tuple[Note, ...] = ()
