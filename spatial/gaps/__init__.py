"""Facility gaps: what is missing, for whom, where."""

from spatial.gaps.buildings import BuildingGaps, building_gaps, building_gaps_frame
from spatial.gaps.coverage import coverage
from spatial.gaps.entrances import by_entrance, by_facility, facility_entrances
from spatial.gaps.heatmap import gap_heatmap
from spatial.gaps.homes import residents_at_home
from spatial.gaps.shortfall import facility_gaps, gap_scores
from spatial.gaps.supply import shared_supply

__all__ = [
    "BuildingGaps",
    "building_gaps",
    "building_gaps_frame",
    "by_entrance",
    "by_facility",
    "coverage",
    "facility_entrances",
    "facility_gaps",
    "gap_heatmap",
    "gap_scores",
    "residents_at_home",
    "shared_supply",
]
