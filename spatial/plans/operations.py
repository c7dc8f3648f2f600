"""What a planner can do to a plan: each is one revision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import geopandas as gpd
import shapely

from spatial.plans.model import Step

__all__ = [
    "AbsorbFragments",
    "Assign",
    "Create",
    "HealUnit",
    "Import",
    "Lock",
    "Merge",
    "Operation",
    "Recolour",
    "Redo",
    "Rename",
    "Restore",
    "SplitByLine",
    "SplitInto",
    "SplitUnit",
    "Take",
    "Undo",
]


@dataclass(frozen=True, slots=True)
class Assign:
    """Units go to a district, or to none (None)."""

    units: tuple[str, ...]
    district: str | None
    skip_held: bool = False
    """Leave locked units and districts out, as a stroke over an area does; else they refuse."""


@dataclass(frozen=True, slots=True)
class Create:
    """A new district, with units or empty."""

    name: str | None = None
    units: tuple[str, ...] = ()
    district: str | None = None
    skip_held: bool = False


@dataclass(frozen=True, slots=True)
class Merge:
    """Districts become one."""

    districts: tuple[str, ...]
    into: str


@dataclass(frozen=True, slots=True)
class SplitByLine:
    """A district is divided by a line in metres; the largest part keeps id and name."""

    district: str
    line: shapely.LineString


@dataclass(frozen=True, slots=True)
class SplitInto:
    """A district is divided into connected parts of about equal households."""

    district: str
    parts: int


@dataclass(frozen=True, slots=True)
class Rename:
    """A district gets another name."""

    district: str
    name: str


@dataclass(frozen=True, slots=True)
class Recolour:
    """A district gets another colour of the map."""

    district: str
    colour: int


@dataclass(frozen=True, slots=True)
class Lock:
    """Districts neither lose nor gain, units stay where they are; or they are freed again."""

    locked: bool
    districts: tuple[str, ...] = ()
    units: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AbsorbFragments:
    """What is cut off from its district goes to the neighbour with the longest boundary."""

    districts: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class SplitUnit:
    """A neighbourhood is divided by a line in metres, its data with it."""

    unit: str
    line: shapely.LineString
    buildings: gpd.GeoDataFrame
    """In which people live: geometry and ``floor_area_m2``; may be empty."""
    seq: int
    """Number of the revision that this becomes; the pieces are named after it."""


@dataclass(frozen=True, slots=True)
class HealUnit:
    """The pieces of a divided neighbourhood become one again."""

    unit: str


@dataclass(frozen=True, slots=True)
class Import:
    """Units go to the districts that a file names; units it does not name stay."""

    assignment: Mapping[str, str | None]
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Take:
    """A proposal takes the place of the plan, or some districts of it are taken over."""

    assignment: Mapping[str, str | None]
    districts: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Restore:
    """The plan becomes again what it was; `step` leads there from now."""

    seq: int
    step: Step


@dataclass(frozen=True, slots=True)
class Undo:
    """A revision is taken back; `step` is what it did."""

    seq: int
    step: Step
    older: bool = False
    """Not the newest one: the plan becomes one that never was, and the rules are asked."""


@dataclass(frozen=True, slots=True)
class Redo:
    """An undo is taken back; `step` is what it did."""

    seq: int
    step: Step


Operation = (
    Assign
    | Create
    | Merge
    | SplitByLine
    | SplitInto
    | Rename
    | Recolour
    | Lock
    | AbsorbFragments
    | SplitUnit
    | HealUnit
    | Import
    | Take
    | Restore
    | Undo
    | Redo
)
