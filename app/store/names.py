"""Ids of cities: readable in an address, made from the name."""

from __future__ import annotations

import re
import unicodedata

from app.errors import StoreError

__all__ = ["city_id_from"]


def city_id_from(name: str) -> str:
    """Make a city's id from its name: letters and digits of any script, joined by hyphens.

    Examples
    --------
    >>> city_id_from("Porto Alegre (centro)"), city_id_from("示范市 2025")
    ('porto-alegre-centro', '示范市-2025')
    """
    plain = unicodedata.normalize("NFKC", name).lower()
    slug = re.sub(r"[^\w]+|_+", "-", plain).strip("-")[:80].strip("-")
    if not slug:
        raise StoreError(
            f"No id can be made from the city's name {name!r}; give one by hand.",
            f"无法由城市名称 {name!r} 生成编号;请自行给出(--id)。",
        )
    return slug
