"""Streets as flat arrays of vertices: joining and inserting without a loop per street."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from scipy import sparse
from scipy.sparse import csgraph

from spatial.network.lines import lines_of
from spatial.network.near import lines_near_boxes

__all__ = ["JOIN_M", "Strands", "insert_points", "join_nodes", "strands_from_lines", "with_strands"]

JOIN_M: Final = 0.01
"""Vertices closer than this are one: files store coordinates to about a centimetre."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Strands:
    """Polylines one after the other; vertices with one node number are one place."""

    xy_m: Floats  # (v, 2)
    node: Ints  # (v,)
    start: Ints  # (s + 1,) vertices of strand i: start[i]..start[i + 1]
    street: Ints  # (s,) row of the street it is cut from; -1 for links

    @property
    def count(self) -> int:
        """Number of strands."""
        return len(self.street)

    @property
    def strand_of_vertex(self) -> Ints:
        """Strand of each vertex, shape (v,)."""
        return np.repeat(np.arange(self.count), np.diff(self.start))

    def lines(self) -> npt.NDArray[np.object_]:
        """Strands as LineStrings, shape (s,)."""
        if not self.count:
            return np.empty(0, dtype=object)
        return shapely.linestrings(self.xy_m, indices=self.strand_of_vertex)

    def lines_near(self, boxes: Floats) -> npt.NDArray[np.object_]:
        """Strands that may touch a box (b, 4) as LineStrings, None for all others, shape (s,)."""
        near = lines_near_boxes(self.xy_m, self.start, boxes)
        made = np.full(self.count, None, dtype=object)
        made[near] = lines_of(self.xy_m, self.start, near)
        return made

    def is_first(self) -> npt.NDArray[np.bool_]:
        """Whether each vertex begins its strand."""
        first = np.zeros(len(self.xy_m), dtype=bool)
        first[self.start[:-1]] = True
        return first

    def is_last(self) -> npt.NDArray[np.bool_]:
        """Whether each vertex ends its strand."""
        last = np.zeros(len(self.xy_m), dtype=bool)
        last[self.start[1:] - 1] = True
        return last

    def position_m(self) -> tuple[Floats, Floats]:
        """Position of each vertex on one long ruler, and where each strand begins on it.

        Strands lie on the ruler one after the other with a metre between them, so that one
        ``searchsorted`` finds places on all strands at once.
        """
        first = self.is_first()
        step = np.zeros(len(self.xy_m))
        step[1:] = np.hypot(*np.diff(self.xy_m, axis=0).T)
        step[first] = 1.0
        ruler = np.cumsum(step)
        return ruler, ruler[self.start[:-1]]


def strands_from_lines(lines: npt.NDArray[np.object_], street: Ints) -> Strands:
    """Lay out LineStrings as strands; vertices within a centimetre become one node.

    Repeated vertices are dropped; a line that shrinks to one point disappears.
    """
    xy, strand = shapely.get_coordinates(lines, return_index=True)
    node = _cells(xy)
    keep = np.ones(len(xy), dtype=bool)
    keep[1:] = (strand[1:] != strand[:-1]) | (node[1:] != node[:-1])
    xy, strand, node = xy[keep], strand[keep], node[keep]
    counts = np.bincount(strand, minlength=len(lines))
    alive = counts >= 2
    xy, node = xy[alive[strand]], node[alive[strand]]
    return Strands(
        xy_m=xy,
        node=node,
        start=np.concatenate([[0], np.cumsum(counts[alive])]).astype(np.int64),
        street=np.asarray(street, dtype=np.int64)[alive],
    )


def _cells(xy: Floats) -> Ints:
    """Give places numbers: coordinates rounded to :data:`JOIN_M`."""
    if not len(xy):
        return np.empty(0, dtype=np.int64)
    whole = np.round(xy / JOIN_M).astype(np.int64)
    whole -= whole.min(axis=0)
    code = whole[:, 0] * (whole[:, 1].max() + 1) + whole[:, 1]
    return np.unique(code, return_inverse=True)[1].astype(np.int64)


def insert_points(strands: Strands, strand: Ints, along_m: Floats) -> tuple[Strands, Ints]:
    """Put vertices on strands; a place within a centimetre of a vertex takes that vertex.

    Parameters
    ----------
    strands : Strands
        Never changed.
    strand, along_m : array, shape (p,)
        Strand and distance from its start of each new point.

    Returns
    -------
    Strands, array of int, shape (p,)
        The strands with the new vertices (each a node of its own), and the vertex of each point.
    """
    if not len(strand):
        return strands, np.empty(0, dtype=np.int64)
    ruler, begin = strands.position_m()
    asked = begin[strand] + along_m
    low = np.clip(np.searchsorted(ruler, asked) - 1, strands.start[strand], None)
    high = np.minimum(low + 1, strands.start[strand + 1] - 1)
    near = np.where(asked - ruler[low] <= ruler[high] - asked, low, high)
    on_vertex = np.abs(asked - ruler[near]) <= JOIN_M

    fresh = np.flatnonzero(~on_vertex)
    cell = np.round(asked[fresh] / JOIN_M).astype(np.int64)
    _, first, same = np.unique(cell, return_index=True, return_inverse=True)
    chosen = fresh[first]
    share = (asked[chosen] - ruler[low[chosen]]) / (ruler[high[chosen]] - ruler[low[chosen]])
    here, there = strands.xy_m[low[chosen]], strands.xy_m[high[chosen]]
    new_xy = here + (there - here) * share[:, None]
    before = high[chosen]
    new_node = strands.node.max() + 1 + np.arange(len(chosen))

    added = np.bincount(strand[chosen], minlength=strands.count)
    grown = replace(
        strands,
        xy_m=np.insert(strands.xy_m, before, new_xy, axis=0),
        node=np.insert(strands.node, before, new_node),
        start=strands.start + np.concatenate([[0], np.cumsum(added)]),
    )
    shift = np.searchsorted(np.sort(before), np.arange(len(ruler)), side="right")
    vertex = near + shift[near]
    placed = before + np.argsort(np.argsort(before, kind="stable"), kind="stable")
    vertex[fresh] = placed[same]
    return grown, vertex


def join_nodes(strands: Strands, first_vertex: Ints, second_vertex: Ints) -> Strands:
    """Make pairs of vertices one place each (and all that hang together through them)."""
    if not len(first_vertex):
        return strands
    count = int(strands.node.max()) + 1
    pairs = (strands.node[first_vertex], strands.node[second_vertex])
    graph = sparse.coo_array((np.ones(len(first_vertex)), pairs), shape=(count, count))
    _, label = csgraph.connected_components(graph, directed=False)
    return replace(strands, node=label[strands.node].astype(np.int64))


def with_strands(strands: Strands, xy_m: Floats, node: Ints, street: Ints) -> Strands:
    """Append two-vertex strands: `xy_m` (p, 2, 2), `node` (p, 2), `street` (p,)."""
    end = strands.start[-1]
    return Strands(
        xy_m=np.concatenate([strands.xy_m, xy_m.reshape(-1, 2)]),
        node=np.concatenate([strands.node, node.reshape(-1)]),
        start=np.concatenate([strands.start, end + 2 * np.arange(1, len(street) + 1)]),
        street=np.concatenate([strands.street, street]),
    )
