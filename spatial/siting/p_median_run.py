"""From a first answer to the proof: search, prices, settled sites, tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from spatial.siting.answer import Watch
from spatial.siting.p_median_dual import Aim, Ascent, Pace, Rows, ascend, earnings
from spatial.siting.p_median_reduced import Median, best_single, cost_of, narrowed
from spatial.siting.p_median_tree import OPEN, Look, Tree, settle
from spatial.siting.swap import Near, improve, near_of

__all__ = ["Found", "solve_median"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.int8]
SEEN_OF_EACH: Final = 6
"""The search looks at so many sites of a row for each that would be its share."""
FIRST_PACE: Final = Pace(steps=120, stride=1.5, patience=10)
FIRST_ROUNDS: Final = 5
CORE_PACE: Final = Pace(steps=300, stride=0.5, patience=10)
RADIUS: Final = 2.0
"""Prices in the tree go no higher than this many times those of the root."""
LIKELY: Final = 3
"""The search draws from so many times the sites that open: those which earn most."""
DRAWS: Final = 40
SWAPPED: Final = 3
"""Sites that change places at random before the search goes on."""
EVERY: Final = 20
"""Nodes of the tree between two searches from what their prices choose."""
STEP: Final = "siting"


@dataclass(slots=True)
class Found:
    """The best so far."""

    is_open: Mask  # (k,) of the free sites
    value: float
    bound: float = -np.inf

    def better(self, is_open: Mask, value: float) -> bool:
        """Take over a better answer."""
        if value < self.value:
            self.is_open, self.value = is_open.copy(), value
            return True
        return False


def solve_median(median: Median, watch: Watch, *, start: Mask | None = None) -> Found:
    """Solve a reduced p-median, to the proof or until the effort is spent.

    Parameters
    ----------
    median : Median
    watch : Watch
    start : array of bool, shape (k,), optional
        Free sites to begin with, as many as open.

    Returns
    -------
    Found
        Its bound equals its value where nothing is better.
    """
    if median.count == 0 or median.count >= median.sites or median.count == 1:
        return _at_once(median)
    price = _first_prices(median)
    found = _first_answer(median, price, start)
    ascent = _first_bound(median, found, price, watch)
    if not _done(median, found, watch):
        _branch(median, found, ascent, watch)
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


def _first_prices(median: Median) -> Floats:
    """Price every row at the cost of the site that ranks as high as there are sites for each."""
    rows = median.rows
    rank = rows.start[:-1] + median.sites // median.count
    price = median.price_cap.copy()
    inside = rank < rows.start[1:]
    price[inside] = np.minimum(price[inside], rows.cost[rank[inside]])
    return price


def _most_earning(earned: Floats, count: int) -> Mask:
    chosen = np.zeros(len(earned), dtype=bool)
    chosen[np.argsort(earned, kind="stable")[:count]] = True
    return chosen


def _near(median: Median, rows: Rows, sites: int) -> Near:
    # Where only being served counts, equal costs do not say which sites are near.
    all_alike = median.worst == np.inf
    most = sites if all_alike else SEEN_OF_EACH * (sites // median.count + 1) + 20
    return near_of(rows, sites, most=most)


def _first_answer(median: Median, price: Floats, start: Mask | None) -> Found:
    """Take the sites that earn most at the first prices, or those given, and swap."""
    earned = np.zeros(median.sites)
    earnings(median.priced, price, earned)
    chosen = _most_earning(earned, median.count)
    found = Found(chosen, cost_of(median.rows, chosen))
    if start is not None:
        found.better(start, cost_of(median.rows, start))
    _search(median, found, _near(median, median.rows, median.sites), found.is_open)
    return found


def _search(median: Median, found: Found, near: Near, chosen: Mask, first: int = 0) -> bool:
    """Swap from some sites on, and keep what is better."""
    is_open = chosen.copy()
    improve(near, is_open, first)
    return found.better(is_open, cost_of(median.rows, is_open))


def _aim(median: Median, found: Found) -> Aim:
    return Aim(min(found.value, median.worst), median.goal(found.value), median.grain)


def _done(median: Median, found: Found, watch: Watch) -> bool:
    """Tell whether the bound is good enough, or time is over."""
    if found.bound > median.goal(found.value) or watch.must_stop():
        return True
    return watch.enough(found.value, median.bound_of(found.bound, found.value))


def _first_bound(median: Median, found: Found, price: Floats, watch: Watch) -> Ascent:
    """Raise the prices of all sites, and search from what they choose."""
    near = _near(median, median.rows, median.sites)
    pace, best = FIRST_PACE, None
    for turn in range(FIRST_ROUNDS):
        ascent = ascend(median.priced, median.sites, median.count, price, _aim(median, found), pace)
        if best is None or ascent.bound >= best.bound:
            best = ascent
        found.bound = max(found.bound, best.bound)
        price, pace = best.price, pace._replace(stride=ascent.stride)
        _search(median, found, near, _most_earning(ascent.earned, median.count))
        watch.tell(STEP, 0.2 * (turn + 1) / FIRST_ROUNDS)
        if ascent.steps < pace.steps or _done(median, found, watch):
            break
    assert best is not None
    return best


@dataclass(frozen=True, slots=True, eq=False)
class _Core:
    """The sites that are not settled at the root."""

    tree: Tree
    site: npt.NDArray[np.int64]  # (c,) free sites of the median: those not closed

    def spread(self, state: Mask, sites: int) -> Mask:
        """Open sites of the core as free sites of the median."""
        is_open = np.zeros(sites, dtype=bool)
        is_open[self.site[state]] = True
        return is_open


def _core_of(median: Median, ascent: Ascent, state: Bytes, watch: Watch) -> _Core:
    site = np.flatnonzero(state >= 0)
    number = np.full(median.sites, -1, dtype=np.int32)
    number[site] = np.arange(len(site), dtype=np.int32)
    limit = np.minimum(median.price_cap, RADIUS * ascent.price)
    # Settled open sites stay in the rows: the nodes of the tree say that they are open.
    rows = narrowed(median.rows._replace(cap=limit), np.minimum(state, 0), number)
    room = int(watch.effort.memory_mib / 2) << 20
    tree = Tree(rows, len(site), median.count, room)
    tree.add(ascent.bound, [state[site]], ascent.price)
    return _Core(tree, site)


def _branch(median: Median, found: Found, ascent: Ascent, watch: Watch) -> None:
    """Settle sites, search among those that may matter, and look at what is left."""
    slack = median.goal(found.value) - ascent.bound
    if slack < 0:
        return
    state = settle(ascent.earned, median.count, slack)
    _draw(median, found, ascent, state, watch)
    core = _core_of(median, ascent, state, watch)
    tree, near = core.tree, _near(median, median.rows, median.sites)
    begin = found.bound
    while tree.nodes:
        found.bound = max(found.bound, min(tree.bound, found.value))
        if _done(median, found, watch):
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
            chosen = _chosen(tree, look)
            _search(median, found, near, core.spread(chosen, median.sites))
            watch.tell(STEP, 0.3 + 0.7 * _progress(begin, found))
        tree.add(look.bound, _children(look), look.price)
    found.bound = max(found.bound, found.value)


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
        best, _ = best_single(median.rows, is_open, core.spread(look.state == 0, median.sites))
        is_open[best] = True
    found.better(is_open, cost_of(median.rows, is_open))


def _children(look: Look) -> list[Bytes]:
    """Branch on the site that the prices are most in two minds about."""
    free = look.free
    site = free[np.argmin(np.abs(look.share[free] - 0.5))]
    children = []
    for said in (OPEN, -1):
        state = look.state.copy()
        state[site] = said
        children.append(state)
    return children


def _draw(median: Median, found: Found, ascent: Ascent, state: Bytes, watch: Watch) -> None:
    """Change a few sites at random, search on, and go on from what is not worse."""
    likely = _most_earning(ascent.earned, min(median.sites, LIKELY * median.count + 20))
    likely = (likely & (state >= 0)) | found.is_open
    site = np.flatnonzero(likely)
    number = np.full(median.sites, -1, dtype=np.int32)
    number[site] = np.arange(len(site), dtype=np.int32)
    rows = narrowed(median.rows, np.where(likely, 0, -1).astype(np.int8), number)
    near = _near(median, rows, len(site))
    rng = np.random.default_rng(watch.effort.seed)
    best, value = found.is_open[site], found.value
    for _ in range(DRAWS):
        if watch.must_stop():
            break
        is_open = best.copy()
        swapped = min(SWAPPED, median.count, len(site) - median.count)
        if not swapped:
            break
        is_open[rng.choice(np.flatnonzero(best), swapped, replace=False)] = False
        is_open[rng.choice(np.flatnonzero(~best), swapped, replace=False)] = True
        improve(near, is_open, int(rng.integers(len(site))))
        now = cost_of(rows, is_open)
        if now <= value:
            best, value = is_open, now
    whole = np.zeros(median.sites, dtype=bool)
    whole[site[best]] = True
    found.better(whole, cost_of(median.rows, whole))
    _search(median, found, _near(median, median.rows, median.sites), found.is_open)
