"""Regions under way, held so that one move costs a few dozen numbers: sums, members, contiguity.

The value of a partition is its sum of squares within regions,

    W = Σ_r Σ_{i in r} |x_i − m_r|²,

and moving unit i from region a to region b changes it by

    ΔW = n_b/(n_b + 1) · |x_i − m_b|² − n_a/(n_a − 1) · |x_i − m_a|².
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

__all__ = [
    "Held",
    "change_of_move",
    "connected_without",
    "descend",
    "hold",
    "lacking",
    "move",
    "numbered",
    "squares",
]

Array = npt.NDArray[Any]
GAIN = 1e-9
"""A change must lower the value by more than this share of one unit's; below, rounding decides."""
_jit: Any = numba.njit(cache=True, nogil=True)
_OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "_nrt": False}
_bare: Any = numba.njit(**_OPTIONS)


class Held(NamedTuple):
    """A partition of n units into k regions; row i is unit i, row r region r."""

    start: Array  # (n + 1,) int32 links of unit i: neighbour[start[i]:start[i + 1]]
    neighbour: Array  # (m,) int32
    apart: Array  # (m,) float64 squared difference of the two ends of a link
    x: Array  # (n, K) float64
    amount: Array  # (n,) float64
    limits: Array  # (2,) float64 least and most that a region holds
    label: Array  # (n,) int32
    members: Array  # (k,) float64 how many
    total: Array  # (k, K) float64 sums of x
    load: Array  # (k,) float64 sums of amount
    head: Array  # (k,) int32 first member
    after: Array  # (n,) int32 next member, -1 = last
    before: Array  # (n,) int32
    mark: Array  # (n,) int64 scratch: stamps
    queue: Array  # (n,) int32 scratch
    clock: Array  # (1,) int64 last stamp


@_jit
def link_differences(start: Any, neighbour: Any, x: Any) -> Any:
    """Squared difference of the two ends of each link, shape (m,)."""
    made = np.empty(neighbour.shape[0])
    for i in range(start.shape[0] - 1):
        for p in range(start[i], start[i + 1]):
            square = 0.0
            for q in range(x.shape[1]):
                d = x[i, q] - x[neighbour[p], q]
                square += d * d
            made[p] = square
    return made


def hold(
    links: tuple[Array, Array],
    x: Array,
    label: Array,
    *,
    amount: Array,
    limits: tuple[float, float],
    apart: Array | None = None,
) -> Held:
    """Hold a partition whose regions are numbered 0 … k − 1; `label` is copied."""
    n, k = len(x), int(label.max(initial=-1)) + 1
    start, neighbour = links
    held = Held(
        start,
        neighbour,
        link_differences(start, neighbour, x) if apart is None else apart,
        x,
        amount,
        np.asarray(limits, float),
        label.astype(np.int32),
        np.zeros(k),
        np.zeros((k, x.shape[1])),
        np.zeros(k),
        np.full(k, -1, np.int32),
        np.full(n, -1, np.int32),
        np.full(n, -1, np.int32),
        np.zeros(n, np.int64),
        np.zeros(n, np.int32),
        np.zeros(1, np.int64),
    )
    recount(held)
    return held


@_bare
def recount(h: Any) -> None:
    """Work out all sums and lists of members anew from the labels."""
    h.members[:] = 0.0
    h.total[:] = 0.0
    h.load[:] = 0.0
    h.head[:] = -1
    for i in range(h.label.shape[0] - 1, -1, -1):
        enter(h, i, h.label[i])


@_bare
def enter(h: Any, i: int, r: int) -> None:
    """Put a unit that is in no region into region r."""
    h.label[i] = r
    h.members[r] += 1.0
    h.load[r] += h.amount[i]
    for q in range(h.x.shape[1]):
        h.total[r, q] += h.x[i, q]
    first = h.head[r]
    h.after[i] = first
    h.before[i] = -1
    if first >= 0:
        h.before[first] = i
    h.head[r] = i


@_bare
def leave(h: Any, i: int) -> None:
    """Take a unit out of its region."""
    r = h.label[i]
    h.members[r] -= 1.0
    h.load[r] -= h.amount[i]
    for q in range(h.x.shape[1]):
        h.total[r, q] -= h.x[i, q]
    b, a = h.before[i], h.after[i]
    if b >= 0:
        h.after[b] = a
    else:
        h.head[r] = a
    if a >= 0:
        h.before[a] = b


@_bare
def move(h: Any, i: int, r: int) -> None:
    """Move unit i to region r, whatever that does to contiguity."""
    leave(h, i)
    enter(h, i, r)


