"""What no plan can beat: a bound from prices, for every option at once.

Give each person of group *g* in year *t* a price π ≥ 0 and each rule about options a price *y*.
Then (Lagrangian relaxation; Geoffrion 1974, Mathematical Programming Study 2, 82-114) no plan is
worth more than

    Σ π_gt p_g + Σ y_r b_r + what stands earns + Σ_o max(0, max_τ ρ_oτ),
    ρ_oτ = Σ_{t ≥ τ} [ most_o Σ_g (v_gt - π_gt) s  -  costs_ot  -  Σ_r y_r a_rot ],

where *v* is what a person served is worth and the inner sum is filled person by person, the best
first, up to the capacity. ρ_o says what option *o* would add: with π and *y* from a linear
relaxation over some of the options, it prices all the others (column generation), and an option
with bound + ρ_o below a known plan is in no better plan. The bound holds for any prices, so it
does not hang on the tolerance of a solver.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from spatial.siting.rules import SitingWeights
from spatial.siting.solver.core import Core
from spatial.siting.solver.narrow import Narrow
from spatial.siting.solver.programme import Programme
from spatial.siting.solver.structure import Structure

__all__ = ["Aim", "Priced", "Prices", "earnings", "price_all", "prices_of"]

Longs = npt.NDArray[np.int64]
Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
_jit: Any = numba.njit(cache=True, nogil=True)


@dataclass(frozen=True, slots=True)
class Aim:
    """What is made as large as can be, and which parts must not fall below what they were.

    `least` holds (part, amount), signed so that more is better; `people` counts what stands too.
    """

    weights: SitingWeights
    least: tuple[tuple[str, float], ...] = ()

    def rows(self, programme: Programme) -> tuple[Floats, Floats, Floats]:
        """Return the rows of the parts kept, (parts, columns), their levels and their scales."""
        rows, level, scale = [], [], []
        for part, amount in self.least:
            adds = programme.parts[part] * (1.0 if part == "people" else -1.0)
            size = max(1.0, float(np.abs(adds).max(initial=0.0)))
            rows.append(adds / size)
            level.append((amount - 1e-9 * max(1.0, abs(amount))) / size)
            scale.append(size)
        shape = (len(rows), len(programme.upper))
        return np.array(rows).reshape(shape), np.array(level), np.array(scale)

    def with_prices(self, price: Floats) -> SitingWeights:
        """Return the weights of the sum that prices of the kept parts make."""
        weight = {name: self.weights.of(name) for name in ("people", "money", "running")}
        weight |= {name: self.weights.of(name) for name in ("waiting", "risk")}
        for (part, _), more in zip(self.least, price, strict=True):
            weight[part] += float(more)
        return SitingWeights(*weight.values())


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """Prices of persons and rules, and what they make of the worth of a person served."""

    person: Floats  # (years, groups)
    rule: Floats  # (rows of the structure,)
    worth: Floats  # (years, groups) of a person served
    weights: SitingWeights  # of the costs of options
    constant: float

    def halfway(self, other: Prices) -> Prices:
        """Return the prices in the middle: the bound is convex, so it is often far better there."""
        mixed = [
            (getattr(self.weights, one.name) + getattr(other.weights, one.name)) / 2
            for one in fields(SitingWeights)
        ]
        return Prices(
            (self.person + other.person) / 2,
            (self.rule + other.rule) / 2,
            (self.worth + other.worth) / 2,
            SitingWeights(*mixed),
            (self.constant + other.constant) / 2,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Priced:
    """A bound, what each option would add to it at best (ρ, (options,)), and the prices."""

    bound: float
    adds: Floats
    prices: Prices


def prices_of(
    core: Core,
    structure: Structure,
    some: Narrow,
    programme: Programme,
    aim: Aim,
    dual: Floats,
) -> Prices:
    """Return prices for everything from those of a relaxation over some of the options.

    Parameters
    ----------
    core, structure : all options
    some, programme : the options of the relaxation, and its programme
    aim : Aim
    dual : array, shape (rows of the programme + parts kept,)
        Prices of its rows: ≥ 0 for an upper limit, ≤ 0 for a lower one.
    """
    row = dual[: len(programme.row_lower)]
    kept = -np.minimum(dual[len(row) :], 0.0)
    _, level, scale = aim.rows(programme)
    weights = aim.with_prices(kept / scale)
    worth = core.year_gains(weights)[:, None] * core.weight
    constant = -aim.weights.people * float(core.baseline @ core.weight) - float(kept @ level)
    for want in programme.wants:
        y = -min(row[want.row], 0.0)
        which = some.into == want.group if want.group >= 0 else core.group_kind == want.kind
        worth[-1, which] += y * want.per_person
        constant -= y * programme.row_lower[want.row]
    y = row[: programme.structural]
    y = np.where(np.isinf(structure.upper), np.minimum(y, 0.0), y)
    y = np.where(np.isinf(structure.lower), np.maximum(y, 0.0), y)
    return Prices(_prices(core, some, programme, row, worth), y, worth, weights, constant)


def price_all(core: Core, structure: Structure, prices: Prices) -> Priced:
    """Price all options."""
    years, options, y = core.years, len(core.option), prices.rule
    profit = earnings(core, prices.worth - prices.person)
    at = np.where(y > 0, structure.upper, structure.lower)
    constant = prices.constant + float(y[y != 0] @ at[y != 0])
    net = profit[:, :options] - (structure.matrix.T @ y).reshape(years, options)
    net -= prices.weights.running_per_yuan * core.yearly_yuan
    net[-1] -= prices.weights.money_per_yuan * core.cost_yuan + prices.weights.risk * core.risk
    later = np.cumsum(net[::-1], axis=0)[::-1]
    later[np.arange(years)[:, None] < core.earliest] = -np.inf
    adds = later.max(axis=0)
    gain = np.where(core.forced, adds, np.maximum(adds, 0.0))
    bound = constant + float((prices.person @ core.persons).sum())
    bound += float(profit[:, options:].sum())
    return Priced(bound + float(gain.sum()), adds, prices)


def earnings(core: Core, margin: Floats) -> Floats:
    """Return what each option earns at most in each year, then of what stands.

    Parameters
    ----------
    margin : array, shape (years, groups)
        What a person served is worth above its price.
    """
    return np.asarray(
        _profits(
            core.start, core.group, core.persons, margin,
            *_by_site(core), core.capacity, core.old_capacity,
        )
    )  # fmt: skip


def _prices(core: Core, some: Narrow, programme: Programme, row: Floats, value: Floats) -> Floats:
    """Prices of all groups: those of the relaxation's groups, shared out by worth."""
    groups = len(some.core.persons)
    inside = np.flatnonzero(some.into >= 0)
    at = some.into[inside]
    price = np.zeros((core.years, len(core.persons)))
    for t in range(core.years):
        total = np.maximum(row[programme.once[t] : programme.once[t] + groups], 0.0)
        mass = np.bincount(at, (value[t] * core.persons)[inside], minlength=groups)
        share = np.divide(total, mass, out=np.zeros(groups), where=mass > 0)
        price[t, inside] = value[t, inside] * share[at]
    return price


