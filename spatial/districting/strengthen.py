"""A bound above the linear relaxation: inequalities that plans keep, window by window.

The relaxation may take districts by halves and be far below every plan. Around a window of atoms
the prices outside stay as they are; inside, prices and cuts are found by a small linear programme
over what all districts have inside the window, round by round: districts that it missed, cuts that
its fractional plan breaks. The bound never falls, and it holds for every plan: it is worked out
from the reduced costs of *all* districts.

A plan costs its bound, and the reduced costs of its districts, and what its cuts leave over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import highspy
import numpy as np
import numpy.typing as npt

from spatial.districting.cover_kernels import least_shares, reduced_costs
from spatial.districting.cut_kernels import (
    PATTERNS,
    WIDTH,
    grow_cuts,
    index_cuts,
    traces,
    triples,
    weigh,
    worths,
)
from spatial.districting.window_kernels import patches

__all__ = ["Cuts", "Prices", "limit_of", "no_cuts", "reduced_costs_of", "strengthen"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
NEARLY: Final = 0.15
"""A triple that is broken but for so much is a seed of longer cuts."""
BROKEN: Final = 0.01
SEEDS: Final = 2
"""Seeds an atom."""
AT_ONCE: Final = 3
"""New cuts around an atom in one round."""
CHEAP: Final = 3
"""So many districts an atom, of least reduced cost, are in the programmes at first."""
ROUNDING: Final = 1e-7


@dataclass(frozen=True, slots=True, eq=False)
class Cuts:
    """Inequalities; a row of `atoms` that is shorter than others ends with -1."""

    atoms: Ints  # shape (cuts, WIDTH)
    shares: Ints  # numerators, as atoms
    whole: Ints  # denominators

    def __len__(self) -> int:
        return len(self.whole)

    @property
    def room(self) -> Floats:
        """How often a plan may count in each."""
        return (self.shares.sum(axis=1) // np.maximum(self.whole, 1)).astype(np.float64)

    def take(self, which: npt.NDArray[Any]) -> Cuts:
        """Return some of the cuts."""
        return Cuts(self.atoms[which], self.shares[which], self.whole[which])

    def with_more(self, other: Cuts) -> Cuts:
        """Return these and then the others."""
        return Cuts(
            np.vstack([self.atoms, other.atoms]),
            np.vstack([self.shares, other.shares]),
            np.concatenate([self.whole, other.whole]),
        )


def no_cuts() -> Cuts:
    """Return none."""
    none = np.zeros((0, WIDTH), dtype=np.int64)
    return Cuts(none, none, np.zeros(0, dtype=np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """Dual values: of each atom, and of each cut (at least 0)."""

    price: Floats
    charge: Floats
    cuts: Cuts

    @property
    def total(self) -> float:
        """The lower bound, where no reduced cost is negative."""
        return float(self.price.sum() - (self.charge * self.cuts.room).sum())


def reduced_costs_of(members: Any, start: Any, score: Floats, prices: Prices) -> Floats:
    """Score of each district, less the prices of its members, with the charges of the cuts."""
    if not len(prices.cuts):
        found: Floats = reduced_costs(members, start, score, prices.price)
        return found
    cuts = prices.cuts
    index = index_cuts(cuts.atoms, len(prices.price))
    worth = worths(members, start, prices.price, prices.charge, index, cuts.shares, cuts.whole)
    left: Floats = score - worth
    return left


def limit_of(reduced: Floats, count: int) -> float:
    """Reduced cost that so many districts do not exceed."""
    if count >= len(reduced):
        return float(reduced.max(initial=0.0))
    return float(np.partition(reduced, count)[count])


class _State:
    """Prices, cuts and reduced costs, changed window by window."""

    def __init__(self, arrays: tuple[Any, Any, Floats], price: Floats) -> None:
        self.members, self.start, self.score = arrays
        self.price = price.copy()
        self.cuts, self.charge = no_cuts(), np.zeros(0)
        self.reduced = reduced_costs(*arrays, price)
        size = np.diff(self.start)
        order = np.argsort(self.members, kind="stable")
        self.around = np.repeat(np.arange(len(self.score)), size)[order]
        self.begin = np.searchsorted(self.members[order], np.arange(len(price) + 1))
        self.cheap = limit_of(self.reduced, CHEAP * len(price))

    def meeting(self, window: Ints) -> Ints:
        """Districts with an atom of the window."""
        found = [self.around[self.begin[i] : self.begin[i + 1]] for i in window]
        return np.unique(np.concatenate(found))


def strengthen(
    arrays: tuple[Any, Any, Floats],
    links: tuple[Any, Any],
    price: Floats,
    sweeps: tuple[tuple[int, int], ...],
    *,
    over: Callable[[], bool],
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

    Returns
    -------
    prices : Prices
    reduced : array
        Reduced costs of all districts; none is negative.
    """
    state = _State(arrays, price)
    atoms = len(price)
    for turn, (wanted, rounds) in enumerate(sweeps):
        members, begin = patches(links[0], links[1], atoms, wanted, (turn * 7919) % atoms)
        for k in range(len(begin) - 1):
            if over():
                break
            _raise_window(state, np.sort(members[begin[k] : begin[k + 1]]), rounds)
    prices = Prices(state.price, state.charge, state.cuts)
    reduced = reduced_costs_of(*arrays, prices)
    least, _ = least_shares(state.members, state.start, reduced, atoms)
    raised = Prices(state.price + least, state.charge, state.cuts)
    return raised, np.maximum(reduced_costs_of(*arrays, raised), 0.0)


