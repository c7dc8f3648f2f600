"""Reading rows of lanes: the answers of nodes, and of points that stand on edges."""

# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np

from spatial.reach.arcs import SHIFT
from spatial.reach.kernels import (
    FAR,
    OUTWARD,
    Arcs,
    Array,
    OnEdges,
    Placed,
    Whole,
    same_edge_key,
    to_end_key,
)
from spatial.reach.lane_rows import WIDTH, fill_lanes, lower_lanes
from spatial.reach.lanes import Lanes, Packing, packed

__all__ = ["Answers", "Rows", "Targets", "answer_nodes", "answer_points"]

_jit: Any = numba.njit(cache=True, nogil=True)


class Answers(NamedTuple):
    """Answers of some origins, one column per kind; the lanes are written from `column` on."""

    key: Array  # (o, kinds) int64
    facility: Array  # (o, kinds) int32
    column: int


class Rows(NamedTuple):
    """Rows of labels as they were found."""

    place: Array  # (n,) int32 row of each node
    labels: Array  # flat int64
    vectors: int


class Targets(NamedTuple):
    """Facilities on their edges; entry i of `on_edges` is ``lanes.row[i]``, of kind ``lane[i]``."""

    placed: Placed  # of all facilities
    lanes: Lanes
    lane: Array  # (s,) int64
    on_edges: OnEdges


@_jit
def _unpack(
    labels: Array, base: Whole, lanes: Lanes, packing: Packing, answers: Answers, origin: Whole
) -> None:
    """Write one row of labels as keys and facilities."""
    # Without branches, so that several lanes go at once: the label of what is not reached has rank
    # 0, and every kind has a facility of rank 0.
    ranks = (np.int64(1) << packing.rank_bits) - 1
    others = (np.int64(1) << packing.other_bits) - 1
    other_bits, rank_bits, beyond = packing.other_bits, packing.rank_bits, packing.beyond
    key = answers.key[origin, answers.column :]
    facility = answers.facility[origin, answers.column :]
    start, row = lanes.start, lanes.row
    for lane in range(len(start) - 1):
        label = labels[base + lane]
        value = label >> rank_bits
        whole = ((value >> other_bits) << SHIFT) | (value & others)
        owner = row[start[lane] + (label & ranks)]
        key[lane] = whole if label < beyond else FAR
        facility[lane] = owner if label < beyond else np.int32(-1)


@_jit
def answer_nodes(rows: Rows, lanes: Lanes, packing: Packing, answers: Answers) -> None:
    """Write the answers of all nodes."""
    for node in range(len(rows.place)):
        base = np.int64(rows.place[node]) * rows.vectors * WIDTH
        _unpack(rows.labels, base, lanes, packing, answers, node)


@_jit
def answer_points(
    arcs: Arcs,
    rows: Rows,
    targets: Targets,
    origins: Placed,
    ways: Array,
    packing: Packing,
    answers: Answers,
) -> None:
    """Write the answers of points: the best of their ways, by both ends or along the same edge.

    `arcs` are forward. Rows ``ways[o]:ways[o + 1]`` of `origins` are the ways out of origin o.
    """
    lanes = targets.lanes
    best = np.empty(rows.vectors * WIDTH, dtype=np.int64)
    for origin in range(len(ways) - 1):
        fill_lanes(best, 0, packing.beyond, rows.vectors)
        for p in range(ways[origin], ways[origin + 1]):
            e = origins.edge[p]
            if e < 0:
                continue
            entry = origins.entry_key[p]
            for end in range(2):
                part = to_end_key(arcs, e, origins.offset_mm[p], end, OUTWARD)
                if part >= FAR:
                    continue
                more = packed(packing, part + entry)
                if more < packing.beyond:
                    row = rows.place[arcs.edge_from[e] if end == 0 else arcs.edge_to[e]]
                    lower_lanes(best, 0, rows.labels, row, more, rows.vectors)
            for i in range(targets.on_edges.start[e], targets.on_edges.start[e + 1]):
                at = targets.on_edges.order[i]
                t = lanes.row[at]
                direct = same_edge_key(arcs, e, origins.offset_mm[p], targets.placed.offset_mm[t])
                if direct >= FAR:
                    continue
                label = packed(packing, direct + targets.placed.entry_key[t] + entry)
                if label < packing.beyond:
                    lane = targets.lane[at]
                    best[lane] = min(best[lane], label + at - lanes.start[lane])
        _unpack(best, 0, lanes, packing, answers, origin)
