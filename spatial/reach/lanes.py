"""Nearest facility of many kinds from everywhere, all kinds at once: a lane for each kind.

Every node has a row of labels, one lane per kind. A label is one whole number that orders the
answers: ``cost | other | rank``, where cost and other are those of a key (see
:mod:`spatial.reach.arcs`) and the rank is the facility's place among those of its kind. Going
along an arc adds one number to a whole row, and the better answers of two rows are the smaller
numbers, lane by lane. How many bits each part gets is chosen so that no part runs over.

Rows settle as in the method of Bellman and Ford [1]_, in sweeps along the curve on which the nodes
lie, forth and back, looking only at rows that have a neighbour that changed. The nodes that
were folded away (:mod:`spatial.reach.lane_network`) are settled once before, when they know of
one or two facilities each and need no row, and once after, by those who read them.

References
----------
.. [1] R. Bellman (1958), On a routing problem, Quarterly of Applied Mathematics 16, 87-90.
"""

# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numba
import numpy as np

from spatial.reach.arcs import LOW, SHIFT, Edges
from spatial.reach.kernels import FAR, INWARD, Array, Placed, Whole, to_end_key
from spatial.reach.lane_network import LaneNetwork
from spatial.reach.lane_rows import LINE, WIDTH, fill_lanes, pull_lanes

__all__ = [
    "MOST_LANES",
    "Lanes",
    "Loose",
    "Packing",
    "Rows",
    "lined_up",
    "packed",
    "packing_for",
    "rows_of_lanes",
    "search_lanes",
]

MOST_LANES: Final = 32
"""Kinds searched together; more would push the rows out of the processor's near memory."""
LABEL_BITS: Final = 62
"""Bits of a label; the sum of two fits into 63."""

_jit: Any = numba.njit(cache=True, nogil=True)
_inline: Any = numba.njit(cache=True, nogil=True, inline="always")


class Packing(NamedTuple):
    """How a label is put together."""

    limit: int  # largest cost that counts
    other_bits: int
    rank_bits: int
    beyond: int  # label of what is not reached; every label within the limit is smaller


class Lanes(NamedTuple):
    """Facilities of some kinds; lane k has those at ``start[k]:start[k + 1]``, in order of rank.

    Lanes behind the last kind, which fill the last vector, have none.
    """

    start: Array  # (8 · vectors + 1,) int64
    row: Array  # (s + 1,) int32 row of the facility; the last is -1, that of none
    lane: Array  # (s,) int32 lane of each entry


def packing_for(limit_cost: int, most_facilities: int) -> Packing | None:
    """Choose the bits of a label; None where they do not suffice for any time or length.

    Examples
    --------
    >>> packing_for(1_080_000, 500)
    Packing(limit=1080000, other_bits=32, rank_bits=9, beyond=2374947315019415552)
    """
    rank_bits = max(int(most_facilities - 1).bit_length(), 1)
    other_bits = min(LABEL_BITS - rank_bits - (limit_cost + 1).bit_length(), SHIFT)
    if other_bits < 1:
        return None
    beyond = (limit_cost + 1) << (other_bits + rank_bits)
    return Packing(limit_cost, other_bits, rank_bits, beyond)


@_inline
def packed(packing: Packing, key: Whole) -> Whole:
    """Label of a key, without a rank."""
    cost = key >> SHIFT
    if cost > packing.limit:
        return packing.beyond
    return ((cost << packing.other_bits) + (key & LOW)) << packing.rank_bits


class Rows(NamedTuple):
    """Rows of labels of the places of a folded network, and one in which there is nothing."""

    folded: LaneNetwork
    labels: Array  # flat int64
    vectors: int
    row: Array  # (n,) int32 row of each place
    touched: Array  # (c,) uint8, whether the row of a core place holds anything yet
    nothing: int  # row that is always empty
    own: bool  # whether every place has a row of its own; else simple nodes share some


class Loose(NamedTuple):
    """Labels of simple nodes before the core is settled: few, so that they stand one by one."""

    first: Array  # (s,) int32 first label of each simple node, -1 for none
    after: Array  # int32 the next one of the same node, -1 for none
    lane: Array  # int32
    label: Array  # int64


