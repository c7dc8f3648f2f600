"""Access to capacity that people compete for: the floating catchment family and gravity.

Every method hands each supply out among those who reach it, in proportion to their number and
nearness, and adds up what each demand gets, per person:

    R_j = S_j / Σ_i w_ij D_i        A_i = Σ_j w_ij R_j

They differ in the weight w_ij of a pair alone. Whatever the weights, what is handed out is what
there is: Σ_i D_i A_i = Σ_j S_j over the supplies that anybody reaches (Σ_i w_ij D_i > 0). Supplies
that nobody reaches, or nobody but empty places, stay out of the sum.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.checks import require_columns
from spatial.errors import IndexMismatchError, LayerError
from spatial.network import Attachments, WalkNetwork
from spatial.reach import LaidPoints, Streets, lay_points
from spatial.reach.arcs import By
from spatial.reach.decays import Decay, within
from spatial.reach.kernels import Array
from spatial.reach.kernels import _jit as jit
from spatial.reach.laid import streets_of
from spatial.reach.reached_nodes import reached_runs
from spatial.units import MM_PER_M

__all__ = [
    "METHODS",
    "Access",
    "Pairs",
    "access_on_network",
    "enhanced_two_step",
    "gravity_access",
    "share_out",
    "three_step",
    "two_step",
]

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
NAMED_IDS: Final = 3
"""Ids that an error names before it stops."""


@dataclass(frozen=True, slots=True, eq=False)
class Access:
    """What each demand can use, and how crowded each supply is."""

    access: pd.Series
    """Supply per person, by demand id. 0 where nothing is reached; missing where the demand itself,
    or the capacity of anything reached, is unknown, or where there is nobody to share with."""
    ratio: pd.Series
    """R_j: capacity per person who counts, by supply id; missing where the capacity is unknown or
    nobody reaches it."""
    load: pd.Series
    """Σ_i w_ij D_i: persons who count, weighted, by supply id."""


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Who reaches what, as rows of the demand and the supply, and at which cost."""

    demand: Rows
    supply: Rows
    cost: Floats


def two_step(
    travel: pd.DataFrame,
    demand: pd.Series,
    supply: pd.Series,
    *,
    limit: float,
    cost: str = "distance_m",
) -> Access:
    """Two-step floating catchment area (2SFCA): everyone within the limit counts the same.

    ``w_ij = 1`` if ``d_ij <= limit``, else 0 [1]_.

    Parameters
    ----------
    travel : DataFrame
        ``demand_id, supply_id`` and the column `cost`: each pair once.
    demand : Series
        Persons by demand id, 0 or more; missing = unknown (see :class:`Access`).
    supply : Series
        Capacity by supply id, 0 or more; missing = unknown, which is not 0.
    limit : float
        In the unit of `cost`, inclusive.
    cost : str
        Column with metres or seconds.

    Raises
    ------
    LayerError
        If a column is missing, a number negative, or a pair given twice.
    IndexMismatchError
        If a pair names a demand or supply that is not there.

    References
    ----------
    .. [1] W. Luo, F. Wang (2003), Environment and Planning B 30, 865-884.

    Examples
    --------
    >>> travel = pd.DataFrame({"demand_id": ["a", "b", "b"], "supply_id": ["f", "f", "g"],
    ...                        "distance_m": [100.0, 200.0, 300.0]})
    >>> persons, seats = pd.Series({"a": 100, "b": 300}), pd.Series({"f": 40, "g": 30})
    >>> two_step(travel, persons, seats, limit=500).access.tolist()
    [0.1, 0.2]
    """
    return _compete(travel, demand, supply, within(limit), cost, _by_decay)


def enhanced_two_step(
    travel: pd.DataFrame,
    demand: pd.Series,
    supply: pd.Series,
    *,
    decay: Decay,
    cost: str = "distance_m",
) -> Access:
    """Enhanced 2SFCA: near ones count more than far ones, in both steps.

    ``w_ij = f(d_ij)``; Luo and Qi [1]_ take zones (:func:`spatial.reach.decays.steps`), Dai [2]_ a
    Gaussian (:func:`spatial.reach.decays.gaussian_to_zero`). Parameters as in :func:`two_step`.

    References
    ----------
    .. [1] W. Luo, Y. Qi (2009), Health & Place 15, 1100-1107.
    .. [2] D. Dai (2010), Health & Place 16, 1038-1052.
    """
    return _compete(travel, demand, supply, decay, cost, _by_decay)


def three_step(
    travel: pd.DataFrame,
    demand: pd.Series,
    supply: pd.Series,
    *,
    decay: Decay,
    cost: str = "distance_m",
) -> Access:
    """Three-step floating catchment area (3SFCA): who has a choice asks less of each supply.

    ``w_ij = G_ij f(d_ij)`` with the share ``G_ij = f(d_ij) / Σ_k f(d_ik)`` of the supplies in reach
    [1]_, so that demand is not counted in full at each of them. Parameters as in :func:`two_step`.

    References
    ----------
    .. [1] N. Wan, B. Zou, T. Sternberg (2012), International Journal of Geographical Information
       Science 26, 1073-1089.
    """
    return _compete(travel, demand, supply, decay, cost, _by_choice)


