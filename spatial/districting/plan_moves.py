"""Search among legal plans: joins, single moves, annealing, ruin and recreate; compiled.

Every step asks the rules first and takes only what breaks none, so a plan that is legal stays so.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np

from spatial.districting.chance import below, uniform
from spatial.districting.standing import (
    MINIMUM,
    bare,
    change_of_merge,
    change_of_move,
    counts,
    free_slot,
    merge,
    move,
    too_little,
)

__all__ = ["anneal_plan", "descend_plan", "dissolve_short", "join_all", "recreate"]

_jit: Any = numba.njit(cache=True, nogil=True)
GAIN = 1e-9
STRIDE = 256


@bare
def _lift(keys: Any, entry: Any, at: int) -> None:
    while at > 0 and keys[entry[at]] < keys[entry[(at - 1) // 2]]:
        up = (at - 1) // 2
        entry[at], entry[up] = entry[up], entry[at]
        at = up


@bare
def _lower(keys: Any, entry: Any, size: int) -> None:
    at = 0
    while True:
        least = at
        for child in range(2 * at + 1, min(2 * at + 3, size)):
            if keys[entry[child]] < keys[entry[least]]:
                least = child
        if least == at:
            return
        entry[at], entry[least] = entry[least], entry[at]
        at = least


@bare
def _offer(
    s: Any, d: Any, allowed: Any, shake: Any, pairs: Any, keys: Any, entry: Any, state: Any
) -> None:
    """Put every join of district d with an allowed one on the heap; later ones only once."""
    made, size = pairs[0, 0], pairs[0, 1]
    stamp = s.clock[0] + 1
    s.clock[0] = stamp
    s.mark_d[d] = stamp
    i = s.head[d]
    while i >= 0:
        for p in range(s.start[i], s.start[i + 1]):
            o = s.label[s.neighbour[p]]
            if s.mark_d[o] == stamp or allowed[o] == 0:
                continue
            s.mark_d[o] = stamp
            change, broken = change_of_merge(s, d, o)
            if broken & ~MINIMUM or change >= -GAIN:
                continue
            if made + 1 >= keys.shape[0]:
                pairs[0, 2] = 1
                break
            if shake > 0.0:
                change *= 1.0 + shake * (uniform(state) - 0.5)
            made += 1
            keys[made] = change
            pairs[made, 0], pairs[made, 1] = d, o
            pairs[made, 2], pairs[made, 3] = allowed[d], allowed[o]
            entry[size] = made
            size += 1
            _lift(keys, entry, size - 1)
        i = s.after[i]
    pairs[0, 0], pairs[0, 1] = made, size


@_jit
def join_all(s: Any, districts: Any, shake: Any, state: Any) -> int:
    """Join the pair of linked districts that lowers the value most, until none lowers it.

    Only among `districts`. A join may stay below a minimum on the way; see `dissolve_short`.
    """
    a = s.label.shape[0]
    links = 0
    for k in range(districts.shape[0]):
        i = s.head[districts[k]]
        while i >= 0:
            links += s.start[i + 1] - s.start[i]
            i = s.after[i]
    room = 8 * links + 16
    keys = np.empty(room)
    entry = np.empty(room, np.int64)
    pairs = np.empty((room, 4), np.int64)
    pairs[0, :] = 0  # entries ever, on the heap, 1 = was full, 1 = has begun
    allowed = np.zeros(a, np.int64)  # 0: may not take part; else its version
    _offer_all(s, districts, allowed, shake, pairs, keys, entry, state)
    made = 0
    while pairs[0, 1] > 0:
        best = entry[0]
        size = pairs[0, 1] - 1
        entry[0] = entry[size]
        pairs[0, 1] = size
        _lower(keys, entry, size)
        d, o = pairs[best, 0], pairs[best, 1]
        if allowed[d] != pairs[best, 2] or allowed[o] != pairs[best, 3]:
            continue
        if s.members[o] > s.members[d]:
            d, o = o, d
        merge(s, d, o)
        made += 1
        allowed[o] = 0
        allowed[d] += 1
        _offer(s, d, allowed, shake, pairs, keys, entry, state)
        if pairs[0, 2] > 0:  # the heap was full: what still stands is offered anew
            _offer_all(s, districts, allowed, shake, pairs, keys, entry, state)
    return made


@bare
def _offer_all(
    s: Any, districts: Any, allowed: Any, shake: Any, pairs: Any, keys: Any, entry: Any, state: Any
) -> None:
    """Begin a new heap with every pair of allowed districts; at first all of `districts` are."""
    first = pairs[0, 3] == 0
    pairs[0, 0], pairs[0, 1], pairs[0, 2], pairs[0, 3] = 0, 0, 0, 1
    for k in range(districts.shape[0]):
        d = districts[k]
        if first:
            allowed[d] = 1
        if allowed[d] > 0:
            _offer(s, d, allowed, shake, pairs, keys, entry, state)


@bare
def dissolve_short(s: Any) -> Any:
    """Let the members of every district below its minimum stand alone; returns how many were."""
    found = 0
    for d in range(s.members.shape[0]):
        if too_little(s, s.total[d], s.members[d]):
            found += 1
            while s.members[d] > 1:
                move(s, s.head[d], free_slot(s))
    return found


@bare
def descend_plan(s: Any, atoms: Any, inside: Any, fixed: Any) -> int:
    """Move atoms, join districts while that lowers the value; `inside` atoms only take part."""
    made = 0
    for _ in range(50):
        before = made
        for k in range(atoms.shape[0]):
            made += _best_step(s, atoms[k], inside, fixed)
        if made == before:
            break
    return made


@bare
def _best_step(s: Any, i: int, inside: Any, fixed: Any) -> Any:
    best = -GAIN
    target = -1
    a = s.label[i]
    if not fixed and s.members[a] > 1:
        b = free_slot(s)
        change, broken = change_of_move(s, i, b)
        if broken == 0 and change < best:
            best, target = change, b
    last = -1
    for p in range(s.start[i], s.start[i + 1]):
        o = s.neighbour[p]
        b = s.label[o]
        if b == a or not inside[o]:
            continue
        if b == last:
            continue
        last = b
        change, broken = change_of_move(s, i, b)
        if broken == 0 and change < best and (not fixed or _same_number(s, i, b)):
            best, target = change, b
    if target < 0:
        return 0
    move(s, i, target)
    return 1


@bare
def _same_number(s: Any, i: int, b: int) -> bool:
    """Whether as many districts count after the move; the sums of the move are in `trial`."""
    a = s.label[i]
    before = counts(s, s.total[a], s.lock_of[a])
    after = 0
    if s.members[a] > 1:
        after += counts(s, s.trial[0], -1 if s.lock[i] >= 0 else s.lock_of[a])
    now = before
    if s.members[b] > 0:
        now += counts(s, s.total[b], s.lock_of[b])
    after += counts(s, s.trial[1], max(s.lock[i], s.lock_of[b] if s.members[b] > 0 else -1))
    return now == after


@bare
def anneal_plan(s: Any, moves: int, hot: float, cold: float, fixed: Any, state: Any) -> int:
    """Try single moves at falling temperature; with `fixed`, the number of districts stays.

    One proposal in eight lets an atom stand alone. Returns the moves made.
    """
    a = s.label.shape[0]
    steps = max(moves // STRIDE, 1)
    factor = (cold / hot) ** (1.0 / steps)
    heat = hot
    made = 0
    for _ in range(steps):
        for _ in range(STRIDE):
            i = below(state, a)
            first = s.start[i]
            degree = s.start[i + 1] - first
            if degree == 0:
                continue
            b = s.label[s.neighbour[first + below(state, degree)]]
            if not fixed and below(state, 8) == 0:
                if s.members[s.label[i]] == 1:
                    continue
                b = free_slot(s)
            if b == s.label[i]:
                continue
            change, broken = change_of_move(s, i, b)
            if broken != 0 or (fixed and not _same_number(s, i, b)):
                continue
            if change > 0.0 and change > -heat * math.log(1.0 - uniform(state)):
                continue
            move(s, i, b)
            made += 1
        heat *= factor
    return made


@_jit
def recreate(s: Any, rounds: int, fixed: Any, shake: Any, state: Any) -> Any:  # noqa: C901, PLR0912, PLR0915 - one compiled pass
    """Take a district and some around it apart, join anew with shaken gains; keep what is better.

    Returns how often it was.
    """
    a = s.label.shape[0]
    inside = np.zeros(a, np.bool_)
    atoms = np.empty(a, np.int64)
    old = np.empty(a, np.int32)
    chosen = np.empty(8, np.int64)
    kept = 0
    for _ in range(rounds):
        wanted = 2 + below(state, 5)
        chosen[0] = s.label[below(state, a)]
        count = 1
        m = _append(s, chosen[0], atoms, 0)
        for _ in range(6 * wanted):
            if count == wanted:
                break
            j = atoms[below(state, m)]
            degree = s.start[j + 1] - s.start[j]
            if degree == 0:
                break
            d = s.label[s.neighbour[s.start[j] + below(state, degree)]]
            new = True
            for c in range(count):
                new = new and chosen[c] != d
            if new:
                chosen[count] = d
                count += 1
                m = _append(s, d, atoms, m)
        if count < 2:
            continue
        before, number = 0.0, 0
        for c in range(count):
            before += s.score[chosen[c]]
            number += counts(s, s.total[chosen[c]], s.lock_of[chosen[c]])
        for k in range(m):
            inside[atoms[k]] = True
            old[k] = s.label[atoms[k]]
        for c in range(count):
            while s.members[chosen[c]] > 1:
                move(s, s.head[chosen[c]], free_slot(s))
        districts = np.empty(m, np.int64)
        for k in range(m):
            districts[k] = s.label[atoms[k]]
        join_all(s, districts, shake, state)
        descend_plan(s, atoms[:m], inside, fixed)
        after, now = 0.0, 0
        legal = True
        stamp = s.clock[0] + 1
        s.clock[0] = stamp
        for k in range(m):
            inside[atoms[k]] = False
            d = s.label[atoms[k]]
            if s.mark_d[d] != stamp:
                s.mark_d[d] = stamp
                after += s.score[d]
                now += counts(s, s.total[d], s.lock_of[d])
                legal = legal and not too_little(s, s.total[d], s.members[d])
        if legal and after < before - GAIN and (not fixed or now == number):
            kept += 1
        else:
            _restore(s, atoms, old, m)
    return kept


@bare
def _append(s: Any, d: Any, atoms: Any, m: int) -> Any:
    i = s.head[d]
    while i >= 0:
        atoms[m] = i
        m += 1
        i = s.after[i]
    return m


@_jit
def _restore(s: Any, atoms: Any, old: Any, m: int) -> None:
    """Put atoms back into the districts that they were in; these rows hold none of others."""
    for k in range(m):  # everybody alone, in rows that nobody of them was in
        d = s.label[atoms[k]]
        if s.members[d] > 1:
            move(s, atoms[k], free_slot(s))
    new_of = np.full(s.label.shape[0], -1, np.int64)
    for k in range(m):
        d = old[k]
        if new_of[d] < 0:
            new_of[d] = s.label[atoms[k]]
        else:
            move(s, atoms[k], new_of[d])
