"""Rows about the options alone: money, assets, spacing, limits, what must be chosen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from spatial.siting.solver.conflicts import conflict_cliques
from spatial.siting.solver.core import YUAN, Core

__all__ = ["Rows", "Structure", "structure_of"]

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(slots=True)
class Rows:
    """Rows that are being collected."""

    count: int = 0
    row: list[Longs] = field(default_factory=list)
    column: list[Longs] = field(default_factory=list)
    value: list[Floats] = field(default_factory=list)
    lower: list[Floats] = field(default_factory=list)
    upper: list[Floats] = field(default_factory=list)
    rule: list[npt.NDArray[Any]] = field(default_factory=list)

    def add(
        self,
        row: Any,
        column: Any,
        value: Any,
        *,
        count: int,
        lower: Any = -np.inf,
        upper: Any = np.inf,
        rule: str = "",
    ) -> None:
        """Add a block of `count` rows, given by entries numbered within the block."""
        row = np.asarray(row, np.int64)
        self.row.append(row + self.count)
        self.column.append(np.asarray(column, np.int64))
        self.value.append(np.broadcast_to(np.asarray(value, float), row.shape))
        self.lower.append(np.broadcast_to(np.asarray(lower, float), (count,)))
        self.upper.append(np.broadcast_to(np.asarray(upper, float), (count,)))
        self.rule.append(np.full(count, rule, dtype=object))
        self.count += count

    def matrix(self, columns: int) -> sparse.csr_array:
        """Return what was collected."""
        if not self.row:
            return sparse.csr_array((0, columns))
        entries = np.concatenate(self.row), np.concatenate(self.column)
        return sparse.csr_array((np.concatenate(self.value), entries), shape=(self.count, columns))


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """Rows over the columns X (year by year, option by option)."""

    matrix: sparse.csr_array
    lower: Floats
    upper: Floats
    rule: npt.NDArray[Any]  # which rule each row stands for, keys as in clash.py

    def of(self, kept: Longs, years: int) -> Structure:
        """Return the rows for some of the options."""
        options = self.matrix.shape[1] // years
        columns = (np.arange(years)[:, None] * options + kept).ravel()
        some = sparse.csr_array(sparse.csc_array(self.matrix)[:, columns])
        return Structure(some, self.lower, self.upper, self.rule)


def structure_of(core: Core) -> Structure:
    """Return the rows about the options alone."""
    rows = Rows()
    _rules(core, rows)
    return Structure(
        rows.matrix(core.years * len(core.option)),
        np.concatenate([*rows.lower, np.zeros(0)]),
        np.concatenate([*rows.upper, np.zeros(0)]),
        np.concatenate([*rows.rule, np.zeros(0, dtype=object)]),
    )


def _rules(core: Core, rows: Rows) -> None:
    """Rows about the options alone."""
    options, years = len(core.option), core.years
    last = (years - 1) * options
    _budgets(core, rows)
    _assets(core, rows, last)
    for rule, members in conflict_cliques(core):
        rows.add(np.zeros(len(members)), last + members, 1.0, count=1, upper=1.0, rule=rule)
    problem = core.problem
    for at, limit in enumerate(problem.rules.limits):
        which = core.kind == core.kinds.get_loc(limit.kind)
        if limit.district is not None:
            district = problem.assets["district"].astype(object).to_numpy() == limit.district
            which &= district[core.asset]
        some = np.flatnonzero(which)
        if limit.at_least:
            rows.add(
                np.zeros(len(some)), last + some, 1.0,
                count=1, lower=float(limit.at_least), rule=f"at_least:{at}",
            )  # fmt: skip
        if limit.at_most is not None:
            rows.add(
                np.zeros(len(some)), last + some, 1.0,
                count=1, upper=float(limit.at_most), rule=f"at_most:{at}",
            )  # fmt: skip
    for one in problem.rules.must:
        if one in problem.assets.index:
            some = np.flatnonzero(core.asset == problem.assets.index.get_loc(one))
        else:
            some = np.flatnonzero(core.option == problem.options.index.get_loc(one))
        rows.add(np.zeros(len(some)), last + some, 1.0, count=1, lower=1.0, rule=f"must:{one}")


def _budgets(core: Core, rows: Rows) -> None:
    """Money: what is spent up to a year is there by then; without carrying over, year by year."""
    rules, options, every = core.problem.rules, len(core.option), np.arange(len(core.option))
    cost = core.cost_yuan / YUAN
    yearly = core.yearly_yuan / YUAN * rules.yearly_in_budget
    carried = 0.0
    for t, budget in enumerate(rules.budget_yuan):
        carried = carried + budget if rules.carry_over else budget
        if not np.isfinite(carried):
            continue
        column, value = [t * options + every], [cost + yearly]
        if rules.carry_over:
            for before in range(t):
                column.append(before * options + every)
                value.append(yearly)
        elif t:
            column.append((t - 1) * options + every)
            value.append(-cost)
        entries = np.concatenate(value)
        some = np.flatnonzero(entries)
        rows.add(
            np.zeros(len(some)), np.concatenate(column)[some], entries[some],
            count=1, upper=carried / YUAN, rule="budget",
        )  # fmt: skip


def _assets(core: Core, rows: Rows, last: int) -> None:
    """One option for each asset, or a complex: floors that fit, one size of a kind, so many."""
    assets = core.problem.assets
    most = assets["most_kinds"].to_numpy(float)[core.asset]
    every = np.arange(len(core.option))
    single = np.flatnonzero(most <= 1)
    several = np.flatnonzero(most > 1)
    at, number = np.unique(core.asset[single], return_inverse=True)
    limit = assets["most_kinds"].to_numpy(float)[at]
    rows.add(number, last + single, 1.0, count=len(at), upper=limit)
    if not len(several):
        return
    key = core.asset[several] * len(core.kinds) + core.kind[several]
    at, number = np.unique(key, return_inverse=True)
    rows.add(number, last + several, 1.0, count=len(at), upper=1.0)
    at, number = np.unique(core.asset[several], return_inverse=True)
    rows.add(number, last + several, 1.0, count=len(at), upper=assets["most_kinds"].to_numpy()[at])
    floor = assets["floor_m2"].to_numpy(float)[at]
    bound = np.isfinite(floor)[number] & (core.floor_m2[several] > 0)
    some, number = several[bound], number[bound]
    at = at[np.isfinite(floor)]
    number = np.searchsorted(at, core.asset[some])
    floor = np.maximum(assets["floor_m2"].to_numpy(float)[at], 1e-9)
    rows.add(
        number, last + every[some], core.floor_m2[some] / floor[number], count=len(at), upper=1.0
    )
