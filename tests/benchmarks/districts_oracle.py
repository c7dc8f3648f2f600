"""Every hard rule of districts, checked in plain Python from its wording alone.

Nothing of the engine is used here: only lists, dictionaries, and arithmetic on plain numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import dist, inf
from statistics import median
from typing import Any

from tests.benchmarks.districts_random import Point, Town

__all__ = ["Breach", "Oracle"]

NEAR = 1e-9
"""Share within which two sums are the same number."""


@dataclass(frozen=True)
class Breach:
    """A rule that a district breaks, and by how much (metres, sums, or how many)."""

    rule: str
    district: str
    by: float


class Oracle:
    """What the rules say of any plan of one town.

    Parameters
    ----------
    town : Town
    rules
        Anything with the fields of ``DistrictRules``; only its plain values are read.
    drawn : bool
        A plan that is drawn by hand: everybody may be painted, and is linked; those who may not
        join, and members of two street offices, are named by rules of their own.
    """

    def __init__(self, town: Town, rules: Any, *, drawn: bool = False) -> None:
        self.town, self.rules, self.drawn = town, rules, drawn
        self.middle = {key: centroid(ring) for key, ring in town.corners.items()}
        self.groups = set(self.tied())
        self.members = [key for key in town.ids if town.eligible[key]]
        self.sizes = self._sizes()
        self.links = self._links()
        self.walk_m = self._walks() if rules.distance_basis == "walking" else {}

    def broken(self, plan: Mapping[str, str | None]) -> list[Breach]:
        """Return what a plan (district or None by neighbourhood) breaks."""
        districts: dict[str, list[str]] = {}
        for key, label in plan.items():
            if label is not None:
                districts.setdefault(label, []).append(key)
        found = [b for label, keys in districts.items() for b in self.broken_by(label, keys)]
        for group in self.rules.must_join:
            labels = {plan[key] for key in group}
            if len(group) > 1 and (len(labels) > 1 or None in labels):
                found.append(Breach("must_join", "", 1.0))
        for key, label in self.rules.locks.items():
            if key in plan and plan[key] != label:
                found.append(Breach("locks", str(plan[key]), 1.0))
        locked = {label for label in self.rules.locks.values() if label is not None}
        for label, keys in districts.items():
            outside = [k for k in keys if label in self.rules.closed and self._lock(k) != label]
            if outside:
                found.append(Breach("closed", label, float(len(outside))))
            if len(keys) == 1 and label not in locked:
                found.append(Breach("one_is_no_district", label, 1.0))
        return found

    def broken_by(self, label: str, keys: list[str]) -> list[Breach]:
        """Return what one district breaks; one neighbourhood alone breaks no limit."""
        rules, found = self.rules, []
        strange = [key for key in keys if not self.town.eligible[key]]
        if strange:
            found.append(Breach("excluded", label, float(len(strange))))
        if len(keys) < 2:
            return found
        loose = self.pieces(keys) - 1
        if loose:
            found.append(Breach("contiguity", label, float(loose)))
        found += self._off_limits(label, keys)
        far_m = max(self.distance_m(a, b) for a in keys for b in keys) - rules.max_distance_m
        if far_m > 1e-6:
            found.append(Breach("max_distance_m", label, far_m))
        offices = Counter(o for key in keys if (o := self.town.office[key]) is not None)
        strangers = offices.total() - max(offices.values(), default=0)
        if rules.same_subdistrict and strangers:
            found.append(Breach("same_subdistrict", label, float(strangers)))
        together = sum(a in keys and b in keys for a, b in rules.must_not_join)
        if together:
            found.append(Breach("must_not_join", label, float(together)))
        return found

    def _off_limits(self, label: str, keys: list[str]) -> list[Breach]:
        rules, found = self.rules, []
        for amount in self.limited("maximum"):
            over = self.sum(amount, keys) - rules.maximum[amount] * (1 + NEAR)
            if over > 0:
                found.append(Breach(f"max_{amount}", label, over))
        if rules.keep_below_minimum or self._one_group(keys):
            return found
        for amount in self.limited("minimum"):
            under = rules.minimum[amount] * (1 - NEAR) - self.sum(amount, keys)
            if under > 0:
                found.append(Breach(f"min_{amount}", label, under))
        return found

    def pieces(self, keys: list[str]) -> int:
        """Return into how many pieces a set of neighbourhoods falls."""
        left, found = set(keys), 0
        while left:
            waiting, found = [left.pop()], found + 1
            while waiting:
                for other in self.links[waiting.pop()]:
                    if other in left:
                        left.remove(other)
                        waiting.append(other)
        return found

    def distance_m(self, a: str, b: str) -> float:
        """Return how far apart two neighbourhoods are, as the rules measure it."""
        if a == b:
            return 0.0
        straight_m = dist(self.middle[a], self.middle[b])
        if self.rules.distance_basis == "walking":
            return max(straight_m, self.walk_m.get((a, b), inf))
        return straight_m

    def sum(self, amount: str, keys: list[str]) -> float:
        """Return what some neighbourhoods hold, unknown sizes estimated."""
        return sum(self.sizes[amount].get(key, 0.0) for key in keys)

    def limited(self, which: str) -> list[str]:
        """Return the amounts with a limit that acts: of some neighbourhood the size is known."""
        return [amount for amount in getattr(self.rules, which) if self.sizes[amount]]

    def clash(self) -> str | None:
        """Return why the planner's own rules cannot all hold, None if they can."""
        rules, town = self.rules, self.town
        locked = {key: label for key, label in rules.locks.items() if label is not None}
        named = {*locked, *(key for group in rules.must_join for key in group)}
        if not all(town.eligible[key] for key in named):
            return "excluded"
        for group in self.tied():
            reason = self._untenable(sorted(group), locked)
            if reason:
                return reason
        return None

    def tied(self) -> list[frozenset[str]]:
        """Return who must stay together: groups and locked districts, joined where they meet."""
        locks = self.rules.locks
        labels = {label for label in locks.values() if label is not None}
        groups = [set(group) for group in self.rules.must_join]
        groups += [{key for key in locks if locks[key] == label} for label in labels]
        tied = {key: {key} for key in self.town.ids}
        for group in groups:
            joined = set().union(*(tied[key] for key in group))
            for key in joined:
                tied[key] = joined
        return sorted({frozenset(group) for group in tied.values()}, key=sorted)

    def _untenable(self, keys: list[str], locked: Mapping[str, str]) -> str | None:
        rules = self.rules
        labels = {locked[key] for key in keys if key in locked}
        if len(labels) > 1:
            return "locks"
        if len(keys) > 1 and any(key in rules.locks and key not in locked for key in keys):
            return "locks"
        if labels & set(rules.closed) and any(key not in locked for key in keys):
            return "closed"
        for breach in self.broken_by("", keys) if len(keys) > 1 else ():
            if not breach.rule.startswith("min_"):
                return breach.rule
        return None

    def _one_group(self, keys: list[str]) -> bool:
        """Whether these must stay together and nobody else is with them: like one, they may."""
        return not self.drawn and frozenset(keys) in self.groups

    def avoidable(self, plan: Mapping[str, str | None]) -> list[Breach]:
        """Return tied groups alone below a hard minimum that one neighbour or district could join.

        The neighbour, or the whole district, must be free to, and the two together legal.
        """
        found = []
        around: dict[str, list[str]] = {}
        for key, label in plan.items():
            around.setdefault(key if label is None else f"district {label}", []).append(key)
        for group in self.groups:
            own = plan.get(min(group))
            keys = [key for key, label in plan.items() if label == own]
            if own is None or len(group) < 2 or set(keys) != group or not self._below(keys):
                continue
            for others in around.values():
                both = sorted({*keys, *others})
                locked = {self._lock(key) for key in both if key in self.rules.locks}
                free = len(locked) < 2 and not locked & {None, *self.rules.closed}
                if len(both) > len(keys) and free and not self.broken_by("", both):
                    found.append(Breach("minimum, though others could join", own, 1.0))
                    break
        return found

    def _below(self, keys: list[str]) -> bool:
        least = self.rules.minimum
        some = [] if self.rules.keep_below_minimum else self.limited("minimum")
        return any(self.sum(amount, keys) < least[amount] * (1 - NEAR) for amount in some)

    def _lock(self, key: str) -> str | None:
        return self.rules.locks.get(key)

    def _sizes(self) -> dict[str, dict[str, float]]:
        """Unknown sizes count as the median per m² of those known; {} where nothing is known."""
        town = self.town
        sizes = {
            "members": dict.fromkeys(town.ids, 1.0),
            "area_m2": dict(town.area_m2),
            "households": {},
            "persons": {},
        }
        for amount in ("households", "persons"):
            for known_of in (True, False):
                some = [key for key in town.ids if town.eligible[key] == known_of]
                known = {k: v for k in some if (v := getattr(town, amount)[k]) is not None}
                if known_of and not known:
                    break
                rates = [value / town.area_m2[key] for key, value in known.items()]
                dense = median(rates) if rates else 0.0
                sizes[amount] |= {k: known.get(k, dense * town.area_m2[k]) for k in some}
        return sizes

    def _links(self) -> dict[str, set[str]]:
        rules, town = self.rules, self.town
        found: dict[str, set[str]] = {key: set() for key in town.ids}
        for a, b, barrier, walk_m in town.links:
            office = {town.office[a], town.office[b]} - {None}
            cut = barrier in rules.cut_barriers
            if rules.max_link_walk_m is not None and walk_m is not None:
                cut |= walk_m > rules.max_link_walk_m
            if not self.drawn:
                cut |= rules.same_subdistrict and len(office) > 1
                cut |= not (town.eligible[a] and town.eligible[b])
            if not cut:
                found[a].add(b)
                found[b].add(a)
        return found

    def _walks(self) -> dict[tuple[str, str], float]:
        """Shortest chains of links between all pairs (Floyd and Warshall)."""
        town = self.town
        far = {(a, b): 0.0 if a == b else inf for a in town.ids for b in town.ids}
        for a, b, _, walk_m in town.links:
            if b in self.links[a]:
                straight_m = dist(self.middle[a], self.middle[b])
                length = straight_m * self.rules.detour_factor if walk_m is None else walk_m
                far[a, b] = far[b, a] = min(length, far[a, b])
        for by in self.members:
            for a in self.members:
                if (first := far[a, by]) < inf:
                    for b in self.members:
                        far[a, b] = min(far[a, b], first + far[by, b])
        return far


def centroid(ring: tuple[Point, ...]) -> Point:
    """Middle of a polygon without holes, by its triangles.

    >>> centroid(((0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0)))
    (1.0, 1.0)
    """
    twice, x, y = 0.0, 0.0, 0.0
    for (x1, y1), (x2, y2) in zip(ring, (*ring[1:], ring[0]), strict=True):
        cross = x1 * y2 - x2 * y1
        twice, x, y = twice + cross, x + (x1 + x2) * cross, y + (y1 + y2) * cross
    return x / (3 * twice), y / (3 * twice)
