"""What a scenario changes, as frames that are made when they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.city.report import Note
from spatial.dictionary import conform, data_dictionary
from spatial.errors import InputError
from spatial.scenarios.areas import supplied_area, touched_places
from spatial.scenarios.counts import changed_coverage, changed_scores
from spatial.scenarios.figures import figures_of
from spatial.scenarios.heat import changed_cells
from spatial.scenarios.measure import Delta, added_in_order
from spatial.scenarios.plan import Plan, drawn_frame
from spatial.scenarios.rows import changed_rows
from spatial.scenarios.weighed import changed_access, changed_priority
from spatial.standards import AreaRule

if TYPE_CHECKING:
    from spatial.scenarios.base import ScenarioBase

__all__ = ["ScenarioResult"]

Longs = npt.NDArray[np.int64]
ALTERED: Final = (
    *("status", "nearest_facility_id", "nearest_m", "nearest_s", "straight_m", "missing_m"),
    *("short_persons", "required_m2", "supplied_m2", "short_m2", "match", "basis"),
)
"""Columns of ``results.gaps`` that a scenario may change."""


class ScenarioResult:
    """The difference that a scenario makes; everything not named is as in the base.

    Attributes
    ----------
    neighbourhoods : DataFrame
        Changed rows: ``must_missing, must_checked, gap_index`` and each with ``_before``.
    gaps : DataFrame
        Changed rows of ``results.gaps``.
    coverage : DataFrame
        Changed rows of ``results.coverage`` of the whole city, and each count with ``_before``.
    heatmap : DataFrame
        Changed cells of ``results.heatmap``; one in which nobody lives any more has 0 persons.
    access : DataFrame
        Changed rows of ``results.access``; of a kind without capacity any more only the ids stay.
    priority : DataFrame
        Changed rows of ``results.priority``, index and rank with ``_before``.
    figures : mapping
        Name → ``{"before", "after"}``.
    drawn : GeoDataFrame
        What the changes put on the map.
    notes : tuple of Note
    elapsed_ms : float
        No part of the result.
    """

    def __init__(self, base: ScenarioBase, plan: Plan, delta: Delta, *, elapsed_ms: float) -> None:
        self.base, self.plan, self.delta = base, plan, delta
        self.elapsed_ms = elapsed_ms

    @property
    def notes(self) -> tuple[Note, ...]:
        """What the user should know about the changes."""
        return tuple(dict.fromkeys(self.plan.notes))

    @cached_property
    def drawn(self) -> gpd.GeoDataFrame:
        """What the changes put on the map, in the city's zone: ``op, id`` and geometry."""
        return drawn_frame(self.plan, self.base.crs)

    @cached_property
    def figures(self) -> Mapping[str, Mapping[str, float]]:
        """Sums over the city, before and after."""
        return figures_of(self.base, self.delta)

    @cached_property
    def neighbourhoods(self) -> pd.DataFrame:
        """Neighbourhoods whose scores change."""
        return changed_scores(self, self._changed_places(must_only=True))

    def _changed_places(self, *, must_only: bool = False) -> Longs:
        base, found = self.base, np.zeros(len(self.base.arrays["persons"]), dtype=bool)
        for check, (status, held) in self.delta.status.items():
            if must_only and not base.checks.must[check]:
                continue
            found |= status != base.arrays["status"][check]
            if not must_only:
                found |= held != base.arrays["held"][check]
        return np.flatnonzero(found)

    # -- gaps -------------------------------------------------------------------------------------

    @cached_property
    def gaps(self) -> pd.DataFrame:
        """Changed rows of ``results.gaps``."""
        count = len(self.base.checks.kind)
        rows = [
            places * count + check
            for kind, places in self._asked().items()
            for check in self.base.checks.of_kind(kind)
        ]
        return self._changed_gaps(np.unique(np.concatenate([np.empty(0, dtype=np.int64), *rows])))

    def gaps_of(self, neighbourhood_id: str) -> pd.DataFrame:
        """Return the changed rows of ``results.gaps`` of one neighbourhood, sooner than all.

        Raises
        ------
        InputError
            If there is no such neighbourhood.
        """
        place, count = self.base.place_row(neighbourhood_id), len(self.base.checks.kind)
        if place is None:
            raise InputError(
                f"There is no neighbourhood {neighbourhood_id!r}. Use the id of a neighbourhood.",
                zh=f"没有小区 {neighbourhood_id!r};请使用小区编号。",
            )
        return self._changed_gaps(np.arange(place * count, (place + 1) * count))

    def _changed_gaps(self, at: Longs) -> pd.DataFrame:
        return changed_rows(self, at)

    def _asked(self) -> dict[int, Longs]:
        """Neighbourhoods to look at, by kind."""
        base, delta = self.base, self.delta
        asked: dict[int, list[Longs]] = {}
        for kind, (places, _, _) in delta.near.items():
            asked.setdefault(kind, []).append(places)
        for place, kind, _ in delta.inside:
            asked.setdefault(kind, []).append(np.array([place]))
        for check, (status, held) in delta.status.items():
            other = (status != base.arrays["status"][check]) | (held != base.arrays["held"][check])
            asked.setdefault(int(base.checks.kind[check]), []).append(np.flatnonzero(other))
        for kind, shapes in delta.air.items():
            asked.setdefault(kind, []).append(self._near_by_air(kind, shapes))
        everything = range(len(base.facts.kinds))
        if self.plan.persons:
            for kind in everything:
                asked.setdefault(kind, []).append(np.array(sorted(self.plan.persons)))
        for kind, places in self._shared_otherwise().items():
            asked.setdefault(kind, []).append(places)
        return {kind: np.unique(np.concatenate(rows)) for kind, rows in asked.items() if rows}

    def _near_by_air(self, kind: int, shapes: list[Any]) -> Longs:
        """Neighbourhoods to which a facility that opened or closed is, or was, nearest by air."""
        base = self.base
        bounds = base.arrays["bounds_m"]
        straight = base.straight(kind)
        found = np.zeros(len(bounds), dtype=bool)
        for shape in shapes:
            west, south, east, north = shapely.bounds(shape)
            apart_x = np.maximum(np.maximum(bounds[:, 0] - east, west - bounds[:, 2]), 0.0)
            apart_y = np.maximum(np.maximum(bounds[:, 1] - north, south - bounds[:, 3]), 0.0)
            found |= ~(np.hypot(apart_x, apart_y) > straight + 0.001)
        return np.flatnonzero(found)

    def shares_again(self, rule: AreaRule) -> bool:
        """Whether the areas of a rule may differ from those of the base, for anybody."""
        base, delta = self.base, self.delta
        kind = base.kind_row.get(rule.kind)
        return (
            delta.persons is not None
            or delta.measured is not None
            or kind in delta.pair_kinds
            or rule.kind in self._resized_kinds
            or any(one == kind for _, one, _ in delta.inside)
            or any(base.checks.kind[check] == kind for check in delta.status)
        )

    def shared_again(self, rule: AreaRule) -> tuple[Longs, npt.NDArray[np.float64]]:
        """Neighbourhoods whose share of a rule's area may differ, and their m² now."""
        if rule.id not in self._supplies:
            places = np.empty(0, dtype=np.int64)
            if self.shares_again(rule):
                places = touched_places(self, rule)
            found = supplied_area(self, rule, places) if len(places) else np.empty(0)
            self._supplies[rule.id] = places, found
        return self._supplies[rule.id]

    @cached_property
    def _supplies(self) -> dict[str, tuple[Longs, npt.NDArray[np.float64]]]:
        return {}

    def supplied(self, rule: AreaRule) -> npt.NDArray[np.float64]:
        """Area that each neighbourhood has by one area rule, m²."""
        places, found = self.shared_again(rule)
        whole = self.base.supplied(rule.id)
        if len(places):
            whole = whole.copy()
            whole[places] = found
        return whole

    def _shared_otherwise(self) -> dict[int, Longs]:
        """By kind: neighbourhoods whose share of an area differs from the base."""
        found = {}
        for rule in self.base.profile.catalogue.area_rules.values():
            if rule.kind in self.base.kind_row:
                places, new = self.shared_again(rule)
                old = self.base.supplied(rule.id)[places]
                other = places[~((new == old) | (np.isnan(new) & np.isnan(old)))]
                found[self.base.kind_row[rule.kind]] = other
        return found

    @cached_property
    def _resized_kinds(self) -> set[str]:
        kinds = self.kinds
        return set(kinds.loc[kinds["facility_id"].isin(list(self.plan.sizes)), "kind"])

    # -- the changed tables -----------------------------------------------------------------------

    @cached_property
    def frame(self) -> gpd.GeoDataFrame:
        """Neighbourhoods of the changed city."""
        frame = self.base.frame("neighbourhoods")
        if self.delta.persons is None:
            return frame
        rows = sorted(self.plan.persons)
        persons = frame["persons"].copy()
        persons.iloc[rows] = [self.plan.persons[row] for row in rows]
        return frame.assign(persons=persons)

    @cached_property
    def facilities(self) -> gpd.GeoDataFrame:
        """Facilities of the changed city: the closed ones gone, the new ones behind the others."""
        return changed_facilities(self.base, self.plan)

    @cached_property
    def kinds(self) -> pd.DataFrame:
        """Kinds of the facilities of the changed city."""
        kinds = self.base.frame("kinds")
        closed = self.base.frame("facilities").index[sorted(self.plan.closed)]
        kept = kinds[~kinds["facility_id"].isin(closed).to_numpy(dtype=bool)]
        new = added_in_order(self.plan)
        if not new:
            return kept
        rows = pd.DataFrame(
            {"facility_id": [f.id for f in new], "kind": [f.kind for f in new], "match": "given"}
        ).astype(kinds.dtypes.to_dict())
        table = pd.concat([kept, rows], ignore_index=True)
        return table.sort_values(["facility_id", "kind"], kind="stable", ignore_index=True)

    @cached_property
    def entrance_names(self) -> npt.NDArray[np.object_]:
        """Id of each entrance, the added ones last."""
        known = self.base.frame("entrances").index.to_numpy(dtype=object)
        return np.append(known, np.array([f.id for f in added_in_order(self.plan)], dtype=object))

    @cached_property
    def facility_names(self) -> npt.NDArray[np.object_]:
        """Facility of each entrance, the added ones last."""
        known = self.base.frame("entrances")["facility_id"].to_numpy(dtype=object)
        return np.append(known, np.array([f.id for f in added_in_order(self.plan)], dtype=object))

    @cached_property
    def measured(self) -> npt.NDArray[np.bool_]:
        """Which neighbourhoods have a gate on the walking network."""
        measured = self.base.arrays["measured"]
        if self.delta.measured is None:
            return measured
        measured = measured.copy()
        measured[self.delta.measured[0]] = self.delta.measured[1]
        return measured

    def near(self, kind: int) -> tuple[Longs, npt.NDArray[np.int32]]:
        """Key and entrance of the nearest facility of a kind, of every neighbourhood."""
        key, own = self.base.arrays["near_key"][kind], self.base.arrays["near_owner"][kind]
        if kind in self.delta.near:
            places, new_key, new_own = self.delta.near[kind]
            key, own = key.copy(), own.copy()
            key[places], own[places] = new_key, new_own
        return key, own

    @cached_property
    def near_all(self) -> tuple[Longs, npt.NDArray[np.int32]]:
        """Key and entrance of the nearest facility, shape (kinds, neighbourhoods)."""
        key, own = self.base.arrays["near_key"], self.base.arrays["near_owner"]
        if self.delta.near:
            key, own = key.copy(), own.copy()
        for kind, (places, new_key, new_own) in self.delta.near.items():
            key[kind, places], own[kind, places] = new_key, new_own
        return key, own

    @cached_property
    def status_all(self) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
        """Status, and whether present without a walk, shape (checks, neighbourhoods)."""
        status, held = self.base.arrays["status"], self.base.arrays["held"]
        if self.delta.status:
            status, held = status.copy(), held.copy()
        for check, (new_status, new_held) in self.delta.status.items():
            status[check], held[check] = new_status, new_held
        return status, held

    @cached_property
    def inside_count(self) -> npt.NDArray[np.int32]:
        """Facilities inside the parcel, shape (kinds, neighbourhoods)."""
        count = self.base.arrays["inside_count"]
        if self.delta.inside:
            count = count.copy()
        for place, kind, more in self.delta.inside:
            count[kind, place] += more
        return count

    @cached_property
    def facility_of(self) -> Longs:
        """Row of the facility of each entrance, the added ones last."""
        known = self.base.arrays["entrance_facility"].astype(np.int64)
        return np.append(known, self.base.facility_count + np.arange(len(self.plan.added)))

    @cached_property
    def facility_ids(self) -> npt.NDArray[np.object_]:
        """Id of each facility of the base, then of the added ones."""
        known = self.base.frame("facilities").index.to_numpy(dtype=object)
        return np.append(known, np.array([f.id for f in added_in_order(self.plan)], dtype=object))

    def pairs_of(self, kind: int) -> tuple[Longs, Longs, Longs]:
        """Neighbourhoods and entrances of one kind that they reach, and keys of the walks."""
        base, pairs, known = self.base, self.delta.pairs, self.base.known_pairs
        rows = base.pair_rows(kind)
        at = np.searchsorted(rows, pairs.gone)
        at = at[at < len(rows)][rows[at[at < len(rows)]] == pairs.gone[at < len(rows)]]
        rows = np.delete(rows, at)
        new = self._of_kind(kind)[self.facility_of[pairs.entrance]]
        return (
            np.concatenate([known.place[rows], pairs.place[new]]),
            np.concatenate([known.entrance[rows], pairs.entrance[new]]),
            np.concatenate([known.key[rows], pairs.key[new]]),
        )

    def _of_kind(self, kind: int) -> npt.NDArray[np.bool_]:
        """Which facilities are of a kind, the added ones last."""
        names = self.base.facts.kinds
        new = [one.kind == names[kind] for one in added_in_order(self.plan)]
        return np.append(self.base.known_facilities.of_kind[kind], np.array(new, dtype=bool))

    def heads(self, column: str) -> npt.NDArray[np.float64]:
        """Persons or households by neighbourhood, NaN where unknown."""
        if column == "persons" and self.delta.persons is not None:
            return self.delta.persons
        return self.base.heads[column]

    # -- coverage and heat ------------------------------------------------------------------------

    @cached_property
    def coverage(self) -> pd.DataFrame:
        """Changed rows of ``results.coverage`` of the whole city."""
        base, delta = self.base, self.delta
        rows = set(delta.status) | {
            check for kind in delta.homes for check in base.checks.of_kind(kind)
        }
        if delta.persons is not None or delta.walked is not None:
            rows = set(range(len(base.checks.kind)))
        return changed_coverage(self, np.array(sorted(rows), dtype=np.int64))

    def status(self, check: int) -> npt.NDArray[np.uint8]:
        """Status of one check in every neighbourhood: 0 present, 1 missing, 2 unknown."""
        new = self.delta.status.get(check)
        return self.base.arrays["status"][check] if new is None else new[0]

    def held(self, check: int) -> npt.NDArray[np.bool_]:
        """Whether a kind is present without a walk, in every neighbourhood."""
        new = self.delta.status.get(check)
        return self.base.arrays["held"][check] if new is None else new[1]

    def home_key(self, kind: int) -> Longs:
        """Key of the nearest facility of a kind from every building."""
        key = self.base.arrays["home_key"][kind]
        if kind in self.delta.homes:
            homes, new = self.delta.homes[kind]
            key = key.copy()
            key[homes] = new
        return key

    @cached_property
    def access(self) -> pd.DataFrame:
        """Changed rows of ``results.access``: what each neighbourhood gets of shared capacity."""
        return changed_access(self)

    @cached_property
    def priority(self) -> pd.DataFrame:
        """Changed rows of ``results.priority``, with ``priority_before, rank_before``."""
        return changed_priority(self)

    @cached_property
    def heatmap(self) -> pd.DataFrame:
        """Changed cells of ``results.heatmap``, without geometry."""
        return changed_cells(self.base, self, self.delta)


def changed_facilities(base: ScenarioBase, plan: Plan) -> gpd.GeoDataFrame:
    """Facilities of the changed city, in the form of the city's layer."""
    frame: gpd.GeoDataFrame = base.frame("facilities")
    kept = frame.drop(index=frame.index[sorted(plan.closed)])
    new = added_in_order(plan)
    if new:
        rows = gpd.GeoDataFrame(
            {
                "kind": [f.kind for f in new],
                "capacity": [f.capacity for f in new],
                "floor_m2": [f.floor_m2 for f in new],
            },
            index=[f.id for f in new],
            geometry=[shapely.Point(f.x_m, f.y_m) for f in new],
            crs=frame.crs,
        )
        rows = conform(rows, data_dictionary().inputs["facilities"], name="facilities")
        kept = gpd.GeoDataFrame(pd.concat([kept, rows]), geometry="geometry", crs=frame.crs)
    if plan.sizes:
        kept = kept.copy()
        for id_, sizes in plan.sizes.items():
            for name, value in sizes.items():
                kept.loc[id_, name] = value
    return kept
