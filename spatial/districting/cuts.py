"""Inequalities that every plan keeps, prices and charges, and reduced costs with both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spatial.districting.cover_kernels import reduced_costs
from spatial.districting.cut_kernels import WIDTH, index_cuts, worths

__all__ = ["Cuts", "Prices", "limit_of", "no_cuts", "reduced_costs_of", "worth_of"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Cuts:
    """Inequalities; a row of `atoms` that is shorter than others ends with -1."""

    atoms: Ints  # shape (cuts, WIDTH)
    shares: Ints  # numerators, as atoms
    whole: Ints  # denominators

    def __len__(self) -> int:
        return len(self.whole)

    @property
    def room(self) -> Floats:
        """How often a plan may count in each."""
        return (self.shares.sum(axis=1) // np.maximum(self.whole, 1)).astype(np.float64)

    def take(self, which: npt.NDArray[Any]) -> Cuts:
        """Return some of the cuts."""
        return Cuts(self.atoms[which], self.shares[which], self.whole[which])

    def with_more(self, other: Cuts) -> Cuts:
        """Return these and then the others."""
        return Cuts(
            np.vstack([self.atoms, other.atoms]),
            np.vstack([self.shares, other.shares]),
            np.concatenate([self.whole, other.whole]),
        )

    def within(self, place: Ints) -> tuple[Ints, Cuts]:
        """Which have atoms of a window only, and those with the atoms by their `place` in it."""
        inside = np.where(self.atoms >= 0, place[self.atoms], -2)
        own = np.flatnonzero((inside != -1).all(axis=1))
        return own, Cuts(np.maximum(inside[own], -1), self.shares[own], self.whole[own])


def no_cuts() -> Cuts:
    """Return none."""
    none = np.zeros((0, WIDTH), dtype=np.int64)
    return Cuts(none, none, np.zeros(0, dtype=np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """Dual values: of each atom, and of each cut (at least 0)."""

    price: Floats
    charge: Floats
    cuts: Cuts

    @property
    def total(self) -> float:
        """The lower bound, where no reduced cost is negative."""
        return float(self.price.sum() - (self.charge * self.cuts.room).sum())


def worth_of(members: Any, start: Any, price: Floats, charge: Floats, cuts: Cuts) -> Floats:
    """Prices of each district's members, less the charges of the cuts it counts in."""
    index = index_cuts(cuts.atoms, len(price))
    found: Floats = worths(members, start, price, charge, index, cuts.shares, cuts.whole)
    return found


def reduced_costs_of(members: Any, start: Any, score: Floats, prices: Prices) -> Floats:
    """Score of each district, less the prices of its members, with the charges of the cuts."""
    if not len(prices.cuts):
        found: Floats = reduced_costs(members, start, score, prices.price)
        return found
    left: Floats = score - worth_of(members, start, prices.price, prices.charge, prices.cuts)
    return left


def limit_of(reduced: Floats, count: int) -> float:
    """Reduced cost that so many districts do not exceed."""
    if count >= len(reduced):
        return float(reduced.max(initial=0.0))
    return float(np.partition(reduced, count)[count])