def _raise_window(state: _State, window: Ints, rounds: int) -> None:
    atoms = len(window)
    place = np.full(len(state.price), -1, dtype=np.int64)
    place[window] = np.arange(atoms)
    numbers = state.meeting(window)
    inner, begin, key = traces(state.members, state.start, numbers, place)
    inside = np.where(state.cuts.atoms >= 0, place[state.cuts.atoms], -2)
    own = (inside != -1).all(axis=1)
    cuts = Cuts(np.where(inside < 0, -1, inside), state.cuts.shares, state.cuts.whole).take(own)
    charge = state.charge[own]
    worth = _worth(inner, begin, state.price[window], charge, cuts)
    cost = state.reduced[numbers] + worth
    order = np.lexsort((cost, key))
    first = order[np.concatenate([[True], np.diff(key[order]) > 0])]
    programme = _Programme(inner, begin, cost, first, atoms, cuts)
    before = float(state.price[window].sum() - (charge * cuts.room).sum())
    alone = np.diff(begin)[first] == 1  # with these there is always a plan
    programme.add(np.flatnonzero(alone | (state.reduced[numbers[first]] <= state.cheap)))
    found = programme.raised(rounds)
    if found is None or found.total <= before:
        return
    reduced = cost - _worth(inner, begin, found.price, found.charge, found.cuts)
    step = _step(state.reduced[numbers], reduced)
    if step < 1.0:
        if step <= 0.0:
            return
        # both are feasible prices: so is everything between them
        state.charge[own] *= 1.0 - step
        keep = np.ones(len(own), dtype=bool)
        state.price[window] += step * (found.price - state.price[window])
        reduced = state.reduced[numbers] + step * (reduced - state.reduced[numbers])
        gained = step * found.charge
    else:
        keep = ~own
        state.price[window] = found.price
        gained = found.charge
    state.reduced[numbers] = reduced
    outside = np.where(found.cuts.atoms >= 0, window[found.cuts.atoms], -1)
    new = Cuts(outside, found.cuts.shares, found.cuts.whole)
    state.cuts = state.cuts.take(keep).with_more(new)
    state.charge = np.concatenate([state.charge[keep], gained])


def _step(old: Floats, new: Floats) -> float:
    """How far reduced costs may go from old to new without one below 0."""
    bad = np.flatnonzero(new < -ROUNDING)
    if not len(bad):
        return 1.0
    return float((np.maximum(old[bad], 0.0) / (old[bad] - new[bad])).min())


def _worth(inner: Ints, begin: Ints, price: Floats, charge: Floats, cuts: Cuts) -> Floats:
    index = index_cuts(cuts.atoms, len(price))
    found: Floats = worths(inner, begin, price, charge, index, cuts.shares, cuts.whole)
    return found


