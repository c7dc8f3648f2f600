"""A bound above the linear relaxation: inequalities that plans keep, window by window.

The relaxation may take districts by halves and be far below every plan. Around a window of atoms
the prices outside stay as they are; inside, prices and cuts are found by a small linear programme
over what all districts have inside the window, round by round: districts that it missed, cuts that
its fractional plan breaks. The bound never falls, and it holds for every plan: it is worked out
from the reduced costs of *all* districts. Windows that no district joins are raised side by side.

A plan costs its bound, and the reduced costs of its districts, and what its cuts leave over.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from spatial.districting.cover_kernels import least_shares
from spatial.districting.cut_kernels import beside, by_atom, meeting, some_of, traces
from spatial.districting.cuts import Cuts, Prices, limit_of, no_cuts, reduced_costs_of, worth_of
from spatial.districting.turns import earlier_that_touch, in_turns
from spatial.districting.window_kernels import patches
from spatial.districting.window_programme import ROUNDING, WindowProgramme

__all__ = ["Cuts", "Prices", "limit_of", "no_cuts", "reduced_costs_of", "strengthen"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
CHEAP: Final = 5
"""So many districts an atom, of least reduced cost, are in the programmes at first."""
DENSE: Final = 25
"""So many an atom may come in; what the rest allows is looked at afterwards."""
LEAST: Final = 1e-9
"""Smaller charges are left out."""
THREADS: Final = 2


class _State:
    """Prices, cuts and reduced costs, changed window by window."""

    def __init__(self, arrays: tuple[Any, Any, Floats], price: Floats) -> None:
        self.members, self.start, _ = arrays
        self.price = price.copy()
        self.cuts, self.charge = no_cuts(), np.zeros(0)
        self.born = np.zeros((0, 2), dtype=np.int64)  # of each cut: window, number in it
        self.reduced = reduced_costs_of(*arrays, Prices(price, self.charge, self.cuts))
        self.begin, self.around = by_atom(self.members, self.start, len(price))
        self.lock = Lock()

    def own_cuts(self, place: Ints) -> tuple[Cuts, Floats]:
        """Cuts with atoms of a window only, and their charges, in an order of their own."""
        with self.lock:
            own, cuts = self.cuts.within(place)
            order = np.lexsort(self.born[own].T[::-1])
            return cuts.take(order), self.charge[own][order]

    def replace_cuts(self, place: Ints, number: int, cuts: Cuts, charge: Floats) -> None:
        """Put these in the place of the cuts with atoms of a window only."""
        born = np.column_stack([np.full(len(cuts), number), np.arange(len(cuts))])
        with self.lock:
            keep = np.ones(len(self.cuts), dtype=bool)
            keep[self.cuts.within(place)[0]] = False
            self.cuts = self.cuts.take(keep).with_more(cuts)
            self.charge = np.concatenate([self.charge[keep], charge])
            self.born = np.vstack([self.born[keep], born])

    def prices(self) -> Prices:
        """Return what holds, whatever thread came first."""
        order = np.lexsort(self.born.T[::-1])
        return Prices(self.price, self.charge[order], self.cuts.take(order))


def strengthen(
    arrays: tuple[Any, Any, Floats],
    links: tuple[Any, Any],
    price: Floats,
    sweeps: tuple[tuple[int, int], ...],
    *,
    over: Callable[[], bool],
    cores: int = THREADS,
) -> tuple[Prices, Floats]:
    """Raise the bound by cuts, window by window.

    Parameters
    ----------
    arrays : members, start, score
        All districts; members are 0 … atoms - 1, and every atom alone is a district.
    links : start, neighbour
    price : array, shape (atoms,)
        No reduced cost is negative.
    sweeps : tuple of (atoms of a window, rounds of cuts)
        Each goes over all atoms once.
    over : callable
        True: leave the rest.
    cores : int
        Windows at a time; the answer is the same.

    Returns
    -------
    prices : Prices
    reduced : array
        Reduced costs of all districts; none is negative.
    """
    state = _State(arrays, price)
    atoms = len(price)
    windows, rounds = _windows(links, atoms, sweeps)

    def work(number: int) -> None:
        if not over():
            _raise_window(state, number, windows[number], rounds[number])

    near = beside(state.members, state.start, state.begin, state.around, atoms)
    in_turns(work, earlier_that_touch(windows, near, atoms), cores=cores)
    prices = state.prices()
    reduced = reduced_costs_of(*arrays, prices)
    least, _ = least_shares(state.members, state.start, reduced, atoms)
    raised = Prices(prices.price + least, prices.charge, prices.cuts)
    return raised, np.maximum(reduced_costs_of(*arrays, raised), 0.0)


def _windows(
    links: tuple[Any, Any], atoms: int, sweeps: tuple[tuple[int, int], ...]
) -> tuple[list[Ints], list[int]]:
    """Windows of all sweeps; beside each other they would have to wait, so they are shuffled."""
    windows: list[Ints] = []
    rounds: list[int] = []
    for turn, (wanted, times) in enumerate(sweeps):
        members, begin = patches(links[0], links[1], atoms, wanted, (turn * 7919) % atoms)
        for k in np.random.default_rng(turn).permutation(len(begin) - 1):
            windows.append(np.sort(members[begin[k] : begin[k + 1]]))
            rounds.append(times)
    return windows, rounds


def _raise_window(state: _State, number: int, window: Ints, rounds: int) -> None:
    place = np.full(len(state.price), -1, dtype=np.int64)
    place[window] = np.arange(len(window))
    known = np.zeros(len(state.reduced), dtype=bool)
    numbers = np.sort(meeting(state.begin, state.around, window, known))
    inner, begin, key = traces(state.members, state.start, numbers, place)
    reduced = state.reduced[numbers]
    cuts, charge = state.own_cuts(place)
    programme = _programme((inner, begin, key), reduced, len(window), cuts, charge)
    found = programme.raised(rounds)
    if found is None:
        return
    price, more, cuts = found
    new = reduced - worth_of(inner, begin, price, more, cuts)
    # both are feasible prices: so is everything between them
    step = _step(reduced, new)
    if price.sum() - (more * cuts.room).sum() <= 0.0 or step <= 0.0:
        return
    state.price[window] += step * price
    state.reduced[numbers] = reduced + step * (new - reduced)
    charge = np.concatenate([charge, np.zeros(len(more) - len(charge))]) + step * more
    keep = charge > LEAST
    outside = np.where(cuts.atoms >= 0, window[cuts.atoms], -1)
    some = Cuts(outside, cuts.shares, cuts.whole).take(keep)
    state.replace_cuts(place, number, some, charge[keep])


def _programme(
    traced: tuple[Ints, Ints, Any], reduced: Floats, atoms: int, cuts: Cuts, charge: Floats
) -> WindowProgramme:
    """Districts of least reduced cost; of those with the same atoms inside, the cheapest."""
    inner, begin, key = traced
    alone = np.diff(begin) == 1  # with these there is always a plan
    pool = np.flatnonzero(alone | (reduced <= limit_of(reduced, DENSE * atoms)))
    order = pool[np.lexsort((reduced[pool], key[pool]))]
    first = order[np.concatenate([[True], key[order[1:]] != key[order[:-1]]])]
    members, start = some_of(inner, begin, first)
    cost = np.maximum(reduced[first], 0.0)
    programme = WindowProgramme(members, start, cost, atoms, cuts, charge)
    programme.add(np.flatnonzero(alone[first] | (cost <= limit_of(cost, CHEAP * atoms))))
    programme.begin_with_cheapest()
    return programme


def _step(old: Floats, new: Floats) -> float:
    """How far reduced costs may go from old to new without one below 0."""
    bad = np.flatnonzero(new < -ROUNDING)
    if not len(bad):
        return 1.0
    return float((np.maximum(old[bad], 0.0) / (old[bad] - new[bad])).min())
