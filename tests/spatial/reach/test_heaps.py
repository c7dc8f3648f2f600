"""Heaps and buckets that begin small grow as they must, and both searches give the same keys."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from spatial.reach.kernels import FAR, OUTWARD, Arcs, Placed, ball_nodes, nearest_owner
from spatial.reach.kernels import seeds_at_nodes as seeds_of
from spatial.reach.spread import room_of_buckets, spread_keys

LIMIT = (200_000 << 32) | ((1 << 32) - 1)


def _star(arms, seed):
    """Join a middle to many nodes, each of them to one more, and neighbours on the ring."""
    rng = np.random.default_rng(seed)
    inner, outer = np.arange(1, arms + 1), np.arange(arms + 1, 2 * arms + 1)
    tail = np.concatenate([np.zeros(arms, dtype=np.int64), inner, inner])
    head = np.concatenate([inner, outer, np.roll(inner, 1)])
    length = rng.integers(1_000, 150_000, len(tail))
    nodes, edges = 2 * arms + 1, np.arange(len(tail))
    both = np.concatenate([tail, head]), np.concatenate([head, tail]), np.tile(edges, 2)
    order = np.lexsort((both[2], both[0]))
    start = np.concatenate([[0], np.cumsum(np.bincount(both[0], minlength=nodes))])
    whole = np.tile(length, 2)[order]
    return Arcs(
        start.astype(np.int64), both[1][order].astype(np.int32), both[2][order].astype(np.int32),
        (whole << 32) | whole, tail.astype(np.int32), head.astype(np.int32),
        length.astype(np.int32), np.column_stack([length, length]).astype(np.int32), False,
    )  # fmt: skip


def _matrix(arcs):
    tail = np.repeat(np.arange(len(arcs.start) - 1), np.diff(arcs.start))
    return csr_array((arcs.key >> 32, (tail, arcs.head)), shape=(len(arcs.start) - 1,) * 2)


@pytest.mark.parametrize("arms", [3, 700, 5_000])
def test_a_crossing_of_thousands_of_streets_is_searched_as_scipy_does(arms):
    arcs = _star(arms, seed=arms)
    at = Placed(np.zeros(1, np.int32), np.zeros(1, np.int32), np.zeros(1, np.int64))
    nodes = len(arcs.start) - 1
    expected = dijkstra(_matrix(arcs), indices=0)
    expected[expected > LIMIT >> 32] = np.inf

    label = np.full(nodes, FAR, dtype=np.int64)
    via, touched = np.empty(nodes, np.int32), np.empty(nodes, np.int32)
    count = ball_nodes(arcs, at, LIMIT, label, via, touched)
    assert np.array_equal(np.where(label < FAR, label >> 32, np.inf), expected)
    assert sorted(touched[:count]) == np.flatnonzero(np.isfinite(expected)).tolist()

    owned, owner = np.empty(nodes, np.int64), np.empty(nodes, np.int32)
    nearest_owner(arcs, at, np.array([7], np.int32), LIMIT, owned, owner)
    assert np.array_equal(owned, label)
    assert np.array_equal(owner == 7, np.isfinite(expected))

    node, key, _ = seeds_of(arcs, at, OUTWARD, LIMIT)
    spread, found = np.full(nodes, LIMIT + 1), np.empty(nodes + 1, np.int32)
    room, count, tries = 4, -1, 0
    while count < 0:
        made = room_of_buckets(LIMIT >> 32, room)
        count = spread_keys(arcs.start, arcs.head, arcs.key, node, key, LIMIT, spread, found, *made)
        assert not made[1].any()
        assert count >= 0 or (spread == LIMIT + 1).all()
        room, tries = 2 * room, tries + 1
    assert tries > 1 or arms == 3
    assert np.array_equal(np.where(spread <= LIMIT, spread, FAR), label)
    assert np.array_equal(np.sort(found[:count]), np.sort(touched[: np.isfinite(expected).sum()]))
