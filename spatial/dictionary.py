"""The data dictionary: which layers and result tables exist, with columns, units and values.

It is read from ``data/dictionary.yaml``; readers, checks, files, the database and the web page
follow it, so a new column is added in one place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import yaml

from spatial.errors import LayerError, StandardsError

__all__ = [
    "ColumnSpec",
    "Dictionary",
    "LayerSpec",
    "conform",
    "data_dictionary",
    "data_file",
    "empty_layer",
    "empty_table",
]

PANDAS_DTYPES: Final = {
    "text": "string",
    "integer": "Int64",
    "number": "Float64",
    "boolean": "boolean",
    "json": "object",
}
"""Nullable types throughout: a missing value stays missing."""

GEOMETRY_FAMILIES: Final = {
    "point": {"Point"},
    "line": {"LineString", "MultiLineString"},
    "polygon": {"Polygon", "MultiPolygon"},
}


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """One column: what it means, its unit and what it may hold."""

    name: str
    type: str
    zh: str
    en: str
    unit: str | None = None
    values: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    default: Any = None

    @property
    def dtype(self) -> str:
        """Pandas type of the column."""
        return PANDAS_DTYPES[self.type]


@dataclass(frozen=True, slots=True)
class LayerSpec:
    """One layer or result table."""

    name: str
    zh: str
    en: str
    geometry: str
    columns: Mapping[str, ColumnSpec]
    aliases: tuple[str, ...] = ()

    @property
    def geometry_types(self) -> set[str]:
        """Shapely type names that the layer admits; empty for a table without geometry."""
        if self.geometry == "none":
            return set()
        if self.geometry == "any":
            return set().union(*GEOMETRY_FAMILIES.values())
        return set(GEOMETRY_FAMILIES[self.geometry])


@dataclass(frozen=True, slots=True)
class Dictionary:
    """The whole data dictionary."""

    version: str
    inputs: Mapping[str, LayerSpec]
    tables: Mapping[str, LayerSpec]
    """Inputs without geometry."""
    rasters: Mapping[str, Mapping[str, Any]]
    results: Mapping[str, LayerSpec]


def data_file(*parts: str) -> resources.abc.Traversable:
    """Return a file of the ``data`` folder, wherever Linli is installed."""
    found = resources.files("data").joinpath(*parts)
    if not found.is_file() and not found.is_dir():
        raise StandardsError(
            f"`data/{'/'.join(parts)}` is missing from the installation. "
            "Reinstall Linli, or check out the file again.",
            zh=f"安装中缺少 data/{'/'.join(parts)}。请重新安装 Linli,或重新检出该文件。",
        )
    return found


@lru_cache(maxsize=1)
def data_dictionary() -> Dictionary:
    """Read the data dictionary (once per process).

    Examples
    --------
    >>> data_dictionary().inputs["neighbourhoods"].columns["households"].unit
    'households'
    """
    raw = yaml.safe_load(data_file("dictionary.yaml").read_text(encoding="utf-8"))
    inputs = {name: _layer(name, body, {}) for name, body in raw["inputs"].items()}
    tables = {name: _layer(name, body, {}) for name, body in raw["tables"].items()}
    results = {name: _layer(name, body, inputs) for name, body in raw["results"].items()}
    return Dictionary(
        version=str(raw["version"]),
        inputs=inputs,
        tables=tables,
        rasters=raw["rasters"],
        results=results,
    )


def _layer(name: str, body: Mapping[str, Any], bases: Mapping[str, LayerSpec]) -> LayerSpec:
    columns = dict(bases[body["extends"]].columns) if "extends" in body else {}
    for column, spec in body["columns"].items():
        try:
            columns[column] = ColumnSpec(
                name=column,
                type=spec["type"],
                zh=spec["zh"],
                en=spec["en"],
                unit=spec.get("unit"),
                values=tuple(spec.get("values", ())),
                aliases=tuple(str(alias) for alias in spec.get("aliases", ())),
                default=spec.get("default"),
            )
        except KeyError as missing:
            raise StandardsError(
                f"data/dictionary.yaml: column `{name}.{column}` lacks {missing}.",
                zh=f"data/dictionary.yaml:列 {name}.{column} 缺少 {missing}。",
            ) from missing
        if spec["type"] not in PANDAS_DTYPES:
            raise StandardsError(
                f"data/dictionary.yaml: column `{name}.{column}` has the unknown type "
                f"`{spec['type']}`; use one of {', '.join(PANDAS_DTYPES)}.",
                zh=(
                    f"data/dictionary.yaml:列 {name}.{column} 的类型“{spec['type']}”未知;可"
                    f"用 {'、'.join(PANDAS_DTYPES)}。"
                ),
            )
    return LayerSpec(
        name=name,
        zh=body["zh"],
        en=body["en"],
        geometry=body["geometry"],
        columns=columns,
        aliases=tuple(str(alias) for alias in body.get("aliases", ())),
    )


def empty_layer(spec: LayerSpec, crs: Any) -> gpd.GeoDataFrame:
    """Return a layer without rows, every column of the dictionary present and typed."""
    columns = {column.name: pd.Series(dtype=column.dtype) for column in spec.columns.values()}
    frame = gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries([], crs=crs), crs=crs)
    frame.index = pd.Index([], dtype="str", name="id")
    return frame


def empty_table(spec: LayerSpec) -> pd.DataFrame:
    """Return a table without rows, every column of the dictionary present and typed."""
    table = pd.DataFrame({c.name: pd.Series(dtype=c.dtype) for c in spec.columns.values()})
    table.index = pd.Index([], dtype="str", name="id")
    return table


def conform(frame: pd.DataFrame, spec: LayerSpec, *, name: str) -> pd.DataFrame:
    """Give a frame exactly the columns of its layer, typed, in the dictionary's order.

    Parameters
    ----------
    frame : DataFrame or GeoDataFrame, shape (n,)
        Indexed by ``id`` (text, unique). Missing columns are filled with the dictionary's
        default; columns that the dictionary does not know are dropped.
    spec : LayerSpec
        The layer.
    name : str
        What to call the frame in an error.

    Returns
    -------
    DataFrame or GeoDataFrame, shape (n,)
        A new frame on the same index.

    Raises
    ------
    LayerError
        If ids repeat, or a value is not allowed in its column.
    """
    if not frame.index.is_unique:
        twice = frame.index[frame.index.duplicated()][:3].tolist()
        raise LayerError(
            f"`{name}` has repeated ids, e.g. {twice}. Give every row its own id.",
            zh=f"{name} 的编号重复,如 {twice}。请给每行各自的编号。",
        )
    columns: dict[str, Any] = {}
    for column in spec.columns.values():
        if column.name in frame.columns:
            values = frame[column.name]
            if column.type != "json":
                values = values.astype(column.dtype)
        else:
            values = pd.Series(pd.NA, index=frame.index, dtype=column.dtype)
        if column.default is not None:
            values = values.fillna(column.default)
        if column.values:
            known = values.isna() | values.isin(column.values)
            if not known.all():
                row = values[~known].index[0]
                raise LayerError(
                    f"`{name}` row {row}: column `{column.name}` holds {values[row]!r}; "
                    f"allowed are {', '.join(column.values)}.",
                    zh=(
                        f"{name} 第 {row} 行:列 {column.name} 的值是 {values[row]!r};允许的值为 "
                        f"{'、'.join(column.values)}。"
                    ),
                )
        columns[column.name] = values
    index = pd.Index(frame.index.astype("str"), name="id")
    table = pd.DataFrame(columns, index=frame.index)
    table.index = index
    if spec.geometry == "none":
        return table
    if not isinstance(frame, gpd.GeoDataFrame):
        raise LayerError(
            f"`{name}` needs geometry; give a GeoDataFrame.",
            zh=f"{name} 需要几何;请给 GeoDataFrame。",
        )
    geometry = gpd.GeoSeries(frame.geometry.to_numpy(), index=index, crs=frame.crs)
    return gpd.GeoDataFrame(table, geometry=geometry, crs=frame.crs)
