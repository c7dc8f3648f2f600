"""A belt of the city done anew from one end to the other, compiled.

Atoms stand in a line; the first that is not yet covered gets one of the districts that begin with
it. What lies behind need not be remembered: two beginnings that cover the same atoms differ in
their cost alone, and the dearer one is dropped. What a beginning costs beyond the bound grows only,
so that those dearer than the plan at hand are dropped too. Of the others so many are kept, those
of least excess: where none was lost that way, the answer is the cheapest plan of the belt.

References
----------
R. Bellman (1957), Dynamic Programming; B. Lowerre (1976), The Harpy Speech Recognition System
(beam search).
"""

from __future__ import annotations

from typing import Any, Final

import numba
import numpy as np

__all__ = ["SPAN", "depths", "line_of", "sweep_line"]

_jit: Any = numba.njit(cache=True, nogil=True)
Array = Any
WORDS: Final = 4
SPAN: Final = 64 * WORDS
"""A district begins and ends within so many places of the line."""
_ALL: Final = np.uint64(0xFFFFFFFFFFFFFFFF)
_ONE: Final = np.uint64(1)


@_jit
def _mix(mask: Array) -> Any:
    key = np.uint64(0x9E3779B97F4A7C15)
    for w in range(WORDS):
        key = (key ^ mask[w]) * np.uint64(0xBF58476D1CE4E5B9)
        key ^= key >> np.uint64(29)
    return key


@_jit
def _shift(mask: Array) -> int:
    """Move a mask on until its first place is free; returns by how much."""
    moved = 0
    while mask[0] == _ALL and moved < SPAN:
        for w in range(WORDS - 1):
            mask[w] = mask[w + 1]
        mask[WORDS - 1] = np.uint64(0)
        moved += 64
    by = 0
    low = mask[0]
    while low & _ONE:
        low >>= _ONE
        by += 1
    if by > 0:
        right, left = np.uint64(by), np.uint64(64 - by)
        for w in range(WORDS - 1):
            mask[w] = (mask[w] >> right) | (mask[w + 1] << left)
        mask[WORDS - 1] >>= right
    return moved + by


@_jit
def _masks(places: Array, start: Array) -> Array:
    """Places of each district from its first place on, as bits; places are sorted."""
    mask = np.zeros((len(start) - 1, WORDS), dtype=np.uint64)
    for j in range(len(start) - 1):
        low = places[start[j]]
        for i in range(start[j], start[j + 1]):
            at = places[i] - low
            mask[j, at >> 6] |= _ONE << np.uint64(at & 63)
    return mask


@_jit
def _cuts_of(places: Array, start: Array, index: tuple[Array, Array, Array], cuts: int) -> Any:
    """Cuts with an atom of each district: begin by district, cut."""
    begin = np.zeros(len(start), dtype=np.int64)
    seen = np.full(max(cuts, 1), -1, dtype=np.int64)
    size = 0
    for j in range(len(start) - 1):
        for i in range(start[j], start[j + 1]):
            size += index[0][places[i] + 1] - index[0][places[i]]
    found = np.empty(size, dtype=np.int64)
    count = 0
    for j in range(len(start) - 1):
        for i in range(start[j], start[j + 1]):
            for p in range(index[0][places[i]], index[0][places[i] + 1]):
                t = index[1][p]
                if seen[t] != j:
                    seen[t] = j
                    found[count] = t
                    count += 1
        begin[j + 1] = count
    return begin, found[:count]


