"""Chinese area codes (统计用区划代码): twelve digits, and the level they speak of.

Digits 1–2 name the province, 3–4 the city, 5–6 the county or district, 7–9 the street office or
town, 10–12 the community or village; a unit's code ends in zeros. Codes are text, never numbers.
"""

from __future__ import annotations

from typing import Final

__all__ = ["full_code", "level_of_code"]

FULL_LENGTH: Final = 12
SHORT_LENGTHS: Final = (2, 4, 6, 9)
LEVELS: Final = ((2, "province"), (4, "city"), (6, "county"), (9, "subdistrict"), (12, "community"))


def full_code(code: str) -> str | None:
    """Return the twelve digits of a code, or None if it is none.

    Examples
    --------
    >>> full_code("330212"), full_code("330212000000"), full_code("33021"), full_code("Q123")
    ('330212000000', '330212000000', None, None)
    """
    text = code.strip()
    if not (text.isascii() and text.isdigit()):
        return None
    if len(text) == FULL_LENGTH:
        return text
    return text.ljust(FULL_LENGTH, "0") if len(text) in SHORT_LENGTHS else None


def level_of_code(code: str) -> str | None:
    """Return the level that a code speaks of, or None if it is no code.

    Examples
    --------
    >>> [level_of_code(c) for c in ("33", "330200", "330212", "330212001", "330212001003")]
    ['province', 'city', 'county', 'subdistrict', 'community']
    """
    full = full_code(code)
    if full is None:
        return None
    used = len(full.rstrip("0"))
    return next(level for length, level in LEVELS if used <= length)
