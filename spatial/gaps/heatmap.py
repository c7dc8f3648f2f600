"""A grid that shows where how many people miss how much."""

from __future__ import annotations

from dataclasses import dataclass
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
from spatial.gaps.buildings import BuildingGaps
from spatial.gaps.homes import residents_at_home
from spatial.standards import ParameterSet

if TYPE_CHECKING:
    from spatial.city.model import City
    from spatial.city.neighbourhoods import Neighbourhoods

__all__ = ["Lacking", "cell_values", "gap_heatmap", "people_by_cell", "people_counts"]


def gap_heatmap(
    neighbourhoods: Neighbourhoods,
    gaps: pd.DataFrame,
    city: City,
    parameters: ParameterSet,
    *,
    cell_m: float,
    buildings: BuildingGaps | None = None,
    lived: pd.DataFrame | None = None,
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
    parameters : ParameterSet
        Of the room ``neighbourhoods``: how floor area is derived where it is not given.
    cell_m : float
        Side of a cell, metres. Corners lie at multiples of it, so that grids of one zone match.
    buildings : BuildingGaps, optional
        What each building lacks on its own way. Without it residents lack what their
        neighbourhood lacks from its gates.
    lived : DataFrame, optional
        `residents_at_home` of the same neighbourhoods and buildings, where it is at hand.

    Returns
    -------
    GeoDataFrame
        ``results.heatmap``: the cells with people in them, indexed by ``column_row``. Persons sum
        to the known population of the neighbourhoods.

    Notes
    -----
    People are placed by `residents_at_home`, each building in the cell of its centre; where a
    neighbourhood has no buildings, by the area of its parcel. A neighbourhood of unknown
    population is left out; one of unknown gaps counts as people only.
    """
    require_columns(gaps, ("neighbourhood_id", "kind", "need", "status"), name="gaps")
    if not cell_m > 0:
        raise InputError(
            f"`cell_m` is {cell_m!r}; give the side of a cell in metres, above 0.",
            zh=f"`cell_m` 为 {cell_m!r};请给出大于 0 的格网边长(米)。",
        )
    frame = neighbourhoods.frame
    lacking = _lacking(gaps, frame.index)
    if buildings is not None:
        lacking = _stacked(lacking, _lacking_buildings(buildings, lacking.kinds))
    ids = None if buildings is None else buildings.ids
    if lived is None:
        lived = residents_at_home(neighbourhoods, city.layer("buildings"), parameters)
    places = _placed(neighbourhoods, lived, cell_m, ids)
    cells, counts = people_counts(places, len(lacking.times))
    corner = cells * cell_m
    grid = gpd.GeoDataFrame(
        cell_values(counts, lacking),
        geometry=shapely.box(*corner.T, *(corner + cell_m).T),
        crs=frame.crs,
    )
    grid.index = pd.Index([f"{x}_{y}" for x, y in cells], dtype="str")
    return conform(grid, data_dictionary().results["heatmap"], name="heatmap")


@dataclass(frozen=True, slots=True, eq=False)
class Lacking:
    """What neighbourhoods, and after them buildings, lack; row i of every field is one of them."""

    missed: sparse.csr_array  # (r, kinds)
    times: npt.NDArray[np.float64]  # (r,) how many needs
    known: npt.NDArray[np.bool_]  # (r,) whether anything is known
    kinds: list[str]


def people_by_cell(
    neighbourhoods: Neighbourhoods,
    city: City,
    parameters: ParameterSet,
    cell_m: float,
    building_ids: pd.Index | None,
) -> pd.DataFrame:
    """Place people in cells.

    Returns
    -------
    DataFrame
        ``x, y`` of the cell; ``row`` of the neighbourhood, ``part`` of its residents, ``people``;
        and ``truth``, the row that says what they lack: a neighbourhood, or after all of them a
        building of `building_ids`.
    """
    homes = residents_at_home(neighbourhoods, city.layer("buildings"), parameters)
    return _placed(neighbourhoods, homes, cell_m, building_ids)


def _placed(
    neighbourhoods: Neighbourhoods,
    homes: pd.DataFrame,
    cell_m: float,
    building_ids: pd.Index | None,
) -> pd.DataFrame:
    """Place people in cells; `homes` are `residents_at_home`."""
    frame = neighbourhoods.frame
    row = frame.index.astype("str").get_indexer(homes["neighbourhood_id"])
    truth = row
    if building_ids is not None:
        own = building_ids.get_indexer(homes.index)
        truth = np.where(own >= 0, own + len(frame), row)
    by_home = pd.DataFrame(
        {
            "x": np.floor(homes["x_m"].to_numpy() / cell_m).astype("int64"),
            "y": np.floor(homes["y_m"].to_numpy() / cell_m).astype("int64"),
            "row": row,
            "part": homes["share"].to_numpy(dtype=float),
            "people": homes["persons"].to_numpy(dtype=float),
            "truth": truth,
        }
    )
    bare = np.setdiff1d(np.arange(len(frame)), row)
    pieces = _by_area(frame.geometry.to_numpy()[bare], bare, cell_m)
    persons = frame["persons"].astype("Float64").astype("float64").to_numpy(na_value=np.nan)
    whole = pieces.groupby("row")["size"].transform("sum").to_numpy(dtype=float)
    part = pieces["size"].to_numpy(dtype=float) / whole
    by_land = pd.DataFrame(
        {
            "x": pieces["x"],
            "y": pieces["y"],
            "row": pieces["row"],
            "part": part,
            "people": persons[pieces["row"].to_numpy(dtype=int)] * part,
            "truth": pieces["row"],
        }
    )
    parts = [part for part in (by_home, by_land) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else by_home


def people_counts(
    places: pd.DataFrame, truths: int
) -> tuple[npt.NDArray[np.int64], sparse.csr_array]:
    """Count people by cell and by who says what they lack.

    Returns
    -------
    array of int, shape (c, 2), and sparse array, shape (c, truths)
        Column and row of each cell in which people live, and their numbers.
    """
    places = places[places["people"] > 0]
    cells, cell_of = np.unique(
        places[["x", "y"]].to_numpy(dtype="int64"), axis=0, return_inverse=True
    )
    counts = sparse.csr_array(
        (places["people"].to_numpy(), (cell_of.ravel(), places["truth"].to_numpy(dtype=int))),
        shape=(len(cells), truths),
    )  # (cells, neighbourhoods and buildings)
    return cells, counts


def cell_values(counts: sparse.csr_array, lacking: Lacking) -> pd.DataFrame:
    """Sum over the people of each cell what they lack: the columns of ``results.heatmap``."""
    person_gaps = counts @ lacking.times
    told = counts @ lacking.known.astype(float)
    mean = np.divide(person_gaps, told, out=np.full(counts.shape[0], np.nan), where=told > 0)
    return pd.DataFrame(
        {
            "persons": counts.sum(axis=1),
            "missing_mean": pd.Series(mean).astype("Float64"),
            "person_gaps": pd.Series(np.where(told > 0, person_gaps, np.nan)).astype("Float64"),
            "worst_kind": _worst(counts @ lacking.missed, lacking.kinds),
        }
    )


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


def _lacking(gaps: pd.DataFrame, index: pd.Index) -> Lacking:
    """Tell what each neighbourhood lacks."""
    must = gaps[(gaps["need"] == "must").to_numpy(dtype=bool)]
    row = index.astype("str").get_indexer(must["neighbourhood_id"].astype("str"))
    missing = (must["status"] == "missing").to_numpy(dtype=bool)
    known = np.zeros(len(index), dtype=bool)
    known[row[(must["status"] != "unknown").to_numpy(dtype=bool)]] = True
    times = np.bincount(row[missing], minlength=len(index)).astype(float)
    kinds = sorted(set(must["kind"].astype("str")))
    column = pd.Index(kinds).get_indexer(must["kind"].astype("str"))
    pairs = np.unique(np.column_stack([row[missing], column[missing]]), axis=0)
    missed = sparse.csr_array(
        (np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(index), len(kinds))
    )
    return Lacking(missed, times, known, kinds)


def _lacking_buildings(buildings: BuildingGaps, kinds: list[str]) -> Lacking:
    """Tell what each building lacks, in the same columns."""
    must = buildings.checks.index[buildings.checks["need"] == "must"].to_numpy()
    missing = buildings.missing[:, must]
    column = pd.Index(kinds).get_indexer(buildings.checks["kind"].iloc[must])
    row, check = np.nonzero(missing)
    missed = sparse.csr_array(
        (np.ones(len(row)), (row, column[check])), shape=(len(missing), len(kinds))
    )
    missed.data[:] = 1.0  # a kind missed at two layers is missed once
    scores = buildings.scores()
    known = (scores["must_checked"] > 0).to_numpy(dtype=bool)
    return Lacking(missed, missing.sum(axis=1).astype(float), known, kinds)


def _stacked(first: Lacking, second: Lacking) -> Lacking:
    return Lacking(
        sparse.vstack([first.missed, second.missed], format="csr"),
        np.concatenate([first.times, second.times]),
        np.concatenate([first.known, second.known]),
        first.kinds,
    )


def _worst(people: sparse.csr_array, kinds: list[str]) -> pd.Series:
    """Kind that most people of a cell miss, the first by id among equals; missing if none is."""
    if not kinds or not people.shape[0]:
        return pd.Series([None] * people.shape[0], dtype="string")
    dense = people.toarray()
    best = pd.Series(np.array(kinds, dtype=object)[dense.argmax(axis=1)], dtype="string")
    return best.where(dense.max(axis=1) > 0)
