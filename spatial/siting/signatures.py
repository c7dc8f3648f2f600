"""Who covers whom, made small: equal demand rows together, dominated rows and sites left out.

Demand rows that the same sites cover are one row with the sum of their weights: a city's 20,000
homes have some thousand different sets of sites in reach. The sets are compared by a hash first,
and then element by element, so a collision never joins rows that differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

__all__ = [
    "Cover",
    "contained_in_another",
    "contains_another",
    "cover_of",
    "nearest_open",
    "same_rows",
    "transposed",
]

_jit: Any = numba.njit(cache=True, nogil=True)
Array = Any
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Cover:
    """Which sites cover which rows, listed both ways; sites of a row and rows of a site ascend."""

    start: Ints  # (n + 1,)
    site: npt.NDArray[np.int32]  # (k,) sites of row i: site[start[i]:start[i + 1]]
    begin: Ints  # (m + 1,)
    row: npt.NDArray[np.int32]  # (k,) rows of site j: row[begin[j]:begin[j + 1]]

    @property
    def row_count(self) -> int:
        """Rows, those that nobody covers included."""
        return len(self.start) - 1

    @property
    def site_count(self) -> int:
        """Sites, those that cover nobody included."""
        return len(self.begin) - 1

    @property
    def arrays(self) -> tuple[Array, Array, Array, Array]:
        """What kernels take."""
        return self.start, self.site, self.begin, self.row

    def part(self, rows: npt.NDArray[np.bool_], sites: npt.NDArray[np.bool_]) -> Cover:
        """Take some rows and some sites, numbered anew in the same order."""
        start, site = _part(self.start, self.site, rows, sites)
        return cover_of(start, site, int(sites.sum()))


def cover_of(start: npt.NDArray[Any], site: npt.NDArray[Any], sites: int) -> Cover:
    """List a cover both ways.

    Parameters
    ----------
    start : array of int, shape (n + 1,)
    site : array of int, shape (k,)
        Sites of each row, in any order, each at most once a row.
    sites : int
        How many sites there are.

    Examples
    --------
    >>> cover = cover_of(np.array([0, 2, 3]), np.array([1, 0, 1]), 2)
    >>> cover.site.tolist(), cover.begin.tolist(), cover.row.tolist()
    ([0, 1, 1], [0, 1, 3], [0, 0, 1])
    """
    begin, row = transposed(start.astype(np.int64), site.astype(np.int32), sites)
    again, ordered = transposed(begin, row, len(start) - 1)
    return Cover(again, ordered, begin, row)


@_jit
def transposed(start: Array, item: Array, count: int) -> tuple[Array, Array]:
    """Turn lists the other way round: for each item the lists that hold it, ascending."""
    begin = np.zeros(count + 1, dtype=np.int64)
    for x in item:
        begin[x + 1] += 1
    for j in range(count):
        begin[j + 1] += begin[j]
    at = begin[:-1].copy()
    holder = np.empty(len(item), dtype=np.int32)
    for i in range(len(start) - 1):
        for e in range(start[i], start[i + 1]):
            j = item[e]
            holder[at[j]] = i
            at[j] += 1
    return begin, holder


@_jit
def _part(start: Array, site: Array, rows: Array, sites: Array) -> tuple[Array, Array]:
    number = np.empty(len(sites), dtype=np.int32)
    count = 0
    for j in range(len(sites)):
        number[j] = count
        count += sites[j]
    kept = np.empty(len(site), dtype=np.int32)
    begin = np.zeros(rows.sum() + 1, dtype=np.int64)
    size, at = 0, 0
    for i in range(len(rows)):
        if not rows[i]:
            continue
        for e in range(start[i], start[i + 1]):
            if sites[site[e]]:
                kept[size] = number[site[e]]
                size += 1
        at += 1
        begin[at] = size
    return begin, kept[:size].copy()


@_jit
def _mixed(x: int) -> Any:
    """Spread the bits of a number over 64 (the finaliser of splitmix64, Steele et al. 2014)."""
    z = np.uint64(x) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@_jit
def _hashes(start: Array, item: Array) -> Array:
    """Sum of the members' hashes: the same for the same set."""
    found = np.zeros(len(start) - 1, dtype=np.uint64)
    for i in range(len(found)):
        for e in range(start[i], start[i + 1]):
            found[i] += _mixed(item[e])
    return found


@_jit
def _first_alike(start: Array, item: Array, order: Array, hashes: Array, label: Array) -> Array:
    """Return the first row with the same set, for each row; rows of one hash stand together."""
    first = np.empty(len(order), dtype=np.int64)
    begin = 0
    for at in range(len(order)):
        i = order[at]
        if hashes[order[begin]] != hashes[i]:
            begin = at
        first[i] = i
        for other in range(begin, at):
            k = order[other]
            if first[k] != k or label[k] != label[i]:
                continue
            if start[k + 1] - start[k] != start[i + 1] - start[i]:
                continue
            same = True
            for e in range(start[i + 1] - start[i]):
                if item[start[k] + e] != item[start[i] + e]:
                    same = False
                    break
            if same:
                first[i] = k
                break
    return first


