"""Several good plans that weigh two parts of the objective differently, none worse in both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np

from spatial.districting.modes import FixedNumber, Free, Mode
from spatial.districting.problem import WEIGHTS, Problem
from spatial.districting.proposal import Proposal
from spatial.districting.propose import propose
from spatial.districting.rules import Weights
from spatial.errors import InfeasibleError, InputError
from spatial.progress import Progress, silent

__all__ = ["propose_several"]

FARTHEST: Final = 8.0
"""The weights of the two parts are shifted against each other by at most this factor each."""
ATTEMPTS: Final = 3
"""Plans tried for each that is wanted."""


def propose_several(
    problem: Problem,
    mode: Mode | None = None,
    *,
    over: tuple[str, str] = ("needs", "nearness"),
    count: int = 5,
    progress: Progress = silent,
    cancel: Callable[[], bool] | None = None,
    **more: Any,
) -> tuple[Proposal, ...]:
    """Propose distinct plans, none of which is beaten in both of two parts.

    The plan at the given weights is always among them, unless another beats it in both; the
    others come from weights shifted towards one part or the other, with as many districts as the
    first where the number is free: with fewer merged, every part could be better. Every plan's
    value, bound and parts are by its own weights (``proposal.problem.weights``); compare the
    unweighted ``parts["value"]``.

    Parameters
    ----------
    problem : Problem
    mode : Mode, optional
    over : pair of str
        Parts of the objective to trade, e.g. ``("needs", "sharing")``.
    count : int
        At most so many plans; fewer where fewer are found.
    progress : Progress
    cancel : callable, optional
    **more
        As for :func:`~spatial.districting.propose.propose`: ``start, seed, effort``.

    Returns
    -------
    tuple of Proposal
        In order of the first part, best first.

    Raises
    ------
    InputError
        If a part is not known, both are the same, or one has no weight.
    """
    _require_two(problem, over)
    found: list[Proposal] = []
    attempts = ATTEMPTS * max(1, count)
    for number, shift in enumerate(_shifts(attempts)):
        if found and cancel is not None and cancel():
            break
        factors = {over[0]: shift, over[1]: 1.0 / shift}
        plan = _proposed(_weighted(problem, factors), mode, found, cancel=cancel, **more)
        found += [] if plan is None else [plan]
        progress("districts", (number + 1) / attempts)
        if len(_front(found, over)) >= count:
            break
    return tuple(_front(found, over))


def _proposed(
    problem: Problem, mode: Mode | None, found: list[Proposal], **more: Any
) -> Proposal | None:
    """Return a plan at these weights; None where there is none of the number."""
    free = mode is None or isinstance(mode, Free)
    try:
        return propose(problem, FixedNumber(found[0].districts) if free and found else mode, **more)
    except InfeasibleError:
        if not found:
            raise
        return None


def _require_two(problem: Problem, over: tuple[str, str]) -> None:
    for part in over:
        if part not in WEIGHTS or over[0] == over[1]:
            raise InputError(
                f"Plans are traded over two of {', '.join(WEIGHTS)}; got {' and '.join(over)}.",
                zh=f"请在 {'、'.join(WEIGHTS)} 中选两项权衡;得到 {'、'.join(over)}。",
            )
        if getattr(problem.weights, part) <= 0:
            raise InputError(
                f"The weight of {part} is 0: give it a weight above 0 to trade it.",
                zh=f"{part} 的权重为 0:权衡前请给大于 0 的权重。",
            )


def _shifts(attempts: int) -> list[float]:
    """Factors from 1 outwards, to both sides in turn, evenly in the logarithm."""
    steps = np.linspace(0, np.log(FARTHEST), max(2, (attempts + 1) // 2 + 1))[1:]
    both = [float(np.exp(sign * step)) for step in steps[::-1] for sign in (1, -1)]
    return [1.0, *both][:attempts]


def _weighted(problem: Problem, factors: dict[str, float]) -> Problem:
    weights = problem.flat.weights.copy()
    for part, factor in factors.items():
        weights[WEIGHTS.index(part)] *= factor
    named = {part: getattr(problem.weights, part) * factors.get(part, 1.0) for part in WEIGHTS}
    flat = problem.flat._replace(weights=weights)
    return replace(problem, flat=flat, weights=Weights(**named))


def _front(found: list[Proposal], over: tuple[str, str]) -> list[Proposal]:
    """Distinct plans that none beats in both parts, best in the first part first."""
    sign = [-1.0 if part == "sharing" else 1.0 for part in over]
    places = [
        tuple(s * float(p.parts.loc[part, "value"]) for s, part in zip(sign, over, strict=True))
        for p in found
    ]
    kept: list[int] = []
    for i, (x, y) in enumerate(places):
        beaten = any(u <= x and v <= y and (u < x or v < y) for u, v in places)
        twin = any(found[j].assignment.equals(found[i].assignment) for j in kept)
        if not beaten and not twin:
            kept.append(i)
    return [found[i] for i in sorted(kept, key=lambda i: places[i])]
