"""A given number of districts, over all parts of the city together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from spatial.districting.parts import Part, Solved, solve_part_number
from spatial.errors import InfeasibleError

__all__ = ["Numbered", "solve_number"]

NARROW: Final = 1e-6
"""Prices nearer than this are one."""
DOUBLINGS: Final = 20


@dataclass(frozen=True, slots=True, eq=False)
class Numbered:
    """A plan of each part, k districts together, and the bound of their sum."""

    plans: list[Solved]
    bound: float


class _Search:
    """Plans met at the prices asked so far."""

    def __init__(
        self, parts: Sequence[Part], k: int, solve: Callable[[Part, float], Solved]
    ) -> None:
        self.parts, self.k, self.solve = parts, k, solve
        self.options: list[dict[int, Solved]] = [{} for _ in parts]
        self.bound = -np.inf

    def at(self, price: float) -> int:
        """Districts that count in the best plan at a price."""
        count, bound = 0, -price * self.k
        for part, options in zip(self.parts, self.options, strict=True):
            found = self.solve(part, price)
            keep = options.get(found.count)
            if keep is None or found.better_than(keep, 0.0):
                options[found.count] = found
            count += found.count
            bound += found.bound
        self.bound = max(self.bound, bound)
        return count

    def chosen(self) -> list[Solved] | None:
        """Return the cheapest plans of all parts with k districts together, among those met."""
        value = np.full(self.k + 1, np.inf)
        value[0] = 0.0
        picks: list[np.ndarray] = []
        for options in self.options:
            better, pick = np.full(self.k + 1, np.inf), np.full(self.k + 1, -1)
            for count, found in sorted(options.items()):
                if count > self.k:
                    continue
                reached = value[: self.k + 1 - count] + found.value
                lower = reached < better[count:]
                better[count:][lower] = reached[lower]
                pick[count:][lower] = count
            value = better
            picks.append(pick)
        if not np.isfinite(value[self.k]):
            return None
        left, plans = self.k, []
        for options, pick in zip(reversed(self.options), reversed(picks), strict=True):
            plans.append(options[int(pick[left])])
            left -= int(pick[left])
        return plans[::-1]

    def fill(self, price: float, solve: Callable[[Part, float, int], Solved | None]) -> None:
        """Add the plans with numbers between those met, part by part, until k is possible."""
        for part, options in zip(self.parts, self.options, strict=True):
            for count in range(min(options) + 1, max(options)):
                if count not in options:
                    found = solve(part, price, count)
                    if found is not None:
                        options[count] = found
            if self.chosen() is not None:
                return


def solve_number(
    parts: Sequence[Part],
    k: int,
    solve: Callable[[Part, float], Solved],
    solve_exactly: Callable[[Part, float, int], Solved | None] = solve_part_number,
) -> Numbered:
    """Return the best plan of k districts.

    Raises
    ------
    InfeasibleError
        If there cannot be so few or so many; it says how many there can be.
    """
    search = _Search(parts, k, solve)
    count = search.at(0.0)
    if count == k:
        return _ended(search)
    inner, outer, count = _bracket(search, count)
    while count != k and abs(outer - inner) > NARROW:
        price = (inner + outer) / 2
        count = search.at(price)
        # the farther from 0, the farther from the number that comes out by itself
        if (count > k) == (outer > 0):
            inner = price
        else:
            outer = price
    if search.chosen() is None:
        search.fill((inner + outer) / 2, solve_exactly)
    if search.chosen() is None:
        raise _impossible(k, count, fewer=None)
    return _ended(search)


def _bracket(search: _Search, count: int) -> tuple[float, float, int]:
    """Two prices between which the number passes k, and the number at the outer one."""
    fewer = count > search.k
    inner, outer = 0.0, 1.0 if fewer else -1.0
    for _ in range(DOUBLINGS):
        count = search.at(outer)
        if count == search.k or (count < search.k) == fewer:
            return inner, outer, count
        inner, outer = outer, 2 * outer
    raise _impossible(search.k, count, fewer=fewer)


def _ended(search: _Search) -> Numbered:
    plans = search.chosen()
    assert plans is not None
    return Numbered(plans, min(search.bound, sum(found.value for found in plans)))


def _impossible(k: int, count: int, *, fewer: bool | None) -> InfeasibleError:
    if fewer is None:
        return InfeasibleError(
            f"No plan of exactly {k} districts was found. Ask for one more or one less.",
            zh=f"未找到恰好 {k} 个片区的方案。请增减一个再试。",
        )
    word, zh = ("fewer", "少于") if fewer else ("more", "多于")
    return InfeasibleError(
        f"{k} districts are asked for, but the rules allow no {word} than {count}. Ask for "
        f"{count}, or relax the limits, the barriers or the locks.",
        zh=(
            f"要求 {k} 个片区,但按规则不能{zh} {count} 个。请改为 {count} 个,或放宽上下限、阻隔"
            "或锁定。"
        ),
    )
