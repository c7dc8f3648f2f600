"""A map to be divided, checked at the door, and the regions that were found on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from spatial.districting.held import Held, hold, link_differences, numbered
from spatial.districting.problem import components_of, compressed
from spatial.errors import IndexMismatchError, InputError

__all__ = ["Map", "Regions", "answer_of", "checked_map", "named", "part_of"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
NAMED: Final = 6
"""Rows named in a message; of more, it says how many."""


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """Regions that were found.

    Parameters
    ----------
    label : array of int, shape (n,)
        Region of each unit, 0 … regions − 1 in order of their first unit; −1: in none, because
        all that hangs together with it does not hold enough.
    regions : int
    within : float
        Sum of squares within regions, Σ |x − mean|²; 0 where no values were given.
    bound : int
        No plan has more regions than this; for a fixed number, that number.
    proven : bool
        The number of regions cannot be larger.
    """

    label: Ints
    regions: int
    within: float
    bound: int
    proven: bool


@dataclass(frozen=True, slots=True, eq=False)
class Map:
    """Checked input; row i is unit i.

    Parameters
    ----------
    links : (array of int32, array of int32)
        Start and neighbour.
    x : array, shape (n, K)
        Values around their means.
    amount : array, shape (n,)
    component : array of int, shape (n,)
    apart : array
        Squared difference of the two ends of every link.
    """

    links: tuple[Any, Any]
    x: Floats
    amount: Floats
    component: Ints
    apart: Floats

    @property
    def units(self) -> int:
        """How many units there are."""
        return len(self.x)

    def held(self, label: npt.NDArray[Any], limits: tuple[float, float]) -> Held:
        """Hold a partition of the whole map."""
        return hold(self.links, self.x, label, amount=self.amount, limits=limits, apart=self.apart)


def answer_of(label: npt.NDArray[Any], x: Floats, *, bound: int) -> Regions:
    """Return regions numbered by their first unit, with their sum of squares."""
    number, regions, within = numbered(label.astype(np.int64), x)
    return Regions(number, regions, within, bound, regions == bound)


def part_of(land: Map, rows: Ints) -> Map:
    """Return some units as a map of their own."""
    new = np.full(land.units, -1, np.int64)
    new[rows] = np.arange(len(rows))
    start, neighbour = land.links
    a = np.repeat(np.arange(land.units), np.diff(start))
    kept = (new[a] >= 0) & (new[neighbour] >= 0) & (a < neighbour)
    return _map(new[a[kept]], new[neighbour[kept]], land.x[rows], land.amount[rows])


def _map(a: Ints, b: Ints, x: Floats, amount: Floats) -> Map:
    start, neighbour, _ = compressed(a, b, len(x))
    links = (start.astype(np.int32), neighbour)
    component = components_of(start, neighbour)
    return Map(links, x, amount, component, link_differences(*links, x))


def checked_map(
    links: npt.NDArray[Any], values: npt.NDArray[Any], amounts: npt.NDArray[Any] | None
) -> Map:
    """Check links, values and amounts, and lay them out for the search."""
    x = np.asarray(values, dtype=np.float64)
    x = np.ascontiguousarray(x[:, None] if x.ndim == 1 else x)
    amount = np.ones(len(x)) if amounts is None else np.asarray(amounts, dtype=np.float64)
    pairs = np.asarray(links, dtype=np.int64).reshape(-1, 2)
    if len(amount) != len(x) or amount.ndim != 1 or x.ndim != 2:
        raise IndexMismatchError(
            f"`values` has {x.shape} entries, `amounts` {amount.shape}: one row per unit each.",
            zh=f"“values”为 {x.shape},“amounts”为 {amount.shape}:每个单元应各有一行。",
        )
    if not len(x):
        raise InputError("There are no units.", zh="没有单元。")
    if len(pairs) and (pairs.min() < 0 or pairs.max() >= len(x)):
        raise IndexMismatchError(
            f"`links` names unit {pairs.max() if pairs.max() >= len(x) else pairs.min()}; there "
            f"are units 0 to {len(x) - 1}.",
            zh=f"“links”提到不存在的单元;单元编号为 0 至 {len(x) - 1}。",
        )
    wrong = np.flatnonzero(~np.isfinite(x).all(axis=1) | ~np.isfinite(amount) | (amount < 0))
    if len(wrong):
        raise InputError(
            f"Units {named(wrong)}: values must be numbers, amounts numbers of at least 0. Leave "
            "these units out, or fill in what is missing.",
            zh=f"单元 {named(wrong)}:数值须有限,数量不得为负。请去掉或补全这些单元。",
        )
    return _map(pairs[:, 0], pairs[:, 1], x - x.mean(axis=0), amount)


def named(rows: npt.NDArray[Any]) -> str:
    """Name rows in a message; of many, the first and how many there are."""
    text = ", ".join(str(row) for row in rows[:NAMED])
    return f"{text} … ({len(rows)})" if len(rows) > NAMED else text or "none"
