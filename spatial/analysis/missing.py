"""What is missing, where residents live, and what they ask for."""

from __future__ import annotations

import pandas as pd

from spatial.analysis.model import Nearest, Walk
from spatial.analysis.run import Run
from spatial.city.neighbourhoods import Neighbourhoods
from spatial.gaps import (
    BuildingGaps,
    Demand,
    building_gaps,
    facility_access,
    facility_gaps,
    resident_demand,
    residents_at_home,
)

__all__ = ["access", "demanded", "gaps_of", "gaps_of_buildings", "lived"]


def gaps_of(
    run: Run,
    places: Neighbourhoods,
    nearest: Nearest,
    kinds: pd.DataFrame,
    walk: Walk,
    reached: pd.DataFrame,
) -> pd.DataFrame:
    """Find what each neighbourhood lacks."""
    entered = walk.gate_neighbourhood[walk.gates.edge >= 0]
    return facility_gaps(
        places,
        nearest.neighbourhoods,
        kinds,
        run.city.layer("facilities"),
        run.profile,
        searched_m=nearest.searched_m,
        reached=reached,
        measured=pd.Index(entered.unique()),
    )


def gaps_of_buildings(
    run: Run, places: Neighbourhoods, walk: Walk, nearest: Nearest, gaps: pd.DataFrame
) -> BuildingGaps:
    """Find what each residential building lacks."""
    return building_gaps(
        gaps,
        places,
        nearest.buildings,
        run.city.layer("buildings"),
        measured=walk.buildings.ids[walk.buildings.edge >= 0],
    )


def lived(run: Run, places: Neighbourhoods) -> pd.DataFrame:
    """Find where residents live, once for all that asks for it."""
    parameters = run.profile.rooms["neighbourhoods"]
    return residents_at_home(places, run.city.layer("buildings"), parameters)


def demanded(run: Run, places: Neighbourhoods) -> Demand:
    """Read what residents voted for."""
    votes = run.city.table("demand_votes")
    demand = resident_demand(votes, places.frame, run.profile.catalogue)
    run.notes += demand.notes
    return demand


def access(
    run: Run, places: Neighbourhoods, kinds: pd.DataFrame, reached: pd.DataFrame, walk: Walk
) -> pd.DataFrame:
    """Weigh supply against everybody who competes for it."""
    entered = walk.gate_neighbourhood[walk.gates.edge >= 0]
    return facility_access(
        places,
        run.city.layer("facilities"),
        kinds,
        reached,
        run.profile,
        measured=pd.Index(entered.unique()),
    )
