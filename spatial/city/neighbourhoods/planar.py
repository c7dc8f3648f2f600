"""Faces of a noded drawing: traced once, with which face lies on each side of every edge."""

# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import shapely

from spatial.city.neighbourhoods.noding import Drawing

__all__ = ["Faces", "faces_of", "some_faces"]

_jit = numba.njit(cache=True, nogil=True)
_inline = numba.njit(cache=True, nogil=True, inline="always")
Array = Any
"""Arrays inside kernels."""
Whole = Any
Longs = npt.NDArray[np.int64]
Geometries = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """Bounded faces, and the face on each side of every edge that bounds one."""

    polygons: Geometries  # (f,)
    edge: Longs  # (e,) rows of the drawing's edges, rising
    side: Longs  # (e, 2) face to the left and right of the way from the first end; -1: outside


def faces_of(drawing: Drawing) -> Faces:
    """Return the faces that the edges of a drawing enclose.

    Edges that end in nothing, or only lead from one part of the drawing to another, bound no
    face. A face that touches itself in a node has a hole there.

    Parameters
    ----------
    drawing : Drawing
        Noded: edges meet at their ends only.

    Returns
    -------
    Faces
        Those of ``shapely.polygonize``, in the order of their lowest edge.

    Examples
    --------
    >>> from spatial.city.neighbourhoods.noding import noded
    >>> lines = shapely.from_wkt(["LINESTRING (0 0, 1 0, 1 1, 0 1, 0 0)", "LINESTRING (0 0, 1 1)"])
    >>> faces = faces_of(noded(lines, grid_m=0.01))
    >>> [face.area for face in faces.polygons], faces.side.tolist()
    ([0.5, 0.5], [[-1, 0], [1, -1], [0, 1], [-1, 0], [1, -1]])
    """
    edge = _kept(drawing.edge, len(drawing.step))
    tail, head = drawing.edge[edge, 0], drawing.edge[edge, 1]
    step = drawing.step
    cycle = np.empty(0, dtype=np.int64)
    while len(edge):
        following = _following(tail, head, step)
        cycle = _cycles(following)
        bridge = cycle[::2] == cycle[1::2]
        if not bridge.any():
            break
        edge, tail, head = edge[~bridge], tail[~bridge], head[~bridge]
    if not len(edge):
        return Faces(np.empty(0, dtype=object), edge, np.empty((0, 2), dtype=np.int64))
    node, ring_start, ring_cycle = _rings(following, cycle, tail, head, len(step))
    area = _areas(node, ring_start, step)
    rings = shapely.linearrings(
        drawing.xy_m[node], indices=np.repeat(np.arange(len(ring_cycle)), np.diff(ring_start))
    )
    shell = np.flatnonzero(area > 0)
    face_of = np.full(int(cycle.max()) + 1, -1, dtype=np.int64)
    face_of[ring_cycle[shell]] = np.arange(len(shell))
    hole = np.flatnonzero(area < 0)
    free = face_of[ring_cycle[hole]] < 0
    if free.any():
        islands = np.unique(ring_cycle[hole[free]])
        low = np.full(len(face_of), len(step), dtype=np.int64)
        np.minimum.at(low, np.repeat(ring_cycle, np.diff(ring_start)), node)
        face_of[islands] = _around(
            shapely.points(drawing.xy_m[low[islands]]), rings[shell], area[shell]
        )
    owner = face_of[ring_cycle[hole]]
    hole, owner = hole[owner >= 0], owner[owner >= 0]
    order = np.argsort(owner, kind="stable")
    polygons = shapely.polygons(rings[shell])
    some, start = np.unique(owner[order], return_index=True)
    for face, holes in zip(some.tolist(), np.split(hole[order], start[1:]), strict=False):
        polygons[face] = shapely.polygons(rings[shell[face]], holes=rings[holes])
    return Faces(polygons, edge, face_of[cycle].reshape(-1, 2))


def some_faces(faces: Faces, chosen: npt.NDArray[np.bool_]) -> Faces:
    """Keep some of the faces; the others are outside, and so are edges that bound no other."""
    number = np.append(np.where(chosen, np.cumsum(chosen) - 1, -1), -1)
    side = number[faces.side]
    bounds = (side >= 0).any(axis=1)
    return Faces(faces.polygons[chosen], faces.edge[bounds], side[bounds])


def _around(spots: Geometries, shells: Geometries, area: Longs) -> Longs:
    """Return the smallest shell that holds each spot; -1 where none does."""
    around = np.full(len(spots), -1, dtype=np.int64)
    spot, shell = shapely.STRtree(shapely.polygons(shells)).query(spots, predicate="within")
    order = np.lexsort((area[shell], spot))
    first, at = np.unique(spot[order], return_index=True)
    around[first] = shell[order][at]
    return around


