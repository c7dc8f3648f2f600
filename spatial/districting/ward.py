"""Ward's method with contiguity: the cheapest of all linked pairs of regions is joined, till k.

One heap holds every link between two regions; a region that grew leaves its old links behind as
stale entries, known by their versions. O(m log m) for m links on maps.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

__all__ = ["agglomerate"]

_jit: Any = numba.njit(cache=True, nogil=True)


@_jit
def _push(heap: Any, size: int, key: Any) -> None:
    at = size
    while at > 0:
        up = (at - 1) >> 2
        if heap[up] <= key:
            break
        heap[at] = heap[up]
        at = up
    heap[at] = key


@_jit
def _sink(heap: Any, size: int, key: Any, at: int) -> None:
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


@_jit
def _cost(count: Any, mean: Any, a: int, b: int) -> float:
    """Rise of the sum of squares when a and b become one: n_a n_b / (n_a + n_b) · |m_a − m_b|²."""
    square = 0.0
    for k in range(mean.shape[1]):
        apart = mean[a, k] - mean[b, k]
        square += apart * apart
    return square * count[a] * count[b] / (count[a] + count[b])


@_jit
def _wider(array: Any) -> Any:
    made = np.empty(2 * array.shape[0], array.dtype)
    made[: array.shape[0]] = array
    return made


@_jit
def agglomerate(  # noqa: C901, PLR0912, PLR0915 - one compiled pass
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
    regions = 0
    for i in range(n):
        regions = max(regions, first[i] + 1)
    count = np.zeros(regions)
    mean = np.zeros((regions, needs))
    load = np.zeros(regions)
    for i in range(n):
        r = first[i]
        count[r] += 1.0
        load[r] += amount[i]
        for q in range(needs):
            mean[r, q] += x[i, q]
    for r in range(regions):
        for q in range(needs):
            mean[r, q] /= count[r]
    parent = np.arange(regions).astype(np.int32)
    version = np.zeros(regions, np.int32)
    mark = np.full(regions, -1, np.int64)
    # neighbours of region r: pool[low[r]:high[r]]
    pool = np.empty(2 * neighbour.shape[0] + 16, np.int32)
    low = np.zeros(regions, np.int64)
    high = np.zeros(regions, np.int64)
    order = np.argsort(first, kind="mergesort")
    used = 0
    at = 0
    for r in range(regions):
        low[r] = used
        mark[r] = r
        while at < n and first[order[at]] == r:
            i = order[at]
            for p in range(start[i], start[i + 1]):
                s = first[neighbour[p]]
                if mark[s] != r:
                    mark[s] = r
                    pool[used] = s
                    used += 1
            at += 1
        high[r] = used
    room = 4 * used + 16
    entry_a = np.empty(room, np.int32)
    entry_b = np.empty(room, np.int32)
    entry_v = np.empty(room, np.int64)
    heap = np.empty(room, np.int64)
    # a key orders by cost in single precision, then by entry: one comparison each
    narrow = np.empty(1, np.float32)
    bits = narrow.view(np.int32)
    entries = 0
    size = 0
    for r in range(regions):
        for p in range(low[r], high[r]):
            s = pool[p]
            if s > r and load[r] + load[s] <= at_most:
                narrow[0] = _cost(count, mean, r, s)
                entry_a[entries] = r
                entry_b[entries] = s
                entry_v[entries] = 0
                heap[size] = (np.int64(bits[0]) << 32) | entries
                entries += 1
                size += 1
    for at in range((size - 2) // 4, -1, -1):
        _sink(heap, size, heap[at], at)
    left = regions
    stamp = np.int64(regions)
    while left > k and size > 0:
        entry = heap[0] & 0xFFFFFFFF
        size -= 1
        if size > 0:
            _sink(heap, size, heap[size], 0)
        a = np.int64(entry_a[entry])
        b = np.int64(entry_b[entry])
        if parent[a] != a or parent[b] != b:
            continue
        if entry_v[entry] != (np.int64(version[a]) << 32) | version[b]:
            continue
        if high[a] - low[a] < high[b] - low[b]:
            a, b = b, a
        whole = count[a] + count[b]
        for q in range(needs):
            mean[a, q] = (mean[a, q] * count[a] + mean[b, q] * count[b]) / whole
        count[a] = whole
        load[a] += load[b]
        parent[b] = a
        version[a] += 1
        left -= 1
        stamp += 1
        mark[a] = stamp
        while used + (high[a] - low[a]) + (high[b] - low[b]) > pool.shape[0]:
            pool = _wider(pool)
        begin = used
        for which in range(2):
            r = a if which == 0 else b
            for p in range(low[r], high[r]):
                s = np.int64(pool[p])
                while parent[s] != s:
                    parent[s] = parent[parent[s]]
                    s = np.int64(parent[s])
                if mark[s] != stamp:
                    mark[s] = stamp
                    pool[used] = s
                    used += 1
        low[a] = begin
        high[a] = used
        if entries + (used - begin) > room:
            room = 2 * room + used - begin
            entry_a = np.append(entry_a, np.empty(room - entry_a.shape[0], np.int32))
            entry_b = np.append(entry_b, np.empty(room - entry_b.shape[0], np.int32))
            entry_v = np.append(entry_v, np.empty(room - entry_v.shape[0], np.int64))
            heap = np.append(heap, np.empty(room - heap.shape[0], np.int64))
        for p in range(begin, used):
            s = np.int64(pool[p])
            if load[a] + load[s] <= at_most:
                narrow[0] = _cost(count, mean, a, s)
                entry_a[entries] = a
                entry_b[entries] = s
                entry_v[entries] = (np.int64(version[a]) << 32) | version[s]
                _push(heap, size, (np.int64(bits[0]) << 32) | entries)
                entries += 1
                size += 1
    number = np.full(regions, -1, np.int32)
    label = np.empty(n, np.int32)
    found = 0
    for i in range(n):
        r = np.int64(first[i])
        while parent[r] != r:
            r = np.int64(parent[r])
        if number[r] < 0:
            number[r] = found
            found += 1
        label[i] = number[r]
    return label
