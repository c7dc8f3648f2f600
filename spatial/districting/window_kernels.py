"""Improve a plan window by window, each solved exactly, compiled.

A window is a district and those around it. Inside, the districts of the plan cost a little more
than the bound; only districts whose reduced cost is below that can be in something better, so the
window is solved to the optimum in little time, or left as it is.

References
----------
P. Shaw (1998), CP98, LNCS 1520, 417-431 (large neighbourhood search).
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from spatial.districting.cover_kernels import cover_exactly

__all__ = ["by_smallest", "improve_windows", "inside_window", "patches", "room_of", "window_around"]

_jit: Any = numba.njit(cache=True, nogil=True)
Array = Any


@_jit
def by_smallest(members: Array, start: Array, reduced: Array, atoms: int) -> tuple[Array, Array]:
    """Districts by their first atom, cheapest first: (first of each atom, numbers)."""
    begin = np.zeros(atoms + 1, dtype=np.int64)
    for j in range(len(reduced)):
        begin[members[start[j]] + 1] += 1
    for i in range(atoms):
        begin[i + 1] += begin[i]
    place = begin[:-1].copy()
    found = np.empty(len(reduced), dtype=np.int64)
    for j in np.argsort(reduced):
        i = members[start[j]]
        found[place[i]] = j
        place[i] += 1
    return begin, found


@_jit
def patches(  # noqa: C901, PLR0912 - one compiled loop
    begin: Array, neighbour: Array, atoms: int, wanted: int, first: int
) -> tuple[Array, Array]:
    """Patches of about `wanted` atoms that cover all, from one atom outwards: members, start.

    What is left over between others is filled up with atoms of theirs.
    """
    line = np.empty(atoms, dtype=np.int64)
    known = np.zeros(atoms, dtype=np.bool_)
    held = 0
    for turn in range(atoms + 1):
        begun = first if turn == 0 else turn - 1
        if known[begun]:
            continue
        known[begun] = True
        line[held] = begun
        done, held = held, held + 1
        while done < held:
            for p in range(begin[line[done]], begin[line[done] + 1]):
                if not known[neighbour[p]]:
                    known[neighbour[p]] = True
                    line[held] = neighbour[p]
                    held += 1
            done += 1
    free = np.ones(atoms, dtype=np.bool_)
    mark = np.full(atoms, -1, dtype=np.int64)
    members = np.empty(2 * atoms + wanted, dtype=np.int64)
    start = np.zeros(atoms + 1, dtype=np.int64)
    count = 0
    for root in line:
        if not free[root]:
            continue
        low = start[count]
        members[low] = root
        mark[root] = count
        high = low + 1
        for turn in range(2):
            limit = low + (wanted if turn == 0 else wanted // 2)
            done = low
            while done < high < limit:
                a = members[done]
                for p in range(begin[a], begin[a + 1]):
                    b = neighbour[p]
                    if mark[b] != count and (free[b] or turn == 1) and high < limit:
                        if high == len(members):
                            longer = np.empty(2 * high, dtype=np.int64)
                            longer[:high] = members
                            members = longer
                        mark[b] = count
                        members[high] = b
                        high += 1
                done += 1
        for k in range(low, high):
            free[members[k]] = False
        count += 1
        start[count] = high
    return members[: start[count]], start[: count + 1]


@_jit
def window_around(
    links: tuple[Array, Array],
    plan: tuple[Array, Array, Array],
    seed_atom: int,
    wanted: int,
    inside: Array,
    atoms: Array,
) -> int:
    """Mark whole districts around an atom until there are enough atoms; returns how many."""
    members, start, chosen = plan
    size, done = 0, 0
    pending = seed_atom
    while True:
        j = chosen[pending]
        for i in range(start[j], start[j + 1]):
            inside[members[i]] = size
            atoms[size] = members[i]
            size += 1
        if size >= wanted:
            return size
        pending = -1
        while done < size and pending < 0:
            atom = atoms[done]
            for i in range(links[0][atom], links[0][atom + 1]):
                if inside[links[1][i]] < 0:
                    pending = links[1][i]
                    break
            if pending < 0:
                done += 1
        if pending < 0:
            return size


@_jit
def improve_windows(
    pool: tuple[Array, Array, Array, Array],
    index: tuple[Array, Array],
    links: tuple[Array, Array],
    cuts: tuple[Array, Array, Array, Array, Array, Array],
    chosen: Array,
    order: Array,
    wanted: int,
    nodes: int,
) -> float:
    """Solve windows around atoms in this order; `chosen` is changed in place.

    Parameters
    ----------
    pool : members, start, reduced cost and score less prices of all districts
    index : districts by their first atom, cheapest first
    links : CSR
    cuts : where atoms stand in them (begin, cut, place), shares, denominators, charges
    chosen : int64 array, shape (atoms,)
        District of each atom.
    order : int64 array
        Atoms to stand in the middle.
    wanted : int
        Atoms of a window.
    nodes : int
        Branches that one window may take.

    Returns
    -------
    float
        What was gained.
    """
    members, start, reduced, paid = pool
    atoms = len(chosen)
    held = np.zeros(len(cuts[4]), dtype=np.int64)
    inside = np.full(atoms, -1, dtype=np.int64)
    local = np.empty(atoms, dtype=np.int64)
    gained = 0.0
    for seed in order:
        size = window_around(links, (members, start, chosen), seed, wanted, inside, local)
        fixed = room_of(cuts, held, local[:size])
        spent = fixed
        for i in range(size):
            j = chosen[local[i]]
            spent += paid[j] / (start[j + 1] - start[j])
        if spent > 1e-9:
            numbers, flat, begin = inside_window(pool, index, inside, local[:size], spent)
            best, total, _ = cover_exactly(
                flat, begin, reduced[numbers], paid[numbers], fixed, size, spent - 1e-9, nodes
            )
            if len(best) > 0:
                gained += spent - total
                for k in best:
                    j = numbers[k]
                    for i in range(start[j], start[j + 1]):
                        chosen[members[i]] = j
        for i in range(size):
            inside[local[i]] = -1
    return gained


@_jit
def room_of(
    cuts: tuple[Array, Array, Array, Array, Array, Array], held: Array, local: Array
) -> float:
    """Charges of the cuts, as often as a plan of these atoms alone may count in them."""
    begin, cut, place, shares, whole, charge = cuts
    total = 0.0
    for atom in local:
        for p in range(begin[atom], begin[atom + 1]):
            held[cut[p]] += shares[cut[p], place[p]]
    for atom in local:
        for p in range(begin[atom], begin[atom + 1]):
            t = cut[p]
            total += charge[t] * (held[t] // whole[t])
            held[t] = 0
    return total


@_jit
def inside_window(
    pool: tuple[Array, Array, Array, Array],
    index: tuple[Array, Array],
    inside: Array,
    local: Array,
    limit: float,
) -> tuple[Array, Array, Array]:
    """Districts that lie in the window and cost less than the limit, with atoms numbered in it."""
    members, start, reduced, _ = pool
    numbers = np.empty(256, dtype=np.int64)
    count, length = 0, 0
    for atom in local:
        for k in range(index[0][atom], index[0][atom + 1]):
            j = index[1][k]
            if reduced[j] >= limit:
                break
            within = True
            for i in range(start[j], start[j + 1]):
                if inside[members[i]] < 0:
                    within = False
                    break
            if within:
                if count == len(numbers):
                    longer = np.empty(2 * count, dtype=np.int64)
                    longer[:count] = numbers
                    numbers = longer
                numbers[count] = j
                count += 1
                length += start[j + 1] - start[j]
    flat = np.empty(length, dtype=np.int64)
    begin = np.zeros(count + 1, dtype=np.int64)
    at = 0
    for n in range(count):
        j = numbers[n]
        for i in range(start[j], start[j + 1]):
            flat[at] = inside[members[i]]
            at += 1
        begin[n + 1] = at
    return numbers[:count], flat, begin
