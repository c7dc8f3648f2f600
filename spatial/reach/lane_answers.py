"""Reading rows of lanes: the answers of nodes, and of points that stand on edges."""

# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numba
import numpy as np

from spatial.reach.arcs import SHIFT, Edges
from spatial.reach.kernels import (
    FAR,
    OUTWARD,
    Array,
    OnEdges,
    Placed,
    Whole,
    same_edge_key,
    to_end_key,
)
from spatial.reach.lane_rows import (
    WIDTH,
    fetch_lanes,
    fill_lanes,
    lower_lanes,
    settle_lanes,
    unpack_lanes,
)
from spatial.reach.lanes import Lanes, Loose, Packing, Rows, lined_up, packed

__all__ = ["Answers", "Targets", "answer_nodes", "answer_points", "largest_other", "room_for"]

AHEAD: Final = 8
"""Ways out by which rows are asked for before they are read."""

_jit: Any = numba.njit(cache=True, nogil=True)
_inline: Any = numba.njit(cache=True, nogil=True, inline="always")


class Answers(NamedTuple):
    """Answers of some origins, one column per kind; the lanes are written from `column` on.

    From eight kinds on there are columns enough for whole vectors, each in a line of memory.
    """

    key: Array  # flat (o · columns) int64
    facility: Array  # flat (o · columns) int32
    columns: int
    column: int


class Targets(NamedTuple):
    """Facilities on their edges; entries of `on_edges` are those of `lanes`."""

    placed: Placed  # of all facilities
    lanes: Lanes
    on_edges: OnEdges


