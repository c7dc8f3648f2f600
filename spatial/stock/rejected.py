"""Candidates that somebody has looked at and rejected are not found again."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

from spatial.checks import require_same_crs

__all__ = ["without_rejected"]


def without_rejected(
    candidates: gpd.GeoDataFrame, rejected: gpd.GeoDataFrame, *, overlap_share: float
) -> gpd.GeoDataFrame:
    """Leave out candidates that were rejected before.

    Parameters
    ----------
    candidates : GeoDataFrame, shape (n,)
        With ``sign``.
    rejected : GeoDataFrame
        inputs.stock_rejected: indexed by the id of the candidate then; ``sign``.
    overlap_share : float
        A candidate of the same sign that a rejected one covers by more than this share is the
        same place, though its id is another now. Of points and lines, any that it meets.

    Returns
    -------
    GeoDataFrame

    Notes
    -----
    Only the same sign: who found that a place is no leftover land did not look at the roof on it.
    A rejection without a sign holds for every sign.
    """
    require_same_crs(candidates, rejected, names=("candidates", "rejected"))
    if candidates.empty or rejected.empty:
        return candidates
    shapes, places = candidates.geometry.to_numpy(), rejected.geometry.to_numpy()
    row, other = shapely.STRtree(places).query(shapes, predicate="intersects")
    signs = rejected["sign"].to_numpy(dtype=object, na_value=None)[other]
    same = np.array([sign is None for sign in signs], dtype=bool) | (
        signs == candidates["sign"].to_numpy(dtype=object, na_value=None)[row]
    )
    row, other = row[same.astype(bool)], other[same.astype(bool)]
    flat = shapely.area(shapes[row]) <= 0
    covered = shapely.area(shapely.intersection(shapes[row], places[other]))
    share = np.where(flat, 1.0, covered / np.maximum(shapely.area(shapes[row]), 1e-9))
    total = np.zeros(len(candidates))
    np.add.at(total, row, share)
    again = (total > overlap_share) | candidates.index.isin(rejected.index)
    return candidates[~again]
