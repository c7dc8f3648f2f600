"""The template of the register: a sheet to fill in, with its columns explained."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import shapely
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from spatial.dictionary import ColumnSpec, data_dictionary
from spatial.errors import InputError
from spatial.stock.register.values import KEPT_BY_SERVICE, chinese_value

__all__ = ["EXPLAINED", "ID_HEADER", "OUTLINE_HEADER", "REGISTER_SHEET", "write_register_template"]

REGISTER_SHEET: Final = "登记表"
EXPLAINED: Final = "填写说明"
LISTS: Final = "可选值"
ID_HEADER: Final = "资产编号"
POINT_HEADERS: Final = ("经度", "纬度")
OUTLINE_HEADER: Final = "几何"
ROWS_TO_FILL: Final = 2_000
WIDTH: Final = {"name": 24, "evidence": 28, "photos": 28, "links": 28, ID_HEADER: 14}
HEAD: Final = PatternFill("solid", fgColor="DDE6EA")
BOOLEAN: Final = ("是", "否")
TYPES: Final = {
    "text": ("文字", "text"),
    "number": ("数字", "number"),
    "integer": ("整数", "whole number"),
    "boolean": ("是或否", "yes or no"),
}
PLACE_ROWS: Final = (
    (
        ID_HEADER,
        "本台账内的唯一编号;再次导入时按编号对应。留空则按名称和位置生成",
        "the entry's own id: a later import finds the entry by it. Empty: made from name and place",
    ),
    (
        POINT_HEADERS[0],
        "CGCS2000 或 WGS84 经度(度);列名改为“高德经度”或“百度经度”则按该坐标系纠偏",
        "longitude in degrees (CGCS2000 or WGS 84); named 高德经度 or 百度经度 it is corrected",
    ),
    (POINT_HEADERS[1], "纬度(度)", "latitude in degrees"),
    (
        OUTLINE_HEADER,
        "可选:WKT 面轮廓,经纬度;填写后不必填经纬度",
        "optional: the outline as WKT in longitude/latitude, in place of the point",
    ),
)
"""Columns of the sheet that are no columns of the dictionary."""


def write_register_template(path: Path, *, assets: gpd.GeoDataFrame | None = None) -> Path:
    """Write the template of the register; with `assets`, filled in with these.

    Parameters
    ----------
    path : Path
        Ending in ``.xlsx`` (sheet to fill in with lists to choose from, sheet that explains every
        column) or ``.csv`` (header only).
    assets : GeoDataFrame, optional
        inputs.stock_assets, in any CRS.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If the ending is another one.

    Notes
    -----
    What is written here is what `read_register` reads: a register written and read back is
    unchanged.
    """
    header, rows = _header(), list(_filled(assets))
    if path.suffix.lower() == ".csv":
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            writer.writerows([_no_formula(cell) for cell in row] for row in rows)
        return path
    if path.suffix.lower() != ".xlsx":
        raise InputError(
            f"A template is written as .xlsx or .csv, not `{path.suffix}`.",
            zh=f"模板只能写为 .xlsx 或 .csv,不能写为“{path.suffix}”。",
        )
    book = Workbook()
    sheet = book.active
    sheet.title = REGISTER_SHEET
    _fill(sheet, header, rows)
    lists = book.create_sheet(LISTS)
    _offer_choices(sheet, lists)
    _explain(book.create_sheet(EXPLAINED, 1))
    lists.sheet_state = "hidden"
    book.save(path)
    return path


def register_columns() -> Mapping[str, ColumnSpec]:
    """Return the columns that people fill in."""
    columns = data_dictionary().inputs["stock_assets"].columns
    return {name: spec for name, spec in columns.items() if name not in KEPT_BY_SERVICE}


def _header() -> list[str]:
    places = [*POINT_HEADERS, OUTLINE_HEADER]
    return [ID_HEADER, *(spec.zh for spec in register_columns().values()), *places]


def _filled(assets: gpd.GeoDataFrame | None) -> Iterator[list[Any]]:
    if assets is None:
        return
    columns = register_columns()
    degrees = assets.to_crs(4490) if assets.crs is not None else assets
    for key, row, shape in zip(
        assets.index, assets[list(columns)].itertuples(index=False), degrees.geometry, strict=True
    ):
        cells = [_cell(spec, value) for spec, value in zip(columns.values(), row, strict=True)]
        is_point = shape.geom_type == "Point"
        place = [round(shape.x, 7), round(shape.y, 7), ""] if is_point else ["", "", _wkt(shape)]
        yield [str(key), *cells, *place]


def _wkt(shape: Any) -> str:
    return shapely.to_wkt(shape, rounding_precision=8, trim=True)


def _cell(spec: ColumnSpec, value: Any) -> Any:
    if pd.isna(value):
        return ""
    if spec.type == "boolean":
        return BOOLEAN[0] if value else BOOLEAN[1]
    return chinese_value(spec, value) if spec.values else value


def _no_formula(cell: Any) -> Any:
    """Keep a spreadsheet from taking a text for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "@", "\t") else cell


