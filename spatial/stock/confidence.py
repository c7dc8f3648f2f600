"""How sure a candidate is: the share of such candidates that are true stock where it is known.

One small model a sign, a logistic curve of one to four measures, each monotone in its measure::

    confidence = 1 / (1 + exp(−(intercept + Σ weight · (scaled measure − centre))))

A measure outside the range that was calibrated counts as the end of the range: nothing is
extrapolated. What is not known counts as the centre.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.errors import StandardsError
from spatial.standards.parameters import ParameterSet

__all__ = [
    "Curve",
    "Reliability",
    "Term",
    "calibrate",
    "confidence_of",
    "curve_of",
    "labels",
    "reliability",
    "truth_found",
]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Scale = Literal["linear", "log"]

WHAT: Final[Mapping[str, str]] = {
    "structure": "structure",
    "parking": "parking",
    "roof": "roof",
    "leftover": "land",
    "greenness": "land",
    "land_cover": "land",
    "unused_building": "building",
    "night_light": "building",
}
"""What kind of truth proves a sign; tags prove land or buildings, by the asset's type."""
COVERED: Final = 0.5
"""A candidate is true where truly idle things cover half of it; a true thing is found likewise."""
RIDGE: Final = 1.0
STEPS: Final = 60


@dataclass(frozen=True, slots=True)
class Term:
    """One measure of a curve; `low` and `high` are the calibrated range, in the measure's unit."""

    measure: str
    scale: Scale
    weight: float
    centre: float
    low: float
    high: float

    def part(self, values: Floats) -> Floats:
        """Return the term's share of the log odds, 0 where the value is not known."""
        scaled = _scaled(np.clip(values, self.low, self.high), self.scale)
        return np.nan_to_num(self.weight * (scaled - self.centre), nan=0.0)


