"""Rows of ``results.gaps`` in a changed city, written over those of the base."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.reach.arcs import split_key
from spatial.reach.kernels import FAR
from spatial.scenarios.areas import inside_pairs
from spatial.scenarios.measure import added_in_order
from spatial.scenarios.tally import MISSING, PRESENT, UNKNOWN

if TYPE_CHECKING:
    from spatial.scenarios.result import ScenarioResult
    from spatial.standards import AreaRule

__all__ = ["AREAS", "changed_rows", "values_again"]

Longs = npt.NDArray[np.int64]
AREAS: Final = ("required_m2", "supplied_m2", "short_m2")
STATUS = np.array(["present", "missing", "unknown"], dtype=object)


def changed_rows(result: ScenarioResult, rows: Longs) -> pd.DataFrame:
    """Compute rows of ``results.gaps`` again and return those that differ from the base.

    Parameters
    ----------
    result : ScenarioResult
    rows : array of int
        Positions in the base's table: neighbourhood × checks + check.
    """
    new, old = values_again(result, rows), result.base.gap_columns
    other = np.zeros(len(rows), dtype=bool)
    for name, values in new.items():
        was = old[name][rows]
        unlike = values != was
        if values.dtype.kind == "f":
            unlike &= ~(np.isnan(values) & np.isnan(was))
        other |= unlike.astype(bool)
    table = result.base.frame("gaps").iloc[rows[other]].copy()
    for name, values in new.items():
        form = "string" if values.dtype == object else "Float64"
        table[name] = pd.array(values[other], dtype=form)
    return table


def values_again(result: ScenarioResult, rows: Longs) -> dict[str, npt.NDArray[Any]]:
    """Compute what a scenario may change of some rows, by the rules of `facility_gaps`.

    Returns
    -------
    dict of array
        Column → values; NaN and None where missing.
    """
    base, checks = result.base, result.base.checks
    place, check = np.divmod(rows, len(checks.kind))
    kind = checks.kind[check]
    key, owner = result.near_all
    key, owner = key[kind, place], owner[kind, place]
    found = key < FAR
    metres, seconds = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    metres[found], seconds[found] = split_key(key[found])
    inside = (result.inside_count[kind, place] > 0) & checks.inside_counts
    facility = np.where(found, result.facility_of[owner], -1)
    _fill_inside(result, facility, kind, place, ~found & (result.inside_count[kind, place] > 0))
    status, held = (matrix[check, place] for matrix in result.status_all)
    limit_m = checks.limit_m[check]
    walk = found & (metres <= limit_m)
    basis = np.full(len(rows), None, dtype=object)
    basis[held] = "stand_in"
    basis[inside] = "inside"
    basis[walk] = "walk"
    missing = status == MISSING
    persons = result.heads("persons")
    values = {
        "status": STATUS[status],
        "nearest_facility_id": _named(result, facility),
        "nearest_m": metres,
        "nearest_s": seconds,
        "straight_m": base.gap_columns["straight_m"][rows],
        "missing_m": np.where(missing, metres - limit_m, np.nan),
        "short_persons": np.where(
            missing, persons[place], np.where(status == PRESENT, 0.0, np.nan)
        ),
        **{name: base.gap_columns[name][rows] for name in AREAS},
        "match": _matches(result, facility, kind),
        "basis": basis,
    }
    for one in result.delta.air:
        _with_straight(result, values, one, np.flatnonzero(kind == one), place)
    for rule, of in base.rule_checks:
        here = np.flatnonzero(check == of)
        if len(here) and result.shares_again(rule):
            _with_area(result, values, rule, here, place[here], status[here] != UNKNOWN)
    return values


def _fill_inside(
    result: ScenarioResult, facility: Longs, kind: Longs, place: Longs, needed: Any
) -> None:
    """Name the facility inside where nobody walks to one: of several, the first id."""
    for at in np.flatnonzero(needed).tolist():
        places, facilities = inside_pairs(result, int(kind[at]))
        held = facilities[places == place[at]]
        facility[at] = min(held.tolist(), key=lambda row: result.facility_ids[row])


def _named(result: ScenarioResult, facility: Longs) -> Any:
    names = np.full(len(facility), None, dtype=object)
    known = facility >= 0
    names[known] = result.facility_ids[facility[known]]
    return names


def _matches(result: ScenarioResult, facility: Longs, kind: Longs) -> Any:
    """How the kind of each nearest facility was known; an added one is given."""
    known = result.base.known_facilities
    match = np.full(len(facility), None, dtype=object)
    code = facility * len(result.base.facts.kinds) + kind
    at = np.minimum(np.searchsorted(known.match_code, code), max(len(known.match_code) - 1, 0))
    if len(known.match_code):
        same = (known.match_code[at] == code) & (facility >= 0)
        match[same] = known.match[at[same]]
    match[facility >= result.base.facility_count] = "given"
    return match


def _with_straight(
    result: ScenarioResult, values: dict[str, Any], kind: int, here: Longs, place: Longs
) -> None:
    """Measure again by air to the nearest facility of a kind of which one opened or closed."""
    if not len(here):
        return
    base = result.base
    open_ = base.known_facilities.of_kind[kind].copy()
    open_[sorted(result.plan.closed)] = False
    shapes = base.frame("facilities").geometry.to_numpy()[open_]
    new = [one for one in added_in_order(result.plan) if base.kind_row.get(one.kind) == kind]
    points = np.array([shapely.Point(one.x_m, one.y_m) for one in new], dtype=object)
    outlines = base.frame("neighbourhoods").geometry.to_numpy()[place[here]]
    tree = shapely.STRtree(np.concatenate([shapes, points]))
    found, metres = tree.query_nearest(outlines, return_distance=True, all_matches=False)
    straight = np.full(len(here), np.nan)
    straight[found[0]] = metres
    values["straight_m"][here] = straight


def _with_area(
    result: ScenarioResult,
    values: dict[str, Any],
    rule: AreaRule,
    here: Longs,
    place: Longs,
    told: Any,
) -> None:
    """Fill in area required and supplied: what is shared depends on everybody who shares."""
    old = bool(result.base.profile.rooms["gaps"]["old_area_relaxations"])
    heads = result.heads("households" if rule.per == "household" else "persons")
    required = heads[place] * (rule.old_m2 if old else rule.new_m2)
    supplied = np.where(told, result.supplied(rule)[place], np.nan)
    values["required_m2"][here] = required
    values["supplied_m2"][here] = supplied
    values["short_m2"][here] = np.maximum(required - supplied, 0.0)
