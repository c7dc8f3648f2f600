"""What the capacitated models have in common: one case; to leave demand costs its price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spatial.errors import InfeasibleError
from spatial.siting.given_sites import number_of_sites, per_row, per_site, site_masks
from spatial.siting.pairs import Pairs

__all__ = ["ROUNDING", "Case", "case_of"]

Floats = npt.NDArray[np.float64]
Longs = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
DETOUR: float = 2.0
"""No chain of hand-overs costs more than this times the dearest unit, times the open sites."""
ROUNDING: float = 1e-9
"""Sums of amounts that are not whole are one number within this share."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """Rows of demand, sites with capacities, and what serving a row costs.

    ``cost[e]`` is what serving the whole row costs by pair e, ``price[i]`` what leaving row i costs
    (inf: it must be served). The least total is sought.
    """

    start: Longs  # (n + 1,)
    site: Longs  # (e,)
    cost: Floats  # (e,)
    demand: Floats  # (n,)
    capacity: Floats  # (m,)
    price: Floats  # (n,)
    p: int
    must: Bools  # (m,)
    allowed: Bools  # (m,)
    divided: bool
    whole: bool  # every total is a whole number
    most: float = 0.0  # where covering counts: what is told is this less the total

    @property
    def row(self) -> Longs:
        """Row of each pair, shape (e,)."""
        return np.repeat(np.arange(len(self.demand)), np.diff(self.start))

    @property
    def room(self) -> Floats:
        """Capacities as a bound sees them: sums that are one number but for rounding still fit."""
        if self.divided or _whole(self.demand, self.capacity):
            return self.capacity
        return self.capacity * (1 + ROUNDING)

    @property
    def covering(self) -> bool:
        """Whether what is covered is told, and not what it costs."""
        return bool(np.isfinite(self.price).all())

    def told(self, total: float) -> float:
        """Return what the caller is told for a total."""
        return self.most - total if self.covering else total

    def total(self, amount: Floats) -> float:
        """Add up what amounts by pair cost, with what they leave; a whole sum of whole data."""
        need = np.where(self.demand > 0, self.demand, 1.0)
        share = amount / need[self.row]
        served = np.bincount(self.row, share, minlength=len(self.demand))
        left = np.clip(1.0 - served, 0.0, 1.0)
        left[left < ROUNDING] = 0.0
        cost = float(share @ self.cost)
        cost += float(left[left > 0] @ self.price[left > 0])
        return float(round(cost)) if self.whole else cost

    @property
    def dear(self) -> float:
        """Price per unit above any detour, for what must be served, and is not yet."""
        unit = self.unit_cost
        finite = self.unit_price[np.isfinite(self.unit_price)]
        dearest = max(float(unit.max(initial=0.0)), float(finite.max(initial=0.0)))
        return DETOUR * (self.p + 2) * dearest + 1.0

    @property
    def unit_cost(self) -> Floats:
        """Cost of one unit of demand by each pair; 0 for rows without demand."""
        return _per_unit(self.cost, self.demand[self.row])

    @property
    def unit_price(self) -> Floats:
        """Price of one unit of each row; 0 for rows without demand."""
        return _per_unit(self.price, self.demand)


def _per_unit(value: Floats, amount: Floats) -> Floats:
    return np.divide(value, amount, out=np.zeros_like(value), where=amount > 0)


def case_of(
    pairs: Pairs,
    cost: Floats,
    price: Floats,
    demand: npt.ArrayLike,
    capacity: npt.ArrayLike,
    p: int,
    *,
    must: Sequence[int],
    must_not: Sequence[int],
    divided: bool,
) -> Case:
    """Check what was given and return the case.

    Raises
    ------
    InputError
        If an amount is negative or not finite, or lengths differ; it names the row.
    InfeasibleError
        If `p`, `must` and `must_not` contradict one another.
    """
    amounts = per_row(demand, len(pairs), name="demand")
    rooms = per_site(capacity, pairs.site_count, name="capacity")
    forced, closed = site_masks(pairs.site_count, must, must_not)
    allowed, p = ~closed, number_of_sites(p)
    if not forced.sum() <= p <= allowed.sum() or p < 1:
        raise InfeasibleError(
            f"p is {p}, but {forced.sum()} sites must be open and {allowed.sum()} may be. "
            f"Ask for {max(1, forced.sum())} to {allowed.sum()}.",
            zh=(
                f"p 为 {p},而必须开放 {forced.sum()} 处、最多可开放 {allowed.sum()} 处;"
                f"请取 {max(1, forced.sum())} 至 {allowed.sum()}。"
            ),
        )
    row = np.repeat(np.arange(len(pairs)), pairs.counts)
    kept = (
        allowed[pairs.site]
        if divided
        else allowed[pairs.site] & (amounts[row] <= rooms[pairs.site])
    )
    count = np.concatenate([[0], np.cumsum(kept)])
    whole = _whole(cost, price)
    if divided:
        units = _per_unit(cost, amounts[row]), _per_unit(price, amounts)
        whole &= _whole(*units, amounts, rooms)
    return Case(
        start=count[pairs.start].astype(np.int64),
        site=pairs.site[kept].astype(np.int64),
        cost=np.asarray(cost, dtype=np.float64)[kept],
        demand=amounts,
        capacity=rooms,
        price=np.asarray(price, dtype=np.float64),
        p=p,
        must=forced,
        allowed=allowed,
        divided=divided,
        whole=bool(whole),
    )


def _whole(*arrays: Floats) -> bool:
    """Whether everything finite is a whole number."""
    return all(bool((values[np.isfinite(values)] % 1 == 0).all()) for values in arrays)
