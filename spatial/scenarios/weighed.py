"""Access to capacity and order of priority in a changed city: what differs from the base."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.gaps import facility_access, priority_parts, priority_table
from spatial.gaps.demand import resident_demand
from spatial.reach.arcs import split_key
from spatial.scenarios.competition import AskedPairs, asked_pairs

if TYPE_CHECKING:
    from spatial.city.neighbourhoods import Neighbourhoods
    from spatial.scenarios.base import ScenarioBase
    from spatial.scenarios.result import ScenarioResult

__all__ = ["base_parts", "changed_access", "changed_priority"]

SHOWN_BEFORE: Final = ("priority", "rank")


def changed_access(result: ScenarioResult) -> pd.DataFrame:
    """Rows of ``results.access`` that differ from the base.

    Capacity is shared among all who reach it: what is worked out again, and for whom, is told by
    :func:`spatial.scenarios.competition.asked_pairs`. Of a kind whose capacity is no longer known
    anywhere, or that has no facility left, the rows stay, with nothing but
    ``neighbourhood_id, kind, layer``.
    """
    base = result.base
    before, asked = base.frame("access"), asked_pairs(result)
    names = pd.Index([one.kind for one in asked], dtype="str")
    kinds = result.kinds[result.kinds["kind"].isin(names).to_numpy(dtype=bool)]
    table = facility_access(
        _places(result),
        result.facilities,
        kinds,
        _reached(result, asked),
        base.profile,
        measured=result.frame.index[result.measured],
    )
    old = before[before["kind"].isin(names).to_numpy(dtype=bool)]
    gone = old.index.difference(table.index, sort=False)
    empty = old.loc[gone, ["neighbourhood_id", "kind", "layer"]]
    table = table[_told(result, asked, table)]
    table = pd.concat([table, empty.reindex(columns=table.columns).astype(table.dtypes)])
    was = before.reindex(table.index)
    other = np.zeros(len(table), dtype=bool)
    for name in table.columns:
        other |= differs(table[name], was[name])
    return table[other]


def _told(
    result: ScenarioResult, asked: list[AskedPairs], table: pd.DataFrame
) -> npt.NDArray[np.bool_]:
    """Which rows stand for neighbourhoods that were asked about; the others were not shared."""
    told = np.vstack([one.places for one in asked] or [np.zeros((0, len(result.frame)), bool)])
    kind = pd.Index([one.kind for one in asked], dtype="str").get_indexer(table["kind"])
    rows: npt.NDArray[np.bool_] = told[
        kind, result.frame.index.get_indexer(table["neighbourhood_id"])
    ]
    return rows


def _reached(result: ScenarioResult, asked: list[AskedPairs]) -> pd.DataFrame:
    """Who reaches the facilities of some kinds, in the order of the whole city's table."""
    none = np.empty(0, dtype=np.int64)
    best = [one.best(result) for one in asked]
    place, entrance, key = (
        np.concatenate([none, *(column)])
        for column in (zip(*best, strict=True) if best else [[]] * 3)
    )
    metres, _ = split_key(key, by="time" if result.base.facts.by_time else "distance")
    return pd.DataFrame(
        {
            "neighbourhood_id": result.frame.index.to_numpy(dtype=object)[place],
            "facility_id": result.facility_ids[result.facility_of[entrance]],
            "kind": np.repeat(
                np.array([one.kind for one in asked], dtype=object),
                [len(one) for one, _, _ in best],
            ),
            "distance_m": metres,
        }
    )


def changed_priority(result: ScenarioResult) -> pd.DataFrame:
    """Rows of ``results.priority`` that differ, with ``priority_before, rank_before``.

    The parts of a neighbourhood depend on itself alone and are computed again where anything of it
    differs; index, ranks and their range are those of the whole city.
    """
    base, count = result.base, len(result.base.checks.kind)
    index = result.frame.index
    rows = np.union1d(
        index.get_indexer(result.gaps["neighbourhood_id"].unique()), sorted(result.plan.persons)
    ).astype(np.int64)
    parts = base.parts
    if len(rows):
        at = (rows[:, None] * count + np.arange(count)).ravel()
        gaps = base.frame("gaps").iloc[at].copy()
        gaps.loc[result.gaps.index] = result.gaps
        places = _places(result)
        new = _parts(base, gaps, replace(places, frame=places.frame.iloc[rows]))
        parts = parts.copy()
        parts.iloc[rows] = new.to_numpy()
    table = priority_table(parts, base.profile.rooms["gaps"], seed=base.facts.seed)
    before = base.frame("priority").reindex(table.index)
    other = np.zeros(len(table), dtype=bool)
    for name in table.columns:
        other |= differs(table[name], before[name])
    old = before[list(SHOWN_BEFORE)].add_suffix("_before")
    return table.join(old)[other]


def base_parts(base: ScenarioBase) -> pd.DataFrame:
    """Parts of the priority index before any change."""
    return _parts(base, base.frame("gaps"), base.places)


def _parts(base: ScenarioBase, gaps: pd.DataFrame, places: Neighbourhoods) -> pd.DataFrame:
    demand = resident_demand(
        base.frame("demand_votes"), base.frame("neighbourhoods"), base.profile.catalogue
    )
    rules = base.profile.rooms["gaps"]
    return priority_parts(gaps, places, rules, year=base.facts.year, demand=demand)


def _places(result: ScenarioResult) -> Neighbourhoods:
    return replace(result.base.places, frame=result.frame)


def differs(new: pd.Series, old: pd.Series) -> npt.NDArray[np.bool_]:
    """Whether two columns differ, row by row; missing equals missing."""
    gone, was = new.isna().to_numpy(dtype=bool), old.isna().to_numpy(dtype=bool)
    same = np.zeros(len(new), dtype=bool)
    both = ~gone & ~was
    same[both] = np.asarray(new.array[both] == old.array[both], dtype=bool)
    return ~(same | (gone & was))
