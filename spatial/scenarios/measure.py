"""Apply a plan to the live reach, and read again only what it touched."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely

from spatial.network.edits import moved_points
from spatial.reach.arcs import place_points, split_key
from spatial.scenarios.live import LiveReach, Touched
from spatial.scenarios.pairs import PairChange, changed_pairs, look_before
from spatial.scenarios.tally import (
    held_without_walk,
    stand_in_counts,
    status_of,
    within,
)

if TYPE_CHECKING:
    from spatial.network import Attachments
    from spatial.scenarios.base import ScenarioBase
    from spatial.scenarios.plan import NewFacility, Plan

__all__ = ["Delta", "added_in_order", "between", "measure", "nearest_only"]

Longs = npt.NDArray[np.int64]
Ints = npt.NDArray[np.int32]
Arrays = dict[str, npt.NDArray[Any]]


@dataclass(slots=True, eq=False)
class Delta:
    """What differs from the base; whatever is not named here is as it was."""

    near: dict[int, tuple[Longs, Longs, Ints]] = field(default_factory=dict)
    """By kind: neighbourhoods, key and entrance of their nearest facility."""
    homes: dict[int, tuple[Longs, Longs]] = field(default_factory=dict)
    """By kind: buildings and the key of their nearest facility."""
    inside: list[tuple[int, int, int]] = field(default_factory=list)
    """Neighbourhood, kind, and one more or less inside its parcel."""
    air: dict[int, list[shapely.Point | shapely.Geometry]] = field(default_factory=dict)
    """By kind: places of facilities that opened or closed (for the distance by air)."""
    measured: tuple[Longs, npt.NDArray[np.bool_]] | None = None
    walked: tuple[Longs, npt.NDArray[np.bool_]] | None = None
    pairs: PairChange = field(default_factory=PairChange)
    """Which entrances are reached within the limit of the life circles."""
    pair_kinds: frozenset[int] = frozenset()
    """Kinds of which a pair differs."""
    stand_ins: npt.NDArray[np.int32] | None = None
    status: dict[int, tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]] = field(
        default_factory=dict
    )
    """By check: status and held of all neighbourhoods, where any may differ."""
    persons: npt.NDArray[np.float64] | None = None
    alive: npt.NDArray[np.bool_] | None = None
    """Kinds of the entrances that were added, shape (k, added)."""


def entrance_rows(base: ScenarioBase, facility: int) -> Longs:
    """Rows of the entrances of a facility of the base."""
    return np.flatnonzero(base.arrays["entrance_facility"] == facility)


def measure(base: ScenarioBase, plan: Plan) -> Delta:
    """Apply a plan and read what it touches. The caller undoes it."""
    live, delta = base.live, Delta()
    gone = _close(base, plan, live, delta)
    before = None if plan.patch is None else look_before(base, live, plan.patch)
    if plan.patch is not None:
        live.apply_patch(plan.patch)
    new = _open(base, plan, live, delta)
    left = _gates(base, plan, live, delta)
    homes = _ways(base, plan, live, delta)
    reach = live.mend()
    _read_again(base, live, reach, (left, homes), delta)
    delta.pairs = changed_pairs(base, live, before, gone=gone, new=new, left=left)
    _count_stand_ins(base, plan, delta)
    _count_inside(base, plan, delta)
    if plan.persons:
        delta.persons = base.arrays["persons"].copy()
        delta.persons[list(plan.persons)] = list(plan.persons.values())
    _decide(base, delta)
    return delta


def nearest_only(base: ScenarioBase, plan: Plan, kind: int, place: int) -> int:
    """Apply a plan and read one answer: the key of one neighbourhood's walk to one kind.

    The caller undoes it. Only the labels of that kind are mended.
    """
    live, delta = base.live, Delta()
    _close(base, plan, live, delta)
    if plan.patch is not None:
        live.apply_patch(plan.patch)
    _open(base, plan, live, delta)
    _gates(base, plan, live, delta)
    live.mend([kind])
    found = live.nearest_of_places({kind: np.array([place], dtype=np.int64)})
    return int(found[kind][0][0])


def _close(base: ScenarioBase, plan: Plan, live: LiveReach, delta: Delta) -> Longs:
    rows = [entrance_rows(base, facility) for facility in sorted(plan.closed)]
    gone = np.concatenate(rows) if rows else np.empty(0, dtype=np.int64)
    kinds = base.frame("kinds")
    ids = base.frame("facilities").index
    for row in gone.tolist():
        live.close_facility(row)
    for facility in sorted(plan.closed):
        of = kinds.loc[(kinds["facility_id"] == ids[facility]).to_numpy(dtype=bool), "kind"]
        shape = base.frame("facilities").geometry.iloc[facility]
        for kind in of:
            if kind in base.kind_row:
                delta.air.setdefault(base.kind_row[kind], []).append(shape)
    return gone


def _open(base: ScenarioBase, plan: Plan, live: LiveReach, delta: Delta) -> list[int]:
    added = sorted(plan.added.values(), key=lambda facility: facility.id)
    rows = []
    ranks = between(base.arrays["sorted_entrances"], [facility.id for facility in added])
    orders = between(base.arrays["sorted_facilities"], [facility.id for facility in added])
    for facility, rank, order in zip(added, ranks, orders, strict=True):
        kind = base.kind_row.get(facility.kind)
        kinds = [] if kind is None else [kind]
        place = placed(base, plan, facility.entry)
        rows.append(live.add_facility(place, kinds, rank=rank, place_rank=order))
        if kind is not None:
            delta.air.setdefault(kind, []).append(shapely.Point(facility.x_m, facility.y_m))
    return rows


def added_in_order(plan: Plan) -> list[NewFacility]:
    """Return the added facilities in the order of their rows."""
    return sorted(plan.added.values(), key=lambda facility: facility.id)


def between(known: npt.NDArray[np.str_], new: list[str]) -> list[float]:
    """Ranks of new ids (sorted) among known ones: between those of their neighbours."""
    place = np.searchsorted(known, np.array(new, dtype=str)) if new else np.empty(0, int)
    ranks, last, run = [], -1, 0
    for at in place.tolist():
        run = run + 1 if at == last else 1
        last = at
        ranks.append(at - 1 + run / (len(new) + 1))
    return ranks


def placed(base: ScenarioBase, plan: Plan, entry: Attachments) -> tuple[int, int, int]:
    """Edge, offset and key of the entry of one point, on the network as it is now."""
    points = place_points(base.network, moved_points(entry, plan.patch))
    return int(points.edge[0]), int(points.offset_mm[0]), int(points.entry_key[0])


def _gates(base: ScenarioBase, plan: Plan, live: LiveReach, delta: Delta) -> Longs:
    """Close and open gates; return the neighbourhoods whose walks begin elsewhere now."""
    places = set()
    for row in sorted(plan.gates_closed):
        places.add(int(live.gate_group[row]))
        live.close_gate(row)
    for gate in plan.gates_new:
        live.add_gate(placed(base, plan, gate.entry), gate.place)
        places.add(gate.place)
    places.discard(-1)
    found = np.array(sorted(places), dtype=np.int64)
    if len(found):
        rows, group = live.gates_of(found)
        on_network = np.unique(group[live.points["gate"].edge[rows] >= 0])
        delta.measured = found, np.isin(found, on_network)
    return found


def _ways(base: ScenarioBase, plan: Plan, live: LiveReach, delta: Delta) -> Longs:
    """Close and open ways out of buildings; return the buildings that are left otherwise now."""
    homes = set()
    for row in sorted(plan.ways_closed):
        homes.add(int(live.home_group[row]))
        live.close_way(row)
    for ways in plan.ways_new:
        entries = moved_points(ways.entries, plan.patch)
        points = place_points(base.network, entries)
        for row, home in enumerate(ways.home.tolist()):
            place = points.edge[row], points.offset_mm[row], points.entry_key[row]
            live.add_way((int(place[0]), int(place[1]), int(place[2])), home)
            homes.add(home)
    homes.discard(-1)
    found = np.array(sorted(homes), dtype=np.int64)
    if len(found):
        rows, group = live.ways_of(found)
        on_network = np.unique(group[live.points["home"].edge[rows] >= 0])
        delta.walked = found, np.isin(found, on_network)
    return found


def _read_again(
    base: ScenarioBase,
    live: LiveReach,
    reach: dict[int, Touched],
    otherwise: tuple[Longs, Longs],
    delta: Delta,
) -> None:
    """Ask again who was touched, and (for all kinds) who leaves otherwise: places, buildings."""
    everywhere, left = otherwise
    near_key, near_owner = base.arrays["near_key"], base.arrays["near_owner"]
    home_key = base.arrays["home_key"]
    none = np.empty(0, dtype=np.int64)
    every_kind = len(everywhere) or len(left)
    kinds = range(len(near_key)) if every_kind else sorted(reach)
    touched = {kind: reach.get(kind, Touched(none, none)) for kind in kinds}
    places = {kind: _joined(one.places, everywhere) for kind, one in touched.items()}
    for kind, (key, own) in live.nearest_of_places(places).items():
        rows = places[kind]
        other = (key != near_key[kind, rows]) | (own != near_owner[kind, rows])
        if other.any():
            delta.near[kind] = rows[other], key[other], own[other]
    homes = {kind: _joined(one.homes, left) for kind, one in touched.items()}
    for kind, key in live.nearest_of_homes(homes).items():
        other = key != home_key[kind, homes[kind]]
        if other.any():
            delta.homes[kind] = homes[kind][other], key[other]


def _joined(some: Longs, others: Longs) -> Longs:
    return np.union1d(some, others) if len(others) else some


def _count_stand_ins(base: ScenarioBase, plan: Plan, delta: Delta) -> None:
    """Note the kinds of which pairs differ, and count again what may stand in."""
    pairs, known = delta.pairs, base.known_pairs
    if not pairs:
        return
    added = added_in_order(plan)
    entrance_facility = base.arrays["entrance_facility"]
    of_entrance = np.append(entrance_facility, base.facility_count + np.arange(len(added)))
    of_kind = base.known_facilities.of_kind
    if added:
        new = np.array([[one.kind == kind for one in added] for kind in base.facts.kinds])
        of_kind = np.hstack([of_kind, new])
    touched = np.concatenate([known.entrance[pairs.gone], pairs.entrance])
    kinds = of_kind[:, np.unique(of_entrance[touched])].any(axis=1)
    delta.pair_kinds = frozenset(np.flatnonzero(kinds).tolist())
    if not any(instead in delta.pair_kinds for _, instead, _, _ in base.checks.stand_ins):
        return
    places = np.unique(np.concatenate([known.place[pairs.gone], pairs.place]))
    rows = np.setdiff1d(known.of_places(places), pairs.gone, assume_unique=True)
    key = np.concatenate([known.key[rows], pairs.key])
    counts = stand_in_counts(
        (
            np.searchsorted(places, np.concatenate([known.place[rows], pairs.place])),
            np.concatenate([known.entrance[rows], pairs.entrance]),
            split_key(key, by="time" if base.facts.by_time else "distance")[0],
        ),
        of_entrance,
        of_kind,
        base.checks,
        len(places),
    )
    delta.stand_ins = base.arrays["stand_in_count"].copy()
    delta.stand_ins[:, places] = counts


def _count_inside(base: ScenarioBase, plan: Plan, delta: Delta) -> None:
    take = base.arrays.__getitem__
    if plan.closed:
        rows = np.flatnonzero(np.isin(take("inside_facility"), sorted(plan.closed)))
        pairs = zip(take("inside_place")[rows], take("inside_kind")[rows], strict=True)
        delta.inside += [(int(place), int(kind), -1) for place, kind in pairs]
    bounds = take("bounds_m")
    for facility in added_in_order(plan):
        kind = base.kind_row.get(facility.kind)
        if kind is None:
            continue
        x, y = facility.x_m, facility.y_m
        near = np.flatnonzero(
            (bounds[:, 0] <= x) & (bounds[:, 1] <= y) & (bounds[:, 2] >= x) & (bounds[:, 3] >= y)
        )
        outlines = base.frame("neighbourhoods").geometry.to_numpy()[near]
        held = near[shapely.intersects(outlines, shapely.Point(x, y))]
        delta.inside += [(int(place), kind, 1) for place in held]


def _decide(base: ScenarioBase, delta: Delta) -> None:
    """Decide again every check that anything here may touch."""
    take, checks = base.arrays.__getitem__, base.checks
    kinds = set(delta.near) | {kind for _, kind, _ in delta.inside}
    rows = {check for kind in kinds for check in checks.of_kind(kind)}
    if delta.stand_ins is not None:
        rows |= {
            of
            for row, (of, *_) in enumerate(checks.stand_ins)
            if (delta.stand_ins[row] != take("stand_in_count")[row]).any()
        }
    if delta.measured is not None:
        rows = set(range(len(checks.kind)))
    measured = take("measured")
    if delta.measured is not None:
        measured = measured.copy()
        measured[delta.measured[0]] = delta.measured[1]
    counts = take("stand_in_count") if delta.stand_ins is None else delta.stand_ins
    inside = take("inside_count")
    if delta.inside:
        inside = inside.copy()
        for place, kind, more in delta.inside:
            inside[kind, place] += more
    for check in sorted(rows):
        kind = int(checks.kind[check])
        key = take("near_key")[kind]
        if kind in delta.near:
            key = key.copy()
            key[delta.near[kind][0]] = delta.near[kind][1]
        status, held = status_of(
            within(key, checks.limit_m[check]),
            held_without_walk(checks, check, inside, counts),
            tells=bool(take("tells")[check]),
            measured=measured,
        )
        if (status != take("status")[check]).any() or (held != take("held")[check]).any():
            delta.status[check] = status, held
