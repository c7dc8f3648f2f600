"""Several functions in one building: the embedded complex, as a small knapsack, solved exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.checks import require_columns
from spatial.errors import InputError
from spatial.standards import FacilityKind
from spatial.standards.parameters import ParameterSet, read_parameters
from spatial.stock.holding import floor_range, holdable_kinds

__all__ = ["complexes"]

MOST_KINDS: Final = 16
"""Every set of so many kinds is looked at: 65,536 sets, a fraction of a second."""
COLUMNS: Final = (
    *("stock_id", "rank", "kinds", "functions", "is_complex", "used_m2", "shared_m2", "free_m2"),
    *("value", "zh", "en"),
)
AREAS: Final = ("used_m2", "shared_m2", "free_m2", "value")

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


def complexes(
    stock: pd.DataFrame,
    kinds: list[FacilityKind],
    *,
    rules: ParameterSet | None = None,
    near: pd.DataFrame | None = None,
    worth: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """List sets of functions that one building can hold together, the best few for each.

    Parameters
    ----------
    stock : DataFrame
        As for `holdable_kinds`; with geometry, the outline of a building is its footprint.
    kinds : list of FacilityKind
        Of these, ``complex_kinds`` of the rules are put together.
    rules : ParameterSet, optional
        Room ``fits``; default the national one.
    near : DataFrame, optional
        From `spatial.stock.nearby_uses`.
    worth : mapping, optional
        Value of a kind, e.g. the persons whose gap it closes; at least 0, default 1 for each.

    Returns
    -------
    DataFrame
        One row per set, best first within an asset: ``stock_id``; ``rank`` from 1; ``kinds``
        (comma-separated, in the order of the rules); ``functions`` (how many); ``is_complex``
        (large enough, and enough of the core, to be what the guideline calls a complex);
        ``used_m2`` (least floors of all functions), ``shared_m2``, ``free_m2`` (what is left to
        be given to any of them), ``value``; ``zh, en``. Buildings that hold no set are left out.

    Raises
    ------
    InputError
        If more than 16 kinds are to be put together, or a worth is negative.

    Notes
    -----
    For a building of F m² floor, x_k = 1 where it holds kind k::

        max   Σ v_k x_k
        s.t.  Σ a_k x_k ≤ (1 − s) F             least floors a_k, shared part s
              Σ_{h_k ≤ h} a_k x_k ≤ (1 − s) h G   for every h: kinds that must lie on floors 1…h
              Σ x_k ≥ 3;  x_k ≤ 1 if k alone fits the building, else 0
              x_j + x_k ≤ 1 where j and k do not go together (``incompatible_m``)

    G is the footprint, where the outline is known and smaller than F, else the second line holds
    by the floor of the asset itself. As every such range of floors begins at the ground, the
    second lines are enough for a division of the functions among the floors (Hall's theorem for
    nested ranges, functions divisible by floors). All 2ⁿ sets are looked at (n ≤ 16), so what is
    returned is the optimum and those next to it: of equal value the smaller floor goes first, and
    no set is listed that a listed one of the same asset contains.

    A building with floors of its own in a single level (``floor_level``) holds only kinds that
    may lie there (`holdable_kinds`). Whether each function that asks for an entrance of its own
    can have one is not known from the register; it is for the designer.

    Examples
    --------
    >>> from spatial.standards import read_profile
    >>> kinds = list(read_profile().catalogue.kinds.values())
    >>> shop = pd.DataFrame(
    ...     {"asset_type": ["building"], "land_m2": [None], "floor_m2": [750.0]}, index=["s"]
    ... )
    >>> best = complexes(shop, kinds, worth={"elderly_daycare": 5, "childcare": 4}).iloc[0]
    >>> best["kinds"].split(", ")[:2], float(best["shared_m2"])
    (['elderly_daycare', 'childcare'], 112.5)
    """
    require_columns(stock, ["asset_type", "floor_m2"], name="stock")
    chosen = rules or read_parameters("fits")
    sets = _Sets.of(kinds, chosen, worth or {})
    together = [kind for kind in kinds if kind.id in sets.ids]
    holds = holdable_kinds(stock, together, rules=chosen, near=near)
    buildings = stock[(stock["asset_type"] == "building").to_numpy(dtype=bool, na_value=False)]
    floor_m2 = buildings["floor_m2"].to_numpy(dtype=float, na_value=np.nan)
    footprint_m2 = _footprint_m2(buildings)
    able = {key: set(part["kind"]) for key, part in holds.groupby("stock_id")}
    rows: list[dict[str, object]] = []
    for place, key in enumerate(buildings.index.astype("str")):
        if len(able.get(key, ())) < chosen["complex_functions_min"]:
            continue
        best = sets.best(able[key], floor_m2[place], footprint_m2[place], chosen)
        rows += [
            _row(sets, number, key, rank, float(floor_m2[place]), chosen)
            for rank, number in enumerate(best, start=1)
        ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    text = dict.fromkeys(("stock_id", "kinds", "zh", "en"), "string")
    numbers = {**dict.fromkeys(AREAS, "float64"), "rank": "int64", "functions": "int64"}
    return table.astype({**text, **numbers, "is_complex": "bool"})


@dataclass(frozen=True, slots=True, eq=False)
class _Sets:
    """All sets of at least so many kinds that go together, best first."""

    ids: tuple[str, ...]
    names: tuple[tuple[str, str], ...]
    member: Flags  # (sets, kinds)
    used_m2: Floats  # (sets,)
    value: Floats  # (sets,)
    highest: tuple[int, ...]  # (levels,) of floors
    below_m2: Floats  # (sets, levels): floor of the kinds that must lie on floors 1…level

    @classmethod
    def of(
        cls, kinds: list[FacilityKind], rules: ParameterSet, worth: Mapping[str, float]
    ) -> _Sets:
        by_id = {kind.id: kind for kind in kinds}
        listed = [key for key in rules["complex_kinds"] if key in by_id]
        found = [by_id[key] for key in listed if by_id[key].stock_min_m2("floor") is not None]
        if len(found) > MOST_KINDS:
            raise InputError(
                f"`fits.complex_kinds` names {len(found)} kinds; at most {MOST_KINDS} can be put "
                "together. Name fewer.",
                zh=f"fits.complex_kinds 列出 {len(found)} 类;至多 {MOST_KINDS} 类。请减少。",
            )
        negative = sorted(key for key, value in worth.items() if not value >= 0)
        if negative:
            raise InputError(
                f"`worth` of `{negative[0]}` is {worth[negative[0]]}; it must be at least 0.",
                zh=f"worth 中 {negative[0]} 为 {worth[negative[0]]};不得小于 0。",
            )
        numbers = np.arange(2 ** len(found), dtype=np.int64)
        member = ((numbers[:, None] >> np.arange(len(found))) & 1).astype(bool)
        keep = member.sum(axis=1) >= rules["complex_functions_min"]
        for one, other in _apart(listed, rules):
            keep &= ~(member[:, one] & member[:, other])
        member = member[keep]
        least_m2 = np.array([kind.stock_min_m2("floor") for kind in found], dtype=float)
        value = member @ np.array([worth.get(kind.id, 1.0) for kind in found], dtype=float)
        used_m2 = member @ least_m2
        order = np.lexsort((numbers[keep], used_m2, -value))
        member = member[order]
        high = np.array([floor_range(kind)[1] for kind in found], dtype=np.int64)
        levels = tuple(int(level) for level in np.unique(high) if level < 99)
        below = [member @ (least_m2 * (high <= level)) for level in levels]
        return cls(
            tuple(kind.id for kind in found),
            tuple((kind.zh, kind.en) for kind in found),
            member,
            used_m2[order],
            value[order],
            levels,
            np.column_stack(below) if below else np.zeros((len(member), 0)),
        )

    def best(
        self, able: set[str], floor_m2: float, footprint_m2: float, rules: ParameterSet
    ) -> list[int]:
        """Return the numbers of the best sets for one building."""
        allowed = np.array([key in able for key in self.ids], dtype=bool)
        net_share = 1.0 - rules["complex_shared_share"]
        fits = ~self.member[:, ~allowed].any(axis=1)
        fits &= self.used_m2 <= net_share * floor_m2
        if footprint_m2 < floor_m2:
            room_m2 = net_share * footprint_m2 * np.array(self.highest, dtype=float)
            fits &= (self.below_m2 <= room_m2).all(axis=1)
        found: list[int] = []
        for number in np.flatnonzero(fits):
            if len(found) == rules["complexes_listed"]:
                break
            inside = [not (self.member[number] & ~self.member[one]).any() for one in found]
            if not any(inside):
                found.append(int(number))
        return found


def _apart(listed: list[str], rules: ParameterSet) -> list[tuple[int, int]]:
    """Kinds that keep a distance from each other cannot share a building."""
    return [
        (listed.index(kind), listed.index(use))
        for kind, uses in rules["incompatible_m"].items()
        for use in uses
        if kind in listed and use in listed
    ]


def _footprint_m2(buildings: pd.DataFrame) -> Floats:
    if not isinstance(buildings, gpd.GeoDataFrame):
        return np.full(len(buildings), np.inf)
    area_m2 = shapely.area(buildings.geometry.to_numpy())
    return np.where(area_m2 > 0, area_m2, np.inf)


def _row(
    sets: _Sets, number: int, key: str, rank: int, floor_m2: float, rules: ParameterSet
) -> dict[str, object]:
    member = np.flatnonzero(sets.member[number])
    ids = [sets.ids[place] for place in member]
    core = len(set(ids) & set(rules["complex_core_kinds"]))
    large = floor_m2 >= rules["complex_floor_min_m2"]
    used_m2 = float(sets.used_m2[number])
    shared_m2 = floor_m2 * rules["complex_shared_share"]
    zh = "、".join(sets.names[place][0] for place in member)
    en = ", ".join(sets.names[place][1] for place in member)
    return {
        "stock_id": key,
        "rank": rank,
        "kinds": ", ".join(ids),
        "functions": len(ids),
        "is_complex": bool(large and core >= rules["complex_core_min"]),
        "used_m2": used_m2,
        "shared_m2": shared_m2,
        "free_m2": floor_m2 - shared_m2 - used_m2,
        "value": float(sets.value[number]),
        "zh": f"{zh}(最小面积合计 {used_m2:.0f} m²,公用 {shared_m2:.0f} m²)",
        "en": f"{en} (least floors {used_m2:.0f} m², shared {shared_m2:.0f} m²)",
    }
