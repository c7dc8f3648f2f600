"""What a facility in a place costs: to obtain the place, to build or refit, to run for a year."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from spatial.checks import require_columns
from spatial.errors import InputError
from spatial.standards import Profile
from spatial.standards.parameters import CONFIDENCES, Parameter, ParameterSet

__all__ = ["ASSET_TYPES", "modes_of", "option_costs", "unit_costs", "weakest_confidence"]

ASSET_TYPES: Final = ("building", "land")
UNIT_COLUMNS: Final = ("item", "class_or_mode", "value", "unit", "zh", "en", "source", "confidence")
AMOUNTS: Final = (
    *("works_yuan", "equipment_yuan", "on_costs_yuan", "obtaining_yuan"),
    *("running_yuan", "maintenance_yuan", "rent_yuan"),
)
LEFT_OUT: Final = {
    "kind": ("该类设施没有单价", "this kind of facility has no price"),
    "indoors": ("露天设施不能放在房屋内", "an open-air kind cannot stand in a building"),
    "floor": ("缺少建筑面积", "the floor area is missing"),
    "land": ("缺少用地面积", "the land area is missing"),
}


def unit_costs(profile: Profile) -> pd.DataFrame:
    """List every unit cost of a profile with its source and how sure it is.

    Returns
    -------
    DataFrame
        ``item, class_or_mode, value, unit, zh, en, source, confidence``; one row for each number.

    Examples
    --------
    >>> from spatial.standards import read_profile
    >>> table = unit_costs(read_profile("national")).set_index(["item", "class_or_mode"])
    >>> refit = table.loc[("refit_yuan_per_m2", "care")]
    >>> float(refit["value"]), refit["unit"], refit["confidence"]
    (2000.0, 'yuan/m2', 'product')
    """
    rows = []
    for parameter in profile.rooms["costs"].parameters.values():
        values = parameter.value if isinstance(parameter.value, Mapping) else {"": parameter.value}
        for name, value in values.items():
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                rows.append((parameter.key, name, float(value), parameter))
    return pd.DataFrame(
        [
            (key, name, value, found.unit, found.zh, found.en, found.source, found.confidence)
            for key, name, value, found in rows
        ],
        columns=list(UNIT_COLUMNS),
    )


def modes_of(options: pd.DataFrame, profile: Profile) -> pd.Series:
    """Return how each place is obtained, where nobody has said otherwise.

    Parameters
    ----------
    options : DataFrame
        ``asset_type``; ``mode`` and ``pathway`` where known. A given mode stays; otherwise the
        pathway of the asset says it (F21–F28); otherwise its type.

    Returns
    -------
    Series of str, on the index of `options`

    Examples
    --------
    >>> from spatial.standards import read_profile
    >>> options = pd.DataFrame({"asset_type": ["building", "land"], "pathway": ["F21", None]})
    >>> modes_of(options, read_profile("national")).tolist()
    ['refit', 'new_build']
    """
    require_columns(options, ["asset_type"], name="options")
    costs = profile.rooms["costs"]
    empty = pd.Series(pd.NA, options.index, dtype="string")
    given = options["mode"].astype("string") if "mode" in options else empty
    path = options["pathway"].astype("string") if "pathway" in options else empty
    by_path = path.map(costs["mode_of_pathway"]).astype("string")
    by_type = options["asset_type"].astype("string").map(costs["mode_of_asset_type"])
    found = given.fillna(by_path).fillna(by_type.astype("string"))
    _require_known(found, costs["modes"], column="mode")
    return found.rename("mode")


def option_costs(options: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """Estimate what each option costs, once and in every year.

    Parameters
    ----------
    options : DataFrame
        ``kind, asset_type`` (building, land), ``floor_m2, land_m2`` (m² that the facility uses);
        ``mode`` and ``pathway`` where known (see `modes_of`). Of a building the floor counts; of
        land the floor to be built, or for an open-air kind the land.
    profile : Profile
        Room ``costs``.

    Returns
    -------
    DataFrame on the index of `options`
        ``mode, cost_yuan, yearly_yuan``, what they are made of (``works_yuan, equipment_yuan,
        on_costs_yuan, obtaining_yuan``; ``running_yuan, maintenance_yuan, rent_yuan``),
        ``lasts_years`` (missing: lasting), ``source, confidence`` (the weakest of the numbers
        used), ``why_zh, why_en`` where no cost can be given: then the amounts are missing.

    Raises
    ------
    LayerError
        If a column is missing.
    InputError
        If a mode or a type of asset is unknown, or an area is negative; it names the row.

    Notes
    -----
    ::

        cost   = (works + equipment) (1 + on-cost share) + price share × price × area + fixed
        works  = rate(class, building: refit | land: new building, open air | temporary) × area
        yearly = running rate × area + maintenance share × (works + equipment) + rent × area

    A new building in place of an old one (mode ``new_build`` of a building) takes the rate of new
    buildings. Land is cleared before anything is built on it. Rent and price of land go by land,
    of buildings by floor.

    Examples
    --------
    A canteen of 100 m² in a rented room: (100 × 2000 + 150 000) × 1.18 + 15 000 once;
    100 × 420 + 0.015 × 350 000 + 100 × 420 a year.

    >>> from spatial.standards import read_profile
    >>> option = pd.DataFrame({"kind": ["community_canteen"], "asset_type": ["building"],
    ...                        "mode": ["lease"], "floor_m2": [100.0], "land_m2": [None]})
    >>> costs = option_costs(option, read_profile("national"))
    >>> costs[["cost_yuan", "yearly_yuan"]].iloc[0].tolist()
    [428000.0, 89250.0]
    """
    require_columns(options, ["kind", "asset_type", "floor_m2", "land_m2"], name="options")
    _require_known(options["asset_type"].astype("string"), ASSET_TYPES, column="asset_type")
    costs = profile.rooms["costs"]
    sizes = _Sizes.of(options, costs)
    mode = modes_of(options, profile)
    amounts = _amounts(sizes, mode, options["asset_type"].astype("string"), costs)
    amounts = amounts.where(sizes.why.isna())
    once = amounts[["works_yuan", "equipment_yuan", "on_costs_yuan", "obtaining_yuan"]]
    yearly = amounts[["running_yuan", "maintenance_yuan", "rent_yuan"]]
    used = _used(sizes, mode, options["asset_type"].astype("string"), costs)
    return pd.DataFrame(
        {
            "mode": mode,
            "cost_yuan": once.sum(axis=1, skipna=False),
            "yearly_yuan": yearly.sum(axis=1, skipna=False),
            **{name: amounts[name] for name in AMOUNTS},
            "lasts_years": pd.Series(np.nan, options.index).mask(
                mode.eq("temporary").to_numpy(dtype=bool), float(costs["temporary_life_years"])
            ),
            "source": used["source"],
            "confidence": used["confidence"],
            "why_zh": sizes.why.map({key: zh for key, (zh, _) in LEFT_OUT.items()}),
            "why_en": sizes.why.map({key: en for key, (_, en) in LEFT_OUT.items()}),
        },
        index=options.index,
    )


def weakest_confidence(confidences: Iterable[str]) -> str:
    """Return the least sure of several confidences; a product's own assumption is the weakest.

    Examples
    --------
    >>> weakest_confidence(["high", "low", "med"])
    'low'
    """
    return max(confidences, key=CONFIDENCES.index)


@dataclass(frozen=True, slots=True, eq=False)
class _Sizes:
    """Cost class of every option, the area that its works go by, and why it has no price."""

    kind: pd.Series
    group: pd.Series
    outdoor: pd.Series
    works_m2: pd.Series
    land_m2: pd.Series
    """Land that is cleared: 0 for buildings."""
    place_m2: pd.Series
    """What rent and price go by."""
    why: pd.Series

    @classmethod
    def of(cls, options: pd.DataFrame, costs: ParameterSet) -> _Sizes:
        kind = options["kind"].astype("string")
        group = kind.map(costs["class_of_kind"]).astype("string")
        outdoor = group.isin(costs["outdoor_classes"])
        building = options["asset_type"].astype("string").eq("building").astype(bool)
        floor_m2, land_m2 = (_area(options[name], name) for name in ("floor_m2", "land_m2"))
        works_m2 = floor_m2.where(~outdoor, land_m2)
        place_m2 = floor_m2.where(building, land_m2)
        why = pd.Series(pd.NA, options.index, dtype="string")
        why = why.mask(~building & land_m2.isna(), "land")
        why = why.mask(~outdoor & floor_m2.isna(), "floor")
        why = why.mask(building & outdoor, "indoors")
        why = why.mask(group.isna(), "kind")
        cleared = land_m2.mask(building, 0.0)
        return cls(kind, group, outdoor, works_m2, cleared, place_m2, why)


def _amounts(
    sizes: _Sizes, mode: pd.Series, asset_type: pd.Series, costs: ParameterSet
) -> pd.DataFrame:
    ways = pd.DataFrame(costs["modes"]).T
    rate = _works_rate(sizes, mode, asset_type, costs)
    works = rate * sizes.works_m2 + costs["site_preparation_yuan_per_m2"] * sizes.land_m2
    equipment = sizes.kind.map(costs["equipment_yuan"]).astype(float).fillna(0.0)
    price = asset_type.map(costs["purchase_yuan_per_m2"]).astype(float) * sizes.place_m2
    rent = asset_type.map(costs["rent_yuan_per_m2_year"]).astype(float) * sizes.place_m2
    running = sizes.group.map(costs["running_yuan_per_m2_year"]).astype(float)
    return pd.DataFrame(
        {
            "works_yuan": works,
            "equipment_yuan": equipment,
            "on_costs_yuan": (works + equipment) * costs["on_cost_share"],
            "obtaining_yuan": mode.map(ways["price_share"]).astype(float) * price
            + mode.map(ways["fixed_yuan"]).astype(float),
            "running_yuan": running * sizes.works_m2,
            "maintenance_yuan": (works + equipment) * costs["maintenance_share"],
            "rent_yuan": rent.where(mode.map(ways["rents"]).astype(bool), 0.0),
        }
    )


def _works_rate(
    sizes: _Sizes, mode: pd.Series, asset_type: pd.Series, costs: ParameterSet
) -> pd.Series:
    """Yuan per m² of works, by class and by what is done."""
    temporary = mode.eq("temporary").astype(bool)
    new = (mode.eq("new_build") | asset_type.eq("land")).astype(bool)
    rates = {
        name: sizes.group.map(costs[name]).astype(float)
        for name in (
            *("refit_yuan_per_m2", "new_build_yuan_per_m2"),
            *("temporary_yuan_per_m2", "outdoor_yuan_per_m2"),
        )
    }
    open_air = rates["outdoor_yuan_per_m2"]
    open_air = open_air.mask(temporary, open_air * costs["temporary_outdoor_share"])
    indoors = rates["refit_yuan_per_m2"].mask(new, rates["new_build_yuan_per_m2"])
    indoors = indoors.mask(temporary, rates["temporary_yuan_per_m2"])
    return indoors.where(~sizes.outdoor, open_air)


def _used(
    sizes: _Sizes, mode: pd.Series, asset_type: pd.Series, costs: ParameterSet
) -> pd.DataFrame:
    """Name the sources of the numbers behind each option, and their weakest confidence."""
    ways = costs["modes"]
    facts = pd.DataFrame({"outdoor": sizes.outdoor, "mode": mode, "type": asset_type})
    told: dict[tuple[Any, ...], tuple[str, str]] = {}
    for fact in facts.drop_duplicates().itertuples(index=False):
        keys = ["equipment_yuan", "on_cost_share", "maintenance_share", "running_yuan_per_m2_year"]
        keys.append(_rate_key(outdoor=fact.outdoor, mode=fact.mode, asset_type=fact.type))
        keys += ["site_preparation_yuan_per_m2"] if fact.type == "land" else []
        keys += ["purchase_yuan_per_m2"] if ways[fact.mode]["price_share"] else []
        keys += ["rent_yuan_per_m2_year"] if ways[fact.mode]["rents"] else []
        found: list[Parameter] = [costs.parameters[key] for key in keys]
        sources = "; ".join(dict.fromkeys(one.source for one in found))
        told[tuple(fact)] = (sources, weakest_confidence(one.confidence for one in found))
    values = [told[tuple(fact)] for fact in facts.itertuples(index=False)]
    return pd.DataFrame(values, index=facts.index, columns=["source", "confidence"]).astype(
        "string"
    )


def _rate_key(*, outdoor: bool, mode: str, asset_type: str) -> str:
    if outdoor:
        return "outdoor_yuan_per_m2"
    if mode == "temporary":
        return "temporary_yuan_per_m2"
    new = mode == "new_build" or asset_type == "land"
    return "new_build_yuan_per_m2" if new else "refit_yuan_per_m2"


def _area(values: pd.Series, name: str) -> pd.Series:
    areas = pd.to_numeric(values).astype(float)
    wrong = areas.index[areas.lt(0).to_numpy(dtype=bool)]
    if len(wrong):
        raise InputError(
            f"`options` row {wrong[0]}: `{name}` is {areas[wrong[0]]:g}; an area is 0 or more.",
            zh=f"options 第 {wrong[0]} 行:{name} 为 {areas[wrong[0]]:g},面积不得为负。",
        )
    return areas


def _require_known(values: pd.Series, known: Iterable[str], *, column: str) -> None:
    names = list(known)
    wrong = values.index[~values.isin(names).to_numpy(dtype=bool)]
    if len(wrong):
        raise InputError(
            f"`options` row {wrong[0]}: `{column}` is `{values[wrong[0]]}`; "
            f"use one of {', '.join(names)}.",
            zh=(
                f"options 第 {wrong[0]} 行:{column} 为“{values[wrong[0]]}”;"
                f"可用 {'、'.join(names)}。"
            ),
        )
