"""Cuts that a fractional plan breaks: triples by counting, longer ones grown from them."""

from __future__ import annotations

from typing import Any, Final

import numba
import numpy as np
import numpy.typing as npt

from spatial.districting.cut_kernels import PATTERNS, WIDTH, by_atom
from spatial.districting.cuts import Cuts

__all__ = ["broken_cuts", "choose", "grow_cuts", "triples"]

_jit: Any = numba.njit(cache=True, nogil=True)
Array = Any
NEARLY: Final = 0.15
"""A triple that is broken but for so much is a seed of longer cuts."""
BROKEN: Final = 0.01
SEEDS: Final = 10
"""Seeds around an atom."""
AT_ONCE: Final = 5
"""New cuts around an atom in one round."""


def broken_cuts(
    members: npt.NDArray[Any],
    start: npt.NDArray[Any],
    part: npt.NDArray[np.float64],
    atoms: int,
    *,
    only_triples: bool,
) -> Cuts:
    """Return the most broken cuts, not too many around one atom, none twice.

    Parameters
    ----------
    members, start, part : arrays
        The districts of a fractional plan, and how much of each it has.
    atoms : int
    only_triples : bool
        Longer ones are not looked for where there are triples.
    """
    found, excess = triples(members, start, part, atoms, -NEARLY)
    order = np.argsort(-excess, kind="stable")
    found, excess = found[order], excess[order]
    alike = np.ones_like(found)
    first = np.arange(len(found))
    seeds = found[choose(found, alike, np.full(len(found), 2), first, atoms, SEEDS)]
    kinds: list[Any] = [(found, excess, *PATTERNS[0])]
    enough = only_triples and bool((excess > BROKEN).any())
    if len(seeds) and not enough:
        for shares, whole in PATTERNS[1:]:
            rows, more = grow_cuts(members, start, part, atoms, seeds, np.array(shares), whole)
            kinds.append((rows, more, shares, whole))
    every, much = _together(kinds)
    worst = np.argsort(-much, kind="stable")
    return every.take(choose(every.atoms, every.shares, every.whole, worst, atoms, AT_ONCE))


def _together(kinds: list[Any]) -> tuple[Cuts, npt.NDArray[np.float64]]:
    rows, shares, whole, excess = [], [], [], []
    for found, more, share, denominator in kinds:
        keep = more > BROKEN
        wide = np.full((int(keep.sum()), WIDTH), -1, dtype=np.int64)
        wide[:, : len(share)] = found[keep]
        part = np.zeros_like(wide)
        part[:, : len(share)] = share
        rows.append(wide)
        shares.append(part)
        whole.append(np.full(len(wide), denominator, dtype=np.int64))
        excess.append(more[keep])
    every = Cuts(np.vstack(rows), np.vstack(shares), np.concatenate(whole))
    return every, np.concatenate(excess)


@_jit
def choose(
    rows: Array, shares: Array, whole: Array, order: Array, atoms: int, at_once: int
) -> Array:
    """Return the first cuts of an order with at most so many around one atom, none twice."""
    busy = np.zeros(atoms, dtype=np.int64)
    names = np.zeros((atoms, at_once), dtype=np.uint64)
    taken = np.empty(len(order), dtype=np.int64)
    count = 0
    for t in order:
        good, some = True, -1
        name = np.uint64(whole[t])
        for u in range(rows.shape[1]):
            a = rows[t, u]
            if a < 0:
                continue
            some = a
            good = good and busy[a] < at_once
            mixed = np.uint64(16 * a + shares[t, u] + 1) * np.uint64(0x9E3779B97F4A7C15)
            mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
            name += mixed ^ (mixed >> np.uint64(32))
        if good:
            for m in range(busy[some]):
                good = good and names[some, m] != name
        if not good:
            continue
        for u in range(rows.shape[1]):
            a = rows[t, u]
            if a >= 0:
                names[a, busy[a]] = name
                busy[a] += 1
        taken[count] = t
        count += 1
    return taken[:count]


