"""Which facilities are of which kind, and which of two equals goes first."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.checks import require_columns
from spatial.errors import IndexMismatchError
from spatial.network.attach import Attachments

__all__ = ["id_ranks", "kinds_by_row"]


def id_ranks(ids: pd.Index) -> npt.NDArray[np.int32]:
    """Place of each id among all in order of their text; equals go to the smaller one.

    Examples
    --------
    >>> id_ranks(pd.Index(["b", "a", "c"])).tolist()
    [1, 0, 2]
    """
    rank = np.empty(len(ids), dtype=np.int32)
    rank[np.argsort(ids.to_numpy(dtype=str), kind="stable")] = np.arange(len(ids), dtype=np.int32)
    return rank


def kinds_by_row(
    kinds: pd.DataFrame, facilities: Attachments
) -> tuple[list[str], list[npt.NDArray[np.int64]]]:
    """Names of the kinds, sorted, and the rows of `facilities` of each."""
    require_columns(kinds, ["facility_id", "kind"], name="kinds")
    rows = facilities.ids.get_indexer(pd.Index(kinds["facility_id"].astype(str)))
    if (rows < 0).any():
        missing = kinds["facility_id"][rows < 0].iloc[0]
        raise IndexMismatchError(
            f"`kinds` names facility {missing!r}, which is not among the attached facilities. "
            "Attach every facility that has a kind.",
            zh=f"kinds 提到设施 {missing!r},它不在已接入的设施中。请接入每个有类别的设施。",
        )
    names = sorted(kinds["kind"].astype(str).unique())
    code = pd.Index(names).get_indexer(kinds["kind"].astype(str))
    return names, [np.unique(rows[code == number]) for number in range(len(names))]
