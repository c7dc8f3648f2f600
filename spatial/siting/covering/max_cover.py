r"""The sites that cover the most people: maximal covering (MCLP), by number or by budget.

.. math::

   \max \sum_i w_i y_i \quad \text{with} \quad y_i \le \sum_{j \in N_i} x_j, \quad
   \sum_j c_j x_j \le B, \qquad x_j \in \{0, 1\},\; 0 \le y_i \le 1,

where :math:`N_i` are the sites in reach of demand row *i* and :math:`w_i` its weight; with
:math:`c_j = 1` the budget *B* is a number of sites *p* [1]_. Solved by reduction, annealing, a
Lagrangian bound that settles most sites, and an integer programme on the rest; see
``docs/methods/coverage-models.md``.

References
----------
.. [1] R. Church, C. ReVelle (1974), Papers of the Regional Science Association 32, 101-118.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from spatial.errors import InfeasibleError, InputError
from spatial.progress import Progress, silent
from spatial.siting.answer import Answer, Cancel, Effort, Watch
from spatial.siting.covering.exchange import Exchange
from spatial.siting.covering.programme import solve_whole
from spatial.siting.covering.settle import (
    SAME,
    Left,
    Shown,
    join_alike,
    programme_of,
    show_bound,
    without,
)
from spatial.siting.given_sites import (
    number_of_sites,
    per_row,
    per_site,
    site_mask,
    site_masks,
    unit_of,
)
from spatial.siting.pairs import Pairs
from spatial.siting.signatures import cover_of, nearest_open

__all__ = ["Budget", "max_cover"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
DRAWS: Final = 100
"""Draws of the search for each site, from warm to cold."""
FEWEST_DRAWS: Final = 20_000
WARM: Final = (0.03, 0.05, 0.02)
"""Temperatures to begin with, in turn, as a share of what an open site covers on average."""
COLD: Final = 0.003
PATIENCE: Final = 3
"""The search ends after so many coolings without anything better."""
SEARCH_SHARE: Final = 0.4
"""Of the time that is left, what the search may take before the proof."""
ROUNDS: Final = 400
PAIRS_PER_S: Final = 10_000
"""Pairs left for each second left: with more, HiGHS would not come beyond its first relaxation, and
the search goes on in its place."""
SHRINKS: Final = 0.9
"""Settling goes on as long as each round leaves at most this share of the sites."""
NEAR: Final = 1e-6
"""HiGHS' own tolerance: its bounds of whole values are lowered to the next whole number."""


@dataclass(frozen=True, slots=True, eq=False)
class Budget:
    """Money for sites that cost differently.

    Parameters
    ----------
    cost : array of float, shape (m,)
        Of each site, 0 or more.
    total : float
        In the same unit.
    """

    cost: npt.ArrayLike
    total: float


def max_cover(
    pairs: Pairs,
    weight: npt.ArrayLike,
    p: int | Budget,
    *,
    must: Iterable[int] = (),
    must_not: Iterable[int] = (),
    start: Iterable[int] | None = None,
    effort: Effort | None = None,
    progress: Progress = silent,
    cancel: Cancel | None = None,
) -> Answer:
    """Cover the greatest weight with so many sites, or within a budget.

    Parameters
    ----------
    pairs : Pairs
        Which sites are in reach of each demand row; see :meth:`Pairs.within` for a smaller reach.
    weight : array of float, shape (n,)
        Of each demand row, 0 or more: persons.
    p : int or Budget
        How many sites open (always so many, even where fewer cover as much), or the money for
        them.
    must, must_not : iterable of int
        Sites that open (and count) and sites that stay closed.
    start : iterable of int, optional
        Sites of a plan to begin with.
    effort : Effort, optional
    progress : Progress
    cancel : callable, optional

    Returns
    -------
    Answer
        `value` is the weight that is covered, `assigned` the nearest open site of each row, -1
        for rows that are not covered.

    Raises
    ------
    InfeasibleError
        If the sites that must open are too many, or too dear.

    Examples
    --------
    >>> pairs = Pairs.from_matrix([[1, 9], [2, 1], [9, 3]], cutoff=5)
    >>> found = max_cover(pairs, [10, 20, 5], 1)
    >>> found.sites.tolist(), found.value, str(found.status), found.assigned.tolist()
    ([0], 30.0, 'proven_optimal', [0, 0, -1])
    """
    watch = Watch(effort or Effort(), progress, cancel)
    n, m = len(pairs), pairs.site_count
    weights = per_row(weight, n, name="weight")
    unit = unit_of(weights)
    weights = weights / unit
    opened, closed = site_masks(m, must, must_not)
    p = p if isinstance(p, Budget) else number_of_sites(p)
    cost, total = _money(p, m)
    _require_money(p, cost, total, opened, closed)
    cost, total = cost / unit_of(cost), total / unit_of(cost)
    opened |= (cost == 0) & ~closed
    work = _Work(watch, weights)
    left = work.begin(pairs, cost, total, opened, ~closed & ~opened)
    given = (site_mask(start, m, name="start") | opened) & ~closed
    reached = nearest_open(pairs.start, pairs.site, given) >= 0
    best = _Best(opened.copy(), left.paid_for)
    if cost[given].sum() <= total * (1 + SAME):
        best.take(np.flatnonzero(given), float(weights[reached].sum()))
    work.solve(left, given[left.sites], best)
    chosen, bound = best.chosen, best.bound
    if not isinstance(p, Budget):
        spare = np.flatnonzero(~chosen & ~closed)
        chosen[spare[: p - int(chosen.sum())]] = True
    assigned = nearest_open(pairs.start, pairs.site, chosen)
    value = float(weights[assigned >= 0].sum())
    if bound <= value + (0 if work.whole else SAME * value):
        bound = value
    notes = (
        f"{n} rows and {m} sites came down to {left.cover.row_count} and {left.cover.site_count}.",
    )
    return Answer(
        np.flatnonzero(chosen), assigned, unit * value, unit * bound,
        watch.status_of(value, bound), watch.cpu_s, notes,
    )  # fmt: skip


