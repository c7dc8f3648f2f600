"""What a scenario changes, as frames that are made when they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.city.report import Note
from spatial.dictionary import conform, data_dictionary
from spatial.gaps import by_facility, coverage, facility_gaps, shared_supply
from spatial.gaps.supply import own_class
from spatial.reach.arcs import split_key
from spatial.reach.kernels import FAR
from spatial.scenarios.figures import figures_of
from spatial.scenarios.heat import changed_cells
from spatial.scenarios.measure import Delta, added_in_order
from spatial.scenarios.plan import Plan, drawn_frame
from spatial.scenarios.tally import MISSING, UNKNOWN, within
from spatial.standards import AreaRule

if TYPE_CHECKING:
    from spatial.scenarios.base import ScenarioBase

__all__ = ["ScenarioResult"]

Longs = npt.NDArray[np.int64]
FEW_KINDS: Final = 4
"""Kinds up to which the gaps are worked out one kind at a time."""
SCORES = ("must_missing", "must_checked", "gap_index")


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
    figures : mapping
        Name → ``{"before", "after"}``.
    drawn : GeoDataFrame
        What the changes put on the map.
    notes : tuple of Note
    elapsed_ms : float
        No part of the result.
    """

    def __init__(self, base: ScenarioBase, plan: Plan, delta: Delta, *, elapsed_ms: float) -> None:
        self._base, self._plan, self._delta = base, plan, delta
        self.elapsed_ms = elapsed_ms

    @property
    def notes(self) -> tuple[Note, ...]:
        """What the user should know about the changes."""
        return tuple(dict.fromkeys(self._plan.notes))

    @cached_property
    def drawn(self) -> gpd.GeoDataFrame:
        """What the changes put on the map, in the city's zone: ``op, id`` and geometry."""
        return drawn_frame(self._plan, self._base.crs)

    @cached_property
    def figures(self) -> Mapping[str, Mapping[str, float]]:
        """Sums over the city, before and after."""
        return figures_of(self._base, self._delta)

    @cached_property
    def neighbourhoods(self) -> pd.DataFrame:
        """Neighbourhoods whose scores change."""
        base, delta = self._base, self._delta
        before = base.frame("scores")
        rows = self._changed_places(must_only=True)
        counts = {
            "must_missing": np.zeros(len(rows), int),
            "must_checked": np.zeros(len(rows), int),
        }
        for check in np.flatnonzero(base.checks.must):
            new = delta.status.get(int(check))
            status = (base.arrays["status"][check] if new is None else new[0])[rows]
            counts["must_missing"] += status == MISSING
            counts["must_checked"] += status != UNKNOWN
        scores = pd.DataFrame(counts, index=before.index[rows]).astype("Int64")
        checked = scores["must_checked"].astype("Float64").replace(0, pd.NA)
        scores["gap_index"] = scores["must_missing"].astype("Float64") / checked
        scores.loc[scores["must_checked"] == 0, "must_missing"] = pd.NA
        old = before.iloc[rows].add_suffix("_before")
        table = scores.join(old)
        other = np.zeros(len(rows), dtype=bool)
        for name in SCORES:
            other |= differs(table[name], table[f"{name}_before"])
        return table[other]

    def _changed_places(self, *, must_only: bool = False) -> Longs:
        base, found = self._base, np.zeros(len(self._base.arrays["persons"]), dtype=bool)
        for check, (status, held) in self._delta.status.items():
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
        rows = self._gaps_again
        old = self._base.frame("gaps").reindex(rows.index)
        other = np.zeros(len(rows), dtype=bool)
        for name in rows.columns:
            other |= differs(rows[name], old[name])
        return rows[other]

    @cached_property
    def _gaps_again(self) -> pd.DataFrame:
        """Rows of ``results.gaps`` that may have changed, computed by the rules of gaps."""
        asked = self._asked()
        if len(asked) > FEW_KINDS:  # one table of all costs less than one of each
            everyone = np.unique(np.concatenate(list(asked.values())))
            parts = [self._rows_of(sorted(asked), everyone)]
        else:
            parts = [self._rows_of([kind], places) for kind, places in sorted(asked.items())]
        parts = [part for part in parts if len(part)]
        if not parts:
            return self._base.frame("gaps").iloc[:0]
        table = pd.concat(parts)
        return conform(table, data_dictionary().results["gaps"], name="gaps")

    def _asked(self) -> dict[int, Longs]:
        """Neighbourhoods to look at, by kind."""
        base, delta = self._base, self._delta
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
        if self._plan.persons:
            for kind in everything:
                asked.setdefault(kind, []).append(np.array(sorted(self._plan.persons)))
        for rule, places in self._shared_again.items():
            kind = base.kind_row[base.profile.catalogue.area_rules[rule].kind]
            asked.setdefault(kind, []).append(places)
        return {kind: np.unique(np.concatenate(rows)) for kind, rows in asked.items() if rows}

    def _near_by_air(self, kind: int, shapes: list[Any]) -> Longs:
        """Neighbourhoods to which a facility that opened or closed is, or was, nearest by air."""
        base = self._base
        bounds = base.arrays["bounds_m"]
        straight = base.straight(kind)
        found = np.zeros(len(bounds), dtype=bool)
        for shape in shapes:
            west, south, east, north = shapely.bounds(shape)
            apart_x = np.maximum(np.maximum(bounds[:, 0] - east, west - bounds[:, 2]), 0.0)
            apart_y = np.maximum(np.maximum(bounds[:, 1] - north, south - bounds[:, 3]), 0.0)
            found |= ~(np.hypot(apart_x, apart_y) > straight + 0.001)
        return np.flatnonzero(found)

    def _rows_of(self, rows: list[int], places: Longs) -> pd.DataFrame:
        base = self._base
        ids = {base.facts.kinds[row] for row in rows}
        catalogue = base.profile.catalogue
        only = replace(
            catalogue,
            kinds={id_: kind for id_, kind in catalogue.kinds.items() if id_ in ids},
            area_rules={},
            relaxations={name: r for name, r in catalogue.relaxations.items() if r.kind in ids},
        )
        instead = [r.instead for r in only.relaxations.values()]
        frame = self.frame.iloc[places]
        kinds = self.kinds
        of_kind = kinds[kinds["kind"].isin(ids).to_numpy(dtype=bool)]
        facilities = self.facilities.loc[of_kind["facility_id"].unique()]
        table = facility_gaps(
            replace(base.places, frame=frame),
            pd.concat([self._nearest(row, places) for row in rows], ignore_index=True),
            of_kind,
            facilities,
            replace(base.profile, catalogue=only),
            searched_m=base.facts.search_m,
            reached=self._reached(instead, frame.index) if instead else None,
            measured=frame.index[self._measured[places]],
            tells=base.tells,
        )
        for rule in catalogue.area_rules.values():
            if rule.kind in ids:
                self._with_area(table, rule)
        return table

    def _with_area(self, table: pd.DataFrame, rule: AreaRule) -> None:
        """Fill in area required and supplied: what is shared depends on everybody who shares."""
        here = (table["kind"] == rule.kind) & (table["layer"] == rule.layer)
        at = table.loc[here, "neighbourhood_id"]
        old = bool(self._base.profile.rooms["gaps"]["old_area_relaxations"])
        column = "households" if rule.per == "household" else "persons"
        heads = self.frame[column].astype("Float64").astype("float64")
        required = at.map(heads * (rule.old_m2 if old else rule.new_m2))
        known = table.loc[here, "status"] != "unknown"
        supplied = at.map(self._supplied(rule)).where(known)
        table.loc[here, "required_m2"] = required.astype("Float64")
        table.loc[here, "supplied_m2"] = supplied.astype("Float64")
        short = (required.astype("float64") - supplied.astype("float64")).clip(lower=0)
        table.loc[here, "short_m2"] = short.astype("Float64")

    @cached_property
    def _shared_again(self) -> dict[str, Longs]:
        """By area rule: neighbourhoods whose share of an area differs from the base."""
        base, delta, found = self._base, self._delta, {}
        sized = self._resized_kinds
        paired = {base.facts.kinds[kind] for kind in delta.pair_kinds}
        changed_inside = {base.facts.kinds[kind] for _, kind, _ in delta.inside}
        for name, rule in base.profile.catalogue.area_rules.items():
            if rule.kind not in base.kind_row:
                continue
            if delta.persons is None and rule.kind not in paired | sized | changed_inside:
                continue
            new, old = self._supplied(rule), base.supplied(name)
            found[name] = np.flatnonzero(differs(new, old))
        return found

    @cached_property
    def _resized_kinds(self) -> set[str]:
        ids = list(self._plan.sizes)
        kinds = self.kinds
        return set(kinds.loc[kinds["facility_id"].isin(ids), "kind"])

    def _supplied(self, rule: AreaRule) -> pd.Series:
        if rule.id not in self._supplies:
            base = self._base
            self._supplies[rule.id] = supplied_area(
                rule,
                base,
                self.frame,
                self.kinds,
                self.facilities,
                self._reached([rule.kind], None),
                self._inside(rule.kind),
            )
        return self._supplies[rule.id]

    @cached_property
    def _supplies(self) -> dict[str, pd.Series]:
        return {}

    # -- the changed tables -----------------------------------------------------------------------

    @cached_property
    def frame(self) -> gpd.GeoDataFrame:
        """Neighbourhoods of the changed city."""
        frame = self._base.frame("neighbourhoods")
        if self._delta.persons is None:
            return frame
        rows = sorted(self._plan.persons)
        persons = frame["persons"].copy()
        persons.iloc[rows] = [self._plan.persons[row] for row in rows]
        return frame.assign(persons=persons)

    @cached_property
    def facilities(self) -> gpd.GeoDataFrame:
        """Facilities of the changed city: the closed ones gone, the new ones behind the others."""
        return changed_facilities(self._base, self._plan)

    @cached_property
    def kinds(self) -> pd.DataFrame:
        """Kinds of the facilities of the changed city."""
        kinds = self._base.frame("kinds")
        closed = self._base.frame("facilities").index[sorted(self._plan.closed)]
        kept = kinds[~kinds["facility_id"].isin(closed).to_numpy(dtype=bool)]
        new = added_in_order(self._plan)
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
        known = self._base.frame("entrances").index.to_numpy(dtype=object)
        return np.append(known, np.array([f.id for f in added_in_order(self._plan)], dtype=object))

    @cached_property
    def facility_names(self) -> npt.NDArray[np.object_]:
        """Facility of each entrance, the added ones last."""
        known = self._base.frame("entrances")["facility_id"].to_numpy(dtype=object)
        return np.append(known, np.array([f.id for f in added_in_order(self._plan)], dtype=object))

    @cached_property
    def _measured(self) -> npt.NDArray[np.bool_]:
        measured = self._base.arrays["measured"]
        if self._delta.measured is None:
            return measured
        measured = measured.copy()
        measured[self._delta.measured[0]] = self._delta.measured[1]
        return measured

    def near(self, kind: int) -> tuple[Longs, npt.NDArray[np.int32]]:
        """Key and entrance of the nearest facility of a kind, of every neighbourhood."""
        key, own = self._base.arrays["near_key"][kind], self._base.arrays["near_owner"][kind]
        if kind in self._delta.near:
            places, new_key, new_own = self._delta.near[kind]
            key, own = key.copy(), own.copy()
            key[places], own[places] = new_key, new_own
        return key, own

    def _nearest(self, kind: int, places: Longs) -> pd.DataFrame:
        key, own = self.near(kind)
        places = places[key[places] < FAR]
        metres, seconds = split_key(key[places])
        return pd.DataFrame(
            {
                "origin_id": self.frame.index[places],
                "kind": self._base.facts.kinds[kind],
                "facility_id": self.facility_names[own[places]],
                "distance_m": metres,
                "time_s": seconds,
            }
        ).astype({"kind": "str", "facility_id": "str"})

    def _reached(self, kinds: list[str], places: pd.Index | None) -> pd.DataFrame:
        """Facilities of some kinds that are reached, in the order of `reached_facilities`."""
        base, delta = self._base, self._delta
        take = base.arrays.__getitem__
        place, entrance = take("pair_place"), take("pair_entrance")
        metres, seconds = take("pair_m"), take("pair_s")
        if delta.pairs_gone is not None and delta.pairs_new is not None:
            kept = ~delta.pairs_gone
            new_place, new_entrance, key = delta.pairs_new
            by = "time" if base.facts.by_time else "distance"
            new_m, new_s = split_key(key, by=by)  # type: ignore[arg-type]
            place = np.concatenate([place[kept], new_place])
            entrance = np.concatenate([entrance[kept], new_entrance])
            metres = np.concatenate([metres[kept], new_m])
            seconds = np.concatenate([seconds[kept], new_s])
        if places is not None:
            here = np.isin(place, base.frame("neighbourhoods").index.get_indexer(places))
            place, entrance, metres, seconds = (
                values[here] for values in (place, entrance, metres, seconds)
            )
        pairs = pd.DataFrame(
            {
                "neighbourhood_id": self.frame.index.to_numpy(dtype=object)[place],
                "facility_id": self.entrance_names[entrance],
                "distance_m": metres,
                "time_s": seconds,
            }
        ).astype({"neighbourhood_id": "str", "facility_id": "str"})
        of = self.kinds[self.kinds["kind"].isin(kinds).to_numpy(dtype=bool)]
        named = pd.DataFrame(
            {"entrance": self.entrance_names, "facility_id": self.facility_names}
        ).astype("str")
        entered = named.merge(of[["facility_id", "kind"]], on="facility_id")[["entrance", "kind"]]
        pairs = pairs.merge(entered.rename(columns={"entrance": "facility_id"}), on="facility_id")
        pairs = pairs.sort_values(
            ["neighbourhood_id", "facility_id", "kind"], kind="stable", ignore_index=True
        )
        entrances = pd.DataFrame(
            {"facility_id": pd.array(self.facility_names, dtype="str")},
            index=pd.Index(self.entrance_names, dtype="str"),
        )
        return by_facility(pairs, entrances)

    def _inside(self, kind: str) -> pd.DataFrame:
        """Pair neighbourhoods with the facilities of a kind inside their parcels."""
        base = self._base
        take = base.arrays.__getitem__
        row = base.kind_row[kind]
        rows = np.flatnonzero(
            (take("inside_kind") == row)
            & ~np.isin(take("inside_facility"), sorted(self._plan.closed))
        )
        place = take("inside_place")[rows].tolist()
        ids = base.frame("facilities").index[take("inside_facility")[rows]].tolist()
        for facility in added_in_order(self._plan):
            if facility.kind == kind:
                x, y = shapely.Point(facility.x_m, facility.y_m).coords[0]
                outlines = base.frame("neighbourhoods").geometry
                near = [p for p, k, more in self._delta.inside if k == row and more > 0]
                for p in near:
                    if outlines.iloc[p].intersects(shapely.Point(x, y)):
                        place.append(p)
                        ids.append(facility.id)
        return pd.DataFrame(
            {
                "neighbourhood_id": base.frame("neighbourhoods").index[place],
                "facility_id": pd.array(ids, dtype="str"),
                "kind": kind,
            }
        ).drop_duplicates()

    # -- coverage and heat ------------------------------------------------------------------------

    @cached_property
    def coverage(self) -> pd.DataFrame:
        """Changed rows of ``results.coverage`` of the whole city."""
        base, delta = self._base, self._delta
        rows = set(delta.status) | {
            check for kind in delta.homes for check in base.checks.of_kind(kind)
        }
        if delta.persons is not None or delta.walked is not None:
            rows = set(range(len(base.checks.kind)))
        if not rows:
            return _with_before(base.frame("coverage").iloc[:0], base.frame("coverage"))
        order = sorted(rows)
        ids, count = base.frame("neighbourhoods").index, len(base.checks.kind)
        at = (np.arange(len(ids))[:, None] * count + np.array(order)).ravel()
        table = (
            base.frame("gaps")
            .iloc[at][["neighbourhood_id", "kind", "layer", "status", "limit_m", "basis"]]
            .copy()
        )
        self._write_status(table, order)
        counted = coverage(table, replace(base.places, frame=self.frame))
        counted = self._with_buildings(counted, order)
        return _with_before(counted, base.frame("coverage"))

    def _write_status(self, table: pd.DataFrame, checks: list[int]) -> None:
        names = np.array(["present", "missing", "unknown"], dtype=object)
        status = np.stack([self.status(check) for check in checks], axis=1)
        table["status"] = names[status.ravel()]
        table["status"] = table["status"].astype("string")

    def status(self, check: int) -> npt.NDArray[np.uint8]:
        """Status of one check in every neighbourhood: 0 present, 1 missing, 2 unknown."""
        new = self._delta.status.get(check)
        return self._base.arrays["status"][check] if new is None else new[0]

    def held(self, check: int) -> npt.NDArray[np.bool_]:
        """Whether a kind is present without a walk, in every neighbourhood."""
        new = self._delta.status.get(check)
        return self._base.arrays["held"][check] if new is None else new[1]

    def home_key(self, kind: int) -> Longs:
        """Key of the nearest facility of a kind from every building."""
        key = self._base.arrays["home_key"][kind]
        if kind in self._delta.homes:
            homes, new = self._delta.homes[kind]
            key = key.copy()
            key[homes] = new
        return key

    def _with_buildings(self, counted: pd.DataFrame, checks: list[int]) -> pd.DataFrame:
        base = self._base
        at = base.arrays["home_place"]
        covered = []
        for check in checks:
            key = self.home_key(int(base.checks.kind[check]))
            near = within(key, base.checks.limit_m[check])
            status = self.status(check)
            unknown = status == UNKNOWN
            told = not (unknown.all() or (unknown.any() and not (key < FAR).any()))
            has = (near | self.held(check)[at]).sum()
            covered.append(float(has) if told else np.nan)
        names = [
            f"city:{base.checks.kind_id[check]}:{base.checks.layer[check]}" for check in checks
        ]
        filled = counted.loc[names].assign(
            buildings=len(at), buildings_covered=pd.array(covered, dtype="Float64")
        )
        return conform(filled, data_dictionary().results["coverage"], name="coverage")

    @cached_property
    def heatmap(self) -> pd.DataFrame:
        """Changed cells of ``results.heatmap``, without geometry."""
        return changed_cells(self._base, self, self._delta)


