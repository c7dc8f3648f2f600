"""What is reached from each origin: nodes of the network, or points on it, with their costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.network.attach import Attachments
from spatial.network.graph import WalkNetwork
from spatial.reach.arcs import By
from spatial.reach.ball_kernels import ball_pairs
from spatial.reach.kernels import Array
from spatial.reach.kernels import _jit as jit
from spatial.reach.laid import LaidPoints, lay_points, streets_of
from spatial.reach.streets import Streets
from spatial.reach.sums import whole_limit
from spatial.units import MM_PER_M

__all__ = ["Reached", "reached_nodes", "reached_points"]

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Reached:
    """Targets of origin ``i``: rows ``start[i]:start[i + 1]`` of `target` and `cost`."""

    index: pd.Index  # (o,) ids of the origins (numbers, where they are nodes)
    start: Longs  # (o + 1,)
    target: Ints  # node number, or row of the points
    cost: Ints  # whole mm, or ms when searched by time

    @property
    def counts(self) -> pd.Series:
        """How many targets each origin reaches; missing does not occur: not attached is 0."""
        return pd.Series(np.diff(self.start), index=self.index, name="reached")

    @property
    def distance_m(self) -> npt.NDArray[np.float64]:
        """Cost of each pair in metres (seconds when searched by time)."""
        return self.cost / MM_PER_M


def reached_nodes(
    network: WalkNetwork | Streets,
    origins: Attachments | LaidPoints | None,
    *,
    cutoff_m: float,
    by: By = "distance",
) -> Reached:
    """List the nodes within a walk of each origin, with their costs.

    Parameters
    ----------
    network : WalkNetwork or Streets
    origins : Attachments or LaidPoints, shape (o,), or None
        None: every node. Rows with one id that stand together are ways out of one place.
    cutoff_m : float
        In metres (seconds when `by` is time), inclusive.
    by : {"distance", "time"}

    Returns
    -------
    Reached
        In the order of the origins; nodes of one origin in no particular order.

    Notes
    -----
    Dijkstra's search [1]_ between corners only (nodes that join two edges are stops on chains),
    with a queue of buckets.

    References
    ----------
    .. [1] E. W. Dijkstra (1959), Numerische Mathematik 1, 269-271.
    """
    streets = streets_of(network, origins, by=by)
    made = lay_points(streets, origins).starts
    start, node, cost = ball_pairs(
        streets.forward, streets.chains, streets.edge_arcs, made.sources,
        *streets.nodes_beside, streets.network.node_count, whole_limit(cutoff_m),
    )  # fmt: skip
    return _in_order(made.index, made.order, start, node, cost)


def reached_points(
    network: WalkNetwork | Streets,
    origins: Attachments | LaidPoints,
    points: Attachments | LaidPoints,
    *,
    cutoff_m: float,
    by: By = "distance",
    towards: bool = False,
) -> Reached:
    """List the points within a walk of each origin, with their costs.

    Parameters
    ----------
    network, origins, cutoff_m, by
        As in :func:`reached_nodes`.
    points : Attachments or LaidPoints, shape (p,)
        Rows with one id that stand together are ways into one place.
    towards : bool
        Walk from the points to the origins: who reaches a facility, not what it reaches.

    Returns
    -------
    Reached
        `target` is the first row of each point.
    """
    index, order, start, target, cost = reached_runs(
        network, origins, points, cutoff_m=cutoff_m, by=by, towards=towards
    )
    return _in_order(index, order, start, target, cost)


def reached_runs(
    network: WalkNetwork | Streets,
    origins: Attachments | LaidPoints,
    points: Attachments | LaidPoints,
    *,
    cutoff_m: float,
    by: By,
    towards: bool,
) -> tuple[pd.Index, Longs, Longs, Ints, Ints]:
    """As :func:`reached_points`, origins in the order in which they lie along the streets.

    Returns
    -------
    index : Index, shape (o,)
        Ids of the origins.
    order : array, shape (g,)
        Rows of `index`: those that are attached.
    start : array, shape (g + 1,)
        What ``order[k]`` reaches: ``start[k]:start[k + 1]`` of the other two.
    target, cost : array of int32
    """
    streets = streets_of(network, points, by=by)
    sources, targets = lay_points(streets, origins), lay_points(streets, points)
    made = sources.goals if towards else sources.starts
    facing = streets.backward_sides if towards else (streets.chains, streets.edge_arcs)
    runs = ball_pairs(
        streets.backward if towards else streets.forward, *facing, made.sources,
        *(targets.homes_beside if towards else targets.ends_beside), len(targets.given),
        whole_limit(cutoff_m),
    )  # fmt: skip
    return made.index, made.order, *runs


def _in_order(index: pd.Index, order: Longs, start: Longs, target: Ints, cost: Ints) -> Reached:
    """Bring sources back into the order of the origins."""
    counts = np.zeros(len(index), dtype=np.int64)
    counts[order] = np.diff(start)
    out = np.concatenate([[0], np.cumsum(counts)])
    if np.array_equal(order, np.arange(len(index))):
        return Reached(index, out, target, cost)
    begin = np.zeros(len(index), dtype=np.int64)
    begin[order] = start[:-1]
    return Reached(index, out, *_moved(begin, out, target, cost))


@jit
def _moved(begin: Array, out: Array, target: Array, cost: Array) -> tuple[Array, Array]:
    """Copy run after run of rows, from where each begins to its place."""
    new_target, new_cost = np.empty_like(target), np.empty_like(cost)
    for i in range(len(begin)):
        away = begin[i] - out[i]
        for row in range(out[i], out[i + 1]):
            new_target[row] = target[row + away]
            new_cost[row] = cost[row + away]
    return new_target, new_cost
