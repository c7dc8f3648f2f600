"""The network laid out for the search of all kinds at once: simple nodes folded into their ways.

Most nodes of a walking network have one or two neighbours: bends, dead ends, places where two
ways join. Such a node is taken out, and the way through it becomes one arc between its two
neighbours; that may leave a neighbour with two neighbours, and so on. What remains is the core.
Shortest ways between core nodes stay what they were, and the answer of a node that was taken out
follows from its two neighbours, which were still there when it went.
"""

# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numba
import numpy as np

from spatial.network.graph import WalkNetwork
from spatial.reach.arcs import LOW, SHIFT, By, arcs_for
from spatial.reach.kernels import FAR, Array, Whole

__all__ = ["LaneNetwork", "lane_network"]

_jit: Any = numba.njit(cache=True, nogil=True)


class LaneNetwork(NamedTuple):
    """Arcs between places; a place is where the row of a node stands.

    The ``c`` places of the core come first, in the order of the nodes, then the ``s`` simple
    nodes, the one taken out last standing first: each after its neighbours. Keys as in
    :class:`spatial.reach.kernels.Arcs`, ``FAR`` where one may not walk.
    """

    place: Array  # (n,) int32 place of each node
    node: Array  # (n,) int32 node at each place
    core_start: Array  # (c + 1,) int64 arcs of core place i: core_start[i]..core_start[i + 1]
    core_head: Array  # (k,) int32 place
    core_key: Array  # (k,) int64 from place i to the head
    simple_head: Array  # (s, 2) int32 place of the neighbours, -1 where there are fewer
    simple_away: Array  # (s, 2) int64 key from the simple node to its neighbour
    simple_back: Array  # (s, 2) int64 key from the neighbour to the simple node
    simple_slot: Array  # (s,) int32 passing room of each simple node, see :func:`_slots`
    slots: int  # how many of them
    steepest: float  # largest `other` per unit of cost of any arc; infinite where cost is 0


class _Around(NamedTuple):
    """Neighbours of each node: ``start[i]:start[i] + size[i]``, each once, with both keys."""

    start: Array  # (n + 1,) int64
    size: Array  # (n,) int32
    head: Array  # int32
    away: Array  # int64
    back: Array  # int64


_KEPT: WeakKeyDictionary[WalkNetwork, dict[str, LaneNetwork]] = WeakKeyDictionary()


def lane_network(network: WalkNetwork, *, by: By = "distance") -> LaneNetwork:
    """Fold the simple nodes of a network; done once per network and `by`, and kept with it."""
    kept = _KEPT.setdefault(network, {})
    if by not in kept:
        arcs = arcs_for(network, by=by)
        cost, other = arcs.key >> SHIFT, arcs.key & LOW
        steep = np.divide(other, cost, out=np.full(len(cost), np.inf), where=cost > 0)
        steep[other == 0] = 0.0
        folded = _fold(arcs.start, arcs.head, arcs.edge, arcs.key, network.edge_count)
        steepest = float(steep.max(initial=0.0))
        kept[by] = LaneNetwork(*folded, steepest)  # type: ignore[call-arg]
    return kept[by]


@_jit
def _around(  # noqa: C901
    arc_start: Array, arc_head: Array, arc_edge: Array, arc_key: Array, edges: Whole
) -> _Around:
    """Join the arcs of both directions, of parallel edges the best; loops lead nowhere."""
    nodes = len(arc_start) - 1
    start = np.zeros(nodes + 1, dtype=np.int64)
    seen = np.zeros(edges, dtype=np.uint8)
    for node in range(nodes):
        for a in range(arc_start[node], arc_start[node + 1]):
            if arc_head[a] != node and seen[arc_edge[a]] == 0:
                seen[arc_edge[a]] = 1
                start[node + 1] += 1
                start[arc_head[a] + 1] += 1
    for node in range(nodes):
        start[node + 1] += start[node]
    room = start[nodes]
    size = np.zeros(nodes, dtype=np.int32)
    head = np.empty(room, dtype=np.int32)
    away = np.empty(room, dtype=np.int64)
    back = np.empty(room, dtype=np.int64)
    for node in range(nodes):
        for a in range(arc_start[node], arc_start[node + 1]):
            if arc_head[a] == node:
                continue
            for side in range(2):
                mine = node if side == 0 else arc_head[a]
                other = arc_head[a] if side == 0 else node
                at = start[mine]
                end = at + size[mine]
                while at < end and head[at] != other:
                    at += 1
                if at == end:
                    head[at] = other
                    away[at] = FAR
                    back[at] = FAR
                    size[mine] += 1
                if side == 0:
                    away[at] = min(away[at], arc_key[a])
                else:
                    back[at] = min(back[at], arc_key[a])
    return _Around(start, size, head, away, back)


@_jit
def _forget(around: _Around, node: Whole, gone: Whole) -> None:
    """Take a neighbour off the list of a node."""
    last = around.start[node] + around.size[node] - 1
    at = around.start[node]
    while around.head[at] != gone:
        at += 1
    around.head[at] = around.head[last]
    around.away[at] = around.away[last]
    around.back[at] = around.back[last]
    around.size[node] -= 1


