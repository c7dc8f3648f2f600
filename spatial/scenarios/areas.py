"""Areas that neighbourhoods share in a changed city, by row numbers in place of ids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.gaps import shared_supply
from spatial.gaps.supply import own_class
from spatial.scenarios.measure import added_in_order, between
from spatial.standards import AreaRule, facility_area_m2

if TYPE_CHECKING:
    from spatial.scenarios.base import ScenarioBase
    from spatial.scenarios.result import ScenarioResult

__all__ = ["KnownFacilities", "inside_pairs", "supplied_area"]

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


def supplied_area(result: ScenarioResult, rule: AreaRule, *, only: int | None = None) -> pd.Series:
    """Area of a rule's kind that each neighbourhood has, as `facility_gaps` shares it.

    With `only`, the answer holds for that neighbourhood: just the facilities that it reaches are
    shared, each among all who reach it.

    The rows stand in the order in which `facility_gaps` adds them up: sums of floating-point
    numbers are equal only in the same order.
    """
    base, known = result.base, result.base.known_facilities
    kind, catalogue = base.kind_row[rule.kind], base.profile.catalogue
    added = added_in_order(result.plan)
    is_new = np.array([one.kind == rule.kind for one in added], dtype=bool)
    of_kind = np.append(known.of_kind[kind], is_new)
    place, entrance, metres, seconds = result.pairs
    inside = inside_pairs(result, kind)
    if only is not None:
        mine = np.zeros(len(of_kind), dtype=bool)
        mine[result.facility_of[entrance[place == only]]] = True
        mine[inside[1][inside[0] == only]] = True
        of_kind &= mine
    here = np.flatnonzero(of_kind[result.facility_of[entrance]])
    place, entrance, metres, seconds = place[here], entrance[here], metres[here], seconds[here]
    rank = np.append(
        known.entrance_rank,
        between(base.arrays["sorted_entrances"], [one.id for one in added]),
    )
    order = np.lexsort((rank[entrance], known.place_rank[place]))
    place, entrance = place[order], entrance[order]
    metres, seconds = metres[order], seconds[order]
    facility = result.facility_of[entrance]
    best = np.lexsort((seconds, metres, facility, place))  # of its entrances the nearest
    place_b, facility_b = place[best], facility[best]
    first = np.ones(len(best), dtype=bool)
    first[1:] = (place_b[1:] != place_b[:-1]) | (facility_b[1:] != facility_b[:-1])
    kept = np.sort(best[first])
    kept = kept[metres[kept] <= catalogue.limit_m(rule.layer, rule.kind)]
    place, facility = place[kept], facility[kept]
    if base.checks.inside_counts:
        also = of_kind[inside[1]]
        place = np.append(place, inside[0][also])
        facility = np.append(facility, inside[1][also])
    own = np.append(known.own[kind], is_new)[facility]
    pairs = pd.DataFrame({"neighbourhood_id": place[own], "facility_id": facility[own]})
    column = "households" if rule.per == "household" else "persons"
    demand = result.frame[column].reset_index(drop=True)
    shared = shared_supply(
        pairs.drop_duplicates(ignore_index=True), demand, pd.Series(_areas(result, rule.area))
    )
    return shared.set_axis(result.frame.index)


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
