"""Whose gaps would close if neighbourhoods pooled what they have and opened the walls between.

An estimate, made before anything is built. A gap of *u* in a kind closes when a member *v* of its
district has that kind at hand, a facility on foot from its own gates or a stock asset that fits
it, and the walk from *u* through *v* is within u's limit: the chain of links from *u* to *v*, plus
v's own walk. A link is as long as its walk from gate to gate; where nothing or only a wall lies
between, it is open in a district, and no longer than the straight way between the middles times the
detour factor. Stock of *v* that `stock_fits` already puts within the limit of *u* closes the gap as
it stands.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from spatial.checks import require_columns
from spatial.city.neighbourhoods.model import Neighbourhoods
from spatial.districting.pooling import Pooling

__all__ = ["OPENED", "pooled_links", "sharing"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
OPENED: Final = ("none", "wall")
"""Barriers that a district opens between its members."""
MOST_KINDS: Final = 64
CHUNK_CELLS: Final = 4_000_000
"""Cells of a distance table held at once."""


def sharing(
    neighbourhoods: Neighbourhoods,
    gaps: pd.DataFrame,
    adjacency: pd.DataFrame,
    *,
    detour_factor: float,
    cut_barriers: tuple[str, ...] = (),
    stock: pd.DataFrame | None = None,
    stock_fits: pd.DataFrame | None = None,
) -> Pooling:
    """Return which neighbourhood closes which must-have gaps of which other, if they pool.

    Parameters
    ----------
    neighbourhoods : Neighbourhoods
    gaps : DataFrame
        results.gaps. A kind that is checked in several layers counts by layer.
    adjacency : DataFrame
        results.adjacency.
    detour_factor : float
        Walking over straight distance, through an opened wall or where a walk is not known.
    cut_barriers : tuple of str
        Barriers that no district crosses, and no shared way.
    stock, stock_fits : DataFrame, optional
        results.stock and results.stock_fits.

    Returns
    -------
    Pooling
        Rows are those of ``neighbourhoods.frame``; at most 64 kinds, those that most people miss.
        Who has no known residents counts no one.
    """
    require_columns(adjacency, ["a", "b", "barrier", "walk_m"], name="adjacency")
    require_columns(
        gaps,
        ["neighbourhood_id", "kind", "layer", "need", "status", "limit_m", "nearest_m"],
        name="gaps",
    )
    frame = neighbourhoods.frame
    persons = frame["persons"].to_numpy(dtype=np.float64, na_value=np.nan)
    kinds, missing, limit_m, at_hand_m = _tables(gaps, frame.index, np.nan_to_num(persons))
    if stock is not None and stock_fits is not None:
        own, fits = _stock(stock, stock_fits, frame.index, kinds)
        at_hand_m = np.fmin(at_hand_m, own)
    else:
        fits = pd.DataFrame({"row": [], "other": [], "kind": []}).astype(np.int64)
    links = pooled_links(neighbourhoods, adjacency, detour_factor, cut_barriers)
    reach_m = float(np.max(limit_m, initial=0.0, where=missing))
    pairs = _closing(links, missing, limit_m, at_hand_m, reach_m)
    some = missing[fits["row"].to_numpy(), fits["kind"].to_numpy()]
    pairs = pd.concat([pairs, fits[some]])
    pairs = pairs[pairs["row"] != pairs["other"]].drop_duplicates()
    bits = np.left_shift(np.uint64(1), pairs["kind"].to_numpy(dtype=np.uint64))
    table = pairs.assign(bits=bits).groupby(["row", "other"], sort=True)["bits"]
    joined = table.agg(np.bitwise_or.reduce).reset_index()
    return Pooling(
        kinds=kinds,
        row=joined["row"].to_numpy(dtype=np.int64),
        other=joined["other"].to_numpy(dtype=np.int64),
        bits=joined["bits"].to_numpy(dtype=np.uint64),
        persons=np.nan_to_num(persons),
    )


def _tables(
    gaps: pd.DataFrame, index: pd.Index, persons: Floats
) -> tuple[tuple[str, ...], npt.NDArray[np.bool_], Floats, Floats]:
    """Return what each place (row) misses of each kind, the limit, and how far what it has is."""
    must = gaps[gaps["need"] == "must"]
    row = index.get_indexer(pd.Index(must["neighbourhood_id"].astype("str")))
    name = must["kind"].astype("str") + ":" + must["layer"].astype("str")
    lacking = (must["status"] == "missing").fillna(value=False).to_numpy(dtype=bool)
    weight = pd.Series(np.where(lacking & (row >= 0), persons[row] + 1e-6, 0.0))
    by_kind = weight.groupby(name.to_numpy()).sum()
    by_kind = by_kind[by_kind > 0]
    order = np.lexsort((by_kind.index.to_numpy(), -by_kind.to_numpy()))
    kinds = tuple(sorted(by_kind.index[order[:MOST_KINDS]]))
    column = pd.Index(kinds).get_indexer(pd.Index(name))
    kept = (row >= 0) & (column >= 0)
    row, column, lacking = row[kept], column[kept], lacking[kept]
    missing = np.zeros((len(index), len(kinds)), dtype=bool)
    limit_m = np.zeros(missing.shape)
    at_hand_m = np.full(missing.shape, np.inf)
    missing[row, column] = lacking
    limit_m[row, column] = must["limit_m"].to_numpy(dtype=np.float64, na_value=0.0)[kept]
    has = (must["status"] == "present").fillna(value=False).to_numpy(dtype=bool)[kept]
    nearest_m = must["nearest_m"].to_numpy(dtype=np.float64, na_value=np.inf)[kept]
    at_hand_m[row[has], column[has]] = nearest_m[has]
    return kinds, missing, limit_m, at_hand_m


def _stock(
    stock: pd.DataFrame, fits: pd.DataFrame, index: pd.Index, kinds: tuple[str, ...]
) -> tuple[Floats, pd.DataFrame]:
    """Stock of one's own that fits a kind (metres from the gate), and that fits others' gaps."""
    where = stock["neighbourhood_id"].reindex(fits["stock_id"]).to_numpy()
    owner = index.get_indexer(pd.Index(pd.array(where, dtype="string")))
    row = index.get_indexer(pd.Index(fits["neighbourhood_id"].astype("str")))
    far_m = fits["distance_m"].to_numpy(dtype=np.float64, na_value=np.inf)
    own_m = np.full((len(index), len(kinds)), np.inf)
    found = []
    names = fits["kind"].astype("str").to_numpy()
    for column, kind in enumerate(kinds):
        same = (names == kind.rsplit(":", 1)[0]) & (owner >= 0) & (row >= 0)
        at_home = same & (owner == row)
        np.minimum.at(own_m[:, column], row[at_home], far_m[at_home])
        abroad = same & (owner != row)
        found.append(pd.DataFrame({"row": row[abroad], "other": owner[abroad], "kind": column}))
    nothing = pd.DataFrame({"row": [], "other": [], "kind": []})
    return own_m, pd.concat([nothing, *found]).astype(np.int64)


def pooled_links(
    neighbourhoods: Neighbourhoods,
    adjacency: pd.DataFrame,
    detour_factor: float,
    cut_barriers: tuple[str, ...],
) -> csr_array:
    """Return links with their metres on foot once the walls between members stand open.

    Parameters
    ----------
    neighbourhoods : Neighbourhoods
    adjacency : DataFrame
        results.adjacency.
    detour_factor : float
    cut_barriers : tuple of str
        Barriers over which there is no link.

    Returns
    -------
    csr_array, shape (n, n)
        Metres, each link once, by rows of the neighbourhoods.
    """
    frame = neighbourhoods.frame
    xy_m = shapely.get_coordinates(shapely.centroid(frame.geometry.to_numpy()))
    a = frame.index.get_indexer(pd.Index(adjacency["a"].astype("str")))
    b = frame.index.get_indexer(pd.Index(adjacency["b"].astype("str")))
    barrier = adjacency["barrier"].fillna("none").to_numpy(dtype=object)
    kept = (a >= 0) & (b >= 0) & ~np.isin(barrier, list(cut_barriers))
    a, b, barrier = a[kept], b[kept], barrier[kept]
    walk_m = adjacency["walk_m"].to_numpy(dtype=np.float64, na_value=np.nan)[kept]
    through_m = detour_factor * np.hypot(*(xy_m[a] - xy_m[b]).T)
    opened = np.isin(barrier, OPENED) | np.isnan(walk_m)
    length_m = np.where(opened, np.fmin(walk_m, through_m), walk_m)
    # An explicit 0 in a sparse graph is no link to some readers; a millimetre is 0 to planners.
    return csr_array((np.maximum(length_m, 1e-3), (a, b)), shape=(len(frame), len(frame)))


def _closing(
    links: csr_array,
    missing: npt.NDArray[np.bool_],
    limit_m: Floats,
    at_hand_m: Floats,
    reach_m: float,
) -> pd.DataFrame:
    """Pairs (row, other, kind) where the way through the other is within the row's limit."""
    n, kinds = missing.shape
    found = [pd.DataFrame({"row": [], "other": [], "kind": []})]
    step = max(1, CHUNK_CELLS // max(n, 1))
    for start in range(0, n if kinds else 0, step):
        rows = np.arange(start, min(start + step, n))
        table = dijkstra(links, directed=False, indices=rows, limit=reach_m)
        row, other = np.nonzero(np.isfinite(table))
        far_m = table[row, other]
        row = row + start
        closes = missing[row] & (far_m[:, None] + at_hand_m[other] <= limit_m[row])
        pair, kind = np.nonzero(closes)
        found.append(pd.DataFrame({"row": row[pair], "other": other[pair], "kind": kind}))
    return pd.concat(found).astype(np.int64)
