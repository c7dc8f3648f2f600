r"""The fewest (or cheapest) sites that cover everybody: location set covering (LSCP).

.. math::

   \min \sum_j c_j x_j \quad \text{with} \quad \sum_{j \in N_i} x_j \ge t_i \;\; \forall i,
   \qquad x_j \in \{0, 1\},

where :math:`N_i` are the sites in reach of demand row *i* and :math:`t_i` how many of them must
open (1; 2 for a backup) [1]_. Solved by reduction, a row-weighting search, a Lagrangian bound that
settles most sites, and an integer programme on the rest; see ``docs/methods/coverage-models.md``.

References
----------
.. [1] C. Toregas, R. Swain, C. ReVelle, L. Bergman (1971), Operations Research 19, 1363-1373.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from spatial.errors import InfeasibleError, InputError
from spatial.progress import Progress, silent
from spatial.siting.answer import Answer, Cancel, Effort, Status, Watch
from spatial.siting.covering.programme import Rows, solve_whole
from spatial.siting.covering.reduction import Reduced, reduce_cover
from spatial.siting.covering.set_cover_bound import (
    UNIT,
    bound_of_prices,
    first_prices,
    raise_cover_prices,
)
from spatial.siting.covering.weighting import CoverSearch, greedy_sites
from spatial.siting.given_sites import per_row, per_site, site_mask, site_masks, unit_of
from spatial.siting.pairs import Pairs
from spatial.siting.signatures import Cover, cover_of, nearest_open

__all__ = ["CoverProof", "cheapest_cover", "set_cover"]

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
NAMED: Final = 5
LARGEST: Final = 2.0**62
STEPS: Final = 4000
"""Steps of the search between two looks at the clock."""
PATIENCE: Final = 3
"""The search ends when it has gone so many times the steps without a better cover."""
SEARCH_SHARE: Final = 0.5
"""Of the time that is left, what the search may take before the proof."""
ROUNDS: Final = 500
SAME: Final = 1e-9
"""Sums of costs that are not whole are one number within this share."""
NEAR: Final = 1e-6
"""HiGHS' own tolerance: its bounds of whole costs are raised to the next whole number."""


@dataclass(frozen=True, slots=True, eq=False)
class CoverProof:
    """A cover of what was asked, and what no cover can go below."""

    chosen: Mask  # (m,)
    value: float
    bound: float


def set_cover(
    pairs: Pairs,
    *,
    cost: npt.ArrayLike | None = None,
    times: int | npt.ArrayLike = 1,
    must: Iterable[int] = (),
    must_not: Iterable[int] = (),
    start: Iterable[int] | None = None,
    effort: Effort | None = None,
    progress: Progress = silent,
    cancel: Cancel | None = None,
) -> Answer:
    """Cover every demand row with the fewest or cheapest sites.

    Parameters
    ----------
    pairs : Pairs
        Which sites are in reach of each demand row; see :meth:`Pairs.within` for a smaller reach.
    cost : array of float, shape (m,), optional
        Of each site, 0 or more; by default 1 each, so that sites are counted.
    times : int or array of int, shape (n,)
        How many open sites each row needs in reach: 2 for a backup, 0 for rows that may go without.
    must, must_not : iterable of int
        Sites that open (they are paid for, too) and sites that stay closed.
    start : iterable of int, optional
        Sites of a plan to begin with; need not cover.
    effort : Effort, optional
    progress : Progress
    cancel : callable, optional

    Returns
    -------
    Answer
        `value` is the cost of the open sites, `assigned` the nearest open site of each row.

    Raises
    ------
    InfeasibleError
        If rows have too few allowed sites in reach; the message names them.

    Examples
    --------
    >>> pairs = Pairs.from_matrix([[1, 9, 9], [2, 1, 9], [9, 3, 1]], cutoff=5)
    >>> found = set_cover(pairs)
    >>> found.sites.tolist(), found.value, str(found.status)
    ([0, 1], 2.0, 'proven_optimal')
    """
    watch = Watch(effort or Effort(), progress, cancel)
    n, m = len(pairs), pairs.site_count
    price = np.ones(m) if cost is None else per_site(cost, m, name="cost")
    unit = unit_of(price)
    price = price / unit
    opened, closed = site_masks(m, must, must_not)
    need = _needs(times, n)
    cover = cover_of(pairs.start, pairs.site, m)
    _require_enough(cover, need, ~closed)
    chosen = opened | ((price == 0) & ~closed & (np.diff(cover.begin) > 0))
    served = np.bincount(cover.row[np.repeat(chosen, np.diff(cover.begin))], minlength=n)
    part = reduce_cover(cover, need - served, price, ~closed & ~chosen)
    chosen[part.opened] = True
    begun = (site_mask(start, m, name="start") | opened) & ~closed
    proof = cheapest_cover(part.cover, part.need, price[part.sites], watch, start=begun[part.sites])
    chosen[part.sites[proof.chosen]] = True
    value = float(price[chosen].sum())
    bound = value if proof.bound >= proof.value else value - proof.value + proof.bound
    held = np.concatenate([[0], np.cumsum(begun[cover.site])])
    if price[begun].sum() < value and (np.diff(held[cover.start]) >= need).all():
        chosen, value = begun, float(price[begun].sum())  # stopped before that was found again
    sites = np.flatnonzero(chosen)
    bound = min(bound, value)
    status = watch.status_of(value, bound)
    if status == Status.CANCELLED and not np.isfinite(bound):
        bound = np.nan
    assigned = nearest_open(pairs.start, pairs.site, chosen)
    notes = (_left(part, n, m),)
    return Answer(sites, assigned, unit * value, unit * bound, status, watch.cpu_s, notes)


