"""What every neighbourhood and building has, as small whole numbers that are quickly counted again.

The rules are those of :mod:`spatial.gaps`, for arrays in place of frames; tests hold the two
together row by row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.gaps.heatmap import people_by_cell
from spatial.gaps.shortfall import facilities_inside
from spatial.reach.arcs import By, split_key
from spatial.reach.kernels import FAR
from spatial.standards import Profile
from spatial.units import MM_PER_M

if TYPE_CHECKING:
    from spatial.city.model import City
    from spatial.scenarios.base import ScenarioBase

__all__ = ["MISSING", "PRESENT", "UNKNOWN", "Checks", "home_status", "lay_out_tallies", "status_of"]

PRESENT: Final = 0
MISSING: Final = 1
UNKNOWN: Final = 2

Longs = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Checks:
    """What is checked; row i of every field is one kind at one layer."""

    kind: Longs  # row of the kinds
    kind_id: tuple[str, ...]
    layer: tuple[str, ...]
    limit_m: npt.NDArray[np.float64]
    must: Bools
    stand_ins: tuple[tuple[int, int, float, int], ...]
    """(check, kind that stands in, within metres, how many), row by row of the stand-in counts."""
    inside_counts: bool

    @classmethod
    def of(cls, profile: Profile, kinds: tuple[str, ...]) -> Checks:
        """Read the checks of a profile, in the catalogue's order."""
        catalogue, rules = profile.catalogue, profile.rooms["gaps"]
        rows = [(kind.id, layer, need) for kind, layer, need in catalogue.checks()]
        place = {(kind, layer): number for number, (kind, layer, _) in enumerate(rows)}
        known = {kind: number for number, kind in enumerate(kinds)}
        stand_ins = tuple(
            (
                place[r.kind, r.layer],
                known.get(r.instead, -1),
                float(catalogue.limit_m(r.within)),
                r.count,
            )
            for r in catalogue.relaxations.values()
            if (r.kind, r.layer) in place and rules["old_area_relaxations"]
        )
        return cls(
            kind=np.array([known[kind] for kind, _, _ in rows], dtype=np.int64),
            kind_id=tuple(kind for kind, _, _ in rows),
            layer=tuple(layer for _, layer, _ in rows),
            limit_m=np.array([catalogue.limit_m(layer, kind) for kind, layer, _ in rows]),
            must=np.array([need == "must" for _, _, need in rows]),
            stand_ins=stand_ins,
            inside_counts=bool(rules["inside_counts"]),
        )

    def of_kind(self, kind: int) -> list[int]:
        """Rows that check one kind."""
        return [int(row) for row in np.flatnonzero(self.kind == kind)]


def within(key: Longs, limit_m: float) -> Bools:
    """Whether walks end within a limit, inclusive."""
    return (key < FAR) & ((key >> 32) / MM_PER_M <= limit_m)


def status_of(walk: Bools, held: Bools, *, tells: bool, measured: Bools) -> tuple[Bytes, Bools]:
    """Status of a check, and whether it is present without a walk.

    Parameters
    ----------
    walk, held : array of bool
        Within the limit on foot; inside the parcel or stood in for.
    tells : bool
        Whether the absence of the kind means anything.
    measured : array of bool
        Whether anybody could walk from there.
    """
    absent = np.where(measured & tells, MISSING, UNKNOWN)
    status = np.where(walk | held, PRESENT, absent).astype(np.uint8)
    return status, held & ~walk


def meaningful(status: Bytes) -> bool:
    """Whether a building that walks too far misses the kind, where its neighbourhood has it."""
    return bool((status == MISSING).any() or (status != UNKNOWN).all())


def home_status(
    near: Bools, place_status: Bytes, place_held: Bools, walked: Bools, *, means: bool
) -> Bytes:
    """Status of buildings; `place_…` is that of the neighbourhood of each."""
    far = np.where(place_status == PRESENT, MISSING if means else UNKNOWN, place_status)
    status = np.where(near | place_held, PRESENT, far)
    return np.where(~walked & ~place_held, UNKNOWN, status).astype(np.uint8)


