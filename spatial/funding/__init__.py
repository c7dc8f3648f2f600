"""What a renewal costs, who may pay for it, and whether it balances."""

from spatial.funding.costs import modes_of, option_costs, unit_costs

__all__ = ["modes_of", "option_costs", "unit_costs"]
