"""The rows of a register's file as they stand, with the row numbers that its reader sees."""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyproj
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from spatial.city.declared import Declared, declare_crs
from spatial.city.raw import RawLayer
from spatial.city.read_files import sheets_of
from spatial.city.recipe import alias_tables
from spatial.city.repair import repair_layer
from spatial.city.report import Refusal
from spatial.city.tables import decode_text, place_table
from spatial.city.text_values import clean, is_blank
from spatial.dictionary import data_dictionary
from spatial.errors import InputError
from spatial.stock.register.template import (
    EXPLAINED,
    ID_HEADER,
    OUTLINE_HEADER,
    REGISTER_SHEET,
)

__all__ = ["RawRegister", "read_sheet"]

LAYER: Final = "stock_assets"
TABLES: Final = (".xlsx", ".csv", ".tsv", ".txt")
LAYERS: Final = (".gpkg", ".geojson", ".json", ".shp", ".fgb", ".kml")
MOST_BYTES: Final = 256_000_000
"""Of an Excel file, unpacked."""
LEAST_KNOWN: Final = 2
"""So many columns of the register a sheet has at least, to be taken for one."""
Refused = tuple[str, str, str, str, str]
"""Row, column, value, Chinese, English."""


@dataclass(frozen=True, slots=True, eq=False)
class RawRegister:
    """A register's file, in the city's zone; nothing of it is read yet but the places."""

    source: str
    table: pd.DataFrame
    """Cells as they stand under the dictionary's names, by row number."""
    geometry: Mapping[str, Any]
    ids: Mapping[str, str]
    """Row number → id, where it has one."""
    refusals: tuple[Refused, ...]
    unused: tuple[str, ...]


def read_sheet(path: Path, zone: pyproj.CRS) -> RawRegister:
    """Read the rows of a register's file.

    Raises
    ------
    InputError
        If the file is of another kind, cannot be opened, or has no sheet that looks like a
        register.
    """
    ending = path.suffix.lower()
    if ending == ".xlsx":
        cells = _excel_rows(path)
    elif ending in TABLES:
        cells = _text_rows(path)
    elif ending in LAYERS:
        return _from_layers(path, zone)
    else:
        raise InputError(
            f"{path.name}: a register is read from {', '.join((*TABLES, *LAYERS))}.",
            zh=f"{path.name}:台账可由 {'、'.join((*TABLES, *LAYERS))} 读入。",
        )
    return _from_cells(cells, path.name, zone)


def _from_cells(cells: pd.DataFrame, source: str, zone: pyproj.CRS) -> RawRegister:
    outline = next((name for name in cells.columns if clean(name) == OUTLINE_HEADER), None)
    drawn = cells.index[:0]
    if outline is not None:
        drawn = cells.index[[not is_blank(value) for value in cells[outline]]]
    parts = []
    if len(drawn):
        only = [name for name in cells.columns if clean(name) == OUTLINE_HEADER]
        others = [name for name in cells.columns if not _is_coordinate(name)]
        parts.append(place_table(cells.loc[drawn, [*others, *only]], source=source))
    rest = cells.drop(index=drawn)
    if len(rest) or not len(drawn):
        parts.append(place_table(rest.drop(columns=outline or []), source=source))
    refusals = [refusal for part in parts for refusal in part.refusals]
    raws = [
        RawLayer(layer=LAYER, source=source, frame=part.frame, shifted=part.shifted)
        for part in parts
        if len(part.frame)
    ]
    return _placed(raws, refusals, cells, source, zone)


def _from_layers(path: Path, zone: pyproj.CRS) -> RawRegister:
    sheets = sheets_of(path)
    names = [name for name, _ in sheets]
    wanted = next((n for n in names if n in (LAYER, REGISTER_SHEET)), names[0] if names else "")
    sheet = dict(sheets)[wanted]()
    frame = sheet.frame
    raw = RawLayer(layer=LAYER, source=path.name, frame=frame, shifted=sheet.shifted)
    cells = pd.DataFrame(frame.drop(columns=frame.geometry.name)).astype(object)
    return _placed([raw], list(sheet.refusals), cells, path.name, zone)


def _placed(
    raws: Iterable[RawLayer],
    refusals: list[Refusal],
    cells: pd.DataFrame,
    source: str,
    zone: pyproj.CRS,
) -> RawRegister:
    spec = data_dictionary().inputs[LAYER]
    geometry: dict[str, Any] = {}
    for raw in declare_crs(list(raws), Declared(), zone=zone):
        bare = RawLayer(layer=LAYER, source=source, frame=raw.frame[[raw.frame.geometry.name]])
        repaired = repair_layer(bare, spec, zone)
        refusals += repaired.refusals
        geometry |= dict(zip(repaired.frame.index, repaired.frame.geometry, strict=True))
    names, id_column, unused = _columns(cells)
    lost = {refusal.row for refusal in refusals}
    said = [(one.row, "geometry", "", one.why_zh, one.detail or one.why) for one in refusals]
    said += [
        (str(row), "geometry", "", "没有可用的几何", "it has no place that can be used")
        for row in cells.index
        if row not in geometry and row not in lost
    ]
    ids = {}
    if id_column is not None:
        ids = {
            str(row): _id_text(value)
            for row, value in cells[id_column].items()
            if not is_blank(value)
        }
    table = pd.DataFrame({name: cells[given] for name, given in names.items()}, index=cells.index)
    return RawRegister(source, table, geometry, ids, tuple(said), tuple(unused))


