"""Lines of parts of edges."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt
import shapely

from spatial.network.graph import WalkNetwork
from spatial.reach.kernels import Array

__all__ = ["EdgeLines", "cut_edges"]

_jit = numba.njit(cache=True, nogil=True)
Longs = npt.NDArray[np.int64]


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
