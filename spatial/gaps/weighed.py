"""Gaps that carry weight: all tables that follow from the gaps, in one step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from spatial.gaps.areas import area_shares
from spatial.gaps.buildings import BuildingGaps, building_gaps_frame
from spatial.gaps.demand import Demand
from spatial.gaps.equity import equity
from spatial.gaps.homes import residents_at_home
from spatial.gaps.priority import RankStability, priority_frame, priority_parts
from spatial.gaps.queue import queue_of_missing
from spatial.standards import Profile

if TYPE_CHECKING:
    from spatial.city.neighbourhoods import Neighbourhoods

__all__ = ["WeighedGaps", "weigh_gaps"]


@dataclass(frozen=True, slots=True, eq=False)
class WeighedGaps:
    """What follows from the gaps; each frame is the table of ``results`` of its name."""

    building_gaps: gpd.GeoDataFrame
    areas: pd.DataFrame
    queue: pd.DataFrame
    priority: pd.DataFrame
    equity: pd.DataFrame
    stability: RankStability


def weigh_gaps(  # noqa: PLR0913
    gaps: pd.DataFrame,
    neighbourhoods: Neighbourhoods,
    profile: Profile,
    city_buildings: gpd.GeoDataFrame,
    found: BuildingGaps,
    *,
    demand: Demand,
    year: int,
    districts: pd.Series | None = None,
    lived: pd.DataFrame | None = None,
    seed: int = 0,
) -> WeighedGaps:
    """Compute areas per head, queue, priority and equity from the gaps.

    Parameters
    ----------
    gaps : DataFrame
        ``results.gaps``.
    neighbourhoods : Neighbourhoods
    profile : Profile
        Rooms ``gaps`` and ``neighbourhoods``, and the catalogue.
    city_buildings : GeoDataFrame
        The city's buildings.
    found : BuildingGaps
        `building_gaps` of the same gaps.
    demand : Demand
        `resident_demand`, or `no_demand()`.
    year : int
        For the age of neighbourhoods.
    districts : Series, optional
        District id by neighbourhood id.
    lived : DataFrame, optional
        `residents_at_home` of the same neighbourhoods and buildings, where it is at hand.
    seed : int
        Of the changed weights.
    """
    rules = profile.rooms["gaps"]
    homes = lived
    if homes is None:
        homes = residents_at_home(neighbourhoods, city_buildings, profile.rooms["neighbourhoods"])
    parts = priority_parts(gaps, neighbourhoods, rules, year=year, demand=demand)
    priority, stability = priority_frame(parts, rules, seed=seed)
    return WeighedGaps(
        building_gaps=building_gaps_frame(found, homes, crs=neighbourhoods.frame.crs),
        areas=area_shares(gaps, neighbourhoods, profile),
        queue=queue_of_missing(
            gaps,
            neighbourhoods,
            rules,
            demand=demand,
            buildings=found,
            homes=homes,
            districts=districts,
        ),
        priority=priority,
        equity=equity(
            gaps,
            neighbourhoods,
            searched_m=float(rules["search_m"]),
            buildings=found,
            homes=homes,
            districts=districts,
        ),
        stability=stability,
    )
