"""A first plan at once: the most gain for the money, option after option, year after year."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numba
import numpy as np
import numpy.typing as npt

from spatial.siting.rules import SitingWeights
from spatial.siting.solve_core import NEVER

if TYPE_CHECKING:
    from spatial.siting.solve_proof import Ready

__all__ = ["greedy_years"]

Longs = npt.NDArray[np.int64]
Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
_jit: Any = numba.njit(cache=True, nogil=True)


def greedy_years(ready: Ready, weights: SitingWeights) -> Longs:
    """Choose options one by one, each the one of most gain for its money that the rules allow.

    What must be chosen comes first. Lower limits and rows that must be served are not looked
    after: a plan that misses them is a beginning for the solver, not an answer.

    Returns
    -------
    array, shape (options,)
        Year of each, NEVER where it is not chosen.
    """
    core, structure = ready.core, ready.structure
    years, options = core.years, len(core.option)
    by_column = structure.matrix.tocsc()
    room = np.where(np.isinf(structure.upper), np.inf, structure.upper)
    order = np.argsort(core.site, kind="stable")
    own = (
        weights.money_per_yuan * core.cost_yuan
        + weights.risk * core.risk
        + weights.running_per_yuan * core.yearly_yuan
    )
    year = np.full(options, NEVER, dtype=np.int64)
    if options:
        _fill(
            (core.start, core.group, core.persons.copy(), core.weight * max(weights.people, 1e-9)),
            (core.site, order, core.capacity, core.cost_yuan, own, core.earliest, core.forced),
            (by_column.indptr, by_column.indices, by_column.data, room),
            years,
            year,
        )
    return year


@_jit
def _gain(start, group, left, worth, j, room):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
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
def _year_that_fits(rows, options, years, o, earliest):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
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
def _fill(supply, option, rows, years, year):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, C901
    """Choose options by a lazily kept list of gains per money (gains only fall)."""
    start, group, left, worth = supply
    site, _, capacity, cost, own, earliest, forced = option
    row_start, row, value, room = rows
    options = len(site)
    rate = np.empty(options)
    for o in range(options):
        gain = _gain(start, group, left, worth, site[o], capacity[o])
        rate[o] = (gain - own[o]) / max(cost[o], 1.0)
        if forced[o]:
            rate[o] = 1e300
    alive = rate > 0
    for _ in range(options * 50):
        best = -1
        for o in range(options):
            if alive[o] and (best < 0 or rate[o] > rate[best]):
                best = o
        if best < 0:
            return
        o = best
        gain = _gain(start, group, left, worth, site[o], capacity[o])
        now = 1e300 if forced[o] else (gain - own[o]) / max(cost[o], 1.0)
        if now < rate[o]:
            rate[o] = now
            alive[o] = now > 0
            continue
        alive[o] = False
        t = _year_that_fits(rows, options, years, o, earliest[o])
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
