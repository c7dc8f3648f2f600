"""The straight ways from far entrances to their streets, as narrow strips on the grid of fronts."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

from spatial.network.attach import Attachments
from spatial.network.graph import WalkNetwork
from spatial.reach.raster_stamp import TO_SHARE
from spatial.units import MM_PER_M

__all__ = ["corridor_stamps"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]

PER_STEP: Final = 2
"""Places looked at for each grid step along a way."""
AROUND: Final = np.array([(c, r) for c in (-1, 0, 1) for r in (-1, 0, 1)])
CORNERS: Final = np.array([(0, 0), (1, 0), (0, 1), (1, 1)])
WAYS_AT_ONCE: Final = 5_000


def corridor_stamps(
    network: WalkNetwork,
    entrances: Attachments,
    *,
    origin_m: tuple[float, float],
    cell_m: float,
    half_width_m: float,
    longer_than_m: float,
) -> tuple[Ints, npt.NDArray[np.uint16]]:
    """Grid points along the straight way of each entrance that lies deeper than the front.

    Parameters
    ----------
    network : WalkNetwork
    entrances : Attachments, shape (p,)
        Their straight ways were tested against obstacles when they were attached.
    origin_m, cell_m
        The grid.
    half_width_m : float
        Of a strip; the four grid points round an entrance are always part of it.
    longer_than_m : float
        Shorter ways lie in the front of their street anyway.

    Returns
    -------
    stamps : array of int32, shape (k, 5)
        Edge, column, row, place on the edge (mm), way from there (mm).
    reach : array of uint16, shape (k, 4)
        How far the strip goes on to the east, north, west and south (share of a grid step).
    """
    far = np.flatnonzero((entrances.edge >= 0) & (entrances.entry_mm > longer_than_m * MM_PER_M))
    parts = [
        _strips(network, entrances.take(far[first : first + WAYS_AT_ONCE]), origin_m, cell_m,
                half_width_m)
        for first in range(0, len(far), WAYS_AT_ONCE)
    ]  # fmt: skip
    stamps = np.concatenate([np.empty((0, 5), dtype=np.int32), *(part[0] for part in parts)])
    share = np.concatenate([np.empty(0), *(part[1] for part in parts)])
    reach = (np.clip(share, 0.0, 1.0) * TO_SHARE).astype(np.uint16)
    return stamps, np.repeat(reach[:, None], 4, axis=1)


def _strips(
    network: WalkNetwork,
    ways: Attachments,
    origin_m: tuple[float, float],
    cell_m: float,
    half_width_m: float,
) -> tuple[Ints, Floats]:
    """Stamps of some ways, and how far the strip goes on from each."""
    along_m = ways.offset_mm / MM_PER_M
    place = shapely.line_interpolate_point(network.edge_lines(ways.edge), along_m)
    start = (shapely.get_coordinates(place) - origin_m) / cell_m  # in grid steps
    step = (ways.xy_m - origin_m) / cell_m - start
    length = np.hypot(*step.T)
    count = np.ceil(length * PER_STEP).astype(np.int64) + 1
    way = np.repeat(np.arange(len(ways)), count)
    number = np.arange(len(way)) - np.repeat(np.cumsum(count) - count, count)
    seen = start[way] + step[way] * (number / np.maximum(count - 1, 1)[way])[:, None]
    point = np.round(seen).astype(np.int64)[:, None] + AROUND
    corner = np.floor(start + step).astype(np.int64)[:, None] + CORNERS
    of = np.concatenate([np.repeat(way, len(AROUND)), np.repeat(np.arange(len(ways)), 4)])
    point = np.concatenate([point.reshape(-1, 2), corner.reshape(-1, 2)])
    at_end = np.arange(len(of)) >= len(way) * len(AROUND)
    share = ((point - start[of]) * step[of]).sum(axis=1) / np.maximum(length**2, 1e-12)[of]
    share = np.clip(share, 0.0, 1.0)
    away = np.hypot(*(point - start[of] - step[of] * share[:, None]).T)
    goes_on = half_width_m / cell_m - away
    keep = (goes_on >= 0) | at_end
    of, point, share, goes_on = of[keep], point[keep], share[keep], goes_on[keep]
    key = np.column_stack([of, point])
    _, once = np.unique(key, axis=0, return_index=True)
    of, point, share, goes_on = of[once], point[once], share[once], goes_on[once]
    stamps = np.column_stack(
        [
            ways.edge[of],
            point,
            ways.offset_mm[of],
            np.round(share * ways.entry_mm[of]),
        ]
    ).astype(np.int32)
    return stamps, goes_on