def _by_site(core: Core) -> tuple[Longs, Longs]:
    """Options by site, CSR."""
    order = np.argsort(core.site, kind="stable")
    return np.searchsorted(core.site[order], np.arange(core.sites + 1)), order


@_jit
def _profits(
    start: Longs,
    group: Ints,
    persons: Floats,
    margin: Floats,
    first: Longs,
    option: Longs,
    capacity: Floats,
    old_capacity: Floats,
) -> Floats:
    """Earnings of each option at most in each year, then of what stands."""
    years, sites, options = margin.shape[0], len(first) - 1, len(capacity)
    out = np.zeros((years, options + len(old_capacity)))
    for t in range(years):
        for j in range(sites + len(old_capacity)):
            pairs = group[start[j] : start[j + 1]]
            size = len(pairs)
            rate, many = np.empty(size), np.empty(size)
            count, total, amount = 0, 0.0, 0.0
            for k in range(size):
                g = pairs[k]
                if margin[t, g] > 0:
                    rate[count], many[count] = margin[t, g], persons[g]
                    total += margin[t, g] * persons[g]
                    amount += persons[g]
                    count += 1
            is_new = j < sites
            order = np.empty(0, np.int64)
            for at in range(first[j] if is_new else 0, first[j + 1] if is_new else 1):
                o = option[at] if is_new else options + j - sites
                room = capacity[o] if is_new else old_capacity[j - sites]
                if amount <= room:
                    out[t, o] = total
                    continue
                if len(order) == 0:
                    order = np.argsort(-rate[:count])
                sum_ = 0.0
                for at_rank in order:
                    if many[at_rank] >= room:
                        sum_ += rate[at_rank] * room
                        break
                    sum_ += rate[at_rank] * many[at_rank]
                    room -= many[at_rank]
                out[t, o] = sum_
    return out
