"""Who reaches what: kinds of facilities, the nearest of each, life circles and what they hold."""

from __future__ import annotations

from concurrent.futures import Future

import geopandas as gpd
import pandas as pd

from spatial.analysis.model import Nearest, Walk
from spatial.analysis.run import Run
from spatial.city.neighbourhoods import Neighbourhoods
from spatial.gaps import by_entrance, by_facility
from spatial.input_notes import notes_on_capacity, notes_on_kinds
from spatial.joins import best_of_gates, residents_met, smallest_layer, with_counts
from spatial.progress import Progress
from spatial.reach import (
    Targets,
    circle_fronts,
    life_circles,
    nearest_facilities,
    nearest_table,
    reached_places,
)
from spatial.standards import classify_facilities, unrecognised_kinds

__all__ = ["circles", "drawn", "kinds_of", "nearest", "reached"]


def kinds_of(run: Run) -> pd.DataFrame:
    """Tell which facility is of which kinds."""
    layer, catalogue = run.city.layer("facilities"), run.profile.catalogue
    run.notes += notes_on_kinds(unrecognised_kinds(layer, catalogue), catalogue)
    kinds = classify_facilities(layer, catalogue)
    names = {kind.id: (kind.zh, kind.en) for kind in catalogue.kinds.values()}
    run.notes += notes_on_capacity(layer, kinds, names)
    return kinds


def nearest(run: Run, walk: Walk, kinds: pd.DataFrame) -> Nearest:
    """Find the nearest facility of each kind from each neighbourhood and building."""
    searched_m = float(run.profile.rooms["gaps"]["search_m"])
    entered = by_entrance(kinds, walk.entrances)
    reach_m = max(layer.limit_m for layer in run.profile.catalogue.layers.values())
    by_gate = nearest_facilities(
        walk.network, walk.gates, walk.facilities, entered, cutoff_m=searched_m
    )
    run.within("nearest", 0.5)
    by_building = nearest_table(
        walk.network, walk.buildings, walk.facilities, entered, cutoff_m=reach_m
    )
    by_gate = by_facility(by_gate, walk.entrances)
    return Nearest(best_of_gates(by_gate, walk.gate_neighbourhood), by_building, searched_m)


def drawn(run: Run, walk: Walk, progress: Progress) -> gpd.GeoDataFrame:
    """Draw the life circles: from the walk alone, so that nothing else need wait for them."""
    walking = run.profile.rooms["walking"]
    entrances = [walk.facilities, walk.building_access.direct()]
    fronts = circle_fronts(walk.network, walk.obstacles, parameters=walking, entrances=entrances)
    return life_circles(
        walk.network,
        walk.gates,
        walk.gate_neighbourhood,
        run.limits(),
        walk.obstacles,
        by=run.parameters.circles_by,
        parameters=walking,
        fronts=fronts,
        progress=progress,
    )


def reached(
    run: Run, walk: Walk, kinds: pd.DataFrame, places: Neighbourhoods
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Find what is reached within the widest circle, and the residents within each."""
    limits = run.limits()
    every_gate = pd.DataFrame({"facility_id": walk.gates.ids, "kind": "gate"})
    found = reached_places(
        walk.network,
        walk.gates,
        walk.gate_neighbourhood,
        {
            "facilities": Targets(
                walk.facilities,
                by_entrance(kinds, walk.entrances),
                walk.entrances["facility_id"],
            ),
            "gates": Targets(walk.gates, every_gate, walk.gate_neighbourhood),
        },
        cutoff_m=max(limits.values()),
        by=run.parameters.circles_by,
        as_codes=True,  # texts come last, where the table leaves the engine
    )
    reached = found["facilities"]
    reached["layer"] = smallest_layer(reached[run.measure], limits)
    persons = places.frame["persons"]
    return reached, residents_met(found["gates"], persons, limits, measure=run.measure)


def circles(
    run: Run, drawn: Future[gpd.GeoDataFrame], reached: pd.DataFrame, living: pd.DataFrame
) -> gpd.GeoDataFrame:
    """Take the circles that were drawn meanwhile, with what each holds."""
    return with_counts(drawn.result(), reached, living, run.limits(), measure=run.measure)
