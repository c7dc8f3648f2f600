"""Gaps of every residential building: its own walk, its own answer."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.checks import require_columns
from spatial.cores import slices
from spatial.dictionary import conform, data_dictionary
from spatial.errors import IndexMismatchError
from spatial.gaps.homes import lived_in
from spatial.reach import NearestTable
from spatial.reach.kernels import Array
from spatial.reach.kernels import _jit as jit

if TYPE_CHECKING:
    from spatial.city.neighbourhoods import Neighbourhoods

__all__ = ["BuildingGaps", "building_gaps", "building_gaps_frame"]

PRESENT: Final = 0
MISSING: Final = 1
UNKNOWN: Final = 2
STATUS_NAMES: Final = ("present", "missing", "unknown")
WITHOUT_WALK: Final = ("inside", "stand_in")
WORD_BITS: Final = 64
ROWS_AT_ONCE: Final = 4096
CHECK_COLUMNS: Final = ("kind", "layer", "need", "limit_m")


@dataclass(frozen=True, slots=True, eq=False)
class BuildingGaps:
    """What every residential building has and lacks; row i of the arrays is building i.

    One byte for each building and check: 300,000 buildings with 65 checks take 20 MB, and their
    nearest distances to 55 kinds 66 MB.
    """

    ids: pd.Index
    """(b,) building ids."""
    neighbourhood_id: pd.Series
    """(b,) on `ids`."""
    checks: pd.DataFrame
    """(c,) ``kind, layer, need, limit_m`` in the order of the catalogue."""
    status: npt.NDArray[np.uint8]
    """(b, c) 0 present, 1 missing, 2 unknown."""
    kinds: pd.Index
    """(k,) kinds of the columns of `nearest_m`."""
    nearest_m: npt.NDArray[np.float32]
    """(b, k) walking distance; NaN beyond the search."""

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        """What is missing, shape (b, c)."""
        return self.status == MISSING

    @property
    def present(self) -> npt.NDArray[np.bool_]:
        """What is there, shape (b, c)."""
        return self.status == PRESENT

    @property
    def walked_kinds(self) -> list[str]:
        """Kinds that any building reaches within the search."""
        return [str(kind) for kind in self.kinds[~np.isnan(self.nearest_m).all(axis=0)]]

    def scores(self) -> pd.DataFrame:
        """Count ``must_missing`` and ``must_checked`` of each building (missing: none checked)."""
        must = (self.checks["need"] == "must").to_numpy(dtype=bool)
        checked = (self.status[:, must] != UNKNOWN).sum(axis=1)
        missing = (self.status[:, must] == MISSING).sum(axis=1)
        scores = pd.DataFrame({"must_missing": missing, "must_checked": checked}, index=self.ids)
        scores = scores.astype("Int64")
        scores.loc[checked == 0, "must_missing"] = pd.NA
        return scores

    def rows(self, ids: Iterable[str]) -> pd.DataFrame:
        """Say of some buildings, check by check, what was found.

        Parameters
        ----------
        ids : iterable of str
            Building ids.

        Returns
        -------
        DataFrame
            ``building_id, neighbourhood_id, kind, layer, need, status, limit_m, nearest_m``.

        Raises
        ------
        IndexMismatchError
            If a building is none of these.
        """
        wanted = pd.Index(list(ids), dtype="str")
        at = self.ids.get_indexer(wanted)
        if (at < 0).any():
            raise IndexMismatchError(
                f"Building {wanted[at < 0][0]} is no residential building of a neighbourhood.",
                zh=f"建筑 {wanted[at < 0][0]} 不是任何小区的住宅楼。",
            )
        count = len(self.checks)
        place = np.repeat(at, count)
        table = pd.concat([self.checks] * max(len(at), 1), ignore_index=True).iloc[: len(place)]
        table.insert(0, "building_id", self.ids[place])
        table.insert(1, "neighbourhood_id", self.neighbourhood_id.to_numpy()[place])
        names = np.array(STATUS_NAMES, dtype=object)
        table["status"] = names[self.status[at].ravel()]
        column = self.kinds.get_indexer(table["kind"])
        walked = self.nearest_m[place, column].astype("float64")
        table["nearest_m"] = np.where(column >= 0, walked, np.nan)
        return table

    def share_without(self, weight: pd.Series) -> pd.DataFrame:
        """Share of each neighbourhood's residents whose own building lacks a kind.

        Parameters
        ----------
        weight : Series of float, shape (b,)
            Share of the neighbourhood's residents in each building, on `ids`.

        Returns
        -------
        DataFrame of float, shape (n, c)
            Neighbourhoods with buildings; columns as `checks`, numbered. Missing where nothing is
            known of any building. Residents of buildings of which nothing is known do not count.
        """
        code, places = pd.factorize(self.neighbourhood_id, sort=True)
        people = weight.reindex(self.ids).to_numpy(dtype=float)
        without, told = _summed(code, people, self.status, len(places))
        lacking = np.divide(without, told, out=np.full(told.shape, np.nan), where=told > 0)
        return pd.DataFrame(lacking, index=pd.Index(places, dtype="str"))


@jit
def _summed(code: Array, people: Array, status: Array, places: int) -> tuple[Array, Array]:
    """People of each place without each check, and those of whom anything is known; (n, c)."""
    without = np.zeros((places, status.shape[1]))
    told = np.zeros((places, status.shape[1]))
    for i in range(len(code)):
        for c in range(status.shape[1]):
            without[code[i], c] += people[i] * (status[i, c] == MISSING)
            told[code[i], c] += people[i] * (status[i, c] != UNKNOWN)
    return without, told


def building_gaps(
    gaps: pd.DataFrame,
    neighbourhoods: Neighbourhoods,
    building_nearest: pd.DataFrame | NearestTable,
    buildings: gpd.GeoDataFrame,
    *,
    measured: pd.Index | None = None,
) -> BuildingGaps:
    """Check every residential building by its own walk.

    Parameters
    ----------
    gaps : DataFrame
        ``results.gaps``: what is checked, and what each neighbourhood has without a walk.
    neighbourhoods : Neighbourhoods
        Which buildings belong to which neighbourhood.
    building_nearest : NearestTable or DataFrame
        The nearest of each kind, searched at least to the largest limit of `gaps`; as a frame
        ``origin_id`` (building), ``kind, distance_m``.
    buildings : GeoDataFrame
        The city's buildings; see `lived_in` for those that count.
    measured : Index, optional
        Buildings that reach the walking network. Of the others nobody can say what they walk.
        Default: all do.

    Returns
    -------
    BuildingGaps

    Notes
    -----
    Present: within the layer's limit on the building's own way; or the neighbourhood has it
    without a walk (inside the parcel, or stood in for). Otherwise missing, where the absence of the
    kind means anything in this source: its neighbourhood misses it, or somebody's does. Unknown
    where the neighbourhood is, and where the building reaches no street.
    """
    require_columns(gaps, ("neighbourhood_id", *CHECK_COLUMNS, "status", "basis"), name="gaps")
    home_of = lived_in(buildings, neighbourhoods.building_neighbourhood)
    home_of = home_of[pd.Index(gaps["neighbourhood_id"].unique()).get_indexer(home_of) >= 0]
    checks = gaps.drop_duplicates(["kind", "layer"])[list(CHECK_COLUMNS)].reset_index(drop=True)
    ids = pd.Index(home_of.index.astype("str"), name="id")
    kinds = pd.Index(sorted(set(checks["kind"].astype("str"))), dtype="str")
    walks = _walks(building_nearest, ids, kinds)
    place, told, held = _by_neighbourhood(gaps, checks, home_of)
    column = kinds.get_indexer(checks["kind"])
    limit_m = checks["limit_m"].to_numpy(dtype=float)
    walked = np.ones(len(ids), dtype=bool)
    if measured is not None:
        walked = pd.Index(measured).unique().get_indexer(ids) >= 0
    status = np.empty((len(ids), len(checks)), dtype=np.uint8)
    nearest_m = np.empty((len(ids), len(kinds)), dtype=np.float32)
    for rows in slices(len(ids), ROWS_AT_ONCE):  # a whole city at once would leave the cache
        nearest, here = walks(rows), place[rows]
        near = nearest[:, column] <= limit_m
        without_walk = held[here]
        found = np.where(near | without_walk, PRESENT, told[here])
        found[~walked[rows, None] & ~without_walk] = UNKNOWN
        status[rows], nearest_m[rows] = found, nearest
    return BuildingGaps(ids, home_of.set_axis(ids), checks, status, kinds, nearest_m)


def building_gaps_frame(
    found: BuildingGaps, homes: pd.DataFrame, *, crs: object
) -> gpd.GeoDataFrame:
    """Bring the gaps of buildings into the form of ``results.building_gaps``.

    Parameters
    ----------
    found : BuildingGaps
    homes : DataFrame
        `residents_at_home`: where each building stands, and who lives in it.
    crs : CRS
        Of ``x_m, y_m``.
    """
    homes = homes.reindex(found.ids)
    scores = found.scores()
    frame = gpd.GeoDataFrame(
        {
            "neighbourhood_id": found.neighbourhood_id,
            "persons": homes["persons"],
            **{name: scores[name] for name in scores},
            "missing_kinds": _named(found),
        },
        geometry=gpd.points_from_xy(homes["x_m"], homes["y_m"]),
        index=found.ids,
        crs=crs,
    )
    return conform(frame, data_dictionary().results["building_gaps"], name="building_gaps")


def _walks(
    nearest: pd.DataFrame | NearestTable, ids: pd.Index, kinds: pd.Index
) -> Callable[[slice], npt.NDArray[np.float64]]:
    """Give the distances of some buildings to all kinds, (rows, k); NaN beyond the search."""
    if isinstance(nearest, NearestTable):
        table = nearest
        row = pd.Index(table.origin_ids.astype("str")).get_indexer(ids)
        column = pd.Index(table.kinds).get_indexer(kinds)
        there = np.flatnonzero(column >= 0)

        def of_table(rows: slice) -> npt.NDArray[np.float64]:
            walked = np.full((rows.stop - rows.start, len(kinds)), np.nan)
            at = row[rows]
            known = np.flatnonzero(at >= 0)
            walked[np.ix_(known, there)] = table.metres(at[known])[:, column[there]]
            walked[np.isinf(walked)] = np.nan
            return walked

        return of_table
    require_columns(nearest, ("origin_id", "kind", "distance_m"), name="building_nearest")
    wide = np.full((len(ids), len(kinds)), np.inf)
    row, column = ids.get_indexer(nearest["origin_id"]), kinds.get_indexer(nearest["kind"])
    here = (row >= 0) & (column >= 0)
    distance = nearest["distance_m"].to_numpy(dtype=float)
    np.minimum.at(wide, (row[here], column[here]), distance[here])
    wide[np.isinf(wide)] = np.nan
    return lambda rows: wide[rows]


def _by_neighbourhood(
    gaps: pd.DataFrame, checks: pd.DataFrame, home_of: pd.Series
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """Row of each building's neighbourhood (b,); and by neighbourhood and check, (n, c) both.

    The status of a building that walks too far, and whether it has the kind without a walk.
    """
    place = pd.Index(gaps["neighbourhood_id"].astype("str").unique())
    row = place.get_indexer(gaps["neighbourhood_id"].astype("str"))
    column = pd.MultiIndex.from_frame(checks[["kind", "layer"]]).get_indexer(
        pd.MultiIndex.from_frame(gaps[["kind", "layer"]])
    )
    status = np.full((len(place), len(checks)), UNKNOWN, dtype=np.uint8)
    status[row, column] = pd.Index(STATUS_NAMES).get_indexer(gaps["status"])
    held = np.zeros(status.shape, dtype=bool)
    held[row, column] = gaps["basis"].isin(WITHOUT_WALK).to_numpy(dtype=bool)
    meaningful = (status == MISSING).any(axis=0) | (status != UNKNOWN).all(axis=0)
    far = np.where(status == PRESENT, np.where(meaningful, MISSING, UNKNOWN), status)
    return place.get_indexer(home_of), far.astype(np.uint8), held


def _named(found: BuildingGaps) -> pd.Series:
    """Must-have kinds that each building lacks, ``kind:layer``, comma-separated."""
    must = np.flatnonzero((found.checks["need"] == "must").to_numpy(dtype=bool))
    names = (found.checks["kind"] + ":" + found.checks["layer"]).to_numpy(dtype=object)[must]
    lacking = found.status[:, must] == MISSING
    # Buildings of one pattern, a word of bits or several, share one text.
    words = -(-len(must) // WORD_BITS) or 1
    bits = np.zeros((len(lacking), words * WORD_BITS), dtype=bool)
    bits[:, : len(must)] = lacking
    packed = np.packbits(bits, axis=1).view(np.uint64)
    _, first, which = np.unique(
        packed[:, 0] if words == 1 else packed, axis=0, return_index=True, return_inverse=True
    )
    row, column = np.nonzero(lacking[first])
    ends = np.searchsorted(row, np.arange(len(first) + 1)).tolist()
    missed = names[column].tolist()
    texts = [",".join(missed[a:b]) for a, b in itertools.pairwise(ends)]
    return pd.Series(np.array(texts, dtype=object)[which.ravel()], index=found.ids)
