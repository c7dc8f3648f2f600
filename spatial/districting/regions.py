"""Regions on bare arrays: a fixed number of them, as alike inside as possible.

For analysts who have links and numbers but no city: the search that also draws up districts where
there are too many legal ones to list. What is built and why: ``docs/methods/regions.md``.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from spatial.districting import trees
from spatial.districting.alike import TREES, TREES_AFTER, make_alike, tree_room
from spatial.districting.anneal import anneal
from spatial.districting.chance import dice
from spatial.districting.held import Held, squares
from spatial.districting.land import Map, Regions, answer_of, checked_map, named
from spatial.districting.max_p import packed
from spatial.districting.recombine import recombine
from spatial.districting.ward import agglomerate
from spatial.errors import InfeasibleError
from spatial.progress import Progress, silent

__all__ = ["fixed_number", "regionalise"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
ROUNDING: Final = 1e-9
MOVES_PER_UNIT: Final = 600
"""Single moves tried for each unit unless the caller says otherwise: about 20 µs a unit."""
LEAST_MOVES: Final = 200_000
"""Small maps are tried harder: a few milliseconds find what luck would miss."""
RUN_MOVES: Final = 4_000
"""Moves of one annealing, at least: a budget makes 8 to 40 of them."""
HEATS: Final = (1.5, 0.4, 3.0, 0.8)
"""First temperatures of the runs, in shares of a unit's mean square."""


def regionalise(
    links: npt.NDArray[Any],
    values: npt.NDArray[Any],
    k: int,
    *,
    amounts: npt.NDArray[Any] | None = None,
    at_least: float = 0.0,
    at_most: float = np.inf,
    seed: int = 0,
    moves: int | None = None,
    progress: Progress = silent,
) -> Regions:
    """Divide a map into `k` connected regions that are as alike inside as possible.

    Parameters
    ----------
    links : array of int, shape (m, 2)
        Which units touch, by row; doubled links and links to itself do no harm.
    values : array of float, shape (n,) or (n, K)
        What regions should be alike in, on scales that may be compared (z-scores, as a rule).
    k : int
        Regions wanted; at least the number of parts that hang together.
    amounts : array of float, shape (n,), optional
        What is counted in a region; by default its units. Not negative.
    at_least, at_most : float
        Limits of every region's amount.
    seed : int
        The same seed and budget give the same regions.
    moves : int, optional
        Budget of single moves; 0: only Ward, reallocation and division. By default 600 a unit.
    progress : Progress
        May raise to stop.

    Returns
    -------
    Regions

    Raises
    ------
    InfeasibleError
        If `k` regions cannot be had, or none were found within the limits; the message says which.
    InputError, IndexMismatchError
        If the input cannot be used.

    Examples
    --------
    >>> row = np.array([[0, 1], [1, 2], [2, 3]])
    >>> found = regionalise(row, np.array([0.0, 1.0, 5.0, 6.0]), 2)
    >>> found.label.tolist(), found.within
    ([0, 0, 1, 1], 1.0)
    """
    land = checked_map(links, values, amounts)
    _require_possible(land, int(k), float(at_least), float(at_most))
    limits = (float(at_least) * (1 - ROUNDING), float(at_most) * (1 + ROUNDING))
    budget = max(MOVES_PER_UNIT * land.units, LEAST_MOVES) if moves is None else int(moves)
    return fixed_number(land, int(k), limits, budget, seed=seed, progress=progress)


def fixed_number(
    land: Map,
    k: int,
    limits: tuple[float, float],
    budget: int,
    *,
    seed: int,
    progress: Progress = silent,
) -> Regions:
    """Do what `regionalise` does, on input that was checked."""
    state = dice(seed, 1)
    label = _beginning(land, k, limits, state)
    held = land.held(label, limits)
    room = tree_room(held)
    make_alike(held, room, TREES, state)
    if budget > 0:
        label = _annealed(land, held, room, budget, state, progress)
        held = land.held(label, limits)
    return answer_of(held.label, land.x, bound=k)


