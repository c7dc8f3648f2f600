"""Districts as polygons: joined cells, without slivers, neighbours with the same boundary."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.plans.figures import district_figures
from spatial.plans.ground import Ground
from spatial.plans.model import Draft

__all__ = ["district_polygons", "unit_layer"]

GRID_M: Final = 1e-3
"""Corners nearer than this are one: cells come back from degrees, and were cut by drawn lines."""
SLIVER_M: Final = 0.05
"""A gap between cells that is narrower belongs to the neighbour with the longest boundary."""
Rows = npt.NDArray[np.int64]


def district_polygons(draft: Draft) -> gpd.GeoDataFrame:
    """Return districts with members as polygons with their figures.

    All boundaries are drawn once, to the millimetre, and districts are made of the faces between
    them: neighbours share every vertex (a valid coverage), and no sliver is left between them.

    Parameters
    ----------
    draft : Draft

    Returns
    -------
    GeoDataFrame
        Indexed by district id: name, colour, locked, the figures of `district_figures`, ``units``
        (ids of the members), geometry in the ground's metres.
    """
    figures = district_figures(draft)
    figures = figures[figures["members"] > 0].drop(columns="missing")
    keys = figures.index
    alive = np.flatnonzero(draft.ground.alive)
    faces, owner = _faces(draft.ground, alive)
    label = draft.label[owner]
    code = keys.get_indexer(pd.Index(label, dtype="object"))
    inside = code >= 0
    order = np.argsort(code[inside], kind="stable")
    shapes, start = faces[inside][order], np.searchsorted(code[inside][order], np.arange(len(keys)))
    own = [draft.districts[key] for key in keys]
    outlines = [shapely.coverage_union_all(part) for part in np.split(shapes, start[1:])]
    return gpd.GeoDataFrame(
        figures.assign(
            name=[one.name for one in own],
            colour=[one.colour for one in own],
            locked=[one.locked for one in own],
            units=[draft.ground.ids[draft.members([key])].tolist() for key in keys],
        ),
        geometry=outlines if len(keys) else [],
        crs=draft.ground.crs,
    )


def unit_layer(draft: Draft) -> gpd.GeoDataFrame:
    """Return all units with their district; geometry = cell."""
    rows = np.flatnonzero(draft.ground.alive)
    ground = draft.ground
    labels = draft.label[rows]
    names = [None if one is None else draft.districts[one].name for one in labels]
    return gpd.GeoDataFrame(
        {
            "name": ground.name[rows],
            "district": labels,
            "district_name": names,
            "households": ground.households[rows],
            "persons": ground.persons[rows],
            "area_m2": ground.area_m2[rows],
            "locked": draft.locked[rows],
        },
        index=ground.ids[rows],
        geometry=ground.cells[rows],
        crs=ground.crs,
    )


def _faces(ground: Ground, alive: Rows) -> tuple[npt.NDArray[np.object_], Rows]:
    """Faces between all boundaries, and the unit that each belongs to; open land is left out."""
    cells = ground.cells[alive]
    if not len(cells):
        return np.array([], dtype=object), alive
    noded = shapely.union_all(shapely.boundary(cells), grid_size=GRID_M)
    faces = np.asarray(shapely.get_parts(shapely.polygonize([noded])), dtype=object)
    owner = np.full(len(faces), -1, dtype=np.int64)
    found, cell = shapely.STRtree(cells).query(
        shapely.point_on_surface(faces), predicate="intersects"
    )
    owner[found[::-1]] = alive[cell[::-1]]  # of cells that overlap by rounding, the first
    gap = np.flatnonzero(owner < 0)
    narrow = gap[2 * shapely.area(faces[gap]) / shapely.length(faces[gap]) < SLIVER_M]
    if len(narrow):
        owner[narrow] = _neighbours(faces, owner, narrow)
    kept = owner >= 0
    return faces[kept], owner[kept]


def _neighbours(faces: npt.NDArray[np.object_], owner: Rows, narrow: Rows) -> list[int]:
    """Owner of the face with which each narrow one shares the longest boundary."""
    tree = shapely.STRtree(faces)
    chosen = []
    for row in narrow.tolist():
        near = tree.query(faces[row], predicate="intersects")
        near = near[owner[near] >= 0]
        shared = shapely.length(shapely.intersection(faces[near], faces[row]))
        chosen.append(int(owner[near[int(shared.argmax())]]) if len(near) else -1)
    return chosen
