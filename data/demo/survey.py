"""What residents of old neighbourhoods asked for, as a door-to-door survey would note it."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

__all__ = ["make_demand_votes"]

WISHES: Final = {  # kind → share of households that want one, where one is near
    "elderly_daycare": 0.22,
    "community_canteen": 0.26,
    "childcare": 0.10,
    "kindergarten": 0.08,
    "park": 0.20,
    "food_market": 0.16,
    "community_health_station": 0.17,
    "culture_station": 0.12,
    "outdoor_fitness": 0.14,
    "resident_parking": 0.30,
    "ebike_charging": 0.21,
    "parcel_facility": 0.09,
}
"""Kinds that the form listed."""
NEAR_M: Final = 350.0
ABSENT_MORE: Final = 0.25
"""So many more households want a kind of which none is near."""
ASKED_SHARE: Final = 0.55
"""Of the old neighbourhoods; the others were not asked."""
OLD_BEFORE: Final = 2001


def make_demand_votes(
    neighbourhoods: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    years: pd.Series,
    households: pd.Series,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Draw the votes of the neighbourhoods that were asked.

    Parameters
    ----------
    neighbourhoods : GeoDataFrame, shape (n,)
        Parcels.
    facilities : GeoDataFrame
        ``kind`` as the register gives it.
    years, households : Series, shape (n,)
        Of every neighbourhood, on its id.
    rng : Generator

    Returns
    -------
    DataFrame
        ``inputs.demand_votes``: one row for each neighbourhood asked and kind of the form.
    """
    n = len(neighbourhoods)
    asked = (years.to_numpy() < OLD_BEFORE) & (rng.random(n) < ASKED_SHARE)
    people = households.to_numpy(dtype=float)
    answers = np.maximum(5, np.round(people * rng.uniform(0.2, 0.6, n))).astype(int)
    answers = np.minimum(answers, np.maximum(1, people).astype(int))
    told = rng.random(n) < 0.9  # the others only noted the votes
    kinds = facilities["kind"].astype("str")
    middle = shapely.centroid(neighbourhoods.geometry.to_numpy())
    tables = []
    for kind, base in WISHES.items():
        places = facilities.geometry.to_numpy()[(kinds == kind).to_numpy()]
        near = np.zeros(n, dtype=bool)
        if len(places):
            found, _ = shapely.STRtree(places).query(middle, predicate="dwithin", distance=NEAR_M)
            near[found] = True
        share = np.clip(base * rng.uniform(0.5, 1.6, n) + ABSENT_MORE * ~near, 0.0, 0.95)
        votes = rng.binomial(answers, share)
        tables.append(
            pd.DataFrame(
                {
                    "neighbourhood_id": neighbourhoods.index.to_numpy()[asked],
                    "kind": kind,
                    "votes": votes[asked].astype(float),
                    "households_asked": pd.array(answers, dtype="Int64")[asked],
                    "told": told[asked],
                }
            )
        )
    table = pd.concat(tables, ignore_index=True)
    table.loc[~table["told"], "households_asked"] = pd.NA
    table = table.sort_values(["neighbourhood_id", "kind"], kind="stable").drop(columns="told")
    width = max(5, len(str(len(table))))
    table.index = pd.Index([f"V{i + 1:0{width}d}" for i in range(len(table))], name="id")
    return table
