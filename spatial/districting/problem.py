"""What is to be partitioned into districts: flat arrays only, made once, never changed.

Row ``g`` of every array is *atom* ``g``: one neighbourhood, or several that must stay together.
Search, enumeration, proof and the plan service all read the same arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from spatial.districting.rules import Weights

__all__ = ["ROUNDING", "WEIGHTS", "Flat", "Problem", "components_of", "compressed"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int32]
Bits = npt.NDArray[np.uint64]
ROUNDING: Final = 1e-9
"""Share by which a sum may pass a maximum, or miss a minimum, by rounding alone."""
EXTRA: Final = 6
"""Columns of `sums` after needs and amounts: size, square, area, its first and second moments."""


class Flat(NamedTuple):
    """The arrays of a problem as the compiled functions read them.

    ``sums`` adds up over the atoms of a district. Its columns, with K needs and A amounts:
    ``[0, K)`` known, ``[K, 2K)`` total, ``[2K, 2K + A)`` amounts, then size, square,
    area_m2, ∫x, ∫y, ∫(x² + y²) over the land, from an origin in the middle of the map.
    """

    start: Any  # (a + 1,) int64: CSR of links
    neighbour: Any  # int32, sorted within a row
    near_start: Any  # (a + 1,) int64: CSR of atoms that may share a district
    near: Any  # int32, sorted within a row; without the atom itself
    near_share2: Any  # float64: Σ over pairs of neighbourhoods of (distance / limit)²
    unlimited: bool  # no distance limit: `near` is empty, only `apart` keeps atoms apart
    apart_start: Any  # (a + 1,) int64: CSR of atoms that must not share a district
    apart: Any  # int32, sorted within a row
    sums: Any  # (a, 2K + A + 6) float64
    inner: Any  # (a,) float64: squared shares between an atom's own neighbourhoods
    office: Any  # (a,) int32; -1 = unknown, goes with any
    lock: Any  # (a,) int32 number of its locked district; -1 = none
    maximum: Any  # (A,) float64, inf = none; rounding allowed for
    minimum: Any  # (A,) float64, 0 = none
    hard_minimum: bool  # a district of several atoms below a minimum is illegal
    needs: int  # K
    weights: Any  # (7,) see WEIGHTS
    balance: Any  # (2,) column of the balanced amount (-1: none) and its middle
    person_start: Any  # (a + 1,) int64: rows of `persons` of each atom
    persons: Any  # (rows,) float64: residents of one neighbourhood
    offer_start: Any  # (rows + 1,) int64: CSR of atoms whose pooling closes gaps of a row
    offer: Any  # int32 atom, sorted within a row
    offer_bits: Any  # uint64 kinds that it closes


WEIGHTS: Final = (
    "needs",
    "nearness",
    "sharing",
    "compactness",
    "balance",
    "district",
    "shortfall",
)
"""Parts of the objective, in the order of `Flat.weights`."""


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A districting problem.

    Parameters
    ----------
    ids : Index, shape (n,)
        Neighbourhoods that may join a district, sorted.
    atom : array of int64, shape (n,)
        Atom of each.
    flat : Flat
        Everything else, by atom.
    edge_m : array of float, shape (links,)
        Walk of each link in metres, beside ``flat.neighbour``.
    xy_m : array, shape (a, 2)
        Middle of each atom.
    amounts : tuple of str, length A
        What is summed and may be limited; the last is ``members``.
    needs : tuple of str, length K
    labels : tuple of str
        Ids of the locked districts, by number.
    closed : array of bool
        By number: locked districts that nobody may join. Their links are cut already.
    alone : array of bool, shape (a,)
        Locked to stand alone. Their links are cut already.
    component : array of int64, shape (a,)
        Connected component of the links, numbered by its smallest atom.
    linked : array of bool, shape (a,)
        Had a link to another atom before locks and limits cut it.
    weights : Weights
    limit_m : float
        The distance limit; inf where there is none.
    cut : mapping of reason to int
        Links taken out, for the report.
    """

    ids: pd.Index
    atom: Ints
    flat: Flat
    edge_m: Floats
    xy_m: Floats
    amounts: tuple[str, ...]
    needs: tuple[str, ...]
    labels: tuple[str, ...]
    closed: npt.NDArray[np.bool_]
    alone: npt.NDArray[np.bool_]
    component: Ints
    linked: npt.NDArray[np.bool_]
    weights: Weights
    limit_m: float
    cut: Mapping[str, int]

    @property
    def atoms(self) -> int:
        """How many atoms there are."""
        return len(self.alone)

    @property
    def size(self) -> Ints:
        """Neighbourhoods of each atom, shape (a,)."""
        return np.bincount(self.atom, minlength=self.atoms)

    def amount(self, name: str) -> Floats:
        """Return one amount of every atom, shape (a,)."""
        column: Floats = self.flat.sums[:, 2 * self.flat.needs + self.amounts.index(name)]
        return column

    @property
    def over(self) -> npt.NDArray[np.bool_]:
        """Atoms that are above a maximum all by themselves, shape (a,)."""
        first = 2 * self.flat.needs
        own = self.flat.sums[:, first : first + len(self.amounts)]
        above: npt.NDArray[np.bool_] = (own > self.flat.maximum).any(axis=1)
        return above

    @classmethod
    def from_arrays(
        cls,
        pairs: npt.NDArray[Any],
        values: npt.NDArray[Any],
        *,
        amounts: Mapping[str, npt.NDArray[Any]] | None = None,
        maximum: Mapping[str, float] | None = None,
        minimum: Mapping[str, float] | None = None,
        xy_m: npt.NDArray[Any] | None = None,
        max_distance_m: float | None = None,
        office: npt.NDArray[Any] | None = None,
        weights: Weights | None = None,
    ) -> Problem:
        """Make a problem of bare arrays: every unit is an atom of its own.

        Parameters
        ----------
        pairs : array of int, shape (m, 2)
            Links between units; a link given twice or to itself counts once or not at all.
        values : array of float, shape (n, K)
            Needs, standardised as the caller wishes; NaN = unknown.
        amounts : mapping of name to array (n,), optional
            What may be limited; ``members`` (1 each) is always there.
        maximum, minimum : mapping of name to float, optional
            A minimum is a hard rule here; see :class:`~spatial.districting.assemble.Limits`.
        xy_m : array, shape (n, 2), optional
        max_distance_m : float, optional
            No two members are farther apart, straight; needs `xy_m`.
        office : array of int, shape (n,), optional
            Members of one district have one; -1 goes with any.
        weights : Weights, optional
            By default the within-district sum of squares, averaged over the needs, and 1 for
            every district.

        Raises
        ------
        IndexMismatchError
            If a pair, or an array, does not fit the number of units.
        InputError
            If a limit is about an amount that is not there, or a distance lacks its places.

        Examples
        --------
        >>> row = Problem.from_arrays(np.array([[0, 1], [1, 2]]), np.array([[0.0], [0.0], [1.0]]))
        >>> row.flat.start.tolist(), row.flat.neighbour.tolist(), row.component.tolist()
        ([0, 1, 3, 4], [1, 0, 2, 1], [0, 0, 0])
        """
        from spatial.districting.assemble import Limits, Units, assemble  # noqa: PLC0415 - a cycle

        links = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
        units = Units.of_arrays(
            np.asarray(values, dtype=np.float64),
            links,
            amounts=amounts or {},
            xy_m=xy_m,
            office=office,
        )
        limits = Limits(
            maximum=maximum or {},
            minimum=minimum or {},
            hard_minimum=True,
            max_distance_m=max_distance_m,
        )
        return assemble(units, limits, weights or Weights(nearness=0.0))


