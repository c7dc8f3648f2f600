"""Facility gaps: what is missing, for whom, where."""

from spatial.gaps.access import (
    Access,
    access_on_network,
    enhanced_two_step,
    gravity_access,
    three_step,
    two_step,
)
from spatial.gaps.areas import area_shares
from spatial.gaps.buildings import BuildingGaps, building_gaps, building_gaps_frame
from spatial.gaps.capacity import facility_access
from spatial.gaps.coverage import coverage
from spatial.gaps.demand import Demand, no_demand, resident_demand
from spatial.gaps.entrances import by_entrance, by_facility, facility_entrances
from spatial.gaps.equity import equity, weighted_gini
from spatial.gaps.heatmap import gap_heatmap
from spatial.gaps.homes import residents_at_home
from spatial.gaps.priority import (
    RankStability,
    priority_frame,
    priority_parts,
    priority_table,
    rank_stability,
)
from spatial.gaps.queue import queue_of_missing
from spatial.gaps.shortfall import facility_gaps, gap_scores
from spatial.gaps.supply import shared_supply
from spatial.gaps.weighed import WeighedGaps, weigh_gaps

__all__ = [
    "Access",
    "BuildingGaps",
    "Demand",
    "RankStability",
    "WeighedGaps",
    "access_on_network",
    "area_shares",
    "building_gaps",
    "building_gaps_frame",
    "by_entrance",
    "by_facility",
    "coverage",
    "enhanced_two_step",
    "equity",
    "facility_access",
    "facility_entrances",
    "facility_gaps",
    "gap_heatmap",
    "gap_scores",
    "gravity_access",
    "no_demand",
    "priority_frame",
    "priority_parts",
    "priority_table",
    "queue_of_missing",
    "rank_stability",
    "resident_demand",
    "residents_at_home",
    "shared_supply",
    "three_step",
    "two_step",
    "weigh_gaps",
    "weighted_gini",
]
