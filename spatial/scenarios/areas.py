"""Areas that neighbourhoods share in a changed city, by row numbers in place of ids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.gaps.added import shared_rows
from spatial.gaps.supply import own_class
from spatial.reach.arcs import LOW, SHIFT, split_key
from spatial.scenarios.measure import added_in_order, between
from spatial.standards import AreaRule, facility_area_m2

if TYPE_CHECKING:
    from spatial.scenarios.base import ScenarioBase
    from spatial.scenarios.result import ScenarioResult

__all__ = ["KnownFacilities", "best_ways", "inside_pairs", "supplied_area", "touched_places"]

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class KnownFacilities:
    """What the facilities of a base are, row by row of its frame."""

    area_m2: dict[str, Floats]  # by "land" and "floor"
    of_kind: Bools  # (kinds, f)
    own: Bools  # (kinds, f) where its area counts: in its largest size class only
    entrance_rank: Floats  # (e,) place of each entrance's id among all
    place_rank: Longs  # (n,) place of each neighbourhood's id among all
    match_code: Longs  # sorted: facility × kinds + kind
    match: npt.NDArray[np.object_]  # how the kind of each was known

    @classmethod
    def of(cls, base: ScenarioBase) -> KnownFacilities:
        """Lay out the facilities of a base."""
        frame, kinds, names = base.frame("facilities"), base.frame("kinds"), base.facts.kinds
        of_kind, own = (
            _mask(table, frame.index, names)
            for table in (kinds, own_class(kinds, base.profile.catalogue))
        )
        ids = base.frame("neighbourhoods").index.to_numpy(dtype=str)
        rank = np.empty(len(ids), dtype=np.int64)
        rank[np.argsort(ids, kind="stable")] = np.arange(len(ids))
        row, column = _codes(kinds, frame.index, names)
        known = (row >= 0) & (column >= 0)
        code = row[known] * len(names) + column[known]
        order = np.argsort(code, kind="stable")
        entrances = base.frame("entrances").index.to_numpy(dtype=str)
        return cls(
            area_m2={
                "land": facility_area_m2(frame).to_numpy(dtype=float),
                "floor": _floor_m2(frame),
            },
            of_kind=of_kind,
            own=own,
            entrance_rank=np.searchsorted(base.arrays["sorted_entrances"], entrances).astype(float),
            place_rank=rank,
            match_code=code[order],
            match=kinds["match"].to_numpy(dtype=object)[known][order],
        )


def supplied_area(result: ScenarioResult, rule: AreaRule, places: Longs | None = None) -> Floats:
    """Area of a rule's kind that neighbourhoods have, as `facility_gaps` shares it.

    Parameters
    ----------
    result : ScenarioResult
    rule : AreaRule
    places : array of int, optional
        Answer for these rows only: just the facilities that they reach are shared, each among all
        who reach it. By default for all.

    Returns
    -------
    array of float
        m², NaN where unknown; by neighbourhood, or by `places`.

    Notes
    -----
    The rows stand in the order in which `facility_gaps` adds them up: sums of floating-point
    numbers are equal only in the same order.
    """
    base = result.base
    kind = base.kind_row[rule.kind]
    place, entrance, key = result.pairs_of(kind)
    inside = inside_pairs(result, kind)
    facility = result.facility_of[entrance]
    if places is not None:
        asked = np.zeros(len(base.arrays["persons"]), dtype=bool)
        asked[places] = True
        mine = np.zeros(base.facility_count + len(result.plan.added), dtype=bool)
        mine[facility[asked[place]]] = True
        mine[inside[1][asked[inside[0]]]] = True
        here = mine[facility]
        place, entrance, key, facility = place[here], entrance[here], key[here], facility[here]
        here = mine[inside[1]]
        inside = inside[0][here], inside[1][here]
    limit_m = base.profile.catalogue.limit_m(rule.layer, rule.kind)
    rows = best_ways(result, (place, entrance, key, facility))
    metres, _ = split_key(key[rows], by="time" if base.facts.by_time else "distance")
    rows = rows[metres <= limit_m]
    place, facility = place[rows], facility[rows]
    if base.checks.inside_counts:
        place, facility = np.append(place, inside[0]), np.append(facility, inside[1])
    added = added_in_order(result.plan)
    is_new = np.array([one.kind == rule.kind for one in added], dtype=bool)
    own = np.append(base.known_facilities.own[kind], is_new)[facility]
    place, facility = _each_once(place[own], facility[own], len(result.facility_ids))
    people = result.heads("households" if rule.per == "household" else "persons")
    shared = shared_rows(place, facility, people, _areas(result, rule.area))
    return shared if places is None else shared[places]


def best_ways(result: ScenarioResult, pairs: tuple[Longs, Longs, Longs, Longs]) -> Longs:
    """Rows of the best way to each facility, in the order in which whole tables have them.

    `pairs` are places, entrances, keys and facilities.
    """
    base = result.base
    place, entrance, key, facility = pairs
    # Metres before seconds, whichever stands first in the key.
    cost = ((key & LOW) << SHIFT) | (key >> SHIFT) if base.facts.by_time else key
    added = [one.id for one in added_in_order(result.plan)]
    rank = np.append(
        base.known_facilities.entrance_rank, between(base.arrays["sorted_entrances"], added)
    )
    order = np.lexsort((rank[entrance], base.known_facilities.place_rank[place]))
    pair = (place[order] << SHIFT) | facility[order]
    best = np.lexsort((cost[order], pair))  # of its entrances
    first = np.ones(len(best), dtype=bool)
    first[1:] = pair[best][1:] != pair[best][:-1]
    return order[np.sort(best[first])]


def _each_once(place: Longs, facility: Longs, facilities: int) -> tuple[Longs, Longs]:
    """Leave out pairs that stand further up already."""
    _, first = np.unique(place * facilities + facility, return_index=True)
    first.sort()
    return place[first], facility[first]


def touched_places(result: ScenarioResult, rule: AreaRule) -> Longs:
    """Neighbourhoods whose share of a rule's area may differ from the base.

    A share depends on who reaches the facility and on how large it is: those are meant who reach,
    or reached, a facility of which either differs, or which somebody shares whose number differs.
    """
    base, plan, delta = result.base, result.plan, result.delta
    kind, known = base.kind_row[rule.kind], base.known_pairs
    place, entrance, _ = result.pairs_of(kind)
    old = base.pair_rows(kind)
    who = np.concatenate([known.place[old], place])
    what = result.facility_of[np.concatenate([known.entrance[old], entrance])]
    inside = (inside_pairs(base.unchanged, kind), inside_pairs(result, kind))
    who = np.concatenate([who, *(pairs[0] for pairs in inside)])
    what = np.concatenate([what, *(pairs[1] for pairs in inside)])
    other = np.zeros(base.facility_count + len(plan.added), dtype=bool)
    other[result.facility_of[known.entrance[delta.pairs.gone]]] = True
    other[result.facility_of[delta.pairs.entrance]] = True
    other[sorted(plan.closed)] = True
    other[base.facility_count :] = True
    other[[row for id_ in plan.sizes if (row := base.facility_row(id_)) is not None]] = True
    moved = np.zeros(len(base.arrays["persons"]), dtype=bool)
    moved[sorted(plan.persons)] = True
    other[what[moved[who]]] = True
    moved[who[other[what]]] = True
    return np.flatnonzero(moved)


def inside_pairs(result: ScenarioResult, kind: int) -> tuple[Longs, Longs]:
    """Pair neighbourhoods with the facilities of a kind inside their parcels: rows of both."""
    base, take = result.base, result.base.arrays.__getitem__
    rows = np.flatnonzero(
        (take("inside_kind") == kind)
        & ~np.isin(take("inside_facility"), sorted(result.plan.closed))
    )
    place = take("inside_place")[rows].astype(np.int64).tolist()
    facility = take("inside_facility")[rows].astype(np.int64).tolist()
    near = sorted({p for p, k, more in result.delta.inside if k == kind and more > 0})
    outlines = base.frame("neighbourhoods").geometry.to_numpy()
    for number, new in enumerate(added_in_order(result.plan)):
        if base.kind_row.get(new.kind) == kind:
            held = [p for p in near if outlines[p].intersects(shapely.Point(new.x_m, new.y_m))]
            place += held
            facility += [base.facility_count + number] * len(held)
    return np.array(place, dtype=np.int64), np.array(facility, dtype=np.int64)


def _areas(result: ScenarioResult, what: str) -> Floats:
    """Area by facility row, the added ones last; a resized one has its new area."""
    base, plan = result.base, result.plan
    added = [one.id for one in added_in_order(plan)]
    known = base.known_facilities.area_m2[what]
    if not added and not plan.sizes:
        return known
    areas = np.append(known, np.full(len(added), np.nan))
    ids = list(dict.fromkeys([*added, *plan.sizes]))
    rows = result.facilities.loc[ids]
    values = facility_area_m2(rows).to_numpy(dtype=float) if what == "land" else _floor_m2(rows)
    for id_, value in zip(ids, values, strict=True):
        row = base.facility_count + added.index(id_) if id_ in added else base.facility_row(id_)
        areas[row] = value
    return areas


def _floor_m2(frame: pd.DataFrame) -> Floats:
    return frame["floor_m2"].astype("Float64").to_numpy(dtype=float, na_value=np.nan)


def _codes(kinds: pd.DataFrame, ids: pd.Index, names: tuple[str, ...]) -> tuple[Longs, Longs]:
    return (
        ids.get_indexer(kinds["facility_id"]).astype(np.int64),
        pd.Index(names).get_indexer(kinds["kind"]).astype(np.int64),
    )


def _mask(kinds: pd.DataFrame, ids: pd.Index, names: tuple[str, ...]) -> Bools:
    row, column = _codes(kinds, ids, names)
    known = (row >= 0) & (column >= 0)
    mask = np.zeros((len(names), len(ids)), dtype=bool)
    mask[column[known], row[known]] = True
    return mask
