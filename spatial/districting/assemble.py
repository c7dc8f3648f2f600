"""Put the flat arrays of a problem together, from units and limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.districting.pooling import Pooling
from spatial.districting.problem import (
    EXTRA,
    ROUNDING,
    WEIGHTS,
    Bits,
    Flat,
    Floats,
    Ints,
    Problem,
    Rows,
    components_of,
    compressed,
)
from spatial.districting.rules import Weights
from spatial.errors import IndexMismatchError, InputError

__all__ = ["Limits", "Units", "assemble"]

PER_PERSON_GAPS = 1000.0
"""Person-gaps closed that the weight of sharing stands for."""


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """Hard limits of a district.

    Parameters
    ----------
    maximum, minimum : mapping of amount to float
    hard_minimum : bool
        A district of several units below a minimum is illegal; otherwise it costs, by the
        weight of shortfall. A unit alone is legal either way, and reported.
    max_distance_m : float or None
        Between any two members.
    balance_of : str or None
        The amount whose distance from the middle of its limits is balance; without both limits
        there is no balance.
    """

    maximum: Mapping[str, float] = field(default_factory=dict)
    minimum: Mapping[str, float] = field(default_factory=dict)
    hard_minimum: bool = False
    max_distance_m: float | None = None
    balance_of: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """What is to be partitioned, before ties: row ``i`` is unit ``i``.

    Parameters
    ----------
    ids : Index, shape (n,)
    values : array, shape (n, K)
        Needs, standardised; NaN = unknown.
    first, second : arrays of int, shape (m,)
        Links.
    link_m : array, shape (m,)
        Their walk in metres.
    amounts : mapping of name to array (n,)
    xy_m : array, shape (n, 2)
        Middles.
    area_m2, inertia_m4 : arrays, shape (n,)
        Of the land that a district is drawn with; the inertia around its own middle.
    office : array of int, shape (n,)
        Street office; -1 = unknown.
    atom : array of int, shape (n,)
        Units of one number must stay together; numbered by the smallest row.
    lock : array of int, shape (atoms,)
        Number of the locked district; -1 = none.
    labels : tuple of str
        Ids of the locked districts.
    closed : array of bool, one for each label
    alone : array of bool, shape (n,)
    pairs : tuple of arrays (first, second, metres) or None
        Units within the distance limit; None measures straight between middles.
    apart : array of int, shape (p, 2)
        Units that must not share a district.
    pooling : Pooling or None
    needs : tuple of str, length K
    cut : mapping
        Links that were taken out before, by reason.
    """

    ids: pd.Index
    values: Floats
    first: Ints
    second: Ints
    link_m: Floats
    amounts: Mapping[str, Floats]
    xy_m: Floats
    area_m2: Floats
    inertia_m4: Floats
    office: Ints
    atom: Ints
    lock: Ints
    labels: tuple[str, ...] = ()
    closed: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))
    alone: npt.NDArray[np.bool_] | None = None
    pairs: tuple[Ints, Ints, Floats] | None = None
    apart: Ints = field(default_factory=lambda: np.zeros((0, 2), dtype=np.int64))
    pooling: Pooling | None = None
    needs: tuple[str, ...] = ()
    cut: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of_arrays(
        cls,
        values: Floats,
        links: Ints,
        *,
        amounts: Mapping[str, npt.NDArray],
        xy_m: npt.NDArray | None,
        office: npt.NDArray | None,
    ) -> Units:
        """Units without geography, each of its own; see :meth:`Problem.from_arrays`."""
        n = len(values)
        given = {name: np.asarray(found, dtype=np.float64) for name, found in amounts.items()}
        given.setdefault("members", np.ones(n))
        for name, found in {**given, "xy_m": xy_m, "office": office}.items():
            if found is not None and len(found) != n:
                raise IndexMismatchError(
                    f"`{name}` has {len(found)} rows, `values` has {n}. Give one for each unit.",
                    zh=f"“{name}”有 {len(found)} 行,“values”有 {n} 行。请每个单元给一行。",
                )
        if len(links) and not (links.min() >= 0 and links.max() < n):
            raise IndexMismatchError(
                f"A pair names unit {links.max()} or {links.min()}; units are 0 to {n - 1}.",
                zh=f"邻接对中有单元 {links.max()} 或 {links.min()};单元编号为 0 到 {n - 1}。",
            )
        where = np.zeros((n, 2)) if xy_m is None else np.asarray(xy_m, dtype=np.float64)
        first, second = links[:, 0], links[:, 1]
        return cls(
            ids=pd.RangeIndex(n),
            values=values[:, None] if values.ndim == 1 else values,
            first=first,
            second=second,
            link_m=np.hypot(*(where[first] - where[second]).T),
            amounts=given,
            xy_m=where,
            area_m2=np.zeros(n),
            inertia_m4=np.zeros(n),
            office=np.full(n, -1) if office is None else np.asarray(office, dtype=np.int64),
            atom=np.arange(n),
            lock=np.full(n, -1),
        )


def assemble(units: Units, limits: Limits, weights: Weights) -> Problem:
    """Return the problem of some units under some limits.

    Parameters
    ----------
    units : Units
    limits : Limits
    weights : Weights

    Raises
    ------
    InputError
        If a limit is about an amount that `units` does not have.
    """
    names = _amount_names(units, limits)
    atoms = len(units.lock)
    alone = np.zeros(atoms, dtype=bool)
    if units.alone is not None:
        alone[units.atom[units.alone]] = True
    shut = alone.copy()
    locked = units.lock >= 0
    shut[locked] |= units.closed[units.lock[locked]]
    ends = units.atom[units.first], units.atom[units.second]
    pairs = _pairs(units, limits)
    apart = _apart(units, atoms)
    near, inner = _near(units, pairs, apart, limits.max_distance_m)
    # a link whose ends cannot share a district joins nothing
    useful = (
        ~shut[ends[0]] & ~shut[ends[1]] & _agreeing(units, ends, None if pairs is None else near)
    )
    start, neighbour, edge_m = compressed(
        ends[0][useful], ends[1][useful], atoms, units.link_m[useful]
    )
    linked = np.zeros(atoms, dtype=bool)
    for end in ends:
        linked[end[ends[0] != ends[1]]] = True
    flat = Flat(
        start=start,
        neighbour=neighbour,
        near_start=near[0],
        near=near[1],
        near_share2=near[2],
        unlimited=pairs is None,
        apart_start=apart[0],
        apart=apart[1],
        sums=_sums(units, names),
        inner=inner,
        office=_office(units),
        lock=units.lock.astype(np.int32),
        maximum=np.array([limits.maximum.get(name, np.inf) for name in names]) * (1 + ROUNDING),
        minimum=np.array([limits.minimum.get(name, 0.0) for name in names]),
        hard_minimum=limits.hard_minimum,
        needs=units.values.shape[1],
        weights=_weights(weights, units.values.shape[1]),
        balance=_balance(limits, names),
        **_pooled(units),
    )
    return Problem(
        ids=units.ids,
        atom=units.atom.astype(np.int64),
        flat=flat,
        edge_m=edge_m,
        xy_m=_middles(units, atoms),
        amounts=names,
        needs=units.needs or tuple(f"need_{k}" for k in range(units.values.shape[1])),
        labels=units.labels,
        closed=units.closed,
        alone=alone,
        component=components_of(start, neighbour),
        linked=linked,
        weights=weights,
        limit_m=np.inf if limits.max_distance_m is None else limits.max_distance_m,
        cut=units.cut,
    )


def _amount_names(units: Units, limits: Limits) -> tuple[str, ...]:
    names = (*(name for name in units.amounts if name != "members"), "members")
    for name in (*limits.maximum, *limits.minimum):
        if name not in names:
            raise InputError(
                f"There is a limit on `{name}`, but the units have only {', '.join(names)}.",
                zh=f"对“{name}”设了限,但单元只有 {'、'.join(names)}。",
            )
    return names


def _weights(weights: Weights, needs: int) -> Floats:
    """Return the weights as the kernels multiply: needs as a mean, person-gaps in thousands."""
    found = np.array([getattr(weights, part) for part in WEIGHTS])
    found[WEIGHTS.index("needs")] /= max(needs, 1)
    found[WEIGHTS.index("sharing")] /= PER_PERSON_GAPS
    return found


def _balance(limits: Limits, names: tuple[str, ...]) -> Floats:
    name = limits.balance_of
    if name is None or name not in limits.maximum or name not in limits.minimum:
        return np.array([-1.0, 1.0])
    middle = (limits.maximum[name] + limits.minimum[name]) / 2
    return np.array([float(names.index(name)), middle])


def _sums(units: Units, names: tuple[str, ...]) -> Floats:
    """Additive sums of each atom, in the columns that :class:`Flat` names."""
    known = np.isfinite(units.values)
    values = np.where(known, units.values, 0.0)
    offset = units.xy_m - (units.xy_m.mean(axis=0) if len(units.xy_m) else 0.0)
    area = units.area_m2[:, None]
    columns = np.hstack(
        [
            known.astype(np.float64),
            values,
            np.column_stack([units.amounts[name] for name in names]),
            np.ones((len(values), 1)),
            (values**2).sum(axis=1, keepdims=True),
            area,
            area * offset,
            area * (offset**2).sum(axis=1, keepdims=True) + units.inertia_m4[:, None],
        ]
    )
    assert columns.shape[1] == 2 * values.shape[1] + len(names) + EXTRA
    sums = np.zeros((len(units.lock), columns.shape[1]))
    np.add.at(sums, units.atom, columns)
    return sums


def _office(units: Units) -> Rows:
    office = np.full(len(units.lock), -1, dtype=np.int64)
    np.maximum.at(office, units.atom, units.office)
    return office.astype(np.int32)


def _middles(units: Units, atoms: int) -> Floats:
    total = np.zeros((atoms, 2))
    np.add.at(total, units.atom, units.xy_m)
    middles: Floats = total / np.maximum(np.bincount(units.atom, minlength=atoms), 1)[:, None]
    return middles


def _pairs(units: Units, limits: Limits) -> tuple[Ints, Ints, Floats] | None:
    """Units within the distance limit and their metres; None where there is no limit."""
    if limits.max_distance_m is None:
        return None
    if units.pairs is not None:
        return units.pairs
    if len(units.xy_m) and not units.xy_m.any():
        raise InputError(
            "`max_distance_m` needs `xy_m`, the places of the units in metres.",
            zh="设 max_distance_m 时须给出单元位置 xy_m(米)。",
        )
    points = shapely.points(units.xy_m)
    first, second = shapely.STRtree(points).query(
        points, predicate="dwithin", distance=limits.max_distance_m
    )
    once = first < second
    first, second = first[once].astype(np.int64), second[once].astype(np.int64)
    return first, second, np.hypot(*(units.xy_m[first] - units.xy_m[second]).T)


def _apart(units: Units, atoms: int) -> tuple[Ints, Rows]:
    """Atoms that the planner keeps apart, and atoms of two different locked districts."""
    ends = units.atom[units.apart.reshape(-1, 2)]
    locked = np.flatnonzero(units.lock >= 0)
    one, two = np.triu_indices(len(locked), k=1)
    start, other, _ = compressed(
        np.concatenate([ends[:, 0], locked[one]]), np.concatenate([ends[:, 1], locked[two]]), atoms
    )
    return start, other


def _near(
    units: Units,
    pairs: tuple[Ints, Ints, Floats] | None,
    apart: tuple[Ints, Rows],
    limit_m: float | None,
) -> tuple[tuple[Ints, Rows, Floats], Floats]:
    """Atoms that may share a district: all their units lie near one another."""
    atoms = len(units.lock)
    inner = np.zeros(atoms)
    if pairs is None or limit_m is None:
        nothing = np.zeros(0)
        return (np.zeros(atoms + 1, dtype=np.int64), nothing.astype(np.int32), nothing), inner
    one, two = units.atom[pairs[0]], units.atom[pairs[1]]
    key = np.minimum(one, two) * atoms + np.maximum(one, two)
    keys, place, count = np.unique(key, return_inverse=True, return_counts=True)
    share = np.bincount(place, weights=(pairs[2] / limit_m) ** 2, minlength=len(keys))
    low, high = keys // atoms, keys % atoms
    same = low == high
    inner[low[same]] = share[same]
    size = np.bincount(units.atom, minlength=atoms)
    row = np.repeat(np.arange(atoms), np.diff(apart[0]))
    forbidden = row * atoms + apart[1]
    free = ~same & (count == size[low] * size[high]) & ~np.isin(keys, forbidden)
    office = _office(units)
    known = (office[low] >= 0) & (office[high] >= 0)
    free &= ~(known & (office[low] != office[high]))
    return compressed(low[free], high[free], atoms, share[free]), inner


def _agreeing(
    units: Units, ends: tuple[Ints, Ints], near: tuple[Ints, Rows, Floats] | None
) -> npt.NDArray[np.bool_]:
    """Tell of each link whether its two atoms may share a district."""
    office = _office(units)
    one, two = office[ends[0]], office[ends[1]]
    agreeing: npt.NDArray[np.bool_] = (one < 0) | (two < 0) | (one == two)
    if near is not None:
        atoms = len(office)
        row = np.repeat(np.arange(atoms), np.diff(near[0]))
        agreeing &= np.isin(ends[0] * atoms + ends[1], row * atoms + near[1])
    return agreeing


def _pooled(units: Units) -> dict[str, Ints | Floats | Rows | Bits]:
    """Gaps that pooling closes, by the rows of each atom."""
    atoms = len(units.lock)
    if units.pooling is None:
        return {
            "person_start": np.zeros(atoms + 1, dtype=np.int64),
            "persons": np.zeros(0),
            "offer_start": np.zeros(1, dtype=np.int64),
            "offer": np.zeros(0, dtype=np.int32),
            "offer_bits": np.zeros(0, dtype=np.uint64),
        }
    order = np.argsort(units.atom, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    row, other, bits = units.pooling.row, units.pooling.other, units.pooling.bits
    table = pd.DataFrame({"row": place[row], "offer": units.atom[other], "bits": bits})
    table = table[(bits != 0) & (row != other)].sort_values(["row", "offer"])
    key = (table["row"] * atoms + table["offer"]).to_numpy()
    first = np.flatnonzero(np.diff(key, prepend=-1))
    merged = (
        np.bitwise_or.reduceat(table["bits"].to_numpy(np.uint64), first)
        if len(first)
        else np.zeros(0, dtype=np.uint64)
    )
    rows = table["row"].to_numpy()[first]
    start = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(order)))])
    people = np.concatenate([[0], np.cumsum(np.bincount(units.atom, minlength=atoms))])
    return {
        "person_start": people.astype(np.int64),
        "persons": units.pooling.persons[order],
        "offer_start": start.astype(np.int64),
        "offer": table["offer"].to_numpy()[first].astype(np.int32),
        "offer_bits": merged,
    }
