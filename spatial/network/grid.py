"""A grid over the edges of a network: which lie near a place, without a tree of all lines."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from spatial.network.graph import WalkNetwork
from spatial.network.lines import rows_of_lines

__all__ = ["SegmentGrid", "edge_grid", "part_of_network"]

CELL_M: Final = 100.0
Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SegmentGrid:
    """Things with a bounding box, by cell: flat arrays that can be kept on disk."""

    corner_m: Floats  # (2,) south-west
    shape: Longs  # (2,) columns, rows
    start: Longs  # (cells + 1,)
    order: npt.NDArray[np.int32]  # things in each cell

    @classmethod
    def of_boxes(cls, boxes_m: Floats) -> SegmentGrid:
        """Sort things by the cells that their boxes (n, 4: west, south, east, north) touch."""
        if not len(boxes_m):
            empty = np.zeros(2, dtype=np.int64)
            return cls(np.zeros(2), np.ones(2, dtype=np.int64), empty, np.empty(0, np.int32))
        corner = boxes_m[:, :2].min(axis=0)
        low = np.floor((boxes_m[:, :2] - corner) / CELL_M).astype(np.int64)
        high = np.floor((boxes_m[:, 2:] - corner) / CELL_M).astype(np.int64)
        shape = high.max(axis=0) + 1
        width = high - low + 1
        count = width[:, 0] * width[:, 1]
        thing = np.repeat(np.arange(len(boxes_m)), count)
        step = np.arange(len(thing)) - np.repeat(np.cumsum(count) - count, count)
        column = low[thing, 0] + step % width[thing, 0]
        row = low[thing, 1] + step // width[thing, 0]
        cell = row * shape[0] + column
        order = np.argsort(cell, kind="stable")
        filled = np.bincount(cell, minlength=int(shape[0] * shape[1]))
        start = np.concatenate([[0], np.cumsum(filled)]).astype(np.int64)
        return cls(corner, shape, start, thing[order].astype(np.int32))

    def near(self, box_m: tuple[float, float, float, float]) -> Longs:
        """Return the things whose cells touch a box, in order; some lie a cell farther."""
        west, south = np.floor((np.array(box_m[:2]) - self.corner_m) / CELL_M).astype(np.int64)
        east, north = np.floor((np.array(box_m[2:]) - self.corner_m) / CELL_M).astype(np.int64)
        west, south = max(int(west), 0), max(int(south), 0)
        east, north = (
            min(int(east), int(self.shape[0]) - 1),
            min(int(north), int(self.shape[1]) - 1),
        )
        if west > east:
            return np.empty(0, dtype=np.int64)
        found = [
            self.order[
                self.start[row * self.shape[0] + west] : self.start[row * self.shape[0] + east + 1]
            ]
            for row in range(south, north + 1)
        ]
        return np.unique(np.concatenate(found)).astype(np.int64) if found else np.empty(0, np.int64)


def edge_grid(network: WalkNetwork) -> SegmentGrid:
    """Sort the edges of a network into a grid."""
    if not network.edge_count:
        return SegmentGrid.of_boxes(np.empty((0, 4)))
    begin = network.edge_xy_start[:-1]
    low = np.minimum.reduceat(network.edge_xy_m, begin, axis=0)
    high = np.maximum.reduceat(network.edge_xy_m, begin, axis=0)
    return SegmentGrid.of_boxes(np.hstack([low, high]))


def part_of_network(network: WalkNetwork, edges: Longs) -> WalkNetwork:
    """Keep some edges (in this order), for attaching points nearby: it has no arcs."""
    rows, start = rows_of_lines(network.edge_xy_start, edges)
    return replace(
        network,
        edge_from=network.edge_from[edges],
        edge_to=network.edge_to[edges],
        edge_length_mm=network.edge_length_mm[edges],
        edge_time_ms=network.edge_time_ms[edges],
        edge_layer=network.edge_layer[edges],
        edge_open=network.edge_open[edges],
        edge_street_code=network.edge_street_code[edges],
        edge_xy_m=network.edge_xy_m[rows],
        edge_xy_start=start,
        arc_start=np.zeros(1, dtype=np.int64),
        arc_head=np.empty(0, dtype=np.int32),
        arc_length_mm=np.empty(0, dtype=np.int32),
        arc_time_ms=np.empty(0, dtype=np.int32),
        arc_edge=np.empty(0, dtype=np.int32),
    )
