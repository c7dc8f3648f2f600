"""What the ids of a siting are called, for sentences that planners read."""

from __future__ import annotations

from typing import Final

import pandas as pd

from app.siting.grounds import SitingGround
from spatial.siting.problem import SitingProblem

__all__ = ["demand_names", "names_of"]

TYPES: Final = {"building": ("房屋", "building"), "land": ("用地", "land")}
FOUND: Final = ("线索", "candidate ")
"""Before the type of what nobody registered."""
SIZES: Final = {
    "small": ("较小", "small"),
    "standard": ("标准", "standard"),
    "large": ("大", "large"),
}

Name = tuple[str, str]


def names_of(ground: SitingGround, problem: SitingProblem) -> dict[str, Name]:
    """Return Chinese and English names of assets, options, kinds, demand rows and districts.

    Parameters
    ----------
    ground : SitingGround
    problem : SitingProblem
        The part of it that is asked about.

    Returns
    -------
    dict of id to (Chinese, English)
        An asset without a name is told by what it is and the neighbourhood where it lies.
    """
    kinds = {key: (kind.zh, kind.en) for key, kind in ground.profile.catalogue.kinds.items()}
    assets = _asset_names(ground, problem.assets)
    return {
        **_district_names(ground),
        **kinds,
        **demand_names(ground, problem.demand),
        **assets,
        **_option_names(problem.options, assets, kinds),
    }


def demand_names(ground: SitingGround, demand: pd.DataFrame) -> dict[str, Name]:
    """Return who lacks what, in words, by demand row."""
    kinds = ground.profile.catalogue.kinds
    told = {}
    for row, place, owner, kind in zip(
        demand.index, demand["place"], demand["neighbourhood_id"], demand["kind"], strict=True
    ):
        where = _place(ground, owner)
        house_zh, house_en = ("", "") if place == owner else (f"楼栋 {place} ", f", house {place}")
        told[str(row)] = (
            f"{where}{house_zh}的{kinds[kind].zh}",
            f"{kinds[kind].en} for {where}{house_en}",
        )
    return told


def _asset_names(ground: SitingGround, assets: pd.DataFrame) -> dict[str, Name]:
    told = {}
    for asset in assets.reset_index(names="id").to_dict("records"):
        if isinstance(asset.get("name"), str) and asset["name"]:
            told[asset["id"]] = (f"“{asset['name']}”", f"“{asset['name']}”")
            continue
        kind_zh, kind_en = TYPES.get(str(asset.get("asset_type")), ("资源", "asset"))
        if asset.get("source") != "registered":
            kind_zh, kind_en = FOUND[0] + kind_zh, FOUND[1] + kind_en
        near = asset.get("neighbourhood_id")
        if isinstance(near, str):
            where = _place(ground, near)
            told[asset["id"]] = (
                f"“{where}”的{kind_zh}({asset['id']})",
                f"{kind_en} in “{where}” ({asset['id']})",
            )
        else:
            told[asset["id"]] = (f"{kind_zh} {asset['id']}", f"{kind_en} {asset['id']}")
    return told


def _option_names(
    options: pd.DataFrame, assets: dict[str, Name], kinds: dict[str, Name]
) -> dict[str, Name]:
    told = {}
    for row, asset, kind, size in zip(
        options.index, options["asset"], options["kind"], options["size"], strict=True
    ):
        (asset_zh, asset_en), (kind_zh, kind_en) = assets[asset], kinds.get(kind, (kind, kind))
        size_zh, size_en = SIZES.get(size, (size, size))
        told[str(row)] = (
            f"{asset_zh}作{kind_zh}({size_zh}规模)",
            f"{asset_en} as {kind_en} ({size_en})",
        )
    return told


def _district_names(ground: SitingGround) -> dict[str, Name]:
    if "district_name" not in ground.places:
        return {}
    named = ground.places[["district_id", "district_name"]].dropna().drop_duplicates("district_id")
    return {str(key): (str(name), str(name)) for key, name in named.itertuples(index=False)}


def _place(ground: SitingGround, neighbourhood: str) -> str:
    name = ground.places["name"].get(neighbourhood)
    return name if isinstance(name, str) and name else neighbourhood
