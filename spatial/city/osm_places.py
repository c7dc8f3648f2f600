"""OpenStreetMap tags of gates, neighbourhoods, facilities and protected things."""

from __future__ import annotations

from typing import Any, Final

from spatial.city.osm_values import (
    Tags,
    access_of_gate,
    access_of_place,
    name_of,
    number_of,
    year_of,
)

__all__ = ["FACILITY_KEYS", "facility", "gate", "neighbourhood", "protected"]

GATES: Final = {
    "gate": "gate",
    "lift_gate": "lift_gate",
    "swing_gate": "swing_gate",
    "kissing_gate": "kissing_gate",
    "entrance": "entrance",
    "bollard": "bollard",
    "stile": "stile",
    "turnstile": "turnstile",
    "full-height_turnstile": "turnstile",
    "sliding_gate": "gate",
    "wicket_gate": "gate",
    "hampshire_gate": "gate",
    "sally_port": "entrance",
    "cycle_barrier": "other",
    "motorcycle_barrier": "other",
    "block": "other",
    "chain": "other",
    "cattle_grid": "other",
}
GATES_ON_WAYS: Final = ("gate", "lift_gate", "swing_gate", "sliding_gate", "entrance")
ALWAYS_FACILITIES: Final = (
    "amenity", "shop", "leisure", "healthcare", "office", "social_facility", "emergency",
    "tourism", "club", "craft", "disused:shop", "disused:amenity", "abandoned:amenity",
)  # fmt: skip
SOME_FACILITIES: Final = {
    "public_transport": ("platform", "station", "stop_position"),
    "railway": ("station", "halt", "tram_stop", "subway_entrance"),
    "highway": ("bus_stop", "elevator"),
    "place": ("square",),
    "landuse": ("recreation_ground", "village_green"),
    "man_made": ("surveillance", "water_works", "wastewater_plant"),
}
LINE_FACILITIES: Final = {"leisure": ("track", "pitch"), "public_transport": ("platform",)}
FACILITY_KEYS: Final = (*ALWAYS_FACILITIES, *SOME_FACILITIES)
PROTECTED_HOUSES: Final = (
    "building", "house", "castle", "church", "temple", "manor", "palace", "monastery", "tower",
    "city_gate", "farm", "mosque", "cathedral", "fort",
)  # fmt: skip
PROTECTED_QUARTERS: Final = ("district", "archaeological_site", "city", "quarter", "village")


def gate(tags: Tags, shape: str) -> dict[str, Any] | None:
    """Gates, entrances and other openings in walls; the doors of buildings as well."""
    value = tags.get("barrier", "")
    kind = GATES.get(value)
    if shape == "line":
        kind = kind if value in GATES_ON_WAYS else None
    elif shape == "point":
        if kind is None and tags.get("entrance", "no") != "no":
            kind = "entrance"
    else:
        return None
    if kind is None:
        return None
    return {
        "kind": kind,
        "access": access_of_gate(tags),
        "name": name_of(tags),
        "opening_hours": tags.get("opening_hours"),
    }


def neighbourhood(tags: Tags, shape: str) -> dict[str, Any] | None:
    """Residential land, with or without a name, and areas mapped as a neighbourhood.

    Their class stays unknown: the tags do not tell villas from flats.
    """
    if shape != "area":
        return None
    if (
        tags.get("landuse") != "residential"
        and tags.get("place") != "neighbourhood"
        and ("residential" not in tags or "highway" in tags or "building" in tags)
    ):
        return None
    return {
        "name": name_of(tags),
        "year_built": year_of(tags.get("start_date")),
    }


def facility(tags: Tags, shape: str) -> dict[str, Any] | None:
    """Everything that may serve people; which catalogue kinds it is follows from its tags."""
    if not _is_facility(tags, shape):
        return None
    capacity = number_of(tags.get("capacity") or tags.get("beds") or tags.get("capacity:persons"))
    return {
        "name": name_of(tags),
        "tags": dict(tags),
        "capacity": capacity,
        "access": access_of_place(tags),
        "operator": tags.get("operator"),
    }


def _is_facility(tags: Tags, shape: str) -> bool:
    if shape == "line":
        return any(tags.get(key) in values for key, values in LINE_FACILITIES.items())
    if any(tags.get(key, "no") != "no" for key in ALWAYS_FACILITIES):
        return True
    if tags.get("landuse") == "grass" and tags.get("access") == "yes":
        return True
    return any(tags.get(key) in values for key, values in SOME_FACILITIES.items())


def protected(tags: Tags, shape: str) -> dict[str, Any] | None:
    """Take listed buildings and quarters, historic houses, and listed or monumental trees."""
    listed = tags.get("heritage", "no") != "no"
    historic = tags.get("historic", "no")
    if shape == "line":
        return None
    if tags.get("natural") == "tree":
        if not (listed or historic != "no" or tags.get("denotation") == "natural_monument"):
            return None
        kind = "ancient_tree"
    elif shape == "area" and "building" not in tags:
        if not listed and historic not in PROTECTED_QUARTERS:
            return None
        kind = "heritage_quarter"
    elif listed or historic in PROTECTED_HOUSES:
        kind = "heritage_building"
    else:
        return None
    return {"kind": kind, "name": name_of(tags)}
