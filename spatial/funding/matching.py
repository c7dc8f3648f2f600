"""Grants that match the government's contribution: Ningbo's 40 %, as the profile gives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.checks import require_same_index
from spatial.errors import StandardsError
from spatial.funding.findings import Finding
from spatial.standards import Profile

__all__ = ["MatchingRule", "matching_grant", "matching_rules"]


@dataclass(frozen=True, slots=True)
class MatchingRule:
    """A grant of a share of what the government pays in a zone, without some specials."""

    id: str
    source: str
    zh: str
    en: str
    clause: str
    share: float
    zone: frozenset[str]
    """Administrative districts in the zone; empty: everywhere."""
    zone_excluded: frozenset[str]
    excluded_specials: frozenset[str]
    base: str
    """``audited``: final accounts decide; until then the grant is an estimate. Or ``planned``."""

    def in_base(self, lines: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """Return which lines count, shape (n,); a line of unknown place does not."""
        district = lines["admin_district"]
        inside = ~district.isin(self.zone_excluded).to_numpy(dtype=bool)
        if self.zone:
            inside &= district.isin(self.zone).to_numpy(dtype=bool)
        return inside & ~lines["special"].isin(self.excluded_specials).to_numpy(dtype=bool)

    def remarks(self, lines: pd.DataFrame) -> list[Finding]:
        """Return what must be known before the grant is sure."""
        counted = self.in_base(lines)
        unplaced = lines.index[lines["admin_district"].eq("").to_numpy(dtype=bool)]
        open_ = lines.index[counted & ~lines["audited"].to_numpy(dtype=bool)]
        found = []
        if self.zone and len(unplaced):
            found.append(
                Finding(
                    self.id,
                    "ask",
                    f"{len(unplaced)} 项费用未注明所在行政区,不计入“{self.zh}”。",
                    f"{len(unplaced)} lines do not say their administrative district and are not "
                    f"counted for: {self.en}.",
                    self.clause,
                    tuple(map(str, unplaced)),
                )
            )
        if self.base == "audited" and len(open_):
            found.append(
                Finding(
                    self.id,
                    "ask",
                    f"{len(open_)} 项费用尚无核定的竣工财务决算数,补助按计划数估算。",
                    f"{len(open_)} lines have no audited final account yet; the grant is an "
                    "estimate from planned costs.",
                    self.clause,
                    tuple(map(str, open_)),
                )
            )
        return found


def matching_rules(profile: Profile) -> tuple[MatchingRule, ...]:
    """Return the matching grants of a profile.

    Raises
    ------
    StandardsError
        If a rule lacks a part, its share is not between 0 and 1, or its source is unknown.

    Examples
    --------
    >>> from spatial.standards import read_profile
    >>> [(rule.id, rule.share) for rule in matching_rules(read_profile("ningbo"))]
    [('J02', 0.4)]
    """
    known = profile.rooms["funding"]["sources"]
    return tuple(_rule(body, known) for body in profile.rooms["funding"]["matching"])


def matching_grant(
    lines: pd.DataFrame, government_yuan: pd.Series, rule: MatchingRule
) -> pd.DataFrame:
    """Return the grant by year: the share of the government's contribution in the base.

    Parameters
    ----------
    lines : DataFrame
        Of `funding_lines`.
    government_yuan : Series, on the index of `lines`
        What the government pays of each line, all its levels together, this grant included.
    rule : MatchingRule

    Returns
    -------
    DataFrame indexed by year
        ``base_yuan, grant_yuan``.

    Examples
    --------
    Of 10 million that the government pays in Haishu, 1 million for a lift: 40 % of 9 million.

    >>> from spatial.funding.lines import funding_lines
    >>> from spatial.standards import read_profile
    >>> profile = read_profile("ningbo")
    >>> lines = funding_lines(pd.DataFrame({
    ...     "item": ["pipes", "lift", "pipes"], "cost_yuan": [9e6, 1e6, 5e6],
    ...     "admin_district": ["海曙区", "海曙区", "奉化区"]}), profile)
    >>> matching_grant(lines, lines["cost_yuan"], matching_rules(profile)[0]).loc[1].tolist()
    [9000000.0, 3600000.0]
    """
    require_same_index(lines, government_yuan, names=("lines", "government_yuan"))
    counted = government_yuan.where(rule.in_base(lines), 0.0)
    base = counted.groupby(lines["year"]).sum().rename("base_yuan")
    return pd.DataFrame({"base_yuan": base, "grant_yuan": base * rule.share})


def _rule(body: Mapping[str, Any], known: Mapping[str, Any]) -> MatchingRule:
    try:
        rule = MatchingRule(
            id=str(body["id"]),
            source=str(body["source"]),
            zh=str(body["zh"]),
            en=str(body["en"]),
            clause=str(body["clause"]),
            share=float(body["share"]),
            zone=frozenset(body.get("zone", ())),
            zone_excluded=frozenset(body.get("zone_excluded", ())),
            excluded_specials=frozenset(body.get("excluded_specials", ())),
            base=str(body.get("base", "planned")),
        )
    except (KeyError, TypeError, ValueError) as fault:
        raise StandardsError(
            f"funding.matching: a rule must give id, source, zh, en, clause and share ({fault}).",
            zh=f"funding.matching 的规则须给出 id、source、zh、en、clause 和 share({fault})。",
        ) from fault
    if (
        not 0 <= rule.share < 1
        or rule.source not in known
        or known[rule.source]["amount"] != "match"
    ):
        raise StandardsError(
            f"funding.matching: rule `{rule.id}` has the share {rule.share:g} and the source "
            f"`{rule.source}`; the share lies between 0 and 1, the source is one whose amount is "
            "`match`.",
            zh=(
                f"funding.matching 的规则“{rule.id}”:share 为 {rule.share:g},source 为"
                f"“{rule.source}”;share 须在 0 与 1 之间,source 的 amount 须为 match。"
            ),
        )
    return rule