@_bare
def connected_without(h: Any, i: int) -> bool:
    """Tell whether the region of unit i stays in one piece, and not empty, when i leaves it.

    The search runs inside that region only and ends when all of i's own neighbours are met.
    """
    home = h.label[i]
    stamp = h.clock[0] + 2
    h.clock[0] = stamp
    wanted = 0
    first = -1
    for p in range(h.start[i], h.start[i + 1]):
        j = h.neighbour[p]
        if h.label[j] == home:
            h.mark[j] = stamp - 1
            wanted += 1
            first = j
    if wanted <= 1:
        return wanted == 1
    h.mark[i] = stamp
    h.mark[first] = stamp
    h.queue[0] = first
    wanted -= 1
    low, high = 0, 1
    while low < high:
        j = h.queue[low]
        low += 1
        for p in range(h.start[j], h.start[j + 1]):
            o = h.neighbour[p]
            if h.label[o] == home and h.mark[o] != stamp:
                if h.mark[o] == stamp - 1:
                    wanted -= 1
                    if wanted == 0:
                        return True
                h.mark[o] = stamp
                h.queue[high] = o
                high += 1
    return False


@_bare
def change_of_move(h: Any, i: int, b: int) -> float:
    """ΔW when unit i moves to region b; its own region must have another member."""
    a = h.label[i]
    n_a, n_b = h.members[a], h.members[b]
    share_a, share_b = 1.0 / n_a, 1.0 / n_b
    far_a = 0.0
    far_b = 0.0
    for q in range(h.x.shape[1]):
        here = h.x[i, q]
        d_a = here - h.total[a, q] * share_a
        d_b = here - h.total[b, q] * share_b
        far_a += d_a * d_a
        far_b += d_b * d_b
    return far_b * n_b / (n_b + 1.0) - far_a * n_a / (n_a - 1.0)


@_bare
def lacking(h: Any, load: float) -> float:
    """How far an amount lies outside the limits."""
    return max(h.limits[0] - load, 0.0) + max(load - h.limits[1], 0.0)


@_bare
def worse_limits(h: Any, i: int, b: int) -> float:
    """Rise of what lies outside the limits when unit i moves to region b."""
    a = h.label[i]
    amount = h.amount[i]
    return (
        lacking(h, h.load[a] - amount)
        + lacking(h, h.load[b] + amount)
        - lacking(h, h.load[a])
        - lacking(h, h.load[b])
    )


@_bare
def squares(h: Any) -> float:
    """Sum of squares within regions, worked out from the units."""
    value = 0.0
    for i in range(h.x.shape[0]):
        r = h.label[i]
        for q in range(h.x.shape[1]):
            d = h.x[i, q] - h.total[r, q] / h.members[r]
            value += d * d
    return value


@_jit
def numbered(label: Any, x: Any) -> Any:
    """Renumber regions in order of their first unit, −1 for units in none: (label, regions, W)."""
    n, needs = x.shape
    made = np.full(n, -1, np.int64)
    new = np.full(label.max() + 1, -1, np.int64)
    count = np.zeros(new.shape[0])
    mean = np.zeros((new.shape[0], needs))
    regions = 0
    for i in range(n):
        r = label[i]
        if r < 0:
            continue
        if new[r] < 0:
            new[r] = regions
            regions += 1
        r = new[r]
        made[i] = r
        count[r] += 1.0
        for q in range(needs):
            mean[r, q] += x[i, q]
    for r in range(regions):
        for q in range(needs):
            mean[r, q] /= count[r]
    within = 0.0
    for i in range(n):
        for q in range(needs if made[i] >= 0 else 0):
            apart = x[i, q] - mean[made[i], q]
            within += apart * apart
    return made, regions, within


@_jit
def descend(h: Any, least: float) -> int:
    """Move units to linked regions, best first for each unit, until no move lowers W by `least`.

    Returns the moves made. A move never worsens the limits.
    """
    n = h.x.shape[0]
    return _descend(h, least, np.ones(n, np.bool_), np.arange(n).astype(np.int32))


@_bare
def _descend(h: Any, least: float, waiting: Any, line: Any) -> int:
    n = line.shape[0]
    low, held = 0, n
    made = 0
    while held > 0:
        i = line[low]
        low = low + 1 if low + 1 < n else 0
        held -= 1
        waiting[i] = False
        a = h.label[i]
        if h.members[a] < 1.5:
            continue
        best = -least
        target = -1
        for p in range(h.start[i], h.start[i + 1]):
            b = h.label[h.neighbour[p]]
            if b == a:
                continue
            change = change_of_move(h, i, b)
            if change < best and worse_limits(h, i, b) <= 0.0:
                best = change
                target = b
        if target < 0 or not connected_without(h, i):
            continue
        move(h, i, target)
        made += 1
        for which in range(2):
            j = h.head[a if which == 0 else target]
            while j >= 0:
                if not waiting[j]:
                    waiting[j] = True
                    at = low + held
                    line[at - n if at >= n else at] = j
                    held += 1
                j = h.after[j]
    return made
