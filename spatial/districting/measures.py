"""What districting looks at: needs made comparable, sizes, links and distances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from spatial.districting.rules import AMOUNTS, DistrictRules

__all__ = ["Links", "Pairs", "amounts_of", "links_of", "pairs_within", "standardised"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
CHUNK_CELLS: Final = 4_000_000
"""Cells of a distance table held at once."""


def standardised(needs: pd.DataFrame) -> Floats:
    """Needs as z-scores, shape (n, k); unknown values stay ``NaN``.

    A column that does not vary says nothing about likeness and is left out.

    Examples
    --------
    >>> standardised(pd.DataFrame({"clinic": [0.0, 1.0], "same": [1.0, 1.0]})).ravel().tolist()
    [-1.0, 1.0]
    """
    values = needs.to_numpy(dtype=np.float64, na_value=np.nan)
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0.0).sum(axis=0) / count
    deviation = np.where(known, values - mean, 0.0)
    spread = np.sqrt((deviation**2).sum(axis=0) / count)
    varies = spread > 1e-12 * np.maximum(np.abs(mean), 1.0)
    scaled = deviation[:, varies] / spread[varies]
    scaled[~known[:, varies]] = np.nan
    return scaled


def amounts_of(frame: pd.DataFrame) -> tuple[Floats, dict[str, int]]:
    """Sizes that are limited, shape (n, 4) in the order of `AMOUNTS`, and how many are unknown.

    An unknown number of households or persons counts, against the limits only, as the known
    neighbourhoods' median per m² of parcel times its own area; where nothing at all is known
    the column is 0 and its limits must not be applied.
    """
    amounts = np.ones((len(frame), len(AMOUNTS)))
    area_m2 = frame["area_m2"].to_numpy(dtype=np.float64, na_value=np.nan)
    amounts[:, AMOUNTS.index("area_m2")] = area_m2
    unknown = {}
    for amount in ("households", "persons"):
        values = frame[amount].to_numpy(dtype=np.float64, na_value=np.nan)
        missing = ~np.isfinite(values)
        unknown[amount] = int(missing.sum())
        dense = ~missing & (area_m2 > 0)
        per_m2 = float(np.median(values[dense] / area_m2[dense])) if dense.any() else 0.0
        amounts[:, AMOUNTS.index(amount)] = np.where(missing, per_m2 * area_m2, values)
    return amounts, unknown


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """Neighbours that may share a district; each link once, smaller row first, sorted."""

    first: Ints
    second: Ints
    walk_m: Floats  # NaN where not known
    cut: dict[str, int]  # links taken out, by reason


def links_of(
    adjacency: pd.DataFrame, ids: pd.Index, subdistrict: npt.NDArray[np.int64], rules: DistrictRules
) -> Links:
    """Links that remain after cutting barriers, street offices and long ways round.

    Parameters
    ----------
    adjacency : DataFrame
        ``a, b, barrier, walk_m`` of results.adjacency.
    ids : Index
        Neighbourhoods that may join; links to others are left out.
    subdistrict : array, shape (n,)
        Number of the street office of each id; -1 = unknown.
    rules : DistrictRules
    """
    a = ids.get_indexer(pd.Index(adjacency["a"].astype("str")))
    b = ids.get_indexer(pd.Index(adjacency["b"].astype("str")))
    walk_m = adjacency["walk_m"].to_numpy(dtype=np.float64, na_value=np.nan)
    keep = (a >= 0) & (b >= 0) & (a != b)
    cut: dict[str, int] = {}
    a, b, walk_m = a[keep], b[keep], walk_m[keep]
    barrier = adjacency["barrier"].fillna("none").to_numpy(dtype=object)[keep]
    keep = np.ones(len(a), dtype=bool)
    for kind in rules.cut_barriers:
        cut[kind] = int((keep & (barrier == kind)).sum())
        keep &= barrier != kind
    if rules.same_subdistrict:
        office_a, office_b = subdistrict[a], subdistrict[b]
        other = (office_a >= 0) & (office_b >= 0) & (office_a != office_b)
        cut["subdistrict"] = int((keep & other).sum())
        keep &= ~other
    if rules.max_link_walk_m is not None:
        long = walk_m > rules.max_link_walk_m
        cut["long_walk"] = int((keep & long).sum())
        keep &= ~long
    first, second = np.minimum(a, b)[keep], np.maximum(a, b)[keep]
    table = pd.DataFrame({"first": first, "second": second, "walk_m": walk_m[keep]})
    table = table.groupby(["first", "second"], as_index=False, sort=True)["walk_m"].min()
    return Links(
        first=table["first"].to_numpy(dtype=np.int64),
        second=table["second"].to_numpy(dtype=np.int64),
        walk_m=table["walk_m"].to_numpy(dtype=np.float64),
        cut=cut,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pairs near enough to share a district, each once, and how far apart they are."""

    first: Ints
    second: Ints
    straight_m: Floats
    walk_m: Floats  # along the links, never shorter than straight

    def __len__(self) -> int:
        return len(self.first)


def pairs_within(xy_m: Floats, links: Links, rules: DistrictRules) -> Pairs:
    """All pairs whose distance is at most ``rules.max_distance_m``.

    The walking distance of a pair is the shortest chain of links, each as long as its gate to
    gate walk (or the straight distance times the detour factor, where no walk is known), and
    never less than the straight distance, for a chain leaves out the way between a member's own
    gates. A pair not joined by a chain of three times the limit counts as that far.
    """
    limit_m = rules.max_distance_m
    tree = shapely.STRtree(shapely.points(xy_m))
    near = tree.query(shapely.points(xy_m), predicate="dwithin", distance=limit_m)
    first, second = near[:, near[0] < near[1]]
    order = np.lexsort((second, first))
    first, second = first[order].astype(np.int64), second[order].astype(np.int64)
    straight_m = np.hypot(*(xy_m[first] - xy_m[second]).T)
    walk_m = np.maximum(_chains(xy_m, links, first, second, rules), straight_m)
    if rules.distance_basis == "walking":
        keep = walk_m <= limit_m
        first, second = first[keep], second[keep]
        straight_m, walk_m = straight_m[keep], walk_m[keep]
    return Pairs(first=first, second=second, straight_m=straight_m, walk_m=walk_m)


def _chains(xy_m: Floats, links: Links, first: Ints, second: Ints, rules: DistrictRules) -> Floats:
    n, bound_m = len(xy_m), 3 * rules.max_distance_m
    straight_m = np.hypot(*(xy_m[links.first] - xy_m[links.second]).T)
    length_m = np.where(np.isnan(links.walk_m), straight_m * rules.detour_factor, links.walk_m)
    # An explicit 0 in a sparse graph is no link to some readers; a millimetre is 0 to planners.
    graph = csr_array((np.maximum(length_m, 1e-3), (links.first, links.second)), shape=(n, n))
    walk_m = np.full(len(first), bound_m)
    rows = max(1, CHUNK_CELLS // max(n, 1))
    for start in range(0, n, rows):
        some = np.arange(start, min(start + rows, n))
        low, high = np.searchsorted(first, [some[0], some[-1] + 1])
        if low == high:
            continue
        table = dijkstra(graph, directed=False, indices=some, limit=bound_m)
        found = table[first[low:high] - start, second[low:high]]
        walk_m[low:high] = np.where(np.isfinite(found), found, bound_m)
    return walk_m