def _with_before(rows: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    old = before.reindex(rows.index)
    names = [name for name in rows.columns if name not in {"area", "kind", "layer"}]
    other = np.zeros(len(rows), dtype=bool)
    for name in names:
        other |= differs(rows[name], old[name])
    return rows.join(old[names].add_suffix("_before"))[other]


def supplied_area(
    rule: AreaRule,
    base: ScenarioBase,
    frame: gpd.GeoDataFrame,
    kinds: pd.DataFrame,
    facilities: gpd.GeoDataFrame,
    reached: pd.DataFrame,
    inside: pd.DataFrame,
) -> pd.Series:
    """Area of a rule's kind that each neighbourhood has, as `facility_gaps` shares it."""
    from spatial.standards import facility_area_m2  # noqa: PLC0415

    catalogue = base.profile.catalogue
    area = (
        facility_area_m2(facilities)
        if rule.area == "land"
        else facilities["floor_m2"].astype("Float64").astype("float64")
    )
    limit = catalogue.limit_m(rule.layer, rule.kind)
    pairs = reached[(reached["kind"] == rule.kind) & (reached["distance_m"] <= limit)]
    if base.profile.rooms["gaps"]["inside_counts"]:
        pairs = pd.concat([pairs, inside], ignore_index=True)
    classes = own_class(kinds, catalogue)
    own = classes.loc[classes["kind"] == rule.kind, "facility_id"]
    pairs = pairs[pairs["facility_id"].isin(own)]
    pairs = pairs.drop_duplicates(["neighbourhood_id", "facility_id"])
    column = "households" if rule.per == "household" else "persons"
    return shared_supply(pairs, frame[column], area)


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


def differs(new: pd.Series, old: pd.Series) -> npt.NDArray[np.bool_]:
    """Whether two columns differ, row by row; missing equals missing."""
    gone, was = new.isna().to_numpy(dtype=bool), old.isna().to_numpy(dtype=bool)
    same = np.zeros(len(new), dtype=bool)
    both = ~gone & ~was
    same[both] = np.asarray(new.array[both] == old.array[both], dtype=bool)
    return ~(same | (gone & was))
