"""The facility catalogue: kinds of facilities, life-circle layers, areas that standards ask for.

It is read from ``data/standards/catalogue.yaml``; a policy profile may override any number of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from spatial.errors import StandardsError
from spatial.standards.parameters import CONFIDENCES

__all__ = [
    "AreaRule",
    "Catalogue",
    "FacilityKind",
    "Layer",
    "Number",
    "Relaxation",
    "catalogue_from",
]

NEEDS: Final = ("must", "should", "listed")
LAYERS: Final = ("block", "c5", "c10", "c15")
NUMBER_KEYS: Final = re.compile(
    r"radius(_max)?_m|width_min_m|limit_(block|c5|c10|c15)_m|floors_min|floor_share_min"
    r"|(old_|stock_)?(floor|land)_(min|max)_m2|floor_target_m2|stock_width_min_m"
    r"|(persons_per_facility|places_per_dwelling)_(min|max)"
)
"""What a number of a kind may be called."""
KIND_KEYS: Final = {
    *("zh", "en", "aliases", "layer", "needs", "unit", "source", "confidence", "numbers", "menu"),
    *("land_use", "match", "stock"),
}


@dataclass(frozen=True, slots=True)
class Number:
    """One number of a standard, with where it comes from and how sure it is."""

    value: float
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Layer:
    """One life-circle layer, from the block to the fifteen-minute circle."""

    id: str
    zh: str
    en: str
    minutes: float | None
    limit: Number
    range_m: tuple[float, float] | None
    source: str
    confidence: str
    persons: tuple[float, float] | None = None
    """Residents that an area of this layer is planned for, from and to."""

    @property
    def limit_m(self) -> float:
        """Walking distance that a facility of this layer may be away."""
        return self.limit.value


@dataclass(frozen=True, slots=True)
class FacilityKind:
    """One kind of facility: where it is needed, how large it is, how it is recognised."""

    id: str
    zh: str
    en: str
    layer: str
    needs: Mapping[str, str]
    source: str
    confidence: str
    unit: str = "facility"
    aliases: tuple[str, ...] = ()
    numbers: Mapping[str, Number] = field(default_factory=dict)
    menu: Mapping[str, str] = field(default_factory=dict)
    land_use: tuple[str, ...] = ()
    match: Mapping[str, Any] = field(default_factory=dict)
    stock: Mapping[str, Any] = field(default_factory=dict)

    def number(self, key: str) -> float | None:
        """Return one number, or None where the standard gives none.

        Keys are e.g. ``radius_m``, ``floor_min_m2``, ``land_min_m2``, ``old_floor_min_m2``,
        ``stock_floor_min_m2``, ``stock_land_min_m2``.
        """
        return self.numbers[key].value if key in self.numbers else None

    @property
    def radius_m(self) -> float | None:
        """Formal service radius as the crow flies."""
        return self.number("radius_m")

    @property
    def floor_min_m2(self) -> float | None:
        """Least floor area of one facility."""
        return self.number("floor_min_m2")

    @property
    def land_min_m2(self) -> float | None:
        """Least land area of one facility."""
        return self.number("land_min_m2")

    @property
    def need(self) -> str | None:
        """Need in the kind's own layer."""
        return self.needs.get(self.layer)

    def stock_min_m2(self, basis: str) -> float | None:
        """Return the least ``floor`` or ``land`` area that a stock asset must have to hold it."""
        return self.number(f"stock_{basis}_min_m2")


