"""Labels of the nodes: how far to the nearest facility of each kind, and which facility it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.network.attach import Attachments
from spatial.network.graph import WalkNetwork
from spatial.progress import Progress, silent
from spatial.reach.arcs import By
from spatial.reach.search_kinds import Search, search_all

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

    Notes
    -----
    All kinds are searched at once, from their facilities against the walk: see
    :mod:`spatial.reach.lanes`.
    """
    search = Search.of(network, facilities, kinds, cutoff=cutoff_m, by=by)
    key, facility = search_all(search, None, progress=progress)
    return NodeLabels(
        kinds=search.kinds,
        key=key,
        facility=facility,
        rank=search.rank,
        limit=search.limit,
        by=by,
    )
