"""As many connected regions as possible, each with at least a given amount (max-p).

On a tree the answer is exact: cut off a subtree as soon as it holds enough, leaves first [1]_. On a
map random trees are cut that way, first over everything, then again and again over *balls* of two
to six linked regions; a ball is kept when it holds one region more, or as many with their surplus
gathered in fewer places, where it will one day be enough for another.

Units that hold enough on their own never need company: trees come to them last, so that nothing is
wasted on them. The problem is that of [2]_.

References
----------
.. [1] Y. Perl, S. R. Schach (1981), Journal of the ACM 28, 5-15.
.. [2] J. C. Duque, L. Anselin, S. J. Rey (2012), Journal of Regional Science 52, 397-419.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from spatial.districting.chance import below, uniform
from spatial.districting.held import move
from spatial.districting.trees import members_of

__all__ = [
    "ball",
    "cut_leaves_first",
    "join_rest",
    "pack",
    "random_tree",
    "repack",
    "tree_rows",
]

_jit: Any = numba.njit(cache=True, nogil=True)
REGIONS_IN_A_BALL = 6


@_jit
def random_tree(
    links: Any, heavy: Any, inside: Any, stamp: int, root: int, way: float, room: Any, state: Any
) -> int:
    """Grow a random tree over the marked units that `root` reaches; heavy units come last.

    `way`: share of steps that go on from where the tree grew last (1: depth first).
    """
    start, neighbour = links
    unit, up, light, late, met_from = room
    lights, lates = 0, 0
    taken = 0
    if heavy[root]:
        late[0] = root
        lates = 1
    else:
        light[0] = root
        lights = 1
    inside[root] = stamp + 1  # met
    met_from[root] = -1
    while lights + lates > 0:
        if lights > 0:
            at = lights - 1 if uniform(state) < way else below(state, lights)
            i = light[at]
            lights -= 1
            light[at] = light[lights]
        else:
            at = below(state, lates)
            i = late[at]
            lates -= 1
            late[at] = late[lates]
        unit[taken] = i
        up[taken] = met_from[i]
        for p in range(start[i], start[i + 1]):
            j = neighbour[p]
            if inside[j] == stamp:
                inside[j] = stamp + 1
                met_from[j] = taken
                if heavy[j]:
                    late[lates] = j
                    lates += 1
                else:
                    light[lights] = j
                    lights += 1
            elif inside[j] == stamp + 1 and met_from[j] >= 0 and uniform(state) < 0.5:
                # in the fringe: another parent, so that trees are not all stars
                met_from[j] = taken
        inside[i] = stamp + 2  # in the tree
        taken += 1
    return taken


@_jit
def cut_leaves_first(
    amount: Any, enough: float, m: int, unit: Any, up: Any, held: Any, part: Any
) -> int:
    """Cut off subtrees that hold enough, leaves first: the number of parts.

    ``part[row]`` is set at the top row of every part, −1 elsewhere; ``held[row]`` is what hangs
    below a row. What is left around the root (``part[0] < 0``) holds ``held[0]``.
    """
    for j in range(m):
        held[j] = amount[unit[j]]
    parts = 0
    for j in range(m - 1, -1, -1):
        part[j] = -1
        if held[j] >= enough:
            part[j] = parts
            parts += 1
        elif j > 0:
            held[up[j]] += held[j]
    return parts


@_jit
def join_rest(m: int, up: Any, held: Any, part: Any) -> None:
    """Give what is left around the root to the largest part that hangs on it."""
    if part[0] >= 0:
        return
    joined = -1
    for j in range(1, m):
        if part[j] >= 0 and (joined < 0 or held[j] > held[joined]):
            at = up[j]
            while at > 0 and part[at] < 0:
                at = up[at]
            if part[at] < 0:
                joined = j
    held[joined] += held[0]
    held[0] = 0.0
    part[0] = part[joined]


@_jit
def _cut_tree(amount: Any, enough: float, m: int, unit: Any, up: Any, held: Any, part: Any) -> Any:
    """Cut a tree into parts that hold enough: (parts, sum of squared amounts).

    ``part[row]`` is 0 … parts − 1; −1 everywhere where not even the whole tree holds enough.
    """
    parts = cut_leaves_first(amount, enough, m, unit, up, held, part)
    if parts == 0:
        return 0, 0.0
    join_rest(m, up, held, part)
    square = held[0] * held[0]
    for j in range(1, m):
        if part[j] >= 0:
            square += held[j] * held[j]
        else:
            part[j] = part[up[j]]
    return parts, square


@_jit
def tree_rows(n: int) -> Any:
    """Make room for a random tree of up to n units."""
    return (
        np.empty(n, np.int32),
        np.empty(n, np.int32),
        np.empty(n, np.int32),
        np.empty(n, np.int32),
        np.empty(n, np.int32),
    )


@_jit
def pack(links: Any, amount: Any, enough: float, component: Any, trees: int, state: Any) -> Any:
    """Pack regions into each component: first the best of some random trees.

    Parameters
    ----------
    links : (int32 array, int32 array)
        Start and neighbour.
    amount : float array, shape (n,)
    enough : float
        What a region holds at least; greater than 0.
    component : int32 array, shape (n,)
        0 … c − 1.
    trees : int
        Trees tried for each component.
    state : uint64 array

    Returns
    -------
    label : int32 array, shape (n,)
        −1 where a component does not hold enough for one region.
    parts : int
    """
    n = amount.shape[0]
    heavy = amount >= enough
    components = 0
    for i in range(n):
        components = max(components, component[i] + 1)
    order = np.argsort(component, kind="mergesort")
    label = np.full(n, -1, np.int32)
    held = np.empty(n)
    part = np.empty(n, np.int32)
    inside = np.zeros(n, np.int64)
    stamp = 3
    room = tree_rows(n)
    total = 0
    low = 0
    for c in range(components):
        high = low
        while high < n and component[order[high]] == c:
            high += 1
        best, best_square = 0, 0.0
        for tree in range(trees):
            for j in range(low, high):
                inside[order[j]] = stamp
            root = order[low + below(state, high - low)]
            way = tree / max(trees - 1, 1)
            m = random_tree(links, heavy, inside, stamp, root, way, room, state)
            stamp += 3
            parts, square = _cut_tree(amount, enough, m, room[0], room[1], held, part)
            if parts > best or (parts == best and parts > 0 and square > best_square):
                best, best_square = parts, square
                for j in range(m):
                    label[room[0][j]] = total + part[j]
        total += best
        low = high
    return label, total


@_jit
def ball(h: Any, r: int, wanted: int, chosen: Any, units: Any, state: Any) -> Any:
    """Gather up to `wanted` linked regions around region r: (regions, units) in the ball."""
    chosen[0] = r
    count = 1
    m = members_of(h, r, units, 0)
    for _ in range(4 * wanted):
        if count == wanted:
            break
        j = units[below(state, m)]
        degree = h.start[j + 1] - h.start[j]
        if degree == 0:
            continue
        s = h.label[h.neighbour[h.start[j] + below(state, degree)]]
        new = True
        for c in range(count):
            if chosen[c] == s:
                new = False
        if new:
            chosen[count] = s
            count += 1
            m = members_of(h, s, units, m)
    return count, m


@_jit
def repack(h: Any, enough: float, balls: int, regions: int, state: Any) -> int:
    """Pack balls of linked regions anew; every region held must have enough already.

    Parameters
    ----------
    h : Held
        Changed in place; regions that come are numbered behind the others: there must be room.
    enough : float
    balls : int
        Balls tried, a random tree for each.
    regions : int
        Regions there are: numbers below it are in use.
    state : uint64 array

    Returns
    -------
    int
        Regions at the end.
    """
    n = h.x.shape[0]
    links = (h.start, h.neighbour)
    heavy = h.amount >= enough
    held = np.empty(n)
    part = np.empty(n, np.int32)
    units = np.empty(n, np.int32)
    inside = np.zeros(n, np.int64)
    stamp = 3
    room = tree_rows(n)
    chosen = np.empty(REGIONS_IN_A_BALL, np.int32)
    for _ in range(balls):
        i = below(state, n)
        r = h.label[i]
        if r < 0:
            continue
        wanted = 2 + below(state, REGIONS_IN_A_BALL - 1)
        count, m = ball(h, r, wanted, chosen, units, state)
        if count < 2:
            continue
        square = 0.0
        for c in range(count):
            square += h.load[chosen[c]] ** 2
        for j in range(m):
            inside[units[j]] = stamp
        root = units[below(state, m)]
        random_tree(links, heavy, inside, stamp, root, uniform(state), room, state)
        stamp += 3
        parts, now = _cut_tree(h.amount, enough, m, room[0], room[1], held, part)
        if parts > count or (parts == count and now >= square):
            for j in range(m):
                c = part[j]
                move(h, room[0][j], chosen[c] if c < count else regions + c - count)
            regions += parts - count
    return regions