def lay_out_tallies(
    base: ScenarioBase, tells: pd.Series, measured: Bools, walked: Bools, city: City
) -> Arrays:
    """Compute from the labels what every neighbourhood and building has.

    Parameters
    ----------
    base : ScenarioBase
        With its arrays of reach laid out.
    tells : Series of bool
        On (kind, layer), of `absence_tells`.
    measured, walked : array of bool
        Neighbourhoods and buildings that are on the network.
    city : City
        Its buildings say where people live.
    """
    live, kinds = base.live, base.facts.kinds
    frame, facilities = base.frame("neighbourhoods"), base.frame("facilities")
    checks = Checks.of(base.profile, kinds)
    n, b = len(frame), len(base.frame("homes"))
    near_key = np.full((len(kinds), n), FAR, dtype=np.int64)
    near_owner = np.full((len(kinds), n), -1, dtype=np.int32)
    home_key = np.full((len(kinds), b), FAR, dtype=np.int64)
    every = range(len(kinds))
    for kind, (key, own) in live.nearest_of_places(dict.fromkeys(every, np.arange(n))).items():
        near_key[kind], near_owner[kind] = key, own
    for kind, key in live.nearest_of_homes(dict.fromkeys(every, np.arange(b))).items():
        home_key[kind] = key
    inside = facilities_inside(frame, facilities, base.frame("kinds"))
    inside = inside[inside["kind"].isin(kinds)]
    inside_place = frame.index.get_indexer(inside["neighbourhood_id"])
    inside_kind = pd.Index(kinds).get_indexer(inside["kind"])
    inside_count = np.zeros((len(kinds), n), dtype=np.int32)
    np.add.at(inside_count, (inside_kind, inside_place), 1)
    arrays: Arrays = {
        "near_key": near_key,
        "near_owner": near_owner,
        "home_key": home_key,
        "inside_place": inside_place.astype(np.int32),
        "inside_kind": inside_kind.astype(np.int32),
        "inside_facility": facilities.index.get_indexer(inside["facility_id"]).astype(np.int32),
        "inside_count": inside_count,
        "persons": _persons(frame),
        "measured": measured,
        "walked": walked,
        "tells": tells.to_numpy(dtype=bool),
        "home_place": frame.index.get_indexer(base.frame("homes")["neighbourhood_id"]).astype(
            np.int32
        ),
        "bounds_m": frame.bounds.to_numpy(dtype=float),
    }
    base.arrays.update(arrays)
    arrays["stand_in_count"] = _stand_ins(base, checks)
    status = np.empty((len(checks.kind), n), dtype=np.uint8)
    held = np.zeros(status.shape, dtype=bool)
    homes = np.empty((len(checks.kind), b), dtype=np.uint8)
    for check, kind in enumerate(checks.kind):
        without = held_without_walk(checks, check, inside_count, arrays["stand_in_count"])
        status[check], held[check] = status_of(
            within(near_key[kind], checks.limit_m[check]),
            without,
            tells=bool(arrays["tells"][check]),
            measured=measured,
        )
        at = arrays["home_place"]
        homes[check] = home_status(
            within(home_key[kind], checks.limit_m[check]),
            status[check][at],
            held[check][at],
            walked,
            means=meaningful(status[check]),
        )
    arrays |= {"status": status, "held": held, "home_status": homes}
    cell_m = base.profile.rooms["gaps"]["heatmap_cell_m"]
    lived = people_by_cell(
        base.places, city, base.profile.rooms["neighbourhoods"], cell_m, base.frame("homes").index
    )
    arrays |= {
        f"lived_{name}": lived[name].to_numpy() for name in ("x", "y", "row", "part", "truth")
    }
    return arrays


def held_without_walk(
    checks: Checks, check: int, inside_count: npt.NDArray[Any], stand_in_count: npt.NDArray[Any]
) -> Bools:
    """Whether a kind is inside the parcel, or stood in for (for all places of the counts)."""
    held = np.zeros(inside_count.shape[1], dtype=bool)
    if checks.inside_counts:
        held |= inside_count[checks.kind[check]] > 0
    for row, (of, _, _, count) in enumerate(checks.stand_ins):
        if of == check:
            held |= stand_in_count[row] >= count
    return held


def stand_in_counts(
    pairs: tuple[Longs, Longs, npt.NDArray[np.float64]],
    facility_of: npt.NDArray[Any],
    of_kind: npt.NDArray[np.bool_],
    checks: Checks,
    places: int,
) -> npt.NDArray[np.int32]:
    """Count by place the facilities that may stand in, one row for each way to stand in.

    `pairs` are places, entrances and metres; `facility_of` gives the facility of an entrance, and
    `of_kind` which facility is of which kind.
    """
    place, entrance, metres = pairs
    counts = np.zeros((len(checks.stand_ins), places), dtype=np.int32)
    for row, (_, instead, limit_m, _) in enumerate(checks.stand_ins):
        if instead < 0:
            continue
        near = (metres <= limit_m) & of_kind[instead][facility_of[entrance]]
        width = int(facility_of.max(initial=0)) + 1
        code = np.unique(place[near].astype(np.int64) * width + facility_of[entrance[near]])
        counts[row] = np.bincount(code // width, minlength=places)
    return counts


def _stand_ins(base: ScenarioBase, checks: Checks) -> npt.NDArray[np.int32]:
    take = base.arrays.__getitem__
    pairs = base.known_pairs
    by: By = "time" if base.facts.by_time else "distance"
    return stand_in_counts(
        (pairs.place, pairs.entrance, split_key(pairs.key, by=by)[0]),
        take("entrance_facility"),
        base.known_facilities.of_kind,
        checks,
        len(base.frame("neighbourhoods")),
    )


def _persons(frame: pd.DataFrame) -> npt.NDArray[np.float64]:
    return frame["persons"].astype("Float64").astype("float64").to_numpy(na_value=np.nan)