@_jit
def _bridge(
    around: _Around, node: Whole, gone: Whole, other: Whole, away: Whole, back: Whole
) -> None:
    """Let a node lead to `other` where it led to the one that goes."""
    for at in range(around.start[node], around.start[node] + around.size[node]):
        if around.head[at] == other:
            around.away[at] = min(around.away[at], away)
            around.back[at] = min(around.back[at], back)
            _forget(around, node, gone)
            return
    at = around.start[node]
    while around.head[at] != gone:
        at += 1
    around.head[at] = other
    around.away[at] = away
    around.back[at] = back


@_jit
def _fold(  # noqa: C901, PLR0912, PLR0915
    arc_start: Array, arc_head: Array, arc_edge: Array, arc_key: Array, edges: Whole
) -> Any:
    """Take out nodes of at most two neighbours as long as there are any."""
    around = _around(arc_start, arc_head, arc_edge, arc_key, edges)
    nodes = len(around.size)
    gone = np.zeros(nodes, dtype=np.uint8)
    order = np.empty(nodes, dtype=np.int32)
    head = np.full((nodes, 2), -1, dtype=np.int32)
    away = np.full((nodes, 2), FAR, dtype=np.int64)
    back = np.full((nodes, 2), FAR, dtype=np.int64)
    stack = np.empty(nodes + 2, dtype=np.int32)
    count = 0
    for first in range(nodes):
        stack[0] = first
        top = 1
        while top > 0:
            top -= 1
            node = stack[top]
            size = around.size[node]
            if gone[node] or size > 2:
                continue
            gone[node] = 1
            at = around.start[node]
            for side in range(size):
                head[count, side] = around.head[at + side]
                away[count, side] = around.away[at + side]
                back[count, side] = around.back[at + side]
            if size == 1:
                _forget(around, head[count, 0], node)
            if size == 2:
                one = head[count, 0]
                two = head[count, 1]
                there = FAR
                if back[count, 0] < FAR and away[count, 1] < FAR:
                    there = back[count, 0] + away[count, 1]
                here = FAR
                if back[count, 1] < FAR and away[count, 0] < FAR:
                    here = back[count, 1] + away[count, 0]
                _bridge(around, one, node, two, there, here)
                _bridge(around, two, node, one, here, there)
            for side in range(size):
                # A node that comes later is looked at in its turn.
                near = head[count, side]
                if near < first and around.size[near] <= 2 and gone[near] == 0:
                    stack[top] = near
                    top += 1
            order[count] = node
            count += 1
    place = np.empty(nodes, dtype=np.int32)
    core = 0
    for node in range(nodes):
        if gone[node] == 0:
            place[node] = core
            core += 1
    for i in range(count):
        place[order[i]] = core + count - 1 - i
    core_start = np.zeros(core + 1, dtype=np.int64)
    for node in range(nodes):
        if gone[node] == 0:
            core_start[place[node] + 1] = around.size[node]
    for i in range(core):
        core_start[i + 1] += core_start[i]
    core_head = np.empty(core_start[core], dtype=np.int32)
    core_key = np.empty(core_start[core], dtype=np.int64)
    for node in range(nodes):
        if gone[node] == 0:
            to = core_start[place[node]]
            for at in range(around.start[node], around.start[node] + around.size[node]):
                core_head[to] = place[around.head[at]]
                core_key[to] = around.away[at]
                to += 1
    simple_head = np.full((count, 2), -1, dtype=np.int32)
    simple_away = np.empty((count, 2), dtype=np.int64)
    simple_back = np.empty((count, 2), dtype=np.int64)
    for i in range(count):
        to = count - 1 - i
        for side in range(2):
            if head[i, side] >= 0:
                simple_head[to, side] = place[head[i, side]]
            simple_away[to, side] = away[i, side]
            simple_back[to, side] = back[i, side]
    at_place = np.empty(nodes, dtype=np.int32)
    for node in range(nodes):
        at_place[place[node]] = node
    slot, slots = _slots(simple_head, core)
    return (
        place, at_place, core_start, core_head, core_key, simple_head, simple_away, simple_back,
        slot, slots,
    )  # fmt: skip


@_jit
def _slots(simple_head: Array, core: Whole) -> tuple[Array, Whole]:
    """Give each simple node a room of its own from when it is settled until it is last asked.

    Few nodes are needed at the same time, so few rooms do. Room 0 is for those never asked.
    """
    count = len(simple_head)
    last = np.full(count, -1, dtype=np.int32)
    for at in range(count):
        for side in range(2):
            if simple_head[at, side] >= core:
                last[simple_head[at, side] - core] = at
    slot = np.zeros(count, dtype=np.int32)
    free = np.empty(count, dtype=np.int32)
    top = 0
    slots = 1
    for at in range(count):
        if last[at] >= 0:
            if top > 0:
                top -= 1
                slot[at] = free[top]
            else:
                slot[at] = slots
                slots += 1
        for side in range(2):
            near = simple_head[at, side] - core
            if near >= 0 and last[near] == at:
                free[top] = slot[near]
                top += 1
    return slot, slots