def _columns(cells: pd.DataFrame) -> tuple[dict[str, str], str | None, list[str]]:
    """Return the dictionary's name → the file's, the column of ids, and columns without use."""
    by_name = {clean(name): str(name) for name in reversed(list(cells.columns))}
    names: dict[str, str] = {}
    for spec in data_dictionary().inputs[LAYER].columns.values():
        for name in (spec.name, spec.zh, *spec.aliases):
            given = by_name.get(clean(name))
            if given is not None and given not in names.values():
                names[spec.name] = given
                break
    ids = (ID_HEADER, *alias_tables()["ids"])
    taken = set(names.values())
    known = (by_name[clean(name)] for name in ids if clean(name) in by_name)
    id_column = next((name for name in known if name not in taken), None)
    unused = [
        str(name)
        for name in cells.columns
        if name not in taken
        and name != id_column
        and not _is_coordinate(name)
        and not all(is_blank(value) for value in cells[name])
    ]
    return names, id_column, unused


def _is_coordinate(name: object) -> bool:
    text = clean(name)
    words = ("lon", "lng", "lat", "经度", "纬度", "坐标", "wkt", "几何", "geometry", "geom")
    return any(word in text for word in words) or text in ("x", "y", "easting", "northing")


def _id_text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _text_rows(path: Path) -> pd.DataFrame:
    text = decode_text(path.read_bytes())
    first = text.split("\n", 1)[0]
    delimiter = max((",", "\t", ";", "|"), key=first.count)
    try:
        reader = csv.reader(StringIO(text), delimiter=delimiter, strict=True)
        rows = [(reader.line_num, [_bare(cell) for cell in row]) for row in reader]
    except csv.Error as fault:
        raise InputError(
            f"{path.name} cannot be read as a table: {fault}.",
            zh=f"{path.name} 无法按表格读取:{fault}。",
        ) from fault
    found = _table(rows)
    if found is None:
        raise InputError(
            f"{path.name} has no header that names columns of the register and coordinates. Take "
            "the template.",
            zh=f"{path.name} 没有含台账列名和坐标列的表头。请使用模板。",
        )
    return found


def _bare(cell: str) -> str:
    """Take off the mark that keeps a spreadsheet from reading a text as a formula."""
    return cell[1:] if re.match(r"'[=+@\t]", cell) else cell


def _excel_rows(path: Path) -> pd.DataFrame:
    try:
        with zipfile.ZipFile(path) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
        book = (
            load_workbook(path, read_only=True, data_only=True) if unpacked < MOST_BYTES else None
        )
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError) as fault:
        raise InputError(
            f"{path.name} cannot be opened as an Excel file (.xlsx): {fault}",
            zh=f"{path.name} 无法作为 Excel 文件(.xlsx)打开:{fault}",
        ) from fault
    if book is None:
        raise InputError(
            f"{path.name} unpacks to {unpacked / 1e6:.0f} MB; less than {MOST_BYTES / 1e6:.0f} MB "
            "are read. Take out pictures and empty rows.",
            zh=f"{path.name} 解压后为 {unpacked / 1e6:.0f} MB;须小于 {MOST_BYTES / 1e6:.0f} MB。"
            "请去掉图片和空行。",
        )
    try:
        names = [name for name in book.sheetnames if name != EXPLAINED]
        names.sort(key=lambda name: name != REGISTER_SHEET)
        for name in names:
            if book[name].sheet_state != "visible":
                continue
            rows = [
                (number, list(row))
                for number, row in enumerate(book[name].iter_rows(values_only=True), start=1)
            ]
            found = _table(rows)
            if found is not None:
                return found
    finally:
        book.close()
    raise InputError(
        f"{path.name}: none of its sheets ({', '.join(names)}) looks like a register, with a "
        "header that names its columns and coordinates. Take the template.",
        zh=f"{path.name}:各工作表({'、'.join(names)})均不像台账(须有列名和坐标)。请使用模板。",
    )


def _table(rows: list[tuple[int, list[Any]]]) -> pd.DataFrame | None:
    """Find the header among the leading rows, and give the rest their row numbers."""
    for place, (_, head) in enumerate(rows[:20]):
        if _is_header(head):
            names = _distinct([str(cell).strip() if not is_blank(cell) else "" for cell in head])
            width = len(names)
            body = [
                (number, [*row[:width], *[None] * (width - len(row))])
                for number, row in rows[place + 1 :]
                if any(not is_blank(cell) for cell in row)
            ]
            return pd.DataFrame(
                [row for _, row in body],
                columns=names,
                index=[str(number) for number, _ in body],
                dtype=object,
            )
    return None


def _is_header(cells: list[Any]) -> bool:
    frame = pd.DataFrame(columns=[str(cell) for cell in cells if not is_blank(cell)])
    if not len(frame.columns) or not any(_is_coordinate(name) for name in frame.columns):
        return False
    names, id_column, _ = _columns(frame)
    return len(names) + (id_column is not None) >= LEAST_KNOWN


def _distinct(names: list[str]) -> list[str]:
    named = [name or f"column_{place + 1}" for place, name in enumerate(names)]
    return [f"{n}_{i + 1}" if n in named[:i] else n for i, n in enumerate(named)]
