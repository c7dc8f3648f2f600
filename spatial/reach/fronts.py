"""Street fronts: the land beside the streets, on a grid, each point with the place it is entered.

Made once per network, and shared by the circles of all neighbourhoods, layers and scenarios.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import shapely

from spatial.errors import LayerError
from spatial.network.attach import Attachments
from spatial.network.graph import WalkNetwork
from spatial.network.obstacles import Obstacles
from spatial.reach.corridors import corridor_stamps
from spatial.reach.kernels import Array
from spatial.reach.raster_stamp import Pieces, bucketed, stamp_tile

__all__ = ["Stamps", "StreetFronts"]

TILE: Final = 256
"""Grid points along the side of a tile, which is stamped at once."""
DIAGONAL: Final = 0.7072
"""A strip this many grid steps wide on each side of a line always meets a grid point."""

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Stamps(NamedTuple):
    """Grid points by edge: rows ``start[e]:start[e + 1]`` are entered from edge e."""

    start: Array  # (m + 1,) int64
    place: Array  # (k, 4) int32: column, row, place on the edge (mm), straight way from there (mm)
    reach: Array  # (k, 4) uint16, see raster_stamp
    bounds: Array  # (m, 4) int32: first column and row, last column and row


@dataclass(frozen=True, slots=True, eq=False)
class StreetFronts:
    """Land along the streets of a network.

    Attributes
    ----------
    cell_m : float
        Grid step.
    origin_m : tuple of float
        Where column 0 and row 0 lie.
    shape : tuple of int
        Columns and rows of the grid.
    depth_m, passage_m : float
        Depth of the land to each side of a street, and of a bridge or passage.
    stamps : Stamps
    """

    cell_m: float
    origin_m: tuple[float, float]
    shape: tuple[int, int]
    depth_m: float
    passage_m: float
    stamps: Stamps

    @classmethod
    def of(
        cls,
        network: WalkNetwork,
        obstacles: Obstacles,
        *,
        street_front_m: float,
        passage_half_width_m: float,
        cell_m: float,
        entrances: Sequence[Attachments] = (),
    ) -> StreetFronts:
        """Find the land along every street.

        Parameters
        ----------
        network : WalkNetwork
        obstacles : Obstacles
            No straight way from a street to the land beside it crosses them.
        street_front_m : float
            Depth to each side of a street that may be entered.
        passage_half_width_m : float
            The same of bridges, tunnels and passages; at least so much that the grid shows them.
        cell_m : float
            Grid step.
        entrances : sequence of Attachments
            Places that lie deeper than the front are joined to their street by a narrow strip
            along their straight way.

        Notes
        -----
        A grid point belongs to the nearest street of the main component and, where a street
        outside of it is nearer, to that one, too.
        """
        if not (cell_m > 0 and street_front_m > 0):
            raise LayerError(
                f"Street fronts need a depth and a grid step above 0, "
                f"not {street_front_m!r} m and {cell_m!r} m.",
                zh=f"街面深度与格网步长须大于 0,现为 {street_front_m!r} m 与 {cell_m!r} m。",
            )
        passage_m = max(passage_half_width_m, DIAGONAL * cell_m)
        margin_m = max(street_front_m, passage_m) + 2 * cell_m
        pieces, walls, origin = _pieces(network, obstacles, cell_m, margin_m)
        if not len(pieces.edge):
            return cls(cell_m, origin, (0, 0), street_front_m, passage_m, _no_stamps(network))
        size = (pieces.ends.reshape(-1, 2).max(axis=0) + margin_m) // cell_m + 1
        shape = (int(size[0]), int(size[1]))
        found = _stamped(network, pieces, walls, (street_front_m, passage_m), cell_m, shape)
        found += [
            corridor_stamps(
                network,
                points,
                origin_m=origin,
                cell_m=cell_m,
                half_width_m=passage_m,
                longer_than_m=street_front_m - cell_m,
            )
            for points in entrances
        ]
        return cls(cell_m, origin, shape, street_front_m, passage_m, _by_edge(network, found))


def _pieces(
    network: WalkNetwork, obstacles: Obstacles, cell_m: float, margin_m: float
) -> tuple[Pieces, Floats, tuple[float, float]]:
    """Straight pieces of all edges and of the obstacles, from the origin of the grid."""
    xy = network.edge_xy_m
    row = np.repeat(np.arange(network.edge_count), np.diff(network.edge_xy_start))
    inner = np.flatnonzero(row[1:] == row[:-1])
    if not len(inner):
        empty = np.empty(0)
        none = Pieces(np.empty((0, 4)), np.empty(0, dtype=np.int32), empty, empty)
        return none, np.empty((0, 4)), (0.0, 0.0)
    low = np.floor((xy.min(axis=0) - margin_m) / cell_m) * cell_m
    edge = row[inner]
    length = np.hypot(*(xy[inner + 1] - xy[inner]).T)
    done = np.cumsum(length)
    first = np.searchsorted(edge, np.arange(network.edge_count))
    total = np.add.reduceat(length, first)
    before = np.concatenate([[0.0], done])[first]
    scale = network.edge_length_mm / np.maximum(total, np.finfo(float).tiny)
    to_mm = (done - before[edge]) * scale[edge]
    from_mm = (done - length - before[edge]) * scale[edge]
    ends = np.concatenate([xy[inner] - low, xy[inner + 1] - low], axis=1)
    walls = np.empty((0, 4))
    if len(obstacles.pieces):
        walls = shapely.get_coordinates(obstacles.pieces).reshape(-1, 4) - np.tile(low, 2)
    pieces = Pieces(ends, edge.astype(np.int32), np.maximum(from_mm, 0.0), to_mm)
    return pieces, np.ascontiguousarray(walls), (float(low[0]), float(low[1]))


def _stamped(
    network: WalkNetwork,
    pieces: Pieces,
    walls: Floats,
    depths_m: tuple[float, float],
    cell_m: float,
    shape: tuple[int, int],
) -> list[tuple[Array, Array]]:
    """Stamp the tiles that hold edges."""
    size_m = TILE * cell_m
    across, up = -(-shape[0] // TILE), -(-shape[1] // TILE)
    margin_m = max(depths_m) + 3 * cell_m
    is_main = network.node_component[network.edge_from] == 0
    is_open = network.edge_open
    is_oneway = network.edge_time_ms.min(axis=1) < 0
    sets = []
    for members in (is_main & is_open, ~is_main & is_open, ~is_open):
        rows = np.flatnonzero(members[pieces.edge])
        start, order = bucketed(pieces.ends[rows], margin_m, size_m, across, up)
        sets.append((start, rows[order]))
    wall_start, wall_order = bucketed(walls, margin_m, size_m, across, up)

    def stamp(tile: int) -> tuple[Array, Array]:
        main, other, passage = (order[start[tile] : start[tile + 1]] for start, order in sets)
        return stamp_tile(
            ((tile % across) * TILE, (tile // across) * TILE, TILE, TILE),
            cell_m,
            pieces,
            (main, other, passage),
            walls,
            wall_order[wall_start[tile] : wall_start[tile + 1]],
            depths_m,
            network.edge_length_mm,
            is_oneway,
        )

    held = np.flatnonzero(sum(np.diff(start) for start, _ in sets))
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return list(threads.map(stamp, held.tolist()))


def _by_edge(network: WalkNetwork, found: list[tuple[Array, Array]]) -> Stamps:
    """Sort the stamps of all tiles by edge."""
    stamps, reach = (np.concatenate(part) for part in zip(*found, strict=True))
    edge = stamps[:, 0]
    order = np.argsort(edge, kind="stable")
    count = np.bincount(edge, minlength=network.edge_count)
    start = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    place = stamps[:, 1:][order]
    bounds = np.tile(np.array([1, 1, 0, 0], dtype=np.int32), (network.edge_count, 1))
    held = np.flatnonzero(count)
    if len(held):
        first = start[held]
        bounds[held, :2] = np.minimum.reduceat(place[:, :2], first)
        bounds[held, 2:] = np.maximum.reduceat(place[:, :2], first)
    return Stamps(start, place, reach[order], bounds)


def _no_stamps(network: WalkNetwork) -> Stamps:
    return Stamps(
        np.zeros(network.edge_count + 1, dtype=np.int64),
        np.empty((0, 4), dtype=np.int32),
        np.empty((0, 4), dtype=np.uint16),
        np.empty((network.edge_count, 4), dtype=np.int32),
    )
