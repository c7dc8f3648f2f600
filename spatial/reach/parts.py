"""Reached parts of the network: which edges, from where to where, and the lines of those parts."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt
import shapely

from spatial.network.graph import WalkNetwork
from spatial.reach.kernels import Arcs, Array, Placed, Whole

__all__ = ["EdgeLines", "cut_edges", "reached_parts"]

_jit = numba.njit(cache=True, nogil=True)
Longs = npt.NDArray[np.int64]


@_jit
def _walked_mm(arcs: Arcs, edge: Whole, direction: Whole, left: Whole) -> Whole:
    """How far one gets along an edge with this much left (mm, or ms when searching by time)."""
    time_ms = np.int64(arcs.edge_time_ms[edge, direction])
    if time_ms < 0 or left < 0:
        return np.int64(0)
    length = np.int64(arcs.edge_length_mm[edge])
    if arcs.by_time:
        if left >= time_ms:
            return length
        return left * length // time_ms
    return min(length, left)


@_jit
def reached_parts(  # noqa: C901, PLR0912, PLR0915
    arcs: Arcs,
    seeds: Placed,
    label: Array,
    touched: Array,
    limit: Whole,
    from_tail: Array,
    from_head: Array,
) -> tuple[Array, Array, Array]:
    """Edge, begin and end (mm) of every reached part, whole and partial, without overlaps.

    Parameters
    ----------
    arcs : Arcs
        Forward.
    seeds : Placed
        The points from which the search started.
    label, touched : arrays
        Of :func:`spatial.reach.kernels.ball_nodes`, searched at least to `limit`.
    limit : int
        Cost (mm or ms), inclusive.
    from_tail, from_head : array of int64, shape (m,)
        Scratch, -1 everywhere; left as it was.
    """
    room = 16
    edges = np.empty(room, dtype=np.int64)
    count = 0
    for i in range(len(touched) + len(seeds.edge)):
        if i < len(touched):
            node = touched[i]
            left = limit - (label[node] >> 32)
            low, high = arcs.start[node], arcs.start[node + 1]
        else:
            node, left, low, high = -1, -1, 0, 1
            if seeds.edge[i - len(touched)] < 0:
                continue
        if left < 0 and node >= 0:
            continue
        for a in range(low, high):
            e = arcs.edge[a] if node >= 0 else seeds.edge[i - len(touched)]
            if from_tail[e] < 0:
                from_tail[e] = 0
                from_head[e] = 0
                if count == room:
                    wide = np.empty(2 * room, dtype=np.int64)
                    wide[:room] = edges
                    edges, room = wide, 2 * room
                edges[count] = e
                count += 1
            if node >= 0 and arcs.edge_from[e] == node:
                from_tail[e] = max(from_tail[e], _walked_mm(arcs, e, 0, left))
            if node >= 0 and arcs.edge_to[e] == node:
                from_head[e] = max(from_head[e], _walked_mm(arcs, e, 1, left))
    spans = len(seeds.edge) + 2
    out_edge = np.empty(count * spans, dtype=np.int64)
    out_begin = np.empty(count * spans, dtype=np.int64)
    out_end = np.empty(count * spans, dtype=np.int64)
    begin = np.empty(spans, dtype=np.int64)
    end = np.empty(spans, dtype=np.int64)
    rows = 0
    for i in range(count):
        e = edges[i]
        length = np.int64(arcs.edge_length_mm[e])
        begin[0], end[0] = 0, from_tail[e]
        begin[1], end[1] = length - from_head[e], length
        n = 2
        from_tail[e] = -1
        from_head[e] = -1
        for p in range(len(seeds.edge)):
            if seeds.edge[p] == e:
                left = limit - (seeds.entry_key[p] >> 32)
                offset = np.int64(seeds.offset_mm[p])
                begin[n] = max(0, offset - _walked_mm(arcs, e, 1, left))
                end[n] = min(length, offset + _walked_mm(arcs, e, 0, left))
                n += 1
        order = np.argsort(begin[:n])
        first = rows
        for j in range(n):
            low_mm, high_mm = begin[order[j]], end[order[j]]
            if high_mm <= low_mm:
                continue
            if rows > first and low_mm <= out_end[rows - 1]:
                out_end[rows - 1] = max(out_end[rows - 1], high_mm)
            else:
                out_edge[rows], out_begin[rows], out_end[rows] = e, low_mm, high_mm
                rows += 1
    return out_edge[:rows], out_begin[:rows], out_end[:rows]


@dataclass(frozen=True, slots=True, eq=False)
class EdgeLines:
    """Coordinates of all edges, one after the other, so that cutting needs no geometry library."""

    xy_m: npt.NDArray[np.float64]  # (v, 2)
    start: Longs  # (m + 1,)
    length_mm: npt.NDArray[np.int32]  # (m,)

    @classmethod
    def of(cls, network: WalkNetwork) -> EdgeLines:
        """Take the coordinates out of a network's geometry."""
        return cls(network.edge_xy_m, network.edge_xy_start, network.edge_length_mm)


def cut_edges(
    lines: EdgeLines, edge: Longs, from_mm: Longs, to_mm: Longs
) -> npt.NDArray[np.object_]:
    """Cut parts out of edges, as LineStrings in the edges' direction.

    Parameters
    ----------
    lines : EdgeLines
    edge, from_mm, to_mm : array of int, shape (p,)
        In either order; a part of no length gives a line between two equal points.
    """
    if not len(edge):
        return np.empty(0, dtype=object)
    low = np.minimum(from_mm, to_mm).astype(np.int64)
    high = np.maximum(from_mm, to_mm).astype(np.int64)
    xy, row = _cut(lines.xy_m, lines.start, lines.length_mm, edge.astype(np.int64), low, high)
    return shapely.linestrings(xy, indices=row)


@_jit
def _cut(
    xy: Array, start: Array, length_mm: Array, edge: Array, low: Array, high: Array
) -> tuple[Array, Array]:
    room = 0
    for p in range(len(edge)):
        room += start[edge[p] + 1] - start[edge[p]] + 2
    out = np.empty((room, 2), dtype=np.float64)
    row = np.empty(room, dtype=np.int64)
    n = 0
    for p in range(len(edge)):
        first, last = start[edge[p]], start[edge[p] + 1] - 1
        total = 0.0
        for v in range(first, last):
            total += np.hypot(xy[v + 1, 0] - xy[v, 0], xy[v + 1, 1] - xy[v, 1])
        scale = total / length_mm[edge[p]]  # whole millimetres differ from the line by rounding
        begin, end = low[p] * scale, high[p] * scale
        done = 0.0
        begun = False
        for v in range(first, last):
            step = np.hypot(xy[v + 1, 0] - xy[v, 0], xy[v + 1, 1] - xy[v, 1])
            is_last = v == last - 1
            if not begun and (begin < done + step or is_last):
                share = min((begin - done) / step, 1.0) if step > 0 else 0.0
                out[n] = xy[v] + (xy[v + 1] - xy[v]) * share
                row[n] = p
                n += 1
                begun = True
            if begun:
                if end <= done + step or is_last:
                    share = min((end - done) / step, 1.0) if step > 0 else 1.0
                    out[n] = xy[v] + (xy[v + 1] - xy[v]) * share
                    row[n] = p
                    n += 1
                    break
                out[n] = xy[v + 1]
                row[n] = p
                n += 1
            done += step
    return out[:n], row[:n]
