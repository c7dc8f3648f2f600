"""A grid that shows where how many people miss how much."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy import sparse

from spatial.checks import require_columns
from spatial.dictionary import conform, data_dictionary
from spatial.errors import InputError

if TYPE_CHECKING:
    from spatial.city.model import City
    from spatial.city.neighbourhoods import Neighbourhoods

__all__ = ["gap_heatmap"]


def gap_heatmap(
    neighbourhoods: Neighbourhoods, gaps: pd.DataFrame, city: City, *, cell_m: float
) -> gpd.GeoDataFrame:
    """Lay a square grid over the city and count people and what they miss in every cell.

    Parameters
    ----------
    neighbourhoods : Neighbourhoods
        ``persons`` and parcels of its frame; its joined buildings.
    gaps : DataFrame
        ``results.gaps``; rows with need ``must`` count.
    city : City
        Its buildings place people inside a neighbourhood.
    cell_m : float
        Side of a cell, metres. Corners lie at multiples of it, so that grids of one zone match.

    Returns
    -------
    GeoDataFrame
        ``results.heatmap``: the cells with people in them, indexed by ``column_row``. Persons sum
        to the known population of the neighbourhoods.

    Notes
    -----
    People are placed by the floor area (or the households, where any floor area is unknown) of the
    residential buildings of their neighbourhood, each in the cell of its centre; where there are
    none by buildings of unknown use, or else by the area of the parcel. A neighbourhood of unknown
    population is left out; one of unknown gaps counts as people only.
    """
    require_columns(gaps, ("neighbourhood_id", "kind", "need", "status"), name="gaps")
    if not cell_m > 0:
        raise InputError(f"`cell_m` is {cell_m!r}; give the side of a cell in metres, above 0.")
    frame = neighbourhoods.frame
    persons = frame["persons"].astype("Float64").astype("float64").to_numpy(na_value=np.nan)
    places = _placed(frame, neighbourhoods.building_neighbourhood, city, cell_m)
    people = persons[places["row"].to_numpy(dtype=int)] * places["share"].to_numpy(dtype=float)
    places = places.assign(people=people)
    places = places[places["people"] > 0]
    cells, cell_of = np.unique(
        places[["x", "y"]].to_numpy(dtype="int64"), axis=0, return_inverse=True
    )
    counts = sparse.csr_array(
        (places["people"].to_numpy(), (cell_of.ravel(), places["row"].to_numpy(dtype=int))),
        shape=(len(cells), len(frame)),
    )  # (cells, neighbourhoods)
    lacking, times, known, kinds = _lacking(gaps, frame.index)
    person_gaps = counts @ times
    told = counts @ known.astype(float)
    mean = np.divide(person_gaps, told, out=np.full(len(cells), np.nan), where=told > 0)
    corner = cells * cell_m
    grid = gpd.GeoDataFrame(
        {
            "persons": counts.sum(axis=1),
            "missing_mean": pd.Series(mean).astype("Float64"),
            "person_gaps": pd.Series(np.where(told > 0, person_gaps, np.nan)).astype("Float64"),
            "worst_kind": _worst(counts @ lacking, kinds),
        },
        geometry=shapely.box(*corner.T, *(corner + cell_m).T),
        crs=frame.crs,
    )
    grid.index = pd.Index([f"{x}_{y}" for x, y in cells], dtype="str")
    return conform(grid, data_dictionary().results["heatmap"], name="heatmap")


def _placed(
    frame: gpd.GeoDataFrame, building_neighbourhood: pd.Series, city: City, cell_m: float
) -> pd.DataFrame:
    """Place each neighbourhood (by row) in cells: ``row, x, y, share``; its shares sum to 1."""
    buildings = city.layer("buildings")
    row_of = pd.Series(np.arange(len(frame)), index=frame.index.astype("str"))
    home_row = building_neighbourhood.reindex(buildings.index).map(row_of).astype("float64")
    residential = (buildings["use"] == "residential").to_numpy(dtype=bool)
    # Buildings of unknown use stand in where no residential one is known (OSM's building=yes).
    told = home_row.isin(home_row[residential].dropna()).to_numpy()
    unknown = (buildings["use"] == "unknown").to_numpy(dtype=bool)
    lived_in = home_row.notna().to_numpy() & (residential | (unknown & ~told))
    homes, home_row = buildings[lived_in], home_row[lived_in]
    centre = shapely.centroid(homes.geometry.to_numpy())
    by_home = pd.DataFrame(
        {
            "row": home_row.to_numpy(dtype="int64"),
            "x": np.floor(shapely.get_x(centre) / cell_m).astype("int64"),
            "y": np.floor(shapely.get_y(centre) / cell_m).astype("int64"),
            "size": _weight(homes, home_row),
        }
    )
    bare = np.setdiff1d(np.arange(len(frame)), by_home["row"].to_numpy())
    parts = [by_home, _by_area(frame.geometry.to_numpy()[bare], bare, cell_m)]
    table = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    table["share"] = table["size"] / table.groupby("row")["size"].transform("sum")
    return table


def _weight(homes: gpd.GeoDataFrame, home_row: pd.Series) -> npt.NDArray[np.float64]:
    """Floor area of each home; households, or one each, where a neighbourhood lacks any of them."""
    floors = homes["floors"].astype("Float64").astype("float64").fillna(1.0).clip(lower=1.0)
    drawn = pd.Series(shapely.area(homes.geometry.to_numpy()), index=homes.index) * floors
    built = homes["floor_area_m2"].astype("Float64").astype("float64").fillna(drawn)
    households = homes["households"].astype("Float64").astype("float64")
    weight = pd.Series(1.0, index=homes.index)
    for better in (households, built):  # the best last
        whole = (better > 0).groupby(home_row).transform("all").astype(bool)
        weight = weight.where(~whole, better)
    return weight.to_numpy(dtype=float)


def _by_area(
    parcels: npt.NDArray[np.object_], rows: npt.NDArray[np.int64], cell_m: float
) -> pd.DataFrame:
    parts = []
    for parcel, row in zip(parcels, rows, strict=True):
        west, south, east, north = (np.array(shapely.bounds(parcel)) / cell_m).tolist()
        columns = np.arange(np.floor(west), np.floor(east) + 1)
        lines = np.arange(np.floor(south), np.floor(north) + 1)
        x, y = np.tile(columns, len(lines)), np.repeat(lines, len(columns))
        boxes = shapely.box(x * cell_m, y * cell_m, (x + 1) * cell_m, (y + 1) * cell_m)
        size = shapely.area(shapely.intersection(parcel, boxes))
        part = pd.DataFrame({"row": row, "x": x.astype("int64"), "y": y.astype("int64")})
        parts.append(part.assign(size=size)[size > 0])
    empty = pd.DataFrame({"row": rows[:0], "x": rows[:0], "y": rows[:0], "size": np.zeros(0)})
    return pd.concat(parts, ignore_index=True) if parts else empty


def _lacking(
    gaps: pd.DataFrame, index: pd.Index
) -> tuple[sparse.csr_array, npt.NDArray[np.float64], npt.NDArray[np.bool_], list[str]]:
    """Tell what each neighbourhood lacks: kinds (n, k), how many needs (n,), if known at all."""
    must = gaps[(gaps["need"] == "must").to_numpy(dtype=bool)]
    row = index.astype("str").get_indexer(must["neighbourhood_id"].astype("str"))
    missing = (must["status"] == "missing").to_numpy(dtype=bool)
    known = np.zeros(len(index), dtype=bool)
    known[row[(must["status"] != "unknown").to_numpy(dtype=bool)]] = True
    times = np.bincount(row[missing], minlength=len(index)).astype(float)
    kinds = sorted(set(must["kind"].astype("str")))
    column = pd.Index(kinds).get_indexer(must["kind"].astype("str"))
    pairs = np.unique(np.column_stack([row[missing], column[missing]]), axis=0)
    lacking = sparse.csr_array(
        (np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(index), len(kinds))
    )
    return lacking, times, known, kinds


def _worst(people: sparse.csr_array, kinds: list[str]) -> pd.Series:
    """Kind that most people of a cell miss, the first by id among equals; missing if none is."""
    if not kinds or not people.shape[0]:
        return pd.Series([None] * people.shape[0], dtype="string")
    dense = people.toarray()
    best = pd.Series(np.array(kinds, dtype=object)[dense.argmax(axis=1)], dtype="string")
    return best.where(dense.max(axis=1) > 0)