def gravity_access(
    travel: pd.DataFrame,
    demand: pd.Series,
    supply: pd.Series,
    *,
    decay: Decay,
    cost: str = "distance_m",
) -> Access:
    """Gravity model with competition: ``A_i = Σ_j S_j f(d_ij) / V_j``, ``V_j = Σ_k D_k f(d_kj)``.

    Hansen's potential [1]_ with the demand in the denominator [2]_; `decay` is usually
    :func:`spatial.reach.decays.inverse_power` or :func:`spatial.reach.decays.exponential`, and the
    pairs of `travel` set how far it goes. It is the same sum as E2SFCA with a smooth decay (Luo and
    Wang 2003 show that 2SFCA is its case of all or nothing). Parameters as in :func:`two_step`.

    References
    ----------
    .. [1] W. G. Hansen (1959), Journal of the American Institute of Planners 25, 73-76.
    .. [2] A. E. Joseph, P. R. Bantock (1982), Social Science & Medicine 16, 85-90.
    """
    return _compete(travel, demand, supply, decay, cost, _by_decay)


Weighing = Callable[[Pairs, Decay | None, int], Floats]


def access_on_network(
    network: WalkNetwork | Streets,
    demand_points: Attachments | LaidPoints,
    demand: pd.Series,
    supply_points: Attachments | LaidPoints,
    supply: pd.Series,
    *,
    cutoff_m: float,
    decay: Decay | None = None,
    method: str = "two_step",
    by: By = "distance",
) -> Access:
    """Hand supplies out on a whole network: one search per supply, no travel table.

    Parameters
    ----------
    network : WalkNetwork or Streets
    demand_points, supply_points : Attachments or LaidPoints
        Rows with one id that stand together are ways of one place; its best way counts.
    demand, supply : Series
        Persons and capacity by the ids of the points, as in :func:`two_step`.
    cutoff_m : float
        In metres (seconds when `by` is time), inclusive.
    decay : Decay, optional
        Default: all or nothing.
    method : str
        One of :data:`METHODS`.
    by : {"distance", "time"}

    Returns
    -------
    Access
        By the ids of `demand` and `supply`. A demand that is not attached to the network reaches
        nothing that is known: missing.

    Notes
    -----
    Walks go from the demand to the supply. With `lay_streets(network)` the network is laid out
    once for many calls, with `lay_points` the points.
    """
    if method not in METHODS:
        raise LayerError(
            f"No method {method!r}; use one of {', '.join(METHODS)}.",
            zh=f"没有方法 {method!r},可用:{'、'.join(METHODS)}。",
        )
    streets = streets_of(network, demand_points, by=by)
    homes = lay_points(streets, demand_points)
    index, order, start, target, cost = reached_runs(
        streets, supply_points, homes, cutoff_m=cutoff_m, by=by, towards=True
    )
    people, seats = _numbers(demand, name="demand"), _numbers(supply, name="supply")
    seat = _rows_of(supply, index, name="supply")[order]
    home: npt.NDArray[np.integer[Any]]
    if demand.index.equals(homes.ids):
        home, lost = target, homes.given.edge < 0
    else:  # of what is not among the points nothing is known either
        at_home = _rows_of(demand, homes.ids, name="demand")
        home, lost = at_home[target], np.ones(len(demand), dtype=bool)
        lost[at_home[homes.given.edge >= 0]] = False
    weighing = METHODS[method]
    weight = np.empty(0)
    if decay is not None or weighing is _by_choice:
        pairs = Pairs(home.astype(np.int64), np.repeat(seat, np.diff(start)), cost / MM_PER_M)
        weight = weighing(pairs, decay, len(people))
    return _named(hand_out_runs(start, seat, home, weight, people, seats, lost), demand, supply)


