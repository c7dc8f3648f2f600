"""Walking distance between pairs of groups: gate to gate, from neighbourhood to neighbourhood."""

from __future__ import annotations

import numpy as np
import pandas as pd

from spatial.checks import require_columns
from spatial.network.attach import Attachments
from spatial.network.graph import WalkNetwork
from spatial.reach.arcs import By, arcs_for, limit_key, place_points, points_by_edge, split_key
from spatial.reach.balls import balls, goals_of
from spatial.reach.groups import group_points

__all__ = ["walk_between"]


def walk_between(
    network: WalkNetwork,
    origins: Attachments,
    origin_group: pd.Series,
    targets: Attachments,
    target_group: pd.Series,
    pairs: pd.DataFrame,
    *,
    cutoff_m: float,
    by: By = "distance",
) -> pd.DataFrame:
    """Walk between the nearest points of each pair of groups.

    Parameters
    ----------
    network : WalkNetwork
    origins, targets : Attachments
    origin_group, target_group : Series of str
        Group of each origin and target, indexed by their ids.
    pairs : DataFrame
        Columns ``a`` (a group of origins) and ``b`` (a group of targets).
    cutoff_m : float
        In metres (seconds when `by` is time), inclusive.
    by : {"distance", "time"}

    Returns
    -------
    DataFrame
        ``a, b, walk_m, walk_s`` on the index of `pairs`; missing where the walk is longer than
        the cutoff, or a group has no attached point.
    """
    require_columns(pairs, ["a", "b"], name="pairs")
    asked_a = pd.Index(pairs["a"].astype(str))
    starts = origin_group.where(origin_group.astype(str).isin(asked_a))
    first = group_points(origins, starts, name="origin_group")
    second = group_points(targets, target_group, name="target_group")
    goal = second.take(place_points(network, targets, by=by))
    arcs = arcs_for(network, by=by)
    group, target, key = balls(
        arcs,
        first.start,
        first.take(place_points(network, origins, by=by)),
        goals_of(arcs, goal, points_by_edge(goal.edge, network.edge_count)),
        limit_key(cutoff_m),
    )
    owner = np.repeat(np.arange(len(second.names)), np.diff(second.start))
    width = max(len(second.names), 1)
    code = group.astype(np.int64) * width + owner[target]
    order = np.lexsort((key, code))
    known, at = np.unique(code[order], return_index=True)
    best = key[order][at]

    row_a = pd.Index(first.names).get_indexer(asked_a)
    row_b = pd.Index(second.names).get_indexer(pd.Index(pairs["b"].astype(str)))
    wanted = np.where((row_a >= 0) & (row_b >= 0), row_a * width + row_b, -1)
    place = np.searchsorted(known, wanted)
    hit = np.zeros(len(pairs), dtype=bool)
    inside = place < len(known)
    hit[inside] = known[place[inside]] == wanted[inside]
    distance_m = pd.array(np.zeros(len(pairs)), dtype="Float64")
    time_s = distance_m.copy()
    distance_m[~hit] = pd.NA
    time_s[~hit] = pd.NA
    distance_m[hit], time_s[hit] = split_key(best[place[hit]], by=by)
    return pd.DataFrame(
        {"a": pairs["a"], "b": pairs["b"], "walk_m": distance_m, "walk_s": time_s},
        index=pairs.index,
    )
