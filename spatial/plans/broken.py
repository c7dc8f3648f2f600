"""Rules that a plan breaks, in words, and which of them an edit made worse."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from spatial.districting.rules import AMOUNTS
from spatial.plans.figures import _diameter_m, sums_against_limits
from spatial.plans.model import Draft

__all__ = ["Broken", "broken_rules", "worse"]

ROUNDING: Final = 1e-9
AMOUNT_ZH: Final = {
    "households": "户数",
    "persons": "人口",
    "area_m2": "用地面积(m²)",
    "members": "小区数",
}
AMOUNT_EN: Final = {
    "households": "households",
    "persons": "residents",
    "area_m2": "m² of land",
    "members": "neighbourhoods",
}


@dataclass(frozen=True, slots=True)
class Broken:
    """One rule that one district breaks, and by how much."""

    family: str
    rule: str
    district: str
    units: tuple[str, ...]
    by: float
    """How far beyond the rule; for rules about units: how many."""
    zh: str
    en: str

    def to_record(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "rule": self.rule,
            "district": self.district,
            "units": list(self.units),
            "zh": self.zh,
            "en": self.en,
        }


def broken_rules(draft: Draft, districts: Iterable[str] | None = None) -> tuple[Broken, ...]:
    """Return the rules that districts break, contiguity left out (see `fragments`).

    Parameters
    ----------
    draft : Draft
    districts : iterable of str, optional
        Look at these only.
    """
    order = pd.Index(sorted(set(draft.districts if districts is None else districts)), dtype="str")
    rows = draft.members(order)
    code = order.get_indexer(pd.Index(draft.label[rows], dtype="object"))
    found = [
        *_limits(draft, order, rows, code),
        *_distance(draft, order, rows, code),
        *_about_units(draft, order, rows, code),
    ]
    return tuple(sorted(found, key=lambda one: (one.district, one.rule, one.units)))


def worse(draft: Draft, before: Draft, broken: Iterable[Broken]) -> tuple[Broken, ...]:
    """Return what of the refusing rules an edit broke, or broke more than before.

    A district that breaks a rule may shrink, and be divided, without keeping it yet: what is
    inside one district before the edit is measured by that district.
    """
    refusing = [one for one in broken if one.family in draft.rules.refuse]
    if not refusing:
        return ()
    sources = {one.district: _source(draft, before, one.district) for one in refusing}
    asked = {s for s in sources.values() if s is not None}
    old = {(one.rule, one.district): one.by for one in broken_rules(before, asked)}
    return tuple(
        one
        for one in refusing
        if one.by > old.get((one.rule, sources[one.district] or ""), 0.0) * (1 + ROUNDING)
    )


def _source(draft: Draft, before: Draft, district: str) -> str | None:
    """Return the district before the edit that held all members, else itself."""
    rows = draft.members([district])
    rows = rows[rows < len(before.label)]
    were = set(before.label[rows].tolist())
    if len(were) == 1 and None not in were:
        return str(next(iter(were)))
    return district if district in before.districts else None


def _limits(draft: Draft, order: pd.Index, rows: Any, code: Any) -> list[Broken]:
    rules = draft.rules
    sums = sums_against_limits(draft.ground, rows, code, len(order))
    members = np.bincount(code, minlength=len(order))
    found = []
    for column, amount in enumerate(AMOUNTS):
        value = sums[:, column]
        limit = rules.maximum.get(amount)
        if limit is not None:
            over = np.flatnonzero(value > limit * (1 + ROUNDING))
            found += [_over(str(order[d]), amount, value[d], limit, draft) for d in over]
        limit = rules.minimum.get(amount)
        if limit is not None:
            under = np.flatnonzero((value < limit * (1 - ROUNDING)) & (members > 0))
            found += [_under(str(order[d]), amount, value[d], limit, draft) for d in under]
    return found


def _over(district: str, amount: str, value: float, limit: float, draft: Draft) -> Broken:
    name = draft.districts[district].name
    return Broken(
        "maximum",
        f"max_{amount}",
        district,
        (),
        float(value - limit),
        f"片区“{name}”的{AMOUNT_ZH[amount]} {value:,.0f} 超过上限 {limit:,.0f}。",
        f"District “{name}” has {value:,.0f} {AMOUNT_EN[amount]}, more than {limit:,.0f}.",
    )


def _under(district: str, amount: str, value: float, limit: float, draft: Draft) -> Broken:
    name = draft.districts[district].name
    return Broken(
        "minimum",
        f"min_{amount}",
        district,
        (),
        float(limit - value),
        f"片区“{name}”的{AMOUNT_ZH[amount]} {value:,.0f} 不足下限 {limit:,.0f}。",
        f"District “{name}” has {value:,.0f} {AMOUNT_EN[amount]}, fewer than {limit:,.0f}.",
    )


def _distance(draft: Draft, order: pd.Index, rows: Any, code: Any) -> list[Broken]:
    limit_m = draft.rules.max_distance_m
    if limit_m is None:
        return []
    diameter_m = _diameter_m(draft.ground.xy_m[rows], code, len(order))
    found = []
    for d in np.flatnonzero(diameter_m > limit_m * (1 + ROUNDING)):
        district, metres = str(order[d]), diameter_m[d]
        name = draft.districts[district].name
        found.append(
            Broken(
                "distance",
                "max_distance_m",
                district,
                (),
                float(metres - limit_m),
                f"片区“{name}”内两小区相距 {metres:,.0f} 米,超过上限 {limit_m:,.0f} 米。",
                f"Two neighbourhoods of district “{name}” are {metres:,.0f} m apart, more than "
                f"{limit_m:,.0f} m.",
            )
        )
    return found


def _about_units(draft: Draft, order: pd.Index, rows: Any, code: Any) -> list[Broken]:
    """Rules about particular units: street office, excluded ones, together or apart."""
    ground, rules = draft.ground, draft.rules
    found = []
    strange = rows[~ground.admitted[rows]]
    for district, units in _by_district(draft, strange).items():
        found.append(_about("excluded", district, units, draft))
    if rules.same_subdistrict:
        office = ground.office[rows]
        known = office >= 0
        pairs = pd.DataFrame({"code": code[known], "office": office[known], "row": rows[known]})
        main = pairs.groupby("code")["office"].agg(lambda found: found.mode().iloc[0])
        away = pairs["row"].to_numpy()[pairs["office"].to_numpy() != main[pairs["code"]].to_numpy()]
        for district, units in _by_district(draft, away).items():
            found.append(_about("subdistrict", district, units, draft))
    inside = set(order)
    row_of, label = ground.row_of, draft.label
    for a, b in rules.must_not_join:
        if a in row_of and b in row_of:
            district = label[row_of[a]]
            if district in inside and district == label[row_of[b]]:
                found.append(_about("apart", district, (a, b), draft, f"{a}|{b}"))
    for group in rules.must_join:
        ends = {label[row_of[unit]] for unit in group if unit in row_of}
        parted = sorted(ends & inside) if len(ends) > 1 else []
        found += [_about("together", key, group, draft, "|".join(group)) for key in parted]
    return found


def _by_district(draft: Draft, rows: Any) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for row in rows.tolist():
        found.setdefault(str(draft.label[row]), []).append(str(draft.ground.ids[row]))
    return {district: tuple(units) for district, units in sorted(found.items())}


ABOUT: Final = {
    "excluded": ("不在改造范围的小区", "neighbourhoods that are not eligible"),
    "subdistrict": ("属于其他街道的小区", "neighbourhoods of another street office"),
    "apart": ("不得同区的小区", "neighbourhoods that must not share a district"),
    "together": ("须同区但已分开的小区", "neighbourhoods that belong together but are divided"),
}


def _about(
    family: str, district: str, units: tuple[str, ...], draft: Draft, which: str = ""
) -> Broken:
    zh, en = ABOUT[family]
    name = draft.districts[district].name
    some = "、".join(units[:5]) + ("…" if len(units) > 5 else "")
    return Broken(
        family,
        f"{family}:{which}" if which else family,
        district,
        units,
        float(len(units)),
        f"片区“{name}”含有{zh}:{some}。",
        f"District “{name}” has {en}: {', '.join(units[:5])}{' …' if len(units) > 5 else ''}.",
    )
