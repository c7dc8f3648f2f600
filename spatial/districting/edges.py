"""Boundaries between cells, each once: districts are drawn by them, and their outlines measured."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.checks import require_metric_crs

__all__ = ["cell_edges"]

RIM: Final = -1
"""Stands for the other side where no cell lies."""


def cell_edges(cells: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Every boundary between two cells once, and the outer rim of each cell.

    A district's outline is then the boundaries whose two sides belong to different districts:
    nothing has to be dissolved when a neighbourhood changes its district.

    Parameters
    ----------
    cells : GeoDataFrame of Polygon, shape (n,)
        A valid coverage: neighbours share their vertices.

    Returns
    -------
    GeoDataFrame of LineString or MultiLineString, shape (m,)
        ``results.cell_edges``, ids ``a|b`` with a < b, sorted: ``a``, ``b`` (missing at the outer
        rim, whose id ends in ``|``) and ``length_m``. The lengths of a cell's boundaries sum up
        to its perimeter.

    Raises
    ------
    CRSError
        If the cells are not in metres.

    Examples
    --------
    >>> two = gpd.GeoDataFrame(
    ...     index=["n1", "n2"],
    ...     geometry=[shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)],
    ...     crs=4547,
    ... )
    >>> cell_edges(two)["length_m"].to_dict()
    {'n1|': 30.0, 'n1|n2': 10.0, 'n2|': 30.0}
    """
    require_metric_crs(cells, name="cells")
    order = np.argsort(cells.index.astype(str).to_numpy(dtype=object), kind="stable")
    shapes = cells.geometry.to_numpy()[order]
    ids = cells.index.astype(str).to_numpy(dtype=object)[order]
    segments, owner = _segments(shapes)
    low, high, first = _paired(segments, owner)
    sort = np.lexsort((high, np.where(high == RIM, -1, 0), low))
    low, high, first = low[sort], high[sort], first[sort]
    step = np.flatnonzero((np.diff(low) != 0) | (np.diff(high) != 0)) + 1
    start = np.r_[0, step, len(low)] if len(low) else np.array([0])
    lines = shapely.linestrings(segments[first].reshape(-1, 2, 2))
    merged = [shapely.line_merge(shapely.multilinestrings(lines[a:b])) for a, b in pairwise(start)]
    head = start[:-1]
    a, b = ids[low[head]], ids[high[head]]
    b = np.where(high[head] == RIM, None, b)
    table = pd.DataFrame({"a": a, "b": b})
    table["length_m"] = shapely.length(np.array(merged, dtype=object))
    names = [f"{one}|{other or ''}" for one, other in zip(a, b, strict=True)]
    table.index = pd.Index(names, name="id", dtype="str")
    drawn = gpd.GeoDataFrame(table, geometry=merged, crs=cells.crs)
    return drawn.astype({"a": "string", "b": "string"}).sort_index()


def _segments(
    shapes: npt.NDArray[np.object_],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Straight pieces of all rings, shape (s, 4), smaller end first, and whose they are."""
    polygons, of = shapely.get_parts(shapes, return_index=True)
    rings, of_ring = shapely.get_rings(polygons, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[1:] == ring[:-1]
    one, two = xy[:-1][same], xy[1:][same]
    owner = of[of_ring[ring[:-1][same]]]
    moved = (one != two).any(axis=1)
    one, two, owner = one[moved], two[moved], owner[moved]
    swap = (one[:, 0] > two[:, 0]) | ((one[:, 0] == two[:, 0]) & (one[:, 1] > two[:, 1]))
    one[swap], two[swap] = two[swap], one[swap]
    return np.hstack([one, two]), owner.astype(np.int64)


def _paired(
    segments: npt.NDArray[np.float64], owner: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Both sides of each different piece (`RIM` where none), and a row of `segments` with it."""
    order = np.lexsort((owner, *segments.T[::-1]))
    sorted_rows = segments[order]
    new = np.r_[True, (np.diff(sorted_rows, axis=0) != 0).any(axis=1)][: len(order)]
    begin = np.flatnonzero(new)
    count = np.diff(np.r_[begin, len(order)])
    low = owner[order[begin]]
    other = owner[order[np.minimum(begin + 1, max(len(order) - 1, 0))]] if len(order) else low
    # A piece that one cell passes twice (a slit) lies inside it and bounds nothing.
    kept = ~((count > 1) & (other == low))
    high = np.where(count > 1, other, RIM)
    return low[kept], high[kept], order[begin[kept]]
