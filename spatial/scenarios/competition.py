"""Whose share of capacity may differ in a changed city, and the pairs that this depends on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.gaps.capacity import sharing_limit_m
from spatial.reach.arcs import split_key
from spatial.scenarios.areas import best_ways
from spatial.scenarios.measure import added_in_order

if TYPE_CHECKING:
    from spatial.scenarios.base import ScenarioBase
    from spatial.scenarios.result import ScenarioResult

__all__ = ["AskedPairs", "asked_pairs", "near_rows"]

Longs = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class AskedPairs:
    """Pairs of one kind from which the shares of some neighbourhoods follow."""

    kind: str
    places: Bools  # (n,) whose share may differ
    place: Longs
    entrance: Longs
    key: Longs

    def best(self, result: ScenarioResult) -> tuple[Longs, Longs, Longs]:
        """Return place, entrance and key of the best way from each place to each facility."""
        facility = result.facility_of[self.entrance]
        rows = best_ways(result, (self.place, self.entrance, self.key, facility))
        return self.place[rows], self.entrance[rows], self.key[rows]


def asked_pairs(result: ScenarioResult) -> list[AskedPairs]:
    """Find the kinds that must be shared again, and for each kind the pairs that count.

    Notes
    -----
    What i gets of j depends on all who reach j, and (3SFCA) on what else these reach. Where
    nothing but pairs differ: let P be the neighbourhoods of pairs that differ, F what they reach
    or reached. Loads differ at F alone, so shares differ only among those who reach F. Their
    shares follow from all pairs of those who reach any facility that they reach. Where a facility
    opened, closed or was resized, or anybody's number differs, everybody is asked: what a kind is
    measured in, and whom it serves, may differ then.
    """
    base, delta = result.base, result.delta
    everybody = delta.persons is not None or delta.measured is not None
    resized = _kinds_of_changed(result)
    both = pd.concat([base.frame("kinds")["kind"], result.kinds["kind"]])
    found = []
    for kind in sorted(both.astype("str").unique()):
        whole = everybody or kind in resized
        one = _asked(result, kind, whole=whole)
        if whole or one.places.any():
            found.append(one)
    return found


def _kinds_of_changed(result: ScenarioResult) -> set[str]:
    """Kinds of the facilities that opened, closed or were resized."""
    base, plan = result.base, result.plan
    ids = {*base.frame("facilities").index[sorted(plan.closed)], *plan.added, *plan.sizes}
    if not ids:
        return set()
    both = pd.concat([base.frame("kinds"), result.kinds])
    return set(both.loc[both["facility_id"].isin(ids).to_numpy(dtype=bool), "kind"])


def _asked(result: ScenarioResult, kind: str, *, whole: bool) -> AskedPairs:
    base, pairs, known = result.base, result.delta.pairs, result.base.known_pairs
    rows, of_kind = near_rows(base, kind)
    added = [one.kind == kind for one in added_in_order(result.plan)]
    of_kind = np.append(of_kind, np.array(added, dtype=bool))
    at = np.searchsorted(rows, pairs.gone)
    here = at < len(rows)
    here[here] = rows[at[here]] == pairs.gone[here]
    new = of_kind[result.facility_of[pairs.entrance]] & _within(base, kind, pairs.key)
    gone, kept = pairs.gone[here], np.delete(rows, at[here])
    place = np.concatenate([known.place[kept], pairs.place[new]])
    entrance = np.concatenate([known.entrance[kept], pairs.entrance[new]])
    key = np.concatenate([known.key[kept], pairs.key[new]])
    asked = np.full(len(base.arrays["persons"]), whole)
    if whole:
        return AskedPairs(kind, asked, place, entrance, key)
    facility = result.facility_of[entrance]
    asked[known.place[gone]] = True
    asked[pairs.place[new]] = True
    loaded = np.zeros(len(result.facility_ids), dtype=bool)
    loaded[result.facility_of[known.entrance[gone]]] = True
    loaded[facility[asked[place]]] = True
    asked[place[loaded[facility]]] = True
    needed = np.zeros(len(loaded), dtype=bool)
    needed[facility[asked[place]]] = True
    sharing = np.zeros(len(asked), dtype=bool)
    sharing[place[needed[facility]]] = True
    some = sharing[place]
    return AskedPairs(kind, asked, place[some], entrance[some], key[some])


def near_rows(base: ScenarioBase, kind: str) -> tuple[Longs, Bools]:
    """Rows of the known pairs of a kind within its limit, and which facilities are of the kind."""
    if kind not in base.near_rows:
        kinds, known = base.frame("kinds"), base.known_pairs
        ids = kinds.loc[(kinds["kind"] == kind).to_numpy(dtype=bool), "facility_id"]
        of_kind = np.zeros(base.facility_count, dtype=bool)
        of_kind[base.frame("facilities").index.get_indexer(ids)] = True
        rows = np.flatnonzero(of_kind[base.arrays["entrance_facility"]][known.entrance])
        base.near_rows[kind] = rows[_within(base, kind, known.key[rows])], of_kind
    return base.near_rows[kind]


def _within(base: ScenarioBase, kind: str, key: Longs) -> Bools:
    """Whether walks are within the limit at which capacity of a kind is shared."""
    catalogue = base.profile.catalogue
    if kind not in catalogue.kinds:
        return np.zeros(len(key), dtype=bool)
    metres, _ = split_key(key, by="time" if base.facts.by_time else "distance")
    near: Bools = metres <= sharing_limit_m(catalogue, kind)
    return near
