"""The siting problem as a mixed integer programme, laid out in sparse arrays for HiGHS.

Columns: X (years · options), open in a year; u (years · groups in reach of sites without a
limit), share of a group that they serve; f (years · pairs of sites with a limit), share of the
group that the site serves. Rows: see :mod:`spatial.siting.problem`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from spatial.siting.rules import SitingWeights
from spatial.siting.solve_conflicts import conflict_cliques
from spatial.siting.solve_core import NEVER, YUAN, Core, worth_of

__all__ = ["Programme", "lay_out"]

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Programme:
    """Columns, rows and parts of the objective; `rule` says which rule each row stands for."""

    core: Core
    matrix: sparse.csr_array
    row_lower: Floats
    row_upper: Floats
    rule: npt.NDArray[Any]  # (rows,) keys as in clash.py; "" is none of the planner's
    upper: Floats  # (columns,); lower is 0
    lower: Floats
    binary: int  # the first columns, years · options
    covered: Longs  # groups in reach of sites without a limit
    free: npt.NDArray[np.bool_]  # (pairs,) of such sites
    parts: dict[str, Floats]  # by part: what each column adds

    def objective(self, weights: SitingWeights) -> Floats:
        """Return what each column adds to the weighted sum, to be made as large as can be."""
        sign = {"people": 1.0}
        total = np.zeros(len(self.upper))
        for part, adds in self.parts.items():
            total += sign.get(part, -1.0) * weights.of(part) * adds
        return total

    def years_of(self, column: Floats) -> Longs:
        """Year in which each option opens, NEVER where it does not."""
        is_open = column[: self.binary].reshape(self.core.years, -1) > 0.5
        return np.where(is_open.any(axis=0), is_open.argmax(axis=0), NEVER)

    def columns_of(self, year: Longs) -> Floats:
        """All columns of a plan, served as well as can be."""
        core = self.core
        flow = worth_of(core, year).flow
        t = np.arange(core.years)[:, None]
        column = np.zeros(len(self.upper))
        column[: self.binary] = ((year != NEVER) & (year <= t)).ravel()
        share = flow / core.persons[core.group]
        free = np.zeros((core.years, len(core.persons)))
        for s in range(core.years):
            np.add.at(free[s], core.group[self.free], share[s, self.free])
        column[self.binary :] = np.concatenate(
            [free[:, self.covered].ravel(), share[:, ~self.free].ravel()]
        )
        return column


@dataclass(slots=True)
class _Rows:
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


def lay_out(core: Core) -> Programme:
    """Lay a problem out as a programme."""
    options, years, groups = len(core.option), core.years, len(core.persons)
    unlimited = np.zeros(core.sites + len(core.old_capacity), dtype=bool)
    unlimited[: core.sites] = core.unlimited
    owner = np.repeat(np.arange(len(unlimited)), np.diff(core.start))
    free = unlimited[owner]
    covered = np.unique(core.group[free]).astype(np.int64)
    tight = np.flatnonzero(~free)
    binary = years * options
    first_u, first_f = binary, binary + years * len(covered)
    columns = first_f + years * len(tight)
    rows = _Rows()
    _rules(core, rows)
    place = np.full(groups, -1, dtype=np.int64)
    place[covered] = np.arange(len(covered))
    for t in range(years):
        u, f = first_u + t * len(covered), first_f + t * len(tight)
        _served(core, rows, t, (owner, free, tight), (place, u, f))
    upper = np.ones(columns)
    lower = np.zeros(columns)
    year = np.repeat(np.arange(years), options)
    upper[:binary][year < np.tile(core.earliest, years)] = 0.0
    lower[binary - options : binary][core.forced] = 1.0
    matrix = sparse.csr_array(
        (np.concatenate(rows.value), (np.concatenate(rows.row), np.concatenate(rows.column))),
        shape=(rows.count, columns),
    )
    return Programme(
        core=core,
        matrix=matrix,
        row_lower=np.concatenate(rows.lower),
        row_upper=np.concatenate(rows.upper),
        rule=np.concatenate(rows.rule),
        upper=upper,
        lower=lower,
        binary=binary,
        covered=covered,
        free=free,
        parts=_parts(core, covered, core.group[tight].astype(np.int64)),
    )


def _parts(core: Core, covered: Longs, paired: Longs) -> dict[str, Floats]:
    """Return what each column adds to each part."""
    years, options = core.years, len(core.option)
    mass = core.persons * core.weight
    per_year = np.concatenate([mass[covered], mass[paired]])
    cut = len(covered)
    binary = years * options
    last = slice(binary - options, binary)
    parts = {
        name: np.zeros(binary + years * len(per_year))
        for name in ("people", "money", "running", "waiting", "risk")
    }
    parts["money"][last] = core.cost_yuan
    parts["risk"][last] = core.risk
    parts["running"][:binary] = np.tile(core.yearly_yuan, years)
    for t in range(years):
        u = binary + t * cut
        f = binary + years * cut + t * len(paired)
        for name, share in (
            ("people", float(t == years - 1)),
            ("waiting", years - 1.0 if t == years - 1 else -1.0),
        ):
            parts[name][u : u + cut] = share * per_year[:cut]
            parts[name][f : f + len(paired)] = share * per_year[cut:]
    return parts


def _served(
    core: Core,
    rows: _Rows,
    t: int,
    pairs: tuple[Longs, npt.NDArray[np.bool_], Longs],
    columns: tuple[Longs, int, int],
) -> None:
    """Rows of one year: only by what is open, within its room, nobody twice."""
    owner, free, tight = pairs
    place, first_u, first_f = columns
    options = len(core.option)
    by_site = np.argsort(core.site, kind="stable")
    many = np.bincount(core.site, minlength=core.sites + len(core.old_capacity))
    first = np.cumsum(many) - many

    def opened(pair: Longs) -> tuple[Longs, Longs]:
        """Entries (number within `pair`, option) of the options of each pair's site."""
        count = many[owner[pair]]
        entry = np.repeat(np.arange(len(pair)), count)
        step = np.arange(len(entry)) - np.repeat(np.cumsum(count) - count, count)
        return entry, by_site[np.repeat(first[owner[pair]], count) + step]

    some = np.flatnonzero(free)
    covered = np.flatnonzero(place >= 0)
    entry, option = opened(some)
    where = place[core.group[some].astype(np.int64)]
    rows.add(
        np.concatenate([np.arange(len(covered)), where[entry]]),
        np.concatenate([first_u + np.arange(len(covered)), t * options + option]),
        np.concatenate([np.ones(len(covered)), -np.ones(len(entry))]),
        count=len(covered),
        upper=0.0,
    )
    new = np.flatnonzero(owner[tight] < core.sites)
    entry, option = opened(tight[new])
    persons = core.persons[core.group[tight].astype(np.int64)]
    holds = np.minimum(1.0, core.capacity[option] / persons[new][entry])
    rows.add(
        np.concatenate([np.arange(len(new)), entry]),
        np.concatenate([first_f + new, t * options + option]),
        np.concatenate([np.ones(len(new)), -holds]),
        count=len(new),
        upper=0.0,
    )
    _room(core, rows, t, (owner[tight], persons, first_f))
    _once(core, rows, (core.group[tight].astype(np.int64), place), (first_u, first_f), t)


