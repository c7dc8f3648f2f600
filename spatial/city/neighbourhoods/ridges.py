"""Edges of the Voronoi diagram between places of two owners, and the lines that they form.

Ends that meet are one joint by construction: the middle of a triangle's circle is computed once,
on a grid of a tenth of a millimetre, and triangles whose middles (nearly) coincide, as where four
places lie on one circle, share one. So it makes no difference which diagonal parts such places.
"""

# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numba
import numpy as np
import numpy.typing as npt

from spatial.city.neighbourhoods.triangles import delaunay

__all__ = ["JOINTS_PER_M", "Ridges", "chains", "ridges"]

JOINTS_PER_M: Final = 10_000
"""Joints lie on a grid: coarser than the noise of computing them, finer than anything drawn."""

_jit = numba.njit(cache=True, nogil=True)
Array = Any
"""Arrays inside kernels."""
Whole = Any
Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Ridges:
    """Straight pieces halfway between places of two owners, each once, by owners and joints."""

    owners: Longs  # (r, 2) the smaller first
    ends: Longs  # (r, 2) rows of `joint`, the smaller first
    joint: Longs  # (j, 2) places in steps of a tenth of a millimetre, in order of x and y


def ridges(
    places: Longs, owner: Longs, *, scale: float, reach_m: float, shortest_m: float
) -> Ridges:
    """Return the edges of the Voronoi diagram between places of two owners.

    Parameters
    ----------
    places : array of int, shape (n, 2)
        On a grid, each once; see :func:`spatial.city.neighbourhoods.triangles.delaunay`.
    owner : array of int, shape (n,)
        -1 for nobody.
    scale : float
        Steps of the grid in a metre.
    reach_m : float
        Only edges nearer than this to both places; an edge that leads farther from the middle
        between them than four times this is cut there.
    shortest_m : float
        Joints nearer than this along an edge are one.

    Examples
    --------
    >>> corners = np.array([(-99, -99), (-99, 99), (99, -99), (99, 99)]) * 100
    >>> square = np.array([(0, 0), (0, 400), (400, 0), (400, 400)])
    >>> found = ridges(np.vstack([square, corners]), np.array([0, 0, 1, 2, -1, -1, -1, -1]),
    ...                scale=100.0, reach_m=3.0, shortest_m=0.01)
    >>> found.owners.tolist(), (found.joint / JOINTS_PER_M).tolist()
    ([[0, 1], [0, 2], [1, 2]], [[2.0, -12.0], [2.0, 2.0], [2.0, 16.0], [16.0, 2.0]])
    """
    corner, beside = delaunay(places)
    steps = JOINTS_PER_M / scale
    middle = _middles(places, corner, steps)
    joint = _joined(middle, beside, shortest_m * JOINTS_PER_M)
    owners, tip, at = _between(
        places * steps,
        (corner, beside),
        (middle, joint),
        owner,
        (reach_m * JOINTS_PER_M, shortest_m * JOINTS_PER_M),
    )
    # Joints are numbered by their place: the order of triangles is chance.
    tips, first, number = np.unique(tip, return_index=True, return_inverse=True)
    place = at.reshape(-1, 2)[first]
    order = np.lexsort((tips, place[:, 1], place[:, 0]))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    ends = np.sort(rank[number.reshape(-1, 2)], axis=1)
    owners = np.sort(owners, axis=1)
    by_ends = ends[:, 0] * len(rank) + ends[:, 1]
    by_owners = owners[:, 0] * len(places) + owners[:, 1]
    rows = np.lexsort((by_ends, by_owners))
    once = np.ones(len(rows), dtype=bool)
    once[1:] = (np.diff(by_ends[rows]) != 0) | (np.diff(by_owners[rows]) != 0)
    rows = rows[once]
    return Ridges(owners[rows], ends[rows], place[order])