@dataclass(frozen=True, slots=True)
class Curve:
    """The confidence of one sign."""

    sign: str
    intercept: float
    terms: tuple[Term, ...]

    def of(self, frame: pd.DataFrame) -> Floats:
        """Return the confidence of each row, 0–1."""
        odds = np.full(len(frame), self.intercept)
        for term in self.terms:
            odds += term.part(_numbers(frame, term.measure))
        return np.asarray(1 / (1 + np.exp(-odds)), dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """How well confidences hold on candidates whose truth is known."""

    brier: float
    """Mean squared difference of confidence and truth; 0 is perfect."""
    brier_of_base: float
    """The same of one confidence for all: the share that is true."""
    bins: pd.DataFrame
    """``said`` (mean confidence), ``true`` (share that is true), ``count``; one row a bin."""
    precision: float
    count: int


def curve_of(sign: str, parameters: ParameterSet) -> Curve:
    """Read the calibrated curve of a sign from room ``stock_confidence``.

    Raises
    ------
    StandardsError
        If the room has no curve for the sign.
    """
    value: Mapping[str, Any] = parameters[sign]
    try:
        terms = tuple(
            Term(name, *(term[key] for key in ("scale", "weight", "centre", "low", "high")))
            for name, term in value["terms"].items()
        )
        return Curve(sign, float(value["intercept"]), terms)
    except (KeyError, TypeError) as fault:
        raise StandardsError(
            f"stock_confidence.{sign}: a curve has `intercept` and `terms`, each with scale, "
            f"weight, centre, low, high ({fault}). Make it again with scripts/calibrate_stock.py.",
            zh=(
                f"stock_confidence.{sign}:曲线须有 intercept 和 terms(scale、weight、centre、low、"
                f"high){fault}。请用 scripts/calibrate_stock.py 重新生成。"
            ),
        ) from fault


def confidence_of(sign: str, frame: pd.DataFrame, parameters: ParameterSet) -> Floats:
    """Return the calibrated confidence of candidates found by one sign.

    Parameters
    ----------
    sign : str
    frame : DataFrame, shape (n,)
        With the measures of the curve.
    parameters : ParameterSet
        Room ``stock_confidence``.
    """
    return curve_of(sign, parameters).of(frame)


def calibrate(
    sign: str, frame: pd.DataFrame, true: Bools, terms: Sequence[tuple[str, Scale, int]]
) -> Curve:
    """Fit the curve of a sign: logistic regression with a small ridge [1]_, monotone by choice.

    Parameters
    ----------
    sign : str
    frame : DataFrame, shape (n,)
        Candidates with their measures.
    true : array of bool, shape (n,)
        Which are true stock.
    terms : sequence of (measure, scale, direction)
        Direction +1: more of it can only make surer; −1: less sure; 0: either. A term that turns
        out against its direction is left out and the rest is fitted again.

    Returns
    -------
    Curve

    References
    ----------
    .. [1] S. le Cessie, J. C. van Houwelingen (1992), Applied Statistics 41(1), 191-201.

    Examples
    --------
    >>> frame = pd.DataFrame({"area_m2": [1.0, 2, 3, 4] * 20})
    >>> large = frame["area_m2"].to_numpy() > 2
    >>> curve = calibrate("roof", frame, large, [("area_m2", "linear", 1)])
    >>> curve.of(frame.head(4)).round(1).tolist()
    [0.0, 0.2, 0.8, 1.0]
    """
    kept = list(terms)
    while True:
        columns, made = [], []
        for measure, scale, _ in kept:
            values = _numbers(frame, measure)
            known = values[~np.isnan(values)]
            low, high = (np.quantile(known, [0.02, 0.98]) if len(known) else (0.0, 0.0)).__iter__()
            scaled = _scaled(np.clip(values, low, high), scale)
            centre = float(np.nanmean(scaled)) if len(known) else 0.0
            columns.append(np.nan_to_num(scaled - centre, nan=0.0))
            made.append((measure, scale, centre, float(low), float(high)))
        weights = _fitted(np.column_stack([np.ones(len(frame)), *columns]), true.astype(float))
        against = [
            i for i, (_, _, way) in enumerate(kept) if way and np.sign(weights[i + 1]) == -way
        ]
        if not against:
            break
        worst = max(against, key=lambda i: abs(weights[i + 1] * float(np.std(columns[i]))))
        kept.pop(worst)
    found = tuple(
        Term(measure, scale, float(weight), centre, low, high)
        for (measure, scale, centre, low, high), weight in zip(made, weights[1:], strict=True)
    )
    return Curve(sign, float(weights[0]), found)


def labels(candidates: gpd.GeoDataFrame, truth: gpd.GeoDataFrame) -> Bools:
    """Say which candidates are true stock: truly idle things of their sort cover half of them.

    Parameters
    ----------
    candidates : GeoDataFrame, shape (n,)
        ``sign``, ``asset_type``.
    truth : GeoDataFrame
        ``what`` (land, building, structure, parking, roof), ``real``.

    Returns
    -------
    array of bool, shape (n,)
    """
    return _covered(candidates, truth[truth["real"].to_numpy(dtype=bool)]) >= COVERED


def truth_found(truth: gpd.GeoDataFrame, candidates: gpd.GeoDataFrame) -> Bools:
    """Say which truly idle things candidates of their sort cover by half.

    Returns
    -------
    array of bool, shape (number of real rows,)
    """
    real = truth[truth["real"].to_numpy(dtype=bool)]
    return _covered(real, candidates) >= COVERED


def reliability(confidence: Floats, true: Bools, *, bins: int = 5) -> Reliability:
    """Compare confidences with the truth: Brier score [1]_ and a table of equally filled bins.

    References
    ----------
    .. [1] G. W. Brier (1950), Monthly Weather Review 78(1), 1-3.
    """
    if not len(true):
        empty = pd.DataFrame({"said": [], "true": [], "count": []})
        return Reliability(np.nan, np.nan, empty, np.nan, 0)
    hit = true.astype(float)
    order = np.argsort(confidence, kind="stable")
    groups = [part for part in np.array_split(order, min(bins, len(order))) if len(part)]
    table = pd.DataFrame(
        {
            "said": [confidence[part].mean() for part in groups],
            "true": [hit[part].mean() for part in groups],
            "count": [len(part) for part in groups],
        }
    )
    share = float(hit.mean())
    return Reliability(
        brier=float(((confidence - hit) ** 2).mean()),
        brier_of_base=share * (1 - share),
        bins=table,
        precision=share,
        count=len(hit),
    )


def _sorts(frame: pd.DataFrame) -> npt.NDArray[np.object_]:
    """Sort of each row: that of a truth, or what the sign of a candidate is about."""
    if "what" in frame and "real" in frame:
        return frame["what"].to_numpy(dtype=object)
    told = frame["sign"].map(WHAT).astype("string").fillna(frame["asset_type"].astype("string"))
    return told.to_numpy(dtype=object)


def _covered(these: gpd.GeoDataFrame, those: gpd.GeoDataFrame) -> Floats:
    """Share of the area of each of these that those of the same sort cover together."""
    share = np.zeros(len(these))
    if not len(these) or not len(those):
        return share
    sort_of, sort_by = _sorts(these), _sorts(those)
    shapes, others = these.geometry.to_numpy(), those.geometry.to_numpy()
    row, other = shapely.STRtree(others).query(shapes, predicate="intersects")
    same = sort_of[row] == sort_by[other]
    row, other = row[same], other[same]
    for place in np.unique(row):
        over = shapely.union_all(others[other[row == place]])
        whole = max(shapes[place].area, 1e-9)
        share[place] = shapes[place].intersection(over).area / whole
    return share


def _numbers(frame: pd.DataFrame, measure: str) -> Floats:
    if measure not in frame:
        return np.full(len(frame), np.nan)
    return np.asarray(frame[measure].to_numpy(dtype=float, na_value=np.nan), dtype=np.float64)


def _scaled(values: Floats, scale: Scale) -> Floats:
    if scale == "linear":
        return values
    return np.asarray(np.log(np.maximum(values, 1e-3)), dtype=np.float64)


def _fitted(columns: Floats, hit: Floats) -> Floats:
    """Newton's method for the penalised likelihood; the intercept is free."""
    spread = np.maximum(columns.std(axis=0), 1e-9)
    spread[0] = 1.0
    scaled = columns / spread
    penalty = np.full(scaled.shape[1], RIDGE)
    penalty[0] = 1e-6
    weights = np.zeros(scaled.shape[1])
    share = (hit.sum() + 0.5) / (len(hit) + 1)
    weights[0] = np.log(share / (1 - share))
    for _ in range(STEPS):
        said = 1 / (1 + np.exp(-(scaled @ weights)))
        slope = scaled.T @ (hit - said) - penalty * weights
        bend = (scaled * (said * (1 - said))[:, None]).T @ scaled + np.diag(penalty)
        step = np.linalg.solve(bend, slope)
        weights = weights + np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < 1e-10:
            break
    return np.asarray(weights / spread, dtype=np.float64)
