"""As many connected regions as possible that each hold a given amount (max-p), and a bound.

For analysts who have links and numbers but no city; districts of the mode "most" begin here, too.
What is built and why: ``docs/methods/regions.md``.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from spatial.districting import packing, shortfall
from spatial.districting.alike import TREES_AFTER, make_alike, tree_room
from spatial.districting.chance import dice
from spatial.districting.held import Held, hold
from spatial.districting.land import Map, Regions, answer_of, checked_map, part_of
from spatial.districting.pockets import saved_in_pockets
from spatial.errors import InputError
from spatial.progress import Progress, silent

__all__ = ["max_p", "most_regions", "most_that_hold", "packed"]

Ints = npt.NDArray[np.int64]
ROUNDING: Final = 1e-9
BALLS_PER_UNIT: Final = 60
"""Balls tried for each unit, or moves that take as long: about 250 µs a unit."""
PACKED_FIRST: Final = 6
"""Balls a unit that are packed before more regions are asked for."""
ROUND_BALLS: Final = 54
"""Balls a unit for one round of asking for more, half of them as moves."""
MOST_ROUNDS: Final = 12


def max_p(
    links: npt.NDArray[Any],
    amounts: npt.NDArray[Any],
    at_least: float,
    *,
    values: npt.NDArray[Any] | None = None,
    seed: int = 0,
    balls: int | None = None,
    progress: Progress = silent,
) -> Regions:
    """Divide a map into as many connected regions as possible, each holding a given amount.

    Parameters
    ----------
    links : array of int, shape (m, 2)
        Which units touch, by row.
    amounts : array of float, shape (n,)
        Households, people, …; not negative.
    at_least : float
        What every region holds; greater than 0.
    values : array of float, shape (n,) or (n, K), optional
        At the same number of regions, these are made alike inside them.
    seed : int
        The same seed and budget give the same regions.
    balls : int, optional
        Budget of balls that are packed anew; by default 60 a unit.
    progress : Progress
        May raise to stop.

    Returns
    -------
    Regions
        With an upper bound of their number.

    Raises
    ------
    InputError, IndexMismatchError
        If the input cannot be used.

    Examples
    --------
    >>> row = np.array([[0, 1], [1, 2], [2, 3], [3, 4]])
    >>> found = max_p(row, np.array([2.0, 1.0, 1.0, 1.0, 2.0]), 2.0)
    >>> found.label.tolist(), found.regions, found.bound
    ([0, 1, 1, 1, 2], 3, 3)
    """
    amounts = np.asarray(amounts, dtype=np.float64)
    if not 0 < at_least < np.inf:
        raise InputError(
            f"`at_least` is {at_least}; give an amount greater than 0.",
            zh=f"“at_least”为 {at_least};请给大于 0 的数量。",
        )
    land = checked_map(links, np.zeros((len(amounts), 0)) if values is None else values, amounts)
    return most_that_hold(land, float(at_least), balls, seed=seed, progress=progress)


def most_that_hold(
    land: Map, at_least: float, balls: int | None, *, seed: int, progress: Progress = silent
) -> Regions:
    """Do what `max_p` does, on input that was checked."""
    enough = at_least * (1 - ROUNDING)
    state = dice(seed, 2)
    label, bound = packed(land, enough, balls, state, progress)
    if land.x.shape[1] and label.max(initial=-1) > 0:
        inside = np.flatnonzero(label >= 0)
        part = part_of(land, inside)
        held = part.held(label[inside], (enough, np.inf))
        make_alike(held, tree_room(held), TREES_AFTER, state)
        label[inside] = held.label
    return answer_of(label, land.x, bound=bound)


def most_regions(
    links: npt.NDArray[Any],
    amounts: npt.NDArray[Any],
    at_least: float,
    *,
    units_of_a_core: int = 0,
    progress: Progress = silent,
) -> int:
    """Upper bound of the number of connected regions that hold an amount.

    A unit that holds enough counts as one region: whatever joins it could be left out. The others,
    where they hang together without those units, cannot make more than their sum allows.

    Parameters
    ----------
    links, amounts, at_least
        As in `max_p`.
    units_of_a_core : int
        Look for pockets that cannot be used up, in cores of up to so many units: a tighter bound
        (`spatial.districting.pockets`). 0: not at all; 10: seconds for thousands of units.
    progress : Progress
        May raise to stop.

    Examples
    --------
    >>> most_regions(np.array([[0, 1], [1, 2]]), np.array([1.0, 2.0, 1.0]), 2.0)
    1
    >>> dead_end = np.array([[0, 1], [1, 2]]), np.array([6.0, 9.0, 5.0])
    >>> most_regions(*dead_end, 10.0), most_regions(*dead_end, 10.0, units_of_a_core=2)
    (2, 1)
    """
    land = checked_map(links, np.zeros((len(amounts), 0)), np.asarray(amounts, dtype=np.float64))
    return _bound(land, float(at_least) * (1 - ROUNDING), units_of_a_core, progress)


def _bound(land: Map, enough: float, core: int = 0, progress: Progress = silent) -> int:
    heavy = land.amount >= enough
    light = part_of(land, np.flatnonzero(~heavy))
    sums = np.bincount(light.component, weights=light.amount) / enough * (1 + ROUNDING)
    if core > 0:
        sums = sums - saved_in_pockets(
            light.links,
            light.amount / enough,
            light.component,
            units_of_a_core=core,
            progress=progress,
        )
    return int(heavy.sum() + np.floor(np.maximum(sums, 0.0)).sum())


def packed(
    land: Map, enough: float, balls: int | None, state: Any, progress: Progress
) -> tuple[Ints, int]:
    """Return the region of each unit (−1: in none) and the bound, on input that was checked."""
    progress("regions", 0.0)
    links = (land.links[0], land.links[1])
    component = land.component.astype(np.int32)
    label, regions = packing.pack(links, land.amount, enough, component, 8, state)
    label = label.astype(np.int64)
    bound = _bound(land, enough)
    inside = np.flatnonzero(label >= 0)
    budget = BALLS_PER_UNIT * land.units if balls is None else int(balls)
    if regions < bound and budget > 0 and len(inside):
        part = part_of(land, inside)
        label[inside] = _more(part, enough, label[inside], bound, budget, state, progress)
    return label, bound


def _more(
    land: Map, enough: float, label: Ints, bound: int, budget: int, state: Any, progress: Progress
) -> Ints:
    """Find more regions than packing the whole map did; every unit is in one, and stays in one."""
    first = min(budget, PACKED_FIRST * land.units)
    label = _repacked(land, enough, label, bound, first, state)
    rounds = int(np.clip(round((budget - first) / (ROUND_BALLS * land.units)), 1, MOST_ROUNDS))
    each = (budget - first) // (2 * rounds)
    for done in range(rounds if each else 0):
        if label.max() + 1 == bound:
            break
        held = _roomy(land, enough, label, bound)
        regions = shortfall.fill_up(
            held,
            enough,
            int(label.max()) + 1,
            tries=each * shortfall.MOVES_OF_A_BALL,
            state=state,
            progress=partial(_share_of, progress, done / rounds, 1 / rounds),
        )
        if shortfall.shortfall(held, regions, enough) == 0.0:
            found = _repacked(land, enough, held.label, bound, each, state)
            label = found if found.max() >= label.max() else label
    return label


def _share_of(progress: Progress, low: float, wide: float, name: str, share: float) -> None:
    progress(name, low + wide * share)


def _repacked(
    land: Map, enough: float, label: npt.NDArray[Any], bound: int, balls: int, state: Any
) -> Ints:
    held = _roomy(land, enough, label, bound)
    packing.repack(held, enough, balls, int(label.max()) + 1, state)
    return held.label.astype(np.int64)


def _roomy(land: Map, enough: float, label: npt.NDArray[Any], regions: int) -> Held:
    bare = np.zeros((land.units, 0))
    held = hold(land.links, bare, label, amount=land.amount, limits=(enough, np.inf))
    return _with_room(held, regions)


def _with_room(held: Held, regions: int) -> Held:
    """Room for as many regions as there may be."""
    more = regions - len(held.members)
    return held._replace(
        members=np.append(held.members, np.zeros(more)),
        total=np.vstack([held.total, np.zeros((more, held.total.shape[1]))]),
        load=np.append(held.load, np.zeros(more)),
        head=np.append(held.head, np.full(more, -1, np.int32)),
    )