def chains(found: Ridges, *, exact_m: float) -> tuple[Longs, Longs]:
    """Join the pieces between the same two owners to lines, and leave out needless joints.

    A line leads from where three owners meet, or the pieces end, to the next such place, or
    around; it keeps to within `exact_m` of its pieces (Douglas & Peucker 1973).

    Returns
    -------
    joint : array of int
        Rows of `found.joint`, one line after the other.
    start : array of int, shape (lines + 1,)
        Where each line begins.

    Examples
    --------
    >>> bend = Ridges(np.array([[0, 1]] * 3), np.array([[0, 1], [1, 2], [2, 3]]),
    ...               np.array([[0, 0], [10, 1], [20, 0], [20, 90]]) * JOINTS_PER_M // 10)
    >>> [part.tolist() for part in chains(bend, exact_m=0.25)]
    [[0, 2, 3], [0, 3]]
    """
    if not len(found.ends):
        return np.empty(0, dtype=np.int64), np.zeros(1, dtype=np.int64)
    new_pair = np.r_[True, (found.owners[1:] != found.owners[:-1]).any(axis=1)]
    pair = np.cumsum(new_pair) - 1
    key = (pair[:, None] * len(found.joint) + found.ends).reshape(-1)
    node, at = np.unique(key, return_inverse=True)
    ends = at.reshape(-1, 2)
    joint, start = _walked(ends, len(node))
    joint = (node % len(found.joint))[joint]
    kept = _needed(found.joint, joint, start, exact_m * JOINTS_PER_M)
    return joint[kept], np.r_[0, np.cumsum(kept)[start[1:] - 1]]


@_jit
def _middles(places: Array, corner: Array, steps: float) -> Array:
    """Middle of the circle around each triangle, on the grid of joints."""
    middle = np.empty((len(corner), 2))  # that of a sliver lies farther off than any whole number
    for t in range(len(corner)):
        a, b, c = corner[t, 0], corner[t, 1], corner[t, 2]
        # From the first of the places, whichever corner stands first: the same bits.
        if b < a and b < c:
            a, b, c = b, c, a
        elif c < a and c < b:
            a, b, c = c, a, b
        bx, by = float(places[b, 0] - places[a, 0]), float(places[b, 1] - places[a, 1])
        cx, cy = float(places[c, 0] - places[a, 0]), float(places[c, 1] - places[a, 1])
        b2, c2 = bx * bx + by * by, cx * cx + cy * cy
        twice = 2 * (bx * cy - by * cx)
        middle[t, 0] = np.rint((places[a, 0] + (cy * b2 - by * c2) / twice) * steps)
        middle[t, 1] = np.rint((places[a, 1] + (bx * c2 - cx * b2) / twice) * steps)
    return middle


@_jit
def _root(joint: Array, t: Whole) -> Whole:
    while joint[t] != t:
        joint[t] = joint[joint[t]]
        t = joint[t]
    return t


@_jit
def _joined(middle: Array, beside: Array, shortest: float) -> Array:
    """Triangle whose middle stands for that of each: the first by place of those that coincide."""
    joint = np.arange(len(middle))
    for t in range(len(middle)):
        for k in range(3):
            u = np.int64(beside[t, k])
            if u <= t:
                continue
            dx, dy = middle[t, 0] - middle[u, 0], middle[t, 1] - middle[u, 1]
            if abs(dx) > shortest or abs(dy) > shortest:
                continue
            if dx * dx + dy * dy > shortest * shortest:
                continue
            one, other = _root(joint, t), _root(joint, u)
            if middle[other, 0] < middle[one, 0] or (
                middle[other, 0] == middle[one, 0] and middle[other, 1] < middle[one, 1]
            ):
                one, other = other, one
            joint[other] = one
    for t in range(len(middle)):
        joint[t] = _root(joint, t)
    return joint


