"""Random towns and random rules of districts, as plain values, and the same as the engine's frames.

Streets of bent blocks with holes, islands and barriers; unknown sizes, offices and walks; blocks
that are above a maximum alone; rules that mostly can hold and sometimes clash.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.city.neighbourhoods.model import Neighbourhoods
from spatial.districting.pooling import Pooling
from spatial.districting.rules import DistrictRules, Weights
from spatial.plans import Ground, PlanRules, ground_of

__all__ = ["Town", "ground_of_town", "plan_rules", "pooling_of", "random_rules", "random_town"]

BARRIERS = ("none", "wall", "minor_road", "main_road", "railway", "river")
Point = tuple[float, float]


@dataclass(frozen=True)
class Town:
    """A town as plain values, by id; what is not known is None."""

    ids: tuple[str, ...]
    corners: dict[str, tuple[Point, ...]]
    households: dict[str, float | None]
    persons: dict[str, float | None]
    area_m2: dict[str, float]
    office: dict[str, str | None]
    eligible: dict[str, bool]
    links: tuple[tuple[str, str, str, float | None], ...]  # a, b, barrier, walk_m

    def frames(self) -> tuple[Neighbourhoods, pd.DataFrame, pd.Series]:
        """Neighbourhoods, adjacency and who may join, as the engine reads them."""
        ids = pd.Index(self.ids, name="id")
        shapes = [shapely.Polygon(self.corners[key]) for key in self.ids]
        frame = gpd.GeoDataFrame(
            {
                "name": pd.array([f"{key}小区" for key in self.ids], dtype="string"),
                "households": pd.array(_column(self.households, self.ids), dtype="Float64"),
                "persons": pd.array(_column(self.persons, self.ids), dtype="Float64"),
                "area_m2": [self.area_m2[key] for key in self.ids],
                "subdistrict": pd.array(_column(self.office, self.ids), dtype="string"),
                "eligibility": [
                    "eligible" if self.eligible[key] else "ineligible" for key in self.ids
                ],
            },
            geometry=shapes,
            index=ids,
            crs=4547,
        )
        cells = gpd.GeoDataFrame(geometry=shapes, index=ids, crs=4547)
        gates = gpd.GeoDataFrame(geometry=[], crs=4547)
        adjacency = pd.DataFrame(self.links, columns=["a", "b", "barrier", "walk_m"])
        adjacency["barrier"] = adjacency["barrier"].astype("string")
        adjacency["walk_m"] = adjacency["walk_m"].astype("Float64")
        eligible = pd.Series(_column(self.eligible, self.ids), index=ids, dtype="boolean")
        places = Neighbourhoods(frame, cells, gates, pd.Series(dtype="string"))
        return places, adjacency, eligible


def _column(values: dict[str, Any], ids: tuple[str, ...]) -> list[Any]:
    return [pd.NA if values[key] is None else values[key] for key in ids]


def random_town(rng: random.Random, *, most: int = 6) -> Town:
    """Make a town of 1 to `most` × `most` blocks."""
    columns, rows = rng.randint(1, most), rng.randint(1, most)
    side_m = rng.uniform(110.0, 260.0)
    bent = rng.uniform(0.0, 0.3) * side_m
    corner = {
        (c, r): (c * side_m + rng.uniform(-bent, bent), r * side_m + rng.uniform(-bent, bent))
        for c in range(columns + 1)
        for r in range(rows + 1)
    }
    holes = rng.choice((0.0, 0.0, 0.1, 0.25))
    places = [(c, r) for c in range(columns) for r in range(rows) if rng.random() >= holes]
    places = places or [(0, 0)]
    name = {place: f"n{number:03d}" for number, place in enumerate(places)}
    ids = tuple(name.values())
    barred, blind = rng.choice((0.0, 0.2, 0.5)), rng.choice((0.0, 0.15))
    across = rng.choice((0.0, 0.1))
    links = []
    for (c, r), key in name.items():
        steps = [((c + 1, r), 0.95), ((c, r + 1), 0.95), ((c + 1, r + 1), across)]
        for other, chance in [*steps, ((c + 1, r - 1), across)]:
            if other in name and rng.random() < chance:
                barrier = rng.choice(BARRIERS[1:]) if rng.random() < barred else "none"
                walk = None if rng.random() < 0.2 else round(rng.uniform(10.0, 450.0), 1)
                ends = [key, name[other]]
                rng.shuffle(ends)
                links.append((ends[0], ends[1], barrier, walk))
    rng.shuffle(links)
    offices = ["甲街道", "乙街道", "丙街道"][: rng.randint(1, 3)]
    office_m = rng.uniform(1.0, 3.0)
    nobody_counted = rng.random() < 0.05
    corners = {
        key: (corner[c, r], corner[c + 1, r], corner[c + 1, r + 1], corner[c, r + 1])
        for (c, r), key in name.items()
    }
    households: dict[str, float | None] = {}
    for key in ids:
        size = float(rng.randint(5000, 9000) if rng.random() < 0.04 else rng.randint(50, 1500))
        households[key] = None if nobody_counted or rng.random() < blind else size
    return Town(
        ids=ids,
        corners=corners,
        households=households,
        persons={key: None if rng.random() < blind else rng.uniform(50, 4000) for key in ids},
        area_m2={key: rng.uniform(2_000, 60_000) for key in ids},
        office={
            key: None if rng.random() < 0.1 else offices[int(c / office_m) % len(offices)]
            for (c, _), key in name.items()
        },
        eligible={key: rng.random() >= 0.1 for key in ids},
        links=tuple(links),
    )


def random_rules(rng: random.Random, town: Town) -> DistrictRules:
    """Make rules; those about neighbourhoods mostly, but not always, can hold."""
    limits: dict[str, dict[str, float]] = {"maximum": {}, "minimum": {}}
    scale = {"households": 700.0, "persons": 1800.0, "area_m2": 30_000.0, "members": 1.0}
    for amount, one in scale.items():
        least, most = sorted((rng.uniform(1.0, 4.0), rng.uniform(2.0, 9.0)))
        if amount == "members":
            least, most = float(int(least)), float(int(most))
        if rng.random() < 0.5:
            limits["maximum"][amount] = round(most * one, 1)
        if rng.random() < 0.25:
            limits["minimum"][amount] = round(least * one, 1)
    parts = {"sharing", "compactness", "balance"}
    weights = {part: rng.choice((0.0, 0.0, 1.0)) for part in sorted(parts)}
    near: dict[str, list[str]] = {key: [] for key in town.ids}
    for a, b, _, _ in town.links:
        near[a].append(b)
        near[b].append(a)
    locks, closed = _locks(rng, near)
    return DistrictRules(
        max_distance_m=rng.uniform(250.0, 1200.0),
        distance_basis=rng.choice(("straight", "straight", "walking")),
        max_link_walk_m=rng.choice((None, None, 300.0)),
        detour_factor=rng.uniform(1.0, 1.6),
        same_subdistrict=rng.random() < 0.5,
        cut_barriers=tuple(b for b in BARRIERS[1:] if rng.random() < 0.5),
        keep_below_minimum=rng.random() < 0.5,
        weights=Weights(
            needs=rng.uniform(0, 2),
            nearness=rng.uniform(0, 2),
            district=rng.uniform(0.2, 2),
            shortfall=rng.uniform(0, 2),
            **weights,
        ),
        locks=locks,
        closed=closed,
        must_join=tuple(_grown(rng, near, 3) for _ in range(rng.choice((0, 0, 0, 1, 2)))),
        must_not_join=tuple(
            (group[0], group[-1])
            for group in (_grown(rng, near, 3) for _ in range(rng.choice((0, 0, 1, 3))))
            if group[0] != group[-1]
        ),
        **limits,
    )


def _locks(
    rng: random.Random, near: dict[str, list[str]]
) -> tuple[dict[str, str | None], frozenset[str]]:
    locks: dict[str, str | None] = {}
    for number in range(rng.choice((0, 0, 0, 0, 1, 2))):
        for key in _grown(rng, near, 3):
            locks.setdefault(key, f"片{number}")
    if rng.random() < 0.15:
        locks.setdefault(rng.choice(sorted(near)), None)
    labels = sorted({label for label in locks.values() if label is not None})
    return locks, frozenset(label for label in labels if rng.random() < 0.3)


def _grown(rng: random.Random, near: dict[str, list[str]], most: int) -> tuple[str, ...]:
    """Return a few neighbourhoods, each linked to one before; now and then any two."""
    found = [rng.choice(sorted(near))]
    for _ in range(rng.randint(1, most - 1)):
        around = [key for one in found for key in near[one] if key not in found]
        if rng.random() < 0.03:
            around = [key for key in near if key not in found]
        if around:
            found.append(rng.choice(around))
    return tuple(found)


def pooling_of(rng: random.Random, town: Town) -> Pooling:
    """Return a few offers between linked neighbourhoods, by row."""
    row = {key: number for number, key in enumerate(town.ids)}
    ends = [(row[a], row[b]) for a, b, _, _ in town.links if rng.random() < 0.5]
    ends += [(b, a) for a, b in ends if rng.random() < 0.5]
    return Pooling(
        kinds=("library", "clinic"),
        row=np.array([a for a, _ in ends], dtype=np.int64),
        other=np.array([b for _, b in ends], dtype=np.int64),
        bits=np.array([rng.randint(1, 3) for _ in ends], dtype=np.uint64),
        persons=np.array([town.persons[key] or 0.0 for key in town.ids]),
    )


def plan_rules(rules: DistrictRules) -> PlanRules:
    """Return the rules of a plan that is drawn; distances are straight there."""
    return PlanRules(
        maximum=rules.maximum,
        minimum=rules.minimum,
        max_distance_m=rules.max_distance_m,
        same_subdistrict=rules.same_subdistrict,
        cut_barriers=rules.cut_barriers,
        max_link_walk_m=rules.max_link_walk_m,
        must_join=rules.must_join,
        must_not_join=rules.must_not_join,
    )


def ground_of_town(town: Town) -> Ground:
    """Return what plans of the town are drawn on."""
    places, adjacency, _ = town.frames()
    sides: dict[frozenset[Point], list[str]] = {}
    for key, ring in town.corners.items():
        for one, two in zip(ring, (*ring[1:], ring[0]), strict=True):
            sides.setdefault(frozenset((one, two)), []).append(key)
    edges = pd.DataFrame(
        [
            (keys[0], keys[1] if len(keys) > 1 else pd.NA, _length_m(*side))
            for side, keys in sides.items()
        ],
        columns=["a", "b", "length_m"],
    )
    nothing = np.zeros(len(town.ids), dtype=np.uint64)
    none = np.zeros(0, dtype=np.int64)
    people = np.array([town.persons[key] or 0.0 for key in town.ids])
    pooling = Pooling(("library",), none, none, none.astype(np.uint64), people)
    return ground_of(
        places.frame, places.cells, edges, adjacency, pooling, missing=nothing, offers=nothing
    )


def _length_m(one: Point, two: Point) -> float:
    return float(((one[0] - two[0]) ** 2 + (one[1] - two[1]) ** 2) ** 0.5)