@_jit
def _wasted(
    cuts: tuple[Array, Array, Array, Array], t: int, at: int, before: Array, after: Array
) -> float:
    """Charges of a cut that can no longer be used when a district is taken at a place."""
    rows, shares, whole, charge = cuts
    rest, left = 0, 0
    for u in range(rows.shape[1]):
        place = rows[t, u] - at
        if place < 0:  # covered, or not in the belt
            continue
        if place >= SPAN:
            rest += shares[t, u]
            left += shares[t, u]
            continue
        word, bit = place >> 6, np.uint64(place & 63)
        if not (before[word] >> bit) & _ONE:
            rest += shares[t, u]
            if not (after[word] >> bit) & _ONE:
                left += shares[t, u]
    return charge[t] * (rest // whole[t] - left // whole[t])


@_jit
def _find(table: Array, mask: Array, masks: Array) -> Any:
    """Return a slot of the table, and the state there or -1."""
    size = np.uint64(len(table) - 1)
    slot = _mix(mask) & size
    while table[slot] >= 0:
        s = table[slot]
        same = True
        for w in range(WORDS):
            same = same and masks[s, w] == mask[w]
        if same:
            return np.int64(slot), np.int64(s)
        slot = (slot + _ONE) & size
    return np.int64(slot), -1


@_jit
def _thin(r: int, keep: int, states: Any, count: Array, limit: Array) -> None:
    """Keep the states of least excess in one bucket."""
    masks, excess, parent, taken, table = states
    n = count[r]
    limit[r] = np.partition(excess[r, :n].copy(), keep)[keep]
    kept = 0
    for s in range(n):
        if excess[r, s] < limit[r]:
            masks[r, kept] = masks[r, s]
            excess[r, kept] = excess[r, s]
            parent[r, kept] = parent[r, s]
            taken[r, kept] = taken[r, s]
            kept += 1
    count[r] = kept
    table[r, :] = -1
    for s in range(kept):
        slot, _ = _find(table[r], masks[r, s], masks[r])
        table[r, slot] = s


@_jit
def sweep_line(  # noqa: C901, PLR0912, PLR0915 - one compiled loop
    line: int,
    districts: tuple[Array, Array, Array, Array],
    index: tuple[Array, Array, Array],
    cuts: tuple[Array, Array, Array, Array],
    cutoff: float,
    keep: int,
) -> tuple[Array, float, bool]:
    """Cheapest districts that cover a line of atoms, or nearly so.

    Parameters
    ----------
    line : int
        Atoms; their places are 0 … line - 1.
    districts : places, start, reduced, paid
        Sorted by their first place, then by reduced cost; places within a district are sorted
        and span at most `SPAN`. `reduced` is at least 0; `paid` is without the charges of cuts.
    index : where atoms stand in the cuts (begin, cut, place in the cut)
    cuts : rows (places, -1 outside), shares, denominators, charges
    cutoff : float
        What is dearer than the bound by so much is not wanted.
    keep : int
        Beginnings that are kept at each place.

    Returns
    -------
    chosen : int64 array
        Numbers of districts; empty where nothing below the cutoff was found.
    excess : float
        Over the bound.
    whole : bool
        No beginning was lost: the answer is the cheapest there is below the cutoff.
    """
    places, start, reduced, paid = districts
    count_of = len(reduced)
    mask_of = _masks(places, start)
    begin_cut, cut_of = _cuts_of(places, start, index, len(cuts[2]))
    first = np.zeros(line + 1, dtype=np.int64)
    for j in range(count_of):
        first[places[start[j]] + 1] += 1
    for i in range(line):
        first[i + 1] += first[i]
    span = 1
    for j in range(count_of):
        span = max(span, places[start[j + 1] - 1] - places[start[j]] + 1)
    ring, room = span + 1, 2 * keep + 64
    slots = 256
    while slots < 2 * room:
        slots *= 2
    masks = np.zeros((ring, room, WORDS), dtype=np.uint64)
    excess = np.zeros((ring, room))
    parent = np.zeros((ring, room), dtype=np.int64)
    taken = np.zeros((ring, room), dtype=np.int64)
    table = np.full((ring, slots), -1, dtype=np.int64)
    states = (masks, excess, parent, taken, table)
    count = np.zeros(ring, dtype=np.int64)
    limit = np.full(ring, cutoff)
    chain = np.empty((4096, 2), dtype=np.int64)  # of what was kept: the one before, its district
    held = 0
    whole = True
    count[0] = 1
    parent[0, 0], taken[0, 0] = -1, -1
    after, moved = np.zeros(WORDS, dtype=np.uint64), np.zeros(WORDS, dtype=np.uint64)
    for at in range(line):
        r = at % ring
        if count[r] > keep:
            _thin(r, keep, states, count, limit)
            whole = False
        for s in range(count[r]):
            if held == len(chain):
                longer = np.empty((2 * held, 2), dtype=np.int64)
                longer[:held] = chain
                chain = longer
            chain[held, 0], chain[held, 1] = parent[r, s], taken[r, s]
            own = held
            held += 1
            before = masks[r, s]
            for j in range(first[at], first[at + 1]):
                more = excess[r, s] + reduced[j]
                if more >= cutoff:
                    break
                free = True
                for w in range(WORDS):
                    free = free and not (before[w] & mask_of[j, w])
                if not free:
                    continue
                more = excess[r, s] + paid[j]
                for w in range(WORDS):
                    after[w] = before[w] | mask_of[j, w]
                for p in range(begin_cut[j], begin_cut[j + 1]):
                    more += _wasted(cuts, cut_of[p], at, before, after)
                if more >= cutoff:
                    continue
                moved[:] = after
                to = at + _shift(moved)
                q = min(to, line) % ring
                if more >= limit[q]:
                    whole = False
                    continue
                slot, known = _find(table[q], moved, masks[q])
                if known >= 0:
                    if more < excess[q, known]:
                        excess[q, known], parent[q, known], taken[q, known] = more, own, j
                    continue
                if count[q] == room:
                    _thin(q, keep, states, count, limit)
                    whole = False
                    if more >= limit[q]:
                        continue
                    slot, _ = _find(table[q], moved, masks[q])
                k = count[q]
                masks[q, k] = moved
                excess[q, k], parent[q, k], taken[q, k] = more, own, j
                table[q, slot] = k
                count[q] = k + 1
        count[r] = 0
        limit[r] = cutoff
        table[r, :] = -1
    r = line % ring
    if count[r] == 0:
        return np.empty(0, dtype=np.int64), cutoff, whole
    best = np.argmin(excess[r, : count[r]])
    chosen = np.empty(line, dtype=np.int64)
    size, own, j = 0, parent[r, best], taken[r, best]
    while j >= 0:
        chosen[size] = j
        size += 1
        own, j = chain[own, 0], chain[own, 1]
    return chosen[:size][::-1].copy(), excess[r, best], whole


@_jit
def walk_from(begin: Array, neighbour: Array, first: int, free: Array, line: Array) -> int:
    """Atoms from one outwards over free ones, which are taken; returns how many."""
    line[0], held, done = first, 1, 0
    free[first] = False
    while done < held:
        for p in range(begin[line[done]], begin[line[done] + 1]):
            if free[neighbour[p]]:
                free[neighbour[p]] = False
                line[held] = neighbour[p]
                held += 1
        done += 1
    return held


@_jit
def depths(begin: Array, neighbour: Array, first: int) -> Array:
    """Links between one atom and each; those that are not joined to it follow on."""
    atoms = len(begin) - 1
    depth = np.full(atoms, -1, dtype=np.int64)
    line = np.empty(atoms, dtype=np.int64)
    low, done, held = 0, 0, 0
    for turn in range(atoms + 1):
        root = first if turn == 0 else turn - 1
        if depth[root] >= 0:
            continue
        depth[root] = low
        line[held] = root
        held += 1
        while done < held:
            a = line[done]
            for p in range(begin[a], begin[a + 1]):
                if depth[neighbour[p]] < 0:
                    depth[neighbour[p]] = depth[a] + 1
                    line[held] = neighbour[p]
                    held += 1
            low = depth[a] + 1
            done += 1
    return depth


@_jit
def line_of(begin: Array, neighbour: Array, some: Array) -> Array:
    """Put atoms in a line from one end to the other, piece by piece."""
    atoms = len(begin) - 1
    free = np.zeros(atoms, dtype=np.bool_)
    for a in some:
        free[a] = True
    line = np.empty(len(some), dtype=np.int64)
    trial = np.empty(len(some), dtype=np.int64)
    held = 0
    for a in some:
        if not free[a]:
            continue
        first = a
        for _ in range(2):  # from the far end
            size = walk_from(begin, neighbour, first, free, trial)
            for k in range(size):
                free[trial[k]] = True
            first = trial[size - 1]
        size = walk_from(begin, neighbour, first, free, line[held:])
        held += size
    return line
