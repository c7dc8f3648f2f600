"""The network laid out for searches in whole numbers of one cost, near things near in memory."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from spatial.network.attach import Attachments
from spatial.network.graph import WalkNetwork
from spatial.reach.arcs import By, place_points
from spatial.reach.chains import (
    BARRED,
    HILBERT_BITS,
    Chains,
    CostArcs,
    along_hilbert,
    contract,
    core_arcs,
    stop_to_stop,
)
from spatial.reach.kernels import (
    FAR,
    INWARD,
    OUTWARD,
    Arcs,
    Array,
    Placed,
    Whole,
    to_end_key,
)
from spatial.reach.kernels import _jit as jit
from spatial.reach.stands import KEY_SHIFT, Links, Spots, Stands, stand_along
from spatial.reach.vectors import UNREACHED

__all__ = ["KEY_SHIFT", "Spots", "Streets", "as_streets", "first_corners", "lay_streets"]

RADIX_BITS: Final = 16

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Streets:
    """A network made ready for many searches by one cost; made once, used often."""

    network: WalkNetwork
    by: By
    corner_node: Ints  # (k,) node of each corner, along a Hilbert curve
    chains: Chains
    forward: Links  # leaving a corner
    backward: Links  # arriving at it
    edge_arcs: Arcs  # for parts of edges: lengths and times

    @cached_property
    def backward_sides(self) -> tuple[Chains, Arcs]:
        """Chains and edges as they are walked towards the source of a search."""
        turned = self.chains._replace(ahead=-self.chains.behind, behind=-self.chains.ahead)
        times = np.ascontiguousarray(self.edge_arcs.edge_time_ms[:, ::-1])
        return turned, self.edge_arcs._replace(edge_time_ms=times)

    @cached_property
    def nodes_beside(self) -> tuple[Spots, Stands]:
        """Every node as a place to walk towards, by the corners beside it."""
        spots, count = self.nodes(towards=True), self.network.node_count
        every = np.arange(count, dtype=np.int32)
        made: Stands = stand_along(self.chains, spots, every, count, len(self.corner_node))
        return spots, made

    def inward(self, points: Attachments) -> Spots:
        """Return where points stand, with costs towards them."""
        return self._spots(points, INWARD)

    def outward(self, points: Attachments) -> Spots:
        """Return where points stand, with costs away from them."""
        return self._spots(points, OUTWARD)

    def _spots(self, points: Attachments, direction: int) -> Spots:
        spots = _no_spots(len(points))
        placed = place_points(self.network, points, by=self.by)
        _fill_points(self.chains, self.edge_arcs, placed, direction, spots)
        return spots

    def nodes(self, *, towards: bool = False) -> Spots:
        """Return every node as a place to start from, or to walk towards."""
        spots = _no_spots(self.network.node_count)
        _fill_nodes(self.chains, INWARD if towards else OUTWARD, spots)
        return spots


def lay_streets(network: WalkNetwork, *, by: By = "distance") -> Streets:
    """Lay out a network for searches by distance (whole mm) or time (whole ms).

    Examples
    --------
    Give the result to `weighted_sums` or `reached_nodes` instead of the network, to lay it out
    once for many calls.
    """
    cost = network.edge_time_ms.astype(np.int64)
    barred = cost < 0
    if by == "distance":
        cost = np.repeat(network.edge_length_mm.astype(np.int64)[:, None], 2, axis=1)
    cost[barred] = BARRED
    chains, corner_node = contract(
        _spatial_order(network.node_xy_m),
        np.ascontiguousarray(network.edge_from),
        np.ascontiguousarray(network.edge_to),
        np.ascontiguousarray(cost[:, 0]),
        np.ascontiguousarray(cost[:, 1]),
    )
    return Streets(
        network=network,
        by=by,
        corner_node=corner_node,
        chains=chains,
        forward=_links(core_arcs(chains, len(corner_node), 0)),
        backward=_links(core_arcs(chains, len(corner_node), 1)),
        edge_arcs=edge_costs(network, by=by),
    )


def edge_costs(network: WalkNetwork, *, by: By) -> Arcs:
    """Return what is needed for parts of edges, without laying out arcs."""
    none = np.empty(0, dtype=np.int64)
    few = np.empty(0, dtype=np.int32)
    return Arcs(
        none, few, few, none, network.edge_from, network.edge_to, network.edge_length_mm,
        network.edge_time_ms, by == "time",
    )  # fmt: skip


def _links(arcs: CostArcs) -> Links:
    arc = np.empty((len(arcs.head), 2), dtype=np.int32)
    arc[:, 0], arc[:, 1] = arcs.head, arcs.cost
    return Links(arcs.start.astype(np.int32), arc)


def as_streets(network: WalkNetwork | Streets, *, by: By) -> Streets:
    """Lay out a network, unless that was done already for the same cost."""
    if isinstance(network, Streets):
        return network if network.by == by else lay_streets(network.network, by=by)
    return lay_streets(network, by=by)


def _spatial_order(xy_m: npt.NDArray[np.float64]) -> Longs:
    """Nodes along a Hilbert curve over the square that holds them."""
    if not len(xy_m):
        return np.empty(0, dtype=np.int64)
    low, span = xy_m.min(axis=0), max(float(np.ptp(xy_m, axis=0).max()), 1.0)
    cell = ((xy_m - low) * (((1 << HILBERT_BITS) - 1) / span)).astype(np.uint16)
    along = along_hilbert(cell[:, 0], cell[:, 1])
    # Sorting by sixteen bits is linear; twice of it sorts by all.
    low_half = (along & ((1 << RADIX_BITS) - 1)).astype(np.uint16)
    order = np.argsort(low_half, kind="stable")
    high_half = (along >> RADIX_BITS).astype(np.uint16)
    return order[np.argsort(high_half[order], kind="stable")]


def _no_spots(count: int) -> Spots:
    def filled(value: int, kind: type, *shape: int) -> npt.NDArray[np.integer]:
        return np.full((count, *shape), value, dtype=kind)

    return Spots(
        chain=filled(-1, np.int32),
        left=filled(-1, np.int32),
        right=filled(-1, np.int32),
        left_cost=filled(BARRED, np.int64),
        right_cost=filled(BARRED, np.int64),
        edge=filled(-1, np.int32),
        offset_mm=filled(0, np.int32),
        entry=filled(0, np.int64),
        end=filled(-1, np.int32, 2),
        end_cost=filled(UNREACHED, np.int32, 2),
    )


@jit
def _set_end(spots: Spots, p: Whole, at: Whole, corner: Whole, cost: Whole) -> None:
    if cost < UNREACHED:
        spots.end[p, at] = corner
        spots.end_cost[p, at] = cost


@jit
def _fill_nodes(chains: Chains, direction: Whole, spots: Spots) -> None:
    for v in range(len(chains.corner)):
        if chains.corner[v] >= 0:
            _set_end(spots, v, 0, chains.corner[v], 0)
            continue
        s = chains.stop[v]
        c = np.searchsorted(chains.start, s, side="right") - 1
        first, last = chains.start[c], chains.start[c + 1] - 1
        spots.chain[v] = c
        spots.left[v] = s
        spots.right[v] = s
        spots.left_cost[v] = 0
        spots.right_cost[v] = 0
        if direction == OUTWARD:
            _set_end(spots, v, 0, chains.first[c], stop_to_stop(chains, s, first))
            _set_end(spots, v, 1, chains.last[c], stop_to_stop(chains, s, last))
        else:
            _set_end(spots, v, 0, chains.first[c], stop_to_stop(chains, first, s))
            _set_end(spots, v, 1, chains.last[c], stop_to_stop(chains, last, s))
        _tidy(spots, v, 0, 0)


@jit
def _fill_points(
    chains: Chains, arcs: Arcs, placed: Placed, direction: Whole, spots: Spots
) -> None:
    """Fill in all there is to say about attached points."""
    for p in range(len(placed.edge)):
        e = placed.edge[p]
        if e < 0:
            continue
        c = chains.edge_chain[e]
        left = chains.edge_stop[e]
        turned = chains.edge_turned[e]
        spots.chain[p] = c
        spots.left[p] = left
        spots.right[p] = left + 1
        spots.edge[p] = e
        spots.offset_mm[p] = placed.offset_mm[p]
        spots.entry[p] = placed.entry_key[p] >> KEY_SHIFT
        for end in range(2):
            key = to_end_key(arcs, e, placed.offset_mm[p], end, direction)
            if key >= FAR:
                continue
            cost = (key >> KEY_SHIFT) + spots.entry[p]
            if (end == 0) != turned:
                spots.left_cost[p] = cost
            else:
                spots.right_cost[p] = cost
        first, last = chains.start[c], chains.start[c + 1] - 1
        if direction == OUTWARD:
            to_first = spots.left_cost[p] + stop_to_stop(chains, left, first)
            to_last = spots.right_cost[p] + stop_to_stop(chains, left + 1, last)
        else:
            to_first = spots.left_cost[p] + stop_to_stop(chains, first, left)
            to_last = spots.right_cost[p] + stop_to_stop(chains, last, left + 1)
        _set_end(spots, p, 0, chains.first[c], to_first)
        _set_end(spots, p, 1, chains.last[c], to_last)
        length = arcs.edge_length_mm[e]
        at_left = placed.offset_mm[p] == (length if turned else 0)
        at_right = placed.offset_mm[p] == (0 if turned else length)
        _tidy(spots, p, int(at_left and left == first), int(at_right and left + 1 == last))


@jit
def _tidy(spots: Spots, p: Whole, at_first: Whole, at_last: Whole) -> None:
    """Keep one end where the other cannot be nearer: at a corner, or both ends one corner."""
    keep = -1
    one, two = spots.end[p, 0], spots.end[p, 1]
    if one >= 0 and two >= 0:
        if at_first:
            keep = 0
        elif at_last:
            keep = 1
        elif one == two:
            keep = 0 if spots.end_cost[p, 0] <= spots.end_cost[p, 1] else 1
    elif two >= 0:
        keep = 1
    if keep == 1:
        spots.end[p, 0] = two
        spots.end_cost[p, 0] = spots.end_cost[p, 1]
    if keep >= 0:
        spots.end[p, 1] = -1
        spots.end_cost[p, 1] = UNREACHED


@jit
def first_corners(end: Array, chain: Array, owner: Array, corners: Whole, nearest: Array) -> None:
    """Lowest corner number of each owner's ends; `corners` where it stands on a chain without."""
    for p in range(len(owner)):
        best = nearest[owner[p]]
        if best < 0 and chain[p] >= 0:
            best = corners
        for k in range(2):
            if end[p, k] >= 0 and (best < 0 or end[p, k] < best):
                best = end[p, k]
        nearest[owner[p]] = best
