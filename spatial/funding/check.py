"""The funding check: who pays what, which limits stop the rest, and whether it balances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from spatial.errors import InputError
from spatial.funding.allocate import Allocation, allocate, limits_of
from spatial.funding.balance import joint_balance, present_value
from spatial.funding.findings import Finding, finding_frame
from spatial.funding.form import integrated_plan
from spatial.funding.income import income_lines
from spatial.funding.lines import funding_lines, unit_of
from spatial.funding.loan import Loan, allowed_subsidy
from spatial.funding.matching import matching_grant, matching_rules
from spatial.funding.sources import Means, Source, funding_sources, source_caps
from spatial.funding.unpaid import unpaid_reasons
from spatial.standards import Profile

__all__ = ["LEVELS", "FundingCheck", "check_funding"]

LEVELS: Final = ("neighbourhood", "community", "district", "city")
NO_FEE_CLAUSE: Final = "S0 七4, S1 六(二)"


@dataclass(frozen=True, slots=True, eq=False)
class FundingCheck:
    """Who pays what, what stays unpaid and why, the balance at every level, remarks, the form."""

    lines: pd.DataFrame
    """Of `funding_lines`, with ``paid_yuan, unpaid_yuan``."""
    payers: pd.DataFrame
    """``source, group, zh, en, line, yuan, booking`` (works; residents' money may be booked to the
    maintenance fund instead, J13)."""
    sources: pd.DataFrame
    """By source: ``zh, en, group, clause, cap_yuan, known, used_yuan``."""
    unpaid: pd.DataFrame
    """``line, unpaid_yuan, rule, zh, en``: every rule that stops a payment, the nearest first."""
    matching: pd.DataFrame
    """``rule, year, base_yuan, grant_yuan, paid_yuan``: grants by share of the government's."""
    balance: pd.DataFrame
    """Of `joint_balance`."""
    findings: pd.DataFrame
    form: pd.DataFrame
    """Of `integrated_plan`."""

    @property
    def cost_yuan(self) -> float:
        """All costs."""
        return float(self.lines["cost_yuan"].sum())

    @property
    def gap_yuan(self) -> float:
        """What nobody pays."""
        return float(self.lines["unpaid_yuan"].sum())


def check_funding(
    lines: pd.DataFrame,
    income: pd.DataFrame | None,
    profile: Profile,
    *,
    level: str = "district",
    means: Means | None = None,
    loan: Loan | None = None,
    known: Mapping[str, tuple[str, str]] | None = None,
) -> FundingCheck:
    """Check who can pay for a set of cost lines, and whether it balances.

    Parameters
    ----------
    lines : DataFrame
        See `funding_lines`.
    income : DataFrame, optional
        See `income_lines`.
    profile : Profile
        Room ``funding``.
    level : str
        neighbourhood, community, district or city: where income and cost are counted together
        (K01). What lies in no unit of the level is counted with its neighbourhood alone.
    means : Means, optional
        How much money there is; nothing that is unknown is counted.
    loan : Loan, optional
        Checked against the limits of the interest subsidy.
    known : mapping, optional
        Parts of the integrated plan that are known (see `integrated_plan`).

    Returns
    -------
    FundingCheck

    Raises
    ------
    InputError
        If a line, an amount or the level makes no sense.

    Examples
    --------
    A day care centre of 1 million in Haishu, upgrade: government pays at most 40 % of it, and of
    that the city 40 %.

    >>> from spatial.standards import read_profile
    >>> lines = pd.DataFrame({"kind": ["elderly_daycare"], "cost_yuan": [1e6],
    ...                       "admin_district": ["海曙区"]}, index=["a"])
    >>> found = check_funding(lines, None, read_profile("ningbo"),
    ...                       means=Means({"county": 2e6}))
    >>> found.payers[["source", "yuan"]].values.tolist(), found.gap_yuan
    ([['city_match', 160000.0], ['county', 240000.0]], 600000.0)
    """
    if level not in LEVELS:
        raise InputError(
            f"There is no level `{level}`; use one of {', '.join(LEVELS)}.",
            zh=f"没有层级“{level}”;可用 {'、'.join(LEVELS)}。",
        )
    means = means or Means()
    parameters = profile.rooms["funding"]
    table = funding_lines(lines, profile)
    earned = income_lines(income, years=int(parameters["horizon_years"]))
    sources, rules = funding_sources(profile), matching_rules(profile)
    caps, findings = source_caps(sources, means, profile)
    carried = _carried(table, earned, present_value(earned, parameters), level)
    limits = limits_of(sources, table, caps, rules, carried, parameters)
    found = allocate(sources, table, limits)
    table["unpaid_yuan"] = found.unpaid
    table["paid_yuan"] = (table["cost_yuan"] - table["unpaid_yuan"]).round(2)
    findings += _remarks(sources, table, found, caps, parameters["items"])
    findings += [remark for rule in rules for remark in rule.remarks(table)]
    findings += list(allowed_subsidy(loan, parameters)[2]) if loan else []
    balance = joint_balance(table, earned, parameters)
    return FundingCheck(
        lines=table,
        payers=_payers(found, sources),
        sources=_sources(sources, caps, found),
        unpaid=unpaid_reasons(sources, table, limits, caps, found),
        matching=_matching(rules, sources, table, found),
        balance=balance,
        findings=finding_frame(findings),
        form=integrated_plan(known or {}),
    )


