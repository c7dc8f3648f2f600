"""Cells of the heat grid that a scenario changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from spatial.gaps.heatmap import Lacking, cell_values, people_counts
from spatial.scenarios.tally import MISSING, UNKNOWN, home_status, meaningful, within
from spatial.scenarios.weighed import differs

if TYPE_CHECKING:
    from spatial.scenarios.base import ScenarioBase
    from spatial.scenarios.measure import Delta
    from spatial.scenarios.result import ScenarioResult

__all__ = ["changed_cells", "lived"]

Longs = npt.NDArray[np.int64]
COLUMNS = ("persons", "missing_mean", "person_gaps", "worst_kind")


def lived(base: ScenarioBase, persons: npt.NDArray[np.float64]) -> pd.DataFrame:
    """People by cell, for these residents of the neighbourhoods."""
    table = pd.DataFrame(
        {name: base.arrays[f"lived_{name}"] for name in ("x", "y", "row", "part", "truth")}
    )
    return table.assign(people=persons[table["row"].to_numpy()] * table["part"].to_numpy())


def changed_cells(base: ScenarioBase, result: ScenarioResult, delta: Delta) -> pd.DataFrame:
    """Compute again the cells of everybody whose answer differs."""
    statuses = _statuses(base, result, delta)
    truths = len(base.arrays["persons"]) + len(base.arrays["home_place"])
    other = np.zeros(truths, dtype=bool)
    for old, new in statuses.values():
        other |= old != new
    before = base.frame("heatmap")
    cells, counts = base.people if delta.persons is None else _recounted(base, delta, truths)
    names = np.array([f"{x}_{y}" for x, y in cells], dtype=object)
    touched = (counts @ other.astype(float)) > 0
    if delta.persons is not None:
        rows = np.flatnonzero(_moved(base, delta))
        moved = {f"{x}_{y}" for x, y in zip(*_cells_of(base, rows), strict=True)}
        touched |= np.isin(names, list(moved))
        gone = sorted(moved - set(names) & set(before.index))
        gone = [name for name in gone if name in before.index]
    else:
        gone = []
    at = np.flatnonzero(touched)
    some = counts[at]
    asked = np.unique(some.indices)
    values = cell_values(some[:, asked], _lacking(base, statuses, asked))
    values.index = pd.Index(names[at], dtype="str", name="id")
    values = values.astype({"persons": "Float64"})
    if gone:
        empty = pd.DataFrame({"persons": 0.0}, index=pd.Index(gone, dtype="str", name="id"))
        values = pd.concat([values, empty.reindex(columns=values.columns).astype(values.dtypes)])
    old = before[list(COLUMNS)].reindex(values.index)
    unlike = np.zeros(len(values), dtype=bool)
    for name in COLUMNS:
        unlike |= differs(values[name], old[name])
    return values[unlike]


def _recounted(base: ScenarioBase, delta: Delta, truths: int) -> tuple[Longs, sparse.csr_array]:
    assert delta.persons is not None
    return people_counts(lived(base, delta.persons), truths)


def _moved(base: ScenarioBase, delta: Delta) -> npt.NDArray[np.bool_]:
    assert delta.persons is not None
    old = base.arrays["persons"]
    same = (old == delta.persons) | (np.isnan(old) & np.isnan(delta.persons))
    return ~same


def _cells_of(base: ScenarioBase, rows: Longs) -> tuple[list[int], list[int]]:
    here = np.isin(base.arrays["lived_row"], rows)
    return base.arrays["lived_x"][here].tolist(), base.arrays["lived_y"][here].tolist()


def _statuses(
    base: ScenarioBase, result: ScenarioResult, delta: Delta
) -> dict[int, tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]]:
    """Status of every must check that may differ, of neighbourhoods and then buildings."""
    checks, take = base.checks, base.arrays.__getitem__
    rows = set(delta.status) | {c for kind in delta.homes for c in checks.of_kind(kind)}
    if delta.walked is not None:
        rows = set(range(len(checks.kind)))
    walked = take("walked")
    if delta.walked is not None:
        walked = walked.copy()
        walked[delta.walked[0]] = delta.walked[1]
    found = {}
    at = take("home_place")
    for check in sorted(rows):
        if not checks.must[check]:
            continue
        status, held = result.status(check), result.held(check)
        homes = home_status(
            within(result.home_key(int(checks.kind[check])), checks.limit_m[check]),
            status[at],
            held[at],
            walked,
            means=meaningful(status),
        )
        old = np.concatenate([take("status")[check], take("home_status")[check]])
        found[check] = old, np.concatenate([status, homes])
    return found


def _lacking(
    base: ScenarioBase,
    statuses: dict[int, tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]],
    asked: Longs,
) -> Lacking:
    """Tell what some neighbourhoods and buildings lack, in the order of `asked`."""
    checks, take = base.checks, base.arrays.__getitem__
    places = len(take("persons"))
    kinds = sorted({checks.kind_id[check] for check in np.flatnonzero(checks.must)})
    missed = np.zeros((len(asked), len(kinds)))
    times, known = np.zeros(len(asked)), np.zeros(len(asked), dtype=bool)
    is_place = asked < places
    for check in np.flatnonzero(checks.must):
        if int(check) in statuses:
            status = statuses[int(check)][1][asked]
        else:
            status = np.empty(len(asked), dtype=np.uint8)
            status[is_place] = take("status")[check][asked[is_place]]
            status[~is_place] = take("home_status")[check][asked[~is_place] - places]
        lacking = status == MISSING
        times += lacking
        known |= status != UNKNOWN
        missed[:, kinds.index(checks.kind_id[check])] += lacking
    return Lacking(sparse.csr_array((missed > 0).astype(float)), times, known, kinds)
