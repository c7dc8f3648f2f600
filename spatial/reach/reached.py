"""All facilities within a walk of each group of origins."""

from __future__ import annotations

import numpy as np
import pandas as pd

from spatial.network.attach import Attachments
from spatial.network.graph import WalkNetwork
from spatial.reach.arcs import By, arcs_for, limit_key, place_points, points_by_edge, split_key
from spatial.reach.groups import group_points
from spatial.reach.kernels import balls
from spatial.reach.kinds import kinds_by_row

__all__ = ["reached_facilities"]


def reached_facilities(
    network: WalkNetwork,
    origins: Attachments,
    origin_group: pd.Series,
    facilities: Attachments,
    kinds: pd.DataFrame,
    *,
    cutoff_m: float,
    by: By = "distance",
) -> pd.DataFrame:
    """List every facility within the cutoff of each group, with distance and time.

    Parameters
    ----------
    network : WalkNetwork
    origins : Attachments, shape (p,)
        E.g. gates.
    origin_group : Series of str, shape (p,)
        Group of each origin, e.g. its neighbourhood; indexed by the origins' ids.
    facilities : Attachments, shape (f,)
    kinds : DataFrame
        Columns ``facility_id`` and ``kind``, long.
    cutoff_m : float
        In metres (seconds when `by` is time), inclusive.
    by : {"distance", "time"}
        What the walk minimises; the other one is that of the same path.

    Returns
    -------
    DataFrame
        A column named like `origin_group` (``group`` if it has no name), ``facility_id``,
        ``kind``, ``distance_m``, ``time_s``: the best over the group's origins, sorted by
        group, facility and kind.

    Raises
    ------
    IndexMismatchError
        If `origin_group` or `kinds` do not fit the attached points.
    """
    names, rows_of_kind = kinds_by_row(kinds, facilities)
    groups = group_points(origins, origin_group, name="origin_group")
    group, target, key = balls(
        arcs_for(network, by=by),
        groups.start,
        groups.take(place_points(network, origins, by=by)),
        place_points(network, facilities, by=by),
        points_by_edge(facilities.edge, network.edge_count),
        limit_key(cutoff_m),
    )
    distance_m, time_s = split_key(key, by=by)
    met = pd.DataFrame(
        {"group": group, "target": target, "distance_m": distance_m, "time_s": time_s}
    )
    counts = [len(rows) for rows in rows_of_kind]
    table = pd.DataFrame(
        {
            "target": np.concatenate(rows_of_kind) if names else np.empty(0, dtype=np.int64),
            "kind": np.repeat(np.array(names, dtype=object), counts),
        }
    )
    long = met.merge(table, on="target", sort=False)
    label = str(origin_group.name or "group")
    found = pd.DataFrame(
        {
            label: groups.names[long["group"].to_numpy()],
            "facility_id": facilities.ids.to_numpy()[long["target"].to_numpy()],
            "kind": long["kind"].to_numpy(),
            "distance_m": long["distance_m"].to_numpy(),
            "time_s": long["time_s"].to_numpy(),
        }
    ).astype({label: "str", "facility_id": "str", "kind": "str"})
    return found.sort_values([label, "facility_id", "kind"], kind="stable", ignore_index=True)
