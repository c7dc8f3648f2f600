"""What a funding check has to say besides numbers: limits, warnings, what to find out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import pandas as pd

__all__ = ["LEVELS", "Finding", "finding_frame"]

LEVELS: Final = ("limit", "warning", "ask", "note")
"""limit: more was asked than a rule allows, the rest is not counted; warning: allowed, but not
what the money is mainly for; ask: a number that must be found out; note: good to know."""
COLUMNS: Final = ("rule", "level", "zh", "en", "clause", "lines")


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark: the rule, how grave, both languages, the clause, the lines it speaks of."""

    rule: str
    level: str
    zh: str
    en: str
    clause: str
    lines: tuple[str, ...] = ()


def finding_frame(findings: Iterable[Finding]) -> pd.DataFrame:
    """Return findings as a table, the gravest first, otherwise in the order found.

    Examples
    --------
    >>> found = [Finding("J09", "note", "…", "…", "S0"), Finding("J05", "limit", "…", "…", "S0")]
    >>> finding_frame(found)["rule"].tolist()
    ['J05', 'J09']
    """
    ordered = sorted(findings, key=lambda one: LEVELS.index(one.level))
    rows = [(one.rule, one.level, one.zh, one.en, one.clause, one.lines) for one in ordered]
    return pd.DataFrame(rows, columns=list(COLUMNS))
