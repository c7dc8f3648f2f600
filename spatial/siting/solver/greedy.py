"""A first plan at once: the most gain for the money, option after option, year after year."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from spatial.siting.rules import SitingWeights
from spatial.siting.solver.core import NEVER
from spatial.siting.solver.kernels import CALLED, FORCED, KEPT, fill_greedily

if TYPE_CHECKING:
    from spatial.siting.solver.proof import Ready

__all__ = ["greedy_years"]

Longs = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def greedy_years(
    ready: Ready,
    weights: SitingWeights,
    first: Longs | None = None,
    *,
    called: Flags | None = None,
) -> Longs:
    """Choose options one by one, each the one of most gain for its money that the rules allow.

    What must be chosen comes first, then what a plan (`first`, years) has. Lower limits and rows
    that must be served are not looked after: a plan that misses them is a beginning for the
    solver, not an answer. With options that are `called` in, these come after what must be chosen
    and before what the plan has, and nothing else is chosen.

    Returns
    -------
    array, shape (options,)
        Year of each, NEVER where it is not chosen.
    """
    core, structure = ready.core, ready.structure
    years, options = core.years, len(core.option)
    by_column = structure.matrix.tocsc()
    room = np.where(np.isinf(structure.upper), np.inf, structure.upper)
    order = np.argsort(core.site, kind="stable")
    own = (
        weights.money_per_yuan * core.cost_yuan
        + weights.risk * core.risk
        + weights.running_per_yuan * core.yearly_yuan
    )
    year = np.full(options, NEVER, dtype=np.int64)
    boost = np.where(core.forced, FORCED, 1.0)
    earliest = core.earliest
    if first is not None:
        boost = np.where((first != NEVER) & ~core.forced, KEPT, boost)
        earliest = np.maximum(earliest, np.where(first == NEVER, 0, first))
    if called is not None:
        boost = np.where(called & ~core.forced, CALLED, boost)
        own = np.where(boost > 1, own, np.inf)
    if options:
        fill_greedily(
            (core.start, core.group, core.persons.copy(), core.weight * max(weights.people, 1e-9)),
            (core.site, order, core.capacity, core.cost_yuan, own, earliest, boost),
            (by_column.indptr, by_column.indices, by_column.data, room),
            years,
            year,
        )
    return year
