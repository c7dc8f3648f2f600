"""Street offices and communities: branches of the tree of cuts, so that streets bound them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from data.demo.ground import Ground
from data.demo.names import area_names

__all__ = ["AdminAreas", "make_admin_areas"]

Ints = npt.NDArray[np.int64]

COUNTY_CODE: Final = "339901"
"""A county that does not exist, so that nobody takes the codes for real ones."""

NEIGHBOURHOODS_PER_STREET_OFFICE: Final = 95
NEIGHBOURHOODS_PER_COMMUNITY: Final = 8


@dataclass(frozen=True, slots=True, eq=False)
class AdminAreas:
    """The areas, and where each cell belongs."""

    frame: gpd.GeoDataFrame
    cell_office: npt.NDArray[np.object_]  # (c,) name of the street office
    cell_community: npt.NDArray[np.object_]  # (c,) name of the community


def make_admin_areas(ground: Ground, rng: np.random.Generator) -> AdminAreas:
    """Group the cells into street offices, and these into communities."""
    weight = np.bincount(ground.cell[ground.kind == "estate"], minlength=len(ground.outlines))
    every = np.arange(len(ground.outlines))
    offices = _groups(every, ground, weight, NEIGHBOURHOODS_PER_STREET_OFFICE)
    office_names = area_names(len(offices), "街道", rng)
    cell_office = np.full(len(every), "", dtype=object)
    cell_community = np.full(len(every), "", dtype=object)
    rows = []
    nested = [_groups(cells, ground, weight, NEIGHBOURHOODS_PER_COMMUNITY) for cells in offices]
    community_names = iter(area_names(sum(len(groups) for groups in nested), "社区", rng))
    for number, (cells, communities) in enumerate(zip(offices, nested, strict=True), start=1):
        cell_office[cells] = office_names[number - 1]
        office_code = f"{COUNTY_CODE}{number:03d}"
        rows.append((f"{office_code}000", office_names[number - 1], "subdistrict", cells))
        for k, members in enumerate(communities, start=1):
            name = next(community_names)
            cell_community[members] = name
            rows.append((f"{office_code}{k:03d}", name, "community", members))
    outlines = [
        shapely.union_all(ground.outlines[members], grid_size=0.001) for *_, members in rows
    ]
    frame = gpd.GeoDataFrame(
        {
            "code": [row[0] for row in rows],
            "name": [row[1] for row in rows],
            "level": [row[2] for row in rows],
        },
        geometry=outlines,
        index=pd.Index([row[0] for row in rows], name="id"),
    )
    return AdminAreas(frame, cell_office, cell_community)


def _groups(cells: Ints, ground: Ground, weight: Ints, limit: int) -> list[Ints]:
    """Split the tree of cuts from the top until no group is heavier than the limit."""
    found: list[list[int]] = []
    todo = [(cells.tolist(), 0)]
    while todo:
        group, depth = todo.pop()
        heavy = weight[group].sum() > limit
        low = [
            c for c in group if len(ground.cell_path[c]) <= depth or not ground.cell_path[c][depth]
        ]
        high = [c for c in group if len(ground.cell_path[c]) > depth and ground.cell_path[c][depth]]
        if not heavy or (not high and all(len(ground.cell_path[c]) <= depth for c in low)):
            found.append(group)
        else:
            todo.extend((part, depth + 1) for part in (high, low) if part)
    return _merge_small([np.array(group) for group in found], ground, weight, limit)


def _merge_small(groups: list[Ints], ground: Ground, weight: Ints, limit: int) -> list[Ints]:
    """Join groups that are too light to the neighbour with the longest common boundary."""
    shapes = [shapely.union_all(ground.outlines[g], grid_size=0.001) for g in groups]
    weights = [int(weight[g].sum()) for g in groups]
    alive = list(range(len(groups)))
    tree = shapely.STRtree(shapes)
    parent = list(range(len(groups)))

    def root(i: int) -> int:
        while parent[i] != i:
            i = parent[i]
        return i

    for i in sorted(alive, key=lambda k: (weights[k], k)):
        if root(i) != i or weights[i] * 3 >= limit or len(groups) == 1:
            continue
        best, longest = -1, 0.0
        for j in sorted(tree.query(shapes[i]).tolist()):
            common = shapes[i].intersection(shapes[j]).length if root(j) != i else 0.0
            if common > longest:
                best, longest = root(j), common
        if best >= 0:
            parent[i] = best
            weights[best] += weights[i]
    merged: dict[int, list[Ints]] = {}
    for i, group in enumerate(groups):
        merged.setdefault(root(i), []).append(group)
    return [np.sort(np.concatenate(parts)) for parts in merged.values()]
