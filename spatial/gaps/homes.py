"""Where residents live: the people of each neighbourhood, placed in its buildings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.city.neighbourhoods.people import floor_area_m2
from spatial.standards import ParameterSet

if TYPE_CHECKING:
    from spatial.city.neighbourhoods import Neighbourhoods

__all__ = ["lived_in", "residents_at_home"]


def lived_in(buildings: gpd.GeoDataFrame, building_neighbourhood: pd.Series) -> pd.Series:
    """Keep the buildings in which people live, with the neighbourhood of each.

    Those that belong to a neighbourhood and are residential, or of unknown use: the same that
    carry the floor area from which residents are derived.

    Returns
    -------
    Series of str, shape (b,)
        Neighbourhood id on the building's id, in the order of `buildings`.
    """
    home_of = building_neighbourhood.reindex(buildings.index)
    use = buildings["use"].isin(["residential", "unknown"]).to_numpy(dtype=bool)
    home_of = home_of[use & home_of.notna().to_numpy()].astype("str")
    return home_of.rename("neighbourhood_id")


def residents_at_home(
    neighbourhoods: Neighbourhoods, buildings: gpd.GeoDataFrame, parameters: ParameterSet
) -> pd.DataFrame:
    """Place the residents of each neighbourhood in its buildings.

    Parameters
    ----------
    neighbourhoods : Neighbourhoods
        ``persons`` of its frame; which buildings belong to which neighbourhood.
    buildings : GeoDataFrame
        The city's buildings.
    parameters : ParameterSet
        Of the room ``neighbourhoods``: how floor area is derived where it is not given.

    Returns
    -------
    DataFrame, shape (b,)
        On the building's id: ``neighbourhood_id``, ``x_m, y_m`` (centre), ``share`` of the
        neighbourhood's residents and ``persons``, missing where the neighbourhood's are unknown.
        The shares of one neighbourhood sum to 1.

    Notes
    -----
    By the same floor area from which residents are derived, so that persons add up either way;
    by households, else one each, in neighbourhoods where any building has no floor area (a
    building known as a point).
    """
    home_of = lived_in(buildings, neighbourhoods.building_neighbourhood)
    known = neighbourhoods.frame.index.astype("str").get_indexer(home_of) >= 0
    home_of = home_of[known]
    homes = buildings.loc[home_of.index]
    centre = shapely.centroid(homes.geometry.to_numpy())
    size = pd.Series(_weight(homes, home_of, parameters), index=home_of.index)
    share = size / size.groupby(home_of).transform("sum")
    persons = neighbourhoods.frame["persons"].astype("Float64").astype("float64")
    people = home_of.map(persons.set_axis(persons.index.astype("str"))).astype("float64")
    return pd.DataFrame(
        {
            "neighbourhood_id": home_of,
            "x_m": shapely.get_x(centre),
            "y_m": shapely.get_y(centre),
            "share": share,
            "persons": people * share,
        }
    )


def _weight(
    homes: gpd.GeoDataFrame, home_of: pd.Series, parameters: ParameterSet
) -> npt.NDArray[np.float64]:
    """Floor area of each home; households, or one each, where a neighbourhood lacks any of them."""
    built = floor_area_m2(homes, parameters)[0].astype("float64")
    households = homes["households"].astype("Float64").astype("float64")
    weight = pd.Series(1.0, index=homes.index)
    for better in (households, built):  # the best last
        whole = (better > 0).groupby(home_of).transform("all").astype(bool)
        weight = weight.where(~whole, better)
    return weight.to_numpy(dtype=float)
