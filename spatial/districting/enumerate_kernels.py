"""All connected sets of atoms within the limits, each once, compiled.

A root takes in only atoms of a higher number, so every set is grown from its smallest atom. At each
step the lowest atom of the frontier is either taken in or ruled out for good on this branch, hence
no set comes twice [1]_. What two atoms may share is a row of bits, so the test against all members
at once is one `and`. Sums never fall as a set grows: past a maximum the branch ends.

References
----------
.. [1] S. Wernicke (2006), IEEE/ACM Trans. Computational Biology and Bioinformatics 3, 347-359.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from spatial.districting.problem import Flat
from spatial.districting.score_kernels import _ones, apart_or_far, score_of_sums

__all__ = ["grow_districts"]

_jit: Any = numba.njit(cache=True, nogil=True)
Array = Any
ONE = np.uint64(1)


@_jit
def _fits(flat: Flat, sums: Array, other: Array) -> bool:
    first = 2 * flat.needs
    for a in range(len(flat.maximum)):
        if sums[first + a] + other[first + a] > flat.maximum[a]:
            return False
    return True


@_jit
def _reaches(flat: Flat, sums: Array) -> bool:
    first = 2 * flat.needs
    for a in range(len(flat.minimum)):  # noqa: SIM110 - compiled: a loop is the fast form
        if sums[first + a] < flat.minimum[a] * (1.0 - 1e-9):
            return False
    return True


@_jit
def _ball(flat: Flat, root: int, allowed: Array, place: Array, local: Array) -> int:
    """Atoms that may share a district with the root and are reached from it; returns how many."""
    local[0] = root
    place[root] = 0
    count, done = 1, 0
    while done < count:
        atom = local[done]
        done += 1
        for i in range(flat.start[atom], flat.start[atom + 1]):
            other = flat.neighbour[i]
            if other <= root or place[other] >= 0 or not allowed[other]:
                continue
            if apart_or_far(flat, root, other):
                continue
            if not _fits(flat, flat.sums[root], flat.sums[other]):
                continue
            place[other] = count
            local[count] = other
            count += 1
    return count


@_jit
def _bits_of_ball(flat: Flat, local: Array, place: Array, adjacent: Array, fitting: Array) -> None:
    for i in range(len(local)):
        atom = local[i]
        for j in range(flat.start[atom], flat.start[atom + 1]):
            other = place[flat.neighbour[j]]
            if other >= 0:
                adjacent[i, other >> 6] |= ONE << np.uint64(other & 63)
        if not flat.unlimited:
            for j in range(flat.near_start[atom], flat.near_start[atom + 1]):
                other = place[flat.near[j]]
                if other >= 0:
                    fitting[i, other >> 6] |= ONE << np.uint64(other & 63)
        else:
            for other in range(len(local)):
                if other != i and not apart_or_far(flat, atom, local[other]):
                    fitting[i, other >> 6] |= ONE << np.uint64(other & 63)


@_jit
def _share_of_ball(flat: Flat, local: Array, place: Array) -> Array:
    if flat.unlimited:
        return np.zeros((1, 1))
    share = np.zeros((len(local), len(local)))
    for i in range(len(local)):
        for j in range(flat.near_start[local[i]], flat.near_start[local[i] + 1]):
            other = place[flat.near[j]]
            if other >= 0:
                share[i, other] = flat.near_share2[j]
    return share


@_jit
def _offers_of_ball(flat: Flat, local: Array, place: Array) -> tuple[Array, Array]:
    """Offers within the ball: first row of each atom, and kinds by row and atom."""
    first = np.zeros(len(local) + 1, dtype=np.int64)
    for i in range(len(local)):
        first[i + 1] = first[i] + flat.person_start[local[i] + 1] - flat.person_start[local[i]]
    if len(flat.offer) == 0:
        return first, np.zeros((1, 1), dtype=np.uint64)
    bits = np.zeros((first[len(local)], len(local)), dtype=np.uint64)
    for i in range(len(local)):
        for row in range(flat.person_start[local[i]], flat.person_start[local[i] + 1]):
            at = first[i] + row - flat.person_start[local[i]]
            for j in range(flat.offer_start[row], flat.offer_start[row + 1]):
                other = place[flat.offer[j]]
                if other >= 0:
                    bits[at, other] = flat.offer_bits[j]
    return first, bits


@_jit
def _gain(flat: Flat, local: Array, chosen: Array, size: int, first: Array, bits: Array) -> float:
    gain = 0.0
    for i in range(size):
        atom = chosen[i]
        row = flat.person_start[local[atom]]
        for at in range(first[atom], first[atom + 1]):
            kinds = np.uint64(0)
            for j in range(size):
                kinds |= bits[at, chosen[j]]
            gain += flat.persons[row] * _ones(kinds)
            row += 1
    return gain


@_jit
def _lowest(word: Any) -> int:
    """Return the number of the lowest bit that is set."""
    return int(_ones((word & (~word + ONE)) - ONE))


@_jit
def _longer(array: Array, length: int) -> Array:
    longer = np.empty(length, dtype=array.dtype)
    longer[: len(array)] = array
    return longer


@_jit
def grow_districts(  # noqa: C901, PLR0912, PLR0915 - one loop: a stack of its own is its speed
    flat: Flat, roots: Array, allowed: Array, cap: int
) -> tuple[Array, Array, Array, bool]:
    """Every legal district among the allowed atoms whose smallest atom is a root.

    Parameters
    ----------
    flat : Flat
    roots : int64 array
    allowed : bool array, shape (a,)
    cap : int
        Stop when there are more than this.

    Returns
    -------
    members : int32 array
        Atoms of all districts, one after another; the root first, the others as they came.
    start : int64 array
    score : float64 array
    whole : bool
        False where the cap was reached.
    """
    place = np.full(len(flat.lock), -1, dtype=np.int64)
    local_of = np.empty(len(flat.lock), dtype=np.int64)
    members = np.empty(1024, dtype=np.int32)
    start = np.zeros(256, dtype=np.int64)
    score = np.empty(256)
    count = 0
    for r in range(len(roots)):
        size = _ball(flat, roots[r], allowed, place, local_of)
        local = local_of[:size]
        words = (size + 63) // 64
        adjacent = np.zeros((size, words), dtype=np.uint64)
        fitting = np.zeros((size, words), dtype=np.uint64)
        _bits_of_ball(flat, local, place, adjacent, fitting)
        share = _share_of_ball(flat, local, place)
        first, bits = _offers_of_ball(flat, local, place)
        for i in range(size):
            place[local[i]] = -1
        possible = np.zeros((size + 1, words), dtype=np.uint64)
        frontier = np.zeros((size + 1, words), dtype=np.uint64)
        sums = np.zeros((size + 1, flat.sums.shape[1]))
        spread = np.zeros(size + 1)
        chosen = np.zeros(size + 1, dtype=np.int64)
        level = 0
        possible[0] = fitting[0]
        frontier[0] = adjacent[0] & fitting[0]
        sums[0] = flat.sums[roots[r]]
        spread[0] = flat.inner[roots[r]]
        fresh = True
        while level >= 0:
            if fresh:
                fresh = False
                if level == 0 or not flat.hard_minimum or _reaches(flat, sums[level]):
                    if count == cap:
                        return members[: start[count]], start[: count + 1], score[:count], False
                    if count + 2 > len(start):
                        start = _longer(start, 2 * len(start))
                        score = _longer(score, 2 * len(start))
                    end = start[count] + level + 1
                    if end > len(members):
                        members = _longer(members, 2 * max(len(members), end))
                    for i in range(level + 1):
                        members[start[count] + i] = local[chosen[i]]
                    gain = 0.0
                    if len(flat.offer) > 0:
                        gain = _gain(flat, local, chosen, level + 1, first, bits)
                    score[count] = score_of_sums(flat, sums[level], spread[level], gain)
                    count += 1
                    start[count] = end
            word = 0
            while word < words and frontier[level, word] == 0:
                word += 1
            if word == words:
                level -= 1
                continue
            bit = _lowest(frontier[level, word])
            mask = ~(ONE << np.uint64(bit))
            frontier[level, word] &= mask
            possible[level, word] &= mask
            atom = 64 * word + bit
            own = flat.sums[local[atom]]
            if not _fits(flat, sums[level], own):
                continue
            for i in range(words):
                possible[level + 1, i] = possible[level, i] & fitting[atom, i]
                frontier[level + 1, i] = (frontier[level, i] | adjacent[atom, i]) & possible[
                    level + 1, i
                ]
            for i in range(len(own)):
                sums[level + 1, i] = sums[level, i] + own[i]
            extra = flat.inner[local[atom]]
            if not flat.unlimited:
                for i in range(level + 1):
                    extra += share[atom, chosen[i]]
            spread[level + 1] = spread[level] + extra
            chosen[level + 1] = atom
            level += 1
            fresh = True
    return members[: start[count]], start[: count + 1], score[:count], True
