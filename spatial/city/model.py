"""The city: a checked bundle of layers in one metric zone, and what became of what was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from spatial.city.report import ImportReport
from spatial.dictionary import conform, data_dictionary, empty_layer, empty_table
from spatial.errors import CRSError, LayerError

__all__ = ["City", "Raster"]


@dataclass(frozen=True, slots=True, eq=False)
class Raster:
    """A grid of numbers in a CRS of its own; row 0 is the north edge.

    ``values`` has shape (rows, columns), ``NaN`` where nothing is known; ``transform`` holds the
    six affine numbers ``(a, b, c, d, e, f)``: a pixel's corner lies at
    ``x = a·col + b·row + c``, ``y = d·col + e·row + f``.
    """

    values: npt.NDArray[np.float64]
    transform: tuple[float, float, float, float, float, float]
    crs: pyproj.CRS
    unit: str


@dataclass(frozen=True, slots=True, eq=False)
class City:
    """A checked bundle of layers; everything downstream takes a `City`.

    Every layer of the data dictionary is present, in the metric zone `crs`, indexed by ``id``
    (text, unique), with exactly the dictionary's columns; a layer that was not given is empty.

    Parameters
    ----------
    name : str
        What to call it.
    crs : pyproj.CRS
        The one metric zone in which everything is computed.
    geographic_crs : pyproj.CRS
        Longitude/latitude for storage and exchange: EPSG:4490 in China, EPSG:4326 elsewhere.
    layers : mapping of layer name to GeoDataFrame
        Missing layers are added, empty. Frames are never changed.
    rasters : mapping of name to Raster
        ``elevation`` (m) and ``population`` (persons per cell), where given.
    report : ImportReport
        What became of every feature read.
    tables : mapping of name to DataFrame
        Inputs without geometry: ``demand_votes``. Missing ones are added, empty.

    Raises
    ------
    CRSError
        If `crs` is not metric or a layer is in another CRS.
    LayerError
        If a layer is unknown, or a geometry is empty, not finite, invalid or of the wrong family.

    Examples
    --------
    >>> city = City.from_layers("demo", {}, crs=4547)
    >>> city.layer("streets").empty
    True
    """

    name: str
    crs: pyproj.CRS
    geographic_crs: pyproj.CRS
    layers: Mapping[str, gpd.GeoDataFrame]
    rasters: Mapping[str, Raster] = field(default_factory=dict)
    report: ImportReport = field(default_factory=ImportReport)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    @classmethod
    def from_layers(
        cls,
        name: str,
        layers: Mapping[str, gpd.GeoDataFrame],
        *,
        crs: Any,
        geographic_crs: Any = 4490,
        rasters: Mapping[str, Raster] | None = None,
        report: ImportReport | None = None,
        tables: Mapping[str, pd.DataFrame] | None = None,
    ) -> City:
        """Check the layers, complete them, and bundle them."""
        zone = pyproj.CRS.from_user_input(crs)
        if zone.axis_info[0].unit_name != "metre":
            raise CRSError(
                f"The city's zone {zone.name} is measured in {zone.axis_info[0].unit_name}; "
                "a metric zone is needed, see spatial.city.crs.metric_zone.",
                zh=(
                    f"城市坐标系 {zone.name} 的单位是 {zone.axis_info[0].unit_name};需要米制投"
                    "影带,见 spatial.city.crs.metric_zone。"
                ),
            )
        dictionary = data_dictionary()
        unknown = sorted(set(layers) - set(dictionary.inputs))
        if unknown:
            raise LayerError(
                f"Unknown layers {', '.join(unknown)}. Linli reads "
                f"{', '.join(dictionary.inputs)}; see data/dictionary.yaml.",
                zh=(
                    f"未知图层 {'、'.join(unknown)}。Linli 读取 {'、'.join(dictionary.inputs)};"
                    "见 data/dictionary.yaml。"
                ),
            )
        checked = {}
        for layer, spec in dictionary.inputs.items():
            frame = layers.get(layer)
            if frame is None or len(frame) == 0:
                checked[layer] = empty_layer(spec, zone)
                continue
            if frame.crs is None or pyproj.CRS(frame.crs) != zone:
                raise CRSError(
                    f"Layer `{layer}` is in {frame.crs}, the city in {zone.name}. "
                    "Project it first: `frame.to_crs(city.crs)`.",
                    zh=(
                        f"图层 {layer} 的坐标系是 {frame.crs},城市是 {zone.name}。请先投影"
                        ":frame.to_crs(city.crs)。"
                    ),
                )
            _require_usable(frame, layer=layer, types=spec.geometry_types)
            checked[layer] = conform(frame, spec, name=layer)
        return cls(
            name=name,
            crs=zone,
            geographic_crs=pyproj.CRS.from_user_input(geographic_crs),
            layers=checked,
            rasters=dict(rasters or {}),
            report=report or ImportReport(),
            tables=_checked_tables(tables or {}),
        )

    @classmethod
    def from_place(cls, place: Any, **choices: Any) -> City:
        """Read a city from OpenStreetMap online; see `spatial.city.city_from_place`."""
        from spatial.city.from_place import city_from_place  # noqa: PLC0415  (it builds on City)

        return city_from_place(place, **choices)

    def layer(self, name: str) -> gpd.GeoDataFrame:
        """Return one layer, possibly empty; treat it as read-only."""
        if name not in self.layers:
            raise LayerError(
                f"No layer `{name}`; a city has {', '.join(self.layers)}.",
                zh=f"没有图层“{name}”;城市包含 {'、'.join(self.layers)}。",
            )
        return self.layers[name]

    def table(self, name: str) -> pd.DataFrame:
        """Return one input table without geometry, possibly empty; treat it as read-only."""
        known = data_dictionary().tables
        if name not in known:
            raise LayerError(
                f"No input table `{name}`; a city has {', '.join(known)}.",
                zh=f"没有输入表 {name};城市包含 {'、'.join(known)}。",
            )
        return self.tables[name] if name in self.tables else empty_table(known[name])

    def with_tables(self, **tables: pd.DataFrame) -> City:
        """Return a city in which these tables without geometry are replaced (and checked)."""
        return replace(self, tables=_checked_tables({**self.tables, **tables}))

    def with_layers(self, **layers: gpd.GeoDataFrame) -> City:
        """Return a city in which these layers are replaced (and checked)."""
        return City.from_layers(
            self.name,
            {**self.layers, **layers},
            crs=self.crs,
            geographic_crs=self.geographic_crs,
            rasters=self.rasters,
            report=self.report,
            tables=self.tables,
        )

    def with_report(self, report: ImportReport) -> City:
        """Return the same city with another import report."""
        return replace(self, report=report)

    @property
    def bounds_m(self) -> tuple[float, float, float, float]:
        """Outer bounds (west, south, east, north) of all layers, in metres of the zone."""
        boxes = np.array([frame.total_bounds for frame in self.layers.values() if len(frame)])
        if not len(boxes):
            raise LayerError(
                f"City `{self.name}` has no features, so it has no bounds.",
                zh=f"城市“{self.name}”没有任何要素,因而没有范围。",
            )
        west, south = boxes[:, :2].min(axis=0)
        east, north = boxes[:, 2:].max(axis=0)
        return float(west), float(south), float(east), float(north)


def _checked_tables(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Give every input table without geometry the dictionary's columns; absent ones are empty."""
    known = data_dictionary().tables
    unknown = sorted(set(tables) - set(known))
    if unknown:
        raise LayerError(
            f"Unknown tables {', '.join(unknown)}. Linli reads {', '.join(known)}; "
            "see data/dictionary.yaml.",
            zh=f"未知输入表 {'、'.join(unknown)}。Linli 读取 {'、'.join(known)};"
            "见 data/dictionary.yaml。",
        )
    return {
        name: conform(tables[name], spec, name=name) if name in tables else empty_table(spec)
        for name, spec in known.items()
    }


