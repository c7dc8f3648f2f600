"""From an analysed city to the siting problem, and from a plan of sites back to the city."""

from spatial.siting_from_analysis.back import in_reach, scenario_of, served_places, siting_sites
from spatial.siting_from_analysis.build import siting_problem, siting_rules

__all__ = [
    "in_reach",
    "scenario_of",
    "served_places",
    "siting_problem",
    "siting_rules",
    "siting_sites",
]
