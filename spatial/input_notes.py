"""What of the input could not do its part in an analysis: told with names, so nothing is dropped.

A facility that no street reaches, a gate on no edge, a place without residents, a capacity nobody
gave: none of them stops a run, each leaves figures out or unknown. These notes say which rows,
why, what follows from it, and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.city.model import City
from spatial.city.neighbourhoods import Neighbourhoods
from spatial.city.report import Note
from spatial.network import Attachments
from spatial.standards import Catalogue
from spatial.standards.catalogue import name_key

__all__ = [
    "notes_on_capacity",
    "notes_on_entry",
    "notes_on_gates",
    "notes_on_idle_gates",
    "notes_on_kinds",
    "notes_on_residents",
]

KINDS_NAMED: Final = 20
"""Kinds that a note names before it says how many more there are."""
ALIKE: Final = 0.6
"""Share of equal letters from which a name of the catalogue is offered for an unknown one."""
SHOWN: Final = 5
"""Rows that a note names before it says how many more there are."""


def notes_on_entry(
    entered: Mapping[str, tuple[Attachments, pd.Series]], *, max_entry_m: float
) -> list[Note]:
    """Name the places that could not enter the walking network.

    Parameters
    ----------
    entered : mapping of str to (Attachments, Series)
        ``facilities`` and ``buildings``: where their points enter, and by point id the id of the
        row of the layer that it belongs to (a large facility has several entrances).
    max_entry_m : float
        The longest way off the street that was tried.

    Returns
    -------
    list of Note
        One warning for each layer in which a row has no point that enters.
    """
    return [
        _left_outside(layer, outside, max_entry_m)
        for layer, (points, owner) in entered.items()
        if len(outside := _outside(points, owner))
    ]


def notes_on_gates(gates: Attachments, gate_neighbourhood: pd.Series) -> list[Note]:
    """Name the gates on no edge, and the neighbourhoods that have no other.

    Parameters
    ----------
    gates : Attachments, shape (g,)
        The usable gates of the neighbourhoods.
    gate_neighbourhood : Series of text, shape (g,)
        On the same ids.
    """
    lost = gates.ids[gates.edge < 0]
    if not len(lost) or not (gates.edge >= 0).any():
        return []  # without any street, another note has said so already
    owner = gate_neighbourhood.reindex(gates.ids)
    with_way = set(owner[gates.edge >= 0].dropna())
    shut = sorted(set(owner[gates.edge < 0].dropna()) - with_way)
    zh, en = (
        f"{len(lost)} 个出入口未接到道路:{_named(lost, '、')}。",
        (f"{len(lost)} gates lie on no edge of the walking network: {_named(lost, ', ')}."),
    )
    if shut:
        zh += f"其中 {len(shut)} 个小区因此无法到达,其生活圈与缺口按未知显示:{_named(shut, '、')}。"
        en += (
            f" {len(shut)} neighbourhoods have no other, so their life circles and gaps are "
            f"unknown: {_named(shut, ', ')}."
        )
    zh += "请核对出入口位置,或补充连到出入口的道路。"
    en += " Check the place of the gates, or add the street that leads to them."
    return [Note("gates_off_network", zh, en, "warning")]


def notes_on_idle_gates(city: City, gates: gpd.GeoDataFrame, *, on_street_m: float) -> list[Note]:
    """Name the mapped gates that stand on no street, no wall and no neighbourhood's edge.

    Parameters
    ----------
    city : City
        Its layers ``gates``, ``streets`` and ``barriers``. Doors of buildings are no gates.
    gates : GeoDataFrame
        Gates of the neighbourhoods; the mapped among them stand where they were mapped.
    on_street_m : float
        How far a gate may lie from a street or wall and still be meant for it.
    """
    mapped = city.layer("gates")
    mapped = mapped[mapped["kind"] != "entrance"]
    points = np.asarray(mapped.geometry.to_numpy(), dtype=object)
    others = [city.layer("streets"), city.layer("barriers"), gates]
    near = [np.asarray(frame.geometry.to_numpy(), dtype=object) for frame in others]
    used, _ = shapely.STRtree(np.concatenate(near)).query(
        points, predicate="dwithin", distance=on_street_m
    )
    idle = np.setdiff1d(np.arange(len(points)), used)
    if not len(idle) or not len(near[0]):
        return []
    rows = mapped.index[idle]
    return [
        Note(
            "gates_idle",
            f"{len(rows)} 个出入口不在任何道路、围墙或小区边界上,未起作用:{_named(rows, '、')}。"
            "请核对坐标,或用 neighbourhood_id 指明所属小区。",
            f"{len(rows)} gates stand on no street, wall or edge of a neighbourhood and open "
            f"nothing: {_named(rows, ', ')}. Check their coordinates, or name their "
            "neighbourhood in `neighbourhood_id`.",
            "warning",
        )
    ]


def notes_on_kinds(counts: pd.Series, catalogue: Catalogue) -> list[Note]:
    """Name the given kinds that the catalogue does not know, and what may have been meant.

    Parameters
    ----------
    counts : Series of int
        `unrecognised_kinds`: facilities by given kind, the most frequent first.
    catalogue : Catalogue
        Its ids and names are offered where they are spelt alike.
    """
    if counts.empty:
        return []
    named = [(str(kind), int(count)) for kind, count in counts.items()][:KINDS_NAMED]
    more = len(counts) - len(named)
    zh, en = [], []
    for kind, count in named:
        meant = _meant(kind, catalogue)
        zh.append(f"{kind}({count})" + (f"→ {meant}?" if meant else ""))
        en.append(f"{kind} ({count})" + (f" → {meant}?" if meant else ""))
    return [
        Note(
            "unrecognised_kinds",
            f"设施目录中没有以下设施类别(个数),未计入:{'、'.join(zh)}"
            + (f" 等,另有 {more} 类" if more else "")
            + "。请改用目录中的名称或编号。",
            f"The catalogue does not know these given kinds of facilities (count): {', '.join(en)}"
            + (f" and {more} more" if more else "")
            + "; they do not count. Use the names or ids of the catalogue.",
            "warning",
        )
    ]


def _meant(kind: str, catalogue: Catalogue) -> str | None:
    known = catalogue.names()
    alike = get_close_matches(name_key(kind), known, n=1, cutoff=ALIKE)
    return known[alike[0]] if alike else None


def notes_on_residents(neighbourhoods: Neighbourhoods) -> list[Note]:
    """Name the neighbourhoods without a single resident: checked like others, weighing nothing."""
    persons = neighbourhoods.frame["persons"].astype("Float64")
    empty = persons.index[(persons == 0).fillna(value=False).to_numpy(dtype=bool)]
    if not len(empty):
        return []
    known = int(persons.notna().sum())
    if len(empty) == known:
        return [
            Note(
                "no_residents_anywhere",
                f"全部 {known} 个有人口资料的小区常住人口均为 0:按人计算的覆盖率、热力与可达性均为"
                "未知。请核对人口字段。",
                f"All {known} neighbourhoods with a population have 0 residents: coverage by "
                "people, the heatmap and accessibility are unknown. Check the population column.",
                "warning",
            )
        ]
    return [
        Note(
            "no_residents",
            f"{len(empty)} 个小区常住人口为 0:{_named(empty, '、')}。"
            "照常检查缺口,但不计入按人的指标;"
            "若人口未知,请留空而不是填 0。",
            f"{len(empty)} neighbourhoods have 0 residents: {_named(empty, ', ')}. Their gaps are "
            "checked as usual but weigh nothing in figures by people; leave the cell empty, not "
            "0, where the population is not known.",
        )
    ]


def notes_on_capacity(
    facilities: gpd.GeoDataFrame, kinds: pd.DataFrame, names: Mapping[str, tuple[str, str]]
) -> list[Note]:
    """Say of which kinds most facilities give a capacity and some do not.

    Where few or none give one, the kind is checked by distance and area alone, and there is
    nothing to say; where most do, those without one leave the access of all who reach them unknown.

    Parameters
    ----------
    facilities : GeoDataFrame, shape (f,)
        Column ``capacity``; missing where nobody gave it.
    kinds : DataFrame
        ``facility_id``, ``kind``: what each facility is.
    names : mapping of str to (str, str)
        Kind to its Chinese and English name.
    """
    given = facilities["capacity"].notna().reindex(kinds["facility_id"]).to_numpy(dtype=bool)
    counts = (
        pd.DataFrame({"kind": kinds["kind"].to_numpy(), "given": given})
        .groupby("kind")["given"]
        .agg(["sum", "size"])
    )
    some = counts[(2 * counts["sum"] >= counts["size"]) & (counts["sum"] < counts["size"])]
    if some.empty:
        return []
    rows = [
        (kind, int(row["size"] - row["sum"]), int(row["size"])) for kind, row in some.iterrows()
    ]
    zh = [f"{names[str(kind)][0]} {lacking}/{count}" for kind, lacking, count in rows]
    en = [f"{names[str(kind)][1]} {lacking} of {count}" for kind, lacking, count in rows]
    return [
        Note(
            "capacity_missing",
            f"部分设施未给规模(学位、床位等):{_named(zh, '、')}。未给的不按 0 计,"
            "规模与竞争按未知处理;请补充 capacity。",
            f"Some facilities give no capacity (seats, beds …): {_named(en, ', ')}. They do not "
            "count as 0: what depends on capacity is unknown for them. Fill in `capacity`.",
            "warning",
        )
    ]


def _outside(points: Attachments, owner: pd.Series) -> pd.Series:
    """Reason by row of the layer, of the rows none of whose points enter."""
    rows = owner.reindex(points.ids).astype("object").to_numpy()
    entered = set(rows[points.edge >= 0])
    if not entered:
        return pd.Series(dtype=object)  # without any street, another note has said so already
    outside = np.flatnonzero(points.edge < 0)  # few, and only they are looked up
    lost = outside[[row not in entered for row in rows[outside]]]
    why = pd.Series(points.why_not[lost], index=rows[lost])
    return why[~why.index.duplicated()]


def _left_outside(layer: str, why: pd.Series, max_entry_m: float) -> Note:
    zh_layer, en_layer, zh_then, en_then = {
        "facilities": (
            "处设施",
            "facilities",
            "步行到不了,不计入最近设施与生活圈",
            "nobody reaches them on foot, so they are nearest to nobody and in no life circle",
        ),
        "buildings": (
            "栋住宅",
            "residential buildings",
            "其到设施的距离未知,不计入楼栋覆盖率",
            "their ways are unknown, and they count in no coverage by buildings",
        ),
    }[layer]
    blocked = int(why.astype("str").str.contains("barrier").sum())
    parts_zh, parts_en = [], []
    if blocked:
        parts_zh.append(f"{blocked} 个被围墙、水体或铁路隔断")
        parts_en.append(f"{blocked} behind a wall, water or railway")
    if len(why) - blocked:
        parts_zh.append(f"{len(why) - blocked} 个距道路超过 {max_entry_m:g} m")
        parts_en.append(f"{len(why) - blocked} farther than {max_entry_m:g} m from any street")
    return Note(
        f"{layer}_off_network",
        f"{len(why)} {zh_layer}未接入步行网络({';'.join(parts_zh)}):{_named(why.index, '、')}。"
        f"{zh_then}。请核对坐标,或补充道路。",
        f"{len(why)} {en_layer} do not enter the walking network ({'; '.join(parts_en)}): "
        f"{_named(why.index, ', ')}; {en_then}. Check their coordinates, or add the streets.",
        "warning",
    )


def _named(rows: Iterable[object], between: str) -> str:
    listed = [str(row) for row in rows]
    more = len(listed) - SHOWN
    return between.join(listed[:SHOWN]) + (f" … (+{more})" if more > 0 else "")
