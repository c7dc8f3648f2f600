r"""Inequalities that every plan keeps and a fractional one may break, and where they are broken.

Give some atoms a multiplier *u*, and add up their rows "exactly one chosen district has this atom".
A district that holds atoms of multipliers :math:`u(S)` in all counts :math:`\lfloor u(S) \rfloor`
times at least, and whole numbers add up to a whole number:

.. math:: \sum_S \lfloor u(S) \rfloor\, x_S \le \lfloor u \rfloor .

With 1/2 for three atoms: of the districts that hold two of them at least, one is chosen at most.
The multipliers for up to five atoms are among those of [2]_ (four kinds that are hardly ever
charged are left out), seven halves are added.

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

__all__ = [
    "PATTERNS",
    "WIDTH",
    "beside",
    "by_atom",
    "columns",
    "index_cuts",
    "meeting",
    "rows_of",
    "some_of",
    "traces",
    "weigh",
    "worths",
]

_jit: Any = numba.njit(cache=True, nogil=True)
Array = Any
WIDTH: Final = 7
"""Atoms of a cut at most."""
PATTERNS: Final = (
    ((1, 1, 1), 2),
    ((1, 1, 1, 1, 1), 2),
    ((2, 1, 1, 1), 3),
    ((2, 2, 1, 1, 1), 4),
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
            full = held[t] // whole[t] if held[t] >= whole[t] else 0
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
            if held[t] >= whole[t]:
                worth[j] -= charge[t] * (held[t] // whole[t])
            held[t] = 0
    return worth


@_jit
def by_atom(members: Array, start: Array, atoms: int) -> tuple[Array, Array]:
    """Return the districts around each atom: begin, district."""
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
def meeting(begin: Array, around: Array, window: Array, known: Array) -> Array:
    """Return the districts with an atom of a window.

    `known` has a False for every district, and has so again afterwards.
    """
    size = 0
    for a in window:
        size += begin[a + 1] - begin[a]
    found = np.empty(size, dtype=np.int64)
    count = 0
    for a in window:
        for p in range(begin[a], begin[a + 1]):
            if not known[around[p]]:
                known[around[p]] = True
                found[count] = around[p]
                count += 1
    for k in range(count):
        known[found[k]] = False
    return found[:count]


@_jit
def beside(
    members: Array, start: Array, begin: Array, around: Array, atoms: int
) -> tuple[Array, Array]:
    """Return the atoms that share a district with each atom, itself too: begin, atom."""
    mark = np.full(atoms, -1, dtype=np.int64)
    first = np.zeros(atoms + 1, dtype=np.int64)
    found = np.empty(64 * atoms, dtype=np.int64)
    count = 0
    for i in range(atoms):
        for p in range(begin[i], begin[i + 1]):
            for q in range(start[around[p]], start[around[p] + 1]):
                k = members[q]
                if mark[k] == i:
                    continue
                mark[k] = i
                if count == len(found):
                    longer = np.empty(2 * count, dtype=np.int64)
                    longer[:count] = found
                    found = longer
                found[count] = k
                count += 1
        first[i + 1] = count
    return first, found[:count]


@_jit
def some_of(members: Array, start: Array, which: Array) -> tuple[Array, Array]:
    """Return the members of some districts, and where each begins."""
    begin = np.zeros(len(which) + 1, dtype=np.int64)
    for k in range(len(which)):
        begin[k + 1] = begin[k] + start[which[k] + 1] - start[which[k]]
    found = np.empty(begin[-1], dtype=np.int64)
    for k in range(len(which)):
        found[begin[k] : begin[k + 1]] = members[start[which[k]] : start[which[k] + 1]]
    return found, begin


@_jit
def columns(
    members: Array,
    start: Array,
    index: tuple[Array, Array, Array],
    shares: Array,
    whole: Array,
    atoms: int,
) -> tuple[Array, Array, Array]:
    """Return districts as columns: begin, row (of its atoms, then of the cuts), value."""
    first, cut, times = weigh(members, start, index, shares, whole)
    size = len(members) + len(cut)
    begin = np.zeros(len(start), dtype=np.int32)
    row, value = np.empty(size, dtype=np.int32), np.ones(size)
    at = 0
    for j in range(len(start) - 1):
        for i in range(start[j], start[j + 1]):
            row[at] = members[i]
            at += 1
        for m in range(first[j], first[j + 1]):
            row[at], value[at] = atoms + cut[m], times[m]
            at += 1
        begin[j + 1] = at
    return begin, row, value


@_jit
def rows_of(
    members: Array,
    start: Array,
    index: tuple[Array, Array, Array],
    shares: Array,
    whole: Array,
) -> tuple[Array, Array, Array]:
    """Return cuts as rows: begin, district, how often it counts."""
    first, cut, times = weigh(members, start, index, shares, whole)
    begin = np.zeros(len(whole) + 1, dtype=np.int32)
    for t in cut:
        begin[t + 1] += 1
    for t in range(len(whole)):
        begin[t + 1] += begin[t]
    at = begin[:-1].copy()
    district, value = np.empty(len(cut), dtype=np.int32), np.empty(len(cut))
    for j in range(len(start) - 1):
        for m in range(first[j], first[j + 1]):
            t = cut[m]
            district[at[t]], value[at[t]] = j, times[m]
            at[t] += 1
    return begin, district, value