def same_rows(
    start: npt.NDArray[Any], item: npt.NDArray[Any], label: npt.NDArray[Any] | None = None
) -> tuple[Ints, Ints]:
    """Group rows whose sets (and labels) are equal.

    Parameters
    ----------
    start, item : array of int
        The sets, their members ascending.
    label : array, shape (n,), optional
        Rows with different labels stay apart: how often a row must be covered.

    Returns
    -------
    first : array of int, shape (g,)
        The first row of each group, ascending.
    group : array of int, shape (n,)

    Examples
    --------
    >>> first, group = same_rows(np.array([0, 2, 3, 5]), np.array([0, 1, 1, 0, 1]))
    >>> first.tolist(), group.tolist()
    ([0, 1], [0, 1, 0])
    """
    hashes = _hashes(start, item)
    order = np.argsort(hashes, kind="stable")
    label = np.zeros(len(hashes), dtype=np.int64) if label is None else label
    alike = _first_alike(start, item, order, hashes, label)
    first, group = np.unique(alike, return_inverse=True)
    return first, group


@_jit
def contains_another(
    start: Array, item: Array, begin: Array, holder: Array, rank: Array, among: Array
) -> Array:
    """Mark the sets that contain another set of no smaller rank.

    A set *i* is marked where some *j* has all its members in *i* and ``rank[j] >= rank[i]``; of
    equal sets with equal ranks the first stays. Marked sets mark no others that their own marker
    would not mark as well, so all marked ones may go together.

    Parameters
    ----------
    start, item : array of int
        The sets, members ascending.
    begin, holder : array of int
        The same the other way round.
    rank : array of float, shape (n,)
    among : array of bool, shape (n,)
        Sets that take part; others neither mark nor are marked.
    """
    count = len(start) - 1
    bits = _bits(start, item)
    marked = np.zeros(count, dtype=np.bool_)
    for j in range(count):
        size = start[j + 1] - start[j]
        if marked[j] or size == 0 or not among[j]:
            continue
        rare = _rarest(start[j], start[j + 1], item, begin)
        for h in range(begin[rare], begin[rare + 1]):
            i = holder[h]
            other = start[i + 1] - start[i]
            if i == j or marked[i] or other < size or not among[i] or rank[j] < rank[i]:
                continue
            if bits[j] & ~bits[i] != 0 or (other == size and rank[i] == rank[j] and i < j):
                continue
            marked[i] = _within(item, start[j], start[j + 1], start[i], start[i + 1])
    return marked


@_jit
def contained_in_another(
    start: Array, item: Array, begin: Array, holder: Array, cost: Array
) -> Array:
    """Mark the sets with all their members in another that costs no more.

    Of equal sets at equal cost the first stays; all marked ones may go together. Empty sets are
    marked.
    """
    count = len(start) - 1
    bits = _bits(start, item)
    marked = np.zeros(count, dtype=np.bool_)
    for i in range(count):
        size = start[i + 1] - start[i]
        if size == 0:
            marked[i] = True
            continue
        rare = _rarest(start[i], start[i + 1], item, begin)
        for h in range(begin[rare], begin[rare + 1]):
            j = holder[h]
            other = start[j + 1] - start[j]
            if i == j or marked[j] or other < size or cost[j] > cost[i]:
                continue
            if bits[i] & ~bits[j] != 0 or (other == size and cost[i] == cost[j] and i < j):
                continue
            if _within(item, start[i], start[i + 1], start[j], start[j + 1]):
                marked[i] = True
                break
    return marked


@_jit
def _bits(start: Array, item: Array) -> Array:
    """Bits of each set's members; a set lies within another only if its bits do."""
    bits = np.zeros(len(start) - 1, dtype=np.uint64)
    for i in range(len(bits)):
        for e in range(start[i], start[i + 1]):
            bits[i] |= np.uint64(1) << (_mixed(item[e]) & np.uint64(63))
    return bits


@_jit
def _rarest(first: int, end: int, item: Array, begin: Array) -> Any:
    """Return the member of a set that the fewest sets hold."""
    rare = item[first]
    for e in range(first + 1, end):
        if begin[item[e] + 1] - begin[item[e]] < begin[rare + 1] - begin[rare]:
            rare = item[e]
    return rare


@_jit
def _within(item: Array, a: int, a_end: int, b: int, b_end: int) -> bool:
    """Tell whether the members listed from `a` are all among those from `b`."""
    while a < a_end:
        while b < b_end and item[b] < item[a]:
            b += 1
        if b == b_end or item[b] != item[a]:
            return False
        a += 1
        b += 1
    return True


@_jit
def nearest_open(start: Array, site: Array, is_open: Array) -> Array:
    """First open site of each row, shape (n,); -1 where none is open. Rows stand nearest first."""
    found = np.full(len(start) - 1, -1, dtype=np.int64)
    for i in range(len(found)):
        for e in range(start[i], start[i + 1]):
            if is_open[site[e]]:
                found[i] = site[e]
                break
    return found