@dataclass(frozen=True, slots=True)
class AreaRule:
    """An area per household or per person that the standard asks for."""

    id: str
    kind: str
    layer: str
    area: str
    per: str
    new_m2: float
    old_m2: float
    zh: str
    en: str
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Relaxation:
    """What an old neighbourhood may have instead of a kind: `count` of `instead` in `within`."""

    id: str
    kind: str
    layer: str
    instead: str
    within: str
    count: int
    zh: str
    en: str
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All kinds, layers, areas and relaxations of one policy profile."""

    layers: Mapping[str, Layer]
    kinds: Mapping[str, FacilityKind]
    area_rules: Mapping[str, AreaRule]
    relaxations: Mapping[str, Relaxation]
    sources: Mapping[str, str]

    def limit_m(self, layer: str, kind: str | None = None) -> float:
        """Return the walking limit of a layer, or of one kind where it has its own.

        Examples
        --------
        >>> from spatial.standards import read_profile
        >>> catalogue = read_profile("national").catalogue
        >>> catalogue.limit_m("c5"), catalogue.limit_m("block", "waste_point")
        (300.0, 70.0)
        """
        if layer not in self.layers:
            raise StandardsError(
                f"No layer `{layer}`; known are {', '.join(self.layers)}.",
                zh=f"没有层级“{layer}”;可用 {'、'.join(self.layers)}。",
            )
        own = self.kinds[kind].number(f"limit_{layer}_m") if kind is not None else None
        return self.layers[layer].limit_m if own is None else own

    def checks(self) -> list[tuple[FacilityKind, str, str]]:
        """List what is checked: (kind, layer, need), one for every layer that needs the kind."""
        return [
            (kind, layer, kind.needs[layer])
            for kind in self.kinds.values()
            if kind.unit == "facility"
            for layer in LAYERS
            if layer in kind.needs
        ]

    def names(self) -> dict[str, str]:
        """Map every id, Chinese, English and other name of a kind (see `name_key`) to its id."""
        known: dict[str, str] = {}
        for kind in self.kinds.values():
            parts = re.split(r"[或/()()、]", kind.zh)
            for name in (kind.id, kind.zh, kind.en, *kind.aliases, parts[0]):
                known.setdefault(name_key(name), kind.id)
        return known


def name_key(name: str) -> str:
    """Bring a name into the form in which names are compared.

    Examples
    --------
    >>> name_key(" Bus Stop "), name_key("托儿所/托育(0-3岁)")
    ('bus_stop', '托儿所/托育(0-3岁)')
    """
    text = name.strip().lower().replace("(", "(").replace(")", ")")
    return re.sub(r"[\s-]+(?=[a-z(])", "_", text)


def catalogue_from(raw: Mapping[str, Any], *, where: str) -> Catalogue:
    """Build the catalogue from the content of its file.

    Raises
    ------
    StandardsError
        If a key is missing, unknown or of the wrong kind; the message names file and key.
    """
    layers = {id_: _layer(id_, body, where) for id_, body in raw["layers"].items()}
    kinds = {id_: _kind(id_, body, where) for id_, body in raw["kinds"].items()}
    rules = {
        id_: AreaRule(
            id=id_,
            new_m2=_amount(body.get("new"), f"{where}: area_rules.{id_}.new"),
            old_m2=_amount(body.get("old"), f"{where}: area_rules.{id_}.old"),
            **_pick(
                body,
                ("kind", "layer", "area", "per", "zh", "en", "source", "confidence"),
                f"{where}: area_rules.{id_}",
            ),
        )
        for id_, body in raw["area_rules"].items()
    }
    relaxations = {
        id_: Relaxation(
            id=id_,
            **_pick(
                body,
                ("kind", "layer", "instead", "within", "count", "zh", "en", "source", "confidence"),
                f"{where}: relaxations.{id_}",
            ),
        )
        for id_, body in raw["relaxations"].items()
    }
    mentioned = [(f"area_rules.{r.id}", r.kind) for r in rules.values()]
    mentioned += [
        (f"relaxations.{r.id}", k) for r in relaxations.values() for k in (r.kind, r.instead)
    ]
    for key, kind in mentioned:
        if kind not in kinds:
            raise StandardsError(
                f"{where}: `{key}` names the kind `{kind}`, which does not exist.",
                zh=f"{where}:{key} 提到的设施类别“{kind}”不存在。",
            )
    return Catalogue(layers, kinds, rules, relaxations, dict(raw["sources"]))


def _layer(id_: str, body: Mapping[str, Any], where: str) -> Layer:
    where = f"{where}: layers.{id_}"
    if id_ not in LAYERS:
        raise StandardsError(
            f"{where} is not a layer; layers are {', '.join(LAYERS)}.",
            zh=f"{where} 不是层级;层级有 {'、'.join(LAYERS)}。",
        )
    named = _pick(body, ("zh", "en", "minutes", "source", "confidence"), where)
    limit = _number(body.get("limit_m"), body, f"{where}.limit_m")
    between, persons = body.get("range_m"), body.get("persons")
    return Layer(
        id=id_,
        limit=limit,
        range_m=(float(between[0]), float(between[1])) if between else None,
        persons=(float(persons[0]), float(persons[1])) if persons else None,
        **named,
    )


def _kind(id_: str, body: Mapping[str, Any], where: str) -> FacilityKind:
    where = f"{where}: kinds.{id_}"
    unknown = sorted(set(body) - KIND_KEYS)
    if unknown:
        raise StandardsError(
            f"{where} has the unknown key `{unknown[0]}`; "
            f"known are {', '.join(sorted(KIND_KEYS))}.",
            zh=f"{where} 有未知的键“{unknown[0]}”;可用 {'、'.join(sorted(KIND_KEYS))}。",
        )
    named = _pick(body, ("zh", "en", "layer", "needs", "source", "confidence"), where)
    for layer, need in named["needs"].items():
        if layer not in LAYERS or need not in NEEDS:
            raise StandardsError(
                f"{where}.needs: `{layer}: {need}`; layers are {', '.join(LAYERS)}, "
                f"needs are {', '.join(NEEDS)}.",
                zh=(
                    f"{where}.needs:“{layer}: {need}”;层级有 {'、'.join(LAYERS)},需求有 "
                    f"{'、'.join(NEEDS)}。"
                ),
            )
    strange = [key for key in body.get("numbers") or {} if not NUMBER_KEYS.fullmatch(key)]
    if strange:
        raise StandardsError(
            f"{where}.numbers has the unknown key `{strange[0]}`; known are radius_m, "
            "floor_min_m2, floor_max_m2, land_min_m2, land_max_m2 (also with old_ or stock_ before "
            "them), limit_block_m, limit_c5_m, limit_c10_m, limit_c15_m, …",
            zh=(
                f"{where}.numbers 有未知的键“{strange[0]}”;可用 radius_m、floor_min_m2、"
                "floor_max_m2、land_min_m2、land_max_m2(前面可加 old_ 或 stock_)、"
                "limit_block_m、limit_c5_m、limit_c10_m、limit_c15_m 等。"
            ),
        )
    return FacilityKind(
        id=id_,
        unit=body.get("unit", "facility"),
        aliases=tuple(body.get("aliases", ())),
        numbers={
            key: _number(value, body, f"{where}.numbers.{key}")
            for key, value in (body.get("numbers") or {}).items()
        },
        menu=dict(body.get("menu", {})),
        land_use=tuple(body.get("land_use", ())),
        match=dict(body.get("match", {})),
        stock=dict(body.get("stock", {})),
        **named,
    )


def _pick(body: Mapping[str, Any], keys: tuple[str, ...], where: str) -> dict[str, Any]:
    missing = [key for key in keys if key not in body]
    if missing:
        raise StandardsError(
            f"{where} must give {', '.join(missing)}.",
            zh=f"{where} 须给出 {'、'.join(missing)}。",
        )
    if "confidence" in keys and body["confidence"] not in CONFIDENCES:
        raise StandardsError(
            f"{where} has the confidence `{body['confidence']}`; use {', '.join(CONFIDENCES)}.",
            zh=(f"{where} 的可信度“{body['confidence']}”无效;可用 {'、'.join(CONFIDENCES)}。"),
        )
    return {key: body[key] for key in keys}


def _number(value: Any, owner: Mapping[str, Any], where: str) -> Number:
    given = value if isinstance(value, Mapping) else {"value": value}
    whole = {"source": owner["source"], "confidence": owner["confidence"], **given}
    _pick(whole, ("value", "source", "confidence"), where)
    return Number(_amount(whole["value"], where), str(whole["source"]), str(whole["confidence"]))


def _amount(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise StandardsError(
            f"{where} is {value!r}; give a number of 0 or more.",
            zh=f"{where} 是 {value!r};请给不小于 0 的数。",
        )
    return float(value)
