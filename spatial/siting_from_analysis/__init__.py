"""From an analysed city to the siting problem, and from a plan of sites back to the city."""

from spatial.siting_from_analysis.build import siting_problem, siting_rules

__all__ = ["siting_problem", "siting_rules"]
