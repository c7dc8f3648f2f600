"""Why a neighbourhood that may join stands alone all the same."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from spatial.districting.search import Problem, Search
from spatial.districting.tied import Ties

__all__ = ["single_reasons"]


def single_reasons(
    problem: Problem,
    ties: Ties,
    search: Search,
    *,
    alone_for: Mapping[str, str | None],
    ids: pd.Index,
) -> dict[int, str]:
    """Reason of each atom that ended alone, in words of results.neighbourhoods.single_reason.

    ``locked``: the planner keeps it alone, or apart from every district around it;
    ``would_exceed_limit``: it is above a maximum itself, or every district near enough has no
    room for it; ``isolated``: no link to a neighbour that may join; ``too_far``: all linked
    districts reach beyond the distance limit; ``needs_differ``: it might join, but the plan is
    better without.
    """
    reasons = {}
    for block in search.blocks.values():
        if block.size > 1 or block.lock >= 0:
            continue
        atom = block.atoms[0]
        key = str(ids[int(np.flatnonzero(ties.atom == atom)[0])])
        if key in alone_for:
            reasons[atom] = "locked"
        elif (block.amounts > problem.maximum * (1 + 1e-12)).any():
            reasons[atom] = "would_exceed_limit"
        elif not problem.links[atom]:
            reasons[atom] = "isolated"
        else:
            reasons[atom] = _against(problem, search, atom)
    return reasons


def _against(problem: Problem, search: Search, atom: int) -> str:
    """Weigh what speaks against each district around; what nearly allowed it is the reason."""
    own = search.blocks[search.block_of[atom]]
    keys = {search.block_of[other] for other in problem.links[atom]} - {search.block_of[atom]}
    found = set()
    for key in keys:
        other = search.blocks[key]
        if search.joined(own, other) is not None:
            return "needs_differ"
        if other.lock in problem.closed:
            found.add("locked")
        elif any(member not in problem.near[atom] for member in other.atoms):
            found.add("too_far")
        elif (own.amounts + other.amounts > problem.maximum * (1 + 1e-12)).any():
            found.add("would_exceed_limit")
        else:
            found.add("locked")
    for reason in ("would_exceed_limit", "too_far"):
        if reason in found:
            return reason
    return "locked"
