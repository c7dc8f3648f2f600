"""The nearest facility of many neighbourhoods or buildings and kinds, compiled in one call."""

from __future__ import annotations

from typing import Any, Final

import numba
import numpy as np

from spatial.reach.kernels import FAR, Array
from spatial.reach.live_network import LiveArcs, LivePoints, best_of_points

__all__ = ["nearest_of_groups"]

_jit: Any = numba.njit(cache=True, nogil=True)


A: Final = len(LiveArcs._fields)
B: Final = A + 5
C: Final = B + len(LivePoints._fields)
D: Final = C + len(LivePoints._fields)


@_jit
def nearest_of_groups(*flat: Any) -> tuple[Array, Array]:  # noqa: C901
    """Best key of each group to a facility of a kind, and which one it is.

    Parameters
    ----------
    *flat
        One after the other, as :func:`spatial.reach.repair.mend` takes them:

        - :class:`LiveArcs`;
        - ``label``, ``owner`` : shape (k, n), ``alive`` : shape (k, f). Of all kinds;
        - ``rank``, ``place_rank`` : shape (f,). Which facility goes first among equals: of one
          point, and of the points of one group;
        - :class:`LivePoints` of the facilities, then of the points;
        - ``start``, ``order``, ``group``, ``known`` : points of group i before any change:
          ``order[start[i]:start[i + 1]]``; the group of each point now, -1 for none; and the row
          from which points are new;
        - ``kinds``, ``begin``, ``groups`` : of ``kinds[i]``, ``groups[begin[i]:begin[i + 1]]``;
        - ``limit`` : int;
        - ``by_key`` : bool. Among the points of a group the smallest key counts; otherwise the
          fewest millimetres, then the facility that goes first, then the point that does.

    Returns
    -------
    (key, owner)
        Row by row of the asked groups; ``FAR`` and -1 beyond the limit.
    """
    arcs, facilities, points = (
        LiveArcs(*flat[:A]),
        LivePoints(*flat[B:C]),
        LivePoints(*flat[C:D]),
    )
    label, owner, alive, rank, place_rank = flat[A:B]
    of_start, order, group, known, kinds, start, groups, limit, by_key = flat[D:]
    best = np.full(len(groups), FAR, dtype=np.int64)
    best_own = np.full(len(groups), -1, dtype=np.int32)
    extra = np.empty(len(points.extra), dtype=np.int64)
    extras = 0
    for j in range(len(points.extra)):
        if points.extra[j] >= known and group[points.extra[j]] >= 0:
            extra[extras] = points.extra[j]
            extras += 1
    for i in range(len(kinds)):
        kind = kinds[i]
        room = 0
        for a in range(start[i], start[i + 1]):
            room += of_start[groups[a] + 1] - of_start[groups[a]] + extras
        rows = np.empty(room, dtype=np.int64)
        row_of = np.empty(room, dtype=np.int64)
        count = 0
        for a in range(start[i], start[i + 1]):
            g = groups[a]
            low, high = of_start[g], of_start[g + 1]
            for j in range(low, high + extras):
                point = order[j] if j < high else extra[j - high]
                if group[point] == g:
                    rows[count], row_of[count] = point, a
                    count += 1
        key, own = best_of_points(
            arcs, label[kind], owner[kind], rank, facilities, alive[kind], points, rows[:count],
            limit,
        )  # fmt: skip
        for j in range(count):
            if key[j] >= FAR:
                continue
            a = row_of[j]
            mm, was = key[j] >> 32, best[a] >> 32
            first = mm < was
            if mm == was and not by_key:
                first = place_rank[own[j]] < place_rank[best_own[a]]
            if key[j] < best[a] if by_key else first:
                best[a], best_own[a] = key[j], own[j]
    return best, best_own
