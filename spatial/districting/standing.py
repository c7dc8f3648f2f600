"""A plan under way on a problem's arrays: every sum that a move, merge or split changes, kept up.

One atom's move costs its links, the atoms near it, one search inside the district that it leaves,
and the sums of two districts: nothing grows with the city. Search and plan service share this.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from spatial.districting.problem import Problem
from spatial.districting.score_kernels import closed_gaps, score_of_sums

__all__ = [
    "APART",
    "CONTIGUITY",
    "DISTANCE",
    "FREE",
    "LOCKED",
    "MAXIMUM",
    "MINIMUM",
    "OFFICE",
    "Standing",
    "bare",
    "change_of_merge",
    "change_of_move",
    "free_slot",
    "merge",
    "move",
    "rules_of",
    "standing",
    "total_score",
]

Array = npt.NDArray[Any]
CONTIGUITY, MAXIMUM, MINIMUM, DISTANCE, APART, OFFICE, LOCKED = 1, 2, 4, 8, 16, 32, 64
"""Bits of the rules that a change would break."""
FREE = np.array([0.0, -1.0, 0.0])
"""No price on districts, none that must hold an amount."""
_OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "_nrt": False}
bare: Any = numba.njit(**_OPTIONS)
"""Compiled without counting references: with 40 arrays in a plan that would be most of the time."""
_within: Any = numba.njit(forceinline=True, **_OPTIONS)
"""The same, set into its caller: to hand over 46 arrays takes longer than most of what is done."""
_score: Any = _within(score_of_sums.py_func)
_gaps: Any = bare(closed_gaps.py_func)


class Standing(NamedTuple):
    """A plan of a atoms; row d is district d, an empty row has no members."""

    # what stands in the problem, under the names of `Flat`: compiled code asks it for both
    start: Array
    neighbour: Array
    near_start: Array
    near: Array
    near_share2: Array
    unlimited: bool
    apart_start: Array
    apart: Array
    sums: Array  # (a, C)
    inner: Array
    office: Array  # (a,) by atom
    lock: Array  # (a,) by atom
    maximum: Array
    minimum: Array
    hard_minimum: bool
    needs: int
    weights: Array
    balance: Array
    person_start: Array
    persons: Array
    offer_start: Array
    offer: Array
    offer_bits: Array
    # the plan
    goal: Array  # (3,) price of a district that counts; column of `sums` it must fill or -1; amount
    label: Array  # (a,) int32 district of each atom
    total: Array  # (a, C) float64
    spread: Array  # (a,) float64
    score: Array  # (a,) float64, price included
    members: Array  # (a,) int64 how many
    office_of: Array  # (a,) int32; -1 = none known
    lock_of: Array  # (a,) int32
    head: Array  # (a,) int32 first member, -1 = none
    after: Array  # (a,) int32
    before: Array  # (a,) int32
    free: Array  # (a,) int32 stack of empty rows
    frees: Array  # (1,) int64 how many of them
    mark: Array  # (a,) int64 stamps of atoms
    mark_d: Array  # (a,) int64 stamps of districts
    queue: Array  # (a,) int64
    clock: Array  # (1,) int64
    trial: Array  # (2, C) float64


def standing(problem: Problem, label: npt.NDArray[Any], goal: Array = FREE) -> Standing:
    """Lay out a plan; −1 stands alone. Districts need not be legal, nor in one piece."""
    a = problem.atoms
    columns = problem.flat.sums.shape[1]
    s = Standing(
        *problem.flat,
        goal.astype(np.float64),
        np.full(a, -1, np.int32),
        np.zeros((a, columns)),
        np.zeros(a),
        np.zeros(a),
        np.zeros(a, np.int64),
        np.full(a, -1, np.int32),
        np.full(a, -1, np.int32),
        np.full(a, -1, np.int32),
        np.full(a, -1, np.int32),
        np.full(a, -1, np.int32),
        np.zeros(a, np.int32),
        np.zeros(1, np.int64),
        np.zeros(a, np.int64),
        np.zeros(a, np.int64),
        np.zeros(a, np.int64),
        np.zeros(1, np.int64),
        np.zeros((2, columns)),
    )
    given = np.asarray(label, dtype=np.int64)
    alone = given < 0
    names = np.where(alone, given.max(initial=-1) + 1 + np.arange(a), given)
    lay_out(s, np.unique(names, return_inverse=True)[1].astype(np.int32))
    return s


@bare
def lay_out(s: Any, label: Any) -> None:
    """Take over a plan whose districts are numbered from 0."""
    a = label.shape[0]
    s.head[:] = -1
    s.members[:] = 0
    s.label[:] = -1
    for i in range(a - 1, -1, -1):
        _enter(s, i, label[i])
    s.frees[0] = 0
    for d in range(a - 1, -1, -1):
        if s.members[d] == 0:
            s.free[s.frees[0]] = d
            s.frees[0] += 1
        else:
            s.spread[d] = fresh_spread(s, d)
            settle(s, d)


@_within
def _enter(s: Any, i: int, d: Any) -> None:
    s.label[i] = d
    s.members[d] += 1
    first = s.head[d]
    s.after[i] = first
    s.before[i] = -1
    if first >= 0:
        s.before[first] = i
    s.head[d] = i


@_within
def _leave(s: Any, i: int) -> None:
    d = s.label[i]
    s.members[d] -= 1
    b, a = s.before[i], s.after[i]
    if b >= 0:
        s.after[b] = a
    else:
        s.head[d] = a
    if a >= 0:
        s.before[a] = b


@bare
def fresh_spread(s: Any, d: Any) -> Any:
    """Squared shares of distance within a district, from its pairs; too far counts 1."""
    total = 0.0
    i = s.head[d]
    while i >= 0:
        total += s.inner[i]
        if not s.unlimited:
            total += 0.5 * (s.members[d] - 1)
            for p in range(s.near_start[i], s.near_start[i + 1]):
                if s.label[s.near[p]] == d:
                    total += 0.5 * (s.near_share2[p] - 1.0)
        i = s.after[i]
    return total


@bare
def settle(s: Any, d: Any) -> None:
    """Add up a district's members anew, and its score; `spread` must be right already."""
    s.total[d, :] = 0.0
    s.office_of[d] = -1
    s.lock_of[d] = -1
    i = s.head[d]
    while i >= 0:
        for c in range(s.total.shape[1]):
            s.total[d, c] += s.sums[i, c]
        if s.office[i] >= 0:
            s.office_of[d] = s.office[i]
        if s.lock[i] >= 0:
            s.lock_of[d] = s.lock[i]
        i = s.after[i]
    if s.members[d] == 0:
        s.spread[d] = 0.0
        s.score[d] = 0.0
    else:
        if s.members[d] == 1:
            s.spread[d] = s.inner[s.head[d]]
        gain = gain_with(s, d, -1, -1)
        s.score[d] = priced(s, s.total[d], s.spread[d], gain, s.lock_of[d])


