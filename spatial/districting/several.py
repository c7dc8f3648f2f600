"""Several good plans that weigh two parts of the objective differently, none worse in both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np

from spatial.districting.modes import Mode
from spatial.districting.problem import WEIGHTS, Problem
from spatial.districting.proposal import Proposal
from spatial.districting.propose import propose
from spatial.districting.rules import Weights
from spatial.districting.score import plan_parts
from spatial.errors import InputError
from spatial.progress import Progress, silent

__all__ = ["propose_several"]

MOST: Final = 0.9
"""Share of its weight that one part gives away at most, and the other gains."""
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

    A plan is judged twice: by the objective without the second part, and without the first. The
    plan at the given weights is always among them, unless another beats it in both; the others
    come from moving weight from one part to the other. Every plan's value and bound are by its
    own weights (``proposal.problem.weights``); compare the unweighted ``parts["value"]``.

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
        Best in the first part first.

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
        factors = {over[0]: 1.0 + shift, over[1]: 1.0 - shift}
        found.append(propose(_weighted(problem, factors), mode, cancel=cancel, **more))
        progress("districts", (number + 1) / attempts)
        if len(_front(problem, found, over)) >= count:
            break
    return tuple(_front(problem, found, over))


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
    """Shares of weight to move, none first, then from the most inwards, to both sides in turn."""
    steps = np.linspace(MOST, 0.0, max(2, attempts // 2 + 1))[:-1]
    return [0.0, *[float(sign * step) for step in steps for sign in (1, -1)]][:attempts]


def _weighted(problem: Problem, factors: dict[str, float]) -> Problem:
    weights = problem.flat.weights.copy()
    for part, factor in factors.items():
        weights[WEIGHTS.index(part)] *= factor
    named = {part: getattr(problem.weights, part) * factors.get(part, 1.0) for part in WEIGHTS}
    flat = problem.flat._replace(weights=weights)
    return replace(problem, flat=flat, weights=Weights(**named))


def _front(problem: Problem, found: list[Proposal], over: tuple[str, str]) -> list[Proposal]:
    """Distinct plans that none beats in both views, best without the second part first."""
    places = []
    for plan in found:
        weighted = plan_parts(problem, plan.label)["weighted"]
        total = float(weighted.sum())
        places.append(tuple(round(total - float(weighted[part]), 9) for part in over[::-1]))
    kept: list[int] = []
    for i, (x, y) in enumerate(places):
        beaten = any(u <= x and v <= y and (u < x or v < y) for u, v in places)
        twin = any(found[j].assignment.equals(found[i].assignment) for j in kept)
        if not beaten and not twin:
            kept.append(i)
    return [found[i] for i in sorted(kept, key=lambda i: places[i])]
