"""The way itself: a line from point to point, for people who ask why."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely

from spatial.network.attach import Attachments
from spatial.network.graph import WalkNetwork
from spatial.reach.arcs import By, arcs_for, limit_key, place_points
from spatial.reach.kernels import (
    FAR,
    INWARD,
    OUTWARD,
    Arcs,
    Placed,
    ball_nodes,
    same_edge_key,
    to_end_key,
)
from spatial.reach.parts import EdgeLines, cut_edges

__all__ = ["path_between"]

Ints = npt.NDArray[np.int64]


def path_between(
    network: WalkNetwork,
    origins: Attachments,
    origin: int,
    targets: Attachments,
    target: int,
    *,
    by: By = "distance",
    cutoff_m: float | None = None,
) -> shapely.LineString | None:
    """Draw the shortest walk from one point to another.

    Parameters
    ----------
    network : WalkNetwork
    origins, targets : Attachments
    origin, target : int
        Rows of the two points.
    by : {"distance", "time"}
    cutoff_m : float, optional
        Search no farther (seconds when `by` is time): sooner done where the walk is known.

    Returns
    -------
    LineString or None
        From the origin's place over its entry, the streets and the target's entry to the
        target's place; None if there is no way, or none within the limit.
    """
    if origins.edge[origin] < 0 or targets.edge[target] < 0:
        return None
    arcs = arcs_for(network, by=by)
    start = place_points(network, origins.take(np.array([origin])), by=by)
    goal = place_points(network, targets.take(np.array([target])), by=by)
    limit = FAR - 1 if cutoff_m is None else limit_key(cutoff_m)
    pieces = _pieces(arcs, start, goal, limit)
    if pieces is None:
        return None
    lines = cut_edges(
        EdgeLines.of(network), *(np.array(column) for column in zip(*pieces, strict=True))
    )
    xy = np.concatenate(
        [
            origins.xy_m[[origin]],
            *(
                shapely.get_coordinates(line)[:: 1 if forward else -1]
                for line, forward in zip(lines, (p[1] <= p[2] for p in pieces), strict=True)
            ),
            targets.xy_m[[target]],
        ]
    )
    moved = np.ones(len(xy), dtype=bool)
    moved[1:] = np.hypot(*np.diff(xy, axis=0).T) > 1e-6
    if moved.sum() < 2:  # both points at one place
        return shapely.LineString(xy[[0, -1]])
    return shapely.LineString(xy[moved])


def _pieces(
    arcs: Arcs, start: Placed, goal: Placed, limit: int
) -> list[tuple[int, int, int]] | None:
    """Edges walked, each from and to a place in millimetres (from > to: against its run)."""
    nodes = len(arcs.start) - 1
    label = np.full(nodes, FAR, dtype=np.int64)
    via = np.full(nodes, -1, dtype=np.int32)
    ball_nodes(arcs, start, limit, label, via, np.empty(nodes, dtype=np.int32))
    edge, place = int(goal.edge[0]), int(goal.offset_mm[0])
    seed_edge, seed_place = int(start.edge[0]), int(start.offset_mm[0])
    length = int(arcs.edge_length_mm[edge])
    best, last = FAR, -1
    for end, node in enumerate((int(arcs.edge_from[edge]), int(arcs.edge_to[edge]))):
        part = to_end_key(arcs, edge, place, end, INWARD)
        if part < FAR and label[node] < FAR and label[node] + part < best:
            best, last = int(label[node] + part), end
    if edge == seed_edge:
        direct = same_edge_key(arcs, edge, seed_place, place)
        if direct < FAR and direct + int(start.entry_key[0]) <= best:
            return [(edge, seed_place, place)]
    if last < 0:
        return None
    pieces = [(edge, 0 if last == 0 else length, place)]
    node = int(arcs.edge_from[edge] if last == 0 else arcs.edge_to[edge])
    tails = np.repeat(np.arange(nodes), np.diff(arcs.start))
    while via[node] >= 0:
        arc = int(via[node])
        walked, tail = int(arcs.edge[arc]), int(tails[arc])
        whole = int(arcs.edge_length_mm[walked])
        along = int(arcs.edge_from[walked]) == tail and int(arcs.edge_to[walked]) == node
        pieces.append((walked, 0, whole) if along else (walked, whole, 0))
        node = tail
    whole = int(arcs.edge_length_mm[seed_edge])
    to_tail = to_end_key(arcs, seed_edge, seed_place, 0, OUTWARD)
    is_tail = int(arcs.edge_from[seed_edge]) == node and to_tail + start.entry_key[0] == label[node]
    pieces.append((seed_edge, seed_place, 0 if is_tail else whole))
    return pieces[::-1]
