"""The score of one district, compiled: the same code serves search, proof and service.

A district's score is made of sums over its members (the columns of ``Flat.sums``), of the squared
shares of distance between them (`spread`), and of the person-gaps that pooling closes (`gain`).
The sums of two disjoint districts added are the sums of both together.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from spatial.districting.problem import Flat

__all__ = [
    "apart_or_far",
    "closed_gaps",
    "connected",
    "legal",
    "members_score",
    "part_values",
    "score_of_sums",
    "share2_between",
    "spread_of",
]

_jit: Any = numba.njit(cache=True, nogil=True)
Array = Any
DISC = 2.0 * np.pi
"""A disc of area A has the moment of inertia A² / 2π."""


@_jit
def score_of_sums(flat: Flat, sums: Array, spread: float, gain: float) -> float:
    """Weighted score of a district from its sums; lower is better."""
    needs, minimum, weights = flat.needs, flat.minimum, flat.weights
    first = 2 * needs
    last = first + len(minimum)
    fit = 0.0
    for k in range(needs):
        if sums[k] > 0.0:
            fit += sums[needs + k] * sums[needs + k] / sums[k]
    score = weights[5] + weights[0] * max(0.0, sums[last + 1] - fit)
    score += weights[1] * spread / sums[last] - weights[2] * gain
    if weights[3] > 0.0:
        score += weights[3] * _unroundness(sums, last)
    if weights[4] > 0.0 and flat.balance[0] >= 0.0:
        off = sums[first + int(flat.balance[0])] / flat.balance[1] - 1.0
        score += weights[4] * off * off
    if weights[6] > 0.0:
        for a in range(len(minimum)):
            if minimum[a] > 0.0:
                score += weights[6] * max(0.0, 1.0 - sums[first + a] / minimum[a])
    return score


@_jit
def part_values(flat: Flat, sums: Array, spread: float, gain: float) -> Array:
    """Every part of the score on its own, unweighted, in the order of ``WEIGHTS``."""
    needs, minimum = flat.needs, flat.minimum
    first = 2 * needs
    last = first + len(minimum)
    parts = np.zeros(7)
    fit = 0.0
    for k in range(needs):
        if sums[k] > 0.0:
            fit += sums[needs + k] * sums[needs + k] / sums[k]
    parts[0] = max(0.0, sums[last + 1] - fit)
    parts[1] = spread / sums[last]
    parts[2] = gain
    parts[3] = _unroundness(sums, last)
    if flat.balance[0] >= 0.0:
        parts[4] = (sums[first + int(flat.balance[0])] / flat.balance[1] - 1.0) ** 2
    parts[5] = 1.0
    for a in range(len(minimum)):
        if minimum[a] > 0.0:
            parts[6] += max(0.0, 1.0 - sums[first + a] / minimum[a])
    return parts


@_jit
def _unroundness(sums: Array, last: int) -> float:
    """Moment of inertia over that of a disc of the same area, less 1."""
    area = sums[last + 2]
    if area <= 0.0:
        return 0.0
    own = sums[last + 5] - (sums[last + 3] ** 2 + sums[last + 4] ** 2) / area
    return max(0.0, own * DISC / (area * area) - 1.0)


@_jit
def share2_between(flat: Flat, a: int, b: int) -> float:
    """Squared shares of distance between two atoms, or -1 where they are too far or apart."""
    low, high = flat.near_start[a], flat.near_start[a + 1]
    while low < high:
        middle = (low + high) // 2
        if flat.near[middle] < b:
            low = middle + 1
        else:
            high = middle
    if low < flat.near_start[a + 1] and flat.near[low] == b:
        return flat.near_share2[low]
    return -1.0


@_jit
def apart_or_far(flat: Flat, a: int, b: int) -> bool:
    """Whether two atoms may not share a district, whatever the others are."""
    if flat.lock[a] >= 0 and flat.lock[b] >= 0:
        return True
    if flat.office[a] != flat.office[b] and flat.office[a] >= 0 and flat.office[b] >= 0:
        return True
    for i in range(flat.apart_start[a], flat.apart_start[a + 1]):
        if flat.apart[i] == b:
            return True
    return (not flat.unlimited) and share2_between(flat, a, b) < 0.0


@_jit
def spread_of(flat: Flat, members: Array) -> float:
    """Squared shares of distance within a district; pairs that are too far count 1."""
    total = 0.0
    for i in range(len(members)):
        total += flat.inner[members[i]]
        if flat.unlimited:
            continue
        for j in range(i):
            found = share2_between(flat, members[i], members[j])
            total += found if found >= 0.0 else 1.0
    return total


@_jit
def _ones(bits: Any) -> Any:
    bits = bits - ((bits >> np.uint64(1)) & np.uint64(0x5555555555555555))
    bits = (bits & np.uint64(0x3333333333333333)) + (
        (bits >> np.uint64(2)) & np.uint64(0x3333333333333333)
    )
    bits = (bits + (bits >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((bits * np.uint64(0x0101010101010101)) >> np.uint64(56))


@_jit
def closed_gaps(flat: Flat, members: Array) -> float:
    """Person-gaps that close when the members pool what they have; `members` sorted."""
    if len(flat.offer) == 0:
        return 0.0
    gain = 0.0
    for i in range(len(members)):
        for row in range(flat.person_start[members[i]], flat.person_start[members[i] + 1]):
            place, end = flat.offer_start[row], flat.offer_start[row + 1]
            bits = np.uint64(0)
            j = 0
            while place < end and j < len(members):
                if flat.offer[place] == members[j]:
                    bits |= flat.offer_bits[place]
                    place += 1
                    j += 1
                elif flat.offer[place] < members[j]:
                    place += 1
                else:
                    j += 1
            gain += flat.persons[row] * _ones(bits)
    return gain


@_jit
def members_score(flat: Flat, members: Array) -> float:
    """Score of the district with these atoms, from scratch; `members` sorted."""
    sums = np.zeros(flat.sums.shape[1])
    for i in range(len(members)):
        sums += flat.sums[members[i]]
    return score_of_sums(flat, sums, spread_of(flat, members), closed_gaps(flat, members))


@_jit
def connected(flat: Flat, members: Array, inside: Array, stack: Array) -> bool:
    """Whether the members hang together; `inside` (a,) all False, and so again afterwards."""
    for i in range(len(members)):
        inside[members[i]] = True
    stack[0] = members[0]
    inside[members[0]] = False
    top, seen = 1, 1
    while top > 0:
        top -= 1
        atom = stack[top]
        for i in range(flat.start[atom], flat.start[atom + 1]):
            other = flat.neighbour[i]
            if inside[other]:
                inside[other] = False
                stack[top] = other
                top += 1
                seen += 1
    for i in range(len(members)):
        inside[members[i]] = False
    return seen == len(members)


@_jit
def legal(flat: Flat, members: Array, inside: Array, stack: Array) -> bool:
    """Whether a district keeps every hard rule; `inside` as in :func:`connected`."""
    if len(members) < 2:
        return True
    sums = np.zeros(flat.sums.shape[1])
    for i in range(len(members)):
        sums += flat.sums[members[i]]
        for j in range(i):
            if apart_or_far(flat, members[i], members[j]):
                return False
    first = 2 * flat.needs
    for a in range(len(flat.maximum)):
        if sums[first + a] > flat.maximum[a]:
            return False
        if flat.hard_minimum and sums[first + a] < flat.minimum[a] * (1.0 - 1e-9):
            return False
    return connected(flat, members, inside, stack)
