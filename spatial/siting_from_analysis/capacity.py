"""How many residents a facility of a size serves, by whose figure, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spatial.errors import StandardsError
from spatial.standards import FacilityKind, Profile
from spatial.standards.catalogue import Layer

__all__ = ["Capacity", "capacity_of"]


@dataclass(frozen=True, slots=True)
class Capacity:
    """Residents that one facility serves; ``inf`` where nobody names a number."""

    persons: float
    source: str
    confidence: str


def capacity_of(kind: FacilityKind, basis: str, size_m2: float, profile: Profile) -> Capacity:
    """Return how many residents a facility of a kind and a size serves.

    Parameters
    ----------
    kind : FacilityKind
    basis : str
        ``floor`` or ``land``: what `size_m2` is.
    size_m2 : float
    profile : Profile
        Its catalogue; room ``siting`` (``m2_each``), room ``neighbourhoods`` (persons of a
        household).

    Returns
    -------
    Capacity

    Notes
    -----
    In this order: the area that a standard asks for each resident or household of old areas; the
    area that one of them uses by ``siting.m2_each``; the standard's least number of residents for
    one facility, or of the smallest circle that needs it, to which its least size belongs. All
    grow with the size, and none exceeds the largest number of residents of one facility or circle.

    Raises
    ------
    StandardsError
        If an entry of ``m2_each`` is neither for a person nor for a household, or gives no area.

    Examples
    --------
    >>> from spatial.standards import read_profile
    >>> national = read_profile("national")
    >>> centre = national.catalogue.kinds["street_service_centre"]
    >>> [capacity_of(centre, "floor", m2, national).persons for m2 in (700, 1050, 1500)]
    [50000.0, 75000.0, 100000.0]
    """
    most = _most(kind, profile)
    for rule in profile.catalogue.area_rules.values():
        if rule.kind == kind.id and rule.area == basis and rule.old_m2 > 0:
            each_m2 = rule.old_m2 / _heads(rule.per, profile)
            return Capacity(min(size_m2 / each_m2, most), rule.source, rule.confidence)
    entry = profile.rooms["siting"]["m2_each"].get(kind.id, {})
    if f"{basis}_m2" in entry:
        return _by_entry(kind.id, basis, size_m2, entry, most, profile)
    return _by_population(kind, basis, size_m2, most, profile)


def _by_entry(
    kind: str, basis: str, size_m2: float, entry: Any, most: float, profile: Profile
) -> Capacity:
    each_m2 = float(entry[f"{basis}_m2"])
    if entry.get("per") not in ("person", "household") or not each_m2 > 0:
        raise StandardsError(
            f"siting.m2_each.{kind}: {entry} needs `per: person` or `per: household`, and m² "
            "above 0.",
            zh=f"siting.m2_each.{kind}:{entry} 须写明 per: person 或 per: household,面积须大于 0。",
        )
    persons = size_m2 / each_m2 * _heads(entry["per"], profile)
    return Capacity(min(persons, most), str(entry["source"]), str(entry["confidence"]))


def _by_population(
    kind: FacilityKind, basis: str, size_m2: float, most: float, profile: Profile
) -> Capacity:
    """Give the least size the least population, as the standard pairs the two ranges."""
    least_m2 = kind.number(f"{basis}_min_m2") or kind.stock_min_m2(basis)
    least = kind.number("persons_per_facility_min")
    layer = _layer(kind, profile)
    if least is None and layer.persons is not None:
        least = layer.persons[0]
    if least is None or not least_m2:
        return Capacity(most, layer.source, "low")
    return Capacity(min(float(least) * size_m2 / least_m2, most), layer.source, "low")


def _most(kind: FacilityKind, profile: Profile) -> float:
    most = kind.number("persons_per_facility_max")
    if most is not None:
        return float(most)
    persons = _layer(kind, profile).persons
    return np.inf if persons is None else float(persons[1])


def _layer(kind: FacilityKind, profile: Profile) -> Layer:
    """Find the smallest circle that needs the kind: a gym of each ten minutes has no more."""
    layers = [profile.catalogue.layers[name] for name in {kind.layer, *kind.needs}]
    return min(layers, key=lambda layer: (layer.persons or (np.inf, np.inf), layer.id))


def _heads(per: str, profile: Profile) -> float:
    """Residents of one household; 1 for a person."""
    if per == "household":
        return float(profile.rooms["neighbourhoods"]["persons_per_household"])
    return 1.0
