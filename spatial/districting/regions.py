"""Regions on bare arrays: a fixed number of them as alike inside as possible, or as many as can be.

For analysts who have links and numbers but no city: the search that also draws up districts where
there are too many legal ones to list. What is built and why: ``docs/methods/regions.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from spatial.districting import packing, shortfall, trees
from spatial.districting.anneal import anneal
from spatial.districting.chance import dice
from spatial.districting.held import Held, hold, link_differences, numbered, squares
from spatial.districting.pockets import saved_in_pockets
from spatial.districting.problem import components_of, compressed
from spatial.districting.recombine import recombine
from spatial.districting.ward import agglomerate
from spatial.errors import IndexMismatchError, InfeasibleError, InputError
from spatial.progress import Progress, silent

__all__ = [
    "Map",
    "Regions",
    "checked_map",
    "fixed_number",
    "max_p",
    "most_regions",
    "most_that_hold",
    "regionalise",
]

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
BALLS_PER_UNIT: Final = 60
"""Balls tried for each unit, or moves that take as long: about 250 µs a unit."""
PACKED_FIRST: Final = 6
"""Balls a unit that are packed before more regions are asked for."""
ROUND_BALLS: Final = 54
"""Balls a unit for one round of asking for more, half of them as moves."""
MOST_ROUNDS: Final = 12
ROUNDS: Final = 3
"""Times that regions are reallocated and divided, at most."""
TREES: Final = 3
"""Trees tried when two linked regions are divided anew: the shortest and two random ones."""
TREES_AFTER: Final = 9
"""Trees tried after an annealing, which takes far longer than they do."""
NAMED: Final = 6
"""Rows named in a message; of more, it says how many."""


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """Regions that were found.

    Parameters
    ----------
    label : array of int, shape (n,)
        Region of each unit, 0 … regions − 1 in order of their first unit; −1: in none, because
        all that hangs together with it does not hold enough.
    regions : int
    within : float
        Sum of squares within regions, Σ |x − mean|²; 0 where no values were given.
    bound : int
        No plan has more regions than this; for a fixed number, that number.
    proven : bool
        The number of regions cannot be larger.
    """

    label: Ints
    regions: int
    within: float
    bound: int
    proven: bool


@dataclass(frozen=True, slots=True, eq=False)
class Map:
    """Checked input; row i is unit i.

    Parameters
    ----------
    links : (array of int32, array of int32)
        Start and neighbour.
    x : array, shape (n, K)
        Values around their means.
    amount : array, shape (n,)
    component : array of int, shape (n,)
    apart : array
        Squared difference of the two ends of every link.
    """

    links: tuple[Any, Any]
    x: Floats
    amount: Floats
    component: Ints
    apart: Floats

    @property
    def units(self) -> int:
        """How many units there are."""
        return len(self.x)

    def held(self, label: npt.NDArray[Any], limits: tuple[float, float]) -> Held:
        """Hold a partition of the whole map."""
        return hold(self.links, self.x, label, amount=self.amount, limits=limits, apart=self.apart)


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
    room = _tree_room(held)
    _improve(held, room, TREES, state)
    if budget > 0:
        label = _annealed(land, held, room, budget, state, progress)
        held = land.held(label, limits)
    return _answer(held.label, land.x, bound=k)


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
    label, bound = _packed(land, enough, balls, state, progress)
    if land.x.shape[1] and label.max(initial=-1) > 0:
        inside = np.flatnonzero(label >= 0)
        part = _part(land, inside)
        held = part.held(label[inside], (enough, np.inf))
        _improve(held, _tree_room(held), TREES_AFTER, state)
        label[inside] = held.label
    return _answer(label, land.x, bound=bound)


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
    light = _part(land, np.flatnonzero(~heavy))
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


def _packed(
    land: Map, enough: float, balls: int | None, state: Any, progress: Progress
) -> tuple[Ints, int]:
    progress("regions", 0.0)
    links = (land.links[0], land.links[1])
    component = land.component.astype(np.int32)
    label, regions = packing.pack(links, land.amount, enough, component, 8, state)
    label = label.astype(np.int64)
    bound = _bound(land, enough)
    inside = np.flatnonzero(label >= 0)
    budget = BALLS_PER_UNIT * land.units if balls is None else int(balls)
    if regions < bound and budget > 0 and len(inside):
        part = _part(land, inside)
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


def _tree_room(held: Held) -> trees.TreeRoom:
    return trees.tree_room(len(held.x), len(held.neighbour), held.x.shape[1], len(held.members))


def _improve(held: Held, room: trees.TreeRoom, tried: int, state: Any) -> None:
    least = 1e-9 * max(float(np.square(held.x).sum()), 1e-300) / max(len(held.x), 1)
    trees.improve(held, room, ROUNDS, tried, 1.0, least, state)


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
        _improve(held, room, TREES_AFTER, state)
        seen.append(held.label.astype(np.int64))
        now = squares(held)
        if now < value:
            best, value = held.label.copy(), now
    return recombine(seen, partial(_costs, land.x), same_number=True)


def _beginning(land: Map, k: int, limits: tuple[float, float], state: Any) -> Ints:
    """Return a plan of `k` regions within the limits."""
    first = np.arange(land.units, dtype=np.int32)
    if limits[0] > 0:
        packed, bound = _packed(land, limits[0], None, state, silent)
        if bound < k:
            raise InfeasibleError(
                f"No more than {bound} regions can hold {limits[0]:g} each; {k} were asked for.",
                zh=f"每个分区不少于 {limits[0]:g} 时最多 {bound} 个分区;要求了 {k} 个。",
            )
        if (packed < 0).any() or packed.max(initial=-1) + 1 < k:
            where = _named(np.flatnonzero(packed < 0))
            raise InfeasibleError(
                f"Found {packed.max(initial=-1) + 1} regions with at least {limits[0]:g} instead "
                f"of {k}; units that cannot be in one: {where}. Ask for fewer, or less in each.",
                zh=(
                    f"每个不少于 {limits[0]:g} 的分区只找到 {packed.max(initial=-1) + 1} 个,要求 "
                    f"{k} 个;无法归入的单元:{where}。请减少个数或降低下限。"
                ),
            )
        first = packed.astype(np.int32)
    start, neighbour = land.links
    label = agglomerate(start, neighbour, land.x, land.amount, first, k, limits[1])
    if label.max(initial=-1) + 1 > k:
        label = agglomerate(start, neighbour, land.x, land.amount, first, k, np.inf)
    held = land.held(label, limits)
    if _outside(held) > 0:
        unit = float(squares(held)) / land.units + 1e-12
        anneal(held, 2000 * land.units, unit, 0.01 * unit, state)
    if _outside(held) > 0:
        off = _named(np.flatnonzero((held.load < limits[0]) | (held.load > limits[1])))
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


def _answer(label: npt.NDArray[Any], x: Floats, *, bound: int) -> Regions:
    number, regions, within = numbered(label.astype(np.int64), x)
    return Regions(number, regions, within, bound, regions == bound)


def _part(land: Map, rows: Ints) -> Map:
    """Return some units as a map of their own."""
    new = np.full(land.units, -1, np.int64)
    new[rows] = np.arange(len(rows))
    start, neighbour = land.links
    a = np.repeat(np.arange(land.units), np.diff(start))
    kept = (new[a] >= 0) & (new[neighbour] >= 0) & (a < neighbour)
    return _map(new[a[kept]], new[neighbour[kept]], land.x[rows], land.amount[rows])


def _map(a: Ints, b: Ints, x: Floats, amount: Floats) -> Map:
    start, neighbour, _ = compressed(a, b, len(x))
    links = (start.astype(np.int32), neighbour)
    component = components_of(start, neighbour)
    return Map(links, x, amount, component, link_differences(*links, x))


def checked_map(
    links: npt.NDArray[Any], values: npt.NDArray[Any], amounts: npt.NDArray[Any] | None
) -> Map:
    """Check links, values and amounts, and lay them out for the search."""
    x = np.asarray(values, dtype=np.float64)
    x = np.ascontiguousarray(x[:, None] if x.ndim == 1 else x)
    amount = np.ones(len(x)) if amounts is None else np.asarray(amounts, dtype=np.float64)
    pairs = np.asarray(links, dtype=np.int64).reshape(-1, 2)
    if len(amount) != len(x) or amount.ndim != 1 or x.ndim != 2:
        raise IndexMismatchError(
            f"`values` has {x.shape} entries, `amounts` {amount.shape}: one row per unit each.",
            zh=f"“values”为 {x.shape},“amounts”为 {amount.shape}:每个单元应各有一行。",
        )
    if not len(x):
        raise InputError("There are no units.", zh="没有单元。")
    if len(pairs) and (pairs.min() < 0 or pairs.max() >= len(x)):
        raise IndexMismatchError(
            f"`links` names unit {pairs.max() if pairs.max() >= len(x) else pairs.min()}; there "
            f"are units 0 to {len(x) - 1}.",
            zh=f"“links”提到不存在的单元;单元编号为 0 至 {len(x) - 1}。",
        )
    wrong = np.flatnonzero(~np.isfinite(x).all(axis=1) | ~np.isfinite(amount) | (amount < 0))
    if len(wrong):
        raise InputError(
            f"Units {_named(wrong)}: values must be numbers, amounts numbers of at least 0. Leave "
            "these units out, or fill in what is missing.",
            zh=f"单元 {_named(wrong)}:数值须有限,数量不得为负。请去掉或补全这些单元。",
        )
    return _map(pairs[:, 0], pairs[:, 1], x - x.mean(axis=0), amount)


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
            + (f"; units {_named(over)} alone hold more." if len(over) else "."),
            zh=f"{k} 个合计不超过 {at_most:g} 的分区容不下总量 {total:g}。",
        )


def _named(rows: npt.NDArray[Any]) -> str:
    text = ", ".join(str(row) for row in rows[:NAMED])
    return f"{text} … ({len(rows)})" if len(rows) > NAMED else text or "none"