def _require_usable(frame: gpd.GeoDataFrame, *, layer: str, types: set[str]) -> None:
    geometry = frame.geometry.to_numpy()
    faults = {
        ("is missing or empty", "缺失或为空"): shapely.is_missing(geometry)
        | shapely.is_empty(geometry),
        ("is not valid", "无效"): ~shapely.is_valid(geometry),
        (
            f"is none of {', '.join(sorted(types))}",
            f"不属于 {'、'.join(sorted(types))}",
        ): ~np.isin(frame.geometry.geom_type.fillna("").to_numpy(dtype=str), sorted(types)),
    }
    for (fault, fault_zh), rows in faults.items():
        if rows.any():
            where = frame.index[rows][0]
            raise LayerError(
                f"Layer `{layer}` row {where}: the geometry {fault}. "
                "Read the layer with spatial.city.read_city, which repairs or refuses such rows.",
                zh=(
                    f"图层 {layer} 第 {where} 行:几何{fault_zh}。请用 spatial.city.read_city "
                    "读取,它会修复或拒收这类行。"
                ),
            )
    if not np.isfinite(frame.total_bounds).all():
        raise LayerError(
            f"Layer `{layer}` holds coordinates that are not finite numbers.",
            zh=f"图层 {layer} 含有非有限数值的坐标。",
        )
