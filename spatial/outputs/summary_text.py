"""The summary in words, Chinese or English: what an official reads first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from spatial.analysis import Analysis

__all__ = ["summary_text"]

Language = Literal["zh", "en"]

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "title": ("{city}:更新规划分析摘要", "{city}: summary of the renewal analysis"),
    "version": (
        "数据版本 {data_version} · 引擎 {engine_version} · 政策 {profile} · 计算坐标系 {zone}",
        "data version {data_version} · engine {engine_version} · profile {profile} · zone {zone}",
    ),
    "inputs": ("读入", "Read"),
    "layer": (
        "  {name}:读 {read},用 {loaded},修复 {repaired},拒绝 {refused},合并 {merged}",
        (
            "  {name}: {read} read, {loaded} loaded, {repaired} repaired, {refused} refused, "
            "{merged} merged"
        ),
    ),
    "network": (
        "步行网络:{nodes} 个节点,{edges} 条边,{length_km} 公里",
        "Walking network: {nodes} nodes, {edges} edges, {length_km} km",
    ),
    "places": (
        (
            "小区:{count} 个,{households} 户,{persons} 人,{area_ha} 公顷;"
            "有建成年份的 {year_known} 个,出入口接入路网的 {with_gate_on_network} 个"
        ),
        (
            "Neighbourhoods: {count}, {households} households, {persons} residents, "
            "{area_ha} ha; year known for {year_known}, with a gate on the network "
            "{with_gate_on_network}"
        ),
    ),
    "origin": ("  来源:{text}", "  outlines: {text}"),
    "eligibility": ("改造资格:{text}", "Eligibility: {text}"),
    "people": ("  人口来源:{text}", "  residents from: {text}"),
    "gap": (
        "设施缺口:平均缺口指数 {mean}(应配设施缺项 / 能判断的检查项);全部检查:{text}",
        "Facility gaps: mean gap index {mean} (must-have kinds missing / those that can be told); "
        "all checks: {text}",
    ),
    "missed": (
        "  {zh}({layer}):{persons_without} 人步行范围内没有(共 {persons} 人)",
        "  {en} ({layer}): {persons_without} of {persons} residents have none within walking limit",
    ),
    "districts": (
        "更新片区:{count} 个,含小区 {members} 个;低于下限 {below_minimum} 个;单列:{single}",
        (
            "Districts: {count} with {members} neighbourhoods; below minimum {below_minimum}; "
            "single: {single}"
        ),
    ),
    "stock": (
        "存量资源:{count} 处({by_source}),用地 {land_ha} 公顷,可补缺口 {gaps_it_could_close} 项",
        "Stock: {count} ({by_source}), {land_ha} ha of land, "
        "could close {gaps_it_could_close} gaps",
    ),
    "notes": ("提示", "Notes"),
    "none": ("无", "none"),
}

VALUES: Final[Mapping[str, tuple[str, str]]] = {
    "eligible": ("可纳入", "eligible"),
    "conditional": ("有条件", "conditional"),
    "excluded": ("不纳入", "excluded"),
    "unknown": ("资料不足", "unknown"),
    "unknown_figure": ("未知", "unknown"),
    "given": ("给定", "given"),
    "delineated": ("推定", "delineated"),
    "buffered": ("缓冲", "buffered"),
    "buildings": ("由建筑推算", "estimated from buildings"),
    "raster": ("人口栅格", "population raster"),
    "population_layer": ("人口图层", "population layer"),
    "missing": ("缺", "missing"),
    "present": ("有", "present"),
    "registered": ("登记", "registered"),
    "osm": ("地图线索", "map evidence"),
    "leftover": ("推算边角地", "leftover land"),
    "isolated": ("孤立", "isolated"),
    "too_far": ("过远", "too far"),
    "would_exceed_limit": ("超出上限", "would exceed a limit"),
    "needs_differ": ("需求不同", "needs differ"),
    "not_eligible": ("不符合条件", "not eligible"),
    "below_minimum": ("低于下限", "below the minimum"),
    "locked": ("已锁定", "locked"),
}


def summary_text(analysis: Analysis, *, language: Language) -> str:
    """Return the summary as plain text, one fact a line.

    Parameters
    ----------
    language : {"zh", "en"}
        Chinese or English.
    """
    summary = analysis.summary
    say = _Words(language)
    places = summary["neighbourhoods"]
    lines = [
        say("title", city=summary["city"]),
        say(
            "version",
            data_version=analysis.data_version,
            engine_version=analysis.engine_version,
            profile=getattr(analysis.profile, language),
            zone=summary["zone"],
        ),
        "",
        say("inputs"),
        *(say("layer", name=name, **counts) for name, counts in summary["import"].items()),
        say("network", **summary["network"]),
        say("places", **places),
        say("origin", text=say.counts(places["by_origin"])),
        say("people", text=say.counts(places["persons_from"])),
        say("eligibility", text=say.counts(summary["eligibility"])),
        say(
            "gap",
            mean=summary["gaps"]["mean_gap_index"],
            text=say.counts(summary["gaps"]["by_status"]),
        ),
        *(say("missed", **row) for row in summary["gaps"]["most_missed"]),
        say(
            "districts",
            **{**summary["districts"], "single": say.counts(summary["districts"]["single"])},
        ),
        say(
            "stock", **{**summary["stock"], "by_source": say.counts(summary["stock"]["by_source"])}
        ),
    ]
    if analysis.notes:
        lines += ["", say("notes")]
        lines += [
            f"  {'! ' if note.level == 'warning' else '- '}"
            f"{note.text_zh if language == 'zh' else note.text_en}"
            for note in analysis.notes
        ]
    return "\n".join(lines) + "\n"


class _Words:
    """Phrases in one language."""

    def __init__(self, language: Language) -> None:
        self.column = 0 if language == "zh" else 1

    def __call__(self, key: str, **values: Any) -> str:
        return WORDS[key][self.column].format(**{k: self._plain(v) for k, v in values.items()})

    def _plain(self, value: Any) -> Any:
        """Write a number as people do, and what nobody knows as unknown."""
        if value is None:
            return VALUES["unknown_figure"][self.column]
        if isinstance(value, float) and value == int(value):
            return int(value)
        return value

    def counts(self, counts: Mapping[str, int]) -> str:
        if not counts:
            return self("none")
        named = ((VALUES.get(key, (key, key))[self.column], count) for key, count in counts.items())
        return ("、" if self.column == 0 else ", ").join(f"{name} {count}" for name, count in named)