def lined_up(size: int, dtype: type[np.generic]) -> np.ndarray[Any, Any]:
    """Room for some numbers, beginning where a line of memory does."""
    item = np.dtype(dtype).itemsize
    raw = np.empty(size + LINE // item, dtype=dtype)  # what is not used takes no memory
    skip = (-raw.ctypes.data // item) % (LINE // item)
    return raw[skip : skip + size]


def rows_of_lanes(folded: LaneNetwork, lanes: int, *, keep: bool) -> Rows:
    """Room for the labels of some lanes; simple nodes share rows unless those are to be kept."""
    vectors = -(-lanes // WIDTH)
    core, places = len(folded.core_start) - 1, len(folded.place)
    row = np.arange(places, dtype=np.int32)
    count = places
    if not keep:
        row[core:] = folded.simple_slot + core
        count = core + folded.slots
    labels = lined_up((count + 1) * vectors * WIDTH, np.int64)
    return Rows(folded, labels, vectors, row, np.zeros(core, dtype=np.uint8), count, keep)


@_jit
def search_lanes(
    rows: Rows, edges: Edges, goals: Placed, lanes: Lanes, order: Array, packing: Packing
) -> Loose:
    """Settle the core; the simple nodes are left to those who read them, with what they know.

    A row holds the walk from its node to the nearest facility, its entry included. The entries
    of `lanes` are looked at in `order`, best along their edges.
    """
    fill_lanes(rows.labels, rows.nothing, packing.beyond, rows.vectors)
    loose, count = _seed(rows, edges, goals, lanes, order, packing)
    loose = _settle_inward(rows, loose, count, packing)
    _settle_core(rows, packing)
    return loose


@_inline
def _note(
    first: Array, after: Array, lanes: Array, labels: Array,
    count: Whole, node: Whole, lane: Whole, label: Whole,
) -> Whole:  # fmt: skip
    """Let a simple node know of a label; return how many labels there are. See :class:`Loose`."""
    at = first[node]
    while at >= 0 and lanes[at] != lane:
        at = after[at]
    if at >= 0:
        labels[at] = min(labels[at], label)
    else:
        after[count] = first[node]
        lanes[count] = lane
        labels[count] = label
        first[node] = count
        count += 1
    return count


@_jit
def _seed(
    rows: Rows, edges: Edges, goals: Placed, lanes: Lanes, order: Array, packing: Packing
) -> tuple[Loose, Whole]:
    """Tell both ends of the edges of the facilities; return the labels of simple nodes."""
    labels, beyond = rows.labels, packing.beyond
    touched, place_of = rows.touched, rows.folded.place
    width = rows.vectors * WIDTH
    core = len(touched)
    for empty in range(core):
        fill_lanes(labels, empty, beyond, rows.vectors)
    room = 8 * len(order) + 4 * MOST_LANES
    first = np.full(len(place_of) - core, -1, dtype=np.int32)
    after = np.empty(room, dtype=np.int32)
    loose_lane = np.empty(room, dtype=np.int32)
    loose_label = np.empty(room, dtype=np.int64)
    count = np.int64(0)
    for i in range(len(order)):
        at = order[i]
        p = lanes.row[at]
        e = goals.edge[p]
        if e < 0:
            continue
        lane = lanes.lane[at]
        for end in range(2):
            part = to_end_key(edges, e, goals.offset_mm[p], end, INWARD)
            if part >= FAR:
                continue
            label = packed(packing, part + goals.entry_key[p])
            if label >= beyond:
                continue
            label += at - lanes.start[lane]
            place = np.int64(place_of[edges.edge_from[e] if end == 0 else edges.edge_to[e]])
            if place < core:
                touched[place] = 1
                spot = place * width + lane
                labels[spot] = min(labels[spot], label)
            else:
                node = place - core
                count = _note(
                    first, after, loose_lane, loose_label, count, node, np.int64(lane), label
                )
    return Loose(first, after, loose_lane, loose_label), count


@_jit
def _settle_inward(rows: Rows, loose: Loose, count: Whole, packing: Packing) -> Loose:
    """Carry what simple nodes know to their neighbours, those taken out first going first."""
    first, after, lane, label = loose
    node = len(first) - 1
    while True:
        node, count = _carry(rows, Loose(first, after, lane, label), node, count, packing)
        if node < 0:
            return Loose(first, after, lane, label)
        after, lane, label = _longer(after, lane, label)


@_jit
def _carry(  # noqa: C901
    rows: Rows, loose: Loose, node: Whole, count: Whole, packing: Packing
) -> tuple[Whole, Whole]:
    """Carry on from a node as long as there is room; return the next node, or -1, and the count.

    Counting references to arrays would cost more than the work, so that nothing is called here.
    """
    labels, beyond, touched = rows.labels, packing.beyond, rows.touched
    heads, keys = rows.folded.simple_head, rows.folded.simple_back
    first, after, lanes, known = loose
    width = rows.vectors * WIDTH
    core = len(touched)
    while node >= 0:
        if first[node] < 0:
            node -= 1
            continue
        if count + 2 * width > len(known):  # a node knows at most one label per lane
            return node, count
        for side in range(2):
            head = np.int64(heads[node, side])
            if head < 0:
                break
            more = packed(packing, keys[node, side])
            at = np.int64(first[node])
            while at >= 0:
                label = known[at] + more
                lane = np.int64(lanes[at])
                at = np.int64(after[at])
                if label >= beyond:
                    continue
                if head < core:
                    spot = head * width + lane
                    if label < labels[spot]:
                        labels[spot] = label
                        touched[head] = 1
                    continue
                same = np.int64(first[head - core])
                while same >= 0 and lanes[same] != lane:
                    same = np.int64(after[same])
                if same >= 0:
                    known[same] = min(known[same], label)
                    continue
                after[count] = first[head - core]
                lanes[count] = lane
                known[count] = label
                first[head - core] = count
                count += 1
        node -= 1
    return node, count


@_jit
def _longer(after: Array, lane: Array, label: Array) -> tuple[Array, Array, Array]:
    room = len(label)
    more_after = np.empty(2 * room, dtype=np.int32)
    more_lane = np.empty(2 * room, dtype=np.int32)
    more_label = np.empty(2 * room, dtype=np.int64)
    more_after[:room] = after
    more_lane[:room] = lane
    more_label[:room] = label
    return more_after, more_lane, more_label


@_jit
def _settle_core(rows: Rows, packing: Packing) -> None:
    """Sweep over the core until no row changes."""
    labels, vectors = rows.labels, rows.vectors
    start, head = rows.folded.core_start, rows.folded.core_head
    core = len(start) - 1
    keys = np.empty(len(head), dtype=np.int64)
    for at in range(len(head)):
        keys[at] = packed(packing, rows.folded.core_key[at])
    due = np.zeros(core, dtype=np.uint8)
    for row in range(core):
        if rows.touched[row]:
            for at in range(start[row], start[row + 1]):
                due[head[at]] = 1
    forth = True
    more = True
    while more:
        more = False
        for step in range(core):
            row = step if forth else core - 1 - step
            if due[row] == 0:
                continue
            due[row] = 0
            if pull_lanes(labels, head, keys, row, start[row], start[row + 1], vectors):
                more = True
                for at in range(start[row], start[row + 1]):
                    due[head[at]] = 1
        forth = not forth
