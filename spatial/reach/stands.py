"""Where points stand along the streets, and what stands beside each corner."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from spatial.reach.chains import Chains, by_code, stop_to_stop
from spatial.reach.kernels import Array, Whole
from spatial.reach.kernels import _jit as jit
from spatial.reach.vectors import UNREACHED

__all__ = ["KEY_SHIFT", "Links", "Spots", "Stands", "stand_along"]

KEY_SHIFT: Final = 32


class Spots(NamedTuple):
    """Where points stand: on which chain, between which stops, and what lies to both.

    `left` and `right` are the stops around the point (the same one at a node), with the cost
    between the point and each of them: away from the point, or towards it.
    """

    chain: Array  # (p,) int32; -1 = at a corner, or not attached
    left: Array  # (p,) int32
    right: Array  # (p,) int32
    left_cost: Array  # (p,) int64, BARRED where one may not walk
    right_cost: Array  # (p,) int64
    edge: Array  # (p,) int32; -1 = at a node
    offset_mm: Array  # (p,) int32
    entry: Array  # (p,) int64 straight entry, part of both costs
    end: Array  # (p, 2) int32 corners by which the point is entered or left; -1 = none
    end_cost: Array  # (p, 2) int32


class Links(NamedTuple):
    """Arcs between corners, head beside cost: what a search reads together lies together."""

    start: Array  # (n + 1,) int32
    arc: Array  # (a, 2) int32: head, cost


class Stands(NamedTuple):
    """Targets along the streets, by the corner that their chain begins at.

    The rows of one chain stand together, and those of all chains that begin at a corner too: once
    the corners are known, one pass over the rows of each gives its targets.
    """

    start: Array  # (n + 1,) int32: rows of each corner
    row: Array  # (r, 4) int32: target, its cost from this corner, the other corner, cost from there
    far_start: Array  # (n + 1,) int32
    far: Array  # (f, 3) int32: chains that end at a corner: where they begin, rows low and high
    longest: Array  # (n,) int32: dearest of the chains that end at a corner, walked from it
    most: Array  # (n,) int32: rows of all chains at a corner, begun or ended there
    of_chain: Array  # (c, 2) int32: rows of each chain, low and high
    spot: Array  # (r,) int32: row of the spots
    single: Array  # (1,) bool: no target has more than one row


@jit
def stand_along(  # noqa: C901, PLR0912
    chains: Chains, spots: Spots, target: Array, targets: Whole, corners: Whole
) -> Stands:
    """Sort the places of targets by corner and chain; `target` -1 is left out."""
    first, last = chains.first, chains.last
    single = np.ones(1, dtype=np.bool_)
    ways = np.zeros(targets, dtype=np.int32)
    usable = np.full(len(target), -1, dtype=np.int64)  # corners, then chains
    for r in range(len(target)):
        if target[r] < 0 or (spots.chain[r] < 0 and spots.end[r, 0] < 0):
            continue
        usable[r] = corners + spots.chain[r] if spots.chain[r] >= 0 else spots.end[r, 0]
        ways[target[r]] += 1
        if ways[target[r]] > 1:
            single[0] = False
    low, spot = by_code(usable, corners + len(first))
    start = np.zeros(corners + 1, dtype=np.int32)
    far_start = np.zeros(corners + 1, dtype=np.int32)
    for v in range(corners):
        start[v + 1] += low[v + 1] - low[v]
    for c in range(len(first)):
        size = low[corners + c + 1] - low[corners + c]
        start[first[c] + 1] += size
        if size > 0 and first[c] != last[c]:
            far_start[last[c] + 1] += 1
    for v in range(corners):
        start[v + 1] += start[v]
        far_start[v + 1] += far_start[v]
    row = np.empty((len(spot), 4), dtype=np.int32)
    row_spot = np.empty(len(spot), dtype=np.int32)
    far = np.empty((far_start[corners], 3), dtype=np.int32)
    longest = np.zeros(corners, dtype=np.int32)
    most = start[1:] - start[:-1]
    of_chain = np.zeros((len(first), 2), dtype=np.int32)
    fill, far_fill = start[:-1].copy(), far_start[:-1].copy()
    for k in range(corners + len(first)):
        own = k if k < corners else first[k - corners]
        other = k if k < corners else last[k - corners]
        begin = fill[own]
        for i in range(low[k], low[k + 1]):
            r, at = spot[i], fill[own]
            fill[own] += 1
            row_spot[at] = r
            row[at, 0], row[at, 1], row[at, 2], row[at, 3] = target[r], UNREACHED, other, UNREACHED
            for end in range(2):
                if spots.end[r, end] == own:
                    row[at, 1] = min(row[at, 1], spots.end_cost[r, end])
                elif spots.end[r, end] == other:
                    row[at, 3] = min(row[at, 3], spots.end_cost[r, end])
        if k >= corners and fill[own] > begin:
            of_chain[k - corners, 0], of_chain[k - corners, 1] = begin, fill[own]
            if own != other:
                at = far_fill[other]
                far_fill[other] += 1
                far[at, 0], far[at, 1], far[at, 2] = own, begin, fill[own]
                most[other] += fill[own] - begin
                c = k - corners
                whole = stop_to_stop(chains, chains.start[c + 1] - 1, chains.start[c])
                longest[other] = max(longest[other], min(whole, UNREACHED))
    return Stands(start, row, far_start, far, longest, most, of_chain, row_spot, single)
