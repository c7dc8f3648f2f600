"""What an asset can hold, and why not: size, site, floor, entrance, slope, what lies near.

One table of rules serves both answers, so that what can be held is exactly what nothing speaks
against.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.checks import require_columns
from spatial.errors import StandardsError
from spatial.standards import FacilityKind
from spatial.standards.parameters import ParameterSet, read_parameters
from spatial.stock.reasons import say, say_unknown

__all__ = ["floor_range", "holdable_kinds", "why_not"]

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
BASES: Final = {"building": "floor", "land": "land"}
FACTS: Final = ("kind", "fits", "reason", "has", "needs", "zh", "en")
COLUMNS: Final = ("stock_id", *FACTS)
_Row = tuple[Any, ...]
"""Number of the asset, of the kind, of the rule (-1: a yes), and the facts."""


@dataclass(frozen=True, slots=True, eq=False)
class _Finding:
    """One rule and one kind: whom it speaks against, and the figures."""

    reason: str
    against: Flags  # (n,)
    has: Floats | None = None  # (n,)
    needs: Floats | float | None = None
    word: Sequence[str | None] | None = None  # (n,)


def holdable_kinds(
    stock: pd.DataFrame,
    kinds: list[FacilityKind],
    *,
    rules: ParameterSet | None = None,
    near: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Which kinds each asset can hold.

    Parameters
    ----------
    stock : DataFrame
        ``asset_type, land_m2, floor_m2``, and where known ``kind, floor_level, own_entrance,
        inscribed_m, slope_share``. An unknown area fits nothing; any other unknown fact is no
        obstacle.
    kinds : list of FacilityKind
        With ``stock_floor_min_m2`` (buildings), ``stock_land_min_m2`` (land),
        ``stock_width_min_m`` and ``stock``: ``floors``, ``own_entrance``, ``basement``.
    rules : ParameterSet, optional
        Room ``fits``; default the national one.
    near : DataFrame, optional
        From `spatial.stock.nearby_uses`: ``stock_id, use, distance_m``.

    Returns
    -------
    DataFrame
        ``stock_id, kind, size_m2, needed_m2, size_basis``; one row per asset and kind.
    """
    assets = _Assets.of(stock, near)
    found = []
    for kind in kinds:
        open_ = np.ones(len(assets.ids), dtype=bool)
        for finding in _findings(assets, kind, rules or _national()):
            open_ &= ~finding.against
        for asset_type, basis in BASES.items():
            needed_m2 = kind.stock_min_m2(basis)
            if needed_m2 is None:
                continue
            rows = open_ & assets.is_type(asset_type)
            found.append(
                pd.DataFrame(
                    {
                        "stock_id": assets.ids[rows],
                        "kind": kind.id,
                        "size_m2": assets.size_m2[rows],
                        "needed_m2": needed_m2,
                        "size_basis": basis,
                    }
                )
            )
    columns = ["stock_id", "kind", "size_m2", "needed_m2", "size_basis"]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=columns)