def _room(core: Core, rows: _Rows, t: int, pairs: tuple[Longs, Floats, int]) -> None:
    """No site serves more than the room of what is open there."""
    owner, persons, first_f = pairs
    sites, number = np.unique(owner, return_inverse=True)
    most = np.zeros(core.sites + len(core.old_capacity))
    np.maximum.at(most, core.site, core.capacity)
    most[core.sites :] = core.old_capacity
    most = np.maximum(most, 1e-9)
    option = np.flatnonzero(np.isin(core.site, sites))
    rows.add(
        np.concatenate([number, np.searchsorted(sites, core.site[option])]),
        np.concatenate([first_f + np.arange(len(owner)), t * len(core.option) + option]),
        np.concatenate([persons / most[owner], -core.capacity[option] / most[core.site[option]]]),
        count=len(sites),
        upper=np.where(sites >= core.sites, 1.0, 0.0),
        rule="capacity",
    )


def _once(
    core: Core, rows: _Rows, pairs: tuple[Longs, Longs], columns: tuple[int, int], t: int
) -> None:
    """Nobody is served twice; and what must be served is."""
    paired, place = pairs
    first_u, first_f = columns
    groups = len(core.persons)
    free = np.flatnonzero(place >= 0)
    group = np.concatenate([paired, free])
    column = np.concatenate([first_f + np.arange(len(paired)), first_u + place[free]])
    rows.add(group, column, 1.0, count=groups, upper=1.0)
    if t < core.years - 1:
        return
    demand = core.problem.demand.index
    for row in core.problem.rules.must_serve:
        at = core.group_of[demand.get_loc(row)]
        mine = column[group == at] if at >= 0 else np.zeros(0, np.int64)
        served = core.free_old[demand.get_loc(row)] or not core.problem.demand.at[row, "persons"]
        if not served:
            rows.add(np.zeros(len(mine)), mine, 1.0, count=1, lower=1.0 - 1e-9, rule=f"serve:{row}")
    frame = core.problem.demand
    for kind, share in core.problem.rules.least_share.items():
        which = core.group_kind[group] == core.kinds.get_loc(kind)
        of_kind = (frame["kind"] == kind).to_numpy()
        persons = frame["persons"].to_numpy(float)
        total = max(float(persons[of_kind].sum()), 1e-9)
        already = float(persons[of_kind & core.free_old].sum())
        rows.add(
            np.zeros(int(which.sum())),
            column[which],
            core.persons[group[which]] / total,
            count=1,
            lower=share - already / total - 1e-9,
            rule=f"share:{kind}",
        )


def _rules(core: Core, rows: _Rows) -> None:
    """Rows about the options alone."""
    options, years = len(core.option), core.years
    last = (years - 1) * options
    every = np.arange(options)
    for t in range(years - 1):
        rows.add(
            np.concatenate([every, every]),
            np.concatenate([t * options + every, (t + 1) * options + every]),
            np.repeat([1.0, -1.0], options),
            count=options,
            upper=0.0,
        )
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


def _budgets(core: Core, rows: _Rows) -> None:
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


def _assets(core: Core, rows: _Rows, last: int) -> None:
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
