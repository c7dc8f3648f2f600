"""One search over corners, on bare arrays: what tuples of arrays cost at each call is saved."""

from __future__ import annotations

import numpy as np

from spatial.reach.kernels import Array, Whole
from spatial.reach.kernels import _jit as jit
from spatial.reach.sum_kernels import BUCKET_BITS

__all__ = ["room_of_buckets", "spread"]

BUCKET_ROOM = 32
"""Corners for which each bucket has room at first."""


@jit
def room_of_buckets(limit: Whole) -> Array:
    """Make room for a queue up to a limit: one row of corners for each bucket."""
    return np.empty(((limit >> BUCKET_BITS) + 2, BUCKET_ROOM), dtype=np.int32)


@jit
def _roomier(bucket: Array) -> Array:
    wide = np.empty((len(bucket), 2 * bucket.shape[1]), dtype=np.int32)
    wide[:, : bucket.shape[1]] = bucket
    return wide


@jit
def spread(  # noqa: C901, PLR0913, PLR0917
    start: Array, head: Array, cost: Array, seed_node: Array, seed_cost: Array, low: Whole,
    high: Whole, limit: Whole, near: Array, nodes: Array, bucket: Array, fill: Array,
) -> tuple[Whole, Array]:  # fmt: skip
    """Find the corners within the limit of seeds ``low:high``, roughly nearest first.

    Fills `near` (exact; UNREACHED before) and `nodes`; `fill` holds a zero for each bucket before
    and afterwards. Within one bucket a corner may be looked at again, so the costs are exact.

    Returns
    -------
    count : int
        Corners found.
    bucket : array
        The room of the queue, which may have grown.
    """
    count = 0
    for s in range(low, high):
        v, d = seed_node[s], seed_cost[s]
        if d <= limit and d < near[v]:
            if near[v] > limit:
                nodes[count] = v
                count += 1
            near[v] = d
            q = d >> BUCKET_BITS
            if fill[q] == bucket.shape[1]:
                bucket = _roomier(bucket)
            bucket[q, fill[q]] = v
            fill[q] += 1
    for b in range(len(fill)):
        i = 0
        while i < fill[b]:
            v = bucket[b, i]
            i += 1
            d = near[v]
            if d >> BUCKET_BITS != b:
                continue  # found nearer since, and done
            for a in range(start[v], start[v + 1]):
                x = head[a]
                e = d + cost[a]
                if e <= limit and e < near[x]:
                    if near[x] > limit:
                        nodes[count] = x
                        count += 1
                    near[x] = e
                    q = e >> BUCKET_BITS
                    if fill[q] == bucket.shape[1]:
                        bucket = _roomier(bucket)
                    bucket[q, fill[q]] = x
                    fill[q] += 1
        fill[b] = 0
    return count, bucket
