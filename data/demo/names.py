"""Invented names: streets, communities and neighbourhoods that sound right and do not exist."""

from __future__ import annotations

import numpy as np

__all__ = ["area_names", "neighbourhood_names", "street_names"]

SYLLABLES = tuple(
    "云栖澄泓桐棠槐柳枫荷兰菱芦松梅桂竹杉樟榆鹤鹭燕雁莺鲤泉溪塘浦湾洲堤桥渡津月晴虹霞"
    "岚瑞祥宁安和康乐永长新东南青翠碧金玉锦绣文德仁义信崇望朝春秋星海"
)

OLD_HEADS_TEXT = (
    "红旗 东风 建设 胜利 光明 团结 和平 前进 友谊 解放 工农 劳动 朝阳 向阳 曙光 "
    "跃进 卫星 红星 幸福 民主 新华 长征 延安 井冈 先锋 勤俭 大庆 永红 新建 文化"
)
OLD_HEADS = OLD_HEADS_TEXT.split()
OLD_TAILS = ("新村", "一村", "二村", "三村", "里", "巷小区", "东村", "西村", "坊")
WORKS_TEXT = (
    "纺织厂 机床厂 丝绸厂 印刷厂 轴承厂 搪瓷厂 棉纺厂 钟表厂 罐头厂 铁路局 邮电局 粮食局 "
    "地质队 运输公司 供电局 水泵厂 电机厂 化肥厂 造纸厂 酒厂 无线电厂 自来水公司 第一建筑公司 "
    "师范学校 橡胶厂 制药厂 五金厂 食品厂"
)
WORKS = WORKS_TEXT.split()
WORKS_TAILS = ("宿舍", "家属院", "职工宿舍", "家属区", "生活区")
MID_TAILS = ("苑", "小区", "花园", "公寓", "家园", "新苑", "园")
NEW_TAILS = ("府", "湾", "名邸", "华庭", "雅苑", "城", "里", "悦园", "云庭", "景园", "公馆")
STREET_TAILS = {"big": ("大道", "路"), "middle": ("路", "街"), "small": ("巷", "弄", "里", "街")}


def area_names(count: int, tail: str, rng: np.random.Generator) -> list[str]:
    """Names of street offices (`tail` 街道) or communities (社区); no two alike."""
    return _unique([_pair(rng) + tail for _ in range(count)], tail)


def street_names(sizes: list[str], rng: np.random.Generator) -> list[str]:
    """Name streets by size (big, middle, small); lanes may share a stem with a street."""
    names = [_pair(rng) + str(rng.choice(STREET_TAILS[size])) for size in sizes]
    return _unique(names, "")


def neighbourhood_names(years: list[int], rng: np.random.Generator) -> list[str]:
    """Name neighbourhoods after the fashion of the year in which they were built."""
    names = []
    for year in years:
        if year < 1992 and rng.random() < 0.45:
            name = str(rng.choice(WORKS)) + str(rng.choice(WORKS_TAILS))
        elif year < 1994:
            name = str(rng.choice(OLD_HEADS)) + str(rng.choice(OLD_TAILS))
        elif year < 2005:
            name = _pair(rng) + str(rng.choice(MID_TAILS))
        else:
            name = _pair(rng) + str(rng.choice(NEW_TAILS))
        names.append(name)
    return _unique(names, "")


def _pair(rng: np.random.Generator) -> str:
    a, b = rng.choice(len(SYLLABLES), 2, replace=False)
    return SYLLABLES[a] + SYLLABLES[b]


def _unique(names: list[str], tail: str) -> list[str]:
    """Tell repeated names apart the way towns do: 东区, 西区, then numbers."""
    marks = ("", "东", "西", "南", "北", "新", "后", "前")
    seen: dict[str, int] = {}
    out = []
    taken: set[str] = set()
    for name in names:
        stem = name.removesuffix(tail) if tail else name
        while True:
            turn = seen.get(name, 0)
            seen[name] = turn + 1
            if turn == 0:
                candidate = name
            elif tail:
                mark = marks[turn] if turn < len(marks) else f"第{turn}"
                candidate = f"{stem}{mark}{tail}"
            else:
                mark = f"{marks[turn]}区" if turn < 5 else f"{turn}号院"
                candidate = f"{stem}{mark}"
            if candidate not in taken:
                break
        taken.add(candidate)
        out.append(candidate)
    return out
