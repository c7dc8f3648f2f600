"""The network laid out for searches in whole numbers of one cost, near things near in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from spatial.network.attach import Attachments
from spatial.network.graph import WalkNetwork
from spatial.reach.arcs import By, arcs_for, place_points
from spatial.reach.kernels import FAR, INWARD, OUTWARD, Arcs, Array, Placed, to_end_key
from spatial.reach.kernels import _jit as jit
from spatial.reach.vectors import UNREACHED

__all__ = ["PLACELESS", "CostArcs", "Ends", "Streets", "as_streets", "lay_streets"]

HILBERT_BITS: Final = 16
KEY_SHIFT: Final = 32

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]


PLACELESS: Final = Placed(
    np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64)
)
"""No attached point at all."""


class CostArcs(NamedTuple):
    """Arcs between places of the order, in one direction of search."""

    start: Array  # (n + 1,) int64
    head: Array  # (a,) int32
    cost: Array  # (a,) int32, mm or ms


class Ends(NamedTuple):
    """How points are entered from the two ends of their edges; a point at a corner has one end.

    Costs hold the part of the edge and the straight entry.
    """

    first: Array  # (p,) int32, place of a node; -1 = none
    first_cost: Array  # (p,) int32
    second: Array  # (p,) int32
    second_cost: Array  # (p,) int32


@dataclass(frozen=True, eq=False)
class Streets:
    """A network made ready for many searches by one cost; made once, used often.

    Nodes stand along a Hilbert curve, so that a search finds its neighbours in the cache.
    """

    network: WalkNetwork
    by: By
    node: Longs  # (n,) node at each place
    place: Ints  # (n,) place of each node
    forward: CostArcs  # leaving a node
    backward: CostArcs  # arriving at it
    edge_arcs: Arcs  # for parts of edges: lengths and times

    def inward(self, points: Attachments) -> Ends:
        """Return the cost from the ends of each point's edge to the point."""
        return self._ends(points, INWARD)

    def outward(self, points: Attachments) -> Ends:
        """Return the cost from each point to the ends of its edge."""
        return self._ends(points, OUTWARD)

    def _ends(self, points: Attachments, direction: int) -> Ends:
        placed = place_points(self.network, points, by=self.by)
        ends = np.full((2, len(points)), -1, dtype=np.int32)
        costs = np.full((2, len(points)), UNREACHED, dtype=np.int32)
        _fill_ends(self.edge_arcs, placed, self.place, direction, ends, costs)
        return Ends(ends[0], costs[0], ends[1], costs[1])


def lay_streets(network: WalkNetwork, *, by: By = "distance") -> Streets:
    """Lay out a network for searches by distance (whole mm) or time (whole ms)."""
    node = np.argsort(_hilbert(network.node_xy_m), kind="stable")
    place = np.empty(len(node), dtype=np.int32)
    place[node] = np.arange(len(node), dtype=np.int32)
    cost = network.arc_length_mm if by == "distance" else network.arc_time_ms
    tail = np.repeat(place, np.diff(network.arc_start))
    head = place[network.arc_head]
    cost = np.minimum(cost, UNREACHED).astype(np.int32)
    return Streets(
        network=network,
        by=by,
        node=node,
        place=place,
        forward=_arcs(tail, head, cost, len(node)),
        backward=_arcs(head, tail, cost, len(node)),
        edge_arcs=arcs_for(network, by=by),
    )


def _arcs(tail: Ints, head: Ints, cost: Ints, nodes: int) -> CostArcs:
    order = np.argsort(tail, kind="stable")
    start = np.zeros(nodes + 1, dtype=np.int64)
    np.cumsum(np.bincount(tail, minlength=nodes), out=start[1:])
    return CostArcs(start, head[order], cost[order])


def _hilbert(xy_m: npt.NDArray[np.float64]) -> Longs:
    """Place of each point along a Hilbert curve over the square that holds all."""
    if not len(xy_m):
        return np.empty(0, dtype=np.int64)
    low, span = xy_m.min(axis=0), max(float(np.ptp(xy_m, axis=0).max()), 1.0)
    largest = (1 << HILBERT_BITS) - 1
    cell = ((xy_m - low) / span * largest).astype(np.int64)
    x, y = cell[:, 0].copy(), cell[:, 1].copy()
    along = np.zeros(len(x), dtype=np.int64)
    for bit in range(HILBERT_BITS - 1, -1, -1):
        right, upper = (x >> bit) & 1, (y >> bit) & 1
        along += ((3 * right) ^ upper) << (2 * bit)
        turned = upper == 0
        mirrored = turned & (right == 1)
        x, y = np.where(mirrored, largest - x, x), np.where(mirrored, largest - y, y)
        x, y = np.where(turned, y, x), np.where(turned, x, y)
    return along


@jit
def _fill_ends(  # noqa: C901
    arcs: Arcs, placed: Placed, place: Array, direction: int, ends: Array, costs: Array
) -> None:
    """Fill place and cost of both ends of each point; what the other end covers is left out."""
    for p in range(len(placed.edge)):
        e = placed.edge[p]
        if e < 0:
            continue
        entry = placed.entry_key[p] >> KEY_SHIFT
        for end in range(2):
            key = to_end_key(arcs, e, placed.offset_mm[p], end, direction)
            if key >= FAR:
                continue
            cost = (key >> KEY_SHIFT) + entry
            if cost < UNREACHED:
                node = arcs.edge_from[e] if end == 0 else arcs.edge_to[e]
                ends[end, p] = place[node]
                costs[end, p] = cost
        both = ends[0, p] >= 0 and ends[1, p] >= 0
        length = np.int64(arcs.edge_length_mm[e])
        offset = np.int64(placed.offset_mm[p])
        keep = -1
        if both and ends[0, p] == ends[1, p]:
            keep = 0 if costs[0, p] <= costs[1, p] else 1
        elif both and offset == 0:
            keep = 0
        elif (both and offset == length) or (ends[0, p] < 0 and ends[1, p] >= 0):
            keep = 1
        if keep == 1:
            ends[0, p] = ends[1, p]
            costs[0, p] = costs[1, p]
        if keep >= 0:
            ends[1, p] = -1
            costs[1, p] = UNREACHED


def as_streets(network: WalkNetwork | Streets, *, by: By) -> Streets:
    """Lay out a network, unless that was done already for the same cost."""
    if isinstance(network, Streets):
        if network.by != by:
            return lay_streets(network.network, by=by)
        return network
    return lay_streets(network, by=by)
