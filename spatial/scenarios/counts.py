"""Counts of a changed city: scores of the neighbourhoods, coverage of the whole city."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.gaps.added import added_by
from spatial.reach.kernels import FAR
from spatial.scenarios.tally import MISSING, PRESENT, UNKNOWN, within

if TYPE_CHECKING:
    from spatial.scenarios.result import ScenarioResult

__all__ = ["changed_coverage", "changed_scores"]

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
SCORES: Final = ("must_missing", "must_checked", "gap_index")
COUNTS: Final = (
    *("neighbourhoods", "neighbourhoods_covered", "persons", "persons_covered"),
    *("persons_unknown", "buildings", "buildings_covered"),
)


def changed_scores(result: ScenarioResult, places: Longs) -> pd.DataFrame:
    """Scores of those of some neighbourhoods that differ, each beside what it was.

    Parameters
    ----------
    result : ScenarioResult
    places : array of int
        Rows of neighbourhoods of which a must check may differ.

    Returns
    -------
    DataFrame
        As `gap_scores` gives them, and ``…_before``; on the ids.
    """
    base, delta = result.base, result.delta
    missing = np.zeros(len(places), dtype=np.int64)
    checked = np.zeros(len(places), dtype=np.int64)
    for check in np.flatnonzero(base.checks.must):
        new = delta.status.get(int(check))
        status = (base.arrays["status"][check] if new is None else new[0])[places]
        missing += status == MISSING
        checked += status != UNKNOWN
    share = np.divide(missing, checked, out=np.full(len(places), np.nan), where=checked > 0)
    lacking = np.where(checked > 0, missing.astype(float), np.nan)
    before = base.frame("scores")
    other = np.zeros(len(places), dtype=bool)
    values = dict(zip(SCORES, (lacking, checked.astype(float), share), strict=True))
    for name, new_values in values.items():
        old = before[name].to_numpy(dtype=float, na_value=np.nan)[places]
        other |= unlike(new_values, old)
    old_rows = before.iloc[places[other]]
    columns: dict[str, Any] = {
        name: _typed(new_values[other], old_rows[name].dtype) for name, new_values in values.items()
    }
    columns |= {f"{name}_before": old_rows[name].array for name in SCORES}
    return pd.DataFrame(columns, index=old_rows.index)


def changed_coverage(result: ScenarioResult, checks: Longs) -> pd.DataFrame:
    """Rows of ``results.coverage`` of the whole city that differ, each count with ``…_before``.

    Counts as :func:`spatial.gaps.coverage` does, in the order in which it adds up.
    """
    base = result.base
    names = [f"city:{base.checks.kind_id[check]}:{base.checks.layer[check]}" for check in checks]
    before = base.frame("coverage").loc[names]
    values = _counted(result, checks)
    other = np.zeros(len(checks), dtype=bool)
    for name in COUNTS:
        other |= unlike(values[name], before[name].to_numpy(dtype=float, na_value=np.nan))
    old = before[other]
    columns: dict[str, Any] = {name: old[name].array for name in ("area", "kind", "layer")}
    columns |= {name: _typed(values[name][other], old[name].dtype) for name in COUNTS}
    columns |= {f"{name}_before": old[name].array for name in COUNTS}
    return pd.DataFrame(columns, index=old.index)


def _counted(result: ScenarioResult, checks: Longs) -> dict[str, Floats]:
    base, n = result.base, len(result.base.arrays["persons"])
    if not len(checks):
        return {name: np.empty(0) for name in COUNTS}
    status = np.stack([result.status(int(check)) for check in checks])
    persons = np.broadcast_to(result.heads("persons"), status.shape)
    row = np.repeat(np.arange(len(checks)), n)

    def added(values: Floats) -> Floats:
        total, count = added_by(row, np.ascontiguousarray(values).ravel(), len(checks))
        return np.where(count > 0, total, np.nan)

    return {
        "neighbourhoods": np.full(len(checks), float(n)),
        "neighbourhoods_covered": (status == PRESENT).sum(axis=1).astype(float),
        "persons": added(persons),
        "persons_covered": added(persons * (status == PRESENT)),
        "persons_unknown": added(persons * (status == UNKNOWN)),
        "buildings": np.full(len(checks), float(len(base.arrays["home_place"]))),
        "buildings_covered": np.array([_buildings(result, int(check)) for check in checks]),
    }


def _buildings(result: ScenarioResult, check: int) -> float:
    """Count the buildings that have a kind; NaN where nobody can tell."""
    base = result.base
    key = result.home_key(int(base.checks.kind[check]))
    unknown = result.status(check) == UNKNOWN
    if unknown.all() or (unknown.any() and not (key < FAR).any()):
        return np.nan
    near = within(key, base.checks.limit_m[check])
    return float((near | result.held(check)[base.arrays["home_place"]]).sum())


def unlike(new: Floats, old: Floats) -> npt.NDArray[np.bool_]:
    """Whether numbers differ; NaN equals NaN."""
    return (new != old) & ~(np.isnan(new) & np.isnan(old))


def _typed(values: Floats, dtype: Any) -> Any:
    return pd.array(pd.array(values, dtype="Float64"), dtype=dtype)
