"""Sums with compensation, row by row: the same digits as those of a grouped table.

What a scenario adds up again must equal what the whole city's tables hold, to the last digit. Both
therefore add in one way [1]_, in the order of their rows.

References
----------
.. [1] W. Kahan (1965), Communications of the ACM 8, 40.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

__all__ = ["added_by", "shared_rows"]

Array = Any
_jit: Any = numba.njit(cache=True, nogil=True)


@_jit
def added_by(group: Array, values: Array, groups: int) -> tuple[Array, Array]:
    """Add up values by group, and count them; what is no number is left out.

    Parameters
    ----------
    group : array of int, shape (m,)
        Row of the answer, 0 ≤ group < groups.
    values : array of float, shape (m,)
    groups : int

    Returns
    -------
    (array of float, array of int), shape (groups,)

    Examples
    --------
    >>> total, count = added_by(np.array([0, 1, 0]), np.array([0.1, np.nan, 0.2]), 2)
    >>> total.round(12).tolist(), count.tolist()
    ([0.3, 0.0], [2, 0])
    """
    total, lost = np.zeros(groups), np.zeros(groups)
    count = np.zeros(groups, dtype=np.int64)
    for i in range(len(group)):
        value = values[i]
        if np.isnan(value):
            continue
        g = group[i]
        count[g] += 1
        step = value - lost[g]
        new = total[g] + step
        lost[g] = new - total[g] - step
        if np.isnan(lost[g]):
            lost[g] = 0.0
        total[g] = new
    return total, count


@_jit
def shared_rows(place: Array, facility: Array, people: Array, area_m2: Array) -> Array:
    """Share areas among those who reach them, by row numbers; see `shared_supply`.

    Parameters
    ----------
    place, facility : array of int, shape (m,)
        Who reaches what, each pair once.
    people : array of float, shape (n,)
        NaN where unknown.
    area_m2 : array of float, shape (f,)
        NaN where unknown.

    Returns
    -------
    array of float, shape (n,)
        m² of each place: 0 where nothing is reached, NaN where something is unknown.
    """
    weight = np.empty(len(place))
    for i in range(len(place)):
        weight[i] = 0.0 if np.isnan(people[place[i]]) else people[place[i]]
    load, _ = added_by(facility, weight, len(area_m2))
    part = np.empty(len(place))
    unsure = np.isnan(people)
    for i in range(len(place)):
        area, of = area_m2[facility[i]], load[facility[i]]
        if of > 0:
            part[i] = people[place[i]] * area / of
        else:
            part[i] = area if np.isnan(area) else 0.0
        if np.isnan(part[i]):
            unsure[place[i]] = True
    total, _ = added_by(place, part, len(people))
    for i in range(len(people)):
        if unsure[i]:
            total[i] = np.nan
    return total
