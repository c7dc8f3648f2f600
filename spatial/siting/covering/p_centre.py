r"""Sites from which nobody is far: the vertex p-centre.

.. math::

   \min_{S,\; |S| = p} \; \max_i \; \min_{j \in S} d_{ij}.

The value is one of the distances. A distance *r* can be reached exactly when *p* sites cover
every demand row within *r*, so the search halves the sorted distances, and asks a set cover each
time [1]_: first with quick answers from both sides (a cover that was found; a Lagrangian bound
above *p*), then with proofs where those leave a distance open; see
``docs/methods/coverage-models.md``.

References
----------
.. [1] E. Minieka (1970), SIAM Review 12, 138-139.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from spatial.errors import InfeasibleError
from spatial.progress import Progress, silent
from spatial.siting.answer import Answer, Cancel, Effort, Watch, gap_share
from spatial.siting.covering.reduction import reduce_cover
from spatial.siting.covering.set_cover import cheapest_cover
from spatial.siting.given_sites import number_of_sites, site_mask, site_masks
from spatial.siting.pairs import Pairs
from spatial.siting.signatures import cover_of, nearest_open

__all__ = ["p_centre"]

Longs = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
_jit: Any = numba.njit(cache=True, nogil=True)
Array = Any


def p_centre(
    cost: npt.ArrayLike | Pairs,
    p: int,
    *,
    must: Iterable[int] = (),
    must_not: Iterable[int] = (),
    start: Iterable[int] | None = None,
    effort: Effort | None = None,
    progress: Progress = silent,
    cancel: Cancel | None = None,
) -> Answer:
    """Open p sites so that the farthest demand row is as near as can be.

    Parameters
    ----------
    cost : array of number, shape (n, m), or Pairs
        Distance or time from demand rows to sites; pairs that are missing are not allowed.
    p : int
        How many sites open.
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
        `value` is the greatest distance from a demand row to its nearest open site, one of the
        input's own numbers; `assigned` that site.

    Raises
    ------
    InfeasibleError
        If no p sites have every demand row in reach, or `must` names more than p.

    Examples
    --------
    >>> found = p_centre([[0, 4, 9], [4, 0, 6], [9, 6, 0]], 2)
    >>> found.value, found.sites.tolist(), str(found.status)
    (4.0, [0, 2], 'proven_optimal')
    """
    asked = effort or Effort()
    # A gap is one of distances: set covers that are asked on the way are counts, and exact.
    watch = Watch(replace(asked, gap_share=0.0), progress, cancel)
    pairs = cost if isinstance(cost, Pairs) else Pairs.from_matrix(cost)
    m = pairs.site_count
    opened, closed = site_masks(m, must, must_not)
    p = number_of_sites(p)
    _require_number(p, opened, closed)
    pairs = pairs.of_sites(~closed)
    pairs.require_all_in_reach()
    search = _Search(pairs, p, opened, ~closed, watch, asked.gap_share)
    search.try_plan(site_mask(start, m, name="start") | opened)
    search.try_plan(_farthest_first(pairs.start, pairs.site, pairs.cost, opened.copy(), p))
    search.halve(proof=False)
    search.halve(proof=True)
    if search.best is None:
        raise _no_plan(search)
    chosen = search.best
    spare = np.flatnonzero(~chosen & ~closed)
    chosen[spare[: p - int(chosen.sum())]] = True
    assigned = nearest_open(pairs.start, pairs.site, chosen)
    value, bound = float(search.levels[search.high]), float(search.levels[search.low])
    return Answer(
        np.flatnonzero(chosen), assigned, value, bound, watch.status_of(value, bound),
        watch.cpu_s, (f"{search.asked} set covers were asked.",),
    )  # fmt: skip


def _no_plan(search: _Search) -> InfeasibleError:
    p, reach = search.p, search.pairs.cost.max()
    if search.impossible:
        return InfeasibleError(
            f"No {p} sites have every demand row in reach: the pairs end at {reach}. Raise `p` or "
            "enlarge the reach of the pairs.",
            zh=f"{p} 个选址点无法覆盖全部需求(范围到 {reach} 为止)。请增大 p 或放宽范围。",
        )
    return InfeasibleError(
        f"No {p} sites that have every demand row in reach (pairs within {reach}) were found in "
        "time, nor was it shown that there are none. Give more time, raise `p` or the reach.",
        zh=f"在限时内未找到能覆盖全部需求(范围 {reach})的 {p} 个选址点,也未证明不存在。"
        "请延长时间、增大 p 或放宽范围。",
    )


def _require_number(p: int, opened: Mask, closed: Mask) -> None:
    least, most = max(1, int(opened.sum())), int((~closed).sum())
    if not least <= p <= most:
        raise InfeasibleError(
            f"`p` is {p}; with these rules it must lie between {least} and {most}.",
            zh=f"p 为 {p};按现有规则应在 {least} 至 {most} 之间。",
        )


@_jit
def _by_site(start: Array, site: Array, cost: Array, count: int) -> tuple[Array, Array, Array]:
    """List the pairs by site."""
    begin = np.zeros(count + 1, dtype=np.int64)
    for j in site:
        begin[j + 1] += 1
    for j in range(count):
        begin[j + 1] += begin[j]
    at = begin[:-1].copy()
    row, length = np.empty(len(site), dtype=np.int32), np.empty(len(site), dtype=cost.dtype)
    for i in range(len(start) - 1):
        for e in range(start[i], start[i + 1]):
            place = at[site[e]]
            row[place], length[place] = i, cost[e]
            at[site[e]] += 1
    return begin, row, length


@_jit
def _farthest_first(start: Array, site: Array, cost: Array, chosen: Array, p: int) -> Array:
    """Add the nearest site of the row that is farthest off, again and again (Gonzalez 1985)."""
    near = np.full(len(start) - 1, np.inf)
    begin, row, length = _by_site(start, site, cost, len(chosen))
    for j in np.flatnonzero(chosen):
        for e in range(begin[j], begin[j + 1]):
            near[row[e]] = min(near[row[e]], length[e])
    for _ in range(p - chosen.sum() if len(near) else 0):
        j = site[start[np.argmax(near)]]
        if chosen[j]:
            break
        chosen[j] = True
        for e in range(begin[j], begin[j + 1]):
            near[row[e]] = min(near[row[e]], length[e])
    return chosen


@dataclass(slots=True, eq=False)
class _Search:
    """The distances still possible: from `low` (those below are shown not to be) to `high`."""

    pairs: Pairs
    p: int
    opened: Mask
    allowed: Mask
    watch: Watch
    good_enough_share: float
    levels: Any = None  # distinct distances, ascending
    low: int = 0
    high: int = 0
    best: Mask | None = None
    asked: int = 0
    impossible: bool = False  # shown: no p sites have every row in reach

    def __post_init__(self) -> None:
        nearest = self.pairs.cost[self.pairs.start[:-1]]
        least = nearest.max(initial=0)  # nobody can do better than that row
        self.levels = np.unique(np.append(self.pairs.cost[self.pairs.cost >= least], least))
        self.high = len(self.levels) - 1

    def try_plan(self, chosen: Mask) -> None:
        """Take a plan of no more than p sites where it is better."""
        if int(chosen.sum()) > self.p:
            return
        held = chosen[self.pairs.site]
        count = np.concatenate([[0], np.cumsum(held)])
        if (np.diff(count[self.pairs.start]) == 0).any():
            return
        first = np.concatenate([np.flatnonzero(held), [0]])[count[self.pairs.start[:-1]]]
        level = int(np.searchsorted(self.levels, self.pairs.cost[first].max(initial=0)))
        if self.best is None or level < self.high:
            self.best, self.high = chosen.copy(), level

    def halve(self, *, proof: bool) -> None:
        """Halve what lies between; without proofs, only until no quick answer comes."""
        lowest = self.low  # quick answers failed below; asked again with proofs
        while not self.impossible and (self.low < self.high or self.best is None):
            if self.watch.must_stop() or (not proof and lowest >= self.high) or self._near():
                return
            middle = (lowest + self.high) // 2
            shown = self._ask(middle, proof=proof)
            if shown is False:
                self.low = middle + 1
                lowest = max(lowest, self.low)
                if self.low == len(self.levels):
                    self.impossible = True
                    return
            elif shown is None:
                if proof:
                    return
                lowest = middle + 1
            self.watch.tell("siting_halving", 1 - (self.high - self.low) / len(self.levels))

    def _near(self) -> bool:
        """Tell whether the best plan is as near to the bound as was asked for."""
        if self.best is None:
            return False
        value, bound = float(self.levels[self.high]), float(self.levels[self.low])
        return gap_share(value, bound) <= self.good_enough_share

    def _ask(self, level: int, *, proof: bool) -> bool | None:
        """Tell whether p sites cover everybody within a distance; None: not known."""
        self.asked += 1
        near = self.pairs.within(self.levels[level])
        cover = cover_of(near.start, near.site, near.site_count)
        served = np.bincount(
            cover.row[np.repeat(self.opened, np.diff(cover.begin))], minlength=len(near)
        )
        cost = np.ones(near.site_count)
        need = 1 - served
        free = self.allowed & ~self.opened
        if ((need > 0) & (near.counts == 0)).any():
            return False
        part = reduce_cover(cover, need, cost, free)
        chosen = self.opened.copy()
        chosen[part.opened] = True
        room = self.p - int(chosen.sum())
        if room < 0:
            return False
        found = cheapest_cover(
            part.cover, part.need, cost[part.sites], self.watch, at_most=room, proof=proof
        )
        if found.bound > room:
            return False
        if found.value > room:
            return None
        chosen[part.sites[found.chosen]] = True
        self.try_plan(chosen)
        return True
