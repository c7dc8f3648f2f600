"""Nearest facility of every kind for every origin."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.network.attach import Attachments
from spatial.network.graph import WalkNetwork
from spatial.progress import Progress, silent
from spatial.reach.arcs import (
    By,
    arcs_for,
    limit_key,
    place_points,
    points_by_edge,
    split_key,
)
from spatial.reach.groups import best_of_ways, origin_starts
from spatial.reach.kernels import FAR, Placed, nearest_owner, owners_at_points
from spatial.reach.kinds import id_ranks, kinds_by_row

__all__ = ["nearest_facilities"]

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]


def nearest_facilities(
    network: WalkNetwork,
    origins: Attachments,
    facilities: Attachments,
    kinds: pd.DataFrame,
    *,
    cutoff_m: float,
    by: By = "distance",
    progress: Progress = silent,
) -> pd.DataFrame:
    """Nearest facility of each kind, walking from each origin.

    Parameters
    ----------
    network : WalkNetwork
    origins : Attachments, shape (p,)
        Rows with one id that stand together are ways out of one place; its best way counts.
    facilities : Attachments, shape (f,)
    kinds : DataFrame
        Columns ``facility_id`` and ``kind``, long: a facility may be of several kinds.
    cutoff_m : float
        Search no farther, in metres (seconds when `by` is time); a facility exactly there
        still counts.
    by : {"distance", "time"}
        What "nearest" means.
    progress : Progress

    Returns
    -------
    DataFrame
        ``origin_id, kind, facility_id, distance_m, time_s``; only pairs within the cutoff,
        sorted by origin (as given) and kind. Equals in distance go to the faster one, then to
        the smaller facility id.

    Raises
    ------
    LayerError
        If `kinds` lacks a column.
    IndexMismatchError
        If `kinds` names a facility that `facilities` does not have.

    Notes
    -----
    Distance is walked from the origin to the facility: straight entry, the part of the edge,
    the streets, the part of the edge, straight entry. One backward search per kind from all
    its facilities at once [1]_.

    References
    ----------
    .. [1] E. W. Dijkstra (1959), Numerische Mathematik 1, 269-271.
    """
    names, rows_of_kind = kinds_by_row(kinds, facilities)
    rank = id_ranks(facilities.ids)
    by_rank = np.argsort(rank).astype(np.int32)
    forward = arcs_for(network, by=by)
    backward = arcs_for(network, by=by, backward=True)
    start, goal = place_points(network, origins, by=by), place_points(network, facilities, by=by)
    limit = limit_key(cutoff_m)
    label = np.empty(network.node_count, dtype=np.int64)
    label_owner = np.empty(network.node_count, dtype=np.int32)
    best = np.empty(len(origins), dtype=np.int64)
    owner = np.empty(len(origins), dtype=np.int32)
    places = origin_starts(origins.ids)
    columns: list[tuple[Ints, Ints, Ints, Longs]] = []
    for number, rows in enumerate(rows_of_kind):
        progress("nearest", number / max(len(rows_of_kind), 1))
        some = Placed(goal.edge[rows], goal.offset_mm[rows], goal.entry_key[rows])
        nearest_owner(backward, some, rank[rows], limit, label, label_owner)
        on_edges = points_by_edge(some.edge, network.edge_count)
        labels = (label, label_owner)
        owners_at_points(forward, labels, some, on_edges, rank[rows], start, limit, best, owner)
        least, who = best_of_ways(best, owner, places)
        hit = np.flatnonzero(least < FAR)
        columns.append(
            (
                hit.astype(np.int32),
                np.full(len(hit), number, dtype=np.int32),
                by_rank[who[hit]],
                least[hit],
            )
        )
    progress("nearest", 1.0)
    if not columns:
        columns.append((np.empty(0, np.int32),) * 3 + (np.empty(0, np.int64),))
    origin, kind, facility, key = (np.concatenate(column) for column in zip(*columns, strict=True))
    order = np.argsort(origin, kind="stable")  # kinds were appended in their order
    distance_m, time_s = split_key(key[order], by=by)
    return pd.DataFrame(
        {
            "origin_id": _text(origins.ids[places]).take(origin[order]),
            "kind": _text(names).take(kind[order]),
            "facility_id": _text(facilities.ids).take(facility[order]),
            "distance_m": distance_m,
            "time_s": time_s,
        },
        copy=False,
    )


def _text(values: pd.Index | list[str]) -> pd.api.extensions.ExtensionArray:
    """Text kept once per value and row, so that millions of rows stay small."""
    return pd.array(pd.Index(values).astype("str"), dtype="str")
