"""Which facilities are of which kind, and which of two equals goes first."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.checks import require_columns
from spatial.errors import IndexMismatchError, LayerError
from spatial.network.attach import Attachments

__all__ = ["id_ranks", "kinds_by_row"]

TEXT = pd.StringDtype(na_value=np.nan)


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
    ids = kinds["facility_id"]
    rows = facilities.ids.get_indexer(pd.Index(ids if ids.dtype == TEXT else ids.astype(str)))
    if (rows < 0).any():
        missing = kinds["facility_id"][rows < 0].iloc[0]
        raise IndexMismatchError(
            f"`kinds` names facility {missing!r}, which is not among the attached facilities. "
            "Attach every facility that has a kind.",
            zh=f"kinds 提到设施 {missing!r},它不在已接入的设施中。请接入每个有类别的设施。",
        )
    named = kinds["kind"]
    code, found = pd.factorize(named if named.dtype == TEXT else named.astype(str))
    if (code < 0).any():
        nameless = kinds["facility_id"][code < 0].iloc[0]
        raise LayerError(
            f"`kinds` has no kind for facility {nameless!r}. Name its kind, or leave the row out.",
            zh=f"kinds 没有设施 {nameless!r} 的类别。请写明其类别,或去掉这一行。",
        )
    names = [str(name) for name in found]
    by_name = sorted(range(len(names)), key=names.__getitem__)
    number = np.empty(len(names), dtype=np.int64)
    number[by_name] = np.arange(len(names)) * len(facilities)
    place = np.arange(len(facilities)) if rank is None else rank
    pair = np.sort(number[code] + place[rows])
    pair = pair[np.diff(pair, prepend=-1) != 0]
    starts = np.sort(number)
    ends = np.searchsorted(pair, np.append(starts[1:], len(names) * len(facilities)))
    row_at = np.empty(len(facilities), dtype=np.int64)
    row_at[place] = np.arange(len(facilities))
    row = row_at[pair - np.repeat(starts, np.diff(ends, prepend=0))]
    return [names[at] for at in by_name], np.split(row, ends[:-1]) if names else []