def _left(part: Reduced, rows: int, sites: int) -> str:
    return (
        f"{rows} rows and {sites} sites came down to {part.cover.row_count} and "
        f"{part.cover.site_count}."
    )


def _needs(times: int | npt.ArrayLike, count: int) -> Longs:
    given = np.asarray(times)
    numbers = per_row(np.full(count, given) if given.ndim == 0 else given, count, name="times")
    if (numbers != np.floor(numbers)).any():
        row = int(np.flatnonzero(numbers != np.floor(numbers))[0])
        raise InputError(
            f"`times` row {row} is {numbers[row]}; it counts sites: 0, 1, 2 …",
            zh=f"times 第 {row} 行为 {numbers[row]};应为整数 0、1、2……",
        )
    return numbers.astype(np.int64)


def _require_enough(cover: Cover, need: Longs, allowed: Mask) -> None:
    """Raise where rows have fewer allowed sites in reach than they need."""
    held = np.concatenate([[0], np.cumsum(allowed[cover.site])])
    count = np.diff(held[cover.start])
    short = np.flatnonzero(count < need)
    if len(short):
        named = ", ".join(map(str, short[:NAMED])) + (", …" if len(short) > NAMED else "")
        first = int(short[0])
        raise InfeasibleError(
            f"{len(short)} demand rows cannot be covered: rows {named}. Row {first} needs "
            f"{need[first]} sites and has {count[first]} allowed in reach. Enlarge the reach, "
            "allow more sites, or leave these rows out (times = 0).",
            zh=(
                f"{len(short)} 行需求无法覆盖:第 {named} 行。第 {first} 行需要 {need[first]} "
                f"个选址点,可达且可用的只有 {count[first]} 个。"
                "请扩大范围、增加选址点,或去掉这些行。"
            ),
        )