@_jit
def _between(
    places: Array,
    triangles: tuple[Array, Array],
    joints: tuple[Array, Array],
    owner: Array,
    lengths: tuple[float, float],
) -> tuple[Array, Array, Array]:
    """Edges between triangles whose common side joins two owners: owners, joints, their places."""
    corner, beside = triangles
    middle, joint = joints
    reach, shortest = lengths
    most = 3 * len(corner) // 2 + 1
    owners = np.empty((most, 2), dtype=np.int64)
    tip = np.empty((most, 2), dtype=np.int64)
    at = np.empty((most, 2, 2), dtype=np.int64)
    count = 0
    cuts = 0
    for t in range(len(corner)):
        for k in range(3):
            u = beside[t, k]
            if u <= t or joint[t] == joint[u]:
                continue
            a, b = corner[t, (k + 1) % 3], corner[t, (k + 2) % 3]
            if owner[a] == owner[b] or owner[a] < 0 or owner[b] < 0:
                continue
            if np.hypot(places[a, 0] - places[b, 0], places[a, 1] - places[b, 1]) > 2 * reach:
                continue
            owners[count, 0], owners[count, 1] = owner[a], owner[b]
            x, y = (places[a, 0] + places[b, 0]) / 2, (places[a, 1] + places[b, 1]) / 2
            for end in range(2):
                j = joint[t] if end == 0 else joint[u]
                dx, dy = middle[j, 0] - x, middle[j, 1] - y
                far = np.hypot(dx, dy) / (4 * reach)
                if far <= 1.0:
                    tip[count, end] = j
                    at[count, end, 0] = np.int64(middle[j, 0])
                    at[count, end, 1] = np.int64(middle[j, 1])
                else:
                    # A long edge is cut where it leaves the surroundings: nothing is drawn there.
                    cuts += 1
                    tip[count, end] = -cuts
                    at[count, end, 0] = np.int64(np.rint(x + dx / far))
                    at[count, end, 1] = np.int64(np.rint(y + dy / far))
            dx, dy = at[count, 1, 0] - at[count, 0, 0], at[count, 1, 1] - at[count, 0, 1]
            if dx * dx + dy * dy > shortest * shortest:
                count += 1
    return owners[:count], tip[:count], at[:count]


@_jit
def _walked(ends: Array, nodes: Whole) -> tuple[Array, Array]:
    """Lines along edges between two nodes: those that end come first, then those that do not."""
    first = np.full((nodes, 2), -1, dtype=np.int64)
    degree = np.zeros(nodes, dtype=np.int64)
    for e in range(len(ends)):
        for end in range(2):
            n = ends[e, end]
            if degree[n] < 2:
                first[n, degree[n]] = e
            degree[n] += 1
    node = np.empty(2 * len(ends), dtype=np.int64)
    start = np.empty(len(ends) + 1, dtype=np.int64)
    start[0] = 0
    filled, count = 0, 0
    gone = np.zeros(len(ends), dtype=np.bool_)
    for turn in range(2):
        for e in range(len(ends)):
            for end in range(2):
                n = ends[e, end]
                if gone[e] or (turn == 0 and degree[n] == 2):
                    continue
                node[filled] = n
                filled += 1
                edge = e
                while not gone[edge]:
                    gone[edge] = True
                    n = ends[edge, 0] + ends[edge, 1] - n
                    node[filled] = n
                    filled += 1
                    if degree[n] == 2:
                        edge = first[n, 0] + first[n, 1] - edge
                count += 1
                start[count] = filled
    return node[:filled], start[: count + 1]


@_jit
def _needed(xy: Array, joint: Array, start: Array, exact: float) -> Array:
    """Whether a line needs each of its joints to keep so near to all of them."""
    kept = np.zeros(len(joint), dtype=np.bool_)
    stack = np.empty(len(joint) + 2, dtype=np.int64)
    for line in range(len(start) - 1):
        one, last = start[line], start[line + 1] - 1
        kept[one] = kept[last] = True
        stack[0] = last
        height = 1
        while height > 0:
            other = stack[height - 1]
            far, at = exact, -1
            for k in range(one + 1, other):
                away = _away(xy[joint[k]], xy[joint[one]], xy[joint[other]])
                if away > far:
                    far, at = away, k
            if at < 0:
                height -= 1
                one = other
            else:
                kept[at] = True
                stack[height] = at
                height += 1
    return kept


@_jit
def _away(p: Array, a: Array, b: Array) -> float:
    """Distance of a place from a straight piece."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    square = dx * dx + dy * dy
    share = 0.0
    if square > 0:
        share = min(max(((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / square, 0.0), 1.0)
    return float(np.hypot(a[0] + share * dx - p[0], a[1] + share * dy - p[1]))
