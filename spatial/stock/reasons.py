"""Why an asset cannot hold a kind, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from spatial.standards import FacilityKind

__all__ = ["REASONS", "USES", "say", "say_unknown"]

REASONS: Final[Mapping[str, tuple[str, str]]] = {
    "not_on_stock": (
        "{kind_zh}不在存量资源上配置:设施目录未给出最小面积",
        "{kind_en} is not placed on stock: the catalogue gives no least size",
    ),
    "roof": (
        "屋面只可设置设备(F09),不宜作{kind_zh}",
        "a roof carries equipment (F09), not {kind_en}",
    ),
    "type_unknown": (
        "未登记是土地还是房屋",
        "it is not known whether it is land or a building",
    ),
    "needs_land": (
        "{kind_zh}需要场地,不能设在房屋内",
        "{kind_en} needs open land, not a building",
    ),
    "needs_building": (
        "{kind_zh}需要房屋,空地须先新建",
        "{kind_en} needs a building; on this land one would have to be built first",
    ),
    "own_site": (
        "{kind_zh}宜独立占地,该房屋是楼栋的一部分",
        "{kind_en} wants a site of its own; this is part of a house",
    ),
    "site_too_small": (
        "用地 {has} m²,{kind_zh}独立占地至少需 {needs} m²",
        "its site has {has} m²; {kind_en} needs a site of at least {needs} m²",
    ),
    "area_unknown": (
        "面积未知,{kind_zh}至少需 {needs} m²:请先测量",
        "its area is not known; {kind_en} needs at least {needs} m²: measure it first",
    ),
    "too_small": (
        "面积 {has} m²,{kind_zh}至少需 {needs} m²",
        "it has {has} m²; {kind_en} needs at least {needs} m²",
    ),
    "too_narrow": (
        "最宽处 {has} m,{kind_zh}至少需 {needs} m",
        "it is {has} m wide at its widest; {kind_en} needs at least {needs} m",
    ),
    "wrong_floor": (
        "位于第 {has} 层,{kind_zh}应在{floors_zh}",
        "it lies on floor {has}; {kind_en} has to be on {floors_en}",
    ),
    "no_own_entrance": (
        "没有独立出入口,{kind_zh}需要独立出入口",
        "it has no entrance of its own, which {kind_en} needs",
    ),
    "too_steep": (
        "平均坡度 {has_percent}%,{kind_zh}不宜超过 {needs_percent}%",
        "its mean slope is {has_percent} %; {kind_en} should not be on more than {needs_percent} %",
    ),
    "incompatible": (
        "距{word_zh} {has} m,{kind_zh}应不小于 {needs} m",
        "{word_en} is {has} m away; {kind_en} keeps at least {needs} m",
    ),
}
"""Reason → Chinese and English, with the figures to be filled in; in the order of the rules."""

USES: Final[Mapping[str, tuple[str, str]]] = {
    "fuel_station": ("加油加气站", "a fuel station"),
    "industrial": ("工业用地", "industrial land"),
    "waste_station": ("生活垃圾收集站", "a waste collection station"),
    "public_toilet": ("公共厕所", "a public toilet"),
    "kindergarten": ("幼儿园", "a kindergarten"),
    "childcare": ("托育机构", "a nursery"),
    "elderly_daycare": ("老年人日间照料中心", "a day care centre for the elderly"),
    "community_health_station": ("社区卫生服务站", "a community health station"),
    "community_canteen": ("社区食堂", "a community canteen"),
    "food_market": ("菜市场", "a food market"),
}
UNKNOWN: Final[Mapping[str, tuple[str, str]]] = {
    "floor_level": ("所在楼层", "the floor it lies on"),
    "own_entrance": ("独立出入口", "an entrance of its own"),
    "inscribed_m": ("场地宽度", "how wide it is"),
}


def say(
    reason: str, kind: FacilityKind, has: float, needs: float, word: str | None
) -> tuple[str, str]:
    """Return one reason in Chinese and English.

    Parameters
    ----------
    reason : str
        A key of `REASONS`.
    kind : FacilityKind
        The kind that the asset cannot hold.
    has, needs : float
        In the unit of the reason; NaN where it has none.
    word : str, optional
        The use that is near.
    """
    word_zh, word_en = USES.get(word or "", (word, word))
    floors = str(kind.stock.get("floors") or "1")
    values = {
        "kind_zh": kind.zh,
        "kind_en": kind.en,
        "has": _figure(has),
        "needs": _figure(needs),
        "has_percent": _figure(100 * has),
        "needs_percent": _figure(100 * needs),
        "word_zh": word_zh,
        "word_en": word_en,
        "floors_zh": f"第 {floors} 层" if "floors" in kind.stock else "地面以上",
        "floors_en": f"floor {floors}" if "floors" in kind.stock else "the ground floor or above",
    }
    zh, en = REASONS[reason]
    return zh.format(**values), en.format(**values)


def say_unknown(
    kind: FacilityKind, has_m2: float, needs_m2: float, unknown: Sequence[str]
) -> tuple[str, str]:
    """Return the words of a yes, with what is not known of the asset and has to be looked at."""
    zh = f"可作{kind.zh}:{_figure(has_m2)} m²,至少需 {_figure(needs_m2)} m²"
    en = f"can be {kind.en}: {_figure(has_m2)} m², at least {_figure(needs_m2)} m² are needed"
    if unknown:
        zh += ";待核实:" + "、".join(UNKNOWN[name][0] for name in unknown)
        en += "; not known: " + ", ".join(UNKNOWN[name][1] for name in unknown)
    return zh, en


def _figure(value: float) -> str:
    """Write a figure with at most one decimal, and none where it has none."""
    if np.isnan(value):
        return "?"
    return f"{value:.1f}".removesuffix(".0")