def cheapest_cover(
    cover: Cover,
    need: Longs,
    cost: Floats,
    watch: Watch,
    *,
    start: Mask | None = None,
    at_most: float = np.inf,
    proof: bool = True,
) -> CoverProof:
    """Cover all rows of a reduced problem.

    Parameters
    ----------
    cover : Cover
        Every row has the sites it needs.
    need : array of int, shape (n,)
    cost : array of float, shape (m,)
        Greater than 0.
    watch : Watch
    start : array of bool, shape (m,), optional
    at_most : float
        Only tell whether a cover costs no more than this: stop at the first one, or when none is
        shown to exist (the bound is then above).
    proof : bool
        Without it, leave open what the search and the first bound do not tell.
    """
    if cover.row_count == 0:
        return CoverProof(np.zeros(cover.site_count, dtype=bool), 0.0, 0.0)
    work = _Work(cover, need, cost, watch, at_most)
    begun = np.zeros(len(cost), dtype=bool) if start is None else start.copy()
    search = CoverSearch(
        cover, need, cost, greedy_sites(cover.arrays, need, cost, begun),
        np.zeros(len(cost), dtype=bool), watch.effort.seed,
    )  # fmt: skip
    price, low, reduced = work.prices(search.value)
    bound = work.raised(low / UNIT, search.value)
    work.search(search, bound)
    if not work.done(search.value, bound):
        price, low, reduced = work.prices(search.value, price)
        bound = work.raised(low / UNIT, search.value)
    if not proof or work.done(search.value, bound):
        return CoverProof(search.chosen, search.value, bound)
    return work.prove(search.chosen, low, reduced)


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """One reduced problem, and when to stop."""

    cover: Cover
    need: Longs
    cost: Floats
    watch: Watch
    at_most: float

    @property
    def whole(self) -> bool:
        """Whether costs are whole numbers, and sums of them in units, too, fit into 64 bits."""
        whole = bool((self.cost == np.floor(self.cost)).all())
        return whole and float(self.cost.sum()) * UNIT < LARGEST

    def raised(self, bound: float, value: float) -> float:
        """Raise a bound to the next whole number where costs are whole; never above the value.

        Sums of other costs are one number where they differ by no more than their rounding.
        """
        if self.whole:
            return min(value, float(np.ceil(bound)))
        return value if bound >= value - SAME * value else bound

    def done(self, value: float, bound: float) -> bool:
        return (
            bound >= value
            or value <= self.at_most < np.inf
            or bound > self.at_most
            or self.watch.enough(value, bound)
            or self.watch.must_stop()
        )

    def prices(self, target: float, price: Floats | None = None) -> tuple[Floats, float, Any]:
        """Prices, the bound they give in units (in whole numbers if costs are), reduced costs."""
        arrays = self.cover.arrays
        begin = first_prices(arrays, self.cost) if price is None else price
        found, _ = raise_cover_prices(arrays, self.need, self.cost, begin.copy(), target, ROUNDS)
        if self.whole and float(found @ self.need) * UNIT < LARGEST:
            exact = np.rint(found * UNIT).astype(np.int64)
            units = self.cost.astype(np.int64) * UNIT
            low, reduced = bound_of_prices(arrays, self.need, units, exact)
            return found, low, reduced
        low, reduced = bound_of_prices(arrays, self.need, self.cost * UNIT, found * UNIT)
        return found, low - SAME / 1000 * abs(low), reduced

    def search(self, search: CoverSearch, bound: float) -> None:
        """Search until it has not found anything better for long enough."""
        until_s = self.watch.left_s * (1 - SEARCH_SHARE)
        gone, better_at = 0, 0
        steps = min(STEPS, 50 * self.cover.site_count)
        enough = bound if self.at_most == np.inf else max(bound, self.at_most)
        while not self.done(search.value, bound) and self.watch.left_s > until_s:
            before = search.value
            gone += steps
            if search.go(steps, enough=enough) < before:
                better_at = gone
            self.watch.tell("siting_search", gone / max(PATIENCE * better_at, 20 * steps))
            if gone > max(PATIENCE * better_at, 20 * steps):
                return

    def prove(self, best: Mask, low: float, reduced: Any) -> CoverProof:
        """Settle sites by their reduced costs, and leave the rest to an integer programme."""
        value = float(self.cost[best].sum())
        step = 1.0 if self.whole else SAME * value
        wanted = min(value - step, self.at_most)
        above = value if wanted == value - step else self.at_most + step  # if nothing is found
        room = wanted * UNIT - low  # what a better cover may lose on the bound
        opened = -reduced > room
        left = (reduced <= room) & ~opened
        served = np.bincount(
            self.cover.row[np.repeat(opened, np.diff(self.cover.begin))],
            minlength=self.cover.row_count,
        )
        need = self.need - served
        held = np.concatenate([[0], np.cumsum(left[self.cover.site])])
        if (np.diff(held[self.cover.start]) < need).any():
            return CoverProof(best, value, above)
        part = reduce_cover(self.cover, need, self.cost, left)
        paid = float(self.cost[opened].sum() + self.cost[part.opened].sum())
        self.watch.tell("siting_proof", 0.0)
        limit = self.at_most - paid if self.at_most < np.inf else None
        rows = _rows(part, self.cost[part.sites], limit)
        outcome = solve_whole(self.cost[part.sites], rows, self.watch, whole=len(part.sites))
        if outcome.column is not None:
            chosen = opened.copy()
            chosen[part.opened] = True
            chosen[part.sites[outcome.column > 0.5]] = True
            if self._covers(chosen) and self.cost[chosen].sum() < value:
                best, value = chosen, float(self.cost[chosen].sum())
        bound = max(low / UNIT, min(value, above, paid + outcome.bound - NEAR))
        if outcome.ended and min(value, above) - bound <= 2 * NEAR * max(1.0, value):
            bound = min(value, above)
        return CoverProof(best, value, self.raised(bound, value))

    def _covers(self, chosen: Mask) -> bool:
        count = np.concatenate([[0], np.cumsum(chosen[self.cover.site])])
        return bool((np.diff(count[self.cover.start]) >= self.need).all())


def _rows(part: Reduced, cost: Floats, limit: float | None) -> Rows:
    cover, count = part.cover, part.cover.row_count
    rows = Rows(
        cover.start, cover.site, np.ones(len(cover.site)),
        part.need.astype(np.float64), np.full(count, np.inf),
    )  # fmt: skip
    if limit is None:
        return rows
    return Rows(
        np.append(rows.start, len(cover.site) + len(cost)),
        np.append(rows.index, np.arange(len(cost))),
        np.append(rows.value, cost),
        np.append(rows.lower, -np.inf),
        np.append(rows.upper, limit * (1 + SAME)),
    )
