"""The best plan with its proof: prices from a few options, then the few that can matter, exactly.

1. A linear relaxation over some of the options gives prices; the prices price all options; those
   that would gain are let in, until none would (column generation over options).
2. Every option now has a ρ: no plan with it is worth more than bound + ρ. The options of the best
   ρ are solved exactly as an integer programme; what is left out can reach bound - δ at most.
3. δ grows until the plan found is as good as that: then it is best of all, or near enough.

Small problems go to the integer programme at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from spatial.errors import InfeasibleError
from spatial.siting.answer import Watch
from spatial.siting.solve_core import NEVER, Core, worth_of
from spatial.siting.solve_greedy import greedy_years
from spatial.siting.solve_highs import relax_programme, run_programme
from spatial.siting.solve_model import lay_out
from spatial.siting.solve_narrow import narrow
from spatial.siting.solve_prices import Aim, Priced, price_all
from spatial.siting.solve_structure import Structure, structure_of

__all__ = ["Ready", "best_plan", "make_ready"]

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
DIRECT: Final = 20_000
"""Pairs and options, times years, up to which the integer programme gets all at once."""
ROUNDS: Final = 60
"""Of pricing: seldom more than ten are needed."""
AT_FIRST: Final = 300
"""Options that the first relaxation has beside those of the start."""
ROOT_SHARE: Final = 1e-7
"""The relaxation is solved when pricing all options adds no more than this share."""


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
        Years of a plan to begin with; it need not keep the rules.
    direct : int
        Size up to which the integer programme gets all options at once.

    Raises
    ------
    InfeasibleError
        If no plan keeps the rules, or none was found in time.
    """
    core = ready.core
    start = greedy_years(ready, aim.weights, start)
    every = np.arange(len(core.option))
    size = (len(core.group) + len(core.option)) * core.years
    priced = None if size <= direct or not len(every) else _priced(ready, aim, watch, start)
    if priced is None:
        found = _exactly(ready, aim, watch, every, start, watch.effort.gap_share)
        if found is None:
            raise _none_found(watch)
        return found
    return _widening(ready, aim, watch, priced, start)


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
        priced = price_all(core, ready.structure, some, programme, aim, relaxed.price)
        best = priced if best is None or priced.bound < best.bound else best
        near = max(abs(relaxed.value), 1e-9) * max(ROOT_SHARE, watch.effort.gap_share / 10)
        watch.tell(
            "siting_bound",
            1.0 - min(1.0, (best.bound - relaxed.value) / max(1e-9, abs(best.bound))),
        )
        new = np.flatnonzero(~inside & (priced.adds > 0))
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
    ready: Ready, aim: Aim, watch: Watch, priced: Priced, start: Longs
) -> tuple[Longs, float]:
    """Solve the best options exactly, more and more of them, until the rest cannot matter."""
    core, gap = ready.core, watch.effort.gap_share
    best, value, bound = None, -np.inf, priced.bound
    order = np.sort(-priced.adds)
    first = 6 * max(50, int((priced.adds > 0).sum()))
    delta = max(float(order[min(first, len(order) - 1)]), 0.0)
    while True:
        kept = np.flatnonzero((priced.adds >= -delta) | core.forced)
        whole = len(kept) == len(core.option)
        last = whole or (best is not None and delta >= bound - value)
        inside = start if best is None else best
        fits = bool(np.isin(np.flatnonzero(inside != NEVER), kept).all())
        aimed = gap if last else max(gap / 2, 1e-5)
        found = _exactly(ready, aim, watch, kept, inside if fits else None, aimed)
        if found is not None:
            now = _value(core, aim, found[0])
            if now > value:
                best, value = found[0], now
            rest = -np.inf if whole else priced.bound - delta
            if np.isfinite(found[1]):
                bound = min(bound, max(found[1], rest, value))
        near = gap * abs(value) + 1e-9 * max(1.0, abs(value))
        if best is not None and (bound - value <= near or last):
            return best, bound
        if watch.must_stop() or whole:
            break
        delta = delta * 4 + 1e-6 * abs(bound)
        if best is not None:
            delta = min(delta, (bound - value) * (1 + 1e-9))
    if best is None:
        raise _none_found(watch)
    return best, bound
