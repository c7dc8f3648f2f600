"""What single OpenStreetMap values mean: numbers, years, access, vertical order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

__all__ = [
    "access_of_gate",
    "access_of_place",
    "life_cycle",
    "name_of",
    "number_of",
    "order_of",
    "structure_of",
    "with_life_cycle",
    "year_of",
]

Tags = Mapping[str, str]

_NUMBER: Final = re.compile(r"^\s*(-?\d+(?:[.,]\d+)?)\s*(?:m|metres?|meters?)?\s*$", re.IGNORECASE)
_YEAR: Final = re.compile(r"^~?\s*(1[5-9]\d\d|20\d\d)(?:-\d\d?(?:-\d\d?)?)?\s*$")
_DEAD: Final = ("no", "0", "none", "false")
OPEN_TO_ALL: Final = ("yes", "public", "permissive", "designated", "official")
NOT_FOR_ALL: Final = (
    "private", "residents", "resident", "permit", "customers", "delivery", "destination",
    "employees", "members",
)  # fmt: skip
OPENINGS: Final = (
    "bollard", "kissing_gate", "stile", "cycle_barrier", "motorcycle_barrier", "block", "entrance",
    "cattle_grid",
)  # fmt: skip
"""Barriers that a person on foot passes unless a tag says otherwise."""


LIFE_CYCLES: Final = {
    "disused": "disused",
    "abandoned": "abandoned",
    "vacant": "vacant",
    "construction": "construction",
    "ruins": "abandoned",
}
"""Prefixes of keys and what they say. What was demolished, razed or removed is not there."""


def with_life_cycle(key: str) -> tuple[str, ...]:
    """Return a key and its forms with a life-cycle prefix.

    Examples
    --------
    >>> with_life_cycle("building")[:2]
    ('building', 'disused:building')
    """
    return (key, *(f"{prefix}:{key}" for prefix in LIFE_CYCLES))


def name_of(tags: Tags) -> str | None:
    """Return the local name, else the Chinese, else the English one."""
    return tags.get("name") or tags.get("name:zh") or tags.get("name:en")


@lru_cache(maxsize=4096)  # few values, met again and again
def number_of(text: str | None) -> float | None:
    """Read a plain number, metres allowed; anything else (feet, ranges) is missing.

    Examples
    --------
    >>> number_of("3,5 m"), number_of("4-6"), number_of(None)
    (3.5, None, None)
    """
    found = _NUMBER.match(text or "")
    return float(found[1].replace(",", ".")) if found else None


def year_of(text: str | None) -> int | None:
    """Read a year from a date; centuries, decades and ranges stay missing.

    Examples
    --------
    >>> year_of("1987-05-01"), year_of("1980s"), year_of("before 1950")
    (1987, None, None)
    """
    found = _YEAR.match(text or "")
    return int(found[1]) if found else None


def structure_of(tags: Tags) -> str:
    """Say how a way crosses others: on the ground, a bridge, a tunnel, through a building."""
    if tags.get("tunnel") == "building_passage":
        return "building_passage"
    if tags.get("bridge", "no") not in _DEAD:
        return "bridge"
    if tags.get("tunnel", "no") not in _DEAD:
        return "tunnel"
    return "covered" if tags.get("covered", "no") not in _DEAD else "ground"


def order_of(tags: Tags) -> int:
    """Return the vertical order; bridges lie above and tunnels below the ground if nothing is said.

    Examples
    --------
    >>> order_of({"bridge": "yes"}), order_of({"tunnel": "culvert"}), order_of({"layer": "2"})
    (1, -1, 2)
    """
    given = number_of(tags.get("layer"))
    if given is not None:
        return round(given)
    return {"bridge": 1, "tunnel": -1}.get(structure_of(tags), 0)


def access_of_gate(tags: Tags) -> str:
    """Say who may pass a gate on foot: ``public``, ``residents``, ``closed`` or ``unknown``.

    The tag ``foot`` goes before ``access``. Without either, an opening that cannot be shut
    (bollard, stile, gap) is public, an emergency exit or a locked gate closed, the rest unknown.
    """
    for key in ("foot", "access"):
        value = tags.get(key)
        if value in OPEN_TO_ALL:
            return "public"
        if value in NOT_FOR_ALL:
            return "residents"
        if value == "no":
            return "closed"
    if tags.get("locked") == "yes" or tags.get("entrance") in ("emergency", "exit"):
        return "closed"
    return "public" if tags.get("barrier") in OPENINGS else "unknown"


def access_of_place(tags: Tags) -> str:
    """Say who may use a facility: public, customers, residents, private or unknown."""
    value = tags.get("access")
    if value in OPEN_TO_ALL:
        return "public"
    if value in ("private", "no", "employees", "members"):
        return "private"
    return value if value in ("customers", "residents") else "unknown"


def life_cycle(tags: Tags, key: str) -> tuple[str, str] | None:
    """Return (value, life cycle) of a key that may carry a life-cycle prefix; None without it.

    Examples
    --------
    >>> life_cycle({"disused:building": "industrial"}, "building")
    ('industrial', 'disused')
    >>> life_cycle({"building": "yes", "abandoned": "yes"}, "building")
    ('yes', 'abandoned')
    """
    value = tags.get(key)
    if value is not None and value not in _DEAD:
        if value == "construction":
            stopped = tags.get("construction") in ("stopped", "abandoned", "halted")
            return value, "construction_stopped" if stopped else "construction"
        for state in ("abandoned", "disused", "vacant"):
            if tags.get(state) == "yes" or value == state:
                return value, state
        return value, "in_use"
    for prefix, state in LIFE_CYCLES.items():
        prefixed = tags.get(f"{prefix}:{key}")
        if prefixed is not None and prefixed not in _DEAD:
            return prefixed, state
    return None
