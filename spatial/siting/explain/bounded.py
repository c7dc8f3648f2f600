"""What a plan is at most behind the best when its parts weigh otherwise: without solving again.

Nothing is worth more than the plan's bound by the weights it was made for. The linear relaxation
under the new weights, with that as one more row, is far nearer to the truth than the relaxation
alone: it can only gain where the change of the weights gives something away.
"""

from __future__ import annotations

import numpy as np

from spatial.siting.answer import Watch
from spatial.siting.plan import SitingPlan, plan_of
from spatial.siting.solver.core import worth_of
from spatial.siting.solver.highs import relax_programme
from spatial.siting.solver.prices import Aim
from spatial.siting.solver.programme import lay_out
from spatial.siting.solver.proof import DIRECT, Ready

__all__ = ["still_near"]


def still_near(ready: Ready, plan: SitingPlan, watch: Watch) -> SitingPlan | None:
    """Return a plan under other weights with its new bound, if that is near enough; else None.

    Parameters
    ----------
    ready : Ready
        Of the plan's problem, but for the weights.
    plan : SitingPlan
    watch : Watch
        Its effort says what is near enough.
    """
    core = ready.core
    size = (len(core.group) + len(core.option)) * core.years
    if core.problem.rules.order or size > DIRECT or not np.isfinite(plan.bound):
        return None
    aim = Aim(core.problem.rules.weights)
    year = core.standing(plan.years)
    worth = worth_of(core, year)
    value = worth.value(aim.weights)
    known = plan.problem.rules.weights, plan.bound
    found = relax_programme(lay_out(core, ready.structure), aim, watch, ceiling=known)
    if found is None or not watch.enough(value, bound := max(found.value, value)):
        return None
    status = watch.status_of(value, bound)
    return plan_of(core, year, worth, bound=bound, status=status, cpu_s=watch.cpu_s)