def _compete(
    travel: pd.DataFrame,
    demand: pd.Series,
    supply: pd.Series,
    decay: Decay,
    cost: str,
    weighing: Weighing,
) -> Access:
    require_columns(travel, ("demand_id", "supply_id", cost), name="travel")
    rows = _rows_of(demand, pd.Index(travel["demand_id"]), name="demand")
    columns = _rows_of(supply, pd.Index(travel["supply_id"]), name="supply")
    code = rows.astype(np.int64) * max(len(supply), 1) + columns
    order = np.sort(code)
    if (order[1:] == order[:-1]).any():
        twice = order[1:][order[1:] == order[:-1]][0]
        pair = (demand.index[twice // len(supply)], supply.index[twice % len(supply)])
        raise LayerError(
            f"`travel` gives the pair {pair[0]!r}, {pair[1]!r} more than once; keep the shortest.",
            zh=f"`travel` 中 {pair[0]!r} 与 {pair[1]!r} 重复出现;请只保留最短的一行。",
        )
    costs = travel[cost].to_numpy(dtype=np.float64, na_value=np.nan)
    return share_out(Pairs(rows, columns, costs), demand, supply, decay, weighing)


def _rows_of(values: pd.Series, ids: pd.Index, *, name: str) -> Rows:
    if values.index.equals(ids):
        return np.arange(len(ids))
    rows: Rows = values.index.get_indexer(ids)
    _require_known(rows, ids, name=name)
    return rows


def _require_known(rows: npt.NDArray[Any], ids: Any, *, name: str) -> None:
    if (rows < 0).any():
        strange = pd.Index(ids)[rows < 0].unique()[:NAMED_IDS].tolist()
        raise IndexMismatchError(
            f"`{name}` has no row for {strange}. Give one for each id, missing where unknown.",
            zh=f"`{name}` 中没有 {strange}。每个编号给一行,未知者留空。",
        )


def _numbers(values: pd.Series, *, name: str) -> Floats:
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    if not values.index.is_unique or (numbers < 0).any() or np.isinf(numbers).any():
        wrong = values.index[(numbers < 0) | np.isinf(numbers) | values.index.duplicated()][0]
        raise LayerError(
            f"`{name}` of {wrong!r} is given twice, negative or without end. "
            "Numbers are 0 or more; leave out what is unknown.",
            zh=f"`{name}` 在 {wrong!r} 处重复、为负或无穷。数值须不小于 0,未知者留空。",
        )
    return numbers


def _by_decay(pairs: Pairs, decay: Decay | None, demands: int) -> Floats:
    del demands
    return np.ones(len(pairs.demand)) if decay is None else decay(pairs.cost)


def _by_choice(pairs: Pairs, decay: Decay | None, demands: int) -> Floats:
    nearness = _by_decay(pairs, decay, demands)
    total = np.bincount(pairs.demand, weights=nearness, minlength=demands).astype(np.float64)
    total = total[pairs.demand]
    share = np.divide(nearness, total, out=np.zeros_like(total), where=total > 0)
    return nearness * share


def share_out(
    pairs: Pairs, demand: pd.Series, supply: pd.Series, decay: Decay | None, weighing: Weighing
) -> Access:
    """Hand supplies out among pairs that were checked: the two sums at the head of this file.

    Unknown demand counts as nobody for the others; unknown capacity makes unknown what it touches.
    Without a decay every pair counts in full, and costs are not asked for.
    """
    people, seats = _numbers(demand, name="demand"), _numbers(supply, name="supply")
    weight = weighing(pairs, decay, len(people))
    return _named(hand_out(pairs.demand, pairs.supply, weight, people, seats), demand, supply)


def _named(handed: tuple[Floats, Floats, Floats], demand: pd.Series, supply: pd.Series) -> Access:
    load, ratio, access = handed
    return Access(
        pd.Series(access, index=demand.index, name="access"),
        pd.Series(ratio, index=supply.index, name="ratio"),
        pd.Series(load, index=supply.index, name="load"),
    )


@jit
def hand_out(
    demand: Array, supply: Array, weight: Array, people: Array, seats: Array
) -> tuple[Array, Array, Array]:
    """Load and ratio of each supply and access of each demand, over pairs with their weights."""
    load, ratio = np.zeros(len(seats)), np.full(len(seats), np.nan)
    access = np.zeros(len(people))
    for i in range(len(demand)):
        persons = people[demand[i]]
        load[supply[i]] += 0.0 if np.isnan(persons) else persons * weight[i]
    for j in range(len(seats)):
        if load[j] > 0:
            ratio[j] = seats[j] / load[j]
    for i in range(len(demand)):
        if weight[i] > 0:
            access[demand[i]] += ratio[supply[i]] * weight[i]
    for i in range(len(people)):
        if np.isnan(people[i]):
            access[i] = np.nan
    return load, ratio, access


@jit
def hand_out_runs(
    start: Array, supply: Array, demand: Array, weight: Array, people: Array, seats: Array,
    lost: Array,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """Do the same over pairs that stand by supply: ``start[k]:start[k + 1]`` are of ``supply[k]``.

    Without weights every pair counts in full. `lost` are demands of which nothing is known.
    """
    load, ratio = np.zeros(len(seats)), np.full(len(seats), np.nan)
    access = np.zeros(len(people))
    for k in range(len(supply)):
        j, total = supply[k], 0.0
        for i in range(start[k], start[k + 1]):
            persons = people[demand[i]]
            counted = 0.0 if np.isnan(persons) else persons
            total += counted if len(weight) == 0 else counted * weight[i]
        load[j] += total
        if load[j] > 0:
            ratio[j] = seats[j] / load[j]
    for k in range(len(supply)):
        per_person = ratio[supply[k]]
        for i in range(start[k], start[k + 1]):
            if len(weight) == 0:
                access[demand[i]] += per_person
            elif weight[i] > 0:
                access[demand[i]] += per_person * weight[i]
    for i in range(len(people)):
        if lost[i] or np.isnan(people[i]):
            access[i] = np.nan
    return load, ratio, access


METHODS: Final[dict[str, Weighing]] = {
    "two_step": _by_decay,
    "enhanced_two_step": _by_decay,
    "three_step": _by_choice,
    "gravity": _by_decay,
}
"""Methods by name, each a way to weigh pairs."""
