"""Cost lines: what is to be paid, in which category, by whom it may be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from spatial.checks import require_columns
from spatial.errors import InputError
from spatial.standards import Profile

__all__ = ["CATEGORIES", "LINE_COLUMNS", "UNITS", "funding_lines", "unit_of"]

LAST_YEAR: Final = 1_000
"""No plan is longer."""
CATEGORIES: Final = ("basic", "improve", "upgrade")
UNITS: Final = ("neighbourhood_id", "community_id", "district_id", "admin_district")
LINE_COLUMNS: Final = ("item", "kind", "category", "cost_yuan", "special", "year", *UNITS)


def funding_lines(lines: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """Check and complete cost lines.

    Parameters
    ----------
    lines : DataFrame
        ``cost_yuan``; and where known ``id`` (otherwise the index is the id), ``item`` (of the
        profile's items; default ``facility``), ``kind`` (of facility), ``category`` (basic,
        improve, upgrade), ``special`` (lift, dangerous_house, property_fee or empty), ``year``
        (of the plan, from 1), ``audited_yuan`` (final account), ``public_housing`` (the owner of
        public housing must contribute, J16) and where it is:
        ``neighbourhood_id, community_id, district_id, admin_district``.
    profile : Profile

    Returns
    -------
    DataFrame indexed by line id
        `LINE_COLUMNS`, ``audited`` and ``public_housing`` (bool). ``cost_yuan`` is the audited
        amount where there is one. A category that is not given is that of the kind in the
        profile's menu, then that of the item. A lift and a dangerous house are special without
        being called so.

    Raises
    ------
    LayerError
        If ``cost_yuan`` is missing.
    InputError
        If ids repeat, an amount is missing, negative or not finite, a year is none of a plan, or
        an item or category is unknown; it names the line.

    Examples
    --------
    >>> from spatial.standards import read_profile
    >>> lines = pd.DataFrame({"kind": ["elderly_daycare"], "cost_yuan": [1e6]}, index=["a"])
    >>> funding_lines(lines, read_profile("ningbo"))[["item", "category"]].loc["a"].tolist()
    ['facility', 'upgrade']
    """
    require_columns(lines, ["cost_yuan"], name="lines")
    frame = lines.set_index("id") if "id" in lines else lines.copy()
    frame.index = frame.index.astype("string")
    twice = frame.index[frame.index.duplicated()]
    if len(twice):
        raise InputError(
            f"`lines` has the id `{twice[0]}` twice; ids are unique.",
            zh=f"费用项“{twice[0]}”重复,编号须唯一。",
        )
    parameters = profile.rooms["funding"]
    items: Mapping[str, Any] = parameters["items"]
    text = {name: _text(frame, name) for name in ("item", "kind", "category", "special", *UNITS)}
    item = text["item"].mask(text["item"].eq(""), "facility")
    _require_known(item, items, column="item")
    menu = {name: kind.menu.get(profile.menu) for name, kind in profile.catalogue.kinds.items()}
    category = text["category"]
    category = category.mask(category.eq(""), text["kind"].map(menu).astype("string"))
    category = category.fillna("")
    category = category.mask(category.eq(""), item.map(parameters["category_of_item"]))
    _require_known(category, CATEGORIES, column="category")
    own = item.where(item.isin(["lift", "dangerous_house", "property_fee"]), "")
    special = text["special"].mask(text["special"].eq(""), own)
    audited = pd.to_numeric(_column(frame, "audited_yuan")).astype(float)
    cost = pd.to_numeric(frame["cost_yuan"]).astype(float).mask(audited.notna(), audited)
    _require_amounts(cost)
    cost = cost.round(2)
    year = pd.to_numeric(_column(frame, "year")).astype(float).fillna(1.0)
    _require_years(year)
    return pd.DataFrame(
        {
            "item": item,
            "kind": text["kind"],
            "category": category,
            "cost_yuan": cost,
            "special": special,
            "year": year.astype(int),
            **{name: text[name] for name in UNITS},
            "audited": audited.notna(),
            "public_housing": [one is True or one == 1 for one in _column(frame, "public_housing")],
        },
        index=frame.index.rename("line"),
    )


def unit_of(frame: pd.DataFrame, column: str) -> pd.Series:
    """Return the unit of each row; what lies in none stands with its neighbourhood alone.

    Examples
    --------
    >>> rows = pd.DataFrame({"district_id": ["d1", ""], "neighbourhood_id": ["n1", "n2"]})
    >>> unit_of(rows, "district_id").tolist()
    ['d1', 'n2']
    """
    unit = frame[column].astype("string").fillna("")
    return unit.mask(unit.eq(""), frame["neighbourhood_id"].astype("string").fillna(""))


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    return frame[name] if name in frame else pd.Series(float("nan"), frame.index)


def _text(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame:
        return pd.Series("", frame.index, dtype="string")
    return frame[name].astype("string").fillna("")


def _require_known(values: pd.Series, known: Any, *, column: str) -> None:
    names = list(known)
    wrong = values.index[~values.isin(names).to_numpy(dtype=bool)]
    if len(wrong):
        raise InputError(
            f"`lines` row `{wrong[0]}`: `{column}` is `{values[wrong[0]]}`; "
            f"use one of {', '.join(names)}.",
            zh=f"费用项“{wrong[0]}”:{column} 为“{values[wrong[0]]}”;可用 {'、'.join(names)}。",
        )


def _require_amounts(cost: pd.Series) -> None:
    wrong = cost.index[~(cost.ge(0) & cost.lt(float("inf"))).to_numpy(dtype=bool)]
    if len(wrong):
        raise InputError(
            f"`lines` row `{wrong[0]}`: `cost_yuan` is {cost[wrong[0]]}; give a finite amount, 0 "
            "or more.",
            zh=f"费用项“{wrong[0]}”:cost_yuan 为 {cost[wrong[0]]},须为 0 或正数(有限)。",
        )


def _require_years(year: pd.Series) -> None:
    wrong = year.index[~(year.between(1, LAST_YEAR) & year.eq(year.round())).to_numpy(dtype=bool)]
    if len(wrong):
        raise InputError(
            f"`lines` row `{wrong[0]}`: `year` is {year[wrong[0]]:g}; years of the plan count from "
            "1.",
            zh=f"费用项“{wrong[0]}”:year 为 {year[wrong[0]]:g};计划年度从 1 起,为整数。",
        )
