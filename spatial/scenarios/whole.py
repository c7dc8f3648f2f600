"""The changed city computed again from nothing, by the public functions of every room.

This is what a scenario means; :meth:`ScenarioBase.run` gives the same, touching only what changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.gaps import (
    BuildingGaps,
    building_gaps,
    by_entrance,
    by_facility,
    coverage,
    facility_access,
    facility_gaps,
    gap_heatmap,
    gap_scores,
    priority_frame,
    priority_parts,
    resident_demand,
)
from spatial.joins import best_of_gates
from spatial.network import Attachments
from spatial.network.edits import apply_patch, moved_points
from spatial.reach import nearest_facilities, reached_facilities
from spatial.scenarios.changes import Change
from spatial.scenarios.plan import resolve
from spatial.scenarios.result import changed_facilities
from spatial.standards import classify_facilities

if TYPE_CHECKING:
    from spatial.analysis import Analysis
    from spatial.scenarios.base import ScenarioBase

__all__ = ["WholeCity", "whole_city"]


@dataclass(frozen=True, slots=True, eq=False)
class WholeCity:
    """Tables of the changed city, complete."""

    nearest: pd.DataFrame
    gaps: pd.DataFrame
    scores: pd.DataFrame
    coverage: pd.DataFrame
    heatmap: gpd.GeoDataFrame
    homes: BuildingGaps
    access: pd.DataFrame
    priority: pd.DataFrame


def whole_city(base: ScenarioBase, analysis: Analysis, changes: Sequence[Change]) -> WholeCity:
    """Compute the changed city from nothing.

    Parameters
    ----------
    base : ScenarioBase
        Says where new facilities enter, and which edges change.
    analysis : Analysis
        The one that the base was made from.
    changes : sequence of Change
    """
    plan = resolve(base, changes)
    basis = analysis.basis
    assert basis is not None
    walk, profile = basis.walk, analysis.profile
    facilities = changed_facilities(base, plan)
    kinds = classify_facilities(facilities, profile.catalogue)
    frame = basis.places.frame
    if plan.persons:
        persons = frame["persons"].copy()
        persons.iloc[list(plan.persons)] = list(plan.persons.values())
        frame = frame.assign(persons=persons)
    places = replace(basis.places, frame=frame)

    closed = base.frame("facilities").index[sorted(plan.closed)]
    kept = ~walk.entrances["facility_id"].isin(closed).to_numpy(dtype=bool)
    new = sorted(plan.added.values(), key=lambda facility: facility.id)
    added = pd.DataFrame({"facility_id": [f.id for f in new]}, index=[f.id for f in new])
    entrances = pd.concat([pd.DataFrame(walk.entrances[["facility_id"]])[kept], added])
    entrances = entrances.astype({"facility_id": "str"})
    entrances.index = entrances.index.astype("str")
    entered = joined([walk.facilities.take(np.flatnonzero(kept)), *(f.entry for f in new)])
    entered = moved_points(entered, plan.patch)

    rows = np.array([r for r in range(len(walk.gates)) if r not in plan.gates_closed], dtype=int)
    gates = joined([walk.gates.take(rows), *(gate.entry for gate in plan.gates_new)])
    ids = frame.index
    gate_place = pd.concat(
        [
            walk.gate_neighbourhood.iloc[rows],
            pd.Series(
                [ids[gate.place] for gate in plan.gates_new],
                index=[gate.id for gate in plan.gates_new],
                dtype=walk.gate_neighbourhood.dtype,
            ),
        ]
    ).rename("neighbourhood_id")
    gate_place.index = gates.ids
    ways = np.array([r for r in range(len(walk.buildings)) if r not in plan.ways_closed], dtype=int)
    homes = joined([walk.buildings.take(ways), *(new.entries for new in plan.ways_new)])
    gates, homes = moved_points(gates, plan.patch), moved_points(homes, plan.patch)
    network = apply_patch(analysis.network, plan.patch)

    by_kind = by_entrance(kinds, entrances)
    search_m, reach_m = base.facts.search_m, base.facts.home_m
    ways = nearest_facilities(network, gates, entered, by_kind, cutoff_m=search_m)
    nearest = best_of_gates(by_facility(ways, entrances), gate_place)
    home_ways = nearest_facilities(network, homes, entered, by_kind, cutoff_m=reach_m)
    home_ways = by_facility(home_ways, entrances)
    reached = reached_facilities(
        network,
        gates,
        gate_place,
        entered,
        by_kind,
        cutoff_m=base.facts.reach_limit,
        by="time" if base.facts.by_time else "distance",
    )
    reached = by_facility(reached, entrances)
    walked = pd.Index(gate_place[gates.edge >= 0].unique())
    gaps = facility_gaps(
        places,
        nearest,
        kinds,
        facilities,
        profile,
        searched_m=search_m,
        reached=reached,
        measured=walked,
        tells=base.tells,
    )
    city = analysis.city
    buildings = city.layer("buildings")
    found = building_gaps(gaps, places, home_ways, buildings, measured=homes.ids[homes.edge >= 0])
    rules = profile.rooms["gaps"]
    demand = resident_demand(city.table("demand_votes"), frame, profile.catalogue)
    parts = priority_parts(gaps, places, rules, year=analysis.parameters.year, demand=demand)
    return WholeCity(
        nearest=nearest,
        gaps=gaps,
        scores=gap_scores(gaps).reindex(ids),
        coverage=coverage(gaps, places, home_ways, buildings=buildings),
        heatmap=gap_heatmap(
            places,
            gaps,
            city,
            profile.rooms["neighbourhoods"],
            cell_m=profile.rooms["gaps"]["heatmap_cell_m"],
            buildings=found,
        ),
        homes=found,
        access=facility_access(places, facilities, kinds, reached, profile, measured=walked),
        priority=priority_frame(parts, rules, seed=analysis.parameters.seed)[0],
    )


def joined(parts: Sequence[Attachments]) -> Attachments:
    """Put attached points one after the other."""
    ids = [np.asarray(part.ids, dtype=object) for part in parts]
    return Attachments(
        ids=pd.Index(np.concatenate(ids), dtype="str"),
        edge=np.concatenate([part.edge for part in parts]),
        offset_mm=np.concatenate([part.offset_mm for part in parts]),
        entry_mm=np.concatenate([part.entry_mm for part in parts]),
        xy_m=np.concatenate([part.xy_m for part in parts]),
        why_not=np.concatenate([part.why_not for part in parts]),
    )
