"""Few sites that cover every row: a local search that weighs the rows hard to cover.

Sites are exchanged one by one. A row that stays uncovered gets heavier with every step, so the
search leaves any valley after a while, and no two runs of steps look alike [1]_. Rows may ask to
be covered several times, sites may cost differently (their score is then taken per cost [2]_).

References
----------
.. [1] C. Gao, X. Yao, T. Weise, J. Li (2015), European Journal of Operational Research 246,
   750-761: row weighting local search for the unicost set covering problem.
.. [2] C. Gao, T. Weise, J. Li (2014), GECCO, 1-8: weighting-based local search, with costs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from spatial.siting.signatures import Cover

__all__ = ["CoverSearch", "draw", "greedy_sites"]

_jit: Any = numba.njit(cache=True, nogil=True)
Array = Any
OPEN, CLOSE = 1, -1


@_jit
def draw(state: Array, below: int) -> Any:
    """Draw a whole number from 0 to below - 1 (xorshift64*, Vigna 2016), and move the state."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    return np.int64(((x * np.uint64(0x2545F4914F6CDD1D)) >> np.uint64(33)) % np.uint64(below))


@_jit
def greedy_sites(arrays: Array, need: Array, cost: Array, chosen: Array) -> Array:
    """Add the site that covers most per cost until all rows are covered; then drop needless ones.

    Returns `chosen`, shape (m,) bool, filled up; those that were given stay. Rows that cannot be
    covered are left out.
    """
    _, _, begin, row = arrays
    left, gain = _still_needed(arrays, need, chosen)
    order = np.empty(len(cost), dtype=np.int64)
    count = 0
    while True:
        best, at = 0.0, -1
        for j in range(len(cost)):
            if not chosen[j] and gain[j] > best * cost[j]:
                best, at = gain[j] / cost[j], j
        if at < 0:
            break
        chosen[at] = True
        order[count] = at
        count += 1
        _serve(at, arrays, left, gain)
    for j in order[:count]:
        needless = True
        for e in range(begin[j], begin[j + 1]):
            if left[row[e]] >= 0:
                needless = False
                break
        if needless:
            chosen[j] = False
            for e in range(begin[j], begin[j + 1]):
                left[row[e]] += 1
    return chosen


@_jit
def _still_needed(arrays: Array, need: Array, chosen: Array) -> tuple[Array, Array]:
    """How often each row is still to be covered, and rows in need of each site."""
    start, site, begin, row = arrays
    left = need.copy()
    for j in range(len(chosen)):
        if chosen[j]:
            for e in range(begin[j], begin[j + 1]):
                left[row[e]] -= 1
    gain = np.zeros(len(chosen), dtype=np.int64)
    for i in range(len(left)):
        if left[i] > 0:
            for e in range(start[i], start[i + 1]):
                gain[site[e]] += 1
    return left, gain


@_jit
def _serve(at: int, arrays: Array, left: Array, gain: Array) -> None:
    """Count a site that opens."""
    start, site, begin, row = arrays
    for e in range(begin[at], begin[at + 1]):
        i = row[e]
        left[i] -= 1
        if left[i] == 0:
            for f in range(start[i], start[i + 1]):
                gain[site[f]] -= 1


@_jit
def _put(j: int, arrays: Array, rows: Array, sites: Array, queue: Array, step: int) -> None:
    """Open (step 1) or close (-1) a site; scores, counts and the uncovered rows stay true."""
    start, site, begin, row = arrays
    need, count, weight, place = rows
    is_open, score, may_add = sites
    add = step > 0
    is_open[j] = add
    own = np.int64(0)
    for e in range(begin[j], begin[j + 1]):
        i = row[e]
        before = count[i]
        after = before + step
        count[i] = after
        low = min(before, after)  # the row crosses from `low` to `low + 1`, or back
        if low == need[i] - 1:
            change = -step * weight[i]
            for f in range(start[i], start[i + 1]):
                k = site[f]
                may_add[k] = 1
                if k != j and not is_open[k]:
                    score[k] += change
            if add:
                last = queue[queue[0]]
                queue[place[i]] = last
                place[last] = place[i]
                queue[0] -= 1
            else:
                queue[0] += 1
                queue[queue[0]] = i
                place[i] = queue[0]
        elif low == need[i]:
            change = -step * weight[i]
            for f in range(start[i], start[i + 1]):
                k = site[f]
                may_add[k] = 1
                if k != j and is_open[k]:
                    score[k] += change
        if add:
            own += weight[i] if after <= need[i] else 0
        else:
            own += weight[i] if after < need[i] else 0
    score[j] = own


@_jit
def _worst(sites: Array, cost: Array, age: Array, fixed: Array, banned: int) -> int:
    """Return the open site whose loss per cost is least; of equal ones the oldest."""
    is_open, score, _ = sites
    at = -1
    for j in range(len(cost)):
        if not is_open[j] or fixed[j] or j == banned:
            continue
        if at < 0:
            at = j
            continue
        here, there = score[j] * cost[at], score[at] * cost[j]
        if here < there or (here == there and age[j] < age[at]):
            at = j
    return at


