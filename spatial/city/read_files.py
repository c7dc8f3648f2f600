"""Reading GeoPackage, GeoParquet, Shapefile, GeoJSON, CSV and Excel into raw layers."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path
from typing import Any, Final, cast

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
from pyogrio.errors import DataSourceError

from spatial.city.columns import UNUSED_SHOWN, rename_columns
from spatial.city.crs import Shift, parse_crs
from spatial.city.layer_names import recognise_layer
from spatial.city.raw import RawLayer
from spatial.city.recipe import FileRecipe, alias_tables
from spatial.city.report import Note, Refusal
from spatial.city.shapefiles import shapefile_encoding
from spatial.city.tables import place_table, read_csv, read_excel
from spatial.city.text_values import clean, is_blank
from spatial.dictionary import data_dictionary
from spatial.errors import InputError

__all__ = ["FILE_READERS", "Sheet", "raw_layer", "sheets_of"]

CELL: Final = re.compile(r"<th[^>]*>([^<]*)</th>\s*<td[^>]*>([^<]*)</td>", re.IGNORECASE)


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """One inner layer of a file, not yet assigned to a layer of the dictionary."""

    name: str
    frame: gpd.GeoDataFrame
    refusals: tuple[Refusal, ...] = ()
    shifted: Shift | None = None
    notes: tuple[Note, ...] = ()


def _read_ogr(path: Path, inner: str | None, **options: Any) -> gpd.GeoDataFrame:
    with _driver_notes() as said:
        frame = pyogrio.read_dataframe(path, layer=inner, **options)
    if not isinstance(frame, gpd.GeoDataFrame):
        raise InputError(
            f"{path.name}{'::' + inner if inner else ''} has no geometry. Give it coordinates, or "
            "leave it out.",
            zh=(f"{path.name}{'::' + inner if inner else ''} 没有几何。请补充坐标,或不要读取它。"),
        )
    frame.attrs["said"] = said
    return frame


@contextmanager
def _driver_notes() -> Iterator[list[str]]:
    """Collect what the driver warns of, so that it reaches the report."""
    said: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield said
    said.extend(dict.fromkeys(str(warning.message) for warning in caught))


def _numbered(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return frame.set_axis(pd.RangeIndex(1, len(frame) + 1).astype(str), axis=0)


def _ogr_sheets(path: Path) -> Iterator[tuple[str, Callable[[], Sheet]]]:
    names = [str(name) for name, _ in pyogrio.list_layers(path)]
    for name in names:
        label = name if len(names) > 1 or path.suffix.lower() == ".gpkg" else path.stem
        yield label, lambda name=name, label=label: _ogr_sheet(path, name, label)  # type: ignore[misc]


def _ogr_sheet(path: Path, inner: str, label: str, **options: Any) -> Sheet:
    frame = _numbered(_read_ogr(path, inner, **options))
    notes = tuple(
        Note(
            "driver_warning",
            f"{path.name} 读取时的提示:{text}",
            f"{path.name}: the file driver says: {text}",
            "warning",
        )
        for text in frame.attrs.pop("said", [])
    )
    return Sheet(label, frame, notes=notes)


def _shapefile_sheets(path: Path) -> Iterator[tuple[str, Callable[[], Sheet]]]:
    yield path.stem, lambda: _shapefile_sheet(path)


def _shapefile_sheet(path: Path) -> Sheet:
    codec, how = shapefile_encoding(path)
    sheet = _ogr_sheet(path, path.stem, path.stem, encoding=codec.upper())
    if how == "gb18030":
        note = Note(
            "encoding_guessed",
            f"{path.name} 未声明编码且不是 UTF-8,按 GB18030 读取。",
            f"{path.name} declares no encoding and is not UTF-8; it is read as GB18030.",
        )
        return replace(sheet, notes=(*sheet.notes, note))
    return sheet


def _parquet_sheets(path: Path) -> Iterator[tuple[str, Callable[[], Sheet]]]:
    yield path.stem, lambda: _parquet_sheet(path)


def _parquet_sheet(path: Path) -> Sheet:
    metadata = pq.read_schema(path).metadata or {}
    if b"geo" in metadata:
        return Sheet(path.stem, _numbered(gpd.read_parquet(path)))
    table = pd.read_parquet(path).reset_index(drop=True)
    table.index = pd.RangeIndex(1, len(table) + 1).astype(str)
    return _placed(path.stem, table, path.name)


def _csv_sheets(path: Path) -> Iterator[tuple[str, Callable[[], Sheet]]]:
    yield path.stem, lambda: _placed(path.stem, read_csv(path), path.name)


def _excel_sheets(path: Path) -> Iterator[tuple[str, Callable[[], Sheet]]]:
    tables = read_excel(path)
    for name, table in tables.items():
        label = path.stem if len(tables) == 1 and recognise_layer(name) is None else name
        yield label, lambda t=table, n=label: _placed(n, t, f"{path.name}::{n}")  # type: ignore[misc]


def _placed(name: str, table: pd.DataFrame, source: str) -> Sheet:
    placed = place_table(table, source=source)
    return Sheet(name, placed.frame, refusals=placed.refusals, shifted=placed.shifted)


FILE_READERS: Final[dict[str, Callable[[Path], Iterator[tuple[str, Callable[[], Sheet]]]]]] = {
    ".gpkg": _ogr_sheets,
    ".geojson": _ogr_sheets,
    ".json": _ogr_sheets,
    ".geojsonl": _ogr_sheets,
    ".fgb": _ogr_sheets,
    ".kml": _ogr_sheets,
    ".gml": _ogr_sheets,
    ".shp": _shapefile_sheets,
    ".parquet": _parquet_sheets,
    ".geoparquet": _parquet_sheets,
    ".csv": _csv_sheets,
    ".tsv": _csv_sheets,
    ".txt": _csv_sheets,
    ".xlsx": _excel_sheets,
}
"""Readers by suffix; each yields the inner layers by name, read only when called."""


def sheets_of(path: Path) -> list[tuple[str, Callable[[], Sheet]]]:
    """List the inner layers of a file, with what reads each.

    Raises
    ------
    InputError
        If the file cannot be opened as what its name says.
    """
    try:
        return list(FILE_READERS[path.suffix.lower()](path))
    except (DataSourceError, pa.ArrowInvalid, OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"{path.name} cannot be opened: {error}",
            zh=f"{path.name} 无法打开:{error}",
        ) from error


def raw_layer(
    read: Callable[[], Sheet], *, source: str, layer: str, recipe: FileRecipe
) -> RawLayer:
    """Read one inner layer and give it the dictionary's names.

    Parameters
    ----------
    read : callable
        From `sheets_of`.
    source : str
        What to call it in the report, e.g. ``plan.gpkg::gates``.
    layer : str
        Layer of the dictionary.
    recipe : FileRecipe
        How its columns are to be taken.
    """
    try:
        sheet = read()
    except (DataSourceError, pa.ArrowInvalid, OSError, json.JSONDecodeError) as error:
        raise InputError(
            f"{source} cannot be read: {error}",
            zh=f"{source} 无法读取:{error}",
        ) from error
    frame = sheet.frame
    if frame.active_geometry_name is None:
        raise InputError(
            f"{source} has several geometry columns and none is active. Set one.",
            zh=f"{source} 有多个几何列且没有一个是活动列。请指定一个。",
        )
    frame = _unfold_descriptions(frame)
    if recipe.crs is not None:  # whoever writes a recipe knows better than the file
        frame = frame.set_crs(parse_crs(recipe.crs), allow_override=True)
    frame, id_column = _with_ids(frame, recipe)
    spec = data_dictionary().inputs[layer]
    renamed, unused = rename_columns(frame, spec, recipe)
    notes = list(sheet.notes)
    unused = [str(c) for c in unused if c != id_column]
    if unused:
        shown = ", ".join(unused[:UNUSED_SHOWN]) + (" …" if len(unused) > UNUSED_SHOWN else "")
        notes.append(
            Note(
                "unused_columns",
                f"{source}:未使用的字段 {shown}。",
                f"{source}: columns not used: {shown}.",
            )
        )
    shifted = sheet.shifted or cast("Shift | None", recipe.shifted)
    return RawLayer(
        layer=layer,
        source=source,
        frame=renamed,
        refusals=sheet.refusals,
        notes=tuple(notes),
        shifted=shifted,
    )


def _with_ids(frame: gpd.GeoDataFrame, recipe: FileRecipe) -> tuple[gpd.GeoDataFrame, str | None]:
    """Put ids on the index: a column named `id` always, other id columns only where unique."""
    by_name = {clean(column): column for column in reversed(frame.columns)}
    for name in (recipe.id,) if recipe.id else alias_tables()["ids"]:
        column = by_name.get(clean(name))
        if column is None:
            continue
        ids = frame[column].map(lambda v: None if is_blank(v) else _id_text(v)).astype(object)
        sure = clean(name) == "id" or recipe.id is not None
        if sure or (ids.notna().all() and ids.is_unique):
            index = pd.Index(ids.to_numpy(dtype=object), dtype=object, name="id")
            return frame.drop(columns=column).set_axis(index, axis=0), column
    return frame, None


def _id_text(value: Any) -> str:
    return (
        str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
    )


def _unfold_descriptions(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Turn the HTML table that KML exports put into `Description` into columns."""
    column = next((c for c in frame.columns if clean(c) == "description"), None)
    if column is None:
        return frame
    texts = frame[column].astype("string").fillna("")
    if not texts.str.contains("<th", case=False).any():
        return frame
    rows = [{unescape(k).strip(): unescape(v).strip() for k, v in CELL.findall(t)} for t in texts]
    extra = pd.DataFrame(rows, index=frame.index)
    extra = extra[[c for c in extra.columns if c and c not in frame.columns]]
    # the table is what was meant; KML's own name (kml_1, …) gives way to it
    kept = frame.drop(columns=[column, *(c for c in frame.columns if clean(c) == "name")])
    return cast("gpd.GeoDataFrame", kept.join(extra))
