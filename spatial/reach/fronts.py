"""Street fronts: the land beside a reached street that can be entered from it."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

from spatial.network.graph import WalkNetwork
from spatial.network.obstacles import Obstacles

__all__ = ["EdgeFronts", "street_fronts"]

ARC_SEGMENTS: Final = 2
"""Segments of a quarter circle at the end of a street: enough for a drawing, light to send."""
SMOOTH_M: Final = 0.5
"""Bends of a street smaller than this are not drawn in its front."""
ALONG_M: Final = 0.01
"""A face belongs to a street if more than this of the street lies in it."""

GRID_M: Final = 1e-4
FAN: Final = 4
"""Blocks of one level that make a block of the next."""

Longs = npt.NDArray[np.int64]
Objects = npt.NDArray[np.object_]


def street_fronts(
    lines: Objects,
    is_open: npt.NDArray[np.bool_],
    obstacles: Obstacles,
    *,
    street_front_m: float,
    passage_half_width_m: float,
) -> Objects:
    """Land beside streets, up to the walls, water and rails that bound it.

    Parameters
    ----------
    lines : array of LineString, shape (p,)
    is_open : array of bool, shape (p,)
        Streets that are entered from the side; bridges and passages get their own width only.
    obstacles : Obstacles
        A front does not reach behind an obstacle that cuts it through.
    street_front_m, passage_half_width_m : float
        Depth to each side.

    Returns
    -------
    array of Polygon or MultiPolygon, shape (p,)
    """
    if not len(lines):
        return np.empty(0, dtype=object)
    depth_m = np.where(is_open, street_front_m, min(passage_half_width_m, street_front_m))
    fronts = shapely.buffer(shapely.simplify(lines, SMOOTH_M), depth_m, quad_segs=ARC_SEGMENTS)
    if not len(obstacles.pieces):
        return fronts
    entered = np.flatnonzero(is_open)
    met, piece = obstacles.tree.query(fronts[entered], predicate="intersects")
    order = np.lexsort((piece, met))
    met, piece = entered[met[order]], piece[order]
    rows, code = np.unique(met, return_inverse=True)
    if not len(rows):
        return fronts
    bounds = shapely.multilinestrings(obstacles.pieces[piece], indices=code)
    fronts[rows] = _faces_along(fronts[rows], bounds, lines[rows])
    return fronts


def _faces_along(fronts: Objects, bounds: Objects, lines: Objects) -> Objects:
    """Divide each front by its bounds, and join the faces in which its street runs."""
    drawn = shapely.union(shapely.boundary(fronts), bounds)
    face, row = shapely.get_parts(shapely.polygonize(drawn[:, None], axis=-1), return_index=True)
    inside = shapely.length(shapely.intersection(face, lines[row]))
    kept = inside > np.minimum(ALONG_M, shapely.length(lines[row]) / 4)
    face, row = face[kept], row[kept]
    cut = fronts.copy()
    single = np.bincount(row, minlength=len(fronts))
    only = single[row] == 1
    cut[row[only]] = face[only]
    for several in np.flatnonzero(single > 1):
        cut[several] = shapely.union_all(face[row == several])
    return cut


def _joined_rows(parts: Objects) -> Objects:
    """Join the fronts of each row; where rounding defeats that, on a grid finer than any map."""
    try:
        joined: Objects = shapely.union_all(parts, axis=1)
    except shapely.errors.GEOSException:  # "TopologyException", in rare bundles of slivers
        joined = shapely.union_all(parts, axis=1, grid_size=GRID_M)
    return joined


class EdgeFronts:
    """Fronts of whole edges and of blocks of them, kept: the circles of neighbours share them.

    Edges are numbered along a Hilbert curve, so edges ``4i … 4i + 3`` lie together. Their joined
    front is block i of level 1, four such blocks are one of level 2, and so on; a circle is
    joined from few large blocks instead of many edges.
    """

    def __init__(
        self,
        network: WalkNetwork,
        obstacles: Obstacles,
        *,
        street_front_m: float,
        passage_half_width_m: float,
    ) -> None:
        self._network = network
        self._obstacles = obstacles
        self._depths = {
            "street_front_m": street_front_m,
            "passage_half_width_m": passage_half_width_m,
        }
        sizes = [network.edge_count]
        while sizes[-1] > 1:
            sizes.append(-(-sizes[-1] // FAN))
        # Threads share these: two may make the same front at once, but they make the same one.
        self._levels = [np.full(size, None, dtype=object) for size in sizes]

    def of_lines(self, lines: Objects, is_open: npt.NDArray[np.bool_]) -> Objects:
        """Fronts of any lines, e.g. parts of edges, shape (p,)."""
        return street_fronts(lines, is_open, self._obstacles, **self._depths)

    def covering(self, edges: Longs, new: npt.NDArray[np.bool_]) -> list[shapely.Geometry]:
        """Fewest kept fronts that hold all new edges and nothing but `edges`.

        Parameters
        ----------
        edges : array of int, shape (p,)
            Whole edges, sorted, each once.
        new : array of bool, shape (p,)
            Edges that must be held; the others may be.
        """
        found: list[shapely.Geometry] = []
        level, items = 0, edges
        while len(items):
            block, first, count = np.unique(items // FAN, return_index=True, return_counts=True)
            full = count == FAN
            fresh = np.logical_or.reduceat(new, first)
            single = np.repeat(~full, count) & new
            found += list(self._fronts(level, items[single]))
            items, new = block[full], fresh[full]
            level += 1
        return found

    def _fronts(self, level: int, items: Longs) -> Objects:
        """Fronts of blocks of one level, made where they are missing."""
        kept = self._levels[level]
        missing = items[shapely.is_missing(kept[items])]
        if len(missing) and level == 0:
            network = self._network
            kept[missing] = self.of_lines(
                network.edge_geometry[missing], network.edge_open[missing]
            )
        elif len(missing):
            parts = self._fronts(level - 1, (missing[:, None] * FAN + np.arange(FAN)).ravel())
            kept[missing] = _joined_rows(parts.reshape(-1, FAN))
        return kept[items]
