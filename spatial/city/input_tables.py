"""Input tables without geometry: residents' votes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyogrio
from pyogrio.errors import DataSourceError

from spatial.city.columns import fill_columns, rename_columns
from spatial.city.recipe import FileRecipe
from spatial.city.report import LayerReport, Note
from spatial.city.tables import read_csv, read_excel
from spatial.city.text_values import clean, parse_number
from spatial.dictionary import ColumnSpec, LayerSpec, data_dictionary
from spatial.errors import InputError

__all__ = ["RawTable", "joined_tables", "read_table"]

NEEDED: Final = {"demand_votes": ("neighbourhood_id", "kind", "votes")}
"""Columns without which a table says nothing."""
HEADER_ROWS: Final = 5
SERIAL: Final = ("序号", "编号", "No", "no", "id")
"""Columns that number the rows."""


@dataclass(frozen=True, slots=True, eq=False)
class RawTable:
    """One table of one source, with the dictionary's columns; the index names the rows."""

    table: str
    source: str
    frame: pd.DataFrame
    notes: tuple[Note, ...] = ()


def read_table(path: Path, inner: str, *, table: str, source: str, recipe: FileRecipe) -> RawTable:
    """Read one input table from CSV, Excel, Parquet or a layer of a GeoPackage.

    Parameters
    ----------
    path : Path
    inner : str
        Sheet or layer of the file.
    table : str
        Which table of the dictionary it is.
    source : str
        What to call it in the report.
    recipe : FileRecipe
        How its columns are to be taken.

    Raises
    ------
    InputError
        If the file cannot be read, or a column is missing without which it says nothing.
    """
    spec = data_dictionary().tables[table]
    try:
        cells = _cells(path, inner)
    except (DataSourceError, pa.ArrowInvalid, OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"{source} cannot be read: {error}", zh=f"{source} 无法读取:{error}"
        ) from error
    cells = _below_header(cells, spec, recipe)
    cells = cells.set_axis(pd.RangeIndex(1, len(cells) + 1).astype(str), axis=0)
    cells = _unpivoted(cells, spec, recipe)
    # The readers of columns work on layers; these rows lie nowhere.
    placeless = gpd.GeoDataFrame(cells, geometry=gpd.GeoSeries([None] * len(cells), cells.index))
    renamed, _ = rename_columns(placeless, spec, recipe)
    missing = [name for name in NEEDED[table] if name not in renamed.columns]
    if missing:
        wanted = "; ".join(f"{name} ({', '.join(spec.columns[name].aliases)})" for name in missing)
        raise InputError(
            f"{source}: no column for {wanted}; it has {', '.join(map(str, cells.columns))}. One "
            f"of the first {HEADER_ROWS} rows must hold the names of the columns.",
            zh=f"{source}:缺少列 {wanted};现有列为 {'、'.join(map(str, cells.columns))}。"
            f"前 {HEADER_ROWS} 行中应有一行是列名。",
        )
    frame, notes = fill_columns(renamed, spec, source=source)
    return RawTable(table, source, pd.DataFrame(frame), notes)


def _below_header(cells: pd.DataFrame, spec: LayerSpec, recipe: FileRecipe) -> pd.DataFrame:
    """Take the row with the most known names as the header: titles often stand above it."""
    known = {clean(name) for column in spec.columns.values() for name in _names(column, recipe)}
    rows = [list(cells.columns), *cells.head(HEADER_ROWS - 1).to_numpy(dtype=object).tolist()]
    fits = [sum(clean(str(cell)) in known for cell in row) for row in rows]
    best = fits.index(max(fits))
    if best == 0:
        return cells
    head = [str(cell).strip() or f"column_{i + 1}" for i, cell in enumerate(rows[best])]
    return cells.iloc[best:].set_axis(head, axis=1)


def _unpivoted(cells: pd.DataFrame, spec: LayerSpec, recipe: FileRecipe) -> pd.DataFrame:
    """Turn a form with one column for each kind into rows; columns without numbers are none.

    Rows keep their number in the source, with the kind behind it.
    """
    if spec.name != "demand_votes":
        return cells
    taken = {
        name: [c for c in cells if clean(str(c)) in {clean(n) for n in _names(column, recipe)}]
        for name, column in spec.columns.items()
    }
    if not taken["neighbourhood_id"] or taken["kind"] or taken["votes"]:
        return cells
    kept = [*taken["neighbourhood_id"][:1], *taken["households_asked"][:1]]
    counted = {
        column: numbers
        for column in cells.columns.difference(kept, sort=False)
        if column not in SERIAL
        and (numbers := cells[column].map(lambda v: parse_number(v, None))).notna().any()
    }
    parts = [
        cells[kept]
        .assign(kind=str(column), votes=numbers)
        .set_axis([f"{row}:{column}" for row in cells.index], axis=0)[numbers.notna().to_numpy()]
        for column, numbers in counted.items()
    ]
    return pd.concat(parts) if parts else cells


def _names(column: ColumnSpec, recipe: FileRecipe) -> tuple[str, ...]:
    wanted = recipe.columns.get(column.name)
    return (column.name, *column.aliases) if wanted is None else (wanted,)


def joined_tables(
    raws: Sequence[RawTable],
) -> tuple[dict[str, pd.DataFrame], tuple[LayerReport, ...]]:
    """Bring the sources of each table together, and report what was read."""
    tables: dict[str, pd.DataFrame] = {}
    reports = []
    for name in dict.fromkeys(raw.table for raw in raws):
        parts = [raw for raw in raws if raw.table == name]
        frames = [
            raw.frame.set_axis([f"{raw.source}:{row}" for row in raw.frame.index], axis=0)
            if len(parts) > 1
            else raw.frame
            for raw in parts
        ]
        tables[name] = pd.concat(frames)
        reports += [
            LayerReport(name, raw.source, len(raw.frame), len(raw.frame), notes=raw.notes)
            for raw in parts
        ]
    return tables, tuple(reports)


def _cells(path: Path, inner: str) -> pd.DataFrame:
    suffix = path.suffix.lower()
    if suffix == ".xlsx":
        sheets = read_excel(path)
        return sheets[inner] if inner in sheets else next(iter(sheets.values()))
    if suffix in (".csv", ".tsv", ".txt"):
        return read_csv(path)
    if suffix in (".parquet", ".geoparquet"):
        return pd.read_parquet(path).reset_index(drop=True)
    return pyogrio.read_dataframe(path, layer=inner, read_geometry=False)
