"""Random networks of a few millimetres a street, made directly, so that ties abound."""

import numpy as np
import pandas as pd
import pyproj

from spatial.network import Attachments, WalkNetwork
from spatial.network.graph import NO_PASSAGE

CRS = pyproj.CRS.from_epsg(4547)


def random_network(rng, *, nodes=None, edges=None):
    """Draw a network: loops, parallel edges, one-way stairs, parts that do not hang together."""
    n = int(rng.integers(1, 14)) if nodes is None else nodes
    m = int(rng.integers(1, 3 * n + 1)) if edges is None else edges
    chain = np.arange(min(n - 1, m))
    tail, head = rng.integers(0, n, m), rng.integers(0, n, m)
    if rng.random() < 0.7:  # long ways with few branches, which the search folds
        tail[: len(chain)], head[: len(chain)] = chain, chain + 1
        keep = rng.random(m) < 0.85
        keep[0] = True
        tail, head = tail[keep], head[keep]
    m = len(tail)
    length = rng.integers(1, 6, m) * int(rng.choice([1, 1, 50]))
    time = np.maximum(length[:, None] * rng.integers(0, 4, (m, 2)), rng.integers(0, 2))
    one_way = rng.random(m) < 0.25
    time[one_way, rng.integers(0, 2, m)[one_way]] = NO_PASSAGE
    return network_of(n, tail, head, length, time)


def network_of(nodes, tail, head, length, time):
    """Lay out a network from its edges."""
    tail, head = (np.asarray(values, dtype=np.int32) for values in (tail, head))
    time = np.asarray(time, dtype=np.int32)
    edge = np.arange(len(tail), dtype=np.int32)
    along, against = (time >= 0).T
    start = np.concatenate([tail[along], head[against]])
    end = np.concatenate([head[along], tail[against]])
    arc = np.concatenate([edge[along], edge[against]])
    ms = np.concatenate([time[along, 0], time[against, 1]])
    order = np.lexsort((arc, end, start))
    length = np.asarray(length, dtype=np.int32)
    count = np.bincount(start, minlength=nodes)
    return WalkNetwork(
        crs=CRS,
        node_xy_m=np.zeros((nodes, 2)),
        node_component=np.zeros(nodes, dtype=np.int32),
        edge_from=tail,
        edge_to=head,
        edge_length_mm=length,
        edge_time_ms=time,
        edge_layer=np.zeros(len(tail), dtype=np.int32),
        edge_open=np.ones(len(tail), dtype=bool),
        edge_street_code=np.full(len(tail), -1, dtype=np.int32),
        edge_xy_m=np.zeros((2 * len(tail), 2)),
        edge_xy_start=2 * np.arange(len(tail) + 1, dtype=np.int64),
        arc_start=np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
        arc_head=end[order],
        arc_length_mm=length[arc[order]],
        arc_time_ms=ms[order],
        arc_edge=arc[order],
    )


def on_edges(network, rng, count, prefix):
    """Draw points on the edges, some at their ends, some not attached."""
    edge = rng.integers(0, network.edge_count, count).astype(np.int32)
    offset = (rng.random(count) * (network.edge_length_mm[edge] + 1)).astype(np.int32)
    edge[rng.random(count) < 0.1] = -1
    ids = [f"{prefix}{number}" for number in rng.permutation(count)]
    return Attachments(
        ids=pd.Index(ids),
        edge=edge,
        offset_mm=offset,
        entry_mm=rng.integers(0, 4, count).astype(np.int32),
        xy_m=np.zeros((count, 2)),
        why_not=np.where(edge < 0, "far", "").astype(object),
    )
