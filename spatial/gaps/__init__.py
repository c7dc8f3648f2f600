"""Facility gaps: what is missing, for whom, where."""

from spatial.gaps.shortfall import facility_gaps, gap_scores
from spatial.gaps.supply import shared_supply

__all__ = ["facility_gaps", "gap_scores", "shared_supply"]
