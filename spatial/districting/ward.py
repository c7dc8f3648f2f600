"""Ward's method with contiguity: the cheapest of all linked pairs of regions is joined, till k.

A heap holds at most one entry for each region: its cheapest link to a region that has not grown
since it did. Of two regions the one that grew last answers for the link between them; an entry
whose partner grew may be dropped then, and the region looks for its next.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

__all__ = ["agglomerate"]

_OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "_nrt": False}
_bare: Any = numba.njit(**_OPTIONS)
_jit: Any = numba.njit(cache=True, nogil=True)
NONE = 2**63 - 1
"""Key of a region that has no link to answer for."""
DEAD = 2**31 - 1
"""Stands for the time at which a region grew that was joined to another."""


@_bare
def _sink(heap: Any, key: Any, at: int) -> None:
    size = heap.shape[0]
    while True:
        child = 4 * at + 1
        if child >= size:
            break
        least = child
        for other in range(child + 1, min(child + 4, size)):
            if heap[other] < heap[least]:
                least = other
        if heap[least] >= key:
            break
        heap[at] = heap[least]
        at = least
    heap[at] = key


@_bare
def _cost(count: Any, mean: Any, a: int, b: int) -> float:
    """Rise of the sum of squares when a and b become one: n_a n_b / (n_a + n_b) · |m_a − m_b|²."""
    square = 0.0
    for k in range(mean.shape[1]):
        apart = mean[a, k] - mean[b, k]
        square += apart * apart
    return square * count[a] * count[b] / (count[a] + count[b])


@_bare
def _add_up(first: Any, x: Any, amount: Any, held: Any, lists: Any) -> None:
    """Add up what regions hold, and list their units."""
    count, mean, load = held
    head, after = lists
    for i in range(first.shape[0] - 1, -1, -1):
        r = first[i]
        count[r] += 1.0
        load[r] += amount[i]
        for q in range(x.shape[1]):
            mean[r, q] += x[i, q]
        after[i] = head[r]
        head[r] = i
    for r in range(head.shape[0]):
        for q in range(x.shape[1]):
            mean[r, q] /= count[r]


@_bare
def _link(start: Any, neighbour: Any, first: Any, lists: Any, links: Any) -> None:
    """Write the neighbours of every region, each once, as pool[low[r]:high[r]]."""
    pool, low, high, mark = links
    head, after = lists
    used = 0
    for r in range(head.shape[0]):
        low[r] = used
        mark[r] = r
        i = head[r]
        while i >= 0:
            for p in range(start[i], start[i + 1]):
                s = first[neighbour[p]]
                if mark[s] != r:
                    mark[s] = r
                    pool[used] = s
                    used += 1
            i = after[i]
        high[r] = used


@_bare
def _cheapest(
    r: Any, held: Any, links: Any, grown: Any, partner: Any, at_most: float, bits: Any
) -> Any:
    """Find the cheapest link that region r answers for: its key, cost first, then r."""
    count, mean, load = held
    pool, low, high, _ = links
    narrow, whole = bits
    best = np.inf
    partner[r] = -1
    for p in range(low[r], high[r]):
        s = pool[p]
        if grown[s] > grown[r] or (grown[s] == grown[r] and s < r):
            continue
        if load[r] + load[s] <= at_most:
            now = _cost(count, mean, r, s)
            if now < best:
                best = now
                partner[r] = s
    if partner[r] < 0:
        return np.int64(NONE)
    narrow[0] = best  # in single precision, so that one comparison orders by cost and region
    return (np.int64(whole[0]) << 32) | np.int64(r)


@_bare
def _join(a: Any, b: Any, held: Any, links: Any, parent: Any, stamp: Any, used: Any) -> Any:
    """Let region b join a, and write the neighbours of both behind `pool[:used]`: the new end."""
    count, mean, load = held
    pool, low, high, mark = links
    whole = count[a] + count[b]
    for q in range(mean.shape[1]):
        mean[a, q] = (mean[a, q] * count[a] + mean[b, q] * count[b]) / whole
    count[a] = whole
    load[a] += load[b]
    parent[b] = a
    mark[a] = stamp
    begin = used
    for which in range(2):
        r = a if which == 0 else b
        for p in range(low[r], high[r]):
            s = pool[p]
            while parent[s] != s:
                parent[s] = parent[parent[s]]
                s = parent[s]
            if mark[s] != stamp:
                mark[s] = stamp
                pool[used] = s
                used += 1
    low[a] = begin
    high[a] = used
    return used


@_jit
def agglomerate(
    start: Any, neighbour: Any, x: Any, amount: Any, first: Any, k: int, at_most: float
) -> Any:
    """Join linked regions by Ward's cost until `k` are left or nothing can be joined.

    Parameters
    ----------
    start, neighbour : int32 arrays
        Links of each unit, both ways.
    x : float array, shape (n, K)
    amount : float array, shape (n,)
    first : int32 array, shape (n,)
        Regions to begin with, 0 … r − 1; ``arange(n)``: everybody alone.
    k : int
    at_most : float
        No joined region is above this amount.

    Returns
    -------
    int32 array, shape (n,)
        Region of each unit, 0 … r' − 1 in order of the first unit; r' may be above `k`.

    References
    ----------
    .. [1] J. H. Ward (1963), Journal of the American Statistical Association 58, 236-244.
    .. [2] F. Murtagh (1985), The Computer Journal 28, 82-88.
    """
    n, needs = x.shape
    regions = first.max() + 1
    held = (np.zeros(regions), np.zeros((regions, needs)), np.zeros(regions))
    lists = (np.full(regions, -1, np.int32), np.empty(n, np.int32))
    low, high = np.zeros(regions, np.int64), np.zeros(regions, np.int64)
    mark = np.full(regions, -1, np.int64)
    pool = np.empty(2 * neighbour.shape[0] + 16, np.int32)
    _add_up(first, x, amount, held, lists)
    _link(start, neighbour, first, lists, (pool, low, high, mark))
    used = high[regions - 1]
    parent = np.arange(regions).astype(np.int32)
    grown = np.zeros(regions, np.int32)  # the union by which a region grew last
    partner = np.empty(regions, np.int32)
    key = np.empty(regions, np.int64)
    narrow = np.empty(1, np.float32)
    bits = (narrow, narrow.view(np.int32))
    for r in range(regions):
        key[r] = _cheapest(r, held, (pool, low, high, mark), grown, partner, at_most, bits)
    heap = key.copy()
    for at in range((regions - 2) // 4, -1, -1):
        _sink(heap, heap[at], at)
    unions = 0
    while regions - unions > k and heap[0] < NONE:
        one = np.int64(heap[0] & 0xFFFFFFFF)
        if heap[0] != key[one]:  # it grew, or is no more
            _sink(heap, NONE, 0)
            continue
        s = np.int64(partner[one])
        if grown[s] <= grown[one]:
            a, b = (s, one) if high[one] - low[one] < high[s] - low[s] else (one, s)
            unions += 1
            while used + (high[a] - low[a]) + (high[b] - low[b]) > pool.shape[0]:
                pool = np.append(pool, np.empty(pool.shape[0], np.int32))
            links = (pool, low, high, mark)
            used = _join(a, b, held, links, parent, regions + unions, used)
            grown[a] = unions
            grown[b] = DEAD
            key[b] = -1
            one = a
        key[one] = _cheapest(one, held, (pool, low, high, mark), grown, partner, at_most, bits)
        _sink(heap, key[one], 0)
    return _numbered(first, parent)


@_jit
def _numbered(first: Any, parent: Any) -> Any:
    number = np.full(parent.shape[0], -1, np.int32)
    label = np.empty(first.shape[0], np.int32)
    found = 0
    for i in range(first.shape[0]):
        r = first[i]
        while parent[r] != r:
            r = parent[r]
        if number[r] < 0:
            number[r] = found
            found += 1
        label[i] = number[r]
    return label
