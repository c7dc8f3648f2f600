"""What to put where: location models with a proof, and the product's own."""

from spatial.siting.again import solve_again
from spatial.siting.answer import Answer, Effort, Status
from spatial.siting.broken_rules import broken_rules
from spatial.siting.capacitated import capacitated_max_cover, capacitated_p_median
from spatial.siting.clash import why_infeasible
from spatial.siting.covering import Budget, max_cover, p_centre, set_cover
from spatial.siting.explain import SitingExplanation, explain_siting
from spatial.siting.p_median import p_median
from spatial.siting.pairs import Pairs, pairs_on_network
from spatial.siting.pareto import ParetoCurve, pareto
from spatial.siting.plan import SitingPlan
from spatial.siting.problem import SitingProblem
from spatial.siting.rules import KindLimit, SitingRules, SitingWeights
from spatial.siting.solve import solve_siting

__all__ = [
    "Answer",
    "Budget",
    "Effort",
    "KindLimit",
    "Pairs",
    "ParetoCurve",
    "SitingExplanation",
    "SitingPlan",
    "SitingProblem",
    "SitingRules",
    "SitingWeights",
    "Status",
    "broken_rules",
    "capacitated_max_cover",
    "capacitated_p_median",
    "explain_siting",
    "max_cover",
    "p_centre",
    "p_median",
    "pairs_on_network",
    "pareto",
    "set_cover",
    "solve_again",
    "solve_siting",
    "why_infeasible",
]
