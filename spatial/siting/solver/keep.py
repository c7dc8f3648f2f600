"""Does a plan keep the rules; and a plan at hand, repaired where new rules stand against it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from spatial.siting.solver.core import NEVER, Core, Worth, worth_of
from spatial.siting.solver.greedy import greedy_years
from spatial.siting.solver.kernels import gains_alone

if TYPE_CHECKING:
    from spatial.siting.answer import Watch
    from spatial.siting.solver.prices import Aim
    from spatial.siting.solver.proof import Ready

__all__ = ["first_plan", "keeps_rules", "standing_years"]

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
SLACK: Final = 1e-9
TRIES: Final = 40
"""Rounds in which options are called in for rules that a plan misses."""


def standing_years(core: Core, years: Longs) -> Longs:
    """Bring years by option row of the problem to the options of a core.

    An option that another size of its site beats in everything hands its year to that one.
    """
    years = years.copy()
    for row, (reason, _) in core.left_out.items():
        if years[row] == NEVER or reason != "dominated":
            continue
        by = row
        while core.left_out.get(by, ("", -1))[0] == "dominated":
            by = core.left_out[by][1]
        if years[by] == NEVER:
            years[by] = years[row]
    return years[core.option]


def first_plan(
    ready: Ready, aim: Aim, watch: Watch, start: Longs | None
) -> tuple[Longs, Longs | None]:
    """Return years to begin with, and the best plan known that keeps all rules.

    Known are the plan at hand (`start`) as it is, what can be kept of it with what the rules call
    for, and the same filled up for the money. The search begins with the last.

    Returns
    -------
    begin : array, shape (options,)
    known : array, shape (options,), or None
        None if none of these keeps the rules.
    """
    filled = greedy_years(ready, aim.weights, start)
    tried = [filled] if start is None else [start, filled]
    known = _best_of(ready, aim, tried)
    if start is not None and (known is None or not keeps_rules(ready, start, aim)):
        mended = _mended(ready, aim, watch, start)
        if mended is not None:
            filled = greedy_years(ready, aim.weights, mended)
            known = _best_of(ready, aim, [mended, filled] + ([] if known is None else [known]))
    return filled, known


def _best_of(ready: Ready, aim: Aim, plans: list[Longs]) -> Longs | None:
    """Return the plan of most worth among those that keep the rules; the first of equals."""
    best, most = None, -np.inf
    for year in plans:
        worth = worth_of(ready.core, year)
        value = worth.value(aim.weights)
        if value > most and keeps_rules(ready, year, aim, worth):
            best, most = year, value
    return best


def keeps_rules(ready: Ready, year: Longs, aim: Aim, worth: Worth | None = None) -> bool:
    """Tell whether a plan keeps all rules, lower limits and parts kept among them."""
    core = ready.core
    over, short = _missed(ready, year)
    if over or short.any():
        return False
    if (core.forced & (year == NEVER)).any() or ((year != NEVER) & (year < core.earliest)).any():
        return False
    rules = core.problem.rules
    if not (aim.least or rules.must_serve or rules.least_share):
        return True
    worth = worth_of(core, year) if worth is None else worth
    return not _unserved(core, worth).any() and _keeps_parts(core, worth, aim)


def _missed(ready: Ready, year: Longs) -> tuple[bool, Floats]:
    """Tell whether an upper limit of the options is broken, and what each lower one lacks."""
    core, structure = ready.core, ready.structure
    t = np.arange(core.years)[:, None]
    is_open = ((year != NEVER) & (year <= t)).ravel().astype(float)
    used = structure.matrix @ is_open
    short = structure.lower - used
    return bool((used > structure.upper + SLACK).any()), np.where(short > SLACK, short, 0.0)


def _unserved(core: Core, worth: Worth) -> Flags:
    """Return which groups must be served better, (groups + 1,); the last: nothing can do it."""
    frame, rules = core.problem.demand, core.problem.rules
    wanting = np.zeros(len(core.persons) + 1, dtype=bool)
    persons = frame["persons"].to_numpy(float)
    left = core.persons - worth.served[-1]
    for name in rules.must_serve:
        at = int(frame.index.get_loc(name))
        if core.free_old[at] or not persons[at]:
            continue
        mine = int(core.group_of[at])
        wanting[mine] |= mine < 0 or left[mine] > 2 * SLACK * core.persons[mine]
    for kind, share in rules.least_share.items():
        which = core.group_kind == core.kinds.get_loc(kind)
        of_kind = (frame["kind"] == kind).to_numpy()
        total = float(persons[of_kind].sum())
        already = float(persons[of_kind & core.free_old].sum())
        if float(worth.served[-1][which].sum()) + already < (share - 2 * SLACK) * total:
            some = np.flatnonzero(which & (left > SLACK * core.persons))
            wanting[some if len(some) else -1] = True
    return wanting


def _keeps_parts(core: Core, worth: Worth, aim: Aim) -> bool:
    """Tell whether no part is worse than what an earlier step of the order has reached."""
    base = float(core.baseline @ core.weight)
    for part, amount in aim.least:
        has = worth.parts["people"] + base if part == "people" else -worth.parts[part]
        if has < amount - 2 * SLACK * max(1.0, abs(amount)):
            return False
    return True


def _mended(ready: Ready, aim: Aim, watch: Watch, start: Longs) -> Longs | None:
    """Keep what can be kept of a plan, and call in options for the lower limits that it misses.

    What is called in goes before what was there, and stays out for good if it does not fit. None
    if the rules cannot be kept so.
    """
    core = ready.core
    called, stuck = np.zeros(len(start), dtype=bool), np.zeros(len(start), dtype=bool)
    worth = core.weight + 1e-9
    gain = gains_alone(core.start, core.group, core.persons, worth, core.site, core.capacity)
    rate = np.asarray(gain) / np.maximum(core.cost_yuan, 1.0)
    for _ in range(TRIES):
        year = greedy_years(ready, aim.weights, start, called=called)
        if keeps_rules(ready, year, aim):
            return year
        more = _call_in(ready, year, start, called | stuck, rate)
        if not len(more) or (watch.cancel is not None and watch.cancel()):
            return None
        stuck |= called & (year == NEVER)
        called &= ~stuck
        called[more] = True
    return None


def _call_in(ready: Ready, year: Longs, begin: Longs, out: Flags, rate: Floats) -> Longs:
    """Return options that help the rules a plan misses: those of the plan at hand, then the best.

    As many as a lower limit lacks; one for each group that must be served.
    """
    core, structure = ready.core, ready.structure
    free = ~out & (year == NEVER)
    order = np.lexsort((-rate, begin == NEVER))
    order = order[free[order]]
    last = (core.years - 1) * len(core.option)
    found: set[int] = set()
    _, short = _missed(ready, year)
    for row in np.flatnonzero(short):
        span = slice(structure.matrix.indptr[row], structure.matrix.indptr[row + 1])
        members = structure.matrix.indices[span] - last
        helping = order[np.isin(order, members)]
        found.update(int(o) for o in helping[: int(np.ceil(short[row] - SLACK))])
    wanting = np.flatnonzero(_unserved(core, worth_of(core, year))[:-1])
    if len(wanting):
        owner = np.repeat(np.arange(len(core.start) - 1), np.diff(core.start))
        for group in wanting[np.argsort(-core.persons[wanting], kind="stable")[:8]]:
            sites = owner[core.group == group]
            helping = order[np.isin(core.site[order], sites)]
            found.update(int(o) for o in helping[:1])
    return np.array(sorted(found), dtype=np.int64)
