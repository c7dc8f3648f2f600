"""Names of assets, compared: written differently, meant the same."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise
from typing import Final

from spatial.city.recipe import alias_tables

__all__ = ["is_generic", "likeness", "name_form"]

DIGITS: Final = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {
    "〇": 0,
    "两": 2,
}
TENS: Final = re.compile(r"([一二两三四五六七八九]?)十([一二三四五六七八九]?)")
ONES: Final = re.compile("[零〇一二两三四五六七八九]+(?=[号栋幢座楼层区组期单室])")
BUILDING: Final = re.compile(r"(\d+)(?:号楼|号|栋|幢|座|#楼|#)")
NOISE: Final = re.compile(r"[\s\W_]+")
REMARK: Final = re.compile(r"\((?:闲置|空置|原|暂名|在用|低效)[^)]*\)")
NUMBERS: Final = re.compile(r"\d+")


def name_form(name: str) -> str:
    """Bring a name into the form in which names are compared.

    Examples
    --------
    >>> name_form("幸福里 十二号楼 地下室(闲置)"), name_form("幸福里12幢地下室")
    ('幸福里12号地下室', '幸福里12号地下室')
    """
    text = unicodedata.normalize("NFKC", name).casefold().strip()
    text = REMARK.sub("", text)
    text = TENS.sub(lambda m: str(10 * DIGITS.get(m[1], 1) + DIGITS.get(m[2], 0)), text)
    text = ONES.sub(lambda m: "".join(str(DIGITS[one]) for one in m[0]), text)
    text = BUILDING.sub(r"\1号", text)
    return NOISE.sub("", text)


def likeness(one: str, other: str) -> float:
    """Return how like two names are, 0 to 1, in the form of `name_form`.

    Notes
    -----
    Dice's coefficient of neighbouring pairs of characters, 2 |A ∩ B| / (|A| + |B|); 0 where the
    numbers in them differ: shed 3 and shed 4 are two sheds, however like their names.

    Examples
    --------
    >>> likeness("幸福里3号车棚", "幸福里3号自行车棚") > 0.7, likeness("3号车棚", "4号车棚")
    (True, 0.0)
    """
    if not one or not other:
        return 0.0
    if one == other:
        return 1.0
    if NUMBERS.findall(one) != NUMBERS.findall(other):
        return 0.0
    first, second = _pairs(one), _pairs(other)
    return 2 * len(first & second) / max(len(first) + len(second), 1)


def is_generic(name: str) -> bool:
    """Whether a name says only what kind of thing it is, as 自行车棚 does.

    Examples
    --------
    >>> is_generic("自行车棚"), is_generic("幸福里自行车棚")
    (True, False)
    """
    return not name or name in _kind_words()


def _pairs(text: str) -> frozenset[tuple[str, int]]:
    """Pairs of neighbouring characters; a pair that comes twice counts twice."""
    seen: dict[str, int] = {}
    found = []
    for first, second in pairwise(text):
        pair = first + second
        seen[pair] = seen.get(pair, 0) + 1
        found.append((pair, seen[pair]))
    return frozenset(found)


@lru_cache(maxsize=1)
def _kind_words() -> frozenset[str]:
    words = alias_tables()["columns"]["stock_assets.kind"]
    return frozenset(name_form(str(word)) for word in [*words, *words.values()])
