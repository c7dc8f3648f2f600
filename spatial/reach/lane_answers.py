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
from spatial.reach.lane_rows import WIDTH, fill_lanes, lower_lanes, unpack_lanes
from spatial.reach.lanes import Lanes, Packing, Rows, packed

__all__ = ["Answers", "Targets", "answer_nodes", "answer_points", "largest_other"]

_jit: Any = numba.njit(cache=True, nogil=True)
_inline: Any = numba.njit(cache=True, nogil=True, inline="always")


class Answers(NamedTuple):
    """Answers of some origins, one column per kind; the lanes are written from `column` on."""

    key: Array  # flat (o · columns) int64
    facility: Array  # flat (o · columns) int32
    columns: int
    column: int


class Targets(NamedTuple):
    """Facilities on their edges; entries of `on_edges` are those of `lanes`."""

    placed: Placed  # of all facilities
    lanes: Lanes
    on_edges: OnEdges


@_inline
def _unpack(
    labels: Array, base: Whole, lanes: Lanes, packing: Packing, answers: Answers, origin: Whole
) -> None:
    """Write one row of labels as keys and facilities."""
    count = len(lanes.start) - 1
    at = origin * answers.columns + answers.column
    bits = (packing.other_bits, packing.rank_bits)
    none = (packing.beyond, FAR, len(lanes.row) - 1)
    if count < WIDTH:
        _unpack_few(labels, base, lanes, packing, answers, at)
        return
    for lane in range(0, count, WIDTH):
        # The last eight overlap those before, which writes some answers twice.
        first = min(lane, count - WIDTH)
        unpack_lanes(
            labels, base + first, lanes.start, lanes.row, first, bits, none,
            answers.key, answers.facility, at + first,
        )  # fmt: skip


@_jit
def _unpack_few(
    labels: Array, base: Whole, lanes: Lanes, packing: Packing, answers: Answers, at: Whole
) -> None:
    ranks = (np.int64(1) << packing.rank_bits) - 1
    others = (np.int64(1) << packing.other_bits) - 1
    for lane in range(len(lanes.start) - 1):
        label = labels[base + lane]
        value = label >> packing.rank_bits
        inside = label < packing.beyond
        whole = ((value >> packing.other_bits) << SHIFT) | (value & others)
        entry = lanes.start[lane] + (label & ranks) if inside else len(lanes.row) - 1
        answers.key[at + lane] = whole if inside else FAR
        answers.facility[at + lane] = lanes.row[entry]


@_inline
def _from_neighbours(
    rows: Rows, heads: Array, keys: Array, at: Whole, row: Whole, packing: Packing
) -> None:
    """Lower the row of a simple node by those of its neighbours."""
    for side in range(2):
        head = heads[at, side]
        if head < 0:
            break
        more = packed(packing, keys[at, side])
        if more < packing.beyond:
            lower_lanes(rows.labels, row, rows.labels, np.int64(rows.row[head]), more, rows.vectors)


@_jit
def answer_nodes(rows: Rows, lanes: Lanes, packing: Packing, answers: Answers) -> None:
    """Write the answers of all nodes, those of simple nodes while their rows are at hand.

    Simple nodes are settled from their neighbours, those taken out last going first.
    """
    core = len(rows.touched)
    width = rows.vectors * WIDTH
    heads, keys = rows.folded.simple_head, rows.folded.simple_away
    for place in range(core):
        node = np.int64(rows.folded.node[place])
        _unpack(rows.labels, place * width, lanes, packing, answers, node)
    for at in range(len(heads)):
        row = np.int64(rows.row[core + at])
        if row < 0:
            row = np.int64(core + at)
            if not rows.own:
                row = core + np.int64(rows.folded.simple_slot[at])
            rows.row[core + at] = row
            fill_lanes(rows.labels, row, packing.beyond, rows.vectors)
        _from_neighbours(rows, heads, keys, at, row, packing)
        node = np.int64(rows.folded.node[core + at])
        _unpack(rows.labels, row * width, lanes, packing, answers, node)


@_jit
def _settle_outward(rows: Rows, packing: Packing) -> None:
    """Settle the simple nodes as :func:`answer_nodes` does, where each has its own row."""
    core = len(rows.touched)
    heads, keys = rows.folded.simple_head, rows.folded.simple_away
    for at in range(len(heads)):
        row = np.int64(rows.row[core + at])
        if row < 0:
            row = np.int64(core + at)
            rows.row[core + at] = row
            fill_lanes(rows.labels, row, packing.beyond, rows.vectors)
        _from_neighbours(rows, heads, keys, at, row, packing)


@_jit
def largest_other(rows: Rows, packing: Packing) -> Whole:
    """Largest `other` of any label within the limit, where every node has its own row."""
    mask = (1 << packing.other_bits) - 1
    most = 0
    for at in range(len(rows.labels)):
        if rows.labels[at] < packing.beyond:
            most = max(most, (rows.labels[at] >> packing.rank_bits) & mask)
    return most


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
    lanes, place = targets.lanes, rows.folded.place
    _settle_outward(rows, packing)
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
                    there = place[arcs.edge_from[e] if end == 0 else arcs.edge_to[e]]
                    row = np.int64(rows.row[there])
                    lower_lanes(best, 0, rows.labels, row, more, rows.vectors)
            for i in range(targets.on_edges.start[e], targets.on_edges.start[e + 1]):
                at = targets.on_edges.order[i]
                t = lanes.row[at]
                direct = same_edge_key(arcs, e, origins.offset_mm[p], targets.placed.offset_mm[t])
                if direct >= FAR:
                    continue
                label = packed(packing, direct + targets.placed.entry_key[t] + entry)
                if label < packing.beyond:
                    lane = lanes.lane[at]
                    best[lane] = min(best[lane], label + at - lanes.start[lane])
        _unpack(best, 0, lanes, packing, answers, origin)
