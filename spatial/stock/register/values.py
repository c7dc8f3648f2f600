"""One value of the register: read where it is unambiguous, else refused with the cure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

from spatial.city.recipe import alias_tables
from spatial.city.text_values import clean, is_blank, parse_boolean, parse_number
from spatial.dictionary import ColumnSpec, data_dictionary

__all__ = ["KEPT_BY_SERVICE", "Issue", "chinese_value", "read_value", "read_values", "says_nothing"]

KEPT_BY_SERVICE: Final = ("origin", "revision")
"""Columns that nobody writes by hand."""
LAYER: Final = "stock_assets"
MOST_CHARACTERS: Final = 500
MOST_LINK_CHARACTERS: Final = 4_000
MOST_LINKS: Final = 30
LINKS: Final = ("photos", "links")
LEAST: Final[Mapping[str, float]] = {"floor_level": -20, "land_m2": 0, "floor_m2": 0}
MOST: Final[Mapping[str, float]] = {"floor_level": 200, "land_m2": 1e8, "floor_m2": 1e7}
DATE: Final = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ t].*)?")
NOT_KEPT: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
"""Control characters: no sheet, and some of them no database, can hold them."""
BETWEEN_LINKS: Final = re.compile(r"[\s;;,,、|]+(?=https?://)|\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Issue:
    """What is wrong with one value, and what to do."""

    column: str
    value: str
    zh: str
    en: str


def read_values(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Issue]]:
    """Read a record of the register.

    Parameters
    ----------
    values : mapping
        Column of ``inputs.stock_assets`` → value as written, in Chinese or English.

    Returns
    -------
    dict, list of Issue
        Every column of the register (but those that the service keeps) with its value, None where
        nothing is said; and one issue for each value that cannot be read.

    Examples
    --------
    >>> read_values({"kind": "自行车棚", "floor_m2": "120平米"})[0]["floor_m2"]
    120.0
    >>> read_values({"floor_m2": "-3"})[1][0].column
    'floor_m2'
    """
    columns = data_dictionary().inputs[LAYER].columns
    read: dict[str, Any] = {}
    issues: list[Issue] = []
    for name, column in columns.items():
        if name in KEPT_BY_SERVICE:
            continue
        read[name], issue = read_value(column, values.get(name))
        if issue is not None:
            issues.append(issue)
    unknown = sorted(set(values) - set(columns))
    issues += [_unknown_column(name, values[name]) for name in unknown]
    return read, issues


def read_value(column: ColumnSpec, value: Any) -> tuple[Any, Issue | None]:
    """Read one value of one column; None and an issue where it cannot be told."""
    if says_nothing(column, value):
        return column.default, None
    reader = _readers().get(column.name, _BY_TYPE[column.type])
    found, zh, en = reader(column, value)
    if found is None:
        shown = str(value).strip()[:100]
        return None, Issue(column.name, shown, f"{column.zh}“{shown}”{zh}", f"“{shown}”: {en}")
    return found, None


def chinese_value(column: ColumnSpec, value: str) -> str:
    """Return how a value of a list is written in Chinese, the value itself if it has no name.

    Examples
    --------
    >>> ownership = data_dictionary().inputs["stock_assets"].columns["ownership"]
    >>> chinese_value(ownership, "owners_common")
    '业主共有'
    """
    return next((zh for zh, name in _aliases(column.name).items() if name == value), value)


def says_nothing(column: ColumnSpec, value: Any) -> bool:
    """Whether a cell leaves a column open."""
    # “unknown” is a value of some lists, and 无 says no where yes or no is asked
    if value is None or (isinstance(value, float) and value != value):  # noqa: PLR0124  (NaN)
        return True
    if type(value).__name__ in {"NAType", "NaTType"}:
        return True
    if column.values and clean(value) in _words(column.name):
        return False
    if column.type == "boolean" and parse_boolean(value) is not None:
        return False
    return is_blank(value)


Read = tuple[Any, str, str]


def _read_text(column: ColumnSpec, value: Any) -> Read:
    if column.values:
        found = _words(column.name).get(clean(_plain_text(value)))
        allowed = [chinese_value(column, one) for one in column.values]
        return (
            found,
            f"不在可选值中;请填:{'、'.join(allowed)}",
            f"not one of {', '.join(column.values)}",
        )
    text = _plain_text(value)
    if NOT_KEPT.search(text) or len(text) > MOST_CHARACTERS:
        return (
            None,
            f"过长或含非法字符;至多 {MOST_CHARACTERS} 字",
            (f"too long, or with characters that cannot be kept; at most {MOST_CHARACTERS}"),
        )
    return text, "", ""


def _read_boolean(_column: ColumnSpec, value: Any) -> Read:
    return parse_boolean(value), "无法识别;请填 是 或 否", "write yes or no"


def _read_number(column: ColumnSpec, value: Any) -> Read:
    number = parse_number(value, column.unit)
    low, high = LEAST.get(column.name, -1e12), MOST.get(column.name, 1e12)
    unit = {"m2": "(平方米)"}.get(column.unit or "", "")
    words = (f"应为数字{unit},{low:g} 至 {high:g}", f"must be a number from {low:g} to {high:g}")
    if number is None or not low <= number <= high:
        return None, *words
    if column.type == "integer":
        if not float(number).is_integer():
            return None, "应为整数", "must be a whole number"
        return int(number), "", ""
    return number, "", ""


def _read_date(_column: ColumnSpec, value: Any) -> Read:
    words = ("不是日期;请填 2026-05-01 这样的日期", "no date; write it like 2026-05-01")
    if isinstance(value, dt.datetime | dt.date):
        return value.strftime("%Y-%m-%d"), "", ""
    match = DATE.fullmatch(clean(value))
    if match is None:
        return None, *words
    try:
        return dt.date(int(match[1]), int(match[2]), int(match[3])).isoformat(), "", ""
    except ValueError:
        return None, *words


def _read_links(_column: ColumnSpec, value: Any) -> Read:
    links = [part for part in BETWEEN_LINKS.split(str(value).strip()) if part]
    words = (
        f"须为 http(s) 网址,以空格分隔,至多 {MOST_LINKS} 个",
        f"must be web addresses that begin with http:// or https://, at most {MOST_LINKS}, "
        "separated by spaces",
    )
    text = " ".join(links)
    if len(links) > MOST_LINKS or len(text) > MOST_LINK_CHARACTERS:
        return None, *words
    if not all(_is_web_address(link) for link in links):
        return None, *words
    return text, "", ""


def _is_web_address(link: str) -> bool:
    try:
        parts = urlsplit(link)
        port = parts.port
    except ValueError:
        return False
    named = parts.scheme.lower() in {"http", "https"} and bool(parts.hostname)
    plain = all(character.isprintable() and character not in "<>\"'`\\" for character in link)
    return named and plain and parts.username is None and (port is None or port > 0)


def _plain_text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


_BY_TYPE: Final[Mapping[str, Callable[[ColumnSpec, Any], Read]]] = {
    "text": _read_text,
    "boolean": _read_boolean,
    "number": _read_number,
    "integer": _read_number,
}


def _readers() -> Mapping[str, Callable[[ColumnSpec, Any], Read]]:
    return {"surveyed_on": _read_date, **dict.fromkeys(LINKS, _read_links)}


def _aliases(column: str) -> Mapping[str, str]:
    return alias_tables()["columns"].get(f"{LAYER}.{column}", {})


@lru_cache(maxsize=16)
def _words(column: str) -> Mapping[str, str]:
    """Every way in which a value of a list is written → the value."""
    values = data_dictionary().inputs[LAYER].columns[column].values
    named = {clean(word): value for word, value in _aliases(column).items()}
    return {**named, **{clean(value): value for value in values}}


def _unknown_column(name: str, value: Any) -> Issue:
    return Issue(
        name,
        str(value)[:100],
        f"台账没有“{name}”这一列;可用的列见模板的填写说明",
        f"the register has no column `{name}`; the template explains those there are",
    )
