r"""Inequalities that every plan keeps and a fractional one may break, and where they are broken.

Give some atoms a multiplier *u*, and add up their rows "exactly one chosen district has this atom".
A district that holds atoms of multipliers :math:`u(S)` in all counts :math:`\lfloor u(S) \rfloor`
times at least, and whole numbers add up to a whole number:

.. math:: \sum_S \lfloor u(S) \rfloor\, x_S \le \lfloor u \rfloor .

With 1/2 for three atoms: of the districts that hold two of them at least, one is chosen at most.
The multipliers for up to five atoms are those of [2]_, seven halves are added.

References
----------
.. [1] V. Chvátal (1973), Discrete Mathematics 4, 305-337.
.. [2] D. Pecin, A. Pessoa, M. Poggi, E. Uchoa, H. Santos (2017), Operations Research Letters 45,
   206-209 (subset-row cuts of rank 1).
"""

from __future__ import annotations

from typing import Any, Final

import numba
import numpy as np

__all__ = ["PATTERNS", "WIDTH", "grow_cuts", "index_cuts", "traces", "triples", "weigh", "worths"]

_jit: Any = numba.njit(cache=True, nogil=True)
Array = Any
WIDTH: Final = 7
"""Atoms of a cut at most."""
PATTERNS: Final = (
    ((1, 1, 1), 2),
    ((1, 1, 1, 1, 1), 2),
    ((1, 1, 1, 1, 1), 3),
    ((2, 1, 1, 1), 3),
    ((2, 2, 1, 1, 1), 4),
    ((3, 1, 1, 1, 1), 4),
    ((3, 2, 2, 1, 1), 5),
    ((2, 2, 1, 1, 1), 3),
    ((3, 3, 2, 2, 1), 4),
    ((1, 1, 1, 1, 1, 1, 1), 2),
)
"""Multipliers: numerators, and their denominator."""


@_jit
def index_cuts(rows: Array, atoms: int) -> tuple[Array, Array, Array]:
    """Return, atom by atom, where it stands in the cuts: begin, cut, place in the cut."""
    begin = np.zeros(atoms + 1, dtype=np.int64)
    for t in range(rows.shape[0]):
        for u in range(rows.shape[1]):
            if rows[t, u] >= 0:
                begin[rows[t, u] + 1] += 1
    for i in range(atoms):
        begin[i + 1] += begin[i]
    at = begin[:-1].copy()
    cut = np.empty(begin[-1], dtype=np.int64)
    place = np.empty(begin[-1], dtype=np.int64)
    for t in range(rows.shape[0]):
        for u in range(rows.shape[1]):
            i = rows[t, u]
            if i >= 0:
                cut[at[i]], place[at[i]] = t, u
                at[i] += 1
    return begin, cut, place


@_jit
def traces(
    members: Array, start: Array, numbers: Array, place: Array
) -> tuple[Array, Array, Array]:
    """Return what some districts have inside a window: members by their place, start, and a key.

    Districts with the same members inside have the same key.
    """
    size = 0
    for j in numbers:
        for i in range(start[j], start[j + 1]):
            if place[members[i]] >= 0:
                size += 1
    inner = np.empty(size, dtype=np.int64)
    begin = np.zeros(len(numbers) + 1, dtype=np.int64)
    key = np.zeros(len(numbers), dtype=np.uint64)
    at = 0
    for k in range(len(numbers)):
        j = numbers[k]
        for i in range(start[j], start[j + 1]):
            p = place[members[i]]
            if p < 0:
                continue
            inner[at] = p
            at += 1
            mixed = np.uint64(p + 1) * np.uint64(0x9E3779B97F4A7C15)
            mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
            key[k] += mixed ^ (mixed >> np.uint64(32))
        begin[k + 1] = at
    return inner, begin, key


