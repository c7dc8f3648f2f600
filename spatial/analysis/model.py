"""What a run is asked for, and what it found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import Any, Literal

import geopandas as gpd
import pandas as pd

from spatial.city.model import City
from spatial.city.neighbourhoods import Neighbourhoods
from spatial.city.report import Note
from spatial.fingerprint import fingerprint
from spatial.network import Attachments, BuildingAccess, Obstacles, WalkNetwork
from spatial.reach import NearestTable
from spatial.standards import Profile

__all__ = [
    "Analysis",
    "AnalysisParameters",
    "Basis",
    "Nearest",
    "Walk",
    "data_version",
    "engine_version",
]


@dataclass(frozen=True, slots=True)
class AnalysisParameters:
    """Choices of one run that no standard makes.

    Parameters
    ----------
    year : int
        The year for which rules with dates are read (expropriation within five years …).
    walking_profile : str
        Who walks: a key of the parameter ``walking.profiles`` (``adult``, ``elder``, ``child``,
        ``wheelchair``).
    circles_by : {"distance", "time"}
        Life circles by the standard's metres, or by its minutes at the profile's speed.
    seed : int
        Of the district search; the same seed gives the same districts.
    """

    year: int
    walking_profile: str = "adult"
    circles_by: Literal["distance", "time"] = "distance"
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Walk:
    """The network and everything that stands on it."""

    network: WalkNetwork
    obstacles: Obstacles
    gates: Attachments
    gate_neighbourhood: pd.Series
    entrances: gpd.GeoDataFrame
    """Where facilities are entered: `facility_entrances`."""
    facilities: Attachments
    """Row i is entrance i."""
    building_access: BuildingAccess
    """How each residential building is left."""

    @property
    def buildings(self) -> Attachments:
        """Ways out of the buildings: one row or more for each, with its id."""
        return self.building_access.entries


@dataclass(frozen=True, eq=False)
class Nearest:
    """What is nearest to each neighbourhood, and to each building."""

    neighbourhoods: pd.DataFrame
    buildings: NearestTable
    searched_m: float


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """Places, kinds and attached points of a run, from which scenarios go on."""

    places: Neighbourhoods
    kinds: pd.DataFrame
    """``facility_id, kind, match`` of `classify_facilities`."""
    walk: Walk


@dataclass(frozen=True, eq=False)
class Analysis:
    """Everything that one run found; `tables` are the results of the data dictionary."""

    city: City
    network: WalkNetwork
    profile: Profile
    parameters: AnalysisParameters
    tables: Mapping[str, pd.DataFrame | gpd.GeoDataFrame]
    summary: dict[str, Any]
    notes: tuple[Note, ...]
    data_version: str
    engine_version: str
    stage_s: Mapping[str, float] = field(default_factory=dict)
    """Seconds that each stage took on the wall clock; no part of the results."""
    basis: Basis | None = None
    """What the tables were computed from: `ScenarioBase.from_analysis` goes on from here."""


def engine_version() -> str:
    """Return the version of the engine, written beside every number."""
    return version("linli")


def data_version(city: City, profile: Profile, parameters: AnalysisParameters) -> str:
    """Return the data version that `analyse` would give, without analysing."""
    return fingerprint(city, profile, asdict(parameters), engine_version())