def room_for(origins: int, kinds: int) -> Answers:
    """Room for the answers of some origins."""
    columns = kinds if kinds < WIDTH else -(-kinds // WIDTH) * WIDTH
    size = origins * columns
    return Answers(lined_up(size, np.int64), lined_up(size, np.int32), columns, 0)


@_inline
def _unpack(
    labels: Array, base: Whole, lanes: Lanes, packing: Packing, answers: Answers, origin: Whole
) -> None:
    """Write one row of labels as keys and facilities."""
    at = origin * answers.columns + answers.column
    bits = (packing.other_bits, packing.rank_bits)
    none = (packing.beyond, FAR, len(lanes.row) - 1)
    if answers.columns < WIDTH:
        _unpack_few(labels, base, lanes, packing, answers, at)
        return
    for lane in range(0, len(lanes.start) - 1, WIDTH):
        unpack_lanes(
            labels, base + lane, lanes.start, lanes.row, lane, bits, none,
            answers.key, answers.facility, at + lane,
        )  # fmt: skip


@_jit
def _unpack_few(
    labels: Array, base: Whole, lanes: Lanes, packing: Packing, answers: Answers, at: Whole
) -> None:
    ranks = (np.int64(1) << packing.rank_bits) - 1
    others = (np.int64(1) << packing.other_bits) - 1
    for lane in range(answers.columns):
        label = labels[base + lane]
        value = label >> packing.rank_bits
        inside = label < packing.beyond
        whole = ((value >> packing.other_bits) << SHIFT) | (value & others)
        entry = lanes.start[lane] + (label & ranks) if inside else len(lanes.row) - 1
        answers.key[at + lane] = whole if inside else FAR
        answers.facility[at + lane] = lanes.row[entry]


@_inline
def _settle(rows: Rows, loose: Loose, node: Whole, packing: Packing) -> Whole:
    """Settle the row of a simple node: what it knows, and what its neighbours do; return the row.

    The neighbours were settled before, being taken out later.
    """
    head, key = rows.folded.simple_head, rows.folded.simple_away
    first, second = np.int64(head[node, 0]), np.int64(head[node, 1])
    row = np.int64(rows.row[len(rows.touched) + node])
    settle_lanes(
        rows.labels,
        row,
        np.int64(rows.row[first]) if first >= 0 else rows.nothing,
        packed(packing, key[node, 0]),
        np.int64(rows.row[second]) if second >= 0 else rows.nothing,
        packed(packing, key[node, 1]),
        packing.beyond,
        rows.vectors,
    )
    base = row * rows.vectors * WIDTH
    at = loose.first[node]
    while at >= 0:
        spot = base + loose.lane[at]
        rows.labels[spot] = min(rows.labels[spot], loose.label[at])
        at = loose.after[at]
    return row


@_jit
def answer_nodes(
    rows: Rows, loose: Loose, lanes: Lanes, packing: Packing, answers: Answers
) -> None:
    """Write the answers of all nodes, those of simple nodes while their rows are at hand."""
    core = len(rows.touched)
    width = rows.vectors * WIDTH
    for place in range(core):
        node = np.int64(rows.folded.node[place])
        _unpack(rows.labels, place * width, lanes, packing, answers, node)
    for simple in range(len(rows.folded.simple_head)):
        row = _settle(rows, loose, simple, packing)
        node = np.int64(rows.folded.node[core + simple])
        _unpack(rows.labels, row * width, lanes, packing, answers, node)


@_jit
def largest_other(rows: Rows, packing: Packing) -> Whole:
    """Largest `other` of any label within the limit, where every node has its own row."""
    mask = (1 << packing.other_bits) - 1
    most = 0
    for at in range(rows.nothing * rows.vectors * WIDTH):
        if rows.labels[at] < packing.beyond:
            most = max(most, (rows.labels[at] >> packing.rank_bits) & mask)
    return most


@_jit
def answer_points(  # noqa: C901
    edges: Edges,
    rows: Rows,
    loose: Loose,
    targets: Targets,
    origins: Placed,
    ways: Array,
    packing: Packing,
    answers: Answers,
) -> None:
    """Write the answers of points: the best of their ways, by both ends or along the same edge.

    Every node has its own row. Rows ``ways[o]:ways[o + 1]`` of `origins` are the ways out of
    origin o.
    """
    lanes, place = targets.lanes, rows.folded.place
    for simple in range(len(rows.folded.simple_head)):
        _settle(rows, loose, simple, packing)
    best = np.empty(rows.vectors * WIDTH, dtype=np.int64)
    for origin in range(len(ways) - 1):
        soon = ways[origin] + AHEAD
        if soon < len(origins.edge) and origins.edge[soon] >= 0:
            e = origins.edge[soon]
            fetch_lanes(rows.labels, np.int64(rows.row[place[edges.edge_from[e]]]), rows.vectors)
            fetch_lanes(rows.labels, np.int64(rows.row[place[edges.edge_to[e]]]), rows.vectors)
        fill_lanes(best, 0, packing.beyond, rows.vectors)
        for p in range(ways[origin], ways[origin + 1]):
            e = origins.edge[p]
            if e < 0:
                continue
            entry = origins.entry_key[p]
            for end in range(2):
                part = to_end_key(edges, e, origins.offset_mm[p], end, OUTWARD)
                if part >= FAR:
                    continue
                more = packed(packing, part + entry)
                if more < packing.beyond:
                    there = place[edges.edge_from[e] if end == 0 else edges.edge_to[e]]
                    row = np.int64(rows.row[there])
                    lower_lanes(best, 0, rows.labels, row, more, rows.vectors)
            for i in range(targets.on_edges.start[e], targets.on_edges.start[e + 1]):
                at = targets.on_edges.order[i]
                t = lanes.row[at]
                direct = same_edge_key(edges, e, origins.offset_mm[p], targets.placed.offset_mm[t])
                if direct >= FAR:
                    continue
                label = packed(packing, direct + targets.placed.entry_key[t] + entry)
                if label < packing.beyond:
                    lane = lanes.lane[at]
                    best[lane] = min(best[lane], label + at - lanes.start[lane])
        _unpack(best, 0, lanes, packing, answers, origin)
