"""Propose renewal districts of a city: neighbourhoods merged within hard limits."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from spatial.city.neighbourhoods.model import Neighbourhoods
from spatial.districting.build import idle_limits, make_problem
from spatial.districting.effort import Effort
from spatial.districting.measures import amounts_of
from spatial.districting.modes import Mode
from spatial.districting.pooling import Pooling
from spatial.districting.problem import Problem
from spatial.districting.proposal import Plan, Proposal
from spatial.districting.propose import propose
from spatial.districting.rules import DistrictRules
from spatial.districting.score import plan_score
from spatial.progress import Progress, silent

__all__ = ["SWIFT", "Plan", "plan_of", "propose_districts"]

SWIFT: Final = Effort(
    branches=20_000, programme_atoms=0, listed=300_000, windows=False, moves=2_000_000
)
"""Seconds even for a city of 10,000 single buildings; proven where all legal districts are listed
and few branches decide, as in most cities."""


def propose_districts(
    neighbourhoods: Neighbourhoods,
    adjacency: pd.DataFrame,
    needs: pd.DataFrame,
    eligible: pd.Series,
    rules: DistrictRules,
    *,
    mode: Mode | None = None,
    sharing: Pooling | None = None,
    seed: int = 0,
    progress: Progress = silent,
) -> Plan:
    """Merge adjacent neighbourhoods that share needs and lie near one another.

    No hard rule is ever broken; see :mod:`spatial.districting.score` for the objective,
    :mod:`spatial.districting.propose` for the method, and :class:`DistrictRules` for the rules.
    The effort is `SWIFT`, for an analysis waits for it; `propose` tries as hard as it is told.

    Parameters
    ----------
    neighbourhoods : Neighbourhoods, n of them
        ``frame`` with households, persons, area_m2, subdistrict and the parcel.
    adjacency : DataFrame
        ``a, b, barrier, walk_m`` of results.adjacency.
    needs : DataFrame, shape (n, k)
        What is missing, as numbers, on the neighbourhoods' index. Each column is standardised;
        an unknown value neither attracts nor repels.
    eligible : Series of bool, shape (n,)
        May join a district; NA means no.
    rules : DistrictRules
    mode : Mode, optional
        As many districts as the objective finds best, by default.
    sharing : Pooling, optional
        Whose gaps close by pooling, from :func:`spatial.districting.sharing.sharing`.
    seed : int
        The same seed gives the same plan, whatever the order of the rows.
    progress : Progress

    Returns
    -------
    Plan
        Every neighbourhood with a district, or with the reason why it stands alone. Ids are
        ``D001`` … in the order of each district's smallest neighbourhood id; locked districts
        keep theirs.

    Raises
    ------
    IndexMismatchError
        If the tables or the rules speak of other neighbourhoods.
    InfeasibleError
        If rules contradict one another; the message names them and the neighbourhoods.
    """
    progress("districts", 0.0)
    problem = make_problem(neighbourhoods, adjacency, needs, eligible, rules, sharing=sharing)
    found = propose(problem, mode, seed=seed, effort=SWIFT, progress=progress)
    return plan_of(found, neighbourhoods, rules)


def plan_of(proposal: Proposal, neighbourhoods: Neighbourhoods, rules: DistrictRules) -> Plan:
    """Return a proposal as the plan of all neighbourhoods, with its report.

    Parameters
    ----------
    proposal : Proposal
    neighbourhoods : Neighbourhoods
        Those that may not join are ``not_eligible``.
    rules : DistrictRules
    """
    problem, frame = proposal.problem, neighbourhoods.frame
    plan = proposal.to_plan()
    reason = plan.single_reason.reindex(frame.index)
    reason[~frame.index.isin(problem.ids)] = "not_eligible"
    unknown = amounts_of(frame.loc[problem.ids])[1]
    short = proposal.reported["kind"] == "below_minimum"
    first = [names[0] for names in proposal.reported.loc[short, "neighbourhoods"]]
    over = problem.ids[np.isin(problem.atom, np.flatnonzero(problem.over))]
    report = {
        **plan.report,
        "objective_alone": plan_score(problem, _alone(problem)),
        "singles": {str(k): int(v) for k, v in reason.value_counts().sort_index().items()},
        "parts": proposal.parts["value"].to_dict(),
        "unknown_sizes": unknown,
        "limits_not_applied": idle_limits(neighbourhoods, problem, rules),
        "below_minimum": sorted(plan.assignment[first].tolist()),
        "above_maximum_alone": over.tolist(),
    }
    return Plan(
        assignment=plan.assignment.reindex(frame.index),
        single_reason=reason,
        objective=plan.objective,
        parameters={"seed": proposal.seed, "rules": rules},
        report=report,
    )


def _alone(problem: Problem) -> np.ndarray:
    return np.full(problem.atoms, -1, dtype=np.int64)
