"""A loan year by year, and the interest subsidy that the rules allow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatial.errors import InputError
from spatial.funding.findings import Finding
from spatial.standards.parameters import ParameterSet

__all__ = ["Loan", "allowed_subsidy", "loan_schedule"]


@dataclass(frozen=True, slots=True)
class Loan:
    """A loan drawn at the beginning and paid back in equal parts of the principal."""

    amount_yuan: float
    rate_share: float
    """Interest a year, 0–1."""
    years: int
    """Until the last payment, counted from drawing."""
    grace_years: int = 0
    """Years at the beginning in which only interest is paid."""
    subsidy_share: float = 0.0
    """Part of the interest rate that the government pays, 0–1 a year (J10)."""
    subsidy_years: int = 0
    private_capital: bool = True
    """Only projects of private capital may have the subsidy."""

    def __post_init__(self) -> None:
        """Refuse loans that cannot be."""
        wrong = (
            not 0 <= self.amount_yuan < np.inf
            or not 0 <= self.rate_share < 1
            or self.years < 1
            or not 0 <= self.grace_years < self.years
            or not self.subsidy_share >= 0
            or self.subsidy_years < 0
        )
        if wrong:
            raise InputError(
                f"Such a loan cannot be: {self}. The amount, the rate (0–1) and the subsidy are 0 "
                "or more, the term is 1 year or more and longer than the grace period.",
                zh=(
                    f"贷款参数有误:{self}。金额、利率(0–1)和贴息不得为负,"
                    "期限至少 1 年且长于宽限期。"
                ),
            )


def allowed_subsidy(loan: Loan, parameters: ParameterSet) -> tuple[float, int, list[Finding]]:
    """Return the interest subsidy that the rules allow: rate and years, and what exceeds them.

    Not more than the interest itself, not more than the highest rate, not longer than the longest
    term; nothing for projects without private capital (J10).

    Examples
    --------
    >>> from spatial.standards import read_parameters
    >>> asked = Loan(1e6, 0.042, 10, subsidy_share=0.03, subsidy_years=8)
    >>> rate, years, findings = allowed_subsidy(asked, read_parameters("funding"))
    >>> rate, years, [one.level for one in findings]
    (0.02, 5, ['limit', 'limit'])
    """
    most_years = int(parameters["subsidy_max_years"])
    most_share = float(parameters["subsidy_max_share"])
    clause = parameters.parameters["subsidy_max_share"].source
    share, years = min(loan.subsidy_share, loan.rate_share), min(loan.subsidy_years, loan.years)
    if not (share and years):
        return 0.0, 0, []
    if not loan.private_capital:
        zh, en = (
            "贴息仅适用于社会资本参与的项目。",
            "Only projects of private capital are subsidised.",
        )
        return 0.0, 0, [Finding("J10", "limit", zh, en, clause)]
    found = []
    if loan.subsidy_share > most_share:
        zh = f"贴息率 {loan.subsidy_share:.2%} 超过上限 {most_share:.0%},按上限计。"
        en = (
            f"The subsidy of {loan.subsidy_share:.2%} exceeds {most_share:.0%}; the limit is "
            "counted."
        )
        found.append(Finding("J10", "limit", zh, en, clause))
    if loan.subsidy_years > most_years:
        zh = f"贴息 {loan.subsidy_years} 年超过上限 {most_years} 年,按上限计。"
        en = (
            f"The subsidy of {loan.subsidy_years} years exceeds {most_years} years; the limit is "
            "counted."
        )
        found.append(Finding("J10", "limit", zh, en, clause))
    return min(share, most_share), min(years, most_years), found


def loan_schedule(loan: Loan, parameters: ParameterSet, *, years: int) -> pd.DataFrame:
    """Return the loan by year, from drawing (year 0) to the end of the horizon.

    Parameters
    ----------
    loan : Loan
    parameters : ParameterSet
        Room ``funding``: limits of the subsidy.
    years : int
        Horizon; payments after it are not listed.

    Returns
    -------
    DataFrame indexed by year, 0 to `years`
        ``drawn_yuan, interest_yuan, subsidy_yuan, principal_yuan, owed_yuan`` (at the year's end).

    Notes
    -----
    ``interest[t] = rate · owed[t − 1]``; the subsidy is the allowed part of the rate on the same
    sum, in the first allowed years.

    Examples
    --------
    >>> from spatial.standards import read_parameters
    >>> loan = Loan(1000.0, 0.05, 2, subsidy_share=0.02, subsidy_years=1)
    >>> table = loan_schedule(loan, read_parameters("funding"), years=2)
    >>> table[["interest_yuan", "subsidy_yuan", "principal_yuan", "owed_yuan"]].values.tolist()
    [[0.0, 0.0, 0.0, 1000.0], [50.0, 20.0, 500.0, 500.0], [25.0, 0.0, 500.0, 0.0]]
    """
    share, subsidised, _ = allowed_subsidy(loan, parameters)
    year = np.arange(max(years, loan.years) + 1)
    parts = loan.years - loan.grace_years
    paying = (year > loan.grace_years) & (year <= loan.years)
    principal = np.where(paying, loan.amount_yuan / parts, 0.0)
    owed = np.maximum(loan.amount_yuan - np.cumsum(principal), 0.0)
    before = np.concatenate([[0.0], owed[:-1]])
    table = pd.DataFrame(
        {
            "drawn_yuan": np.where(year == 0, loan.amount_yuan, 0.0),
            "interest_yuan": loan.rate_share * before,
            "subsidy_yuan": np.where(year <= subsidised, share * before, 0.0),
            "principal_yuan": principal,
            "owed_yuan": owed,
        },
        index=pd.RangeIndex(len(year), name="year"),
    )
    return table.iloc[: years + 1]