@bare
def _sort(numbers: Any, m: int) -> None:
    """Sort the first m numbers in place; there are few."""
    for k in range(1, m):
        number = numbers[k]
        at = k
        while at > 0 and numbers[at - 1] > number:
            numbers[at] = numbers[at - 1]
            at -= 1
        numbers[at] = number


@_within
def gain_with(s: Any, d: Any, more: Any, less: Any) -> Any:
    """Person-gaps that close in district d with atom `more` and without atom `less`."""
    if s.offer.shape[0] == 0:
        return 0.0
    m = 0
    i = s.head[d]
    while i >= 0:
        if i != less:
            s.queue[m] = i
            m += 1
        i = s.after[i]
    if more >= 0:
        s.queue[m] = more
        m += 1
    _sort(s.queue, m)
    return _gaps(s, s.queue[:m])


@_within
def counts(s: Any, sums: Any, lock: Any) -> Any:
    """Whether a district with these sums counts as one."""
    column = int(s.goal[1])
    if column >= 0:
        return sums[column] >= s.goal[2]
    return lock >= 0 or sums[2 * s.needs + s.minimum.shape[0]] > 1.5


@_within
def priced(s: Any, sums: Any, spread: Any, gain: Any, lock: Any) -> Any:
    """Score of a district, and the price where it counts."""
    score = _score(s, sums, spread, gain)
    return score + s.goal[0] if counts(s, sums, lock) else score


@_within
def too_little(s: Any, sums: Any, members: Any) -> bool:
    """Whether a district of several atoms is below what it must hold."""
    if members < 2:
        return False
    if s.goal[1] >= 0.0 and sums[int(s.goal[1])] < s.goal[2]:
        return True
    if s.hard_minimum:
        first = 2 * s.needs
        for q in range(s.minimum.shape[0]):
            if sums[first + q] < s.minimum[q] * (1.0 - 1e-9):
                return True
    return False


@_within
def too_much(s: Any, sums: Any) -> bool:
    """Whether a sum is above its maximum."""
    first = 2 * s.needs
    for q in range(s.maximum.shape[0]):  # noqa: SIM110 - compiled
        if sums[first + q] > s.maximum[q]:
            return True
    return False