def _annealed(
    land: Map, held: Held, room: trees.TreeRoom, budget: int, state: Any, progress: Progress
) -> Ints:
    """Anneal again and again from the best plan; the best, put together from parts of all."""
    seen = [held.label.astype(np.int64)]
    best, value = held.label.copy(), squares(held)
    limits = (float(held.limits[0]), float(held.limits[1]))
    runs = int(np.clip(budget // max(RUN_MOVES, 100 * land.units), 8, 40))
    spread = float(np.square(land.x).sum())
    for run in range(runs if value > ROUNDING * spread else 0):
        progress("regions", run / runs)
        held = land.held(best, limits)
        unit = value / land.units
        anneal(held, budget // runs, HEATS[run % len(HEATS)] * unit, 0.01 * unit, state)
        make_alike(held, room, TREES_AFTER, state)
        seen.append(held.label.astype(np.int64))
        now = squares(held)
        if now < value:
            best, value = held.label.copy(), now
    return recombine(seen, partial(_costs, land.x), same_number=True)


def _beginning(land: Map, k: int, limits: tuple[float, float], state: Any) -> Ints:
    """Return a plan of `k` regions within the limits."""
    first = np.arange(land.units, dtype=np.int32)
    if limits[0] > 0:
        most, bound = packed(land, limits[0], None, state, silent)
        if bound < k:
            raise InfeasibleError(
                f"No more than {bound} regions can hold {limits[0]:g} each; {k} were asked for.",
                zh=f"每个分区不少于 {limits[0]:g} 时最多 {bound} 个分区;要求了 {k} 个。",
            )
        if (most < 0).any() or most.max(initial=-1) + 1 < k:
            where = named(np.flatnonzero(most < 0))
            raise InfeasibleError(
                f"Found {most.max(initial=-1) + 1} regions with at least {limits[0]:g} instead "
                f"of {k}; units that cannot be in one: {where}. Ask for fewer, or less in each.",
                zh=(
                    f"每个不少于 {limits[0]:g} 的分区只找到 {most.max(initial=-1) + 1} 个,要求 "
                    f"{k} 个;无法归入的单元:{where}。请减少个数或降低下限。"
                ),
            )
        first = most.astype(np.int32)
    start, neighbour = land.links
    label = agglomerate(start, neighbour, land.x, land.amount, first, k, limits[1])
    if label.max(initial=-1) + 1 > k:
        label = agglomerate(start, neighbour, land.x, land.amount, first, k, np.inf)
    held = land.held(label, limits)
    if _outside(held) > 0:
        unit = float(squares(held)) / land.units + 1e-12
        anneal(held, 2000 * land.units, unit, 0.01 * unit, state)
    if _outside(held) > 0:
        off = named(np.flatnonzero((held.load < limits[0]) | (held.load > limits[1])))
        raise InfeasibleError(
            f"Found no {k} regions between {limits[0]:g} and {limits[1]:g} (regions {off} are "
            "outside). Widen the limits or ask for another number.",
            zh=f"未找到 {k} 个合计在 {limits[0]:g} 至 {limits[1]:g} 之间的分区。请放宽或改个数。",
        )
    return held.label.astype(np.int64)


def _costs(x: Floats, label: Ints, regions: int) -> Floats:
    """Sum of squares of every region, shape (regions,)."""
    count = np.bincount(label, minlength=regions)
    total = [np.bincount(label, column, regions) for column in x.T]
    square = np.bincount(label, np.square(x).sum(axis=1), regions)
    return square - np.square(total).sum(axis=0) / count


def _outside(held: Held) -> float:
    if held.limits[0] <= 0 and held.limits[1] == np.inf:
        return 0.0
    low = np.maximum(held.limits[0] - held.load, 0.0)
    return float((low + np.maximum(held.load - held.limits[1], 0.0)).sum())


def _require_possible(land: Map, k: int, at_least: float, at_most: float) -> None:
    parts = int(land.component.max()) + 1
    if not parts <= k <= land.units:
        raise InfeasibleError(
            f"{k} regions were asked for: the {land.units} units hang together in {parts} parts, "
            f"so there can be {parts} to {land.units}. Change the number, or link the parts.",
            zh=(
                f"要求 {k} 个分区:{land.units} 个单元分成互不相连的 {parts} 块,只能有 {parts} 至 "
                f"{land.units} 个分区。请改个数或补充相邻关系。"
            ),
        )
    total = float(land.amount.sum())
    over = np.flatnonzero(land.amount > at_most * (1 + ROUNDING))
    if at_least > at_most or len(over) or k * at_most * (1 + ROUNDING) < total:
        raise InfeasibleError(
            f"{k} regions of at most {at_most:g} cannot hold all {total:g}"
            + (f"; units {named(over)} alone hold more." if len(over) else "."),
            zh=f"{k} 个合计不超过 {at_most:g} 的分区容不下总量 {total:g}。",
        )
