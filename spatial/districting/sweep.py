"""Improve a plan belt by belt: across the whole city, some neighbourhoods wide.

A belt is what lies so many links away from a far end of the city; its line is swept from one end
to the other (:mod:`~spatial.districting.sweep_kernels`). Belts of one pass do not overlap and are
done side by side; passes begin at other ends.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from spatial.districting.cover_kernels import reduced_costs
from spatial.districting.cut_kernels import index_cuts
from spatial.districting.strengthen import Prices, limit_of
from spatial.districting.sweep_kernels import SPAN, depths, line_of, sweep_line
from spatial.districting.window_kernels import by_smallest, inside_window, room_of

__all__ = ["sweep_belts"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
THREADS: Final = 2
TINY: Final = 1e-9


def sweep_belts(
    arrays: tuple[Any, Any, Floats],
    links: tuple[Any, Any],
    prices: Prices,
    reduced: Floats,
    best: Ints,
    passes: tuple[tuple[int, int, int], ...],
    *,
    seed: int,
    over: Callable[[], bool],
) -> Ints:
    """Return a plan that is at least as good.

    Parameters
    ----------
    arrays : members, start, score
        All districts; members are 0 … atoms - 1.
    links : start, neighbour
    prices : Prices
    reduced : array
        Reduced cost of each district with the charges of cuts, at least 0.
    best : int array
        The plan, as numbers of the districts.
    passes : tuple of (links across a belt, districts an atom, beginnings kept)
    seed : int
        Where belts begin.
    over : callable
        True: leave the rest.
    """
    members, start, _ = arrays
    atoms = len(prices.price)
    chosen = np.empty(atoms, dtype=np.int64)
    for j in best:
        chosen[members[start[j] : start[j + 1]]] = j
    work = _Belts(arrays, links, prices, reduced, chosen)
    rng = np.random.default_rng(seed)
    with ThreadPoolExecutor(THREADS) as pool:
        for wide, dense, keep in passes:
            if over():
                break
            limit = limit_of(reduced, dense * atoms)
            belts = work.belts(wide, int(rng.integers(atoms)), int(rng.integers(wide)))
            list(pool.map(lambda belt, a=limit, b=keep: work.improve(belt, a, b), belts))
    return np.unique(work.chosen)


class _Belts:
    """The plan, and what is needed to do a belt of it anew."""

    def __init__(
        self,
        arrays: tuple[Any, Any, Floats],
        links: tuple[Any, Any],
        prices: Prices,
        reduced: Floats,
        chosen: Ints,
    ) -> None:
        self.members, self.start, self.score = arrays
        self.links, self.reduced, self.chosen = links, reduced, chosen
        self.paid = reduced_costs(*arrays, prices.price)
        self.index = by_smallest(self.members, self.start, reduced, len(chosen))
        self.cuts, self.charge = prices.cuts, prices.charge
        self.cut_index = index_cuts(self.cuts.atoms, len(chosen))
        self.held = (*self.cut_index, self.cuts.shares, self.cuts.whole, self.charge)

    def belts(self, wide: int, somewhere: int, shift: int) -> list[Ints]:
        """Whole districts of the plan by their distance from a far end: atoms of each belt."""
        far = int(depths(*self.links, somewhere).argmax())
        depth = depths(*self.links, far)
        district = np.unique(self.chosen, return_inverse=True)[1]
        middle = np.bincount(district, weights=depth) / np.bincount(district)
        belt = ((middle[district] + shift) // wide).astype(np.int64)
        order = np.argsort(belt, kind="stable")
        ends = np.flatnonzero(np.diff(belt[order])) + 1
        return np.split(order, ends)

    def improve(self, belt: Ints, limit: float, keep: int) -> None:
        """Do one belt anew; nothing changes where nothing better is found."""
        line = line_of(*self.links, belt)
        inside = np.full(len(self.chosen), -1, dtype=np.int64)
        inside[line] = np.arange(len(line))
        now = np.unique(self.chosen[line])
        held = np.zeros(len(self.charge), dtype=np.int64)
        spent = room_of(self.held, held, line) + float(self.paid[now].sum())
        if spent <= TINY:
            return
        numbers, _, _ = inside_window(
            (self.members, self.start, self.reduced, self.paid),
            self.index,
            inside,
            line,
            min(limit, spent),
        )
        numbers = np.union1d(numbers, now)
        numbers, places, begin = self._in_line(numbers, inside)
        rows, shares, whole, charge = self._cuts_within(line, inside)
        found, _, _ = sweep_line(
            len(line),
            (places, begin, self.reduced[numbers], self.paid[numbers]),
            index_cuts(rows, len(line)),
            (rows, shares, whole, charge),
            spent - TINY,
            keep,
        )
        new = numbers[found]
        if len(new) and self.score[new].sum() < self.score[now].sum() - TINY:
            for j in new:
                self.chosen[self.members[self.start[j] : self.start[j + 1]]] = j

    def _in_line(self, numbers: Ints, inside: Ints) -> tuple[Ints, Ints, Ints]:
        """Districts with their places in the line, by their first place, cheapest first."""
        size = np.diff(self.start)[numbers]
        district = np.repeat(np.arange(len(numbers)), size)
        begin = np.cumsum(size) - size
        at = np.repeat(self.start[numbers] - begin, size) + np.arange(len(district))
        place = inside[self.members[at]]
        place = place[np.lexsort((place, district))]
        first, last = place[begin], place[begin + size - 1]
        fits = np.flatnonzero(last - first < SPAN)
        order = fits[np.lexsort((self.reduced[numbers[fits]], first[fits]))]
        starts = np.concatenate([[0], np.cumsum(size[order])])
        at = np.repeat(begin[order] - starts[:-1], size[order]) + np.arange(starts[-1])
        return numbers[order], place[at], starts

    def _cuts_within(self, line: Ints, inside: Ints) -> tuple[Ints, Ints, Ints, Floats]:
        """Cuts as they are about the atoms of a belt alone."""
        begin, cut, _ = self.cut_index
        met = [cut[begin[a] : begin[a + 1]] for a in line]
        which = np.unique(np.concatenate(met))
        cuts = self.cuts.take(which)
        rows = np.where(cuts.atoms >= 0, inside[cuts.atoms], -1)
        return rows, np.where(rows >= 0, cuts.shares, 0), cuts.whole, self.charge[which]