def why_not(
    stock: pd.DataFrame,
    kinds: list[FacilityKind],
    *,
    rules: ParameterSet | None = None,
    near: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Give for each asset and kind a yes, or every reason for the no.

    Parameters
    ----------
    stock, kinds, rules, near
        As for `holdable_kinds`.

    Returns
    -------
    DataFrame
        One row for a yes (``fits`` true, ``reason`` NA; the words name what is not known and has
        to be looked at), one row for each reason of a no, in the order of the rules. Columns
        ``stock_id, kind, fits, reason, has, needs, zh, en``; ``has`` and ``needs`` are in the
        unit of the reason (m², m, floor, share) and NA where it has no figures.

    Examples
    --------
    >>> from spatial.standards import read_profile
    >>> station = read_profile().catalogue.kinds["community_health_station"]
    >>> shed = pd.DataFrame(
    ...     {"asset_type": ["building"], "land_m2": [None], "floor_m2": [90.0], "floor_level": [2]},
    ...     index=["a1"],
    ... )
    >>> why_not(shed, [station])[["reason", "has", "needs"]].values.tolist()
    [['too_small', 90.0, 120.0], ['wrong_floor', 2.0, 1.0]]
    """
    assets = _Assets.of(stock, near)
    found: list[_Row] = []
    for number, kind in enumerate(kinds):
        free = np.ones(len(assets.ids), dtype=bool)
        for place, finding in enumerate(_findings(assets, kind, rules or _national())):
            free &= ~finding.against
            rows = np.flatnonzero(finding.against)
            if len(rows):
                key = (number, place)
                found += [(row, *key, *one) for row, one in _refusals(kind, finding, rows)]
        rows = np.flatnonzero(free)
        if len(rows):
            found += [(row, number, -1, *one) for row, one in _agreements(assets, kind, rows)]
    found.sort(key=lambda one: one[:3])
    columns = list(zip(*found, strict=True)) or [()] * (3 + len(FACTS))
    facts = dict(zip(FACTS, columns[3:], strict=True))
    ids = assets.ids[np.array(columns[0], dtype=np.int64)]
    return _typed(pd.DataFrame({"stock_id": ids, **facts}, columns=list(COLUMNS)))


def floor_range(kind: FacilityKind) -> tuple[int, int]:
    """Lowest and highest floor on which a kind may be, 1 = ground, below 1 = basement.

    Raises
    ------
    StandardsError
        If the catalogue's ``floors`` cannot be read.
    """
    lowest = 1 if kind.stock.get("basement") is False else -99
    floors = kind.stock.get("floors")
    if floors is None:
        return lowest, 999
    match = re.fullmatch(r"\s*(-?\d+)\s*(?:[–-]\s*(\d+))?\s*", str(floors))
    if match is None:
        raise StandardsError(
            f"Catalogue kind `{kind.id}`: stock.floors is `{floors}`; write `1` or `1–3`.",
            zh=f"设施类别 {kind.id}:stock.floors 为“{floors}”;请写 1 或 1–3。",
        )
    low = int(match[1])
    return max(low, lowest), int(match[2] or low)


@dataclass(frozen=True, slots=True, eq=False)
class _Assets:
    """The facts of all assets as plain arrays; NaN and None where not known."""

    ids: npt.NDArray[np.object_]
    asset_type: npt.NDArray[np.object_]
    kind: npt.NDArray[np.object_]
    land_m2: Floats
    floor_m2: Floats
    level: Floats
    entrance: Floats  # 1 yes, 0 no
    width_m: Floats
    slope_share: Floats
    near: pd.DataFrame

    @classmethod
    def of(cls, stock: pd.DataFrame, near: pd.DataFrame | None) -> _Assets:
        require_columns(stock, ["asset_type", "land_m2", "floor_m2"], name="stock")
        if near is None:
            near = pd.DataFrame({"stock_id": [], "use": [], "distance_m": []})
        return cls(
            stock.index.astype("str").to_numpy(dtype=object),
            _words(stock, "asset_type"),
            _words(stock, "kind"),
            _figures(stock, "land_m2"),
            _figures(stock, "floor_m2"),
            _figures(stock, "floor_level"),
            _figures(stock, "own_entrance"),
            _figures(stock, "inscribed_m"),
            _figures(stock, "slope_share"),
            near,
        )

    def is_type(self, asset_type: str) -> Flags:
        return np.asarray(self.asset_type == asset_type, dtype=bool)

    @property
    def size_m2(self) -> Floats:
        """What counts: the floor of a building, the area of land."""
        return np.where(self.is_type("building"), self.floor_m2, self.land_m2)

    def nearest_m(self, use: str) -> Floats:
        """Distance to the nearest use of a kind, inf where none is near."""
        here = self.near[(self.near["use"] == use).to_numpy(dtype=bool)]
        nearest = here.groupby("stock_id")["distance_m"].min()
        return nearest.reindex(self.ids).to_numpy(dtype=float, na_value=np.inf)


def _words(stock: pd.DataFrame, column: str) -> npt.NDArray[np.object_]:
    if column not in stock.columns:
        return np.full(len(stock), None, dtype=object)
    values = stock[column].astype("string")
    return values.astype(object).where(values.notna(), None).to_numpy(dtype=object)


def _figures(stock: pd.DataFrame, column: str) -> Floats:
    if column not in stock.columns:
        return np.full(len(stock), np.nan)
    return stock[column].astype("Float64").to_numpy(dtype=float, na_value=np.nan)


def _findings(assets: _Assets, kind: FacilityKind, rules: ParameterSet) -> Iterator[_Finding]:
    """Ask every rule about one kind; an asset may have several against it."""
    building, land = assets.is_type("building"), assets.is_type("land")
    floor_m2, land_m2 = kind.stock_min_m2("floor"), kind.stock_min_m2("land")
    if floor_m2 is None and land_m2 is None:
        yield _Finding("not_on_stock", np.ones(len(assets.ids), dtype=bool))
        return
    roof = np.asarray(assets.kind == "roof", dtype=bool)
    yield _Finding("roof", roof)
    yield _Finding("type_unknown", ~(building | land))
    yield _Finding("needs_land", building & ~roof & (floor_m2 is None))
    yield _Finding("needs_building", land & ~roof & (land_m2 is None))
    if floor_m2 is not None:
        yield from _site(assets, kind, building & ~roof, rules)
    asked = (building & (floor_m2 is not None)) | (land & (land_m2 is not None))
    asked &= ~roof
    needs_m2 = np.where(building, _or_nan(floor_m2), _or_nan(land_m2))
    yield _Finding("area_unknown", asked & np.isnan(assets.size_m2), None, needs_m2)
    yield _Finding("too_small", asked & (assets.size_m2 < needs_m2), assets.size_m2, needs_m2)
    yield from _shape(assets, kind, asked, rules)
    for use, least_m in rules["incompatible_m"].get(kind.id, {}).items():
        distance_m = assets.nearest_m(use)
        word = [use] * len(assets.ids)
        yield _Finding(
            "incompatible", asked & (distance_m < least_m), distance_m, float(least_m), word
        )


def _site(
    assets: _Assets, kind: FacilityKind, building: Flags, rules: ParameterSet
) -> Iterator[_Finding]:
    """Kinds that want a site of their own: no part of a house, and no plot that is too small."""
    if kind.id not in rules["site"]:
        return
    part = np.isin(assets.kind.astype(str), rules["part_of_a_house"])
    yield _Finding("own_site", building & part)
    least_m2 = kind.stock_min_m2("land")
    if least_m2 is not None:
        small = building & ~part & (assets.land_m2 < least_m2)
        yield _Finding("site_too_small", small, assets.land_m2, least_m2)


def _shape(
    assets: _Assets, kind: FacilityKind, asked: Flags, rules: ParameterSet
) -> Iterator[_Finding]:
    building, land = asked & assets.is_type("building"), asked & assets.is_type("land")
    width_m = kind.number("stock_width_min_m")
    if width_m is not None:
        yield _Finding("too_narrow", land & (assets.width_m < width_m), assets.width_m, width_m)
    low, high = floor_range(kind)
    below, above = assets.level < low, assets.level > high
    nearest = np.where(below, float(low), float(high))
    yield _Finding("wrong_floor", building & (below | above), assets.level, nearest)
    if kind.stock.get("own_entrance"):
        yield _Finding("no_own_entrance", building & (assets.entrance == 0.0))
    steepest = rules["max_slope_share"].get(kind.id)
    if steepest is not None:
        slope = assets.slope_share
        yield _Finding("too_steep", land & (slope > steepest), slope, float(steepest))


def _refusals(
    kind: FacilityKind, finding: _Finding, rows: npt.NDArray[np.int64]
) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Give one row of facts for each asset that a rule speaks against."""
    for row in rows:
        has = np.nan if finding.has is None else float(finding.has[row])
        needs = finding.needs
        needed = float(needs[row]) if isinstance(needs, np.ndarray) else float(_or_nan(needs))
        word = None if finding.word is None else finding.word[row]
        zh, en = say(finding.reason, kind, has, needed, word)
        yield int(row), (kind.id, False, finding.reason, has, needed, zh, en)


def _agreements(
    assets: _Assets, kind: FacilityKind, rows: npt.NDArray[np.int64]
) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Give one row of facts for each asset that can hold a kind, with what is not known of it."""
    size_m2 = assets.size_m2
    floor_m2, land_m2 = kind.stock_min_m2("floor"), kind.stock_min_m2("land")
    needs_m2 = np.where(assets.is_type("building"), _or_nan(floor_m2), _or_nan(land_m2))
    by_type: dict[str, list[tuple[str, Floats]]] = {"building": [], "land": []}
    if floor_range(kind) != (-99, 999):
        by_type["building"].append(("floor_level", assets.level))
    if kind.stock.get("own_entrance"):
        by_type["building"].append(("own_entrance", assets.entrance))
    if kind.number("stock_width_min_m") is not None:
        by_type["land"].append(("inscribed_m", assets.width_m))
    for row in rows:
        asked = by_type[str(assets.asset_type[row])]
        unknown = [name for name, values in asked if np.isnan(values[row])]
        has, needs = float(size_m2[row]), float(needs_m2[row])
        zh, en = say_unknown(kind, has, needs, unknown)
        yield int(row), (kind.id, True, None, has, needs, zh, en)


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    figures = {column: table[column].astype("Float64") for column in ("has", "needs")}
    figures = {column: values.mask(values.isna()) for column, values in figures.items()}
    typed = table[list(COLUMNS)].assign(**figures)
    text = dict.fromkeys(("stock_id", "kind", "reason", "zh", "en"), "string")
    return typed.astype({**text, "fits": "bool"})


def _or_nan(value: Any) -> Any:
    return np.nan if value is None else value


@lru_cache(maxsize=1)
def _national() -> ParameterSet:
    return read_parameters("fits")