@_jit
def triples(  # noqa: C901, PLR0912 - one compiled loop
    members: Array, start: Array, part: Array, atoms: int, least: float
) -> tuple[Array, Array]:
    """Triples of atoms of which a fractional plan holds two or three more than `1 + least` times.

    Returns the triples and by how much (negative: nearly).
    """
    begin, district = by_atom(members, start, atoms)
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
def _hold(
    lists: tuple[Array, Array], part: Array, held: Array, full: Array, a: int, by: int
) -> float:
    """Let the districts around an atom hold `by` more; returns what the left side gains."""
    gain = 0.0
    for p in range(lists[0][a], lists[0][a + 1]):
        d = lists[1][p]
        gain += part[d] * (full[held[d] + by] - full[held[d]])
        held[d] += by
    return gain


@_jit
def _gains(  # noqa: C901 - one compiled loop
    plan: tuple[Array, Array, Array],
    lists: tuple[Array, Array],
    held: Array,
    full: Array,
    row: Array,
    by: int,
    tally: tuple[Array, Array],
) -> int:
    """Tally what the left side gains from `by` more, atom by atom; returns how many are seen.

    Only districts that hold something already can count once more.
    """
    members, start, part = plan
    gain, seen = tally
    count = 0
    for v in range(len(row)):
        if row[v] < 0:
            continue
        for p in range(lists[0][row[v]], lists[0][row[v] + 1]):
            d = lists[1][p]
            if held[d] <= 0:
                continue
            bump = full[held[d] + by] - full[held[d]]
            held[d] = -held[d]  # once only
            if bump == 0:
                continue
            for q in range(start[d], start[d + 1]):
                k = members[q]
                if gain[k] == 0.0:
                    seen[count] = k
                    count += 1
                gain[k] += part[d] * bump
    for v in range(len(row)):
        if row[v] >= 0:
            for p in range(lists[0][row[v]], lists[0][row[v] + 1]):
                held[lists[1][p]] = abs(held[lists[1][p]])
    return count


@_jit
def _any_near(
    members: Array, start: Array, lists: tuple[Array, Array], row: Array, used: Array
) -> int:
    """Return an unused atom of a district around the row; -1 where there is none."""
    for v in range(len(row)):
        if row[v] < 0:
            continue
        for p in range(lists[0][row[v]], lists[0][row[v] + 1]):
            d = lists[1][p]
            for q in range(start[d], start[d + 1]):
                if not used[members[q]]:
                    return int(members[q])
    return -1


@_jit
def grow_cuts(  # noqa: C901 - one compiled loop
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
    plan, lists = (members, start, part), by_atom(members, start, atoms)
    size = len(shares)
    rows = np.full((len(seeds), size), -1, dtype=np.int64)
    excess = np.full(len(seeds), -1.0)
    full = np.arange(2 * shares.sum() + 1) // whole
    room = full[shares.sum()]
    held = np.zeros(len(part), dtype=np.int64)
    gain, seen = np.zeros(atoms), np.empty(atoms, dtype=np.int64)
    used = np.zeros(atoms, dtype=np.bool_)
    for s in range(len(seeds)):
        now = 0.0
        row = rows[s]
        for u in range(3):
            row[u] = seeds[s, u]
            used[row[u]] = True
            now += _hold(lists, part, held, full, row[u], shares[u])
        better, complete = True, True
        while better and complete:
            better = False
            for u in range(size):
                old, best, most = row[u], row[u], -1.0
                if old >= 0:
                    most = now
                    used[old] = False
                    now += _hold(lists, part, held, full, old, -shares[u])
                    row[u] = -1
                count = _gains(plan, lists, held, full, row, shares[u], (gain, seen))
                for m in range(count):
                    a = seen[m]
                    if not used[a] and now + gain[a] > most + 1e-9:
                        best, most = a, now + gain[a]
                    gain[a] = 0.0
                if best < 0:
                    best = _any_near(members, start, lists, row, used)
                if best < 0:
                    complete = False
                    break
                row[u] = best
                used[best] = True
                now += _hold(lists, part, held, full, best, shares[u])
                better = better or best != old
        if complete:
            excess[s] = now - room
        for u in range(size):
            if row[u] >= 0:
                used[row[u]] = False
                now += _hold(lists, part, held, full, row[u], -shares[u])
    return rows, excess
