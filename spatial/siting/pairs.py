"""Which sites can serve which demand at what cost: only the pairs in reach, nearest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Self

import numba
import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.errors import InfeasibleError, InputError
from spatial.network.attach import Attachments
from spatial.network.graph import WalkNetwork
from spatial.reach.arcs import By
from spatial.reach.laid import LaidPoints
from spatial.reach.reached_nodes import reached_points
from spatial.reach.streets import Streets

__all__ = ["Pairs", "in_rows", "named", "pairs_on_network"]

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Costs = npt.NDArray[np.int32] | npt.NDArray[np.float64]
SITE_BITS: Final = 32
NAMED: Final = 5
"""Rows that an error names."""

_jit: Any = numba.njit(cache=True, nogil=True)
Array = Any


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Sites of demand row ``i``: rows ``start[i]:start[i + 1]`` of `site` and `cost`.

    Nearest first; equal costs by site. A pair that is missing is not allowed.
    """

    start: Longs  # (n + 1,)
    site: Ints  # (e,) row of the site
    cost: Costs  # (e,) whole numbers (mm, ms …) as int32, others as float64; never negative
    site_count: int

    def __len__(self) -> int:
        return len(self.start) - 1

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays."""
        return self.start.nbytes + self.site.nbytes + self.cost.nbytes

    @property
    def counts(self) -> Longs:
        """Sites in reach of each demand row, shape (n,)."""
        return np.diff(self.start)

    @classmethod
    def from_matrix(cls, cost: npt.ArrayLike, *, cutoff: float | None = None) -> Self:
        """Take the pairs of a matrix.

        Parameters
        ----------
        cost : array, shape (n, m)
            By demand row and site, not negative. NaN and inf: not allowed.
        cutoff : float, optional
            Dearer pairs are left out; inclusive.

        Examples
        --------
        >>> pairs = Pairs.from_matrix([[3, 1, 2], [5, 9, 5]], cutoff=5)
        >>> pairs.site.tolist(), pairs.start.tolist(), pairs.cost.dtype
        ([1, 2, 0, 0, 2], [0, 3, 5], dtype('int32'))
        """
        matrix = np.asarray(cost)
        if matrix.ndim != 2:
            raise InputError(
                f"`cost` has {matrix.ndim} dimensions; it needs two, demand rows and sites.",
                zh=f"cost 有 {matrix.ndim} 维;应为两维:需求行与选址点。",
            )
        held = np.ones(matrix.shape, dtype=bool)
        if matrix.dtype.kind == "f":
            held &= np.isfinite(matrix)
        if cutoff is not None:
            held &= matrix <= cutoff
        start = np.concatenate([[0], np.cumsum(held.sum(axis=1))]).astype(np.int64)
        site = np.broadcast_to(np.arange(matrix.shape[1], dtype=np.int32), matrix.shape)[held]
        return cls.nearest_first(start, site, matrix[held], matrix.shape[1])

    @classmethod
    def from_table(
        cls,
        demand: npt.ArrayLike,
        site: npt.ArrayLike,
        cost: npt.ArrayLike,
        *,
        demand_count: int,
        site_count: int,
    ) -> Self:
        """Take pairs from three columns, in any order; of a pair that occurs twice, the cheaper.

        Examples
        --------
        >>> pairs = Pairs.from_table(
        ...     [1, 0, 1], [0, 1, 0], [9, 4, 2], demand_count=2, site_count=2
        ... )
        >>> pairs.start.tolist(), pairs.site.tolist(), pairs.cost.tolist()
        ([0, 1, 2], [1, 0], [4, 2])
        """
        rows, sites, costs = np.asarray(demand), np.asarray(site), np.asarray(cost)
        if not len(rows) == len(sites) == len(costs):
            raise InputError(
                f"Columns of pairs differ in length: {len(rows)}, {len(sites)}, {len(costs)}.",
                zh=f"三列长度不一:{len(rows)}、{len(sites)}、{len(costs)}。",
            )
        for name, values, count in (("demand", rows, demand_count), ("site", sites, site_count)):
            outside = np.flatnonzero((values < 0) | (values >= count))
            if len(outside):
                raise InputError(
                    f"`{name}` row {outside[0]} is {values[outside[0]]}; rows run from 0 to "
                    f"{count - 1}.",
                    zh=f"{name} 第 {outside[0]} 行为 {values[outside[0]]};应在 0 至 {count - 1}。",
                )
        order = np.lexsort((costs, sites, rows))
        rows, sites, costs = rows[order], sites[order], costs[order]
        first = np.ones(len(rows), dtype=bool)
        first[1:] = (rows[1:] != rows[:-1]) | (sites[1:] != sites[:-1])
        start = np.searchsorted(rows[first], np.arange(demand_count + 1)).astype(np.int64)
        return cls.nearest_first(start, sites[first].astype(np.int32), costs[first], site_count)

    @classmethod
    def nearest_first(
        cls, start: Longs, site: Ints, cost: npt.NDArray[Any], site_count: int
    ) -> Self:
        """Take pairs that stand by demand row, sites ascending; each row is sorted by cost."""
        costs = _fitting(cost, start)
        if costs.dtype == np.int32:
            key = (costs.astype(np.int64) << SITE_BITS) | site
            for begin, end in zip(start[:-1].tolist(), start[1:].tolist(), strict=True):
                key[begin:end].sort()
            sorted_site = (key & ((1 << SITE_BITS) - 1)).astype(np.int32)
            key >>= SITE_BITS
            return cls(start, sorted_site, key.astype(np.int32), site_count)
        order = np.empty(len(costs), dtype=np.int64)
        for begin, end in zip(start[:-1].tolist(), start[1:].tolist(), strict=True):
            order[begin:end] = begin + np.argsort(costs[begin:end], kind="stable")
        return cls(start, site[order], costs[order], site_count)

    def transposed(self) -> Pairs:
        """List the same pairs by site: row ``j`` has the demand that reaches it, nearest first.

        Examples
        --------
        >>> Pairs.from_matrix([[3, 1], [2, 4]]).transposed().site.tolist()
        [1, 0, 0, 1]
        """
        row = np.repeat(np.arange(len(self), dtype=np.int32), self.counts)
        start, order = in_rows(self.site, self.site_count)
        return Pairs.nearest_first(start, row[order], self.cost[order], len(self))

    def within(self, cutoff: float) -> Pairs:
        """Only the pairs that cost at most `cutoff`."""
        return self._where(self.cost <= cutoff)

    def of_sites(self, allowed: npt.NDArray[np.bool_]) -> Pairs:
        """Only the pairs with these sites, shape (m,); sites keep their numbers."""
        return self._where(allowed[self.site])

    def _where(self, held: npt.NDArray[np.bool_]) -> Pairs:
        count = np.concatenate([[0], np.cumsum(held)])
        return Pairs(count[self.start], self.site[held], self.cost[held], self.site_count)

    def require_all_in_reach(self, rows: npt.NDArray[np.bool_] | None = None) -> None:
        """Raise :class:`InfeasibleError` that names the demand rows without any site.

        Parameters
        ----------
        rows : array of bool, shape (n,), optional
            Which must have one; by default all.
        """
        alone = self.counts == 0
        if rows is not None:
            alone &= rows
        found = np.flatnonzero(alone)
        if len(found):
            raise InfeasibleError(
                f"{len(found)} demand rows have no allowed site in reach: rows {named(found)}. "
                "Raise the cutoff, allow more sites, or leave these rows out.",
                zh=(
                    f"{len(found)} 行需求在可达范围内没有可用的选址点:第 {named(found)} 行。"
                    "请放宽范围、增加选址点,或去掉这些行。"
                ),
            )


def named(rows: Longs) -> str:
    """Name the first few rows.

    Examples
    --------
    >>> named(np.arange(7))
    '0, 1, 2, 3, 4, …'
    """
    return ", ".join(map(str, rows[:NAMED].tolist())) + (", …" if len(rows) > NAMED else "")


def _fitting(cost: npt.NDArray[Any], start: Longs) -> Costs:
    """Whole numbers as int32 where they fit, everything else as float64; never negative."""
    if cost.dtype.kind not in "iufb":
        raise InputError(
            f"`cost` holds {cost.dtype}, not numbers.", zh=f"cost 的类型为 {cost.dtype},不是数。"
        )
    if not len(cost):
        return cost.astype(np.int32)
    wrong = np.flatnonzero(~((cost >= 0) & (cost < np.inf)))
    if len(wrong):
        row = int(np.searchsorted(start, wrong[0], side="right")) - 1
        raise InputError(
            f"`cost` of demand row {row} is {cost[wrong[0]]}; costs are finite, 0 or more.",
            zh=f"第 {row} 行需求的 cost 为 {cost[wrong[0]]};应为不小于 0 的有限数。",
        )
    if cost.max() <= np.iinfo(np.int32).max and (
        cost.dtype.kind in "iub" or bool((cost == np.floor(cost)).all())
    ):
        return cost.astype(np.int32)
    return cost.astype(np.float64)  # exact up to 2**53


def pairs_on_network(
    network: WalkNetwork | Streets,
    demand: Attachments | LaidPoints,
    sites: Attachments | LaidPoints,
    *,
    cutoff_m: float,
    by: By = "distance",
) -> Pairs:
    """Walk from every demand to every site within a cutoff.

    Parameters
    ----------
    network : WalkNetwork or Streets
    demand, sites : Attachments or LaidPoints
        Rows with one id that stand together are ways out of (or into) one place.
    cutoff_m : float
        In metres (seconds when `by` is time), inclusive.
    by : {"distance", "time"}

    Returns
    -------
    Pairs
        Rows are the demands and sites in the order in which their ids first occur; cost in whole
        millimetres (milliseconds when `by` is time).
    """
    # The side with fewer points begins the searches; the walk goes from demand to site either way.
    turned = len(sites.ids) < len(demand.ids)
    origins, goals = (sites, demand) if turned else (demand, sites)
    found = reached_points(network, origins, goals, cutoff_m=cutoff_m, by=by, towards=turned)
    goal, goal_count = _places(goals.ids)
    target = goal[found.target].astype(np.int32)
    origin = np.repeat(np.arange(len(found.index), dtype=np.int32), np.diff(found.start))
    if turned:
        return _from_pairs(target, origin, found.cost, (goal_count, len(found.index)))
    return _from_pairs(origin, target, found.cost, (len(found.index), goal_count))


def _places(ids: pd.Index) -> tuple[Longs, int]:
    """Give each row its place: rows with one id that stand together are one place."""
    names = ids.to_numpy()
    if not len(names):
        return np.zeros(0, dtype=np.int64), 0
    place = np.concatenate([[0], np.cumsum(names[1:] != names[:-1])]).astype(np.int64)
    return place, int(place[-1]) + 1


def _from_pairs(rows: Ints, sites: Ints, cost: Ints, counts: tuple[int, int]) -> Pairs:
    """Pairs that occur once each, in any order."""
    _, by_site = in_rows(sites, counts[1])
    start, order = in_rows(rows[by_site], counts[0])
    order = by_site[order]
    return Pairs.nearest_first(start, sites[order], cost[order], counts[1])


@_jit
def in_rows(row: Array, count: int) -> tuple[Array, Array]:
    """Where each row begins, and an order that brings rows together and keeps what was before."""
    start = np.zeros(count + 1, dtype=np.int64)
    for i in range(len(row)):
        start[row[i] + 1] += 1
    for r in range(count):
        start[r + 1] += start[r]
    place = start[:-1].copy()
    order = np.empty(len(row), dtype=np.int64)
    for i in range(len(row)):
        order[place[row[i]]] = i
        place[row[i]] += 1
    return start, order