def _money(p: int | Budget, sites: int) -> tuple[Floats, float]:
    if isinstance(p, Budget):
        cost = per_site(p.cost, sites, name="cost")
        if not (np.isfinite(p.total) and p.total >= 0):
            raise InputError(
                f"The budget is {p.total}; it must be 0 or more.",
                zh=f"预算为 {p.total};应大于等于 0。",
            )
        return cost, float(p.total)
    return np.ones(sites), float(p)


def _require_money(p: int | Budget, cost: Floats, total: float, opened: Mask, closed: Mask) -> None:
    """Raise where what must open is more than the budget, or too few sites may open."""
    spent = float(cost[opened].sum())
    if spent > total * (1 + SAME):
        what, what_zh = ("cost", "造价") if isinstance(p, Budget) else ("number", "数量为")
        raise InfeasibleError(
            f"The sites in `must` {what} {spent:g}, more than {total:g}. Raise the budget, or "
            "take sites out of `must`.",
            zh=f"必设选址点{what_zh} {spent:g},超过 {total:g}。请提高预算,或减少必设选址点。",
        )
    allowed = int((~closed).sum())
    if not isinstance(p, Budget) and p > allowed:
        raise InfeasibleError(
            f"`p` asks for {p} sites; only {allowed} may open. Lower `p`, or take sites out of "
            "`must_not`.",
            zh=f"p 要求 {p} 个选址点,可用的只有 {allowed} 个。请减小 p,或减少禁设选址点。",
        )


