"""Pockets of a map where amounts cannot be used up: a tighter bound for max-p.

No plan has more regions than weights w ≥ 0 of the units add up to, if every connected set that
holds enough weighs 1 or more. The amounts themselves, in shares of what is enough, are such
weights. In a small *core* C of units they may be smaller: it is sufficient that

* a connected part Q of C that touches units outside weighs min(1, its share) or more, because
  others may fill it up exactly, and
* one that touches nobody outside weighs 1 where it holds enough, and else need weigh nothing.

A set that holds enough falls into such parts and into units outside, and so weighs 1 together.
What a linear program saves in one core is saved whatever is done in cores that share no unit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog

from spatial.progress import Progress, silent

__all__ = ["saved_in_pockets"]

Floats = npt.NDArray[np.float64]
SAFE: Final = 1e-6
"""Kept back from every saving, for the rounding of linear programs."""
LEAST_DEEP: Final = 0.02
"""Cores whose units without outside neighbours hold less than this share save next to nothing."""


def saved_in_pockets(
    links: tuple[Any, Any],
    share: Floats,
    component: npt.NDArray[Any],
    *,
    units_of_a_core: int,
    progress: Progress = silent,
) -> Floats:
    """Find what each component cannot use up, whatever the plan.

    Parameters
    ----------
    links : (int32 array, int32 array)
        Start and neighbour.
    share : array, shape (n,)
        Amount of each unit in shares of what is enough, below 1: larger units are left out.
    component : array of int, shape (n,)
        0 … c − 1.
    units_of_a_core : int
        Largest core; work doubles with each unit more. 10 is a second for 400 units.
    progress : Progress
        May raise to stop.

    Returns
    -------
    array, shape (c,)
        Shares to be taken off the sum of each component before it is rounded down.

    Examples
    --------
    A dead end of 0.6 behind a unit of 0.9: whoever takes in any of it holds 0.5 too much.

    >>> start, neighbour = np.array([0, 1, 3, 4]), np.array([1, 0, 2, 1])
    >>> saved_in_pockets((start, neighbour), np.array([0.6, 0.9, 0.5]), np.zeros(3, int),
    ...                  units_of_a_core=2).round(3).tolist()
    [0.5]
    """
    start, neighbour = links
    near = [set(neighbour[start[i] : start[i + 1]].tolist()) for i in range(len(share))]
    found: list[tuple[float, list[int]]] = []
    for seed in range(len(share)):
        if seed % 100 == 0:
            progress("pockets", seed / len(share))
        saved, core = 0.0, [seed]
        for grown in _cores(near, share, seed, units_of_a_core):
            now = _saved(near, share, grown)
            if now > saved:
                saved, core = now, grown
        if saved > SAFE:
            found.append((saved, core))
    taken: set[int] = set()
    total = np.zeros(int(component.max(initial=-1)) + 1)
    for saved, core in sorted(found, key=lambda one: (-one[0], one[1])):
        if taken.isdisjoint(core):
            taken.update(core)
            total[component[core[0]]] += saved - SAFE
    return total


def _cores(near: list[set[int]], share: Floats, seed: int, most: int) -> Iterator[list[int]]:
    """Grow a core that opens up to few units outside; sizes 2, 3, 4, then every second."""
    core, fringe = {seed}, set(near[seed])
    while len(core) < most and fringe:
        opened = {v: len(near[v] - core - fringe) - 2.0 * share[v] for v in fringe}
        unit = min(fringe, key=lambda v: (opened[v], -len(near[v] & core), v))
        core.add(unit)
        fringe = (fringe | near[unit]) - core
        deep = sum(share[v] for v in core if near[v] <= core)
        whole = sum(share[v] for v in core)
        worth_it = deep >= LEAST_DEEP and whole > 1.0
        if worth_it and (len(core) < 4 or len(core) % 2 == 0 or not fringe):
            yield sorted(core)


def _saved(near: list[set[int]], share: Floats, core: list[int]) -> float:
    """How much less than their amounts the units of one core may weigh."""
    place = {unit: at for at, unit in enumerate(core)}
    linked = [sum(1 << place[v] for v in near[unit] if v in place) for unit in core]
    outward = sum(1 << at for at, unit in enumerate(core) if not near[unit] <= place.keys())
    holds = share[core]
    masks, least = [], []
    for mask, held in _connected(linked, holds):
        wanted = min(1.0, held) if mask & outward else float(held >= 1.0)
        if wanted > 0.0:
            masks.append(mask)
            least.append(wanted)
    if not masks:
        return float(holds.sum())
    inside = np.array(masks)[:, None] >> np.arange(len(core)) & 1
    made = linprog(
        np.ones(len(core)), A_ub=-inside, b_ub=-np.array(least), bounds=(0, 1), method="highs"
    )
    return float(holds.sum() - made.fun) if made.status == 0 else 0.0


def _connected(linked: list[int], holds: Floats) -> Iterator[tuple[int, float]]:
    """All connected sets as bits, each once; those that hold enough are not grown further."""
    barred = 0
    for first in range(len(linked)):
        barred |= 1 << first
        waiting = [(1 << first, linked[first] & ~barred, barred, float(holds[first]))]
        while waiting:
            mask, fringe, closed, held = waiting.pop()
            yield mask, held
            while fringe and held < 1.0:
                bit = fringe & -fringe
                fringe ^= bit
                closed |= bit
                at = bit.bit_length() - 1
                more = (fringe | linked[at]) & ~closed & ~mask
                waiting.append((mask | bit, more, closed, held + float(holds[at])))