class _Programme:
    """The linear programme of one window."""

    def __init__(
        self, inner: Ints, begin: Ints, cost: Floats, first: Ints, atoms: int, cuts: Cuts
    ) -> None:
        size = np.diff(begin)[first]
        self.start = np.concatenate([[0], np.cumsum(size)])
        place = np.repeat(begin[first] - self.start[:-1], size) + np.arange(self.start[-1])
        self.members = inner[place]
        self.cost = cost[first]
        self.atoms = atoms
        self.cuts = cuts
        self.held = np.zeros(0, dtype=np.int64)
        self.solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        for name, value in (("output_flag", False), ("threads", 1), ("presolve", "off")):
            self.solver.setOptionValue(name, value)
        self.solver.setOptionValue("solver", "simplex")
        bound = np.concatenate([np.ones(atoms), cuts.room])
        none = np.zeros(0, dtype=np.int32)
        lower = np.concatenate([np.ones(atoms), np.full(len(cuts), -highspy.kHighsInf)])
        self.solver.addRows(len(bound), lower, bound, 0, none, none, np.zeros(0))

    def _some(self, which: Ints) -> tuple[Ints, Ints]:
        size = np.diff(self.start)[which]
        start = np.concatenate([[0], np.cumsum(size)])
        place = np.repeat(self.start[which] - start[:-1], size) + np.arange(start[-1])
        return self.members[place], start

    def add(self, which: Ints) -> None:
        """Take districts in."""
        which = np.setdiff1d(which, self.held)
        members, start = self._some(which)
        index = index_cuts(self.cuts.atoms, self.atoms)
        begin, cut, times = weigh(members, start, index, self.cuts.shares, self.cuts.whole)
        column = np.repeat(np.arange(len(which)), np.diff(start))
        column = np.concatenate([column, np.repeat(np.arange(len(which)), np.diff(begin))])
        row = np.concatenate([members, self.atoms + cut])
        value = np.concatenate([np.ones(len(members)), times])
        order = np.argsort(column, kind="stable")
        self.solver.addCols(
            len(which),
            self.cost[which],
            np.zeros(len(which)),
            np.full(len(which), highspy.kHighsInf),
            len(row),
            np.searchsorted(column[order], np.arange(len(which))).astype(np.int32),
            row[order].astype(np.int32),
            value[order],
        )
        self.held = np.concatenate([self.held, which])

    def cut(self, new: Cuts) -> None:
        """Add cuts."""
        members, start = self._some(self.held)
        index = index_cuts(new.atoms, self.atoms)
        begin, cut, times = weigh(members, start, index, new.shares, new.whole)
        column = np.repeat(np.arange(len(self.held)), np.diff(begin))
        order = np.argsort(cut, kind="stable")
        self.solver.addRows(
            len(new),
            np.full(len(new), -highspy.kHighsInf),
            new.room,
            len(cut),
            np.searchsorted(cut[order], np.arange(len(new))).astype(np.int32),
            column[order].astype(np.int32),
            times[order],
        )
        self.cuts = self.cuts.with_more(new)

    def raised(self, rounds: int) -> Prices | None:
        """Return prices after rounds of cuts; None where the programme cannot be solved."""
        best: Prices | None = None
        for turn in range(rounds + 1):
            for _ in range(20):
                self.solver.run()
                if self.solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                    return best
                solution = self.solver.getSolution()
                dual = np.array(solution.row_dual)
                price, charge = dual[: self.atoms], np.maximum(-dual[self.atoms :], 0.0)
                left = self.cost - _worth(self.members, self.start, price, charge, self.cuts)
                left[self.held] = 0.0
                missed = np.flatnonzero(left < -ROUNDING)
                if not len(missed):
                    break
                self.add(missed[np.argsort(left[missed])[: 2 * self.atoms]])
            keep = charge > 1e-9
            best = Prices(price, charge[keep], self.cuts.take(keep))
            if turn == rounds:
                break
            part = np.array(solution.col_value)
            new = self._broken(part, only_triples=turn < 2)
            if not len(new):
                break
            self.cut(new)
        return best

    def _broken(self, part: Floats, *, only_triples: bool) -> Cuts:
        some = part > 1e-6
        members, start = self._some(self.held[some])
        part = part[some]
        found, excess = triples(members, start, part, self.atoms, -NEARLY)
        order = np.argsort(-excess, kind="stable")
        found, excess = found[order], excess[order]
        seeds = found[: SEEDS * self.atoms]
        kinds: list[Any] = [(found, excess, *PATTERNS[0])]
        enough = only_triples and (excess > BROKEN).any()
        if len(seeds) and not enough:
            for shares, whole in PATTERNS[1:]:
                rows, more = grow_cuts(
                    members, start, part, self.atoms, seeds, np.array(shares), whole
                )
                kinds.append((rows, more, shares, whole))
        return _chosen(kinds, self.atoms)


def _chosen(kinds: list[Any], atoms: int) -> Cuts:
    """Return the most broken, not too many around one atom, none twice."""
    rows, shares, whole, excess = [], [], [], []
    for found, more, share, denominator in kinds:
        keep = more > BROKEN
        wide = np.full((int(keep.sum()), WIDTH), -1, dtype=np.int64)
        wide[:, : len(share)] = found[keep]
        part = np.zeros_like(wide)
        part[:, : len(share)] = share
        rows.append(wide)
        shares.append(part)
        whole.append(np.full(len(wide), denominator))
        excess.append(more[keep])
    every = Cuts(np.vstack(rows), np.vstack(shares), np.concatenate(whole))
    busy = np.zeros(atoms + 1, dtype=np.int64)
    seen: set[Any] = set()
    taken = []
    for t in np.argsort(-np.concatenate(excess), kind="stable"):
        atom, share = every.atoms[t], every.shares[t]
        if busy[atom[atom >= 0]].max() >= AT_ONCE:
            continue
        name = (int(every.whole[t]), *sorted(zip(atom.tolist(), share.tolist(), strict=True)))
        if name in seen:
            continue
        seen.add(name)
        busy[atom] += 1
        busy[atoms] = 0
        taken.append(t)
    return every.take(np.array(taken, dtype=np.int64))
