"""Compiled loops of the siting search: what options would add, where they fit, a first plan."""

from __future__ import annotations

from typing import Any, Final

import numba
import numpy as np
import numpy.typing as npt

__all__ = ["CALLED", "FORCED", "KEPT", "fill_greedily", "gains_alone", "year_that_fits"]

Longs = npt.NDArray[np.int64]
Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
FORCED: Final = 2e9
CALLED: Final = 1.5e9
KEPT: Final = 1e9
"""Ahead of all gains for money: what must be, then what rules call for, then what was."""
_jit: Any = numba.njit(cache=True, nogil=True)


@_jit
def gains_alone(
    start: Longs, group: Ints, left: Floats, worth: Floats, site: Longs, capacity: Floats
) -> Floats:
    """Return what each option would add, served to those who are left, first come first served."""
    gains = np.empty(len(site))
    for o in range(len(site)):
        gains[o] = _gain(start, group, left, worth, site[o], capacity[o])
    return gains


@_jit
def _gain(start: Longs, group: Ints, left: Floats, worth: Floats, j: int, room: float) -> float:
    """Worth of the persons that a site would newly serve, in the order of its list."""
    total = 0.0
    for k in range(start[j], start[j + 1]):
        g = group[k]
        many = min(left[g], room)
        total += many * worth[g]
        room -= many
        if room <= 0:
            break
    return total


@_jit
def year_that_fits(rows: Any, options: int, years: int, o: int, earliest: int) -> int:
    """First year from which an option breaks no upper limit; NEVER if there is none."""
    start, row, value, room = rows
    for t in range(earliest, years):
        fits = True
        for s in range(t, years):
            c = s * options + o
            for k in range(start[c], start[c + 1]):
                need = 0.0
                for u in range(t, years):
                    d = u * options + o
                    for m in range(start[d], start[d + 1]):
                        if row[m] == row[k]:
                            need += value[m]
                if need > room[row[k]] + 1e-9:
                    fits = False
        if fits:
            return t
    return -1


@_jit
def fill_greedily(  # noqa: C901, PLR0912 - one loop
    supply: Any, option: Any, rows: Any, years: int, year: Longs
) -> None:
    """Choose options by a lazily kept list of gains per money (gains only fall)."""
    start, group, left, worth = supply
    site, _, capacity, cost, own, earliest, boost = option
    row_start, row, value, room = rows
    options = len(site)
    rate = np.empty(options)
    for o in range(options):
        gain = _gain(start, group, left, worth, site[o], capacity[o])
        rate[o] = (gain - own[o]) / max(cost[o], 1.0)
        if boost[o] > 1:
            rate[o] = boost[o] + rate[o]
    alive = rate > 0
    while True:
        o = -1
        for other in range(options):
            if alive[other] and (o < 0 or rate[other] > rate[o]):
                o = other
        if o < 0:
            return
        gain = _gain(start, group, left, worth, site[o], capacity[o])
        now = (gain - own[o]) / max(cost[o], 1.0)
        if boost[o] > 1:
            now += boost[o]
        if now < rate[o]:
            rate[o] = now
            alive[o] = now > 0
            continue
        alive[o] = False
        t = year_that_fits(rows, options, years, o, earliest[o])
        if t < 0:
            continue
        year[o] = t
        for u in range(t, years):
            c = u * options + o
            for k in range(row_start[c], row_start[c + 1]):
                room[row[k]] -= value[k]
        hold = capacity[o]
        for k in range(start[site[o]], start[site[o] + 1]):
            g = group[k]
            many = min(left[g], hold)
            left[g] -= many
            hold -= many
            if hold <= 0:
                break
