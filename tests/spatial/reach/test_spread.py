import numpy as np

from spatial.reach.spread import room_of_buckets, spread

LIMIT = 100_000
LEAVES = 200


def star():
    """One corner with many leaves equally far away, one of them too far."""
    start = np.append([0, LEAVES], np.full(LEAVES, LEAVES)).astype(np.int32)
    arc = np.stack([np.arange(1, LEAVES + 1), np.full(LEAVES, 70_000)], axis=1).astype(np.int32)
    arc[7, 1] = LIMIT + 1
    return start, arc


def test_a_bucket_that_is_full_is_said_and_leaves_nothing_behind_and_a_larger_one_finds_all():
    start, arc = star()
    seed, cost = np.array([0], dtype=np.int32), np.array([30_000], dtype=np.int32)
    near = np.full(LEAVES + 1, LIMIT + 1, dtype=np.int32)
    nodes = np.empty(LEAVES + 2, dtype=np.int32)
    bucket, fill = room_of_buckets(LIMIT, 4)
    assert spread(start, arc, seed, cost, 0, 1, LIMIT, near, nodes, bucket, fill) == -1
    assert (near == LIMIT + 1).all()
    assert not fill.any()
    bucket, fill = room_of_buckets(LIMIT, 512)
    count = spread(start, arc, seed, cost, 0, 1, LIMIT, near, nodes, bucket, fill)
    assert sorted(nodes[:count].tolist()) == [v for v in range(LEAVES + 1) if v != 8]
    assert near[0] == 30_000
    assert set(np.delete(near, [0, 8]).tolist()) == {LIMIT}
    assert near[8] == LIMIT + 1
    assert not fill.any()
