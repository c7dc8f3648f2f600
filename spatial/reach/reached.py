"""All facilities within a walk of each group of origins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.codes import codes_of, texts_of
from spatial.cores import in_order, slices
from spatial.errors import IndexMismatchError
from spatial.network.attach import Attachments
from spatial.network.graph import WalkNetwork
from spatial.reach.arcs import By, arcs_for, limit_key, place_points, points_by_edge, split_key
from spatial.reach.balls import balls, goals_of
from spatial.reach.groups import Groups, group_points
from spatial.reach.kernels import Placed
from spatial.reach.kinds import id_ranks, kinds_by_row

__all__ = ["Targets", "reached_facilities", "reached_places"]

GROUPS_AT_ONCE: Final = 128
"""Groups searched together by one core."""

Longs = npt.NDArray[np.int64]
Ints = npt.NDArray[np.int32]


class Targets(NamedTuple):
    """Points that may be reached, what they are, and the place that each is an entrance of."""

    points: Attachments
    kinds: pd.DataFrame
    """``facility_id`` (a point's id) and ``kind``, long."""
    places: pd.Series | None = None
    """On the ids of the points; without it each point is a place of its own."""


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
    targets = {"facilities": Targets(facilities, kinds)}
    found = reached_places(network, origins, origin_group, targets, cutoff_m=cutoff_m, by=by)
    return found["facilities"]


def reached_places(
    network: WalkNetwork,
    origins: Attachments,
    origin_group: pd.Series,
    targets: Mapping[str, Targets],
    *,
    cutoff_m: float,
    by: By = "distance",
    as_codes: bool = False,
) -> dict[str, pd.DataFrame]:
    """List what is reached of several sets of targets, in one search from each group.

    Parameters
    ----------
    network, origins, origin_group, cutoff_m, by
        As for :func:`reached_facilities`.
    targets : mapping of name to Targets
        With ``places`` the shortest way (in metres, then seconds) to any of a place's entrances
        counts, and ``facility_id`` names the place.
    as_codes : bool
        Texts as categories, a third of the memory: millions of rows name thousands of places.

    Returns
    -------
    dict of DataFrame
        For each set what :func:`reached_facilities` gives; rows of a group are in the order of
        the ids of the points, for a place with several of the one that counts.

    Raises
    ------
    IndexMismatchError
        If groups, kinds or places do not fit the attached points.
    """
    groups = group_points(origins, origin_group, name="origin_group")
    layouts = {name: _Layout.of(given) for name, given in targets.items()}
    placed = [place_points(network, given.points, by=by) for given in targets.values()]
    goal = Placed(*(np.concatenate(parts) for parts in zip(*placed, strict=True)))
    ends = np.cumsum([0, *(len(part.edge) for part in placed)])
    arcs = arcs_for(network, by=by)
    goals = goals_of(arcs, goal, points_by_edge(goal.edge, network.edge_count))
    seeds, limit = groups.take(place_points(network, origins, by=by)), limit_key(cutoff_m)

    def search(rows: slice) -> list[_Rows]:
        start = groups.start[rows.start : rows.stop + 1]
        here = slice(int(start[0]), int(start[-1]))
        some = Placed(*(values[here] for values in seeds))
        group, target, key = balls(arcs, start - start[0], some, goals, limit)
        made = []
        for layout, low, high in zip(layouts.values(), ends[:-1], ends[1:], strict=True):
            mine = np.flatnonzero((target >= low) & (target < high))
            found = layout.rows_of(group[mine], target[mine] - np.int32(low), key[mine], by=by)
            made.append(found._replace(group=found.group + np.int32(rows.start)))
        return made

    parts = list(in_order(search, slices(len(groups.names), GROUPS_AT_ONCE)))
    label = str(origin_group.name or "group")
    tables = {}
    for number, (name, layout) in enumerate(layouts.items()):
        found = [part[number] for part in parts]
        tables[name] = layout.frame(found, groups, label, by=by, as_codes=as_codes)
    return tables


class _Rows(NamedTuple):
    group: Ints
    target: Ints
    kind: npt.NDArray[np.int16]
    key: Longs


@dataclass(frozen=True, slots=True, eq=False)
class _Layout:
    """Targets by number: kinds of target t are ``kind[start[t]:start[t + 1]]``, ascending."""

    names: list[str]
    start: Longs
    kind: npt.NDArray[np.int16]
    rank: Ints
    place: Ints
    shared: npt.NDArray[np.bool_]
    """Whether the place of a target has others."""
    place_ids: pd.Index

    @classmethod
    def of(cls, given: Targets) -> _Layout:
        points = given.points
        names, rows_of_kind = kinds_by_row(given.kinds, points)
        count = [len(rows) for rows in rows_of_kind]
        row = np.concatenate(rows_of_kind) if names else np.empty(0, dtype=np.int64)
        order = np.argsort(row, kind="stable")
        kind = np.repeat(np.arange(len(names), dtype=np.int16), count)[order]
        start = np.searchsorted(row[order], np.arange(len(points) + 1)).astype(np.int64)
        place, place_ids = np.arange(len(points), dtype=np.int32), points.ids
        if given.places is not None:
            if not given.places.index.equals(points.ids):
                raise IndexMismatchError(
                    f"`places` has {len(given.places)} rows that do not match the {len(points)} "
                    "attached points. Index it by the ids of the points, in their order.",
                    zh=(
                        f"places 有 {len(given.places)} 行,与 {len(points)} 个接入点对不上。"
                        "请按这些点的编号和顺序建立索引。"
                    ),
                )
            code, place_ids = pd.factorize(given.places)
            place = code.astype(np.int32)
        times = np.bincount(place[place >= 0], minlength=len(place_ids))
        shared = (place >= 0) & (times[place] > 1) if len(place_ids) else place >= 0
        return cls(names, start, kind, id_ranks(points.ids), place, shared, pd.Index(place_ids))

    def rows_of(self, group: Ints, target: Ints, key: Longs, *, by: By) -> _Rows:
        """Put pairs into order, one row for each kind, and keep the best way to each place."""
        known = self.place[target] >= 0
        if not known.all():
            group, target, key = group[known], target[known], key[known]
        order = np.argsort(group.astype(np.int64) * len(self.rank) + self.rank[target])
        group, target, key = group[order], target[order], key[order]
        first, times = self.start[target], np.diff(self.start)[target]
        row = np.repeat(np.arange(len(target)), times)
        inner = np.arange(len(row)) - np.repeat(np.cumsum(times) - times, times)
        kind = self.kind[first[row] + inner]
        group, target, key = group[row], target[row], key[row]
        several = np.flatnonzero(self.shared[target])
        if len(several):
            metres_first = key[several] if by == "distance" else _swapped(key[several])
            code = (
                group[several].astype(np.int64) * len(self.place_ids) + self.place[target[several]]
            )
            code = code * max(len(self.names), 1) + kind[several]
            best = np.lexsort((metres_first, code))  # equals stay in the order of the ids
            worse = np.zeros(len(best), dtype=bool)
            worse[1:] = code[best][1:] == code[best][:-1]
            keep = np.ones(len(group), dtype=bool)
            keep[several[best[worse]]] = False
            group, target, kind, key = group[keep], target[keep], kind[keep], key[keep]
        return _Rows(group, target, kind, key)

    def frame(
        self, parts: list[_Rows], groups: Groups, label: str, *, by: By, as_codes: bool
    ) -> pd.DataFrame:
        """Write rows as a table with names."""
        group, target = np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32)
        none = _Rows(group, target, np.empty(0, dtype=np.int16), np.empty(0, dtype=np.int64))
        group, target, kind, key = (np.concatenate(part) for part in zip(none, *parts, strict=True))
        distance_m, time_s = split_key(key, by=by)
        write = codes_of if as_codes else texts_of
        return pd.DataFrame(
            {
                label: write(groups.names, group),
                "facility_id": write(self.place_ids, self.place[target]),
                "kind": write(self.names, kind),
                "distance_m": distance_m,
                "time_s": time_s,
            },
            copy=False,
        )


def _swapped(key: Longs) -> Longs:
    return (key << 32) | (key >> 32)
