"""Self-balance: cash flow over the years, net present value, payback, what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.errors import InputError
from spatial.funding.findings import Finding
from spatial.funding.income import income_by_year, income_lines, yearly_of_lines
from spatial.funding.lines import unit_of
from spatial.funding.loan import Loan, allowed_subsidy, loan_schedule
from spatial.standards.parameters import ParameterSet

__all__ = ["BALANCE_LEVELS", "CashFlow", "cash_flow", "joint_balance", "present_value"]

Floats = npt.NDArray[np.float64]

NOTHING_YUAN: Final = 0.005
"""Half a fen: sums of what was rounded to the fen differ by less."""
BALANCE_LEVELS: Final = ("neighbourhood_id", "community_id", "district_id", "city")
"""Where projects may be declared together: K01 names community, district (片区), city."""


@dataclass(frozen=True, slots=True, eq=False)
class CashFlow:
    """A project year by year, and whether it balances."""

    frame: pd.DataFrame
    """By year: ``investment_yuan, grants_yuan, income_yuan, running_yuan, net_yuan,
    discounted_yuan, cumulative_yuan`` and of the loan ``drawn_yuan, interest_yuan, subsidy_yuan,
    principal_yuan, owed_yuan, cash_yuan`` (what is in the till after the loan), ``till_yuan``
    (its running sum)."""
    npv_yuan: float
    """Σ discounted net, before any loan."""
    subsidy_npv_yuan: float
    """Present value of the interest subsidy."""
    gap_yuan: float
    """Public money needed at the beginning for the project to balance: max(0, −NPV)."""
    gap_after_subsidy_yuan: float
    payback_year: int | None
    """First year from which the running sum of net stays at 0 or more; None: not within years."""
    shortest_till_yuan: float
    """Lowest running sum after the loan: negative means somebody must bridge it."""
    findings: tuple[Finding, ...]

    @property
    def self_balanced(self) -> bool:
        """Income covers cost within the horizon (K01)."""
        return self.gap_yuan <= 0


def cash_flow(
    investment_yuan: Sequence[float],
    income: pd.DataFrame | None,
    parameters: ParameterSet,
    *,
    grants_yuan: Sequence[float] = (),
    loan: Loan | None = None,
    years: int | None = None,
    discount_share: float | None = None,
) -> CashFlow:
    """Return the cash flow of a project.

    Parameters
    ----------
    investment_yuan : sequence of float
        By year from 0.
    income : DataFrame
        See `income_lines`; running costs stand in it.
    parameters : ParameterSet
        Room ``funding``: horizon, discount rate, ramp-up, limits of the subsidy.
    grants_yuan : sequence of float
        Public money paid into it, by year from 0.
    loan : Loan, optional
    years, discount_share : optional
        Instead of the profile's.

    Raises
    ------
    InputError
        If the horizon is too short for what is given, or the discount rate makes no sense.

    Notes
    -----
    ::

        net[t] = income[t] + grants[t] − running[t] − investment[t]
        NPV    = Σ_t net[t] / (1 + r)^t                       gap = max(0, −NPV)

    The loan moves money in time and changes no NPV of the project; it shows in the till. The
    subsidy is money from outside: its present value is told beside.

    Examples
    --------
    1 000 now, 400 a year for three years from the next, at 10 %: −1000 + 400 · 2.48685.

    >>> from spatial.standards import read_parameters
    >>> rules = read_parameters("funding").with_values({"ramp_shares": [1.0]}, source="example")
    >>> flow = cash_flow([1000], pd.DataFrame({"yearly_yuan": [400.0]}), rules, years=3,
    ...                  discount_share=0.1)
    >>> round(flow.npv_yuan, 2), round(flow.gap_yuan, 2), flow.payback_year
    (-5.26, 5.26, 3)
    """
    horizon = int(parameters["horizon_years"] if years is None else years)
    rate = float(parameters["discount_share"] if discount_share is None else discount_share)
    _require_rate(rate, horizon)
    table = income_by_year(income_lines(income, years=horizon), parameters, years=horizon)
    table.insert(0, "investment_yuan", _padded(investment_yuan, horizon, "investment_yuan"))
    table.insert(1, "grants_yuan", _padded(grants_yuan, horizon, "grants_yuan"))
    table["net_yuan"] = (
        table["income_yuan"]
        + table["grants_yuan"]
        - table["running_yuan"]
        - table["investment_yuan"]
    )
    factor = _discounts(horizon, rate)
    table["discounted_yuan"] = table["net_yuan"] * factor
    table["cumulative_yuan"] = table["net_yuan"].cumsum()
    schedule = loan_schedule(loan or Loan(0.0, 0.0, 1), parameters, years=horizon)
    table = table.join(schedule)
    table["cash_yuan"] = (
        table["net_yuan"]
        + table["drawn_yuan"]
        + table["subsidy_yuan"]
        - table["interest_yuan"]
        - table["principal_yuan"]
    )
    table["till_yuan"] = table["cash_yuan"].cumsum()
    npv = float(table["discounted_yuan"].sum())
    subsidy = float((table["subsidy_yuan"] * factor).sum())
    return CashFlow(
        frame=table,
        npv_yuan=npv,
        subsidy_npv_yuan=subsidy,
        gap_yuan=float(_gap(npv)),
        gap_after_subsidy_yuan=float(_gap(npv + subsidy)),
        payback_year=payback_year(table["net_yuan"].to_numpy()),
        shortest_till_yuan=float(table["till_yuan"].min()),
        findings=tuple(allowed_subsidy(loan, parameters)[2]) if loan else (),
    )


def joint_balance(
    lines: pd.DataFrame,
    income: pd.DataFrame,
    parameters: ParameterSet,
    *,
    levels: Sequence[str] = BALANCE_LEVELS,
) -> pd.DataFrame:
    """Balance projects alone and declared together, at every level (K01, K02).

    Parameters
    ----------
    lines : DataFrame
        Of `funding_lines`; a line is paid in its ``year``.
    income : DataFrame
        Of `income_lines`.
    parameters : ParameterSet
        Room ``funding``.
    levels : sequence of str
        Columns of the two tables, from small to large; ``city`` is everything.

    Returns
    -------
    DataFrame
        ``level, unit, cost_yuan, income_yuan`` (a full year), ``npv_yuan, gap_yuan,
        payback_year, separate_gap_yuan`` (sum of the gaps of its neighbourhoods, each alone),
        ``saved_yuan`` (what joining saves), ``mode`` (self_balance; ppp where income covers
        running costs but not the investment; public where it does not).

    Notes
    -----
    Net flows add up, so ``gap(joint) = max(0, −Σ NPV) ≤ Σ max(0, −NPV)``: together is never worse.
    """
    horizon = int(parameters["horizon_years"])
    factor = _discounts(horizon, float(parameters["discount_share"]))
    earned, running = yearly_of_lines(income, parameters, years=horizon)
    spent = np.zeros((len(lines), horizon + 1))
    when = np.minimum(lines["year"].to_numpy(dtype=int) - 1, horizon)
    spent[np.arange(len(lines)), when] = lines["cost_yuan"].to_numpy(dtype=float)
    net = np.concatenate([-spent, earned - running])
    flow = np.concatenate([np.zeros_like(spent), earned - running])
    cost = np.concatenate([spent.sum(axis=1), np.zeros(len(income))])
    full = np.concatenate([np.zeros(len(lines)), income["yearly_yuan"].to_numpy(dtype=float)])
    alone = _units(lines, income, "neighbourhood_id")
    tables = []
    for level in levels:
        unit = _units(lines, income, level)
        code, names = pd.factorize(unit, sort=True)
        joint = _sums(code, net, len(names))
        npv = joint @ factor
        each = pd.DataFrame({"unit": unit, "member": alone, "npv": net @ factor})
        each = each.groupby(["unit", "member"])["npv"].sum().clip(upper=0.0)
        separate = -each.groupby(level="unit").sum().reindex(names).to_numpy(dtype=float)
        worth = _sums(code, flow, len(names)) @ factor
        tables.append(
            pd.DataFrame(
                {
                    "level": level.removesuffix("_id"),
                    "unit": names,
                    "cost_yuan": np.bincount(code, weights=cost, minlength=len(names)),
                    "income_yuan": np.bincount(code, weights=full, minlength=len(names)),
                    "npv_yuan": npv,
                    "gap_yuan": _gap(npv),
                    "payback_year": pd.array([payback_year(one) for one in joint], dtype="Int64"),
                    "separate_gap_yuan": separate,
                    "saved_yuan": np.maximum(0.0, separate - _gap(npv)),
                    "mode": np.where(
                        _gap(npv) <= 0, "self_balance", np.where(worth > 0, "ppp", "public")
                    ),
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def present_value(income: pd.DataFrame, parameters: ParameterSet) -> Floats:
    """Return what the net income of each line is worth today, shape (n,), in yuan."""
    horizon = int(parameters["horizon_years"])
    earned, running = yearly_of_lines(income, parameters, years=horizon)
    worth: Floats = (earned - running) @ _discounts(horizon, float(parameters["discount_share"]))
    return worth


def payback_year(net_yuan: Floats) -> int | None:
    """Return the first year from which the running sum stays at 0 or more.

    Examples
    --------
    >>> payback_year(np.array([-10.0, 6.0, 6.0]))
    2
    """
    below = np.flatnonzero(np.cumsum(net_yuan) <= -NOTHING_YUAN)
    if len(below) == 0:
        return 0
    year = int(below[-1]) + 1
    return year if year < len(net_yuan) else None


def _gap(npv_yuan: Any) -> Any:
    """Return what is missing; less than half a fen is a rounding of floating point, and nothing."""
    return np.where(npv_yuan <= -NOTHING_YUAN, -npv_yuan, 0.0)


def _units(lines: pd.DataFrame, income: pd.DataFrame, level: str) -> npt.NDArray[np.object_]:
    """Return the unit of every line and then of every line of income at a level."""
    if level == "city":
        return np.full(len(lines) + len(income), "city", dtype=object)
    both = [unit_of(frame, level).to_numpy(dtype=object) for frame in (lines, income)]
    return np.concatenate(both)


def _sums(code: npt.NDArray[np.intp], flows: Floats, count: int) -> Floats:
    """Sum yearly flows by unit, shape (count, years + 1)."""
    total = np.zeros((count, flows.shape[1]))
    np.add.at(total, code, flows)
    return total


def _discounts(years: int, rate: float) -> Floats:
    factor: Floats = (1.0 + rate) ** -np.arange(years + 1, dtype=float)
    return factor


def _padded(amounts: Sequence[float], years: int, name: str) -> Floats:
    given = np.asarray(amounts, dtype=float)
    if len(given) > years + 1 or not (given >= 0).all():
        raise InputError(
            f"`{name}` has {len(given)} years and amounts {given.tolist()}; the horizon is "
            f"{years} years and amounts are 0 or more.",
            zh=(
                f"{name} 共 {len(given)} 年,金额 {given.tolist()};"
                f"测算期为 {years} 年,金额不得为负。"
            ),
        )
    return np.concatenate([given, np.zeros(years + 1 - len(given))])


def _require_rate(rate: float, years: int) -> None:
    if not 0 <= rate < 1 or years < 1:
        raise InputError(
            f"A discount rate of {rate:g} over {years} years makes no sense; the rate lies between "
            "0 and 1, the horizon is 1 year or more.",
            zh=f"折现率 {rate:g}、测算期 {years} 年无意义;折现率须在 0 与 1 之间,测算期至少 1 年。",
        )
