"""Renewal districts: adjacent neighbourhoods merged within hard limits.

The names are imported when first used: plans read small parts of this room, and shall start fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spatial.districting.build import make_problem
    from spatial.districting.frame import district_frame, missing_by_district
    from spatial.districting.modes import FixedNumber, Free, MostDistricts
    from spatial.districting.plan import Plan, plan_of, propose_districts
    from spatial.districting.pooling import Pooling
    from spatial.districting.problem import Problem
    from spatial.districting.proposal import Proposal
    from spatial.districting.rules import DistrictRules, Weights

__all__ = [
    "DistrictRules",
    "FixedNumber",
    "Free",
    "MostDistricts",
    "Plan",
    "Pooling",
    "Problem",
    "Proposal",
    "Weights",
    "district_frame",
    "make_problem",
    "missing_by_district",
    "plan_of",
    "propose_districts",
]

_FILES = {
    "DistrictRules": "rules",
    "FixedNumber": "modes",
    "Free": "modes",
    "MostDistricts": "modes",
    "Plan": "plan",
    "Pooling": "pooling",
    "Problem": "problem",
    "Proposal": "proposal",
    "Weights": "rules",
    "district_frame": "frame",
    "make_problem": "build",
    "missing_by_district": "frame",
    "plan_of": "plan",
    "propose_districts": "plan",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its file when it is first asked for."""
    if name not in _FILES:
        raise AttributeError(f"module 'spatial.districting' has no attribute {name!r}")
    return getattr(import_module(f"spatial.districting.{_FILES[name]}"), name)