def _fill(sheet: Worksheet, header: list[str], rows: list[list[Any]]) -> None:
    sheet.append(header)
    for cell in sheet[1]:
        cell.font, cell.fill = Font(bold=True), HEAD
        cell.alignment = Alignment(vertical="center")
    for number, row in enumerate(rows, start=2):
        for place, value in enumerate(row, start=1):
            cell = sheet.cell(number, place)
            cell.value = value
            if isinstance(value, str):
                cell.data_type = "s"  # a text that begins with = is a text
    sheet.freeze_panes = "C2"
    names = [ID_HEADER, *register_columns()]
    for place, name in enumerate([*names, *POINT_HEADERS, OUTLINE_HEADER], start=1):
        sheet.column_dimensions[get_column_letter(place)].width = WIDTH.get(name, 14)


def _offer_choices(sheet: Worksheet, lists: Worksheet) -> None:
    """Let cells be chosen from the values of the dictionary, and numbers be numbers."""
    for place, spec in enumerate(register_columns().values(), start=2):
        letter = get_column_letter(place)
        cells = f"{letter}2:{letter}{ROWS_TO_FILL + 1}"
        if spec.type in ("number", "integer"):
            rule = DataValidation(
                type="decimal" if spec.type == "number" else "whole",
                operator="between",
                formula1="0" if spec.unit == "m2" else "-20",
                formula2="100000000",
                allow_blank=True,
            )
        elif spec.type == "boolean" or spec.values:
            words: tuple[str, ...] = BOOLEAN
            if spec.values:
                words = tuple(chinese_value(spec, value) for value in spec.values)
            own = get_column_letter(place)
            lists[f"{own}1"] = spec.zh
            for row, word in enumerate(words, start=2):
                lists[f"{own}{row}"] = word
            source = f"{LISTS}!${own}$2:${own}${len(words) + 1}"
            rule = DataValidation(type="list", formula1=source, allow_blank=True)
        else:
            continue
        rule.showErrorMessage = True
        rule.errorTitle, rule.error = spec.zh, f"请按“{EXPLAINED}”填写“{spec.zh}”"
        sheet.add_data_validation(rule)
        rule.add(cells)


def _explain(sheet: Worksheet) -> None:
    head = ["列", "说明", "类型", "单位", "可选值", "Column", "Meaning", "Values"]
    sheet.append(head)
    for cell in sheet[1]:
        cell.font, cell.fill = Font(bold=True), HEAD
    for name, zh, en in PLACE_ROWS:
        sheet.append([name, zh, "", "", "", "", en, ""])
    for name, spec in register_columns().items():
        words = [chinese_value(spec, value) for value in spec.values]
        sheet.append(
            [
                spec.zh,
                _explained_zh(name, spec),
                TYPES[spec.type][0],
                spec.unit or "",
                "、".join(words) or ("是、否" if spec.type == "boolean" else ""),
                name,
                spec.en,
                ", ".join(spec.values),
            ]
        )
    for letter, width in zip("ABCDEFGH", (16, 48, 10, 8, 60, 16, 48, 60), strict=True):
        sheet.column_dimensions[letter].width = width
        for cell in sheet[letter]:
            cell.alignment = Alignment(wrap_text=True, vertical="top")


def _explained_zh(name: str, spec: ColumnSpec) -> str:
    more = {
        "photos": "http(s) 网址,多个以空格分隔",
        "links": "http(s) 网址,多个以空格分隔",
        "surveyed_on": "形如 2026-05-01",
        "floor_level": "1 为首层,-1 为地下一层",
        "core_function": "产权单位主业是否仍需使用",
        "ownership": "决定利用路径(F21–F29);不明时填“未知”,系统会列出待查明事项",
        "inside_red_line": "是否在小区红线内;不明留空",
    }.get(name)
    return f"{spec.zh}:{more}" if more else spec.zh