@_within
def connected_without(s: Any, i: int) -> bool:
    """Whether the district of atom i stays in one piece without it; an emptied one does."""
    home = s.label[i]
    start, neighbour = s.start, s.neighbour
    stamp = s.clock[0] + 2
    s.clock[0] = stamp
    wanted = 0
    first = -1
    for p in range(start[i], start[i + 1]):
        j = neighbour[p]
        if s.label[j] == home:
            s.mark[j] = stamp - 1
            wanted += 1
            first = j
    if wanted <= 1:
        return wanted == 1 or s.members[home] == 1
    s.mark[i] = stamp
    s.mark[first] = stamp
    s.queue[0] = first
    wanted -= 1
    low, high = 0, 1
    while low < high:
        j = s.queue[low]
        low += 1
        for p in range(start[j], start[j + 1]):
            o = neighbour[p]
            if s.label[o] == home and s.mark[o] != stamp:
                if s.mark[o] == stamp - 1:
                    wanted -= 1
                    if wanted == 0:
                        return True
                s.mark[o] = stamp
                s.queue[high] = o
                high += 1
    return False


@_within
def _touches(s: Any, i: int, d: Any) -> bool:
    for p in range(s.start[i], s.start[i + 1]):  # noqa: SIM110 - compiled
        if s.label[s.neighbour[p]] == d:
            return True
    return False


@_within
def shares_to(s: Any, i: int, a: int, b: int) -> Any:
    """Squared shares from atom i to districts a and b, and how many of b's members are near."""
    to_a, to_b = 0.0, 0.0
    near_a, near_b = 0, 0
    for p in range(s.near_start[i], s.near_start[i + 1]):
        d = s.label[s.near[p]]
        if d == a:
            to_a += s.near_share2[p]
            near_a += 1
        elif d == b:
            to_b += s.near_share2[p]
            near_b += 1
    return to_a + (s.members[a] - 1 - near_a), to_b + (s.members[b] - near_b), near_b


@_within
def change_of_move(s: Any, i: int, b: int) -> Any:  # noqa: C901, PLR0912 - one compiled pass
    """Change of the plan's value when atom i moves to district b, and the rules broken (bits).

    b may be an empty row: then i stands alone. Nothing is changed.
    """
    a = s.label[i]
    broken = 0
    if a == b:
        return 0.0, broken
    for c in range(s.total.shape[1]):
        own = s.sums[i, c]
        s.trial[0, c] = s.total[a, c] - own
        s.trial[1, c] = s.total[b, c] + own
    to_a, to_b = 0.0, 0.0
    if not s.unlimited:
        to_a, to_b, near = shares_to(s, i, a, b)
        if near < s.members[b]:
            broken |= DISTANCE
    if s.members[b] > 0:
        if too_much(s, s.trial[1]):
            broken |= MAXIMUM
        if s.office[i] >= 0 and s.office_of[b] >= 0 and s.office[i] != s.office_of[b]:
            broken |= OFFICE
        if s.lock[i] >= 0 and s.lock_of[b] >= 0:
            broken |= LOCKED
        for p in range(s.apart_start[i], s.apart_start[i + 1]):
            if s.label[s.apart[p]] == b:
                broken |= APART
        if too_little(s, s.trial[1], s.members[b] + 1):
            broken |= MINIMUM
        if not _touches(s, i, b):
            broken |= CONTIGUITY
    lock_b = max(s.lock_of[b] if s.members[b] > 0 else -1, s.lock[i])
    gain_b = gain_with(s, b, i, -1)
    now = priced(s, s.trial[1], s.spread[b] + s.inner[i] + to_b, gain_b, lock_b)
    if s.members[a] > 1:
        lock_a = -1 if s.lock[i] >= 0 else s.lock_of[a]
        gain_a = gain_with(s, a, -1, i)
        now += priced(s, s.trial[0], s.spread[a] - s.inner[i] - to_a, gain_a, lock_a)
        if too_little(s, s.trial[0], s.members[a] - 1):
            broken |= MINIMUM
        if not connected_without(s, i):
            broken |= CONTIGUITY
    return now - s.score[a] - s.score[b], broken


@bare
def move(s: Any, i: int, b: int) -> None:
    """Move atom i to district b, an empty row included; sums and scores follow."""
    a = s.label[i]
    if a == b:
        return
    to_a, to_b = 0.0, 0.0
    if not s.unlimited:
        to_a, to_b, _ = shares_to(s, i, a, b)
    if s.members[b] == 0:
        _take_slot(s, b)
    _leave(s, i)
    _enter(s, i, b)
    s.spread[a] -= s.inner[i] + to_a
    s.spread[b] += s.inner[i] + to_b
    settle(s, a)
    settle(s, b)
    if s.members[a] == 0:
        s.free[s.frees[0]] = a
        s.frees[0] += 1


