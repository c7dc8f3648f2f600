"""What a set cover can do without: rows that others cover along, sites that others outdo.

- Rows that the same sites cover, equally often, are one row. A row whose sites include all sites
  of another that must be covered at least as often is covered along with it.
- A row with just as many sites as it needs has no choice: they open.
- Where every row is to be covered once, a site is outdone by another that covers all its rows and
  costs no more.

Each step makes others possible, so they take turns until nothing changes [1]_.

References
----------
.. [1] C. Toregas, R. Swain, C. ReVelle, L. Bergman (1971), Operations Research 19, 1363-1373.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spatial.siting.signatures import Cover, contained_in_another, contains_another, same_rows

__all__ = ["Reduced", "reduce_cover"]

Longs = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Reduced:
    """What is left to decide."""

    cover: Cover
    need: Longs  # (rows left,) how often each is still to be covered
    sites: Longs  # (sites left,) their numbers before
    opened: Longs  # sites (numbers before) that have no choice but to open


def reduce_cover(
    cover: Cover,
    need: Longs,
    cost: npt.NDArray[np.float64],
    allowed: npt.NDArray[np.bool_],
) -> Reduced:
    """Leave out the rows and sites that do not matter.

    Parameters
    ----------
    cover : Cover
    need : array of int, shape (n,)
        At most 0: the row needs nothing. No more than its allowed sites.
    cost : array of float, shape (m,)
    allowed : array of bool, shape (m,)
        Sites that may open.
    """
    rows = need > 0
    sites = np.flatnonzero(allowed)
    cover, need = cover.part(rows, allowed), need[rows].copy()
    opened: list[npt.NDArray[Any]] = []
    while True:
        size = cover.row_count, cover.site_count
        forced = _forced(cover, need)
        opened.append(sites[forced])
        served = np.bincount(
            cover.row[np.repeat(forced, np.diff(cover.begin))], minlength=cover.row_count
        )
        need = need - served
        rows = need > 0
        useful = ~forced
        cover, need, sites = cover.part(rows, useful), need[rows], sites[useful]
        first, _ = same_rows(cover.start, cover.site, need)
        rows = np.zeros(cover.row_count, dtype=bool)
        rows[first] = True
        cover, need = cover.part(rows, np.ones(len(sites), dtype=bool)), need[rows]
        rows = ~contains_another(*cover.arrays, need, np.ones(len(need), dtype=bool))
        useful = np.diff(cover.begin) > 0
        if (need == 1).all():
            useful &= ~contained_in_another(
                cover.begin, cover.row, cover.start, cover.site, cost[sites]
            )
        cover, need, sites = cover.part(rows, useful), need[rows], sites[useful]
        if size == (cover.row_count, cover.site_count):
            return Reduced(cover, need, sites, np.sort(np.concatenate(opened)))


def _forced(cover: Cover, need: Longs) -> npt.NDArray[np.bool_]:
    """Mark the sites of rows that have no more sites than they need."""
    forced = np.zeros(cover.site_count, dtype=bool)
    size = np.diff(cover.start)
    forced[cover.site[np.repeat(size <= need, size)]] = True
    return forced
