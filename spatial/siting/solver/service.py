"""Who is served by open sites that hold so many: exactly, the weightiest first."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

__all__ = ["serve"]

Longs = npt.NDArray[np.int64]
Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

_jit: Any = numba.njit(cache=True, nogil=True)


def serve(
    start: Longs, group: Ints, room: Floats, persons: Floats, weight: Floats
) -> tuple[Floats, Floats]:
    """Serve as many weighted persons as can be.

    Groups are served in the order of their weight, each as far as it can be served beside those
    before it (along augmenting paths: whoever is served stays served, perhaps elsewhere). The
    amounts that can be served together form a polymatroid, so the greedy order is best
    (Edmonds 1970).

    Parameters
    ----------
    start, group : CSR, groups that each site reaches
    room : array, shape (sites,)
        Persons that each holds: 0 closed, ``inf`` no limit.
    persons, weight : array, shape (groups,)

    Returns
    -------
    served : array, shape (groups,)
    flow : array, shape (pairs,)
        Persons of each pair of site and group.

    Examples
    --------
    Site 0 holds 5 of either group, site 1 only 3 of the second.

    >>> served, flow = serve(np.array([0, 2, 3]), np.array([0, 1, 1], np.int32),
    ...     np.array([5.0, 3.0]), np.array([4.0, 6.0]), np.array([1.0, 2.0]))
    >>> served.tolist(), flow.tolist()
    ([2.0, 6.0], [2.0, 3.0, 3.0])
    """
    order = np.argsort(-weight, kind="stable")
    used = np.flatnonzero((room > 0)[np.repeat(np.arange(len(room)), np.diff(start))])
    by_group = used[np.argsort(group[used], kind="stable")]
    entry = np.searchsorted(group[by_group], np.arange(len(persons) + 1))
    owner = np.repeat(np.arange(len(room)), np.diff(start))
    args = start, group, owner, entry, by_group, room.copy(), persons, order
    served, flow = _serve(*args)
    return served, flow


@_jit
def _serve(  # noqa: C901, PLR0912, PLR0915 - one search, told from top to bottom
    start: Longs,
    group: Ints,
    owner: Longs,
    entry: Longs,
    by_group: Longs,
    room: Floats,
    persons: Floats,
    order: Longs,
) -> tuple[Floats, Floats]:
    """Serve group by group along shortest augmenting paths over sites."""
    sites, groups = len(room), len(persons)
    served, flow = np.zeros(groups), np.zeros(len(group))
    dead = np.zeros(sites, np.bool_)  # full, and nothing behind it can make room
    seen = np.full(sites, -1, np.int64)
    via = np.zeros(sites, np.int64)  # pair by which a site was entered
    left = np.zeros(sites, np.int64)  # pair whose flow makes way in the site before; -1: the root
    queue = np.zeros(sites, np.int64)
    stamp = 0
    for g in order:
        least = 1e-9 * persons[g]
        while persons[g] - served[g] > least:
            stamp += 1
            head, tail, end = 0, 0, -1
            for k in range(entry[g], entry[g + 1]):
                pair = by_group[k]
                j = owner[pair]
                if dead[j] or seen[j] == stamp:
                    continue
                seen[j], via[j], left[j] = stamp, pair, -1
                queue[tail] = j
                tail += 1
                if room[j] > 0:
                    end = j
                    break
            while end < 0 and head < tail:
                here = queue[head]
                head += 1
                for full in range(start[here], start[here + 1]):
                    if flow[full] <= 1e-9 * persons[group[full]]:
                        continue
                    other = group[full]
                    for k in range(entry[other], entry[other + 1]):
                        pair = by_group[k]
                        j = owner[pair]
                        if dead[j] or seen[j] == stamp:
                            continue
                        seen[j], via[j], left[j] = stamp, pair, full
                        queue[tail] = j
                        tail += 1
                        if room[j] > 0:
                            end = j
                            break
                    if end >= 0:
                        break
            if end < 0:
                for k in range(tail):
                    dead[queue[k]] = True
                break
            amount = min(persons[g] - served[g], room[end])
            j = end
            while left[j] >= 0:
                amount = min(amount, flow[left[j]])
                j = owner[left[j]]
            j = end
            room[end] -= amount
            if room[end] < 1e-9:
                room[end] = 0.0
            while True:
                flow[via[j]] += amount
                if left[j] < 0:
                    break
                flow[left[j]] -= amount
                j = owner[left[j]]
            served[g] += amount
    return served, flow
