"""From strands to the immutable arrays of a walking network."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numba
import numpy as np
import numpy.typing as npt
import pyproj
from scipy import sparse
from scipy.sparse import csgraph

from spatial.network.graph import NO_PASSAGE, WalkNetwork
from spatial.network.lines import lengths_m, lines_of, rows_of_lines
from spatial.network.strands import Strands
from spatial.network.texts import Texts
from spatial.units import MM_PER_M

__all__ = [
    "Edges",
    "connected_parts",
    "edges_between_junctions",
    "network_from_edges",
    "with_arcs",
]

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
HILBERT_LEVEL: Final = 16


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """Edges before they are timed; row ``i`` of every field is edge ``i``."""

    tail: npt.NDArray[np.int64]  # (m,) node
    head: npt.NDArray[np.int64]  # (m,) node
    node_xy_m: npt.NDArray[np.float64]  # (n, 2)
    street: npt.NDArray[np.int64]  # (m,) row of the street; -1 for gate links
    xy_m: npt.NDArray[np.float64]  # (v, 2) vertices from tail to head, edge after edge
    xy_start: npt.NDArray[np.int64]  # (m + 1,)
    length_mm: npt.NDArray[np.int64]  # (m,)
    first: npt.NDArray[np.int64]  # (m,) vertex of the strands at which it begins
    last: npt.NDArray[np.int64]  # (m,) vertex at which it ends

    def take(self, rows: Longs) -> Edges:
        """Keep some edges, and the nodes that they need."""
        vertex, xy_start = rows_of_lines(self.xy_start, rows)
        ends = np.concatenate([self.tail[rows], self.head[rows]])
        used, place = np.unique(ends, return_inverse=True)
        return Edges(
            tail=place[: len(rows)],
            head=place[len(rows) :],
            node_xy_m=self.node_xy_m[used],
            street=self.street[rows],
            xy_m=self.xy_m[vertex],
            xy_start=xy_start,
            length_mm=self.length_mm[rows],
            first=self.first[rows],
            last=self.last[rows],
        )

    def lines(self, rows: Longs | None = None) -> npt.NDArray[np.object_]:
        """Edges as LineStrings, all or some."""
        return lines_of(self.xy_m, self.xy_start, rows)


def edges_between_junctions(strands: Strands, stops: Longs | None = None) -> Edges:
    """Cut strands at their ends, wherever two meet, and at the vertices of `stops`.

    Parallel edges and loops are kept.
    """
    first, last = strands.is_first(), strands.is_last()
    count = np.bincount(strands.node, minlength=1)
    stop = first | last | (count[strands.node] > 1) if len(first) else first
    if stops is not None:
        stop[stops] = True
    begins = np.flatnonzero(stop & ~last)
    ends = np.flatnonzero(stop & ~first)
    size = ends - begins + 1
    edge = np.repeat(np.arange(len(begins)), size)
    vertex = np.arange(len(edge)) - np.repeat(np.cumsum(size) - size - begins, size)
    xy, xy_start = strands.xy_m[vertex], np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    length_m = lengths_m(xy, xy_start)
    length_mm = np.maximum(np.round(length_m * MM_PER_M), 1).astype(np.int64)
    used, place = np.unique(strands.node[np.concatenate([begins, ends])], return_inverse=True)
    where = np.zeros(len(count), dtype=np.int64)
    where[strands.node[::-1]] = np.arange(len(first))[::-1]
    return Edges(
        tail=place[: len(begins)],
        head=place[len(begins) :],
        node_xy_m=strands.xy_m[where[used]] if len(used) else np.empty((0, 2)),
        street=strands.street[strands.strand_of_vertex[begins]],
        xy_m=xy,
        xy_start=xy_start,
        length_mm=length_mm,
        first=begins,
        last=ends,
    )


def network_from_edges(
    edges: Edges,
    time_ms: Ints,
    *,
    layer: Ints,
    is_open: npt.NDArray[np.bool_],
    street_ids: Texts,
    crs: pyproj.CRS,
    speed_m_per_s: float,
) -> WalkNetwork:
    """Order nodes along a Hilbert curve, find the connected parts, and lay out the arcs.

    Parameters
    ----------
    edges : Edges
    time_ms : array of int, shape (m, 2)
        Along and against; ``NO_PASSAGE`` where not allowed. An edge must allow one of the two.
    layer, is_open : array, shape (m,)
    street_ids : Texts, shape (s,)
        Ids of the streets that ``edges.street`` numbers.
    crs : CRS
    speed_m_per_s : float
        Level speed of the walker.
    """
    number = _hilbert_rank(edges.node_xy_m)
    tail = number[edges.tail].astype(np.int32)
    head = number[edges.head].astype(np.int32)
    order = np.lexsort((edges.street, edges.length_mm, head, tail))
    tail, head = tail[order], head[order]
    xy = np.empty_like(edges.node_xy_m)
    xy[number] = edges.node_xy_m
    vertex, xy_start = rows_of_lines(edges.xy_start, order)
    network = WalkNetwork(
        crs=crs,
        node_xy_m=xy,
        node_component=connected_parts(len(xy), tail, head),
        edge_from=tail,
        edge_to=head,
        edge_length_mm=edges.length_mm[order].astype(np.int32),
        edge_time_ms=time_ms[order],
        edge_layer=layer[order],
        edge_open=is_open[order],
        edge_street_code=edges.street[order].astype(np.int32),
        edge_xy_m=edges.xy_m[vertex],
        edge_xy_start=xy_start,
        arc_start=np.zeros(len(xy) + 1, dtype=np.int64),
        arc_head=np.empty(0, dtype=np.int32),
        arc_length_mm=np.empty(0, dtype=np.int32),
        arc_time_ms=np.empty(0, dtype=np.int32),
        arc_edge=np.empty(0, dtype=np.int32),
        street_ids=street_ids,
        speed_m_per_s=speed_m_per_s,
    )
    return with_arcs(network)


def _hilbert_rank(xy: Floats) -> Longs:
    """Rank the nodes along a curve, so that neighbours in space are neighbours in memory."""
    if len(xy) < 2:
        return np.arange(len(xy))
    low, high = xy.min(axis=0), xy.max(axis=0)
    cells = (1 << HILBERT_LEVEL) - 1
    size = np.where(high > low, high - low, 1.0)
    cell = np.minimum((xy - low) / size * (cells + 1), cells).astype(np.int64)
    rank = np.empty(len(xy), dtype=np.int64)
    rank[np.lexsort((xy[:, 1], xy[:, 0], _hilbert(cell)))] = np.arange(len(xy))
    return rank


@numba.njit(cache=True, nogil=True)
def _hilbert(cell: Any) -> Any:
    """Place of cells (n, 2) on the Hilbert curve of :data:`HILBERT_LEVEL`  (Hilbert 1891)."""
    place = np.empty(len(cell), dtype=np.int64)
    for i in range(len(cell)):
        x, y, total = cell[i, 0], cell[i, 1], np.int64(0)
        for level in range(HILBERT_LEVEL - 1, -1, -1):
            side = np.int64(1) << level
            right, upper = np.int64((x & side) > 0), np.int64((y & side) > 0)
            total += side * side * ((3 * right) ^ upper)
            if upper == 0:
                if right == 1:
                    x, y = side - 1 - (x & (side - 1)), side - 1 - (y & (side - 1))
                x, y = y, x
        place[i] = total
    return place


def connected_parts(count: int, tail: Ints, head: Ints) -> Ints:
    """Label the connected part of each node, the largest (in nodes) being 0."""
    if not count:
        return np.empty(0, dtype=np.int32)
    graph = sparse.coo_array((np.ones(len(tail), dtype=np.int8), (tail, head)), (count, count))
    _, label = csgraph.connected_components(graph, directed=False)
    size = np.bincount(label)
    rank = np.empty(len(size), dtype=np.int32)
    rank[np.argsort(-size, kind="stable")] = np.arange(len(size), dtype=np.int32)
    return rank[label]


def with_arcs(network: WalkNetwork) -> WalkNetwork:
    """Lay out the arcs of a network anew, from its edges."""
    edge = np.arange(network.edge_count, dtype=np.int32)
    along, against = (network.edge_time_ms != NO_PASSAGE).T
    tail = np.concatenate([network.edge_from[along], network.edge_to[against]])
    head = np.concatenate([network.edge_to[along], network.edge_from[against]])
    arc = np.concatenate([edge[along], edge[against]])
    time = np.concatenate([network.edge_time_ms[along, 0], network.edge_time_ms[against, 1]])
    order = np.lexsort((arc, head, tail))
    leaving = np.bincount(tail, minlength=network.node_count)
    return replace(
        network,
        arc_start=np.concatenate([[0], np.cumsum(leaving)]).astype(np.int64),
        arc_head=head[order],
        arc_length_mm=network.edge_length_mm[arc[order]],
        arc_time_ms=time[order],
        arc_edge=arc[order],
    )