@_jit
def weigh(
    members: Array,
    start: Array,
    index: tuple[Array, Array, Array],
    shares: Array,
    whole: Array,
) -> tuple[Array, Array, Array]:
    """Return how often each district counts in each cut: begin by district, cut, times."""
    begin = np.zeros(len(start), dtype=np.int64)
    cut = np.empty(1024, dtype=np.int64)
    times = np.empty(1024, dtype=np.float64)
    held = np.zeros(len(whole), dtype=np.int64)
    touched = np.empty(max(len(whole), 1), dtype=np.int64)
    count = 0
    for j in range(len(start) - 1):
        met = 0
        for i in range(start[j], start[j + 1]):
            a = members[i]
            for p in range(index[0][a], index[0][a + 1]):
                t = index[1][p]
                if held[t] == 0:
                    touched[met] = t
                    met += 1
                held[t] += shares[t, index[2][p]]
        for m in range(met):
            t = touched[m]
            full = held[t] // whole[t]
            held[t] = 0
            if full > 0:
                if count == len(cut):
                    longer, more = np.empty(2 * count, np.int64), np.empty(2 * count)
                    longer[:count] = cut
                    more[:count] = times
                    cut, times = longer, more
                cut[count], times[count] = t, full
                count += 1
        begin[j + 1] = count
    return begin, cut[:count], times[:count]


