"""Access to capacity and order of priority in a changed city: what differs from the base."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.gaps import facility_access, priority_frame, priority_parts
from spatial.gaps.demand import resident_demand
from spatial.reach.arcs import split_key
from spatial.scenarios.areas import best_ways
from spatial.scenarios.pairs import KnownPairs

if TYPE_CHECKING:
    from spatial.city.neighbourhoods import Neighbourhoods
    from spatial.scenarios.base import ScenarioBase
    from spatial.scenarios.result import ScenarioResult

__all__ = ["base_parts", "changed_access", "changed_priority"]

Longs = npt.NDArray[np.int64]
SHOWN_BEFORE: Final = ("priority", "rank")


def changed_access(result: ScenarioResult) -> pd.DataFrame:
    """Rows of ``results.access`` that differ from the base.

    Capacity is shared among all who reach it, so a kind is worked out again for everybody where
    any pair of it, any of its facilities or anybody's number differs. Of a kind whose capacity is
    no longer known anywhere, or that has no facility left, the rows stay, with nothing but
    ``neighbourhood_id, kind, layer``.
    """
    base = result.base
    before = base.frame("access")
    again = _kinds_again(result)
    kinds = result.kinds[result.kinds["kind"].isin(again).to_numpy(dtype=bool)]
    table = facility_access(
        _places(result),
        result.facilities,
        kinds,
        _reached(result, kinds),
        base.profile,
        measured=result.frame.index[result.measured],
    )
    old = before[before["kind"].isin(again).to_numpy(dtype=bool)]
    gone = old.index.difference(table.index, sort=False)
    empty = old.loc[gone, ["neighbourhood_id", "kind", "layer"]]
    table = pd.concat([table, empty.reindex(columns=table.columns).astype(table.dtypes)])
    was = before.reindex(table.index)
    other = np.zeros(len(table), dtype=bool)
    for name in table.columns:
        other |= differs(table[name], was[name])
    return table[other]


def _kinds_again(result: ScenarioResult) -> pd.Index:
    """Kinds that must be shared again, and those of which the last facility closed."""
    base, plan, delta = result.base, result.plan, result.delta
    both = pd.concat([base.frame("kinds"), result.kinds])
    if delta.persons is not None or delta.measured is not None:
        return pd.Index(both["kind"].unique())
    pairs, known = delta.pairs, base.known_pairs
    touched = np.unique(
        result.facility_of[np.concatenate([known.entrance[pairs.gone], pairs.entrance])]
    )
    ids = {
        *result.facility_ids[touched],
        *base.frame("facilities").index[sorted(plan.closed)],
        *plan.added,
        *plan.sizes,
    }
    return pd.Index(both.loc[both["facility_id"].isin(ids).to_numpy(dtype=bool), "kind"].unique())


def _reached(result: ScenarioResult, kinds: pd.DataFrame) -> pd.DataFrame:
    """Who reaches the facilities of some kinds, in the order of the whole city's table."""
    base = result.base
    place, entrance, key = _all_pairs(base.known_pairs, result)
    facility = result.facility_of[entrance]
    row = pd.Index(result.facility_ids).get_indexer(kinds["facility_id"])
    parts = []
    for name, rows in kinds.groupby("kind", observed=True).indices.items():
        mine = np.zeros(len(result.facility_ids), dtype=bool)
        mine[row[rows]] = True
        here = np.flatnonzero(mine[facility])
        at = here[best_ways(result, (place[here], entrance[here], key[here], facility[here]))]
        parts.append((str(name), at))
    rows = np.concatenate([np.empty(0, dtype=np.int64), *(at for _, at in parts)]).astype(int)
    metres, _ = split_key(key[rows], by="time" if base.facts.by_time else "distance")
    return pd.DataFrame(
        {
            "neighbourhood_id": result.frame.index.to_numpy(dtype=object)[place[rows]],
            "facility_id": result.facility_ids[facility[rows]],
            "kind": np.repeat(
                np.array([name for name, _ in parts], dtype=object), [len(at) for _, at in parts]
            ),
            "distance_m": metres,
        }
    )


def _all_pairs(known: KnownPairs, result: ScenarioResult) -> tuple[Longs, Longs, Longs]:
    pairs = result.delta.pairs
    return (
        np.concatenate([np.delete(known.place, pairs.gone), pairs.place]),
        np.concatenate([np.delete(known.entrance, pairs.gone), pairs.entrance]),
        np.concatenate([np.delete(known.key, pairs.gone), pairs.key]),
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
    table, _ = priority_frame(parts, base.profile.rooms["gaps"], seed=base.facts.seed)
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
