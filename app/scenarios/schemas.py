"""What the API takes and answers about scenarios, as types."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.schemas import FeatureCollection, NoteText

__all__ = [
    "MOST_CHANGES",
    "Comparison",
    "Explanation",
    "OpeningList",
    "Scenario",
    "ScenarioList",
    "ScenarioNew",
    "ScenarioState",
    "WhatIf",
    "WhatIfRequest",
]

MOST_CHANGES: Final = 200
"""Changes of one scenario."""

Row = dict[str, Any]
ClientId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Part = Literal[
    "neighbourhoods", "gaps", "heatmap", "coverage", "access", "priority", "figures", "drawn"
]
Changes = Annotated[list[Row], Field(max_length=MOST_CHANGES)]


class WhatIfRequest(BaseModel):
    """Changes whose effect is asked for."""

    model_config = ConfigDict(extra="forbid")

    changes: Changes
    only: Annotated[
        list[Part] | None,
        Field(
            description="the parts wanted; the others come empty, and sooner. "
            "access and priority come only where they are named"
        ),
    ] = None
    gaps_of: Annotated[
        str | None, Field(description="give the changed gaps of this neighbourhood only")
    ] = None


class Figure(BaseModel):
    """One number of the whole city, before and after."""

    before: float | None
    after: float | None


class WhatIf(BaseModel):
    """What changes make different: changed rows only."""

    data_version: str
    neighbourhoods: list[Row]
    gaps: list[Row]
    heatmap: list[Row]
    coverage: list[Row]
    access: list[Row] = []
    priority: list[Row] = []
    figures: dict[str, Figure]
    drawn: FeatureCollection
    notes: list[NoteText]
    elapsed_ms: float


class ScenarioState(BaseModel):
    """What a scenario is called, and its changes."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    changes: Changes


class ScenarioNew(ScenarioState):
    """A new scenario; the client makes the id, so that a request sent twice is stored once."""

    id: ClientId


class ScenarioEntry(BaseModel):
    """One scenario in the list."""

    id: str
    name: str
    change_count: int
    revision: int
    data_version: str
    created_at: datetime
    updated_at: datetime


class ScenarioList(BaseModel):
    """The scenarios of a city, the one changed last first."""

    items: list[ScenarioEntry]


class Scenario(ScenarioEntry):
    """One scenario with its changes; `data_version` is that on which it was saved."""

    changes: list[Row]


class ComparedFigure(BaseModel):
    """One number of the whole city in both scenarios."""

    base: float | None
    a: float | None
    b: float | None


class Comparison(BaseModel):
    """Two scenarios beside each other: only where they differ."""

    a: str
    b: str
    data_version: str
    figures: dict[str, ComparedFigure]
    neighbourhoods: list[Row]


class Fix(BaseModel):
    """A small change that would close a gap."""

    changes: list[Row]
    gain: float | None
    closes: bool
    nearest_m: float | None
    persons: float | None
    zh: str
    en: str


class Explanation(BaseModel):
    """Why a gap is one."""

    layer: str
    status: str
    facility: Row | None
    path: Row | None
    missing_m: float | None
    missing_m2: float | None
    missing_capacity: float | None
    fixes: list[Fix]


class OpeningList(BaseModel):
    """The openings that pay, from the last finished job; `job` is null if there was none."""

    data_version: str
    job: str | None
    k: int | None
    objective: Literal["person_seconds", "persons_covered"] | None
    total: float | None
    bound: float | None
    complete: bool | None
    items: list[Row]
