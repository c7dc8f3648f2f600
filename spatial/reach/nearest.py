"""Nearest facility of every kind for every origin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.network.attach import Attachments
from spatial.network.graph import WalkNetwork
from spatial.progress import Progress, silent
from spatial.reach.arcs import By, split_key
from spatial.reach.groups import origin_starts
from spatial.reach.kernels import FAR
from spatial.reach.search_kinds import Search, search_all

__all__ = ["NearestTable", "nearest_facilities", "nearest_table"]

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class NearestTable:
    """Nearest facility of each kind from each origin: a row an origin, a column a kind.

    A key is ``cost · 2³² + other`` (see :mod:`spatial.reach.arcs`), ``FAR`` beyond the cutoff.
    """

    origin_ids: pd.Index  # (o,) each once, in the order given
    kinds: tuple[str, ...]  # (k,) in alphabetical order
    facility_ids: pd.Index  # (f,)
    key: Longs  # (o, k)
    facility: Ints  # (o, k) row of the facility, -1 where there is none
    by: By

    @property
    def distance_m(self) -> npt.NDArray[np.float64]:
        """Metres to walk, shape (o, k); infinite beyond the cutoff."""
        return self.metres(slice(None))

    def metres(self, rows: slice | npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
        """Metres to walk from some origins, by row; infinite beyond the cutoff."""
        key = self.key[rows]
        return np.where(key < FAR, split_key(key, by=self.by)[0], np.inf)

    @property
    def time_s(self) -> npt.NDArray[np.float64]:
        """Seconds to walk, shape (o, k); infinite beyond the cutoff."""
        return np.where(self.key < FAR, split_key(self.key, by=self.by)[1], np.inf)

    def frame(self) -> pd.DataFrame:
        """Only what is within the cutoff, long: the columns of :func:`nearest_facilities`."""
        hit = np.flatnonzero(self.facility.ravel() >= 0)
        origin, kind = np.divmod(hit, max(len(self.kinds), 1))
        distance_m, time_s = split_key(self.key.ravel()[hit], by=self.by)
        return pd.DataFrame(
            {
                "origin_id": _text(self.origin_ids).take(origin),
                "kind": _text(list(self.kinds)).take(kind),
                "facility_id": _text(self.facility_ids).take(self.facility.ravel()[hit]),
                "distance_m": distance_m,
                "time_s": time_s,
            },
            copy=False,
        )


def nearest_table(
    network: WalkNetwork,
    origins: Attachments,
    facilities: Attachments,
    kinds: pd.DataFrame,
    *,
    cutoff_m: float,
    by: By = "distance",
    progress: Progress = silent,
) -> NearestTable:
    """Nearest facility of each kind, walking from each origin, as a wide table.

    The same as :func:`nearest_facilities` (which see) without a row for every pair.
    """
    search = Search.of(network, facilities, kinds, cutoff=cutoff_m, by=by)
    key, facility = search_all(search, origins, progress=progress)
    ids = origins.ids[origin_starts(origins.ids)]
    return NearestTable(ids, search.kinds, facilities.ids, key, facility, by)


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
    the streets, the part of the edge, straight entry. All kinds are searched at once, from
    their facilities against the walk: see :mod:`spatial.reach.lanes`. Millions of rows are
    better read as :func:`nearest_table`.
    """
    return nearest_table(
        network, origins, facilities, kinds, cutoff_m=cutoff_m, by=by, progress=progress
    ).frame()


def _text(values: pd.Index | list[str]) -> pd.api.extensions.ExtensionArray:
    """Text kept once per value and row, so that millions of rows stay small."""
    return pd.array(pd.Index(values).astype("str"), dtype="str")
