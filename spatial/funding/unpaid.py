"""Why a line stays unpaid: each rule that stops a source, told line by line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd

from spatial.funding.allocate import Allocation, Limit, Pairs
from spatial.funding.sources import Source

__all__ = ["unpaid_reasons"]

MET_YUAN: Final = 0.05
"""A limit is met when less than this is left of it: payments are rounded down to the fen."""
Reason = tuple[str, str, str, str]
NO_SOURCE: Final[Reason] = (
    *("none", "没有可用于该项的资金来源", "no source may pay for this line"),
    "",
)
ROUNDING: Final[Reason] = (
    *("rounding", "取整到分的尾差", "what rounding to the fen left over"),
    "",
)
COLUMNS: Final = ("line", "unpaid_yuan", "rule", "zh", "en", "clause")


def unpaid_reasons(
    sources: Sequence[Source],
    lines: pd.DataFrame,
    limits: Sequence[Limit],
    caps: pd.DataFrame,
    found: Allocation,
) -> pd.DataFrame:
    """Tell for every unpaid line what stops each source that could pay for it.

    Parameters
    ----------
    sources, lines, limits, caps
        As given to `allocate`.
    found : Allocation

    Returns
    -------
    DataFrame
        ``line, unpaid_yuan, rule, zh, en, clause``; the shares by category and item first, then
        sources that are used up, then those whose amount is not known (one row together). A line
        for which there is no source at all has the rule ``none``.
    """
    pairs = Pairs.of(sources, lines)
    left = (found.limits["bound_yuan"] - found.limits["used_yuan"]).to_numpy(dtype=float)
    met = [limits[row] for row in np.flatnonzero(left <= MET_YUAN).tolist()]
    stops: dict[int, list[Limit]] = {}
    for limit in met:
        for line in np.unique(pairs.line[limit.variables]).tolist():
            stops.setdefault(line, []).append(limit)
    known = caps["known"].astype(bool).to_dict()
    could = np.bincount(pairs.line, minlength=len(lines)) > 0
    unpaid = lines["unpaid_yuan"].to_numpy(dtype=float)
    rows = []
    for line in np.flatnonzero(unpaid > 0).tolist():
        told = _of_line(stops.get(line, []), known) if could[line] else [NO_SOURCE]
        rows += [(lines.index[line], unpaid[line], *reason) for reason in told]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype({"line": "string", "unpaid_yuan": float})


def _of_line(stops: Sequence[Limit], known: Mapping[str, bool]) -> list[Reason]:
    """Shares first, then sources used up, then all whose amount is not known together."""
    shares, used_up, unknown = [], [], []
    for limit in stops:
        name = limit.rule.removeprefix("source:")
        if limit.rule == name:
            shares.append((limit.rule, limit.zh, limit.en, limit.clause))
        elif not known[name]:
            unknown.append((limit.zh, limit.en))
        else:
            zh, en = f"{limit.zh}已用完", f"{limit.en}: used up"
            if limit.bound_yuan <= 0:
                zh, en = f"{limit.zh}:此处不适用或金额为零", f"{limit.en}: not for this, or nothing"
            used_up.append((limit.rule, zh, en, limit.clause))
    reasons = [*dict.fromkeys(shares), *used_up]
    if unknown:
        zh = "金额未填写:" + "、".join(zh for zh, _ in unknown)
        en = "amount not known: " + "; ".join(en for _, en in unknown)
        reasons.append(("unknown", zh, en, ""))
    return reasons or [ROUNDING]
