"""From a first answer to the proof: search, prices, settled sites, tree."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from spatial.siting.answer import Watch
from spatial.siting.p_median.dual import Aim, Ascent, Pace, Rows, ascend
from spatial.siting.p_median.reduced import Median, best_single, cost_of, narrowed, nearest_part
from spatial.siting.p_median.swap import Near, improve, near_of
from spatial.siting.p_median.tree import CLOSED, FREE, OPEN, Look, Tree, settle

__all__ = ["Found", "solve_median"]

Floats = npt.NDArray[np.float64]
Longs = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.int8]
SEEN_OF_EACH: Final = 6
"""Search and first prices look at so many sites of a row for each that would be its share."""
FIRST_PACE: Final = Pace(steps=120, stride=1.5, patience=10)
FIRST_ROUNDS: Final = 8
SETTLING: Final = 1
"""After this round the pairs far beyond the prices are left out."""
CORE_PACE: Final = Pace(steps=600, stride=0.5, patience=20)
RADIUS: Final = 2.0
"""Later prices go no higher than this many times those of the first rounds."""
DRAWS: Final = 24
"""Sets of sites that are drawn and searched from before the tree."""
POOLED: Final = 12
"""Different answers that are merged."""
MERGED_NODES: Final = 60
"""Nodes of the tree of a merger."""
EVERY: Final = 20
"""Nodes of the tree between two searches from what their prices choose."""
STEP: Final = "siting"


@dataclass(slots=True)
class Found:
    """The best so far, and others that were good."""

    is_open: Mask  # (k,) of the free sites
    value: float
    bound: float = -np.inf
    pool: dict[bytes, float] = field(default_factory=dict)
    """Values of different answers, by their packed sites."""

    def meet(self, is_open: Mask, value: float) -> bool:
        """Remember an answer, and tell whether it is the best so far."""
        self.pool[np.packbits(is_open).tobytes()] = value
        if value < self.value:
            self.is_open, self.value = is_open.copy(), value
            return True
        return False

    def used_by_best(self, count: int) -> Mask:
        """Mark the sites that are open in any of the best few answers."""
        best = sorted(self.pool, key=lambda key: (self.pool[key], key))[:count]
        rows = np.array([np.frombuffer(key, dtype=np.uint8) for key in best])
        used = np.unpackbits(np.bitwise_or.reduce(rows, axis=0), count=len(self.is_open))
        return used.astype(bool) | self.is_open


def solve_median(
    median: Median, watch: Watch, *, start: Mask | None = None, nodes: int | None = None
) -> Found:
    """Solve a reduced p-median, to the proof or until the effort is spent.

    Parameters
    ----------
    median : Median
    watch : Watch
    start : array of bool, shape (k,), optional
        Free sites to begin with, as many as open.
    nodes : int, optional
        A small run on the side: nothing is drawn, and the tree ends after so many nodes.

    Returns
    -------
    Found
        Its bound equals its value where nothing is better.
    """
    if median.count == 0 or median.count >= median.sites or median.count == 1:
        return _at_once(median)
    search = _Search.of(median)
    price = search.first_prices()
    found = search.first_answer(price, start)
    ascent = _first_bound(median, found, search, price, watch)
    if not _done(median, found, watch):
        if nodes is None:
            _draw(median, found, search, ascent, watch)
            _merge(median, found, watch)
        _branch(median, found, search, ascent, watch, nodes)
    found.bound = median.bound_of(found.bound, found.value)
    return found


def _at_once(median: Median) -> Found:
    """Solve where there is nothing to choose, or one site only."""
    is_open = np.full(median.sites, median.count >= median.sites)
    if median.count == 1 < median.sites:
        best, _ = best_single(median.rows, is_open, ~is_open)
        is_open[best] = True
    value = cost_of(median.rows, is_open)
    return Found(is_open, value, value)


def _most_earning(earned: Floats, count: int) -> Mask:
    chosen = np.zeros(len(earned), dtype=bool)
    chosen[np.argsort(earned, kind="stable")[:count]] = True
    return chosen


@dataclass(frozen=True, slots=True, eq=False)
class _Search:
    """The nearest sites of each row, for swaps and for the first prices."""

    median: Median
    close: Rows
    near: Near

    @classmethod
    def of(cls, median: Median) -> _Search:
        # Where only being served counts, equal costs do not say which sites are near.
        all_alike = median.worst == np.inf
        share = median.sites // median.count + 1
        close = nearest_part(median.rows, median.sites if all_alike else SEEN_OF_EACH * share + 20)
        return cls(median, close, near_of(close, median.sites))

    @property
    def priced(self) -> Rows:
        """The rows as the first prices see them."""
        return self.close._replace(cap=np.minimum(self.close.cap, self.median.price_cap))

    def first_prices(self) -> Floats:
        """Price a row at the cost of the site that ranks as high as there are sites for each."""
        rows = self.priced
        rank = rows.start[:-1] + self.median.sites // self.median.count
        price = rows.cap.copy()
        inside = rank < rows.start[1:]
        price[inside] = np.minimum(price[inside], rows.cost[rank[inside]])
        return price

    def first_answer(self, price: Floats, start: Mask | None) -> Found:
        """Take the sites that earn most at the first prices, or those given, and swap."""
        median = self.median
        aim, pace = Aim(0.0, -np.inf, median.grain), Pace(1, 1.0, 1)
        at_once = ascend(self.priced, median.sites, median.count, price, aim, pace)
        chosen = _most_earning(at_once.earned, median.count)
        found = Found(chosen, cost_of(median.rows, chosen))
        if start is not None:
            found.meet(start, cost_of(median.rows, start))
        self.swap(found, found.is_open)
        return found

    def swap(self, found: Found, chosen: Mask, begin: int = 0) -> None:
        """Swap from some sites on, and remember where that ends."""
        is_open = chosen.copy()
        improve(self.near, is_open, begin)
        found.meet(is_open, cost_of(self.median.rows, is_open))


def _aim(median: Median, found: Found) -> Aim:
    return Aim(min(found.value, median.worst), median.goal(found.value), median.grain)


def _done(median: Median, found: Found, watch: Watch) -> bool:
    """Tell whether the bound is good enough, or time is over."""
    if found.bound > median.goal(found.value) or watch.must_stop():
        return True
    return watch.enough(found.value, median.bound_of(found.bound, found.value))


def _first_bound(
    median: Median, found: Found, search: _Search, price: Floats, watch: Watch
) -> Ascent:
    """Raise the prices of all sites, and search from what they choose."""
    rows, pace, best = search.priced, FIRST_PACE, None
    for turn in range(FIRST_ROUNDS):
        ascent = ascend(rows, median.sites, median.count, price, _aim(median, found), pace)
        if best is None or ascent.bound >= best.bound:
            best = ascent
        found.bound = max(found.bound, best.bound)
        price, pace = best.price, pace._replace(stride=ascent.stride)
        if turn == SETTLING:
            rows = _near_prices(rows, price, np.zeros(median.sites, dtype=np.int8))
        search.swap(found, _most_earning(ascent.earned, median.count))
        watch.tell(STEP, 0.2 * (turn + 1) / FIRST_ROUNDS)
        if ascent.steps < pace.steps or _done(median, found, watch):
            break
    assert best is not None
    return best


def _near_prices(rows: Rows, price: Floats, state: Bytes) -> Rows:
    """Keep the pairs that prices not far from these would count, with sites that are not closed."""
    site = np.flatnonzero(state != CLOSED)
    number = np.full(len(state), -1, dtype=np.int32)
    number[site] = np.arange(len(site), dtype=np.int32)
    limited = rows._replace(cap=np.minimum(rows.cap, RADIUS * price))
    # Sites settled as open stay in the rows: the nodes of the tree say that they are open.
    return narrowed(limited, np.minimum(state, FREE), number)


def _draw(median: Median, found: Found, search: _Search, ascent: Ascent, watch: Watch) -> None:
    """Draw sites by how often the prices chose them, and search from there."""
    rng = np.random.default_rng(watch.effort.seed)
    liking = np.log(ascent.share + 1.0 / median.sites)
    for draw in range(DRAWS):
        if watch.must_stop():
            return
        # The largest of values shifted by Gumbel noise are a draw without replacement.
        shifted = liking + rng.gumbel(size=median.sites)
        search.swap(found, _most_earning(-shifted, median.count), int(rng.integers(median.sites)))
        watch.tell(STEP, 0.2 + 0.1 * (draw + 1) / DRAWS)


def _merge(median: Median, found: Found, watch: Watch) -> None:
    """Solve on the sites of the best few answers alone; merged again while that helps."""
    while not watch.must_stop():
        used = found.used_by_best(POOLED)
        site = np.flatnonzero(used)
        if len(site) == median.count:
            return
        number = np.full(median.sites, -1, dtype=np.int32)
        number[site] = np.arange(len(site), dtype=np.int32)
        rows = narrowed(median.rows, np.where(used, FREE, CLOSED).astype(np.int8), number)
        part = replace(median, rows=rows, sites=len(site))
        merged = solve_median(part, watch, start=found.is_open[site], nodes=MERGED_NODES)
        is_open = np.zeros(median.sites, dtype=bool)
        is_open[site[merged.is_open]] = True
        if not found.meet(is_open, cost_of(median.rows, is_open)):
            return


@dataclass(frozen=True, slots=True, eq=False)
class _Core:
    """The sites that are not settled at the root."""

    tree: Tree
    site: Longs  # (c,) free sites of the median: those not closed

    def spread(self, state: Mask, sites: int) -> Mask:
        """Mark sites of the core among the free sites of the median."""
        marked = np.zeros(sites, dtype=bool)
        marked[self.site[state]] = True
        return marked


def _core_of(median: Median, ascent: Ascent, state: Bytes, watch: Watch) -> _Core:
    site = np.flatnonzero(state != CLOSED)
    limited = median.rows._replace(cap=np.minimum(median.rows.cap, median.price_cap))
    rows = _near_prices(limited, ascent.price, state)
    room = int(watch.effort.memory_mib / 2) << 20
    tree = Tree(rows, len(site), median.count, room)
    tree.add(ascent.bound, [state[site]], ascent.price)
    return _Core(tree, site)


def _branch(
    median: Median,
    found: Found,
    search: _Search,
    ascent: Ascent,
    watch: Watch,
    nodes: int | None,
) -> None:
    """Settle sites, and look at what is left."""
    slack = median.goal(found.value) - ascent.bound
    if slack < 0:
        found.bound = found.value
        return
    core = _core_of(median, ascent, settle(ascent.earned, median.count, slack), watch)
    tree, begin = core.tree, found.bound
    while tree.nodes:
        found.bound = max(found.bound, min(tree.bound, found.value))
        if _done(median, found, watch) or (nodes is not None and tree.seen >= nodes):
            return
        node, first = tree.take(), tree.seen == 1
        aim = _aim(median, found)
        look = tree.look(node, aim, CORE_PACE) if first else tree.look(node, aim)
        if look is None:
            continue
        if tree.is_leaf(look.state):
            _close(median, found, core, look)
            continue
        if tree.seen % EVERY == 1:
            search.swap(found, core.spread(_chosen(tree, look), median.sites))
            watch.tell(STEP, 0.3 + 0.7 * _progress(begin, found))
        tree.add(look.bound, _children(look), look.price)
    found.bound = found.value


def _progress(begin: float, found: Found) -> float:
    way = found.value - begin
    return (found.bound - begin) / way if way > 0 else 1.0


def _chosen(tree: Tree, look: Look) -> Mask:
    """Open what is open, and of the free sites those that earn most."""
    chosen = look.state == OPEN
    free = look.free
    chosen[free[_most_earning(look.earned[free], tree.left(look.state))]] = True
    return chosen


def _close(median: Median, found: Found, core: _Core, look: Look) -> None:
    """Value a leaf."""
    left = core.tree.left(look.state)
    chosen = look.state == OPEN
    if left == len(look.free):
        chosen[look.free] = True
    is_open = core.spread(chosen, median.sites)
    if left == 1 < len(look.free):
        best, _ = best_single(median.rows, is_open, core.spread(look.state == FREE, median.sites))
        is_open[best] = True
    found.meet(is_open, cost_of(median.rows, is_open))


def _children(look: Look) -> list[Bytes]:
    """Branch on the site that the prices are most in two minds about."""
    free = look.free
    site = free[np.argmin(np.abs(look.share[free] - 0.5))]
    children = []
    for said in (OPEN, CLOSED):
        state = look.state.copy()
        state[site] = said
        children.append(state)
    return children
