"""The ground of a run: neighbourhoods, the network beside them, and what stands on it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import geopandas as gpd
import pandas as pd

from spatial.analysis.model import Walk
from spatial.analysis.run import Run
from spatial.city.neighbourhoods import Neighbourhoods, prepare_neighbourhoods
from spatial.gaps import facility_entrances
from spatial.input_notes import (
    notes_on_entry,
    notes_on_gates,
    notes_on_idle_gates,
    notes_on_residents,
)
from spatial.network import (
    Attachments,
    Obstacles,
    WalkNetwork,
    attach_points,
    build_network,
    building_access,
)
from spatial.reach.lane_network import lane_network

__all__ = ["neighbourhoods", "walk_of"]


def neighbourhoods(run: Run) -> Neighbourhoods:
    """Find neighbourhoods, their cells, gates and residents."""
    # The streets do not wait for the cells: both take long, and each leaves a core free.
    aside = ThreadPoolExecutor(1)
    try:
        places = prepare_neighbourhoods(
            run.city,
            run.profile.rooms["neighbourhoods"],
            progress=run.within,
            gates_found=lambda gates: run.streets.append(
                (gates, aside.submit(_network, run, gates))
            ),
        )
    finally:
        aside.shutdown(wait=False)
    run.notes += [*places.notes, *notes_on_residents(places)]
    return places


def walk_of(run: Run, places: Neighbourhoods) -> Walk:
    """Take the network, and attach gates, entrances of facilities and homes to it."""
    walking = run.profile.rooms["walking"]
    obstacles, network = _network_with(run, places.gates)
    usable = places.gates[places.gates["access"] != "closed"]
    homes = _homes(run, places)
    entrances = facility_entrances(
        run.city.layer("facilities"),
        run.city.layer("streets"),
        min_area_m2=run.profile.rooms["gaps"]["entrance_min_area_m2"],
    )

    def attach(points: gpd.GeoSeries) -> Attachments:
        return attach_points(network, points, obstacles, max_entry_m=walking["max_entry_m"])

    gates = attach(usable.geometry)
    walk = Walk(
        network=network,
        obstacles=obstacles,
        gates=gates,
        gate_neighbourhood=usable["neighbourhood_id"],
        entrances=entrances,
        facilities=attach(entrances.geometry),
        building_access=building_access(
            network,
            _as_points(homes),
            places.building_neighbourhood.reindex(homes.index),
            places.frame.geometry,
            (gates, usable["neighbourhood_id"]),
            obstacles,
            max_entry_m=walking["max_entry_m"],
            parameters=walking,
        ),
    )
    run.notes += notes_on_gates(walk.gates, walk.gate_neighbourhood)
    run.notes += notes_on_idle_gates(
        run.city, places.gates, on_street_m=walking["gate_tolerance_m"]
    )
    run.notes += notes_on_entry(
        {
            "facilities": (walk.facilities, entrances["facility_id"]),
            "buildings": (walk.buildings, pd.Series(homes.index, index=homes.index)),
        },
        max_entry_m=walking["max_entry_m"],
    )
    return walk


def _network(run: Run, gates: gpd.GeoDataFrame) -> tuple[Obstacles, WalkNetwork]:
    walking = run.profile.rooms["walking"]
    obstacles = Obstacles.from_city(run.city, gates, walking)
    network = build_network(
        run.city,
        walking,
        profile=run.parameters.walking_profile,
        gates=gates,
        obstacles=obstacles,
    )
    lane_network(network, by="distance")  # what every search for the nearest begins with
    return obstacles, network


def _network_with(run: Run, gates: gpd.GeoDataFrame) -> tuple[Obstacles, WalkNetwork]:
    """Take the network that was begun beside the cells, if the gates stayed the same."""
    for known, begun in run.streets:
        if known is gates:
            run.streets.clear()
            return begun.result()
    return _network(run, gates)


def _homes(run: Run, places: Neighbourhoods) -> gpd.GeoDataFrame:
    buildings = run.city.layer("buildings")
    joined = places.building_neighbourhood.reindex(buildings.index).notna()
    return buildings[joined & buildings["use"].isin(["residential", "unknown"])]


def _as_points(frame: gpd.GeoDataFrame) -> gpd.GeoSeries:
    """Points inside the features (a polygon's own, not its centroid)."""
    return frame.geometry.representative_point()