def compressed(
    first: Ints, second: Ints, count: int, value: Floats | None = None
) -> tuple[Ints, Rows, Floats]:
    """Return undirected pairs as start, neighbour and value, every pair from both ends, sorted.

    Of pairs given twice the smallest value is kept.

    Examples
    --------
    >>> start, other, _ = compressed(np.array([0]), np.array([2]), 3)
    >>> start.tolist(), other.tolist()
    ([0, 1, 1, 2], [2, 0])
    """
    number = np.ones(len(first)) if value is None else value
    a = np.concatenate([first, second]).astype(np.int64)
    b = np.concatenate([second, first]).astype(np.int64)
    both = np.concatenate([number, number]).astype(np.float64)
    order = np.lexsort((both, b, a))
    a, b, both = a[order], b[order], both[order]
    new = np.ones(len(a), dtype=bool)
    new[1:] = (a[1:] != a[:-1]) | (b[1:] != b[:-1])
    new &= a != b
    start = np.concatenate([[0], np.cumsum(np.bincount(a[new], minlength=count))])
    return start.astype(np.int64), b[new].astype(np.int32), both[new]


def components_of(start: Ints, neighbour: Rows) -> Ints:
    """Return the connected component of each atom, numbered by its smallest atom."""
    count = len(start) - 1
    row = np.repeat(np.arange(count), np.diff(start))
    graph = coo_array((np.ones(len(row)), (row, neighbour)), shape=(count, count))
    part = connected_components(graph, directed=False)[1]
    return pd.factorize(part)[0].astype(np.int64)
