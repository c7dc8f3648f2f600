"""One search over corners, on bare arrays: what tuples of arrays cost at each call is saved.

An arc either betters the cost of its head or it does not, and no processor can guess which; so
the search does not ask. It writes the smaller cost in any case, and puts the head into its bucket
in any case, but counts it there only if it was bettered. What is not counted is written over.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from spatial.reach.kernels import Array, Whole
from spatial.reach.kernels import _jit as jit

__all__ = ["BUCKET_BITS", "BUCKET_ROOM", "At", "room_of_buckets", "spread", "spread_keys"]

At: Final = np.uint64
"""Where something stands in an array. Of a number with a sign the compiler asks, each time, whether
it counts from the end; in the innermost loops that is a quarter of the work."""
BUCKET_BITS: Final = 15
"""Costs that share a bucket of the queue differ by less than 2**15, that is 33 m or 33 s."""
KEY_BITS: Final = 32 + BUCKET_BITS
"""The same of keys, whose cost stands above 32 bits (see :class:`spatial.reach.kernels.Arcs`)."""
BUCKET_ROOM: Final = 64
"""Corners for which each bucket has room at first."""


@jit
def room_of_buckets(limit: Whole, room: Whole) -> tuple[Array, Array]:
    """Make a queue up to a limit, with room for so many corners in each bucket; and its counts."""
    buckets = ((limit + 1) >> BUCKET_BITS) + 1
    return np.empty((buckets, room), dtype=np.int32), np.zeros(buckets, dtype=np.int32)


@jit
def spread(  # noqa: PLR0913, PLR0917
    start: Array, arc: Array, seed_node: Array, seed_cost: Array, low: Whole, high: Whole,
    limit: Whole, near: Array, nodes: Array, bucket: Array, fill: Array,
) -> Whole:  # fmt: skip
    """Find the corners within the limit of seeds ``low:high``, roughly nearest first.

    Parameters
    ----------
    start, arc : array of int32, shapes (n + 1,) and (a, 2)
        Head and cost of the arcs leaving each corner.
    seed_node, seed_cost : array of int32
    near : array of int32, shape (n,)
        ``limit + 1`` everywhere; filled with the exact costs of what is found.
    nodes : array of int32, shape (n + 1,)
        Filled with what is found.
    bucket, fill : array of int32
        Of :func:`room_of_buckets`; `fill` is zero before and afterwards.

    Returns
    -------
    count : int
        Corners found; -1 where a bucket was too small: everything is as before, and a larger queue
        is needed. Within one bucket a corner may be looked at again, so the costs are exact.
    """
    beyond = limit + 1
    room = At(bucket.shape[1])
    count = At(0)
    full = False
    for s in range(low, high):
        x, e = At(seed_node[s]), min(seed_cost[s], beyond)
        old = near[x]
        near[x] = min(e, old)
        nodes[count] = x
        count += At((e < old) & (old == beyond))
        q = At(e >> BUCKET_BITS)
        bucket[q, At(fill[q])] = x
        fill[q] += int(e < old)
        if fill[q] == room:
            full = True
            break
    for b in range(At(len(fill))):
        i = At(0)
        while i < At(fill[b]) and not full:
            v = At(bucket[b, i])
            i += At(1)
            d = near[v]
            if At(d >> BUCKET_BITS) != b:
                continue  # found nearer since, and done
            for a in range(At(start[v]), At(start[v + At(1)])):
                x = At(arc[a, At(0)])
                e = min(d + arc[a, At(1)], beyond)
                old = near[x]
                near[x] = min(e, old)
                nodes[count] = x
                count += At((e < old) & (old == beyond))
                q = At(e >> BUCKET_BITS)
                taken = At(fill[q])
                bucket[q, taken] = x
                taken += At(e < old)
                fill[q] = taken
                if taken == room:
                    full = True
                    break
        fill[b] = 0
    found = np.int64(count)
    if full:
        for k in range(found):
            near[nodes[k]] = beyond
        found = np.int64(-1)
    return found


@jit
def spread_keys(  # noqa: PLR0913, PLR0917
    start: Array, head: Array, key: Array, seed_node: Array, seed_key: Array, limit: Whole,
    label: Array, nodes: Array, bucket: Array, fill: Array,
) -> Whole:  # fmt: skip
    """Find the nodes within the limit of all seeds, as :func:`spread`, by keys of 64 bits.

    Parameters
    ----------
    start, head, key : array, shapes (n + 1,), (a,) and (a,)
        Of :class:`spatial.reach.kernels.Arcs`.
    seed_node, seed_key : array of int
    limit : int
        Key, inclusive.
    label : array of int64, shape (n,)
        ``limit + 1`` everywhere; filled with the exact keys of what is found.
    nodes : array of int32, shape (n + 1,)
        Filled with what is found.
    bucket, fill : array of int32
        Of :func:`room_of_buckets` for the cost of the limit.

    Returns
    -------
    count : int
        Nodes found; -1 where a bucket was too small, as for :func:`spread`.
    """
    beyond = limit + 1
    room = At(bucket.shape[1])
    count = At(0)
    full = False
    for s in range(len(seed_node)):
        x, e = At(seed_node[s]), min(seed_key[s], beyond)
        old = label[x]
        label[x] = min(e, old)
        nodes[count] = x
        count += At((e < old) & (old == beyond))
        q = At(e >> KEY_BITS)
        bucket[q, At(fill[q])] = x
        fill[q] += int(e < old)
        if fill[q] == room:
            full = True
            break
    for b in range(At(len(fill))):
        i = At(0)
        while i < At(fill[b]) and not full:
            v = At(bucket[b, i])
            i += At(1)
            d = label[v]
            if At(d >> KEY_BITS) != b:
                continue  # found nearer since, and done
            for a in range(At(start[v]), At(start[v + At(1)])):
                x = At(head[a])
                e = min(d + key[a], beyond)
                old = label[x]
                label[x] = min(e, old)
                nodes[count] = x
                count += At((e < old) & (old == beyond))
                q = At(e >> KEY_BITS)
                taken = At(fill[q])
                bucket[q, taken] = x
                taken += At(e < old)
                fill[q] = taken
                if taken == room:
                    full = True
                    break
        fill[b] = 0
    found = np.int64(count)
    if full:
        for k in range(found):
            label[nodes[k]] = beyond
        found = np.int64(-1)
    return found
