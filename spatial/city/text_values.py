"""Dirty text to numbers, years and truth values: read where unambiguous, else missing."""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Any, Final

__all__ = ["is_blank", "parse_boolean", "parse_number", "parse_year"]

BLANK: Final = frozenset(
    {"", "-", "--", "—", "/", "\\", "na", "n/a", "nan", "null", "none", "无",
     "暂无", "暂无数据", "暂无信息", "不详", "未知", "<na>"}
)  # fmt: skip
"""What people write into a cell that has nothing to say."""

UNITS: Final[dict[str, dict[str, float]]] = {
    "households": {"户": 1, "套": 1},
    "persons": {"人": 1, "位": 1, "万人": 1e4},
    "floors": {"层": 1, "f": 1, "楼": 1},
    "year": {"年": 1},
    "m": {"m": 1, "米": 1, "km": 1e3, "公里": 1e3},
    "m2": {
        "m2": 1, "m^2": 1, "平方米": 1, "平米": 1, "平": 1, "sqm": 1, "万平方米": 1e4, "万m2": 1e4,
        "万平": 1e4, "公顷": 1e4, "ha": 1e4, "亩": 1e4 / 15, "km2": 1e6, "平方公里": 1e6,
    },
    "share": {"%": 0.01},
    "": {"栋": 1, "幢": 1, "座": 1, "个": 1, "处": 1, "间": 1, "张": 1, "床": 1},
}  # fmt: skip
"""Units in words and what one of them is in the unit of the column."""

_NUMBER: Final = re.compile(
    r"^(?:约|大约|近|~|≈|共|合计)?\s*([-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[-+]?\d+)?)\s*(.*)$"
)
_YEAR: Final = re.compile(r"^(1[5-9]\d\d|20\d\d)(?:\.0+)?(?:年|年建|年建成)?$")
_DATE: Final = re.compile(
    r"^(1[5-9]\d\d|20\d\d)[-/.年]\d{1,2}(?:[-/.月](?:\d{1,2}日?)?)?(?:[t ].*)?$"
)
TRUE: Final = frozenset({"1", "1.0", "true", "yes", "y", "t", "是", "有", "对"})
FALSE: Final = frozenset({"0", "0.0", "false", "no", "n", "f", "否", "无", "没有"})


def clean(value: Any) -> str:
    """Return the text of a cell, width and case levelled.

    Examples
    --------
    >>> clean(" １２０㎡ ")
    '120m2'
    """
    return unicodedata.normalize("NFKC", str(value)).strip().casefold()


def is_blank(value: Any) -> bool:
    """Say whether a cell says nothing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return True
    return clean(value) in BLANK


def parse_number(value: Any, unit: str | None = None) -> float | None:
    """Read a number in the unit of its column, or None where it cannot be told.

    A unit in words must fit the column; ranges and texts give None.

    Examples
    --------
    >>> parse_number("3005户", "households"), parse_number("约1,200"), parse_number("2.5公顷", "m2")
    (3005.0, 1200.0, 25000.0)
    >>> parse_number("0.3至0.5元/平米/月", "m2"), parse_number("65栋", "households")
    (None, None)
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if math.isfinite(value) else None
    found = _NUMBER.match(clean(value))
    if found is None:
        return None
    number = float(found[1].replace(",", ""))
    words = found[2].strip()
    if not words:
        return number if math.isfinite(number) else None
    factor = UNITS.get(unit or "", {}).get(words)
    return None if factor is None else round(number * factor, 6)


def parse_year(value: Any) -> int | None:
    """Read a year or the year of a date; decades, ranges and texts give None.

    Examples
    --------
    >>> parse_year("1980年"), parse_year("1998-05-01"), parse_year(1987.0), parse_year("1980年代")
    (1980, 1998, 1987, None)
    """
    text = clean(value)
    found = _YEAR.match(text) or _DATE.match(text)
    return int(found[1]) if found else None


def parse_boolean(value: Any) -> bool | None:
    """Read yes or no in Chinese, English or as 1 and 0.

    Examples
    --------
    >>> parse_boolean("是"), parse_boolean("N"), parse_boolean("maybe")
    (True, False, None)
    """
    text = clean(value)
    if text in TRUE:
        return True
    return False if text in FALSE else None
