"""Nearest facility of many kinds from everywhere, all kinds at once: a lane for each kind.

Every node has a row of labels, one lane per kind. A label is one whole number that orders the
answers: ``cost | other | rank``, where cost and other are those of a key (see
:mod:`spatial.reach.arcs`) and the rank is the facility's place among those of its kind. Going
along an arc adds one number to a whole row, and the better answers of two rows are the smaller
numbers, lane by lane. How many bits each part gets is chosen so that no part runs over.

Rows settle as in the method of Bellman and Ford [1]_, in sweeps along the curve on which the nodes
lie, forth and back, looking only at rows that have a neighbour that changed; the nodes that
were folded away (:mod:`spatial.reach.lane_network`) are settled once before and once after.

References
----------
.. [1] R. Bellman (1958), On a routing problem, Quarterly of Applied Mathematics 16, 87-90.
"""

# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numba
import numpy as np

from spatial.reach.arcs import LOW, SHIFT
from spatial.reach.kernels import FAR, INWARD, Arcs, Array, Placed, Whole, to_end_key
from spatial.reach.lane_network import LaneNetwork
from spatial.reach.lane_rows import WIDTH, fill_lanes, lower_lanes, pull_lanes

__all__ = [
    "MOST_LANES",
    "Lanes",
    "Packing",
    "Rows",
    "packed",
    "packing_for",
    "rows_of_lanes",
    "search_lanes",
]

MOST_LANES: Final = 32
"""Kinds searched together; more would push the rows out of the processor's near memory."""
NEAR_VECTORS: Final = 2**19
"""Vectors of labels (64 bytes) up to which rows stay in near memory: in order, they are faster."""
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
    """Facilities of some kinds; lane k has those at ``start[k]:start[k + 1]``, in order of rank."""

    start: Array  # (k + 1,) int64
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
    """Rows of labels of the places of a folded network: the core's, then those of simple nodes."""

    folded: LaneNetwork
    labels: Array  # flat int64
    vectors: int
    row: Array  # (n,) int32 row of each place; -1 as long as it has none
    touched: Array  # (c,) uint8, whether the row of a core place holds anything yet
    spare: Array  # (1,) int64 first row that nobody has
    own: bool  # whether every place has the row of its number; else simple nodes share some


def rows_of_lanes(folded: LaneNetwork, lanes: int, *, keep: bool) -> Rows:
    """Room for the labels of some lanes, each row at the start of a line of memory.

    Where rows need not be kept after they are read, simple nodes of a large network share some.
    """
    vectors = -(-lanes // WIDTH)
    core = len(folded.core_start) - 1
    own = keep or len(folded.place) * vectors <= NEAR_VECTORS
    first = core if own else core + folded.slots
    size = (first + len(folded.simple_head)) * vectors * WIDTH
    raw = np.empty(size + WIDTH, dtype=np.int64)  # what is not used takes no memory
    skip = (-raw.ctypes.data // raw.itemsize) % WIDTH
    row = np.full(len(folded.place), -1, dtype=np.int32)
    row[:core] = np.arange(core)
    touched = np.zeros(core, dtype=np.uint8)
    spare = np.array([first], dtype=np.int64)
    return Rows(folded, raw[skip : skip + size], vectors, row, touched, spare, own)


@_jit
def _empty_row(rows: Rows, packing: Packing, place: Whole) -> Whole:
    """Give a place its row, with nothing in it."""
    row = np.int64(place)
    if not rows.own:
        row = rows.spare[0]
        rows.spare[0] += 1
    rows.row[place] = row
    fill_lanes(rows.labels, row, packing.beyond, rows.vectors)
    return row


@_jit
def search_lanes(
    rows: Rows, arcs: Arcs, goals: Placed, lanes: Lanes, order: Array, packing: Packing
) -> None:
    """Settle the core; the simple nodes are left to those who read them.

    `arcs` are forward. A row holds the walk from its node to the nearest facility, its entry
    included. The entries of `lanes` are looked at in `order`, best along their edges.
    """
    _seed(rows, arcs, goals, lanes, order, packing)
    _settle_inward(rows, packing)
    _settle_core(rows, packing)


@_jit
def _seed(
    rows: Rows, arcs: Arcs, goals: Placed, lanes: Lanes, order: Array, packing: Packing
) -> None:
    """Write the facilities into the rows at both ends of their edges; the core starts empty."""
    labels, vectors, beyond = rows.labels, rows.vectors, packing.beyond
    row_of, touched, place_of = rows.row, rows.touched, rows.folded.place
    core = len(touched)
    for empty in range(core):
        fill_lanes(labels, empty, beyond, vectors)
    for i in range(len(order)):
        at = order[i]
        p = lanes.row[at]
        e = goals.edge[p]
        if e < 0:
            continue
        lane = lanes.lane[at]
        for end in range(2):
            part = to_end_key(arcs, e, goals.offset_mm[p], end, INWARD)
            if part >= FAR:
                continue
            label = packed(packing, part + goals.entry_key[p])
            if label >= beyond:
                continue
            place = place_of[arcs.edge_from[e] if end == 0 else arcs.edge_to[e]]
            if place < core:
                touched[place] = 1
            row = np.int64(row_of[place])
            if row < 0:
                row = _empty_row(rows, packing, place)
            spot = row * vectors * WIDTH + lane
            labels[spot] = min(labels[spot], label + at - lanes.start[lane])


@_jit
def _settle_inward(rows: Rows, packing: Packing) -> None:
    """Carry what simple nodes know to their neighbours, those taken out first going first."""
    labels, vectors, beyond = rows.labels, rows.vectors, packing.beyond
    row_of, touched = rows.row, rows.touched
    heads, keys = rows.folded.simple_head, rows.folded.simple_back
    core = len(touched)
    for at in range(len(heads) - 1, -1, -1):
        row = np.int64(row_of[core + at])
        if row < 0:
            continue
        for side in range(2):
            head = heads[at, side]
            if head < 0:
                break
            more = packed(packing, keys[at, side])
            if more >= beyond:
                continue
            into = np.int64(row_of[head])
            if into < 0:
                into = _empty_row(rows, packing, head)
            if lower_lanes(labels, into, labels, row, more, vectors) and head < core:
                touched[head] = 1


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
