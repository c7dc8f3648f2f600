"""Small joins between the answers of the rooms: pure functions over their tables."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.city.neighbourhoods import Neighbourhoods
from spatial.codes import coded, codes_of
from spatial.network import Attachments, BuildingAccess, WalkNetwork
from spatial.units import MM_PER_M

__all__ = [
    "best_of_gates",
    "residents_met",
    "shared_needs",
    "smallest_layer",
    "with_counts",
    "with_entries",
    "with_ways_out",
]


def best_of_gates(by_gate: pd.DataFrame, gate_neighbourhood: pd.Series) -> pd.DataFrame:
    """Nearest facility of each kind per neighbourhood: the best of its gates."""
    place = gate_neighbourhood.reindex(by_gate["origin_id"]).to_numpy()
    table = by_gate.assign(origin_id=place)
    order = ["origin_id", "kind", "distance_m", "facility_id"]
    best = table.sort_values(order, kind="stable").drop_duplicates(["origin_id", "kind"])
    return best.reset_index(drop=True)


def smallest_layer(walks: pd.Series, limits: Mapping[str, float]) -> pd.Series:
    """Name the smallest layer whose limit holds each walk, as codes; NA beyond the last."""
    layers = sorted(limits, key=lambda name: limits[name])
    place = np.searchsorted([limits[name] for name in layers], walks.to_numpy(dtype=float))
    place[place == len(layers)] = -1
    return pd.Series(codes_of(layers, place), index=walks.index)


def with_counts(
    circles: gpd.GeoDataFrame,
    reached: pd.DataFrame,
    persons: pd.DataFrame,
    limits: Mapping[str, float],
    *,
    measure: str,
) -> gpd.GeoDataFrame:
    """Fill in how many facilities and residents each circle holds."""
    place, names = coded(reached["neighbourhood_id"])
    facility, ids = coded(reached["facility_id"])
    wide = max(len(ids), 1)
    pair, walk = place.astype(np.int64) * wide + facility, reached[measure].to_numpy(dtype=float)
    facilities = pd.Series(0, index=circles.index, dtype="Int64")
    living = pd.Series(pd.NA, index=circles.index, dtype="Float64")
    for layer, limit in limits.items():
        held = np.sort(pair[walk <= limit])
        held = held[np.diff(held, prepend=-1) > 0]  # a facility of two kinds counts once
        counts = pd.Series(np.bincount(held // wide, minlength=len(names)), index=names)
        here = (circles["layer"] == layer).to_numpy(dtype=bool)
        at = circles["neighbourhood_id"][here].to_numpy(dtype=object)
        facilities[here] = counts.reindex(at, fill_value=0).to_numpy()
        living[here] = persons[layer].astype("Float64").reindex(at).array
    return circles.assign(facilities=facilities.array, persons=living.array)


def shared_needs(places: Neighbourhoods, gaps: pd.DataFrame) -> pd.DataFrame:
    """Return what neighbourhoods may share: must-have kinds missing, and their age."""
    must = gaps[(gaps["need"] == "must") & (gaps["status"] != "unknown")]
    table = must.assign(missing=(must["status"] == "missing").astype(float)).pivot_table(
        index="neighbourhood_id", columns="kind", values="missing", aggfunc="max", observed=True
    )
    table = table.reindex(places.frame.index)
    table.columns = [f"missing_{kind}" for kind in table.columns]
    year = places.frame["year_built"].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    return table.assign(year_built=year)


def with_entries(
    gates: gpd.GeoDataFrame, attached: Attachments, network: WalkNetwork
) -> gpd.GeoDataFrame:
    """Say for each gate how far its way onto the network is, and which part it enters."""
    inside = attached.edge >= 0
    ids = attached.ids[inside]
    entry = pd.Series(attached.entry_mm[inside] / MM_PER_M, index=ids)
    node = network.edge_from[attached.edge[inside]]
    part = pd.Series(network.node_component[node], index=ids)
    return gates.assign(
        entry_m=entry.reindex(gates.index), component=part.reindex(gates.index).astype("Int64")
    )


def with_ways_out(buildings: gpd.GeoDataFrame, access: BuildingAccess) -> gpd.GeoDataFrame:
    """Say for each building how it is left, and how far its straight way is."""
    ways = access.frame().reindex(buildings.index)
    return buildings.assign(way_to_gate=ways["way_to_gate"], entry_m=ways["entry_m"])


def residents_met(
    met: pd.DataFrame, persons: pd.Series, limits: Mapping[str, float], *, measure: str
) -> pd.DataFrame:
    """Return the residents of the neighbourhoods whose gate is reached.

    Parameters
    ----------
    met : DataFrame
        Neighbourhoods reached from the gates of each neighbourhood: ``neighbourhood_id``,
        ``facility_id`` (the other one, once) and the column `measure`, of its nearest gate.
    persons : Series
        Residents by neighbourhood; missing ones are left out of the sum.
    limits : mapping of layer to float
        In the unit of `measure`.
    measure : str
        ``distance_m`` or ``time_s``.

    Returns
    -------
    DataFrame
        Neighbourhoods (rows) by layer (columns).
    """
    code, names = coded(met["neighbourhood_id"])
    other, places = coded(met["facility_id"])
    living = persons.reindex(places).to_numpy(dtype=float, na_value=np.nan)[other]
    walk, known = met[measure].to_numpy(dtype=float), ~np.isnan(living)
    sums = {}
    for layer, limit in limits.items():
        within = walk <= limit
        told = within & known
        total = pd.Series(living[told]).groupby(code[told]).sum()
        held = np.flatnonzero(np.bincount(code[within], minlength=len(names)))
        sums[layer] = total.reindex(held).fillna(0.0).set_axis(names[held])
    return pd.DataFrame(sums)
