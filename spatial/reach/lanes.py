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
import numpy.typing as npt

from spatial.reach.arcs import LOW, SHIFT
from spatial.reach.kernels import FAR, INWARD, Arcs, Array, Placed, Whole, to_end_key
from spatial.reach.lane_network import LaneNetwork
from spatial.reach.lane_rows import WIDTH, fill_lanes, lower_lanes, pull_lanes

__all__ = [
    "MOST_LANES",
    "Lanes",
    "Packing",
    "largest_other",
    "packed",
    "packing_for",
    "rows_of_nodes",
    "search_lanes",
]

MOST_LANES: Final = 32
"""Kinds searched together; more would push the rows out of the processor's near memory."""
LABEL_BITS: Final = 62
"""Bits of a label; the sum of two fits into 63."""

_jit: Any = numba.njit(cache=True, nogil=True)
Longs = npt.NDArray[np.int64]


class Packing(NamedTuple):
    """How a label is put together."""

    limit: int  # largest cost that counts
    other_bits: int
    rank_bits: int
    beyond: int  # label of what is not reached; every label within the limit is smaller


class Lanes(NamedTuple):
    """Facilities of some kinds; lane k has those at ``start[k]:start[k + 1]``, in order of rank."""

    start: Array  # (k + 1,) int64
    row: Array  # (s,) int32 row of the facility


def packing_for(limit_cost: int, most_facilities: int) -> Packing | None:
    """Choose the bits of a label; None where they do not suffice for any time or length.

    Examples
    --------
    >>> packing_for(1_080_000, 500)
    Packing(limit=1080000, other_bits=32, rank_bits=9, beyond=2375292...)
    """
    rank_bits = max(int(most_facilities - 1).bit_length(), 1)
    other_bits = min(LABEL_BITS - rank_bits - (limit_cost + 1).bit_length(), SHIFT)
    if other_bits < 1:
        return None
    beyond = (limit_cost + 1) << (other_bits + rank_bits)
    return Packing(limit_cost, other_bits, rank_bits, beyond)


@_jit
def packed(packing: Packing, key: Whole) -> Whole:
    """Label of a key, without a rank."""
    cost = key >> SHIFT
    if cost > packing.limit:
        return packing.beyond
    return ((cost << packing.other_bits) + (key & LOW)) << packing.rank_bits


def rows_of_nodes(count: int, vectors: int) -> Longs:
    """Room for a row of lanes per node, flat, each row at the start of a line of memory."""
    raw = np.empty(count * vectors * WIDTH + WIDTH, dtype=np.int64)
    skip = (-raw.ctypes.data // raw.itemsize) % WIDTH
    return raw[skip : skip + count * vectors * WIDTH]


@_jit
def search_lanes(
    folded: LaneNetwork,
    arcs: Arcs,
    goals: Placed,
    lanes: Lanes,
    packing: Packing,
    labels: Array,
    vectors: Whole,
) -> None:
    """Fill the rows of all places with the best label of each lane.

    `arcs` are forward. A row holds the walk from its node to the nearest facility, its entry
    included; `labels` may hold anything on entry.
    """
    width = vectors * WIDTH
    core = len(folded.core_start) - 1
    simple = len(folded.simple_head)
    known = np.zeros(core + simple, dtype=np.uint8)  # rows that hold something
    for row in range(core):
        fill_lanes(labels, row, packing.beyond, vectors)
    for lane in range(len(lanes.start) - 1):
        first = lanes.start[lane]
        for at in range(first, lanes.start[lane + 1]):
            p = lanes.row[at]
            e = goals.edge[p]
            if e < 0:
                continue
            for end in range(2):
                part = to_end_key(arcs, e, goals.offset_mm[p], end, INWARD)
                if part >= FAR:
                    continue
                label = packed(packing, part + goals.entry_key[p])
                if label >= packing.beyond:
                    continue
                label += at - first
                row = folded.place[arcs.edge_from[e] if end == 0 else arcs.edge_to[e]]
                if known[row] == 0:
                    known[row] = 1
                    if row >= core:
                        fill_lanes(labels, row, packing.beyond, vectors)
                spot = row * width + lane
                labels[spot] = min(labels[spot], label)
    _settle_inward(folded, packing, labels, vectors, known)
    _settle_core(folded, packing, labels, vectors, known)
    _settle_outward(folded, packing, labels, vectors, known)


@_jit
def _settle_inward(
    folded: LaneNetwork, packing: Packing, labels: Array, vectors: Whole, known: Array
) -> None:
    """Carry what simple nodes know to their neighbours, those taken out first going first."""
    core = len(folded.core_start) - 1
    for at in range(len(folded.simple_head) - 1, -1, -1):
        row = core + at
        if known[row] == 0:
            continue
        for side in range(2):
            head = np.int64(folded.simple_head[at, side])
            if head < 0:
                break
            more = packed(packing, folded.simple_back[at, side])
            if more >= packing.beyond:
                continue
            if known[head] == 0 and head >= core:
                fill_lanes(labels, head, packing.beyond, vectors)
            if lower_lanes(labels, head, labels, row, more, vectors):
                known[head] = 1


@_jit
def _settle_core(
    folded: LaneNetwork, packing: Packing, labels: Array, vectors: Whole, known: Array
) -> None:
    """Sweep over the core until no row changes."""
    start, head = folded.core_start, folded.core_head
    core = len(start) - 1
    keys = np.empty(len(head), dtype=np.int64)
    for at in range(len(head)):
        keys[at] = packed(packing, folded.core_key[at])
    due = np.zeros(core, dtype=np.uint8)
    for row in range(core):
        if known[row]:
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


@_jit
def _settle_outward(
    folded: LaneNetwork, packing: Packing, labels: Array, vectors: Whole, known: Array
) -> None:
    """Settle the simple nodes from their neighbours, those taken out last going first."""
    core = len(folded.core_start) - 1
    for at in range(len(folded.simple_head)):
        row = core + at
        if known[row] == 0:
            fill_lanes(labels, row, packing.beyond, vectors)
        for side in range(2):
            head = np.int64(folded.simple_head[at, side])
            if head < 0:
                break
            more = packed(packing, folded.simple_away[at, side])
            if more < packing.beyond:
                lower_lanes(labels, row, labels, head, more, vectors)


@_jit
def largest_other(labels: Array, packing: Packing) -> Whole:
    """Largest `other` of any label within the limit."""
    mask = (1 << packing.other_bits) - 1
    most = 0
    for label in labels:
        if label < packing.beyond:
            most = max(most, (label >> packing.rank_bits) & mask)
    return most
