"""The product's own siting problem: which asset becomes which facility, how large, in which year.

Sets. Assets *a*; options *o* = (asset, kind, size) that fit and can be obtained, from year *e_o*
on; demand rows *d* = (place, kind) with *p_d* persons of weight *w_d* who lack the kind; years
*t* = 0 … *T* - 1; R(o) the rows that option *o* reaches. Facilities that stand and have room to
spare are options that cost nothing and are open from the beginning.

Variables. *X_ot* in {0, 1}: option *o* is open in year *t* (and stays open);
*s_odt* ≥ 0: persons of *d* whom *o* serves in year *t* (service may be divided).

Maximise  people - money - running - waiting - risk, each times its weight, where

    served_t = Σ_od w_d s_odt                  weighted persons served in year t
    people   = served_{T-1} - served by what stands anyway
    money    = Σ_o cost_o X_o,T-1              running = Σ_t Σ_o yearly_o X_ot
    waiting  = Σ_t<T-1 (served_{T-1} - served_t)       risk = Σ_o consent_risk_o X_o,T-1

subject to

    X_ot ≤ X_o,t+1,   X_ot = 0 for t < e_o                               once open, it stays
    Σ_o s_odt ≤ p_d                                                       nobody twice
    s_odt ≤ p_d X_ot,   Σ_d s_odt ≤ capacity_o X_ot                       only by what is open
    Σ_o cost_o X_ot ≤ Σ_{u ≤ t} budget_u                 what is left is carried over (or is not)
    Σ_{o of a} floor_o X_o ≤ floor_a, number ≤ most_a, one size of a kind   one kind, or a complex
    X_o + X_o' ≤ 1      nearer than the kind's spacing, or kinds that do not share an asset
    at least, at most of a kind (in a district); must, must not; rows and shares that must be served

or, lexicographically, the first part of an order, then the second among the best of the first …
Location-allocation of this family goes back to Church & ReVelle (1974) and, with capacities,
Current & Storbeck (1988), Environment and Planning B 15, 153-163.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.errors import InputError
from spatial.siting.problem_checks import require_problem, require_unique
from spatial.siting.rules import SitingRules

__all__ = ["SitingProblem"]

Ints = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int32]

ASSETS: Final = {
    "x_m": np.nan,
    "y_m": np.nan,
    "floor_m2": np.inf,
    "most_kinds": 1,
    "district": None,
}
OPTIONS: Final = {
    "size": "standard",
    "yearly_yuan": 0.0,
    "capacity_persons": np.inf,
    "floor_m2": 0.0,
    "earliest_year": 0,
    "consent_risk_share": 0.0,
}
DEMAND: Final = {"weight": 1.0, "district": None}
EXISTING: Final = ("kind", "capacity_persons")
IMPOSSIBLE: Final = ("asset", "kind", "size", "reason", "zh", "en")


@dataclass(frozen=True, slots=True, eq=False)
class SitingProblem:
    """A siting problem; see the top of this file for what it means.

    Parameters
    ----------
    assets : DataFrame
        By asset id: ``x_m, y_m`` (metric zone), ``floor_m2`` (or land: what `floor_m2` of the
        options is taken from), ``most_kinds`` (1; more where a complex may go), ``district``.
    options : DataFrame
        By option id: ``asset, kind, size, cost_yuan, yearly_yuan, capacity_persons`` (``inf``: no
        limit), ``floor_m2, earliest_year`` (0: the first), ``consent_risk_share``. Only what
        fits and can be obtained; further columns are carried to the plan.
    demand : DataFrame
        By row id: ``place, kind, persons`` (still unserved), ``weight, district``.
    start, row : array of int, shapes (options + 1,) and (pairs,)
        Demand rows that each option reaches (CSR): of its own kind, sorted, each once.
    existing : DataFrame
        By id: ``kind, capacity_persons`` to spare. They serve first and cost nothing.
    existing_start, existing_row : array of int
        The same for those.
    impossible : DataFrame
        ``asset, kind, size, reason, zh, en``: what is not among the options, and why.
    rules : SitingRules
    """

    assets: pd.DataFrame
    options: pd.DataFrame
    demand: pd.DataFrame
    start: Ints
    row: Rows
    existing: pd.DataFrame
    existing_start: Ints
    existing_row: Rows
    impossible: pd.DataFrame
    rules: SitingRules

    @classmethod
    def from_frames(
        cls,
        assets: pd.DataFrame,
        options: pd.DataFrame,
        demand: pd.DataFrame,
        reach: pd.DataFrame | tuple[Any, Any],
        *,
        rules: SitingRules | None = None,
        existing: pd.DataFrame | None = None,
        existing_reach: pd.DataFrame | tuple[Any, Any] | None = None,
        impossible: pd.DataFrame | None = None,
    ) -> SitingProblem:
        """Return a checked problem; columns that are left out take their defaults.

        Parameters
        ----------
        assets, options, demand, existing, impossible : DataFrame
            See :class:`SitingProblem`. Needed columns: options ``asset, kind, cost_yuan``; demand
            ``kind, persons``; existing ``kind, capacity_persons``.
        reach, existing_reach : DataFrame or (start, row)
            ``option, demand`` ids, one line for each pair in reach; or the same as CSR rows.
            Pairs of differing kind are an error.
        rules : SitingRules, optional

        Raises
        ------
        InputError
            What is wrong, in which row.

        Examples
        --------
        >>> problem = SitingProblem.from_frames(
        ...     pd.DataFrame(index=["shed"]),
        ...     pd.DataFrame({"asset": "shed", "kind": "clinic", "cost_yuan": 9e5}, index=["o"]),
        ...     pd.DataFrame({"kind": "clinic", "persons": [300, 200]}, index=["east", "west"]),
        ...     pd.DataFrame({"option": ["o"], "demand": ["west"]}))
        >>> problem
        SitingProblem(1 assets, 1 options of 1 kinds, 2 demand rows, 500 persons, 1 pairs, 1 years)
        """
        options = _filled(options, OPTIONS)
        assets = _filled(assets, ASSETS)
        demand = _filled(demand, {"place": demand.index.astype(object), **DEMAND})
        if existing is None:
            existing = pd.DataFrame({name: [] for name in EXISTING}).astype({"kind": object})
        if impossible is None:
            impossible = pd.DataFrame({name: [] for name in IMPOSSIBLE}, dtype=object)
        require_unique(assets=assets, options=options, demand=demand, existing=existing)
        none = (np.zeros(len(existing) + 1, np.int64), np.zeros(0, np.int32))
        start, row = _csr(reach, options.index, demand.index, name="reach")
        old_start, old_row = _csr(
            none if existing_reach is None else existing_reach,
            existing.index,
            demand.index,
            name="existing_reach",
        )
        made = cls(
            assets=assets,
            options=options,
            demand=demand,
            start=start,
            row=row,
            existing=existing,
            existing_start=old_start,
            existing_row=old_row,
            impossible=impossible,
            rules=rules or SitingRules(),
        )
        require_problem(made)
        return made

    def with_rules(self, rules: SitingRules | None = None, **changes: Any) -> SitingProblem:
        """Return the problem under other rules, or with some of the rules replaced.

        Raises
        ------
        InputError
            If the rules name what the problem does not know.
        """
        made = replace(self, rules=replace(rules or self.rules, **changes))
        require_problem(made, rules_only=True)
        return made

    @property
    def persons(self) -> float:
        """Persons of all demand rows."""
        return float(self.demand["persons"].sum())

    def __repr__(self) -> str:
        """Say how large it is."""
        return (
            f"SitingProblem({len(self.assets):,} assets, {len(self.options):,} options of "
            f"{self.options['kind'].nunique()} kinds, {len(self.demand):,} demand rows, "
            f"{self.persons:,.0f} persons, {len(self.row):,} pairs, {self.rules.years} years)"
        )


def _filled(frame: pd.DataFrame, defaults: dict[str, Any]) -> pd.DataFrame:
    """Return a copy with the columns that are missing."""
    missing = {
        name: value if isinstance(value, pd.Index) else [value] * len(frame)
        for name, value in defaults.items()
        if name not in frame.columns
    }
    return frame.assign(**missing)


def _csr(
    reach: pd.DataFrame | tuple[Any, Any], owners: pd.Index, rows: pd.Index, *, name: str
) -> tuple[Ints, Rows]:
    """Return the pairs by owner, sorted, each once."""
    if isinstance(reach, tuple):
        start, row = np.asarray(reach[0], np.int64), np.asarray(reach[1], np.int64)
        if len(start) != len(owners) + 1 or start[0] != 0 or start[-1] != len(row):
            raise InputError(
                f"`{name}`: start must have {len(owners) + 1} numbers from 0 to {len(row)}; "
                f"it has {len(start)}.",
                zh=(
                    f"{name}:start 应有 {len(owners) + 1} 个数(从 0 到 {len(row)}),"
                    f"实有 {len(start)} 个。"
                ),
            )
        owner = np.repeat(np.arange(len(owners)), np.diff(start))
    else:
        owner = owners.get_indexer(reach[reach.columns[0]])
        row = rows.get_indexer(reach[reach.columns[1]]).astype(np.int64)
        unknown = np.flatnonzero((owner < 0) | (row < 0))
        if len(unknown):
            line = reach.iloc[int(unknown[0])].tolist()[:2]
            raise InputError(
                f"`{name}`, row {int(unknown[0])}: {line} names an id that is not in the tables.",
                zh=f"{name} 第 {int(unknown[0])} 行:{line} 中有表里没有的编号。",
            )
    if len(row) and (row.min() < 0 or row.max() >= len(rows)):
        raise InputError(
            f"`{name}` names demand rows outside 0 … {len(rows) - 1}.",
            zh=f"{name} 中有超出 0…{len(rows) - 1} 的需求行。",
        )
    pair = owner * max(1, len(rows)) + row
    if (np.diff(pair) <= 0).any():
        pair = np.unique(pair)
    owner, row = np.divmod(pair, max(1, len(rows)))
    start = np.searchsorted(owner, np.arange(len(owners) + 1)).astype(np.int64)
    return start, row.astype(np.int32)
