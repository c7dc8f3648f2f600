"""What a renewal costs, who may pay for it, and whether it balances."""

from spatial.funding.balance import CashFlow, cash_flow, joint_balance
from spatial.funding.check import FundingCheck, check_funding
from spatial.funding.costs import modes_of, option_costs, unit_costs
from spatial.funding.form import integrated_plan
from spatial.funding.income import option_income
from spatial.funding.lines import funding_lines
from spatial.funding.loan import Loan
from spatial.funding.matching import MatchingRule, matching_grant, matching_rules
from spatial.funding.sources import Means, Source, funding_sources

__all__ = [
    "CashFlow",
    "FundingCheck",
    "Loan",
    "MatchingRule",
    "Means",
    "Source",
    "cash_flow",
    "check_funding",
    "funding_lines",
    "funding_sources",
    "integrated_plan",
    "joint_balance",
    "matching_grant",
    "matching_rules",
    "modes_of",
    "option_costs",
    "option_income",
    "unit_costs",
]
