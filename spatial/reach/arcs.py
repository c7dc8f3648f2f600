"""The network as the kernels see it: one whole number per arc that orders paths exactly."""

from __future__ import annotations

from typing import Any, Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from spatial.errors import StandardsError
from spatial.network.attach import Attachments
from spatial.network.graph import WalkNetwork
from spatial.reach.kernels import Arcs, OnEdges, Placed
from spatial.units import MM_PER_M, MS_PER_S

__all__ = [
    "LOW",
    "SHIFT",
    "By",
    "Edges",
    "arcs_for",
    "edges_for",
    "limit_key",
    "place_points",
    "points_by_edge",
    "split_key",
]

By = Literal["distance", "time"]

SHIFT: Final = 32
LOW: Final = (1 << SHIFT) - 1

Longs = npt.NDArray[np.int64]


class Edges(NamedTuple):
    """Edges without arcs, for those who only read places on them; fields as in ``Arcs``."""

    edge_from: Any  # (m,) int32
    edge_to: Any  # (m,) int32
    edge_length_mm: Any  # (m,) int32
    edge_time_ms: Any  # (m, 2) int32
    by_time: bool


def _pack(cost: Longs, other: Longs) -> Longs:
    return (cost << SHIFT) | other


def arcs_for(network: WalkNetwork, *, by: By = "distance", backward: bool = False) -> Arcs:
    """Lay out the arcs for a search.

    Parameters
    ----------
    network : WalkNetwork
    by : {"distance", "time"}
        What the search minimises; the other one breaks ties.
    backward : bool
        Search against the walk: from where one wants to get, to where one starts.
    """
    if by not in {"distance", "time"}:
        raise StandardsError(
            f"`by` is {by!r}; use distance or time.",
            zh=f"by 为 {by!r};请用 distance 或 time。",
        )
    length = network.arc_length_mm.astype(np.int64)
    time = network.arc_time_ms.astype(np.int64)
    key = _pack(length, time) if by == "distance" else _pack(time, length)
    start, head, edge = network.arc_start, network.arc_head, network.arc_edge
    times = network.edge_time_ms
    if backward:
        tail = np.repeat(np.arange(network.node_count, dtype=np.int32), np.diff(start))
        order = np.lexsort((edge, tail, head))
        arriving = np.bincount(head, minlength=network.node_count)
        start = np.concatenate([[0], np.cumsum(arriving)]).astype(np.int64)
        head, edge, key = tail[order], edge[order], key[order]
        times = np.ascontiguousarray(times[:, ::-1])
    return Arcs(
        start=start,
        head=head,
        edge=edge,
        key=key,
        edge_from=network.edge_from,
        edge_to=network.edge_to,
        edge_length_mm=network.edge_length_mm,
        edge_time_ms=times,
        by_time=by == "time",
    )


def edges_for(network: WalkNetwork, *, by: By = "distance") -> Edges:
    """Lay out the edges alone, in the direction of the walk."""
    return Edges(
        edge_from=network.edge_from,
        edge_to=network.edge_to,
        edge_length_mm=network.edge_length_mm,
        edge_time_ms=network.edge_time_ms,
        by_time=by == "time",
    )


def place_points(network: WalkNetwork, points: Attachments, *, by: By = "distance") -> Placed:
    """Give each point the key of its straight entry, walked at level speed."""
    entry = points.entry_mm.astype(np.int64)
    per_mm = MS_PER_S / (MM_PER_M * network.speed_m_per_s)
    time = np.round(entry * per_mm).astype(np.int64)
    return Placed(
        edge=points.edge,
        offset_mm=points.offset_mm,
        entry_key=_pack(entry, time) if by == "distance" else _pack(time, entry),
    )


def limit_key(limit: float) -> int:
    """Largest key within a limit in metres or seconds (both count in thousandths), inclusive.

    Examples
    --------
    >>> limit_key(0.001) == (1 << 32) + (1 << 32) - 1
    True
    """
    if not limit >= 0:
        raise StandardsError(
            f"A limit must be 0 or more, not {limit!r}.",
            zh=f"限值须不小于 0,不能是 {limit!r}。",
        )
    return (round(limit * 1000) << SHIFT) | LOW


def split_key(
    key: Longs, *, by: By = "distance"
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Metres and seconds of keys."""
    cost, other = (key >> SHIFT) / 1000.0, (key & LOW) / 1000.0
    return (cost, other) if by == "distance" else (other, cost)


def points_by_edge(edge: npt.NDArray[np.int32], edge_count: int) -> OnEdges:
    """Sort points by the edge they are attached to."""
    order = np.argsort(edge, kind="stable")
    attached = order[np.searchsorted(edge[order], 0) :]
    count = np.bincount(edge[attached], minlength=edge_count)
    start = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    return OnEdges(start=start, order=attached.astype(np.int64))