@dataclass(slots=True, eq=False)
class _Best:
    """The best sites so far and the least bound, of the whole problem."""

    chosen: Mask  # (m,)
    value: float
    bound: float = np.inf

    def take(self, sites: npt.NDArray[np.int64], value: float) -> None:
        """Take other sites where they cover more."""
        if value > self.value:
            self.chosen = np.zeros(len(self.chosen), dtype=bool)
            self.chosen[sites] = True
            self.value = value

    def lower(self, bound: float) -> None:
        """Take a bound of all answers better than the best: the best itself may be the best."""
        self.bound = min(self.bound, max(bound, self.value))


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """One call: the clock, and the weights that all bounds are of."""

    watch: Watch
    weight: Floats

    @property
    def whole(self) -> bool:
        return bool((self.weight == np.floor(self.weight)).all())

    def begin(self, pairs: Pairs, cost: Floats, total: float, opened: Mask, free: Mask) -> Left:
        """Return what is to be decided, once those that must open do."""
        cover = cover_of(pairs.start, pairs.site, pairs.site_count)
        rows = np.zeros(len(pairs), dtype=bool)
        rows[cover.row[np.repeat(opened, np.diff(cover.begin))]] = True
        whole = Left(
            cover.part(~rows, free), self.weight[~rows], cost[free],
            total - float(cost[opened].sum()), np.flatnonzero(free), np.flatnonzero(opened),
            float(self.weight[rows].sum()),
        )  # fmt: skip
        return join_alike(whole)[0]

    def solve(self, left: Left, wished: Mask, best: _Best) -> None:
        """Find the best sites, and a bound."""
        if not len(left.sites):
            best.bound = best.value
            return
        search = self._exchange(left, wished)
        best.take(_numbers(left, search.chosen), left.paid_for + search.value)
        shown = show_bound(left, None, best.value, ROUNDS)
        best.bound = shown.limit(left)
        search.price = shown.price
        self._search(search, left, best)
        self._prove(left, shown.share, best)

    def _exchange(self, left: Left, wished: Mask, price: float = 0.0) -> Exchange:
        return Exchange(
            left.cover, left.weight, left.cost, left.budget, _affordable(left, wished),
            self.watch.effort.seed, price,
        )  # fmt: skip

    def _done(self, best: _Best) -> bool:
        near = 0.0 if self.whole else SAME * best.value
        return (
            best.bound <= best.value + near
            or self.watch.enough(best.value, best.bound)
            or self.watch.must_stop()
        )

    def _search(
        self,
        search: Exchange,
        left: Left,
        best: _Best,
        *,
        share: float = SEARCH_SHARE,
        patience: float = PATIENCE,
    ) -> None:
        """Cool down again and again, until nothing better comes."""
        until_s = self.watch.left_s * (1 - share)
        draws = max(FEWEST_DRAWS, DRAWS * len(left.sites))
        rounds, idle = 0, 0
        while not self._done(best) and idle < patience and self.watch.left_s > until_s:
            average = search.value / max(1, int(search.chosen.sum()))
            warm = WARM[rounds % len(WARM)] * average
            before = search.value
            after = search.go(
                draws, warm=warm, cold=COLD * average, enough=best.bound - left.paid_for
            )
            idle = 0 if after > before else idle + 1
            rounds += 1
            best.take(_numbers(left, search.chosen), left.paid_for + search.value)
            self.watch.tell("siting_search", 1 - self.watch.left_s / self.watch.effort.seconds)

    def _prove(self, left: Left, share: Floats | None, best: _Best) -> None:
        """Settle sites and bound what is left in turns; the rest is a programme for HiGHS."""
        while not self._done(best):
            shown: Shown = show_bound(left, share, best.value, ROUNDS)
            best.lower(shown.limit(left))
            if self._done(best):
                return
            rest, share = without(left, shown, best.value)
            if rest.budget < -SAME * left.budget:
                best.lower(best.value)
                return
            rest, share = join_alike(rest, share)
            if not len(rest.sites):
                best.take(rest.opened, rest.paid_for)
                best.lower(best.value)
                return
            shrunk = len(rest.sites) <= SHRINKS * len(left.sites)
            left = rest
            if not shrunk:
                break
            search = self._exchange(left, best.chosen[left.sites], shown.price)
            self._search(search, left, best)
        if self._done(best):
            return
        if len(left.cover.site) <= PAIRS_PER_S * self.watch.left_s:
            self._ask(left, best)
            return
        search = self._exchange(left, best.chosen[left.sites], shown.price)
        self._search(search, left, best, share=1.0, patience=np.inf)

    def _ask(self, left: Left, best: _Best) -> None:
        self.watch.tell("siting_proof", 0.0)
        cost, rows, several = programme_of(left)
        inside = best.chosen[left.sites]
        column = np.concatenate([inside, _covered(left, inside)[several]]).astype(np.float64)
        if left.cost[inside].sum() > left.budget:
            column[:] = 0.0
        outcome = solve_whole(cost, rows, self.watch, whole=len(left.sites), start=column)
        if outcome.column is not None:
            inside = outcome.column[: len(left.sites)] > 0.5
            if left.cost[inside].sum() <= left.budget * (1 + SAME):
                value = left.paid_for + float(left.weight[_covered(left, inside)].sum())
                best.take(_numbers(left, inside), value)
        limit = left.paid_for - outcome.bound + NEAR
        near = 2 * NEAR * max(1.0, best.value) if outcome.ended else 0.0
        if self.whole:
            limit, near = float(np.floor(limit)), 0.0
        best.lower(best.value if limit <= best.value + near else limit)


def _numbers(left: Left, inside: Mask) -> npt.NDArray[np.int64]:
    return np.concatenate([left.opened, left.sites[inside]])


def _covered(left: Left, inside: Mask) -> Mask:
    held = np.concatenate([[0], np.cumsum(inside[left.cover.site])])
    return np.diff(held[left.cover.start]) > 0


def _affordable(left: Left, wished: Mask) -> Mask:
    """Take the wished sites that cover most, as long as the money lasts."""
    worth = np.bincount(
        left.cover.site, np.repeat(left.weight, np.diff(left.cover.start)), len(left.sites)
    )
    kept = np.zeros(len(left.sites), dtype=bool)
    money = left.budget * (1 + SAME)
    for j in sorted(np.flatnonzero(wished).tolist(), key=lambda j: (-worth[j], j)):
        if left.cost[j] <= money:
            kept[j] = True
            money -= float(left.cost[j])
    return kept
