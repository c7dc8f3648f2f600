"""Labels of the nodes: how far to the nearest facility of each kind, and which facility it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.network.attach import Attachments
from spatial.network.graph import WalkNetwork
from spatial.progress import Progress, silent
from spatial.reach.arcs import By, arcs_for, limit_key, place_points
from spatial.reach.kernels import Placed, nearest_owner
from spatial.reach.kinds import id_ranks, kinds_by_row

__all__ = ["NodeLabels", "nearest_by_node"]

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class NodeLabels:
    """Nearest facility of each kind from each node: row ``i`` is node ``i``, a column a kind.

    A key is ``cost · 2³² + other`` (see :mod:`spatial.reach.arcs`): the walk from the node to the
    facility, its straight entry included. Equal keys go to the facility of smaller rank.
    """

    kinds: tuple[str, ...]
    key: Longs  # (n, k) FAR where no facility is within the limit
    facility: Ints  # (n, k) row of the facilities; -1 where none
    rank: Ints  # (f,) place of each facility among the ids in order: what decides between equals
    limit: int  # largest key that counts
    by: By


def nearest_by_node(
    network: WalkNetwork,
    facilities: Attachments,
    kinds: pd.DataFrame,
    *,
    cutoff_m: float,
    by: By = "distance",
    progress: Progress = silent,
) -> NodeLabels:
    """Nearest facility of each kind, walking from each node of the network.

    Parameters
    ----------
    network : WalkNetwork
    facilities : Attachments, shape (f,)
    kinds : DataFrame
        Columns ``facility_id`` and ``kind``, long: a facility may be of several kinds.
    cutoff_m : float
        Search no farther, in metres (seconds when `by` is time); a facility exactly there
        still counts.
    by : {"distance", "time"}
        What "nearest" means; equals go to the faster (shorter) one, then to the smaller id.
    progress : Progress

    Returns
    -------
    NodeLabels, shape (n, kinds)
        The kinds in alphabetical order.

    Raises
    ------
    LayerError
        If `kinds` lacks a column.
    IndexMismatchError
        If `kinds` names a facility that `facilities` does not have.
    """
    names, rows_of_kind = kinds_by_row(kinds, facilities)
    rank = id_ranks(facilities.ids)
    backward: Any = arcs_for(network, by=by, backward=True)
    goal = place_points(network, facilities, by=by)
    limit = limit_key(cutoff_m)
    shape = (len(names), network.node_count)
    key, owner = np.empty(shape, dtype=np.int64), np.empty(shape, dtype=np.int32)
    for number, rows in enumerate(rows_of_kind):
        progress("nearest", number / len(rows_of_kind))
        some = Placed(goal.edge[rows], goal.offset_mm[rows], goal.entry_key[rows])
        nearest_owner(backward, some, rank[rows], limit, key[number], owner[number])
    progress("nearest", 1.0)
    by_rank = np.append(np.argsort(rank), -1).astype(np.int32)  # the last answers for owner -1
    return NodeLabels(
        kinds=tuple(names),
        key=np.ascontiguousarray(key.T),
        facility=np.ascontiguousarray(by_rank[owner].T),
        rank=rank,
        limit=limit,
        by=by,
    )