@_jit
def _kept(edge: Array, nodes: Whole) -> Array:
    """Rows of the edges that are left when those with a loose end are taken off, one by one."""
    start = np.zeros(nodes + 1, dtype=np.int64)
    for e in range(len(edge)):
        start[edge[e, 0] + 1] += 1
        start[edge[e, 1] + 1] += 1
    degree = start[1:].copy()
    for n in range(nodes):
        start[n + 1] += start[n]
    place = start[:-1].copy()
    at = np.empty(start[-1], dtype=np.int32)
    for e in range(len(edge)):
        for end in range(2):
            n = edge[e, end]
            at[place[n]] = e
            place[n] += 1
    gone = np.zeros(len(edge), dtype=np.bool_)
    for loose in range(nodes):
        n = loose
        while n >= 0 and degree[n] == 1:
            other = -1
            for i in range(start[n], start[n + 1]):
                e = at[i]
                if not gone[e]:
                    gone[e] = True
                    other = edge[e, 0] + edge[e, 1] - n
                    degree[n] -= 1
                    degree[other] -= 1
            n = other
    return np.flatnonzero(~gone)


@_inline
def _end(tail: Array, head: Array, half: Whole) -> Whole:
    """Node in which a half-edge ends: 2e leads from the tail of edge e, 2e + 1 back."""
    return head[half >> 1] if half & 1 == 0 else tail[half >> 1]


@_jit
def _following(tail: Array, head: Array, step: Array) -> Array:
    """Half-edge that follows each around the face to its left: the sharpest turn to the left."""
    edges, nodes = len(tail), len(step)
    start = np.zeros(nodes + 1, dtype=np.int64)
    for e in range(edges):
        start[tail[e] + 1] += 1
        start[head[e] + 1] += 1
    for n in range(nodes):
        start[n + 1] += start[n]
    filled = np.zeros(nodes, dtype=np.int32)
    out = np.empty(2 * edges, dtype=np.int64)
    for half in range(2 * edges):
        n = tail[half >> 1] if half & 1 == 0 else head[half >> 1]
        # Half-edges that leave a node stand in the order of their directions, against the clock.
        at = start[n] + filled[n]
        filled[n] += 1
        while at > start[n] and _turns_before(n, half, out[at - 1], tail, head, step):
            out[at] = out[at - 1]
            at -= 1
        out[at] = half
    following = np.empty(2 * edges, dtype=np.int64)
    for n in range(nodes):
        for at in range(start[n], start[n + 1]):
            before = at - 1 if at > start[n] else start[n + 1] - 1
            following[out[at] ^ 1] = out[before]
    return following


@_jit
def _turns_before(
    n: Whole, one: Whole, other: Whole, tail: Array, head: Array, step: Array
) -> bool:
    """Whether one half-edge leaves a node in a smaller angle from the east than another."""
    to, from_ = _end(tail, head, one), _end(tail, head, other)
    ax, ay = step[to, 0] - step[n, 0], step[to, 1] - step[n, 1]
    bx, by = step[from_, 0] - step[n, 0], step[from_, 1] - step[n, 1]
    a_low = ay < 0 or (ay == 0 and ax < 0)
    b_low = by < 0 or (by == 0 and bx < 0)
    if a_low != b_low:
        return b_low
    return ax * by - ay * bx > 0


@_jit
def _cycles(following: Array) -> Array:
    """Return the number of the way round to which each half-edge belongs."""
    cycle = np.full(len(following), -1, dtype=np.int64)
    count = 0
    for first in range(len(following)):
        if cycle[first] >= 0:
            continue
        half = first
        while cycle[half] < 0:
            cycle[half] = count
            half = following[half]
        count += 1
    return cycle


@_jit
def _rings(
    following: Array, cycle: Array, tail: Array, head: Array, nodes: Whole
) -> tuple[Array, Array, Array]:
    """Rings without a node twice, closed: nodes, where each begins, the way round it is of."""
    halves = len(following)
    node = np.empty(2 * halves, dtype=np.int64)
    start = np.empty(halves + 1, dtype=np.int64)
    of = np.empty(halves, dtype=np.int64)
    count, filled = 0, 0
    start[0] = 0
    done = -1
    stack = np.empty(halves, dtype=np.int64)
    place = np.full(nodes, -1, dtype=np.int64)  # of each node on the stack
    for first in range(halves):
        if cycle[first] <= done:
            continue
        done = cycle[first]
        height = 0
        half = first
        while True:
            n = tail[half >> 1] if half & 1 == 0 else head[half >> 1]
            if place[n] >= 0:
                # The way round touches itself: what was walked since is a ring.
                bottom = place[n]
                for k in range(bottom, height):
                    node[filled] = stack[k]
                    filled += 1
                    place[stack[k]] = -1
                node[filled] = n
                filled += 1
                of[count] = done
                count += 1
                start[count] = filled
                height = bottom
            place[n] = height
            stack[height] = n
            height += 1
            half = following[half]
            if half == first:
                break
        for k in range(height):
            node[filled] = stack[k]
            filled += 1
            place[stack[k]] = -1
        node[filled] = stack[0]
        filled += 1
        of[count] = done
        count += 1
        start[count] = filled
    return node[:filled], start[: count + 1], of[:count]


@_jit
def _areas(node: Array, start: Array, step: Array) -> Array:
    """Twice the area of each ring, above 0 where it runs against the clock."""
    area = np.zeros(len(start) - 1, dtype=np.int64)
    for ring in range(len(area)):
        # From a corner of its own the numbers stay small.
        x, y = step[node[start[ring]], 0], step[node[start[ring]], 1]
        for k in range(start[ring], start[ring + 1] - 1):
            a, b = node[k], node[k + 1]
            area[ring] += (step[a, 0] - x) * (step[b, 1] - y) - (step[b, 0] - x) * (step[a, 1] - y)
    return area
