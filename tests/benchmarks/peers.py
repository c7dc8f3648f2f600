"""Peers on the same input: scipy and networkx on our network, osmnx on the same file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import csgraph

from spatial.network import Attachments, WalkNetwork

Ints = npt.NDArray[np.int64]
MM = 1000.0


@dataclass(frozen=True)
class SplitGraph:
    """The network with a node at every attached point; weights in millimetres."""

    matrix: sparse.csr_array  # (n, n) from, to
    nodes: tuple[Ints, ...]  # of each set of attachments: node of each point, -1 = not attached


def split_graph(network: WalkNetwork, *attachments: Attachments) -> SplitGraph:
    """Cut every edge at the points on it; the straight entry is added by the caller.

    Points at the same place of an edge share a node, and points at its ends use the junction,
    so no arc has length 0 unless the network has one.
    """
    edge = np.concatenate([a.edge for a in attachments]).astype(np.int64)
    offset = np.concatenate([a.offset_mm for a in attachments]).astype(np.int64)
    attached = edge >= 0
    length = network.edge_length_mm.astype(np.int64)
    first, second = network.edge_from.astype(np.int64), network.edge_to.astype(np.int64)
    node = np.full(len(edge), -1, dtype=np.int64)
    at_start = attached & (offset <= 0)
    at_end = attached & ~at_start & (offset >= length[np.maximum(edge, 0)])
    node[at_start], node[at_end] = first[edge[at_start]], second[edge[at_end]]
    inner = attached & ~at_start & ~at_end
    key, place = np.unique(
        np.column_stack([edge[inner], offset[inner]]), axis=0, return_inverse=True
    )
    node[inner] = network.node_count + place.ravel()
    stop_edge = np.concatenate([np.arange(network.edge_count)] * 2 + [key[:, 0]])
    stop_mm = np.concatenate([np.zeros(network.edge_count, dtype=np.int64), length, key[:, 1]])
    stop_node = np.concatenate([first, second, network.node_count + np.arange(len(key))])
    rank = np.concatenate([np.zeros(len(length)), np.full(len(length), 2), np.ones(len(key))])
    order = np.lexsort([rank, stop_mm, stop_edge])
    stop_edge, stop_mm, stop_node = stop_edge[order], stop_mm[order], stop_node[order]
    same = stop_edge[:-1] == stop_edge[1:]
    tail, head = stop_node[:-1][same], stop_node[1:][same]
    mm, of = np.diff(stop_mm)[same], stop_edge[:-1][same]
    along, against = (network.edge_time_ms[of] >= 0).T
    rows = np.concatenate([tail[along], head[against]])
    columns = np.concatenate([head[along], tail[against]])
    weights = np.concatenate([mm[along], mm[against]]).astype(float)
    # Of parallel edges the shorter one counts; a sparse matrix would add them.
    order = np.lexsort([weights, columns, rows])
    rows, columns, weights = rows[order], columns[order], weights[order]
    fresh = np.ones(len(rows), dtype=bool)
    fresh[1:] = (rows[1:] != rows[:-1]) | (columns[1:] != columns[:-1])
    fresh &= rows != columns
    n = network.node_count + len(key)
    matrix = sparse.csr_array((weights[fresh], (rows[fresh], columns[fresh])), shape=(n, n))
    ends = np.cumsum([len(a) for a in attachments])
    return SplitGraph(matrix, tuple(np.split(node, ends[:-1])))


def scipy_nearest_mm(
    graph: SplitGraph,
    origins: Attachments,
    facilities: Attachments,
    rows_of_kind: list[Ints],
    *,
    cutoff_m: float,
) -> npt.NDArray[np.float64]:
    """Walking millimetres to the nearest of each kind, shape (kinds, origins); inf = none.

    One search per kind on the reversed graph from a node that stands for all its facilities,
    joined to each by the length of its entry.
    """
    start, goal = graph.nodes
    n = graph.matrix.shape[0]
    backward = graph.matrix.T.tocoo()
    out = np.full((len(rows_of_kind), len(origins)), np.inf)
    limit = cutoff_m * MM
    inside = start >= 0
    for number, all_rows in enumerate(rows_of_kind):
        rows = all_rows[goal[all_rows] >= 0]
        if not len(rows):
            continue
        # Of facilities at one place the one with the shortest entry counts. One millimetre more
        # keeps an entry of length 0 in the matrix; it is taken off again.
        entry = facilities.entry_mm[rows].astype(float) + 1.0
        order = np.lexsort([entry, goal[rows]])
        place, entry = goal[rows][order], entry[order]
        fresh = np.diff(place, prepend=-1) != 0
        matrix = sparse.csr_array(
            (
                np.concatenate([backward.data, entry[fresh]]),
                (
                    np.concatenate([backward.row, np.full(int(fresh.sum()), n)]),
                    np.concatenate([backward.col, place[fresh]]),
                ),
            ),
            shape=(n + 1, n + 1),
        )
        far = csgraph.dijkstra(matrix, indices=n, limit=limit + 1.0) - 1.0
        total = far[start[inside]] + origins.entry_mm[inside]
        out[number, inside] = np.where(total <= limit, total, np.inf)
    return out


def networkx_reached_mm(
    graph: SplitGraph,
    origins: Attachments,
    facilities: Attachments,
    *,
    cutoff_m: float,
) -> dict[tuple[int, int], int]:
    """Walking millimetres from each origin to each facility within the cutoff."""
    import networkx as nx

    start, goal = graph.nodes
    at_node: dict[int, list[int]] = {}
    for row, node in enumerate(goal.tolist()):
        if node >= 0:
            at_node.setdefault(node, []).append(row)
    coo = graph.matrix.tocoo()
    net = nx.DiGraph()
    net.add_weighted_edges_from(
        zip(coo.row.tolist(), coo.col.tolist(), coo.data.tolist(), strict=True)
    )
    limit = cutoff_m * MM
    reached: dict[tuple[int, int], int] = {}
    for row, node in enumerate(start.tolist()):
        if node < 0:
            continue
        left = limit - float(origins.entry_mm[row])
        if left < 0 or node not in net:
            continue
        for other, mm in nx.single_source_dijkstra_path_length(net, node, cutoff=left).items():
            for facility in at_node.get(other, ()):
                total = mm + float(facilities.entry_mm[facility])
                if total <= left:
                    reached[row, facility] = int(total + float(origins.entry_mm[row]))
    return reached