def _carried(
    lines: pd.DataFrame, income: pd.DataFrame, worth: np.ndarray, level: str
) -> dict[tuple[str, ...], float]:
    """Return what the income of each unit of the level can carry, by the lines of the unit."""
    if level == "city":
        return {tuple(lines.index): float(worth.sum())}
    column = f"{level}_id"
    value = pd.Series(worth, income.index).groupby(unit_of(income, column)).sum()
    members = lines.index.to_series().groupby(unit_of(lines, column)).agg(tuple)
    return {tuple(ids): float(value.get(unit, 0.0)) for unit, ids in members.items()}


def _payers(found: Allocation, sources: Sequence[Source]) -> pd.DataFrame:
    told = {one.id: one for one in sources}
    payments = found.payments
    return pd.DataFrame(
        {
            "source": payments["source"],
            "group": [told[name].group for name in payments["source"]],
            "zh": [told[name].zh for name in payments["source"]],
            "en": [told[name].en for name in payments["source"]],
            "line": payments["line"],
            "yuan": payments["yuan"],
            "booking": "works",
        }
    )


def _sources(sources: Sequence[Source], caps: pd.DataFrame, found: Allocation) -> pd.DataFrame:
    used = found.payments.groupby("source")["yuan"].sum()
    frame = pd.DataFrame(
        {name: [getattr(one, name) for one in sources] for name in ("zh", "en", "group", "clause")},
        index=pd.Index([one.id for one in sources], dtype="string", name="source"),
    )
    frame[["cap_yuan", "known"]] = caps[["cap_yuan", "known"]]
    frame["used_yuan"] = used.reindex(frame.index).fillna(0.0).to_numpy(dtype=float)
    return frame


def _matching(
    rules: Sequence, sources: Sequence[Source], lines: pd.DataFrame, found: Allocation
) -> pd.DataFrame:
    government = {one.id for one in sources if one.group == "government"}
    payments = found.payments
    of_government = payments[payments["source"].isin(government)]
    paid = of_government.groupby("line")["yuan"].sum().reindex(lines.index).fillna(0.0)
    tables = []
    for rule in rules:
        grant = matching_grant(lines, paid.astype(float), rule).reset_index()
        mine = payments[payments["source"] == rule.source]
        year = lines["year"].reindex(pd.Index(mine["line"])).to_numpy()
        by_year = pd.Series(mine["yuan"].to_numpy(), index=year).groupby(level=0).sum()
        grant["paid_yuan"] = by_year.reindex(grant["year"]).fillna(0.0).to_numpy(dtype=float)
        grant.insert(0, "rule", rule.id)
        tables.append(grant)
    columns = ["rule", "year", "base_yuan", "grant_yuan", "paid_yuan"]
    return (
        pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)
    )


def _remarks(
    sources: Sequence[Source],
    lines: pd.DataFrame,
    found: Allocation,
    caps: pd.DataFrame,
    items: Mapping[str, Mapping],
) -> list[Finding]:
    remarks = []
    mainly = [name for name, body in items.items() if body.get("mainly")]
    for one in (one for one in sources if one.mainly):
        mine = found.payments[found.payments["source"] == one.id]
        other = lines["item"].reindex(pd.Index(mine["line"]))
        other = other.index[~other.isin(mainly).to_numpy(dtype=bool)]
        if len(other):
            zh = (
                f"{one.zh}主要用于市政配套基础设施和公共部位维修,另有 {len(other)} 项用于其他内容。"
            )
            en = (
                f"{one.en}: mainly for municipal infrastructure and shared parts; {len(other)} "
                "other lines are paid from it."
            )
            remarks.append(Finding("J03", "warning", zh, en, one.clause, tuple(map(str, other))))
    for one in sources:
        may = one.may_pay(lines) & lines["unpaid_yuan"].gt(0).to_numpy(dtype=bool)
        if not caps.loc[one.id, "known"] and may.any() and (one.kinds or one.items):
            zh = f"{one.zh}可用于 {int(may.sum())} 项未落实费用,请填写可用金额。"
            en = f"{one.en} may pay for {int(may.sum())} unpaid lines; enter how much there is."
            touched = tuple(map(str, lines.index[may]))
            remarks.append(Finding(one.clause.split(":")[0], "ask", zh, en, one.clause, touched))
    shared = lines.index[lines["item"].isin([k for k, b in items.items() if b.get("owner_paid")])]
    paid = set(found.payments["line"][found.payments["source"].str.contains("residents|public_i")])
    left = tuple(str(line) for line in shared if line not in paid)
    if left:
        zh = f"{len(left)} 项属居民合理承担的内容,请填写居民出资标准和金额。"
        en = f"{len(left)} lines are items that owners share in; enter the standard and the amount."
        remarks.append(Finding("J12", "ask", zh, en, "S1 三(三)", left))
    remarks += _public_housing(lines, found)
    zh = "免收城市基础设施配套费等行政事业性收费和政府性基金,费用中不应包含。"
    en = "The infrastructure fee, administrative charges and government funds are waived: no line "
    en += "should contain them."
    return [*remarks, Finding("J09", "note", zh, en, NO_FEE_CLAUSE)]


def _public_housing(lines: pd.DataFrame, found: Allocation) -> list[Finding]:
    """Remind of owners of public housing who must contribute and do not (J16)."""
    payments = found.payments
    paid = set(payments["line"][payments["source"] == "original_unit"])
    public = lines.index[lines["public_housing"].to_numpy(dtype=bool)]
    left = tuple(str(line) for line in public if line not in paid)
    if not left:
        return []
    zh = f"{len(left)} 项涉及公房,公房产权单位应出资参与,请填写其出资额。"
    en = f"{len(left)} lines concern public housing, whose owner must contribute: enter how much."
    return [Finding("J16", "warning", zh, en, "S2 四(二)", left)]
