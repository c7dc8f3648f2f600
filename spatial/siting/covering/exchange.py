"""Sites within a budget that cover much: greedy, then exchanges at a falling temperature.

A site that is drawn would open in place of the open one that is missed least beside it: rows
that both cover are not lost. Exchanges that lose are made with a chance that shrinks as the
temperature falls (simulated annealing [1]_). An exchange is weighed by looking at the rows of one
site only: each row knows how many open sites cover it, and the sum of their numbers, which is
the site itself where it is one.

References
----------
.. [1] S. Kirkpatrick, C. D. Gelatt, M. P. Vecchi (1983), Science 220, 671-680.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from spatial.siting.covering.weighting import draw
from spatial.siting.signatures import Cover

__all__ = ["Exchange"]

_jit: Any = numba.njit(cache=True, nogil=True)
Array = Any
ROOM = 1e-11
"""Share of the budget by which sums of costs may be off."""
NONE = -1


@_jit
def _open(j: int, begin: Array, row: Array, weight: Array, state: Array) -> None:
    """Open a site: counts of its rows, and what each open site would be missed for."""
    count, owner, loss, is_open = state
    is_open[j] = True
    loss[j] = 0
    for e in range(begin[j], begin[j + 1]):
        i = row[e]
        if count[i] == 0:
            loss[j] += weight[i]
        elif count[i] == 1:
            loss[owner[i]] -= weight[i]
        count[i] += 1
        owner[i] += j


@_jit
def _close(j: int, begin: Array, row: Array, weight: Array, state: Array) -> None:
    """Close a site."""
    count, owner, loss, is_open = state
    is_open[j] = False
    for e in range(begin[j], begin[j + 1]):
        i = row[e]
        count[i] -= 1
        owner[i] -= j
        if count[i] == 1:
            loss[owner[i]] += weight[i]


@_jit
def _gain(j: int, begin: Array, row: Array, weight: Array, state: Array, shared: Array) -> float:
    """Weight of the rows only *j* would cover; `shared` gets those it takes over, by open site."""
    count, owner, _, _ = state
    gain = 0.0
    for e in range(begin[j], begin[j + 1]):
        i = row[e]
        if count[i] == 0:
            gain += weight[i]
        elif count[i] == 1:
            shared[owner[i]] += weight[i]
    return gain


@_jit
def _forget(j: int, begin: Array, row: Array, state: Array, shared: Array) -> None:
    count, owner, _, _ = state
    for e in range(begin[j], begin[j + 1]):
        if count[row[e]] == 1:
            shared[owner[row[e]]] = 0.0


@_jit
def _least_missed(
    j: int, members: Array, size: int, state: Array, shared: Array, money: Array
) -> int:
    """Return the place of the open site to close for *j*: least missed, money at its price."""
    loss = state[2]
    cost, left, price = money
    best, at = np.inf, NONE
    for place in range(size):
        k = members[place]
        if left[0] + cost[k] < cost[j]:
            continue
        missed = loss[k] - shared[k] - price * cost[k]
        if missed < best:
            best, at = missed, place
    return at


@_jit
def _add(
    j: int, begin: Array, row: Array, weight: Array, state: Array, lists: Array, left: Array,
    cost: Array,
) -> None:  # fmt: skip
    members, others, sizes, place = lists
    _open(j, begin, row, weight, state)
    left[0] -= cost[j]
    sizes[1] -= 1
    last = others[sizes[1]]
    others[place[j]] = last
    place[last] = place[j]
    members[sizes[0]] = j
    place[j] = sizes[0]
    sizes[0] += 1


@_jit
def _drop(
    k: int, begin: Array, row: Array, weight: Array, state: Array, lists: Array, left: Array,
    cost: Array,
) -> None:  # fmt: skip
    members, others, sizes, place = lists
    _close(k, begin, row, weight, state)
    left[0] += cost[k]
    sizes[0] -= 1
    last = members[sizes[0]]
    members[place[k]] = last
    place[last] = place[k]
    others[sizes[1]] = k
    place[k] = sizes[1]
    sizes[1] += 1


@_jit
def fill_greedily(
    begin: Array, row: Array, weight: Array, state: Array, lists: Array, left: Array, cost: Array
) -> float:
    """Open the site that covers most per cost while the money lasts; what they add."""
    _, others, sizes, _ = lists
    shared = np.zeros(len(cost))
    ahead = np.full(len(cost), np.inf)  # gains shrink only: an old one is an upper limit
    added = 0.0
    while True:
        best, at, best_gain = 0.0, NONE, 0.0
        for place in range(sizes[1]):
            j = others[place]
            if cost[j] > left[0] or ahead[j] <= best * cost[j]:
                continue
            gain = _gain(j, begin, row, weight, state, shared)
            ahead[j] = gain
            if gain > best * cost[j]:
                best, at, best_gain = gain / cost[j], j, gain
        if at == NONE:
            return added
        added += best_gain
        _add(at, begin, row, weight, state, lists, left, cost)


@_jit
def _anneal(
    begin: Array, row: Array, weight: Array, state: Array, lists: Array, money: Array,
    schedule: Array, best: Array,
) -> tuple[float, float]:  # fmt: skip
    """Draw sites at a falling temperature; `best` holds the best open sites met."""
    members, others, sizes, _ = lists
    cost, left, price = money
    value, best_value, warm, cold, draws, enough, seed = schedule
    loss, is_open = state[2], state[3]
    shared = np.zeros(len(cost))
    cooling = (cold / warm) ** (1.0 / max(1, draws))
    heat = warm
    for _ in range(draws):
        heat *= cooling
        if sizes[1] == 0:
            break
        j = others[draw(seed, sizes[1])]
        gain = _gain(j, begin, row, weight, state, shared)
        before = value
        if cost[j] <= left[0]:
            if gain > 0:
                _forget(j, begin, row, state, shared)
                value += gain
                _add(j, begin, row, weight, state, lists, left, cost)
        else:
            at = _least_missed(j, members, sizes[0], state, shared, money)
            if at != NONE:
                k = members[at]
                change = gain + shared[k] - loss[k]
                worth = change + price * (cost[k] - cost[j])
                _forget(j, begin, row, state, shared)
                chance = draw(seed, 1 << 30) / (1 << 30)
                if worth >= 0 or chance < np.exp(worth / heat):
                    value += change
                    _drop(k, begin, row, weight, state, lists, left, cost)
                    _add(j, begin, row, weight, state, lists, left, cost)
        _forget(j, begin, row, state, shared)
        if value != before and value > best_value:
            best_value = value
            best[:] = is_open
            if best_value >= enough:
                break
    return value, best_value


@dataclass(slots=True, eq=False)
class Exchange:
    """A search that can be continued: the best sites so far, and where it stands.

    Parameters
    ----------
    cover : Cover
    weight : array of float, shape (n,)
    cost : array of float, shape (m,)
        Greater than 0, no greater than the budget.
    budget : float
    chosen : array of bool, shape (m,)
        Sites to begin with, within the budget; filled up greedily.
    seed : int
    price : float
        What a unit of money is worth, in weight; for sites that cost differently.
    """

    cover: Cover
    weight: npt.NDArray[np.float64]
    cost: npt.NDArray[np.float64]
    budget: float
    chosen: npt.NDArray[np.bool_]
    seed: int = 0
    price: float = 0.0
    value: float = 0.0
    _state: Any = None
    _lists: Any = None
    _left: Any = None
    _seed: Any = None
    _now: float = 0.0

    def __post_init__(self) -> None:
        n, m = self.cover.row_count, self.cover.site_count
        given = np.flatnonzero(self.chosen)
        self._state = (
            np.zeros(n, dtype=np.int32), np.zeros(n, dtype=np.int64), np.zeros(m),
            np.zeros(m, dtype=np.bool_),
        )  # fmt: skip
        others, sizes = np.arange(m), np.array([0, m])
        self._lists = (np.zeros(m, dtype=np.int64), others, sizes, np.arange(m))
        self._left = np.array([self.budget * (1 + ROOM)])
        self._seed = np.array([(self.seed * 2 + 1) * 0x9E3779B97F4A7C15 % 2**64], dtype=np.uint64)
        for j in given:
            _add(j, *self._rows, self._state, self._lists, self._left, self.cost)
        fill_greedily(*self._rows, self._state, self._lists, self._left, self.cost)
        self.chosen = self._state[3].copy()
        self._now = self.value = float(self.weight[self.covered].sum())

    @property
    def _rows(self) -> tuple[Any, Any, Any]:
        return self.cover.begin, self.cover.row, self.weight

    def go(self, draws: int, *, warm: float, cold: float, enough: float = np.inf) -> float:
        """Draw sites at temperatures from warm to cold (in weight); what the best covers."""
        schedule = (self._now, self.value, warm, cold, draws, float(enough), self._seed)
        money = (self.cost, self._left, self.price)
        self._now, _ = _anneal(*self._rows, self._state, self._lists, money, schedule, self.chosen)
        self.value = float(self.weight[self.covered].sum())
        return self.value

    @property
    def covered(self) -> npt.NDArray[np.bool_]:
        """Rows that the best sites cover, shape (n,)."""
        held = np.concatenate([[0], np.cumsum(self.chosen[self.cover.site])])
        return np.diff(held[self.cover.start]) > 0
