"""What a sign measures of everything it looks at, and the thresholds that keep some of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.city.report import Note
from spatial.standards.parameters import ParameterSet

__all__ = ["SIGNS", "Pool", "Threshold", "empty_pool", "kept_rows", "measures_text"]

SIGNS: Final = (
    *("structure", "lifecycle", "unused_building", "parking", "land_cover", "greenness"),
    *("leftover", "night_light", "roof"),
)
"""From the plainest sign to the faintest: of one place found twice, the first one leads."""

Words = Callable[[gpd.GeoDataFrame], tuple[list[str], list[str]]]


@dataclass(frozen=True, slots=True)
class Threshold:
    """One parameter of room ``stock`` and the measure that it is held against.

    What is not known (NaN) is no obstacle.
    """

    key: str
    measure: str
    side: Literal["at_least", "at_most"]

    def passes(self, values: pd.Series, limit: float) -> npt.NDArray[np.bool_]:
        """Say which values are on the right side of a limit, shape (n,)."""
        numbers = values.to_numpy(dtype=float, na_value=np.nan)
        held = numbers >= limit if self.side == "at_least" else numbers <= limit
        return np.asarray(held | np.isnan(numbers))


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Everything that a sign has measured, kept or not; row ``i`` is one place."""

    sign: str
    frame: gpd.GeoDataFrame
    """Columns of results.stock, and the measures; indexed by the id of the candidate."""
    measures: tuple[str, ...]
    thresholds: tuple[Threshold, ...]
    words: Words
    """Evidence of some rows, Chinese and English."""
    notes: tuple[Note, ...] = field(default=())


def kept_rows(
    pool: Pool, parameters: ParameterSet, *, instead: Mapping[str, float] | None = None
) -> npt.NDArray[np.bool_]:
    """Which rows of a pool pass all its thresholds.

    Parameters
    ----------
    pool : Pool
    parameters : ParameterSet
        Room ``stock``.
    instead : mapping of parameter key to limit, optional
        Limits to try in place of the parameters.

    Returns
    -------
    array of bool, shape (n,)
    """
    kept = np.ones(len(pool.frame), dtype=bool)
    for threshold in pool.thresholds:
        limit = (instead or {}).get(threshold.key)
        limit = float(parameters[threshold.key] if limit is None else limit)
        kept &= threshold.passes(pool.frame[threshold.measure], limit)
    return kept


def measures_text(frame: pd.DataFrame, measures: tuple[str, ...]) -> list[str]:
    """Write the figures behind each row as a JSON object; what is not known is left out.

    Examples
    --------
    >>> measures_text(pd.DataFrame({"circle_m": [12.34], "slope_share": [np.nan]}),
    ...               ("circle_m", "slope_share"))
    ['{"circle_m": 12.3}']
    """
    columns = [frame[name].to_numpy(dtype=float, na_value=np.nan) for name in measures]
    return [
        json.dumps(
            {
                name: _short(float(value))
                for name, value in zip(measures, row, strict=True)
                if not np.isnan(value)
            }
        )
        for row in zip(*columns, strict=True)
    ] or [""] * 0


def empty_pool(sign: str, crs: object, *, notes: tuple[Note, ...] = ()) -> Pool:
    """Return a pool of a sign that had nothing to look at."""
    frame = gpd.GeoDataFrame(geometry=gpd.GeoSeries([], crs=crs))
    return Pool(sign, frame, (), (), lambda _: ([], []), notes)


def _short(value: float) -> float:
    """Round to what was measured: three digits of shares, tenths of metres."""
    return round(value, 3 if abs(value) < 10 else 1)