@bare
def free_slot(s: Any) -> Any:
    """Return an empty row; there is one whenever some district has two members."""
    return s.free[s.frees[0] - 1]


@bare
def _take_slot(s: Any, d: Any) -> None:
    last = s.frees[0] - 1
    for at in range(last, -1, -1):
        if s.free[at] == d:
            s.free[at] = s.free[last]
            s.frees[0] = last
            return


@bare
def change_of_merge(s: Any, a: int, b: int) -> Any:  # noqa: C901, PLR0912 - one compiled pass
    """Change of the plan's value when district b joins a, and the rules broken (bits)."""
    broken = 0
    if a == b:
        return 0.0, broken
    for c in range(s.total.shape[1]):
        s.trial[0, c] = s.total[a, c] + s.total[b, c]
    if too_much(s, s.trial[0]):
        broken |= MAXIMUM
    if s.office_of[a] >= 0 and s.office_of[b] >= 0 and s.office_of[a] != s.office_of[b]:
        broken |= OFFICE
    if s.lock_of[a] >= 0 and s.lock_of[b] >= 0:
        broken |= LOCKED
    if too_little(s, s.trial[0], 2):
        broken |= MINIMUM
    few, many = (a, b) if s.members[a] < s.members[b] else (b, a)
    cross = 0.0
    linked = False
    i = s.head[few]
    while i >= 0:
        if not s.unlimited:
            near = 0
            for p in range(s.near_start[i], s.near_start[i + 1]):
                if s.label[s.near[p]] == many:
                    cross += s.near_share2[p]
                    near += 1
            cross += s.members[many] - near
            if near < s.members[many]:
                broken |= DISTANCE
        for p in range(s.apart_start[i], s.apart_start[i + 1]):
            if s.label[s.apart[p]] == many:
                broken |= APART
        linked = linked or _touches(s, i, many)
        i = s.after[i]
    if not linked:
        broken |= CONTIGUITY
    gain = 0.0
    if s.offer.shape[0] > 0:
        m = 0
        for which in range(2):
            i = s.head[a if which == 0 else b]
            while i >= 0:
                s.queue[m] = i
                m += 1
                i = s.after[i]
        _sort(s.queue, m)
        gain = _gaps(s, s.queue[:m])
    spread = s.spread[a] + s.spread[b] + cross
    now = priced(s, s.trial[0], spread, gain, max(s.lock_of[a], s.lock_of[b]))
    return now - s.score[a] - s.score[b], broken


@bare
def merge(s: Any, a: int, b: int) -> None:
    """Let district b join a."""
    while s.members[b] > 0:
        i = s.head[b]
        _leave(s, i)
        _enter(s, i, a)
    s.spread[a] = fresh_spread(s, a)
    settle(s, a)
    settle(s, b)
    s.free[s.frees[0]] = b
    s.frees[0] += 1


@bare
def rules_of(s: Any, d: Any) -> Any:  # noqa: C901, PLR0912 - one compiled pass
    """Rules that a district breaks (bits); one that stands alone breaks none."""
    if s.members[d] < 2:
        return 0
    broken = 0
    if too_much(s, s.total[d]):
        broken |= MAXIMUM
    if too_little(s, s.total[d], s.members[d]):
        broken |= MINIMUM
    i = s.head[d]
    while i >= 0:
        if not s.unlimited:
            near = 1
            for p in range(s.near_start[i], s.near_start[i + 1]):
                if s.label[s.near[p]] == d:
                    near += 1
            if near < s.members[d]:
                broken |= DISTANCE
        for p in range(s.apart_start[i], s.apart_start[i + 1]):
            if s.label[s.apart[p]] == d:
                broken |= APART
        if s.office[i] >= 0 and s.office[i] != s.office_of[d]:
            broken |= OFFICE
        if s.lock[i] >= 0 and s.lock[i] != s.lock_of[d]:
            broken |= LOCKED
        i = s.after[i]
    stamp = s.clock[0] + 1
    s.clock[0] = stamp
    s.queue[0] = s.head[d]
    s.mark[s.head[d]] = stamp
    low, high = 0, 1
    while low < high:
        j = s.queue[low]
        low += 1
        for p in range(s.start[j], s.start[j + 1]):
            o = s.neighbour[p]
            if s.label[o] == d and s.mark[o] != stamp:
                s.mark[o] = stamp
                s.queue[high] = o
                high += 1
    return broken if high == s.members[d] else broken | CONTIGUITY


@bare
def total_score(s: Any) -> Any:
    """Value of the plan, prices included."""
    value = 0.0
    for d in range(s.members.shape[0]):
        if s.members[d] > 0:
            value += s.score[d]
    return value
