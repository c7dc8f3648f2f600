"""The siting problem as a mixed integer programme, laid out in sparse arrays for HiGHS.

Columns: X (years · options), open in a year; u (years · groups in reach of sites without a
limit), share of a group that they serve; f (years · pairs of sites with a limit), share of the
group that the site serves. Rows: see :mod:`spatial.siting.problem`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from spatial.siting.rules import SitingWeights
from spatial.siting.solver.core import NEVER, Core, worth_of
from spatial.siting.solver.structure import Rows, Structure, structure_of

__all__ = ["Programme", "lay_out"]

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Want:
    """A row of persons that must be served: each person of the groups counts so much."""

    row: int
    group: int  # -1: all groups of the kind
    kind: int
    per_person: float


@dataclass(frozen=True, slots=True, eq=False)
class Programme:
    """Columns, rows and parts of the objective; `rule` says which rule each row stands for."""

    core: Core
    matrix: sparse.csr_array
    row_lower: Floats
    row_upper: Floats
    rule: npt.NDArray[Any]  # (rows,) keys as in clash.py; "" is none of the planner's
    structural: int  # the first rows are those of the structure
    once: Longs  # (years,) first of the rows that nobody is served twice, group by group
    wants: tuple[Want, ...]
    upper: Floats
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


def lay_out(core: Core, structure: Structure | None = None) -> Programme:
    """Lay a problem out as a programme; `structure` is that of its options, if it is known."""
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
    structure = structure_of(core) if structure is None else structure
    rows = Rows()
    every = np.arange(options)
    for t in range(years - 1):
        rows.add(
            np.concatenate([every, every]),
            np.concatenate([t * options + every, (t + 1) * options + every]),
            np.repeat([1.0, -1.0], options),
            count=options,
            upper=0.0,
        )
    once = np.zeros(years, dtype=np.int64)
    paired = core.group[tight].astype(np.int64)
    place = np.full(groups, -1, dtype=np.int64)
    place[covered] = np.arange(len(covered))
    for t in range(years):
        u, f = first_u + t * len(covered), first_f + t * len(tight)
        _served(core, rows, t, (owner, free, tight), (place, u, f))
        once[t] = structure.matrix.shape[0] + rows.count
        _once(core, rows, (paired, place), (u, f))
    fixed = structure.matrix.shape[0]
    wants = [Want(fixed + row, *want) for row, want in _wants(core, rows, (paired, place), (u, f))]
    upper = np.ones(columns)
    upper[binary:] = np.inf
    lower = np.zeros(columns)
    year = np.repeat(np.arange(years), options)
    upper[:binary][year < np.tile(core.earliest, years)] = 0.0
    lower[binary - options : binary][core.forced] = 1.0
    wide = sparse.csr_array(structure.matrix)
    wide.resize((fixed, columns))
    matrix = sparse.csr_array(sparse.vstack([wide, rows.matrix(columns)]))
    return Programme(
        core=core,
        matrix=matrix,
        row_lower=np.concatenate([structure.lower, *rows.lower]),
        row_upper=np.concatenate([structure.upper, *rows.upper]),
        rule=np.concatenate([structure.rule, *rows.rule]),
        structural=fixed,
        once=once,
        wants=tuple(wants),
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
    rows: Rows,
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


def _room(core: Core, rows: Rows, t: int, pairs: tuple[Longs, Floats, int]) -> None:
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


def _once(core: Core, rows: Rows, pairs: tuple[Longs, Longs], columns: tuple[int, int]) -> None:
    """Nobody is served twice in a year."""
    group, column = _by_group(pairs, columns)
    rows.add(group, column, 1.0, count=len(core.persons), upper=1.0)


def _by_group(pairs: tuple[Longs, Longs], columns: tuple[int, int]) -> tuple[Longs, Longs]:
    """Return the groups of a year's columns, and the columns."""
    paired, place = pairs
    free = np.flatnonzero(place >= 0)
    return (
        np.concatenate([paired, free]),
        np.concatenate([columns[1] + np.arange(len(paired)), columns[0] + place[free]]),
    )


def _wants(
    core: Core, rows: Rows, pairs: tuple[Longs, Longs], columns: tuple[int, int]
) -> Iterator[tuple[int, tuple[int, int, float]]]:
    """Add rows and shares that must be served in the last year; yield what each stands for."""
    group, column = _by_group(pairs, columns)
    frame, rules = core.problem.demand, core.problem.rules
    persons = frame["persons"].to_numpy(float)
    for name in rules.must_serve:
        at = int(frame.index.get_loc(name))
        if core.free_old[at] or not persons[at]:
            continue
        mine = int(core.group_of[at])
        some = column[group == mine] if mine >= 0 else column[:0]
        rule = f"serve:{name}"
        rows.add(np.zeros(len(some)), some, 1.0, count=1, lower=1.0 - 1e-9, rule=rule)
        yield rows.count - 1, (mine, -1, 1.0 / core.persons[mine] if mine >= 0 else 0.0)
    for kind, share in rules.least_share.items():
        number = int(core.kinds.get_loc(kind))
        which = core.group_kind[group] == number
        of_kind = (frame["kind"] == kind).to_numpy()
        total = float(persons[of_kind].sum())
        if total <= 0:  # nobody lacks the kind: any share of nobody is served
            continue
        already = float(persons[of_kind & core.free_old].sum())
        rows.add(
            np.zeros(int(which.sum())),
            column[which],
            core.persons[group[which]] / total,
            count=1,
            lower=share - already / total - 1e-9,
            rule=f"share:{kind}",
        )
        yield rows.count - 1, (-1, number, 1.0 / total)