@_jit
def worths(
    members: Array,
    start: Array,
    price: Array,
    charge: Array,
    index: tuple[Array, Array, Array],
    shares: Array,
    whole: Array,
) -> Array:
    """Prices of each district's members less the charges of the cuts it counts in."""
    worth = np.zeros(len(start) - 1)
    held = np.zeros(len(whole), dtype=np.int64)
    touched = np.empty(max(len(whole), 1), dtype=np.int64)
    for j in range(len(start) - 1):
        met = 0
        for i in range(start[j], start[j + 1]):
            a = members[i]
            worth[j] += price[a]
            for p in range(index[0][a], index[0][a + 1]):
                t = index[1][p]
                if held[t] == 0:
                    touched[met] = t
                    met += 1
                held[t] += shares[t, index[2][p]]
        for m in range(met):
            t = touched[m]
            worth[j] -= charge[t] * (held[t] // whole[t])
            held[t] = 0
    return worth


@_jit
def _by_atom(members: Array, start: Array, atoms: int) -> tuple[Array, Array]:
    begin = np.zeros(atoms + 1, dtype=np.int64)
    for i in range(start[-1]):
        begin[members[i] + 1] += 1
    for i in range(atoms):
        begin[i + 1] += begin[i]
    at = begin[:-1].copy()
    district = np.empty(begin[-1], dtype=np.int64)
    for j in range(len(start) - 1):
        for i in range(start[j], start[j + 1]):
            district[at[members[i]]] = j
            at[members[i]] += 1
    return begin, district


@_jit
def triples(  # noqa: C901, PLR0912 - one compiled loop
    members: Array, start: Array, part: Array, atoms: int, least: float
) -> tuple[Array, Array]:
    """Triples of atoms of which a fractional plan holds two or three more than `1 + least` times.

    Returns the triples and by how much (negative: nearly).
    """
    begin, district = _by_atom(members, start, atoms)
    found = np.empty((256, 3), dtype=np.int64)
    excess = np.empty(256)
    count = 0
    with_i, with_j, with_both = np.zeros(atoms), np.zeros(atoms), np.zeros(atoms)
    near_i = np.empty(atoms, dtype=np.int64)
    near_j = np.empty(atoms, dtype=np.int64)
    for i in range(atoms):
        beside_i = 0
        for p in range(begin[i], begin[i + 1]):
            d = district[p]
            for q in range(start[d], start[d + 1]):
                k = members[q]
                if with_i[k] == 0.0:
                    near_i[beside_i] = k
                    beside_i += 1
                with_i[k] += part[d]
        for m in range(beside_i):
            j = near_i[m]
            if j <= i:
                continue
            beside_j = 0
            for p in range(begin[j], begin[j + 1]):
                d = district[p]
                both = False
                for q in range(start[d], start[d + 1]):
                    both = both or members[q] == i
                for q in range(start[d], start[d + 1]):
                    k = members[q]
                    if with_j[k] == 0.0:
                        near_j[beside_j] = k
                        beside_j += 1
                    with_j[k] += part[d]
                    if both:
                        with_both[k] += part[d]
            for n in range(beside_j):
                k = near_j[n]
                more = with_i[j] + with_i[k] + with_j[k] - 2.0 * with_both[k] - 1.0
                if k > j and more > least:
                    if count == len(found):
                        longer, much = np.empty((2 * count, 3), np.int64), np.empty(2 * count)
                        longer[:count] = found
                        much[:count] = excess
                        found, excess = longer, much
                    found[count, 0], found[count, 1], found[count, 2] = i, j, k
                    excess[count] = more
                    count += 1
                with_j[k] = 0.0
                with_both[k] = 0.0
        for m in range(beside_i):
            with_i[near_i[m]] = 0.0
    return found[:count], excess[:count]


@_jit
def _swing(
    begin: Array, district: Array, part: Array, held: Array, whole: int, a: int, by: int
) -> float:
    """Return what the left side gains when atom `a` holds `by` more."""
    gain = 0.0
    for p in range(begin[a], begin[a + 1]):
        d = district[p]
        gain += part[d] * ((held[d] + by) // whole - held[d] // whole)
    return gain


@_jit
def _hold(begin: Array, district: Array, held: Array, a: int, by: int) -> None:
    for p in range(begin[a], begin[a + 1]):
        held[district[p]] += by


@_jit
def grow_cuts(  # noqa: C901, PLR0912 - one compiled loop
    members: Array, start: Array, part: Array, atoms: int, seeds: Array, shares: Array, whole: int
) -> tuple[Array, Array]:
    """Atoms for some multipliers, from seeds, one exchanged at a time while that breaks it more.

    Parameters
    ----------
    members, start, part : arrays
        The districts of a fractional plan, and how much of each it has.
    atoms : int
    seeds : int array, shape (seeds, 3)
    shares, whole : multipliers

    Returns
    -------
    rows : int array, shape (seeds, len(shares))
    excess : float array
        By how much the plan breaks it; negative where it does not.
    """
    begin, district = _by_atom(members, start, atoms)
    size = len(shares)
    rows = np.full((len(seeds), size), -1, dtype=np.int64)
    excess = np.full(len(seeds), -1.0)
    held = np.zeros(len(part), dtype=np.int64)
    mark = np.full(atoms, -1, dtype=np.int64)
    near = np.empty(atoms, dtype=np.int64)
    room = shares.sum() // whole
    for s in range(len(seeds)):
        beside = 0
        for u in range(3):
            for p in range(begin[seeds[s, u]], begin[seeds[s, u] + 1]):
                d = district[p]
                for q in range(start[d], start[d + 1]):
                    if mark[members[q]] != s:
                        mark[members[q]] = s
                        near[beside] = members[q]
                        beside += 1
        if beside < size:
            continue
        now = 0.0
        for u in range(3):
            now += _swing(begin, district, part, held, whole, seeds[s, u], shares[u])
            _hold(begin, district, held, seeds[s, u], shares[u])
            rows[s, u] = seeds[s, u]
        better = True
        while better:
            better = False
            for u in range(size):
                old = rows[s, u]
                before = now
                if old >= 0:
                    now += _swing(begin, district, part, held, whole, old, -shares[u])
                    _hold(begin, district, held, old, -shares[u])
                best, most = old, (before if old >= 0 else -1.0)
                for m in range(beside):
                    a = near[m]
                    used = False
                    for v in range(size):
                        used = used or (v != u and rows[s, v] == a)
                    if used:
                        continue
                    then = now + _swing(begin, district, part, held, whole, a, shares[u])
                    if then > most + 1e-9:
                        best, most = a, then
                _hold(begin, district, held, best, shares[u])
                now = most
                better = better or best != old
                rows[s, u] = best
        excess[s] = now - room
        for u in range(size):
            _hold(begin, district, held, rows[s, u], -shares[u])
    return rows, excess
