"""Indices made of visible parts: each 0-1, each with a weight, what is unknown left out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.errors import StandardsError
from spatial.standards import ParameterSet

__all__ = ["excess_share", "weighted_mean", "weights_of"]

DECIMALS = 9
"""Scores are rounded so far, so that the order of adding never decides a rank."""


def weights_of(rules: ParameterSet, index: str, parts: tuple[str, ...]) -> dict[str, float]:
    """Read the weights of an index, ``<index>_weight_<part>``, and bring them to a sum of 1.

    Raises
    ------
    StandardsError
        If a weight is negative or no number, or all are 0.
    """
    weights = {}
    for part in parts:
        key = f"{index}_weight_{part}"
        value = rules[key]
        if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
            raise StandardsError(
                f"{rules.room}.{key} is {value!r}; give a weight of 0 or more.",
                zh=f"{rules.room}.{key} 为 {value!r};权重应为不小于 0 的数。",
            )
        weights[part] = float(value)
    whole = sum(weights.values())
    if whole == 0:
        raise StandardsError(
            f"All weights {rules.room}.{index}_weight_… are 0; give at least one above 0.",
            zh=f"{rules.room}.{index}_weight_… 的权重全为 0;至少应有一项大于 0。",
        )
    return {part: weight / whole for part, weight in weights.items()}


def weighted_mean(parts: pd.DataFrame, weights: Mapping[str, float]) -> tuple[pd.Series, pd.Series]:
    """Mean of the known parts by their weights, and the share of the weights that is known.

    I = Σ_p w_p x_p / Σ_p w_p      sums over the parts that are known

    Parameters
    ----------
    parts : DataFrame of float, shape (n, p)
        Each 0-1; NaN where unknown.
    weights : mapping of column to weight

    Returns
    -------
    (Series, Series), shape (n,)
        The index, NaN where no part is known; and what share of the weights stands behind it.

    Examples
    --------
    >>> parts = pd.DataFrame({"gaps": [0.5, 1.0], "votes": [1.0, np.nan]})
    >>> index, known = weighted_mean(parts, {"gaps": 0.75, "votes": 0.25})
    >>> index.tolist(), known.tolist()
    ([0.625, 1.0], [1.0, 0.75])
    """
    values = parts[list(weights)].to_numpy(dtype=float)
    weight = np.array(list(weights.values()), dtype=float)
    known = ~np.isnan(values)
    share = known @ weight
    total = np.where(known, values, 0.0) @ weight
    index = np.divide(total, share, out=np.full(len(values), np.nan), where=share > 0)
    return (
        pd.Series(index.round(DECIMALS), index=parts.index),
        pd.Series((share / weight.sum()).round(DECIMALS), index=parts.index),
    )


def excess_share(
    nearest_m: pd.Series, limit_m: pd.Series, *, searched_m: float
) -> npt.NDArray[np.float64]:
    """How far beyond its limit the nearest facility is, as a share of what was searched.

    (d - L) / (D - L), from 0 at the limit to 1 at the end of the search, or where none was found.
    """
    limit = limit_m.astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    nearest = nearest_m.astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    room = np.maximum(searched_m - limit, np.finfo(float).tiny)
    return np.clip(np.where(np.isnan(nearest), 1.0, (nearest - limit) / room), 0.0, 1.0)
