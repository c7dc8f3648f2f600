"""The nearest facility of every kind: all kinds at once in lanes, or kind by kind."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.network.attach import Attachments
from spatial.network.graph import WalkNetwork
from spatial.progress import Progress, silent
from spatial.reach.arcs import (
    LOW,
    SHIFT,
    By,
    arcs_for,
    edges_for,
    limit_key,
    place_points,
    points_by_edge,
)
from spatial.reach.groups import best_of_ways, origin_starts
from spatial.reach.kernels import FAR, Placed, nearest_owner, owners_at_points
from spatial.reach.kinds import id_ranks, kinds_by_row
from spatial.reach.lane_answers import (
    Answers,
    Targets,
    answer_nodes,
    answer_points,
    largest_other,
    room_for,
)
from spatial.reach.lane_network import lane_network
from spatial.reach.lane_rows import WIDTH
from spatial.reach.lanes import (
    MOST_LANES,
    Lanes,
    Packing,
    Rows,
    packing_for,
    rows_of_lanes,
    search_lanes,
)

__all__ = ["Search", "search_all", "search_by_kind"]

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
SLACK: Final = 16
"""Milliseconds or millimetres by which rounding may add up in the parts and entries of a walk."""


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """What is asked: facilities of some kinds, how far, and what "nearest" means."""

    network: WalkNetwork
    facilities: Attachments
    kinds: tuple[str, ...]
    rows: tuple[Longs, ...]  # of each kind, rows of its facilities, in order of rank
    rank: Ints  # (f,) place of each facility among the ids in order
    limit: int  # largest key that counts
    by: By

    @classmethod
    def of(
        cls,
        network: WalkNetwork,
        facilities: Attachments,
        kinds: pd.DataFrame,
        *,
        cutoff: float,
        by: By,
    ) -> Self:
        """Check what is asked and put the facilities in order."""
        rank = id_ranks(facilities.ids)
        names, rows = kinds_by_row(kinds, facilities, rank)
        return cls(
            network=network,
            facilities=facilities,
            kinds=tuple(names),
            rows=tuple(rows),
            rank=rank,
            limit=limit_key(cutoff),
            by=by,
        )

    def some(self, first: int, last: int) -> Search:
        """Return the same search for some of the kinds."""
        return replace(self, kinds=self.kinds[first:last], rows=self.rows[first:last])


def search_all(
    search: Search, origins: Attachments | None, *, progress: Progress = silent
) -> tuple[Longs, Ints]:
    """Key and facility of the nearest of each kind.

    Parameters
    ----------
    search : Search
    origins : Attachments, shape (p,), or None
        Rows with one id that stand together are ways out of one place. None asks for the nodes.
    progress : Progress

    Returns
    -------
    key, facility : array, shape (o, kinds)
        ``FAR`` and -1 where none is within the limit. Rows may stand farther apart than they
        are long, see :class:`spatial.reach.lane_answers.Answers`.
    """
    ways = _ways(origins)
    count = search.network.node_count if origins is None else len(ways) - 1
    room = room_for(count, len(search.kinds))
    key, facility = (
        flat.reshape(count, room.columns)[:, : len(search.kinds)]
        for flat in (room.key, room.facility)
    )
    for first in range(0, len(search.kinds), MOST_LANES):
        progress("nearest", first / len(search.kinds))
        some = search.some(first, first + MOST_LANES)
        if not _search_in_lanes(some, origins, ways, room._replace(column=first)):
            last = first + len(some.kinds)
            key[:, first:last], facility[:, first:last] = search_by_kind(some, origins)
    progress("nearest", 1.0)
    return key, facility


def search_by_kind(search: Search, origins: Attachments | None) -> tuple[Longs, Ints]:
    """Answer as :func:`search_all` does, one kind after the other, however large the numbers."""
    network, by = search.network, search.by
    forward = arcs_for(network, by=by)
    backward = arcs_for(network, by=by, backward=True)
    goal = place_points(network, search.facilities, by=by)
    ways = _ways(origins)
    label = np.empty(network.node_count, dtype=np.int64)
    owner = np.empty(network.node_count, dtype=np.int32)
    by_rank = np.append(np.argsort(search.rank), -1).astype(np.int32)  # the last is that of none
    keys, facilities = [], []
    for rows in search.rows:
        some = Placed(goal.edge[rows], goal.offset_mm[rows], goal.entry_key[rows])
        rank = search.rank[rows]
        nearest_owner(backward, some, rank, search.limit, label, owner)
        best, who = label, owner
        if origins is not None:
            start = place_points(network, origins, by=by)
            on_edges = points_by_edge(some.edge, network.edge_count)
            best, who = np.empty(len(origins), np.int64), np.empty(len(origins), np.int32)
            owners_at_points(
                forward, (label, owner), some, on_edges, rank, start, search.limit, best, who
            )
            best, who = best_of_ways(best, who, ways[:-1])
        keys.append(best.copy())
        facilities.append(by_rank[who])
    if not keys:
        count = network.node_count if origins is None else len(ways) - 1
        return np.empty((count, 0), dtype=np.int64), np.empty((count, 0), dtype=np.int32)
    return np.column_stack(keys), np.column_stack(facilities)


def _ways(origins: Attachments | None) -> Longs:
    if origins is None:
        return np.empty(0, dtype=np.int64)
    return np.append(origin_starts(origins.ids), len(origins))


def _search_in_lanes(
    search: Search, origins: Attachments | None, ways: Longs, answers: Answers
) -> bool:
    """Search all kinds at once; say whether the labels had room for every answer."""
    network, by = search.network, search.by
    sizes = [len(rows) for rows in search.rows]
    packing = packing_for(search.limit >> SHIFT, max(sizes))
    if packing is None:
        return False
    filled = -(-len(sizes) // WIDTH) * WIDTH
    lanes = Lanes(
        start=np.cumsum([0, *sizes, *([0] * (filled - len(sizes)))]),
        row=np.append(np.concatenate(search.rows), -1).astype(np.int32),
        lane=np.repeat(np.arange(len(sizes), dtype=np.int32), sizes),
    )
    edges = edges_for(network, by=by)
    goals = place_points(network, search.facilities, by=by)
    start = goals if origins is None else place_points(network, origins, by=by)
    rows = rows_of_lanes(lane_network(network, by=by), len(sizes), keep=origins is not None)
    edge = goals.edge[lanes.row[:-1]]
    loose = search_lanes(rows, edges, goals, lanes, np.argsort(edge), packing)
    if origins is None:
        answer_nodes(rows, loose, lanes, packing, answers)
    else:
        on_edges = points_by_edge(edge, network.edge_count)
        targets = Targets(goals, lanes, on_edges)
        answer_points(edges, rows, loose, targets, start, ways, packing, answers)
    return _has_room(search, packing, rows, answers, (goals, start))


def _has_room(
    search: Search, packing: Packing, rows: Rows, answers: Answers, points: tuple[Placed, ...]
) -> bool:
    """Whether no walk within the limit has a larger `other` than a label can hold.

    A walk takes at most ``steepest`` per unit of cost. Where that is no help (a waiting time on
    a very short arc), the labels tell: they are right as long as they fit, and grow by no more
    than one step at a time, so that the first one that does not fit follows one that nearly does.
    """
    room = 1 << packing.other_bits
    folded = rows.folded
    steepest = folded.steepest
    step = 0
    for placed in points:
        entry = placed.entry_key[placed.edge >= 0]
        cost, other = entry >> SHIFT, entry & LOW
        step = max(step, int(other.max(initial=0)))
        steepest = max(steepest, float((other / np.maximum(cost, 1)).max(initial=0.0)))
    if steepest * packing.limit + SLACK < room:
        return True
    for keys in (folded.core_key, folded.simple_away, folded.simple_back):
        within = keys[(keys < FAR) & (keys >> SHIFT <= packing.limit)]
        step = max(step, int((within & LOW).max(initial=0)))
    times, lengths = search.network.edge_time_ms, search.network.edge_length_mm
    step = max(step, int(times.max(initial=0)), int(lengths.max(initial=0)))
    if rows.own:
        most = int(largest_other(rows, packing))
    else:
        keys = answers.key.reshape(-1, answers.columns)[:, answers.column :][:, : len(search.kinds)]
        most = int((keys[keys < FAR] & LOW).max(initial=0))
    return most + 2 * step + SLACK < room
