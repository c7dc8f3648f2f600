"""Origins that belong together: the gates of a neighbourhood, the entrances of a building."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.errors import IndexMismatchError
from spatial.network.attach import Attachments
from spatial.reach.kernels import Placed

__all__ = ["Groups", "best_of_ways", "group_points", "origin_starts"]


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Points sorted by group; ``rows[start[g]:start[g + 1]]`` are the points of group g."""

    names: npt.NDArray[np.object_]  # (g,) sorted
    start: npt.NDArray[np.int64]  # (g + 1,)
    rows: npt.NDArray[np.int64]  # points of some group that are attached

    def take(self, points: Placed) -> Placed:
        """Bring points into the order of the groups."""
        return Placed(
            points.edge[self.rows], points.offset_mm[self.rows], points.entry_key[self.rows]
        )


def group_points(points: Attachments, group: pd.Series, *, name: str) -> Groups:
    """Sort attached points by group; points without a group or an edge are left out.

    Parameters
    ----------
    points : Attachments, shape (p,)
    group : Series of str, shape (p,)
        Indexed by the ids of the points, in their order.
    name : str
        What to call the series in an error.

    Raises
    ------
    IndexMismatchError
        If `group` does not speak of the same points.
    """
    if not points.ids.equals(group.index):
        raise IndexMismatchError(
            f"`{name}` has {len(group)} rows that do not match the {len(points)} attached points. "
            "Index it by the ids of the points, in their order.",
            zh=(
                f"{name} 有 {len(group)} 行,与 {len(points)} 个接入点对不上。请按这些点的"
                "编号和顺序建立索引。"
            ),
        )
    usable = np.flatnonzero(group.notna().to_numpy(dtype=bool) & (points.edge >= 0))
    text = group.iloc[usable].astype(str).to_numpy(dtype=object)
    names, code = np.unique(text, return_inverse=True) if len(text) else (text, np.empty(0, int))
    order = np.argsort(code, kind="stable")
    count = np.bincount(code, minlength=len(names))
    start = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    return Groups(names=names, start=start, rows=usable[order])


def origin_starts(ids: pd.Index) -> npt.NDArray[np.int64]:
    """First row of each origin: rows with one id that stand together are ways out of one place.

    Examples
    --------
    >>> origin_starts(pd.Index(["a", "a", "b"])).tolist()
    [0, 2]
    """
    if not len(ids):
        return np.empty(0, dtype=np.int64)
    if ids.is_unique:  # an index remembers it
        return np.arange(len(ids), dtype=np.int64)
    fresh = np.ones(len(ids), dtype=bool)
    fresh[1:] = np.asarray(ids[1:] != ids[:-1], dtype=bool)
    return np.flatnonzero(fresh)


def best_of_ways(
    key: npt.NDArray[np.int64], owner: npt.NDArray[np.int32], start: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Smallest key of each origin over its ways, and its owner; equals go to the smaller owner.

    Parameters
    ----------
    key, owner : array, shape (p,)
    start : array of int, shape (o,)
        First row of each origin: :func:`origin_starts`.

    Examples
    --------
    >>> best = best_of_ways(np.array([5, 3, 3]), np.array([0, 2, 1], np.int32), np.array([0, 1]))
    >>> [values.tolist() for values in best]
    [[5, 3], [0, 1]]
    """
    if len(start) == len(key):
        return key, owner
    least = np.minimum.reduceat(key, start)
    of = np.repeat(np.arange(len(start)), np.diff(np.append(start, len(key))))
    tied = np.where(key == least[of], owner, np.iinfo(np.int32).max)
    return least, np.minimum.reduceat(tied, start).astype(np.int32)
