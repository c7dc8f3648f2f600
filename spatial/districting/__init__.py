"""Renewal districts: adjacent neighbourhoods merged within hard limits."""

from spatial.districting.adjacency import adjacency
from spatial.districting.frame import district_frame, missing_by_district
from spatial.districting.plan import Plan, propose_districts
from spatial.districting.rules import DistrictRules, Weights

__all__ = [
    "DistrictRules",
    "Plan",
    "Weights",
    "adjacency",
    "district_frame",
    "missing_by_district",
    "propose_districts",
]
