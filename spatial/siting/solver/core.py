"""A siting problem as arrays: no more options, sites and demand rows than matter.

Options that cannot be chosen or that another size of the same site beats in everything are
left out; demand rows with the same sites in reach are one group; sizes of one site share their
pairs. What a plan is worth is said here too, exactly, whoever made the plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.siting.problem import SitingProblem
from spatial.siting.rules import PARTS, SitingWeights
from spatial.siting.solver.service import serve

__all__ = ["NEVER", "Core", "Worth", "compile_problem", "group_rows", "parts_of", "worth_of"]

Longs = npt.NDArray[np.int64]
Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
FAR: Final = 2.0**31
"""Years beyond any plan are one year."""
NEVER: Final = -1
"""Year of an option that is not chosen."""
YUAN: Final = 10_000.0
"""Budgets are laid out in units of 10,000 yuan: numbers of one size are solved more safely."""


@dataclass(frozen=True, slots=True, eq=False)
class Core:
    """Options o, sites j = (asset, kind, reach), groups of demand rows g; years t."""

    problem: SitingProblem
    option: Longs  # (o,) row of the problem's options
    site: Longs  # (o,) site of each option
    asset: Longs  # (o,)
    kind: Longs  # (o,)
    cost_yuan: Floats
    yearly_yuan: Floats
    floor_m2: Floats
    risk: Floats
    earliest: Longs
    capacity: Floats  # (o,) persons; inf where it holds all in reach
    sites: int  # of options; existing ones follow as sites, sites + 1, …
    old_capacity: Floats  # (e,) of the existing that have a limit
    start: Longs  # (sites + e + 1,) CSR: groups that each site reaches
    group: Ints
    persons: Floats  # (g,)
    weight: Floats  # (g,) of a person
    group_kind: Longs
    wanted: Flags  # (g,) must be served
    group_of: Longs  # (demand rows,) -1: no site reaches it, or it is served by what stands
    free_old: Flags  # (demand rows,) served by an existing facility without a limit
    kinds: pd.Index
    forced: Flags  # (o,) must
    left_out: dict[int, tuple[str, int]]  # option row -> why, and by which option row
    baseline: Floats  # (g,) persons served by what stands alone

    @property
    def years(self) -> int:
        """Years that are planned."""
        return self.problem.rules.years

    @property
    def unlimited(self) -> Flags:
        """Sites whose options hold all that they reach, shape (sites,)."""
        flags = np.ones(self.sites, dtype=bool)
        flags[self.site[np.isfinite(self.capacity)]] = False
        return flags

    @property
    def first_served(self) -> Floats:
        """Weights by which those who must be served come before all others, shape (g,)."""
        return self.weight + self.wanted * (1.0 + 2.0 * self.weight.max(initial=0.0))

    def year_gains(self, weights: SitingWeights) -> Floats:
        """Return what a weighted person served in each year adds; shape (years,)."""
        gains = np.full(self.years, weights.waiting_per_person_year)
        gains[-1] = weights.people - weights.waiting_per_person_year * (self.years - 1)
        return gains

    def standing(self, years: Longs) -> Longs:
        """Bring years by option row of the problem to the options here."""
        return years[self.option]


@dataclass(frozen=True, slots=True, eq=False)
class Worth:
    """What a plan does: persons served by group, pair and year, and each part."""

    served: Floats  # (years, g)
    flow: Floats  # (years, pairs) persons
    parts: dict[str, float]

    def value(self, weights: SitingWeights) -> float:
        """Weighted sum of the parts."""
        return sum(
            (1.0 if part.gain else -1.0) * weights.of(part.key) * self.parts[part.key]
            for part in PARTS
        )


def worth_of(core: Core, year: Longs) -> Worth:
    """Return what a plan (`year` of each option, or NEVER) is worth, served as well as can be."""
    chosen = year != NEVER
    served = np.zeros((core.years, len(core.persons)))
    flow = np.zeros((core.years, len(core.group)))
    for t in range(core.years):
        last_wanted = t == core.years - 1 and core.wanted.any()
        if t and not (chosen & (year == t)).any() and not last_wanted:
            served[t], flow[t] = served[t - 1], flow[t - 1]
            continue
        room = np.zeros(core.sites + len(core.old_capacity))
        now = chosen & (year <= t)
        np.add.at(room, core.site[now], core.capacity[now])
        room[core.sites :] = core.old_capacity
        first = core.first_served if last_wanted else core.weight
        served[t], flow[t] = serve(core.start, core.group, room, core.persons, first)
    return Worth(served, flow, parts_of(core, year, served))


def parts_of(core: Core, year: Longs, served: Floats) -> dict[str, float]:
    """Return each part of what a plan is worth that serves so many, (years, groups)."""
    chosen = year != NEVER
    # not as matrix products: threads of the linear algebra would spin far longer than they count
    weighted = (served * core.weight).sum(axis=1)
    open_years = np.where(chosen, core.years - year, 0)
    base = float((core.baseline * core.weight).sum())
    return {
        "people": float(weighted[-1] - base),
        "money": float(core.cost_yuan[chosen].sum()),
        "running": float((core.yearly_yuan * open_years).sum()),
        "waiting": float((weighted[-1] - weighted[:-1]).sum()),
        "risk": float(core.risk[chosen].sum()),
    }


def compile_problem(problem: SitingProblem) -> Core:
    """Bring a problem to arrays; see the top of this file."""
    options, rules = problem.options, problem.rules
    demand = problem.demand
    persons = demand["persons"].to_numpy(float) + 0.0
    reach = np.repeat(np.arange(len(options)), np.diff(problem.start))
    row = problem.row.astype(np.int64)
    old_capacity = problem.existing["capacity_persons"].to_numpy(float)
    old = np.repeat(np.arange(len(old_capacity)), np.diff(problem.existing_start))
    free_old = np.zeros(len(demand), dtype=bool)
    free_old[problem.existing_row[np.isinf(old_capacity)[old]]] = True
    alive = ~free_old & (persons > 0)
    kept = alive[row]
    reach, row = reach[kept], row[kept]
    asset = problem.assets.index.get_indexer(options["asset"]).astype(np.int64)
    kinds = pd.Index(sorted({*options["kind"], *demand["kind"]}))
    kind = kinds.get_indexer(options["kind"]).astype(np.int64)
    in_reach = np.bincount(reach, persons[row], minlength=len(options)).astype(float)
    figures = _figures(problem, in_reach)
    forced, barred = _named(problem)
    left_out: dict[int, tuple[str, int]] = {
        int(o): ("must_not", -1) for o in np.flatnonzero(barred)
    }
    late = (figures["earliest"] >= rules.years) & ~barred
    left_out |= {int(o): ("late", -1) for o in np.flatnonzero(late)}
    sums = _row_sums(reach, row, len(options), len(demand))
    needed = {limit.kind for limit in rules.limits if limit.at_least}
    musts = problem.assets.index.isin(list(rules.must))[asset] | forced
    useless = (np.bincount(reach, minlength=len(options)) == 0) & ~musts & ~barred & ~late
    useless &= ~options["kind"].isin(list(needed)).to_numpy()
    left_out |= {int(o): ("no_demand", -1) for o in np.flatnonzero(useless)}
    open_ = np.flatnonzero(~(barred | late | useless))
    sites_key = np.stack([asset[open_], kind[open_], *sums[open_].T.view(np.int64)])
    site = np.unique(sites_key, axis=1, return_inverse=True)[1].ravel()
    beaten = _beaten(site, {name: value[open_] for name, value in figures.items()}, forced[open_])
    lost = np.flatnonzero(beaten >= 0)
    left_out |= {int(open_[o]): ("dominated", int(open_[beaten[o]])) for o in lost}
    option = open_[beaten < 0]
    site = np.unique(site[beaten < 0], return_inverse=True)[1].astype(np.int64)
    limited = np.zeros(len(option) + 1, dtype=bool)
    limited[site[np.isfinite(figures["capacity"][option])]] = True
    mixed = option[limited[site] & np.isinf(figures["capacity"][option])]
    figures["capacity"][mixed] = np.maximum(in_reach[mixed], 1.0)
    return _grouped(
        problem, option, site, (reach, row), old, alive,
        named={"asset": asset[option], "kind": kind[option], "forced": forced[option]},
        figures={name: value[option] for name, value in figures.items()},
        rest={"free_old": free_old, "kinds": kinds, "left_out": left_out},
    )  # fmt: skip


def _figures(problem: SitingProblem, in_reach: Floats) -> dict[str, Any]:
    """Return the figures of all options; a capacity that holds all in reach is no limit."""
    options = problem.options
    capacity = options["capacity_persons"].to_numpy(float)
    return {
        "cost_yuan": options["cost_yuan"].to_numpy(float),
        "yearly_yuan": options["yearly_yuan"].to_numpy(float),
        "floor_m2": options["floor_m2"].to_numpy(float),
        "risk": options["consent_risk_share"].to_numpy(float),
        "earliest": np.ceil(np.minimum(options["earliest_year"].to_numpy(float), FAR)).astype(int),
        "capacity": np.where(capacity >= in_reach, np.inf, capacity),
    }


def _named(problem: SitingProblem) -> tuple[Flags, Flags]:
    """Return which options must be chosen, and which must not (by their asset or by name)."""
    options, rules = problem.options, problem.rules
    forced = options.index.isin(list(rules.must))
    barred = options.index.isin(list(rules.must_not))
    barred |= options["asset"].isin(list(rules.must_not)).to_numpy()
    return forced & ~barred, barred


def _row_sums(reach: Longs, row: Longs, options: int, rows: int) -> npt.NDArray[np.uint64]:
    """Two random sums of each option's rows: options with the same rows have the same sums."""
    rng = np.random.default_rng(20_260)
    sums = np.zeros((options, 2), dtype=np.uint64)
    for part in range(2):
        number = rng.integers(1, 2**63, rows).astype(np.uint64)
        np.add.at(sums[:, part], reach, number[row])
    return sums


