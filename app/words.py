"""What the command line says, in Chinese and English, in plain words."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final, Literal

__all__ = ["Language", "chosen_language", "say"]

Language = Literal["zh", "en"]

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "about": (
        "Linli 邻里:城镇老旧小区改造规划工作台。从道路、建筑、小区、设施和存量资源,"
        "算出生活圈、设施缺口、更新片区和可用存量。",
        "Linli 邻里: a workbench for renewing old neighbourhoods. From streets, buildings, "
        "neighbourhoods, facilities and stock land: life circles, facility gaps, renewal "
        "districts and usable stock.",
    ),
    "other_language": ("English: linli --lang en --help", "中文帮助:linli --lang zh --help"),
    "codes": (
        "退出码:0 完成;2 命令写法有误;3 数据不能用(原因见提示);"
        "4 数据库不可用;5 规则互相矛盾;6 网址或端口不可用;130 已中断",
        "exit codes: 0 done; 2 wrong usage; 3 the input cannot be used (the message says why); "
        "4 no database; 5 rules contradict one another; 6 the address or port cannot be used; "
        "130 stopped",
    ),
    "analyse": (
        "读入数据,完成整套分析,写出 GeoPackage、离线地图和摘要(不需要数据库)",
        "read files, run the whole analysis, write GeoPackage, offline map and summary "
        "(no database needed)",
    ),
    "check": (
        "只检查数据:读了多少、修复了什么、拒绝了什么",
        "only check files: what was read, repaired, refused",
    ),
    "import": ("分析并存入数据库,供网页使用", "analyse and store for the web page"),
    "serve": ("启动网页服务", "serve the web page"),
    "demo": (
        "建立示范城市(首次),分析,启动网页服务",
        "make the demo city (first time), analyse it and serve the map",
    ),
    "profiles": ("列出政策方案", "list the policy profiles"),
    "inputs": (
        "文件、文件夹,或“图层=文件”(如 streets=road.shp、neighbourhoods=小区.xlsx)",
        "files, folders, or LAYER=FILE (e.g. streets=road.shp, neighbourhoods=xiaoqu.xlsx)",
    ),
    "out": ("结果文件夹", "folder for the results"),
    "name": ("城市名称", "name of the city"),
    "profile": ("政策方案(编号或 YAML 文件)", "policy profile (id or YAML file)"),
    "source_crs": (
        "没有声明坐标系的文件所用坐标系,如 EPSG:4547",
        "CRS of files that declare none, e.g. EPSG:4547",
    ),
    "shifted": (
        "数据的加偏坐标系:gcj02(高德、腾讯)或 bd09(百度)",
        "shifted coordinates of the data: gcj02 (AMap, Tencent) or bd09 (Baidu)",
    ),
    "year": (
        "按哪一年判断(默认今年)",
        "year for which rules with dates are read (default: this year)",
    ),
    "by": ("生活圈按距离还是时间", "life circles by distance or by time"),
    "walking": ("步行者:adult、elder、wheelchair", "who walks: adult, elder, wheelchair"),
    "seed": ("随机种子", "random seed"),
    "strict": ("有数据被拒绝时以 3 退出", "exit with 3 when anything was refused"),
    "json": ("以 JSON 输出", "print JSON"),
    "city_id": ("城市编号(用于网址)", "id of the city, used in addresses"),
    "host": ("监听地址", "address to listen on"),
    "port": ("端口", "port"),
    "size": ("示范城市的小区数(100 至 10000)", "neighbourhoods of the demo city (100 to 10000)"),
    "no_serve": ("只建立,不启动网页", "make it only, do not serve"),
    "lang": ("提示语言", "language of messages"),
    "reading": ("读入数据", "reading"),
    "neighbourhoods": ("小区、单元、出入口", "neighbourhoods, cells, gates"),
    "network": ("步行网络", "walking network"),
    "facilities": ("设施分类", "facility kinds"),
    "nearest": ("最近设施", "nearest facilities"),
    "circles": ("生活圈", "life circles"),
    "gaps": ("设施缺口", "facility gaps"),
    "eligibility": ("改造资格", "eligibility"),
    "adjacency": ("邻接关系", "adjacency"),
    "districts": ("更新片区", "districts"),
    "stock": ("存量资源", "stock"),
    "finish": ("汇总", "summing up"),
    "write_geopackage": ("写 GeoPackage", "writing the GeoPackage"),
    "write_map": ("写离线地图", "writing the map"),
    "write_summary": ("写摘要", "writing the summary"),
    "store": ("存入数据库", "storing"),
    "scenarios": ("准备情景计算", "preparing scenarios"),
    "demo_city": ("生成示范城市", "making the demo city"),
    "database": ("启动数据库", "starting the database"),
    "written": ("已写出:", "written:"),
    "stored": ("已入库:{city},数据版本 {version}", "stored: {city}, data version {version}"),
    "serving": ("地图在 {url} (Ctrl-C 停止)", "the map is at {url} (Ctrl-C stops it)"),
    "demo_kept": ("示范城市已在库中,直接启动", "the demo city is already stored; serving it"),
    "stopped": ("已中断;没有留下写了一半的文件或数据", "stopped; nothing half-written was left"),
    "failed": ("不能继续:", "cannot go on:"),
    "check_line": (
        "{layer}({source}):读 {read},用 {loaded},修复 {repaired},拒绝 {refused},合并 {merged}",
        "{layer} ({source}): {read} read, {loaded} loaded, {repaired} repaired, "
        "{refused} refused, {merged} merged",
    ),
    "repair_line": ("  修复 {row}:{what}{area}", "  repaired {row}: {what}{area}"),
    "refusal_line": ("  拒绝 {row}:{why}", "  refused {row}: {why}"),
    "more": ("  …… 另有 {count} 条(--json 可见全部)", "  … and {count} more (--json shows all)"),
    "zone": ("计算坐标系:{zone}", "computed in: {zone}"),
}


def chosen_language(asked: str | None = None) -> Language:
    """Return the language asked for, else that of the environment.

    Examples
    --------
    >>> chosen_language("zh")
    'zh'
    """
    wish = (
        asked
        or os.environ.get("LINLI_LANG")
        or os.environ.get("LC_ALL")
        or os.environ.get("LANG", "")
    )
    return "zh" if wish.lower().startswith("zh") else "en"


def say(key: str, language: Language, **values: Any) -> str:
    """Return a phrase, its gaps filled; an unknown key is shown as it is (a new stage, say).

    Examples
    --------
    >>> say("zone", "en", zone="EPSG:4547")
    'computed in: EPSG:4547'
    """
    pair = WORDS.get(key)
    if pair is None:
        return key
    return pair[0 if language == "zh" else 1].format(**values)
