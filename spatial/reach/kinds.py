"""Which facilities are of which kind, and which of two equals goes first."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.checks import require_columns
from spatial.errors import IndexMismatchError, LayerError
from spatial.network.attach import Attachments

__all__ = ["id_ranks", "kinds_by_row"]


def id_ranks(ids: pd.Index) -> npt.NDArray[np.int32]:
    """Place of each id among all in order of their text; equals go to the smaller one.

    Examples
    --------
    >>> id_ranks(pd.Index(["b", "a", "c"])).tolist()
    [1, 0, 2]
    """
    if ids.is_monotonic_increasing:  # known to the index once it was asked
        return np.arange(len(ids), dtype=np.int32)
    rank = np.empty(len(ids), dtype=np.int32)
    rank[np.argsort(ids.to_numpy(dtype=str), kind="stable")] = np.arange(len(ids), dtype=np.int32)
    return rank


def kinds_by_row(
    kinds: pd.DataFrame, facilities: Attachments, rank: npt.NDArray[np.int32] | None = None
) -> tuple[list[str], list[npt.NDArray[np.int64]]]:
    """Names of the kinds, sorted, and the rows of `facilities` of each, each row once.

    Rows are in the order of `rank` (of each facility), without it as they stand.
    """
    require_columns(kinds, ["facility_id", "kind"], name="kinds")
    rows = facilities.ids.get_indexer(pd.Index(kinds["facility_id"].astype(str)))
    if (rows < 0).any():
        missing = kinds["facility_id"][rows < 0].iloc[0]
        raise IndexMismatchError(
            f"`kinds` names facility {missing!r}, which is not among the attached facilities. "
            "Attach every facility that has a kind.",
            zh=f"kinds 提到设施 {missing!r},它不在已接入的设施中。请接入每个有类别的设施。",
        )
    code, names = pd.factorize(kinds["kind"].astype(str), sort=True)
    if (code < 0).any():
        nameless = kinds["facility_id"][code < 0].iloc[0]
        raise LayerError(
            f"`kinds` has no kind for facility {nameless!r}. Name its kind, or leave the row out.",
            zh=f"kinds 没有设施 {nameless!r} 的类别。请写明其类别,或去掉这一行。",
        )
    place = np.arange(len(facilities)) if rank is None else rank
    pair = np.sort(code * np.int64(len(facilities)) + place[rows])
    pair = pair[np.diff(pair, prepend=-1) != 0]
    kind, place_of = np.divmod(pair, max(len(facilities), 1))
    row_at = np.argsort(place)
    ends = np.searchsorted(kind, np.arange(1, len(names)))
    return [str(name) for name in names], np.split(row_at[place_of], ends) if len(names) else []
