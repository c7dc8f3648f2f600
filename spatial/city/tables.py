"""Tables with coordinates (CSV, text, Excel) to points, or to geometries where WKT is given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.city.crs import Shift
from spatial.city.report import Refusal
from spatial.city.text_values import clean, is_blank, parse_number
from spatial.errors import InputError

__all__ = ["PlacedTable", "decode_text", "place_table", "read_csv", "read_excel"]

PAIRS: Final = (
    ("lon", "lat"), ("lng", "lat"), ("long", "lat"), ("longitude", "latitude"), ("经度", "纬度"),
    ("lon_wgs84", "lat_wgs84"), ("lng_wgs84", "lat_wgs84"), ("wgs84_lon", "wgs84_lat"),
    ("wgs84_lng", "wgs84_lat"), ("wgslng", "wgslat"), ("wgslon", "wgslat"),
    ("x坐标", "y坐标"), ("横坐标", "纵坐标"), ("easting", "northing"), ("东坐标", "北坐标"),
    ("point_x", "point_y"), ("coord_x", "coord_y"), ("xcoord", "ycoord"), ("x", "y"),
)  # fmt: skip
SHIFTED_PAIRS: Final[dict[Shift, tuple[tuple[str, str], ...]]] = {
    "gcj02": (
        ("gcj02_lng", "gcj02_lat"), ("gcj02_lon", "gcj02_lat"), ("gcj_lng", "gcj_lat"),
        ("gcj_lon", "gcj_lat"), ("lng_gcj02", "lat_gcj02"), ("lon_gcj02", "lat_gcj02"),
        ("高德经度", "高德纬度"), ("amap_lng", "amap_lat"),
    ),
    "bd09": (
        ("bd09_lng", "bd09_lat"), ("bd09_lon", "bd09_lat"), ("bd_lng", "bd_lat"),
        ("bd_lon", "bd_lat"), ("lng_bd09", "lat_bd09"), ("百度经度", "百度纬度"),
    ),
}  # fmt: skip
"""Column names that declare a shift."""
WKT_NAMES: Final = ("wkt", "geometry", "geom", "the_geom", "shape", "几何")
HEADER_ROWS: Final = 10


@dataclass(frozen=True, slots=True, eq=False)
class PlacedTable:
    """A table with geometry; the index holds row numbers, 1 = first row below the header."""

    frame: gpd.GeoDataFrame
    refusals: tuple[Refusal, ...]
    shifted: Shift | None


def decode_text(raw: bytes) -> str:
    """Decode a text file: UTF-8 (with or without mark), UTF-16 with mark, else GB18030.

    Examples
    --------
    >>> decode_text("小区".encode("gb18030"))
    '小区'
    """
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("gb18030", errors="replace")


def read_csv(path: Path) -> pd.DataFrame:
    """Read a delimited text file; every cell stays text, as it stands."""
    text = decode_text(path.read_bytes())
    first = text.split("\n", 1)[0]
    delimiter = max((",", "\t", ";", "|"), key=first.count)
    try:
        cells = pd.read_csv(
            StringIO(text), sep=delimiter, header=None, dtype=str, keep_default_na=False
        )
    except pd.errors.EmptyDataError as error:
        raise InputError(
            f"{path.name} is empty.",
            zh=f"{path.name} 是空的。",
        ) from error
    except pd.errors.ParserError as error:
        raise InputError(
            f"{path.name}: {error}. Rows must not have more cells than the header; quote cells "
            "that contain the separator.",
            zh=f"{path.name}:{error}。每行的单元格不得多于表头;含分隔符的单元格请加引号。",
        ) from error
    rows = [row for row in cells.to_numpy(dtype=object).tolist() if any(row)]
    return _table(rows, path.name)


def read_excel(path: Path) -> dict[str, pd.DataFrame]:
    """Read every sheet; the header is the first of the leading rows that names coordinates."""
    sheets = pd.read_excel(path, sheet_name=None, header=None, dtype=object)
    tables = {}
    for name, sheet in sheets.items():
        rows = [["" if is_blank(v) else v for v in row] for row in sheet.itertuples(index=False)]
        rows = [row for row in rows if any(v != "" for v in row)]
        if not rows:
            continue
        heads = [i for i, row in enumerate(rows[:HEADER_ROWS]) if _coordinate_columns(row)]
        tables[str(name)] = _table(rows[heads[0] if heads else 0 :], f"{path.name}::{name}")
    return tables


def _table(rows: Sequence[list[Any]], source: str) -> pd.DataFrame:
    head = [str(cell).strip() for cell in rows[0]]
    named = [name or f"column_{i + 1}" for i, name in enumerate(head)]
    named = [f"{n}_{i + 1}" if n in named[:i] else n for i, n in enumerate(named)]
    width = len(named)
    too_long = [i for i, row in enumerate(rows[1:], start=1) if any(row[width:])]
    if too_long:
        raise InputError(
            f"{source} row {too_long[0]} has more cells than the header ({width}). "
            "Quote cells that contain the separator.",
            zh=(
                f"{source} 第 {too_long[0]} 行的单元格多于表头({width} 列)。含分隔符的单元"
                "格请加引号。"
            ),
        )
    body = [[*row[:width], *[""] * (width - len(row))] for row in rows[1:]]
    index = pd.RangeIndex(1, len(body) + 1)
    return pd.DataFrame(body, columns=named, index=index.astype(str), dtype=object)


def _coordinate_columns(
    names: Iterable[object],
) -> tuple[str, str, Shift | None] | str | None:
    known = {clean(name): str(name) for name in reversed(list(names))}
    for first, second in PAIRS:
        if first in known and second in known:
            return known[first], known[second], None
    for shift, pairs in SHIFTED_PAIRS.items():
        for first, second in pairs:
            if first in known and second in known:
                return known[first], known[second], shift
    return next((known[name] for name in WKT_NAMES if name in known), None)


def place_table(table: pd.DataFrame, *, source: str) -> PlacedTable:
    """Turn a table into a frame with geometry.

    Parameters
    ----------
    table : DataFrame
        Cells as they stand, columns as named in the source.
    source : str
        What to call it in an error.

    Returns
    -------
    PlacedTable
        Rows without readable coordinates are refused, not dropped.

    Raises
    ------
    InputError
        If no column holds coordinates.
    """
    found = _coordinate_columns(table.columns)
    if found is None:
        raise InputError(
            f"{source} has no coordinates: none of its columns ({', '.join(table.columns)}) is "
            "a longitude/latitude, x/y, 经度/纬度 or WKT column. Add them (geocode the "
            "addresses), or rename the columns.",
            zh=(
                f"{source} 没有坐标:各列({'、'.join(table.columns)})中没有经度/纬度、x/y "
                "或 WKT 列。请补充坐标(对地址做地理编码),或修改列名。"
            ),
        )
    if isinstance(found, str):
        geometry = shapely.from_wkt(
            [None if is_blank(v) else str(v) for v in table[found]], on_invalid="ignore"
        )
        attributes, shifted = table.drop(columns=found), None
        readable = ~shapely.is_missing(geometry)
        detail = f"`{found}` holds no readable WKT."
    else:
        first, second, shifted = found
        x, y = _numbers(table[first]), _numbers(table[second])
        readable = ~(np.isnan(x) | np.isnan(y))
        geometry = np.full(len(table), None, dtype=object)
        geometry[readable] = shapely.points(x[readable], y[readable])
        attributes = table.drop(columns=[first, second])
        detail = f"`{first}`, `{second}` hold no readable coordinates. Correct the row."
    refusals = tuple(Refusal(str(row), "no_coordinates", detail) for row in table.index[~readable])
    kept = attributes[readable]
    series = gpd.GeoSeries(geometry[readable], index=kept.index)
    return PlacedTable(gpd.GeoDataFrame(kept, geometry=series), refusals, shifted)


def _numbers(cells: pd.Series) -> npt.NDArray[np.float64]:
    """Read coordinates; a written infinity stays one, and is refused by name later."""
    numbers = [None if is_blank(v) else _coordinate(v) for v in cells]
    return np.array([np.nan if n is None else n for n in numbers], dtype=float)


def _coordinate(value: object) -> float | None:
    text = clean(value).rstrip("°").removesuffix("e").removesuffix("n")
    if text in ("inf", "-inf", "+inf", "infinity", "-infinity"):
        return float(text)
    return parse_number(text)
