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
    "largest_other",
    "packed",
    "packing_for",
    "rows_of_lanes",
    "search_lanes",
    "settle_simple",
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
    """Facilities of some kinds; lane k has those at ``start[k]:start[k + 1]``, in order of rank."""

    start: Array  # (k + 1,) int64
    row: Array  # (s + 1,) int32 row of the facility; the last is -1, that of none
    lane: Array  # (s,) int32 lane of each entry


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


@_inline
def packed(packing: Packing, key: Whole) -> Whole:
    """Label of a key, without a rank."""
    cost = key >> SHIFT
    if cost > packing.limit:
        return packing.beyond
    return ((cost << packing.other_bits) + (key & LOW)) << packing.rank_bits


class Rows(NamedTuple):
    """A row of labels for each place of a folded network."""

    folded: LaneNetwork
    labels: Array  # flat int64
    vectors: int
    known: Array  # (n,) uint8, whether the row holds anything yet


def rows_of_lanes(folded: LaneNetwork, lanes: int) -> Rows:
    """Room for the labels of some lanes, each row at the start of a line of memory."""
    vectors = -(-lanes // WIDTH)
    size = len(folded.place) * vectors * WIDTH
    raw = np.empty(size + WIDTH, dtype=np.int64)
    skip = (-raw.ctypes.data // raw.itemsize) % WIDTH
    known = np.zeros(len(folded.place), dtype=np.uint8)
    return Rows(folded, raw[skip : skip + size], vectors, known)


@_jit
def search_lanes(
    rows: Rows, arcs: Arcs, goals: Placed, lanes: Lanes, order: Array, packing: Packing
) -> None:
    """Settle the core; what is left to do is :func:`settle_simple` for each simple node in turn.

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
    labels, vectors, known, place = rows.labels, rows.vectors, rows.known, rows.folded.place
    width = vectors * WIDTH
    core = len(rows.folded.core_start) - 1
    for empty in range(core):
        fill_lanes(labels, empty, packing.beyond, vectors)
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
            if label >= packing.beyond:
                continue
            row = np.int64(place[arcs.edge_from[e] if end == 0 else arcs.edge_to[e]])
            if known[row] == 0:
                known[row] = 1
                if row >= core:
                    fill_lanes(labels, row, packing.beyond, vectors)
            spot = row * width + lane
            labels[spot] = min(labels[spot], label + at - lanes.start[lane])


@_jit
def _settle_inward(rows: Rows, packing: Packing) -> None:
    """Carry what simple nodes know to their neighbours, those taken out first going first."""
    folded, labels, vectors, known = rows.folded, rows.labels, rows.vectors, rows.known
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
                known[head] = 1
            if lower_lanes(labels, head, labels, row, more, vectors):
                known[head] = 1


@_jit
def _settle_core(rows: Rows, packing: Packing) -> None:
    """Sweep over the core until no row changes."""
    labels, vectors = rows.labels, rows.vectors
    start, head, known = rows.folded.core_start, rows.folded.core_head, rows.known
    core = len(start) - 1
    keys = np.empty(len(head), dtype=np.int64)
    for at in range(len(head)):
        keys[at] = packed(packing, rows.folded.core_key[at])
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


@_inline
def settle_simple(rows: Rows, packing: Packing, at: Whole) -> None:
    """Settle one simple node from its neighbours; the one taken out last comes first."""
    folded, labels, vectors = rows.folded, rows.labels, rows.vectors
    row = len(folded.core_start) - 1 + at
    if rows.known[row] == 0:
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
