"""The network without its bends: corners joined by chains, everything else a stop on a chain.

Most nodes of a street map join two edges only. A search need not stop there: it runs between
corners (nodes of one, three or more edges) along chains, and whatever stands on a chain is
reached from its two ends. Nothing is lost: each stop knows its cost from either end, in either
direction, and what lies between two stops of one chain is walked directly.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from spatial.reach.kernels import Array, Whole
from spatial.reach.kernels import _jit as jit
from spatial.reach.vectors import UNREACHED

__all__ = [
    "BARRED",
    "Chains",
    "CostArcs",
    "along_hilbert",
    "by_code",
    "contract",
    "core_arcs",
    "stop_to_stop",
]

BARRED: Final = 2**40
"""Cost of an edge where one may not walk; costs of whole chains stay far below."""
HILBERT_BITS: Final = 16


class CostArcs(NamedTuple):
    """Arcs between corners in one direction of search."""

    start: Array  # (n + 1,) int64
    head: Array  # (a,) int32
    cost: Array  # (a,) int32, mm or ms


class Chains(NamedTuple):
    """Chains of edges between corners; the stops of chain c are ``start[c]:start[c + 1]``.

    A corner is called by its number along a Hilbert curve, so that near ones stand together.
    """

    start: Array  # (c + 1,) int64
    first: Array  # (c,) int32 corner at the first stop
    last: Array  # (c,) int32 corner at the last stop
    node: Array  # (s,) int32 node at each stop
    ahead: Array  # (s,) int64 cost from the first stop to this one, barred edges as BARRED each
    behind: Array  # (s,) int64 cost from the last stop to this one
    corner: Array  # (n,) int32 corner number of a node; -1 = a stop inside a chain
    stop: Array  # (n,) int32 stop of a node inside a chain; -1 = a corner
    edge_chain: Array  # (m,) int32
    edge_stop: Array  # (m,) int32 the stop before the edge; the next one is behind it
    edge_turned: Array  # (m,) bool: the chain runs against the edge


@jit
def along_hilbert(x: Array, y: Array) -> Array:
    """Place of each point along a Hilbert curve; coordinates are 0 … 2¹⁶ - 1."""
    out = np.empty(len(x), dtype=np.uint32)
    largest = (1 << HILBERT_BITS) - 1
    for i in range(len(x)):
        a, b = np.int64(x[i]), np.int64(y[i])
        along = np.int64(0)
        for bit in range(HILBERT_BITS - 1, -1, -1):
            right, upper = (a >> bit) & 1, (b >> bit) & 1
            along += ((3 * right) ^ upper) << (2 * bit)
            if upper == 0:
                if right == 1:
                    a, b = largest - a, largest - b
                a, b = b, a
        out[i] = along
    return out


@jit
def contract(  # noqa: C901, PLR0912, PLR0915
    order: Array, edge_from: Array, edge_to: Array, along: Array, against: Array
) -> tuple[Chains, Array]:
    """Find the chains, and the node of each corner.

    Parameters
    ----------
    order : array of int, shape (n,)
        Nodes in the order in which corners are to be numbered.
    edge_from, edge_to : array of int32, shape (m,)
    along, against : array of int64, shape (m,)
        Costs; ``BARRED`` where one may not walk.
    """
    nodes, edges = len(order), len(edge_from)
    met_start = np.zeros(nodes + 1, dtype=np.int64)
    for e in range(edges):
        met_start[edge_from[e] + 1] += 1
        met_start[edge_to[e] + 1] += 1
    for v in range(nodes):
        met_start[v + 1] += met_start[v]
    fill = met_start[:-1].copy()
    met_edge = np.empty(2 * edges, dtype=np.int32)
    bend = np.empty(nodes, dtype=np.bool_)
    for v in range(nodes):
        bend[v] = met_start[v + 1] - met_start[v] == 2
    for e in range(edges):
        for v in (edge_from[e], edge_to[e]):
            met_edge[fill[v]] = e
            fill[v] += 1
        if edge_from[e] == edge_to[e]:
            bend[edge_from[e]] = False
    corner = np.full(nodes, -1, dtype=np.int32)
    corner_node = np.empty(nodes, dtype=np.int32)
    corners = 0
    for v in order:
        if not bend[v]:
            corner[v] = corners
            corner_node[corners] = v
            corners += 1
    start = np.zeros(edges + 1, dtype=np.int64)
    first = np.empty(edges, dtype=np.int32)
    last = np.empty(edges, dtype=np.int32)
    node = np.empty(2 * edges, dtype=np.int32)
    ahead = np.zeros(2 * edges, dtype=np.int64)
    behind = np.zeros(2 * edges, dtype=np.int64)
    stop = np.full(nodes, -1, dtype=np.int32)
    edge_chain = np.full(edges, -1, dtype=np.int32)
    edge_stop = np.empty(edges, dtype=np.int32)
    edge_turned = np.empty(edges, dtype=np.bool_)
    chains, stops = 0, 0
    for number in range(2 * nodes):  # corners first; then rings that have none, from any node
        v = order[number % nodes]
        if number < nodes and bend[v]:
            continue
        if number >= nodes and (corner[v] >= 0 or stop[v] >= 0):
            continue
        if number >= nodes:
            corner[v] = corners
            corner_node[corners] = v
            corners += 1
            bend[v] = False
        for i in range(met_start[v], met_start[v + 1]):
            if edge_chain[met_edge[i]] >= 0:
                continue
            e = met_edge[i]
            here = v
            node[stops] = v
            first[chains] = corner[v]
            begin = stops
            stops += 1
            while True:
                turned = edge_from[e] != here
                there = edge_from[e] if turned else edge_to[e]
                edge_chain[e] = chains
                edge_stop[e] = stops - 1
                edge_turned[e] = turned
                ahead[stops] = ahead[stops - 1] + (against[e] if turned else along[e])
                behind[stops] = along[e] if turned else against[e]  # summed up below
                node[stops] = there
                stops += 1
                here = there
                if not bend[here]:
                    break
                stop[here] = stops - 1
                second = met_edge[met_start[here]]
                e = met_edge[met_start[here] + 1] if second == e else second
            last[chains] = corner[here]
            total = np.int64(0)
            for s in range(stops - 1, begin, -1):
                step = behind[s]
                behind[s] = total
                total += step
            behind[begin] = total
            chains += 1
            start[chains] = stops
    made = Chains(
        start[: chains + 1].copy(),
        first[:chains].copy(),
        last[:chains].copy(),
        node[:stops].copy(),
        ahead[:stops].copy(),
        behind[:stops].copy(),
        corner,
        stop,
        edge_chain,
        edge_stop,
        edge_turned,
    )
    return made, corner_node[:corners].copy()


@jit
def core_arcs(chains: Chains, corners: Whole, backward: Whole) -> CostArcs:
    """Arcs between corners, along and against each chain where one may walk it.

    `backward` is 1 for arcs by the corner at which they arrive, else 0.
    """
    start = np.zeros(corners + 1, dtype=np.int64)
    for turn in range(2):
        if turn == 1:
            for v in range(corners):
                start[v + 1] += start[v]
            fill = start[:-1].copy()
            head = np.empty(start[corners], dtype=np.int32)
            cost = np.empty(start[corners], dtype=np.int32)
        for c in range(len(chains.first)):
            if chains.first[c] == chains.last[c]:
                continue
            for way in range(2):
                whole = chains.behind[chains.start[c]]
                if way == 0:
                    whole = chains.ahead[chains.start[c + 1] - 1]
                if whole >= UNREACHED:
                    continue
                tail = chains.first[c] if (way == 0) != (backward == 1) else chains.last[c]
                if turn == 0:
                    start[tail + 1] += 1
                else:
                    other = chains.last[c] if (way == 0) != (backward == 1) else chains.first[c]
                    head[fill[tail]] = other
                    cost[fill[tail]] = whole
                    fill[tail] += 1
    return CostArcs(start, head, cost)


@jit
def stop_to_stop(chains: Chains, one: Whole, other: Whole) -> Whole:
    """Cost between two stops of one chain along it; BARRED or more where one may not walk."""
    if other >= one:
        return chains.ahead[other] - chains.ahead[one]
    return chains.behind[other] - chains.behind[one]


@jit
def by_code(code: Array, groups: Whole) -> tuple[Array, Array]:
    """Sort rows by a small whole number, in linear time; rows below 0 stay outside.

    Returns
    -------
    start : array, shape (groups + 1,)
    rows : array of int64
        ``rows[start[g]:start[g + 1]]`` are the rows of g, in their order.

    Examples
    --------
    >>> start, rows = by_code(np.array([1, 0, -1, 1]), 2)
    >>> start.tolist(), rows.tolist()
    ([0, 1, 3], [1, 0, 3])
    """
    start = np.zeros(groups + 1, dtype=np.int64)
    for i in range(len(code)):
        if code[i] >= 0:
            start[code[i] + 1] += 1
    for g in range(groups):
        start[g + 1] += start[g]
    fill = start[:-1].copy()
    rows = np.empty(start[groups], dtype=np.int64)
    for i in range(len(code)):
        if code[i] >= 0:
            rows[fill[code[i]]] = i
            fill[code[i]] += 1
    return start, rows
