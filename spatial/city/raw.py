"""What a reader hands over: one layer of one source, as it stood there, before any check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import geopandas as gpd
import pyproj

from spatial.city.crs import Shift
from spatial.city.input_tables import RawTable
from spatial.city.rasters import Grid
from spatial.city.report import Note, Refusal, Repair

__all__ = ["RawLayer", "ReadFile"]


@dataclass(frozen=True, slots=True, eq=False)
class RawLayer:
    """One layer of one source, unchecked.

    The index of `frame` names the rows as the source does (text; may repeat); geometry may be
    missing, broken or of any type; a CRS may be undeclared.
    """

    layer: str
    source: str
    frame: gpd.GeoDataFrame
    refusals: tuple[Refusal, ...] = ()
    """Rows that the reader could not turn into a row of `frame` at all."""
    repairs: tuple[Repair, ...] = ()
    """What the reader itself had to mend."""
    merged: int = 0
    notes: tuple[Note, ...] = ()
    shifted: Shift | None = None
    """The source itself, or a recipe, declares its coordinates shifted."""

    @property
    def read(self) -> int:
        """How many features the source held."""
        return len(self.frame) + len(self.refusals) + self.merged


@dataclass(frozen=True, slots=True, eq=False)
class ReadFile:
    """Everything that one file held."""

    layers: tuple[RawLayer, ...] = ()
    grids: Mapping[str, Grid] = field(default_factory=dict)
    """Grids by name, read when it is known where the city lies."""
    notes: tuple[Note, ...] = ()
    name: str | None = None
    """Name of the city, where the file says it."""
    zone: pyproj.CRS | None = None
    """Metric zone of the city, where the file says it."""
    tables: tuple[RawTable, ...] = ()
    """Input tables without geometry."""