@_jit
def _best_for(
    i: int, arrays: Array, sites: Array, cost: Array, age: Array, room: float, now: int, least: int
) -> int:
    """Return the closed site of row *i* that covers most weight per cost; of equals the oldest."""
    start, site, _, _ = arrays
    is_open, score, may_add = sites
    into = -1
    for e in range(start[i], start[i + 1]):
        j = site[e]
        if is_open[j] or cost[j] >= room or may_add[j] < least or age[j] == now:
            continue
        if into < 0:
            into = j
            continue
        here, there = score[j] * cost[into], score[into] * cost[j]
        if here > there or (here == there and age[j] < age[into]):
            into = j
    return into


@_jit
def _walk(  # noqa: C901 - one loop, its state in arrays
    arrays: Array,
    rows: Array,
    sites: Array,
    queue: Array,
    memory: Array,
    best: Array,
    limits: Array,
) -> float:
    """Go some steps; `best` holds the cheapest cover met. Returns its cost."""
    start, site, _, _ = arrays
    weight = rows[2]
    is_open, score, may_add = sites
    cost, age, fixed, state, clock = memory
    total = 0.0
    for j in range(len(cost)):
        total += cost[j] if is_open[j] else 0.0
    best_cost, enough, steps = limits
    added = -1
    for _ in range(steps):
        while queue[0] == 0:
            best[:] = is_open
            best_cost = total
            out = _worst(sites, cost, age, fixed, -1)
            if best_cost <= enough or out < 0:
                return best_cost
            _put(out, arrays, rows, sites, queue, CLOSE)
            total -= cost[out]
            may_add[out] = 0
        clock[0] += 1
        out = _worst(sites, cost, age, fixed, added)
        if out >= 0:
            _put(out, arrays, rows, sites, queue, CLOSE)
            total -= cost[out]
            may_add[out] = 0
            age[out] = clock[0]
        while queue[0] > 0:
            i = queue[1 + draw(state, queue[0])]
            room = best_cost - total
            into = _best_for(i, arrays, sites, cost, age, room, clock[0], 1)
            if into < 0:  # none of its sites has seen a change since it closed
                into = _best_for(i, arrays, sites, cost, age, room, clock[0], 0)
            if into < 0:
                break
            _put(into, arrays, rows, sites, queue, OPEN)
            total += cost[into]
            age[into] = clock[0]
            added = into
        for at in range(1, queue[0] + 1):
            i = queue[at]
            weight[i] += 1
            for e in range(start[i], start[i + 1]):
                score[site[e]] += 1
    return best_cost


@dataclass(slots=True, eq=False)
class CoverSearch:
    """A search that can be continued: the cheapest cover so far, and where it stands.

    Parameters
    ----------
    cover : Cover
    need : array of int, shape (n,)
        How often each row must be covered, 1 or more.
    cost : array of float, shape (m,)
        Greater than 0.
    chosen : array of bool, shape (m,)
        A cover to begin with.
    fixed : array of bool, shape (m,)
        Sites that stay open; they must be among `chosen`.
    seed : int
    """

    cover: Cover
    need: npt.NDArray[np.int64]
    cost: npt.NDArray[np.float64]
    chosen: npt.NDArray[np.bool_]
    fixed: npt.NDArray[np.bool_]
    seed: int = 0
    _rows: Any = None
    _sites: Any = None
    _queue: Any = None
    _memory: Any = None

    def __post_init__(self) -> None:
        n, m = self.cover.row_count, self.cover.site_count
        count = np.bincount(
            self.cover.row[np.repeat(self.chosen, np.diff(self.cover.begin))], minlength=n
        ).astype(np.int64)
        weight = np.ones(n, dtype=np.int64)
        score = np.zeros(m, dtype=np.int64)
        tight = count <= self.need  # covered just as often as needed: every open site is missed
        held = np.repeat(tight, np.diff(self.cover.start))
        alone = np.bincount(self.cover.site[held], minlength=m)
        score[self.chosen] = alone[self.chosen]
        self._rows = (self.need, count, weight, np.zeros(n, dtype=np.int64))
        self._sites = (self.chosen.copy(), score, np.ones(m, dtype=np.int8))
        self._queue = np.zeros(n + 1, dtype=np.int64)
        state = np.array([(self.seed * 2 + 1) * 0x9E3779B97F4A7C15 % 2**64], dtype=np.uint64)
        ages = np.zeros(m, dtype=np.int64)
        clock = np.zeros(1, dtype=np.int64)
        self._memory = (self.cost, ages, self.fixed, state, clock)

    @property
    def value(self) -> float:
        """Cost of the cheapest cover so far."""
        return float(self.cost[self.chosen].sum())

    def go(self, steps: int, *, enough: float = -np.inf) -> float:
        """Go on for some steps, or until a cover costs no more than `enough`; its cost."""
        limits = (self.value, float(enough), steps)
        _walk(
            self.cover.arrays, self._rows, self._sites, self._queue, self._memory,
            self.chosen, limits,
        )  # fmt: skip
        return self.value
