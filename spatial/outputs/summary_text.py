"""The summary in words, Chinese or English: what an official reads first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    "areas": (
        (
            "  {zh}:{per_zh}现有 {supplied_median_m2} 平方米(中位数),标准 {standard_m2};"
            "{neighbourhoods_known} 个小区可比,其中 {neighbourhoods_short} 个不足"
        ),
        (
            "  {en}: median {supplied_median_m2} m² per {per_en}, standard {standard_m2}; "
            "{neighbourhoods_short} of {neighbourhoods_known} neighbourhoods that can be compared "
            "fall short"
        ),
    ),
    "areas_unknown": ("  资料不足,无法比较:{names}", "  too little data to compare: {names}"),
    "queue": (
        "补缺排序(全市,前几项):",
        "Queue of the missing (whole city, the first):",
    ),
    "queued": (
        (
            "  {rank}. {zh}({layers}):{persons_without} 人、{neighbourhoods_without} 个小区缺;"
            "得分 {score};居民需求 {wanted}"
        ),
        (
            "  {rank}. {en} ({layers}): {persons_without} residents of {neighbourhoods_without} "
            "neighbourhoods without it; score {score}; residents who want it: {wanted}"
        ),
    ),
    "priority": (
        (
            "更新优先次序:权重上下浮动 {change} 时,次序相关 τ = {kendall_tau},"
            "前十分之一保留 {kept};资料不足未排序 {unranked} 个"
        ),
        (
            "Priority of neighbourhoods: with weights changed by up to {change} the ranking "
            "keeps τ = {kendall_tau}, and {kept} of its first tenth; "
            "{unranked} unranked for want of data"
        ),
    ),
    "prior": (
        "  {rank}. {name}({id}):指数 {priority},名次范围 {rank_low}–{rank_high}",
        "  {rank}. {name} ({id}): index {priority}, rank {rank_low} to {rank_high}",
    ),
    "equity": (
        (
            "公平性:应配缺项的基尼系数 {gini_missing};人均缺项 {persons},"
            "老年人 {elderly},儿童 {children}"
        ),
        (
            "Equity: Gini of the missing must-have kinds {gini_missing}; missing per resident "
            "{persons}, per elderly person {elderly}, per child {children}"
        ),
    ),
    "beyond": (
        "  {zh}({layer}):{group_zh}中 {percent} 超出步行上限({persons} 人)",
        "  {en} ({layer}): {percent} of the {group_en} live beyond the limit ({persons})",
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
    "not_asked": ("未调查", "not asked"),
}

GROUPS: Final[Mapping[str, tuple[str, str]]] = {
    "elderly": ("老年人", "elderly"),
    "children": ("儿童", "children"),
}
PER: Final[Mapping[str, tuple[str, str]]] = {
    "person": ("人均", "resident"),
    "household": ("每百户", "100 households"),
}
WORST_SHOWN: Final = 3
"""Kinds of each group that the text names; the JSON has more."""
SHOWN_DECIMALS: Final = 2
"""Decimals of a figure in the text; the JSON has more."""

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
    "detected": ("其他线索", "other signs"),
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
        *(
            say("areas", **row, per_zh=PER[row["per"]][0], per_en=PER[row["per"]][1])
            for row in summary["areas"]
            if row["neighbourhoods_known"]
        ),
        *_areas_unknown(say, summary["areas"]),
        *_weighed(say, summary),
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


def _areas_unknown(say: _Words, areas: Sequence[Mapping[str, Any]]) -> list[str]:
    """Name the standards of area that no neighbourhood can be compared with, on one line."""
    names = [
        row["zh" if say.column == 0 else "en"] for row in areas if not row["neighbourhoods_known"]
    ]
    return (
        [say("areas_unknown", names=("、" if say.column == 0 else "; ").join(names))]
        if names
        else []
    )


def _weighed(say: _Words, summary: Mapping[str, Any]) -> list[str]:
    """Say what is needed first, where first, and who bears it."""
    lines = []
    if summary["queue"]:
        lines.append(say("queue"))
        for row in summary["queue"]:
            wanted = row["vote_share"]
            asked = say("not_asked") if wanted is None else f"{wanted:.0%}"
            lines.append(say("queued", **row, wanted=asked))
    priority, equity = summary["priority"], summary["equity"]
    if priority["first"]:
        change, kept = (priority[key] for key in ("weight_change_share", "top_kept_share"))
        kept = None if kept is None else f"{kept:.0%}"
        lines.append(say("priority", **priority, change=f"{change:.0%}", kept=kept))
        lines += [say("prior", **row) for row in priority["first"]]
    if equity["mean_missing"]:
        lines.append(say("equity", gini_missing=equity["gini_missing"], **equity["mean_missing"]))
    for group, (zh, en) in GROUPS.items():
        lines += [
            say("beyond", group_zh=zh, group_en=en, percent=f"{row['share']:.0%}", **row)
            for row in equity[f"{group}_beyond"][:WORST_SHOWN]
        ]
    return lines


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
        if isinstance(value, float):
            return int(value) if value == int(value) else round(value, SHOWN_DECIMALS)
        return value

    def counts(self, counts: Mapping[str, int]) -> str:
        if not counts:
            return self("none")
        named = ((VALUES.get(key, (key, key))[self.column], count) for key, count in counts.items())
        return ("、" if self.column == 0 else ", ").join(f"{name} {count}" for name, count in named)
