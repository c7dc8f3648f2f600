"""From OpenStreetMap tags to the layers of the data dictionary: one table for every OSM source.

`layers_of` answers for one object; a feature may land in several layers. The file reader and
the online reader both follow it, so that the same object means the same everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import Any, Final, Literal

from spatial.city.osm_places import FACILITY_KEYS, facility, gate, neighbourhood, protected
from spatial.city.osm_surfaces import admin_area, building, land_use, water
from spatial.city.osm_values import (
    Tags,
    name_of,
    number_of,
    order_of,
    structure_of,
    with_life_cycle,
)

__all__ = ["INTERESTING_KEYS", "Shape", "Tags", "keys_of", "layers_of"]

Shape = Literal["point", "line", "area"]
Columns = dict[str, Any]
Rule = Callable[[Tags, Shape], Columns | None]

DEAD_HIGHWAYS: Final = (
    "proposed", "planned", "construction", "abandoned", "razed", "disused", "dismantled",
    "demolished", "removed", "no", "historic",
)  # fmt: skip
NOT_STREETS: Final = (
    "rest_area", "services", "bus_stop", "elevator", "street_lamp", "traffic_signals",
    "emergency_bay", "toll_gantry", "emergency_access_point", "speed_camera",
)  # fmt: skip
BARRIERS: Final = (
    "wall", "city_wall", "retaining_wall", "fence", "hedge", "guard_rail", "handrail", "ditch",
)  # fmt: skip
OTHER_BARRIERS: Final = (
    "chain", "block", "jersey_barrier", "cable_barrier", "wire_fence", "yes", "railing",
    "hedge_bank", "bollard", "tank_trap",
)  # fmt: skip
RAILWAYS: Final = {
    "rail": "rail",
    "light_rail": "light_rail",
    "subway": "subway",
    "tram": "tram",
    "narrow_gauge": "rail",
    "preserved": "rail",
    "monorail": "other",
    "funicular": "other",
    "miniature": "other",
}

RULE_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "streets": ("highway",),
    "barriers": ("barrier", "historic"),
    "gates": ("barrier", "entrance"),
    "neighbourhoods": ("landuse", "place", "residential"),
    "buildings": with_life_cycle("building"),
    "facilities": FACILITY_KEYS,
    "admin_areas": ("boundary",),
    "constraints": ("heritage", "historic", "natural"),
    "land_use": (*with_life_cycle("landuse"), "leisure", "amenity", "natural", "military"),
    "water": ("natural", "waterway", "landuse"),
    "railways": ("railway",),
}
"""An object belongs to a layer only if it has one of these keys."""
INTERESTING_KEYS: Final = tuple(sorted({key for keys in RULE_KEYS.values() for key in keys}))
"""An object without any of these keys belongs to no layer."""


POINT_LAYERS: Final = ("gates", "neighbourhoods", "facilities", "constraints")
"""Layers that take nodes; a node with any other key belongs to no layer."""


def keys_of(layers: Collection[str] | None, *, points: bool = False) -> tuple[str, ...]:
    """Return the keys of which an object of some layers has at least one; None is all layers.

    Parameters
    ----------
    layers : collection of str or None
    points : bool
        Nodes only.

    Examples
    --------
    >>> keys_of(["streets", "gates"])
    ('barrier', 'entrance', 'highway')
    >>> keys_of(["streets", "gates"], points=True)
    ('barrier', 'entrance')
    """
    if layers is None and not points:
        return INTERESTING_KEYS
    wanted = [layer for layer in RULE_KEYS if layers is None or layer in layers]
    wanted = [layer for layer in wanted if not points or layer in POINT_LAYERS]
    return tuple(sorted({key for layer in wanted for key in RULE_KEYS[layer]}))


def street(tags: Tags, shape: Shape) -> Columns | None:
    """Every way to walk or drive along; which of them feet may use is the network's matter."""
    highway = tags.get("highway")
    if highway is None or shape == "point" or highway in (*DEAD_HIGHWAYS, *NOT_STREETS):
        return None
    if (shape == "area") != is_square(tags):
        return None
    return {
        "highway": highway,
        "name": name_of(tags),
        "foot": tags.get("foot"),
        "access": tags.get("access"),
        "layer": order_of(tags),
        "structure": structure_of(tags),
        "steps": highway == "steps",
        "oneway_foot": _oneway_on_foot(tags),
        "width_m": number_of(tags.get("width")),
        "area": shape == "area",
    }


