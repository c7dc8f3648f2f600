"""Why demand cannot be served: which rows, and which sites are too small for them."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from spatial.errors import InfeasibleError
from spatial.siting.capacitated.case import Case
from spatial.siting.capacitated.flow import divide_demand

__all__ = ["left_out", "require_enough"]

Longs = npt.NDArray[np.int64]
NAMED: Final = 5


def require_enough(case: Case, largest: float) -> None:
    """Raise :class:`InfeasibleError` if some rows cannot be served even with all sites open.

    Parameters
    ----------
    case : Case
    largest : float
        The largest capacity of an allowed site, for the text.
    """
    must = ~np.isfinite(case.price)
    alone = np.flatnonzero(must & (np.diff(case.start) == 0))
    if len(alone):
        raise InfeasibleError(
            f"{len(alone)} demand rows have no allowed site in reach that holds them: rows "
            f"{_named(alone)} (largest capacity {largest:g}). Allow more sites, raise the cutoff "
            "or the capacities, or let service be divided.",
            zh=(
                f"{len(alone)} 行需求在可达范围内没有容得下的可用选址点:第 {_named(alone)} 行"
                f"(最大容量 {largest:g})。请增加选址点、放宽范围、提高容量,或允许分割服务。"
            ),
        )
    total, rooms = case.demand[must].sum(), np.sort(case.capacity[case.allowed & ~case.must])
    forced = float(case.capacity[case.must].sum())
    count = case.p - int(case.must.sum())
    most = forced + float(rooms[::-1][:count].sum())
    if total > most * (1 + 1e-12):
        enough = np.flatnonzero(forced + np.cumsum(rooms[::-1]) >= total)
        more = f"at least {int(case.must.sum()) + enough[0] + 1}" if len(enough) else "no number of"
        raise InfeasibleError(
            f"The {case.p} largest sites hold {most:g}, but demand is {total:g}: all rows "
            f"together are the cause. It takes {more} sites.",
            zh=(
                f"最大的 {case.p} 处共容纳 {most:g},而需求为 {total:g}(各行之和)。"
                + (
                    f"至少需要 {int(case.must.sum()) + enough[0] + 1} 处。"
                    if len(enough)
                    else "所有选址点全部开放也不够。"
                )
            ),
        )
    rows, sites = _crowded(case, must)
    if len(rows):
        room = case.capacity[sites].sum()
        raise InfeasibleError(
            f"{len(rows)} demand rows reach only {len(sites)} sites, which hold {room:g} of their "
            f"{case.demand[rows].sum():g}: rows {_named(rows)}, sites {_named(sites)}. Allow more "
            "sites there, or raise these capacities.",
            zh=(
                f"{len(rows)} 行需求只能到达 {len(sites)} 处选址点,其容量 {room:g} 小于需求 "
                f"{case.demand[rows].sum():g}:第 {_named(rows)} 行;选址点 {_named(sites)}。"
                "请在该处增加选址点或提高容量。"
            ),
        )


def left_out(case: Case, unserved: Longs, *, shown: bool) -> InfeasibleError:
    """Return the error that says which rows the best `p` sites leave out.

    `shown`: that no `p` sites serve everybody; else time ended first.
    """
    if not shown:
        return InfeasibleError(
            f"{case.p} sites that serve all demand were not found in the time given, nor was it "
            f"shown that there are none: {len(unserved)} rows stayed out, such as rows "
            f"{_named(unserved)}. Give more time, or ask for more or larger sites.",
            zh=(
                f"给定时间内未找到能服务全部需求的 {case.p} 处(也未证明没有):尚有 "
                f"{len(unserved)} 行没有,如第 {_named(unserved)} 行。"
                "请延长时间,或增加数量、提高容量。"
            ),
        )
    way = "" if case.divided else " each as a whole"
    way_zh = "" if case.divided else "(每行整体由一处服务)"
    return InfeasibleError(
        f"No {case.p} sites serve all demand{way}; the best leave out {len(unserved)} rows "
        f"({case.demand[unserved].sum():g} of {case.demand.sum():g}): rows {_named(unserved)}. "
        "Ask for more sites, larger ones, or allow others.",
        zh=(
            f"任何 {case.p} 处都不能服务全部需求{way_zh};最好的方案仍缺 {len(unserved)} 行"
            f"(需求 {case.demand[unserved].sum():g} / {case.demand.sum():g}):第 "
            f"{_named(unserved)} 行。请增加数量、提高容量,或放开更多选址点。"
        ),
    )


def _crowded(case: Case, must: npt.NDArray[np.bool_]) -> tuple[Longs, Longs]:
    """Rows that together ask for more than all sites they reach hold, and these sites.

    The cut behind the largest flow: from what stays unserved with all sites open, whatever is
    reached by rows → their sites → rows that these sites serve.
    """
    asked = replace(case, demand=np.where(must, case.demand, 0.0))
    flow, unserved = divide_demand(
        asked.start,
        asked.site,
        np.zeros(len(asked.site)),
        asked.demand,
        asked.capacity,
        np.ones(len(asked.demand)),
    )
    rows = unserved > 1e-9 * max(1.0, asked.demand.max(initial=0.0))
    sites = np.zeros(len(case.capacity), dtype=bool)
    while True:
        reached = np.zeros_like(sites)
        reached[asked.site[rows[asked.row]]] = True
        more = np.zeros_like(rows)
        more[asked.row[reached[asked.site] & (flow > 0)]] = True
        if not (reached & ~sites).any() and not (more & ~rows).any():
            return np.flatnonzero(rows), np.flatnonzero(reached)
        sites |= reached
        rows |= more


def _named(rows: Longs) -> str:
    return ", ".join(map(str, rows[:NAMED].tolist())) + (", …" if len(rows) > NAMED else "")
