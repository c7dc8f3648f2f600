"""Why a line stays unpaid: each rule that stops a source, told line by line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from spatial.funding.allocate import Allocation, Limit, Pairs
from spatial.funding.sources import Source

__all__ = ["unpaid_reasons"]

MET_YUAN: Final = 0.05
"""A limit is met when less than this is left of it: payments are rounded down to the fen."""
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
    met = (found.limits["bound_yuan"] - found.limits["used_yuan"]).le(MET_YUAN).to_numpy(dtype=bool)
    unpaid = lines["unpaid_yuan"].to_numpy(dtype=float)
    rows = []
    for line in np.flatnonzero(unpaid > 0):
        mine = pairs.line == line
        told = _of_line(sources, limits, met, caps, np.flatnonzero(mine), pairs)
        rows += [(lines.index[line], unpaid[line], *reason) for reason in told]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype({"line": "string", "unpaid_yuan": float})


def _of_line(
    sources: Sequence[Source],
    limits: Sequence[Limit],
    met: np.ndarray,
    caps: pd.DataFrame,
    variables: np.ndarray,
    pairs: Pairs,
) -> list[tuple[str, str, str, str]]:
    if len(variables) == 0:
        zh, en = "没有可用于该项的资金来源", "no source may pay for this line"
        return [("none", zh, en, "")]
    shares, used_up, unknown = [], [], []
    for limit, is_met in zip(limits, met, strict=True):
        if not is_met or not np.isin(limit.variables, variables).any():
            continue
        name = limit.rule.removeprefix("source:")
        if limit.rule == name:
            shares.append((limit.rule, limit.zh, limit.en, limit.clause))
        elif not bool(caps.loc[name, "known"]):
            unknown.append((limit.zh, limit.en))
        elif limit.bound_yuan > 0:
            zh, en = f"{limit.zh}已用完", f"{limit.en}: used up"
            used_up.append((limit.rule, zh, en, limit.clause))
    reasons = [*dict.fromkeys(shares), *used_up]
    if unknown:
        zh = "金额未填写:" + "、".join(zh for zh, _ in unknown)
        en = "amount not known: " + "; ".join(en for _, en in unknown)
        reasons.append(("unknown", zh, en, ""))
    if not reasons:
        absent = [sources[row] for row in np.unique(pairs.source[variables])]
        zh = "可用来源金额为零:" + "、".join(one.zh for one in absent)
        en = "no money in: " + "; ".join(one.en for one in absent)
        reasons.append(("none", zh, en, ""))
    return reasons