def _beaten(site: Longs, figures: dict[str, Any], forced: Flags) -> Longs:
    """For each option, one of the same site that is as good in everything; -1 if there is none.

    Options of a site are compared with their neighbours in the order of cost, one place away,
    then two …: as many rounds as the largest site has options.
    """
    beaten = np.full(len(site), -1, dtype=np.int64)
    order = np.lexsort((np.arange(len(site)), figures["cost_yuan"], site))
    for step in range(1, int(np.bincount(site, minlength=1).max(initial=0))):
        for one, other in ((order[step:], order[:-step]), (order[:-step], order[step:])):
            better = (site[one] == site[other]) & ~forced[one] & (beaten[one] < 0)
            for name in ("cost_yuan", "yearly_yuan", "floor_m2", "risk", "earliest"):
                better &= figures[name][other] <= figures[name][one]
            better &= figures["capacity"][other] >= figures["capacity"][one]
            better &= beaten[other] < 0
            beaten[one[better]] = other[better]
    return beaten


def _grouped(
    problem: SitingProblem,
    option: Longs,
    site: Longs,
    pairs: tuple[Longs, Longs],
    old: Longs,
    alive: Flags,
    *,
    named: dict[str, Any],
    figures: dict[str, Any],
    rest: dict[str, Any],
) -> Core:
    """Join rows that the same sites reach, and lay the pairs out by site."""
    sites = int(site.max(initial=-1)) + 1
    demand = problem.demand
    persons = demand["persons"].to_numpy(float)
    weight = demand["weight"].to_numpy(float)
    stand_in = np.full(len(problem.options), -1, dtype=np.int64)  # one option for each site
    first = np.unique(site, return_index=True)[1]
    stand_in[option[first]] = np.arange(sites)
    of_site = stand_in[pairs[0]]
    keep = of_site >= 0
    of_site, row = of_site[keep], pairs[1][keep]
    old_capacity = problem.existing["capacity_persons"].to_numpy(float)
    limited = np.flatnonzero(np.isfinite(old_capacity))
    number = np.full(len(old_capacity), -1, dtype=np.int64)
    number[limited] = sites + np.arange(len(limited))
    old_row = problem.existing_row.astype(np.int64)
    keep = (number[old] >= 0) & alive[old_row]
    owner = np.concatenate([of_site, number[old[keep]]])
    row = np.concatenate([row, old_row[keep]])
    supplies = sites + len(limited)
    tight = np.ones(supplies, dtype=bool)
    tight[:sites] = False
    tight[site[np.isfinite(figures["capacity"])]] = True
    wanted = demand.index.isin(list(problem.rules.must_serve)) & alive
    group_of, first_row = group_rows(owner, row, len(demand), supplies, tight, weight, wanted)
    members = np.flatnonzero(group_of >= 0)
    group_persons = np.bincount(
        group_of[members], persons[members], minlength=len(first_row)
    ).astype(float)
    worth = np.bincount(group_of[members], (persons * weight)[members], minlength=len(first_row))
    is_first = np.zeros(len(demand), dtype=bool)
    is_first[first_row] = True
    keep = is_first[row]
    owner, group = owner[keep], group_of[row[keep]]
    order = np.lexsort((group, owner))
    start = np.searchsorted(owner[order], np.arange(supplies + 1)).astype(np.int64)
    kinds = rest["kinds"]
    core = Core(
        problem=problem,
        option=option,
        site=site,
        asset=named["asset"],
        kind=named["kind"],
        cost_yuan=figures["cost_yuan"],
        yearly_yuan=figures["yearly_yuan"],
        floor_m2=figures["floor_m2"],
        risk=figures["risk"],
        earliest=figures["earliest"],
        capacity=figures["capacity"],
        sites=sites,
        old_capacity=old_capacity[limited],
        start=start,
        group=group[order].astype(np.int32),
        persons=group_persons,
        weight=worth / group_persons,
        group_kind=kinds.get_indexer(demand["kind"].iloc[first_row]).astype(np.int64),
        wanted=wanted[first_row],
        group_of=group_of,
        free_old=rest["free_old"],
        kinds=kinds,
        forced=named["forced"],
        left_out=rest["left_out"],
        baseline=np.zeros(len(first_row)),
    )
    room = np.zeros(supplies)
    room[sites:] = core.old_capacity
    core.baseline[:] = serve(core.start, core.group, room, core.persons, core.weight)[0]
    return core


def group_rows(
    owner: Longs,
    row: Longs,
    rows: int,
    supplies: int,
    tight: Flags,
    weight: Floats,
    wanted: Flags,
) -> tuple[Longs, Longs]:
    """Give rows one number by the sites that reach them; and by weight where one is limited."""
    rng = np.random.default_rng(10_711)
    key = np.zeros((4, rows), dtype=np.uint64)
    for part in range(2):
        number = rng.integers(1, 2**63, supplies).astype(np.uint64)
        np.add.at(key[part], row, number[owner])
    limited = np.zeros(rows, dtype=bool)
    limited[row[tight[owner]]] = True
    key[2] = np.where(limited, weight, -1.0).view(np.uint64)
    key[3] = wanted
    reached = np.zeros(rows, dtype=bool)
    reached[row] = True
    some = np.flatnonzero(reached)
    _, first, inverse = np.unique(key[:, some], axis=1, return_index=True, return_inverse=True)
    group_of = np.full(rows, -1, dtype=np.int64)
    group_of[some] = inverse.ravel()
    return group_of, some[first]
