"""Which ways through a network a patch takes away and which it makes.

A walk that neither begins nor ends on an edge that changed differs only if it runs through an edge
that is lost or gained from end to end. Few nodes meet all such edges, so few searches tell who is
touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from spatial.network.edits import NetworkPatch
from spatial.network.graph import WalkNetwork

__all__ = ["ThroughWays", "ways_through"]

Longs = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class ThroughWays:
    """Nodes through which every walk leads that a patch takes away, or makes."""

    lost: Longs
    """Nodes of the network before: every walk that is no more passes one of them."""
    gained: Longs
    """Nodes of the network after: every walk that is new passes one of them."""


def ways_through(network: WalkNetwork, patch: NetworkPatch) -> ThroughWays:
    """Find the nodes that meet every edge which a patch takes away or makes.

    Parameters
    ----------
    network : WalkNetwork
        Before the patch.
    patch : NetworkPatch

    Returns
    -------
    ThroughWays
        Walks that begin or end on an edge of the patch are not counted: their points moved.

    Notes
    -----
    An edge that was cut and still leads from its one end to its other in as many millimetres and
    milliseconds is neither lost nor gained. An edge with an end that leads nowhere else is no way
    through. The nodes are a vertex cover, found greedily.
    """
    row_of = {int(edge): row for row, edge in enumerate(patch.edge)}
    lost: list[tuple[int, int]] = []
    kept: set[int] = set()
    for edge in patch.edge[patch.edge < patch.edges].tolist():
        pieces = [row_of[piece[2]] for piece in patch.pieces.get(edge, ((0, 0, edge),))]
        if _leads_on(network, patch, edge, pieces):
            kept |= set(pieces)
        elif (network.edge_time_ms[edge] >= 0).any():
            lost.append((int(network.edge_from[edge]), int(network.edge_to[edge])))
    walked = np.flatnonzero((patch.edge_time_ms >= 0).any(axis=1)).tolist()
    ends = [(int(patch.edge_from[row]), int(patch.edge_to[row])) for row in walked]
    gained = [pair for row, pair in zip(walked, ends, strict=True) if row not in kept]
    kept_ends = [pair for row, pair in zip(walked, ends, strict=True) if row in kept]
    return ThroughWays(
        _cover(lost, patch.nodes), _cover(_through(gained, kept_ends, patch.nodes), patch.nodes)
    )


def _leads_on(network: WalkNetwork, patch: NetworkPatch, edge: int, pieces: list[int]) -> bool:
    """Whether the pieces of an edge together are still the way that it was."""
    tail, head = patch.edge_from[pieces], patch.edge_to[pieces]
    joined = all(head[a] == tail[b] for a, b in pairwise(range(len(pieces))))
    ends = tail[0] == network.edge_from[edge] and head[-1] == network.edge_to[edge]
    same_mm = patch.edge_length_mm[pieces].sum() == network.edge_length_mm[edge]
    times, whole = patch.edge_time_ms[pieces], network.edge_time_ms[edge]
    barred = (times < 0).any(axis=0)
    same_ms = np.where(whole < 0, barred, ~barred & (times.sum(axis=0) == whole)).all()
    return bool(joined and ends and same_mm and same_ms)


def _through(
    gained: list[tuple[int, int]], kept: list[tuple[int, int]], nodes: int
) -> list[tuple[int, int]]:
    """Leave out, again and again, edges that end at a new node where nothing else does."""
    while True:
        degree: dict[int, int] = {}
        for pair in [*gained, *kept]:
            for node in pair:
                degree[node] = degree.get(node, 0) + 1
        left = [pair for pair in gained if all(node < nodes or degree[node] > 1 for node in pair)]
        if len(left) == len(gained):
            return gained
        gained = left


def _cover(pairs: list[tuple[int, int]], nodes: int) -> Longs:
    """Meet every edge with few nodes; of equals a new node, then the first."""
    chosen: list[int] = []
    while pairs:
        degree: dict[int, int] = {}
        for tail, head in pairs:
            degree[tail] = degree.get(tail, 0) + 1
            if head != tail:
                degree[head] = degree.get(head, 0) + 1
        best = min(degree, key=lambda node: (-degree[node], node < nodes, node))
        chosen.append(best)
        pairs = [pair for pair in pairs if best not in pair]
    return np.array(sorted(chosen), dtype=np.int64)