def is_square(tags: Tags) -> bool:
    """Say whether a closed highway is an area that may be crossed, not a ring to follow."""
    return tags.get("area") == "yes" or tags.get("type") == "multipolygon"


def _oneway_on_foot(tags: Tags) -> str:
    moving = tags.get("conveying")
    if moving in ("forward", "backward"):
        return moving
    return {"yes": "forward", "-1": "backward"}.get(tags.get("oneway:foot", ""), "both")


def barrier(tags: Tags, shape: Shape) -> Columns | None:
    """Walls, fences, hedges: lines, and the outlines of areas that carry the tag."""
    if shape == "point":
        return None
    kind = tags.get("barrier")
    if kind is None and tags.get("historic") in ("citywalls", "city_wall"):
        kind = "city_wall"
    if kind in OTHER_BARRIERS:
        kind = "other"
    elif kind not in BARRIERS:
        return None
    return {"kind": kind, "name": name_of(tags), "layer": order_of(tags)}


def railway(tags: Tags, shape: Shape) -> Columns | None:
    """Tracks in use."""
    kind = RAILWAYS.get(tags.get("railway", ""))
    if kind is None or shape != "line":
        return None
    structure = structure_of(tags)
    return {
        "kind": kind,
        "name": name_of(tags),
        "layer": order_of(tags),
        "structure": structure if structure in ("bridge", "tunnel") else "ground",
    }


RULES: Final[Mapping[str, Rule]] = {
    "streets": street,
    "barriers": barrier,
    "gates": gate,
    "neighbourhoods": neighbourhood,
    "buildings": building,
    "facilities": facility,
    "admin_areas": admin_area,
    "constraints": protected,
    "land_use": land_use,
    "water": water,
    "railways": railway,
}


LAYERS_BY_KEY: Final[Mapping[str, tuple[str, ...]]] = {
    key: tuple(layer for layer, keys in RULE_KEYS.items() if key in keys)
    for key in INTERESTING_KEYS
}


def layers_of(
    tags: Tags, shape: Shape, *, only: Collection[str] | None = None
) -> list[tuple[str, Columns]]:
    """Return the layers that an object belongs to, with the columns that its tags fill.

    Parameters
    ----------
    tags : mapping of str to str
        Tags as given.
    shape : {"point", "line", "area"}
        What the object is drawn as. A closed way is asked for twice, as line and as area.
    only : collection of str, optional
        Layers asked for; all by default.

    Examples
    --------
    >>> [layer for layer, _ in layers_of({"leisure": "park", "barrier": "fence"}, "area")]
    ['barriers', 'facilities', 'land_use']
    """
    asked = tuple(key for key in tags if key in LAYERS_BY_KEY)
    found = ((layer, RULES[layer](tags, shape)) for layer in _candidates(asked, only))
    return [(layer, columns) for layer, columns in found if columns is not None]


def _candidates(keys: tuple[str, ...], only: Collection[str] | None) -> tuple[str, ...]:
    """Layers whose rules look at an object with these keys, in the order of the rules."""
    return _among(keys, None if only is None else frozenset(only))


@lru_cache(maxsize=4096)
def _among(keys: tuple[str, ...], only: frozenset[str] | None) -> tuple[str, ...]:
    candidates = {layer for key in keys for layer in LAYERS_BY_KEY[key]}
    return tuple(
        layer for layer in RULES if layer in candidates and (only is None or layer in only)
    )
