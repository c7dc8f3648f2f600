"""From the city's layers to neighbourhoods with cells, gates, buildings and people."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from spatial.city.model import City
from spatial.city.neighbourhoods.cells import coverage_cells
from spatial.city.neighbourhoods.gates import neighbourhood_gates
from spatial.city.neighbourhoods.model import Neighbourhoods
from spatial.city.neighbourhoods.outlines import outlines
from spatial.city.neighbourhoods.people import building_neighbourhoods, with_people
from spatial.city.report import Note
from spatial.progress import Progress, silent
from spatial.standards.parameters import ParameterSet

__all__ = ["prepare_neighbourhoods"]

LEAST_OVERLAP_M2: Final = 1.0
"""Overlaps smaller than this are drawing noise and not worth a word."""


def prepare_neighbourhoods(
    city: City,
    parameters: ParameterSet,
    *,
    progress: Progress = silent,
    gates_found: Callable[[gpd.GeoDataFrame], None] | None = None,
) -> Neighbourhoods:
    """Make the atoms of planning ready.

    Parameters
    ----------
    city : City
        With any of neighbourhoods, land use, buildings, streets, gates, population.
    parameters : ParameterSet
        Room ``neighbourhoods``.
    progress : Progress
    gates_found : callable, optional
        Told the gates as soon as they are known, while the cells are made, on a thread of their
        own, so that others may begin with them. Where a parcel turns out to lie wholly under
        smaller ones, gates are found anew without it, and the answer's are others.

    Returns
    -------
    Neighbourhoods
        Possibly none, with a note that says why.
    """
    places, notes = outlines(city, parameters)
    progress("neighbourhoods", 0.1)
    # Gates and cells both follow from the outlines alone, and each leaves a core free.
    with ThreadPoolExecutor(1) as aside:
        finding = aside.submit(_told_gates, places, city, parameters, gates_found)
        cells = _cells(places, city, parameters)
        gates = finding.result()
    covered = cells.geometry.is_empty.to_numpy()
    notes = [*notes, *_covered_notes(places, covered)]
    if covered.any():
        places, cells = places[~covered], cells[~covered]
        gates = neighbourhood_gates(places, city, parameters)
    progress("neighbourhoods", 0.8)
    home = building_neighbourhoods(places, cells, city.layer("buildings"))
    frame, people_notes = with_people(places, city, home, parameters)
    frame = _located(frame, city)
    usable = gates.loc[gates["access"] != "closed", "neighbourhood_id"]
    frame["gate_count"] = usable.value_counts().reindex(frame.index).fillna(0).astype("Int64")
    progress("neighbourhoods", 1.0)
    return Neighbourhoods(
        frame=frame,
        cells=cells,
        gates=gates,
        building_neighbourhood=home,
        notes=(*notes, *people_notes, *_gate_notes(frame, city)),
    )


def _told_gates(
    places: gpd.GeoDataFrame,
    city: City,
    parameters: ParameterSet,
    gates_found: Callable[[gpd.GeoDataFrame], None] | None,
) -> gpd.GeoDataFrame:
    """Find the gates, and tell whoever waits for them."""
    gates = neighbourhood_gates(places, city, parameters)
    if gates_found is not None:
        gates_found(gates)
    return gates


def _cells(places: gpd.GeoDataFrame, city: City, parameters: ParameterSet) -> gpd.GeoDataFrame:
    shapes = coverage_cells(
        places.geometry, _dividers(city, parameters), reach_m=parameters["cell_reach_m"]
    )
    frame = gpd.GeoDataFrame({"area_m2": shapes.area}, geometry=shapes, crs=places.crs)
    return frame.rename_axis("id")


def _dividers(city: City, parameters: ParameterSet) -> npt.NDArray[np.object_]:
    """Lines along which the space between parcels is divided."""
    streets = city.layer("streets")
    drawn = streets["highway"].isin(parameters["cell_divider_classes"])
    drawn &= streets["structure"] != "tunnel"
    rails = city.layer("railways")
    water = city.layer("water")
    shores = water[water["layer"] >= 0].geometry.to_numpy()
    shores = np.where(shapely.get_dimensions(shores) == 2, shapely.boundary(shores), shores)
    lines = np.concatenate(
        [
            streets.geometry.to_numpy()[drawn.to_numpy(dtype=bool)],
            rails[rails["structure"] != "tunnel"].geometry.to_numpy(),
            shores,
        ]
    )
    return np.asarray(lines[shapely.get_dimensions(lines) == 1], dtype=object)


def _located(frame: gpd.GeoDataFrame, city: City) -> gpd.GeoDataFrame:
    """Street office and community from the administrative areas, where not given."""
    areas = city.layer("admin_areas")
    inner = frame.geometry.representative_point().to_numpy()
    frame = frame.copy()
    for level in ("subdistrict", "community"):
        own = areas[areas["level"] == level]
        if len(own) == 0:
            continue
        row, area = shapely.STRtree(own.geometry.to_numpy()).query(inner, predicate="intersects")
        row, first = np.unique(row, return_index=True)
        names = own["name"].fillna(own["code"]).iloc[area[first]]
        found = frame.index[row]
        empty = frame.loc[found, level].isna().to_numpy(dtype=bool)
        frame.loc[found[empty], level] = names.to_numpy()[empty]
    return frame


def _covered_notes(places: gpd.GeoDataFrame, covered: npt.NDArray[np.bool_]) -> list[Note]:
    """Say which parcels overlap, and which vanish because smaller ones cover them wholly."""
    parcels = places.geometry.to_numpy()
    left, right = shapely.STRtree(parcels).query(parcels, predicate="intersects")
    left, right = left[left < right], right[left < right]
    common_m2 = shapely.area(shapely.intersection(parcels[left], parcels[right]))
    notes = []
    pairs = int((common_m2 >= LEAST_OVERLAP_M2).sum())
    if pairs:
        notes.append(
            Note(
                "parcels_overlap",
                f"{pairs} 对小区轮廓相互重叠:轮廓保持原样,覆盖单元归面积较小者",
                f"{pairs} pairs of parcels overlap: they stay as surveyed, and the cell of the "
                "smaller one keeps the land",
                "warning",
            )
        )
    if covered.any():
        some = ", ".join(places.index[covered][:5])
        notes.append(
            Note(
                "parcels_covered",
                f"{int(covered.sum())} 个小区完全被更小的小区覆盖(重复登记),未采用:{some}",
                f"{int(covered.sum())} parcels lie wholly under smaller ones (drawn twice) and are "
                f"left out: {some}",
                "warning",
            )
        )
    return notes


def _gate_notes(frame: gpd.GeoDataFrame, city: City) -> list[Note]:
    if len(city.layer("streets")) == 0:
        return []
    closed = int((frame["gate_count"] == 0).sum())
    if not closed:
        return []
    return [
        Note(
            "no_usable_gate",
            f"{closed} 个小区没有可通行的出入口,生活圈与缺口按未知显示",
            f"{closed} neighbourhoods have no usable gate; their life circle and gaps are unknown",
            "warning",
        )
    ]
