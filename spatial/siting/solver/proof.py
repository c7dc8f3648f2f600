"""The best plan with its proof: prices from a few options, then the few that can matter, exactly.

1. A linear relaxation over some of the options gives prices; the prices price all options; those
   that would gain are let in, until none would (column generation over options).
2. Every option now has a ρ: no plan with it is worth more than bound + ρ. The options of the best
   ρ are solved exactly as an integer programme; what is left out can reach bound - δ at most.
3. δ grows until the plan found is as good as that: then it is best of all, or near enough.

Small problems go to the integer programme at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from spatial.errors import InfeasibleError
from spatial.siting.answer import Watch
from spatial.siting.solver.core import NEVER, Core, worth_of
from spatial.siting.solver.highs import relax_programme, run_programme
from spatial.siting.solver.keep import first_plan
from spatial.siting.solver.narrow import narrow
from spatial.siting.solver.prices import Aim, Priced, price_all, prices_of
from spatial.siting.solver.programme import lay_out
from spatial.siting.solver.structure import Structure, structure_of

__all__ = ["Ready", "best_plan", "make_ready"]

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
DIRECT: Final = 20_000
"""Pairs and options, times years, up to which the integer programme gets all at once."""
ROUNDS: Final = 60
"""Of pricing: seldom more than ten are needed."""
AT_FIRST: Final = 300
"""Options that the first relaxation has beside those of the start."""
SLACK: Final = 1e-9
FEW: Final = 100
"""Options that are solved exactly at first, at least; then so many times more, each time."""
STEP: Final = 1.6
ROUGH: Final = 3e-5
"""Near enough for a step that is not the last."""
PART: Final = 0.35
"""Of the time left, what such a step may take."""
ROOT_SHARE: Final = 2e-4
"""Pricing ends when all options together add no more than this share to the relaxation: δ makes up
for it."""


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """A core, with the rows about its options."""

    core: Core
    structure: Structure


def make_ready(core: Core) -> Ready:
    """Lay out the rows about options once; all solves of the problem share them."""
    return Ready(core, structure_of(core))


def best_plan(
    ready: Ready, aim: Aim, watch: Watch, start: Longs | None, *, direct: int = DIRECT
) -> tuple[Longs, float]:
    """Return the best years of the options that were found, and the bound.

    Parameters
    ----------
    ready : Ready
    aim : Aim
    watch : Watch
    start : array, shape (options,), optional
        Years of a plan to begin with; it need not keep the rules. What can be kept of it is the
        least that is returned, however short the time.
    direct : int
        Size up to which the integer programme gets all options at once.

    Raises
    ------
    InfeasibleError
        If no plan keeps the rules, or none was found in time.
    """
    core = ready.core
    begin, known = first_plan(ready, aim, watch, start)
    if known is not None and start is not None and watch.must_stop():
        return known, np.nan
    every = np.arange(len(core.option))
    size = (len(core.group) + len(core.option)) * core.years
    priced = None if size <= direct or not len(every) else _priced(ready, aim, watch, begin)
    if priced is not None:
        return _widening(ready, aim, watch, priced, (begin, known))
    if known is not None and size > direct and watch.must_stop():
        return known, np.nan  # to lay out everything would take long
    column = begin if known is None else known
    found = _exactly(ready, aim, watch, every, column, watch.effort.gap_share)
    if found is None and known is None:
        raise _none_found(watch)
    if found is None:  # time ended first
        return known, np.nan  # type: ignore[return-value]
    if known is not None and not _better(ready, aim, found[0], known, tie=start is None):
        return known, found[1]
    return found


def _none_found(watch: Watch) -> InfeasibleError:
    if watch.must_stop():
        return InfeasibleError(
            "No plan was found before the end. Give more seconds, or fewer rules.",
            zh="结束前没有找到可行方案。请延长时间或减少规则。",
        )
    return InfeasibleError(
        "No plan keeps all rules; why_infeasible(problem) names those that clash.",
        zh="没有方案能同时满足所有规则;why_infeasible(problem) 会列出冲突的规则。",
    )


def _better(ready: Ready, aim: Aim, year: Longs, known: Longs, *, tie: bool) -> bool:
    """Tell whether a plan is worth more than the one known (as much: `tie`)."""
    now, least = _value(ready.core, aim, year), _value(ready.core, aim, known)
    slack = SLACK * max(1.0, abs(least))
    return now >= least - slack if tie else now > least + slack


def _value(core: Core, aim: Aim, year: Longs) -> float:
    return worth_of(core, year).value(aim.weights)


def _priced(ready: Ready, aim: Aim, watch: Watch, start: Longs) -> Priced | None:
    """Solve the relaxation by letting options in; None where some of them have no answer."""
    core = ready.core
    inside = core.forced | (start != NEVER) | _promising(core)
    best: Priced | None = None
    for _ in range(ROUNDS):
        kept = np.flatnonzero(inside)
        some = narrow(core, kept)
        programme = lay_out(some.core, ready.structure.of(kept, core.years))
        relaxed = relax_programme(programme, aim, watch)
        if relaxed is None and not inside.all() and not watch.must_stop():
            inside[:] = True  # what must be served may need options that earn nothing
            continue
        if relaxed is None:
            return best
        prices = prices_of(core, ready.structure, some, programme, aim, relaxed.price)
        priced = price_all(core, ready.structure, prices)
        new = ~inside & (priced.adds > 0)
        if best is not None:
            middle = price_all(core, ready.structure, prices.halfway(best.prices))
            new |= ~inside & (middle.adds > 0)
            priced = middle if middle.bound < priced.bound else priced
        best = priced if best is None or priced.bound < best.bound else best
        near = max(abs(relaxed.value), 1e-9) * ROOT_SHARE
        watch.tell(
            "siting_bound",
            1.0 - min(1.0, (best.bound - relaxed.value) / max(1e-9, abs(best.bound))),
        )
        new = np.flatnonzero(new)
        if not len(new) or best.bound - relaxed.value <= near or watch.must_stop():
            break
        most = max(AT_FIRST, len(kept))
        inside[new[np.argsort(-priced.adds[new], kind="stable")[:most]]] = True
    return best


def _promising(core: Core) -> npt.NDArray[np.bool_]:
    """Return the options that would do most for their money, were they alone."""
    mass = np.add.reduceat(
        np.append((core.persons * core.weight)[core.group], 0.0), core.start[:-1]
    ) * (np.diff(core.start) > 0)
    heads = np.add.reduceat(np.append(core.persons[core.group], 0.0), core.start[:-1])
    heads = np.maximum(heads * (np.diff(core.start) > 0), 1e-9)
    gain = (mass / heads)[core.site] * np.minimum(core.capacity, heads[core.site])
    rate = gain / np.maximum(core.cost_yuan, 1.0)
    rate[core.earliest >= core.years] = -np.inf
    flags = np.zeros(len(rate), dtype=bool)
    flags[np.argsort(-rate, kind="stable")[:AT_FIRST]] = True
    return flags


def _exactly(
    ready: Ready, aim: Aim, watch: Watch, kept: Longs, start: Longs | None, gap_share: float
) -> tuple[Longs, float] | None:
    """Best years with these options alone, and the bound; None if there is no plan."""
    core = ready.core
    some = narrow(core, kept) if len(kept) < len(core.option) else None
    small = core if some is None else some.core
    structure = ready.structure if some is None else ready.structure.of(kept, core.years)
    programme = lay_out(small, structure)
    column = None if start is None else programme.columns_of(start[kept])
    found = run_programme(programme, aim, watch, gap_share=gap_share, start=column)
    if found.column is None:
        return None
    year = np.full(len(core.option), NEVER, dtype=np.int64)
    year[kept] = programme.years_of(found.column)
    return year, found.bound


def _widening(
    ready: Ready, aim: Aim, watch: Watch, priced: Priced, first: tuple[Longs, Longs | None]
) -> tuple[Longs, float]:
    """Solve the best options exactly, more and more of them, until the rest cannot matter."""
    core, gap = ready.core, watch.effort.gap_share
    start, best = first
    value = -np.inf if best is None else _value(core, aim, best)
    bound = max(priced.bound, value)
    if best is not None and watch.must_stop():
        return best, bound
    adds = np.sort(-priced.adds)
    many, slow = max(FEW, int(1.3 * (priced.adds > 0).sum())), False
    while True:
        needed = priced.bound - value if best is not None else np.inf
        delta = max(float(adds[many - 1]) if many < len(adds) else np.inf, 0.0)
        last = delta >= needed or many >= len(adds)
        delta = needed * (1 + SLACK) + SLACK if last else delta
        kept = np.flatnonzero((priced.adds >= -delta) | core.forced)
        begin = start if best is None else best
        fits = bool(np.isin(np.flatnonzero(begin != NEVER), kept).all())
        part = watch if last or slow else _part_of(watch)
        found = _exactly(
            ready, aim, part, kept, begin if fits else None, gap if last else max(gap / 2, ROUGH)
        )
        if found is not None:
            now = _value(core, aim, found[0])
            if now > value:
                best, value = found[0], now
            rest = -np.inf if len(kept) == len(core.option) else priced.bound - delta
            if np.isfinite(found[1]):
                bound = min(bound, max(found[1], rest, value))
        near = gap * abs(value) + SLACK * max(1.0, abs(value))
        close = best is not None and bound - value <= near
        if last or slow or close or watch.must_stop():
            break
        slow = part.must_stop() and best is not None  # no use in more: these once more, with all
        many = many if slow else int(STEP * max(many, len(kept))) + 1  # the time that is left
    if best is None:
        raise _none_found(watch)
    return best, bound


def _part_of(watch: Watch) -> Watch:
    """Return a part of the time that is left, watched by the same eyes."""
    seconds = max(0.05, watch.left_s * PART)
    return Watch(replace(watch.effort, seconds=seconds), watch.progress, watch.cancel)
